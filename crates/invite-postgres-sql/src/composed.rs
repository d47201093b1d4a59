//! Several selects as one statement: one trip, one snapshot, and one plan that is kept.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, PoisonError, RwLock};

use crate::statement::Statement;
use crate::value::Value;

/// Selects about one organization, each of which brings its rows as an array of records, in a column of its own.
pub(crate) fn composed(selects: &[Statement]) -> Statement {
    let parts = selects.iter().map(|select| select.sql).collect::<Vec<_>>();
    let sql = kept(&parts, "", || {
        let mut text = String::from("select\n");
        let mut taken = 0;
        for (n, Statement { sql, values }) in selects.iter().enumerate() {
            text.push_str(if n == 0 { "array(select r from (\n" } else { ",\narray(select r from (\n" });
            // The organization is the first parameter of each, and is sent once.
            replaced(sql, &mut text, |text, number| {
                let number = if number == 1 { 1 } else { number.saturating_add(taken) };
                let _ = write!(text, "${number}");
            });
            text.push_str("\n) as r)");
            taken = taken.saturating_add(values.len().saturating_sub(1));
        }
        text
    });
    let organization = selects.iter().take(1).flat_map(|select| select.values.first());
    let others = selects.iter().flat_map(|select| select.values.iter().skip(1));
    Statement::new(sql, organization.chain(others).cloned().collect())
}

/// One composed statement with the parameters of several: a row for each, and its number behind what it brings, from 1.
/// None if they are not of one text.
pub(crate) fn several(statements: &[Statement]) -> Option<Statement> {
    let first = statements.first()?;
    if statements.iter().any(|statement| !std::ptr::eq(statement.sql, first.sql)) {
        return None;
    }
    let sql = kept(&[first.sql], "several", || {
        let mut text = String::new();
        replaced(first.sql, &mut text, |text, number| {
            let cast = first.values.get(number.saturating_sub(1)).filter(|value| value.is_array());
            let _ = write!(text, "c.p{number}");
            if let Some(value) = cast {
                let _ = write!(text, "::{}", value.type_name());
            }
        });
        text.push_str(",\nc.n\nfrom unnest(");
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
        text.push_str("n)");
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
