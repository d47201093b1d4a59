//! Rows of a sheet, read by the columns of its header line (PAR-5).

use alloc::borrow::Cow;
use alloc::string::String;

use super::collect::{Collector, Part, slice};
use super::split::{Mark, marks, unquoted};
use super::{Entry, InvalidFragment, ListTooLong, NameFragments, entry};
use crate::text::trim;

/// What is known of a sheet while the list is read.
pub(super) enum Sheet {
    /// The first line with text on it may be a header.
    Expected,
    /// There is no header, or one of a single column: lines are fragments.
    Absent,
    /// Lines are rows.
    Found(Columns),
}

impl Sheet {
    /// Reads the line if it is the header or a row; otherwise says that it is not.
    pub(super) fn read(&mut self, line: &str, collector: &mut Collector<'_>) -> Result<bool, ListTooLong> {
        let Some(part) = Part::of(line, 0..line.len()) else { return Ok(false) };
        match self {
            Self::Absent => Ok(false),
            Self::Found(columns) => {
                if !columns.is_blank(line) {
                    collector.push(part, columns.row(line, collector.options.names))?;
                }
                Ok(true)
            }
            Self::Expected => {
                let columns = Columns::of(line);
                let is_header = columns.is_some();
                if is_header {
                    collector.header(part);
                }
                *self = columns.filter(|columns| columns.count > 1).map_or(Self::Absent, Self::Found);
                Ok(is_header)
            }
        }
    }
}

/// Where a header line says that things are.
pub(super) struct Columns {
    separator: Mark,
    count: usize,
    address: usize,
    full_name: Option<usize>,
    first_name: Option<usize>,
    last_name: Option<usize>,
    role: Option<usize>,
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let found = |mark| marks(header).any(|(_, other)| other == mark);
        let separator = if found(Mark::Tab) {
            Mark::Tab
        } else if found(Mark::Semicolon) {
            Mark::Semicolon
        } else {
            Mark::Comma
        };
        let mut columns = Self {
            separator,
            count: 0,
            address: 0,
            full_name: None,
            first_name: None,
            last_name: None,
            role: None,
        };
        let (mut email, mut other_address) = (None, None);
        for (index, cell) in cells(header, separator).enumerate() {
            let column = match caption(cell.ok()?)?.as_str() {
                "email" | "mail" | "emailaddress" | "mailaddress" => &mut email,
                "address" => &mut other_address,
                "name" | "fullname" | "displayname" => &mut columns.full_name,
                "firstname" | "givenname" => &mut columns.first_name,
                "lastname" | "surname" | "familyname" => &mut columns.last_name,
                "role" => &mut columns.role,
                _ => &mut None,
            };
            // Which of two columns is meant cannot be known, and one must not be dropped.
            if column.replace(index).is_some() {
                return None;
            }
            columns.count = index + 1;
        }
        columns.address = email.or(other_address)?;
        Some(columns)
    }

    fn is_blank(&self, line: &str) -> bool {
        cells(line, self.separator).all(|cell| cell.is_ok_and(str::is_empty))
    }

    fn row(&self, line: &str, names: NameFragments) -> Result<Entry, InvalidFragment> {
        let (mut address, mut full_name, mut first_name, mut last_name, mut role) = ("", "", "", "", "");
        for (index, cell) in cells(line, self.separator).enumerate() {
            let cell = cell.map_err(|Unclosed| InvalidFragment::UnclosedQuote)?;
            if index >= self.count && !cell.is_empty() {
                return Err(InvalidFragment::ExtraCells);
            }
            if index == self.address {
                address = cell;
            }
            for (column, place) in [
                (self.full_name, &mut full_name),
                (self.first_name, &mut first_name),
                (self.last_name, &mut last_name),
                (self.role, &mut role),
            ] {
                if column == Some(index) {
                    *place = cell;
                }
            }
        }
        if address.is_empty() {
            return Err(InvalidFragment::NoAddressInRow);
        }
        let mut entry = entry::read(address, names)?;
        let joined = |first: &str, last: &str| String::from(first) + " " + last;
        for name in [content(full_name).into_owned(), joined(&content(first_name), &content(last_name))] {
            if let Some(name) = entry::cleaned(&name).map_err(|_| InvalidFragment::LongName)? {
                entry.name = Some(name);
                break;
            }
        }
        entry.role = entry::cleaned(&content(role)).map_err(|_| InvalidFragment::LongRole)?;
        Ok(entry)
    }
}

struct Unclosed;

/// The cells of a line, trimmed, with their quotes.
fn cells(line: &str, separator: Mark) -> impl Iterator<Item = Result<&str, Unclosed>> {
    let mut marks = marks(line).filter(move |(_, mark)| *mark == separator || *mark == Mark::Unclosed);
    let mut start = Some(0);
    core::iter::from_fn(move || {
        let from = start?;
        match marks.next() {
            Some((_, Mark::Unclosed)) => {
                start = None;
                Some(Err(Unclosed))
            }
            Some((at, _)) => {
                start = Some(at + 1);
                Some(Ok(trim(slice(line, from..at))))
            }
            None => {
                start = None;
                Some(Ok(trim(slice(line, from..line.len()))))
            }
        }
    })
}

fn content(cell: &str) -> Cow<'_, str> {
    unquoted(cell).unwrap_or(Cow::Borrowed(cell))
}

/// The words of a column head without what people write between them: `E-Mail address` is `emailaddress`.
/// `None` for a cell with an `@`, which heads nothing.
fn caption(cell: &str) -> Option<String> {
    let words = cell.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase());
    if cell.contains('@') { None } else { Some(words.collect()) }
}
