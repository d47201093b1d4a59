//! From content to words.

use std::error::Error;
use std::fmt;

use askama::Template;

use crate::{InvitationMail, Link, MailKind};

/// Turns the content of a mail into words. The [`BuiltInTemplates`] are English; a host that wants its own look or
/// languages implements this.
pub trait Templates: Send + Sync + 'static {
    /// Renders one mail. Pure: the same mail gives the same words, so that a preview shows what will be sent (E3).
    ///
    /// # Errors
    /// [`TemplateError`] when the mail cannot be put into words.
    fn render(&self, mail: &InvitationMail) -> Result<Rendered, TemplateError>;
}

/// A mail in words. It holds a live link unless it is a [`preview`]: `Debug` shows no text.
#[derive(Clone)]
#[non_exhaustive]
pub struct Rendered {
    /// The subject, not encoded.
    pub subject: String,
    /// The plain text body, which says everything.
    pub text: String,
    /// The HTML body.
    pub html: Option<String>,
}

impl Rendered {
    /// A mail of plain text.
    #[must_use]
    pub fn new(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { subject: subject.into(), text: text.into(), html: None }
    }

    /// Adds the HTML body, which says the same as the text.
    #[must_use]
    pub fn with_html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").finish_non_exhaustive()
    }
}

/// A mail could not be put into words.
#[derive(Debug, thiserror::Error)]
#[error("the mail could not be rendered")]
pub struct TemplateError(#[source] Box<dyn Error + Send + Sync>);

impl TemplateError {
    /// Wraps what a template library says, or a text.
    #[must_use]
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Renders the mail as it will look, with links that can never be live (E3, MAI-8).
///
/// The templates see nothing but the mail with its links replaced, so no template can show a live one.
///
/// # Errors
/// [`TemplateError`] as from [`Templates::render`].
pub fn preview<T: Templates + ?Sized>(
    templates: &T,
    mail: &InvitationMail,
) -> Result<Rendered, TemplateError> {
    templates.render(&mail.to_preview())
}

/// The mail in English, as text and as HTML, built into the library.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs, reason = "a unit: it has nothing to set")]
pub struct BuiltInTemplates;

impl Templates for BuiltInTemplates {
    fn render(&self, mail: &InvitationMail) -> Result<Rendered, TemplateError> {
        let words = Words::of(mail);
        let subject = render(&Subject { mail, words: &words })?;
        let text = render(&Text { mail, words: &words })?;
        let html = render(&Html { mail, words: &words })?;
        Ok(Rendered::new(subject, text).with_html(html))
    }
}

fn render(template: &impl Template) -> Result<String, TemplateError> {
    template.render().map_err(TemplateError::new)
}

#[derive(Template)]
#[template(path = "subject.txt", escape = "none")]
struct Subject<'a> {
    mail: &'a InvitationMail,
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "invitation.txt", escape = "none")]
struct Text<'a> {
    mail: &'a InvitationMail,
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct Html<'a> {
    mail: &'a InvitationMail,
    words: &'a Words,
}

/// What differs between the kinds of mail, and what a template cannot compute.
struct Words {
    /// Before the subject.
    prefix: &'static str,
    /// Between the inviter and the organization.
    invites: &'static str,
    /// Before the organization, when nobody is named as the inviter.
    invited: &'static str,
    /// On the button.
    button: &'static str,
    /// What it is that ends.
    thing: &'static str,
    /// What the link is for, and what to do if the mail was not expected; as lines.
    footer: [&'static str; 2],
    link: String,
    unsubscribe: Option<String>,
    expires: Option<String>,
}

impl Words {
    fn of(mail: &InvitationMail) -> Self {
        let (prefix, [invites, invited, button, thing], footer) = match mail.kind() {
            MailKind::Invitation => ("", JOIN, IGNORE),
            MailKind::Reminder => ("Reminder: ", JOIN, IGNORE),
            MailKind::Ownership => ("", OWN, IGNORE),
            MailKind::Included => ("", IN, LEAVE),
        };
        Self {
            prefix,
            invites,
            invited,
            button,
            thing,
            footer,
            link: mail.link().reveal(),
            unsubscribe: mail.unsubscribe().map(Link::reveal),
            expires: mail.expires_at().map(|at| at.format("%A, %-d %B %Y at %H:%M UTC").to_string()),
        }
    }
}

const JOIN: [&str; 4] =
    ["invites you to join", "You are invited to join", "View the invitation", "invitation"];
const IN: [&str; 4] = ["included you in", "You were included in", "View the organization", "access"];
const OWN: [&str; 4] =
    ["offers you the ownership of", "You are offered the ownership of", "View the offer", "offer"];
const IGNORE: [&str; 2] = [
    "The link is meant for you alone. If you did not expect this mail, you",
    "can ignore it: nothing happens unless you follow the link.",
];
const LEAVE: [&str; 2] = [
    "You are a member now. If you do not want to be, follow the link, sign",
    "in and leave: after that, nobody includes you there again.",
];
