//! Who presents a token or answers an invitation.

use invite_core::{EmailAddress, InvalidEmail, InvalidId, UserId};

use crate::error::InvalidInput;

/// Somebody who presents a token or answers an invitation: a user of the host, and the addresses that the host
/// vouches for, having verified that they are theirs (IDN-1).
///
/// See [`invite_core::Principal`] for what a link proves beside that. An id or address that is none is told
/// when the principal is used.
#[derive(Debug, Clone)]
pub struct Principal(Result<invite_core::Principal, InvalidInput>);

impl Principal {
    /// A user, with no address vouched for.
    pub fn user<U>(user: U) -> Self
    where
        U: TryInto<UserId>,
        U::Error: Into<InvalidId>,
    {
        let user = user.try_into().map_err(|why| InvalidInput::Id(why.into()));
        Self(user.map(invite_core::Principal::new))
    }

    /// Vouches for an address: the host verified that it is this user's.
    #[must_use]
    pub fn vouched<A>(self, address: A) -> Self
    where
        A: TryInto<EmailAddress>,
        A::Error: Into<InvalidEmail>,
    {
        let vouch = |principal: invite_core::Principal| {
            let address = address.try_into().map_err(|why| InvalidInput::Email(why.into()))?;
            Ok(principal.vouching(address))
        };
        Self(self.0.and_then(vouch))
    }

    /// The principal as operations take it.
    ///
    /// # Errors
    /// [`InvalidInput`] if an id or address is none.
    pub fn checked(self) -> Result<invite_core::Principal, InvalidInput> {
        self.0
    }
}

impl From<invite_core::Principal> for Principal {
    fn from(principal: invite_core::Principal) -> Self {
        Self(Ok(principal))
    }
}
