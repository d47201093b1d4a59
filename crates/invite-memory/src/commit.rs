//! A commit as a change of rows that can be checked, put in place and taken back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use invite_core::{
    CommandKey, CommandRecord, Commit, Delivery, DeliveryId, Erasures, EventRecord, Former, Group, GroupId,
    GroupMember, Invitation, InvitationId, InviteLink, Invitee, JoinRequest, LimitSubject, LinkId, Member,
    Organization, Place, RecordData, RequestId, RowChange, Scope, Suppression, SuppressionKind, UserId,
};
use invite_storage::StorageError;

/// One row to be put in place, or to be taken away.
#[derive(Debug)]
pub(crate) struct Swap<K, R> {
    pub(crate) key: K,
    /// Whether a row must be there before.
    pub(crate) is_there: bool,
    /// What shall be there; once it is, what was there before.
    pub(crate) row: Option<R>,
}

/// Events to be added; once they are, how many to take away.
#[derive(Debug)]
pub(crate) enum Log {
    Add(Vec<EventRecord>),
    Remove(usize),
}

/// What is erased; once it is, what was there before.
#[derive(Debug)]
pub(crate) enum Erasing {
    Erase(Erasures),
    Restore(Erasures, Vec<(usize, RecordData)>, Vec<Delivery>),
}

/// A commit, ready to be put in place by [`Rows::swap`](crate::rows::Rows::swap), which leaves its reverse here.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    /// `None` leaves the row as it is.
    pub(crate) header: Option<Option<Organization>>,
    pub(crate) members: Vec<Swap<UserId, Member>>,
    pub(crate) group_members: Vec<Swap<(GroupId, UserId), GroupMember>>,
    pub(crate) groups: Vec<Swap<GroupId, Group>>,
    pub(crate) links: Vec<Swap<LinkId, InviteLink>>,
    pub(crate) requests: Vec<Swap<RequestId, JoinRequest>>,
    pub(crate) invitations: Vec<Swap<InvitationId, Invitation>>,
    pub(crate) places: Vec<Swap<(Scope, Invitee), Place>>,
    pub(crate) suppressions: Vec<Swap<(Invitee, SuppressionKind), Suppression>>,
    pub(crate) limits: Vec<(LimitSubject, Option<DateTime<Utc>>)>,
    pub(crate) former: Vec<(UserId, Option<Former>)>,
    pub(crate) events: Log,
    pub(crate) deliveries: Vec<Swap<DeliveryId, Delivery>>,
    pub(crate) commands: Vec<(CommandKey, Option<CommandRecord>)>,
    pub(crate) erased: Erasing,
}

impl Change {
    /// Copies a commit, before any lock is taken.
    ///
    /// # Errors
    /// [`StorageError`] for a commit that contradicts itself, which another store might half believe: no
    /// version would ever make it right, so it is not a conflict.
    pub(crate) fn of(commit: &Commit) -> Result<Box<Self>, StorageError> {
        if !commit.is_sound() {
            return Err(StorageError::other("the commit contradicts itself"));
        }
        let Commit {
            id: _,
            organization: _,
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
        let limits: BTreeMap<_, _> =
            limits.iter().map(|(subject, kept)| (subject.clone(), Some(*kept))).collect();
        let left = former.iter().map(|row| (row.user.clone(), Some(row.clone())));
        let former: BTreeMap<_, _> =
            left.chain(erased.users.iter().map(|user| (user.clone(), None))).collect();
        let commands: BTreeMap<_, _> =
            commands.iter().map(|record| (record.key.clone(), Some(record.clone()))).collect();
        Ok(Box::new(Self {
            version: *version,
            header: header.clone().map(Some),
            members: swaps(members, |row| row.user.clone()),
            group_members: swaps(group_members, |row| (row.group.clone(), row.user.clone())),
            groups: swaps(groups, |row| row.id.clone()),
            links: swaps(links, |row| row.id),
            requests: swaps(requests, |row| row.id),
            invitations: swaps(invitations, |row| row.id),
            places: swaps(places, |row| (row.scope.clone(), row.invitee.clone())),
            suppressions: swaps(suppressions, |row| (row.invitee.clone(), row.kind)),
            limits: limits.into_iter().collect(),
            former: former.into_iter().collect(),
            events: Log::Add(events.clone()),
            deliveries: deliveries
                .iter()
                .map(|row| Swap { key: row.id, is_there: false, row: Some(row.clone()) })
                .collect(),
            commands: commands.into_iter().collect(),
            erased: Erasing::Erase(erased.clone()),
        }))
    }
}

fn swaps<K: Clone, R: Clone>(changes: &[RowChange<K, R>], key: impl Fn(&R) -> K) -> Vec<Swap<K, R>> {
    let swap = |change: &RowChange<K, R>| match change {
        RowChange::Insert(row) => Swap { key: key(row), is_there: false, row: Some(row.clone()) },
        RowChange::Update(row) => Swap { key: key(row), is_there: true, row: Some(row.clone()) },
        RowChange::Delete(key) => Swap { key: key.clone(), is_there: true, row: None },
    };
    changes.iter().map(swap).collect()
}
