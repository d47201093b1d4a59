//! What a case needs: a store, and a host in the same database.

use chrono::{DateTime, Utc};
use invite_core::{Commit, OrganizationId, Reads, Slice};
use invite_storage::{CommitError, HostTransaction, Storage};

/// A database that a host shares with a store, made for one case. The host has a table of its own in it, empty at first.
///
/// All of its calls may block.
pub trait Fixture: Send + Sync + 'static {
    /// The store: empty at first, and migrated.
    fn storage(&self) -> &dyn Storage;

    /// Begins a transaction of the host, on a connection of its own, in the way that the adapter asks of hosts. It has
    /// read nothing yet.
    fn begin(&self) -> Box<dyn Open + '_>;

    /// How many rows the host has, as others see it.
    fn rows(&self) -> usize;
}

/// A transaction that the host has open. Dropped, it is rolled back.
pub trait Open {
    /// What the adapter makes of the transaction.
    fn transaction(&mut self) -> Box<dyn HostTransaction + '_>;

    /// Writes a row of the host.
    fn write_row(&mut self);

    /// Commits the transaction as the host does.
    fn commit(self: Box<Self>);

    /// Ends the transaction as the database does by itself, in an error for instance; the host goes on as if it were open.
    /// Says whether it did.
    fn break_off(&mut self) -> bool {
        false
    }
}

impl dyn Open + '_ {
    pub(super) fn load(&mut self, organization: &OrganizationId, reads: &Reads, now: DateTime<Utc>) -> Slice {
        match self.transaction().load(organization, reads, now) {
            Ok(slice) => slice,
            Err(error) => panic!("expected: the transaction loads; seen: {error:?}"),
        }
    }

    pub(super) fn write(&mut self, commit: &Commit) {
        if let Err(error) = self.try_write(commit) {
            panic!("expected: the transaction takes a commit on version {}; seen: {error:?}", commit.version);
        }
    }

    pub(super) fn try_write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.transaction().write(commit)
    }
}
