//! Accept an invitation.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize, Serializer};

use super::join::{Joining, join};
use super::join_link::permitted_address;
use crate::authority::check_grants;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AddressNotVerified, InviterNoLongerMay, NoLongerAvailable, NotPending, Refusal, Superseded, TooLarge,
    UnknownInvitation, UnknownToken, WrongAccount, refused, refused_for_groups, refused_for_seats,
    refused_when_closed,
};
use crate::rules::{authority, organization, require_begun, require_groups, require_open, without_closed};
use crate::seats::end_due;
use crate::{
    Actor, ContinueTo, DomainRules, Draft, EmailAddress, Ending, Event, Grants, GroupId, Host, Invitation,
    InvitationId, InvitationKind, InvitationState, Invitee, InviterPolicy, JoinedBy, Metadata,
    MetadataPolicy, Operation, OrganizationId, Permission, Purpose, Reads, Stop, Token, UserId, Verdict,
    serialize_digest,
};

/// For how long after it was mailed a link proves the address it was mailed to (IDN-1).
pub const MAILED_PROOF: TimeDelta = TimeDelta::hours(24);

/// The most addresses that a principal carries.
pub const MAX_VOUCHED: usize = 16;

/// Somebody who presents a token or answers an invitation: a user of the host, and the addresses that the host
/// vouches for, having verified that they are theirs.
///
/// A link that was mailed proves the address for a user for whom nothing is vouched, as after a fresh sign-up.
/// A user with other vouched addresses is somebody else, until the host says otherwise: having asked "join as
/// this account?", it passes the user alone (IDN-9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    user: UserId,
    vouched: BTreeSet<EmailAddress>,
}

impl Principal {
    /// A user, with no address vouched for.
    #[must_use]
    pub fn new(user: UserId) -> Self {
        Self { user, vouched: BTreeSet::new() }
    }

    /// Vouches for an address: the host verified that it is this user's.
    #[must_use]
    pub fn vouching(mut self, address: EmailAddress) -> Self {
        self.vouched.insert(address);
        self
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The addresses that the host vouches for.
    #[must_use]
    pub fn vouched(&self) -> &BTreeSet<EmailAddress> {
        &self.vouched
    }

    /// Requires that no more addresses are vouched for than are looked up (ABU-3).
    pub(super) fn require_few_vouched<R: Refusal + From<TooLarge>>(&self) -> Result<(), R> {
        match self.vouched.len() {
            0..=MAX_VOUCHED => Ok(()),
            _ => Err(TooLarge::new("vouched addresses", MAX_VOUCHED).into()),
        }
    }

    /// Everything that somebody may have invited when meaning this principal.
    pub fn invitees(&self) -> impl Iterator<Item = Invitee> {
        let addresses = self.vouched.iter().take(MAX_VOUCHED).cloned().map(Invitee::Address);
        core::iter::once(Invitee::User(self.user.clone())).chain(addresses)
    }
}

/// By what an invitation is named to the one who answers it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Claim {
    /// By a token, out of a link.
    Token(Token),
    /// By its id, out of the invitee's own inbox.
    Inbox(InvitationId),
}

impl Claim {
    /// The invitation that is named.
    #[must_use]
    pub fn invitation(&self) -> InvitationId {
        match self {
            Self::Token(token) => InvitationId::from_uuid(token.id()),
            Self::Inbox(id) => *id,
        }
    }
}

/// A token serialises as a digest (TOK-3).
impl Serialize for Claim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Token(token) => serialize_digest(token, serializer),
            Self::Inbox(id) => id.serialize(serializer),
        }
    }
}

/// Accepts an invitation: membership or ownership (A5, A6, F16).
#[derive(Debug, Clone, Serialize)]
pub struct Accept {
    claim: Claim,
    principal: Principal,
}

impl Accept {
    /// By a token, out of a link.
    #[must_use]
    pub fn token(token: Token, principal: Principal) -> Self {
        Self { claim: Claim::Token(token), principal }
    }

    /// By its id, out of the principal's own inbox.
    #[must_use]
    pub fn inbox(invitation: InvitationId, principal: Principal) -> Self {
        Self { claim: Claim::Inbox(invitation), principal }
    }

    #[cfg(test)]
    pub(crate) fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Who accepts.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

/// What came of accepting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Accepted {
    /// The organization.
    pub organization: OrganizationId,
    /// The invitation.
    pub invitation: InvitationId,
    /// The account that accepted (IDN-9).
    pub user: UserId,
    /// What it holds in the organization now.
    pub grants: Grants,
    /// The invited address, if accepting proved it: by a mailed link within its time, or because the host
    /// vouched for it. The host may take it as verified.
    pub proven: Option<EmailAddress>,
    /// Groups that the invitation granted access to and that were closed since (LIF-10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<GroupId>,
    /// Where the user goes on, if it is still allowed (F20, WEB-3).
    #[serde(default, skip_serializing_if = "ContinueTo::is_default")]
    pub continue_to: ContinueTo,
}

refused! {
    /// Why an invitation was not accepted.
    AcceptRefused:
        UnknownToken, UnknownInvitation, Superseded, NotPending, NotBegun, OrganizationSuspended, OrganizationClosed,
        WrongAccount, AddressNotVerified, TooLarge, InviterNoLongerMay, NoLongerAvailable, DomainNotAllowed, AddressNeeded,
        AddressOfAnotherMember, MemberSuspended, AlreadyMember, AlreadyOwner, UnknownMember, NoSeatLeft, SeatClassNotInPlan,
        UnknownGroup, GroupArchived, GroupClosed
}
refused_when_closed!(AcceptRefused);
refused_for_groups!(AcceptRefused);
refused_for_seats!(AcceptRefused);

impl Sealed for Accept {}

impl Operation for Accept {
    type Outcome = Accepted;
    type Refusal = AcceptRefused;
    const NAME: &'static str = "accept";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = reads_of(&self.claim, &self.principal).due();
        reads.addresses.extend(self.principal.vouched.iter().take(MAX_VOUCHED).cloned());
        reads
    }

    fn rows(&self) -> usize {
        4
    }

    fn decide(
        &self,
        host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        draft.act_as(&self.principal.user);
        let row = find(host, draft, &self.claim, &self.principal)?;
        require_open(draft)?;
        // Before anything is said of it: the end of a membership ends what is open for the member.
        end_due(host.model, draft)?;
        let row = draft.invitation(row.id)?.cloned().unwrap_or(row);
        let state = row.state_at(draft.now());
        let pending = state == InvitationState::Pending;
        draft.require("CON-1", pending, || AcceptRefused::from(NotPending { state }))?;
        require_begun::<AcceptRefused>(draft, &row)?;
        let proven = prove(draft, &row, &self.claim, &self.principal)?;
        match &row.kind {
            InvitationKind::Membership => self.become_member(host, draft, &row, proven),
            InvitationKind::Ownership { former } => {
                let grants =
                    super::offer_ownership::transfer(host, draft, &row, former, &self.principal.user)?;
                Ok(self.accepted(host, draft, &row, grants, proven, Vec::new()))
            }
        }
    }
}

impl Accept {
    fn become_member(
        &self,
        host: &Host<'_>,
        draft: &mut Draft,
        row: &Invitation,
        proven: Option<EmailAddress>,
    ) -> Result<Accepted, Stop<AcceptRefused>> {
        let grants = require_running::<AcceptRefused>(draft, &row.grants)?;
        require_there::<AcceptRefused>(host, draft, &grants)?;
        let (grants, dropped) = without_closed::<AcceptRefused>(draft, &grants)?;
        require_groups::<AcceptRefused>(draft, &grants)?;
        let still = still_granted(
            host,
            draft,
            (&row.inviter, &Permission::INVITE),
            host.model.inviter_policy,
            &grants,
        )?;
        let grants = draft.rule("AUT-4", still.ok_or(AcceptRefused::from(InviterNoLongerMay {})))?;

        let email = match &proven {
            None => self.address_needed(draft)?,
            Some(_) => proven.clone(),
        };
        let ending = Ending::Accepted { user: self.principal.user.clone() };
        draft.emit(Event::InvitationEnded { id: row.id, ending, reason: None });
        let metadata = match host.model.metadata_policy {
            MetadataPolicy::Copy => row.metadata.clone(),
            MetadataPolicy::Leave => Metadata::new(),
        };
        let member = join(
            host.model,
            draft,
            Joining {
                user: &self.principal.user,
                email: email.as_ref(),
                known: None,
                grants: &grants,
                known_as: self.principal.invitees().chain([row.invitee.clone()]).collect(),
                joined_by: JoinedBy::Accepting(row.id),
                metadata,
            },
        )?;
        Ok(self.accepted(host, draft, row, member.grants, proven, dropped))
    }

    /// The address that somebody new comes in with who was invited by their id, where there are rules on domains:
    /// one vouched for that they permit (IDN-8).
    fn address_needed(&self, draft: &mut Draft) -> Result<Option<EmailAddress>, Stop<AcceptRefused>> {
        let restrict = organization::<AcceptRefused>(draft)?.settings.domains.restrict();
        match restrict && draft.member(&self.principal.user)?.is_none() {
            true => permitted_address(draft, &self.principal, &DomainRules::default()),
            false => Ok(None),
        }
    }

    fn accepted(
        &self,
        host: &Host<'_>,
        draft: &Draft,
        row: &Invitation,
        grants: Grants,
        proven: Option<EmailAddress>,
        dropped: Vec<GroupId>,
    ) -> Accepted {
        let (organization, user) = (draft.id().clone(), self.principal.user.clone());
        let continue_to = ContinueTo::asked(&host.model.continue_urls, row.continue_to.as_ref());
        Accepted { organization, invitation: row.id, user, grants, proven, dropped, continue_to }
    }
}

/// What answering an invitation needs to see.
pub(super) fn reads_of(claim: &Claim, principal: &Principal) -> Reads {
    let mut reads = Reads::new().invitation(claim.invitation()).person(principal.user.clone());
    reads.invitees.extend(principal.invitees());
    reads
}

/// Finds the invitation that is claimed. A token that names nothing of ours, and one of the wrong purpose,
/// organization or proof, get the same answer after the same work (TOK-5, TOK-7, PRI-1). In an inbox there is
/// only what is addressed to its owner.
pub(super) fn find<R>(
    host: &Host<'_>,
    draft: &mut Draft,
    claim: &Claim,
    principal: &Principal,
) -> Result<Invitation, Stop<R>>
where
    R: Refusal + From<UnknownToken> + From<UnknownInvitation> + From<Superseded>,
{
    let row = draft.invitation(claim.invitation())?.cloned();
    let answer = match claim {
        Claim::Inbox(_) => {
            let theirs = |row: &Invitation| match &row.invitee {
                Invitee::User(user) => *user == principal.user,
                Invitee::Address(address) => principal.vouched.contains(address),
                Invitee::Erased(_) => false,
            };
            row.filter(theirs).ok_or_else(|| R::from(UnknownInvitation {}))
        }
        Claim::Token(token) => match (verdict(host, draft, row.as_ref(), token), row) {
            (Verdict::Current, Some(row)) => Ok(row),
            (Verdict::Superseded, Some(_)) => Err(R::from(Superseded {})),
            _ => Err(R::from(UnknownToken {})),
        },
    };
    let answer = match (answer, draft.organization()) {
        (Ok(row), Some(_)) => Ok(row),
        (Ok(_), None) => Err(R::from(UnknownToken {})),
        (refused, _) => refused,
    };
    Ok(draft.rule("TOK-5", answer)?)
}

/// What a token proves about an invitation, if it is one that its purpose can name.
pub(super) fn verdict(host: &Host<'_>, draft: &Draft, row: Option<&Invitation>, token: &Token) -> Verdict {
    let names = |row: &&Invitation| {
        let purpose = token.purpose();
        purpose == row.mailed_purpose() || purpose == Purpose::Copied
    };
    let row = row.filter(names).filter(|_| token.organization() == draft.id());
    let earlier = row.map_or(&[][..], |row| &row.earlier_nonces);
    host.keyring.check(token, row.map(|row| &row.nonce), earlier)
}

/// Requires that the principal is who was invited, and says which address that proves.
///
/// A mailed token proves the address it was mailed to, for [`MAILED_PROOF`] after sending, to a principal for
/// whom no other address is vouched (IDN-1, IDN-9). A copied one proves nothing (IDN-13).
pub(super) fn prove<R>(
    draft: &mut Draft,
    row: &Invitation,
    claim: &Claim,
    principal: &Principal,
) -> Result<Option<EmailAddress>, Stop<R>>
where
    R: Refusal + From<TooLarge> + From<WrongAccount> + From<AddressNotVerified>,
{
    principal.require_few_vouched::<R>()?;
    let invited = row.invitee.to_string();
    let answer = match &row.invitee {
        Invitee::User(user) if *user == principal.user => Ok(None),
        Invitee::User(_) | Invitee::Erased(_) => Err(R::from(WrongAccount { invited })),
        Invitee::Address(address) if principal.vouched.contains(address) => Ok(Some(address.clone())),
        Invitee::Address(_) if !principal.vouched.is_empty() => Err(R::from(WrongAccount { invited })),
        Invitee::Address(address) => match claim {
            Claim::Token(token) if mail_proves(draft, row, token)? => Ok(Some(address.clone())),
            _ => Err(R::from(AddressNotVerified { invited })),
        },
    };
    Ok(draft.rule("IDN-1", answer)?)
}

/// Whether a token is one that was mailed to the invited address within the last [`MAILED_PROOF`].
pub(super) fn mail_proves(draft: &Draft, row: &Invitation, token: &Token) -> Result<bool, crate::NotLoaded> {
    let to_the_invitee = row.mail_to.as_ref() == row.invitee.address();
    let mailed_at = draft.mailed_at(row.id)?;
    let in_time = mailed_at.is_some_and(|at| draft.now() - at < MAILED_PROOF);
    Ok(token.purpose() == Purpose::Mailed && to_the_invitee && in_time)
}

/// What was granted before without what has ended since, unless that is all of it (F14, LIF-10).
pub(super) fn require_running<R>(draft: &mut Draft, grants: &Grants) -> Result<Grants, Stop<R>>
where
    R: Refusal + From<NoLongerAvailable>,
{
    let running = grants.running(draft.now());
    let over = || R::from(NoLongerAvailable { what: "the time of the access is over".into() });
    Ok(draft.rule("LIF-10", if running.is_empty() { Err(over()) } else { Ok(running) })?)
}

/// Requires that what was granted before could still be granted: that the model and the plan have all of it (LIF-10).
pub(super) fn require_there<R>(host: &Host<'_>, draft: &mut Draft, grants: &Grants) -> Result<(), Stop<R>>
where
    R: Refusal + From<NoLongerAvailable>,
{
    let there = check_grants(host.model, &organization::<R>(draft)?.plan, grants, draft.now());
    let there = there.map_err(|why| R::from(NoLongerAvailable { what: why.in_words() }));
    Ok(draft.rule("LIF-10", there)?)
}

/// What whoever granted it with a permission may still grant of it, by policy (AUT-4): `None` refuses.
pub(super) fn still_granted<R>(
    host: &Host<'_>,
    draft: &Draft,
    (granter, with): (&Actor, &Permission),
    policy: InviterPolicy,
    grants: &Grants,
) -> Result<Option<Grants>, Stop<R>> {
    if policy == InviterPolicy::Keep {
        return Ok(Some(grants.clone()));
    }
    let by = authority::<R>(host, draft, granter)?;
    if by.may_grant_with(with, grants) {
        return Ok(Some(grants.clone()));
    }
    if policy == InviterPolicy::Strict {
        return Ok(None);
    }
    Ok(Some(by.reduced(with, grants)).filter(|grants| !grants.is_empty()))
}

impl crate::authority::Ungrantable {
    /// What is the matter.
    fn in_words(&self) -> String {
        match self {
            Self::Missing(reason) => reason.to_string(),
            Self::Role(reason) => reason.to_string(),
            Self::Permission(reason) => reason.to_string(),
            Self::Never(reason) => reason.to_string(),
            Self::Kind(reason) => reason.to_string(),
            Self::Entitlement(reason) => reason.to_string(),
            Self::End(_) => "the time of the access is over".into(),
            Self::TooLarge(reason) => reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    fn code<T: core::fmt::Debug>(result: Result<T, AcceptRefused>) -> &'static str {
        result.unwrap_err().code()
    }

    #[test]
    fn given_a_member_when_accepting_for_a_group_then_the_outcome_tells_all_that_is_held_c4() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let id = world.invite(user("bob"), in_group("lead", "red"), &by("ada"));
        let accepted = world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        assert_eq!(accepted.grants, Grants::from([Grant::role("member"), in_group("lead", "red")]));
    }

    #[test]
    fn given_a_mailed_invitation_when_accepted_after_signing_up_then_bob_is_a_member_and_the_address_proven_a6()
     {
        let mut world = World::with(team_of(1));
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        assert_eq!(world.seats("team"), (0, 1));
        let (token, before) = (world.mail(id), world.events());
        let accepted = world.ok(Accept::token(token, stranger("bob")), &Actor::System);
        assert_eq!((accepted.user, accepted.proven), (user("bob"), Some(address(BOB))));
        assert_eq!(world.seats("team"), (1, 0));
        assert_eq!(world.state(id), InvitationState::Accepted);
        assert_eq!(world.member("bob").unwrap().joined_by, JoinedBy::Accepting(id));
        assert_eq!(world.kinds_since(before), ["invitation-accepted", "member-joined"]);
        // IDN-9: whoever passed the command on, the record names the account that accepted.
        assert!(world.rows().events[before..].iter().all(|record| record.actor == by("bob")));
    }

    #[test]
    fn given_a_token_that_names_nothing_here_when_accepted_then_there_is_one_answer_tok_5_pri_1() {
        let mut world = World::new();
        let founded = CreateOrganization::new(Settings::named("Other"), user("ada"), roomy());
        world.run_in("other", founded, &Actor::System).unwrap();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let good = world.mail(id);
        let nonce = world.invitation(id).nonce.clone();
        let (acme, other) = (OrganizationId::parse(ACME).unwrap(), OrganizationId::parse("other").unwrap());
        let issue = |purpose, organization, id: InvitationId, nonce| {
            world.keyring.issue(purpose, organization, id.as_uuid(), nonce)
        };
        let elsewhere = InvitationId::from_parts(world.now, [9; 10]);
        let foreign = Keyring::new(1, Key::parse(&"fedcba9876543210".repeat(4)).unwrap());
        let unknown = [
            ("of another purpose", issue(Purpose::Link, &acme, id, &nonce)),
            ("of ownership", issue(Purpose::Ownership, &acme, id, &nonce)),
            ("to unsubscribe", issue(Purpose::Unsubscribe, &acme, id, &nonce)),
            ("of another organization", issue(Purpose::Mailed, &other, id, &nonce)),
            ("of no row", issue(Purpose::Mailed, &acme, elsewhere, &nonce)),
            ("of another nonce", issue(Purpose::Mailed, &acme, id, &Nonce::from_bytes([7; 16]))),
            ("of another key", foreign.issue(Purpose::Mailed, &acme, id.as_uuid(), &nonce)),
        ];
        for (what, token) in unknown {
            let refusal = world.run(Accept::token(token, person("bob")), &by("bob")).unwrap_err();
            assert!(matches!(refusal, AcceptRefused::UnknownToken(_)), "{what}: {refusal:?}");
        }
        let there = world.run_in("other", Accept::token(good.clone(), person("bob")), &by("bob"));
        assert_eq!(code(there), "unknown-token");
        let nowhere = world.run_in("nowhere", Accept::token(good.clone(), person("bob")), &by("bob"));
        assert_eq!(code(nowhere), "unknown-token");
        world.ok(Accept::token(good, person("bob")), &by("bob"));
    }

    #[test]
    fn given_an_invitation_when_somebody_answers_it_then_identity_decides_idn_1_idn_9_idn_13() {
        let other = || stranger("eve").vouching(address("eve@example.com"));
        let proven = "accepted, proven";
        // What is invited, how the token came, for how long, who presents it, and what comes of it.
        let table = [
            ("the address is vouched for, the link mailed", Some(BOB), true, 0, person("bob"), proven),
            (
                "the address is vouched for in other letters",
                Some("BOB@Example.com"),
                true,
                0,
                person("bob"),
                proven,
            ),
            ("the address is vouched for, the link copied", Some(BOB), false, 0, person("bob"), proven),
            ("nothing is vouched for, the link mailed", Some(BOB), true, 0, stranger("bob"), proven),
            (
                "nothing is vouched for, mailed 24 hours less a bit ago",
                Some(BOB),
                true,
                86_399,
                stranger("bob"),
                proven,
            ),
            (
                "nothing is vouched for, mailed 24 hours ago",
                Some(BOB),
                true,
                86_400,
                stranger("bob"),
                "address-not-verified",
            ),
            (
                "nothing is vouched for, the link copied",
                Some(BOB),
                false,
                0,
                stranger("bob"),
                "address-not-verified",
            ),
            ("another address is vouched for, the link mailed", Some(BOB), true, 0, other(), "wrong-account"),
            (
                "another address is vouched for, the link copied",
                Some(BOB),
                false,
                0,
                other(),
                "wrong-account",
            ),
            ("the user is invited", None, false, 0, stranger("bob"), "accepted"),
            ("another user is invited", None, false, 0, person("eve"), "wrong-account"),
        ];
        for (sentence, invited, mailed, seconds, principal, expected) in table {
            let mut world = World::new();
            let invitee = invited.map_or(Invitee::User(user("bob")), |text| address(text).into());
            let id = world.invite(InviteeEntry::new(invitee), Grant::role("member"), &by("ada"));
            let token = if mailed { world.mail(id) } else { world.copied(id) };
            world.wait(TimeDelta::seconds(seconds));
            let found = match world.run(Accept::token(token, principal), &by("bob")) {
                Ok(accepted) if accepted.proven.is_some() => "accepted, proven",
                Ok(_) => "accepted",
                Err(refusal) => refusal.code(),
            };
            assert_eq!(found, expected, "{sentence}");
        }
    }

    #[test]
    fn given_a_copied_token_when_the_mail_went_out_too_then_it_still_proves_nothing_idn_13() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.mail(id);
        let copied = world.copied(id);
        assert_eq!(
            code(world.run(Accept::token(copied, stranger("eve")), &by("eve"))),
            "address-not-verified"
        );
    }

    #[test]
    fn given_an_id_out_of_another_inbox_when_answered_then_it_is_unknown_pri_1() {
        let mut world = World::new();
        let bobs = world.invite(BOB, Grant::role("member"), &by("ada"));
        let users = world.invite(user("bob"), in_group("member", "red"), &by("ada"));
        for id in [bobs, users] {
            for somebody in [person("eve"), stranger("eve")] {
                assert_eq!(code(world.run(Accept::inbox(id, somebody), &by("eve"))), "unknown-invitation");
            }
            assert_eq!(world.state(id), InvitationState::Pending);
        }
        world.ok(Accept::inbox(bobs, person("bob")), &by("bob"));
        world.ok(Accept::inbox(users, person("bob")), &by("bob"));
        assert_eq!(world.member("bob").unwrap().grants.len(), 2);
    }

    #[test]
    fn given_an_expiry_when_accepted_at_that_very_moment_then_it_is_over_lif_5() {
        for (early, accepted) in [(1, true), (0, false)] {
            let mut world = World::new();
            let id = world.invite(BOB, Grant::role("member"), &by("ada"));
            world.now = world.invitation(id).expires_at.time().unwrap() - TimeDelta::microseconds(early);
            assert_eq!(world.run(Accept::inbox(id, person("bob")), &by("bob")).is_ok(), accepted);
        }
    }

    #[test]
    fn given_several_scopes_when_accepted_then_all_are_held_by_one_commit_f3() {
        let mut world = World::new();
        let all = [Grant::role("client"), in_group("member", "red"), in_group("member", "blue")];
        let id = world.invite(BOB, all, &by("ada"));
        let commits = |world: &World| world.rows().events.iter().map(|r| r.commit).collect::<Vec<_>>();
        let before = world.events();
        let accepted = world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        assert_eq!(accepted.grants.len(), 3);
        assert!(commits(&world)[before..].windows(2).all(|two| two[0] == two[1]));
    }

    #[test]
    fn given_two_invitations_to_one_scope_when_one_user_accepts_both_then_there_is_one_membership_idn_10() {
        let mut world = World::with(team_of(2));
        let one = world.invite(BOB, Grant::role("member"), &by("ada"));
        let two = world.invite("bob@work.example", Grant::role("member"), &by("ada"));
        world.ok(Accept::inbox(one, person("bob")), &by("bob"));
        let again = Accept::inbox(two, stranger("bob").vouching(address("bob@work.example")));
        assert_eq!(code(world.run(again, &by("bob"))), "already-member");
        assert_eq!(code(world.run(Accept::inbox(one, person("bob")), &by("bob"))), "already-accepted");
        assert_eq!(world.organization().counts.members, 2);
    }

    #[test]
    fn given_a_demoted_inviter_when_accepted_then_the_policy_decides_aut_4_lif_9() {
        let grants = || [in_group("member", "red"), in_group("client", "blue")];
        let lead = [in_group("lead", "red"), in_group("lead", "blue")];
        // What the inviter holds in the end, the policy, and the scopes that are granted.
        let table = [
            ("nothing changed", Some(Grants::from(lead)), InviterPolicy::Strict, Some(2)),
            ("left, strict", None, InviterPolicy::Strict, None),
            ("left, keep", None, InviterPolicy::Keep, Some(2)),
            ("left, reduce", None, InviterPolicy::Reduce, None),
            ("lost a group, strict", Some(in_group("lead", "red").into()), InviterPolicy::Strict, None),
            ("lost a group, keep", Some(in_group("lead", "red").into()), InviterPolicy::Keep, Some(2)),
            ("lost a group, reduce", Some(in_group("lead", "red").into()), InviterPolicy::Reduce, Some(1)),
        ];
        for (sentence, holds, policy, scopes) in table {
            let mut world = World::of(model().inviter_policy(policy), roomy());
            world.add("eve", [in_group("lead", "red"), in_group("lead", "blue")]);
            let id = world.invite(BOB, grants(), &by("eve"));
            match holds {
                Some(holds) => drop(world.ok(ChangeAccess::new(user("eve"), holds), &by("ada"))),
                None => drop(world.ok(RemoveMembers::one(user("eve")), &by("ada"))),
            }
            assert_eq!(world.state(id), InvitationState::Pending, "{sentence}");
            match world.run(Accept::inbox(id, person("bob")), &by("bob")) {
                Ok(accepted) => assert_eq!(Some(accepted.grants.len()), scopes, "{sentence}"),
                Err(refusal) => {
                    assert_eq!((refusal.code(), scopes), ("inviter-no-longer-may", None), "{sentence}");
                    assert_eq!(world.state(id), InvitationState::Pending, "LIF-11: {sentence}");
                }
            }
        }
    }

    #[test]
    fn given_an_inviter_who_lost_a_permission_when_reduced_then_the_rest_is_granted_aut_4() {
        let mut world = World::of(model().inviter_policy(InviterPolicy::Reduce), team_of(2));
        world.add("eve", Grant::role("lead"));
        let id = world.invite(BOB, in_group("member", "red"), &by("eve"));
        let publish_less = Grant::role("lead").removing("posts.publish");
        world.ok(ChangeAccess::new(user("eve"), publish_less), &by("ada"));
        let accepted = world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        let access = accepted.grants.access(&Scope::Group(group("red"))).unwrap();
        assert!(!world.model.includes(access, &"posts.publish".into()));
        assert!(world.model.includes(access, &"posts.view".into()));
        // The seat follows what is granted, not what was offered (SEA-2).
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (2, 0)));
    }

    /// What an inviter of `bob` holds later, what was asked for, and what `bob` gets: on which lines, or nothing.
    #[test]
    fn given_an_inviter_who_reaches_less_or_for_less_time_when_reduced_then_so_does_the_member_aut_4() {
        type Lines = Option<&'static [&'static str]>;
        let on = |grant: Grant, lines: Lines| match lines {
            Some(lines) => grant.restricted("line", Restriction::only(lines.to_vec())),
            None => grant,
        };
        let table: [(&str, Lines, Lines, Option<Lines>); 7] = [
            ("all of all", None, None, Some(None)),
            ("one of all", Some(&["1"]), None, Some(Some(&["1"]))),
            ("one of two", Some(&["1"]), Some(&["1", "2"]), Some(Some(&["1"]))),
            ("two of one", Some(&["1", "2"]), Some(&["1"]), Some(Some(&["1"]))),
            ("one of another", Some(&["1"]), Some(&["2"]), None),
            ("none of all", Some(&[]), None, None),
            ("one of none", Some(&["1"]), Some(&[]), Some(Some(&[]))),
        ];
        for (sentence, holds, asked, gets) in table {
            let mut world = World::of(model().inviter_policy(InviterPolicy::Reduce), roomy());
            world.add("lena", Grant::role("lead"));
            let asked = on(Grant::role("member"), asked);
            let id = world.invite(BOB, asked.clone(), &by("lena"));
            world.ok(ChangeAccess::new(user("lena"), on(Grant::role("lead"), holds)), &by("ada"));
            let came = world.run(Accept::inbox(id, person("bob")), &by("bob"));
            match gets {
                Some(lines) => {
                    assert_eq!(came.unwrap().grants, on(Grant::role("member"), lines).into(), "{sentence}");
                }
                None => assert_eq!(code(came), "inviter-no-longer-may", "{sentence}"),
            }
        }
        let mut world = World::of(model().inviter_policy(InviterPolicy::Reduce), roomy());
        world.add("lena", Grant::role("lead"));
        let end = world.now + TimeDelta::days(2);
        let id = world.invite(BOB, Grant::role("member"), &by("lena"));
        world.ok(ChangeAccess::new(user("lena"), Grant::role("lead").until(end)), &by("ada"));
        let accepted = world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        assert_eq!(accepted.grants, Grant::role("member").until(end).into());
    }

    #[test]
    fn given_permissions_that_are_reached_on_different_lines_when_reduced_then_what_all_of_them_reach_is_left_aut_4()
     {
        let on = |grant: Grant, line: &str| grant.restricted("line", Restriction::only([line]));
        let (asked, lead) = (|| in_group("member", "red"), || in_group("lead", "red"));
        let first = || Some(on(asked(), "1"));
        for (sentence, here, there, gets) in [
            ("the same line", on(Grant::role("lead"), "1"), lead(), first()),
            ("all lines with some", Grant::role("client"), lead(), first()),
            ("another line with some", on(Grant::role("client"), "2"), lead(), first()),
            ("no line with all", on(Grant::role("client"), "2"), lead().removing("posts.view"), None),
        ] {
            let mut world = World::of(model().inviter_policy(InviterPolicy::Reduce), roomy());
            world.add("lena", [Grant::role("lead"), in_group("lead", "red")]);
            let id = world.invite(BOB, asked(), &by("lena"));
            let holds = [here, on(there, "1")];
            world.ok(ChangeAccess::new(user("lena"), holds), &by("ada"));
            let came = world.run(Accept::inbox(id, person("bob")), &by("bob")).ok();
            assert_eq!(came.map(|accepted| accepted.grants), gets.map(Grants::from), "{sentence}");
        }
    }

    #[test]
    fn given_seats_that_are_taken_on_acceptance_when_there_is_one_then_the_first_gets_it_sea_1() {
        let mut world = World::with(team_of(1).seat_policy(SeatPolicy::TakeOnAccept));
        let bob = world.invite(BOB, Grant::role("member"), &by("ada"));
        let eve = world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        assert_eq!(world.seats("team"), (0, 0));
        world.ok(Accept::inbox(eve, person("eve")), &by("eve"));
        assert_eq!(code(world.run(Accept::inbox(bob, person("bob")), &by("bob"))), "no-seat-left");
        assert_eq!(world.state(bob), InvitationState::Pending);
    }

    #[test]
    fn given_a_plan_lowered_below_use_when_accepted_then_it_is_refused_until_there_is_room_sea_5() {
        let mut world = World::with(team_of(2));
        world.add("eve", Grant::role("member"));
        let bob = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.ok(ChangePlan::new(team_of(1)), &Actor::System);
        assert_eq!(world.seats("team"), (1, 1));
        assert_eq!(code(world.run(Accept::inbox(bob, person("bob")), &by("bob"))), "no-seat-left");
        world.ok(RemoveMembers::one(user("eve")), &by("ada"));
        world.ok(Accept::inbox(bob, person("bob")), &by("bob"));
    }

    #[test]
    fn given_metadata_when_accepted_then_the_policy_says_whether_it_is_copied_f19() {
        for (policy, copied) in [(MetadataPolicy::Copy, 1), (MetadataPolicy::Leave, 0)] {
            let mut world = World::of(model().metadata_policy(policy), roomy());
            let invite = Invite::new(BOB, Grant::role("member")).metadata("team", "blue");
            let id = world.ok(invite, &by("ada")).invitations().next().unwrap();
            world.ok(Accept::inbox(id, person("bob")), &by("bob"));
            assert_eq!(world.member("bob").unwrap().metadata.len(), copied);
        }
    }

    #[test]
    fn given_as_many_vouched_addresses_as_anybody_has_when_accepted_then_all_of_them_count_abu_3() {
        let mut world = World::new();
        let id = world.invite("z@example.com", Grant::role("member"), &by("ada"));
        let own = |n| address(&format!("a{n}@example.com"));
        let bob = (1..MAX_VOUCHED).fold(stranger("bob"), |bob, n| bob.vouching(own(n)));
        let bob = bob.vouching(address("z@example.com"));
        assert_eq!(bob.vouched().len(), MAX_VOUCHED);
        world.ok(Accept::inbox(id, bob), &by("bob"));
    }

    #[test]
    fn given_grants_that_are_gone_since_when_accepted_then_the_refusal_says_what_is_lif_10() {
        let plan = || roomy().entitled("line", Restriction::only(["a"]));
        let mut world = World::with(plan());
        let full = Grant::role("client")
            .adding("analytics.view")
            .restricted("account", Restriction::only(["a"]))
            .restricted("line", Restriction::only(["a"]));
        let id = world.invite(BOB, full, &by("ada"));
        let client = || Role::new("client");
        let model = || AccessModel::builder().permissions(WORK).resource_kinds(["account", "line"]);
        let few = || AccessModel::builder().permissions(["posts.view"]).role(client());
        let table = [
            ("the role", model(), "client"),
            ("a permission", few(), "analytics.view"),
            ("a kind of resource", AccessModel::builder().permissions(WORK).role(client()), "account"),
            ("a right of the role", model().role(client().never(["analytics.view"])), "analytics.view"),
            ("room", model().role(client()).caps(Caps { grants: 0, ..Caps::default() }), "grants"),
        ];
        let says = |mut world: World, sentence: &str, what: &str| {
            let refusal = world.run(Accept::inbox(id, person("bob")), &by("bob")).unwrap_err();
            let (told, text) = (matches!(refusal, AcceptRefused::NoLongerAvailable(_)), format!("{refusal}"));
            let (_, reason) = text.split_once("is gone: ").unwrap();
            assert!(told && reason.contains(what), "{sentence}: {text}");
        };
        for (sentence, model, what) in table {
            let mut world = world.clone();
            world.model = model.build().unwrap();
            says(world, sentence, what);
        }
        world.ok(ChangePlan::new(roomy().entitled("line", Restriction::only(["b"]))), &Actor::System);
        says(world, "a resource of the plan", "line");
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("AcceptRefused", include_str!("accept.rs"));
        let invited = || {
            let mut world = World::with(team_of(3));
            let id = world.invite(BOB, Grant::role("member"), &by("ada"));
            (world, id)
        };
        let accept = |world: &mut World, id| world.run(Accept::inbox(id, person("bob")), &by("bob"));

        let (mut world, id) = invited();
        let stale = world.mail(id);
        world.ok(Resend::new(id), &by("ada"));
        cases.refused(
            "given a newer mail, when an older link is opened, then it says so (LIF-2)",
            "Superseded",
            world.run(Accept::token(stale, person("bob")), &by("bob")),
        );
        let forged = world.keyring.issue(
            Purpose::Mailed,
            &"acme".parse().unwrap(),
            id.as_uuid(),
            &Nonce::from_bytes([1; 16]),
        );
        cases.refused(
            "given no such proof, when accepted, then the token is unknown",
            "UnknownToken",
            world.run(Accept::token(forged, person("bob")), &by("bob")),
        );
        cases.refused(
            "given an id of nothing, when accepted, then it is unknown",
            "UnknownInvitation",
            accept(&mut world, InvitationId::from_parts(MIN_TIME, [0; 10])),
        );
        let many = (0..17).fold(person("bob"), |bob, n| bob.vouching(address(&format!("b{n}@example.com"))));
        cases.refused(
            "given more vouched addresses than anybody has, when accepted, then they are too many (ABU-3)",
            "TooLarge",
            world.run(Accept::inbox(id, many), &by("bob")),
        );
        let token = world.mail(id);
        cases.refused(
            "given a link for somebody else, when accepted, then it is the wrong account (IDN-9)",
            "WrongAccount",
            world.run(Accept::token(token, person("eve")), &by("eve")),
        );
        let token = world.copied(id);
        cases.refused(
            "given a copied link, when accepted with no address, then nothing is verified (IDN-13)",
            "AddressNotVerified",
            world.run(Accept::token(token, stranger("bob")), &by("bob")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, when accepted, then not now (LIF-8)",
            "OrganizationSuspended",
            accept(&mut world, id),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when accepted, then never (LIF-8)",
            "OrganizationClosed",
            accept(&mut world, id),
        );

        type Ends = fn(&mut World, InvitationId);
        let endings: [(&str, Ends); 4] = [
            ("already-accepted", |world, id| drop(world.ok(Accept::inbox(id, person("bob")), &by("bob")))),
            ("declined", |world, id| drop(world.ok(Decline::inbox(id, person("bob")), &by("bob")))),
            ("revoked", |world, id| drop(world.ok(Revoke::one(id), &by("ada")))),
            ("expired", |world, _| world.wait(TimeDelta::days(7))),
        ];
        for (code, end) in endings {
            let (mut world, id) = invited();
            end(&mut world, id);
            let refused = accept(&mut world, id);
            assert_eq!(refused.as_ref().unwrap_err().code(), code);
            cases.refused(
                "given an invitation that ended, when accepted, then it says how (CON-1)",
                "NotPending",
                refused,
            );
        }

        let (mut world, _) = invited();
        world.add("eve", Grant::role("admin"));
        let by_eve = world.invite("dan@example.com", Grant::role("member"), &by("eve"));
        world.ok(RemoveMembers::one(user("eve")), &by("ada"));
        cases.refused(
            "given an inviter who left, when accepted strictly, then they may no longer grant it (AUT-4)",
            "InviterNoLongerMay",
            world.run(Accept::inbox(by_eve, person("dan")), &by("dan")),
        );

        let (mut world, id) = invited();
        world.model = AccessModel::builder().permissions(WORK).role(Role::new("client")).build().unwrap();
        cases.refused(
            "given a role that was dropped since, when accepted, then it is gone (LIF-10)",
            "NoLongerAvailable",
            accept(&mut world, id),
        );
        let mut world = World::new();
        let only = Grant::role("member").restricted("account", Restriction::only(["a"]));
        let id = world.invite(BOB, only, &by("ada"));
        world.ok(ChangePlan::new(roomy().entitled("account", Restriction::only(["b"]))), &Actor::System);
        cases.refused(
            "given a resource that was disabled since, when accepted, then it is gone (LIF-10)",
            "NoLongerAvailable",
            accept(&mut world, id),
        );

        for (reason, group) in &SHUT[1..] {
            let mut world = World::new();
            let id = world.invite(BOB, in_group("member", group), &by("ada"));
            world.shut_groups();
            cases.refused(
                "given a group in which nothing can be granted since, when accepted, then it says why (LIF-10)",
                reason,
                accept(&mut world, id),
            );
        }

        let (mut world, id) = invited();
        let rules = DomainRules::new().deny(DomainRule::parse("example.com").unwrap());
        world.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        cases.refused(
            "given a domain that was denied since, when accepted, then it is not allowed (IDN-8)",
            "DomainNotAllowed",
            accept(&mut world, id),
        );
        let by_id = world.invite(user("zoe"), Grant::role("client"), &by("ada"));
        cases.refused(
            "given rules on domains, when accepted by a user without an address, then one is needed (IDN-8)",
            "AddressNeeded",
            world.run(Accept::inbox(by_id, stranger("zoe")), &by("zoe")),
        );

        let (mut world, id) = invited();
        world.add("bob", in_group("member", "red"));
        cases.refused(
            "given another account that joined with the address, when accepted, then it is theirs (IDN-12)",
            "AddressOfAnotherMember",
            world.run(Accept::inbox(id, stranger("bobby").vouching(address(BOB))), &by("bobby")),
        );

        let (mut world, id) = invited();
        world.ok(AddMembers::one(NewMember::new(user("bob"), Grant::role("client"))), &Actor::System);
        cases.refused(
            "given somebody who joined otherwise, when accepted, then they are a member already (IDN-10)",
            "AlreadyMember",
            accept(&mut world, id),
        );

        let (mut world, id) = invited();
        world.ok(ChangePlan::new(team_of(0)), &Actor::System);
        cases.refused(
            "given a lowered plan, when accepted, then no seat is left (SEA-5)",
            "NoSeatLeft",
            accept(&mut world, id),
        );
        world.ok(ChangePlan::new(Plan::new()), &Actor::System);
        cases.refused(
            "given a plan that dropped the class, when accepted, then it has none (SEA-4)",
            "SeatClassNotInPlan",
            accept(&mut world, id),
        );
        let mut apart = World::suspended();
        let open = apart.invite("bob@work.example", in_group("client", "red"), &by("ada"));
        let bob = person("bob").vouching(address("bob@work.example"));
        cases.refused(
            "given a member who is suspended, then they are to be restored first (AUT-7)",
            "MemberSuspended",
            apart.run(Accept::inbox(open, bob), &by("bob")),
        );
        let mut later = World::new();
        let start = later.now + TimeDelta::days(1);
        let invite = Invite::new("eve@example.com", Grant::role("client")).starts_at(start);
        let open = later.ok(invite, &by("ada")).invitations().next().unwrap();
        cases.refused(
            "given an invitation that has not begun, then it is told when it does (F14)",
            "NotBegun",
            later.run(Accept::inbox(open, person("eve")), &by("eve")),
        );
        cases.are_all_but(&[
            ("UnknownGroup", "a group that an invitation names stays on record"),
            ("UnknownMember", "an offer of ownership ends with the membership of whoever it is for"),
            (
                "AlreadyOwner",
                "one offer at a time is open for a member, and there is no other way to ownership",
            ),
        ]);
    }

    #[test]
    fn given_an_invitation_that_leads_on_when_accepted_then_only_to_where_the_host_still_allows_f20_web_3() {
        let pages =
            |pages: &[&str]| pages.iter().fold(ContinueUrls::new(), |list, page| list.allow(page).unwrap());
        let listing = |listed: &[&str]| model().continue_urls(pages(listed)).build().unwrap();
        let page = "https://app.example/after/x?for=bob";
        let accepted = |change: fn(Edit) -> Edit, then: AccessModel| {
            let mut world = World::of(model().continue_urls(pages(&["https://app.example/after"])), roomy());
            let invite = Invite::new("bob@example.com", Grant::role("member")).continue_to(page);
            let id = world.ok(invite, &by("ada")).invitations().next().unwrap();
            assert_eq!(world.invitation(id).continue_to.as_deref(), Some(page));
            let edited = world.ok(change(Edit::new(id)), &by("ada"));
            assert_eq!(edited.continue_to, world.invitation(id).continue_to);
            world.model = then;
            world.ok(Accept::inbox(id, person("bob")), &by("bob")).continue_to
        };
        let after = || listing(&["https://app.example/after"]);
        let other = "https://app.example/after/other";
        for (sentence, change, then, expected) in [
            ("still allowed", (|edit| edit) as fn(Edit) -> Edit, after(), ContinueTo::Url(page.into())),
            (
                "edited",
                |edit| edit.continue_to("https://app.example/after/other"),
                after(),
                ContinueTo::Url(other.into()),
            ),
            ("edited away", Edit::continue_by_default, after(), ContinueTo::Default),
            ("listed no more", |edit| edit, listing(&["https://app.example/before"]), ContinueTo::NotAllowed),
            ("nothing listed", |edit| edit, model().build().unwrap(), ContinueTo::NotAllowed),
        ] {
            assert_eq!(accepted(change, then), expected, "{sentence}");
        }
    }

    #[test]
    fn given_a_page_to_continue_to_when_it_is_logged_then_without_what_may_be_about_the_invitee_pri_4() {
        let urls = ContinueUrls::new().allow("https://app.example").unwrap();
        let mut world = World::of(model().continue_urls(urls), roomy());
        let page = "https://app.example/after?for=bob@example.com#bob@example.com";
        world.ok(Invite::new("bob@example.com", Grant::role("member")).continue_to(page), &by("ada"));
        let data = serde_json::to_string(&world.rows().events.last().unwrap().data).unwrap();
        assert!(data.contains("\"https://app.example/after\"") && !data.contains("bob@"), "{data}");
    }
}
