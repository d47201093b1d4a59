//! Propose an invitation.

use alloc::string::{String, ToString};

use serde::Serialize;

use super::ask::{Asked, Asking, make, reads_of_asking};
use super::invite::require_welcome;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyInvited, InvalidAddress, MembersOnly, refused, refused_for_grants, refused_for_groups,
    refused_when_closed,
};
use crate::rules::{authority, open_at_places, require_groups, require_known, require_open};
use crate::seats::end_due;
use crate::{
    Actor, Draft, Grants, Host, Invitee, LimitSubject, Operation, Permission, Reads, RequestWay, Stop,
};

/// Proposes an invitation, by a member who may not invite; somebody with the right approves it (F21).
///
/// Needs [`Permission::PROPOSE`] in every scope. What is proposed need not be what the proposer holds: whoever approves
/// it must be able to grant it, and becomes the inviter (AUT-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Propose {
    invitee: Invitee,
    grants: Grants,
    name: Option<String>,
    message: Option<String>,
}

impl Propose {
    /// To invite this person, with these grants.
    pub fn new(invitee: impl Into<Invitee>, grants: impl Into<Grants>) -> Self {
        Self { invitee: invitee.into(), grants: grants.into(), name: None, message: None }
    }

    /// The invitee's name, for those who decide and for the mail.
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
}

refused! {
    /// Why an invitation was not proposed.
    ProposeRefused:
        OrganizationSuspended, OrganizationClosed, MembersOnly, NotPermitted, GrantsMissing, UnknownRole,
        UnknownPermission, UnknownResourceKind, NeverGrantable, NotEntitled, InvalidEnd, TooLarge, ForbiddenCharacter, UnknownGroup,
        GroupArchived, GroupClosed, DomainNotAllowed, Blocked, AlreadyMember, AlreadyInvited, AlreadyAsked,
        AskedTooOften, TooManyRequests, InvalidExpiry, MemberSuspended, InvalidAddress
}
refused_when_closed!(ProposeRefused);
refused_for_grants!(ProposeRefused);
refused_for_groups!(ProposeRefused);

impl Sealed for Propose {}

impl Operation for Propose {
    type Outcome = Asked;
    type Refusal = ProposeRefused;
    const NAME: &'static str = "propose";

    fn reads(&self, actor: &Actor) -> Reads {
        let reads = actor.user().cloned().map(LimitSubject::Inviter).map_or_else(Reads::new, reads_of_asking);
        reads.actor(actor).invitee(self.invitee.clone()).groups_in(&self.grants).due()
    }

    fn makes(&self) -> usize {
        1
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        end_due(host.model, draft)?;
        let by = actor.user().ok_or(ProposeRefused::from(MembersOnly {}));
        let by = draft.rule("F21", by)?;
        require_known::<ProposeRefused>(host, draft, &self.grants)?;
        require_groups::<ProposeRefused>(draft, &self.grants)?;
        let authority = authority::<ProposeRefused>(host, draft, actor)?;
        let mut scopes = self.grants.scopes();
        let permitted = scopes.try_for_each(|scope| authority.require(&Permission::PROPOSE, scope));
        draft.rule("AUT-1", permitted.map_err(ProposeRefused::from))?;
        let erased = || InvalidAddress { reason: "who it names was erased".to_string() };
        draft.require("IDN-7", !self.invitee.is_erased(), || ProposeRefused::from(erased()))?;
        require_welcome(draft, &self.invitee, &self.grants)?;
        let open = open_at_places(draft, &self.invitee, &self.grants)?;
        let pending = open.into_iter().find(|row| !row.expires_at.is_over(draft.now()));
        let answer = match pending.map(|row| (row.id, row.expires_at)) {
            Some((invitation, expires_at)) => {
                Err(ProposeRefused::from(AlreadyInvited { invitation, expires_at }))
            }
            None => Ok(()),
        };
        draft.rule("CON-3", answer)?;
        let (name, message) = (&self.name, &self.message);
        let asking = Asking { invitee: self.invitee.clone(), by, email: None, name, message };
        let request = make::<ProposeRefused>(host, draft, RequestWay::Proposal, asking, self.grants.clone())?;
        Ok(Asked { request })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    /// A world in which `mia` may propose and not invite.
    fn world() -> World {
        let mut world = World::new();
        world.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        world
    }

    #[test]
    fn given_a_member_who_may_not_invite_when_proposing_then_nobody_is_invited_until_it_is_approved_f21() {
        let mut world = world();
        let id = world.propose(address("bob@example.com"), Grant::role("admin"), "mia");
        assert_eq!(world.request(id).way, RequestWay::Proposal);
        assert_eq!(world.rows().invitations.len(), 0);
        assert_eq!(world.seats("team"), (1, 0), "a proposal reserves no seat");
        let ApproveOutcome::Invited { invitation } =
            world.ok(Approve::one(id), &by("ada")).results.remove(0).outcome
        else {
            panic!("a proposal leads to an invitation");
        };
        let row = world.invitation(invitation);
        assert_eq!((row.inviter.clone(), row.grants.clone()), (by("ada"), Grant::role("admin").into()));
        assert_eq!(world.rows().deliveries.len(), 1, "it is mailed");
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ProposeRefused", include_str!("propose.rs"));
        let mut world = world();
        let bob = || address("bob@example.com");
        let client = || Grant::role("client");
        let propose = |grants: Grant| Propose::new(bob(), grants);
        let mut tried = |sentence: &str, reason: &str, propose: Propose| {
            cases.refused(sentence, reason, world.clone().run(propose, &by("mia")));
        };
        tried(
            "given nothing to grant, then nothing is proposed",
            "GrantsMissing",
            Propose::new(bob(), Grants::default()),
        );
        tried(
            "given a role that there is not, then it is unknown (AUT-3)",
            "UnknownRole",
            propose(Grant::role("pope")),
        );
        tried(
            "given a permission that there is not, then it is unknown",
            "UnknownPermission",
            propose(client().adding("fly")),
        );
        let kind = client().restricted("ship", Restriction::All);
        tried("given a kind that there is not, then it is unknown", "UnknownResourceKind", propose(kind));
        tried(
            "given a right that the role never has, then no (B7)",
            "NeverGrantable",
            propose(client().adding("accounts.delete")),
        );
        tried(
            "given more words than anybody reads, then no (ABU-3)",
            "TooLarge",
            propose(client()).message("x".repeat(2_001)),
        );
        tried(
            "given a control character in a name, then no (MAI-2)",
            "ForbiddenCharacter",
            propose(client()).name("\u{1}"),
        );
        let mut entitled = world.clone();
        entitled.ok(ChangePlan::new(roomy().entitled("line", Restriction::only(["a"]))), &Actor::System);
        let line = propose(client().restricted("line", Restriction::only(["b"])));
        cases.refused(
            "given a line that is not enabled, then no (D2)",
            "NotEntitled",
            entitled.run(line, &by("mia")),
        );
        cases.refused(
            "given access that is over already, then no (F14)",
            "InvalidEnd",
            world.run(propose(client().until(MIN_TIME)), &by("mia")),
        );
        let mut shut = world.clone();
        shut.shut_groups();
        for (reason, id) in SHUT {
            let propose = propose(in_group("client", id));
            cases.refused(
                "given a group that does not work, then it says why (LIF-8)",
                reason,
                shut.run(propose, &by("mia")),
            );
        }
        cases.refused(
            "given the host, then it just invites (F21)",
            "MembersOnly",
            world.run(propose(client()), &Actor::System),
        );
        world.add("cid", client());
        cases.refused(
            "given a member without the right, then not (AUT-1)",
            "NotPermitted",
            world.run(propose(client()), &by("cid")),
        );
        cases.refused(
            "given a stranger, then not (AUT-7)",
            "NotPermitted",
            world.run(propose(client()), &by("eve")),
        );
        let cid = Propose::new(user("cid"), client());
        cases.refused(
            "given a member, then they are one already (IDN-10)",
            "AlreadyMember",
            world.run(cid, &by("mia")),
        );
        let mut paused = world.clone();
        paused.ok(SuspendMembers::one(user("cid")), &by("ada"));
        let cid = Propose::new(user("cid"), in_group("client", "red"));
        cases.refused(
            "given a suspended member, then they are to be restored (AUT-7)",
            "MemberSuspended",
            paused.run(cid, &by("mia")),
        );
        let nobody = Invitee::Erased(InvitationId::from_parts(world.now, [0; 10]).as_uuid());
        cases.refused(
            "given one of whom nobody knows who it was, then not (PRI-6)",
            "InvalidAddress",
            world.run(Propose::new(nobody, client()), &by("mia")),
        );
        let mut ruled = world.clone();
        let rules = DomainRules::new().deny(DomainRule::parse("example.com").unwrap());
        ruled.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        cases.refused(
            "given a denied domain, then not (IDN-8)",
            "DomainNotAllowed",
            ruled.run(propose(client()), &by("mia")),
        );
        let mut blocked = world.clone();
        let id = blocked.invite(bob(), client(), &by("ada"));
        blocked.ok(Decline::inbox(id, person("bob")).block(Block::Organization), &by("bob"));
        cases.refused(
            "given one who blocked it, then not (F11)",
            "Blocked",
            blocked.run(propose(client()), &by("mia")),
        );
        let mut invited = world.clone();
        invited.invite(bob(), client(), &by("ada"));
        cases.refused(
            "given one who is invited, then they are already (CON-3)",
            "AlreadyInvited",
            invited.run(propose(client()), &by("mia")),
        );
        invited.wait(TimeDelta::days(7));
        invited.ok(propose(client()), &by("mia"));
        let mut asked = world.clone();
        asked.propose(bob(), client(), "mia");
        cases.refused(
            "given one who is proposed, then they are already (CON-3)",
            "AlreadyAsked",
            asked.run(propose(client()), &by("mia")),
        );
        let mut slow = world.clone();
        slow.ok(
            ChangePlan::new(roomy().inviter_rate(Rate::per(1, TimeDelta::hours(1)).unwrap())),
            &Actor::System,
        );
        slow.propose(address("dan@example.com"), client(), "mia");
        cases.refused(
            "given many at once, then they wait a while (ABU-1)",
            "AskedTooOften",
            slow.run(propose(client()), &by("mia")),
        );
        let mut full = World::of(model().caps(Caps { requests: 0, ..Caps::default() }), roomy());
        full.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        cases.refused(
            "given as many as may be open, then some have to be decided first (ABU-3)",
            "TooManyRequests",
            full.run(propose(client()), &by("mia")),
        );
        let mut late = World::of(model().request_expiry(TimeDelta::days(36_525)), roomy());
        late.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        late.wait(TimeDelta::days(2_908_000));
        cases.refused(
            "given a proposal that would outlast all that is kept, then no (LIF-4)",
            "InvalidExpiry",
            late.run(propose(client()), &by("mia")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now (LIF-8)",
            "OrganizationSuspended",
            world.run(propose(client()), &by("mia")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never (LIF-8)",
            "OrganizationClosed",
            world.run(propose(client()), &by("mia")),
        );
        cases.are_all_but(&[]);
    }
}
