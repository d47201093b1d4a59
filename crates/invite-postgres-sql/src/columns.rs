//! Columns: values as Postgres gives them, and what they mean.

use std::error::Error;

use chrono::{DateTime, Utc};
use invite_core::{Actor, DeliveryId, EmailAddress, Expiry, GroupId, Invitee, Nonce, OrganizationId, UserId};
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use uuid::Uuid;

use crate::error::Failure;
use crate::value::{EPOCH, INFINITY, JSON_FORMAT, Json};

type Source = Box<dyn Error + Send + Sync>;

/// A row as a driver gives it.
pub trait Row: Send {
    /// The bytes of a column in Postgres's binary format; `None` for null, and for a column that is not there.
    fn bytes(&self, column: usize) -> Option<&[u8]>;

    /// The name of a column, for errors.
    fn name(&self, column: usize) -> &str;
}

/// The columns of one row, from left to right.
#[derive(Clone)]
pub(crate) struct Columns<'row> {
    row: &'row dyn Row,
    next: usize,
}

/// What is read from bytes.
pub(crate) trait FromBytes<'row>: Sized {
    fn from_bytes(bytes: &'row [u8]) -> Result<Self, Source>;
}

impl<'row> FromBytes<'row> for &'row [u8] {
    fn from_bytes(bytes: &'row [u8]) -> Result<Self, Source> {
        Ok(bytes)
    }
}

impl<'row> FromBytes<'row> for &'row str {
    fn from_bytes(bytes: &'row [u8]) -> Result<Self, Source> {
        Ok(std::str::from_utf8(bytes)?)
    }
}

impl FromBytes<'_> for String {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Source> {
        Ok(std::str::from_utf8(bytes)?.to_owned())
    }
}

impl FromBytes<'_> for i64 {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Source> {
        Ok(Self::from_be_bytes(bytes.try_into()?))
    }
}

impl FromBytes<'_> for u64 {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Source> {
        Ok(i64::from_bytes(bytes)?.try_into()?)
    }
}

impl FromBytes<'_> for u32 {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Source> {
        Ok(i64::from_bytes(bytes)?.try_into()?)
    }
}

impl FromBytes<'_> for u16 {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Source> {
        Ok(i64::from_bytes(bytes)?.try_into()?)
    }
}

impl FromBytes<'_> for Uuid {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Source> {
        Ok(Self::from_slice(bytes)?)
    }
}

impl FromBytes<'_> for DateTime<Utc> {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Source> {
        let micros = i64::from_bytes(bytes)?.checked_add(EPOCH);
        micros
            .and_then(Self::from_timestamp_micros)
            .ok_or_else(|| "outside of the times that are kept".into())
    }
}

impl<'row> Columns<'row> {
    pub(crate) fn of(row: &'row dyn Row) -> Self {
        Self { row, next: 0 }
    }

    /// Whether the next column is null, without going on.
    pub(crate) fn is_null(&self) -> bool {
        self.row.bytes(self.next).is_none()
    }

    pub(crate) fn skip(&mut self, columns: usize) {
        self.next = self.next.saturating_add(columns);
    }

    pub(crate) fn option<T: FromBytes<'row>>(&mut self) -> Result<Option<T>, Failure> {
        let bytes = self.row.bytes(self.next);
        self.skip(1);
        bytes.map(T::from_bytes).transpose().map_err(|error| self.unreadable(error))
    }

    pub(crate) fn value<T: FromBytes<'row>>(&mut self) -> Result<T, Failure> {
        self.option()?.ok_or_else(|| self.unreadable("null"))
    }

    pub(crate) fn parsed<S: FromBytes<'row>, T, E: Into<Source>>(
        &mut self,
        parse: impl FnOnce(S) -> Result<T, E>,
    ) -> Result<T, Failure> {
        let value = self.value()?;
        parse(value).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn parsed_option<S: FromBytes<'row>, T, E: Into<Source>>(
        &mut self,
        parse: impl FnOnce(S) -> Result<T, E>,
    ) -> Result<Option<T>, Failure> {
        let value = self.option()?;
        value.map(parse).transpose().map_err(|error| self.unreadable(error))
    }

    pub(crate) fn time(&mut self) -> Result<DateTime<Utc>, Failure> {
        self.value()
    }

    pub(crate) fn expiry(&mut self) -> Result<Expiry, Failure> {
        self.parsed(|bytes: &[u8]| match i64::from_bytes(bytes)? {
            INFINITY => Ok::<_, Source>(Expiry::Never),
            _ => DateTime::from_bytes(bytes).map(Expiry::At),
        })
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        self.parsed(from_json)
    }

    pub(crate) fn json_option<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Failure> {
        self.parsed_option(from_json)
    }

    /// A state, status or kind by its name.
    pub(crate) fn word<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        self.parsed(|text: &str| {
            let word: StrDeserializer<'_, WordError> = text.into_deserializer();
            T::deserialize(word)
        })
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid, Failure> {
        self.value()
    }

    pub(crate) fn organization_id(&mut self) -> Result<OrganizationId, Failure> {
        self.parsed(|text: &str| OrganizationId::parse(text))
    }

    pub(crate) fn user_id(&mut self) -> Result<UserId, Failure> {
        self.parsed(|text: &str| UserId::parse(text))
    }

    pub(crate) fn group_id(&mut self) -> Result<GroupId, Failure> {
        self.parsed(|text: &str| GroupId::parse(text))
    }

    pub(crate) fn delivery_id(&mut self) -> Result<DeliveryId, Failure> {
        Ok(DeliveryId::from_uuid(self.uuid()?))
    }

    pub(crate) fn address_option(&mut self) -> Result<Option<EmailAddress>, Failure> {
        self.parsed_option(|text: &str| EmailAddress::parse(text))
    }

    /// Two columns: the key, and the address as typed. The row always tells it.
    pub(crate) fn invitee(&mut self) -> Result<Invitee, Failure> {
        self.invitee_option()?.ok_or_else(|| Failure::other("a row does not tell whom it is about"))
    }

    /// The same. Neither, if it was erased.
    pub(crate) fn invitee_option(&mut self) -> Result<Option<Invitee>, Failure> {
        let key: Option<&str> = self.option()?;
        match (self.address_option()?, key) {
            (Some(address), _) => Ok(Some(Invitee::Address(address))),
            (None, Some(key)) => {
                user_of(key).map(|user| Some(Invitee::User(user))).map_err(|error| self.unreadable(error))
            }
            (None, None) => Ok(None),
        }
    }

    pub(crate) fn nonce(&mut self) -> Result<Nonce, Failure> {
        self.parsed(nonce)
    }

    pub(crate) fn nonces(&mut self) -> Result<Vec<Nonce>, Failure> {
        self.parsed(|bytes: &[u8]| bytes.chunks(16).map(nonce).collect::<Result<_, _>>())
    }

    /// Two columns: how something ended, and when.
    pub(crate) fn ended<T: DeserializeOwned>(&mut self) -> Result<Option<(T, DateTime<Utc>)>, Failure> {
        match (self.json_option()?, self.option()?) {
            (Some(ending), Some(at)) => Ok(Some((ending, at))),
            (None, None) => Ok(None),
            _ => Err(self.unreadable("an ending without its time, or a time without its ending")),
        }
    }

    pub(crate) fn actor(&mut self) -> Result<Actor, Failure> {
        self.parsed(|key: &str| match key {
            "system" => Ok(Actor::System),
            key => user_of(key).map(Actor::User),
        })
    }

    pub(crate) fn unreadable(&self, source: impl Into<Source>) -> Failure {
        Failure::unreadable(self.row.name(self.next.saturating_sub(1)), source)
    }
}

pub(crate) fn actor_key(actor: &Actor) -> String {
    match actor {
        Actor::System => "system".to_owned(),
        Actor::User(user) => format!("user:{user}"),
    }
}

fn user_of(key: &str) -> Result<UserId, Source> {
    let id = key.strip_prefix("user:").ok_or("neither a user nor anything else that is known")?;
    Ok(UserId::parse(id)?)
}

fn nonce(bytes: &[u8]) -> Result<Nonce, Source> {
    Ok(Nonce::from_bytes(bytes.try_into()?))
}

fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Source> {
    let Json { format, value } = serde_json::from_slice(text)?;
    if format == JSON_FORMAT { Ok(value) } else { Err("a format that this release does not know".into()) }
}
