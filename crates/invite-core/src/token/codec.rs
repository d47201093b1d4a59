//! The text of a token, both ways.

use alloc::string::String;
use alloc::vec::Vec;

use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

use super::{PROOF_BYTES, Purpose, Token};
use crate::{MAX_ID_BYTES, OrganizationId};

/// What every token begins with. Secret scanners look for it.
pub const TOKEN_PREFIX: &str = "inv_";

/// The length of the longest token, in bytes of text: 226. Longer text is refused undecoded (TOK-8).
pub const MAX_TOKEN_BYTES: usize = TOKEN_PREFIX.len() + (MAX_DECODED_BYTES * 4).div_ceil(3);

/// Format, key id, length, organization, id, proof.
const MAX_DECODED_BYTES: usize = 1 + 4 + 1 + MAX_ID_BYTES + 16 + PROOF_BYTES;

const VERSION: u8 = 1;

/// Writes the text. The parts are already proven.
pub(super) fn encode(
    purpose: Purpose,
    key_id: u32,
    organization: &OrganizationId,
    id: Uuid,
    proof: [u8; PROOF_BYTES],
) -> Token {
    let mut bytes = Vec::with_capacity(MAX_DECODED_BYTES);
    bytes.push((VERSION << 4) | purpose.code());
    bytes.extend_from_slice(&key_id.to_be_bytes());
    bytes.push(length_of(organization));
    bytes.extend_from_slice(organization.as_str().as_bytes());
    bytes.extend_from_slice(id.as_bytes());
    bytes.extend_from_slice(&proof);
    let mut text = String::with_capacity(TOKEN_PREFIX.len() + BASE64URL_NOPAD.encode_len(bytes.len()));
    text.push_str(TOKEN_PREFIX);
    BASE64URL_NOPAD.encode_append(&bytes, &mut text);
    Token { text, purpose, key_id, organization: organization.clone(), id, proof }
}

/// Reads the text. Every accepted text is what [`encode`] writes for its parts: `BASE64URL_NOPAD` refuses
/// padding, white space, other alphabets and trailing bits that are not zero (TOK-10).
pub(super) fn decode(text: &str) -> Option<Token> {
    if text.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(text.strip_prefix(TOKEN_PREFIX)?.as_bytes()).ok()?;
    let (&[format], rest) = bytes.split_first_chunk::<1>()?;
    let (&key_id, rest) = rest.split_first_chunk::<4>()?;
    let (&[length], rest) = rest.split_first_chunk::<1>()?;
    let (organization, rest) = rest.split_at_checked(usize::from(length))?;
    let (&id, rest) = rest.split_first_chunk::<16>()?;
    let proof = rest.try_into().ok()?;
    if format >> 4 != VERSION {
        return None;
    }
    Some(Token {
        text: text.into(),
        purpose: Purpose::from_code(format & 0x0f)?,
        key_id: u32::from_be_bytes(key_id),
        organization: OrganizationId::parse(core::str::from_utf8(organization).ok()?).ok()?,
        id: Uuid::from_bytes(id),
        proof,
    })
}

/// The length byte of an organization id, in the text and under the proof.
pub(super) fn length_of(organization: &OrganizationId) -> u8 {
    // Never the fallback: an id has at most `MAX_ID_BYTES` bytes.
    u8::try_from(organization.as_str().len()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{PURPOSES, acme, issued};
    use super::*;
    use proptest::prelude::*;
    use std::format;
    use std::string::ToString;

    /// The text of a token with other bytes, written as a token would be.
    fn text_of(bytes: &[u8]) -> String {
        format!("{TOKEN_PREFIX}{}", BASE64URL_NOPAD.encode(bytes))
    }

    fn bytes_of(token: &Token) -> Vec<u8> {
        BASE64URL_NOPAD.decode(token.reveal().strip_prefix(TOKEN_PREFIX).unwrap().as_bytes()).unwrap()
    }

    fn example() -> Token {
        let (keyring, organization, id, nonce) = acme();
        keyring.issue(Purpose::Mailed, &organization, id, &nonce)
    }

    proptest! {
        #[test]
        fn what_is_issued_is_parsed_to_the_same_parts_tok_10((_, _, token) in issued()) {
            let parsed = Token::parse(token.reveal()).unwrap();
            prop_assert_eq!(parsed.reveal(), token.reveal());
            prop_assert_eq!(parsed.purpose(), token.purpose());
            prop_assert_eq!(parsed.key_id(), token.key_id());
            prop_assert_eq!(parsed.organization(), token.organization());
            prop_assert_eq!(parsed.id(), token.id());
            prop_assert_eq!(parsed.proof, token.proof);
        }

        #[test]
        fn arbitrary_text_never_panics_tok_8(text in any::<String>(), tail in "inv_[A-Za-z0-9_-]{0,240}") {
            let _ = Token::parse(&text);
            let _ = Token::parse(&tail);
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_have_one_text_tok_8_tok_10(
            purpose in 1_u8..=5,
            length in 0_u8..=140,
            bytes in proptest::collection::vec(32_u8..=126, 36..190),
        ) {
            let mut bytes = bytes;
            bytes[0] = 0x10 | purpose;
            bytes[5] = length;
            let exact = 6 + usize::from(length) + 32;
            for bytes in [&bytes[..], bytes.get(..exact).unwrap_or_default()] {
                if let Ok(token) = Token::parse(&text_of(bytes)) {
                    let organization = token.organization();
                    let again = encode(token.purpose(), token.key_id(), organization, token.id(), token.proof);
                    prop_assert_eq!(again.reveal(), token.reveal());
                    prop_assert_eq!(bytes.len(), exact);
                }
            }
        }

        #[test]
        fn a_token_has_one_text_tok_10(
            (_, _, token) in issued(),
            at in any::<prop::sample::Index>(),
            add in any::<char>(),
        ) {
            let text = token.reveal();
            let at = at.index(text.len());
            let mut longer = text.to_string();
            longer.insert(at, add);
            if let Ok(other) = Token::parse(&longer) {
                prop_assert_eq!(other.reveal(), longer);
                prop_assert_ne!(other.digest(), token.digest());
            }
            let escaped = format!("{}%{:02X}{}", &text[..at], text.as_bytes()[at], &text[at + 1..]);
            prop_assert!(Token::parse(&escaped).is_err());
            prop_assert!(Token::parse(&text[..at]).is_err());
            prop_assert!(Token::parse(&text[at + 1..]).is_err());
        }
    }

    #[test]
    fn other_forms_of_a_token_are_refused_tok_10() {
        let text = example().reveal().to_string();
        let body = text.strip_prefix(TOKEN_PREFIX).unwrap();
        let last = text.len() - 1;
        let forms = [
            String::new(),
            TOKEN_PREFIX.to_string(),
            body.to_string(),
            format!("INV_{body}"),
            format!("Inv_{body}"),
            format!("inv-{body}"),
            format!("inv%5F{body}"),
            format!("inv_{text}"),
            text.to_uppercase(),
            text.to_lowercase(),
            format!("{text}="),
            format!("{text}=="),
            format!(" {text}"),
            format!("{text} "),
            format!("{text}\n"),
            format!("{text}\r\n"),
            format!("{text}\0"),
            format!("{text}\u{200b}"),
            format!("\u{feff}{text}"),
            format!("{}\n{}", &text[..20], &text[20..]),
            format!("{text}A"),
            format!("{text}AA"),
            format!("{text}AAA"),
            format!("{text}AAAA"),
            format!("<{text}>"),
            text[..last].to_string(),
        ];
        for form in forms {
            assert!(Token::parse(&form).is_err(), "{form:?}");
        }
        assert!(Token::parse(&text).is_ok());
    }

    #[test]
    fn the_standard_alphabet_is_refused_tok_10() {
        let (keyring, organization, _, nonce) = acme();
        let token = keyring.issue(Purpose::Link, &organization, Uuid::max(), &nonce);
        let body = token.reveal().strip_prefix(TOKEN_PREFIX).unwrap();
        let standard = format!("{TOKEN_PREFIX}{}", body.replace('-', "+").replace('_', "/"));
        assert_ne!(standard, token.reveal());
        assert!(Token::parse(&standard).is_err());
    }

    #[test]
    fn trailing_bits_that_mean_nothing_are_refused_tok_10() {
        const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let (keyring, _, id, nonce) = acme();
        // Lengths of the organization that leave 0, 4 and 2 bits over in the last character.
        for (name, spare_bits) in [("7", 0_u32), ("77", 4), ("777", 2)] {
            let organization = OrganizationId::parse(name).unwrap();
            let text = keyring.issue(Purpose::Mailed, &organization, id, &nonce).reveal().to_string();
            let accepted = ALPHABET
                .chars()
                .filter(|last| Token::parse(&format!("{}{last}", &text[..text.len() - 1])).is_ok())
                .count();
            assert_eq!(accepted, 64 >> spare_bits, "{name}");
        }
    }

    #[test]
    fn unknown_formats_and_purposes_are_refused_tok_5() {
        let bytes = bytes_of(&example());
        for format in 0..=u8::MAX {
            let mut bytes = bytes.clone();
            bytes[0] = format;
            let known = PURPOSES.iter().any(|purpose| format == 0x10 | purpose.code());
            assert_eq!(Token::parse(&text_of(&bytes)).is_ok(), known, "{format:#04x}");
        }
    }

    #[test]
    fn an_organization_that_cannot_be_is_refused_tok_8() {
        let token = |organization: &[u8]| {
            let length = u8::try_from(organization.len()).unwrap();
            let bytes = [&[0x11, 0, 0, 0, 1, length], organization, &[7; 32]].concat();
            Token::parse(&text_of(&bytes))
        };
        assert!(token(b"acme").is_ok());
        assert!(token("Äpfel".as_bytes()).is_ok());
        assert!(token(&[b'o'; 128]).is_ok());
        for bad in [&b""[..], b"a\nb", b"a\0", b"\xff\xfe", b"\xc0\xaf", &[b'o'; 129], &[b'o'; 255]] {
            assert!(token(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_length_that_lies_is_refused_tok_8() {
        let bytes = bytes_of(&example());
        for length in 0..=u8::MAX {
            let mut bytes = bytes.clone();
            bytes[5] = length;
            assert_eq!(Token::parse(&text_of(&bytes)).is_ok(), length == 4, "{length}");
        }
        for end in 0..bytes.len() {
            assert!(Token::parse(&text_of(&bytes[..end])).is_err(), "{end}");
        }
    }

    #[test]
    fn the_longest_token_fits_and_longer_text_is_refused_tok_8() {
        let (keyring, _, id, nonce) = acme();
        let organization = OrganizationId::parse("o".repeat(MAX_ID_BYTES)).unwrap();
        let longest = keyring.issue(Purpose::Mailed, &organization, id, &nonce);
        assert_eq!((longest.reveal().len(), MAX_TOKEN_BYTES), (226, 226));
        assert!(Token::parse(longest.reveal()).is_ok());
        let shortest = keyring.issue(Purpose::Mailed, &OrganizationId::parse("o").unwrap(), id, &nonce);
        assert_eq!(shortest.reveal().len(), TOKEN_PREFIX.len() + 52);
        assert!(Token::parse(&format!("{TOKEN_PREFIX}{}", "A".repeat(10_000_000))).is_err());
    }
}
