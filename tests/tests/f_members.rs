//! F3, F13, F14, F22: members who are suspended and restored, access for a limited time, and how a product starts.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use invite::core::{Domain, Include, Inclusion, LinkSettings, VerifiedDomain};
use invite::{
    Access, FormerOwner, Grant, GroupSettings, MemberFilter, MemberStatus, NewMember, PageRequest, Plan,
    Principal, Refusal, RosterEntry, Scope, Settings, SuspendMembers, TheirInvitations,
};
use tests::{Listed, World, address, at_once, group, on_every_store, person, refused, token, user};

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
        refused(bob.leave().await, "member-suspended", "AUT-7", told);
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

    async fn f14_access_until_a_date_ends_at_that_moment_and_gives_its_seat_back_sea_3(world) {
        let acme = world.acme_on(Plan::seats("team", 1).and_seats("client", invite::Limit::AtMost(1))).await;
        acme.create_group("red", GroupSettings::named("Red")).await.unwrap();
        let end = world.clock_now() + TimeDelta::days(30);
        world.joins("bob", Grant::role("member").until(end)).await;
        let handle = acme.organization();
        let row = handle.member("bob").await.unwrap().unwrap();
        assert_eq!((row.ends_at(), row.seat), (Some(end), Some("team".into())));
        let invited = async || acme.invite("eve@example.com", Grant::role("member")).await;
        world.pass(TimeDelta::days(30) - TimeDelta::microseconds(1));
        assert!(acme.may("bob", "posts.create").await.unwrap());
        refused(invited().await, "no-seat-left", "SEA-1", "seat");
        world.pass(TimeDelta::microseconds(1));
        // At once, before anything is written down.
        assert!(!acme.may("bob", "posts.create").await.unwrap());
        assert_eq!(acme.seats_of("team").await, (0, 0));
        let listed = async |filter: MemberFilter| {
            let page = acme.members(&filter, &PageRequest::default()).await.unwrap();
            page.items.into_iter().map(|member| member.user.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(handle.member("bob").await.unwrap(), None);
        assert_eq!(listed(MemberFilter::default()).await, ["ada"]);
        assert_eq!(listed(MemberFilter { seat: Some("team".into()), ..MemberFilter::default() }).await, [""; 0]);
        let roster = acme.roster(&PageRequest::default()).await.unwrap().items;
        assert!(matches!(&roster[..], [RosterEntry::Member(ada)] if ada.user == user("ada")), "{roster:?}");
        assert_eq!(world.invite.memberships("bob", &PageRequest::default()).await.unwrap().items, []);
        assert!(!acme.history().await.contains(&"member-access-ended".to_owned()));
        invited().await.unwrap();
        assert_eq!((acme.seats_of("team").await, handle.member("bob").await.unwrap()), ((0, 1), None));
        assert!(acme.history().await.contains(&"member-access-ended".to_owned()));
        assert_eq!(world.invite.memberships("bob", &PageRequest::default()).await.unwrap().items, []);
        assert!(!handle.maintain(10).await.unwrap().more);
    }

    async fn f14_of_several_grants_each_has_its_own_end_and_the_seat_follows_what_is_left(world) {
        let acme = world.acme().await;
        acme.create_group("red", GroupSettings::named("Red")).await.unwrap();
        let end = world.clock_now() + TimeDelta::days(2);
        let in_red = Grant::role("member").in_group(group("red"));
        world.joins("bob", Grant::role("client")).await;
        acme.change_access("bob", [Grant::role("client"), in_red.until(end)]).await.unwrap();
        assert_eq!((acme.seats_of("team").await, acme.seats_of("client").await), ((1, 0), (0, 0)));
        world.pass(TimeDelta::days(2));
        assert_eq!((acme.seats_of("team").await, acme.seats_of("client").await), ((0, 0), (1, 0)));
        assert!(!acme.organization().may_in("bob", "posts.create", &Scope::Group(group("red"))).await.unwrap());
        assert!(acme.may("bob", "posts.view").await.unwrap());
        let in_red = MemberFilter { group: Some(group("red")), ..MemberFilter::default() };
        let there = acme.members(&in_red, &PageRequest::default()).await.unwrap().items;
        assert!(matches!(&there[..], [ada] if ada.user == user("ada")), "{there:?}");
        let taking = async |seat: &str| {
            let filter = MemberFilter { seat: Some(seat.into()), ..MemberFilter::default() };
            acme.members(&filter, &PageRequest::default()).await.unwrap().items.len()
        };
        assert_eq!((taking("team").await, taking("client").await), (1, 0), "charged until it is written down");
        let row = acme.organization().member("bob").await.unwrap().unwrap();
        assert_eq!(row.grants, Grant::role("client").into(), "what is left, before anything is written down");
        let tidied = acme.organization().maintain(10).await.unwrap();
        assert_eq!((tidied.access_ended, tidied.more), (1, false));
        assert_eq!((taking("team").await, taking("client").await), (0, 1));
        assert_eq!(acme.organization().member("bob").await.unwrap().unwrap().grants, Grant::role("client").into());
    }

    async fn f14_nobody_grants_for_longer_than_they_hold_aut_2(world) {
        let acme = world.acme().await;
        let end = world.clock_now() + TimeDelta::days(30);
        let amy = world.joins("amy", Grant::role("admin").until(end)).await;
        refused(amy.invite("bob@example.com", Grant::role("member")).await, "not-grantable", "AUT-2", "lasts");
        let longer = Grant::role("member").until(end + TimeDelta::microseconds(1));
        refused(amy.invite("bob@example.com", longer.clone()).await, "not-grantable", "AUT-2", "lasts");
        refused(amy.create_link(LinkSettings::new("x", longer)).await, "not-grantable", "AUT-2", "lasts");
        amy.invite("bob@example.com", Grant::role("member").until(end)).await.unwrap();
        world.deliver().await;
        world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        refused(amy.change_access("bob", Grant::role("client")).await, "not-grantable", "AUT-2", "lasts");
        acme.change_access("bob", Grant::role("client")).await.unwrap();
        let past = Grant::role("client").until(world.clock_now());
        refused(acme.change_access("bob", past).await, "invalid-end", "F14", "ahead");
    }

    async fn f14_an_invitation_begins_later_with_its_mail_its_expiry_and_its_seat(world) {
        let acme = world.acme_on(Plan::seats("team", 1)).await;
        let start = world.clock_now() + TimeDelta::days(10);
        let later = acme.invite("bob@example.com", Grant::role("member")).with(|it| it.starts_at(start));
        let id = later.await.unwrap().invitations().next().unwrap();
        refused(acme.invite("eve@example.com", Grant::role("member")).await, "no-seat-left", "SEA-1", "seat");
        world.deliver().await;
        assert_eq!(world.mails_to("bob@example.com"), 0);
        let copied = token(&acme.copy_link(id).await.unwrap().reveal());
        refused(world.invite.accept(&copied, person("bob")).await, "not-yet", "F14", "come again");
        refused(acme.remind(id).await, "not-yet", "F14", "come again");
        let preview = world.invite.preview(&copied, Some(person("bob"))).await.unwrap();
        assert_eq!((preview.next, preview.starts_at), (invite::Next::Wait, Some(start)));
        let inbox = async || world.invite.inbox(person("bob"), &PageRequest::default()).await.unwrap().items.len();
        assert_eq!(inbox().await, 0);
        world.pass(TimeDelta::days(10));
        world.deliver().await;
        assert_eq!((world.mails_to("bob@example.com"), inbox().await), (1, 1));
        world.pass(TimeDelta::days(6));
        world.invite.accept(&copied, person("bob")).await.unwrap();
    }

    async fn f14_whatever_way_somebody_comes_in_by_access_until_a_date_ends_at_that_moment(world) {
        let acme = world.acme_on(Plan::seats("team", 1).and_seats("client", invite::Limit::AtMost(9))).await;
        acme.change_settings(Settings::named("Acme Ltd").inclusion(Inclusion::Asked)).await.unwrap();
        let handle = acme.organization();
        let end = world.clock_now() + TimeDelta::days(30);
        let client = || Grant::role("client").until(end);
        let link = async |settings: LinkSettings| {
            let link = acme.create_link(settings).await.unwrap().link;
            token(&acme.show_link(link).await.unwrap().reveal())
        };
        let open = link(LinkSettings::new("Open", client())).await;
        world.invite.join(&open, person("lea")).await.unwrap();
        let asked = link(LinkSettings::new("Asked", client()).by_request()).await;
        let request = world.invite.ask_to_join(&asked, person("asa")).await.unwrap().request;
        acme.approve(request).await.unwrap();
        let domain = [(Domain::parse("work.example").unwrap(), VerifiedDomain::joins(client()))];
        handle.as_system().change_verified_domains(domain).await.unwrap();
        handle.join_by_domain(Principal::user("dan").vouched("dan@work.example")).await.unwrap();
        acme.invite(user("ina"), client()).with(|invite| invite.include(Include::Yes)).await.unwrap();

        let ways = ["lea", "asa", "dan", "ina"];
        world.pass(TimeDelta::days(30) - TimeDelta::microseconds(1));
        for name in ways {
            assert_eq!(handle.member(name).await.unwrap().unwrap().ends_at(), Some(end), "{name}");
            assert!(handle.may(name, "posts.view").await.unwrap(), "{name}");
        }
        assert_eq!(acme.seats_of("client").await, (4, 0));
        world.pass(TimeDelta::microseconds(1));
        for name in ways {
            assert!(!handle.may(name, "posts.view").await.unwrap(), "{name}");
            assert_eq!(handle.member(name).await.unwrap(), None, "{name}");
        }
        assert_eq!((acme.seats_of("client").await, acme.users().await), ((0, 0), vec!["ada".to_owned()]));
        assert_eq!(handle.maintain(9).await.unwrap().access_ended, 4);
        // What grants nothing any more lets nobody in, and does not wait.
        refused(world.invite.join(&open, person("eve")).await, "no-longer-available", "LIF-10", "");
    }

    async fn f14_an_invitation_waits_no_longer_than_what_it_grants(world) {
        let acme = world.acme().await;
        let end = world.clock_now() + TimeDelta::days(2);
        acme.invite("bob@example.com", Grant::role("member").until(end)).await.unwrap();
        let shown = async || {
            let inbox = world.invite.inbox(person("bob"), &PageRequest::default()).await.unwrap().items.len();
            (inbox, world.invite.waiting(person("bob")).await.unwrap().count)
        };
        world.pass(TimeDelta::days(2) - TimeDelta::microseconds(1));
        assert_eq!(shown().await, (1, 1));
        world.pass(TimeDelta::microseconds(1));
        assert_eq!(shown().await, (0, 0));
    }

    async fn f14_what_begins_later_is_declined_and_resent_before_it_begins(world) {
        let acme = world.acme_on(Plan::seats("team", 1)).await;
        let start = world.clock_now() + TimeDelta::days(10);
        let later = async |to: &str| {
            let invited = acme.invite(to, Grant::role("member")).with(|it| it.starts_at(start)).await;
            invited.unwrap().invitations().next().unwrap()
        };
        let bob = later("bob@example.com").await;
        let copied = token(&acme.copy_link(bob).await.unwrap().reveal());
        world.invite.decline(&copied, person("bob")).await.unwrap();
        assert_eq!(acme.seats_of("team").await, (0, 0), "the seat is free at once");
        let eve = later("eve@example.com").await;
        let old = token(&acme.copy_link(eve).await.unwrap().reveal());
        acme.resend(eve).await.unwrap();
        world.deliver().await;
        assert_eq!(world.mails_to("eve@example.com"), 0, "it is mailed when it begins, resent or not");
        world.pass(TimeDelta::days(10));
        world.deliver().await;
        assert_eq!((world.mails_to("bob@example.com"), world.mails_to("eve@example.com")), (0, 1));
        refused(world.invite.accept(&old, person("eve")).await, "superseded", "LIF-2", "");
        world.invite.accept(&world.token_to("eve@example.com"), person("eve")).await.unwrap();
    }

    async fn f3_one_invitation_grants_several_groups_in_one_commit_or_not_at_all(world) {
        let plan = Plan::seats("team", 1).seat_policy(invite::SeatPolicy::TakeOnAccept);
        let acme = world.acme_on(plan.and_seats("client", invite::Limit::AtMost(5))).await;
        for id in ["red", "blue"] {
            acme.create_group(id, GroupSettings::named(id)).await.unwrap();
        }
        let red = Grant::role("member").in_group(group("red"));
        let all = [Grant::role("client"), red, Grant::role("client").in_group(group("blue"))];
        acme.invite("bob@example.com", all.clone()).await.unwrap();
        let eve = world.joins("eve", Grant::role("member")).await;
        world.deliver().await;
        let bobs = world.token_to("bob@example.com");
        let handle = acme.organization();
        let before = acme.history().await.len();
        refused(world.invite.accept(&bobs, person("bob")).await, "no-seat-left", "SEA-1", "seat");
        assert_eq!((handle.member("bob").await.unwrap(), acme.history().await.len()), (None, before));
        eve.leave().await.unwrap();
        let before = handle.get().await.unwrap().version;
        world.invite.accept(&bobs, person("bob")).await.unwrap();
        assert_eq!(handle.member("bob").await.unwrap().unwrap().grants, all.into());
        let events = handle.events(before, 10).await.unwrap();
        assert!(events.len() > 1 && events.iter().all(|event| event.commit == events[0].commit), "one commit");
    }

    async fn f13_the_log_tells_every_change_in_its_commit_without_gaps_or_addresses(world) {
        let acme = world.acme().await;
        world.joins("bob", Grant::role("member")).await;
        acme.change_access("bob", Grant::role("client")).await.unwrap();
        acme.suspend_member("bob").await.unwrap();
        acme.remove("bob").await.unwrap();
        let events = acme.events(0, 100).await.unwrap();
        assert!(events.iter().zip(1..).all(|(event, n)| event.sequence == n), "no gaps");
        let kinds = events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>();
        for kind in ["invitation-created", "invitation-accepted", "member-joined", "member-access-changed", "member-suspended", "member-removed"] {
            assert!(kinds.contains(&kind), "no {kind}: {kinds:?}");
        }
        assert!(events.iter().all(|event| !event.data.contains("bob@example.com")), "addresses are masked");
        let changed = events.iter().find(|event| event.kind == "member-access-changed").unwrap();
        assert!(changed.data.contains("before") && changed.data.contains("after"));
        assert_eq!((&changed.actor, changed.user.as_ref()), (&invite::Actor::User(user("ada")), Some(&user("bob"))));
        let joined = events.iter().position(|event| event.kind == "member-joined" && event.user == Some(user("bob"))).unwrap();
        assert_eq!(events[joined].commit, events[joined - 1].commit, "in the commit of the change: {kinds:?}");
        refused(world.joins("eve", Grant::role("member")).await.events(0, 1).await, "not-permitted", "AUT-1", "ask");
    }

    async fn f13_the_log_of_no_organization_is_told_apart_from_one_with_nothing_new(world) {
        let organization = world.acme().await.organization().clone();
        let last = organization.get().await.unwrap().version;
        assert_eq!(organization.events(last, 100).await.unwrap(), []);
        for after in [0, last] {
            let came = world.invite.organization("acne").events(after, 100).await;
            assert!(matches!(came, Err(invite::Error::UnknownOrganization)), "{came:?}");
        }
    }

    async fn f22_members_are_imported_without_mail_and_seats_count(world) {
        let acme = world.acme_on(Plan::seats("team", 2)).await;
        let list = ["bob", "eve", "fay"].map(|name| {
            NewMember::new(user(name), Grant::role("member")).email(address(&format!("{name}@example.com")))
        });
        let added = acme.organization().as_system().add_members(list).await.unwrap();
        let codes = added.results.iter().map(|result| result.refused.as_ref().map(Refusal::code)).collect::<Vec<_>>();
        assert_eq!(codes, [None, None, Some("no-seat-left")]);
        assert_eq!(acme.seats_of("team").await, (2, 0));
        world.deliver().await;
        assert_eq!(world.mailer.sent().len(), 0);
        assert!(acme.may("bob", "posts.create").await.unwrap());
    }

    async fn f22_the_memberships_of_a_user_are_one_query_in_pages(world) {
        for n in 0..5 {
            let plan = Plan::seats("team", 5);
            let made = world.invite.create_organization(format!("o{n}"), format!("Org {n}"), "ada", plan).await.unwrap();
            made.as_system().add_members([NewMember::new(user("bob"), Grant::role("member"))]).await.unwrap();
            world.pass(TimeDelta::seconds(1));
        }
        let (mut request, mut seen) = (PageRequest::first(2), Vec::new());
        loop {
            let page = world.invite.memberships("bob", &request).await.unwrap();
            seen.extend(page.items.iter().map(|row| (row.organization.to_string(), row.organization_name.clone())));
            let Some(cursor) = page.next_cursor else { break };
            request = request.after(cursor);
        }
        let expected = (0..5).map(|n| (format!("o{n}"), format!("Org {n}"))).collect::<Vec<_>>();
        assert_eq!(seen, expected);
    }

    async fn f22_an_organization_is_suspended_resumed_and_closed(world) {
        let acme = world.acme().await;
        let bob = world.joins("bob", Grant::role("member")).await;
        acme.suspend().await.unwrap();
        assert!(!bob.may("bob", "posts.create").await.unwrap());
        refused(acme.invite("eve@example.com", Grant::role("member")).await, "organization-suspended", "LIF-8", "resume");
        acme.resume().await.unwrap();
        assert!(bob.may("bob", "posts.create").await.unwrap());
        refused(acme.resume().await, "not-suspended", "F22", "nothing");
        let host = acme.organization().as_system();
        host.suspend().await.unwrap();
        refused(acme.resume().await, "not-permitted", "AUT-1", "system");
        host.resume().await.unwrap();
        acme.close().await.unwrap();
        assert!(!bob.may("bob", "posts.create").await.unwrap());
        refused(acme.resume().await, "organization-closed", "LIF-8", "final");
    }

    async fn f22_a_deleted_user_is_removed_everywhere_in_steps_that_can_be_repeated(world) {
        let organization = async |n: usize, owner: &str| {
            let id = format!("o{n}");
            world.invite.create_organization(id.clone(), id.clone(), owner, Plan::seats("team", 5)).await.unwrap();
            world.pass(TimeDelta::seconds(1));
            world.invite.organization(id)
        };
        for n in 0..5 {
            let made = organization(n, "ada").await;
            made.as_system().add_members([NewMember::new(user("bob"), Grant::role("member"))]).await.unwrap();
        }
        world.invite.organization("o1").by("ada").suspend_member("bob").await.unwrap();
        organization(5, "bob").await;
        for n in [6, 7, 8] {
            organization(n, "ada").await.by("ada").invite("bob@example.com", Grant::role("member")).await.unwrap();
        }
        // In a suspended organization, for later, as one who asks, and as one who proposes and is proposed.
        let later = organization(9, "ada").await.by("ada");
        let at = world.clock_now() + TimeDelta::days(1);
        later.invite(user("bob"), Grant::role("member")).with(|invite| invite.starts_at(at)).await.unwrap();
        let suspended = organization(10, "ada").await.by("ada");
        suspended.invite("bob@example.com", Grant::role("member")).await.unwrap();
        suspended.suspend().await.unwrap();
        let asking = organization(11, "ada").await.by("ada");
        let link = LinkSettings::new("Clients", Grant::role("member")).by_request();
        let link = asking.create_link(link).await.unwrap().link;
        let link = token(&asking.show_link(link).await.unwrap().reveal());
        let asked = world.invite.ask_to_join(&link, person("bob")).await.unwrap().request;
        let o0 = world.invite.organization("o0");
        let by_bob = o0.by("bob").propose(address("eve@example.com"), Grant::role("member")).await.unwrap().request;
        let of_bob = organization(12, "ada").await.by("ada");
        let proposed = of_bob.propose(address("bob@example.com"), Grant::role("member")).await.unwrap().request;

        let (mut after, mut left, mut kept, mut revoked, mut withdrawn) = (None, 0, Vec::new(), 0, 0);
        let mut others = (0..4).map(|n| n % 2 == 0).chain(std::iter::repeat(false));
        let all = TheirInvitations::Revoke;
        while let Some(step) = world.invite.remove_user(person("bob"), all, after.as_ref()).await.unwrap() {
            (left, revoked, withdrawn) = (left + usize::from(step.left), revoked + step.revoked, withdrawn + step.withdrawn);
            kept.extend(step.kept.iter().map(|why| (step.organization.to_string(), why.code())));
            // Another process goes on, from the beginning or from where it was.
            after = step.after.filter(|_| !others.next().unwrap());
        }
        assert_eq!((left, revoked, withdrawn), (5, 5, 3));
        assert!(kept.iter().all(|one| *one == ("o5".to_owned(), "last-owner")) && !kept.is_empty(), "{kept:?}");
        for (acting, request) in [(&asking, asked), (&o0.by("ada"), by_bob), (&of_bob, proposed)] {
            refused(acting.organization().as_system().approve(request).await, "request-withdrawn", "LIF-1", "");
        }
        world.pass(TimeDelta::days(2));
        suspended.resume().await.unwrap();
        assert_eq!(world.invite.waiting(person("bob")).await.unwrap().count, 0, "nothing comes up later");
        let there = world.invite.memberships("bob", &PageRequest::default()).await.unwrap().items;
        assert_eq!(there.iter().map(|row| row.organization.as_str()).collect::<Vec<_>>(), ["o5"]);
        assert_eq!(world.invite.organization("o7").by("ada").seats_of("team").await, (0, 0));
    }

    /// Whoever accepts before the invitation is revoked is removed as a member; afterwards there is nothing to accept.
    async fn f22_a_deleted_user_who_accepts_meanwhile_is_no_member_afterwards(world) {
        for n in 0..8 {
            let id = format!("o{n}");
            let made = world.invite.create_organization(id.clone(), id, "ada", Plan::seats("team", 5)).await.unwrap();
            made.by("ada").invite("bob@example.com", Grant::role("member")).await.unwrap();
        }
        let (removing, accepting) = (world.clone(), world.clone());
        let remove = async move {
            let mut after = None;
            let all = TheirInvitations::Keep;
            while let Some(step) = removing.invite.remove_user(person("bob"), all, after.as_ref()).await.unwrap() {
                assert!(step.kept.is_none(), "{step:?}");
                after = step.after;
            }
        };
        let accept = async move { drop(accepting.invite.accept_all(person("bob")).await.unwrap()) };
        let both: [std::pin::Pin<Box<dyn Future<Output = ()> + Send>>; 2] = [Box::pin(remove), Box::pin(accept)];
        at_once(both).await;
        assert_eq!(world.invite.memberships("bob", &PageRequest::default()).await.unwrap().items, []);
        assert_eq!(world.invite.waiting(person("bob")).await.unwrap().count, 0);
    }
}
