//! Handles: an organization, and somebody who acts in it.

mod groups;
mod links;
mod lists;
mod members;
mod people;
mod requests;

pub use people::Candidate;

use invite_core::{
    Accept, Actor, AddMembers, Authority, ChangeAccess, ChangePlan, ChangeSettings, ChangeStatus, CopyLink,
    CopyLinkRefused, CreateOrganization, Decline, Draft, DryRun, Edit, Entropy, Erase, FormerOwner, Grants,
    InvalidId, Invitation, InvitationId, Invite, Invitees, Leave, Look, LookRefused, Member, NewMember,
    NotLoaded, OfferOwnership, Operation, Organization, OrganizationId, OrganizationStatus, Permission, Plan,
    Reads, Remind, RemoveMembers, Resend, ResourceKind, Revoke, Scope, SeatUse, Settings, Sight,
    SuppressionKind, Tidy, Unblock, UserId, dry_run,
};
use invite_mailer::{Link, Rendered, preview};

use crate::command::Command;
use crate::courier::{groups_of, mail_of};
use crate::error::{Error, InvalidInput};
use crate::principal::Principal;
use crate::service::{Invitations, stopped};

pub(crate) fn into_id<T, I>(id: I) -> Result<T, InvalidInput>
where
    I: TryInto<T>,
    I::Error: Into<InvalidId>,
{
    id.try_into().map_err(|why| InvalidInput::Id(why.into()))
}

/// A handle on an organization, for what the host asks on its own account. What somebody does in it goes through
/// [`by`](Self::by); what the host does itself, through [`as_system`](Self::as_system).
#[derive(Debug, Clone)]
pub struct OrganizationHandle {
    service: Invitations,
    id: Result<OrganizationId, InvalidInput>,
}

impl OrganizationHandle {
    pub(crate) fn new(service: Invitations, id: Result<OrganizationId, InvalidInput>) -> Self {
        Self { service, id }
    }

    /// Somebody who acts in the organization. The host has authenticated them.
    pub fn by<U>(&self, user: U) -> Acting
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        Acting { organization: self.clone(), actor: into_id(user).map(Actor::User) }
    }

    /// The host itself, which needs no permission: its billing, its operators, its jobs.
    #[must_use]
    pub fn as_system(&self) -> Acting {
        Acting { organization: self.clone(), actor: Ok(Actor::System) }
    }

    /// Creates the organization, with settings, its first owner and a plan.
    pub fn create(&self, settings: Settings, owner: UserId, plan: Plan) -> Command<CreateOrganization> {
        let actor = Ok(Actor::User(owner.clone()));
        self.command(actor, Ok(CreateOrganization::new(settings, owner, plan)))
    }

    /// Accepts an invitation out of the principal's own inbox.
    pub fn accept(&self, invitation: InvitationId, principal: impl Into<Principal>) -> Command<Accept> {
        self.answer(principal, |principal| Accept::inbox(invitation, principal))
    }

    /// Declines an invitation out of the principal's own inbox.
    pub fn decline(&self, invitation: InvitationId, principal: impl Into<Principal>) -> Command<Decline> {
        self.answer(principal, |principal| Decline::inbox(invitation, principal))
    }

    /// Undoes what the principal blocked or unsubscribed from.
    pub fn unblock(&self, principal: impl Into<Principal>, kind: SuppressionKind) -> Command<Unblock> {
        self.answer(principal, |principal| Unblock::new(principal, kind))
    }

    /// Whether a user holds a permission in the organization now. Nobody does while it is suspended or closed,
    /// and nobody who is no member, or a suspended one (AUT-7, STO-3).
    ///
    /// # Errors
    /// [`Error`], which grants nothing.
    pub async fn may<U>(&self, user: U, permission: impl Into<Permission>) -> Result<bool, Error>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        self.may_in(user, permission, &Scope::Organization).await
    }

    /// Whether a user holds a permission in a scope now. What they held in a group that was closed they hold no more
    /// (LIF-8).
    ///
    /// # Errors
    /// [`Error`], which grants nothing.
    pub async fn may_in<U>(
        &self,
        user: U,
        permission: impl Into<Permission>,
        scope: &Scope,
    ) -> Result<bool, Error>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        let permission = permission.into();
        self.ask(into_id(user)?, |authority| authority.may(&permission, scope)).await
    }

    /// Whether a user holds a permission in a scope now for one resource, which the plan must have enabled.
    ///
    /// # Errors
    /// [`Error`], which grants nothing.
    pub async fn may_with<U>(
        &self,
        user: U,
        permission: impl Into<Permission>,
        scope: &Scope,
        kind: impl Into<ResourceKind>,
        resource: &str,
    ) -> Result<bool, Error>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        let (permission, kind) = (permission.into(), kind.into());
        self.ask(into_id(user)?, |authority| authority.may_with(&permission, scope, &kind, resource)).await
    }

    /// All that a user may do in a scope now.
    ///
    /// # Errors
    /// [`Error`], which grants nothing.
    pub async fn permissions<U>(&self, user: U, scope: &Scope) -> Result<Vec<Permission>, Error>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        self.ask(into_id(user)?, |authority| authority.permissions(scope)).await
    }

    async fn ask<T: Default>(
        &self,
        user: UserId,
        question: impl FnOnce(&Authority<'_>) -> T,
    ) -> Result<T, Error> {
        let engine = self.service.inner.engine();
        let draft = engine.look(self.id()?, &Reads::new().member(user.clone())).await?;
        let organization = existing(&draft)?;
        if organization.status != OrganizationStatus::Active {
            return Ok(T::default());
        }
        let grants = draft.member(&user).map_err(missing)?.and_then(Member::in_force);
        Ok(question(&Authority::of(&engine.model, organization, grants, draft.now())))
    }

    /// The organization: settings, plan, status, counts.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn get(&self) -> Result<Organization, Error> {
        let draft = self.service.inner.engine().look(self.id()?, &Reads::new()).await?;
        draft.organization().cloned().ok_or(Error::UnknownOrganization)
    }

    /// The seats by class. Invitations past their expiry take none (SEA-3).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn seats(&self) -> Result<Vec<SeatUse>, Error> {
        let (id, engine) = (self.id()?, self.service.inner.engine());
        // Groups that are closed and not settled hold their seats: closing is not read.
        let (tidy, mut reads) = (Tidy::new(1_000), Reads::new().due());
        loop {
            let (slice, now) = engine.load(id, &reads).await?;
            let more = slice.organization().is_some() && slice.due().map_err(missing)?.1;
            let tidied = dry_run(&tidy, &engine.host(), &Actor::System, &Entropy::default(), &slice, now);
            let tidied = tidied.map_err(stopped)?;
            if !more {
                return Ok(tidied.seats_after);
            }
            // More is past its expiry than was looked at.
            reads.due = reads.due.saturating_mul(8);
        }
    }

    /// A member, with what they hold now; `None` also where all of it is past its time, written down or not (F14).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn member<U>(&self, user: U) -> Result<Option<Member>, Error>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        let user: UserId = into_id(user)?;
        let draft = self.service.inner.engine().look(self.id()?, &Reads::new().member(user.clone())).await?;
        existing(&draft)?;
        Ok(draft.member(&user).map_err(missing)?.cloned().and_then(|member| member.as_of(draft.now())))
    }

    /// An invitation.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>, Error> {
        let draft = self.service.inner.engine().look(self.id()?, &Reads::new().invitation(id)).await?;
        existing(&draft)?;
        Ok(draft.invitation(id).map_err(missing)?.cloned())
    }

    /// Writes down what time and status have already decided, at most `limit` rows of it. Truth does not need
    /// it; see [`Tidy`].
    pub fn maintain(&self, limit: u32) -> Command<Tidy> {
        let retention = self.service.model().retention();
        self.as_system().run(Tidy::new(limit).retention(retention))
    }

    /// Erases what is kept about a person here, a step at a time (PRI-6): see [`Erase`]. For all organizations there is
    /// [`Invitations::erase`].
    pub fn erase(&self, person: Erase) -> Command<Erase> {
        self.as_system().run(person)
    }

    fn id(&self) -> Result<&OrganizationId, InvalidInput> {
        self.id.as_ref().map_err(Clone::clone)
    }

    fn command<O: Operation>(
        &self,
        actor: Result<Actor, InvalidInput>,
        operation: Result<O, InvalidInput>,
    ) -> Command<O> {
        Command::new(&self.service.inner.queues, self.id.clone(), actor, operation)
    }

    fn answer<O: Operation>(
        &self,
        principal: impl Into<Principal>,
        operation: impl FnOnce(invite_core::Principal) -> O,
    ) -> Command<O> {
        self.service.answer(self.id.clone(), principal, |principal| Ok(operation(principal)))
    }

    fn try_answer<O: Operation>(
        &self,
        principal: impl Into<Principal>,
        operation: impl FnOnce(invite_core::Principal) -> Result<O, InvalidInput>,
    ) -> Command<O> {
        self.service.answer(self.id.clone(), principal, operation)
    }
}

fn existing(draft: &Draft) -> Result<&Organization, Error> {
    draft.organization().ok_or(Error::UnknownOrganization)
}

fn missing(why: NotLoaded) -> Error {
    Error::Fault(why.into())
}

/// Somebody who acts in an organization.
#[derive(Debug, Clone)]
pub struct Acting {
    organization: OrganizationHandle,
    actor: Result<Actor, InvalidInput>,
}

impl Acting {
    /// Performs any operation: for what the methods below do not spell.
    pub fn run<O: Operation>(&self, operation: O) -> Command<O> {
        self.organization.command(self.actor.clone(), Ok(operation))
    }

    /// Invites one person or many: a pasted list, addresses, users, or entries of their own (A1, D1).
    ///
    /// Further choices go through [`Command::with`]; see [`Invite`].
    pub fn invite(&self, invitees: impl Into<Invitees>, grants: impl Into<Grants>) -> Command<Invite> {
        self.run(Invite::new(invitees, grants))
    }

    /// Changes what a pending invitation grants.
    pub fn edit(&self, invitation: InvitationId, grants: impl Into<Grants>) -> Command<Edit> {
        self.run(Edit::new(invitation).grants(grants))
    }

    /// Sends an invitation again, with a new link; all earlier links of it are dead (D5).
    pub fn resend(&self, invitation: InvitationId) -> Command<Resend> {
        self.run(Resend::new(invitation))
    }

    /// Mails the same link once more.
    pub fn remind(&self, invitation: InvitationId) -> Command<Remind> {
        self.run(Remind::new(invitation))
    }

    /// Revokes an invitation: its link is dead at once (A4).
    pub fn revoke(&self, invitation: InvitationId) -> Command<Revoke> {
        self.run(Revoke::one(invitation))
    }

    /// Revokes many, with a result for each.
    pub fn revoke_many(&self, invitations: impl IntoIterator<Item = InvitationId>) -> Command<Revoke> {
        self.run(Revoke::many(invitations))
    }

    /// Adds members without an invitation (F22).
    pub fn add_members(&self, members: impl IntoIterator<Item = NewMember>) -> Command<AddMembers> {
        self.run(AddMembers::many(members))
    }

    /// Changes all that a member holds (A7, C5); in one scope, [`change_access_in`](Self::change_access_in).
    pub fn change_access<U>(&self, user: U, grants: impl Into<Grants>) -> Command<ChangeAccess>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        let operation = into_id(user).map(|user| ChangeAccess::new(user, grants));
        self.organization.command(self.actor.clone(), operation)
    }

    /// Removes a member.
    pub fn remove<U>(&self, user: U) -> Command<RemoveMembers>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        self.organization.command(self.actor.clone(), into_id(user).map(RemoveMembers::one))
    }

    /// Removes many, with a result for each (B8).
    pub fn remove_many(&self, users: impl IntoIterator<Item = UserId>) -> Command<RemoveMembers> {
        self.run(RemoveMembers::many(users))
    }

    /// Leaves the organization.
    pub fn leave(&self) -> Command<Leave> {
        self.try_run(self.user().map(Leave::new))
    }

    /// Offers ownership to a member (F16), and says what becomes of the one who offers it.
    pub fn offer_ownership<U>(&self, to: U, former: FormerOwner) -> Command<OfferOwnership>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        let operation = into_id(to).map(|to| OfferOwnership::new(to, former));
        self.organization.command(self.actor.clone(), operation)
    }

    /// Changes the plan; for the host's billing, as the system.
    pub fn change_plan(&self, plan: Plan) -> Command<ChangePlan> {
        self.run(ChangePlan::new(plan))
    }

    /// Changes the settings, all at once.
    pub fn change_settings(&self, settings: Settings) -> Command<ChangeSettings> {
        self.run(ChangeSettings::new(settings))
    }

    /// Suspends the organization: nothing is sent or accepted until it is resumed.
    pub fn suspend(&self) -> Command<ChangeStatus> {
        self.run(ChangeStatus::Suspend)
    }

    /// Lets the organization work again.
    pub fn resume(&self) -> Command<ChangeStatus> {
        self.run(ChangeStatus::Resume)
    }

    /// Closes the organization, for good.
    pub fn close(&self) -> Command<ChangeStatus> {
        self.run(ChangeStatus::Close)
    }

    /// The link of a pending invitation, for those who could make it. What is copied proves nothing about the address
    /// (F7, IDN-13).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn copy_link(&self, invitation: InvitationId) -> Result<Link, Error<CopyLinkRefused>> {
        let (engine, asked) = (self.organization.service.inner.engine(), CopyLink::new(invitation));
        let actor = self.actor.clone()?;
        let draft = engine.look(self.organization.id()?, &asked.reads(&actor)).await?;
        let token = asked.decide(&engine.host(), &actor, &draft).map_err(stopped)?;
        Ok(self.organization.service.inner.base_url.link(&token))
    }

    /// The mail that an invitation would be sent with, with a dead link (E3, MAI-8): of the first one that would
    /// be mailed, or `None` if none would. Nothing changes.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn preview_mail(&self, dry_run: &DryRun<Invite>) -> Result<Option<Rendered>, Error> {
        let Some((delivery, invitation)) = dry_run.mails.first() else { return Ok(None) };
        let service = &self.organization.service;
        let organization = self.organization.get().await?;
        let groups = groups_of(service, &organization.id, invitation).await?;
        let link = Link::dead(&service.inner.base_url);
        let mail = mail_of(service, &organization, invitation, &groups, delivery.kind, link).await?;
        Ok(Some(preview(service.inner.templates.as_ref(), &mail)?))
    }

    /// The seats by class, for those who may see who takes them; see [`OrganizationHandle::seats`].
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may not.
    pub async fn seats(&self) -> Result<Vec<SeatUse>, Error> {
        self.look(Look::at_members()).await?;
        self.organization.seats().await
    }

    /// Whether a user holds a permission in the organization now; see [`OrganizationHandle::may`].
    ///
    /// # Errors
    /// [`Error`], which grants nothing.
    pub async fn may<U>(&self, user: U, permission: impl Into<Permission>) -> Result<bool, Error>
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        self.organization.may(user, permission).await
    }

    /// The organization that they act in.
    #[must_use]
    pub fn organization(&self) -> &OrganizationHandle {
        &self.organization
    }

    fn try_run<O: Operation>(&self, operation: Result<O, InvalidInput>) -> Command<O> {
        self.organization.command(self.actor.clone(), operation)
    }

    async fn look(&self, look: Look) -> Result<Sight, Error<LookRefused>> {
        let engine = self.organization.service.inner.engine();
        let actor = self.actor.clone()?;
        let draft = engine.look(self.organization.id()?, &look.reads(&actor)).await?;
        look.decide(&engine.host(), &actor, &draft).map_err(stopped)
    }
}
