//! Pure decisions about invitations, access and seats.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod domain;
mod email;
mod id;
mod list;
mod text;
mod time;
mod token;

pub use domain::*;
pub use email::*;
pub use id::*;
pub use list::*;
pub use time::*;
pub use token::*;
