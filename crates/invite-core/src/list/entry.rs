//! From a fragment to the person it names.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::NameFragments;
use super::split::unquoted;
use crate::text::{is_invisible, trim};
use crate::{EmailAddress, InvalidEmail, MAX_ID_BYTES};

/// The most bytes that a name or a role in a pasted list may have (ABU-3).
const MAX_NAME_BYTES: usize = 256;

/// Somebody to invite, as a fragment says. `Debug` leaves the name out (PRI-4).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The address or user name.
    pub who: Who,
    /// The name beside it, of at most 256 bytes, without control characters, its white space single spaces.
    pub name: Option<String>,
    /// What the column `role` says, cleaned like a name, for the caller to understand (PAR-5).
    pub role: Option<String>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("who", &self.who).field("role", &self.role).finish_non_exhaustive()
    }
}

/// Whom a fragment names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "with an @ or without")]
pub enum Who {
    /// An address.
    Address(EmailAddress),
    /// A user name or id of the host, as pasted: 1 to 128 bytes without white space, for the host to look up.
    /// Only with [`NameFragments::UserNames`].
    UserName(String),
}

impl Who {
    /// What two fragments of one person have in common. An address always has an `@`, a user name never.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Address(address) => address.canonical(),
            Self::UserName(name) => name,
        }
    }
}

/// Why a fragment names nobody. No message repeats the fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFragment {
    /// There is an `@`, but it is no address.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// No `@`, and user names are not allowed. In a sheet it may be a name: its columns must be asked for.
    #[error(
        "not an address; if it is a name beside one, write `Name <address>` or name the columns in a header"
    )]
    NotAnAddress,
    /// No `@`, and not a user name either, by its length, white space or characters.
    #[error("neither an address nor a user name of one word and at most {MAX_ID_BYTES} bytes")]
    BadUserName,
    /// An address among other words.
    #[error("more than an address; write a name as `Name <address>`")]
    SeveralWords,
    /// A quote that is not closed on its line.
    #[error("the quote is not closed on its line")]
    UnclosedQuote,
    /// A `<` without a `>` behind it, or the other way round.
    #[error("an angle bracket lacks its counterpart")]
    UnpairedBracket,
    /// The name before the brackets holds an `@`: perhaps a separator is missing.
    #[error("the name before the address holds another address; separate them")]
    AddressInName,
    /// The name is longer than 256 bytes.
    #[error("the name is longer than {MAX_NAME_BYTES} bytes")]
    LongName,
    /// The role is longer than 256 bytes.
    #[error("the role is longer than {MAX_NAME_BYTES} bytes")]
    LongRole,
    /// A link with `%` in it, which could stand for any character.
    #[error("the mail link is encoded; give the address itself")]
    EncodedLink,
    /// Quotes or brackets with nothing in them.
    #[error("nothing between the quotes or brackets")]
    Empty,
    /// A row whose address column is empty or missing.
    #[error("the row has nothing in its address column")]
    NoAddressInRow,
    /// A row with more in it than the header has columns.
    #[error("the row has more cells than the header; put text with a separator in quotes")]
    ExtraCells,
}

impl InvalidFragment {
    /// A stable name for HTTP and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Email(reason) => reason.code(),
            Self::NotAnAddress => "list-not-an-address",
            Self::BadUserName => "list-bad-user-name",
            Self::SeveralWords => "list-several-words",
            Self::UnclosedQuote => "list-unclosed-quote",
            Self::UnpairedBracket => "list-unpaired-bracket",
            Self::AddressInName => "list-address-in-name",
            Self::LongName => "list-long-name",
            Self::LongRole => "list-long-role",
            Self::EncodedLink => "list-encoded-link",
            Self::Empty => "list-empty",
            Self::NoAddressInRow => "list-no-address-in-row",
            Self::ExtraCells => "list-extra-cells",
        }
    }
}

/// Reads one fragment, trimmed and not empty.
pub(super) fn read(fragment: &str, names: NameFragments) -> Result<Entry, InvalidFragment> {
    let content = unquoted(fragment).unwrap_or(Cow::Borrowed(fragment));
    let content = trim(&content);
    let Some(before) = content.strip_suffix('>') else {
        // Brackets inside quotes went with them, or are text of a refused address.
        if content.contains('<') || content.contains('>') {
            return Err(InvalidFragment::UnpairedBracket);
        }
        return Ok(Entry { who: who(content, names)?, name: None, role: None });
    };
    let (name, address) = before.rsplit_once('<').ok_or(InvalidFragment::UnpairedBracket)?;
    let who = who(address, names)?;
    Ok(Entry { name: display_name(name, &who)?, who, role: None })
}

fn who(text: &str, names: NameFragments) -> Result<Who, InvalidFragment> {
    let text = without_link(trim(text))?;
    let text = unquoted_name(text);
    if text.is_empty() {
        return Err(InvalidFragment::Empty);
    }
    if text.contains('@') {
        return match EmailAddress::parse(text) {
            Ok(address) => Ok(Who::Address(address)),
            Err(_) if text.contains(char::is_whitespace) => Err(InvalidFragment::SeveralWords),
            Err(reason) => Err(InvalidFragment::Email(reason)),
        };
    }
    match names {
        NameFragments::Refuse => Err(InvalidFragment::NotAnAddress),
        NameFragments::UserNames if is_user_name(text) => Ok(Who::UserName(String::from(text))),
        NameFragments::UserNames => Err(InvalidFragment::BadUserName),
    }
}

/// Without single quotes, however often they were put around: what is read stays the same when it is read again.
fn unquoted_name(mut text: &str) -> &str {
    while let Some(inner) = within(text, '\'') {
        text = inner;
    }
    text
}

fn is_user_name(text: &str) -> bool {
    text.len() <= MAX_ID_BYTES
        && !text.chars().any(|c| c.is_control() || c.is_whitespace() || is_invisible(c) || "\"<>".contains(c))
}

/// The address of a `mailto:` link, without subject and the like behind `?`. What pasted the scheme twice is taken for
/// one link, or the name that is left could be read as a link again (PAR-3).
fn without_link(text: &str) -> Result<&str, InvalidFragment> {
    let Some(mut link) = without_scheme(text) else { return Ok(text) };
    while let Some(rest) = without_scheme(link) {
        link = rest;
    }
    let address = link.split_once('?').map_or(link, |(address, _)| address);
    if address.contains('%') { Err(InvalidFragment::EncodedLink) } else { Ok(trim(address)) }
}

fn without_scheme(text: &str) -> Option<&str> {
    const SCHEME: &str = "mailto:";
    let (scheme, link) = text.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| trim(link))
}

/// The name before the brackets; `None` if there is none, or only the address once more, as mail clients
/// write it.
fn display_name(text: &str, who: &Who) -> Result<Option<String>, InvalidFragment> {
    let text = trim(text);
    let quoted = unquoted(text);
    let name = match &quoted {
        Some(name) => name,
        None => within(text, '\'').unwrap_or(text),
    };
    if name.contains('@') {
        if matches!(who, Who::Address(address) if EmailAddress::parse(name).as_ref() == Ok(address)) {
            return Ok(None);
        }
        // In quotes it is meant as a name, like "bob@work".
        if quoted.is_none() {
            return Err(InvalidFragment::AddressInName);
        }
    }
    cleaned(name).map_err(|TooLong| InvalidFragment::LongName)
}

fn within(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}

pub(super) struct TooLong;

/// The text with single spaces, and without what could forge or disturb a line of a mail: control characters,
/// bidi controls, invisible ones. Joiners and variation selectors stay, which some scripts and emoji need.
pub(super) fn cleaned(text: &str) -> Result<Option<String>, TooLong> {
    if is_clean(text) {
        return if text.len() > MAX_NAME_BYTES { Err(TooLong) } else { Ok(Some(text.into())) };
    }
    let mut clean = String::with_capacity(text.len().min(MAX_NAME_BYTES));
    let words = trim(text).split_whitespace().map(|word| word.chars().filter(|c| !is_disturbing(*c)));
    for word in words {
        let mut word = word.peekable();
        if !clean.is_empty() && word.peek().is_some() {
            clean.push(' ');
        }
        clean.extend(word);
        if clean.len() > MAX_NAME_BYTES {
            return Err(TooLong);
        }
    }
    // Without a control character before it, a joiner may have come to stand at the edge.
    Ok(Some(trim(&clean)).filter(|name| !name.is_empty()).map(String::from))
}

/// ASCII words with one space between them, as most names are.
fn is_clean(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        if !(byte.is_ascii_graphic() || byte == b' ' && before != b' ') {
            return false;
        }
        before = byte;
    }
    before != b' '
}

fn is_disturbing(c: char) -> bool {
    c.is_control() || (is_invisible(c) && !matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}'))
}
