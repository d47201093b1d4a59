//! Load: the first half of a command.
//!
//! One trip brings the organization, all keys that are asked for, and what these bring along by joins. What came lies in
//! [`Fetched`] under the key that asks for it, and the slice is answered from there. Where it then asks for what was not
//! fetched, another trip is made: for what is due, past or closing, of which mostly there is nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use invite_core::{
    CommandKey, CommandRecord, CommitId, Group, GroupId, Invitation, InvitationId, InviteLink, Invitee,
    JoinRequest, LinkId, Member, Organization, OrganizationId, Reads, RequestId, Slice, Suppression, UserId,
};

use crate::columns::{Columns, Row, actor_key};
use crate::error::Failure;
use crate::statement::{Connection, Statement, Within, all, first};
use crate::value::Value;
use crate::{rows, sql};

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

/// What the rows of a statement are.
#[derive(Clone, Copy)]
enum What {
    Organization,
    Invitations,
    Open,
    Suppressions,
    Members,
    Sent,
    Groups,
    Links,
    Requests,
    Asked,
    KeptLinks,
    Limits,
    Commands,
    Due,
    DueAccess,
    DueRequests,
    Past,
    PastRequests,
    Overdue,
    OverdueRequests,
    Closing,
    ClosingMembers,
}

/// Statements that are sent at once.
struct Trip<'a> {
    organization: &'a OrganizationId,
    statements: Vec<Statement>,
    what: Vec<What>,
    /// Keys of which the rows themselves do not tell that there is none.
    sent_by: Vec<UserId>,
    limits: Vec<String>,
    commands: Vec<CommandKey>,
    past: Vec<String>,
}

impl<'a> Trip<'a> {
    fn to(organization: &'a OrganizationId) -> Self {
        Self {
            organization,
            statements: Vec::new(),
            what: Vec::new(),
            sent_by: Vec::new(),
            limits: Vec::new(),
            commands: Vec::new(),
            past: Vec::new(),
        }
    }

    fn first(organization: &'a OrganizationId, reads: &Reads, now: DateTime<Utc>) -> Self {
        let mut trip = Self::to(organization);
        trip.send(What::Organization, sql::ORGANIZATION, []);
        trip.keys(reads, IsFirst::Yes);
        trip.lists(reads, now);
        trip
    }

    fn next(organization: &'a OrganizationId, open: &Reads, slice: &Slice, now: DateTime<Utc>) -> Self {
        let mut trip = Self::to(organization);
        trip.keys(open, IsFirst::No);
        trip.lists(open, now);
        if let Some(row) = slice.organization() {
            trip.lists_of(row, open, now);
        }
        trip
    }

    /// The organization is the first parameter of every statement.
    fn send(&mut self, what: What, sql: &'static str, values: impl IntoIterator<Item = Value>) {
        let organization = Value::text(self.organization.as_str());
        let values = std::iter::once(organization).chain(values).collect();
        self.statements.push(Statement::new(sql, values));
        self.what.push(what);
    }

    /// Rows by their keys. Of one kind it is one statement, however many keys there are; in the first trip with all that
    /// they bring along.
    fn keys(&mut self, reads: &Reads, is_first: IsFirst) {
        let Reads { invitations, people, requests, links, invitees, asked, addresses, past, .. } = reads;
        let past = past.iter().filter(|_| is_first == IsFirst::Yes);
        let addressed = invitees.iter().chain(past).filter(|invitee| !invitee.is_erased()).map(Invitee::key);
        let mut names = addressed.chain(people.iter().map(user_key)).collect::<Vec<_>>();
        let brings = !(invitations.is_empty() && people.is_empty() && requests.is_empty());
        let is_addressed = brings || !names.is_empty();
        names.extend(asked.iter().filter(|invitee| !invitee.is_erased()).map(Invitee::key));
        names.extend(addresses.iter().cloned().map(Invitee::Address).map(|invitee| invitee.key()));

        let is_found = brings || !links.is_empty();
        let roots = || {
            let roots = [
                Value::texts(people.iter().map(UserId::as_str)),
                Value::uuids(invitations.iter().map(|id| id.as_uuid())),
                Value::uuids(requests.iter().map(|id| id.as_uuid())),
            ];
            roots.into_iter().filter(|_| is_found)
        };
        let link_ids = || Value::uuids(links.iter().map(|id| id.as_uuid()));
        let choose = |given, found| if is_found { found } else { given };
        let of_names = |third| [Value::texts(&names), third].into_iter().chain(roots());
        let with_links = |third| of_names(third).chain(Some(link_ids()).filter(|_| is_found));

        if is_addressed || !reads.members.is_empty() || !addresses.is_empty() || !links.is_empty() {
            let sql = choose(sql::MEMBERS_OF_GIVEN, sql::MEMBERS_OF_FOUND);
            let users = Value::texts(reads.members.iter().map(UserId::as_str));
            self.send(What::Members, sql, with_links(users));
        }
        if !invitations.is_empty() {
            let ids = Value::uuids(invitations.iter().map(|id| id.as_uuid()));
            self.send(What::Invitations, sql::INVITATIONS_OF_IDS, [ids]);
        }
        if is_addressed {
            let sql = choose(sql::OPEN_OF_GIVEN, sql::OPEN_OF_FOUND);
            self.send(What::Open, sql, of_names(one_more(Reads::MAX_OPEN)));
            let sql = choose(sql::SUPPRESSIONS_OF_GIVEN, sql::SUPPRESSIONS_OF_FOUND);
            self.send(What::Suppressions, sql, of_names(Value::limit(MOST_SUPPRESSIONS)));
        }
        if is_addressed && is_first == IsFirst::Yes || !asked.is_empty() {
            let sql = choose(sql::ASKED_OF_GIVEN, sql::ASKED_OF_FOUND);
            self.send(What::Asked, sql, of_names(one_more(Reads::MAX_ASKED)));
        }
        if is_addressed || !reads.groups.is_empty() || !links.is_empty() {
            let sql = choose(sql::GROUPS_OF_GIVEN, sql::GROUPS_OF_FOUND);
            let groups = Value::texts(reads.groups.iter().map(GroupId::as_str));
            self.send(What::Groups, sql, with_links(groups));
        }
        if !links.is_empty() || !requests.is_empty() {
            let ids = Value::uuids(requests.iter().map(|id| id.as_uuid()));
            self.send(What::Links, sql::LINKS_OF_FOUND, [link_ids(), ids]);
        }
        if !requests.is_empty() {
            let ids = Value::uuids(requests.iter().map(|id| id.as_uuid()));
            self.send(What::Requests, sql::REQUESTS_OF_IDS, [ids]);
        }
        self.own_keys(reads);
    }

    /// Keys that bring nothing along.
    fn own_keys(&mut self, reads: &Reads) {
        if !reads.limits.is_empty() {
            self.limits = reads.limits.iter().map(invite_core::LimitSubject::key).collect();
            let subjects = Value::texts(&self.limits);
            self.send(What::Limits, sql::LIMITS, [subjects]);
        }
        if !reads.commands.is_empty() {
            self.commands = reads.commands.iter().cloned().collect();
            let keys = reads.commands.iter().map(rows::command_key).collect::<Vec<_>>();
            self.send(What::Commands, sql::COMMANDS, Value::columns(&keys));
        }
        if !reads.sent_by.is_empty() {
            self.sent_by = reads.sent_by.iter().cloned().collect();
            let inviters = Value::texts(reads.sent_by.iter().map(user_key));
            self.send(What::Sent, sql::SENT_BY, [inviters, one_more(Reads::MAX_SENT)]);
        }
        if !reads.past.is_empty() {
            self.past = reads.past.iter().map(Invitee::key).collect();
            let (names, limit) = (Value::texts(&self.past), one_more(rows_of(Reads::PAST)));
            let addresses = Value::texts(self.past.iter().filter(|name| name.starts_with("address:")));
            self.send(What::Past, sql::PAST, [names.clone(), limit.clone()]);
            self.send(What::PastRequests, sql::PAST_REQUESTS, [names, limit.clone()]);
            self.send(What::PastRequests, sql::PAST_REQUESTS_WITH, [addresses, limit]);
        }
    }

    fn lists(&mut self, reads: &Reads, now: DateTime<Utc>) {
        // The links that did not end come with what is closing.
        if reads.kept_links || reads.closing > 0 {
            self.send(What::KeptLinks, sql::KEPT_LINKS, [one_more(Reads::MAX_LINKS)]);
        }
        if reads.due > 0 {
            let values = || [Value::time(now), one_more(rows_of(reads.due))];
            self.send(What::Due, sql::DUE, values());
            self.send(What::DueAccess, sql::DUE_ACCESS, values());
        }
        if reads.due_requests > 0 {
            let values = [Value::time(now), one_more(rows_of(reads.due_requests))];
            self.send(What::DueRequests, sql::DUE_REQUESTS, values);
        }
    }

    /// What is asked once the organization is known.
    fn lists_of(&mut self, organization: &Organization, open: &Reads, now: DateTime<Utc>) {
        if let (1.., Some(until)) = (open.overdue, organization.erased_until(now, open.retention)) {
            let values = || [Value::time(until), one_more(rows_of(open.overdue))];
            self.send(What::Overdue, sql::OVERDUE, values());
            self.send(What::OverdueRequests, sql::OVERDUE_REQUESTS, values());
        }
        if let (1.., Some(group)) = (open.closing, organization.closing.first()) {
            let values = || [Value::text(group.as_str()), one_more(rows_of(open.closing))];
            self.send(What::Closing, sql::CLOSING_INVITATIONS, values());
            self.send(What::ClosingMembers, sql::CLOSING_MEMBERS, values());
        }
    }
}

/// As many kinds of suppressions as there may ever be of one invitee.
const MOST_SUPPRESSIONS: usize = 16;

#[derive(Clone, Copy, PartialEq)]
enum IsFirst {
    Yes,
    No,
}

/// An invitation, if there is one, and when it was mailed last.
type Mailed = (Option<Invitation>, Option<DateTime<Utc>>);

/// What is open to an invitee, and what they do not want.
type Addressed = (Vec<Invitation>, Vec<Suppression>);

/// Rows by the key that asks for them; a key of nothing is there as well. Invitees, and members by user or by address, go by
/// [`Invitee::key`].
#[derive(Default)]
struct Fetched {
    organization: Option<Organization>,
    invitations: BTreeMap<InvitationId, Mailed>,
    open: BTreeMap<String, Vec<Invitation>>,
    suppressions: BTreeMap<String, Vec<Suppression>>,
    members: BTreeMap<String, Option<Member>>,
    sent: BTreeMap<String, Vec<Invitation>>,
    groups: BTreeMap<String, Option<Group>>,
    links: BTreeMap<LinkId, Option<InviteLink>>,
    requests: BTreeMap<RequestId, Option<JoinRequest>>,
    asked: BTreeMap<String, Vec<JoinRequest>>,
    kept_links: Option<Vec<InviteLink>>,
    limits: BTreeMap<String, Option<DateTime<Utc>>>,
    commands: BTreeMap<CommandKey, Option<CommandRecord>>,
    due: Option<Vec<Invitation>>,
    due_access: Vec<Member>,
    due_requests: Option<Vec<JoinRequest>>,
    past: BTreeMap<String, Vec<Invitation>>,
    past_requests: BTreeMap<String, Vec<JoinRequest>>,
    overdue: Option<Vec<Invitation>>,
    overdue_requests: Vec<JoinRequest>,
    closing: Option<Vec<Invitation>>,
    closing_members: Vec<Member>,
}

impl Fetched {
    async fn fetch<C: Connection>(
        &mut self,
        connection: &mut C,
        within: Within,
        trip: Trip<'_>,
    ) -> Result<(), Failure> {
        let Trip { organization: _, statements, what, sent_by, limits, commands, past } = trip;
        if statements.is_empty() {
            return Err(Failure::other("a slice asks for rows that this store does not know"));
        }
        let brought = connection.run(within, &statements).await?;
        self.sent.extend(sent_by.iter().map(|user| (user_key(user), Vec::new())));
        self.limits.extend(limits.into_iter().map(|subject| (subject, None)));
        self.commands.extend(commands.into_iter().map(|key| (key, None)));
        self.past.extend(past.into_iter().map(|name| (name, Vec::new())));
        what.into_iter().zip(&brought).try_for_each(|(what, rows)| self.take(what, rows))
    }

    fn take<R: Row>(&mut self, what: What, rows: &[R]) -> Result<(), Failure> {
        match what {
            What::Organization => self.organization = first(rows, rows::organization)?,
            What::Invitations => self.invitations.extend(all(rows, invitation_of)?),
            What::Open => many(&mut self.open, rows, rows::invitation)?,
            What::Suppressions => many(&mut self.suppressions, rows, rows::suppression)?,
            What::Asked => many(&mut self.asked, rows, rows::request)?,
            What::Sent => many(&mut self.sent, rows, rows::invitation)?,
            What::Past => many(&mut self.past, rows, rows::invitation)?,
            What::PastRequests => many(&mut self.past_requests, rows, rows::request)?,
            What::Members => one_each(&mut self.members, rows, |columns| columns.value(), rows::member)?,
            What::Groups => one_each(&mut self.groups, rows, |columns| columns.value(), rows::group)?,
            What::Links => one_each(&mut self.links, rows, link_id, rows::link)?,
            What::Requests => one_each(&mut self.requests, rows, request_id, rows::request)?,
            What::KeptLinks => self.kept_links = Some(all(rows, rows::link)?),
            What::Limits => {
                let kept = all(rows, |columns| Ok((columns.value()?, Some(columns.time()?))))?;
                self.limits.extend(kept);
            }
            What::Commands => {
                let records = all(rows, rows::command)?;
                self.commands.extend(records.into_iter().map(|record| (record.key.clone(), Some(record))));
            }
            What::Due => self.due = Some(all(rows, rows::invitation)?),
            What::DueAccess => self.due_access = all(rows, rows::member)?,
            What::DueRequests => self.due_requests = Some(all(rows, rows::request)?),
            What::Overdue => self.overdue = Some(all(rows, rows::invitation)?),
            What::OverdueRequests => self.overdue_requests = all(rows, rows::request)?,
            What::Closing => self.closing = Some(all(rows, rows::invitation)?),
            What::ClosingMembers => self.closing_members = all(rows, rows::member)?,
        }
        Ok(())
    }

    /// Answers what was fetched of the keys that are open; says whether that was any.
    fn answer(&mut self, open: &Reads, slice: &mut Slice, now: DateTime<Utc>) -> Result<bool, Failure> {
        let mut is_any = false;
        for id in &open.invitations {
            if let Some((row, mailed_at)) = self.invitations.remove(id) {
                slice.answer_invitation(*id, row, mailed_at);
                is_any = true;
            }
        }
        for invitee in &open.invitees {
            if let Some((rows, suppressions)) = self.addressed_to(invitee)? {
                slice.answer_invitee(invitee.clone(), rows, suppressions);
                is_any = true;
            }
        }
        for user in &open.members {
            if let Some(row) = self.members.remove(&user_key(user)) {
                slice.answer_member(user.clone(), row);
                is_any = true;
            }
        }
        for address in &open.addresses {
            if let Some(row) = self.members.remove(&Invitee::Address(address.clone()).key()) {
                slice.answer_address(address.clone(), row);
                is_any = true;
            }
        }
        for user in &open.sent_by {
            if let Some(rows) = self.sent.remove(&user_key(user)) {
                slice.answer_sent_by(user.clone(), rows);
                is_any = true;
            }
        }
        for id in &open.groups {
            if let Some(row) = self.groups.remove(id.as_str()) {
                slice.answer_group(id.clone(), row);
                is_any = true;
            }
        }
        for id in &open.links {
            if let Some(row) = self.links.remove(id) {
                slice.answer_link(*id, row);
                is_any = true;
            }
        }
        for id in &open.requests {
            if let Some(row) = self.requests.remove(id) {
                slice.answer_request(*id, row);
                is_any = true;
            }
        }
        for invitee in &open.asked {
            if let Some(rows) = self.asked_for(invitee)? {
                slice.answer_asked(invitee.clone(), rows);
                is_any = true;
            }
        }
        for subject in &open.limits {
            if let Some(kept) = self.limits.remove(&subject.key()) {
                slice.answer_limit(subject.clone(), kept);
                is_any = true;
            }
        }
        for key in &open.commands {
            if let Some(record) = self.commands.remove(key) {
                slice.answer_command(key.clone(), record);
                is_any = true;
            }
        }
        for invitee in &open.past {
            if let Some(rows) = self.past.remove(&invitee.key()) {
                let (rows, more) = at_most(Reads::PAST, rows);
                let (requests, more_requests) = self.past_requests_of(invitee);
                slice.answer_past(invitee.clone(), rows, requests, more || more_requests);
                is_any = true;
            }
        }
        if open.kept_links
            && let Some(rows) = self.kept_links.take()
        {
            let rows = not_too_many(rows, Reads::MAX_LINKS, "an organization has more links than can be")?;
            slice.answer_kept_links(rows);
            is_any = true;
        }
        if open.due > 0
            && let Some(rows) = self.due.take()
        {
            let (rows, more) = at_most(open.due, rows);
            let (members, more_members) = at_most(open.due, std::mem::take(&mut self.due_access));
            slice.answer_due(rows, members, more || more_members);
            is_any = true;
        }
        if open.due_requests > 0
            && let Some(rows) = self.due_requests.take()
        {
            let (rows, more) = at_most(open.due_requests, rows);
            slice.answer_due_requests(rows, more);
            is_any = true;
        }
        let until = slice.organization().and_then(|row| row.erased_until(now, open.retention));
        if open.overdue > 0 && until.is_none() {
            slice.answer_overdue(Vec::new(), Vec::new(), false);
            is_any = true;
        } else if open.overdue > 0
            && let Some(rows) = self.overdue.take()
        {
            let (rows, more) = at_most(open.overdue, rows);
            let (requests, more_requests) = at_most(open.overdue, std::mem::take(&mut self.overdue_requests));
            slice.answer_overdue(rows, requests, more || more_requests);
            is_any = true;
        }
        let group = slice.organization().and_then(|row| row.closing.first()).cloned();
        if open.closing > 0
            && let (Some(group), Some(rows)) = (group, self.closing.take())
        {
            let (rows, more) = at_most(open.closing, rows);
            let (members, more_members) = at_most(open.closing, std::mem::take(&mut self.closing_members));
            slice.answer_closing(group, members, rows, more || more_members);
            is_any = true;
        }
        Ok(is_any)
    }

    /// To whom was erased nothing is addressed.
    fn addressed_to(&mut self, invitee: &Invitee) -> Result<Option<Addressed>, Failure> {
        if invitee.is_erased() {
            return Ok(Some((Vec::new(), Vec::new())));
        }
        let key = invitee.key();
        let Some((rows, suppressions)) = self.open.remove(&key).zip(self.suppressions.remove(&key)) else {
            return Ok(None);
        };
        let rows = not_too_many(rows, Reads::MAX_OPEN, "an invitee has more open invitations than can be")?;
        Ok(Some((rows, suppressions)))
    }

    fn asked_for(&mut self, invitee: &Invitee) -> Result<Option<Vec<JoinRequest>>, Failure> {
        if invitee.is_erased() {
            return Ok(Some(Vec::new()));
        }
        let Some(rows) = self.asked.remove(&invitee.key()) else { return Ok(None) };
        not_too_many(rows, Reads::MAX_ASKED, "an invitee has more open join requests than can be").map(Some)
    }

    /// The same request may tell an address twice.
    fn past_requests_of(&mut self, invitee: &Invitee) -> (Vec<JoinRequest>, bool) {
        let mut rows = self.past_requests.remove(&invitee.key()).unwrap_or_default();
        rows.sort_unstable_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
        at_most(Reads::PAST, rows)
    }
}

/// A key, the row, if there is one, and when it was mailed last.
fn invitation_of(columns: &mut Columns<'_>) -> Result<(InvitationId, Mailed), Failure> {
    let id = InvitationId::from_uuid(columns.uuid()?);
    if columns.is_null() {
        return Ok((id, (None, None)));
    }
    Ok((id, (Some(rows::invitation(columns)?), columns.option()?)))
}

fn link_id(columns: &mut Columns<'_>) -> Result<LinkId, Failure> {
    Ok(LinkId::from_uuid(columns.uuid()?))
}

fn request_id(columns: &mut Columns<'_>) -> Result<RequestId, Failure> {
    Ok(RequestId::from_uuid(columns.uuid()?))
}

/// Rows behind the key that brings them, or nulls behind a key that brings none.
fn many<R: Row, T>(
    to: &mut BTreeMap<String, Vec<T>>,
    rows: &[R],
    mut read: impl FnMut(&mut Columns<'_>) -> Result<T, Failure>,
) -> Result<(), Failure> {
    for row in rows {
        let mut columns = Columns::of(row);
        let brought = to.entry(columns.value()?).or_default();
        if !columns.is_null() {
            brought.push(read(&mut columns)?);
        }
    }
    Ok(())
}

/// The row behind its key, or nulls.
fn one_each<R: Row, K: Ord, T>(
    to: &mut BTreeMap<K, Option<T>>,
    rows: &[R],
    mut key: impl FnMut(&mut Columns<'_>) -> Result<K, Failure>,
    mut read: impl FnMut(&mut Columns<'_>) -> Result<T, Failure>,
) -> Result<(), Failure> {
    for row in rows {
        let mut columns = Columns::of(row);
        let key = key(&mut columns)?;
        let row = if columns.is_null() { None } else { Some(read(&mut columns)?) };
        to.insert(key, row);
    }
    Ok(())
}

fn user_key(user: &UserId) -> String {
    actor_key(&user.clone().into())
}

fn rows_of(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// One more than asked for is looked up, as the sign that there are more.
fn one_more(limit: usize) -> Value {
    Value::limit(limit.saturating_add(1))
}

/// Of one more than asked for, those asked for, and whether there are more.
fn at_most<T>(limit: u32, mut rows: Vec<T>) -> (Vec<T>, bool) {
    let more = rows.len() > rows_of(limit);
    rows.truncate(rows_of(limit));
    (rows, more)
}

/// A part of them is not the truth.
fn not_too_many<T>(rows: Vec<T>, most: usize, why: &'static str) -> Result<Vec<T>, Failure> {
    if rows.len() > most { Err(Failure::other(why)) } else { Ok(rows) }
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
