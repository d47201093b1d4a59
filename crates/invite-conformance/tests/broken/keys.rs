//! Stores that know no key from another.

use async_trait::async_trait;
use chrono::DateTime;
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::surroundings::{around, edited};

broken_stores! {
    upsert_for_create: around(Upsert),
        fails [insert_is_not_put] saying "a member inserted who is there" also [all_or_nothing];
    one_of_two_inserts: edited(only_the_first_insert),
        fails [insert_is_not_put_twice_in_one_commit] saying "a member inserted twice in one commit";
    a_contradiction_taken_for_a_conflict: around(Contradicted),
        fails [insert_is_not_put_and_contradictions_are_errors] saying "expected: a storage error";
    no_key_of_places: edited(|commit| commit.places.clear()),
        fails [
            one_place_one_invitation one_place_one_invitation_passed_on_in_one_commit
            one_place_one_invitation_in_a_race
        ]
        saying "the place of the same address, typed otherwise" also [all_or_nothing insert_is_not_put dropped_is_rolled_back];
}

fn only_the_first_insert(commit: &mut Commit) {
    commit.members.dedup_by_key(|change| match change {
        RowChange::Insert(row) | RowChange::Update(row) => row.user.clone(),
        RowChange::Delete(user) => user.clone(),
    });
}

/// Asks for another decision where none would help.
struct Contradicted(MemoryStorage);

#[async_trait]
impl Wrapper for Contradicted {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        if !commit.is_sound() {
            return Err(CommitError::Conflict);
        }
        self.0.commit(commit).await
    }
}

/// Replaces what is there, and overlooks what is not.
struct Upsert(MemoryStorage);

#[async_trait]
impl Wrapper for Upsert {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let commit = upserted(&self.0, commit).await;
        self.0.commit(&commit).await
    }
}

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
