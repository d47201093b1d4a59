//! Cursors: where a page ended, as text for clients.

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The key of a row in a list: a time and a text, compared in this order, the text byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(clippy::exhaustive_structs, reason = "every adapter reads both")]
pub struct Position {
    /// The time that the list is ordered by.
    pub at: DateTime<Utc>,
    /// What tells apart rows of one time.
    pub key: String,
}

impl Position {
    /// The key of a row.
    #[must_use]
    pub fn new(at: DateTime<Utc>, key: impl Into<String>) -> Self {
        Self { at, key: key.into() }
    }
}

/// A text that is no cursor, or one of another list or filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one of this list; begin again without one")]
pub struct InvalidCursor;

const DIGEST: usize = 8;
const LONGEST_KEY: usize = 160;

/// Writes and reads the cursors of one list with one filter.
///
/// A cursor is the key of the last row of a page, together with a digest of the list and its filter, so that
/// a cursor of another list, organization or filter is refused. It grants nothing: whoever may see the list
/// may ask for any place in it.
#[derive(Debug, Clone)]
pub struct Cursor {
    digest: [u8; DIGEST],
}

impl Cursor {
    /// For a list by name, with whatever restricts it.
    pub fn of(list: &str, restricted_to: &impl Serialize) -> Self {
        let restricted_to = serde_json::to_vec(&(list, restricted_to)).unwrap_or_default();
        let mut digest = [0; DIGEST];
        for (to, from) in digest.iter_mut().zip(Sha256::digest(restricted_to)) {
            *to = from;
        }
        Self { digest }
    }

    /// The cursor that continues behind a row.
    #[must_use]
    pub fn write(&self, last: &Position) -> String {
        let mut bytes = self.digest.to_vec();
        bytes.extend(last.at.timestamp_micros().to_be_bytes());
        bytes.extend(last.key.as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The row behind which a cursor continues.
    ///
    /// # Errors
    /// [`InvalidCursor`] for anything that [`write`](Self::write) did not make for the same list.
    pub fn read(&self, text: &str) -> Result<Position, InvalidCursor> {
        if text.len() > BASE64URL_NOPAD.encode_len(DIGEST + 8 + LONGEST_KEY) {
            return Err(InvalidCursor);
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidCursor)?;
        let (digest, rest) = bytes.split_first_chunk::<DIGEST>().ok_or(InvalidCursor)?;
        let (micros, key) = rest.split_first_chunk::<8>().ok_or(InvalidCursor)?;
        if *digest != self.digest {
            return Err(InvalidCursor);
        }
        let at = DateTime::from_timestamp_micros(i64::from_be_bytes(*micros)).ok_or(InvalidCursor)?;
        let key = std::str::from_utf8(key).map_err(|_| InvalidCursor)?;
        Ok(Position::new(at, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back(micros in 0_i64..253_402_300_799_999_999, key in "\\PC{0,40}") {
            let cursor = Cursor::of("members", &"acme");
            let position = Position::new(DateTime::from_timestamp_micros(micros).unwrap(), key);
            prop_assert_eq!(cursor.read(&cursor.write(&position)), Ok(position));
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC*") {
            let _ = Cursor::of("members", &"acme").read(&text);
        }
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let text = Cursor::of("members", &"acme").write(&Position::new(DateTime::UNIX_EPOCH, "ada"));
        assert_eq!(Cursor::of("members", &"globex").read(&text), Err(InvalidCursor));
        assert_eq!(Cursor::of("roster", &"acme").read(&text), Err(InvalidCursor));
        assert_eq!(Cursor::of("members", &"acme").read(&text.to_lowercase()), Err(InvalidCursor));
    }
}
