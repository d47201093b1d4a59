//! Stores that list what is not so, or not in its order.

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound as _, Utc};
use invite_conformance::storage::rows;
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::surroundings::around;

broken_stores! {
    members_before_invitations: around(MembersFirst),
        fails [lists_are_ordered] saying "the roster from the newest"
        also [pages_meet];
    roles_of_any_scope: around(AnyScope), fails [lists_are_ordered_and_filtered] saying "admin" also [grants_are_filed];
    lists_without_mails: around(NoMails),
        fails [lists_are_ordered_with_the_last_mail] saying "delivery: None }";
    cursor_that_skips_ties: around(CursorBySecond),
        fails [pages_meet pages_meet_at_any_position] saying "members: pages put together" also [grants_are_filed];
    a_cursor_of_whole_seconds: around(CutCursor),
        fails [pages_meet_over_cursors] saying "the roster: pages put together";
    a_cursor_that_must_be_found: around(FoundCursor),
        fails [pages_meet_while_rows_come_and_go pages_meet_at_any_position] saying "those that went after"
        also [lists_know_the_time];
    lists_without_a_clock: around(NoClock),
        fails [lists_know_the_time lists_are_ordered_in_random_histories] saying "in the roster"
        also [due_is_past_its_expiry];
    lists_in_the_order_of_a_dictionary: around(Collation),
        fails [lists_are_ordered_byte_by_byte] saying "members who joined";
    half_of_the_invitees: around(FewInvitees),
        fails [inbox_crosses_organizations_for_32_invitees] saying "left: [";
    what_begins_later_is_in_the_inbox: around(Early),
        fails [inbox_crosses_organizations_for_what_has_begun] saying "what has begun by second 49"
        also [
            lists_know_the_time lists_are_ordered inbox_crosses_organizations_until_all_that_is_granted_is_over
            due_is_past_its_expiry
        ];
    what_is_over_is_in_the_inbox: around(Lasting),
        fails [inbox_crosses_organizations_until_all_that_is_granted_is_over]
        saying "what grants something still at second 50"
        also [due_is_past_its_expiry];
    a_count_without_a_limit: around(CountsAll),
        fails [inbox_crosses_organizations_and_is_counted] saying "left: ";
    memberships_of_active_organizations: around(ActiveAlone),
        fails [inbox_crosses_organizations_as_memberships_do] saying "all organizations, whatever their status";
}

/// Lists members before invitations.
struct MembersFirst(MemoryStorage);

#[async_trait]
impl Wrapper for MembersFirst {
    in_memory!();

    async fn roster(
        &self,
        id: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        let mut rows = self.0.roster(id, now, seek).await?;
        rows.sort_by_key(|row| matches!(row, RosterEntry::Invitation(_)));
        Ok(rows)
    }
}

/// Filters members by a role that they have anywhere.
struct AnyScope(MemoryStorage);

#[async_trait]
impl Wrapper for AnyScope {
    in_memory!();

    async fn members(
        &self,
        id: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let all =
            self.0.members(id, &MemberFilter::default(), &Seek { limit: 10_000, ..seek.clone() }).await?;
        let has_role = |row: &Member| {
            let roles = row.grants.iter().map(|(_, access)| access.role_name());
            filter.role.is_none() || roles.into_iter().any(|role| Some(role) == filter.role.as_ref())
        };
        Ok(all.into_iter().filter(has_role).take(seek.limit as usize).collect())
    }
}

/// Lists invitations without the mail that was queued last.
struct NoMails(MemoryStorage);

#[async_trait]
impl Wrapper for NoMails {
    in_memory!();

    async fn roster(
        &self,
        id: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        let mut rows = self.0.roster(id, now, seek).await?;
        for row in &mut rows {
            if let RosterEntry::Invitation(entry) = row {
                entry.delivery = None;
            }
        }
        Ok(rows)
    }
}

/// Cuts the time of a cursor to seconds.
struct CutCursor(MemoryStorage);

#[async_trait]
impl Wrapper for CutCursor {
    in_memory!();

    async fn roster(
        &self,
        id: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        let cut = |after: &invite_storage::Position| {
            invite_storage::Position::new(after.at.trunc_subsecs(0), after.key.as_str())
        };
        self.0.roster(id, now, &Seek { after: seek.after.as_ref().map(cut), limit: seek.limit }).await
    }
}

/// Looks for the row that a cursor names, and goes on behind it.
struct FoundCursor(MemoryStorage);

#[async_trait]
impl Wrapper for FoundCursor {
    in_memory!();

    async fn invitations(
        &self,
        id: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        let all = self.0.invitations(id, filter, now, &rows::all()).await?;
        let is_named = |entry: &InvitationEntry| seek.after.as_ref() == Some(&entry.position());
        let from = match seek.after {
            Some(_) => all.iter().position(is_named).map_or(all.len(), |at| at + 1),
            None => 0,
        };
        Ok(all.into_iter().skip(from).take(seek.limit as usize).collect())
    }
}

/// Looks for sixteen invitees at once.
struct FewInvitees(MemoryStorage);

#[async_trait]
impl Wrapper for FewInvitees {
    in_memory!();

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        self.0.inbox(&invitees[..invitees.len().min(16)], now, seek).await
    }
}

/// Shows also what granted something a minute ago.
struct Lasting(MemoryStorage);

#[async_trait]
impl Wrapper for Lasting {
    in_memory!();

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        let mut found = self.0.inbox(invitees, now, seek).await?;
        let past = self.0.inbox(invitees, now - chrono::TimeDelta::minutes(1), seek).await?;
        let is_new = |entry: &InboxEntry| !found.contains(entry);
        let pending = |entry: &InboxEntry| entry.invitation.state_at(now) == InvitationState::Pending;
        let past = past.into_iter().filter(|entry| is_new(entry) && pending(entry)).collect::<Vec<_>>();
        found.extend(past);
        found.sort_by_key(|entry| std::cmp::Reverse(entry.position()));
        found.truncate(seek.limit as usize);
        Ok(found)
    }
}

/// Counts more than was asked for.
struct CountsAll(MemoryStorage);

#[async_trait]
impl Wrapper for CountsAll {
    in_memory!();

    async fn waiting(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        self.0.waiting(invitees, now, limit.saturating_mul(1_000)).await
    }
}

/// Lists memberships of active organizations.
struct ActiveAlone(MemoryStorage);

#[async_trait]
impl Wrapper for ActiveAlone {
    in_memory!();

    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        let mut rows = self.0.memberships(user, seek).await?;
        rows.retain(|row| row.status == OrganizationStatus::Active);
        Ok(rows)
    }
}

/// Goes on behind the time of the last row instead of behind the row.
struct CursorBySecond(MemoryStorage);

#[async_trait]
impl Wrapper for CursorBySecond {
    in_memory!();

    async fn members(
        &self,
        id: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let mut all = self.0.members(id, filter, &rows::all()).await?;
        all.retain(|row| seek.after.as_ref().is_none_or(|after| row.joined_at > after.at));
        all.truncate(seek.limit as usize);
        Ok(all)
    }
}

/// Lists as pending what is past its expiry.
struct NoClock(MemoryStorage);

#[async_trait]
impl Wrapper for NoClock {
    in_memory!();

    async fn roster(
        &self,
        id: &OrganizationId,
        _: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        self.0.roster(id, DateTime::UNIX_EPOCH, seek).await
    }
}

/// Orders names as a dictionary does.
struct Collation(MemoryStorage);

#[async_trait]
impl Wrapper for Collation {
    in_memory!();

    async fn members(
        &self,
        id: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let mut members = self.0.members(id, filter, seek).await?;
        members.sort_by_key(|row| (row.joined_at, row.user.as_str().to_lowercase()));
        Ok(members)
    }
}

/// An inbox with what begins within a minute.
struct Early(MemoryStorage);

#[async_trait]
impl Wrapper for Early {
    in_memory!();

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        self.0.inbox(invitees, now + chrono::TimeDelta::minutes(1), seek).await
    }
}
