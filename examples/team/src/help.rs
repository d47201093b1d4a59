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
    let own = match spec.options {
        [] => String::new(),
        some => format!("\nOptions:\n{}", options(some)),
    };
    let notes = spec.notes.lines().map(|line| wrapped(line, 0) + "\n").collect::<String>();
    let notes = if notes.is_empty() { notes } else { format!("\n{notes}") };
    let Spec { name, summary, .. } = spec;
    let (usage, common) = (spec.usage(), options(COMMON));
    format!("{name}: {summary}\n\n  {usage}\n{own}\nOptions of every command:\n{common}{notes}")
}

fn options(options: &[Opt]) -> String {
    let typed = |option: &Opt| match option.value {
        Some(value) => format!("--{} {value}", option.name),
        None => format!("--{}", option.name),
    };
    let width = options.iter().map(|option| typed(option).len()).max().unwrap_or_default();
    let line = |option: &Opt| {
        let more = if option.many { "; may be given many times" } else { "" };
        let help = wrapped(&format!("{}{more}", option.help), width + 4);
        format!("  {:width$}  {help}\n", typed(option))
    };
    options.iter().map(line).collect()
}

/// Words in lines of at most 100 characters, all but the first one indented.
fn wrapped(text: &str, indent: usize) -> String {
    let (mut lines, mut column) = (String::new(), indent);
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > indent && column + 1 + width > 100 {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += width;
    }
    lines
}
