//! Look at lists: what somebody may see.

use crate::refusal::refused;
use crate::rules::authority;
use crate::{Actor, Draft, GroupId, Host, Invitation, InviteLink, Member, Permission, Reads, Scope, Stop};

refused! {
    /// Why a list was not shown.
    LookRefused: NotPermitted, TooManyQuestions
}

/// How much of the rows of a list somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sight {
    /// All of each.
    Whole,
    /// What lies in one group: of somebody whose right holds there alone (E4).
    Within(GroupId),
}

impl Sight {
    /// What they see of a member.
    #[must_use]
    pub fn of_member(&self, row: Member) -> Member {
        match self {
            Self::Whole => row,
            Self::Within(group) => row.within(group),
        }
    }

    /// What they see of an invitation.
    #[must_use]
    pub fn of_invitation(&self, row: Invitation) -> Invitation {
        match self {
            Self::Whole => row,
            Self::Within(group) => row.within(group),
        }
    }

    /// What they see of an invite link.
    #[must_use]
    pub fn of_link(&self, row: InviteLink) -> InviteLink {
        match self {
            Self::Whole => row,
            Self::Within(group) => row.within(group),
        }
    }
}

/// Asks to see something that a permission in the organization, or in a group, is needed for. Changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    permission: Permission,
    /// `None` for anywhere.
    scope: Option<Scope>,
}

impl Look {
    /// At members and invitations.
    #[must_use]
    pub fn at_members() -> Self {
        Self { permission: Permission::VIEW, scope: Some(Scope::Organization) }
    }

    /// At members of a group and invitations to it: those who may see them there (E4).
    #[must_use]
    pub fn at_members_of(group: GroupId) -> Self {
        Self { permission: Permission::VIEW, scope: Some(Scope::Group(group)) }
    }

    /// At join requests: those who may decide about all of them. What was said to those who decide stands in them.
    #[must_use]
    pub fn at_requests() -> Self {
        Self { permission: Permission::INVITE, scope: Some(Scope::Organization) }
    }

    /// At join requests to a group: those who may decide about them (E1).
    #[must_use]
    pub fn at_requests_to(group: GroupId) -> Self {
        Self { permission: Permission::INVITE, scope: Some(Scope::Group(group)) }
    }

    /// At invite links: those who make them. Who may see members has no part in it.
    #[must_use]
    pub fn at_links() -> Self {
        Self { permission: Permission::LINKS, scope: Some(Scope::Organization) }
    }

    /// At invite links into a group: those who make them there (B1).
    #[must_use]
    pub fn at_links_into(group: GroupId) -> Self {
        Self { permission: Permission::LINKS, scope: Some(Scope::Group(group)) }
    }

    /// At the event log.
    #[must_use]
    pub fn at_events() -> Self {
        Self { permission: Permission::AUDIT, scope: Some(Scope::Organization) }
    }

    /// For people to invite: those who may invite anywhere in the organization (E2).
    #[must_use]
    pub fn for_people() -> Self {
        Self { permission: Permission::INVITE, scope: None }
    }

    /// What it needs to see.
    #[must_use]
    pub fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor)
    }

    /// Whether they may (AUT-7), and how much they see.
    ///
    /// # Errors
    /// [`Stop`]
    pub fn decide(&self, host: &Host<'_>, actor: &Actor, draft: &Draft) -> Result<Sight, Stop<LookRefused>> {
        let by = authority::<LookRefused>(host, draft, actor)?;
        let permitted = match &self.scope {
            Some(scope) => by.require(&self.permission, scope),
            None => by.require_anywhere(&self.permission),
        };
        permitted.map_err(LookRefused::from)?;
        Ok(match &self.scope {
            Some(Scope::Group(group)) if !by.may(&self.permission, &Scope::Organization) => {
                Sight::Within(group.clone())
            }
            _ => Sight::Whole,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_a_manager_of_a_group_when_looking_at_it_then_rows_are_seen_as_far_as_they_lie_in_it_e4() {
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        world.add("gus", in_group("lead", "red"));
        let both = || [in_group("member", "red"), in_group("lead", "blue")];
        let bob = NewMember::new(user("bob"), both()).email(address("bob@example.com")).metadata("k", "v");
        world.ok(AddMembers::one(bob), &by("ada"));
        let invite = Invite::new("eve@example.com", both()).message("Come").metadata("k", "v");
        let id = world.ok(invite, &by("ada")).invitations().next().unwrap();
        let sight = |actor: &str| {
            let look = Look::at_members_of(group("red"));
            look.decide(&world.host(), &by(actor), &world.look(&look.reads(&by(actor)))).unwrap()
        };
        let (member, row) = (world.member("bob").unwrap(), world.invitation(id));
        assert_eq!(sight("lea").of_member(member.clone()), *member);
        assert_eq!(sight("lea").of_invitation(row.clone()), *row);
        assert_eq!(sight("gus"), Sight::Within(group("red")));
        let seen = sight("gus").of_member(member.clone());
        assert_eq!((seen.grants, seen.metadata.len()), (in_group("member", "red").into(), 0));
        assert_eq!((seen.user, seen.email), (member.user.clone(), member.email.clone()));
        let seen = sight("gus").of_invitation(row.clone());
        assert_eq!(
            (seen.grants, seen.message, seen.metadata.len()),
            (in_group("member", "red").into(), None, 0)
        );
        assert_eq!((seen.id, seen.invitee), (id, row.invitee.clone()));
    }

    #[test]
    fn given_members_and_others_when_looking_then_only_those_with_the_right_see_aut_7() {
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        world.add("gus", in_group("lead", "red"));
        world.add("cid", Grant::role("member"));
        world.add("max", in_group("admin", "red"));
        world.invite("bob@example.com", Grant::role("admin"), &by("ada"));
        let mut cases = Cases::of("LookRefused", include_str!("look.rs"));
        let look = |look: Look, actor: &str| {
            let draft = world.look(&look.reads(&by(actor)));
            look.decide(&world.host(), &by(actor), &draft).map_err(|stop| match stop {
                Stop::Refused(refusal) => refusal,
                stop => panic!("{stop:?}"),
            })
        };
        look(Look::at_members(), "lea").unwrap();
        look(Look::at_events(), "ada").unwrap();
        look(Look::at_members_of(group("red")), "gus").unwrap();
        look(Look::for_people(), "gus").unwrap();
        look(Look::at_requests(), "lea").unwrap();
        look(Look::at_requests_to(group("red")), "gus").unwrap();
        let elsewhere = [Look::at_members(), Look::at_members_of(group("blue"))];
        for beyond in elsewhere.into_iter().chain([Look::at_requests(), Look::at_requests_to(group("blue"))])
        {
            cases.refused(
                "given a manager of one group, when looking elsewhere, then no (E4)",
                "NotPermitted",
                look(beyond, "gus"),
            );
        }
        for requests in [Look::at_requests(), Look::at_requests_to(group("red"))] {
            cases.refused(
                "given a member who decides about nothing, when looking at requests, then no (PRI-3)",
                "NotPermitted",
                look(requests, "cid"),
            );
        }
        look(Look::at_links(), "ada").unwrap();
        look(Look::at_links_into(group("red")), "max").unwrap();
        for (links, actor) in [
            (Look::at_links(), "max"),
            (Look::at_links(), "lea"),
            (Look::at_links_into(group("blue")), "max"),
        ] {
            cases.refused(
                "given somebody who makes no links there, when looking at links, then no (TOK-4)",
                "NotPermitted",
                look(links, actor),
            );
        }
        cases.refused(
            "given a lead, when looking at events, then no",
            "NotPermitted",
            look(Look::at_events(), "lea"),
        );
        cases.refused(
            "given a member who invites nowhere, when looking for people, then no (PRI-2)",
            "NotPermitted",
            look(Look::for_people(), "cid"),
        );
        cases.refused(
            "given a pending one, when looking, then they are no member",
            "NotPermitted",
            look(Look::at_members(), "bob"),
        );
        cases.are_all_but(&[("TooManyQuestions", "how often somebody asks is counted by who is asked")]);
    }
}
