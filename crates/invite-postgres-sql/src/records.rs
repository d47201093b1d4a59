//! Rows inside of a column: an array of records in Postgres's binary format.

use crate::columns::Row;
use crate::error::Failure;

/// A row inside of a column.
pub(crate) struct Record<'row> {
    of: &'static str,
    columns: Vec<Option<&'row [u8]>>,
}

impl Row for Record<'_> {
    fn bytes(&self, column: usize) -> Option<&[u8]> {
        self.columns.get(column).copied().flatten()
    }

    /// A record does not name its columns.
    fn name(&self, _: usize) -> &str {
        self.of
    }
}

/// The records of an array. `of` tells errors what they are.
pub(crate) fn records<'row>(bytes: &'row [u8], of: &'static str) -> Result<Vec<Record<'row>>, Failure> {
    let mut rest = Bytes(bytes);
    read(&mut rest, of).ok_or_else(|| Failure::unreadable(of, "no array of records"))
}

/// How many dimensions, whether there are nulls, the type; then for each dimension how long it is and where it begins.
fn read<'row>(rest: &mut Bytes<'row>, of: &'static str) -> Option<Vec<Record<'row>>> {
    let [dimensions, _, _] = [rest.integer()?, rest.integer()?, rest.integer()?];
    if dimensions == 0 {
        return Some(Vec::new());
    }
    let [count, _] = [rest.integer()?, rest.integer()?];
    (0..count).map(|_| record(&mut Bytes(rest.value()??), of)).collect()
}

/// How many columns; then the type of each, and its value.
fn record<'row>(rest: &mut Bytes<'row>, of: &'static str) -> Option<Record<'row>> {
    let count = rest.integer()?;
    let columns = (0..count).map(|_| rest.integer().and_then(|_| rest.value())).collect::<Option<_>>()?;
    Some(Record { of, columns })
}

struct Bytes<'row>(&'row [u8]);

impl<'row> Bytes<'row> {
    fn integer(&mut self) -> Option<i32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i32::from_be_bytes(*bytes))
    }

    /// How long it is, and as many bytes; null is shorter than nothing.
    fn value(&mut self) -> Option<Option<&'row [u8]>> {
        let Ok(length) = usize::try_from(self.integer()?) else { return Some(None) };
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(numbers: &[i32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    /// An array of one record: of a text of two bytes, and of null.
    fn one() -> Vec<u8> {
        let record = [integers(&[2, 25, 2]), b"ab".to_vec(), integers(&[25, -1])].concat();
        [integers(&[1, 0, 2249, 1, 1, 22]), record].concat()
    }

    #[test]
    fn columns_are_read_with_their_nulls() {
        let bytes = one();
        let rows = records(&bytes, "members").unwrap();
        let [row] = &rows[..] else { panic!("{}", rows.len()) };
        assert_eq!([row.bytes(0), row.bytes(1), row.bytes(2)], [Some(&b"ab"[..]), None, None]);
        assert!(records(&integers(&[0, 0, 2249]), "members").unwrap().is_empty());
    }

    #[test]
    fn bytes_that_end_too_soon_are_refused() {
        let bytes = one();
        for end in 0..bytes.len() {
            assert!(records(&bytes[..end], "members").is_err(), "{end}");
        }
    }
}
