//! Remind an invitee: the same link once more.

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::refusal::{
    NoMail, NotPending, UnknownInvitation, refused, refused_for_authority, refused_when_closed,
};
use crate::rules::{authority, require_begun, require_open, require_rate};
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
        OrganizationSuspended, OrganizationClosed, UnknownInvitation, NotPending, NotBegun, NotPermitted, NotGrantable, NoMail,
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
        let (mailed, row) = (row.mail_to.is_some(), row.clone());
        draft.rule("AUT-1", over)?;
        let pending = state == InvitationState::Pending;
        draft.require("LIF-1", pending, || RemindRefused::from(NotPending { state }))?;
        require_begun::<RemindRefused>(draft, &row)?;
        draft.require("F18", mailed, || RemindRefused::from(NoMail {}))?;
        require_rate(draft, actor)?;
        draft.emit(Event::InvitationReminded { id: self.invitation });
        draft.queue(DeliveryKind::Reminder, self.invitation)?;
        Ok(Reminded { invitation: self.invitation })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_a_pending_one_when_reminded_then_the_same_link_is_mailed_once_more_f7() {
        let mut world = World::new();
        let id = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let (token, row) = (world.mail(id), world.invitation(id).clone());
        world.wait(TimeDelta::days(2));
        world.ok(Remind::new(id), &by("ada"));
        assert_eq!(*world.invitation(id), row);
        let reminders = world.rows().deliveries.values().filter(|mail| mail.kind == DeliveryKind::Reminder);
        assert_eq!(reminders.count(), 1);
        let late = world.run(Accept::token(token.clone(), stranger("bob")), &by("bob"));
        assert_eq!(late.unwrap_err().code(), "address-not-verified");
        world.mail(id);
        world.ok(Accept::token(token, stranger("bob")), &by("bob"));
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("RemindRefused", include_str!("remind.rs"));
        let mut world = World::with(roomy().organization_rate(Rate::per(3, TimeDelta::days(2)).unwrap()));
        world.add("lea", Grant::role("lead"));
        let id = world.invite("bob@example.com", Grant::role("admin"), &by("ada"));
        let silent = Invite::new("eve@example.com", Grant::role("member")).deliver(Deliver::None);
        let silent = world.ok(silent, &by("ada")).invitations().next().unwrap();
        cases.refused(
            "given an id of nothing, when reminded, then it is unknown",
            "UnknownInvitation",
            world.run(Remind::new(InvitationId::from_parts(MIN_TIME, [0; 10])), &by("ada")),
        );
        cases.refused(
            "given no member, when reminding, then a permission is missing (AUT-1)",
            "NotPermitted",
            world.run(Remind::new(id), &by("eve")),
        );
        cases.refused(
            "given a role beyond one's own, when reminding, then it is not theirs (AUT-1)",
            "NotGrantable",
            world.run(Remind::new(id), &by("lea")),
        );
        cases.refused(
            "given one that the host delivers, when reminding, then there is no mail (F18)",
            "NoMail",
            world.run(Remind::new(silent), &by("ada")),
        );
        world.ok(Remind::new(id), &by("ada"));
        cases.refused(
            "given a rate that is used up, when reminding, then it tells when again (ABU-1)",
            "TooManyInvitations",
            world.run(Remind::new(id), &by("ada")),
        );
        let mut suspended = world.clone();
        suspended.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, when reminding, then nothing is sent (LIF-8)",
            "OrganizationSuspended",
            suspended.run(Remind::new(id), &by("ada")),
        );
        suspended.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when reminding, then nothing is sent (LIF-8)",
            "OrganizationClosed",
            suspended.run(Remind::new(id), &by("ada")),
        );
        world.wait(TimeDelta::days(7));
        cases.refused(
            "given an expired one, when reminding, then it is over (LIF-1)",
            "NotPending",
            world.run(Remind::new(id), &by("ada")),
        );
        let mut later = World::new();
        let start = later.now + TimeDelta::days(1);
        let invite = Invite::new("eve@example.com", Grant::role("client")).starts_at(start);
        let open = later.ok(invite, &by("ada")).invitations().next().unwrap();
        cases.refused(
            "given an invitation that has not begun, then it is told when it does (F14)",
            "NotBegun",
            later.run(Remind::new(open), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
