//! The files of the `EmlMailer`, read back by another library.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::path::Path;

use chrono::DateTime;
use invite_core::EmailAddress;
use invite_mailer::*;
use invite_memory::EmlMailer;
use mail_parser::{MessageParser, MimeHeaders};

fn sender() -> Sender {
    Sender::parse("Acme, Ltd. <no-reply@acme.example>").unwrap()
}

fn message(name: &str, words: Rendered) -> Message {
    let to = EmailAddress::parse("Bob@Bücher.example").unwrap();
    let date = DateTime::from_timestamp(1_767_623_400, 0).unwrap();
    Message::new(MessageId::parse("m1").unwrap(), date, to, words).unwrap().with_to_name(name)
}

async fn written(folder: &Path, message: &Message) -> Vec<u8> {
    EmlMailer::new(folder, sender()).send(message).await.unwrap();
    std::fs::read(folder.join(format!("{}.eml", message.id()))).unwrap()
}

fn header_names(mail: &mail_parser::Message<'_>) -> Vec<String> {
    mail.headers().iter().map(|header| header.name().to_ascii_lowercase()).collect()
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let base = BaseUrl::parse("https://app.example/join").unwrap();
    let mail =
        InvitationMail::new(MailKind::Invitation, "Ängström & Söhne", Link::dead(&base)).with_inviter("Ada");
    let words = BuiltInTemplates.render(&mail).unwrap();
    let message = message("Bób, Jr.", words.clone()).with_unsubscribe(&Link::dead(&base)).unwrap();
    let bytes = written(folder.path(), &message).await;
    let mail = MessageParser::default().parse(&bytes).unwrap();

    let from = mail.from().and_then(|from| from.first()).unwrap();
    assert_eq!((from.name(), from.address()), (Some("Acme, Ltd."), Some("no-reply@acme.example")));
    let to = mail.to().unwrap();
    assert_eq!(to.iter().count(), 1);
    let to = to.first().unwrap();
    assert_eq!((to.name(), to.address()), (Some("Bób, Jr."), Some("Bob@xn--bcher-kva.example")));
    assert_eq!(mail.subject(), Some("Ada invites you to join Ängström & Söhne"));
    assert_eq!(mail.message_id(), Some("m1@acme.example"));
    assert_eq!(mail.date().unwrap().to_timestamp(), message.date().timestamp());
    assert_eq!(mail.header_raw("Auto-Submitted").unwrap().trim(), "auto-generated");
    assert_eq!(mail.header_raw("List-Unsubscribe").unwrap().trim(), "<https://app.example/join#preview>");
    assert_eq!(mail.header_raw("List-Unsubscribe-Post").unwrap().trim(), "List-Unsubscribe=One-Click");
    assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n"), words.text);
    assert_eq!(mail.body_html(0).unwrap().replace("\r\n", "\n"), words.html.unwrap());
    assert_eq!(mail.root_part().content_type().unwrap().subtype(), Some("alternative"));

    let names = [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "x-auto-response-suppress",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "mime-version",
        "content-type",
    ];
    assert_eq!(header_names(&mail), names);
    assert!(bytes.is_ascii(), "encoded for every server");
    let lines: Vec<_> = bytes.split(|b| *b == b'\n').collect();
    let (last, ended) = lines.split_last().unwrap();
    assert!(last.is_empty() && ended.iter().all(|line| line.ends_with(b"\r") && line.len() < 999));
}

#[tokio::test]
async fn the_same_message_is_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("made/when/needed");
    let message = message("Bob", Rendered::new("Hello", "Hello").with_html("<p>Hello"));
    let first = written(&nested, &message).await;
    let second = written(&nested, &message).await;
    assert_eq!(first, second);
    let names: Vec<_> = std::fs::read_dir(&nested).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["m1.eml"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_worth_another_try() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    std::fs::write(&taken, "a file, not a folder").unwrap();
    let error =
        EmlMailer::new(&taken, sender()).send(&message("Bob", Rendered::new("s", "t"))).await.unwrap_err();
    assert!(error.is_transient());
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), &message("Bob", Rendered::new("Hello", "Hello"))).await;
    let mode = std::fs::metadata(folder.path().join("m1.eml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
