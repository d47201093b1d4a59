//! The one parser that decides what an e-mail address is (IDN-7).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter;
use core::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{is_combining_mark, is_public_assigned};

use crate::domain::a_labels;
use crate::text::is_invisible;

/// The most bytes that an address may have, as entered and in canonical form alike.
pub const MAX_EMAIL_BYTES: usize = 254;

/// The most bytes before the `@`.
const MAX_LOCAL_BYTES: usize = 64;

/// The most bytes that are looked at: composing may shorten what was entered, but not to a quarter.
const MAX_RAW_BYTES: usize = 4 * MAX_EMAIL_BYTES;

/// An e-mail address that mail can be sent to.
///
/// Two addresses are equal when their canonical forms are: ASCII letters compare without case, the domain as
/// A-labels, and nothing else is folded, neither dots nor `+` tags nor letters outside of ASCII (IDN-4,
/// IDN-5). Order and hash follow. `Debug` shows the masked form, and there is no `Display` (PRI-4).
/// Serialised as entered, checked when read.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct EmailAddress {
    entered: Arc<str>,
    /// The same text, if it is entered in this form, as most are.
    canonical: Arc<str>,
}

impl EmailAddress {
    /// Checks the text, and trims white space at both ends.
    ///
    /// Accepted is `local@domain`: before the `@` at most 64 bytes of RFC 5321 atoms between single dots,
    /// where letters, digits and marks of any script count as atom characters (RFC 6531); after it a domain
    /// of two labels or more, by UTS #46 with all its checks; 254 bytes in all. The text is brought to
    /// Unicode form NFC.
    ///
    /// # Errors
    /// [`InvalidEmail`] for everything else, so for display names, comments, quotes, encoded words, IP addresses, a
    /// second `@`, control characters, white space, and whatever is invisible or changes the direction of text
    /// (IDN-7). So too for look-alikes that Unicode itself turns into ASCII: the KELVIN SIGN, full-width
    /// letters in a domain (IDN-5).
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidEmail::Empty);
        }
        if text.len() > MAX_RAW_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        let plain = text.bytes().all(|b| b == b'@' || b == b'.' || is_ascii_atom(&b));
        if !plain {
            refuse_syntax(text)?;
        }
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail::NoAt)?;
        if domain.contains('@') {
            return Err(InvalidEmail::TwoAts);
        }
        if !plain && let Some(space) = text.chars().find(|c| c.is_whitespace()) {
            return Err(InvalidEmail::ForbiddenCharacter(space));
        }
        let local = checked_local(local)?;
        if domain.starts_with('[') {
            return Err(InvalidEmail::DomainLiteral);
        }
        // Looked up before composing, which would hide a look-alike.
        let labels = a_labels(domain).filter(|labels| labels.contains('.')).ok_or(InvalidEmail::BadDomain)?;
        let domain = composed(domain);
        let entered: Arc<str> = match (&local, &domain) {
            (Cow::Borrowed(_), Cow::Borrowed(_)) => Arc::from(text),
            _ => joined(&local, &domain).into(),
        };
        let is_canonical = *labels == *domain && !entered.bytes().any(|b| b.is_ascii_uppercase());
        let canonical = if is_canonical {
            Arc::clone(&entered)
        } else {
            joined(&local, &labels).to_ascii_lowercase().into()
        };
        if canonical.len().max(entered.len()) > MAX_EMAIL_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        Ok(Self { entered, canonical })
    }

    /// The address as entered, trimmed and in form NFC. Mail is sent to this.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.entered
    }

    /// The form that is compared: the part before the `@` with ASCII letters in lower case, and the domain as
    /// A-labels in lower case. Parsing it gives an equal address (IDN-4).
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The part before the `@`, as entered.
    #[must_use]
    pub fn local(&self) -> &str {
        self.entered.split_once('@').map_or("", |(local, _)| local)
    }

    /// The domain as A-labels in lower case, which is what DNS and SMTP know.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.canonical.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address for logs and for strangers: `b…@example.com`. A single letter before the `@` is hidden too
    /// (PRI-4).
    #[must_use]
    pub fn masked(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(|f| {
            let mut local = self.local().chars();
            if let (Some(first), Some(_)) = (local.next(), local.next()) {
                write!(f, "{first}")?;
            }
            write!(f, "…@{}", self.domain())
        })
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.canonical, &other.canonical) || self.canonical == other.canonical
    }
}

impl Eq for EmailAddress {}

impl PartialOrd for EmailAddress {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EmailAddress {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.canonical, &other.canonical) {
            return Ordering::Equal;
        }
        self.canonical.cmp(&other.canonical)
    }
}

impl Hash for EmailAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.entered)
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;
    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for EmailAddress {
    type Error = InvalidEmail;
    fn try_from(text: &str) -> Result<Self, InvalidEmail> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidEmail;
    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        Self::parse(&text)
    }
}

impl TryFrom<&String> for EmailAddress {
    type Error = InvalidEmail;
    fn try_from(text: &String) -> Result<Self, InvalidEmail> {
        Self::parse(text)
    }
}

impl From<&EmailAddress> for EmailAddress {
    fn from(address: &EmailAddress) -> Self {
        address.clone()
    }
}

/// Why text is not an address (IDN-7). No message repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEmail {
    /// Nothing but white space.
    #[error("the address is empty")]
    Empty,
    /// No `@`.
    #[error("the address has no @")]
    NoAt,
    /// More than one `@`.
    #[error("the address has more than one @")]
    TwoAts,
    /// Angle brackets, as in `Name <local@domain>`.
    #[error("the address has angle brackets, as around an address after a name")]
    DisplayName,
    /// Parentheses, which are comments in mail headers.
    #[error("the address has a comment in parentheses")]
    Comment,
    /// A quoted part or a backslash.
    #[error("the address has quotes or a backslash")]
    Quoted,
    /// An IP address in brackets in place of a domain.
    #[error("the address has an IP address in place of a domain")]
    DomainLiteral,
    /// `=?` with a `?=` behind it, which is an encoded word in mail headers (RFC 2047): some mail programs decode it, and
    /// take what it says for the address.
    #[error("the address has an encoded word, from =? to ?=")]
    EncodedWord,
    /// A control character, white space, or a character that is invisible or changes the direction of text.
    #[error("the address has the forbidden character U+{:04X}", u32::from(*.0))]
    ForbiddenCharacter(char),
    /// Before the `@`: nothing, a dot at the wrong place, or a character that may not stand there.
    #[error("the part before the @ is not valid")]
    BadLocal,
    /// After the `@`: not a domain of two labels or more, an IP address, or a look-alike of another domain.
    #[error("the domain after the @ is not valid")]
    BadDomain,
    /// More than 64 bytes before the `@`, or more than 254 in all.
    #[error("the address is longer than {MAX_LOCAL_BYTES} bytes before the @, or {MAX_EMAIL_BYTES} in all")]
    TooLong,
}

impl From<core::convert::Infallible> for InvalidEmail {
    fn from(never: core::convert::Infallible) -> Self {
        match never {}
    }
}

impl InvalidEmail {
    /// A stable name for HTTP and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "email-empty",
            Self::NoAt => "email-no-at",
            Self::TwoAts => "email-two-ats",
            Self::DisplayName => "email-display-name",
            Self::Comment => "email-comment",
            Self::Quoted => "email-quoted",
            Self::DomainLiteral => "email-domain-literal",
            Self::EncodedWord => "email-encoded-word",
            Self::ForbiddenCharacter(_) => "email-forbidden-character",
            Self::BadLocal => "email-bad-local",
            Self::BadDomain => "email-bad-domain",
            Self::TooLong => "email-too-long",
        }
    }
}

fn refuse_syntax(text: &str) -> Result<(), InvalidEmail> {
    let mut found = None;
    for c in text.chars() {
        match c {
            c if c.is_control() || is_invisible(c) => return Err(InvalidEmail::ForbiddenCharacter(c)),
            // A name before brackets often has quotes as well; the brackets say more.
            '<' | '>' => found = Some(InvalidEmail::DisplayName),
            '"' | '\\' => found = found.or(Some(InvalidEmail::Quoted)),
            '(' | ')' => found = found.or(Some(InvalidEmail::Comment)),
            _ => {}
        }
    }
    found.map_or(Ok(()), Err)
}

fn checked_local(local: &str) -> Result<Cow<'_, str>, InvalidEmail> {
    if !local.is_ascii() && local.chars().any(composes_to_ascii) {
        return Err(InvalidEmail::BadLocal);
    }
    let local = composed(local);
    if local.len() > MAX_LOCAL_BYTES {
        return Err(InvalidEmail::TooLong);
    }
    let are_atoms = if local.is_ascii() {
        local.as_bytes().split(|b| *b == b'.').all(|atom| !atom.is_empty() && atom.iter().all(is_ascii_atom))
    } else {
        local.split('.').all(is_atom)
    };
    if !are_atoms {
        return Err(InvalidEmail::BadLocal);
    }
    if has_encoded_word(&local) { Err(InvalidEmail::EncodedWord) } else { Ok(local) }
}

/// RFC 2047: `=?charset?encoding?text?=`. What stands between the marks is left to the imagination of mail programs.
fn has_encoded_word(local: &str) -> bool {
    local.split_once("=?").is_some_and(|(_, rest)| rest.contains("?="))
}

/// A mark that begins an atom would be drawn on the dot or bracket before it.
fn is_atom(atom: &str) -> bool {
    !atom.is_empty() && !atom.starts_with(is_combining_mark) && atom.chars().all(is_atom_character)
}

fn is_atom_character(c: char) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_ascii_atom(&byte),
        // Unassigned characters have no stable composed form yet.
        _ => (c.is_alphanumeric() || is_combining_mark(c)) && is_public_assigned(c),
    }
}

fn is_ascii_atom(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~')
}

/// NFC turns a few characters outside of ASCII into ASCII, the KELVIN SIGN into `K` for one (IDN-5).
fn composes_to_ascii(c: char) -> bool {
    !c.is_ascii() && iter::once(c).nfc().all(|composed| composed.is_ascii())
}

fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

fn joined(local: &str, domain: &str) -> String {
    let mut address = String::with_capacity(local.len() + 1 + domain.len());
    address.push_str(local);
    address.push('@');
    address.push_str(domain);
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    use crate::testing::cases;

    fn parse(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    #[test]
    fn idn_7_accepted_addresses_and_their_canonical_form() {
        let long_local = "x".repeat(64);
        for (name, text, canonical) in [
            ("plain", "bob@example.com", "bob@example.com"),
            ("upper case", "Bob.Smith@Example.COM", "bob.smith@example.com"),
            ("white space around", "\u{A0} bob@example.com\r\n", "bob@example.com"),
            ("tag", "bob+list@example.com", "bob+list@example.com"),
            ("every atom character", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
            ("digits", "1@2.example", "1@2.example"),
            ("subdomains", "a@b.c.d.example", "a@b.c.d.example"),
            ("unicode domain", "a@Bücher.example", "a@xn--bcher-kva.example"),
            ("a-label domain", "a@XN--bcher-kva.example", "a@xn--bcher-kva.example"),
            ("unicode local", "Jörg@example.com", "jörg@example.com"),
            ("unicode capital is kept", "Ärger@example.com", "Ärger@example.com"),
            ("decomposed local", "jo\u{308}rg@example.com", "jörg@example.com"),
            ("decomposed domain", "a@bu\u{308}cher.example", "a@xn--bcher-kva.example"),
            ("tag beside a letter of another script", "jörg+a_b@example.com", "jörg+a_b@example.com"),
            ("han", "用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
            ("devanagari with marks", "संपर्क@example.com", "संपर्क@example.com"),
            ("local of 64 bytes", &format!("{long_local}@x.com"), &format!("{long_local}@x.com")),
            ("long s stays itself", "ſ@example.com", "ſ@example.com"),
        ] {
            assert_eq!(parse(text).canonical(), canonical, "{name}");
        }
        let labels = format!("{0}.{0}.{0}.de", "u\u{308}".repeat(40));
        assert_eq!(parse(&format!("a@{labels}")).as_str(), format!("a@{0}.{0}.{0}.de", "ü".repeat(40)));
    }

    #[test]
    fn idn_7_refused_text_and_the_reason() {
        use InvalidEmail::*;
        let total = format!("{}@{}com", "x".repeat(64), "abcdefghi.".repeat(19));
        assert_eq!(total.len(), 258);
        for (name, text, reason) in [
            ("empty", "", Empty),
            ("blank", " \t", Empty),
            ("no at", "bob", NoAt),
            ("two ats", "bob@x.com@y.com", TwoAts),
            ("two addresses", "bob@x.com,eve@y.com", TwoAts),
            ("display name", "Bob <bob@x.com>", DisplayName),
            ("quoted display name", "\"Bob\" <bob@x.com>", DisplayName),
            ("brackets", "<bob@x.com>", DisplayName),
            ("comment", "bob(home)@x.com", Comment),
            ("comment behind", "bob@x.com (home)", Comment),
            ("quoted local", "\"bob\"@x.com", Quoted),
            ("quoted second at", "\"bob@x.com\"@y.com", Quoted),
            ("quoted local at one label", "\"bob\"@localhost", Quoted),
            ("quoted pair", "b\\ob@x.com", Quoted),
            ("domain literal", "bob@[127.0.0.1]", DomainLiteral),
            ("ip address", "bob@127.0.0.1", BadDomain),
            ("numeric top level", "bob@x.1", BadDomain),
            ("space in local", "bo b@x.com", ForbiddenCharacter(' ')),
            ("no-break space", "bo\u{A0}b@x.com", ForbiddenCharacter('\u{A0}')),
            ("header injection", "bob@x.com\r\nBcc: eve@y.com", ForbiddenCharacter('\r')),
            ("nul", "bob@x.com\0", ForbiddenCharacter('\0')),
            ("zero width", "bo\u{200B}b@x.com", ForbiddenCharacter('\u{200B}')),
            ("zero width at the end", "bob@x.com\u{200B}", ForbiddenCharacter('\u{200B}')),
            ("soft hyphen in the domain", "bob@x\u{AD}y.com", ForbiddenCharacter('\u{AD}')),
            ("bidi override", "bob\u{202E}@x.com", ForbiddenCharacter('\u{202E}')),
            ("bidi isolate", "bob\u{2066}@x.com", ForbiddenCharacter('\u{2066}')),
            ("byte order mark", "\u{FEFF}bob@x.com", ForbiddenCharacter('\u{FEFF}')),
            ("variation selector", "b\u{FE0F}@x.com", ForbiddenCharacter('\u{FE0F}')),
            ("hangul filler", "b\u{3164}@x.com", ForbiddenCharacter('\u{3164}')),
            ("empty local", "@x.com", BadLocal),
            ("leading dot", ".bob@x.com", BadLocal),
            ("trailing dot", "bob.@x.com", BadLocal),
            ("double dot", "b..b@x.com", BadLocal),
            ("dots beside letters of other scripts", "ö..b@x.com", BadLocal),
            ("trailing dot beside letters of other scripts", "ö.@x.com", BadLocal),
            ("mark after a dot", "ö.\u{301}b@x.com", BadLocal),
            ("backtick look-alike", "b\u{1FEF}@x.com", BadLocal),
            ("encoded word", "=?utf-8?q?eve=40evil.com?=@x.com", EncodedWord),
            ("encoded word within", "bob=?x?q?=3e?=@x.com", EncodedWord),
            ("encoded word beside letters of other scripts", "ö=?x?q?=3e?=@x.com", EncodedWord),
            ("colon", "mailto:bob@x.com", BadLocal),
            ("semicolon", "a;bob@x.com", BadLocal),
            ("emoji", "😀@x.com", BadLocal),
            ("leading mark", "\u{301}b@x.com", BadLocal),
            ("kelvin sign in local", "\u{212A}@x.com", BadLocal),
            ("unassigned", "b\u{378}@x.com", BadLocal),
            ("private use", "b\u{E000}@x.com", BadLocal),
            ("empty domain", "bob@", BadDomain),
            ("one label", "bob@localhost", BadDomain),
            ("root dot", "bob@x.com.", BadDomain),
            ("leading dot in domain", "bob@.x.com", BadDomain),
            ("double dot in domain", "bob@x..com", BadDomain),
            ("leading hyphen", "bob@-x.com", BadDomain),
            ("trailing hyphen", "bob@x-.com", BadDomain),
            ("underscore", "bob@exa_mple.com", BadDomain),
            ("broken a-label", "bob@xn--a.com", BadDomain),
            ("a-label of plain ascii", "bob@xn--bob-.com", BadDomain),
            ("kelvin sign in domain", "bob@\u{212A}.com", BadDomain),
            ("long s in domain", "bob@ſ.com", BadDomain),
            ("full-width domain", "bob@ｘ.com", BadDomain),
            ("ideographic dot", "bob@例子。广告", BadDomain),
            ("label of 64 bytes", &format!("bob@{}.com", "x".repeat(64)), BadDomain),
            ("local of 65 bytes", &format!("{}@x.com", "x".repeat(65)), TooLong),
            ("258 bytes in all", &total, TooLong),
            ("a megabyte", &"x".repeat(1 << 20), TooLong),
        ] {
            assert_eq!(EmailAddress::parse(text), Err(reason), "{name}");
        }
    }

    #[test]
    fn idn_7_both_forms_fit_254_bytes() {
        let fits = format!("{}@{}com", "x".repeat(60), "abcdefghi.".repeat(19));
        assert_eq!(parse(&fits).as_str().len(), 254);
        // 146 bytes as entered, more as A-labels.
        let wide = format!("{}@{}com", "x".repeat(64), "ü.".repeat(26));
        assert_eq!(EmailAddress::parse(&wide), Err(InvalidEmail::TooLong));
    }

    #[test]
    fn idn_4_no_dot_and_no_tag_is_folded() {
        assert_ne!(parse("b.ob@gmail.com"), parse("bob@gmail.com"));
        assert_ne!(parse("bob+x@gmail.com"), parse("bob@gmail.com"));
        assert_ne!(parse("bob@googlemail.com"), parse("bob@gmail.com"));
        assert_eq!(parse("BOB@GMAIL.com"), parse("bob@gmail.com"));
    }

    #[test]
    fn idn_12_one_local_part_at_two_domains_is_two_people() {
        assert_ne!(parse("bob@example.com"), parse("bob@example.org"));
    }

    /// IDN-5: whatever any case table or UTS #46 turns into ASCII is refused, or stays different from it.
    #[test]
    fn idn_5_a_look_alike_never_equals_its_ascii_neighbour() {
        let mut seen = 0;
        for c in (char::MIN..=char::MAX).filter(|c| !c.is_ascii()) {
            let lower: String = c.to_lowercase().collect();
            let upper: String = c.to_uppercase().collect();
            let nfkc: String = iter::once(c).nfkc().collect();
            for neighbour in [lower, upper, nfkc].iter().filter(|text| text.is_ascii()) {
                seen += 1;
                for (odd, plain) in [
                    (format!("{c}@x.com"), format!("{neighbour}@x.com")),
                    (format!("a{c}ö@x.com"), format!("a{neighbour}ö@x.com")),
                    (format!("a@{c}.com"), format!("a@{neighbour}.com")),
                    (format!("a@a{c}ö.com"), format!("a@a{neighbour}ö.com")),
                ] {
                    if let (Ok(odd), Ok(plain)) = (EmailAddress::parse(&odd), EmailAddress::parse(&plain)) {
                        assert_ne!(odd, plain, "U+{:04X}", u32::from(c));
                    }
                }
            }
        }
        assert!(seen > 1_000, "{seen}");
        assert_ne!(parse("admın@x.com"), parse("admin@x.com"));
        assert_ne!(parse("admin@gıthub.com"), parse("admin@github.com"));
    }

    #[test]
    fn pri_4_the_masked_form_hides_the_local_part() {
        for (text, masked) in [
            ("bob@Example.com", "b…@example.com"),
            ("b@example.com", "…@example.com"),
            ("öl@bücher.example", "ö…@xn--bcher-kva.example"),
        ] {
            assert_eq!(parse(text).masked().to_string(), masked);
            assert_eq!(format!("{:?}", parse(text)), format!("EmailAddress({masked})"));
        }
    }

    #[test]
    fn serde_keeps_what_was_entered_and_checks_what_it_reads() {
        let address = parse("Bob@Bücher.example");
        let json = serde_json::to_string(&address).unwrap();
        assert_eq!(json, "\"Bob@Bücher.example\"");
        assert_eq!(serde_json::from_str::<EmailAddress>(&json).unwrap().as_str(), address.as_str());
        let error = serde_json::from_str::<EmailAddress>("\"bob <bob@x.com>\"").unwrap_err().to_string();
        assert!(!error.contains("bob@"), "{error}");
        assert_eq!((address.local(), address.domain()), ("Bob", "xn--bcher-kva.example"));
    }

    fn near_addresses() -> impl Strategy<Value = String> {
        let part = prop::collection::vec(
            prop_oneof![
                8 => prop::char::range('a', 'f').prop_map(String::from),
                2 => prop::sample::select(Vec::from([
                    "A", "Z", "0", ".", "-", "+", "_", "@", "xn--", "ö", "o\u{308}", "Ö", "ß", "ẞ", "İ", "ı", "ſ",
                    "\u{212A}", "\u{301}", "\u{327}", "\u{338}", "=", "ａ", "。", "漢", "\u{1100}\u{1161}",
                    "א", "\u{5B0}", "ع", "१", "\u{94D}", "\u{200D}",
                ])).prop_map(String::from),
                1 => any::<char>().prop_map(String::from),
            ],
            1..10,
        )
        .prop_map(|parts| parts.concat());
        (part.clone(), part.clone(), part).prop_map(|(a, b, c)| format!("{a}@{b}.{c}"))
    }

    proptest! {
        #![proptest_config(cases(2_000))]

        /// IDN-7: what was accepted is accepted again, unchanged; the canonical form is its own canonical
        /// form.
        #[test]
        fn idn_7_parsing_is_stable(text in near_addresses()) {
            if let Ok(address) = EmailAddress::parse(&text) {
                let again = parse(address.as_str());
                prop_assert_eq!(again.as_str(), address.as_str());
                prop_assert_eq!(again.canonical(), address.canonical());
                let canonical = parse(address.canonical());
                prop_assert_eq!(canonical.as_str(), address.canonical());
                prop_assert_eq!(canonical.canonical(), address.canonical());
                prop_assert!(address.as_str().len() <= 254 && address.canonical().len() <= 254);
                prop_assert!(address.local().len() <= 64);
                prop_assert!(!address.as_str().chars().any(|c| c.is_control() || c.is_whitespace()));
                let local = format!("{}@", address.local());
                prop_assert!(!address.masked().to_string().contains(&local));
            }
        }

        /// IDN-4: equal means equal up to ASCII case, where both domains are plain.
        #[test]
        fn idn_4_equality_is_equality_up_to_ascii_case(
            a in "[aAbB.+]{1,3}@[aA]{1,2}\\.com",
            b in "[aAbB.+]{1,3}@[aA]{1,2}\\.com",
        ) {
            if let (Ok(left), Ok(right)) = (EmailAddress::parse(&a), EmailAddress::parse(&b)) {
                prop_assert_eq!(left == right, a.eq_ignore_ascii_case(&b));
            }
        }

        #[test]
        fn idn_7_no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = EmailAddress::parse(&text);
        }
    }
}
