#![doc = include_str!("../README.md")]

mod clock;
mod command;
mod courier;
pub mod csv;
mod directory;
mod engine;
mod entropy;
mod error;
mod handle;
mod inbox;
mod job;
mod keyring;
mod pages;
mod principal;
mod queue;
mod removal;
mod service;
mod transaction;

pub use clock::{Clock, ManualClock, SystemClock};
pub use command::Command;
pub use courier::{Courier, CourierReport};
pub use directory::{Among, Directory, DirectoryError, MemoryDirectory, NoDirectory, Person};
pub use entropy::{Entropy, NoEntropy, SystemEntropy};
pub use error::{AnyRefusal, BuildError, Error, InvalidInput};
pub use handle::{Acting, Candidate, OrganizationHandle};
pub use inbox::{Answered, Waiting};
pub use keyring::Keyring;
pub use pages::{Page, PageRequest};
pub use principal::Principal;
pub use removal::UserRemoved;
pub use service::{ErasedIn, Invitations, InvitationsBuilder};

pub use invite_core as core;
pub use invite_mailer as mailer;
pub use invite_storage as storage;

pub use invite_core::{
    Accept, AcceptRefused, Accepted, Access, AccessModel, Actor, AddMembers, ApproveOutcome, ApproveRefused,
    Approvers, AskRefused, Asked, Block, Called, Caps, ChangeAccess, ContinueTo, ContinueUrls, Decline,
    Declined, Deliver, Domain, DomainJoining, DomainRule, DomainRules, DryRun, Edit, EmailAddress, Erase,
    Erased, Expiry, FormerOwner, FreeMail, Grant, Grants, Group, GroupId, GroupSettings, GroupStatus,
    HeaderLine, Include, Inclusion, InvalidContinueUrl, InvalidEmail, InvalidId, InvalidToken, Invitation,
    InvitationId, InvitationKind, InvitationState, Invite, InviteLink, InviteOutcome, InviteRefused,
    InviteResult, Invited, Invitee, InviteeEntry, Invitees, InviterPolicy, JoinGroupRefused, JoinPolicy,
    JoinRefused, JoinRequest, Joined, JoinedBy, Key, Limit, LinkEnding, LinkId, LinkSettings, LinkState,
    ListOptions, Member, MemberStatus, Metadata, MetadataPolicy, Mode, Nearness, NewMember, Next, OnPending,
    Operation, Organization, OrganizationId, OrganizationStatus, OwnerSeat, Permission, Plan, Preview,
    PreviewStatus, Rate, Refusal, RemoveMembers, RequestEnding, RequestId, RequestState, RequestWay, Resend,
    ResourceKind, RestoreMembers, Restriction, RevealAccounts, Role, RoleName, Scope, SeatClass, SeatPolicy,
    SeatUse, Settings, SuppressionKind, SuspendMembers, Switch, TheirInvitations, Token, UserId,
    VerifiedDomain, parse_list,
};
pub use invite_mailer::{Link, MailError, Mailer, Message, Rendered, Sender, Templates};
pub use invite_storage::{
    AsyncHostTransaction, GroupFilter, HostTransaction, InvitationEntry, InvitationFilter, LinkFilter,
    MemberFilter, Membership, RequestEntry, RequestFilter, RosterEntry, Storage, StorageError, WhichLinks,
};
