//! Erase what is kept about a person.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::refusal::{HostOnly, NothingAsked, TooLarge, refused};
use crate::rules::organization;
use crate::seats::lower;
use crate::{
    Actor, Draft, Event, Host, InvitationId, Invitee, MAX_VOUCHED, Operation, Reads, RevokedBecause,
    SettledBecause, SortedSet, Stop, SuppressionKind, UserId,
};

/// What becomes of what a person blocked or unsubscribed from, when they are erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Blocks {
    /// It holds on: it is their own wish not to be written to, and cannot be kept without the address.
    #[default]
    Keep,
    /// It is forgotten too, and they can be invited again.
    Drop,
}

/// Erases what is kept about a person in an organization, a step at a time (PRI-6); for the host alone.
///
/// A person is named by addresses, by users, or by both. An address brings the member who joined with it, and a user the
/// address that they joined with.
///
/// - Open invitations of theirs are revoked. Of these and of all that ended before, address, name, message, language,
///   notes and the page to continue to are removed, and so are the mails: what remains tells that there was an invitation,
///   what it granted, by whom, when, and how it ended. The invitee is [`Invitee::Erased`].
/// - Open join requests in which they would join are settled. Of these and of all that ended before, whoever would have
///   joined, address, name, message and the reason of a denial are removed. Who made a request stays: that is a user.
/// - A member loses the address and the host's notes, and stays a member. Who is to go is removed first.
/// - The log stays as long as it was. Its records about these invitations, requests and members tell `erased` in place of the
///   masked address, and no reason that somebody gave.
/// - Blocks are kept, with the address, unless they are [dropped](Self::dropping_blocks).
///
/// Ids of users stay: they are the host's, and mean nothing once it has erased the user. So do outcomes of commands with an
/// idempotency key, until they are forgotten after a day (see [`CommandRecord`](crate::CommandRecord)), and the masked
/// address in the records of blocks.
///
/// The same person can be invited again at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erase {
    person: BTreeSet<Invitee>,
    blocks: Blocks,
    limit: u32,
}

impl Erase {
    /// As many invitations and join requests as one step erases, unless fewer are asked for.
    pub const MOST: u32 = Reads::PAST;

    /// Whoever has this address, or is this user.
    pub fn new(person: impl Into<Invitee>) -> Self {
        Self { person: BTreeSet::from([person.into()]), blocks: Blocks::default(), limit: Self::MOST }
    }

    /// Whoever has this address or is this user is the same person.
    #[must_use]
    pub fn and(mut self, person: impl Into<Invitee>) -> Self {
        self.person.insert(person.into());
        self
    }

    /// Forgets also what they blocked and unsubscribed from.
    #[must_use]
    pub fn dropping_blocks(mut self) -> Self {
        self.blocks = Blocks::Drop;
        self
    }

    /// Whether what they blocked and unsubscribed from is forgotten.
    #[must_use]
    pub fn drops_blocks(&self) -> bool {
        self.blocks == Blocks::Drop
    }

    /// At most so many invitations and join requests in this step; at most [`MOST`](Self::MOST).
    #[must_use]
    pub fn at_most(mut self, rows: u32) -> Self {
        self.limit = rows.clamp(1, Self::MOST);
        self
    }

    /// All names that an organization knows of the person.
    #[must_use]
    pub fn names(&self, draft: &Draft) -> SortedSet<Invitee> {
        draft.names_of(&self.person)
    }

    /// By what the person is named.
    #[must_use]
    pub fn person(&self) -> &BTreeSet<Invitee> {
        &self.person
    }
}

/// What came of a step of erasing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Erased {
    /// How many open invitations were revoked, or had expired.
    pub ended: usize,
    /// How many invitations were erased, these included.
    pub invitations: usize,
    /// How many join requests were erased, those that were open included.
    #[serde(default)]
    pub requests: usize,
    /// How many users were erased: members, and users that were named.
    pub users: usize,
    /// How many blocks were forgotten.
    pub blocks: usize,
    /// Whether there is more, so that the command is to be repeated.
    pub more: bool,
}

refused! {
    /// Why nobody was erased.
    EraseRefused: HostOnly, NothingAsked, TooLarge
}

impl Sealed for Erase {}

impl Operation for Erase {
    type Outcome = Erased;
    type Refusal = EraseRefused;
    const NAME: &'static str = "erase";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = Reads::new();
        reads.past = self.person.iter().take(MOST_NAMES).cloned().collect();
        reads
    }

    fn rows(&self) -> usize {
        // Each invitation may bring a user who accepted it and left.
        2 * self.limit as usize + 8 * (self.person.len() + 1)
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        organization::<EraseRefused>(draft)?;
        if *actor != Actor::System {
            return Err(Stop::Refused(HostOnly {}.into()));
        }
        if self.person.len() > MOST_NAMES {
            return Err(Stop::Refused(TooLarge::new("names of a person", MOST_NAMES).into()));
        }
        if self.person.iter().all(Invitee::is_erased) {
            return Err(Stop::Refused(NothingAsked {}.into()));
        }
        let names = self.names(draft);
        let mut erased = Erased::default();
        self.invitations(host, draft, &names, &mut erased)?;
        self.requests(draft, &names, &mut erased)?;
        if !erased.more {
            for user in names.iter().filter_map(Invitee::user) {
                draft.emit(Event::MemberErased { user: user.clone() });
                erased.users += 1;
            }
            if self.drops_blocks() {
                erased.blocks = drop_blocks(draft, &names)?;
            }
        }
        Ok(erased)
    }
}

/// As many names as a principal has.
const MOST_NAMES: usize = MAX_VOUCHED + 1;

impl Erase {
    /// Erases invitations of these names, the open ones first, as many as one step may.
    fn invitations(
        &self,
        host: &Host<'_>,
        draft: &mut Draft,
        names: &SortedSet<Invitee>,
        erased: &mut Erased,
    ) -> Result<(), Stop<EraseRefused>> {
        let mut gone = BTreeSet::new();
        for name in names {
            // A name that came to the person on this very draft was perhaps not loaded.
            let (Ok(open), Ok((past, more))) = (draft.open_of(name), draft.past_of(name)) else {
                erased.more = true;
                continue;
            };
            let open = open.map(|row| row.id).collect::<Vec<_>>();
            let past = past.map(|row| row.id).collect::<Vec<_>>();
            erased.more |= more;
            for id in open.iter().chain(&past) {
                if erased.invitations >= self.limit as usize {
                    erased.more = true;
                    break;
                }
                if open.contains(id) {
                    draft.revoke(*id, RevokedBecause::Erased);
                    erased.ended += 1;
                }
                gone.extend(
                    whoever_answered(draft, *id)?.filter(|user| !names.contains(&user.clone().into())),
                );
                draft.emit(Event::InvitationErased { id: *id });
                erased.invitations += 1;
            }
            if !open.is_empty() {
                lower(host.model, draft, name)?;
            }
        }
        for user in gone {
            draft.emit(Event::MemberErased { user });
            erased.users += 1;
        }
        Ok(())
    }

    /// Erases join requests of these names, as many as are left to this step.
    fn requests(
        &self,
        draft: &mut Draft,
        names: &SortedSet<Invitee>,
        erased: &mut Erased,
    ) -> Result<(), Stop<EraseRefused>> {
        for name in names {
            let Ok(requests) = draft.past_requests_of(name) else {
                erased.more = true;
                continue;
            };
            let requests = requests.map(|row| (row.id, row.is_open())).collect::<Vec<_>>();
            for (id, is_open) in requests {
                if erased.invitations + erased.requests >= self.limit as usize {
                    erased.more = true;
                    return Ok(());
                }
                if is_open {
                    draft.settle_request(id, SettledBecause::Erased);
                }
                draft.emit(Event::RequestErased { id });
                erased.requests += 1;
            }
        }
        Ok(())
    }
}

/// Who answered an invitation, or was included, unless they are a member: of one who left, the log tells the address still.
fn whoever_answered(
    draft: &Draft,
    id: InvitationId,
) -> Result<impl Iterator<Item = UserId> + use<>, Stop<EraseRefused>> {
    let user = draft.invitation(id)?.and_then(|row| row.ended.as_ref()?.0.user());
    let is_gone = |user: &&UserId| draft.member(user).is_ok_and(|member| member.is_none());
    Ok(user.filter(is_gone).cloned().into_iter())
}

fn drop_blocks(draft: &mut Draft, names: &SortedSet<Invitee>) -> Result<usize, Stop<EraseRefused>> {
    let mut dropped = 0;
    for invitee in names {
        for kind in SuppressionKind::ALL {
            if draft.suppressed_since(invitee, kind)?.is_some() {
                draft.emit(Event::SuppressionErased { invitee: invitee.clone(), kind });
                dropped += 1;
            }
        }
    }
    Ok(dropped)
}

#[cfg(test)]
mod tests {
    use std::borrow::ToOwned;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    fn bob() -> Erase {
        Erase::new(address(BOB))
    }

    /// Everything that is kept, as text.
    fn kept(world: &World) -> String {
        let rows = world.rows();
        let mut kept = Vec::new();
        for row in rows.invitations.values() {
            let mailed = row.mail_to.as_ref().map(|address| address.as_str().to_owned());
            let texts = [&row.name, &row.message, &row.locale, &row.continue_to, &mailed];
            kept.push(format!("{} {texts:?} {:?} {:?}", row.invitee.key(), row.metadata, row.ended));
        }
        for row in rows.members.values() {
            kept.push(format!("{:?} {:?}", row.email.as_ref().map(EmailAddress::as_str), row.metadata));
        }
        for row in rows.requests.values() {
            let email = row.email.as_ref().map(EmailAddress::as_str);
            kept.push(format!(
                "{} {email:?} {:?} {:?}",
                row.invitee.key(),
                (&row.name, &row.message),
                row.ended
            ));
        }
        kept.extend(rows.suppressions.keys().map(|(invitee, _)| invitee.key()));
        kept.extend(rows.places.keys().map(|(_, invitee)| invitee.key()));
        kept.extend(rows.events.iter().map(|record| serde_json::to_string(&record.data).unwrap()));
        kept.join("\n").to_lowercase()
    }

    fn invite(to: &str, grant: Grant) -> Invite {
        Invite::new(InviteeEntry::typed(to).name("Robert Bobson"), grant)
            .message("SECRET of Bob")
            .metadata("who", "Bobson")
    }

    /// Bob declined one invitation with a reason, let one expire, was revoked one, and has two.
    fn world_of_bob() -> (World, Vec<InvitationId>) {
        let mut world = World::new();
        let mut ids = Vec::new();
        for n in 0..5 {
            let soon = Expiry::At(world.now + TimeDelta::hours(1));
            let grant = [in_group("member", "red"), Grant::role("client")][n / 4].clone();
            let invited =
                invite("Bob@Example.com", grant).expires_at(if n == 1 { soon } else { Expiry::Never });
            let id = world.ok(invited, &by("ada")).invitations().next().unwrap();
            ids.push(id);
            match n {
                0 => {
                    let decline = Decline::inbox(id, person("bob")).reason("Bobson says no");
                    world.ok(decline, &by("bob"));
                }
                1 => {
                    world.wait(TimeDelta::hours(2));
                    world.ok(Tidy::new(9), &Actor::System);
                }
                2 => {
                    world.ok(Revoke::one(id), &by("ada"));
                }
                _ => {}
            }
        }
        (world, ids)
    }

    #[test]
    fn given_invitations_of_every_end_when_erased_then_nothing_tells_of_the_person_and_the_rest_stays_pri_6()
    {
        let (mut world, ids) = world_of_bob();
        assert!(kept(&world).contains("bobson") && kept(&world).contains("b…@example.com"));
        let before = world.rows().invitations.clone();
        let (events, erased) = (world.events(), world.ok(bob(), &Actor::System));
        assert_eq!((erased.ended, erased.invitations, erased.users, erased.more), (2, 5, 1, false));
        let kept = kept(&world);
        for of_bob in ["bob@", "bobson", "secret", "…"] {
            assert!(!kept.contains(of_bob), "{of_bob}: {kept}");
        }
        assert!(world.rows().deliveries.is_empty());
        assert_eq!(world.organization().version as usize, world.events(), "the log has no gap");
        assert!(world.events() > events, "and says what was done");
        for id in ids {
            let (was, is) = (&before[&id], world.invitation(id));
            assert_eq!(is.invitee, Invitee::Erased(id.as_uuid()));
            assert_eq!((&is.grants, &is.inviter, is.created_at), (&was.grants, &was.inviter, was.created_at));
            let because = RevokedBecause::Erased;
            let ended = was.ended.clone().unwrap_or((Ending::Revoked { because }, world.now));
            assert_eq!(is.ended, Some(ended));
        }
        assert_eq!((world.organization().counts.pending, world.seats("team")), (0, (0, 0)));
        let again = world.ok(bob(), &Actor::System);
        assert_eq!(again, Erased::default(), "nothing is left to erase");
    }

    /// Bob asked three times by a link, under his address: it was denied with a reason, taken back, and is open. And he
    /// is proposed.
    fn world_of_asking() -> (World, Vec<RequestId>) {
        let mut world = World::new();
        let link = world.make_link(LinkSettings::new("Clients", Grant::role("client")).by_request());
        let ask = |world: &World| {
            AskToJoin::link(world.link_token(link), person("bob"))
                .name("Robert Bobson")
                .message("SECRET of Bob")
        };
        let mut ids = Vec::new();
        for n in 0..3 {
            ids.push(world.ok(ask(&world), &by("bob")).request);
            match n {
                0 => drop(world.ok(Deny::one(ids[0]).because("Bobson is too late"), &by("ada"))),
                1 => drop(world.ok(Withdraw::new(ids[1]), &by("bob"))),
                _ => {}
            }
        }
        world.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        let propose = Propose::new(address(BOB), Grant::role("client")).name("Robert Bobson");
        ids.push(world.ok(propose.message("Bobson is SECRET"), &by("mia")).request);
        world.ok(Propose::new(address("eve@example.com"), Grant::role("client")), &by("mia"));
        (world, ids)
    }

    #[test]
    fn given_join_requests_of_every_end_when_erased_then_nothing_tells_of_the_person_and_the_rest_stays_pri_6()
     {
        let (mut world, ids) = world_of_asking();
        assert!(kept(&world).contains("bobson") && kept(&world).contains("b…@example.com"));
        let before = world.rows().requests.clone();
        let erased = world.ok(bob(), &Actor::System);
        assert_eq!((erased.ended, erased.invitations, erased.requests, erased.more), (0, 0, 4, false));
        let kept = kept(&world);
        for of_bob in ["bob@", "bobson", "secret", "b…"] {
            assert!(!kept.contains(of_bob), "{of_bob}: {kept}");
        }
        assert!(kept.contains("eve@example.com") && kept.contains("e…@example.com"), "somebody else's stays");
        assert_eq!(world.organization().counts.requests, 1);
        for id in ids {
            let (was, is) = (&before[&id], &world.rows().requests[&id]);
            assert_eq!(is.invitee, Invitee::Erased(id.as_uuid()));
            assert_eq!((&is.way, &is.by, &is.grants), (&was.way, &was.by, &was.grants));
            let because = SettledBecause::Erased;
            let state = was.ended.as_ref().map_or(RequestState::Settled, |(ending, _)| ending.state());
            assert_eq!((is.stored_state(), is.created_at), (state, was.created_at));
            if was.is_open() {
                assert_eq!(is.ended, Some((RequestEnding::Settled { because }, world.now)));
            }
        }
        assert_eq!(world.ok(bob(), &Actor::System), Erased::default(), "nothing is left to erase");
    }

    #[test]
    fn given_more_requests_than_a_step_erases_when_repeated_then_it_goes_on_until_nothing_is_left_pri_6() {
        let (mut world, _) = world_of_asking();
        world.invite(BOB, Grant::role("member"), &by("ada"));
        let mut steps = Vec::new();
        loop {
            let erased = world.ok(bob().and(user("bob")).at_most(2), &Actor::System);
            steps.push((erased.invitations, erased.requests, erased.users));
            if !erased.more {
                break;
            }
        }
        assert_eq!(steps, [(1, 1, 0), (0, 2, 0), (0, 1, 1)]);
        assert!(!kept(&world).contains("bobson") && !kept(&world).contains("b…"));
    }

    #[test]
    fn given_a_request_on_the_same_draft_when_erased_then_it_is_too_pri_6() {
        let (mut world, _) = world_of_asking();
        let propose = Propose::new(user("bob"), in_group("client", "red")).message("SECRET");
        world.both((propose, &by("mia")), (bob().and(user("bob")), &Actor::System));
        assert!(!kept(&world).contains("secret"), "{}", kept(&world));
    }

    #[test]
    fn given_an_erased_person_when_invited_again_then_they_are_counted_once_and_join_lif_7() {
        let (mut world, _) = world_of_bob();
        world.ok(bob(), &Actor::System);
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        assert_eq!((world.organization().counts.pending, world.seats("team")), (1, (0, 1)));
        world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        assert_eq!(world.seats("team"), (1, 0));
        assert_eq!(world.member("bob").unwrap().email, Some(address(BOB)));
    }

    #[test]
    fn given_more_than_a_step_erases_when_repeated_then_it_goes_on_until_nothing_is_left_pri_6() {
        let (mut world, _) = world_of_bob();
        world.add("bob", Grant::role("client"));
        let mut steps = Vec::new();
        loop {
            let erased = world.ok(bob().at_most(2), &Actor::System);
            assert!(erased.invitations <= 2);
            steps.push((erased.invitations, erased.users));
            if !erased.more {
                break;
            }
            assert!(world.member("bob").unwrap().email.is_some(), "by which the rest is found");
        }
        assert_eq!(steps, [(2, 0), (2, 0), (1, 1)]);
        assert!(!kept(&world).contains("bobson") && world.member("bob").unwrap().email.is_none());
    }

    #[test]
    fn given_a_member_when_erased_by_any_name_then_all_names_are_and_the_membership_and_seat_stay_pri_6() {
        for person in [bob(), Erase::new(user("bob")), bob().and(user("bob"))] {
            let mut world = World::new();
            world.add("bob", Grant::role("member"));
            world.invite(user("bob"), in_group("member", "red"), &by("ada"));
            world.invite(BOB, in_group("member", "blue"), &by("ada"));
            let erased = world.ok(person, &Actor::System);
            assert_eq!((erased.ended, erased.invitations, erased.users), (2, 2, 1));
            assert!(!kept(&world).contains("bob"), "{}", kept(&world));
            let member = world.member("bob").unwrap();
            assert_eq!((member.email.as_ref(), world.seats("team")), (None, (1, 0)));
            let by_address = world.look(&Reads::new().invitee(address(BOB).into()));
            assert_eq!(by_address.member_with(&address(BOB)).unwrap(), None);
        }
    }

    #[test]
    fn given_somebody_who_accepted_and_left_when_the_address_is_erased_then_the_log_tells_it_no_more_pri_6() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        world.ok(Leave::new(user("bob")), &by("bob"));
        let link = world.make_link(LinkSettings::new("Clients", Grant::role("client")));
        world.join_by(link, "cid").unwrap();
        world.ok(Leave::new(user("cid")), &by("cid"));
        assert_eq!(world.ok(bob(), &Actor::System).users, 1);
        assert!(!kept(&world).contains("b…@"), "{}", kept(&world));
        assert!(kept(&world).contains("c…@"), "somebody else's stays");
        assert_eq!(world.ok(Erase::new(user("cid")), &Actor::System).users, 1);
        assert!(!kept(&world).contains('…'), "{}", kept(&world));
    }

    #[test]
    fn given_a_block_when_its_owner_is_erased_then_it_holds_on_unless_it_is_dropped_too_f11() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.ok(Decline::inbox(id, person("bob")).block(Block::Organization), &by("bob"));
        world.ok(bob(), &Actor::System);
        let again = || Invite::new(BOB, Grant::role("member"));
        assert_eq!(world.run(again(), &by("ada")).unwrap_err().code(), "blocked");
        let dropped = world.ok(bob().and(user("bob")).dropping_blocks(), &Actor::System);
        assert_eq!(dropped.blocks, 2, "of the address, and of the user who declined");
        assert!(world.rows().suppressions.is_empty());
        assert_eq!(world.rows().events.last().unwrap().kind, "suppression-erased");
        world.ok(again(), &by("ada"));
    }

    #[test]
    fn given_others_when_somebody_is_erased_then_nothing_of_theirs_changes() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        world.add("cid", Grant::role("client"));
        let eve = world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        world.ok(Revoke::one(eve), &by("ada"));
        let (before, kinds) = (world.rows().clone(), world.events());
        world.ok(bob(), &Actor::System);
        assert_eq!(world.kinds_since(kinds), ["member-erased"]);
        let rows = world.rows();
        assert_eq!((&rows.invitations, &rows.deliveries), (&before.invitations, &before.deliveries));
        assert_eq!(rows.members[&user("cid")], before.members[&user("cid")]);
        assert!(kept(&world).contains("e…@example.com") && !kept(&world).contains("b…@"));
    }

    #[test]
    fn given_an_erased_one_when_its_old_link_is_looked_at_then_it_is_over_and_tells_nobody_f9() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let token = world.mail(id);
        world.ok(bob(), &Actor::System);
        let preview = PreviewToken::new(token.clone());
        let draft = world.look(&preview.reads());
        let seen = preview.decide(&world.host(), &draft, AccountKnown::Unsaid).unwrap();
        let text = serde_json::to_string(&seen).unwrap();
        assert!(!text.contains("bob") && !text.contains('…'), "{text}");
        let refusal = world.run(Accept::token(token, person("bob")), &by("bob")).unwrap_err();
        assert_eq!(refusal.code(), "revoked");
    }

    #[test]
    fn given_an_erased_invitee_when_invited_by_that_name_then_nobody_is() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let refusal = world.run(
            Invite::new(InviteeEntry::new(Invitee::Erased(id.as_uuid())), Grant::role("member")),
            &by("ada"),
        );
        assert_eq!(refusal.unwrap_err().code(), "invalid-address");
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("EraseRefused", include_str!("erase.rs"));
        let mut world = World::new();
        cases.refused(
            "given a member, however high, when erasing, then that is the host's to do (PRI-6)",
            "HostOnly",
            world.run(bob(), &by("ada")),
        );
        let nobody = Invitee::Erased(InvitationId::from_parts(world.now, [0; 10]).as_uuid());
        cases.refused(
            "given nobody that is known, when erasing, then there is nothing to do",
            "NothingAsked",
            world.run(Erase::new(nobody), &Actor::System),
        );
        let many = (0..17).fold(bob(), |many, n| many.and(address(&format!("{n}@example.com"))));
        cases.refused(
            "given more names than a person has, when erasing, then it is too large (ABU-3)",
            "TooLarge",
            world.run(many, &Actor::System),
        );
        cases.are_all_but(&[]);
    }
}
