//! What commands do.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{
    ChangeStatus, ContinueTo, Invitee, MemberStatus, Principal, RequestState, Settled, SuppressionKind,
};
use invite::{
    Actor, Block, EmailAddress, Expiry, Grant, Grants, InvitationId, InvitationKind, InvitationState,
    JoinedBy, LinkEnding, OnPending, OrganizationStatus, Permission, TheirInvitations, UserId,
};

use super::super::command::{Command, Item};
use super::super::violation::{Checked, holds};
use super::scopes::leaves;
use super::{Held, Reference, Row, edited, former_grants, names, owner, within};

/// What a new invitation is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct New<'a> {
    pub(super) grants: &'a Grants,
    pub(super) by: &'a Actor,
    pub(super) starts: Option<DateTime<Utc>>,
    pub(super) expiry: Option<Expiry>,
    pub(super) leads_to: Option<&'static str>,
}

impl New<'_> {
    fn expires(self, now: DateTime<Utc>) -> Expiry {
        let expiry = self.expiry.unwrap_or(Expiry::At(self.starts.unwrap_or(now) + TimeDelta::days(7)));
        within(expiry, self.grants)
    }
}

impl Reference {
    pub(super) fn make(
        &mut self,
        command: &Command,
        by: &Actor,
        position: usize,
        item: &Item,
        now: DateTime<Utc>,
    ) -> Checked {
        match command {
            Command::Invite { list, grants, on_pending, include, starts, expiry, leads_to, .. } => {
                let (invitee, own) = &list[position];
                let grants = own.as_ref().unwrap_or(grants);
                let new = New { grants, by, starts: *starts, expiry: *expiry, leads_to: *leads_to };
                if let (Item::Made(id), true) = (item, self.includes(invitee, *include, *starts)) {
                    self.include(*id, invitee, new, now);
                    return Ok(());
                }
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
                        self.invite(*id, invitee, new, now);
                    }
                    _ => {
                        pending.iter().for_each(|id| self.resend(*id, by, *expiry, now));
                    }
                }
            }
            Command::Resend { id, expiry } => self.resend(*id, by, *expiry, now),
            Command::Edit { id, grants, expiry } => {
                if let Some(row) = self.invitations.get_mut(id) {
                    let (grants, longer) = edited(row, grants.as_ref(), *expiry);
                    let grants = grants.clone();
                    if grants != row.grants || longer {
                        row.inviter = by.clone();
                    }
                    row.expires = within(expiry.unwrap_or(row.expires), &grants);
                    row.grants = grants;
                }
            }
            Command::Revoke(ids) => self.end(ids[position], InvitationState::Revoked),
            Command::Accept { claim, principal } => {
                let row = self.invitations.get(&claim.invitation());
                let dropped = row.map(|row| self.without_closed(&row.grants).1).unwrap_or_default();
                let page = row.and_then(|row| row.continue_to.clone());
                let continue_to = page.map_or(ContinueTo::Default, ContinueTo::Url);
                let should = Item::Joined { revision: None, dropped, continue_to };
                holds!(*item == should, "LIF-10", "{command:?} came to {item:?}, and should to {should:?}");
                self.accept(claim.invitation(), principal, now);
            }
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
                let invitee = self.invitations.get(&issued.invitation()).map(|row| row.invitee.clone());
                self.unwilling.extend(invitee.map(|invitee| (invitee, SuppressionKind::Mail)));
            }
            Command::Add { list, .. } => {
                let (user, email, grants) = &list[position];
                let known_as = names(user, email.as_ref());
                self.join(user, email.as_ref(), grants, known_as, JoinedBy::BeingAdded, now);
            }
            Command::ChangeAccess { user, grants, theirs } => {
                self.change_access(user, grants.clone(), now);
                self.settle_sent(user, by, *theirs, now).is_told_by(item)?;
            }
            Command::ChangeAccessIn { user, scope, access, theirs } => {
                let held = self.members.get(user).map(|member| member.grants.clone()).unwrap_or_default();
                let mut grants = held.clone();
                match access {
                    Some(access) => grants.set(Grant::new(scope.clone(), access.clone())),
                    None => drop(grants.remove(scope)),
                }
                if grants != held && leaves(user, scope, access.as_ref(), by) {
                    self.leave(user);
                }
                self.change_access(user, grants, now);
                self.settle_sent(user, by, *theirs, now).is_told_by(item)?;
            }
            Command::Remove { users, theirs } => {
                let user = &users[position];
                self.remove(user, by, *theirs, now).is_told_by(item)?;
                if by.user() == Some(user) {
                    self.leave(user);
                }
            }
            Command::Leave { user, theirs, block } => {
                let email = self.members.get(user).and_then(|member| member.email.clone());
                let theirs = match theirs {
                    TheirInvitations::HandOver => TheirInvitations::Revoke,
                    theirs => *theirs,
                };
                self.remove(user, by, theirs, now).is_told_by(item)?;
                self.leave(user);
                if *block == Block::Organization {
                    let names = names(user, email.as_ref()).into_iter();
                    self.unwilling.extend(names.map(|name| (name, SuppressionKind::Invitations)));
                }
            }
            Command::OfferOwnership { to, former } => {
                let Item::Made(id) = item else { return Ok(()) };
                let row = Row {
                    invitee: Invitee::User(to.clone()),
                    kind: InvitationKind::Ownership { former: former.clone() },
                    grants: owner(),
                    inviter: by.clone(),
                    starts: None,
                    expires: Expiry::At(now + TimeDelta::days(7)),
                    continue_to: None,
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
                self.suspended_by = (*status == ChangeStatus::Suspend).then(|| by.clone());
                self.status = match status {
                    ChangeStatus::Suspend => OrganizationStatus::Suspended,
                    ChangeStatus::Resume => OrganizationStatus::Active,
                    _ => OrganizationStatus::Closed,
                }
            }
            Command::CreateGroup { id, settings } => self.create_group(id, settings, by),
            Command::ChangeGroup { id, settings } => self.change_group(id, settings),
            Command::ChangeGroupStatus { id, to } => self.change_group_status(id, *to),
            Command::JoinGroup { id, principal } => self.join_group(id, principal, now),
            Command::CreateLink(settings) => {
                let Item::MadeLink(id) = item else { return Ok(()) };
                self.create_link(*id, settings, by);
            }
            Command::EditLink { link, settings } => self.edit_link(*link, settings, by),
            Command::SwitchLink { link, to } => self.switch_link(*link, *to),
            Command::JoinByLink { issued, principal } => {
                let Some(should) = self.joining_by(issued) else { return Ok(()) };
                holds!(*item == should, "LIF-13", "{command:?} came to {item:?}, and should to {should:?}");
                self.join_by_link(issued, principal, now);
            }
            Command::SuspendMembers { users, theirs } => {
                self.suspend(&users[position], by, *theirs, now).is_told_by(item)?;
            }
            Command::RestoreMembers(users) => self.restore(&users[position]),
            Command::AskToJoin { way, principal } => self.ask(way, principal, item, now),
            Command::JoinByDomain(principal) => self.join_by_domain(principal, now),
            Command::Propose { invitee, grants } => self.propose(invitee, grants, by, item, now),
            Command::Approve { ids, granting } => {
                self.approve(ids[position], granting.as_ref(), by, item, now)?;
            }
            Command::Deny(ids) => self.end_request(ids[position], RequestState::Denied),
            Command::Withdraw(id) => self.end_request(*id, RequestState::Withdrawn),
            Command::ChangeVerifiedDomains(verified) => self.verified = verified.clone(),
            Command::Remind(_) | Command::Tidy(_) | Command::Erase(_) | Command::Create { .. } => {}
        }
        Ok(())
    }

    /// C3: whoever left is not made a member without being asked.
    fn leave(&mut self, user: &UserId) {
        self.unwilling.insert((Invitee::User(user.clone()), SuppressionKind::Inclusion));
    }

    pub(super) fn invite(&mut self, id: InvitationId, invitee: &Invitee, new: New<'_>, now: DateTime<Utc>) {
        let row = Row {
            invitee: invitee.clone(),
            kind: InvitationKind::Membership,
            grants: new.grants.clone(),
            inviter: new.by.clone(),
            starts: new.starts,
            expires: new.expires(now),
            continue_to: new.leads_to.map(str::to_owned),
            ended: None,
            revision: 0,
            mail_to: invitee.address().cloned(),
            mailed: None,
        };
        self.invitations.insert(id, row);
    }

    /// Makes a member at once, of which the invitation is the record (C3).
    pub(super) fn include(&mut self, id: InvitationId, invitee: &Invitee, new: New<'_>, now: DateTime<Utc>) {
        self.invite(id, invitee, new, now);
        self.end(id, InvitationState::Accepted);
        if let Some(user) = invitee.user() {
            let joined_by = JoinedBy::Included { by: new.by.clone(), invitation: id };
            self.join(user, None, new.grants, vec![invitee.clone()], joined_by, now);
        }
    }

    fn end(&mut self, id: InvitationId, state: InvitationState) {
        if let Some(row) = self.invitations.get_mut(&id) {
            row.ended = Some(state);
        }
    }

    pub(super) fn end_all(
        &mut self,
        state: InvitationState,
        now: DateTime<Utc>,
        which: impl Fn(&Row) -> bool,
    ) {
        let live = self.invitations.values_mut().filter(|row| row.is_live(now) && which(row));
        live.for_each(|row| row.ended = Some(state));
    }

    fn resend(&mut self, id: InvitationId, by: &Actor, expiry: Option<Expiry>, now: DateTime<Utc>) {
        if let Some(row) = self.invitations.get_mut(&id) {
            row.revision += 1;
            let expiry = expiry.unwrap_or(Expiry::At(row.start(now) + TimeDelta::days(7)));
            row.expires = within(expiry, &row.grants);
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
        let email = self.accepting_as(&row, principal).ok().flatten();
        self.end(id, InvitationState::Accepted);
        match &row.kind {
            InvitationKind::Membership => {
                let names = principal.invitees().chain([row.invitee.clone()]);
                let (known_as, joined_by) = (names.collect(), JoinedBy::Accepting(id));
                self.join(user, email.as_ref(), &granted, known_as, joined_by, now);
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
    pub(super) fn join(
        &mut self,
        user: &UserId,
        email: Option<&EmailAddress>,
        grants: &Grants,
        names: Vec<Invitee>,
        joined_by: JoinedBy,
        now: DateTime<Utc>,
    ) {
        let status = MemberStatus::Active;
        let new = || Held { grants: Grants::default(), email: email.cloned(), joined_by, status };
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
            self.settle_requests(&name, now, |grants| {
                grants.scopes().all(|scope| member.grants.access(scope).is_some())
            });
        }
    }

    fn change_access(&mut self, user: &UserId, grants: Grants, now: DateTime<Utc>) {
        let Some(member) = self.members.get_mut(user) else { return };
        let before = std::mem::replace(&mut member.grants, grants.clone());
        if before != grants {
            self.lose(user, &before, now);
            self.settle(user, [], now);
        }
    }

    /// A member goes, and what is pending for them with them (LIF-7c).
    fn remove(&mut self, user: &UserId, by: &Actor, theirs: TheirInvitations, now: DateTime<Utc>) -> Fates {
        let Some(member) = self.members.remove(user) else { return Fates::default() };
        for name in names(user, member.email.as_ref()) {
            self.end_all(InvitationState::Revoked, now, |row| row.invitee == name);
            self.settle_requests(&name, now, |_| true);
        }
        self.settle_sent(user, by, theirs, now)
    }

    /// What somebody sent and made and may not give any more stays, ends, or is somebody else's (AUT-5).
    pub(super) fn settle_sent(
        &mut self,
        inviter: &UserId,
        by: &Actor,
        theirs: TheirInvitations,
        now: DateTime<Utc>,
    ) -> Fates {
        let mut fates = Fates::default();
        if theirs == TheirInvitations::Keep {
            return fates;
        }
        let own = Actor::User(inviter.clone());
        let takes_over = theirs == TheirInvitations::HandOver && *by != own;
        let sent = self.live(now).filter(|(_, row)| row.inviter == own && !self.may_still_invite(&own, row));
        let sent = sent.map(|(id, row)| {
            let membership = row.kind == InvitationKind::Membership;
            (*id, takes_over && membership && self.may_still_invite(by, row))
        });
        let closed = self.status == OrganizationStatus::Closed;
        for (id, is_taken_over) in sent.collect::<Vec<_>>() {
            match self.invitations.get_mut(&id) {
                // It had ended with the organization, which is written down.
                Some(row) if closed => row.ended = Some(InvitationState::Revoked),
                Some(row) if is_taken_over => {
                    row.inviter = by.clone();
                    fates.handed_over += 1;
                }
                Some(row) => {
                    row.ended = Some(InvitationState::Revoked);
                    fates.revoked += 1;
                }
                None => {}
            }
        }
        let may = |who: &Actor, grants: &Grants| self.may_still_give(who, &Permission::LINKS, grants);
        let made = self.links.iter().filter(|(_, link)| link.ended.is_none() && link.creator == own);
        let made = made.filter(|(_, link)| !may(&own, link.settings.grants()));
        let made = made.map(|(id, link)| (*id, takes_over && may(by, link.settings.grants())));
        for (id, is_taken_over) in made.collect::<Vec<_>>() {
            match self.links.get_mut(&id) {
                Some(link) if is_taken_over => {
                    link.creator = by.clone();
                    fates.links_handed_over += 1;
                }
                Some(link) => {
                    link.ended = Some(LinkEnding::CreatorRemoved);
                    fates.links_ended += 1;
                }
                None => {}
            }
        }
        fates
    }
}

/// What became of what somebody had sent and made.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fates {
    revoked: usize,
    handed_over: usize,
    links_ended: usize,
    links_handed_over: usize,
}

impl Fates {
    fn is_told_by(&self, item: &Item) -> Checked {
        let Item::Settled(Settled { revoked, handed_over, links_ended, links_handed_over, .. }) = *item
        else {
            return Ok(());
        };
        let told = Self { revoked, handed_over, links_ended, links_handed_over };
        holds!(told == *self, "AUT-5", "{told:?} is told, and it should be {self:?}");
        Ok(())
    }
}
