//! F2, with AUT-2, AUT-4, AUT-5 and AUT-9: whose authority counts for links and requests, and when.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::{ChangeAccess, InviterPolicy, LinkId, LinkSettings};
use invite::{
    AccessModel, Acting, Approvers, Grant, Grants, GroupSettings, RequestState, Restriction, Scope,
    TheirInvitations, Token,
};
use tests::{Store, World, group, on_every_store, person, refused, token, user};

const POLICIES: [InviterPolicy; 3] = [InviterPolicy::Keep, InviterPolicy::Strict, InviterPolicy::Reduce];

/// A link with these settings, and its token.
async fn link(acting: &Acting, settings: LinkSettings) -> (LinkId, Token) {
    let id = acting.create_link(settings).await.unwrap().link;
    (id, token(&acting.show_link(id).await.unwrap().reveal()))
}

fn team() -> LinkSettings {
    LinkSettings::new("Team", Grant::role("member"))
}

/// All of what an admin may do but to publish, so that nobody gets that from them any more.
fn lesser_admin() -> Grant {
    Grant::role("admin").removing("posts.publish")
}

/// Acme on a store of its own, with amy as an admin.
async fn with_amy(store: &Store, model: AccessModel) -> (World, Acting, Acting) {
    let world = World::with_model(store.another().await, model);
    let acme = world.acme().await;
    let amy = world.joins("amy", Grant::role("admin")).await;
    (world, acme, amy)
}

async fn state_of(acting: &Acting, id: invite::RequestId, world: &World) -> RequestState {
    acting.organization().request(id).await.unwrap().unwrap().state_at(world.clock_now())
}

/// What somebody got by whom a policy lets give it: all, nothing, or what is left of it.
async fn is_as_the_policy_says(world: &World, policy: InviterPolicy, who: &str) {
    let acme = world.invite.organization("acme");
    let may = async |permission: &'static str| acme.may(who, permission).await.unwrap();
    let found = (may("posts.create").await, may("posts.publish").await);
    let expected = match policy {
        InviterPolicy::Keep => (true, true),
        InviterPolicy::Reduce => (true, false),
        _ => (false, false),
    };
    assert_eq!(found, expected, "{policy:?}");
}

on_every_store! {
    async fn aut_2_an_approver_gives_only_what_they_hold_at_that_moment(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", lesser_admin()).await;
        let (_, token) = link(&acme, team().by_request()).await;
        let bob = world.invite.ask_to_join(&token, person("bob")).await.unwrap().request;
        refused(amy.approve(bob).await, "not-grantable", "AUT-2", "");
        assert_eq!(state_of(&acme, bob, &world).await, RequestState::Pending);

        // Raised meanwhile, and lowered again; the request waits for whoever may.
        acme.change_access("amy", Grant::role("admin")).await.unwrap();
        let eve = world.invite.ask_to_join(&token, person("eve")).await.unwrap().request;
        amy.approve(eve).await.unwrap();
        acme.change_access("amy", Grant::role("member")).await.unwrap();
        refused(amy.approve(bob).await, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        refused(amy.deny(bob).await, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        acme.suspend_member("amy").await.unwrap();
        refused(amy.approve(bob).await, "not-permitted", "AUT-1", "");
        assert_eq!(state_of(&acme, bob, &world).await, RequestState::Pending);
        acme.approve(bob).await.unwrap();
        for who in ["bob", "eve"] {
            assert!(acme.may(who, "posts.publish").await.unwrap(), "{who}");
        }
    }

    async fn aut_4_a_link_gives_what_its_creator_still_may_by_each_policy(world) {
        for policy in POLICIES {
            let model = AccessModel::preset_builder().link_policy(policy).build().unwrap();
            let (world, acme, amy) = with_amy(&world.store, model).await;
            let (_, token) = link(&amy, team()).await;
            acme.change_access("amy", lesser_admin()).await.unwrap();
            let joined = world.invite.join(&token, person("bob")).await;
            match policy {
                InviterPolicy::Strict => refused(joined, "inviter-no-longer-may", "AUT-4", "ask"),
                _ => drop(joined.unwrap()),
            }
            is_as_the_policy_says(&world, policy, "bob").await;
            // Nothing is left of it once they may not make links at all.
            acme.change_access("amy", Grant::role("member")).await.unwrap();
            let joined = world.invite.join(&token, person("eve")).await;
            match policy {
                InviterPolicy::Keep => drop(joined.unwrap()),
                _ => refused(joined, "inviter-no-longer-may", "AUT-4", "ask"),
            }
        }
    }

    async fn aut_4_a_request_by_a_link_gives_what_its_creator_still_may_by_each_policy(world) {
        for policy in POLICIES {
            let model = AccessModel::preset_builder().request_policy(policy).build().unwrap();
            let (world, acme, amy) = with_amy(&world.store, model).await;
            let (_, token) = link(&amy, team().by_request()).await;
            let bob = world.invite.ask_to_join(&token, person("bob")).await.unwrap().request;
            acme.change_access("amy", lesser_admin()).await.unwrap();
            let approved = acme.approve(bob).await;
            match policy {
                InviterPolicy::Strict => refused(approved, "inviter-no-longer-may", "AUT-4", ""),
                _ => drop(approved.unwrap()),
            }
            is_as_the_policy_says(&world, policy, "bob").await;
        }
    }

    async fn aut_4_who_is_given_what_is_left_of_it_has_it_on_the_resources_that_its_giver_reaches(world) {
        let all = AccessModel::preset_builder().inviter_policy(InviterPolicy::Reduce);
        let all = all.link_policy(InviterPolicy::Reduce).request_policy(InviterPolicy::Reduce).build().unwrap();
        let (world, acme, amy) = with_amy(&world.store, all).await;
        amy.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let (_, open) = link(&amy, team()).await;
        let (_, asking) = link(&amy, team().by_request()).await;
        let dan = world.invite.ask_to_join(&asking, person("dan")).await.unwrap().request;
        let only = |line: &str| Grant::role("admin").restricted("line", Restriction::only([line]));
        acme.change_access("amy", only("1")).await.unwrap();
        world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        world.invite.join(&open, person("cid")).await.unwrap();
        acme.approve(dan).await.unwrap();
        let organization = acme.organization();
        for who in ["bob", "cid", "dan"] {
            let mut may = Vec::new();
            for line in ["1", "2"] {
                let scope = &Scope::Organization;
                may.push(organization.may_with(who, "posts.create", scope, "line", line).await.unwrap());
            }
            assert_eq!(may, [true, false], "{who}");
        }
    }

    async fn aut_4_a_proposal_gives_what_its_proposer_may_still_propose_by_each_policy(world) {
        for policy in POLICIES {
            let model = AccessModel::preset_builder().request_policy(policy).build().unwrap();
            let (world, acme, _) = with_amy(&world.store, model).await;
            for id in ["red", "blue"] {
                acme.create_group(id, GroupSettings::named(id)).await.unwrap();
            }
            let of = |role: &'static str, id: &str| Grant::role(role).in_group(group(id));
            let both = |role: &'static str| [of(role, "red"), of(role, "blue")];
            let mia = world.joins("mia", of("member", "red")).await;
            acme.change_access("mia", both("member")).await.unwrap();
            let proposed = mia.propose(user("bob"), both("client")).await.unwrap().request;
            acme.change_access("mia", [of("member", "red"), of("client", "blue")]).await.unwrap();
            let approved = acme.approve(proposed).await;
            let expected: Grants = match policy {
                InviterPolicy::Keep => both("client").into(),
                InviterPolicy::Reduce => of("client", "red").into(),
                _ => {
                    refused(approved, "inviter-no-longer-may", "AUT-4", "");
                    assert_eq!(state_of(&acme, proposed, &world).await, RequestState::Pending);
                    continue;
                }
            };
            approved.unwrap();
            let inbox = world.invite.inbox(person("bob"), &Default::default()).await.unwrap().items;
            assert_eq!(inbox.iter().map(|entry| &entry.invitation.grants).collect::<Vec<_>>(), [&expected], "{policy:?}");
        }
    }

    async fn aut_9_neither_proposer_nor_creator_of_the_link_approves_where_policy_says_so(world) {
        for (approvers, proposer, creator) in [
            (Approvers::AllButRequester, true, true),
            (Approvers::AllButProposer, false, true),
            (Approvers::AllButInviter, false, false),
        ] {
            let model = AccessModel::preset_builder().approvers(approvers).build().unwrap();
            let (world, acme, amy) = with_amy(&world.store, model).await;
            let proposed = amy.propose(user("bob"), Grant::role("client")).await.unwrap().request;
            let (id, token) = link(&amy, team().by_request()).await;
            let asked = world.invite.ask_to_join(&token, person("eve")).await.unwrap().request;
            for (request, may) in [(proposed, proposer), (asked, creator)] {
                if may {
                    amy.approve(request).await.unwrap();
                } else {
                    refused(amy.approve(request).await, "own-request", "AUT-9", "somebody else");
                    refused(amy.deny(request).await, "own-request", "AUT-9", "");
                    acme.approve(request).await.unwrap();
                }
            }
            // Who edits what a link grants answers for it from then on.
            acme.edit_link(id, team().by_request().max_uses(9)).await.unwrap();
            let dan = world.invite.ask_to_join(&token, person("dan")).await.unwrap().request;
            if creator {
                acme.approve(dan).await.unwrap();
            } else {
                refused(acme.approve(dan).await, "own-request", "AUT-9", "somebody else");
                amy.approve(dan).await.unwrap();
            }
            // Nobody approves their own, whatever the policy.
            acme.create_group("red", GroupSettings::named("Red").by_request_with(invite::Access::role("client"))).await.unwrap();
            let own = acme.organization().ask_for_group("red", person("amy")).await.unwrap().request;
            refused(amy.approve(own).await, "own-request", "AUT-9", "somebody else");
        }
    }

    async fn aut_5_what_a_demoted_member_sent_and_made_is_kept_revoked_or_handed_over_with_counts(world) {
        for choice in [TheirInvitations::Keep, TheirInvitations::Revoke, TheirInvitations::HandOver] {
            let (world, acme, amy) = with_amy(&world.store, AccessModel::preset()).await;
            amy.invite("bob@example.com", Grant::role("member")).await.unwrap();
            amy.invite("dan@example.com", Grant::role("member").removing("posts.publish")).await.unwrap();
            let (id, token) = link(&amy, team()).await;
            let (kept, _) = link(&amy, LinkSettings::new("Clients", Grant::role("client"))).await;
            world.deliver().await;
            let change = ChangeAccess::new(user("amy"), lesser_admin()).their_invitations(choice);
            let settled = acme.run(change).await.unwrap().settled;
            let counts = (settled.revoked, settled.handed_over, settled.links_ended, settled.links_handed_over);
            // What they may still give stays theirs: the invitation of dan, and the link for clients.
            let (expected, invitation, of_link) = match choice {
                TheirInvitations::Revoke => ((1, 0, 1, 0), "revoked", "link-ended"),
                TheirInvitations::HandOver => ((0, 1, 0, 1), "ok", "ok"),
                _ => ((0, 0, 0, 0), "inviter-no-longer-may", "ok"),
            };
            assert_eq!(counts, expected, "{choice:?}");
            let accepted = world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await;
            assert_eq!(tests::code(accepted), invitation, "{choice:?}");
            assert_eq!(tests::code(world.invite.join(&token, person("eve")).await), of_link, "{choice:?}");
            world.invite.accept(&world.token_to("dan@example.com"), person("dan")).await.unwrap();
            let creator = async |id| acme.organization().link(id).await.unwrap().unwrap().creator;
            let new = if choice == TheirInvitations::HandOver { "ada" } else { "amy" };
            assert_eq!((creator(id).await, creator(kept).await), (user(new).into(), user("amy").into()), "{choice:?}");
        }
    }
}
