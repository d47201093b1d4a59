//! F4: what the program says of each who signs up.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use invite_postgres_testing::Server;

/// What it says with these arguments.
fn told(arguments: &[&str]) -> String {
    let program = env!("CARGO_BIN_EXE_signup-in-one-transaction");
    let output = std::process::Command::new(program).args(arguments).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    told
}

#[tokio::test]
async fn both_are_done_or_neither_is() {
    let database = Server::shared().unwrap().empty_database().await.unwrap();
    let (on_sqlite, on_postgres) = (told(&[]), told(&[database.url()]));
    assert_eq!(on_sqlite, on_postgres);
    let told = on_sqlite.split("signs up as ").skip(1).collect::<Vec<_>>();
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
