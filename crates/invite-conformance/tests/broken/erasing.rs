//! Stores that erase too little, or too much.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_conformance::storage::Fixture;
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::surroundings::{around, edited, misread, retold};

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
    requests_by_the_user_alone: telling_of_past(|invitee, _, requests, _| requests.retain(|row| row.invitee == *invitee)),
        fails [past_is_what_ended_and_was_asked past_is_what_ended_and_was_asked_and_whether_there_is_more]
        saying "those that tell the address";
    requests_that_ended_alone: telling_of_past(|_, _, requests, _| requests.retain(|row| !row.is_open())),
        fails [past_is_what_ended_and_was_asked] saying "those that tell the address";
    overdue_requests_are_left: retold(no_request_overdue),
        fails [past_is_what_ended_long_ago_of_requests] saying "what ended by then";
    erased_before_the_commit: around(Early),
        fails [erased_is_gone_only_with_its_commit] saying "nothing is erased";
    one_of_what_ended: telling_of_past(|_, rows, _, _| rows.truncate(1)),
        fails [past_is_what_ended] saying "invitations of the address that ended"
        also [past_is_what_ended_and_whether_there_is_more];
    more_that_ended_is_not_told: telling_of_past(|_, _, _, more| *more = false),
        fails [past_is_what_ended_and_whether_there_is_more] saying "a sign that there are more"
        also [past_is_what_ended_and_was_asked_and_whether_there_is_more];
    overdue_without_a_limit: misread(|reads| reads.overdue = reads.overdue.saturating_mul(1_000)),
        fails [past_is_what_ended_long_ago past_is_what_ended_long_ago_of_requests] saying "as many as asked for";
    holders_without_requests: around(|store| HoldersWithout(store, "asked")),
        fails [holders_are_found_by_requests] saying "about the address";
    holders_by_invitations_alone: around(|store| HoldersWithout(store, "told")),
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

/// Tells something else of what ended: of the invitations, the join requests, and whether there are more.
fn telling_of_past(
    edit: fn(&Invitee, &mut Vec<Invitation>, &mut Vec<JoinRequest>, &mut bool),
) -> impl Fixture {
    retold(move |slice, reads, _| {
        for invitee in &reads.past {
            let Ok((rows, mut more)) = slice.past_of(invitee) else { continue };
            let mut rows = rows.cloned().collect();
            let mut requests = slice.past_requests_of(invitee).into_iter().flatten().cloned().collect();
            edit(invitee, &mut rows, &mut requests, &mut more);
            slice.answer_past(invitee.clone(), rows, requests, more);
        }
    })
}

/// Finds no join request that is overdue.
fn no_request_overdue(slice: &mut Slice, _: &Reads, _: DateTime<Utc>) {
    let overdue = slice.overdue().ok().map(|(rows, more)| (rows.cloned().collect(), more));
    if let Some((rows, more)) = overdue {
        slice.answer_overdue(rows, Vec::new(), more);
    }
}

/// Forgets that what these ids are named after tells of somebody too.
struct HoldersWithout(MemoryStorage, &'static str);

#[async_trait]
impl Wrapper for HoldersWithout {
    in_memory!();

    async fn holders(
        &self,
        person: &[Invitee],
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        let mut found = self.0.holders(person, after, limit).await?;
        found.retain(|id| !id.as_str().contains(self.1));
        Ok(found)
    }
}
