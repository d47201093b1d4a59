//! The program says what became of each of its list.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[test]
fn each_of_the_list_is_accounted_for() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_quickstart")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    for part in [
        "1. Müller, Jürgen <juergen.mueller@bücher.example>\n   invited",
        "no-seat-left",
        "the same as number 4",
        "invalid-address",
        "5 of 9 were invited, and 5 mails went out",
        "May he create posts? true",
    ] {
        assert!(told.contains(part), "{part} in:\n{told}");
    }
}
