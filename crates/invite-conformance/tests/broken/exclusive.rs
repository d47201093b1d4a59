//! Stores whose units keep nobody out, or keep nothing in.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::surroundings::around;

broken_stores! {
    commits_of_units_lost: around(LostUnit),
        fails [
            exclusive_waits exclusive_waits_for_another_handle exclusive_is_current exclusive_is_current_among_many
        ]
        saying "the version that the second unit reads"
        also [exclusive_is_current dropped_is_rolled_back];
    units_without_a_lock: around(NoLock),
        fails [
            exclusive_waits exclusive_waits_for_another_handle exclusive_is_current dropped_is_rolled_back
            dropped_is_rolled_back_half_way dropped_is_rolled_back_and_unseen_before
        ]
        saying "it began while the first was open"
        also [exclusive_is_current dropped_is_rolled_back erased_is_gone];
    a_unit_for_any_organization: around(AnyUnit),
        fails [exclusive_is_current_in_what_does_not_exist] saying "a commit of another organization";
    a_unit_that_forgives: around(Forgiving),
        fails [dropped_is_rolled_back_after_a_failed_write] saying "a unit with a failed write is not committed";
    one_lock_for_all: around(|store| OneLock(store, Arc::default())),
        fails [organizations_do_not_wait] saying "the database is locked";
}

/// A unit that says it was committed.
struct LostUnit(MemoryStorage);

#[async_trait]
impl Wrapper for LostUnit {
    in_memory!();

    async fn exclusive(&self, id: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        Ok(Box::new(Lost(self.0.exclusive(id).await?)))
    }
}

struct Lost(Box<dyn Exclusive>);

#[async_trait]
impl Exclusive for Lost {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.0.load(reads, now).await
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.0.write(commit).await
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}

/// A unit that locks nothing, and writes at once.
struct NoLock(MemoryStorage);

#[async_trait]
impl Wrapper for NoLock {
    in_memory!();

    async fn exclusive(&self, id: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        Ok(Box::new(Open(self.0.clone(), id.clone())))
    }
}

struct Open(MemoryStorage, OrganizationId);

#[async_trait]
impl Exclusive for Open {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.0.load(&self.1, reads, now).await
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.0.commit(commit).await
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}

/// Writes whatever a unit is given.
struct AnyUnit(MemoryStorage);

struct Any(Box<dyn Exclusive>, MemoryStorage, OrganizationId);

#[async_trait]
impl Exclusive for Any {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.0.load(reads, now).await
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        if commit.organization != self.2 {
            return self.1.commit(commit).await;
        }
        self.0.write(commit).await
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.0.commit().await
    }
}

#[async_trait]
impl Wrapper for AnyUnit {
    in_memory!();

    async fn exclusive(&self, id: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        Ok(Box::new(Any(self.0.exclusive(id).await?, self.0.clone(), id.clone())))
    }
}

/// Makes true what a unit wrote before a write failed.
struct Forgiving(MemoryStorage);

/// The unit, the store, and what was written well.
struct Forgiven(Option<Box<dyn Exclusive>>, MemoryStorage, OrganizationId, Vec<Commit>);

#[async_trait]
impl Exclusive for Forgiven {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.0.as_mut().unwrap().load(reads, now).await
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let answer = self.0.as_mut().unwrap().write(commit).await;
        if answer.is_ok() {
            self.3.push(commit.clone());
            return answer;
        }
        drop(self.0.take());
        let mut unit = self.1.exclusive(&self.2).await?;
        for commit in &self.3 {
            unit.write(commit).await?;
        }
        self.0 = Some(unit);
        answer
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.0.unwrap().commit().await
    }
}

#[async_trait]
impl Wrapper for Forgiving {
    in_memory!();

    async fn exclusive(&self, id: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        let unit = self.0.exclusive(id).await?;
        Ok(Box::new(Forgiven(Some(unit), self.0.clone(), id.clone(), Vec::new())))
    }
}

/// Lets nobody read another organization while a unit is open.
struct OneLock(MemoryStorage, Arc<Mutex<Option<OrganizationId>>>);

struct Locking(Option<Box<dyn Exclusive>>, Arc<Mutex<Option<OrganizationId>>>);

impl Drop for Locking {
    fn drop(&mut self) {
        self.1.lock().unwrap().take();
    }
}

#[async_trait]
impl Exclusive for Locking {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.0.as_mut().unwrap().load(reads, now).await
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.0.as_mut().unwrap().write(commit).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        self.0.take().unwrap().commit().await
    }
}

#[async_trait]
impl Wrapper for OneLock {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        if self.1.lock().unwrap().as_ref().is_some_and(|locked| locked != id) {
            return Err(StorageError::unavailable("the database is locked"));
        }
        self.0.load(id, reads, now).await
    }

    async fn exclusive(&self, id: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        let unit = self.0.exclusive(id).await?;
        *self.1.lock().unwrap() = Some(id.clone());
        Ok(Box::new(Locking(Some(unit), self.1.clone())))
    }
}
