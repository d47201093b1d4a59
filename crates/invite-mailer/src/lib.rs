//! The contract for sending invitations by mail, and the words of those mails.
//!
//! A host renders an [`InvitationMail`] with [`Templates`] into a [`Message`], and a [`Mailer`] hands it to the next
//! hop: an SMTP server, a provider's API, a folder, a test. `invite` does this from its outbox; this crate knows
//! neither storage nor runtime.
//!
//! # What a mailer promises
//!
//! The cases of the conformance suite have the names that stand here.
//!
//! - **M-1 `ok-means-accepted`**: [`send`](Mailer::send) returns `Ok` only once the next hop took the message over: the
//!   server answered that it will deliver, the file is on the disk.
//! - **M-2 `an-error-says-whether-to-try-again`**: an error is permanent only if the next hop refused this message for
//!   good. Everything else, and what is not known, is transient, after which the message may have been sent all the same.
//! - **M-3 `one-recipient`**: a message goes to its one recipient, in headers and envelope, and to nobody else (IDN-6).
//! - **M-4 `the-sender-is-configured`**: `From` and the envelope's sender are the [`Sender`] that the adapter was built
//!   with. Nothing in a message forms an address of either (MAI-3).
//! - **M-5 `unaltered`**: subject, names, bodies, further headers and date arrive as they are, but for line ends and
//!   transport encoding. No link is rewritten, no tracking added (WEB-5).
//! - **M-6 `text-adds-no-header`**: whatever a message says, the number and names of its headers stay the same (MAI-2).
//!   A message holds no control character where it could matter, and an adapter encodes as if it might.
//! - **M-7 `a-repeat-has-the-same-id`**: the same message sent twice may arrive twice, under one `Message-ID`, which is
//!   [`MessageId::at`] the sender (MAI-4). At least once is the promise; nobody waits for exactly once.
//! - **M-8 `one-try`**: an adapter tries once. When to try again is decided by who calls it.
//! - **M-9 `alone`**: messages are sent side by side, and the failure of one is no other's (MAI-5).
//! - **M-10 `silent`**: no log line, error or `Debug` holds text of a message, a link, or a whole address (PRI-4, TOK-3).
//! - **M-11 `bounded`**: every `send` ends. What waits for a network has a time-out, which is a transient error.
//! - **M-12 `whole-or-not`**: when the future is dropped or the process ends, the message was handed over whole or not
//!   at all.
//!
//! # What a mail is safe from
//!
//! Names, descriptions and personal messages come from users. [`display_name`] and [`message_text`] take out what a mail
//! program would turn into something to tap (MAI-1), and [`InvitationMail`] applies them to whatever it is given, so
//! that a host's own [`Templates`] only have to escape. Links are built from a configured [`BaseUrl`] and carry the
//! token in the fragment (WEB-1, WEB-2). [`preview`] renders by the same templates with dead links (MAI-8).
//!
//! # Examples
//! ```
//! use invite_mailer::{BaseUrl, BuiltInTemplates, InvitationMail, Link, MailKind, preview};
//!
//! let base = BaseUrl::parse("https://app.example/join")?;
//! let mail = InvitationMail::new(MailKind::Invitation, "Acme Ltd", Link::dead(&base)).with_inviter("Ada");
//! let shown = preview(&BuiltInTemplates, &mail)?;
//! assert_eq!(shown.subject, "Ada invites you to join Acme Ltd");
//! assert!(shown.text.contains("https://app.example/join#preview"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clean;
mod error;
mod header;
mod link;
mod mail;
mod mailer;
mod message;
mod message_id;
mod sender;
mod templates;
mod url;

pub use clean::{DESCRIPTION_MAX, MESSAGE_MAX, NAME_MAX, display_name, message_text};
pub use error::MailError;
pub use header::HeaderName;
pub use link::{BaseUrl, Link};
pub use mail::{InvitationMail, MailKind, MailScope};
pub use mailer::Mailer;
pub use message::{InvalidMessage, Message};
pub use message_id::MessageId;
pub use sender::{InvalidSender, Sender};
pub use templates::{BuiltInTemplates, Rendered, TemplateError, Templates, preview};
pub use url::{AboutUrl, InvalidUrl};
