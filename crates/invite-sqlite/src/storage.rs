//! The storage, and its exclusive units of work.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Commit, CommitId, Invitee, OrganizationId, Reads, Slice};
use invite_storage::{CommitError, Exclusive, Storage, StorageError};
use rusqlite::Connection;

use crate::error::Failure;
use crate::pool::{Pool, Writer, blocking};
use crate::{commit, load};

/// Invitations in SQLite. Clones share the connections.
#[derive(Debug, Clone)]
pub struct SqliteStorage {
    pool: Arc<Pool>,
}

impl SqliteStorage {
    /// Opens a file, and makes it if there is none. Its tables are left alone: see [`migrate`](Self::migrate).
    ///
    /// # Errors
    /// [`StorageError`] if the file cannot be opened, is no database, lies where SQLite's WAL mode does not
    /// work, or was migrated by a later release ([`SchemaError::Newer`](crate::SchemaError::Newer)).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        Ok(Self { pool: Arc::new(Pool::file(path.as_ref())?) })
    }

    /// A database in memory, which ends with the last clone of the storage. It begins without tables.
    ///
    /// # Errors
    /// [`StorageError`]
    pub fn in_memory() -> Result<Self, StorageError> {
        Ok(Self { pool: Arc::new(Pool::memory()?) })
    }

    /// Makes the tables, or brings them to the form that this release needs. Forward only; done again, or by
    /// several processes at once, it changes nothing more.
    ///
    /// # Errors
    /// [`StorageError`]; nothing of a step that failed is left.
    pub async fn migrate(&self) -> Result<(), StorageError> {
        Ok(self.pool.migrate().await?)
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        reads: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.pool.read(reads).await?)
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        writes: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.pool.write(writes).await?)
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let (organization, reads) = (organization.clone(), reads.clone());
        self.read(move |connection| load::slice(connection, &organization, &reads, now)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let commit = commit.clone();
        Ok(self.pool.write(move |connection| commit::write(connection, &commit)).await?)
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        let writer = self.pool.begin().await?;
        Ok(Box::new(Unit { writer: Some(writer), organization: organization.clone() }))
    }

    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        let organization = organization.clone();
        self.read(move |connection| load::find_commit(connection, &organization, commit)).await
    }

    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError> {
        self.write(move |connection| commit::forget_commands(connection, now, limit)).await
    }

    async fn block_everywhere(
        &self,
        invitees: &[Invitee],
        since: Option<DateTime<Utc>>,
    ) -> Result<u32, StorageError> {
        let invitees = invitees.to_vec();
        self.write(move |connection| commit::block_everywhere(connection, &invitees, since)).await
    }

    async fn holders(
        &self,
        person: &[Invitee],
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        let person = person.to_vec();
        // No id is empty.
        let after = after.map(ToString::to_string).unwrap_or_default();
        self.read(move |connection| load::holders(connection, &person, &after, limit)).await
    }
}

/// Holds the connection that writes, with a transaction open on it, until it is dropped: the lock of SQLite is
/// that of the whole file.
struct Unit {
    /// `None` once something failed half-way, or a call was dropped before it ended.
    writer: Option<Writer>,
    organization: OrganizationId,
}

impl Unit {
    /// The connection comes back only from what went well: what failed is rolled back, and the unit is over.
    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let writer = self.writer.take().ok_or_else(over)?;
        let (writer, done) = blocking(move || work(&writer).map(|done| (writer, done))).await??;
        self.writer = Some(writer);
        Ok(done)
    }
}

#[async_trait]
impl Exclusive for Unit {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        let (organization, reads) = (self.organization.clone(), reads.clone());
        Ok(self.run(move |connection| load::slice(connection, &organization, &reads, now)).await?)
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let (organization, commit) = (self.organization.clone(), commit.clone());
        let write = move |connection: &Connection| {
            if commit.organization != organization {
                return Err(Failure::other("the unit is of another organization"));
            }
            commit::write(connection, &commit)
        };
        Ok(self.run(write).await?)
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let writer = self.writer.ok_or_else(over)?;
        Ok(blocking(move || writer.commit()).await??)
    }
}

fn over() -> Failure {
    Failure::other("the unit of work was rolled back, as something in it failed")
}

#[cfg(test)]
mod tests {
    use invite_conformance::storage::{Fixture, run};
    use tempfile::TempDir;

    use super::*;
    use crate::pool;

    /// A store in a file, with the connection that writes in reach.
    struct File {
        store: SqliteStorage,
        _directory: TempDir,
    }

    #[async_trait]
    impl Fixture for File {
        fn storage(&self) -> &dyn Storage {
            &self.store
        }

        async fn lose_reply(&self) -> bool {
            pool::tests::lose_reply(&self.store.pool).await;
            true
        }
    }

    /// The case of the contract for which the fixture of `tests/sqlite.rs` is too far outside.
    #[test]
    fn unknown_is_said() {
        run("unknown_is_said", async {
            let directory = tempfile::tempdir().unwrap();
            let store = SqliteStorage::open(directory.path().join("invite.db")).unwrap();
            store.migrate().await.unwrap();
            File { store, _directory: directory }
        });
    }
}
