//! The host's directory of users: what their names are, and who is meant by one.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use invite_core::{Called, EmailAddress, UserId};

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

/// A user as others may read of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a user and a name; directories make them")]
pub struct Person {
    /// The user.
    pub user: UserId,
    /// The name to show; no address.
    pub name: String,
}

/// Among whom a directory looks for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "these or everybody; directories look at both")]
pub enum Among<'a> {
    /// Among these users.
    These(&'a [UserId]),
    /// Among all whom everybody may find by name. A host that wants nobody found so answers with nobody.
    Everybody,
}

/// The host's directory of users. Used for what people read, names in mails and lists, and for whom they mean by a
/// name that they typed. Never to decide who somebody is: whoever accepts is passed explicitly (IDN-2).
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// The name of a user, as others may read it; `None` if there is none to show.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn name(&self, user: &UserId) -> Result<Option<String>, DirectoryError>;

    /// Who has exactly this user name. A part of a name, or an address, is nobody's.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn called(&self, name: &str) -> Result<Called, DirectoryError>;

    /// Users whose names match what somebody has typed so far, the best match first, at most `limit`. Nothing typed
    /// matches all of [`Among::These`], and nobody of everybody. Must neither match on addresses nor return
    /// any (PRI-2).
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn complete(
        &self,
        typed: &str,
        among: Among<'_>,
        limit: usize,
    ) -> Result<Vec<Person>, DirectoryError>;

    /// The verified address at which a user reads mail; `None` if there is none. Asked only to send the notice to
    /// somebody who was included by their id (C3), and of somebody named in a list where an organization has rules on
    /// domains (IDN-8); told to nobody else.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn address(&self, user: &UserId) -> Result<Option<EmailAddress>, DirectoryError>;

    /// The user who has verified an address. Asked only where the access model
    /// [reveals accounts](invite_core::RevealAccounts).
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn account(&self, address: &EmailAddress) -> Result<Option<UserId>, DirectoryError>;

    /// Whether there is an account for an address; `None` if that is not to be told. Asked only for whoever
    /// holds a link that was mailed to the address, to offer signing in or signing up.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn has_account(&self, address: &EmailAddress) -> Result<Option<bool>, DirectoryError>;
}

/// A directory that knows nobody: mails name the organization alone, and nobody is found by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDirectory;

#[async_trait]
impl Directory for NoDirectory {
    async fn name(&self, _user: &UserId) -> Result<Option<String>, DirectoryError> {
        Ok(None)
    }

    async fn called(&self, _name: &str) -> Result<Called, DirectoryError> {
        Ok(Called::Nobody)
    }

    async fn complete(
        &self,
        _typed: &str,
        _among: Among<'_>,
        _limit: usize,
    ) -> Result<Vec<Person>, DirectoryError> {
        Ok(Vec::new())
    }

    async fn address(&self, _user: &UserId) -> Result<Option<EmailAddress>, DirectoryError> {
        Ok(None)
    }

    async fn account(&self, _address: &EmailAddress) -> Result<Option<UserId>, DirectoryError> {
        Ok(None)
    }

    async fn has_account(&self, _address: &EmailAddress) -> Result<Option<bool>, DirectoryError> {
        Ok(None)
    }
}

/// A directory in memory, for tests and demos. Clones are the same directory. A user is called by their id, or by their
/// name without spaces; a name is completed from the beginning of any of its words.
#[derive(Debug, Clone, Default)]
pub struct MemoryDirectory(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    names: BTreeMap<UserId, String>,
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
        let mut known = self.known();
        known.names.insert(user.clone(), name.into());
        if let Some(address) = address {
            known.accounts.insert(address, user);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Directory for MemoryDirectory {
    async fn name(&self, user: &UserId) -> Result<Option<String>, DirectoryError> {
        Ok(self.known().names.get(user).cloned())
    }

    async fn called(&self, name: &str) -> Result<Called, DirectoryError> {
        let known = self.known();
        let is_called = |(user, full): &(&UserId, &String)| {
            user.as_str() == name || full.split_whitespace().collect::<String>().eq_ignore_ascii_case(name)
        };
        let mut called = known.names.iter().filter(is_called).map(|(user, _)| user);
        Ok(match (called.next(), called.next()) {
            (None, _) => Called::Nobody,
            (Some(user), None) => Called::One(user.clone()),
            (Some(_), Some(_)) => Called::Several,
        })
    }

    async fn complete(
        &self,
        typed: &str,
        among: Among<'_>,
        limit: usize,
    ) -> Result<Vec<Person>, DirectoryError> {
        let (known, typed) = (self.known(), typed.trim().to_lowercase());
        let matches = |name: &str| {
            let name = name.to_lowercase();
            let mut rest = name.split_whitespace();
            name.starts_with(&typed) || rest.any(|word| word.starts_with(&typed))
        };
        let person = |user: &UserId, name: &String| Person { user: user.clone(), name: name.clone() };
        Ok(match among {
            Among::These(users) => {
                let named = users.iter().filter_map(|user| Some((user, known.names.get(user)?)));
                named
                    .filter(|(_, name)| matches(name))
                    .map(|(user, name)| person(user, name))
                    .take(limit)
                    .collect()
            }
            Among::Everybody if typed.is_empty() => Vec::new(),
            Among::Everybody => {
                let named = known.names.iter().filter(|(_, name)| matches(name));
                named.map(|(user, name)| person(user, name)).take(limit).collect()
            }
        })
    }

    async fn address(&self, user: &UserId) -> Result<Option<EmailAddress>, DirectoryError> {
        let known = self.known();
        Ok(known.accounts.iter().find(|(_, of)| *of == user).map(|(address, _)| address.clone()))
    }

    async fn account(&self, address: &EmailAddress) -> Result<Option<UserId>, DirectoryError> {
        Ok(self.known().accounts.get(address).cloned())
    }

    async fn has_account(&self, address: &EmailAddress) -> Result<Option<bool>, DirectoryError> {
        Ok(Some(self.known().accounts.contains_key(address)))
    }
}
