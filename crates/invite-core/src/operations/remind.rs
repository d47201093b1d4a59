//! Remind an invitee: the same link once more.

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::refusal::{
    NoMail, NotPending, UnknownInvitation, refused, refused_for_authority, refused_when_closed,
};
use crate::rules::{authority, require_open, require_rate};
use crate::{
    Actor, DeliveryKind, Draft, Event, Host, InvitationId, InvitationState, Operation, Permission, Reads,
    Stop,
};

/// Mails the link of a pending invitation once more. Neither the link nor the expiry changes (F7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remind {
    invitation: InvitationId,
}

impl Remind {
    /// Of this invitation.
    #[must_use]
    pub fn new(invitation: InvitationId) -> Self {
        Self { invitation }
    }
}

/// What came of reminding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reminded {
    /// The invitation.
    pub invitation: InvitationId,
}

refused! {
    /// Why nobody was reminded.
    RemindRefused:
        OrganizationSuspended, OrganizationClosed, UnknownInvitation, NotPending, NotPermitted, NotGrantable, NoMail,
        TooManyInvitations
}
refused_when_closed!(RemindRefused);
refused_for_authority!(RemindRefused);

impl Sealed for Remind {}

impl Operation for Remind {
    type Outcome = Reminded;
    type Refusal = RemindRefused;
    const NAME: &'static str = "remind";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).limits_of(actor).invitation(self.invitation)
    }

    fn makes(&self) -> usize {
        1
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let row = draft.invitation(self.invitation)?.ok_or(RemindRefused::from(UnknownInvitation {}))?;
        let state = row.state_at(draft.now());
        let by = authority::<RemindRefused>(host, draft, actor)?;
        let over =
            super::revoke::require_over_row(&by, &Permission::INVITE, row).map_err(RemindRefused::from);
        let mailed = row.mail_to.is_some();
        draft.rule("AUT-1", over)?;
        let pending = if state == InvitationState::Pending { Ok(()) } else { Err(NotPending { state }) };
        draft.rule("LIF-1", pending.map_err(RemindRefused::from))?;
        draft.rule("F18", if mailed { Ok(()) } else { Err(RemindRefused::from(NoMail {})) })?;
        require_rate(draft, actor)?;
        draft.emit(Event::InvitationReminded { id: self.invitation });
        draft.queue(DeliveryKind::Reminder, self.invitation)?;
        Ok(Reminded { invitation: self.invitation })
    }
}
