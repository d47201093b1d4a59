//! The fold: what a fact makes of the rows. Total: it never fails, and a row that is not there stays away.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use crate::{
    Actor, Counts, EARLIER_NONCES, Event, Facts, Group, GroupId, GroupStatus, Invitation, InvitationId,
    InviteLink, Invitee, JoinRequest, LimitSubject, LinkId, Member, MemberStatus, Nonce, Organization,
    OrganizationStatus, Rate, RequestEnding, RequestId, RequestWay, RevokedBecause, SeatClass,
    SuppressionKind, UserId,
};

use super::draft::{Draft, Undo};
use super::event::About;

impl Draft {
    /// Folds a fact into the rows, counters included.
    pub(super) fn apply(&mut self, event: Event, at: DateTime<Utc>) {
        match event {
            Event::OrganizationCreated { plan, settings } => {
                let organization = Organization {
                    id: self.slice.id().clone(),
                    status: OrganizationStatus::Active,
                    plan,
                    settings,
                    counts: Counts::default(),
                    closing: BTreeSet::new(),
                    suspended_by: None,
                    verified: BTreeMap::new(),
                    version: 0,
                    created_at: at,
                    last_at: at,
                };
                self.set_organization(Some(organization));
            }
            Event::OrganizationSuspended => {
                let by = self.actor.clone();
                self.set_status(OrganizationStatus::Suspended, Some(by));
            }
            Event::OrganizationResumed => self.set_status(OrganizationStatus::Active, None),
            Event::OrganizationClosed => self.set_status(OrganizationStatus::Closed, None),
            Event::PlanChanged { plan } => self.change_organization(|row| row.plan = plan),
            Event::SettingsChanged { settings } => {
                self.change_organization(|row| row.settings = settings);
            }
            Event::VerifiedDomainsChanged { verified } => {
                self.change_organization(|row| row.verified = verified);
            }
            Event::InvitationCreated { invitation } | Event::Included { invitation } => {
                self.spend(invitation.inviter.user(), at);
                self.slice.mailed.insert_new(invitation.id, || None);
                self.set_invitation(invitation.id, Some(invitation));
            }
            Event::InvitationEdited { id, grants, expires_at, continue_to } => {
                self.change_invitation(id, |row| {
                    row.grants = grants;
                    row.expires_at = expires_at;
                    row.continue_to = continue_to;
                })
            }
            Event::InvitationResent { id, nonce, expires_at } => {
                self.spend_by_actor(at);
                self.change_invitation(id, |row| {
                    supersede(&mut row.nonce, &mut row.earlier_nonces, nonce);
                    row.expires_at = expires_at;
                    row.revision = row.revision.saturating_add(1);
                    row.ended = None;
                });
                self.set_mailed(id, None);
            }
            Event::InvitationReminded { .. } => self.spend_by_actor(at),
            Event::SeatReserved { id, seat } => self.change_invitation(id, |row| row.seat = seat),
            Event::InvitationHandedOver { id, to } => {
                self.change_invitation(id, |row| row.inviter = to);
            }
            Event::InvitationEnded { id, ending, .. } => {
                self.change_invitation(id, |row| row.ended = Some((ending, at)));
            }
            Event::MemberJoined { member } => {
                self.set_member(member.user.clone(), Some(member));
            }
            Event::MemberAccessEnded { user, grants, .. } if grants.is_empty() => self.set_member(user, None),
            Event::MemberAccessChanged { user, grants, seat }
            | Event::MemberAccessEnded { user, grants, seat } => self.change_member(&user, |row| {
                row.grants = grants;
                row.seat = seat;
            }),
            Event::MemberRemoved { user } => self.set_member(user, None),
            Event::MemberLeft { user } => {
                self.set_member(user.clone(), None);
                self.set_suppression(Invitee::User(user), SuppressionKind::Inclusion, Some(at));
            }
            Event::MemberSuspended { user } => self.change_member(&user, |row| {
                row.status = MemberStatus::Suspended;
                row.seat = None;
            }),
            Event::MemberRestored { user, seat } => self.change_member(&user, |row| {
                row.status = MemberStatus::Active;
                row.seat = seat;
            }),
            Event::GroupCreated { group } => self.set_group(group.id.clone(), Some(group)),
            Event::GroupChanged { id, settings } => self.change_group(&id, |row| row.settings = settings),
            Event::GroupArchived { id } => self.change_group(&id, |row| row.status = GroupStatus::Archived),
            Event::GroupRestored { id } => self.change_group(&id, |row| row.status = GroupStatus::Active),
            Event::GroupClosed { id } => {
                self.change_group(&id, |row| row.status = GroupStatus::Closed);
                self.change_organization(|row| _ = row.closing.insert(id));
            }
            Event::GroupSettled { id } => self.change_organization(|row| _ = row.closing.remove(&id)),
            Event::LinkCreated { link } => self.set_link(link.id, Some(link)),
            Event::LinkEdited { id, settings } => self.change_link(id, |row| {
                row.settings = settings;
                row.revision = row.revision.saturating_add(1);
            }),
            Event::LinkSwitched { id, switch } => self.change_link(id, |row| row.switch = switch),
            Event::LinkRefreshed { id, nonce } => {
                self.change_link(id, |row| supersede(&mut row.nonce, &mut row.earlier_nonces, nonce));
            }
            Event::LinkUsed { id, .. } => {
                self.change_link(id, |row| row.uses = row.uses.saturating_add(1));
            }
            Event::LinkHandedOver { id, to } => self.change_link(id, |row| row.creator = to),
            Event::LinkEnded { id, ending } => self.change_link(id, |row| row.ended = Some((ending, at))),
            Event::RequestMade { request } => {
                self.spend_asking(&request.way, &request.by, at);
                self.set_request(request.id, Some(request));
            }
            Event::RequestEnded { id, ending } => {
                self.change_request(id, |row| row.ended = Some((ending, at)));
            }
            Event::Suppressed { invitee, kind } => self.set_suppression(invitee, kind, Some(at)),
            Event::Unsuppressed { invitee, kind } | Event::SuppressionErased { invitee, kind } => {
                self.set_suppression(invitee, kind, None);
            }
            Event::InvitationErased { id } => self.change_invitation(id, |row| {
                row.invitee = Invitee::Erased(id.as_uuid());
                row.name = None;
                row.mail_to = None;
                row.message = None;
                row.locale = None;
                row.metadata.clear();
                row.continue_to = None;
            }),
            Event::RequestErased { id } => self.change_request(id, |row| {
                row.invitee = Invitee::Erased(id.as_uuid());
                row.email = None;
                row.name = None;
                row.message = None;
                if let Some((RequestEnding::Denied { reason, .. }, _)) = &mut row.ended {
                    *reason = None;
                }
            }),
            Event::MemberErased { user } => self.change_member(&user, |row| {
                row.email = None;
                row.metadata.clear();
            }),
        }
    }

    /// What the log tells of a row, as it is now.
    pub(super) fn facts(&self, about: &About) -> Option<Box<Facts>> {
        let facts = match about {
            About::Organization => self.slice.organization.as_ref().map(Facts::from),
            About::Invitation(id) => self.slice.invitations.get(id)?.as_deref().map(Facts::from),
            About::Member(user) => self.slice.members.get(user)?.as_deref().map(Facts::from),
            About::Nothing => None,
            About::Group(id) => self.slice.groups.get(id)?.as_deref().map(Facts::from),
            About::Link(id) => self.slice.links.get(id)?.as_deref().map(Facts::from),
            About::Request(id) => self.slice.requests.get(id)?.as_deref().map(Facts::from),
            About::Suppression(invitee, kind) => {
                let held = self.slice.addressed.get(invitee)?.suppressions.contains_key(kind);
                held.then(|| Facts::Suppression { invitee: invitee.clone().into(), kind: kind.as_str() })
            }
        };
        facts.map(Box::new)
    }

    fn set_status(&mut self, status: OrganizationStatus, suspended_by: Option<Actor>) {
        self.change_organization(|row| (row.status, row.suspended_by) = (status, suspended_by));
    }

    fn change_organization(&mut self, change: impl FnOnce(&mut Organization)) {
        if let Some(mut row) = self.slice.organization.clone() {
            change(&mut row);
            self.set_organization(Some(row));
        }
    }

    fn change_invitation(&mut self, id: InvitationId, change: impl FnOnce(&mut Invitation)) {
        if let Some(row) = self.slice.invitations.changed(&id, change) {
            self.set_invitation(id, Some(row));
        }
    }

    fn change_member(&mut self, user: &UserId, change: impl FnOnce(&mut Member)) {
        if let Some(row) = self.slice.members.changed(user, change) {
            self.set_member(user.clone(), Some(row));
        }
    }

    fn change_group(&mut self, id: &GroupId, change: impl FnOnce(&mut Group)) {
        if let Some(row) = self.slice.groups.changed(id, change) {
            self.set_group(id.clone(), Some(row));
        }
    }

    fn change_link(&mut self, id: LinkId, change: impl FnOnce(&mut InviteLink)) {
        if let Some(row) = self.slice.links.changed(&id, change) {
            self.set_link(id, Some(row));
        }
    }

    fn change_request(&mut self, id: RequestId, change: impl FnOnce(&mut JoinRequest)) {
        if let Some(row) = self.slice.requests.changed(&id, change) {
            self.set_request(id, Some(row));
        }
    }

    /// Counts one request against the limit on rate of whoever asks (ABU-1). Strangers who ask do not use up what
    /// the organization may send.
    fn spend_asking(&mut self, way: &RequestWay, by: &UserId, at: DateTime<Utc>) {
        let Some(row) = &self.slice.organization else { return };
        if let (subject, Some(rate)) = row.plan.rate_of(way, by) {
            self.spend_one(subject, rate, at);
        }
    }

    fn spend_by_actor(&mut self, at: DateTime<Utc>) {
        let user = self.actor.user().cloned();
        self.spend(user.as_ref(), at);
    }

    /// Counts one mail-worthy act against the limits on rate that the plan sets (ABU-1).
    fn spend(&mut self, inviter: Option<&UserId>, at: DateTime<Utc>) {
        let Some(row) = &self.slice.organization else { return };
        let rates = (row.plan.organization_rate, row.plan.inviter_rate);
        if let Some(rate) = rates.0 {
            self.spend_one(LimitSubject::Organization, rate, at);
        }
        if let (Some(rate), Some(inviter)) = (rates.1, inviter) {
            self.spend_one(LimitSubject::Inviter(inviter.clone()), rate, at);
        }
    }

    fn spend_one(&mut self, subject: LimitSubject, rate: Rate, at: DateTime<Utc>) {
        let kept = self.slice.limits.get(&subject).copied().flatten();
        let old = self.slice.limits.insert(subject.clone(), Some(rate.spent(kept, at)));
        self.undo.push(Undo::Limit(subject, old));
    }

    fn set_organization(&mut self, row: Option<Organization>) {
        let old = core::mem::replace(&mut self.slice.organization, row);
        self.undo.push(Undo::Organization(old.map(Box::new)));
    }

    fn set_mailed(&mut self, id: InvitationId, at: Option<DateTime<Utc>>) {
        let old = self.slice.mailed.insert(id, at);
        self.undo.push(Undo::Mailed(id, old));
    }

    fn set_member(&mut self, user: UserId, row: Option<Box<Member>>) {
        let old = self.swap_member(&user, Some(row));
        self.undo.push(Undo::Member(user, old));
    }

    fn set_invitation(&mut self, id: InvitationId, row: Option<Box<Invitation>>) {
        let old = self.swap_invitation(id, Some(row));
        self.undo.push(Undo::Invitation(id, old));
    }

    fn set_group(&mut self, id: GroupId, row: Option<Box<Group>>) {
        let old = self.swap_group(&id, Some(row));
        self.undo.push(Undo::Group(id, old));
    }

    fn set_link(&mut self, id: LinkId, row: Option<Box<InviteLink>>) {
        let old = self.swap_link(id, Some(row));
        self.undo.push(Undo::Link(id, old));
    }

    fn set_request(&mut self, id: RequestId, row: Option<Box<JoinRequest>>) {
        let old = self.swap_request(id, Some(row));
        self.undo.push(Undo::Request(id, old));
    }

    fn set_suppression(&mut self, invitee: Invitee, kind: SuppressionKind, at: Option<DateTime<Utc>>) {
        let old = self.swap_suppression(&invitee, kind, at);
        self.undo.push(Undo::Suppression(invitee, kind, old));
    }

    /// Takes back one step. The reverse of the `set_*` functions, index and counters included.
    pub(super) fn take_back(&mut self, step: Undo) {
        match step {
            Undo::Organization(old) => self.slice.organization = old.map(|row| *row),
            Undo::Member(user, old) => drop(self.swap_member(&user, old)),
            Undo::Invitation(id, old) => drop(self.swap_invitation(id, old)),
            Undo::Group(id, old) => drop(self.swap_group(&id, old)),
            Undo::Link(id, old) => drop(self.swap_link(id, old)),
            Undo::Request(id, old) => drop(self.swap_request(id, old)),
            Undo::Mailed(id, old) => _ = self.slice.mailed.swap(&id, old),
            Undo::Limit(subject, old) => _ = self.slice.limits.swap(&subject, old),
            Undo::Suppression(invitee, kind, old) => drop(self.swap_suppression(&invitee, kind, old)),
        }
    }

    fn swap_suppression(
        &mut self,
        invitee: &Invitee,
        kind: SuppressionKind,
        at: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        let of_invitee = &mut self.slice.addressed.get_mut(invitee)?.suppressions;
        match at {
            Some(at) => of_invitee.insert(kind, at),
            None => of_invitee.remove(&kind),
        }
    }

    /// Puts a group's row in place of another, and keeps the counter right.
    fn swap_group(&mut self, id: &GroupId, row: Option<Option<Box<Group>>>) -> Option<Option<Box<Group>>> {
        let counts = |row: Option<&Option<Box<Group>>>| {
            row.and_then(Option::as_deref).is_some_and(|row| row.status != GroupStatus::Closed)
        };
        let is = counts(row.as_ref());
        let old = self.slice.groups.swap(id, row);
        if let Some(organization) = &mut self.slice.organization {
            shift(&mut organization.counts.groups, counts(old.as_ref()), is);
        }
        old
    }

    /// Puts a link's row in place of another, and keeps the counter right.
    fn swap_link(
        &mut self,
        id: LinkId,
        row: Option<Option<Box<InviteLink>>>,
    ) -> Option<Option<Box<InviteLink>>> {
        let counts = |row: Option<&Option<Box<InviteLink>>>| {
            row.and_then(Option::as_deref).is_some_and(InviteLink::is_kept)
        };
        let is = counts(row.as_ref());
        let old = self.slice.links.swap(&id, row);
        if let Some(organization) = &mut self.slice.organization {
            shift(&mut organization.counts.links, counts(old.as_ref()), is);
        }
        old
    }

    /// Puts a request's row in place of another, and keeps the index by invitee and the counter right.
    fn swap_request(
        &mut self,
        id: RequestId,
        row: Option<Option<Box<JoinRequest>>>,
    ) -> Option<Option<Box<JoinRequest>>> {
        let asked = |row: Option<&Option<Box<JoinRequest>>>| {
            row.and_then(Option::as_deref).filter(|row| row.is_open()).map(|row| row.invitee.clone())
        };
        let named = |row: Option<&Option<Box<JoinRequest>>>| {
            row.and_then(Option::as_deref).into_iter().flat_map(JoinRequest::invitees).collect::<Vec<_>>()
        };
        let (is, is_named) = (asked(row.as_ref()), named(row.as_ref()));
        let old = self.slice.requests.swap(&id, row);
        let was = asked(old.as_ref());
        let slice = &mut self.slice;
        for name in named(old.as_ref()) {
            slice.past.get_mut(&name).map(|past| past.requests.remove(&id));
        }
        for name in is_named {
            slice.past.get_mut(&name).map(|past| past.requests.insert(id));
        }
        if let Some(of) = was.as_ref().and_then(|invitee| slice.asked.get_mut(invitee)) {
            of.remove(&id);
        }
        if let Some(invitee) = &is {
            if slice.nobody_asked {
                slice.asked.insert_new(invitee.clone(), BTreeSet::new);
            }
            if let Some(of) = slice.asked.get_mut(invitee) {
                of.insert(id);
            }
        }
        if let Some(organization) = &mut slice.organization {
            shift(&mut organization.counts.requests, was.is_some(), is.is_some());
        }
        old
    }

    /// Puts a member's row in place of another, and keeps the index by address and the counters right.
    fn swap_member(
        &mut self,
        user: &UserId,
        row: Option<Option<Box<Member>>>,
    ) -> Option<Option<Box<Member>>> {
        let new = row.as_ref().and_then(Option::as_deref);
        let new_email = new.and_then(|member| member.email.clone());
        let (new_seat, new_owner) =
            (new.and_then(|m| m.seat.clone()), new.is_some_and(Member::is_active_owner));
        let new_is_there = new.is_some();
        if let Some(email) = new_email.clone() {
            self.slice.by_address.insert(email, Some(user.clone()));
        }
        let old = self.slice.members.swap(user, row);
        let gone = old.as_ref().and_then(Option::as_deref);
        if let Some(email) =
            gone.and_then(|member| member.email.as_ref()).filter(|old| new_email.as_ref() != Some(old))
        {
            self.slice.by_address.insert(email.clone(), None);
        }
        if let Some(organization) = &mut self.slice.organization {
            let counts = &mut organization.counts;
            shift(&mut counts.members, gone.is_some(), new_is_there);
            shift(&mut counts.owners, gone.is_some_and(Member::is_active_owner), new_owner);
            let old_seat = gone.and_then(|member| member.seat.clone());
            if old_seat != new_seat {
                let seats = [(old_seat, true, false), (new_seat, false, true)];
                for (class, was, is) in seats {
                    shift_seat(counts, class, |count| shift(&mut count.used, was, is));
                }
            }
        }
        old
    }

    /// Puts an invitation's row in place of another, and keeps the index by invitee and the counters right.
    ///
    /// A class is reserved once for an invitee, however many of their invitations name it.
    fn swap_invitation(
        &mut self,
        id: InvitationId,
        row: Option<Option<Box<Invitation>>>,
    ) -> Option<Option<Box<Invitation>>> {
        let key = |row: Option<&Option<Box<Invitation>>>| {
            let row = row?.as_deref().filter(|row| row.is_open())?;
            Some((row.invitee.clone(), row.seat.clone()))
        };
        let (old_key, new_key) = (key(self.slice.invitations.get(&id)), key(row.as_ref()));
        let inviter = row.as_ref().and_then(Option::as_deref).and_then(|row| row.inviter.user().cloned());
        let reserved = |draft: &Self, key: &Option<(Invitee, Option<SeatClass>)>| {
            key.as_ref().is_some_and(|(invitee, seat)| draft.reserves(invitee, seat))
        };
        let before = (reserved(self, &old_key), reserved(self, &new_key));
        let past = |row: Option<&Option<Box<Invitation>>>| {
            row.and_then(Option::as_deref)
                .filter(|row| row.past_since().is_some())
                .map(|row| row.invitee.clone())
        };
        let (was_past, is_past) = (past(self.slice.invitations.get(&id)), past(row.as_ref()));

        let old = self.slice.invitations.swap(&id, row);
        if let Some(past) = was_past.and_then(|of| self.slice.past.get_mut(&of)) {
            past.ids.remove(&id);
        }
        if let Some(past) = is_past.and_then(|of| self.slice.past.get_mut(&of)) {
            past.ids.insert(id);
        }
        if let Some(addressed) = old_key.as_ref().and_then(|(of, _)| self.slice.addressed.get_mut(of)) {
            addressed.open.remove(&id);
        }
        if let Some(addressed) = new_key.as_ref().and_then(|(of, _)| self.slice.addressed.get_mut(of)) {
            addressed.open.insert(id);
        }
        if let Some(sent) = inviter.and_then(|inviter| self.slice.sent_by.get_mut(&inviter))
            && !sent.contains(&id)
        {
            // In the order in which they are loaded: ids sort as they were made.
            sent.insert(sent.partition_point(|other| *other < id), id);
        }

        let after = (reserved(self, &old_key), reserved(self, &new_key));
        if let Some(organization) = &mut self.slice.organization {
            let counts = &mut organization.counts;
            shift(&mut counts.pending, old_key.is_some(), new_key.is_some());
            let once = old_key == new_key;
            if let Some((_, seat)) = old_key {
                shift_seat(counts, seat, |count| shift(&mut count.reserved, before.0, after.0));
            }
            if let (Some((_, seat)), false) = (new_key, once) {
                shift_seat(counts, seat, |count| shift(&mut count.reserved, before.1, after.1));
            }
        }
        old
    }

    fn reserves(&self, invitee: &Invitee, seat: &Option<SeatClass>) -> bool {
        seat.is_some()
            && self.slice.addressed.get(invitee).is_some_and(|addressed| {
                addressed.open.iter().any(|id| {
                    let row = self.slice.invitations.get(id).and_then(Option::as_deref);
                    row.is_some_and(|row| row.is_open() && row.seat == *seat)
                })
            })
    }

    /// Ends an invitation because of something that happened to somebody else; whether that ended it. One past its
    /// expiry has ended by itself already, which is written down instead (LIF-1).
    pub(crate) fn revoke(&mut self, id: InvitationId, because: RevokedBecause) -> bool {
        let row = self.slice.invitations.get(&id).and_then(Option::as_ref);
        if row.is_some_and(|row| row.is_open() && row.expires_at.is_over(self.now())) {
            self.end_if_due(id);
            return false;
        }
        self.emit(Event::InvitationEnded { id, ending: crate::Ending::Revoked { because }, reason: None });
        true
    }
}

/// Puts a new random part in place of the one in use, which is remembered with a few before it.
fn supersede(nonce: &mut Nonce, earlier: &mut Vec<Nonce>, new: Nonce) {
    earlier.insert(0, core::mem::replace(nonce, new));
    earlier.truncate(EARLIER_NONCES);
}

fn shift(count: &mut u32, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *count = count.saturating_add(1),
        (true, false) => *count = count.saturating_sub(1),
        _ => {}
    }
}

fn shift_seat(counts: &mut Counts, class: Option<SeatClass>, change: impl FnOnce(&mut crate::SeatCount)) {
    let Some(class) = class else { return };
    let count = counts.seats.entry(class.clone()).or_default();
    change(count);
    if count.taken() == 0 {
        counts.seats.remove(&class);
    }
}
