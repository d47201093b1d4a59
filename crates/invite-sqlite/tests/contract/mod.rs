//! The contract of `invite-storage`, one case for each of its sentences, against the traits alone.
//!
//! Every case takes a fresh, migrated store.

pub mod commit;
pub mod exclusive;
pub mod lists;
pub mod load;
pub mod outbox;
pub mod world;

/// Makes a test of every case that a store of one process can be asked. `$store` is called for each: it gives
/// the store, and whatever must live as long.
macro_rules! contract {
    ($store:expr) => {
        $crate::contract::contract! { @ $store;
            load::load_is_one_version, load::load_closes, load::absent_is_said, load::load_reads_own_writes,
            load::due_is_past_its_expiry, load::tenants_are_apart, load::mailed_at_is_of_the_revision,
            load::addresses_find_members_in_any_case,
            commit::version_guards, commit::a_commit_that_contradicts_itself_is_no_conflict, commit::of_commits_on_one_version_one_is_written, commit::all_or_nothing,
            commit::insert_is_not_put, commit::limits_and_commands_are_put, commit::commands_are_forgotten, commit::one_place_one_invitation,
            commit::values_come_back, commit::events_have_no_gaps, commit::commit_is_found,
            exclusive::exclusive_waits, exclusive::exclusive_is_current, exclusive::dropped_is_rolled_back,
            exclusive::failed_is_rolled_back,
            lists::lists_are_ordered, lists::pages_meet, lists::positions_need_no_row, lists::lists_know_the_time, lists::lists_are_filtered,
            lists::inbox_crosses_organizations, lists::memberships_cross_organizations,
            outbox::committed_is_due, outbox::one_holds_a_lease, outbox::leases_end, outbox::late_is_told,
            outbox::tries_are_kept, outbox::lists_show_the_last_delivery,
        }
    };
    (@ $store:expr; $($module:ident::$case:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let (store, _alive) = $store.await;
            $crate::contract::$module::$case(std::sync::Arc::new(store)).await;
        })+
    };
}
pub(crate) use contract;
