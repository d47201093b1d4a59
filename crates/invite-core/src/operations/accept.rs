//! Accept an invitation.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize, Serializer};

use super::join::{Joining, join};
use crate::authority::check_grants;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AddressNotVerified, InviterNoLongerMay, NoLongerAvailable, NotPending, Refusal, Superseded, TooLarge,
    UnknownInvitation, UnknownToken, WrongAccount, refused, refused_for_seats, refused_when_closed,
};
use crate::rules::{organization, require_open};
use crate::seats::end_due;
use crate::{
    Actor, Authority, Draft, EmailAddress, Ending, Event, Grant, Grants, Host, Invitation, InvitationId,
    InvitationKind, InvitationState, Invitee, InviterPolicy, JoinedBy, Metadata, MetadataPolicy, Operation,
    OrganizationId, Permission, Purpose, Reads, Stop, Token, UserId, Verdict, serialize_digest,
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
}

refused! {
    /// Why an invitation was not accepted.
    AcceptRefused:
        UnknownToken, UnknownInvitation, Superseded, NotPending, OrganizationSuspended, OrganizationClosed,
        WrongAccount, AddressNotVerified, TooLarge, InviterNoLongerMay, NoLongerAvailable, DomainNotAllowed,
        AddressOfAnotherMember, AlreadyMember, AlreadyOwner, UnknownMember, NoSeatLeft, SeatClassNotInPlan
}
refused_when_closed!(AcceptRefused);
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
        let row = find(host, draft, &self.claim)?;
        require_open(draft)?;
        let state = row.state_at(draft.now());
        let pending = if state == InvitationState::Pending { Ok(()) } else { Err(NotPending { state }) };
        draft.rule("CON-1", pending.map_err(AcceptRefused::from))?;
        let proven = prove(draft, &row, &self.claim, &self.principal)?;
        match &row.kind {
            InvitationKind::Membership => self.become_member(host, draft, &row, proven),
            InvitationKind::Ownership { former } => {
                let grants =
                    super::offer_ownership::transfer(host, draft, &row, former, &self.principal.user)?;
                Ok(self.accepted(draft, &row, grants, proven))
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
        let plan = &organization::<AcceptRefused>(draft)?.plan;
        let there = check_grants(host.model, plan, &row.grants);
        let there = there.map_err(|why| AcceptRefused::from(NoLongerAvailable { what: why.in_words() }));
        draft.rule("LIF-10", there)?;
        let still = still_granted(host, draft, row)?;
        let grants = draft.rule("AUT-4", still.ok_or(AcceptRefused::from(InviterNoLongerMay {})))?;

        end_due(host.model, draft)?;
        let ending = Ending::Accepted { user: self.principal.user.clone() };
        draft.emit_as(
            Actor::User(self.principal.user.clone()),
            Event::InvitationEnded { id: row.id, ending, reason: None },
        );
        let metadata = match host.model.metadata_policy {
            MetadataPolicy::Copy => row.metadata.clone(),
            MetadataPolicy::Leave => Metadata::new(),
        };
        let member = join(
            host.model,
            draft,
            Joining {
                user: &self.principal.user,
                email: proven.as_ref(),
                grants: &grants,
                known_as: self.principal.invitees().chain([row.invitee.clone()]).collect(),
                joined_by: JoinedBy::Accepting(row.id),
                metadata,
            },
        )?;
        Ok(self.accepted(draft, row, member.grants, proven))
    }

    fn accepted(
        &self,
        draft: &Draft,
        row: &Invitation,
        grants: Grants,
        proven: Option<EmailAddress>,
    ) -> Accepted {
        let (organization, user) = (draft.id().clone(), self.principal.user.clone());
        Accepted { organization, invitation: row.id, user, grants, proven }
    }
}

/// What answering an invitation needs to see.
pub(super) fn reads_of(claim: &Claim, principal: &Principal) -> Reads {
    let mut reads = Reads::new().invitation(claim.invitation()).person(principal.user.clone());
    reads.invitees.extend(principal.invitees());
    reads
}

/// Finds the invitation that is claimed. A token that names nothing of ours, and one of the wrong purpose,
/// organization or proof, get the same answer after the same work (TOK-5, TOK-7, PRI-1).
pub(super) fn find<R>(host: &Host<'_>, draft: &mut Draft, claim: &Claim) -> Result<Invitation, Stop<R>>
where
    R: Refusal + From<UnknownToken> + From<UnknownInvitation> + From<Superseded>,
{
    let row = draft.invitation(claim.invitation())?.cloned();
    let answer = match claim {
        Claim::Inbox(_) => row.ok_or_else(|| R::from(UnknownInvitation {})),
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
    if principal.vouched.len() > MAX_VOUCHED {
        return Err(Stop::Refused(TooLarge::new("vouched addresses", MAX_VOUCHED).into()));
    }
    let invited = row.invitee.to_string();
    let answer = match &row.invitee {
        Invitee::User(user) if *user == principal.user => Ok(None),
        Invitee::User(_) => Err(R::from(WrongAccount { invited })),
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

/// What the inviter may still grant of it, by policy (AUT-4): `None` refuses.
pub(super) fn still_granted(
    host: &Host<'_>,
    draft: &Draft,
    row: &Invitation,
) -> Result<Option<Grants>, Stop<AcceptRefused>> {
    if host.model.inviter_policy == InviterPolicy::Keep {
        return Ok(Some(row.grants.clone()));
    }
    let plan = &organization::<AcceptRefused>(draft)?.plan;
    let by = match &row.inviter {
        Actor::System => Authority::system(host.model, plan),
        Actor::User(user) => {
            Authority::of(host.model, plan, draft.member(user)?.map(|member| &member.grants))
        }
    };
    let may = |grants: &Grants| {
        let invites = grants.scopes().all(|scope| by.may(&Permission::INVITE, scope));
        invites && by.require_grantable(grants).is_ok()
    };
    if may(&row.grants) {
        return Ok(Some(row.grants.clone()));
    }
    if host.model.inviter_policy == InviterPolicy::Strict {
        return Ok(None);
    }
    let reduced = row.grants.iter().filter_map(|(scope, access)| {
        let mut access = access.clone();
        for permission in host.model.permissions_of(&access) {
            let within =
                Grants::from(Grant::new(scope.clone(), access.clone().only(&permission, host.model)));
            if by.require_grantable(&within).is_err() {
                access = access.removing(permission);
            }
        }
        Some(Grant::new(scope.clone(), access)).filter(|grant| may(&grant.clone().into()))
    });
    let reduced = reduced.collect::<Grants>();
    Ok(Some(reduced).filter(|grants| !grants.is_empty()))
}

impl crate::Access {
    /// This access with one permission of it alone.
    fn only(mut self, permission: &Permission, model: &crate::AccessModel) -> Self {
        for other in model.permissions_of(&self) {
            if other != *permission {
                self = self.removing(other);
            }
        }
        self
    }
}

impl crate::authority::Ungrantable {
    /// What is the matter.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Missing(reason) => reason.to_string(),
            Self::Role(reason) => reason.to_string(),
            Self::Permission(reason) => reason.to_string(),
            Self::Never(reason) => reason.to_string(),
            Self::Kind(reason) => reason.to_string(),
            Self::Entitlement(reason) => reason.to_string(),
            Self::TooLarge(reason) => reason.to_string(),
        }
    }
}
