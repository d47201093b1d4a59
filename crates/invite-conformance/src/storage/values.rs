//! Cases of the sentence that values come back as they were.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::*;
use invite_storage::{RosterEntry, Storage};

use super::Subject;
use super::rows::*;

const TEXTS: &str = "Ἀθήνα 東京 مرحبا 👩‍🚀 'quoted' \"twice\" \\ %_ ;-- \u{200f}";

/// Writes invitations, members and deliveries on a header, and asks for each of them again.
async fn come_back(
    store: &dyn Storage,
    header: &Organization,
    invitations: &[Invitation],
    members: &[Member],
    deliveries: &[Delivery],
) -> Organization {
    let mut commit = on(header);
    commit.invitations = invitations.iter().cloned().map(RowChange::Insert).collect();
    insert_members(&mut commit, members);
    commit.deliveries = deliveries.to_vec();
    let header = written(store, &commit).await;
    let mut reads = Reads::new();
    reads.invitations.extend(invitations.iter().map(|row| row.id));
    reads.members.extend(members.iter().map(|row| row.user.clone()));
    let slice = store.load(&header.id, &reads, at(0)).await.unwrap();
    assert_eq!(slice.organization(), Some(&header), "the organization");
    for row in invitations {
        is_as_it_was(slice.invitation(row.id).unwrap(), row);
    }
    for row in members {
        assert_eq!(slice.member(&row.user).unwrap(), Some(row), "a member");
    }
    let listed = store.invitations(&header.id, &Default::default(), at(0), &all()).await.unwrap();
    for row in deliveries {
        let entry = listed.iter().find(|entry| entry.invitation.id == row.invitation);
        assert_eq!(
            entry.and_then(|entry| entry.delivery.as_ref()),
            Some(row),
            "the delivery of an invitation"
        );
    }
    header
}

/// Field by field, for `Debug` leaves out what is nobody's business.
fn is_as_it_was(seen: Option<&Invitation>, row: &Invitation) {
    let Some(seen) = seen else { panic!("expected: {row:?}; seen: no invitation") };
    let typed = |row: &Invitation| {
        let invitee = row.invitee.address().map(|address| address.as_str().to_owned());
        (invitee, row.mail_to.as_ref().map(|address| address.as_str().to_owned()))
    };
    let bytes = |row: &Invitation| {
        let nonces = std::iter::once(&row.nonce).chain(&row.earlier_nonces);
        nonces.map(|nonce| nonce.as_bytes().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(typed(seen), typed(row), "addresses of an invitation, as typed");
    assert!(bytes(seen) == bytes(row), "expected: the nonces of {:?} as they were; seen: others", row.id);
    assert_eq!(seen.name, row.name, "the name on an invitation");
    assert_eq!(seen.message, row.message, "the message on an invitation");
    assert_eq!(seen.locale, row.locale, "the locale of an invitation");
    assert_eq!(seen.metadata, row.metadata, "the metadata of an invitation");
    assert_eq!(seen.continue_to, row.continue_to, "where an invitation leads on to");
    assert_eq!(seen, row, "an invitation");
}

fn fine(micros: i64) -> DateTime<Utc> {
    at(1) + TimeDelta::microseconds(123_457 + micros)
}

/// A row with something in every column.
fn full(n: u32) -> Invitation {
    Invitation {
        kind: InvitationKind::Ownership {
            former: FormerOwner::Becomes(Access::role("admin").adding("posts.write")),
        },
        invitee: address("Jürgen.Köhler@Straße.example").into(),
        name: Some(TEXTS.into()),
        grants: Grants::from([
            Grant::role("member").removing("posts.create"),
            Grant::role("editor")
                .until(fine(7))
                .in_group(group("グループ"))
                .restricted("line", Restriction::only(["1", "2"])),
        ]),
        inviter: Actor::User(user("ädä")),
        starts_at: Some(at(500)),
        expires_at: Expiry::At(at(1_000)),
        nonce: Nonce::from_bytes([0xA5; 16]),
        earlier_nonces: vec![
            Nonce::from_bytes([1; 16]),
            Nonce::from_bytes([2; 16]),
            Nonce::from_bytes([0; 16]),
        ],
        revision: 3,
        mail_to: Some(address("Jürgen.Köhler@Straße.example")),
        seat: Some(SeatClass::from("team")),
        message: Some(format!("{TEXTS}\n\r\n\t{TEXTS}")),
        locale: Some("zh-Hant-TW".into()),
        metadata: Metadata::from([(TEXTS.to_owned(), TEXTS.to_owned()), (String::new(), String::new())]),
        continue_to: Some(format!("https://app.example/after?{}", "%C3%BC".repeat(150))),
        ..invitation(n, "x@example.com")
    }
}

fn full_member() -> Member {
    Member {
        status: MemberStatus::Suspended,
        email: Some(address("ada+list@example.com")),
        grants: full(1).grants,
        seat: Some(SeatClass::from("team")),
        joined_by: JoinedBy::Accepting(invitation_id(1)),
        metadata: full(1).metadata,
        ..member("ädä", 3)
    }
}

fn full_header(id: &str) -> Organization {
    let rate = Rate::per(3, TimeDelta::minutes(1)).unwrap();
    Organization {
        plan: Plan::seats("team", 5)
            .and_seats("client", Limit::Unlimited)
            .entitled("platform", Restriction::only(["x", "漢字"]))
            .seat_policy(SeatPolicy::TakeOnAccept)
            .pending(Limit::AtMost(7))
            .organization_rate(rate)
            .inviter_rate(rate),
        settings: Settings::named(TEXTS)
            .described(TEXTS)
            .about("https://example.com/?q=ü")
            .expiry_seconds(7)
            .inclusion(Inclusion::Always)
            .domains(DomainRules::new().deny(DomainRule::parse("*.example.com").unwrap())),
        counts: Counts {
            members: 3,
            owners: 1,
            pending: 2,
            groups: 5,
            links: 4,
            requests: 6,
            seats: [(SeatClass::from("team"), SeatCount { used: 3, reserved: 2 })].into(),
        },
        ..header(id)
    }
}

pub(super) async fn values_come_back(fixture: Subject) {
    let store = fixture.storage();
    let mail = Delivery {
        kind: DeliveryKind::Reminder,
        state: DeliveryState::Bounced,
        lease: 17,
        mailed_at: Some(at(5)),
        attempts: vec![Attempt { at: at(6), error: Some(TEXTS.into()) }, Attempt { at: at(7), error: None }],
        ..delivery(1, &full(1))
    };
    let header = come_back(store, &full_header("acme"), &[full(1)], &[full_member()], &[mail]).await;

    let record = CommandRecord {
        fingerprint: std::array::from_fn(|n| n as u8),
        outcome: TEXTS.into(),
        ..command(TEXTS, "")
    };
    let blocked = Suppression { invitee: full(1).invitee, kind: SuppressionKind::Invitations, at: at(8) };
    let mut commit = on(&header);
    commit.suppressions = vec![RowChange::Insert(blocked.clone())];
    commit.limits =
        vec![(LimitSubject::Inviter(user("ädä")), at(9)), (LimitSubject::Asker(user("ädä")), at(8))];
    commit.commands = vec![record.clone()];
    let event = &mut commit.events[0];
    event.at = at(10);
    event.actor = Actor::User(user("ädä"));
    event.kind = "invitation-created";
    event.invitation = Some(invitation_id(1));
    event.user = Some(user("ädä"));
    event.data.after = Some(Box::new(Facts::from(&full(1))));
    event.data.before = Some(Box::new(Facts::from(&full_member())));
    event.data.reason = Some(TEXTS.into());
    written(store, &commit).await;

    let mut reads = Reads::new().invitee(blocked.invitee.clone()).limits_of(&Actor::User(user("ädä")));
    reads.limits.insert(LimitSubject::Asker(user("ädä")));
    reads.commands.insert(record.key.clone());
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.suppressed_since(&blocked.invitee, blocked.kind).unwrap(), Some(at(8)));
    assert_eq!(slice.suppressed_since(&blocked.invitee, SuppressionKind::Mail).unwrap(), None);
    assert_eq!(slice.limit(&LimitSubject::Inviter(user("ädä"))).unwrap(), Some(at(9)));
    assert_eq!(slice.limit(&LimitSubject::Asker(user("ädä"))).unwrap(), Some(at(8)));
    assert_eq!(slice.command(&record.key).unwrap(), Some(&record), "the record of a command");
    let entry = store.events(&acme(), 1, 1).await.unwrap().remove(0);
    let event = &commit.events[0];
    assert_eq!((entry.sequence, entry.commit, entry.at), (2, commit.id, at(10)));
    assert_eq!((&entry.actor, entry.kind.as_str(), entry.format), (&event.actor, event.kind, event.format));
    assert_eq!((entry.invitation, &entry.user), (event.invitation, &event.user));
    let seen = serde_json::from_str::<serde_json::Value>(&entry.data).unwrap();
    assert_eq!(seen, serde_json::to_value(&event.data).unwrap(), "the data of an event, as JSON");
}

/// Every time of every row, one microsecond apart, none at a whole millisecond.
pub(super) async fn values_come_back_to_the_microsecond(fixture: Subject) {
    let store = fixture.storage();
    let row = Invitation {
        created_at: fine(1),
        starts_at: Some(fine(6)),
        expires_at: Expiry::At(fine(2)),
        ended: Some((Ending::Expired, fine(3))),
        ..invitation(1, "bob@example.com")
    };
    let joined = Member { joined_at: fine(4), ..member("ada", 0) };
    let mail = Delivery {
        due_at: fine(5),
        created_at: fine(6),
        mailed_at: Some(fine(7)),
        attempts: vec![Attempt { at: fine(8), error: None }],
        ..delivery(1, &row)
    };
    let header = Organization { created_at: fine(9), last_at: fine(10), ..header("acme") };
    let header = come_back(store, &header, &[row], &[joined], &[mail]).await;

    let record = CommandRecord { expires_at: fine(11), ..command("k", "") };
    let mut commit = on(&header);
    commit.suppressions = vec![RowChange::Insert(Suppression {
        at: fine(12),
        ..suppression("bob@example.com", SuppressionKind::Mail)
    })];
    commit.limits = vec![(LimitSubject::Organization, fine(13))];
    commit.commands = vec![record.clone()];
    commit.events[0].at = fine(14);
    written(store, &commit).await;
    let bob = address("bob@example.com").into();
    let mut reads = Reads::new().invitee(Invitee::clone(&bob)).limits_of(&Actor::System);
    reads.commands.insert(record.key.clone());
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.suppressed_since(&bob, SuppressionKind::Mail).unwrap(), Some(fine(12)));
    assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), Some(fine(13)));
    assert_eq!(slice.command(&record.key).unwrap(), Some(&record));
    assert_eq!(store.events(&acme(), 1, 1).await.unwrap()[0].at, fine(14));

    assert_eq!(store.due().await.unwrap(), Some(fine(5)), "when the delivery is due");
    let taken = store.lease(fine(5), fine(20), 1).await.unwrap().leased;
    assert_eq!(taken.len(), 1, "what is due at this very microsecond");
    assert_eq!(taken[0].delivery.leased_until, Some(fine(20)), "the end of a lease");
}

/// The longest ids, the first and the last time, the largest numbers.
pub(super) async fn values_come_back_at_the_extremes(fixture: Subject) {
    let store = fixture.storage();
    let long = "ü".repeat(MAX_ID_BYTES / 2);
    let other = "b".repeat(MAX_ID_BYTES);
    let (label, shorter) = ("d".repeat(60), "d".repeat(59));
    let far = format!("{}@{shorter}.{label}.{label}.example", "l".repeat(64));
    assert_eq!(far.len(), MAX_EMAIL_BYTES);
    let last = last_time();
    let mut grants = Grants::from([Grant::role("r".repeat(64)).in_group(group(&other))]);
    for n in 0..40 {
        grants.set(Grant::role("member").in_group(group(&format!("{n:0>128}"))));
    }
    let row = Invitation {
        id: InvitationId::from_uuid(InvitationId::from_parts(last, [255; 10]).as_uuid()),
        grants: grants.clone(),
        inviter: Actor::User(user(&long)),
        created_at: MIN_TIME,
        expires_at: Expiry::At(last),
        revision: u32::MAX,
        mail_to: Some(address(&far)),
        message: Some("m".repeat(20_000)),
        metadata: (0..50).map(|n| (format!("key-{n}"), "v".repeat(500))).collect(),
        nonce: Nonce::from_bytes([255; 16]),
        ..invitation(1, &far)
    };
    let by_id = Invitation {
        created_at: last,
        ended: Some((Ending::Expired, last)),
        ..invitation_of(2, user(&other))
    };
    let joined = Member { email: Some(address(&far)), grants, joined_at: MIN_TIME, ..member(&long, 0) };
    let later = Member { joined_at: last, ..member(&other, 0) };
    let mail = Delivery {
        organization: organization(&long),
        due_at: MIN_TIME,
        created_at: last,
        lease: u32::MAX - 1,
        revision: u32::MAX,
        attempts: (0..40).map(|n| Attempt { at: at(n), error: Some("e".repeat(300)) }).collect(),
        ..delivery(1, &row)
    };
    let many = Counts {
        members: u32::MAX,
        owners: u32::MAX,
        pending: u32::MAX,
        groups: u32::MAX,
        links: u32::MAX,
        requests: u32::MAX,
        seats: [(SeatClass::from("team"), SeatCount { used: u32::MAX, reserved: u32::MAX })].into(),
    };
    let header = Organization { counts: many, created_at: MIN_TIME, last_at: last, ..header(&long) };
    come_back(store, &header, &[row, by_id], &[joined, later], &[mail]).await;
    assert_eq!(store.due().await.unwrap(), Some(MIN_TIME));
    let taken = store.lease(MIN_TIME, last, 1).await.unwrap().leased;
    assert_eq!(taken.iter().map(|leased| leased.delivery.lease).collect::<Vec<_>>(), [u32::MAX]);
    let memberships = store.memberships(&user(&other), &all()).await.unwrap();
    assert_eq!(memberships.iter().map(|row| row.organization.as_str()).collect::<Vec<_>>(), [long.as_str()]);
}

/// What is empty is neither absent nor something else, and what is absent is not empty.
pub(super) async fn values_come_back_when_empty(fixture: Subject) {
    let store = fixture.storage();
    let empty = Invitation {
        name: Some(String::new()),
        message: Some(String::new()),
        locale: Some(String::new()),
        continue_to: Some(String::new()),
        metadata: Metadata::from([(String::new(), String::new())]),
        ..invitation_of(1, user("bob"))
    };
    let bare = invitation_of(2, user("0"));
    let zeros = Invitation { nonce: Nonce::from_bytes([0; 16]), ..invitation_of(3, user("\u{200b}")) };
    let joined = member(" ", 0);
    let mut header = Organization { settings: Settings::named(""), plan: Plan::new(), ..header("acme") };
    header = come_back(store, &header, &[empty, bare, zeros], &[joined], &[]).await;
    let record = CommandRecord {
        key: CommandKey { actor: Actor::User(user("a")), operation: String::new(), key: " ".into() },
        fingerprint: [0; 32],
        ..command("", "")
    };
    let mut commit = on(&header);
    commit.commands = vec![record.clone()];
    written(store, &commit).await;
    let mut reads = Reads::new();
    reads.commands.insert(record.key.clone());
    let other = CommandKey { actor: Actor::System, ..record.key.clone() };
    reads.commands.insert(other.clone());
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.command(&record.key).unwrap(), Some(&record));
    assert_eq!(slice.command(&other).unwrap(), None, "the same key of another actor");
}

/// Every variant of every value.
pub(super) async fn values_come_back_in_every_variant(fixture: Subject) {
    let store = fixture.storage();
    let mut header = header("acme");
    let endings = [
        Ending::Accepted { user: user("bob") },
        Ending::Included { user: user("bob") },
        Ending::Declined { user: user("eve") },
        Ending::Expired,
        Ending::Revoked { because: RevokedBecause::Asked },
        Ending::Revoked { because: RevokedBecause::Replaced },
        Ending::Revoked { because: RevokedBecause::InviteeBlocked },
        Ending::Revoked { because: RevokedBecause::OrganizationClosed },
    ];
    let kinds = [
        InvitationKind::Membership,
        InvitationKind::Ownership { former: FormerOwner::Stays },
        InvitationKind::Ownership { former: FormerOwner::Becomes(Access::role("admin")) },
    ];
    let mut rows = Vec::new();
    for ending in endings {
        let row = invitation(u32::try_from(rows.len()).unwrap(), "bob@example.com");
        rows.push(Invitation { ended: Some((ending, at(4))), inviter: Actor::System, ..row });
    }
    for kind in kinds {
        let n = u32::try_from(rows.len()).unwrap();
        rows.push(Invitation { kind, ..invitation(n, &format!("{n}@example.com")) });
    }
    let joined_by = [
        JoinedBy::Creating,
        JoinedBy::Accepting(invitation_id(1)),
        JoinedBy::BeingAdded,
        JoinedBy::Included { by: Actor::System, invitation: invitation_id(2) },
        JoinedBy::Included { by: Actor::User(user("ädä")), invitation: invitation_id(3) },
    ];
    let members = joined_by
        .into_iter()
        .zip(0..)
        .map(|(joined_by, n)| Member { joined_by, ..member(&format!("user-{n}"), n) });
    let members = members.collect::<Vec<_>>();
    let states = DeliveryState::ALL.into_iter().zip(&rows).zip(0..);
    let kinds = [DeliveryKind::Invitation, DeliveryKind::Included, DeliveryKind::Reminder];
    let mails = states
        .zip(kinds.into_iter().cycle())
        .map(|(((state, row), n), kind)| Delivery { state, kind, ..delivery(n, row) })
        .collect::<Vec<_>>();
    header = come_back(store, &header, &rows, &members, &mails).await;
    let (suspended, somebody) = (OrganizationStatus::Suspended, Actor::User(user("ädä")));
    for (status, suspended_by) in [
        (suspended, Some(somebody)),
        (suspended, Some(Actor::System)),
        (OrganizationStatus::Closed, None),
        (OrganizationStatus::Active, None),
    ] {
        let mut commit = on(&header);
        let row = commit.header.as_mut().unwrap();
        (row.status, row.suspended_by) = (status, suspended_by);
        header = written(store, &commit).await;
        assert_eq!(current(store, &acme()).await, header, "{status:?}");
    }
    let roster = store.roster(&acme(), at(5), &all()).await.unwrap();
    for member in members {
        assert!(roster.contains(&RosterEntry::Member(member)), "every member stands in the roster as it is");
    }
}

/// Addresses are compared in one form, and come back in the other.
pub(super) async fn values_come_back_as_typed(fixture: Subject) {
    let store = fixture.storage();
    let typed = "BOB.Smith+List@ExamPle.COM";
    let row = invitation(1, typed);
    let joined = Member { email: Some(address("ADA@Example.COM")), ..member("ada", 0) };
    created(store, std::slice::from_ref(&row), &[joined]).await;
    let reads = Reads::new().invitee(address("bob.smith+list@example.com").into()).member(user("ada"));
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    let open = slice.open_of(&row.invitee).unwrap().next();
    is_as_it_was(open, &row);
    let email = slice.member(&user("ada")).unwrap().unwrap().email.as_ref().unwrap();
    assert_eq!(email.as_str(), "ADA@Example.COM", "the address of a member, as typed");
    let listed = store.invitations(&acme(), &Default::default(), at(0), &all()).await.unwrap();
    is_as_it_was(listed.first().map(|entry| &entry.invitation), &row);
}

/// What several facts of one commit make of one row is one change, and comes back as the last of them left it.
pub(super) async fn values_come_back_after_several_changes_in_one_commit(fixture: Subject) {
    let store = fixture.storage();
    let settings = Settings::named("Acme");
    let ada = Member { grants: Grant::role("owner").into(), ..member("ada", 0) };
    let joined = |row: &Member| Event::MemberJoined { member: Box::new(row.clone()) };
    let created = |row: &Invitation| Event::InvitationCreated { invitation: Box::new(row.clone()) };
    let ended = |row: &Invitation| Event::InvitationEnded {
        id: row.id,
        ending: Ending::Revoked { because: RevokedBecause::Replaced },
        reason: None,
    };
    let access = |role: &str, seat: Option<&str>| Event::MemberAccessChanged {
        user: user("bob"),
        grants: Grant::role(role).into(),
        seat: seat.map(Into::into),
    };
    let (first, second, third) = (
        invitation(1, "bob@example.com"),
        invitation(2, "bob@example.com"),
        invitation(3, "bob@example.com"),
    );
    let batches = [
        // Created and ended at once: never open for anybody else.
        vec![
            Event::OrganizationCreated { plan: Plan::seats("team", 5), settings },
            joined(&ada),
            created(&first),
            ended(&first),
        ],
        // Ended and succeeded, twice, in the same place.
        vec![created(&second)],
        vec![ended(&second), created(&third), ended(&third), created(&invitation(4, "bob@example.com"))],
        // Three changes of one member, who was not there before.
        vec![joined(&member("bob", 5)), access("lead", Some("team")), access("admin", None)],
        // Three changes of one member, who was.
        vec![access("lead", None), access("client", Some("client")), access("admin", Some("team"))],
        // Gone and back.
        vec![Event::MemberRemoved { user: user("bob") }, joined(&member("bob", 9))],
        // There and gone at once.
        vec![joined(&member("carl", 9)), Event::MemberLeft { user: user("carl") }],
        // Whoever leaves is not included again.
        vec![Event::MemberLeft { user: user("bob") }],
        // A record that was never open.
        vec![Event::Included {
            invitation: Box::new(Invitation {
                ended: Some((Ending::Included { user: user("bob") }, at(17))),
                ..invitation(5, "bob@example.com")
            }),
        }],
        vec![
            Event::Suppressed { invitee: user("bob").into(), kind: SuppressionKind::Mail },
            Event::Unsuppressed { invitee: user("bob").into(), kind: SuppressionKind::Mail },
            Event::Suppressed { invitee: user("bob").into(), kind: SuppressionKind::Mail },
        ],
    ];
    let mut reads = Reads::new().invitee(first.invitee.clone()).person(user("bob")).member(user("carl"));
    reads.invitations.extend((1..=5).map(invitation_id));
    for (n, facts) in batches.into_iter().enumerate() {
        let now = at(10 + i64::try_from(n).unwrap());
        let slice = store.load(&acme(), &reads, now).await.unwrap();
        let draft =
            fold(Draft::new(slice, now, commit_id()), facts.into_iter().map(|fact| (Actor::System, fact)));
        let expected = super::seen::Seen::of(&draft, &reads).unwrap();
        written(store, &draft.into_commit()).await;
        let slice = store.load(&acme(), &reads, now).await.unwrap();
        let difference = super::seen::Seen::of(&slice, &reads).unwrap().difference(&expected);
        assert_eq!(difference, None, "commit {n}: what is stored is what its facts make of what was stored");
    }
}
