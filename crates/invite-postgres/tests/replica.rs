//! Lists from a second database, as `docs/scale.md` shows it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "a module of several test programs")]
mod server;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_conformance::storage::rows::*;
use invite_core::{Member, OrganizationId, Reads};
use invite_postgres::PostgresStorage;
use invite_storage::{
    InvitationEntry, InvitationFilter, MemberFilter, Pages, RosterEntry, Seek, Storage, StorageError, Wrapper,
};

const GUIDE: &str = include_str!("../../../docs/scale.md");

// begin
struct WithReplica {
    primary: PostgresStorage,
    replica: PostgresStorage,
}

#[async_trait]
impl Wrapper for WithReplica {
    type Store = PostgresStorage;

    fn store(&self) -> &PostgresStorage {
        &self.primary
    }

    async fn roster(
        &self,
        organization: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        Pages::roster(&self.replica, organization, now, seek).await
    }

    async fn invitations(
        &self,
        organization: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        Pages::invitations(&self.replica, organization, filter, now, seek).await
    }

    async fn members(
        &self,
        organization: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        Pages::members(&self.replica, organization, filter, seek).await
    }
}
// end

/// The replica is one that has not got anything yet.
#[tokio::test]
async fn lists_come_from_the_replica_and_all_else_from_the_primary() {
    let (here, there) = (server::database().await, server::database().await);
    let store = WithReplica { primary: server::store(&here), replica: server::store(&there) };
    let row = invitation(1, "bob@example.com");
    let header = created(&store, &[row], &[member("ada", 0)]).await;
    assert_eq!(current(&store, &acme()).await, header);
    let slice = Storage::load(&store, &acme(), &Reads::new().member(user("ada")), at(0)).await.unwrap();
    assert!(slice.member(&user("ada")).unwrap().is_some());
    assert_eq!(Pages::roster(&store, &acme(), at(2), &all()).await.unwrap(), []);
    assert_eq!(Pages::invitations(&store, &acme(), &Default::default(), at(2), &all()).await.unwrap(), []);
    assert_eq!(Pages::members(&store, &acme(), &Default::default(), &all()).await.unwrap(), []);
    assert_eq!(Pages::memberships(&store, &user("ada"), &all()).await.unwrap().len(), 1);
}

#[test]
fn the_guide_shows_this() {
    let source = include_str!("replica.rs");
    let shown = source.split("// begin\n").nth(1).unwrap().split("// end").next().unwrap();
    assert!(GUIDE.contains(shown), "{shown}");
}
