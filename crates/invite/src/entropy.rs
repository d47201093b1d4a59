//! Random numbers: the one place that draws them (TOK-1).

use rand::TryRng as _;
#[expect(clippy::disallowed_types, reason = "the one place that draws random numbers")]
use rand::rngs::SysRng;

/// The operating system gave no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random numbers")]
pub struct NoEntropy;

/// Where random numbers come from.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the bytes with random ones, fit for secrets.
    ///
    /// # Errors
    /// [`NoEntropy`]; the bytes are then of no use.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        SysRng.try_fill_bytes(bytes).map_err(|_| NoEntropy)
    }
}
