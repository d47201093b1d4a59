//! Lanes: what several callers ask for while all lanes are taken goes together, as soon as one is free.
//!
//! A server does the same work in much less time if it comes in one statement, so more than a few at once gain nothing. Who
//! finds a lane free waits for nobody, and for nothing to be spawned.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::oneshot::{Receiver, Sender, channel};

/// So many trips of a kind are under way at once.
const LANES: usize = 2;

/// At most so many go together: whoever waits behind them waits for no more.
const MOST: usize = 64;

/// What can be done for several callers at once.
#[async_trait]
pub(crate) trait Together: Send + Sync + 'static {
    type Item: Send + 'static;
    type Outcome: Send + 'static;

    /// Whether two may go together.
    fn is_like(&self, one: &Self::Item, other: &Self::Item) -> bool;

    async fn alone(&self, item: Self::Item) -> Self::Outcome;

    /// The outcome of each, in their order; fewer if the others are not known.
    async fn together(&self, items: Vec<Self::Item>) -> Vec<Self::Outcome>;
}

pub(crate) struct Lanes<W: Together> {
    work: W,
    state: Mutex<State<W>>,
}

struct State<W: Together> {
    taken: usize,
    waiting: VecDeque<(W::Item, Sender<W::Outcome>)>,
}

impl<W: Together> Lanes<W> {
    pub(crate) fn new(work: W) -> Self {
        Self { work, state: Mutex::new(State { taken: 0, waiting: VecDeque::new() }) }
    }

    /// None if it went together with others and nothing is known of the outcome.
    pub(crate) async fn run(self: &Arc<Self>, item: W::Item) -> Option<W::Outcome> {
        match self.enter(item) {
            Entered::Lane(lane, item) => {
                let outcome = self.work.alone(item).await;
                drop(lane);
                Some(outcome)
            }
            Entered::Waiting(outcome) => outcome.await.ok(),
        }
    }

    fn enter(self: &Arc<Self>, item: W::Item) -> Entered<W> {
        let mut state = self.state();
        if state.taken < LANES {
            state.taken = state.taken.saturating_add(1);
            return Entered::Lane(Lane(Arc::clone(self)), item);
        }
        let (tell, told) = channel();
        state.waiting.push_back((item, tell));
        Entered::Waiting(told)
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that wait longest and may go together; whoever no longer waits is left out. With none the lane is free.
    fn next(&self) -> (Vec<W::Item>, Vec<Sender<W::Outcome>>) {
        let mut state = self.state();
        state.waiting.retain(|(_, tell)| !tell.is_closed());
        let Some((first, tell)) = state.waiting.pop_front() else {
            state.taken = state.taken.saturating_sub(1);
            return (Vec::new(), Vec::new());
        };
        let (mut items, mut tells) = (vec![first], vec![tell]);
        for (item, tell) in std::mem::take(&mut state.waiting) {
            if items.len() < MOST && items.first().is_some_and(|first| self.work.is_like(first, &item)) {
                items.push(item);
                tells.push(tell);
            } else {
                state.waiting.push_back((item, tell));
            }
        }
        (items, tells)
    }
}

enum Entered<W: Together> {
    Lane(Lane<W>, W::Item),
    Waiting(Receiver<W::Outcome>),
}

/// A lane that is taken. Whoever leaves it hands it on to those who wait.
struct Lane<W: Together>(Arc<Lanes<W>>);

impl<W: Together> Drop for Lane<W> {
    fn drop(&mut self) {
        let (mut items, tells) = self.0.next();
        // Without a runtime nobody waits any more.
        let (false, Ok(runtime)) = (items.is_empty(), Handle::try_current()) else { return };
        let lane = Self(Arc::clone(&self.0));
        runtime.spawn(async move {
            let work = &lane.0.work;
            let outcomes = match (items.pop(), items.is_empty()) {
                (Some(last), true) => vec![work.alone(last).await],
                (last, _) => work.together(items.into_iter().chain(last).collect()).await,
            };
            tells.into_iter().zip(outcomes).for_each(|(tell, outcome)| drop(tell.send(outcome)));
        });
    }
}
