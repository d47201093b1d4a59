//! Which tables of a statement are tied to the organization of its first parameter: a reading of the SQL that these
//! statements use, which takes for untied what it does not understand.

/// The tables that a statement names, each time: those that are tied to `$1`, and those that are not. Reference tables lie
/// everywhere.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tables {
    pub(super) tied: Vec<String>,
    pub(super) untied: Vec<String>,
}

impl Tables {
    pub(super) fn of(sql: &str) -> Self {
        let tokens = tokens(sql);
        let mut rest = tokens.as_slice();
        let mut tables = Self::default();
        tables.query(&tree(&mut rest), &[]);
        tables
    }

    /// Whether the statement can be sent to where the rows of the organization lie.
    pub(super) fn are_of_one(&self) -> bool {
        !self.tied.is_empty() && self.untied.is_empty()
    }

    /// A query, or several that are united.
    fn query(&mut self, nodes: &[Node], outside: &[String]) {
        for arm in nodes.split(|node| ["union", "except", "intersect"].iter().any(|word| node.is(word))) {
            let sources = sources(arm);
            let tied = tied(arm, &sources, outside);
            for Source { table, alias } in &sources {
                match table.as_str() {
                    "invite.blocks" => {}
                    table if tied.contains(alias) => self.tied.push(table.to_owned()),
                    table => self.untied.push(table.to_owned()),
                }
            }
            self.within(arm, &tied);
        }
    }

    fn within(&mut self, nodes: &[Node], outside: &[String]) {
        for node in nodes {
            if let Node::Group(nodes) = node {
                let words = ["select", "with", "insert", "update", "delete"];
                if words.iter().any(|word| nodes.first().is_some_and(|first| first.is(word))) {
                    self.query(nodes, outside);
                } else {
                    self.within(nodes, outside);
                }
            }
        }
    }
}

#[derive(Debug)]
enum Node {
    Word(String),
    Group(Vec<Node>),
}

impl Node {
    fn is(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Group(_) => None,
        }
    }

    fn first(&self) -> Option<&str> {
        match self {
            Self::Word(_) => None,
            Self::Group(nodes) => nodes.first()?.word(),
        }
    }
}

/// Words with their dots, and signs; neither comments nor strings.
fn tokens(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    let mut tokens = vec![];
    for (n, part) in lines.collect::<Vec<_>>().join("\n").split('\'').enumerate() {
        let mut word = String::new();
        let part = if n % 2 == 0 { part } else { "" };
        for c in part.chars().chain([' ']) {
            if c.is_ascii_alphanumeric() || "_.$".contains(c) {
                word.push(c.to_ascii_lowercase());
                continue;
            }
            if !word.is_empty() {
                tokens.push(std::mem::take(&mut word));
            }
            if !c.is_whitespace() {
                tokens.push(c.to_string());
            }
        }
        if n % 2 == 1 {
            tokens.push("''".to_owned());
        }
    }
    tokens
}

fn tree(rest: &mut &[String]) -> Vec<Node> {
    let mut nodes = vec![];
    while let [token, others @ ..] = *rest {
        *rest = others;
        match token.as_str() {
            "(" => nodes.push(Node::Group(tree(rest))),
            ")" => break,
            word => nodes.push(Node::Word(word.to_owned())),
        }
    }
    nodes
}

struct Source {
    table: String,
    alias: String,
}

/// The column of a table that tells the organization.
fn key(table: &str) -> &'static str {
    if table == "invite.organizations" { "id" } else { "organization" }
}

/// Words that may stand behind a table, or behind a condition, and are no alias.
const BEHIND: &[&str] = &[
    "and",
    "cross",
    "for",
    "group",
    "inner",
    "join",
    "left",
    "limit",
    "offset",
    "on",
    "order",
    "returning",
    "set",
    "using",
    "values",
    "where",
];

fn sources(nodes: &[Node]) -> Vec<Source> {
    let mut sources = vec![];
    for (n, node) in nodes.iter().enumerate() {
        let Some(table) = node.word().filter(|word| word.starts_with("invite.")) else { continue };
        let behind = |n: usize| nodes.get(n).and_then(Node::word);
        let alias = match behind(n + 1) {
            Some("as") => behind(n + 2),
            Some(word) if word.starts_with(|c: char| c.is_ascii_lowercase()) && !BEHIND.contains(&word) => {
                Some(word)
            }
            _ => None,
        };
        sources.push(Source { table: table.to_owned(), alias: alias.unwrap_or(table).to_owned() });
    }
    sources
}

/// The aliases that are tied, here or outside.
fn tied(nodes: &[Node], sources: &[Source], outside: &[String]) -> Vec<String> {
    let is_here = |alias: &String| sources.iter().any(|source| source.alias == *alias);
    let mut tied = outside.iter().filter(|alias| !is_here(alias)).cloned().collect::<Vec<_>>();
    tied.extend(inserted(nodes));
    // Of two alternatives neither holds.
    if nodes.iter().any(|node| node.is("or")) {
        return tied;
    }
    let equal = equalities(nodes);
    loop {
        let more = sources.iter().find(|source| {
            let is_own = |column: &str| match column.split_once('.') {
                Some((alias, column)) => alias == source.alias && column == key(&source.table),
                None => {
                    let having = sources.iter().filter(|source| key(&source.table) == column);
                    column == key(&source.table) && having.count() == 1
                }
            };
            let is_tied = |column: &str| match column.split_once('.') {
                Some((alias, column)) => {
                    let table = sources.iter().find(|source| source.alias == alias);
                    let key = table.map_or("organization", |source| key(&source.table));
                    column == key && tied.iter().any(|known| known == alias)
                }
                None => column == "$1",
            };
            let ties = equal.iter().any(|Equality { left, right, only }| {
                only.as_ref().is_none_or(|only| *only == source.alias)
                    && (is_own(left) && is_tied(right) || is_own(right) && is_tied(left))
            });
            ties && !tied.contains(&source.alias)
        });
        let Some(more) = more else { return tied };
        tied.push(more.alias.clone());
    }
}

/// The table that rows are inserted into, if the first column is the organization and the first value the parameter.
fn inserted(nodes: &[Node]) -> Option<String> {
    let into = nodes.iter().position(|node| node.is("into"))?;
    let table = nodes.get(into + 1)?.word()?;
    let is_first = nodes.get(into + 2)?.first() == Some(key(table));
    let value = match nodes.get(into + 3)?.word()? {
        "values" => nodes.get(into + 4)?.first(),
        "select" => {
            nodes.get(into + 4)?.word().filter(|_| nodes.get(into + 5).is_some_and(|node| node.is(",")))
        }
        _ => None,
    };
    (is_first && value == Some("$1")).then(|| table.to_owned())
}

/// A condition that holds for each row of the result. That of an outer join holds for the joined rows `only`.
struct Equality {
    left: String,
    right: String,
    only: Option<String>,
}

fn equalities(nodes: &[Node]) -> Vec<Equality> {
    let at = |n: usize| nodes.get(n).and_then(Node::word);
    let (mut found, mut only, mut joined) = (vec![], None, None);
    for n in 0..nodes.len() {
        match at(n) {
            Some("join") => {
                let is_outer = n > 0 && at(n - 1) == Some("left");
                // Where the alias is one that is not known here, nothing here is tied by it.
                let rest = nodes.get(n..).unwrap_or_default();
                let alias = sources(rest.split(|node| node.is("on")).next().unwrap_or_default()).pop();
                joined = is_outer.then(|| alias.map_or_else(String::new, |source| source.alias));
            }
            Some("on") => only = joined.take(),
            Some("where") => only = None,
            _ => {}
        }
        let begins = matches!(at(n), Some("where" | "on" | "and"));
        let ends = nodes.get(n + 4).is_none_or(|node| node.word().is_some_and(|word| BEHIND.contains(&word)));
        if let (true, Some(left), Some("="), Some(right), true) =
            (begins, at(n + 1), at(n + 2), at(n + 3), ends)
        {
            let (left, right) = (left.to_owned(), right.to_owned());
            found.push(Equality { left, right, only: only.clone() });
        }
    }
    found
}

#[test]
fn what_is_not_tied_to_the_organization_is_seen() {
    for (sql, untied) in [
        ("select 1 from invite.members where user_id = $2", "members"),
        ("select 1 from invite.members -- where organization = $1", "members"),
        ("select 1 from invite.members where organization = $2", "members"),
        ("select 1 from invite.members where organization > $1", "members"),
        ("select 1 from invite.members where not organization = $1", "members"),
        ("select 1 from invite.members where organization = $1 or user_id = $2", "members"),
        ("select 1 from invite.members where organization = $1 and seat = $2 or user_id = $2", "members"),
        ("select 1 from invite.members where (organization = $1 or user_id = $2)", "members"),
        ("select 1 from invite.organizations where organization = $1", "organizations"),
        ("select 1 from invite.members as m where m.id = $1", "members"),
        ("select '$1' from invite.members as m where m.organization = 'organization = $1'", "members"),
        (
            "select 1 from invite.members as m join invite.groups as g on g.organization = m.organization",
            "members groups",
        ),
        ("select 1 from invite.members as m, invite.groups as g where m.organization = $1", "groups"),
        ("select 1 from invite.members as m, invite.groups as g where organization = $1", "members groups"),
        (
            "select 1 from invite.members as m where m.organization = $1 and exists (
                select 1 from invite.groups as g where g.id = m.user_id)",
            "groups",
        ),
        (
            "select 1 from invite.members as m where m.organization = $1 and exists (
                select 1 from invite.groups as m where m.id = $2)",
            "groups",
        ),
        (
            "select 1 from invite.members as m
            left join invite.groups as g on g.organization = $1 and m.organization = $1",
            "members",
        ),
        (
            "select 1 from invite.members as m where m.organization = $1
            union all select 1 from invite.groups as g where g.id = $2",
            "groups",
        ),
        (
            "with c as (delete from invite.members where user_id = any($2) returning 1)
            select 1 from invite.groups where organization = $1",
            "members",
        ),
        ("update invite.members set organization = $1 where user_id = $2", "members"),
        (
            "delete from invite.members as t using unnest($2) as n (organization) where t.organization = n.organization",
            "members",
        ),
        ("insert into invite.members (organization, user_id) values ($2, $1)", "members"),
        ("insert into invite.members (user_id, organization) values ($1, $2)", "members"),
        ("insert into invite.members (organization, user_id) select n.* from unnest($1, $2) as n", "members"),
        (
            "insert into invite.members (organization, user_id)
            select $1, g.user_id from invite.group_members as g where g.group_id = $2",
            "group_members",
        ),
    ] {
        let mut seen = Tables::of(sql).untied;
        seen.iter_mut().for_each(|table| *table = table.trim_start_matches("invite.").to_owned());
        assert_eq!(seen.join(" "), untied, "{sql}");
    }
}

#[test]
fn what_is_tied_to_the_organization_is_seen() {
    for sql in [
        "select 1 from invite.organizations as o where o.id = $1",
        "select 1 from invite.organizations where id = $1 for update",
        "select 1 from invite.members where organization = $1 and (user_id = $2 or seat = $3)",
        "select 1 from invite.members m join invite.groups g on g.organization = m.organization where m.organization = $1",
        "select 1 from invite.members as m where m.organization = $1 and exists (
            select 1 from invite.groups as g where g.organization = m.organization)",
        "select 1 from names as n left join lateral (
            select * from invite.members where organization = $1 and user_id = n.name limit 1) as m on true",
        "update invite.members as t set seat = n.seat from unnest($2) as n (seat) where t.organization = $1",
        "insert into invite.members (organization, user_id) select $1, n.* from unnest($2) as n (user_id)",
    ] {
        let tables = Tables::of(sql);
        assert!(tables.are_of_one(), "{tables:?} {sql}");
    }
}
