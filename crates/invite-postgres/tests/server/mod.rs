//! A server for tests, and a database of its own for each.

use std::sync::atomic::{AtomicU32, Ordering};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use invite_postgres::{PostgresStorage, Statements};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls};

/// Names a server by the URL of a superuser of it.
const SERVER: &str = "INVITE_TEST_POSTGRES";

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

pub fn server() -> Config {
    let url = std::env::var(SERVER)
        .unwrap_or_else(|_| panic!("{SERVER} is not set: it names a server to test with"));
    url.parse().unwrap()
}

pub async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub fn pool(config: &Config) -> Pool {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config.clone(), NoTls, recycling);
    Pool::builder(manager).max_size(16).runtime(Runtime::Tokio1).build().unwrap()
}

/// An empty database without tables of invite.
pub async fn bare() -> Config {
    let mut config = server();
    let name = format!("invite_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    connect(&config).await.batch_execute(&format!("create database {name}")).await.unwrap();
    config.dbname(&name).application_name(&name);
    config
}

/// A database that was migrated.
pub async fn migrated() -> Config {
    let template = TEMPLATE
        .get_or_init(async || {
            let config = bare().await;
            let pool = pool(&config);
            PostgresStorage::new(pool.clone()).migrate().await.unwrap();
            pool.close();
            let name = config.get_dbname().unwrap().to_owned();
            let left = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
            connect(&server()).await.execute(left, &[&name]).await.unwrap();
            name
        })
        .await;
    let mut config = server();
    let name = format!("invite_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let create = format!("create database {name} template {template}");
    let admin = connect(&config).await;
    // Those who were told to leave the template may take a moment.
    for _ in 0..100 {
        match admin.batch_execute(&create).await {
            Ok(()) => break,
            Err(error) if error.code().is_some_and(|code| code.code() == "55006") => {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    config.dbname(&name).application_name(&name);
    config
}

pub fn store(config: &Config) -> PostgresStorage {
    PostgresStorage::with(pool(config), Statements::Prepared)
}
