//! Cases of the sentences on load.

use invite_core::*;

use super::Fixture;
use super::rows::*;

pub(super) async fn load_reads_own_writes(fixture: Box<dyn Fixture>) {
    let store = fixture.storage();
    let mut header = header("acme");
    for n in 0..20 {
        let mut commit = on(&header);
        insert_invitations(&mut commit, &[invitation(n, &format!("{n}@example.com"))]);
        header = written(store, &commit).await;
        let slice = store.load(&acme(), &Reads::new().invitation(invitation_id(n)), at(0)).await.unwrap();
        assert_eq!(slice.version(), header.version, "the version after commit {n}");
        assert!(slice.invitation(invitation_id(n)).unwrap().is_some(), "the row of commit {n}");
    }
}
