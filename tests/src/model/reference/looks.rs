//! What tokens are, what links show, and which mails may go out.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use invite::core::{Invitee, Purpose, SuppressionKind, Verdict};
use invite::{
    Actor, EmailAddress, GroupStatus, InvitationId, InvitationKind, InvitationState, OrganizationStatus,
};

use super::super::command::Issued;
use super::super::violation::{Checked, holds};
use super::{Reference, Why, age, reason};

impl Reference {
    /// What a token is (TOK-5, LIF-2).
    pub(super) fn verdict(&self, issued: &Issued, organization: &str) -> Verdict {
        let Some(row) = self.invitations.get(&issued.invitation()) else { return Verdict::Unknown };
        let purpose = issued.token.purpose();
        let mailed = match row.kind {
            InvitationKind::Membership => Purpose::Mailed,
            InvitationKind::Ownership { .. } => Purpose::Ownership,
        };
        let fits = purpose == mailed || purpose == Purpose::Copied;
        if !fits || issued.token.organization().as_str() != organization {
            return Verdict::Unknown;
        }
        age(row.revision, issued)
    }

    /// What a link shows: the state, unless the organization does not work or a newer mail was sent (LNK-1).
    pub(in super::super) fn shown(
        &self,
        issued: &Issued,
        organization: &str,
        now: DateTime<Utc>,
    ) -> Option<&'static str> {
        if issued.token.purpose() == Purpose::Link {
            return self.link_shown(issued, now);
        }
        let row = self.invitations.get(&issued.invitation())?;
        let state = row.state_at(now);
        let nowhere = state == InvitationState::Pending
            && !self.against_groups(&self.without_closed(&row.grants).0).is_empty();
        let early = state == InvitationState::Pending && row.start(now) > now;
        match (self.verdict(issued, organization), self.status) {
            (Verdict::Unknown, _) => None,
            (Verdict::Superseded, _) => Some("superseded"),
            (Verdict::Current, OrganizationStatus::Active) if early && !nowhere => Some("not_yet"),
            (Verdict::Current, OrganizationStatus::Active) if !nowhere => Some(state.as_str()),
            (Verdict::Current, _) => Some("no_longer_valid"),
        }
    }

    /// What speaks against showing somebody the link of an invitation.
    pub(in super::super) fn against_copying(&self, id: InvitationId, by: &Actor, now: DateTime<Utc>) -> Why {
        let mut why = self.open();
        why.extend(self.against_reminding(id, by, now));
        why.remove("no-mail");
        why.remove("not-yet");
        let row = self.invitations.get(&id).filter(|row| row.kind == InvitationKind::Membership);
        let lacks = row.is_some_and(|row| !self.holder(by).may_grant(&self.model, &row.grants));
        why.extend(reason("not-grantable", lacks));
        why
    }

    /// Who is not to be invited, or not to be mailed, by now.
    pub(in super::super) fn unwilling(&self) -> &BTreeSet<(Invitee, SuppressionKind)> {
        &self.unwilling
    }

    /// A mail for an invitation was handed over.
    pub(in super::super) fn mailed(
        &mut self,
        id: InvitationId,
        to: &EmailAddress,
        clock: DateTime<Utc>,
    ) -> Checked<u32> {
        let row = self.invitations.get(&id);
        holds!(row.is_some(), "MAI-7", "a mail was sent for an unknown invitation {id}");
        let Some(row) = row else { return Ok(0) };
        let stops = [SuppressionKind::Invitations, SuppressionKind::Mail, SuppressionKind::Everywhere];
        let unwilling = stops.map(|kind| (row.invitee.clone(), kind));
        let unwilling = unwilling.iter().any(|one| self.unwilling.contains(one));
        holds!(row.is_live(clock) && !unwilling, "MAI-7", "an unwanted mail was sent for {row:?}");
        holds!(row.start(clock) <= clock, "F14", "a mail was sent before the beginning of {row:?}");
        holds!(row.mail_to.as_ref() == Some(to), "IDN-6", "a mail was sent elsewhere for {row:?}");
        holds!(self.status == OrganizationStatus::Active, "LIF-8", "a mail was sent while {:?}", self.status);
        let groups = self.groups_of(&row.grants).map(|(_, group)| group.status).collect::<Vec<_>>();
        let archived = groups.contains(&GroupStatus::Archived);
        let gone = groups.len() == row.grants.len() && groups.iter().all(|is| *is == GroupStatus::Closed);
        holds!(!archived && !gone, "LIF-8", "a mail was sent for {row:?} to {groups:?}");
        let revision = row.revision;
        if let Some(row) = self.invitations.get_mut(&id) {
            row.mailed = row.mailed.max(Some(clock));
        }
        Ok(revision)
    }
}
