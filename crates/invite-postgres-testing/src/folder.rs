//! A folder for servers, which goes with the process that made it, however that ends.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio, id};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Binaries, Error};

/// Whom servers run as where the tests run as root, as which they refuse to: the first that exists.
const USERS: [&str; 2] = ["postgres", "nobody"];

const POLL: Duration = Duration::from_millis(10);

/// How much of a log goes into an error.
const LINES: usize = 10;

/// A folder that nobody else can look into, and a process that waits for our end to stop what runs in it and remove it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    user: Option<User>,
    janitor: Child,
}

#[derive(Debug)]
struct User {
    uid: u32,
    gid: u32,
}

impl Folder {
    pub(crate) fn new(within: &Path) -> Result<Self, Error> {
        let because = |what: &str| format!("{what} in {}", within.display());
        let path = tempfile::Builder::new()
            .prefix(&format!("invite-postgres-{}-", id()))
            .tempdir_in(within)
            .map_err(Error::because(because("no folder can be made")))?
            .keep();
        // A group of its own: what is sent to ours, by a terminal or a test runner, does not reach it.
        let janitor = Command::new("sh")
            .args(["-c", include_str!("janitor.sh"), "janitor"])
            .arg(&path)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::because("`sh` cannot be started"))?;
        let mut folder = Self { path, user: None, janitor };
        let made = fs::metadata(&folder.path).map_err(Error::because(because("a folder is gone")))?;
        if made.uid() == 0 {
            let user = User::first()?;
            chown(&folder.path, Some(user.uid), Some(user.gid))
                .map_err(Error::because(because("a folder cannot be given to another user")))?;
            folder.user = Some(user);
            let mut test = folder.command(Path::new("test"));
            let reached = test.arg("-x").arg(&folder.path).status();
            if !reached.map_err(Error::because("`setpriv` cannot be started"))?.success() {
                return Err(Error::new(format!(
                    "Postgres does not run as root, and other users cannot look into {}: name another folder in TMPDIR",
                    within.display()
                )));
            }
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The binaries, or a copy of them in the folder where the user that servers run as cannot reach them.
    pub(crate) fn reachable(&self, binaries: Binaries) -> Result<Binaries, Error> {
        let mut test = self.command(Path::new("test"));
        test.arg("-x").arg(binaries.folder().join("postgres"));
        if test.status().is_ok_and(|status| status.success()) {
            return Ok(binaries);
        }
        let cache = fs::canonicalize(Binaries::cache()).unwrap_or_default();
        let version = binaries.folder().strip_prefix(&cache).ok().and_then(|inside| inside.iter().next());
        let Some(version) = version else {
            return Err(Error::new(format!(
                "{} cannot be run as another user than root, and Postgres does not run as root: install it elsewhere, or \
                 run the tests as another user",
                binaries.folder().display()
            )));
        };
        let copy = self.path.join("programs");
        let mut sh = self.plain(Path::new("sh"));
        sh.args(["-c", "cp -R \"$1\" \"$2\" && chmod -R a+rX \"$2\"", "copy"])
            .arg(cache.join(version))
            .arg(&copy);
        self.spawn("copy", sh)?.finish(Duration::from_secs(60))?;
        let inside = binaries.folder().strip_prefix(cache.join(version)).unwrap_or(Path::new("bin"));
        Ok(binaries.at(copy.join(inside)))
    }

    /// A program that runs in the folder as the user it belongs to.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let Some(User { uid, gid }) = self.user else { return self.plain(program) };
        let mut command = self.plain(Path::new("setpriv"));
        command
            .args([&format!("--reuid={uid}"), &format!("--regid={gid}"), "--clear-groups", "--"])
            .arg(program);
        command
    }

    fn plain(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).process_group(0).stdin(Stdio::null());
        command
    }

    /// Starts a program. It ends at the latest with the folder, provided that its arguments name the folder.
    pub(crate) fn spawn(&self, name: &str, mut command: Command) -> Result<Process, Error> {
        let cannot = || format!("{name} cannot be started");
        let log = self.path.join(format!("{name}.log"));
        let write = File::create(&log).map_err(Error::because(cannot()))?;
        let too = write.try_clone().map_err(Error::because(cannot()))?;
        let child = command.stdout(write).stderr(too).spawn().map_err(Error::because(cannot()))?;
        let process = Process { name: name.to_owned(), child, log };
        let file = self.path.join(format!("{name}.pid"));
        fs::write(file, format!("{}\n", process.id())).map_err(Error::because(cannot()))?;
        Ok(process)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        // It takes bounded time. If it is gone itself, the next one removes what it left.
        let _ = self.janitor.wait();
    }
}

impl User {
    fn first() -> Result<Self, Error> {
        let number = |option: &str, name: &str| -> Option<u32> {
            let said = Command::new("id").args([option, name]).stderr(Stdio::null()).output().ok()?;
            String::from_utf8(said.stdout).ok()?.trim().parse().ok()
        };
        let user = |name: &&str| Some(Self { uid: number("-u", name)?, gid: number("-g", name)? });
        USERS.iter().find_map(user).ok_or_else(|| {
            Error::new(format!("Postgres does not run as root, and there is no user {}", USERS.join(" or ")))
        })
    }
}

/// A program that was started in a folder.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself, and well.
    pub(crate) fn finish(mut self, bound: Duration) -> Result<(), Error> {
        let status = self.ended(bound)?;
        if status.success() { Ok(()) } else { Err(self.failed(&format!("ended with {status}"))) }
    }

    /// Waits until it is ready, to judge by what it has written or otherwise, which it must be without ending.
    pub(crate) fn until(&mut self, bound: Duration, ready: impl Fn(&str) -> bool) -> Result<(), Error> {
        let start = Instant::now();
        while !ready(&self.said()) {
            if let Some(status) = self.status()? {
                return Err(self.failed(&format!("ended with {status}")));
            }
            if start.elapsed() > bound {
                return Err(self.failed(&format!("was not ready within {bound:?}")));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Waits until it has ended.
    pub(crate) fn ended(&mut self, bound: Duration) -> Result<ExitStatus, Error> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.status()? {
                return Ok(status);
            }
            if start.elapsed() > bound {
                return Err(self.failed(&format!("did not end within {bound:?}")));
            }
            thread::sleep(POLL);
        }
    }

    /// Sends a signal by its name, such as `INT`.
    pub(crate) fn signal(&self, signal: &str) -> Result<(), Error> {
        let cannot = || format!("{} cannot be sent {signal}", self.name);
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -s \"$1\" \"$2\"", "kill", signal, &self.id().to_string()]);
        let status = kill.stderr(Stdio::null()).status().map_err(Error::because(cannot()))?;
        if status.success() { Ok(()) } else { Err(Error::new(cannot())) }
    }

    /// As `kill -9` does. Nothing happens to what has ended.
    pub(crate) fn kill(&mut self) -> Result<(), Error> {
        let cannot = || format!("{} cannot be killed", self.name);
        self.child.kill().map_err(Error::because(cannot()))?;
        self.child.wait().map(drop).map_err(Error::because(cannot()))
    }

    /// The same of it and of what it has started. It is stopped first, so that it starts nothing meanwhile.
    pub(crate) fn kill_all(&mut self) -> Result<(), Error> {
        let cannot = || format!("{} cannot be killed with what it has started", self.name);
        let mut kill = Command::new("sh");
        kill.args(["-c", include_str!("kill-all.sh"), "kill", &self.id().to_string()]);
        let output = kill.output().map_err(Error::because(cannot()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::new(format!("{}: {}", cannot(), said.trim_end())));
        }
        self.kill()
    }

    /// What it has written.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn status(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.child.try_wait().map_err(Error::because(format!("{} is lost", self.name)))
    }

    fn failed(&self, how: &str) -> Error {
        let said = self.said();
        let lines: Vec<_> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n");
        Error::new(format!("{} {how}; its last lines:\n{last}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
