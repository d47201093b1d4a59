//! Tidy: write down what time and status have already decided, a few rows at a time.

use core::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::rules::organization;
use crate::seats::end_due;
use crate::{Actor, Draft, Host, Operation, Reads, Stop};

/// Writes down that invitations expired, or ended with their organization. Truth does not need it: every
/// decision and every list subtracts what is past its time. It only keeps the rows tidy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tidy {
    limit: u32,
}

impl Tidy {
    /// At most so many invitations, and at most 1,000.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { limit: limit.clamp(1, 1_000) }
    }
}

/// What came of tidying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tidied {
    /// How many invitations were ended.
    pub ended: usize,
    /// Whether there are more.
    pub more: bool,
}

impl Sealed for Tidy {}

impl Operation for Tidy {
    type Outcome = Tidied;
    type Refusal = Infallible;
    const NAME: &'static str = "tidy";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = Reads::new();
        reads.due = self.limit;
        reads
    }

    fn rows(&self) -> usize {
        self.limit as usize
    }

    fn decide(
        &self,
        host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        organization::<Infallible>(draft)?;
        let ended = end_due(host.model, draft)?;
        Ok(Tidied { ended, more: draft.has_more_due() })
    }
}
