//! Who appears in the tests: ada owns, and everybody's address is their name at `example.com`.

use invite::{EmailAddress, GroupId, Principal, Token, UserId};

/// A user's id.
pub fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

/// An address.
pub fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// A group's id.
pub fn group(name: &str) -> GroupId {
    GroupId::parse(name).unwrap()
}

/// The token out of what a browser shows in its address bar.
pub fn token(link: &str) -> Token {
    let (_, token) = link.split_once('#').expect("the link has a fragment");
    Token::parse(token).expect("the fragment is a token")
}

/// A user with an account whose address the host has verified: `bob` is `bob@example.com`.
pub fn person(name: &str) -> Principal {
    Principal::user(name).vouched(format!("{name}@example.com"))
}

/// A user who has just signed up, of whom no address is verified.
pub fn newcomer(name: &str) -> Principal {
    Principal::user(name)
}
