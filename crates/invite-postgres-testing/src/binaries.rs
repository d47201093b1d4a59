//! Where the programs of Postgres lie on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

/// Names a folder with `initdb` and `postgres`, to be used before all others.
pub const BINARIES_VARIABLE: &str = "INVITE_TEST_POSTGRES_BIN";

/// The programs of one installed version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
    version: String,
}

impl Binaries {
    /// The first that is found, of this major version where one is given.
    ///
    /// # Errors
    ///
    /// If there is none, or [`BINARIES_VARIABLE`] names a folder without them.
    pub fn find(major: Option<u32>) -> Result<Self, Error> {
        let found =
            Self::all()?.into_iter().find(|binaries| major.is_none_or(|major| binaries.major() == major));
        found.ok_or_else(|| {
            let (which, option) = match major {
                Some(major) => (format!("Postgres {major}"), format!(" --version {major}")),
                None => ("Postgres".to_owned(), String::new()),
            };
            Error::new(format!(
                "{which} is not installed, and tests need it: run `cargo xtask postgres{option}`, which installs it, or \
                 name the folder of its programs in {BINARIES_VARIABLE}"
            ))
        })
    }

    /// All that are found, each once: in the folder of [`BINARIES_VARIABLE`], on the path, where Debian has them, and in
    /// [`Binaries::cache`]; in the latter two the newest version first.
    ///
    /// # Errors
    ///
    /// If [`BINARIES_VARIABLE`] names a folder without them.
    pub fn all() -> Result<Vec<Self>, Error> {
        let mut all = Vec::new();
        if let Some(folder) = env::var_os(BINARIES_VARIABLE) {
            let named = Self::in_folder(Path::new(&folder)).ok_or_else(|| {
                Error::new(format!(
                    "{BINARIES_VARIABLE} is {}, where no `initdb` and `postgres` are that run",
                    folder.display()
                ))
            })?;
            all.push(named);
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path)
            .chain(versions(Path::new("/usr/lib/postgresql")))
            .chain(versions(&Self::cache()));
        for binaries in folders.filter_map(|folder| Self::in_folder(&folder)) {
            if !all.contains(&binaries) {
                all.push(binaries);
            }
        }
        Ok(all)
    }

    /// `invite/postgres` in the user's folder for caches, so that each version is fetched once for all checkouts. Its
    /// folders are named after the major version that is in them, and have the programs in `bin`.
    #[must_use]
    pub fn cache() -> PathBuf {
        let caches = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let caches = caches.or_else(|| Some(env::home_dir()?.join(".cache")));
        caches.unwrap_or_else(env::temp_dir).join("invite/postgres")
    }

    /// The folder of the programs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The whole version, such as `15.18`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The major version, such as 15; 0 for one that is no number.
    #[must_use]
    pub fn major(&self) -> u32 {
        let end = self.version.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.version.len());
        self.version.get(..end).and_then(|major| major.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn at(&self, folder: PathBuf) -> Self {
        Self { folder, version: self.version.clone() }
    }

    /// Links are followed: Postgres looks for its other files beside the program itself.
    fn in_folder(folder: &Path) -> Option<Self> {
        let program = fs::canonicalize(folder.join("postgres")).ok()?;
        let folder = program.parent()?.to_owned();
        fs::metadata(folder.join("initdb")).ok()?;
        let said =
            Command::new(&program).arg("--version").output().ok().filter(|output| output.status.success())?;
        // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
        let version = String::from_utf8(said.stdout).ok()?.split_whitespace().nth(2)?.to_owned();
        Some(Self { folder, version })
    }
}

/// The folders `bin` of the versions in a folder, the newest first.
fn versions(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut majors: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors.into_iter().map(move |major| folder.join(major.to_string()).join("bin")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_the_whole_one() {
        for (version, major) in [("15.18", 15), ("18", 18), ("19devel", 19), ("", 0)] {
            assert_eq!(Binaries { folder: PathBuf::new(), version: version.to_owned() }.major(), major);
        }
    }

    #[test]
    fn the_newest_version_comes_first_and_other_folders_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["9", "15", "18", ".18", "main"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let found = versions(folder.path());
        assert_eq!(found, ["18/bin", "15/bin", "9/bin"].map(|name| folder.path().join(name)));
    }
}
