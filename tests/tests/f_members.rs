//! Members who are suspended and restored.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::LinkSettings;
use invite::{
    Access, FormerOwner, Grant, GroupSettings, MemberFilter, MemberStatus, PageRequest, Plan, Refusal,
    RosterEntry, SuspendMembers, TheirInvitations,
};
use tests::{Listed, World, at_once, group, on_every_store, person, refused, token, user};

fn in_status(status: MemberStatus) -> MemberFilter {
    MemberFilter { status: Some(status), ..MemberFilter::default() }
}

/// Makes of a member a second owner.
async fn second_owner(world: &World, name: &str) {
    let offered = world.acme_by("ada").offer_ownership(name, FormerOwner::Stays).await.unwrap();
    world.invite.organization("acme").accept(offered.invitation, person(name)).await.unwrap();
}

on_every_store! {
    async fn aut_7_who_is_suspended_keeps_what_they_hold_and_may_nothing_until_restored_sea_1(world) {
        let acme = world.acme_on(Plan::seats("team", 1)).await;
        let bob = world.joins("bob", Grant::role("admin")).await;
        assert!(acme.may("bob", "posts.create").await.unwrap());
        acme.suspend_member("bob").await.unwrap();
        assert!(!acme.may("bob", "posts.create").await.unwrap());
        let permissions = acme.organization().permissions("bob", &invite::Scope::Organization).await.unwrap();
        assert_eq!(permissions, []);
        refused(bob.invite("eve@example.com", Grant::role("member")).await, "not-permitted", "AUT-1", "ask");
        refused(bob.members(&MemberFilter::default(), &PageRequest::default()).await, "not-permitted", "AUT-1", "ask");
        let row = acme.organization().member("bob").await.unwrap().unwrap();
        assert_eq!((row.status, row.seat, row.grants), (MemberStatus::Suspended, None, Grant::role("admin").into()));
        assert_eq!(acme.seats_of("team").await, (0, 0));
        let there = world.invite.memberships("bob", &PageRequest::default()).await.unwrap().items;
        assert_eq!(there[0].member.status, MemberStatus::Suspended);

        // Somebody else takes the seat, so that there is none to come back to.
        acme.invite("eve@example.com", Grant::role("member")).await.unwrap();
        refused(acme.restore_member("bob").await, "no-seat-left", "SEA-1", "seat");
        let eve = acme.entry("eve@example.com").await.0.id;
        acme.revoke(eve).await.unwrap();
        acme.restore_member("bob").await.unwrap();
        assert!(acme.may("bob", "posts.create").await.unwrap());
        assert_eq!(acme.seats_of("team").await, (1, 0));
        refused(acme.restore_member("bob").await, "member-active", "AUT-7", "nothing");
        let history = acme.history().await;
        let kinds = history.iter().filter(|kind| kind.starts_with("member-")).collect::<Vec<_>>();
        assert_eq!(kinds, ["member-joined", "member-joined", "member-suspended", "member-restored"]);
    }

    async fn aut_7_who_is_suspended_gets_in_by_no_other_way_and_is_told_what_to_do(world) {
        let acme = world.acme().await;
        acme.create_group("red", GroupSettings::named("Red").open_with(Access::role("client"))).await.unwrap();
        let into_red = || Grant::role("client").in_group(group("red"));
        let link = acme.create_link(LinkSettings::new("Red", into_red())).await.unwrap().link;
        let link = token(&acme.show_link(link).await.unwrap().reveal());
        let bob = world.joins("bob", Grant::role("member")).await;
        acme.invite("bob@work.example", into_red()).await.unwrap();
        acme.suspend_member("bob").await.unwrap();
        world.deliver().await;
        let told = "restore";
        let vouched = || person("bob").vouched("bob@work.example");
        let mailed = world.token_to("bob@work.example");
        refused(world.invite.accept(&mailed, vouched()).await, "member-suspended", "AUT-7", told);
        refused(world.invite.join(&link, person("bob")).await, "member-suspended", "AUT-7", told);
        refused(acme.organization().join_group("red", person("bob")).await, "member-suspended", "AUT-7", told);
        refused(acme.invite("bob@example.com", into_red()).await, "member-suspended", "AUT-7", told);
        let preview = world.invite.preview(&mailed, Some(vouched())).await.unwrap();
        assert_eq!(preview.next, invite::Next::Suspended);
        acme.restore_member("bob").await.unwrap();
        world.invite.accept(&mailed, vouched()).await.unwrap();
        bob.leave().await.unwrap();
    }

    async fn b8_many_are_suspended_and_restored_with_a_result_for_each(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        for name in ["bob", "eve"] {
            world.joins(name, Grant::role("member")).await;
        }
        let all = || ["bob", "ada", "nobody", "eve"].map(user);
        let suspended = amy.suspend_members(all()).await.unwrap().results;
        let codes = suspended.iter().map(|result| result.refused.as_ref().map(Refusal::code)).collect::<Vec<_>>();
        assert_eq!(codes, [None, Some("owner-protected"), Some("unknown-member"), None]);
        let listed = async |filter: MemberFilter| {
            let members = acme.members(&filter, &PageRequest::default()).await.unwrap().items;
            members.into_iter().map(|member| member.user.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(listed(in_status(MemberStatus::Suspended)).await, ["bob", "eve"]);
        assert_eq!(listed(in_status(MemberStatus::Active)).await, ["ada", "amy"]);
        let roster = acme.roster(&PageRequest::default()).await.unwrap().items;
        let in_it = roster.iter().filter(|row| matches!(row, RosterEntry::Member(member) if !member.is_active()));
        assert_eq!(in_it.count(), 2, "D4: they are listed among the users");
        let restored = amy.restore_members(all()).await.unwrap().results;
        let codes = restored.iter().map(|result| result.refused.as_ref().map(Refusal::code)).collect::<Vec<_>>();
        assert_eq!(codes, [None, Some("owner-protected"), Some("unknown-member"), None]);
        assert_eq!(listed(in_status(MemberStatus::Suspended)).await, [""; 0]);
    }

    async fn aut_5_what_somebody_suspended_sent_is_kept_revoked_or_handed_over_with_counts(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        for (choice, settled, by) in [
            (TheirInvitations::Keep, (0, 0), Some("amy")),
            (TheirInvitations::HandOver, (0, 1), Some("ada")),
            (TheirInvitations::Revoke, (1, 0), None),
        ] {
            amy.invite("eve@example.com", Grant::role("member")).await.unwrap();
            let suspend = SuspendMembers::one(user("amy")).their_invitations(choice);
            let done = acme.run(suspend).await.unwrap().results[0].settled;
            assert_eq!((done.revoked, done.handed_over), settled, "{choice:?}");
            world.deliver().await;
            for entry in acme.invitations(&Default::default(), &PageRequest::default()).await.unwrap().items {
                if entry.invitation.ended.is_none() {
                    let inviter = entry.invitation.inviter.user().map(|user| user.as_str());
                    assert_eq!(inviter, by, "{choice:?}");
                    let accepted = world.invite.accept(&world.token_to("eve@example.com"), person("eve")).await;
                    assert_eq!(accepted.is_ok(), choice == TheirInvitations::HandOver, "AUT-4: {choice:?}");
                    if accepted.is_ok() { acme.remove("eve").await.unwrap(); } else { acme.revoke(entry.invitation.id).await.unwrap(); }
                }
            }
            acme.restore_member("amy").await.unwrap();
        }
    }

    async fn c6_only_owners_suspend_an_owner_and_one_who_is_active_remains_aut_8(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        let bob = world.joins("bob", Grant::role("member")).await;
        refused(amy.suspend_member("ada").await, "owner-protected", "C6", "owner");
        refused(acme.suspend_member("ada").await, "last-owner", "AUT-8", "offer ownership");
        second_owner(&world, "bob").await;
        bob.suspend_member("ada").await.unwrap();
        refused(bob.suspend_member("bob").await, "last-owner", "AUT-8", "offer ownership");
        refused(bob.leave().await, "last-owner", "AUT-8", "offer ownership");
        refused(amy.restore_member("ada").await, "owner-protected", "C6", "owner");
        refused(acme.change_access("ada", Grant::role("member")).await, "member-suspended", "AUT-7", "restore");
        bob.restore_member("ada").await.unwrap();
        bob.leave().await.unwrap();
    }

    async fn f1_owners_who_suspend_each_other_leave_one_who_is_active_aut_8(world) {
        let acme = world.acme().await;
        world.joins("bob", Grant::role("member")).await;
        second_owner(&world, "bob").await;
        let suspended = at_once([("ada", "bob"), ("bob", "ada")].map(|(name, other)| {
            let process = world.another_process();
            async move { process.acme_by(name).suspend_member(other).await.is_ok() }
        }));
        assert_eq!(suspended.await.into_iter().filter(|done| *done).count(), 1);
        assert_eq!(acme.organization().get().await.unwrap().counts.owners, 1);
    }
}
