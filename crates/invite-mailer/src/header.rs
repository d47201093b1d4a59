//! The headers that a message may bring along.

use std::borrow::Cow;
use std::fmt;

use crate::InvalidMessage;

/// What the adapter writes from the other parts of a message or from its configuration, and what would name one more
/// recipient or sender (MAI-3).
const RESERVED: [&str; 15] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "return-path",
    "received",
    "disposition-notification-to",
    "return-receipt-to",
    "errors-to",
];

/// The most bytes of a header's name.
const MAX_NAME_BYTES: usize = 64;

/// The most bytes of a header's value: what RFC 5322 allows on one line, less the name.
const MAX_VALUE_BYTES: usize = 900;

/// The name of a header beside those that every mail has. Compared without case.
#[derive(Clone)]
pub struct HeaderName(Cow<'static, str>);

impl HeaderName {
    /// Says that no person wrote the mail (RFC 3834).
    pub const AUTO_SUBMITTED: Self = Self(Cow::Borrowed("Auto-Submitted"));
    /// Keeps Exchange from answering with a note of absence.
    pub const AUTO_RESPONSE_SUPPRESS: Self = Self(Cow::Borrowed("X-Auto-Response-Suppress"));
    /// Where to unsubscribe (RFC 2369).
    pub const LIST_UNSUBSCRIBE: Self = Self(Cow::Borrowed("List-Unsubscribe"));
    /// That one post unsubscribes (RFC 8058).
    pub const LIST_UNSUBSCRIBE_POST: Self = Self(Cow::Borrowed("List-Unsubscribe-Post"));

    /// Checks the name of a header that a mail provider or a template wants.
    ///
    /// # Errors
    /// [`InvalidMessage::HeaderName`] when it is not 1 to 64 ASCII letters, digits and `-`, or is one that the adapter
    /// writes or that names an address: `From`, `Reply-To`, `Bcc`, `Subject`, `Content-…`, `Resent-…`, and the like.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidMessage> {
        let text = text.into();
        let lower = text.to_ascii_lowercase();
        if lower.is_empty()
            || lower.len() > MAX_NAME_BYTES
            || !lower.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            || lower.starts_with("content-")
            || lower.starts_with("resent-")
            || RESERVED.contains(&lower.as_str())
        {
            return Err(InvalidMessage::HeaderName);
        }
        Ok(Self(Cow::Owned(text)))
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for HeaderName {}

impl fmt::Debug for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Values are structured text that only its writer can encode, so they are printable ASCII on one line (MAI-2).
pub(crate) fn is_header_value(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_VALUE_BYTES
        && text == text.trim()
        && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_name_a_sender_or_break_out_of_its_headers() {
        for name in [
            "",
            "From",
            "FROM",
            "Reply-To",
            "bcc",
            "Subject",
            "Content-Type",
            "Resent-To",
            "X Y",
            "X:",
            "X\r\nBcc",
            "X\0",
            "Ä",
            &"x".repeat(65),
        ] {
            assert_eq!(HeaderName::parse(name), Err(InvalidMessage::HeaderName), "{name:?}");
        }
        assert_eq!(HeaderName::parse("auto-submitted").unwrap(), HeaderName::AUTO_SUBMITTED);
        assert_eq!(HeaderName::parse("X-PM-Tag").unwrap().as_str(), "X-PM-Tag");
    }

    #[test]
    fn a_value_is_one_line_of_printable_ascii() {
        for value in
            ["", " x", "x ", "a\r\nBcc: b", "a\nb", "a\rb", "a\0b", "a\tb", "é", "\u{2028}", "\u{7f}"]
        {
            assert!(!is_header_value(value), "{value:?}");
        }
        assert!(!is_header_value(&"x".repeat(901)));
        assert!(is_header_value("<https://app.example/unsubscribe/inv_x>, <mailto:u@app.example>"));
    }
}
