//! A mailer that waits and fails on cue.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use invite::{MailError, Mailer, Message};

use super::lock;

/// What becomes of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a test names the fault that it asks for")]
pub enum MailFault {
    /// It is not sent, and another try may help.
    Transient,
    /// It is not sent, and no other try can help.
    Permanent,
    /// It is sent, and the reply is lost.
    LostReply,
    /// Something else happens first: see [`ScriptedMailer::meanwhile`].
    Delayed,
    /// It is sent twice.
    Twice,
}

impl MailFault {
    /// Every fault there is.
    pub const ALL: [Self; 5] =
        [Self::Transient, Self::Permanent, Self::LostReply, Self::Delayed, Self::Twice];
}

type Meanwhile = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

#[derive(Default)]
struct Script {
    sends: Mutex<usize>,
    faults: Mutex<Vec<(usize, MailFault)>>,
    meanwhile: Mutex<Option<Meanwhile>>,
}

/// A mailer that waits and fails on cue. Clones share the script.
#[derive(Clone)]
pub struct ScriptedMailer<M> {
    inner: M,
    script: Arc<Script>,
}

impl<M> std::fmt::Debug for ScriptedMailer<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedMailer").finish_non_exhaustive()
    }
}

impl<M> ScriptedMailer<M> {
    /// Does nothing by itself.
    pub fn new(inner: M) -> Self {
        Self { inner, script: Arc::default() }
    }

    /// The mail of this number, counted from 0, comes to this.
    pub fn fault_at(&self, mail: usize, fault: MailFault) {
        lock(&self.script.faults).push((mail, fault));
    }

    /// What happens before a mail that is [`Delayed`](MailFault::Delayed).
    pub fn meanwhile<F>(&self, happens: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        *lock(&self.script.meanwhile) = Some(Box::new(move || Box::pin(happens())));
    }

    /// How many mails were to be sent.
    pub fn sends(&self) -> usize {
        *lock(&self.script.sends)
    }
}

impl Script {
    fn next(&self) -> Option<MailFault> {
        let mut sends = lock(&self.sends);
        let fault = lock(&self.faults).iter().find(|(at, _)| *at == *sends).map(|(_, fault)| *fault);
        *sends += 1;
        fault
    }
}

#[async_trait]
impl<M: Mailer> Mailer for ScriptedMailer<M> {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        match self.script.next() {
            None => return self.inner.send(message).await,
            Some(MailFault::Transient) => return Err(MailError::transient("told to fail for now")),
            Some(MailFault::Permanent) => return Err(MailError::permanent("told to fail for good")),
            Some(MailFault::LostReply) => {
                self.inner.send(message).await?;
                return Err(MailError::transient("told to lose the reply"));
            }
            Some(MailFault::Twice) => self.inner.send(message).await?,
            Some(MailFault::Delayed) => {
                let others = lock(&self.script.meanwhile).as_ref().map(|happens| happens());
                if let Some(others) = others {
                    others.await;
                }
            }
        }
        self.inner.send(message).await
    }
}
