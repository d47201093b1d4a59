//! Exhaustive interleavings: a few operations at once, in every order in which their storage calls can come (CON-2).
//!
//! Each operation is the real service, as a process of its own, on one store. [`Stepped`] stops it before every call
//! to the store; a schedule says whose call is let through next. A storage call is one step because the contract makes
//! it one: a load sees a whole number of commits, and a commit is written whole or not at all. Between two calls an
//! operation touches nothing that another one sees, but for the clock, which is read at the step before. So whatever
//! processes can do to one another on a store that keeps the contract is among the schedules; whether a store keeps
//! it is what its own suite shows.
//!
//! [`explore`] has `stateright` go through all schedules, breadth first, so that what it finds is found by the shortest
//! one. A schedule is a state: every step replays it from the beginning, for futures cannot be cloned. Schedules that let
//! every operation see the same and left the same in the store are one state. What came of each operation, and what is
//! stored then, must be what some serial order gives, by the same code.

mod explore;
mod stage;
mod stepped;

pub use explore::{Counterexample, Explored, Operation, Scene, explore};
pub use stage::Stage;
pub use stepped::Stepped;
