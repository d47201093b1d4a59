//! Candidates: whom somebody may have in mind when they invite (C2, E2).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use crate::refusal::{TooManyQuestions, refused, refused_for_groups};
use crate::rules::{authority, open, open_at_places, require_group_works};
use crate::{
    Access, AccessModel, Actor, Draft, Former, Grant, Grants, GroupId, Host, InvitationState, Invitee,
    Member, OrganizationId, OrganizationStatus, Permission, Rate, Reads, RoleName, Scope, Stop, UserId,
};

/// People who are together somewhere: a list that a store looks up, the newest first and cut off at a bound. Nobody who is
/// suspended there is in one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "every adapter looks up all of them")]
pub enum Circle {
    /// Members with a grant in a group, the last to join the organization first; nobody in one that is closed.
    Group(OrganizationId, GroupId),
    /// Members of an organization, the last to join first.
    Members {
        /// The organization.
        organization: OrganizationId,
        /// Only who joined at this time or before; `None` does not restrict.
        until: Option<DateTime<Utc>>,
    },
    /// Former members of an organization, the last to leave first.
    Former {
        /// The organization.
        organization: OrganizationId,
        /// Only who left at this time or later.
        since: DateTime<Utc>,
    },
}

/// How near somebody is to whoever invites. The nearest are offered first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Nearness {
    /// They share a group.
    SharesGroup,
    /// They share an organization.
    SharesOrganization,
    /// They shared an organization, until one of them left.
    Shared,
    /// The host's directory knows them; nothing else is known of them.
    Directory,
}

impl Circle {
    /// Of how many organizations circles are looked up.
    pub const ORGANIZATIONS: usize = 8;

    /// Of how many groups of each organization.
    pub const GROUPS: usize = 4;

    /// How many people of each circle.
    pub const PEOPLE: u32 = 32;

    /// The circles of somebody at a time: those with whom they share groups; where they may see members, those with whom
    /// they share an organization, or shared it at a time when both were in it; where they might when they left, those who
    /// were there by then. Nobody else is in one (C2).
    ///
    /// Where they are suspended they see nobody. `here` is where they are now and how the organization stands, what matters
    /// most first, and `left` where they were: of each as many as [`ORGANIZATIONS`](Self::ORGANIZATIONS) count.
    #[must_use]
    pub fn of(
        model: &AccessModel,
        now: DateTime<Utc>,
        here: &[(OrganizationId, OrganizationStatus, Member)],
        left: &[(OrganizationId, Former)],
    ) -> Vec<(Nearness, Self)> {
        let sees = |grants: &Grants| {
            let held = grants.access(&Scope::Organization);
            held.is_some_and(|access| model.includes(access, &Permission::VIEW))
        };
        let here = here.iter().filter(|(_, _, member)| member.is_active()).take(Self::ORGANIZATIONS);
        let here = here.map(|(id, status, member)| (id, *status, member, member.grants.running(now)));
        let here = here.collect::<Vec<_>>();
        let mut circles = Vec::new();
        for (organization, _, _, grants) in &here {
            let groups = grants.scopes().filter_map(Scope::group).take(Self::GROUPS);
            let circle = |group: &GroupId| Self::Group((*organization).clone(), group.clone());
            circles.extend(groups.map(|group| (Nearness::SharesGroup, circle(group))));
        }
        let seen = here.iter().filter(|(_, status, _, grants)| open(*status).is_ok() && sees(grants));
        for (organization, ..) in seen.clone() {
            let circle = Self::Members { organization: (*organization).clone(), until: None };
            circles.push((Nearness::SharesOrganization, circle));
        }
        for (organization, _, member, _) in seen {
            let circle = Self::Former { organization: (*organization).clone(), since: member.joined_at };
            circles.push((Nearness::Shared, circle));
        }
        for (organization, was) in left.iter().filter(|(_, was)| sees(&was.grants)).take(Self::ORGANIZATIONS)
        {
            let circle = Self::Members { organization: organization.clone(), until: Some(was.left_at) };
            circles.push((Nearness::Shared, circle));
        }
        circles
    }
}

refused! {
    /// Why no candidates were offered.
    CandidatesRefused: NotPermitted, TooManyQuestions, UnknownGroup, GroupArchived, GroupClosed
}
refused_for_groups!(CandidatesRefused);

/// Asks which of some users can be invited somewhere. Changes nothing.
#[derive(Debug, Clone)]
pub struct Candidates {
    scope: Scope,
    users: Vec<UserId>,
}

impl Candidates {
    /// For this scope, among nobody yet: whether whoever asks may at all.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self { scope, users: Vec::new() }
    }

    /// Among these users.
    #[must_use]
    pub fn among(mut self, users: impl IntoIterator<Item = UserId>) -> Self {
        self.users.extend(users);
        self
    }

    /// What it needs to see.
    #[must_use]
    pub fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor);
        reads.groups.extend(self.scope.group().cloned());
        reads.invitees.extend(self.users.iter().cloned().map(Invitee::User));
        reads
    }

    /// Those of the users who can be invited there, in their order: not whoever asks, who is there already or suspended, who has an
    /// invitation for it as that user, or who blocked invitations. Only for those who may invite there.
    ///
    /// # Errors
    /// [`Stop`]
    pub fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &Draft,
    ) -> Result<Vec<UserId>, Stop<CandidatesRefused>> {
        let by = authority::<CandidatesRefused>(host, draft, actor)?;
        by.require(&Permission::INVITE, &self.scope).map_err(CandidatesRefused::from)?;
        if let Some(group) = self.scope.group() {
            require_group_works::<CandidatesRefused>(draft, group)?;
        }
        let there = Grants::from(Grant::new(self.scope.clone(), Access::role(RoleName::OWNER)));
        let mut free = Vec::new();
        for user in &self.users {
            let invitee = Invitee::User(user.clone());
            let member = draft.member(user)?;
            let is_there = member
                .is_some_and(|member| !member.is_active() || member.grants.access(&self.scope).is_some());
            let open = open_at_places(draft, &invitee, &there)?;
            let invited = open.iter().any(|row| row.state_at(draft.now()) == InvitationState::Pending);
            if actor.user() != Some(user) && !is_there && !invited && !draft.is_blocked(&invitee)? {
                free.push(user.clone());
            }
        }
        Ok(free)
    }
}

/// How often users ask for names, kept in memory (PRI-2).
///
/// A question changes nothing, so it is no commit, and each process counts its own: this slows down whoever would read
/// the whole directory by asking, and is no exact limit.
#[derive(Debug, Clone)]
pub struct Questions {
    rate: Rate,
    kept: BTreeMap<UserId, DateTime<Utc>>,
}

impl Questions {
    /// The most users that are remembered; beyond these the one who has waited longest is forgotten.
    pub const MOST: usize = 10_000;

    /// With a rate for each user.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, kept: BTreeMap::new() }
    }

    /// Counts so many questions of a user, and of more than fit at once as many as do. The host itself asks as often as it
    /// likes.
    ///
    /// # Errors
    /// [`TooManyQuestions`], and none of them counts.
    pub fn ask(&mut self, who: &Actor, count: usize, now: DateTime<Utc>) -> Result<(), TooManyQuestions> {
        let Some(user) = who.user() else { return Ok(()) };
        let mut kept = self.kept.get(user).copied();
        for _ in 0..count.min(self.rate.at_once()) {
            kept = Some(self.rate.advance(kept, now).map_err(|again_at| TooManyQuestions { again_at })?);
        }
        if self.kept.len() >= Self::MOST && !self.kept.contains_key(user) {
            self.kept.retain(|_, kept| *kept > now);
            let first = self.kept.iter().min_by_key(|(_, kept)| **kept).map(|(user, _)| user.clone());
            if let Some(first) = first.filter(|_| self.kept.len() >= Self::MOST) {
                self.kept.remove(&first);
            }
        }
        if let Some(kept) = kept {
            self.kept.insert(user.clone(), kept);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use chrono::{DateTime, TimeDelta, Utc};

    use crate::testing::*;
    use crate::*;

    fn id(text: &str) -> OrganizationId {
        OrganizationId::parse(text).unwrap()
    }

    fn left(left_at: DateTime<Utc>, grants: impl Into<Grants>) -> Former {
        Former { user: user("bob"), left_at, grants: grants.into() }
    }

    fn circles(
        world: &World,
        here: &[(OrganizationId, Member)],
        left: &[(OrganizationId, Former)],
    ) -> Vec<(Nearness, Circle)> {
        let works = |(id, member): &(OrganizationId, Member)| {
            (id.clone(), OrganizationStatus::Active, member.clone())
        };
        Circle::of(&world.model, world.now, &here.iter().map(works).collect::<Vec<_>>(), left)
    }

    #[test]
    fn given_somebody_who_may_not_see_members_then_only_those_of_their_groups_are_near_c2_aut_7() {
        let mut world = World::new();
        let soon = world.now + TimeDelta::days(1);
        let running = in_group("client", "blue").until(soon + TimeDelta::days(1));
        world.add("bob", [Grant::role("client"), in_group("client", "red").until(soon), running]);
        world.add("lea", Grant::role("lead").until(soon));
        let here = |world: &World, name: &str| (id(ACME), world.member(name).unwrap().clone());
        let near = |id: &str, group_id| (Nearness::SharesGroup, Circle::Group(self::id(id), group(group_id)));
        let bob = here(&world, "bob");
        assert_eq!(circles(&world, std::slice::from_ref(&bob), &[]), [near(ACME, "blue"), near(ACME, "red")]);
        let was = left(world.now, Grant::role("client"));
        assert_eq!(circles(&world, &[], &[(id("old"), was)]), [], "nor might they when they left");
        assert_eq!(circles(&world, &[here(&world, "lea")], &[]).len(), 2);
        let suspended = (id(ACME), OrganizationStatus::Suspended, here(&world, "lea").1);
        assert_eq!(
            Circle::of(&world.model, world.now, &[suspended], &[]),
            [],
            "nobody may anything there now"
        );
        world.now = soon;
        assert_eq!(circles(&world, &[bob], &[]), [near(ACME, "blue")], "red is over, written down or not");
        assert_eq!(circles(&world, &[here(&world, "lea")], &[]), []);
    }

    #[test]
    fn given_members_who_go_then_what_they_held_is_kept_with_when_c2() {
        let mut world = World::new();
        for name in ["lea", "sue"] {
            world.add(name, Grant::role("lead"));
        }
        world.ok(SuspendMembers::one(user("sue")), &by("ada"));
        let remove = RemoveMembers::many(["lea", "sue"].map(user));
        let mut draft = world.look(&remove.reads(&by("ada")));
        remove.decide(&world.host(), &by("ada"), &mut draft).unwrap();
        let former = draft.into_commit().former.into_iter().map(|row| (row.user, row.grants));
        let held = [(user("lea"), Grant::role("lead").into()), (user("sue"), Grants::default())];
        assert_eq!(former.collect::<Vec<_>>(), held, "nothing of who was suspended");
    }

    #[test]
    fn circles_are_of_groups_then_organizations_then_of_the_past_and_of_no_time_apart_c2() {
        let mut world = World::new();
        world.wait(TimeDelta::days(1));
        world.add("bob", [Grant::role("lead"), in_group("member", "red")]);
        let bob = world.member("bob").unwrap().clone();
        let (since, left_at) = (bob.joined_at, world.now - TimeDelta::days(7));
        let (acme, old) = (|| id(ACME), || id("old"));
        let circles = circles(&world, &[(acme(), bob)], &[(old(), left(left_at, Grant::role("lead")))]);
        let expected = [
            (Nearness::SharesGroup, Circle::Group(acme(), group("red"))),
            (Nearness::SharesOrganization, Circle::Members { organization: acme(), until: None }),
            (Nearness::Shared, Circle::Former { organization: acme(), since }),
            (Nearness::Shared, Circle::Members { organization: old(), until: Some(left_at) }),
        ];
        assert_eq!(circles, expected);
    }

    #[test]
    fn circles_are_bounded_however_many_places_there_are_c2() {
        let world = World::new();
        let groups = (0..9).map(|n| Grant::role("client").in_group(group(&format!("g{n}"))));
        let grants = groups.chain([Grant::role("lead")]).collect::<Grants>();
        let member = Member { grants: grants.clone(), ..world.member("ada").unwrap().clone() };
        let here = (0..20).map(|n| (id(&format!("o{n}")), member.clone())).collect::<Vec<_>>();
        let was =
            here.iter().map(|(id, _)| (id.clone(), left(world.now, grants.clone()))).collect::<Vec<_>>();
        assert_eq!(circles(&world, &here, &was).len(), 8 * (4 + 1 + 1) + 8);
    }

    fn free(world: &World, scope: Scope, actor: &str) -> Result<Vec<UserId>, CandidatesRefused> {
        let users = ["ada", "bob", "cid", "dan", "eve", "fay"].map(user);
        let asked = Candidates::new(scope).among(users);
        let draft = world.look(&asked.reads(&by(actor)));
        asked.decide(&world.host(), &by(actor), &draft).map_err(|stop| match stop {
            Stop::Refused(refusal) => refusal,
            stop => panic!("{stop:?}"),
        })
    }

    #[test]
    fn given_who_is_there_invited_or_blocked_when_asked_then_the_others_are_offered_c2_e2() {
        let mut world = World::new();
        world.add("bob", in_group("member", "red"));
        world.add("cid", Grant::role("member"));
        world.invite(user("dan"), in_group("member", "red"), &by("ada"));
        let eve = world.invite(user("eve"), in_group("member", "red"), &by("ada"));
        world.ok(Decline::inbox(eve, stranger("eve")).block(Block::Organization), &by("eve"));
        assert_eq!(free(&world, Scope::Group(group("red")), "ada").unwrap(), ["cid", "fay"].map(user));
        let organization = free(&world, Scope::Organization, "ada").unwrap();
        assert_eq!(organization, ["bob", "dan", "fay"].map(user));
        world.wait(TimeDelta::days(8));
        let later = free(&world, Scope::Group(group("red")), "ada").unwrap();
        assert_eq!(later, ["cid", "dan", "fay"].map(user), "what expired holds nobody");
    }

    #[test]
    fn given_a_rate_when_it_is_used_up_then_it_tells_when_again_and_others_may_ask_pri_2() {
        let mut questions = Questions::new(Rate::per(3, TimeDelta::minutes(3)).unwrap());
        let now = World::new().now;
        questions.ask(&by("ada"), 2, now).unwrap();
        let refused = questions.ask(&by("ada"), 2, now).unwrap_err();
        assert_eq!(*refused.again_at(), now + TimeDelta::minutes(1));
        questions.ask(&by("ada"), 1, now).unwrap();
        questions.ask(&by("bob"), 3, now).unwrap();
        questions.ask(&Actor::System, 1_000, now).unwrap();
        assert!(questions.ask(&by("ada"), 1, now).is_err());
        questions.ask(&by("ada"), 1, now + TimeDelta::minutes(1)).unwrap();
    }

    #[test]
    fn however_many_ask_few_are_remembered_pri_2() {
        let mut questions = Questions::new(Rate::per(1, TimeDelta::hours(1)).unwrap());
        let now = World::new().now;
        for n in 0..=Questions::MOST {
            questions.ask(&by(&format!("u{n}")), 1, now + TimeDelta::microseconds(n as i64)).unwrap();
        }
        assert_eq!(questions.kept.len(), Questions::MOST);
        assert!(questions.ask(&by("u1"), 1, now + TimeDelta::minutes(1)).is_err());
        questions.ask(&by("new"), 1, now + TimeDelta::hours(2)).unwrap();
        assert_eq!(questions.kept.len(), 1, "whoever may ask anew needs no memory");
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("CandidatesRefused", include_str!("candidates.rs"));
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        cases.refused(
            "given a member who may not invite, when asked, then no (PRI-2)",
            "NotPermitted",
            free(&world, Scope::Organization, "bob"),
        );
        let in_one = |id: &str| Scope::Group(group(id));
        cases.refused(
            "given no such group, when asked, then it is unknown",
            "UnknownGroup",
            free(&world, in_one("none"), "ada"),
        );
        world.ok(ChangeGroupStatus::archive(group("red")), &by("ada"));
        cases.refused(
            "given an archived group, when asked, then not now (LIF-8)",
            "GroupArchived",
            free(&world, in_one("red"), "ada"),
        );
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        cases.refused(
            "given a closed group, when asked, then never (LIF-8)",
            "GroupClosed",
            free(&world, in_one("red"), "ada"),
        );
        cases.are_all_but(&[("TooManyQuestions", "how often somebody asks is counted by who is asked")]);
    }
}
