//! Cases of the sentences on who stands in headers and envelope.

use invite_mailer::Message;

use super::messages::{
    address, assert_to_its_recipient, at_random, hostile, message, message_to, saying, sent,
};
use super::{Received, Subject};

/// IDN-6
pub(super) async fn one_recipient(fixture: Subject) {
    let message = message("m1");
    assert_to_its_recipient(&sent(fixture.as_ref(), &message).await, &message);
}

/// A name is a name, also if it looks like a list of addresses.
pub(super) async fn one_recipient_whatever_it_is_called(fixture: Subject) {
    let names = [
        "Bob, Eve",
        "Bob; Eve, ",
        "eve@example.com",
        "Bob <eve@example.com>, Bob",
        "\"Bob\\\" <eve@example.com>",
        "(Bob)",
        "Bób Ångström",
        "friends: eve@example.com, dan@example.com;",
        "=?utf-8?Q?Bob=2C_eve?=",
    ];
    let names = names.map(str::to_owned).into_iter().chain(hostile()).chain(at_random());
    for (n, name) in names.enumerate() {
        let message = message(&format!("m{n}")).with_to_name(&name);
        assert_to_its_recipient(&sent(fixture.as_ref(), &message).await, &message);
    }
}

/// The domain as A-labels, and the part before the `@` as it was typed.
pub(super) async fn one_recipient_in_any_domain(fixture: Subject) {
    let addresses =
        ["Bob@Bücher.example", "o'neil+tag=1@example.com", "a.b-c_d!#$%&*/?^`{|}~@sub.example.co"];
    for (n, to) in addresses.into_iter().enumerate() {
        let message = message_to(address(to), &format!("m{n}"));
        assert_to_its_recipient(&sent(fixture.as_ref(), &message).await, &message);
    }
}

#[track_caller]
fn assert_from(received: &Received, fixture: &Subject) {
    let sender = fixture.sender();
    let from = (sender.name().map(str::to_owned), sender.mailbox());
    assert_eq!(received.from, [from], "who stands in From");
    if let Some(envelope) = &received.envelope {
        assert_eq!(envelope.from, sender.mailbox(), "who stands on the envelope");
    }
}

/// MAI-3
pub(super) async fn the_sender_is_configured(fixture: Subject) {
    let received = sent(fixture.as_ref(), &message("m1")).await;
    assert_from(&received, &fixture);
}

/// The inviter's name and address stand in the words, and nowhere else (MAI-3).
pub(super) async fn the_sender_is_configured_whatever_a_message_says(fixture: Subject) {
    let says = [
        ("Ada Lovelace invites you to join Acme Ltd", "Ada Lovelace <ada@example.com> invites you."),
        ("From: eve@example.com", "From: eve@example.com\nSender: eve@example.com\n\nHello"),
        (
            "eve@example.com",
            "\nFrom eve@example.com Mon Jan  5 14:30:00 2026\nReturn-Path: <eve@example.com>",
        ),
    ];
    for (n, (subject, words)) in says.into_iter().enumerate() {
        let message: Message = saying(address("bob@example.com"), &format!("m{n}"), subject, words);
        let received = sent(fixture.as_ref(), &message).await;
        assert_from(&received, &fixture);
    }
}
