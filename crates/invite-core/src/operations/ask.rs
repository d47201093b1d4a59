//! Ask to join: by an invite link with approval, to a group by request, or by a verified domain.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Principal;
use super::accept::require_there;
use super::join_domain::{reads_of_domains, verified_address};
use super::join_link::{Opened, open_link};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyAsked, AlreadyMember, AskedTooOften, ForbiddenCharacter, GroupInviteOnly, InvalidExpiry,
    NoApprovalNeeded, Refusal, TooLarge, TooManyRequests, UnknownMember, refused, refused_for_groups,
    refused_when_closed,
};
use crate::rules::{group, organization, require_active, require_groups, require_open, without_closed};
use crate::seats::end_access_if_due;
use crate::{
    Actor, DomainJoining, Draft, EmailAddress, Event, Grant, Grants, GroupId, Host, Invitee, JoinPolicy,
    JoinRequest, LimitSubject, LinkId, Member, Operation, Reads, RequestId, RequestWay, Scope, Stop, Token,
    UserId, bounded, serialize_digest,
};

/// Asks to join: somebody with the right approves or denies it (E1, F15).
#[derive(Debug, Clone, Serialize)]
pub struct AskToJoin {
    by: AskBy,
    principal: Principal,
    name: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
enum AskBy {
    Link(#[serde(serialize_with = "serialize_digest")] Token),
    Group(GroupId),
    Domain,
}

impl AskToJoin {
    /// By the token out of an invite link that needs approval (B2).
    #[must_use]
    pub fn link(token: Token, principal: Principal) -> Self {
        Self::by(AskBy::Link(token), principal)
    }

    /// To come into a group that is joined by request, as a member of the organization (E1).
    #[must_use]
    pub fn group(group: GroupId, principal: Principal) -> Self {
        Self::by(AskBy::Group(group), principal)
    }

    /// With an address of a verified domain that lets people ask (F15).
    #[must_use]
    pub fn domain(principal: Principal) -> Self {
        Self::by(AskBy::Domain, principal)
    }

    fn by(by: AskBy, principal: Principal) -> Self {
        Self { by, principal, name: None, message: None }
    }

    /// The name of whoever asks, for those who decide.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A word to those who decide. It is never mailed.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

/// What came of asking, or proposing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Asked {
    /// The join request.
    pub request: RequestId,
}

refused! {
    /// Why somebody could not ask.
    AskRefused:
        UnknownToken, Superseded, OrganizationSuspended, OrganizationClosed, LinkNotOpen, TooLarge, ForbiddenCharacter,
        AddressNeeded, DomainNotAllowed, NoLongerAvailable, UnknownGroup, GroupArchived, GroupClosed, GroupInviteOnly,
        InviterNoLongerMay, NoApprovalNeeded, UnknownMember, NoVerifiedDomain, AlreadyMember, AlreadyAsked,
        AskedTooOften, TooManyRequests, InvalidExpiry, MemberSuspended
}
refused_when_closed!(AskRefused);
refused_for_groups!(AskRefused);

impl Sealed for AskToJoin {}

impl Operation for AskToJoin {
    type Outcome = Asked;
    type Refusal = AskRefused;
    const NAME: &'static str = "ask-to-join";

    fn reads(&self, _actor: &Actor) -> Reads {
        let user = self.principal.user();
        let mut reads = reads_of_asking(LimitSubject::Asker(user.clone())).person(user.clone());
        reads.invitees.extend(self.principal.invitees());
        match &self.by {
            AskBy::Link(token) => reads.link(LinkId::from_uuid(token.id())),
            AskBy::Group(group) => reads.group(group.clone()),
            AskBy::Domain => reads_of_domains(reads, &self.principal),
        }
    }

    fn makes(&self) -> usize {
        1
    }

    fn decide(
        &self,
        host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        let user = self.principal.user();
        draft.act_as(user);
        // Whose access ended is no member any more (F14).
        end_access_if_due(host.model, draft, user)?;
        let (way, email, grants) = match &self.by {
            AskBy::Link(token) => {
                let opened = open_link::<AskRefused>(host, draft, token, &self.principal)?;
                let Opened { row, email, grants, .. } = opened;
                (
                    needed(
                        draft,
                        row.settings.by_request,
                        RequestWay::Link { link: row.id, revision: row.revision },
                    )?,
                    email,
                    grants,
                )
            }
            AskBy::Group(group) => self.for_group(draft, group)?,
            AskBy::Domain => {
                let (domain, email, verified) = verified_address::<AskRefused>(draft, &self.principal)?;
                let by_request = verified.joining == DomainJoining::ByRequest;
                (needed(draft, by_request, RequestWay::Domain(domain))?, Some(email), verified.grants)
            }
        };
        require_there::<AskRefused>(host, draft, &grants)?;
        let (grants, _) = without_closed::<AskRefused>(draft, &grants)?;
        require_groups::<AskRefused>(draft, &grants)?;
        let active = draft.member(user)?.is_none_or(Member::is_active);
        require_active::<AskRefused>(draft, active)?;
        let member = draft.member(user)?;
        let holds_all = member.is_some_and(|member| member.holds_in_all(&grants));
        draft.require("IDN-10", !holds_all, || AskRefused::from(AlreadyMember {}))?;
        let asking = Asking {
            invitee: user.clone().into(),
            by: user,
            email,
            name: &self.name,
            message: &self.message,
        };
        let request = make::<AskRefused>(host, draft, way, asking, grants)?;
        Ok(Asked { request })
    }
}

impl AskToJoin {
    /// Only members are told which groups there are.
    fn for_group(
        &self,
        draft: &mut Draft,
        id: &GroupId,
    ) -> Result<(RequestWay, Option<EmailAddress>, Grants), Stop<AskRefused>> {
        require_open(draft)?;
        self.principal.require_few_vouched::<AskRefused>()?;
        let user = self.principal.user();
        let member = draft.member(user)?.ok_or_else(|| UnknownMember { user: user.clone() });
        let email = member.map(|member| member.email.clone()).map_err(AskRefused::from);
        let email = draft.rule("E1", email)?;
        let settings = &group::<AskRefused>(draft, id)?.settings;
        let access = match (settings.join_policy, settings.join_access.clone()) {
            (JoinPolicy::ByRequest, Some(access)) => Ok(access),
            (JoinPolicy::Open, _) => Err(AskRefused::from(NoApprovalNeeded {})),
            _ => Err(GroupInviteOnly { group: id.clone() }.into()),
        };
        let access = draft.rule("E1", access)?;
        let grants = Grants::from(Grant::new(Scope::Group(id.clone()), access));
        Ok((RequestWay::Group(id.clone()), email, grants))
    }
}

/// The way, if one has to ask there.
fn needed(draft: &mut Draft, by_request: bool, way: RequestWay) -> Result<RequestWay, Stop<AskRefused>> {
    draft.require("E1", by_request, || AskRefused::from(NoApprovalNeeded {}))?;
    Ok(way)
}

/// What is needed to make a request, whatever for; whose rate is limited.
pub(super) fn reads_of_asking(subject: LimitSubject) -> Reads {
    let mut reads = Reads::new();
    reads.limits.insert(subject);
    reads.due_requests = Reads::DUE;
    reads
}

/// Somebody who asks, or proposes somebody.
pub(super) struct Asking<'a> {
    pub(super) invitee: Invitee,
    pub(super) by: &'a UserId,
    pub(super) email: Option<EmailAddress>,
    pub(super) name: &'a Option<String>,
    pub(super) message: &'a Option<String>,
}

/// Makes a request: one at a time for the same person and place (CON-3), and not too many (ABU-1, ABU-3).
pub(super) fn make<R>(
    host: &Host<'_>,
    draft: &mut Draft,
    way: RequestWay,
    asking: Asking<'_>,
    grants: Grants,
) -> Result<RequestId, Stop<R>>
where
    R: Refusal
        + From<TooLarge>
        + From<ForbiddenCharacter>
        + From<AlreadyAsked>
        + From<AskedTooOften>
        + From<TooManyRequests>
        + From<InvalidExpiry>,
{
    let Asking { invitee, by, email, name, message } = asking;
    let caps = &host.model.caps;
    require_words(draft, [("name", name, caps.name_bytes), ("message", message, caps.message_bytes)])?;

    draft.end_due_requests();
    let asked = draft.asked_for(&invitee)?.map(|row| row.id).collect::<Vec<_>>();
    for id in asked {
        draft.end_request_if_due(id);
    }
    let same = |row: &&JoinRequest| row.grants.scopes().any(|scope| grants.access(scope).is_some());
    let answer = match draft.asked_for(&invitee)?.find(same) {
        Some(open) => Err(R::from(AlreadyAsked { request: open.id, expires_at: open.expires_at })),
        None => Ok(()),
    };
    draft.rule("CON-3", answer)?;

    let (subject, rate) = organization::<R>(draft)?.plan.rate_of(&way, by);
    let answer = match rate {
        Some(rate) => rate.advance(draft.limit(&subject)?, draft.now()).map(drop),
        None => Ok(()),
    };
    draft.rule("ABU-1", answer.map_err(|again_at| R::from(AskedTooOften { again_at })))?;
    let in_all = organization::<R>(draft)?.counts.requests as usize;
    let for_one = draft.asked_for(&invitee)?.count();
    let most = [(in_all, caps.requests), (for_one, Reads::MAX_ASKED)];
    let full = most.into_iter().find(|(open, limit)| open >= limit);
    let few = full.map_or(Ok(()), |(_, limit)| Err(R::from(TooManyRequests { limit })));
    draft.rule("ABU-3", few)?;

    let now = draft.now();
    let end = now.checked_add_signed(host.model.request_expiry).map(bounded);
    let end = end.and_then(Result::ok).ok_or(R::from(InvalidExpiry {}));
    let expires_at = draft.rule("LIF-4", end)?;
    let id = RequestId::from_parts(now, draft.fresh()?);
    let request = JoinRequest {
        id,
        way,
        invitee,
        by: by.clone(),
        email,
        name: name.clone(),
        grants,
        message: message.clone(),
        created_at: now,
        expires_at,
        ended: None,
    };
    draft.emit(Event::RequestMade { request: Box::new(request) });
    Ok(id)
}

/// Requires that words fit their caps (ABU-3) and hold no control characters (MAI-2).
pub(super) fn require_words<'a, R>(
    draft: &mut Draft,
    words: impl IntoIterator<Item = (&'static str, &'a Option<String>, usize)> + Clone,
) -> Result<(), Stop<R>>
where
    R: Refusal + From<TooLarge> + From<ForbiddenCharacter>,
{
    for (what, text, cap) in words {
        let fits = text.as_ref().is_none_or(|text| text.len() <= cap);
        draft.require("ABU-3", fits, || R::from(TooLarge::new(what, cap)))?;
        let clean = ForbiddenCharacter::in_none_of([(what, text.as_ref())]).map_err(R::from);
        draft.rule("MAI-2", clean)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    /// A link by which clients ask to join.
    fn asked_by() -> LinkSettings {
        LinkSettings::new("Clients", Grant::role("client")).by_request()
    }

    #[test]
    fn given_a_link_with_approval_when_asked_then_nothing_is_held_until_it_is_approved_b2() {
        let mut world = World::new();
        let link = world.make_link(asked_by());
        let id = world.ask_by(link, "bob").unwrap();
        let row = world.request(id);
        assert_eq!(row.way, RequestWay::Link { link, revision: 0 });
        assert_eq!((row.by.clone(), row.email.clone()), (user("bob"), Some(address("bob@example.com"))));
        assert_eq!(row.expires_at - row.created_at, TimeDelta::days(14));
        assert!(!world.rows().members.contains_key(&user("bob")));
        assert_eq!((world.link(link).uses, world.organization().counts.requests), (0, 1));
        assert_eq!(world.seats("client"), (0, 0), "who asks reserves no seat");
    }

    #[test]
    fn given_a_group_by_request_when_a_member_asks_then_what_the_group_gives_is_asked_for_e1() {
        let mut world = World::new();
        world.by_links(["red"]);
        world.add("bob", Grant::role("client"));
        let ask = AskToJoin::group(group("red"), stranger("bob")).name("Bob").message("I paint");
        let id = world.ok(ask, &by("bob")).request;
        let row = world.request(id);
        assert_eq!(row.grants, Grants::from(in_group("client", "red")));
        assert_eq!((row.group(), row.name.as_deref()), (Some(&group("red")), Some("Bob")));
        assert_eq!(row.email, Some(address("bob@example.com")), "the address that they joined with");
    }

    #[test]
    fn given_a_verified_domain_by_request_when_asked_then_its_access_is_asked_for_f15() {
        let mut world = World::new();
        world.verify([("work.example", VerifiedDomain::asks(Grant::role("member")))]);
        let bob = person("bob").vouching(address("bob@Work.example"));
        let id = world.ok(AskToJoin::domain(bob), &by("bob")).request;
        let row = world.request(id);
        assert_eq!(row.way, RequestWay::Domain(Domain::parse("work.example").unwrap()));
        assert_eq!(row.email, Some(address("bob@work.example")), "the address that lets them in");
    }

    #[test]
    fn given_a_request_past_its_expiry_when_asked_again_then_it_is_ended_first_and_holds_no_place_lif_7b() {
        let mut world = World::new();
        let link = world.make_link(asked_by());
        let first = world.ask_by(link, "bob").unwrap();
        world.wait(TimeDelta::days(14) - TimeDelta::microseconds(1));
        assert_eq!(world.ask_by(link, "bob").unwrap_err().code(), "already-asked");
        world.wait(TimeDelta::microseconds(1));
        assert_eq!(world.request(first).state_at(world.now), RequestState::Expired, "half-open (LIF-5)");
        let second = world.ask_by(link, "bob").unwrap();
        assert_eq!(world.request(first).stored_state(), RequestState::Expired);
        assert_eq!(world.request(second).stored_state(), RequestState::Pending);
        assert_eq!(world.organization().counts.requests, 1);
    }

    #[test]
    fn given_as_many_open_requests_as_may_be_when_asked_then_what_is_past_its_expiry_makes_room_abu_3() {
        let caps = Caps { requests: 2, ..Caps::default() };
        let mut world = World::of(model().caps(caps), roomy());
        let link = world.make_link(asked_by());
        world.ask_by(link, "bob").unwrap();
        world.wait(TimeDelta::days(1));
        world.ask_by(link, "cid").unwrap();
        assert_eq!(world.ask_by(link, "dan").unwrap_err().code(), "too-many-requests");
        world.wait(TimeDelta::days(13));
        world.ask_by(link, "dan").unwrap();
    }

    #[test]
    fn given_somebody_who_asks_for_two_things_when_one_is_granted_otherwise_then_that_request_is_settled_lif_7d()
     {
        let mut world = World::new();
        world.by_links(["red"]);
        let (clients, red) = (
            world.make_link(asked_by()),
            world.make_link(LinkSettings::new("Red", in_group("client", "red")).by_request()),
        );
        let (first, second) = (world.ask_by(clients, "bob").unwrap(), world.ask_by(red, "bob").unwrap());
        world.add("bob", Grant::role("member"));
        let settled = RequestEnding::Settled { because: SettledBecause::JoinedOtherwise };
        assert_eq!(world.request(first).ended.as_ref().unwrap().0, settled);
        assert!(world.request(second).is_open(), "a place in the group is not held yet");
        world.ok(RemoveMembers::one(user("bob")), &by("ada"));
        let settled = RequestEnding::Settled { because: SettledBecause::InviteeRemoved };
        assert_eq!(world.request(second).ended.as_ref().unwrap().0, settled, "LIF-7c");
    }

    #[test]
    fn given_one_who_is_denied_when_they_ask_again_and_again_then_they_are_told_when_once_more_abu_1() {
        let mut world = World::new();
        world.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        let link = world.make_link(asked_by());
        for _ in 0..10 {
            let id = world.ask_by(link, "bob").unwrap();
            world.ok(Deny::one(id), &by("ada"));
        }
        let AskRefused::AskedTooOften(why) = world.ask_by(link, "bob").unwrap_err() else { panic!() };
        let again = world.now + TimeDelta::minutes(144);
        assert_eq!(*why.again_at(), again);
        world.ask_by(link, "cid").unwrap();
        for n in 0..11 {
            world.propose(address(&std::format!("{n}@example.com")), Grant::role("client"), "mia");
        }
        world.now = again;
        world.ask_by(link, "bob").unwrap();
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("AskRefused", include_str!("ask.rs"));
        let mut world = World::with(roomy().entitled("line", Restriction::only(["a"])));
        world.by_links(["red", "more", "own"]);
        let link = world.make_link(asked_by());
        let ask = |token: Token, who: Principal| AskToJoin::link(token, who);
        let old = world.link_token(link);
        world.ok(SwitchLink::refresh(link), &by("ada"));
        cases.refused(
            "given a refreshed link, when asked by the old one, then it says so (B3)",
            "Superseded",
            world.run(ask(old, person("bob")), &by("bob")),
        );
        let acme = OrganizationId::parse(ACME).unwrap();
        let copied = world.keyring.issue(Purpose::Copied, &acme, link.as_uuid(), &world.link(link).nonce);
        cases.refused(
            "given a token of another purpose, then it is unknown (TOK-5)",
            "UnknownToken",
            world.run(ask(copied, person("bob")), &by("bob")),
        );
        let mut off = world.clone();
        off.ok(SwitchLink::off(link), &by("ada"));
        cases.refused("given a link that is off, then not now (B2)", "LinkNotOpen", off.ask_by(link, "bob"));
        let token = world.link_token(link);
        cases.refused(
            "given more words than anybody reads, then they are too many (ABU-3)",
            "TooLarge",
            world.run(ask(token.clone(), person("bob")).message("x".repeat(2_001)), &by("bob")),
        );
        cases.refused(
            "given words with a control character, then no store must hold them (MAI-2)",
            "ForbiddenCharacter",
            world.run(ask(token.clone(), person("bob")).name("Bob\u{7}"), &by("bob")),
        );
        let only = DomainRules::new().allow(DomainRule::parse("work.example").unwrap());
        let ruled = world.make_link(asked_by().domains(only));
        cases.refused(
            "given rules about domains and no address, then one is needed (IDN-8)",
            "AddressNeeded",
            world.run(ask(world.link_token(ruled), stranger("bob")), &by("bob")),
        );
        cases.refused(
            "given an address of another domain, then it is not allowed (IDN-8)",
            "DomainNotAllowed",
            world.ask_by(ruled, "bob"),
        );
        let line = Grant::role("client").restricted("line", Restriction::only(["a"]));
        let line = world.make_link(LinkSettings::new("Line", line).by_request());
        let mut disabled = world.clone();
        disabled.ok(ChangePlan::new(roomy().entitled("line", Restriction::only(["b"]))), &Actor::System);
        cases.refused(
            "given a line that the plan does not enable any more, then it is gone (LIF-10)",
            "NoLongerAvailable",
            disabled.ask_by(line, "bob"),
        );
        world.add("mia", Grant::role("client"));
        let to = |id: &str, who: &str| AskToJoin::group(group(id), person(who));
        let mut shut = world.clone();
        shut.shut_groups();
        for (reason, id) in SHUT {
            cases.refused(
                "given a group in which nothing can be granted, then it says why (LIF-8)",
                reason,
                shut.run(to(id, "mia"), &by("mia")),
            );
        }
        cases.refused(
            "given an invite-only group, then nobody asks (E1)",
            "GroupInviteOnly",
            world.run(to("blue", "mia"), &by("mia")),
        );
        cases.refused(
            "given no member, when asking for a group, then groups are not told to strangers",
            "UnknownMember",
            world.run(to("red", "bob"), &by("bob")),
        );
        let direct = world.make_link(LinkSettings::new("Direct", Grant::role("client")));
        cases.refused(
            "given a link without approval, then there is nothing to ask (E1)",
            "NoApprovalNeeded",
            world.ask_by(direct, "bob"),
        );
        cases.refused(
            "given no verified domain, then an invitation is needed (F15)",
            "NoVerifiedDomain",
            world.run(AskToJoin::domain(person("bob")), &by("bob")),
        );
        let mut strict = World::of(model().link_policy(InviterPolicy::Strict), roomy());
        strict.add("dan", Grant::role("admin"));
        let dans = strict.ok(CreateLink::new(asked_by()), &by("dan")).link;
        strict.ok(RemoveMembers::one(user("dan")), &by("ada"));
        cases.refused(
            "given a creator who left, when asking strictly, then they may no longer grant it (AUT-4)",
            "InviterNoLongerMay",
            strict.ask_by(dans, "bob"),
        );
        cases.refused(
            "given a member, then they are one already (IDN-10)",
            "AlreadyMember",
            world.ask_by(link, "mia"),
        );
        let mut paused = world.clone();
        paused.ok(SuspendMembers::one(user("mia")), &by("ada"));
        cases.refused(
            "given a suspended member, then they are to be restored (AUT-7)",
            "MemberSuspended",
            paused.run(to("red", "mia"), &by("mia")),
        );
        world.ask_by(link, "bob").unwrap();
        cases.refused(
            "given an open request, then it waits (CON-3)",
            "AlreadyAsked",
            world.ask_by(link, "bob"),
        );
        let mut slow = world.clone();
        let rate = Rate::per(1, TimeDelta::hours(1)).unwrap();
        slow.ok(ChangePlan::new(roomy().asking_rate(rate)), &Actor::System);
        let asked = slow.ask_by(link, "cid").unwrap();
        slow.ok(Withdraw::new(asked), &by("cid"));
        cases.refused(
            "given one who asked just now, then they wait a while (ABU-1)",
            "AskedTooOften",
            slow.ask_by(link, "cid"),
        );
        let mut full = World::of(model().caps(Caps { requests: 0, ..Caps::default() }), roomy());
        let link_of_full = full.make_link(asked_by());
        cases.refused(
            "given as many requests as may be open, then some have to be decided first (ABU-3)",
            "TooManyRequests",
            full.ask_by(link_of_full, "bob"),
        );
        let mut late = World::of(model().request_expiry(TimeDelta::days(36_525)), roomy());
        late.wait(TimeDelta::days(2_908_000));
        let link_of_late = late.make_link(asked_by());
        cases.refused(
            "given a request that would outlast all that is kept, then no (LIF-4)",
            "InvalidExpiry",
            late.ask_by(link_of_late, "bob"),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now (LIF-8)",
            "OrganizationSuspended",
            world.ask_by(link, "cid"),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never (LIF-8)",
            "OrganizationClosed",
            world.ask_by(link, "cid"),
        );
        cases.are_all_but(&[]);
    }

    #[test]
    fn given_a_request_when_it_is_shown_for_debugging_then_what_was_written_in_it_is_left_out_pri_4() {
        let mut world = World::new();
        let link = world.make_link(asked_by());
        let ask =
            AskToJoin::link(world.link_token(link), person("bob")).name("Bob").message("SECRET MESSAGE");
        let id = world.ok(ask, &by("bob")).request;
        let shown: String = std::format!("{:?}", world.request(id));
        assert!(!shown.contains("SECRET") && !shown.contains("bob@example.com"), "{shown}");
    }
}
