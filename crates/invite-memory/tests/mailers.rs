//! The contract of `invite-mailer`, asked of both mailers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use invite_conformance::mailer::{Failure, Fixture, Received};
use invite_core::EmailAddress;
use invite_mailer::{MailError, Mailer, Message, Sender};
use invite_memory::{EmlMailer, MemoryMailer};
use tempfile::TempDir;

fn acme() -> Sender {
    Sender::parse("Acme, Ltd. <no-reply@acme.example>").unwrap()
}

/// What is kept, and how much of it was looked at.
#[derive(Clone, Default)]
struct Kept {
    mailer: MemoryMailer,
    seen: Arc<AtomicUsize>,
}

#[async_trait]
impl Mailer for Kept {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let sent = self.mailer.send(message).await;
        if sent.is_err() {
            self.mailer.recover();
        }
        sent
    }
}

#[async_trait]
impl Fixture for Kept {
    fn mailer(&self) -> Arc<dyn Mailer> {
        Arc::new(self.clone())
    }

    fn sender(&self) -> Sender {
        acme()
    }

    async fn arrived(&self) -> Vec<Received> {
        let sent = self.mailer.sent();
        let seen = self.seen.swap(sent.len(), Ordering::SeqCst);
        sent.iter().skip(seen).map(|message| Received::kept(message, &acme())).collect()
    }

    async fn fail_next(&self, to: &EmailAddress, failure: Failure) -> bool {
        let failure = match failure {
            Failure::Unreachable | Failure::RefusedForNow => invite_memory::Failure::Transient,
            Failure::RefusedForGood => invite_memory::Failure::Permanent,
            _ => return false,
        };
        self.mailer.fail_to(to, failure);
        true
    }
}

/// A folder in which the file of a message cannot be written if so told.
#[derive(Clone)]
struct Folder {
    directory: Arc<TempDir>,
    mailer: EmlMailer,
    obstructed: Arc<Mutex<HashSet<EmailAddress>>>,
}

impl Folder {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mailer = EmlMailer::new(directory.path(), acme());
        Self { directory: Arc::new(directory), mailer, obstructed: Arc::default() }
    }
}

#[async_trait]
impl Mailer for Folder {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        if !self.obstructed.lock().unwrap().remove(message.to()) {
            return self.mailer.send(message).await;
        }
        // A folder stands where the file should.
        let obstacle = self.directory.path().join(format!("{}.eml", message.id()));
        std::fs::create_dir_all(obstacle.join("full")).unwrap();
        let sent = self.mailer.send(message).await;
        std::fs::remove_dir_all(obstacle).unwrap();
        sent
    }
}

#[async_trait]
impl Fixture for Folder {
    fn mailer(&self) -> Arc<dyn Mailer> {
        Arc::new(self.clone())
    }

    fn sender(&self) -> Sender {
        acme()
    }

    async fn arrived(&self) -> Vec<Received> {
        let files = std::fs::read_dir(self.directory.path()).unwrap().map(|file| file.unwrap().path());
        let mails = files.filter(|file| file.extension().is_some_and(|end| end == "eml"));
        let read = |file: std::path::PathBuf| {
            let bytes = std::fs::read(&file).unwrap();
            std::fs::remove_file(file).unwrap();
            Received::from_mime(&bytes).unwrap()
        };
        mails.map(read).collect()
    }

    async fn fail_next(&self, to: &EmailAddress, failure: Failure) -> bool {
        let can = matches!(failure, Failure::Unreachable | Failure::RefusedForNow);
        can && self.obstructed.lock().unwrap().insert(to.clone())
    }
}

mod memory {
    invite_conformance::mailer! {
        super::Kept::default();
        except
            an_error_says_whether_to_try_again_when_the_reply_is_lost: "nothing is between it and what it keeps",
            a_repeat_has_the_same_id_after_a_lost_reply: "nothing is between it and what it keeps",
            the_sender_is_configured: "it keeps messages, which have no sender",
            the_sender_is_configured_whatever_a_message_says: "it keeps messages, which have no sender",
            bounded: "it waits for nothing",
    }
}

mod eml {
    invite_conformance::mailer! {
        super::Folder::new();
        except
            an_error_says_whether_to_try_again_when_refused_for_good: "a folder refuses nothing for good",
            an_error_says_whether_to_try_again_when_the_reply_is_lost: "a folder loses no reply",
            a_repeat_has_the_same_id_after_a_lost_reply: "a folder loses no reply",
            bounded: "a folder always answers",
    }
}
