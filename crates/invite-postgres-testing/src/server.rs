//! A server: one that is given, or one of our own that goes with the process.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::env;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::folder::{Folder, Process};
use crate::{Binaries, Error};

/// Names a server that is there already, by the URL of a superuser.
pub const SERVER_VARIABLE: &str = "INVITE_TEST_POSTGRES";

/// How long a new cluster may take to be made, and a server to start or stop, on a machine that does much else.
const BOUND: Duration = Duration::from_secs(120);

/// How many ports are tried: between looking and listening another program may take one.
pub(crate) const PORTS: usize = 5;

/// A server that tests ask for databases.
///
/// Its functions that start, stop and kill block for as long as that takes: a second or two.
#[derive(Debug)]
pub struct Server {
    url: String,
    own: Option<Cluster>,
    /// Templates known to be there.
    pub(crate) templates: Mutex<HashSet<String>>,
}

/// How a server of our own is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    durability: Durability,
    major: Option<u32>,
    folder: Option<PathBuf>,
    settings: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Durability {
    #[default]
    None,
    Full,
}

#[derive(Debug)]
struct Cluster {
    // Dropped first: stops the server.
    folder: Folder,
    binaries: Binaries,
    options: Options,
    port: u16,
    /// `None` while it is stopped.
    running: Mutex<Option<Process>>,
}

impl Options {
    /// A server that forgets what it likes when the machine goes down, and is fast.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is committed is on disk, as with a server of the default settings: for kill tests and benches.
    #[must_use]
    pub fn durable(mut self) -> Self {
        self.durability = Durability::Full;
        self
    }

    /// Of this major version.
    #[must_use]
    pub fn version(mut self, major: u32) -> Self {
        self.major = Some(major);
        self
    }

    /// In a folder within this one instead of the one for temporary files: in memory, or on a certain disk.
    #[must_use]
    pub fn within(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// With this setting of `postgresql.conf`.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let fast = [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")];
        let fast = fast.into_iter().filter(|_| self.durability == Durability::None);
        let own = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // Shared memory in files, which go with the folder.
        let all = [("max_connections", "400"), ("dynamic_shared_memory_type", "mmap")];
        all.into_iter().chain(fast).chain(own)
    }
}

impl Server {
    /// The server of this process: the one that [`SERVER_VARIABLE`] names, else one that is started by the first who asks.
    ///
    /// # Errors
    ///
    /// If none is named and none can be started.
    pub fn shared() -> Result<&'static Self, Error> {
        static SHARED: OnceLock<Result<Server, Error>> = OnceLock::new();
        let server = SHARED.get_or_init(|| match env::var(SERVER_VARIABLE) {
            Ok(url) => Ok(Self::given(url)),
            Err(_) => Self::start(Options::new()),
        });
        server.as_ref().map_err(Clone::clone)
    }

    /// A server that is there already, by the URL of a superuser.
    #[must_use]
    pub fn given(url: impl Into<String>) -> Self {
        Self { url: url.into(), own: None, templates: Mutex::default() }
    }

    /// A server of our own, listening on a free port of 127.0.0.1 and on a socket in its folder. Both, and everything that
    /// it wrote, are gone with this value or with the process, however that ends.
    ///
    /// # Errors
    ///
    /// If there are no programs of Postgres, or they do not start.
    pub fn start(options: Options) -> Result<Self, Error> {
        let binaries = Binaries::find(options.major)?;
        let folder = Folder::new(&options.folder.clone().unwrap_or_else(env::temp_dir))?;
        let binaries = folder.reachable(binaries)?;
        let password = random();
        initialize(&folder, &binaries, &password)?;
        let mut cluster = Cluster { folder, binaries, options, port: 0, running: Mutex::new(None) };
        for attempt in 1.. {
            cluster.port = free_port()?;
            match cluster.run() {
                Err(CannotRun { port_is_taken: true, .. }) if attempt < PORTS => {}
                outcome => {
                    outcome?;
                    break;
                }
            }
        }
        let url = format!("postgres://postgres:{password}@127.0.0.1:{}/postgres", cluster.port);
        Ok(Self { url, own: Some(cluster), templates: Mutex::default() })
    }

    /// The URL of the superuser, with the database for maintenance.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the server is our own, and goes with us.
    pub(crate) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Stops the server as its operator would: transactions under way are rolled back.
    ///
    /// # Errors
    ///
    /// If it is not our own, or does not stop.
    pub fn stop(&self) -> Result<(), Error> {
        let cluster = self.own()?;
        let mut running = cluster.running();
        if let Some(process) = running.as_mut() {
            process.signal("INT")?;
            process.ended(BOUND)?;
        }
        *running = None;
        Ok(())
    }

    /// Kills the server as `kill -9` does. Its sessions end by themselves, as soon as they notice.
    ///
    /// # Errors
    ///
    /// If it is not our own.
    pub fn kill(&self) -> Result<(), Error> {
        let cluster = self.own()?;
        if let Some(mut process) = cluster.running().take() {
            process.kill()?;
        }
        Ok(())
    }

    /// Kills the server and all that it has started, its sessions among them, as `kill -9` of all of them at once does.
    ///
    /// # Errors
    ///
    /// If it is not our own.
    pub fn kill_all(&self) -> Result<(), Error> {
        let cluster = self.own()?;
        if let Some(mut process) = cluster.running().take() {
            process.kill_all()?;
        }
        Ok(())
    }

    /// Starts a server again that was stopped or killed, with what it had stored, on the same port.
    ///
    /// # Errors
    ///
    /// If it is not our own, or does not start.
    pub fn start_again(&self) -> Result<(), Error> {
        let cluster = self.own()?;
        let start = Instant::now();
        loop {
            match cluster.run() {
                // What is left of a server that was killed ends by itself, soon.
                Err(CannotRun { may_pass: true, .. }) if start.elapsed() < BOUND => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    fn own(&self) -> Result<&Cluster, Error> {
        self.own
            .as_ref()
            .ok_or_else(|| Error::new("a server that is given is not stopped or started by tests"))
    }
}

struct CannotRun {
    error: Error,
    port_is_taken: bool,
    may_pass: bool,
}

impl From<CannotRun> for Error {
    fn from(cannot: CannotRun) -> Self {
        cannot.error
    }
}

impl Cluster {
    fn running(&self) -> MutexGuard<'_, Option<Process>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the server and waits until it takes connections. Does nothing if it runs.
    fn run(&self) -> Result<(), CannotRun> {
        let mut running = self.running();
        if running.is_some() {
            return Ok(());
        }
        let folder = self.folder.path();
        let data = folder.join("data");
        let mut command = self.folder.command(&self.binaries.folder().join("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(folder).args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
        ]);
        for (name, value) in self.options.settings() {
            command.args(["-c", &format!("{name}={value}")]);
        }
        let process = self.folder.spawn("postgres", command);
        let mut process =
            process.map_err(|error| CannotRun { error, port_is_taken: false, may_pass: false })?;
        let id = process.id().to_string();
        // The first line says whose file it is: another may have been left by who was killed.
        let ready = |_: &str| {
            let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            text.lines().next() == Some(&id) && text.lines().any(|line| line.trim_end() == "ready")
        };
        if let Err(error) = process.until(BOUND, ready) {
            let said = process.said();
            let port_is_taken = said.contains("Address already in use");
            let may_pass =
                port_is_taken || said.contains("is still in use") || said.contains("already exists");
            return Err(CannotRun { error, port_is_taken, may_pass });
        }
        *running = Some(process);
        Ok(())
    }
}

/// Makes a cluster in the folder `data`. Nobody else on the machine gets in: the socket lies in a folder of our own, and the
/// port asks for a password.
fn initialize(folder: &Folder, binaries: &Binaries, password: &str) -> Result<(), Error> {
    let file = folder.path().join("password");
    fs::write(&file, password).map_err(Error::because("the password of a new cluster cannot be written"))?;
    let mut command = folder.command(&binaries.folder().join("initdb"));
    command.arg("-D").arg(folder.path().join("data"));
    command.args(["--username=postgres", "--auth-local=trust", "--pwfile"]).arg(&file);
    // Tests connect often: the password, which nobody can guess anyway, is not made slow to try.
    match binaries.major() {
        ..16 => command.arg("--auth-host=md5"),
        _ => command.args(["--auth-host=password", "--set=scram_iterations=1"]),
    };
    command.args(["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
    folder.spawn("initdb", command)?.finish(BOUND)
}

/// 128 bits that nobody can guess.
pub(crate) fn random() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

pub(crate) fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(Error::because("there is no free port on 127.0.0.1"))
}
