//! The check of the manifests: dependencies and features.

use super::table::{self, CORE_DEPENDENCIES, Rule};
use super::{Dependency, Kind, Package, Workspace};

/// Every line of a manifest that points the wrong way, as a sentence each.
pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        for dependency in &package.dependencies {
            let leaf = workspace.package(&dependency.name).filter(|on| table::is_leaf(&on.directory));
            if let Some(on) = leaf {
                findings.push(format!(
                    "{}: depends on {}, but nothing may depend on {}",
                    package.name, on.name, on.directory
                ));
            }
        }
        if table::is_leaf(&package.directory) {
            continue;
        }
        match package.rule().filter(|_| package.directory.starts_with("crates/")) {
            Some(rule) => check_crate(workspace, package, rule, &mut findings),
            None => findings.push(format!(
                "{}: {} has no rule; add a line for it to crates/xtask/src/arrows/table.rs",
                package.name, package.directory
            )),
        }
    }
    findings
}

fn check_crate(workspace: &Workspace, package: &Package, rule: &Rule, findings: &mut Vec<String>) {
    let mut find = |what: String| findings.push(format!("{}: {what}", package.name));
    for dependency in &package.dependencies {
        let Dependency { name, kind, default_features } = dependency;
        let on = workspace.package(name);
        match kind {
            Kind::Dev if rule.kind == table::Kind::Adapter && name == "invite" => {
                find("is an adapter, and may not use invite in its tests".to_owned());
            }
            Kind::Dev => {}
            Kind::Built if on.is_some_and(|on| table::is_leaf(&on.directory)) => {}
            Kind::Built if on.is_some() => {
                if !rule.arrows.contains(&name.as_str()) {
                    find(format!("may not depend on {name}"));
                }
            }
            Kind::Built if rule.kind == table::Kind::Core => {
                if !CORE_DEPENDENCIES.contains(&name.as_str()) {
                    find(format!("may not depend on {name}: it is not among the dependencies of the core"));
                }
                if *default_features {
                    find(format!("needs `default-features = false` on {name}"));
                }
            }
            Kind::Built => {}
        }
    }
    for feature in &package.features {
        if !rule.features.contains(&feature.as_str()) {
            find(format!("may not have the feature `{feature}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, directory: &str, dependencies: &[(&str, Kind, bool)]) -> Package {
        Package {
            name: name.to_owned(),
            published: true,
            directory: directory.to_owned(),
            library: None,
            features: Vec::new(),
            dependencies: dependencies
                .iter()
                .map(|&(name, kind, default_features)| Dependency {
                    name: name.to_owned(),
                    kind,
                    default_features,
                })
                .collect(),
        }
    }

    fn findings(packages: Vec<Package>) -> Vec<String> {
        check(&Workspace { target_directory: "target".into(), packages })
    }

    #[test]
    fn what_the_table_allows_passes() {
        let found = findings(vec![
            package("invite-core", "crates/invite-core", &[("uuid", Kind::Built, false)]),
            package("invite-storage", "crates/invite-storage", &[("invite-core", Kind::Built, true)]),
            package("invite-memory", "crates/invite-memory", &[("invite-storage", Kind::Built, true)]),
            package("invite", "crates/invite", &[("invite-memory", Kind::Dev, true)]),
            package("todo-app", "examples/todo-app", &[("invite", Kind::Built, true)]),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_is_not_in_the_table_is_found() {
        let found = findings(vec![
            package("invite-storage", "crates/invite-storage", &[("invite-mailer", Kind::Built, true)]),
            package("invite-mailer", "crates/invite-mailer", &[]),
        ]);
        assert_eq!(found, ["invite-storage: may not depend on invite-mailer"]);
    }

    #[test]
    fn nothing_depends_on_tests_benches_or_examples() {
        for directory in ["tests", "benches", "examples/one"] {
            let found = findings(vec![
                package("invite", "crates/invite", &[("leaf", Kind::Dev, true)]),
                package("leaf", directory, &[]),
            ]);
            assert_eq!(found, [format!("invite: depends on leaf, but nothing may depend on {directory}")]);
        }
    }

    #[test]
    fn a_crate_without_a_rule_is_found() {
        let found = findings(vec![package("invite-novel", "crates/invite-novel", &[])]);
        let expected = "invite-novel: crates/invite-novel has no rule; add a line for it to crates/xtask/src/arrows/table.rs";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn the_core_takes_listed_dependencies_without_default_features() {
        let found = findings(vec![package(
            "invite-core",
            "crates/invite-core",
            &[("uuid", Kind::Built, true), ("rand", Kind::Built, false), ("proptest", Kind::Dev, true)],
        )]);
        let expected = [
            "invite-core: needs `default-features = false` on uuid",
            "invite-core: may not depend on rand: it is not among the dependencies of the core",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_adapter_does_not_test_with_the_service() {
        let found =
            findings(vec![package("invite-sqlite", "crates/invite-sqlite", &[("invite", Kind::Dev, true)])]);
        assert_eq!(found, ["invite-sqlite: is an adapter, and may not use invite in its tests"]);
    }

    #[test]
    fn a_feature_that_is_not_in_the_table_is_found() {
        let mut sqlite = package("invite-sqlite", "crates/invite-sqlite", &[]);
        sqlite.features = vec!["bundled".to_owned(), "default".to_owned()];
        let mut service = package("invite", "crates/invite", &[]);
        service.features = vec!["postgres".to_owned()];
        assert_eq!(findings(vec![sqlite, service]), ["invite: may not have the feature `postgres`"]);
    }
}
