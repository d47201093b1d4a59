//! What somebody asks of the service, and what came of it.

use invite::core::Mode;
use invite::{Error, Grant, InvitationId, Invitations};
use serde::{Deserialize, Serialize};

use super::stored::State;
use crate::people::person;

/// A command, under a key of its own: asked for again, it is done once (LIF-12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "passed between processes of one test")]
pub struct Deed {
    /// Where.
    pub organization: String,
    /// The key, which nothing else has.
    pub key: String,
    /// What.
    pub what: What,
}

/// What is asked for. People are named as their addresses are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "passed between processes of one test")]
pub enum What {
    /// Invites them, all or none.
    Invite(Vec<String>),
    /// Accepts an invitation.
    Accept(String, InvitationId),
    /// Declines one.
    Decline(String, InvitationId),
    /// Revokes one.
    Revoke(String, InvitationId),
    /// Removes a member.
    Remove(String),
}

/// What somebody was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "passed between processes of one test")]
pub enum Came {
    /// It was done. Who were invited have these invitations, in their order.
    Done(Vec<InvitationId>),
    /// A rule says no: its code.
    Refused(String),
    /// The store could not be reached, and nothing was changed.
    Failed,
    /// Whether it was done is not known.
    Unknown,
    /// Something else, which should not be.
    Wrong(String),
}

impl Deed {
    /// Does it.
    pub async fn perform(&self, service: &Invitations) -> Came {
        let organization = service.organization(self.organization.as_str());
        let owner = organization.by("ada");
        let key = self.key.as_str();
        match &self.what {
            What::Invite(names) => {
                let list = names.iter().map(|name| format!("{name}@example.com\n")).collect::<String>();
                let invite = owner.invite(list, Grant::role("member"));
                let invited = invite.with(|invite| invite.mode(Mode::AllOrNothing)).idempotency_key(key);
                came(invited.await, |invited| invited.invitations().collect())
            }
            What::Accept(name, id) => {
                let accepted = organization.accept(*id, person(name)).idempotency_key(key);
                came(accepted.await, |_| Vec::new())
            }
            What::Decline(name, id) => {
                let declined = organization.decline(*id, person(name)).idempotency_key(key);
                came(declined.await, |_| Vec::new())
            }
            What::Revoke(_, id) => came(owner.revoke(*id).idempotency_key(key).await, |_| Vec::new()),
            What::Remove(name) => {
                came(owner.remove(name.as_str()).idempotency_key(key).await, |_| Vec::new())
            }
        }
    }

    /// Whom it is about.
    pub fn names(&self) -> Vec<&str> {
        match &self.what {
            What::Invite(names) => names.iter().map(String::as_str).collect(),
            What::Accept(name, _) | What::Decline(name, _) | What::Revoke(name, _) | What::Remove(name) => {
                vec![name]
            }
        }
    }

    /// How they stand once it is done.
    pub fn leads_to(&self) -> State {
        match self.what {
            What::Invite(_) => State::Invited,
            What::Accept(..) => State::Member,
            What::Decline(..) => State::Declined,
            What::Revoke(..) => State::Revoked,
            What::Remove(_) => State::Removed,
        }
    }
}

fn came<T>(outcome: Result<T, impl Into<Error>>, invitations: impl FnOnce(T) -> Vec<InvitationId>) -> Came {
    match outcome.map_err(Into::into) {
        Ok(outcome) => Came::Done(invitations(outcome)),
        Err(error) => Came::from(error),
    }
}

impl From<Error> for Came {
    fn from(error: Error) -> Self {
        match &error {
            Error::Refused(_) => Self::Refused(error.code().to_owned()),
            Error::Interrupted => Self::Unknown,
            Error::Storage(why) if why.is_outcome_unknown() => Self::Unknown,
            Error::Storage(why) if why.is_unavailable() => Self::Failed,
            _ => Self::Wrong(format!("{}: {error:?}", error.code())),
        }
    }
}
