//! Who blocks whom, and who is forgotten: what speaks against it, and what comes of it. How much is erased in a step is up
//! to the store, so it is taken as it is shown, if that is what should come of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use invite::core::{Erased, Invitee, Principal, RequestState, SuppressionKind};
use invite::{Invitation, InvitationId, InvitationState, OrganizationStatus, RequestId};

use super::super::cast::RETENTION;
use super::super::command::Command;
use super::super::snapshot::Snapshot;
use super::super::violation::{Checked, holds};
use super::{Reference, Request, names};

impl Reference {
    /// Whether an inviter is told that somebody is not to be invited: of an address nobody is told that whoever has it
    /// blocks everybody (PRI-2).
    pub(super) fn refuses(&self, name: &Invitee) -> bool {
        let blocks = |kind| self.unwilling.contains(&(name.clone(), kind));
        blocks(SuppressionKind::Invitations) || name.user().is_some() && blocks(SuppressionKind::Everywhere)
    }

    /// Whether nothing is shown to somebody, by this name.
    pub(super) fn is_blocked_by(&self, name: &Invitee) -> bool {
        let kinds = [SuppressionKind::Invitations, SuppressionKind::Everywhere];
        kinds.iter().any(|kind| self.unwilling.contains(&(name.clone(), *kind)))
    }

    /// What waits for somebody of these names, unless they do not want to see it (E5, F11, F14).
    pub(in super::super) fn waiting(
        &self,
        names: &BTreeSet<Invitee>,
        clock: DateTime<Utc>,
        unless_blocked: bool,
    ) -> BTreeSet<InvitationId> {
        let hidden = unless_blocked && names.iter().any(|name| self.is_blocked_by(name));
        let hidden = hidden || self.status != OrganizationStatus::Active;
        let rows = self.live(clock).filter(|(_, row)| !hidden && names.contains(&row.invitee));
        rows.filter(|(_, row)| row.start(clock) <= clock).map(|(id, _)| *id).collect()
    }

    /// What is taken back of somebody whom the host deleted: invitations, begun or not, and requests by them or for them.
    pub(in super::super) fn pending_of(
        &self,
        principal: &Principal,
        now: DateTime<Utc>,
    ) -> (Vec<InvitationId>, Vec<RequestId>) {
        let names = principal.invitees().collect::<BTreeSet<_>>();
        let invitations = self.live(now).filter(|(_, row)| names.contains(&row.invitee));
        let theirs = |row: &Request| row.by == *principal.user() || names.contains(&row.invitee);
        let pending = |row: &Request| row.state_at(now) == RequestState::Pending;
        let requests = self.requests.iter().filter(|(_, row)| theirs(row) && pending(row));
        (invitations.map(|(id, _)| *id).collect(), requests.map(|(id, _)| *id).collect())
    }

    /// No organization may invite them any more, or all may again but those that were blocked one by one.
    pub(in super::super) fn block_everywhere(&mut self, names: &BTreeSet<Invitee>, blocked: bool) -> usize {
        let before = self.unwilling.len();
        for name in names {
            let block = (name.clone(), SuppressionKind::Everywhere);
            match blocked {
                true => _ = self.unwilling.insert(block),
                false => _ = self.unwilling.remove(&block),
            }
        }
        before.abs_diff(self.unwilling.len())
    }

    /// All names of whoever is named: a member's user and address bring one another.
    pub(in super::super) fn names_of(&self, person: &BTreeSet<Invitee>) -> BTreeSet<Invitee> {
        let mut all = person.clone();
        loop {
            let known = all.iter().filter_map(|name| self.member_of(name));
            let known = known.flat_map(|(user, member)| names(user, member.email.as_ref()));
            let more = known.collect::<BTreeSet<_>>();
            if more.is_subset(&all) {
                return all;
            }
            all.extend(more);
        }
    }

    /// PRI-6: of what is erased nothing tells whom it was for; of the rest of it all stays.
    pub(super) fn erased(
        &mut self,
        command: &Command,
        told: &Erased,
        after: &Snapshot,
        now: DateTime<Utc>,
    ) -> Checked {
        let Command::Erase(erase) = command else { return Ok(()) };
        let names = self.names_of(erase.person());
        let theirs = self.invitations.iter().filter(|(_, row)| names.contains(&row.invitee));
        let theirs = theirs.map(|(id, _)| *id).collect::<Vec<_>>();
        let gone = theirs.iter().filter(|id| after.invitations.get(id).is_some_and(is_erased)).copied();
        let gone = gone.collect::<Vec<_>>();
        let open = gone.iter().filter(|id| self.invitations.get(id).is_some_and(|row| row.ended.is_none()));
        // That one expired is perhaps written down already.
        holds!(open.count() >= told.ended, "PRI-6", "{told:?}, and less was open");
        holds!(gone.len() == told.invitations, "PRI-6", "{told:?}, and erased are {gone:?}");
        for id in &gone {
            if let Some(row) = self.invitations.get_mut(id).filter(|row| row.ended.is_none()) {
                row.ended = Some(match row.is_live(now) {
                    true => InvitationState::Revoked,
                    false => InvitationState::Expired,
                });
            }
            self.forget(*id);
        }
        let requests = self.forget_requests(after, |row| row.is_of(&names))?;
        holds!(requests == told.requests, "PRI-6", "{told:?}, and {requests} requests are erased");
        if told.more {
            return Ok(());
        }
        holds!(
            gone.len() == theirs.len(),
            "PRI-6",
            "there is no more, and {gone:?} of {theirs:?} are erased"
        );
        for user in names.iter().filter_map(Invitee::user) {
            if let Some(member) = self.members.get_mut(user) {
                member.email = None;
            }
        }
        let left = self.requests.values().any(|row| row.is_of(&names));
        holds!(!left, "PRI-6", "there is no more, and a request tells of {names:?} still");
        let everywhere = |kind: &SuppressionKind| *kind == SuppressionKind::Everywhere;
        if erase.drops_blocks() {
            self.unwilling.retain(|(name, kind)| !names.contains(name) || everywhere(kind));
        }
        Ok(())
    }

    fn forget(&mut self, id: InvitationId) {
        if let Some(row) = self.invitations.get_mut(&id) {
            row.invitee = Invitee::Erased(id.as_uuid());
            row.mail_to = None;
            row.continue_to = None;
        }
    }

    /// Forgets the requests that were erased, each of which may be; how many these were.
    fn forget_requests(&mut self, after: &Snapshot, may: impl Fn(&Request) -> bool) -> Checked<usize> {
        let mut count = 0;
        for (id, row) in self.requests.iter_mut().filter(|(_, row)| !row.invitee.is_erased()) {
            let Some(shown) = after.requests.get(id).filter(|shown| shown.invitee.is_erased()) else {
                continue;
            };
            holds!(may(row), "PRI-6", "{row:?} was erased");
            (row.invitee, row.email) = (Invitee::Erased(id.as_uuid()), None);
            let ended = shown.ended.as_ref().map(|(ending, _)| ending.state());
            row.ended = row.ended.or(ended);
            count += 1;
        }
        Ok(count)
    }

    /// What ended as long ago as invitations are kept, and names somebody still.
    pub(super) fn overdue<'a>(
        &'a self,
        after: &'a Snapshot,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = &'a Invitation> {
        let is_set = after.organization.erased_until(now, None).is_some();
        let over = move |row: &&Invitation| {
            !row.invitee.is_erased() && row.ended.as_ref().is_some_and(|(_, at)| *at + RETENTION <= now)
        };
        after.invitations.values().filter(move |row| is_set && over(row))
    }

    /// PRI-6: erases what was erased of that; how many these were.
    pub(super) fn erase_overdue(&mut self, after: &Snapshot, now: DateTime<Utc>) -> Checked<usize> {
        let named = self.invitations.iter().filter(|(_, row)| !row.invitee.is_erased()).map(|(id, _)| *id);
        let gone = named.filter(|id| after.invitations.get(id).is_some_and(is_erased)).collect::<Vec<_>>();
        for id in &gone {
            let row = after.invitations.get(id);
            let over =
                row.is_some_and(|row| row.ended.as_ref().is_some_and(|(_, at)| *at + RETENTION <= now));
            let is_set = after.organization.erased_until(now, None).is_some();
            holds!(over && is_set, "PRI-6", "{row:?} was erased too early");
            // An expired one was written down before.
            if let Some(row) = self.invitations.get_mut(id).filter(|row| row.ended.is_none()) {
                row.ended = Some(InvitationState::Expired);
            }
            self.forget(*id);
        }
        // One that expired was written down before.
        let is_set = after.organization.erased_until(now, None).is_some();
        let long_ago = |row: &Request| is_set && row.state_at(now) != RequestState::Pending;
        Ok(gone.len() + self.forget_requests(after, long_ago)?)
    }
}

fn is_erased(row: &Invitation) -> bool {
    row.invitee.is_erased()
}
