//! Where a list goes on: the key of the last row before a page, as the columns that the list is ordered by.

use std::cmp::Reverse;

use chrono::TimeDelta;
use invite_storage::{Position, Positioned};
use uuid::Uuid;

use crate::value::Value;

/// The key of a row as the columns that a list is ordered by.
#[derive(Clone)]
pub(crate) struct Key(pub(crate) Value, pub(crate) Value);

pub(crate) fn newest_first(after: Option<&Position>) -> Key {
    match after {
        None => Key(Value::last(), Value::uuid(Uuid::nil())),
        Some(Position { at, key }) => Key(Value::time(*at), Value::uuid(id_behind(key))),
    }
}

pub(crate) fn oldest_first(after: Option<&Position>) -> Key {
    match after {
        None => Key(Value::first(), Value::text("")),
        Some(Position { at, key }) => Key(Value::time(*at), Value::text(until_nul(key))),
    }
}

/// Where the members and the invitations of a roster go on. Members have keys that begin with `m:`, and come before the
/// invitations of their time, which have `i:`.
pub(crate) fn in_roster(after: Option<&Position>) -> (Key, Key) {
    let Some(Position { at, key }) = after else {
        return (Key(Value::last(), Value::text("")), newest_first(None));
    };
    // Of a time that lies no further back than this one, all.
    let next = || Value::time(at.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(*at));
    let member = match key.strip_prefix("m:") {
        Some(user) => Key(Value::time(*at), Value::text(&before(user))),
        None if key.as_str() < "m:" => Key(Value::time(*at), Value::text("")),
        None => Key(next(), Value::text("")),
    };
    let invitation = match key.strip_prefix("i:") {
        Some(id) => Key(Value::time(*at), Value::uuid(id_behind(id))),
        None if key.as_str() < "i:" => Key(Value::time(*at), Value::uuid(Uuid::nil())),
        None => Key(next(), Value::uuid(Uuid::nil())),
    };
    (member, invitation)
}

/// The first page of several that are each in the order of the list.
pub(crate) fn newest<T: Positioned>(mut rows: Vec<T>, limit: u32) -> Vec<T> {
    rows.sort_by_cached_key(|row| Reverse(row.position()));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    rows
}

/// Postgres keeps no NUL: what lies behind a text with one is what lies behind its part before that.
fn until_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

/// And what lies before it is that part and what lies before it.
fn before(text: &str) -> String {
    let until = until_nul(text);
    if until.len() == text.len() { text.to_owned() } else { format!("{until}\u{1}") }
}

/// The id that every id before `key`, compared as text, is less than. A key that is no id has its place as
/// well: whoever asks for a page may have made it up.
fn id_behind(key: &str) -> Uuid {
    let exact = Uuid::try_parse(key).ok().filter(|id| id.to_string() == key);
    exact.unwrap_or_else(|| {
        // How many ids there are before it, bit by bit.
        let before = (0..128).rev().fold(0_u128, |count, bit| {
            let more = count | (1 << bit);
            let is_before = Uuid::from_u128(more.wrapping_sub(1)).to_string().as_str() < key;
            if is_before { more } else { count }
        });
        Uuid::from_u128(before)
    })
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
            let bound = id_behind(key);
            for id in ids {
                assert_eq!(id < bound, id.to_string().as_str() < key, "{id} {key:?}");
            }
        }
    }

    #[test]
    fn a_key_with_a_nul_lies_where_its_bytes_do() {
        for key in ["a\0b", "\0", "a\0", "ab"] {
            for row in ["", "a", "aa", "a\u{1}", "ab", "b"] {
                assert_eq!(row > until_nul(key), row > key, "{row:?} behind {key:?}");
                assert_eq!(row < before(key).as_str(), row < key, "{row:?} before {key:?}");
            }
        }
    }
}
