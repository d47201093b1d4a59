//! `cargo xtask no-std`: invite-core, built alone for a target that has no std.
//!
//! A build of the whole workspace cannot show this: there the features that other crates ask of a shared dependency
//! are on for invite-core too. Without std there is no clock, and without a random number generator no random id.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, Outcome, cargo};

const TARGET: &str = "thumbv7em-none-eabi";

pub(crate) fn run(root: &Path) -> Outcome {
    ensure_target()?;
    command::run(
        cargo()
            .current_dir(root)
            .args(["build", "--package", "invite-core", "--lib", "--locked", "--no-default-features"])
            .args(["--target", TARGET, "--target-dir", "target/no-std"]),
    )?;
    println!("no-std: invite-core builds for {TARGET}");
    Ok(())
}

fn ensure_target() -> Outcome {
    if sysroot()?.join("lib/rustlib").join(TARGET).is_dir() {
        return Ok(());
    }
    match Command::new("rustup").args(["target", "add", TARGET]).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`rustup target add {TARGET}` ended with {status}").into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(format!(
            "the standard library for {TARGET} is missing, and there is no rustup to add it; \
             install Rust with rustup, or this target with what installed Rust"
        )
        .into()),
        Err(error) => Err(format!("rustup cannot be started: {error}").into()),
    }
}

fn sysroot() -> Outcome<PathBuf> {
    let path = command::read(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(String::from_utf8(path)?.trim_end()))
}
