//! Remove members.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::join::end_open_for;
use crate::operation::sealed::Sealed;
use crate::refusal::{OwnerProtected, TooLarge, TooManySent, UnknownMember, refused, refused_for_authority};
use crate::rules::{authority, require_not_closed_to};
use crate::seats::{end_access_if_due, end_if_due, lower};
use crate::{
    Actor, Draft, Event, Grants, Host, InvitationKind, LinkEnding, Operation, Permission, Reads,
    RevokedBecause, Stop, UserId,
};

/// What becomes of the open invitations and invite links of a member who is removed, is suspended, leaves, or may not
/// grant them any more (AUT-5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TheirInvitations {
    /// They stay. Whether they can be accepted follows from the [`InviterPolicy`](crate::InviterPolicy) that the model
    /// has for each.
    #[default]
    Keep,
    /// They are revoked, and links end.
    Revoke,
    /// They become invitations of whoever acts, as far as that one may grant them; the rest is revoked.
    HandOver,
}

/// Removes one member or many, each decided for itself (B8, STO-8). What is open for them ends (LIF-7c). Of a closed
/// organization the host alone removes members. Owners are removed by nobody: they [leave](crate::Leave), or the host lets
/// them leave.
///
/// Where what they made is revoked or handed over, at most [`TheirInvitations::MOST`] members can be named at once, and all of them
/// together may have made as much as one may: whoever comes to more is refused with
/// [`TooManySent`](crate::TooManySent).
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

/// What became of the open invitations and links that somebody had made (AUT-5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settled {
    /// So many were revoked.
    pub revoked: usize,
    /// So many have another inviter now.
    pub handed_over: usize,
    /// So many links ended.
    #[serde(default)]
    pub links_ended: usize,
    /// So many links are somebody else's now.
    #[serde(default)]
    pub links_handed_over: usize,
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
        require_not_closed_to(actor, draft)?;
        super::require_count(host.model, self.users.len())?;
        require_few::<RemoveMembersRefused>(self.their_invitations, self.users.len())?;
        let mut made = 0;
        let results = super::each(draft, &self.users, |draft, user| {
            self.remove_one(host, actor, draft, user, &mut made)
        })?;
        let result = |(user, result): (&UserId, Result<Settled, _>)| {
            let (settled, refused) =
                result.map_or_else(|why| (Settled::default(), Some(why)), |settled| (settled, None));
            RemoveResult { user: user.clone(), settled, refused }
        };
        let results = self.users.iter().zip(results).map(result).collect();
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
        made: &mut usize,
    ) -> Result<Settled, Stop<RemoveMembersRefused>> {
        end_access_if_due(host.model, draft, user)?;
        let unknown = UnknownMember { user: user.clone() };
        let member = draft.member(user)?.cloned().ok_or(RemoveMembersRefused::from(unknown))?;
        draft.require("C6", !member.is_owner(), || RemoveMembersRefused::from(OwnerProtected {}))?;
        let over = authority::<RemoveMembersRefused>(host, draft, actor)?
            .require_over(&Permission::REMOVE, &member.grants);
        draft.rule("AUT-1", over.map_err(RemoveMembersRefused::from))?;
        let user = user.clone();
        // Whoever removes themselves has left.
        let own = actor.user() == Some(&user);
        draft.emit(if own { Event::MemberLeft { user } } else { Event::MemberRemoved { user } });
        end_open_for(draft, &member, RevokedBecause::InviteeRemoved)?;
        settle_sent_of_many(host, actor, draft, &member.user, self.their_invitations, made)
    }
}

/// What settling the invitations of these inviters needs to see.
pub(super) fn reads_of_sent(choice: TheirInvitations, inviters: &[UserId]) -> Reads {
    let mut reads = Reads::new();
    if choice != TheirInvitations::Keep {
        reads.sent_by.extend(inviters.iter().take(TheirInvitations::MOST).cloned());
        reads.kept_links = true;
    }
    reads
}

/// Requires that what was made by no more than [`TheirInvitations::MOST`] is settled at once.
pub(super) fn require_few<R: crate::Refusal + From<TooLarge>>(
    choice: TheirInvitations,
    members: usize,
) -> Result<(), Stop<R>> {
    if choice == TheirInvitations::Keep || members <= TheirInvitations::MOST {
        return Ok(());
    }
    Err(Stop::Refused(TooLarge::new("members whose invitations are settled", TheirInvitations::MOST).into()))
}

/// What becomes of something that somebody answered for.
enum Fate {
    /// They may grant it still.
    Stays,
    /// Whoever acts may grant it, and answers for it from now on.
    HandedOver,
    Ends,
}

impl TheirInvitations {
    /// Of how many members at once what they made is revoked or handed over.
    pub const MOST: usize = 32;

    /// What becomes of something of theirs; `may` says who may grant it.
    fn fate<R>(
        self,
        theirs: &Actor,
        actor: &Actor,
        may: impl Fn(&Actor) -> Result<bool, Stop<R>>,
    ) -> Result<Fate, Stop<R>> {
        if may(theirs)? {
            return Ok(Fate::Stays);
        }
        let is_taken_over = self == Self::HandOver && actor != theirs && may(actor)?;
        Ok(if is_taken_over { Fate::HandedOver } else { Fate::Ends })
    }
}

/// Settles the open invitations that somebody made and may not make any more: all of them, of one who is no
/// member any more (AUT-5).
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
    settle_sent_of_many(host, actor, draft, inviter, choice, &mut 0)
}

/// The same for one of many who go by one command: with what the others `made` so far, they are no more than one may have
/// made.
pub(super) fn settle_sent_of_many<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    inviter: &UserId,
    choice: TheirInvitations,
    made: &mut usize,
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
    let together = *made + sent.len();
    let many = if more || together > Reads::MAX_SENT {
        Err(R::from(TooManySent { limit: Reads::MAX_SENT }))
    } else {
        Ok(())
    };
    draft.rule("AUT-5", many)?;
    *made = together;
    let mut settled = Settled::default();
    let may = |draft: &Draft, who: &Actor, grants: &Grants, kind: &InvitationKind| -> Result<bool, Stop<R>> {
        let by = authority::<R>(host, draft, who)?;
        Ok(match kind {
            InvitationKind::Membership => by.may_grant_with(&Permission::INVITE, grants),
            InvitationKind::Ownership { .. } => by.is_owner(),
        })
    };
    let theirs = Actor::User(inviter.clone());
    for (id, invitee, grants, kind) in sent {
        // What is past its expiry has ended already, and nobody answers for it anew (LIF-1).
        if end_if_due(host.model, draft, id)? {
            continue;
        }
        match choice.fate(&theirs, actor, |who| may(draft, who, &grants, &kind))? {
            Fate::Stays => {}
            Fate::HandedOver if kind == InvitationKind::Membership => {
                draft.emit(Event::InvitationHandedOver { id, to: actor.clone() });
                settled.handed_over += 1;
            }
            Fate::HandedOver | Fate::Ends => {
                draft.revoke(id, RevokedBecause::InviterRemoved);
                lower(host.model, draft, &invitee)?;
                settled.revoked += 1;
            }
        }
    }
    settle_links(host, actor, draft, &theirs, choice, &mut settled)?;
    Ok(settled)
}

/// The same for the links that somebody answers for.
fn settle_links<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    theirs: &Actor,
    choice: TheirInvitations,
    settled: &mut Settled,
) -> Result<(), Stop<R>> {
    let links = draft.kept_links()?.filter(|link| link.creator == *theirs);
    for (id, grants) in links.map(|link| (link.id, link.settings.grants.clone())).collect::<Vec<_>>() {
        let may = |who: &Actor| -> Result<bool, Stop<R>> {
            Ok(authority::<R>(host, draft, who)?.may_grant_with(&Permission::LINKS, &grants))
        };
        match choice.fate(theirs, actor, may)? {
            Fate::Stays => {}
            Fate::HandedOver => {
                draft.emit(Event::LinkHandedOver { id, to: actor.clone() });
                settled.links_handed_over += 1;
            }
            Fate::Ends => {
                draft.emit(Event::LinkEnded { id, ending: LinkEnding::CreatorRemoved });
                settled.links_ended += 1;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use chrono::TimeDelta;

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

    #[test]
    fn given_an_invitation_past_its_expiry_when_somebody_goes_then_it_expired_whatever_becomes_of_theirs_lif_1()
     {
        for choice in [TheirInvitations::Keep, TheirInvitations::Revoke, TheirInvitations::HandOver] {
            let mut world = World::new();
            world.add("dan", Grant::role("admin"));
            let sent = world.invite("bob@example.com", Grant::role("member"), &by("dan"));
            let got = world.invite(user("dan"), in_group("member", "red"), &by("ada"));
            world.wait(TimeDelta::days(8));
            let remove = RemoveMembers::one(user("dan")).their_invitations(choice);
            let settled = world.ok(remove, &by("ada")).results[0].settled;
            assert_eq!((settled.revoked, settled.handed_over), (0, 0), "{choice:?}");
            assert_eq!([world.state(sent), world.state(got)], [InvitationState::Expired; 2], "{choice:?}");
            assert_eq!(world.invitation(sent).inviter, by("dan"), "{choice:?}");
        }
    }

    fn removed(world: &mut World, remove: RemoveMembers, actor: &str) -> std::vec::Vec<Option<&'static str>> {
        let removed = world.ok(remove, &by(actor));
        removed.results.iter().map(|result| result.refused.as_ref().map(Refusal::code)).collect()
    }

    #[test]
    fn given_many_when_removed_then_each_is_decided_for_itself_and_no_owner_goes_b8_aut_8() {
        let mut world = World::new();
        for id in ["bob", "eve"] {
            world.add(id, Grant::role("member"));
        }
        world.add("lea", Grant::role("lead"));
        world.add("dan", Grant::role("admin"));
        let all = ["ada", "bob", "nobody", "dan", "bob", "eve"].map(user);
        let codes = removed(&mut world, RemoveMembers::many(all), "lea");
        let expected = [
            Some("owner-protected"),
            None,
            Some("unknown-member"),
            Some("not-grantable"),
            Some("unknown-member"),
            None,
        ];
        assert_eq!(codes, expected);
        assert_eq!(world.organization().counts.members, 3);
    }

    #[test]
    fn given_many_when_what_they_made_is_settled_then_as_much_as_one_may_have_made_and_not_of_too_many_abu_3()
    {
        let mut world = World::new();
        let ids = ["dan", "eli", "fay"];
        for (id, count) in ids.into_iter().zip([400, 400, 300]) {
            world.add(id, Grant::role("admin"));
            let list = (0..count).map(|n| format!("{id}-{n}@example.com")).collect::<Vec<_>>().join(",");
            world.ok_unchecked(Invite::new(list.as_str(), Grant::role("client")), &by(id));
        }
        let remove = || RemoveMembers::many(ids.map(user)).their_invitations(TheirInvitations::Revoke);
        let codes = |world: &mut World| {
            let removed = world.ok_unchecked(remove(), &by("ada"));
            let refused = removed.results.iter().map(|result| result.refused.as_ref().map(Refusal::code));
            refused.collect::<Vec<_>>()
        };
        assert_eq!(codes(&mut world), [None, None, Some("too-many-sent")], "a thousand together");
        assert_eq!(world.rows().open().count(), 300, "nothing of whoever is refused changes");
        assert_eq!(codes(&mut world)[2], None, "but by the next command");
        let many = (0..=TheirInvitations::MOST).map(|n| user(&format!("m{n}")));
        let many = RemoveMembers::many(many);
        assert_eq!(
            world
                .run(many.clone().their_invitations(TheirInvitations::Revoke), &by("ada"))
                .unwrap_err()
                .code(),
            "too-large"
        );
        let codes = removed(&mut world, many, "ada");
        assert!(
            codes.iter().all(|code| *code == Some("unknown-member")),
            "as many as one likes where they are kept"
        );
    }

    #[test]
    fn given_invitations_for_a_member_when_removed_then_all_by_any_name_end_lif_7c() {
        let mut world = World::with(team_of(1));
        world.add("bob", Grant::role("client"));
        let open = [
            world.invite("bob@example.com", in_group("member", "red"), &by("ada")),
            world.invite("bob@example.com", in_group("member", "blue"), &by("ada")),
            world.invite(user("bob"), in_group("client", "red"), &by("ada")),
        ];
        let eves = world.invite("eve@example.com", Grant::role("client"), &by("ada"));
        world.ok(RemoveMembers::one(user("bob")), &by("ada"));
        for id in open {
            let because = RevokedBecause::InviteeRemoved;
            assert_eq!(world.invitation(id).ended.as_ref().unwrap().0, Ending::Revoked { because });
        }
        assert_eq!(world.state(eves), InvitationState::Pending);
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (0, 1)));
    }

    #[test]
    fn given_open_invitations_of_theirs_when_removed_then_they_stay_end_or_move_with_counts_aut_5_lif_9() {
        use TheirInvitations::{HandOver, Keep, Revoke};
        // Who removes, what they choose, how many are revoked and handed over, and how many stay open.
        let table = [
            ("ada", Keep, (0, 0), 3),
            ("ada", Revoke, (3, 0), 0),
            ("ada", HandOver, (0, 3), 3),
            // A lead can take over what leads may grant, and the rest ends.
            ("lea", HandOver, (1, 2), 2),
        ];
        for (actor, choice, settled, open) in table {
            let mut world = World::new();
            world.add("dan", Grant::role("admin"));
            world.add("lea", Grant::role("lead"));
            for (text, role) in
                [("a@example.com", "member"), ("b@example.com", "client"), ("c@example.com", "lead")]
            {
                world.invite(text, Grant::role(role), &by("dan"));
            }
            world.ok(ChangeAccess::new(user("dan"), Grant::role("member")), &by("ada"));
            let remove = RemoveMembers::one(user("dan")).their_invitations(choice);
            let result = world.ok(remove, &by(actor)).results.remove(0);
            assert_eq!((result.settled.revoked, result.settled.handed_over), settled, "{actor} {choice:?}");
            assert_eq!(world.rows().open().count(), open);
            let of_actor = world.rows().open().filter(|row| row.inviter == by(actor)).count();
            assert_eq!(of_actor, settled.1);
            assert_eq!(world.rows().invitations.len(), 3, "they stay on record");
        }
    }

    #[test]
    fn given_the_host_when_it_removes_with_hand_over_then_it_is_the_inviter() {
        let mut world = World::new();
        world.add("dan", Grant::role("admin"));
        let id = world.invite("bob@example.com", Grant::role("member"), &by("dan"));
        let remove = RemoveMembers::one(user("dan")).their_invitations(TheirInvitations::HandOver);
        assert_eq!(world.ok(remove, &Actor::System).results[0].settled.handed_over, 1);
        assert_eq!(world.invitation(id).inviter, Actor::System);
        world.ok(Accept::inbox(id, person("bob")), &by("bob"));
    }

    #[test]
    fn given_a_closed_organization_when_the_host_removes_members_then_they_go_and_owners_are_protected_f22() {
        let mut world = World::with(team_of(2));
        world.add("bob", Grant::role("member"));
        world.ok(ChangeStatus::Close, &by("ada"));
        let removed = world.ok(RemoveMembers::many(["bob", "ada"].map(user)), &Actor::System);
        let codes = removed.results.iter().map(|one| one.refused.as_ref().map(Refusal::code));
        assert_eq!(codes.collect::<Vec<_>>(), [None, Some("owner-protected")]);
        assert_eq!((world.organization().counts.members, world.seats("team")), (1, (0, 0)));
    }

    /// `dan` made a link to red that leads may hand on, one that only admins may, and one that ended; `ada` made another.
    fn with_links() -> (World, [LinkId; 4]) {
        let mut world = World::new();
        world.by_links(["red"]);
        world.add("dan", Grant::role("admin"));
        let make = |world: &mut World, grant: Grant, actor| {
            world.ok(CreateLink::new(LinkSettings::new("x", grant)), &by(actor)).link
        };
        let low = make(&mut world, in_group("client", "red"), "dan");
        let high = make(&mut world, Grant::role("lead"), "dan");
        let ended = make(&mut world, Grant::role("client"), "dan");
        world.ok(SwitchLink::remove(ended), &by("dan"));
        let adas = make(&mut world, Grant::role("client"), "ada");
        (world, [low, high, ended, adas])
    }

    fn manager() -> Grant {
        Grant::role("lead").adding(Permission::LINKS)
    }

    #[test]
    fn given_links_of_somebody_who_is_removed_leaves_or_is_demoted_then_they_are_kept_ended_or_handed_over_aut_5()
     {
        type Goes = fn(&mut World, TheirInvitations) -> Settled;
        let removed: Goes = |world, choice| {
            let remove = RemoveMembers::one(user("dan")).their_invitations(choice);
            world.ok(remove, &by("ada")).results[0].settled
        };
        let left: Goes =
            |world, choice| world.ok(Leave::new(user("dan")).their_invitations(choice), &by("dan")).settled;
        let demoted: Goes = |world, choice| {
            let change = ChangeAccess::new(user("dan"), Grant::role("member")).their_invitations(choice);
            world.ok(change, &by("ada")).settled
        };
        // A manager of links who grants no leads any more: only what is above that is settled.
        let lowered: Goes = |world, choice| {
            let change = ChangeAccess::new(user("dan"), manager()).their_invitations(choice);
            world.ok(change, &by("ada")).settled
        };
        for (sentence, goes, choice, counts, working) in [
            ("removed, kept", removed, TheirInvitations::Keep, (0, 0), [true, true]),
            ("removed, revoked", removed, TheirInvitations::Revoke, (2, 0), [false, false]),
            ("removed, handed over", removed, TheirInvitations::HandOver, (0, 2), [true, true]),
            ("left, kept", left, TheirInvitations::Keep, (0, 0), [true, true]),
            ("left, revoked", left, TheirInvitations::Revoke, (2, 0), [false, false]),
            ("left, nobody to hand over to", left, TheirInvitations::HandOver, (2, 0), [false, false]),
            ("demoted, kept", demoted, TheirInvitations::Keep, (0, 0), [true, true]),
            ("demoted, revoked", demoted, TheirInvitations::Revoke, (2, 0), [false, false]),
            ("demoted, handed over", demoted, TheirInvitations::HandOver, (0, 2), [true, true]),
            ("lowered, revoked", lowered, TheirInvitations::Revoke, (1, 0), [true, false]),
            ("lowered, handed over", lowered, TheirInvitations::HandOver, (0, 1), [true, true]),
        ] {
            let (mut world, [low, high, ended, adas]) = with_links();
            let was = world.link(ended).clone();
            let settled = goes(&mut world, choice);
            assert_eq!((settled.links_ended, settled.links_handed_over), counts, "{sentence}");
            let works = [low, high].map(|link| world.join_by(link, &std::format!("u{link}")).is_ok());
            assert_eq!(works, working, "{sentence}");
            assert_eq!((world.link(ended), &world.link(adas).creator), (&was, &by("ada")), "{sentence}");
            let handed = [low, high].iter().filter(|link| world.link(**link).creator == by("ada")).count();
            assert_eq!(handed, counts.1, "{sentence}");
            for link in [low, high].into_iter().filter(|link| !world.link(*link).is_kept()) {
                assert_eq!(world.link(link).ended.unwrap().0, LinkEnding::CreatorRemoved, "{sentence}");
            }
        }
    }

    #[test]
    fn given_who_may_not_grant_it_when_handed_over_then_the_link_ends_aut_2_aut_5() {
        let (mut world, [low, high, ..]) = with_links();
        let removes = Grant::role("admin").removing("analytics.view").removing("posts.publish");
        world.add("eve", removes);
        let remove = RemoveMembers::one(user("dan")).their_invitations(TheirInvitations::HandOver);
        let settled = world.ok(remove, &by("eve")).results[0].settled;
        assert_eq!((settled.links_ended, settled.links_handed_over), (1, 1));
        assert_eq!(world.link(low).creator, by("eve"));
        assert!(!world.link(high).is_kept(), "leads publish, and eve does not");
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("RemoveMembersRefused", include_str!("remove_members.rs"));
        let mut world = World::new();
        world.add("dan", Grant::role("admin"));
        world.add("lea", Grant::role("lead"));
        let one = |id: &str| RemoveMembers::one(user(id));
        let mut refused = |world: &mut World, sentence, reason, remove: RemoveMembers, actor: &str| {
            cases.refused(sentence, reason, world.run_unchecked(remove, &by(actor)));
        };
        refused(
            &mut world,
            "given nobody, when removed, then nothing is asked",
            "NothingAsked",
            RemoveMembers::many([]),
            "ada",
        );
        let many = RemoveMembers::many((0..1_001_u64).map(UserId::from));
        refused(
            &mut world,
            "given more than a command takes, when removed, then they are too many (ABU-3)",
            "TooLarge",
            many,
            "ada",
        );
        refused(
            &mut world,
            "given no member, when removed, then they are unknown",
            "UnknownMember",
            one("eve"),
            "ada",
        );
        refused(
            &mut world,
            "given an owner, when removed, then they are protected (C6)",
            "OwnerProtected",
            one("ada"),
            "dan",
        );
        refused(
            &mut world,
            "given no right to, when removing, then it is missing",
            "NotPermitted",
            one("lea"),
            "bob",
        );
        refused(
            &mut world,
            "given a role above one's own, when removing it, then it is not theirs (AUT-1)",
            "NotGrantable",
            one("dan"),
            "lea",
        );
        for part in 0..2 {
            let some =
                (0..501).map(|n| address(&std::format!("{part}-{n}@example.com"))).collect::<Invitees>();
            world.ok_unchecked(Invite::new(some, Grant::role("member")), &by("dan"));
        }
        let revoke = one("dan").their_invitations(TheirInvitations::Revoke);
        refused(
            &mut world,
            "given more than one command settles, when revoking all, then they are too many (AUT-5)",
            "TooManySent",
            revoke,
            "ada",
        );
        world.ok_unchecked(ChangeStatus::Close, &by("ada"));
        refused(
            &mut world,
            "given a closed organization, when removing, then never (LIF-8)",
            "OrganizationClosed",
            one("dan"),
            "ada",
        );
        cases.are_all_but(&[]);
    }
}
