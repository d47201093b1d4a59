//! People: the inbox, blocks, candidates, domains, and what the host does about its users.

use super::{Team, line};

const BOB: [&str; 4] = ["--as", "bob", "--vouch", "bob@example.com"];

fn by<'a>(words: &[&'a str], who: &[&'a str]) -> Vec<&'a str> {
    [words, who].concat()
}

/// With two organizations, both of which invited bob.
fn two_that_invited_bob() -> Team {
    let team = Team::with_seats(3);
    team.run(&["create", "globex", "--seats", "team=3", "--as", "eve"]).done();
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.com").done();
    team.pipe(&["invite", "-", "--role", "member", "--as", "eve", "--org", "globex"], "bob@example.com")
        .done();
    team
}

#[test]
fn what_waits_in_the_inbox_is_accepted_at_once_e5() {
    let team = two_that_invited_bob();
    let waits = team.run(&by(&["inbox"], &BOB)).done();
    assert!(
        waits.contains("2 invitations wait for bob") && line(&waits, "(globex)").contains("eve"),
        "{waits}"
    );
    let accepted = team.run(&by(&["accept-all"], &BOB)).done();
    assert!(
        line(&accepted, "acme").contains("member now") && line(&accepted, "globex").contains("member now")
    );
    assert!(team.run(&by(&["inbox"], &BOB)).done().contains("nothing waits"));
    assert_eq!(team.run(&by(&["decline-all"], &BOB)).code, 1, "nothing was left to decline");
}

#[test]
fn who_blocks_all_is_invited_by_nobody_until_it_is_undone_f11() {
    let team = two_that_invited_bob();
    assert!(line(&team.run(&by(&["block"], &BOB)).done(), "globex").contains("declined"));
    // Nobody is told that whoever has the address has an account, and blocks them.
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.com").done();
    team.run(&["send"]).done();
    assert!(!line(&team.run(&["invitations"]).done(), "bob@example.com").contains("sent"));
    assert!(team.run(&by(&["inbox"], &BOB)).done().contains("nothing waits"));
    assert!(line(&team.run(&by(&["blocks"], &BOB)).done(), "bob@example.com").contains("everywhere"));
    team.run(&by(&["unblock"], &BOB)).done();
    assert!(team.run(&by(&["blocks"], &BOB)).done().contains("nothing is blocked"));
    assert!(team.run(&by(&["inbox"], &BOB)).done().contains("1 invitation waits"));
}

#[test]
fn users_are_included_by_name_where_that_is_set_c3_e2() {
    let team = Team::with_seats(3);
    let names = ["invite", "-", "--role", "member", "--names"];
    team.pipe(&by(&names, &["--include"]), "bob").refused("inclusion-off");
    assert!(line(&team.run(&["settings", "--include", "asked"]).done(), "include").contains("asked"));
    team.pipe(&by(&names, &["--include"]), "bob, eve@example.com").done();
    let members = team.run(&["members"]).done();
    assert!(line(&members, "bob").contains("being included"), "{members}");
    // Whom bob may mean: who is near, and may come in.
    team.run(&["create-group", "web", "--as", "ada"]).done();
    let near = team.run(&["candidates", "b", "--group", "web"]).done();
    assert!(line(&near, "bob").contains("an organization"), "{near}");
}

#[test]
fn who_has_an_address_of_a_verified_domain_joins_or_asks_f15() {
    let team = Team::with_seats(3);
    team.run(&["verify-domain", "gmail.com", "--role", "member"]).refused("free-mail-domain");
    team.run(&["verify-domain", "example.com", "--role", "member"]).done();
    let of_acme = |who: &[&'static str]| by(who, &["--org", "acme"]);
    team.run(&by(&of_acme(&["join-domain"]), &["--as", "eve", "--vouch", "eve@other.example"]))
        .refused("no-verified-domain");
    assert!(team.run(&by(&of_acme(&["join-domain"]), &BOB)).done().contains("bob is member now"));
    team.run(&["verify-domain", "example.com", "--role", "member", "--by-request"]).done();
    let fay = ["--as", "fay", "--vouch", "fay@example.com"];
    team.run(&by(&of_acme(&["join-domain"]), &fay)).refused("domain-by-request");
    team.run(&by(&of_acme(&["ask", "--domain"]), &fay)).done();
    assert!(team.run(&["settings"]).done().contains("may ask to be member"));
    let id = line(&team.run(&["requests"]).done(), "fay").split_whitespace().next().unwrap().to_owned();
    assert!(team.run(&["approve", &id, "--role", "client"]).done().contains("fay is client now"));
    team.run(&["verify-domain", "example.com", "--drop"]).done();
    team.run(&by(&of_acme(&["join-domain"]), &["--as", "gus", "--vouch", "gus@example.com"]))
        .refused("no-verified-domain");
}

#[test]
fn domains_that_are_denied_are_not_invited_f15() {
    let team = Team::with_seats(3);
    let set = team.run(&["settings", "--deny", "*.example.org", "--deny", "example.org"]).done();
    assert!(line(&set, "deny").contains("*.example.org"), "{set}");
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.org").refused("domain-not-allowed");
    team.run(&["settings", "--allow", "example.com", "--deny", "none"]).done();
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.org").refused("domain-not-allowed");
    team.run(&["settings", "--allow", "any"]).done();
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.org").done();
    team.run(&["settings", "--deny", "no domain"]).bad("write example.com");
}

#[test]
fn whoever_accepts_goes_on_at_a_page_of_the_host_f20() {
    let team = Team::with_seats(3);
    let to = |page: &'static str| ["invite", "-", "--role", "member", "--continue-to", page];
    team.pipe(&to("https://team.example.evil/"), "bob@example.com").refused("continue-url-not-allowed");
    team.pipe(&to("https://team.example/start"), "bob@example.com").done();
    team.run(&["send"]).done();
    let accepted = team.run(&["accept", "--mail", "bob@example.com", "--as", "bob"]).done();
    assert!(accepted.contains("Go on at https://team.example/start\n"), "{accepted}");
}

#[test]
fn access_ends_and_invitations_begin_on_a_day_f14() {
    let team = Team::with_seats(3);
    team.pipe(&["invite", "-", "--role", "member", "--starts", "2090-01-01"], "bob@example.com").done();
    assert!(team.run(&["send"]).done().contains("0"), "nothing is mailed before");
    team.run(&["add", "eve=eve@example.com", "--role", "member"]).done();
    team.run(&["role", "eve", "member", "--until", "2090-01-01"]).done();
    team.run(&["role", "eve", "member", "--until", "1999-01-01"]).refused("invalid-end");
    team.run(&["role", "eve", "member", "--until", "soon"]).bad("is a day");
}

#[test]
fn a_user_whom_the_host_deletes_is_removed_everywhere_and_erased_f22_pri_6() {
    let team = two_that_invited_bob();
    team.run(&by(&["accept-all"], &BOB)).done();
    let added = team.run(&["add", "fay=fay@example.com", "bob", "--role", "client"]).done();
    assert!(
        line(&added, "fay").contains("added") && line(&added, "bob").contains("already-member"),
        "{added}"
    );
    let removed = team.run(&["remove-user", "bob", "--vouch", "bob@example.com", "--as", "ada"]).done();
    assert!(line(&removed, "acme").contains("removed") && line(&removed, "globex").contains("removed"));
    assert!(!team.run(&["roster"]).done().contains("bob"));
    let erased = team.run(&["erase", "bob", "bob@example.com"]).done();
    assert!(line(&erased, "acme").contains('1'), "{erased}");
    assert!(!team.run(&["events"]).done().contains("b…@"));
    let made = team.run(&["create-link", "Crew", "--role", "member", "--approval"]).done();
    team.pipe(&["ask", "-", "--as", "gus", "--vouch", "gus@example.com"], line(&made, "#inv_")).done();
    let erased = team.run(&["erase", "gus", "gus@example.com"]).done();
    assert!(line(&erased, "organization").contains("invitations  requests"), "{erased}");
    assert!(line(&erased, "acme").split_whitespace().take(3).eq(["acme", "0", "1"]), "{erased}");
    let removed = team.run(&["remove-user", "eve"]).done();
    assert!(removed.contains("last-owner"), "{removed}");
}

#[test]
fn an_organization_that_is_suspended_or_closed_lets_nobody_in_lif_8() {
    let team = two_that_invited_bob();
    team.run(&["suspend-org"]).done();
    team.pipe(&["invite", "-", "--role", "member"], "gus@example.com").refused("organization-suspended");
    team.run(&["resume-org"]).done();
    team.pipe(&["invite", "-", "--role", "member"], "gus@example.com").done();
    team.run(&["close-org"]).done();
    assert!(team.run(&by(&["inbox"], &BOB)).done().contains("1 invitation waits"));
    team.run(&["maintain"]).done();
    team.pipe(&["invite", "-", "--role", "member"], "hal@example.com").refused("organization-closed");
}
