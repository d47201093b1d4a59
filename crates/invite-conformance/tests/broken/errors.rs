//! Stores that bear badly what is done to them from outside, and that say a part for the whole.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::answers::{Told, answers_of};
use super::surroundings::{Outside, around, edited, within};

broken_stores! {
    nothing_kept_beyond_the_process: within(Outside::KeepsNothing),
        fails [acknowledged_is_kept] saying "opening the store again";
    answers_of_a_store_that_cannot_answer: within(Outside::AnswersCut),
        fails [errors_fail_closed] saying "without an error";
    a_lost_reply_told_as_a_failure: within(Outside::PlainFailure),
        fails [unknown_is_said] saying "expected: an unknown outcome";
    a_lost_reply_told_as_a_success: within(Outside::PlainSuccess),
        fails [unknown_is_said] saying "seen: Ok(())";
    a_token_among_what_is_stored: within(Outside::StoresTokens),
        fails [outbox_has_no_secret_among_all_that_is_stored] saying "a token is stored";
    rows_left_out_that_cannot_be_read: within(Outside::LeavesOut),
        fails [
            errors_fail_closed_where_a_row_cannot_be_read errors_fail_closed_where_a_request_cannot_be_read
            errors_fail_closed_and_take_no_other_delivery_along
        ]
        saying "the roster, with a row that cannot be read";
    one_unreadable_delivery_for_all: within(Outside::LeasesAllOrNone),
        fails [errors_fail_closed_and_take_no_other_delivery_along] saying "is damaged";
    a_part_for_the_whole: around(Truncates),
        fails [errors_fail_closed_where_there_is_too_much] saying "more open invitations than there may be" also [kept_links_are_all_or_an_error asked_is_all_or_an_error];
    lost_idempotency_record: edited(|commit| commit.commands.clear()),
        fails [
            commands_are_kept commands_are_kept_until_their_time insert_is_not_put_but_limits_and_commands_are
            values_come_back_in_random_histories
        ]
        saying "the record of a command" also [tenants_are_apart values_come_back];
}

/// Keeps the least of what is open for one invitee, and says nothing of the rest.
struct Truncates(MemoryStorage);

#[async_trait]
impl Wrapper for Truncates {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        match self.0.load(id, reads, now).await {
            Ok(slice) => Ok(slice),
            Err(_) => {
                let header = self.0.load(id, &Reads::new(), now).await?;
                Ok(answers_of(&header, header.organization().cloned(), reads, &Told::default()))
            }
        }
    }
}
