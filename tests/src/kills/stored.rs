//! What is stored, read from the rows.

use std::collections::BTreeMap;

use tokio_postgres::Client;

/// How somebody stands who was invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "of one test")]
pub enum State {
    /// The invitation is pending.
    Invited,
    /// They accepted, and are a member.
    Member,
    /// They declined.
    Declined,
    /// It was revoked.
    Revoked,
    /// They accepted, and are no member any more.
    Removed,
}

/// All people and mails of a database.
#[derive(Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "of one test")]
pub struct Stored {
    /// Who was invited, by name.
    pub people: BTreeMap<String, State>,
    /// Every mail, by its id.
    pub mails: BTreeMap<String, Posted>,
}

/// A mail.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "of one test")]
pub struct Posted {
    /// Whom it is for.
    pub name: String,
    /// How it stands.
    pub state: String,
    /// How often a courier has taken it.
    pub leases: usize,
}

/// What gives rows only where something is doubled, or counted otherwise than it is.
const DOUBTS: [&str; 8] = [
    // CON-3
    "select organization, invitee from invite.invitations where state = 'pending' group by 1, 2 having count(*) > 1",
    "select organization, address from invite.invitations group by 1, 2 having count(*) > 1",
    // A place for each that is pending, and for no other.
    "select i.id, p.invitation from (select * from invite.invitations where state = 'pending') i
        full join invite.places p on p.organization = i.organization and p.invitation = i.id
        where i.id is null or p.invitation is null",
    // One membership for each acceptance (CON-1).
    "select i.id, count(e.sequence) from invite.invitations i
        left join invite.events e on e.organization = i.organization and e.invitation = i.id
            and e.kind = 'invitation-accepted'
        group by i.organization, i.id having count(e.sequence) <> (i.state = 'accepted')::int",
    "select i.id, count(e.sequence) from invite.invitations i
        left join invite.events e on e.organization = i.organization and e.user_id || '@example.com' = i.address
            and e.kind = 'member-joined'
        group by i.organization, i.id having count(e.sequence) <> (i.state = 'accepted')::int",
    "select m.user_id from invite.members m
        where m.user_id <> 'ada' and not exists (select from invite.invitations i
            where i.organization = m.organization and i.state = 'accepted' and i.address = m.email)",
    // STO-7
    "select o.id, count(e.sequence) from invite.organizations o
        join invite.events e on e.organization = o.id
        group by o.id, o.version
        having (count(e.sequence), min(e.sequence), max(e.sequence)) <> (o.version, 1, o.version)",
    // One mail for each invitation.
    "select i.id from invite.invitations i
        left join invite.deliveries d on d.organization = i.organization and d.invitation = i.id
        group by i.id having count(d.id) <> 1",
];

impl Stored {
    /// Reads all of it, in one transaction.
    ///
    /// # Errors
    /// What does not fit together.
    pub async fn read(client: &mut Client) -> Result<Self, String> {
        let reading = client.build_transaction().read_only(true);
        let isolated = reading.isolation_level(tokio_postgres::IsolationLevel::RepeatableRead);
        let reading = isolated.start().await.unwrap();
        for doubt in DOUBTS {
            let found = reading.query(doubt, &[]).await.unwrap();
            if let Some(first) = found.first() {
                return Err(format!("{} rows such as {first:?}: {doubt}", found.len()));
            }
        }
        let people = "select split_part(i.address, '@', 1), i.state, m.user_id is not null
            from invite.invitations i
            left join invite.members m
                on m.organization = i.organization and m.user_id = split_part(i.address, '@', 1)";
        let mut stored = Self::default();
        for row in reading.query(people, &[]).await.unwrap() {
            let (name, state, is_member): (String, &str, bool) = (row.get(0), row.get(1), row.get(2));
            let state = match (state, is_member) {
                ("pending", false) => State::Invited,
                ("accepted", true) => State::Member,
                ("accepted", false) => State::Removed,
                ("declined", false) => State::Declined,
                ("revoked", false) => State::Revoked,
                other => return Err(format!("{name}: {other:?}")),
            };
            stored.people.insert(name, state);
        }
        let mails = "select d.id::text, split_part(i.address, '@', 1), d.state, d.lease
            from invite.deliveries d
            join invite.invitations i on i.organization = d.organization and i.id = d.invitation";
        for row in reading.query(mails, &[]).await.unwrap() {
            let leases: i64 = row.get(3);
            let posted = Posted { name: row.get(1), state: row.get(2), leases: leases as usize };
            stored.mails.insert(row.get(0), posted);
        }
        Ok(stored)
    }
}
