//! Load: the first half of a command.
//!
//! One trip brings the organization, all keys that are asked for, and what these bring along by joins. What came lies in
//! [`Fetched`] under the key that asks for it, and the slice is answered from there. Where it then asks for what was not
//! fetched, another trip is made: for what is due, past or closing, of which mostly there is nothing.

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

/// Loads over a connection. `within` is how the first trip lies in a transaction.
pub(crate) async fn slice<C: Connection>(
    connection: &mut C,
    within: Within,
    organization: &OrganizationId,
    reads: &Reads,
    now: DateTime<Utc>,
) -> Result<Slice, Failure> {
    let mut fetched = Fetched::default();
    fetched.fetch(connection, within, Trip::first(organization, reads, now)).await?;
    let mut slice = Slice::new(organization.clone(), fetched.organization.take());
    for _ in 0..MOST_TRIPS {
        let open = loop {
            let open = slice.open(reads);
            if open.is_empty() {
                return Ok(slice);
            }
            if !fetched.answer(&open, &mut slice, now)? {
                break open;
            }
        };
        fetched.fetch(connection, Within::Open, Trip::next(organization, &open, &slice, now)).await?;
    }
    Err(Failure::other("a slice asks for rows that this store does not know"))
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
