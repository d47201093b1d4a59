use invite_core::*;
use invite_storage::Storage;

use crate::fixture::*;

fn every_read() -> Reads {
    let mut reads = Reads::new()
        .invitation(invitation_id(1))
        .invitation(invitation_id(99))
        .invitee(address("bob@example.com").into())
        .invitee(user("bob").into())
        .member(user("ada"))
        .person(user("eve"))
        .sent_by(user("ada"))
        .limits_of(&Actor::User(user("ada")))
        .due();
    reads.addresses.insert(address("eve@example.com"));
    reads.commands.insert(command("k", "").key);
    reads
}

pub async fn load_closes<S: Storage>(store: S) {
    let eve = Member { email: Some(address("eve@example.com")), ..member("eve", 1) };
    let to_eve = Invitation {
        grants: Grant::role("member").in_group(GroupId::parse("g").unwrap()).into(),
        ..invitation(2, "eve@example.com")
    };
    created(&store, &[invitation(1, "bob@example.com"), to_eve.clone()], &[member("ada", 0), eve.clone()])
        .await;
    let slice = store.load(&acme(), &every_read(), at(5)).await.unwrap();
    assert!(slice.open(&every_read()).is_empty());
    assert_eq!(slice.invitation(invitation_id(1)).unwrap().unwrap().id, invitation_id(1));
    assert_eq!(slice.member(&user("ada")).unwrap(), Some(&member("ada", 0)), "the inviter comes along");
    assert_eq!(slice.member_with(&address("eve@example.com")).unwrap(), Some(&eve));
    let of_eve = slice.open_of(&address("eve@example.com").into()).unwrap().collect::<Vec<_>>();
    assert_eq!(of_eve, [&to_eve], "a person brings what is addressed to the address they joined with");
    assert_eq!(slice.sent_by(&user("ada")).unwrap().0.count(), 2);
}

pub async fn absent_is_said<S: Storage>(store: S) {
    for _ in 0..2 {
        let slice = store.load(&acme(), &every_read(), at(5)).await.unwrap();
        assert!(slice.open(&every_read()).is_empty());
        assert_eq!(slice.invitation(invitation_id(99)).unwrap(), None);
        assert_eq!(slice.mailed_at(invitation_id(99)).unwrap(), None);
        assert_eq!(slice.member(&user("eve")).unwrap(), None);
        assert_eq!(slice.member_with(&address("eve@example.com")).unwrap(), None);
        assert_eq!(slice.open_of(&user("bob").into()).unwrap().count(), 0);
        assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), None);
        assert_eq!(slice.command(&command("k", "").key).unwrap(), None);
        if slice.version() == 0 {
            assert!(slice.organization().is_none());
            created(&store, &[], &[]).await;
        }
    }
    let unknown = store.load(&organization("globex"), &every_read(), at(5)).await.unwrap();
    assert_eq!(unknown.version(), 0);
}

pub async fn load_reads_own_writes<S: Storage>(store: S) {
    let mut header = header("acme");
    for n in 0..20 {
        let mut commit = on(&header);
        insert_invitations(&mut commit, &[invitation(n, &format!("{n}@example.com"))]);
        header = written(&store, &commit).await;
        let slice = store.load(&acme(), &Reads::new().invitation(invitation_id(n)), at(0)).await.unwrap();
        assert_eq!(slice.version(), header.version);
        assert!(slice.invitation(invitation_id(n)).unwrap().is_some());
    }
}

pub async fn due_is_past_its_expiry<S: Storage>(store: S) {
    let ends = |n: u32, end: i64| Invitation {
        expires_at: Expiry::At(at(end)),
        ..invitation(n, &format!("{n}@example.com"))
    };
    let rows = [
        ends(1, 100),
        ends(2, 101),
        ends(3, 50),
        invitation(4, "never@example.com"),
        revoked(ends(5, 10), 9),
        ends(6, 60),
    ];
    created(&store, &rows, &[]).await;
    let mut reads = Reads::new();
    for (many, expected, more) in [(1, vec![3], true), (2, vec![3, 6], true), (3, vec![3, 6, 1], false)] {
        reads.due = many;
        let slice = store.load(&acme(), &reads, at(100)).await.unwrap();
        let (due, left) = slice.due().unwrap();
        let expected = expected.into_iter().map(invitation_id).collect::<Vec<_>>();
        assert_eq!((due.map(|row| row.id).collect::<Vec<_>>(), left), (expected, more));
    }
}

pub async fn tenants_are_apart<S: Storage>(store: S) {
    let bob = Member { email: Some(address("bob@example.com")), ..member("bob", 1) };
    let mut commit = on(&header("acme"));
    insert_invitations(
        &mut commit,
        &[Invitation { expires_at: Expiry::At(at(2)), ..invitation(1, "bob@example.com") }],
    );
    commit.members = vec![RowChange::Insert(member("ada", 0)), RowChange::Insert(bob)];
    commit.limits = vec![(LimitSubject::Organization, at(1)), (LimitSubject::Inviter(user("ada")), at(1))];
    commit.commands = vec![command("k", "outcome of acme")];
    commit.suppressions = vec![RowChange::Insert(suppression("bob@example.com", SuppressionKind::Mail))];
    written(&store, &commit).await;
    let globex = organization("globex");
    let other = on(&header("globex"));
    written(&store, &other).await;

    let slice = store.load(&globex, &every_read(), at(1_000)).await.unwrap();
    let empty = Slice::new(globex.clone(), other.header.clone());
    assert_eq!(slice.organization(), empty.organization());
    assert_eq!(slice.invitation(invitation_id(1)).unwrap(), None);
    assert_eq!(slice.member(&user("ada")).unwrap(), None);
    assert_eq!(slice.member_of(&address("bob@example.com").into()).unwrap(), None);
    assert_eq!(slice.open_of(&address("bob@example.com").into()).unwrap().count(), 0);
    let mail = slice.suppressed_since(&address("bob@example.com").into(), SuppressionKind::Mail);
    assert_eq!(mail.unwrap(), None);
    assert_eq!(slice.sent_by(&user("ada")).unwrap().0.count(), 0);
    assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), None);
    assert_eq!(slice.command(&command("k", "").key).unwrap(), None);
    assert_eq!(store.events(&globex, 0, 10).await.unwrap().len(), 1);
    assert!(!store.find_commit(&globex, commit.id).await.unwrap());
    assert!(store.members(&globex, &Default::default(), &all()).await.unwrap().is_empty());
    assert!(store.roster(&globex, at(0), &all()).await.unwrap().is_empty());
    assert!(store.invitations(&globex, &Default::default(), at(0), &all()).await.unwrap().is_empty());
}

pub async fn mailed_is_of_the_present_revision<S: Storage>(store: S) {
    let row = invitation(1, "bob@example.com");
    let mut commit = on(&header("acme"));
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    let mailed = |n: u32, revision, seconds| Delivery {
        revision,
        state: DeliveryState::Sent,
        mailed_at: Some(at(seconds)),
        ..delivery(n, &row)
    };
    commit.deliveries = vec![mailed(1, 0, 10), mailed(2, 0, 30), mailed(3, 0, 20)];
    let header = written(&store, &commit).await;
    let reads = Reads::new().invitation(row.id);
    let slice = store.load(&acme(), &reads, at(50)).await.unwrap();
    assert_eq!(slice.mailed_at(row.id).unwrap(), Some(at(30)));

    let mut commit = on(&header);
    commit.invitations = vec![RowChange::Update(Invitation { revision: 1, ..row.clone() })];
    written(&store, &commit).await;
    let slice = store.load(&acme(), &reads, at(50)).await.unwrap();
    assert_eq!(slice.mailed_at(row.id).unwrap(), None);
}

pub async fn more_than_can_be_loaded_is_said<S: Storage>(store: S) {
    let rows = (0..=1_000).map(|n| invitation(n, &format!("{n}@example.com"))).collect::<Vec<_>>();
    let header = created(&store, &rows, &[]).await;
    let reads = Reads::new().sent_by(user("ada"));
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    let (sent, more) = slice.sent_by(&user("ada")).unwrap();
    assert_eq!((sent.count(), more), (Reads::MAX_SENT, true));

    let mut commit = on(&header);
    commit.invitations = vec![RowChange::Update(revoked(rows[3].clone(), 1))];
    commit.places = vec![RowChange::Delete((Scope::Organization, rows[3].invitee.clone()))];
    written(&store, &commit).await;
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    let (sent, more) = slice.sent_by(&user("ada")).unwrap();
    assert_eq!((sent.count(), more), (Reads::MAX_SENT, false));
}
