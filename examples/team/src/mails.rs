//! The mails that were sent, read as their recipients read them.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use invite::core::{EmailAddress, Purpose};
use invite::{InvalidToken, Token};
use mail_parser::MessageParser;

use crate::args::Given;
use crate::failure::Failure;
use crate::host::Host;

/// A mail as a mail program shows it.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) path: PathBuf,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) date: String,
    pub(crate) text: String,
}

impl Mail {
    fn is_to(&self, address: &EmailAddress) -> bool {
        EmailAddress::parse(&self.to).as_ref() == Ok(address)
    }
}

/// Reads one mail.
pub(crate) fn read(path: &Path) -> Result<Mail, Failure> {
    let bytes = std::fs::read(path).map_err(|why| {
        Failure::input(format!("cannot read {}: {why}", path.display()), "see `team mail` for what was sent")
    })?;
    let mail = MessageParser::default().parse(&bytes).ok_or_else(|| {
        Failure::input(
            format!("{} is not a mail", path.display()),
            "give an .eml file that `team send` wrote",
        )
    })?;
    let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address());
    Ok(Mail {
        path: path.to_owned(),
        to: to.unwrap_or_default().to_owned(),
        subject: mail.subject().unwrap_or_default().to_owned(),
        date: mail.date().map(|date| date.to_rfc3339()).unwrap_or_default(),
        text: mail.body_text(0).unwrap_or_default().into_owned(),
    })
}

/// The files of the mails in a folder, in the order in which they were queued, which is that of their names.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let broken = |why: &std::io::Error| Failure::broken(format!("cannot read {}", folder.display()), why);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(broken(&why)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(|why| broken(&why))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    Ok(paths)
}

/// The newest mail to an address.
pub(crate) fn newest_to(folder: &Path, address: &EmailAddress) -> Result<Mail, Failure> {
    for path in files(folder)?.iter().rev() {
        let mail = read(path)?;
        if mail.is_to(address) {
            return Ok(mail);
        }
    }
    let message = format!("there is no mail to {} in {}", address.as_str(), folder.display());
    Err(Failure::input(message, "send what is due with `team send`, and see what was sent with `team mail`"))
}

/// The token that a command is about: out of the link that it was given, or out of a mail.
pub(crate) fn token(given: &Given, host: &Host) -> Result<Token, Failure> {
    find_token(given, host, |purpose| purpose != Purpose::Unsubscribe)
}

/// The token of the link that stops mail.
pub(crate) fn unsubscribe_token(given: &Given, host: &Host) -> Result<Token, Failure> {
    find_token(given, host, |purpose| purpose == Purpose::Unsubscribe)
}

fn find_token(given: &Given, host: &Host, wanted: impl Fn(Purpose) -> bool) -> Result<Token, Failure> {
    let text = match (given.one("mail"), given.arguments.as_slice()) {
        (Some(named), []) => find(&host.mail_folder(), named)?.text,
        (None, [dash]) if dash == "-" => {
            let mut text = String::new();
            let read = std::io::stdin().take(1 << 20).read_to_string(&mut text);
            read.map_err(|why| Failure::input(format!("cannot read the link: {why}"), "give it as text"))?;
            text
        }
        (None, [link]) => link.clone(),
        _ => {
            let message = format!("`team {}` needs one link", given.spec.name);
            return Err(Failure::input(
                message,
                "give the link out of a mail, or - to read it from standard input, or --mail FILE.eml",
            ));
        }
    };
    let mut broken = None;
    for token in tokens(&text) {
        match token {
            Ok(token) if wanted(token.purpose()) => return Ok(token),
            Ok(_) => {}
            Err(why) => broken = Some(why),
        }
    }
    Err(match broken {
        Some(why) => {
            let message = format!("the link is not whole: {why}");
            Failure::input(message, "copy all of it out of the mail, or take it out with --mail FILE.eml")
        }
        None => Failure::input(
            "there is no live link in it that this command takes: one ends with inv_ and more",
            "copy the whole link out of the mail, or take it out with --mail FILE.eml",
        ),
    })
}

/// A mail by its file, by the name of a file in the mail folder, or the newest one to an address.
pub(crate) fn find(folder: &Path, named: &str) -> Result<Mail, Failure> {
    for path in [PathBuf::from(named), folder.join(named)] {
        if path.is_file() {
            return read(&path);
        }
    }
    match EmailAddress::parse(named) {
        Ok(address) => newest_to(folder, &address),
        Err(_) => Err(Failure::input(
            format!("there is no mail `{named}`"),
            "give an .eml file, or the address that it went to; `team mail` lists what was sent",
        )),
    }
}

/// The tokens in a text, wherever links carry them.
fn tokens(text: &str) -> impl Iterator<Item = Result<Token, InvalidToken>> {
    const PREFIX: &str = "inv_";
    text.match_indices(PREFIX).map(|(at, _)| {
        let rest = text.get(at..).unwrap_or_default();
        let is_token = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let end = rest.find(|c| !is_token(c)).unwrap_or(rest.len());
        Token::parse(rest.get(..end).unwrap_or_default())
    })
}
