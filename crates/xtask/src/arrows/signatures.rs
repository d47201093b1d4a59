//! The check of public signatures, on what rustdoc writes as JSON.
//!
//! rustdoc lists what a user of the crate can reach, with the crate that each named type comes from. Its JSON is
//! not stable; a test runs this check on a workspace that breaks every rule, so that a change of form is noticed.

use std::collections::{BTreeSet, HashSet};
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::Value;

use super::Workspace;
use crate::command::{self, Outcome, cargo};

/// Names the real rustdoc to ourselves, when cargo starts us in its place.
const STAND_IN: &str = "XTASK_RUSTDOC";

/// Lets rustdoc describe a library.
///
/// In a target directory of its own: in the usual one it would take the place of the HTML of `cargo doc`.
pub(crate) fn rustdoc(
    manifest: &Path,
    workspace: &Workspace,
    package: &str,
    library: &str,
) -> Outcome<Value> {
    let target = workspace.target_directory.join("arrows");
    let real = env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    command::run(
        cargo()
            .args(["rustdoc", "--quiet", "--locked", "--lib", "--package", package])
            .arg("--manifest-path")
            .arg(manifest)
            .arg("--target-dir")
            .arg(&target)
            .args(["--", "-Z", "unstable-options", "--output-format", "json"])
            .env("RUSTDOC", env::current_exe()?)
            .env(STAND_IN, real),
    )?;
    let path = target.join("doc").join(format!("{library}.json"));
    let text = fs::read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// Runs the real rustdoc, when cargo started us in its place.
///
/// The stable rustdoc writes JSON only under `RUSTC_BOOTSTRAP`. Set for cargo, it would reach the build scripts of the
/// dependencies, which would then use what they find of nightly, or fail to build over it.
pub(crate) fn stand_in_for_rustdoc() -> Option<ExitCode> {
    let real = env::var_os(STAND_IN)?;
    let status = Command::new(real)
        .args(env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove(STAND_IN)
        .env_remove("RUSTDOC")
        .status();
    let code = status.ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Every place where a public signature names a crate that it may not, as a sentence each.
///
/// A trait implementation is a signature. An implementation that the compiler or a blanket gives is not, and of a
/// derived one only what its trait is instantiated with: deriving a trait is no promise, `From<ThirdParty>` is.
pub(super) fn foreign(docs: &Value, may_show: impl Fn(&str) -> bool) -> Outcome<BTreeSet<String>> {
    let unknown_form =
        "the output of rustdoc has another form than expected; see crates/xtask/src/arrows/signatures.rs";
    let index = docs.get("index").and_then(Value::as_object).ok_or(unknown_form)?;
    let items: Vec<Item<'_>> = index.values().filter_map(Item::read).collect();
    if items.is_empty() {
        return Err(unknown_form.into());
    }
    let derived: HashSet<u64> =
        items.iter().filter(|item| item.is_derived).flat_map(Item::children).collect();

    let mut findings = BTreeSet::new();
    for item in items.iter().filter(|item| !item.id.is_some_and(|id| derived.contains(&id))) {
        let mut names = Vec::new();
        if let Some(signature) = item.signature() {
            collect_names(signature, &mut names);
        }
        for name in names {
            let krate = name.origin(docs).unwrap_or("a crate that rustdoc does not name");
            if !may_show(krate) {
                findings.insert(format!("{} shows `{}` of {krate}", item.place(), name.text));
            }
        }
        if let Some(krate) = item.extern_crate().filter(|krate| !may_show(krate)) {
            findings.insert(format!("{} shows all of {krate}", item.place()));
        }
    }
    Ok(findings)
}

/// An item of the crate itself.
struct Item<'a> {
    value: &'a Value,
    id: Option<u64>,
    /// `function`, `struct`, `impl`, …
    kind: &'a str,
    inner: &'a Value,
    is_derived: bool,
}

impl<'a> Item<'a> {
    fn read(value: &'a Value) -> Option<Self> {
        if value.get("crate_id")?.as_u64()? != 0 {
            return None;
        }
        let (kind, inner) = value.get("inner")?.as_object()?.iter().next()?;
        let attributes = value.get("attrs").and_then(Value::as_array);
        let is_derived = kind == "impl"
            && attributes.is_some_and(|attributes| attributes.iter().any(|a| a == "automatically_derived"));
        Some(Self { value, id: value.get("id").and_then(Value::as_u64), kind, inner, is_derived })
    }

    fn children(&self) -> Vec<u64> {
        let items = self.inner.get("items").and_then(Value::as_array);
        items.map(|items| items.iter().filter_map(Value::as_u64).collect()).unwrap_or_default()
    }

    /// The part of the item that names types.
    fn signature(&self) -> Option<&'a Value> {
        if self.kind != "impl" {
            return Some(self.inner);
        }
        let synthetic = self.inner.get("is_synthetic").and_then(Value::as_bool) == Some(true);
        let blanket = self.inner.get("blanket_impl").is_some_and(|of| !of.is_null());
        if synthetic || blanket {
            None
        } else if self.is_derived {
            self.inner.pointer("/trait/args")
        } else {
            Some(self.inner)
        }
    }

    /// The crate that a `pub extern crate` shows.
    fn extern_crate(&self) -> Option<&'a str> {
        let name = self.inner.get("name").filter(|_| self.kind == "extern_crate");
        name.and_then(Value::as_str)
    }

    /// Where the item is, for the user.
    fn place(&self) -> String {
        let name = match self.value.get("name").and_then(Value::as_str) {
            Some(name) => format!("{} `{name}`", self.kind.replace('_', " ")),
            None => self.kind.to_owned(),
        };
        let file = self.value.pointer("/span/filename").and_then(Value::as_str);
        let line = self.value.pointer("/span/begin/0").and_then(Value::as_u64);
        match (file, line) {
            (Some(file), Some(line)) => format!("{file}:{line}: {name}"),
            _ => name,
        }
    }
}

/// A type, trait or module that a signature names.
struct Name<'a> {
    text: &'a str,
    id: u64,
}

impl Name<'_> {
    /// The crate that defines it.
    fn origin<'a>(&self, docs: &'a Value) -> Option<&'a str> {
        let id = self.id.to_string();
        let path = docs.get("paths")?.get(&id).or_else(|| docs.get("index")?.get(&id))?;
        match path.get("crate_id")?.as_u64()? {
            // The crate itself, which may always be shown.
            0 => Some("core"),
            krate => docs.get("external_crates")?.get(krate.to_string())?.get("name")?.as_str(),
        }
    }
}

/// Finds every path to a type or trait, and the target of a re-export, however deep.
fn collect_names<'a>(value: &'a Value, names: &mut Vec<Name<'a>>) {
    match value {
        Value::Object(map) => {
            let text = map.get("path").or_else(|| map.get("source")).and_then(Value::as_str);
            if let (Some(text), Some(id)) = (text, map.get("id").and_then(Value::as_u64)) {
                names.push(Name { text, id });
            }
            map.values().for_each(|value| collect_names(value, names));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_names(value, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A crate with one function that returns a type of `krate`.
    fn returning(krate: &str) -> Value {
        json!({
            "index": {
                "1": {
                    "id": 1,
                    "crate_id": 0,
                    "name": "load",
                    "visibility": "public",
                    "span": { "filename": "src/lib.rs", "begin": [7, 1], "end": [9, 2] },
                    "attrs": [],
                    "inner": { "function": { "sig": {
                        "inputs": [],
                        "output": { "resolved_path": { "path": "Row", "id": 2, "args": null } },
                    } } },
                },
            },
            "paths": { "2": { "crate_id": 3, "path": [krate, "Row"], "kind": "struct" } },
            "external_crates": { "3": { "name": krate } },
        })
    }

    fn only_std(krate: &str) -> bool {
        krate == "std"
    }

    #[test]
    fn a_crate_that_may_not_be_shown_is_found_with_its_place() {
        let found = foreign(&returning("rusqlite"), only_std).unwrap();
        assert_eq!(found, ["src/lib.rs:7: function `load` shows `Row` of rusqlite".to_owned()].into());
    }

    #[test]
    fn a_crate_that_may_be_shown_passes() {
        assert_eq!(foreign(&returning("std"), only_std).unwrap(), BTreeSet::new());
    }

    #[test]
    fn a_type_of_unknown_origin_does_not_pass() {
        let mut docs = returning("std");
        docs["paths"] = json!({});
        let found = foreign(&docs, only_std).unwrap();
        let expected = "src/lib.rs:7: function `load` shows `Row` of a crate that rustdoc does not name";
        assert_eq!(found, [expected.to_owned()].into());
    }

    #[test]
    fn another_form_of_json_does_not_pass() {
        assert!(foreign(&json!({ "items": {} }), only_std).is_err());
        assert!(foreign(&json!({ "index": { "1": { "krate": 0 } } }), only_std).is_err());
    }
}
