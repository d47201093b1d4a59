//! Full life cycles: invite, accept, remove.

use std::time::{Duration, Instant};

use invite::{Acting, Grant, Invitations, Principal};

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
        let (user, address) = (format!("user-{caller}-{n}"), format!("user-{caller}-{n}@example.com"));
        let invited = acting.invite(address.as_str(), Grant::role("member")).await?;
        for id in invited.invitations() {
            let principal = Principal::user(user.as_str()).vouched(address.as_str());
            acting.organization().accept(id, principal).await?;
        }
        acting.remove(user.as_str()).await?;
    }
    Ok(())
}
