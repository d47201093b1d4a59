//! Commit: the second half of a command. It writes rows, interprets nothing and computes nothing.
//!
//! All of it is sent at once, so no statement can wait for what the one before it says. Each one fails by itself where a row
//! is not as it must be: what was inserted by its key, and what was changed by dividing by the number of rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use invite_core::{Commit, EmailAddress, Erasures, Invitee, Organization, RowChange};

use crate::composed::{across, chained};
use crate::error::Failure;
use crate::statement::Statement;
use crate::value::Value;
use crate::{rows, sql};

/// The statements of a commit, in their order, for one transaction.
pub(crate) fn statements(commit: &Commit) -> Result<Vec<Statement>, Failure> {
    writes(commit).map(alone)
}

/// What a commit writes.
pub(crate) struct Writes {
    organization: Option<Value>,
    /// In the order in which they are sent.
    writes: Vec<Write>,
    /// Whether all of it can be written together with what others write.
    is_plain: bool,
}

/// Rows of a table to which the same happens, or one statement.
struct Write {
    /// Of all that a commit may write, the how manieth it is.
    place: usize,
    /// For one row, if that is another statement.
    one: Option<&'static str>,
    many: &'static str,
    /// Without their organization.
    rows: Vec<Vec<Value>>,
}

impl Writes {
    /// Whether they may share a transaction with others: they are few, and none of them waits for a lock.
    pub(crate) fn may_share(&self) -> bool {
        self.is_plain && self.writes.iter().map(|write| write.rows.len()).sum::<usize>() <= MOST_SHARED
    }
}

/// The place of what locks the organization.
const GUARD: usize = 1;

/// A commit of more rows is better off by itself.
const MOST_SHARED: usize = 64;

/// Statements of one organization, for one transaction.
pub(crate) fn alone(writes: Writes) -> Vec<Statement> {
    let organization = writes.organization;
    let statement = |Write { place: _, one, many, mut rows }: Write| {
        let (sql, values) = match (one, &mut rows[..]) {
            (Some(one), [row]) => (one, std::mem::take(row)),
            _ => (many, Value::columns(&rows)),
        };
        Statement::new(sql, organization.iter().cloned().chain(values).collect())
    };
    writes.writes.into_iter().map(statement).collect()
}

/// The same as one statement.
///
/// Rows are found by their organization and their key together. Were the organization given apart, a plan that is kept, made for
/// organizations of the usual size, could read all of a large one.
pub(crate) fn whole(writes: Writes) -> Statement {
    let organization = writes.organization;
    let statement = |Write { place, one, many, mut rows }: Write| match (one, &mut rows[..]) {
        (Some(one), [row]) if place == GUARD || one == many => {
            Statement::new(one, organization.iter().cloned().chain(std::mem::take(row)).collect())
        }
        _ => {
            let rows = rows.into_iter().map(|row| organization.iter().cloned().chain(row).collect());
            Statement::new(across(many), Value::columns(&rows.collect::<Vec<_>>()))
        }
    };
    chained(&writes.writes.into_iter().map(statement).collect::<Vec<_>>())
}

/// One statement of several organizations.
pub(crate) fn together(commits: Vec<Writes>) -> Statement {
    let mut tables = BTreeMap::new();
    for Writes { organization, writes, .. } in commits {
        for Write { place, one: _, many, rows } in writes {
            let rows = rows.into_iter().map(|row| organization.iter().cloned().chain(row).collect());
            tables.entry(place).or_insert((many, Vec::new())).1.extend(rows);
        }
    }
    let statement = |(sql, rows): (_, Vec<Vec<Value>>)| Statement::new(across(sql), Value::columns(&rows));
    chained(&tables.into_values().map(statement).collect::<Vec<_>>())
}

/// What a commit writes, table by table.
pub(crate) fn writes(commit: &Commit) -> Result<Writes, Failure> {
    let Commit {
        id: _, // stands in every event record
        organization,
        version,
        header,
        members,
        group_members,
        groups,
        links,
        requests,
        invitations,
        places,
        suppressions,
        limits,
        former,
        events,
        deliveries,
        commands,
        erased,
    } = commit;
    if !commit.is_sound() {
        return Err(Failure::other("the commit contradicts itself"));
    }
    let organization = Value::text(organization.as_str());
    let mut writing = Writing {
        done: Writes { organization: Some(organization), writes: Vec::new(), is_plain: true },
        place: 0,
    };
    writing.guard(*version, header.as_ref())?;
    writing.erase(erased);

    let places = Changes::of(
        places,
        |row| Ok(rows::place_values(row)),
        |(scope, invitee)| rows::place_key(scope, invitee),
    )?;
    let link_groups = inserted_or_updated(links).flat_map(rows::link_group_values).collect::<Vec<_>>();
    let invitation_groups =
        inserted_or_updated(invitations).flat_map(rows::invitation_group_values).collect::<Vec<_>>();
    let invitations =
        Changes::of(invitations, rows::invitation_values, |id| vec![Value::uuid(id.as_uuid())])?;
    let members = Changes::of(members, rows::member_values, |user| vec![Value::text(user.as_str())])?;
    let group_members = Changes::of(
        group_members,
        |row| Ok(rows::group_member_values(row)),
        |(group, user)| rows::group_member_key(group, user),
    )?;
    let groups = Changes::of(groups, rows::group_values, |id| vec![Value::text(id.as_str())])?;
    let links = Changes::of(links, rows::link_values, |id| vec![Value::uuid(id.as_uuid())])?;
    let requests = Changes::of(requests, rows::request_values, |id| vec![Value::uuid(id.as_uuid())])?;
    let suppressions = Changes::of(
        suppressions,
        |row| Ok(rows::suppression_values(row)),
        |(invitee, kind)| vec![Value::text(&invitee.key()), Value::text(kind.as_str())],
    )?;

    // Rows that are there are settled first, so that a key they give up is free for a new one.
    let places = writing.settle(places, PLACES);
    let invitations = writing.settle(invitations, INVITATIONS);
    let members = writing.settle(members, MEMBERS);
    let group_members = writing.settle(group_members, GROUP_MEMBERS);
    let groups = writing.settle(groups, GROUPS);
    let links = writing.settle(links, LINKS);
    let requests = writing.settle(requests, REQUESTS);
    let suppressions = writing.settle(suppressions, SUPPRESSIONS);
    writing.insert(places, PLACES.insert);
    writing.insert(invitations, INVITATIONS.insert);
    writing.many(invitation_groups, sql::INSERT_INVITATION_GROUPS);
    writing.insert(members, MEMBERS.insert);
    writing.insert(group_members, GROUP_MEMBERS.insert);
    writing.insert(groups, GROUPS.insert);
    writing.insert(links, LINKS.insert);
    writing.many(link_groups, sql::INSERT_LINK_GROUPS);
    writing.insert(requests, REQUESTS.insert);
    writing.insert(suppressions, SUPPRESSIONS.insert);

    let limits = limits.iter().map(|(subject, kept)| vec![Value::text(&subject.key()), Value::time(*kept)]);
    writing.many(limits.collect(), sql::PUT_LIMITS);
    writing.many(values(former, rows::former_values)?, sql::PUT_FORMER);
    writing.insert(values(events, rows::event_values)?, [sql::INSERT_EVENT, sql::INSERT_EVENTS]);
    writing
        .insert(values(deliveries, rows::delivery_values)?, [sql::INSERT_DELIVERY, sql::INSERT_DELIVERIES]);
    writing.many(values(commands, |row| Ok(rows::command_values(row)))?, sql::PUT_COMMANDS);
    Ok(writing.done)
}

/// The statements of a table: for one row, and for several.
#[derive(Clone, Copy)]
struct Table {
    delete: &'static str,
    update: [&'static str; 2],
    insert: [&'static str; 2],
}

macro_rules! tables {
    ($($table:ident: $delete:ident, $update:ident $updates:ident, $insert:ident $inserts:ident;)+) => {
        $(const $table: Table = Table {
            delete: sql::$delete,
            update: [sql::$update, sql::$updates],
            insert: [sql::$insert, sql::$inserts],
        };)+
    };
}

tables! {
    PLACES: DELETE_PLACES, UPDATE_PLACE UPDATE_PLACES, INSERT_PLACE INSERT_PLACES;
    INVITATIONS: DELETE_INVITATIONS, UPDATE_INVITATION UPDATE_INVITATIONS, INSERT_INVITATION INSERT_INVITATIONS;
    MEMBERS: DELETE_MEMBERS, UPDATE_MEMBER UPDATE_MEMBERS, INSERT_MEMBER INSERT_MEMBERS;
    GROUP_MEMBERS: DELETE_GROUP_MEMBERS, UPDATE_GROUP_MEMBER UPDATE_GROUP_MEMBERS,
        INSERT_GROUP_MEMBER INSERT_GROUP_MEMBERS;
    GROUPS: DELETE_GROUPS, UPDATE_GROUP UPDATE_GROUPS, INSERT_GROUP INSERT_GROUPS;
    LINKS: DELETE_LINKS, UPDATE_LINK UPDATE_LINKS, INSERT_LINK INSERT_LINKS;
    REQUESTS: DELETE_REQUESTS, UPDATE_REQUEST UPDATE_REQUESTS, INSERT_REQUEST INSERT_REQUESTS;
    SUPPRESSIONS: DELETE_SUPPRESSIONS, UPDATE_SUPPRESSION UPDATE_SUPPRESSIONS,
        INSERT_SUPPRESSION INSERT_SUPPRESSIONS;
}

/// Rows of a table as values, by what happens to them.
struct Changes {
    deletes: Vec<Vec<Value>>,
    updates: Vec<Vec<Value>>,
    inserts: Vec<Vec<Value>>,
}

impl Changes {
    fn of<K, R>(
        changes: &[RowChange<K, R>],
        values: impl Fn(&R) -> Result<Vec<Value>, Failure>,
        key: impl Fn(&K) -> Vec<Value>,
    ) -> Result<Self, Failure> {
        let mut sorted = Self { deletes: Vec::new(), updates: Vec::new(), inserts: Vec::new() };
        for change in changes {
            match change {
                RowChange::Delete(gone) => sorted.deletes.push(key(gone)),
                RowChange::Update(row) => sorted.updates.push(values(row)?),
                RowChange::Insert(row) => sorted.inserts.push(values(row)?),
            }
        }
        Ok(sorted)
    }
}

fn values<R>(
    rows: &[R],
    values: impl Fn(&R) -> Result<Vec<Value>, Failure>,
) -> Result<Vec<Vec<Value>>, Failure> {
    rows.iter().map(values).collect()
}

/// The groups that an updated row names were forgotten by its update.
fn inserted_or_updated<K, R>(changes: &[RowChange<K, R>]) -> impl Iterator<Item = &R> {
    changes.iter().filter_map(|change| match change {
        RowChange::Insert(row) | RowChange::Update(row) => Some(row),
        RowChange::Delete(_) => None,
    })
}

struct Writing {
    done: Writes,
    place: usize,
}

impl Writing {
    /// The organization is the first parameter of every statement, so that each can be sent where its rows lie.
    fn send(&mut self, one: Option<&'static str>, many: &'static str, rows: Vec<Vec<Value>>) {
        self.place = self.place.saturating_add(1);
        if !rows.is_empty() {
            self.done.writes.push(Write { place: self.place, one, many, rows });
        }
    }

    /// What only a commit by itself can send.
    fn send_alone(&mut self, sql: &'static str, values: Vec<Value>) {
        self.done.is_plain = false;
        self.send(Some(sql), sql, vec![values]);
    }

    /// Requires the version that was decided on, and locks the organization. It goes before everything: whoever comes
    /// later waits here, holding nothing that another one waits for.
    fn guard(&mut self, version: u64, header: Option<&Organization>) -> Result<(), Failure> {
        match header {
            Some(row) if version == 0 => {
                self.send_alone(sql::INSERT_ORGANIZATION, rows::organization_values(row)?);
            }
            Some(row) => {
                let mut values = rows::organization_values(row)?;
                values.push(Value::count(version)?);
                self.send(Some(sql::UPDATE_ORGANIZATION), sql::UPDATE_ORGANIZATIONS, vec![values]);
            }
            None => self.send_alone(sql::REQUIRE_VERSION, vec![Value::count(version)?]),
        }
        Ok(())
    }

    /// Of what was there before, and of nothing that the commit adds.
    fn erase(&mut self, erased: &Erasures) {
        let Erasures { invitations, requests, users } = erased;
        if !invitations.is_empty() {
            let ids = Value::uuids(invitations.iter().map(|id| id.as_uuid()));
            self.send_alone(sql::ERASE_EVENTS, vec![ids.clone()]);
            self.send_alone(sql::DELETE_DELIVERIES, vec![ids]);
        }
        if !requests.is_empty() {
            let ids = Value::uuids(requests.iter().map(|id| id.as_uuid()));
            self.send_alone(sql::ERASE_EVENTS_OF_REQUESTS, vec![ids]);
        }
        if !users.is_empty() {
            let users = Value::texts(users.iter().map(invite_core::UserId::as_str));
            self.send_alone(sql::ERASE_EVENTS_OF_USERS, vec![users.clone()]);
            self.send_alone(sql::DELETE_FORMER, vec![users]);
        }
    }

    fn settle(&mut self, changes: Changes, table: Table) -> Vec<Vec<Value>> {
        self.many(changes.deletes, table.delete);
        self.insert(changes.updates, table.update);
        changes.inserts
    }

    /// One row by itself costs less than an array of one.
    fn insert(&mut self, rows: Vec<Vec<Value>>, [one, many]: [&'static str; 2]) {
        self.send(Some(one), many, rows);
    }

    fn many(&mut self, rows: Vec<Vec<Value>>, sql: &'static str) {
        self.send(None, sql, rows);
    }
}

/// Says how many there were.
pub(crate) fn forget_commands(now: DateTime<Utc>, limit: u32) -> Statement {
    Statement::new(sql::FORGET_COMMANDS, vec![Value::time(now), Value::integer(limit)])
}

/// Says for how many of them it changed anything.
pub(crate) fn block_everywhere(invitees: &[Invitee], since: Option<DateTime<Utc>>) -> Statement {
    let keys = Value::texts(invitees.iter().map(Invitee::key));
    let Some(at) = since else { return Statement::new(sql::DELETE_BLOCKS, vec![keys]) };
    let rows = invitees.iter().map(|invitee| {
        let address = invitee.address().map(EmailAddress::as_str);
        vec![Value::text(&invitee.key()), Value::text_option(address)]
    });
    let mut values = Value::columns(&rows.collect::<Vec<_>>());
    values.push(Value::time(at));
    Statement::new(sql::INSERT_BLOCKS, values)
}
