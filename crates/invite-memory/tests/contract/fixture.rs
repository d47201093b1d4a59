//! Rows and commits made by hand, so that the cases need no operation of core.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::*;
use invite_storage::{Seek, Storage};

/// A moment, in seconds after some morning.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

pub fn acme() -> OrganizationId {
    organization("acme")
}

pub fn organization(id: &str) -> OrganizationId {
    OrganizationId::parse(id).unwrap()
}

pub fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub fn all() -> Seek {
    Seek { after: None, limit: 10_000 }
}

fn entropy(n: u32) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[6..].copy_from_slice(&n.to_be_bytes());
    bytes
}

pub fn invitation_id(n: u32) -> InvitationId {
    InvitationId::from_parts(at(0), entropy(n))
}

pub fn delivery_id(n: u32) -> DeliveryId {
    DeliveryId::from_parts(at(0), entropy(n))
}

/// A commit id that no other call gives.
pub fn commit_id() -> CommitId {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    CommitId::from_parts(at(0), entropy(NEXT.fetch_add(1, Ordering::Relaxed)))
}

pub fn header(id: &str) -> Organization {
    Organization {
        id: organization(id),
        status: OrganizationStatus::Active,
        plan: Plan::seats("team", 5),
        settings: Settings::named(format!("{id} Ltd")),
        counts: Counts::default(),
        version: 0,
        created_at: at(0),
        last_at: at(0),
    }
}

pub fn member(id: &str, joined: i64) -> Member {
    Member {
        user: user(id),
        email: None,
        grants: Grant::role("member").into(),
        seat: None,
        joined_by: JoinedBy::BeingAdded,
        joined_at: at(joined),
        metadata: Metadata::default(),
    }
}

/// An invitation by `ada`, made at its number in seconds, that never ends by itself.
pub fn invitation(n: u32, invitee: &str) -> Invitation {
    Invitation {
        id: invitation_id(n),
        kind: InvitationKind::Membership,
        invitee: address(invitee).into(),
        name: None,
        grants: Grant::role("member").into(),
        inviter: Actor::User(user("ada")),
        created_at: at(n.into()),
        expires_at: Expiry::Never,
        ended: None,
        nonce: Nonce::from_bytes([7; 16]),
        earlier_nonces: Vec::new(),
        revision: 0,
        mail_to: Some(address(invitee)),
        seat: None,
        message: None,
        locale: None,
        metadata: Metadata::default(),
    }
}

pub fn revoked(mut row: Invitation, seconds: i64) -> Invitation {
    row.ended = Some((Ending::Revoked { because: RevokedBecause::Asked }, at(seconds)));
    row
}

pub fn place(row: &Invitation) -> Place {
    Place { scope: Scope::Organization, invitee: row.invitee.clone(), invitation: row.id }
}

pub fn suppression(invitee: &str, kind: SuppressionKind) -> Suppression {
    Suppression { invitee: address(invitee).into(), kind, at: at(1) }
}

/// A delivery for an invitation of `acme`, queued and due at its number in seconds.
pub fn delivery(n: u32, invitation: &Invitation) -> Delivery {
    Delivery {
        organization: acme(),
        id: delivery_id(n),
        invitation: invitation.id,
        revision: invitation.revision,
        kind: DeliveryKind::Invitation,
        state: DeliveryState::Queued,
        due_at: at(n.into()),
        created_at: at(n.into()),
        lease: 0,
        leased_until: None,
        mailed_at: None,
        attempts: Vec::new(),
    }
}

pub fn command(key: &str, outcome: &str) -> CommandRecord {
    CommandRecord {
        key: CommandKey { actor: Actor::System, operation: "invite".into(), key: key.into() },
        fingerprint: [3; 32],
        outcome: outcome.into(),
        expires_at: at(86_400),
    }
}

/// A commit on a header as it is: with no change so far, and one event.
pub fn on(header: &Organization) -> Commit {
    let id = commit_id();
    let mut next = header.clone();
    next.version += 1;
    Commit {
        id,
        organization: header.id.clone(),
        version: header.version,
        events: vec![event(id, next.version)],
        header: Some(next),
        members: Vec::new(),
        invitations: Vec::new(),
        places: Vec::new(),
        suppressions: Vec::new(),
        limits: Vec::new(),
        deliveries: Vec::new(),
        commands: Vec::new(),
    }
}

pub fn event(commit: CommitId, sequence: u64) -> EventRecord {
    EventRecord {
        sequence,
        commit,
        at: at(0),
        actor: Actor::System,
        kind: "settings-changed",
        format: RECORD_FORMAT,
        invitation: None,
        user: None,
        data: RecordData::default(),
    }
}

pub fn insert_invitations(commit: &mut Commit, rows: &[Invitation]) {
    commit.invitations.extend(rows.iter().cloned().map(RowChange::Insert));
    commit.places.extend(rows.iter().filter(|row| row.is_open()).map(place).map(RowChange::Insert));
}

/// Writes a commit that must be written, and gives the header that follows.
pub async fn written<S: Storage>(store: &S, commit: &Commit) -> Organization {
    store.commit(commit).await.unwrap();
    commit.header.clone().unwrap()
}

/// Creates `acme` with invitations and members.
pub async fn created<S: Storage>(store: &S, invitations: &[Invitation], members: &[Member]) -> Organization {
    let mut commit = on(&header("acme"));
    insert_invitations(&mut commit, invitations);
    commit.members = members.iter().cloned().map(RowChange::Insert).collect();
    written(store, &commit).await
}

/// All that can be read of `acme` in these cases, as text.
pub async fn everything<S: Storage>(store: &S) -> String {
    let mut reads = Reads::new().due().sent_by(user("ada"));
    for n in 0..8 {
        reads = reads.invitation(invitation_id(n));
    }
    for name in ["ada", "bob", "eve"] {
        reads = reads.person(user(name)).invitee(address(&format!("{name}@example.com")).into());
        reads.limits.insert(LimitSubject::Inviter(user(name)));
        reads.commands.insert(command(name, "").key);
    }
    let slice = store.load(&acme(), &reads, at(1_000)).await.unwrap();
    let invitations = store.invitations(&acme(), &Default::default(), at(1_000), &all()).await.unwrap();
    let roster = store.roster(&acme(), at(1_000), &all()).await.unwrap();
    let events = store.events(&acme(), 0, 1_000).await.unwrap();
    let mut invitees = Vec::new();
    let mut memberships = Vec::new();
    for name in ["ada", "bob", "eve"] {
        invitees.push(address(&format!("{name}@example.com")).into());
        memberships.push(store.memberships(&user(name), &all()).await.unwrap());
    }
    let inbox = store.inbox(&invitees, at(1_000), &all()).await.unwrap();
    let due = store.due().await.unwrap();
    format!("{slice:?}\n{invitations:?}\n{roster:?}\n{events:?}\n{memberships:?}\n{inbox:?}\n{due:?}")
}
