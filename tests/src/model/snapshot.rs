//! All that the lists of an organization show, read through the service.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use invite::core::Delivery;
use invite::storage::EventEntry;
use invite::{
    Actor, Error, Group, GroupFilter, GroupId, GroupStatus, Invitation, InvitationFilter, InvitationId,
    InvitationState, Invitations, InviteLink, JoinRequest, JoinedBy, LinkFilter, LinkId, Member,
    MemberFilter, Organization, OrganizationHandle, Page, PageRequest, RequestFilter, RequestId,
    RequestState, RosterEntry, Scope, UserId, WhichLinks,
};

use super::cast::whole;
use super::violation::{Checked, Violation, holds};

/// Few, so that most lists have several pages.
const ROWS: u32 = 16;

/// An organization as its lists show it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    pub(super) organization: Organization,
    pub(super) members: BTreeMap<UserId, Member>,
    pub(super) groups: BTreeMap<GroupId, Group>,
    pub(super) links: BTreeMap<LinkId, InviteLink>,
    pub(super) invitations: BTreeMap<InvitationId, Invitation>,
    pub(super) requests: BTreeMap<RequestId, JoinRequest>,
    /// The last mail of each invitation.
    pub(super) mails: BTreeMap<InvitationId, Delivery>,
    pub(super) events: Vec<EventEntry>,
}

impl Snapshot {
    /// Reads what there is; of the log only what is behind `known`, which never changes.
    pub(super) async fn take(handle: &OrganizationHandle, known: &[EventEntry]) -> Checked<Self> {
        let organization = handle.get().await.map_err(failed)?;
        let members = all(async |page| handle.members(&MemberFilter::default(), &page).await).await?;
        let groups = all(async |page| handle.groups(&GroupFilter::default(), &page).await).await?;
        let groups = groups.into_iter().map(|row| (row.id.clone(), row)).collect();
        let links = all(async |page| handle.links(&LinkFilter::default(), &page).await).await?;
        let links = links.into_iter().map(|row| (row.id, row)).collect();
        let listed = all(async |page| handle.invitations(&InvitationFilter::default(), &page).await).await?;
        let requests = all(async |page| handle.requests(&RequestFilter::default(), &page).await).await?;
        let requests = requests.into_iter().map(|row| (row.id, row)).collect();
        let (rows, seen) = (members.len() + listed.len(), "a row stands in its list twice");
        let members = members.into_iter().map(|row| (row.user.clone(), row)).collect::<BTreeMap<_, _>>();
        let (mut invitations, mut mails) = (BTreeMap::new(), BTreeMap::new());
        for entry in listed {
            let id = entry.invitation.id;
            mails.extend(entry.delivery.map(|mail| (id, mail)));
            invitations.insert(id, entry.invitation);
        }
        holds!(members.len() + invitations.len() == rows, "IDN-10", "{seen}");
        let mut events = known.to_vec();
        loop {
            let after = events.last().map_or(0, |event| event.sequence);
            let more = handle.events(after, 100).await.map_err(failed)?;
            if more.is_empty() {
                break;
            }
            events.extend(more);
        }
        Ok(Self { organization, members, groups, links, invitations, requests, mails, events })
    }

    /// The time of whatever is decided now: never before the last event.
    pub(super) fn time(&self, clock: DateTime<Utc>) -> DateTime<Utc> {
        clock.max(self.organization.last_at)
    }

    pub(super) fn pending(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Invitation> {
        self.invitations.values().filter(move |row| row.state_at(now) == InvitationState::Pending)
    }

    /// The roster is exactly the members and what is pending (D4); a filter is exactly what it says.
    pub(super) async fn lists_agree(&self, handle: &OrganizationHandle, clock: DateTime<Utc>) -> Checked {
        let (mut members, mut pending) = (BTreeSet::new(), BTreeSet::new());
        for entry in all(async |page| handle.roster(&page).await).await? {
            match entry {
                RosterEntry::Member(member) => members.insert(member.user.to_string()),
                RosterEntry::Invitation(entry) => pending.insert(entry.invitation.id.to_string()),
            };
        }
        let shown = self.members.keys().map(ToString::to_string).collect::<BTreeSet<_>>();
        holds!(members == shown, "D4", "the roster shows {members:?} and members are {shown:?}");
        for group in self.groups.keys() {
            let filter = MemberFilter { group: Some(group.clone()), ..Default::default() };
            let listed = all(async |page| handle.members(&filter, &page).await).await?;
            let listed = listed.iter().map(|row| row.user.to_string()).collect::<BTreeSet<_>>();
            let scope = Scope::Group(group.clone());
            let there = self.members.values().filter(|row| row.grants.access(&scope).is_some());
            let there = there.map(|row| row.user.to_string()).collect::<BTreeSet<_>>();
            holds!(listed == there, "D4", "in {group}: listed {listed:?} and there are {there:?}");
            let filter = InvitationFilter { group: Some(group.clone()), ..Default::default() };
            let listed = all(async |page| handle.invitations(&filter, &page).await).await?;
            let listed = listed.iter().map(|entry| entry.invitation.id.to_string()).collect::<BTreeSet<_>>();
            let naming = self.invitations.values().filter(|row| row.grants.access(&scope).is_some());
            let naming = naming.map(|row| row.id.to_string()).collect::<BTreeSet<_>>();
            holds!(listed == naming, "D4", "to {group}: listed {listed:?} and there are {naming:?}");
        }
        for state in InvitationState::ALL {
            let filter = InvitationFilter { state: Some(state), ..Default::default() };
            let listed = all(async |page| handle.invitations(&filter, &page).await).await?;
            let listed = listed.iter().map(|entry| entry.invitation.id.to_string()).collect::<BTreeSet<_>>();
            let in_state = self.invitations.values().filter(|row| row.state_at(clock) == state);
            let in_state = in_state.map(|row| row.id.to_string()).collect::<BTreeSet<_>>();
            holds!(listed == in_state, "LIF-1", "{state}: listed {listed:?} and there are {in_state:?}");
            let roster = state != InvitationState::Pending || pending == in_state;
            holds!(roster, "D4", "the roster shows {pending:?} and {in_state:?} are pending");
        }
        for state in RequestState::ALL {
            let filter = RequestFilter { state: Some(state), ..Default::default() };
            let listed = all(async |page| handle.requests(&filter, &page).await).await?;
            let listed = listed.iter().map(|row| row.id).collect::<BTreeSet<_>>();
            let in_state = self.requests.values().filter(|row| row.state_at(clock) == state);
            let in_state = in_state.map(|row| row.id).collect::<BTreeSet<_>>();
            holds!(listed == in_state, "LIF-1", "{state}: listed {listed:?} and there are {in_state:?}");
        }
        self.filters_agree(handle).await
    }

    /// Members by link, role and seat, groups by status and name, links by creator: each filter is what it says.
    async fn filters_agree(&self, handle: &OrganizationHandle) -> Checked {
        let group = self.groups.keys().next().cloned();
        let scope = group.clone().map_or(Scope::Organization, Scope::Group);
        if let Some(&id) = self.links.keys().next_back() {
            let filter = MemberFilter { link: Some(id), ..Default::default() };
            let by = |row: &&Member| matches!(row.joined_by, JoinedBy::Link { link, .. } if link == id);
            self.lists_members(handle, &filter, by).await?;
        }
        for role in ["client", "team", "lead"] {
            let filter = MemberFilter { group: group.clone(), role: Some(role.into()), ..Default::default() };
            let has = |row: &&Member| {
                row.grants.access(&scope).is_some_and(|access| access.role_name().as_str() == role)
            };
            self.lists_members(handle, &filter, has).await?;
            let filter = MemberFilter { seat: Some(role.into()), ..Default::default() };
            let has = |row: &&Member| row.seat.as_ref().is_some_and(|seat| seat.as_str() == role);
            self.lists_members(handle, &filter, has).await?;
        }
        for status in [GroupStatus::Active, GroupStatus::Archived, GroupStatus::Closed] {
            let filter = GroupFilter { status: Some(status), name: Some("Red".to_owned()) };
            let listed = all(async |page| handle.groups(&filter, &page).await).await?;
            let is = |row: &&Group| row.status == status && row.settings.name() == "Red";
            let there = self.groups.values().filter(is).map(|row| &row.id).collect::<BTreeSet<_>>();
            let same = listed.iter().map(|row| &row.id).collect::<BTreeSet<_>>() == there;
            holds!(same, "E1", "{filter:?}: listed {listed:?} and there are {there:?}");
        }
        for user in self.members.keys().take(2) {
            let creator = Some(user.clone());
            let filter = LinkFilter { which: WhichLinks::Kept, creator, group: None };
            let listed = all(async |page| handle.links(&filter, &page).await).await?;
            let theirs = Actor::User(user.clone());
            let there = self.links.values().filter(|row| row.is_kept() && row.creator == theirs);
            let (listed, there) = (ids(listed.iter()), ids(there));
            holds!(listed == there, "B1", "of {user}: listed {listed:?} and there are {there:?}");
        }
        Ok(())
    }

    async fn lists_members(
        &self,
        handle: &OrganizationHandle,
        filter: &MemberFilter,
        is: impl Fn(&&Member) -> bool,
    ) -> Checked {
        let listed = all(async |page| handle.members(filter, &page).await).await?;
        let listed = listed.iter().map(|row| &row.user).collect::<BTreeSet<_>>();
        let there = self.members.values().filter(is).map(|row| &row.user).collect::<BTreeSet<_>>();
        holds!(listed == there, "D4", "{filter:?}: listed {listed:?} and there are {there:?}");
        Ok(())
    }
}

fn ids<'a>(links: impl Iterator<Item = &'a InviteLink>) -> BTreeSet<LinkId> {
    links.map(|row| row.id).collect()
}

/// Inboxes and memberships show what these organizations hold for somebody, and nothing else (STO-2, AUT-7).
pub(super) async fn own_lists_agree(
    service: &Invitations,
    user: &UserId,
    organizations: &[&Snapshot],
    waiting: &BTreeSet<InvitationId>,
) -> Checked {
    let memberships = all(async |page| service.memberships(user.clone(), &page).await).await?;
    let memberships = memberships.into_iter().map(|row| (row.organization.to_string(), row.member));
    let held = organizations
        .iter()
        .filter_map(|of| Some((of.organization.id.to_string(), of.members.get(user)?.clone())));
    let (memberships, held) = (sorted(memberships), sorted(held));
    holds!(memberships == held, "AUT-7", "{user} is shown {memberships:?} and holds {held:?}");
    let asked = all(async |page| service.requests_by(user.clone(), &page).await).await?;
    let asked = asked.into_iter().map(|row| (row.organization.to_string(), row.request.id));
    let theirs = organizations.iter().flat_map(|of| {
        let theirs = of.requests.values().filter(|row| row.by == *user);
        theirs.map(|row| (of.organization.id.to_string(), row.id)).collect::<Vec<_>>()
    });
    let (asked, theirs) = (asked.collect::<BTreeSet<_>>(), theirs.collect::<BTreeSet<_>>());
    holds!(asked == theirs, "STO-2", "{user} is shown {asked:?} and asked for {theirs:?}");
    let principal = whole(user);
    let inbox = all(async |page| service.inbox(principal.clone(), &page).await).await?;
    let inbox = inbox.into_iter().map(|row| row.invitation.id).collect::<BTreeSet<_>>();
    // What does not work invites nobody (LIF-8), nor does what is blocked (F11) or has not begun (F14).
    holds!(inbox == *waiting, "STO-2", "{user} is shown {inbox:?} and is invited by {waiting:?}");
    Ok(())
}

fn sorted(rows: impl Iterator<Item = (String, Member)>) -> BTreeMap<String, Member> {
    rows.collect()
}

/// Every page of a list.
async fn all<T>(mut page: impl AsyncFnMut(PageRequest) -> Result<Page<T>, Error>) -> Checked<Vec<T>> {
    let mut request = PageRequest::first(ROWS);
    let mut rows = Vec::new();
    loop {
        let page = page(request).await.map_err(failed)?;
        rows.extend(page.items);
        match page.next_cursor {
            Some(cursor) => request = PageRequest::first(ROWS).after(cursor),
            None => return Ok(rows),
        }
    }
}

/// Nothing but a rule may say no.
pub(super) fn failed<E: std::fmt::Display + std::fmt::Debug>(why: E) -> Violation {
    Violation { rule: "STO-3", what: format!("nothing fails here, but: {why} ({why:?})") }
}
