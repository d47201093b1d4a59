//! Join requests, proposals and verified domains: what speaks against them, and what comes of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{
    Approvers, Domain, DomainJoining, Include, Inclusion, Invitee, Principal, RequestState, RequestWay,
    SuppressionKind, VerifiedDomain,
};
use invite::{
    Actor, EmailAddress, Grants, GroupId, InviterPolicy, JoinPolicy, JoinedBy, Permission, RequestId, UserId,
};

use super::super::command::{Item, Way};
use super::super::rights::entitled;
use super::super::violation::{Checked, holds};
use super::groups::given_by;
use super::make::New;
use super::{Reference, Request, Why, reason};

/// For how long a request waits: the default of models.
const WAITS: TimeDelta = TimeDelta::days(14);

impl Request {
    pub(super) fn state_at(&self, now: DateTime<Utc>) -> RequestState {
        match self.ended {
            Some(ended) => ended,
            None if self.expires <= now => RequestState::Expired,
            None => RequestState::Pending,
        }
    }

    /// The code that one which is not pending is refused with.
    fn against(&self, now: DateTime<Utc>) -> Option<&'static str> {
        match self.state_at(now) {
            RequestState::Pending => None,
            RequestState::Approved => Some("request-approved"),
            RequestState::Denied => Some("request-denied"),
            RequestState::Withdrawn => Some("request-withdrawn"),
            RequestState::Expired => Some("request-expired"),
            RequestState::Settled => Some("request-settled"),
        }
    }

    /// Whether it tells of somebody of these names.
    pub(super) fn is_of(&self, names: &BTreeSet<Invitee>) -> bool {
        self.names().iter().any(|name| names.contains(name))
    }

    fn names(&self) -> Vec<Invitee> {
        [self.invitee.clone()].into_iter().chain(self.email.clone().map(Invitee::Address)).collect()
    }
}

/// What somebody asks for: by which way, as which address, and what it would give them.
struct For {
    way: RequestWay,
    email: Option<EmailAddress>,
    grants: Grants,
}

impl Reference {
    /// What is asked for, and all that speaks against the way.
    fn asked(&self, way: &Way, principal: &Principal, now: DateTime<Utc>) -> (Why, Option<For>) {
        match way {
            Way::Link(issued) => {
                let (mut why, opened) = self.opening(issued, principal, now);
                let Some((link, email, grants)) = opened else { return (why, None) };
                why.extend(reason("no-approval-needed", !link.settings.is_by_request()));
                let way = RequestWay::Link { link: issued.link(), revision: link.revision };
                (why, Some(For { way, email, grants: grants.unwrap_or_default() }))
            }
            Way::Group(id) => self.asked_for_group(id, principal),
            Way::Domain => {
                let (mut why, found) = self.by_domain(principal);
                let Some((domain, email, set)) = found else { return (why, None) };
                why.extend(reason("no-approval-needed", set.joining() != DomainJoining::ByRequest));
                why.extend(reason("no-longer-available", !entitled(&self.plan, set.grants())));
                let (grants, _) = self.without_closed(set.grants());
                why.extend(self.against_groups(&grants));
                let way = RequestWay::Domain(domain.clone());
                (why, Some(For { way, email: Some(email), grants }))
            }
        }
    }

    fn asked_for_group(&self, id: &GroupId, principal: &Principal) -> (Why, Option<For>) {
        let mut why = self.open();
        let Some(member) = self.members.get(principal.user()) else {
            why.extend(["unknown-member"]);
            return (why, None);
        };
        let Some(group) = self.groups.get(id) else {
            why.extend(["unknown-group"]);
            return (why, None);
        };
        why.extend(match group.settings.join_policy() {
            JoinPolicy::InviteOnly => Some("group-invite-only"),
            JoinPolicy::Open => Some("no-approval-needed"),
            _ => None,
        });
        let grants = given_by(id, &group.settings).unwrap_or_default();
        why.extend(self.against_groups(&grants));
        let way = RequestWay::Group(id.clone());
        (why, Some(For { way, email: member.email.clone(), grants }))
    }

    /// A vouched address of a verified domain that is permitted, rather of one joined directly, and what is set about it.
    fn by_domain(&self, principal: &Principal) -> (Why, Option<(&Domain, EmailAddress, &VerifiedDomain)>) {
        let mut why = self.open();
        let of = |address: &EmailAddress| self.verified.iter().find(|(domain, _)| domain.matches(address));
        let all = principal.vouched().iter().filter_map(|address| Some((address, of(address)?)));
        let all = all.map(|(address, (domain, set))| (domain, address.clone(), set)).collect::<Vec<_>>();
        let permitted = |address: &EmailAddress| self.settings.domain_rules().permits(address);
        let found = all.iter().filter(|(_, address, _)| permitted(address));
        let (direct, by_request) =
            found.partition::<Vec<_>, _>(|(_, _, set)| set.joining() == DomainJoining::Directly);
        let found = direct.first().or(by_request.first()).map(|found| (*found).clone());
        let none = all.is_empty();
        why.extend(reason("domain-not-allowed", !none && found.is_none()));
        why.extend(reason("address-needed", none && principal.vouched().is_empty()));
        why.extend(reason("no-verified-domain", none && !principal.vouched().is_empty()));
        (why, found)
    }

    pub(super) fn against_asking(&self, way: &Way, principal: &Principal, now: DateTime<Utc>) -> Why {
        let (mut why, asked) = self.asked(way, principal, now);
        let Some(For { grants, .. }) = asked else { return why };
        let invitee = Invitee::User(principal.user().clone());
        why.extend(reason("no-longer-available", !entitled(&self.plan, &grants)));
        why.extend(self.against_suspended(&invitee));
        why.extend(reason("already-member", self.holds_all(&invitee, &grants)));
        why.extend(reason("already-asked", self.is_asked(&invitee, &grants, now)));
        why
    }

    fn is_asked(&self, invitee: &Invitee, grants: &Grants, now: DateTime<Utc>) -> bool {
        let live = |row: &&Request| row.invitee == *invitee && row.state_at(now) == RequestState::Pending;
        let mut live = self.requests.values().filter(live);
        live.any(|row| row.grants.scopes().any(|scope| grants.access(scope).is_some()))
    }

    pub(super) fn against_joining_by_domain(&self, principal: &Principal) -> Why {
        let (mut why, found) = self.by_domain(principal);
        let Some((_, email, set)) = found else { return why };
        why.extend(reason("domain-by-request", set.joining() == DomainJoining::ByRequest));
        why.extend(reason("no-longer-available", !entitled(&self.plan, set.grants())));
        let (grants, _) = self.without_closed(set.grants());
        why.extend(self.against_groups(&grants));
        why.extend(reason("group-invite-only", self.is_invite_only(&grants)));
        let user = principal.user();
        why.extend(self.against_joining(user, Some(&email), &grants, &Actor::User(user.clone())));
        why
    }

    pub(super) fn against_proposing(
        &self,
        invitee: &Invitee,
        grants: &Grants,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Why {
        let mut why = self.open();
        why.extend(reason("members-only", by.user().is_none()));
        why.extend(reason("not-entitled", !entitled(&self.plan, grants)));
        why.extend(self.against_groups(grants));
        let may = |scope| self.holder(by).may(&self.model, &Permission::PROPOSE, scope);
        why.extend(reason("not-permitted", !grants.scopes().all(may)));
        why.extend(self.unwelcome(invitee, grants));
        why.extend(reason("already-invited", self.is_taken(None, invitee, grants, now)));
        why.extend(reason("already-asked", self.is_asked(invitee, grants, now)));
        why
    }

    /// Reasons against deciding about a request, whatever is decided (AUT-9).
    fn against_deciding(&self, row: &Request, by: &Actor, now: DateTime<Utc>) -> Why {
        let own = by.user().is_some_and(|user| self.is_own(row, user));
        let mut why = self.holder(by).lacks_authority(
            &self.model,
            &Permission::INVITE,
            &self.without_closed(&row.grants).0,
            false,
        );
        why.extend(reason("own-request", own));
        why.extend(row.against(now));
        why
    }

    fn is_own(&self, row: &Request, user: &UserId) -> bool {
        let is_invitee = match &row.invitee {
            Invitee::User(invitee) => invitee == user,
            Invitee::Address(_) => self.member_of(&row.invitee).is_some_and(|(of, _)| of == user),
            Invitee::Erased(_) => false,
        };
        let made = row.by == *user;
        let link = match row.way {
            RequestWay::Link { link, .. } => self.links.get(&link),
            _ => None,
        };
        let answers = link.is_some_and(|link| link.creator.user() == Some(user));
        is_invitee
            || match self.rules.approvers {
                Approvers::AllButRequester => false,
                Approvers::AllButProposer => made,
                _ => made || answers,
            }
    }

    pub(super) fn against_approving(
        &self,
        id: RequestId,
        granting: Option<&Grants>,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Why {
        let Some(row) = self.requests.get(&id) else { return Why::from(["unknown-request"]) };
        let (asked, _) = self.without_closed(&row.grants);
        let mut why = self.against_granting(by, granting.unwrap_or(&asked));
        why.extend(self.against_deciding(row, by, now));
        let Some(grants) = granting.cloned().or_else(|| self.stood_behind(row)) else {
            why.extend(["inviter-no-longer-may"]);
            return why;
        };
        match (&row.way, &row.invitee) {
            (RequestWay::Proposal, _) | (_, Invitee::Address(_) | Invitee::Erased(_)) => {
                why.extend(self.against_granting(by, &grants));
                why.extend(self.unwelcome(&row.invitee, &grants));
                if self.includes(&row.invitee, Include::AsSet, None) {
                    let user = row.invitee.user();
                    let joining = user.map(|user| self.against_joining(user, None, &grants, by));
                    why.extend(joining.unwrap_or_default());
                } else {
                    why.extend(reason("already-invited", self.is_taken(None, &row.invitee, &grants, now)));
                }
            }
            (way, Invitee::User(user)) => {
                let link = match way {
                    RequestWay::Link { link, .. } => self.links.get(link),
                    _ => None,
                };
                let is_used_up =
                    |link: &super::Link| link.settings.most_uses().is_some_and(|most| link.uses >= most);
                why.extend(reason("link-used-up", link.is_some_and(is_used_up)));
                if let Some(rules) = link.map(|link| link.settings.domain_rules()) {
                    let email = row.email.as_ref();
                    why.extend(reason("address-needed", email.is_none() && rules.restrict()));
                    why.extend(reason(
                        "domain-not-allowed",
                        email.is_some_and(|email| !rules.permits(email)),
                    ));
                }
                why.extend(reason("group-invite-only", self.is_invite_only(&grants)));
                why.extend(self.against_joining(user, row.email.as_ref(), &grants, by));
            }
        }
        why
    }

    /// What those who stand behind a request still stand behind; `None` if nothing (AUT-4).
    fn stood_behind(&self, row: &Request) -> Option<Grants> {
        let (policy, (asked, _)) = (self.rules.requests, self.without_closed(&row.grants));
        match row.way {
            RequestWay::Link { link, .. } => {
                let creator = &self.links.get(&link)?.creator;
                self.still_given(creator, &Permission::LINKS, policy, &asked)
            }
            RequestWay::Proposal if policy != InviterPolicy::Keep => {
                let proposer = Actor::User(row.by.clone());
                let may = |scope| self.holder(&proposer).may(&self.model, &Permission::PROPOSE, scope);
                let still = asked.iter().filter(|(scope, _)| may(scope));
                let still = still.map(|(scope, access)| invite::Grant::new(scope.clone(), access.clone()));
                let still = still.collect::<Grants>();
                let enough = match policy {
                    InviterPolicy::Reduce => !still.is_empty(),
                    _ => still == asked,
                };
                enough.then_some(still)
            }
            _ => Some(asked),
        }
    }

    pub(super) fn against_denying(&self, id: RequestId, by: &Actor, now: DateTime<Utc>) -> Why {
        let Some(row) = self.requests.get(&id) else { return Why::from(["unknown-request"]) };
        self.against_deciding(row, by, now)
    }

    pub(super) fn against_withdrawing(&self, id: RequestId, by: &Actor, now: DateTime<Utc>) -> Why {
        let mut why = self.not_closed_to(by);
        let own = |row: &&Request| by.user().is_none_or(|user| *user == row.by);
        match self.requests.get(&id).filter(own) {
            None => why.extend(["unknown-request"]),
            Some(row) => why.extend(row.against(now)),
        }
        why
    }

    pub(super) fn against_verifying(&self, verified: &BTreeMap<Domain, VerifiedDomain>, by: &Actor) -> Why {
        let mut why = self.open();
        why.extend(reason("not-permitted", !self.may_manage(by, &Permission::MANAGE)));
        for (domain, set) in verified.iter().filter(|(domain, set)| self.verified.get(*domain) != Some(*set))
        {
            let new = !self.verified.contains_key(domain) && *by != Actor::System;
            why.extend(reason("not-verified", new));
            why.extend(self.against_granting(by, set.grants()));
            why.extend(reason("group-invite-only", self.is_invite_only(set.grants())));
        }
        why
    }

    pub(super) fn ask(&mut self, way: &Way, principal: &Principal, item: &Item, now: DateTime<Utc>) {
        let (Item::Asked(id), (_, Some(asked))) = (item, self.asked(way, principal, now)) else { return };
        let For { way, email, grants } = asked;
        let (invitee, by) = (Invitee::User(principal.user().clone()), principal.user().clone());
        let request = Request { way, invitee, by, email, grants, expires: now + WAITS, ended: None };
        self.requests.insert(*id, request);
    }

    pub(super) fn propose(
        &mut self,
        invitee: &Invitee,
        grants: &Grants,
        by: &Actor,
        item: &Item,
        now: DateTime<Utc>,
    ) {
        let (Item::Asked(id), Some(by)) = (item, by.user().cloned()) else { return };
        let (way, invitee, grants) = (RequestWay::Proposal, invitee.clone(), grants.clone());
        let request = Request { way, invitee, by, email: None, grants, expires: now + WAITS, ended: None };
        self.requests.insert(*id, request);
    }

    pub(super) fn approve(
        &mut self,
        id: RequestId,
        granting: Option<&Grants>,
        by: &Actor,
        item: &Item,
        now: DateTime<Utc>,
    ) -> Checked {
        let Some(row) = self.requests.get(&id).cloned() else { return Ok(()) };
        let grants = granting.cloned().or_else(|| self.stood_behind(&row)).unwrap_or_default();
        match (&row.way, item, &row.invitee) {
            (_, Item::Made(made), _) => {
                self.end_request(id, RequestState::Approved);
                let new = New { grants: &grants, by, starts: None, expiry: None, leads_to: None };
                match self.includes(&row.invitee, Include::AsSet, None) {
                    true => self.include(*made, &row.invitee, new, now),
                    false => self.invite(*made, &row.invitee, new, now),
                }
            }
            (way, Item::Done, Invitee::User(user)) => {
                self.end_request(id, RequestState::Approved);
                let joined_by = match *way {
                    RequestWay::Link { link, revision } => {
                        if let Some(link) = self.links.get_mut(&link) {
                            link.uses += 1;
                        }
                        JoinedBy::Link { link, revision }
                    }
                    _ => JoinedBy::Request(id),
                };
                self.join(user, row.email.as_ref(), &grants, row.names(), joined_by, now);
            }
            _ => holds!(false, "F21", "the approval of {row:?} came to {item:?}"),
        }
        Ok(())
    }

    pub(super) fn end_request(&mut self, id: RequestId, state: RequestState) {
        if let Some(row) = self.requests.get_mut(&id) {
            row.ended = Some(state);
        }
    }

    /// What somebody would get by a request and holds now, or would get and is gone, has no object any more.
    pub(super) fn settle_requests(
        &mut self,
        invitee: &Invitee,
        now: DateTime<Utc>,
        which: impl Fn(&Grants) -> bool,
    ) {
        for row in self.requests.values_mut().filter(|row| row.invitee == *invitee && which(&row.grants)) {
            if row.state_at(now) == RequestState::Pending {
                row.ended = Some(RequestState::Settled);
            }
        }
    }

    pub(super) fn join_by_domain(&mut self, principal: &Principal, now: DateTime<Utc>) {
        let (_, found) = self.by_domain(principal);
        let found =
            found.map(|(domain, email, set)| (domain.clone(), email, self.without_closed(set.grants()).0));
        let Some((domain, email, grants)) = found else { return };
        let known_as = principal.invitees().collect();
        self.join(principal.user(), Some(&email), &grants, known_as, JoinedBy::Domain(domain), now);
    }

    /// Whether somebody who is invited becomes a member at once (C3).
    pub(super) fn includes(
        &self,
        invitee: &Invitee,
        include: Include,
        starts: Option<DateTime<Utc>>,
    ) -> bool {
        let includes = matches!(
            (include, self.settings.includes()),
            (Include::Yes, Inclusion::Asked | Inclusion::Always) | (Include::AsSet, Inclusion::Always)
        );
        let left = self.unwilling.contains(&(invitee.clone(), SuppressionKind::Inclusion));
        includes && starts.is_none() && invitee.user().is_some() && !left
    }
}
