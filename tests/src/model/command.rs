//! Commands as the model sees them: what is asked, how it is put to the service, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use invite::core::{
    Accepted, Access, Approve, ApproveOutcome, AskToJoin, ChangeGroup, ChangeGroupStatus, ChangePlan,
    ChangeSettings, ChangeStatus, ChangeVerifiedDomains, ContinueTo, CreateGroup, CreateLink,
    CreateOrganization, Deny, Domain, EditLink, Erase, Erased, Include, Invitee, JoinByDomain, JoinGroup,
    Leave, OfferOwnership, Operation, Principal, Propose, Remind, RestoreMembers, Revoke, Settled,
    SuppressionKind, SuspendMembers, SwitchLink, Tidied, VerifiedDomain, Withdraw,
};
use invite::{Actor, EmailAddress};
use invite::{
    AddMembers, Block, ChangeAccess, Decline, Edit, Error, Expiry, FormerOwner, Grants, GroupId,
    GroupSettings, InvitationId, Invitations, Invite, InviteOutcome, InviteeEntry, LinkId, LinkSettings,
    Mode, NewMember, OnPending, Plan, Refusal, RemoveMembers, RequestId, Resend, Scope, Settings,
    TheirInvitations, Token, UserId,
};

use super::snapshot::failed;
use super::violation::Checked;

/// A token, and what the model knows of it.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) token: Token,
    /// How often what it names had got a new token when it was issued; `None` if it is nobody's.
    pub(super) revision: Option<u32>,
}

impl Issued {
    /// The invitation that it names, if it names one.
    pub(super) fn invitation(&self) -> InvitationId {
        InvitationId::from_uuid(self.token.id())
    }

    /// The invite link that it names, if it names one.
    pub(super) fn link(&self) -> LinkId {
        LinkId::from_uuid(self.token.id())
    }
}

/// What becomes of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Archived,
    Restored,
    Closed,
}

/// What becomes of an invite link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    On,
    Off,
    Refreshed,
    Removed,
}

/// How an invitation is claimed.
#[derive(Debug, Clone)]
pub(super) enum Claim {
    Token(Issued),
    Inbox(InvitationId),
}

impl Claim {
    pub(super) fn invitation(&self) -> InvitationId {
        match self {
            Self::Token(issued) => issued.invitation(),
            Self::Inbox(id) => *id,
        }
    }
}

/// What is asked of an organization.
#[derive(Debug, Clone)]
pub(super) enum Command {
    Invite {
        list: Vec<(Invitee, Option<Grants>)>,
        grants: Grants,
        mode: Mode,
        on_pending: OnPending,
        include: Include,
        starts: Option<DateTime<Utc>>,
        expiry: Option<Expiry>,
        leads_to: Option<&'static str>,
    },
    Resend {
        id: InvitationId,
        expiry: Option<Expiry>,
    },
    Edit {
        id: InvitationId,
        grants: Option<Grants>,
        expiry: Option<Expiry>,
    },
    Remind(InvitationId),
    Revoke(Vec<InvitationId>),
    Accept {
        claim: Claim,
        principal: Principal,
    },
    Decline {
        claim: Claim,
        principal: Principal,
        block: Block,
    },
    Unblock {
        principal: Principal,
        kind: SuppressionKind,
    },
    Unsubscribe(Issued),
    Add {
        list: Vec<(UserId, Option<EmailAddress>, Grants)>,
        mode: Mode,
    },
    ChangeAccess {
        user: UserId,
        grants: Grants,
        theirs: TheirInvitations,
    },
    ChangeAccessIn {
        user: UserId,
        scope: Scope,
        access: Option<Access>,
        theirs: TheirInvitations,
    },
    Remove {
        users: Vec<UserId>,
        theirs: TheirInvitations,
    },
    Leave {
        user: UserId,
        theirs: TheirInvitations,
        block: Block,
    },
    OfferOwnership {
        to: UserId,
        former: FormerOwner,
    },
    ChangePlan(Plan),
    ChangeSettings(Settings),
    ChangeStatus(ChangeStatus),
    Tidy(u32),
    Create {
        owner: UserId,
    },
    CreateGroup {
        id: GroupId,
        settings: GroupSettings,
    },
    ChangeGroup {
        id: GroupId,
        settings: GroupSettings,
    },
    ChangeGroupStatus {
        id: GroupId,
        to: To,
    },
    JoinGroup {
        id: GroupId,
        principal: Principal,
    },
    CreateLink(LinkSettings),
    EditLink {
        link: LinkId,
        settings: LinkSettings,
    },
    SwitchLink {
        link: LinkId,
        to: Turn,
    },
    JoinByLink {
        issued: Issued,
        principal: Principal,
    },
    SuspendMembers {
        users: Vec<UserId>,
        theirs: TheirInvitations,
    },
    RestoreMembers(Vec<UserId>),
    AskToJoin {
        way: Way,
        principal: Principal,
    },
    JoinByDomain(Principal),
    Propose {
        invitee: Invitee,
        grants: Grants,
    },
    Approve {
        ids: Vec<RequestId>,
        granting: Option<Grants>,
    },
    Deny(Vec<RequestId>),
    Withdraw(RequestId),
    ChangeVerifiedDomains(BTreeMap<Domain, VerifiedDomain>),
    Erase(Erase),
}

/// By which way somebody asks to join.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Link(Issued),
    Group(GroupId),
    Domain,
}

/// How a command is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    Plainly,
    /// With an idempotency key.
    Keyed(String),
    /// Without effect.
    Dry,
}

/// What came of one item of a command, or of one that has but one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Done,
    /// Somebody became a member or holds more: by which revision of a link, without which closed groups, and where
    /// they go on.
    Joined {
        revision: Option<u32>,
        dropped: Vec<GroupId>,
        continue_to: ContinueTo,
    },
    /// What somebody had sent and made was settled.
    Settled(Settled),
    Tidied(Tidied),
    Erased(Erased),
    MadeLink(LinkId),
    Asked(RequestId),
    Made(InvitationId),
    Resent,
    Replaced {
        by: InvitationId,
        replaced: Vec<InvitationId>,
    },
    Duplicate,
    Refused(&'static str),
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Came {
    /// What came of each item, or why of none.
    pub(super) items: Result<Vec<Item>, &'static str>,
    /// All that was told.
    pub(super) told: String,
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

/// Where and by whom a command is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whence {
    pub(super) organization: String,
    pub(super) actor: Actor,
}

impl Command {
    /// Puts it to the service.
    #[allow(clippy::too_many_lines, reason = "a line or two for each operation there is")]
    pub(super) async fn put(&self, service: &Invitations, whence: &Whence, how: How) -> Checked<Came> {
        let organization = service.organization(whence.organization.as_str());
        let acting = match &whence.actor {
            Actor::User(user) => organization.by(user.clone()),
            Actor::System => organization.as_system(),
        };
        match self.clone() {
            Self::Invite { list, grants, mode, on_pending, include, starts, expiry, leads_to } => {
                let entry = |(who, own): (Invitee, Option<Grants>)| match own {
                    Some(own) => InviteeEntry::new(who).grants(own),
                    None => InviteeEntry::new(who),
                };
                let list = list.into_iter().map(entry).collect::<Vec<_>>();
                let invite = Invite::new(list, grants).mode(mode).on_pending(on_pending).include(include);
                let invite = match expiry {
                    Some(expiry) => invite.expires_at(expiry),
                    None => invite,
                };
                let invite = starts.map_or(invite.clone(), |start| invite.starts_at(start));
                let invite = leads_to.map_or(invite.clone(), |page| invite.continue_to(page));
                let item = |outcome: &InviteOutcome| match outcome {
                    InviteOutcome::Invited { invitation } => Item::Made(*invitation),
                    InviteOutcome::Resent { .. } => Item::Resent,
                    InviteOutcome::Replaced { invitation, replaced } => {
                        Item::Replaced { by: *invitation, replaced: replaced.clone() }
                    }
                    InviteOutcome::Refused { reason } => Item::Refused(reason.code()),
                    _ => Item::Duplicate,
                };
                ask(acting.run(invite), how, |invited| {
                    invited.results.iter().map(|result| item(&result.outcome)).collect()
                })
                .await
            }
            Self::Resend { id, expiry } => {
                let resend = expiry.map_or(Resend::new(id), |expiry| Resend::new(id).expires_at(expiry));
                ask(acting.run(resend), how, done).await
            }
            Self::Edit { id, grants, expiry } => {
                let edit = grants.map_or(Edit::new(id), |grants| Edit::new(id).grants(grants));
                let edit = expiry.map_or(edit.clone(), |expiry| edit.expires_at(expiry));
                ask(acting.run(edit), how, done).await
            }
            Self::Remind(id) => ask(acting.run(Remind::new(id)), how, done).await,
            Self::Revoke(ids) => {
                ask(acting.run(Revoke::many(ids)), how, |revoked| {
                    revoked.results.iter().map(|result| item(result.refused.as_ref())).collect()
                })
                .await
            }
            Self::Accept { claim, principal } => {
                let accept = match claim {
                    Claim::Token(issued) => service.accept(&issued.token, principal),
                    Claim::Inbox(id) => organization.accept(id, principal),
                };
                ask(accept, how, |accepted| vec![accepted_as(accepted)]).await
            }
            Self::Decline { claim, principal, block } => {
                let decline = match claim {
                    Claim::Token(issued) => service.decline(&issued.token, principal),
                    Claim::Inbox(id) => organization.decline(id, principal),
                };
                ask(decline.with(|decline: Decline| decline.block(block)), how, done).await
            }
            Self::Unblock { principal, kind } => ask(organization.unblock(principal, kind), how, done).await,
            Self::Unsubscribe(issued) => ask(service.unsubscribe(&issued.token), how, done).await,
            Self::Add { list, mode } => {
                let member = |(user, email, grants): (UserId, Option<EmailAddress>, Grants)| match email {
                    Some(email) => NewMember::new(user, grants).email(email),
                    None => NewMember::new(user, grants),
                };
                let add = AddMembers::many(list.into_iter().map(member)).mode(mode);
                ask(acting.run(add), how, |added| {
                    added.results.iter().map(|result| item(result.refused.as_ref())).collect()
                })
                .await
            }
            Self::ChangeAccess { user, grants, theirs } => {
                let change = ChangeAccess::new(user, grants).their_invitations(theirs);
                ask(acting.run(change), how, |changed| vec![Item::Settled(changed.settled)]).await
            }
            Self::ChangeAccessIn { user, scope, access, theirs } => {
                let change = ChangeAccess::in_scope(user, scope, access).their_invitations(theirs);
                ask(acting.run(change), how, |changed| vec![Item::Settled(changed.settled)]).await
            }
            Self::Remove { users, theirs } => {
                let remove = RemoveMembers::many(users).their_invitations(theirs);
                ask(acting.run(remove), how, |removed| {
                    let results = removed.results.iter().map(|result| match &result.refused {
                        Some(reason) => Item::Refused(reason.code()),
                        None => Item::Settled(result.settled),
                    });
                    results.collect()
                })
                .await
            }
            Self::Leave { user, theirs, block } => {
                let leave = Leave::new(user).their_invitations(theirs).block(block);
                ask(acting.run(leave), how, |left| vec![Item::Settled(left.settled)]).await
            }
            Self::OfferOwnership { to, former } => {
                ask(acting.run(OfferOwnership::new(to, former)), how, |offered| {
                    vec![Item::Made(offered.invitation)]
                })
                .await
            }
            Self::ChangePlan(plan) => ask(acting.run(ChangePlan::new(plan)), how, done).await,
            Self::ChangeSettings(settings) => ask(acting.run(ChangeSettings::new(settings)), how, done).await,
            Self::ChangeStatus(status) => ask(acting.run(status), how, done).await,
            Self::Tidy(limit) => {
                ask(organization.maintain(limit), how, |tidied| vec![Item::Tidied(tidied.clone())]).await
            }
            Self::Create { owner } => {
                let settings = Settings::named(whence.organization.as_str());
                let create = CreateOrganization::new(settings, owner, super::cast::first_plan());
                ask(acting.run(create), how, done).await
            }
            Self::CreateGroup { id, settings } => {
                ask(acting.run(CreateGroup::new(id, settings)), how, done).await
            }
            Self::ChangeGroup { id, settings } => {
                ask(acting.run(ChangeGroup::new(id, settings)), how, done).await
            }
            Self::ChangeGroupStatus { id, to } => {
                let change = match to {
                    To::Archived => ChangeGroupStatus::archive(id),
                    To::Restored => ChangeGroupStatus::restore(id),
                    To::Closed => ChangeGroupStatus::close(id),
                };
                ask(acting.run(change), how, done).await
            }
            Self::JoinGroup { id, principal } => {
                ask(acting.run(JoinGroup::new(id, principal)), how, done).await
            }
            Self::CreateLink(settings) => {
                ask(acting.run(CreateLink::new(settings)), how, |made| vec![Item::MadeLink(made.link)]).await
            }
            Self::EditLink { link, settings } => {
                ask(acting.run(EditLink::new(link, settings)), how, done).await
            }
            Self::SwitchLink { link, to } => {
                let switch = match to {
                    Turn::On => SwitchLink::on(link),
                    Turn::Off => SwitchLink::off(link),
                    Turn::Refreshed => SwitchLink::refresh(link),
                    Turn::Removed => SwitchLink::remove(link),
                };
                ask(acting.run(switch), how, done).await
            }
            Self::JoinByLink { issued, principal } => {
                ask(service.join(&issued.token, principal), how, |joined| {
                    let (dropped, continue_to) = (joined.dropped.clone(), joined.continue_to.clone());
                    vec![Item::Joined { revision: Some(joined.revision), dropped, continue_to }]
                })
                .await
            }
            Self::SuspendMembers { users, theirs } => {
                let suspend = SuspendMembers::many(users).their_invitations(theirs);
                ask(acting.run(suspend), how, |suspended| {
                    let results = suspended.results.iter().map(|result| match &result.refused {
                        Some(reason) => Item::Refused(reason.code()),
                        None => Item::Settled(result.settled),
                    });
                    results.collect()
                })
                .await
            }
            Self::RestoreMembers(users) => {
                ask(acting.run(RestoreMembers::many(users)), how, |restored| {
                    restored.results.iter().map(|result| item(result.refused.as_ref())).collect()
                })
                .await
            }
            Self::AskToJoin { way, principal } => {
                let asking = match way {
                    Way::Link(issued) => AskToJoin::link(issued.token, principal),
                    Way::Group(group) => AskToJoin::group(group, principal),
                    Way::Domain => AskToJoin::domain(principal),
                };
                ask(acting.run(asking), how, |asked| vec![Item::Asked(asked.request)]).await
            }
            Self::JoinByDomain(principal) => ask(acting.run(JoinByDomain::new(principal)), how, done).await,
            Self::Propose { invitee, grants } => {
                let propose = Propose::new(invitee, grants);
                ask(acting.run(propose), how, |asked| vec![Item::Asked(asked.request)]).await
            }
            Self::Approve { ids, granting } => {
                let approve = Approve::many(ids);
                let approve = match granting {
                    Some(grants) => approve.granting(grants),
                    None => approve,
                };
                ask(acting.run(approve), how, |approved| {
                    let results = approved.results.iter().map(|result| match &result.outcome {
                        ApproveOutcome::Invited { invitation } => Item::Made(*invitation),
                        ApproveOutcome::Refused { reason } => Item::Refused(reason.code()),
                        _ => Item::Done,
                    });
                    results.collect()
                })
                .await
            }
            Self::Deny(ids) => {
                ask(acting.run(Deny::many(ids)), how, |denied| {
                    denied.results.iter().map(|result| item(result.refused.as_ref())).collect()
                })
                .await
            }
            Self::Withdraw(id) => ask(acting.run(Withdraw::new(id)), how, done).await,
            Self::ChangeVerifiedDomains(verified) => {
                ask(acting.run(ChangeVerifiedDomains::new(verified)), how, done).await
            }
            Self::Erase(erase) => {
                ask(acting.run(erase), how, |erased| vec![Item::Erased(erased.clone())]).await
            }
        }
    }

    /// The organization that it is decided in: for a token, the one that the token names.
    pub(super) fn organization<'a>(&'a self, named: &'a str) -> &'a str {
        match self {
            Self::Accept { claim: Claim::Token(issued), .. }
            | Self::Decline { claim: Claim::Token(issued), .. }
            | Self::JoinByLink { issued, .. }
            | Self::AskToJoin { way: Way::Link(issued), .. }
            | Self::Unsubscribe(issued) => issued.token.organization().as_str(),
            _ => named,
        }
    }
}

pub(super) fn accepted_as(accepted: &Accepted) -> Item {
    let (dropped, continue_to) = (accepted.dropped.clone(), accepted.continue_to.clone());
    Item::Joined { revision: None, dropped, continue_to }
}

fn done<T>(_outcome: &T) -> Vec<Item> {
    vec![Item::Done]
}

fn item(refused: Option<&impl Refusal>) -> Item {
    refused.map_or(Item::Done, |reason| Item::Refused(reason.code()))
}

async fn ask<O: Operation>(
    command: invite::Command<O>,
    how: How,
    items: impl FnOnce(&O::Outcome) -> Vec<Item>,
) -> Checked<Came> {
    let came = match how {
        How::Plainly => command.await,
        How::Keyed(key) => command.idempotency_key(key).await,
        How::Dry => match command.dry_run().await {
            Ok(dry) => dry.outcome.map_err(Error::Refused),
            Err(error) => Err(error),
        },
    };
    match came {
        Ok(outcome) => {
            Ok(Came { items: Ok(items(&outcome)), told: serde_json::to_string(&outcome).map_err(failed)? })
        }
        Err(error @ (Error::Refused(_) | Error::KeyReused)) => {
            Ok(Came { items: Err(error.code()), told: error.code().to_owned() })
        }
        Err(error) => Err(failed(error)),
    }
}
