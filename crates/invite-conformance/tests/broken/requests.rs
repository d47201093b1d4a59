//! Stores that mistake what is open for somebody, what of it is due, or who asked for what.

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound as _, Utc};
use invite_conformance::storage::rows;
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::answers::{Told, answers_of, edit};
use super::surroundings::{around, edited, misread, retold};

broken_stores! {
    messages_of_requests_are_lost: edited(|commit| edit(&mut commit.requests, |row| row.message = None)),
        fails [values_come_back_of_requests] saying "the message of";
    reasons_of_denials_are_lost: edited(|commit| edit(&mut commit.requests, |row| {
        if let Some((RequestEnding::Denied { reason, .. }, _)) = &mut row.ended {
            *reason = None;
        }
    })),
        fails [values_come_back_of_requests values_come_back_of_requests_after_several_changes_in_one_commit]
        saying "how and when a join request ended";
    a_new_request_is_open: edited(|commit| {
        let inserted = |change: &&mut RowChange<RequestId, JoinRequest>| matches!(change, RowChange::Insert(_));
        commit.requests.iter_mut().filter(inserted).for_each(|change| edit(std::slice::from_mut(change), |row| row.ended = None));
    }),
        fails [values_come_back_of_requests_after_several_changes_in_one_commit]
        saying "what is stored is what its facts make"
        also [
            values_come_back_of_requests lists_are_ordered_of_requests lists_know_the_time_of_requests asked_is_all
            due_requests_are_past_their_expiry requests_are_filed requests_by_cross_organizations
            past_is_what_ended_long_ago_of_requests closing_is_what_names_it due_is_past_its_expiry
        ];
    verified_domains_are_lost: edited(|commit| {
        if let Some(header) = &mut commit.header {
            header.verified.clear();
        }
    }),
        fails [values_come_back_of_requests] saying "with its verified domains"
        also [values_come_back_of_requests_after_several_changes_in_one_commit];
    requests_of_the_first_organization: around(OfTheFirst),
        fails [tenants_are_apart_in_their_requests] saying "the join request of globex";
    ends_of_requests_are_lost: edited(|commit| {
        commit.requests.retain(|change| matches!(change, RowChange::Insert(_)));
    }),
        fails [asked_is_all requests_are_filed requests_by_cross_organizations] saying "what is left when others ended"
        also [
            insert_is_not_put all_or_nothing tenants_are_apart_in_their_requests due_requests_are_past_their_expiry
            values_come_back_of_requests_after_several_changes_in_one_commit past_is_what_ended_and_was_asked
            erased_is_gone_of_requests closing_is_what_names_it
        ];
    only_what_is_in_time_is_asked: retold(in_time),
        fails [asked_is_all] saying "past their expiry or not"
        also [
            tenants_are_apart_in_their_requests values_come_back_of_requests
            errors_fail_closed_where_a_request_cannot_be_read
        ];
    a_part_of_the_requests_for_all: around(FewAsked),
        fails [asked_is_all_or_an_error] saying "a part of them is not the truth";
    due_requests_without_a_limit: misread(|reads| reads.due_requests = reads.due_requests.saturating_mul(1_000)),
        fails [due_requests_are_past_their_expiry due_requests_are_past_their_expiry_or_of_a_closed_organization]
        saying "as many as asked for";
    requests_of_one_time_from_the_oldest: around(TiesTurned),
        fails [lists_are_ordered_of_requests pages_meet_for_requests requests_are_filed] saying "from the newest by (time, id)"
        also [due_is_past_its_expiry];
    a_cursor_of_requests_of_whole_seconds: around(CursorBySecond),
        fails [pages_meet_for_requests] saying "pages of 1, put together"
        also [lists_know_the_time_of_requests];
    requests_without_a_clock: around(NoClock),
        fails [lists_know_the_time_of_requests requests_are_filed] saying "a join request that ends at"
        also [due_is_past_its_expiry];
    a_group_among_others: around(AnyGroup),
        fails [requests_are_filed] saying "group: Some";
    requests_for_somebody: around(ForSomebody),
        fails [requests_are_filed] saying "by: Some" also [tenants_are_apart_in_their_requests pages_meet_for_requests];
    requests_to_active_organizations: around(ActiveAlone),
        fails [requests_by_cross_organizations] saying "whatever became of it";
}

/// Looks up requests of the organization that has them first.
struct OfTheFirst(MemoryStorage);

#[async_trait]
impl Wrapper for OfTheFirst {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let mut slice = self.0.load(id, reads, now).await?;
        let first = self.0.load(&rows::acme(), reads, now).await?;
        for request in &reads.requests {
            if let Ok(Some(row)) = first.request(*request) {
                slice.answer_request(*request, Some(row.clone()));
            }
        }
        Ok(slice)
    }
}

/// Takes what is past its expiry for ended.
fn in_time(slice: &mut Slice, reads: &Reads, now: DateTime<Utc>) {
    for invitee in &reads.asked {
        let in_time = slice.asked_for(invitee).unwrap().filter(|row| row.expires_at > now);
        let in_time = in_time.cloned().collect();
        slice.answer_asked(invitee.clone(), in_time);
    }
}

/// Leaves out requests that are more than there may be.
struct FewAsked(MemoryStorage);

#[async_trait]
impl Wrapper for FewAsked {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let slice = self.0.load(id, reads, now).await;
        if slice.is_ok() || reads.asked.is_empty() {
            return slice;
        }
        let header = self.0.load(id, &Reads::new(), now).await?;
        Ok(answers_of(&header, header.organization().cloned(), reads, &Told::default()))
    }
}

/// Lists requests of one time in the order of their ids.
struct TiesTurned(MemoryStorage);

#[async_trait]
impl Wrapper for TiesTurned {
    in_memory!();

    async fn requests(
        &self,
        id: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError> {
        let mut rows = self.0.requests(id, filter, now, seek).await?;
        rows.sort_by_key(|row| (std::cmp::Reverse(row.created_at), row.id));
        Ok(rows)
    }
}

/// Goes on behind the second of the last row instead of behind the row.
struct CursorBySecond(MemoryStorage);

#[async_trait]
impl Wrapper for CursorBySecond {
    in_memory!();

    async fn requests_by(&self, user: &UserId, seek: &Seek) -> Result<Vec<RequestEntry>, StorageError> {
        self.0.requests_by(user, &cut(seek)).await
    }

    async fn requests(
        &self,
        id: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError> {
        self.0.requests(id, filter, now, &cut(seek)).await
    }
}

fn cut(seek: &Seek) -> Seek {
    let after = seek.after.as_ref().map(|after| invite_storage::Position::new(after.at.trunc_subsecs(0), ""));
    Seek { after, limit: seek.limit }
}

/// Lists requests by the state that is written down.
struct NoClock(MemoryStorage);

#[async_trait]
impl Wrapper for NoClock {
    in_memory!();

    async fn requests(
        &self,
        id: &OrganizationId,
        filter: &RequestFilter,
        _: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError> {
        self.0.requests(id, filter, DateTime::UNIX_EPOCH, seek).await
    }
}

/// Lists requests of a group that would grant something elsewhere as well.
struct AnyGroup(MemoryStorage);

#[async_trait]
impl Wrapper for AnyGroup {
    in_memory!();

    async fn requests(
        &self,
        id: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError> {
        let anywhere = RequestFilter { group: None, ..filter.clone() };
        let whole = Seek { limit: 10_000, ..seek.clone() };
        let mut rows = self.0.requests(id, &anywhere, now, &whole).await?;
        rows.retain(|row| {
            let group = filter.group.clone().map(Scope::Group);
            group.is_none_or(|group| row.grants.access(&group).is_some())
        });
        rows.truncate(seek.limit as usize);
        Ok(rows)
    }
}

/// Does not ask who made a request of a group.
struct ForSomebody(MemoryStorage);

#[async_trait]
impl Wrapper for ForSomebody {
    in_memory!();

    async fn requests(
        &self,
        id: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError> {
        let by = filter.by.clone().filter(|_| filter.group.is_none());
        self.0.requests(id, &RequestFilter { by, ..filter.clone() }, now, seek).await
    }
}

/// Lists what a user asked for in active organizations.
struct ActiveAlone(MemoryStorage);

#[async_trait]
impl Wrapper for ActiveAlone {
    in_memory!();

    async fn requests_by(&self, user: &UserId, seek: &Seek) -> Result<Vec<RequestEntry>, StorageError> {
        let mut rows = self.0.requests_by(user, seek).await?;
        rows.retain(|row| row.status == OrganizationStatus::Active);
        Ok(rows)
    }
}
