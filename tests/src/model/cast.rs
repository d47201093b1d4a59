//! Who plays, with which roles, in which organizations.

use chrono::TimeDelta;
use invite::core::{AccessModelBuilder, Invitee, Principal};
use invite::{
    AccessModel, Actor, EmailAddress, Expiry, Grant, Grants, InviterPolicy, Limit, OwnerSeat, Permission,
    Plan, Rate, Restriction, Role, SeatPolicy, TheirInvitations, UserId,
};

use crate::people::{address, group, user};

/// The two organizations. Neither may ever see anything of the other (STO-2).
pub const ORGANIZATIONS: [&str; 2] = ["acme", "other"];

/// The groups that each organization has.
pub(super) const GROUPS: [&str; 2] = ["red", "blue"];

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
    /// Whether owners take a seat.
    pub owners: OwnerSeat,
}

impl Rules {
    /// Every combination.
    pub(super) const ALL: [Self; 6] = {
        use InviterPolicy::{Keep, Reduce, Strict};
        use OwnerSeat::{Counted, Exempt};
        [
            Self { inviter: Strict, owners: Exempt },
            Self { inviter: Strict, owners: Counted },
            Self { inviter: Keep, owners: Exempt },
            Self { inviter: Keep, owners: Counted },
            Self { inviter: Reduce, owners: Exempt },
            Self { inviter: Reduce, owners: Counted },
        ]
    };

    /// `admin` may do all but close, `lead` invites and manages members and clients, `member` works, `client` looks.
    pub(super) fn model(self) -> AccessModel {
        let own = Permission::OWN.into_iter().filter(|own| *own != Permission::CLOSE);
        let leads = [
            Permission::INVITE,
            Permission::ADD,
            Permission::CHANGE_ACCESS,
            Permission::REMOVE,
            Permission::VIEW,
        ];
        let work = ["posts.view", "posts.create", "posts.publish", "accounts.connect"];
        let builder: AccessModelBuilder = AccessModel::builder()
            .permissions(WORK)
            .resource_kinds(["account", "line"])
            .role(Role::new("admin").with(WORK).with(own).may_grant(["admin", "lead", "member", "client"]))
            .role(Role::new("lead").with(work).with(leads).may_grant(["member", "client"]))
            .role(Role::new("member").with(work))
            .role(Role::new("client").with(["posts.view", "accounts.connect"]).never(["accounts.delete"]))
            .seat("team", ["posts.publish"])
            .seat("client", [] as [&str; 0]);
        builder.inviter_policy(self.inviter).owner_seat(self.owners).build().unwrap()
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
    }
}

fn in_group(role: &str, name: &str) -> Grant {
    Grant::role(role).in_group(group(name))
}

pub(super) fn grants(n: usize) -> Grants {
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
pub(super) fn expiry(n: usize, now: chrono::DateTime<chrono::Utc>) -> Expiry {
    match n % 5 {
        0 => Expiry::At(now + TimeDelta::hours(1)),
        1 => Expiry::Never,
        2 => Expiry::At(now),
        _ => Expiry::At(now + TimeDelta::days(3)),
    }
}
