//! Preview: looking at what a token is. Changes nothing (LNK-1, LNK-3).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::Claim;
use super::accept::{Principal, mail_proves, reads_of, verdict};
use crate::operation::{Host, Stop};
use crate::refusal::{UnknownToken, refused};
use crate::{
    Actor, Draft, EmailAddress, Expiry, GroupId, InvitationId, InvitationKind, InvitationState, Invitee,
    OrganizationId, OrganizationStatus, Reads, Scope, Token, Verdict,
};

/// What an invitation is, to whoever opens its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PreviewKind {
    /// An invitation to become a member.
    Invitation,
    /// An offer of ownership.
    Ownership,
}

/// What there is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Next {
    /// Sign in with the account that was invited.
    SignIn,
    /// Create an account for the invited address.
    SignUp,
    /// Sign in with another account: this one was not invited.
    WrongAccount,
    /// Verify the invited address: nothing shows that it belongs to this account.
    VerifyAddress,
    /// Accept or decline.
    Accept,
    /// Nothing: this account is a member already.
    AlreadyMember,
    /// Ask for a new invitation: this one has ended, or a newer mail was sent.
    RequestNew,
}

/// How an invitation stands, to whoever opens its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PreviewStatus {
    /// It can be answered.
    Pending,
    /// It was accepted.
    Accepted,
    /// It was declined.
    Declined,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// The link is from an earlier mail; a newer one was sent. Nothing more is told (LIF-2).
    Superseded,
    /// The organization is suspended or closed (LIF-8).
    NoLongerValid,
}

/// What a link leads to (PRI-3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// What it is.
    pub kind: PreviewKind,
    /// How it stands.
    pub status: PreviewStatus,
    /// What there is to do next.
    pub next: Next,
    /// The organization.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// The groups that it grants access to.
    pub groups: Vec<GroupId>,
    /// Who invites, for the host's directory to name.
    pub inviter: Option<Actor>,
    /// The invited address, masked.
    pub email_masked: Option<String>,
    /// The invited address in full: only for a mailed link that proves it, when the next step is to sign up.
    pub email: Option<EmailAddress>,
    /// Whether accepting with this link now proves the invited address.
    pub proves_address: bool,
    /// When it ends.
    pub expires_at: Option<Expiry>,
    /// The invitation.
    #[serde(skip)]
    pub invitation: InvitationId,
}

/// Whether the host knows an account for the invited address. Told only to whoever holds a link that was
/// mailed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "known, not known, or not asked")]
pub enum AccountKnown {
    /// There is an account.
    Yes,
    /// There is none.
    No,
    /// The host did not say.
    Unsaid,
}

refused! {
    /// Why a token is not shown as anything.
    PreviewRefused: UnknownToken
}

/// Asks what a token is.
#[derive(Debug, Clone)]
pub struct PreviewToken {
    token: Token,
    principal: Option<Principal>,
}

impl PreviewToken {
    /// This token, presented by nobody who is signed in.
    #[must_use]
    pub fn new(token: Token) -> Self {
        Self { token, principal: None }
    }

    /// Presented by this principal.
    #[must_use]
    pub fn by(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// What it needs to see.
    #[must_use]
    pub fn reads(&self) -> Reads {
        let claim = Claim::Token(self.token.clone());
        match &self.principal {
            Some(principal) => reads_of(&claim, principal),
            None => Reads::new().invitation(claim.invitation()),
        }
    }

    /// The invited address, if this token was mailed to it: whose account the host may look up for the preview.
    ///
    /// # Errors
    /// [`Stop`]
    pub fn mailed_address(
        &self,
        host: &Host<'_>,
        draft: &Draft,
    ) -> Result<Option<EmailAddress>, Stop<PreviewRefused>> {
        let row = draft.invitation(InvitationId::from_uuid(self.token.id()))?;
        let current = verdict(host, draft, row, &self.token) == Verdict::Current;
        match row.filter(|_| current) {
            Some(row) if mail_proves(draft, row, &self.token)? => Ok(row.invitee.address().cloned()),
            _ => Ok(None),
        }
    }

    /// What the token is, and what to do next.
    ///
    /// A token that we did not issue, or issued for another organization or purpose, is uniformly unknown
    /// (PRI-1). One that we did issue gets a helpful answer, also when it has ended (F9).
    ///
    /// # Errors
    /// [`Stop`]
    pub fn decide(
        &self,
        host: &Host<'_>,
        draft: &Draft,
        known: AccountKnown,
    ) -> Result<Preview, Stop<PreviewRefused>> {
        let unknown = || Stop::Refused(PreviewRefused::from(UnknownToken {}));
        let row = draft.invitation(InvitationId::from_uuid(self.token.id()))?;
        let verdict = verdict(host, draft, row, &self.token);
        let (Some(row), Some(organization)) = (row, draft.organization()) else { return Err(unknown()) };
        let status = match verdict {
            Verdict::Unknown => return Err(unknown()),
            Verdict::Superseded => PreviewStatus::Superseded,
            Verdict::Current if organization.status != OrganizationStatus::Active => {
                PreviewStatus::NoLongerValid
            }
            Verdict::Current => match row.state_at(draft.now()) {
                InvitationState::Pending => PreviewStatus::Pending,
                InvitationState::Accepted => PreviewStatus::Accepted,
                InvitationState::Declined => PreviewStatus::Declined,
                InvitationState::Revoked => PreviewStatus::Revoked,
                InvitationState::Expired => PreviewStatus::Expired,
            },
        };
        let told = status != PreviewStatus::Superseded;
        let proves_address = status == PreviewStatus::Pending && mail_proves(draft, row, &self.token)?;
        let next = self.next(draft, row, status, proves_address, known)?;
        let address = row.invitee.address().filter(|_| told);
        Ok(Preview {
            kind: match row.kind {
                InvitationKind::Membership => PreviewKind::Invitation,
                InvitationKind::Ownership { .. } => PreviewKind::Ownership,
            },
            status,
            next,
            organization: draft.id().clone(),
            organization_name: organization.settings.name.clone(),
            groups: groups(row, told),
            inviter: told.then(|| row.inviter.clone()),
            email_masked: address.map(|address| address.masked().to_string()),
            email: address.filter(|_| proves_address && next == Next::SignUp).cloned(),
            proves_address,
            expires_at: told.then_some(row.expires_at),
            invitation: row.id,
        })
    }

    fn next(
        &self,
        draft: &Draft,
        row: &crate::Invitation,
        status: PreviewStatus,
        proves_address: bool,
        known: AccountKnown,
    ) -> Result<Next, Stop<PreviewRefused>> {
        if let Some(principal) = &self.principal {
            let member = draft.member(principal.user())?;
            let scopes = row.grants.scopes();
            let holds = |scope: &Scope| member.is_some_and(|member| member.grants.access(scope).is_some());
            if row.kind == InvitationKind::Membership && member.is_some() && scopes.into_iter().all(holds) {
                return Ok(Next::AlreadyMember);
            }
        }
        if status != PreviewStatus::Pending {
            return Ok(Next::RequestNew);
        }
        let Some(principal) = &self.principal else {
            return Ok(match known {
                AccountKnown::No if proves_address => Next::SignUp,
                _ => Next::SignIn,
            });
        };
        Ok(match &row.invitee {
            Invitee::User(user) if user == principal.user() => Next::Accept,
            Invitee::User(_) => Next::WrongAccount,
            Invitee::Address(address) if principal.vouched().contains(address) => Next::Accept,
            Invitee::Address(_) if !principal.vouched().is_empty() => Next::WrongAccount,
            Invitee::Address(_) if proves_address => Next::Accept,
            Invitee::Address(_) => Next::VerifyAddress,
        })
    }
}

fn groups(row: &crate::Invitation, told: bool) -> Vec<GroupId> {
    let group = |scope: &Scope| match scope {
        Scope::Group(group) => Some(group.clone()),
        Scope::Organization => None,
    };
    if told { row.grants.scopes().filter_map(group).collect() } else { Vec::new() }
}
