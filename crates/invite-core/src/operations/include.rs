//! Include a user: a member at once, with a notice, instead of being asked (C3).

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::invite::{Common, Deliver, Invite, InviteRefused};
use super::invitees::{InviteeEntry, Named};
use super::join::{Joining, join};
use crate::refusal::Blocked;
use crate::rules::require_rate;
use crate::{
    Actor, DeliveryKind, Draft, Ending, Event, Grants, Host, Invitation, InvitationId, Invitee, JoinedBy,
    Metadata, MetadataPolicy, RevealAccounts, Stop, SuppressionKind, UserId,
};

/// Whether users become members at once, with a notice, instead of being asked (C3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Include {
    /// As the organization's [`Inclusion`](crate::Inclusion) says.
    #[default]
    AsSet,
    /// They do; refused where the organization has it switched off.
    Yes,
    /// They do not.
    No,
}

impl Invite {
    /// Makes a user a member at once, and queues the notice (C3).
    #[allow(clippy::too_many_arguments, reason = "what a row is made of")]
    pub(super) fn make_member(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
        common: &Common,
        entry: &InviteeEntry,
        (invitee, user): (&Invitee, &UserId),
        grants: &Grants,
    ) -> Result<InvitationId, Stop<InviteRefused>> {
        require_rate(draft, actor)?;
        let row = self.row(actor, draft, common, entry, invitee, grants)?;
        let id = row.id;
        let metadata = match host.model.metadata_policy {
            MetadataPolicy::Copy => row.metadata.clone(),
            MetadataPolicy::Leave => Metadata::new(),
        };
        let ended = Some((Ending::Included { user: user.clone() }, draft.now()));
        draft.emit(Event::Included { invitation: Box::new(Invitation { ended, ..row }) });
        let joining = Joining {
            user,
            email: invitee.address(),
            known: entry.address.as_ref(),
            grants,
            known_as: [invitee.clone(), Invitee::User(user.clone())].into(),
            joined_by: JoinedBy::Included { by: actor.clone(), invitation: id },
            metadata,
        };
        join::<InviteRefused>(host.model, draft, joining)?;
        if self.deliver == Deliver::Mail {
            draft.queue(DeliveryKind::Included, id)?;
        }
        Ok(id)
    }
}

impl InviteeEntry {
    /// The user who may be included: whoever has an invited address, only where the host reveals that (IDN-2).
    pub(super) fn includable(&self, reveal: RevealAccounts) -> Option<&UserId> {
        let by_address = matches!(&self.who, Named::Invitee(Invitee::Address(_)));
        self.user().filter(|_| !by_address || reveal == RevealAccounts::ToInviters)
    }
}

/// Whether a user may be made a member without being asked: not one who left (C3). A block by either name holds (F11).
pub(super) fn may_include(
    draft: &mut Draft,
    user: &UserId,
    invitee: &Invitee,
) -> Result<bool, Stop<InviteRefused>> {
    let mut willing = true;
    for name in [&Invitee::User(user.clone()), invitee] {
        let blocked = draft.is_blocked(name)?;
        draft.require("F11", !blocked, || InviteRefused::from(Blocked {}))?;
        willing &= draft.suppressed_since(name, SuppressionKind::Inclusion)?.is_none();
    }
    Ok(willing)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use crate::testing::*;
    use crate::*;

    /// An organization that includes users as set.
    fn including(inclusion: Inclusion) -> World {
        let mut world = World::with(team_of(3));
        set(&mut world, inclusion);
        world
    }

    fn set(world: &mut World, inclusion: Inclusion) {
        world.ok(ChangeSettings::new(Settings::named("Acme").inclusion(inclusion)), &by("ada"));
    }

    fn bob() -> Invite {
        Invite::new(user("bob"), in_group("member", "red"))
    }

    /// What came of it: a member, or an open invitation.
    fn came(world: &World) -> (bool, usize) {
        (world.member("bob").is_some(), world.rows().open().count())
    }

    #[test]
    fn given_what_is_set_and_what_is_asked_when_a_user_is_named_then_they_are_included_or_invited_c3() {
        let asked = [Include::AsSet, Include::Yes, Include::No];
        for (set, expected) in [
            (Inclusion::Off, [Ok(false), Err("inclusion-off"), Ok(false)]),
            (Inclusion::Asked, [Ok(false), Ok(true), Ok(false)]),
            (Inclusion::Always, [Ok(true), Ok(true), Ok(false)]),
        ] {
            for (include, expected) in asked.into_iter().zip(expected) {
                let mut world = including(set);
                let came_of = world.run(bob().include(include), &by("ada"));
                let came_of = came_of.map(|_| world.member("bob").is_some()).map_err(|why| why.code());
                assert_eq!(came_of, expected, "{set:?} {include:?}");
            }
        }
    }

    #[test]
    fn given_a_user_when_included_then_the_record_says_by_whom_and_a_notice_is_queued_in_the_same_commit_c3()
    {
        let mut world = including(Inclusion::Always);
        let before = world.events();
        let included = world.ok(bob(), &by("ada"));
        let id = included.invitations().next().unwrap();
        assert_eq!(world.kinds_since(before), ["included", "member-joined"]);
        let member = world.member("bob").unwrap();
        assert_eq!(member.joined_by, JoinedBy::Included { by: by("ada"), invitation: id });
        let row = world.invitation(id);
        assert_eq!(row.ended, Some((Ending::Included { user: user("bob") }, world.now)));
        assert_eq!((row.stored_state(), row.mail_to.as_ref()), (InvitationState::Accepted, None));
        let deliveries = world.rows().deliveries.values().collect::<Vec<_>>();
        assert_eq!(deliveries.len(), 1);
        assert_eq!((deliveries[0].kind, deliveries[0].invitation), (DeliveryKind::Included, id));
        assert_eq!((world.seats("team"), world.organization().counts.pending), ((1, 0), 0));
    }

    #[test]
    fn given_that_the_host_tells_by_its_own_means_when_including_then_no_notice_is_queued_f18() {
        let mut world = including(Inclusion::Always);
        world.ok(bob().deliver(Deliver::None), &by("ada"));
        assert!(world.member("bob").is_some() && world.rows().deliveries.is_empty());
    }

    #[test]
    fn given_somebody_who_left_when_included_again_then_they_are_invited_and_the_outcome_is_the_same_c3_pri_2()
     {
        let mut world = including(Inclusion::Always);
        let first = world.ok(bob(), &by("ada"));
        for leaves in [true, false] {
            match leaves {
                true => _ = world.ok(Leave::new(user("bob")), &by("bob")),
                // Those who may remove do so for themselves.
                false => _ = world.ok(RemoveMembers::one(user("bob")), &by("bob")),
            }
            let again = world.ok(bob(), &by("ada"));
            assert_eq!(came(&world), (false, 1));
            let tells =
                |invited: &Invited| matches!(invited.results[0].outcome, InviteOutcome::Invited { .. });
            assert!(tells(&first) && tells(&again));
            let added =
                world.run(AddMembers::one(NewMember::new(user("bob"), Grant::role("member"))), &by("ada"));
            assert_eq!(added.unwrap_err().code(), "left-before");

            // Only they can undo it.
            world.ok(Unblock::new(stranger("bob"), SuppressionKind::Inclusion), &by("bob"));
            let admin = Invite::new(user("bob"), Grant::role("admin"));
            world.ok(admin, &by("ada"));
            assert!(world.member("bob").is_some());
        }
    }

    #[test]
    fn given_somebody_who_was_removed_when_included_again_then_they_are_c3() {
        let mut world = including(Inclusion::Always);
        world.ok(bob(), &by("ada"));
        world.ok(RemoveMembers::one(user("bob")), &by("ada"));
        world.ok(bob(), &by("ada"));
        assert_eq!(came(&world), (true, 0));
    }

    #[test]
    fn given_a_block_when_including_then_it_holds_and_nothing_is_made_f11_c3() {
        let mut world = including(Inclusion::Always);
        let id = world.ok(bob().include(Include::No), &by("ada")).invitations().next().unwrap();
        world.ok(Decline::inbox(id, stranger("bob")).block(Block::Organization), &by("bob"));
        assert_eq!(world.run(bob(), &by("ada")).unwrap_err().code(), "blocked");
    }

    #[test]
    fn given_open_invitations_when_included_then_what_they_hold_now_is_settled_lif_7d() {
        let mut world = including(Inclusion::Asked);
        world.add("bob", Grant::role("client"));
        let to_user = world.invite(user("bob"), in_group("member", "red"), &by("ada"));
        let to_address = world.invite("bob@example.com", in_group("client", "red"), &by("ada"));
        let elsewhere = world.invite(user("bob"), in_group("member", "blue"), &by("ada"));
        world.ok(bob().include(Include::Yes), &by("ada"));
        let states = [to_user, to_address, elsewhere].map(|id| world.state(id));
        use InvitationState::{Pending, Revoked};
        assert_eq!(states, [Revoked, Revoked, Pending]);
        assert_eq!(world.member("bob").unwrap().grants.scopes().count(), 2);
    }

    #[test]
    fn given_the_rules_of_joining_when_included_then_they_are_asked_aut_6() {
        let mut world = including(Inclusion::Always);
        world.ok(ChangePlan::new(team_of(1)), &Actor::System);
        let both = [user("bob"), user("eve")].map(InviteeEntry::new).to_vec();
        let included = world.ok(Invite::new(both, Grant::role("member")), &by("ada"));
        assert_eq!(included.refused().map(|(_, why)| why.code()).collect::<Vec<_>>(), ["no-seat-left"]);
        assert_eq!(world.run(bob(), &by("eve")).unwrap_err().code(), "not-permitted");
        let again = Invite::new(user("bob"), Grant::role("member"));
        assert_eq!(world.run(again, &by("ada")).unwrap_err().code(), "already-member");
    }

    #[test]
    fn given_an_address_with_an_account_when_invited_then_only_a_host_that_reveals_it_includes_idn_2_pri_2() {
        let entry = || InviteeEntry::new(address("bob@example.com")).account(user("bob"));
        let invite = || Invite::new(entry(), Grant::role("member"));
        for (reveal, included) in [(RevealAccounts::No, false), (RevealAccounts::ToInviters, true)] {
            let mut world = World::of(model().reveal_accounts(reveal), team_of(3));
            set(&mut world, Inclusion::Always);
            let invited = world.ok(invite(), &by("ada"));
            assert!(matches!(invited.results[0].outcome, InviteOutcome::Invited { .. }));
            assert_eq!(came(&world), (included, usize::from(!included)), "{reveal:?}");
            let mails = world.rows().deliveries.values().map(|mail| mail.kind).collect::<Vec<_>>();
            assert_eq!(mails, [if included { DeliveryKind::Included } else { DeliveryKind::Invitation }]);
            if let Some(member) = world.member("bob") {
                assert_eq!(member.email, Some(address("bob@example.com")));
                world.ok(Leave::new(user("bob")), &by("bob"));
                world.ok(invite(), &by("ada"));
                assert_eq!(came(&world), (false, 1));
            }
        }
    }
}
