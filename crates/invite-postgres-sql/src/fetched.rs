//! What a load brought, by the key that asks for it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use invite_core::{
    CommandKey, CommandRecord, Group, Invitation, InvitationId, InviteLink, Invitee, JoinRequest, LinkId,
    Member, Organization, Reads, RequestId, Slice, Suppression,
};

use crate::columns::{Columns, Row};
use crate::error::Failure;
use crate::records::records;
use crate::rows;
use crate::statement::{Connection, Within, all, first};
use crate::trip::{Trip, What, rows_of, user_key};

/// An invitation, if there is one, and when it was mailed last.
type Mailed = (Option<Invitation>, Option<DateTime<Utc>>);

/// What is open to an invitee, and what they do not want.
type Addressed = (Vec<Invitation>, Vec<Suppression>);

/// Rows by the key that asks for them; a key of nothing is there as well. Invitees, and members by user or by address, go by
/// [`Invitee::key`].
#[derive(Default)]
pub(crate) struct Fetched {
    pub(crate) organization: Option<Organization>,
    /// At which version it was read first; 0 if there is none.
    version: u64,
    /// Whether it was read at another version since.
    pub(crate) is_torn: bool,
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
    closing_requests: Vec<JoinRequest>,
}

impl Fetched {
    pub(crate) async fn fetch<C: Connection>(
        &mut self,
        connection: &mut C,
        within: Within,
        trip: Trip<'_>,
    ) -> Result<(), Failure> {
        let brought = connection.run(within, &[trip.statement()]).await?;
        let row = brought.first().and_then(|rows| rows.first()).ok_or_else(|| Failure::other("no row"))?;
        self.take(trip, row)
    }

    /// Takes what a trip brought: a row with an array for each of its selects.
    pub(crate) fn take(&mut self, trip: Trip<'_>, row: &impl Row) -> Result<(), Failure> {
        let Trip { what, sent_by, limits, commands, past, .. } = trip;
        self.sent.extend(sent_by.iter().map(|user| (user_key(user), Vec::new())));
        self.limits.extend(limits.into_iter().map(|subject| (subject, None)));
        self.commands.extend(commands.into_iter().map(|key| (key, None)));
        self.past.extend(past.into_iter().map(|name| (name, Vec::new())));
        what.into_iter().enumerate().try_for_each(|(column, what)| {
            let array = row.bytes(column).ok_or_else(|| Failure::unreadable(what.name(), "null"))?;
            self.file(what, &records(array, what.name())?)
        })
    }

    fn file<R: Row>(&mut self, what: What, rows: &[R]) -> Result<(), Failure> {
        match what {
            What::Organization => {
                self.organization = first(rows, rows::organization)?;
                self.version = self.organization.as_ref().map_or(0, |row| row.version);
            }
            What::Version => {
                let version = first(rows, |columns| columns.value())?.unwrap_or(0);
                self.is_torn |= version != self.version;
            }
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
            What::ClosingRequests => self.closing_requests = all(rows, rows::request)?,
        }
        Ok(())
    }

    /// Answers what was fetched of the keys that are open; says whether that was any.
    pub(crate) fn answer(
        &mut self,
        open: &Reads,
        slice: &mut Slice,
        now: DateTime<Utc>,
    ) -> Result<bool, Failure> {
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
            let (requests, more_requests) = at_most(open.closing, std::mem::take(&mut self.closing_requests));
            slice.answer_closing(group, members, rows, requests, more || more_members || more_requests);
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
