//! Groups: parts of an organization with members of their own.

use invite_core::{
    ChangeGroup, ChangeGroupStatus, CreateGroup, Group, GroupId, GroupSettings, InvalidId, JoinGroup, Look,
    Reads,
};
use invite_storage::GroupFilter;

use super::{Acting, OrganizationHandle, existing, into_id, missing};
use crate::command::Command;
use crate::error::Error;
use crate::pages::{Page, PageRequest, page};
use crate::principal::Principal;

impl OrganizationHandle {
    /// Joins a group that is open, as a member of the organization, by oneself (E1).
    pub fn join_group<G>(&self, group: G, principal: impl Into<Principal>) -> Command<JoinGroup>
    where
        G: TryInto<GroupId>,
        G::Error: Into<InvalidId>,
    {
        let group = into_id(group);
        self.try_answer(principal, |principal| Ok(JoinGroup::new(group?, principal)))
    }

    /// A group, closed or not.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn group<G>(&self, id: G) -> Result<Option<Group>, Error>
    where
        G: TryInto<GroupId>,
        G::Error: Into<InvalidId>,
    {
        let group: GroupId = into_id(id)?;
        let draft = self.service.inner.engine().look(self.id()?, &Reads::new().group(group.clone())).await?;
        existing(&draft)?;
        Ok(draft.group(&group).map_err(missing)?.cloned())
    }

    /// Groups, the oldest first. Who is in one is asked of [`members`](Self::members).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn groups(&self, filter: &GroupFilter, request: &PageRequest) -> Result<Page<Group>, Error> {
        let (id, engine) = (self.id()?, self.service.inner.engine());
        page("groups", &(id, filter), request, async |seek| engine.storage.groups(id, filter, &seek).await)
            .await
    }
}

impl Acting {
    /// Creates a group, with an id that no group of the organization has or had. Whoever creates it manages it.
    pub fn create_group<G>(&self, id: G, settings: GroupSettings) -> Command<CreateGroup>
    where
        G: TryInto<GroupId>,
        G::Error: Into<InvalidId>,
    {
        self.try_run(into_id(id).map(|id| CreateGroup::new(id, settings)))
    }

    /// Changes the settings of a group, all at once.
    pub fn change_group<G>(&self, id: G, settings: GroupSettings) -> Command<ChangeGroup>
    where
        G: TryInto<GroupId>,
        G::Error: Into<InvalidId>,
    {
        self.try_run(into_id(id).map(|id| ChangeGroup::new(id, settings)))
    }

    /// Archives a group: its members keep what they hold, and nobody is invited or joins until it is restored.
    pub fn archive_group<G>(&self, id: G) -> Command<ChangeGroupStatus>
    where
        G: TryInto<GroupId>,
        G::Error: Into<InvalidId>,
    {
        self.try_run(into_id(id).map(ChangeGroupStatus::archive))
    }

    /// Lets an archived group work again.
    pub fn restore_group<G>(&self, id: G) -> Command<ChangeGroupStatus>
    where
        G: TryInto<GroupId>,
        G::Error: Into<InvalidId>,
    {
        self.try_run(into_id(id).map(ChangeGroupStatus::restore))
    }

    /// Closes a group, for good. What names it is settled by [`maintain`](OrganizationHandle::maintain).
    pub fn close_group<G>(&self, id: G) -> Command<ChangeGroupStatus>
    where
        G: TryInto<GroupId>,
        G::Error: Into<InvalidId>,
    {
        self.try_run(into_id(id).map(ChangeGroupStatus::close))
    }

    /// Groups, for those who may see the organization's members.
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may not.
    pub async fn groups(&self, filter: &GroupFilter, request: &PageRequest) -> Result<Page<Group>, Error> {
        self.look(Look::at_members()).await?;
        self.organization.groups(filter, request).await
    }
}
