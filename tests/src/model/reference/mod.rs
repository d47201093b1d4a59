//! An organization as it should be: a plain model of one's own, without seats, counters, versions or stores.
//!
//! Before each command it names every reason that there is against it. The command must be done if there is none,
//! and must be refused for one of them if there are some; whichever is told first does not matter. Whether there is
//! room, for seats and by rates, is not asked here: see `invariants`.

mod against;
mod erase;
mod groups;
mod links;
mod looks;
mod make;
mod requests;
mod scopes;
mod suspend;
mod tidy;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{
    Domain, EARLIER_NONCES, Invitee, MemberStatus, RequestState, RequestWay, SuppressionKind, Verdict,
    VerifiedDomain,
};
use invite::{
    AccessModel, Actor, EmailAddress, Expiry, FormerOwner, Grant, Grants, Group, GroupId, GroupSettings,
    GroupStatus, InvitationId, InvitationKind, InvitationState, InviteLink, InviterPolicy, JoinedBy,
    LinkEnding, LinkId, LinkSettings, Mode, OrganizationStatus, Permission, Plan, RequestId, Scope, Settings,
    Switch, UserId,
};

use super::cast::Rules;
use super::command::{Came, Command, Issued, Item};
use super::rights::Holder;
use super::snapshot::Snapshot;
use super::violation::{Checked, holds};

/// Reasons against a command, by their codes.
type Why = BTreeSet<&'static str>;

/// Refusals for want of room, of which the reference knows nothing.
const NO_ROOM: [&str; 6] = [
    "no-seat-left",
    "too-many-invitations",
    "asked-too-often",
    "too-many-pending",
    "too-many-open",
    "partly-refused",
];

#[derive(Debug, Clone, PartialEq)]
struct Held {
    grants: Grants,
    email: Option<EmailAddress>,
    joined_by: JoinedBy,
    status: MemberStatus,
}

impl Held {
    fn is_active(&self) -> bool {
        self.status == MemberStatus::Active
    }
}

impl From<&invite::Member> for Held {
    fn from(row: &invite::Member) -> Self {
        let (grants, email) = (row.grants.clone(), row.email.clone());
        Self { grants, email, joined_by: row.joined_by.clone(), status: row.status }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Request {
    way: RequestWay,
    invitee: Invitee,
    by: UserId,
    email: Option<EmailAddress>,
    grants: Grants,
    expires: DateTime<Utc>,
    ended: Option<RequestState>,
}

#[derive(Debug, Clone, PartialEq)]
struct Place {
    status: GroupStatus,
    settings: GroupSettings,
    creator: Actor,
}

impl From<&Group> for Place {
    fn from(row: &Group) -> Self {
        Self { status: row.status, settings: row.settings.clone(), creator: row.creator.clone() }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Link {
    settings: LinkSettings,
    revision: u32,
    switch: Switch,
    creator: Actor,
    uses: u32,
    ended: Option<LinkEnding>,
    /// How often it got a new token.
    turns: u32,
}

impl Link {
    fn is_shown_as(&self, row: &InviteLink) -> bool {
        let shown = Self {
            settings: row.settings.clone(),
            revision: row.revision,
            switch: row.switch,
            creator: row.creator.clone(),
            uses: row.uses,
            ended: row.ended.map(|(ending, _)| ending),
            turns: self.turns,
        };
        let earlier = row.earlier_nonces.len().min(EARLIER_NONCES) as u32;
        *self == shown && earlier == self.turns.min(EARLIER_NONCES as u32)
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    invitee: Invitee,
    kind: InvitationKind,
    grants: Grants,
    inviter: Actor,
    starts: Option<DateTime<Utc>>,
    expires: Expiry,
    continue_to: Option<String>,
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

    /// When it begins, or now if it has.
    fn start(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.starts.map_or(now, |start| start.max(now))
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
    suspended_by: Option<Actor>,
    plan: Plan,
    settings: Settings,
    members: BTreeMap<UserId, Held>,
    groups: BTreeMap<GroupId, Place>,
    /// Closed groups that something may name still.
    closing: BTreeSet<GroupId>,
    links: BTreeMap<LinkId, Link>,
    invitations: BTreeMap<InvitationId, Row>,
    requests: BTreeMap<RequestId, Request>,
    verified: BTreeMap<Domain, VerifiedDomain>,
    /// Who is not to be invited, or not to be mailed.
    unwilling: BTreeSet<(Invitee, SuppressionKind)>,
}

impl Reference {
    /// An organization of which nothing was invited yet.
    pub(super) fn of(rules: Rules, snapshot: &Snapshot) -> Self {
        let members = snapshot.members.iter().map(|(user, row)| (user.clone(), Held::from(row)));
        let groups = snapshot.groups.iter().map(|(id, row)| (id.clone(), Place::from(row)));
        Self {
            rules,
            model: rules.model(),
            status: snapshot.organization.status,
            suspended_by: snapshot.organization.suspended_by.clone(),
            plan: snapshot.organization.plan.clone(),
            settings: snapshot.organization.settings.clone(),
            members: members.collect(),
            groups: groups.collect(),
            closing: BTreeSet::new(),
            links: BTreeMap::new(),
            invitations: BTreeMap::new(),
            requests: BTreeMap::new(),
            verified: BTreeMap::new(),
            unwilling: BTreeSet::new(),
        }
    }

    /// What is listed is what should be.
    pub(super) fn is(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Checked {
        let (shown, members) = (snapshot.members.keys(), self.members.keys());
        holds!(shown.clone().eq(members.clone()), "AUT-7", "members are {shown:?} and should be {members:?}");
        for (user, row) in &snapshot.members {
            let shown = Held::from(row);
            let should = self.members.get(user);
            holds!(should == Some(&shown), "AUT-7", "{user} is {shown:?} and should be {should:?}");
        }
        let (shown, rows) = (snapshot.invitations.keys(), self.invitations.keys());
        holds!(shown.eq(rows), "LIF-1", "there are other invitations than there should be");
        for (id, row) in &snapshot.invitations {
            let Some(should) = self.invitations.get(id) else { continue };
            let state = row.state_at(now);
            let shown = Row {
                invitee: row.invitee.clone(),
                kind: row.kind.clone(),
                grants: row.grants.clone(),
                inviter: row.inviter.clone(),
                starts: row.starts_at,
                expires: row.expires_at,
                continue_to: row.continue_to.clone(),
                ended: should.ended,
                revision: row.revision,
                mail_to: row.mail_to.clone(),
                mailed: should.mailed,
            };
            holds!(*should == shown, "LIF-1", "{id} is {shown:?} and should be {should:?}");
            holds!(should.state_at(now) == state, "LIF-1", "{id} is {state} and should be {should:?}");
        }
        holds!(
            snapshot.groups.keys().eq(self.groups.keys()),
            "E1",
            "there are other groups than there should be"
        );
        for (id, row) in &snapshot.groups {
            let should = self.groups.get(id);
            holds!(should == Some(&Place::from(row)), "LIF-8", "{row:?} should be {should:?}");
        }
        let closing = &snapshot.organization.closing;
        holds!(*closing == self.closing, "LIF-10", "{closing:?} wait, and {:?} should", self.closing);
        holds!(
            snapshot.links.keys().eq(self.links.keys()),
            "B1",
            "there are other links than there should be"
        );
        for (id, row) in &snapshot.links {
            let should = self.links.get(id);
            let same = should.is_some_and(|should| should.is_shown_as(row));
            holds!(same, "LNK-4", "{row:?} should be {should:?}");
        }
        let same = snapshot.requests.keys().eq(self.requests.keys());
        holds!(same, "E1", "there are other requests than there should be");
        for (id, row) in &snapshot.requests {
            let Some(should) = self.requests.get(id) else { continue };
            let state = row.state_at(now);
            let shown = Request {
                way: row.way.clone(),
                invitee: row.invitee.clone(),
                by: row.by.clone(),
                email: row.email.clone(),
                grants: row.grants.clone(),
                expires: row.expires_at,
                ended: should.ended,
            };
            holds!(*should == shown, "E1", "{id} is {shown:?} and should be {should:?}");
            holds!(should.state_at(now) == state, "LIF-1", "{id} is {state} and should be {should:?}");
        }
        let verified = &snapshot.organization.verified;
        holds!(*verified == self.verified, "F15", "{verified:?} should be {:?}", self.verified);
        let (status, plan, settings) = (self.status, &self.plan, &self.settings);
        let row = &snapshot.organization;
        let same = row.suspended_by == self.suspended_by;
        holds!(same, "F22", "{row:?} should be suspended by {:?}", self.suspended_by);
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
        after: &Snapshot,
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
                        Item::Tidied(tidied) => self.tidied(tidied, after, now)?,
                        Item::Erased(erased) => {
                            agree(command, &why, None)?;
                            self.erased(command, erased, after, now)?;
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

    fn holder(&self, actor: &Actor) -> Holder<'_> {
        match actor {
            Actor::System => Holder::Host,
            Actor::User(user) => {
                let member = self.members.get(user).filter(|member| member.is_active());
                Holder::Member(member.map(|member| &member.grants), &self.closing)
            }
        }
    }

    fn may_manage(&self, by: &Actor, permission: &Permission) -> bool {
        self.holder(by).may(&self.model, permission, &Scope::Organization)
    }

    fn owners(&self) -> usize {
        self.members.values().filter(|member| member.grants.is_owner() && member.is_active()).count()
    }

    fn member_of(&self, invitee: &Invitee) -> Option<(&UserId, &Held)> {
        self.members.iter().find(|(user, member)| match invitee {
            Invitee::User(invited) => *user == invited,
            Invitee::Address(address) => member.email.as_ref() == Some(address),
            Invitee::Erased(_) => false,
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
            InvitationKind::Membership => self.may_still_give(inviter, &Permission::INVITE, &row.grants),
            InvitationKind::Ownership { .. } => self.holder(inviter).is_owner(),
        }
    }

    fn may_still_give(&self, giver: &Actor, with: &Permission, grants: &Grants) -> bool {
        self.holder(giver).lacks_authority(&self.model, with, grants, true).is_empty()
    }

    /// What of some grants is given now; `None` if nothing (AUT-4).
    fn still_given(
        &self,
        giver: &Actor,
        with: &Permission,
        policy: InviterPolicy,
        grants: &Grants,
    ) -> Option<Grants> {
        if policy == InviterPolicy::Keep || self.may_still_give(giver, with, grants) {
            return Some(grants.clone());
        }
        let reduced = match policy {
            InviterPolicy::Reduce => self.holder(giver).reduced(&self.model, with, grants),
            _ => Grants::default(),
        };
        Some(reduced).filter(|grants| !grants.is_empty())
    }

    /// What an invitation grants when it is accepted now, without what is in closed groups; `None` if nothing.
    fn still_granted(&self, row: &Row) -> Option<Grants> {
        let (kept, _) = self.without_closed(&row.grants);
        self.still_given(&row.inviter, &Permission::INVITE, self.rules.inviter, &kept)
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

/// What a token is of something that got a new one so often.
fn age(turns: u32, issued: &Issued) -> Verdict {
    let earlier = u32::try_from(EARLIER_NONCES).unwrap_or(u32::MAX);
    match issued.revision.and_then(|turn| turns.checked_sub(turn)) {
        Some(0) => Verdict::Current,
        Some(age) if age <= earlier => Verdict::Superseded,
        _ => Verdict::Unknown,
    }
}

/// What an edit makes of the grants, and whether the invitation lives longer for it.
fn edited<'a>(row: &'a Row, grants: Option<&'a Grants>, expiry: Option<Expiry>) -> (&'a Grants, bool) {
    match row.kind {
        InvitationKind::Membership => {
            let grants = grants.unwrap_or(&row.grants);
            (grants, within(expiry.unwrap_or(row.expires), grants) > row.expires)
        }
        InvitationKind::Ownership { .. } => (&row.grants, false),
    }
}

/// When all of what is granted has ended, if it does by itself (F14).
fn over_at(grants: &Grants) -> Option<DateTime<Utc>> {
    let ends = grants.iter().map(|(_, access)| access.ends_at()).collect::<Option<Vec<_>>>()?;
    ends.into_iter().max()
}

/// An expiry that is not later than the end of all that is granted.
fn within(expiry: Expiry, grants: &Grants) -> Expiry {
    over_at(grants).map_or(expiry, |end| expiry.min(Expiry::At(end)))
}

/// What has not ended, unless all of it has.
fn still(grants: &Grants, now: DateTime<Utc>) -> Grants {
    let running = grants.running(now);
    if running.is_empty() { grants.clone() } else { running }
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
