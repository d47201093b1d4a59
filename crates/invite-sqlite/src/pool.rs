//! Connections: one that writes, a few that read, and none that comes back with an open transaction.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, Semaphore};
use tokio::task::spawn_blocking;

use crate::error::Failure;
use crate::migrate;

/// How long a writer waits for one in another process before the store is said to be unavailable.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const READERS: usize = 4;
const CACHED_STATEMENTS: usize = 64;

/// How often switching to WAL is tried, for which SQLite does not always wait by itself.
const WAL_TRIES: u32 = 100;

#[derive(Debug)]
pub(crate) struct Pool {
    writer: Arc<AsyncMutex<Connection>>,
    /// In memory there are none: every connection would see a database of its own.
    readers: Option<Arc<Readers>>,
    /// In memory there is none.
    file: Option<Arc<Opened>>,
}

/// The file that was opened. SQLite goes on with it also when something else, or nothing, lies under its path.
#[derive(Debug)]
struct Opened {
    path: PathBuf,
    identity: Identity,
}

/// What tells a file from another under the same path; nothing where an open file cannot be replaced.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = ();

impl Opened {
    fn at(path: &Path) -> Result<Self, Failure> {
        Ok(Self { path: path.to_owned(), identity: identity_of(path)? })
    }

    fn require_there(&self) -> Result<(), Failure> {
        if identity_of(&self.path)? == self.identity { Ok(()) } else { Err(Failure::Moved) }
    }
}

#[cfg(unix)]
fn identity_of(path: &Path) -> Result<Identity, Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let file = std::fs::metadata(path).map_err(|_| Failure::Moved)?;
    Ok((file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity_of(_path: &Path) -> Result<Identity, Failure> {
    Ok(())
}

#[derive(Debug)]
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
}

impl Pool {
    pub(crate) fn file(path: &Path) -> Result<Self, Failure> {
        let writer = open(path, OpenFlags::SQLITE_OPEN_CREATE)?;
        use_wal(&writer)?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        // What is erased or replaced is not to be found in the file either (PRI-6).
        writer.pragma_update(None, "secure_delete", true)?;
        migrate::require_not_newer(&writer)?;
        let free = Arc::new(Semaphore::new(READERS));
        let readers = Readers { path: path.to_owned(), idle: Mutex::default(), free };
        let file = Some(Arc::new(Opened::at(path)?));
        Ok(Self { writer: Arc::new(AsyncMutex::new(writer)), readers: Some(Arc::new(readers)), file })
    }

    pub(crate) fn memory() -> Result<Self, Failure> {
        let writer = Connection::open_in_memory()?;
        prepare_once(&writer)?;
        Ok(Self { writer: Arc::new(AsyncMutex::new(writer)), readers: None, file: None })
    }

    /// Reads in one snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        reads: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let Some(readers) = self.readers.clone() else {
            let writer = self.lock().await;
            return blocking(move || snapshot(&writer, reads)).await?;
        };
        let permit = readers.free.clone().acquire_owned().await.map_err(Failure::other)?;
        let file = self.file.clone();
        blocking(move || {
            let _permit = permit;
            require_there(file.as_deref())?;
            let connection = readers.take()?;
            let read = snapshot(&connection, reads);
            readers.put(connection);
            read
        })
        .await?
    }

    /// Writes in one transaction.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        writes: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (writer, file) = (self.lock().await, self.file.clone());
        blocking(move || {
            require_there(file.as_deref())?;
            immediate(&writer, |connection| {
                migrate::require(connection)?;
                writes(connection)
            })
        })
        .await?
    }

    pub(crate) async fn migrate(&self) -> Result<(), Failure> {
        let (writer, file) = (self.lock().await, self.file.clone());
        blocking(move || {
            require_there(file.as_deref())?;
            migrate::migrate(&writer)
        })
        .await?
    }

    /// Begins a transaction that outlives this call.
    pub(crate) async fn begin(&self) -> Result<Writer, Failure> {
        let (writer, file) = (self.lock().await, self.file.clone());
        blocking(move || {
            require_there(file.as_deref())?;
            writer.execute_batch("BEGIN IMMEDIATE")?;
            migrate::require(&writer)?;
            Ok(writer)
        })
        .await?
    }

    async fn lock(&self) -> Writer {
        let writer = Writer(self.writer.clone().lock_owned().await);
        writer.roll_back();
        writer
    }
}

fn require_there(file: Option<&Opened>) -> Result<(), Failure> {
    file.map_or(Ok(()), Opened::require_there)
}

impl Readers {
    fn take(&self) -> Result<Connection, Failure> {
        if let Some(connection) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(connection);
        }
        let connection = open(&self.path, OpenFlags::empty())?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn put(&self, connection: Connection) {
        if connection.is_autocommit() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

/// The connection that writes, held by one at a time. Whoever lets go of it leaves no transaction behind.
#[derive(Debug)]
pub(crate) struct Writer(OwnedMutexGuard<Connection>);

impl Writer {
    /// Makes the open transaction true.
    pub(crate) fn commit(self) -> Result<(), Failure> {
        self.0.execute_batch("COMMIT").map_err(Failure::AtCommit)
    }

    fn roll_back(&self) {
        if !self.0.is_autocommit() {
            // Should it fail, the next one to hold the connection tries again before using it.
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

impl Deref for Writer {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.roll_back();
    }
}

/// Reads in one snapshot, that of the transaction if one is open.
pub(crate) fn snapshot<T>(
    connection: &Connection,
    reads: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if !connection.is_autocommit() {
        migrate::require(connection)?;
        return reads(connection);
    }
    let transaction = connection.unchecked_transaction()?;
    migrate::require(&transaction)?;
    let read = reads(&transaction)?;
    transaction.commit()?;
    Ok(read)
}

/// Writes in one transaction that takes the lock before it reads.
pub(crate) fn immediate<T>(
    connection: &Connection,
    writes: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let written = writes(&transaction)?;
    transaction.commit().map_err(Failure::AtCommit)?;
    Ok(written)
}

/// Runs on a thread that may wait. A panic there rolls back, as everything that is held is dropped.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    spawn_blocking(work).await.map_err(Failure::other)
}

fn open(path: &Path, also: OpenFlags) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | also;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    prepare_once(&connection)?;
    Ok(connection)
}

/// Statements are kept, and so are their plans: without the guarantee of stable plans SQLite makes a new one each
/// time that a value is bound which its statistics could say something about.
fn prepare_once(connection: &Connection) -> Result<(), Failure> {
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn use_wal(connection: &Connection) -> Result<(), Failure> {
    for last in (0..WAL_TRIES).rev() {
        let mode =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode.map_err(Failure::from) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => break,
            Err(failure) if failure.is_busy() && last > 0 => thread::sleep(BUSY_TIMEOUT / WAL_TRIES),
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::other("the database cannot be in WAL mode: it is no file, or lies on a network share"))
}

#[cfg(test)]
pub(crate) mod tests {
    use rusqlite::ffi;
    use rusqlite::hooks::Wal;

    use super::*;

    /// Loses the reply to the next commit: SQLite asks this hook once the commit is in the log, and tells its error as
    /// that of `COMMIT`.
    pub(crate) async fn lose_reply(pool: &Pool) {
        let mut is_lost = false;
        let hook = move |_: &mut Wal, _: i32| match std::mem::replace(&mut is_lost, true) {
            true => Ok(()),
            false => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None)),
        };
        pool.writer.lock().await.wal_hook(Some(hook)).unwrap();
    }

    #[tokio::test]
    async fn what_is_acknowledged_is_on_the_disk_and_readers_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let pool = Pool::file(&directory.path().join("invite.db")).unwrap();
        pool.migrate().await.unwrap();
        let pragma = |connection: &Connection, name: &str| -> Result<String, Failure> {
            Ok(connection.query_row(
                &format!("select cast({name} as text) from pragma_{name}"),
                [],
                |row| row.get(0),
            )?)
        };
        assert_eq!(pool.write(move |connection| pragma(connection, "synchronous")).await.unwrap(), "2");
        assert_eq!(pool.read(move |connection| pragma(connection, "journal_mode")).await.unwrap(), "wal");
        let written = pool.read(|connection| Ok(connection.execute("delete from invite_members", [])?)).await;
        assert!(invite_storage::StorageError::from(written.unwrap_err()).is_unavailable());
    }

    #[tokio::test]
    async fn a_panic_rolls_back_and_keeps_nobody_out() {
        let pool = Pool::memory().unwrap();
        pool.migrate().await.unwrap();
        for _ in 0..2 {
            let panicked = pool.write::<()>(|connection| {
                connection.execute("insert into invite_limits values ('acme', 'organization', 1)", [])?;
                panic!("on purpose")
            });
            assert!(panicked.await.is_err());
        }
        let count = "select count(*) from invite_limits";
        let rows = pool
            .read(move |connection| Ok(connection.query_row(count, [], |row| row.get::<_, i64>(0))?))
            .await;
        assert_eq!(rows.unwrap(), 0);
    }

    /// STO-3: `max_page_count` makes a disk full at will. Whatever was written by then is rolled back, also in a unit of
    /// work, and once there is room all goes on.
    #[tokio::test]
    async fn a_full_disk_is_unavailable_and_leaves_nothing_half_done() {
        let directory = tempfile::tempdir().unwrap();
        let pool = Pool::file(&directory.path().join("invite.db")).unwrap();
        pool.migrate().await.unwrap();
        let rows = async || {
            let count = "select count(*) from invite_limits";
            pool.read(move |connection| Ok(connection.query_row(count, [], |row| row.get::<_, i64>(0))?))
                .await
                .unwrap()
        };
        let room = async |pages: u32| {
            let set =
                pool.write(move |connection| Ok(connection.pragma_update(None, "max_page_count", pages)?));
            set.await.unwrap();
        };
        let fill = |connection: &Connection| -> Result<(), Failure> {
            for n in 0..10_000 {
                let subject = format!("{n:0>200}");
                connection.execute("insert into invite_limits values ('acme', ?1, 1)", [subject])?;
            }
            Ok(())
        };
        // No fewer than there are.
        room(1).await;
        for _ in 0..2 {
            let full = pool.write(fill).await.unwrap_err();
            assert!(invite_storage::StorageError::from(full).is_unavailable());
            let unit = pool.begin().await.unwrap();
            let full = blocking(move || fill(&unit)).await.unwrap().unwrap_err();
            assert!(invite_storage::StorageError::from(full).is_unavailable());
            assert_eq!(rows().await, 0);
        }
        room(1_000_000).await;
        pool.write(fill).await.unwrap();
        assert_eq!(rows().await, 10_000);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_is_not_there_any_more_takes_no_write() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("invite.db");
        let pool = Pool::file(&path).unwrap();
        pool.migrate().await.unwrap();
        let away = directory.path().join("away.db");
        for replaced in [false, true] {
            std::fs::rename(&path, &away).unwrap();
            if replaced {
                std::fs::copy(&away, &path).unwrap();
            }
            assert!(matches!(pool.write(|_| Ok(())).await, Err(Failure::Moved)));
            assert!(matches!(pool.read(|_| Ok(())).await, Err(Failure::Moved)));
            assert!(matches!(pool.begin().await, Err(Failure::Moved)));
            assert!(matches!(pool.migrate().await, Err(Failure::Moved)));
            std::fs::rename(&away, &path).unwrap();
            pool.write(|_| Ok(())).await.unwrap();
            pool.read(|_| Ok(())).await.unwrap();
        }
    }
}
