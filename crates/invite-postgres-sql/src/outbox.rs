//! The outbox: deliveries after their commit.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Attempt, DeliveryState, Invitee, Suppression};
use invite_storage::{Completion, Failure as FailedTry, Lease, Leased, Leases, Outbox, StorageError};
use uuid::Uuid;

use crate::columns::Columns;
use crate::error::{Failure, UnreadableDelivery};
use crate::sql::INVITATION_COLUMNS;
use crate::statement::{Connect, Statement, Within, all, first};
use crate::storage::Store;
use crate::value::Value;
use crate::{rows, sql};

#[async_trait]
impl<C: Connect> Outbox for Store<C> {
    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        let mut leases = Leases::default();
        // What was dropped leaves room for others.
        while leases.leased.is_empty() && leases.unreadable.is_empty() {
            let values = vec![Value::time(now), Value::time(until), Value::integer(limit)];
            let brought = self.run(Within::Whole, &[Statement::new(sql::LEASE, values)]).await?;
            let taken = all(brought.first().map_or(&[], Vec::as_slice), taken)?;
            if taken.is_empty() {
                break;
            }
            let mut gone = Vec::new();
            for Taken { organization, delivery, leased } in taken {
                match leased {
                    Ok(Some(leased)) => leases.leased.push(leased),
                    Ok(None) => gone.push(vec![Value::text(&organization), Value::uuid(delivery)]),
                    Err(failure) if failure.is_corrupt_row() => {
                        let delivery = delivery.to_string();
                        let unreadable =
                            UnreadableDelivery { organization, delivery, source: failure.into() };
                        leases.unreadable.push(StorageError::corrupt(unreadable));
                    }
                    Err(failure) => return Err(failure.into()),
                }
            }
            self.follow(&mut leases, &gone).await?;
        }
        Ok(leases)
    }

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        let Completion { state, attempt, mailed_at } = completion;
        self.end(lease, attempt.as_ref(), *state, None, *mailed_at).await
    }

    async fn fail(&self, lease: &Lease, failure: &FailedTry) -> Result<bool, StorageError> {
        let FailedTry { attempt, retry_at } = failure;
        let state = if retry_at.is_some() { DeliveryState::Queued } else { DeliveryState::Failed };
        self.end(lease, attempt.as_ref(), state, *retry_at, None).await
    }

    async fn due(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        let brought = self.run(Within::Open, &[Statement::new(sql::NEXT_DUE, vec![])]).await?;
        let rows = brought.first().map_or(&[][..], Vec::as_slice);
        Ok(first(rows, |columns| columns.option())?.flatten())
    }
}

impl<C: Connect> Store<C> {
    /// Drops what nobody could ever send, and adds to the others what their invitees do not want.
    async fn follow(&self, leases: &mut Leases, gone: &[Vec<Value>]) -> Result<(), StorageError> {
        let mut statements = Vec::new();
        if !leases.leased.is_empty() {
            let names = leases.leased.iter().map(|leased| {
                let Leased { organization, invitation, .. } = leased;
                vec![Value::text(organization.id.as_str()), Value::text(&invitation.invitee.key())]
            });
            let names = Value::columns(&names.collect::<Vec<_>>());
            statements.push(Statement::new(sql::SUPPRESSIONS_OF_LEASED, names));
        }
        if !gone.is_empty() {
            statements.push(Statement::new(sql::DROP_DELIVERIES, Value::columns(gone)));
        }
        if statements.is_empty() {
            return Ok(());
        }
        let brought = self.run(Within::Whole, &statements).await?;
        let rows = brought.first().map_or(&[][..], Vec::as_slice);
        let mut found = BTreeMap::<(String, String), Vec<Suppression>>::new();
        for (key, suppression) in
            all(rows, |columns| Ok(((columns.value()?, columns.value()?), rows::suppression(columns)?)))?
        {
            found.entry(key).or_default().push(suppression);
        }
        for Leased { organization, invitation, suppressions, .. } in &mut leases.leased {
            let key = (organization.id.to_string(), Invitee::key(&invitation.invitee));
            *suppressions = found.get(&key).cloned().unwrap_or_default();
        }
        Ok(())
    }

    /// Records the end of a try, if the lease is the last one and still open; says whether it was.
    async fn end(
        &self,
        lease: &Lease,
        attempt: Option<&Attempt>,
        state: DeliveryState,
        due_at: Option<DateTime<Utc>>,
        mailed_at: Option<DateTime<Utc>>,
    ) -> Result<bool, StorageError> {
        let Lease { organization, delivery, number } = lease;
        let attempts = attempt.map(kept).into_iter().collect::<Vec<_>>();
        let values = vec![
            Value::text(organization.as_str()),
            Value::uuid(delivery.as_uuid()),
            Value::integer(*number),
            Value::text(state.as_str()),
            Value::time_option(due_at),
            Value::time_option(mailed_at),
            Value::bare_json(&attempts)?,
        ];
        let brought = self.run(Within::Whole, &[Statement::new(sql::END_LEASE, values)]).await?;
        Ok(brought.first().is_some_and(|rows| !rows.is_empty()))
    }
}

/// Postgres keeps no NUL, which a server of mail may have said.
fn kept(attempt: &Attempt) -> Attempt {
    let error = attempt.error.as_ref().map(|error| error.replace('\0', "\u{fffd}"));
    Attempt { at: attempt.at, error }
}

/// A delivery that was leased, by its key as it stands in its row, and what can be read of it: what cannot is leased all the
/// same. There is nothing to send if the invitation or the organization is gone.
struct Taken {
    organization: String,
    delivery: Uuid,
    leased: Result<Option<Leased>, Failure>,
}

fn taken(columns: &mut Columns<'_>) -> Result<Taken, Failure> {
    let mut key = columns.clone();
    let (organization, delivery) = (key.value()?, key.uuid()?);
    Ok(Taken { organization, delivery, leased: leased(columns) })
}

fn leased(columns: &mut Columns<'_>) -> Result<Option<Leased>, Failure> {
    let delivery = rows::delivery(columns)?;
    if columns.is_null() {
        return Ok(None);
    }
    let mut organization = columns.clone();
    organization.skip(INVITATION_COLUMNS);
    if organization.is_null() {
        return Ok(None);
    }
    let invitation = rows::invitation(columns)?;
    let organization = rows::organization(columns)?;
    Ok(Some(Leased { delivery, organization, invitation, suppressions: Vec::new() }))
}
