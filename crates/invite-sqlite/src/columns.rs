//! Columns: values as SQLite keeps them, and back.

use std::error::Error;

use chrono::{DateTime, Utc};
use invite_core::{Actor, DeliveryId, EmailAddress, GroupId, Invitee, Nonce, OrganizationId, UserId};
use rusqlite::types::{FromSql, Value};
use rusqlite::{Connection, Params, Row};
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Failure, Unreadable};

/// The format of the parts that are JSON.
const JSON_FORMAT: u16 = 1;

/// What stands for [`Expiry::Never`](invite_core::Expiry::Never): behind every time that is kept.
pub(crate) const NEVER: i64 = i64::MAX;

/// Before every time that is kept.
pub(crate) const FIRST: Value = Value::Integer(i64::MIN);

/// Not before any time that is kept, nor before the end of what never ends.
pub(crate) const LAST: Value = Value::Integer(NEVER);

type Source = Box<dyn Error + Send + Sync>;

/// All rows that a query brings.
pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&mut Columns<'_, '_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_and_then(params, |row| read(&mut Columns::of(row)))?.collect()
}

/// The first row that a query brings.
pub(crate) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&mut Columns<'_, '_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(|row| read(&mut Columns::of(row))).transpose()
}

/// The columns of one row, from left to right.
pub(crate) struct Columns<'row, 'statement> {
    row: &'row Row<'statement>,
    next: usize,
}

impl<'row, 'statement> Columns<'row, 'statement> {
    fn of(row: &'row Row<'statement>) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn value<T: FromSql>(&mut self) -> Result<T, Failure> {
        let value = self.row.get(self.next);
        self.next = self.next.saturating_add(1);
        value.map_err(|error| self.unreadable(error))
    }

    pub(crate) fn parsed<S: FromSql, T, E: Into<Source>>(
        &mut self,
        parse: impl FnOnce(S) -> Result<T, E>,
    ) -> Result<T, Failure> {
        let value = self.value()?;
        parse(value).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn parsed_option<S: FromSql, T, E: Into<Source>>(
        &mut self,
        parse: impl FnOnce(S) -> Result<T, E>,
    ) -> Result<Option<T>, Failure> {
        self.parsed(|value: Option<S>| value.map(parse).transpose())
    }

    pub(crate) fn time(&mut self) -> Result<DateTime<Utc>, Failure> {
        self.parsed(time)
    }

    pub(crate) fn time_option(&mut self) -> Result<Option<DateTime<Utc>>, Failure> {
        self.parsed_option(time)
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        self.parsed(|text: String| from_json(&text))
    }

    pub(crate) fn json_option<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Failure> {
        self.parsed_option(|text: String| from_json(&text))
    }

    /// A state, status or kind by its name.
    pub(crate) fn word<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        self.parsed(|text: String| {
            let word: StrDeserializer<'_, WordError> = text.as_str().into_deserializer();
            T::deserialize(word)
        })
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid, Failure> {
        self.parsed(|bytes: Vec<u8>| Uuid::from_slice(&bytes))
    }

    pub(crate) fn organization_id(&mut self) -> Result<OrganizationId, Failure> {
        self.parsed(|text: String| OrganizationId::parse(text))
    }

    /// The organization of the row, wherever its column stands: it can be told also if others cannot be read.
    pub(crate) fn organization(&self) -> Result<OrganizationId, Failure> {
        let unreadable =
            |source| Failure::Unreadable(Unreadable { column: "organization".to_owned(), source });
        let id: String = self.row.get("organization").map_err(|error| unreadable(error.into()))?;
        OrganizationId::parse(id).map_err(|error| unreadable(error.into()))
    }

    pub(crate) fn user_id(&mut self) -> Result<UserId, Failure> {
        self.parsed(|text: String| UserId::parse(text))
    }

    pub(crate) fn group_id(&mut self) -> Result<GroupId, Failure> {
        self.parsed(|text: String| GroupId::parse(text))
    }

    pub(crate) fn delivery_id(&mut self) -> Result<DeliveryId, Failure> {
        Ok(DeliveryId::from_uuid(self.uuid()?))
    }

    pub(crate) fn address_option(&mut self) -> Result<Option<EmailAddress>, Failure> {
        self.parsed_option(|text: String| EmailAddress::parse(&text))
    }

    /// The same of a row that always tells it.
    pub(crate) fn invitee(&mut self) -> Result<Invitee, Failure> {
        self.invitee_option()?.ok_or_else(|| Failure::other("a row does not tell whom it is about"))
    }

    /// Two columns: the key, and the address as typed. Neither, if it was erased.
    pub(crate) fn invitee_option(&mut self) -> Result<Option<Invitee>, Failure> {
        let key: Option<String> = self.value()?;
        match (self.address_option()?, key) {
            (Some(address), _) => Ok(Some(Invitee::Address(address))),
            (None, Some(key)) => {
                user_of(&key).map(|user| Some(Invitee::User(user))).map_err(|error| self.unreadable(error))
            }
            (None, None) => Ok(None),
        }
    }

    pub(crate) fn nonce(&mut self) -> Result<Nonce, Failure> {
        self.parsed(|bytes: Vec<u8>| nonce(&bytes))
    }

    pub(crate) fn nonces(&mut self) -> Result<Vec<Nonce>, Failure> {
        self.parsed(|bytes: Vec<u8>| bytes.chunks(16).map(nonce).collect::<Result<_, _>>())
    }

    /// Two columns: how something ended, and when.
    pub(crate) fn ended<T: DeserializeOwned>(&mut self) -> Result<Option<(T, DateTime<Utc>)>, Failure> {
        match (self.json_option()?, self.time_option()?) {
            (Some(ending), Some(at)) => Ok(Some((ending, at))),
            (None, None) => Ok(None),
            _ => Err(self.unreadable("an ending without its time, or a time without its ending")),
        }
    }

    pub(crate) fn actor(&mut self) -> Result<Actor, Failure> {
        self.parsed(|key: String| match key.as_str() {
            "system" => Ok(Actor::System),
            key => user_of(key).map(Actor::User),
        })
    }

    pub(crate) fn unreadable(&self, source: impl Into<Source>) -> Failure {
        let column = self.row.as_ref().column_name(self.next.saturating_sub(1)).unwrap_or("?").to_owned();
        Failure::Unreadable(Unreadable { column, source: source.into() })
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

pub(crate) fn micros(at: DateTime<Utc>) -> Value {
    at.timestamp_micros().into()
}

pub(crate) fn time(micros: i64) -> Result<DateTime<Utc>, Source> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| "outside of the times that are kept".into())
}

pub(crate) fn text(text: &str) -> Value {
    text.to_owned().into()
}

pub(crate) fn text_option(text: Option<&str>) -> Value {
    text.map(str::to_owned).into()
}

pub(crate) fn blob(id: Uuid) -> Value {
    id.as_bytes().to_vec().into()
}

/// Sequences and versions, which SQLite keeps as signed integers.
pub(crate) fn integer(count: u64) -> Result<Value, Failure> {
    i64::try_from(count).map(Value::Integer).map_err(Failure::other)
}

fn nonce(bytes: &[u8]) -> Result<Nonce, Source> {
    Ok(Nonce::from_bytes(bytes.try_into()?))
}

#[derive(Serialize, Deserialize)]
struct Json<T> {
    format: u16,
    value: T,
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<Value, Failure> {
    let text = serde_json::to_string(&Json { format: JSON_FORMAT, value }).map_err(Failure::other)?;
    Ok(Value::Text(text))
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Source> {
    let Json { format, value } = serde_json::from_str(text)?;
    if format == JSON_FORMAT { Ok(value) } else { Err("a format that this release does not know".into()) }
}
