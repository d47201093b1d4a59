//! What tells one message from another.

use std::fmt;

use invite_core::DeliveryId;

use crate::{InvalidMessage, Sender};

/// The most bytes that the id of a message may have.
const MAX_MESSAGE_ID_BYTES: usize = 64;

/// The identity of a message: the same for every try of one delivery, so that a repeat can be told from a second mail
/// (MAI-4).
///
/// 1 to 64 ASCII letters, digits, `-` and `_`, so that it can be part of a header and the name of a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// Checks the text.
    ///
    /// # Errors
    /// [`InvalidMessage::Id`] when it is empty, longer than 64 bytes, or holds anything but ASCII letters, digits,
    /// `-` and `_`.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidMessage> {
        let text = text.into();
        let is_valid = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > MAX_MESSAGE_ID_BYTES || !text.bytes().all(is_valid) {
            return Err(InvalidMessage::Id);
        }
        Ok(Self(text))
    }

    /// The id alone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The content of the `Message-ID` header without its angle brackets: the id at the sender's domain (M-7).
    #[must_use]
    pub fn at(&self, sender: &Sender) -> String {
        format!("{}@{}", self.0, sender.address().domain())
    }
}

impl From<DeliveryId> for MessageId {
    fn from(id: DeliveryId) -> Self {
        Self(id.to_string())
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({})", self.0)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn an_id_is_fit_for_a_header_and_for_a_file_name() {
        for text in ["", "a b", "a\r\nb", "a/b", "..", "a@b", "<a>", "é", &"x".repeat(65)] {
            assert_eq!(MessageId::parse(text), Err(InvalidMessage::Id), "{text:?}");
        }
        let delivery = DeliveryId::from_parts(DateTime::UNIX_EPOCH, [7; 10]);
        assert_eq!(MessageId::parse(delivery.to_string()).unwrap(), MessageId::from(delivery));
        let sender = Sender::parse("Acme <no-reply@Acme.example>").unwrap();
        assert_eq!(MessageId::parse("m1").unwrap().at(&sender), "m1@acme.example");
    }
}
