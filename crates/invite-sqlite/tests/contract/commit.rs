//! Cases of the sentences on commits.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use invite_core::{
    Access, Actor, Attempt, CommandKey, CommandRecord, Commit, CommitId, DeliveryKind, DeliveryState, Ending,
    Event, Expiry, FormerOwner, Grant, InvitationId, InvitationKind, JoinedBy, LimitSubject, Nonce,
    Organization, OrganizationId, Place, Plan, Reads, Restriction, RevokedBecause, RowChange, Scope,
    Settings, Suppression, SuppressionKind,
};
use invite_storage::{CommitError, InvitationFilter, MemberFilter, RosterEntry, Storage};
use tokio::sync::Barrier;

use super::world::*;

pub async fn version_guards<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let reads = Reads::new().member(user("bob")).member(user("eve"));
    let join = |name: &str| [joined(&member(name, Grant::role("member")))];
    let first = decide(&*store, &acme, &reads, at(1), join("bob")).await;
    let second = decide(&*store, &acme, &reads, at(1), join("eve")).await;
    store.commit(&first).await.unwrap();
    let before = seen(&*store, &acme, &reads).await;

    assert!(is_conflict(store.commit(&second).await), "decided on an earlier version");
    let later = moved(&second, &acme, second.version + 7);
    assert!(is_conflict(store.commit(&later).await), "decided on a later version");
    let anew = decide(&*store, &organization("other"), &reads, at(1), created_organization()).await;
    assert!(is_conflict(store.commit(&moved(&anew, &acme, 0)).await), "the organization exists");
    let nowhere = moved(&second, &organization("nowhere"), second.version);
    assert!(is_conflict(store.commit(&nowhere).await), "the organization does not exist");
    let without_header = Commit {
        header: None,
        members: vec![],
        events: vec![],
        commands: vec![command("k", 1)],
        ..second.clone()
    };
    assert!(is_conflict(store.commit(&without_header).await), "nothing but a command, on an earlier version");
    assert_eq!(seen(&*store, &acme, &reads).await, before);

    let current = Commit { version: first.version + 1, ..without_header };
    store.commit(&current).await.unwrap();
    assert_eq!(store.load(&acme, &reads, at(1)).await.unwrap().version(), first.version + 1);
}

/// No version would make such a commit right: a caller that took it for a conflict would try for ever.
pub async fn a_commit_that_contradicts_itself_is_no_conflict<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let reads = Reads::new().member(user("bob"));
    let sound = decide(&*store, &acme, &reads, at(1), [joined(&member("bob", Grant::role("member")))]).await;
    let before = seen(&*store, &acme, &reads).await;
    let spoils: [&dyn Fn(&mut Commit); 3] = [
        &|commit| commit.header.as_mut().unwrap().version += 1,
        &|commit| commit.header.as_mut().unwrap().id = organization("globex"),
        &|commit| commit.header = None,
    ];
    for spoil in spoils {
        let mut commit = sound.clone();
        spoil(&mut commit);
        let refused = store.commit(&commit).await;
        assert!(matches!(refused, Err(CommitError::Storage(_))));
        assert_eq!(seen(&*store, &acme, &reads).await, before);
    }
}

/// The same change, as if it had been decided on another organization or version.
fn moved(commit: &Commit, organization: &OrganizationId, version: u64) -> Commit {
    let mut commit = Commit { organization: organization.clone(), version, ..commit.clone() };
    for (record, sequence) in commit.events.iter_mut().zip(version + 1..) {
        record.sequence = sequence;
    }
    let version = version + commit.events.len() as u64;
    commit.header = commit.header.map(|row| Organization { id: organization.clone(), version, ..row });
    commit
}

fn created_organization() -> [Event; 1] {
    [Event::OrganizationCreated { plan: Plan::new(), settings: Settings::named("Acme") }]
}

/// CON-1
pub async fn of_commits_on_one_version_one_is_written<S: Storage>(store: Arc<S>) {
    for exists in [true, false] {
        let id = if exists { found(&*store, "acme").await } else { organization("new") };
        let barrier = Arc::new(Barrier::new(8));
        let racing = (0..8).map(|n| {
            let (store, id, barrier) = (store.clone(), id.clone(), barrier.clone());
            tokio::spawn(async move {
                let events = if exists {
                    vec![joined(&member(&format!("user{n}"), Grant::role("member")))]
                } else {
                    created_organization().into()
                };
                let commit = decide(&*store, &id, &Reads::new(), at(1), events).await;
                barrier.wait().await;
                let written = store.commit(&commit).await;
                assert!(written.is_ok() || is_conflict(written), "anything else is no answer");
                store.find_commit(&id, commit.id).await.unwrap()
            })
        });
        let mut won = 0;
        for racer in racing.collect::<Vec<_>>() {
            won += usize::from(racer.await.unwrap());
        }
        assert_eq!(won, 1);
        let events = store.events(&id, 0, 99).await.unwrap();
        assert_eq!(events.len(), if exists { 3 } else { 1 });
    }
}

fn command(key: &str, fingerprint: u8) -> CommandRecord {
    CommandRecord {
        key: CommandKey { actor: Actor::User(user("ada")), operation: "invite".into(), key: key.into() },
        fingerprint: [fingerprint; 32],
        outcome: "[]".into(),
        expires_at: at(100),
    }
}

pub async fn all_or_nothing<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let bob = invitation(email("bob@example.com"));
    let mut made = decide(&*store, &acme, &Reads::new(), at(1), [created(&bob)]).await;
    made.deliveries.push(delivery(&acme, &bob, at(1)));
    store.commit(&made).await.unwrap();

    let eve = invitation(email("eve@example.com"));
    let reads = Reads::new().invitee(eve.invitee.clone()).member(user("carl")).limits_of(&Actor::System);
    let before = seen(&*store, &acme, &reads).await;
    let events = [created(&eve), joined(&member("carl", Grant::role("member")))];
    let mut failing = decide(&*store, &acme, &reads, at(2), events).await;
    failing.limits.push((LimitSubject::Organization, at(3)));
    // The last rows of the commit are taken already.
    failing.deliveries = made.deliveries;
    assert!(is_conflict(store.commit(&failing).await));
    assert_eq!(seen(&*store, &acme, &reads).await, before);
    assert!(!store.find_commit(&acme, failing.id).await.unwrap());

    failing.deliveries.clear();
    store.commit(&failing).await.unwrap();
}

pub async fn insert_is_not_put<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let (bob, gone) = (invitation(email("bob@example.com")), invitation(email("gone@example.com")));
    let ada = member("ada", Grant::role("owner"));
    let nobody = member("nobody", Grant::role("member"));
    let blocked = Suppression { invitee: bob.invitee.clone(), kind: SuppressionKind::Mail, at: at(1) };
    let free = Suppression { invitee: gone.invitee.clone(), kind: SuppressionKind::Mail, at: at(1) };
    let suppressed = Event::Suppressed { invitee: bob.invitee.clone(), kind: SuppressionKind::Mail };
    commit(&*store, &acme, at(1), [created(&bob), suppressed]).await;
    let place = |of: &invite_core::Invitation| Place {
        scope: Scope::Organization,
        invitee: of.invitee.clone(),
        invitation: of.id,
    };
    let base = decide(&*store, &acme, &Reads::new(), at(2), [Event::OrganizationSuspended]).await;
    let members = |change| Commit { members: vec![change], ..base.clone() };
    let invitations = |change| Commit { invitations: vec![change], ..base.clone() };
    let places = |change| Commit { places: vec![change], ..base.clone() };
    let suppressions = |change| Commit { suppressions: vec![change], ..base.clone() };
    let free_key = (free.invitee.clone(), free.kind);
    let wrong = [
        ("member inserted twice", members(RowChange::Insert(ada))),
        ("no member to update", members(RowChange::Update(nobody))),
        ("no member to delete", members(RowChange::Delete(user("nobody")))),
        ("invitation inserted twice", invitations(RowChange::Insert(bob.clone()))),
        ("no invitation to update", invitations(RowChange::Update(gone.clone()))),
        ("no invitation to delete", invitations(RowChange::Delete(gone.id))),
        ("place inserted twice", places(RowChange::Insert(place(&bob)))),
        ("no place to update", places(RowChange::Update(place(&gone)))),
        ("no place to delete", places(RowChange::Delete((Scope::Organization, gone.invitee.clone())))),
        ("suppression inserted twice", suppressions(RowChange::Insert(blocked))),
        ("no suppression to update", suppressions(RowChange::Update(free))),
        ("no suppression to delete", suppressions(RowChange::Delete(free_key))),
    ];
    let reads = Reads::new().invitation(bob.id).invitee(gone.invitee.clone());
    let before = seen(&*store, &acme, &reads).await;
    for (name, commit) in wrong {
        assert!(is_conflict(store.commit(&commit).await), "{name}");
        assert_eq!(seen(&*store, &acme, &reads).await, before, "{name}");
    }
    let mut same_sequence = base.clone();
    for record in &mut same_sequence.events {
        record.sequence = 1;
    }
    assert!(is_conflict(store.commit(&same_sequence).await), "event inserted twice");
    store.commit(&base).await.unwrap();
}

pub async fn limits_and_commands_are_put<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    for round in 1..=2_u8 {
        let kept = at(round.into());
        let mut commit = decide(&*store, &acme, &Reads::new(), at(2), [Event::OrganizationSuspended]).await;
        commit.limits = vec![(LimitSubject::Organization, kept), (LimitSubject::Inviter(user("ada")), kept)];
        commit.commands = vec![command("k", round)];
        store.commit(&commit).await.unwrap();
        let mut reads = Reads::new().limits_of(&Actor::User(user("ada")));
        reads.commands.insert(command("k", 0).key);
        let slice = store.load(&acme, &reads, at(3)).await.unwrap();
        assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), Some(kept));
        assert_eq!(slice.limit(&LimitSubject::Inviter(user("ada"))).unwrap(), Some(kept));
        let record = command("k", round);
        assert_eq!(slice.command(&record.key).unwrap(), Some(&record));
    }
}

pub async fn commands_are_forgotten<S: Storage>(store: Arc<S>) {
    let keys = ["a", "b", "c", "kept"];
    for name in ["acme", "globex"] {
        let id = found(&*store, name).await;
        let mut commit = decide(&*store, &id, &Reads::new(), at(2), [Event::OrganizationSuspended]).await;
        commit.commands = keys.map(|key| command(key, 1)).into();
        commit.commands[3].expires_at = at(101);
        store.commit(&commit).await.unwrap();
    }
    assert_eq!(store.forget_commands(at(99), 9).await.unwrap(), 0);
    assert_eq!(store.forget_commands(at(100), 4).await.unwrap(), 4, "at the very moment they are over");
    assert_eq!(store.forget_commands(at(100), 4).await.unwrap(), 2);
    assert_eq!(store.forget_commands(at(100), 4).await.unwrap(), 0);
    let mut reads = Reads::new();
    reads.commands.extend(keys.map(|key| command(key, 1).key));
    let slice = store.load(&organization("acme"), &reads, at(100)).await.unwrap();
    assert_eq!(
        keys.map(|key| slice.command(&command(key, 1).key).unwrap().is_some()),
        [false, false, false, true]
    );
}

/// CON-3
pub async fn one_place_one_invitation<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let bob = invitation(email("bob@example.com"));
    commit(&*store, &acme, at(1), [created(&bob)]).await;
    // The decision did not look, and the address is typed otherwise.
    let again = invitation(email("BOB@Example.com"));
    let second = decide(&*store, &acme, &Reads::new(), at(2), [created(&again)]).await;
    assert!(is_conflict(store.commit(&second).await));

    let mut elsewhere = invitation(email("bob@example.com"));
    elsewhere.grants = group("a").into();
    commit(&*store, &acme, at(2), [created(&elsewhere)]).await;

    let reads = Reads::new().invitation(bob.id).invitee(bob.invitee.clone());
    let revoked = Ending::Revoked { because: RevokedBecause::Replaced };
    let replaced = [Event::InvitationEnded { id: bob.id, ending: revoked, reason: None }, created(&again)];
    let replaced = decide(&*store, &acme, &reads, at(3), replaced).await;
    store.commit(&replaced).await.unwrap();
    let slice = store.load(&acme, &reads, at(3)).await.unwrap();
    let open = slice.open_of(&bob.invitee).unwrap().map(|row| row.id).collect::<Vec<_>>();
    let mut expected = [again.id, elsewhere.id];
    expected.sort();
    assert_eq!(open, expected);
}

/// The longest ids, texts in any script, every variant.
pub async fn values_come_back<S: Storage>(store: Arc<S>) {
    let acme = organization(&format!("{}ü'\"%_{{}}", "ö".repeat(59)));
    let micros = |n: i64| DateTime::from_timestamp_micros(1_800_000_000_123_456 + n).unwrap();
    let rate = invite_core::Rate::per(3, TimeDelta::minutes(1)).unwrap();
    let plan = Plan::seats("team", 5)
        .and_seats("client", invite_core::Limit::Unlimited)
        .entitled("platform", Restriction::only(["x", "漢字"]))
        .seat_policy(invite_core::SeatPolicy::TakeOnAccept)
        .pending(invite_core::Limit::AtMost(7))
        .organization_rate(rate)
        .inviter_rate(rate);
    let settings = Settings::named("Акме 🦀\n'; drop table")
        .described("ö")
        .about("https://acme.example")
        .expiry_seconds(9);
    commit(
        &*store,
        &acme,
        micros(0),
        [Event::OrganizationCreated { plan: plan.clone(), settings: settings.clone() }],
    )
    .await;

    let access =
        Access::role("editor").adding("p").removing("q").restricted("account", Restriction::only(["1"]));
    let grants =
        [Grant::new(Scope::Organization, access.clone()), group("グループ"), group(&"g".repeat(128))];
    let mut bob = invitation(email("Bob.Ö+tag@Exämple.com"));
    bob.kind = InvitationKind::Ownership { former: FormerOwner::Becomes(access) };
    bob.name = Some(String::new());
    bob.grants = grants.clone().into();
    bob.inviter = Actor::System;
    bob.created_at = micros(1);
    bob.expires_at = Expiry::Never;
    bob.ended = Some((Ending::Accepted { user: user("bob") }, micros(2)));
    bob.nonce = Nonce::from_bytes([255; 16]);
    bob.earlier_nonces =
        vec![Nonce::from_bytes([0; 16]), Nonce::from_bytes([1; 16]), Nonce::from_bytes([2; 16])];
    bob.revision = u32::MAX;
    bob.seat = Some("team".into());
    bob.message = Some("a\0b\r\n\u{202E}🦀".into());
    bob.locale = Some("pt-BR".into());
    bob.metadata = BTreeMap::from([("k".into(), "v".into()), (String::new(), "ключ".into())]);
    let mut carl = invitation(user(&"ж".repeat(64)));
    carl.expires_at = Expiry::At(DateTime::from_timestamp_micros(253_402_300_799_999_999).unwrap());
    carl.mail_to = Some(email("Other@Example.com"));
    let mut eve = member(&"é".repeat(64), grants);
    eve.email = Some(email("Eve@Example.COM"));
    eve.seat = Some("client".into());
    eve.joined_by = JoinedBy::Accepting(bob.id);
    eve.joined_at = micros(3);
    eve.metadata = bob.metadata.clone();
    let endings = [
        Ending::Declined { user: user("x") },
        Ending::Revoked { because: RevokedBecause::OrganizationClosed },
        Ending::Expired,
    ];
    let ended = endings.map(|ending| {
        let mut row = invitation(user("x"));
        row.ended = Some((ending, micros(4)));
        row
    });
    let mut mail = delivery(&acme, &bob, micros(5));
    mail.kind = DeliveryKind::Reminder;
    mail.state = DeliveryState::Bounced;
    mail.created_at = micros(6);
    mail.lease = u32::MAX;
    mail.mailed_at = Some(micros(7));
    mail.attempts =
        vec![Attempt { at: micros(8), error: Some("ö".into()) }, Attempt { at: micros(9), error: None }];

    let rows = [bob, carl].into_iter().chain(ended).collect::<Vec<_>>();
    let events = rows.iter().map(created).chain([joined(&eve)]).collect::<Vec<_>>();
    let mut made = decide(&*store, &acme, &Reads::new(), micros(10), events).await;
    made.deliveries.push(mail.clone());
    let mut record = command("Schlüssel", 9);
    record.outcome = "{\"ö\":1}".into();
    made.commands.push(record.clone());
    store.commit(&made).await.unwrap();

    let mut reads = Reads::new().member(eve.user.clone());
    reads.invitations.extend(rows.iter().map(|row| row.id));
    reads.commands.insert(record.key.clone());
    let slice = store.load(&acme, &reads, micros(11)).await.unwrap();
    assert_eq!(slice.organization(), made.header.as_ref());
    assert_eq!(slice.organization().unwrap().last_at, micros(10));
    for row in &rows {
        let found = slice.invitation(row.id).unwrap().unwrap();
        assert_eq!(found, row);
        assert_eq!(found.nonce.as_bytes(), row.nonce.as_bytes());
        let typed = |row: &invite_core::Invitation| {
            let invitee = row.invitee.address().map(|address| address.as_str().to_owned());
            (invitee, row.mail_to.as_ref().map(|address| address.as_str().to_owned()))
        };
        assert_eq!(typed(found), typed(row), "as typed");
    }
    let found = slice.member(&eve.user).unwrap().unwrap();
    assert_eq!((found, found.email.as_ref().unwrap().as_str()), (&eve, "Eve@Example.COM"));
    assert_eq!(slice.command(&record.key).unwrap(), Some(&record));
    let listed = store.invitations(&acme, &InvitationFilter::default(), micros(11), &first(9)).await.unwrap();
    let last = listed.into_iter().find(|entry| entry.invitation.id == rows[0].id).unwrap();
    assert_eq!(last.delivery, Some(mail));
    assert_eq!(store.members(&acme, &MemberFilter::default(), &first(9)).await.unwrap(), [eve.clone()]);
    let roster = store.roster(&acme, micros(11), &first(9)).await.unwrap();
    assert!(roster.contains(&RosterEntry::Member(eve)));
}

/// STO-7
pub async fn events_have_no_gaps<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let bob = invitation(email("bob@example.com"));
    let blocked = Event::Suppressed { invitee: user("eve").into(), kind: SuppressionKind::Mail };
    let made = commit(&*store, &acme, at(7), [created(&bob), blocked, Event::OrganizationSuspended]).await;
    let stale = Commit { id: CommitId::from_uuid(fresh()), ..made.clone() };
    assert!(is_conflict(store.commit(&stale).await));
    commit(&*store, &acme, at(8), [Event::OrganizationResumed]).await;

    let events = store.events(&acme, 0, 99).await.unwrap();
    assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    for (event, record) in events[2..5].iter().zip(&made.events) {
        assert_eq!((event.sequence, event.commit, event.at), (record.sequence, made.id, at(7)));
        assert_eq!(
            (&event.actor, event.kind.as_str(), event.format),
            (&record.actor, record.kind, record.format)
        );
        assert_eq!((event.invitation, &event.user), (record.invitation, &record.user));
        let (stored, written) =
            (serde_json::from_str::<serde_json::Value>(&event.data), serde_json::to_value(&record.data));
        assert_eq!(stored.unwrap(), written.unwrap());
    }
    assert_eq!(events[2].invitation, Some(bob.id));
    assert_eq!(events[3].user, Some(user("eve")));
}

/// STO-4
pub async fn commit_is_found<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let written = commit(&*store, &acme, at(1), [Event::OrganizationSuspended]).await;
    let lost = decide(&*store, &acme, &Reads::new(), at(1), [Event::OrganizationResumed]).await;
    assert!(store.find_commit(&acme, written.id).await.unwrap());
    assert!(!store.find_commit(&acme, lost.id).await.unwrap());
    assert!(!store.find_commit(&organization("nowhere"), written.id).await.unwrap());
    let unknown = InvitationId::from_uuid(fresh()).as_uuid();
    assert!(!store.find_commit(&acme, CommitId::from_uuid(unknown)).await.unwrap());
}
