//! Parts of `postgres://user:password@host:port/database?options`, taken apart as text: nothing of the rest is touched.

/// The same server, another database.
pub(crate) fn with_database(url: &str, name: &str) -> String {
    let (rest, options) = url.find('?').map_or((url, ""), |at| url.split_at(at));
    let (before, _) = split_path(rest);
    format!("{before}/{name}{options}")
}

/// What comes before the path, and the path with what follows.
fn split_path(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let path = url.get(start..).and_then(|rest| rest.find(['/', '?'])).map_or(url.len(), |at| start + at);
    url.split_at(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_keeps_everything_else() {
        for (url, expected) in [
            ("postgres://u:p@h:1/postgres", "postgres://u:p@h:1/x"),
            ("postgres://u@h:1", "postgres://u@h:1/x"),
            ("postgres://h/postgres?sslmode=disable", "postgres://h/x?sslmode=disable"),
            ("postgres://h?host=/run/postgresql", "postgres://h/x?host=/run/postgresql"),
        ] {
            assert_eq!(with_database(url, "x"), expected);
        }
    }
}
