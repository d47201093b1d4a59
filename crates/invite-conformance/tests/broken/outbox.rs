//! Stores that lease what is not due, or twice, or do not tell what became of it.

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use invite_conformance::storage::rows;
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::surroundings::{around, edited};

broken_stores! {
    a_lease_before_it_is_due: around(Early),
        fails [committed_is_due leases_end one_holds_a_lease one_holds_a_lease_that_is_over_at_once] saying "one second before it is due"
        also [
            committed_is_due late_is_told outbox_has_no_secret errors_fail_closed_and_take_no_other_delivery_along
        ];
    a_lease_without_suppressions: around(Unasked),
        fails [committed_is_due_with_what_is_now] saying "what this invitee does not want"
        also [blocks_are_everywhere];
    the_newest_first: around(NewestFirst),
        fails [committed_is_due_in_order] saying "the longest due first" also [errors_fail_closed_and_take_no_other_delivery_along];
    a_lease_for_two: around(|store| ForTwo(store, Mutex::default())),
        fails [
            one_holds_a_lease one_holds_a_lease_that_is_over_at_once one_holds_a_lease_in_a_race
            one_holds_a_lease_while_others_commit
        ]
        saying "a delivery that is held"
        also [
            acknowledged_is_kept committed_is_due leases_end late_is_told erased_is_gone
            errors_fail_closed_and_take_no_other_delivery_along
        ];
    a_lease_again_and_again: around(UpToTheLimit),
        fails [one_holds_a_lease_that_is_over_at_once] saying "the leases of one call, until 0";
    lease_that_never_expires: around(EndlessLease),
        fails [leases_end one_holds_a_lease one_holds_a_lease_that_is_over_at_once late_is_told] saying "left: Some(9999-12-31T23:59:59.999999Z)"
        also [
            acknowledged_is_kept committed_is_due late_is_told errors_fail_closed_and_take_no_other_delivery_along
        ];
    an_invitation_that_stays: edited(|commit| {
        commit.invitations.retain(|change| !matches!(change, RowChange::Delete(_)));
    }),
        fails [leases_end_where_the_invitation_is_gone] saying "the delivery without an invitation is dropped"
        also [insert_is_not_put tenants_are_apart grants_are_filed_for_invitations];
    a_late_completion_that_is_not_told: around(AnyLease),
        fails [late_is_told late_is_told_of_every_end one_holds_a_lease_in_random_histories]
        saying "completing under an earlier lease" also [erased_is_gone];
    a_try_that_is_not_kept: around(NoTries),
        fails [late_is_told_and_tries_are_kept] saying "attempts";
    a_token_in_a_list: edited(|commit| {
        for event in &mut commit.events {
            event.data.reason = Some("inv_AAECAwQ".into());
        }
    }),
        fails [outbox_has_no_secret] saying "a token is stored" also [values_come_back erased_is_gone];
}

/// Brings no suppressions with a lease.
struct Unasked(MemoryStorage);

#[async_trait]
impl Wrapper for Unasked {
    in_memory!();

    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        let mut leases = self.0.lease(now, until, limit).await?;
        leases.leased.iter_mut().for_each(|leased| leased.suppressions.clear());
        Ok(leases)
    }
}

/// Leases what is due in the wrong order.
struct NewestFirst(MemoryStorage);

#[async_trait]
impl Wrapper for NewestFirst {
    in_memory!();

    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        let mut leases = self.0.lease(now, until, limit).await?;
        leases.leased.reverse();
        Ok(leases)
    }
}

/// Gives what it leased to the next one who asks, as well.
struct ForTwo(MemoryStorage, Mutex<Vec<Leased>>);

#[async_trait]
impl Wrapper for ForTwo {
    in_memory!();

    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        let mut leases = self.0.lease(now, until, limit).await?;
        let before = std::mem::replace(&mut *self.1.lock().unwrap(), leases.leased.clone());
        leases.leased.extend(before);
        Ok(leases)
    }
}

/// Leases up to the limit, and what is over at once again.
struct UpToTheLimit(MemoryStorage);

#[async_trait]
impl Wrapper for UpToTheLimit {
    in_memory!();

    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        let mut leases = self.0.lease(now, until, limit).await?;
        if until <= now {
            leases.leased.extend(self.0.lease(now, until, limit).await?.leased);
        }
        Ok(leases)
    }
}

/// Forgets how a try went that ended well.
struct NoTries(MemoryStorage);

#[async_trait]
impl Wrapper for NoTries {
    in_memory!();

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        self.0.complete(lease, &Completion { attempt: None, ..completion.clone() }).await
    }
}

/// Leases a little early.
struct Early(MemoryStorage);

#[async_trait]
impl Wrapper for Early {
    in_memory!();

    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        self.0.lease(now + TimeDelta::seconds(1), until, limit).await
    }
}

/// A lease holds for ever, whatever it says.
struct EndlessLease(MemoryStorage);

#[async_trait]
impl Wrapper for EndlessLease {
    in_memory!();

    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        let mut leases = self.0.lease(now, rows::last_time(), limit).await?;
        leases.leased.iter_mut().for_each(|leased| leased.delivery.leased_until = Some(until));
        Ok(leases)
    }
}

/// Says of every end that it was the first.
struct AnyLease(MemoryStorage);

#[async_trait]
impl Wrapper for AnyLease {
    in_memory!();

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        self.0.complete(lease, completion).await?;
        Ok(true)
    }
}
