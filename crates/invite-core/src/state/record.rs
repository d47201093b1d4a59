//! Event records: what is stored of a fact.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::continue_to::page_of;
use crate::{
    Actor, CommitId, Domain, Ending, Expiry, Grants, Group, GroupId, GroupSettings, Invitation, InvitationId,
    InvitationKind, InviteLink, Invitee, JoinRequest, LinkEnding, LinkId, LinkSettings, Member, Organization,
    Plan, RequestEnding, RequestId, RequestWay, SeatClass, Settings, Switch, UserId, VerifiedDomain,
};

/// The format number of the records written now. One golden file for each kind and format is kept for ever.
pub const RECORD_FORMAT: u16 = 1;

/// What is stored of a fact, in the commit that makes it true (STO-7).
///
/// Addresses are masked; there is no nonce, token or message in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct EventRecord {
    /// Its place in the organization's log: 1 for the first, without gaps.
    pub sequence: u64,
    /// The commit that made it true.
    pub commit: CommitId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What kind of fact; see [`Event::kind`](crate::Event::kind).
    pub kind: &'static str,
    /// The format of `data`.
    pub format: u16,
    /// The invitation it is about.
    pub invitation: Option<InvitationId>,
    /// The user it is about.
    pub user: Option<UserId>,
    /// The group it is about.
    pub group: Option<GroupId>,
    /// The invite link it is about.
    pub link: Option<LinkId>,
    /// The join request it is about.
    pub request: Option<RequestId>,
    /// What was and what is, to be stored as JSON.
    pub data: RecordData,
}

/// What was before a fact and what is after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordData {
    /// Before; absent for what is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Facts>>,
    /// After; absent for what is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Box<Facts>>,
    /// The reason that somebody gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl RecordData {
    /// Takes out what is about an invitee or an address, and leaves in its place that it was erased (PRI-6): the
    /// `invitee` and `email` of `before` and `after` are then `erased`, and their `continue_to`, the `reason` and that of
    /// their `ending` are gone.
    pub fn erase(&mut self) {
        self.reason = None;
        for facts in [&mut self.before, &mut self.after].into_iter().flatten() {
            match &mut **facts {
                Facts::Invitation { invitee, continue_to, .. } => {
                    (*invitee, *continue_to) = (Masked(None), None);
                }
                Facts::Request { invitee, ending, .. } => {
                    *invitee = Masked(None);
                    if let Some(RequestEnding::Denied { reason, .. }) = ending {
                        *reason = None;
                    }
                }
                Facts::Suppression { invitee, .. } => *invitee = Masked(None),
                Facts::Member { email: Some(email), .. } => *email = Masked(None),
                _ => {}
            }
        }
    }
}

/// Somebody of whom the log shows the masked address, or the id (PRI-4), or that they were erased. It is masked when it
/// is written.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked(Option<Invitee>);

impl From<Invitee> for Masked {
    fn from(invitee: Invitee) -> Self {
        Self(Some(invitee).filter(|invitee| !invitee.is_erased()))
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(invitee) => invitee.fmt(f),
            None => f.write_str("Invitee(erased)"),
        }
    }
}

impl Serialize for Masked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(invitee) => serializer.collect_str(invitee),
            None => serializer.serialize_str("erased"),
        }
    }
}

/// What the log tells of a row: no address in full, no nonce, no message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Facts {
    /// Of an organization.
    Organization {
        /// Its status.
        status: &'static str,
        /// Its plan.
        plan: Plan,
        /// Its settings.
        settings: Settings,
        /// Its verified domains.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        verified: BTreeMap<Domain, VerifiedDomain>,
    },
    /// Of an invitation.
    Invitation {
        /// The invitee, masked.
        invitee: Masked,
        /// Whether it offers ownership.
        #[serde(skip_serializing_if = "Option::is_none")]
        ownership: Option<InvitationKind>,
        /// What it grants.
        grants: Grants,
        /// Who invited.
        inviter: Actor,
        /// Its stored state.
        state: &'static str,
        /// How it ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        ending: Option<Ending>,
        /// When it begins, if later than it was made.
        #[serde(skip_serializing_if = "Option::is_none")]
        starts_at: Option<DateTime<Utc>>,
        /// When it ends by itself.
        expires_at: Expiry,
        /// How often it was resent.
        revision: u32,
        /// The seat class that it reserves.
        #[serde(skip_serializing_if = "Option::is_none")]
        seat: Option<SeatClass>,
        /// Whether it is mailed.
        mailed: bool,
        /// The page that it leads on to, without what stands behind the path: that may be about the invitee.
        #[serde(skip_serializing_if = "Option::is_none")]
        continue_to: Option<String>,
    },
    /// Of a member.
    Member {
        /// Their status, unless they are active.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'static str>,
        /// The address they joined with, masked.
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<Masked>,
        /// What they hold.
        grants: Grants,
        /// The seat class they take.
        #[serde(skip_serializing_if = "Option::is_none")]
        seat: Option<SeatClass>,
    },
    /// Of a group.
    Group {
        /// Its status.
        status: &'static str,
        /// Its settings.
        settings: GroupSettings,
        /// Who created it.
        creator: Actor,
    },
    /// Of an invite link.
    Link {
        /// Its settings.
        settings: LinkSettings,
        /// How often the settings were changed.
        revision: u32,
        /// Whether it is switched on.
        switch: Switch,
        /// Who answers for it.
        creator: Actor,
        /// How many joined by it.
        uses: u32,
        /// How it ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        ending: Option<LinkEnding>,
    },
    /// Of a join request.
    Request {
        /// By which way it was made.
        way: RequestWay,
        /// Who would join, masked.
        invitee: Masked,
        /// Who asks, or proposes.
        by: UserId,
        /// What it would grant.
        grants: Grants,
        /// Its stored state.
        state: &'static str,
        /// How it ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        ending: Option<RequestEnding>,
        /// When it ends by itself.
        expires_at: DateTime<Utc>,
    },
    /// Of a suppression.
    Suppression {
        /// The invitee, masked.
        invitee: Masked,
        /// What is not wanted.
        kind: &'static str,
    },
}

impl From<&Organization> for Facts {
    fn from(organization: &Organization) -> Self {
        Self::Organization {
            status: organization.status.as_str(),
            plan: organization.plan.clone(),
            settings: organization.settings.clone(),
            verified: organization.verified.clone(),
        }
    }
}

impl From<&Invitation> for Facts {
    fn from(invitation: &Invitation) -> Self {
        Self::Invitation {
            invitee: invitation.invitee.clone().into(),
            ownership: (invitation.kind != InvitationKind::Membership).then(|| invitation.kind.clone()),
            grants: invitation.grants.clone(),
            inviter: invitation.inviter.clone(),
            state: invitation.stored_state().as_str(),
            ending: invitation.ended.as_ref().map(|(ending, _)| ending.clone()),
            starts_at: invitation.starts_at,
            expires_at: invitation.expires_at,
            revision: invitation.revision,
            seat: invitation.seat.clone(),
            mailed: invitation.mail_to.is_some(),
            continue_to: invitation.continue_to.as_deref().map(|url| page_of(url).into()),
        }
    }
}

impl From<&Group> for Facts {
    fn from(group: &Group) -> Self {
        Self::Group {
            status: group.status.as_str(),
            settings: group.settings.clone(),
            creator: group.creator.clone(),
        }
    }
}

impl From<&InviteLink> for Facts {
    fn from(link: &InviteLink) -> Self {
        Self::Link {
            settings: link.settings.clone(),
            revision: link.revision,
            switch: link.switch,
            creator: link.creator.clone(),
            uses: link.uses,
            ending: link.ended.map(|(ending, _)| ending),
        }
    }
}

impl From<&JoinRequest> for Facts {
    fn from(request: &JoinRequest) -> Self {
        Self::Request {
            way: request.way.clone(),
            invitee: request.invitee.clone().into(),
            by: request.by.clone(),
            grants: request.grants.clone(),
            state: request.stored_state().as_str(),
            ending: request.ended.as_ref().map(|(ending, _)| ending.clone()),
            expires_at: request.expires_at,
        }
    }
}

impl From<&Member> for Facts {
    fn from(member: &Member) -> Self {
        Self::Member {
            status: (!member.is_active()).then(|| member.status.as_str()),
            email: member.email.clone().map(|email| Invitee::Address(email).into()),
            grants: member.grants.clone(),
            seat: member.seat.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn what_is_masked_shows_a_mask_or_an_id_pri_4() {
        for (invitee, shown) in [
            (Invitee::Address(address("bob@example.com")), "Invitee(b…@example.com)"),
            (Invitee::User(user("bob")), "Invitee(bob)"),
        ] {
            assert_eq!(format!("{:?}", Masked::from(invitee)), shown);
        }
    }
}
