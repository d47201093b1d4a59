//! Where a list goes on: the key of the last row before a page, as the columns that the list is ordered by.

use std::cmp::Reverse;

use invite_storage::{Position, Positioned};
use rusqlite::types::Value;
use uuid::Uuid;

use crate::columns::{FIRST, LAST, blob, micros, text};
use crate::error::Failure;

/// The key of a row as the columns that a list is ordered by.
pub(crate) struct Key(pub(crate) Value, pub(crate) Value);

pub(crate) fn newest_first(after: Option<Position>) -> Key {
    match after {
        None => Key(LAST, blob(Uuid::nil())),
        Some(Position { at, key }) => Key(micros(at), id_behind(&key)),
    }
}

pub(crate) fn oldest_first(after: Option<Position>) -> Key {
    match after {
        None => Key(FIRST, text("")),
        Some(Position { at, key }) => Key(micros(at), key.into()),
    }
}

/// Where the members and the invitations of a roster go on. Members have keys that begin with `m:`, and come before the
/// invitations of their time, which have `i:`.
pub(crate) fn in_roster(after: Option<Position>) -> (Key, Key) {
    let Some(Position { at, key }) = after else {
        return (Key(LAST, text("")), newest_first(None));
    };
    // To SQLite every blob lies behind every text.
    let member = part_of(&key, "m:", text, [text(""), blob(Uuid::nil())]);
    let invitation = part_of(&key, "i:", id_behind, [blob(Uuid::nil()), blob(Uuid::max())]);
    (Key(micros(at), member), Key(micros(at), invitation))
}

/// The first page of several that are each in the order of the list.
pub(crate) fn newest<T: Positioned>(mut rows: Vec<T>, limit: u32) -> Result<Vec<T>, Failure> {
    rows.sort_by_cached_key(|row| Reverse(row.position()));
    rows.truncate(usize::try_from(limit).map_err(Failure::other)?);
    Ok(rows)
}

/// A key of the roster among keys that all begin with `prefix`: behind none of them, within, or behind all.
fn part_of(key: &str, prefix: &str, within: impl FnOnce(&str) -> Value, [none, all]: [Value; 2]) -> Value {
    match key.strip_prefix(prefix) {
        Some(rest) => within(rest),
        None if key < prefix => none,
        None => all,
    }
}

/// The id that every id before `key`, compared as text, is less than. A key that is no id has its place as
/// well: whoever asks for a page may have made it up.
fn id_behind(key: &str) -> Value {
    let exact = Uuid::try_parse(key).ok().filter(|id| id.to_string() == key);
    blob(exact.unwrap_or_else(|| {
        // How many ids there are before it, bit by bit.
        let before = (0..128).rev().fold(0_u128, |count, bit| {
            let more = count | (1 << bit);
            let is_before = Uuid::from_u128(more.wrapping_sub(1)).to_string().as_str() < key;
            if is_before { more } else { count }
        });
        Uuid::from_u128(before)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_no_id_lies_where_its_text_does() {
        let ids = [0, 1, 0x0a << 120, 0x9f << 120, 0xa0 << 120, u128::MAX - 1].map(Uuid::from_u128);
        let made_up =
            ["", "0", "00000000", "00000000-", "0a", "0A", "9g", "a0000000+", "i:", "no id", "\u{10ffff}"];
        let texts = ids.iter().map(|id| id.to_string()).collect::<Vec<_>>();
        for key in made_up.into_iter().chain(texts.iter().map(String::as_str)) {
            let Value::Blob(bound) = id_behind(key) else { panic!() };
            for id in ids {
                assert_eq!(id.as_bytes()[..] < bound[..], id.to_string().as_str() < key, "{id} {key:?}");
            }
        }
    }
}
