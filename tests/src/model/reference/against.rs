//! Every reason that there is against a command.

use chrono::{DateTime, Utc};
use invite::core::{
    ChangeStatus, Include, Inclusion, Invitee, MAILED_PROOF, Principal, Purpose, SuppressionKind, Verdict,
};
use invite::{
    Actor, EmailAddress, Expiry, FormerOwner, Grant, Grants, InvitationId, InvitationKind, InvitationState,
    OnPending, OrganizationStatus, Permission, UserId,
};

use super::super::cast::PAGES;
use super::super::command::{Claim, Command};
use super::super::rights::entitled;
use super::{
    Reference, Row, Why, age, code_of, edited, former_grants, names, over_at, owner, reason, still, unsound,
};

impl Reference {
    /// Reasons against a command as a whole, and how many items it has.
    pub(super) fn against(&self, command: &Command, by: &Actor, now: DateTime<Utc>) -> (Why, usize) {
        match command {
            Command::Invite { list, grants, include, starts, expiry, leads_to, .. } => {
                let mut why = self.open();
                let off = self.settings.includes() == Inclusion::Off;
                why.extend(reason("inclusion-off", *include == Include::Yes && off));
                if list.iter().any(|(_, own)| own.is_none()) {
                    why.extend(self.against_granting(by, grants));
                }
                why.extend(reason("invalid-start", starts.is_some_and(|start| start <= now)));
                why.extend(unsound(*expiry, starts.unwrap_or(now)));
                let elsewhere = leads_to.is_some_and(|page| page != PAGES[0]);
                why.extend(reason("continue-url-not-allowed", elsewhere));
                (why, list.len())
            }
            Command::Revoke(ids) => (Why::new(), ids.len()),
            Command::Add { list, .. } => (self.open(), list.len()),
            Command::Remove { users, .. } => (self.not_closed_to(by), users.len()),
            Command::SuspendMembers { users, .. } => (self.not_closed(), users.len()),
            Command::RestoreMembers(users) => (self.open(), users.len()),
            Command::Approve { ids, .. } => (self.open(), ids.len()),
            Command::Deny(ids) => (self.not_closed(), ids.len()),
            _ => (Why::new(), 1),
        }
    }

    /// Reasons against one item of a command, or against one that has but one.
    pub(super) fn against_item(
        &self,
        command: &Command,
        by: &Actor,
        position: usize,
        now: DateTime<Utc>,
    ) -> Why {
        match command {
            Command::Invite { list, grants, on_pending, include, starts, expiry, .. } => {
                let (invitee, own) = &list[position];
                let over = over_at(own.as_ref().unwrap_or(grants));
                let ends_first = over.zip(*starts).is_some_and(|(end, start)| end <= start);
                let mut why = reason("invalid-end", ends_first);
                why.extend(match invitee.user().filter(|_| self.includes(invitee, *include, *starts)) {
                    Some(user) => self.against_including(user, own.as_ref(), grants, by),
                    None => {
                        // One that waits begins when it was to begin.
                        let on_pending = match (on_pending, starts) {
                            (OnPending::Resend, Some(_)) => OnPending::Refuse,
                            _ => *on_pending,
                        };
                        let on_pending = (on_pending, *expiry);
                        self.against_inviting(invitee, own.as_ref(), grants, on_pending, by, now)
                    }
                });
                why
            }
            Command::Resend { id, expiry } => {
                let mut why = self.open();
                why.extend(self.against_resending(*id, *expiry, by, now));
                why
            }
            Command::Edit { id, grants, expiry } => {
                self.against_editing(*id, grants.as_ref(), *expiry, by, now)
            }
            Command::Remind(id) => {
                let mut why = self.open();
                why.extend(self.against_reminding(*id, by, now));
                why
            }
            Command::Revoke(ids) => self.against_managing(ids[position], by, now),
            Command::Accept { claim, principal } => self.against_accepting(claim, principal, now),
            Command::Decline { claim, principal, .. } => {
                let mut why = self.not_closed();
                why.extend(self.against_answering(claim, principal, now));
                why
            }
            Command::Unblock { principal, kind } => {
                let any = principal.invitees().any(|name| self.unwilling.contains(&(name, *kind)));
                reason("not-blocked", !any)
            }
            Command::Unsubscribe(issued) => {
                // Nobody knows any more whom an erased one was for (PRI-6).
                let row = self.invitations.get(&issued.invitation()).filter(|row| !row.invitee.is_erased());
                let ours = row.is_some_and(|row| age(row.revision, issued) != Verdict::Unknown);
                reason("unknown-token", !ours || issued.token.purpose() != Purpose::Unsubscribe)
            }
            Command::Add { list, .. } => {
                let (user, email, grants) = &list[position];
                self.against_adding(user, email.as_ref(), grants, by)
            }
            Command::ChangeAccess { user, grants, .. } => self.against_changing(user, grants, by),
            Command::ChangeAccessIn { user, scope, access, .. } => {
                self.against_changing_in(user, scope, access.as_ref(), by)
            }
            Command::Remove { users, .. } => {
                let Some(member) = self.members.get(&users[position]) else {
                    return Why::from(["unknown-member"]);
                };
                let mut why = reason("owner-protected", member.grants.is_owner());
                why.extend(self.holder(by).lacks_authority(
                    &self.model,
                    &Permission::REMOVE,
                    &member.grants,
                    false,
                ));
                why
            }
            Command::Leave { user, .. } => {
                let mut why = self.not_closed_to(by);
                why.extend(reason("not-permitted", by.user().is_some_and(|by| by != user)));
                match self.members.get(user) {
                    None => why.extend(["unknown-member"]),
                    Some(member) => {
                        let suspended = !member.is_active() && by.user().is_some();
                        why.extend(reason("member-suspended", suspended));
                        let owner = member.grants.is_owner() && member.is_active();
                        let last = owner && self.owners() == 1 && self.status != OrganizationStatus::Closed;
                        why.extend(reason("last-owner", last));
                    }
                }
                why
            }
            Command::OfferOwnership { to, former } => self.against_offering(to, former, by, now),
            Command::ChangePlan(_) => {
                let mut why = self.not_closed();
                why.extend(reason("not-permitted", *by != Actor::System));
                why
            }
            Command::ChangeSettings(_) => {
                let mut why = self.not_closed();
                why.extend(reason("not-permitted", !self.may_manage(by, &Permission::MANAGE)));
                why
            }
            Command::ChangeStatus(status) => {
                let needed = match status {
                    ChangeStatus::Close => &Permission::CLOSE,
                    _ => &Permission::MANAGE,
                };
                let (host_acts, by_host) = (*by == Actor::System, self.suspended_by == Some(Actor::System));
                let takes_over = host_acts && self.status == OrganizationStatus::Suspended && !by_host;
                let mut why = match status {
                    ChangeStatus::Suspend if !takes_over => self.open(),
                    _ => self.not_closed(),
                };
                let hosts = *status == ChangeStatus::Resume && by_host && !host_acts;
                why.extend(reason("not-permitted", hosts));
                why.extend(reason("not-permitted", !self.may_manage(by, needed)));
                let active = *status == ChangeStatus::Resume && self.status == OrganizationStatus::Active;
                why.extend(reason("not-suspended", active));
                why
            }
            Command::Tidy(_) => Why::new(),
            Command::Create { .. } => Why::from(["organization-exists"]),
            Command::CreateGroup { id, settings } => self.against_creating_group(id, settings, by),
            Command::ChangeGroup { id, settings } => self.against_changing_group(id, settings, by),
            Command::ChangeGroupStatus { id, to } => self.against_changing_status(id, *to, by),
            Command::JoinGroup { id, principal } => self.against_joining_group(id, principal),
            Command::CreateLink(settings) => self.against_link(settings, by),
            Command::EditLink { link, settings } => self.against_editing_link(*link, settings, by),
            Command::SwitchLink { link, to } => self.against_switching(*link, *to, by),
            Command::JoinByLink { issued, principal } => self.against_joining_by(issued, principal, now),
            Command::SuspendMembers { users, .. } => self.against_suspending(&users[position], by),
            Command::RestoreMembers(users) => self.against_restoring(&users[position], by),
            Command::AskToJoin { way, principal } => self.against_asking(way, principal, now),
            Command::JoinByDomain(principal) => self.against_joining_by_domain(principal),
            Command::Propose { invitee, grants } => self.against_proposing(invitee, grants, by, now),
            Command::Approve { ids, granting } => {
                self.against_approving(ids[position], granting.as_ref(), by, now)
            }
            Command::Deny(ids) => self.against_denying(ids[position], by, now),
            Command::Withdraw(id) => self.against_withdrawing(*id, by, now),
            Command::ChangeVerifiedDomains(verified) => self.against_verifying(verified, by),
            Command::Erase(_) => reason("not-permitted", *by != Actor::System),
        }
    }

    /// C3: whoever becomes a member at once.
    fn against_including(&self, user: &UserId, own: Option<&Grants>, common: &Grants, by: &Actor) -> Why {
        let grants = own.unwrap_or(common);
        let mut why = own.map_or_else(Why::new, |own| self.against_granting(by, own));
        why.extend(self.unwelcome(&Invitee::User(user.clone()), grants));
        why.extend(self.against_joining(user, None, grants, by));
        why
    }

    fn against_inviting(
        &self,
        invitee: &Invitee,
        own: Option<&Grants>,
        common: &Grants,
        (on_pending, expiry): (OnPending, Option<Expiry>),
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Why {
        let grants = own.unwrap_or(common);
        let mut why = own.map_or_else(Why::new, |own| self.against_granting(by, own));
        why.extend(self.unwelcome(invitee, grants));
        for (id, row) in self.live(now).filter(|(_, row)| row.shares_a_place_with(invitee, grants)) {
            match on_pending {
                OnPending::Resend => why.extend(self.against_resending(*id, expiry, by, now)),
                OnPending::Replace => why.extend(self.against_managing_row(row, by)),
                _ => why.extend(["already-invited"]),
            }
        }
        why
    }

    fn against_resending(
        &self,
        id: InvitationId,
        expiry: Option<Expiry>,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Why {
        let Some(row) = self.invitations.get(&id) else { return Why::from(["unknown-invitation"]) };
        let mut why = match row.state_at(now) {
            InvitationState::Pending | InvitationState::Expired => Why::new(),
            state => Why::from([code_of(state)]),
        };
        why.extend(reason("invitation-erased", row.invitee.is_erased()));
        why.extend(unsound(expiry, row.start(now)));
        match row.kind {
            InvitationKind::Membership => {
                why.extend(self.against_granting(by, &still(&row.grants, now)));
                why.extend(self.unwelcome(&row.invitee, &row.grants));
            }
            InvitationKind::Ownership { .. } => {
                why.extend(reason("not-permitted", !self.holder(by).is_owner()));
                why.extend(self.against_suspended(&row.invitee));
            }
        }
        why.extend(reason("already-invited", self.is_taken(Some(id), &row.invitee, &row.grants, now)));
        why
    }

    fn against_editing(
        &self,
        id: InvitationId,
        grants: Option<&Grants>,
        expiry: Option<Expiry>,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Why {
        let mut why = self.open();
        why.extend(self.against_managing(id, by, now));
        let Some(row) = self.invitations.get(&id) else { return why };
        why.extend(unsound(expiry, row.start(now)));
        let (grants, longer) = edited(row, grants, expiry);
        if *grants != row.grants {
            why.extend(self.against_granting(by, grants));
        } else if longer {
            why.extend(self.against_granting(by, &still(grants, now)));
        }
        if *grants != row.grants {
            why.extend(reason("already-member", self.holds_all(&row.invitee, grants)));
            why.extend(reason("already-invited", self.is_taken(Some(id), &row.invitee, grants, now)));
        }
        why
    }

    pub(super) fn against_reminding(&self, id: InvitationId, by: &Actor, now: DateTime<Utc>) -> Why {
        let mut why = self.against_managing(id, by, now);
        let row = self.invitations.get(&id);
        why.extend(reason("no-mail", row.is_some_and(|row| row.mail_to.is_none())));
        why.extend(reason("not-yet", row.is_some_and(|row| row.start(now) > now)));
        why
    }

    fn against_managing(&self, id: InvitationId, by: &Actor, now: DateTime<Utc>) -> Why {
        let Some(row) = self.invitations.get(&id) else { return Why::from(["unknown-invitation"]) };
        let mut why = self.against_managing_row(row, by);
        why.extend(reason(code_of(row.state_at(now)), !row.is_live(now)));
        why
    }

    fn against_managing_row(&self, row: &Row, by: &Actor) -> Why {
        match row.kind {
            InvitationKind::Membership => {
                self.holder(by).lacks_authority(&self.model, &Permission::INVITE, &row.grants, false)
            }
            InvitationKind::Ownership { .. } => reason("not-permitted", !self.holder(by).is_owner()),
        }
    }

    /// Reasons against answering, whatever the answer.
    fn against_answering(&self, claim: &Claim, principal: &Principal, now: DateTime<Utc>) -> Why {
        let row = self.invitations.get(&claim.invitation());
        let mut why = match (claim, row) {
            (Claim::Inbox(_), Some(row)) if principal.invitees().any(|name| name == row.invitee) => {
                Why::new()
            }
            (Claim::Inbox(_), _) => Why::from(["unknown-invitation"]),
            (Claim::Token(issued), _) => match self.verdict(issued, issued.token.organization().as_str()) {
                Verdict::Current => Why::new(),
                Verdict::Superseded => Why::from(["superseded"]),
                Verdict::Unknown => Why::from(["unknown-token"]),
            },
        };
        let Some(row) = row.filter(|_| why.is_empty()) else { return why };
        why.extend(reason(code_of(row.state_at(now)), !row.is_live(now)));
        let vouched = principal.vouched();
        match &row.invitee {
            Invitee::User(user) => why.extend(reason("wrong-account", user != principal.user())),
            Invitee::Erased(_) => why.extend(["wrong-account"]),
            Invitee::Address(address) if vouched.contains(address) => {}
            Invitee::Address(_) if !vouched.is_empty() => why.extend(["wrong-account"]),
            Invitee::Address(address) => {
                let mailed =
                    matches!(claim, Claim::Token(issued) if issued.token.purpose() == Purpose::Mailed);
                let fresh = row.mailed.is_some_and(|at| now - at < MAILED_PROOF);
                let proven = mailed && fresh && row.mail_to.as_ref() == Some(address);
                why.extend(reason("address-not-verified", !proven));
            }
        }
        why
    }

    fn against_accepting(&self, claim: &Claim, principal: &Principal, now: DateTime<Utc>) -> Why {
        let mut why = self.open();
        why.extend(self.against_answering(claim, principal, now));
        let Some(row) = self.invitations.get(&claim.invitation()) else { return why };
        why.extend(reason("not-yet", row.start(now) > now));
        if let InvitationKind::Ownership { former } = &row.kind {
            match self.members.get(principal.user()) {
                None => why.extend(["unknown-member"]),
                Some(member) => why.extend(reason("already-owner", member.grants.is_owner())),
            }
            why.extend(self.against_suspended(&Invitee::User(principal.user().clone())));
            why.extend(reason("inviter-no-longer-may", !self.holder(&row.inviter).is_owner()));
            let there = former_grants(former).is_none_or(|grants| entitled(&self.plan, &grants));
            why.extend(reason("no-longer-available", !there));
            return why;
        }
        why.extend(reason("no-longer-available", !entitled(&self.plan, &row.grants)));
        why.extend(self.against_groups(&self.without_closed(&row.grants).0));
        match self.still_granted(row) {
            None => why.extend(["inviter-no-longer-may"]),
            Some(grants) => {
                let email = self.accepting_as(row, principal);
                why.extend(email.as_ref().err().copied());
                let user = principal.user();
                let email = email.ok().flatten();
                why.extend(self.against_joining(user, email.as_ref(), &grants, &Actor::User(user.clone())));
            }
        }
        why
    }

    /// The address that somebody accepts with: the invited one, or where somebody new was invited by their id and there
    /// are rules on domains, one that is permitted (IDN-8).
    pub(super) fn accepting_as(
        &self,
        row: &Row,
        principal: &Principal,
    ) -> Result<Option<EmailAddress>, &'static str> {
        let is_new = !self.members.contains_key(principal.user());
        match row.invitee.address() {
            None if is_new && self.settings.domain_rules().restrict() => {
                self.permitted(principal, &[self.settings.domain_rules()])
            }
            address => Ok(address.cloned()),
        }
    }

    /// Reasons against somebody coming in, whom somebody lets in: they themselves, where they act.
    pub(super) fn against_joining(
        &self,
        user: &UserId,
        email: Option<&EmailAddress>,
        grants: &Grants,
        by: &Actor,
    ) -> Why {
        let asked = !self.members.contains_key(user) && by.user().is_some();
        let needed = asked && self.settings.domain_rules().restrict();
        let mut why = reason("address-needed", email.is_none() && needed);
        if let Some(email) = email {
            why.extend(reason("domain-not-allowed", !self.settings.domain_rules().permits(email)));
            let of = self.member_of(&Invitee::Address(email.clone()));
            why.extend(reason("address-of-another-member", of.is_some_and(|(other, _)| other != user)));
        }
        let invitee = Invitee::User(user.clone());
        why.extend(self.against_suspended(&invitee));
        why.extend(reason("already-member", self.holds_all(&invitee, grants)));
        why
    }

    fn against_adding(
        &self,
        user: &UserId,
        email: Option<&EmailAddress>,
        grants: &Grants,
        by: &Actor,
    ) -> Why {
        let mut why = reason("not-entitled", !entitled(&self.plan, grants));
        why.extend(self.against_groups(grants));
        why.extend(self.holder(by).lacks_authority(&self.model, &Permission::ADD, grants, true));
        for name in names(user, email) {
            why.extend(reason("blocked", self.refuses(&name)));
        }
        let left = self.unwilling.contains(&(Invitee::User(user.clone()), SuppressionKind::Inclusion));
        why.extend(reason("left-before", left && by.user().is_some()));
        why.extend(self.against_joining(user, email, grants, by));
        why
    }

    fn against_changing(&self, user: &UserId, grants: &Grants, by: &Actor) -> Why {
        let mut why = self.open();
        let Some(member) = self.members.get(user) else {
            why.extend(["unknown-member"]);
            return why;
        };
        why.extend(reason("not-entitled", !entitled(&self.plan, grants)));
        // What is held in an archived or closed group stays as it is.
        let news = grants.iter().filter(|(scope, access)| member.grants.access(scope) != Some(access));
        let news = news.map(|(scope, access)| Grant::new(scope.clone(), access.clone())).collect();
        why.extend(self.against_groups(&news));
        if member.grants.is_owner() {
            why.extend(reason("owner-protected", by.user() != Some(user)));
            why.extend(reason("member-suspended", !member.is_active()));
            why.extend(reason("last-owner", self.owners() == 1));
        } else {
            let (by, change) = (self.holder(by), &Permission::CHANGE_ACCESS);
            why.extend(by.lacks_authority(&self.model, change, &member.grants, false));
            why.extend(by.lacks_authority(&self.model, change, grants, true));
        }
        why
    }

    fn against_offering(&self, to: &UserId, former: &FormerOwner, by: &Actor, now: DateTime<Utc>) -> Why {
        let mut why = self.open();
        why.extend(reason("not-permitted", !self.holder(by).is_owner()));
        match self.members.get(to) {
            None => why.extend(["unknown-member"]),
            Some(member) => why.extend(reason("already-owner", member.grants.is_owner())),
        }
        why.extend(self.against_suspended(&Invitee::User(to.clone())));
        let there = former_grants(former).is_none_or(|grants| entitled(&self.plan, &grants));
        why.extend(reason("not-entitled", !there));
        let taken = self.is_taken(None, &Invitee::User(to.clone()), &owner(), now);
        why.extend(reason("already-invited", taken));
        why
    }

    /// Reasons against granting this by an invitation.
    pub(super) fn against_granting(&self, by: &Actor, grants: &Grants) -> Why {
        let mut why = reason("not-entitled", !entitled(&self.plan, grants));
        why.extend(self.against_groups(grants));
        why.extend(self.holder(by).lacks_authority(&self.model, &Permission::INVITE, grants, true));
        why
    }

    pub(super) fn unwelcome(&self, invitee: &Invitee, grants: &Grants) -> Why {
        let permitted = invitee.address().is_none_or(|address| self.settings.domain_rules().permits(address));
        let mut why = reason("domain-not-allowed", !permitted);
        why.extend(reason("blocked", self.refuses(invitee)));
        why.extend(self.against_suspended(invitee));
        why.extend(reason("already-member", self.holds_all(invitee, grants)));
        why
    }

    pub(super) fn open(&self) -> Why {
        match self.status {
            OrganizationStatus::Active => Why::new(),
            OrganizationStatus::Suspended => Why::from(["organization-suspended"]),
            OrganizationStatus::Closed => Why::from(["organization-closed"]),
        }
    }

    pub(super) fn not_closed(&self) -> Why {
        reason("organization-closed", self.status == OrganizationStatus::Closed)
    }

    /// F22: the host takes people out of a closed organization too.
    pub(super) fn not_closed_to(&self, by: &Actor) -> Why {
        if *by == Actor::System { Why::new() } else { self.not_closed() }
    }
}
