//! Members who are suspended: what speaks against it, and what comes of it.

use chrono::{DateTime, Utc};
use invite::core::Invitee;
use invite::{Actor, InvitationState, MemberStatus, Permission, TheirInvitations, UserId};

use super::make::Fates;
use super::{Held, Reference, Why, names, reason};

impl Reference {
    /// Whoever is suspended is restored before anything else is done with them (AUT-7).
    pub(super) fn against_suspended(&self, invitee: &Invitee) -> Why {
        reason("member-suspended", self.member_of(invitee).is_some_and(|(_, member)| !member.is_active()))
    }

    fn against_managing_member(&self, member: &Held, by: &Actor) -> Why {
        let by = self.holder(by);
        match member.grants.is_owner() {
            true => reason("owner-protected", !by.is_owner()),
            false => by.lacks_authority(&self.model, &Permission::REMOVE, &member.grants, false),
        }
    }

    pub(super) fn against_suspending(&self, user: &UserId, by: &Actor) -> Why {
        let Some(member) = self.members.get(user) else { return Why::from(["unknown-member"]) };
        let mut why = self.against_managing_member(member, by);
        why.extend(reason("member-suspended", !member.is_active()));
        let last = member.is_active() && member.grants.is_owner() && self.owners() == 1;
        why.extend(reason("last-owner", last));
        why
    }

    pub(super) fn against_restoring(&self, user: &UserId, by: &Actor) -> Why {
        let Some(member) = self.members.get(user) else { return Why::from(["unknown-member"]) };
        let mut why = self.against_managing_member(member, by);
        let lacks = !member.grants.is_owner() && !self.holder(by).may_grant(&self.model, &member.grants);
        why.extend(reason("not-grantable", lacks));
        why.extend(reason("member-active", member.is_active()));
        why
    }

    pub(super) fn suspend(
        &mut self,
        user: &UserId,
        by: &Actor,
        theirs: TheirInvitations,
        now: DateTime<Utc>,
    ) -> Fates {
        let Some(member) = self.members.get_mut(user) else { return Fates::default() };
        member.status = MemberStatus::Suspended;
        for name in names(user, member.email.clone().as_ref()) {
            self.end_all(InvitationState::Revoked, now, |row| row.invitee == name);
            self.settle_requests(&name, now, |_| true);
        }
        self.settle_sent(user, by, theirs, now)
    }

    pub(super) fn restore(&mut self, user: &UserId) {
        if let Some(member) = self.members.get_mut(user) {
            member.status = MemberStatus::Active;
        }
    }
}
