//! Tidy: write down what time and status have already decided, a few rows at a time.

use alloc::vec::Vec;
use core::convert::Infallible;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::join::end_open_for;
use crate::operation::sealed::Sealed;
use crate::rules::organization;
use crate::seats::{end_due, lower, release_covered, seat_after};
use crate::state::Closing;
use crate::{
    Actor, Draft, Entropy, Event, Host, InvitationId, JoinRequest, LinkEnding, Operation, OrganizationStatus,
    Reads, RevokedBecause, Scope, SettledBecause, Stop, UserId,
};

/// Writes down that invitations and join requests expired, or ended with their organization, and that the access of
/// members ended (F14). No decision needs it: each one subtracts what is past its time, and lists show no invitation or
/// request that is. In a closed organization it also ends what lists still
/// show as pending there.
///
/// After a group was closed it takes the group out of what members, invitations, links and verified domains grant, one
/// group after the other, settles join requests to nothing else, and ends what then grants nothing, or nothing new to a
/// member (LIF-8, LIF-10, LIF-7d); seats that were taken for it are free then. In a closed organization it ends the links.
///
/// Invitations and join requests that ended long enough ago are erased as [`Erase`](crate::Erase) does it, if the organization
/// or the access model says after how long (PRI-6). An expiry counts from when it was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tidy {
    limit: u32,
    #[serde(skip)]
    retention: Option<TimeDelta>,
}

impl Tidy {
    /// At most so many invitations, so many join requests, so many members whose access ended, so many links, so many
    /// members, invitations and join requests of a closed group, and so many invitations and join requests to be
    /// erased; at most 1,000 of each.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { limit: limit.clamp(1, 1_000), retention: None }
    }

    /// Erases also invitations and join requests that ended so long ago, in organizations that do not say for how long they
    /// are kept. The service passes what the [access model](crate::AccessModel::retention) says.
    #[must_use]
    pub fn retention(mut self, retention: Option<TimeDelta>) -> Self {
        self.retention = retention;
        self
    }
}

/// What came of tidying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tidied {
    /// How many invitations were ended.
    pub ended: usize,
    /// How many members lost what they held past its time.
    #[serde(default)]
    pub access_ended: usize,
    /// From how many members, invitations, links and verified domains a closed group was taken, and how many links of a closed
    /// organization were ended.
    #[serde(default)]
    pub settled: usize,
    /// How many join requests were ended.
    #[serde(default)]
    pub requests: usize,
    /// How many invitations and join requests that ended long ago were erased.
    #[serde(default)]
    pub erased: usize,
    /// Whether there are more.
    pub more: bool,
}

impl Sealed for Tidy {}

impl Operation for Tidy {
    type Outcome = Tidied;
    type Refusal = Infallible;
    const NAME: &'static str = "tidy";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = Reads::new().closing(self.limit).overdue(self.limit, self.retention);
        reads.due = self.limit;
        reads.due_requests = self.limit;
        reads
    }

    fn rows(&self) -> usize {
        2 * (9 * self.limit as usize + 2)
    }

    fn decide(
        &self,
        host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        organization::<Infallible>(draft)?;
        let ended = end_due(host.model, draft)?;
        draft.act(Actor::System, Entropy::default());
        let limit = self.limit as usize;
        let (settled, asked) = settle_closed_group(host, draft, limit)?;
        let settled = settled + end_links_when_closed(draft, limit)?;
        let requests = asked + draft.end_due_requests();
        let (erased, more_overdue) = erase_overdue(self.retention, draft)?;
        let row = organization::<Infallible>(draft)?;
        // Where it was closed on this very draft, the rest was not due when it was loaded.
        let left = row.counts.pending + row.counts.links + row.counts.requests > 0;
        let closed = row.status == OrganizationStatus::Closed && left;
        let more = closed || !row.closing.is_empty() || draft.has_more_due() || draft.has_more_due_requests();
        let more = more || more_overdue;
        Ok(Tidied { ended: ended.invitations, access_ended: ended.members, settled, requests, erased, more })
    }
}

/// Takes a closed group out of what was loaded as naming it. On a draft with other commands some of that may not name
/// it any more. From how much it was taken, and how many join requests ended.
fn settle_closed_group(
    host: &Host<'_>,
    draft: &mut Draft,
    limit: usize,
) -> Result<(usize, usize), Stop<Infallible>> {
    let Some(Closing { group, members, invitations, requests, mut more }) = draft.closing().cloned() else {
        return Ok((0, 0));
    };
    if !organization::<Infallible>(draft)?.closing.contains(&group) {
        return Ok((0, 0));
    }
    let scope = Scope::Group(group.clone());
    let mut settled = take_out_of_domains(draft, &scope)?;
    let links = draft.kept_links()?.filter(|link| link.settings.grants.access(&scope).is_some());
    let links = links.map(|link| (link.id, link.settings.clone())).collect::<Vec<_>>();
    more |= links.len() > limit;
    for (id, mut settings) in links.into_iter().take(limit) {
        settings.grants = settings.grants.without(&scope);
        let event = match settings.grants.is_empty() {
            true => Event::LinkEnded { id, ending: LinkEnding::GroupClosed },
            false => Event::LinkEdited { id, settings },
        };
        draft.emit(event);
        settled += 1;
    }
    for id in invitations {
        settled += usize::from(take_out_of_invitation(host, draft, id, &scope)?);
    }
    for user in members {
        settled += usize::from(take_out_of_member(host, draft, &user, &scope)?);
    }
    let mut asked = 0;
    for id in requests {
        if draft.request(id)?.is_some_and(JoinRequest::is_open) {
            draft.settle_request(id, SettledBecause::GroupClosed);
            asked += 1;
        }
    }
    if !more {
        draft.emit(Event::GroupSettled { id: group });
    }
    Ok((settled, asked))
}

/// Erases what was loaded as overdue and still is; how many were erased, and whether there are more. Where an invitation
/// stays was not asked, nothing is.
fn erase_overdue(retention: Option<TimeDelta>, draft: &mut Draft) -> Result<(usize, bool), Stop<Infallible>> {
    let until = organization::<Infallible>(draft)?.erased_until(draft.now(), retention);
    let (Some(until), Ok((rows, more))) = (until, draft.overdue()) else { return Ok((0, false)) };
    let over = |ended: Option<_>| ended.is_some_and(|at| at <= until);
    let ids = rows.filter(|row| over(row.past_since())).map(|row| row.id).collect::<Vec<_>>();
    let requests = draft.overdue_requests()?.filter(|row| over(row.past_since()));
    let requests = requests.map(|row| row.id).collect::<Vec<_>>();
    for &id in &ids {
        draft.emit(Event::InvitationErased { id });
    }
    for &id in &requests {
        draft.emit(Event::RequestErased { id });
    }
    Ok((ids.len() + requests.len(), more))
}

/// Ends the links of a closed organization (LIF-8). If it was closed on this very draft they were perhaps not loaded.
fn end_links_when_closed(draft: &mut Draft, limit: usize) -> Result<usize, Stop<Infallible>> {
    let closed = organization::<Infallible>(draft)?.status == OrganizationStatus::Closed;
    let Some(links) = draft.kept_links().ok().filter(|_| closed) else { return Ok(0) };
    let ids = links.map(|link| link.id).take(limit).collect::<Vec<_>>();
    for &id in &ids {
        draft.emit(Event::LinkEnded { id, ending: LinkEnding::OrganizationClosed });
    }
    Ok(ids.len())
}

/// How many verified domains named the group. One that gives nothing else is verified no more.
fn take_out_of_domains(draft: &mut Draft, scope: &Scope) -> Result<usize, Stop<Infallible>> {
    let mut verified = organization::<Infallible>(draft)?.verified.clone();
    let mut settled = 0;
    for set in verified.values_mut().filter(|set| set.grants.access(scope).is_some()) {
        set.grants = set.grants.clone().without(scope);
        settled += 1;
    }
    if settled > 0 {
        verified.retain(|_, set| !set.grants.is_empty());
        draft.emit(Event::VerifiedDomainsChanged { verified });
    }
    Ok(settled)
}

/// Whether the invitation named the group.
fn take_out_of_invitation(
    host: &Host<'_>,
    draft: &mut Draft,
    id: InvitationId,
    scope: &Scope,
) -> Result<bool, Stop<Infallible>> {
    let row = draft.invitation(id)?.filter(|row| row.is_open() && row.grants.access(scope).is_some());
    let Some(row) = row.cloned() else { return Ok(false) };
    let grants = row.grants.without(scope);
    let member = draft.member_of(&row.invitee)?.cloned();
    if grants.is_empty() || row.expires_at.is_over(draft.now()) {
        draft.revoke(id, RevokedBecause::GroupClosed);
    } else if member.as_ref().is_some_and(|member| member.holds_in_all(&grants)) {
        draft.revoke(id, RevokedBecause::JoinedOtherwise);
    } else {
        let (expires_at, continue_to) = (row.expires_at, row.continue_to);
        draft.emit(Event::InvitationEdited { id, grants, expires_at, continue_to });
    }
    match &member {
        Some(member) => release_covered(host.model, draft, &row.invitee, member)?,
        None => lower(host.model, draft, &row.invitee)?,
    }
    Ok(true)
}

/// Whether the member was in the group.
fn take_out_of_member(
    host: &Host<'_>,
    draft: &mut Draft,
    user: &UserId,
    scope: &Scope,
) -> Result<bool, Stop<Infallible>> {
    let member = draft.member(user)?.filter(|member| member.grants.access(scope).is_some());
    let Some(member) = member.cloned() else { return Ok(false) };
    let (user, grants) = (member.user.clone(), member.grants.clone().without(scope));
    if grants.is_empty() {
        draft.emit(Event::MemberRemoved { user });
        end_open_for(draft, &member, RevokedBecause::InviteeRemoved)?;
    } else {
        let seat = seat_after(host.model, draft, Some(&member), &grants);
        draft.emit(Event::MemberAccessChanged { user, grants, seat });
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn world_with_expired(count: usize) -> World {
        let mut world = World::new();
        for position in 0..count {
            world.invite(address(&format!("{position}@example.com")), Grant::role("member"), &by("ada"));
        }
        world.wait(TimeDelta::days(7));
        world
    }

    #[test]
    fn given_a_closed_group_when_its_member_is_taken_out_on_the_same_draft_then_tidying_makes_no_fact_of_it_again()
     {
        let grants = [Grant::role("client"), in_group("client", "red")];
        let mut world = World::new();
        world.by_links(["red"]);
        world.add("cat", grants.clone());
        let id = world.invite("bob@example.com", grants.clone(), &by("ada"));
        let link = world.make_link(LinkSettings::new("x", grants));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        let (tidy, host) = (Tidy::new(9), Actor::System);
        let client = || Grant::role("client");
        let change = ChangeAccess::new(user("cat"), client());
        let (_, tidied) = world.clone().both((change, &by("ada")), (tidy.clone(), &host));
        assert_eq!((tidied.settled, tidied.more), (2, false));
        let edit = Edit::new(id).grants(client());
        let (_, tidied) = world.clone().both((edit, &by("ada")), (tidy.clone(), &host));
        assert_eq!((tidied.settled, tidied.more), (2, false));
        let edit = EditLink::new(link, LinkSettings::new("x", client()));
        let (_, tidied) = world.clone().both((edit, &by("ada")), (tidy.clone(), &host));
        assert_eq!((tidied.settled, tidied.more), (2, false));
        let (first, second) = world.both((tidy.clone(), &host), (tidy, &host));
        assert_eq!((first.settled, second.settled, second.more), (3, 0, false));
    }

    #[test]
    fn given_a_closed_group_when_tidied_then_verified_domains_name_it_no_more_lif_10_f15() {
        let mut world = World::new();
        world.by_links(["red", "blue"]);
        let (red, blue) = (in_group("client", "red"), in_group("client", "blue"));
        let (alone, both) = (VerifiedDomain::joins(red.clone()), VerifiedDomain::asks([red, blue.clone()]));
        world.verify([
            ("a.example", alone),
            ("b.example", both),
            ("c.example", VerifiedDomain::joins(blue.clone())),
        ]);
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        let before = world.events();
        assert_eq!(world.ok(Tidy::new(9), &Actor::System).settled, 2);
        assert_eq!(world.kinds_since(before), ["verified-domains-changed", "group-settled"]);
        let left = world.organization().verified.iter().map(|(domain, set)| (domain.as_str(), set.clone()));
        let expected =
            [("b.example", VerifiedDomain::asks(blue.clone())), ("c.example", VerifiedDomain::joins(blue))];
        assert_eq!(left.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn given_a_closed_group_when_tidied_then_requests_to_nothing_else_are_settled_a_few_at_a_time_lif_10() {
        let mut world = World::new();
        world.by_links(["red", "blue"]);
        let both = [in_group("client", "red"), in_group("client", "blue")];
        let link = world.make_link(LinkSettings::new("x", both).by_request());
        let wider = world.ask_by(link, "eve").unwrap();
        let ask = |world: &mut World, id: &str, to: &str| {
            world.ok(AskToJoin::group(group(to), person(id)), &by(id)).request
        };
        for id in ["bob", "cid"] {
            world.add(id, in_group("client", "own"));
        }
        let asked = ["bob", "cid"].map(|id| ask(&mut world, id, "red"));
        let other = ask(&mut world, "bob", "blue");
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        for more in [true, false] {
            let tidied = world.ok(Tidy::new(1), &Actor::System);
            assert_eq!((tidied.requests, tidied.more), (1, more));
        }
        for id in asked {
            let because = SettledBecause::GroupClosed;
            assert_eq!(world.request(id).ended.clone().unwrap().0, RequestEnding::Settled { because });
        }
        assert!(world.request(other).is_open() && world.request(wider).is_open());
        assert_eq!(world.organization().counts.requests, 2);
    }

    #[test]
    fn given_a_closed_group_when_tidied_a_few_at_a_time_then_as_few_links_are_settled_lif_8_lif_10() {
        let mut world = World::new();
        world.by_links(["red", "blue"]);
        let red = in_group("client", "red");
        let alone = world.make_link(LinkSettings::new("x", red.clone()));
        let both = world.make_link(LinkSettings::new("x", [red, in_group("client", "blue")]));
        let other = world.make_link(LinkSettings::new("x", in_group("client", "blue")));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        for expected in [(1, true), (1, false), (0, false)] {
            let tidied = world.ok(Tidy::new(1), &Actor::System);
            assert_eq!((tidied.settled, tidied.more), expected);
        }
        assert_eq!(world.link(alone).ended.unwrap().0, LinkEnding::GroupClosed);
        assert_eq!(world.link(both).settings.grants, in_group("client", "blue").into());
        assert_eq!((world.link(both).revision, world.link(other).revision), (1, 0));
        assert_eq!(world.link(both).creator, by("ada"), "nobody else answers for it");
    }

    #[test]
    fn given_a_member_when_a_closed_group_leaves_of_an_invitation_what_they_hold_then_it_ends_lif_7d_sea_3() {
        let mut world = World::with(team_of(3).and_seats("client", Limit::AtMost(3)));
        let id =
            world.invite("bob@example.com", [Grant::role("client"), in_group("lead", "red")], &by("ada"));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        let bob = NewMember::new(user("bob"), Grant::role("client")).email(address("bob@example.com"));
        world.ok(AddMembers::one(bob), &Actor::System);
        assert_eq!(world.state(id), InvitationState::Pending, "they are not in the other group");
        assert_eq!(world.ok(Tidy::new(9), &Actor::System).settled, 1);
        assert_eq!(world.state(id), InvitationState::Revoked);
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (1, 0)));
    }

    #[test]
    fn given_a_member_when_a_closed_group_leaves_of_an_invitation_what_their_seat_covers_then_that_is_all_they_take_sea_3()
     {
        let mut world = World::with(team_of(3).and_seats("client", Limit::AtMost(3)));
        world.add("bob", Grant::role("client"));
        let both = [in_group("lead", "red"), in_group("client", "blue")];
        let id = world.invite("bob@example.com", both, &by("ada"));
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 1), (1, 0)));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        world.ok(Tidy::new(9), &Actor::System);
        assert_eq!(world.invitation(id).grants, in_group("client", "blue").into());
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (1, 0)));
        world.ok(Accept::inbox(id, person("bob")), &by("bob"));
    }

    #[test]
    fn given_expired_invitations_when_tidied_then_so_many_are_written_down_and_no_more() {
        let mut world = world_with_expired(5);
        assert_eq!(world.seats("team"), (0, 5), "nothing is written down yet");
        let tidied = world.ok(Tidy::new(3), &Actor::System);
        assert_eq!((tidied.ended, tidied.more), (3, true));
        let tidied = world.ok(Tidy::new(3), &by("ada"));
        assert_eq!((tidied.ended, tidied.more), (2, false));
        assert_eq!(world.seats("team"), (0, 0));
        let before = world.events();
        assert_eq!(world.ok(Tidy::new(3), &Actor::System).ended, 0);
        assert_eq!(world.events(), before);
        assert!(world.kinds_since(before - 5).iter().all(|kind| *kind == "invitation-expired"));
        assert_eq!(world.rows().events[before - 1].actor, Actor::System, "nobody asked for an expiry");
    }

    #[test]
    fn given_a_closed_organization_when_tidied_then_all_that_is_open_ends_lif_8() {
        let mut world = World::new();
        let never = Invite::new("a@example.com, b@example.com", Grant::role("member"));
        world.ok(never.expires_at(Expiry::Never), &by("ada"));
        world.ok(ChangeStatus::Close, &by("ada"));
        assert_eq!(world.ok(Tidy::new(1_000), &Actor::System).ended, 2);
        let because = RevokedBecause::OrganizationClosed;
        for row in world.rows().invitations.values() {
            assert_eq!(row.ended.as_ref().unwrap().0, Ending::Revoked { because });
        }
    }

    #[test]
    fn given_what_was_past_its_expiry_in_a_closed_organization_when_tidied_then_it_expired_lif_1() {
        let mut world = World::new();
        let bob = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        world.wait(TimeDelta::days(8));
        world.ok(ChangeStatus::Close, &by("ada"));
        world.ok(Tidy::new(9), &Actor::System);
        assert_eq!(world.state(bob), InvitationState::Expired);
    }

    #[test]
    fn given_a_close_just_before_when_tidied_in_the_same_batch_then_it_says_that_there_is_more() {
        let mut world = World::new();
        world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let (close, tidy) = (ChangeStatus::Close, Tidy::new(10));
        let (_, tidied) = world.both((close, &by("ada")), (tidy, &Actor::System));
        assert!(tidied.more);
        assert_eq!(world.ok(Tidy::new(10), &Actor::System).ended, 1);
    }

    #[test]
    fn given_a_raised_reservation_when_tidied_then_endings_alone_are_counted() {
        let mut world = World::new();
        world.ok(
            Invite::new("bob@example.com", in_group("client", "red")).expires_at(Expiry::Never),
            &by("ada"),
        );
        world.invite("bob@example.com", in_group("member", "blue"), &by("ada"));
        world.wait(TimeDelta::days(7));
        assert_eq!(world.ok(Tidy::new(10), &Actor::System).ended, 1);
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (0, 1)));
    }

    #[test]
    fn given_nothing_left_that_is_due_when_tidied_then_it_says_that_there_is_no_more() {
        let mut world = World::new();
        let never = Invite::new("bob@example.com", Grant::role("member")).expires_at(Expiry::Never);
        world.ok(never, &by("ada"));
        world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        world.wait(TimeDelta::days(7));
        let ended = |tidied: Tidied| (tidied.ended, tidied.more);
        assert_eq!(ended(world.ok(Tidy::new(9), &Actor::System)), (1, false), "what is pending is not due");
        world.ok(ChangeStatus::Close, &by("ada"));
        assert_eq!(ended(world.ok(Tidy::new(9), &Actor::System)), (1, false), "all is ended");
        assert_eq!(ended(world.ok(Tidy::new(9), &Actor::System)), (0, false));
    }

    #[test]
    fn given_no_organization_when_tidied_then_it_is_unknown() {
        let mut world = World::new();
        let tidied = world.attempt("other", &Tidy::new(1), &Actor::System);
        assert_eq!(tidied, Err(Stop::UnknownOrganization));
    }

    /// An invitation that was revoked just now.
    fn ended(world: &mut World, to: &str) -> InvitationId {
        let id = world.invite(to, Grant::role("member"), &by("ada"));
        world.ok(Revoke::one(id), &by("ada"));
        id
    }

    #[test]
    fn given_a_retention_when_tidied_then_what_ended_so_long_ago_is_erased_to_the_microsecond_pri_6() {
        let (day, tick) = (TimeDelta::days(1), TimeDelta::microseconds(1));
        let tidy = |kept: Option<TimeDelta>| Tidy::new(9).retention(kept);
        for (sentence, set, kept, age, expected) in [
            ("nobody says so", None, None, TimeDelta::days(36_000), 0),
            ("as the model says", None, Some(day), day, 1),
            ("a moment earlier", None, Some(day), day - tick, 0),
            ("as the organization says", Some(172_800), Some(day), day, 0),
            ("and later", Some(172_800), Some(day), day * 2, 1),
            ("as it alone says", Some(86_400), None, day, 1),
        ] {
            let mut world = World::new();
            let settings = Settings::named("Acme");
            let settings = set.into_iter().fold(settings, Settings::retention_seconds);
            world.ok(ChangeSettings::new(settings), &by("ada"));
            let id = ended(&mut world, "bob@example.com");
            let open = Invite::new("eve@example.com", Grant::role("member")).expires_at(Expiry::Never);
            world.ok(open, &by("ada"));
            world.wait(age);
            let tidied = world.ok(tidy(kept), &Actor::System);
            assert_eq!((tidied.erased, tidied.more), (expected, false), "{sentence}");
            assert_eq!(world.invitation(id).invitee.is_erased(), expected == 1, "{sentence}");
            assert_eq!(world.ok(tidy(kept), &Actor::System).erased, 0, "once");
        }
    }

    #[test]
    fn given_more_than_a_step_takes_when_tidied_then_the_longest_ended_first_and_so_on_pri_6() {
        let mut world = World::new();
        let mut ids = Vec::new();
        for n in 0..5 {
            ids.push(ended(&mut world, &format!("{n}@example.com")));
            world.wait(TimeDelta::minutes(1));
        }
        world.ok(ChangeStatus::Suspend, &by("ada"));
        world.wait(TimeDelta::days(2));
        let tidy = Tidy::new(2).retention(Some(TimeDelta::days(1)));
        for (erased, more) in [(2, true), (4, true), (5, false)] {
            assert_eq!(world.ok(tidy.clone(), &Actor::System).more, more);
            let erased_now =
                ids.iter().map(|id| world.invitation(*id).invitee.is_erased()).collect::<Vec<_>>();
            assert_eq!(erased_now, (0..5).map(|n| n < erased).collect::<Vec<_>>());
        }
    }

    #[test]
    fn given_join_requests_that_ended_long_ago_when_tidied_then_they_are_erased_in_steps_of_their_own_pri_6()
    {
        let mut world = World::new();
        world.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        let mut ids = Vec::new();
        for n in 0..3 {
            let id = world.propose(address(&format!("{n}@example.com")), Grant::role("client"), "mia");
            world.ok(Deny::one(id).because("not now"), &by("ada"));
            ids.push(id);
            ended(&mut world, &format!("{n}@example.com"));
            world.wait(TimeDelta::minutes(1));
        }
        let open = world.propose(address("eve@example.com"), Grant::role("client"), "mia");
        world.wait(TimeDelta::days(1) - TimeDelta::minutes(1));
        let tidy = Tidy::new(2).retention(Some(TimeDelta::days(1)));
        let steps = [2, 4, 6].map(|minutes| {
            world.wait(TimeDelta::minutes(minutes));
            let tidied = world.ok(tidy.clone(), &Actor::System);
            (tidied.erased, tidied.more)
        });
        assert_eq!(steps, [(4, true), (2, false), (0, false)]);
        let rows = &world.rows().requests;
        assert!(ids.iter().all(|id| rows[id].invitee.is_erased()) && !rows[&open].invitee.is_erased());
    }

    #[test]
    fn given_an_expired_one_that_was_erased_when_resent_then_it_is_not_lif_3_pri_6() {
        let mut world = World::new();
        let id = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        world.wait(TimeDelta::days(8));
        world.ok(Tidy::new(9), &Actor::System);
        world.wait(TimeDelta::days(1));
        world.ok(Tidy::new(9).retention(Some(TimeDelta::days(1))), &Actor::System);
        let refusal = world.run(Resend::new(id), &by("ada")).unwrap_err();
        assert_eq!((refusal.code(), refusal.rule()), ("invitation-erased", "PRI-6"));
        world.invite("bob@example.com", Grant::role("member"), &by("ada"));
    }
}
