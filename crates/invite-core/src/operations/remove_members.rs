//! Remove members.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::join::end_open_for;
use crate::operation::sealed::Sealed;
use crate::refusal::{OwnerProtected, TooManySent, UnknownMember, refused, refused_for_authority};
use crate::rules::{authority, require_not_closed};
use crate::seats::lower;
use crate::{
    Actor, Draft, Event, Grants, Host, InvitationKind, Operation, Permission, Reads, RevokedBecause, Stop,
    UserId,
};

/// What becomes of the open invitations of a member who is removed or leaves (AUT-5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TheirInvitations {
    /// They stay. Whether they can be accepted follows from the model's
    /// [`InviterPolicy`](crate::InviterPolicy).
    #[default]
    Keep,
    /// They are revoked.
    Revoke,
    /// They become invitations of whoever removes the member, as far as that one may grant them; the rest is
    /// revoked.
    HandOver,
}

/// Removes one member or many, each decided for itself (B8, STO-8). What is open for them ends (LIF-7c).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemoveMembers {
    users: Vec<UserId>,
    their_invitations: TheirInvitations,
}

impl RemoveMembers {
    /// One member. If they cannot be removed, the command is refused.
    #[must_use]
    pub fn one(user: UserId) -> Self {
        Self::many([user])
    }

    /// Many, with a result for each.
    pub fn many(users: impl IntoIterator<Item = UserId>) -> Self {
        Self { users: users.into_iter().collect(), their_invitations: TheirInvitations::default() }
    }

    /// What becomes of the invitations that they made.
    #[must_use]
    pub fn their_invitations(mut self, choice: TheirInvitations) -> Self {
        self.their_invitations = choice;
        self
    }
}

/// What came of removing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembersRemoved {
    /// One for each, in the order given.
    pub results: Vec<RemoveResult>,
}

/// What came of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemoveResult {
    /// Who.
    pub user: UserId,
    /// What became of their invitations.
    pub settled: Settled,
    /// Why they were not removed; `None` if they were.
    pub refused: Option<RemoveMembersRefused>,
}

/// What became of the open invitations that somebody had made (AUT-5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settled {
    /// So many were revoked.
    pub revoked: usize,
    /// So many have another inviter now.
    pub handed_over: usize,
}

refused! {
    /// Why somebody was not removed, or nobody.
    RemoveMembersRefused:
        NothingAsked, TooLarge, OrganizationClosed, UnknownMember, OwnerProtected, NotPermitted, NotGrantable, TooManySent
}
refused_for_authority!(RemoveMembersRefused);

impl Sealed for RemoveMembers {}

impl Operation for RemoveMembers {
    type Outcome = MembersRemoved;
    type Refusal = RemoveMembersRefused;
    const NAME: &'static str = "remove-members";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor);
        reads.people.extend(self.users.iter().cloned());
        reads.extend(reads_of_sent(self.their_invitations, &self.users));
        reads
    }

    fn rows(&self) -> usize {
        4 * self.users.len()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_not_closed(draft)?;
        super::require_count(host.model, self.users.len())?;
        let mut results = Vec::with_capacity(self.users.len());
        for (position, user) in self.users.iter().enumerate() {
            draft.about(Some(position));
            let mark = draft.mark();
            let (settled, refused) = match self.remove_one(host, actor, draft, user) {
                Ok(settled) => (settled, None),
                Err(Stop::Refused(reason)) if self.users.len() > 1 => {
                    draft.roll_back(mark);
                    (Settled::default(), Some(reason))
                }
                Err(stop) => return Err(stop),
            };
            results.push(RemoveResult { user: user.clone(), settled, refused });
        }
        Ok(MembersRemoved { results })
    }
}

impl RemoveMembers {
    fn remove_one(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
        user: &UserId,
    ) -> Result<Settled, Stop<RemoveMembersRefused>> {
        let unknown = UnknownMember { user: user.clone() };
        let member = draft.member(user)?.cloned().ok_or(RemoveMembersRefused::from(unknown))?;
        let owner = if member.is_owner() { Err(OwnerProtected {}) } else { Ok(()) };
        draft.rule("C6", owner.map_err(RemoveMembersRefused::from))?;
        let over = authority::<RemoveMembersRefused>(host, draft, actor)?
            .require_over(&Permission::REMOVE, &member.grants);
        draft.rule("AUT-1", over.map_err(RemoveMembersRefused::from))?;
        draft.emit(Event::MemberRemoved { user: user.clone() });
        end_open_for::<RemoveMembersRefused>(draft, &member)?;
        settle_sent(host, actor, draft, user, self.their_invitations)
    }
}

/// What settling the invitations of these inviters needs to see.
pub(super) fn reads_of_sent(choice: TheirInvitations, inviters: &[UserId]) -> Reads {
    let mut reads = Reads::new();
    if choice != TheirInvitations::Keep {
        reads.sent_by.extend(inviters.iter().cloned());
    }
    reads
}

/// Settles the open invitations that somebody made who is no member any more (AUT-5).
pub(super) fn settle_sent<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    inviter: &UserId,
    choice: TheirInvitations,
) -> Result<Settled, Stop<R>>
where
    R: crate::Refusal + From<TooManySent>,
{
    if choice == TheirInvitations::Keep {
        return Ok(Settled::default());
    }
    let (sent, more) = draft.sent_by(inviter)?;
    let sent = sent.filter(|row| row.inviter.user() == Some(inviter));
    let sent = sent
        .map(|row| (row.id, row.invitee.clone(), row.grants.clone(), row.kind.clone()))
        .collect::<Vec<_>>();
    let many = if more { Err(R::from(TooManySent { limit: Reads::MAX_SENT })) } else { Ok(()) };
    draft.rule("AUT-5", many)?;
    let mut settled = Settled::default();
    let grantable = |draft: &Draft, grants: &Grants| -> Result<bool, Stop<R>> {
        let by = authority::<R>(host, draft, actor)?;
        let invites = grants.scopes().all(|scope| by.may(&Permission::INVITE, scope));
        Ok(invites && by.require_grantable(grants).is_ok())
    };
    for (id, invitee, grants, kind) in sent {
        match actor.user() {
            Some(to)
                if choice == TheirInvitations::HandOver
                    && to != inviter
                    && kind == InvitationKind::Membership
                    && grantable(draft, &grants)? =>
            {
                draft.emit(Event::InvitationHandedOver { id, to: to.clone() });
                settled.handed_over += 1;
            }
            _ => {
                draft.revoke(id, RevokedBecause::InviterRemoved);
                lower(host.model, draft, &invitee)?;
                settled.revoked += 1;
            }
        }
    }
    Ok(settled)
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_an_invite_just_before_when_its_inviter_is_removed_in_the_same_batch_then_it_is_settled_aut_5() {
        for (choice, kept) in [(TheirInvitations::Revoke, 0), (TheirInvitations::HandOver, 1)] {
            let mut world = World::new();
            world.add("eve", Grant::role("admin"));
            let invite = Invite::new("bob@example.com", Grant::role("member"));
            let remove = RemoveMembers::one(user("eve")).their_invitations(choice);
            let (_, removed) = world.both((invite, &by("eve")), (remove, &by("ada")));
            let settled = removed.results[0].settled;
            assert_eq!((settled.revoked, settled.handed_over), (1 - kept, kept));
            assert_eq!(world.rows().open().count(), kept);
        }
    }
}
