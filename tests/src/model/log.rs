//! The event log alone gives what is stored (STO-7): its records are folded, and compared with the rows.

use std::collections::BTreeMap;

use invite::core::Facts;
use invite::storage::EventEntry;
use serde::Deserialize;
use serde_json::Value;

use super::snapshot::Snapshot;
use super::violation::{Checked, holds};

/// What a record tells.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    before: Option<Value>,
    after: Option<Value>,
    #[serde(default)]
    #[allow(dead_code, reason = "what somebody says is no state")]
    reason: Option<String>,
}

/// The state that the log amounts to: what it told last of each row.
#[derive(Debug, Clone, Default)]
pub(super) struct Folded {
    sequence: u64,
    rows: BTreeMap<String, Value>,
}

impl Folded {
    /// Whether there is something new in the log.
    pub(super) fn is_behind(&self, snapshot: &Snapshot) -> bool {
        self.sequence != snapshot.organization.version
    }

    /// Folds what is new in the log, and compares the outcome with the rows. Where something was erased that is all of it:
    /// what it told before it does not tell any more (PRI-6).
    pub(super) fn follow(&mut self, snapshot: &Snapshot) -> Checked {
        let new = usize::try_from(self.sequence).unwrap_or(usize::MAX);
        if snapshot.events.iter().skip(new).any(|entry| entry.kind.ends_with("-erased")) {
            *self = Self::default();
        }
        let folded = usize::try_from(self.sequence).unwrap_or(usize::MAX);
        for entry in snapshot.events.iter().skip(folded) {
            self.fold(entry)?;
        }
        self.is(snapshot)
    }

    fn fold(&mut self, entry: &EventEntry) -> Checked {
        let EventEntry { sequence, kind, data, .. } = entry;
        holds!(
            *sequence == self.sequence + 1,
            "STO-7",
            "{kind} is number {sequence} after {}",
            self.sequence
        );
        self.sequence = *sequence;
        for (at, _) in data.match_indices('@') {
            holds!(data[..at].ends_with('…'), "STO-7", "{kind} tells an address: {data}");
        }
        let told = serde_json::from_str::<Told>(data);
        holds!(told.is_ok(), "STO-7", "{kind} is no record: {data}");
        let Ok(Told { before, after, .. }) = told else { return Ok(()) };
        let Some(row) = row_of(entry) else { return Ok(()) };
        let nameless = |facts: Option<Value>| match entry.request {
            Some(_) => facts.map(nameless),
            None => facts,
        };
        let (before, after) = (nameless(before), nameless(after));
        let was = match after {
            Some(after) => self.rows.insert(row.clone(), after),
            None => self.rows.remove(&row),
        };
        holds!(
            was == before,
            "STO-7",
            "{kind} of {row} says that there was {before:?}, and there was {was:?}"
        );
        Ok(())
    }

    fn is(&self, snapshot: &Snapshot) -> Checked {
        let last = snapshot.events.last().map(|entry| entry.at);
        let organization = &snapshot.organization;
        holds!(
            organization.version == self.sequence,
            "STO-7",
            "{organization:?} after {} events",
            self.sequence
        );
        holds!(Some(organization.last_at) == last, "STO-7", "{organization:?} after an event at {last:?}");
        let mut rows = BTreeMap::from([(ORGANIZATION.to_owned(), json(&Facts::from(organization)))]);
        rows.extend(snapshot.members.iter().map(|(user, row)| (member(user), json(&Facts::from(row)))));
        rows.extend(snapshot.groups.iter().map(|(id, row)| (group(id), json(&Facts::from(row)))));
        rows.extend(snapshot.links.iter().map(|(id, row)| (link(id), json(&Facts::from(row)))));
        rows.extend(snapshot.invitations.iter().map(|(id, row)| (id.to_string(), json(&Facts::from(row)))));
        let requests = snapshot.requests.iter();
        rows.extend(requests.map(|(id, row)| (id.to_string(), nameless(json(&Facts::from(row))))));
        for (key, row) in &rows {
            let told = self.rows.get(key);
            holds!(told == Some(row), "STO-7", "{key} is {row} and the log says {told:?}");
        }
        let unknown = self.rows.keys().find(|key| !rows.contains_key(*key));
        holds!(unknown.is_none(), "STO-7", "the log says that there is {unknown:?}");
        Ok(())
    }
}

const ORGANIZATION: &str = "organization";

fn member(user: &impl ToString) -> String {
    format!("member {}", user.to_string())
}

fn group(id: &impl ToString) -> String {
    format!("group {}", id.to_string())
}

fn link(id: &impl ToString) -> String {
    format!("link {}", id.to_string())
}

/// The row that a record is about; `None` for what an invitee does not want, whose names are masked.
fn row_of(entry: &EventEntry) -> Option<String> {
    if let "suppressed" | "unsuppressed" | "suppression-erased" = entry.kind.as_str() {
        return None;
    }
    let named = [
        entry.request.as_ref().map(ToString::to_string),
        entry.invitation.as_ref().map(ToString::to_string),
        entry.link.as_ref().map(link),
        entry.group.as_ref().map(group),
        entry.user.as_ref().map(member),
    ];
    Some(named.into_iter().flatten().next().unwrap_or_else(|| ORGANIZATION.to_owned()))
}

/// What is told of a join request but for whom it is: that is forgotten with the person (PRI-6).
fn nameless(mut facts: Value) -> Value {
    if let Some(facts) = facts.as_object_mut() {
        facts.remove("invitee");
        facts.remove("email");
    }
    facts
}

fn json(facts: &Facts) -> Value {
    serde_json::to_value(facts).unwrap()
}
