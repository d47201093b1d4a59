//! The event log.

use invite::storage::EventEntry;
use serde_json::Value;

use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::Host;
use crate::said::Said;
use crate::table::Table;

pub(crate) const EVENTS: Spec = Spec {
    name: "events",
    arguments: &[],
    summary: "show the event log, for those who may read it",
    options: &[
        Opt::value("after", "SEQUENCE", "only what came after this number"),
        Opt::value("limit", "N", "how many to show; 200 without it, at most 1000"),
    ],
    notes: "Addresses in it are masked. What a kind of event does not say here stands in its data.",
};

pub(crate) async fn events(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let (after, limit) = (given.number("after")?.unwrap_or(0), given.limit(200)?);
    let host = Host::open(given).await?;
    let events = host.acting(given).await?.events(u64::from(after), limit).await?;
    let more = events.last().filter(|_| events.len() >= limit as usize).map(|last| last.sequence);
    let mut table = Table::new(["#", "at (UTC)", "by", "what", "about", "role", "reason"]);
    for event in &events {
        table.row(row(event));
    }
    let mut text = table.or("nothing has happened since");
    if let Some(last) = more {
        text.push_str(&format!("... and perhaps more: team events --after {last}\n"));
    }
    Ok(text.into())
}

fn row(event: &EventEntry) -> [String; 7] {
    let data = serde_json::from_str::<Value>(&event.data).unwrap_or_default();
    let fact = |pointer: &str| data.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let invitee = fact("/after/invitee").or_else(|| fact("/before/invitee"));
    let user = event.user.as_ref().map(ToString::to_string);
    let group = || event.group.as_ref().map(|group| format!("group {group}"));
    let link = || event.link.map(|link| format!("link {link}"));
    let role = |side: &str| fact(&format!("/{side}/grants/0/access/role"));
    let role = match (role("before"), role("after")) {
        (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        (before, after) => after.or(before).unwrap_or_default(),
    };
    [
        event.sequence.to_string(),
        event.at.format("%F %T").to_string(),
        event.actor.user().map_or("the host".into(), ToString::to_string),
        event.kind.clone(),
        user.or(invitee).or_else(group).or_else(link).unwrap_or_default(),
        role,
        fact("/reason").unwrap_or_default(),
    ]
}
