//! F4: what the program says of each who signs up.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[test]
fn both_are_done_or_neither_is() {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_signup-in-one-transaction")).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    let told = told.split("signs up as ").skip(1).collect::<Vec<_>>();
    let [bob, dan, first_eve, second_eve] = told[..] else { panic!("four of them: {told:?}") };
    for (told, parts) in [
        (bob, ["accepted in acme", "account: true, member: true, invitations still open: 1"]),
        (dan, ["revoked: ", "account: false, member: false, invitations still open: 1"]),
        (first_eve, ["the host failed", "account: false, member: false, invitations still open: 1"]),
        (second_eve, ["accepted in acme", "account: true, member: true, invitations still open: 0"]),
    ] {
        for part in parts {
            assert!(told.contains(part), "{part} in:\n{told}");
        }
    }
}
