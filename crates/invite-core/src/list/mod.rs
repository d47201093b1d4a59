//! Pasted lists of people: text from a mail client, a sheet or a chat becomes addresses, each fragment
//! accounted for.

mod collect;
mod entry;
mod options;
mod sheet;
mod split;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use collect::{Collector, lines};
pub use entry::*;
pub use options::*;
use sheet::Sheet;

/// Reads a pasted list. Every fragment of the text ends up in the result exactly once, in order, as accepted,
/// duplicate or invalid (PAR-2); whatever else the text holds is separators, white space and invisible
/// characters.
///
/// Fragments are separated by commas, semicolons, tabs and line ends (LF, CRLF, CR), and `>` ends one too
/// (PAR-1). Each is an address, an address in brackets after a name, or a `mailto:` link; any of these may
/// stand in double quotes, as in a CSV cell. More precisely:
///
/// - A name with a separator in it stands in quotes, `"Last, First" <a@b.example>`. On a line that uses `;`, as
///   Outlook does, it may go without: there a comma belongs to the name if no `@` comes before the next `<`.
/// - Words on one line are separate addresses if each of them has an `@`. Otherwise they are one invalid
///   fragment.
/// - A quote opens at the beginning of a word. One that is not closed ends with its line and is invalid with
///   what it holds; so a quoted cell of several lines is not understood.
/// - Cells of a sheet are fragments like any other. A cell with a name is therefore invalid (or a user name,
///   where those are allowed), unless [`HeaderLine::Recognise`] asks for columns and the list has a header line
///   (PAR-5).
///
/// A fragment is a duplicate if an earlier one has an equal address, or the very same user name. Time is
/// linear in the text but for sorting the addresses, memory is bounded by the limits, and no text causes a
/// panic (PAR-4).
///
/// # Errors
/// [`ListTooLong`] when the text or the number of its fragments exceeds the limit in the options (ABU-3).
///
/// # Examples
/// ```
/// use invite_core::{ListOptions, parse_list};
///
/// let text = "Bob <bob@example.com>; eve@example.com\nBOB@example.com, mallory";
/// let list = parse_list(text, &ListOptions::new())?;
/// assert_eq!(list.accepted().count(), 2);
/// assert_eq!(list.duplicates().count(), 1);
/// assert_eq!(list.invalid().count(), 1);
/// # Ok::<(), invite_core::ListTooLong>(())
/// ```
pub fn parse_list(text: &str, options: &ListOptions) -> Result<PastedList, ListTooLong> {
    if text.len() > options.max_bytes {
        return Err(ListTooLong::Bytes { max: options.max_bytes, actual: text.len() });
    }
    let mut collector = Collector::new(text, options);
    let mut sheet = match options.header {
        HeaderLine::Recognise => Sheet::Expected,
        HeaderLine::Ignore => Sheet::Absent,
    };
    for (offset, line) in lines(text) {
        collector.begin_line(offset);
        if !sheet.read(line, &mut collector)? {
            split::read(line, &mut collector)?;
        }
    }
    let (fragments, header) = collector.finish();
    let mut list = PastedList { fragments, header };
    list.mark_duplicates();
    Ok(list)
}

/// What became of a pasted list: its fragments in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastedList {
    fragments: Vec<Fragment>,
    header: Option<Position>,
}

impl PastedList {
    /// Every fragment, in the order of the text; the index of each is its place here.
    #[must_use]
    pub fn fragments(&self) -> &[Fragment] {
        &self.fragments
    }

    /// Where the header line stands, if one was asked for and recognised (PAR-5).
    #[must_use]
    pub fn header(&self) -> Option<Position> {
        self.header
    }

    /// The fragments that can be invited, with what they say.
    pub fn accepted(&self) -> impl Iterator<Item = (&Fragment, &Entry)> {
        self.fragments.iter().filter_map(|fragment| match &fragment.parsed {
            Parsed::Accepted(entry) => Some((fragment, entry)),
            _ => None,
        })
    }

    /// The fragments that repeat an earlier one, with the index of that one.
    pub fn duplicates(&self) -> impl Iterator<Item = (&Fragment, usize)> {
        self.fragments.iter().filter_map(|fragment| match fragment.parsed {
            Parsed::Duplicate { of } => Some((fragment, of)),
            _ => None,
        })
    }

    /// The fragments that are nobody's address, with the reason.
    pub fn invalid(&self) -> impl Iterator<Item = (&Fragment, InvalidFragment)> {
        self.fragments.iter().filter_map(|fragment| match fragment.parsed {
            Parsed::Invalid(reason) => Some((fragment, reason)),
            _ => None,
        })
    }

    /// The accepted entries alone.
    pub fn into_entries(self) -> impl Iterator<Item = Entry> {
        self.fragments.into_iter().filter_map(|fragment| match fragment.parsed {
            Parsed::Accepted(entry) => Some(entry),
            _ => None,
        })
    }

    fn mark_duplicates(&mut self) {
        let mut keys: Vec<_> = self
            .accepted()
            .map(|(fragment, entry)| {
                let key = entry.who.key();
                (fnv1a(key), key, fragment.index)
            })
            .collect();
        // By hash, so that texts are only compared where it is equal; by text, whatever the hashes.
        keys.sort_unstable();
        let mut repeated = Vec::new();
        for same in keys.chunk_by(|a, b| a.1 == b.1) {
            if let [(_, _, of), rest @ ..] = same {
                repeated.extend(rest.iter().map(|(_, _, index)| (*index, *of)));
            }
        }
        for (index, of) in repeated {
            if let Some(fragment) = self.fragments.get_mut(index) {
                fragment.parsed = Parsed::Duplicate { of };
            }
        }
    }
}

fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// One fragment of a pasted list. `Debug` leaves the text out, which may hold an address in full (PRI-4).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fragment {
    /// The place among all fragments, from 0.
    pub index: usize,
    /// Where it stands in the text.
    pub position: Position,
    /// The fragment as pasted, its first 512 bytes at most.
    pub input: String,
    /// What it was found to be.
    pub parsed: Parsed,
}

impl fmt::Debug for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fragment")
            .field("index", &self.index)
            .field("position", &self.position)
            .field("parsed", &self.parsed)
            .finish_non_exhaustive()
    }
}

/// Where a fragment stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The first byte, from 0.
    pub offset: usize,
    /// The length in bytes.
    pub len: usize,
}

/// What a fragment was found to be. Exactly one of the three (PAR-2).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a caller must tell people about all three")]
pub enum Parsed {
    /// Somebody to invite.
    Accepted(Entry),
    /// The same address or user name as an earlier fragment, whatever the name or role beside it.
    Duplicate {
        /// The index of the first fragment with it.
        of: usize,
    },
    /// Nobody, for this reason.
    Invalid(InvalidFragment),
}

#[cfg(test)]
mod tests;
