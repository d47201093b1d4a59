//! Many acceptances of one organization at once.

use std::collections::BTreeSet;
use std::time::Instant;

use invite::{Grant, Principal};

use crate::Outcome;
use crate::correctness::at_once;
use crate::host::{Stores, addresses, organization};
use crate::report::{Bound, Report};

const ACCEPTS: usize = 100;

pub(crate) async fn run(report: &mut Report, stores: &Stores) -> Outcome {
    let (mut runs, mut most) = (Vec::new(), 0);
    for _ in 0..7 {
        let acme = organization(&stores.service().await?, "acme").await?;
        let invited = acme.invite(addresses(ACCEPTS).as_str(), Grant::role("member")).await?;
        let before = acme.organization().get().await?.version;
        let accepts = invited.invitations().enumerate().map(|(n, id)| {
            let (acme, address) = (acme.organization().clone(), format!("person.{n}@example.com"));
            async move { acme.accept(id, Principal::user(format!("user-{n}")).vouched(address)).await.is_ok() }
        });
        let begin = Instant::now();
        let accepted = at_once(accepts.collect::<Vec<_>>()).await?;
        runs.push(begin.elapsed());
        if !accepted.iter().all(|accepted| *accepted) {
            return Err("an acceptance was refused".into());
        }
        let events = acme.organization().events(before, 1_000).await?;
        most = most.max(events.iter().map(|event| event.commit).collect::<BTreeSet<_>>().len());
    }
    report.line(&format!("{}: 100 accepts at once, one of them", stores.name()), ACCEPTS, runs);
    report
        .note(&format!("{}: commits that 100 accepts at once take, at the most", stores.name()), most as f64);
    report.target(&format!("{}-commits-of-100-accepts", stores.name()), most as f64, Bound::AtMost(4.0));
    Ok(())
}
