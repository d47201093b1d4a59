//! Links of a mail: built from the configured base, never from a request.

use std::borrow::Cow;
use std::fmt;

use invite_core::{Purpose, Token};

use crate::InvalidUrl;
use crate::url::{invalid, split};

/// What a dead link carries where a live one has its token. No token is written like this.
const DEAD: &str = "preview";

/// The page of the host that links lead to, as configured (WEB-1).
///
/// # Examples
/// ```
/// use invite_mailer::{BaseUrl, Link};
///
/// let base = BaseUrl::parse("https://app.example/join")?;
/// assert_eq!(Link::dead(&base).reveal(), "https://app.example/join#preview");
/// # Ok::<(), invite_mailer::InvalidUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Checks the text.
    ///
    /// # Errors
    /// [`InvalidUrl`] when it is not `https` (or `http` on `localhost`, `127.0.0.1` or `[::1]`, for development),
    /// has a query or a fragment, names a user, holds a character that does not belong into a URL, or is longer
    /// than 1,000 bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let parts = split(text)?;
        if !parts.secure && !matches!(parts.host, "localhost" | "127.0.0.1" | "[::1]") {
            return Err(invalid("must begin with https, unless it is on localhost"));
        }
        if parts.tail.contains(['?', '#']) {
            return Err(invalid("must not have a query or a fragment"));
        }
        // Some mail programs end a link at a fragment that follows the host directly.
        Ok(Self(if parts.tail.is_empty() { format!("{text}/") } else { text.to_owned() }))
    }

    /// The URL, with at least `/` as its path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The link for a token.
    ///
    /// The token is in the fragment, which a browser sends to no server, neither in a request line nor in `Referer`
    /// (WEB-2). An unsubscribe token alone is the last part of the path: the mailbox provider posts to that link by
    /// itself (RFC 8058), so the server must see it, and it opens and ends nothing (IDN-3).
    #[must_use]
    pub fn link(&self, token: &Token) -> Link {
        let start = match token.purpose() {
            Purpose::Unsubscribe => format!("{}/", self.0.trim_end_matches('/')),
            _ => format!("{}#", self.0),
        };
        Link { start, end: Cow::Owned(token.reveal().to_owned()) }
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", self.0)
    }
}

/// A URL with a token in it, or one that can never be live.
///
/// A secret: it has no `Display`, and its `Debug` masks the token (TOK-3).
#[derive(Clone)]
pub struct Link {
    start: String,
    end: Cow<'static, str>,
}

impl Link {
    /// A link that leads to the page and can never be live (MAI-8).
    #[must_use]
    pub fn dead(base: &BaseUrl) -> Self {
        Self { start: format!("{}#", base.0), end: Cow::Borrowed(DEAD) }
    }

    /// This link without its token: it can never be live (MAI-8).
    #[must_use]
    pub fn to_dead(&self) -> Self {
        Self { start: self.start.clone(), end: Cow::Borrowed(DEAD) }
    }

    /// The whole URL, for the one mail that carries it.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}{}", self.start, self.end)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({}***)", self.start)
    }
}

#[cfg(test)]
mod tests {
    use invite_core::{Key, Keyring, Nonce, OrganizationId};
    use uuid::Uuid;

    use super::*;

    fn token(purpose: Purpose) -> Token {
        let keyring = Keyring::new(1, Key::from_bytes(b"a key of thirty-two bytes, or so").unwrap());
        let acme = OrganizationId::parse("acme").unwrap();
        keyring.issue(purpose, &acme, Uuid::from_u128(7), &Nonce::from_bytes([7; 16]))
    }

    #[test]
    fn a_base_is_https_without_query_and_fragment() {
        for (text, base) in [
            ("https://app.example/join", "https://app.example/join"),
            ("https://app.example", "https://app.example/"),
            ("http://localhost:3000/join", "http://localhost:3000/join"),
            ("http://127.0.0.1", "http://127.0.0.1/"),
            ("http://[::1]:3000/", "http://[::1]:3000/"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().as_str(), base);
        }
        for text in [
            "http://app.example/join",
            "http://localhost.evil.example/",
            "http://localhost@evil.example/",
            "https://app.example/join?x=1",
            "https://app.example/join#x",
            "https://user:password@app.example/",
            "https://app.example/\r\n",
            "ftp://app.example/",
            "/join",
        ] {
            assert!(BaseUrl::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_token_is_in_the_fragment_unless_it_must_reach_the_server() {
        let base = BaseUrl::parse("https://app.example/join").unwrap();
        for purpose in [Purpose::Mailed, Purpose::Copied, Purpose::Link, Purpose::Ownership] {
            let token = token(purpose);
            assert_eq!(base.link(&token).reveal(), format!("https://app.example/join#{}", token.reveal()));
        }
        let token = token(Purpose::Unsubscribe);
        for base in ["https://app.example/unsubscribe", "https://app.example/unsubscribe/"] {
            let link = BaseUrl::parse(base).unwrap().link(&token);
            assert_eq!(link.reveal(), format!("https://app.example/unsubscribe/{}", token.reveal()));
        }
    }

    #[test]
    fn a_dead_link_holds_no_token() {
        let base = BaseUrl::parse("https://app.example/join").unwrap();
        assert!(Token::parse(DEAD).is_err());
        assert_eq!(Link::dead(&base).reveal(), "https://app.example/join#preview");
        assert_eq!(base.link(&token(Purpose::Mailed)).to_dead().reveal(), "https://app.example/join#preview");
        assert_eq!(
            base.link(&token(Purpose::Unsubscribe)).to_dead().reveal(),
            "https://app.example/join/preview"
        );
    }

    #[test]
    fn debug_masks_the_token() {
        let base = BaseUrl::parse("https://app.example/join").unwrap();
        assert_eq!(format!("{:?}", base.link(&token(Purpose::Mailed))), "Link(https://app.example/join#***)");
    }
}
