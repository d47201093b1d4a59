//! How Postgres goes about each statement, on tables with a few thousand rows of a few organizations.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "a module of several test programs")]
mod server;

use invite_postgres_sql::STATEMENTS;
use tokio_postgres::{Client, SimpleQueryMessage};

async fn texts(client: &Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap().to_owned()),
        _ => None,
    });
    rows.collect()
}

/// Rows that the planner can count: of 20 organizations, each with as many of every kind.
async fn fill(client: &Client) {
    let columns =
        "select table_name || ' ' || column_name || ' ' || data_type from information_schema.columns
        where table_schema = 'invite' and table_name <> 'migrations' order by table_name, ordinal_position";
    let mut tables = std::collections::BTreeMap::<String, Vec<String>>::new();
    for column in texts(client, columns).await {
        let (table, column) = column.split_once(' ').unwrap();
        let (name, kind) = column.split_once(' ').unwrap();
        let value = match (table, name, kind) {
            ("organizations", "id", _) => "'o' || n",
            ("blocks", "invitee", _) => "'user:' || n",
            (_, "organization", _) => "'o' || n % 20",
            (_, "state", _) => "(array['pending', 'queued', 'ended', 'sent', 'accepted'])[1 + n / 20 % 5]",
            (_, "status", _) => "(array['active', 'suspended'])[1 + n / 20 % 2]",
            (_, "role" | "seat", _) => "'r' || n / 20 % 10",
            (_, "ending", _) => "null",
            (_, "ended_at" | "leased_until" | "ends_at", _) => {
                "case when n / 20 % 7 = 0 then now() + n * interval '1 second' end"
            }
            (_, _, "text") => "'user:' || n / 20",
            (_, _, "uuid") => "gen_random_uuid()",
            (_, _, "bigint") => "n",
            (_, _, "bytea") => "''",
            (_, _, "json") => "'{}'",
            _ => "now() + n * interval '1 second'",
        };
        tables.entry(table.to_owned()).or_default().push(value.to_owned());
    }
    for (table, values) in tables {
        let rows = format!("select {} from generate_series(1, 20000) as n", values.join(", "));
        let fill = format!("insert into invite.{table} {rows}; analyze invite.{table}");
        client.batch_execute(&fill).await.unwrap_or_else(|error| panic!("{table}: {error:?}"));
    }
}

/// The plan of each statement for parameters that are not known yet.
async fn plans() -> Vec<(&'static str, String)> {
    let database = server::database().await;
    let client = database.connect().await.unwrap();
    fill(&client).await;
    client.batch_execute("set plan_cache_mode = force_generic_plan; set jit = off").await.unwrap();
    let mut plans = Vec::new();
    for (name, sql) in STATEMENTS {
        let parameters = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
        let nulls = vec!["null"; parameters].join(", ");
        let nulls = if nulls.is_empty() { nulls } else { format!("({nulls})") };
        client
            .batch_execute(&format!("prepare {name} as {sql}"))
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let lines = texts(&client, &format!("explain (costs off) execute {name}{nulls}")).await;
        plans.push((*name, lines.join("\n")));
    }
    plans
}

/// A page costs what it shows, and a command what it names, however many rows an organization has.
#[tokio::test]
async fn no_statement_reads_all_of_a_table_or_of_an_organization() {
    // Of somebody, in a few organizations, or a few rows.
    const SORTED: &[&str] = &[
        "LEASE",
        "INSERT_BLOCKS",
        "DELETE_BLOCKS",
        "DROP_DELIVERIES",
        "DELETE_DELIVERIES",
        "OPEN_OF_FOUND",
        "OPEN_OF_GIVEN",
    ];
    // Only what is read by its expiry: how much that is, the next test says.
    let by_expiry = |name: &str| name.contains("S_OPEN");
    // By an index of what is kept alone.
    const WHOLE: &[&str] = &["KEPT_LINKS"];
    let mut wrong = Vec::new();
    for (name, plan) in plans().await {
        let scans = plan.contains("Seq Scan") && name != "SCHEMA_VERSION";
        let sorts = plan.contains("Sort Key") && !SORTED.contains(&name) && !by_expiry(name);
        let mut conditions = plan.lines().map(str::trim);
        let whole = conditions.any(|line| {
            ["Index Cond: (organization = $1)", "Index Cond: (organization = ($1)::text)"].contains(&line)
        });
        if scans || sorts || whole && !WHOLE.contains(&name) {
            wrong.push(format!("{name}\n{plan}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// So many invitations and join requests of an organization that did not end, by whether they are past their expiry; the
/// newest first.
async fn fill_open(client: &Client, organization: &str, late: &str) {
    let fill = format!(
        "insert into invite.invitations (organization, id, kind, grants, inviter, created_at, expires_at, state, nonce,
            earlier_nonces, revision, metadata, waits_until)
        select '{organization}', gen_random_uuid(), '{{}}', '{{}}', 'ada', now() - n * interval '1 minute',
            now() + case when {late} then interval '-1 day' else interval '1 day' end, 'pending', '', '', 1, '{{}}', now()
        from generate_series(1, 10000) as n;
        insert into invite.invitation_groups
        select organization, id, 'red', state, created_at from invite.invitations where organization = '{organization}';
        insert into invite.requests (organization, id, way, by_user, grants, group_id, created_at, expires_at, state)
        select organization, id, '{{}}', inviter, '{{}}', 'red', created_at, expires_at, state
        from invite.invitations where organization = '{organization}'"
    );
    client.batch_execute(&fill).await.unwrap();
}

/// How many rows the scans of tables brought or passed over, and how many came of all.
fn rows_read(plan: &[String]) -> (u64, u64) {
    let number =
        |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse::<u64>().unwrap();
    let after = |line: &str, what: &str| line.split_once(what).map(|(_, rest)| number(rest));
    let mut read = 0;
    for line in plan {
        let is_scan =
            line.contains(" Scan ") && !line.contains("CTE Scan") && !line.contains("Subquery Scan");
        if let (true, Some(rows)) = (is_scan, after(line, "actual rows=")) {
            read += rows * after(line, "loops=").unwrap();
        }
        read += after(line, "Rows Removed by Filter: ").unwrap_or_default();
    }
    (read, after(&plan[0], "actual rows=").unwrap())
}

/// A list of what is past its expiry and not written down goes past what is not, and the other way around.
#[tokio::test]
async fn a_page_of_what_did_not_end_reads_few_of_many_on_the_other_side_of_their_expiry() {
    let database = server::database().await;
    let client = database.connect().await.unwrap();
    fill(&client).await;
    let organizations = [("few-late", "n > 9980", 20, 50), ("most-late", "n <= 9980", 50, 20)];
    for (organization, late, ..) in organizations {
        fill_open(&client, organization, late).await;
    }
    client
        .batch_execute("analyze invite.invitations, invite.invitation_groups, invite.requests")
        .await
        .unwrap();
    let mut seen = 0;
    for plan_mode in ["force_generic_plan", "force_custom_plan"] {
        client.batch_execute(&format!("set plan_cache_mode = {plan_mode}; set jit = off")).await.unwrap();
        for (name, sql) in STATEMENTS.iter().filter(|(name, _)| name.contains("S_OPEN")) {
            let of = match (sql.contains("$8"), sql.contains("$7")) {
                (true, _) => ", 'red', null",
                (false, true) => ", 'ada'",
                (false, false) => "",
            };
            client.batch_execute(&format!("deallocate all; prepare {name} as {sql}")).await.unwrap();
            for (organization, _, late, pending) in organizations {
                for (bounds, expected) in [("'-infinity', now()", late), ("now(), 'infinity'", pending)] {
                    let last = "'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 50";
                    let execute = format!("execute {name}('{organization}', {last}, {bounds}{of})");
                    let explain = format!("explain (analyze, costs off, timing off) {execute}");
                    let plan = texts(&client, &explain).await;
                    let (read, rows) = rows_read(&plan);
                    assert_eq!(rows, expected, "{name} of {organization}, {bounds}\n{}", plan.join("\n"));
                    assert!(
                        read < 2_000,
                        "{name} of {organization}, {bounds}: {read} rows\n{}",
                        plan.join("\n")
                    );
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 2 * 6 * 2 * 2);
}

/// Who holds something about somebody costs as much for one row of theirs in each organization as for a great many.
#[tokio::test]
async fn the_organizations_of_somebody_are_found_past_their_many_rows_in_each() {
    let database = server::database().await;
    let client = database.connect().await.unwrap();
    fill(&client).await;
    let many = "insert into invite.places
        select 'p' || n % 3, 'ada', n::text, gen_random_uuid() from generate_series(1, 5000) as n;
    insert into invite.suppressions select 'p' || n % 3, 'ada', n::text, null, now() from generate_series(1, 5000) as n;
    insert into invite.members
        select 'p' || n % 3, n::text, 'active', 'ada', 'ada', null, '{}', null, '{}', null, now(), '{}', null
        from generate_series(1, 5000) as n;
    insert into invite.requests (organization, id, way, invitee, by_user, email_canonical, grants, created_at,
            expires_at, state)
        select 'p' || n % 3, gen_random_uuid(), '{}', 'ada', 'ada', 'ada', '{}', now(), now(), 'ended'
        from generate_series(1, 5000) as n;
    insert into invite.invitations (organization, id, kind, invitee, grants, inviter, created_at, expires_at, state,
            ended_at, nonce, earlier_nonces, revision, metadata, waits_until)
        select 'p' || n % 3, gen_random_uuid(), '{}', 'ada', '{}', 'eve', now(), now(), 'revoked', now(), '', '', 1, '{}',
            now()
        from generate_series(1, 5000) as n;
    insert into invite.events (organization, sequence, commit_id, at, actor, kind, format, user_id, data)
        select 'p' || n % 3, n, gen_random_uuid(), now(), 'eve', 'k', 1, 'ada', '{}' from generate_series(1, 5000) as n;
    insert into invite.members
        select 'p' || n, 'ada', 'active', null, null, null, '{}', null, '{}', null, now(), '{}', null
        from generate_series(0, 2) as n;
    analyze";
    client.batch_execute(many).await.unwrap();
    client.batch_execute("set plan_cache_mode = force_generic_plan; set jit = off").await.unwrap();
    let mut seen = 0;
    for (name, sql) in STATEMENTS.iter().filter(|(name, _)| name.starts_with("HOLDERS_OF_")) {
        client.batch_execute(&format!("prepare {name} as {sql}")).await.unwrap();
        let found = texts(&client, &format!("execute {name}('{{eve,ada}}', '', 2)")).await;
        assert_eq!(found, ["p0", "p1"], "{name}");
        let explain =
            format!("explain (analyze, costs off, timing off) execute {name}('{{eve,ada}}', 'p0', 10)");
        let plan = texts(&client, &explain).await;
        let (read, rows) = rows_read(&plan);
        assert_eq!(rows, 2, "{name}\n{}", plan.join("\n"));
        assert!(read < 20, "{name}: {read} rows\n{}", plan.join("\n"));
        seen += 1;
    }
    assert_eq!(seen, 9);
}
