//! An organization as it should be: a plain model of one's own, without seats, counters, versions or stores.
//!
//! Before each command it names every reason that there is against it. The command must be done if there is none,
//! and must be refused for one of them if there are some; whichever is told first does not matter. Whether there is
//! room, for seats and by rates, is not asked here: see `invariants`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{
    ChangeStatus, EARLIER_NONCES, Invitee, MAILED_PROOF, Principal, Purpose, SuppressionKind, Verdict,
};
use invite::{
    AccessModel, Actor, Block, EmailAddress, Expiry, FormerOwner, Grant, Grants, InvitationId,
    InvitationKind, InvitationState, InviterPolicy, Mode, OnPending, OrganizationStatus, Permission, Plan,
    Scope, Settings, TheirInvitations, UserId,
};

use super::cast::Rules;
use super::command::{Came, Claim, Command, Issued, Item};
use super::rights::{Holder, entitled};
use super::snapshot::Snapshot;
use super::violation::{Checked, holds};

/// Reasons against a command, by their codes.
type Why = BTreeSet<&'static str>;

/// Refusals for want of room, of which the reference knows nothing.
const NO_ROOM: [&str; 5] =
    ["no-seat-left", "too-many-invitations", "too-many-pending", "too-many-open", "partly-refused"];

#[derive(Debug, Clone, PartialEq)]
struct Held {
    grants: Grants,
    email: Option<EmailAddress>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    invitee: Invitee,
    kind: InvitationKind,
    grants: Grants,
    inviter: Actor,
    expires: Expiry,
    ended: Option<InvitationState>,
    revision: u32,
    mail_to: Option<EmailAddress>,
    /// When a mail of this revision was handed over last.
    mailed: Option<DateTime<Utc>>,
}

impl Row {
    fn state_at(&self, now: DateTime<Utc>) -> InvitationState {
        match (self.ended, self.expires) {
            (Some(ended), _) => ended,
            (None, Expiry::At(end)) if end <= now => InvitationState::Expired,
            (None, _) => InvitationState::Pending,
        }
    }

    fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.state_at(now) == InvitationState::Pending
    }

    fn shares_a_place_with(&self, invitee: &Invitee, grants: &Grants) -> bool {
        self.invitee == *invitee && self.grants.scopes().any(|scope| grants.access(scope).is_some())
    }
}

/// An organization as it should be.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    rules: Rules,
    model: AccessModel,
    status: OrganizationStatus,
    plan: Plan,
    settings: Settings,
    members: BTreeMap<UserId, Held>,
    invitations: BTreeMap<InvitationId, Row>,
    /// Who is not to be invited, or not to be mailed.
    unwilling: BTreeSet<(Invitee, SuppressionKind)>,
}

impl Reference {
    /// An organization of which nothing was invited yet.
    pub(super) fn of(rules: Rules, snapshot: &Snapshot) -> Self {
        let held = |(user, row): (&UserId, &invite::Member)| {
            (user.clone(), Held { grants: row.grants.clone(), email: row.email.clone() })
        };
        Self {
            rules,
            model: rules.model(),
            status: snapshot.organization.status,
            plan: snapshot.organization.plan.clone(),
            settings: snapshot.organization.settings.clone(),
            members: snapshot.members.iter().map(held).collect(),
            invitations: BTreeMap::new(),
            unwilling: BTreeSet::new(),
        }
    }

    /// What is listed is what should be.
    pub(super) fn is(&mut self, snapshot: &Snapshot, now: DateTime<Utc>) -> Checked {
        let (shown, members) = (snapshot.members.keys(), self.members.keys());
        holds!(shown.clone().eq(members.clone()), "AUT-7", "members are {shown:?} and should be {members:?}");
        for (user, row) in &snapshot.members {
            let shown = Held { grants: row.grants.clone(), email: row.email.clone() };
            let should = self.members.get(user);
            holds!(should == Some(&shown), "AUT-7", "{user} is {shown:?} and should be {should:?}");
        }
        let (shown, rows) = (snapshot.invitations.keys(), self.invitations.keys());
        holds!(shown.eq(rows), "LIF-1", "there are other invitations than there should be");
        for (id, row) in &snapshot.invitations {
            let Some(should) = self.invitations.get_mut(id) else { continue };
            let state = row.state_at(now);
            if self.status == OrganizationStatus::Closed
                && state == InvitationState::Revoked
                && should.is_live(now)
            {
                // Ended with its organization, and written down a few at a time.
                should.ended = Some(state);
            }
            let shown = Row {
                invitee: row.invitee.clone(),
                kind: row.kind.clone(),
                grants: row.grants.clone(),
                inviter: row.inviter.clone(),
                expires: row.expires_at,
                ended: should.ended,
                revision: row.revision,
                mail_to: row.mail_to.clone(),
                mailed: should.mailed,
            };
            holds!(*should == shown, "LIF-1", "{id} is {shown:?} and should be {should:?}");
            holds!(should.state_at(now) == state, "LIF-1", "{id} is {state} and should be {should:?}");
        }
        let (status, plan, settings) = (self.status, &self.plan, &self.settings);
        let row = &snapshot.organization;
        let same = row.status == status && row.plan == *plan && row.settings == *settings;
        holds!(same, "LIF-8", "{row:?} should be {status:?}, {plan:?}, {settings:?}");
        Ok(())
    }

    /// Compares what came of a command with what should, and does the same.
    pub(super) fn follow(
        &mut self,
        command: &Command,
        by: &Actor,
        came: &Came,
        now: DateTime<Utc>,
    ) -> Checked {
        let (whole, each) = self.against(command, by, now);
        match &came.items {
            Err(code) => {
                let mut why = whole;
                if each == 1 {
                    why.extend(self.against_item(command, by, 0, now));
                }
                let only_whole = each == 1 || !why.is_empty() || NO_ROOM.contains(code);
                holds!(only_whole, "STO-8", "{command:?} was refused whole: {code}");
                agree(command, &why, Some(code))
            }
            Ok(items) => {
                agree(command, &whole, None)?;
                holds!(items.len() == each, "STO-8", "{command:?} has other items: {items:?}");
                for (position, item) in items.iter().enumerate() {
                    let why = self.against_item(command, by, position, now);
                    match item {
                        Item::Refused(code) => agree(command, &why, Some(code))?,
                        Item::Duplicate => {
                            holds!(is_repeated(command, position), "PAR-2", "{command:?}: {position} is new");
                        }
                        _ => {
                            agree(command, &why, None)?;
                            self.make(command, by, position, item, now)?;
                        }
                    }
                }
                Ok(())
            }
        }
    }

    /// Whether somebody may do something in a scope (AUT-7).
    pub(super) fn may(&self, user: &UserId, permission: &Permission, scope: &Scope) -> bool {
        self.status == OrganizationStatus::Active
            && self.holder(&Actor::User(user.clone())).may(&self.model, permission, scope)
    }

    /// What a token is (TOK-5, LIF-2).
    pub(super) fn verdict(&self, issued: &Issued, organization: &str) -> Verdict {
        let Some(row) = self.invitations.get(&issued.invitation) else { return Verdict::Unknown };
        let purpose = issued.token.purpose();
        let mailed = match row.kind {
            InvitationKind::Membership => Purpose::Mailed,
            InvitationKind::Ownership { .. } => Purpose::Ownership,
        };
        let fits = purpose == mailed || purpose == Purpose::Copied;
        if !fits || issued.token.organization().as_str() != organization {
            return Verdict::Unknown;
        }
        age(row, issued)
    }

    /// What a link shows: the state, unless the organization does not work or a newer mail was sent (LNK-1).
    pub(super) fn shown(
        &self,
        issued: &Issued,
        organization: &str,
        now: DateTime<Utc>,
    ) -> Option<&'static str> {
        let state = self.invitations.get(&issued.invitation)?.state_at(now);
        match (self.verdict(issued, organization), self.status) {
            (Verdict::Unknown, _) => None,
            (Verdict::Superseded, _) => Some("superseded"),
            (Verdict::Current, OrganizationStatus::Active) => Some(state.as_str()),
            (Verdict::Current, _) => Some("no_longer_valid"),
        }
    }

    /// What speaks against showing somebody the link of an invitation.
    pub(super) fn against_copying(&self, id: InvitationId, by: &Actor, now: DateTime<Utc>) -> Why {
        let mut why = self.open();
        why.extend(self.against_reminding(id, by, now));
        why.remove("no-mail");
        why
    }

    /// A mail for an invitation was handed over.
    pub(super) fn mailed(
        &mut self,
        id: InvitationId,
        to: &EmailAddress,
        clock: DateTime<Utc>,
    ) -> Checked<u32> {
        let row = self.invitations.get_mut(&id);
        holds!(row.is_some(), "MAI-7", "a mail was sent for an unknown invitation {id}");
        let Some(row) = row else { return Ok(0) };
        let unwilling = SuppressionKind::ALL.map(|kind| (row.invitee.clone(), kind));
        let unwilling = unwilling.iter().any(|one| self.unwilling.contains(one));
        holds!(row.is_live(clock) && !unwilling, "MAI-7", "an unwanted mail was sent for {row:?}");
        holds!(row.mail_to.as_ref() == Some(to), "IDN-6", "a mail was sent elsewhere for {row:?}");
        holds!(self.status == OrganizationStatus::Active, "LIF-8", "a mail was sent while {:?}", self.status);
        row.mailed = row.mailed.max(Some(clock));
        Ok(row.revision)
    }

    /// Reasons against a command as a whole, and how many items it has.
    fn against(&self, command: &Command, by: &Actor, now: DateTime<Utc>) -> (Why, usize) {
        match command {
            Command::Invite { list, grants, expiry, .. } => {
                let mut why = self.open();
                if list.iter().any(|(_, own)| own.is_none()) {
                    why.extend(self.against_granting(by, grants));
                }
                why.extend(unsound(*expiry, now));
                (why, list.len())
            }
            Command::Revoke(ids) => (Why::new(), ids.len()),
            Command::Add { list, .. } => (self.open(), list.len()),
            Command::Remove { users, .. } => (self.not_closed(), users.len()),
            _ => (Why::new(), 1),
        }
    }

    /// Reasons against one item of a command, or against one that has but one.
    fn against_item(&self, command: &Command, by: &Actor, position: usize, now: DateTime<Utc>) -> Why {
        match command {
            Command::Invite { list, grants, on_pending, .. } => {
                let (invitee, own) = &list[position];
                self.against_inviting(invitee, own.as_ref(), grants, *on_pending, by, now)
            }
            Command::Resend { id, expiry } => {
                let mut why = self.open();
                why.extend(self.against_resending(*id, by, now));
                why.extend(unsound(*expiry, now));
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
                let row = self.invitations.get(&issued.invitation);
                let ours = row.is_some_and(|row| age(row, issued) != Verdict::Unknown);
                reason("unknown-token", !ours || issued.token.purpose() != Purpose::Unsubscribe)
            }
            Command::Add { list, .. } => {
                let (user, email, grants) = &list[position];
                self.against_adding(user, email.as_ref(), grants, by)
            }
            Command::ChangeAccess { user, grants, .. } => self.against_changing(user, grants, by),
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
                let mut why = self.not_closed();
                why.extend(reason("not-permitted", by.user().is_some_and(|by| by != user)));
                match self.members.get(user) {
                    None => why.extend(["unknown-member"]),
                    Some(member) => {
                        why.extend(reason("last-owner", member.grants.is_owner() && self.owners() == 1));
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
                let mut why = match status {
                    ChangeStatus::Suspend => self.open(),
                    _ => self.not_closed(),
                };
                why.extend(reason("not-permitted", !self.may_manage(by, needed)));
                let active = *status == ChangeStatus::Resume && self.status == OrganizationStatus::Active;
                why.extend(reason("not-suspended", active));
                why
            }
            Command::Tidy(_) => Why::new(),
            Command::Create { .. } => Why::from(["organization-exists"]),
        }
    }

    fn against_inviting(
        &self,
        invitee: &Invitee,
        own: Option<&Grants>,
        common: &Grants,
        on_pending: OnPending,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Why {
        let grants = own.unwrap_or(common);
        let mut why = own.map_or_else(Why::new, |own| self.against_granting(by, own));
        why.extend(self.unwelcome(invitee, grants));
        for (id, row) in self.live(now).filter(|(_, row)| row.shares_a_place_with(invitee, grants)) {
            match on_pending {
                OnPending::Resend => why.extend(self.against_resending(*id, by, now)),
                OnPending::Replace => why.extend(self.against_managing_row(row, by)),
                _ => why.extend(["already-invited"]),
            }
        }
        why
    }

    fn against_resending(&self, id: InvitationId, by: &Actor, now: DateTime<Utc>) -> Why {
        let Some(row) = self.invitations.get(&id) else { return Why::from(["unknown-invitation"]) };
        let mut why = match row.state_at(now) {
            InvitationState::Pending | InvitationState::Expired => Why::new(),
            state => Why::from([code_of(state)]),
        };
        match row.kind {
            InvitationKind::Membership => {
                why.extend(self.against_granting(by, &row.grants));
                why.extend(self.unwelcome(&row.invitee, &row.grants));
            }
            InvitationKind::Ownership { .. } => {
                why.extend(reason("not-permitted", !self.holder(by).is_owner()))
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
        why.extend(unsound(expiry, now));
        let (grants, longer) = edited(row, grants, expiry);
        if *grants != row.grants || longer {
            why.extend(self.against_granting(by, grants));
        }
        if *grants != row.grants {
            why.extend(reason("already-member", self.holds_all(&row.invitee, grants)));
            why.extend(reason("already-invited", self.is_taken(Some(id), &row.invitee, grants, now)));
        }
        why
    }

    fn against_reminding(&self, id: InvitationId, by: &Actor, now: DateTime<Utc>) -> Why {
        let mut why = self.against_managing(id, by, now);
        let mailed = self.invitations.get(&id).is_none_or(|row| row.mail_to.is_some());
        why.extend(reason("no-mail", !mailed));
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
        if let InvitationKind::Ownership { former } = &row.kind {
            match self.members.get(principal.user()) {
                None => why.extend(["unknown-member"]),
                Some(member) => why.extend(reason("already-owner", member.grants.is_owner())),
            }
            why.extend(reason("inviter-no-longer-may", !self.holder(&row.inviter).is_owner()));
            let there = former_grants(former).is_none_or(|grants| entitled(&self.plan, &grants));
            why.extend(reason("no-longer-available", !there));
            return why;
        }
        why.extend(reason("no-longer-available", !entitled(&self.plan, &row.grants)));
        match self.still_granted(row) {
            None => why.extend(["inviter-no-longer-may"]),
            Some(grants) => {
                why.extend(self.against_joining(principal.user(), row.invitee.address(), &grants))
            }
        }
        why
    }

    fn against_joining(&self, user: &UserId, email: Option<&EmailAddress>, grants: &Grants) -> Why {
        let mut why = Why::new();
        if let Some(email) = email {
            why.extend(reason("domain-not-allowed", !self.settings.domain_rules().permits(email)));
            let of = self.member_of(&Invitee::Address(email.clone()));
            why.extend(reason("address-of-another-member", of.is_some_and(|(other, _)| other != user)));
        }
        why.extend(reason("already-member", self.holds_all(&Invitee::User(user.clone()), grants)));
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
        why.extend(self.holder(by).lacks_authority(&self.model, &Permission::ADD, grants, true));
        for name in names(user, email) {
            let blocked = self.unwilling.contains(&(name, SuppressionKind::Invitations));
            why.extend(reason("blocked", blocked));
        }
        why.extend(self.against_joining(user, email, grants));
        why
    }

    fn against_changing(&self, user: &UserId, grants: &Grants, by: &Actor) -> Why {
        let mut why = self.open();
        let Some(member) = self.members.get(user) else {
            why.extend(["unknown-member"]);
            return why;
        };
        why.extend(reason("not-entitled", !entitled(&self.plan, grants)));
        if member.grants.is_owner() {
            why.extend(reason("owner-protected", by.user() != Some(user)));
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
        let there = former_grants(former).is_none_or(|grants| entitled(&self.plan, &grants));
        why.extend(reason("not-entitled", !there));
        let taken = self.is_taken(None, &Invitee::User(to.clone()), &owner(), now);
        why.extend(reason("already-invited", taken));
        why
    }

    /// Reasons against granting this by an invitation.
    fn against_granting(&self, by: &Actor, grants: &Grants) -> Why {
        let mut why = reason("not-entitled", !entitled(&self.plan, grants));
        why.extend(self.holder(by).lacks_authority(&self.model, &Permission::INVITE, grants, true));
        why
    }

    fn unwelcome(&self, invitee: &Invitee, grants: &Grants) -> Why {
        let permitted = invitee.address().is_none_or(|address| self.settings.domain_rules().permits(address));
        let mut why = reason("domain-not-allowed", !permitted);
        let blocked = self.unwilling.contains(&(invitee.clone(), SuppressionKind::Invitations));
        why.extend(reason("blocked", blocked));
        why.extend(reason("already-member", self.holds_all(invitee, grants)));
        why
    }

    fn open(&self) -> Why {
        match self.status {
            OrganizationStatus::Active => Why::new(),
            OrganizationStatus::Suspended => Why::from(["organization-suspended"]),
            OrganizationStatus::Closed => Why::from(["organization-closed"]),
        }
    }

    fn not_closed(&self) -> Why {
        reason("organization-closed", self.status == OrganizationStatus::Closed)
    }

    fn holder(&self, actor: &Actor) -> Holder<'_> {
        match actor {
            Actor::System => Holder::Host,
            Actor::User(user) => Holder::Member(self.members.get(user).map(|member| &member.grants)),
        }
    }

    fn may_manage(&self, by: &Actor, permission: &Permission) -> bool {
        self.holder(by).may(&self.model, permission, &Scope::Organization)
    }

    fn owners(&self) -> usize {
        self.members.values().filter(|member| member.grants.is_owner()).count()
    }

    fn member_of(&self, invitee: &Invitee) -> Option<(&UserId, &Held)> {
        self.members.iter().find(|(user, member)| match invitee {
            Invitee::User(invited) => *user == invited,
            Invitee::Address(address) => member.email.as_ref() == Some(address),
        })
    }

    fn holds_all(&self, invitee: &Invitee, grants: &Grants) -> bool {
        let holds = |member: &Held| grants.scopes().all(|scope| member.grants.access(scope).is_some());
        self.member_of(invitee).is_some_and(|(_, member)| holds(member))
    }

    fn live(&self, now: DateTime<Utc>) -> impl Iterator<Item = (&InvitationId, &Row)> {
        self.invitations.iter().filter(move |(_, row)| row.is_live(now))
    }

    fn is_taken(
        &self,
        id: Option<InvitationId>,
        invitee: &Invitee,
        grants: &Grants,
        now: DateTime<Utc>,
    ) -> bool {
        let mut others = self.live(now).filter(|(other, _)| Some(**other) != id);
        others.any(|(_, row)| row.shares_a_place_with(invitee, grants))
    }

    fn may_still_invite(&self, inviter: &Actor, row: &Row) -> bool {
        match row.kind {
            InvitationKind::Membership => {
                let lacking =
                    self.holder(inviter).lacks_authority(&self.model, &Permission::INVITE, &row.grants, true);
                lacking.is_empty()
            }
            InvitationKind::Ownership { .. } => self.holder(inviter).is_owner(),
        }
    }

    /// What an invitation grants when it is accepted now; `None` if nothing (AUT-4).
    fn still_granted(&self, row: &Row) -> Option<Grants> {
        if self.inviter_policy() == InviterPolicy::Keep || self.may_still_invite(&row.inviter, row) {
            return Some(row.grants.clone());
        }
        let reduced = match self.inviter_policy() {
            InviterPolicy::Reduce => self.holder(&row.inviter).reduced(&self.model, &row.grants),
            _ => Grants::default(),
        };
        Some(reduced).filter(|grants| !grants.is_empty())
    }

    fn inviter_policy(&self) -> InviterPolicy {
        self.rules.inviter
    }
}

/// What commands do.
impl Reference {
    fn make(
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
            Command::Remove { users, theirs } => self.remove(&users[position], by, *theirs, now),
            Command::Leave { user, theirs } => {
                let theirs = match theirs {
                    TheirInvitations::HandOver => TheirInvitations::Revoke,
                    theirs => *theirs,
                };
                self.remove(user, by, theirs, now);
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

/// Requires that a command was done for want of reasons against it, or refused for one of them.
fn agree(command: &Command, why: &Why, refused: Option<&str>) -> Checked {
    match refused {
        None => holds!(why.is_empty(), "AUT-1", "{command:?} was done in spite of {why:?}"),
        Some(code) => {
            let known = why.contains(code) || NO_ROOM.contains(&code);
            holds!(known, "F6", "{command:?} was refused with {code}, and against it is {why:?}");
        }
    }
    Ok(())
}

fn reason(code: &'static str, is_there: bool) -> Why {
    is_there.then_some(code).into_iter().collect()
}

fn age(row: &Row, issued: &Issued) -> Verdict {
    let earlier = u32::try_from(EARLIER_NONCES).unwrap_or(u32::MAX);
    match issued.revision.and_then(|revision| row.revision.checked_sub(revision)) {
        Some(0) => Verdict::Current,
        Some(age) if age <= earlier => Verdict::Superseded,
        _ => Verdict::Unknown,
    }
}

/// What an edit makes of the grants, and whether the invitation lives longer for it.
fn edited<'a>(row: &'a Row, grants: Option<&'a Grants>, expiry: Option<Expiry>) -> (&'a Grants, bool) {
    match row.kind {
        InvitationKind::Membership => {
            (grants.unwrap_or(&row.grants), expiry.is_some_and(|expiry| expiry > row.expires))
        }
        InvitationKind::Ownership { .. } => (&row.grants, false),
    }
}

fn unsound(expiry: Option<Expiry>, now: DateTime<Utc>) -> Why {
    let too_soon = matches!(expiry, Some(Expiry::At(end)) if end - now < TimeDelta::minutes(1));
    reason("invalid-expiry", too_soon)
}

fn owner() -> Grants {
    Grant::role("owner").into()
}

fn former_grants(former: &FormerOwner) -> Option<Grants> {
    match former {
        FormerOwner::Stays => None,
        FormerOwner::Becomes(access) => Some(Grant::new(Scope::Organization, access.clone()).into()),
    }
}

fn names(user: &UserId, email: Option<&EmailAddress>) -> Vec<Invitee> {
    [Invitee::User(user.clone())].into_iter().chain(email.cloned().map(Invitee::Address)).collect()
}

fn is_repeated(command: &Command, position: usize) -> bool {
    match command {
        Command::Invite { list, .. } => list[..position].contains(&list[position]),
        _ => false,
    }
}

/// The code that an invitation which is not pending is refused with.
fn code_of(state: InvitationState) -> &'static str {
    match state {
        InvitationState::Pending => "not-pending",
        InvitationState::Accepted => "already-accepted",
        InvitationState::Declined => "declined",
        InvitationState::Revoked => "revoked",
        InvitationState::Expired => "expired",
    }
}

impl Command {
    /// Whether it is all or nothing.
    pub(super) fn is_all_or_nothing(&self) -> bool {
        matches!(
            self,
            Self::Invite { mode: Mode::AllOrNothing, .. } | Self::Add { mode: Mode::AllOrNothing, .. }
        )
    }
}
