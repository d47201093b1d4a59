//! The secret of the host.

use core::fmt;

use hmac::{Hmac, KeyInit};
use sha2::Sha256;

/// The fewest bytes that a key may have: 256 bits.
pub const MIN_KEY_BYTES: usize = 32;

/// A secret of the host under which proofs are made. It lies outside the store (TOK-1, TOK-2).
///
/// At least 32 random bytes, from a secret manager or an environment variable. `Debug` prints a fixed mask;
/// there is no `Display`, no `Serialize`, no `PartialEq`, and no way back to the bytes (TOK-3).
#[derive(Clone)]
pub struct Key {
    // HMAC with the key taken in: each proof starts from a copy and saves two blocks of hashing.
    keyed: Hmac<Sha256>,
}

impl Key {
    /// Takes the bytes of a key.
    ///
    /// # Errors
    /// [`WeakKey`] for fewer than 32 bytes, and for one byte repeated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WeakKey> {
        if bytes.len() < MIN_KEY_BYTES {
            return Err(WeakKey::TooShort);
        }
        if bytes.windows(2).all(|pair| pair.first() == pair.last()) {
            return Err(WeakKey::OneByteRepeated);
        }
        // HMAC takes a key of any length, so this refusal never happens.
        let keyed = Hmac::new_from_slice(bytes).map_err(|_| WeakKey::TooShort)?;
        Ok(Self { keyed })
    }

    /// Reads a key written as lower-case hexadecimal digits, at least 64 of them, as `openssl rand -hex 32`
    /// prints them. The text is not trimmed.
    ///
    /// # Errors
    /// [`InvalidKey::NotHexadecimal`] for any other form; [`InvalidKey::Weak`] for a key that
    /// [`from_bytes`](Self::from_bytes) refuses.
    ///
    /// # Examples
    /// ```
    /// # use invite_core::Key;
    /// let text = "8f0e5c1b7a6d4f3e2c9b8a7d6e5f4c3b2a190807f6e5d4c3b2a1908f7e6d5c4b";
    /// let key = Key::parse(text)?;
    /// assert_eq!(format!("{key:?}"), "Key(***)");
    /// # Ok::<(), invite_core::InvalidKey>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let bytes =
            data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| InvalidKey::NotHexadecimal)?;
        Ok(Self::from_bytes(&bytes)?)
    }

    /// An HMAC that has taken in the key and nothing else.
    pub(super) fn keyed(&self) -> Hmac<Sha256> {
        self.keyed.clone()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// Bytes that are too easy to guess for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeakKey {
    /// Fewer than 32 bytes.
    #[error("key has fewer than {MIN_KEY_BYTES} bytes")]
    TooShort,
    /// All bytes are the same, as in a buffer that nobody filled.
    #[error("key is one byte repeated")]
    OneByteRepeated,
}

/// Text that is no key. It carries no part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// Something beside lower-case hexadecimal digits, or an odd number of them.
    #[error("key is not written as pairs of lower-case hexadecimal digits")]
    NotHexadecimal,
    /// The digits give a key that is too easy to guess.
    #[error("key is too weak")]
    Weak(#[from] WeakKey),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::{String, ToString};

    #[test]
    fn a_weak_key_is_refused_tok_1() {
        let counted: [u8; 32] = core::array::from_fn(|i| u8::try_from(i).unwrap());
        assert!(Key::from_bytes(&counted).is_ok());
        assert_eq!(Key::from_bytes(&counted[..31]).unwrap_err(), WeakKey::TooShort);
        assert_eq!(Key::from_bytes(&[]).unwrap_err(), WeakKey::TooShort);
        assert_eq!(Key::from_bytes(&[0; 32]).unwrap_err(), WeakKey::OneByteRepeated);
        assert_eq!(Key::from_bytes(&[7; 100]).unwrap_err(), WeakKey::OneByteRepeated);
    }

    #[test]
    fn a_key_is_read_from_lower_case_hexadecimal_only_tok_1() {
        let good = "0123456789abcdef".repeat(4);
        assert!(Key::parse(&good).is_ok());
        let bad = [
            good.to_uppercase(),
            format!("{good}\n"),
            format!(" {good}"),
            format!("{good}0"),
            format!("0x{good}"),
            "Zm9v".repeat(16),
        ];
        for text in bad {
            assert_eq!(Key::parse(&text).unwrap_err(), InvalidKey::NotHexadecimal, "{text}");
        }
        assert_eq!(Key::parse("").unwrap_err(), InvalidKey::Weak(WeakKey::TooShort));
        assert_eq!(Key::parse(&good[..62]).unwrap_err(), InvalidKey::Weak(WeakKey::TooShort));
        assert_eq!(Key::parse(&"0".repeat(64)).unwrap_err(), InvalidKey::Weak(WeakKey::OneByteRepeated));
    }

    #[test]
    fn a_refused_key_is_not_in_the_error_tok_3() {
        let text: String = "not hexadecimal".repeat(5);
        let error = Key::parse(&text).unwrap_err();
        assert!(!format!("{error:?}").contains("not hexadecimal") && !error.to_string().contains(&text));
    }
}
