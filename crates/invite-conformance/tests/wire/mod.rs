//! A next hop that is played, and a mailer for it that keeps the contract, but in one thing if it is to be broken.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use invite_conformance::mailer::{Envelope, Failure, Fixture, Received};
use invite_core::EmailAddress;
use invite_mailer::{MailError, Mailer, Message, Sender};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;

/// What the next hop answers.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Answer {
    #[error("no connection")]
    NoConnection,
    #[error("code {0}")]
    Code(u16),
    #[error("no reply")]
    NoReply,
}

/// An envelope and what is in it.
type Handed = (Envelope, Vec<u8>);

/// The next hop.
#[derive(Default)]
struct Hop {
    arrived: Mutex<Vec<Handed>>,
    failing: Mutex<HashMap<String, Failure>>,
}

impl Hop {
    async fn take(&self, envelope: Envelope, mime: Vec<u8>) -> Result<(), Answer> {
        let failing = self.failing.lock().unwrap().remove(&envelope.to[0].to_lowercase());
        match failing {
            Some(Failure::Unreachable) => return Err(Answer::NoConnection),
            Some(Failure::RefusedForNow) => return Err(Answer::Code(451)),
            Some(Failure::RefusedForGood) => return Err(Answer::Code(550)),
            Some(Failure::NoAnswer) => std::future::pending().await,
            Some(_) | None => self.arrived.lock().unwrap().push((envelope, mime)),
        }
        if failing.is_some() { Err(Answer::NoReply) } else { Ok(()) }
    }
}

/// What is wrong with a mailer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Broken {
    SaysSentWhatFailed,
    SaysSentBeforeItIs,
    TellsPassingAsPermanent,
    TellsPermanentAsPassing,
    TellsALostReplyAsPermanent,
    CopiesTheArchive,
    LowersTheRecipient,
    SplitsTheName,
    SendsInTheInvitersName,
    BouncesToTheRecipient,
    DropsTheText,
    EscapesTheHtml,
    WrapsLines,
    TracksLinks,
    ForgetsHeaders,
    MakesHtmlUp,
    WritesAsciiAlone,
    DropsLeadingDots,
    DecodesQuotedPrintableTwice,
    ReusesTheBoundary,
    PreviewsTheText,
    FoldsIntoHeaders,
    DecodesPercents,
    MakesAnIdPerTry,
    TriesAgain,
    FailsAllForOne,
    RepeatsTheAddressInErrors,
    LogsTheText,
    WaitsForEver,
    SendsInHalves,
}

/// The mailer under test, with its next hop.
#[derive(Clone)]
pub struct Wire {
    hop: Arc<Hop>,
    broken: Option<Broken>,
    tries: Arc<AtomicUsize>,
    has_failed: Arc<AtomicBool>,
    unsent: Arc<Mutex<Vec<Handed>>>,
}

/// Stands where a subject is put in by hand.
const TO_COME: &str = "SUBJECT-TO-COME";

const TIME_OUT: Duration = Duration::from_millis(100);

impl Wire {
    pub fn new(broken: Option<Broken>) -> Self {
        Self {
            hop: Arc::default(),
            broken,
            tries: Arc::default(),
            has_failed: Arc::default(),
            unsent: Arc::default(),
        }
    }

    fn has(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    fn envelope(&self, message: &Message) -> Envelope {
        let mut envelope = Envelope { from: self.sender().mailbox(), to: vec![message.mailbox()] };
        match self.broken {
            Some(Broken::CopiesTheArchive) => envelope.to.push("archive@acme.example".to_owned()),
            Some(Broken::LowersTheRecipient) => envelope.to = vec![message.mailbox().to_lowercase()],
            Some(Broken::BouncesToTheRecipient) => envelope.from = message.mailbox(),
            _ => {}
        }
        envelope
    }

    fn mime(&self, message: &Message) -> Vec<u8> {
        let sender = self.sender();
        let mut from = sender.name().map(str::to_owned);
        if self.has(Broken::SendsInTheInvitersName) {
            from = Some(message.subject().split(" invites").next().unwrap().to_owned());
        }
        let mut id = message.id().at(&sender);
        if self.has(Broken::MakesAnIdPerTry) {
            id = format!("{}-{id}", self.tries.load(Ordering::SeqCst));
        }
        let raw_subject = match self.broken {
            Some(Broken::FoldsIntoHeaders) => Some(folded(message.subject())),
            Some(Broken::DecodesPercents) => Some(message.subject().replace("%0d%0a", "\r\n")),
            _ => None,
        };
        let mut mail = MessageBuilder::new()
            .from(Address::new_address(from, sender.mailbox()))
            .date(message.date().timestamp())
            .message_id(id);
        if !self.has(Broken::DropsTheText) {
            mail = mail.text_body(self.text(message));
        }
        mail = match message.to_name() {
            Some(name) if self.has(Broken::SplitsTheName) => {
                mail.header("To", Raw::new(format!("{name} <{}>", message.mailbox())))
            }
            name => mail.to(Address::new_address(name.map(str::to_owned), message.mailbox())),
        };
        mail = mail.subject(if raw_subject.is_some() { TO_COME } else { message.subject() });
        if !self.has(Broken::ForgetsHeaders) {
            for (name, value) in message.headers() {
                mail = mail.header(name.as_str().to_owned(), Raw::new(value.clone()));
            }
        }
        let mail = match message.html() {
            Some(html) if self.has(Broken::EscapesTheHtml) => mail.html_body(html.replace('&', "&amp;")),
            Some(html) if self.has(Broken::TracksLinks) => mail.html_body(
                html.replace("https://app.example/", "https://click.example/?to=https://app.example/"),
            ),
            Some(html) => mail.html_body(html),
            None if self.has(Broken::MakesHtmlUp) => mail.html_body(message.text()),
            None => mail,
        };
        match raw_subject {
            _ if self.has(Broken::ReusesTheBoundary) => {
                with_the_same_boundary(&mail.write_to_string().unwrap())
            }
            _ if self.has(Broken::PreviewsTheText) => {
                let mail = mail.write_to_string().unwrap();
                let lines = message.text().lines().filter(|line| !line.trim().is_empty());
                format!("X-Preview: {}\r\n{mail}", lines.collect::<Vec<_>>().join("\r\n")).into_bytes()
            }
            Some(subject) => mail.write_to_string().unwrap().replace(TO_COME, &subject).into_bytes(),
            None => mail.write_to_vec().unwrap(),
        }
    }

    fn text(&self, message: &Message) -> String {
        let text = message.text();
        match self.broken {
            Some(Broken::WrapsLines) => {
                let letters = text.chars().collect::<Vec<_>>();
                letters.chunks(78).map(String::from_iter).collect::<Vec<_>>().join("\n")
            }
            Some(Broken::WritesAsciiAlone) => {
                text.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }).collect()
            }
            Some(Broken::DropsLeadingDots) => {
                let line = |line: &str| line.strip_prefix('.').unwrap_or(line).to_owned();
                text.split('\n').map(line).collect::<Vec<_>>().join("\n")
            }
            Some(Broken::DecodesQuotedPrintableTwice) => {
                text.replace("=\n", "").replace("=20", " ").replace("=3D", "=")
            }
            _ => text.to_owned(),
        }
    }

    async fn try_once(&self, message: &Message) -> Result<(), Answer> {
        self.tries.fetch_add(1, Ordering::SeqCst);
        let (envelope, mime) = (self.envelope(message), self.mime(message));
        if self.has(Broken::SaysSentBeforeItIs) {
            let earlier = std::mem::replace(&mut *self.unsent.lock().unwrap(), vec![(envelope, mime)]);
            for (envelope, mime) in earlier {
                self.hop.take(envelope, mime).await?;
            }
            return Ok(());
        }
        if self.has(Broken::SendsInHalves) {
            let half = (envelope.clone(), mime[..mime.len() / 2].to_vec());
            self.hop.arrived.lock().unwrap().push(half.clone());
            tokio::task::yield_now().await;
            self.hop.arrived.lock().unwrap().retain(|arrived| *arrived != half);
        }
        tokio::task::yield_now().await;
        let taken = self.hop.take(envelope, mime);
        if self.has(Broken::WaitsForEver) {
            return taken.await;
        }
        tokio::time::timeout(TIME_OUT, taken).await.unwrap_or(Err(Answer::NoReply))
    }

    fn error(&self, message: &Message, answer: Answer) -> MailError {
        let is_permanent = match self.broken {
            Some(Broken::TellsPassingAsPermanent) => answer != Answer::NoReply,
            Some(Broken::TellsPermanentAsPassing) => false,
            Some(Broken::TellsALostReplyAsPermanent) => matches!(answer, Answer::Code(550) | Answer::NoReply),
            _ => answer == Answer::Code(550),
        };
        if self.has(Broken::RepeatsTheAddressInErrors) {
            let words = format!("{answer}: {} refused", message.mailbox());
            return if is_permanent { MailError::permanent(words) } else { MailError::transient(words) };
        }
        if is_permanent { MailError::permanent(answer) } else { MailError::transient(answer) }
    }
}

/// With a boundary that is the same in every message, whatever its words are.
fn with_the_same_boundary(mail: &str) -> Vec<u8> {
    let own = mail.split_once("boundary=\"").and_then(|(_, rest)| rest.split_once('"'));
    own.map_or(mail.to_owned(), |(own, _)| mail.replace(own, "=_m1")).into_bytes()
}

/// Folds long lines, and forgets that the next one begins with a space.
fn folded(subject: &str) -> String {
    let mut line = 0;
    let fold = |word: &str| {
        line += word.len() + 1;
        if line < 70 {
            return format!("{word} ");
        }
        line = 0;
        format!("{word}\r\n")
    };
    subject.split(' ').map(fold).collect::<String>().trim_end().to_owned()
}

#[async_trait]
impl Mailer for Wire {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        if self.has(Broken::LogsTheText) {
            tracing::debug!(text = message.text(), "sending");
        }
        if self.has(Broken::FailsAllForOne) && self.has_failed.load(Ordering::SeqCst) {
            return Err(MailError::transient("not connected any more"));
        }
        let mut tried = self.try_once(message).await;
        if self.has(Broken::TriesAgain) && tried.is_err_and(|answer| answer != Answer::Code(550)) {
            tried = self.try_once(message).await;
        }
        if self.has(Broken::SaysSentWhatFailed) {
            return Ok(());
        }
        tried.map_err(|answer| {
            self.has_failed.store(true, Ordering::SeqCst);
            self.error(message, answer)
        })
    }
}

#[async_trait]
impl Fixture for Wire {
    fn mailer(&self) -> Arc<dyn Mailer> {
        Arc::new(self.clone())
    }

    fn sender(&self) -> Sender {
        Sender::parse("Acme, Ltd. <No-Reply@Bücher.example>").unwrap()
    }

    async fn arrived(&self) -> Vec<Received> {
        let arrived = std::mem::take(&mut *self.hop.arrived.lock().unwrap());
        let read =
            |(envelope, mime): &Handed| Received::from_mime(mime).unwrap().in_envelope(envelope.clone());
        arrived.iter().map(read).collect()
    }

    async fn fail_next(&self, to: &EmailAddress, failure: Failure) -> bool {
        let to = format!("{}@{}", to.local(), to.domain()).to_lowercase();
        self.hop.failing.lock().unwrap().insert(to, failure);
        true
    }
}
