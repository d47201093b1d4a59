//! One mail, ready for an adapter.

use std::fmt;

use chrono::{DateTime, Utc};
use invite_core::EmailAddress;

use crate::clean::{NAME_MAX, display_name, single_line};
use crate::header::is_header_value;
use crate::sender::mailbox;
use crate::{HeaderName, Link, MessageId, Rendered};

/// One mail to one address, as an adapter gets it.
///
/// There is no sender in it: that is configured on the adapter (MAI-3). What was checked when it was built holds for
/// its whole life: subject and name are one line without control characters, a header is printable ASCII (MAI-2),
/// bodies have `\n` as their line end and no other control character but tab. `Debug` shows no text, and the
/// address masked, for the bodies hold a live link (PRI-4, TOK-3).
///
/// # Examples
/// ```
/// use chrono::DateTime;
/// use invite_core::EmailAddress;
/// use invite_mailer::{Message, MessageId, Rendered};
///
/// let message = Message::new(
///     MessageId::parse("m1")?,
///     DateTime::UNIX_EPOCH,
///     EmailAddress::parse("bob@example.com")?,
///     Rendered::new("Hello", "Hello Bob"),
/// )?
/// .with_to_name("Bob");
/// assert_eq!(message.subject(), "Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Message {
    id: MessageId,
    date: DateTime<Utc>,
    to: EmailAddress,
    to_name: Option<String>,
    subject: String,
    text: String,
    html: Option<String>,
    headers: Vec<(HeaderName, String)>,
}

/// What cannot become a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// The id is not 1 to 64 ASCII letters, digits, `-` and `_`.
    #[error("the id of the message is not valid")]
    Id,
    /// Nothing is left of the subject.
    #[error("the subject of the message is empty")]
    EmptySubject,
    /// There is no text body.
    #[error("the text of the message is empty")]
    EmptyText,
    /// The name of a header is malformed, or is one that a message may not bring along.
    #[error("the name of the header is not valid")]
    HeaderName,
    /// The value of a header is empty, too long, or not printable ASCII on one line.
    #[error("the value of the header is not valid")]
    HeaderValue,
}

impl Message {
    /// Builds the message. `date` is the `Date` header: adapters have no clock.
    ///
    /// The subject is folded to one line, line ends in the bodies become `\n`, other control characters but tab are
    /// removed. The headers that say "written by a program, do not answer" are there from the start.
    ///
    /// # Errors
    /// [`InvalidMessage`] when nothing is left of the subject or of the text.
    pub fn new(
        id: MessageId,
        date: DateTime<Utc>,
        to: EmailAddress,
        content: Rendered,
    ) -> Result<Self, InvalidMessage> {
        let subject = single_line(&content.subject);
        if subject.is_empty() {
            return Err(InvalidMessage::EmptySubject);
        }
        let text = body(&content.text);
        if text.trim().is_empty() {
            return Err(InvalidMessage::EmptyText);
        }
        let headers = vec![
            (HeaderName::AUTO_SUBMITTED, "auto-generated".to_owned()),
            (HeaderName::AUTO_RESPONSE_SUPPRESS, "All".to_owned()),
        ];
        let html = content.html.as_deref().map(body);
        Ok(Self { id, date, to, to_name: None, subject, text, html, headers })
    }

    /// Names the recipient. The name comes from users, so it is cleaned as [`display_name`] does; an empty one is none.
    #[must_use]
    pub fn with_to_name(mut self, name: &str) -> Self {
        self.to_name = Some(display_name(name, NAME_MAX)).filter(|name| !name.is_empty());
        self
    }

    /// Adds a header, or replaces the one of that name.
    ///
    /// # Errors
    /// [`InvalidMessage::HeaderValue`] when the value is empty, longer than 900 bytes, begins or ends with a space, or
    /// is not printable ASCII on one line.
    pub fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Result<Self, InvalidMessage> {
        let value = value.into();
        if !is_header_value(&value) {
            return Err(InvalidMessage::HeaderValue);
        }
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
        Ok(self)
    }

    /// Lets the mailbox provider unsubscribe the recipient by one post to the link (RFC 8058).
    ///
    /// # Errors
    /// [`InvalidMessage::HeaderValue`] when the link is too long for a header.
    pub fn with_unsubscribe(self, link: &Link) -> Result<Self, InvalidMessage> {
        self.with_header(HeaderName::LIST_UNSUBSCRIBE, format!("<{}>", link.reveal()))?
            .with_header(HeaderName::LIST_UNSUBSCRIBE_POST, "List-Unsubscribe=One-Click")
    }

    /// What tells this message from others, the same for every try of one delivery (MAI-4).
    #[must_use]
    pub fn id(&self) -> &MessageId {
        &self.id
    }

    /// The `Date` header.
    #[must_use]
    pub fn date(&self) -> DateTime<Utc> {
        self.date
    }

    /// The one recipient.
    #[must_use]
    pub fn to(&self) -> &EmailAddress {
        &self.to
    }

    /// The recipient as it is written in headers and envelope: the domain as A-labels.
    #[must_use]
    pub fn mailbox(&self) -> String {
        mailbox(&self.to)
    }

    /// The recipient's name, cleaned but not encoded.
    #[must_use]
    pub fn to_name(&self) -> Option<&str> {
        self.to_name.as_deref()
    }

    /// The subject, on one line but not encoded.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The plain text body.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The HTML body, if there is one.
    #[must_use]
    pub fn html(&self) -> Option<&str> {
        self.html.as_deref()
    }

    /// The further headers, each name once.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, String)] {
        &self.headers
    }
}

fn body(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.retain(|c| matches!(c, '\n' | '\t') || !c.is_control());
    text
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("date", &self.date)
            .field("to", &self.to)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: Rendered) -> Result<Message, InvalidMessage> {
        let to = EmailAddress::parse("bob@example.com").unwrap();
        Message::new(MessageId::parse("m1").unwrap(), DateTime::UNIX_EPOCH, to, content)
    }

    #[test]
    fn no_control_character_reaches_a_header() {
        let message = message(Rendered::new("Hello\r\nBcc: eve@example.com\0\u{85}\u{2028}x", "text"))
            .unwrap()
            .with_to_name("Bob\r\n<eve@example.com>\0");
        assert_eq!(message.subject(), "Hello Bcc: eve@example.com x");
        assert_eq!(message.to_name(), Some("Bob <eve (at) example[.]com>"));
        for value in ["a\r\nBcc: b", "a\nb", "a\0b"] {
            let refused = message.clone().with_header(HeaderName::LIST_UNSUBSCRIBE, value);
            assert_eq!(refused.unwrap_err(), InvalidMessage::HeaderValue);
        }
    }

    #[test]
    fn a_header_of_one_name_is_there_once() {
        let message = message(Rendered::new("s", "t"))
            .unwrap()
            .with_header(HeaderName::parse("AUTO-submitted").unwrap(), "auto-replied")
            .unwrap();
        let headers: Vec<_> =
            message.headers().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, [("X-Auto-Response-Suppress", "All"), ("AUTO-submitted", "auto-replied")]);
    }

    #[test]
    fn a_body_has_plain_line_ends() {
        let message = message(Rendered::new("s", "a\r\nb\rc\n\td\0\u{8}").with_html("<p>\r\n</p>")).unwrap();
        assert_eq!(message.text(), "a\nb\nc\n\td");
        assert_eq!(message.html(), Some("<p>\n</p>"));
    }

    #[test]
    fn an_empty_mail_is_none() {
        assert_eq!(message(Rendered::new("\r\n\u{200B}", "t")).unwrap_err(), InvalidMessage::EmptySubject);
        assert_eq!(message(Rendered::new("s", " \n")).unwrap_err(), InvalidMessage::EmptyText);
    }

    #[test]
    fn debug_shows_neither_text_nor_address() {
        let message = message(Rendered::new("subject", "https://app.example/join#inv_secret"))
            .unwrap()
            .with_header(HeaderName::LIST_UNSUBSCRIBE, "<https://app.example/u/inv_secret>")
            .unwrap();
        let shown = format!("{message:?}");
        assert!(
            !shown.contains("inv_") && !shown.contains("subject\"") && !shown.contains("bob@"),
            "{shown}"
        );
        assert!(shown.contains("m1") && shown.contains("@example.com"));
    }
}
