//! Add members directly: an existing product starts, or somebody is included without an invitation.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::invite::check_grantable;
use super::join::{Joining, join};
use super::{SeatUse, seat_use};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    Blocked, LeftBefore, PartlyRefused, TooLarge, refused, refused_for_grants, refused_for_groups,
    refused_for_seats, refused_when_closed,
};
use crate::rules::{organization, require_open};
use crate::seats::end_due;
use crate::{
    Actor, Draft, EmailAddress, Grants, Host, Invitee, JoinedBy, Metadata, Mode, Operation, Permission,
    Reads, Stop, SuppressionKind, UserId,
};

/// Somebody to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewMember {
    user: UserId,
    email: Option<EmailAddress>,
    grants: Grants,
    metadata: Metadata,
}

impl NewMember {
    /// A user, and what they shall hold.
    pub fn new(user: UserId, grants: impl Into<Grants>) -> Self {
        Self { user, email: None, grants: grants.into(), metadata: Metadata::new() }
    }

    /// An address that the host verified to be theirs.
    #[must_use]
    pub fn email(mut self, address: EmailAddress) -> Self {
        self.email = Some(address);
        self
    }

    /// A note of the host.
    #[must_use]
    pub fn metadata(
        mut self,
        key: impl Into<alloc::string::String>,
        value: impl Into<alloc::string::String>,
    ) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// Adds members without invitation or mail: the host when a product starts (F22), or a member who holds
/// [`Permission::ADD`] and may grant what is granted. Seats, domains and blocks hold as for everybody. Whoever left
/// is added by the host alone: a member invites them (C3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddMembers {
    members: Vec<NewMember>,
    mode: Mode,
}

impl AddMembers {
    /// One member. If they cannot be added, the command is refused.
    #[must_use]
    pub fn one(member: NewMember) -> Self {
        Self::many([member])
    }

    /// Many, with a result for each.
    pub fn many(members: impl IntoIterator<Item = NewMember>) -> Self {
        Self { members: members.into_iter().collect(), mode: Mode::Each }
    }

    /// What to do if not all can be added.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }
}

/// What came of adding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembersAdded {
    /// One for each, in the order given.
    pub results: Vec<AddResult>,
    /// The organization's seats afterwards.
    pub seats: Vec<SeatUse>,
}

/// What came of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AddResult {
    /// Who.
    pub user: UserId,
    /// Why they were not added; `None` if they were.
    pub refused: Option<AddMembersRefused>,
}

refused! {
    /// Why somebody was not added, or nobody.
    AddMembersRefused:
        NothingAsked, TooLarge, PartlyRefused, OrganizationSuspended, OrganizationClosed, NotPermitted, NotGrantable,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, InvalidEnd, NotEntitled,
        DomainNotAllowed, AddressNeeded, Blocked, LeftBefore, MemberSuspended, AlreadyMember, AddressOfAnotherMember, NoSeatLeft,
        SeatClassNotInPlan,
        UnknownGroup, GroupArchived, GroupClosed
}
refused_when_closed!(AddMembersRefused);
refused_for_grants!(AddMembersRefused);
refused_for_groups!(AddMembersRefused);
refused_for_seats!(AddMembersRefused);

impl Sealed for AddMembers {}

impl Operation for AddMembers {
    type Outcome = MembersAdded;
    type Refusal = AddMembersRefused;
    const NAME: &'static str = "add-members";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor).due();
        reads.people = self.members.iter().map(|member| member.user.clone()).collect();
        let addresses = self.members.iter().filter_map(|member| member.email.clone());
        reads.invitees = addresses.map(Invitee::Address).collect();
        self.members.iter().map(|member| &member.grants).fold(reads, Reads::groups_in)
    }

    fn rows(&self) -> usize {
        2 * self.members.len()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        super::require_count(host.model, self.members.len())?;
        end_due(host.model, draft)?;
        let results = super::each(draft, &self.members, |draft, member| add_one(host, actor, draft, member))?;
        let users = self.members.iter().map(|member| member.user.clone());
        let result = |(user, result): (UserId, Result<(), _>)| AddResult { user, refused: result.err() };
        let results = users.zip(results).map(result).collect::<Vec<_>>();
        if self.mode == Mode::AllOrNothing {
            let refused = results.iter().enumerate();
            let refused = refused.filter_map(|(position, result)| Some((position, result.refused.as_ref()?)));
            let all = PartlyRefused::unless_empty(refused).map_err(AddMembersRefused::from);
            draft.rule("SEA-6", all)?;
        }
        Ok(MembersAdded { results, seats: seat_use(host.model, organization(draft)?) })
    }
}

fn add_one(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    member: &NewMember,
) -> Result<(), Stop<AddMembersRefused>> {
    let (cap, grants) = (host.model.caps.metadata_bytes, &member.grants);
    let notes = member.metadata.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    let too_large = || AddMembersRefused::from(TooLarge::new("bytes of metadata", cap));
    draft.require("ABU-3", notes <= cap, too_large)?;
    check_grantable::<AddMembersRefused>(host, actor, draft, &Permission::ADD, grants)?;
    let address = member.email.clone().map(Invitee::Address);
    let known_as = [Invitee::User(member.user.clone())].into_iter().chain(address).collect::<Vec<_>>();
    for invitee in &known_as {
        let blocked = draft.is_blocked(invitee)?;
        draft.require("F11", !blocked, || AddMembersRefused::from(Blocked {}))?;
        let left = draft.suppressed_since(invitee, SuppressionKind::Inclusion)?.is_some();
        let brought = !left || *actor == Actor::System;
        draft.require("C3", brought, || AddMembersRefused::from(LeftBefore {}))?;
    }
    join(
        host.model,
        draft,
        Joining {
            user: &member.user,
            email: member.email.as_ref(),
            known: None,
            grants,
            known_as,
            joined_by: JoinedBy::BeingAdded,
            metadata: member.metadata.clone(),
        },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use crate::testing::*;
    use crate::*;

    fn new(id: &str, grants: impl Into<Grants>) -> NewMember {
        NewMember::new(user(id), grants)
    }

    fn codes(added: &MembersAdded) -> Vec<Option<&'static str>> {
        added.results.iter().map(|result| result.refused.as_ref().map(Refusal::code)).collect()
    }

    #[test]
    fn given_a_product_that_starts_when_members_are_imported_then_seats_count_and_no_mail_goes_out_f22() {
        let mut world = World::with(team_of(2));
        let list = ["a", "b", "c"].map(|id| new(id, Grant::role("member")).metadata("from", "before"));
        let added = world.ok(AddMembers::many(list), &Actor::System);
        assert_eq!(codes(&added), [None, None, Some("no-seat-left")]);
        assert_eq!((world.seats("team"), added.seats[0].left()), ((2, 0), Some(0)));
        assert!(world.rows().deliveries.is_empty());
        let member = world.member("a").unwrap();
        assert_eq!((&member.joined_by, member.metadata.len()), (&JoinedBy::BeingAdded, 1));
    }

    #[test]
    fn given_all_or_nothing_when_one_cannot_be_added_then_nobody_is_sea_6() {
        let mut world = World::with(team_of(2));
        let list = ["a", "b", "c"].map(|id| new(id, Grant::role("member")));
        let before = world.rows().clone();
        let refusal = world.run(AddMembers::many(list).mode(Mode::AllOrNothing), &Actor::System).unwrap_err();
        let AddMembersRefused::PartlyRefused(why) = refusal else { panic!("{refusal:?}") };
        assert_eq!(why.items()[0].position, 2);
        assert_eq!(*world.rows(), before);
    }

    #[test]
    fn given_one_address_or_user_twice_when_imported_then_the_second_is_refused_idn_12_idn_10() {
        let mut world = World::new();
        let list = [
            new("a", Grant::role("member")).email(address("same@example.com")),
            new("b", Grant::role("member")).email(address("SAME@Example.com")),
            new("a", Grant::role("member")),
            new("a", in_group("member", "red")).email(address("same@example.com")),
            new("c", Grant::role("member")).email(address("same@other.example")),
        ];
        let added = world.ok(AddMembers::many(list), &Actor::System);
        let expected = [None, Some("address-of-another-member"), Some("already-member"), None, None];
        assert_eq!(codes(&added), expected, "two addresses with one local part are two people");
        assert_eq!(world.member("a").unwrap().grants.len(), 2);
    }

    #[test]
    fn given_an_open_invitation_when_its_invitee_is_added_then_it_is_settled_and_costs_one_seat_lif_7d() {
        let mut world = World::with(team_of(1));
        let id = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        world.add("bob", Grant::role("member"));
        let because = RevokedBecause::JoinedOtherwise;
        assert_eq!(world.invitation(id).ended.as_ref().unwrap().0, Ending::Revoked { because });
        assert_eq!(world.seats("team"), (1, 0));
    }

    #[test]
    fn given_a_member_who_adds_when_granting_more_than_they_hold_then_it_is_refused_aut_2() {
        let mut world = World::new();
        world.add("lea", in_group("lead", "red"));
        world.ok(AddMembers::one(new("bob", in_group("member", "red"))), &by("lea"));
        let table = [
            (in_group("member", "blue"), "not-permitted"),
            (Grant::role("client"), "not-permitted"),
            (in_group("lead", "red"), "not-grantable"),
            (in_group("member", "red").adding("analytics.view"), "not-grantable"),
        ];
        for (grant, code) in table {
            let refusal = world.run(AddMembers::one(new("dan", grant)), &by("lea")).unwrap_err();
            assert_eq!(refusal.code(), code);
        }
    }

    #[test]
    fn given_notes_when_added_then_keys_and_values_together_fill_the_cap_and_no_more_abu_3() {
        let mut world = World::new();
        let cap = world.model.caps.metadata_bytes;
        let add = |id, bytes: usize| {
            let member = new(id, Grant::role("member")).metadata("a", "b");
            AddMembers::one(member.metadata("key", "x".repeat(bytes - "abkey".len())))
        };
        world.ok(add("bob", cap), &Actor::System);
        assert_eq!(world.run(add("dan", cap + 1), &Actor::System).unwrap_err().code(), "too-large");
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("AddMembersRefused", include_str!("add_members.rs"));
        let mut world = World::with(team_of(1).entitled("line", Restriction::only(["a"])));
        world.add("lea", Grant::role("lead").removing("posts.publish"));
        let member = || Grant::role("member");
        let mut refused = |world: &mut World, sentence, reason, add: AddMembers, actor: &Actor| {
            cases.refused(sentence, reason, world.run(add, actor));
        };
        let host = Actor::System;
        refused(
            &mut world,
            "given nobody, when added, then nothing is asked",
            "NothingAsked",
            AddMembers::many([]),
            &host,
        );
        let many = (0..1_001).map(|n| new(&format!("{n}"), member()));
        refused(
            &mut world,
            "given more than a command takes, when added, then they are too many (ABU-3)",
            "TooLarge",
            AddMembers::many(many),
            &host,
        );
        let notes = new("bob", member()).metadata("k", "x".repeat(5_000));
        refused(
            &mut world,
            "given long notes, when added, then they are too large (ABU-3)",
            "TooLarge",
            AddMembers::one(notes),
            &host,
        );
        let three = ["a", "b", "c"].map(|id| new(id, member()));
        refused(
            &mut world,
            "given too few seats, when all or nobody is added, then nobody is (SEA-6)",
            "PartlyRefused",
            AddMembers::many(three).mode(Mode::AllOrNothing),
            &host,
        );
        let bob = || AddMembers::one(new("bob", member()));
        refused(
            &mut world,
            "given no right to add, when adding, then it is missing",
            "NotPermitted",
            bob(),
            &by("dan"),
        );
        refused(
            &mut world,
            "given grants beyond one's own, when adding, then they are not grantable (AUT-2)",
            "NotGrantable",
            bob(),
            &by("lea"),
        );
        let ungrantable = [
            ("GrantsMissing", Grants::default()),
            ("UnknownRole", Grant::role(RoleName::OWNER).into()),
            ("UnknownPermission", member().adding("fly").into()),
            ("UnknownResourceKind", member().restricted("moon", Restriction::All).into()),
            ("NeverGrantable", Grant::role("client").adding("accounts.delete").into()),
            ("NotEntitled", member().restricted("line", Restriction::only(["b"])).into()),
            ("InvalidEnd", member().until(MIN_TIME).into()),
        ];
        for (reason, grants) in ungrantable {
            refused(
                &mut world,
                "given grants that nobody can have, when added, then it says why (AUT-3)",
                reason,
                AddMembers::one(new("bob", grants)),
                &host,
            );
        }
        let mut denied = world.clone();
        let rules = DomainRules::new().deny(DomainRule::parse("example.com").unwrap());
        denied.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        let with_address = AddMembers::one(new("bob", member()).email(address("bob@example.com")));
        refused(
            &mut denied,
            "given a denied domain, when added with an address of it, then it is not allowed (IDN-8)",
            "DomainNotAllowed",
            with_address.clone(),
            &host,
        );
        refused(
            &mut denied,
            "given rules on domains, when a member adds without an address, then one is needed (IDN-8)",
            "AddressNeeded",
            AddMembers::one(new("eve", Grant::role("client"))),
            &by("ada"),
        );
        let mut shut = world.clone();
        shut.shut_groups();
        for (reason, group) in SHUT {
            refused(
                &mut shut,
                "given a group in which nothing can be granted, when added to it, then it says why (LIF-10)",
                reason,
                AddMembers::one(new("dan", in_group("client", group))),
                &host,
            );
        }
        let mut blocked = world.clone();
        let id = blocked.invite("bob@example.com", Grant::role("client"), &by("ada"));
        blocked.ok(Decline::inbox(id, person("bob")).block(Block::Organization), &by("bob"));
        refused(
            &mut blocked,
            "given a block, when added by address, then it holds (F11)",
            "Blocked",
            with_address,
            &host,
        );
        refused(
            &mut blocked,
            "given a block, when added by user, then it holds (C3)",
            "Blocked",
            bob(),
            &host,
        );
        let mut left = world.clone();
        left.add("gus", Grant::role("client"));
        left.ok(Leave::new(user("gus")), &by("gus"));
        let gus = || AddMembers::one(new("gus", Grant::role("client")));
        refused(
            &mut left,
            "given somebody who left, when a member adds them, then they are to be asked (C3)",
            "LeftBefore",
            gus(),
            &by("ada"),
        );
        left.ok(gus(), &Actor::System);
        refused(
            &mut world,
            "given a member, when added again, then they are one already (IDN-10)",
            "AlreadyMember",
            AddMembers::one(new("lea", member())),
            &host,
        );
        let same = new("eve", Grant::role("client")).email(address("lea@example.com"));
        refused(
            &mut world,
            "given an address that another joined with, when added, then it is theirs (IDN-12)",
            "AddressOfAnotherMember",
            AddMembers::one(same),
            &host,
        );
        world.ok(bob(), &host);
        let dan = || AddMembers::one(new("dan", member()));
        refused(
            &mut world,
            "given no seat, when added, then none is left (SEA-1)",
            "NoSeatLeft",
            dan(),
            &host,
        );
        world.ok(ChangePlan::new(Plan::new()), &host);
        refused(
            &mut world,
            "given a plan that does not name the class, when added, then it has none (SEA-4)",
            "SeatClassNotInPlan",
            dan(),
            &host,
        );
        world.ok(ChangeStatus::Suspend, &host);
        refused(
            &mut world,
            "given a suspended organization, when added, then not now (LIF-8)",
            "OrganizationSuspended",
            dan(),
            &host,
        );
        world.ok(ChangeStatus::Close, &host);
        refused(
            &mut world,
            "given a closed organization, when added, then never (LIF-8)",
            "OrganizationClosed",
            dan(),
            &host,
        );
        let mut apart = World::suspended();
        cases.refused(
            "given a member who is suspended, then they are to be restored first (AUT-7)",
            "MemberSuspended",
            apart.run(AddMembers::one(new("bob", in_group("client", "red"))), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
