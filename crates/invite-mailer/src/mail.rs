//! What an invitation's mail is about, before it is words.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::clean::{DESCRIPTION_MAX, MESSAGE_MAX, NAME_MAX, display_name, message_text};
use crate::{AboutUrl, Link};

/// What the mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MailKind {
    /// An invitation, or one sent again.
    Invitation,
    /// The same link once more, before it expires.
    Reminder,
    /// The offer to become the owner of the organization.
    Ownership,
    /// The notice to somebody who was made a member: by whom, where, and how to leave (C3).
    Included,
}

/// An organization or a group as a mail shows it (E7): its name, and what else there is to tell.
///
/// All text is cleaned as it is set, by the rules of [`display_name`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailScope {
    name: String,
    description: Option<String>,
    about_url: Option<AboutUrl>,
    role: Option<String>,
}

impl MailScope {
    /// An organization or group of this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: display_name(name, NAME_MAX), description: None, about_url: None, role: None }
    }

    /// What it is, on one line.
    #[must_use]
    pub fn with_description(mut self, text: &str) -> Self {
        self.description = filled(display_name(text, DESCRIPTION_MAX));
        self
    }

    /// Where to learn more.
    #[must_use]
    pub fn with_about_url(mut self, url: AboutUrl) -> Self {
        self.about_url = Some(url);
        self
    }

    /// What the invitee would be there: the label of a role, in the words of the host.
    #[must_use]
    pub fn with_role(mut self, label: &str) -> Self {
        self.role = filled(display_name(label, NAME_MAX));
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Where to learn more.
    #[must_use]
    pub fn about_url(&self) -> Option<&AboutUrl> {
        self.about_url.as_ref()
    }

    /// What the invitee would be there.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }
}

impl From<&str> for MailScope {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// Everything that a template can say in the mail of an invitation.
///
/// Names, descriptions and the message come from users and are cleaned as they are set (MAI-1), so that no template,
/// ours or a host's, sees anything else. They still have to be escaped for the place they go to. `Debug` shows neither
/// the message nor the token in a link.
#[derive(Clone)]
pub struct InvitationMail {
    kind: MailKind,
    organization: MailScope,
    groups: Vec<MailScope>,
    inviter: Option<String>,
    former_role: Option<String>,
    invitee: Option<String>,
    message: Option<String>,
    link: Link,
    unsubscribe: Option<Link>,
    expires_at: Option<DateTime<Utc>>,
    metadata: BTreeMap<String, String>,
    locale: Option<String>,
}

impl InvitationMail {
    /// A mail about this organization that leads to this link.
    #[must_use]
    pub fn new(kind: MailKind, organization: impl Into<MailScope>, link: Link) -> Self {
        Self {
            kind,
            organization: organization.into(),
            groups: Vec::new(),
            inviter: None,
            former_role: None,
            invitee: None,
            message: None,
            link,
            unsubscribe: None,
            expires_at: None,
            metadata: BTreeMap::new(),
            locale: None,
        }
    }

    /// Adds a group that the invitation is for.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<MailScope>) -> Self {
        self.groups.push(group.into());
        self
    }

    /// Names who invited.
    #[must_use]
    pub fn with_inviter(mut self, name: &str) -> Self {
        self.inviter = filled(display_name(name, NAME_MAX));
        self
    }

    /// What whoever offers the ownership is afterwards: the label of a role, in the words of the host (F16).
    #[must_use]
    pub fn with_former_role(mut self, label: &str) -> Self {
        self.former_role = filled(display_name(label, NAME_MAX));
        self
    }

    /// Names who is invited.
    #[must_use]
    pub fn with_invitee(mut self, name: &str) -> Self {
        self.invitee = filled(display_name(name, NAME_MAX));
        self
    }

    /// The personal message of the inviter, cleaned as [`message_text`] does. Who may write one is the business of
    /// whoever builds the mail (ABU-5).
    #[must_use]
    pub fn with_message(mut self, text: &str) -> Self {
        self.message = filled(message_text(text, MESSAGE_MAX));
        self
    }

    /// The link that ends further mail.
    #[must_use]
    pub fn with_unsubscribe(mut self, link: Link) -> Self {
        self.unsubscribe = Some(link);
        self
    }

    /// When the invitation ends. Without it, the mail speaks of no end.
    #[must_use]
    pub fn with_expires_at(mut self, at: DateTime<Utc>) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// What the host stored with the invitation (F19). The built-in templates do not show it.
    #[must_use]
    pub fn with_metadata(mut self, metadata: BTreeMap<String, String>) -> Self {
        self.metadata = metadata;
        self
    }

    /// The language that the invitee should read, as a BCP 47 tag. The built-in templates know English only.
    #[must_use]
    pub fn with_locale(mut self, tag: &str) -> Self {
        self.locale = Some(tag.to_owned());
        self
    }

    /// This mail with dead links in place of its live ones, for looking at (MAI-8).
    #[must_use]
    pub fn to_preview(&self) -> Self {
        Self {
            link: self.link.to_dead(),
            unsubscribe: self.unsubscribe.as_ref().map(Link::to_dead),
            ..self.clone()
        }
    }

    /// What the mail is for.
    #[must_use]
    pub fn kind(&self) -> MailKind {
        self.kind
    }

    /// The organization.
    #[must_use]
    pub fn organization(&self) -> &MailScope {
        &self.organization
    }

    /// The groups, in the order they were added.
    #[must_use]
    pub fn groups(&self) -> &[MailScope] {
        &self.groups
    }

    /// Who invited.
    #[must_use]
    pub fn inviter(&self) -> Option<&str> {
        self.inviter.as_deref()
    }

    /// What whoever offers the ownership is afterwards.
    #[must_use]
    pub fn former_role(&self) -> Option<&str> {
        self.former_role.as_deref()
    }

    /// Who is invited.
    #[must_use]
    pub fn invitee(&self) -> Option<&str> {
        self.invitee.as_deref()
    }

    /// The personal message; lines end in `\n`.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The link to accept or decline.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The link that ends further mail.
    #[must_use]
    pub fn unsubscribe(&self) -> Option<&Link> {
        self.unsubscribe.as_ref()
    }

    /// When the invitation ends.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// What the host stored with the invitation, as it was stored: neither cleaned nor escaped.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The language that the invitee should read.
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        self.locale.as_deref()
    }
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl fmt::Debug for InvitationMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvitationMail")
            .field("kind", &self.kind)
            .field("organization", &self.organization.name)
            .field("link", &self.link)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
