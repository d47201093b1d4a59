//! The search: every schedule of a few operations, against every serial order of them.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use invite::core::JoinedBy;
use invite::storage::{GroupFilter, LinkFilter, RequestFilter};
use invite::{
    AccessModel, Acting, Clock as _, Entropy, Expiry, InvitationFilter, Invitations, ManualClock,
    MemberFilter, NoEntropy, PageRequest, Storage,
};
use invite_memory::{MemoryMailer, MemoryStorage};
use stateright::{Checker, Model, Property};

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
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explored {
    /// How many states there were.
    pub states: usize,
    /// How many steps the longest schedule has.
    pub steps: usize,
    /// The ends that serial orders come to: what was told, and what is stored.
    pub serial: BTreeSet<String>,
    /// The ends that interleavings come to.
    pub ends: BTreeSet<String>,
    /// A schedule whose end no serial order gives.
    pub violation: Option<Counterexample>,
    /// A schedule after which nobody can go on.
    pub stuck: Option<Counterexample>,
}

/// A schedule that breaks a property.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counterexample {
    /// Whose step it was, one after the other.
    pub schedule: Vec<usize>,
    /// What it came to, if all came to an end.
    pub end: Option<String>,
}

impl Explored {
    /// Requires that every end is one of a serial order, and that all come to one.
    #[track_caller]
    pub fn is_serializable(&self) {
        let serial = self.serial.iter().map(String::as_str).collect::<Vec<_>>().join("\n\n");
        assert!(self.stuck.is_none(), "nobody can go on: {:#?}", self.stuck);
        assert!(self.violation.is_none(), "{:#?}\nwhile serial orders come to\n{serial}", self.violation);
        assert!(!self.ends.is_empty() && self.ends == self.serial, "serial orders are schedules too");
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
pub fn explore<P, F>(prepare: fn(Scene) -> F, operations: &[Operation<P>]) -> Explored
where
    P: Clone + 'static,
    F: Future<Output = P> + 'static,
{
    search(On::Memory, prepare, operations)
}

impl Explored {
    /// The same on a store without version check.
    pub fn without_versions<P, F>(prepare: fn(Scene) -> F, operations: &[Operation<P>]) -> Self
    where
        P: Clone + 'static,
        F: Future<Output = P> + 'static,
    {
        search(On::Careless, prepare, operations)
    }
}

fn search<P, F>(on: On, prepare: fn(Scene) -> F, operations: &[Operation<P>]) -> Explored
where
    P: Clone + 'static,
    F: Future<Output = P> + 'static,
{
    let mut schedules = Schedules {
        on,
        prepare,
        operations: operations.to_vec(),
        serial: BTreeSet::new(),
        ends: Mutex::default(),
    };
    schedules.serial = orders(operations.len()).iter().map(|order| schedules.serial_end(order)).collect();
    let checker = schedules.checker().spawn_bfs().join();
    assert!(checker.is_done(), "a panic is told, and nothing else stops it");
    let counterexample = |property| {
        let path = checker.discovery(property)?;
        let State { schedule, end, .. } = path.last_state().clone();
        Some(Counterexample { schedule, end })
    };
    let ends = checker.model().ends.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Explored {
        states: checker.unique_state_count(),
        // The first state comes before any step.
        steps: checker.max_depth() - 1,
        serial: checker.model().serial.clone(),
        ends,
        violation: counterexample(SERIALIZABLE),
        stuck: counterexample(ENDS),
    }
}

const SERIALIZABLE: &str = "what came of it is what a serial order gives (CON-2)";
const ENDS: &str = "all come to an end";

/// The model that is checked: a few operations at once, on what was prepared.
struct Schedules<P, F> {
    on: On,
    prepare: fn(Scene) -> F,
    operations: Vec<Operation<P>>,
    /// What every serial order comes to.
    serial: BTreeSet<String>,
    /// What was come to so far.
    ends: Mutex<BTreeSet<String>>,
}

/// Where a schedule leads: two that lead to the same are one state.
#[derive(Debug, Clone)]
struct State {
    schedule: Vec<usize>,
    digest: String,
    /// Who has not come to an end.
    under_way: Vec<usize>,
    /// What all came to.
    end: Option<String>,
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl<P, F> Model for Schedules<P, F>
where
    P: Clone + 'static,
    F: Future<Output = P> + 'static,
{
    type State = State;
    type Action = usize;

    fn init_states(&self) -> Vec<State> {
        vec![Play::begin(self).state(Vec::new())]
    }

    fn actions(&self, state: &State, actions: &mut Vec<usize>) {
        actions.extend(&state.under_way);
    }

    /// None for an operation that waits for another's lock: it stays where it is.
    fn next_state(&self, last: &State, number: usize) -> Option<State> {
        let schedule = last.schedule.iter().copied().chain([number]).collect::<Vec<_>>();
        let next = Play::replay(self, &schedule).state(schedule);
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).extend(next.end.clone());
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SERIALIZABLE, |model: &Self, state: &State| {
                state.end.as_ref().is_none_or(|end| model.serial.contains(end))
            }),
            // Every step is added to what somebody saw, so there are no cycles, which this property would not see.
            Property::eventually(ENDS, |_, state: &State| state.end.is_some()),
        ]
    }
}

impl<P: Clone + 'static, F: Future<Output = P>> Schedules<P, F> {
    /// What comes of one operation after the other.
    fn serial_end(&self, order: &[usize]) -> String {
        let mut play = Play::begin(self);
        for number in order {
            while play.told[*number].is_none() {
                play.step(*number);
            }
        }
        play.end()
    }
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
    fn begin<P: Clone + 'static, F: Future<Output = P>>(of: &Schedules<P, F>) -> Self {
        let (storage, clock, mailer) = (MemoryStorage::new(), ManualClock::at(start()), MemoryMailer::new());
        // The stage of what is prepared, and of what looks at the end, stops nobody.
        let own = Stage::of(1).remove(0);
        let invite = build(storage.clone(), &clock, 0);
        let scene = Scene { invite, clock: clock.clone(), mailer: mailer.clone(), stage: own };
        let prepared = at_once((of.prepare)(scene.clone()));
        let stages = Stage::of(of.operations.len());
        let doing = of.operations.iter().zip(&stages).zip(1..).map(|((operation, stage), seed)| {
            let stepped = stage.clone();
            let invite = match of.on {
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

    fn replay<P: Clone + 'static, F: Future<Output = P>>(of: &Schedules<P, F>, schedule: &[usize]) -> Self {
        let mut play = Self::begin(of);
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

    fn state(&self, schedule: Vec<usize>) -> State {
        let digest = format!("{} {:?} {}", self.stages[0].digest(), self.told, self.scene.clock.now());
        let under_way =
            (0..self.told.len()).filter(|number| self.told[*number].is_none()).collect::<Vec<_>>();
        let end = under_way.is_empty().then(|| self.end());
        State { schedule, digest, under_way, end }
    }

    /// What every caller was told, and what is stored.
    fn end(&self) -> String {
        let told = self.told.iter().map(|told| told.as_deref().unwrap_or("?"));
        format!("told {}\n{}", told.collect::<Vec<_>>().join(", "), at_once(stored(&self.scene)))
    }
}

/// What is stored, without ids and nonces, and to whom mails were sent.
async fn stored(scene: &Scene) -> String {
    let acme = scene.invite.organization("acme");
    let organization = acme.get().await.unwrap();
    let mut lines = vec![format!("{:?} {:?}", organization.status, organization.counts)];
    let page = PageRequest::first(PageRequest::MAX_ROWS);
    for member in acme.members(&MemberFilter::default(), &page).await.unwrap().items {
        let by_revision = match member.joined_by {
            JoinedBy::Link { revision, .. } => Some(revision),
            _ => None,
        };
        let held = format!("{:?} {:?} {by_revision:?}", member.grants, member.seat);
        lines.push(format!("{} {:?} {held}", member.user, member.email));
    }
    for group in acme.groups(&GroupFilter::default(), &page).await.unwrap().items {
        lines.push(format!("{} {:?} {:?}", group.id, group.status, group.settings));
    }
    for link in acme.links(&LinkFilter::default(), &page).await.unwrap().items {
        let state = (link.switch, link.uses, link.revision, link.earlier_nonces.len(), link.ended);
        lines.push(format!("link {:?} by {:?}: {state:?}", link.settings, link.creator));
    }
    for request in acme.requests(&RequestFilter::default(), &page).await.unwrap().items {
        let state = request.stored_state();
        lines.push(format!("{} asks for {} {:?}: {state:?}", request.by, request.invitee, request.grants));
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
    let mut mails =
        scene.mailer.sent().iter().map(|mail| format!("sent to {}", mail.to().as_str())).collect::<Vec<_>>();
    mails.sort();
    lines.append(&mut mails);
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
