//! On SQLite, whose calls block.

use invite::{Accepted, Invitations, Principal, Token};
use invite_sqlite::{SqliteStorage, SqliteTransaction};
use rusqlite::{Connection, TransactionBehavior};
use tempfile::TempDir;

use crate::{Failed, Form, Users};

const USERS: &str = "create table users (
    id text primary key,
    display_name text not null check (length(display_name) <= 20)
) strict";

pub(crate) struct File {
    connection: Connection,
    _directory: TempDir,
}

/// The host's users and the store of `invite` in one file, each with connections of its own.
pub(crate) async fn open() -> Result<(File, SqliteStorage), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("host.db");
    let storage = SqliteStorage::open(&path)?;
    storage.migrate().await?;
    let connection = Connection::open(&path)?;
    connection.execute_batch(USERS)?;
    Ok((File { connection, _directory: directory }, storage))
}

impl Users for File {
    /// The whole of it. A server does this on a thread of `spawn_blocking`.
    async fn sign_up(
        &mut self,
        invite: &Invitations,
        token: &Token,
        form: &Form,
    ) -> Result<Accepted, Failed> {
        // Immediate: it takes the lock before it reads, so that nobody comes between.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("insert into users values (?1, '')", [form.user])?;
        let accepted = invite
            .accept(token, Principal::user(form.user))
            .in_transaction(SqliteTransaction::of(&transaction))
            .map_err(invite::Error::from)?;
        // Statements of the host may stand before the command and after it.
        transaction
            .execute("update users set display_name = ?2 where id = ?1", [form.user, form.display_name])?;
        transaction.commit()?;
        Ok(accepted)
    }

    async fn has_account(&self, user: &str) -> Result<bool, Failed> {
        let there = "select exists (select 1 from users where id = ?1)";
        Ok(self.connection.query_row(there, [user], |row| row.get(0))?)
    }
}
