//! What each crate under `crates/` may do: one line per crate, and the only place to change it.

/// What one crate may depend on, offer and show.
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// The workspace crates it may depend on. Their types may stand in its public signatures.
    pub(super) arrows: &'static [&'static str],
    /// The Cargo features it may have. None selects a back end, a runtime or a TLS stack.
    pub(super) features: &'static [&'static str],
    /// Third-party crates whose types may stand in its public signatures, beside [`SHOWN_BY_ALL`].
    pub(super) shows: &'static [&'static str],
    pub(super) kind: Kind,
}

#[derive(PartialEq, Eq)]
pub(super) enum Kind {
    /// Depends on the third-party crates of [`CORE_DEPENDENCIES`] alone, and on none of their default features.
    Core,
    Library,
    /// Stands behind a contract: does not know `invite`, in its tests neither.
    Adapter,
    Tool,
}

pub(super) const RULES: &[Rule] = &[
    Rule { name: "invite-core", arrows: &[], features: &[], shows: &[], kind: Kind::Core },
    Rule { name: "invite-storage", arrows: &["invite-core"], features: &[], shows: &[], kind: Kind::Library },
    Rule { name: "invite-mailer", arrows: &["invite-core"], features: &[], shows: &[], kind: Kind::Library },
    Rule {
        name: "invite",
        arrows: &["invite-core", "invite-storage", "invite-mailer"],
        features: &[],
        shows: &[],
        kind: Kind::Library,
    },
    Rule {
        name: "invite-conformance",
        arrows: &["invite-core", "invite-storage", "invite-mailer"],
        features: &[],
        shows: &[],
        kind: Kind::Library,
    },
    Rule {
        name: "invite-memory",
        arrows: &["invite-core", "invite-storage", "invite-mailer"],
        features: &[],
        shows: &[],
        kind: Kind::Adapter,
    },
    Rule {
        name: "invite-sqlite",
        arrows: &["invite-core", "invite-storage"],
        // How SQLite is linked, not whether: a host that links its own switches it off.
        features: &["bundled", "default"],
        shows: &["rusqlite"],
        kind: Kind::Adapter,
    },
    Rule {
        name: "invite-postgres-testing",
        arrows: &[],
        features: &[],
        shows: &["tokio_postgres"],
        kind: Kind::Tool,
    },
    Rule {
        name: "invite-postgres-sql",
        arrows: &["invite-core", "invite-storage"],
        features: &[],
        shows: &[],
        kind: Kind::Library,
    },
    Rule {
        name: "invite-postgres",
        arrows: &["invite-core", "invite-storage", "invite-postgres-sql"],
        features: &[],
        shows: &["deadpool_postgres", "tokio_postgres"],
        kind: Kind::Adapter,
    },
    Rule {
        name: "invite-postgres-sqlx",
        arrows: &["invite-core", "invite-storage", "invite-postgres-sql"],
        features: &[],
        shows: &["sqlx_core", "sqlx_postgres"],
        kind: Kind::Adapter,
    },
    Rule { name: "xtask", arrows: &["invite-postgres-testing"], features: &[], shows: &[], kind: Kind::Tool },
];

/// Third-party crates whose types may stand in any public signature.
const SHOWN_BY_ALL: &[&str] = &["chrono", "serde", "serde_core", "uuid"];

/// Part of the language.
const LANGUAGE: &[&str] = &["alloc", "core", "proc_macro", "std"];

pub(super) const CORE_DEPENDENCIES: &[&str] = &[
    "chrono",
    "data-encoding",
    "hmac",
    "idna",
    "serde",
    "sha2",
    "subtle",
    "thiserror",
    "unicode-normalization",
    "uuid",
];

/// Where packages lie that may depend on anything, and that nothing depends on.
pub(super) fn is_leaf(directory: &str) -> bool {
    ["tests", "benches"].contains(&directory)
        || ["tests/", "examples/"].iter().any(|above| directory.starts_with(above))
}

impl Rule {
    /// Whether a type of this crate, named as in Rust code, may stand in a public signature.
    pub(super) fn may_show(&self, krate: &str) -> bool {
        let ours = self.arrows.iter().any(|name| name.replace('-', "_") == krate);
        ours || [LANGUAGE, SHOWN_BY_ALL, self.shows].iter().any(|list| list.contains(&krate))
    }
}
