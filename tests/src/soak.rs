//! The soak: random histories of the model, one after the other, for as long as told.
//!
//! Every history has a seed of its own, the one after it has the next number. A seed that finds something is printed
//! with the command that does the same again, and with the smallest history that finds it.

use std::cell::Cell;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use proptest::test_runner::{
    Config, RngAlgorithm, TestCaseError, TestCaseResult, TestError, TestRng, TestRunner,
};

use crate::model::{History, Ran, histories, run};
use crate::store::Store;

/// The most steps of a history.
const STEPS: usize = 240;
/// How often a history that finds something is made smaller, at most.
const SHRINKS: u32 = 2_000;
/// How often it is told how far the soak is.
const REPORT: Duration = Duration::from_secs(15);

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "what can be asked for on the command line")]
pub enum Length {
    /// This long, on all stores together.
    Time(Duration),
    /// At least so many steps on each store, and whole histories.
    Steps(usize),
}

/// A store that can be asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a further store is one more line here")]
pub enum Kind {
    /// In memory.
    Memory,
    /// A file of SQLite.
    Sqlite,
    /// A database of Postgres.
    Postgres,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Memory, Self::Sqlite, Self::Postgres];

    async fn store(self) -> Store {
        match self {
            Self::Memory => Store::memory().await,
            Self::Sqlite => Store::sqlite().await,
            Self::Postgres => Store::postgres().await,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "what can be asked for on the command line")]
pub struct Order {
    /// For how long.
    pub length: Length,
    /// On which stores.
    pub stores: Vec<Kind>,
    /// The seed of the first history.
    pub seed: u64,
}

impl Order {
    /// How it is asked for.
    pub const USAGE: &'static str =
        "cargo xtask soak [--minutes N | --steps N] [--store memory|sqlite|postgres] [--seed S]";

    /// Reads what was asked for. Without a seed it begins at one that the clock gives, without a length it takes a
    /// minute.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut order = Self {
            length: Length::Time(Duration::from_secs(60)),
            stores: Kind::ALL.into(),
            seed: any_seed(),
        };
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{name} needs a number, not {value}"));
            match name.as_str() {
                "--minutes" => order.length = Length::Time(Duration::from_secs(60 * number()?)),
                "--steps" => {
                    let steps = usize::try_from(number()?).map_err(|_| format!("{value} are too many"))?;
                    order.length = Length::Steps(steps);
                }
                "--seed" => order.seed = number()?,
                "--store" => {
                    let kind = Kind::ALL.into_iter().find(|kind| kind.to_string() == value);
                    order.stores = vec![kind.ok_or_else(|| format!("there is no store called {value}"))?];
                }
                _ => return Err(format!("{name} is unknown")),
            }
        }
        Ok(order)
    }
}

/// A seed to begin with when none is given.
#[expect(clippy::disallowed_methods, reason = "where nobody names a seed, any does")]
fn any_seed() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Something that a soak goes through, one history after the other.
pub trait Round {
    /// What it is called in reports.
    fn name(&self) -> String;

    /// Does the history of a seed; how many steps that were, and what it found.
    fn go(&self, seed: u64) -> (usize, Option<String>);
}

/// The model on a store.
#[derive(Debug, Clone, Copy)]
pub struct ModelOn(Kind);

impl Round for ModelOn {
    fn name(&self) -> String {
        self.0.to_string()
    }

    fn go(&self, seed: u64) -> (usize, Option<String>) {
        search(seed, SHRINKS, |history| judged(go_through(self.0.store(), history)?))
    }
}

/// Draws the history of a seed; how many steps it has, and the smallest that is judged wrong if it is.
fn search(seed: u64, shrinks: u32, judge: impl Fn(&History) -> TestCaseResult) -> (usize, Option<String>) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config =
        Config { cases: 1, max_shrink_iters: shrinks, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let steps = Cell::new(0);
    let came = runner.run(&histories(STEPS), |history| {
        // Of a failing history the first try counts, and not what makes it small.
        steps.set(steps.get().max(history.steps.len()));
        judge(&history)
    });
    let found = came.err().map(|error| match error {
        TestError::Fail(why, _) => why.to_string(),
        TestError::Abort(why) => why.to_string(),
    });
    (steps.get(), found)
}

/// Goes through a history on a store.
fn go_through(store: impl Future<Output = Store>, history: &History) -> Result<Ran, TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let going = AssertUnwindSafe(|| runtime.block_on(async { run(store.await, history).await }));
    std::panic::catch_unwind(going).map_err(|_| TestCaseError::fail("it panicked, as told above"))
}

fn judged(ran: Ran) -> TestCaseResult {
    match ran.found {
        None => Ok(()),
        Some(found) => Err(TestCaseError::fail(format!("{found}\nafter\n{}", ran.told.join("\n")))),
    }
}

/// Does what is ordered and tells it line by line; how many seeds found something.
pub fn soak(order: &Order, tell: impl FnMut(String)) -> usize {
    let rounds = order.stores.iter().map(|kind| Box::new(ModelOn(*kind)) as Box<dyn Round>);
    soak_through(order, &rounds.collect::<Vec<_>>(), tell)
}

/// The same with rounds of one's own.
pub fn soak_through(order: &Order, rounds: &[Box<dyn Round>], mut tell: impl FnMut(String)) -> usize {
    let share = u32::try_from(rounds.len()).unwrap_or(u32::MAX).max(1);
    let mut all = 0;
    for round in rounds {
        let (name, mut failing) = (round.name(), 0);
        let (begun, mut told) = (Instant::now(), Instant::now());
        let (mut steps, mut seed) = (0, order.seed);
        loop {
            let (done, found) = round.go(seed);
            steps += done;
            if let Some(found) = found {
                failing += 1;
                tell(format!("{name}: seed {seed} found\n{found}"));
                tell(format!("again: cargo xtask soak --store {name} --seed {seed} --steps 1"));
            }
            seed = seed.wrapping_add(1);
            let over = match order.length {
                Length::Time(time) => begun.elapsed() >= time / share,
                Length::Steps(asked) => steps >= asked,
            };
            if over || told.elapsed() >= REPORT {
                told = Instant::now();
                let rate = steps as f64 / begun.elapsed().as_secs_f64().max(f64::EPSILON);
                let seeds = format!("seeds {} to {}", order.seed, seed.wrapping_sub(1));
                tell(format!("{name}: {steps} steps, {rate:.0} steps/s, {seeds}, {failing} found something"));
            }
            if over {
                break;
            }
        }
        all += failing;
    }
    all
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use invite_memory::MemoryStorage;

    use super::*;
    use crate::broken::Losing;

    fn read(line: &str) -> Result<Order, String> {
        Order::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn an_order_is_read_as_it_is_typed() {
        let order = read("--steps 5 --store sqlite --seed 9").unwrap();
        assert_eq!(order, Order { length: Length::Steps(5), stores: vec![Kind::Sqlite], seed: 9 });
        assert_eq!(read("--minutes 2").unwrap().length, Length::Time(Duration::from_secs(120)));
        for wrong in ["--steps", "--steps many", "--store paper", "--fast yes"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    /// Finds something at every seed that is a multiple.
    struct Every(u64, &'static str);

    impl Round for Every {
        fn name(&self) -> String {
            self.1.to_owned()
        }

        fn go(&self, seed: u64) -> (usize, Option<String>) {
            (10, seed.is_multiple_of(self.0).then(|| "a wrong thing".to_owned()))
        }
    }

    #[test]
    fn what_is_found_is_told_with_the_command_that_finds_it_again() {
        let order = Order { length: Length::Steps(50), stores: Vec::new(), seed: 7 };
        let mut lines = Vec::new();
        let failing = soak_through(&order, &[Box::new(Every(3, "memory"))], |line| lines.push(line));
        assert_eq!(failing, 1);
        let told = lines.join("\n");
        assert!(told.contains("seed 9 found\na wrong thing"), "{told}");
        assert!(told.contains("cargo xtask soak --store memory --seed 9 --steps 1"), "{told}");
        assert!(told.contains("50 steps") && told.contains("seeds 7 to 11, 1 found something"), "{told}");
    }

    #[test]
    fn each_store_tells_its_own_finds() {
        let order = Order { length: Length::Steps(50), stores: Vec::new(), seed: 7 };
        let rounds: [Box<dyn Round>; 3] =
            [Box::new(Every(2, "memory")), Box::new(Every(20, "paper")), Box::new(Every(3, "sqlite"))];
        let mut lines = Vec::new();
        assert_eq!(soak_through(&order, &rounds, |line| lines.push(line)), 3);
        let told = |name: &str| {
            let last = lines.iter().rfind(|line| line.starts_with(name) && line.contains(" steps/s"));
            last.unwrap().rsplit_once(", ").unwrap().1.to_owned()
        };
        let told = ["memory", "paper", "sqlite"].map(told);
        assert_eq!(told, ["2 found something", "0 found something", "1 found something"]);
    }

    #[test]
    fn a_seed_does_the_same_again() {
        let once = || {
            let told = RefCell::new(Vec::new());
            let came = search(3, 0, |history| {
                let ran = go_through(Store::memory(), history)?;
                told.borrow_mut().extend(ran.told.clone());
                judged(ran)
            });
            (came, told.into_inner())
        };
        let ((steps, found), told) = once();
        assert!(found.is_none() && steps > 1 && told.len() > 1, "{steps} steps: {told:?}");
        assert_eq!(once(), ((steps, found), told));
    }

    /// On a store that loses what is to be mailed.
    struct OnLosing;

    impl Round for OnLosing {
        fn name(&self) -> String {
            "losing".to_owned()
        }

        fn go(&self, seed: u64) -> (usize, Option<String>) {
            let store = || Losing::new(MemoryStorage::new(), |commit| commit.deliveries.clear());
            search(seed, 20, |history| judged(go_through(async { Store::wrapping(store()) }, history)?))
        }
    }

    #[test]
    fn the_seed_that_is_told_finds_the_same_again() {
        let finds = |order: &Order| {
            let mut lines = Vec::new();
            soak_through(order, &[Box::new(OnLosing)], |line| lines.push(line));
            lines.retain(|line| line.contains(" found\n"));
            lines
        };
        let first = finds(&Order { length: Length::Steps(300), stores: Vec::new(), seed: 5 });
        let (_, find) = first.first().unwrap().split_once(": seed ").unwrap();
        let (seed, found) = find.split_once(" found\n").unwrap();
        assert!(found.starts_with("MAI-4: "), "{found}");
        let order = Order { length: Length::Steps(1), stores: Vec::new(), seed: seed.parse().unwrap() };
        assert_eq!(finds(&order), first[..1]);
    }
}
