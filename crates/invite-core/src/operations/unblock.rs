//! Undo a block, and stop or allow mail: what an invitee decides about an organization.

use serde::{Deserialize, Serialize};

use super::accept::Principal;
use crate::operation::sealed::Sealed;
use crate::refusal::{NotBlocked, UnknownToken, refused};
use crate::rules::organization;
use crate::{
    Actor, Draft, Event, Host, Invitation, InvitationId, Operation, Purpose, Reads, Stop, SuppressionKind,
    Token, Verdict, serialize_digest,
};

/// Undoes what the principal blocked or unsubscribed from, by user or by any vouched address (F11, IDN-3).
#[derive(Debug, Clone, Serialize)]
pub struct Unblock {
    principal: Principal,
    kind: SuppressionKind,
}

impl Unblock {
    /// Lets the organization invite, or mail, the principal again.
    #[must_use]
    pub fn new(principal: Principal, kind: SuppressionKind) -> Self {
        Self { principal, kind }
    }
}

/// What came of undoing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unblocked {
    /// What is wanted again.
    pub kind: SuppressionKind,
}

refused! {
    /// Why nothing was undone.
    UnblockRefused: NotBlocked
}

impl Sealed for Unblock {}

impl Operation for Unblock {
    type Outcome = Unblocked;
    type Refusal = UnblockRefused;
    const NAME: &'static str = "unblock";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = Reads::new();
        reads.invitees.extend(self.principal.invitees());
        reads
    }

    fn rows(&self) -> usize {
        2 * self.principal.invitees().count()
    }

    fn decide(
        &self,
        _host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        organization::<UnblockRefused>(draft)?;
        draft.act_as(self.principal.user());
        let mut undone = false;
        // A block of all organizations is not this one's to undo.
        let kept_here = SuppressionKind::ALL.contains(&self.kind);
        for invitee in self.principal.invitees().filter(|_| kept_here) {
            if draft.suppressed_since(&invitee, self.kind)?.is_some() {
                draft.emit(Event::Unsuppressed { invitee, kind: self.kind });
                undone = true;
            }
        }
        if undone { Ok(Unblocked { kind: self.kind }) } else { Err(Stop::Refused(NotBlocked {}.into())) }
    }
}

/// Stops mail from an organization, by the token of a mail's unsubscribe link. Ends no invitation: what is
/// pending stays in the inbox, and nobody has to sign in for it (IDN-3).
#[derive(Debug, Clone, Serialize)]
pub struct Unsubscribe {
    #[serde(serialize_with = "serialize_digest")]
    token: Token,
}

impl Unsubscribe {
    #[cfg(test)]
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// With the token of the link.
    #[must_use]
    pub fn new(token: Token) -> Self {
        Self { token }
    }
}

/// What came of unsubscribing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unsubscribed {}

refused! {
    /// Why mail was not stopped.
    UnsubscribeRefused: UnknownToken
}

impl Sealed for Unsubscribe {}

impl Operation for Unsubscribe {
    type Outcome = Unsubscribed;
    type Refusal = UnsubscribeRefused;
    const NAME: &'static str = "unsubscribe";

    fn reads(&self, _actor: &Actor) -> Reads {
        Reads::new().invitation(InvitationId::from_uuid(self.token.id()))
    }

    fn decide(
        &self,
        host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        let unknown = || Stop::Refused(UnsubscribeRefused::from(UnknownToken {}));
        let token = &self.token;
        let ours = token.purpose() == Purpose::Unsubscribe && token.organization() == draft.id();
        let row = draft.invitation(InvitationId::from_uuid(token.id()))?.filter(|_| ours).cloned();
        let earlier = row.as_ref().map_or(&[][..], |row| &row.earlier_nonces);
        // A link out of an older mail stops mail as well as the newest one does.
        let verdict = host.keyring.check(token, row.as_ref().map(|row| &row.nonce), earlier);
        // Nobody knows any more whom an erased invitation was for (PRI-6).
        let known = |row: &Invitation| verdict != Verdict::Unknown && !row.invitee.is_erased();
        let row = row.filter(known).ok_or_else(unknown)?;
        organization::<UnsubscribeRefused>(draft).map_err(|_| unknown())?;
        let (invitee, kind) = (row.invitee, SuppressionKind::Mail);
        if draft.suppressed_since(&invitee, kind)?.is_none() {
            draft.emit(Event::Suppressed { invitee, kind });
        }
        Ok(Unsubscribed {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    #[test]
    fn given_the_unsubscribe_link_of_somebody_erased_when_used_then_it_is_unknown_pri_6() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let token = world.token(id, Purpose::Unsubscribe);
        world.ok(Erase::new(address(BOB)), &Actor::System);
        let refused = world.run(Unsubscribe::new(token), &Actor::System).unwrap_err();
        assert_eq!(refused.code(), "unknown-token");
    }

    #[test]
    fn given_an_unsubscribe_link_when_used_then_mail_stops_and_nothing_ends_until_undone_idn_3() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let old = world.token(id, Purpose::Unsubscribe);
        world.ok(Resend::new(id), &by("ada"));
        let before = world.events();
        // A link out of an older mail does as well, and so does a second try.
        for token in [old.clone(), world.token(id, Purpose::Unsubscribe), old] {
            world.ok(Unsubscribe::new(token), &Actor::System);
        }
        assert_eq!(world.kinds_since(before), ["suppressed"]);
        assert_eq!(world.state(id), InvitationState::Pending);
        world.invite(BOB, in_group("member", "red"), &by("ada"));
        world.ok(Unblock::new(person("bob"), SuppressionKind::Mail), &Actor::System);
        assert!(world.rows().suppressions.is_empty());
        assert_eq!(world.rows().events.last().unwrap().actor, by("bob"));
    }

    #[test]
    fn given_a_suppression_of_one_kind_when_the_other_is_undone_then_it_stays_f11() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let token = world.token(id, Purpose::Unsubscribe);
        world.ok(Unsubscribe::new(token), &Actor::System);
        let other = Unblock::new(person("bob"), SuppressionKind::Invitations);
        assert_eq!(world.run(other, &by("bob")).unwrap_err().code(), "not-blocked");
        let eve = Unblock::new(person("eve"), SuppressionKind::Mail);
        assert_eq!(world.run(eve, &by("eve")).unwrap_err().code(), "not-blocked");
        assert_eq!(world.rows().suppressions.len(), 1);
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut world = World::new();
        let mut cases = Cases::of("UnblockRefused", include_str!("unblock.rs"));
        cases.refused(
            "given nothing blocked, when undone, then there is nothing to undo",
            "NotBlocked",
            world.run(Unblock::new(person("bob"), SuppressionKind::Mail), &by("bob")),
        );
        cases.are_all_but(&[]);

        let mut cases = Cases::of("UnsubscribeRefused", include_str!("unblock.rs"));
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        for purpose in [Purpose::Mailed, Purpose::Copied, Purpose::Link, Purpose::Ownership] {
            let token = world.token(id, purpose);
            cases.refused(
                "given a token of another purpose, when unsubscribing, then it is unknown (TOK-5)",
                "UnknownToken",
                world.run(Unsubscribe::new(token), &Actor::System),
            );
        }
        let token = world.token(id, Purpose::Unsubscribe);
        cases.refused(
            "given a token of another organization, when unsubscribing, then it is unknown (TOK-5)",
            "UnknownToken",
            world.run_in("other", Unsubscribe::new(token), &Actor::System),
        );
        cases.are_all_but(&[]);
    }
}
