//! Rows and commits made by hand, for cases and for an adapter's own tests. No operation has a say in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::*;
use invite_storage::{CommitError, Position, Seek, Storage};

/// A moment, in seconds after some morning.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// The last moment that a store must keep: the last microsecond of the year 9999.
pub fn last_time() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(253_402_300_799_999_999).unwrap()
}

/// The organization that most rows are of.
pub fn acme() -> OrganizationId {
    organization("acme")
}

/// An organization's id.
pub fn organization(id: &str) -> OrganizationId {
    OrganizationId::parse(id).unwrap()
}

/// A user's id.
pub fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

/// A group's id.
pub fn group(id: &str) -> GroupId {
    GroupId::parse(id).unwrap()
}

/// An address.
pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// Everything from the beginning of a list.
pub fn all() -> Seek {
    first(10_000)
}

/// So many rows from the beginning of a list.
pub fn first(limit: u32) -> Seek {
    Seek { after: None, limit }
}

/// So many rows of a list behind a position.
pub fn behind(after: Option<Position>, limit: u32) -> Seek {
    Seek { after, limit }
}

fn entropy(n: u32) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[6..].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// The id of an invitation by number: ids sort as their numbers do.
pub fn invitation_id(n: u32) -> InvitationId {
    InvitationId::from_parts(at(0), entropy(n))
}

/// The id of a delivery by number: ids sort as their numbers do.
pub fn delivery_id(n: u32) -> DeliveryId {
    DeliveryId::from_parts(at(0), entropy(n))
}

/// A commit's id that no other call gives.
pub fn commit_id() -> CommitId {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    CommitId::from_parts(at(0), entropy(NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// An active organization at version 0, as it is before its first commit.
pub fn header(id: &str) -> Organization {
    Organization {
        id: organization(id),
        status: OrganizationStatus::Active,
        plan: Plan::seats("team", 5),
        settings: Settings::named(format!("{id} Ltd")),
        counts: Counts::default(),
        closing: BTreeSet::new(),
        suspended_by: None,
        verified: BTreeMap::new(),
        version: 0,
        created_at: at(0),
        last_at: at(0),
    }
}

/// A member by user and second of joining, with the role `member`.
pub fn member(id: &str, joined: i64) -> Member {
    Member {
        status: MemberStatus::Active,
        user: user(id),
        email: None,
        grants: Grant::role("member").into(),
        seat: None,
        joined_by: JoinedBy::BeingAdded,
        joined_at: at(joined),
        metadata: Metadata::default(),
    }
}

/// An invitation of an address by `ada`, made at its number in seconds, that never ends by itself.
pub fn invitation(n: u32, invitee: &str) -> Invitation {
    Invitation { mail_to: Some(address(invitee)), ..invitation_of(n, address(invitee)) }
}

/// An invitation of anybody by `ada`, made at its number in seconds, that never ends by itself and has no mail.
pub fn invitation_of(n: u32, invitee: impl Into<Invitee>) -> Invitation {
    Invitation {
        id: invitation_id(n),
        kind: InvitationKind::Membership,
        invitee: invitee.into(),
        name: None,
        grants: Grant::role("member").into(),
        inviter: Actor::User(user("ada")),
        created_at: at(n.into()),
        starts_at: None,
        expires_at: Expiry::Never,
        ended: None,
        nonce: Nonce::from_bytes([7; 16]),
        earlier_nonces: Vec::new(),
        revision: 0,
        mail_to: None,
        seat: None,
        message: None,
        locale: None,
        metadata: Metadata::default(),
        continue_to: None,
    }
}

/// The same invitation, ending at a second.
pub fn ending(row: Invitation, seconds: i64) -> Invitation {
    Invitation { expires_at: Expiry::At(at(seconds)), ..row }
}

/// The same invitation, revoked at a second.
pub fn revoked(row: Invitation, seconds: i64) -> Invitation {
    let because = RevokedBecause::Asked;
    Invitation { ended: Some((Ending::Revoked { because }, at(seconds))), ..row }
}

/// A group by id and second of its making: active, and nobody joins without an invitation.
pub fn a_group(id: &str, created: i64) -> Group {
    Group {
        id: group(id),
        status: GroupStatus::Active,
        settings: GroupSettings::named(format!("Group {id}")),
        creator: Actor::User(user("ada")),
        created_at: at(created),
    }
}

/// A member in a group, with the role `member` there, who joined at a second.
pub fn in_group(group_id: &str, user_id: &str, joined: i64) -> GroupMember {
    GroupMember { group: group(group_id), user: user(user_id), role: "member".into(), joined_at: at(joined) }
}

/// The id of an invite link by number: ids sort as their numbers do.
pub fn link_id(n: u32) -> LinkId {
    LinkId::from_parts(at(0), entropy(n))
}

/// An invite link of `ada`, made at its number in seconds.
pub fn link(n: u32) -> InviteLink {
    InviteLink {
        id: link_id(n),
        settings: LinkSettings::new(format!("Link {n}"), Grant::role("member")),
        revision: 0,
        switch: Switch::On,
        creator: Actor::User(user("ada")),
        created_at: at(n.into()),
        uses: 0,
        nonce: Nonce::from_bytes([7; 16]),
        earlier_nonces: Vec::new(),
        ended: None,
    }
}

/// The same link, removed at a second.
pub fn removed(row: InviteLink, seconds: i64) -> InviteLink {
    InviteLink { ended: Some((LinkEnding::Removed, at(seconds))), ..row }
}

/// The id of a join request by number: ids sort as their numbers do.
pub fn request_id(n: u32) -> RequestId {
    RequestId::from_parts(at(0), entropy(n))
}

/// A join request of a user for themselves, to the group `red`, made at its number in seconds, that ends after a day.
pub fn request(n: u32, by: &str) -> JoinRequest {
    JoinRequest {
        id: request_id(n),
        way: RequestWay::Group(group("red")),
        invitee: user(by).into(),
        by: user(by),
        email: None,
        name: None,
        grants: Grant::role("member").in_group(group("red")).into(),
        message: None,
        created_at: at(n.into()),
        expires_at: at(86_400),
        ended: None,
    }
}

/// The same join request, withdrawn at a second.
pub fn withdrawn(row: JoinRequest, seconds: i64) -> JoinRequest {
    JoinRequest { ended: Some((RequestEnding::Withdrawn, at(seconds))), ..row }
}

/// Adds join requests to a commit, and counts the open ones.
pub fn insert_requests(commit: &mut Commit, rows: &[JoinRequest]) {
    commit.requests.extend(rows.iter().cloned().map(RowChange::Insert));
    let open = rows.iter().filter(|row| row.is_open()).count();
    commit.header.as_mut().unwrap().counts.requests += u32::try_from(open).unwrap();
}

/// The place of an invitation in the organization.
pub fn place(row: &Invitation) -> Place {
    Place { scope: Scope::Organization, invitee: row.invitee.clone(), invitation: row.id }
}

/// The key of that place.
pub fn place_key(row: &Invitation) -> (Scope, Invitee) {
    (Scope::Organization, row.invitee.clone())
}

/// A suppression by an address, since second 1.
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

/// The record of a command by the system, kept for a day.
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
    let next = Organization { version: header.version + 1, ..header.clone() };
    Commit {
        id,
        organization: header.id.clone(),
        version: header.version,
        events: vec![event(id, next.version)],
        header: Some(next),
        members: Vec::new(),
        group_members: Vec::new(),
        groups: Vec::new(),
        links: Vec::new(),
        requests: Vec::new(),
        invitations: Vec::new(),
        places: Vec::new(),
        suppressions: Vec::new(),
        limits: Vec::new(),
        former: Vec::new(),
        deliveries: Vec::new(),
        commands: Vec::new(),
        erased: Erasures::default(),
    }
}

/// An event record of no particular fact.
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
        group: None,
        link: None,
        request: None,
        data: RecordData::default(),
    }
}

/// Adds invitations to a commit, with the places in the organization that the open ones take.
pub fn insert_invitations(commit: &mut Commit, rows: &[Invitation]) {
    commit.invitations.extend(rows.iter().cloned().map(RowChange::Insert));
    commit.places.extend(rows.iter().filter(|row| row.is_open()).map(place).map(RowChange::Insert));
}

/// Adds members to a commit.
pub fn insert_members(commit: &mut Commit, rows: &[Member]) {
    commit.members.extend(rows.iter().cloned().map(RowChange::Insert));
}

/// Writes a commit that must be written, and gives the header that follows.
pub async fn written(store: &dyn Storage, commit: &Commit) -> Organization {
    if let Err(error) = store.commit(commit).await {
        panic!("expected: a commit on version {} is written; seen: {error:?}", commit.version);
    }
    commit.header.clone().unwrap()
}

/// Creates `acme` with invitations and members.
pub async fn created(store: &dyn Storage, invitations: &[Invitation], members: &[Member]) -> Organization {
    let mut commit = on(&header("acme"));
    insert_invitations(&mut commit, invitations);
    insert_members(&mut commit, members);
    written(store, &commit).await
}

/// The header of an organization that exists, as it is now.
pub async fn current(store: &dyn Storage, id: &OrganizationId) -> Organization {
    let slice = store.load(id, &Reads::new(), at(0)).await.unwrap();
    slice.organization().cloned().unwrap_or_else(|| panic!("expected: {id} exists; seen: absent"))
}

/// Whether a commit was refused because the organization changed.
pub fn is_conflict(answer: &Result<(), CommitError>) -> bool {
    matches!(answer, Err(CommitError::Conflict))
}

/// All that the traits show of `acme` and of the people that most cases are about, as text.
pub async fn everything(store: &dyn Storage) -> String {
    const PEOPLE: [&str; 3] = ["ada", "bob", "eve"];
    let mut reads = Reads::new().due().sent_by(user("ada")).limits_of(&Actor::System);
    reads.due_requests = Reads::DUE;
    for n in 0..8 {
        reads = reads.invitation(invitation_id(n)).request(request_id(n));
    }
    let mut invitees = Vec::new();
    let (mut memberships, mut asked) = (Vec::new(), Vec::new());
    for name in PEOPLE {
        let invitee = Invitee::from(address(&format!("{name}@example.com")));
        reads = reads.person(user(name)).invitee(invitee.clone());
        reads.limits.insert(LimitSubject::Inviter(user(name)));
        reads.commands.insert(command(name, "").key);
        invitees.push(invitee);
        memberships.push(store.memberships(&user(name), &all()).await.unwrap());
        asked.push(store.requests_by(&user(name), &all()).await.unwrap());
    }
    let slice = store.load(&acme(), &reads, at(1_000)).await.unwrap();
    let invitations = store.invitations(&acme(), &Default::default(), at(1_000), &all()).await.unwrap();
    let requests = store.requests(&acme(), &Default::default(), at(1_000), &all()).await.unwrap();
    let roster = store.roster(&acme(), at(1_000), &all()).await.unwrap();
    let events = store.events(&acme(), 0, 1_000).await.unwrap();
    let inbox = store.inbox(&invitees, at(1_000), &all()).await.unwrap();
    let due = store.due().await.unwrap();
    let lists =
        format!("{invitations:#?}\n{requests:#?}\n{roster:#?}\n{memberships:#?}\n{inbox:#?}\n{asked:#?}");
    format!("{slice:#?}\n{lists}\n{events:#?}\n{due:?}")
}
