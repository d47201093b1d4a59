//! Tokens: derived from a stored nonce and a key of the host, never stored themselves.

mod key;

pub use key::{InvalidKey, Key, MIN_KEY_BYTES, WeakKey};
