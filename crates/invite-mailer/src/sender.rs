//! From whom mail comes: configured on an adapter, never part of a message.

use invite_core::{EmailAddress, InvalidEmail};

use crate::clean::single_line;

/// The configured sender of all mail of an adapter (MAI-3).
///
/// # Examples
/// ```
/// use invite_mailer::Sender;
///
/// let sender = Sender::parse("Acme <no-reply@acme.example>")?;
/// assert_eq!(sender.name(), Some("Acme"));
/// assert_eq!(sender.mailbox(), "no-reply@acme.example");
/// # Ok::<(), invite_mailer::InvalidSender>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    name: Option<String>,
    address: EmailAddress,
}

/// Text that cannot be a sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSender {
    /// What should be the address is none.
    #[error("the address of the sender is not valid")]
    Address(#[source] InvalidEmail),
    /// The name holds a control character, or one that is invisible or changes the direction of text.
    #[error("the name of the sender holds a forbidden character")]
    Name,
}

impl Sender {
    /// A sender without a name.
    #[must_use]
    pub fn new(address: EmailAddress) -> Self {
        Self { name: None, address }
    }

    /// Reads `Name <local@domain>`, `"Name" <local@domain>` or `local@domain`.
    ///
    /// # Errors
    /// [`InvalidSender`] when the address is none, or the name holds a control, bidirectional or invisible character.
    pub fn parse(text: &str) -> Result<Self, InvalidSender> {
        let (name, address) = match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, address)) => (name.trim(), address),
            None => ("", text),
        };
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        let address = EmailAddress::parse(address).map_err(InvalidSender::Address)?;
        if name != single_line(name) {
            return Err(InvalidSender::Name);
        }
        Ok(Self { name: Some(name.to_owned()).filter(|name| !name.is_empty()), address })
    }

    /// The name, as configured.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> &EmailAddress {
        &self.address
    }

    /// The address as it is written in headers and envelope: the domain as A-labels.
    #[must_use]
    pub fn mailbox(&self) -> String {
        mailbox(&self.address)
    }
}

/// With the domain as A-labels a mail needs no server that knows international addresses, unless the part before the
/// `@` does.
pub(crate) fn mailbox(address: &EmailAddress) -> String {
    format!("{}@{}", address.local(), address.domain())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for (text, name, address) in [
            ("no-reply@acme.example", None, "no-reply@acme.example"),
            ("<no-reply@acme.example>", None, "no-reply@acme.example"),
            ("Acme <no-reply@acme.example>", Some("Acme"), "no-reply@acme.example"),
            (
                "\"Acme, Ltd.\" <No-Reply@Bücher.example>",
                Some("Acme, Ltd."),
                "No-Reply@xn--bcher-kva.example",
            ),
        ] {
            let sender = Sender::parse(text).unwrap();
            assert_eq!((sender.name(), sender.mailbox().as_str()), (name, address));
        }
    }

    #[test]
    fn a_sender_is_one_line() {
        for text in [
            "",
            "Acme",
            "Acme <>",
            "Acme <a@acme.example",
            "Acme\r\nBcc: x <a@acme.example>",
            "Acme\u{202E} <a@acme.example>",
            "Acme <a@acme.example\r\nBcc: eve@evil.example>",
        ] {
            assert!(Sender::parse(text).is_err(), "{text:?}");
        }
    }
}
