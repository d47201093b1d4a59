//! Pages of lists.

use invite_storage::{Cursor, Positioned, Seek, StorageError};
use serde::Serialize;

use crate::error::Error;

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    limit: u32,
    cursor: Option<String>,
}

impl PageRequest {
    /// The most rows of a page.
    pub const MAX_ROWS: u32 = 200;

    /// The first page, of so many rows: at least 1, at most [`MAX_ROWS`](Self::MAX_ROWS).
    #[must_use]
    pub fn first(rows: u32) -> Self {
        Self { limit: rows.clamp(1, Self::MAX_ROWS), cursor: None }
    }

    /// The page behind a cursor that an earlier page came with.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::first(50)
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// Its rows, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The same page of what is seen of each row.
    pub(crate) fn seen(self, sight: impl FnMut(T) -> T) -> Self {
        Self { items: self.items.into_iter().map(sight).collect(), ..self }
    }
}

/// Reads a page, and one row more to see whether there is another page.
pub(crate) async fn page<T: Positioned, R>(
    list: &str,
    restricted_to: &impl Serialize,
    request: &PageRequest,
    read: impl AsyncFnOnce(Seek) -> Result<Vec<T>, StorageError>,
) -> Result<Page<T>, Error<R>> {
    let cursor = Cursor::of(list, restricted_to);
    let after = request.cursor.as_deref().map(|text| cursor.read(text)).transpose()?;
    let limit = request.limit as usize;
    let mut items = read(Seek { after, limit: request.limit + 1 }).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| cursor.write(&last.position()));
    Ok(Page { items, next_cursor })
}
