//! The command line: what each command takes is declared once, for parsing, messages and help alike.

use std::ffi::OsString;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use lexopt::{Arg, Parser, ValueExt as _};

use crate::commands::COMMANDS;
use crate::failure::Failure;
use crate::help;
use crate::table;

/// A command as it is typed.
#[derive(Debug)]
pub(crate) struct Spec {
    /// Its name.
    pub(crate) name: &'static str,
    /// What follows its name, in order; the last one may repeat.
    pub(crate) arguments: &'static [&'static str],
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// Its own options.
    pub(crate) options: &'static [Opt],
    /// More about it; may be empty.
    pub(crate) notes: &'static str,
}

/// An option: `--name`, or `--name VALUE`.
#[derive(Debug)]
pub(crate) struct Opt {
    /// Its name, without the dashes.
    pub(crate) name: &'static str,
    /// What its value is; a flag has none.
    pub(crate) value: Option<&'static str>,
    /// Whether it may be given more than once.
    pub(crate) many: bool,
    /// What it means.
    pub(crate) help: &'static str,
}

impl Opt {
    pub(crate) const fn flag(name: &'static str, help: &'static str) -> Self {
        Self { name, value: None, many: false, help }
    }

    pub(crate) const fn value(name: &'static str, value: &'static str, help: &'static str) -> Self {
        Self { name, value: Some(value), many: false, help }
    }

    pub(crate) const fn many(name: &'static str, value: &'static str, help: &'static str) -> Self {
        Self { name, value: Some(value), many: true, help }
    }
}

/// Options that every command takes.
pub(crate) const COMMON: &[Opt] = &[
    Opt::value("as", "USER", "who acts; without it, the environment variable TEAM_USER says who"),
    Opt::value("org", "ID", "the organization; without it, the only one of which the user is a member"),
    Opt::value("data", "DIR", "the folder of database, key and mails; ./team-data without it"),
];

impl Spec {
    /// All options that it takes.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'static Opt> {
        self.options.iter().chain(COMMON)
    }

    /// How it is typed.
    pub(crate) fn usage(&self) -> String {
        let arguments = self.arguments.iter().map(|argument| format!(" {argument}")).collect::<String>();
        format!("team {}{arguments} [options]", self.name)
    }

    fn help_hint(&self) -> String {
        format!("see `team help {}`", self.name)
    }
}

/// What was typed.
#[derive(Debug)]
pub(crate) enum Asked {
    /// To be told how to use the program.
    Help(String),
    /// To do something.
    Command(Given),
}

/// A command with what was given to it.
#[derive(Debug)]
pub(crate) struct Given {
    /// The command.
    pub(crate) spec: &'static Spec,
    options: Vec<(&'static str, String)>,
    /// What was given beside the options, in order.
    pub(crate) arguments: Vec<String>,
}

/// Reads a command line, without the name of the program.
pub(crate) fn parse(line: Vec<OsString>) -> Result<Asked, Failure> {
    let mut parser = Parser::from_args(line);
    let spec = match next(&mut parser, &see_help())? {
        None => return Err(Failure::input("no command was given", see_help())),
        Some(Found::Help) => return Ok(Asked::Help(help::program())),
        Some(Found::Option(name)) => {
            let message = format!("`--{name}` comes before the command");
            return Err(Failure::input(message, "write the command first: team COMMAND [options]"));
        }
        Some(Found::Argument(name)) if name == "help" => return help_on(&mut parser),
        Some(Found::Argument(name)) => command(&name)?,
    };
    let mut given = Given { spec, options: Vec::new(), arguments: Vec::new() };
    while let Some(found) = next(&mut parser, &spec.help_hint())? {
        match found {
            Found::Help => return Ok(Asked::Help(help::command(spec))),
            Found::Argument(argument) => given.arguments.push(argument),
            Found::Option(name) => given.take_option(&name, &mut parser)?,
        }
    }
    Ok(Asked::Command(given))
}

/// A piece of a command line.
enum Found {
    Help,
    Option(String),
    Argument(String),
}

fn next(parser: &mut Parser, remedy: &str) -> Result<Option<Found>, Failure> {
    let bad = |why: lexopt::Error| Failure::input(why.to_string(), remedy);
    Ok(match parser.next().map_err(bad)? {
        None => None,
        Some(Arg::Short('h') | Arg::Long("help")) => Some(Found::Help),
        Some(Arg::Long(name)) => Some(Found::Option(name.to_owned())),
        Some(Arg::Value(text)) => Some(Found::Argument(text.string().map_err(bad)?)),
        Some(Arg::Short(letter)) => {
            let message = format!("there is no option -{letter}");
            return Err(Failure::input(message, format!("options are written out, as in --as; {remedy}")));
        }
    })
}

fn help_on(parser: &mut Parser) -> Result<Asked, Failure> {
    Ok(Asked::Help(match next(parser, &see_help())? {
        Some(Found::Argument(name)) => help::command(command(&name)?),
        _ => help::program(),
    }))
}

fn command(name: &str) -> Result<&'static Spec, Failure> {
    COMMANDS.iter().copied().find(|spec| spec.name == name).ok_or_else(|| {
        let names = COMMANDS.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ");
        Failure::input(format!("there is no command `{name}`"), format!("use one of: {names}, help"))
    })
}

fn see_help() -> String {
    "see `team help`, or watch `team demo`".to_owned()
}

impl Given {
    fn take_option(&mut self, name: &str, parser: &mut Parser) -> Result<(), Failure> {
        let spec = self.spec;
        let Some(option) = spec.options().find(|option| option.name == name) else {
            let names = spec.options().map(|option| format!("--{}", option.name)).collect::<Vec<_>>();
            let message = format!("`team {}` has no option --{name}", spec.name);
            return Err(Failure::input(message, format!("use one of: {}", names.join(", "))));
        };
        let value = match option.value {
            None => String::new(),
            Some(what) => {
                let needs = || Failure::input(format!("--{name} needs a value"), format!("--{name} {what}"));
                let value = parser.value().map_err(|_| needs())?;
                let value =
                    value.string().map_err(|why| Failure::input(why.to_string(), spec.help_hint()))?;
                let option = value.strip_prefix("--");
                if option.is_some_and(|value| spec.options().any(|option| option.name == value)) {
                    return Err(needs());
                }
                value
            }
        };
        if !option.many && self.one(option.name).is_some() {
            return Err(Failure::input(format!("--{name} was given twice"), "give it once"));
        }
        self.options.push((option.name, value));
        Ok(())
    }

    /// Whether a flag was given.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.one(name).is_some()
    }

    /// The value of an option that may be given once.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of an option that may be given many times.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// The value of an option that the command cannot do without.
    pub(crate) fn required(&self, name: &str, choices: &str) -> Result<&str, Failure> {
        let missing = || {
            let message = format!("`team {}` needs --{name}", self.spec.name);
            Failure::input(message, format!("add --{name} with one of: {choices}"))
        };
        self.one(name).ok_or_else(missing)
    }

    /// The value of an option that is a number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u32>, Failure> {
        let number = |text: &str| {
            let message = format!("--{name} is a number, and `{text}` is none");
            text.parse().map_err(|_| Failure::input(message, format!("write it as --{name} 100")))
        };
        self.one(name).map(number).transpose()
    }

    /// The value of an option that is a day: its first moment, in UTC.
    pub(crate) fn day(&self, name: &str) -> Result<Option<DateTime<Utc>>, Failure> {
        let day = |text: &str| {
            let message = format!("--{name} is a day, and `{text}` is none");
            let day = NaiveDate::parse_from_str(text, "%F");
            let day = day.map_err(|_| Failure::input(message, format!("write it as --{name} 2030-12-31")))?;
            Ok(day.and_time(NaiveTime::MIN).and_utc())
        };
        self.one(name).map(day).transpose()
    }

    /// How many rows to show, or mails to send, with `--limit`.
    pub(crate) fn limit(&self, otherwise: u32) -> Result<u32, Failure> {
        match self.number("limit")? {
            Some(0) => Err(Failure::input("--limit 0 leaves nothing", "write it as --limit 100")),
            limit => Ok(limit.unwrap_or(otherwise)),
        }
    }

    /// The value of an option that is one of a few words.
    pub(crate) fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Failure> {
        let Some(given) = self.one(name) else { return Ok(None) };
        let chosen = words.iter().find(|(word, _)| *word == given).map(|(_, chosen)| *chosen);
        let names = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        let message = format!("--{name} cannot be `{given}`");
        chosen.map(Some).ok_or_else(|| Failure::input(message, format!("use one of: {}", names())))
    }

    /// Exactly as many arguments as the command takes.
    pub(crate) fn arguments<const N: usize>(&self) -> Result<[&str; N], Failure> {
        let given = self.arguments.iter().map(String::as_str).collect::<Vec<_>>();
        let count = given.len();
        <[&str; N]>::try_from(given).map_err(|_| {
            let takes = table::count(N, "argument", "arguments");
            let message =
                format!("`team {}` takes {takes} beside its options, and got {count}", self.spec.name);
            Failure::input(message, self.spec.usage())
        })
    }

    /// One argument or more.
    pub(crate) fn some_arguments(&self) -> Result<&[String], Failure> {
        if self.arguments.is_empty() {
            let message = format!("`team {}` needs at least one argument", self.spec.name);
            return Err(Failure::input(message, self.spec.usage()));
        }
        Ok(&self.arguments)
    }
}
