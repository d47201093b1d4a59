//! Why a message was not sent.

use std::error::Error;
use std::fmt;

/// A message was not sent, or nobody knows whether it was.
///
/// Opaque: it says whether another try may help (M-2), and what the adapter's library said is its
/// [`source`](Error::source). An adapter makes one with [`transient`](Self::transient) or
/// [`permanent`](Self::permanent).
pub struct MailError {
    permanent: bool,
    source: Box<dyn Error + Send + Sync>,
}

impl MailError {
    /// Another try may help: no connection, a time-out, a lost reply, a "try again later" (4xx), a full disk, and
    /// whatever the adapter does not know how to class.
    ///
    /// The source is an error or a text, without a secret and without a whole address (M-10): a server's reply
    /// often repeats the address, so give its code and not its words.
    #[must_use]
    pub fn transient(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { permanent: false, source: source.into() }
    }

    /// No further try can help: the next hop refused this message for good (5xx), as for a mailbox that does not
    /// exist.
    ///
    /// For the source holds what [`transient`](Self::transient) says.
    #[must_use]
    pub fn permanent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { permanent: true, source: source.into() }
    }

    /// Whether another try may help. What is not known to be permanent counts as transient.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !self.permanent
    }

    /// Whether the next hop refused the message for good.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.permanent {
            "the mail was refused for good"
        } else {
            "the mail could not be sent for now"
        })
    }
}

impl fmt::Debug for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailError").field("permanent", &self.permanent).field("source", &self.source).finish()
    }
}

impl Error for MailError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_its_own_layer_and_hands_on_the_next() {
        let error = MailError::transient("connection refused");
        assert!(error.is_transient() && !error.is_permanent());
        assert_eq!(error.to_string(), "the mail could not be sent for now");
        assert_eq!(error.source().unwrap().to_string(), "connection refused");

        let error = MailError::permanent(std::io::Error::other("550"));
        assert!(error.is_permanent() && !error.is_transient());
        assert_eq!(error.source().unwrap().to_string(), "550");
    }
}
