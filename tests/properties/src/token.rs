//! The decoder of tokens (TOK-5, TOK-6, TOK-8, TOK-10).

use data_encoding::BASE64URL_NOPAD;
use invite_core::{Key, Keyring, MAX_TOKEN_BYTES, Nonce, OrganizationId, TOKEN_PREFIX, Token, Verdict};
use uuid::Uuid;

/// No text makes the decoder panic, and too long a text is refused (TOK-8). It accepts exactly the documented form,
/// of which there is one text for each token (TOK-10). Whatever was not issued is a stranger's (TOK-6).
pub fn token(data: &[u8]) {
    let (kind, rest) = crate::choice(data);
    let text = if kind % 2 == 0 {
        String::from_utf8_lossy(rest).into_owned()
    } else {
        format!("{TOKEN_PREFIX}{}", BASE64URL_NOPAD.encode(rest))
    };
    let parsed = Token::parse(&text).ok();
    let parts = parsed.as_ref().map(|token| Parts {
        purpose: token.purpose().code(),
        key_id: token.key_id(),
        organization: token.organization().clone(),
        id: token.id(),
    });
    assert_eq!(parts, documented(&text), "{text:?}");
    if let Some(token) = parsed {
        assert!(text.len() <= MAX_TOKEN_BYTES);
        assert_eq!(token.reveal(), text);
        assert_eq!(format!("{token:?}"), "Token(***)");
        has_one_text(&token);
        is_known_only_if_issued(&token);
    }
}

#[derive(Debug, PartialEq)]
struct Parts {
    purpose: u8,
    key_id: u32,
    organization: OrganizationId,
    id: Uuid,
}

/// The parts of a token, read as its documentation says: 1 byte format and purpose, 4 bytes key id, 1 byte length, the
/// organization, 16 bytes id, 16 bytes proof.
fn documented(text: &str) -> Option<Parts> {
    let bytes = BASE64URL_NOPAD.decode(text.strip_prefix("inv_")?.as_bytes()).ok()?;
    let (head, rest) = bytes.split_at_checked(6)?;
    let (organization, rest) = rest.split_at_checked(usize::from(head[5]))?;
    if head[0] >> 4 != 1 || !(1..=5).contains(&(head[0] & 15)) || rest.len() != 32 {
        return None;
    }
    Some(Parts {
        purpose: head[0] & 15,
        key_id: u32::from_be_bytes(head[1..5].try_into().ok()?),
        organization: OrganizationId::parse(std::str::from_utf8(organization).ok()?).ok()?,
        id: Uuid::from_slice(&rest[..16]).ok()?,
    })
}

/// TOK-10: other spellings of the text are no token, or another one.
fn has_one_text(token: &Token) {
    let text = token.reveal();
    let (start, last) = text.split_at(text.len() - 1);
    let spellings = [
        format!("{text}="),
        format!("{text}=="),
        format!(" {text}"),
        format!("{text} "),
        format!("{text}\n"),
        format!("{text}A"),
        format!("{start}%{:02X}", last.as_bytes()[0]),
        text.replace('_', "%5F"),
        text.replace('-', "+"),
        text.to_ascii_lowercase(),
        text.to_ascii_uppercase(),
        start.to_owned(),
    ];
    for spelling in spellings.iter().filter(|spelling| *spelling != text) {
        if let Ok(other) = Token::parse(spelling) {
            assert_ne!(other.digest(), token.digest());
            let same_row = (other.purpose(), other.organization(), other.id())
                == (token.purpose(), token.organization(), token.id());
            assert!(
                !same_row || keyring().check(&other, Some(&nonce()), &[]) == Verdict::Unknown,
                "{text:?}"
            );
        }
    }
}

/// TOK-6: known is what the keyring issues for the same row and nonce, and nothing else.
fn is_known_only_if_issued(token: &Token) {
    let (keyring, nonce) = (keyring(), nonce());
    let issued = keyring.issue(token.purpose(), token.organization(), token.id(), &nonce);
    let verdict = if issued.reveal() == token.reveal() { Verdict::Current } else { Verdict::Unknown };
    assert_eq!(keyring.check(token, Some(&nonce), &[]), verdict);
    assert_eq!(keyring.verify(token, &nonce), verdict == Verdict::Current);
    let other = Nonce::from_bytes([9; 16]);
    let replaced = if verdict == Verdict::Current { Verdict::Superseded } else { Verdict::Unknown };
    assert_eq!(keyring.check(token, Some(&other), &[nonce]), replaced);
    assert_eq!(keyring.check(token, Some(&other), &[]), Verdict::Unknown);
    assert_eq!(keyring.check(token, None, &[]), Verdict::Unknown);
}

fn keyring() -> Keyring {
    Keyring::new(1, Key::from_bytes(b"a key of thirty-two bytes, or so").expect("a key"))
}

fn nonce() -> Nonce {
    Nonce::from_bytes([7; 16])
}
