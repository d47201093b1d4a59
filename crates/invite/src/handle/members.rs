//! Members who are suspended for a while.

use invite_core::{InvalidId, RestoreMembers, SuspendMembers, UserId};

use super::{Acting, into_id};
use crate::command::Command;

impl Acting {
    /// Suspends a member, who keeps what they hold, may do nothing and takes no seat until they are restored.
    pub fn suspend_member<U>(&self, user: U) -> Command<SuspendMembers>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        self.try_run(into_id(user).map(SuspendMembers::one))
    }

    /// Suspends many, with a result for each.
    pub fn suspend_members(&self, users: impl IntoIterator<Item = UserId>) -> Command<SuspendMembers> {
        self.run(SuspendMembers::many(users))
    }

    /// Restores a suspended member, who takes the seat again that their grants need.
    pub fn restore_member<U>(&self, user: U) -> Command<RestoreMembers>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        self.try_run(into_id(user).map(RestoreMembers::one))
    }

    /// Restores many, with a result for each.
    pub fn restore_members(&self, users: impl IntoIterator<Item = UserId>) -> Command<RestoreMembers> {
        self.run(RestoreMembers::many(users))
    }
}
