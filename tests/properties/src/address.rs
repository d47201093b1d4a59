//! The parser of addresses (IDN-4, IDN-5, IDN-7).

use invite_core::{EmailAddress, InvalidEmail};
use mail_parser::MessageParser;

/// No text makes the parser panic. What it accepts is an address in one canonical form, in which nothing but ASCII is
/// folded, and which a mail program reads as that one address; what it refuses is refused for a reason that the text
/// shows.
pub fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match EmailAddress::parse(&text) {
        Ok(address) => {
            is_well_formed(&address);
            is_stable(&address);
            folds_ascii_only(text.trim(), &address);
            is_one_mailbox(&address);
        }
        Err(reason) => is_in_the_text(reason, &text),
    }
}

/// IDN-7: atoms, one `@`, a domain of letters, digits and hyphens with two labels or more, within the bounds.
fn is_well_formed(address: &EmailAddress) {
    let (entered, canonical) = (address.as_str(), address.canonical());
    assert!(entered.len() <= 254 && canonical.len() <= 254 && address.local().len() <= 64);
    for form in [entered, canonical] {
        assert_eq!(form.matches('@').count(), 1, "{form:?}");
        assert!(!form.contains(|c: char| c.is_control() || c.is_whitespace()), "{form:?}");
        assert!(!form.contains(['<', '>', '(', ')', '[', ']', '"', '\\', ',', ';', ':']), "{form:?}");
    }
    assert_eq!(canonical.split_once('@').map(|(_, domain)| domain), Some(address.domain()));
    let labels: Vec<_> = address.domain().split('.').collect();
    assert!(labels.len() >= 2, "{canonical:?}");
    for label in labels {
        assert!((1..=63).contains(&label.len()), "{canonical:?}");
        assert!(
            label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{canonical:?}"
        );
        assert!(!label.starts_with('-') && !label.ends_with('-'), "{canonical:?}");
    }
    assert!(address.local().split('.').all(|atom| !atom.is_empty()), "{entered:?}");
    let masked = address.masked().to_string();
    assert!(!masked.contains(&format!("{}@", address.local())), "{masked:?} (PRI-4)");
}

/// Both forms are addresses again, equal to this one, and have the same canonical form.
fn is_stable(address: &EmailAddress) {
    for form in [address.as_str(), address.canonical()] {
        let again = EmailAddress::parse(form).expect("a form of an address is an address");
        assert_eq!(&again, address);
        assert_eq!((again.as_str(), again.canonical()), (form, address.canonical()));
    }
}

/// IDN-4, IDN-5: the canonical form differs from the text in the case of ASCII letters, and in the domain by A-labels.
/// So a look-alike of an ASCII letter never ends up as that letter.
fn folds_ascii_only(text: &str, address: &EmailAddress) {
    let (local, domain) = text.split_once('@').expect("an address has an @");
    let (canonical, labels) = address.canonical().split_once('@').expect("an address has an @");
    assert_eq!(canonical, address.local().to_ascii_lowercase());
    assert_eq!(local.is_ascii(), canonical.is_ascii(), "{text:?}");
    if local.is_ascii() {
        assert!(local.eq_ignore_ascii_case(canonical), "{text:?}");
    }
    assert_eq!(domain.split('.').count(), labels.split('.').count(), "{text:?}");
    for (entered, label) in domain.split('.').zip(labels.split('.')) {
        if entered.is_ascii() {
            assert!(entered.eq_ignore_ascii_case(label), "{text:?}");
        } else {
            assert!(label.starts_with("xn--"), "{text:?}");
        }
    }
}

/// IDN-7: a second parser, one that reads mail, finds this one address in a header and nothing beside it.
fn is_one_mailbox(address: &EmailAddress) {
    let header = format!("To: {}\r\n\r\n", address.as_str());
    let mail = MessageParser::default().parse(header.as_bytes()).expect("a header is a mail");
    let mailboxes: Vec<_> = mail.to().into_iter().flat_map(|to| to.iter()).collect();
    let [mailbox] = mailboxes.as_slice() else { panic!("{:?} is read as {mailboxes:?}", address.as_str()) };
    assert_eq!((mailbox.name(), mailbox.address()), (None, Some(address.as_str())));
}

/// A refusal names what the text has or lacks.
fn is_in_the_text(reason: InvalidEmail, text: &str) {
    let trimmed = text.trim();
    let shown = match reason {
        InvalidEmail::Empty => trimmed.is_empty(),
        InvalidEmail::NoAt => !trimmed.is_empty() && !trimmed.contains('@'),
        InvalidEmail::TwoAts => trimmed.matches('@').count() > 1,
        InvalidEmail::DisplayName => trimmed.contains(['<', '>']),
        InvalidEmail::Comment => trimmed.contains(['(', ')']),
        InvalidEmail::Quoted => trimmed.contains(['"', '\\']),
        InvalidEmail::DomainLiteral => trimmed.contains("@["),
        InvalidEmail::EncodedWord => trimmed.contains("=?"),
        InvalidEmail::ForbiddenCharacter(c) => {
            trimmed.contains(c) && !c.is_alphanumeric() && !c.is_ascii_graphic()
        }
        InvalidEmail::BadLocal | InvalidEmail::BadDomain => trimmed.matches('@').count() == 1,
        // Composing makes a text three times as long at most, and A-labels a domain.
        InvalidEmail::TooLong => trimmed.len() > 64 / 3,
        _ => panic!("no property says when to refuse with {}", reason.code()),
    };
    assert!(shown, "{} for {text:?}", reason.code());
}
