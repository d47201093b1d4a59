//! Where somebody goes on after joining: the pages that the host allows (F20, WEB-3).

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use serde::{Deserialize, Serialize};

/// The pages of the host that an invitation or an invite link may lead on to, and everything below them. None, by
/// default.
///
/// A page is allowed if it has the scheme, host and port of one that is listed, and if its path is that one's or
/// goes on behind a `/`: `https://app.example/after` allows `https://app.example/after/x` and
/// `https://app.example/after?x#y`, and neither `https://app.example/afterwards` nor `https://app.example`.
/// Hosts are compared without regard to ASCII case, and a port that is its scheme's own is as good as none.
///
/// Nothing is allowed that readers of URLs disagree about: no user before the host, no backslash, no `.` or `..` in
/// the path and no empty part of it, no control character, each of these plain or percent-encoded however often; no
/// character that must be escaped in a URL or in a quoted attribute of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContinueUrls {
    bases: Vec<Base>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Base {
    secure: bool,
    host: String,
    port: u16,
    path: String,
}

/// A page that cannot be listed among those that may be continued to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a page that may be continued to {rule}")]
pub struct InvalidContinueUrl {
    rule: &'static str,
}

impl ContinueUrls {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also this page and everything below it.
    ///
    /// # Errors
    /// [`InvalidContinueUrl`] when it is not `https` (or `http` on this machine: `localhost`, `127.0.0.1` or
    /// `[::1]`), has a query or a fragment, or is not plain as said above.
    pub fn allow(mut self, page: &str) -> Result<Self, InvalidContinueUrl> {
        let parts = split(page).map_err(|rule| InvalidContinueUrl { rule })?;
        if parts.goes_on {
            return Err(InvalidContinueUrl { rule: "must have no query and no fragment" });
        }
        let host = parts.host.to_ascii_lowercase();
        if !parts.secure && !["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) {
            return Err(InvalidContinueUrl { rule: "must begin with https" });
        }
        let (secure, port, path) = (parts.secure, parts.port, parts.path.to_owned());
        self.bases.push(Base { secure, host, port, path });
        Ok(self)
    }

    /// Also all that another list allows.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.bases.extend(other.bases);
        self
    }

    /// Whether a page is allowed.
    #[must_use]
    pub fn permits(&self, url: &str) -> bool {
        self.check(url).is_ok()
    }

    /// Requires that a page is allowed, and else says what is wrong with it, without repeating it.
    pub(crate) fn check(&self, url: &str) -> Result<(), &'static str> {
        let parts = split(url)?;
        let listed = self.bases.iter().any(|base| base.covers(&parts));
        if listed { Ok(()) } else { Err("is none that the host allows") }
    }
}

impl Base {
    fn covers(&self, parts: &Parts<'_>) -> bool {
        let below = parts.path.strip_prefix(self.path.as_str());
        let below =
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/'));
        self.secure == parts.secure
            && self.port == parts.port
            && self.host.eq_ignore_ascii_case(parts.host)
            && below
    }
}

/// Where somebody who joined goes on (F20).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ContinueTo {
    /// Wherever the host sends everybody: nothing else was asked.
    #[default]
    Default,
    /// To this page, which the host allows now. It is absolute, and still to be encoded where it is put into a page
    /// or into another URL.
    Url(String),
    /// The page that was asked is not allowed any more, and left out.
    NotAllowed,
}

impl ContinueTo {
    /// What becomes of what was asked.
    pub(crate) fn asked(allowed: &ContinueUrls, url: Option<&String>) -> Self {
        match url {
            None => Self::Default,
            Some(url) if allowed.permits(url) => Self::Url(url.clone()),
            Some(_) => Self::NotAllowed,
        }
    }

    /// The page, if there is one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Url(url) => Some(url),
            Self::Default | Self::NotAllowed => None,
        }
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::Default
    }
}

/// A URL without its query and fragment.
pub(crate) fn page_of(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// A URL taken apart.
struct Parts<'a> {
    secure: bool,
    host: &'a str,
    port: u16,
    path: &'a str,
    /// Whether there is a query or a fragment.
    goes_on: bool,
}

/// Takes apart an absolute `http` or `https` URL that every reader reads alike.
fn split(text: &str) -> Result<Parts<'_>, &'static str> {
    if text.contains(|c: char| !c.is_ascii_graphic() || "\"'<>\\^`{|}".contains(c)) {
        return Err("holds a character that must be escaped in it");
    }
    let (secure, rest) = match text.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        _ => return Err("must begin with https"),
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (path, more) = tail.split_at(tail.find(['?', '#']).unwrap_or(tail.len()));
    let (host, port) = host_and_port(authority, secure)?;
    check_path(path)?;
    if decoded(more)?.iter().any(u8::is_ascii_control) {
        return Err("holds a control character");
    }
    Ok(Parts { secure, host, port, path, goes_on: !more.is_empty() })
}

fn host_and_port(authority: &str, secure: bool) -> Result<(&str, u16), &'static str> {
    if authority.contains('@') {
        return Err("must not name a user");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse::<u16>().ok().filter(|port| digits && *port > 0);
            (host, port.ok_or("has an invalid port")?)
        }
        _ => (authority, if secure { 443 } else { 80 }),
    };
    let valid = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    if valid { Ok((host, port)) } else { Err("has an invalid host") }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Requires that no reader of the path goes up, or takes it for a path of another host, however often it is decoded.
fn check_path(path: &str) -> Result<(), &'static str> {
    let plain = decoded(path)?;
    if plain.iter().any(|byte| byte.is_ascii_control() || *byte == b'\\') {
        return Err("holds a control character or a backslash");
    }
    // Some servers cut parameters off: `..;x` goes up for them.
    let name = |part: &[u8]| part.split(|byte| *byte == b';').next().unwrap_or_default().to_vec();
    let parts = plain.split(|byte| *byte == b'/').map(name).collect::<Vec<_>>();
    if parts.iter().any(|part| part == b"." || part == b"..") {
        return Err("goes up in its path");
    }
    let inner = parts.get(1..parts.len().saturating_sub(1)).unwrap_or_default();
    if inner.iter().any(Vec::is_empty) {
        return Err("has an empty part in its path");
    }
    Ok(())
}

/// The bytes that a text of percent-encoded ones stands for, decoded until nothing is left to decode.
fn decoded(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut bytes = text.as_bytes().to_vec();
    // What is encoded is decoded once for certain, and must be well-formed; further times if it happens to be.
    let mut next = decoded_once(&bytes).ok_or("holds a percent sign that encodes nothing")?;
    while next != bytes {
        bytes = next;
        next = decoded_leniently(&bytes);
    }
    Ok(bytes)
}

fn decoded_once(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'%' {
            let ([high, low], behind) = rest.split_first_chunk::<2>()?;
            plain.push(hex(*high)? * 16 + hex(*low)?);
            rest = behind;
        } else {
            plain.push(*first);
        }
    }
    Some(plain)
}

fn decoded_leniently(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let encoded = behind.split_first_chunk::<2>().filter(|_| *first == b'%');
        let byte = encoded.and_then(|([high, low], _)| Some(hex(*high)? * 16 + hex(*low)?));
        match (byte, encoded) {
            (Some(byte), Some((_, behind))) => {
                plain.push(byte);
                rest = behind;
            }
            _ => plain.push(*first),
        }
    }
    plain
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use proptest::prelude::*;

    use crate::testing::cases;

    fn listed(pages: &[&str]) -> ContinueUrls {
        pages.iter().fold(ContinueUrls::new(), |list, page| list.allow(page).unwrap())
    }

    #[test]
    fn a_page_and_what_lies_below_it_is_allowed_web_3() {
        for (base, url, expected) in [
            ("https://app.example/after", "https://app.example/after", true),
            ("https://app.example/after", "https://app.example/after/", true),
            ("https://app.example/after", "https://app.example/after/x", true),
            ("https://app.example/after", "https://app.example/after?x", true),
            ("https://app.example/after", "https://app.example/after#x", true),
            ("https://app.example/after", "https://APP.Example/after/@bob?to=/x/..#//y", true),
            ("https://app.example/after", "https://app.example:443/after", true),
            ("https://app.example:443/after", "https://app.example/after", true),
            ("https://app.example:8443", "https://app.example:8443/after", true),
            ("https://app.example", "https://app.example", true),
            ("https://app.example", "https://app.example/x/y/", true),
            ("https://app.example", "https://app.example?x", true),
            ("https://app.example/after/", "https://app.example/after/x", true),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example/%C3%BC", true),
            ("http://localhost:3000", "http://localhost:3000/x", true),
            ("http://LOCALHOST", "http://localhost:80/x", true),
            ("http://127.0.0.1:1", "http://127.0.0.1:1", true),
            ("http://[::1]", "http://[::1]/x", true),
            ("https://app.example/after", "https://app.example/afterx", false),
            ("https://app.example/after", "https://app.example/after%2Fx", false),
            ("https://app.example/after", "https://app.example/After", false),
            ("https://app.example/after", "https://app.example/", false),
            ("https://app.example/after", "https://app.example", false),
            ("https://app.example/after/", "https://app.example/after", false),
            ("https://app.example/after", "http://app.example/after", false),
            ("https://app.example/after", "https://app.example:80/after", false),
            ("https://app.example/after", "https://app.example:8443/after", false),
            ("https://app.example:8443", "https://app.example", false),
            ("http://localhost:3000", "http://localhost:3001", false),
            ("http://localhost", "https://localhost", false),
            ("https://app.example", "https://app.example.evil.example", false),
            ("https://app.example", "https://evil-app.example", false),
            ("https://app.example", "https://sub.app.example", false),
            ("https://app.example", "https://app.example./", false),
        ] {
            assert_eq!(listed(&[base]).permits(url), expected, "{base} {url}");
        }
        assert!(listed(&["https://a.example", "https://b.example"]).permits("https://b.example/x"));
        assert!(!ContinueUrls::new().permits("https://app.example"), "nothing is allowed by default");
    }

    /// What led elsewhere in CVE-2022-24858 (next-auth, by what stands behind the host) and CVE-2022-29214 (by what
    /// stands in the path), and others of their kind.
    #[test]
    fn what_readers_of_urls_disagree_about_is_not_allowed_cve_2022_24858_cve_2022_29214() {
        let list = listed(&["https://app.example"]);
        for url in [
            "",
            "/after",
            "//evil.example",
            "///evil.example",
            "\\\\evil.example",
            "/\\evil.example",
            "app.example",
            "https:app.example",
            "https:/app.example",
            "https:///app.example",
            "https:\\\\app.example",
            "HTTPS://app.example",
            "javascript:alert(1)",
            "javascript://app.example/%0aalert(1)",
            "data:text/html,x",
            "https://app.example@evil.example",
            "https://app.example@evil.example/after",
            "https://user@app.example/",
            "https://user:password@app.example/",
            "https://:@app.example/",
            "https://evil.example#@app.example",
            "https://evil.example?https://app.example",
            "https://evil.example\\@app.example",
            "https://app.example\\@evil.example",
            "https://app.example\\.evil.example",
            "https://app.example%2eevil.example",
            "https://app.example%00.evil.example",
            "https://app.example.evil.example/after",
            "https://app.example:@evil.example",
            "https://app.example:",
            "https://app.example:0",
            "https://app.example:+443",
            "https://app.example:443443",
            "https://app.example:443@evil.example",
            "https://app.example/../x",
            "https://app.example/x/..",
            "https://app.example/./x",
            "https://app.example/%2e%2e/x",
            "https://app.example/.%2E/x",
            "https://app.example/%252e%252e/x",
            "https://app.example/%25252e./x",
            "https://app.example/x%2f..%2fy",
            "https://app.example/x%5c..%5cy",
            "https://app.example/..;/x",
            "https://app.example/..;a=b/x",
            "https://app.example/..%3bx/x",
            "https://app.example//evil.example",
            "https://app.example/%2fevil.example/",
            "https://app.example/%5cevil.example",
            "https://app.example/\\evil.example",
            "https://app.example/x\r\nLocation: https://evil.example",
            "https://app.example/x%0d%0aLocation:%20https://evil.example",
            "https://app.example/?x=%0d%0aLocation:%20https://evil.example",
            "https://app.example/?x=%250aa",
            "https://app.example/#%00",
            "https://app.example/%7f",
            "https://app.example/%",
            "https://app.example/%2",
            "https://app.example/%zz",
            "https://app.example/?%",
            "https://app.example/\0",
            "https://app.example/\t",
            " https://app.example",
            "https://app.example ",
            "https://app.example/\"onclick=x",
            "https://app.example/'onclick=x",
            "https://app.example/<script>",
            "https://аpp.example/",
            "https://app。example/",
            "https://app.example/ü",
            "https://app.example/\u{202E}",
            "https://[::1",
            "https://-app.example",
            "https://app..example",
        ] {
            assert!(!list.permits(url), "{url:?}");
        }
    }

    #[test]
    fn a_page_to_be_listed_is_plain_and_secure_or_on_this_machine() {
        for page in [
            "http://app.example",
            "http://localhost.evil.example",
            "http://127.0.0.2",
            "https://app.example?x",
            "https://app.example#",
            "https://app.example/..",
            "https://user@app.example",
            "app.example",
            "https://*.app.example",
            "",
        ] {
            let why = ContinueUrls::new().allow(page).unwrap_err();
            assert!(why.to_string().starts_with("a page that may be continued to "), "{page:?}");
        }
    }

    /// Text that is nearly a URL below the listed page.
    fn near_urls() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(Vec::from([
            "https://",
            "http://",
            "//",
            "/",
            "\\",
            "app.example",
            "APP.EXAMPLE",
            "evil.example",
            "@",
            ":",
            "443",
            "/after",
            "/after/",
            "after",
            "..",
            ".",
            "%2e",
            "%2E",
            "%25",
            "%2f",
            "%5c",
            "%00",
            "%0d%0a",
            "%",
            ";",
            "?",
            "#",
            "&",
            "=",
            "x",
            "\r\n",
            "\0",
            "ü",
            " ",
            "\"",
            "'",
            "<",
            "[::1]",
            "-",
        ]));
        let any = prop_oneof![12 => piece.prop_map(String::from), 1 => any::<char>().prop_map(String::from)];
        let tail = prop::collection::vec(any, 0..8).prop_map(|parts| parts.concat());
        prop_oneof![
            tail.clone(),
            tail.clone().prop_map(|tail| format!("https://app.example{tail}")),
            tail.prop_map(|tail| format!("https://app.example/after{tail}")),
        ]
    }

    proptest! {
        #![proptest_config(cases(4_000))]

        /// Whatever is allowed begins with the page that is listed, goes on as a URL does, and stays there for a
        /// reader that decodes it any number of times, or resolves it as a browser does.
        #[test]
        fn what_is_allowed_leads_to_the_listed_page_web_3(url in near_urls()) {
            let list = listed(&["https://app.example/after"]);
            if list.permits(&url) {
                let lower = url.to_ascii_lowercase();
                let rest = lower.strip_prefix("https://app.example").unwrap();
                let rest = rest.strip_prefix(":443").unwrap_or(rest);
                let rest = rest.strip_prefix("/after").unwrap();
                prop_assert!(rest.is_empty() || rest.starts_with(['/', '?', '#']), "{}", url);
                prop_assert!(url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\".contains(&byte)));
                let path = rest.split(['?', '#']).next().unwrap();
                let mut plain = path.to_owned();
                for _ in 0..8 {
                    for part in plain.split(['/', '\\']) {
                        let name = part.split(';').next().unwrap();
                        prop_assert!(name != ".." && name != ".", "{}", url);
                    }
                    prop_assert!(!plain.contains("//") && !plain.chars().any(char::is_control), "{}", url);
                    plain = String::from_utf8_lossy(&decoded_leniently(plain.as_bytes())).into_owned();
                }
                for further in ["/x", "/x/@y?z=..#//", "?x", "#x"] {
                    let plain = format!("https://app.example/after{further}");
                    prop_assert!(list.permits(&plain));
                }
            }
        }

        #[test]
        fn no_text_makes_the_check_panic_or_is_listed_without_being_allowed(text in any::<String>(), near in near_urls()) {
            for page in [text, near] {
                if let Ok(list) = ContinueUrls::new().allow(&page) {
                    prop_assert!(list.permits(&page), "{}", page);
                }
            }
        }
    }
}
