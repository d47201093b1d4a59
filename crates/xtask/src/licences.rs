//! `cargo xtask licences`: under which licences the crates come, whether any comes in two versions, and from where.
//!
//! The rules are those of `deny.toml`, read here as far as they go: cargo-deny takes minutes to build, so it is asked
//! only where it is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::command::{self, Outcome, cargo};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(crate) fn run(root: &Path) -> Outcome {
    let rules = Rules::read(&fs::read_to_string(root.join("deny.toml"))?)?;
    let metadata =
        command::read(cargo().current_dir(root).args(["metadata", "--format-version", "1", "--locked"]))?;
    let packages = used(&serde_json::from_slice(&metadata)?).ok_or(
        "the output of `cargo metadata` has another form than expected; see crates/xtask/src/licences.rs",
    )?;
    let findings = rules.findings(&packages);
    if !findings.is_empty() {
        println!("{}", findings.join("\n"));
        return Err(format!("{} packages do not follow deny.toml", findings.len()).into());
    }
    println!("licences: {} packages follow deny.toml", packages.len());
    ask_cargo_deny(root)
}

fn ask_cargo_deny(root: &Path) -> Outcome {
    let mut version = cargo();
    version.args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        println!("licences: cargo-deny is not installed, and was not asked");
        return Ok(());
    }
    command::run(cargo().current_dir(root).args(["deny", "--locked", "check", "licenses", "bans", "sources"]))
}

/// What is read of `deny.toml`.
struct Rules {
    allowed: BTreeSet<String>,
    /// `name@version`
    skipped: BTreeSet<String>,
}

impl Rules {
    fn read(text: &str) -> Outcome<Self> {
        let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let list = text.lines().skip_while(|line| !line.starts_with("allow = [")).skip(1);
        let allowed: BTreeSet<_> = list.take_while(|line| *line != "]").filter_map(quoted).collect();
        if allowed.is_empty() {
            return Err("deny.toml has no list `allow` with one licence a line".into());
        }
        let skipped =
            text.lines().filter(|line| line.trim_start().starts_with("{ crate = ")).filter_map(quoted);
        Ok(Self { allowed, skipped: skipped.collect() })
    }

    fn findings(&self, packages: &BTreeSet<Package>) -> Vec<String> {
        let mut findings = Vec::new();
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Package { name, version, licence, source } in packages {
            if !self.may_use(licence) {
                findings.push(format!("{name} {version}: the licence `{licence}` is not allowed"));
            }
            if source.as_deref().is_some_and(|source| source != REGISTRY) {
                findings.push(format!("{name} {version}: does not come from crates.io"));
            }
            if !self.skipped.contains(&format!("{name}@{version}")) {
                versions.entry(name).or_default().push(version);
            }
        }
        for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
            findings.push(format!("{name}: comes in the versions {}", versions.join(" and ")));
        }
        findings
    }

    /// Whether the SPDX expression can be met by what is allowed. `/` is an old way to write `OR`.
    fn may_use(&self, expression: &str) -> bool {
        let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let words: Vec<_> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        self.any(&mut rest) == Some(true) && rest.is_empty()
    }

    /// `a OR b`; `None` where the expression is broken.
    fn any(&self, rest: &mut &[&str]) -> Option<bool> {
        let mut met = self.all(rest)?;
        while let ["OR", after @ ..] = *rest {
            *rest = after;
            met |= self.all(rest)?;
        }
        Some(met)
    }

    /// `a AND b`, which binds closer.
    fn all(&self, rest: &mut &[&str]) -> Option<bool> {
        let mut met = self.one(rest)?;
        while let ["AND", after @ ..] = *rest {
            *rest = after;
            met &= self.one(rest)?;
        }
        Some(met)
    }

    fn one(&self, rest: &mut &[&str]) -> Option<bool> {
        match *rest {
            ["(", after @ ..] => {
                *rest = after;
                let met = self.any(rest)?;
                *rest = rest.strip_prefix(&[")"])?;
                Some(met)
            }
            [licence, "WITH", exception, after @ ..] => {
                *rest = after;
                Some(self.allowed.contains(&format!("{licence} WITH {exception}")))
            }
            [licence, after @ ..] => {
                *rest = after;
                Some(self.allowed.contains(*licence))
            }
            [] => None,
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    /// Empty where none is named.
    licence: String,
    source: Option<String>,
}

/// The published packages and what they are built with, on any platform: neither tests nor tools.
fn used(metadata: &Value) -> Option<BTreeSet<Package>> {
    let packages: BTreeMap<_, _> = metadata
        .get("packages")?
        .as_array()?
        .iter()
        .map(|package| Some((id(package)?, package)))
        .collect::<Option<_>>()?;
    let nodes: BTreeMap<_, _> = metadata
        .pointer("/resolve/nodes")?
        .as_array()?
        .iter()
        .map(|node| Some((id(node)?, node)))
        .collect::<Option<_>>()?;
    let mut open: Vec<&str> = Vec::new();
    for member in metadata.get("workspace_members")?.as_array()? {
        let member = member.as_str()?;
        if packages.get(member)?.get("publish")?.is_null() {
            open.push(member);
        }
    }
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in nodes.get(id)?.get("deps")?.as_array()? {
            if dependency
                .get("dep_kinds")?
                .as_array()?
                .iter()
                .any(|kind| kind.get("kind").is_none_or(|kind| kind != "dev"))
            {
                open.push(dependency.get("pkg")?.as_str()?);
            }
        }
    }
    seen.into_iter().map(|id| Package::read(packages.get(id)?)).collect()
}

fn id(value: &Value) -> Option<&str> {
    value.get("id")?.as_str()
}

impl Package {
    fn read(package: &Value) -> Option<Self> {
        let text = |key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            name: text("name")?,
            version: text("version")?,
            licence: text("license").unwrap_or_default(),
            source: text("source"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const DENY: &str = "\
[licenses]
allow = [
    \"MIT\",
    \"Apache-2.0\",
]
[bans]
skip = [
    { crate = \"syn@2.0.1\", reason = \"x\" },
]
";

    fn package(name: &str, version: &str, licence: &str) -> Package {
        let source = Some(REGISTRY.to_owned());
        Package { name: name.to_owned(), version: version.to_owned(), licence: licence.to_owned(), source }
    }

    #[test]
    fn an_expression_is_met_by_what_is_allowed() {
        let rules = Rules::read(DENY).unwrap();
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("", false),
            ("GPL-3.0 OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Apache-2.0", true),
            ("GPL-3.0 AND MIT OR Apache-2.0", true),
            ("Apache-2.0 WITH LLVM-exception", false),
            ("(MIT", false),
            ("MIT MIT", false),
        ] {
            assert_eq!(rules.may_use(expression), expected, "{expression}");
        }
        assert!(Rules::read("[licenses]\nallow = [\"MIT\"]\n").is_err());
    }

    #[test]
    fn licences_versions_and_sources_are_found() {
        let rules = Rules::read(DENY).unwrap();
        let good = BTreeSet::from([package("syn", "2.0.1", "MIT"), package("syn", "3.0.0", "MIT")]);
        assert_eq!(rules.findings(&good), [""; 0]);
        let git =
            Package { source: Some("git+https://example.com".to_owned()), ..package("c", "1.0.0", "MIT") };
        let bad = BTreeSet::from([
            package("a", "1.0.0", "GPL-3.0"),
            package("b", "1.0.0", "MIT"),
            package("b", "2.0.0", "MIT"),
            git,
        ]);
        assert_eq!(
            rules.findings(&bad),
            [
                "a 1.0.0: the licence `GPL-3.0` is not allowed",
                "c 1.0.0: does not come from crates.io",
                "b: comes in the versions 1.0.0 and 2.0.0",
            ]
        );
    }

    #[test]
    fn what_users_build_is_looked_at_and_nothing_else() {
        let package = |id: &str, publish: Value| json!({ "id": id, "name": id, "version": "1.0.0", "license": "MIT", "publish": publish });
        let deps = |pkg: &str, kind: Value| json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] });
        let packages = ["ours", "tool", "built", "build", "dev", "of-tool"]
            .map(|id| package(id, if id == "tool" { json!([]) } else { json!(null) }));
        let metadata = json!({
            "packages": packages,
            "workspace_members": ["ours", "tool"],
            "resolve": { "nodes": [
                { "id": "ours", "deps": [deps("built", json!(null)), deps("build", json!("build")), deps("dev", json!("dev"))] },
                { "id": "tool", "deps": [deps("of-tool", json!(null))] },
                { "id": "built", "deps": [] },
                { "id": "build", "deps": [] },
            ] },
        });
        let names: Vec<_> = used(&metadata).unwrap().into_iter().map(|package| package.name).collect();
        assert_eq!(names, ["build", "built", "ours"]);
        assert!(used(&json!({ "packages": [] })).is_none());
    }
}
