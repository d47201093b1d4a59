//! Stores that write what they must not, or not all of it, or not now.

use std::collections::BTreeSet;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::DateTime;
use invite_conformance::storage::rows;
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;
use tokio::task::yield_now;

use super::answers::{rebased, version};
use super::surroundings::around;

broken_stores! {
    no_version_check: around(NoVersionCheck),
        fails [
            version_guards version_guards_records_of_commands_alone version_guards_two_writers
            version_guards_two_writers_with_a_handle_each version_guards_in_a_race
            version_guards_in_a_race_of_two_handles
        ]
        saying "expected: a conflict"
        also [
            events_have_no_gaps commit_is_found exclusive_is_current committed_is_due commands_are_kept erased_is_gone
        ];
    check_then_act: around(CheckThenAct),
        fails [version_guards_in_a_race version_guards_in_a_race_of_two_handles]
        saying "commits written on version" also [exclusive_is_current];
    lists_that_lag: around(LaggingLists),
        fails [version_guards_each_of_many_organizations inbox_crosses_organizations_as_memberships_do]
        saying "among memberships"
        also [values_come_back_at_the_extremes lists_are_ordered errors_fail_closed_where_a_row_cannot_be_read];
    half_applied_commit: around(HalfApplied), fails [all_or_nothing] saying "changed something" also [erased_is_gone];
    a_commit_found_once_it_was_acknowledged: around(|store| FindsAcknowledged(store, Mutex::default())),
        fails [all_or_nothing_when_the_caller_is_gone] saying "the commit is found: false";
    a_refused_commit_that_moves_the_version: around(CountsRefused),
        fails [version_guards events_have_no_gaps] saying "changed something"
        also [
            version_guards all_or_nothing insert_is_not_put one_place_one_invitation commit_is_found
            exclusive_is_current unknown_is_said erased_is_gone
        ];
    events_with_gaps: around(Gaps),
        fails [events_have_no_gaps pages_meet_for_events] saying "sequences of the log" also [erased_is_gone];
    a_commit_found_that_nobody_sent: around(FindsAnything),
        fails [commit_is_found tenants_are_apart version_guards] saying "a commit that nobody sent"
        also [version_guards all_or_nothing insert_is_not_put one_place_one_invitation dropped_is_rolled_back];
    a_write_after_it_was_acknowledged: around(|store| LazyWrite(store, Mutex::default())),
        fails [load_reads_own_writes load_reads_own_writes_of_another_handle]
        saying "the version after commit"
        also [
            load_is_one_version all_or_nothing_when_the_caller_is_gone exclusive_is_current_among_many
            values_come_back_after_several_changes_in_one_commit one_holds_a_lease_while_others_commit
            values_come_back_of_requests_after_several_changes_in_one_commit
            erased_is_gone
        ];
}

/// Writes whatever comes, decided on whatever version.
struct NoVersionCheck(MemoryStorage);

#[async_trait]
impl Wrapper for NoVersionCheck {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        if !commit.is_sound() {
            return self.0.commit(commit).await;
        }
        let present = version(&self.0, &commit.organization).await?;
        self.0.commit(&rebased(commit, present)).await
    }
}

/// Looks at the version, and writes later.
struct CheckThenAct(MemoryStorage);

#[async_trait]
impl Wrapper for CheckThenAct {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        if version(&self.0, &commit.organization).await? != commit.version || !commit.is_sound() {
            return self.0.commit(commit).await;
        }
        for _ in 0..20 {
            yield_now().await;
        }
        let present = version(&self.0, &commit.organization).await?;
        self.0.commit(&rebased(commit, present)).await
    }
}

/// Leaves behind what it wrote before it failed.
struct HalfApplied(MemoryStorage);

#[async_trait]
impl Wrapper for HalfApplied {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let answer = self.0.commit(commit).await;
        if answer.is_err()
            && version(&self.0, &commit.organization).await? == commit.version
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
            self.0.commit(&half).await.ok();
        }
        answer
    }
}

/// Counts the version up for a commit that it refuses.
struct CountsRefused(MemoryStorage);

#[async_trait]
impl Wrapper for CountsRefused {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let answer = self.0.commit(commit).await;
        if matches!(answer, Err(CommitError::Conflict)) {
            let slice = self.0.load(&commit.organization, &Reads::new(), DateTime::UNIX_EPOCH).await?;
            if let Some(header) = slice.organization() {
                self.0.commit(&rows::on(header)).await.ok();
            }
        }
        answer
    }
}

/// Loses every third event.
struct Gaps(MemoryStorage);

#[async_trait]
impl Wrapper for Gaps {
    in_memory!();

    async fn events(
        &self,
        id: &OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventEntry>, StorageError> {
        let mut events = self.0.events(id, after, limit).await?;
        events.retain(|entry| entry.sequence % 3 != 0);
        Ok(events)
    }
}

/// Finds every commit that anybody asks for.
struct FindsAnything(MemoryStorage);

#[async_trait]
impl Wrapper for FindsAnything {
    in_memory!();

    async fn find_commit(&self, _: &OrganizationId, _: CommitId) -> Result<bool, StorageError> {
        Ok(true)
    }
}

/// Acknowledges what leads to version 10, and writes it before the next commit.
struct LazyWrite(MemoryStorage, Mutex<Option<Commit>>);

#[async_trait]
impl Wrapper for LazyWrite {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let earlier = self.1.lock().unwrap().take();
        if let Some(earlier) = earlier {
            self.0.commit(&earlier).await?;
        }
        if version(&self.0, &commit.organization).await? != commit.version
            || !commit.is_sound()
            || commit.version != 9
        {
            return self.0.commit(commit).await;
        }
        *self.1.lock().unwrap() = Some(commit.clone());
        Ok(())
    }
}

/// Shows an organization in lists of users from its second version on.
struct LaggingLists(MemoryStorage);

#[async_trait]
impl Wrapper for LaggingLists {
    in_memory!();

    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        let mut shown = Vec::new();
        for entry in self.0.memberships(user, seek).await? {
            if version(&self.0, &entry.organization).await? > 1 {
                shown.push(entry);
            }
        }
        Ok(shown)
    }
}

/// Finds a commit once it was acknowledged.
struct FindsAcknowledged(MemoryStorage, Mutex<BTreeSet<CommitId>>);

#[async_trait]
impl Wrapper for FindsAcknowledged {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        self.1.lock().unwrap().insert(commit.id);
        let answer = self.0.commit(commit).await;
        yield_now().await;
        self.1.lock().unwrap().remove(&commit.id);
        answer
    }

    async fn find_commit(&self, id: &OrganizationId, commit: CommitId) -> Result<bool, StorageError> {
        let is_under_way = self.1.lock().unwrap().contains(&commit);
        Ok(!is_under_way && self.0.find_commit(id, commit).await?)
    }
}
