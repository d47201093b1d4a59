//! What somebody finds across organizations: invitations, and what they do not want.

use std::collections::BTreeSet;

use invite_core::{
    Accept, Actor, Decline, InvitationId, Invitee, Operation, OrganizationId, SuppressionKind,
};
use invite_storage::{InboxEntry, Positioned, Seek, StorageError, SuppressionEntry};

use crate::command::Command;
use crate::error::{AnyRefusal, Error};
use crate::pages::{Page, PageRequest, page};
use crate::principal::Principal;
use crate::service::Invitations;

/// How many waiting invitations are counted, or answered at once.
const MOST_WAITING: usize = 100;
/// How many are looked at for that, where some of them are of organizations that are blocked.
const MOST_LOOKED_AT: u32 = 1_000;
/// How many are read at once.
const AT_ONCE: u32 = 100;
/// How many suppressions of a person are looked at, the newest first.
const MOST_SUPPRESSIONS: u32 = 1_000;

/// How many invitations wait for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// So many, up to 100.
    pub count: u32,
    /// Whether there are more than were counted. Where organizations are blocked, at most 1,000 invitations are looked at;
    /// if there are still others, this is true, though all of them may be of blocked organizations.
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
        let blocked = self.blocked(&invitees).await?;
        if blocked.all {
            return Ok(Waiting { count: 0, more: false });
        }
        let most = if blocked.some.is_empty() { MOST_WAITING as u32 } else { MOST_LOOKED_AT };
        let waiting = engine.storage.waiting(&invitees, engine.now()?, most + 1).await?;
        let unseen = waiting.len() > most as usize;
        let seen = waiting.iter().filter(|organization| !blocked.has(organization)).count();
        let count = seen.min(MOST_WAITING) as u32;
        Ok(Waiting { count, more: seen > MOST_WAITING || unseen })
    }

    /// Accepts all that waits for a principal, at most 100, the newest first: each in a commit of its own, with a result
    /// of its own. One that was settled by another of them is told as revoked. What organizations that are blocked sent is
    /// left out; with 1,000 of that in front, the rest is not found.
    ///
    /// # Errors
    /// [`Error`] if what waits could not be listed.
    pub async fn accept_all(&self, principal: impl Into<Principal>) -> Result<Vec<Answered<Accept>>, Error> {
        self.answer_all(principal, true, Accept::inbox).await
    }

    /// Declines all that waits for a principal, at most 100: each in a commit of its own, with a result of its own. It finds
    /// what [`accept_all`](Self::accept_all) finds.
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
        let blocked = if unless_blocked { self.blocked(&invitees).await? } else { Blocked::default() };
        let mut answered = Vec::new();
        for InboxEntry { organization, invitation, .. } in self.entries(&invitees, &blocked).await? {
            let operation = operation(invitation.id, principal.clone());
            let actor = Actor::User(principal.user().clone());
            let queues = &self.inner.queues;
            let command = Command::new(queues, Ok(organization.clone()), Ok(actor), Ok(operation));
            answered.push(Answered { organization, invitation: invitation.id, result: command.await });
        }
        Ok(answered)
    }

    /// What waits for these and is not of an organization that they block, the newest first, up to so many as are answered
    /// at once.
    async fn entries(&self, invitees: &[Invitee], blocked: &Blocked) -> Result<Vec<InboxEntry>, Error> {
        let mut entries = Vec::new();
        if blocked.all {
            return Ok(entries);
        }
        let engine = self.inner.engine();
        let (now, mut seek) = (engine.now()?, Seek { after: None, limit: AT_ONCE });
        for _ in 0..MOST_LOOKED_AT / AT_ONCE {
            let read = engine.storage.inbox(invitees, now, &seek).await?;
            let is_last = read.len() < AT_ONCE as usize;
            seek.after = read.last().map(Positioned::position);
            entries.extend(read.into_iter().filter(|entry| !blocked.has(&entry.organization)));
            if is_last || entries.len() >= MOST_WAITING {
                break;
            }
        }
        entries.truncate(MOST_WAITING);
        Ok(entries)
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
