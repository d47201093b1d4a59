//! A fixture that can show everything: a store in memory, and all that can be done to it from outside, played.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_conformance::storage::rows;
use invite_conformance::storage::{Fixture, Row};
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

/// Nothing is wrong.
pub struct Sound(pub MemoryStorage);

#[async_trait]
impl Wrapper for Sound {
    in_memory!();
}

/// Edits what it is told to write.
pub struct Edited(MemoryStorage, fn(&mut Commit));

#[async_trait]
impl Wrapper for Edited {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let mut commit = commit.clone();
        self.1(&mut commit);
        self.0.commit(&commit).await
    }
}

/// Loads something else than it is asked for.
pub struct Misread(MemoryStorage, fn(&mut Reads));

#[async_trait]
impl Wrapper for Misread {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let mut reads = reads.clone();
        self.1(&mut reads);
        self.0.load(id, &reads, now).await
    }
}

/// Edits what it tells.
pub struct Retold<F>(MemoryStorage, F);

#[async_trait]
impl<F: Fn(&mut Slice, &Reads, DateTime<Utc>) + Send + Sync + 'static> Wrapper for Retold<F> {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let mut slice = self.0.load(id, reads, now).await?;
        self.1(&mut slice, reads, now);
        Ok(slice)
    }
}

/// What is wrong with how the store bears what is done to it.
#[derive(Clone, Copy, PartialEq)]
pub enum Outside {
    /// Nothing.
    Sound,
    /// It keeps nothing beyond the process.
    KeepsNothing,
    /// It answers without what it needs to answer: as if nothing were there.
    AnswersCut,
    /// It says that a commit failed whose reply it lost.
    PlainFailure,
    /// It says that a commit was written whose reply it lost.
    PlainSuccess,
    /// It writes what must not be written.
    StoresTokens,
    /// It leaves out what it cannot read.
    LeavesOut,
    /// It leases nothing if there is one delivery that it cannot read.
    LeasesAllOrNone,
}

/// The fixture of a store that is sound or broken.
pub struct Played<B> {
    make: Box<dyn Fn(MemoryStorage) -> B + Send + Sync>,
    store: Surrounded<B>,
}

/// A store with sound surroundings.
pub fn around<B: Wrapper>(make: impl Fn(MemoryStorage) -> B + Send + Sync + 'static) -> Played<B> {
    let store = Surrounded::around(make(MemoryStorage::new()), Outside::Sound);
    Played { make: Box::new(make), store }
}

/// A store that edits what it is told to write.
pub fn edited(edit: fn(&mut Commit)) -> Played<Edited> {
    around(move |store| Edited(store, edit))
}

/// A store that loads something else than it is asked for.
pub fn misread(edit: fn(&mut Reads)) -> Played<Misread> {
    around(move |store| Misread(store, edit))
}

/// A store that edits what it tells.
pub fn retold<F>(edit: F) -> Played<Retold<F>>
where
    F: Fn(&mut Slice, &Reads, DateTime<Utc>) + Copy + Send + Sync + 'static,
{
    around(move |store| Retold(store, edit))
}

/// A sound store in broken surroundings.
pub fn within(outside: Outside) -> Played<Sound> {
    let store = Surrounded::around(Sound(MemoryStorage::new()), outside);
    Played { make: Box::new(Sound), store }
}

#[async_trait]
impl<B: Wrapper> Fixture for Played<B> {
    fn storage(&self) -> &dyn Storage {
        &self.store
    }

    async fn another(&self) -> Option<Box<dyn Storage>> {
        Some(Box::new(self.store.clone()))
    }

    async fn reopen(&mut self) -> bool {
        if self.store.outside == Outside::KeepsNothing {
            self.store = Surrounded::around((self.make)(MemoryStorage::new()), self.store.outside);
        }
        true
    }

    async fn stored(&self) -> Option<Vec<u8>> {
        let (acme, anything, all) = (rows::acme(), InvitationFilter::default(), rows::all());
        let rows = Pages::invitations(&*self.store.inner, &acme, &anything, rows::at(0), &all).await.unwrap();
        let addresses = rows.into_iter().filter_map(|entry| entry.invitation.mail_to);
        let mut stored = addresses.map(|address| address.as_str().to_owned()).collect::<String>();
        if self.store.outside == Outside::StoresTokens {
            stored.push_str("inv_AAECAwQ");
        }
        Some(stored.into())
    }

    async fn cut(&self) -> bool {
        self.store.done.cut.store(true, Ordering::Release);
        true
    }

    async fn lose_reply(&self) -> bool {
        self.store.done.loses.store(true, Ordering::Release);
        true
    }

    async fn damage(&self, organization: &OrganizationId, row: &Row) -> bool {
        self.store.done.damaged.lock().unwrap().push((organization.clone(), row.clone()));
        true
    }
}

/// What was done to a store.
#[derive(Default)]
struct Done {
    cut: AtomicBool,
    loses: AtomicBool,
    damaged: Mutex<Vec<(OrganizationId, Row)>>,
}

impl Done {
    fn to(&self, organization: &OrganizationId, row: Row) -> bool {
        self.damaged.lock().unwrap().contains(&(organization.clone(), row))
    }

    /// What is said of a commit that was written.
    fn reply(&self, outside: Outside) -> Result<(), StorageError> {
        if !self.loses.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        match outside {
            Outside::PlainSuccess => Ok(()),
            Outside::PlainFailure => Err(StorageError::other("connection reset")),
            _ => Err(StorageError::outcome_unknown("connection reset")),
        }
    }
}

/// A store, and what was done to it from outside.
pub struct Surrounded<B> {
    inner: Arc<B>,
    outside: Outside,
    done: Arc<Done>,
}

impl<B> Clone for Surrounded<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), outside: self.outside, done: self.done.clone() }
    }
}

impl<B> Surrounded<B> {
    fn around(inner: B, outside: Outside) -> Self {
        Self { inner: Arc::new(inner), outside, done: Arc::default() }
    }

    /// The rows of a list, if each of them can be read.
    fn readable<T>(
        &self,
        mut rows: Vec<T>,
        of: impl Fn(&T) -> (OrganizationId, Row),
    ) -> Result<Vec<T>, StorageError> {
        let is_damaged = |row: &T| {
            let (organization, row) = of(row);
            self.done.to(&organization, row).then_some(organization)
        };
        if self.outside == Outside::LeavesOut {
            rows.retain(|row| is_damaged(row).is_none());
        }
        match rows.iter().find_map(is_damaged) {
            Some(organization) => Err(unreadable(&organization)),
            None => Ok(rows),
        }
    }
}

fn unreadable(organization: &OrganizationId) -> StorageError {
    StorageError::corrupt(format!("a row of {organization} is damaged"))
}

#[async_trait]
impl<B: Wrapper> Wrapper for Surrounded<B> {
    type Store = B;

    fn store(&self) -> &B {
        &self.inner
    }

    async fn around<M, F, T, E>(&self, _: Call, make: M) -> Result<T, E>
    where
        M: Fn() -> F + Send + Sync,
        F: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: std::error::Error + From<StorageError> + Send,
    {
        if self.done.cut.load(Ordering::Acquire) && self.outside != Outside::AnswersCut {
            return Err(StorageError::unavailable("it was cut off").into());
        }
        make().await
    }

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let slice = Wrapper::around(self, Call::Load, || Storage::load(self.store(), id, reads, now)).await?;
        let invitations = reads.invitations.iter().map(|row| Row::Invitation(*row));
        let members = reads.members.iter().map(|user| Row::Member(user.clone()));
        let requests = reads.requests.iter().map(|row| Row::Request(*row));
        let asked = reads.asked.iter().filter_map(|of| slice.asked_for(of).ok()).flatten();
        let due = slice.due_requests().into_iter().flat_map(|(rows, _)| rows);
        let brought = asked.chain(due).map(|row| Row::Request(row.id));
        let is_damaged =
            invitations.chain(members).chain(requests).chain(brought).any(|row| self.done.to(id, row));
        if is_damaged { Err(unreadable(id)) } else { Ok(slice) }
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        Wrapper::around(self, Call::Commit, || Storage::commit(self.store(), commit)).await?;
        Ok(self.done.reply(self.outside)?)
    }

    async fn exclusive(&self, id: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        let unit = Wrapper::around(self, Call::Exclusive, || Storage::exclusive(self.store(), id)).await?;
        Ok(Box::new(Unit { unit, outside: self.outside, done: self.done.clone() }))
    }

    async fn roster(
        &self,
        id: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        let rows = Wrapper::around(self, Call::Roster, || Pages::roster(self.store(), id, now, seek)).await?;
        self.readable(rows, |row| match row {
            RosterEntry::Member(row) => (id.clone(), Row::Member(row.user.clone())),
            RosterEntry::Invitation(entry) => (id.clone(), Row::Invitation(entry.invitation.id)),
        })
    }

    async fn invitations(
        &self,
        id: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        let ask = || Pages::invitations(self.store(), id, filter, now, seek);
        let rows = Wrapper::around(self, Call::Invitations, ask).await?;
        self.readable(rows, |entry| (id.clone(), Row::Invitation(entry.invitation.id)))
    }

    async fn members(
        &self,
        id: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let rows =
            Wrapper::around(self, Call::Members, || Pages::members(self.store(), id, filter, seek)).await?;
        self.readable(rows, |row| (id.clone(), Row::Member(row.user.clone())))
    }

    async fn requests(
        &self,
        id: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError> {
        let ask = || Pages::requests(self.store(), id, filter, now, seek);
        let rows = Wrapper::around(self, Call::Requests, ask).await?;
        self.readable(rows, |row| (id.clone(), Row::Request(row.id)))
    }

    async fn requests_by(&self, user: &UserId, seek: &Seek) -> Result<Vec<RequestEntry>, StorageError> {
        let rows =
            Wrapper::around(self, Call::RequestsBy, || Pages::requests_by(self.store(), user, seek)).await?;
        self.readable(rows, |entry| (entry.organization.clone(), Row::Request(entry.request.id)))
    }

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        let rows =
            Wrapper::around(self, Call::Inbox, || Pages::inbox(self.store(), invitees, now, seek)).await?;
        self.readable(rows, |entry| (entry.organization.clone(), Row::Invitation(entry.invitation.id)))
    }

    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        let rows =
            Wrapper::around(self, Call::Memberships, || Pages::memberships(self.store(), user, seek)).await?;
        self.readable(rows, |entry| (entry.organization.clone(), Row::Member(entry.member.user.clone())))
    }

    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        let leases =
            Wrapper::around(self, Call::Lease, || Outbox::lease(self.store(), now, until, limit)).await?;
        let (damaged, leased) = leases.leased.into_iter().partition::<Vec<_>, _>(|leased| {
            self.done.to(&leased.delivery.organization, Row::Delivery(leased.delivery.id))
        });
        let unreadable = damaged.iter().map(|leased| unreadable(&leased.delivery.organization));
        let mut unreadable = unreadable.chain(leases.unreadable).collect::<Vec<_>>();
        match self.outside {
            Outside::LeasesAllOrNone if !unreadable.is_empty() => Err(unreadable.remove(0)),
            Outside::LeavesOut => Ok(Leases { leased, unreadable: Vec::new() }),
            _ => Ok(Leases { leased, unreadable }),
        }
    }
}

struct Unit {
    unit: Box<dyn Exclusive>,
    outside: Outside,
    done: Arc<Done>,
}

#[async_trait]
impl Exclusive for Unit {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.unit.load(reads, now).await
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.unit.write(commit).await
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.unit.commit().await?;
        self.done.reply(self.outside)
    }
}
