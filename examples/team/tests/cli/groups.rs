//! Groups, and lists of who is where.

use super::{Team, line};

/// With the open group `web`, of ada, and bob, who is a client of the organization.
fn with_web() -> Team {
    let team = Team::with_seats(3);
    team.pipe(&["invite", "-", "--role", "client"], "bob@example.com").done();
    team.run(&["send"]).done();
    team.run(&["accept", "--mail", "bob@example.com", "--as", "bob"]).done();
    let open =
        ["--join", "open", "--join-role", "member", "--kind", "project", "--about", "https://web.example/"];
    team.run(&[&["create-group", "web", "--name", "The web site"], &open[..]].concat()).done();
    team
}

#[test]
fn an_open_group_is_joined_and_one_that_is_not_open_is_not_e1() {
    let team = with_web();
    let groups = team.run(&["groups"]).done();
    let web = line(&groups, "web");
    assert!(
        web.contains("The web site") && web.contains("project") && web.contains("open, as member"),
        "{web}"
    );
    team.run(&["create-group", "web"]).refused("group-exists");
    team.run(&["create-group", "api", "--as", "bob"]).refused("not-permitted");
    team.run(&["create-group", "api", "--join", "open"]).bad("--join-role");
    team.run(&["create-group", "api", "--join", "open", "--join-role", "chief"]).refused("unknown-role");
    team.run(&["create-group", "api"]).done();

    team.run(&["join-group", "api", "--as", "bob"]).refused("group-invite-only");
    let joined = team.run(&["join-group", "web", "--as", "bob"]).done();
    assert!(joined.contains("member in group web"), "{joined}");
    team.run(&["join-group", "web", "--as", "bob"]).refused("already-member");
    team.run(&["join-group", "web", "--as", "mallory", "--org", "acme"]).refused("unknown-member");

    let changed = team.run(&["change-group", "web", "--join", "by-request", "--kind", ""]).done();
    assert!(changed.contains("by-request, as member"), "{changed}");
    let groups = team.run(&["groups"]).done();
    assert!(line(&groups, "web").contains("The web site") && !groups.contains("project"), "{groups}");
}

#[test]
fn a_closed_group_lets_nobody_in_and_maintain_takes_it_out_lif_8_lif_10() {
    let team = with_web();
    team.run(&["join-group", "web", "--as", "bob"]).done();
    team.pipe(&["invite", "-", "--role", "member", "--group", "web"], "eve@example.com").done();
    team.run(&["archive-group", "web"]).done();
    team.pipe(&["invite", "-", "--role", "member", "--group", "web"], "fay@example.com")
        .refused("group-archived");
    assert!(line(&team.run(&["groups", "--status", "archived"]).done(), "web").contains("archived"));
    team.run(&["restore-group", "web"]).done();
    team.run(&["close-group", "web"]).done();
    team.run(&["restore-group", "web"]).refused("group-closed");

    let roles = |who: &str| line(&team.run(&["roster"]).done(), who).to_owned();
    assert!(roles("bob").contains("in group web"), "{}", roles("bob"));
    let tidied = team.run(&["maintain", "--limit", "1"]).done();
    assert_eq!(
        tidied,
        "0 invitations were ended, and what was closed was taken out of 3 members, invitations and links.\n"
    );
    assert!(!roles("bob").contains("in group web") && roles("bob").contains("client"), "{}", roles("bob"));
    assert!(line(&team.run(&["invitations"]).done(), "eve@example.com").contains("revoked"));
    assert!(team.run(&["maintain"]).done().contains("out of 0 members"));
}

#[test]
fn members_are_listed_by_group_role_and_seat_and_as_a_sheet_pri_5() {
    let team = with_web();
    team.run(&["join-group", "web", "--as", "bob"]).done();
    team.run(&["role", "bob", "client", "--group", "web"]).done();
    let in_web = team.run(&["members", "--group", "web", "--role", "client"]).done();
    assert!(line(&in_web, "bob").contains("client, client in group web"), "{in_web}");
    assert_eq!(in_web.lines().count(), 2 + 1, "ada is admin there: {in_web}");
    let seats = team.run(&["members", "--seat", "client"]).done();
    assert!(seats.contains("bob") && !seats.contains("ada"), "{seats}");
    assert!(team.run(&["members", "--group", "api"]).done().contains("no such members"));
    team.run(&["members", "--as", "bob"]).refused("not-permitted");

    let sheet = team.run(&["members", "--csv"]).done();
    assert!(sheet.starts_with("user,address,role,groups,seat,status,joined_at\r\nada,"), "{sheet}");
    assert!(sheet.contains("\r\nbob,bob@example.com,client,web: client,client,active,"), "{sheet}");
    team.pipe(&["invite", "-", "--role", "member", "--group", "web"], "\"=1+1\" <eve@example.com>").done();
    let sheet = team.run(&["invitations", "--group", "web", "--csv"]).done();
    assert!(sheet.contains(",eve@example.com,'=1+1,,web: member,team,ada,pending,queued,"), "{sheet}");

    team.run(&["role", "bob", "none", "--group", "web"]).done();
    assert!(!team.run(&["members", "--group", "web"]).done().contains("bob"));
    assert!(line(&team.run(&["roster"]).done(), "bob").contains("client"));
}

/// With a group more, `api`, in which bob is member, and gus, who is admin in `web` and nowhere else.
fn with_gus() -> Team {
    let team = with_web();
    team.run(&["join-group", "web", "--as", "bob"]).done();
    team.run(&["create-group", "api"]).done();
    team.run(&["role", "bob", "member", "--group", "api"]).done();
    team.run(&["add", "gus=gus@example.com", "--role", "admin", "--group", "web"]).done();
    team
}

#[test]
fn who_manages_one_group_changes_access_there_and_nowhere_else_c5() {
    let team = with_gus();
    let bob = || line(&team.run(&["roster"]).done(), "bob").to_owned();
    let said = team.run(&["role", "bob", "client", "--group", "web", "--as", "gus"]).done();
    assert!(said.starts_with("bob is client in group web now"), "{said}");
    assert!(bob().contains("client, member in group api, client in group web"), "{}", bob());
    team.run(&["role", "bob", "client", "--group", "api", "--as", "gus"]).refused("not-permitted");
    team.run(&["role", "bob", "client", "--as", "gus"]).refused("not-permitted");
    let said = team.run(&["role", "bob", "none", "--group", "web", "--as", "gus"]).done();
    assert!(said.starts_with("bob is nothing in group web now"), "{said}");
    assert!(bob().contains("client, member in group api  "), "{}", bob());
}

#[test]
fn permissions_are_ticked_one_by_one_c5_c7_b6() {
    let team = with_web();
    team.run(&["join-group", "web", "--as", "bob"]).done();
    let role = ["role", "bob", "member", "--group", "web"];
    let said = team.run(&[&role[..], &["--remove", "posts.publish", "--remove", "analytics.view"]].concat());
    assert_eq!(
        said.done(),
        "bob is member -analytics.view -posts.publish in group web now, and takes a client seat.\n"
    );
    let bob = line(&team.run(&["roster"]).done(), "bob").to_owned();
    assert!(bob.contains("member -analytics.view -posts.publish in group web"), "{bob}");
    let said = team.run(&["role", "bob", "client", "--add", "posts.publish"]).done();
    assert_eq!(said, "bob is client +posts.publish now, and takes a team seat.\n");
    team.run(&["role", "bob", "client", "--add", "accounts.delete"]).refused("never-grantable");
    team.run(&["role", "bob", "client", "--add", "posts.fly"]).refused("unknown-permission");
}

#[test]
fn one_group_is_left_and_the_rest_stays_c3() {
    let team = with_gus();
    let said = team.run(&["leave", "--group", "web", "--as", "bob"]).done();
    assert_eq!(said, "bob has left the group web, and is client, member in group api now.\n");
    assert!(!team.run(&["members", "--group", "web"]).done().contains("bob"));
    // Gus holds nothing else.
    team.run(&["leave", "--group", "web", "--as", "gus"]).refused("last-grant");
    team.run(&["leave", "--as", "gus"]).done();
}
