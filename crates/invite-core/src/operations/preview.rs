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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    fn preview(
        world: &World,
        token: &Token,
        principal: Option<Principal>,
        known: AccountKnown,
    ) -> Result<Preview, PreviewRefused> {
        let mut preview = PreviewToken::new(token.clone());
        if let Some(principal) = principal {
            preview = preview.by(principal);
        }
        let draft = world.look(&preview.reads());
        match preview.decide(&world.host(), &draft, known) {
            Ok(seen) => {
                assert!(draft.is_empty());
                Ok(seen)
            }
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(stop) => panic!("{stop:?}"),
        }
    }

    #[test]
    fn given_a_link_when_opened_then_it_says_what_to_do_next_a5_a6_pri_3() {
        use AccountKnown::{No, Unsaid, Yes};
        let mut world = World::new();
        let id = world.invite(BOB, [Grant::role("member"), in_group("member", "red")], &by("ada"));
        let (mailed, copied) = (world.mail(id), world.copied(id));
        let nobody = || None;
        let eve = || Some(person("eve"));
        // The link, who presents it, whether there is an account; the next step, and whether the address is told.
        let table = [
            ("mailed, no account", &mailed, nobody(), No, Next::SignUp, true),
            ("mailed, an account", &mailed, nobody(), Yes, Next::SignIn, false),
            ("mailed, nobody says", &mailed, nobody(), Unsaid, Next::SignIn, false),
            ("copied, no account", &copied, nobody(), No, Next::SignIn, false),
            ("mailed, fresh account", &mailed, Some(stranger("bob")), Yes, Next::Accept, false),
            ("copied, fresh account", &copied, Some(stranger("bob")), Yes, Next::VerifyAddress, false),
            ("copied, vouched", &copied, Some(person("bob")), Yes, Next::Accept, false),
            ("mailed, somebody else", &mailed, eve(), Yes, Next::WrongAccount, false),
        ];
        for (sentence, token, principal, known, next, told) in table {
            let seen = preview(&world, token, principal, known).unwrap();
            assert_eq!((seen.next, seen.email.is_some()), (next, told), "{sentence}");
            assert_eq!(seen.status, PreviewStatus::Pending);
            assert_eq!(seen.email_masked.as_deref(), Some("b…@example.com"));
            assert_eq!((seen.organization_name.as_str(), seen.groups), ("Acme Ltd", [group("red")].into()));
            assert_eq!(seen.proves_address, token.purpose() == Purpose::Mailed);
        }
        let look = |token: &Token| {
            let preview = PreviewToken::new(token.clone());
            preview.mailed_address(&world.host(), &world.look(&preview.reads())).unwrap()
        };
        assert_eq!((look(&mailed), look(&copied)), (Some(address(BOB)), None));
        world.wait(TimeDelta::hours(24));
        let seen = preview(&world, &mailed, None, No).unwrap();
        assert_eq!((seen.next, seen.proves_address, seen.email), (Next::SignIn, false, None));
    }

    #[test]
    fn given_a_link_that_has_ended_when_opened_then_it_answers_helpfully_f9() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let old = world.mail(id);
        world.ok(Resend::new(id), &by("ada"));
        let seen = preview(&world, &old, None, AccountKnown::No).unwrap();
        assert_eq!((seen.status, seen.next), (PreviewStatus::Superseded, Next::RequestNew));
        let told = (seen.inviter, seen.email_masked, seen.expires_at, seen.groups.len());
        assert_eq!(told, (None, None, None, 0), "nothing more is told (LIF-2)");

        let token = world.mail(id);
        let mut declined = world.clone();
        declined.ok(Decline::inbox(id, person("bob")), &by("bob"));
        let mut revoked = world.clone();
        revoked.ok(Revoke::one(id), &by("ada"));
        let mut expired = world.clone();
        expired.wait(TimeDelta::days(7));
        world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        let table = [
            (&world, PreviewStatus::Accepted),
            (&declined, PreviewStatus::Declined),
            (&revoked, PreviewStatus::Revoked),
            (&expired, PreviewStatus::Expired),
        ];
        for (world, status) in table {
            let seen = preview(world, &token, None, AccountKnown::No).unwrap();
            assert_eq!((seen.status, seen.next, seen.email), (status, Next::RequestNew, None));
        }
        let seen = preview(&world, &token, Some(person("bob")), AccountKnown::Yes).unwrap();
        assert_eq!(seen.next, Next::AlreadyMember);
    }

    #[test]
    fn given_an_offer_of_ownership_when_opened_then_it_is_for_its_user_f16() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let id = world.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada")).invitation;
        let token = world.mail(id);
        let seen = preview(&world, &token, Some(stranger("bob")), AccountKnown::Yes).unwrap();
        assert_eq!((seen.kind, seen.next), (PreviewKind::Ownership, Next::Accept));
        let seen = preview(&world, &token, Some(person("eve")), AccountKnown::Yes).unwrap();
        assert_eq!(seen.next, Next::WrongAccount);
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("PreviewRefused", include_str!("preview.rs"));
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        for purpose in [Purpose::Link, Purpose::Ownership, Purpose::Unsubscribe] {
            cases.refused(
                "given a token of another purpose, when opened, then it is unknown (TOK-5, PRI-1)",
                "UnknownToken",
                preview(&world, &world.token(id, purpose), None, AccountKnown::No),
            );
        }
        cases.are_all_but(&[]);
    }
}
