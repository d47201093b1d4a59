//! PRI-5: lists as CSV, with what strangers typed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::{Clock as _, Grant, InvitationFilter, Limit, MemberFilter, NewMember, PageRequest, Plan, csv};
use tests::{address, on_every_store, user};

on_every_store! {
    async fn members_and_invitations_are_lines_with_their_facts_and_no_formula_runs_pri_5(world) {
        let acme = world.acme_on(Plan::seats("team", 9).and_seats("client", Limit::Unlimited)).await;
        let bob = NewMember::new(user("bob"), Grant::role("member"));
        acme.organization().as_system().add_members([bob.email(address("-bob@example.com"))]).await.unwrap();
        acme.invite("\"=HYPERLINK(\"\"x\"\")\" <eve@example.com>, \"Last, First\" <fay@example.com>", Grant::role("client"))
            .await
            .unwrap();
        let page = PageRequest::first(50);
        let members = acme.members(&MemberFilter::default(), &page).await.unwrap();
        let text = csv::members(&members.items);
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("bob,'-bob@example.com,member,,team,"), "{text}");
        let invitations = acme.invitations(&InvitationFilter::default(), &page).await.unwrap();
        let text = csv::invitations(&invitations.items, world.clock.now());
        assert!(text.contains("fay@example.com,\"Last, First\",client,,client,ada,pending,queued,"), "{text}");
        assert!(text.contains("eve@example.com,\"'=HYPERLINK"), "{text}");
    }
}
