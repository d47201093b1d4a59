//! Lines and parts of a text, and the gathering of fragments with their positions.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::{Entry, Fragment, InvalidFragment, ListOptions, ListTooLong, Parsed, Position};
use crate::text::{trim_end, trim_start};

/// The most bytes of a fragment that are repeated in the result.
const MAX_INPUT_BYTES: usize = 512;

/// The lines of the text without their ends (LF, CRLF or CR), each with its offset.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    text.split_inclusive('\n').flat_map(move |chunk| {
        let line = chunk.strip_suffix("\r\n").or(chunk.strip_suffix('\n')).unwrap_or(chunk);
        let mut at = offset;
        offset += chunk.len();
        line.split('\r').map(move |line| {
            let start = at;
            at += line.len() + 1;
            (start, line)
        })
    })
}

/// The text in the range; empty where there is no such range.
pub(super) fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// A part of a line, without the white space and invisible characters around it. Never empty.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    /// From the beginning of the line.
    pub(super) offset: usize,
}

impl<'a> Part<'a> {
    pub(super) fn of(line: &'a str, range: Range<usize>) -> Option<Self> {
        let end = range.end;
        let rest = trim_start(slice(line, range));
        let offset = end - rest.len();
        let text = trim_end(rest);
        if text.is_empty() { None } else { Some(Self { text, offset }) }
    }
}

/// Gathers fragments up to the limit. They come in the order of the text.
pub(super) struct Collector<'a> {
    pub(super) options: &'a ListOptions,
    text: &'a str,
    fragments: Vec<Fragment>,
    header: Option<Position>,
    line: usize,
    line_offset: usize,
    /// An offset on this line and its column, so that counting columns takes linear time on a long line.
    counted: (usize, usize),
}

impl<'a> Collector<'a> {
    pub(super) fn new(text: &'a str, options: &'a ListOptions) -> Self {
        Self { options, text, fragments: Vec::new(), header: None, line: 0, line_offset: 0, counted: (0, 1) }
    }

    pub(super) fn begin_line(&mut self, offset: usize) {
        self.line += 1;
        self.line_offset = offset;
        self.counted = (offset, 1);
    }

    pub(super) fn header(&mut self, part: Part<'_>) {
        self.header = Some(self.position(part));
    }

    pub(super) fn push(
        &mut self,
        part: Part<'_>,
        found: Result<Entry, InvalidFragment>,
    ) -> Result<(), ListTooLong> {
        if self.fragments.len() >= self.options.max_entries {
            return Err(ListTooLong::Entries { max: self.options.max_entries });
        }
        let position = self.position(part);
        self.fragments.push(Fragment {
            index: self.fragments.len(),
            position,
            input: String::from(slice(part.text, 0..part.text.floor_char_boundary(MAX_INPUT_BYTES))),
            parsed: found.map_or_else(Parsed::Invalid, Parsed::Accepted),
        });
        Ok(())
    }

    pub(super) fn finish(self) -> (Vec<Fragment>, Option<Position>) {
        (self.fragments, self.header)
    }

    fn position(&mut self, part: Part<'_>) -> Position {
        let offset = self.line_offset + part.offset;
        let (counted, column) = self.counted;
        let column = column + slice(self.text, counted..offset).chars().count();
        self.counted = (offset, column);
        Position { line: self.line, column, offset, len: part.text.len() }
    }
}
