//! The stage: where operations stop, and what they have seen.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use chrono::{DateTime, Utc};

/// The place of one operation: it stops before every step until it is let through.
#[derive(Debug, Clone)]
pub struct Stage {
    number: usize,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    operations: Mutex<Vec<Place>>,
    /// What was written, in its order: by whom, and which of their writes it was.
    written: Mutex<Vec<(usize, usize)>>,
    /// Who is within a step, in the order in which they began it: locks are given in this order.
    within: Mutex<Vec<usize>>,
}

#[derive(Debug, Default)]
struct Place {
    may_pass: bool,
    waits: bool,
    /// When it was let through: it may read the clock on its way to the next step.
    passed: Vec<DateTime<Utc>>,
    /// What it did and saw: what it will do follows from this.
    seen: Vec<String>,
}

impl Stage {
    /// Places for so many operations.
    pub fn of(count: usize) -> Vec<Self> {
        let shared = Arc::<Shared>::default();
        lock(&shared.operations).resize_with(count, Place::default);
        (0..count).map(|number| Self { number, shared: Arc::clone(&shared) }).collect()
    }

    /// Waits to be let through.
    pub async fn step(&self) {
        poll_fn(|_| {
            let mut operations = lock(&self.shared.operations);
            let place = &mut operations[self.number];
            place.waits = !std::mem::take(&mut place.may_pass);
            if place.waits { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// Notes what a step showed.
    pub fn saw(&self, what: String) {
        lock(&self.shared.operations)[self.number].seen.push(what);
        lock(&self.shared.within).retain(|number| *number != self.number);
    }

    /// Notes that a step wrote.
    pub fn wrote(&self) {
        let mut written = lock(&self.shared.written);
        let nth = written.iter().filter(|(by, _)| *by == self.number).count();
        written.push((self.number, nth));
    }

    pub(super) fn let_through(&self, now: DateTime<Utc>) {
        let mut operations = lock(&self.shared.operations);
        let place = &mut operations[self.number];
        // One that waits for a lock, and not here, is given no step ahead.
        place.may_pass = place.waits;
        place.passed.extend(place.waits.then_some(now));
        lock(&self.shared.within).extend(place.waits.then_some(self.number));
    }

    /// All that what comes next depends on.
    pub(super) fn digest(&self) -> String {
        let Shared { operations, written, within } = &*self.shared;
        format!("{:?} {:?} {:?}", lock(operations), lock(written), lock(within))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
