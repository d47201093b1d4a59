//! Help texts, from what the commands declare.

use crate::args::{COMMON, Opt, Spec};
use crate::commands::COMMANDS;

const ABOUT: &str = "\
team: invite people to an organization, on a SQLite file and a folder of mails.

";

const MORE: &str = "
The data folder (--data) holds three things:
  team.db   the database
  mail/     what `team send` sends: files that a mail program opens
  key       the key that links are made with, made on first use, for you alone to read. A real host keeps
            it outside of the store, in its secret manager: the database without the key forges no link.

Exit codes: 0 done; 1 a rule said no (its code and what to do are printed); 2 the input is not right;
3 something failed, such as a disk.

Begin with `team demo`, which tells a whole story in a temporary folder, or with
  team create acme --name \"Acme Ltd\" --seats team=5 --as ada
  team invite people.csv --header --role member --dry-run --as ada
`team help COMMAND` says more about each command.
";

/// Help on the program.
pub(crate) fn program() -> String {
    let width = COMMANDS.iter().map(|spec| spec.name.len()).max().unwrap_or_default();
    let commands =
        COMMANDS.iter().map(|spec| format!("  {:width$}  {}\n", spec.name, spec.summary)).collect::<String>();
    format!("{ABOUT}Commands:\n{commands}\nOptions of every command:\n{}{MORE}", options(COMMON))
}

/// Help on one command.
pub(crate) fn command(spec: &Spec) -> String {
    let own = if spec.options.is_empty() {
        String::new()
    } else {
        format!("\nOptions:\n{}", options(spec.options))
    };
    let notes = if spec.notes.is_empty() { String::new() } else { format!("\n{}\n", spec.notes) };
    format!(
        "{}: {}\n\n  {}\n{own}\nOptions of every command:\n{}{notes}",
        spec.name,
        spec.summary,
        spec.usage(),
        options(COMMON)
    )
}

fn options(options: &[Opt]) -> String {
    let typed = |option: &Opt| match option.value {
        Some(value) => format!("--{} {value}", option.name),
        None => format!("--{}", option.name),
    };
    let width = options.iter().map(|option| typed(option).len()).max().unwrap_or_default();
    let more = |option: &Opt| if option.many { "; may be given many times" } else { "" };
    options
        .iter()
        .map(|option| format!("  {:width$}  {}{}\n", typed(option), option.help, more(option)))
        .collect()
}
