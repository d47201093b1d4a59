//! What random histories are made of: steps of random numbers, and the command that a step is in a world.

use std::borrow::ToOwned;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

pub(super) const ORGANIZATIONS: [&str; 2] = [ACME, "other"];
const USERS: usize = 7;

/// One step: where, who, what, and numbers that choose among what there is.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) organization: usize,
    pub(super) actor: usize,
    pub(super) what: u8,
    pub(super) n: [usize; 4],
}

pub(super) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let n = || 0_usize..64;
    let step = (prop::bool::weighted(0.2), 0..=USERS, 0_u8..135, [n(), n(), n(), n()]);
    let step =
        step.prop_map(|(other, actor, what, n)| Step { organization: usize::from(other), actor, what, n });
    prop::collection::vec(step, 1..most)
}

pub(super) fn models() -> impl Strategy<Value = AccessModelBuilder> {
    let policies = [InviterPolicy::Strict, InviterPolicy::Keep, InviterPolicy::Reduce];
    let seats = [OwnerSeat::Exempt, OwnerSeat::Counted];
    let policy = || prop::sample::select(policies.to_vec());
    let approvers = [Approvers::AllButRequester, Approvers::AllButProposer, Approvers::AllButInviter];
    let choices = (prop::sample::select(seats.to_vec()), prop::sample::select(approvers.to_vec()));
    (policy(), policy(), policy(), choices).prop_map(|(policy, links, requests, (seat, approvers))| {
        let reveal = match policy {
            InviterPolicy::Strict => RevealAccounts::No,
            InviterPolicy::Keep | InviterPolicy::Reduce => RevealAccounts::ToInviters,
        };
        let model = model().inviter_policy(policy).link_policy(links).request_policy(requests);
        let model = model.request_expiry(TimeDelta::days(2)).reveal_accounts(reveal);
        model.approvers(approvers).owner_seat(seat).creators_role("lead")
    })
}

macro_rules! commands {
    ($($operation:ident),+ $(,)?) => {
        #[derive(Debug, Clone)]
        #[allow(clippy::large_enum_variant, reason = "there are few at a time")]
        pub(super) enum Command {
            $($operation($operation),)+
        }

        $(impl From<$operation> for Command {
            fn from(operation: $operation) -> Self {
                Self::$operation(operation)
            }
        })+

        impl Command {
            pub(super) fn reads(&self, actor: &Actor) -> Reads {
                match self {
                    $(Self::$operation(operation) => operation.reads(actor),)+
                }
            }

            pub(super) fn makes(&self) -> usize {
                match self {
                    $(Self::$operation(operation) => operation.makes(),)+
                }
            }

            /// Runs it for itself; what came of it, as text.
            pub(super) fn run(&self, world: &mut World, organization: &str, actor: &Actor) -> Result<String, String> {
                match self {
                    $(Self::$operation(operation) => as_text(world.attempt(organization, operation, actor)),)+
                }
            }

            /// Decides it on a draft that others were decided on before.
            pub(super) fn decide(&self, host: &Host<'_>, actor: &Actor, entropy: Entropy, draft: &mut Draft) -> Result<String, String> {
                match self {
                    $(Self::$operation(operation) => as_text(decide(operation, host, actor, entropy, draft)),)+
                }
            }
        }
    };
}

commands! {
    Accept, AddMembers, Approve, AskToJoin, ChangeAccess, ChangeGroup, ChangeGroupStatus, ChangePlan, ChangeSettings, ChangeStatus, ChangeVerifiedDomains, CreateGroup, CreateLink, CreateOrganization, Decline, Deny, Edit, EditLink, Erase, Invite, JoinByDomain, JoinByLink, JoinGroup, Leave, OfferOwnership, Propose, Remind, RemoveMembers, Resend, Revoke, SwitchLink, Tidy, Unblock, Unsubscribe, Withdraw, RestoreMembers, SuspendMembers,
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

pub(super) fn principal(n: usize, vouch: usize) -> Principal {
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

/// The same grants, some of them for some time (F14).
fn for_some_time(now: DateTime<Utc>, n: usize, grants: Grants) -> Grants {
    let end = now + TimeDelta::hours((n / 6) as i64 * 5);
    match n % 6 {
        0 => grants.into_iter().map(|grant| grant.until(end)).collect(),
        1 => grants
            .into_iter()
            .enumerate()
            .map(|(at, grant)| if at == 0 { grant.until(end) } else { grant })
            .collect(),
        _ => grants,
    }
}

/// Groups that there are from the beginning, and others that may be created.
const GROUPS: [&str; 6] = ["red", "blue", "green", "grey", "gold", "none"];

fn some_group(n: usize) -> GroupId {
    group(GROUPS[n % GROUPS.len()])
}

fn group_settings(n: usize) -> GroupSettings {
    let access = match n / 4 % 4 {
        0 => Access::role("member"),
        1 => Access::role("lead"),
        2 => Access::role("client").restricted("account", Restriction::only(["a"])),
        _ => Access::role("client"),
    };
    let named = GroupSettings::named(format!("{}", n % 3));
    match n % 4 {
        0 => named,
        1 | 2 => named.open_with(access),
        _ => named.by_request_with(access),
    }
}

fn link_settings(now: DateTime<Utc>, n: [usize; 4]) -> LinkSettings {
    let grants = match n[0] % 3 {
        0 => Grant::role(["client", "member"][n[1] % 2]).in_group(some_group(n[2])).into(),
        1 => [Grant::role("client"), Grant::role("client").in_group(some_group(n[2]))].into(),
        _ => for_some_time(now, n[2], grants(n[1])),
    };
    let settings = LinkSettings::new(format!("{}", n[3] % 4), grants);
    let only = |domain| DomainRules::new().allow(DomainRule::parse(domain).unwrap());
    match n[3] % 8 {
        0 => settings.max_uses(1),
        1 => settings.max_uses(2),
        2 => settings.opens_at(now + TimeDelta::hours(1)),
        3 => settings.closes_at(now + TimeDelta::hours(30)),
        4 => settings.domains(only("example.com")),
        5 | 6 => settings.by_request(),
        _ => settings,
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
    pub(super) fn two(model: AccessModelBuilder) -> Self {
        let mut world = World::empty(model.build().unwrap());
        for (position, organization) in ORGANIZATIONS.into_iter().enumerate() {
            let owner = user(&name(position));
            let settings = Settings::named(organization).inclusion(Inclusion::Asked);
            let founded = CreateOrganization::new(settings, owner, team_of(7));
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

    pub(super) fn rows_of(&self, organization: &str) -> &Rows {
        self.store.rows(&OrganizationId::parse(organization).unwrap())
    }

    /// One of the invitations of an organization, the latest first.
    pub(super) fn some_invitation(&self, organization: &str, n: usize) -> InvitationId {
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

    /// One of the links of an organization, the latest first.
    pub(super) fn some_link(&self, organization: &str, n: usize) -> LinkId {
        let rows = &self.rows_of(organization).links;
        let nothing = LinkId::from_parts(MIN_TIME, [0; 10]);
        rows.keys().rev().nth(n % rows.len().max(1)).copied().unwrap_or(nothing)
    }

    /// A token for one of the links, mostly its own and current.
    fn some_link_token(&self, organization: &str, n: [usize; 4]) -> Token {
        let id = self.some_link(organization, n[0] / 4);
        let row = self.rows_of(organization).links.get(&id);
        let earlier = row.and_then(|row| row.earlier_nonces.last()).filter(|_| n[1].is_multiple_of(8));
        let nonce = earlier.or(row.map(|row| &row.nonce)).cloned();
        let nonce = nonce.unwrap_or(Nonce::from_bytes([0; 16]));
        let organization = ORGANIZATIONS[usize::from(n[1] % 16 == 1) ^ usize::from(organization != ACME)];
        let purpose = if n[1] % 16 == 2 { Purpose::Copied } else { Purpose::Link };
        self.keyring.issue(purpose, &OrganizationId::parse(organization).unwrap(), id.as_uuid(), &nonce)
    }

    /// One of the join requests of an organization, the latest first.
    fn some_request(&self, organization: &str, n: usize) -> RequestId {
        let rows = &self.rows_of(organization).requests;
        let nothing = RequestId::from_parts(MIN_TIME, [0; 10]);
        rows.keys().rev().nth(n % rows.len().clamp(1, 6)).copied().unwrap_or(nothing)
    }

    /// The command that a step is now; `None` for one that lets time pass or a mail go out.
    pub(super) fn command(&mut self, step: &Step) -> Option<Command> {
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
                // Users of addresses are mostly those of the name, and sometimes somebody else.
                let entry = |n: usize| match n % 8 {
                    3 => InviteeEntry::new(invitee(n)).account(user(&name(n / 5))),
                    5 | 7 => InviteeEntry::new(address_of(n)).account(user(&name(n / 3))),
                    _ => InviteeEntry::new(invitee(n)),
                };
                let include = [Include::AsSet, Include::AsSet, Include::Yes, Include::No][n[3] % 4];
                let one = || Invite::new(entry(n[0]), grants(n[1])).on_pending(on_pending).include(include);
                match step.what {
                    0 | 1 => {
                        let many = vec![entry(n[0]), entry(n[0] + 1).grants(grants(n[3])), entry(n[0] + 6)];
                        let mode = if n[3].is_multiple_of(3) { Mode::AllOrNothing } else { Mode::Each };
                        Invite::new(many, grants(n[1])).mode(mode).on_pending(on_pending).into()
                    }
                    2 => one().expires_at(soon(self)).into(),
                    3 => one().starts_at(self.now + TimeDelta::hours(n[3] as i64 % 6)).into(),
                    5 => Invite::new(entry(n[0]), for_some_time(self.now, n[3], grants(n[1]))).into(),
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
                    Invitee::Erased(_) => principal(n[2], n[3]),
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
                    Invitee::Erased(_) => principal(n[1], n[2]),
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
            36 => {
                let block = if n[2].is_multiple_of(4) { Block::Organization } else { Block::No };
                Leave::new(user(&name(n[0]))).their_invitations(theirs(n[1])).block(block).into()
            }
            37 | 38 => RemoveMembers::one(user(&name(n[0]))).their_invitations(theirs(n[1])).into(),
            39 => {
                let users = [n[0], n[0] + 1, n[2]].map(|n| user(&name(n)));
                RemoveMembers::many(users).their_invitations(theirs(n[1])).into()
            }
            40..=42 => {
                let held = for_some_time(self.now, n[3], grants(n[1]));
                let member = NewMember::new(user(&name(n[0])), held);
                AddMembers::one(if n[2].is_multiple_of(2) { member } else { member.email(address_of(n[3])) })
                    .into()
            }
            43 => {
                let list = [n[0], n[1], n[2]]
                    .map(|n| NewMember::new(user(&name(n)), grants(n)).email(address_of(n)));
                let mode = if n[3].is_multiple_of(2) { Mode::AllOrNothing } else { Mode::Each };
                AddMembers::many(list).mode(mode).into()
            }
            44 | 45 => {
                let held = for_some_time(self.now, n[2], grants(n[1]));
                ChangeAccess::new(user(&name(n[0])), held).into()
            }
            46 | 47 => {
                let who = user(&name(n[0]));
                let held = self.rows_of(organization).members.get(&who).map(|member| member.grants.clone());
                let held = held.filter(|_| !n[3].is_multiple_of(4)).unwrap_or_default();
                let given = for_some_time(self.now, n[2], grants(n[1])).into_iter().next().unwrap();
                let scope = held.scopes().nth(n[2] % held.len().max(1)).unwrap_or(given.scope()).clone();
                let access = (n[3] % 3 == 1).then(|| given.access().clone());
                ChangeAccess::in_scope(who, scope, access).their_invitations(theirs(n[1])).into()
            }
            48 | 49 => {
                let becomes = grants(n[1]).into_iter().next().unwrap().access().clone();
                let former =
                    if n[2].is_multiple_of(2) { FormerOwner::Stays } else { FormerOwner::Becomes(becomes) };
                OfferOwnership::new(user(&name(n[0])), former).into()
            }
            50 => Tidy::new(u32::try_from(n[0]).unwrap()).retention(retention(n[1])).into(),
            132..=134 => {
                let blocks = self.rows_of(organization).suppressions.keys();
                let blocked = blocks.map(|(invitee, _)| invitee.clone()).nth(n[0] % 2);
                let person = blocked.filter(|_| !n[1].is_multiple_of(4)).unwrap_or_else(|| invitee(n[0]));
                let person = Erase::new(person).at_most(1 + u32::try_from(n[2] % 16).unwrap());
                let person = if n[1].is_multiple_of(3) { person.and(user(&name(n[1]))) } else { person };
                if !n[3].is_multiple_of(4) { person.dropping_blocks().into() } else { person.into() }
            }
            51 => ChangePlan::new(plan(n[0])).into(),
            52 => ChangeStatus::Suspend.into(),
            53..=55 => ChangeStatus::Resume.into(),
            56 if n[0] < 4 => ChangeStatus::Close.into(),
            57 => {
                let kind = SuppressionKind::ALL[n[2] % 3];
                Unblock::new(principal(n[0], n[1]), kind).into()
            }
            58 => Unsubscribe::new(self.some_token(n)).into(),
            59 => {
                let rules = match n[0] % 4 {
                    0 => DomainRules::new().deny(DomainRule::parse("work.example").unwrap()),
                    _ => DomainRules::new(),
                };
                let inclusion = [Inclusion::Always, Inclusion::Asked, Inclusion::Always, Inclusion::Off];
                let settings = Settings::named("Acme").inclusion(inclusion[n[1] % 4]);
                let settings = settings.domains(rules);
                let settings =
                    if n[1].is_multiple_of(2) { settings.retention_seconds(86_400) } else { settings };
                ChangeSettings::new(settings).into()
            }
            64..=66 => CreateLink::new(link_settings(self.now, n)).into(),
            67 | 68 => {
                let (link, n) = (self.some_link(organization, n[0]), [n[1], n[2], n[3], n[0]]);
                EditLink::new(link, link_settings(self.now, n)).into()
            }
            69 | 126..=128 => SwitchLink::off(self.some_link(organization, n[0])).into(),
            70 | 71 | 129..=131 => {
                let mut links = self.rows_of(organization).links.values();
                let off = links.find(|link| link.is_kept() && link.switch == Switch::Off).map(|link| link.id);
                SwitchLink::on(off.unwrap_or_else(|| self.some_link(organization, n[0]))).into()
            }
            72 => SwitchLink::refresh(self.some_link(organization, n[0])).into(),
            73 if n[1].is_multiple_of(4) => SwitchLink::remove(self.some_link(organization, n[0])).into(),
            73..=80 => {
                let token = self.some_link_token(organization, n);
                JoinByLink::new(token, principal(n[2], n[3])).into()
            }
            81..=83 => JoinGroup::new(some_group(n[0]), principal(n[2], n[3])).into(),
            84 | 85 => CreateGroup::new(some_group(n[0]), group_settings(n[1])).into(),
            86..=88 => ChangeGroup::new(some_group(n[0]), group_settings(n[1])).into(),
            89 | 118 | 119 => ChangeGroupStatus::archive(some_group(n[0])).into(),
            90 | 91 => {
                let mut groups = self.rows_of(organization).groups.values();
                let archived = groups.find(|group| group.status == GroupStatus::Archived);
                let id = archived.map_or_else(|| some_group(n[0]), |group| group.id.clone());
                ChangeGroupStatus::restore(id).into()
            }
            92 if n[1].is_multiple_of(2) => ChangeGroupStatus::close(some_group(n[0])).into(),
            92..=94 => Tidy::new(1 + u32::try_from(n[0] % 4).unwrap()).retention(retention(n[1])).into(),
            95..=99 => {
                let token = self.some_link_token(organization, n);
                AskToJoin::link(token, principal(n[2], n[3])).message("SECRET MESSAGE").into()
            }
            100 | 101 => AskToJoin::group(some_group(n[0] % 2), principal(n[2], n[3])).into(),
            102 => AskToJoin::domain(principal(n[2], n[3])).into(),
            103..=105 => Propose::new(invitee(n[0]), grants(n[1])).name("SECRET MESSAGE").into(),
            106..=109 => Approve::one(self.some_request(organization, n[0])).into(),
            110 => {
                let many = [n[0], n[1]].map(|n| self.some_request(organization, n));
                let approve = Approve::many(many);
                if n[2].is_multiple_of(2) { approve } else { approve.granting(grants(n[3])) }.into()
            }
            111 => {
                let many = [n[0], n[1]].map(|n| self.some_request(organization, n));
                Deny::many(many).because("no").into()
            }
            112 => Withdraw::new(self.some_request(organization, n[0])).into(),
            113 | 114 => {
                let set = match n[0] % 3 {
                    0 => VerifiedDomain::asks(grants(n[1])),
                    _ => VerifiedDomain::joins(grants(n[1])),
                };
                let domain = ["work.example", "example.com", "elsewhere.example"][n[2] % 3];
                ChangeVerifiedDomains::new([(Domain::parse(domain).unwrap(), set)]).into()
            }
            115..=117 => JoinByDomain::new(principal(n[2], n[3])).into(),
            120..=122 => {
                let users = [n[0], n[2]].map(|n| user(&name(n)));
                let users = users.into_iter().take(1 + n[1] % 2);
                SuspendMembers::many(users).their_invitations(theirs(n[3])).into()
            }
            123..=125 => {
                let rows = self.rows_of(organization);
                let suspended = rows.members.values().filter(|member| !member.is_active());
                let suspended = suspended.map(|member| member.user.clone()).collect::<Vec<_>>();
                let some = suspended.get(n[0] % suspended.len().max(1)).cloned();
                let users = [some.unwrap_or_else(|| user(&name(n[0]))), user(&name(n[2]))];
                RestoreMembers::many(users.into_iter().take(1 + n[1] % 2)).into()
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

fn retention(n: usize) -> Option<TimeDelta> {
    n.is_multiple_of(2).then(|| TimeDelta::days(2))
}

fn theirs(n: usize) -> TheirInvitations {
    [TheirInvitations::Keep, TheirInvitations::Revoke, TheirInvitations::HandOver][n % 3]
}

/// Who acts: for commands that name who answers, mostly that one.
pub(super) fn acts(step: &Step, command: &Command) -> Actor {
    match command {
        Command::ChangePlan(_) | Command::CreateOrganization(_) | Command::Tidy(_) => Actor::System,
        Command::Erase(_) if !step.n[3].is_multiple_of(8) => Actor::System,
        Command::Leave(_) if !step.n[3].is_multiple_of(4) => by(&name(step.n[0])),
        Command::ChangeAccess(_) if step.n[3] % 4 == 2 => by(&name(step.n[0])),
        // Owners get furthest.
        _ if step.n[3].is_multiple_of(4) => by(&name(step.organization)),
        _ if step.n[3] % 11 == 1 => Actor::System,
        _ => actor(step.actor),
    }
}
