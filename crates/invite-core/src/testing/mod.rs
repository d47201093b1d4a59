//! What the tests of operations share: a world of organizations, a clock, and every command checked.

mod cases;
mod checks;
mod commands;
mod histories;
mod records;
mod store;

use std::borrow::ToOwned;
use std::format;
use std::vec::Vec;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::test_runner::Config as ProptestConfig;

pub(crate) use cases::Cases;
pub(crate) use store::{Rows, Store};

use crate::*;

/// So many cases of a property, or as many as `PROPTEST_CASES` says.
pub(crate) fn cases(usually: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig { cases: if asked { default.cases } else { usually }, ..default }
}

/// Permissions of the host that the models of tests declare.
pub(crate) const WORK: [&str; 6] =
    ["posts.view", "posts.create", "posts.publish", "analytics.view", "accounts.connect", "accounts.delete"];

/// `admin` may do all but close, `lead` invites and manages members and clients, `member` works, `client` looks.
pub(crate) fn model() -> AccessModelBuilder {
    let own = Permission::OWN.into_iter().filter(|own| *own != Permission::CLOSE);
    let leads = [
        Permission::INVITE,
        Permission::ADD,
        Permission::CHANGE_ACCESS,
        Permission::REMOVE,
        Permission::VIEW,
    ];
    let work = ["posts.view", "posts.create", "posts.publish", "accounts.connect"];
    AccessModel::builder()
        .permissions(WORK)
        .resource_kinds(["account", "line"])
        .role(Role::new("admin").with(WORK).with(own).may_grant(["admin", "lead", "member", "client"]))
        .role(Role::new("lead").with(work).with(leads).may_grant(["member", "client"]))
        .role(Role::new("member").with(work))
        .role(Role::new("client").with(["posts.view", "accounts.connect"]).never(["accounts.delete"]))
        .seat("team", ["posts.publish"])
        .seat("client", [] as [&str; 0])
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

pub(crate) fn by(id: &str) -> Actor {
    Actor::User(user(id))
}

pub(crate) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub(crate) fn group(id: &str) -> GroupId {
    GroupId::parse(id).unwrap()
}

/// A role in a group.
pub(crate) fn in_group(role: &str, id: &str) -> Grant {
    Grant::role(role).in_group(group(id))
}

/// Somebody for whom nothing is vouched.
pub(crate) fn stranger(id: &str) -> Principal {
    Principal::new(user(id))
}

/// Somebody for whom `<id>@example.com` is vouched.
pub(crate) fn person(id: &str) -> Principal {
    stranger(id).vouching(address(&format!("{id}@example.com")))
}

/// A reason for each group in which nothing can be granted (LIF-8, LIF-10): after [`World::shut_groups`].
pub(crate) const SHUT: [(&str, &str); 3] =
    [("UnknownGroup", "nowhere"), ("GroupArchived", "more"), ("GroupClosed", "own")];

/// As many seats as anybody wants.
pub(crate) fn roomy() -> Plan {
    Plan::new().and_seats("team", Limit::Unlimited).and_seats("client", Limit::Unlimited)
}

/// So many seats of class `team`, and any number of class `client`.
pub(crate) fn team_of(seats: u32) -> Plan {
    roomy().and_seats("team", Limit::AtMost(seats))
}

pub(crate) const ACME: &str = "acme";

/// Organizations, a clock, and entropy that never repeats.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) model: AccessModel,
    pub(crate) keyring: Keyring,
    pub(crate) now: DateTime<Utc>,
    pub(crate) store: Store,
    drawn: u64,
}

impl World {
    /// No organization yet.
    pub(crate) fn empty(model: AccessModel) -> Self {
        let key = Key::parse(&"0123456789abcdef".repeat(4)).unwrap();
        Self {
            model,
            keyring: Keyring::new(1, key),
            now: DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
            store: Store::default(),
            drawn: 0,
        }
    }

    /// `acme`, owned by `ada`.
    pub(crate) fn of(model: AccessModelBuilder, plan: Plan) -> Self {
        let mut world = Self::empty(model.build().unwrap());
        let founded = CreateOrganization::new(Settings::named("Acme Ltd"), user("ada"), plan);
        world.ok(founded, &Actor::System);
        world.groups(["red", "blue", "own", "more"]);
        world
    }

    /// Groups that were there before.
    pub(crate) fn groups<T: AsRef<str>>(&mut self, ids: impl IntoIterator<Item = T>) {
        let rows = self.store.rows_mut(&OrganizationId::parse(ACME).unwrap());
        for id in ids {
            let row = Group {
                id: group(id.as_ref()),
                status: GroupStatus::Active,
                settings: GroupSettings::named(id.as_ref()),
                creator: Actor::System,
                created_at: self.now,
            };
            assert!(rows.groups.insert(row.id.clone(), row).is_none(), "there is one already");
            rows.header.as_mut().unwrap().counts.groups += 1;
        }
    }

    /// `acme` with this plan, owned by `ada`.
    pub(crate) fn with(plan: Plan) -> Self {
        Self::of(model(), plan)
    }

    /// `acme` with room for everybody, owned by `ada`.
    pub(crate) fn new() -> Self {
        Self::with(roomy())
    }

    /// A member, added by the host, with `<id>@example.com`.
    pub(crate) fn add(&mut self, id: &str, grants: impl Into<Grants>) {
        let member = NewMember::new(user(id), grants).email(address(&format!("{id}@example.com")));
        self.ok(AddMembers::one(member), &Actor::System);
    }

    /// `acme` with room for everybody, where `bob` is a client who is suspended.
    pub(crate) fn suspended() -> Self {
        let mut world = Self::new();
        world.add("bob", Grant::role("client"));
        world.ok(SuspendMembers::one(user("bob")), &by("ada"));
        world
    }

    /// Gives somebody as many open invitations as anybody may have.
    pub(crate) fn crowd(&mut self, who: impl Into<Invitees> + Clone) {
        for position in 0..Reads::MAX_OPEN {
            let id = std::format!("crowd-{position}");
            if !self.rows().groups.contains_key(&group(&id)) {
                self.groups([&id]);
            }
            let invite = Invite::new(who.clone(), in_group("client", &id));
            self.ok_unchecked(invite, &Actor::System);
        }
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, time: TimeDelta) {
        self.now += time;
    }

    /// Runs a command in `acme` that must succeed.
    #[track_caller]
    pub(crate) fn ok<O: Operation>(&mut self, operation: O, actor: &Actor) -> O::Outcome {
        match self.run(operation, actor) {
            Ok(outcome) => outcome,
            Err(refusal) => panic!("{} was refused: {refusal:?}", O::NAME),
        }
    }

    /// Runs a command in `acme`.
    #[track_caller]
    pub(crate) fn run<O: Operation>(
        &mut self,
        operation: O,
        actor: &Actor,
    ) -> Result<O::Outcome, O::Refusal> {
        self.run_in(ACME, operation, actor)
    }

    /// Runs a command in an organization that exists.
    #[track_caller]
    pub(crate) fn run_in<O: Operation>(
        &mut self,
        organization: &str,
        operation: O,
        actor: &Actor,
    ) -> Result<O::Outcome, O::Refusal> {
        match self.attempt(organization, &operation, actor) {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(stop) => panic!("{} stopped: {stop:?}", O::NAME),
        }
    }

    /// Runs a command: loads what it reads and nothing more, decides, commits, and checks all that must hold.
    #[track_caller]
    pub(crate) fn attempt<O: Operation>(
        &mut self,
        organization: &str,
        operation: &O,
        actor: &Actor,
    ) -> Result<O::Outcome, Stop<O::Refusal>> {
        let id = OrganizationId::parse(organization).unwrap();
        for _ in 0..1_000 {
            let before = self.store.rows(&id).clone();
            let reads = operation.reads(actor);
            let slice = before.load(&id, &reads, self.now);
            let entropy = self.entropy(operation.makes());
            let commit = CommitId::from_parts(self.now, self.draw());
            let host = Host::new(&self.model, &self.keyring);
            let mut draft = Draft::new(slice, self.now, commit);
            let decided = decide(operation, &host, actor, entropy.clone(), &mut draft);
            if let Err(Stop::Fault(fault)) = &decided {
                panic!("{} is at fault: {fault}", O::NAME);
            }

            let all = before.load_all(&id, &reads, self.now);
            let mut whole = Draft::new(all.clone(), self.now, commit);
            let decided_on_all = decide(operation, &host, actor, entropy, &mut whole);
            checks::same_decision(&decided, &decided_on_all);

            let (now, folded, facts) = (draft.now(), (*draft).clone(), draft.facts.clone());
            let written = draft.into_commit();
            checks::rows_are_counted(operation, &facts, &written);
            assert_eq!(written, whole.into_commit(), "{}: a decision depends on its reads alone", O::NAME);
            self.store.apply(&written);
            let after = self.store.rows(&id);
            checks::rows_are_as_folded(&folded, after);
            checks::net_change_is_fold_of_facts(all, now, &facts, &written);
            checks::invariants(after);
            checks::records_tell_no_secret(after);
            checks::what_ended_stays_ended(&before, after, &facts);
            checks::only_the_willing_are_included(&before, after, &facts);
            checks::what_is_erased_tells_of_nobody(after);
            checks::nothing_goes_on_unless_active(&before, after);
            checks::seats_within_limits(&before, after);
            checks::links_are_used_within_their_settings(&before, &facts, now);
            checks::nobody_decides_about_themselves(&self.model, &before, &facts, now);
            checks::nobody_grants_what_they_do_not_hold(&self.model, O::NAME, &before, after, &facts);
            match decided {
                Err(Stop::MoreDue) => assert!(!written.is_empty(), "what is due becomes less"),
                Err(stop) => {
                    assert!(written.is_empty() && written.header.is_none(), "a refusal leaves no trace");
                    return Err(stop);
                }
                Ok(outcome) => {
                    checks::outcome_comes_back::<O>(&outcome);
                    return Ok(outcome);
                }
            }
        }
        panic!("{} never ends", O::NAME)
    }

    /// Runs a command in `acme` without looking at everything afterwards: for those of a thousand rows.
    #[track_caller]
    pub(crate) fn run_unchecked<O: Operation>(
        &mut self,
        operation: O,
        actor: &Actor,
    ) -> Result<O::Outcome, O::Refusal> {
        let id = OrganizationId::parse(ACME).unwrap();
        let slice = self.rows().load(&id, &operation.reads(actor), self.now);
        let entropy = self.entropy(operation.makes());
        let mut draft = Draft::new(slice, self.now, CommitId::from_parts(self.now, self.draw()));
        let decided = decide(&operation, &self.host(), actor, entropy, &mut draft);
        self.store.apply(&draft.into_commit());
        match decided {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(stop) => panic!("{} stopped: {stop:?}", O::NAME),
        }
    }

    /// Such a command that must succeed.
    #[track_caller]
    pub(crate) fn ok_unchecked<O: Operation>(&mut self, operation: O, actor: &Actor) -> O::Outcome {
        self.run_unchecked(operation, actor)
            .unwrap_or_else(|refusal| panic!("{} was refused: {refusal:?}", O::NAME))
    }

    /// Decides two commands on one draft, as those are that wait together, and commits once.
    #[track_caller]
    pub(crate) fn both<A: Operation, B: Operation>(
        &mut self,
        (first, one): (A, &Actor),
        (second, other): (B, &Actor),
    ) -> (A::Outcome, B::Outcome) {
        let id = OrganizationId::parse(ACME).unwrap();
        let mut reads = first.reads(one);
        reads.extend(second.reads(other));
        let slice = self.rows().load(&id, &reads, self.now);
        let mut draft = Draft::new(slice, self.now, CommitId::from_parts(self.now, self.draw()));
        let (for_first, for_second) = (self.entropy(first.makes()), self.entropy(second.makes()));
        let host = Host::new(&self.model, &self.keyring);
        let first = decide(&first, &host, one, for_first, &mut draft).unwrap();
        let second = decide(&second, &host, other, for_second, &mut draft).unwrap();
        let folded = (*draft).clone();
        self.store.apply(&draft.into_commit());
        checks::rows_are_as_folded(&folded, self.rows());
        checks::invariants(self.rows());
        (first, second)
    }

    /// Decides without committing, and says which rules were looked at.
    pub(crate) fn explain<O: Operation>(&mut self, operation: &O, actor: &Actor) -> Vec<Checked> {
        let id = OrganizationId::parse(ACME).unwrap();
        let slice = self.store.rows(&id).load(&id, &operation.reads(actor), self.now);
        let entropy = self.entropy(operation.makes());
        let mut draft = Draft::new(slice, self.now, CommitId::from_parts(self.now, [0; 10])).explaining();
        let host = Host::new(&self.model, &self.keyring);
        let _decided = decide(operation, &host, actor, entropy, &mut draft);
        draft.checked().to_vec()
    }

    /// A draft of `acme`, to ask something that changes nothing.
    pub(crate) fn look(&self, reads: &Reads) -> Draft {
        self.look_in(ACME, reads)
    }

    pub(crate) fn look_in(&self, organization: &str, reads: &Reads) -> Draft {
        let id = OrganizationId::parse(organization).unwrap();
        let slice = self.store.rows(&id).load(&id, reads, self.now);
        Draft::new(slice, self.now, CommitId::from_parts(self.now, [0; 10]))
    }

    pub(crate) fn host(&self) -> Host<'_> {
        Host::new(&self.model, &self.keyring)
    }

    pub(crate) fn rows(&self) -> &Rows {
        self.store.rows(&OrganizationId::parse(ACME).unwrap())
    }

    pub(crate) fn organization(&self) -> &Organization {
        self.rows().header.as_ref().unwrap()
    }

    pub(crate) fn member(&self, id: &str) -> Option<&Member> {
        self.rows().members.get(&user(id))
    }

    /// An invitation of `acme`.
    pub(crate) fn invitation(&self, id: InvitationId) -> &Invitation {
        &self.rows().invitations[&id]
    }

    /// The state of an invitation now.
    pub(crate) fn state(&self, id: InvitationId) -> InvitationState {
        self.invitation(id).state_at(self.now)
    }

    /// Seats of a class: taken by members, reserved by invitees.
    pub(crate) fn seats(&self, class: &str) -> (u32, u32) {
        let count = self.organization().counts.seat(&class.into());
        (count.used, count.reserved)
    }

    /// The kinds of the events after a sequence.
    pub(crate) fn kinds_since(&self, sequence: usize) -> Vec<&'static str> {
        self.rows().events[sequence..].iter().map(|record| record.kind).collect()
    }

    /// How many events there are.
    pub(crate) fn events(&self) -> usize {
        self.rows().events.len()
    }

    /// Invites one address or user; the invitation.
    #[track_caller]
    pub(crate) fn invite(
        &mut self,
        who: impl Into<Invitees>,
        grants: impl Into<Grants>,
        actor: &Actor,
    ) -> InvitationId {
        let invited = self.ok(Invite::new(who, grants), actor);
        invited.invitations().next().expect("somebody is invited")
    }

    /// Hands the mail of an invitation over now; the token in it.
    pub(crate) fn mail(&mut self, id: InvitationId) -> Token {
        let (revision, now) = (self.invitation(id).revision, self.now);
        let organization = OrganizationId::parse(ACME).unwrap();
        self.store.rows_mut(&organization).mailed.insert(id, (revision, now));
        self.token(id, self.invitation(id).mailed_purpose())
    }

    /// The token that the link of an invitation is copied with.
    pub(crate) fn copied(&self, id: InvitationId) -> Token {
        self.token(id, Purpose::Copied)
    }

    /// A token for an invitation as it is.
    pub(crate) fn token(&self, id: InvitationId, purpose: Purpose) -> Token {
        let organization = OrganizationId::parse(ACME).unwrap();
        self.keyring.issue(purpose, &organization, id.as_uuid(), &self.invitation(id).nonce)
    }

    /// Archives `more` and closes `own`.
    pub(crate) fn shut_groups(&mut self) {
        self.ok(ChangeGroupStatus::archive(group("more")), &Actor::System);
        self.ok(ChangeGroupStatus::close(group("own")), &Actor::System);
    }

    /// Makes an invite link, by `ada`.
    #[track_caller]
    pub(crate) fn make_link(&mut self, settings: LinkSettings) -> LinkId {
        self.ok(CreateLink::new(settings), &by("ada")).link
    }

    /// Lets members join groups by links.
    pub(crate) fn by_links<const N: usize>(&mut self, groups: [&str; N]) {
        for id in groups {
            let settings = GroupSettings::named(id).by_request_with(Access::role("client"));
            self.ok(ChangeGroup::new(group(id), settings), &by("ada"));
        }
    }

    /// An invite link of `acme`.
    pub(crate) fn link(&self, id: LinkId) -> &InviteLink {
        &self.rows().links[&id]
    }

    /// The token of an invite link, as it is shown to `ada`.
    #[track_caller]
    pub(crate) fn link_token(&self, id: LinkId) -> Token {
        self.show_link(id, "ada").unwrap()
    }

    /// Shows an invite link to somebody.
    #[track_caller]
    pub(crate) fn show_link(&self, id: LinkId, who: &str) -> Result<Token, ShowLinkRefused> {
        let show = ShowLink::new(id);
        let draft = self.look(&show.reads(&by(who)));
        match show.decide(&self.host(), &by(who), &draft) {
            Ok(token) => Ok(token),
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(stop) => panic!("{stop:?}"),
        }
    }

    /// Joins by an invite link as it is, with `<id>@example.com`.
    #[track_caller]
    pub(crate) fn join_by(&mut self, id: LinkId, who: &str) -> Result<Joined, JoinRefused> {
        let organization = OrganizationId::parse(ACME).unwrap();
        let token = self.keyring.issue(Purpose::Link, &organization, id.as_uuid(), &self.link(id).nonce);
        self.run(JoinByLink::new(token, person(who)), &by(who))
    }

    /// Asks to join by a link of `acme`, with its present token and `<who>@example.com`.
    #[track_caller]
    pub(crate) fn ask_by(&mut self, id: LinkId, who: &str) -> Result<RequestId, AskRefused> {
        let organization = OrganizationId::parse(ACME).unwrap();
        let token = self.keyring.issue(Purpose::Link, &organization, id.as_uuid(), &self.link(id).nonce);
        self.run(AskToJoin::link(token, person(who)), &by(who)).map(|asked| asked.request)
    }

    /// Proposes somebody to `acme`.
    #[track_caller]
    pub(crate) fn propose(
        &mut self,
        who: impl Into<Invitee>,
        grants: impl Into<Grants>,
        by: &str,
    ) -> RequestId {
        self.ok(Propose::new(who, grants), &super::testing::by(by)).request
    }

    /// A join request of `acme`.
    pub(crate) fn request(&self, id: RequestId) -> &JoinRequest {
        &self.rows().requests[&id]
    }

    /// Verifies domains for `acme`, as the host does.
    #[track_caller]
    pub(crate) fn verify<const N: usize>(&mut self, domains: [(&str, VerifiedDomain); N]) {
        let domains = domains.map(|(domain, set)| (Domain::parse(domain).unwrap(), set));
        self.ok(ChangeVerifiedDomains::new(domains), &Actor::System);
    }

    /// Entropy for so many things.
    fn entropy(&mut self, makes: usize) -> Entropy {
        let bytes = (0..makes).flat_map(|_| self.draw::<{ Entropy::BYTES_EACH }>()).collect::<Vec<_>>();
        Entropy::from_bytes(bytes)
    }

    /// Bytes that were never drawn before.
    fn draw<const N: usize>(&mut self) -> [u8; N] {
        use sha2::{Digest, Sha256};
        self.drawn += 1;
        let digest: [u8; 32] = Sha256::digest(self.drawn.to_be_bytes()).into();
        digest[..N].to_owned().try_into().unwrap()
    }
}
