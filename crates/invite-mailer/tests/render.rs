//! The words of the built-in mails: what they say, and what hostile text cannot make them say.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use invite_core::{Key, Keyring, Nonce, OrganizationId, Purpose, Token};
use invite_mailer::*;
use proptest::prelude::*;
use uuid::Uuid;

const ABOUT: &str = "https://acme.example/about?a=1&b='2'";

fn base() -> BaseUrl {
    BaseUrl::parse("https://app.example/join").unwrap()
}

fn token(purpose: Purpose) -> Token {
    let keyring = Keyring::new(1, Key::from_bytes(b"a key of thirty-two bytes, or so").unwrap());
    let acme = OrganizationId::parse("acme").unwrap();
    keyring.issue(purpose, &acme, Uuid::from_u128(7), &Nonce::from_bytes([7; 16]))
}

fn expiry() -> DateTime<Utc> {
    "2026-01-05T14:30:00Z".parse().unwrap()
}

fn full(kind: MailKind) -> InvitationMail {
    InvitationMail::new(
        kind,
        MailScope::new("Acme Ltd.")
            .with_description("Tools for makers")
            .with_about_url(AboutUrl::parse(ABOUT).unwrap())
            .with_role("Member"),
        base().link(&token(Purpose::Mailed)),
    )
    .with_inviter("Ada O'Brien")
    .with_invitee("Bob <b> & Sons")
    .with_group(
        MailScope::new("Design")
            .with_description("What it looks like")
            .with_role("Editor")
            .with_about_url(AboutUrl::parse("https://acme.example/design").unwrap()),
    )
    .with_group("Ops")
    .with_message("Hi Bob,\n\nit was good to meet you. <3")
    .with_unsubscribe(base().link(&token(Purpose::Unsubscribe)))
    .with_expires_at(expiry())
}

fn minimal(kind: MailKind) -> InvitationMail {
    InvitationMail::new(kind, "Acme", base().link(&token(Purpose::Mailed)))
}

fn render(mail: &InvitationMail) -> Rendered {
    BuiltInTemplates.render(mail).unwrap()
}

/// The files are what a reader gets. After a change of the words: `UPDATE_GOLDEN=1 cargo test -p invite-mailer`.
#[test]
fn the_english_mails_are_as_committed() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for (name, mail) in [
        ("invitation", full(MailKind::Invitation)),
        ("invitation-minimal", minimal(MailKind::Invitation)),
        ("reminder", full(MailKind::Reminder)),
        ("ownership", full(MailKind::Ownership).with_former_role("Admin")),
        ("included", full(MailKind::Included)),
    ] {
        // Previews: a golden file is no place for a token, not even one of a test.
        let shown = preview(&BuiltInTemplates, &mail).unwrap();
        let text = format!("Subject: {}\n\n{}", shown.subject, shown.text);
        for (extension, words) in [("txt", text), ("html", shown.html.unwrap())] {
            let path = data.join(format!("{name}.{extension}"));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&path, &words).unwrap();
            }
            assert_eq!(words, std::fs::read_to_string(&path).unwrap(), "{}", path.display());
        }
    }
}

#[test]
fn text_and_html_say_the_same() {
    let mail = render(&full(MailKind::Invitation));
    let html = mail.html.unwrap();
    for said in [
        "Tools for makers",
        "Member",
        "Design",
        "Editor",
        "What it looks like",
        "Ops",
        "it was good to meet you",
        "Monday, 5 January 2026 at 14:30 UTC",
        "https://acme.example/design",
        token(Purpose::Mailed).reveal(),
        token(Purpose::Unsubscribe).reveal(),
    ] {
        assert!(mail.text.contains(said) && html.contains(said), "{said}");
    }
}

/// F16.
#[test]
fn an_offer_says_which_role_the_owner_has_afterwards() {
    for (inviter, who) in [(Some("Ada"), "Ada"), (None, "whoever offers it")] {
        let offer = minimal(MailKind::Ownership).with_former_role("Admin <b>");
        let mail = render(&inviter.map_or(offer.clone(), |name| offer.clone().with_inviter(name)));
        assert!(mail.text.contains(&format!("\nThe role of {who} afterwards: Admin <b>\n")), "{}", mail.text);
        let html = mail.html.unwrap();
        assert!(html.contains("afterwards: <strong><bdi>Admin &#60;b&#62;</bdi></strong>"), "{html}");
        assert!(!render(&minimal(MailKind::Ownership)).text.contains("afterwards"));
    }
}

#[test]
fn every_kind_has_its_subject() {
    for (kind, with, without) in [
        (MailKind::Invitation, "Ada invites you to join Acme", "You are invited to join Acme"),
        (
            MailKind::Reminder,
            "Reminder: Ada invites you to join Acme",
            "Reminder: You are invited to join Acme",
        ),
        (
            MailKind::Ownership,
            "Ada offers you the ownership of Acme",
            "You are offered the ownership of Acme",
        ),
        (MailKind::Included, "Ada included you in Acme", "You were included in Acme"),
    ] {
        assert_eq!(render(&minimal(kind).with_inviter("Ada")).subject, with);
        assert_eq!(render(&minimal(kind)).subject, without);
    }
}

#[test]
fn a_preview_is_the_mail_with_dead_links() {
    let mail = full(MailKind::Invitation);
    let shown = preview(&BuiltInTemplates, &mail).unwrap();
    let sent = render(&mail);
    let killed = |words: &str| {
        let words = words.replace(token(Purpose::Mailed).reveal(), "preview");
        words.replace(token(Purpose::Unsubscribe).reveal(), "preview")
    };
    assert_eq!(shown.subject, sent.subject);
    assert_eq!(shown.text, killed(&sent.text));
    assert_eq!(shown.html.as_deref().unwrap(), killed(sent.html.as_deref().unwrap()));
    assert!(!shown.text.contains("inv_") && !shown.html.unwrap().contains("inv_"));
}

#[test]
fn a_template_of_the_host_reads_metadata_and_locale() {
    struct Greeting;
    impl Templates for Greeting {
        fn render(&self, mail: &InvitationMail) -> Result<Rendered, TemplateError> {
            let desk = mail.metadata().get("desk").ok_or_else(|| TemplateError::new("no desk"))?;
            let hello = if mail.locale() == Some("de") { "Hallo" } else { "Hello" };
            Ok(Rendered::new(hello, format!("Desk {desk}: {}", mail.link().reveal())))
        }
    }
    let mail = minimal(MailKind::Invitation).with_locale("de");
    assert!(Greeting.render(&mail).is_err());
    let mail = mail.with_metadata(BTreeMap::from([("desk".to_owned(), "4b".to_owned())]));
    let shown = preview(&Greeting, &mail).unwrap();
    assert_eq!(
        (shown.subject.as_str(), shown.text.as_str()),
        ("Hallo", "Desk 4b: https://app.example/join#preview")
    );
}

#[test]
fn debug_shows_no_words_and_no_token() {
    let mail = full(MailKind::Invitation);
    let shown = format!("{mail:?} {:?}", render(&mail));
    assert!(!shown.contains("inv_") && !shown.contains("good to meet"), "{shown}");
}

/// Everything that a user can write, set to one text.
fn hostile_mail(text: &str) -> InvitationMail {
    let scope = || MailScope::new(text).with_description(text).with_role(text);
    InvitationMail::new(MailKind::Reminder, scope(), base().link(&token(Purpose::Mailed)))
        .with_inviter(text)
        .with_invitee(text)
        .with_group(scope())
        .with_message(text)
        .with_expires_at(expiry())
}

/// Whatever the text, the mail has the tags of a harmless one of the same parts, and leads nowhere else.
fn assert_harmless(text: &str) {
    let mail = render(&hostile_mail(text));
    let link = base().link(&token(Purpose::Mailed)).reveal();
    assert!(!mail.subject.chars().any(char::is_control), "{:?}", mail.subject);
    let html = mail.html.unwrap();
    let hrefs: Vec<_> = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(hrefs, [&link, &link], "{html}");
    for (tag, count) in
        [("<script", 0), ("<img", 0), ("<a ", 2), ("<h1", 1), ("<blockquote", 1), ("</main>", 1)]
    {
        assert!(html.matches(tag).count() <= count, "{tag} in {html}");
    }
    let words = mail.text.replace(&link, "");
    assert!(!words.contains("://") && !words.contains('@'), "{words}");
    assert!(words.chars().all(|c| c == '\n' || !c.is_control()), "{words:?}");
}

#[test]
fn hostile_names_stay_names() {
    for text in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</h1></main><a href=\"https://evil.com\">Click</a>",
        "Ada\r\nBcc: eve@example.com\r\n\r\nbody",
        "Ada\nSubject: other",
        "https://evil.com/join#inv_x",
        "Visit www.evil.com now",
        "Call +1 (888) 555-0100",
        "{{ 7 * 7 }}{% raw %}",
        "\u{202E}moc.live//:sptth",
        "e\u{200B}v\u{200D}i\u{2060}l.com",
        "&lt;script&gt;",
        "javascript:alert(1)",
        "=?utf-8?B?aHR0cDovL2V2aWwuY29t?=",
        "a\0b\u{85}c\u{2028}d\u{2029}e\u{b}f",
        &"x".repeat(10_000),
        "",
        " ",
    ] {
        assert_harmless(text);
    }
}

proptest! {
    #[test]
    fn no_text_of_a_user_changes_the_shape_of_a_mail(text in ".{0,200}|[<>\"'&@:/.\\r\\na-z0-9 ]{0,80}") {
        assert_harmless(&text);
    }
}
