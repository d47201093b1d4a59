//! Lists: members, invitations, join requests and events.

use invite_core::{GroupId, JoinRequest, Look, Member, Scope};
use invite_storage::{
    EventEntry, InvitationEntry, InvitationFilter, MemberFilter, RequestFilter, RosterEntry,
};

use super::{Acting, OrganizationHandle};
use crate::error::{AnyRefusal, Error};
use crate::pages::{Page, PageRequest, page};

impl OrganizationHandle {
    /// Members and pending invitations in one list, the newest first (D4). Members as in [`members`](Self::members).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn roster(&self, request: &PageRequest) -> Result<Page<RosterEntry>, Error> {
        let (id, engine) = (self.id()?, self.service.inner.engine());
        let now = engine.now()?;
        let read = async |seek| engine.storage.roster(id, now, &seek).await;
        let Page { items, next_cursor } = page::<_, AnyRefusal>("roster", id, request, read).await?;
        let as_of_now = |entry| match entry {
            RosterEntry::Member(member) => member.as_of(now).map(RosterEntry::Member),
            RosterEntry::Invitation(entry) => Some(RosterEntry::Invitation(entry)),
        };
        Ok(Page { items: items.into_iter().filter_map(as_of_now).collect(), next_cursor })
    }

    /// Invitations, the newest first, with the state of their mail (A3).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn invitations(
        &self,
        filter: &InvitationFilter,
        request: &PageRequest,
    ) -> Result<Page<InvitationEntry>, Error> {
        let (id, engine) = (self.id()?, self.service.inner.engine());
        let now = engine.now()?;
        page("invitations", &(id, filter), request, async |seek| {
            engine.storage.invitations(id, filter, now, &seek).await
        })
        .await
    }

    /// Members, the longest standing first, with what they hold now: who held all of it past its time, or what is asked
    /// for, is left out, written down or not, so that a page may be shorter than asked for (F14). The
    /// [seat](Member::seat) of somebody of whose access a part ended is the one they are charged to until that is
    /// written down.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn members(&self, filter: &MemberFilter, request: &PageRequest) -> Result<Page<Member>, Error> {
        let (id, engine) = (self.id()?, self.service.inner.engine());
        let now = engine.now()?;
        let read = async |seek| engine.storage.members(id, filter, &seek).await;
        let Page { items, next_cursor } =
            page::<_, AnyRefusal>("members", &(id, filter), request, read).await?;
        let as_of_now = items.into_iter().filter_map(|row| row.as_of(now));
        Ok(Page { items: as_of_now.filter(|member| holds(member, filter)).collect(), next_cursor })
    }

    /// Join requests, the newest first.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn requests(
        &self,
        filter: &RequestFilter,
        request: &PageRequest,
    ) -> Result<Page<JoinRequest>, Error> {
        let (id, engine) = (self.id()?, self.service.inner.engine());
        let now = engine.now()?;
        page("requests", &(id, filter), request, async |seek| {
            engine.storage.requests(id, filter, now, &seek).await
        })
        .await
    }

    /// The event log behind a sequence, in order; 0 begins at the beginning. At most 1,000 at once.
    ///
    /// # Errors
    /// [`Error::UnknownOrganization`] if there is no such organization: else nobody would notice who follows a log under
    /// a wrong name.
    pub async fn events(&self, after: u64, limit: u32) -> Result<Vec<EventEntry>, Error> {
        let limit = limit.clamp(1, 1_000);
        let events = self.service.inner.engine().storage.events(self.id()?, after, limit).await?;
        if events.is_empty() {
            self.get().await?;
        }
        Ok(events)
    }
}

impl Acting {
    /// Members and pending invitations in one list, for those who may see it (D4).
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may not.
    pub async fn roster(&self, request: &PageRequest) -> Result<Page<RosterEntry>, Error> {
        self.look(Look::at_members()).await?;
        self.organization.roster(request).await
    }

    /// Invitations with the state of their mail, for those who may see them (A3): of one group, also for those who may
    /// see them there (E4), who see of each [what lies in the group](invite_core::Invitation::within).
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may not.
    pub async fn invitations(
        &self,
        filter: &InvitationFilter,
        request: &PageRequest,
    ) -> Result<Page<InvitationEntry>, Error> {
        let sight = self.look(members_seen_by(filter.group.as_ref())).await?;
        let page = self.organization.invitations(filter, request).await?;
        Ok(page.seen(|row| InvitationEntry { invitation: sight.of_invitation(row.invitation), ..row }))
    }

    /// Members, for those who may see them: of one group, also for those who may see them there, who see of each
    /// [what lies in the group](Member::within).
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may not.
    pub async fn members(&self, filter: &MemberFilter, request: &PageRequest) -> Result<Page<Member>, Error> {
        let sight = self.look(members_seen_by(filter.group.as_ref())).await?;
        Ok(self.organization.members(filter, request).await?.seen(|row| sight.of_member(row)))
    }

    /// Join requests, for those who may decide about them, with what was said to those who decide: of one group, also for
    /// those who may decide there (E1). Whoever asked finds their own by
    /// [`requests_by`](crate::Invitations::requests_by).
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may not.
    pub async fn requests(
        &self,
        filter: &RequestFilter,
        request: &PageRequest,
    ) -> Result<Page<JoinRequest>, Error> {
        let look = filter.group.clone().map_or_else(Look::at_requests, Look::at_requests_to);
        self.look(look).await?;
        self.organization.requests(filter, request).await
    }

    /// The event log, for those who may read it.
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may not.
    pub async fn events(&self, after: u64, limit: u32) -> Result<Vec<EventEntry>, Error> {
        self.look(Look::at_events()).await?;
        self.organization.events(after, limit).await
    }
}

/// Whether they hold what is asked for: something in the group, or the role there, or else in the organization.
fn holds(member: &Member, filter: &MemberFilter) -> bool {
    let scope = filter.group.clone().map_or(Scope::Organization, Scope::Group);
    let access = member.grants.access(&scope);
    match &filter.role {
        Some(role) => access.is_some_and(|access| access.role_name() == role),
        None => filter.group.is_none() || access.is_some(),
    }
}

fn members_seen_by(group: Option<&GroupId>) -> Look {
    group.map_or_else(Look::at_members, |group| Look::at_members_of(group.clone()))
}
