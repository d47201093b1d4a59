//! Tokens against the least that one must cost: random bytes and an HMAC.

use hmac::{Hmac, KeyInit as _, Mac as _};
use invite::core::{Key, Keyring, Nonce, Purpose};
use invite::{Entropy as _, InvitationId, OrganizationId, SystemEntropy, Token};
use sha2::Sha256;

use crate::report::{Bound, Report, median};
use crate::{Outcome, time};

const TOKENS: usize = 20_000;
const KEY: &[u8] = b"the key of the tests, of 32 bytes";

pub(crate) fn run(report: &mut Report) -> Outcome {
    let organization = OrganizationId::parse("acme")?;
    let id = "019a0000-0000-7000-8000-000000000000".parse::<InvitationId>()?.as_uuid();
    let keyring = Keyring::new(7, Key::from_bytes(KEY)?);
    let mut prefix = *b"invite/v1\x01\x04acme0123456789abcdef";
    if let Some(room) = prefix.last_chunk_mut::<16>() {
        *room = *id.as_bytes();
    }
    let by_hand = |_| {
        let mut random = [0; 16];
        SystemEntropy.fill(&mut random)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY)?;
        mac.update(&prefix);
        mac.update(&random);
        Outcome::Ok(mac.finalize().into_bytes().len())
    };
    let issued = |_| {
        let mut random = [0; 16];
        SystemEntropy.fill(&mut random)?;
        let nonce = Nonce::from_bytes(random);
        Outcome::Ok(keyring.issue(Purpose::Mailed, &organization, id, &nonce).reveal().len())
    };
    let (mut hand, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        hand.extend(time(|| (0..TOKENS).map(by_hand).filter(Result::is_ok).count()));
        ours.extend(time(|| (0..TOKENS).map(issued).filter(Result::is_ok).count()));
    }
    let ratio = median(ours.clone()).as_secs_f64() / median(hand.clone()).as_secs_f64();
    report.line("16 random bytes and an HMAC by hand", TOKENS, hand);
    report.line("16 random bytes and a token's text", TOKENS, ours);
    report.target("token-against-hand", ratio, Bound::AtMost(1.5));

    let nonce = Nonce::from_bytes([7; 16]);
    let text = keyring.issue(Purpose::Mailed, &organization, id, &nonce).reveal().to_owned();
    let checked =
        |known: Option<&Nonce>| Token::parse(&text).map(|token| keyring.check(&token, known, &[])).is_ok();
    let known = time(|| (0..TOKENS).filter(|_| checked(Some(&nonce))).count());
    report.line("parse and check a token", TOKENS, known);
    let unknown = time(|| (0..TOKENS).filter(|_| checked(None)).count());
    report.line("parse and check a token whose row is missing", TOKENS, unknown);
    Ok(())
}
