//! What counts as a URL that a mail may show.

use std::fmt;
use std::net::Ipv6Addr;

/// The most bytes that a URL may have.
const MAX_URL_BYTES: usize = 1_000;

/// Text that cannot be a URL in a mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the url {rule}")]
pub struct InvalidUrl {
    rule: &'static str,
}

pub(crate) const fn invalid(rule: &'static str) -> InvalidUrl {
    InvalidUrl { rule }
}

/// Where a reader learns more about an organization or a group (E7).
///
/// An `https` URL that is shown in a mail, beside its host in clear, so that nobody is sent to a place that the mail
/// does not name.
#[derive(Clone, PartialEq, Eq)]
pub struct AboutUrl {
    url: String,
    host: String,
}

impl AboutUrl {
    /// Checks the text.
    ///
    /// # Errors
    /// [`InvalidUrl`] when it is not `https`, names a user, holds a character that does not belong into a URL
    /// (an international host is given in its `xn--` form), or is longer than 1,000 bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let parts = split(text)?;
        if !parts.secure {
            return Err(invalid("must begin with https"));
        }
        Ok(Self { url: text.to_owned(), host: parts.host.to_owned() })
    }

    /// The URL as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Its host alone.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Debug for AboutUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AboutUrl({})", self.url)
    }
}

/// A URL taken apart. `tail` is path, query and fragment.
pub(crate) struct Parts<'a> {
    pub(crate) secure: bool,
    pub(crate) host: &'a str,
    pub(crate) tail: &'a str,
}

/// Takes apart an absolute `http` or `https` URL of ASCII characters that need no escaping in it.
pub(crate) fn split(text: &str) -> Result<Parts<'_>, InvalidUrl> {
    if text.len() > MAX_URL_BYTES {
        return Err(invalid("is longer than 1,000 bytes"));
    }
    if text.contains(|c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(c)) {
        return Err(invalid("holds a character that must be escaped in it"));
    }
    let (secure, rest) = match text.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        _ => return Err(invalid("must begin with https")),
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(invalid("must not name a user"));
    }
    Ok(Parts { secure, host: host(authority)?, tail })
}

fn host(authority: &str) -> Result<&str, InvalidUrl> {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            if !port.bytes().all(|b| b.is_ascii_digit()) || !port.parse::<u16>().is_ok_and(|port| port > 0) {
                return Err(invalid("has an invalid port"));
            }
            host
        }
        _ => authority,
    };
    let valid = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    if valid { Ok(host) } else { Err(invalid("has an invalid host")) }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_about_url_is_https_and_names_its_host() {
        for (text, host) in [
            ("https://acme.example", "acme.example"),
            ("https://acme.example:8443/about?x=1&y=2#team", "acme.example"),
            ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
            ("https://[::1]:8443/", "[::1]"),
            ("https://[::1]/", "[::1]"),
        ] {
            let url = AboutUrl::parse(text).unwrap();
            assert_eq!((url.as_str(), url.host()), (text, host));
        }
    }

    #[test]
    fn what_could_mislead_or_break_out_is_refused() {
        for text in [
            "",
            "acme.example",
            "//acme.example",
            "http://acme.example",
            "javascript:alert(1)",
            "javascript://acme.example/%0aalert(1)",
            "data:text/html,x",
            "https://",
            "https:///path",
            "https://bank.example@evil.example/",
            "https://bank.example:443@evil.example/",
            "https://bank.example\\@evil.example/",
            "https://acme.example/\"><script>",
            "https://acme.example/ x",
            "https://acme.example/\r\nBcc: eve@example.com",
            "https://acme.example/\0",
            "https://bücher.example/",
            "https://acme..example/",
            "https://-acme.example/",
            "https://acme.example:0/",
            "https://acme.example:+80/",
            "https://acme.example:/",
            "https://acme.example:99999/",
            "https://[::1/",
            "https://[evil.example]/",
        ] {
            assert!(AboutUrl::parse(text).is_err(), "{text:?}");
        }
        assert!(AboutUrl::parse(&format!("https://acme.example/{}", "x".repeat(1_000))).is_err());
    }
}
