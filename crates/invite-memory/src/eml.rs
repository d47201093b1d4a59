//! A mailer that writes files.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use invite_mailer::{MailError, Mailer, Message, Sender};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

/// Writes every message into a folder as `<id>.eml`, which mail programs open: for demos, for looking at mail in
/// development, and for a job that picks files up.
///
/// The file is there whole or not at all, and is on the disk once `send` returns. It is readable by its owner only,
/// because it holds a live link. The same message sent again replaces its file. The same message gives the same
/// bytes. Needs a tokio runtime, for files are written on its blocking threads.
#[derive(Debug, Clone)]
pub struct EmlMailer {
    folder: PathBuf,
    sender: Sender,
}

impl EmlMailer {
    /// Writes into this folder, which is created when the first message is sent.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, sender: Sender) -> Self {
        Self { folder: folder.into(), sender }
    }
}

#[async_trait]
impl Mailer for EmlMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let bytes = mime(message, &self.sender).map_err(MailError::transient)?;
        let (folder, name) = (self.folder.clone(), format!("{}.eml", message.id()));
        // Once begun it runs to its end, also when nobody waits for it any more.
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
        // A full disk or a folder without rights may be mended, so no failure here is for good.
        written.map_err(MailError::transient)?.map_err(MailError::transient)
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    sync_folder(folder)
}

/// Without it the name of a new file may not survive a crash.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// A folder cannot be opened as a file here, and a rename is journalled.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// The message as RFC 5322 and MIME want it, with the same bytes for the same message.
fn mime(message: &Message, sender: &Sender) -> io::Result<Vec<u8>> {
    let mut mail = MessageBuilder::new()
        .from(Address::new_address(sender.name(), sender.mailbox()))
        .to(Address::new_address(message.to_name(), message.mailbox()))
        .subject(message.subject())
        .date(message.date().timestamp())
        .message_id(message.id().at(sender));
    for (name, value) in message.headers() {
        // Structured values, which must not be encoded; a message lets in nothing but printable ASCII.
        mail = mail.header(name.as_str(), Raw::new(value));
    }
    let text = MimePart::new("text/plain", message.text());
    let body = match message.html() {
        Some(html) => {
            let kind =
                ContentType::new("multipart/alternative").attribute("boundary", boundary(message, html));
            MimePart::new(kind, vec![text, MimePart::new("text/html", html)])
        }
        None => text,
    };
    mail.body(body).write_to_vec()
}

/// `=_` occurs in no encoded body, and in a plain one hardly ever; if so, the boundary grows.
fn boundary(message: &Message, html: &str) -> String {
    let mut boundary = format!("=_{}", message.id());
    while message.text().contains(&boundary) || html.contains(&boundary) {
        boundary.push('_');
    }
    boundary
}
