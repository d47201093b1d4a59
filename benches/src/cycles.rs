//! Full life cycles: invite, accept, remove.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use invite::{Acting, Grant, Invitations, Principal};
use tokio::task::JoinHandle;

use crate::Outcome;
use crate::host::{Stores, organization};
use crate::report::{Bound, Report};

const ORGANIZATIONS: usize = 8;
const CYCLES: usize = 2_048;
const COMMANDS: usize = 3;

/// In eight organizations, with one caller in each, and with many that wait together.
pub(crate) async fn run(report: &mut Report, stores: &Stores) -> Outcome {
    for callers in [1, 32] {
        let mut runs = Vec::new();
        for _ in 0..7 {
            runs.push(run_once(&stores.service().await?, callers).await?);
        }
        let case =
            format!("{}: life cycles in 8 organizations, {callers} callers each, a command", stores.name());
        let rate = report.line(&case, ORGANIZATIONS * CYCLES * COMMANDS, runs);
        let target = format!("{}-life-cycles-{callers}-callers-per-second", stores.name());
        report.target(&target, rate, Bound::AtLeast(100_000.0));
    }
    Ok(())
}

async fn run_once(service: &Invitations, callers: usize) -> Outcome<Duration> {
    let mut acting = Vec::new();
    for n in 0..ORGANIZATIONS {
        acting.push(organization(service, &format!("organization-{n}")).await?);
    }
    let begin = Instant::now();
    let mut tasks = Vec::new();
    for acting in acting {
        for caller in 0..callers {
            tasks.push(tokio::spawn(cycle(acting.clone(), caller, CYCLES / callers)));
        }
    }
    for task in tasks {
        task.await??;
    }
    Ok(begin.elapsed())
}

async fn cycle(acting: Acting, caller: usize, cycles: usize) -> Result<(), invite::Error> {
    for n in 0..cycles {
        cycle_once(&acting, &format!("user-{caller}-{n}")).await?;
    }
    Ok(())
}

async fn cycle_once(acting: &Acting, user: &str) -> Result<(), invite::Error> {
    let address = format!("{user}@example.com");
    let invited = acting.invite(address.as_str(), Grant::role("member")).await?;
    for id in invited.invitations() {
        let principal = Principal::user(user).vouched(address.as_str());
        acting.organization().accept(id, principal).await?;
    }
    acting.remove(user).await?;
    Ok(())
}

/// Life cycles that go on in organizations of their own while something else is looked at.
pub(crate) struct Others {
    is_enough: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Result<usize, invite::Error>>>,
}

impl Others {
    /// Starts them in one organization on each of these services.
    pub(crate) async fn start(services: &[Invitations]) -> Outcome<Self> {
        let (is_enough, mut tasks) = (Arc::new(AtomicBool::new(false)), Vec::new());
        for (n, service) in services.iter().enumerate() {
            let acting = organization(service, &format!("other-{n}")).await?;
            let is_enough = Arc::clone(&is_enough);
            tasks.push(tokio::spawn(async move {
                let mut cycles = 0;
                while !is_enough.load(Ordering::Relaxed) {
                    cycle_once(&acting, &format!("user-{cycles}")).await?;
                    cycles += 1;
                    tokio::task::yield_now().await;
                }
                Ok(cycles)
            }));
        }
        Ok(Self { is_enough, tasks })
    }

    /// Lets them come to an end, and gives how many there were.
    pub(crate) async fn stop(self) -> Outcome<usize> {
        self.is_enough.store(true, Ordering::Relaxed);
        let mut cycles = 0;
        for task in self.tasks {
            cycles += task.await??;
        }
        Ok(cycles)
    }
}
