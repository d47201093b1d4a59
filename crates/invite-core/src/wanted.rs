//! Whether a mail is still wanted when it is about to be sent (MAI-7).

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    Delivery, DeliveryKind, Ending, Group, GroupStatus, Invitation, InvitationState, Member, Organization,
    OrganizationStatus, Scope, Suppression, SuppressionKind,
};

/// For how long mail of a suspended organization or an archived group is put off each time (LIF-8).
const PUT_OFF: TimeDelta = TimeDelta::hours(1);

/// Whether a mail is still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a courier does something about each")]
pub enum Wanted {
    /// Send it.
    Yes,
    /// Not now: ask again at this time.
    Later(DateTime<Utc>),
    /// Never again.
    No,
}

/// Whether a mail is still wanted: its invitation is pending and was not resent since, there is an address that
/// it goes to, the organization works, and the invitee has stopped neither its invitations nor its mail. `groups` are
/// those that the invitation names: one that is archived puts it off, and it grants something outside of closed ones.
/// The notice to somebody who was included is wanted while they are a `member`.
#[must_use]
pub fn wanted(
    delivery: &Delivery,
    organization: &Organization,
    invitation: &Invitation,
    suppressions: &[Suppression],
    groups: &[Group],
    member: Option<&Member>,
    now: DateTime<Utc>,
) -> Wanted {
    let notice = delivery.kind == DeliveryKind::Included;
    let stopped = |row: &Suppression| match row.kind {
        SuppressionKind::Invitations | SuppressionKind::Mail | SuppressionKind::Everywhere => {
            row.invitee == invitation.invitee
        }
        SuppressionKind::Inclusion => notice && row.invitee == invitation.invitee,
    };
    let current = match &invitation.ended {
        Some((Ending::Included { user }, _)) => notice && member.is_some_and(|member| member.user == *user),
        _ => {
            let pending = invitation.state_at(now) == InvitationState::Pending;
            !notice && pending && invitation.revision == delivery.revision && invitation.mail_to.is_some()
        }
    };
    if !current || suppressions.iter().any(stopped) {
        return Wanted::No;
    }
    let is = |scope: &Scope, status| {
        groups.iter().any(|group| scope.group() == Some(&group.id) && group.status == status)
    };
    if invitation.grants.scopes().all(|scope| is(scope, GroupStatus::Closed)) {
        return Wanted::No;
    }
    if let Some(start) = invitation.begins_after(now) {
        return Wanted::Later(start);
    }
    let archived = invitation.grants.scopes().any(|scope| is(scope, GroupStatus::Archived));
    match organization.status {
        OrganizationStatus::Active if archived => Wanted::Later(now + PUT_OFF),
        OrganizationStatus::Active => Wanted::Yes,
        OrganizationStatus::Suspended => Wanted::Later(now + PUT_OFF),
        OrganizationStatus::Closed => Wanted::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, address, by, group, in_group, user};
    use crate::{
        ChangeGroupStatus, ChangeSettings, ChangeStatus, Grant, Inclusion, InvitationId, Invite, Invitee,
        RemoveMembers, Resend, Revoke, Settings,
    };

    /// `bob` invited by mail, which waits to be sent.
    fn queued() -> (World, Delivery, InvitationId) {
        let mut world = World::new();
        let id = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let delivery = world.rows().deliveries.values().next().unwrap().clone();
        assert_eq!((delivery.invitation, delivery.revision), (id, world.invitation(id).revision));
        (world, delivery, id)
    }

    fn asked(world: &World, delivery: &Delivery, suppressions: &[Suppression]) -> Wanted {
        let invitation = world.invitation(delivery.invitation);
        wanted(delivery, world.organization(), invitation, suppressions, &[], None, world.now)
    }

    #[test]
    fn mail_is_wanted_while_its_invitation_is_pending_mai_7() {
        let (mut world, delivery, _) = queued();
        assert_eq!(asked(&world, &delivery, &[]), Wanted::Yes);
        world.wait(TimeDelta::days(7) - TimeDelta::microseconds(1));
        assert_eq!(asked(&world, &delivery, &[]), Wanted::Yes);
        world.wait(TimeDelta::microseconds(1));
        assert_eq!(asked(&world, &delivery, &[]), Wanted::No, "it has expired");

        let (mut world, delivery, id) = queued();
        world.ok(Revoke::one(id), &by("ada"));
        assert_eq!(asked(&world, &delivery, &[]), Wanted::No, "it was revoked");
    }

    #[test]
    fn mail_of_another_revision_is_not_wanted_mai_7() {
        let (mut world, before, id) = queued();
        world.wait(TimeDelta::days(1));
        world.ok(Resend::new(id), &by("ada"));
        let revision = world.invitation(id).revision;
        let mut after = Delivery { revision, ..before.clone() };
        assert!(before.revision < revision);
        assert_eq!(asked(&world, &before, &[]), Wanted::No);
        assert_eq!(asked(&world, &after, &[]), Wanted::Yes);
        after.revision = revision + 1;
        assert_eq!(asked(&world, &after, &[]), Wanted::No);
    }

    #[test]
    fn mail_without_an_address_is_not_wanted_mai_7() {
        let (world, delivery, id) = queued();
        let mut invitation = world.invitation(id).clone();
        invitation.mail_to = None;
        let answer = wanted(&delivery, world.organization(), &invitation, &[], &[], None, world.now);
        assert_eq!(answer, Wanted::No);
    }

    #[test]
    fn mail_that_the_invitee_stopped_is_not_wanted_idn_3() {
        let (world, delivery, _) = queued();
        let stopped = |invitee: Invitee, kind| Suppression { invitee, kind, at: world.now };
        for kind in [SuppressionKind::Invitations, SuppressionKind::Mail, SuppressionKind::Everywhere] {
            let (own, others) = (
                stopped(address("bob@example.com").into(), kind),
                [stopped(address("eve@example.com").into(), kind), stopped(user("bob").into(), kind)],
            );
            assert_eq!(asked(&world, &delivery, &others), Wanted::Yes, "{kind:?} of others");
            let [one, two] = others;
            assert_eq!(asked(&world, &delivery, &[one, own, two]), Wanted::No, "{kind:?}");
        }
    }

    #[test]
    fn mail_waits_while_the_organization_is_suspended_and_ends_when_it_closes_lif_8() {
        let (mut world, delivery, _) = queued();
        world.ok(ChangeStatus::Suspend, &by("ada"));
        let later = world.now + TimeDelta::hours(1);
        assert_eq!(asked(&world, &delivery, &[]), Wanted::Later(later));
        let other = Delivery { revision: delivery.revision + 1, ..delivery.clone() };
        assert_eq!(asked(&world, &other, &[]), Wanted::No, "what is not wanted does not wait");

        world.ok(ChangeStatus::Resume, &by("ada"));
        assert_eq!(asked(&world, &delivery, &[]), Wanted::Yes);
        let closed = Organization { status: OrganizationStatus::Closed, ..world.organization().clone() };
        let invitation = world.invitation(delivery.invitation);
        assert_eq!(wanted(&delivery, &closed, invitation, &[], &[], None, world.now), Wanted::No);
    }

    #[test]
    fn mail_to_groups_waits_while_one_is_archived_and_is_not_wanted_once_all_are_closed_lif_8_mai_7() {
        let mut world = World::new();
        let both = [in_group("member", "red"), in_group("member", "blue")];
        let id = world.invite("bob@example.com", both, &by("ada"));
        let delivery = world.rows().deliveries.values().next().unwrap().clone();
        let asked = |world: &World| {
            let groups = world.rows().groups.values().cloned().collect::<std::vec::Vec<_>>();
            wanted(&delivery, world.organization(), world.invitation(id), &[], &groups, None, world.now)
        };
        assert_eq!(asked(&world), Wanted::Yes);
        world.ok(ChangeGroupStatus::archive(group("red")), &by("ada"));
        assert_eq!(asked(&world), Wanted::Later(world.now + TimeDelta::hours(1)));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        assert_eq!(asked(&world), Wanted::Yes, "the other is still granted");
        world.ok(ChangeGroupStatus::close(group("blue")), &by("ada"));
        assert_eq!(asked(&world), Wanted::No);
    }

    #[test]
    fn a_notice_is_wanted_while_they_are_a_member_and_no_other_mail_of_the_record_is_c3_mai_7() {
        let mut world = World::new();
        world.ok(ChangeSettings::new(Settings::named("Acme").inclusion(Inclusion::Always)), &by("ada"));
        world.ok(Invite::new(user("bob"), Grant::role("member")), &by("ada"));
        let notice = world.rows().deliveries.values().next().unwrap().clone();
        let asked = |world: &World, notice: &Delivery, suppressions: &[Suppression]| {
            let row = world.invitation(notice.invitation);
            let member = world.member("bob");
            wanted(notice, world.organization(), row, suppressions, &[], member, world.now)
        };
        assert_eq!(asked(&world, &notice, &[]), Wanted::Yes);
        let other = Delivery { kind: DeliveryKind::Invitation, ..notice.clone() };
        assert_eq!(asked(&world, &other, &[]), Wanted::No);
        for kind in SuppressionKind::ALL {
            let stopped = Suppression { invitee: user("bob").into(), kind, at: world.now };
            assert_eq!(asked(&world, &notice, &[stopped]), Wanted::No, "{kind:?}");
        }
        world.ok(ChangeStatus::Suspend, &by("ada"));
        assert_eq!(asked(&world, &notice, &[]), Wanted::Later(world.now + TimeDelta::hours(1)));
        world.ok(ChangeStatus::Resume, &by("ada"));
        world.ok(RemoveMembers::one(user("bob")), &by("ada"));
        assert_eq!(asked(&world, &notice, &[]), Wanted::No);
    }
}
