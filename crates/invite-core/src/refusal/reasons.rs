//! Every reason for a no, each declared once: what it says, its code, its rule and its remedy.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::text::has_control;
use crate::{
    Domain, Expiry, GroupId, InvitationId, InvitationState, LinkState, Permission, RequestId, RequestState,
    ResourceKind, RoleName, Scope, SeatClass, UserId,
};

macro_rules! reason {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
        says $message:literal
        |$this:ident| { code: $code:expr, rule: $rule:literal, remedy: $remedy:expr $(,)? }
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
                let $this = self;
                let _ = $this;
                $code
            }

            fn rule(&self) -> &'static str {
                $rule
            }

            fn remedy(&self) -> String {
                let $this = self;
                let _ = $this;
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
    says "permission {permission} is missing"
    |this| {
        code: "not-permitted",
        rule: "AUT-1",
        remedy: ask(&this.roles),
    }
}

reason! {
    /// Only the host itself may do this.
    HostOnly {}
    says "only the host itself may do this"
    |this| {
        code: "not-permitted",
        rule: "AUT-1",
        remedy: "do it as the system: this belongs to the host's billing or operation".into(),
    }
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
    says "the actor may not grant {role} in {scope}: {missing} is missing"
    |this| {
        code: "not-grantable",
        rule: "AUT-2",
        remedy: format!("grant less, or ask somebody who has {} in {}", this.missing, this.scope),
    }
}

reason! {
    /// No grant was given.
    GrantsMissing {}
    says "nothing is granted"
    |this| {
        code: "grants-missing",
        rule: "AUT-6",
        remedy: "grant a role in the organization or in a group".into(),
    }
}

reason! {
    /// The access model has no such role, or it is `owner`, which is offered and never granted.
    UnknownRole {
        /// The role.
        role: RoleName,
    }
    says "there is no role {role} to grant"
    |this| {
        code: "unknown-role",
        rule: "AUT-3",
        remedy: "use a role that the access model declares; ownership is offered, not granted".into(),
    }
}

reason! {
    /// The invitation ended, and whom it was for was erased.
    InvitationErased {}
    says "whom the invitation was for was erased"
    |this| {
        code: "invitation-erased",
        rule: "PRI-6",
        remedy: "make a new invitation".into(),
    }
}

reason! {
    /// Nobody is sent on to this page (F20).
    ContinueUrlNotAllowed {
        /// What is wrong with it.
        what: String,
    }
    says "the page to continue to {what}"
    |this| {
        code: "continue-url-not-allowed",
        rule: "WEB-3",
        remedy: "give a page of those that the host allows to continue to, or one below it".into(),
    }
}

reason! {
    /// The access model has no such permission.
    UnknownPermission {
        /// The permission.
        permission: Permission,
    }
    says "there is no permission {permission}"
    |this| {
        code: "unknown-permission",
        rule: "AUT-3",
        remedy: "use a permission that the access model declares".into(),
    }
}

reason! {
    /// The access model has no such kind of resource.
    UnknownResourceKind {
        /// The kind.
        kind: ResourceKind,
    }
    says "there is no kind of resource {kind}"
    |this| {
        code: "unknown-resource-kind",
        rule: "AUT-3",
        remedy: "use a kind of resource that the access model declares".into(),
    }
}

reason! {
    /// A role can never receive this permission.
    NeverGrantable {
        /// The role.
        role: RoleName,
        /// The permission.
        permission: Permission,
    }
    says "role {role} can never receive permission {permission}"
    |this| {
        code: "never-grantable",
        rule: "B7",
        remedy: "leave the permission out, or grant another role".into(),
    }
}

reason! {
    /// The plan does not enable what was to be granted.
    NotEntitled {
        /// The kind of resource.
        kind: ResourceKind,
    }
    says "the organization has not enabled all of these resources of kind {kind}"
    |this| {
        code: "not-entitled",
        rule: "D2",
        remedy: "grant only what is enabled, or enable it in the plan".into(),
    }
}

reason! {
    /// Access was to end at a time that is not ahead, or not after the beginning of the invitation to it.
    InvalidEnd {}
    says "access must end later than now, and than the invitation to it begins"
    |this| {
        code: "invalid-end",
        rule: "F14",
        remedy: "give a time ahead and before the year 10000, in whole microseconds, or none".into(),
    }
}

reason! {
    /// An invitation was to begin at a time that is not ahead, or too far ahead.
    InvalidStart {}
    says "an invitation that begins later must begin within a century from now"
    |this| {
        code: "invalid-start",
        rule: "F14",
        remedy: "give a time ahead, or none".into(),
    }
}

reason! {
    /// The invitation has not begun.
    NotBegun {
        /// When it does.
        starts_at: DateTime<Utc>,
    }
    says "the invitation begins at {starts_at}"
    |this| {
        code: "not-yet",
        rule: "F14",
        remedy: format!("come again at {}", this.starts_at),
    }
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
    says "no {class} seat is left: {taken} of {limit} are taken"
    |this| {
        code: "no-seat-left",
        rule: "SEA-1",
        remedy: "free a seat by removing a member or revoking an invitation, or change the plan".into(),
    }
}

reason! {
    /// The plan does not name the seat class, which means that it has none.
    SeatClassNotInPlan {
        /// The seat class.
        class: SeatClass,
    }
    says "the plan has no seats of class {class}"
    |this| {
        code: "no-seat-left",
        rule: "SEA-4",
        remedy: "let the plan name the class, with a number or as unlimited".into(),
    }
}

reason! {
    /// The plan names a seat class that the access model does not declare.
    UnknownSeatClass {
        /// The seat class.
        class: SeatClass,
    }
    says "there is no seat class {class}"
    |this| {
        code: "unknown-seat-class",
        rule: "SEA-4",
        remedy: "use a seat class that the access model declares".into(),
    }
}

reason! {
    /// The person is a member already, and holds something in every scope asked for.
    AlreadyMember {}
    says "this person is a member already"
    |this| {
        code: "already-member",
        rule: "IDN-10",
        remedy: "change their access instead".into(),
    }
}

reason! {
    /// An invitation of the person for the scope is pending.
    AlreadyInvited {
        /// The open invitation.
        invitation: InvitationId,
        /// When it ends.
        expires_at: Expiry,
    }
    says "this person is invited already"
    |this| {
        code: "already-invited",
        rule: "CON-3",
        remedy: "wait for an answer, or send or replace the open invitation".into(),
    }
}

reason! {
    /// What was given is not an address.
    InvalidAddress {
        /// What is wrong with it.
        reason: String,
    }
    says "this is not an address that can be invited: {reason}"
    |this| {
        code: "invalid-address",
        rule: "IDN-7",
        remedy: "correct the address".into(),
    }
}

reason! {
    /// The host's directory knows no user of this name.
    UnknownName {
        /// The name as it was typed.
        name: String,
    }
    says "nobody here is called {name}"
    |this| {
        code: "unknown-name",
        rule: "PAR-2",
        remedy: "correct the name, or invite the address".into(),
    }
}

reason! {
    /// The host's directory knows several users of this name.
    AmbiguousName {
        /// The name as it was typed.
        name: String,
    }
    says "several people are called {name}"
    |this| {
        code: "ambiguous-name",
        rule: "PAR-2",
        remedy: "choose the one who is meant, or invite the address".into(),
    }
}

reason! {
    /// Somebody left the organization and is not made a member again without being asked.
    LeftBefore {}
    says "this person left the organization and is to be asked"
    |this| {
        code: "left-before",
        rule: "C3",
        remedy: "invite them, so that they can decide".into(),
    }
}

reason! {
    /// Somebody asked for names too often.
    TooManyQuestions {
        /// The first time at which one more is answered.
        again_at: DateTime<Utc>,
    }
    says "too many names were asked for"
    |this| {
        code: "too-many-questions",
        rule: "PRI-2",
        remedy: format!("ask again at {}", this.again_at.format("%Y-%m-%d %H:%M:%S UTC")),
    }
}

reason! {
    /// The organization does not include users without asking them.
    InclusionOff {}
    says "this organization asks everybody before they become members"
    |this| {
        code: "inclusion-off",
        rule: "C3",
        remedy: "invite without inclusion, or have it switched on in the settings".into(),
    }
}

reason! {
    /// The organization's rules do not allow the domain.
    DomainNotAllowed {
        /// The domain.
        domain: String,
    }
    says "addresses at {domain} may not be invited to this organization"
    |this| {
        code: "domain-not-allowed",
        rule: "IDN-8",
        remedy: "use an address at an allowed domain, or change the domain rules".into(),
    }
}

reason! {
    /// A limit on rate is reached.
    TooManyInvitations {
        /// When the next one fits.
        again_at: DateTime<Utc>,
    }
    says "too many invitations were sent; the next one fits at {again_at}"
    |this| {
        code: "too-many-invitations",
        rule: "ABU-1",
        remedy: format!("try again at {}", this.again_at),
    }
}

reason! {
    /// As many invitations are pending as the plan allows.
    TooManyPending {
        /// The plan's limit.
        limit: u32,
    }
    says "the plan allows {limit} pending invitations, and there are as many"
    |this| {
        code: "too-many-pending",
        rule: "ABU-1",
        remedy: "wait for answers, or revoke some".into(),
    }
}

reason! {
    /// The person has as many open invitations as anybody may have in one organization.
    TooManyOpen {
        /// How many may be open.
        limit: usize,
    }
    says "this person has {limit} open invitations, and may have no more"
    |this| {
        code: "too-many-open",
        rule: "ABU-3",
        remedy: "wait for answers, or revoke some".into(),
    }
}

reason! {
    /// A command carries more than it may.
    TooLarge {
        /// What there is too much of.
        what: String,
        /// The cap.
        limit: usize,
    }
    says "too many {what}: the cap is {limit}"
    |this| {
        code: "too-large",
        rule: "ABU-3",
        remedy: format!("send at most {} {}", this.limit, this.what),
    }
}

reason! {
    /// A text holds a control character that is neither a tab nor the end of a line.
    ForbiddenCharacter {
        /// Which text.
        what: String,
    }
    says "the {what} holds a control character"
    |this| {
        code: "forbidden-character",
        rule: "MAI-2",
        remedy: format!("send the {} without it", this.what),
    }
}

reason! {
    /// The invitation is not pending. Its code follows the state: `already-accepted`, `declined`, `revoked`, `expired`, or `not-pending` for an invitation that is pending where an ended one is needed.
    NotPending {
        /// Its state.
        state: InvitationState,
    }
    says "the invitation is {state}"
    |this| {
        code: this.code_of_state(),
        rule: "LIF-1",
        remedy: this.what_to_do().into(),
    }
}

reason! {
    /// The link is from an earlier mail; a newer one was sent.
    Superseded {}
    says "a newer mail was sent for this invitation"
    |this| {
        code: "superseded",
        rule: "LIF-2",
        remedy: "open the link in the newest mail".into(),
    }
}

reason! {
    /// The token names nothing that we issued. Told to strangers whatever the cause (PRI-1).
    UnknownToken {}
    says "the link is not valid"
    |this| {
        code: "unknown-token",
        rule: "TOK-5",
        remedy: "check that the whole link was copied, or ask for a new invitation".into(),
    }
}

reason! {
    /// The organization has no such invitation.
    UnknownInvitation {}
    says "there is no such invitation here"
    |this| {
        code: "unknown-invitation",
        rule: "STO-2",
        remedy: "check the id and the organization".into(),
    }
}

reason! {
    /// The user is not a member of the organization.
    UnknownMember {
        /// The user.
        user: UserId,
    }
    says "{user} is not a member"
    |this| {
        code: "unknown-member",
        rule: "STO-2",
        remedy: "check the user id and the organization".into(),
    }
}

reason! {
    /// There is no such group in the organization.
    UnknownGroup {
        /// The group.
        group: GroupId,
    }
    says "there is no group {group}"
    |this| {
        code: "unknown-group",
        rule: "STO-2",
        remedy: "check the group id and the organization, or create the group".into(),
    }
}

reason! {
    /// The group is archived: nobody is invited and nobody joins.
    GroupArchived {
        /// The group.
        group: GroupId,
    }
    says "group {group} is archived"
    |this| {
        code: "group-archived",
        rule: "LIF-8",
        remedy: "restore the group".into(),
    }
}

reason! {
    /// The group was closed for good.
    GroupClosed {
        /// The group.
        group: GroupId,
    }
    says "group {group} was closed"
    |this| {
        code: "group-closed",
        rule: "LIF-8",
        remedy: "grant nothing in it; a closed group does not open again".into(),
    }
}

reason! {
    /// A group of that id exists, or existed.
    GroupExists {
        /// The group.
        group: GroupId,
    }
    says "there is a group {group} already"
    |this| {
        code: "group-exists",
        rule: "CON-3",
        remedy: "choose another id".into(),
    }
}

reason! {
    /// The group is not archived, so there is nothing to restore.
    NotArchived {
        /// The group.
        group: GroupId,
    }
    says "group {group} is not archived"
    |this| {
        code: "not-archived",
        rule: "LIF-1",
        remedy: "nothing needs to be done".into(),
    }
}

reason! {
    /// The group takes nobody but those who are invited.
    GroupInviteOnly {
        /// The group.
        group: GroupId,
    }
    says "group {group} is invite-only"
    |this| {
        code: "group-invite-only",
        rule: "LNK-6",
        remedy: "ask for an invitation, or change the group's join policy".into(),
    }
}

reason! {
    /// The group takes only those whom somebody approves.
    GroupByRequest {
        /// The group.
        group: GroupId,
    }
    says "joining group {group} needs somebody's approval"
    |this| {
        code: "group-by-request",
        rule: "E1",
        remedy: "ask to join it".into(),
    }
}

reason! {
    /// So many groups are being closed that one more has to wait.
    TooManyClosing {
        /// How many may be closed at once.
        limit: usize,
    }
    says "{limit} closed groups are still named by members or invitations"
    |this| {
        code: "too-many-closing",
        rule: "LIF-8",
        remedy: "run maintenance on the organization, then close it".into(),
    }
}

reason! {
    /// There is no such invite link.
    UnknownLink {}
    says "there is no such invite link"
    |this| {
        code: "unknown-link",
        rule: "STO-2",
        remedy: "check the id and the organization".into(),
    }
}

reason! {
    /// Nobody joins by the link now.
    LinkNotOpen {
        /// What it is like.
        state: LinkState,
    }
    says "{state}"
    |this| {
        code: this.state.code(),
        rule: "LNK-4",
        remedy: match this.state {
            LinkState::NotYet => "come again later".into(),
            _ => "ask whoever shared the link for another one".into(),
        },
    }
}

reason! {
    /// What is set about a link does not fit together.
    InvalidLink {
        /// What is the matter.
        what: String,
    }
    says "{what}"
    |this| {
        code: "invalid-link",
        rule: "B2",
        remedy: "change what is named".into(),
    }
}

reason! {
    /// The organization has as many invite links as it may have.
    TooManyLinks {
        /// How many it may have.
        limit: usize,
    }
    says "the organization has {limit} invite links already"
    |this| {
        code: "too-many-links",
        rule: "ABU-3",
        remedy: "remove links that nobody needs".into(),
    }
}

reason! {
    /// Only people of certain domains may join, and no address is vouched for.
    AddressNeeded {}
    says "only people of certain domains may join, and no address is known"
    |this| {
        code: "address-needed",
        rule: "IDN-8",
        remedy: "verify an address of an allowed domain, then join again; who is brought in by others is invited by one"
            .into(),
    }
}

reason! {
    /// There is no such join request in the organization.
    UnknownRequest {}
    says "there is no such join request"
    |this| {
        code: "unknown-request",
        rule: "STO-2",
        remedy: "check the id and the organization".into(),
    }
}

reason! {
    /// The join request is not pending.
    RequestNotPending {
        /// Its state.
        state: RequestState,
    }
    says "the join request is {state}"
    |this| {
        code: match this.state {
            RequestState::Pending => "request-pending",
            RequestState::Approved => "request-approved",
            RequestState::Denied => "request-denied",
            RequestState::Withdrawn => "request-withdrawn",
            RequestState::Expired => "request-expired",
            RequestState::Settled => "request-settled",
        },
        rule: "LIF-1",
        remedy: match this.state {
            RequestState::Pending => "wait for a decision".into(),
            RequestState::Approved | RequestState::Settled => "nothing to do".into(),
            _ => "let them ask once more".into(),
        },
    }
}

reason! {
    /// The same person has asked, or was proposed, for the same place already.
    AlreadyAsked {
        /// The open request.
        request: RequestId,
        /// When it ends by itself.
        expires_at: DateTime<Utc>,
    }
    says "there is an open join request for the same until {expires_at}"
    |this| {
        code: "already-asked",
        rule: "CON-3",
        remedy: "wait for the decision, or withdraw it".into(),
    }
}

reason! {
    /// Nobody decides about a join request of their own, and the proposer only where the access model says so.
    OwnRequest {}
    says "nobody decides about their own join request"
    |this| {
        code: "own-request",
        rule: "AUT-9",
        remedy: "ask somebody else who may invite, or withdraw it".into(),
    }
}

reason! {
    /// Somebody has to approve whoever joins by the link.
    LinkByRequest {}
    says "joining by this link needs somebody's approval"
    |this| {
        code: "link-by-request",
        rule: "B2",
        remedy: "ask to join by it".into(),
    }
}

reason! {
    /// Somebody has to approve whoever joins with an address of the domain.
    DomainByRequest {
        /// The domain.
        domain: Domain,
    }
    says "joining with an address of {domain} needs somebody's approval"
    |this| {
        code: "domain-by-request",
        rule: "F15",
        remedy: "ask to join".into(),
    }
}

reason! {
    /// No approval is needed: one can just join.
    NoApprovalNeeded {}
    says "nobody has to approve this"
    |this| {
        code: "no-approval-needed",
        rule: "E1",
        remedy: "join, instead of asking".into(),
    }
}

reason! {
    /// None of the addresses vouched for is of a domain that was verified for the organization.
    NoVerifiedDomain {}
    says "no address of a verified domain is known"
    |this| {
        code: "no-verified-domain",
        rule: "F15",
        remedy: "verify an address of the organization's own domain, or ask for an invitation".into(),
    }
}

reason! {
    /// Only the host finds out whose a domain is.
    NotVerified {
        /// The domain.
        domain: Domain,
    }
    says "{domain} was not verified"
    |this| {
        code: "not-verified",
        rule: "F15",
        remedy: "let the host verify the domain; then set how people join by it".into(),
    }
}

reason! {
    /// Everybody can have an address there: it is nobody's domain.
    FreeMailDomain {
        /// The domain.
        domain: Domain,
    }
    says "{domain} gives addresses to everybody"
    |this| {
        code: "free-mail-domain",
        rule: "F15",
        remedy: "verify a domain that is the organization's own".into(),
    }
}

reason! {
    /// Somebody asked too often.
    AskedTooOften {
        /// When the next request fits.
        again_at: DateTime<Utc>,
    }
    says "too many join requests; the next one fits at {again_at}"
    |this| {
        code: "asked-too-often",
        rule: "ABU-1",
        remedy: format!("try again at {}", this.again_at),
    }
}

reason! {
    /// As many join requests are open as may be, in the organization or for this person.
    TooManyRequests {
        /// How many may be open.
        limit: usize,
    }
    says "{limit} join requests are open already"
    |this| {
        code: "too-many-requests",
        rule: "ABU-3",
        remedy: "approve or deny some".into(),
    }
}

reason! {
    /// Only a member proposes somebody; the host just invites.
    MembersOnly {}
    says "a member proposes somebody, not the host"
    |this| {
        code: "members-only",
        rule: "F21",
        remedy: "invite them, instead of proposing".into(),
    }
}

reason! {
    /// The invitation is for somebody else than the account that presents it.
    WrongAccount {
        /// The invited address or user, masked.
        invited: String,
    }
    says "the invitation is for {invited}, not for this account"
    |this| {
        code: "wrong-account",
        rule: "IDN-9",
        remedy: "sign in with the account that was invited".into(),
    }
}

reason! {
    /// Nothing proves that the invited address belongs to the account.
    AddressNotVerified {
        /// The invited address, masked.
        invited: String,
    }
    says "nothing shows that {invited} belongs to this account"
    |this| {
        code: "address-not-verified",
        rule: "IDN-1",
        remedy: "verify the address, then accept again; a mailed link proves it for 24 hours after sending".into(),
    }
}

reason! {
    /// Two accounts claim one address.
    AddressOfAnotherMember {}
    says "another member joined with this address"
    |this| {
        code: "address-of-another-member",
        rule: "IDN-12",
        remedy: "sign in with the account that joined, or have the address removed from it".into(),
    }
}

reason! {
    /// The inviter was demoted or left, and the policy is strict.
    InviterNoLongerMay {}
    says "the inviter may no longer grant what the invitation grants"
    |this| {
        code: "inviter-no-longer-may",
        rule: "AUT-4",
        remedy: "ask somebody who may for a new invitation".into(),
    }
}

reason! {
    /// Something that the invitation grants is gone or disabled since.
    NoLongerAvailable {
        /// What is gone.
        what: String,
    }
    says "the invitation grants something that is gone: {what}"
    |this| {
        code: "no-longer-available",
        rule: "LIF-10",
        remedy: "ask for a new invitation".into(),
    }
}

reason! {
    /// The member is suspended: they keep what they hold, and can neither use it nor get more (AUT-7).
    MemberSuspended {}
    says "this member is suspended"
    |this| {
        code: "member-suspended",
        rule: "AUT-7",
        remedy: "ask somebody who may suspend members to restore them".into(),
    }
}

reason! {
    /// The member is not suspended, so there is nothing to restore.
    MemberActive {}
    says "this member is not suspended"
    |this| {
        code: "member-active",
        rule: "AUT-7",
        remedy: "nothing to do".into(),
    }
}

reason! {
    /// An owner can be changed or removed by nobody else.
    OwnerProtected {}
    says "an owner is changed or removed by nobody else"
    |this| {
        code: "owner-protected",
        rule: "C6",
        remedy: "the owner steps down or leaves, if another owner remains; of a closed organization the host lets them leave".into(),
    }
}

reason! {
    /// Only an owner, or the host, suspends and restores an owner.
    OwnersOnly {}
    says "an owner is suspended and restored by owners alone"
    |this| {
        code: "owner-protected",
        rule: "C6",
        remedy: "ask an owner".into(),
    }
}

reason! {
    /// At least one owner remains, always.
    LastOwner {}
    says "the last owner has to stay"
    |this| {
        code: "last-owner",
        rule: "AUT-8",
        remedy: "offer ownership to another member first, or close the organization".into(),
    }
}

reason! {
    /// A member holds something somewhere, always.
    LastGrant {}
    says "the member holds nothing else"
    |this| {
        code: "last-grant",
        rule: "C5",
        remedy: "remove the member; whoever wants to go leaves the organization".into(),
    }
}

reason! {
    /// Only an owner may do this.
    NotOwner {}
    says "only an owner may do this"
    |this| {
        code: "not-permitted",
        rule: "F16",
        remedy: "ask an owner".into(),
    }
}

reason! {
    /// The member is an owner already.
    AlreadyOwner {}
    says "this member is an owner already"
    |this| {
        code: "already-owner",
        rule: "F16",
        remedy: "nothing to do".into(),
    }
}

reason! {
    /// The invitee blocked the organization.
    Blocked {}
    says "this person does not want to be invited to this organization"
    |this| {
        code: "blocked",
        rule: "F11",
        remedy: "only the invitee can undo it".into(),
    }
}

reason! {
    /// Nothing is sent or accepted for a suspended organization.
    OrganizationSuspended {}
    says "the organization is suspended"
    |this| {
        code: "organization-suspended",
        rule: "LIF-8",
        remedy: "resume the organization first".into(),
    }
}

reason! {
    /// The organization ended.
    OrganizationClosed {}
    says "the organization is closed"
    |this| {
        code: "organization-closed",
        rule: "LIF-8",
        remedy: "nothing can be done: closing is final".into(),
    }
}

reason! {
    /// An organization with this id exists already.
    OrganizationExists {}
    says "an organization with this id exists"
    |this| {
        code: "organization-exists",
        rule: "F22",
        remedy: "choose another id".into(),
    }
}

reason! {
    /// There is nothing to resume.
    NotSuspended {}
    says "the organization is not suspended"
    |this| {
        code: "not-suspended",
        rule: "F22",
        remedy: "nothing to do".into(),
    }
}

reason! {
    /// The expiry is not ahead, or too far ahead.
    InvalidExpiry {}
    says "an invitation must end between a minute and a century from now"
    |this| {
        code: "invalid-expiry",
        rule: "LIF-4",
        remedy: "give a time ahead; `Expiry::Never` says never".into(),
    }
}

reason! {
    /// A setting is not valid.
    InvalidSettings {
        /// What is wrong.
        what: String,
    }
    says "the settings are not valid: {what}"
    |this| {
        code: "invalid-settings",
        rule: "WEB-3",
        remedy: "correct the settings".into(),
    }
}

reason! {
    /// The invitation is delivered by the host, or its invitee has no address on it.
    NoMail {}
    says "the invitation is not mailed"
    |this| {
        code: "no-mail",
        rule: "F18",
        remedy: "pass the copied link on by your own means".into(),
    }
}

reason! {
    /// The command names no invitee, member or invitation.
    NothingAsked {}
    says "the command names nothing"
    |this| {
        code: "nothing-asked",
        rule: "PAR-2",
        remedy: "name at least one".into(),
    }
}

reason! {
    /// There is nothing to undo.
    NotBlocked {}
    says "nothing is blocked"
    |this| {
        code: "not-blocked",
        rule: "F11",
        remedy: "nothing to do".into(),
    }
}

reason! {
    /// All or nothing was asked for, and not all can be done.
    PartlyRefused {
        /// How many were refused.
        count: usize,
        /// Which, and why.
        items: Vec<RefusedItem>,
    }
    says "{count} of the list were refused, and nothing was done"
    |this| {
        code: "partly-refused",
        rule: "SEA-6",
        remedy: "correct or remove those, or let each be decided for itself".into(),
    }
}

reason! {
    /// More of a member's own invitations are open than one command settles.
    TooManySent {
        /// How many are settled at once.
        limit: usize,
    }
    says "more than {limit} open invitations that they made would be settled at once"
    |this| {
        code: "too-many-sent",
        rule: "AUT-5",
        remedy: "keep them, name fewer members, or revoke some first".into(),
    }
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
    /// The same for as long as it was to be granted (F14).
    Time,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role => f.write_str("a role that may grant it"),
            Self::Permission(permission) => write!(f, "permission {permission}"),
            Self::Resource(permission, kind) => write!(f, "permission {permission} for each {kind}"),
            Self::Time => f.write_str("access that lasts as long"),
        }
    }
}

impl NotGrantable {
    pub(crate) fn lacking_role(scope: &Scope, role: &RoleName) -> Self {
        Self { scope: scope.clone(), role: role.clone(), missing: Missing::Role }
    }

    pub(crate) fn lacking_time(scope: &Scope, role: &RoleName) -> Self {
        Self { scope: scope.clone(), role: role.clone(), missing: Missing::Time }
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

impl ForbiddenCharacter {
    /// Refuses texts that no mail and not every store can hold.
    pub(crate) fn in_none_of<'a>(
        texts: impl IntoIterator<Item = (&'a str, Option<&'a String>)>,
    ) -> Result<(), Self> {
        match texts.into_iter().find(|(_, text)| text.is_some_and(|text| has_control(text))) {
            Some((what, _)) => Err(Self { what: what.to_string() }),
            None => Ok(()),
        }
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
    /// The rule behind it.
    pub rule: String,
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
            rule: reason.rule().to_string(),
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
