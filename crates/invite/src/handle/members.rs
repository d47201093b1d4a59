//! Members: what they hold in one scope, and whether they are suspended for a while.

use invite_core::{
    Access, Actor, ChangeAccess, GroupId, InvalidId, RestoreMembers, Scope, SuspendMembers, UserId,
};

use super::{Acting, into_id};
use crate::command::Command;
use crate::error::InvalidInput;

impl Acting {
    /// Changes what a member holds in one scope; `None` takes it away (C1, C5). Needs authority over that scope alone, and
    /// leaves what they hold elsewhere as it is, also if somebody else changes that at the same time.
    pub fn change_access_in<U>(
        &self,
        user: U,
        scope: Scope,
        access: impl Into<Option<Access>>,
    ) -> Command<ChangeAccess>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        self.try_run(into_id(user).map(|user| ChangeAccess::in_scope(user, scope, access)))
    }

    /// Leaves one group, and nothing else (C3). Who holds nothing else [leaves](Self::leave) the organization instead.
    pub fn leave_group<G>(&self, group: G) -> Command<ChangeAccess>
    where
        G: TryInto<GroupId>,
        G::Error: Into<InvalidId>,
    {
        let leaving = self.user().and_then(|user| Ok(ChangeAccess::leaving(user, into_id(group)?)));
        self.try_run(leaving)
    }

    /// Who acts, who is not the host itself.
    pub(super) fn user(&self) -> Result<UserId, InvalidInput> {
        match &self.actor {
            Ok(Actor::User(user)) => Ok(user.clone()),
            Ok(Actor::System) => Err(InvalidInput::NoUser),
            Err(why) => Err(why.clone()),
        }
    }

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
