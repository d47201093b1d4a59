//! What commands do.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{ChangeStatus, Invitee, Principal, SuppressionKind};
use invite::{
    Actor, Block, EmailAddress, Expiry, Grants, InvitationId, InvitationKind, InvitationState, OnPending,
    OrganizationStatus, TheirInvitations, UserId,
};

use super::super::command::{Command, Item};
use super::super::violation::{Checked, holds};
use super::{Held, Reference, Row, edited, former_grants, names, owner};

impl Reference {
    pub(super) fn make(
        &mut self,
        command: &Command,
        by: &Actor,
        position: usize,
        item: &Item,
        now: DateTime<Utc>,
    ) -> Checked {
        let expires = |asked: &Option<Expiry>| asked.unwrap_or(Expiry::At(now + TimeDelta::days(7)));
        match command {
            Command::Invite { list, grants, on_pending, expiry, .. } => {
                let (invitee, own) = &list[position];
                let grants = own.as_ref().unwrap_or(grants);
                let places = self.live(now).filter(|(_, row)| row.shares_a_place_with(invitee, grants));
                let pending = places.map(|(id, _)| *id).collect::<BTreeSet<_>>();
                let should = match (item, on_pending) {
                    (Item::Made(_), _) => pending.is_empty(),
                    (Item::Resent, OnPending::Resend) => !pending.is_empty(),
                    (Item::Replaced { replaced, .. }, OnPending::Replace) => {
                        !pending.is_empty() && pending == replaced.iter().copied().collect()
                    }
                    _ => false,
                };
                holds!(should, "CON-3", "{invitee} is invited by {pending:?}, and came to {item:?}");
                match item {
                    Item::Made(id) | Item::Replaced { by: id, .. } => {
                        pending.iter().for_each(|id| self.end(*id, InvitationState::Revoked));
                        let row = Row {
                            invitee: invitee.clone(),
                            kind: InvitationKind::Membership,
                            grants: grants.clone(),
                            inviter: by.clone(),
                            expires: expires(expiry),
                            ended: None,
                            revision: 0,
                            mail_to: invitee.address().cloned(),
                            mailed: None,
                        };
                        self.invitations.insert(*id, row);
                    }
                    _ => pending.iter().for_each(|id| self.resend(*id, by, expires(expiry))),
                }
            }
            Command::Resend { id, expiry } => self.resend(*id, by, expires(expiry)),
            Command::Edit { id, grants, expiry } => {
                if let Some(row) = self.invitations.get_mut(id) {
                    let (grants, longer) = edited(row, grants.as_ref(), *expiry);
                    let grants = grants.clone();
                    if grants != row.grants || longer {
                        row.inviter = by.clone();
                    }
                    row.grants = grants;
                    row.expires = expiry.unwrap_or(row.expires);
                }
            }
            Command::Revoke(ids) => self.end(ids[position], InvitationState::Revoked),
            Command::Accept { claim, principal } => self.accept(claim.invitation(), principal, now),
            Command::Decline { claim, principal, block } => {
                let id = claim.invitation();
                self.end(id, InvitationState::Declined);
                if *block == Block::Organization {
                    let invitee = self.invitations.get(&id).map(|row| row.invitee.clone());
                    for name in principal.invitees().chain(invitee) {
                        self.unwilling.insert((name.clone(), SuppressionKind::Invitations));
                        self.end_all(InvitationState::Revoked, now, |row| row.invitee == name);
                    }
                }
            }
            Command::Unblock { principal, kind } => {
                for name in principal.invitees() {
                    self.unwilling.remove(&(name, *kind));
                }
            }
            Command::Unsubscribe(issued) => {
                let invitee = self.invitations.get(&issued.invitation).map(|row| row.invitee.clone());
                self.unwilling.extend(invitee.map(|invitee| (invitee, SuppressionKind::Mail)));
            }
            Command::Add { list, .. } => {
                let (user, email, grants) = &list[position];
                self.join(user, email.as_ref(), grants, names(user, email.as_ref()), now);
            }
            Command::ChangeAccess { user, grants, theirs } => {
                let before = self.members.get(user).map(|member| member.grants.clone());
                if let Some(member) = self.members.get_mut(user) {
                    member.grants = grants.clone();
                }
                if before.as_ref() != Some(grants) {
                    self.settle(user, [], now);
                }
                self.settle_sent(user, by, *theirs, now);
            }
            Command::Remove { users, theirs } => {
                let user = &users[position];
                self.remove(user, by, *theirs, now);
                if by.user() == Some(user) {
                    self.leave(user);
                }
            }
            Command::Leave { user, theirs } => {
                let theirs = match theirs {
                    TheirInvitations::HandOver => TheirInvitations::Revoke,
                    theirs => *theirs,
                };
                self.remove(user, by, theirs, now);
                self.leave(user);
            }
            Command::OfferOwnership { to, former } => {
                let Item::Made(id) = item else { return Ok(()) };
                let row = Row {
                    invitee: Invitee::User(to.clone()),
                    kind: InvitationKind::Ownership { former: former.clone() },
                    grants: owner(),
                    inviter: by.clone(),
                    expires: expires(&None),
                    ended: None,
                    revision: 0,
                    mail_to: self.members.get(to).and_then(|member| member.email.clone()),
                    mailed: None,
                };
                self.invitations.insert(*id, row);
            }
            Command::ChangePlan(plan) => self.plan = plan.clone(),
            Command::ChangeSettings(settings) => self.settings = settings.clone(),
            Command::ChangeStatus(status) => {
                self.status = match status {
                    ChangeStatus::Suspend => OrganizationStatus::Suspended,
                    ChangeStatus::Resume => OrganizationStatus::Active,
                    _ => OrganizationStatus::Closed,
                }
            }
            Command::Remind(_) | Command::Tidy(_) | Command::Create { .. } => {}
        }
        Ok(())
    }

    /// C3: whoever left is not made a member without being asked.
    fn leave(&mut self, user: &UserId) {
        self.unwilling.insert((Invitee::User(user.clone()), SuppressionKind::Inclusion));
    }

    fn end(&mut self, id: InvitationId, state: InvitationState) {
        if let Some(row) = self.invitations.get_mut(&id) {
            row.ended = Some(state);
        }
    }

    fn end_all(&mut self, state: InvitationState, now: DateTime<Utc>, which: impl Fn(&Row) -> bool) {
        let live = self.invitations.values_mut().filter(|row| row.is_live(now) && which(row));
        live.for_each(|row| row.ended = Some(state));
    }

    fn resend(&mut self, id: InvitationId, by: &Actor, expires: Expiry) {
        if let Some(row) = self.invitations.get_mut(&id) {
            row.revision += 1;
            row.expires = expires;
            row.ended = None;
            row.mailed = None;
            if row.kind == InvitationKind::Membership {
                row.inviter = by.clone();
            }
        }
    }

    fn accept(&mut self, id: InvitationId, principal: &Principal, now: DateTime<Utc>) {
        let (user, Some(row)) = (principal.user(), self.invitations.get(&id).cloned()) else { return };
        let granted = self.still_granted(&row).unwrap_or_default();
        self.end(id, InvitationState::Accepted);
        match &row.kind {
            InvitationKind::Membership => {
                let names = principal.invitees().chain([row.invitee.clone()]);
                self.join(user, row.invitee.address(), &granted, names.collect(), now);
            }
            InvitationKind::Ownership { former } => {
                if let Some(member) = self.members.get_mut(user) {
                    member.grants = owner().joined(&member.grants);
                }
                self.settle(user, [], now);
                let offerer = row.inviter.user().and_then(|offerer| self.members.get_mut(offerer));
                if let (Some(offerer), Some(becomes)) = (offerer, former_grants(former)) {
                    offerer.grants = becomes.joined(&offerer.grants);
                }
            }
        }
    }

    /// One membership, however many grants (IDN-10).
    fn join(
        &mut self,
        user: &UserId,
        email: Option<&EmailAddress>,
        grants: &Grants,
        names: Vec<Invitee>,
        now: DateTime<Utc>,
    ) {
        let new = || Held { grants: Grants::default(), email: email.cloned() };
        let member = self.members.entry(user.clone()).or_insert_with(new);
        member.grants = member.grants.clone().joined(grants);
        self.settle(user, names, now);
    }

    /// What is pending for a member and scopes that they hold now ends (LIF-7d).
    fn settle(&mut self, user: &UserId, known_as: impl IntoIterator<Item = Invitee>, now: DateTime<Utc>) {
        let Some(member) = self.members.get(user).cloned() else { return };
        let known = names(user, member.email.as_ref()).into_iter().chain(known_as).collect::<BTreeSet<_>>();
        for name in known {
            if self.member_of(&name).is_some_and(|(other, _)| other != user) {
                continue;
            }
            self.end_all(InvitationState::Revoked, now, |row| {
                row.invitee == name
                    && match row.kind {
                        InvitationKind::Membership => {
                            row.grants.scopes().all(|scope| member.grants.access(scope).is_some())
                        }
                        InvitationKind::Ownership { .. } => member.grants.is_owner(),
                    }
            });
        }
    }

    /// A member goes, and what is pending for them with them (LIF-7c).
    fn remove(&mut self, user: &UserId, by: &Actor, theirs: TheirInvitations, now: DateTime<Utc>) {
        let Some(member) = self.members.remove(user) else { return };
        for name in names(user, member.email.as_ref()) {
            self.end_all(InvitationState::Revoked, now, |row| row.invitee == name);
        }
        self.settle_sent(user, by, theirs, now);
    }

    /// What somebody sent and may not send any more stays, ends, or gets another inviter (AUT-5).
    fn settle_sent(&mut self, inviter: &UserId, by: &Actor, theirs: TheirInvitations, now: DateTime<Utc>) {
        if theirs == TheirInvitations::Keep {
            return;
        }
        let own = Actor::User(inviter.clone());
        let sent = self.live(now).filter(|(_, row)| row.inviter == own && !self.may_still_invite(&own, row));
        let sent = sent.map(|(id, row)| {
            let takes_over = theirs == TheirInvitations::HandOver
                && *by != own
                && row.kind == InvitationKind::Membership
                && self.may_still_invite(by, row);
            (*id, takes_over)
        });
        for (id, takes_over) in sent.collect::<Vec<_>>() {
            match self.invitations.get_mut(&id) {
                Some(row) if takes_over => row.inviter = by.clone(),
                Some(row) => row.ended = Some(InvitationState::Revoked),
                None => {}
            }
        }
    }
}
