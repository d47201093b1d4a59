//! Two organizations that have the same keys in everything: each shows what it would show alone.

use std::collections::BTreeMap;
use std::fmt::Debug;

use chrono::TimeDelta;
use invite_core::*;
use invite_storage::{
    GroupFilter, InvitationFilter, LinkFilter, MemberFilter, RequestFilter, Storage, WhichLinks,
};

use super::histories::{BOTH, Step, USERS};
use super::rows::{all, at, group};
use super::world::{World, failed, same};

/// What does not restrict, and what does.
fn with_and_without<T: Clone>(some: &T) -> [Option<T>; 2] {
    [None, Some(some.clone())]
}

/// A list over organizations by the organization of each row. The order among organizations is not looked at: ids that
/// are equal tell nothing about it.
fn by_organization<T>(
    rows: Vec<T>,
    organization: impl Fn(&T) -> &OrganizationId,
) -> BTreeMap<OrganizationId, Vec<T>> {
    let mut found = BTreeMap::<_, Vec<T>>::new();
    for row in rows {
        found.entry(organization(&row).clone()).or_default().push(row);
    }
    found
}

fn same_in<T: PartialEq + Debug>(
    id: &OrganizationId,
    what: &str,
    seen: &T,
    expected: &T,
) -> Result<(), String> {
    same(&format!("{what} in {id}"), seen, expected)
}

/// What both begin with, as steps: members in groups, of whom one goes; invitations to groups and to none, of which some
/// end; join requests; somebody who blocks; mails under way.
const FURNITURE: &[(u8, [usize; 4])] = &[
    (28, [2, 0, 1, 0]),
    (28, [3, 0, 1, 0]),
    (28, [4, 5, 1, 0]),
    (30, [2, 5, 1, 0]),
    (30, [3, 6, 2, 0]),
    (26, [4, 0, 1, 0]),
    (4, [1, 5, 1, 0]),
    (4, [16, 6, 2, 0]),
    (24, [0, 0, 1, 0]),
    (4, [5, 0, 1, 0]),
    (4, [6, 5, 1, 0]),
    (16, [0, 0, 1, 0]),
    (4, [20, 3, 2, 0]),
    (52, [1, 1, 1, 0]),
    (52, [2, 4, 2, 1]),
    (52, [3, 5, 3, 4]),
    (52, [5, 2, 0, 4]),
    (36, [0, 0, 1, 6]),
    (36, [0, 0, 1, 7]),
    (42, [9, 3, 0, 0]),
];

impl World {
    pub(super) async fn furnish(&mut self, store: &dyn Storage) -> Result<(), String> {
        for (what, n) in FURNITURE {
            self.take(store, &Step { organization: BOTH, actor: 0, what: *what, n: *n }).await?;
        }
        Ok(())
    }

    /// Asks for everything by every key that there is in either of them.
    pub(super) async fn look_at_twins(&self, store: &dyn Storage) -> Result<(), String> {
        let twins = [0, 1].map(|n| self.organization(n));
        let reads = self.every_key(&twins);
        for id in &twins {
            let slice = store.load(id, &reads, self.now).await.map_err(failed)?;
            self.is_as_folded(id, &slice, &reads).map_err(|found| format!("in {id}: {found}"))?;
            self.look_at_members_of(store, id).await?;
            self.look_at_what_is_open_in(store, id).await?;
            let log = store.events(id, 0, 10_000).await.map_err(failed)?;
            let log = log.into_iter().map(super::reference::logged).collect::<Vec<_>>();
            same_in(id, "the log", &log, &self.reference.log(id))?;
            for step in self.steps.saturating_sub(2)..=self.steps {
                let commit = self.commit_of(step);
                let found = store.find_commit(id, commit).await.map_err(failed)?;
                let expected = self.reference.has_commit(id, commit);
                same_in(id, "whether a commit was written", &found, &expected)?;
            }
        }
        self.look_at_people(store, &twins).await
    }

    /// Every kind of key, those that only the other one has among them.
    fn every_key(&self, twins: &[OrganizationId; 2]) -> Reads {
        let mut reads = Reads::new().kept_links().due().closing(Reads::DUE);
        reads = reads.overdue(Reads::DUE, Some(TimeDelta::days(1)));
        reads.due_requests = Reads::DUE;
        reads.limits.insert(LimitSubject::Organization);
        for id in twins {
            reads.invitations.extend(self.reference.invitation_ids(id));
            reads.links.extend(self.reference.link_ids(id));
            reads.requests.extend(self.reference.request_ids(id));
            reads.commands.extend(self.reference.commands(id).cloned());
        }
        for n in 0..USERS {
            let (user, address) = (self.user(n), self.address(n));
            for invitee in [Invitee::from(user.clone()), address.clone().into()] {
                reads.invitees.insert(invitee.clone());
                reads.asked.insert(invitee.clone());
                reads.past.insert(invitee);
            }
            reads.addresses.insert(address);
            reads.sent_by.insert(user.clone());
            reads.limits.insert(LimitSubject::Inviter(user.clone()));
            reads.limits.insert(LimitSubject::Asker(user.clone()));
            reads.people.insert(user.clone());
            reads.members.insert(user);
        }
        reads.groups.extend(["red", "blue", "green"].map(group));
        reads.domains.insert("example.com".into());
        reads
    }

    /// What filters ask for now: over time, everything.
    fn turn(&self) -> usize {
        self.steps as usize
    }

    async fn look_at_members_of(&self, store: &dyn Storage, id: &OrganizationId) -> Result<(), String> {
        let turn = self.turn();
        let named = group(["red", "blue", "green"][turn % 3]);
        let link = self.reference.link_ids(id).first().copied();
        let role = RoleName::from(["member", "client", "admin"][turn / 3 % 3]);
        let seat = SeatClass::from(["team", "client"][turn % 2]);
        let anybody = MemberFilter::default();
        let filters = [
            anybody.clone(),
            MemberFilter { group: Some(named.clone()), ..anybody.clone() },
            MemberFilter { group: Some(named), role: Some(role.clone()), ..anybody.clone() },
            MemberFilter { link, ..anybody.clone() },
            MemberFilter { role: Some(role), ..anybody.clone() },
            MemberFilter { seat: Some(seat), ..anybody.clone() },
            MemberFilter { status: Some(MemberStatus::ALL[turn % 2]), ..anybody },
        ];
        for filter in filters {
            let seen = store.members(id, &filter, &all()).await.map_err(failed)?;
            let expected = self.reference.members(id, &filter, &all());
            same_in(id, &format!("members by {filter:?}"), &seen, &expected)?;
        }
        let statuses =
            with_and_without(&[GroupStatus::Active, GroupStatus::Archived, GroupStatus::Closed][turn % 3]);
        let names = with_and_without(&["red", "blue", "made", "other"][turn % 4].to_owned());
        for (status, name) in statuses.iter().flat_map(|status| names.iter().map(move |name| (status, name)))
        {
            let filter = GroupFilter { status: *status, name: name.clone() };
            let seen = store.groups(id, &filter, &all()).await.map_err(failed)?;
            let expected = self.reference.groups(id, &filter, &all());
            same_in(id, &format!("groups by {filter:?}"), &seen, &expected)?;
        }
        Ok(())
    }

    async fn look_at_what_is_open_in(&self, store: &dyn Storage, id: &OrganizationId) -> Result<(), String> {
        let (turn, now) = (self.turn(), self.now);
        let roster = store.roster(id, now, &all()).await.map_err(failed)?;
        same_in(id, "the roster", &roster, &self.reference.roster(id, now, &all()))?;
        // What is asked for of user, group and state: nothing, a user, and one of all combinations, each in its turn.
        for asked in [0, 1, 1 + turn % 7] {
            let user = (asked & 1 > 0).then(|| self.user(turn / 3 % 3));
            let group = (asked & 2 > 0).then(|| group(["red", "blue"][turn / 2 % 2]));
            let state = (asked & 4 > 0).then(|| InvitationState::ALL[turn / 2 % 5]);
            let filter = InvitationFilter { state, inviter: user.clone(), group: group.clone() };
            let seen = store.invitations(id, &filter, now, &all()).await.map_err(failed)?;
            let expected = self.reference.invitations(id, &filter, now, &all());
            same_in(id, &format!("invitations by {filter:?}"), &seen, &expected)?;
            let state = (asked & 4 > 0).then(|| RequestState::ALL[turn / 2 % 6]);
            let filter = RequestFilter { state, group: group.clone(), by: user.clone() };
            let seen = store.requests(id, &filter, now, &all()).await.map_err(failed)?;
            let expected = self.reference.requests(id, &filter, now, &all());
            same_in(id, &format!("join requests by {filter:?}"), &seen, &expected)?;
            let which = if asked & 4 > 0 { WhichLinks::Kept } else { WhichLinks::All };
            let filter = LinkFilter { which, creator: user, group };
            let seen = store.links(id, &filter, &all()).await.map_err(failed)?;
            let expected = self.reference.links(id, &filter, &all());
            same_in(id, &format!("links by {filter:?}"), &seen, &expected)?;
        }
        Ok(())
    }

    /// What crosses organizations is what each has, and nothing of a third.
    async fn look_at_people(&self, store: &dyn Storage, twins: &[OrganizationId; 2]) -> Result<(), String> {
        let (turn, mut invitees) = (self.turn(), Vec::new());
        for user in [turn, turn + 1, turn + 3].map(|n| self.user(n)) {
            let seen = store.memberships(&user, &all()).await.map_err(failed)?;
            same("memberships", &seen, &self.reference.memberships(&user, &all()))?;
            let seen = store.requests_by(&user, &all()).await.map_err(failed)?;
            let seen = by_organization(seen, |row| &row.organization);
            let expected =
                by_organization(self.reference.requests_by(&user, &all()), |row| &row.organization);
            same("what a user asked for", &seen, &expected)?;
            let seen = store.former_memberships(&user, 100).await.map_err(failed)?;
            let seen = by_organization(seen, |row| &row.organization);
            let expected = by_organization(self.reference.former_memberships(&user), |row| &row.organization);
            same("where a user was a member", &seen, &expected)?;
        }
        invitees.extend((0..USERS).map(|n| Invitee::from(self.user(n))));
        invitees.extend((0..USERS).map(|n| Invitee::from(self.address(n))));
        for invitee in invitees.iter().cycle().skip(turn).take(4) {
            let seen = store.holders(std::slice::from_ref(invitee), None, 100).await.map_err(failed)?;
            same(&format!("who holds something about {invitee:?}"), &seen, &self.reference.holders(invitee))?;
        }
        let seen = store.inbox(&invitees, self.now, &all()).await.map_err(failed)?;
        let seen = by_organization(seen, |row| &row.organization);
        let expected = self.reference.inbox(&invitees, self.now, &all());
        let expected = by_organization(expected, |row| &row.organization);
        same("the inbox", &seen, &expected)?;
        let mut waiting = store.waiting(&invitees, self.now, 10_000).await.map_err(failed)?;
        waiting.sort_unstable();
        let expected = expected.into_values().flatten().map(|row| row.organization).collect::<Vec<_>>();
        same("how many wait", &waiting, &expected)?;
        let mut seen = store.suppressions(&invitees, 10_000).await.map_err(failed)?;
        let mut expected = self.reference.suppressions(&invitees);
        for rows in [&mut seen, &mut expected] {
            rows.sort_by_cached_key(|row| format!("{row:?}"));
        }
        same("what people do not want", &seen, &expected)?;
        let of = |id: &OrganizationId| {
            let groups = ["red", "blue", "green"].map(|name| Circle::Group(id.clone(), group(name)));
            let members = Circle::Members { organization: id.clone(), until: None };
            let until =
                Circle::Members { organization: id.clone(), until: Some(self.now - TimeDelta::days(1)) };
            let former = Circle::Former { organization: id.clone(), since: at(0) };
            groups.into_iter().chain([members, until, former])
        };
        let circles = twins.iter().flat_map(of).collect::<Vec<_>>();
        let seen = store.circles(&circles, 100).await.map_err(failed)?;
        let expected = circles.iter().map(|circle| self.reference.circle(circle)).collect::<Vec<_>>();
        let seen = circles.iter().zip(seen).collect::<Vec<_>>();
        same("circles", &seen, &circles.iter().zip(expected).collect())
    }
}
