//! Every statement that runs after the tables were made. What is longer than a line lies in `sql/`.

macro_rules! statements {
    ($($name:ident = $($part:expr),+;)+) => {
        $(pub(crate) const $name: &str = concat!($($part),+);)+

        /// All of them, so that no plan goes unseen.
        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

/// Who holds rows of a person: these rows, in a table with an index of them by organization.
macro_rules! holders {
    ($rows:literal) => {
        concat!(
            include_str!("../sql/holders_first.sql"),
            " ",
            $rows,
            include_str!("../sql/holders_next.sql"),
            " ",
            $rows,
            include_str!("../sql/holders_last.sql")
        )
    };
}

statements! {
    SCHEMA_VERSION = "select max(version) from invite_migrations";

    ORGANIZATION = include_str!("../sql/organization.sql");
    // No id is empty: it takes the lock and touches no row.
    LOCK = "delete from invite_organizations where id = ''";
    VERSION = "select version from invite_organizations where id = ?1";
    INSERT_ORGANIZATION = include_str!("../sql/insert_organization.sql");
    UPDATE_ORGANIZATION = include_str!("../sql/update_organization.sql");

    MEMBER = include_str!("../sql/member.sql"), "where organization = ?1 and user = ?2";
    MEMBER_WITH = include_str!("../sql/member.sql"),
        "where organization = ?1 and email_canonical = ?2 order by joined_at, user limit 1";
    MEMBERS = include_str!("../sql/member.sql"), include_str!("../sql/members.sql");
    MEMBERS_BY_LINK = include_str!("../sql/member.sql"), include_str!("../sql/members_by_link.sql");
    MEMBERS_OF_ROLE = include_str!("../sql/member.sql"), include_str!("../sql/members_of_role.sql");
    MEMBERS_IN_SEAT = include_str!("../sql/member.sql"), include_str!("../sql/members_in_seat.sql");
    MEMBERS_OF_STATUS = include_str!("../sql/member.sql"), include_str!("../sql/members_of_status.sql");
    MEMBERS_IN_GROUP = include_str!("../sql/member.sql"), include_str!("../sql/members_in_group.sql");
    MEMBERS_IN_GROUP_OF_ROLE = include_str!("../sql/member.sql"),
        include_str!("../sql/members_in_group_of_role.sql");
    DUE_ACCESS = include_str!("../sql/member.sql"), include_str!("../sql/due_access.sql");
    CLOSING_MEMBERS = include_str!("../sql/member.sql"), include_str!("../sql/closing_members.sql");
    ROSTER_MEMBERS = include_str!("../sql/member.sql"), include_str!("../sql/roster_members.sql");
    MEMBERSHIPS = include_str!("../sql/member.sql"), include_str!("../sql/memberships.sql");
    INSERT_MEMBER = include_str!("../sql/insert_member.sql");
    UPDATE_MEMBER = include_str!("../sql/update_member.sql");
    DELETE_MEMBER = "delete from invite_members where organization = ?1 and user = ?2";

    INSERT_GROUP_MEMBER = include_str!("../sql/insert_group_member.sql");
    UPDATE_GROUP_MEMBER = include_str!("../sql/update_group_member.sql");
    DELETE_GROUP_MEMBER = include_str!("../sql/delete_group_member.sql");

    GROUP = include_str!("../sql/group.sql"), "where organization = ?1 and id = ?2";
    GROUPS = include_str!("../sql/group.sql"), include_str!("../sql/groups.sql");
    GROUPS_IN = include_str!("../sql/group.sql"), include_str!("../sql/groups_in.sql");
    GROUPS_NAMED = include_str!("../sql/group.sql"), include_str!("../sql/groups_named.sql");
    INSERT_GROUP = include_str!("../sql/insert_group.sql");
    UPDATE_GROUP = include_str!("../sql/update_group.sql");
    DELETE_GROUP = "delete from invite_groups where organization = ?1 and id = ?2";

    LINK = include_str!("../sql/link.sql"), "where organization = ?1 and id = ?2";
    LINKS = include_str!("../sql/link.sql"), include_str!("../sql/links.sql");
    LINKS_KEPT = include_str!("../sql/link.sql"), include_str!("../sql/links_kept.sql");
    LINKS_BY = include_str!("../sql/link.sql"), include_str!("../sql/links_by.sql");
    LINKS_FOR = include_str!("../sql/link.sql"), include_str!("../sql/links_for.sql");
    LINKS_KEPT_BY = include_str!("../sql/link.sql"), include_str!("../sql/links_kept_by.sql");
    INSERT_LINK = include_str!("../sql/insert_link.sql");
    UPDATE_LINK = include_str!("../sql/update_link.sql");
    DELETE_LINK = "delete from invite_links where organization = ?1 and id = ?2";

    REQUEST = include_str!("../sql/request.sql"), "where organization = ?1 and id = ?2";
    ASKED = include_str!("../sql/request.sql"), include_str!("../sql/asked.sql");
    DUE_REQUESTS = include_str!("../sql/request.sql"), include_str!("../sql/due_requests.sql");
    CLOSING_REQUESTS = include_str!("../sql/request.sql"), include_str!("../sql/closing_requests.sql");
    REQUESTS = include_str!("../sql/request.sql"), include_str!("../sql/requests.sql");
    REQUESTS_BY = include_str!("../sql/request.sql"), include_str!("../sql/requests_by.sql");
    REQUESTS_FOR = include_str!("../sql/request.sql"), include_str!("../sql/requests_for.sql");
    REQUESTS_IN = include_str!("../sql/request.sql"), include_str!("../sql/requests_in.sql");
    REQUESTS_IN_BY = include_str!("../sql/request.sql"), include_str!("../sql/requests_in_by.sql");
    REQUESTS_IN_FOR = include_str!("../sql/request.sql"), include_str!("../sql/requests_in_for.sql");
    REQUESTS_OPEN = include_str!("../sql/requests_open.sql"), include_str!("../sql/request.sql"),
        "where organization = ?1 and id in (select id from page)";
    REQUESTS_OPEN_BY = include_str!("../sql/requests_open_by.sql"), include_str!("../sql/request.sql"),
        "where organization = ?1 and id in (select id from page)";
    REQUESTS_OPEN_FOR = include_str!("../sql/requests_open_for.sql"), include_str!("../sql/request.sql"),
        "where organization = ?1 and id in (select id from page)";
    REQUESTS_EVERYWHERE = include_str!("../sql/request.sql"), include_str!("../sql/requests_everywhere.sql");
    PAST_REQUESTS = include_str!("../sql/request.sql"), include_str!("../sql/past_requests.sql");
    PAST_REQUESTS_WITH = include_str!("../sql/request.sql"), include_str!("../sql/past_requests_with.sql");
    OVERDUE_REQUESTS = include_str!("../sql/request.sql"), include_str!("../sql/overdue.sql");
    INSERT_REQUEST = include_str!("../sql/insert_request.sql");
    UPDATE_REQUEST = include_str!("../sql/update_request.sql");
    DELETE_REQUEST = "delete from invite_requests where organization = ?1 and id = ?2";

    INVITATION = include_str!("../sql/invitation.sql"), "where organization = ?1 and id = ?2";
    OPEN_OF = include_str!("../sql/invitation.sql"), include_str!("../sql/open_of.sql");
    SENT_BY = include_str!("../sql/invitation.sql"), include_str!("../sql/sent_by.sql");
    DUE = include_str!("../sql/invitation.sql"), include_str!("../sql/due.sql");
    INVITATIONS = include_str!("../sql/invitation.sql"), include_str!("../sql/invitations.sql");
    INVITATIONS_BY = include_str!("../sql/invitation.sql"), include_str!("../sql/invitations_by.sql");
    INVITATIONS_IN = include_str!("../sql/invitation.sql"), include_str!("../sql/invitations_in.sql");
    INVITATIONS_IN_BY = include_str!("../sql/invitation.sql"), include_str!("../sql/invitations_in_by.sql");
    INVITATIONS_FOR = include_str!("../sql/invitation.sql"), include_str!("../sql/invitations_for.sql");
    INVITATIONS_IN_FOR = include_str!("../sql/invitation.sql"), include_str!("../sql/invitations_in_for.sql");
    INVITATIONS_OPEN = include_str!("../sql/invitations_open.sql"), include_str!("../sql/invitation.sql"),
        "where i.organization = ?1 and i.id in (select id from page)";
    INVITATIONS_OPEN_BY = include_str!("../sql/invitations_open_by.sql"), include_str!("../sql/invitation.sql"),
        "where i.organization = ?1 and i.id in (select id from page)";
    INVITATIONS_OPEN_FOR = include_str!("../sql/invitations_open_for.sql"), include_str!("../sql/invitation.sql"),
        "where i.organization = ?1 and i.id in (select id from page)";
    CLOSING_INVITATIONS = include_str!("../sql/invitation.sql"), include_str!("../sql/closing_invitations.sql");
    INBOX = include_str!("../sql/invitation.sql"), include_str!("../sql/inbox.sql");
    WAITING = include_str!("../sql/waiting.sql");
    PAST = include_str!("../sql/invitation.sql"), include_str!("../sql/past.sql");
    OVERDUE = include_str!("../sql/invitation.sql"), include_str!("../sql/overdue.sql");
    INSERT_INVITATION = include_str!("../sql/insert_invitation.sql");
    UPDATE_INVITATION = include_str!("../sql/update_invitation.sql");
    DELETE_INVITATION = "delete from invite_invitations where organization = ?1 and id = ?2";

    INSERT_LINK_GROUP = include_str!("../sql/insert_link_group.sql");
    DELETE_LINK_GROUPS = "delete from invite_link_groups where organization = ?1 and link = ?2";
    INSERT_INVITATION_GROUP = include_str!("../sql/insert_invitation_group.sql");
    DELETE_INVITATION_GROUPS = "delete from invite_invitation_groups where organization = ?1 and invitation = ?2";

    INSERT_PLACE = include_str!("../sql/insert_place.sql");
    UPDATE_PLACE = include_str!("../sql/update_place.sql");
    DELETE_PLACE = "delete from invite_places where organization = ?1 and invitee = ?2 and scope = ?3";

    SUPPRESSIONS = include_str!("../sql/suppressions.sql");
    SUPPRESSIONS_OF = include_str!("../sql/suppressions_of.sql");
    BLOCK = "select invitee, address, 'everywhere', at from invite_blocks where invitee = ?1";
    INSERT_BLOCK = include_str!("../sql/insert_block.sql");
    DELETE_BLOCK = "delete from invite_blocks where invitee = ?1";
    INSERT_SUPPRESSION = include_str!("../sql/insert_suppression.sql");
    UPDATE_SUPPRESSION = include_str!("../sql/update_suppression.sql");
    DELETE_SUPPRESSION = "delete from invite_suppressions where organization = ?1 and invitee = ?2 and kind = ?3";

    PUT_FORMER = include_str!("../sql/put_former.sql");
    CIRCLE_GROUP = include_str!("../sql/circle_group.sql");
    CIRCLE_MEMBERS = include_str!("../sql/circle_members.sql");
    CIRCLE_FORMER = include_str!("../sql/circle_former.sql");
    FORMER_MEMBERSHIPS = include_str!("../sql/former_memberships.sql");

    LIMIT = "select kept from invite_limits where organization = ?1 and subject = ?2";
    PUT_LIMIT = include_str!("../sql/put_limit.sql");

    COMMAND = include_str!("../sql/command.sql");
    PUT_COMMAND = include_str!("../sql/put_command.sql");
    FORGET_COMMANDS = include_str!("../sql/forget_commands.sql");

    EVENTS = include_str!("../sql/events.sql");
    ERASE_EVENTS = include_str!("../sql/erase_events.sql"), "where organization = ?1 and invitation = ?2";
    ERASE_EVENTS_OF_REQUEST = include_str!("../sql/erase_events.sql"), "where organization = ?1 and request = ?2";
    ERASE_EVENTS_OF_USER = include_str!("../sql/erase_events.sql"),
        "where organization = ?1 and user = ?2 and invitation is null";
    FIND_COMMIT = "select 1 from invite_events where organization = ?1 and commit_id = ?2 limit 1";
    INSERT_EVENT = include_str!("../sql/insert_event.sql");

    HOLDERS_OF_OPEN = holders!("invite_places where invitee = ?1");
    HOLDERS_OF_PAST = holders!("invite_invitations where invitee = ?1 and ended_at is not null");
    HOLDERS_OF_BLOCKS = "select distinct organization from invite_suppressions where invitee = ?1 ",
        include_str!("../sql/holders_few.sql");
    HOLDERS_OF_ADDRESS = holders!("invite_members where email_canonical = ?1");
    HOLDERS_OF_REQUESTS = holders!("invite_requests where invitee = ?1");
    HOLDERS_OF_REQUESTS_BY = holders!("invite_requests where by_user = ?1");
    HOLDERS_OF_REQUESTS_WITH = holders!("invite_requests where email_canonical = ?1");
    HOLDERS_OF_MEMBER = "select distinct organization from invite_members where user = ?1 ",
        include_str!("../sql/holders_few.sql");
    HOLDERS_OF_RECORDS = holders!("invite_events where user = ?1 and invitation is null");

    DELIVERY = include_str!("../sql/delivery.sql"), "where organization = ?1 and id = ?2";
    LAST_DELIVERY = include_str!("../sql/delivery.sql"), include_str!("../sql/last_delivery.sql");
    MAILED_AT = include_str!("../sql/mailed_at.sql");
    INSERT_DELIVERY = include_str!("../sql/insert_delivery.sql");
    DELETE_FORMER = "delete from invite_former where organization = ?1 and user = ?2";
    DELETE_DELIVERIES = "delete from invite_deliveries where organization = ?1 and invitation = ?2";
    LEASABLE = include_str!("../sql/leasable.sql");
    DROP_DELIVERY = include_str!("../sql/drop_delivery.sql");
    LEASE = include_str!("../sql/lease.sql");
    LEASED_ATTEMPTS = include_str!("../sql/leased_attempts.sql");
    END_LEASE = include_str!("../sql/end_lease.sql");
    NEXT_DUE = include_str!("../sql/next_due.sql");
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn migrated() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        crate::migrate::migrate(&connection).unwrap();
        connection
    }

    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("explain query plan {sql}")).unwrap();
        for index in 1..=statement.parameter_count() {
            statement.raw_bind_parameter(index, 1).unwrap();
        }
        let mut rows = statement.raw_query();
        let mut lines = vec![];
        while let Some(row) = rows.next().unwrap() {
            lines.push(row.get(3).unwrap());
        }
        lines
    }

    #[test]
    fn no_statement_scans_a_table_or_an_organization() {
        let connection = migrated();
        for (name, sql) in ALL {
            let plan = plan(&connection, sql);
            for line in &plan {
                let scans = line.strip_prefix("SCAN ").is_some_and(|of| {
                    let made = ["CO-ROUTINE", "MATERIALIZE"].map(|how| format!("{how} {of}"));
                    !of.contains("(subquery")
                        && of != "CONSTANT ROW"
                        && !made.iter().any(|of| plan.contains(of))
                });
                assert!(!scans, "{name}: {line}");
                assert!(
                    !line.ends_with("(organization=?)") && !line.ends_with("(state=?)"),
                    "{name}: {line}"
                );
                assert!(!line.contains("AUTOMATIC"), "{name}: {line}");
            }
        }
    }

    /// The planner has no statistics, and prefers an order to the few rows it would have to sort.
    #[test]
    fn what_is_looked_up_is_found_by_its_key() {
        let connection = migrated();
        for (sql, key) in [
            (MEMBER_WITH, "email_canonical=?"),
            (MEMBERS_OF_ROLE, "role=?"),
            (MEMBERS_BY_LINK, "link=?"),
            (MEMBERS_IN_SEAT, "seat=?"),
            (MEMBERS_OF_STATUS, "status=?"),
            (MEMBERS_IN_GROUP, "group_id=?"),
            (MEMBERS_IN_GROUP_OF_ROLE, "role=?"),
            (CLOSING_MEMBERS, "group_id=?"),
            (DUE_ACCESS, "ends_at<?"),
            (GROUPS_IN, "status=?"),
            (GROUPS_NAMED, "name=?"),
            (LINKS_KEPT, "invite_links_kept"),
            (LINKS_BY, "creator=?"),
            (LINKS_KEPT_BY, "creator=?"),
            (LINKS_FOR, "group_id=?"),
            (ASKED, "invitee=?"),
            (DUE_REQUESTS, "organization=? AND expires_at<?"),
            (CLOSING_REQUESTS, "group_id=? AND state=?"),
            (REQUESTS_BY, "organization=? AND by_user=?"),
            (REQUESTS_FOR, "group_id=? AND (created_at"),
            (REQUESTS_IN, "organization=? AND state=?"),
            (REQUESTS_IN_BY, "organization=? AND by_user=?"),
            (REQUESTS_IN_FOR, "group_id=? AND state=?"),
            (REQUESTS_OPEN, "invite_requests_state (organization=? AND state=? AND (created_at,id)<(?,?))"),
            (REQUESTS_OPEN, "invite_requests_expiry (organization=? AND expires_at>? AND expires_at<?)"),
            (REQUESTS_OPEN_BY, "invite_requests_by (organization=? AND by_user=? AND (created_at,id)<(?,?))"),
            (REQUESTS_OPEN_BY, "invite_requests_expiry (organization=? AND expires_at>? AND expires_at<?)"),
            (REQUESTS_OPEN_FOR, "group_id=? AND state=? AND (created_at,id)<(?,?))"),
            (REQUESTS_OPEN_FOR, "invite_requests_expiry (organization=? AND expires_at>? AND expires_at<?)"),
            (REQUESTS_EVERYWHERE, "(by_user=? AND"),
            (INVITATIONS_FOR, "group_id=?"),
            (INVITATIONS_IN_FOR, "group_id=? AND state=?"),
            (
                INVITATIONS_OPEN,
                "invite_invitations_state (organization=? AND state=? AND (created_at,id)<(?,?))",
            ),
            (INVITATIONS_OPEN, "(organization=? AND state=? AND expires_at>? AND expires_at<?)"),
            (INVITATIONS_OPEN_BY, "(organization=? AND inviter=? AND (created_at,id)<(?,?))"),
            (INVITATIONS_OPEN_BY, "(organization=? AND state=? AND expires_at>? AND expires_at<?)"),
            (INVITATIONS_OPEN_FOR, "group_id=? AND state=? AND (created_at,invitation)<(?,?))"),
            (INVITATIONS_OPEN_FOR, "(organization=? AND state=? AND expires_at>? AND expires_at<?)"),
            (CLOSING_INVITATIONS, "group_id=? AND state=?"),
            (OPEN_OF, "organization=? AND id=?"),
            (SENT_BY, "invite_invitations_sent (organization=? AND inviter=?)"),
            (DUE, "expires_at<?"),
            (INVITATIONS_BY, "inviter=?"),
            (INVITATIONS_IN_BY, "inviter=?"),
            (INBOX, "(invitee=? AND (created_at,id)<(?,?))"),
            (WAITING, "invite_invitations_waiting (invitee=?)"),
            (FORGET_COMMANDS, "expires_at<?"),
            (FIND_COMMIT, "commit_id=?"),
            (PAST, "invitee=? AND organization=?"),
            (OVERDUE, "organization=? AND ended_at<?"),
            (PAST_REQUESTS, "invitee=? AND organization=?"),
            (PAST_REQUESTS_WITH, "email_canonical=? AND organization=?"),
            (OVERDUE_REQUESTS, "organization=? AND ended_at<?"),
            (ERASE_EVENTS_OF_REQUEST, "organization=? AND request=?"),
            (ERASE_EVENTS, "organization=? AND invitation=?"),
            (ERASE_EVENTS_OF_USER, "user=? AND organization=?"),
            (DELETE_FORMER, "organization=? AND user=?"),
            (DELETE_DELIVERIES, "organization=? AND invitation=?"),
            (HOLDERS_OF_OPEN, "invitee=? AND organization>?"),
            (HOLDERS_OF_PAST, "invitee=? AND organization>?"),
            (HOLDERS_OF_BLOCKS, "invitee=?"),
            (HOLDERS_OF_ADDRESS, "email_canonical=? AND organization>?"),
            (HOLDERS_OF_REQUESTS, "invitee=? AND organization>?"),
            (HOLDERS_OF_REQUESTS_BY, "by_user=? AND organization>?"),
            (HOLDERS_OF_REQUESTS_WITH, "email_canonical=? AND organization>?"),
            (HOLDERS_OF_MEMBER, "user=?"),
            (HOLDERS_OF_RECORDS, "user=? AND organization>?"),
            (LAST_DELIVERY, "invitation=?"),
            (CIRCLE_GROUP, "group_id=?"),
            (CIRCLE_MEMBERS, "joined_at<?"),
            (CIRCLE_FORMER, "left_at>?"),
            (FORMER_MEMBERSHIPS, "user=?"),
            (SUPPRESSIONS_OF, "invitee=?"),
            (LEASABLE, "due_at<?"),
        ] {
            let plan = plan(&connection, sql);
            assert!(plan.iter().any(|line| line.contains(key)), "{sql}: {plan:#?}");
        }
    }

    /// A page costs what it shows, however long the list is.
    #[test]
    fn no_list_of_an_organization_is_sorted() {
        let connection = migrated();
        // Of somebody, in a few organizations, or a few rows.
        let sorted = ["OPEN_OF", "LEASABLE", "HOLDERS_OF_MEMBER", "HOLDERS_OF_BLOCKS"];
        for (name, sql) in ALL {
            // Only what is read by its expiry: how much that is, the next test says.
            let by_expiry = name.contains("S_OPEN");
            let sorts = plan(&connection, sql).iter().any(|line| line.contains("TEMP B-TREE"));
            assert_eq!(sorts, sorted.contains(name) || by_expiry, "{name}: {:#?}", plan(&connection, sql));
        }
    }

    const EARLIER: i64 = 10;
    const NOW: i64 = 20;
    const LATER: i64 = 30;

    /// So many invitations and join requests that did not end, in the order of their expiries given: the newest last.
    fn fill(connection: &Connection, expiries: &[(i64, u32)]) {
        let mut at = 0;
        for (expires_at, count) in expiries {
            for _ in 0..*count {
                at += 1;
                let id = uuid::Uuid::from_u128(at).into_bytes();
                let params = rusqlite::params![id, i64::try_from(at).unwrap(), expires_at];
                for sql in [
                    "insert into invite_invitations (organization, id, kind, grants, inviter, created_at, expires_at,
                        state, nonce, earlier_nonces, revision, metadata, waits_until)
                    values ('acme', ?1, '', '', 'user:ada', ?2, ?3, 'pending', x'', x'', 1, '', ?3)",
                    "insert into invite_invitation_groups values ('acme', ?1, 'red', 'pending', ?2 + 0 * ?3)",
                    "insert into invite_requests (organization, id, way, by_user, grants, group_id, created_at,
                        expires_at, state)
                    values ('acme', ?1, '', 'ada', '', 'red', ?2, ?3, 'pending')",
                ] {
                    connection.prepare_cached(sql).unwrap().execute(params).unwrap();
                }
            }
        }
    }

    /// The rows of a page of 50, and the steps that it took.
    fn page(connection: &Connection, sql: &str, above: i64, up_to: i64) -> (usize, i32) {
        let mut statement = connection.prepare(sql).unwrap();
        let by = if sql.contains("inviter") { "user:ada" } else { "ada" };
        let values: [&dyn rusqlite::ToSql; 8] =
            [&"acme", &i64::MAX, &[0_u8; 16], &50, &above, &up_to, &by, &Option::<String>::None];
        for (index, value) in values.into_iter().enumerate().take(statement.parameter_count()) {
            let is_group = index == 6 && statement.parameter_count() == 8;
            let value: &dyn rusqlite::ToSql = if is_group { &"red" } else { value };
            statement.raw_bind_parameter(index + 1, value).unwrap();
        }
        let mut rows = statement.raw_query();
        let mut count = 0;
        while rows.next().unwrap().is_some() {
            count += 1;
        }
        drop(rows);
        (count, statement.get_status(rusqlite::StatementStatus::VmStep))
    }

    /// A list of what is past its expiry and not written down goes past what is not, and the other way around.
    #[test]
    fn a_page_of_what_did_not_end_costs_no_more_for_many_on_the_other_side_of_their_expiry() {
        let (expired, pending) = ((i64::MIN, NOW), (NOW, i64::MAX));
        for (asked, others, (above, up_to)) in [(EARLIER, LATER, expired), (LATER, EARLIER, pending)] {
            // Behind the others, before them, and between.
            for (n, expected) in [20_usize, 50, 50].into_iter().enumerate() {
                let filled = |many: u32| {
                    let connection = migrated();
                    match n {
                        0 => fill(&connection, &[(asked, 20), (others, many)]),
                        1 => fill(&connection, &[(others, many), (asked, 100)]),
                        _ => fill(&connection, &[(asked, 100), (others, 60), (asked, 10), (others, 20)]),
                    }
                    connection
                };
                let (few, many) = (filled(1_000), filled(3_000));
                for (name, sql) in ALL.iter().filter(|(name, _)| name.contains("S_OPEN")) {
                    let (found, steps) = page(&few, sql, above, up_to);
                    assert_eq!(found, expected, "{name} {asked} {n}");
                    let (found, more) = page(&many, sql, above, up_to);
                    assert_eq!(found, expected, "{name} {asked} {n}");
                    assert!(more < steps + 100, "{name} {asked} {n}: {more} steps, and {steps} for fewer");
                }
            }
        }
    }

    /// Who holds something about somebody costs as much for one row of theirs in each organization as for a great many.
    #[test]
    fn the_organizations_of_somebody_are_found_past_their_many_rows_in_each() {
        let connection = migrated();
        let many = "with recursive s (n) as (select 1 union all select n + 1 from s where n < 3000)";
        for rows in [
            "insert into invite_places select 'o' || (n % 3), 'ada', n, randomblob(16) from s",
            "insert into invite_members (organization, user, status, email_canonical, grants, joined_by, joined_at, metadata)
            select 'o' || (n % 3), 'u' || n, '', 'ada', '', '', n, '' from s",
            "insert into invite_requests (organization, id, way, invitee, by_user, email_canonical, grants, created_at,
                expires_at, state)
            select 'o' || (n % 3), randomblob(16), '', 'ada', 'ada', 'ada', '', n, n, 'pending' from s",
            "insert into invite_invitations (organization, id, kind, invitee, grants, inviter, created_at, expires_at,
                state, ended_at, nonce, earlier_nonces, revision, metadata, waits_until)
            select 'o' || (n % 3), randomblob(16), '', 'ada', '', '', n, n, '', n, x'', x'', 1, '', n from s",
            "insert into invite_events (organization, sequence, commit_id, at, actor, kind, format, user, data)
            select 'o' || (n % 3), n, randomblob(16), n, '', '', 1, 'ada', '' from s",
        ] {
            let (table, select) = rows.split_once("select").unwrap();
            connection.execute(&format!("{table} {many} select {select}"), ()).unwrap();
        }
        let few = [HOLDERS_OF_BLOCKS, HOLDERS_OF_MEMBER];
        let holders = ALL.iter().filter(|(name, sql)| name.starts_with("HOLDERS_OF_") && !few.contains(sql));
        let mut seen = 0;
        for (name, sql) in holders {
            let mut statement = connection.prepare(sql).unwrap();
            let found = statement.query_map(("ada", "o0", 9), |row| row.get(0)).unwrap();
            let found = found.collect::<Result<Vec<String>, _>>().unwrap();
            assert_eq!(found, ["o1", "o2"], "{name}");
            let steps = statement.get_status(rusqlite::StatementStatus::VmStep);
            assert!(steps < 300, "{name}: {steps} steps");
            seen += 1;
        }
        assert_eq!(seen, 7);
    }
}
