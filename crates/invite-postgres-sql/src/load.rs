//! Load: the first half of a command.
//!
//! One trip, which is one statement, brings the organization, all keys that are asked for, and what these bring along by
//! joins. What came lies in [`Fetched`] under the key that asks for it, and the slice is answered from there. Where it then asks
//! for what was not fetched, another trip is made: for what is due, past or closing, of which mostly there is nothing. Each
//! asks for the version again, so that trips of different moments are noticed.

use chrono::{DateTime, Utc};
use invite_core::{CommitId, Invitee, OrganizationId, Reads, Slice, UserId};

use crate::error::Failure;
use crate::fetched::Fetched;
use crate::sql;
use crate::statement::{Connection, Statement, Within};
use crate::trip::Trip;
use crate::value::Value;

/// Each trip answers keys that the one before opened. Four are needed; more are a bug of ours.
const MOST_TRIPS: usize = 8;

/// Loads within a transaction in which nobody else's commits are seen: it has locked the organization, or begins with the first
/// trip and reads one snapshot.
pub(crate) async fn slice<C: Connection>(
    connection: &mut C,
    within: Within,
    organization: &OrganizationId,
    reads: &Reads,
    now: DateTime<Utc>,
) -> Result<Slice, Failure> {
    let mut fetched = Fetched::default();
    fetched.fetch(connection, within, Trip::first(organization, reads, now)).await?;
    let mut loading = Loading::new(fetched, organization, reads, now);
    if loading.is_done()? {
        return Ok(loading.slice);
    }
    let slice = loading.finish(connection).await?;
    slice.ok_or_else(|| Failure::other("an organization changed under its lock"))
}

/// A load whose first trip has come.
pub(crate) struct Loading<'a> {
    organization: &'a OrganizationId,
    reads: &'a Reads,
    now: DateTime<Utc>,
    fetched: Fetched,
    pub(crate) slice: Slice,
    /// What is still asked for.
    open: Reads,
}

impl<'a> Loading<'a> {
    pub(crate) fn new(
        mut fetched: Fetched,
        organization: &'a OrganizationId,
        reads: &'a Reads,
        now: DateTime<Utc>,
    ) -> Self {
        let slice = Slice::new(organization.clone(), fetched.organization.take());
        Self { organization, reads, now, fetched, slice, open: Reads::new() }
    }

    /// Answers what came; says whether nothing is asked for any more.
    pub(crate) fn is_done(&mut self) -> Result<bool, Failure> {
        loop {
            self.open = self.slice.open(self.reads);
            if self.open.is_empty() {
                return Ok(true);
            }
            if !self.fetched.answer(&self.open, &mut self.slice, self.now)? {
                return Ok(false);
            }
        }
    }

    /// Makes the other trips. None if somebody committed between two of them: what they brought is not of one moment.
    pub(crate) async fn finish<C: Connection>(
        mut self,
        connection: &mut C,
    ) -> Result<Option<Slice>, Failure> {
        for _ in 1..MOST_TRIPS {
            let trip = Trip::next(self.organization, &self.open, &self.slice, self.now);
            self.fetched.fetch(connection, Within::Open, trip).await?;
            if self.fetched.is_torn {
                return Ok(None);
            }
            if self.is_done()? {
                return Ok(Some(self.slice));
            }
        }
        Err(Failure::other("a slice asks for rows that this store does not know"))
    }
}

/// Whether a commit with events was written.
pub(crate) fn find_commit(organization: &OrganizationId, commit: CommitId) -> Statement {
    Statement::new(sql::FIND_COMMIT, vec![Value::text(organization.as_str()), Value::uuid(commit.as_uuid())])
}

/// Which organizations behind one hold something about a person, by their ids: so many from each statement.
pub(crate) fn holders(person: &[Invitee], after: Option<&OrganizationId>, limit: u32) -> Vec<Statement> {
    let keys = Value::texts(person.iter().filter(|name| !name.is_erased()).map(Invitee::key));
    let addresses =
        Value::texts(person.iter().filter_map(Invitee::address).map(|address| address.canonical()));
    let users = Value::texts(person.iter().filter_map(Invitee::user).map(UserId::as_str));
    let asked = [
        (sql::HOLDERS_OF_OPEN, &keys),
        (sql::HOLDERS_OF_PAST, &keys),
        (sql::HOLDERS_OF_REQUESTS, &keys),
        (sql::HOLDERS_OF_BLOCKS, &keys),
        (sql::HOLDERS_OF_ADDRESS, &addresses),
        (sql::HOLDERS_OF_REQUESTS_WITH, &addresses),
        (sql::HOLDERS_OF_MEMBER, &users),
        (sql::HOLDERS_OF_RECORDS, &users),
        (sql::HOLDERS_OF_REQUESTS_BY, &users),
    ];
    // No id is empty.
    let after = after.map_or("", OrganizationId::as_str);
    let values = |names: &Value| vec![names.clone(), Value::text(after), Value::integer(limit)];
    asked.into_iter().map(|(sql, names)| Statement::new(sql, values(names))).collect()
}
