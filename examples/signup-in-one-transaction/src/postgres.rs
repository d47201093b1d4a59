//! On Postgres, whose calls are awaited.

use deadpool_postgres::{Manager, Pool};
use invite::{Accepted, Invitations, Principal, Token};
use invite_postgres::{PostgresStorage, PostgresTransaction};
use tokio_postgres::NoTls;

use crate::{Failed, Form, Users};

const USERS: &str = "create table users (
    id text primary key,
    display_name text not null check (length(display_name) <= 20)
)";

/// The host's users and the store of `invite` in one database, over one pool.
pub(crate) async fn open(url: &str) -> Result<(Pool, PostgresStorage), Box<dyn std::error::Error>> {
    let pool = Pool::builder(Manager::new(url.parse()?, NoTls)).build()?;
    let storage = PostgresStorage::new(pool.clone());
    storage.migrate().await?;
    pool.get().await?.batch_execute(USERS).await?;
    Ok((pool, storage))
}

impl Users for Pool {
    /// The whole of it. The acceptance locks the organization until the end, so that nobody comes between.
    async fn sign_up(
        &mut self,
        invite: &Invitations,
        token: &Token,
        form: &Form,
    ) -> Result<Accepted, Failed> {
        let mut connection = self.get().await?;
        let transaction = connection.transaction().await?;
        transaction.execute("insert into users values ($1, '')", &[&form.user]).await?;
        let accepted = invite
            .accept(token, Principal::user(form.user))
            .in_async_transaction(PostgresTransaction::of(transaction.client()))
            .await
            .map_err(invite::Error::from)?;
        // Statements of the host may stand before the command and after it.
        let rename = "update users set display_name = $2 where id = $1";
        transaction.execute(rename, &[&form.user, &form.display_name]).await?;
        transaction.commit().await?;
        Ok(accepted)
    }

    async fn has_account(&self, user: &str) -> Result<bool, Failed> {
        let there = "select exists (select from users where id = $1)";
        Ok(self.get().await?.query_one(there, &[&user]).await?.get(0))
    }
}
