//! An organization as it should be: a plain model of one's own, without seats, counters, versions or stores.
//!
//! Before each command it names every reason that there is against it. The command must be done if there is none,
//! and must be refused for one of them if there are some; whichever is told first does not matter. Whether there is
//! room, for seats and by rates, is not asked here: see `invariants`.

mod against;
mod make;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{EARLIER_NONCES, Invitee, Purpose, SuppressionKind, Verdict};
use invite::{
    AccessModel, Actor, EmailAddress, Expiry, FormerOwner, Grant, Grants, InvitationId, InvitationKind,
    InvitationState, InviterPolicy, Mode, OrganizationStatus, Permission, Plan, Scope, Settings, UserId,
};

use super::cast::Rules;
use super::command::{Came, Command, Issued, Item};
use super::rights::Holder;
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

    /// Who is not to be invited, or not to be mailed, by now.
    pub(super) fn unwilling(&self) -> &BTreeSet<(Invitee, SuppressionKind)> {
        &self.unwilling
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
        let stops = [SuppressionKind::Invitations, SuppressionKind::Mail];
        let unwilling = stops.map(|kind| (row.invitee.clone(), kind));
        let unwilling = unwilling.iter().any(|one| self.unwilling.contains(one));
        holds!(row.is_live(clock) && !unwilling, "MAI-7", "an unwanted mail was sent for {row:?}");
        holds!(row.mail_to.as_ref() == Some(to), "IDN-6", "a mail was sent elsewhere for {row:?}");
        holds!(self.status == OrganizationStatus::Active, "LIF-8", "a mail was sent while {:?}", self.status);
        row.mailed = row.mailed.max(Some(clock));
        Ok(row.revision)
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
