//! Follows the event log of an organization from a position that outlives the program: the way to webhooks and
//! analytics.

use std::io::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use invite::storage::EventEntry;
use invite::{Error, OrganizationHandle};

/// So many events are read at once, and so many may be handed over again after a crash.
const BATCH: u32 = 100;

/// What following ends with.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The log could not be read.
    Log(Error),
    /// An event was not taken, or the position could not be kept.
    Io(io::Error),
}

/// Follows one organization.
pub(crate) struct Follower {
    organization: OrganizationHandle,
    position: PathBuf,
}

impl Follower {
    /// Goes on behind the position that a file holds, or begins at the beginning if there is none.
    pub(crate) fn new(organization: OrganizationHandle, position: PathBuf) -> Self {
        Self { organization, position }
    }

    /// Hands over what is new, in order, and says how many events that were. Each is handed over at least once: the
    /// position is kept after they were taken, so whoever takes them tells a repetition by the organization and
    /// sequence, which never name two events.
    pub(crate) async fn run_once(
        &self,
        mut take: impl FnMut(&EventEntry) -> io::Result<()>,
    ) -> Result<usize, Failed> {
        let (mut after, mut count) = (self.position().map_err(Failed::Io)?, 0);
        loop {
            let events = self.organization.events(after, BATCH).await.map_err(Failed::Log)?;
            let Some(last) = events.last() else { return Ok(count) };
            for event in &events {
                take(event).map_err(Failed::Io)?;
            }
            (after, count) = (last.sequence, count + events.len());
            self.keep(after).map_err(Failed::Io)?;
        }
    }

    fn position(&self) -> io::Result<u64> {
        match fs::read_to_string(&self.position) {
            Ok(text) => text.trim().parse().map_err(|_| io::Error::other("the position is not a number")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Written beside and renamed, so that a crash leaves the old position or the new one.
    fn keep(&self, sequence: u64) -> io::Result<()> {
        let new = self.position.with_extension("new");
        let mut file = fs::File::create(&new)?;
        writeln!(file, "{sequence}")?;
        file.sync_all()?;
        fs::rename(new, &self.position)
    }
}
