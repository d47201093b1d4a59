//! Stores that load what is not so.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_conformance::storage::{Fixture, rows};
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;
use tokio::task::yield_now;

use super::answers::{Told, answers_of};
use super::surroundings::{around, misread, retold};

broken_stores! {
    version_read_after_rows: around(VersionAfterRows),
        fails [load_is_one_version load_is_one_version_while_others_write] saying "of a slice of version" also [closing_is_what_names_it];
    nothing_brought_along: telling(|_| Told { rounds: 1, ..Told::default() }),
        fails [load_closes load_closes_over_what_is_found load_closes_over_a_request] saying "every key of acme is answered"
        also [load_is_one_version values_come_back_after_several_changes_in_one_commit closing_is_what_names_it values_come_back_of_groups_and_links];
    no_word_of_what_is_absent: telling(|_| Told { absent: false, ..Told::default() }),
        fails [load_closes absent_is_said] saying "every key of acme is answered"
        also [
            tenants_are_apart version_guards_two_writers all_or_nothing_when_the_caller_is_gone insert_is_not_put
            values_come_back_after_several_changes_in_one_commit dropped_is_rolled_back_half_way closing_is_what_names_it values_come_back_of_groups_and_links
            values_come_back_of_requests_after_several_changes_in_one_commit];
    no_word_of_when_it_was_mailed: telling(|_| Told { mailed: false, ..Told::default() }),
        fails [load_closes_with_when_it_was_mailed late_is_told_and_tries_are_kept]
        saying "when revision 0 was mailed last" also [closing_is_what_names_it];
    no_sign_that_there_is_more: telling(|_| Told { more: false, ..Told::default() }),
        fails [load_closes_or_says_that_there_is_more] saying "one more than can be loaded"
        also [closing_is_what_names_it past_is_what_ended past_is_what_ended_and_was_asked_and_whether_there_is_more];
    due_without_a_limit: misread(|reads| reads.due = reads.due.saturating_mul(1_000)),
        fails [due_is_past_its_expiry due_is_past_its_expiry_or_of_a_closed_organization]
        saying "as many as asked for" also [due_is_past_its_expiry];
    access_that_ended_is_not_due: telling(|_| Told { access: false, ..Told::default() }),
        fails [due_is_past_its_expiry_or_access_that_ended] saying "at the very moment it is over"
        also [closing_is_what_names_it due_is_past_its_expiry];
    only_what_is_past_is_due: telling(|now| Told { past: Some(now), ..Told::default() }),
        fails [
            due_is_past_its_expiry_or_of_a_closed_organization
            due_requests_are_past_their_expiry_or_of_a_closed_organization
        ]
        saying "Closed" also [due_is_past_its_expiry due_requests_are_past_their_expiry closing_is_what_names_it];
    a_row_of_another_organization: around(AnyOrganization),
        fails [tenants_are_apart] saying "a member of acme in" also [closing_is_what_names_it values_come_back_of_groups_and_links kept_links_are_all];
    one_table_of_limits_for_all: around(OneTableOfLimits),
        fails [tenants_are_apart_under_the_same_keys tenants_are_apart] saying "left: Some(";
}

/// A store that tells of what it finds what it is told to tell.
fn telling(told: fn(DateTime<Utc>) -> Told) -> impl Fixture {
    retold(move |slice, reads, now| {
        *slice = answers_of(slice, slice.organization().cloned(), reads, &told(now));
    })
}

/// Reads rows, then the version they are said to be of.
struct VersionAfterRows(MemoryStorage);

#[async_trait]
impl Wrapper for VersionAfterRows {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let rows = self.0.load(id, reads, now).await?;
        for _ in 0..20 {
            yield_now().await;
        }
        let header = self.0.load(id, &Reads::new(), now).await?.organization().cloned();
        Ok(answers_of(&rows, header, reads, &Told::default()))
    }
}

/// Looks a member up by user alone.
struct AnyOrganization(MemoryStorage);

#[async_trait]
impl Wrapper for AnyOrganization {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let slice = self.0.load(id, reads, now).await?;
        let mut shown = answers_of(&slice, slice.organization().cloned(), reads, &Told::default());
        for user in &reads.members {
            if slice.member(user).is_ok_and(|row| row.is_none()) {
                let anywhere = self.0.memberships(user, &rows::first(1)).await?.pop();
                shown.answer_member(user.clone(), anywhere.map(|row| row.member));
            }
        }
        Ok(shown)
    }
}

/// Looks the limits of every organization up in one.
struct OneTableOfLimits(MemoryStorage);

#[async_trait]
impl Wrapper for OneTableOfLimits {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let slice = self.0.load(id, reads, now).await?;
        if *id == rows::acme() || slice.organization().is_none() {
            return Ok(slice);
        }
        let mut others = reads.clone();
        others.limits = SortedSet::new();
        let mut told = answers_of(&slice, slice.organization().cloned(), &others, &Told::default());
        let acme = self.0.load(&rows::acme(), reads, now).await?;
        for subject in &reads.limits {
            told.answer_limit(subject.clone(), acme.limit(subject).unwrap());
        }
        Ok(told)
    }
}
