//! PgBouncer before a server.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::folder::{Folder, Process};
use crate::server::{PORTS, free_port};
use crate::{Database, Error, Server, url};

const BOUND: Duration = Duration::from_secs(60);

/// PgBouncer before a server, in transaction mode: a connection of a client gets one to the server for each transaction. It
/// goes with this value or with the process, as a server does.
#[derive(Debug)]
pub struct Bouncer {
    port: u16,
    // Dropped first: stops the process.
    _folder: Folder,
    _process: Process,
}

impl Bouncer {
    /// Where PgBouncer is installed: on the path, or where Debian has it.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn program() -> Result<PathBuf, Error> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
        let found = folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file());
        found.ok_or_else(|| {
            Error::new(
                "PgBouncer is not installed, and tests need it: install the package `pgbouncer` of \
                 your system, as `cargo xtask postgres` does for root where there is apt",
            )
        })
    }

    /// Starts it before all databases of a server, with so many connections to each. It blocks until it takes connections.
    ///
    /// # Errors
    ///
    /// If PgBouncer is not installed, or does not start.
    pub fn before(server: &Server, connections: usize) -> Result<Self, Error> {
        let program = Self::program()?;
        let mut attempt = 1;
        loop {
            match Self::start(server, &program, connections) {
                // Another program may have taken the port.
                Err(_) if attempt < PORTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    fn start(server: &Server, program: &Path, connections: usize) -> Result<Self, Error> {
        let folder = Folder::new(&env::temp_dir())?;
        let port = free_port()?;
        let file = folder.path().join("pgbouncer.ini");
        let cannot = "the settings of PgBouncer cannot be written";
        let (settings, users) = settings(server, folder.path(), port, connections)?;
        fs::write(&file, settings).map_err(Error::because(cannot))?;
        fs::write(folder.path().join("users"), users).map_err(Error::because(cannot))?;
        let mut command = folder.command(program);
        command.arg(&file);
        let mut process = folder.spawn("pgbouncer", command)?;
        process.until(BOUND, |said| said.contains("process up"))?;
        Ok(Self { port, _folder: folder, _process: process })
    }

    /// The URL of a database through it.
    #[must_use]
    pub fn url(&self, database: &Database) -> String {
        url::with_port(database.url(), self.port)
    }
}

/// The settings and the list of users: the one of the server's URL, with the password there.
fn settings(
    server: &Server,
    folder: &Path,
    port: u16,
    connections: usize,
) -> Result<(String, String), Error> {
    let config: Config = server.url().parse().map_err(Error::because("the URL of the server is none"))?;
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "127.0.0.1".to_owned(),
    };
    let server_port = config.get_ports().first().copied().unwrap_or(5432);
    let user = config.get_user().unwrap_or("postgres");
    let password = String::from_utf8_lossy(config.get_password().unwrap_or_default());
    // A server without a password lets everybody in, and so does this.
    let trust = if password.is_empty() { "any" } else { "plain" };
    let folder = folder.display();
    let settings = format!(
        "[databases]\n\
         * = host={host} port={server_port} user={user}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = {trust}\n\
         auth_file = {folder}/users\n\
         pool_mode = transaction\n\
         default_pool_size = {connections}\n\
         max_client_conn = 1000\n\
         server_login_retry = 0\n\
         ignore_startup_parameters = extra_float_digits\n"
    );
    Ok((settings, format!("\"{user}\" \"{password}\"\n")))
}
