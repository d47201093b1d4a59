//! Random histories: any commands by anybody, in two organizations, under a clock that moves (LIF, AUT, SEA).
//!
//! What must hold after every command is checked by [`World::attempt`]; here are the commands, and what is
//! asked of a whole history.

use std::borrow::ToOwned;
use std::collections::BTreeSet;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

const ORGANIZATIONS: [&str; 2] = [ACME, "other"];
const USERS: usize = 7;

/// One step: where, who, what, and numbers that choose among what there is.
#[derive(Debug, Clone)]
struct Step {
    organization: usize,
    actor: usize,
    what: u8,
    n: [usize; 4],
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let n = || 0_usize..64;
    let step = (prop::bool::weighted(0.2), 0..=USERS, 0_u8..64, [n(), n(), n(), n()]);
    let step =
        step.prop_map(|(other, actor, what, n)| Step { organization: usize::from(other), actor, what, n });
    prop::collection::vec(step, 1..most)
}

fn models() -> impl Strategy<Value = AccessModelBuilder> {
    let policies = [InviterPolicy::Strict, InviterPolicy::Keep, InviterPolicy::Reduce];
    let seats = [OwnerSeat::Exempt, OwnerSeat::Counted];
    (prop::sample::select(policies.to_vec()), prop::sample::select(seats.to_vec()))
        .prop_map(|(policy, seat)| model().inviter_policy(policy).owner_seat(seat))
}

macro_rules! commands {
    ($($operation:ident),+ $(,)?) => {
        #[derive(Debug, Clone)]
        #[allow(clippy::large_enum_variant, reason = "there are few at a time")]
        enum Command {
            $($operation($operation),)+
        }

        $(impl From<$operation> for Command {
            fn from(operation: $operation) -> Self {
                Self::$operation(operation)
            }
        })+

        impl Command {
            fn reads(&self, actor: &Actor) -> Reads {
                match self {
                    $(Self::$operation(operation) => operation.reads(actor),)+
                }
            }

            fn makes(&self) -> usize {
                match self {
                    $(Self::$operation(operation) => operation.makes(),)+
                }
            }

            /// Runs it for itself; what came of it, as text.
            fn run(&self, world: &mut World, organization: &str, actor: &Actor) -> Result<String, String> {
                match self {
                    $(Self::$operation(operation) => as_text(world.attempt(organization, operation, actor)),)+
                }
            }

            /// Decides it on a draft that others were decided on before.
            fn decide(&self, host: &Host<'_>, actor: &Actor, entropy: Entropy, draft: &mut Draft) -> Result<String, String> {
                match self {
                    $(Self::$operation(operation) => as_text(decide(operation, host, actor, entropy, draft)),)+
                }
            }
        }
    };
}

commands! {
    Accept, AddMembers, ChangeAccess, ChangePlan, ChangeSettings, ChangeStatus, CreateOrganization, Decline, Edit,
    Invite, Leave, OfferOwnership, Remind, RemoveMembers, Resend, Revoke, Tidy, Unblock, Unsubscribe
}

fn as_text<T: serde::Serialize, R: Refusal>(decided: Result<T, Stop<R>>) -> Result<String, String> {
    match decided {
        Ok(outcome) => Ok(serde_json::to_string(&outcome).unwrap()),
        Err(Stop::Refused(refusal)) => Err(refusal.code().to_owned()),
        Err(stop) => panic!("{stop:?}"),
    }
}

fn name(n: usize) -> String {
    format!("u{}", n % USERS)
}

fn actor(n: usize) -> Actor {
    if n == USERS { Actor::System } else { by(&name(n)) }
}

fn address_of(n: usize) -> EmailAddress {
    let domain = if n % 3 == 2 { "work.example" } else { "example.com" };
    address(&format!("{}@{domain}", name(n / 3)))
}

fn invitee(n: usize) -> Invitee {
    if n.is_multiple_of(4) { user(&name(n / 4)).into() } else { address_of(n).into() }
}

fn principal(n: usize, vouch: usize) -> Principal {
    let new = stranger(&name(n));
    let own = |domain: &str| address(&format!("{}@{domain}", name(n)));
    match vouch % 8 {
        0 | 1 => new,
        2..=4 => new.vouching(own("example.com")),
        5 | 6 => new.vouching(own("example.com")).vouching(own("work.example")),
        _ => new.vouching(address_of(vouch)),
    }
}

fn grants(n: usize) -> Grants {
    let a = || Restriction::only(["a"]);
    match n % 16 {
        0 | 1 => Grant::role("member").into(),
        2 => Grant::role("client").into(),
        3 => Grant::role("admin").into(),
        4 => Grant::role("lead").into(),
        5 => Grant::role("client").adding("posts.publish").into(),
        6 => Grant::role("member").removing("posts.publish").into(),
        7 => Grant::role("member").restricted("account", a()).into(),
        8 => Grant::role("lead")
            .restricted("account", Restriction::only(["a", "b"]))
            .removing("posts.create")
            .into(),
        9 => in_group("member", "red").into(),
        10 => in_group("client", "red").into(),
        11 => in_group("lead", "red").into(),
        12 => in_group("member", "blue").restricted("line", a()).into(),
        13 => [in_group("member", "red"), in_group("client", "blue")].into(),
        14 => [Grant::role("client"), in_group("lead", "blue")].into(),
        _ => [in_group("admin", "blue"), in_group("member", "red").adding("analytics.view")].into(),
    }
}

fn plan(n: usize) -> Plan {
    let few = |count: usize| Limit::AtMost(u32::try_from(count).unwrap());
    let plan = Plan::new().and_seats("team", few(1 + n % 6)).and_seats("client", few(2 + n / 6 % 5));
    match n % 7 {
        0 => plan.seat_policy(SeatPolicy::TakeOnAccept),
        1 => plan.pending(Limit::AtMost(4)),
        2 => plan.inviter_rate(Rate::per(2, TimeDelta::hours(3)).unwrap()),
        3 => plan.entitled("account", Restriction::only(["a", "b"])),
        4 => Plan::new().and_seats("client", Limit::Unlimited),
        _ => plan,
    }
}

impl World {
    fn two(model: AccessModelBuilder) -> Self {
        let mut world = World::empty(model.build().unwrap());
        for (position, organization) in ORGANIZATIONS.into_iter().enumerate() {
            let owner = user(&name(position));
            let founded = CreateOrganization::new(Settings::named(organization), owner, team_of(7));
            world.run_in(organization, founded, &Actor::System).unwrap();
            for id in ["red", "blue"] {
                let settings = GroupSettings::named(id).by_request_with(Access::role("client"));
                world.run_in(organization, CreateGroup::new(group(id), settings), &Actor::System).unwrap();
            }
        }
        // Somebody of every rank, so that not only owners act from the beginning.
        let restricted = Grant::role("lead").restricted("account", Restriction::only(["a", "b"]));
        let ranks = [Grant::role("admin"), Grant::role("lead"), restricted, in_group("lead", "red")];
        for (n, grant) in (2..).zip(ranks) {
            let member = NewMember::new(user(&name(n)), grant).email(address_of(3 * n));
            world.ok(AddMembers::one(member), &Actor::System);
        }
        world
    }

    fn rows_of(&self, organization: &str) -> &Rows {
        self.store.rows(&OrganizationId::parse(organization).unwrap())
    }

    /// One of the invitations of an organization, the latest first.
    fn some_invitation(&self, organization: &str, n: usize) -> InvitationId {
        let rows = &self.rows_of(organization).invitations;
        let nothing = InvitationId::from_parts(MIN_TIME, [0; 10]);
        rows.keys().rev().nth(n % rows.len().max(1)).copied().unwrap_or(nothing)
    }

    /// A token of any purpose for one of the invitations of any organization, current or a stranger's.
    fn some_token(&self, n: [usize; 4]) -> Token {
        let organization = ORGANIZATIONS[usize::from(n[3].is_multiple_of(8))];
        let id = self.some_invitation(organization, n[0] / 2);
        let row = self.rows_of(organization).invitations.get(&id);
        let purpose = match n[1] % 12 {
            0 => Purpose::Link,
            1 => Purpose::Unsubscribe,
            2..=4 => Purpose::Copied,
            _ => row.map_or(Purpose::Mailed, Invitation::mailed_purpose),
        };
        let earlier = row.and_then(|row| row.earlier_nonces.first()).filter(|_| n[2].is_multiple_of(8));
        let nonce = earlier.or(row.map(|row| &row.nonce)).cloned();
        let nonce = nonce.unwrap_or(Nonce::from_bytes([0; 16]));
        self.keyring.issue(purpose, &OrganizationId::parse(organization).unwrap(), id.as_uuid(), &nonce)
    }

    /// The command that a step is now; `None` for one that lets time pass or a mail go out.
    fn command(&mut self, step: &Step) -> Option<Command> {
        let organization = ORGANIZATIONS[step.organization];
        let n = step.n;
        let some = |world: &World| world.some_invitation(organization, n[0]);
        let soon = |world: &World| match n[3] % 4 {
            0 => Expiry::At(world.now + TimeDelta::hours(1)),
            1 => Expiry::Never,
            2 => Expiry::At(world.now),
            _ => Expiry::At(world.now + TimeDelta::days(3)),
        };
        Some(match step.what {
            0..=13 => {
                let on_pending = [OnPending::Refuse, OnPending::Resend, OnPending::Replace][n[2] % 3];
                let entry = |n: usize| InviteeEntry::new(invitee(n));
                let one = || Invite::new(entry(n[0]), grants(n[1])).on_pending(on_pending);
                match step.what {
                    0 | 1 => {
                        let many = vec![entry(n[0]), entry(n[0] + 1).grants(grants(n[3])), entry(n[0] + 6)];
                        let mode = if n[3].is_multiple_of(3) { Mode::AllOrNothing } else { Mode::Each };
                        Invite::new(many, grants(n[1])).mode(mode).on_pending(on_pending).into()
                    }
                    2 | 3 => one().expires_at(soon(self)).into(),
                    4 => one().message("SECRET MESSAGE").metadata("k", "v").into(),
                    _ => one().into(),
                }
            }
            14..=16 => Resend::new(some(self)).into(),
            17 => Resend::new(some(self)).expires_at(soon(self)).into(),
            18 | 19 => Edit::new(some(self)).grants(grants(n[1])).into(),
            20 => Edit::new(some(self)).expires_at(soon(self)).into(),
            21 => Remind::new(some(self)).into(),
            22 => Revoke::one(some(self)).into(),
            23 => Revoke::many([some(self), self.some_invitation(organization, n[1])]).into(),
            24..=28 => {
                // Mostly by whom it is for.
                let token = self.some_token(n);
                let rows = self.rows_of(token.organization().as_str());
                let row = rows.invitations.get(&InvitationId::from_uuid(token.id()));
                let meant = row.map(|row| match &row.invitee {
                    Invitee::User(user) => Principal::new(user.clone()),
                    Invitee::Address(address) => {
                        let bare = stranger(address.local());
                        if n[3].is_multiple_of(2) { bare } else { bare.vouching(address.clone()) }
                    }
                });
                let principal =
                    meant.filter(|_| !n[2].is_multiple_of(4)).unwrap_or_else(|| principal(n[2], n[3]));
                Accept::token(token, principal).into()
            }
            29..=33 => {
                let id = some(self);
                let row = self.rows_of(organization).invitations.get(&id);
                let meant = row.filter(|_| !n[2].is_multiple_of(4)).map(|row| match &row.invitee {
                    Invitee::User(user) => Principal::new(user.clone()),
                    Invitee::Address(address) => stranger(address.local()).vouching(address.clone()),
                });
                Accept::inbox(id, meant.unwrap_or_else(|| principal(n[1], n[2]))).into()
            }
            34 => {
                let block = if n[3].is_multiple_of(3) { Block::Organization } else { Block::No };
                Decline::token(self.some_token(n), principal(n[2], n[3])).block(block).into()
            }
            35 => {
                let block = if n[3].is_multiple_of(3) { Block::Organization } else { Block::No };
                Decline::inbox(some(self), principal(n[1], n[2])).block(block).reason("no").into()
            }
            36 => Leave::new(user(&name(n[0]))).their_invitations(theirs(n[1])).into(),
            37 | 38 => RemoveMembers::one(user(&name(n[0]))).their_invitations(theirs(n[1])).into(),
            39 => {
                let users = [n[0], n[0] + 1, n[2]].map(|n| user(&name(n)));
                RemoveMembers::many(users).their_invitations(theirs(n[1])).into()
            }
            40..=42 => {
                let member = NewMember::new(user(&name(n[0])), grants(n[1]));
                AddMembers::one(if n[2].is_multiple_of(2) { member } else { member.email(address_of(n[3])) })
                    .into()
            }
            43 => {
                let list = [n[0], n[1], n[2]]
                    .map(|n| NewMember::new(user(&name(n)), grants(n)).email(address_of(n)));
                let mode = if n[3].is_multiple_of(2) { Mode::AllOrNothing } else { Mode::Each };
                AddMembers::many(list).mode(mode).into()
            }
            44..=47 => ChangeAccess::new(user(&name(n[0])), grants(n[1])).into(),
            48 | 49 => {
                let becomes = grants(n[1]).into_iter().next().unwrap().access().clone();
                let former =
                    if n[2].is_multiple_of(2) { FormerOwner::Stays } else { FormerOwner::Becomes(becomes) };
                OfferOwnership::new(user(&name(n[0])), former).into()
            }
            50 => Tidy::new(u32::try_from(n[0]).unwrap()).into(),
            51 => ChangePlan::new(plan(n[0])).into(),
            52 => ChangeStatus::Suspend.into(),
            53..=55 => ChangeStatus::Resume.into(),
            56 if n[0] < 4 => ChangeStatus::Close.into(),
            57 => {
                let kind = SuppressionKind::ALL[n[2] % 2];
                Unblock::new(principal(n[0], n[1]), kind).into()
            }
            58 => Unsubscribe::new(self.some_token(n)).into(),
            59 => {
                let rules = match n[0] % 4 {
                    0 => DomainRules::new().deny(DomainRule::parse("work.example").unwrap()),
                    _ => DomainRules::new(),
                };
                ChangeSettings::new(Settings::named("Acme").domains(rules)).into()
            }
            60..=61 => {
                self.wait(match n[0] % 4 {
                    0 => TimeDelta::days(8),
                    1 => -TimeDelta::minutes(5),
                    _ => TimeDelta::hours(n[1] as i64),
                });
                return None;
            }
            _ => {
                let id = some(self);
                let organization = OrganizationId::parse(organization).unwrap();
                let revision = self.store.rows(&organization).invitations.get(&id)?.revision;
                let now = self.now;
                self.store.rows_mut(&organization).mailed.insert(id, (revision, now));
                return None;
            }
        })
    }
}

fn theirs(n: usize) -> TheirInvitations {
    [TheirInvitations::Keep, TheirInvitations::Revoke, TheirInvitations::HandOver][n % 3]
}

/// Who acts: for commands that name who answers, mostly that one.
fn acts(step: &Step, command: &Command) -> Actor {
    match command {
        Command::ChangePlan(_) | Command::CreateOrganization(_) | Command::Tidy(_) => Actor::System,
        Command::Leave(_) if !step.n[3].is_multiple_of(4) => by(&name(step.n[0])),
        // Owners get furthest.
        _ if step.n[3].is_multiple_of(4) => by(&name(step.organization)),
        _ if step.n[3] % 11 == 1 => Actor::System,
        _ => actor(step.actor),
    }
}

/// IDN-1, IDN-9, TOK-5: whoever answered was who was invited, and the token was one for it.
fn answered_by_whom_it_is_for(world: &World, organization: &str, claim: &Claim, principal: &Principal) {
    let row = &world.rows_of(organization).invitations[&claim.invitation()];
    let vouched = match &row.invitee {
        Invitee::User(user) => user == principal.user(),
        Invitee::Address(address) => principal.vouched().contains(address),
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
        (PreviewStatus::Pending, Next::AlreadyMember) => assert!(accepted.is_err()),
        (status, next) => {
            assert!(matches!(next, Next::RequestNew | Next::AlreadyMember), "{status:?} {next:?}");
            assert!(accepted.is_err(), "{status:?}");
        }
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
        // Tidying after closing leaves what was not due when it was loaded, and says so.
        let batch = batch.filter(|(_, command)| !matches!(command, Command::Tidy(_)));
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

    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..120 {
        let mut world = World::two(model());
        for step in steps(80).new_tree(&mut runner).unwrap().current() {
            if let Some(command) = world.command(&step) {
                let organization = ORGANIZATIONS[step.organization];
                codes.extend(command.run(&mut world, organization, &acts(&step, &command)).err());
            }
        }
        for organization in ORGANIZATIONS {
            kinds.extend(world.rows_of(organization).events.iter().map(|record| record.kind));
        }
    }
    assert!(kinds.len() >= 20, "{} kinds: {kinds:?}", kinds.len());
    assert!(codes.len() >= 25, "{} codes: {codes:?}", codes.len());
}
