//! A strict store: it keeps rows, checks every precondition of a commit, and decides nothing.

use std::collections::BTreeMap;
use std::vec::Vec;

use chrono::{DateTime, Utc};

use crate::*;

/// Organizations by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    organizations: BTreeMap<OrganizationId, Rows>,
    nothing: Rows,
}

/// The rows of one organization.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows {
    pub(crate) header: Option<Organization>,
    pub(crate) members: BTreeMap<UserId, Member>,
    pub(crate) group_members: BTreeMap<(GroupId, UserId), GroupMember>,
    pub(crate) groups: BTreeMap<GroupId, Group>,
    pub(crate) links: BTreeMap<LinkId, InviteLink>,
    pub(crate) requests: BTreeMap<RequestId, JoinRequest>,
    pub(crate) invitations: BTreeMap<InvitationId, Invitation>,
    pub(crate) places: BTreeMap<(Scope, Invitee), InvitationId>,
    pub(crate) suppressions: BTreeMap<(Invitee, SuppressionKind), DateTime<Utc>>,
    pub(crate) limits: BTreeMap<LimitSubject, DateTime<Utc>>,
    pub(crate) former: BTreeMap<UserId, DateTime<Utc>>,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) deliveries: BTreeMap<DeliveryId, Delivery>,
    pub(crate) commands: BTreeMap<CommandKey, CommandRecord>,
    /// When an invitation was mailed, and in which revision.
    pub(crate) mailed: BTreeMap<InvitationId, (u32, DateTime<Utc>)>,
}

impl Store {
    pub(crate) fn rows(&self, id: &OrganizationId) -> &Rows {
        self.organizations.get(id).unwrap_or(&self.nothing)
    }

    pub(crate) fn rows_mut(&mut self, id: &OrganizationId) -> &mut Rows {
        self.organizations.entry(id.clone()).or_default()
    }

    /// Writes a commit, and panics at whatever a real store calls a conflict.
    pub(crate) fn apply(&mut self, commit: &Commit) {
        let Commit {
            id,
            organization,
            version,
            header,
            members,
            group_members,
            groups,
            links,
            requests,
            invitations,
            places,
            suppressions,
            limits,
            former,
            events,
            deliveries,
            commands,
            erased,
        } = commit;
        let rows = self.rows_mut(organization);
        let present = rows.header.as_ref().map_or(0, |row| row.version);
        assert_eq!(present, *version, "a commit is decided on the present version");
        assert_eq!(header.is_some(), !events.is_empty(), "a header comes with events");
        if let Some(header) = header {
            assert_eq!(header.version, version + events.len() as u64, "n events move the version by n");
            assert_eq!(header.id, *organization);
            rows.header = Some(header.clone());
        }
        for record in &mut rows.events {
            let of_user = record.invitation.is_none();
            let of_user = of_user && record.user.as_ref().is_some_and(|user| erased.users.contains(user));
            let of_user = of_user || record.request.is_some_and(|id| erased.requests.contains(&id));
            if of_user || record.invitation.is_some_and(|id| erased.invitations.contains(&id)) {
                record.data.erase();
            }
        }
        rows.deliveries.retain(|_, row| !erased.invitations.contains(&row.invitation));
        write(&mut rows.members, members, |row| row.user.clone());
        write(&mut rows.group_members, group_members, |row| (row.group.clone(), row.user.clone()));
        write(&mut rows.groups, groups, |row| row.id.clone());
        write(&mut rows.links, links, |row| row.id);
        write(&mut rows.requests, requests, |row| row.id);
        write(&mut rows.invitations, invitations, |row| row.id);
        // As a real store must, endings before inserts: one place is left and taken in one commit.
        let mut kept = rows.places.iter().map(|(key, id)| (key.clone(), place(key, *id))).collect();
        write(&mut kept, places, |row| (row.scope.clone(), row.invitee.clone()));
        rows.places = kept.into_iter().map(|(key, place)| (key, place.invitation)).collect();
        let mut kept =
            rows.suppressions.iter().map(|(key, at)| (key.clone(), suppression(key, *at))).collect();
        write(&mut kept, suppressions, |row| (row.invitee.clone(), row.kind));
        rows.suppressions = kept.into_iter().map(|(key, row)| (key, row.at)).collect();
        rows.limits.extend(limits.iter().cloned());
        rows.former.retain(|user, _| !erased.users.contains(user));
        rows.former.extend(former.iter().map(|row| (row.user.clone(), row.left_at)));
        for (place, record) in events.iter().enumerate() {
            assert_eq!(record.sequence, version + 1 + place as u64, "sequences have no gaps");
            assert_eq!(record.commit, *id);
            rows.events.push(record.clone());
        }
        for delivery in deliveries {
            assert_eq!(delivery.organization, *organization);
            assert!(
                rows.deliveries.insert(delivery.id, delivery.clone()).is_none(),
                "deliveries are new rows"
            );
        }
        rows.commands.extend(commands.iter().map(|row| (row.key.clone(), row.clone())));
    }
}

fn place((scope, invitee): &(Scope, Invitee), invitation: InvitationId) -> Place {
    Place { scope: scope.clone(), invitee: invitee.clone(), invitation }
}

fn suppression((invitee, kind): &(Invitee, SuppressionKind), at: DateTime<Utc>) -> Suppression {
    Suppression { invitee: invitee.clone(), kind: *kind, at }
}

fn write<K: Ord + Clone + std::fmt::Debug, R: Clone + PartialEq>(
    rows: &mut BTreeMap<K, R>,
    changes: &[RowChange<K, R>],
    key: impl Fn(&R) -> K,
) {
    let mut seen = Vec::new();
    for change in changes {
        let key = match change {
            RowChange::Insert(row) | RowChange::Update(row) => key(row),
            RowChange::Delete(key) => key.clone(),
        };
        assert!(!seen.contains(&key), "one change a row: {key:?}");
        match change {
            RowChange::Insert(row) => {
                assert!(rows.insert(key.clone(), row.clone()).is_none(), "inserted and there: {key:?}");
            }
            RowChange::Update(row) => {
                let old = rows.insert(key.clone(), row.clone());
                assert!(old.is_some(), "updated and not there: {key:?}");
                assert!(old.as_ref() != Some(row), "updated to what it was: {key:?}");
            }
            RowChange::Delete(_) => assert!(rows.remove(&key).is_some(), "deleted and not there: {key:?}"),
        }
        seen.push(key);
    }
}

impl Rows {
    /// Loads what is asked for and what that brings along, as a store does.
    pub(crate) fn load(&self, id: &OrganizationId, reads: &Reads, now: DateTime<Utc>) -> Slice {
        let mut slice = Slice::new(id.clone(), self.header.clone());
        for _ in 0..4 {
            let open = slice.open(reads);
            if open.is_empty() {
                break;
            }
            self.answer(&mut slice, &open, now);
        }
        assert!(slice.open(reads).is_empty(), "four rounds are enough");
        slice
    }

    /// Loads everything there is, and of what is due as much as is asked for.
    pub(crate) fn load_all(&self, id: &OrganizationId, reads: &Reads, now: DateTime<Utc>) -> Slice {
        let mut all = reads.clone();
        all.members.extend(self.members.keys().cloned());
        all.people.extend(self.members.keys().cloned());
        all.sent_by.extend(self.members.keys().cloned());
        all.invitations.extend(self.invitations.keys().copied());
        for invitation in self.invitations.values() {
            all.sent_by.extend(invitation.inviter.user().cloned());
        }
        all.groups.extend(self.groups.keys().cloned());
        all.links.extend(self.links.keys().copied());
        all.kept_links = true;
        all.requests.extend(self.requests.keys().copied());
        all.asked.extend(self.requests.values().map(|request| request.invitee.clone()));
        all.invitees.extend(self.suppressions.keys().map(|(invitee, _)| invitee.clone()));
        all.past.extend(self.invitations.values().map(|row| row.invitee.clone()));
        all.past.extend(self.requests.values().flat_map(JoinRequest::invitees));
        all.limits.extend(self.limits.keys().cloned());
        all.limits.insert(LimitSubject::Organization);
        self.load(id, &all, now)
    }

    fn answer(&self, slice: &mut Slice, open: &Reads, now: DateTime<Utc>) {
        let Reads {
            invitations,
            invitees,
            members,
            people,
            addresses,
            sent_by,
            groups,
            links,
            requests,
            asked,
            domains,
            kept_links,
            limits,
            commands,
            due,
            due_requests,
            closing,
            past,
            overdue,
            retention,
        } = open;
        assert!(people.is_empty(), "people are asked for as members and invitees");
        assert!(domains.is_empty(), "domains are asked for as groups");
        for user in members {
            slice.answer_member(user.clone(), self.members.get(user).cloned());
        }
        for address in addresses {
            let mut with = self.members.values().filter(|member| member.email.as_ref() == Some(address));
            let member = with.next().cloned();
            assert!(with.next().is_none(), "one member an address");
            slice.answer_address(address.clone(), member);
        }
        for id in invitations {
            let row = self.invitations.get(id);
            let mailed =
                self.mailed.get(id).filter(|(revision, _)| row.is_some_and(|row| row.revision == *revision));
            slice.answer_invitation(*id, row.cloned(), mailed.map(|(_, at)| *at));
        }
        for invitee in invitees {
            let open = self.open().filter(|row| row.invitee == *invitee).cloned().collect();
            let suppressions = self.suppressions.iter().filter(|((of, _), _)| of == invitee);
            slice.answer_invitee(invitee.clone(), open, suppressions.map(|(key, at)| suppression(key, *at)));
        }
        for user in sent_by {
            let sent = self.open().filter(|row| row.inviter.user() == Some(user));
            slice.answer_sent_by(user.clone(), sent.take(Reads::MAX_SENT + 1).cloned().collect());
        }
        for id in groups {
            slice.answer_group(id.clone(), self.groups.get(id).cloned());
        }
        for id in links {
            slice.answer_link(*id, self.links.get(id).cloned());
        }
        for id in requests {
            slice.answer_request(*id, self.requests.get(id).cloned());
        }
        for invitee in asked {
            let open = self.asked().filter(|row| row.invitee == *invitee);
            slice.answer_asked(invitee.clone(), open.cloned().collect());
        }
        if *due_requests > 0 {
            let header = self.header.as_ref().expect("nothing is due without an organization");
            let is_due = |row: &&JoinRequest| match header.due_invitations(now) {
                DueInvitations::All => true,
                DueInvitations::ExpiredAt(at) => row.expires_at <= at,
            };
            let (due, more) =
                first(self.asked().filter(is_due), |row| (row.expires_at, row.id), *due_requests);
            slice.answer_due_requests(due, more);
        }
        if *kept_links {
            slice.answer_kept_links(self.links.values().filter(|link| link.is_kept()).cloned().collect());
        }
        if *closing > 0 {
            let header = self.header.as_ref().expect("nothing is closing without an organization");
            let group = header.closing.first().expect("a group is closing");
            let users = self.group_members.keys().filter(|(of, _)| of == group);
            let members = users.map(|(_, user)| &self.members[user]);
            let (members, more) = first(members, |row| row.user.clone(), *closing);
            let scope = Scope::Group(group.clone());
            let ids = self.places.iter().filter(|((of, _), _)| *of == scope).map(|(_, id)| id);
            let (named, more_named) = first(ids.map(|id| &self.invitations[id]), |_| (), *closing);
            let asked = self.asked().filter(|row| row.group() == Some(group));
            let (asked, more_asked) = first(asked, |row| row.id, *closing);
            slice.answer_closing(group.clone(), members, named, asked, more || more_named || more_asked);
        }
        for invitee in past {
            let of = |row: &&Invitation| row.past_since().is_some() && row.invitee == *invitee;
            let (ended, more) = first(self.invitations.values().filter(of), |row| row.id, Reads::PAST);
            let tells = |row: &&JoinRequest| row.invitees().any(|name| name == *invitee);
            let (requests, more_requests) =
                first(self.requests.values().filter(tells), |row| row.id, Reads::PAST);
            slice.answer_past(invitee.clone(), ended, requests, more || more_requests);
        }
        if *overdue > 0 {
            let header = self.header.as_ref().expect("nothing is overdue without an organization");
            let until = header.erased_until(now, *retention);
            let over = |ended: Option<DateTime<Utc>>| ended.is_some() && ended <= until;
            let rows = self.invitations.values().filter(|row| over(row.past_since()));
            let (rows, more) = first(rows, |row| (row.past_since(), row.id), *overdue);
            let requests = self.requests.values().filter(|row| over(row.past_since()));
            let (requests, more_requests) = first(requests, |row| (row.past_since(), row.id), *overdue);
            slice.answer_overdue(rows, requests, more || more_requests);
        }
        for subject in limits {
            slice.answer_limit(subject.clone(), self.limits.get(subject).copied());
        }
        for key in commands {
            slice.answer_command(key.clone(), self.commands.get(key).cloned());
        }
        if *due > 0 {
            let header = self.header.as_ref().expect("nothing is due without an organization");
            let is_due = |row: &&Invitation| match header.due_invitations(now) {
                DueInvitations::All => true,
                DueInvitations::ExpiredAt(at) => row.expires_at.is_over(at),
            };
            let (rows, more) = first(self.open().filter(is_due), |row| (row.expires_at, row.id), *due);
            let over = header.due_access(now);
            let members = self.members.values().filter(|row| row.ends_at().is_some_and(|end| end <= over));
            let (members, more_members) = first(members, |row| (row.ends_at(), row.user.clone()), *due);
            slice.answer_due(rows, members, more || more_members);
        }
    }

    pub(crate) fn asked(&self) -> impl Iterator<Item = &JoinRequest> {
        self.requests.values().filter(|row| row.is_open())
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &Invitation> {
        self.invitations.values().filter(|row| row.is_open())
    }
}

/// The first rows in an order, and whether there are more.
fn first<'a, T: Clone + 'a, K: Ord>(
    rows: impl Iterator<Item = &'a T>,
    order: impl Fn(&T) -> K,
    limit: u32,
) -> (Vec<T>, bool) {
    let mut rows = rows.cloned().collect::<Vec<_>>();
    rows.sort_by_key(order);
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    (rows, more)
}
