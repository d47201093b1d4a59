//! Bulk invites.

use std::time::Instant;

use invite::Grant;

use crate::Outcome;
use crate::host::{Stores, addresses, organization};
use crate::report::{Bound, Report};

const BULK: usize = 1_000;

pub(crate) async fn run(report: &mut Report, stores: &Stores, at_least: f64) -> Outcome {
    let list = addresses(BULK);
    let (mut new, mut again) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        let acme = organization(&stores.service().await?, "acme").await?;
        for runs in [&mut new, &mut again] {
            let begin = Instant::now();
            let invited = acme.invite(list.as_str(), Grant::role("member")).await?;
            runs.push(begin.elapsed());
            if invited.results.len() != BULK {
                return Err("an address of the list has no result".into());
            }
        }
    }
    let rate = report.line(&format!("{}: invite 1,000 in one command, an address", stores.name()), BULK, new);
    report.target(&format!("{}-bulk-addresses-per-second", stores.name()), rate, Bound::AtLeast(at_least));
    report.line(&format!("{}: invite the same 1,000 again, an address", stores.name()), BULK, again);
    Ok(())
}
