//! The parser of pasted lists (PAR-2, PAR-3, PAR-4, PAR-5, ABU-3).

use std::collections::HashMap;

use invite_core::{
    EmailAddress, Entry, Fragment, HeaderLine, InvalidFragment, ListOptions, ListTooLong, NameFragments,
    Parsed, PastedList, Position, Who, parse_list,
};

const MAX_BYTES: usize = 64;
const MAX_ENTRIES: usize = 3;

/// The most bytes of a name and of a role.
const MAX_NAME_BYTES: usize = 256;

/// No text makes the parser panic (PAR-4). Each fragment is in the result once, at its place, and nothing but separators
/// lies between them (PAR-2); what is accepted is clean and is read back from a list of it (PAR-3); what is not is
/// refused for a reason that the fragment shows; limits are kept (ABU-3). The bits of the first byte are options.
pub fn list(data: &[u8]) {
    let (choice, rest) = crate::choice(data);
    let text = String::from_utf8_lossy(rest);
    let options = options(choice);
    let list = parse_list(&text, &options).expect("the fuzzer's texts are within the limits");
    is_complete(&text, &list);
    has_each_person_once(&list);
    for fragment in list.fragments() {
        match &fragment.parsed {
            Parsed::Accepted(entry) => is_clean(entry, choice),
            Parsed::Duplicate { .. } => {}
            Parsed::Invalid(reason) => is_in_the_fragment(*reason, fragment, choice),
        }
    }
    comes_back(&list);
    keeps_limits(&text, &options, &list);
}

fn options(choice: u8) -> ListOptions {
    let names = if choice & 1 == 0 { NameFragments::Refuse } else { NameFragments::UserNames };
    let header = if choice & 2 == 0 { HeaderLine::Ignore } else { HeaderLine::Recognise };
    ListOptions::new().names(names).header(header)
}

/// PAR-2: header and fragments stand in the text where they say, in order, without overlap, and with nothing but
/// separators between them.
fn is_complete(text: &str, list: &PastedList) {
    let outcomes = list.accepted().count() + list.duplicates().count() + list.invalid().count();
    assert_eq!(outcomes, list.fragments().len());
    let mut walk = Walk { text, at: 0, line: 1, column: 1 };
    if let Some(header) = list.header() {
        walk.to(header);
    }
    for (index, fragment) in list.fragments().iter().enumerate() {
        assert_eq!(fragment.index, index);
        walk.to(fragment.position);
        let Position { offset, len, .. } = fragment.position;
        let pasted = &text[offset..offset + len];
        assert!(pasted.starts_with(&fragment.input) && !fragment.input.is_empty());
        assert!(fragment.input.len() == len || (509..=512).contains(&fragment.input.len()));
    }
    assert!(is_separators(&text[walk.at..]), "dropped at the end of {text:?}");
}

/// A second count of lines and columns.
struct Walk<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl Walk<'_> {
    fn to(&mut self, position: Position) {
        let text = self.text;
        let skipped = text.get(self.at..position.offset).expect("fragments come in order");
        assert!(is_separators(skipped), "dropped: {skipped:?} of {text:?}");
        self.pass(position.offset);
        assert_eq!((position.line, position.column), (self.line, self.column), "{text:?}");
        self.pass(position.offset + position.len);
    }

    fn pass(&mut self, to: usize) {
        for (offset, c) in self.text[self.at..to].char_indices() {
            let crlf = c == '\n' && self.text[..self.at + offset].ends_with('\r');
            if crlf {
                continue;
            }
            if matches!(c, '\n' | '\r') {
                (self.line, self.column) = (self.line + 1, 1);
            } else {
                self.column += 1;
            }
        }
        self.at = to;
    }
}

/// Separators, white space, and what is shown as nothing: whatever makes no fragment by itself, but certainly no
/// letter, digit or sign.
fn is_separators(text: &str) -> bool {
    let is_separator = |c: char| c.is_whitespace() || c == ',' || c == ';';
    let rest: String = text.chars().filter(|c| !is_separator(*c)).collect();
    !rest.contains(|c: char| c.is_alphanumeric() || c.is_ascii_graphic())
        && (rest.is_empty()
            || parse_list(&rest, &ListOptions::new()).is_ok_and(|list| list.fragments().is_empty()))
}

/// PAR-2: nobody is accepted twice, and a duplicate names the first fragment of the same person.
fn has_each_person_once(list: &PastedList) {
    let mut first = HashMap::new();
    for (fragment, entry) in list.accepted() {
        let before = first.insert(key(&entry.who), fragment.index);
        assert_eq!(before, None, "accepted twice: {}", fragment.index);
    }
    for (fragment, of) in list.duplicates() {
        assert!(of < fragment.index);
        assert!(matches!(list.fragments()[of].parsed, Parsed::Accepted(_)));
    }
}

fn key(who: &Who) -> &str {
    match who {
        Who::Address(address) => address.canonical(),
        Who::UserName(name) => name,
    }
}

/// An address that the parser of addresses accepts, or a user name where those are allowed; names and roles on one
/// line, within their bounds; a role only from a sheet (PAR-5).
fn is_clean(entry: &Entry, choice: u8) {
    match &entry.who {
        Who::Address(address) => assert_eq!(EmailAddress::parse(address.as_str()).as_ref(), Ok(address)),
        Who::UserName(name) => {
            assert!(choice & 1 == 1 && (1..=128).contains(&name.len()));
            assert!(!name.contains(|c: char| c.is_control() || c.is_whitespace() || c == '@'), "{name:?}");
        }
    }
    for text in [&entry.name, &entry.role].into_iter().flatten() {
        assert!((1..=MAX_NAME_BYTES).contains(&text.len()));
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(!text.contains(['\u{202E}', '\u{2066}', '\u{200B}', '\u{FEFF}']), "{text:?}");
        assert_eq!(text.split_whitespace().collect::<Vec<_>>().join(" "), *text);
    }
    assert!(entry.role.is_none() || choice & 2 == 2);
}

/// A refusal names what the fragment has or lacks.
fn is_in_the_fragment(reason: InvalidFragment, fragment: &Fragment, choice: u8) {
    let (input, len) = (&fragment.input, fragment.position.len);
    if input.len() < len {
        return;
    }
    let sheet = choice & 2 == 2;
    let shown = match reason {
        InvalidFragment::Email(_) => input.contains('@'),
        InvalidFragment::NotAnAddress => choice & 1 == 0,
        InvalidFragment::BadUserName => choice & 1 == 1,
        InvalidFragment::SeveralWords => input.contains('@') && input.contains(char::is_whitespace),
        InvalidFragment::UnclosedQuote => input.contains('"'),
        InvalidFragment::UnpairedBracket => input.contains(['<', '>']),
        InvalidFragment::AddressInName => {
            input.contains('<') && input.matches('@').count() > 1 - usize::from(choice & 1)
        }
        InvalidFragment::LongName => len > MAX_NAME_BYTES,
        InvalidFragment::LongRole => sheet && len > MAX_NAME_BYTES,
        InvalidFragment::EncodedLink => input.contains('%') && input.to_ascii_lowercase().contains("mailto:"),
        InvalidFragment::Empty => input.contains(['"', '\'', '<', ':']),
        InvalidFragment::NoAddressInRow | InvalidFragment::ExtraCells => sheet,
        _ => panic!("no property says when to refuse with {}", reason.code()),
    };
    assert!(shown, "{} for {input:?}", reason.code());
}

/// PAR-3: the accepted entries, written one a line as a mail program would, are read as they were.
fn comes_back(list: &PastedList) {
    let entries: Vec<_> = list
        .accepted()
        .map(|(_, entry)| (key(&entry.who), entry.name.as_deref()))
        .filter(|(who, name)| !name.is_some_and(|name| is_that_address(name, who)))
        .collect();
    let text: String = entries.iter().map(|(who, name)| written(who, *name)).collect();
    let again = parse_list(&text, &options(1)).expect("no longer than before");
    let read: Vec<_> = again.accepted().map(|(_, entry)| (key(&entry.who), entry.name.as_deref())).collect();
    assert_eq!(read, entries, "{text:?}");
    assert_eq!(again.fragments().len(), entries.len());
}

/// A name that is only the address once more is no name; the column of a sheet may say so all the same.
fn is_that_address(name: &str, who: &str) -> bool {
    EmailAddress::parse(name).is_ok_and(|address| address.canonical() == who)
}

fn written(who: &str, name: Option<&str>) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    match name {
        Some(name) => format!("{} <{who}>\n", quoted(name)),
        None => format!("{}\n", quoted(who)),
    }
}

/// ABU-3: beyond a limit nothing is kept; within it, the limit changes nothing.
fn keeps_limits(text: &str, options: &ListOptions, list: &PastedList) {
    let limited = parse_list(text, &options.clone().max_bytes(MAX_BYTES).max_entries(MAX_ENTRIES));
    match limited {
        Ok(limited) => assert_eq!(&limited, list),
        Err(ListTooLong::Bytes { max, actual }) => {
            assert!((max, actual) == (MAX_BYTES, text.len()) && actual > max);
        }
        Err(ListTooLong::Entries { max }) => assert!(max == MAX_ENTRIES && list.fragments().len() > max),
        Err(other) => panic!("no property says when a list is refused with {}", other.code()),
    }
}
