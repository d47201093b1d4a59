//! Random histories: any commands by anybody, in two organizations, under a clock that moves (LIF, AUT, SEA).
//!
//! What must hold after every command is checked by [`World::attempt`]; here is what is asked of a whole history.

use std::collections::BTreeSet;
use std::format;
use std::vec::Vec;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::commands::*;
use super::*;

/// IDN-1, IDN-9, TOK-5: whoever answered was who was invited, and the token was one for it.
fn answered_by_whom_it_is_for(world: &World, organization: &str, claim: &Claim, principal: &Principal) {
    let row = &world.rows_of(organization).invitations[&claim.invitation()];
    let vouched = match &row.invitee {
        Invitee::User(user) => user == principal.user(),
        Invitee::Address(address) => principal.vouched().contains(address),
        Invitee::Erased(_) => false,
    };
    match claim {
        Claim::Inbox(_) => assert!(vouched, "an inbox holds what is for its owner"),
        Claim::Token(token) => {
            assert_eq!(token.organization().as_str(), organization);
            assert!([Purpose::Copied, row.mailed_purpose()].contains(&token.purpose()));
            assert!(world.keyring.verify(token, &row.nonce));
            let mailed = world.rows_of(organization).mailed.get(&row.id);
            let fresh = mailed.is_some_and(|(revision, at)| {
                *revision == row.revision && world.now.max(*at) - *at < TimeDelta::hours(24)
            });
            let proven = token.purpose() == Purpose::Mailed
                && fresh
                && principal.vouched().is_empty()
                && row.invitee.address().is_some();
            assert!(vouched || proven, "{row:?} by {principal:?}");
        }
    }
}

/// Fewer histories than other properties have cases, unless `PROPTEST_CASES` says how many.
/// LNK-1, LNK-3: looking changes nothing, and what it says to do next is what comes of it.
fn previews_say_what_comes(world: &World, organization: &str, n: [usize; 4]) {
    let rows = world.rows_of(organization);
    let Some(row) = rows.invitations.get(&world.some_invitation(organization, n[0])) else { return };
    let purpose = if n[1].is_multiple_of(2) { Purpose::Copied } else { row.mailed_purpose() };
    let id = OrganizationId::parse(organization).unwrap();
    let token = world.keyring.issue(purpose, &id, row.id.as_uuid(), &row.nonce);
    let principal = principal(n[2], n[3]);
    let preview = PreviewToken::new(token.clone()).by(principal.clone());
    let draft = world.look_in(organization, &preview.reads());
    let seen = preview.decide(&world.host(), &draft, AccountKnown::Unsaid).unwrap();
    assert!(draft.into_commit().is_empty());
    let accept = Accept::token(token, principal.clone());
    let accepted = world.clone().run_in(organization, accept, &Actor::System).map_err(|why| why.code());
    let identity = ["wrong-account", "address-not-verified", "unknown-token", "superseded"];
    match (seen.status, seen.next) {
        (PreviewStatus::Pending, Next::Accept) => {
            assert!(accepted.is_ok_or(|code| !identity.contains(code)))
        }
        (PreviewStatus::Pending, Next::WrongAccount) => assert_eq!(accepted, Err("wrong-account")),
        (PreviewStatus::Pending, Next::VerifyAddress) => assert_eq!(accepted, Err("address-not-verified")),
        (PreviewStatus::Pending, Next::AlreadyMember | Next::Suspended) => assert!(accepted.is_err()),
        (status, next) => {
            assert!(
                matches!(next, Next::RequestNew | Next::AlreadyMember | Next::Suspended | Next::Wait),
                "{status:?} {next:?}"
            );
            assert!(accepted.is_err(), "{status:?}");
        }
    }
}

/// The same of links: what can be joined can be joined but for domains, seats and authority.
fn link_previews_say_what_comes(world: &World, organization: &str, n: [usize; 4]) {
    let rows = world.rows_of(organization);
    let Some(row) = rows.links.get(&world.some_link(organization, n[0])) else { return };
    let id = OrganizationId::parse(organization).unwrap();
    let token = world.keyring.issue(Purpose::Link, &id, row.id.as_uuid(), &row.nonce);
    let principal = principal(n[2], n[3]);
    let preview = PreviewToken::new(token.clone()).by(principal.clone());
    let draft = world.look_in(organization, &preview.reads());
    let seen = preview.decide(&world.host(), &draft, AccountKnown::Unsaid).unwrap();
    assert!(draft.into_commit().is_empty());
    let join = JoinByLink::new(token, principal);
    let joined = world.clone().run_in(organization, join, &Actor::System).map_err(|why| why.code());
    match (seen.status, seen.next) {
        (PreviewStatus::Open, Next::Join) => assert!(joined.is_ok_or(|code| {
            let told = ["address-needed", "domain-not-allowed", "address-of-another-member", "no-seat-left"];
            // What is reduced to what the creator may still grant may be held already.
            let others =
                ["seat-class-not-in-plan", "inviter-no-longer-may", "no-longer-available", "already-member"];
            told.contains(code) || others.contains(code)
        })),
        (PreviewStatus::Open, next) => {
            assert!(matches!(next, Next::AlreadyMember | Next::Ask | Next::Suspended) && joined.is_err());
        }
        (status, _) => assert!(joined.is_err(), "{status:?}"),
    }
}

trait IsOkOr<E> {
    fn is_ok_or(&self, test: impl FnOnce(&E) -> bool) -> bool;
}

impl<T> IsOkOr<&'static str> for Result<T, &'static str> {
    fn is_ok_or(&self, test: impl FnOnce(&&'static str) -> bool) -> bool {
        self.as_ref().err().is_none_or(test)
    }
}

proptest! {
    #![proptest_config(cases(32))]

    /// AUT-2, SEA-1, SEA-3, CON-3, LIF-1, STO-2, STO-7: whatever is done in whatever order, it holds.
    #[test]
    fn whatever_is_done_in_whatever_order_what_must_hold_holds(model in models(), steps in steps(80)) {
        let mut world = World::two(model);
        for step in &steps {
            let organization = ORGANIZATIONS[step.organization];
            previews_say_what_comes(&world, organization, step.n);
            link_previews_say_what_comes(&world, organization, step.n);
            let Some(command) = world.command(step) else { continue };
            let elsewhere = ORGANIZATIONS[1 - step.organization];
            let untouched = world.rows_of(elsewhere).clone();
            let before = world.clone();
            let came = command.run(&mut world, organization, &acts(step, &command));
            prop_assert_eq!(world.rows_of(elsewhere), &untouched, "STO-2");
            match (&command, came.is_ok()) {
                (Command::Accept(accept), true) => {
                    answered_by_whom_it_is_for(&before, organization, accept.claim(), accept.principal());
                }
                (Command::Unsubscribe(unsubscribe), true) => {
                    prop_assert_eq!(unsubscribe.token().purpose(), Purpose::Unsubscribe);
                    prop_assert_eq!(unsubscribe.token().organization().as_str(), organization);
                }
                (Command::JoinByLink(join), true) => {
                    // LNK-4, TOK-5: by the token that the link has now, and of this organization.
                    let token = join.token();
                    prop_assert_eq!((token.purpose(), token.organization().as_str()), (Purpose::Link, organization));
                    let row = &before.rows_of(organization).links[&LinkId::from_uuid(token.id())];
                    prop_assert!(before.keyring.verify(token, &row.nonce));
                    let vouched = join.principal().vouched();
                    let fits = |address: &EmailAddress| row.settings.domains.permits(address);
                    prop_assert!(row.settings.domains == DomainRules::new() || vouched.iter().any(fits), "IDN-8");
                }
                _ => {}
            }
        }
    }

    /// Commands that wait together are decided on one draft: to the same end as one after the other.
    #[test]
    fn many_on_one_draft_come_to_the_same_as_one_by_one(
        model in models(), history in steps(30), batch in steps(8)
    ) {
        let mut world = World::two(model);
        for step in &history {
            if let Some(command) = world.command(step) {
                let _came = command.run(&mut world, ORGANIZATIONS[step.organization], &acts(step, &command));
            }
        }
        let now = world.now;
        let batch = batch.iter().filter_map(|step| {
            let command = world.clone().command(step)?;
            Some((acts(step, &command), command))
        });
        // Tidying after closing leaves what was not due when it was loaded, and says so; erasing, what came to the
        // person since.
        let batch = batch.filter(|(_, command)| !matches!(command, Command::Tidy(_) | Command::Erase(_)));
        let batch = batch.collect::<Vec<_>>();
        prop_assert_eq!(world.now, now);
        let id = OrganizationId::parse(ACME).unwrap();
        let entropies = batch.iter().map(|(_, command)| world.entropy(command.makes())).collect::<Vec<_>>();
        let commit = CommitId::from_parts(world.now, [0; 10]);
        let drafted = |world: &World, reads: &Reads| Draft::new(world.rows().load(&id, reads, now), now, commit);

        let mut serial = world.clone();
        let mut one_by_one = Vec::new();
        for ((actor, command), entropy) in batch.iter().zip(&entropies) {
            let mut draft = drafted(&serial, &command.reads(actor));
            one_by_one.push(command.decide(&world.host(), actor, entropy.clone(), &mut draft));
            serial.store.apply(&draft.into_commit());
        }

        let mut reads = Reads::new();
        for (actor, command) in &batch {
            reads.extend(command.reads(actor));
        }
        let mut draft = drafted(&world, &reads);
        let together = batch.iter().zip(&entropies).map(|((actor, command), entropy)| {
            command.decide(&world.host(), actor, entropy.clone(), &mut draft)
        });
        let together = together.collect::<Vec<_>>();
        prop_assert_eq!(&together, &one_by_one);
        let folded = (*draft).clone();
        world.store.apply(&draft.into_commit());
        checks::rows_are_as_folded(&folded, world.rows());
        checks::invariants(world.rows());
        prop_assert_eq!(world.rows(), serial.rows());
    }
}

/// The histories would show little if most commands were refused.
#[test]
fn histories_reach_most_outcomes_and_most_kinds_of_facts() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let all = |of: &str, what: &str| what.split(' ').map(|what| format!("{of}-{what}")).collect::<Vec<_>>();
    let mut wanted = all("group", "created changed archived restored closed settled");
    wanted.extend(all("link", "created edited switched-off switched-on refreshed used handed-over ended"));
    wanted.extend(all("member", "suspended restored"));
    wanted.extend(["invitation-erased", "request-erased", "member-erased"].map(str::to_owned));
    wanted.extend(all("request", "made approved denied withdrawn expired settled"));
    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut codes) = (BTreeSet::new(), BTreeSet::new());
    // As many as it takes, and no more than that.
    for _ in 0..300 {
        wanted.retain(|kind| !kinds.contains(kind.as_str()));
        if wanted.is_empty() && kinds.len() >= 43 && codes.len() >= 50 {
            break;
        }
        let model = model().creators_role("lead").request_expiry(TimeDelta::days(2));
        let mut world = World::two(model);
        for step in steps(200).new_tree(&mut runner).unwrap().current() {
            if let Some(command) = world.command(&step) {
                let organization = ORGANIZATIONS[step.organization];
                codes.extend(command.run(&mut world, organization, &acts(&step, &command)).err());
            }
        }
        for organization in ORGANIZATIONS {
            kinds.extend(world.rows_of(organization).events.iter().map(|record| record.kind));
        }
    }
    assert!(wanted.is_empty(), "never made: {wanted:?}");
    assert!(kinds.len() >= 44, "{} kinds: {kinds:?}", kinds.len());
    assert!(codes.len() >= 50, "{} codes: {codes:?}", codes.len());
}
