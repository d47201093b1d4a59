//! A case, and how it is run.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::time::Duration;

/// What a case does with its subject.
pub(crate) type Check<S> = fn(S) -> Pin<Box<dyn Future<Output = ()>>>;

/// One case of a contract. `S` is what it is about.
pub struct Case<S> {
    pub(crate) number: u32,
    pub(crate) sentence: &'static str,
    pub(crate) name: &'static str,
    pub(crate) check: Check<S>,
}

/// Longer than any case takes on a loaded machine: whoever waits for so long waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);

impl<S> Case<S> {
    /// The number of the sentence in the contract.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The name of the sentence in the contract.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// The name of the case, which begins with that of its sentence.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the case in a runtime of its own, in which the subject is made.
    ///
    /// # Panics
    /// If the case fails, with the sentence that is broken, and what was expected and seen.
    pub fn run(&self, subject: impl Future<Output = S>) {
        if let Err(broken) = self.try_run(subject) {
            panic!("{broken}");
        }
    }

    /// Runs the case as [`run`](Self::run) does.
    ///
    /// # Errors
    /// [`Broken`] if the case fails.
    pub fn try_run(&self, subject: impl Future<Output = S>) -> Result<(), Broken> {
        let run = || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
            let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
            let ended = runtime.block_on(async {
                let subject = subject.await;
                tokio::time::timeout(PATIENCE, (self.check)(subject)).await
            });
            // A call that hangs in a thread of its own must not keep the test from ending.
            runtime.shutdown_background();
            ended.unwrap_or_else(|_| panic!("expected: an end; seen: none within {PATIENCE:?}"));
        };
        catch_unwind(AssertUnwindSafe(run)).map_err(|payload| Broken {
            number: self.number,
            sentence: self.sentence,
            case: self.name,
            seen: text(payload.as_ref()),
        })
    }
}

/// The case of a name.
///
/// # Panics
/// If there is none.
pub(crate) fn find<'a, S>(cases: &'a [Case<S>], name: &str) -> &'a Case<S> {
    cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("there is no case {name}"))
}

/// Whether there is a case of that name; asked while tests are compiled.
pub(crate) const fn is_among<S>(cases: &[Case<S>], name: &str) -> bool {
    let mut n = 0;
    while n < cases.len() {
        if is_same(cases[n].name.as_bytes(), name.as_bytes()) {
            return true;
        }
        n += 1;
    }
    false
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut n = 0;
    while n < one.len() && n < other.len() && one[n] == other[n] {
        n += 1;
    }
    n == one.len() && n == other.len()
}

impl<S> fmt::Debug for Case<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("number", &self.number)
            .field("sentence", &self.sentence)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A sentence of a contract that does not hold.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Broken {
    /// The number of the sentence.
    pub number: u32,
    /// Its name.
    pub sentence: &'static str,
    /// The case that found it.
    pub case: &'static str,
    /// What was expected, and what was seen.
    pub seen: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, sentence, case, seen } = self;
        write!(f, "sentence {number} of the contract, `{sentence}`, is broken\n  case: {case}\n  {seen}")
    }
}

impl std::error::Error for Broken {}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic that says nothing".to_owned())
}

/// The table of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __table {
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
macro_rules! __tests {
    ([$one:ident] $($number:literal $sentence:ident [$($module:ident::$case:ident)+])+) => {
        $($($one! { $case })+)+
    };
}

/// The macro that makes one test of a suite, which knows what is left out.
#[doc(hidden)]
#[macro_export]
macro_rules! __one_test {
    (($dollar:tt) $suite:ident $one:ident [$fixture:expr] [$($except:ident: $reason:literal),*]) => {
        $(const _: () = assert!(
            $crate::$suite::is_case(stringify!($except)),
            concat!("there is no case ", stringify!($except)),
        );)*
        macro_rules! $one {
            $(($except) => {
                #[test]
                #[ignore = $reason]
                fn $except() {
                    $crate::$suite::run(stringify!($except), async { $fixture });
                }
            };)*
            ($dollar case:ident) => {
                #[test]
                fn $dollar case() {
                    $crate::$suite::run(stringify!($dollar case), async { $fixture });
                }
            };
        }
    };
}
