//! A mailer that keeps its mail.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use invite_core::{EmailAddress, Token};
use invite_mailer::{MailError, Mailer, Message};

/// Keeps every message in memory, for tests and demos. Clones share what they keep.
///
/// It fails on cue: [`fail_next`](Self::fail_next) and [`fail_to`](Self::fail_to).
///
/// # Examples
/// ```
/// use invite_mailer::Mailer;
/// use invite_memory::{Failure, MemoryMailer};
/// # use invite_mailer::{Message, MessageId, Rendered};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let to = invite_core::EmailAddress::parse("bob@example.com")?;
/// # let words = Rendered::new("Hello", "Hello Bob");
/// # let message = Message::new(MessageId::parse("m1")?, chrono::DateTime::UNIX_EPOCH, to, words)?;
/// let mailer = MemoryMailer::new();
/// mailer.fail_next(Failure::Transient, 1);
/// assert!(mailer.send(&message).await.is_err_and(|error| error.is_transient()));
/// mailer.send(&message).await?;
/// assert_eq!(mailer.sent().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MemoryMailer {
    state: Arc<Mutex<State>>,
}

/// How a send should fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "a mail error is one or the other")]
pub enum Failure {
    /// Another try may help.
    Transient,
    /// No further try can help.
    Permanent,
}

#[derive(Default)]
struct State {
    sent: Vec<Message>,
    next: Option<(Failure, usize)>,
    to: HashMap<EmailAddress, Failure>,
}

impl MemoryMailer {
    /// A mailer that has sent nothing and fails at nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every message sent, in order. Repeats are in it as often as they were sent.
    #[must_use]
    pub fn sent(&self) -> Vec<Message> {
        self.state().sent.clone()
    }

    /// The last message sent to this address, however it is spelled.
    #[must_use]
    pub fn last_to(&self, address: &str) -> Option<Message> {
        let address = EmailAddress::parse(address).ok()?;
        self.state().sent.iter().rev().find(|message| *message.to() == address).cloned()
    }

    /// The token in the last message sent to this address, taken out of the link in its text as a reader would.
    ///
    /// # Errors
    /// A permanent [`MailError`] when nothing was sent there, or the text has no link with a token in its fragment.
    pub fn last_token_to(&self, address: &str) -> Result<Token, MailError> {
        let message = self.last_to(address).ok_or_else(|| MailError::permanent("no mail was sent there"))?;
        let mut links = message.text().split_whitespace().filter_map(|word| word.split_once('#'));
        links
            .find_map(|(_, fragment)| Token::parse(fragment).ok())
            .ok_or_else(|| MailError::permanent("the mail has no link with a token"))
    }

    /// Lets the next `times` sends fail, whoever they are for. Replaces what was said before.
    pub fn fail_next(&self, failure: Failure, times: usize) {
        self.state().next = Some((failure, times));
    }

    /// Lets every send to this address fail, until [`recover`](Self::recover).
    pub fn fail_to(&self, address: &EmailAddress, failure: Failure) {
        self.state().to.insert(address.clone(), failure);
    }

    /// Lets every send succeed again.
    pub fn recover(&self) {
        let mut state = self.state();
        state.next = None;
        state.to.clear();
    }

    /// No step under the lock can leave the state half changed, so a panic elsewhere does no harm to it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn failure(&mut self, to: &EmailAddress) -> Option<Failure> {
        if let Some((failure, times)) = &mut self.next
            && *times > 0
        {
            *times -= 1;
            return Some(*failure);
        }
        self.to.get(to).copied()
    }
}

#[async_trait]
impl Mailer for MemoryMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let mut state = self.state();
        match state.failure(message.to()) {
            Some(Failure::Transient) => Err(MailError::transient("told to fail for now")),
            Some(Failure::Permanent) => Err(MailError::permanent("told to fail for good")),
            None => {
                state.sent.push(message.clone());
                Ok(())
            }
        }
    }
}

impl fmt::Debug for MemoryMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryMailer").field("sent", &self.state().sent.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use invite_core::{Key, Keyring, Nonce, OrganizationId, Purpose};
    use invite_mailer::{
        BaseUrl, BuiltInTemplates, InvitationMail, MailKind, MessageId, Rendered, Templates,
    };

    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn message(id: &str, to: &str, words: Rendered) -> Message {
        Message::new(MessageId::parse(id).unwrap(), DateTime::UNIX_EPOCH, address(to), words).unwrap()
    }

    fn hello(id: &str, to: &str) -> Message {
        message(id, to, Rendered::new("Hello", "Hello"))
    }

    #[tokio::test]
    async fn clones_share_what_was_sent() {
        let mailer = MemoryMailer::new();
        mailer.clone().send(&hello("m1", "bob@example.com")).await.unwrap();
        mailer.send(&hello("m2", "eve@example.com")).await.unwrap();
        mailer.send(&hello("m2", "eve@example.com")).await.unwrap();
        let ids: Vec<_> = mailer.sent().iter().map(|message| message.id().to_string()).collect();
        assert_eq!(ids, ["m1", "m2", "m2"]);
        assert_eq!(mailer.last_to("BOB@Example.com").unwrap().id().as_str(), "m1");
        assert!(mailer.last_to("ada@example.com").is_none() && mailer.last_to("not an address").is_none());
    }

    #[tokio::test]
    async fn the_token_is_read_from_the_text_of_the_last_mail() {
        let keyring = Keyring::new(1, Key::from_bytes(b"a key of thirty-two bytes, or so").unwrap());
        let acme = OrganizationId::parse("acme").unwrap();
        let issue = |purpose, nonce| {
            keyring.issue(purpose, &acme, uuid::Uuid::nil(), &Nonce::from_bytes([nonce; 16]))
        };
        let base = BaseUrl::parse("https://app.example/join").unwrap();
        let mailer = MemoryMailer::new();
        for nonce in [1, 2] {
            let link = base.link(&issue(Purpose::Mailed, nonce));
            let mail = InvitationMail::new(MailKind::Invitation, "Acme #1", link)
                .with_unsubscribe(base.link(&issue(Purpose::Unsubscribe, nonce)));
            let words = BuiltInTemplates.render(&mail).unwrap();
            mailer.send(&message("m1", "bob@example.com", words)).await.unwrap();
        }
        let token = mailer.last_token_to("bob@example.com").unwrap();
        assert_eq!(token.reveal(), issue(Purpose::Mailed, 2).reveal());

        mailer.send(&hello("m2", "eve@example.com")).await.unwrap();
        assert!(mailer.last_token_to("eve@example.com").is_err());
        assert!(mailer.last_token_to("ada@example.com").is_err());
    }

    #[tokio::test]
    async fn it_fails_on_cue_and_keeps_nothing_then() {
        let mailer = MemoryMailer::new();
        let (bob, eve) = (hello("m1", "bob@example.com"), hello("m2", "eve@example.com"));
        mailer.fail_to(&address("Eve@example.com"), Failure::Permanent);
        mailer.fail_next(Failure::Transient, 2);
        assert!(mailer.send(&bob).await.unwrap_err().is_transient());
        assert!(mailer.send(&eve).await.unwrap_err().is_transient());
        mailer.send(&bob).await.unwrap();
        assert!(mailer.send(&eve).await.unwrap_err().is_permanent());
        assert!(mailer.send(&eve).await.unwrap_err().is_permanent());
        mailer.recover();
        mailer.send(&eve).await.unwrap();
        assert_eq!(mailer.sent().len(), 2);
    }
}
