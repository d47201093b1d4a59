//! Every rule about invitations, access and seats, as pure decisions: no I/O, no clock, no async, no std.
//!
//! A host uses the crate `invite`, which re-exports what it needs of this one. This crate is for who wants to see
//! what is decided and why, writes an adapter, or joins a command to a transaction of its own.
//!
//! # The way of a command
//!
//! An [`Operation`] says what it [`reads`](Operation::reads). A store loads that as a [`Slice`] of one organization
//! at one version. [`decide`] runs the operation on a [`Draft`] of the slice: it looks at rules, makes [`Event`]s,
//! and each event is folded into the rows at once. [`Draft::into_commit`] gives the net change, a [`Commit`], which
//! a store writes if the organization is still at that version. Time and entropy are arguments.
//!
//! ```
//! use invite_core::*;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (model, keyring) = (AccessModel::preset(), Keyring::new(1, Key::parse(&"0123456789abcdef".repeat(4))?));
//! let host = Host::new(&model, &keyring);
//! let now = chrono::DateTime::from_timestamp(1_767_225_600, 0).ok_or("a time")?;
//!
//! // What a store would load: nothing yet. What it would write: the organization and its owner.
//! let ada = UserId::parse("ada")?;
//! let create = CreateOrganization::new(Settings::named("Acme"), ada.clone(), Plan::seats("team", 5));
//! let mut slice = Slice::new(OrganizationId::parse("acme")?, None);
//! slice.answer_member(ada.clone(), None);
//! let mut draft = Draft::new(slice, now, CommitId::from_parts(now, [1; 10]));
//! decide(&create, &host, &Actor::User(ada), Entropy::default(), &mut draft).map_err(|_| "refused")?;
//! let commit = draft.into_commit();
//! assert_eq!((commit.version, commit.events.len(), commit.members.len()), (0, 2, 1));
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! | Folder or file | Holds |
//! |---|---|
//! | `operations/` | one file for each thing that can be done, refusal and tests included |
//! | `refusal/` | every reason for a no: code, rule, remedy |
//! | `model`, `access`, `authority` | what roles and permissions there are, what is held, what may be granted |
//! | `candidates` | whom somebody may have in mind |
//! | `caps` | how much one command may carry |
//! | `continue_to` | where somebody goes on after joining |
//! | `plan`, `seats`, `rules` | limits, who takes which seat, what several operations check |
//! | `row/` | the rows that a store keeps |
//! | `state/` | what is read, the slice, the draft and its fold, the commit, event records |
//! | `token/`, `email`, `domain`, `free_mail`, `list/` | links, addresses, domains and rules about them, pasted lists |
//!
//! The ids in these documents, such as TOK-1 or SEA-3, name the requirements that a rule comes from; a
//! [`Refusal`] tells its own.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod access;
mod authority;
mod candidates;
mod caps;
mod continue_to;
mod domain;
mod dry_run;
mod email;
mod free_mail;
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
pub use candidates::*;
pub use caps::*;
pub use continue_to::*;
pub use domain::*;
pub use dry_run::*;
pub use email::*;
pub use free_mail::*;
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
