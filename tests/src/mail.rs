//! A mail as its reader sees it.

use invite::{Message, Token};

use crate::people::token;

/// A mail as its reader sees it.
#[derive(Debug, Clone)]
pub struct Mail {
    /// What stands in the list of mails.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// The `Message-ID`, which the reader does not see.
    pub id: String,
}

impl Mail {
    /// The link to be followed: what stands under "View the invitation:" or "View the offer:".
    pub fn link(&self) -> String {
        let mut lines = self.text.lines();
        lines.find(|line| line.starts_with("View the ") && line.ends_with(':')).expect("something to view");
        lines.next().expect("a link under it").to_owned()
    }

    /// The token in that link.
    pub fn token(&self) -> Token {
        token(&self.link())
    }

    /// The link of "No more of these mails".
    pub fn unsubscribe(&self) -> String {
        let mut links = self.text.lines().filter_map(|line| line.strip_prefix("No more of these mails: "));
        links.next().expect("a way to stop the mails").to_owned()
    }

    /// The HTML as a preview shows it: with a link that leads nowhere, and none that stops the mails.
    pub fn html_as_previewed(&self) -> String {
        let unsubscribe = format!("<br><a href=\"{}\"", self.unsubscribe());
        let (before, after) = self.html.split_once(&unsubscribe).expect("a way to stop the mails");
        let (_, after) = after.split_once("</a>").expect("the end of the link");
        format!("{before}{after}").replace(&self.link(), "https://app.example/join#preview")
    }

    /// The token in the link that stops the mails.
    pub fn unsubscribe_token(&self) -> Token {
        let link = self.unsubscribe();
        Token::parse(link.rsplit('/').next().unwrap()).expect("the end of the path is a token")
    }
}

impl From<&Message> for Mail {
    fn from(message: &Message) -> Self {
        Self {
            subject: message.subject().to_owned(),
            text: message.text().to_owned(),
            html: message.html().unwrap_or_default().to_owned(),
            id: message.id().to_string(),
        }
    }
}
