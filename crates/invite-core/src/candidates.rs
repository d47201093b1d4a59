//! Candidates: whom somebody may have in mind when they invite (C2, E2).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use crate::refusal::{TooManyQuestions, refused, refused_for_groups};
use crate::rules::{authority, open_at_places, require_group_works};
use crate::{
    Access, Actor, Draft, Grant, Grants, GroupId, Host, InvitationState, Invitee, Member, OrganizationId,
    Permission, Rate, Reads, RoleName, Scope, Stop, UserId,
};

/// People who are together somewhere: a list that a store looks up, the newest first and cut off at a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "every adapter looks up all of them")]
pub enum Circle {
    /// Members with a grant in a group, the last to join the organization first.
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

    /// The circles of somebody: those with whom they share groups and organizations, and with whom they shared an
    /// organization at a time when both were in it. Nobody else is in one (C2). Of an organization that somebody left,
    /// who joined afterwards is not.
    ///
    /// Where they are suspended they see nobody. `here` is where they are now, what matters most first, and `left` where they were, with when they left: of each as
    /// many as [`ORGANIZATIONS`](Self::ORGANIZATIONS) count.
    #[must_use]
    pub fn of(
        here: &[(OrganizationId, Member)],
        left: &[(OrganizationId, DateTime<Utc>)],
    ) -> Vec<(Nearness, Self)> {
        let here = here.iter().filter(|(_, member)| member.is_active()).take(Self::ORGANIZATIONS);
        let mut circles = Vec::new();
        for (organization, member) in here.clone() {
            let groups = member.grants.scopes().filter_map(Scope::group).take(Self::GROUPS);
            let circle = |group: &GroupId| Self::Group(organization.clone(), group.clone());
            circles.extend(groups.map(|group| (Nearness::SharesGroup, circle(group))));
        }
        for (organization, _) in here.clone() {
            let circle = Self::Members { organization: organization.clone(), until: None };
            circles.push((Nearness::SharesOrganization, circle));
        }
        for (organization, member) in here {
            let circle = Self::Former { organization: organization.clone(), since: member.joined_at };
            circles.push((Nearness::Shared, circle));
        }
        for (organization, left_at) in left.iter().take(Self::ORGANIZATIONS) {
            let circle = Self::Members { organization: organization.clone(), until: Some(*left_at) };
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

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn id(text: &str) -> OrganizationId {
        OrganizationId::parse(text).unwrap()
    }

    #[test]
    fn circles_are_of_groups_then_organizations_then_of_the_past_and_of_no_time_apart_c2() {
        let mut world = World::new();
        world.wait(TimeDelta::days(1));
        world.add("bob", [Grant::role("client"), in_group("member", "red")]);
        let bob = world.member("bob").unwrap().clone();
        let (since, left_at) = (bob.joined_at, world.now - TimeDelta::days(7));
        let (acme, old) = (|| id(ACME), || id("old"));
        let circles = Circle::of(&[(acme(), bob)], &[(old(), left_at)]);
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
        let member = Member { grants: groups.collect(), ..world.member("ada").unwrap().clone() };
        let here = (0..20).map(|n| (id(&format!("o{n}")), member.clone())).collect::<Vec<_>>();
        let left = here.iter().map(|(id, _)| (id.clone(), world.now)).collect::<Vec<_>>();
        assert_eq!(Circle::of(&here, &left).len(), 8 * (4 + 1 + 1) + 8);
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
