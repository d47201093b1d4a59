//! Parts of `postgres://user:password@host:port/database?options`, taken apart as text: nothing of the rest is touched.

/// The same server, another database.
pub(crate) fn with_database(url: &str, name: &str) -> String {
    let (rest, options) = url.find('?').map_or((url, ""), |at| url.split_at(at));
    let (before, _) = split_path(rest);
    format!("{before}/{name}{options}")
}

/// The same database, reached at a port of this machine.
pub(crate) fn with_port(url: &str, port: u16) -> String {
    let (before, path) = split_path(url);
    let (scheme, authority) = before.split_once("://").unwrap_or(("postgres", before));
    let user = authority.rsplit_once('@').map_or(String::new(), |(user, _)| format!("{user}@"));
    format!("{scheme}://{user}127.0.0.1:{port}{path}")
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

    #[test]
    fn another_port_keeps_user_and_database() {
        for (url, expected) in [
            ("postgres://u:p@h:1/x", "postgres://u:p@127.0.0.1:9/x"),
            ("postgresql://h/x?sslmode=disable", "postgresql://127.0.0.1:9/x?sslmode=disable"),
            ("postgres://u@h", "postgres://u@127.0.0.1:9"),
        ] {
            assert_eq!(with_port(url, 9), expected);
        }
    }
}
