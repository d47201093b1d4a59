//! Several selects as one statement: one trip, one snapshot, and one plan that is kept.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, PoisonError, RwLock};

use crate::sql;
use crate::statement::Statement;
use crate::value::Value;

/// Selects about one organization, each of which brings its rows as an array of records, in a column of its own. What several
/// of them look up by is found once.
pub(crate) fn composed(selects: &[Statement]) -> Statement {
    let parts = selects.iter().map(|select| select.sql).collect::<Vec<_>>();
    let sql = kept(&parts, "", || {
        let mut numbers = Numbers::default();
        let mut text = String::new();
        for (n, select) in selects.iter().enumerate() {
            let numbers = numbers.of(select);
            let number = |text: &mut String, n: usize| {
                let number = numbers.get(n.saturating_sub(1)).copied().unwrap_or_default();
                let _ = write!(text, "${number}");
            };
            let names = names_of(select.sql);
            let rest = select.sql.get(names.len()..).unwrap_or_default();
            if !names.is_empty() && !text.starts_with("with") {
                let mut with = String::new();
                replaced(names, &mut with, number);
                text.insert_str(0, &with);
            }
            text.push_str(if n == 0 {
                "select array(select r from (\n"
            } else {
                ",\narray(select r from (\n"
            });
            let rest = rest.strip_prefix(',').map_or(rest, |rest| {
                text.push_str("with");
                rest
            });
            replaced(rest, &mut text, number);
            text.push_str("\n) as r)");
        }
        text
    });
    let mut numbers = Numbers::default();
    let mut values = Vec::new();
    for select in selects {
        for (number, value) in numbers.of(select).into_iter().zip(&select.values) {
            if number > values.len() {
                values.push(value.clone());
            }
        }
    }
    Statement::new(sql, values)
}

/// What a select begins with that others begin with too.
fn names_of(sql: &'static str) -> &'static str {
    [sql::NAMES_GIVEN, sql::NAMES_FOUND].into_iter().find(|names| sql.starts_with(names)).unwrap_or_default()
}

/// The parameters of selects in what is composed of them, numbered from 1.
#[derive(Default)]
struct Numbers {
    taken: usize,
    /// By their numbers in the selects, those that are the same in all of them.
    same: [Option<usize>; 8],
}

impl Numbers {
    /// The organization is the same in all. Of those that look up by names, all but the third are.
    fn of(&mut self, select: &Statement) -> Vec<usize> {
        let is_named = !names_of(select.sql).is_empty();
        let mut number = |own: usize| {
            let mut next = || {
                self.taken = self.taken.saturating_add(1);
                self.taken
            };
            match self.same.get_mut(own) {
                Some(same) if own == 1 || is_named && own != 3 => *same.get_or_insert_with(next),
                _ => next(),
            }
        };
        (1..=select.values.len()).map(&mut number).collect()
    }
}

/// One composed statement with the parameters of several: a row for each, and its number behind what it brings, from 1.
/// None if they are not of one text.
pub(crate) fn several(statements: &[Statement]) -> Option<Statement> {
    let first = statements.first()?;
    if statements.iter().any(|statement| !std::ptr::eq(statement.sql, first.sql)) {
        return None;
    }
    let sql = kept(&[first.sql], "several", || {
        let mut text = String::from("select x.*, c.n from unnest(");
        let numbered = || (1..).zip(&first.values);
        for (number, value) in numbered() {
            let name = if value.is_array() { "text[]" } else { value.type_name_of_array() };
            // Behind a select no plan looks at how many there are, so that one plan is kept.
            let _ = match number {
                1 => write!(text, "(select $1::{name})"),
                number => write!(text, ", ${number}::{name}"),
            };
        }
        text.push_str(") with ordinality as c (");
        for (number, _) in numbered() {
            let _ = write!(text, "p{number}, ");
        }
        text.push_str("n)\ncross join lateral (\n");
        replaced(first.sql, &mut text, |text, number| {
            let cast = first.values.get(number.saturating_sub(1)).filter(|value| value.is_array());
            let _ = write!(text, "c.p{number}");
            if let Some(value) = cast {
                let _ = write!(text, "::{}", value.type_name());
            }
        });
        text.push_str("\n) as x");
        text
    });
    let rows = statements.iter().map(|statement| statement.values.iter().map(Value::as_element).collect());
    Some(Statement::new(sql, Value::columns(&rows.collect::<Vec<_>>())))
}

/// A statement on rows of one organization, as one on rows of several: each row says which it is of, in front of its columns.
pub(crate) fn across(sql: &'static str) -> &'static str {
    // That on the organizations themselves is written so already.
    if sql.contains("$1::text[]") {
        return sql;
    }
    kept(&[sql], "across", || {
        sql.replace("select $1, n.*", "select n.*")
            .replace("unnest(", "unnest($1::text[], ")
            .replace("as n (", "as n (organization, ")
            .replace("organization = $1", "organization = n.organization")
    })
}

/// Statements that write as one, each of which begins once the one before it has done all of its own.
///
/// It is whole or not there without anything around it, and a server that refuses it has done nothing.
pub(crate) fn chained(statements: &[Statement]) -> Statement {
    let parts = statements.iter().map(|statement| statement.sql).collect::<Vec<_>>();
    let sql = kept(&parts, "chained", || {
        let mut text = String::new();
        let mut taken: usize = 0;
        for (n, Statement { sql, values }) in statements.iter().enumerate() {
            text.push_str(if n == 0 { "with " } else { ",\n" });
            replaced(&link(sql, n), &mut text, |text, own| {
                let _ = write!(text, "${}", own.saturating_add(taken));
            });
            taken = taken.saturating_add(values.len());
        }
        let _ = write!(text, "\nselect done from done_{}", parts.len().saturating_sub(1));
        text
    });
    Statement::new(sql, statements.iter().flat_map(|statement| &statement.values).cloned().collect())
}

/// A statement as the nth part of a chain: what it does, and a row once that is done.
fn link(sql: &str, n: usize) -> String {
    let mut sql = sql.trim_end().to_owned();
    if let Some(before) = n.checked_sub(1) {
        for word in ["from", "using"] {
            sql =
                sql.replace(&format!("{word} unnest("), &format!("{word} done_{before} cross join unnest("));
        }
    }
    for name in ["changed", "gone", "free"] {
        for (before, after) in [("with ", " as ("), ("), ", " as ("), ("from ", ""), ("join ", " as f")] {
            let to = format!("{before}{name}_{n}{after}");
            sql = sql.replace(&format!("{before}{name}{after}"), &to);
        }
    }
    // What checks itself says so in the end; what cannot fail is counted. Unless it is materialized, nobody looks at it.
    match (sql.strip_prefix("with "), sql.rsplit_once(")\nselect ")) {
        (Some(_), Some((parts, check))) => {
            let parts = parts.strip_prefix("with ").unwrap_or(parts);
            format!("{parts}), done_{n} (done) as materialized (select {check})")
        }
        _ if sql.starts_with("select") => format!("done_{n} (done) as materialized ({sql})"),
        _ => {
            format!(
                "changed_{n} as ({sql} returning 1), done_{n} (done) as materialized (select count(*) from changed_{n})"
            )
        }
    }
}

type Texts = HashMap<(Vec<(usize, usize)>, &'static str), &'static str>;

/// Texts that were made of others, by where these lie. There are as many as there are ways of asking, some dozens, and the
/// server keeps a plan of each: so they are kept too, for as long as the process runs.
fn kept(parts: &[&'static str], how: &'static str, make: impl FnOnce() -> String) -> &'static str {
    static TEXTS: LazyLock<RwLock<Texts>> = LazyLock::new(RwLock::default);
    let key = (parts.iter().map(|part| (part.as_ptr().addr(), part.len())).collect(), how);
    if let Some(text) = TEXTS.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return text;
    }
    let mut texts = TEXTS.write().unwrap_or_else(PoisonError::into_inner);
    texts.entry(key).or_insert_with(|| make().leak())
}

/// Copies a text with something else for each parameter.
fn replaced(sql: &str, to: &mut String, mut parameter: impl FnMut(&mut String, usize)) {
    let mut parts = sql.split('$');
    to.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        parameter(to, number.parse().unwrap_or_default());
        to.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize) -> Vec<Value> {
        (0..count).map(|n| Value::text(&n.to_string())).collect()
    }

    fn parameters(sql: &str) -> usize {
        (1..).take_while(|n| sql.contains(&format!("${n}"))).count()
    }

    /// The organization is sent once, and so is what several look up by.
    #[test]
    fn what_is_the_same_is_sent_once() {
        let members = Statement::new(sql::MEMBERS_OF_FOUND, values(7));
        let open = Statement::new(sql::OPEN_OF_FOUND, values(6));
        let due = Statement::new(sql::DUE, values(3));
        let composed = composed(&[members, open, due]);
        assert_eq!(composed.sql.matches(", names as (").count(), 1);
        assert_eq!((composed.values.len(), parameters(composed.sql)), (10, 10));
        assert!(composed.sql.contains("limit (select $8::bigint)"), "{}", composed.sql);
        assert!(composed.sql.ends_with("limit (select $10::bigint)\n\n) as r)"), "{}", composed.sql);
    }

    #[test]
    fn several_are_one_row_each() {
        let load = |organization| {
            let values = vec![Value::text(organization), Value::texts(["a\"b", "c\\"]), Value::integer(65)];
            composed(&[Statement::new(sql::OPEN_OF_GIVEN, values)])
        };
        let both = several(&[load("acme"), load("umbrella")]).unwrap();
        assert!(both.sql.contains("unnest((select $1::text[]), $2::text[], $3::bigint[])"), "{}", both.sql);
        assert!(both.sql.contains("c.p2::text[]") && !both.sql.contains("$4"), "{}", both.sql);
        assert_eq!(both.values.iter().map(Value::oid).collect::<Vec<_>>(), [1009, 1009, 1016]);
        let other = composed(&[Statement::new(sql::ORGANIZATION, values(1))]);
        assert!(several(&[load("acme"), other]).is_none(), "they ask for different things");
    }

    #[test]
    fn what_is_chained_waits_for_what_is_before_it() {
        let parts = [
            Statement::new(sql::UPDATE_ORGANIZATION, values(18)),
            Statement::new(sql::UPDATE_LINKS, values(12)),
            Statement::new(sql::PUT_LIMITS, values(3)),
        ];
        let one = chained(&parts);
        assert_eq!((one.values.len(), parameters(one.sql)), (33, 33));
        assert!(one.sql.starts_with("with changed_0 as (\n    update invite.organizations"), "{}", one.sql);
        assert_eq!(one.sql.matches("done_0 cross join unnest(").count(), 2, "{}", one.sql);
        assert_eq!(one.sql.matches("done_1 cross join unnest(").count(), 1, "{}", one.sql);
        assert!(one.sql.contains("select 1 / count(*) from changed_0"), "{}", one.sql);
        assert!(one.sql.contains("(select count(*) from gone_1) from changed_1"), "{}", one.sql);
        assert!(one.sql.ends_with("\nselect done from done_2"), "{}", one.sql);
        assert_eq!(one.sql.matches(" (done) as materialized (select ").count(), 3, "{}", one.sql);
    }

    #[test]
    fn rows_of_several_organizations_say_which_they_are_of() {
        let sql = across(sql::UPDATE_LINKS);
        assert!(!sql.contains("organization = $1"), "{sql}");
        assert_eq!(sql.matches("unnest($1::text[], ").count(), 2, "{sql}");
        assert_eq!(sql.matches("as n (organization, ").count(), 2, "{sql}");
        assert_eq!(across(sql::UPDATE_ORGANIZATIONS), sql::UPDATE_ORGANIZATIONS);
    }
}
