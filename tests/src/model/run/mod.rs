//! A run: the service on a store, the model beside it, and a comparison after every step.

mod everywhere;
mod founding;
mod looks;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{CommandRecord, Invitee};
use invite::storage::EventEntry;
use invite::{
    AccessModel, Clock as _, Entropy, Invitations, Key, ManualClock, NewMember, NoEntropy, OnPending,
    OrganizationStatus, Permission, Scope, SeatClass,
};
use invite_memory::{Failure, MemoryMailer};

use super::cast::{
    FIRST_GROUPS, GROUPS, ORGANIZATIONS, address_of, everybody, first_groups, first_plan, grants,
    group_settings, limited, name,
};
use super::choose::Choices;
use super::command::{Came, Command, How, Issued, Item, Whence};
use super::invariants::{Change, there_was_no_room};
use super::log::Folded;
use super::reference::Reference;
use super::snapshot::{Snapshot, failed, own_lists_agree};
use super::step::{History, Step, What};
use super::violation::{Checked, Violation, holds};
use crate::store::Store;
use crate::world::{KEY, keyring, start};

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ran {
    /// What was asked and what came of it, a line each.
    pub told: Vec<String>,
    /// How many steps were done.
    pub steps: usize,
    /// The first thing that was wrong.
    pub found: Option<Violation>,
}

/// Runs a history on an empty store.
pub async fn run(store: Store, history: &History) -> Ran {
    let mut ran = Ran::default();
    let mut run = match Run::begin(store, history).await {
        Ok(run) => run,
        Err(found) => return Ran { found: Some(found), ..ran },
    };
    for step in &history.steps {
        let came = run.step(step).await;
        ran.steps += 1;
        ran.told.append(&mut run.told);
        if let Err(found) = came {
            ran.found = Some(found);
            return ran;
        }
    }
    ran.found = run.end().await.err();
    ran
}

/// Numbers that look random and are the same in every run.
#[derive(Debug, Clone, Default)]
struct Seeded(Arc<AtomicU64>);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in bytes.chunks_mut(8) {
            let drawn =
                self.0.fetch_add(1, Ordering::SeqCst).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// A command under an idempotency key, and what came of it.
#[derive(Debug, Clone)]
struct Kept {
    key: String,
    whence: Whence,
    command: Command,
    came: Came,
    until: DateTime<Utc>,
}

struct Run {
    store: Store,
    model: AccessModel,
    entropy: Seeded,
    clock: ManualClock,
    mailer: MemoryMailer,
    issuer: invite::core::Keyring,
    service: Invitations,
    rules: super::cast::Rules,
    shown: [Snapshot; 2],
    should: [Reference; 2],
    logs: [Folded; 2],
    mailed: Vec<Issued>,
    linked: Vec<Issued>,
    kept: Vec<Kept>,
    mails: usize,
    steps: usize,
    told: Vec<String>,
}

impl Run {
    async fn begin(store: Store, history: &History) -> Checked<Self> {
        let (model, clock, entropy) = (history.rules.model(), ManualClock::at(start()), Seeded::default());
        let service = build(&store, &model, &clock, &entropy);
        let mut shown = Vec::new();
        for (n, id) in ORGANIZATIONS.into_iter().enumerate() {
            let created = service.create_organization(id, id, name(n), first_plan()).await.map_err(failed)?;
            for (position, group) in GROUPS.into_iter().take(FIRST_GROUPS).enumerate() {
                // The one is open, the other by request.
                let settings = group_settings(4 + 4 * position, 3);
                created.as_system().create_group(group, settings).await.map_err(failed)?;
            }
            // Somebody of every rank, so that not only owners act from the beginning; in the other organization,
            // some of the same people.
            // Those who lead do so for a time.
            let ranks = [(3, 7), (4, 0), (8, 7), (11, 0)].into_iter().zip(2..);
            for ((rank, time), who) in ranks.filter(|(_, who)| n == 0 || *who < 4) {
                let [red, blue] = first_groups();
                let held = limited(time, grants(rank, [&red, &blue]));
                let member = NewMember::new(name(who), held).email(address_of(3 * who));
                created.as_system().add_members([member]).await.map_err(failed)?;
            }
            shown.push(Snapshot::take(&created, &[]).await?);
        }
        let Ok(shown) = <[Snapshot; 2]>::try_from(shown) else {
            return Err(failed("there are two organizations"));
        };
        let should = [&shown[0], &shown[1]].map(|shown| Reference::of(history.rules, shown));
        let issuer = invite::core::Keyring::new(7, Key::from_bytes(KEY).map_err(failed)?);
        Ok(Self {
            store,
            model,
            entropy,
            clock,
            mailer: MemoryMailer::new(),
            issuer,
            service,
            rules: history.rules,
            shown,
            should,
            logs: Default::default(),
            mailed: Vec::new(),
            linked: Vec::new(),
            kept: Vec::new(),
            mails: 0,
            steps: 0,
            told: Vec::new(),
        })
    }

    /// Does a step and looks at everything.
    async fn step(&mut self, step: &Step) -> Checked {
        self.steps += 1;
        for n in 0..step.previews {
            self.preview(step, n).await?;
        }
        if let Some(command) = self.choices().command(step) {
            let whence = self.choices().whence(step, &command);
            return self.put(step, &whence, &command).await;
        }
        if self.everywhere(step).await? {
            return Ok(());
        }
        match step.what {
            What::Repeat => self.repeat(step).await?,
            What::ReuseKey => self.reuse_key(step).await?,
            What::ForgetKeys => {
                self.service.maintain(1 + step.n[0] as u32).await.map_err(failed)?;
                // What may be forgotten by now stays so when the clock goes back.
                let now = self.clock.now();
                self.kept.retain(|kept| kept.until > now);
            }
            What::CreateAnother => self.found().await?,
            What::CopyLink => self.copy_link(step).await?,
            What::ShowLink => self.show_link(step).await?,
            What::SendMail => self.send_mail(step).await?,
            What::FailMail => self.mailer.fail_next(Failure::Transient, 1),
            What::Wait => self.wait(match step.n[0] % 5 {
                0 => TimeDelta::days(8),
                1 => TimeDelta::hours(24),
                _ => TimeDelta::minutes(7 * step.n[1] as i64),
            }),
            What::WaitForExpiry => {
                if let Some(end) = self.choices().some_expiry(step.n[0]) {
                    let beside = TimeDelta::microseconds([-1, 0, 0, 1][step.n[1] % 4]);
                    self.wait((end + beside - self.clock.now()).max(TimeDelta::zero()));
                }
            }
            What::TurnClockBack => self.wait(-TimeDelta::minutes(5)),
            What::Restart => self.service = build(&self.store, &self.model, &self.clock, &self.entropy),
            _ => {}
        }
        self.nothing_changed("STO-7").await
    }

    /// Puts a command and compares what came of it.
    async fn put(&mut self, step: &Step, whence: &Whence, command: &Command) -> Checked {
        let mut dry = None;
        if step.dry {
            dry = Some(command.put(&self.service, whence, How::Dry).await?);
            self.nothing_changed("F5").await?;
        }
        let key = step.keyed.then(|| format!("key {}", self.steps));
        let how = key.clone().map_or(How::Plainly, How::Keyed);
        let came = command.put(&self.service, whence, how).await?;
        self.told.push(format!("{} {:?} {command:?}: {came}", whence.organization, whence.actor));
        if let Some(dry) = dry {
            let alike = matches!((&dry.items, &came.items), (Ok(_), Ok(_))) || dry.items == came.items;
            holds!(alike, "F5", "{command:?} would come to {dry} and came to {came}");
        }
        self.follow(whence, command, came, key).await
    }

    /// Compares what came of a command in its organization.
    async fn follow(
        &mut self,
        whence: &Whence,
        command: &Command,
        came: Came,
        key: Option<String>,
    ) -> Checked {
        let at = usize::from(whence.organization != ORGANIZATIONS[0]);
        let now = self.shown[at].time(self.clock.now());
        let before = self.look_after(at, command).await?;
        let (after, by) = (&self.shown[at], &whence.actor);
        // Whoever answers acts for themselves.
        let (rules, model) = (self.rules, &self.model);
        let change = Change { rules, model, before: &before, after, command, by, now };
        change.check()?;
        for (position, item) in came.items.iter().flatten().enumerate() {
            if let Item::Refused(code) = item {
                there_was_no_room(code, self.needed(command, position, change).as_ref(), change)?;
            }
        }
        if let Err(code) = came.items {
            // What was past its expiry may have been written down to make room (LIF-7b).
            let refused =
                after.events[before.events.len()..].iter().all(|event| event.kind == "invitation-expired");
            holds!(refused, "STO-8", "{command:?} was refused with {code} and left a trace");
            if !command.is_all_or_nothing() {
                there_was_no_room(code, self.needed(command, 0, change).as_ref(), change)?;
            }
        }
        if let (Ok(_), Some(key), true) = (&came.items, key, after.events.len() > before.events.len()) {
            let until = after.organization.last_at + CommandRecord::KEPT;
            let (whence, command, came) = (whence.clone(), command.clone(), came.clone());
            self.kept.push(Kept { key, whence, command, came, until });
        }
        self.should[at].follow(command, &whence.actor, &came, &self.shown[at], now)?;
        self.compare().await
    }

    /// The classes of which one item may need a seat: with what its member holds, or held; and those that its invitee
    /// has reserved, which an invitation joins and which a lowered plan may have no room for. None where it is not
    /// known.
    fn needed(&self, command: &Command, position: usize, change: Change<'_>) -> Option<BTreeSet<SeatClass>> {
        let joining;
        let (invitee, grants) = match command {
            Command::Invite { list, grants, on_pending, .. } if *on_pending != OnPending::Resend => {
                let (invitee, own) = list.get(position)?;
                (invitee.clone(), own.as_ref().unwrap_or(grants))
            }
            Command::Add { list, .. } => {
                let (user, _, grants) = list.get(position)?;
                (Invitee::User(user.clone()), grants)
            }
            _ => {
                let at = usize::from(change.before.organization.id.as_str() != ORGANIZATIONS[0]);
                joining = self.should[at].joins_with(command, change.by)?;
                (Invitee::User(joining.0.clone()), &joining.1)
            }
        };
        let classes = [change.before, change.after].into_iter().filter_map(|of| {
            let member = of.members.values().find(|member| match &invitee {
                Invitee::User(user) => member.user == *user,
                Invitee::Address(address) => member.email.as_ref() == Some(address),
                Invitee::Erased(_) => false,
            });
            let held = member.map(|member| member.grants.clone()).unwrap_or_default();
            self.model.seat_class(&held.joined(grants)).cloned()
        });
        let snapshots = [change.before, change.after].into_iter();
        let rows = snapshots.flat_map(|of| of.invitations.values()).filter(|row| row.invitee == invitee);
        let reserved = rows.filter_map(|row| row.seat.clone());
        Some(classes.chain(reserved).collect())
    }

    /// LIF-12: a repeat gets the first outcome and changes nothing.
    async fn repeat(&mut self, step: &Step) -> Checked {
        let Some(kept) = self.some_kept(step.n[0], |_| true) else { return Ok(()) };
        let Kept { key, whence, command, came, .. } = kept;
        let again = command.put(&self.service, &whence, How::Keyed(key)).await?;
        holds!(again == came, "LIF-12", "{command:?} came to {came}, and repeated to {again}");
        Ok(())
    }

    /// LIF-12: the key of one command serves no other.
    async fn reuse_key(&mut self, step: &Step) -> Checked {
        let is_invite = |kept: &Kept| matches!(kept.command, Command::Invite { .. });
        let Some(Kept { key, whence, .. }) = self.some_kept(step.n[0], is_invite) else { return Ok(()) };
        let other = self.choices().another_invite(step.n);
        let came = other.put(&self.service, &whence, How::Keyed(key)).await?;
        holds!(came.items == Err("idempotency-key-reused"), "LIF-12", "{other:?} came to {came}");
        Ok(())
    }

    fn some_kept(&self, n: usize, which: impl Fn(&Kept) -> bool) -> Option<Kept> {
        let clock = self.clock.now();
        let fresh = |kept: &&Kept| {
            let at = usize::from(kept.whence.organization != ORGANIZATIONS[0]);
            kept.until > self.shown[at].time(clock) && which(kept)
        };
        let kept = self.kept.iter().filter(fresh).collect::<Vec<_>>();
        kept.get(n % kept.len().max(1)).map(|kept| (*kept).clone())
    }

    fn wait(&mut self, time: TimeDelta) {
        self.clock.advance(time);
        self.told.push(format!("it is {}", self.clock.now()));
    }

    /// Looks at an organization anew; gives what was seen before.
    async fn look(&mut self, at: usize) -> Checked<Snapshot> {
        self.look_behind(at, usize::MAX).await
    }

    /// The same after a command; what erases may have changed what was told long before (PRI-6).
    async fn look_after(&mut self, at: usize, command: &Command) -> Checked<Snapshot> {
        let erases = matches!(command, Command::Erase(_) | Command::Tidy(_));
        self.look_behind(at, if erases { 0 } else { usize::MAX }).await
    }

    async fn look_behind(&mut self, at: usize, known: usize) -> Checked<Snapshot> {
        let handle = self.service.organization(ORGANIZATIONS[at]);
        let events: &[EventEntry] = &self.shown[at].events;
        let shown = Snapshot::take(&handle, &events[..known.min(events.len())]).await?;
        Ok(std::mem::replace(&mut self.shown[at], shown))
    }

    /// Whatever was done, nothing of either organization changed.
    async fn nothing_changed(&mut self, rule: &'static str) -> Checked {
        for at in 0..2 {
            let before = self.look(at).await?;
            if before != self.shown[at] {
                let what = format!("{before:?} became {:?}", self.shown[at]);
                return Err(Violation { rule, what });
            }
        }
        self.compare().await
    }

    /// Compares both organizations with what they should be, and some lists with one another.
    async fn compare(&mut self) -> Checked {
        let clock = self.clock.now();
        for at in 0..2 {
            let now = self.shown[at].time(clock);
            self.should[at].is(&self.shown[at], now)?;
            // What is as it was has been compared with its log already.
            if self.logs[at].is_behind(&self.shown[at]) {
                self.logs[at].follow(&self.shown[at])?;
            }
        }
        self.some_permission_is_as_it_should_be().await?;
        if self.steps.is_multiple_of(4) {
            self.lists_agree(self.steps / 4).await?;
        }
        Ok(())
    }

    /// AUT-7, STO-3: only members may do anything, and only what they hold, while the organization works.
    async fn some_permission_is_as_it_should_be(&self) -> Checked {
        let (who, at) = (name(self.steps), self.steps / 3 % 2);
        let [red, blue] = first_groups();
        let scopes = [Scope::Organization, Scope::Group(red), Scope::Group(blue)];
        let scope = &scopes[self.steps / 5 % 3];
        let permission =
            [Permission::INVITE, Permission::from("posts.publish"), Permission::from("posts.view")]
                [self.steps / 7 % 3]
                .clone();
        let handle = self.service.organization(ORGANIZATIONS[at]);
        let may = handle.may_in(who.clone(), permission.clone(), scope).await.map_err(failed)?;
        let should = self.should[at].may(&who, &permission, scope);
        holds!(may == should, "AUT-7", "{who} may {permission:?} in {scope}: {may}, and should: {should}");
        Ok(())
    }

    async fn lists_agree(&self, turn: usize) -> Checked {
        let clock = self.clock.now();
        let at = turn % 2;
        let handle = self.service.organization(ORGANIZATIONS[at]);
        self.shown[at].lists_agree(&handle, clock).await?;
        let shown = [&self.shown[0], &self.shown[1]];
        let (user, waiting) = (name(turn), self.waiting(&name(turn), true));
        own_lists_agree(&self.service, &user, &shown, &waiting).await?;
        self.seats_are_a_recount(at).await
    }

    /// SEA-3: what is past its expiry holds no seat, written down or not.
    async fn seats_are_a_recount(&self, at: usize) -> Checked {
        let shown = &self.shown[at];
        let seats = self.service.organization(ORGANIZATIONS[at]).seats().await.map_err(failed)?;
        let told = seats.iter().map(|seat| seat.used + seat.reserved).sum::<u32>();
        let closed = shown.organization.status == OrganizationStatus::Closed;
        let pending = shown.pending(shown.time(self.clock.now())).filter(|row| !closed && row.seat.is_some());
        let invitees = pending.map(|row| &row.invitee).collect::<std::collections::BTreeSet<_>>();
        let members = shown.members.values().filter(|member| member.seat.is_some()).count();
        let taken = (members + invitees.len()) as u32;
        holds!(told == taken, "SEA-3", "{told} seats are told of, and {taken} taken");
        Ok(())
    }

    /// After the last step: another process sees the same.
    async fn end(mut self) -> Checked {
        self.service = build(&self.store, &self.model, &self.clock, &self.entropy);
        for (shown, id) in self.shown.iter().zip(ORGANIZATIONS) {
            let anew = Snapshot::take(&self.service.organization(id), &[]).await?;
            holds!(anew == *shown, "STO-7", "another process sees {anew:?}");
        }
        for user in everybody() {
            let shown = [&self.shown[0], &self.shown[1]];
            let waiting = self.waiting(&user, true);
            own_lists_agree(&self.service, &user, &shown, &waiting).await?;
        }
        Ok(())
    }

    fn choices(&self) -> Choices<'_> {
        let Self { shown, should, mailed, linked, issuer, .. } = self;
        Choices { shown, should, mailed, linked, keyring: issuer, clock: self.clock.now() }
    }
}

fn build(store: &Store, model: &AccessModel, clock: &ManualClock, entropy: &Seeded) -> Invitations {
    let service = store.connect(model.clone(), keyring()).base_url("https://app.example/join");
    service.clock(clock.clone()).entropy(entropy.clone()).build().unwrap()
}
