//! Domains of addresses, and the rules by which a host allows or denies them.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize, Serializer};

use crate::EmailAddress;

/// Which domains an address may have: an optional list of allowed ones and a list of denied ones (IDN-8).
///
/// The default permits every domain. A denied domain is refused even if it is allowed as well. An allow list
/// without any rule permits nothing. In serialised form: `{"allowed": null, "denied": ["*.example.com"]}`,
/// both optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainRules {
    #[serde(default)]
    allowed: Option<BTreeSet<DomainRule>>,
    #[serde(default)]
    denied: BTreeSet<DomainRule>,
}

impl DomainRules {
    /// Permits every domain.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule to the allow list. From the first one on, only what is allowed is permitted.
    #[must_use]
    pub fn allow(mut self, rule: DomainRule) -> Self {
        self.allowed.get_or_insert_default().insert(rule);
        self
    }

    /// Adds a rule to the deny list, which wins over the allow list.
    #[must_use]
    pub fn deny(mut self, rule: DomainRule) -> Self {
        self.denied.insert(rule);
        self
    }

    /// The allow list; `None` where every domain is allowed.
    #[must_use]
    pub fn allowed(&self) -> Option<&BTreeSet<DomainRule>> {
        self.allowed.as_ref()
    }

    /// The deny list.
    #[must_use]
    pub fn denied(&self) -> &BTreeSet<DomainRule> {
        &self.denied
    }

    /// Whether they keep any domain out.
    #[must_use]
    pub fn restrict(&self) -> bool {
        *self != Self::default()
    }

    /// How many rules there are.
    pub(crate) fn count(&self) -> usize {
        self.allowed.as_ref().map_or(0, BTreeSet::len) + self.denied.len()
    }

    /// Whether an address of this domain may be invited, mailed, or join (IDN-8).
    #[must_use]
    pub fn permits(&self, address: &EmailAddress) -> bool {
        let listed = |rules: &BTreeSet<DomainRule>| rules.iter().any(|rule| rule.matches(address));
        !listed(&self.denied) && self.allowed.as_ref().is_none_or(listed)
    }
}

/// One domain, `example.com`, or every domain below one, `*.example.com` (without `example.com` itself).
///
/// Kept as A-labels in lower case, so that `Bücher.example` and `xn--bcher-kva.example` are the same rule.
/// Below `*.` a single label is enough: `*.edu`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct DomainRule {
    domain: String,
    reach: Reach,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Reach {
    Exact,
    Below,
}

impl DomainRule {
    /// Reads `example.com` or `*.example.com`; white space at both ends is trimmed.
    ///
    /// # Errors
    /// [`InvalidDomainRule`] when the text is no domain that an address could have.
    pub fn parse(text: &str) -> Result<Self, InvalidDomainRule> {
        let text = text.trim();
        let (below, reach) = match text.strip_prefix("*.") {
            Some(below) => (below, Reach::Below),
            None => (text, Reach::Exact),
        };
        let mut domain = a_labels(below).ok_or(InvalidDomainRule)?.into_owned();
        if reach == Reach::Exact && !domain.contains('.') {
            return Err(InvalidDomainRule);
        }
        domain.make_ascii_lowercase();
        Ok(Self { domain, reach })
    }

    /// Whether the domain of the address falls under this rule. Whole labels are compared: `colin-google.com`
    /// is neither `google.com` nor below it (IDN-8).
    #[must_use]
    pub fn matches(&self, address: &EmailAddress) -> bool {
        let domain = address.domain();
        match self.reach {
            Reach::Exact => domain == self.domain,
            Reach::Below => domain.strip_suffix(self.domain.as_str()).is_some_and(|rest| rest.ends_with('.')),
        }
    }
}

impl fmt::Display for DomainRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reach {
            Reach::Exact => "",
            Reach::Below => "*.",
        })?;
        f.write_str(&self.domain)
    }
}

impl fmt::Debug for DomainRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DomainRule({self})")
    }
}

impl FromStr for DomainRule {
    type Err = InvalidDomainRule;
    fn from_str(text: &str) -> Result<Self, InvalidDomainRule> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for DomainRule {
    type Error = InvalidDomainRule;
    fn try_from(text: &str) -> Result<Self, InvalidDomainRule> {
        Self::parse(text)
    }
}

impl TryFrom<String> for DomainRule {
    type Error = InvalidDomainRule;
    fn try_from(text: String) -> Result<Self, InvalidDomainRule> {
        Self::parse(&text)
    }
}

impl Serialize for DomainRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One domain, such as `example.com`: not those below it.
///
/// Kept as A-labels in lower case, as [`DomainRule`] keeps them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Domain(String);

impl Domain {
    /// Reads `example.com`; white space at both ends is trimmed.
    ///
    /// # Errors
    /// [`InvalidDomain`] when the text is no domain that an address could have.
    pub fn parse(text: &str) -> Result<Self, InvalidDomain> {
        match DomainRule::parse(text) {
            Ok(DomainRule { domain, reach: Reach::Exact }) => Ok(Self(domain)),
            _ => Err(InvalidDomain),
        }
    }

    /// The domain as A-labels in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the address is of exactly this domain (IDN-8).
    #[must_use]
    pub fn matches(&self, address: &EmailAddress) -> bool {
        address.domain() == self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({self})")
    }
}

impl FromStr for Domain {
    type Err = InvalidDomain;
    fn from_str(text: &str) -> Result<Self, InvalidDomain> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for Domain {
    type Error = InvalidDomain;
    fn try_from(text: &str) -> Result<Self, InvalidDomain> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Domain {
    type Error = InvalidDomain;
    fn try_from(text: String) -> Result<Self, InvalidDomain> {
        Self::parse(&text)
    }
}

impl Serialize for Domain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text that is no domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a domain is written like example.com")]
pub struct InvalidDomain;

impl InvalidDomain {
    /// A stable name for HTTP and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "invalid-domain"
    }
}

/// Text that is no domain rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a domain rule is a domain such as example.com, or *.example.com for every domain below it")]
pub struct InvalidDomainRule;

impl InvalidDomainRule {
    /// A stable name for HTTP and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "invalid-domain-rule"
    }
}

/// The domain as A-labels, ASCII only, perhaps still in upper case. `None` when it is no domain of letters,
/// digits and hyphens by UTS #46 with all its checks, when it ends in a number as an IP address does, or when
/// it holds a look-alike: a character that the mapping turns into ASCII, such as the KELVIN SIGN or a
/// full-width letter (IDN-5).
pub(crate) fn a_labels(domain: &str) -> Option<Cow<'_, str>> {
    let ascii = if is_plain(domain) { Cow::Borrowed(domain) } else { mapped(domain)? };
    let last = ascii.as_bytes().rsplit(|b| *b == b'.').next()?;
    if last.iter().all(u8::is_ascii_digit) { None } else { Some(ascii) }
}

fn mapped(domain: &str) -> Option<Cow<'_, str>> {
    // An upper bound before any work: four bytes for each character of a name that could still fit.
    if domain.len() > 4 * 253 || domain.chars().any(|c| !c.is_ascii() && maps_to_ascii(c)) {
        return None;
    }
    Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify).ok()
}

fn maps_to_ascii(c: char) -> bool {
    let mut buffer = [0; 4];
    let (mapped, _) =
        Uts46::new().to_unicode(c.encode_utf8(&mut buffer).as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    mapped.is_ascii()
}

/// Whether UTS #46 accepts the domain and changes nothing but its case: ASCII, and no label that could be an
/// A-label.
fn is_plain(domain: &str) -> bool {
    domain.len() <= 253 && domain.as_bytes().split(|b| *b == b'.').all(is_plain_label)
}

fn is_plain_label(label: &[u8]) -> bool {
    (1..=63).contains(&label.len())
        && label.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        && label.first() != Some(&b'-')
        && label.last() != Some(&b'-')
        && label.get(2..4) != Some(b"--")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn rule(text: &str) -> DomainRule {
        DomainRule::parse(text).unwrap()
    }

    fn at(domain: &str) -> EmailAddress {
        EmailAddress::parse(&format!("bob@{domain}")).unwrap()
    }

    #[test]
    fn idn_8_a_rule_matches_whole_labels_only() {
        for (text, domain, expected) in [
            ("google.com", "google.com", true),
            ("Google.COM", "gOOgle.com", true),
            ("google.com", "colin-google.com", false),
            ("google.com", "mail.google.com", false),
            ("google.com", "google.com.evil.example", false),
            ("*.google.com", "mail.google.com", true),
            ("*.google.com", "a.b.google.com", true),
            ("*.google.com", "google.com", false),
            ("*.google.com", "colin-google.com", false),
            ("*.google.com", "a.colin-google.com", false),
            ("*.edu", "cs.mit.edu", true),
            ("*.edu", "mitedu.com", false),
            ("Bücher.example", "xn--bcher-kva.example", true),
            ("xn--bcher-kva.example", "BÜCHER.example", true),
        ] {
            assert_eq!(rule(text).matches(&at(domain)), expected, "{text} {domain}");
        }
    }

    #[test]
    fn idn_8_deny_wins_and_no_allow_list_permits_all() {
        assert!(DomainRules::new().permits(&at("example.com")));
        let rules = DomainRules::new().allow(rule("*.example.com")).deny(rule("bad.example.com"));
        assert!(rules.permits(&at("good.example.com")));
        assert!(!rules.permits(&at("bad.example.com")));
        assert!(!rules.permits(&at("example.org")));
        assert!(!DomainRules::new().deny(rule("example.com")).permits(&at("example.com")));
        let nothing: DomainRules = serde_json::from_str(r#"{"allowed": []}"#).unwrap();
        assert!(!nothing.permits(&at("example.com")));
    }

    #[test]
    fn rules_are_refused_unless_they_are_domains() {
        for text in [
            "",
            "*",
            "*.",
            "com",
            "@example.com",
            "a@b.com",
            "*.*.com",
            "*x.com",
            "ex ample.com",
            "x.com.",
            "127.0.0.1",
            "*.1",
            "-x.com",
            "google\u{FF0E}com",
            "goo\u{200B}gle.com",
        ] {
            assert_eq!(DomainRule::parse(text), Err(InvalidDomainRule), "{text:?}");
        }
        assert_eq!(InvalidDomainRule.code(), "invalid-domain-rule");
    }

    #[test]
    fn a_domain_may_take_more_bytes_than_its_a_labels() {
        let label = "中".repeat(50);
        let long = format!("{label}.{label}.example");
        assert!(long.len() > 253);
        let text = format!("{}", rule(&long));
        assert!(text.is_ascii() && text.len() <= 253);
    }

    #[test]
    fn rules_can_be_looked_at() {
        assert_eq!(DomainRules::new().allowed(), None);
        let rules = DomainRules::new().allow(rule("*.example.com")).deny(rule("example.org"));
        assert!(rules.allowed().unwrap().iter().eq([&rule("*.example.com")]));
        assert!(rules.denied().iter().eq([&rule("example.org")]));
        assert_eq!(format!("{:?}", rule("*.example.com")), "DomainRule(*.example.com)");
    }

    #[test]
    fn rules_keep_their_text_form() {
        let rules = DomainRules::new().allow(rule(" *.Example.com ")).deny(rule("example.org"));
        let json = serde_json::to_string(&rules).unwrap();
        assert_eq!(json, r#"{"allowed":["*.example.com"],"denied":["example.org"]}"#);
        assert_eq!(serde_json::from_str::<DomainRules>(&json).unwrap(), rules);
        assert!(serde_json::from_str::<DomainRules>(r#"{"allow": []}"#).is_err());
        assert!(serde_json::from_str::<DomainRule>("\"com\"").is_err());
    }

    proptest! {
        /// IDN-8: nothing that merely ends in the text of an allowed domain is permitted.
        #[test]
        fn idn_8_a_glued_prefix_never_matches(prefix in "[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?-?") {
            prop_assume!(prefix.as_bytes().get(2..4) != Some(b"--"));
            let glued = format!("{prefix}google.com");
            prop_assume!(a_labels(&glued).is_some());
            for text in ["google.com", "*.google.com"] {
                prop_assert!(!DomainRules::new().allow(rule(text)).permits(&at(&glued)));
            }
        }

        /// IDN-8: a rule says of a domain what comparing label by label says.
        #[test]
        fn idn_8_a_rule_agrees_with_comparing_labels(
            base in "[ab]{1,2}(\\.[ab]{1,2}){1,2}",
            domain in "[ab]{1,2}(\\.[ab]{1,2}){1,3}",
        ) {
            let (base_labels, labels) = (base.rsplit('.'), domain.rsplit('.'));
            let below = labels.clone().count() > base_labels.clone().count()
                && labels.zip(base_labels).all(|(a, b)| a == b);
            prop_assert_eq!(rule(&base).matches(&at(&domain)), base == domain);
            let star = format!("*.{base}");
            prop_assert_eq!(rule(&star).matches(&at(&domain)), below);
        }

        /// The short way for plain domains gives what UTS #46 gives.
        #[test]
        fn a_plain_domain_is_what_uts_46_makes_of_it(
            domain in prop_oneof![
                "([a-cA-C0-1xXnN-]{0,6}\\.){0,4}[a-cA-Cx0n-]{0,5}",
                "[a-z]{60,66}\\.com",
                "([a-z]{61}\\.){3}[a-z]{60,70}",
            ],
        ) {
            let strict = idna::domain_to_ascii_strict(&domain);
            if is_plain(&domain) {
                prop_assert_eq!(strict.ok(), Some(domain.to_ascii_lowercase()));
            } else if let Ok(ascii) = strict {
                prop_assert!(ascii.contains("xn--"), "{}", domain);
            }
        }

        #[test]
        fn no_text_makes_a_domain_panic(domain in "\\PC{0,80}") {
            if let Some(ascii) = a_labels(&domain) {
                prop_assert!(ascii.is_ascii() && ascii.len() <= 253);
                prop_assert_eq!(a_labels(&ascii), Some(ascii.clone()));
            }
        }
    }
}
