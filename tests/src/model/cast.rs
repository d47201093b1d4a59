//! Who plays, with which roles, in which organizations.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{
    AccessModelBuilder, Approvers, ContinueUrls, Domain, Inclusion, Invitee, Principal, VerifiedDomain,
};
use invite::{
    Access, AccessModel, Actor, DomainRule, DomainRules, EmailAddress, Expiry, Grant, Grants, GroupId,
    GroupSettings, InviterPolicy, Limit, LinkSettings, OwnerSeat, Permission, Plan, Rate, Restriction, Role,
    SeatPolicy, Settings, TheirInvitations, UserId,
};
use proptest::prelude::*;

use crate::people::{address, group, user};
use crate::world::start;

/// The two organizations. Neither may ever see anything of the other (STO-2).
pub const ORGANIZATIONS: [&str; 2] = ["acme", "other"];

/// The groups that each organization has from the beginning, and those that may come.
pub(super) const GROUPS: [&str; 8] = ["red", "blue", "green", "grey", "gold", "pink", "plum", "teal"];

/// How many groups there are from the beginning.
pub(super) const FIRST_GROUPS: usize = 2;

/// Everybody. The first two own one organization each; who follows has other rights, or none yet.
const NAMES: [&str; 8] = ["ada", "ben", "cat", "dan", "eve", "fay", "gus", "hal"];

/// The number of the host itself among those who act.
pub(super) const HOST: usize = NAMES.len();

const WORK: [&str; 6] =
    ["posts.view", "posts.create", "posts.publish", "analytics.view", "accounts.connect", "accounts.delete"];

/// The resources that restrictions name, and one that nobody names.
pub(super) const RESOURCES: [&str; 4] = ["a", "b", "c", "elsewhere"];

/// What a host may declare differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// What becomes of invitations whose inviter may not grant them any more.
    pub inviter: InviterPolicy,
    /// What becomes of invite links whose creator may not grant them any more.
    pub links: InviterPolicy,
    /// Whether owners take a seat.
    pub owners: OwnerSeat,
    /// The role in a group of whoever creates it.
    pub creators: Option<&'static str>,
    /// Who may not approve a request beside whoever asked.
    pub approvers: Approvers,
    /// What becomes of requests behind which nobody stands any more.
    pub requests: InviterPolicy,
}

impl Rules {
    /// Any of them.
    pub(super) fn any() -> impl Strategy<Value = Self> {
        use InviterPolicy::{Keep, Reduce, Strict};
        let owners = prop::sample::select(vec![OwnerSeat::Exempt, OwnerSeat::Counted]);
        let creators = prop::sample::select(vec![None, Some("lead"), Some("admin")]);
        let inviter = prop::sample::select(vec![Strict, Keep, Reduce]);
        let links = prop::sample::select(vec![Keep, Strict, Reduce]);
        let approvers = vec![Approvers::AllButProposer, Approvers::AllButRequester, Approvers::AllButInviter];
        let approvers = prop::sample::select(approvers);
        let requests = prop::sample::select(vec![Keep, Strict, Reduce]);
        let policies = (inviter, links, requests);
        (policies, owners, creators, approvers).prop_map(|(policies, owners, creators, approvers)| {
            let (inviter, links, requests) = policies;
            Self { inviter, links, owners, creators, approvers, requests }
        })
    }

    /// `admin` may do all but close, `lead` invites and manages members, clients, groups and links, `member` works and
    /// proposes, `client` looks.
    pub(super) fn model(self) -> AccessModel {
        let own = Permission::OWN.into_iter().filter(|own| *own != Permission::CLOSE);
        let leads = [
            Permission::INVITE,
            Permission::PROPOSE,
            Permission::ADD,
            Permission::CHANGE_ACCESS,
            Permission::REMOVE,
            Permission::VIEW,
            Permission::CREATE_GROUPS,
            Permission::MANAGE_GROUP,
            Permission::LINKS,
        ];
        let work = ["posts.view", "posts.create", "posts.publish", "accounts.connect"];
        let builder: AccessModelBuilder = AccessModel::builder()
            .permissions(WORK)
            .resource_kinds(["account", "line"])
            .role(Role::new("admin").with(WORK).with(own).may_grant(["admin", "lead", "member", "client"]))
            .role(Role::new("lead").with(work).with(leads).may_grant(["member", "client"]))
            .role(Role::new("member").with(work).with([Permission::PROPOSE]))
            .role(Role::new("client").with(["posts.view", "accounts.connect"]).never(["accounts.delete"]))
            .seat("team", ["posts.publish"])
            .seat("client", [] as [&str; 0]);
        let builder = builder.inviter_policy(self.inviter).link_policy(self.links).owner_seat(self.owners);
        let builder = builder.approvers(self.approvers).request_policy(self.requests);
        let builder = builder.continue_urls(ContinueUrls::new().allow(PAGES[0]).unwrap());
        match self.creators {
            Some(role) => builder.creators_role(role),
            None => builder,
        }
        .build()
        .unwrap()
    }
}

pub(super) fn name(n: usize) -> UserId {
    user(NAMES[n % NAMES.len()])
}

pub(super) fn everybody() -> impl Iterator<Item = UserId> {
    NAMES.into_iter().map(user)
}

pub(super) fn actor(n: usize) -> Actor {
    if n == HOST { Actor::System } else { Actor::User(name(n)) }
}

/// Everybody has an address at `example.com`, and another one at `work.example`.
pub(super) fn address_of(n: usize) -> EmailAddress {
    let domain = if n % 3 == 2 { "work.example" } else { "example.com" };
    address(&format!("{}@{domain}", name(n / 3)))
}

pub(super) fn invitee(n: usize) -> Invitee {
    if n.is_multiple_of(4) { name(n / 4).into() } else { address_of(n).into() }
}

/// Somebody, with none, one, both, or a wrong one of their addresses vouched for.
pub(super) fn principal(n: usize, vouch: usize) -> Principal {
    let bare = Principal::new(name(n));
    let own = |domain: &str| address(&format!("{}@{domain}", name(n)));
    match vouch % 8 {
        0 | 1 => bare,
        2..=4 => bare.vouching(own("example.com")),
        5 | 6 => bare.vouching(own("example.com")).vouching(own("work.example")),
        _ => bare.vouching(address_of(vouch)),
    }
}

/// Whoever an invitation is for, as the host knows them.
pub(super) fn meant(invitee: &Invitee, vouched: bool) -> Principal {
    match invitee {
        Invitee::User(user) => Principal::new(user.clone()),
        Invitee::Address(address) => {
            let bare = Principal::new(user(address.local()));
            if vouched { bare.vouching(address.clone()) } else { bare }
        }
        Invitee::Erased(_) => Principal::new(user("nobody")),
    }
}

/// What may be granted; where it says red or blue, in the two groups that are given.
pub(super) fn grants(n: usize, [red, blue]: [&GroupId; 2]) -> Grants {
    let a = || Restriction::only(["a"]);
    let within = |role: &str, group: &GroupId| Grant::role(role).in_group(group.clone());
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
        9 => within("member", red).into(),
        10 => within("client", red).into(),
        11 => within("lead", red).into(),
        12 => within("member", blue).restricted("line", a()).into(),
        13 => [within("member", red), within("client", blue)].into(),
        14 => [Grant::role("client"), within("lead", blue)].into(),
        _ => [within("admin", blue), within("member", red).adding("analytics.view")].into(),
    }
}

/// A time that no history comes to.
pub(super) fn horizon() -> DateTime<Utc> {
    start() + TimeDelta::days(14_600)
}

/// The same, sometimes until a time that no history comes to: nobody gives for longer than they hold it (F14).
pub(super) fn limited(n: usize, grants: Grants) -> Grants {
    let end = match n % 8 {
        0 => horizon(),
        1 => horizon() + TimeDelta::days(3_650),
        _ => return grants,
    };
    grants.iter().map(|(scope, access)| Grant::new(scope.clone(), access.clone().until(end))).collect()
}

/// The groups that there are from the beginning.
pub(super) fn first_groups() -> [GroupId; 2] {
    [group(GROUPS[0]), group(GROUPS[1])]
}

/// What is set about a group: who comes in by themselves, with what.
pub(super) fn group_settings(n: usize, access: usize) -> GroupSettings {
    let access = match access % 4 {
        0 => Access::role("member"),
        1 => Access::role("lead"),
        2 => Access::role("client").restricted("account", Restriction::only(["a"])),
        _ => Access::role("client"),
    };
    let named = GroupSettings::named(["Red", "Blue"][n % 2]);
    match n % 7 {
        0 => named,
        1 | 2 => named.by_request_with(access),
        3 => named.open_with(access).described("We paint.").about("https://red.example/"),
        _ => named.open_with(access),
    }
}

/// What those get who join by a link: mostly little.
pub(super) fn joining(n: usize, groups: [&GroupId; 2]) -> Grants {
    let [red, blue] = groups;
    let client = |group: &GroupId| Grant::role("client").in_group(group.clone());
    match n % 6 {
        0 => client(red).into(),
        1 => [client(red), Grant::role("member").in_group(blue.clone())].into(),
        2 => [Grant::role("client"), client(red)].into(),
        3 => Grant::role("client").into(),
        _ => grants(n / 6, groups),
    }
}

/// What is set about an invite link: mostly sound.
pub(super) fn link_settings(n: usize, grants: Grants, now: DateTime<Utc>) -> LinkSettings {
    let settings = LinkSettings::new(["Clients", "Crew"][n % 2], grants);
    let only = |domain| DomainRules::new().allow(DomainRule::parse(domain).unwrap());
    let hours = TimeDelta::hours;
    match n % 13 {
        0 => settings.max_uses(1),
        1 => settings.max_uses(2),
        2 => settings.opens_at(now + hours(1)),
        3 => settings.closes_at(now + hours(30)),
        4 => settings.opens_at(now).closes_at(now + hours(1)),
        5 => settings.domains(only("example.com")),
        6 => settings.domains(only("work.example")).max_uses(3),
        9 if n < 32 => settings.by_request().continue_to(PAGES[0]),
        9 | 10 => settings.by_request(),
        11 => settings.by_request().max_uses(1),
        12 => settings.continue_to(PAGES[usize::from(n > 48)]),
        7 if n < 32 => settings.max_uses(0),
        8 if n < 32 => settings.opens_at(now + hours(2)).closes_at(now + hours(2)),
        _ => settings,
    }
}

/// Which domains are verified, and how their people come in.
pub(super) fn verified(n: usize, grants: Grants) -> BTreeMap<Domain, VerifiedDomain> {
    let domain = |text| Domain::parse(text).unwrap();
    let own = match n % 4 {
        0 => None,
        1 => Some((domain("example.com"), VerifiedDomain::joins(grants.clone()))),
        _ => Some((domain("example.com"), VerifiedDomain::asks(grants.clone()))),
    };
    let work = (!n.is_multiple_of(3)).then(|| (domain("work.example"), VerifiedDomain::joins(grants)));
    own.into_iter().chain(work).collect()
}

/// The page that the host lets invitations lead on to, and one that it does not.
pub(super) const PAGES: [&str; 2] = ["https://app.example/after", "https://evil.example/after"];

/// Where an invitation or a link leads on to: mostly nowhere of its own, and rarely where it may not.
pub(super) fn page(n: usize) -> Option<&'static str> {
    match n % 16 {
        5 | 6 => Some(PAGES[0]),
        7 => Some(PAGES[1]),
        _ => None,
    }
}

/// When an invitation begins: mostly at once, and rarely when it may not.
pub(super) fn beginning(n: usize, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match n % 24 {
        1..=4 => Some(now + TimeDelta::hours(2)),
        5 => Some(now),
        _ => None,
    }
}

/// Somebody, by all the addresses that they have.
pub(super) fn whole(user: &UserId) -> Principal {
    let own = |domain: &str| address(&format!("{user}@{domain}"));
    Principal::new(user.clone()).vouching(own("example.com")).vouching(own("work.example"))
}

/// How long ended invitations are kept, where that is set.
pub(super) const RETENTION: TimeDelta = TimeDelta::days(1);

/// Whether users are included, which domains may not join, and how long what ended is kept.
pub(super) fn settings(name: &str, n: usize, inclusion: usize) -> Settings {
    let settings = Settings::named(name);
    let settings = match n % 4 {
        0 => settings.domains(DomainRules::new().deny(DomainRule::parse("work.example").unwrap())),
        _ => settings,
    };
    let settings = match n % 3 {
        0 => settings.retention_seconds(u32::try_from(RETENTION.num_seconds()).unwrap()),
        _ => settings,
    };
    settings.inclusion([Inclusion::Off, Inclusion::Asked, Inclusion::Always][inclusion % 3])
}

/// The plan that every organization begins with.
pub(super) fn first_plan() -> Plan {
    Plan::new().and_seats("team", Limit::AtMost(7)).and_seats("client", Limit::AtMost(6))
}

/// How many invitations may be pending, under the plans that say so.
pub(super) const PENDING: u32 = 4;

pub(super) fn plan(n: usize) -> Plan {
    let few = |count: usize| Limit::AtMost(u32::try_from(count).unwrap());
    let plan = Plan::new().and_seats("team", few(1 + n % 6)).and_seats("client", few(2 + n / 6 % 5));
    match n % 8 {
        0 => plan.seat_policy(SeatPolicy::TakeOnAccept),
        1 => plan.pending(Limit::AtMost(PENDING)),
        2 => plan.inviter_rate(Rate::per(2, TimeDelta::hours(3)).unwrap()),
        3 => plan.entitled("account", Restriction::only(["a", "b"])),
        4 => Plan::new().and_seats("client", Limit::Unlimited),
        5 => first_plan(),
        _ => plan,
    }
}

pub(super) fn theirs(n: usize) -> TheirInvitations {
    [TheirInvitations::Keep, TheirInvitations::Revoke, TheirInvitations::HandOver][n % 3]
}

/// An expiry that was asked for: mostly a sound one.
pub(super) fn expiry(n: usize, now: DateTime<Utc>) -> Expiry {
    match n % 5 {
        0 => Expiry::At(now + TimeDelta::hours(1)),
        1 => Expiry::Never,
        2 => Expiry::At(now),
        _ => Expiry::At(now + TimeDelta::days(3)),
    }
}
