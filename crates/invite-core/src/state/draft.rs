//! A draft: decisions made in memory on a slice, before anything is written.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Deref;

use chrono::{DateTime, SubsecRound, Utc};

use super::table::Table;
use crate::{
    Actor, CommandRecord, Commit, CommitId, Delivery, DeliveryId, DeliveryKind, DeliveryState, Ending,
    Entropy, Erasures, Event, EventRecord, Former, Group, GroupId, GroupMember, Invitation, InvitationId,
    InviteLink, Invitee, JoinRequest, LimitSubject, LinkId, Member, Organization, OrganizationStatus, Place,
    RECORD_FORMAT, RecordData, RequestEnding, RequestId, RevokedBecause, RowChange, Scope, SettledBecause,
    Slice, SortedSet, Suppression, SuppressionKind, UserId,
};

/// One step that can be taken back: a key and what was there before.
#[derive(Debug)]
pub(super) enum Undo {
    Organization(Option<Box<Organization>>),
    Member(UserId, Option<Option<Box<Member>>>),
    Invitation(InvitationId, Option<Option<Box<Invitation>>>),
    Mailed(InvitationId, Option<Option<DateTime<Utc>>>),
    Limit(LimitSubject, Option<Option<DateTime<Utc>>>),
    Suppression(Invitee, SuppressionKind, Option<DateTime<Utc>>),
    Group(GroupId, Option<Option<Box<Group>>>),
    Link(LinkId, Option<Option<Box<InviteLink>>>),
    Request(RequestId, Option<Option<Box<JoinRequest>>>),
}

/// A point to come back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    undo: usize,
    records: usize,
    deliveries: usize,
    commands: usize,
    version: u64,
    last_at: Option<DateTime<Utc>>,
}

/// A rule that a decision looked at, for dry runs: why, rule by rule (F5).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a rule and what came of it")]
pub struct Checked {
    /// The position in the command's list that it was checked for; `None` for the command as a whole.
    pub position: Option<usize>,
    /// The rule.
    pub rule: &'static str,
    /// The code of the refusal, if the rule did not hold.
    pub refused: Option<&'static str>,
}

/// Decisions made in memory on a slice, before anything is written.
///
/// It reads like the [`Slice`] it began with, with everything decided so far folded in. Several commands can
/// be decided on one draft, one after the other; one that is refused leaves no trace.
#[derive(Debug)]
pub struct Draft {
    /// In a place of its own: drafts are handed on.
    pub(super) slice: Box<Slice>,
    pub(super) undo: Vec<Undo>,
    pub(super) actor: Actor,
    version: u64,
    now: DateTime<Utc>,
    records: Vec<EventRecord>,
    deliveries: Vec<Delivery>,
    commands: Vec<CommandRecord>,
    entropy: Entropy,
    made: u16,
    commit: CommitId,
    checks: Option<(Option<usize>, Vec<Checked>)>,
    /// The facts themselves, for tests to fold anew.
    #[cfg(test)]
    pub(crate) facts: Vec<(Actor, Event)>,
}

impl Draft {
    /// Begins on a slice. Time is the later of `now`, in whole microseconds, and the organization's last event.
    #[must_use]
    pub fn new(slice: impl Into<Box<Slice>>, now: DateTime<Utc>, commit: CommitId) -> Self {
        let slice = slice.into();
        let now = now.trunc_subsecs(6);
        let now = slice.organization().map_or(now, |organization| now.max(organization.last_at));
        Self {
            version: slice.version(),
            slice,
            undo: Vec::new(),
            actor: Actor::System,
            now,
            records: Vec::new(),
            deliveries: Vec::new(),
            commands: Vec::new(),
            entropy: Entropy::default(),
            made: 0,
            commit,
            checks: None,
            #[cfg(test)]
            facts: Vec::new(),
        }
    }

    /// Also keeps a list of the rules that decisions look at.
    #[must_use]
    pub fn explaining(mut self) -> Self {
        self.checks = Some((None, Vec::new()));
        self
    }

    /// The rules that were looked at, if asked for.
    #[must_use]
    pub fn checked(&self) -> &[Checked] {
        self.checks.as_ref().map_or(&[], |(_, checks)| checks)
    }

    /// The time of every decision on this draft.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The facts decided so far, as they will be recorded.
    #[must_use]
    pub fn records(&self) -> &[EventRecord] {
        &self.records
    }

    /// The mails queued so far.
    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// Whether anything was decided that needs writing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.commands.is_empty()
    }

    /// How many rows a commit of this would write, roughly.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.records.len().saturating_mul(2).saturating_add(self.commands.len())
    }

    /// Keeps the outcome of a command under its idempotency key (LIF-12).
    pub fn remember(&mut self, record: CommandRecord) {
        self.slice.commands.insert(record.key.clone(), Some(record.clone()));
        self.commands.push(record);
    }

    /// Sets who acts from here on, and the entropy for what they make.
    pub(crate) fn act(&mut self, actor: Actor, entropy: Entropy) {
        self.actor = actor;
        self.entropy = entropy;
        self.made = 0;
        self.about(None);
    }

    /// Sets who acts from here on: the one whom the command names, whoever passed it on.
    pub(crate) fn act_as(&mut self, user: &UserId) {
        self.actor = Actor::User(user.clone());
    }

    /// Who acts.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The entropy of the command that is being decided.
    pub(crate) fn entropy(&mut self) -> &mut Entropy {
        &mut self.entropy
    }

    /// The variable part of an id: a count of the ids that this command has made, so that they sort in the order
    /// of their making (RFC 9562, 6.2), and entropy.
    pub(crate) fn fresh(&mut self) -> Result<[u8; 10], crate::Fault> {
        let entropy: [u8; 8] = self.entropy.take()?;
        let count = self.made.to_be_bytes();
        self.made = self.made.wrapping_add(1);
        let mut parts = count.iter().chain(&entropy).copied();
        Ok(core::array::from_fn(|_| parts.next().unwrap_or_default()))
    }

    /// Sets which item of the command's list is being decided.
    pub(crate) fn about(&mut self, position: Option<usize>) {
        if let Some((current, _)) = &mut self.checks {
            *current = position;
        }
    }

    /// Notes that a rule was looked at, and passes its answer on.
    pub(crate) fn rule<T, R: crate::Refusal>(
        &mut self,
        rule: &'static str,
        answer: Result<T, R>,
    ) -> Result<T, R> {
        if let Some((position, checks)) = &mut self.checks {
            let refused = answer.as_ref().err().map(crate::Refusal::code);
            checks.push(Checked { position: *position, rule, refused });
        }
        answer
    }

    /// Notes that a rule was looked at, and refuses unless it holds.
    pub(crate) fn require<R: crate::Refusal>(
        &mut self,
        rule: &'static str,
        holds: bool,
        reason: impl FnOnce() -> R,
    ) -> Result<(), R> {
        self.rule(rule, if holds { Ok(()) } else { Err(reason()) })
    }

    /// Makes a fact: folds it into the rows and records it.
    pub(crate) fn emit(&mut self, event: Event) {
        self.emit_as(self.actor.clone(), event);
    }

    /// Makes a fact that nobody asked for, such as an expiry.
    pub(crate) fn emit_as(&mut self, actor: Actor, mut event: Event) {
        let at = self.now;
        #[cfg(test)]
        self.facts.push((actor.clone(), event.clone()));
        let about = event.about();
        let before = self.facts(&about);
        let (kind, invitation, user) = (event.kind(), event.invitation(), event.user().cloned());
        let (group, link, request) = (event.group().cloned(), event.link(), event.request());
        let reason = match &mut event {
            Event::InvitationEnded { reason, .. } => reason.take(),
            _ => None,
        };
        self.apply(event, at);
        let data = RecordData { before, after: self.facts(&about), reason };
        self.version = self.version.saturating_add(1);
        if let Some(organization) = &mut self.slice.organization {
            organization.version = self.version;
            organization.last_at = at;
        }
        let (sequence, commit, format) = (self.version, self.commit, RECORD_FORMAT);
        self.records.push(EventRecord {
            sequence,
            commit,
            at,
            actor,
            kind,
            format,
            invitation,
            user,
            group,
            link,
            request,
            data,
        });
    }

    /// Queues a mail for an invitation as it is now, for when it has begun, unless the host delivers it by its own
    /// means (F8, F14, F18). Where a
    /// user who was included reads mail is the host's to say when it is sent.
    pub(crate) fn queue(
        &mut self,
        kind: DeliveryKind,
        id: InvitationId,
    ) -> Result<Option<DeliveryId>, crate::Fault> {
        let Some(invitation) = self.slice.invitation(id)? else { return Ok(None) };
        if invitation.mail_to.is_none() && kind != DeliveryKind::Included {
            return Ok(None);
        }
        let (revision, due_at) = (invitation.revision, invitation.begins_after(self.now).unwrap_or(self.now));
        let delivery = DeliveryId::from_parts(self.now, self.fresh()?);
        self.deliveries.push(Delivery {
            organization: self.slice.id().clone(),
            id: delivery,
            invitation: id,
            revision,
            kind,
            state: DeliveryState::Queued,
            due_at,
            created_at: self.now,
            lease: 0,
            leased_until: None,
            mailed_at: None,
            attempts: Vec::new(),
        });
        Ok(Some(delivery))
    }

    /// Members that were loaded because some of their access is past its time.
    pub(crate) fn due_members(&self) -> Vec<UserId> {
        self.slice.due.as_ref().map_or_else(Vec::new, |due| due.members.clone())
    }

    /// Whether open invitations past their expiry, or members whose access ended, remain that were not loaded.
    pub(crate) fn has_more_due(&self) -> bool {
        self.slice.due.as_ref().is_some_and(|due| due.more)
    }

    /// The invitations that were loaded as due to be ended.
    pub(crate) fn due_ids(&self) -> Vec<InvitationId> {
        self.slice.due.as_ref().map_or_else(Vec::new, |due| due.ids.clone())
    }

    /// Ends one open invitation if it is past its expiry, or its organization was closed; its invitee if so.
    pub(crate) fn end_if_due(&mut self, id: InvitationId) -> Option<Invitee> {
        let row = self.slice.invitations.get(&id)?.as_deref().filter(|row| row.is_open())?;
        let invitee = row.invitee.clone();
        let closed = self.organization().is_some_and(|row| row.status == OrganizationStatus::Closed);
        let ending = match row.expires_at.is_over(self.now) {
            true => Ending::Expired,
            false if closed => Ending::Revoked { because: RevokedBecause::OrganizationClosed },
            false => return None,
        };
        self.emit_as(Actor::System, Event::InvitationEnded { id, ending, reason: None });
        Some(invitee)
    }

    /// Whether open join requests past their expiry remain that were not loaded.
    pub(crate) fn has_more_due_requests(&self) -> bool {
        self.slice.due_requests.as_ref().is_some_and(|due| due.more)
    }

    /// Ends the join requests that were loaded as due to be ended; how many.
    pub(crate) fn end_due_requests(&mut self) -> usize {
        let ids = self.slice.due_requests.as_ref().map_or_else(Vec::new, |due| due.ids.clone());
        ids.into_iter().filter(|id| self.end_request_if_due(*id)).count()
    }

    /// Ends one open join request if it is past its expiry, or its organization was closed; whether it was.
    pub(crate) fn end_request_if_due(&mut self, id: RequestId) -> bool {
        let row = self.slice.requests.get(&id).and_then(Option::as_deref).filter(|row| row.is_open());
        let closed = self.organization().is_some_and(|row| row.status == OrganizationStatus::Closed);
        let ending = match row {
            Some(row) if row.expires_at <= self.now => RequestEnding::Expired,
            Some(_) if closed => RequestEnding::Settled { because: SettledBecause::OrganizationClosed },
            _ => return false,
        };
        self.emit_as(Actor::System, Event::RequestEnded { id, ending });
        true
    }

    /// Ends a join request that has no object any more. One past its expiry has ended by itself already, which is
    /// written down instead.
    pub(crate) fn settle_request(&mut self, id: RequestId, because: SettledBecause) {
        if !self.end_request_if_due(id) {
            self.emit(Event::RequestEnded { id, ending: RequestEnding::Settled { because } });
        }
    }

    /// A point to come back to.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            undo: self.undo.len(),
            records: self.records.len(),
            deliveries: self.deliveries.len(),
            commands: self.commands.len(),
            version: self.version,
            last_at: self.slice.organization.as_ref().map(|organization| organization.last_at),
        }
    }

    /// Comes back to a point: nothing decided since leaves a trace.
    pub(crate) fn roll_back(&mut self, mark: Mark) {
        while self.undo.len() > mark.undo {
            if let Some(step) = self.undo.pop() {
                self.take_back(step);
            }
        }
        self.records.truncate(mark.records);
        #[cfg(test)]
        self.facts.truncate(mark.records);
        self.deliveries.truncate(mark.deliveries);
        for forgotten in self.commands.split_off(mark.commands.min(self.commands.len())) {
            self.slice.commands.insert(forgotten.key, None);
        }
        self.version = mark.version;
        if let (Some(organization), Some(last_at)) = (&mut self.slice.organization, mark.last_at) {
            organization.version = mark.version;
            organization.last_at = last_at;
        }
    }

    /// The net change: for every row that was touched, what it was before the draft against what it is now.
    #[must_use]
    pub fn into_commit(self) -> Commit {
        let mut organization = None;
        let mut members = Table::default();
        let mut invitations = Table::default();
        let mut suppressions = Table::default();
        let mut groups = Table::default();
        let mut links = Table::default();
        let mut requests = Table::default();
        let mut limits = SortedSet::new();
        let mut former = former(&self.undo, &self.slice, self.now);
        for step in self.undo {
            match step {
                Undo::Organization(old) => drop(organization.get_or_insert(old)),
                Undo::Member(user, old) => members.insert_new(user, || old.flatten()),
                Undo::Invitation(id, old) => invitations.insert_new(id, || old.flatten()),
                Undo::Suppression(invitee, kind, old) => suppressions.insert_new((invitee, kind), || old),
                Undo::Group(id, old) => groups.insert_new(id, || old.flatten()),
                Undo::Link(id, old) => links.insert_new(id, || old.flatten()),
                Undo::Request(id, old) => requests.insert_new(id, || old.flatten()),
                Undo::Limit(subject, _) => _ = limits.insert(subject),
                Undo::Mailed(..) => {}
            }
        }
        let version = self.version.saturating_sub(self.records.len() as u64);
        let mut slice = self.slice;
        let (mut records, mut deliveries) = (self.records, self.deliveries);
        let erased = erase(&mut records, &mut deliveries);
        former.retain(|row| erased.users.binary_search(&row.user).is_err());
        Commit {
            id: self.commit,
            version,
            header: slice.organization.take().filter(|_| !records.is_empty()),
            places: places(&invitations, |id| slice.invitations.get(id).and_then(Option::as_deref)),
            group_members: group_members(&members, |user| slice.members.get(user).and_then(Option::as_deref)),
            groups: changes(groups, |id| slice.groups.get_mut(id).and_then(Option::take)),
            links: changes(links, |id| slice.links.get_mut(id).and_then(Option::take)),
            requests: changes(requests, |id| slice.requests.get_mut(id).and_then(Option::take)),
            members: changes(members, |user| slice.members.get_mut(user).and_then(Option::take)),
            invitations: changes(invitations, |id| slice.invitations.get_mut(id).and_then(Option::take)),
            suppressions: suppressions
                .into_iter()
                .filter_map(|((invitee, kind), old)| {
                    let of_invitee = slice.addressed.get(&invitee);
                    let at = of_invitee.and_then(|of| of.suppressions.get(&kind)).copied();
                    let new = at.map(|at| Suppression { invitee: invitee.clone(), kind, at });
                    match (old.is_some(), new) {
                        (false, Some(new)) => Some(RowChange::Insert(new)),
                        (true, Some(new)) => (old != Some(new.at)).then_some(RowChange::Update(new)),
                        (true, None) => Some(RowChange::Delete((invitee, kind))),
                        (false, None) => None,
                    }
                })
                .collect(),
            limits: limits
                .into_iter()
                .filter_map(|subject| {
                    let kept = slice.limits.get(&subject).copied().flatten()?;
                    Some((subject, kept))
                })
                .collect(),
            former,
            events: records,
            deliveries,
            commands: self.commands,
            erased,
            organization: slice.id().clone(),
        }
    }
}

/// Who ceased to be a member in the course of these steps, and what they held then.
fn former(steps: &[Undo], slice: &Slice, now: DateTime<Utc>) -> Vec<Former> {
    let (mut former, mut before) = (Table::default(), Table::<&UserId, Option<&Member>>::default());
    let mut step = |user: &UserId, was: Option<&Member>, is: Option<&Member>| {
        if let (Some(member), None) = (was, is) {
            let grants = member.in_force().cloned().unwrap_or_default();
            former.insert(user.clone(), Former { user: user.clone(), left_at: now, grants });
        }
    };
    for undo in steps {
        let Undo::Member(user, old) = undo else { continue };
        let is = old.as_ref().and_then(Option::as_deref);
        if let Some(was) = before.insert(user, is) {
            step(user, was, is);
        }
    }
    for (user, was) in before {
        step(user, was, slice.members.get(user).and_then(Option::as_deref));
    }
    former.into_iter().map(|(_, row)| row).collect()
}

/// What was erased, and does not stand in what is written along with it either.
fn erase(records: &mut [EventRecord], deliveries: &mut Vec<Delivery>) -> Erasures {
    let mut erased = Erasures::default();
    for record in records.iter() {
        match record.kind {
            "invitation-erased" => erased.invitations.extend(record.invitation),
            "request-erased" => erased.requests.extend(record.request),
            "member-erased" => erased.users.extend(record.user.clone()),
            _ => {}
        }
    }
    if erased.is_empty() {
        return erased;
    }
    erased.invitations.sort_unstable();
    erased.invitations.dedup();
    erased.requests.sort_unstable();
    erased.requests.dedup();
    erased.users.sort_unstable();
    erased.users.dedup();
    for record in records {
        let of_user = record.user.as_ref().is_some_and(|user| erased.users.binary_search(user).is_ok());
        let of_request = record.request.is_some_and(|id| erased.requests.binary_search(&id).is_ok());
        let about = match record.invitation {
            Some(id) => erased.invitations.binary_search(&id).is_ok(),
            None => of_request || of_user,
        };
        if about {
            record.data.erase();
        }
    }
    deliveries.retain(|row| erased.invitations.binary_search(&row.invitation).is_err());
    erased
}

/// Every question about rows goes to the slice with all facts so far folded in.
impl Deref for Draft {
    type Target = Slice;

    fn deref(&self) -> &Slice {
        &self.slice
    }
}

fn changes<K: Ord, R: PartialEq>(
    touched: Table<K, Option<Box<R>>>,
    mut now: impl FnMut(&K) -> Option<Box<R>>,
) -> Vec<RowChange<K, R>> {
    let change = |(key, old): (K, Option<Box<R>>)| match (old, now(&key)) {
        (None, Some(new)) => Some(RowChange::Insert(*new)),
        (Some(old), Some(new)) => (old != new).then(|| RowChange::Update(*new)),
        (Some(_), None) => Some(RowChange::Delete(key)),
        (None, None) => None,
    };
    touched.into_iter().filter_map(change).collect()
}

/// Who came into which group, changed roles there, or left it.
fn group_members<'a>(
    touched: &Table<UserId, Option<Box<Member>>>,
    now: impl Fn(&UserId) -> Option<&'a Member>,
) -> Vec<RowChange<(GroupId, UserId), GroupMember>> {
    let mut changes = Vec::new();
    for (user, old) in touched.iter() {
        let was = old.as_deref().map(in_groups).unwrap_or_default();
        let mut is = now(user).map(in_groups).unwrap_or_default();
        for (group, before) in was {
            match is.remove(&group) {
                None => changes.push(RowChange::Delete((group, user.clone()))),
                Some(after) if after != before => changes.push(RowChange::Update(after)),
                Some(_) => {}
            }
        }
        changes.extend(is.into_values().map(RowChange::Insert));
    }
    changes
}

fn in_groups(member: &Member) -> BTreeMap<GroupId, GroupMember> {
    let of_group = |(scope, access): (&Scope, &crate::Access)| {
        let group = scope.group()?.clone();
        let (user, role, joined_at) = (member.user.clone(), access.role.clone(), member.joined_at);
        Some((group.clone(), GroupMember { group, user, role, joined_at }))
    };
    member.grants.iter().filter_map(of_group).collect()
}

/// The places that open invitations left and took.
fn places<'a>(
    touched: &Table<InvitationId, Option<Box<Invitation>>>,
    now: impl Fn(&InvitationId) -> Option<&'a Invitation>,
) -> Vec<RowChange<(Scope, Invitee), Place>> {
    fn held(row: Option<&Invitation>) -> impl Iterator<Item = (Scope, Invitee)> {
        let open = row.filter(|row| row.is_open()).into_iter();
        open.flat_map(|row| row.grants.scopes().map(|scope| (scope.clone(), row.invitee.clone())))
    }
    let mut held_by = Vec::new();
    for (id, old) in touched.iter() {
        held_by.extend(held(old.as_deref()).map(|key| (key, Some(*id), None)));
        held_by.extend(held(now(id)).map(|key| (key, None, Some(*id))));
    }
    held_by.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let places = held_by.chunk_by(|(one, ..), (other, ..)| one == other).filter_map(|of_one| {
        let (key, ..) = of_one.first()?;
        let (left, taken) =
            of_one.iter().fold((None, None), |(left, taken), (_, was, is)| (left.or(*was), taken.or(*is)));
        Some((key.clone(), (left, taken)))
    });
    let change = |((scope, invitee), change): ((Scope, Invitee), _)| match change {
        (None, Some(invitation)) => Some(RowChange::Insert(Place { scope, invitee, invitation })),
        (Some(old), Some(invitation)) if old != invitation => {
            Some(RowChange::Update(Place { scope, invitee, invitation }))
        }
        (Some(_), None) => Some(RowChange::Delete((scope, invitee))),
        _ => None,
    };
    places.filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn decided<O: Operation>(world: &World, operation: &O, draft: &mut Draft) {
        let entropy = Entropy::from_bytes(vec![7; operation.makes() * Entropy::BYTES_EACH]);
        let decided = decide(operation, &world.host(), &by("ada"), entropy, draft);
        assert!(decided.is_ok(), "{}", O::NAME);
    }

    fn record(world: &World) -> CommandRecord {
        CommandRecord {
            key: CommandKey { actor: by("ada"), operation: "invite".into(), key: "k".into() },
            fingerprint: [1; 32],
            outcome: "[]".into(),
            expires_at: world.now + CommandRecord::KEPT,
        }
    }

    #[test]
    fn a_draft_shows_what_its_commit_will_hold() {
        let world = World::new();
        let invite = Invite::new("bob@example.com, cid@example.com", Grant::role("member"));
        let mut draft = world.look(&invite.reads(&by("ada")));
        assert!(draft.is_empty() && draft.rows() == 0);

        decided(&world, &invite, &mut draft);
        assert!(!draft.is_empty() && draft.rows() == 4);
        draft.remember(record(&world));
        assert_eq!(draft.rows(), 5);

        let (records, deliveries) = (draft.records().to_vec(), draft.deliveries().to_vec());
        let commit = draft.into_commit();
        assert!(!commit.is_empty());
        assert_eq!((commit.events.len(), commit.deliveries.len()), (2, 2));
        assert_eq!((commit.events, commit.deliveries), (records, deliveries));
    }

    #[test]
    fn a_command_is_remembered_alone_and_until_taken_back_lif_12() {
        let world = World::new();
        let record = record(&world);
        let mut reads = Reads::new();
        reads.commands.insert(record.key.clone());
        let mut draft = world.look(&reads);
        assert_eq!(draft.command(&record.key).unwrap(), None);

        let mark = draft.mark();
        draft.remember(record.clone());
        assert!(!draft.is_empty());
        assert_eq!(draft.command(&record.key).unwrap(), Some(&record));
        draft.roll_back(mark);
        assert!(draft.is_empty());
        assert_eq!(draft.command(&record.key).unwrap(), None);

        draft.remember(record.clone());
        let commit = draft.into_commit();
        assert!(commit.header.is_none() && commit.is_sound());
        assert_eq!(commit.commands, [record]);
    }

    #[test]
    fn an_earlier_command_is_answered_from_the_store_lif_12() {
        let mut world = World::new();
        let record = record(&world);
        let mut reads = Reads::new();
        reads.commands.insert(record.key.clone());
        assert!(world.look(&Reads::new()).command(&record.key).is_err(), "not asked for, so not known");

        let mut draft = world.look(&reads);
        draft.remember(record.clone());
        world.store.apply(&draft.into_commit());
        assert_eq!(world.look(&reads).command(&record.key).unwrap(), Some(&record));
        let mut slice = Slice::new(OrganizationId::parse(ACME).unwrap(), None);
        slice.answer_command(record.key.clone(), Some(record.clone()));
        assert_eq!(slice.command(&record.key).unwrap(), Some(&record));
    }

    #[test]
    fn what_is_resent_was_not_mailed_yet_for_the_rest_of_the_draft_idn_1() {
        let mut world = World::new();
        let id = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        world.mail(id);
        let resend = Resend::new(id);
        let mut draft = world.look(&resend.reads(&by("ada")));
        assert_eq!(draft.mailed_at(id).unwrap(), Some(world.now));
        let mark = draft.mark();
        decided(&world, &resend, &mut draft);
        assert_eq!(draft.mailed_at(id).unwrap(), None);
        draft.roll_back(mark);
        assert_eq!(draft.mailed_at(id).unwrap(), Some(world.now), "nor does a refused one count");
    }

    #[test]
    fn a_suppression_that_ends_and_comes_back_on_one_draft_changes_by_its_time_alone_f11() {
        let undo = || Unblock::new(person("bob"), SuppressionKind::Mail);
        let suppressed = |world: &World| world.rows().suppressions.values().copied().collect::<Vec<_>>();
        for passed in [TimeDelta::zero(), TimeDelta::hours(1)] {
            let mut world = World::new();
            let id = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
            let unsubscribe = Unsubscribe::new(world.token(id, Purpose::Unsubscribe));
            world.ok(unsubscribe.clone(), &Actor::System);
            world.wait(passed);
            world.both((undo(), &by("bob")), (unsubscribe.clone(), &Actor::System));
            assert_eq!(suppressed(&world), [world.now]);

            world.ok(undo(), &by("bob"));
            world.both((unsubscribe, &Actor::System), (undo(), &by("bob")));
            assert!(suppressed(&world).is_empty());
        }
    }
}
