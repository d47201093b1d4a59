//! F1. Seat limits and "one owner remains" hold under any concurrency, in one process and in two, whether pending
//! invitations reserve seats or seats are taken on acceptance.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use chrono::TimeDelta;
use invite::core::{Domain, LinkSettings, VerifiedDomain};
use invite::{
    Access, Acting, FormerOwner, Grant, GroupSettings, Include, Inclusion, InvitationFilter, InvitationId,
    InvitationState, Limit, NewMember, PageRequest, Plan, Principal, Rate, RequestId, SeatPolicy, Settings,
    Token,
};
use tests::{Listed, World, at_once, code, newcomer, on_every_store, person, token, user};

/// Every way to run the host: with one process or two, with reservations or without. Each on a store of its own.
async fn hosts(world: &World) -> Vec<(Vec<World>, SeatPolicy)> {
    let mut hosts = Vec::new();
    for policy in [SeatPolicy::ReserveOnInvite, SeatPolicy::TakeOnAccept] {
        for processes in 1..=2 {
            let first = World::on(world.store.another().await);
            let others = (1..processes).map(|_| first.another_process()).collect::<Vec<_>>();
            hosts.push(([vec![first], others].concat(), policy));
        }
    }
    hosts
}

/// How often each code came.
fn counted(codes: Vec<&'static str>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for code in codes {
        *counts.entry(code).or_default() += 1;
    }
    counts
}

fn members() -> Grant {
    Grant::role("member")
}

/// The processes in turn.
fn turn(processes: &[World], index: usize) -> World {
    processes[index % processes.len()].clone()
}

/// Accepts by the link in the last mail to an address, and says what came of it.
async fn accept(world: World, to: String, who: Principal) -> &'static str {
    code(world.invite.accept(&world.token_to(&to), who).await)
}

/// Requires of the log that at every moment no more seats were taken than the plan had (SEA-1).
async fn require_seats_throughout(acme: &Acting, class: &str) {
    let events = acme.organization().events(0, 1_000).await.unwrap();
    let (mut limit, mut taken) = (0, 0);
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event.sequence, index as u64 + 1, "the log has no gap");
        let seat = format!("\"seat\":\"{class}\"");
        match event.kind.as_str() {
            "organization-created" | "plan-changed" => {
                let (_, after) = event.data.split_once("\"after\"").unwrap();
                let (_, rest) = after.split_once(&format!("\"{class}\":{{\"at_most\":")).unwrap();
                limit = rest.split_once('}').unwrap().0.parse::<usize>().unwrap();
            }
            "member-joined" if event.data.contains(&seat) => {
                taken += 1;
                assert!(taken <= limit, "member {taken} of {limit} joined at {}", event.sequence);
            }
            "member-left" | "member-removed" if event.data.contains(&seat) => taken -= 1,
            _ => {}
        }
    }
    assert_eq!(acme.seats_of(class).await, (taken as u32, 0), "the log tells all of it");
}

on_every_store! {
    async fn f1_ten_seats_and_fifty_at_once_make_ten_members(world) {
        for (processes, policy) in hosts(&world).await {
            let acme = processes[0].acme_on(Plan::seats("team", 10).seat_policy(policy)).await;
            let fifty = (0..50).map(|n| {
                let world = turn(&processes, n);
                async move { code(world.acme_by("ada").invite(format!("u{n}@example.com"), members()).await) }
            });
            let invited = counted(at_once(fifty).await);
            let expected = match policy {
                SeatPolicy::TakeOnAccept => BTreeMap::from([("ok", 50)]),
                _ => BTreeMap::from([("no-seat-left", 40), ("ok", 10)]),
            };
            assert_eq!(invited, expected, "{policy:?}");
            processes[0].deliver().await;

            let waiting = acme.waiting().await;
            let answers = waiting.iter().cloned().enumerate().map(|(n, to)| {
                let name = to.trim_end_matches("@example.com").to_owned();
                accept(turn(&processes, n), to, person(&name))
            });
            let counts = counted(at_once(answers).await);
            assert_eq!(counts["ok"], 10, "{policy:?}: {counts:?}");
            assert_eq!(counts.get("no-seat-left").copied().unwrap_or(0), waiting.len() - 10, "{counts:?}");
            assert_eq!(acme.users().await.len(), 11, "ten and the owner, who takes no seat");
            assert_eq!(acme.seats_of("team").await, (10, 0));
            require_seats_throughout(&acme, "team").await;
        }
    }

    async fn f1_ten_seats_are_ten_by_every_way_in_at_once_sea_1(world) {
        // Each way by itself, and then all of them at once, in turns.
        for ways in WAYS.chunks(1).chain([&WAYS[..]]) {
            for (processes, policy) in hosts(&world).await {
                let world = &processes[0];
                let acme = world.acme_on(plan(50, policy)).await;
                let mut ready = Vec::new();
                for (index, way) in ways.iter().enumerate() {
                    let who = (index..50).step_by(ways.len()).collect::<Vec<_>>();
                    ready.push(way.prepare(world, &acme, &who).await);
                }
                acme.organization().as_system().change_plan(plan(10, policy)).await.unwrap();
                let fifty = (0..50).map(|n| {
                    let way = n % ways.len();
                    let (world, way, ready) = (turn(&processes, n / ways.len()), ways[way], ready[way].clone());
                    async move { way.come(&world, &ready, n).await }
                });
                let counts = counted(at_once(fifty).await);
                let expected = BTreeMap::from([("no-seat-left", 40), ("ok", 10)]);
                assert_eq!(counts, expected, "{ways:?} {policy:?}");
                assert_eq!(acme.seats_of("team").await, (10, 0), "{ways:?} {policy:?}");
                let page = PageRequest::first(PageRequest::MAX_ROWS);
                let members = acme.members(&Default::default(), &page).await.unwrap().items;
                let seated = members.iter().filter(|member| member.seat.as_ref().is_some_and(|seat| *seat == "team".into()));
                assert_eq!(seated.count(), 10, "{ways:?} {policy:?}");
            }
        }
    }

    /// CON-4: a use is counted where somebody joins, and not where no seat was left.
    async fn f1_a_link_is_used_as_often_as_it_brought_somebody_con_4(world) {
        for (processes, policy) in hosts(&world).await {
            let acme = processes[0].acme_on(plan(6, policy)).await;
            let settings = LinkSettings::new("Team", members()).max_uses(8);
            let link = acme.create_link(settings).await.unwrap().link;
            let token = token(&acme.show_link(link).await.unwrap().reveal());
            let thirty = (0..30).map(|n| {
                let (world, token) = (turn(&processes, n), token.clone());
                async move { code(world.invite.join(&token, person(&format!("u{n}"))).await) }
            });
            let counts = counted(at_once(thirty).await);
            assert_eq!(counts, BTreeMap::from([("no-seat-left", 24), ("ok", 6)]), "{policy:?}");
            let uses = async || acme.organization().link(link).await.unwrap().unwrap().uses;
            assert_eq!(uses().await, 6);
            acme.organization().as_system().change_plan(plan(50, policy)).await.unwrap();
            let thirty = (30..60).map(|n| {
                let (world, token) = (turn(&processes, n), token.clone());
                async move { code(world.invite.join(&token, person(&format!("u{n}"))).await) }
            });
            let counts = counted(at_once(thirty).await);
            assert_eq!(counts, BTreeMap::from([("link-used-up", 28), ("ok", 2)]), "{policy:?}");
            assert_eq!((uses().await, acme.seats_of("team").await), (8, (8, 0)));
        }
    }

    async fn f1_one_invitation_accepted_twenty_times_at_once_makes_one_member(world) {
        for (processes, policy) in hosts(&world).await {
            for same in [true, false] {
                let first = World::on(processes[0].store.another().await);
                let processes = processes.iter().map(|_| first.another_process()).collect::<Vec<_>>();
                let acme = first.acme_on(Plan::seats("team", 5).seat_policy(policy)).await;
                acme.invite("bob@example.com", members()).await.unwrap();
                first.deliver().await;
                let twenty = (0..20).map(|n| {
                    let who = if same { person("bob") } else { newcomer(&format!("bob{n}")) };
                    accept(turn(&processes, n), "bob@example.com".to_owned(), who)
                });
                let counts = counted(at_once(twenty).await);
                assert_eq!(counts, BTreeMap::from([("already-accepted", 19), ("ok", 1)]), "{policy:?}");
                assert_eq!(acme.users().await.len(), 2);
                assert_eq!(acme.seats_of("team").await, (1, 0));
            }
        }
    }

    async fn f1_one_address_invited_twenty_times_at_once_is_pending_once(world) {
        for (processes, policy) in hosts(&world).await {
            let acme = processes[0].acme_on(Plan::seats("team", 5).seat_policy(policy)).await;
            let twenty = (0..20).map(|n| {
                let world = turn(&processes, n);
                let spelled = if n % 2 == 0 { "bob@example.com" } else { "Bob@EXAMPLE.com" };
                async move { code(world.acme_by("ada").invite(spelled, members()).await) }
            });
            let counts = counted(at_once(twenty).await);
            assert_eq!(counts, BTreeMap::from([("already-invited", 19), ("ok", 1)]), "{policy:?}");
            assert_eq!(acme.waiting().await.len(), 1);
            assert_eq!(processes[0].deliver().await.sent, 1);
        }
    }

    /// ABU-2.
    async fn f1_twenty_invite_at_once_and_five_an_hour_are_invited(world) {
        let five = Rate::per(5, TimeDelta::hours(1)).unwrap();
        for (processes, policy) in hosts(&world).await {
            for of_each in [true, false] {
                let first = World::on(processes[0].store.another().await);
                let processes = processes.iter().map(|_| first.another_process()).collect::<Vec<_>>();
                let plan = Plan::seats("team", 50).seat_policy(policy);
                let plan = if of_each { plan.inviter_rate(five) } else { plan.organization_rate(five) };
                let acme = first.acme_on(plan).await;
                let twenty = (0..20).map(|n| {
                    let world = turn(&processes, n);
                    async move { code(world.acme_by("ada").invite(format!("u{n}@example.com"), members()).await) }
                });
                let counts = counted(at_once(twenty).await);
                assert_eq!(counts, BTreeMap::from([("ok", 5), ("too-many-invitations", 15)]), "{policy:?}");
                assert_eq!(acme.waiting().await.len(), 5);
                assert_eq!(first.deliver().await.sent, 5, "no mail of those refused");
            }
        }
    }

    async fn f1_of_accept_and_revoke_one_wins(world) {
        for (processes, policy) in hosts(&world).await {
            let mut won = BTreeMap::<_, usize>::new();
            let acme = processes[0].acme_on(Plan::seats("team", 100).seat_policy(policy)).await;
            for round in 0..25 {
                let (to, name) = (format!("u{round}@example.com"), format!("u{round}"));
                let id = acme.invite(to.as_str(), members()).await.unwrap().invitations().next().unwrap();
                processes[0].deliver().await;
                let [accepted, revoked] =
                    accept_against(&processes, round, &to, &name, Against::Revoke(id)).await;
                match (accepted, revoked) {
                    ("ok", "already-accepted") => assert!(acme.users().await.contains(&name)),
                    ("revoked", "ok") => assert!(!acme.users().await.contains(&name)),
                    both => panic!("round {round}: {both:?}"),
                }
                *won.entry(accepted).or_default() += 1;
            }
            let (used, reserved) = acme.seats_of("team").await;
            assert_eq!(
                (used as usize, reserved),
                (acme.users().await.len() - 1, 0),
                "every seat is accounted for"
            );
            let ended = |code| won.get(code).copied().unwrap_or_default();
            assert_eq!(acme.users().await.len() - 1, ended("ok"), "whose accept was told joined");
            for (state, count) in
                [(InvitationState::Accepted, ended("ok")), (InvitationState::Revoked, ended("revoked"))]
            {
                let filter = InvitationFilter { state: Some(state), ..Default::default() };
                let page = PageRequest::first(PageRequest::MAX_ROWS);
                let listed = acme.organization().invitations(&filter, &page).await.unwrap();
                assert_eq!(listed.items.len(), count, "{state}: {won:?}");
            }
        }
    }

    async fn f1_after_a_resend_the_old_link_never_works(world) {
        for (processes, policy) in hosts(&world).await {
            let acme = processes[0].acme_on(Plan::seats("team", 100).seat_policy(policy)).await;
            for round in 0..25 {
                let (to, name) = (format!("u{round}@example.com"), format!("u{round}"));
                let id = acme.invite(to.as_str(), members()).await.unwrap().invitations().next().unwrap();
                processes[0].deliver().await;
                let old = processes[0].token_to(&to);
                let [accepted, resent] =
                    accept_against(&processes, round, &to, &name, Against::Resend(id)).await;
                match (accepted, resent) {
                    ("ok", "already-accepted") => {}
                    ("superseded", "ok") => {
                        for process in &processes {
                            assert_eq!(code(process.invite.accept(&old, person(&name)).await), "superseded");
                        }
                        processes[0].deliver().await;
                        assert_eq!(accept(processes[0].clone(), to, person(&name)).await, "ok");
                    }
                    both => panic!("round {round}: {both:?}"),
                }
                assert_ne!(code(processes[0].invite.accept(&old, person(&name)).await), "ok");
            }
            assert_eq!(acme.users().await.len(), 26);
        }
    }

    async fn f1_of_two_owners_who_leave_at_once_one_remains(world) {
        for (processes, policy) in hosts(&world).await {
            let acme = processes[0].acme_on(Plan::seats("team", 100).seat_policy(policy)).await;
            let organization = acme.organization().clone();
            let mut owner = "ada".to_owned();
            for round in 0..10 {
                let other = format!("o{round}");
                organization
                    .as_system()
                    .add_members([NewMember::new(user(&other), members())])
                    .await
                    .unwrap();
                let offered =
                    organization.by(&owner).offer_ownership(&other, FormerOwner::Stays).await.unwrap();
                organization.accept(offered.invitation, newcomer(&other)).await.unwrap();

                let leaving = [owner.clone(), other.clone()].into_iter().enumerate().map(|(n, name)| {
                    let acting = turn(&processes, round + n).acme_by(&name);
                    // One leaves, and the other leaves too or steps down.
                    let steps_down = n == 1 && round % 2 == 1;
                    async move {
                        if steps_down {
                            code(acting.change_access(&name, members()).await)
                        } else {
                            code(acting.leave().await)
                        }
                    }
                });
                let left = at_once(leaving).await;
                owner = match left[..] {
                    ["ok", "last-owner"] => other,
                    ["last-owner", "ok"] => owner,
                    _ => panic!("round {round}: {left:?}"),
                };
                assert_eq!(organization.get().await.unwrap().counts.owners, 1);
            }
        }
    }

    async fn f1_promotions_at_once_take_no_more_seats_than_there_are(world) {
        for (processes, policy) in hosts(&world).await {
            let plan = Plan::seats("team", 5).and_seats("client", Limit::Unlimited).seat_policy(policy);
            let acme = processes[0].acme_on(plan).await;
            let clients = (0..20).map(|n| NewMember::new(user(&format!("c{n}")), Grant::role("client")));
            acme.add_members(clients).await.unwrap();
            let twenty = (0..20).map(|n| {
                let acting = turn(&processes, n).acme_by("ada");
                async move { code(acting.change_access(format!("c{n}"), members()).await) }
            });
            let counts = counted(at_once(twenty).await);
            assert_eq!(counts, BTreeMap::from([("no-seat-left", 15), ("ok", 5)]), "{policy:?}");
            assert_eq!((acme.seats_of("team").await, acme.seats_of("client").await), ((5, 0), (15, 0)));
        }
    }

    async fn f1_a_lower_plan_removes_nobody_and_lets_nobody_more_in(world) {
        for processes in 1..=2 {
            let first = World::on(world.store.another().await);
            let processes =
                (0..processes).map(|n| if n == 0 { first.clone() } else { first.another_process() });
            let processes = processes.collect::<Vec<_>>();
            let plan = |seats| Plan::seats("team", seats).seat_policy(SeatPolicy::TakeOnAccept);
            let acme = first.acme_on(plan(20)).await;
            let list = (0..20).map(|n| format!("u{n}@example.com\n")).collect::<String>();
            acme.invite(list, members()).await.unwrap();
            first.deliver().await;

            let racing = (0..21).map(|n| {
                let world = turn(&processes, n);
                async move {
                    let system = world.acme_by("ada").organization().as_system();
                    match n {
                        10 => code(system.change_plan(plan(5)).await),
                        11.. => {
                            accept(world, format!("u{}@example.com", n - 1), person(&format!("u{}", n - 1)))
                                .await
                        }
                        _ => accept(world, format!("u{n}@example.com"), person(&format!("u{n}"))).await,
                    }
                }
            });
            let codes = at_once(racing).await;
            let joined = codes.iter().filter(|code| **code == "ok").count() - 1;
            assert_eq!(codes.iter().filter(|code| **code == "no-seat-left").count(), 20 - joined);
            assert!(joined >= 5, "there was room for five: {codes:?}");
            assert_eq!(acme.users().await.len(), joined + 1);
            require_seats_throughout(&acme, "team").await;
        }
    }
}

fn plan(team: u32, policy: SeatPolicy) -> Plan {
    Plan::seats("team", team).and_seats("client", Limit::Unlimited).seat_policy(policy)
}

/// A way in that takes a seat when it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WayIn {
    Link,
    Approval,
    Domain,
    OpenGroup,
    Restore,
    Add,
    Include,
}

const WAYS: [WayIn; 7] = [
    WayIn::Link,
    WayIn::Approval,
    WayIn::Domain,
    WayIn::OpenGroup,
    WayIn::Restore,
    WayIn::Add,
    WayIn::Include,
];

/// What those need who come in.
#[derive(Clone, Default)]
struct Ready {
    token: Option<Token>,
    requests: BTreeMap<usize, RequestId>,
}

impl WayIn {
    /// Opens the way, for these to go.
    async fn prepare(self, world: &World, acme: &Acting, who: &[usize]) -> Ready {
        let host = acme.organization().as_system();
        let users = || who.iter().map(|n| user(&format!("u{n}")));
        let added = |grant: Grant| users().map(move |user| NewMember::new(user, grant.clone()));
        let link = async |settings: LinkSettings| {
            let link = acme.create_link(settings).await.unwrap().link;
            token(&acme.show_link(link).await.unwrap().reveal())
        };
        let settings = LinkSettings::new("Team", members());
        match self {
            Self::Link => Ready { token: Some(link(settings).await), ..Ready::default() },
            Self::Approval => {
                let token = link(settings.by_request()).await;
                let mut requests = BTreeMap::new();
                for n in who {
                    let asked = world.invite.ask_to_join(&token, person(&format!("u{n}"))).await.unwrap();
                    requests.insert(*n, asked.request);
                }
                Ready { requests, ..Ready::default() }
            }
            Self::Domain => {
                let domain = Domain::parse("example.com").unwrap();
                let joins = VerifiedDomain::joins(members());
                host.change_verified_domains([(domain, joins)]).await.unwrap();
                Ready::default()
            }
            Self::OpenGroup => {
                let open = GroupSettings::named("Red").open_with(Access::role("member"));
                acme.create_group("red", open).await.unwrap();
                host.add_members(added(Grant::role("client"))).await.unwrap();
                Ready::default()
            }
            Self::Restore => {
                host.add_members(added(members())).await.unwrap();
                host.suspend_members(users()).await.unwrap();
                Ready::default()
            }
            Self::Add => Ready::default(),
            Self::Include => {
                let settings = Settings::named("Acme Ltd").inclusion(Inclusion::Asked);
                acme.change_settings(settings).await.unwrap();
                Ready::default()
            }
        }
    }

    /// One of them goes it, and is told what came of it.
    async fn come(self, world: &World, ready: &Ready, n: usize) -> &'static str {
        let (acme, name) = (world.acme_by("ada"), format!("u{n}"));
        let organization = acme.organization();
        match self {
            Self::Link => code(world.invite.join(ready.token.as_ref().unwrap(), person(&name)).await),
            Self::Approval => code(acme.approve(ready.requests[&n]).await),
            Self::Domain => code(organization.join_by_domain(person(&name)).await),
            Self::OpenGroup => code(organization.join_group("red", person(&name)).await),
            Self::Restore => code(acme.restore_member(name.as_str()).await),
            Self::Add => code(acme.add_members([NewMember::new(user(&name), members())]).await),
            Self::Include => {
                let invite = acme.invite(user(&name), members());
                code(invite.with(|invite| invite.include(Include::Yes)).await)
            }
        }
    }
}

/// What happens to an invitation while it is accepted.
#[derive(Clone, Copy)]
enum Against {
    Revoke(InvitationId),
    Resend(InvitationId),
}

/// Accepts, and does something else at the same moment, in another process if there are two. Gives both codes.
async fn accept_against(
    processes: &[World],
    round: usize,
    to: &str,
    name: &str,
    against: Against,
) -> [&'static str; 2] {
    let (accepting, other) = (turn(processes, round), turn(processes, round + 1));
    let (token, who) = (processes[0].token_to(to), person(name));
    let racing = (0..2).map(|n| {
        // Whoever is started first has a small advantage.
        let (accepting, other, token, who) =
            (accepting.clone(), other.acme_by("ada"), token.clone(), who.clone());
        async move {
            match ((n + round) % 2, against) {
                (0, _) => (0, code(accepting.invite.accept(&token, who).await)),
                (_, Against::Revoke(id)) => (1, code(other.revoke(id).await)),
                (_, Against::Resend(id)) => (1, code(other.resend(id).await)),
            }
        }
    });
    let mut codes = [""; 2];
    for (which, code) in at_once(racing).await {
        codes[which] = code;
    }
    codes
}
