//! The contract of `invite-storage`: one case for each sentence, named after it, written for any store.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test"
)]

mod commit;
mod exclusive;
mod fixture;
mod lists;
mod load;
mod outbox;
mod races;

use invite_memory::MemoryStorage;

macro_rules! cases {
    ($store:expr => $($module:ident: $($case:ident)+;)+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                $module::$case($store).await;
            }
        )+)+
    };
}

cases! { MemoryStorage::new() =>
    load:
        load_closes
        absent_is_said
        load_reads_own_writes
        due_is_past_its_expiry
        tenants_are_apart
        mailed_is_of_the_present_revision
        more_than_can_be_loaded_is_said;
    commit:
        version_guards
        all_or_nothing
        insert_is_not_put
        limits_and_commands_are_put
        one_place_one_invitation
        values_come_back
        events_have_no_gaps
        commit_is_found
        a_commit_that_contradicts_itself_is_no_conflict;
    exclusive:
        exclusive_waits
        exclusive_is_current
        dropped_is_rolled_back
        organizations_do_not_wait
        a_unit_sees_its_writes_and_nobody_else_does
        a_unit_that_failed_can_only_be_dropped;
    lists:
        lists_are_ordered
        pages_meet
        lists_know_the_time
        lists_are_filtered
        inbox_crosses_organizations
        memberships_cross_organizations;
    outbox:
        committed_is_due
        one_holds_a_lease
        leases_end
        late_is_told
        mailed_at_is_never_later_than_the_mail
        the_longest_due_is_leased_first;
    races:
        load_is_one_version
        of_commits_on_one_version_one_is_written
        exclusive_units_and_commits_lose_nothing
        one_place_under_a_race
        many_tenants_at_once
        couriers_share_and_never_double;
}
