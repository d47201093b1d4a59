//! The list of cases: the one place where they stand.

/// Hands every case to a macro, by the number and name of its sentence.
#[doc(hidden)]
#[macro_export]
macro_rules! __storage_cases {
    ($callback:ident $arguments:tt) => {
        $crate::$callback! { $arguments
            4 load_reads_own_writes [load::load_reads_own_writes]
        }
    };
}

/// The table of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __storage_table {
    ([] $($number:literal $sentence:ident [$($module:ident::$case:ident)+])+) => {
        &[$($($crate::Case {
            number: $number,
            sentence: stringify!($sentence),
            name: stringify!($case),
            check: |fixture| Box::pin($module::$case(fixture)),
        },)+)+]
    };
}

/// A test of every case, those left out among them as ignored ones.
#[doc(hidden)]
#[macro_export]
macro_rules! __storage_tests {
    ([$one:ident] $($number:literal $sentence:ident [$($module:ident::$case:ident)+])+) => {
        $($($one! { $case })+)+
    };
}

/// Makes a test of every case of the contract of `invite-storage`.
///
/// The expression makes a [`Fixture`](crate::storage::Fixture), for instance a store with nothing in it. It is
/// evaluated anew for every test, inside of the test's runtime, and may await.
///
/// ```
/// # mod tests {
/// use invite_memory::MemoryStorage;
///
/// invite_conformance::storage!(MemoryStorage::new());
/// # }
/// ```
///
/// A store that cannot keep a sentence says so and why. The test is there, ignored, with the reason.
///
/// ```
/// # mod tests {
/// # use invite_memory::MemoryStorage;
/// invite_conformance::storage! {
///     MemoryStorage::new();
///     except load_reads_own_writes: "it answers from a copy"
/// }
/// # }
/// ```
#[macro_export]
macro_rules! storage {
    ($fixture:expr $(; except $($case:ident: $reason:literal),+ $(,)?)?) => {
        $crate::__storage_one! { ($) [$fixture] [$($($case: $reason),+)?] }
        $crate::__storage_cases! { __storage_tests [__invite_storage_case] }
    };
}

/// The macro that makes one test, which knows what is left out.
#[doc(hidden)]
#[macro_export]
macro_rules! __storage_one {
    (($dollar:tt) [$fixture:expr] [$($except:ident: $reason:literal),*]) => {
        $(const _: () = assert!(
            $crate::storage::is_case(stringify!($except)),
            concat!("there is no case ", stringify!($except)),
        );)*
        macro_rules! __invite_storage_case {
            $(($except) => {
                #[test]
                #[ignore = $reason]
                fn $except() {
                    $crate::storage::run(stringify!($except), async { $fixture });
                }
            };)*
            ($dollar case:ident) => {
                #[test]
                fn $dollar case() {
                    $crate::storage::run(stringify!($dollar case), async { $fixture });
                }
            };
        }
    };
}
