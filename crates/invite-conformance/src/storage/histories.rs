//! Random histories: real operations, decided on what the store gives, and after each step what the store shows
//! against a pure fold of the same commits.

use invite_storage::Storage;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::Subject;
use super::world::World;

/// How many histories a case runs. The environment variable `INVITE_HISTORIES` asks for another number.
const HISTORIES: usize = 6;
const LONGEST: usize = 40;
/// How often a history that fails is made shorter.
const TRIES: usize = 40;
/// The same of twins, which do more and show more.
const TWIN_HISTORIES: usize = 2;
const TWIN_STEPS: std::ops::Range<usize> = 24..48;
const TWIN_TRIES: usize = 4;
pub(super) const USERS: usize = 6;

/// In place of the number of one organization.
pub(super) const BOTH: usize = 2;

/// One step: where, who, what, and numbers that choose among what there is.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) organization: usize,
    pub(super) actor: usize,
    pub(super) what: u8,
    pub(super) n: [usize; 4],
}

fn histories() -> impl Strategy<Value = Vec<Step>> {
    let n = || 0_usize..64;
    let step = (prop::bool::weighted(0.2), 0..=USERS, 0_u8..56, [n(), n(), n(), n()]);
    let step = step.prop_map(|(other, actor, what, n)| Step { organization: other.into(), actor, what, n });
    prop::collection::vec(step, 1..LONGEST)
}

/// Twins make the same things, and what becomes of them in one does not become of them in the other.
fn histories_of_twins() -> impl Strategy<Value = Vec<Step>> {
    let n = || 0_usize..64;
    let place = (prop::bool::weighted(0.85), prop::bool::weighted(0.5));
    let step = (place, 0..=USERS, 0_u8..60, [n(), n(), n(), n()]);
    let step = step.prop_map(|((usual, second), actor, what, n)| {
        let in_both = usual == matches!(what, 0..=9 | 28..=29 | 36 | 52..=55);
        Step { organization: if in_both { BOTH } else { second.into() }, actor, what, n }
    });
    prop::collection::vec(step, TWIN_STEPS)
}

/// What is looked at after each step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Look {
    Slices,
    Lists,
    Outbox,
    /// All that two organizations show that have the same keys in everything.
    Twins,
}

pub(super) async fn tenants_are_apart_in_random_histories(fixture: Subject) {
    hold(fixture.storage(), Look::Twins).await;
}

pub(super) async fn values_come_back_in_random_histories(fixture: Subject) {
    hold(fixture.storage(), Look::Slices).await;
}

pub(super) async fn lists_are_ordered_in_random_histories(fixture: Subject) {
    hold(fixture.storage(), Look::Lists).await;
}

pub(super) async fn one_holds_a_lease_in_random_histories(fixture: Subject) {
    hold(fixture.storage(), Look::Outbox).await;
}

/// Runs the same histories every time. One that fails is made as short as it still fails.
async fn hold(store: &dyn Storage, look: Look) {
    let (histories, usual, tries) = match look {
        Look::Twins => (histories_of_twins().boxed(), TWIN_HISTORIES, TWIN_TRIES),
        _ => (histories().boxed(), HISTORIES, TRIES),
    };
    let many = std::env::var("INVITE_HISTORIES").ok().and_then(|many| many.parse().ok()).unwrap_or(usual);
    let mut runner = TestRunner::deterministic();
    let mut runs = 0;
    for _ in 0..many {
        let mut history = histories.new_tree(&mut runner).unwrap();
        let Err(mut found) = run(store, look, &mut runs, &history.current()).await else { continue };
        let mut shortest = history.current();
        let mut goes_on = history.simplify();
        for _ in 0..tries {
            if !goes_on {
                break;
            }
            goes_on = match run(store, look, &mut runs, &history.current()).await {
                Ok(()) => history.complicate(),
                Err(again) => {
                    (found, shortest) = (again, history.current());
                    history.simplify()
                }
            };
        }
        panic!("{found}\nthe shortest history found: {shortest:#?}");
    }
}

/// Runs a history in organizations of its own, for a store is made once.
async fn run(store: &dyn Storage, look: Look, runs: &mut u32, history: &[Step]) -> Result<(), String> {
    *runs += 1;
    let mut world = World::new(*runs, look);
    world.drain(store).await?;
    world.found(store).await?;
    if look == Look::Twins {
        world.furnish(store).await?;
    }
    for (n, step) in history.iter().enumerate() {
        let taken = world.take(store, step).await;
        let looked = match taken {
            Ok(()) => world.look(store, step, n + 1 == history.len()).await,
            Err(error) => Err(error),
        };
        looked.map_err(|found| format!("after step {} of {}: {found}", n + 1, history.len()))?;
    }
    Ok(())
}
