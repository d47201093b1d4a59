//! Indexes over the rows of one organization, so that nothing scans.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::ops::Bound;

use chrono::{DateTime, Utc};
use invite_core::{
    Delivery, DeliveryId, EmailAddress, Invitation, InvitationId, InvitationState, Invitee, Member, RoleName,
    Scope, UserId,
};
use invite_storage::Position;

/// Rows in the order of a list.
pub(crate) type List<I> = BTreeMap<Position, I>;

/// The key of a row of the roster.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RosterKey {
    Member(UserId),
    Invitation(InvitationId),
}

/// Everything here follows from the rows. No set or list in a map is empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// Open invitations by invitee.
    pub(crate) open: BTreeMap<Invitee, BTreeSet<InvitationId>>,
    /// Open invitations by their end.
    pub(crate) due: BTreeSet<(DateTime<Utc>, InvitationId)>,
    /// Invitations by inviter (`None`: of anybody) and stored state.
    pub(crate) filed: HashMap<(Option<UserId>, InvitationState), List<InvitationId>>,
    /// Members by address, the longest standing first.
    pub(crate) addresses: BTreeMap<EmailAddress, BTreeSet<(DateTime<Utc>, UserId)>>,
    /// Members by role in the organization (`None`: of any or none).
    pub(crate) standing: HashMap<Option<RoleName>, List<UserId>>,
    /// Members and open invitations.
    pub(crate) roster: List<RosterKey>,
    /// Deliveries by invitation.
    pub(crate) mails: BTreeMap<InvitationId, BTreeSet<(DateTime<Utc>, DeliveryId)>>,
}

impl Index {
    pub(crate) fn replace_invitation(&mut self, old: Option<&Invitation>, new: Option<&Invitation>) {
        if let Some(row) = old {
            let position = Position::new(row.created_at, row.id.to_string());
            for file in files(row) {
                strike(&mut self.filed, &file, &position);
            }
            if row.is_open() {
                self.roster.remove(&prefixed("i:", position));
                leave(&mut self.open, &row.invitee, &row.id);
                if let Some(end) = row.expires_at.time() {
                    self.due.remove(&(end, row.id));
                }
            }
        }
        if let Some(row) = new {
            let position = Position::new(row.created_at, row.id.to_string());
            for file in files(row) {
                self.filed.entry(file).or_default().insert(position.clone(), row.id);
            }
            if row.is_open() {
                self.roster.insert(prefixed("i:", position), RosterKey::Invitation(row.id));
                self.open.entry(row.invitee.clone()).or_default().insert(row.id);
                self.due.extend(row.expires_at.time().map(|end| (end, row.id)));
            }
        }
    }

    pub(crate) fn replace_member(&mut self, old: Option<&Member>, new: Option<&Member>) {
        if let Some(row) = old {
            let position = Position::new(row.joined_at, row.user.as_str());
            for role in roles(row) {
                strike(&mut self.standing, &role, &position);
            }
            if let Some(email) = &row.email {
                leave(&mut self.addresses, email, &(row.joined_at, row.user.clone()));
            }
            self.roster.remove(&prefixed("m:", position));
        }
        if let Some(row) = new {
            let position = Position::new(row.joined_at, row.user.as_str());
            for role in roles(row) {
                self.standing.entry(role).or_default().insert(position.clone(), row.user.clone());
            }
            if let Some(email) = &row.email {
                self.addresses.entry(email.clone()).or_default().insert((row.joined_at, row.user.clone()));
            }
            self.roster.insert(prefixed("m:", position), RosterKey::Member(row.user.clone()));
        }
    }

    pub(crate) fn replace_delivery(&mut self, old: Option<&Delivery>, new: Option<&Delivery>) {
        if let Some(row) = old {
            leave(&mut self.mails, &row.invitation, &(row.created_at, row.id));
        }
        if let Some(row) = new {
            self.mails.entry(row.invitation).or_default().insert((row.created_at, row.id));
        }
    }
}

/// The rows behind a position, in the order of the list.
pub(crate) fn ascending<'a, I>(list: &'a List<I>, after: Option<&Position>) -> impl Iterator<Item = &'a I> {
    let behind = after.map_or(Bound::Unbounded, Bound::Excluded);
    list.range::<Position, _>((behind, Bound::Unbounded)).map(|(_, row)| row)
}

/// The rows behind a position, against the order of the list.
pub(crate) fn descending<'a, I>(
    list: &'a List<I>,
    after: Option<&Position>,
) -> impl Iterator<Item = (&'a Position, &'a I)> {
    let behind = after.map_or(Bound::Unbounded, Bound::Excluded);
    list.range::<Position, _>((Bound::Unbounded, behind)).rev()
}

fn files(row: &Invitation) -> impl Iterator<Item = (Option<UserId>, InvitationState)> {
    let state = row.stored_state();
    [Some(None), row.inviter.user().cloned().map(Some)]
        .into_iter()
        .flatten()
        .map(move |inviter| (inviter, state))
}

fn roles(row: &Member) -> impl Iterator<Item = Option<RoleName>> {
    let role = row.grants.access(&Scope::Organization).map(|access| access.role_name().clone());
    [Some(None), role.map(Some)].into_iter().flatten()
}

/// The position in the roster. See [`RosterEntry`](invite_storage::RosterEntry) for its keys.
fn prefixed(prefix: &str, mut position: Position) -> Position {
    position.key.insert_str(0, prefix);
    position
}

fn strike<K: Hash + Eq, I>(lists: &mut HashMap<K, List<I>>, key: &K, position: &Position) {
    if let Some(list) = lists.get_mut(key) {
        list.remove(position);
        if list.is_empty() {
            lists.remove(key);
        }
    }
}

fn leave<K: Ord, I: Ord>(sets: &mut BTreeMap<K, BTreeSet<I>>, key: &K, item: &I) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(item);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
