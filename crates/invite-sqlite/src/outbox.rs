//! The outbox: deliveries after their commit.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Attempt, DeliveryState};
use invite_storage::{Completion, Failure as FailedTry, Lease, Leased, Leases, Outbox, StorageError};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::columns::{all, blob, first, micros, text, to_json};
use crate::error::{Failure, UnreadableDelivery};
use crate::{SqliteStorage, load, rows, sql};

#[async_trait]
impl Outbox for SqliteStorage {
    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        self.write(move |connection| {
            let mut leases = Leases::default();
            // What was dropped leaves room for others.
            while leases.leased.is_empty() && leases.unreadable.is_empty() {
                let leasable = all(connection, sql::LEASABLE, params![micros(now), limit], |columns| {
                    Ok(Key { organization: columns.value()?, delivery: columns.value()? })
                })?;
                if leasable.is_empty() {
                    break;
                }
                for key in leasable {
                    match lease(connection, &key, now, until) {
                        Ok(leased) => leases.leased.extend(leased),
                        Err(failure) if failure.is_corrupt_row() => {
                            leases.unreadable.push(key.unreadable(failure));
                        }
                        Err(failure) => return Err(failure),
                    }
                }
            }
            Ok(leases)
        })
        .await
    }

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        let (lease, completion) = (lease.clone(), completion.clone());
        self.write(move |connection| {
            let Completion { state, attempt, mailed_at } = completion;
            end(connection, &lease, attempt, state, None, mailed_at)
        })
        .await
    }

    async fn fail(&self, lease: &Lease, failure: &FailedTry) -> Result<bool, StorageError> {
        let (lease, failure) = (lease.clone(), failure.clone());
        self.write(move |connection| {
            let FailedTry { attempt, retry_at } = failure;
            let state = if retry_at.is_some() { DeliveryState::Queued } else { DeliveryState::Failed };
            end(connection, &lease, attempt, state, retry_at, None)
        })
        .await
    }

    async fn due(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        self.read(|connection| {
            Ok(first(connection, sql::NEXT_DUE, [], |columns| columns.time_option())?.flatten())
        })
        .await
    }
}

/// The key of a delivery as it stands in its row, whatever that is.
struct Key {
    organization: String,
    delivery: Vec<u8>,
}

impl Key {
    fn unreadable(&self, failure: Failure) -> StorageError {
        let Self { organization, delivery } = self;
        let delivery = delivery.iter().map(|byte| format!("{byte:02x}")).collect();
        let organization = organization.clone();
        StorageError::corrupt(UnreadableDelivery { organization, delivery, source: failure.into() })
    }
}

/// Leases a delivery, and then reads it: what cannot be read is leased all the same. One whose invitation or
/// organization is gone is dropped: nobody could ever send it.
fn lease(
    connection: &Connection,
    key: &Key,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Leased>, Failure> {
    let Key { organization, delivery } = key;
    let params = params![organization, delivery, micros(now), micros(until)];
    connection.prepare_cached(sql::LEASE)?.execute(params)?;
    let row = first(connection, sql::DELIVERY, params![organization, delivery], rows::delivery)?;
    let delivery = row.ok_or_else(|| Failure::missing("delivery"))?;
    let id = &delivery.organization;
    let invitation = load::invitation(connection, id, delivery.invitation)?;
    let (Some(invitation), Some(organization)) = (invitation, load::organization(connection, id)?) else {
        connection
            .prepare_cached(sql::DROP_DELIVERY)?
            .execute(params![id.as_str(), blob(delivery.id.as_uuid())])?;
        return Ok(None);
    };
    let suppressions = load::suppressions(connection, id, &invitation.invitee)?;
    Ok(Some(Leased { delivery, organization, invitation, suppressions }))
}

/// Records the end of a try, if the lease is the last one and still open; says whether it was.
fn end(
    connection: &Connection,
    lease: &Lease,
    attempt: Option<Attempt>,
    state: DeliveryState,
    due_at: Option<DateTime<Utc>>,
    mailed_at: Option<DateTime<Utc>>,
) -> Result<bool, Failure> {
    let Lease { organization, delivery, number } = lease;
    let id = blob(delivery.as_uuid());
    let params = params![organization.as_str(), id, number];
    let attempts = first(connection, sql::LEASED_ATTEMPTS, params, |columns| columns.json::<Vec<Attempt>>())?;
    let Some(mut attempts) = attempts else { return Ok(false) };
    attempts.extend(attempt);
    let (due_at, mailed_at) = (Value::from(due_at.map(micros)), Value::from(mailed_at.map(micros)));
    let ended =
        params![organization.as_str(), id, text(state.as_str()), due_at, mailed_at, to_json(&attempts)?];
    connection.prepare_cached(sql::END_LEASE)?.execute(ended)?;
    Ok(true)
}
