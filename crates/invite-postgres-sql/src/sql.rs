//! Every statement that runs after the tables were made. What is longer than a line lies in `sql/`.

macro_rules! statements {
    ($($name:ident = $($part:expr),+;)+) => {
        $(pub(crate) const $name: &str = concat!($($part),+);)+

        /// Every statement by its name, as it is sent once the tables were made: for whoever looks at plans.
        pub const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

/// Whom a load looks up by: those that it names, and those that it finds behind what it names.
pub(crate) const NAMES_GIVEN: &str = include_str!("../sql/names_given.sql");
pub(crate) const NAMES_FOUND: &str = include_str!("../sql/names_found.sql");

/// Who holds rows of a person: these rows, up to the column that is compared with their names.
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

/// How many columns lie before those that a statement adds to a row.
pub(crate) const MEMBER_COLUMNS: usize = columns(include_str!("../sql/columns/member.sql"));
pub(crate) const REQUEST_COLUMNS: usize = columns(include_str!("../sql/columns/request.sql"));
pub(crate) const INVITATION_COLUMNS: usize = columns(include_str!("../sql/columns/invitation.sql"));

/// How many are listed, each of them a name.
const fn columns(list: &str) -> usize {
    let (mut rest, mut count) = (list.as_bytes(), 1);
    while let [byte, others @ ..] = rest {
        if *byte == b',' {
            count += 1;
        }
        rest = others;
    }
    count
}

statements! {
    SCHEMA_VERSION =
        "select max(version), current_setting('default_transaction_isolation') from invite.migrations";

    ORGANIZATION =
        "select ", include_str!("../sql/columns/organization.sql"), "from invite.organizations as o ",
        "where o.id = $1";
    VERSION = "select version from invite.organizations where id = $1";
    LOCK = "select 1 from invite.organizations where id = $1 for update";
    REQUIRE_VERSION = include_str!("../sql/require_version.sql");
    INSERT_ORGANIZATION = include_str!("../sql/insert_organization.sql");
    UPDATE_ORGANIZATION = include_str!("../sql/update_organization.sql");
    UPDATE_ORGANIZATIONS = include_str!("../sql/update_organizations.sql");

    MEMBERS_OF_GIVEN =
        include_str!("../sql/names_given.sql"), include_str!("../sql/users.sql"),
        ") select 'user:' || u.id, ", include_str!("../sql/columns/member.sql"),
        include_str!("../sql/members_of_names.sql"), include_str!("../sql/columns/member.sql"),
        include_str!("../sql/members_with_names.sql");
    MEMBERS_OF_FOUND =
        include_str!("../sql/names_found.sql"), include_str!("../sql/users.sql"),
        include_str!("../sql/users_found.sql"), ") select 'user:' || u.id, ",
        include_str!("../sql/columns/member.sql"), include_str!("../sql/members_of_names.sql"),
        include_str!("../sql/columns/member.sql"), include_str!("../sql/members_with_names.sql");
    MEMBERS =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/members.sql");
    MEMBERS_BY_LINK =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/members_by_link.sql");
    MEMBERS_OF_ROLE =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/members_of_role.sql");
    MEMBERS_IN_SEAT =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/members_in_seat.sql");
    MEMBERS_OF_STATUS =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/members_of_status.sql");
    MEMBERS_IN_GROUP =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/members_in_group.sql");
    MEMBERS_IN_GROUP_OF_ROLE =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/members_in_group_of_role.sql");
    DUE_ACCESS =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/due_access.sql");
    CLOSING_MEMBERS =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/closing_members.sql");
    ROSTER_MEMBERS =
        "select ", include_str!("../sql/columns/member.sql"), "from invite.members as m ",
        include_str!("../sql/roster_members.sql");
    MEMBERSHIPS =
        "select ", include_str!("../sql/columns/member.sql"),
        ", m.organization, o.id, o.status, o.settings from invite.members as m ",
        include_str!("../sql/memberships.sql");
    INSERT_MEMBER = include_str!("../sql/insert_member.sql");
    INSERT_MEMBERS = include_str!("../sql/insert_members.sql");
    UPDATE_MEMBER = include_str!("../sql/update_member.sql");
    UPDATE_MEMBERS = include_str!("../sql/update_members.sql");
    DELETE_MEMBERS = include_str!("../sql/delete_members.sql");

    INSERT_GROUP_MEMBER = include_str!("../sql/insert_group_member.sql");
    INSERT_GROUP_MEMBERS = include_str!("../sql/insert_group_members.sql");
    UPDATE_GROUP_MEMBER = include_str!("../sql/update_group_member.sql");
    UPDATE_GROUP_MEMBERS = include_str!("../sql/update_group_members.sql");
    DELETE_GROUP_MEMBERS = include_str!("../sql/delete_group_members.sql");

    GROUPS_OF_GIVEN =
        include_str!("../sql/names_given.sql"), include_str!("../sql/ids_of_groups.sql"), ") select k.id, ",
        include_str!("../sql/columns/group.sql"),
        "from ids as k left join lateral (select * from invite.groups where organization = $1 and id = k.id limit 1) ",
        "as g on true";
    GROUPS_OF_FOUND =
        include_str!("../sql/names_found.sql"), include_str!("../sql/ids_of_groups.sql"),
        include_str!("../sql/ids_of_groups_found.sql"), ") select k.id, ",
        include_str!("../sql/columns/group.sql"),
        "from ids as k left join lateral (select * from invite.groups where organization = $1 and id = k.id limit 1) ",
        "as g on true";
    GROUPS =
        "select ", include_str!("../sql/columns/group.sql"), "from invite.groups as g ",
        include_str!("../sql/groups.sql");
    GROUPS_IN =
        "select ", include_str!("../sql/columns/group.sql"), "from invite.groups as g ",
        include_str!("../sql/groups_in.sql");
    GROUPS_NAMED =
        "select ", include_str!("../sql/columns/group.sql"), "from invite.groups as g ",
        include_str!("../sql/groups_named.sql");
    INSERT_GROUP = include_str!("../sql/insert_group.sql");
    INSERT_GROUPS = include_str!("../sql/insert_groups.sql");
    UPDATE_GROUP = include_str!("../sql/update_group.sql");
    UPDATE_GROUPS = include_str!("../sql/update_groups.sql");
    DELETE_GROUPS = include_str!("../sql/delete_groups.sql");

    LINKS_OF_FOUND =
        include_str!("../sql/ids_of_links.sql"), "select k.id, ", include_str!("../sql/columns/link.sql"),
        "from ids as k left join lateral (select * from invite.links where organization = $1 and id = k.id limit 1) ",
        "as l on true";
    KEPT_LINKS =
        "select ", include_str!("../sql/columns/link.sql"), "from invite.links as l ",
        include_str!("../sql/kept_links.sql");
    LINKS =
        "select ", include_str!("../sql/columns/link.sql"), "from invite.links as l ",
        include_str!("../sql/links.sql");
    LINKS_KEPT =
        "select ", include_str!("../sql/columns/link.sql"), "from invite.links as l ",
        include_str!("../sql/links_kept.sql");
    LINKS_BY =
        "select ", include_str!("../sql/columns/link.sql"), "from invite.links as l ",
        include_str!("../sql/links_by.sql");
    LINKS_FOR =
        "select ", include_str!("../sql/columns/link.sql"), "from invite.links as l ",
        include_str!("../sql/links_for.sql");
    LINKS_KEPT_BY =
        "select ", include_str!("../sql/columns/link.sql"), "from invite.links as l ",
        include_str!("../sql/links_kept_by.sql");
    INSERT_LINK = include_str!("../sql/insert_link.sql");
    INSERT_LINKS = include_str!("../sql/insert_links.sql");
    UPDATE_LINK = include_str!("../sql/update_link.sql");
    UPDATE_LINKS = include_str!("../sql/update_links.sql");
    DELETE_LINKS = include_str!("../sql/delete_links.sql");
    INSERT_LINK_GROUPS = include_str!("../sql/insert_link_groups.sql");

    REQUESTS_OF_IDS =
        "select k.id, ", include_str!("../sql/columns/request.sql"),
        "from unnest((select $2::uuid[])) as k (id) ",
        "left join lateral (select * from invite.requests where organization = $1 and id = k.id limit 1) as r on true";
    ASKED_OF_GIVEN =
        include_str!("../sql/names_given.sql"), "select n.name, ",
        include_str!("../sql/columns/request.sql"), include_str!("../sql/asked.sql");
    ASKED_OF_FOUND =
        include_str!("../sql/names_found.sql"), "select n.name, ",
        include_str!("../sql/columns/request.sql"), include_str!("../sql/asked.sql");
    DUE_REQUESTS =
        "select ", include_str!("../sql/columns/request.sql"), "from invite.requests as r ",
        include_str!("../sql/due_requests.sql");
    REQUESTS =
        "select ", include_str!("../sql/columns/request.sql"), "from invite.requests as r ",
        include_str!("../sql/requests.sql");
    REQUESTS_BY =
        "select ", include_str!("../sql/columns/request.sql"), "from invite.requests as r ",
        include_str!("../sql/requests_by.sql");
    REQUESTS_FOR =
        "select ", include_str!("../sql/columns/request.sql"), "from invite.requests as r ",
        include_str!("../sql/requests_for.sql");
    REQUESTS_IN =
        "select ", include_str!("../sql/columns/request.sql"), "from invite.requests as r ",
        include_str!("../sql/requests_in.sql");
    REQUESTS_IN_BY =
        "select ", include_str!("../sql/columns/request.sql"), "from invite.requests as r ",
        include_str!("../sql/requests_in_by.sql");
    REQUESTS_IN_FOR =
        "select ", include_str!("../sql/columns/request.sql"), "from invite.requests as r ",
        include_str!("../sql/requests_in_for.sql");
    REQUESTS_OPEN =
        include_str!("../sql/requests_open.sql"), "select ", include_str!("../sql/columns/request.sql"), "from page as r";
    REQUESTS_OPEN_BY =
        include_str!("../sql/requests_open_by.sql"), "select ", include_str!("../sql/columns/request.sql"), "from page as r";
    REQUESTS_OPEN_FOR =
        include_str!("../sql/requests_open_for.sql"), "select ", include_str!("../sql/columns/request.sql"), "from page as r";
    CLOSING_REQUESTS =
        "select ", include_str!("../sql/columns/request.sql"), "from invite.requests as r ",
        include_str!("../sql/closing_requests.sql");
    OVERDUE_REQUESTS =
        "select ", include_str!("../sql/columns/request.sql"), "from invite.requests as r ",
        include_str!("../sql/overdue_requests.sql");
    REQUESTS_EVERYWHERE =
        "select ", include_str!("../sql/columns/request.sql"),
        ", r.organization, o.id, o.status, o.settings from invite.requests as r ",
        include_str!("../sql/requests_everywhere.sql");
    PAST_REQUESTS =
        "select k.name, ", include_str!("../sql/columns/request.sql"),
        include_str!("../sql/past_requests.sql");
    PAST_REQUESTS_WITH =
        "select k.name, ", include_str!("../sql/columns/request.sql"),
        include_str!("../sql/past_requests_with.sql");
    INSERT_REQUEST = include_str!("../sql/insert_request.sql");
    INSERT_REQUESTS = include_str!("../sql/insert_requests.sql");
    UPDATE_REQUEST = include_str!("../sql/update_request.sql");
    UPDATE_REQUESTS = include_str!("../sql/update_requests.sql");
    DELETE_REQUESTS = include_str!("../sql/delete_requests.sql");

    INVITATIONS_OF_IDS =
        "select k.id, ", include_str!("../sql/columns/invitation.sql"), ", ",
        include_str!("../sql/mailed_at.sql");
    OPEN_OF_GIVEN =
        include_str!("../sql/names_given.sql"), "select n.name, ",
        include_str!("../sql/columns/invitation.sql"), include_str!("../sql/open_of.sql");
    OPEN_OF_FOUND =
        include_str!("../sql/names_found.sql"), "select n.name, ",
        include_str!("../sql/columns/invitation.sql"), include_str!("../sql/open_of.sql");
    SENT_BY =
        "select k.inviter, ", include_str!("../sql/columns/invitation.sql"),
        include_str!("../sql/sent_by.sql");
    PAST = "select k.name, ", include_str!("../sql/columns/invitation.sql"), include_str!("../sql/past.sql");
    DUE =
        "select ", include_str!("../sql/columns/invitation.sql"), "from invite.invitations as i ",
        include_str!("../sql/due.sql");
    OVERDUE =
        "select ", include_str!("../sql/columns/invitation.sql"), "from invite.invitations as i ",
        include_str!("../sql/overdue.sql");
    CLOSING_INVITATIONS =
        "select ", include_str!("../sql/columns/invitation.sql"), "from invite.invitations as i ",
        include_str!("../sql/closing_invitations.sql");
    INVITATIONS =
        "with page as (select i.* from invite.invitations as i ", include_str!("../sql/invitations.sql"),
        ") select ", include_str!("../sql/columns/invitation.sql"), ", ",
        include_str!("../sql/columns/delivery.sql"), "from page as i ",
        include_str!("../sql/last_delivery.sql");
    INVITATIONS_BY =
        "with page as (select i.* from invite.invitations as i ", include_str!("../sql/invitations_by.sql"),
        ") select ", include_str!("../sql/columns/invitation.sql"), ", ",
        include_str!("../sql/columns/delivery.sql"), "from page as i ",
        include_str!("../sql/last_delivery.sql");
    INVITATIONS_IN =
        "with page as (select i.* from invite.invitations as i ", include_str!("../sql/invitations_in.sql"),
        ") select ", include_str!("../sql/columns/invitation.sql"), ", ",
        include_str!("../sql/columns/delivery.sql"), "from page as i ",
        include_str!("../sql/last_delivery.sql");
    INVITATIONS_IN_BY =
        "with page as (select i.* from invite.invitations as i ",
        include_str!("../sql/invitations_in_by.sql"), ") select ",
        include_str!("../sql/columns/invitation.sql"), ", ", include_str!("../sql/columns/delivery.sql"),
        "from page as i ", include_str!("../sql/last_delivery.sql");
    INVITATIONS_FOR =
        "with page as (select i.* from invite.invitations as i ", include_str!("../sql/invitations_for.sql"),
        ") select ", include_str!("../sql/columns/invitation.sql"), ", ",
        include_str!("../sql/columns/delivery.sql"), "from page as i ",
        include_str!("../sql/last_delivery.sql");
    INVITATIONS_IN_FOR =
        "with page as (select i.* from invite.invitations as i ",
        include_str!("../sql/invitations_in_for.sql"), ") select ",
        include_str!("../sql/columns/invitation.sql"), ", ", include_str!("../sql/columns/delivery.sql"),
        "from page as i ", include_str!("../sql/last_delivery.sql");
    INVITATIONS_OPEN =
        include_str!("../sql/invitations_open.sql"), "select ", include_str!("../sql/columns/invitation.sql"), ", ",
        include_str!("../sql/columns/delivery.sql"), "from page as i ", include_str!("../sql/last_delivery.sql");
    INVITATIONS_OPEN_BY =
        include_str!("../sql/invitations_open_by.sql"), "select ", include_str!("../sql/columns/invitation.sql"), ", ",
        include_str!("../sql/columns/delivery.sql"), "from page as i ", include_str!("../sql/last_delivery.sql");
    INVITATIONS_OPEN_FOR =
        include_str!("../sql/invitations_open_for.sql"), "select ", include_str!("../sql/columns/invitation.sql"), ", ",
        include_str!("../sql/columns/delivery.sql"), "from page as i ", include_str!("../sql/last_delivery.sql");
    INBOX =
        "select ", include_str!("../sql/columns/invitation.sql"), ", i.organization, i.settings ",
        include_str!("../sql/inbox.sql");
    WAITING = include_str!("../sql/waiting.sql");
    INSERT_INVITATION = include_str!("../sql/insert_invitation.sql");
    INSERT_INVITATIONS = include_str!("../sql/insert_invitations.sql");
    UPDATE_INVITATION = include_str!("../sql/update_invitation.sql");
    UPDATE_INVITATIONS = include_str!("../sql/update_invitations.sql");
    DELETE_INVITATIONS = include_str!("../sql/delete_invitations.sql");
    INSERT_INVITATION_GROUPS = include_str!("../sql/insert_invitation_groups.sql");

    INSERT_PLACE = include_str!("../sql/insert_place.sql");
    INSERT_PLACES = include_str!("../sql/insert_places.sql");
    UPDATE_PLACE = include_str!("../sql/update_place.sql");
    UPDATE_PLACES = include_str!("../sql/update_places.sql");
    DELETE_PLACES = include_str!("../sql/delete_places.sql");

    SUPPRESSIONS_OF_GIVEN = include_str!("../sql/names_given.sql"), include_str!("../sql/suppressions.sql");
    SUPPRESSIONS_OF_FOUND = include_str!("../sql/names_found.sql"), include_str!("../sql/suppressions.sql");
    SUPPRESSIONS_OF_LEASED = include_str!("../sql/suppressions_of_leased.sql");
    SUPPRESSIONS_EVERYWHERE = include_str!("../sql/suppressions_of.sql");
    BLOCKS = "select invitee, address, 'everywhere', at from invite.blocks where invitee = any($1)";
    INSERT_BLOCKS = include_str!("../sql/insert_blocks.sql");
    DELETE_BLOCKS = include_str!("../sql/delete_blocks.sql");
    INSERT_SUPPRESSION = include_str!("../sql/insert_suppression.sql");
    INSERT_SUPPRESSIONS = include_str!("../sql/insert_suppressions.sql");
    UPDATE_SUPPRESSION = include_str!("../sql/update_suppression.sql");
    UPDATE_SUPPRESSIONS = include_str!("../sql/update_suppressions.sql");
    DELETE_SUPPRESSIONS = include_str!("../sql/delete_suppressions.sql");

    PUT_FORMER = include_str!("../sql/put_former.sql");
    DELETE_FORMER = "delete from invite.former where organization = $1 and user_id = any($2)";
    CIRCLE_GROUP = include_str!("../sql/circle_group.sql");
    CIRCLE_MEMBERS = include_str!("../sql/circle_members.sql");
    CIRCLE_FORMER = include_str!("../sql/circle_former.sql");
    FORMER_MEMBERSHIPS = include_str!("../sql/former_memberships.sql");

    LIMITS = include_str!("../sql/limits.sql");
    PUT_LIMITS = include_str!("../sql/put_limits.sql");

    COMMANDS = include_str!("../sql/commands.sql");
    PUT_COMMANDS = include_str!("../sql/put_commands.sql");
    FORGET_COMMANDS = include_str!("../sql/forget_commands.sql");

    EVENTS = include_str!("../sql/events.sql");
    ERASE_EVENTS =
        include_str!("../sql/erase_events.sql"), "where organization = $1 and invitation = any($2)";
    ERASE_EVENTS_OF_REQUESTS =
        include_str!("../sql/erase_events.sql"), "where organization = $1 and request = any($2)";
    ERASE_EVENTS_OF_USERS =
        include_str!("../sql/erase_events.sql"),
        "where organization = $1 and user_id = any($2) and invitation is null";
    FIND_COMMIT = "select 1 from invite.events where organization = $1 and commit_id = $2 limit 1";
    INSERT_EVENT = include_str!("../sql/insert_event.sql");
    INSERT_EVENTS = include_str!("../sql/insert_events.sql");

    HOLDERS_OF_OPEN = holders!("invite.places where invitee");
    HOLDERS_OF_PAST = holders!("invite.invitations where ended_at is not null and invitee is not null and invitee");
    HOLDERS_OF_BLOCKS = holders!("invite.suppressions where invitee");
    HOLDERS_OF_ADDRESS = holders!("invite.members where email_canonical");
    HOLDERS_OF_REQUESTS = holders!("invite.requests where invitee is not null and invitee");
    HOLDERS_OF_REQUESTS_BY = holders!("invite.requests where by_user");
    HOLDERS_OF_REQUESTS_WITH = holders!("invite.requests where email_canonical is not null and email_canonical");
    HOLDERS_OF_MEMBER = holders!("invite.members where user_id");
    HOLDERS_OF_RECORDS = holders!("invite.events where invitation is null and user_id is not null and user_id");

    INSERT_DELIVERY = include_str!("../sql/insert_delivery.sql");
    INSERT_DELIVERIES = include_str!("../sql/insert_deliveries.sql");
    DELETE_DELIVERIES = include_str!("../sql/delete_deliveries.sql");
    LEASE =
        include_str!("../sql/lease.sql"), "select ", include_str!("../sql/columns/delivery.sql"), ", ",
        include_str!("../sql/columns/invitation.sql"), ", ", include_str!("../sql/columns/organization.sql"),
        include_str!("../sql/leased.sql");
    DROP_DELIVERIES = include_str!("../sql/drop_deliveries.sql");
    END_LEASE = include_str!("../sql/end_lease.sql");
    NEXT_DUE = include_str!("../sql/next_due.sql");
}

#[cfg(test)]
mod routing;

#[cfg(test)]
mod tests {
    use super::routing::Tables;
    use super::*;

    const TABLES: &str = include_str!("../sql/migrations/0001.sql");

    /// What some engine that speaks as Postgres does has not, or has for one machine alone.
    const FORBIDDEN: &[&str] = &[
        "advisory",
        "check",
        "citext",
        "do",
        "enum",
        "execute",
        "function",
        "generated",
        "identity",
        "lastval",
        "listen",
        "lock",
        "nextval",
        "notify",
        "partition",
        "plpgsql",
        "procedure",
        "references",
        "savepoint",
        "sequences",
        "serial",
        "temp",
        "temporary",
        "trigger",
        "truncate",
        "unique",
        "unlogged",
        "view",
    ];

    fn words(sql: &str) -> impl Iterator<Item = &str> {
        sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
    }

    fn without_comments(sql: &str) -> String {
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn tables_and_statements_use_what_distributed_engines_have() {
        let tables = ("0001", TABLES);
        for (name, sql) in STATEMENTS.iter().chain([&tables]) {
            let sql = without_comments(sql).replace("do update", "").replace("do nothing", "");
            for word in words(&sql.to_lowercase()) {
                assert!(!FORBIDDEN.contains(&word), "{name}: {word}");
            }
        }
    }

    #[test]
    fn every_key_begins_with_the_organization() {
        let tables = without_comments(TABLES);
        let tables = tables.split("create table ").skip(1).map(|table| table.split(';').next().unwrap());
        let mut seen = 0;
        for table in tables {
            let name = words(table).nth(1).unwrap();
            let is_first = table.contains("primary key (organization");
            assert!(is_first != ["organizations", "blocks"].contains(&name), "{name}");
            seen += 1;
        }
        assert_eq!(seen, 17);
    }

    /// So that it can be sent to where the rows of the organization lie: each table that it names, in each of its queries.
    #[test]
    fn every_statement_names_its_organization_unless_it_is_of_all() {
        const OF_ALL: &[&str] = &[
            "SCHEMA_VERSION",
            "MEMBERSHIPS",
            "REQUESTS_EVERYWHERE",
            "INBOX",
            "WAITING",
            "SUPPRESSIONS_EVERYWHERE",
            "SUPPRESSIONS_OF_LEASED",
            "BLOCKS",
            "INSERT_BLOCKS",
            "DELETE_BLOCKS",
            "FORMER_MEMBERSHIPS",
            "FORGET_COMMANDS",
            "LEASE",
            "DROP_DELIVERIES",
            "NEXT_DUE",
            "UPDATE_ORGANIZATIONS",
        ];
        for (name, sql) in STATEMENTS {
            let tables = Tables::of(sql);
            let is_of_all = OF_ALL.contains(name) || name.starts_with("HOLDERS_OF_");
            assert!(tables.are_of_one() != is_of_all, "{name}: {tables:?}");
        }
    }

    #[test]
    fn no_statement_names_its_organization_without_need() {
        let mut seen = 0;
        for (name, sql) in STATEMENTS.iter().filter(|(_, sql)| Tables::of(sql).are_of_one()) {
            for tie in ["organization = $1", " id = $1", "o.id = $1", "select $1, n.*", "($1, $2"] {
                for (at, _) in sql.match_indices(tie) {
                    let (before, behind) = sql.split_at(at);
                    let broken = format!("{before}{}", behind.replacen("$1", "$2", 1));
                    assert!(!Tables::of(&broken).are_of_one(), "{name}: {broken}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 150, "{seen}");
    }

    #[test]
    fn every_file_is_part_of_a_statement() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/sql");
        let source = include_str!("sql.rs");
        for file in [directory.to_owned(), format!("{directory}/columns")] {
            for entry in std::fs::read_dir(file).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if name.ends_with(".sql") {
                    assert!(source.contains(&name), "{name}");
                }
            }
        }
    }
}
