//! The host's directory of users: what their names are.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use invite_core::{EmailAddress, UserId};

/// The host's directory failed.
#[derive(Debug, thiserror::Error)]
#[error("the directory of users failed")]
pub struct DirectoryError(#[source] Box<dyn Error + Send + Sync>);

impl DirectoryError {
    /// Wraps the cause.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// The host's directory of users. Used for what people read: names in mails and previews. Never to decide who
/// somebody is: whoever accepts is passed explicitly (IDN-2).
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// The name of a user, as others may read it; `None` if there is none to show.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn name(&self, user: &UserId) -> Result<Option<String>, DirectoryError>;

    /// Whether there is an account for an address; `None` if that is not to be told. Asked only for whoever
    /// holds a link that was mailed to the address, to offer signing in or signing up.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn has_account(&self, address: &EmailAddress) -> Result<Option<bool>, DirectoryError>;
}

/// A directory that knows nobody: mails name the organization alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDirectory;

#[async_trait]
impl Directory for NoDirectory {
    async fn name(&self, _user: &UserId) -> Result<Option<String>, DirectoryError> {
        Ok(None)
    }

    async fn has_account(&self, _address: &EmailAddress) -> Result<Option<bool>, DirectoryError> {
        Ok(None)
    }
}

/// A directory in memory, for tests and demos. Clones are the same directory.
#[derive(Debug, Clone, Default)]
pub struct MemoryDirectory(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    names: HashMap<UserId, String>,
    accounts: HashMap<EmailAddress, UserId>,
}

impl MemoryDirectory {
    /// An empty directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user with a name and the address of the account.
    pub fn add(&self, user: UserId, name: impl Into<String>, address: Option<EmailAddress>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.names.insert(user.clone(), name.into());
        if let Some(address) = address {
            known.accounts.insert(address, user);
        }
    }
}

#[async_trait]
impl Directory for MemoryDirectory {
    async fn name(&self, user: &UserId) -> Result<Option<String>, DirectoryError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).names.get(user).cloned())
    }

    async fn has_account(&self, address: &EmailAddress) -> Result<Option<bool>, DirectoryError> {
        Ok(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner).accounts.contains_key(address)))
    }
}
