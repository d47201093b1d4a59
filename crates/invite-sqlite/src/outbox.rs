//! The outbox: deliveries after their commit.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Attempt, Delivery, DeliveryId, DeliveryState, OrganizationId};
use invite_storage::{Completion, Failure as FailedTry, Lease, Leased, Outbox, StorageError};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::columns::{all, blob, first, micros, text, to_json};
use crate::error::Failure;
use crate::{SqliteStorage, load, rows, sql};

#[async_trait]
impl Outbox for SqliteStorage {
    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Leased>, StorageError> {
        self.write(move |connection| {
            let leasable = all(connection, sql::LEASABLE, params![micros(now), limit], |columns| {
                let organization = columns.organization_id()?;
                let delivery = columns.delivery_id()?;
                Ok((organization, delivery))
            })?;
            let leased = leasable.iter().map(|(of, id)| lease(connection, of, *id, now, until));
            leased.filter_map(Result::transpose).collect()
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

/// Leases a delivery. One whose invitation is no longer there is dropped: nobody could ever send it.
fn lease(
    connection: &Connection,
    organization: &OrganizationId,
    id: DeliveryId,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Leased>, Failure> {
    let id = blob(id.as_uuid());
    let params = params![organization.as_str(), id, micros(now), micros(until)];
    connection.prepare_cached(sql::LEASE)?.execute(params)?;
    let delivery = first(connection, sql::DELIVERY, params![organization.as_str(), id], rows::delivery)?;
    let delivery = delivery.ok_or_else(|| Failure::missing("delivery"))?;
    let invitation = load::invitation(connection, organization, delivery.invitation)?;
    let Some(invitation) = invitation else {
        end(connection, &of(&delivery), None, DeliveryState::Dropped, None, delivery.mailed_at)?;
        return Ok(None);
    };
    let suppressions = load::suppressions(connection, organization, &invitation.invitee)?;
    let organization = load::organization(connection, organization)?;
    let organization = organization.ok_or_else(|| Failure::missing("organization"))?;
    Ok(Some(Leased { delivery, organization, invitation, suppressions }))
}

fn of(row: &Delivery) -> Lease {
    Lease { organization: row.organization.clone(), delivery: row.id, number: row.lease }
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
