//! What a random history does to a store, and what the store must show then.

use std::fmt::Debug;

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::*;
use invite_storage::{
    Completion, Failure, GroupFilter, InvitationFilter, Lease, LinkFilter, MemberFilter, Positioned,
    RequestFilter, Seek, Storage,
};

use super::asking;
use super::histories::{BOTH, Look, Step, USERS};
use super::reference::{Reference, logged};
use super::rows::{all, at, commit_id, is_conflict, last_time};
use super::seen::Seen;

type Decide = Box<dyn Fn(&Host<'_>, &Actor, Entropy, &mut Draft) -> Result<bool, Fault> + Send>;

/// An operation of any type. Deciding it says whether it was accepted.
struct Command {
    reads: Box<dyn Fn(&Actor) -> Reads + Send>,
    makes: usize,
    decide: Decide,
}

impl<O: Operation> From<O> for Command {
    fn from(operation: O) -> Self {
        let (makes, reading) = (operation.makes(), operation.clone());
        Self {
            makes,
            reads: Box::new(move |actor| reading.reads(actor)),
            decide: Box::new(move |host, actor, entropy, draft| {
                match invite_core::decide(&operation, host, actor, entropy, draft) {
                    Ok(_) => Ok(true),
                    Err(Stop::Fault(fault)) => Err(fault),
                    Err(_) => Ok(false),
                }
            }),
        }
    }
}

/// Two organizations, what was done in them, and what must come of it.
pub(super) struct World {
    run: u32,
    look: Look,
    model: AccessModel,
    keyring: Keyring,
    pub(super) now: DateTime<Utc>,
    /// How many steps there were: ids are made of it, so that organizations that do the same have the same ids.
    pub(super) steps: u32,
    pub(super) reference: Reference,
    leases: Vec<Lease>,
    /// The last commit that was written, to be sent once more.
    last: Option<Commit>,
}

pub(super) fn failed(error: impl Debug) -> String {
    format!("expected: an answer; seen: {error:?}")
}

pub(super) fn same<T: PartialEq + Debug>(what: &str, seen: &T, expected: &T) -> Result<(), String> {
    if seen == expected {
        return Ok(());
    }
    Err(format!("{what}\n  expected: {expected:#?}\n      seen: {seen:#?}"))
}

impl World {
    pub(super) fn new(run: u32, look: Look) -> Self {
        Self {
            run,
            look,
            model: AccessModel::preset(),
            keyring: Keyring::new(1, Key::from_bytes(b"0123456789abcdef0123456789abcdef").unwrap()),
            now: at(0),
            steps: 0,
            reference: Reference::default(),
            leases: Vec::new(),
            last: None,
        }
    }

    pub(super) fn organization(&self, n: usize) -> OrganizationId {
        super::rows::organization(&format!("{}-{}", ["acme", "globex"][n % 2], self.run))
    }

    pub(super) fn user(&self, n: usize) -> UserId {
        super::rows::user(&format!("u{}-{}", n % USERS, self.run))
    }

    pub(super) fn address(&self, n: usize) -> EmailAddress {
        let name = if n.is_multiple_of(5) { "U" } else { "u" };
        super::rows::address(&format!("{name}{}@run{}.example.com", n % USERS, self.run))
    }

    fn invitee(&self, n: usize) -> Invitee {
        if n.is_multiple_of(4) { self.user(n / 4).into() } else { self.address(n).into() }
    }

    fn principal(&self, n: usize) -> Principal {
        Principal::new(self.user(n)).vouching(self.address(n % USERS))
    }

    /// Never the same bytes in two steps.
    fn entropy(&self, makes: usize) -> Entropy {
        let mut bytes = Vec::new();
        for drawn in (u64::from(self.run) << 32 | u64::from(self.steps) << 16).. {
            let mut z = drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bytes.extend((z ^ (z >> 27)).to_be_bytes());
            if bytes.len() >= makes * Entropy::BYTES_EACH {
                break;
            }
        }
        bytes.truncate(makes * Entropy::BYTES_EACH);
        Entropy::from_bytes(bytes)
    }

    /// The id of what is committed in a step.
    pub(super) fn commit_of(&self, step: u32) -> CommitId {
        let mut bytes = [0; 10];
        bytes[2..6].copy_from_slice(&self.run.to_be_bytes());
        bytes[6..].copy_from_slice(&step.to_be_bytes());
        CommitId::from_parts(at(0), bytes)
    }

    /// Takes what earlier histories left in the outbox, and records of commands, out of the way.
    pub(super) async fn drain(&mut self, store: &dyn Storage) -> Result<(), String> {
        while store.forget_commands(last_time(), 100).await.map_err(failed)? > 0 {}
        loop {
            let left = store
                .lease(last_time() - TimeDelta::seconds(1), last_time(), 100)
                .await
                .map_err(failed)?
                .leased;
            if left.is_empty() {
                return Ok(());
            }
            let dropped = Completion { state: DeliveryState::Dropped, attempt: None, mailed_at: None };
            for leased in left {
                store.complete(&leased.lease(), &dropped).await.map_err(failed)?;
            }
        }
    }

    /// Two organizations with somebody of every rank.
    pub(super) async fn found(&mut self, store: &dyn Storage) -> Result<(), String> {
        self.steps += 1;
        for n in 0..2 {
            let rate = Rate::per(20, TimeDelta::hours(1)).unwrap();
            let plan = Plan::seats("team", if self.look == Look::Twins { 40 } else { 4 })
                .and_seats("client", Limit::AtMost(6))
                .inviter_rate(rate);
            let settings = Settings::named(format!("Organization {n}")).inclusion(Inclusion::Always);
            let create = CreateOrganization::new(settings, self.user(n), plan);
            self.command(store, n, &Actor::System, create.into(), 1).await?;
        }
        for (n, role) in ["admin", "member", "client"].into_iter().enumerate() {
            self.steps += 1;
            let member = NewMember::new(self.user(2 + n), Grant::role(role)).email(self.address(2 + n));
            self.command(store, 0, &Actor::System, AddMembers::one(member).into(), 1).await?;
        }
        for name in ["red", "blue"] {
            self.steps += 1;
            for n in 0..2 {
                let settings = GroupSettings::named(name).open_with(Access::role("member"));
                let create = CreateGroup::new(super::rows::group(name), settings);
                self.command(store, n, &Actor::System, create.into(), 1).await?;
            }
        }
        self.steps += 1;
        for n in 0..2 {
            let settings = LinkSettings::new("all", Grant::role("member"));
            self.command(store, n, &Actor::System, CreateLink::new(settings).into(), 1).await?;
        }
        let events = [0, 1].map(|n| self.reference.log(&self.organization(n)).len());
        assert_eq!(events, [8, 5], "facts of the founding");
        Ok(())
    }

    pub(super) async fn take(&mut self, store: &dyn Storage, step: &Step) -> Result<(), String> {
        self.steps += 1;
        match step.organization {
            BOTH => {
                for organization in 0..2 {
                    self.take_one(store, &Step { organization, ..step.clone() }).await?;
                }
                Ok(())
            }
            _ => self.take_one(store, step).await,
        }
    }

    async fn take_one(&mut self, store: &dyn Storage, step: &Step) -> Result<(), String> {
        let n = step.n;
        let actor = match n[3] % 8 {
            0..=3 => Actor::User(self.user(step.organization)),
            4 => Actor::System,
            _ if self.look == Look::Twins => Actor::System,
            _ => Actor::User(self.user(step.actor)),
        };
        match step.what {
            0..=37 => {
                let (actor, command) = self.operation(step, actor);
                self.command(store, step.organization, &actor, command, n[2]).await
            }
            38..=40 => {
                self.now += match n[0] % 4 {
                    0 => TimeDelta::days(8),
                    1 => -TimeDelta::minutes(5),
                    2 => TimeDelta::microseconds(1),
                    _ => TimeDelta::hours(n[1] as i64),
                };
                Ok(())
            }
            41 => match &self.last {
                // A repeat of a commit that was written.
                Some(commit) => {
                    let answer = store.commit(commit).await;
                    same("a commit sent twice is a conflict", &is_conflict(&answer), &true)
                }
                None => Ok(()),
            },
            42..=46 => self.lease(store, n).await,
            47..=49 => self.complete(store, n).await,
            50 | 51 => self.fail(store, n).await,
            56..=58 => {
                let erase = Erase::new(self.invitee(n[0])).at_most(1 + u32::try_from(n[2]).unwrap());
                let erase = if n[1].is_multiple_of(2) { erase.dropping_blocks() } else { erase };
                self.command(store, step.organization, &Actor::System, erase.into(), n[2]).await
            }
            59 => {
                let forgotten = store.forget_commands(self.now, 10_000).await.map_err(failed)?;
                same("how many commands are forgotten", &forgotten, &self.reference.forget(self.now))
            }
            _ => {
                let command = self.of_request(step.organization, n);
                self.command(store, step.organization, &actor, command, n[2]).await
            }
        }
    }

    /// Decides a command on what the store gives, in one of three ways, and commits it.
    async fn command(
        &mut self,
        store: &dyn Storage,
        n: usize,
        actor: &Actor,
        command: Command,
        way: usize,
    ) -> Result<(), String> {
        let id = self.organization(n);
        let mut reads = (command.reads)(actor);
        let key = CommandKey { actor: actor.clone(), operation: "any".into(), key: format!("k{}", way % 3) };
        reads.commands.insert(key.clone());
        let mut unit = match way % 4 {
            0 => Some(store.exclusive(&id).await.map_err(failed)?),
            _ => None,
        };
        let slice = match &mut unit {
            Some(unit) => unit.load(&reads, self.now).await,
            None => store.load(&id, &reads, self.now).await,
        };
        let slice = slice.map_err(failed)?;
        self.is_as_folded(&id, &slice, &reads)?;
        let entropy = self.entropy(command.makes);
        let mut draft = Draft::new(slice, self.now, self.commit_of(self.steps));
        let host = Host::new(&self.model, &self.keyring);
        let accepted = (command.decide)(&host, actor, entropy, &mut draft).map_err(failed)?;
        if accepted && way.is_multiple_of(5) {
            let (outcome, expires_at) = (format!("[{way}]"), draft.now() + CommandRecord::KEPT);
            draft.remember(CommandRecord { key, fingerprint: [1; 32], outcome, expires_at });
        }
        if draft.is_empty() {
            return Ok(());
        }
        let commit = draft.into_commit();
        match unit {
            Some(mut unit) => {
                unit.write(&commit).await.map_err(failed)?;
                if way.is_multiple_of(8) {
                    drop(unit);
                    let slice = store.load(&id, &reads, self.now).await.map_err(failed)?;
                    return self.is_as_folded(&id, &slice, &reads);
                }
                unit.commit().await.map_err(failed)?;
            }
            None => store.commit(&commit).await.map_err(failed)?,
        }
        self.reference.apply(&commit);
        let slice = store.load(&id, &reads, self.now).await.map_err(failed)?;
        self.is_as_folded(&id, &slice, &reads)?;
        self.last = Some(commit).filter(|commit| !commit.events.is_empty()).or(self.last.take());
        Ok(())
    }

    pub(super) fn is_as_folded(
        &self,
        id: &OrganizationId,
        slice: &Slice,
        reads: &Reads,
    ) -> Result<(), String> {
        let expected = Seen::of(&self.reference.load(id, reads, self.now), reads).map_err(failed)?;
        let seen = Seen::of(slice, reads).map_err(failed)?;
        seen.difference(&expected).map_or(Ok(()), Err)
    }

    /// The operation that a step is now, and who does it.
    fn operation(&self, step: &Step, actor: Actor) -> (Actor, Command) {
        let n = step.n;
        let id = self.organization(step.organization);
        let ids = self.reference.invitation_ids(&id);
        let nothing = InvitationId::from_parts(MIN_TIME, [0; 10]);
        let some = |n: usize| ids.get(n % ids.len().max(1)).copied().unwrap_or(nothing);
        let soon = match n[2] % 4 {
            0 => Expiry::At(self.now + TimeDelta::hours(1)),
            1 => Expiry::Never,
            _ => Expiry::At(self.now + TimeDelta::days(3)),
        };
        let meant = |id_of: InvitationId| match self.reference.invitation(&id, id_of).map(|row| &row.invitee)
        {
            Some(Invitee::User(user)) => Principal::new(user.clone()),
            Some(Invitee::Address(address)) => {
                let name = address.local().to_lowercase();
                Principal::new(super::rows::user(&format!("{name}-{}", self.run))).vouching(address.clone())
            }
            Some(Invitee::Erased(_)) | None => self.principal(n[1]),
        };
        let theirs = [TheirInvitations::Keep, TheirInvitations::Revoke, TheirInvitations::HandOver][n[1] % 3];
        let on_pending = [OnPending::Refuse, OnPending::Resend, OnPending::Replace][n[2] % 3];
        let entry = |n: usize| InviteeEntry::new(self.invitee(n));
        let command = match step.what {
            0..=2 => Invite::new(entry(n[0]), grants(n[1])).expires_at(soon).into(),
            3 => Invite::new(entry(n[0]), grants(n[1]))
                .starts_at(self.now + TimeDelta::hours(n[2] as i64))
                .into(),
            4..=7 => Invite::new(entry(n[0]), grants(n[1])).on_pending(on_pending).into(),
            8 | 9 => {
                let many = vec![entry(n[0]), entry(n[0] + 1).grants(grants(n[3])), entry(n[0] + 2)];
                Invite::new(many, grants(n[1])).on_pending(on_pending).expires_at(soon).into()
            }
            10..=12 => Resend::new(some(n[0])).into(),
            13 => Edit::new(some(n[0])).grants(grants(n[1])).into(),
            14 => Edit::new(some(n[0])).expires_at(soon).into(),
            15 => Remind::new(some(n[0])).into(),
            16 | 17 => Revoke::many([some(n[0]), some(n[1])]).into(),
            18..=23 => {
                let principal = meant(some(n[0]));
                let by = Actor::User(principal.user().clone());
                return (by, Accept::inbox(some(n[0]), principal).into());
            }
            24 => {
                let principal = meant(some(n[0]));
                let block = if n[3].is_multiple_of(2) { Block::Organization } else { Block::No };
                let by = Actor::User(principal.user().clone());
                return (by, Decline::inbox(some(n[0]), principal).block(block).into());
            }
            25 => {
                let user = self.user(n[0]);
                return (Actor::User(user.clone()), Leave::new(user).their_invitations(theirs).into());
            }
            26 => RemoveMembers::one(self.user(n[0])).their_invitations(theirs).into(),
            27 if n[2].is_multiple_of(2) => {
                SuspendMembers::one(self.user(n[0])).their_invitations(theirs).into()
            }
            27 => RestoreMembers::many([self.user(n[0]), self.user(n[1])]).into(),
            28 | 29 => {
                let member = NewMember::new(self.user(n[0]), grants(n[1]));
                AddMembers::one(if n[2].is_multiple_of(2) {
                    member
                } else {
                    member.email(self.address(n[0]))
                })
                .into()
            }
            30 | 31 => ChangeAccess::new(self.user(n[0]), grants(n[1])).into(),
            32 => {
                let end = self.now + TimeDelta::hours(1 + n[2] as i64);
                let held = grants(n[1]).into_iter().map(|grant| grant.until(end)).collect::<Grants>();
                ChangeAccess::new(self.user(n[0]), held).into()
            }
            33 => return (Actor::System, Tidy::new(64).into()),
            34 => {
                let plan = Plan::seats("team", 2 + u32::try_from(n[0] % 5).unwrap())
                    .and_seats("client", Limit::Unlimited);
                return (Actor::System, ChangePlan::new(plan).into());
            }
            35 => {
                let status = [ChangeStatus::Suspend, ChangeStatus::Resume, ChangeStatus::Resume][n[0] % 3];
                if n[1] < 2 { ChangeStatus::Close.into() } else { status.into() }
            }
            36 if n[1].is_multiple_of(2) => self.of_group_or_link(&id, n),
            36 => {
                let inclusion = [Inclusion::Always, Inclusion::Off][n[1] % 2];
                ChangeSettings::new(Settings::named(format!("Renamed {}", n[0])).inclusion(inclusion)).into()
            }
            _ => {
                let principal = self.principal(n[0]);
                let by = Actor::User(principal.user().clone());
                return (by, Unblock::new(principal, SuppressionKind::Invitations).into());
            }
        };
        (actor, command)
    }

    /// A fact about join requests, whatever operation it may be of.
    fn of_request(&self, of: usize, n: [usize; 4]) -> Command {
        let id = self.organization(of);
        let somebody = |n: usize| self.user(n);
        let now = self.reference.time(&id, self.now);
        let of = if self.look == Look::Twins { 0 } else { of };
        let fact = asking::fact(&self.reference, &id, of, somebody, grants(n[0]), now, n);
        let mut reads = Reads::new();
        reads.requests.extend(fact.request());
        if let Event::RequestMade { request } = &fact {
            reads = reads.limits_of(&Actor::User(request.by.clone())).invitee(request.invitee.clone());
        }
        Command {
            reads: Box::new(move |_| reads.clone()),
            makes: 0,
            decide: Box::new(move |_, actor, _, draft| {
                let nothing = Slice::new(draft.id().clone(), None);
                let begun = std::mem::replace(draft, Draft::new(nothing, at(0), commit_id()));
                *draft = fold(begun, [(actor.clone(), fact.clone())]);
                Ok(true)
            }),
        }
    }

    /// Something about a group or a link that there is, or a new one.
    fn of_group_or_link(&self, id: &OrganizationId, n: [usize; 4]) -> Command {
        let named = super::rows::group(["red", "blue", "green", "red"][n[0] % 4]);
        let links = self.reference.link_ids(id);
        let link = links.get(n[2] % links.len().max(1)).copied().unwrap_or(super::rows::link_id(0));
        let settings = |text: &str| LinkSettings::new(text, grants(n[3]));
        match n[3] % 10 {
            0 | 1 => CreateGroup::new(named, GroupSettings::named("made")).into(),
            2 => ChangeGroup::new(named, GroupSettings::named("other")).into(),
            3 => ChangeGroupStatus::archive(named).into(),
            4 => ChangeGroupStatus::restore(named).into(),
            5 => ChangeGroupStatus::close(named).into(),
            6 => CreateLink::new(settings("made")).into(),
            7 => EditLink::new(link, settings("edited")).into(),
            8 => SwitchLink::refresh(link).into(),
            _ => SwitchLink::remove(link).into(),
        }
    }

    async fn lease(&mut self, store: &dyn Storage, n: [usize; 4]) -> Result<(), String> {
        let until = self.now + TimeDelta::minutes(1 + n[0] as i64);
        let limit = 1 + n[1] % 4;
        let leasable = self.reference.leasable(self.now);
        let leased =
            store.lease(self.now, until, u32::try_from(limit).unwrap()).await.map_err(failed)?.leased;
        // Of those that are due at one time any may come first.
        let times = leased.iter().map(|leased| leased.delivery.due_at).collect::<Vec<_>>();
        let expected = leasable.into_iter().take(limit).collect::<Vec<_>>();
        same("when the leased deliveries were due", &times, &expected)?;
        for leased in leased {
            let lease = leased.lease();
            let expected = self.reference.lease(&lease.organization, lease.delivery, self.now, until);
            let Some(expected) = expected else { return Err(format!("{lease:?} cannot be had now")) };
            same("a leased delivery", &leased.delivery, &expected.delivery)?;
            same("the organization of a lease", &leased.organization, &expected.organization)?;
            same("the invitation of a lease", &leased.invitation, &expected.invitation)?;
            let mut suppressions = leased.suppressions;
            suppressions.sort_by_key(|row| row.kind);
            same("the suppressions of a lease", &suppressions, &expected.suppressions)?;
            self.leases.push(lease);
        }
        Ok(())
    }

    async fn complete(&mut self, store: &dyn Storage, n: [usize; 4]) -> Result<(), String> {
        let Some(lease) = self.leases.get(n[0] % self.leases.len().max(1)).cloned() else { return Ok(()) };
        let state = [DeliveryState::Sent, DeliveryState::Dropped][n[1] % 2];
        let attempt = n[2].is_multiple_of(2).then_some(Attempt { at: self.now, error: None });
        let completion = Completion { state, attempt, mailed_at: n[1].is_multiple_of(2).then_some(self.now) };
        let counts = store.complete(&lease, &completion).await.map_err(failed)?;
        same("whether a lease counts", &counts, &self.reference.complete(&lease, &completion))
    }

    async fn fail(&mut self, store: &dyn Storage, n: [usize; 4]) -> Result<(), String> {
        let Some(lease) = self.leases.get(n[0] % self.leases.len().max(1)).cloned() else { return Ok(()) };
        let attempt = Some(Attempt { at: self.now, error: Some("451".into()) });
        let retry_at = (!n[1].is_multiple_of(4)).then(|| self.now + TimeDelta::minutes(n[2] as i64));
        let failure = Failure { attempt, retry_at };
        let counts = store.fail(&lease, &failure).await.map_err(failed)?;
        same("whether a lease counts", &counts, &self.reference.fail(&lease, &failure))
    }

    /// What is shown after a step.
    pub(super) async fn look(&self, store: &dyn Storage, step: &Step, is_last: bool) -> Result<(), String> {
        let id = self.organization(step.organization);
        match self.look {
            Look::Slices => self.look_at_slices(store, &id, step.n).await,
            Look::Lists => self.look_at_lists(store, &id, step.n).await,
            Look::Outbox => same("what is due", &store.due().await.map_err(failed)?, &self.reference.due()),
            Look::Twins if is_last || self.steps.is_multiple_of(12) => self.look_at_twins(store).await,
            Look::Twins => Ok(()),
        }
    }

    async fn look_at_slices(
        &self,
        store: &dyn Storage,
        id: &OrganizationId,
        n: [usize; 4],
    ) -> Result<(), String> {
        let mut reads =
            Reads::new().person(self.user(n[0])).sent_by(self.user(n[1])).invitee(self.invitee(n[2]));
        reads = reads.limits_of(&Actor::User(self.user(n[3])));
        reads.invitations.extend(self.reference.invitation_ids(id).get(n[0] % 8).copied());
        // Those of a closed organization come in no order, so that a part of them is any part.
        let closed = self.reference.load(id, &reads, self.now).organization().map(|row| row.status)
            == Some(OrganizationStatus::Closed);
        reads.due = if closed { 0 } else { u32::try_from(n[1] % 4).unwrap() };
        reads.requests.extend(self.reference.request_ids(id).get(n[2] % 8).copied());
        reads.due_requests = u32::try_from(n[2] % 4).unwrap();
        let slice = store.load(id, &reads, self.now).await.map_err(failed)?;
        self.is_as_folded(id, &slice, &reads)
    }

    async fn look_at_lists(
        &self,
        store: &dyn Storage,
        id: &OrganizationId,
        n: [usize; 4],
    ) -> Result<(), String> {
        let now = self.now;
        let size = 1 + u32::try_from(n[0] % 5).unwrap();
        let invitees = [self.invitee(n[0]), self.invitee(n[1]), self.invitee(n[2])];
        let user = self.user(n[3]);
        let inviter = n[1].is_multiple_of(2).then(|| self.user(n[2]));
        let [naming, there] =
            [n[0], n[1]].map(|n| (n % 3 == 0).then(|| super::rows::group(["red", "blue"][n % 2])));
        let state = InvitationState::ALL.get(n[3] % 6).copied();
        let filter = InvitationFilter { state, inviter, group: naming };
        let role = ["member", "admin"].get(n[2] % 3).map(|role| (*role).into());
        let status = MemberStatus::ALL.get(n[3] % 3).copied();
        let role = MemberFilter { group: there, role, status, ..MemberFilter::default() };

        let whole = self.reference.roster(id, now, &all());
        for seek in seeks(&whole, size, n) {
            let seen = store.roster(id, now, &seek).await.map_err(failed)?;
            same("the roster", &seen, &self.reference.roster(id, now, &seek))?;
        }
        let whole = self.reference.invitations(id, &filter, now, &all());
        for seek in seeks(&whole, size, n) {
            let seen = store.invitations(id, &filter, now, &seek).await.map_err(failed)?;
            same("invitations", &seen, &self.reference.invitations(id, &filter, now, &seek))?;
        }
        let whole = self.reference.members(id, &role, &all());
        for seek in seeks(&whole, size, n) {
            let seen = store.members(id, &role, &seek).await.map_err(failed)?;
            same("members", &seen, &self.reference.members(id, &role, &seek))?;
        }
        let anything = GroupFilter::default();
        let whole = self.reference.groups(id, &anything, &all());
        for seek in seeks(&whole, size, n) {
            let seen = store.groups(id, &anything, &seek).await.map_err(failed)?;
            same("groups", &seen, &self.reference.groups(id, &anything, &seek))?;
        }
        let anything = LinkFilter::default();
        let whole = self.reference.links(id, &anything, &all());
        for seek in seeks(&whole, size, n) {
            let seen = store.links(id, &anything, &seek).await.map_err(failed)?;
            same("links", &seen, &self.reference.links(id, &anything, &seek))?;
        }
        let state = RequestState::ALL.get(n[3] % 8).copied();
        let by = n[0].is_multiple_of(3).then(|| self.user(n[1]));
        let filter = RequestFilter { state, group: filter.group, by };
        let whole = self.reference.requests(id, &filter, now, &all());
        for seek in seeks(&whole, size, n) {
            let seen = store.requests(id, &filter, now, &seek).await.map_err(failed)?;
            same("join requests", &seen, &self.reference.requests(id, &filter, now, &seek))?;
        }
        let whole = self.reference.requests_by(&user, &all());
        for seek in seeks(&whole, size, n) {
            let seen = store.requests_by(&user, &seek).await.map_err(failed)?;
            same("what a user asked for", &seen, &self.reference.requests_by(&user, &seek))?;
        }
        let whole = self.reference.inbox(&invitees, now, &all());
        for seek in seeks(&whole, size, n) {
            let seen = store.inbox(&invitees, now, &seek).await.map_err(failed)?;
            same("the inbox", &seen, &self.reference.inbox(&invitees, now, &seek))?;
        }
        let seen = store.memberships(&user, &all()).await.map_err(failed)?;
        same("memberships", &seen, &self.reference.memberships(&user, &all()))?;
        let seen = store.events(id, 0, 10_000).await.map_err(failed)?;
        same("the log", &seen.into_iter().map(logged).collect::<Vec<_>>(), &self.reference.log(id))
    }
}

/// The whole list, and one page somewhere in it.
fn seeks<T: Positioned>(whole: &[T], size: u32, n: [usize; 4]) -> [Seek; 2] {
    let after = whole.get(n[3] % whole.len().max(1)).map(Positioned::position);
    [all(), Seek { after, limit: size }]
}

fn grants(n: usize) -> Grants {
    let in_group = |role: &str, id: &str| Grant::role(role).in_group(super::rows::group(id));
    match n % 8 {
        0..=2 => Grant::role("member").into(),
        3 => Grant::role("client").into(),
        4 => Grant::role("admin").into(),
        5 => in_group("member", "red").into(),
        6 => [Grant::role("client"), in_group("member", "blue")].into(),
        _ => {
            Grant::role("client").adding("posts.publish").restricted("line", Restriction::only(["a"])).into()
        }
    }
}
