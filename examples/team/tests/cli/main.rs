//! The program as a person uses it: each command is a process of its own on the same data folder.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod groups;
mod links;
mod people;
mod requests;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A data folder, and the program on it.
struct Team {
    folder: TempDir,
}

/// What a command said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn done(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// Refused by a rule: code and remedy are there.
    #[track_caller]
    fn refused(&self, code: &str) {
        assert_eq!(self.code, 1, "{}{}", self.out, self.err);
        let all = format!("{}{}", self.out, self.err);
        assert!(all.contains(code) && all.contains("do: "), "{all}");
    }

    /// Bad input: what is the matter, and what to do.
    #[track_caller]
    fn bad(&self, message: &str) {
        assert_eq!((self.code, self.out.as_str()), (2, ""), "{}", self.err);
        assert!(self.err.contains(message) && self.err.contains("do: "), "{}", self.err);
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("no signal ended it"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Team {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With an organization of so many seats, owned by ada.
    fn with_seats(team: u32) -> Self {
        let this = Self::new();
        let seats = format!("--seats=team={team}");
        this.run(&["create", "acme", "--name", "Acme Ltd", &seats, "--seats", "client=1"]).done();
        this
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_team"));
        command.args(words).current_dir(self.folder.path()).env("TEAM_USER", "ada");
        command
    }

    fn run(&self, words: &[&str]) -> Said {
        self.command(words).stdin(Stdio::null()).output().unwrap().into()
    }

    /// With a text on standard input.
    fn pipe(&self, words: &[&str], text: &str) -> Said {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that fails before it reads closes the pipe.
        let _closed = child.stdin.take().unwrap().write_all(text.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        name.to_owned()
    }

    fn mails(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join("team-data/mail");
        let mut mails = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect::<Vec<_>>();
        mails.sort();
        mails
    }
}

fn line<'a>(text: &'a str, of: &str) -> &'a str {
    text.lines().find(|line| line.contains(of)).unwrap_or_else(|| panic!("no line with {of} in:\n{text}"))
}

#[test]
fn a_pasted_sheet_is_invited_with_a_result_for_each_line() {
    let team = Team::with_seats(2);
    let list = "name\temail\trole\nBob\tbob@example.com\t\nAnn\tann@example..com\t\nBob\tBOB@example.com\t\n\
                Cli\tcli@example.com\tclient\nMia\tmia@example.com\tchief\nEve\teve@example.com\t\n\
                Fay\tfay@example.com\t\n";
    let said = team.pipe(&["invite", "-", "--header", "--role", "member"], list).done();
    for (place, result) in [
        ("2:1", "invited"),
        ("3:1", "invalid-address"),
        ("4:1", "same as 2:1"),
        ("5:1", "invited"),
        ("6:1", "unknown-role"),
        ("7:1", "invited"),
        ("8:1", "no-seat-left"),
    ] {
        assert!(line(&said, place).contains(result), "{said}");
    }
    assert!(said.contains("7 entries: 3 invited, 1 twice in the list, 3 refused"), "{said}");
    assert!(
        said.contains("do: free a seat") && said.contains("The roles are: admin, client, member"),
        "{said}"
    );
    assert!(team.run(&["send"]).done().starts_with("3 mails were sent"));
}

#[test]
fn a_dry_run_tells_seats_and_mail_and_changes_nothing() {
    let team = Team::with_seats(1);
    let list = team.file("list.txt", "Bob <bob@example.com>; eve@example.com");
    let said = team.run(&["invite", &list, "--role", "member", "--message", "Hello Bob", "--dry-run"]).done();
    assert!(line(&said, "1:1").contains("invited") && line(&said, "1:24").contains("no-seat-left"), "{said}");
    assert!(line(&said, "team  ").split_whitespace().eq(["team", "1", "0", "2", "0"]), "{said}");
    assert!(said.contains("| > Hello Bob") && said.contains("https://team.example/join#preview"), "{said}");
    assert!(!said.contains("inv_"), "no live link: {said}");
    assert!(team.run(&["invitations"]).done().contains("no such invitations"));
    assert!(team.run(&["send"]).done().starts_with("0 mails"));
}

#[test]
fn all_or_nothing_is_nothing_when_one_is_wrong_and_says_which() {
    let team = Team::with_seats(5);
    let said =
        team.pipe(&["invite", "-", "--role", "member", "--all-or-nothing"], "bob@example.com\nmallory");
    said.refused("partly-refused");
    assert!(line(&said.out, "1:1").contains("not invited"), "{}", said.out);
    assert!(line(&said.out, "2:1").contains("invalid-address"), "{}", said.out);
    let ok = team.pipe(&["invite", "-", "--role", "member", "--all-or-nothing"], "bob@example.com");
    assert!(ok.done().contains("1 entry: 1 invited"));
}

#[test]
fn whoever_is_invited_already_is_refused_sent_again_or_replaced_as_asked() {
    let team = Team::with_seats(5);
    let invite = |more: &[&str]| {
        let words = ["invite", "-", "--role", "member"].iter().chain(more).copied().collect::<Vec<_>>();
        team.pipe(&words, "bob@example.com")
    };
    invite(&[]).done();
    invite(&[]).refused("already-invited");
    assert!(invite(&["--on-pending", "resend"]).done().contains("1 sent again"));
    assert!(invite(&["--on-pending", "replace"]).done().contains("1 replaced"));
    invite(&["--on-pending", "ignore"]).bad("refuse, resend, replace");
    let first = invite(&["--key", "k", "--on-pending", "replace"]).done();
    assert_eq!(invite(&["--key", "k", "--on-pending", "replace"]).done(), first, "once, however often");
    let revoked = team.run(&["invitations", "--state", "revoked"]).done();
    assert_eq!(revoked.lines().count(), 2 + 2, "{revoked}");
}

#[test]
fn a_link_out_of_a_mail_is_looked_at_accepted_and_dead() {
    let team = Team::with_seats(5);
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.com, eve@example.com").done();
    team.run(&["accept", "--mail", "bob@example.com"]).bad("there is no mail to bob@example.com");
    team.run(&["send"]).done();
    let mail = ["--mail", "bob@example.com"];

    let preview = team.run(&[&["preview"], &mail[..]].concat()).done();
    assert!(preview.contains("invitation to Acme Ltd (acme)") && preview.contains("sign in"), "{preview}");
    let vouched = ["--as", "bob", "--vouch", "bob@example.com"];
    assert!(team.run(&[&["preview"], &mail[..], &vouched].concat()).done().contains("accept or decline"));

    let mallory = ["--as", "mallory", "--vouch", "mallory@evil.example"];
    team.run(&[&["accept"], &mail[..], &mallory].concat()).refused("wrong-account");
    let copied = team.run(&["link", "bob@example.com"]).done();
    team.run(&["accept", copied.trim(), "--as", "mallory"]).refused("address-not-verified");

    let accepted = team.run(&[&["accept"], &mail[..], &["--as", "bob"]].concat()).done();
    assert!(accepted.contains("bob is member of acme") && accepted.contains("proved"), "{accepted}");
    team.run(&[&["accept"], &mail[..], &vouched].concat()).refused("already-accepted");

    let eve = team.mails().into_iter().find(|mail| {
        let text = std::fs::read_to_string(mail).unwrap();
        text.contains("eve@example.com")
    });
    let eve = eve.unwrap().display().to_string();
    let declined = team.run(&["decline", "--mail", &eve, "--as", "eve", "--reason", "Too busy"]);
    declined.done();
    assert!(line(&team.run(&["events"]).done(), "invitation-declined").contains("Too busy"));
}

#[test]
fn a_link_can_be_piped_in() {
    let team = Team::with_seats(5);
    team.pipe(&["invite", "-", "--role", "member", "--no-mail"], "bob@example.com").done();
    assert!(team.run(&["send"]).done().starts_with("0 mails"));
    let link = team.run(&["link", "bob@example.com"]).done();
    let said = team.pipe(&["accept", "-", "--as", "bob", "--vouch", "bob@example.com"], &link).done();
    assert!(said.contains("bob is member"), "{said}");
}

#[test]
fn a_resend_kills_the_earlier_link_and_a_reminder_does_not() {
    let team = Team::with_seats(5);
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.com").done();
    team.run(&["send"]).done();
    let first = team.mails()[0].display().to_string();
    team.run(&["remind", "bob@example.com"]).done();
    team.run(&["send"]).done();
    assert!(team.run(&["preview", "--mail", &first]).done().contains("pending"));
    team.run(&["resend", "bob@example.com"]).done();
    team.run(&["send"]).done();
    team.run(&["accept", "--mail", &first, "--as", "bob"]).refused("superseded");
    team.run(&["accept", "--mail", "bob@example.com", "--as", "bob"]).done();
    team.run(&["remind", "bob@example.com"]).refused("already-accepted");
}

#[test]
fn a_pending_invitation_is_edited_and_its_link_stays() {
    let team = Team::with_seats(5);
    team.run(&["create-group", "web"]).done();
    let page = ["--continue-to", "https://team.example/start"];
    team.pipe(&[&["invite", "-", "--role", "member"], &page[..]].concat(), "bob@example.com").done();
    team.run(&["send"]).done();
    team.run(&["edit", "bob@example.com", "--group", "web"]).bad("needs --role");
    team.run(&["edit", "bob@example.com", "--role", "chief"]).refused("unknown-role");
    team.run(&["edit", "bob@example.com", "--expires", "1999-01-01"]).refused("invalid-expiry");
    let said = team.run(&["edit", "bob@example.com", "--role", "client", "--group", "web"]).done();
    assert!(said.contains("is to be client in group web, and ends on 2"), "{said}");
    let said = team.run(&["edit", "bob@example.com", "--continue-to", "any"]).done();
    assert!(said.contains("is to be client in group web"), "what is not named stays: {said}");
    let accepted = team.run(&["accept", "--mail", "bob@example.com", "--as", "bob"]).done();
    assert!(accepted.starts_with("bob is client in group web of acme now"), "{accepted}");
    assert!(!accepted.contains("Go on at"), "{accepted}");
    team.run(&["edit", "bob@example.com", "--role", "member"]).refused("already-accepted");
}

#[test]
fn who_unsubscribes_gets_no_mail_and_accepts_all_the_same_idn_3() {
    let team = Team::with_seats(5);
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.com").done();
    team.run(&["unsubscribe", "https://team.example/join#preview"]).bad("no live link");
    team.run(&["send"]).done();
    let said = team.run(&["unsubscribe", "--mail", "bob@example.com"]).done();
    assert_eq!(said, "acme sends no mail to that address any more.\n");
    team.run(&["remind", "bob@example.com"]).done();
    assert!(team.run(&["send"]).done().starts_with("0 mails"));
    team.run(&["accept", "--mail", "bob@example.com", "--as", "bob"]).done();
}

#[test]
fn members_are_managed_within_the_rules() {
    let team = Team::with_seats(2);
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.com, eve@example.com").done();
    team.run(&["send"]).done();
    for user in ["bob", "eve"] {
        team.run(&["accept", "--mail", &format!("{user}@example.com"), "--as", user]).done();
    }
    let outsider = team.run(&["roster", "--as", "mallory", "--org", "acme"]);
    outsider.refused("not-permitted");
    team.run(&["seats", "--as", "mallory", "--org", "acme"]).refused("not-permitted");
    team.pipe(&["invite", "-", "--role", "member", "--as", "bob"], "x@example.com, y@example.com")
        .refused("not-permitted");
    let unknown = team.run(&["role", "bob", "chief"]);
    unknown.refused("unknown-role");
    assert!(unknown.err.contains("admin, client, member"));
    team.run(&["role", "bob", "admin"]).done();
    assert!(line(&team.run(&["roster"]).done(), "bob@example.com").contains("admin"));

    let removed = team.run(&["remove", "eve", "ada", "--as", "bob"]).done();
    assert!(line(&removed, "eve").contains("removed"), "{removed}");
    assert!(line(&removed, "ada").contains("refused: owner-protected"), "{removed}");
    team.run(&["leave"]).refused("last-owner");

    team.run(&["offer", "bob", "--become", "member"]).done();
    team.run(&["send"]).done();
    team.run(&["accept", "--mail", "bob@example.com", "--as", "bob"]).done();
    let roster = team.run(&["roster"]).done();
    assert!(line(&roster, "bob").contains("owner") && line(&roster, "ada").contains("member"), "{roster}");
    team.run(&["plan", "--seats", "team=7"]).done();
    assert!(team.run(&["seats"]).done().contains("7"));
    team.run(&["leave"]).done();
    team.run(&["roster"]).bad("ada is a member of no organization here");
}

#[test]
fn an_invitation_is_revoked_by_address_or_id_with_a_result_for_each() {
    let team = Team::with_seats(5);
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.com, eve@example.com").done();
    team.run(&["send"]).done();
    let list = team.run(&["invitations"]).done();
    let id = line(&list, "eve@example.com").split_whitespace().next().unwrap();
    let said = team.run(&["revoke", "bob@example.com", id, id]).done();
    assert_eq!(said.matches("refused: revoked").count(), 1, "{said}");
    team.run(&["accept", "--mail", "eve@example.com", "--as", "eve"]).refused("revoked");
    team.run(&["revoke", "carol@example.com"]).bad("nobody invited carol@example.com");
    team.run(&["revoke", "carol"]).bad("neither the id of an invitation nor an address");
}

#[test]
fn bad_input_says_what_to_do_and_exits_with_2() {
    let team = Team::new();
    team.run(&[]).bad("no command");
    team.run(&["invit"]).bad("use one of: create, plan, seats, settings");
    team.run(&["-x"]).bad("no option -x");
    team.run(&["--as", "ada", "roster"]).bad("before the command");
    team.run(&["roster"]).bad("there is no team in team-data");
    team.run(&["create", "acme"]).bad("--seats team=5");
    team.run(&["create", "acme", "--seats", "many"]).bad("--seats team=5");
    team.run(&["create", "a\nb", "--seats", "team=1"]).bad("organization id");
    let team = Team::with_seats(1);
    team.run(&["create", "acme", "--seats", "team=1"]).refused("organization-exists");
    team.run(&["roster", "--as", ""]).bad("--as USER");
    team.run(&["roster", "--limit", "many"]).bad("--limit 100");
    team.run(&["roster", "--limit", "0"]).bad("--limit 100");
    team.run(&["roster", "--org", "nobody"]).bad("no such organization");
    team.run(&["roster", "everybody"]).bad("team roster [options]");
    team.run(&["invite", "x"]).bad("--role");
    team.run(&["invite", "x", "--rol", "member"]).bad("--role, --group, --header, --dry-run");
    team.run(&["invite", "x", "--role", "--header"]).bad("--role needs a value");
    team.run(&["invite", "x", "--role", "a", "--role", "b"]).bad("given twice");
    team.run(&["invite", "x", "--dry-run=yes", "--role", "a"]).bad("team help invite");
    team.run(&["invite", "nowhere.txt", "--role", "member"]).bad("cannot read nowhere.txt");
    let excel = team.file("excel.txt", [0xFF, 0xFE, b'a', 0]);
    team.run(&["invite", &excel, "--role", "member"]).bad("UTF-8");
    team.run(&["accept"]).bad("needs one link");
    team.run(&["accept", "https://team.example/join#preview"]).bad("no live link");
    team.run(&["accept", "https://team.example/join#inv_EQAA"]).bad("not whole");
    team.run(&["accept", "--mail", &excel]).bad("do: ");
    team.run(&["preview", "x", "--vouch", "nonsense"]).bad("do: ");
    team.pipe(&["invite", "-", "--role", "member"], "").refused("nothing-asked");
}

#[test]
fn a_link_of_another_team_is_not_valid_here() {
    let (ours, theirs) = (Team::with_seats(1), Team::with_seats(1));
    theirs.pipe(&["invite", "-", "--role", "member"], "bob@example.com").done();
    let link = theirs.run(&["link", "bob@example.com"]).done();
    ours.run(&["accept", link.trim(), "--as", "bob"]).refused("unknown-token");
    ours.run(&["preview", link.trim()]).refused("unknown-token");
}

#[test]
fn the_key_is_made_once_for_its_owner_alone_and_never_replaced() {
    let team = Team::with_seats(1);
    let key = team.folder.path().join("team-data/key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let made = std::fs::read_to_string(&key).unwrap();
    team.run(&["seats"]).done();
    assert_eq!(std::fs::read_to_string(&key).unwrap(), made);
    std::fs::remove_file(&key).unwrap();
    team.run(&["seats"]).bad("key is missing");
    team.run(&["create", "beta", "--seats", "team=1"]).bad("key is missing");
    std::fs::write(&key, "secret").unwrap();
    team.run(&["seats"]).bad("holds no key");
}

#[test]
fn a_database_that_is_none_is_a_failure_and_no_panic() {
    let team = Team::with_seats(1);
    std::fs::write(team.folder.path().join("team-data/team.db"), "x".repeat(5_000)).unwrap();
    let said = team.run(&["seats"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.starts_with("team: storage-corrupt: "), "{}", said.err);
}

#[test]
fn with_several_organizations_one_is_to_be_named() {
    let team = Team::with_seats(1);
    team.run(&["create", "beta", "--seats", "team=2"]).done();
    team.run(&["seats"]).bad("--org: acme, beta");
    assert!(team.run(&["seats", "--org", "beta"]).done().contains('2'));
}

#[test]
fn long_work_is_done_in_parts_and_shows_progress() {
    let team = Team::new();
    team.run(&["create", "acme", "--seats", "team=unlimited"]).done();
    let list = (0..2_300).map(|number| format!("p{number}@example.com\n")).collect::<String>();
    let list = team.file("list.txt", list + "P7@example.com\nnobody\n");
    team.run(&["invite", &list, "--role", "member", "--dry-run"]).bad("at most 1000");
    team.run(&["invite", &list, "--role", "member", "--all-or-nothing"]).bad("at most 1000");
    let said = team.run(&["invite", &list, "--role", "member"]);
    assert_eq!((said.code, said.err.lines().count()), (0, 3), "{}", said.err);
    assert!(said.err.contains("invited 2000 of 2302"), "{}", said.err);
    assert!(said.out.contains("2302 entries: 2300 invited, 1 twice in the list, 1 refused"));
    assert!(line(&said.out, "2301:1").contains("same as 8:1"));
    let sent = team.run(&["send", "--limit", "300"]);
    assert!(sent.out.starts_with("300 mails") && sent.err.contains("200"), "{}{}", sent.out, sent.err);
    let roster = team.run(&["roster"]).done();
    assert_eq!(roster.lines().count(), 2 + 100 + 1, "{roster}");
}

#[test]
fn every_command_has_a_help_text_and_an_entry_in_the_help() {
    let team = Team::new();
    let help = team.run(&["help"]).done();
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|it| !it.is_empty());
    let commands = commands.map(|line| line.split_whitespace().next().unwrap()).collect::<Vec<_>>();
    assert_eq!(commands.len(), 64);
    for command in commands {
        let text = team.run(&["help", command]).done();
        assert!(text.starts_with(&format!("{command}: ")) && text.contains("--data DIR"), "{text}");
        assert_eq!(team.run(&[command, "--help"]).done(), text);
    }
    team.run(&["help", "nothing"]).bad("use one of");
    assert!(help.contains("A real host keeps"), "{help}");
    assert!(!Path::new(&team.folder.path().join("team-data")).exists());
}

#[test]
fn the_demo_tells_its_story_and_cleans_up() {
    let team = Team::new();
    let told = team.run(&["demo"]).done();
    let mut rest = told.as_str();
    for told_in_order in [
        "$ team create acme",
        "$ team invite people.tsv --header --role member --dry-run",
        "https://team.example/join#preview",
        "12 entries: 6 invited, 1 twice in the list, 5 refused",
        "6 mails were sent",
        "bob is member of acme now.",
        "code: already-accepted",
        "juergen is admin of acme now.",
        "code: wrong-account",
        "code: address-not-verified",
        "The invitation was declined.",
        "code: superseded",
        "eve is member of acme now.",
        "code: not-permitted",
        "code: partly-refused",
        "3 entries: 1 invited, 2 refused",
        "bob is admin now",
        "refused: owner-protected",
        "bob is owner of acme now.",
        "has no option --rol",
        "no live link",
        "member-access-changed  ada",
        "was removed.",
    ] {
        let (_, after) =
            rest.split_once(told_in_order).unwrap_or_else(|| panic!("{told_in_order} in {told}"));
        rest = after;
    }
    assert!(!told.contains("panicked") && !told.contains("exit code 3"), "{told}");
    let folder = told.lines().next().unwrap();
    let folder = folder.trim_start_matches("Everything below happens in ").trim_end_matches('.');
    assert!(!Path::new(folder).exists(), "{folder}");
}

#[test]
fn a_demo_that_is_kept_can_be_looked_at() {
    let team = Team::new();
    let told = team.command(&["demo", "--keep"]).env("TMPDIR", team.folder.path()).output().unwrap();
    let told = Said::from(told).done();
    let data = told.trim_end().rsplit(' ').next().unwrap();
    assert!(team.run(&["roster", "--as", "bob", "--data", data]).done().contains("nora@example.com"));
}
