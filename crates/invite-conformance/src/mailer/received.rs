//! A message as it arrived.

use chrono::{DateTime, Utc};
use invite_mailer::{Message, Sender};
use mail_parser::{Address, MessageParser, PartType};

/// Who stands on the envelope, as the next hop was told apart from the message itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "an envelope has nothing else")]
pub struct Envelope {
    /// The sender, without angle brackets.
    pub from: String,
    /// Every recipient, without angle brackets.
    pub to: Vec<String>,
}

/// A name, if there is one, and an address.
pub type Mailbox = (Option<String>, String);

/// A message as it arrived: what its reader's program makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a fixture of a provider's API fills it field by field")]
pub struct Received {
    /// The envelope, where there is one.
    pub envelope: Option<Envelope>,
    /// Who stands in `From`.
    pub from: Vec<Mailbox>,
    /// Who stands in `To`.
    pub to: Vec<Mailbox>,
    /// Who stands in `Cc` and `Bcc`.
    pub copies: Vec<Mailbox>,
    /// The subject.
    pub subject: String,
    /// The date, to the second.
    pub date: Option<DateTime<Utc>>,
    /// The `Message-ID`, without angle brackets.
    pub message_id: Option<String>,
    /// Every header, those above too, by name and value as written on one line.
    pub headers: Vec<(String, String)>,
    /// The text part, with `\n` as line end.
    pub text: Option<String>,
    /// The HTML part, with `\n` as line end.
    pub html: Option<String>,
    /// How many parts there are beside those two.
    pub other_parts: usize,
}

/// Bytes that are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what arrived is no message in the form of MIME")]
#[non_exhaustive]
pub struct Unreadable;

impl Received {
    /// Reads what arrived as a mail program does.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn from_mime(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mail = MessageParser::default().parse(bytes).ok_or(Unreadable)?;
        let (mut text, mut html, mut other_parts) = (None, None, 0);
        for part in &mail.parts {
            match &part.body {
                PartType::Text(body) if text.is_none() => text = Some(lines(body)),
                PartType::Html(body) if html.is_none() => html = Some(lines(body)),
                PartType::Multipart(_) => {}
                _ => other_parts += 1,
            }
        }
        let headers = mail.headers_raw().map(|(name, value)| (name.to_owned(), unfolded(value)));
        Ok(Self {
            envelope: None,
            from: mailboxes(mail.from()),
            to: mailboxes(mail.to()),
            copies: [mailboxes(mail.cc()), mailboxes(mail.bcc())].concat(),
            subject: mail.subject().unwrap_or_default().to_owned(),
            date: mail.date().and_then(|date| DateTime::from_timestamp(date.to_timestamp(), 0)),
            message_id: mail.message_id().map(str::to_owned),
            headers: headers.collect(),
            text,
            html,
            other_parts,
        })
    }

    /// A message that was kept as it is, by a mailer that writes no headers. Nobody stands in its `From`.
    #[must_use]
    pub fn kept(message: &Message, sender: &Sender) -> Self {
        let headers = message.headers().iter().map(|(name, value)| (name.as_str().to_owned(), value.clone()));
        Self {
            envelope: None,
            from: Vec::new(),
            to: vec![(message.to_name().map(str::to_owned), message.mailbox())],
            copies: Vec::new(),
            subject: message.subject().to_owned(),
            date: DateTime::from_timestamp(message.date().timestamp(), 0),
            message_id: Some(message.id().at(sender)),
            headers: headers.collect(),
            text: Some(lines(message.text())),
            html: message.html().map(lines),
            other_parts: 0,
        }
    }

    /// The same, with its envelope.
    #[must_use]
    pub fn in_envelope(self, envelope: Envelope) -> Self {
        Self { envelope: Some(envelope), ..self }
    }

    /// The names of all headers, in lower case and sorted.
    pub(super) fn header_names(&self) -> Vec<String> {
        let mut names = self.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect::<Vec<_>>();
        names.sort();
        names
    }

    /// Every value of a header.
    pub(super) fn values(&self, of: &str) -> Vec<&str> {
        let headers = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(of));
        headers.map(|(_, value)| value.as_str()).collect()
    }
}

/// Line ends may change on the way, and those at the very end may come and go.
pub(super) fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end_matches('\n').to_owned()
}

fn unfolded(value: &str) -> String {
    value.replace("\r\n", "").replace('\n', "").trim().to_owned()
}

fn mailboxes(addresses: Option<&Address<'_>>) -> Vec<Mailbox> {
    let mailbox = |address: &mail_parser::Addr<'_>| {
        (address.name().map(str::to_owned), address.address().unwrap_or_default().to_owned())
    };
    addresses.map(|addresses| addresses.iter().map(mailbox).collect()).unwrap_or_default()
}
