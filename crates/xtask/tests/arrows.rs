//! `cargo xtask arrows` on a workspace that breaks every rule.

use std::path::Path;
use std::process::Command;

#[test]
fn every_broken_rule_is_found() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["arrows", "--manifest-path"])
        .arg(fixtures.join("broken/Cargo.toml"))
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken"))
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    let expected = std::fs::read_to_string(fixtures.join("broken.txt")).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(found, expected, "{errors}");
    assert_eq!(output.status.code(), Some(1), "{errors}");
}
