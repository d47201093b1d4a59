//! The rows of one organization.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::Hash;
use std::mem;

use chrono::{DateTime, Utc};
use invite_core::{
    CommandKey, CommandRecord, CommitId, Delivery, DeliveryId, DueInvitations, EmailAddress, Erasures,
    EventRecord, Expiry, Former, Group, GroupId, GroupMember, Invitation, InvitationId, InvitationState,
    InviteLink, Invitee, JoinRequest, LimitSubject, LinkId, Member, Organization, Place, RequestId,
    RequestState, Scope, Suppression, SuppressionKind, UserId,
};
use invite_storage::WhichLinks;

use crate::commit::{Change, Erasing, Log, Swap};
use crate::index::{Index, LinkFile, RequestFile};

/// A map by keys that are hashed quickly. The hashes are seeded, but not made to stand up to whoever chooses keys with
/// intent: this store is for tests and demos.
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// The rows of one organization, with their indexes.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) header: Option<Organization>,
    pub(crate) members: Map<UserId, Member>,
    pub(crate) group_members: BTreeMap<(GroupId, UserId), GroupMember>,
    pub(crate) groups: Map<GroupId, Group>,
    pub(crate) links: Map<LinkId, InviteLink>,
    pub(crate) requests: Map<RequestId, JoinRequest>,
    pub(crate) invitations: Map<InvitationId, Invitation>,
    places: Map<(Scope, Invitee), Place>,
    pub(crate) suppressions: BTreeMap<(Invitee, SuppressionKind), Suppression>,
    pub(crate) limits: BTreeMap<LimitSubject, DateTime<Utc>>,
    pub(crate) former: Map<UserId, Former>,
    pub(crate) commands: Map<CommandKey, CommandRecord>,
    /// The event of sequence n is at n - 1.
    pub(crate) events: Vec<EventRecord>,
    /// How many events each commit has.
    pub(crate) commits: Map<CommitId, usize>,
    pub(crate) deliveries: Map<DeliveryId, Delivery>,
    pub(crate) index: Index,
}

impl Rows {
    fn version(&self) -> u64 {
        self.header.as_ref().map_or(0, |header| header.version)
    }

    pub(crate) fn has_commit(&self, commit: CommitId) -> bool {
        self.commits.contains_key(&commit)
    }

    /// Whether every precondition of a change holds: its version, its sequences, and for each row that it is
    /// there, or is not. A key that occurs twice in one table does not.
    pub(crate) fn accepts(&self, change: &Change) -> bool {
        let Change {
            version,
            header: _,
            members,
            group_members,
            groups,
            links,
            requests,
            invitations,
            places,
            suppressions,
            limits: _,
            former: _,
            events,
            deliveries,
            commands: _,
            erased: _,
        } = change;
        *version == self.version()
            && follows(events, *version)
            && all(members, |key| self.members.contains_key(key))
            && all(group_members, |key| self.group_members.contains_key(key))
            && all(groups, |key| self.groups.contains_key(key))
            && all(links, |key| self.links.contains_key(key))
            && all(requests, |key| self.requests.contains_key(key))
            && all(invitations, |key| self.invitations.contains_key(key))
            && all(places, |key| self.places.contains_key(key))
            && all(suppressions, |key| self.suppressions.contains_key(key))
            && all(deliveries, |key| self.deliveries.contains_key(key))
    }

    /// Puts a change in place that was accepted, and leaves what undoes it in its stead.
    pub(crate) fn swap(&mut self, change: &mut Change) {
        let Change {
            version: _,
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
        } = change;
        self.swap_erased(erased);
        if let Some(header) = header {
            mem::swap(&mut self.header, header);
        }
        for Swap { key, row, .. } in members {
            exchange(&mut self.members, key, row);
            self.index.replace_member(row.as_ref(), self.members.get(key));
        }
        for Swap { key, row, .. } in group_members {
            exchange_sorted(&mut self.group_members, key, row);
            self.index.replace_group_member(row.as_ref(), self.group_members.get(key));
        }
        for Swap { key, row, .. } in groups {
            exchange(&mut self.groups, key, row);
            self.index.replace_group(row.as_ref(), self.groups.get(key));
        }
        for Swap { key, row, .. } in links {
            exchange(&mut self.links, key, row);
            self.index.replace_link(row.as_ref(), self.links.get(key));
        }
        for Swap { key, row, .. } in requests {
            exchange(&mut self.requests, key, row);
            self.index.replace_request(row.as_ref(), self.requests.get(key));
        }
        for Swap { key, row, .. } in invitations {
            exchange(&mut self.invitations, key, row);
            self.index.replace_invitation(row.as_ref(), self.invitations.get(key));
        }
        for Swap { key, row, .. } in places {
            exchange(&mut self.places, key, row);
        }
        for Swap { key, row, .. } in suppressions {
            exchange_sorted(&mut self.suppressions, key, row);
        }
        for (key, kept) in limits {
            exchange_sorted(&mut self.limits, key, kept);
        }
        for (user, row) in former {
            exchange(&mut self.former, user, row);
            self.index.replace_former(row.as_ref(), self.former.get(user));
        }
        self.swap_events(events);
        for Swap { key, row, .. } in deliveries {
            exchange(&mut self.deliveries, key, row);
            self.index.replace_delivery(row.as_ref(), self.deliveries.get(key));
        }
        for (key, record) in commands {
            exchange(&mut self.commands, key, record);
        }
    }

    /// Nothing that a change adds is erased by it.
    fn swap_erased(&mut self, erased: &mut Erasing) {
        *erased = match mem::replace(erased, Erasing::Erase(Erasures::default())) {
            Erasing::Erase(erasures) => {
                let Erasures { invitations, requests, users } = &erasures;
                let of_invitations = invitations.iter().filter_map(|id| self.index.told_of.get(id));
                let of_requests = requests.iter().filter_map(|id| self.index.told_of_request.get(id));
                let of_users = users.iter().filter_map(|user| self.index.told_of_user.get(user));
                let told = of_invitations.chain(of_requests).chain(of_users).flatten().copied();
                let told = told.collect::<BTreeSet<_>>();
                let mut records = Vec::with_capacity(told.len());
                for at in told {
                    if let Some(record) = self.events.get_mut(at) {
                        records.push((at, record.data.clone()));
                        record.data.erase();
                    }
                }
                let mails = invitations.iter().filter_map(|id| self.index.mails.get(id)).flatten();
                let mails = mails.map(|(_, id)| *id).collect::<Vec<_>>();
                let deliveries = mails.iter().filter_map(|id| self.deliveries.remove(id)).collect::<Vec<_>>();
                for row in &deliveries {
                    self.index.replace_delivery(Some(row), None);
                }
                Erasing::Restore(erasures, records, deliveries)
            }
            Erasing::Restore(erasures, records, deliveries) => {
                for (at, data) in records {
                    if let Some(record) = self.events.get_mut(at) {
                        record.data = data;
                    }
                }
                for row in deliveries {
                    self.index.replace_delivery(None, Some(&row));
                    self.deliveries.insert(row.id, row);
                }
                Erasing::Erase(erasures)
            }
        };
    }

    fn swap_events(&mut self, log: &mut Log) {
        *log = match mem::replace(log, Log::Remove(0)) {
            Log::Add(entries) => {
                let count = entries.len();
                for entry in &entries {
                    let count = self.commits.entry(entry.commit).or_default();
                    *count = count.saturating_add(1);
                }
                for (at, entry) in (self.events.len()..).zip(&entries) {
                    self.index.add_event(at, entry);
                }
                self.events.extend(entries);
                Log::Remove(count)
            }
            Log::Remove(count) => {
                let entries = self.events.split_off(self.events.len().saturating_sub(count));
                for (at, entry) in (self.events.len()..).zip(&entries) {
                    self.index.remove_event(at, entry);
                }
                for entry in &entries {
                    if let Entry::Occupied(mut count) = self.commits.entry(entry.commit) {
                        *count.get_mut() = count.get().saturating_sub(1);
                        if *count.get() == 0 {
                            count.remove();
                        }
                    }
                }
                Log::Add(entries)
            }
        };
    }

    /// Users whose rows a change touched, and whether they are members now.
    pub(crate) fn users_of<'a>(&self, change: &'a Change) -> impl Iterator<Item = (&'a UserId, bool)> {
        change.members.iter().map(|swap| (&swap.key, self.members.contains_key(&swap.key)))
    }

    /// Invitees whose invitations a change touched, and whether they have open ones now.
    pub(crate) fn invitees_of<'a>(&'a self, change: &'a Change) -> impl Iterator<Item = (&'a Invitee, bool)> {
        let rows = change.invitations.iter().flat_map(|swap| {
            let (was, is) = (swap.row.as_ref(), self.invitations.get(&swap.key));
            let other = was.filter(|was| is.is_none_or(|is| is.invitee != was.invitee));
            [other, is]
        });
        rows.flatten().map(|row| (&row.invitee, self.index.open.contains_key(&row.invitee)))
    }

    /// Users whose join requests a change touched, and whether they have any now.
    pub(crate) fn asking_in<'a>(&'a self, change: &'a Change) -> impl Iterator<Item = (&'a UserId, bool)> {
        let rows = change.requests.iter().flat_map(|swap| [swap.row.as_ref(), self.requests.get(&swap.key)]);
        rows.flatten().map(|row| (&row.by, self.has_asked(&row.by)))
    }

    /// Whether a user has made join requests.
    fn has_asked(&self, user: &UserId) -> bool {
        let file = RequestFile::By(user.clone());
        RequestState::ALL.into_iter().any(|state| self.index.requests.contains_key(&(file.clone(), state)))
    }

    /// Deliveries that a change queued.
    pub(crate) fn deliveries_of<'a>(&'a self, change: &'a Change) -> impl Iterator<Item = &'a Delivery> {
        change.deliveries.iter().filter_map(|swap| self.deliveries.get(&swap.key))
    }

    /// The open invitations of an invitee, by id.
    pub(crate) fn open_of(&self, invitee: &Invitee) -> impl Iterator<Item = &Invitation> {
        let ids = self.index.open.get(invitee).into_iter().flatten();
        ids.filter_map(|id| self.invitations.get(id))
    }

    /// The open invitations of an inviter, by age.
    pub(crate) fn pending_by(&self, inviter: &UserId) -> impl Iterator<Item = &Invitation> {
        let list = self.index.filed.get(&(Some(inviter.clone()), InvitationState::Pending));
        list.into_iter().flatten().filter_map(|(_, id)| self.invitations.get(id))
    }

    /// The links that did not end.
    pub(crate) fn kept_links(&self) -> impl Iterator<Item = &InviteLink> {
        let list = self.index.links.get(&(LinkFile::Any, WhichLinks::Kept));
        list.into_iter().flatten().filter_map(|(_, id)| self.links.get(id))
    }

    /// The open join requests of an invitee, by id.
    pub(crate) fn asked(&self, invitee: &Invitee) -> impl Iterator<Item = &JoinRequest> {
        let ids = self.index.asked.get(invitee).into_iter().flatten();
        ids.filter_map(|id| self.requests.get(id))
    }

    /// Open join requests past their expiry, the longest past first; all open ones of a closed organization.
    pub(crate) fn due_requests(&self, now: DateTime<Utc>) -> impl Iterator<Item = &JoinRequest> {
        let up_to = self.due_up_to(now);
        let past = self.index.due_requests.iter();
        let past = past.take_while(move |(end, _)| up_to.is_none_or(|at| *end <= at));
        past.filter_map(|(_, id)| self.requests.get(id))
    }

    /// The members in a group.
    pub(crate) fn members_in(&self, group: &GroupId) -> impl Iterator<Item = &Member> {
        let list = self.index.grouped.get(&(group.clone(), None));
        list.into_iter().flatten().filter_map(|(_, user)| self.members.get(user))
    }

    /// The open invitations with a grant in a group.
    pub(crate) fn open_in(&self, group: &GroupId) -> impl Iterator<Item = &Invitation> {
        let list = self.index.naming.get(&(group.clone(), InvitationState::Pending));
        list.into_iter().flatten().filter_map(|(_, id)| self.invitations.get(id))
    }

    /// The open join requests to a group and to nothing else.
    pub(crate) fn asked_in(&self, group: &GroupId) -> impl Iterator<Item = &JoinRequest> {
        let list = self.index.requests.get(&(RequestFile::In(group.clone()), RequestState::Pending));
        list.into_iter().flatten().filter_map(|(_, id)| self.requests.get(id))
    }

    /// Open invitations past their expiry, the longest past first; all open ones of a closed organization.
    pub(crate) fn due(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Invitation> {
        let up_to = self.due_up_to(now);
        let past = self.index.due.iter().take_while(move |(end, _)| up_to.is_none_or(|at| *end <= at));
        let past = past.filter_map(|(_, id)| self.invitations.get(id));
        let open = self.index.filed.get(&(None, InvitationState::Pending)).filter(|_| up_to.is_none());
        let open = open.into_iter().flatten().filter_map(|(_, id)| self.invitations.get(id));
        past.chain(open.filter(|row| row.expires_at == Expiry::Never))
    }

    /// Open invitations past their expiry, whatever else is due.
    pub(crate) fn expired(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Invitation> {
        let past = self.index.due.iter().take_while(move |(end, _)| *end <= now);
        past.filter_map(|(_, id)| self.invitations.get(id))
    }

    /// Open join requests past their expiry, whatever else is due.
    pub(crate) fn expired_requests(&self, now: DateTime<Utc>) -> impl Iterator<Item = &JoinRequest> {
        let past = self.index.due_requests.iter().take_while(move |(end, _)| *end <= now);
        past.filter_map(|(_, id)| self.requests.get(id))
    }

    /// Up to which end what is open is due; `None` for whatever its end is.
    fn due_up_to(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.header.as_ref().map(|header| header.due_invitations(now)) {
            Some(DueInvitations::All) => None,
            Some(DueInvitations::ExpiredAt(at)) => Some(at),
            None => Some(now),
        }
    }

    /// Invitations of an invitee that ended and were not erased.
    pub(crate) fn past_of(&self, invitee: &Invitee) -> impl Iterator<Item = &Invitation> {
        let ids = self.index.past.get(invitee).into_iter().flatten();
        ids.filter_map(|id| self.invitations.get(id))
    }

    /// Invitations that ended until then and were not erased, the longest ended first.
    pub(crate) fn ended_until(&self, until: DateTime<Utc>) -> impl Iterator<Item = &Invitation> {
        let ended = self.index.ended.iter().take_while(move |(at, _)| *at <= until);
        ended.filter_map(|(_, id)| self.invitations.get(id))
    }

    /// Join requests that tell somebody who would join.
    pub(crate) fn telling(&self, invitee: &Invitee) -> impl Iterator<Item = &JoinRequest> {
        let ids = self.index.telling.get(invitee).into_iter().flatten();
        ids.filter_map(|id| self.requests.get(id))
    }

    /// Join requests that ended until then and were not erased, the longest ended first.
    pub(crate) fn requests_ended_until(&self, until: DateTime<Utc>) -> impl Iterator<Item = &JoinRequest> {
        let ended = self.index.ended_requests.iter().take_while(move |(at, _)| *at <= until);
        ended.filter_map(|(_, id)| self.requests.get(id))
    }

    /// Whether something is held about somebody.
    pub(crate) fn holds(&self, invitee: &Invitee) -> bool {
        let known = match invitee {
            Invitee::Address(address) => self.index.addresses.contains_key(address),
            Invitee::User(user) => {
                self.members.contains_key(user)
                    || self.index.told_of_user.contains_key(user)
                    || self.has_asked(user)
            }
            Invitee::Erased(_) => return false,
        };
        let invited = self.index.open.contains_key(invitee) || self.index.past.contains_key(invitee);
        let asked = self.index.telling.contains_key(invitee);
        known || invited || asked || self.suppressions_of(invitee).next().is_some()
    }

    /// Members some of whose access ended, the longest past first.
    pub(crate) fn due_access(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Member> {
        let up_to = self.header.as_ref().map_or(now, |header| header.due_access(now));
        let past = self.index.ending.iter().take_while(move |(end, _)| *end <= up_to);
        past.filter_map(|(_, user)| self.members.get(user))
    }

    /// Forgets commands that are past their time.
    pub(crate) fn forget_commands(&mut self, now: DateTime<Utc>, limit: usize) -> usize {
        let past = self.commands.iter().filter(|(_, record)| record.expires_at <= now);
        let past = past.map(|(key, _)| key.clone()).take(limit).collect::<Vec<_>>();
        for key in &past {
            self.commands.remove(key);
        }
        past.len()
    }

    /// The member who joined with an address; of several, the one who did first.
    pub(crate) fn member_with(&self, address: &EmailAddress) -> Option<&Member> {
        let (_, user) = self.index.addresses.get(address)?.first()?;
        self.members.get(user)
    }

    /// What an invitee does not want.
    pub(crate) fn suppressions_of(&self, invitee: &Invitee) -> impl Iterator<Item = &Suppression> {
        SuppressionKind::ALL.into_iter().filter_map(|kind| self.suppressions.get(&(invitee.clone(), kind)))
    }

    /// The mails queued for an invitation, the latest first.
    pub(crate) fn mails_of(&self, id: InvitationId) -> impl Iterator<Item = &Delivery> {
        let ids = self.index.mails.get(&id).into_iter().flatten().rev();
        ids.filter_map(|(_, id)| self.deliveries.get(id))
    }
}

/// Whether events have the sequences behind a version.
fn follows(log: &Log, version: u64) -> bool {
    match log {
        Log::Add(entries) => {
            entries.iter().zip(1..).all(|(entry, n)| entry.sequence.checked_sub(version) == Some(n))
        }
        Log::Remove(_) => false,
    }
}

fn all<K: Hash + Eq, R>(swaps: &[Swap<K, R>], is_there: impl Fn(&K) -> bool) -> bool {
    match swaps {
        [] => return true,
        [swap] => return is_there(&swap.key) == swap.is_there,
        _ => {}
    }
    let mut seen = HashSet::with_capacity(swaps.len());
    swaps.iter().all(|swap| is_there(&swap.key) == swap.is_there && seen.insert(&swap.key))
}

fn exchange<K: Hash + Eq + Clone, R>(table: &mut Map<K, R>, key: &K, row: &mut Option<R>) {
    *row = match row.take() {
        Some(row) => table.insert(key.clone(), row),
        None => table.remove(key),
    };
}

fn exchange_sorted<K: Ord + Clone, R>(table: &mut BTreeMap<K, R>, key: &K, row: &mut Option<R>) {
    *row = match row.take() {
        Some(row) => table.insert(key.clone(), row),
        None => table.remove(key),
    };
}
