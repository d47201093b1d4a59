//! A user whom the host deleted, removed everywhere (F22).

use invite_core::{Leave, LeaveRefused, OrganizationId, TheirInvitations};

use crate::error::Error;
use crate::pages::PageRequest;
use crate::principal::Principal;
use crate::service::Invitations;

/// What one step of removing a user everywhere came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserRemoved {
    /// Organizations that they are no member of any more.
    pub left: Vec<OrganizationId>,
    /// Organizations where a rule kept them, and which one: as the last owner, or because it is closed. Once that is
    /// settled, begin again.
    pub kept: Vec<(OrganizationId, LeaveRefused)>,
    /// How many pending invitations of theirs were revoked.
    pub revoked: usize,
    /// Where the next step begins; `None` while the same step has more to do, or if there is none.
    pub next_cursor: Option<String>,
    /// Whether there is more to do.
    pub more: bool,
}

impl Invitations {
    /// Removes a user whom the host deleted from every organization, in steps of as many organizations as a page has
    /// rows (F22): first the memberships; with the last of them, as many of the pending invitations in their inbox. Call
    /// it with the cursor of the step before until there is no more.
    ///
    /// A step that failed half-way is repeated, also from the beginning and by another process: what was done is done, and
    /// each organization is a commit of its own. What they sent is kept or revoked as chosen (AUT-5).
    ///
    /// # Errors
    /// [`Error`], for what is no rule of an organization. What was done before stays done.
    pub async fn remove_user(
        &self,
        principal: impl Into<Principal>,
        theirs: TheirInvitations,
        request: &PageRequest,
    ) -> Result<UserRemoved, Error> {
        let principal = principal.into().checked()?;
        let page = self.memberships(principal.user().clone(), request).await?;
        let mut step = UserRemoved::default();
        for membership in page.items {
            let acting = self.organization(membership.organization.clone()).as_system();
            let leave = Leave::new(principal.user().clone()).their_invitations(theirs);
            match acting.run(leave).await {
                Ok(_) => step.left.push(membership.organization),
                Err(Error::Refused(why)) => step.kept.push((membership.organization, why)),
                Err(other) => return Err(other.into()),
            }
        }
        step.next_cursor = page.next_cursor;
        step.more = step.next_cursor.is_some();
        if !step.more {
            let inbox = self.inbox(principal, &request.clone().begun_anew()).await?;
            for entry in inbox.items {
                let revoked =
                    self.organization(entry.organization).as_system().revoke(entry.invitation.id).await;
                match revoked {
                    Ok(_) => step.revoked += 1,
                    Err(Error::Refused(_)) => {} // it ended meanwhile
                    Err(other) => return Err(other.into()),
                }
            }
            step.more = inbox.next_cursor.is_some() && step.revoked > 0;
        }
        Ok(step)
    }
}
