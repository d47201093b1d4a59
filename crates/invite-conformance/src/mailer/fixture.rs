//! What a case needs: the mailer, and its next hop.

use std::sync::Arc;

use async_trait::async_trait;
use invite_core::EmailAddress;
use invite_mailer::{Mailer, Sender};

use super::Received;

/// A mailer made for one case, and its next hop, which tells what arrived and fails on cue: a server that the test
/// runs, a folder, a provider that is played.
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// The mailer, the same one at every call. Its time-outs are well below five seconds.
    fn mailer(&self) -> Arc<dyn Mailer>;

    /// The sender that the mailer was built with.
    fn sender(&self) -> Sender;

    /// Everything that the next hop has accepted since this was asked last. A part of a message counts as it is.
    async fn arrived(&self) -> Vec<Received>;

    /// Lets the next try of a message to this recipient fail; what is tried later does not, and nothing to others.
    /// `false` if this cannot be staged: a case that needs it then fails, until it is left out with the reason.
    async fn fail_next(&self, to: &EmailAddress, failure: Failure) -> bool;
}

/// How a try fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The next hop cannot be reached: no connection, no folder, no rights.
    Unreachable,
    /// It refuses the message for now, as with a 4xx.
    RefusedForNow,
    /// It refuses the message for good, as with a 5xx.
    RefusedForGood,
    /// It accepts the message, and the reply is lost.
    ReplyLost,
    /// It takes the connection and never answers.
    NoAnswer,
}

impl Failure {
    /// Every one that takes no time.
    pub(super) const AT_ONCE: [Self; 4] =
        [Self::Unreachable, Self::RefusedForNow, Self::RefusedForGood, Self::ReplyLost];

    /// Whether the next hop has the message all the same.
    pub(super) fn arrives(self) -> bool {
        self == Self::ReplyLost
    }
}

impl dyn Fixture {
    /// Stages a failure that the case cannot do without.
    pub(super) async fn must_fail_next(&self, to: &EmailAddress, failure: Failure) {
        assert!(
            self.fail_next(to, failure).await,
            "the fixture cannot stage {failure:?}: leave this case out, with the reason"
        );
    }
}
