//! The contract of an adapter.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{MailError, Message};

/// Sends messages. The numbered sentences of the [crate documentation](crate) are what an adapter promises.
///
/// # Examples
/// ```
/// use invite_mailer::{MailError, Mailer, Message};
///
/// /// Drops every message, for a host that hands over links by its own means.
/// struct Nowhere;
///
/// #[async_trait::async_trait]
/// impl Mailer for Nowhere {
///     async fn send(&self, _message: &Message) -> Result<(), MailError> {
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Hands the message to the next hop, once.
    ///
    /// # Errors
    /// [`MailError`], which says whether another try may help. After a transient one the message may have been
    /// sent all the same.
    async fn send(&self, message: &Message) -> Result<(), MailError>;
}

#[async_trait]
impl<M: Mailer + ?Sized> Mailer for Arc<M> {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        (**self).send(message).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_mailer_is_a_mailer() {
        fn is_mailer<M: Mailer>() {}
        is_mailer::<Arc<dyn Mailer>>();
    }
}
