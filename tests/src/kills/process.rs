//! A process of workers, or of a courier: its order, and what it tells.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use invite::{MailError, Mailer, Message};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::deed::{Came, Deed};
use super::worker::{WORKERS, Worker};
use crate::store::Store;
use crate::world::World;

/// What a process is to do, until its input ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "passed between processes of one test")]
pub struct Order {
    /// The URL of the database.
    pub url: String,
    /// The time there.
    pub now: DateTime<Utc>,
    /// Which part it plays.
    pub part: Part,
}

/// What a process is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "passed between processes of one test")]
pub enum Part {
    /// People who work in these organizations in turn. Whoever fails goes on at the next line of input.
    Workers {
        /// What their names begin with.
        name: String,
        /// Where they work.
        organizations: Vec<String>,
        /// What decides what they do.
        seed: u64,
    },
    /// A courier, which looks for mail once for each line of input.
    Courier {
        /// It hangs once it has sent so many mails, before it can record the last one.
        hangs_at: Option<usize>,
    },
}

/// What a process tells, a line each.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(clippy::exhaustive_enums, reason = "passed between processes of one test")]
pub enum Line {
    /// Somebody begins with a deed, or tries it again.
    Begins(Deed),
    /// What came of the deed of a key.
    Ends(String, Came),
    /// A mail was sent: its id, and the time of its courier.
    Mails(String, DateTime<Utc>),
    /// A courier has looked for mail. If that is done, all that it had sent was recorded.
    Delivered(Came),
}

/// Does what is ordered, and tells of it.
pub async fn work(
    order: Order,
    input: impl BufRead + Send + 'static,
    tell: impl Fn(Line) + Send + Sync + Clone + 'static,
) {
    let lines = Arc::new(Semaphore::new(0));
    let counted = Arc::clone(&lines);
    std::thread::spawn(move || {
        for _ in input.lines().map_while(Result::ok) {
            counted.add_permits(1);
        }
        counted.close();
    });
    let world = World::on(Store::postgres_at(&order.url));
    world.pass(order.now - world.clock_now());
    match order.part {
        Part::Workers { name, organizations, seed } => {
            let workers = organizations.iter().cycle().take(WORKERS).enumerate().map(|(n, organization)| {
                let seed = seed.wrapping_mul(WORKERS as u64).wrapping_add(n as u64);
                let worker = Worker::new(format!("{name}w{n}"), organization.clone(), seed);
                tokio::spawn(labour(worker, world.clone(), Arc::clone(&lines), tell.clone()))
            });
            for ended in join_all(workers).await {
                ended.unwrap();
            }
        }
        Part::Courier { hangs_at } => {
            let sent = Arc::new(AtomicUsize::new(0));
            let mailer = Telling { tell: tell.clone(), now: order.now, sent: Arc::clone(&sent), hangs_at };
            let courier = world.invite.courier(mailer);
            while let Ok(line) = lines.acquire().await {
                line.forget();
                let before = sent.load(Ordering::SeqCst);
                let came = match courier.run_once(8).await {
                    Ok(report) if before + report.sent == sent.load(Ordering::SeqCst) => {
                        Came::Done(Vec::new())
                    }
                    Ok(report) => Came::Wrong(format!("{report:?}")),
                    Err(error) => Came::from(error),
                };
                tell(Line::Delivered(came));
            }
        }
    }
}

async fn labour(mut worker: Worker, world: World, lines: Arc<Semaphore>, tell: impl Fn(Line)) {
    while !lines.is_closed() {
        let deed = worker.next();
        loop {
            tell(Line::Begins(deed.clone()));
            let came = deed.perform(&world.invite).await;
            tell(Line::Ends(deed.key.clone(), came.clone()));
            match came {
                Came::Failed | Came::Unknown => match lines.acquire().await {
                    Ok(line) => line.forget(),
                    Err(_) => return,
                },
                Came::Done(_) | Came::Refused(_) | Came::Wrong(_) => {
                    worker.learn(&deed, &came);
                    break;
                }
            }
        }
    }
}

/// A mail system that tells what it sends.
struct Telling<T> {
    tell: T,
    now: DateTime<Utc>,
    sent: Arc<AtomicUsize>,
    hangs_at: Option<usize>,
}

#[async_trait]
impl<T: Fn(Line) + Send + Sync + 'static> Mailer for Telling<T> {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        (self.tell)(Line::Mails(message.id().to_string(), self.now));
        let sent = 1 + self.sent.fetch_add(1, Ordering::SeqCst);
        if self.hangs_at.is_some_and(|at| sent >= at) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}
