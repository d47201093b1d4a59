//! The reader of cursors.

use chrono::DateTime;
use data_encoding::BASE64URL_NOPAD;
use invite_storage::{Cursor, InvalidCursor, Position};

/// The longest key that a cursor is read with, in bytes.
const LONGEST_KEY: usize = 160;

/// No text makes the reader panic. What it reads is what it would write, so there is one text for each place, and the
/// text is good for this list alone; what was written is always read.
pub fn cursor(data: &[u8]) {
    let cursor = Cursor::of("members", &"acme");
    let (kind, rest) = crate::choice(data);
    let text = if kind % 2 == 0 { String::from_utf8_lossy(rest).into_owned() } else { forged(&cursor, rest) };
    match cursor.read(&text) {
        Ok(position) => {
            assert_eq!(cursor.write(&position), text);
            assert!(position.key.len() <= LONGEST_KEY);
            for (list, restricted_to) in [("members", "globex"), ("roster", "acme")] {
                assert_eq!(Cursor::of(list, &restricted_to).read(&text), Err(InvalidCursor));
            }
        }
        Err(InvalidCursor) => assert_eq!(documented(&cursor, &text), None, "{text:?}"),
    }
}

/// A text of the right digest with whatever follows it.
fn forged(cursor: &Cursor, rest: &[u8]) -> String {
    let mut bytes = digest(cursor);
    bytes.extend(rest);
    BASE64URL_NOPAD.encode(&bytes)
}

fn digest(cursor: &Cursor) -> Vec<u8> {
    let written = cursor.write(&Position::new(DateTime::UNIX_EPOCH, ""));
    let mut bytes = BASE64URL_NOPAD.decode(written.as_bytes()).expect("a cursor is base64url");
    bytes.truncate(bytes.len() - 8);
    bytes
}

/// The place of a text that somebody may have written: digest, microseconds, key.
fn documented(cursor: &Cursor, text: &str) -> Option<Position> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let rest = bytes.strip_prefix(digest(cursor).as_slice())?;
    let (micros, key) = rest.split_first_chunk::<8>()?;
    let at = DateTime::from_timestamp_micros(i64::from_be_bytes(*micros))?;
    let key = String::from_utf8(key.to_vec()).ok()?;
    Some(Position::new(at, key)).filter(|position| position.key.len() <= LONGEST_KEY)
}
