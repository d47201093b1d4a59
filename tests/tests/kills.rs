//! What was acknowledged outlives `kill -9` of the server, of those who work with it and of couriers, and connections that
//! are cut. Nothing of it is lost, nothing is there twice, and nothing by half (STO-3, STO-4, SEA-1, CON-1, CON-3, MAI-4).
//!
//! `KILLS` says how many rounds, 3 without it; `SEED` which ones. The seed decides what is asked for, and after how many
//! answers somebody is killed; what is under way at that moment it cannot decide.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use chrono::TimeDelta;
use invite::{AccessModel, Plan};
use invite_postgres_testing::{Cut, Database, Options, Proxy, Server, Side};
use tests::kills::{Came, Line, Log, Numbers, Order, Part, Stored, WORKERS};
use tests::{Store, World, model, postgres};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// Few, so that they run out.
const SEATS: u32 = 14;
/// Two of workers and a courier.
const COURIER: usize = 2;
/// After so long in which nobody tells anything, something hangs.
const SILENCE: Duration = Duration::from_secs(120);

/// Which process tells what; nothing, once it is gone.
type Told = (usize, Option<Line>);

/// A process of `src/bin/working.rs`.
struct Process {
    process: Child,
    input: Option<ChildStdin>,
    is_gone: bool,
}

impl Process {
    fn start(number: usize, order: &Order, told: &UnboundedSender<Told>) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_working"));
        let mut process = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let told = told.clone();
        thread::spawn(move || {
            // Nobody listens any more once the test has failed.
            for line in lines {
                let line = serde_json::from_str(&line.unwrap()).unwrap();
                let _ = told.send((number, Some(line)));
            }
            let _ = told.send((number, None));
        });
        let mut started = Self { input: process.stdin.take(), process, is_gone: false };
        started.say(&serde_json::to_string(order).unwrap());
        started
    }

    /// Whoever was killed hears no more.
    fn say(&mut self, line: &str) {
        let _ = self.input.as_mut().map(|input| writeln!(input, "{line}"));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Those who work at once, and what they told.
struct Crew<'a> {
    log: &'a mut Log,
    processes: Vec<Process>,
    teller: UnboundedSender<Told>,
    told: UnboundedReceiver<Told>,
    /// Whether who failed waits to be told to go on: how many, of each process.
    waiting: Option<Vec<usize>>,
}

impl<'a> Crew<'a> {
    fn new(log: &'a mut Log) -> Self {
        let (teller, told) = mpsc::unbounded_channel();
        Self { log, processes: Vec::new(), teller, told, waiting: None }
    }

    fn start(&mut self, order: &Order) {
        let started = Process::start(self.processes.len(), order, &self.teller);
        self.processes.push(started);
    }

    /// Listens until it comes true.
    async fn until(&mut self, mut is_true: impl FnMut(&Self) -> bool) {
        while !is_true(self) {
            self.listen().await;
        }
    }

    /// Listens to one line, and lets go on whoever may.
    async fn listen(&mut self) {
        let told = tokio::time::timeout(SILENCE, self.told.recv()).await;
        let (from, line) = told.unwrap().unwrap();
        let Some(line) = line else {
            let process = &mut self.processes[from];
            assert!(process.input.is_none(), "process {from} ended by itself");
            process.is_gone = true;
            self.log.gone(from);
            return;
        };
        let mails = matches!(&line, Line::Ends(_, Came::Done(invitations)) if !invitations.is_empty());
        let fails = matches!(&line, Line::Ends(_, Came::Failed | Came::Unknown));
        self.log.note(from, line);
        match &mut self.waiting {
            Some(waiting) if fails => waiting[from] += 1,
            None if fails => self.processes[from].say("again"),
            None if mails => self.processes.iter_mut().skip(COURIER).for_each(|courier| courier.say("look")),
            _ => {}
        }
    }

    /// Kills one, and listens to what it had told.
    async fn kill(&mut self, number: usize) {
        let killed = &mut self.processes[number];
        killed.process.kill().unwrap();
        killed.input = None;
        self.until(|crew| crew.processes[number].is_gone).await;
    }

    /// Lets all end what they are at.
    async fn end(mut self) {
        let mut working = Vec::new();
        for (number, process) in self.processes.iter_mut().enumerate() {
            working.extend(process.input.take().map(|_| number));
        }
        self.until(|crew| crew.processes.iter().all(|process| process.is_gone)).await;
        for number in working {
            assert!(self.processes[number].process.wait().unwrap().success(), "process {number}");
        }
    }

    /// Listens until there are so many more.
    async fn until_more(&mut self, of: fn(&Log) -> usize, more: usize) {
        let enough = of(self.log) + more;
        self.until(|crew| of(crew.log) >= enough).await;
    }
}

/// A database, and all that was told of it.
struct Scene {
    database: Database,
    // Dropped after its database.
    server: Option<Server>,
    log: Log,
    seed: usize,
    numbers: Numbers,
}

/// What happens while they work.
#[derive(Debug, Clone, Copy)]
enum Harm {
    Server,
    Workers,
    Courier,
    Connections,
}

/// Rounds of one kind of harm.
async fn rounds(harm: Harm) {
    let number = |name: &str, otherwise| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap());
    let (rounds, seed) = (number("KILLS", 3), number("SEED", 1));
    let mut scene = match harm {
        Harm::Server => Scene::on(Server::start(Options::new().durable()).unwrap(), seed).await,
        _ => Scene::with(postgres::database().await, None, seed),
    };
    for round in 0..rounds {
        scene.round(harm, round).await;
        if rounds > 3 && round % 20 == 19 {
            println!("{harm:?}: {} rounds, {} acknowledged", round + 1, scene.log.acknowledged());
        }
    }
    let Scene { log, .. } = scene;
    let (repeated, interrupted) = (log.repeated(), log.interrupted());
    println!(
        "{harm:?}: {rounds} rounds of seed {seed}: {} commands acknowledged, {repeated} repeated, {} mails, \
         {interrupted} not recorded",
        log.acknowledged(),
        log.mails()
    );
    assert!(repeated > 0 || !matches!(harm, Harm::Server | Harm::Workers), "somebody was interrupted");
    assert!(interrupted > 0 || !matches!(harm, Harm::Courier), "a courier was interrupted");
}

impl Scene {
    /// On a server that nobody else needs.
    async fn on(server: Server, seed: usize) -> Self {
        Self::with(postgres::database_on(&server).await, Some(server), seed)
    }

    fn with(database: Database, server: Option<Server>, seed: usize) -> Self {
        let numbers = Numbers::of((seed as u64).wrapping_mul(31));
        Self { database, server, log: Log::default(), seed, numbers }
    }

    async fn round(&mut self, harm: Harm, round: usize) {
        let world = World::on(Store::postgres_at(self.database.url()));
        world.pass(TimeDelta::hours(round as i64));
        let organizations = ["acme", "globex"].map(|name| format!("{name}-{round}"));
        for id in &organizations {
            let plan = Plan::seats("team", SEATS);
            world.invite.create_organization(id.as_str(), "Ltd", "ada", plan).await.unwrap();
        }
        let proxy = match harm {
            Harm::Connections => Some(Proxy::before(self.database.url()).await.unwrap()),
            _ => None,
        };
        let url = proxy.as_ref().map_or(self.database.url(), Proxy::url);
        let order = |part| Order { url: url.to_owned(), now: world.clock_now(), part };
        // Every other courier is killed between sending and recording.
        let hangs_at =
            (matches!(harm, Harm::Courier) && round.is_multiple_of(2)).then(|| 1 + self.numbers.below(12));
        let before = 12 + self.numbers.below(24);

        let mut crew = Crew::new(&mut self.log);
        for process in 0..COURIER {
            let name = format!("r{round}c{process}");
            let seed = ((self.seed * 1_000 + round) * COURIER + process) as u64;
            crew.start(&order(Part::Workers { name, organizations: organizations.to_vec(), seed }));
        }
        crew.start(&order(Part::Courier { hangs_at }));
        match harm {
            Harm::Server => {
                crew.until_more(Log::acknowledged, before).await;
                let server = self.server.as_ref().unwrap();
                crew.waiting = Some(vec![0; COURIER + 1]);
                if round.is_multiple_of(2) { server.kill_all() } else { server.kill() }.unwrap();
                let all = |crew: &Crew<'_>| crew.waiting.iter().flatten().sum::<usize>() == COURIER * WORKERS;
                crew.until(all).await;
                server.start_again().unwrap();
                // At once, before anybody tries again.
                crew.log.compare(&stored(&self.database).await).unwrap();
                for (process, waiting) in crew.waiting.take().unwrap().into_iter().enumerate() {
                    (0..waiting).for_each(|_| crew.processes[process].say("again"));
                }
            }
            Harm::Workers => {
                crew.until_more(Log::acknowledged, before).await;
                crew.kill(round % COURIER).await;
            }
            Harm::Courier => {
                let mails = crew.log.mails() + hangs_at.unwrap_or_else(|| 1 + self.numbers.below(12));
                crew.until(|crew| crew.log.mails() >= mails).await;
                crew.kill(COURIER).await;
                crew.start(&order(Part::Courier { hangs_at: None }));
            }
            Harm::Connections => {
                let proxy = proxy.as_ref().unwrap();
                for cut in 0..6 {
                    crew.until_more(Log::acknowledged, before / 6).await;
                    if cut % 3 == 0 {
                        proxy.cut().await;
                        continue;
                    }
                    let fired = proxy.fired();
                    proxy.arm(match cut % 3 {
                        1 => Cut::after_bytes(self.numbers.below(8_000)),
                        _ => Cut::before(Side::Server, b'Z').nth(1 + self.numbers.below(20)),
                    });
                    crew.until(|_| proxy.fired() > fired).await;
                }
            }
        }
        // Nothing that is left behind is in anybody's way. Whoever was killed may have taken all seats.
        crew.until_more(Log::answered, 8).await;
        crew.end().await;

        self.log.compare(&stored(&self.database).await).unwrap();
        for deed in self.log.unsettled() {
            self.log.note(COURIER, Line::Begins(deed.clone()));
            let came = deed.perform(&world.invite).await;
            self.log.note(COURIER, Line::Ends(deed.key, came));
        }
        assert_eq!(self.log.unsettled(), []);
        self.log.compare(&stored(&self.database).await).unwrap();

        world.pass(TimeDelta::minutes(11));
        world.deliver().await;
        for message in world.mailer.sent() {
            self.log.note(COURIER, Line::Mails(message.id().to_string(), message.date()));
        }
        self.log.note(COURIER, Line::Delivered(Came::Done(Vec::new())));
        let stored = stored(&self.database).await;
        self.log.compare(&stored).unwrap();
        self.log.compare_mails(&stored).unwrap();
        for id in &organizations {
            let organization = world.invite.organization(id.as_str());
            model::sound(&organization, &AccessModel::preset(), world.clock_now()).await.unwrap();
        }
    }
}

async fn stored(database: &Database) -> Stored {
    Stored::read(&mut database.connect().await.unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sto_3_what_was_acknowledged_outlives_kills_of_the_server() {
    rounds(Harm::Server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sto_3_what_was_acknowledged_outlives_kills_of_who_asked_for_it() {
    rounds(Harm::Workers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mai_4_mails_are_sent_though_couriers_are_killed() {
    rounds(Harm::Courier).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sto_4_commands_are_done_once_though_connections_are_cut() {
    rounds(Harm::Connections).await;
}

/// What these tests are for: a server that acknowledges what it has not written yet.
#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "should be")]
async fn a_server_that_loses_what_was_acknowledged_is_found_out() {
    let late = Options::new().durable().set("synchronous_commit", "off").set("wal_writer_delay", "10s");
    Scene::on(Server::start(late).unwrap(), 1).await.round(Harm::Server, 0).await;
}
