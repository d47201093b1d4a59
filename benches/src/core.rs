//! Parsing and tokens.

use invite::core::{Key, Keyring, Nonce, Purpose};
use invite::{EmailAddress, ListOptions, OrganizationId, Token, parse_list};

use crate::{Outcome, time};

const TOKENS: usize = 10_000;

pub(crate) fn run() -> Outcome {
    for count in [1_000, 100_000] {
        let list = addresses(count);
        let options = ListOptions::new().max_entries(count).max_bytes(list.len());
        time(&format!("parse a pasted list of {count}"), count, || {
            parse_list(&list, &options).map(|list| list.fragments().len())
        });
    }
    time("parse one address", TOKENS, || {
        (0..TOKENS).filter(|_| EmailAddress::parse("somebody.else@example.com").is_ok()).count()
    });
    let (organization, nonce) = (OrganizationId::parse("acme")?, Nonce::from_bytes([7; 16]));
    let keyring = Keyring::new(1, Key::parse(&"5a".repeat(16).repeat(2).replace("5a5a", "5ab1"))?);
    let id = "019a0000-0000-7000-8000-000000000000".parse::<invite::InvitationId>()?.as_uuid();
    time("issue a token", TOKENS, || {
        (0..TOKENS)
            .map(|_| keyring.issue(Purpose::Mailed, &organization, id, &nonce).reveal().len())
            .sum::<usize>()
    });
    let text = keyring.issue(Purpose::Mailed, &organization, id, &nonce).reveal().to_owned();
    time("parse and check a token", TOKENS, || {
        let checked = |_| Token::parse(&text).map(|token| keyring.check(&token, Some(&nonce), &[]));
        (0..TOKENS).map(checked).filter(Result::is_ok).count()
    });
    Ok(())
}

pub(crate) fn addresses(count: usize) -> String {
    (0..count).map(|n| format!("Person {n} <person.{n}@example.com>\n")).collect()
}
