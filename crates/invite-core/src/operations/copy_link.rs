//! Show the link of an invitation to those who may see it.

use crate::authority::Unmanageable;
use crate::operation::{Host, Stop};
use crate::refusal::{
    NotPending, OrganizationClosed, OrganizationSuspended, UnknownInvitation, refused, refused_for_authority,
    refused_when_closed,
};
use crate::rules::{NotOpen, authority, organization};
use crate::{
    Actor, Draft, InvitationId, InvitationState, OrganizationStatus, Permission, Purpose, Reads, Token,
};

refused! {
    /// Why a link was not shown.
    CopyLinkRefused:
        OrganizationSuspended, OrganizationClosed, UnknownInvitation, NotPending, NotPermitted, NotGrantable
}
refused_when_closed!(CopyLinkRefused);
refused_for_authority!(CopyLinkRefused);

/// Asks for the link of a pending invitation, to be passed on by one's own means (F7, F18).
///
/// It changes nothing and is no operation: the token is derived, and what is copied proves nothing about the
/// address (IDN-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyLink {
    invitation: InvitationId,
}

impl CopyLink {
    /// Of this invitation.
    #[must_use]
    pub fn new(invitation: InvitationId) -> Self {
        Self { invitation }
    }

    /// What it needs to see.
    #[must_use]
    pub fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).invitation(self.invitation)
    }

    /// The token, for whoever has authority over every grant of the invitation (AUT-1, TOK-4).
    ///
    /// # Errors
    /// [`Stop`]
    pub fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &Draft,
    ) -> Result<Token, Stop<CopyLinkRefused>> {
        let status = organization::<CopyLinkRefused>(draft)?.status;
        let row = draft.invitation(self.invitation)?.ok_or(CopyLinkRefused::from(UnknownInvitation {}))?;
        let by = authority::<CopyLinkRefused>(host, draft, actor)?;
        super::revoke::require_over_row(&by, &Permission::INVITE, row)
            .map_err(|why: Unmanageable| CopyLinkRefused::from(why))?;
        let open = match status {
            OrganizationStatus::Active => Ok(()),
            OrganizationStatus::Suspended => Err(NotOpen::Suspended(OrganizationSuspended {})),
            OrganizationStatus::Closed => Err(NotOpen::Closed(OrganizationClosed {})),
        };
        open.map_err(CopyLinkRefused::from)?;
        match row.state_at(draft.now()) {
            InvitationState::Pending => {
                Ok(host.keyring.issue(Purpose::Copied, draft.id(), row.id.as_uuid(), &row.nonce))
            }
            state => Err(CopyLinkRefused::from(NotPending { state }).into()),
        }
    }
}
