//! Tidying: what was decided before is written down a few rows at a time. Which rows is up to the store, so they are
//! taken as they are shown, if that is what should come of them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use invite::core::{DomainJoining, Ending, Invitee, RequestState, Tidied, VerifiedDomain};
use invite::{Grants, GroupId, InvitationState, LinkEnding, OrganizationStatus, Scope};

use super::super::snapshot::Snapshot;
use super::super::violation::{Checked, holds};
use super::groups::without;
use super::{Reference, names};

impl Reference {
    /// What names the first of the groups that wait, and what is open in a closed organization (LIF-8, LIF-10).
    pub(super) fn tidied(&mut self, tidied: &Tidied, after: &Snapshot, now: DateTime<Utc>) -> Checked {
        let before = self.clone();
        let group = self.closing.first().cloned();
        if let Some(group) = &group {
            self.take_out_of_links(group, after);
            let scope = Scope::Group(group.clone());
            for set in self.verified.values_mut() {
                let left = without(set.grants(), &scope);
                *set = match set.joining() {
                    DomainJoining::Directly => VerifiedDomain::joins(left),
                    DomainJoining::ByRequest => VerifiedDomain::asks(left),
                };
            }
            self.verified.retain(|_, set| !set.grants().is_empty());
        }
        let gone = group.as_ref().map(|group| self.take_out_of_members(group, after)).unwrap_or_default();
        self.end_invitations(group.as_ref(), &gone, after, now);
        if self.status == OrganizationStatus::Closed {
            for (id, link) in self.links.iter_mut().filter(|(_, link)| link.ended.is_none()) {
                let ended = after.links.get(id).and_then(|row| row.ended);
                link.ended =
                    ended.map(|(ending, _)| ending).filter(|is| *is == LinkEnding::OrganizationClosed);
            }
        }
        let closed = self.status == OrganizationStatus::Closed;
        let asks_only_for =
            |grants: &Grants| group.is_some() && grants.scopes().all(|scope| scope.group() == group.as_ref());
        for (id, row) in &mut self.requests {
            let ended = after.requests.get(id).and_then(|row| row.ended.as_ref());
            let settled = ended.is_some_and(|(ending, _)| ending.state() == RequestState::Settled);
            if settled
                && row.state_at(now) == RequestState::Pending
                && (closed || gone.contains(&row.invitee) || asks_only_for(&row.grants))
            {
                row.ended = Some(RequestState::Settled);
            }
        }
        let erased = self.erase_overdue(after, now)?;
        holds!(erased == tidied.erased, "PRI-6", "{erased} were erased, and told is {tidied:?}");
        if let Some(group) = group.filter(|group| !after.organization.closing.contains(group)) {
            self.closing.remove(&group);
        }
        let did = tidied.ended + tidied.settled + tidied.requests > 0 || self.closing != before.closing;
        holds!(did || before.closing.is_empty(), "LIF-10", "{tidied:?}, and {:?} wait", before.closing);
        if !tidied.more {
            let closed = self.status == OrganizationStatus::Closed;
            let open = after.invitations.values().filter(|row| row.ended.is_none());
            let due = open.filter(|row| closed || row.state_at(now) != InvitationState::Pending).count();
            let links = after.links.values().filter(|row| closed && row.ended.is_none()).count();
            let open = after.requests.values().filter(|row| row.ended.is_none());
            let requests = open.filter(|row| closed || row.expires_at <= now).count();
            let closing = &after.organization.closing;
            let overdue = self.overdue(after, now).count();
            let left = (due, links, requests, overdue, closing);
            let none = due + links + requests + overdue == 0 && closing.is_empty();
            holds!(none, "LIF-8", "there is no more, and {left:?} are left");
        }
        Ok(())
    }

    fn take_out_of_links(&mut self, group: &GroupId, after: &Snapshot) {
        let scope = Scope::Group(group.clone());
        let kept = self.links.iter_mut().filter(|(_, link)| link.ended.is_none());
        for (id, link) in kept.filter(|(_, link)| link.settings.grants().access(&scope).is_some()) {
            let left = without(link.settings.grants(), &scope);
            let Some(shown) = after.links.get(id) else { continue };
            let ended = shown.ended.map(|(ending, _)| ending);
            if left.is_empty() && ended == Some(LinkEnding::GroupClosed) {
                link.ended = ended;
            } else if !left.is_empty() && *shown.settings.grants() == left {
                link.settings = shown.settings.clone();
                link.revision += 1;
            }
        }
    }

    /// The names of members who held nothing else.
    fn take_out_of_members(&mut self, group: &GroupId, after: &Snapshot) -> BTreeSet<Invitee> {
        let scope = Scope::Group(group.clone());
        let mut gone = BTreeSet::new();
        self.members.retain(|user, member| {
            if member.grants.access(&scope).is_none() {
                return true;
            }
            let left = without(&member.grants, &scope);
            match after.members.get(user) {
                None if left.is_empty() => {
                    gone.extend(names(user, member.email.as_ref()));
                    return false;
                }
                Some(shown) if shown.grants == left => member.grants = left,
                _ => {}
            }
            true
        });
        gone
    }

    fn end_invitations(
        &mut self,
        group: Option<&GroupId>,
        gone: &BTreeSet<Invitee>,
        after: &Snapshot,
        now: DateTime<Utc>,
    ) {
        let closed = self.status == OrganizationStatus::Closed;
        let live = self.live(now).map(|(id, row)| (*id, row.clone())).collect::<Vec<_>>();
        for (id, before) in live {
            let Some(shown) = after.invitations.get(&id) else { continue };
            let scope = group.map(|group| Scope::Group(group.clone()));
            let scope = scope.filter(|scope| before.grants.access(scope).is_some());
            let left = scope.map(|scope| without(&before.grants, &scope));
            let is_member = |left: &Grants| self.holds_all(&before.invitee, left);
            let nothing = left.as_ref().is_some_and(|left| left.is_empty() || is_member(left));
            let Some(row) = self.invitations.get_mut(&id) else { continue };
            if let Some(left) = left.filter(|left| !left.is_empty() && shown.grants == *left) {
                row.grants = left;
            }
            let revoked = matches!(shown.ended, Some((Ending::Revoked { .. }, _)));
            if revoked && (closed || nothing || gone.contains(&row.invitee)) {
                row.ended = Some(InvitationState::Revoked);
            }
        }
    }
}
