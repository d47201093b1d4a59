//! Rows and commits to ask a store about.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::{
    Actor, Commit, CommitId, Delivery, DeliveryId, DeliveryKind, DeliveryState, Draft, EmailAddress, Event,
    Expiry, Grant, Grants, Invitation, InvitationId, InvitationKind, Invitee, JoinedBy, Member, MemberStatus,
    Metadata, Nonce, OrganizationId, Plan, Reads, Settings, Slice, UserId, fold,
};
use invite_storage::{Seek, Storage};
use uuid::Uuid;

/// A moment, in seconds from the beginning of the world.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

static MADE: AtomicU64 = AtomicU64::new(1);

/// An id that was not used before.
pub fn fresh() -> Uuid {
    Uuid::from_u128(u128::from(MADE.fetch_add(1, Ordering::Relaxed)))
}

pub fn organization(id: &str) -> OrganizationId {
    OrganizationId::parse(id).unwrap()
}

pub fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

pub fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// A pending invitation by ada, made at 0, that ends at 1000.
pub fn invitation(invitee: impl Into<Invitee>) -> Invitation {
    let invitee = invitee.into();
    Invitation {
        id: InvitationId::from_uuid(fresh()),
        kind: InvitationKind::Membership,
        name: None,
        grants: Grant::role("member").into(),
        inviter: Actor::User(user("ada")),
        created_at: at(0),
        starts_at: None,
        expires_at: Expiry::At(at(1000)),
        ended: None,
        nonce: Nonce::from_bytes(fresh().into_bytes()),
        earlier_nonces: vec![],
        revision: 0,
        mail_to: invitee.address().cloned(),
        seat: None,
        message: None,
        locale: None,
        metadata: Metadata::new(),
        continue_to: None,
        invitee,
    }
}

pub fn member(id: &str, grants: impl Into<Grants>) -> Member {
    Member {
        status: MemberStatus::Active,
        user: user(id),
        email: None,
        grants: grants.into(),
        seat: None,
        joined_by: JoinedBy::BeingAdded,
        joined_at: at(0),
        metadata: Metadata::new(),
    }
}

pub fn delivery(organization: &OrganizationId, of: &Invitation, due_at: DateTime<Utc>) -> Delivery {
    Delivery {
        organization: organization.clone(),
        id: DeliveryId::from_uuid(fresh()),
        invitation: of.id,
        revision: of.revision,
        kind: DeliveryKind::Invitation,
        state: DeliveryState::Queued,
        due_at,
        created_at: due_at,
        lease: 0,
        leased_until: None,
        mailed_at: None,
        attempts: vec![],
    }
}

pub fn created(invitation: &Invitation) -> Event {
    Event::InvitationCreated { invitation: Box::new(invitation.clone()) }
}

pub fn joined(member: &Member) -> Event {
    Event::MemberJoined { member: Box::new(member.clone()) }
}

/// What a slice makes of some facts.
pub fn decided(slice: Slice, now: DateTime<Utc>, events: impl IntoIterator<Item = Event>) -> Commit {
    let draft = Draft::new(slice, now, CommitId::from_uuid(fresh()));
    fold(draft, events.into_iter().map(|event| (Actor::User(user("ada")), event))).into_commit()
}

/// Loads, decides, and leaves the commit to the caller.
pub async fn decide<S: Storage>(
    store: &S,
    id: &OrganizationId,
    reads: &Reads,
    now: DateTime<Utc>,
    events: impl IntoIterator<Item = Event>,
) -> Commit {
    decided(store.load(id, reads, now).await.unwrap(), now, events)
}

/// Facts about new rows, committed.
pub async fn commit<S: Storage>(
    store: &S,
    id: &OrganizationId,
    now: DateTime<Utc>,
    events: impl IntoIterator<Item = Event>,
) -> Commit {
    let commit = decide(store, id, &Reads::new(), now, events).await;
    store.commit(&commit).await.unwrap();
    commit
}

/// An organization made at 0, with ada as its owner.
pub async fn found<S: Storage>(store: &S, id: &str) -> OrganizationId {
    found_with(store, id, Plan::seats("team", 5)).await
}

pub async fn found_with<S: Storage>(store: &S, id: &str, plan: Plan) -> OrganizationId {
    let settings = Settings::named(format!("The {id}"));
    let id = organization(id);
    let mut ada = member("ada", Grant::role("owner"));
    ada.email = Some(email("ada@example.com"));
    ada.joined_by = JoinedBy::Creating;
    commit(store, &id, at(0), [Event::OrganizationCreated { plan, settings }, joined(&ada)]).await;
    id
}

pub fn first(limit: u32) -> Seek {
    Seek { after: None, limit }
}
