//! The broken stores, one by one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use invite_conformance::storage::Fixture;
use invite_conformance::storage::rows;
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;
use tokio::task::yield_now;

use super::twist::{Twist, Twisted, answers_of, edit, rebased, version};
use super::{HISTORIES, findings, is_found};

/// Nothing is wrong.
pub struct Nothing;
impl Twist for Nothing {}

/// Writes whatever comes, decided on whatever version.
struct NoVersionCheck;
#[async_trait]
impl Twist for NoVersionCheck {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        if !commit.is_sound() {
            return store.commit(commit).await;
        }
        let present = version(store, &commit.organization).await?;
        store.commit(&rebased(commit, present)).await
    }
}

#[test]
fn no_version_check() {
    is_found(
        || Twisted::new(NoVersionCheck),
        &[
            "version_guards",
            "version_guards_records_of_commands_alone",
            "version_guards_two_writers",
            "version_guards_in_a_race",
        ],
        "expected: a conflict",
        &[
            "events_have_no_gaps",
            "commit_is_found",
            "exclusive_is_current",
            "committed_is_due",
            "commands_are_kept",
        ],
    );
}

/// Looks at the version, and writes later.
struct CheckThenAct;
#[async_trait]
impl Twist for CheckThenAct {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        if version(store, &commit.organization).await? != commit.version || !commit.is_sound() {
            return store.commit(commit).await;
        }
        for _ in 0..20 {
            yield_now().await;
        }
        let present = version(store, &commit.organization).await?;
        store.commit(&rebased(commit, present)).await
    }
}

#[test]
fn check_then_act() {
    is_found(
        || Twisted::new(CheckThenAct),
        &["version_guards_in_a_race"],
        "commits written on version",
        &["exclusive_is_current"],
    );
}

/// Replaces what is there, and overlooks what is not.
struct Upsert;

async fn upserted(store: &MemoryStorage, commit: &Commit) -> Commit {
    let mut commit = commit.clone();
    let mut reads = Reads::new();
    for change in &commit.members {
        reads.members.insert(match change {
            RowChange::Insert(row) | RowChange::Update(row) => row.user.clone(),
            RowChange::Delete(user) => user.clone(),
        });
    }
    let slice = store.load(&commit.organization, &reads, DateTime::UNIX_EPOCH).await.unwrap();
    let is_there = |user: &UserId| slice.member(user).unwrap().is_some();
    let members = std::mem::take(&mut commit.members).into_iter().filter_map(|change| match change {
        RowChange::Insert(row) | RowChange::Update(row) if is_there(&row.user) => {
            Some(RowChange::Update(row))
        }
        RowChange::Insert(row) | RowChange::Update(row) => Some(RowChange::Insert(row)),
        RowChange::Delete(user) => is_there(&user).then_some(RowChange::Delete(user)),
    });
    commit.members = members.collect();
    commit
}

#[async_trait]
impl Twist for Upsert {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        let commit = upserted(store, commit).await;
        store.commit(&commit).await
    }
}

#[test]
fn upsert_for_create() {
    is_found(
        || Twisted::new(Upsert),
        &["insert_is_not_put"],
        "a member inserted who is there",
        &["all_or_nothing"],
    );
}

/// Reads rows, then the version they are said to be of.
struct VersionAfterRows;
#[async_trait]
impl Twist for VersionAfterRows {
    async fn load(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let rows = store.load(id, reads, now).await?;
        for _ in 0..3 {
            yield_now().await;
        }
        let header = store.load(id, &Reads::new(), now).await?.organization().cloned();
        Ok(answers_of(&rows, header, reads))
    }
}

#[test]
fn version_read_after_rows() {
    is_found(
        || Twisted::new(VersionAfterRows),
        &["load_is_one_version"],
        "of a slice of version",
        &["load_is_one_version_while_others_write"],
    );
}

/// Cuts times to milliseconds.
struct Milliseconds;
#[async_trait]
impl Twist for Milliseconds {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        let mut commit = commit.clone();
        let cut = |at: DateTime<Utc>| at.trunc_subsecs(3);
        edit(&mut commit.members, |row| row.joined_at = cut(row.joined_at));
        edit(&mut commit.invitations, |row| row.created_at = cut(row.created_at));
        edit(&mut commit.suppressions, |row| row.at = cut(row.at));
        for row in &mut commit.deliveries {
            row.due_at = cut(row.due_at);
        }
        store.commit(&commit).await
    }
}

#[test]
fn milliseconds() {
    is_found(
        || Twisted::new(Milliseconds),
        &["values_come_back_to_the_microsecond"],
        "created_at: 2026-02-02T02:40:01.123Z",
        &["values_come_back_at_the_extremes", "pages_meet_over_cursors"],
    );
}

/// Leaves behind what it wrote before it failed.
struct HalfApplied;
#[async_trait]
impl Twist for HalfApplied {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        let answer = store.commit(commit).await;
        if answer.is_err()
            && version(store, &commit.organization).await? == commit.version
            && commit.is_sound()
        {
            let (header, events, deliveries) = (None, Vec::new(), Vec::new());
            let (members, invitations, places, suppressions) = Default::default();
            let half = Commit {
                header,
                events,
                deliveries,
                members,
                invitations,
                places,
                suppressions,
                ..commit.clone()
            };
            store.commit(&half).await.ok();
        }
        answer
    }
}

#[test]
fn half_applied_commit() {
    is_found(|| Twisted::new(HalfApplied), &["all_or_nothing"], "changed something", &[]);
}

/// Forgets what a command came to.
struct LostRecord;
#[async_trait]
impl Twist for LostRecord {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        store.commit(&Commit { commands: Vec::new(), ..commit.clone() }).await
    }
}

#[test]
fn lost_idempotency_record() {
    is_found(
        || Twisted::new(LostRecord),
        &[
            "commands_are_kept",
            "commands_are_kept_until_their_time",
            "insert_is_not_put_but_limits_and_commands_are",
        ],
        "the record of a command",
        &["tenants_are_apart", "values_come_back"],
    );
}

/// Goes on behind the time of the last row instead of behind the row.
struct CursorBySecond;
#[async_trait]
impl Twist for CursorBySecond {
    async fn members(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let mut all = store.members(id, filter, &rows::all()).await?;
        all.retain(|row| seek.after.as_ref().is_none_or(|after| row.joined_at > after.at));
        all.truncate(seek.limit as usize);
        Ok(all)
    }
}

#[test]
fn cursor_that_skips_ties() {
    is_found(
        || Twisted::new(CursorBySecond),
        &["pages_meet", "pages_meet_at_any_position"],
        "members: pages put together",
        &[],
    );
}

/// A lease holds for ever, whatever it says.
struct EndlessLease;
#[async_trait]
impl Twist for EndlessLease {
    async fn lease(
        &self,
        store: &MemoryStorage,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        let mut leases = store.lease(now, rows::last_time(), limit).await?;
        leases.leased.iter_mut().for_each(|leased| leased.delivery.leased_until = Some(until));
        Ok(leases)
    }
}

#[test]
fn lease_that_never_expires() {
    is_found(
        || Twisted::new(EndlessLease),
        &["leases_end", "one_holds_a_lease", "late_is_told"],
        "left: Some(9999-12-31T23:59:59.999999Z)",
        &["acknowledged_is_kept", "committed_is_due", "late_is_told"],
    );
}

/// Looks a member up by user alone.
struct AnyOrganization;
#[async_trait]
impl Twist for AnyOrganization {
    async fn load(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let slice = store.load(id, reads, now).await?;
        let mut shown = answers_of(&slice, slice.organization().cloned(), reads);
        for user in &reads.members {
            if slice.member(user).is_ok_and(|row| row.is_none()) {
                let anywhere = store.memberships(user, &rows::first(1)).await?.pop();
                shown.answer_member(user.clone(), anywhere.map(|row| row.member));
            }
        }
        Ok(shown)
    }
}

#[test]
fn a_row_of_another_organization() {
    is_found(|| Twisted::new(AnyOrganization), &["tenants_are_apart"], "a member of acme in", &[]);
}

/// A unit that says it was committed.
struct LostUnit;
struct Lost(Box<dyn Exclusive>);
#[async_trait]
impl Exclusive for Lost {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.0.load(reads, now).await
    }
    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.0.write(commit).await
    }
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}
#[async_trait]
impl Twist for LostUnit {
    async fn exclusive(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
    ) -> Result<Box<dyn Exclusive>, StorageError> {
        Ok(Box::new(Lost(store.exclusive(id).await?)))
    }
}

#[test]
fn commits_of_units_lost() {
    is_found(
        || Twisted::new(LostUnit),
        &["exclusive_waits", "exclusive_is_current", "exclusive_is_current_among_many"],
        "the version that the second unit reads",
        &["exclusive_is_current", "dropped_is_rolled_back"],
    );
}

/// A unit that locks nothing, and writes at once.
struct NoLock;
struct Open(MemoryStorage, OrganizationId);
#[async_trait]
impl Exclusive for Open {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.0.load(&self.1, reads, now).await
    }
    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.0.commit(commit).await
    }
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}
#[async_trait]
impl Twist for NoLock {
    async fn exclusive(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
    ) -> Result<Box<dyn Exclusive>, StorageError> {
        Ok(Box::new(Open(store.clone(), id.clone())))
    }
}

#[test]
fn units_without_a_lock() {
    is_found(
        || Twisted::new(NoLock),
        &["exclusive_waits", "exclusive_is_current", "dropped_is_rolled_back"],
        "it began while the first was open",
        &["exclusive_is_current", "dropped_is_rolled_back"],
    );
}

/// Brings all that is due.
struct AllThatIsDue;
#[async_trait]
impl Twist for AllThatIsDue {
    async fn load(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let mut all = reads.clone();
        all.due = if reads.due > 0 { 10_000 } else { 0 };
        store.load(id, &all, now).await
    }
}

#[test]
fn due_without_a_limit() {
    is_found(
        || Twisted::new(AllThatIsDue),
        &["due_is_past_its_expiry"],
        "as many as asked for",
        &["due_is_past_its_expiry"],
    );
}

/// Counts the version up for a commit that it refuses.
struct CountsRefused;
#[async_trait]
impl Twist for CountsRefused {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        let answer = store.commit(commit).await;
        if matches!(answer, Err(CommitError::Conflict)) {
            let slice = store.load(&commit.organization, &Reads::new(), DateTime::UNIX_EPOCH).await?;
            if let Some(header) = slice.organization() {
                store.commit(&rows::on(header)).await.ok();
            }
        }
        answer
    }
}

#[test]
fn a_refused_commit_that_moves_the_version() {
    is_found(
        || Twisted::new(CountsRefused),
        &["version_guards", "events_have_no_gaps"],
        "changed something",
        &[
            "version_guards",
            "all_or_nothing",
            "insert_is_not_put",
            "one_place_one_invitation",
            "commit_is_found",
            "exclusive_is_current",
            "unknown_is_said",
        ],
    );
}

/// Loses every third event.
struct Gaps;
#[async_trait]
impl Twist for Gaps {
    async fn events(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventEntry>, StorageError> {
        let mut events = store.events(id, after, limit).await?;
        events.retain(|entry| entry.sequence % 3 != 0);
        Ok(events)
    }
}

#[test]
fn events_with_gaps() {
    is_found(
        || Twisted::new(Gaps),
        &["events_have_no_gaps", "pages_meet_for_events"],
        "sequences of the log",
        &[],
    );
}

/// Acknowledges, and writes later.
struct LazyWrite(Mutex<Option<Commit>>);
#[async_trait]
impl Twist for LazyWrite {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        let earlier = self.0.lock().unwrap().take();
        if let Some(earlier) = earlier {
            store.commit(&earlier).await?;
        }
        if version(store, &commit.organization).await? != commit.version || !commit.is_sound() {
            return store.commit(commit).await;
        }
        *self.0.lock().unwrap() = Some(commit.clone());
        Ok(())
    }
}

/// Finds every commit that anybody asks for.
struct FindsAnything;
#[async_trait]
impl Twist for FindsAnything {
    async fn find_commit(
        &self,
        _: &MemoryStorage,
        _: &OrganizationId,
        _: CommitId,
    ) -> Result<bool, StorageError> {
        Ok(true)
    }
}

#[test]
fn a_commit_found_that_nobody_sent() {
    is_found(
        || Twisted::new(FindsAnything),
        &["commit_is_found", "tenants_are_apart", "version_guards"],
        "a commit that nobody sent",
        &[
            "version_guards",
            "all_or_nothing",
            "insert_is_not_put",
            "one_place_one_invitation",
            "dropped_is_rolled_back",
        ],
    );
}

/// Lists as pending what is past its expiry.
struct NoClock;
#[async_trait]
impl Twist for NoClock {
    async fn roster(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        _: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        store.roster(id, DateTime::UNIX_EPOCH, seek).await
    }
}

#[test]
fn lists_without_a_clock() {
    is_found(|| Twisted::new(NoClock), &["lists_know_the_time"], "in the roster", &[]);
}

/// Orders names as a dictionary does.
struct Collation;
#[async_trait]
impl Twist for Collation {
    async fn members(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let mut members = store.members(id, filter, seek).await?;
        members.sort_by_key(|row| (row.joined_at, row.user.as_str().to_lowercase()));
        Ok(members)
    }
}

#[test]
fn lists_in_the_order_of_a_dictionary() {
    is_found(|| Twisted::new(Collation), &["lists_are_ordered_byte_by_byte"], "members who joined", &[]);
}

/// Shows in the inbox what suspended organizations have pending.
struct OpenInbox;
#[async_trait]
impl Twist for OpenInbox {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        let mut commit = commit.clone();
        if let Some(header) = &mut commit.header
            && header.status == OrganizationStatus::Suspended
        {
            header.status = OrganizationStatus::Active;
        }
        store.commit(&commit).await
    }
}

#[test]
fn a_status_that_is_not_kept() {
    is_found(
        || Twisted::new(OpenInbox),
        &["inbox_crosses_organizations", "values_come_back_in_every_variant"],
        "what is pending in active organizations",
        &["inbox_crosses_organizations_as_memberships_do"],
    );
}

/// Says of every end that it was the first.
struct AnyLease;
#[async_trait]
impl Twist for AnyLease {
    async fn complete(
        &self,
        store: &MemoryStorage,
        lease: &Lease,
        completion: &Completion,
    ) -> Result<bool, StorageError> {
        store.complete(lease, completion).await?;
        Ok(true)
    }
}

#[test]
fn a_late_completion_that_is_not_told() {
    is_found(
        || Twisted::new(AnyLease),
        &["late_is_told", "late_is_told_of_every_end"],
        "completing under an earlier lease",
        &[],
    );
}

/// Leases a little early.
struct Early;
#[async_trait]
impl Twist for Early {
    async fn lease(
        &self,
        store: &MemoryStorage,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        store.lease(now + TimeDelta::seconds(1), until, limit).await
    }
}

#[test]
fn a_lease_before_it_is_due() {
    is_found(
        || Twisted::new(Early),
        &["committed_is_due", "leases_end", "one_holds_a_lease"],
        "one second before it is due",
        &["committed_is_due", "late_is_told", "outbox_has_no_secret"],
    );
}

/// Stores addresses as they are compared.
struct Folded;
#[async_trait]
impl Twist for Folded {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        let mut commit = commit.clone();
        let fold = |address: &EmailAddress| EmailAddress::parse(address.canonical()).unwrap();
        edit(&mut commit.members, |row| row.email = row.email.as_ref().map(fold));
        edit(&mut commit.invitations, |row| {
            row.mail_to = row.mail_to.as_ref().map(fold);
            if let Invitee::Address(address) = &row.invitee {
                row.invitee = fold(address).into();
            }
        });
        store.commit(&commit).await
    }
}

#[test]
fn addresses_folded() {
    is_found(|| Twisted::new(Folded), &["values_come_back_as_typed", "values_come_back"], "as typed", &[]);
}

/// Keeps the least of what is open for one invitee, and says nothing of the rest.
struct Truncates;
#[async_trait]
impl Twist for Truncates {
    async fn load(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        match store.load(id, reads, now).await {
            Ok(slice) => Ok(slice),
            Err(_) => {
                let header = store.load(id, &Reads::new(), now).await?;
                Ok(answers_of(&header, header.organization().cloned(), reads))
            }
        }
    }
}

#[test]
fn a_part_for_the_whole() {
    is_found(
        || Twisted::new(Truncates),
        &["errors_fail_closed_where_there_is_too_much"],
        "more open invitations than there may be",
        &[],
    );
}

#[test]
fn a_write_after_it_was_acknowledged() {
    is_found(
        || Twisted::new(LazyWrite(Mutex::default())),
        &["load_reads_own_writes", "acknowledged_is_kept"],
        "the version after commit",
        &[""],
    );
}

/// What goes wrong beside a store.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// Keeps nothing beyond the process.
    KeepsNothing,
    /// Answers without what it needs to answer: as if nothing were there.
    AnswersCut,
    /// Says that a commit failed whose reply it lost.
    PlainFailure,
    /// Writes what must not be written.
    StoresTokens,
}

#[async_trait]
impl Twist for (Fault, Arc<AtomicBool>) {
    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        store.commit(commit).await?;
        match self.1.swap(false, Ordering::AcqRel) && self.0 == Fault::PlainFailure {
            true => Err(StorageError::other("connection reset").into()),
            false => Ok(()),
        }
    }
}

/// The fixture of a store that is disturbed from outside.
struct Disturbed {
    store: Twisted<(Fault, Arc<AtomicBool>)>,
}

impl Disturbed {
    fn by(fault: Fault) -> Self {
        Self { store: Twisted::new((fault, Arc::default())) }
    }
}

#[async_trait]
impl Fixture for Disturbed {
    fn storage(&self) -> &dyn Storage {
        &self.store
    }

    async fn reopen(&mut self) {
        if self.store.1.0 == Fault::KeepsNothing {
            self.store.0 = MemoryStorage::new();
        }
    }

    async fn stored(&self) -> Vec<u8> {
        match self.store.1.0 {
            Fault::StoresTokens => b"guest0@example.com inv_AAECAwQ".to_vec(),
            _ => Vec::new(),
        }
    }

    async fn cut(&self) -> bool {
        self.store.1.0 == Fault::AnswersCut
    }

    async fn lose_reply(&self) -> bool {
        self.store.1.1.store(true, Ordering::Release);
        self.store.1.0 == Fault::PlainFailure
    }
}

#[test]
fn nothing_kept_beyond_the_process() {
    is_found(
        || Disturbed::by(Fault::KeepsNothing),
        &["acknowledged_is_kept"],
        "opening the store again",
        &[],
    );
}

#[test]
fn answers_of_a_store_that_cannot_answer() {
    is_found(|| Disturbed::by(Fault::AnswersCut), &["errors_fail_closed"], "without an error", &[]);
}

#[test]
fn a_lost_reply_told_as_a_failure() {
    is_found(|| Disturbed::by(Fault::PlainFailure), &["unknown_is_said"], "an unknown outcome", &[]);
}

#[test]
fn a_token_among_what_is_stored() {
    is_found(|| Disturbed::by(Fault::StoresTokens), &["outbox_has_no_secret"], "a token is stored", &[]);
}

#[test]
fn random_histories_find_what_nobody_looked_for() {
    let ends = |name: &str| name.ends_with(HISTORIES);
    for (what, found) in [
        ("a list", findings(|| Twisted::new(NoClock), ends)),
        ("a row", findings(|| Twisted::new(LostRecord), ends)),
        ("a lease", findings(|| Twisted::new(AnyLease), ends)),
    ] {
        let first = found.first().expect(what);
        assert!(first.seen.contains("the shortest history found"), "{first}");
    }
}
