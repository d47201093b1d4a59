use std::sync::Arc;
use std::time::Duration;

use invite_core::*;
use invite_storage::{CommitError, Storage};
use tokio::sync::oneshot;

use crate::fixture::*;

/// Lets whoever is ready go on. What waits for a lock is still waiting afterwards.
async fn let_others_go_on() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

pub async fn exclusive_waits<S: Storage>(store: S) {
    let store = Arc::new(store);
    created(&*store, &[], &[]).await;
    let mut first = store.exclusive(&acme()).await.unwrap();
    let (begins, began) = oneshot::channel();
    let second = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            begins.send(()).unwrap();
            let mut unit = store.exclusive(&acme()).await.unwrap();
            let slice = unit.load(&Reads::new(), at(0)).await.unwrap();
            unit.write(&on(slice.organization().unwrap())).await.unwrap();
            unit.commit().await.unwrap();
            slice.version()
        }
    });
    began.await.unwrap();
    let_others_go_on().await;
    let slice = first.load(&Reads::new(), at(0)).await.unwrap();
    first.write(&on(slice.organization().unwrap())).await.unwrap();
    let_others_go_on().await;
    assert!(!second.is_finished());
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap(), 2, "it read what the first one wrote");
    assert_eq!(store.load(&acme(), &Reads::new(), at(0)).await.unwrap().version(), 3);
}

pub async fn exclusive_is_current<S: Storage>(store: S) {
    let store = Arc::new(store);
    let header = created(&*store, &[], &[]).await;
    let mut unit = store.exclusive(&acme()).await.unwrap();
    let slice = unit.load(&Reads::new(), at(0)).await.unwrap();
    let (begins, began) = oneshot::channel();
    let outside = tokio::spawn({
        let (store, commit) = (Arc::clone(&store), on(&header));
        async move {
            begins.send(()).unwrap();
            store.commit(&commit).await
        }
    });
    began.await.unwrap();
    let_others_go_on().await;
    unit.write(&on(slice.organization().unwrap())).await.unwrap();
    unit.commit().await.unwrap();
    assert!(matches!(outside.await.unwrap(), Err(CommitError::Conflict)));
}

pub async fn dropped_is_rolled_back<S: Storage>(store: S) {
    let row = invitation(1, "bob@example.com");
    let header = created(&store, std::slice::from_ref(&row), &[member("ada", 0)]).await;
    let before = everything(&store).await;
    let mut commit = on(&header);
    insert_invitations(&mut commit, &[invitation(2, "eve@example.com")]);
    commit.members = vec![RowChange::Delete(user("ada")), RowChange::Insert(member("bob", 1))];
    commit.invitations.push(RowChange::Update(revoked(row.clone(), 2)));
    commit.deliveries = vec![delivery(1, &row)];
    commit.limits = vec![(LimitSubject::Inviter(user("ada")), at(1))];
    commit.commands = vec![command("ada", "{}")];
    let mut unit = store.exclusive(&acme()).await.unwrap();
    unit.write(&commit).await.unwrap();
    assert_eq!(unit.load(&Reads::new(), at(0)).await.unwrap().version(), 2);
    drop(unit);
    assert_eq!(everything(&store).await, before);
    assert!(!store.find_commit(&acme(), commit.id).await.unwrap());
    drop(store.exclusive(&acme()).await.unwrap());
    written(&store, &commit).await;
    assert!(store.find_commit(&acme(), commit.id).await.unwrap());
}

pub async fn organizations_do_not_wait<S: Storage>(store: S) {
    created(&store, &[], &[]).await;
    written(&store, &on(&header("globex"))).await;
    let mut unit = store.exclusive(&acme()).await.unwrap();
    unit.load(&Reads::new(), at(0)).await.unwrap();
    let globex = organization("globex");
    let reads = Reads::new();
    let load = store.load(&globex, &reads, at(0));
    let slice = tokio::time::timeout(Duration::from_secs(20), load).await.expect("waited").unwrap();
    assert_eq!(slice.version(), 1);
    unit.commit().await.unwrap();
}

pub async fn a_unit_sees_its_writes_and_nobody_else_does<S: Storage>(store: S) {
    let header = created(&store, &[], &[]).await;
    let before = everything(&store).await;
    let mut unit = store.exclusive(&acme()).await.unwrap();
    let row = invitation(1, "bob@example.com");
    let mut first = on(&header);
    insert_invitations(&mut first, std::slice::from_ref(&row));
    first.deliveries = vec![delivery(1, &row)];
    unit.write(&first).await.unwrap();
    let slice = unit.load(&Reads::new().invitation(row.id), at(0)).await.unwrap();
    assert_eq!(slice.invitation(row.id).unwrap(), Some(&row));
    assert_eq!(everything(&store).await, before);

    let mut second = on(slice.organization().unwrap());
    second.invitations = vec![RowChange::Update(revoked(row.clone(), 1))];
    second.places = vec![RowChange::Delete((Scope::Organization, row.invitee.clone()))];
    unit.write(&second).await.unwrap();
    let slice = unit.load(&Reads::new().invitee(row.invitee.clone()), at(0)).await.unwrap();
    assert_eq!((slice.version(), slice.open_of(&row.invitee).unwrap().count()), (3, 0));
    assert_eq!(everything(&store).await, before);
    assert!(store.lease(at(50), at(60), 9).await.unwrap().leased.is_empty());

    unit.commit().await.unwrap();
    assert_eq!(store.load(&acme(), &Reads::new(), at(0)).await.unwrap().version(), 3);
    assert!(store.find_commit(&acme(), first.id).await.unwrap());
    assert!(store.find_commit(&acme(), second.id).await.unwrap());
    assert_eq!(store.lease(at(50), at(60), 9).await.unwrap().leased.len(), 1);
}

pub async fn a_unit_that_failed_can_only_be_dropped<S: Storage>(store: S) {
    let header = created(&store, &[], &[]).await;
    let before = everything(&store).await;
    let mut unit = store.exclusive(&acme()).await.unwrap();
    let first = on(&header);
    unit.write(&first).await.unwrap();
    assert!(matches!(unit.write(&first).await, Err(CommitError::Conflict)));
    assert!(unit.commit().await.is_err());
    assert_eq!(everything(&store).await, before);
    written(&store, &first).await;
}
