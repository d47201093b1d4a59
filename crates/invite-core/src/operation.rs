//! What every operation has in common, and how one is decided.

use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;
use crate::{AccessModel, Actor, Draft, Event, FreeMail, Keyring, NotLoaded, Reads};

/// What the host declares once: what decisions know besides rows.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "this is all that decisions know")]
pub struct Host<'a> {
    /// Permissions, roles, seat classes.
    pub model: &'a AccessModel,
    /// The keys that tokens are issued and verified with.
    pub keyring: &'a Keyring,
    /// Domains that nobody verifies as their own (F15).
    pub free_mail: &'a dyn FreeMail,
}

impl<'a> Host<'a> {
    /// With the model and the keys, and [`CommonFreeMail`](crate::CommonFreeMail).
    #[must_use]
    pub fn new(model: &'a AccessModel, keyring: &'a Keyring) -> Self {
        Self { model, keyring, free_mail: &crate::CommonFreeMail }
    }
}

pub(crate) mod sealed {
    /// Operations are declared here and nowhere else: what a command may do is the library's to guarantee.
    pub trait Sealed {}
}

/// A command on one organization.
///
/// What it reads, how it decides, its outcome and its refusal. Queues, retries, idempotency, dry runs and
/// host transactions are written once over this trait. It serialises to what identifies it, for the
/// fingerprint of an idempotency key; a token in it only as a digest.
pub trait Operation: sealed::Sealed + Serialize + Clone + Send + Sync + 'static {
    /// What comes of it. Holds no token (TOK-4).
    type Outcome: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;

    /// What it may be refused for.
    type Refusal: Refusal;

    /// Its name: in idempotency keys and logs, kebab-case.
    const NAME: &'static str;

    /// What it needs to see.
    fn reads(&self, actor: &Actor) -> Reads;

    /// How many ids and nonces it may make. The caller draws entropy for as many.
    fn makes(&self) -> usize {
        0
    }

    /// How many rows it may touch, roughly; for the bounds of a batch. At least as many as the facts that it makes
    /// about what it names and the mails that it queues: what ends or changes along with these is not counted.
    fn rows(&self) -> usize {
        1 + self.makes()
    }

    /// Decides, and makes the facts that follow. Use [`decide`], which takes back what a refused one did.
    ///
    /// # Errors
    /// [`Stop`]
    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>>;
}

/// Random bytes for one command, drawn by the caller from the operating system (TOK-1).
#[derive(Clone, Default)]
pub struct Entropy(Vec<u8>);

impl Entropy {
    /// How many bytes one thing that a command makes takes: an id's 10 or a nonce's 16.
    pub const BYTES_EACH: usize = 16;

    /// Wraps bytes that were drawn for one command and serve nothing else.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = *self.0.last_chunk::<N>().ok_or(Fault::EntropyUsedUp)?;
        self.0.truncate(self.0.len().saturating_sub(N));
        Ok(bytes)
    }
}

impl core::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Entropy(..)")
    }
}

/// A bug of ours, found while deciding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A decision asked for a row that its operation does not read.
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded),
    /// A decision made more than its operation said.
    #[error("a decision made more than its operation said, and the entropy was used up")]
    EntropyUsedUp,
    /// A decision refused what the operation had ruled out; the code of the refusal.
    #[error("a decision refused what its operation had ruled out: {0}")]
    RuledOut(&'static str),
    /// A decision waited for what is past its time to be written down, and nothing of that was loaded.
    #[error("a decision waited for what is due, and none of it was loaded")]
    NothingDue,
}

/// Why a decision stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "callers treat every one of them")]
pub enum Stop<R> {
    /// A rule says no. Nothing was changed.
    Refused(R),
    /// There is no organization of that id.
    UnknownOrganization,
    /// There may be room once more of what is past its expiry is written down. What the draft holds is good:
    /// commit it, load again, decide again.
    MoreDue,
    /// A bug of ours. Nothing was changed.
    Fault(Fault),
}

impl<R> Stop<R> {
    /// The same stop, with another refusal.
    pub(crate) fn map<S>(self, refusal: impl FnOnce(R) -> S) -> Stop<S> {
        match self {
            Self::Refused(reason) => Stop::Refused(refusal(reason)),
            Self::UnknownOrganization => Stop::UnknownOrganization,
            Self::MoreDue => Stop::MoreDue,
            Self::Fault(fault) => Stop::Fault(fault),
        }
    }
}

impl<R: Refusal> From<R> for Stop<R> {
    fn from(reason: R) -> Self {
        Self::Refused(reason)
    }
}

impl<R> From<Fault> for Stop<R> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<R> From<NotLoaded> for Stop<R> {
    fn from(missing: NotLoaded) -> Self {
        Self::Fault(missing.into())
    }
}

/// Decides one operation on a draft. A refused one leaves no trace and takes no other along.
///
/// # Errors
/// [`Stop`]. After [`Stop::MoreDue`] the draft holds expiries that are good to commit.
pub fn decide<O: Operation>(
    operation: &O,
    host: &Host<'_>,
    actor: &Actor,
    entropy: Entropy,
    draft: &mut Draft,
) -> Result<O::Outcome, Stop<O::Refusal>> {
    let mark = draft.mark();
    draft.act(actor.clone(), entropy);
    let decided = operation.decide(host, actor, draft);
    if let Err(stop) = &decided {
        draft.roll_back(mark);
        if matches!(stop, Stop::MoreDue) {
            crate::seats::end_due(host.model, draft)?;
            if draft.records().is_empty() {
                return Err(Stop::Fault(Fault::NothingDue));
            }
        }
    }
    decided
}

/// Folds facts into a slice, as the commit that made them did. For models and tests of adapters.
#[must_use]
pub fn fold(mut draft: Draft, facts: impl IntoIterator<Item = (Actor, Event)>) -> Draft {
    for (actor, event) in facts {
        draft.act(actor, Entropy::default());
        draft.emit(event);
    }
    draft
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn a_command_touches_a_row_at_least_and_one_for_all_that_it_makes() {
        assert_eq!(ChangePlan::new(roomy()).rows(), 1);
        let invite = Invite::new("x@example.com, y@example.com", Grant::role("member"));
        assert!(invite.makes() > 0 && invite.rows() > invite.makes());
    }

    #[test]
    fn entropy_is_not_shown_tok_3() {
        assert_eq!(format!("{:?}", Entropy::from_bytes(vec![7; 16])), "Entropy(..)");
    }
}
