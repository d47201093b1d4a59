//! What must outlive a kill: people who work at once, in processes that tell all that they do, and a comparison of what
//! was acknowledged with what is stored.
//!
//! | File | Holds |
//! |---|---|
//! | `deed` | what somebody asks of the service, and what came of it |
//! | `worker` | somebody who does one deed after the other |
//! | `process` | a process of workers, or of a courier: its order, and what it tells |
//! | `log` | all that was told, against what is stored |
//! | `stored` | what is stored |

mod deed;
mod log;
mod process;
mod stored;
mod worker;

pub use deed::{Came, Deed, What};
pub use log::Log;
pub use process::{Line, Order, Part, work};
pub use stored::{Posted, State, Stored};
pub use worker::{Numbers, WORKERS};
