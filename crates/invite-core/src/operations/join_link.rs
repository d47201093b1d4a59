//! Join by an invite link.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Principal;
use super::accept::{require_running, require_there, still_granted};
use super::create_link::require_joinable;
use super::join::{Joining, join};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AddressNeeded, DomainNotAllowed, GroupInviteOnly, InviterNoLongerMay, LinkByRequest, LinkNotOpen,
    NoLongerAvailable, Refusal, Superseded, TooLarge, UnknownToken, refused, refused_for_groups,
    refused_for_seats, refused_when_closed,
};
use crate::rules::{NoGroup, NotOpen, organization, require_groups, require_open, without_closed};
use crate::seats::end_due;
use crate::{
    Actor, ContinueTo, DomainRules, Draft, EmailAddress, Event, Grants, GroupId, Host, InviteLink, JoinedBy,
    LinkId, LinkState, Metadata, Operation, OrganizationId, Permission, Purpose, Reads, Stop, Token, UserId,
    Verdict, serialize_digest,
};

/// Joins by an invite link (B4): whoever has it, within its settings.
#[derive(Debug, Clone, Serialize)]
pub struct JoinByLink {
    #[serde(serialize_with = "serialize_digest")]
    token: Token,
    principal: Principal,
}

impl JoinByLink {
    /// By the token out of the link.
    #[must_use]
    pub fn new(token: Token, principal: Principal) -> Self {
        Self { token, principal }
    }

    #[cfg(test)]
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Who joins.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    fn link(&self) -> LinkId {
        LinkId::from_uuid(self.token.id())
    }
}

/// What came of joining by a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Joined {
    /// The organization.
    pub organization: OrganizationId,
    /// The link.
    pub link: LinkId,
    /// The revision of the settings that were in force (LIF-13).
    pub revision: u32,
    /// Who joined.
    pub user: UserId,
    /// What they hold in the organization now.
    pub grants: Grants,
    /// Groups that the link granted access to and that were closed since (LIF-10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<GroupId>,
    /// Where they go on, if it is still allowed (F20, WEB-3).
    #[serde(default, skip_serializing_if = "ContinueTo::is_default")]
    pub continue_to: ContinueTo,
}

refused! {
    /// Why somebody did not join by a link. The same reasons have the same codes as for an invitation.
    JoinRefused:
        UnknownToken, Superseded, OrganizationSuspended, OrganizationClosed, LinkNotOpen, TooLarge, AddressNeeded,
        DomainNotAllowed, NoLongerAvailable, UnknownGroup, GroupArchived, GroupClosed, GroupInviteOnly,
    InviterNoLongerMay, LinkByRequest, AddressOfAnotherMember, AlreadyMember, NoSeatLeft, SeatClassNotInPlan, MemberSuspended,
}
refused_when_closed!(JoinRefused);
refused_for_groups!(JoinRefused);
refused_for_seats!(JoinRefused);

impl Sealed for JoinByLink {}

impl Operation for JoinByLink {
    type Outcome = Joined;
    type Refusal = JoinRefused;
    const NAME: &'static str = "join-by-link";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = Reads::new().link(self.link()).person(self.principal.user().clone()).due();
        reads.invitees.extend(self.principal.invitees());
        reads
    }

    fn rows(&self) -> usize {
        4
    }

    fn decide(
        &self,
        host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        let user = self.principal.user();
        draft.act_as(user);
        let Opened { row, email, grants, dropped } = open_link(host, draft, &self.token, &self.principal)?;
        draft.require("B2", !row.settings.by_request, || JoinRefused::from(LinkByRequest {}))?;
        end_due(host.model, draft)?;
        let (link, revision) = (row.id, row.revision);
        draft.emit(Event::LinkUsed { id: link, user: user.clone(), revision });
        let joining = Joining {
            user,
            email: email.as_ref(),
            known: None,
            grants: &grants,
            known_as: self.principal.invitees().collect(),
            joined_by: JoinedBy::Link { link, revision },
            metadata: Metadata::new(),
        };
        let member = join::<JoinRefused>(host.model, draft, joining)?;
        let (organization, user) = (draft.id().clone(), user.clone());
        let continue_to = ContinueTo::asked(&host.model.continue_urls, row.settings.continue_to.as_ref());
        Ok(Joined { organization, link, revision, user, grants: member.grants, dropped, continue_to })
    }
}

/// A link by which somebody may come in now.
pub(super) struct Opened {
    pub(super) row: InviteLink,
    /// The address that they come in with.
    pub(super) email: Option<EmailAddress>,
    /// What the link grants them now.
    pub(super) grants: Grants,
    /// Groups among those it named that were closed since.
    pub(super) dropped: Vec<GroupId>,
}

/// Requires that a token names a link by which somebody may come in now, directly or by asking (LNK-4 to LNK-6).
pub(super) fn open_link<R>(
    host: &Host<'_>,
    draft: &mut Draft,
    token: &Token,
    principal: &Principal,
) -> Result<Opened, Stop<R>>
where
    R: Refusal
        + From<UnknownToken>
        + From<Superseded>
        + From<NotOpen>
        + From<LinkNotOpen>
        + From<TooLarge>
        + From<AddressNeeded>
        + From<DomainNotAllowed>
        + From<NoLongerAvailable>
        + From<NoGroup>
        + From<GroupInviteOnly>
        + From<InviterNoLongerMay>,
{
    let row = find::<R>(host, draft, token)?;
    require_open(draft)?;
    let state = row.state_at(draft.now());
    draft.require("LNK-4", state == LinkState::Open, || R::from(LinkNotOpen { state }))?;
    principal.require_few_vouched::<R>()?;
    let email = permitted_address(draft, principal, &row.settings.domains)?;
    let grants = require_running::<R>(draft, &row.settings.grants)?;
    require_there::<R>(host, draft, &grants)?;
    let (grants, dropped) = without_closed::<R>(draft, &grants)?;
    require_groups::<R>(draft, &grants)?;
    require_joinable::<R>(draft, &grants)?;
    let by = (&row.creator, &Permission::LINKS);
    let still = still_granted(host, draft, by, host.model.link_policy, &grants)?;
    let grants = draft.rule("AUT-4", still.ok_or(R::from(InviterNoLongerMay {})))?;
    Ok(Opened { row, email, grants, dropped })
}

/// The link that a token names. One that is not ours, and one of the wrong purpose, organization or proof, get the
/// same answer after the same work (TOK-5, TOK-7, PRI-1).
fn find<R>(host: &Host<'_>, draft: &mut Draft, token: &Token) -> Result<InviteLink, Stop<R>>
where
    R: Refusal + From<UnknownToken> + From<Superseded>,
{
    let row = draft.link(LinkId::from_uuid(token.id()))?.cloned();
    let answer = match (link_verdict(host, draft, row.as_ref(), token), row, draft.organization()) {
        (Verdict::Current, Some(row), Some(_)) => Ok(row),
        (Verdict::Superseded, Some(_), Some(_)) => Err(R::from(Superseded {})),
        _ => Err(UnknownToken {}.into()),
    };
    Ok(draft.rule("TOK-5", answer)?)
}

/// The address that somebody comes in with: the first one vouched for that these rules and those of the organization
/// permit. Where there are rules, there must be one (IDN-8, LNK-6).
pub(super) fn permitted_address<R>(
    draft: &mut Draft,
    principal: &Principal,
    rules: &DomainRules,
) -> Result<Option<EmailAddress>, Stop<R>>
where
    R: Refusal + From<AddressNeeded> + From<DomainNotAllowed>,
{
    let vouched = principal.vouched();
    let rules = [rules, &organization::<R>(draft)?.settings.domains];
    let ruled = rules.iter().any(|rules| rules.restrict());
    let permitted = vouched.iter().find(|address| rules.iter().all(|rules| rules.permits(address)));
    let answer = match (permitted, vouched.first()) {
        (Some(address), _) => Ok(Some(address.clone())),
        (None, Some(other)) => Err(DomainNotAllowed { domain: other.domain().into() }.into()),
        (None, None) if ruled => Err(R::from(AddressNeeded {})),
        (None, None) => Ok(None),
    };
    Ok(draft.rule("IDN-8", answer)?)
}

/// What a token proves about a link, if it is one that its purpose can name.
pub(super) fn link_verdict(
    host: &Host<'_>,
    draft: &Draft,
    row: Option<&InviteLink>,
    token: &Token,
) -> Verdict {
    let row = row.filter(|_| token.purpose() == Purpose::Link && token.organization() == draft.id());
    let earlier = row.map_or(&[][..], |row| &row.earlier_nonces);
    host.keyring.check(token, row.map(|row| &row.nonce), earlier)
}

#[cfg(test)]
mod tests {
    use std::format;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn clients() -> LinkSettings {
        LinkSettings::new("Clients", Grant::role("client"))
    }

    fn only(domain: &str) -> DomainRules {
        DomainRules::new().allow(DomainRule::parse(domain).unwrap())
    }

    fn join(world: &mut World, link: LinkId, principal: Principal) -> Result<Joined, &'static str> {
        let who = Actor::User(principal.user().clone());
        world.run(JoinByLink::new(world.link_token(link), principal), &who).map_err(|why| why.code())
    }

    #[test]
    fn given_a_link_with_accounts_and_a_group_when_joining_then_that_is_what_they_hold_b4() {
        let mut world = World::new();
        world.by_links(["red"]);
        let may_publish = Grant::role("client").adding("posts.publish");
        let grants = [may_publish.restricted("account", Restriction::only(["a"])), in_group("client", "red")];
        let link = world.make_link(LinkSettings::new("Clients", grants.clone()));
        let before = world.events();
        let joined = world.join_by(link, "bob").unwrap();
        assert_eq!(world.kinds_since(before), ["link-used", "member-joined"]);
        assert_eq!((joined.grants, joined.dropped.len()), (grants.into(), 0));
        assert_eq!((joined.link, joined.revision, joined.user), (link, 0, user("bob")));
        let bob = world.member("bob").unwrap();
        assert_eq!(bob.email, Some(address("bob@example.com")));
        let may = |account: &str| {
            let by = Authority::of(&world.model, world.organization(), Some(&bob.grants), world.now);
            by.may_with(&"posts.publish".into(), &Scope::Organization, &"account".into(), account)
        };
        assert_eq!((may("a"), may("b")), (true, false));
        assert!(world.rows().events[before..].iter().all(|record| record.actor == by("bob")));
    }

    #[test]
    fn given_a_link_that_leads_on_when_joining_then_only_to_where_the_host_still_allows_f20_web_3() {
        let page = "https://app.example/after";
        let listing = |page| model().continue_urls(ContinueUrls::new().allow(page).unwrap());
        let mut world = World::of(listing(page), roomy());
        let (plain, leading) = (world.make_link(clients()), world.make_link(clients().continue_to(page)));
        assert_eq!(world.link(leading).settings.continuing(), Some(page));
        assert_eq!(world.join_by(plain, "bob").unwrap().continue_to, ContinueTo::Default);
        assert_eq!(world.join_by(leading, "cid").unwrap().continue_to, ContinueTo::Url(page.into()));
        world.model = listing("https://app.example/other").build().unwrap();
        assert_eq!(world.join_by(leading, "eve").unwrap().continue_to, ContinueTo::NotAllowed);
        assert!(world.member("eve").is_some(), "they joined all the same");
    }

    #[test]
    fn given_a_period_when_joining_then_it_is_half_open_to_the_microsecond_b2_lnk_5() {
        let mut world = World::new();
        let (begin, end) = (world.now + TimeDelta::hours(1), world.now + TimeDelta::hours(2));
        let link = world.make_link(clients().opens_at(begin).closes_at(end));
        let tick = TimeDelta::microseconds(1);
        for (at, expected) in [
            (begin - tick, Some("link-not-yet")),
            (begin, None),
            (end - tick, None),
            (end, Some("link-over")),
            (end + tick, Some("link-over")),
        ] {
            let mut world = world.clone();
            world.now = at;
            assert_eq!(world.join_by(link, "bob").err().map(|why| why.code()), expected, "{at}");
        }
    }

    #[test]
    fn given_five_team_seats_when_a_sixth_would_publish_then_it_is_refused_by_whatever_way_b6_sea_2() {
        let mut world = World::with(team_of(5));
        let may_publish = || Grant::role("client").adding("posts.publish");
        let publishers = world.make_link(LinkSettings::new("Publishers", may_publish()));
        let viewers = world.make_link(clients());
        for n in 0..3 {
            world.join_by(publishers, &format!("p{n}")).unwrap();
        }
        world.add("dan", Grant::role("member"));
        world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        world.join_by(viewers, "bob").unwrap();
        assert_eq!((world.seats("team"), world.seats("client")), ((4, 1), (1, 0)));
        assert_eq!(world.join_by(publishers, "fay").unwrap_err().code(), "no-seat-left");
        let invited = world.run(Invite::new("fay@example.com", may_publish()), &by("ada"));
        assert_eq!(invited.unwrap_err().code(), "no-seat-left");
        let promoted = world.run(ChangeAccess::new(user("bob"), may_publish()), &by("ada"));
        assert_eq!(promoted.unwrap_err().code(), "no-seat-left");
        assert_eq!(world.link(publishers).uses, 3, "who finds no seat is no use");
        world.join_by(viewers, "fay").unwrap();
        world.ok(RemoveMembers::one(user("p0")), &by("ada"));
        world.join_by(publishers, "gus").unwrap();
    }

    #[test]
    fn given_a_limit_when_many_join_then_it_is_exact_also_on_one_draft_con_4() {
        let mut world = World::new();
        let link = world.make_link(clients().max_uses(3));
        world.join_by(link, "u0").unwrap();
        let token = world.link_token(link);
        let join = |name: &str| JoinByLink::new(token.clone(), person(name));
        world.both((join("u1"), &by("u1")), (join("u2"), &by("u2")));
        assert_eq!((world.link(link).uses, world.link(link).state_at(world.now)), (3, LinkState::UsedUp));
        assert_eq!(world.run(join("u3"), &by("u3")).unwrap_err().code(), "link-used-up");

        let last = world.make_link(clients().max_uses(1));
        let token = world.link_token(last);
        let join = |name: &str| JoinByLink::new(token.clone(), person(name));
        let mut reads = join("u3").reads(&by("u3"));
        reads.extend(join("u4").reads(&by("u4")));
        let mut draft = world.look(&reads);
        decide(&join("u3"), &world.host(), &by("u3"), Entropy::default(), &mut draft).unwrap();
        let second = decide(&join("u4"), &world.host(), &by("u4"), Entropy::default(), &mut draft);
        assert!(matches!(second, Err(Stop::Refused(JoinRefused::LinkNotOpen(_)))), "{second:?}");
        assert_eq!(draft.link(last).unwrap().unwrap().uses, 1);
    }

    #[test]
    fn given_somebody_who_joined_when_joining_again_then_they_are_a_member_and_it_is_no_use_con_4() {
        let mut world = World::new();
        let link = world.make_link(clients().max_uses(2));
        world.join_by(link, "bob").unwrap();
        let before = world.events();
        assert_eq!(world.join_by(link, "bob").unwrap_err().code(), "already-member");
        assert_eq!(world.join_by(link, "ada").unwrap_err().code(), "already-member", "an owner too");
        assert_eq!((world.link(link).uses, world.events()), (1, before));
        world.ok(Leave::new(user("bob")), &by("bob"));
        world.join_by(link, "bob").unwrap();
        assert_eq!(world.link(link).uses, 2, "whoever left comes in again, which counts");
    }

    #[test]
    fn given_a_member_of_one_group_when_joining_another_by_a_link_then_they_hold_both_and_one_seat_c4() {
        let mut world = World::with(team_of(1));
        world.by_links(["red", "blue"]);
        world.add("bob", in_group("member", "red"));
        let link = world
            .make_link(LinkSettings::new("Both", [in_group("client", "red"), in_group("client", "blue")]));
        let before = world.events();
        let joined = world.join_by(link, "bob").unwrap();
        assert_eq!(world.kinds_since(before), ["link-used", "member-access-changed"]);
        assert_eq!(
            joined.grants,
            [in_group("member", "red"), in_group("client", "blue")].into(),
            "what they held stays"
        );
        assert_eq!((world.seats("team"), world.seats("client")), ((1, 0), (0, 0)));
        assert_eq!(world.member("bob").unwrap().joined_by, JoinedBy::BeingAdded);
    }

    #[test]
    fn given_a_pending_invitation_when_joining_by_a_link_then_it_is_settled_and_its_seat_given_back_lif_7d() {
        let mut world = World::with(team_of(2));
        let link = world.make_link(LinkSettings::new("Team", Grant::role("member")));
        let same = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let other = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        let strangers = world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        assert_eq!(world.seats("team"), (0, 2));
        world.join_by(link, "bob").unwrap();
        let states = [same, other, strangers].map(|id| world.state(id));
        assert_eq!(states, [InvitationState::Revoked, InvitationState::Pending, InvitationState::Pending]);
        assert_eq!(world.seats("team"), (1, 1));
    }

    #[test]
    fn given_a_group_that_turns_invite_only_or_a_rule_about_domains_when_set_later_then_it_holds_at_once_lnk_6()
     {
        let mut world = World::new();
        world.by_links(["red"]);
        let red = world.make_link(LinkSettings::new("Red", in_group("client", "red")));
        let all = world.make_link(clients());
        let mut private = world.clone();
        private.ok(ChangeGroup::new(group("red"), GroupSettings::named("Red")), &by("ada"));
        assert_eq!(join(&mut private, red, person("bob")).unwrap_err(), "group-invite-only");
        join(&mut private, all, person("bob")).unwrap();
        private.by_links(["red"]);
        join(&mut private, red, person("eve")).unwrap();

        world.ok(ChangeSettings::new(Settings::named("Acme").domains(only("work.example"))), &by("ada"));
        let both = person("bob").vouching(address("bob@work.example"));
        for (sentence, principal, expected) in [
            ("another domain", person("bob"), Some("domain-not-allowed")),
            ("nothing vouched", stranger("bob"), Some("address-needed")),
            ("one of two fits", both, None),
        ] {
            let mut world = world.clone();
            assert_eq!(join(&mut world, all, principal).err(), expected, "{sentence}");
            let bob = world.member("bob").and_then(|bob| bob.email.clone());
            assert_eq!(bob, expected.is_none().then(|| address("bob@work.example")), "{sentence}");
        }
    }

    #[test]
    fn given_rules_of_the_link_itself_when_joining_then_they_hold_besides_those_of_the_organization_idn_8() {
        let mut world = World::new();
        let denied = DomainRules::new().deny(DomainRule::parse("work.example").unwrap());
        let link = world.make_link(clients().domains(only("example.com")));
        let not_work = world.make_link(clients().domains(denied));
        let at = |domain: &str| stranger("bob").vouching(address(&format!("bob@{domain}")));
        for (sentence, link, principal, expected) in [
            ("allowed", link, at("example.com"), None),
            ("not allowed", link, at("work.example"), Some("domain-not-allowed")),
            ("a name that ends alike", link, at("an-example.com"), Some("domain-not-allowed")),
            ("below it", link, at("sub.example.com"), Some("domain-not-allowed")),
            ("nothing vouched", link, stranger("bob"), Some("address-needed")),
            ("denied", not_work, at("work.example"), Some("domain-not-allowed")),
            ("not denied", not_work, at("example.com"), None),
            ("nothing vouched where some are denied", not_work, stranger("bob"), Some("address-needed")),
        ] {
            assert_eq!(join(&mut world.clone(), link, principal).err(), expected, "{sentence}");
        }
        let rules = DomainRules::new().deny(DomainRule::parse("example.com").unwrap());
        world.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        assert_eq!(join(&mut world, link, at("example.com")).unwrap_err(), "domain-not-allowed", "both hold");
    }

    #[test]
    fn given_no_rules_when_nothing_is_vouched_then_they_join_without_an_address() {
        let mut world = World::new();
        let link = world.make_link(clients());
        join(&mut world, link, stranger("bob")).unwrap();
        assert_eq!(world.member("bob").unwrap().email, None);
    }

    #[test]
    fn given_a_token_of_something_else_when_joining_then_it_is_unknown_like_any_other_tok_5() {
        let mut world = World::new();
        let founded = CreateOrganization::new(Settings::named("Other"), user("olga"), roomy());
        world.run_in("other", founded, &Actor::System).unwrap();
        let link = world.make_link(clients());
        let another = world.make_link(clients());
        let invitation = world.invite("bob@example.com", Grant::role("client"), &by("ada"));
        let theirs = world.run_in("other", CreateLink::new(clients()), &by("olga")).unwrap().link;
        let other = OrganizationId::parse("other").unwrap();
        let theirs_nonce = world.store.rows(&other).links[&theirs].nonce.clone();
        let acme = OrganizationId::parse(ACME).unwrap();
        let nonce = world.link(link).nonce.clone();
        let issue = |purpose, organization, id: uuid::Uuid, nonce| {
            world.keyring.issue(purpose, organization, id, nonce)
        };
        let (id, of_another) = (link.as_uuid(), world.link(another).nonce.clone());
        let strangers_key = Keyring::new(1, Key::parse(&"fedcba9876543210".repeat(4)).unwrap());
        let tokens = [
            ("another purpose", issue(Purpose::Copied, &acme, id, &nonce)),
            ("mailed", issue(Purpose::Mailed, &acme, id, &nonce)),
            ("another organization", issue(Purpose::Link, &other, id, &nonce)),
            ("a link of another organization", issue(Purpose::Link, &other, theirs.as_uuid(), &theirs_nonce)),
            (
                "such a link under this organization",
                issue(Purpose::Link, &acme, theirs.as_uuid(), &theirs_nonce),
            ),
            ("another link's random part", issue(Purpose::Link, &acme, id, &of_another)),
            ("an invitation", world.token(invitation, Purpose::Link)),
            ("an invitation's mail", world.token(invitation, Purpose::Mailed)),
            ("nothing", issue(Purpose::Link, &acme, uuid::Uuid::nil(), &nonce)),
            ("another key", strangers_key.issue(Purpose::Link, &acme, id, &nonce)),
        ];
        for (sentence, token) in tokens {
            let refused = world.run(JoinByLink::new(token, person("bob")), &by("bob")).unwrap_err();
            assert_eq!(refused, JoinRefused::from(UnknownToken {}), "{sentence}");
        }
        let accept = Accept::token(world.link_token(link), person("bob"));
        assert_eq!(
            world.run(accept, &by("bob")).unwrap_err().code(),
            "unknown-token",
            "and the other way round"
        );
    }

    #[test]
    fn given_a_creator_who_was_demoted_or_left_when_joining_then_the_policy_says_what_they_get_aut_4() {
        let grants = || [Grant::role("member"), in_group("client", "red")];
        let reduced = Grant::role("member").removing("posts.publish");
        type Changes = fn(&mut World);
        let lowered: Changes = |world| {
            let less = Grant::role("lead").adding(Permission::LINKS).removing("posts.publish");
            world.ok(ChangeAccess::new(user("dan"), less), &by("ada"));
        };
        let demoted: Changes = |world| {
            world.ok(ChangeAccess::new(user("dan"), Grant::role("member")), &by("ada"));
        };
        let gone: Changes = |world| {
            world.ok(RemoveMembers::one(user("dan")), &by("ada"));
        };
        let no_more = || Err("inviter-no-longer-may");
        let all = || Ok(Grants::from(grants()));
        for (sentence, policy, change, expected) in [
            ("kept, lowered", InviterPolicy::Keep, lowered, all()),
            ("kept, demoted", InviterPolicy::Keep, demoted, all()),
            ("kept, gone", InviterPolicy::Keep, gone, all()),
            ("strict, lowered", InviterPolicy::Strict, lowered, no_more()),
            ("strict, demoted", InviterPolicy::Strict, demoted, no_more()),
            ("strict, gone", InviterPolicy::Strict, gone, no_more()),
            ("strict, as before", InviterPolicy::Strict, |_| {}, all()),
            (
                "reduced, lowered",
                InviterPolicy::Reduce,
                lowered,
                Ok([reduced.clone(), in_group("client", "red")].into()),
            ),
            ("reduced, demoted", InviterPolicy::Reduce, demoted, no_more()),
            ("reduced, gone", InviterPolicy::Reduce, gone, no_more()),
        ] {
            let mut world = World::of(model().link_policy(policy), roomy());
            world.by_links(["red"]);
            world.add("dan", Grant::role("admin"));
            let link = world.ok(CreateLink::new(LinkSettings::new("x", grants())), &by("dan")).link;
            change(&mut world);
            let joined = join(&mut world, link, person("bob")).map(|joined| joined.grants);
            assert_eq!(joined, expected, "{sentence}");
        }
        assert_eq!(
            model().build().unwrap().link_policy,
            InviterPolicy::Keep,
            "a link belongs to the organization"
        );
    }

    #[test]
    fn given_a_closed_group_when_joining_then_it_is_left_out_and_told_unless_it_is_all_lif_10() {
        let mut world = World::new();
        world.by_links(["red", "blue"]);
        let red = world.make_link(LinkSettings::new("Red", in_group("client", "red")));
        let both = world
            .make_link(LinkSettings::new("Both", [in_group("client", "red"), in_group("client", "blue")]));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        assert_eq!(world.join_by(red, "bob").unwrap_err().code(), "group-closed");
        let joined = world.join_by(both, "bob").unwrap();
        assert_eq!(
            (joined.dropped, joined.grants),
            ([group("red")].into(), in_group("client", "blue").into())
        );
        assert_eq!(world.ok(Tidy::new(9), &Actor::System).settled, 2);
        assert_eq!(world.join_by(red, "eve").unwrap_err().code(), "link-ended");
        let joined = world.join_by(both, "eve").unwrap();
        assert_eq!((joined.dropped.len(), joined.revision), (0, 1));
    }

    #[test]
    fn given_a_suspended_or_closed_organization_then_nobody_joins_and_links_end_lif_8() {
        let mut world = World::new();
        let links = [world.make_link(clients()), world.make_link(clients())];
        world.ok(ChangeStatus::Suspend, &by("ada"));
        assert_eq!(world.join_by(links[0], "bob").unwrap_err().code(), "organization-suspended");
        world.ok(ChangeStatus::Resume, &by("ada"));
        world.join_by(links[0], "bob").unwrap();
        world.ok(ChangeStatus::Close, &by("ada"));
        assert_eq!(world.join_by(links[0], "eve").unwrap_err().code(), "organization-closed");
        let tidied = world.ok(Tidy::new(1), &Actor::System);
        assert_eq!((tidied.settled, tidied.more), (1, true));
        let tidied = world.ok(Tidy::new(1), &Actor::System);
        assert_eq!((tidied.settled, tidied.more), (1, false));
        for link in links {
            assert_eq!(world.link(link).ended.unwrap().0, LinkEnding::OrganizationClosed);
        }
        assert_eq!(world.organization().counts.links, 0);
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("JoinRefused", include_str!("join_link.rs"));
        let mut world = World::with(team_of(1).entitled("line", Restriction::only(["a"])));
        world.by_links(["red", "more", "own"]);
        let link = world.make_link(clients());
        let make = |world: &mut World, grants: Grants| world.make_link(LinkSettings::new("x", grants));
        let old = world.link_token(link);
        world.ok(SwitchLink::refresh(link), &by("ada"));
        cases.refused(
            "given a refreshed link, when the old one is opened, then it says so (B3)",
            "Superseded",
            world.run(JoinByLink::new(old, person("bob")), &by("bob")),
        );
        let copied = world.keyring.issue(
            Purpose::Copied,
            &OrganizationId::parse(ACME).unwrap(),
            link.as_uuid(),
            &world.link(link).nonce,
        );
        cases.refused(
            "given a token of another purpose, then it is unknown (TOK-5)",
            "UnknownToken",
            world.run(JoinByLink::new(copied, person("bob")), &by("bob")),
        );
        let mut off = world.clone();
        off.ok(SwitchLink::off(link), &by("ada"));
        cases.refused("given a link that is off, then not now (B2)", "LinkNotOpen", off.join_by(link, "bob"));
        let crowd = (0..17).fold(person("bob"), |bob, n| bob.vouching(address(&format!("b{n}@example.com"))));
        cases.refused(
            "given more vouched addresses than anybody has, then they are too many (ABU-3)",
            "TooLarge",
            world.run(JoinByLink::new(world.link_token(link), crowd), &by("bob")),
        );
        let ruled = world.make_link(clients().domains(only("work.example")));
        cases.refused(
            "given rules about domains and no address, then one is needed (IDN-8)",
            "AddressNeeded",
            world.run(JoinByLink::new(world.link_token(ruled), stranger("bob")), &by("bob")),
        );
        cases.refused(
            "given an address of another domain, then it is not allowed (IDN-8)",
            "DomainNotAllowed",
            world.join_by(ruled, "bob"),
        );
        let asked = world.make_link(clients().by_request());
        cases.refused(
            "given a link with approval, then one has to ask (B2)",
            "LinkByRequest",
            world.join_by(asked, "bob"),
        );
        let line = Grant::role("client").restricted("line", Restriction::only(["a"]));
        let line = make(&mut world, line.into());
        let mut disabled = world.clone();
        disabled.ok(ChangePlan::new(team_of(1).entitled("line", Restriction::only(["b"]))), &Actor::System);
        cases.refused(
            "given a line that the plan does not enable any more, then it is gone (LIF-10)",
            "NoLongerAvailable",
            disabled.join_by(line, "bob"),
        );
        let shut = ["more", "own"].map(|group| make(&mut world, in_group("client", group).into()));
        let mut closed = world.clone();
        closed.shut_groups();
        for (link, (reason, _)) in shut.into_iter().zip(&SHUT[1..]) {
            cases.refused(
                "given a group in which nothing can be granted since, then it says why (LIF-10)",
                reason,
                closed.join_by(link, "bob"),
            );
        }
        let red = make(&mut world, in_group("client", "red").into());
        let mut private = world.clone();
        private.ok(ChangeGroup::new(group("red"), GroupSettings::named("Red")), &by("ada"));
        cases.refused(
            "given a group that turned invite-only, then nobody comes in by links (LNK-6)",
            "GroupInviteOnly",
            private.join_by(red, "bob"),
        );
        let mut strict = World::of(model().link_policy(InviterPolicy::Strict), roomy());
        strict.add("dan", Grant::role("admin"));
        let dans = strict.ok(CreateLink::new(clients()), &by("dan")).link;
        strict.ok(RemoveMembers::one(user("dan")), &by("ada"));
        cases.refused(
            "given a creator who left, when joining strictly, then they may no longer grant it (AUT-4)",
            "InviterNoLongerMay",
            strict.join_by(dans, "bob"),
        );
        world.add("eve", Grant::role("client"));
        let with_eves = stranger("bob").vouching(address("eve@example.com"));
        cases.refused(
            "given an address that another joined with, then it is theirs (IDN-12)",
            "AddressOfAnotherMember",
            world.run(JoinByLink::new(world.link_token(link), with_eves), &by("bob")),
        );
        cases.refused(
            "given a member, then they are one already (IDN-10)",
            "AlreadyMember",
            world.join_by(link, "eve"),
        );
        let team = make(&mut world, Grant::role("member").into());
        world.join_by(team, "fay").unwrap();
        cases.refused("given no seat, then none is left (SEA-1)", "NoSeatLeft", world.join_by(team, "bob"));
        world.ok(ChangePlan::new(Plan::seats("client", 9)), &Actor::System);
        cases.refused(
            "given a plan without the class, then it has none (SEA-4)",
            "SeatClassNotInPlan",
            world.join_by(team, "bob"),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now (LIF-8)",
            "OrganizationSuspended",
            world.join_by(link, "bob"),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never (LIF-8)",
            "OrganizationClosed",
            world.join_by(link, "bob"),
        );
        let mut apart = World::suspended();
        apart.by_links(["red"]);
        let red = apart.make_link(LinkSettings::new("Red", in_group("client", "red")));
        cases.refused(
            "given a member who is suspended, then they are to be restored first (AUT-7)",
            "MemberSuspended",
            apart.join_by(red, "bob"),
        );
        cases.are_all_but(&[("UnknownGroup", "a group that a link names stays on record")]);
    }
}
