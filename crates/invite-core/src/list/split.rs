//! From a line to its fragments, and the quotes that hold some of them together.

use alloc::borrow::Cow;
use alloc::string::String;

use super::collect::{Collector, Part, slice};
use super::{InvalidFragment, ListTooLong, entry};
use crate::text::{is_invisible, trim};

/// Reads the fragments of a line that is no row of a sheet.
pub(super) fn read(line: &str, collector: &mut Collector<'_>) -> Result<(), ListTooLong> {
    let mut fragments = Fragments { line, collector, run: None };
    let outlook = line.contains(';') && marks(line).any(|(_, mark)| mark == Mark::Semicolon);
    let mut start = 0;
    let mut bracket = None;
    for (at, mark) in marks(line) {
        match mark {
            Mark::Open => bracket = Some(at),
            Mark::Close => {
                // A `>` alone is text. One that closes a bracket ends the fragment, with or without a
                // separator.
                if let Some(bracket) = bracket.take() {
                    fragments.bracketed(start, bracket, at + 1)?;
                    start = at + 1;
                }
            }
            Mark::Comma if outlook && bracket.is_none() && may_be_in_a_name(slice(line, start..at)) => {
                fragments.run.get_or_insert(start);
                start = at + 1;
            }
            Mark::Comma | Mark::Semicolon | Mark::Tab => {
                fragments.plain(start, at)?;
                bracket = None;
                start = at + 1;
            }
            Mark::Unclosed => {
                fragments.settle(start)?;
                if let Some(part) = Part::of(line, start..line.len()) {
                    fragments.collector.push(part, Err(InvalidFragment::UnclosedQuote))?;
                }
                return Ok(());
            }
        }
    }
    fragments.plain(start, line.len())
}

/// Before a comma: text that can be the first half of an unquoted `Last, First <a@b.example>`.
fn may_be_in_a_name(text: &str) -> bool {
    let text = trim(text);
    !text.is_empty() && !text.starts_with('"') && !text.contains(['@', '>'])
}

struct Fragments<'a, 'c, 'o> {
    line: &'a str,
    collector: &'c mut Collector<'o>,
    /// Where pieces begin of which only what follows tells whether they are a name.
    run: Option<usize>,
}

impl Fragments<'_, '_, '_> {
    /// A fragment that ends with `>`, and has its `<` at `bracket`. A name before it takes the waiting pieces
    /// along.
    fn bracketed(&mut self, start: usize, bracket: usize, end: usize) -> Result<(), ListTooLong> {
        let named = |line| may_be_in_a_name(slice(line, start..bracket));
        match self.run {
            Some(run) if named(self.line) && slice(self.line, bracket..end).contains('@') => {
                self.run = None;
                self.push_range(run, end)
            }
            _ => {
                self.settle(start)?;
                self.push_range(start, end)
            }
        }
    }

    fn plain(&mut self, start: usize, end: usize) -> Result<(), ListTooLong> {
        self.settle(start)?;
        let Some(part) = Part::of(self.line, start..end) else { return Ok(()) };
        if !has_space(part.text)
            || part.text.contains('"')
            || !part.text.split_whitespace().all(|word| word.contains('@'))
        {
            return self.push(part);
        }
        let mut at = part.offset;
        for word in part.text.split_inclusive(char::is_whitespace) {
            self.push_range(at, at + word.len())?;
            at += word.len();
        }
        Ok(())
    }

    /// Lets go of waiting pieces, which turned out to be fragments of their own.
    fn settle(&mut self, end: usize) -> Result<(), ListTooLong> {
        let Some(mut start) = self.run.take() else { return Ok(()) };
        let line = slice(self.line, 0..end);
        for (at, mark) in marks_from(line, start) {
            if mark == Mark::Comma {
                self.push_range(start, at)?;
                start = at + 1;
            }
        }
        Ok(())
    }

    fn push_range(&mut self, start: usize, end: usize) -> Result<(), ListTooLong> {
        Part::of(self.line, start..end).map_or(Ok(()), |part| self.push(part))
    }

    fn push(&mut self, part: Part<'_>) -> Result<(), ListTooLong> {
        let found = entry::read(part.text, self.collector.options.names);
        self.collector.push(part, found)
    }
}

fn has_space(text: &str) -> bool {
    if text.is_ascii() { text.bytes().any(|b| b <= b' ') } else { text.contains(char::is_whitespace) }
}

/// What structures a line, outside of quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Comma,
    Semicolon,
    Tab,
    Open,
    Close,
    /// A quote that is not closed on the line, which ends it.
    Unclosed,
}

/// The marks of a line with their offsets, in order.
pub(super) fn marks(line: &str) -> impl Iterator<Item = (usize, Mark)> {
    marks_from(line, 0)
}

/// `at` must lie outside of quotes.
fn marks_from(line: &str, mut at: usize) -> impl Iterator<Item = (usize, Mark)> {
    core::iter::from_fn(move || {
        loop {
            let found = at;
            let mark = match line.as_bytes().get(at)? {
                b',' => Mark::Comma,
                b';' => Mark::Semicolon,
                b'\t' => Mark::Tab,
                b'<' => Mark::Open,
                b'>' => Mark::Close,
                b'"' if opens_word(slice(line, 0..at)) => match closing_quote(line, at) {
                    Some(close) => {
                        at = close + 1;
                        continue;
                    }
                    None => {
                        at = line.len();
                        return Some((found, Mark::Unclosed));
                    }
                },
                _ => {
                    at += 1;
                    continue;
                }
            };
            at += 1;
            return Some((found, mark));
        }
    })
}

fn opens_word(before: &str) -> bool {
    before.chars().next_back().is_none_or(|c| c.is_whitespace() || is_invisible(c) || ",;<>".contains(c))
}

/// The offset of the quote that closes the one at `open`; `""` and a backslash before a quote stand for a
/// quote.
fn closing_quote(line: &str, open: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut at = open + 1;
    loop {
        match bytes.get(at)? {
            b'"' if bytes.get(at + 1) != Some(&b'"') => return Some(at),
            b'"' | b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// What stands in the quotes, if the text is one quoted string from its first to its last byte.
pub(super) fn unquoted(text: &str) -> Option<Cow<'_, str>> {
    if !text.starts_with('"') || closing_quote(text, 0)? + 1 != text.len() {
        return None;
    }
    let inner = slice(text, 1..text.len() - 1);
    if !inner.contains(['"', '\\']) {
        return Some(Cow::Borrowed(inner));
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = (c == '"' || c == '\\') && matches!(chars.peek(), Some('"' | '\\'));
        plain.push(if escaped { chars.next().unwrap_or(c) } else { c });
    }
    Some(Cow::Owned(plain))
}
