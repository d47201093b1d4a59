//! What holds for every text that a stranger can send: one function for each reader of such text, which panics when it
//! does not hold. The tests beside this crate call them with random bytes and with the committed corpora; the
//! fuzzer, `cargo xtask fuzz`, calls the same functions.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a property fails by panicking"
)]

mod address;
mod continue_url;
mod cursor;
mod list;
mod mail;
mod token;

pub use address::address;
pub use continue_url::continue_url;
pub use cursor::cursor;
pub use list::list;
pub use mail::mail;
pub use token::token;

/// A property: panics when it does not hold for these bytes.
pub type Property = fn(&[u8]);

/// Every property by the name of its fuzz target and of the folder of its corpus.
pub const ALL: [(&str, Property); 6] = [
    ("address", address),
    ("continue_url", continue_url),
    ("cursor", cursor),
    ("list", list),
    ("mail", mail),
    ("token", token),
];

/// Takes the first byte off, which says how the rest is to be read; 0 where there is none.
fn choice(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}
