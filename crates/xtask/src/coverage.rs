//! `cargo xtask coverage`: how many lines of each crate the tests run, by cargo-llvm-cov.
//!
//! Files in a folder `tests`, `examples` or `benches` are not counted, and code in `#[cfg(test)]` modules is.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::command::{self, Outcome, cargo};

pub(crate) fn run(root: &Path) -> Outcome {
    let mut version = cargo();
    version.args(["llvm-cov", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        return Err(
            "coverage needs cargo-llvm-cov; to install it: cargo install cargo-llvm-cov --locked, and \
                    rustup component add llvm-tools"
                .into(),
        );
    }
    let report = command::read(cargo().current_dir(root).args([
        "llvm-cov",
        "--workspace",
        "--locked",
        "--json",
        "--summary-only",
    ]))?;
    let crates = by_crate(&serde_json::from_slice(&report)?, root).ok_or(
        "the output of cargo-llvm-cov has another form than expected; see crates/xtask/src/coverage.rs",
    )?;
    print!("{}", table(&crates));
    Ok(())
}

/// Lines that the tests run, of lines in all.
type Lines = (u64, u64);

fn by_crate(report: &Value, root: &Path) -> Option<BTreeMap<String, Lines>> {
    let mut crates = BTreeMap::new();
    for file in report.pointer("/data/0/files")?.as_array()? {
        let path = Path::new(file.get("filename")?.as_str()?).strip_prefix(root).ok()?;
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let name = parts
            .iter()
            .take_while(|part| *part != "src")
            .map(|part| part.as_ref())
            .collect::<Vec<_>>()
            .join("/");
        let count = |key: &str| file.pointer(&format!("/summary/lines/{key}"))?.as_u64();
        let (covered, all): &mut Lines = crates.entry(name).or_default();
        (*covered, *all) = (*covered + count("covered")?, *all + count("count")?);
    }
    Some(crates).filter(|crates| !crates.is_empty())
}

fn table(crates: &BTreeMap<String, Lines>) -> String {
    let mut text = format!("{:<28} {:>7} {:>7} {:>8}\n", "", "lines", "run", "share");
    let sum = crates.values().fold((0, 0), |sum, lines| (sum.0 + lines.0, sum.1 + lines.1));
    for (name, (covered, all)) in
        crates.iter().map(|(name, lines)| (name.as_str(), *lines)).chain([("all", sum)])
    {
        // In tenths of a percent, rounded down: what is not complete never shows as such.
        let share = covered * 1_000 / all.max(1);
        text.push_str(&format!("{name:<28} {all:>7} {covered:>7} {:>6}.{} %\n", share / 10, share % 10));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_counted_by_crate() {
        let file = |name: &str, covered: u64, count: u64| json!({ "filename": name, "summary": { "lines": { "count": count, "covered": covered } } });
        let files = [
            file("/p/crates/a/src/lib.rs", 9, 10),
            file("/p/crates/a/src/b/c.rs", 5, 5),
            file("/p/examples/e/src/main.rs", 0, 5),
        ];
        let crates = by_crate(&json!({ "data": [{ "files": files }] }), Path::new("/p")).unwrap();
        let lines: Vec<String> = table(&crates)
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            lines,
            ["lines run share", "crates/a 15 14 93.3 %", "examples/e 5 0 0.0 %", "all 20 14 70.0 %"]
        );
        assert!(by_crate(&json!({ "data": [] }), Path::new("/p")).is_none());
        assert!(by_crate(&json!({ "data": [{ "files": [] }] }), Path::new("/p")).is_none());
    }
}
