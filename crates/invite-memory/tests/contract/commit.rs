use chrono::{DateTime, TimeDelta};
use invite_core::*;
use invite_storage::{CommitError, Storage};

use crate::fixture::*;

/// The commit is a conflict, and nothing changes.
async fn conflicts<S: Storage>(store: &S, what: &str, commit: &Commit) {
    let before = everything(store).await;
    let answer = store.commit(commit).await;
    assert!(matches!(answer, Err(CommitError::Conflict)), "{what}: {answer:?}");
    assert_eq!(everything(store).await, before, "{what} changed something");
    assert!(!store.find_commit(&commit.organization, commit.id).await.unwrap(), "{what} is found");
}

pub async fn version_guards<S: Storage>(store: S) {
    let mut missing = on(&header("acme"));
    missing.version = 1;
    missing.events[0].sequence = 2;
    missing.header.as_mut().unwrap().version = 2;
    conflicts(&store, "a version of an organization that does not exist", &missing).await;

    let first = created(&store, &[], &[]).await;
    conflicts(&store, "creating it again", &on(&header("acme"))).await;
    let second = written(&store, &on(&first)).await;
    conflicts(&store, "an earlier version", &on(&first)).await;
    let mut ahead = second.clone();
    ahead.version = 3;
    conflicts(&store, "a later version", &on(&ahead)).await;

    let mut command_only = on(&first);
    command_only.header = None;
    command_only.events.clear();
    command_only.commands = vec![command("ada", "{}")];
    conflicts(&store, "an earlier version without a header", &command_only).await;
    command_only.version = second.version;
    store.commit(&command_only).await.unwrap();
    let slice = store.load(&acme(), &Reads::new(), at(0)).await.unwrap();
    assert_eq!(slice.version(), second.version, "no header, no new version");
}

/// A commit that is right in every table, and one that is the same but for one row at the end of one table.
pub async fn all_or_nothing<S: Storage>(store: S) {
    let held = invitation(1, "bob@example.com");
    let ada = member("ada", 0);
    let mut first = on(&header("acme"));
    insert_invitations(&mut first, std::slice::from_ref(&held));
    first.members = vec![RowChange::Insert(ada.clone())];
    first.suppressions = vec![RowChange::Insert(suppression("bob@example.com", SuppressionKind::Mail))];
    first.deliveries = vec![delivery(1, &held)];
    let header = written(&store, &first).await;

    let right = || {
        let mut commit = on(&header);
        let eve = invitation(2, "eve@example.com");
        insert_invitations(&mut commit, std::slice::from_ref(&eve));
        commit.invitations.push(RowChange::Update(Invitation { revision: 1, ..held.clone() }));
        commit.members = vec![
            RowChange::Insert(Member { email: Some(address("eve@example.com")), ..member("eve", 1) }),
            RowChange::Update(Member { email: Some(address("ada@example.com")), ..ada.clone() }),
        ];
        commit.suppressions = vec![RowChange::Insert(suppression("eve@example.com", SuppressionKind::Mail))];
        commit.limits = vec![(LimitSubject::Inviter(user("ada")), at(7))];
        commit.commands = vec![command("ada", "{}")];
        commit.deliveries = vec![delivery(2, &eve)];
        commit
    };
    let mut wrong = Vec::new();
    let mut spoilt = |what, spoil: &dyn Fn(&mut Commit)| {
        let mut commit = right();
        spoil(&mut commit);
        wrong.push((what, commit));
    };
    let ghost = invitation(3, "ghost@example.com");
    spoilt("a member updated who is not there", &|c| c.members.push(RowChange::Update(member("x", 1))));
    spoilt("a member deleted who is not there", &|c| c.members.push(RowChange::Delete(user("x"))));
    spoilt("an invitation inserted that is there", &|c| {
        c.invitations.pop();
        c.invitations.push(RowChange::Insert(held.clone()));
    });
    spoilt("an invitation updated that is not there", &|c| {
        c.invitations.push(RowChange::Update(ghost.clone()));
    });
    spoilt("a place that is taken", &|c| {
        c.places.push(RowChange::Insert(Place { invitation: invitation_id(2), ..place(&held) }));
    });
    spoilt("a place left that is not taken", &|c| {
        c.places.push(RowChange::Delete((Scope::Organization, ghost.invitee.clone())));
    });
    spoilt("a suppression inserted that is there", &|c| {
        c.suppressions.push(RowChange::Insert(suppression("bob@example.com", SuppressionKind::Mail)));
    });
    spoilt("a suppression deleted that is not there", &|c| {
        c.suppressions.push(RowChange::Delete((held.invitee.clone(), SuppressionKind::Invitations)));
    });
    spoilt("a delivery that is there", &|c| c.deliveries.push(delivery(1, &held)));
    for (what, commit) in &wrong {
        conflicts(&store, what, commit).await;
    }
    written(&store, &right()).await;
}

pub async fn insert_is_not_put<S: Storage>(store: S) {
    let row = invitation(1, "bob@example.com");
    let header = created(&store, std::slice::from_ref(&row), &[member("ada", 0)]).await;
    let with = |change: &dyn Fn(&mut Commit)| {
        let mut commit = on(&header);
        change(&mut commit);
        commit
    };
    let again = with(&|c| c.members = vec![RowChange::Insert(member("ada", 5))]);
    conflicts(&store, "a member inserted twice", &again).await;
    let twice =
        with(&|c| c.members = vec![RowChange::Insert(member("bob", 5)), RowChange::Insert(member("bob", 6))]);
    conflicts(&store, "a member inserted twice in one commit", &twice).await;
    let absent = with(&|c| c.members = vec![RowChange::Update(member("bob", 5))]);
    conflicts(&store, "an update of nobody", &absent).await;
    let absent = with(&|c| c.members = vec![RowChange::Delete(user("bob"))]);
    conflicts(&store, "a delete of nobody", &absent).await;
    let again = with(&|c| c.invitations = vec![RowChange::Insert(row.clone())]);
    conflicts(&store, "an invitation inserted twice", &again).await;
    let absent = with(&|c| c.invitations = vec![RowChange::Update(invitation(2, "eve@example.com"))]);
    conflicts(&store, "an update of no invitation", &absent).await;
    let absent = with(&|c| c.invitations = vec![RowChange::Delete(invitation_id(2))]);
    conflicts(&store, "a delete of no invitation", &absent).await;
    let bob = || suppression("bob@example.com", SuppressionKind::Invitations);
    let absent = with(&|c| c.suppressions = vec![RowChange::Update(bob())]);
    conflicts(&store, "an update of no suppression", &absent).await;

    let commit = with(&|c| c.suppressions = vec![RowChange::Insert(bob())]);
    let header = written(&store, &commit).await;
    let mut commit = on(&header);
    commit.suppressions = vec![RowChange::Delete((bob().invitee, bob().kind))];
    commit.members = vec![RowChange::Delete(user("ada"))];
    commit.invitations = vec![RowChange::Delete(row.id)];
    commit.places = vec![RowChange::Delete((Scope::Organization, row.invitee.clone()))];
    written(&store, &commit).await;
    let reads = Reads::new().invitation(row.id).invitee(row.invitee.clone()).member(user("ada"));
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.invitation(row.id).unwrap(), None);
    assert_eq!(slice.member(&user("ada")).unwrap(), None);
    assert_eq!(slice.suppressed_since(&row.invitee, SuppressionKind::Invitations).unwrap(), None);
    assert_eq!(slice.open_of(&row.invitee).unwrap().count(), 0);
}

pub async fn limits_and_commands_are_put<S: Storage>(store: S) {
    let mut header = header("acme");
    for round in 1..=3 {
        let mut commit = on(&header);
        commit.limits = vec![(LimitSubject::Organization, at(round))];
        commit.commands = vec![command("k", &format!("outcome {round}"))];
        header = written(&store, &commit).await;
        let mut reads = Reads::new().limits_of(&Actor::System);
        reads.commands.insert(command("k", "").key);
        let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
        assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), Some(at(round)));
        assert_eq!(slice.command(&command("k", "").key).unwrap(), commit.commands.first());
    }
}

pub async fn one_place_one_invitation<S: Storage>(store: S) {
    let first = invitation(1, "Bob@Example.com");
    let header = created(&store, std::slice::from_ref(&first), &[]).await;
    let second = invitation(2, "bob@EXAMPLE.com");
    let mut commit = on(&header);
    insert_invitations(&mut commit, std::slice::from_ref(&second));
    conflicts(&store, "the place of the same address, typed otherwise", &commit).await;

    let mut elsewhere = on(&header);
    elsewhere.invitations = vec![RowChange::Insert(second.clone())];
    let scope = Scope::Group(GroupId::parse("g").unwrap());
    elsewhere.places = vec![RowChange::Insert(Place { scope, ..place(&second) })];
    let header = written(&store, &elsewhere).await;

    let mut freed = on(&header);
    freed.invitations = vec![RowChange::Update(revoked(first.clone(), 3))];
    freed.places = vec![RowChange::Delete((Scope::Organization, first.invitee.clone()))];
    let header = written(&store, &freed).await;
    let mut commit = on(&header);
    insert_invitations(&mut commit, &[invitation(3, "bob@example.com")]);
    let header = written(&store, &commit).await;

    let mut moved = on(&header);
    moved.places = vec![RowChange::Update(Place { invitation: second.id, ..place(&first) })];
    let header = written(&store, &moved).await;
    let mut commit = on(&header);
    insert_invitations(&mut commit, &[invitation(4, "bob@example.com")]);
    conflicts(&store, "a place that was handed over", &commit).await;
}

pub async fn values_come_back<S: Storage>(store: S) {
    let last = DateTime::from_timestamp_micros(253_402_300_799_999_999).unwrap();
    let fine = at(1) + TimeDelta::microseconds(123_457);
    let long = "ü".repeat(64);
    let texts = "Ἀθήνα 東京 مرحبا 👩‍🚀 'quoted' \"twice\" \\ %_ ;-- \u{200f}";
    let mut row = Invitation {
        kind: InvitationKind::Ownership {
            former: FormerOwner::Becomes(Access::role("admin").adding("posts.write")),
        },
        invitee: address("Jürgen.Köhler@Straße.example").into(),
        name: Some(texts.into()),
        grants: Grants::from([
            Grant::role("member").removing("posts.create"),
            Grant::role("editor")
                .in_group(GroupId::parse(long.clone()).unwrap())
                .restricted("line", Restriction::only(["1", "2"])),
        ]),
        inviter: Actor::User(user(&long)),
        created_at: fine,
        expires_at: Expiry::At(last),
        nonce: Nonce::from_bytes([0xA5; 16]),
        earlier_nonces: vec![Nonce::from_bytes([1; 16]), Nonce::from_bytes([2; 16])],
        revision: u32::MAX >> 1,
        mail_to: Some(address("Jürgen.Köhler@Straße.example")),
        seat: Some(SeatClass::from("team")),
        message: Some(format!("{texts}\n\r\n\t{texts}")),
        locale: Some("zh-Hant-TW".into()),
        metadata: Metadata::from([(texts.to_owned(), texts.to_owned()), (String::new(), String::new())]),
        ..invitation(1, "x@example.com")
    };
    let member = Member {
        user: user(&long),
        email: Some(address("ADA+list@Example.COM")),
        grants: Grant::role(RoleName::OWNER.clone()).into(),
        seat: Some(SeatClass::from("team")),
        joined_by: JoinedBy::Accepting(row.id),
        joined_at: MIN_TIME,
        metadata: row.metadata.clone(),
    };
    let id = organization(&long);
    let mut header = Organization {
        plan: Plan::new().and_seats("team", Limit::Unlimited).entitled("line", Restriction::All),
        settings: Settings::named(texts).described(texts).about("https://example.com/?q=ü").expiry_seconds(7),
        counts: Counts {
            members: 3,
            owners: 1,
            pending: 2,
            seats: [(SeatClass::from("team"), SeatCount { used: 3, reserved: 2 })].into(),
        },
        created_at: fine,
        last_at: last,
        ..header(&long)
    };
    let mut commit = on(&header);
    header.version = 1;
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    commit.members = vec![RowChange::Insert(member.clone())];
    commit.suppressions = vec![RowChange::Insert(Suppression {
        invitee: row.invitee.clone(),
        kind: SuppressionKind::Invitations,
        at: fine,
    })];
    commit.limits = vec![(LimitSubject::Inviter(user(&long)), fine)];
    let record = CommandRecord {
        fingerprint: std::array::from_fn(|n| n as u8),
        outcome: texts.into(),
        ..command(texts, "")
    };
    commit.commands = vec![record.clone()];
    let mail = Delivery {
        organization: id.clone(),
        kind: DeliveryKind::Reminder,
        state: DeliveryState::Bounced,
        due_at: fine,
        created_at: last,
        lease: 17,
        mailed_at: Some(fine),
        attempts: vec![Attempt { at: fine, error: Some(texts.into()) }, Attempt { at: last, error: None }],
        ..delivery(1, &row)
    };
    commit.deliveries = vec![mail.clone()];
    let record_of = |event: &mut EventRecord| {
        event.at = fine;
        event.actor = Actor::User(user(&long));
        event.invitation = Some(row.id);
        event.user = Some(user(&long));
        event.data.after = Some(Box::new(Facts::from(&row)));
        event.data.reason = Some(texts.into());
    };
    record_of(&mut commit.events[0]);
    store.commit(&commit).await.unwrap();

    let mut reads = Reads::new().invitation(row.id).person(user(&long)).limits_of(&Actor::User(user(&long)));
    reads.commands.insert(record.key.clone());
    let slice = store.load(&id, &reads, at(0)).await.unwrap();
    assert_eq!(slice.organization(), Some(&header));
    assert_eq!(slice.member(&user(&long)).unwrap(), Some(&member));
    let loaded = slice.invitation(row.id).unwrap().unwrap();
    assert_eq!(loaded, &row);
    assert_eq!(
        loaded.invitee.address().unwrap().as_str(),
        row.invitee.address().unwrap().as_str(),
        "as typed"
    );
    assert_eq!(loaded.mail_to.as_ref().unwrap().as_str(), row.mail_to.as_ref().unwrap().as_str());
    let email = slice.member(&user(&long)).unwrap().unwrap().email.as_ref().unwrap();
    assert_eq!(email.as_str(), "ADA+list@Example.COM");
    assert_eq!(slice.suppressed_since(&row.invitee, SuppressionKind::Invitations).unwrap(), Some(fine));
    assert_eq!(slice.limit(&LimitSubject::Inviter(user(&long))).unwrap(), Some(fine));
    assert_eq!(slice.command(&record.key).unwrap(), Some(&record));
    let listed = store.invitations(&id, &Default::default(), at(0), &all()).await.unwrap();
    assert_eq!(listed[0].delivery.as_ref(), Some(&mail));
    let entry = store.events(&id, 0, 1).await.unwrap().remove(0);
    let event = &commit.events[0];
    assert_eq!((entry.sequence, entry.commit, entry.at), (1, commit.id, fine));
    assert_eq!((&entry.actor, entry.kind.as_str(), entry.format), (&event.actor, event.kind, event.format));
    assert_eq!((entry.invitation, entry.user), (event.invitation, event.user.clone()));
    let (is, was) =
        (serde_json::from_str::<serde_json::Value>(&entry.data), serde_json::to_value(&event.data));
    assert_eq!(is.unwrap(), was.unwrap());

    for ending in [
        Ending::Accepted { user: user(&long) },
        Ending::Declined { user: user("eve") },
        Ending::Revoked { because: RevokedBecause::InviteeBlocked },
        Ending::Expired,
    ] {
        row.ended = Some((ending, fine));
        let mut commit = on(&header);
        commit.invitations = vec![RowChange::Update(row.clone())];
        header = written(&store, &commit).await;
        let slice = store.load(&id, &reads, at(0)).await.unwrap();
        assert_eq!(slice.invitation(row.id).unwrap(), Some(&row));
    }
}

pub async fn events_have_no_gaps<S: Storage>(store: S) {
    let mut header = header("acme");
    let mut commits = Vec::new();
    for many in [1_u64, 3, 1, 7] {
        let mut commit = on(&header);
        commit.events = (1..=many).map(|n| event(commit.id, header.version + n)).collect();
        commit.header.as_mut().unwrap().version = header.version + many;
        commits.extend((0..many).map(|_| commit.id));
        header = written(&store, &commit).await;
    }
    let log = store.events(&acme(), 0, 100).await.unwrap();
    assert_eq!(log.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert_eq!(log.iter().map(|entry| entry.commit).collect::<Vec<_>>(), commits);
    let part = store.events(&acme(), 4, 3).await.unwrap();
    assert_eq!(part, log[4..7]);
    assert!(store.events(&acme(), 12, 3).await.unwrap().is_empty());
    assert!(store.events(&acme(), u64::MAX >> 1, 3).await.unwrap().is_empty());
}

pub async fn commit_is_found<S: Storage>(store: S) {
    let commit = on(&header("acme"));
    assert!(!store.find_commit(&acme(), commit.id).await.unwrap());
    let header = written(&store, &commit).await;
    assert!(store.find_commit(&acme(), commit.id).await.unwrap());
    assert!(!store.find_commit(&organization("globex"), commit.id).await.unwrap());
    let refused = on(&crate::fixture::header("acme"));
    assert!(store.commit(&refused).await.is_err());
    assert!(!store.find_commit(&acme(), refused.id).await.unwrap());
    let next = on(&header);
    written(&store, &next).await;
    assert!(store.find_commit(&acme(), commit.id).await.unwrap());
    assert!(store.find_commit(&acme(), next.id).await.unwrap());
}

/// No version would make such a commit right: a caller that took it for a conflict would try for ever.
pub async fn a_commit_that_contradicts_itself_is_no_conflict<S: Storage>(store: S) {
    let row = invitation(1, "bob@example.com");
    let header = created(&store, std::slice::from_ref(&row), &[]).await;
    let before = everything(&store).await;
    let spoils: [&dyn Fn(&mut Commit); 5] = [
        &|c| c.header.as_mut().unwrap().version += 1,
        &|c| c.header.as_mut().unwrap().id = organization("globex"),
        &|c| c.header = None,
        &|c| c.deliveries = vec![Delivery { organization: organization("globex"), ..delivery(1, &row) }],
        &|c| {
            c.version = u64::MAX;
            c.events[0].sequence = 0;
        },
    ];
    for spoil in spoils {
        let mut commit = on(&header);
        spoil(&mut commit);
        assert!(matches!(store.commit(&commit).await, Err(CommitError::Storage(_))));
        assert_eq!(everything(&store).await, before);
    }
    let mut gap = on(&header);
    gap.events[0].sequence += 1;
    conflicts(&store, "a sequence that does not follow", &gap).await;
}
