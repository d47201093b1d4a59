//! The least that a database can do for an invitation: one prepared statement that writes the same rows into the same tables,
//! decides nothing and knows no rules. What it writes beside keys and times is as long as what the library writes.

use deadpool_postgres::Pool;

use crate::Outcome;

/// Header, invitation, place, event and delivery of an invitation by mail. Of an organization, and the number of the
/// invitation there.
const CREATE: &str = include_str!("create.sql");

/// Header, invitation, place, member and both events of an acceptance. Of the same.
const ACCEPT: &str = include_str!("accept.sql");

/// Many invitations of one organization: from one number on, so many.
const BULK: &str = include_str!("bulk.sql");

/// A page of pending invitations, the newest first, behind a position.
const LIST: &str = include_str!("list.sql");

/// Statements by hand over a pool like that of the library.
#[derive(Clone)]
pub(super) struct ByHand {
    pub(super) pool: Pool,
}

impl ByHand {
    pub(super) async fn create(&self, organization: &str, n: i64) -> Outcome {
        self.one(CREATE, organization, n).await
    }

    pub(super) async fn accept(&self, organization: &str, n: i64) -> Outcome {
        self.one(ACCEPT, organization, n).await
    }

    pub(super) async fn bulk(&self, organization: &str, from: i64, count: i64) -> Outcome {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(BULK).await?;
        let made = client.execute(&statement, &[&organization, &from, &count]).await?;
        if made == u64::try_from(count)? { Ok(()) } else { Err("not all was written".into()) }
    }

    /// How many there are on the first page.
    pub(super) async fn list(&self, organization: &str) -> Outcome<usize> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(LIST).await?;
        Ok(client.query(&statement, &[&organization]).await?.len())
    }

    async fn one(&self, sql: &str, organization: &str, n: i64) -> Outcome {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(sql).await?;
        match client.execute(&statement, &[&organization, &n]).await? {
            1 => Ok(()),
            _ => Err("nothing was written".into()),
        }
    }
}
