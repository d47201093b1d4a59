//! Every reason for a no, each declared once: what it says, its code, its rule and its remedy.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::{
    Expiry, InvitationId, InvitationState, Permission, ResourceKind, RoleName, Scope, SeatClass, UserId,
};

macro_rules! reason {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
        $message:literal, $code:expr, $rule:literal, |$this:ident| $remedy:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
        #[error($message)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub(crate) $field: $type,)*
        }

        impl $name {
            $($(#[$field_doc])*
            #[must_use]
            pub fn $field(&self) -> &$type {
                &self.$field
            })*
        }

        impl Refusal for $name {
            fn code(&self) -> &'static str {
                let _this = self;
                #[allow(clippy::redundant_closure_call, reason = "one form for codes with and without details")]
                ($code)(_this)
            }

            fn rule(&self) -> &'static str {
                $rule
            }

            fn remedy(&self) -> String {
                let $this = self;
                $remedy
            }
        }
    };
}

reason! {
    /// The actor lacks a permission.
    NotPermitted {
        /// The permission that is missing.
        permission: Permission,
        /// The roles that have it: whom to ask.
        roles: Vec<RoleName>,
    }
    "permission {permission} is missing", |_: &Self| "not-permitted", "AUT-1", |this| ask(&this.roles)
}

reason! {
    /// Only the host itself may do this.
    HostOnly {}
    "only the host itself may do this", |_: &Self| "not-permitted", "AUT-1", |_this| "do it as the system: this belongs to the host's billing or operation".into()
}

reason! {
    /// The actor may not grant this: nobody grants what they do not hold.
    NotGrantable {
        /// Where it was to be granted.
        scope: Scope,
        /// The role that was to be granted.
        role: RoleName,
        /// What the actor lacks.
        missing: Missing,
    }
    "the actor may not grant {role} in {scope}: {missing} is missing", |_: &Self| "not-grantable", "AUT-2", |this| format!("grant less, or ask somebody who has {} in {}", this.missing, this.scope)
}

reason! {
    /// No grant was given.
    GrantsMissing {}
    "nothing is granted", |_: &Self| "grants-missing", "AUT-6", |_this| "grant a role in the organization or in a group".into()
}

reason! {
    /// The access model has no such role, or it is `owner`, which is offered and never granted.
    UnknownRole {
        /// The role.
        role: RoleName,
    }
    "there is no role {role} to grant", |_: &Self| "unknown-role", "AUT-3", |_this| "use a role that the access model declares; ownership is offered, not granted".into()
}

reason! {
    /// The access model has no such permission.
    UnknownPermission {
        /// The permission.
        permission: Permission,
    }
    "there is no permission {permission}", |_: &Self| "unknown-permission", "AUT-3", |_this| "use a permission that the access model declares".into()
}

reason! {
    /// The access model has no such kind of resource.
    UnknownResourceKind {
        /// The kind.
        kind: ResourceKind,
    }
    "there is no kind of resource {kind}", |_: &Self| "unknown-resource-kind", "AUT-3", |_this| "use a kind of resource that the access model declares".into()
}

reason! {
    /// A role can never receive this permission.
    NeverGrantable {
        /// The role.
        role: RoleName,
        /// The permission.
        permission: Permission,
    }
    "role {role} can never receive permission {permission}", |_: &Self| "never-grantable", "B7", |_this| "leave the permission out, or grant another role".into()
}

reason! {
    /// The plan does not enable what was to be granted.
    NotEntitled {
        /// The kind of resource.
        kind: ResourceKind,
    }
    "the organization has not enabled all of these resources of kind {kind}", |_: &Self| "not-entitled", "D2", |_this| "grant only what is enabled, or enable it in the plan".into()
}

reason! {
    /// No seat of the class is left.
    NoSeatLeft {
        /// The seat class.
        class: SeatClass,
        /// The plan's limit.
        limit: u32,
        /// How many are taken or reserved.
        taken: u32,
    }
    "no {class} seat is left: {taken} of {limit} are taken", |_: &Self| "no-seat-left", "SEA-1", |_this| "free a seat by removing a member or revoking an invitation, or change the plan".into()
}

reason! {
    /// The plan does not name the seat class, which means that it has none.
    SeatClassNotInPlan {
        /// The seat class.
        class: SeatClass,
    }
    "the plan has no seats of class {class}", |_: &Self| "no-seat-left", "SEA-4", |_this| "let the plan name the class, with a number or as unlimited".into()
}

reason! {
    /// The plan names a seat class that the access model does not declare.
    UnknownSeatClass {
        /// The seat class.
        class: SeatClass,
    }
    "there is no seat class {class}", |_: &Self| "unknown-seat-class", "SEA-4", |_this| "use a seat class that the access model declares".into()
}

reason! {
    /// The person is a member already, and holds something in every scope asked for.
    AlreadyMember {}
    "this person is a member already", |_: &Self| "already-member", "IDN-10", |_this| "change their access instead".into()
}

reason! {
    /// An invitation of the person for the scope is pending.
    AlreadyInvited {
        /// The open invitation.
        invitation: InvitationId,
        /// When it ends.
        expires_at: Expiry,
    }
    "this person is invited already", |_: &Self| "already-invited", "CON-3", |_this| "resend the open invitation, or invite again with `on_pending` set to resend or replace".into()
}

reason! {
    /// What was given is not an address.
    InvalidAddress {
        /// What is wrong with it.
        reason: String,
    }
    "this is not an address that can be invited: {reason}", |_: &Self| "invalid-address", "IDN-7", |_this| "correct the address".into()
}

reason! {
    /// The organization's rules do not allow the domain.
    DomainNotAllowed {
        /// The domain.
        domain: String,
    }
    "addresses at {domain} may not be invited to this organization", |_: &Self| "domain-not-allowed", "IDN-8", |_this| "use an address at an allowed domain, or change the domain rules".into()
}

reason! {
    /// A limit on rate is reached.
    TooManyInvitations {
        /// When the next one fits.
        again_at: DateTime<Utc>,
    }
    "too many invitations were sent; the next one fits at {again_at}", |_: &Self| "too-many-invitations", "ABU-1", |this| format!("try again at {}", this.again_at)
}

reason! {
    /// As many invitations are pending as the plan allows.
    TooManyPending {
        /// The plan's limit.
        limit: u32,
    }
    "{limit} invitations are pending, as many as the plan allows", |_: &Self| "too-many-pending", "ABU-1", |_this| "wait for answers, or revoke some".into()
}

reason! {
    /// A command carries more than it may.
    TooLarge {
        /// What there is too much of.
        what: String,
        /// The cap.
        limit: usize,
    }
    "too many {what}: the cap is {limit}", |_: &Self| "too-large", "ABU-3", |this| format!("send at most {} {}", this.limit, this.what)
}

reason! {
    /// The invitation is not pending. Its code follows the state: `already-accepted`, `declined`, `revoked`, `expired`, or `not-pending` for an invitation that is pending where an ended one is needed.
    NotPending {
        /// Its state.
        state: InvitationState,
    }
    "the invitation is {state}", |this: &Self| this.code_of_state(), "LIF-1", |this| this.what_to_do().into()
}

reason! {
    /// The link is from an earlier mail; a newer one was sent.
    Superseded {}
    "a newer mail was sent for this invitation", |_: &Self| "superseded", "LIF-2", |_this| "open the link in the newest mail".into()
}

reason! {
    /// The token names nothing that we issued. Told to strangers whatever the cause (PRI-1).
    UnknownToken {}
    "the link is not valid", |_: &Self| "unknown-token", "TOK-5", |_this| "check that the whole link was copied, or ask for a new invitation".into()
}

reason! {
    /// The organization has no such invitation.
    UnknownInvitation {}
    "there is no such invitation here", |_: &Self| "unknown-invitation", "STO-2", |_this| "check the id and the organization".into()
}

reason! {
    /// The user is not a member of the organization.
    UnknownMember {
        /// The user.
        user: UserId,
    }
    "{user} is not a member", |_: &Self| "unknown-member", "STO-2", |_this| "check the user id and the organization".into()
}

reason! {
    /// The invitation is for somebody else than the account that presents it.
    WrongAccount {
        /// The invited address or user, masked.
        invited: String,
    }
    "the invitation is for {invited}, not for this account", |_: &Self| "wrong-account", "IDN-9", |_this| "sign in with the account that was invited".into()
}

reason! {
    /// Nothing proves that the invited address belongs to the account.
    AddressNotVerified {
        /// The invited address, masked.
        invited: String,
    }
    "nothing shows that {invited} belongs to this account", |_: &Self| "address-not-verified", "IDN-1", |_this| "verify the address, then accept again; a mailed link proves it for 24 hours after sending".into()
}

reason! {
    /// Two accounts claim one address.
    AddressOfAnotherMember {}
    "another member joined with this address", |_: &Self| "address-of-another-member", "IDN-12", |_this| "sign in with the account that joined, or have the address removed from it".into()
}

reason! {
    /// The inviter was demoted or left, and the policy is strict.
    InviterNoLongerMay {}
    "the inviter may no longer grant what the invitation grants", |_: &Self| "inviter-no-longer-may", "AUT-4", |_this| "ask somebody who may for a new invitation".into()
}

reason! {
    /// Something that the invitation grants is gone or disabled since.
    NoLongerAvailable {
        /// What is gone.
        what: String,
    }
    "the invitation grants something that is gone: {what}", |_: &Self| "no-longer-available", "LIF-10", |_this| "ask for a new invitation".into()
}

reason! {
    /// An owner can be changed or removed by nobody else.
    OwnerProtected {}
    "an owner is changed or removed by nobody else", |_: &Self| "owner-protected", "C6", |_this| "the owner steps down or leaves, if another owner remains".into()
}

reason! {
    /// At least one owner remains, always.
    LastOwner {}
    "the last owner has to stay", |_: &Self| "last-owner", "AUT-8", |_this| "offer ownership to another member first, or close the organization".into()
}

reason! {
    /// Only an owner may do this.
    NotOwner {}
    "only an owner may do this", |_: &Self| "not-permitted", "F16", |_this| "ask an owner".into()
}

reason! {
    /// The member is an owner already.
    AlreadyOwner {}
    "this member is an owner already", |_: &Self| "already-owner", "F16", |_this| "nothing to do".into()
}

reason! {
    /// The invitee blocked the organization.
    Blocked {}
    "this person does not want to be invited to this organization", |_: &Self| "blocked", "F11", |_this| "only the invitee can undo it".into()
}

reason! {
    /// Nothing is sent or accepted for a suspended organization.
    OrganizationSuspended {}
    "the organization is suspended", |_: &Self| "organization-suspended", "LIF-8", |_this| "resume the organization first".into()
}

reason! {
    /// The organization ended.
    OrganizationClosed {}
    "the organization is closed", |_: &Self| "organization-closed", "LIF-8", |_this| "nothing can be done: closing is final".into()
}

reason! {
    /// An organization with this id exists already.
    OrganizationExists {}
    "an organization with this id exists", |_: &Self| "organization-exists", "F22", |_this| "choose another id".into()
}

reason! {
    /// There is nothing to resume.
    NotSuspended {}
    "the organization is not suspended", |_: &Self| "not-suspended", "F22", |_this| "nothing to do".into()
}

reason! {
    /// The expiry is not ahead, or too far ahead.
    InvalidExpiry {}
    "an invitation must end between a minute and a century from now", |_: &Self| "invalid-expiry", "LIF-4", |_this| "give a time ahead; `Expiry::Never` says never".into()
}

reason! {
    /// A setting is not valid.
    InvalidSettings {
        /// What is wrong.
        what: String,
    }
    "the settings are not valid: {what}", |_: &Self| "invalid-settings", "WEB-3", |_this| "correct the settings".into()
}

reason! {
    /// The invitation is delivered by the host, or its invitee has no address on it.
    NoMail {}
    "the invitation is not mailed", |_: &Self| "no-mail", "F18", |_this| "pass the copied link on by your own means".into()
}

reason! {
    /// The command names no invitee, member or invitation.
    NothingAsked {}
    "the command names nothing", |_: &Self| "nothing-asked", "PAR-2", |_this| "name at least one".into()
}

reason! {
    /// There is nothing to undo.
    NotBlocked {}
    "nothing is blocked", |_: &Self| "not-blocked", "F11", |_this| "nothing to do".into()
}

reason! {
    /// All or nothing was asked for, and not all can be done.
    PartlyRefused {
        /// How many were refused.
        count: usize,
        /// Which, and why.
        items: Vec<RefusedItem>,
    }
    "{count} of the list were refused, and nothing was done", |_: &Self| "partly-refused", "SEA-6", |_this| "correct or remove those, or let each be decided for itself".into()
}

reason! {
    /// More of a member's own invitations are open than one command settles.
    TooManySent {
        /// How many are settled at once.
        limit: usize,
    }
    "the member has more than {limit} open invitations of their own", |_: &Self| "too-many-sent", "AUT-5", |_this| "keep them, or revoke some first".into()
}

/// What an actor lacks to grant something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Missing {
    /// A role that may grant the role.
    Role,
    /// A permission.
    Permission(Permission),
    /// A permission for all of the resources of a kind that were to be granted.
    Resource(Permission, ResourceKind),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role => f.write_str("a role that may grant it"),
            Self::Permission(permission) => write!(f, "permission {permission}"),
            Self::Resource(permission, kind) => write!(f, "permission {permission} for each {kind}"),
        }
    }
}

impl NotGrantable {
    pub(crate) fn lacking_role(scope: &Scope, role: &RoleName) -> Self {
        Self { scope: scope.clone(), role: role.clone(), missing: Missing::Role }
    }

    pub(crate) fn lacking_permission(scope: &Scope, role: &RoleName, permission: &Permission) -> Self {
        Self { scope: scope.clone(), role: role.clone(), missing: Missing::Permission(permission.clone()) }
    }

    pub(crate) fn lacking_resource(
        scope: &Scope,
        role: &RoleName,
        permission: &Permission,
        kind: &ResourceKind,
    ) -> Self {
        let missing = Missing::Resource(permission.clone(), kind.clone());
        Self { scope: scope.clone(), role: role.clone(), missing }
    }
}

impl TooLarge {
    pub(crate) fn new(what: &str, limit: usize) -> Self {
        Self { what: what.to_string(), limit }
    }
}

impl NotPending {
    fn code_of_state(&self) -> &'static str {
        match self.state {
            InvitationState::Pending => "not-pending",
            InvitationState::Accepted => "already-accepted",
            InvitationState::Declined => "declined",
            InvitationState::Revoked => "revoked",
            InvitationState::Expired => "expired",
        }
    }

    fn what_to_do(&self) -> &'static str {
        match self.state {
            InvitationState::Pending => "wait for the invitee",
            InvitationState::Accepted => "nothing to do: it was accepted",
            InvitationState::Declined | InvitationState::Revoked => "ask for a new invitation",
            InvitationState::Expired => "ask for it to be sent again",
        }
    }
}

/// One item of a list that was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RefusedItem {
    /// Its place in the list, from 0.
    pub position: usize,
    /// The code of its refusal.
    pub code: String,
    /// What was the matter.
    pub message: String,
    /// What would fix it.
    pub remedy: String,
}

impl PartlyRefused {
    /// Requires that no item of a list was refused.
    pub(crate) fn unless_empty<'a, R: Refusal>(
        refused: impl Iterator<Item = (usize, &'a R)>,
    ) -> Result<(), Self> {
        let item = |(position, reason): (usize, &R)| RefusedItem {
            position,
            code: reason.code().to_string(),
            message: reason.to_string(),
            remedy: reason.remedy(),
        };
        let items = refused.map(item).collect::<Vec<_>>();
        if items.is_empty() { Ok(()) } else { Err(Self { count: items.len(), items }) }
    }
}

/// What is never refused.
impl Refusal for core::convert::Infallible {
    fn code(&self) -> &'static str {
        match *self {}
    }

    fn rule(&self) -> &'static str {
        match *self {}
    }

    fn remedy(&self) -> String {
        match *self {}
    }
}

fn ask(roles: &[RoleName]) -> String {
    let roles = roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if roles.is_empty() { "no role has it".to_string() } else { format!("ask somebody of role {roles}") }
}
