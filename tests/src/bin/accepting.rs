//! A process that accepts invitations in a database of Postgres, all at once. Started by `tests/processes.rs`.
//!
//! Of its input, the first line is the URL of the database, then there is a line of name and token for each who accepts, and
//! an empty one. It answers `ready`, begins with the next line, and tells a name and a code for each.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what starts it is told by its end"
)]

use std::io;

use invite::{Grant, Token};
use tests::{Store, World, at_once, code, person};

#[tokio::main]
async fn main() {
    let mut lines = io::stdin().lines().map(|line| line.expect("a line of input"));
    let world = World::on(Store::postgres_at(&lines.next().expect("the URL of a database")));
    let accepting = lines.by_ref().take_while(|line| !line.is_empty()).map(|line| {
        let (name, token) = line.split_once(' ').expect("a name and a token");
        (name.to_owned(), Token::parse(token).unwrap())
    });
    let accepting = accepting.collect::<Vec<_>>();
    // A connection is there before it begins.
    world.acme_by("ada").invite("new@example.com", Grant::role("member")).dry_run().await.unwrap();
    println!("ready");
    lines.next().expect("a line to begin with");
    let came = at_once(accepting.into_iter().map(|(name, token)| {
        let world = world.clone();
        async move { (code(world.invite.accept(&token, person(&name)).await), name) }
    }));
    for (code, name) in came.await {
        println!("{name} {code}");
    }
}
