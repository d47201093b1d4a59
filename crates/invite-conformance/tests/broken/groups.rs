//! Stores that mistake what names a group, or which links there are.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::answers::edit;
use super::surroundings::{around, edited, misread};

broken_stores! {
    closing_without_a_limit: misread(|reads| reads.closing = reads.closing.saturating_mul(1_000)),
        fails [closing_is_what_names_it_and_whether_there_is_more] saying "one of each";
    those_who_leave_a_group_stay_in_it: edited(|commit| {
        commit.group_members.retain(|change| !matches!(change, RowChange::Delete(_)));
    }),
        fails [closing_is_what_names_it] saying "what names it still" also [insert_is_not_put];
    ends_of_links_are_lost: edited(|commit| {
        commit.links.retain(|change| matches!(change, RowChange::Insert(_)));
    }),
        fails [kept_links_are_all] saying "the link that is left"
        also [grants_are_filed_for_links insert_is_not_put];
    earlier_tokens_of_links_are_lost: edited(|commit| {
        edit(&mut commit.links, |row| row.earlier_nonces.clear());
    }),
        fails [values_come_back_of_groups_and_links] saying "a link, with nonces";
    a_part_of_the_links_for_all: around(FewLinks),
        fails [kept_links_are_all_or_an_error] saying "a part of them is not the truth";
    links_that_ended_are_listed: around(|store| LinksOf(store, |filter| filter.which = WhichLinks::All)),
        fails [lists_are_ordered_of_groups_and_links] saying "which: Kept" also [grants_are_filed_for_links];
    roles_in_a_group_are_not_asked_for: around(|store| MembersOf(store, |filter| {
        filter.role = filter.role.take().filter(|_| filter.group.is_none());
    })),
        fails [grants_are_filed] saying "group: Some";
    who_is_suspended_is_asked_for_in_no_group: around(|store| MembersOf(store, |filter| {
        filter.status = filter.status.filter(|_| filter.group.is_none());
    })),
        fails [grants_are_filed] saying "status: Some"
        also [lists_are_ordered_in_random_histories];
    that_somebody_is_suspended_is_lost: edited(|commit| {
        edit(&mut commit.members, |row| row.status = MemberStatus::Active);
    }),
        fails [values_come_back] saying "a member" also [circles_are_who_is_together grants_are_filed];
    invitations_of_a_group_are_open_ones: around(OpenOnes),
        fails [grants_are_filed_for_invitations] saying "group: Some"
        also [lists_are_ordered_in_random_histories];
    links_of_a_group_are_of_nobody: around(|store| LinksOf(store, |filter| {
        filter.creator = filter.creator.take().filter(|_| filter.group.is_none());
    })),
        fails [grants_are_filed_for_links] saying "creator: Some";
    groups_of_a_name_in_any_case: around(AnyCase),
        fails [lists_are_ordered_of_groups_and_links] saying "GroupFilter";
}

/// Leaves out links that are more than there may be.
struct FewLinks(MemoryStorage);

#[async_trait]
impl Wrapper for FewLinks {
    in_memory!();

    async fn load(
        &self,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let slice = self.0.load(id, reads, now).await;
        if slice.is_ok() || !reads.kept_links {
            return slice;
        }
        let kept = Seek { after: None, limit: Reads::MAX_LINKS as u32 };
        let filter = LinkFilter { which: WhichLinks::Kept, ..LinkFilter::default() };
        let links = self.0.links(id, &filter, &kept).await?;
        let mut reads = reads.clone();
        reads.kept_links = false;
        let mut slice = self.0.load(id, &reads, now).await?;
        slice.answer_kept_links(links);
        Ok(slice)
    }
}

/// Lists other links than it is asked for.
struct LinksOf(MemoryStorage, fn(&mut LinkFilter));

#[async_trait]
impl Wrapper for LinksOf {
    in_memory!();

    async fn links(
        &self,
        id: &OrganizationId,
        filter: &LinkFilter,
        seek: &Seek,
    ) -> Result<Vec<InviteLink>, StorageError> {
        let mut filter = filter.clone();
        self.1(&mut filter);
        self.0.links(id, &filter, seek).await
    }
}

/// Lists other members than it is asked for.
struct MembersOf(MemoryStorage, fn(&mut MemberFilter));

#[async_trait]
impl Wrapper for MembersOf {
    in_memory!();

    async fn members(
        &self,
        id: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let mut filter = filter.clone();
        self.1(&mut filter);
        self.0.members(id, &filter, seek).await
    }
}

/// Lists of the invitations to a group the open ones alone.
struct OpenOnes(MemoryStorage);

#[async_trait]
impl Wrapper for OpenOnes {
    in_memory!();

    async fn invitations(
        &self,
        id: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        let mut rows = self.0.invitations(id, filter, now, seek).await?;
        rows.retain(|row| filter.group.is_none() || row.invitation.is_open());
        Ok(rows)
    }
}

/// Finds groups by their names in any case.
struct AnyCase(MemoryStorage);

#[async_trait]
impl Wrapper for AnyCase {
    in_memory!();

    async fn groups(
        &self,
        id: &OrganizationId,
        filter: &GroupFilter,
        seek: &Seek,
    ) -> Result<Vec<Group>, StorageError> {
        let mut rows = self.0.groups(id, &GroupFilter { name: None, ..filter.clone() }, seek).await?;
        let is_of = |name: &str| filter.name.as_ref().is_none_or(|asked| asked.eq_ignore_ascii_case(name));
        rows.retain(|row| is_of(row.settings.name()));
        Ok(rows)
    }
}
