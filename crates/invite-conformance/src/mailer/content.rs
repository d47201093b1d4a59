//! Cases of the sentences on what a message says.

use invite_mailer::{HeaderName, Rendered};

use super::messages::{LINK, assert_unaltered, at_random, bob, hostile, message, of, saying, sent};
use super::{Fixture, Subject};

pub(super) async fn unaltered(fixture: Subject) {
    let message = message("m1");
    assert_unaltered(&sent(fixture.as_ref(), &message).await, &message);
}

/// Each of these words as the subject and in the bodies.
async fn are_unaltered(fixture: &dyn Fixture, words: &[&str]) {
    for words in words {
        let message = saying(bob(), "m1", words, words);
        assert_unaltered(&sent(fixture, &message).await, &message);
    }
}

pub(super) async fn unaltered_in_every_script(fixture: Subject) {
    let words = [
        "Ängström & Söhne laden Sie ein",
        "Вас приглашают",
        "あなたを招待します",
        "دعوة للانضمام",
        "הזמנה להצטרף",
        "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} \u{1F469}\u{1F3FD}",
        "e\u{301} is not é",
    ];
    are_unaltered(fixture.as_ref(), &words).await;
}

/// No link is broken in two, no line cut.
pub(super) async fn unaltered_where_lines_are_long(fixture: Subject) {
    let link = format!("{LINK}{}", "x".repeat(900));
    let (words, letters, umlauts) = ("word ".repeat(300), "x".repeat(3_000), "ü".repeat(3_000));
    are_unaltered(fixture.as_ref(), &[&link, words.trim_end(), &letters, &umlauts]).await;
}

/// What is meant to break out of where it stands stays there, and stays what it is.
pub(super) async fn unaltered_whatever_it_means(fixture: Subject) {
    for text in hostile().into_iter().chain(at_random()) {
        let words = Rendered::new(format!("x{text}"), format!("x{text}")).with_html(format!("<p>x{text}"));
        let message = of(bob(), "m1", words);
        assert_unaltered(&sent(fixture.as_ref(), &message).await, &message);
    }
}

/// What means something to a server, a mailbox or an encoding on the way.
pub(super) async fn unaltered_where_a_protocol_has_a_say(fixture: Subject) {
    let bodies = [
        ".\n..\n.hidden\nend",
        "From me\n>From you\nTo: eve@example.com",
        "a=3D=20b=\nc=",
        "tab\there\n  two spaces  before and after  \nend",
        "--=_m1\nContent-Type: text/html\n\n<b>\n--=_m1--\n--m1--",
        "QUIT\nDATA\nend",
        "\n\n\nlines before",
    ];
    for text in bodies {
        let words = Rendered::new("A subject", text).with_html(format!("<pre>\n{text}\n</pre>"));
        let message = of(bob(), "m1", words);
        assert_unaltered(&sent(fixture.as_ref(), &message).await, &message);
    }
}

/// No HTML is made up, and nobody is named who was not.
pub(super) async fn unaltered_without_html(fixture: Subject) {
    let message = of(bob(), "m1", Rendered::new("A subject", format!("1 < 2 & 3 > 2\n{LINK}")));
    assert_unaltered(&sent(fixture.as_ref(), &message).await, &message);
}

pub(super) async fn unaltered_further_headers(fixture: Subject) {
    let link = format!("<{LINK}{}>", "x".repeat(700));
    let message = message("m1")
        .with_header(HeaderName::LIST_UNSUBSCRIBE, link)
        .and_then(|message| {
            message.with_header(HeaderName::LIST_UNSUBSCRIBE_POST, "List-Unsubscribe=One-Click")
        })
        .and_then(|message| {
            message.with_header(HeaderName::parse("X-Host-Tag")?, "a, b; c=\"d\" <e> (f) =?g?=")
        })
        .unwrap();
    assert_unaltered(&sent(fixture.as_ref(), &message).await, &message);
}

/// Whatever subject, name and bodies say, the headers and the parts are those of a plain message.
async fn adds_no_header(fixture: &dyn Fixture, texts: &[String]) {
    let plain = of(bob(), "plain", Rendered::new("x", "x").with_html("<p>x")).with_to_name("x");
    let plain = sent(fixture, &plain).await;
    for text in texts {
        let words = Rendered::new(format!("x{text}"), format!("x{text}")).with_html(format!("<p>x{text}"));
        let message = of(bob(), "m1", words).with_to_name(&format!("x{text}"));
        let received = sent(fixture, &message).await;
        assert_eq!(received.header_names(), plain.header_names(), "the headers of what says {text:?}");
        assert_eq!(received.other_parts, plain.other_parts, "further parts of what says {text:?}");
    }
}

/// MAI-2
pub(super) async fn text_adds_no_header(fixture: Subject) {
    adds_no_header(fixture.as_ref(), &hostile()).await;
}

/// MAI-2
pub(super) async fn text_adds_no_header_at_random(fixture: Subject) {
    adds_no_header(fixture.as_ref(), &at_random()).await;
}
