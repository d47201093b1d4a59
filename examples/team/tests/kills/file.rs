//! The data folder of the program, as it lies on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use chrono::TimeDelta;
use invite::core::{self, Nonce, Purpose};
use invite::mailer::Sender;
use invite::{AccessModel, Clock as _, Invitations, Key, Keyring, ManualClock, OrganizationId, SystemClock};
use invite_memory::EmlMailer;
use invite_sqlite::SqliteStorage;
use mail_parser::MessageParser;
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// How an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Invited,
    Accepted,
    Declined,
    Revoked,
}

/// A data folder with the organization acme, which ada owns.
pub(crate) struct File {
    folder: TempDir,
    runtime: Runtime,
}

impl File {
    /// On a plan.
    pub(crate) fn new(plan: &[&str]) -> Self {
        let file = Self { folder: tempfile::tempdir().unwrap(), runtime: Runtime::new().unwrap() };
        let made = file.command(&["create", "acme", "--name", "Acme Ltd"]).args(plan).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        file
    }

    /// The program on it; ada acts unless it says otherwise.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_team"));
        command.args(words).current_dir(self.folder.path()).env("TEAM_USER", "ada");
        command
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("team-data").join(name)
    }

    /// A service on it, for which so much time has passed.
    fn service(&self, ahead: TimeDelta) -> Invitations {
        let storage = SqliteStorage::open(self.data("team.db")).unwrap();
        let keyring = Keyring::new(1, self.key());
        Invitations::builder(storage, AccessModel::preset(), keyring)
            .base_url("https://team.example/join")
            .clock(ManualClock::at(SystemClock.now() + ahead))
            .build()
            .unwrap()
    }

    /// The link of the invitation of an address, which need not be open any more.
    pub(crate) fn link(&self, address: &str) -> String {
        let db = Connection::open(self.data("team.db")).unwrap();
        let row = "select id, nonce from invite_invitations where address = ?1";
        let (id, nonce): (Vec<u8>, Vec<u8>) =
            db.query_row(row, [address], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let id = Uuid::from_slice(&id).unwrap();
        let nonce = Nonce::from_bytes(nonce.try_into().unwrap());
        let acme = OrganizationId::parse("acme").unwrap();
        let token = core::Keyring::new(1, self.key()).issue(Purpose::Copied, &acme, id, &nonce);
        token.reveal().to_owned()
    }

    fn key(&self) -> Key {
        Key::parse(std::fs::read_to_string(self.data("key")).unwrap().trim()).unwrap()
    }

    /// Requires that the file is sound and what is stored fits together; says how every invitation stands.
    pub(crate) fn check(&self) -> BTreeMap<String, State> {
        let db = Connection::open(self.data("team.db")).unwrap();
        let text = |sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(text("pragma integrity_check"), "ok");
        for (counted, kept) in [
            ("select count(*) from invite_members", "select members from invite_organizations"),
            ("select count(*) from invite_events", "select version from invite_organizations"),
            ("select max(sequence) from invite_events", "select version from invite_organizations"),
            (PENDING, "select pending from invite_organizations"),
            (PENDING, "select count(*) from invite_places"),
            (PENDING, "select count(distinct invitee) from invite_invitations where state = 'pending'"),
            ("select count(*) from invite_invitations", "select count(*) from invite_deliveries"),
            (
                "select count(*) from invite_invitations",
                "select count(distinct invitee) from invite_invitations",
            ),
            (
                "select count(*) from invite_invitations where state = 'accepted'",
                "select count(*) - 1 from invite_members",
            ),
            (
                "select count(*) from invite_invitations where state = 'accepted'",
                "select count(*) from invite_invitations i join invite_members m on m.email = i.address \
                 where i.state = 'accepted'",
            ),
        ] {
            assert_eq!(count(counted), count(kept), "{counted} | {kept}");
        }
        let seats: Value = serde_json::from_str(&text("select seats from invite_organizations")).unwrap();
        let kept = |what: &str| seats["value"]["team"][what].as_i64().unwrap_or_default();
        assert_eq!(kept("used"), count("select count(*) from invite_members where seat = 'team'"));
        let reserved = "select count(distinct invitee) from invite_invitations where state = 'pending' and seat = 'team'";
        assert_eq!(kept("reserved"), count(reserved));
        let mut rows = db.prepare("select address, state from invite_invitations").unwrap();
        let rows =
            rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        rows.map(|row| row.unwrap()).map(|(address, state)| (name_of(&address), state_of(&state))).collect()
    }

    /// Sends what is left once every lease is over. Requires that whoever still waits has one mail, that nobody has
    /// two, and that each is whole (MAI-4); says how many there are.
    pub(crate) fn check_mail(&self) -> usize {
        let invite = self.service(TimeDelta::minutes(11));
        let sender = Sender::parse("Team <no-reply@team.example>").unwrap();
        let courier = invite.courier(EmlMailer::new(self.data("mail"), sender));
        self.runtime.block_on(courier.run_once(1_000_000)).unwrap();
        let mut reached = BTreeSet::new();
        for entry in std::fs::read_dir(self.data("mail")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "eml") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let mail = MessageParser::default().parse(&bytes).unwrap();
            let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address()).unwrap();
            assert!(mail.body_text(0).unwrap().contains("#inv_"), "whole: {}", path.display());
            assert!(mail.body_html(0).unwrap().contains("</html>"), "whole: {}", path.display());
            assert!(reached.insert(name_of(to)), "{to} has two mails");
        }
        let stored = self.check();
        let waiting = stored.iter().filter(|(_, state)| **state == State::Invited).map(|(name, _)| name);
        for name in waiting {
            assert!(reached.contains(name), "{name} was invited and has no mail");
        }
        assert!(reached.iter().all(|name| stored.contains_key(name)), "nobody else has mail");
        let db = Connection::open(self.data("team.db")).unwrap();
        let mut sent = db
            .prepare("select i.address from invite_deliveries d join invite_invitations i on i.id = d.invitation where d.state = 'sent'")
            .unwrap();
        for address in sent.query_map([], |row| row.get::<_, String>(0)).unwrap() {
            let name = name_of(&address.unwrap());
            assert!(reached.contains(&name), "what is said to be sent was sent: {name}");
        }
        reached.len()
    }
}

const PENDING: &str = "select count(*) from invite_invitations where state = 'pending'";

fn name_of(address: &str) -> String {
    address.split('@').next().unwrap().to_owned()
}

fn state_of(state: &str) -> State {
    match state {
        "pending" => State::Invited,
        "accepted" => State::Accepted,
        "declined" => State::Declined,
        "revoked" => State::Revoked,
        other => panic!("unexpected state {other}"),
    }
}
