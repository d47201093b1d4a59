//! The parser of addresses beside two others (IDN-7): one of SMTP addresses, the crate `email_address`, and one of mail
//! headers, the crate `mail-parser`, which accepts here what it reads as this one address and nothing else.
//!
//! `data/addresses.txt` is the list, public examples first, `data/differences.md` says of every address on which they do not agree what we
//! decided and why. The test fails when that table is not exactly the set of differences.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fmt::Write;

use invite_core::EmailAddress;
use mail_parser::MessageParser;

const ADDRESSES: &str = include_str!("data/addresses.txt");
const DIFFERENCES: &str = include_str!("data/differences.md");

/// What the three say of one address: ours with the reason where it refuses.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    address: &'static str,
    ours: &'static str,
    smtp: &'static str,
    header: &'static str,
}

impl Row {
    fn of(address: &'static str) -> Self {
        let text = unescaped(address);
        Self {
            address,
            ours: EmailAddress::parse(&text).map_or_else(|reason| reason.code(), |_| "yes"),
            smtp: if email_address::EmailAddress::is_valid(&text) { "yes" } else { "no" },
            header: if is_one_mailbox(&text) { "yes" } else { "no" },
        }
    }

    fn is_difference(&self) -> bool {
        let all = [self.ours == "yes", self.smtp == "yes", self.header == "yes"];
        all.contains(&true) && all.contains(&false)
    }
}

fn is_one_mailbox(text: &str) -> bool {
    let mail = format!("To: {text}\r\n\r\n");
    let mail = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let headers = mail.headers().len();
    let to: Vec<_> = mail.to().into_iter().flat_map(|to| to.iter()).collect();
    matches!(to.as_slice(), [one] if headers == 1 && one.name().is_none() && one.address() == Some(text.trim()))
}

/// `\u{…}` and `\\`, which keep the list readable and its lines whole.
fn unescaped(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, escaped)) = rest.split_once('\\') {
        text.push_str(before);
        rest = match escaped.strip_prefix("u{").and_then(|escaped| escaped.split_once('}')) {
            Some((code, after)) => {
                text.push(u32::from_str_radix(code, 16).ok().and_then(char::from_u32).unwrap());
                after
            }
            None => {
                text.push('\\');
                escaped.strip_prefix('\\').unwrap_or_else(|| panic!("a single backslash in {line}"))
            }
        };
    }
    text + rest
}

fn addresses() -> impl Iterator<Item = &'static str> {
    ADDRESSES
        .split('\n')
        .filter(|line| !line.is_empty() && !line.starts_with("# ") && !line.starts_with("## "))
}

/// The rows of the table, with their reasons.
fn table() -> Vec<(Row, &'static str)> {
    let rows = DIFFERENCES.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(|row| {
        let (address, rest) = row.split_once("` | ").unwrap();
        let cells: Vec<_> = rest.split(" | ").collect();
        let [ours, smtp, header, reason] = cells.as_slice() else { panic!("five columns: {row}") };
        (Row { address, ours, smtp, header }, *reason)
    })
    .collect()
}

#[test]
fn idn_7_differences_from_other_parsers_are_decided() {
    let found: Vec<_> = addresses().map(Row::of).filter(Row::is_difference).collect();
    let table = table();
    let reason =
        |address: &str| table.iter().find(|(row, _)| row.address == address).map_or("", |(_, reason)| reason);
    let mut expected = String::new();
    for row in &found {
        let Row { address, ours, smtp, header } = row;
        writeln!(expected, "| `{address}` | {ours} | {smtp} | {header} | {} |", reason(address)).unwrap();
    }
    assert!(found.iter().eq(table.iter().map(|(row, _)| row)), "the table should be\n{expected}");
    let undecided: Vec<_> = table.iter().filter(|(_, reason)| reason.len() < 10).collect();
    assert!(undecided.is_empty(), "no reason for {undecided:?}");
}

#[test]
fn idn_7_the_list_is_large_enough_and_holds_each_address_once() {
    let all: Vec<_> = addresses().collect();
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    let accepted = all.iter().filter(|address| Row::of(address).ours == "yes").count();
    assert!(all.len() >= 350 && accepted >= 130, "{} addresses, {accepted} accepted", all.len());
}

/// Every section says whether its addresses are printed in a public document.
#[test]
fn idn_7_every_address_is_public_or_our_own() {
    let mut sections = Vec::new();
    for line in ADDRESSES.split('\n').filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        match line.strip_prefix("## ") {
            Some(title) => sections.push((title, 0)),
            None => sections.last_mut().unwrap().1 += 1,
        }
    }
    let of = |kind| {
        let sections = sections.iter().filter(move |(title, _): &&(&str, i32)| title.starts_with(kind));
        sections.map(|(_, count)| *count)
    };
    assert_eq!(of("Public: ").count() + of("Ours: ").count(), sections.len(), "{sections:?}");
    assert!(of("Public: ").all(|count| count > 0) && of("Public: ").sum::<i32>() >= 180, "{sections:?}");
}
