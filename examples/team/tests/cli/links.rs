//! Invite links.

use super::{Team, line};

/// The URL that a command showed.
fn url(said: &str) -> String {
    line(said, "#inv_").trim().to_owned()
}

#[test]
fn a_link_is_made_shown_again_joined_and_told_of_b1_b4_lif_13() {
    let team = Team::with_seats(3);
    let made = team.run(&["create-link", "Clients", "--role", "client", "--uses", "5"]).done();
    let link = url(&made);
    assert_eq!(url(&team.run(&["show-link", "Clients"]).done()), link);
    team.run(&["show-link", "Clients", "--as", "mallory", "--org", "acme"]).refused("not-permitted");

    let preview = team.run(&["preview", &link]).done();
    assert!(preview.contains("invite link to Acme Ltd") && preview.contains("open"), "{preview}");
    let bob = ["--as", "bob", "--vouch", "bob@example.com"];
    assert!(team.run(&[&["preview", &link], &bob[..]].concat()).done().contains("join"));
    let joined = team.run(&[&["join", &link], &bob[..]].concat()).done();
    assert_eq!(joined, "bob is client of acme now.\n");
    team.run(&[&["join", &link], &bob[..]].concat()).refused("already-member");
    team.pipe(&["join", "-", "--as", "eve"], &link).refused("no-seat-left");

    team.run(&["edit-link", "Clients", "--role", "member", "--name", "Crew"]).done();
    team.pipe(&["join", "-", "--as", "eve"], &link).done();
    let links = team.run(&["links"]).done();
    let row = line(&links, "Crew");
    assert!(row.contains("member  open") && row.contains("2 of 5") && row.contains(" 1 "), "{row}");
    let members = team.run(&["members", "--link", "Crew"]).done();
    assert!(line(&members, "bob").ends_with("revision 0") && line(&members, "eve").ends_with("revision 1"));
    assert!(!members.contains("creating it"), "{members}");
}

#[test]
fn a_link_is_switched_refreshed_and_removed_b2_b3_lnk_4() {
    let team = Team::with_seats(3);
    let old = url(&team.run(&["create-link", "Crew", "--role", "member"]).done());
    team.run(&["switch-link", "Crew", "sideways"]).bad("on or off");
    team.run(&["switch-link", "Crew", "off"]).done();
    team.run(&["join", &old, "--as", "bob"]).refused("link-off");
    assert!(team.run(&["preview", &old]).done().contains("switched off"));
    let new = url(&team.run(&["refresh-link", "Crew"]).done());
    team.run(&["switch-link", "Crew", "on"]).done();
    team.run(&["join", &old, "--as", "bob"]).refused("superseded");
    team.run(&["join", &new, "--as", "bob"]).done();
    team.run(&["remove-link", "Crew"]).done();
    team.run(&["join", &new, "--as", "eve"]).refused("link-ended");
    team.run(&["show-link", "Crew"]).bad("there is no link called `Crew`");
    assert!(team.run(&["links"]).done().contains("no such links"));
    assert!(line(&team.run(&["links", "--all"]).done(), "Crew").contains("ended"));
    assert!(team.run(&["roster"]).done().contains("bob"));
}

#[test]
fn a_link_has_a_period_domains_and_groups_and_what_is_not_named_stays_b2_lnk_6() {
    let team = Team::with_seats(3);
    let period = ["--from", "2020-01-01", "--until", "2020-02-01 12:00"];
    let link = url(&team.run(&[&["create-link", "Crew", "--role", "member"], &period[..]].concat()).done());
    team.run(&["join", &link, "--as", "bob"]).refused("link-over");
    team.run(&["edit-link", "Crew", "--until", "soon"]).bad("is no time");
    team.run(&["edit-link", "Crew", "--until", "any", "--domain", "example.com"]).done();
    let row = line(&team.run(&["links"]).done(), "Crew").to_owned();
    assert!(row.ends_with("2020-01-01 00:00"), "{row}");
    team.run(&["join", &link, "--as", "bob"]).refused("address-needed");
    let work = ["--as", "bob", "--vouch", "bob@work.example"];
    team.run(&[&["join", &link], &work[..]].concat()).refused("domain-not-allowed");

    team.run(&["create-group", "web", "--join", "open", "--join-role", "member"]).done();
    team.run(&["edit-link", "Crew", "--group", "web"]).bad("needs --role");
    team.run(&["edit-link", "Crew", "--group", "web", "--role", "client", "--domain", "any"]).done();
    team.run(&["change-group", "web", "--join", "invite-only"]).done();
    team.run(&["join", &link, "--as", "bob"]).refused("group-invite-only");
    assert!(team.run(&["preview", &link]).done().contains("no longer valid"));
    team.run(&["change-group", "web", "--join", "open", "--join-role", "member"]).done();
    let joined = team.run(&["join", &link, "--as", "bob"]).done();
    assert_eq!(joined, "bob is client in group web of acme now.\n");
    let made = team.run(&["create-link", "Crew", "--role", "member"]).done();
    let events = team.run(&["events"]).done();
    let id = made.split_whitespace().nth(2).unwrap();
    assert!(line(&events, &format!("link {id}")).contains("link-created"), "{events}");
    assert!(line(&events, "group-created").contains("group web"), "{events}");
    team.run(&["show-link", "Crew"]).bad("several links are called `Crew`");
}

#[test]
fn approval_and_the_page_to_go_on_to_are_set_and_taken_off_f20() {
    let team = Team::with_seats(3);
    let page = ["--continue-to", "https://team.example/start"];
    let make = ["create-link", "Crew", "--role", "member", "--approval"];
    team.run(&[&make, &page[..]].concat()).refused("invalid-link");
    let link = url(&team.run(&make).done());
    team.run(&["join", &link, "--as", "bob"]).refused("link-by-request");
    team.run(&["edit-link", "Crew", "--approval", "--no-approval"]).bad("opposites");
    team.run(&["edit-link", "Crew", "--no-approval", "--continue-to", "https://team.example.evil/"])
        .refused("continue-url-not-allowed");
    team.run(&[&["edit-link", "Crew", "--no-approval"], &page[..]].concat()).done();
    let joined = team.run(&["join", &link, "--as", "bob"]).done();
    assert_eq!(joined, "bob is member of acme now.\nGo on at https://team.example/start\n");
    team.run(&["edit-link", "Crew", "--continue-to", "any"]).done();
    assert_eq!(team.run(&["join", &link, "--as", "eve"]).done(), "eve is member of acme now.\n");
}
