//! Databases: one for each test, cloned from a template that is made once.

use std::collections::hash_map::DefaultHasher;
use std::error::Error as StdError;
use std::hash::{Hash as _, Hasher as _};
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

use crate::server::random;
use crate::{Error, Server, url};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(30);

/// How long the migrations may take, and how long whoever needs the same template waits for them.
const MIGRATE: Duration = Duration::from_secs(120);

/// How long making or removing one database may take.
const CLONE: Duration = Duration::from_secs(60);

const PREFIX: &str = "invite_test_";

/// A database of one test. It is dropped with this value; whoever is still connected to it is thrown out.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    maintenance: String,
}

impl Database {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL, with the superuser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A new connection to it, which lives in the runtime that asks.
    ///
    /// # Errors
    ///
    /// If there is none within 30 seconds.
    pub async fn connect(&self) -> Result<Client, Error> {
        connect(&self.url).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (maintenance, name) = (self.maintenance.clone(), self.name.clone());
        // In a thread of its own: the runtime that we are in may be busy with this very call, or be gone.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            // A server that is gone took the database along; of one that is given, the next process removes it.
            let _ = runtime.block_on(async { drop_database(&connect(&maintenance).await?, &name).await });
        });
        let _ = dropping.join();
    }
}

/// A new connection, which lives in the runtime that asks.
///
/// # Errors
///
/// If there is none within 30 seconds.
pub async fn connect(url: &str) -> Result<Client, Error> {
    let cannot = || format!("cannot connect to the Postgres of the tests at {}", without_password(url));
    let connecting = timeout(CONNECT, tokio_postgres::connect(url, NoTls)).await;
    let (client, connection) =
        connecting.map_err(Error::because(cannot()))?.map_err(Error::because(cannot()))?;
    tokio::spawn(async {
        // Whoever uses the client is told.
        let _ = connection.await;
    });
    Ok(client)
}

impl Server {
    /// A new database with what the migrations make.
    ///
    /// They run once for each server and text: `migrations` is their text, or whatever else changes when they do, and
    /// `migrate` gets the URL of an empty database that becomes the template. Other processes wait meanwhile.
    ///
    /// # Errors
    ///
    /// If the server is not reached, or the migrations fail or take longer than two minutes.
    pub async fn database(
        &self,
        migrations: &str,
        migrate: impl AsyncFnOnce(String) -> Result<(), Box<dyn StdError + Send + Sync>>,
    ) -> Result<Database, Error> {
        self.database_in("", migrations, migrate).await
    }

    /// The same, in another locale: what `create database` is told of it, such as `locale_provider icu icu_locale 'de'`.
    ///
    /// # Errors
    ///
    /// As of [`Server::database`], or if the server does not know the locale.
    pub async fn database_in(
        &self,
        locale: &str,
        migrations: &str,
        migrate: impl AsyncFnOnce(String) -> Result<(), Box<dyn StdError + Send + Sync>>,
    ) -> Result<Database, Error> {
        let mut hasher = DefaultHasher::new();
        (locale, migrations).hash(&mut hasher);
        let key = hasher.finish();
        let template = format!("invite_template_{key:016x}");
        let maintenance = connect(self.url()).await?;
        if !self.knows(&template) {
            if !self.is_own() {
                reap(&maintenance, "1 hour").await?;
            }
            // Held by the connection, so that nobody waits for who died.
            let lock = format!(
                "set lock_timeout = '{}s'; select pg_advisory_lock({})",
                MIGRATE.as_secs(),
                key as i64
            );
            run(&maintenance, MIGRATE + CLONE, &lock, "the template cannot be waited for").await?;
            let made = self.make(&maintenance, &template, locale, migrate).await;
            let unlock = format!("select pg_advisory_unlock({})", key as i64);
            run(&maintenance, CLONE, &unlock, "the template cannot be unlocked").await?;
            made?;
            self.templates.lock().unwrap_or_else(PoisonError::into_inner).insert(template.clone());
        }
        self.clone_of(&maintenance, &template).await
    }

    /// A new database with nothing in it.
    ///
    /// # Errors
    ///
    /// If the server is not reached.
    pub async fn empty_database(&self) -> Result<Database, Error> {
        self.clone_of(&connect(self.url()).await?, "template0").await
    }

    fn knows(&self, template: &str) -> bool {
        self.templates.lock().unwrap_or_else(PoisonError::into_inner).contains(template)
    }

    /// Makes the template where it is not there. It gets its name when it is complete, and nobody can connect to it.
    async fn make(
        &self,
        maintenance: &Client,
        template: &str,
        locale: &str,
        migrate: impl AsyncFnOnce(String) -> Result<(), Box<dyn StdError + Send + Sync>>,
    ) -> Result<(), Error> {
        let cannot = "the template cannot be made";
        let there = format!("select from pg_database where datname = '{template}'");
        let there =
            timeout(CLONE, maintenance.query_opt(&there, &[])).await.map_err(Error::because(cannot))?;
        if there.map_err(Error::because(cannot))?.is_some() {
            return Ok(());
        }
        let unfinished = format!("{template}_unfinished");
        drop_database(maintenance, &unfinished).await?;
        let create = format!("create database {unfinished} template template0 {locale}");
        run(maintenance, CLONE, &create, cannot).await?;
        let migrating = timeout(MIGRATE, migrate(url::with_database(self.url(), &unfinished))).await;
        let migrated =
            migrating.map_err(Error::because("the migrations have taken longer than two minutes"))?;
        migrated.map_err(Error::because("the migrations have failed"))?;
        for statement in [
            format!("alter database {unfinished} with allow_connections false"),
            format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{unfinished}'"),
            format!("alter database {unfinished} rename to {template}"),
        ] {
            run(maintenance, CLONE, &statement, cannot).await?;
        }
        Ok(())
    }

    async fn clone_of(&self, maintenance: &Client, template: &str) -> Result<Database, Error> {
        let cannot = "a database cannot be made";
        let name = format!("{PREFIX}{}", random());
        run(maintenance, CLONE, &format!("create database {name} template {template}"), cannot).await?;
        let url = url::with_database(self.url(), &name);
        Ok(Database { name, url, maintenance: self.url().to_owned() })
    }
}

/// Drops the databases of tests that died, on a server that outlives them: made before so long, and nobody is connected.
async fn reap(maintenance: &Client, age: &str) -> Result<(), Error> {
    let cannot = "old databases of tests cannot be looked for";
    let old = format!(
        "select datname::text from pg_database d where starts_with(datname, '{PREFIX}')
         and not exists (select from pg_stat_activity a where a.datname = d.datname)
         and (pg_stat_file('base/' || d.oid || '/PG_VERSION', true)).modification < now() - interval '{age}'"
    );
    let old = timeout(CLONE, maintenance.query(&old, &[])).await.map_err(Error::because(cannot))?;
    for row in old.map_err(Error::because(cannot))? {
        let name: String = row.try_get(0).map_err(Error::because(cannot))?;
        drop_database(maintenance, &name).await?;
    }
    Ok(())
}

async fn drop_database(maintenance: &Client, name: &str) -> Result<(), Error> {
    let statement = format!("drop database if exists {name} with (force)");
    run(maintenance, CLONE, &statement, "a database cannot be dropped").await
}

async fn run(client: &Client, bound: Duration, statements: &str, cannot: &str) -> Result<(), Error> {
    let done = timeout(bound, client.batch_execute(statements)).await.map_err(Error::because(cannot))?;
    done.map_err(Error::because(cannot))
}

fn without_password(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    #[tokio::test]
    async fn databases_of_the_dead_are_dropped_when_they_are_old() {
        // Not the shared one, where other tests have databases.
        let server = Server::start(Options::new()).unwrap();
        let maintenance = connect(server.url()).await.unwrap();
        let names = async || {
            let names =
                maintenance.query("select datname::text from pg_database order by 1", &[]).await.unwrap();
            names
                .iter()
                .map(|row| row.get(0))
                .filter(|name: &String| name.starts_with(PREFIX))
                .collect::<Vec<_>>()
        };
        let dead = server.empty_database().await.unwrap();
        let alive = server.empty_database().await.unwrap();
        let connection = alive.connect().await.unwrap();
        reap(&maintenance, "1 hour").await.unwrap();
        assert_eq!(names().await.len(), 2, "nobody is dead yet");
        reap(&maintenance, "0 hours").await.unwrap();
        assert_eq!(names().await, [alive.name()]);
        connection.execute("select 1", &[]).await.unwrap();
        drop((dead, alive));
        assert_eq!(names().await, [""; 0]);
    }

    #[test]
    fn an_error_shows_no_password() {
        assert_eq!(without_password("postgres://u:p@h:1/x"), "h:1/x");
    }
}
