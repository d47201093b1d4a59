//! The search: every schedule of a few operations, against every serial order of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use invite::{
    AccessModel, Acting, Clock as _, Entropy, Expiry, InvitationFilter, Invitations, ManualClock,
    MemberFilter, NoEntropy, PageRequest, Storage,
};
use invite_memory::{MemoryMailer, MemoryStorage};

use super::{Stage, Stepped};
use crate::broken::Careless;
use crate::world::{keyring, start};

/// One operation's own process: a service on the store that all share.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The service.
    pub invite: Invitations,
    /// The clock that all share.
    pub clock: ManualClock,
    /// The mailer that all share.
    pub mailer: MemoryMailer,
    /// Where it stops.
    pub stage: Stage,
}

impl Scene {
    /// Somebody who acts in Acme Ltd.
    pub fn acme_by(&self, name: &str) -> Acting {
        self.invite.organization("acme").by(name)
    }
}

type Doing = Pin<Box<dyn Future<Output = String>>>;

/// An operation on what was prepared: says what its caller is told, without ids, which differ from order to order.
pub type Operation<P> = fn(Scene, P) -> Doing;

/// What a search came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explored {
    /// How many states there were.
    pub states: usize,
    /// How many ways there were to come to an end.
    pub ends: usize,
    /// The ends that serial orders come to: what was told, and what is stored.
    pub serial: BTreeSet<String>,
    /// The ends that interleavings come to, with a schedule for each.
    pub found: BTreeMap<String, Vec<usize>>,
    /// Schedules after which nobody could go on.
    pub stuck: Vec<Vec<usize>>,
}

impl Explored {
    /// What no serial order gives, with a schedule that does (CON-2).
    pub fn violations(&self) -> Vec<(&str, &[usize])> {
        let found = self.found.iter().filter(|(end, _)| !self.serial.contains(*end));
        found.map(|(end, schedule)| (end.as_str(), schedule.as_slice())).collect()
    }

    /// Requires that every end is one of a serial order, and that all could go on.
    #[track_caller]
    pub fn is_serializable(&self) {
        assert!(self.stuck.is_empty(), "nobody can go on after {:?}", self.stuck);
        let violations = self.violations();
        let serial = self.serial.iter().map(String::as_str).collect::<Vec<_>>().join("\n\n");
        assert!(violations.is_empty(), "{violations:#?}\nwhile serial orders come to\n{serial}");
        assert!(self.ends > 0 && self.serial.iter().all(|end| self.found.contains_key(end)));
    }
}

/// What the operations run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// A store that keeps the contract.
    Memory,
    /// One without version check.
    Careless,
}

/// Goes through every schedule of the operations after what `prepare` does.
pub fn explore<P, F>(prepare: impl Fn(Scene) -> F, operations: &[Operation<P>]) -> Explored
where
    P: Clone + 'static,
    F: Future<Output = P>,
{
    search(On::Memory, &prepare, operations)
}

impl Explored {
    /// The same on a store without version check.
    pub fn without_versions<P, F>(prepare: impl Fn(Scene) -> F, operations: &[Operation<P>]) -> Self
    where
        P: Clone + 'static,
        F: Future<Output = P>,
    {
        search(On::Careless, &prepare, operations)
    }
}

fn search<P: Clone + 'static, F: Future<Output = P>>(
    on: On,
    prepare: &impl Fn(Scene) -> F,
    operations: &[Operation<P>],
) -> Explored {
    let mut explored = Explored::default();
    for order in orders(operations.len()) {
        let mut play = Play::begin(on, prepare, operations);
        for number in order {
            while play.told[number].is_none() {
                play.step(number);
            }
        }
        explored.serial.insert(play.end());
    }
    let first = Play::begin(on, prepare, operations);
    let mut known = HashSet::from([first.digest()]);
    let mut open = vec![(Vec::new(), first)];
    while let Some((schedule, play)) = open.pop() {
        explored.states += 1;
        let numbers = (0..operations.len()).filter(|number| play.told[*number].is_none()).collect::<Vec<_>>();
        if numbers.is_empty() {
            explored.ends += 1;
            explored.found.entry(play.end()).or_insert(schedule);
            continue;
        }
        let (here, mut goes_on, mut play) = (play.digest(), false, Some(play));
        for (left, number) in (0..numbers.len()).rev().zip(numbers) {
            // The last one goes on from here; the others come here again.
            let again = || Play::replay(on, prepare, operations, &schedule);
            let mut next = if left == 0 { play.take().unwrap_or_else(again) } else { again() };
            next.step(number);
            let there = next.digest();
            goes_on |= there != here;
            if known.insert(there) {
                open.push((schedule.iter().copied().chain([number]).collect(), next));
            }
        }
        if !goes_on {
            explored.stuck.push(schedule);
        }
    }
    explored
}

/// Every order of so many.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let insert = |order: Vec<usize>| {
        (0..count).map(move |at| {
            let mut order = order.clone();
            order.insert(at, count - 1);
            order
        })
    };
    orders(count - 1).into_iter().flat_map(insert).collect()
}

/// The operations under way.
struct Play {
    scene: Scene,
    stages: Vec<Stage>,
    doing: Vec<Doing>,
    told: Vec<Option<String>>,
}

impl Play {
    fn begin<P: Clone + 'static, F: Future<Output = P>>(
        on: On,
        prepare: &impl Fn(Scene) -> F,
        operations: &[Operation<P>],
    ) -> Self {
        let (storage, clock, mailer) = (MemoryStorage::new(), ManualClock::at(start()), MemoryMailer::new());
        // The stage of what is prepared, and of what looks at the end, stops nobody.
        let own = Stage::of(1).remove(0);
        let invite = build(storage.clone(), &clock, 0);
        let scene = Scene { invite, clock: clock.clone(), mailer: mailer.clone(), stage: own };
        let prepared = at_once(prepare(scene.clone()));
        let stages = Stage::of(operations.len());
        let doing = operations.iter().zip(&stages).zip(1..).map(|((operation, stage), seed)| {
            let stepped = stage.clone();
            let invite = match on {
                On::Memory => build(Stepped::new(storage.clone(), stepped), &clock, seed),
                On::Careless => build(Stepped::new(Careless(storage.clone()), stepped), &clock, seed),
            };
            let (clock, mailer) = (clock.clone(), mailer.clone());
            let scene = Scene { invite, clock, mailer, stage: stage.clone() };
            let (operation, prepared) = (*operation, prepared.clone());
            let doing: Doing = Box::pin(async move {
                // When it begins is part of the schedule: what it does first is to read the clock.
                scene.stage.step().await;
                operation(scene, prepared).await
            });
            doing
        });
        let mut play = Self { scene, doing: doing.collect(), told: vec![None; stages.len()], stages };
        for number in 0..play.doing.len() {
            play.poll(number);
        }
        play
    }

    fn replay<P: Clone + 'static, F: Future<Output = P>>(
        on: On,
        prepare: &impl Fn(Scene) -> F,
        operations: &[Operation<P>],
        schedule: &[usize],
    ) -> Self {
        let mut play = Self::begin(on, prepare, operations);
        schedule.iter().for_each(|number| play.step(*number));
        play
    }

    /// Lets one operation make its next step. One that waits for another's lock stays where it is.
    fn step(&mut self, number: usize) {
        self.stages[number].let_through(self.scene.clock.now());
        self.poll(number);
    }

    fn poll(&mut self, number: usize) {
        if self.told[number].is_some() {
            return;
        }
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(told) = self.doing[number].as_mut().poll(&mut context) {
            self.told[number] = Some(told);
        }
    }

    fn digest(&self) -> String {
        format!("{} {:?} {}", self.stages[0].digest(), self.told, self.scene.clock.now())
    }

    /// What every caller was told, and what is stored.
    fn end(&self) -> String {
        let told = self.told.iter().map(|told| told.as_deref().unwrap_or("?"));
        format!("told {}\n{}", told.collect::<Vec<_>>().join(", "), at_once(stored(&self.scene)))
    }
}

/// What is stored, without ids and nonces.
async fn stored(scene: &Scene) -> String {
    let acme = scene.invite.organization("acme");
    let organization = acme.get().await.unwrap();
    let mut lines = vec![format!("{:?} {:?}", organization.status, organization.counts)];
    let page = PageRequest::first(PageRequest::MAX_ROWS);
    for member in acme.members(&MemberFilter::default(), &page).await.unwrap().items {
        lines.push(format!("{} {:?} {:?} {:?}", member.user, member.email, member.grants, member.seat));
    }
    let now = scene.clock.now();
    let mut rows = Vec::new();
    for entry in acme.invitations(&InvitationFilter::default(), &page).await.unwrap().items {
        let (row, mail) = (entry.invitation, entry.delivery);
        let expires = match row.expires_at {
            Expiry::At(end) => (end - start()).to_string(),
            Expiry::Never => "never".to_owned(),
        };
        let mail = mail.map(|mail| (mail.kind, mail.state, mail.revision));
        let state = (row.state_at(now), row.ended.as_ref().map(|(ending, _)| ending.clone()), row.revision);
        let what = format!("{} {:?} by {:?} until {expires}", row.invitee, row.grants, row.inviter);
        rows.push(format!("{what}: {state:?} {:?} {mail:?}", row.seat));
    }
    rows.sort();
    lines.append(&mut rows);
    let events = acme.events(0, 1_000).await.unwrap();
    lines
        .extend(events.iter().map(|event| format!("{} {} by {:?}", event.sequence, event.kind, event.actor)));
    lines.join("\n")
}

/// A future that waits for nobody.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("nobody is there to wait for"),
    }
}

fn build(storage: impl Storage, clock: &ManualClock, seed: u64) -> Invitations {
    let service = Invitations::builder(storage, AccessModel::preset(), keyring());
    let service = service.base_url("https://app.example/join").clock(clock.clone());
    service.entropy(Numbered::of(seed)).build().unwrap()
}

/// Numbers that nobody else draws, and that are the same in every replay.
#[derive(Debug)]
struct Numbered(Arc<AtomicU64>);

impl Numbered {
    fn of(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed << 32)))
    }
}

impl Entropy for Numbered {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in bytes.chunks_mut(8) {
            let drawn = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            chunk.copy_from_slice(&drawn[8 - chunk.len()..]);
        }
        Ok(())
    }
}
