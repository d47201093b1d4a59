//! Trouble with the disk: it is full, or nothing may be written to it. The program says so, nothing is lost or left by
//! half, and all goes on once the cause is gone (STO-3).
#![cfg(unix)]
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

#[path = "kills/file.rs"]
#[allow(dead_code, reason = "the mails are not looked at here")]
mod file;

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use file::File;

fn list(people: usize) -> String {
    (0..people).map(|n| format!("w0p{n}@example.com\n")).collect()
}

fn pipe(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}

/// Exit code 3 and what is the matter, with its cause.
#[track_caller]
fn require_told(output: &Output, codes: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(codes.iter().any(|code| said.contains(code)), "{said}");
}

/// No file may grow beyond a limit, as on a full disk. Works without privileges, where mounting a small disk does not.
#[test]
fn a_disk_without_room_is_told_and_nothing_is_done_by_half() {
    const PEOPLE: usize = 120;
    const INVITE: &[&str] = &["invite", "-", "--role", "member", "--key", "k"];
    let file = File::new(&["--seats", "team=1000", "--seats", "client=1"]);
    let plain = file.command(INVITE);
    // The signal is ignored, so that writing fails with an error.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh"]).arg(plain.get_program());
    limited.args(INVITE).current_dir(plain.get_current_dir().unwrap()).env("TEAM_USER", "ada");
    for _ in 0..2 {
        let output = pipe(&mut limited, &list(PEOPLE));
        require_told(&output, &["storage-unavailable", "outcome-unknown"]);
        assert_eq!(file.check().len(), 0);
    }
    for _ in 0..2 {
        let output = pipe(&mut file.command(INVITE), &list(PEOPLE));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(file.check().len(), PEOPLE, "once, also when asked for again with the same key");
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Permissions do not hold back the superuser, so its tests run the program as somebody else.
#[test]
fn a_file_that_may_not_be_written_is_told_and_nothing_is_changed() {
    const NOBODY: u32 = 65_534;
    let file = File::new(&["--seats", "team=10", "--seats", "client=1"]);
    let invite = |input: &str| pipe(&mut file.command(&["invite", "-", "--role", "member"]), input);
    assert!(invite(&list(1)).status.success());
    let folder = file.command(&[]).get_current_dir().unwrap().to_owned();
    let data = folder.join("team-data");
    let program = folder.join("team");
    fs::copy(file.command(&[]).get_program(), &program).unwrap();
    set_mode(&program, 0o755);
    set_mode(&folder, 0o755);
    set_mode(&data.join("key"), 0o444);
    set_mode(&data.join("team.db"), 0o444);
    set_mode(&data, 0o555);
    for words in [&["invite", "-", "--role", "member"][..], &["roster"], &["send"]] {
        let mut command = Command::new(&program);
        command.args(words).current_dir(&folder).env("TEAM_USER", "ada");
        if fs::metadata(&folder).unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        require_told(&pipe(&mut command, "w0p7@example.com"), &["storage-unavailable"]);
    }
    set_mode(&data, 0o700);
    set_mode(&data.join("team.db"), 0o600);
    assert_eq!(file.check().len(), 1);
    assert!(invite("w0p7@example.com").status.success());
    assert_eq!(file.check().len(), 2);
    assert_eq!(file.check_mail(), 2);
}
