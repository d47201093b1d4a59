//! Approve join requests.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::accept::still_granted;
use super::create_link::require_joinable;
use super::invite::{Invite, InviteRefused, check_granting};
use super::invitees::InviteeEntry;
use super::join::{Joining, join};
use crate::authority::Unmanageable;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    InviterNoLongerMay, LinkNotOpen, OwnRequest, Refusal, RequestNotPending, UnknownRequest, refused,
    refused_for_authority, refused_for_grants, refused_for_groups, refused_for_seats, refused_like,
    refused_when_closed,
};
use crate::rules::{authority, require_open, require_permitted, without_closed};
use crate::seats::end_due;
use crate::{
    Actor, Approvers, Draft, Event, Grants, GroupId, Host, InvitationId, InviteLink, Invitee, InviterPolicy,
    JoinRequest, JoinedBy, LinkState, Member, Metadata, Operation, Permission, Reads, RequestEnding,
    RequestId, RequestState, RequestWay, Stop, UserId,
};

/// Approves one join request or many, each decided for itself (STO-8).
///
/// Whoever asked becomes a member at once; of a proposal an invitation is made, with whoever approves it as its
/// inviter (F21). Needs [`Permission::INVITE`] in every scope of what was asked for and the right to grant its roles,
/// also where something else is granted instead, all of which the actor must be able to grant (AUT-1, AUT-2); never
/// one's own request (AUT-9). Seats, domains and authority are those of the moment of approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approve {
    requests: Vec<RequestId>,
    grants: Option<Grants>,
}

impl Approve {
    /// One request. If it cannot be approved, the command is refused.
    #[must_use]
    pub fn one(request: RequestId) -> Self {
        Self { requests: alloc::vec![request], grants: None }
    }

    /// Many, with a result for each.
    pub fn many(requests: impl IntoIterator<Item = RequestId>) -> Self {
        Self { requests: requests.into_iter().collect(), grants: None }
    }

    /// Grants this, instead of what was asked for.
    #[must_use]
    pub fn granting(mut self, grants: impl Into<Grants>) -> Self {
        self.grants = Some(grants.into());
        self
    }
}

/// What came of approving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Approved {
    /// One for each request, in the order given.
    pub results: Vec<ApproveResult>,
}

impl Approved {
    /// How many were approved.
    #[must_use]
    pub fn len(&self) -> usize {
        self.results.iter().filter(|result| !matches!(result.outcome, ApproveOutcome::Refused { .. })).count()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApproveResult {
    /// Which.
    pub request: RequestId,
    /// What came of it.
    pub outcome: ApproveOutcome,
}

/// What can come of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
#[non_exhaustive]
pub enum ApproveOutcome {
    /// Whoever asked is a member.
    Joined {
        /// Who.
        user: UserId,
        /// What they were given. What else they hold is not told: whoever approves may manage one group alone (E4).
        grants: Grants,
        /// Groups that they asked for and that were closed since (LIF-10).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dropped: Vec<GroupId>,
    },
    /// Whoever was proposed is invited; or was included, which is told in the list of members alone, as of
    /// [`InviteOutcome::Invited`](crate::InviteOutcome::Invited).
    Invited {
        /// The invitation.
        invitation: InvitationId,
    },
    /// A rule said no.
    Refused {
        /// Why.
        reason: ApproveRefused,
    },
}

refused! {
    /// Why a request was not approved.
    ApproveRefused:
        NothingAsked, TooLarge, OrganizationSuspended, OrganizationClosed, UnknownRequest, NotPermitted, NotGrantable,
        OwnRequest, RequestNotPending, GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable,
        NotEntitled, InvalidEnd, UnknownGroup, GroupArchived, GroupClosed, GroupInviteOnly, InviterNoLongerMay,
        LinkNotOpen, DomainNotAllowed, AddressNeeded, Blocked, MemberSuspended, AddressOfAnotherMember, AlreadyMember, AlreadyInvited,
        InvalidExpiry, TooManyInvitations, TooManyPending, TooManyOpen, NoSeatLeft, SeatClassNotInPlan,
}
refused_when_closed!(ApproveRefused);
refused_for_grants!(ApproveRefused);
refused_for_authority!(ApproveRefused);
refused_for_groups!(ApproveRefused);
refused_for_seats!(ApproveRefused);
refused_like! {
    ApproveRefused from some of InviteRefused:
        TooLarge, NotPermitted, NotGrantable, GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind,
        NeverGrantable, NotEntitled, InvalidEnd, UnknownGroup, GroupArchived, GroupClosed, DomainNotAllowed, AddressNeeded, Blocked,
        MemberSuspended, AddressOfAnotherMember, AlreadyMember, AlreadyInvited, InvalidExpiry, TooManyInvitations,
        TooManyPending, TooManyOpen, NoSeatLeft, SeatClassNotInPlan,
}

impl Sealed for Approve {}

impl Operation for Approve {
    type Outcome = Approved;
    type Refusal = ApproveRefused;
    const NAME: &'static str = "approve";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor).limits_of(actor).due();
        reads.requests.extend(self.requests.iter().copied());
        self.grants.iter().fold(reads, Reads::groups_in)
    }

    fn makes(&self) -> usize {
        // What an invitation takes: an id, a nonce and a delivery.
        3 * self.requests.len()
    }

    fn rows(&self) -> usize {
        4 * self.requests.len()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        super::require_count(host.model, self.requests.len())?;
        end_due(host.model, draft)?;
        let results =
            super::each(draft, &self.requests, |draft, id| self.approve_one(host, actor, draft, *id))?;
        let result = |(&request, result): (&RequestId, Result<ApproveOutcome, _>)| {
            let outcome = result.unwrap_or_else(|reason| ApproveOutcome::Refused { reason });
            ApproveResult { request, outcome }
        };
        let results = self.requests.iter().zip(results).map(result).collect();
        Ok(Approved { results })
    }
}

impl Approve {
    fn approve_one(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
        id: RequestId,
    ) -> Result<ApproveOutcome, Stop<ApproveRefused>> {
        let row = draft.request(id)?.cloned().ok_or(ApproveRefused::from(UnknownRequest {}))?;
        let (asked, closed) = require_decidable::<ApproveRefused>(host, actor, draft, &row)?;
        check_granting::<ApproveRefused>(host, actor, draft, self.grants.as_ref().unwrap_or(&asked))?;
        let (grants, dropped) = match &self.grants {
            Some(grants) => (grants.clone(), Vec::new()),
            None => {
                let vouched = vouched_for(host, draft, &row, &asked)?;
                let vouched = vouched.ok_or(ApproveRefused::from(InviterNoLongerMay {}));
                (draft.rule("AUT-4", vouched)?, closed)
            }
        };
        match (&row.way, &row.invitee) {
            (RequestWay::Proposal, _) | (_, Invitee::Address(_) | Invitee::Erased(_)) => {
                invite(host, actor, draft, &row, grants)
            }
            (_, Invitee::User(user)) => {
                let member = admit(host, actor, draft, &row, user, &grants)?;
                Ok(ApproveOutcome::Joined { user: member.user, grants, dropped })
            }
        }
    }
}

/// Requires authority over all that is asked for (AUT-1), that the request is not one's own (AUT-9), and that it waits
/// for a decision. What is asked for without what is in groups that were closed since, and these groups (LIF-10).
pub(super) fn require_decidable<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    row: &JoinRequest,
) -> Result<(Grants, Vec<GroupId>), Stop<R>>
where
    R: Refusal + From<Unmanageable> + From<OwnRequest> + From<RequestNotPending>,
{
    let (asked, closed) = without_closed::<R>(draft, &row.grants)?;
    let over = authority::<R>(host, draft, actor)?.require_over(&Permission::INVITE, &asked);
    draft.rule("AUT-1", over.map_err(R::from))?;
    let own = match actor.user() {
        Some(user) => is_own(host, draft, row, user)?,
        None => false,
    };
    draft.require("AUT-9", !own, || R::from(OwnRequest {}))?;
    let state = row.state_at(draft.now());
    let pending = state == RequestState::Pending;
    draft.require("LIF-1", pending, || R::from(RequestNotPending { state }))?;
    Ok((asked, closed))
}

/// Whether somebody would join by the request, by any name; or brought it about, as far as the model minds.
fn is_own(
    host: &Host<'_>,
    draft: &Draft,
    row: &JoinRequest,
    user: &UserId,
) -> Result<bool, crate::NotLoaded> {
    let is_invitee = match &row.invitee {
        Invitee::User(invitee) => invitee == user,
        Invitee::Address(_) => draft.member_of(&row.invitee)?.is_some_and(|member| member.user == *user),
        Invitee::Erased(_) => false,
    };
    let answers_for_link = match row.way {
        RequestWay::Link { link, .. } => {
            draft.link(link)?.is_some_and(|link| link.creator.user() == Some(user))
        }
        _ => false,
    };
    Ok(is_invitee
        || match host.model.approvers {
            Approvers::AllButRequester => false,
            Approvers::AllButProposer => row.by == *user,
            Approvers::AllButInviter => row.by == *user || answers_for_link,
        })
}

/// What those who stand behind a request still stand behind, by policy (AUT-4): the proposer, or whoever answers for
/// the link. `None` refuses.
fn vouched_for(
    host: &Host<'_>,
    draft: &Draft,
    row: &JoinRequest,
    asked: &Grants,
) -> Result<Option<Grants>, Stop<ApproveRefused>> {
    let policy = host.model.request_policy;
    match row.way {
        RequestWay::Link { link, .. } => {
            let creator = draft.link(link)?.map_or(Actor::System, |link| link.creator.clone());
            still_granted(host, draft, (&creator, &Permission::LINKS), policy, asked)
        }
        RequestWay::Proposal if policy != InviterPolicy::Keep => {
            let proposer = authority::<ApproveRefused>(host, draft, &Actor::User(row.by.clone()))?;
            let may = asked.iter().filter(|(scope, _)| proposer.may(&Permission::PROPOSE, scope));
            let still = may.map(|(scope, access)| crate::Grant::new(scope.clone(), access.clone()));
            let still = still.collect::<Grants>();
            let enough = match policy {
                InviterPolicy::Reduce => !still.is_empty(),
                _ => still == *asked,
            };
            Ok(enough.then_some(still))
        }
        _ => Ok(Some(asked.clone())),
    }
}

/// Makes whoever asked a member.
fn admit(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    row: &JoinRequest,
    user: &UserId,
    grants: &Grants,
) -> Result<Member, Stop<ApproveRefused>> {
    let joined_by = match row.way {
        RequestWay::Link { link, revision } => {
            // What it grants is as it was asked for; how often it may be used, and by whom, holds at any time
            // (CON-4, LNK-6).
            let (used_up, domain) = match draft.link(link)? {
                Some(InviteLink { settings, uses, .. }) => (
                    settings.max_uses.is_some_and(|most| *uses >= most),
                    require_permitted::<ApproveRefused>(&settings.domains, row.email.as_ref()),
                ),
                None => (false, Ok(())),
            };
            draft.rule("LNK-6", domain)?;
            let state = LinkState::UsedUp;
            draft.require("CON-4", !used_up, || ApproveRefused::from(LinkNotOpen { state }))?;
            draft.emit(Event::LinkUsed { id: link, user: user.clone(), revision });
            JoinedBy::Link { link, revision }
        }
        _ => JoinedBy::Request(row.id),
    };
    if row.way != RequestWay::Proposal {
        require_joinable::<ApproveRefused>(draft, grants)?;
    }
    let ending = RequestEnding::Approved { by: actor.clone(), invitation: None };
    draft.emit(Event::RequestEnded { id: row.id, ending });
    let joining = Joining {
        user,
        email: row.email.as_ref(),
        known: None,
        grants,
        known_as: row.invitees().collect(),
        joined_by,
        metadata: Metadata::new(),
    };
    join::<ApproveRefused>(host.model, draft, joining)
}

/// Invites whoever was proposed, as if the approver had thought of it.
fn invite(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    row: &JoinRequest,
    grants: Grants,
) -> Result<ApproveOutcome, Stop<ApproveRefused>> {
    let entry = InviteeEntry::new(row.invitee.clone());
    let entry = match &row.name {
        Some(name) => entry.name(name.clone()),
        None => entry,
    };
    // It ends before they are invited, who may be members at once, which settles what is open for them.
    let invitation = InvitationId::from_parts(draft.now(), draft.fresh()?);
    let ending = RequestEnding::Approved { by: actor.clone(), invitation: Some(invitation) };
    draft.emit(Event::RequestEnded { id: row.id, ending });
    Invite::new(entry, grants)
        .decide_as(invitation, host, actor, draft)
        .map_err(ApproveRefused::from_stop)?;
    Ok(ApproveOutcome::Invited { invitation })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    fn asked_by(grant: Grant) -> LinkSettings {
        LinkSettings::new("Clients", grant).by_request()
    }

    /// Who may propose, and more.
    fn proposer(role: &str) -> Grant {
        Grant::role(role).adding(Permission::PROPOSE)
    }

    fn outcome(approved: Approved) -> ApproveOutcome {
        approved.results.into_iter().next().unwrap().outcome
    }

    #[test]
    fn given_a_request_by_a_link_when_approved_then_they_join_under_the_settings_at_their_asking_b5_lif_13() {
        let mut world = World::with(team_of(1));
        let link = world.make_link(asked_by(Grant::role("member")).max_uses(1));
        let (first, second) = (world.ask_by(link, "bob").unwrap(), world.ask_by(link, "cid").unwrap());
        world.ok(EditLink::new(link, asked_by(Grant::role("client")).max_uses(1)), &by("ada"));
        world.ok(SwitchLink::off(link), &by("ada"));
        let joined = outcome(world.ok(Approve::one(first), &by("ada")));
        assert_eq!(
            joined,
            ApproveOutcome::Joined {
                user: user("bob"),
                grants: Grant::role("member").into(),
                dropped: [].into()
            }
        );
        let row = &world.rows().members[&user("bob")];
        assert_eq!(
            (&row.joined_by, &row.email),
            (&JoinedBy::Link { link, revision: 0 }, &Some(address(BOB)))
        );
        assert_eq!((world.link(link).uses, world.seats("team")), (1, (1, 0)));
        let refused = world.run(Approve::one(second), &by("ada")).unwrap_err();
        assert_eq!(refused.code(), "link-used-up", "a use is counted when somebody joins (CON-4)");
    }

    #[test]
    fn given_a_rule_on_domains_that_came_to_the_link_when_approved_then_it_holds_lnk_6_idn_8() {
        let mut world = World::new();
        let link = world.make_link(asked_by(Grant::role("client")));
        let asked = world.ask_by(link, "bob").unwrap();
        let token = world.link_token(link);
        let without = world.ok(AskToJoin::link(token, stranger("cid")), &by("cid")).request;
        for (domain, codes) in [
            ("work.example", [Some("domain-not-allowed"), Some("address-needed")]),
            ("example.com", [None, Some("address-needed")]),
        ] {
            let rules = DomainRules::new().allow(DomainRule::parse(domain).unwrap());
            world.ok(EditLink::new(link, asked_by(Grant::role("client")).domains(rules)), &by("ada"));
            let came = [asked, without].map(|id| world.run(Approve::one(id), &by("ada")));
            assert_eq!(came.map(|came| came.err().map(|why| why.code())), codes, "{domain}");
        }
    }

    #[test]
    fn given_many_when_approved_then_each_is_decided_for_itself_and_seats_are_those_of_now_sto_8_sea_1() {
        let mut world = World::with(team_of(1));
        let link = world.make_link(asked_by(Grant::role("member")));
        let ids = ["bob", "cid", "dan"].map(|who| world.ask_by(link, who).unwrap());
        let approved = world.ok(Approve::many(ids), &by("ada"));
        assert_eq!((approved.len(), approved.is_empty()), (1, false));
        let ApproveOutcome::Refused { reason } = &approved.results[1].outcome else { panic!("{approved:?}") };
        assert_eq!(reason.code(), "no-seat-left");
        assert!(world.request(ids[1]).is_open(), "it waits for a seat");
        assert!(world.ok(Approve::many([ids[0], ids[1]]), &by("ada")).is_empty());
    }

    #[test]
    fn given_a_request_to_a_group_when_its_manager_approves_then_they_are_in_and_hold_nothing_else_e1() {
        let mut world = World::new();
        world.by_links(["red", "blue"]);
        world.add("gus", in_group("lead", "red"));
        world.add("bob", in_group("client", "blue"));
        let id = world.ok(AskToJoin::group(group("red"), stranger("bob")), &by("bob")).request;
        let joined = outcome(world.ok(Approve::one(id), &by("gus")));
        let told = ApproveOutcome::Joined {
            user: user("bob"),
            grants: in_group("client", "red").into(),
            dropped: [].into(),
        };
        assert_eq!(joined, told, "nothing of other groups (E4)");
        let row = &world.rows().members[&user("bob")];
        assert_eq!(row.grants, Grants::from([in_group("client", "blue"), in_group("client", "red")]));
        world.add("cid", in_group("client", "red"));
        let other = world.ok(AskToJoin::group(group("blue"), stranger("cid")), &by("cid")).request;
        assert_eq!(world.run(Approve::one(other), &by("gus")).unwrap_err().code(), "not-permitted");
        world.ok(Approve::one(other).granting(in_group("member", "blue")), &by("ada"));
        assert_eq!(world.rows().members[&user("cid")].grants.len(), 2);
    }

    #[test]
    fn given_a_request_for_the_organization_when_a_manager_of_a_group_decides_then_it_is_not_theirs_aut_1() {
        let mut world = World::new();
        world.by_links(["blue"]);
        world.add("gus", in_group("admin", "blue"));
        world.add("lea", Grant::role("lead"));
        let link = world.make_link(asked_by(Grant::role("client")));
        let asked = world.ask_by(link, "bob").unwrap();
        let less = Approve::one(asked).granting(in_group("client", "blue"));
        assert_eq!(world.run(less, &by("gus")).unwrap_err().code(), "not-permitted");
        assert_eq!(world.run(Deny::one(asked), &by("gus")).unwrap_err().code(), "not-permitted");
        world.add("mia", proposer("member"));
        let admin = world.propose(address("eve@example.com"), Grant::role("admin"), "mia");
        let less = Approve::one(admin).granting(Grant::role("client"));
        assert_eq!(world.run(less, &by("lea")).unwrap_err().code(), "not-grantable");
        assert_eq!(world.run(Deny::one(admin), &by("lea")).unwrap_err().code(), "not-grantable");
        assert!(world.request(asked).is_open() && world.request(admin).is_open());
    }

    #[test]
    fn given_a_request_with_an_address_of_a_domain_when_approved_then_how_they_joined_is_on_record_f15() {
        let mut world = World::new();
        world.verify([("example.com", VerifiedDomain::asks(Grant::role("client")))]);
        let id = world.ok(AskToJoin::domain(person("bob")), &by("bob")).request;
        world.ok(Approve::one(id), &Actor::System);
        assert_eq!(world.rows().members[&user("bob")].joined_by, JoinedBy::Request(id));
        assert_eq!(world.request(id).state_at(world.now), RequestState::Approved);
    }

    #[test]
    fn given_a_proposal_of_a_user_when_they_are_included_then_it_ends_once_as_approved_with_the_record_of_it_c3_lif_1()
     {
        let mut world = World::new();
        let settings = Settings::named("Acme").inclusion(Inclusion::Always);
        world.ok(ChangeSettings::new(settings), &by("ada"));
        world.add("mia", proposer("member"));
        for (id, included) in [("bob", true), ("cid", false)] {
            if !included {
                world.add(id, Grant::role("client"));
                world.ok(Leave::new(user(id)), &by(id));
            }
            let proposal = world.propose(user(id), Grant::role("client"), "mia");
            let before = world.events();
            let ApproveOutcome::Invited { invitation } =
                outcome(world.ok(Approve::one(proposal), &by("ada")))
            else {
                panic!()
            };
            let made: &[_] = match included {
                true => &["request-approved", "included", "member-joined"],
                false => &["request-approved", "invitation-created"],
            };
            assert_eq!(world.kinds_since(before), made);
            let ended = RequestEnding::Approved { by: by("ada"), invitation: Some(invitation) };
            assert_eq!(world.request(proposal).ended.clone().unwrap().0, ended);
            assert_eq!(
                (world.member(id).is_some(), world.invitation(invitation).is_open()),
                (included, !included)
            );
            assert_eq!(world.organization().counts.requests, 0);
        }
    }

    #[test]
    fn given_each_policy_when_the_proposer_decides_then_only_where_it_says_so_aut_9() {
        for (approvers, own, link) in [
            (Approvers::AllButRequester, true, true),
            (Approvers::AllButProposer, false, true),
            (Approvers::AllButInviter, false, false),
        ] {
            let mut world = World::of(model().approvers(approvers), roomy());
            world.add("dan", Grant::role("admin"));
            let proposal = world.propose(address(BOB), Grant::role("client"), "dan");
            assert_eq!(world.run(Approve::one(proposal), &by("dan")).is_ok(), own, "{approvers:?}");
            let dans = world.ok(CreateLink::new(asked_by(Grant::role("client"))), &by("dan")).link;
            let asked = world.ask_by(dans, "eve").unwrap();
            assert_eq!(world.run(Approve::one(asked), &by("dan")).is_ok(), link, "{approvers:?}");
        }
    }

    #[test]
    fn given_one_proposed_by_their_own_address_when_they_decide_then_it_is_their_own_request_aut_9() {
        let mut world = World::of(model().approvers(Approvers::AllButRequester), roomy());
        world.add("dan", Grant::role("admin"));
        let own = world.propose(address("dan@example.com"), in_group("client", "red"), "dan");
        assert_eq!(world.run(Approve::one(own), &by("dan")).unwrap_err().code(), "own-request");
        world.ok(Approve::one(own), &by("ada"));
    }

    #[test]
    fn given_each_policy_when_a_proposer_may_propose_no_more_then_it_says_what_is_left_aut_4() {
        let both = || Grants::from([Grant::role("client"), in_group("client", "red")]);
        for (policy, left) in [
            (InviterPolicy::Keep, Some(both())),
            (InviterPolicy::Reduce, Some(in_group("client", "red").into())),
            (InviterPolicy::Strict, None),
        ] {
            let mut world = World::of(model().request_policy(policy), roomy());
            world.add("mia", proposer("member"));
            let id = world.propose(address(BOB), both(), "mia");
            world.ok(ChangeAccess::new(user("mia"), proposer("member").in_group(group("red"))), &by("ada"));
            let came = world.run(Approve::one(id), &by("ada"));
            match left {
                Some(left) => {
                    let ApproveOutcome::Invited { invitation } = outcome(came.unwrap()) else { panic!() };
                    assert_eq!(world.invitation(invitation).grants, left);
                }
                None => assert_eq!(came.unwrap_err().code(), "inviter-no-longer-may"),
            }
            let other = world.propose(user("eve"), in_group("client", "red"), "mia");
            world.ok(RemoveMembers::one(user("mia")), &by("ada"));
            let came = world.run(Approve::one(other), &by("ada")).map_err(|why| why.code());
            assert_eq!(came.is_ok(), policy == InviterPolicy::Keep, "{came:?}");
        }
    }

    #[test]
    fn given_each_policy_when_the_creator_of_the_link_is_gone_then_it_says_whether_one_still_joins_aut_4() {
        for policy in [InviterPolicy::Keep, InviterPolicy::Reduce, InviterPolicy::Strict] {
            let mut world = World::of(model().request_policy(policy), roomy());
            world.add("dan", Grant::role("admin"));
            let dans = world.ok(CreateLink::new(asked_by(Grant::role("client"))), &by("dan")).link;
            let id = world.ask_by(dans, "bob").unwrap();
            world.ok(RemoveMembers::one(user("dan")), &by("ada"));
            assert_eq!(world.run(Approve::one(id), &by("ada")).is_ok(), policy == InviterPolicy::Keep);
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ApproveRefused", include_str!("approve.rs"));
        let mut world = World::with(team_of(2).entitled("line", Restriction::only(["a"])));
        world.by_links(["red", "more", "own"]);
        world.add("mia", proposer("member"));
        let client = || Grant::role("client");
        let link = world.make_link(asked_by(client()));
        let id = world.ask_by(link, "bob").unwrap();
        let nothing = RequestId::from_parts(world.now, [0; 10]);
        let mut tried = |sentence: &str, reason: &str, approve: Approve| {
            cases.refused(sentence, reason, world.run(approve, &by("ada")));
        };
        tried("given none, then nothing is asked", "NothingAsked", Approve::many([]));
        tried("given no such request, then it is unknown", "UnknownRequest", Approve::one(nothing));
        let instead = |grants: Grant| Approve::one(id).granting(grants);
        tried(
            "given nothing instead, then nothing is granted",
            "GrantsMissing",
            Approve::one(id).granting(Grants::default()),
        );
        tried("given an unknown role instead, then no (AUT-3)", "UnknownRole", instead(Grant::role("pope")));
        tried(
            "given an unknown permission instead, then no",
            "UnknownPermission",
            instead(client().adding("fly")),
        );
        tried(
            "given an unknown kind instead, then no",
            "UnknownResourceKind",
            instead(client().restricted("ship", Restriction::All)),
        );
        tried(
            "given what the role never has, then no (B7)",
            "NeverGrantable",
            instead(client().adding("accounts.delete")),
        );
        tried(
            "given a line that is not enabled, then no (D2)",
            "NotEntitled",
            instead(client().restricted("line", Restriction::only(["b"]))),
        );
        tried(
            "given access that is over instead, then no (F14)",
            "InvalidEnd",
            instead(client().until(MIN_TIME)),
        );
        tried(
            "given an invite-only group instead, then no (LNK-6)",
            "GroupInviteOnly",
            instead(in_group("client", "blue")),
        );
        let crowd = (0..65).map(|n| in_group("client", &std::format!("g{n}"))).collect::<Grants>();
        tried(
            "given more grants than may be, then too many (ABU-3)",
            "TooLarge",
            Approve::one(id).granting(crowd),
        );
        cases.refused(
            "given no right, then not (AUT-1)",
            "NotPermitted",
            world.run(Approve::one(id), &by("mia")),
        );
        cases.refused(
            "given only what they hold already instead, then they are members (IDN-10)",
            "AlreadyMember",
            {
                let mut held = world.clone();
                held.add("zoe", client());
                let id = held.ok(AskToJoin::group(group("red"), stranger("zoe")), &by("zoe")).request;
                held.run(Approve::one(id).granting(client()), &by("ada"))
            },
        );
        cases.refused(
            "given an invitation that would outlast all that is kept, then no (LIF-4)",
            "InvalidExpiry",
            {
                let mut late = World::of(model().expiry(TimeDelta::days(36_525)), roomy());
                late.add("mia", proposer("member"));
                late.wait(TimeDelta::days(2_908_000));
                let id = late.propose(address("cid@example.com"), client(), "mia");
                late.run(Approve::one(id), &by("ada"))
            },
        );
        world.add("lea", Grant::role("lead"));
        let admin = world.propose(user("eve"), Grant::role("admin"), "mia");
        cases.refused(
            "given more than one may grant, then not (AUT-2)",
            "NotGrantable",
            world.run(Approve::one(admin), &by("lea")),
        );
        cases.refused("given one's own request, then not (AUT-9)", "OwnRequest", {
            let mut own = world.clone();
            own.ok(ChangeAccess::new(user("lea"), proposer("lead")), &by("ada"));
            let id = own.propose(user("eve"), in_group("client", "red"), "lea");
            own.run(Approve::one(id), &by("lea"))
        });
        for (reason, id) in SHUT {
            let mut shut = world.clone();
            shut.shut_groups();
            cases.refused(
                "given a group that does not work, then no (LIF-8)",
                reason,
                shut.run(Approve::one(admin).granting(in_group("client", id)), &by("ada")),
            );
        }
        let mut ruled = world.clone();
        let rules = DomainRules::new().deny(DomainRule::parse("example.com").unwrap());
        ruled.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        cases.refused(
            "given a domain that is denied since, then no (LNK-6)",
            "DomainNotAllowed",
            ruled.run(Approve::one(id), &by("ada")),
        );
        let mut unknown = world.clone();
        let token = unknown.link_token(link);
        let of_zoe = unknown.ok(AskToJoin::link(token, stranger("zoe")), &by("zoe")).request;
        let rules = DomainRules::new().allow(DomainRule::parse("example.com").unwrap());
        unknown.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        cases.refused(
            "given rules on domains and no address, then one is needed (IDN-8)",
            "AddressNeeded",
            unknown.run(Approve::one(of_zoe), &by("ada")),
        );
        let mut taken = world.clone();
        taken.ok(AddMembers::one(NewMember::new(user("zoe"), client()).email(address(BOB))), &Actor::System);
        cases.refused(
            "given an address that another joined with, then no (IDN-12)",
            "AddressOfAnotherMember",
            taken.run(Approve::one(id), &by("ada")),
        );
        let mut policed = World::of(model().request_policy(InviterPolicy::Strict), roomy());
        policed.add("dan", Grant::role("admin"));
        let dans = policed.ok(CreateLink::new(asked_by(client())), &by("dan")).link;
        let of_dans = policed.ask_by(dans, "bob").unwrap();
        policed.ok(RemoveMembers::one(user("dan")), &by("ada"));
        cases.refused(
            "given a creator who left, then strictly not (AUT-4)",
            "InviterNoLongerMay",
            policed.run(Approve::one(of_dans), &by("ada")),
        );
        let mut used = world.clone();
        let once = used.make_link(asked_by(client()).max_uses(1));
        let both = ["x", "y"].map(|who| used.ask_by(once, who).unwrap());
        used.ok(Approve::one(both[0]), &by("ada"));
        cases.refused(
            "given a link that is used up, then no (CON-4)",
            "LinkNotOpen",
            used.run(Approve::one(both[1]), &by("ada")),
        );
        let of_cid = world.propose(address("cid@example.com"), client(), "mia");
        let mut blocked = world.clone();
        let id_of_cid = blocked.invite("cid@example.com", in_group("client", "red"), &by("ada"));
        blocked.ok(Decline::inbox(id_of_cid, person("cid")).block(Block::Organization), &by("cid"));
        cases.refused(
            "given one who blocked it since, then no (F11)",
            "Blocked",
            blocked.run(Approve::one(of_cid), &by("ada")),
        );
        let mut invited = world.clone();
        invited.invite("cid@example.com", client(), &by("ada"));
        cases.refused(
            "given one who was invited since, then they are already (CON-3)",
            "AlreadyInvited",
            invited.run(Approve::one(of_cid), &by("ada")),
        );
        let mut slow = world.clone();
        slow.ok(
            ChangePlan::new(team_of(2).organization_rate(Rate::per(1, TimeDelta::hours(1)).unwrap())),
            &Actor::System,
        );
        slow.invite("dan@example.com", client(), &by("ada"));
        cases.refused(
            "given mails that went out just now, then later (ABU-1)",
            "TooManyInvitations",
            slow.run(Approve::one(of_cid), &by("ada")),
        );
        let mut pending = world.clone();
        pending.ok(ChangePlan::new(team_of(2).pending(Limit::AtMost(0))), &Actor::System);
        cases.refused(
            "given as many as may be pending, then no (ABU-1)",
            "TooManyPending",
            pending.run(Approve::one(of_cid), &by("ada")),
        );
        let mut crowded = world.clone();
        crowded.crowd("cid@example.com");
        cases.refused(
            "given one with as many as anybody has, then no (ABU-3)",
            "TooManyOpen",
            crowded.run_unchecked(Approve::one(of_cid), &by("ada")),
        );
        let team = world.make_link(asked_by(Grant::role("member")));
        let of_dan = world.ask_by(team, "dan").unwrap();
        cases.refused(
            "given no seat, then none is left (SEA-1)",
            "NoSeatLeft",
            world.run(Approve::one(of_dan), &by("ada")),
        );
        let mut classless = world.clone();
        classless.ok(ChangePlan::new(Plan::seats("client", 9)), &Actor::System);
        cases.refused(
            "given a plan without the class, then it has none (SEA-4)",
            "SeatClassNotInPlan",
            classless.run(Approve::one(of_dan), &by("ada")),
        );
        world.ok(Approve::one(id), &by("ada"));
        cases.refused(
            "given one that was approved, then it is over (LIF-1)",
            "RequestNotPending",
            world.run(Approve::one(id), &by("ada")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now (LIF-8)",
            "OrganizationSuspended",
            world.run(Approve::one(of_cid), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never (LIF-8)",
            "OrganizationClosed",
            world.run(Approve::one(of_cid), &by("ada")),
        );
        world.ok(Tidy::new(9), &Actor::System);
        assert_eq!(world.request(of_cid).stored_state(), RequestState::Settled);
        cases.are_all_but(&[("MemberSuspended", "who is suspended has nothing open any more")]);
    }
}
