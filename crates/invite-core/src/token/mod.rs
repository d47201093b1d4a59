//! Tokens: derived from a stored nonce and a key of the host, never stored themselves.

mod codec;
mod key;
mod keyring;

use alloc::string::String;
use core::fmt;

use serde::Serializer;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::OrganizationId;

pub use codec::{MAX_TOKEN_BYTES, TOKEN_PREFIX};
pub use key::{InvalidKey, Key, MIN_KEY_BYTES, WeakKey};
pub use keyring::{DuplicateKeyId, EARLIER_NONCES, Keyring, Verdict};

/// The bytes of a proof: 128 bits (TOK-1).
const PROOF_BYTES: usize = 16;

/// The secret text in a link. It names a row and proves that we issued it.
///
/// It is issued by [`Keyring::issue`] or read by [`Token::parse`], and by nothing else (TOK-1). A token that
/// was parsed is well formed and no more: [`Keyring::check`] says whether we issued it, and the row it names
/// decides what it is worth (TOK-6).
///
/// The text is `inv_` and the base64url form, without padding, of these bytes:
///
/// | Bytes | Content |
/// |---|---|
/// | 1 | format: version 1 in the high four bits, [`Purpose::code`] in the low four |
/// | 4 | key id, big endian |
/// | 1 | length of the organization id |
/// | 1 to 128 | organization id, UTF-8 |
/// | 16 | id of the row |
/// | 16 | proof |
///
/// A secret scanner finds it with `inv_[A-Za-z0-9_-]{52,222}`.
///
/// `Debug` prints a fixed mask. There is no `Display`, no `Serialize` and no `PartialEq`; the text comes out
/// of [`reveal`](Self::reveal) alone (TOK-3). A command that holds a token is fingerprinted with
/// [`serialize_digest`].
#[derive(Clone)]
pub struct Token {
    text: String,
    purpose: Purpose,
    key_id: u32,
    organization: OrganizationId,
    id: Uuid,
    proof: [u8; PROOF_BYTES],
}

impl Token {
    /// Reads the text of a token: the only way from text to a token (TOK-1).
    ///
    /// There is one text per token (TOK-10). Nothing is normalised: the text is not trimmed, and no other
    /// case, padding, percent-encoding or stray bits are taken. Too long a text is refused before it is
    /// decoded, and no text makes this panic (TOK-8).
    ///
    /// # Errors
    /// [`InvalidToken`] for everything else, without a reason: to a stranger all of it is one "no" (PRI-1).
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        codec::decode(text).ok_or(InvalidToken)
    }

    /// What the token is for. Two tokens for one row differ in their proof if they differ in purpose (TOK-5).
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The organization that holds the row.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The id of the row: of an invitation, a link or another thing, by [`purpose`](Self::purpose).
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The id of the key that the proof was made with, as the token claims it.
    #[must_use]
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The secret text. Whoever has it may do what the token is for: it belongs in a link and nowhere else
    /// (TOK-3).
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text: recognises the token and gives nothing of it away, as 128 of its bits cannot be
    /// guessed.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// Writes a token as the lower-case hexadecimal form of its [digest](Token::digest), 64 digits. For commands
/// that hold a token: they are fingerprinted, and the token does not get out.
///
/// # Errors
/// Those of the serializer.
///
/// # Examples
/// ```
/// # use invite_core::Token;
/// #[derive(serde::Serialize)]
/// struct Accept {
///     #[serde(serialize_with = "invite_core::serialize_digest")]
///     token: Token,
/// }
/// ```
pub fn serialize_digest<S: Serializer>(token: &Token, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&data_encoding::HEXLOWER.encode(&token.digest()))
}

/// Text that is no token. It carries no reason and no part of the text (PRI-1, TOK-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("text is not a token")]
#[non_exhaustive]
pub struct InvalidToken;

/// What a token is for. It is part of what the proof covers (TOK-5).
///
/// The codes stand in every token that is out there, and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Purpose {
    /// Code 1: an invitation, derived by the courier alone. Only this one proves an address (IDN-13).
    Mailed = 1,
    /// Code 2: an invitation, returned by the method that shows its link. It never proves an address
    /// (IDN-13).
    Copied = 2,
    /// Code 3: an invite link, which many may use.
    Link = 3,
    /// Code 4: the offer to take over ownership.
    Ownership = 4,
    /// Code 5: the wish to get no more mail.
    Unsubscribe = 5,
}

impl Purpose {
    /// The code in the text and under the proof: 1 to 5, in the order of the variants.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Mailed),
            2 => Some(Self::Copied),
            3 => Some(Self::Link),
            4 => Some(Self::Ownership),
            5 => Some(Self::Unsubscribe),
            _ => None,
        }
    }
}

/// The random part of a token, stored with the row: 128 bits of the operating system's entropy (TOK-1).
///
/// Without the key no token follows from it (TOK-2), so it may lie in a row; all the same it is shown
/// nowhere: `Debug` prints a fixed mask, and there is no `Display` and no `Serialize` (TOK-3). Nonces are
/// compared in constant time.
#[derive(Clone)]
pub struct Nonce([u8; 16]);

impl Nonce {
    /// Wraps 16 bytes: fresh entropy, or what a row holds.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the row.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl PartialEq for Nonce {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Nonce {}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;
    use std::{format, vec};

    pub(super) const PURPOSES: [Purpose; 5] =
        [Purpose::Mailed, Purpose::Copied, Purpose::Link, Purpose::Ownership, Purpose::Unsubscribe];

    pub(super) fn purposes() -> impl Strategy<Value = Purpose> {
        proptest::sample::select(PURPOSES.to_vec())
    }

    pub(super) fn organizations() -> impl Strategy<Value = OrganizationId> {
        prop_oneof!["[a-z0-9-]{1,128}", "\\PC{1,32}"].prop_map(|text| OrganizationId::parse(text).unwrap())
    }

    pub(super) fn ids() -> impl Strategy<Value = Uuid> {
        any::<u128>().prop_map(Uuid::from_u128)
    }

    pub(super) fn nonces() -> impl Strategy<Value = Nonce> {
        any::<[u8; 16]>().prop_map(Nonce::from_bytes)
    }

    pub(super) fn keys() -> impl Strategy<Value = Key> {
        any::<[u8; 32]>().prop_filter_map("a weak key", |bytes| Key::from_bytes(&bytes).ok())
    }

    pub(super) fn keyrings() -> impl Strategy<Value = Keyring> {
        (any::<u32>(), keys()).prop_map(|(id, key)| Keyring::new(id, key))
    }

    pub(super) fn issued() -> impl Strategy<Value = (Keyring, Nonce, Token)> {
        (keyrings(), purposes(), organizations(), ids(), nonces()).prop_map(
            |(keyring, purpose, organization, id, nonce)| {
                let token = keyring.issue(purpose, &organization, id, &nonce);
                (keyring, nonce, token)
            },
        )
    }

    pub(super) fn acme() -> (Keyring, OrganizationId, Uuid, Nonce) {
        let key = Key::parse(&"0123456789abcdef".repeat(4)).unwrap();
        let organization = OrganizationId::parse("acme").unwrap();
        (Keyring::new(1, key), organization, Uuid::from_u128(7), Nonce::from_bytes([9; 16]))
    }

    #[test]
    fn the_committed_vectors_hold_for_every_purpose_tok_9() {
        // Computed with Python's hmac, hashlib and base64: a second opinion on the format, never edited.
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/tokens-v1.json")).unwrap();
        let mut purposes = vec![];
        for vector in file["vectors"].as_array().unwrap() {
            let field = |name: &str| vector[name].as_str().unwrap();
            let purpose =
                PURPOSES.into_iter().find(|p| format!("{p:?}").to_lowercase() == field("purpose")).unwrap();
            let key_id = u32::try_from(vector["key_id"].as_u64().unwrap()).unwrap();
            let keyring = Keyring::new(key_id, Key::parse(field("key")).unwrap());
            let organization = OrganizationId::parse(field("organization")).unwrap();
            let id: Uuid = field("id").parse().unwrap();
            let nonce = data_encoding::HEXLOWER.decode(field("nonce").as_bytes()).unwrap();
            let nonce = Nonce::from_bytes(nonce.try_into().unwrap());

            let token = keyring.issue(purpose, &organization, id, &nonce);
            assert_eq!(token.reveal(), field("text"), "{purpose:?}");
            assert_eq!(data_encoding::HEXLOWER.encode(&token.digest()), field("digest"), "{purpose:?}");
            let parsed = Token::parse(field("text")).unwrap();
            assert_eq!(
                (parsed.purpose(), parsed.key_id(), parsed.organization(), parsed.id()),
                (purpose, key_id, &organization, id)
            );
            assert!(keyring.verify(&parsed, &nonce), "{purpose:?}");
            purposes.push(purpose);
        }
        assert_eq!(purposes, PURPOSES);
    }

    #[test]
    fn debug_prints_a_mask_and_nothing_else_tok_3() {
        let (keyring, organization, id, nonce) = acme();
        let token = keyring.issue(Purpose::Mailed, &organization, id, &nonce);
        assert_eq!(format!("{token:?} {token:#?}"), "Token(***) Token(***)");
        assert_eq!(format!("{nonce:?} {nonce:#?}"), "Nonce(***) Nonce(***)");
        let key = Key::parse(&"0123456789abcdef".repeat(4)).unwrap();
        assert_eq!(format!("{key:?} {key:#?}"), "Key(***) Key(***)");
        assert_eq!(format!("{keyring:?}"), "Keyring { issuing: 1, older: [] }");
        assert_eq!(InvalidToken.to_string(), "text is not a token");
    }

    /// Stops the compiler when a type has a trait: with it, two impls fit the inferred parameter.
    macro_rules! lacks {
        ($($type:ty: $($bound:path),+;)+) => {$($(const _: () = {
            trait Lacks<A> {
                fn check() {}
            }
            impl<T: ?Sized> Lacks<()> for T {}
            struct Has;
            impl<T: ?Sized + $bound> Lacks<Has> for T {}
            let _ = <$type as Lacks<_>>::check;
        };)+)+};
    }

    // TOK-3: the text of a secret has one way out, and (TOK-1) text has one way in.
    lacks! {
        Token: fmt::Display, serde::Serialize, serde::de::DeserializeOwned, PartialEq, AsRef<str>,
            core::ops::Deref, core::str::FromStr, TryFrom<&'static str>, TryFrom<String>, Into<String>;
        Nonce: fmt::Display, fmt::LowerHex, serde::Serialize, serde::de::DeserializeOwned, AsRef<[u8]>,
            core::ops::Deref;
        Key: fmt::Display, fmt::LowerHex, serde::Serialize, PartialEq, AsRef<[u8]>, core::ops::Deref;
        Keyring: fmt::Display, serde::Serialize, PartialEq;
    }

    #[test]
    fn a_token_is_fingerprinted_by_its_digest_tok_3() {
        #[derive(serde::Serialize)]
        struct Command<'a> {
            #[serde(serialize_with = "serialize_digest")]
            token: &'a Token,
        }
        let (keyring, organization, id, nonce) = acme();
        let token = keyring.issue(Purpose::Mailed, &organization, id, &nonce);
        let json = serde_json::to_string(&Command { token: &token }).unwrap();
        assert_eq!(json, format!(r#"{{"token":"{}"}}"#, data_encoding::HEXLOWER.encode(&token.digest())));
        let copied = keyring.issue(Purpose::Copied, &organization, id, &nonce);
        assert_ne!(token.digest(), copied.digest());
    }

    #[test]
    fn codes_of_purposes_never_change_tok_9() {
        assert_eq!(PURPOSES.map(Purpose::code), [1, 2, 3, 4, 5]);
        let known = (0..=u8::MAX).filter_map(Purpose::from_code);
        assert!(known.eq(PURPOSES));
    }

    #[test]
    fn nonces_are_equal_when_all_bytes_are_tok_7() {
        let nonce = Nonce::from_bytes([9; 16]);
        assert_eq!(nonce, Nonce::from_bytes(*nonce.as_bytes()));
        for index in 0..16 {
            let mut other = [9; 16];
            other[index] ^= 0x80;
            assert_ne!(nonce, Nonce::from_bytes(other));
        }
    }
}
