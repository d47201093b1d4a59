//! `cargo xtask arrows`: the direction of dependencies, and whose types public signatures name.

mod manifests;
mod signatures;
mod table;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{self, Outcome, cargo};

pub(crate) use signatures::{rustdoc, stand_in_for_rustdoc};

pub(crate) fn run(manifest: &Path) -> Outcome {
    let workspace = Workspace::read(manifest)?;
    let mut findings = manifests::check(&workspace);
    let mut libraries = 0;
    for package in &workspace.packages {
        let Some(library) = package.library.as_deref() else { continue };
        let Some(rule) = package.rule() else { continue };
        libraries += 1;
        let docs = rustdoc(manifest, &workspace, &package.name, library)?;
        let foreign = signatures::foreign(&docs, |krate| rule.may_show(krate))?;
        findings.extend(foreign.into_iter().map(|found| format!("{}: {found}", package.name)));
    }
    if findings.is_empty() {
        println!("arrows: {} packages point the right way", workspace.packages.len());
        println!("arrows: {libraries} libraries show only what they may");
        return Ok(());
    }
    for finding in &findings {
        println!("{finding}");
    }
    Err(format!(
        "{} arrows point the wrong way; what is allowed: crates/xtask/src/arrows/table.rs",
        findings.len()
    )
    .into())
}

/// What `cargo metadata` says, as far as it is needed here.
pub(crate) struct Workspace {
    target_directory: PathBuf,
    pub(crate) packages: Vec<Package>,
}

pub(crate) struct Package {
    pub(crate) name: String,
    /// Whether it goes to a registry.
    pub(crate) published: bool,
    /// The package's directory, seen from the workspace root, with `/` between its parts.
    directory: String,
    /// The name of its library target, if it has one.
    pub(crate) library: Option<String>,
    features: Vec<String>,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    kind: Kind,
    default_features: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What the crate itself or its build script is compiled with.
    Built,
    Dev,
}

impl Workspace {
    pub(crate) fn read(manifest: &Path) -> Outcome<Self> {
        let text = command::read(
            cargo()
                .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--manifest-path"])
                .arg(manifest),
        )?;
        Self::from_metadata(&serde_json::from_slice(&text)?).ok_or_else(|| {
            "the output of `cargo metadata` has another form than expected; see crates/xtask/src/arrows.rs".into()
        })
    }

    fn from_metadata(metadata: &Value) -> Option<Self> {
        let root = Path::new(metadata.get("workspace_root")?.as_str()?);
        let packages =
            metadata.get("packages")?.as_array()?.iter().map(|package| Package::read(package, root));
        Some(Self {
            target_directory: metadata.get("target_directory")?.as_str()?.into(),
            packages: packages.collect::<Option<_>>()?,
        })
    }

    fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }
}

impl Package {
    fn read(package: &Value, root: &Path) -> Option<Self> {
        let directory =
            Path::new(package.get("manifest_path")?.as_str()?).parent()?.strip_prefix(root).ok()?;
        let parts: Vec<_> = directory.iter().map(|part| part.to_string_lossy()).collect();
        Some(Self {
            name: text(package, "name")?,
            published: package.get("publish")?.as_array().is_none_or(|registries| !registries.is_empty()),
            directory: parts.join("/"),
            library: package
                .get("targets")?
                .as_array()?
                .iter()
                .find(|t| is_library(t))
                .and_then(|t| text(t, "name")),
            features: package.get("features")?.as_object()?.keys().cloned().collect(),
            dependencies: package
                .get("dependencies")?
                .as_array()?
                .iter()
                .map(Dependency::read)
                .collect::<Option<_>>()?,
        })
    }

    fn rule(&self) -> Option<&'static table::Rule> {
        table::RULES.iter().find(|rule| rule.name == self.name)
    }
}

impl Dependency {
    fn read(dependency: &Value) -> Option<Self> {
        Some(Self {
            name: text(dependency, "name")?,
            kind: if dependency.get("kind")?.as_str() == Some("dev") { Kind::Dev } else { Kind::Built },
            default_features: dependency.get("uses_default_features")?.as_bool()?,
        })
    }
}

fn is_library(target: &Value) -> bool {
    let kinds = target.get("kind").and_then(Value::as_array);
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "lib"))
}

fn text(value: &Value, key: &str) -> Option<String> {
    Some(value.get(key)?.as_str()?.to_owned())
}
