//! Pure decisions about invitations, access and seats.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod access;
mod authority;
mod domain;
mod dry_run;
mod email;
mod id;
mod list;
mod model;
mod name;
mod operation;
mod operations;
mod plan;
mod refusal;
mod row;
mod rules;
mod seats;
mod state;
#[cfg(test)]
mod testing;
mod text;
mod time;
mod token;
mod wanted;

pub use access::*;
pub use authority::*;
pub use domain::*;
pub use dry_run::*;
pub use email::*;
pub use id::*;
pub use list::*;
pub use model::*;
pub use name::*;
pub use operation::*;
pub use operations::*;
pub use plan::*;
pub use refusal::*;
pub use row::*;
pub use state::*;
pub use time::*;
pub use token::*;
pub use wanted::*;
