//! The list of cases: the one place where they stand.

/// Hands every case to a macro, by the number and name of its sentence.
#[doc(hidden)]
#[macro_export]
macro_rules! __storage_cases {
    ($callback:ident $arguments:tt) => {
        $crate::$callback! { $arguments
            1 load_is_one_version [
                load::load_is_one_version
                load::load_is_one_version_while_others_write
            ]
            2 load_closes [
                load::load_closes
                load::load_closes_over_what_is_found
                requests::load_closes_over_a_request
                load::load_closes_with_when_it_was_mailed
                load::load_closes_or_says_that_there_is_more
            ]
            3 absent_is_said [load::absent_is_said]
            4 load_reads_own_writes [
                load::load_reads_own_writes
                load::load_reads_own_writes_of_another_handle
            ]
            5 due_is_past_its_expiry [
                load::due_is_past_its_expiry
                load::due_is_past_its_expiry_or_of_a_closed_organization
                load::due_is_past_its_expiry_or_access_that_ended
            ]
            6 tenants_are_apart [
                load::tenants_are_apart
                load::tenants_are_apart_under_the_same_keys
                requests::tenants_are_apart_in_their_requests
                histories::tenants_are_apart_in_random_histories
            ]
            7 version_guards [
                guards::version_guards
                guards::version_guards_records_of_commands_alone
                guards::version_guards_two_writers
                guards::version_guards_two_writers_with_a_handle_each
                guards::version_guards_in_a_race
                guards::version_guards_in_a_race_of_two_handles
                guards::version_guards_each_of_many_organizations
            ]
            8 all_or_nothing [
                commit::all_or_nothing
                commit::all_or_nothing_when_the_caller_is_gone
            ]
            9 insert_is_not_put [
                keys::insert_is_not_put
                keys::insert_is_not_put_twice_in_one_commit
                keys::insert_is_not_put_but_limits_and_commands_are
                keys::insert_is_not_put_and_contradictions_are_errors
            ]
            10 one_place_one_invitation [
                keys::one_place_one_invitation
                keys::one_place_one_invitation_passed_on_in_one_commit
                keys::one_place_one_invitation_in_a_race
            ]
            11 values_come_back [
                values::values_come_back
                values::values_come_back_to_the_microsecond
                values::values_come_back_at_the_extremes
                values::values_come_back_when_empty
                values::values_come_back_in_every_variant
                values::values_come_back_as_typed
                groups::values_come_back_of_groups_and_links
                requests::values_come_back_of_requests
                requests::values_come_back_of_requests_after_several_changes_in_one_commit
                values::values_come_back_after_several_changes_in_one_commit
                histories::values_come_back_in_random_histories
            ]
            12 events_have_no_gaps [commit::events_have_no_gaps]
            13 commit_is_found [commit::commit_is_found]
            14 acknowledged_is_kept [commit::acknowledged_is_kept]
            15 exclusive_waits [
                exclusive::exclusive_waits
                exclusive::exclusive_waits_for_another_handle
            ]
            16 exclusive_is_current [
                exclusive::exclusive_is_current
                exclusive::exclusive_is_current_among_many
                exclusive::exclusive_is_current_in_what_does_not_exist
            ]
            17 dropped_is_rolled_back [
                exclusive::dropped_is_rolled_back
                exclusive::dropped_is_rolled_back_half_way
                exclusive::dropped_is_rolled_back_after_a_failed_write
                exclusive::dropped_is_rolled_back_and_unseen_before
            ]
            18 organizations_do_not_wait [exclusive::organizations_do_not_wait]
            19 lists_are_ordered [
                pages::lists_are_ordered
                pages::lists_are_ordered_byte_by_byte
                pages::lists_are_ordered_and_filtered
                groups::lists_are_ordered_of_groups_and_links
                request_lists::lists_are_ordered_of_requests
                pages::lists_are_ordered_with_the_last_mail
                histories::lists_are_ordered_in_random_histories
            ]
            20 pages_meet [
                pages::pages_meet
                pages::pages_meet_for_events
                pages::pages_meet_at_any_position
                pages::pages_meet_over_cursors
                pages::pages_meet_while_rows_come_and_go
                request_lists::pages_meet_for_requests
            ]
            21 lists_know_the_time [
                pages::lists_know_the_time
                request_lists::lists_know_the_time_of_requests
            ]
            22 inbox_crosses_organizations [
                pages::inbox_crosses_organizations
                pages::inbox_crosses_organizations_for_32_invitees
                pages::inbox_crosses_organizations_for_what_has_begun
                pages::inbox_crosses_organizations_until_all_that_is_granted_is_over
                pages::inbox_crosses_organizations_and_is_counted
                pages::inbox_crosses_organizations_as_memberships_do
            ]
            23 committed_is_due [
                outbox::committed_is_due
                outbox::committed_is_due_with_what_is_now
                outbox::committed_is_due_in_order
            ]
            24 one_holds_a_lease [
                outbox::one_holds_a_lease
                outbox::one_holds_a_lease_that_is_over_at_once
                outbox::one_holds_a_lease_in_a_race
                outbox::one_holds_a_lease_while_others_commit
                histories::one_holds_a_lease_in_random_histories
            ]
            25 leases_end [
                outbox::leases_end
                outbox::leases_end_where_the_invitation_is_gone
            ]
            26 late_is_told [
                outbox::late_is_told
                outbox::late_is_told_and_tries_are_kept
                outbox::late_is_told_of_every_end
            ]
            27 outbox_has_no_secret [
                outbox::outbox_has_no_secret
                outbox::outbox_has_no_secret_among_all_that_is_stored
            ]
            28 errors_fail_closed [
                errors::errors_fail_closed
                errors::errors_fail_closed_where_there_is_too_much
                errors::errors_fail_closed_where_a_row_cannot_be_read
                requests::errors_fail_closed_where_a_request_cannot_be_read
                errors::errors_fail_closed_and_take_no_other_delivery_along
            ]
            29 unknown_is_said [errors::unknown_is_said]
            30 commands_are_kept [
                errors::commands_are_kept
                errors::commands_are_kept_until_their_time
            ]
            31 closing_is_what_names_it [
                groups::closing_is_what_names_it
                groups::closing_is_what_names_it_and_whether_there_is_more
            ]
            32 kept_links_are_all [
                groups::kept_links_are_all
                groups::kept_links_are_all_or_an_error
            ]
            33 grants_are_filed [
                groups::grants_are_filed
                groups::grants_are_filed_for_invitations
                groups::grants_are_filed_for_links
            ]
            34 asked_is_all [
                requests::asked_is_all
                requests::asked_is_all_or_an_error
            ]
            35 due_requests_are_past_their_expiry [
                requests::due_requests_are_past_their_expiry
                requests::due_requests_are_past_their_expiry_or_of_a_closed_organization
            ]
            36 requests_are_filed [request_lists::requests_are_filed]
            37 requests_by_cross_organizations [request_lists::requests_by_cross_organizations]
            38 circles_are_who_is_together [
                people::circles_are_who_is_together
                people::circles_are_who_is_together_and_was
            ]
            39 blocks_are_everywhere [
                people::blocks_are_everywhere
                people::blocks_are_everywhere_among_suppressions
            ]
            40 past_is_what_ended [
                erasing::past_is_what_ended
                erasing::past_is_what_ended_and_whether_there_is_more
                erasing::past_is_what_ended_long_ago
                erasing_requests::past_is_what_ended_and_was_asked
                erasing_requests::past_is_what_ended_and_was_asked_and_whether_there_is_more
                erasing_requests::past_is_what_ended_long_ago_of_requests
            ]
            41 erased_is_gone [
                erasing::erased_is_gone
                erasing::erased_is_gone_from_the_rows
                erasing::erased_is_gone_from_the_outbox
                erasing::erased_is_gone_from_former_members
                erasing::erased_is_gone_only_with_its_commit
                erasing_requests::erased_is_gone_of_requests
            ]
            42 holders_are_found [
                erasing::holders_are_found
                erasing_requests::holders_are_found_by_requests
            ]
        }
    };
}

/// Makes a test of every case of the contract of `invite-storage`.
///
/// The expression makes a [`Fixture`](crate::storage::Fixture), for instance a store with nothing in it. It is
/// evaluated anew for every test, inside of the test's runtime, and may await.
///
/// ```text
/// invite_conformance::storage!(Database::empty().await);
/// ```
///
/// What a store or its fixture cannot show is left out with the reason. The test is there, ignored.
///
/// ```
/// # mod tests {
/// # use invite_memory::MemoryStorage;
/// invite_conformance::storage! {
///     MemoryStorage::new();
///     except acknowledged_is_kept: "it keeps nothing beyond the process",
///         errors_fail_closed: "it needs nothing to answer that could be taken away"
/// }
/// # }
/// ```
#[macro_export]
macro_rules! storage {
    ($fixture:expr $(; except $($case:ident: $reason:literal),+ $(,)?)?) => {
        $crate::__one_test! { ($) storage __invite_storage_case [$fixture] [$($($case: $reason),+)?] }
        $crate::__storage_cases! { __tests [__invite_storage_case] }
    };
}
