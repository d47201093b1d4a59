//! What a slice answers, as values that can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use chrono::{DateTime, Utc};
use invite_core::*;

/// Every answer of a slice to what was asked, and to what that brings along.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    header: Option<Organization>,
    members: BTreeMap<UserId, Option<Member>>,
    addresses: BTreeMap<EmailAddress, Option<Member>>,
    invitations: BTreeMap<InvitationId, (Option<Invitation>, Option<DateTime<Utc>>)>,
    open: BTreeMap<Invitee, BTreeMap<InvitationId, Invitation>>,
    suppressions: BTreeMap<(Invitee, SuppressionKind), Option<DateTime<Utc>>>,
    sent_by: BTreeMap<UserId, (BTreeSet<InvitationId>, bool)>,
    groups: BTreeMap<GroupId, Option<Group>>,
    links: BTreeMap<LinkId, Option<InviteLink>>,
    kept_links: Option<BTreeMap<LinkId, InviteLink>>,
    requests: BTreeMap<RequestId, Option<JoinRequest>>,
    asked: BTreeMap<Invitee, BTreeMap<RequestId, JoinRequest>>,
    limits: BTreeMap<LimitSubject, Option<DateTime<Utc>>>,
    commands: BTreeMap<CommandKey, Option<CommandRecord>>,
    due: Option<(Vec<InvitationId>, Vec<UserId>, bool)>,
    due_requests: Option<(Vec<RequestId>, bool)>,
    past: BTreeMap<Invitee, (BTreeSet<InvitationId>, BTreeSet<RequestId>, bool)>,
    overdue: Option<(Vec<InvitationId>, Vec<RequestId>, bool)>,
}

impl Seen {
    /// Asks a slice for everything that was to be loaded.
    pub(crate) fn of(slice: &Slice, reads: &Reads) -> Result<Self, NotLoaded> {
        let brought = brought(slice, reads)?;
        let mut seen = Self {
            header: slice.organization().cloned(),
            members: BTreeMap::new(),
            addresses: BTreeMap::new(),
            invitations: BTreeMap::new(),
            open: BTreeMap::new(),
            suppressions: BTreeMap::new(),
            sent_by: BTreeMap::new(),
            groups: BTreeMap::new(),
            links: BTreeMap::new(),
            kept_links: None,
            requests: BTreeMap::new(),
            asked: BTreeMap::new(),
            limits: BTreeMap::new(),
            commands: BTreeMap::new(),
            due: None,
            due_requests: None,
            past: BTreeMap::new(),
            overdue: None,
        };
        for user in &brought.members {
            seen.members.insert(user.clone(), slice.member(user)?.cloned());
        }
        for address in &brought.addresses {
            seen.addresses.insert(address.clone(), slice.member_with(address)?.cloned());
        }
        for id in &brought.invitations {
            seen.invitations.insert(*id, (slice.invitation(*id)?.cloned(), slice.mailed_at(*id)?));
        }
        for invitee in &brought.invitees {
            let open = slice.open_of(invitee)?.map(|row| (row.id, row.clone())).collect();
            seen.open.insert(invitee.clone(), open);
            for kind in SuppressionKind::ALL {
                seen.suppressions.insert((invitee.clone(), kind), slice.suppressed_since(invitee, kind)?);
            }
        }
        for user in &reads.sent_by {
            let (rows, more) = slice.sent_by(user)?;
            seen.sent_by.insert(user.clone(), (rows.map(|row| row.id).collect(), more));
        }
        for id in &brought.groups {
            seen.groups.insert(id.clone(), slice.group(id)?.cloned());
        }
        for id in &brought.links {
            seen.links.insert(*id, slice.link(*id)?.cloned());
        }
        if reads.kept_links {
            seen.kept_links = Some(slice.kept_links()?.map(|row| (row.id, row.clone())).collect());
        }
        for id in &reads.requests {
            seen.requests.insert(*id, slice.request(*id)?.cloned());
        }
        for invitee in brought.invitees.iter().chain(&reads.asked) {
            let open = slice.asked_for(invitee)?.map(|row| (row.id, row.clone())).collect();
            seen.asked.insert(invitee.clone(), open);
        }
        for subject in &reads.limits {
            seen.limits.insert(subject.clone(), slice.limit(subject)?);
        }
        for key in &reads.commands {
            seen.commands.insert(key.clone(), slice.command(key)?.cloned());
        }
        if reads.due > 0 && slice.organization().is_some() {
            let (rows, more) = slice.due()?;
            let mut ids = rows.map(|row| row.id).collect::<Vec<_>>();
            if slice.organization().is_some_and(|row| row.status == OrganizationStatus::Closed) {
                // All that are open, in any order.
                ids.sort_unstable();
            }
            let users = slice.due_access()?.map(|row| row.user.clone()).collect();
            seen.due = Some((ids, users, more));
        }
        if reads.due_requests > 0 && slice.organization().is_some() {
            let (rows, more) = slice.due_requests()?;
            seen.due_requests = Some((rows.map(|row| row.id).collect(), more));
        }
        for invitee in &brought.past {
            let (rows, more) = slice.past_of(invitee)?;
            let requests = slice.past_requests_of(invitee)?.map(|row| row.id).collect();
            seen.past.insert(invitee.clone(), (rows.map(|row| row.id).collect(), requests, more));
        }
        if reads.overdue > 0 && slice.organization().is_some() {
            let (rows, more) = slice.overdue()?;
            let requests = slice.overdue_requests()?.map(|row| row.id).collect();
            seen.overdue = Some((rows.map(|row| row.id).collect(), requests, more));
        }
        Ok(seen)
    }

    /// The first answer that is another one than expected, as a sentence.
    pub(crate) fn difference(&self, expected: &Self) -> Option<String> {
        let Self {
            header,
            members,
            addresses,
            invitations,
            open,
            suppressions,
            sent_by,
            groups,
            links,
            kept_links,
            requests,
            asked,
            limits,
            commands,
            due,
            due_requests,
            past,
            overdue,
        } = self;
        None.or_else(|| differ("the organization", header, &expected.header))
            .or_else(|| maps("member", members, &expected.members))
            .or_else(|| maps("member with the address", addresses, &expected.addresses))
            .or_else(|| maps("invitation and when it was mailed", invitations, &expected.invitations))
            .or_else(|| maps("open invitations of", open, &expected.open))
            .or_else(|| maps("suppression", suppressions, &expected.suppressions))
            .or_else(|| maps("open invitations sent by", sent_by, &expected.sent_by))
            .or_else(|| maps("group", groups, &expected.groups))
            .or_else(|| maps("link", links, &expected.links))
            .or_else(|| differ("the links that did not end", kept_links, &expected.kept_links))
            .or_else(|| maps("join request", requests, &expected.requests))
            .or_else(|| maps("open join requests for", asked, &expected.asked))
            .or_else(|| maps("limit", limits, &expected.limits))
            .or_else(|| maps("record of the command", commands, &expected.commands))
            .or_else(|| differ("what is due", due, &expected.due))
            .or_else(|| differ("what is due of join requests", due_requests, &expected.due_requests))
            .or_else(|| maps("ended invitations of", past, &expected.past))
            .or_else(|| differ("what is overdue", overdue, &expected.overdue))
    }
}

/// What was asked for, with all that it brings along, as the table of [`Reads`] says.
fn brought(slice: &Slice, reads: &Reads) -> Result<Reads, NotLoaded> {
    let mut all = reads.clone();
    for user in &reads.people {
        all.members.insert(user.clone());
        all.invitees.insert(user.clone().into());
        let email = slice.member(user)?.and_then(|member| member.email.clone());
        all.invitees.extend(email.map(Invitee::Address));
    }
    for invitee in &reads.past {
        let other = match invitee {
            Invitee::Address(address) => {
                slice.member_with(address)?.map(|member| Invitee::User(member.user.clone()))
            }
            Invitee::User(user) => {
                slice.member(user)?.and_then(|member| member.email.clone()).map(Invitee::Address)
            }
            Invitee::Erased(_) => None,
        };
        all.past.extend(other);
    }
    for invitee in &all.past {
        all.invitees.insert(invitee.clone());
        for row in slice.past_of(invitee)?.0 {
            all.members.extend(row.ended.as_ref().and_then(|(ending, _)| ending.user()).cloned());
        }
    }
    for id in &reads.invitations {
        if let Some(row) = slice.invitation(*id)? {
            all.members.extend(row.inviter.user().cloned());
            all.invitees.insert(row.invitee.clone());
            all.groups.extend(row.grants.scopes().filter_map(Scope::group).cloned());
        }
    }
    for id in &reads.requests {
        if let Some(row) = slice.request(*id)? {
            all.members.insert(row.by.clone());
            all.invitees.extend(row.invitees());
            if let Some(user) = row.invitee.user() {
                let email = slice.member(user)?.and_then(|member| member.email.clone());
                all.invitees.extend(email.map(Invitee::Address));
            }
            all.groups.extend(row.grants.scopes().filter_map(Scope::group).cloned());
            if let RequestWay::Link { link, .. } = row.way {
                all.links.insert(link);
            }
        }
    }
    for id in &all.links {
        if let Some(row) = slice.link(*id)? {
            all.members.extend(row.creator.user().cloned());
            all.groups.extend(row.settings.grants().scopes().filter_map(Scope::group).cloned());
        }
    }
    for user in &reads.sent_by {
        all.invitees.extend(slice.sent_by(user)?.0.map(|row| row.invitee.clone()));
    }
    if reads.due > 0 && slice.organization().is_some() {
        all.invitees.extend(slice.due()?.0.map(|row| row.invitee.clone()));
        for row in slice.due_access()? {
            all.invitees.insert(row.user.clone().into());
            all.invitees.extend(row.email.clone().map(Invitee::Address));
        }
    }
    for invitee in all.invitees.clone() {
        for row in slice.open_of(&invitee)? {
            all.groups.extend(row.grants.scopes().filter_map(Scope::group).cloned());
        }
        match invitee {
            Invitee::Address(address) => drop(all.addresses.insert(address)),
            Invitee::User(user) => drop(all.members.insert(user)),
            Invitee::Erased(_) => {}
        }
    }
    Ok(all)
}

fn differ<T: PartialEq + Debug>(what: &str, seen: &T, expected: &T) -> Option<String> {
    (seen != expected).then(|| format!("{what}\n  expected: {expected:?}\n      seen: {seen:?}"))
}

fn maps<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    seen: &BTreeMap<K, V>,
    expected: &BTreeMap<K, V>,
) -> Option<String> {
    let keys = expected.keys().chain(seen.keys());
    let other = keys.into_iter().find(|key| seen.get(key) != expected.get(key))?;
    differ(&format!("{what} {other:?}"), &seen.get(other), &expected.get(other))
}
