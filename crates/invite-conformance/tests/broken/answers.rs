//! What broken stores share: commits that are edited, and slices that tell something else than the store does.

use chrono::{DateTime, Utc};
use invite_core::{
    Commit, Expiry, Invitation, JoinRequest, Organization, OrganizationId, Reads, RowChange, Slice,
    Suppression, SuppressionKind,
};
use invite_memory::MemoryStorage;
use invite_storage::{Storage as _, StorageError};

/// The version of an organization now.
pub async fn version(store: &MemoryStorage, id: &OrganizationId) -> Result<u64, StorageError> {
    Ok(store.load(id, &Reads::new(), DateTime::UNIX_EPOCH).await?.version())
}

/// The same commit, as if it had been decided on another version.
pub fn rebased(commit: &Commit, version: u64) -> Commit {
    let mut commit = commit.clone();
    commit.version = version;
    if let Some(header) = &mut commit.header {
        header.version = version + commit.events.len() as u64;
    }
    for (event, sequence) in commit.events.iter_mut().zip(version + 1..) {
        event.sequence = sequence;
    }
    commit
}

/// Changes the values of rows that a commit writes.
pub fn edit<K, R>(changes: &mut [RowChange<K, R>], edit: impl Fn(&mut R)) {
    for change in changes {
        match change {
            RowChange::Insert(row) | RowChange::Update(row) => edit(row),
            RowChange::Delete(_) => {}
        }
    }
}

/// What of a slice is told.
pub struct Told {
    /// How often what is brought along brings something along in its turn.
    pub rounds: usize,
    /// Whether what is not there is answered as absent.
    pub absent: bool,
    /// Whether it is told when an invitation was mailed.
    pub mailed: bool,
    /// Whether it is told that there is more.
    pub more: bool,
    /// Of what is due, whose access ended.
    pub access: bool,
    /// Of what is due, only what is past its expiry then.
    pub past: Option<DateTime<Utc>>,
}

impl Default for Told {
    fn default() -> Self {
        Self { rounds: 8, absent: true, mailed: true, more: true, access: true, past: None }
    }
}

/// The answers of one slice under the header of another one.
pub fn answers_of(old: &Slice, header: Option<Organization>, reads: &Reads, told: &Told) -> Slice {
    let mut slice = Slice::new(old.id().clone(), header);
    for _ in 0..told.rounds {
        answer(old, &mut slice, reads, told);
    }
    slice
}

fn answer(old: &Slice, slice: &mut Slice, reads: &Reads, told: &Told) {
    let open = slice.open(reads);
    for id in open.invitations {
        let row = old.invitation(id).ok().flatten().cloned();
        if row.is_some() || told.absent {
            let mailed_at = old.mailed_at(id).ok().flatten().filter(|_| told.mailed);
            slice.answer_invitation(id, row, mailed_at);
        }
    }
    for invitee in open.invitees {
        let rows = old.open_of(&invitee).map_or_else(|_| Vec::new(), |rows| rows.cloned().collect());
        let suppressions =
            SuppressionKind::ALL.into_iter().chain([SuppressionKind::Everywhere]).filter_map(|kind| {
                let at = old.suppressed_since(&invitee, kind).ok()??;
                Some(Suppression { invitee: invitee.clone(), kind, at })
            });
        let suppressions = suppressions.collect::<Vec<_>>();
        slice.answer_invitee(invitee, rows, suppressions);
    }
    for user in open.members {
        let row = old.member(&user).ok().flatten().cloned();
        if row.is_some() || told.absent {
            slice.answer_member(user, row);
        }
    }
    for address in open.addresses {
        let row = old.member_with(&address).ok().flatten().cloned();
        slice.answer_address(address, row);
    }
    for user in open.sent_by {
        let mut rows = Vec::new();
        if let Ok((sent, more)) = old.sent_by(&user) {
            rows.extend(sent.cloned());
            if let (true, Some(row)) = (more && told.more, rows.first().cloned()) {
                rows.push(row);
            }
        }
        slice.answer_sent_by(user, rows);
    }
    for id in open.groups {
        let row = old.group(&id).ok().flatten().cloned();
        if row.is_some() || told.absent {
            slice.answer_group(id, row);
        }
    }
    for id in open.links {
        let row = old.link(id).ok().flatten().cloned();
        if row.is_some() || told.absent {
            slice.answer_link(id, row);
        }
    }
    for id in open.requests {
        let row = old.request(id).ok().flatten().cloned();
        if row.is_some() || told.absent {
            slice.answer_request(id, row);
        }
    }
    for invitee in open.asked {
        let rows = old.asked_for(&invitee).map_or_else(|_| Vec::new(), |rows| rows.cloned().collect());
        slice.answer_asked(invitee, rows);
    }
    if open.due_requests > 0 {
        let is_past = |row: &&JoinRequest| told.past.is_none_or(|now| row.expires_at <= now);
        match old.due_requests() {
            Ok((rows, more)) => slice.answer_due_requests(rows.filter(is_past).cloned().collect(), more),
            Err(_) => slice.answer_due_requests(Vec::new(), false),
        }
    }
    if open.kept_links {
        slice.answer_kept_links(old.kept_links().map_or_else(|_| Vec::new(), |rows| rows.cloned().collect()));
    }
    for invitee in open.past {
        let (rows, more) =
            old.past_of(&invitee).map_or((Vec::new(), false), |(rows, more)| (rows.cloned().collect(), more));
        let requests = old.past_requests_of(&invitee).into_iter().flatten().cloned().collect();
        slice.answer_past(invitee, rows, requests, more && told.more);
    }
    if open.overdue > 0 {
        let (rows, more) =
            old.overdue().map_or((Vec::new(), false), |(rows, more)| (rows.cloned().collect(), more));
        let requests = old.overdue_requests().into_iter().flatten().cloned().collect();
        slice.answer_overdue(rows, requests, more && told.more);
    }
    let first = slice.organization().and_then(|row| row.closing.first()).cloned();
    if let (1.., Some(group)) = (open.closing, first) {
        // A slice does not tell what was closing when it was loaded.
        slice.answer_closing(group, Vec::new(), Vec::new(), Vec::new(), false);
    }
    for subject in open.limits {
        let kept = old.limit(&subject).ok().flatten();
        slice.answer_limit(subject, kept);
    }
    for key in open.commands {
        let record = old.command(&key).ok().flatten().cloned();
        slice.answer_command(key, record);
    }
    if open.due > 0 {
        let is_past = |row: &&Invitation| match (told.past, row.expires_at) {
            (None, _) => true,
            (Some(now), Expiry::At(at)) => at <= now,
            (Some(_), Expiry::Never) => false,
        };
        match old.due() {
            Ok((rows, more)) => {
                let over = old.due_access().into_iter().flatten().filter(|_| told.access).cloned().collect();
                slice.answer_due(rows.filter(is_past).cloned().collect(), over, more);
            }
            Err(_) => slice.answer_due(Vec::new(), Vec::new(), false),
        }
    }
}
