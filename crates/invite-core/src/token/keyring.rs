//! Issuing tokens and checking them.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::{array, fmt, iter};

use hmac::digest::consts::U16;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use uuid::Uuid;

use super::{Key, Nonce, PROOF_BYTES, Purpose, Token, codec};
use crate::OrganizationId;

/// How many earlier nonces of a row are kept and checked, so that an old link is told that a newer mail was
/// sent.
pub const EARLIER_NONCES: usize = 3;

/// What a proof covers first: it keeps these HMACs apart from all others under the same key.
const CONTEXT: &[u8] = b"invite/v1";

/// The keys of the host: the one that issues, and older ones that still verify (TOK-6).
///
/// Keys are told apart by an id of the host's choice, which stands in every token. To change the key,
/// [`rotate_to`](Self::rotate_to) a new one; to retire an old one, build the keyring without it, and every
/// token made under it is a stranger's.
///
/// A clone is cheap and shares the keys. `Debug` prints their ids and nothing else.
///
/// # Examples
/// ```
/// # use invite_core::{Key, Keyring, Nonce, OrganizationId, Purpose, Token, Verdict};
/// # use uuid::Uuid;
/// # let (old, new) = ("0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4));
/// let keyring = Keyring::new(2, Key::parse(&new)?).verifying(1, Key::parse(&old)?)?;
/// let (acme, nonce) = (OrganizationId::parse("acme")?, Nonce::from_bytes([7; 16]));
///
/// let issued = keyring.issue(Purpose::Mailed, &acme, Uuid::nil(), &nonce);
/// let token = Token::parse(issued.reveal())?;
/// assert_eq!(keyring.check(&token, Some(&nonce), &[]), Verdict::Current);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Keyring(Arc<Keys>);

#[derive(Clone)]
struct Keys {
    issuing: (u32, Key),
    older: Vec<(u32, Key)>,
}

impl Keyring {
    /// A keyring of one key, which issues and verifies.
    #[must_use]
    pub fn new(id: u32, key: Key) -> Self {
        Self(Arc::new(Keys { issuing: (id, key), older: Vec::new() }))
    }

    /// Adds an older key: it verifies and does not issue (TOK-6).
    ///
    /// # Errors
    /// [`DuplicateKeyId`] when the keyring has a key of this id.
    pub fn verifying(self, id: u32, key: Key) -> Result<Self, DuplicateKeyId> {
        let mut keys = self.with_room_for(id)?;
        keys.older.push((id, key));
        Ok(Self(Arc::new(keys)))
    }

    /// Issues with a new key from now on; the one that issued until now still verifies (TOK-6).
    ///
    /// Where several processes share a store, first let all of them verify the new key, by
    /// [`verifying`](Self::verifying), and only then build keyrings that issue with it: otherwise one process
    /// refuses what another issues.
    ///
    /// # Errors
    /// [`DuplicateKeyId`] when the keyring has a key of this id.
    pub fn rotate_to(self, id: u32, key: Key) -> Result<Self, DuplicateKeyId> {
        let mut keys = self.with_room_for(id)?;
        let previous = core::mem::replace(&mut keys.issuing, (id, key));
        keys.older.push(previous);
        Ok(Self(Arc::new(keys)))
    }

    /// Derives the token of a row. The same arguments and key give the same token, so nothing of it is stored
    /// (TOK-2).
    ///
    /// `id` is the id of the row, `nonce` the current one of the row. The proof is the first 16 bytes of
    /// HMAC-SHA-256 over `invite/v1`, the purpose's code, the length of the organization id in one byte, the
    /// organization id, the id and the nonce.
    #[must_use]
    pub fn issue(&self, purpose: Purpose, organization: &OrganizationId, id: Uuid, nonce: &Nonce) -> Token {
        let (key_id, key) = &self.0.issuing;
        let proof = proof(claim(key, purpose, organization, id), nonce);
        codec::encode(purpose, *key_id, organization, id, proof)
    }

    /// Whether we issued the token for its purpose, organization and id under this nonce. In constant time
    /// (TOK-7).
    #[must_use]
    pub fn verify(&self, token: &Token, current: &Nonce) -> bool {
        Candidate::new(self, token).matches(Some(current)).into()
    }

    /// What the token is to the row that it names.
    ///
    /// `current` and `earlier` are the nonces of the row; of `earlier` the first three count. Organization,
    /// id and purpose are the token's own. Pass no nonces when there is no such row, and also when the row is
    /// not one that this purpose names: a missing row, a wrong proof, a replaced nonce and an unknown key
    /// cost the same work, four proofs each (TOK-5, TOK-7, PRI-1).
    #[must_use]
    pub fn check(&self, token: &Token, current: Option<&Nonce>, earlier: &[Nonce]) -> Verdict {
        let candidate = Candidate::new(self, token);
        let earlier: [Option<&Nonce>; EARLIER_NONCES] = array::from_fn(|index| earlier.get(index));
        let is_current = candidate.matches(current);
        // All are tried: which one matched must not show in the time.
        let is_earlier = earlier
            .map(|nonce| candidate.matches(nonce))
            .into_iter()
            .fold(choice(false), |any, one| any | one);
        if is_current.into() {
            Verdict::Current
        } else if is_earlier.into() {
            Verdict::Superseded
        } else {
            Verdict::Unknown
        }
    }

    /// The keys, if the id is still free.
    fn with_room_for(self, id: u32) -> Result<Keys, DuplicateKeyId> {
        match self.0.find(id) {
            Some(_) => Err(DuplicateKeyId { id }),
            None => Ok(Arc::unwrap_or_clone(self.0)),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let older: Vec<u32> = self.0.older.iter().map(|(id, _)| *id).collect();
        f.debug_struct("Keyring").field("issuing", &self.0.issuing.0).field("older", &older).finish()
    }
}

impl Keys {
    // Key ids are no secret, they stand in the token: an early end of the search tells nothing.
    fn find(&self, id: u32) -> Option<&Key> {
        iter::once(&self.issuing).chain(&self.older).find(|(known, _)| *known == id).map(|(_, key)| key)
    }
}

/// What [`Keyring::check`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "callers must treat all three, and there is no fourth")]
pub enum Verdict {
    /// We issued it under the row's current nonce.
    Current,
    /// We issued it under an earlier nonce of the row. Its holder is no stranger, and may be told that a
    /// newer mail was sent.
    Superseded,
    /// We did not issue it, or the row is gone: one answer for all of it (PRI-1).
    Unknown,
}

/// Two keys of one id in a [`Keyring`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("keyring already has a key with id {id}")]
pub struct DuplicateKeyId {
    id: u32,
}

impl DuplicateKeyId {
    /// The id that is taken.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }
}

/// A token whose proof is to be compared, with the key that it names.
struct Candidate<'a> {
    claim: Hmac<Sha256>,
    key_is_known: Choice,
    proof: &'a [u8; PROOF_BYTES],
}

impl<'a> Candidate<'a> {
    fn new(keyring: &Keyring, token: &'a Token) -> Self {
        let key = keyring.0.find(token.key_id);
        // Without its key the work is done under another, and the result thrown away.
        let stand_in = &keyring.0.issuing.1;
        Self {
            claim: claim(key.unwrap_or(stand_in), token.purpose, &token.organization, token.id),
            key_is_known: choice(key.is_some()),
            proof: &token.proof,
        }
    }

    /// Makes one proof, also where there is no nonce to make it with.
    fn matches(&self, nonce: Option<&Nonce>) -> Choice {
        let stand_in = Nonce([0; 16]);
        let expected = proof(self.claim.clone(), nonce.unwrap_or(&stand_in));
        expected.ct_eq(self.proof) & choice(nonce.is_some()) & self.key_is_known
    }
}

fn choice(yes: bool) -> Choice {
    Choice::from(u8::from(yes))
}

/// All that a proof covers but the nonce. Every part has a fixed length or its length before it, so no two
/// claims are the same bytes.
fn claim(key: &Key, purpose: Purpose, organization: &OrganizationId, id: Uuid) -> Hmac<Sha256> {
    key.keyed()
        .chain_update(CONTEXT)
        .chain_update([purpose.code(), codec::length_of(organization)])
        .chain_update(organization.as_str())
        .chain_update(id.as_bytes())
}

fn proof(claim: Hmac<Sha256>, nonce: &Nonce) -> [u8; PROOF_BYTES] {
    #[cfg(test)]
    tests::PROOFS.with(|made| made.set(made.get() + 1));
    let (proof, _) = claim.chain_update(nonce.0).finalize().into_bytes().split::<U16>();
    proof.into()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{PURPOSES, acme, ids, issued, keyrings, keys, nonces, organizations, purposes};
    use super::*;
    use core::cell::Cell;
    use core::slice::from_ref;
    use proptest::prelude::*;
    use std::format;
    use std::string::String;
    use std::thread_local;

    thread_local! {
        pub(super) static PROOFS: Cell<usize> = const { Cell::new(0) };
    }

    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// How many proofs a call makes, beside what it gives.
    fn counted<T>(call: impl FnOnce() -> T) -> (T, usize) {
        let before = PROOFS.get();
        let result = call();
        (result, PROOFS.get() - before)
    }

    fn key(text: &str) -> Key {
        Key::parse(&text.repeat(64 / text.len())).unwrap()
    }

    /// The parts of a token under another proof: what a forger writes.
    fn forged(token: &Token, purpose: Purpose, organization: &OrganizationId, id: Uuid) -> Token {
        let text = codec::encode(purpose, token.key_id, organization, id, token.proof);
        Token::parse(text.reveal()).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_issued_verifies_tok_1((keyring, nonce, token) in issued()) {
            let token = Token::parse(token.reveal()).unwrap();
            prop_assert!(keyring.verify(&token, &nonce));
            prop_assert_eq!(keyring.check(&token, Some(&nonce), &[]), Verdict::Current);
            let again = keyring.issue(token.purpose(), token.organization(), token.id(), &nonce);
            prop_assert_eq!(again.reveal(), token.reveal());
        }

        #[test]
        fn a_changed_character_never_verifies_tok_5(
            (keyring, nonce, token) in issued(),
            at in any::<prop::sample::Index>(),
            by in prop_oneof![proptest::sample::select(ALPHABET.to_vec()).prop_map(char::from), any::<char>()],
        ) {
            let at = at.index(token.reveal().len());
            let mut text = String::from(token.reveal());
            text.replace_range(at..=at, &format!("{by}"));
            prop_assume!(text != token.reveal());
            if let Ok(changed) = Token::parse(&text) {
                prop_assert!(!keyring.verify(&changed, &nonce));
                prop_assert_eq!(keyring.check(&changed, Some(&nonce), from_ref(&nonce)), Verdict::Unknown);
            }
        }

        #[test]
        fn a_token_is_good_for_one_purpose_organization_id_nonce_and_key_tok_5(
            (keyring, nonce, token) in issued(),
            purpose in purposes(),
            organization in organizations(),
            id in ids(),
            other_nonce in nonces(),
            other_key in keys(),
        ) {
            let refused = |keyring: &Keyring, token: &Token, nonce: &Nonce| {
                !keyring.verify(token, nonce)
                    && keyring.check(token, Some(nonce), &[]) == Verdict::Unknown
                    && keyring.check(token, None, from_ref(nonce)) == Verdict::Unknown
            };
            let (own, row) = (token.organization(), token.id());
            if purpose != token.purpose() {
                prop_assert!(refused(&keyring, &forged(&token, purpose, own, row), &nonce));
            }
            if organization != *own {
                prop_assert!(refused(&keyring, &forged(&token, token.purpose(), &organization, row), &nonce));
            }
            if id != row {
                prop_assert!(refused(&keyring, &forged(&token, token.purpose(), own, id), &nonce));
            }
            if other_nonce != nonce {
                prop_assert!(refused(&keyring, &token, &other_nonce));
            }
            prop_assert!(refused(&Keyring::new(token.key_id(), other_key), &token, &nonce));
        }

        #[test]
        fn tokens_of_different_rows_never_meet_tok_5(
            keyring in keyrings(),
            (purpose, organization, id, nonce) in (purposes(), organizations(), ids(), nonces()),
            (other_purpose, other_organization) in (purposes(), organizations()),
            (other_id, other_nonce) in (ids(), nonces()),
        ) {
            let token = keyring.issue(purpose, &organization, id, &nonce);
            let others = [
                keyring.issue(other_purpose, &organization, id, &nonce),
                keyring.issue(purpose, &other_organization, id, &nonce),
                keyring.issue(purpose, &organization, other_id, &nonce),
                keyring.issue(purpose, &organization, id, &other_nonce),
            ];
            for other in others.iter().filter(|other| other.reveal() != token.reveal()) {
                prop_assert_ne!(other.proof, token.proof);
            }
        }
    }

    #[test]
    fn no_character_of_a_token_can_be_changed_tok_5() {
        let (keyring, organization, id, nonce) = acme();
        let keyring = keyring.rotate_to(2, key("89ab")).unwrap();
        let text = keyring.issue(Purpose::Mailed, &organization, id, &nonce).reveal().as_bytes().to_vec();
        for (at, by) in (0..text.len()).flat_map(|at| ALPHABET.iter().map(move |by| (at, *by))) {
            let mut changed = text.clone();
            changed[at] = by;
            if changed == text {
                continue;
            }
            if let Ok(token) = Token::parse(std::str::from_utf8(&changed).unwrap()) {
                assert!(!keyring.verify(&token, &nonce), "{at} {by}");
            }
        }
    }

    #[test]
    fn a_copied_token_cannot_be_made_a_mailed_one_idn_13() {
        let (keyring, organization, id, nonce) = acme();
        for shown in PURPOSES.into_iter().filter(|purpose| *purpose != Purpose::Mailed) {
            let token = keyring.issue(shown, &organization, id, &nonce);
            let mailed = forged(&token, Purpose::Mailed, &organization, id);
            assert_eq!(mailed.purpose(), Purpose::Mailed);
            assert_eq!(keyring.check(&mailed, Some(&nonce), &[]), Verdict::Unknown, "{shown:?}");
        }
    }

    #[test]
    fn an_old_key_verifies_until_it_is_retired_tok_6() {
        let (before, organization, id, nonce) = acme();
        let old = before.issue(Purpose::Mailed, &organization, id, &nonce);

        let rotated = before.clone().rotate_to(2, key("89ab")).unwrap();
        let new = rotated.issue(Purpose::Mailed, &organization, id, &nonce);
        assert_eq!((old.key_id(), new.key_id()), (1, 2));
        assert!(rotated.verify(&old, &nonce) && rotated.verify(&new, &nonce));
        assert!(
            before.verify(&old, &nonce) && !before.verify(&new, &nonce),
            "a clone of before is as it was"
        );

        let configured = Keyring::new(2, key("89ab")).verifying(1, key("0123456789abcdef")).unwrap();
        assert!(configured.verify(&old, &nonce));
        assert_eq!(configured.issue(Purpose::Mailed, &organization, id, &nonce).reveal(), new.reveal());

        let retired = Keyring::new(2, key("89ab"));
        assert!(!retired.verify(&old, &nonce) && retired.verify(&new, &nonce));
        assert_eq!(retired.check(&old, Some(&nonce), &[]), Verdict::Unknown);
    }

    #[test]
    fn a_key_id_stands_for_one_key_tok_6() {
        let keyring = Keyring::new(1, key("0123")).verifying(2, key("2345")).unwrap();
        for taken in [1, 2] {
            assert_eq!(keyring.clone().verifying(taken, key("4567")).unwrap_err().id(), taken);
            assert_eq!(
                keyring.clone().rotate_to(taken, key("4567")).unwrap_err(),
                DuplicateKeyId { id: taken }
            );
        }
        let keyring = keyring.rotate_to(3, key("4567")).unwrap();
        assert_eq!(format!("{keyring:?}"), "Keyring { issuing: 3, older: [2, 1] }");
    }

    #[test]
    fn the_nonces_of_a_row_tell_current_from_superseded_from_unknown_tok_6() {
        let (keyring, organization, id, _) = acme();
        let nonce = |byte| Nonce::from_bytes([byte; 16]);
        let token = |byte| keyring.issue(Purpose::Mailed, &organization, id, &nonce(byte));
        // A nonce of zeros is what stands in for a missing one: it must not count where there is none.
        let (current, earlier) = (nonce(5), [nonce(4), nonce(3), nonce(2), nonce(1)]);
        let table = [
            ("current", token(5), Some(&current), &earlier[..3], Verdict::Current),
            ("the last one", token(4), Some(&current), &earlier[..3], Verdict::Superseded),
            ("the oldest kept", token(2), Some(&current), &earlier[..3], Verdict::Superseded),
            ("older than is kept", token(1), Some(&current), &earlier, Verdict::Unknown),
            ("earlier, of a row without current", token(4), None, &earlier[..1], Verdict::Superseded),
            ("current and earlier alike", token(5), Some(&current), &[nonce(5)], Verdict::Current),
            ("twice an earlier one", token(4), Some(&current), &[nonce(4), nonce(4)], Verdict::Superseded),
            ("never issued", token(9), Some(&current), &earlier[..3], Verdict::Unknown),
            ("missing row", token(5), None, &[], Verdict::Unknown),
            ("missing row, zero nonce", token(0), None, &[], Verdict::Unknown),
            ("present row, zero nonce", token(0), Some(&current), &[], Verdict::Unknown),
        ];
        for (case, token, current, earlier, verdict) in table {
            assert_eq!(keyring.check(&token, current, earlier), verdict, "{case}");
        }
    }

    #[test]
    fn every_check_makes_the_same_number_of_proofs_tok_7_pri_1() {
        let (keyring, organization, id, nonce) = acme();
        let token = keyring.issue(Purpose::Mailed, &organization, id, &nonce);
        let other = Nonce::from_bytes([1; 16]);
        let foreign = Keyring::new(77, key("89ab")).issue(Purpose::Mailed, &organization, id, &nonce);
        let earlier = [other.clone(), nonce.clone(), other.clone(), other.clone(), other.clone()];
        let calls = [
            ("current", &token, Some(&nonce), &earlier[..0]),
            ("superseded", &token, Some(&other), &earlier[..2]),
            ("more nonces than are kept", &token, Some(&nonce), &earlier[..]),
            ("wrong proof", &token, Some(&other), &earlier[..1]),
            ("missing row", &token, None, &earlier[..0]),
            ("unknown key", &foreign, Some(&nonce), &earlier[..0]),
            ("unknown key and missing row", &foreign, None, &earlier[..0]),
        ];
        for (case, token, current, earlier) in calls {
            let (_, proofs) = counted(|| keyring.check(token, current, earlier));
            assert_eq!(proofs, 1 + EARLIER_NONCES, "{case}");
        }
        assert_eq!(counted(|| keyring.verify(&token, &nonce)), (true, 1));
        assert_eq!(counted(|| keyring.verify(&foreign, &nonce)), (false, 1));
    }

    #[test]
    fn the_stand_in_for_an_unknown_key_opens_nothing_tok_5() {
        let (keyring, organization, id, nonce) = acme();
        let token = keyring.issue(Purpose::Mailed, &organization, id, &nonce);
        // Made under the issuing key, which stands in, but naming a key that is not there.
        let renamed = codec::encode(Purpose::Mailed, 2, &organization, id, token.proof);
        assert!(!keyring.verify(&renamed, &nonce));
        assert_eq!(keyring.check(&renamed, Some(&nonce), from_ref(&nonce)), Verdict::Unknown);
    }
}
