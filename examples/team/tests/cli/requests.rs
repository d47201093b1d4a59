//! Join requests, proposals, and members who are suspended.

use super::{Team, line};

/// The id of the one request that waits, to somebody who sees it.
fn request(team: &Team) -> String {
    let list = team.run(&["requests"]).done();
    let row = list.lines().nth(2).unwrap_or_else(|| panic!("{list}"));
    row.split_whitespace().next().unwrap().to_owned()
}

/// With bob, who is a member.
fn with_bob() -> Team {
    let team = Team::with_seats(3);
    team.pipe(&["invite", "-", "--role", "member"], "bob@example.com").done();
    team.run(&["send"]).done();
    team.run(&["accept", "--mail", "bob@example.com", "--as", "bob"]).done();
    team
}

#[test]
fn a_link_with_approval_is_asked_by_and_decided_about_e1_b2() {
    let team = Team::with_seats(3);
    let made = team.run(&["create-link", "Crew", "--role", "member", "--approval"]).done();
    let link = line(&made, "#inv_").trim().to_owned();
    let eve = ["--as", "eve", "--vouch", "eve@example.com"];
    team.run(&[&["join", &link], &eve[..]].concat()).refused("link-by-request");
    assert!(team.run(&[&["preview", &link], &eve[..]].concat()).done().contains("ask to join"));
    team.run(&[&["ask", &link, "--message", "It is me"], &eve[..]].concat()).done();
    team.run(&[&["ask", &link], &eve[..]].concat()).refused("already-asked");
    assert!(line(&team.run(&["requests"]).done(), "eve").contains("It is me"));
    let id = request(&team);
    team.run(&["approve", &id, "--as", "eve", "--org", "acme"]).refused("not-permitted");
    let approved = team.run(&["approve", &id]).done();
    assert!(line(&approved, &id).contains("eve is member now"), "{approved}");
    team.run(&["deny", &id]).refused("request-approved");
    assert!(team.run(&["requests"]).done().contains("no such requests"));
    assert!(line(&team.run(&["requests", "--state", "any"]).done(), "eve").contains("approved"));

    team.run(&["ask", &link, "--as", "fay"]).done();
    let id = request(&team);
    team.run(&["withdraw", &id, "--as", "eve"]).bad("eve has made no request");
    team.run(&["withdraw", &id, "--as", "fay"]).done();
    team.run(&["ask", &link, "--as", "fay"]).done();
    let id = request(&team);
    let denied = team.run(&["deny", &id, "--reason", "Wrong Fay"]).done();
    assert!(line(&denied, &id).contains("denied"), "{denied}");
    team.run(&["approve", "nobody"]).bad("is no id of a request");
}

#[test]
fn a_proposal_becomes_an_invitation_of_whoever_approves_it_f21() {
    let team = with_bob();
    team.run(&["propose", "eve@example.com", "--role", "member"]).done();
    let id = request(&team);
    team.run(&["approve", &id]).refused("own-request");
    team.run(&["deny", &id]).refused("own-request");
    team.run(&["role", "bob", "admin"]).done();
    let approved = team.run(&["approve", &id, "--as", "bob"]).done();
    assert!(line(&approved, &id).contains("invited"), "{approved}");
    assert!(line(&team.run(&["invitations"]).done(), "eve@example.com").contains("  bob  "));
    team.run(&["propose", "x@y@z", "--role", "member"]).bad("correct the address");
}

#[test]
fn a_group_by_request_is_asked_for_e1() {
    let team = with_bob();
    team.run(&["create-group", "web", "--join", "by-request", "--join-role", "member"]).done();
    team.run(&["join-group", "web", "--as", "bob"]).refused("group-by-request");
    team.run(&["ask", "--group", "web", "--as", "bob"]).done();
    let id = request(&team);
    let approved = team.run(&["approve", &id]).done();
    assert!(line(&approved, &id).contains("member in group web"), "{approved}");
}

#[test]
fn whoever_is_suspended_keeps_what_they_hold_and_takes_no_seat_aut_7() {
    let team = with_bob();
    let said = team.run(&["suspend", "bob", "ada"]).done();
    assert!(line(&said, "bob").contains("suspended") && line(&said, "ada").contains("last-owner"), "{said}");
    assert!(line(&team.run(&["roster"]).done(), "bob").contains("suspended"));
    assert!(team.run(&["members", "--status", "suspended"]).done().contains("bob"));
    assert!(line(&team.run(&["seats"]).done(), "team").split_whitespace().eq(["team", "3", "0", "0", "3"]));
    team.pipe(&["invite", "-", "--role", "client"], "bob@example.com").refused("member-suspended");
    let said = team.run(&["restore", "bob", "ada"]).done();
    assert!(
        line(&said, "bob").contains("restored") && line(&said, "ada").contains("member-active"),
        "{said}"
    );
    assert!(!team.run(&["members", "--status", "suspended"]).done().contains("bob"));
}
