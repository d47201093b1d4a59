//! The queue of an organization: commands that wait at the same time are decided together.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use invite_core::OrganizationId;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::engine::Engine;
use crate::job::Job;

/// The most commands in one batch.
const BATCH_COMMANDS: usize = 256;
/// The most rows in one batch, roughly; a command that touches more is a batch of its own.
const BATCH_ROWS: usize = 2_000;
/// The most commands that wait for one organization.
const WAITING: usize = 1_024;

/// How long what waits holds back for the command under way, which may belong to a caller that is not polled.
const PATIENCE: Duration = Duration::from_millis(100);

/// Too many commands wait for the organization.
#[derive(Debug)]
pub(crate) struct Full;

/// The queues of all organizations that are busy. One that is not has no entry, so an organization that was
/// touched once costs nothing afterwards.
pub(crate) struct Queues {
    pub(crate) engine: Engine,
    busy: Mutex<HashMap<OrganizationId, Queue>>,
}

/// The queue of a busy organization: somebody's command is under way in the caller's own task.
struct Queue {
    waiting: VecDeque<Box<dyn Job>>,
    /// Tells that the caller's command is done. Also tells this queue from a later one.
    done: Arc<Notify>,
    /// Whether a task was spawned for what waits.
    has_task: bool,
}

impl Queues {
    pub(crate) fn new(engine: Engine) -> Arc<Self> {
        Arc::new(Self { engine, busy: Mutex::new(HashMap::new()) })
    }

    /// Performs a command at once if the organization is idle: without wait, and without a task of its own.
    /// Else it waits for what is under way, and is decided together with all that wait by then.
    pub(crate) async fn submit(
        self: &Arc<Self>,
        organization: OrganizationId,
        job: Box<dyn Job>,
    ) -> Result<(), Full> {
        let runtime = Handle::try_current().ok();
        let turn = match (self.busy().entry(organization.clone()), runtime) {
            (Entry::Occupied(mut queue), Some(runtime)) => {
                let Queue { waiting, done, has_task } = queue.get_mut();
                if waiting.len() >= WAITING {
                    waiting.retain(|job| !job.is_abandoned());
                }
                if waiting.len() >= WAITING {
                    return Err(Full);
                }
                waiting.push_back(job);
                if !*has_task {
                    *has_task = true;
                    let done = Arc::clone(done);
                    let turn = Turn { queues: Arc::clone(self), organization, done, is_task: true };
                    runtime.spawn(turn.drain());
                }
                return Ok(());
            }
            // Without a runtime nothing can wait in a task: the version guards all the same.
            (Entry::Occupied(_), None) => None,
            (Entry::Vacant(idle), _) => {
                let done = Arc::new(Notify::new());
                idle.insert(Queue { waiting: VecDeque::new(), done: Arc::clone(&done), has_task: false });
                Some(Turn {
                    queues: Arc::clone(self),
                    organization: organization.clone(),
                    done,
                    is_task: false,
                })
            }
        };
        self.engine.run(&organization, vec![job]).await;
        drop(turn);
        Ok(())
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<OrganizationId, Queue>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of whoever performs commands of an organization: of a caller, or of the task for what waits. When it
/// ends, however it ends, the organization is idle, or the task goes on.
struct Turn {
    queues: Arc<Queues>,
    organization: OrganizationId,
    done: Arc<Notify>,
    is_task: bool,
}

impl Turn {
    /// Performs what waits, batch by batch, until nothing does.
    async fn drain(self) {
        // A caller that is not polled any more, but not dropped either, must not hold up all others: the turn is
        // for speed, and the version guards.
        let _late = tokio::time::timeout(PATIENCE, self.done.notified()).await;
        while let Some(batch) = self.next_batch() {
            self.queues.engine.run(&self.organization, batch).await;
        }
    }

    /// What waits, up to the bounds of a batch. The organization is idle again if nothing does.
    fn next_batch(&self) -> Option<Vec<Box<dyn Job>>> {
        let mut busy = self.queues.busy();
        let waiting = &mut busy.get_mut(&self.organization).filter(|queue| self.is_of(queue))?.waiting;
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
            busy.remove(&self.organization);
            return None;
        }
        Some(batch)
    }

    fn is_of(&self, queue: &Queue) -> bool {
        Arc::ptr_eq(&queue.done, &self.done)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut busy = self.queues.busy();
        let Some(queue) = busy.get(&self.organization).filter(|queue| self.is_of(queue)) else { return };
        if self.is_task || !queue.has_task {
            // A task that ended early, with its runtime perhaps: whoever waits is told by the dropped jobs.
            let ended = busy.remove(&self.organization);
            drop(busy);
            drop(ended);
        } else {
            self.done.notify_one();
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
