//! Values as Postgres takes them: in its binary format, with their types.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Failure;

/// The format of the parts that are JSON.
pub(crate) const JSON_FORMAT: u16 = 1;

/// 2000-01-01, from which Postgres counts, in microseconds since 1970.
pub(crate) const EPOCH: i64 = 946_684_800_000_000;

/// `infinity` as Postgres counts: behind every time that is kept.
pub(crate) const INFINITY: i64 = i64::MAX;

/// Before any time that is kept and within what Postgres knows; what lies further back is `-infinity`.
const YEAR_ONE: i64 = -62_135_596_800_000_000;

/// The types that columns have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Bytes,
    Integer,
    Json,
    Text,
    Time,
    Uuid,
}

impl Kind {
    /// The numbers by which Postgres knows a type, and arrays of it: the same in every database.
    fn oids(self) -> [u32; 2] {
        match self {
            Self::Bool => [16, 1000],
            Self::Bytes => [17, 1001],
            Self::Integer => [20, 1016],
            Self::Json => [114, 199],
            Self::Text => [25, 1009],
            Self::Time => [1184, 1185],
            Self::Uuid => [2950, 2951],
        }
    }

    /// Their names.
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Bool => ["bool", "bool[]"],
            Self::Bytes => ["bytea", "bytea[]"],
            Self::Integer => ["bigint", "bigint[]"],
            Self::Json => ["json", "json[]"],
            Self::Text => ["text", "text[]"],
            Self::Time => ["timestamptz", "timestamptz[]"],
            Self::Uuid => ["uuid", "uuid[]"],
        }
    }
}

/// A parameter of a statement. `Debug` shows its type alone (PRI-4).
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    kind: Kind,
    is_array: bool,
    bytes: Option<Vec<u8>>,
}

impl Value {
    /// The number by which Postgres knows its type.
    #[must_use]
    pub fn oid(&self) -> u32 {
        let [one, array] = self.kind.oids();
        if self.is_array { array } else { one }
    }

    /// The value in the binary format; `None` for null.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    pub(crate) fn is_array(&self) -> bool {
        self.is_array
    }

    pub(crate) fn type_name(&self) -> &'static str {
        let [one, array] = self.kind.names();
        if self.is_array { array } else { one }
    }

    /// Of an array of such values.
    pub(crate) fn type_name_of_array(&self) -> &'static str {
        let [_, array] = self.kind.names();
        array
    }

    /// The value as one of several. Postgres knows no arrays of arrays of different lengths, so an array of texts or ids is the
    /// text that it is written as.
    pub(crate) fn as_element(&self) -> Self {
        if !self.is_array {
            return self.clone();
        }
        let mut text = String::from("{");
        for element in self.elements() {
            if text.len() > 1 {
                text.push(',');
            }
            text.push('"');
            if self.kind == Kind::Uuid {
                text.push_str(&Uuid::from_slice(element).unwrap_or_default().to_string());
            }
            if self.kind == Kind::Text {
                for c in String::from_utf8_lossy(element).chars() {
                    if matches!(c, '"' | '\\') {
                        text.push('\\');
                    }
                    text.push(c);
                }
            }
            text.push('"');
        }
        text.push('}');
        Self::text(&text)
    }

    /// The elements of an array without nulls: behind its header the length of each, and the element.
    fn elements(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes().and_then(|bytes| bytes.get(20..)).unwrap_or_default();
        std::iter::from_fn(move || {
            let (length, behind) = rest.split_first_chunk()?;
            let (element, behind) =
                behind.split_at_checked(usize::try_from(i32::from_be_bytes(*length)).ok()?)?;
            rest = behind;
            Some(element)
        })
    }

    fn one(kind: Kind, bytes: Option<Vec<u8>>) -> Self {
        Self { kind, is_array: false, bytes }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::text_option(Some(text))
    }

    pub(crate) fn text_option(text: Option<&str>) -> Self {
        Self::one(Kind::Text, text.map(|text| text.as_bytes().to_vec()))
    }

    pub(crate) fn integer(number: impl Into<i64>) -> Self {
        Self::one(Kind::Integer, Some(number.into().to_be_bytes().to_vec()))
    }

    /// Sequences and versions, which Postgres keeps as signed integers.
    pub(crate) fn count(count: u64) -> Result<Self, Failure> {
        i64::try_from(count).map(Self::integer).map_err(Failure::other)
    }

    pub(crate) fn limit(rows: usize) -> Self {
        Self::integer(i64::try_from(rows).unwrap_or(i64::MAX))
    }

    pub(crate) fn bool(is: bool) -> Self {
        Self::one(Kind::Bool, Some(vec![u8::from(is)]))
    }

    pub(crate) fn uuid(id: Uuid) -> Self {
        Self::uuid_option(Some(id))
    }

    pub(crate) fn uuid_option(id: Option<Uuid>) -> Self {
        Self::one(Kind::Uuid, id.map(|id| id.as_bytes().to_vec()))
    }

    pub(crate) fn bytea(bytes: Vec<u8>) -> Self {
        Self::one(Kind::Bytes, Some(bytes))
    }

    pub(crate) fn time(at: DateTime<Utc>) -> Self {
        Self::time_option(Some(at))
    }

    pub(crate) fn time_option(at: Option<DateTime<Utc>>) -> Self {
        let micros = at.map(|at| match at.timestamp_micros() {
            micros if micros < YEAR_ONE => i64::MIN,
            micros => micros - EPOCH,
        });
        Self::one(Kind::Time, micros.map(|micros| micros.to_be_bytes().to_vec()))
    }

    /// Before every time.
    pub(crate) fn first() -> Self {
        Self::one(Kind::Time, Some(i64::MIN.to_be_bytes().to_vec()))
    }

    /// Not before any time that is kept, nor before the end of what never ends.
    pub(crate) fn last() -> Self {
        Self::one(Kind::Time, Some(INFINITY.to_be_bytes().to_vec()))
    }

    pub(crate) fn json<T: Serialize>(value: &T) -> Result<Self, Failure> {
        Self::json_option(Some(value))
    }

    pub(crate) fn json_option<T: Serialize>(value: Option<&T>) -> Result<Self, Failure> {
        let text = value.map(|value| serde_json::to_vec(&Json { format: JSON_FORMAT, value })).transpose();
        Ok(Self::one(Kind::Json, text.map_err(Failure::other)?))
    }

    /// JSON without a format number around it.
    pub(crate) fn bare_json<T: Serialize>(value: &T) -> Result<Self, Failure> {
        Ok(Self::one(Kind::Json, Some(serde_json::to_vec(value).map_err(Failure::other)?)))
    }

    pub(crate) fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut array = Array::of(Kind::Text);
        texts.into_iter().for_each(|text| array.push(Some(text.as_ref().as_bytes())));
        array.finish()
    }

    pub(crate) fn uuids(ids: impl IntoIterator<Item = Uuid>) -> Self {
        let mut array = Array::of(Kind::Uuid);
        ids.into_iter().for_each(|id| array.push(Some(id.as_bytes())));
        array.finish()
    }

    /// Rows as columns: an array for each. There is a row.
    pub(crate) fn columns(rows: &[Vec<Self>]) -> Vec<Self> {
        let Some(first) = rows.first() else { return Vec::new() };
        let mut columns = first.iter().map(|value| Array::of(value.kind)).collect::<Vec<_>>();
        for row in rows {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value.bytes()));
        }
        columns.into_iter().map(Array::finish).collect()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = if self.is_array { "[]" } else { "" };
        write!(f, "Value({:?}{many})", self.kind)
    }
}

/// JSON as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct Json<T> {
    pub(crate) format: u16,
    pub(crate) value: T,
}

/// An array of one dimension in the making: a header, then the length of each element and the element.
struct Array {
    kind: Kind,
    count: i32,
    has_null: bool,
    elements: Vec<u8>,
}

impl Array {
    fn of(kind: Kind) -> Self {
        Self { kind, count: 0, has_null: false, elements: Vec::new() }
    }

    fn push(&mut self, element: Option<&[u8]>) {
        self.count = self.count.saturating_add(1);
        match element {
            Some(bytes) => {
                // What is longer than this the server would not take either.
                let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
                self.elements.extend(length.to_be_bytes());
                self.elements.extend(bytes);
            }
            None => {
                self.has_null = true;
                self.elements.extend((-1_i32).to_be_bytes());
            }
        }
    }

    fn finish(self) -> Value {
        let [oid, _] = self.kind.oids();
        let mut bytes = Vec::with_capacity(self.elements.len().saturating_add(20));
        bytes.extend(i32::from(self.count > 0).to_be_bytes());
        bytes.extend(i32::from(self.has_null).to_be_bytes());
        bytes.extend(oid.to_be_bytes());
        if self.count > 0 {
            bytes.extend(self.count.to_be_bytes());
            bytes.extend(1_i32.to_be_bytes());
            bytes.extend(self.elements);
        }
        Value { kind: self.kind, is_array: true, bytes: Some(bytes) }
    }
}
