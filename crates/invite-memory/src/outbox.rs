//! The outbox: one queue for all organizations, over the deliveries in their rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Delivery, DeliveryId, DeliveryState};
use invite_storage::{Completion, Failure, Lease, Leased, Leases, Outbox, StorageError};

use crate::MemoryStorage;
use crate::rows::Rows;
use crate::storage::{Tenant, lock};

type Key = (DateTime<Utc>, Arc<Tenant>, DeliveryId);

/// Every queued delivery, once: it waits or it is held.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Those that no lease holds, by the time they are due.
    waiting: BTreeSet<Key>,
    /// Those that a lease holds, by its end, with the time they were due.
    held: BTreeMap<Key, DateTime<Utc>>,
}

impl Queue {
    /// Takes a delivery in as it is now. To be called with its rows held.
    pub(crate) fn enter(&mut self, tenant: &Arc<Tenant>, row: &Delivery) {
        if row.state != DeliveryState::Queued {
            return;
        }
        match row.leased_until {
            None => drop(self.waiting.insert((row.due_at, Arc::clone(tenant), row.id))),
            Some(end) => drop(self.held.insert((end, Arc::clone(tenant), row.id), row.due_at)),
        }
    }

    /// Takes a delivery out as it was. To be called with its rows held.
    pub(crate) fn remove(&mut self, tenant: &Arc<Tenant>, row: &Delivery) {
        match row.leased_until {
            None => drop(self.waiting.remove(&(row.due_at, Arc::clone(tenant), row.id))),
            Some(end) => drop(self.held.remove(&(end, Arc::clone(tenant), row.id))),
        }
    }

    /// Up to so many that can be leased, the longest due first. A lease that is over is rare.
    fn due(&self, now: DateTime<Utc>, limit: usize) -> Vec<Key> {
        let waiting = self.waiting.iter().take_while(|(due_at, ..)| *due_at <= now).take(limit).cloned();
        let over = self.held.iter().take_while(|((end, ..), _)| *end <= now);
        let over = over.filter(|(_, due_at)| **due_at <= now);
        let over = over.map(|((_, tenant, id), due_at)| (*due_at, Arc::clone(tenant), *id));
        let mut due = waiting.chain(over).collect::<Vec<_>>();
        due.sort_unstable();
        due.truncate(limit);
        due
    }

    #[cfg(test)]
    pub(crate) fn all(&self) -> BTreeSet<(DateTime<Utc>, invite_core::OrganizationId, DeliveryId, bool)> {
        let row = |(at, tenant, id): &Key, is_held| (*at, tenant.id.clone(), *id, is_held);
        let waiting = self.waiting.iter().map(|key| row(key, false));
        waiting.chain(self.held.keys().map(|key| row(key, true))).collect()
    }
}

#[async_trait]
impl Outbox for MemoryStorage {
    /// Asks the queue, then leases under the rows of each organization what is still there to be leased.
    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut leased = Vec::new();
        // What was dropped, or taken by another meanwhile, leaves room for others. What was leased may be over at
        // once, and is not asked for again.
        while leased.is_empty() {
            let due = lock(&self.shared.queue).due(now, limit);
            if due.is_empty() {
                break;
            }
            for (_, tenant, id) in due {
                leased.extend(self.lease_one(&tenant, id, now, until));
            }
        }
        Ok(Leases { leased, unreadable: Vec::new() })
    }

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        let Completion { state, attempt, mailed_at } = completion;
        Ok(self.end(lease, |row| {
            row.state = *state;
            row.attempts.extend(attempt.clone());
            row.mailed_at = *mailed_at;
        }))
    }

    async fn fail(&self, lease: &Lease, failure: &Failure) -> Result<bool, StorageError> {
        let Failure { attempt, retry_at } = failure;
        Ok(self.end(lease, |row| {
            match retry_at {
                Some(at) => row.due_at = *at,
                None => row.state = DeliveryState::Failed,
            }
            row.attempts.extend(attempt.clone());
            row.mailed_at = None;
        }))
    }

    async fn due(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        let queue = lock(&self.shared.queue);
        let waiting = queue.waiting.first().map(|(at, ..)| *at);
        let held = queue.held.first_key_value().map(|((at, ..), _)| *at);
        Ok(waiting.into_iter().chain(held).min())
    }
}

impl MemoryStorage {
    /// Leases a delivery unless another courier was faster. One whose invitation is no longer there is
    /// dropped: nobody could ever send it.
    fn lease_one(
        &self,
        tenant: &Arc<Tenant>,
        id: DeliveryId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Option<Leased> {
        let mut rows = tenant.rows();
        let row = rows.deliveries.get(&id)?;
        let is_held = row.leased_until.is_some_and(|end| end > now);
        if row.state != DeliveryState::Queued || row.due_at > now || is_held {
            return None;
        }
        let organization = rows.header.clone();
        let invitation = rows.invitations.get(&row.invitation).cloned();
        let (Some(organization), Some(invitation)) = (organization, invitation) else {
            self.change(tenant, &mut rows, id, |row| {
                row.state = DeliveryState::Dropped;
                row.leased_until = None;
            });
            return None;
        };
        let here = rows.suppressions_of(&invitation.invitee).cloned();
        let suppressions = here.chain(self.shared.block_of(&invitation.invitee)).collect();
        let delivery = self.change(tenant, &mut rows, id, |row| {
            row.lease = row.lease.saturating_add(1);
            row.leased_until = Some(until);
            row.mailed_at.get_or_insert(now);
        })?;
        Some(Leased { delivery, organization, invitation, suppressions })
    }

    /// Ends a lease, if it was the last one and is still open.
    fn end(&self, lease: &Lease, change: impl FnOnce(&mut Delivery)) -> bool {
        let Lease { organization, delivery, number } = lease;
        let Some(tenant) = self.shared.tenant(organization) else { return false };
        let mut rows = tenant.rows();
        let is_open = |row: &Delivery| row.lease == *number && row.leased_until.is_some();
        if !rows.deliveries.get(delivery).is_some_and(is_open) {
            return false;
        }
        let changed = self.change(&tenant, &mut rows, *delivery, |row| {
            change(row);
            row.leased_until = None;
        });
        changed.is_some()
    }

    /// Changes a delivery, and its place in the queue.
    fn change(
        &self,
        tenant: &Arc<Tenant>,
        rows: &mut Rows,
        id: DeliveryId,
        change: impl FnOnce(&mut Delivery),
    ) -> Option<Delivery> {
        let row = rows.deliveries.get_mut(&id)?;
        let mut queue = lock(&self.shared.queue);
        queue.remove(tenant, row);
        change(row);
        queue.enter(tenant, row);
        Some(row.clone())
    }
}
