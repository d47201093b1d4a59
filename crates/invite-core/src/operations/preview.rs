//! Preview: looking at what a token is. Changes nothing (LNK-1, LNK-3).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Claim;
use super::accept::{Principal, mail_proves, reads_of, verdict};
use super::join_link::link_verdict;
use crate::operation::{Host, Stop};
use crate::refusal::{UnknownToken, refused};
use crate::rules::without_closed;
use crate::{
    Actor, Draft, EmailAddress, Expiry, Grants, GroupId, GroupStatus, InvitationId, InvitationKind,
    InvitationState, Invitee, JoinPolicy, LinkId, LinkState, OrganizationId, OrganizationStatus, Purpose,
    Reads, RoleName, Scope, Token, Verdict,
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
    /// An invite link.
    Link,
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
    /// Join by the link.
    Join,
    /// Ask to join by the link: somebody has to approve it.
    Ask,
    /// Come again when it begins (F14).
    Wait,
    /// Nothing: this account is a member already.
    AlreadyMember,
    /// Ask to be restored: this account is a member who is suspended (AUT-7).
    Suspended,
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
    /// The organization is suspended or closed, or a group is archived, or all groups are closed (LIF-8); or a group
    /// takes nobody by links any more (LNK-6).
    NoLongerValid,
    /// Somebody may join by the link.
    Open,
    /// The link is switched off.
    Off,
    /// The invitation, or the period of the link, has not begun.
    NotYet,
    /// The link was used as often as it may be.
    UsedUp,
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
    /// The role that whoever offers the ownership has in the organization afterwards (F16); `None` for all else, and where
    /// the host offers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_role: Option<RoleName>,
    /// The invited address, masked.
    pub email_masked: Option<String>,
    /// The invited address in full: only for a mailed link that proves it, when the next step is to sign up.
    pub email: Option<EmailAddress>,
    /// Whether accepting with this link now proves the invited address.
    pub proves_address: bool,
    /// When it begins, if that is ahead (F14).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub expires_at: Option<Expiry>,
    /// The invitation; `None` for an invite link.
    #[serde(skip)]
    pub invitation: Option<InvitationId>,
    /// The invite link; `None` for an invitation.
    #[serde(skip)]
    pub link: Option<LinkId>,
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
        if self.token.purpose() == Purpose::Link {
            let reads = Reads::new().link(LinkId::from_uuid(self.token.id()));
            return self
                .principal
                .iter()
                .fold(reads, |reads, principal| reads.member(principal.user().clone()));
        }
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
        if self.token.purpose() == Purpose::Link {
            return Ok(None);
        }
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
        if self.token.purpose() == Purpose::Link {
            return self.decide_link(host, draft);
        }
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
                InvitationState::Pending if leads_nowhere(draft, &row.grants, PreviewKind::Invitation)? => {
                    PreviewStatus::NoLongerValid
                }
                InvitationState::Pending if row.begins_after(draft.now()).is_some() => PreviewStatus::NotYet,
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
            groups: if told { groups(draft, &row.grants)? } else { Vec::new() },
            inviter: told.then(|| row.inviter.clone()),
            former_role: row.former_role().filter(|_| told).cloned(),
            email_masked: address.map(|address| address.masked().to_string()),
            email: address.filter(|_| proves_address && next == Next::SignUp).cloned(),
            proves_address,
            starts_at: row.begins_after(draft.now()).filter(|_| told),
            expires_at: told.then_some(row.expires_at),
            invitation: Some(row.id),
            link: None,
        })
    }

    /// What an invite link is. Whether seats are left and domains fit is told to who joins.
    fn decide_link(&self, host: &Host<'_>, draft: &Draft) -> Result<Preview, Stop<PreviewRefused>> {
        let unknown = || Stop::Refused(PreviewRefused::from(UnknownToken {}));
        let row = draft.link(LinkId::from_uuid(self.token.id()))?;
        let verdict = link_verdict(host, draft, row, &self.token);
        let (Some(row), Some(organization)) = (row, draft.organization()) else { return Err(unknown()) };
        let status = match verdict {
            Verdict::Unknown => return Err(unknown()),
            Verdict::Superseded => PreviewStatus::Superseded,
            Verdict::Current if organization.status != OrganizationStatus::Active => {
                PreviewStatus::NoLongerValid
            }
            Verdict::Current => match row.state_at(draft.now()) {
                LinkState::Open if leads_nowhere(draft, &row.settings.grants, PreviewKind::Link)? => {
                    PreviewStatus::NoLongerValid
                }
                LinkState::Open => PreviewStatus::Open,
                LinkState::Off => PreviewStatus::Off,
                LinkState::NotYet => PreviewStatus::NotYet,
                LinkState::Over => PreviewStatus::Expired,
                LinkState::UsedUp => PreviewStatus::UsedUp,
                LinkState::Ended => PreviewStatus::Revoked,
            },
        };
        let told = status != PreviewStatus::Superseded;
        let next = match &self.principal {
            Some(principal) if is_suspended(draft, principal)? => Next::Suspended,
            Some(principal) if holds_all(draft, principal, &row.settings.grants)? => Next::AlreadyMember,
            _ if status == PreviewStatus::NotYet => Next::Wait,
            _ if status != PreviewStatus::Open => Next::RequestNew,
            Some(_) if row.settings.by_request => Next::Ask,
            Some(_) => Next::Join,
            None => Next::SignIn,
        };
        Ok(Preview {
            kind: PreviewKind::Link,
            status,
            next,
            organization: draft.id().clone(),
            organization_name: organization.settings.name.clone(),
            groups: if told { groups(draft, &row.settings.grants)? } else { Vec::new() },
            inviter: None,
            former_role: None,
            email_masked: None,
            email: None,
            proves_address: false,
            starts_at: row.settings.opens_at.filter(|start| told && draft.now() < *start),
            expires_at: row.settings.closes_at.filter(|_| told).map(Expiry::At),
            invitation: None,
            link: Some(row.id),
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
        if let Some(principal) = &self.principal
            && is_suspended(draft, principal)?
        {
            return Ok(Next::Suspended);
        }
        if let Some(principal) = &self.principal
            && row.kind == InvitationKind::Membership
            && holds_all(draft, principal, &row.grants)?
        {
            return Ok(Next::AlreadyMember);
        }
        match status {
            PreviewStatus::Pending => {}
            PreviewStatus::NotYet => return Ok(Next::Wait),
            _ => return Ok(Next::RequestNew),
        }
        let Some(principal) = &self.principal else {
            return Ok(match known {
                AccountKnown::No if proves_address => Next::SignUp,
                _ => Next::SignIn,
            });
        };
        Ok(match &row.invitee {
            Invitee::User(user) if user == principal.user() => Next::Accept,
            Invitee::User(_) | Invitee::Erased(_) => Next::WrongAccount,
            Invitee::Address(address) if principal.vouched().contains(address) => Next::Accept,
            Invitee::Address(_) if !principal.vouched().is_empty() => Next::WrongAccount,
            Invitee::Address(_) if proves_address => Next::Accept,
            Invitee::Address(_) => Next::VerifyAddress,
        })
    }
}

fn is_suspended(draft: &Draft, principal: &Principal) -> Result<bool, Stop<PreviewRefused>> {
    Ok(draft.member(principal.user())?.is_some_and(|member| !member.is_active()))
}

/// Whether somebody is a member who holds something in every one of the scopes.
fn holds_all(draft: &Draft, principal: &Principal, grants: &Grants) -> Result<bool, Stop<PreviewRefused>> {
    let member = draft.member(principal.user())?;
    let (grants, _closed) = without_closed::<PreviewRefused>(draft, grants)?;
    let held = member.map(|member| member.grants.running(draft.now()));
    Ok(held.is_some_and(|held| held.hold_in_all(&grants)))
}

/// The groups that would be joined: without those that were closed since, unless that is all of them.
fn groups(draft: &Draft, grants: &Grants) -> Result<Vec<GroupId>, Stop<PreviewRefused>> {
    let (grants, _closed) = without_closed(draft, grants)?;
    Ok(grants.scopes().filter_map(Scope::group).cloned().collect())
}

/// Whether nobody gets anything of it now: its time is over (F14), or nobody gets into these groups, however they stand
/// otherwise (LIF-8, LNK-6).
fn leads_nowhere(draft: &Draft, grants: &Grants, by: PreviewKind) -> Result<bool, Stop<PreviewRefused>> {
    if grants.running(draft.now()).is_empty() {
        return Ok(true);
    }
    for id in groups(draft, grants)? {
        let works = draft.group(&id)?.is_some_and(|group| {
            let invite_only = group.settings.join_policy == JoinPolicy::InviteOnly;
            group.status == GroupStatus::Active && !(by == PreviewKind::Link && invite_only)
        });
        if !works {
            return Ok(true);
        }
    }
    Ok(false)
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
    fn given_an_offer_of_ownership_when_opened_then_it_says_which_role_the_old_owner_has_afterwards_f16() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let admin = || FormerOwner::Becomes(Access::role("admin"));
        let host = Actor::System;
        for (former, by, role) in [
            (FormerOwner::Stays, &by("ada"), Some("owner")),
            (admin(), &by("ada"), Some("admin")),
            (admin(), &host, None),
        ] {
            let id = world.ok(OfferOwnership::new(user("bob"), former), by).invitation;
            let token = world.mail(id);
            let former_role =
                |world: &World| preview(world, &token, None, AccountKnown::Unsaid).unwrap().former_role;
            assert_eq!(former_role(&world), role.map(Into::into));
            world.ok(Resend::new(id), by);
            assert_eq!(former_role(&world), None, "a newer mail was sent");
            world.ok(Revoke::one(id), by);
        }
        let id = world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        let token = world.mail(id);
        assert_eq!(preview(&world, &token, None, AccountKnown::Unsaid).unwrap().former_role, None);
    }

    fn clients() -> LinkSettings {
        LinkSettings::new("Clients", Grant::role("client"))
    }

    fn of_link(world: &World, token: &Token, principal: Option<Principal>) -> Preview {
        preview(world, token, principal, AccountKnown::Unsaid).unwrap()
    }

    #[test]
    fn given_an_invite_link_when_opened_then_it_says_where_to_and_nothing_of_who_made_it_b1_pri_3() {
        let mut world = World::new();
        world.by_links(["red"]);
        let end = world.now + TimeDelta::days(1);
        let grants = [Grant::role("client"), in_group("client", "red")];
        let link = world.make_link(LinkSettings::new("Clients", grants).closes_at(end));
        let token = world.link_token(link);
        let seen = of_link(&world, &token, None);
        assert_eq!(
            (seen.kind, seen.status, seen.next),
            (PreviewKind::Link, PreviewStatus::Open, Next::SignIn)
        );
        assert_eq!((seen.organization_name.as_str(), seen.groups), ("Acme Ltd", [group("red")].into()));
        assert_eq!((seen.link, seen.invitation, seen.expires_at), (Some(link), None, Some(Expiry::At(end))));
        assert_eq!((seen.inviter, seen.email_masked, seen.email), (None, None, None));
        assert_eq!(of_link(&world, &token, Some(stranger("bob"))).next, Next::Join);
        let ask = PreviewToken::new(token.clone());
        let mailed = ask.mailed_address(&world.host(), &world.look(&ask.reads())).unwrap();
        assert_eq!((mailed, seen.proves_address), (None, false), "it was mailed to nobody");
        world.add("bob", Grant::role("client"));
        assert_eq!(
            of_link(&world, &token, Some(stranger("bob"))).next,
            Next::Join,
            "the group is new to them"
        );
        world.join_by(link, "bob").unwrap();
        assert_eq!(of_link(&world, &token, Some(stranger("bob"))).next, Next::AlreadyMember);
    }

    #[test]
    fn given_an_invite_link_that_does_not_work_when_opened_then_it_says_how_it_stands_f9_b2_lif_8_lnk_6() {
        type Stands = fn(&mut World, LinkId);
        let table: [(&str, Stands, PreviewStatus); 11] = [
            (
                "off",
                |world, link| {
                    world.ok(SwitchLink::off(link), &by("ada"));
                },
                PreviewStatus::Off,
            ),
            (
                "not begun",
                |world, link| {
                    let begin = world.now + TimeDelta::microseconds(1);
                    world.ok(EditLink::new(link, both().opens_at(begin)), &by("ada"));
                },
                PreviewStatus::NotYet,
            ),
            (
                "over",
                |world, link| {
                    let end = world.now;
                    world.ok(EditLink::new(link, both().closes_at(end)), &by("ada"));
                },
                PreviewStatus::Expired,
            ),
            (
                "used up",
                |world, link| {
                    world.ok(EditLink::new(link, both().max_uses(1)), &by("ada"));
                    world.join_by(link, "eve").unwrap();
                },
                PreviewStatus::UsedUp,
            ),
            (
                "removed",
                |world, link| {
                    world.ok(SwitchLink::remove(link), &by("ada"));
                },
                PreviewStatus::Revoked,
            ),
            (
                "suspended",
                |world, _| {
                    world.ok(ChangeStatus::Suspend, &by("ada"));
                },
                PreviewStatus::NoLongerValid,
            ),
            (
                "closed",
                |world, _| {
                    world.ok(ChangeStatus::Close, &by("ada"));
                },
                PreviewStatus::NoLongerValid,
            ),
            (
                "a group archived",
                |world, _| {
                    world.ok(ChangeGroupStatus::archive(group("red")), &by("ada"));
                },
                PreviewStatus::NoLongerValid,
            ),
            (
                "a group turned invite-only",
                |world, _| {
                    world.ok(ChangeGroup::new(group("red"), GroupSettings::named("Red")), &by("ada"));
                },
                PreviewStatus::NoLongerValid,
            ),
            (
                "all groups closed",
                |world, _| {
                    world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
                    world.ok(ChangeGroupStatus::close(group("blue")), &by("ada"));
                },
                PreviewStatus::NoLongerValid,
            ),
            (
                "one group closed",
                |world, _| {
                    world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
                },
                PreviewStatus::Open,
            ),
        ];
        fn both() -> LinkSettings {
            LinkSettings::new("Both", [in_group("client", "red"), in_group("client", "blue")])
        }
        for (sentence, stands, status) in table {
            let mut world = World::new();
            world.by_links(["red", "blue"]);
            let link = world.make_link(both());
            let token = world.link_token(link);
            stands(&mut world, link);
            let seen = of_link(&world, &token, Some(person("bob")));
            let next = match status {
                PreviewStatus::Open => Next::Join,
                PreviewStatus::NotYet => Next::Wait,
                _ => Next::RequestNew,
            };
            assert_eq!((seen.status, seen.next), (status, next), "{sentence}");
            let joined = world.run(JoinByLink::new(token, person("bob")), &by("bob"));
            assert_eq!(joined.is_ok(), status == PreviewStatus::Open, "{sentence}");
            if let Ok(joined) = joined {
                assert_eq!((joined.dropped, seen.groups), ([group("red")].into(), [group("blue")].into()));
            }
        }
    }

    #[test]
    fn given_a_refreshed_invite_link_when_the_old_one_is_opened_then_nothing_more_is_told_b3() {
        let mut world = World::new();
        world.by_links(["red"]);
        let settings = LinkSettings::new("Red", in_group("client", "red"));
        let link = world.make_link(settings.closes_at(world.now + TimeDelta::days(1)));
        let old = world.link_token(link);
        world.ok(SwitchLink::refresh(link), &by("ada"));
        let seen = of_link(&world, &old, None);
        assert_eq!((seen.status, seen.next), (PreviewStatus::Superseded, Next::RequestNew));
        assert_eq!((seen.groups.len(), seen.expires_at), (0, None));
    }

    #[test]
    fn given_an_invitation_to_a_group_that_was_closed_or_archived_when_opened_then_it_is_no_longer_valid_lif_8()
     {
        for shut in [ChangeGroupStatus::close, ChangeGroupStatus::archive] {
            let mut world = World::new();
            let id = world.invite(BOB, in_group("member", "red"), &by("ada"));
            let token = world.mail(id);
            world.ok(shut(group("red")), &by("ada"));
            let seen = preview(&world, &token, Some(person("bob")), AccountKnown::Yes).unwrap();
            assert_eq!((seen.status, seen.next), (PreviewStatus::NoLongerValid, Next::RequestNew));
            assert!(!seen.proves_address);
        }
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
        let link = world.make_link(clients());
        let (acme, other) = (OrganizationId::parse(ACME).unwrap(), OrganizationId::parse("other").unwrap());
        let nonce = world.link(link).nonce.clone();
        let another = Nonce::from_bytes([1; 16]);
        for (purpose, organization, nonce) in [
            (Purpose::Copied, &acme, &nonce),
            (Purpose::Mailed, &acme, &nonce),
            (Purpose::Link, &other, &nonce),
            (Purpose::Link, &acme, &another),
        ] {
            let token = world.keyring.issue(purpose, organization, link.as_uuid(), nonce);
            cases.refused(
                "given a token of another purpose or organization, or of no proof, for a link, then it is unknown",
                "UnknownToken",
                preview(&world, &token, None, AccountKnown::No),
            );
        }
        cases.are_all_but(&[]);
    }
}
