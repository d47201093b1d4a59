//! Show the link of an invitation to those who may see it.

use crate::authority::Unmanageable;
use crate::operation::{Host, Stop};
use crate::refusal::{NotPending, UnknownInvitation, refused, refused_for_authority, refused_when_closed};
use crate::rules::{authority, open, organization};
use crate::{Actor, Draft, InvitationId, InvitationKind, InvitationState, Permission, Purpose, Reads, Token};

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

    /// The token, for whoever could make the invitation: who holds all that it grants, or owners for an offer of
    /// ownership (AUT-1, AUT-2, TOK-4).
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
        if row.kind == InvitationKind::Membership {
            by.require_grantable(&row.grants).map_err(CopyLinkRefused::from)?;
        }
        open(status).map_err(CopyLinkRefused::from)?;
        match row.state_at(draft.now()) {
            InvitationState::Pending => {
                Ok(host.keyring.issue(Purpose::Copied, draft.id(), row.id.as_uuid(), &row.nonce))
            }
            state => Err(CopyLinkRefused::from(NotPending { state }).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn copy(world: &World, id: InvitationId, actor: &str) -> Result<Token, CopyLinkRefused> {
        let link = CopyLink::new(id);
        let draft = world.look(&link.reads(&by(actor)));
        match link.decide(&world.host(), &by(actor), &draft) {
            Ok(token) => Ok(token),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(stop) => panic!("{stop:?}"),
        }
    }

    #[test]
    fn given_a_pending_one_when_its_link_is_copied_twice_then_it_is_the_same_and_accepts_f7() {
        let mut world = World::new();
        let id = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let tokens = [copy(&world, id, "ada").unwrap(), copy(&world, id, "ada").unwrap()];
        assert_eq!(tokens[0].reveal(), tokens[1].reveal());
        assert_eq!(tokens[0].purpose(), Purpose::Copied);
        let [token, _] = tokens;
        world.ok(Accept::token(token, person("bob")), &by("bob"));
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("CopyLinkRefused", include_str!("copy_link.rs"));
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        let id = world.invite("bob@example.com", Grant::role("admin"), &by("ada"));
        let nothing = InvitationId::from_parts(MIN_TIME, [0; 10]);
        cases.refused(
            "given nothing, when copied, then it is unknown",
            "UnknownInvitation",
            copy(&world, nothing, "ada"),
        );
        cases.refused(
            "given no member, when copied, then a permission is missing",
            "NotPermitted",
            copy(&world, id, "eve"),
        );
        cases.refused(
            "given a role beyond one's own, when copied, then it is not theirs (AUT-1, TOK-4)",
            "NotGrantable",
            copy(&world, id, "lea"),
        );
        let more =
            world.invite("dan@example.com", Grant::role("member").adding("analytics.view"), &by("ada"));
        cases.refused(
            "given more than one holds, in a role that one may grant, when copied, then it is not theirs (AUT-2)",
            "NotGrantable",
            copy(&world, more, "lea"),
        );
        let mut ended = world.clone();
        ended.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, when copied, then not now (LIF-8)",
            "OrganizationSuspended",
            copy(&ended, id, "ada"),
        );
        ended.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when copied, then never (LIF-8)",
            "OrganizationClosed",
            copy(&ended, id, "ada"),
        );
        world.wait(TimeDelta::days(7));
        cases.refused(
            "given an expired one, when copied, then it is over",
            "NotPending",
            copy(&world, id, "ada"),
        );
        cases.are_all_but(&[]);
    }
}
