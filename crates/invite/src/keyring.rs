//! The host's keys.

use invite_core::{DuplicateKeyId, Key};

use crate::entropy::{Entropy as _, SystemEntropy};

/// The keys that tokens are issued and verified with: one that issues, and older ones that still verify (TOK-6).
///
/// A store without the keyring forges nothing, and neither does a keyring without the store (TOK-2).
#[derive(Debug, Clone)]
pub struct Keyring(pub(crate) invite_core::Keyring);

impl Keyring {
    /// A keyring with one key under an id.
    #[must_use]
    pub fn new(id: u32, key: Key) -> Self {
        Self(invite_core::Keyring::new(id, key))
    }

    /// A keyring of a key that nobody keeps: every link dies with the process. For tests and demos.
    ///
    /// # Panics
    /// When the operating system has no random numbers to give.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "a process without random numbers cannot go on, and this is no service"
    )]
    pub fn ephemeral() -> Self {
        let mut bytes = [0; 32];
        SystemEntropy.fill(&mut bytes).expect("random numbers of the operating system");
        Self::new(0, Key::from_bytes(&bytes).expect("32 random bytes are a key"))
    }

    /// Adds an older key that still verifies.
    ///
    /// # Errors
    /// [`DuplicateKeyId`]
    pub fn verifying(self, id: u32, key: Key) -> Result<Self, DuplicateKeyId> {
        self.0.verifying(id, key).map(Self)
    }

    /// Issues with a new key from now on; the one that issued so far still verifies.
    ///
    /// # Errors
    /// [`DuplicateKeyId`]
    pub fn rotate_to(self, id: u32, key: Key) -> Result<Self, DuplicateKeyId> {
        self.0.rotate_to(id, key).map(Self)
    }
}

impl From<invite_core::Keyring> for Keyring {
    fn from(keyring: invite_core::Keyring) -> Self {
        Self(keyring)
    }
}
