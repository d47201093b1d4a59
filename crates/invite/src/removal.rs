//! A user whom the host deleted, removed everywhere (F22).

use std::collections::BTreeSet;

use invite_core::{
    Draft, InvitationId, InvitationState, Invitee, Leave, LeaveRefused, OrganizationId, Reads, RequestId,
    RequestState, TheirInvitations,
};
use invite_storage::{RequestFilter, Seek};

use crate::error::Error;
use crate::handle::OrganizationHandle;
use crate::principal::Principal;
use crate::service::Invitations;

/// How many join requests that a user made are taken back in one step.
const MOST_MADE: u32 = 100;

/// What came of a step of removing a user everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserRemoved {
    /// The organization.
    pub organization: OrganizationId,
    /// Whether they were a member there, and are none any more.
    pub left: bool,
    /// Why they are a member there still: as its last owner (AUT-8), or because they made more than is settled at once
    /// (AUT-5). Once that is settled, begin again.
    pub kept: Option<LeaveRefused>,
    /// How many pending invitations of theirs were revoked.
    pub revoked: usize,
    /// How many pending join requests were taken back: those that they made, as proposals too, and proposals of them.
    pub withdrawn: usize,
    /// Where to go on: behind this organization, or here again.
    pub after: Option<OrganizationId>,
}

impl Invitations {
    /// Removes a user whom the host deleted from all organizations, a step at a time (F22): in the first organization
    /// behind `after` that knows of them, suspended or not, their pending invitations are revoked, one that begins later
    /// too, their pending join requests and proposals taken back, and then they leave. What they sent is kept or revoked as
    /// chosen (AUT-5).
    ///
    /// `None` when no organization is left. Else the next call goes on from the [`after`](UserRemoved::after) of what came of
    /// it. A step that failed half-way is repeated, also from the beginning and by another process: what was done is done.
    ///
    /// The last owner of an organization stays, for one must remain (AUT-8): the step says so as
    /// [`kept`](UserRemoved::kept), and the others go on. Let somebody else own it, or close it, and begin again: out of a
    /// closed organization everybody goes.
    ///
    /// If the user still acts meanwhile: one who accepts before their invitation is revoked is removed as a member in the
    /// same step, and afterwards there is nothing to accept. What they come by after the step of an organization, by an
    /// invite link or a new invitation, stays: delete their account first, and then call this.
    ///
    /// ```
    /// # use invite::{Invitations, Principal, TheirInvitations};
    /// # async fn remove(invite: Invitations, user: Principal) -> Result<(), invite::Error> {
    /// let mut after = None;
    /// while let Some(step) = invite.remove_user(user.clone(), TheirInvitations::Keep, after.as_ref()).await? {
    ///     after = step.after;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error`], for what is no rule of an organization. What was done before stays done.
    pub async fn remove_user(
        &self,
        principal: impl Into<Principal>,
        theirs: TheirInvitations,
        after: Option<&OrganizationId>,
    ) -> Result<Option<UserRemoved>, Error> {
        let principal = principal.into().checked()?;
        let names = principal.invitees().collect::<Vec<_>>();
        let engine = self.inner.engine();
        let holders = engine.storage.holders(&names, after, 1).await?;
        let Some(organization) = holders.into_iter().next() else { return Ok(None) };

        let made = RequestFilter {
            state: Some(RequestState::Pending),
            by: Some(principal.user().clone()),
            ..RequestFilter::default()
        };
        let first = Seek { after: None, limit: MOST_MADE };
        let there = self.organization(organization.clone());
        let mut reads = Reads::new().person(principal.user().clone());
        reads.invitees.extend(names.iter().cloned());
        let draft = engine.look(&organization, &reads).await?;
        // At the time at which they are taken back, so that what is listed is not over then, and does not come again.
        let made = engine.storage.requests(&organization, &made, draft.now(), &first).await?;
        let (invitations, mut requests) = waiting(&draft, &names);
        requests.extend(made.iter().map(|request| request.id));

        let revoked = there.revoke_all(&invitations, engine.model.caps().items).await?;
        let mut withdrawn = 0;
        for id in requests {
            withdrawn += usize::from(done(there.as_system().withdraw(id).await)?);
        }
        let leave = Leave::new(principal.user().clone()).their_invitations(theirs);
        let (left, kept) = match there.as_system().run(leave).await {
            Ok(_) => (true, None),
            Err(Error::Refused(LeaveRefused::UnknownMember(_))) => (false, None),
            Err(Error::Refused(why)) => (false, Some(why)),
            Err(other) => return Err(other.into()),
        };
        let is_member = draft.member(principal.user()).is_ok_and(|member| member.is_some());
        let all = made.len() < MOST_MADE as usize;
        let after = if all { Some(organization.clone()) } else { after.cloned() };
        let kept = kept.filter(|_| is_member);
        Ok(Some(UserRemoved { organization, left, kept, revoked, withdrawn, after }))
    }
}

/// What is pending for somebody by any of these names, begun or not.
fn waiting(draft: &Draft, names: &[Invitee]) -> (Vec<InvitationId>, BTreeSet<RequestId>) {
    let now = draft.now();
    let invitations = names.iter().filter_map(|name| draft.open_of(name).ok()).flatten();
    let pending = invitations.filter(|row| row.state_at(now) == InvitationState::Pending);
    let requests = names.iter().filter_map(|name| draft.asked_for(name).ok()).flatten();
    let asked = requests.filter(|row| row.state_at(now) == RequestState::Pending);
    (pending.map(|row| row.id).collect(), asked.map(|row| row.id).collect())
}

impl OrganizationHandle {
    /// Revokes all of these, so many at a time; how many were. Those that ended meanwhile are not.
    async fn revoke_all(&self, invitations: &[InvitationId], at_once: usize) -> Result<usize, Error> {
        let mut revoked = 0;
        for some in invitations.chunks(at_once.max(1)) {
            match self.as_system().revoke_many(some.iter().copied()).await {
                Ok(done) => revoked += done.results.iter().filter(|result| result.refused.is_none()).count(),
                Err(Error::Refused(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(revoked)
    }
}

/// Whether it was done, and not refused because it was over meanwhile.
fn done<T, R: invite_core::Refusal>(answer: Result<T, Error<R>>) -> Result<bool, Error> {
    match answer {
        Ok(_) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}
