//! Look at lists: what somebody may see.

use crate::refusal::refused;
use crate::rules::authority;
use crate::{Actor, Draft, GroupId, Host, Permission, Reads, Scope, Stop};

refused! {
    /// Why a list was not shown.
    LookRefused: NotPermitted, TooManyQuestions
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

    /// Whether they may (AUT-7).
    ///
    /// # Errors
    /// [`Stop`]
    pub fn decide(&self, host: &Host<'_>, actor: &Actor, draft: &Draft) -> Result<(), Stop<LookRefused>> {
        let by = authority::<LookRefused>(host, draft, actor)?;
        let permitted = match &self.scope {
            Some(scope) => by.require(&self.permission, scope),
            None => by.require_anywhere(&self.permission),
        };
        Ok(permitted.map_err(LookRefused::from)?)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_members_and_others_when_looking_then_only_those_with_the_right_see_aut_7() {
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        world.add("gus", in_group("lead", "red"));
        world.add("cid", Grant::role("member"));
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
