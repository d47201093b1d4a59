//! The messages that cases send, and what is expected of them.

use chrono::DateTime;
use invite_core::EmailAddress;
use invite_mailer::{Mailer as _, Message, MessageId, Rendered};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::received::lines;
use super::{Fixture, Received};

/// What no log and no error may hold.
pub(super) const LINK: &str = "https://app.example/join#inv_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";
pub(super) const WORDS: &str = "Come and join us for the secret of the sea";

pub(super) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub(super) fn bob() -> EmailAddress {
    address("Bob.Builder@example.com")
}

/// A message to bob in text and HTML, with a name and a link.
pub(super) fn message(id: &str) -> Message {
    message_to(bob(), id)
}

pub(super) fn message_to(to: EmailAddress, id: &str) -> Message {
    saying(to, id, WORDS, WORDS)
}

/// With this subject and these words in its bodies.
pub(super) fn saying(to: EmailAddress, id: &str, subject: &str, words: &str) -> Message {
    let text = format!("{words}\n\nView the invitation:\n{LINK}\n");
    let html = format!("<p>{words}</p>\n<p><a href=\"{LINK}\">View the invitation</a> &amp; answer</p>\n");
    of(to, id, Rendered::new(subject, text).with_html(html)).with_to_name("Bob")
}

pub(super) fn of(to: EmailAddress, id: &str, words: Rendered) -> Message {
    let date = DateTime::from_timestamp(1_767_623_400, 0).unwrap();
    Message::new(MessageId::parse(id).unwrap(), date, to, words).unwrap()
}

/// Sends it, which goes well, and gives what arrived.
pub(super) async fn sent(fixture: &dyn Fixture, message: &Message) -> Received {
    fixture.mailer().send(message).await.unwrap();
    let mut arrived = fixture.arrived().await;
    assert_eq!(arrived.len(), 1, "messages that arrived of one that was sent");
    arrived.remove(0)
}

/// What people write to break out of where it stands: into headers, parts, commands.
pub(super) fn hostile() -> Vec<String> {
    let texts = [
        "a\r\nBcc: eve@example.com",
        "a\nSubject: other\n\nbody",
        "a\rTo: eve@example.com",
        "a\0b\u{85}c\u{2028}d",
        "<eve@example.com>, ",
        "\"quote\\\" <eve@example.com>",
        "(comment) a; b: c, d;",
        "=?utf-8?Q?a=0D=0ABcc:_eve@example.com?=",
        "=?utf-8?B?DQpCY2M6IGV2ZUBleGFtcGxlLmNvbQ==?=",
        "%0d%0aBcc: eve@example.com",
        "\\r\\nBcc: eve@example.com",
        "\r\n.\r\nMAIL FROM:<eve@example.com>",
        "--=_m1\r\n",
    ];
    let mut texts = texts.map(str::to_owned).to_vec();
    // Wherever a long line is folded, what comes next would be a header.
    texts.push(" Bcc: eve@example.com".repeat(40));
    texts.push(" \u{e9}Bcc: eve@example.com".repeat(40));
    texts.extend(["x", "\u{e9}"].map(|letter| letter.repeat(1_000)));
    texts
}

/// Texts of every kind, always the same.
pub(super) fn at_random() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let any = "\\PC{0,120}|[\\r\\n\\x00:=?_<>@,\"\\\\ a-c.]{0,60}";
    (0..32).map(|_| any.new_tree(&mut runner).unwrap().current()).collect()
}

/// It went to its recipient alone.
#[track_caller]
pub(super) fn assert_to_its_recipient(received: &Received, message: &Message) {
    let to = message.mailbox();
    let named = (message.to_name().map(str::to_owned), to.clone());
    assert_eq!(received.to, [named], "who stands in To");
    assert_eq!(received.copies, [], "who stands in Cc and Bcc");
    if let Some(envelope) = &received.envelope {
        assert_eq!(envelope.to, [to], "who stands on the envelope");
    }
}

/// Its words, headers and date are as they were.
#[track_caller]
pub(super) fn assert_unaltered(received: &Received, message: &Message) {
    assert_eq!(received.subject, message.subject(), "the subject");
    assert_eq!(received.text, Some(lines(message.text())), "the text");
    assert_eq!(received.html, message.html().map(lines), "the HTML");
    assert_eq!(received.other_parts, 0, "parts beside text and HTML");
    assert_eq!(received.date.map(|date| date.timestamp()), Some(message.date().timestamp()), "the date");
    let name = received.to.first().and_then(|(name, _)| name.as_deref());
    assert_eq!(name, message.to_name(), "the recipient's name");
    for (name, value) in message.headers() {
        assert_eq!(received.values(name.as_str()), [value], "the header {name:?}");
    }
}
