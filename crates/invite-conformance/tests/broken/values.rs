//! Stores that change values.

use chrono::{DateTime, SubsecRound as _, Utc};
use invite_core::*;

use super::answers::edit;
use super::surroundings::edited;

broken_stores! {
    milliseconds: edited(cut_to_milliseconds),
        fails [values_come_back_to_the_microsecond values_come_back_at_the_extremes]
        saying "created_at: 2026-02-02T02:40:01.123Z";
    addresses_folded: edited(fold_addresses),
        fails [values_come_back_as_typed values_come_back] saying "as typed";
    long_messages_cut: edited(cut_messages),
        fails [values_come_back_at_the_extremes] saying "the message on an invitation";
    what_is_empty_told_as_absent: edited(|commit| {
        edit(&mut commit.invitations, |row| row.message = row.message.take().filter(|text| !text.is_empty()));
    }),
        fails [values_come_back_when_empty] saying "the message on an invitation";
    a_status_that_is_not_kept: edited(never_suspended),
        fails [values_come_back_in_every_variant inbox_crosses_organizations] saying "Suspended"
        also [
            inbox_crosses_organizations_and_is_counted
            inbox_crosses_organizations_as_memberships_do
            requests_by_cross_organizations
        ];
    who_suspended_forgotten: edited(forget_who_suspended),
        fails [values_come_back_in_every_variant] saying "Suspended";
    the_seat_of_an_update_lost: edited(|commit| {
        let updated = |change: &&mut RowChange<UserId, Member>| matches!(change, RowChange::Update(_));
        commit.members.iter_mut().filter(updated).for_each(|change| edit(std::slice::from_mut(change), |row| row.seat = None));
    }),
        fails [values_come_back_after_several_changes_in_one_commit] saying "what is stored is what its facts make";
}

fn cut_messages(commit: &mut Commit) {
    edit(&mut commit.invitations, |row| {
        if let Some(message) = &mut row.message {
            message.truncate(10_000);
        }
    });
}

fn never_suspended(commit: &mut Commit) {
    if let Some(header) = &mut commit.header
        && header.status == OrganizationStatus::Suspended
    {
        header.status = OrganizationStatus::Active;
    }
}

fn forget_who_suspended(commit: &mut Commit) {
    if let Some(header) = &mut commit.header {
        header.suspended_by = None;
    }
}

fn cut_to_milliseconds(commit: &mut Commit) {
    let cut = |at: DateTime<Utc>| at.trunc_subsecs(3);
    edit(&mut commit.members, |row| row.joined_at = cut(row.joined_at));
    edit(&mut commit.invitations, |row| row.created_at = cut(row.created_at));
    edit(&mut commit.suppressions, |row| row.at = cut(row.at));
    for row in &mut commit.deliveries {
        row.due_at = cut(row.due_at);
    }
}

fn fold_addresses(commit: &mut Commit) {
    let fold = |address: &EmailAddress| EmailAddress::parse(address.canonical()).unwrap();
    edit(&mut commit.members, |row| row.email = row.email.as_ref().map(fold));
    edit(&mut commit.invitations, |row| {
        row.mail_to = row.mail_to.as_ref().map(fold);
        if let Invitee::Address(address) = &row.invitee {
            row.invitee = fold(address).into();
        }
    });
}
