//! Commands on Postgres, beside one statement by hand that writes the same rows: in one run, in turns, over pools of the same
//! driver, in two databases of one server.

mod by_hand;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use invite::{
    Acting, Grant, InvitationFilter, InvitationId, InvitationState, Invitations, PageRequest, Principal,
};

use crate::Outcome;
use crate::host::{Postgres, Stores, addresses, organization};
use crate::report::{Bound, Report, median};
use by_hand::ByHand;

const ORGANIZATIONS: usize = 1_000;
const RUNS: usize = 7;
const BULK: usize = 1_000;
const LISTED: usize = 10_000;

/// What is measured of commits, on a cluster: callers, organizations, commands of one run, and the least share of the
/// speed by hand.
struct Case {
    callers: usize,
    organizations: usize,
    commands: usize,
    at_least: f64,
}

impl Case {
    const fn of(callers: usize, commands: usize, at_least: f64) -> Self {
        Self { callers, organizations: ORGANIZATIONS, commands, at_least }
    }

    const fn of_one(commands: usize) -> Self {
        Self { callers: 32, organizations: 1, commands, at_least: 4.0 }
    }
}

/// Commands of many callers: on disk with the durability of Postgres's own defaults, and on a cluster in memory.
pub(crate) async fn cycles(report: &mut Report) -> Outcome {
    let disk = [Case::of(1, 200, 0.8), Case::of(8, 1_000, 0.8), Case::of(32, 1_000, 0.8), Case::of_one(500)];
    let memory =
        [Case::of(1, 500, 0.5), Case::of(8, 1_000, 0.7), Case::of(32, 1_000, 0.7), Case::of_one(500)];
    for (stores, cases) in [(Stores::postgres()?, disk), (Stores::postgres_without_disk()?, memory)] {
        let both = Both::new(&stores).await?;
        for case in cases {
            both.commands(report, stores.name(), &case).await?;
        }
    }
    Ok(())
}

/// Many in one command, and pages of a long list.
pub(crate) async fn bulk(report: &mut Report) -> Outcome {
    let stores = Stores::postgres()?;
    let both = Both::with(&stores, 2 * (RUNS + 1)).await?;
    both.bulk(report, stores.name()).await?;
    both.lists(report, stores.name()).await
}

/// The library and statements by hand, each with a database and a pool of its own.
struct Both {
    acting: Vec<Acting>,
    by_hand: ByHand,
    /// By hand, no invitation is like another.
    next: AtomicUsize,
}

impl Both {
    async fn new(stores: &Stores) -> Outcome<Self> {
        Self::with(stores, ORGANIZATIONS).await
    }

    /// With so many organizations in each database.
    async fn with(stores: &Stores, organizations: usize) -> Outcome<Self> {
        let Postgres { service, .. } = stores.postgres_database().await?;
        let Postgres { service: same, pool } = stores.postgres_database().await?;
        let acting = organizations_of(&service, organizations).await?;
        organizations_of(&same, organizations).await?;
        Ok(Self { acting, by_hand: ByHand { pool }, next: AtomicUsize::new(0) })
    }

    /// Creates invitations, and accepts all of them.
    async fn commands(&self, report: &mut Report, name: &str, case: &Case) -> Outcome {
        let Case { callers, organizations, commands, at_least } = *case;
        let mut times = [const { Vec::new() }; 4];
        for run in 0..=RUNS {
            let numbers = self.next.fetch_add(commands, Ordering::Relaxed);
            let at = move |n: usize| (n % organizations, numbers + n);
            let acting = Arc::new(self.acting.clone());
            let (made, create) = many(callers, commands, move |n| {
                let (acting, (of, n)) = (Arc::clone(&acting), at(n));
                async move {
                    let acme = acting.get(of).ok_or("no such organization")?;
                    let invited =
                        acme.invite(format!("person.{n}@example.com"), Grant::role("member")).await?;
                    Ok(invited.invitations().next().ok_or("not invited")?)
                }
            })
            .await?;
            let by_hand = self.by_hand.clone();
            let (_, create_by_hand) = many(callers, commands, move |n| {
                let (by_hand, (of, n)) = (by_hand.clone(), at(n));
                async move { by_hand.create(&id(of), n.try_into()?).await }
            })
            .await?;
            let (acting, made) = (Arc::new(self.acting.clone()), Arc::new(made));
            let (_, accept) = many(callers, commands, move |index| {
                let (acting, made, (of, n)) = (Arc::clone(&acting), Arc::clone(&made), at(index));
                async move {
                    let acme = acting.get(of).ok_or("no such organization")?;
                    let invitation: InvitationId = *made.get(index).ok_or("not invited")?;
                    let principal =
                        Principal::user(format!("user-{n}")).vouched(format!("person.{n}@example.com"));
                    acme.organization().accept(invitation, principal).await?;
                    Ok(())
                }
            })
            .await?;
            let by_hand = self.by_hand.clone();
            let (_, accept_by_hand) = many(callers, commands, move |n| {
                let (by_hand, (of, n)) = (by_hand.clone(), at(n));
                async move { by_hand.accept(&id(of), n.try_into()?).await }
            })
            .await?;
            // The first is for warmth.
            if run > 0 {
                let all = [create, create_by_hand, accept, accept_by_hand];
                times.iter_mut().zip(all).for_each(|(times, time)| times.push(time));
            }
        }
        let [create, create_by_hand, accept, accept_by_hand] = times;
        for (command, ours, theirs) in
            [("create", create, create_by_hand), ("accept", accept, accept_by_hand)]
        {
            let what = format!("{name}: {command}, {organizations} organizations, {callers} callers");
            let ours = report.line(&what, commands, ours);
            let theirs = report.line(&format!("{what}, by hand"), commands, theirs);
            let target = format!("{name}-{command}-{organizations}-organizations-{callers}-callers");
            report.target(&target, ours / theirs, Bound::AtLeast(at_least));
        }
        Ok(())
    }

    /// Many new ones in one command; then as many of which half are invited already.
    async fn bulk(&self, report: &mut Report, name: &str) -> Outcome {
        let list = addresses(BULK);
        let half = addresses(BULK / 2)
            + &addresses(BULK * 3 / 2)
                .lines()
                .skip(BULK)
                .fold(String::new(), |list, line| list + line + "\n");
        let (mut new, mut by_hand, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for (run, acme) in self.acting.iter().take(RUNS + 1).enumerate() {
            let begin = Instant::now();
            acme.invite(list.as_str(), Grant::role("member")).await?;
            let ours = begin.elapsed();
            let begin = Instant::now();
            self.by_hand.bulk(&id(run), (run * BULK).try_into()?, BULK.try_into()?).await?;
            let theirs = begin.elapsed();
            let begin = Instant::now();
            acme.invite(half.as_str(), Grant::role("member")).await?;
            let mixed = begin.elapsed();
            if run > 0 {
                new.push(ours);
                by_hand.push(theirs);
                again.push(mixed);
            }
        }
        let ratio = median(again.clone()).as_secs_f64() / median(new.clone()).as_secs_f64();
        let ours = report.line(&format!("{name}: invite 1,000 in one command, an address"), BULK, new);
        let theirs = report.line(&format!("{name}: 1,000 in one statement by hand"), BULK, by_hand);
        report.line(&format!("{name}: invite 1,000, of which half are pending"), BULK, again);
        report.target(&format!("{name}-bulk"), ours / theirs, Bound::AtLeast(0.8));
        report.target(&format!("{name}-bulk-half-pending"), ratio, Bound::AtMost(1.3));
        Ok(())
    }

    /// Pages of 50 out of many pending.
    async fn lists(&self, report: &mut Report, name: &str) -> Outcome {
        const PAGES: usize = 100;
        let (at, acme) = self.acting.iter().enumerate().next_back().ok_or("no organization")?;
        let list = addresses(LISTED);
        for lines in list.lines().collect::<Vec<_>>().chunks(BULK) {
            acme.invite(lines.join("\n").as_str(), Grant::role("member")).await?;
        }
        self.by_hand.bulk(&id(at), (RUNS * LISTED).try_into()?, LISTED.try_into()?).await?;
        let filter =
            InvitationFilter { state: Some(InvitationState::Pending), ..InvitationFilter::default() };
        let (mut first, mut later, mut by_hand) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..=RUNS {
            let begin = Instant::now();
            for _ in 0..PAGES {
                acme.organization().invitations(&filter, &PageRequest::first(50)).await?;
            }
            let ours = begin.elapsed();
            let begin = Instant::now();
            for _ in 0..PAGES {
                if self.by_hand.list(&id(at)).await? != 50 {
                    return Err("a page is not full".into());
                }
            }
            let theirs = begin.elapsed();
            let mut page = acme.organization().invitations(&filter, &PageRequest::first(50)).await?;
            let mut slow = Duration::ZERO;
            while let Some(cursor) = page.next_cursor.take() {
                let begin = Instant::now();
                page =
                    acme.organization().invitations(&filter, &PageRequest::first(50).after(cursor)).await?;
                slow = slow.max(begin.elapsed());
            }
            if run > 0 {
                first.push(ours);
                by_hand.push(theirs);
                later.push(slow);
            }
        }
        let slowest =
            median(later.clone()).as_secs_f64() / (median(first.clone()).as_secs_f64() / PAGES as f64);
        let ours = report.line(&format!("{name}: the first 50 of 10,000 pending"), PAGES, first);
        let theirs = report.line(&format!("{name}: the same by hand"), PAGES, by_hand);
        report.line(&format!("{name}: the slowest later page"), 1, later);
        report.target(&format!("{name}-list"), ours / theirs, Bound::AtLeast(0.7));
        report.target(&format!("{name}-later-pages"), slowest, Bound::AtMost(1.6));
        Ok(())
    }
}

fn id(organization: usize) -> String {
    format!("organization-{organization}")
}

async fn organizations_of(service: &Invitations, count: usize) -> Outcome<Vec<Acting>> {
    let service = service.clone();
    let (acting, _) = many(16, count, move |n| {
        let service = service.clone();
        async move { organization(&service, &id(n)).await }
    })
    .await?;
    Ok(acting)
}

/// So many callers do what there is, one after the other. What came of each, and how long it took.
async fn many<F, T>(
    callers: usize,
    count: usize,
    work: impl Fn(usize) -> F + Clone + Send + 'static,
) -> Outcome<(Vec<T>, Duration)>
where
    F: Future<Output = Outcome<T>> + Send,
    T: Send + 'static,
{
    let next = Arc::new(AtomicUsize::new(0));
    let begin = Instant::now();
    let callers = (0..callers).map(|_| {
        let (next, work) = (Arc::clone(&next), work.clone());
        tokio::spawn(async move {
            let mut came = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Ok::<_, String>(came);
                }
                came.push((n, work(n).await.map_err(|why| why.to_string())?));
            }
        })
    });
    let mut all = Vec::with_capacity(count);
    for caller in callers.collect::<Vec<_>>() {
        all.extend(caller.await??);
    }
    let took = begin.elapsed();
    all.sort_by_key(|(n, _)| *n);
    Ok((all.into_iter().map(|(_, came)| came).collect(), took))
}
