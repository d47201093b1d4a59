//! The list of cases: the one place where they stand.

/// Hands every case to a macro, by the number and name of its promise.
#[doc(hidden)]
#[macro_export]
macro_rules! __host_transaction_cases {
    ($callback:ident $arguments:tt) => {
        $crate::$callback! { $arguments
            1 it_is_as_load_and_commit_are [
                refused::it_is_as_load_and_commit_are
                refused::it_is_as_load_and_commit_are_in_what_is_refused
                owned::it_is_as_load_and_commit_are_for_records_of_commands
            ]
            2 the_host_owns [
                owned::the_host_owns
            ]
            3 it_locks_before_reading [
                owned::it_locks_before_reading
                owned::it_locks_before_reading_what_was_written_since_it_began
            ]
            4 it_reads_its_own_writes [
                owned::it_reads_its_own_writes
            ]
            5 a_failed_write_leaves_nothing [
                refused::a_failed_write_leaves_nothing
            ]
            6 without_a_transaction_nothing_happens [
                refused::without_a_transaction_nothing_happens
            ]
        }
    };
}

/// Makes a test of every promise of `HostTransaction` in `invite-storage`.
///
/// The expression makes a [`Fixture`](crate::host_transaction::Fixture): a database that a host shares with a store. It
/// is evaluated anew for every test, inside of the test's runtime, and may await.
///
/// ```text
/// invite_conformance::host_transaction!(Host::new().await);
/// ```
///
/// What cannot be shown is left out with the reason. The test is there, ignored.
///
/// ```text
/// invite_conformance::host_transaction! {
///     Host::new().await;
///     except without_a_transaction_nothing_happens: "the driver has no connection without a transaction"
/// }
/// ```
#[macro_export]
macro_rules! host_transaction {
    ($fixture:expr $(; except $($case:ident: $reason:literal),+ $(,)?)?) => {
        $crate::__one_test! {
            ($) host_transaction __invite_host_transaction_case [$fixture] [$($($case: $reason),+)?]
        }
        $crate::__host_transaction_cases! { __tests [__invite_host_transaction_case] }
    };
}
