//! What somebody finds across organizations: invitations, and what they do not want.

use std::collections::BTreeSet;

use invite_core::{
    Accept, Actor, Decline, InvitationId, Invitee, Operation, OrganizationId, SuppressionKind,
};
use invite_storage::{InboxEntry, Seek, StorageError, SuppressionEntry};

use crate::command::Command;
use crate::error::{AnyRefusal, Error};
use crate::pages::{Page, PageRequest, page};
use crate::principal::Principal;
use crate::service::Invitations;

/// How many waiting invitations are counted, or answered at once.
const MOST_WAITING: u32 = 100;
/// How many suppressions of a person are looked at, the newest first.
const MOST_SUPPRESSIONS: u32 = 1_000;

/// How many invitations wait for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// So many, up to 100.
    pub count: u32,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// What came of answering one invitation of several.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answered<O: Operation> {
    /// The organization.
    pub organization: OrganizationId,
    /// The invitation.
    pub invitation: InvitationId,
    /// What came of it, in a commit of its own.
    pub result: Result<O::Outcome, Error<O::Refusal>>,
}

impl Invitations {
    /// The pending invitations of a principal in all active organizations, the newest first: those for the user, and
    /// those for any vouched address (E5). Not of organizations that the principal blocks by any of these names, so
    /// that a page may be shorter than asked for.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn inbox(
        &self,
        principal: impl Into<Principal>,
        request: &PageRequest,
    ) -> Result<Page<InboxEntry>, Error> {
        let principal = principal.into().checked()?;
        let invitees = principal.invitees().collect::<Vec<_>>();
        let blocked = self.blocked(&invitees).await?;
        let now = self.inner.engine().now()?;
        let storage = &self.inner.engine().storage;
        let read = async |seek| storage.inbox(&invitees, now, &seek).await;
        let mut page: Page<InboxEntry> = page::<_, AnyRefusal>("inbox", &invitees, request, read).await?;
        page.items.retain(|entry| !blocked.has(&entry.organization));
        Ok(page)
    }

    /// How many invitations wait for a principal, for the notice beside their name (E5).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn waiting(&self, principal: impl Into<Principal>) -> Result<Waiting, Error> {
        let principal = principal.into().checked()?;
        let invitees = principal.invitees().collect::<Vec<_>>();
        let engine = self.inner.engine();
        let mut waiting = engine.storage.waiting(&invitees, engine.now()?, MOST_WAITING + 1).await?;
        let more = waiting.len() > MOST_WAITING as usize;
        waiting.truncate(MOST_WAITING as usize);
        let blocked = self.blocked(&invitees).await?;
        let count = waiting.iter().filter(|organization| !blocked.has(organization)).count();
        Ok(Waiting { count: u32::try_from(count).unwrap_or(MOST_WAITING), more })
    }

    /// Accepts all that waits for a principal, at most 100, the newest first: each in a commit of its own, with a result
    /// of its own. One that was settled by another of them is told as revoked.
    ///
    /// # Errors
    /// [`Error`] if what waits could not be listed.
    pub async fn accept_all(&self, principal: impl Into<Principal>) -> Result<Vec<Answered<Accept>>, Error> {
        self.answer_all(principal, true, Accept::inbox).await
    }

    /// Declines all that waits for a principal, at most 100: each in a commit of its own, with a result of its own.
    ///
    /// # Errors
    /// [`Error`] if what waits could not be listed.
    pub async fn decline_all(
        &self,
        principal: impl Into<Principal>,
    ) -> Result<Vec<Answered<Decline>>, Error> {
        self.answer_all(principal, true, Decline::inbox).await
    }

    /// Blocks all organizations: none invites the principal any more, by user or by any vouched address, nor mails for an
    /// invitation, nor includes them, until [`unblock`](Self::unblock) (F11). What waits is declined, at most 100 of it; the
    /// rest is not shown any more and expires.
    ///
    /// # Errors
    /// [`Error`]. The block comes first: what fails afterwards leaves it standing.
    pub async fn block(&self, principal: impl Into<Principal>) -> Result<Vec<Answered<Decline>>, Error> {
        let principal = principal.into();
        let invitees = principal.clone().checked()?.invitees().collect::<Vec<_>>();
        let engine = self.inner.engine();
        engine.storage.block_everywhere(&invitees, Some(engine.now()?)).await?;
        self.answer_all(principal, false, Decline::inbox).await
    }

    /// Undoes [`block`](Self::block), for the user and any vouched address; what organizations were blocked one by one
    /// stays. Whether anything was blocked.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn unblock(&self, principal: impl Into<Principal>) -> Result<bool, Error> {
        let invitees = principal.into().checked()?.invitees().collect::<Vec<_>>();
        Ok(self.inner.engine().storage.block_everywhere(&invitees, None).await? > 0)
    }

    /// What a principal does not want, from which organization or from all of them, the newest first, at most 1,000. One
    /// organization is undone by [`OrganizationHandle::unblock`](crate::OrganizationHandle::unblock).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn suppressions(
        &self,
        principal: impl Into<Principal>,
    ) -> Result<Vec<SuppressionEntry>, Error> {
        let invitees = principal.into().checked()?.invitees().collect::<Vec<_>>();
        Ok(self.inner.engine().storage.suppressions(&invitees, MOST_SUPPRESSIONS).await?)
    }

    async fn answer_all<O: Operation>(
        &self,
        principal: impl Into<Principal>,
        unless_blocked: bool,
        operation: impl Fn(InvitationId, invite_core::Principal) -> O,
    ) -> Result<Vec<Answered<O>>, Error> {
        let principal = principal.into().checked()?;
        let invitees = principal.invitees().collect::<Vec<_>>();
        let entries = self.entries(&invitees).await?;
        let blocked = if unless_blocked { self.blocked(&invitees).await? } else { Blocked::default() };
        let mut answered = Vec::new();
        for InboxEntry { organization, invitation, .. } in entries {
            if blocked.has(&organization) {
                continue;
            }
            let operation = operation(invitation.id, principal.clone());
            let actor = Actor::User(principal.user().clone());
            let queues = &self.inner.queues;
            let command = Command::new(queues, Ok(organization.clone()), Ok(actor), Ok(operation));
            answered.push(Answered { organization, invitation: invitation.id, result: command.await });
        }
        Ok(answered)
    }

    /// What waits for these, the newest first.
    async fn entries(&self, invitees: &[Invitee]) -> Result<Vec<InboxEntry>, Error> {
        let engine = self.inner.engine();
        let seek = Seek { after: None, limit: MOST_WAITING };
        Ok(engine.storage.inbox(invitees, engine.now()?, &seek).await?)
    }

    async fn blocked(&self, invitees: &[Invitee]) -> Result<Blocked, StorageError> {
        let found = self.inner.engine().storage.suppressions(invitees, MOST_SUPPRESSIONS).await?;
        let mut blocked = Blocked::default();
        for SuppressionEntry { organization, suppression } in found {
            match suppression.kind {
                SuppressionKind::Invitations => blocked.some.extend(organization.map(|(id, _)| id)),
                SuppressionKind::Everywhere => blocked.all = true,
                SuppressionKind::Mail | SuppressionKind::Inclusion => {}
            }
        }
        Ok(blocked)
    }
}

/// Which organizations somebody blocks.
#[derive(Default)]
struct Blocked {
    all: bool,
    some: BTreeSet<OrganizationId>,
}

impl Blocked {
    fn has(&self, organization: &OrganizationId) -> bool {
        self.all || self.some.contains(organization)
    }
}
