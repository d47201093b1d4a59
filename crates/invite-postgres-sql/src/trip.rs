//! Trips: the selects of a load that are sent at once.

use chrono::{DateTime, Utc};
use invite_core::{CommandKey, GroupId, Invitee, Organization, OrganizationId, Reads, Slice, UserId};

use crate::columns::actor_key;
use crate::composed::composed;
use crate::statement::Statement;
use crate::value::Value;
use crate::{rows, sql};

/// What the rows of a statement are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Organization,
    Version,
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
    ClosingRequests,
}

impl What {
    /// For errors.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Organization | Self::Version => "of an organization",
            Self::Invitations
            | Self::Open
            | Self::Sent
            | Self::Due
            | Self::Past
            | Self::Overdue
            | Self::Closing => "of an invitation",
            Self::Suppressions => "of a suppression",
            Self::Members | Self::DueAccess | Self::ClosingMembers => "of a member",
            Self::Groups => "of a group",
            Self::Links | Self::KeptLinks => "of an invite link",
            Self::Requests
            | Self::Asked
            | Self::DueRequests
            | Self::PastRequests
            | Self::OverdueRequests
            | Self::ClosingRequests => "of a join request",
            Self::Limits => "of a limit",
            Self::Commands => "of an idempotency key",
        }
    }
}

/// Selects that are sent at once.
pub(crate) struct Trip<'a> {
    organization: &'a OrganizationId,
    statements: Vec<Statement>,
    pub(crate) what: Vec<What>,
    /// Keys of which the rows themselves do not tell that there is none.
    pub(crate) sent_by: Vec<UserId>,
    pub(crate) limits: Vec<String>,
    pub(crate) commands: Vec<CommandKey>,
    pub(crate) past: Vec<String>,
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

    /// All of it at once: one snapshot.
    pub(crate) fn statement(&self) -> Statement {
        composed(&self.statements)
    }

    pub(crate) fn first(organization: &'a OrganizationId, reads: &Reads, now: DateTime<Utc>) -> Self {
        let mut trip = Self::to(organization);
        trip.send(What::Organization, sql::ORGANIZATION, []);
        trip.keys(reads, IsFirst::Yes);
        trip.lists(reads, now);
        trip
    }

    pub(crate) fn next(
        organization: &'a OrganizationId,
        open: &Reads,
        slice: &Slice,
        now: DateTime<Utc>,
    ) -> Self {
        let mut trip = Self::to(organization);
        trip.send(What::Version, sql::VERSION, []);
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
            self.send(What::ClosingRequests, sql::CLOSING_REQUESTS, values());
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

pub(crate) fn user_key(user: &UserId) -> String {
    actor_key(&user.clone().into())
}

pub(crate) fn rows_of(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// One more than asked for is looked up, as the sign that there are more.
fn one_more(limit: usize) -> Value {
    Value::limit(limit.saturating_add(1))
}
