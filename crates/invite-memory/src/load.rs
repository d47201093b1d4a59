//! Load: the slice asks, the rows answer.

use chrono::{DateTime, Utc};
use invite_core::{OrganizationId, Reads, Slice};
use invite_storage::StorageError;

use crate::rows::Rows;
use crate::storage::Shared;

/// More rounds than any key takes.
const ROUNDS: usize = 8;

/// Answers everything that was asked for, from rows that nobody changes meanwhile.
pub(crate) fn load(
    shared: &Shared,
    rows: &Rows,
    organization: &OrganizationId,
    reads: &Reads,
    now: DateTime<Utc>,
) -> Result<Slice, StorageError> {
    let mut slice = Slice::new(organization.clone(), rows.header.clone());
    for _ in 0..ROUNDS {
        let open = slice.open(reads);
        if open.is_empty() {
            return Ok(slice);
        }
        answer(shared, rows, &mut slice, open, now)?;
    }
    Err(StorageError::other("a command asked for something that this store does not know"))
}

fn answer(
    shared: &Shared,
    rows: &Rows,
    slice: &mut Slice,
    open: Reads,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    for id in open.invitations {
        let row = rows.invitations.get(&id);
        let revision = row.map(|row| row.revision);
        let mails = rows.mails_of(id).filter(|mail| Some(mail.revision) == revision);
        slice.answer_invitation(id, row.cloned(), mails.filter_map(|mail| mail.mailed_at).max());
    }
    for invitee in open.invitees {
        let invitations = rows.open_of(&invitee).take(Reads::MAX_OPEN + 1).cloned().collect::<Vec<_>>();
        if invitations.len() > Reads::MAX_OPEN {
            return Err(StorageError::other("an invitee has more open invitations than can be"));
        }
        let here = rows.suppressions_of(&invitee).cloned();
        let suppressions = here.chain(shared.block_of(&invitee)).collect::<Vec<_>>();
        slice.answer_invitee(invitee, invitations, suppressions);
    }
    for user in open.members {
        let row = rows.members.get(&user).cloned();
        slice.answer_member(user, row);
    }
    for address in open.addresses {
        let row = rows.member_with(&address).cloned();
        slice.answer_address(address, row);
    }
    for user in open.sent_by {
        let ids = rows.pending_by(&user).take(Reads::MAX_SENT + 1);
        let invitations = ids.cloned().collect();
        slice.answer_sent_by(user, invitations);
    }
    for id in open.groups {
        let row = rows.groups.get(&id).cloned();
        slice.answer_group(id, row);
    }
    for id in open.links {
        slice.answer_link(id, rows.links.get(&id).cloned());
    }
    for id in open.requests {
        slice.answer_request(id, rows.requests.get(&id).cloned());
    }
    for invitee in open.asked {
        let requests = rows.asked(&invitee).take(Reads::MAX_ASKED + 1).cloned().collect::<Vec<_>>();
        if requests.len() > Reads::MAX_ASKED {
            return Err(StorageError::other("an invitee has more open join requests than can be"));
        }
        slice.answer_asked(invitee, requests);
    }
    if open.kept_links {
        let links = rows.kept_links().take(Reads::MAX_LINKS + 1).cloned().collect::<Vec<_>>();
        if links.len() > Reads::MAX_LINKS {
            return Err(StorageError::other("an organization has more links than can be"));
        }
        slice.answer_kept_links(links);
    }
    for subject in open.limits {
        let kept = rows.limits.get(&subject).copied();
        slice.answer_limit(subject, kept);
    }
    for key in open.commands {
        let record = rows.commands.get(&key).cloned();
        slice.answer_command(key, record);
    }
    if open.due > 0 {
        let (mut due, mut over) = (rows.due(now), rows.due_access(now));
        let wanted = usize::try_from(open.due).unwrap_or(usize::MAX);
        let invitations = due.by_ref().take(wanted).cloned().collect();
        let members = over.by_ref().take(wanted).cloned().collect();
        let more = due.next().is_some() || over.next().is_some();
        slice.answer_due(invitations, members, more);
    }
    if open.due_requests > 0 {
        let mut due = rows.due_requests(now);
        let wanted = usize::try_from(open.due_requests).unwrap_or(usize::MAX);
        let requests = due.by_ref().take(wanted).cloned().collect();
        slice.answer_due_requests(requests, due.next().is_some());
    }
    for invitee in open.past {
        let mut past = rows.past_of(&invitee);
        let mut telling = rows.telling(&invitee);
        let ended = past.by_ref().take(Reads::PAST as usize).cloned().collect();
        let requests = telling.by_ref().take(Reads::PAST as usize).cloned().collect();
        let more = past.next().is_some() || telling.next().is_some();
        slice.answer_past(invitee.clone(), ended, requests, more);
    }
    if open.overdue > 0 {
        let until = rows.header.as_ref().and_then(|header| header.erased_until(now, open.retention));
        let wanted = usize::try_from(open.overdue).unwrap_or(usize::MAX);
        let mut overdue = until.into_iter().flat_map(|until| rows.ended_until(until));
        let mut asked = until.into_iter().flat_map(|until| rows.requests_ended_until(until));
        let ended = overdue.by_ref().take(wanted).cloned().collect();
        let requests = asked.by_ref().take(wanted).cloned().collect();
        slice.answer_overdue(ended, requests, overdue.next().is_some() || asked.next().is_some());
    }
    let first = slice.organization().and_then(|row| row.closing.first()).cloned();
    if let (1.., Some(group)) = (open.closing, first) {
        let wanted = usize::try_from(open.closing).unwrap_or(usize::MAX);
        let (mut members, mut open) = (rows.members_in(&group), rows.open_in(&group));
        let mut asked = rows.asked_in(&group);
        let in_it = members.by_ref().take(wanted).cloned().collect();
        let to_it = open.by_ref().take(wanted).cloned().collect();
        let for_it = asked.by_ref().take(wanted).cloned().collect();
        let more = members.next().is_some() || open.next().is_some() || asked.next().is_some();
        slice.answer_closing(group.clone(), in_it, to_it, for_it, more);
    }
    Ok(())
}
