//! Stores that erase too little, or too much.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::surroundings::{around, edited};

broken_stores! {
    what_was_erased_is_told: edited(|commit| commit.erased.invitations.clear()),
        fails [erased_is_gone erased_is_gone_from_the_outbox] saying "tells of bob" also [erased_is_gone_from_the_rows];
    members_are_told: edited(|commit| commit.erased.users.clear()),
        fails [erased_is_gone] saying "tells of bob" also [erased_is_gone_from_former_members];
    those_who_left_are_kept: around(KeepsFormer),
        fails [erased_is_gone_from_former_members] saying "an erased user is no former member";
    rows_are_not_erased: edited(|commit| {
        let gone = |change: &RowChange<InvitationId, Invitation>| {
            matches!(change, RowChange::Update(row) if row.invitee.is_erased())
        };
        commit.invitations.retain(|change| !gone(change));
    }),
        fails [erased_is_gone_from_the_rows] saying "the invitee of an erased invitation" also [past_is_what_ended];
    what_was_erased_of_requests_is_told: edited(|commit| commit.erased.requests.clear()),
        fails [erased_is_gone_of_requests] saying "tells of bob";
    requests_are_not_erased: edited(|commit| {
        let gone = |change: &RowChange<RequestId, JoinRequest>| {
            matches!(change, RowChange::Update(row) if row.invitee.is_erased())
        };
        commit.requests.retain(|change| !gone(change));
    }),
        fails [erased_is_gone_of_requests] saying "what is left of a join request"
        also [past_is_what_ended_and_was_asked];
    requests_by_the_user_alone: around(|store| OfAsked(store, |invitee, row| row.invitee == *invitee)),
        fails [past_is_what_ended_and_was_asked past_is_what_ended_and_was_asked_and_whether_there_is_more]
        saying "those that tell the address";
    requests_that_ended_alone: around(|store| OfAsked(store, |_, row| !row.is_open())),
        fails [past_is_what_ended_and_was_asked] saying "those that tell the address";
    overdue_requests_are_left: around(NoneOverdue),
        fails [past_is_what_ended_long_ago_of_requests] saying "what ended by then";
    erased_before_the_commit: around(Early),
        fails [erased_is_gone_only_with_its_commit] saying "nothing is erased";
    one_of_what_ended: around(|store| OfPast(store, |mut rows, more| {
        rows.truncate(1);
        (rows, more)
    })),
        fails [past_is_what_ended] saying "invitations of the address that ended"
        also [past_is_what_ended_and_whether_there_is_more];
    more_that_ended_is_not_told: around(|store| OfPast(store, |rows, _| (rows, false))),
        fails [past_is_what_ended_and_whether_there_is_more] saying "a sign that there are more"
        also [past_is_what_ended_and_was_asked_and_whether_there_is_more];
    overdue_without_a_limit: around(AllOverdue),
        fails [past_is_what_ended_long_ago past_is_what_ended_long_ago_of_requests] saying "as many as asked for";
    holders_without_requests: around(NotAsked),
        fails [holders_are_found_by_requests] saying "about the address";
    holders_by_invitations_alone: around(Inviting),
        fails [holders_are_found] saying "about the user";
}

/// Erases also when the commit is not written.
struct Early(MemoryStorage);

#[async_trait]
impl Wrapper for Early {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let answer = self.0.commit(commit).await;
        if answer.is_err() && !commit.erased.is_empty() {
            let slice = self.0.load(&commit.organization, &Reads::new(), DateTime::UNIX_EPOCH).await?;
            let draft =
                Draft::new(slice, DateTime::UNIX_EPOCH, CommitId::from_parts(DateTime::UNIX_EPOCH, [9; 10]));
            let mut early = fold(draft, [(Actor::System, Event::OrganizationResumed)]).into_commit();
            early.erased = commit.erased.clone();
            self.0.commit(&early).await?;
        }
        answer
    }
}

/// Keeps that erased users were members.
struct KeepsFormer(MemoryStorage);

#[async_trait]
impl Wrapper for KeepsFormer {
    in_memory!();

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let mut kept = Vec::new();
        for user in &commit.erased.users {
            let left = self.0.former_memberships(user, 9).await?.into_iter();
            let here = left.filter(|left| left.organization == commit.organization);
            kept.extend(here.map(|left| left.former));
        }
        self.0.commit(commit).await?;
        if kept.is_empty() {
            return Ok(());
        }
        let slice = self.0.load(&commit.organization, &Reads::new(), DateTime::UNIX_EPOCH).await?;
        let draft = Draft::new(slice, DateTime::UNIX_EPOCH, commit.id);
        self.0.commit(&Commit { former: kept, ..draft.into_commit() }).await
    }
}

/// Tells something else of what ended.
struct OfPast(MemoryStorage, fn(Vec<Invitation>, bool) -> (Vec<Invitation>, bool));

#[async_trait]
impl Wrapper for OfPast {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let mut slice = self.0.load(id, reads, now).await?;
        for invitee in &reads.past {
            let Ok((rows, more)) = slice.past_of(invitee) else { continue };
            let (rows, more) = self.1(rows.cloned().collect(), more);
            let requests = slice.past_requests_of(invitee).into_iter().flatten().cloned().collect();
            slice.answer_past(invitee.clone(), rows, requests, more);
        }
        Ok(slice)
    }
}

/// Tells only some of the join requests.
struct OfAsked(MemoryStorage, fn(&Invitee, &JoinRequest) -> bool);

#[async_trait]
impl Wrapper for OfAsked {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let mut slice = self.0.load(id, reads, now).await?;
        for invitee in &reads.past {
            let Ok((rows, more)) = slice.past_of(invitee) else { continue };
            let rows = rows.cloned().collect();
            let requests = slice.past_requests_of(invitee).into_iter().flatten();
            let requests = requests.filter(|row| self.1(invitee, row)).cloned().collect();
            slice.answer_past(invitee.clone(), rows, requests, more);
        }
        Ok(slice)
    }
}

/// Finds no join request that is overdue.
struct NoneOverdue(MemoryStorage);

#[async_trait]
impl Wrapper for NoneOverdue {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let mut slice = self.0.load(id, reads, now).await?;
        let overdue = slice.overdue().ok().map(|(rows, more)| (rows.cloned().collect(), more));
        if let Some((rows, more)) = overdue {
            slice.answer_overdue(rows, Vec::new(), more);
        }
        Ok(slice)
    }
}

/// Forgets that join requests tell of somebody too.
struct NotAsked(MemoryStorage);

#[async_trait]
impl Wrapper for NotAsked {
    in_memory!();

    async fn holders(
        &self,
        person: &[Invitee],
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        let mut found = self.0.holders(person, after, limit).await?;
        found.retain(|id| !id.as_str().contains("asked"));
        Ok(found)
    }
}

/// Loads more that is overdue than was asked for.
struct AllOverdue(MemoryStorage);

#[async_trait]
impl Wrapper for AllOverdue {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let mut reads = reads.clone();
        reads.overdue = reads.overdue.saturating_mul(1_000);
        self.0.load(id, &reads, now).await
    }
}

/// Forgets that members, blocks and records tell of somebody too.
struct Inviting(MemoryStorage);

#[async_trait]
impl Wrapper for Inviting {
    in_memory!();

    async fn holders(
        &self,
        person: &[Invitee],
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        let mut found = self.0.holders(person, after, limit).await?;
        found.retain(|id| !id.as_str().contains("told"));
        Ok(found)
    }
}
