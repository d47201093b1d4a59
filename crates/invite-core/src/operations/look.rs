//! Look at lists: what somebody may see.

use crate::refusal::refused;
use crate::rules::authority;
use crate::{Actor, Draft, Host, Permission, Reads, Scope, Stop};

refused! {
    /// Why a list was not shown.
    LookRefused: NotPermitted
}

/// Asks to see something that a permission in the organization is needed for. Changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    permission: Permission,
}

impl Look {
    /// At members and invitations.
    #[must_use]
    pub fn at_members() -> Self {
        Self { permission: Permission::VIEW }
    }

    /// At the event log.
    #[must_use]
    pub fn at_events() -> Self {
        Self { permission: Permission::AUDIT }
    }

    /// What it needs to see.
    #[must_use]
    pub fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor)
    }

    /// Whether they may (AUT-7).
    ///
    /// # Errors
    /// [`Stop`]
    pub fn decide(&self, host: &Host<'_>, actor: &Actor, draft: &Draft) -> Result<(), Stop<LookRefused>> {
        let by = authority::<LookRefused>(host, draft, actor)?;
        Ok(by.require(&self.permission, &Scope::Organization).map_err(LookRefused::from)?)
    }
}
