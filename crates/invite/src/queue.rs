//! The queue of an organization: commands that wait at the same time are decided together.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use invite_core::OrganizationId;

use crate::engine::Engine;
use crate::job::Job;

/// The most commands in one batch.
const BATCH_COMMANDS: usize = 256;
/// The most rows in one batch, roughly; a command that touches more is a batch of its own.
const BATCH_ROWS: usize = 2_000;
/// The most commands that wait for one organization.
const WAITING: usize = 1_024;

/// Too many commands wait for the organization.
#[derive(Debug)]
pub(crate) struct Full;

/// The queues of all organizations that are busy. One that is not has no entry, so an organization that was
/// touched once costs nothing afterwards.
pub(crate) struct Queues {
    pub(crate) engine: Engine,
    busy: Mutex<HashMap<OrganizationId, VecDeque<Box<dyn Job>>>>,
}

impl Queues {
    pub(crate) fn new(engine: Engine) -> Arc<Self> {
        Arc::new(Self { engine, busy: Mutex::new(HashMap::new()) })
    }

    /// Performs a command at once if the organization is idle: without wait, and without a task of its own.
    /// Else it waits for the batch under way, and is decided together with all that wait by then.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        organization: OrganizationId,
        job: Box<dyn Job>,
    ) -> Result<(), Full> {
        match self.busy().entry(organization.clone()) {
            Entry::Occupied(queue) if queue.get().len() >= WAITING => return Err(Full),
            Entry::Occupied(mut queue) => {
                queue.get_mut().push_back(job);
                return Ok(());
            }
            Entry::Vacant(idle) => {
                idle.insert(VecDeque::new());
            }
        }
        let turn = Turn { queues: Arc::clone(self), organization, over: false };
        self.engine.run(&turn.organization, vec![job]).await;
        Ok(())
    }

    /// Performs what waits, batch by batch, until nothing does.
    async fn drain(self: Arc<Self>, organization: OrganizationId) {
        let mut turn = Turn { queues: self, organization, over: false };
        while let Some(batch) = turn.queues.next_batch(&turn.organization) {
            turn.queues.engine.run(&turn.organization, batch).await;
        }
        turn.over = true;
    }

    /// What waits, up to the bounds of a batch. The organization is idle again if nothing does.
    fn next_batch(&self, organization: &OrganizationId) -> Option<Vec<Box<dyn Job>>> {
        let mut busy = self.busy();
        let waiting = busy.get_mut(organization)?;
        let mut batch = Vec::new();
        let mut rows = 0;
        while let Some(job) = waiting.front() {
            rows += job.rows();
            if batch.len() >= BATCH_COMMANDS || (rows > BATCH_ROWS && !batch.is_empty()) {
                break;
            }
            batch.extend(waiting.pop_front());
        }
        if batch.is_empty() {
            busy.remove(organization);
            return None;
        }
        Some(batch)
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<OrganizationId, VecDeque<Box<dyn Job>>>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of whoever performs commands of an organization. When it ends early, or because its caller was
/// dropped, whatever waits by then goes on in a task of its own.
struct Turn {
    queues: Arc<Queues>,
    organization: OrganizationId,
    /// Whether the queue is somebody else's already.
    over: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let mut busy = self.queues.busy();
        if busy.get(&self.organization).is_none_or(VecDeque::is_empty) {
            busy.remove(&self.organization);
            return;
        }
        drop(busy);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(Arc::clone(&self.queues).drain(self.organization.clone()));
            }
            // Without a runtime nobody can wait any longer: those who did are told by their dropped jobs.
            Err(_) => drop(self.queues.busy().remove(&self.organization)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::IntoFuture as _;

    use invite_core::{AccessModel, Grant, Plan};
    use invite_memory::MemoryStorage;

    use crate::{Invitations, Keyring};

    /// An organization that was touched costs nothing afterwards, also if callers were dropped on the way.
    #[tokio::test]
    async fn an_idle_organization_has_no_queue() {
        let service = Invitations::builder(MemoryStorage::new(), AccessModel::preset(), Keyring::ephemeral())
            .base_url("https://app.example/join")
            .build()
            .unwrap();
        let acme = service.create_organization("acme", "Acme", "ada", Plan::seats("team", 5)).await.unwrap();
        let invite = |address: &str| acme.by("ada").invite(address, Grant::role("member")).into_future();
        let (one, two) = tokio::join!(invite("bob@example.com"), invite("eve@example.com"));
        assert_eq!(one.unwrap().len() + two.unwrap().len(), 2);
        drop(invite("dan@example.com"));
        acme.by("ada").invite("mia@example.com", Grant::role("member")).await.unwrap();
        assert!(service.inner.queues.busy().is_empty());
    }
}
