//! After random histories, every index equals what a full scan of the rows gives.

use std::collections::{BTreeMap, BTreeSet};

use invite_conformance::storage::rows::*;
use invite_core::*;
use invite_storage::{CommitError, Completion, Failure, Leased, Outbox, Storage};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::MemoryStorage;
use crate::index::Index;
use crate::rows::Map;
use crate::storage::lock;

/// One change of one row, turned into the right kind of change by what is there.
#[derive(Debug, Clone, Copy)]
struct Touch {
    table: u8,
    key: u8,
    value: u8,
}

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Touch>),
    /// The last touch is of the wrong kind.
    Wrong(Vec<Touch>),
    /// Several writes in a unit, with loads between them, committed or dropped.
    Unit(Vec<Vec<Touch>>, bool),
    Lease(i64, u32),
    Complete(usize),
    Fail(usize, Option<i64>),
}

fn steps() -> impl Strategy<Value = Vec<(u8, Step)>> {
    let touch = (0..7_u8, 0..6_u8, any::<u8>()).prop_map(|(table, key, value)| Touch { table, key, value });
    let touches = vec(touch, 1..8);
    let step = prop_oneof![
        6 => touches.clone().prop_map(Step::Commit),
        1 => touches.clone().prop_map(Step::Wrong),
        3 => (vec(touches, 1..4), any::<bool>()).prop_map(|(writes, commits)| Step::Unit(writes, commits)),
        2 => (0..300_i64, 1..5_u32).prop_map(|(now, limit)| Step::Lease(now, limit)),
        1 => any::<usize>().prop_map(Step::Complete),
        1 => (any::<usize>(), proptest::option::of(0..300_i64)).prop_map(|(n, at)| Step::Fail(n, at)),
    ];
    vec((0..2_u8, step), 1..40)
}

fn change<K, R>(is_there: bool, value: u8, key: K, row: R) -> RowChange<K, R> {
    match (is_there, value % 3) {
        (false, _) => RowChange::Insert(row),
        (true, 0) => RowChange::Delete(key),
        (true, _) => RowChange::Update(row),
    }
}

fn a_member(key: u8, value: u8) -> Member {
    Member {
        email: (value & 4 == 0).then(|| address(&format!("m{}@example.com", value % 2))),
        grants: match value % 5 {
            0 => Grant::role("member").in_group(group("g0")).into(),
            1 => [Grant::role("admin").in_group(group("g0")), Grant::role("member").in_group(group("g1"))]
                .into(),
            2 => Grant::role("role-2").until(at((value / 32).into())).into(),
            n => Grant::role(format!("role-{n}")).into(),
        },
        status: if value & 32 == 0 { MemberStatus::Active } else { MemberStatus::Suspended },
        seat: (value & 8 == 0).then(|| SeatClass::from("team")),
        joined_by: if value & 16 == 0 {
            JoinedBy::BeingAdded
        } else {
            JoinedBy::Link { link: link_id(u32::from(value % 2)), revision: 0 }
        },
        ..member(&format!("user-{key}"), i64::from(value % 4))
    }
}

/// What a change of a member does to the members by group.
fn group_members(
    before: Option<&Member>,
    change: &RowChange<UserId, Member>,
) -> Vec<RowChange<(GroupId, UserId), GroupMember>> {
    let after = match change {
        RowChange::Insert(row) | RowChange::Update(row) => Some(row),
        RowChange::Delete(_) => None,
    };
    let rows = |member: Option<&Member>| {
        let grants = member.iter().flat_map(|member| member.grants.iter().map(|grant| (*member, grant)));
        let rows = grants.filter_map(|(member, (scope, access))| {
            let (group, role) = (scope.group()?.clone(), access.role_name().clone());
            Some(GroupMember { group, user: member.user.clone(), role, joined_at: member.joined_at })
        });
        rows.map(|row| ((row.group.clone(), row.user.clone()), row)).collect::<BTreeMap<_, _>>()
    };
    let (mut was, is) = (rows(before), rows(after));
    let changed = is.into_iter().map(|(key, row)| match was.remove(&key) {
        Some(_) => RowChange::Update(row),
        None => RowChange::Insert(row),
    });
    let changed = changed.collect::<Vec<_>>();
    changed.into_iter().chain(was.into_keys().map(RowChange::Delete)).collect()
}

fn an_invitation(key: u8, value: u8) -> Invitation {
    let row = Invitation {
        inviter: if value & 1 == 0 {
            Actor::System
        } else {
            Actor::User(user(&format!("user-{}", value % 3)))
        },
        created_at: at(i64::from(value % 4)),
        expires_at: if value & 2 == 0 { Expiry::Never } else { Expiry::At(at(value.into())) },
        revision: u32::from(value % 2),
        grants: match value / 16 % 3 {
            0 => Grant::role("member").into(),
            1 => Grant::role("member").in_group(group("g0")).into(),
            _ => [Grant::role("member").in_group(group("g0")), Grant::role("admin").in_group(group("g1"))]
                .into(),
        },
        ..invitation(key.into(), &format!("{}@example.com", value % 3))
    };
    if value & 8 == 0 { row } else { revoked(row, 9) }
}

fn a_request(key: u8, value: u8) -> JoinRequest {
    let grants: Grants = match value / 16 % 3 {
        0 => Grant::role("member").into(),
        1 => Grant::role("member").in_group(group("g0")).into(),
        _ => [Grant::role("member").in_group(group("g0")), Grant::role("admin").in_group(group("g1"))].into(),
    };
    let row = JoinRequest {
        invitee: user(&format!("user-{}", value % 3)).into(),
        by: user(&format!("user-{}", value % 2)),
        created_at: at((value % 4).into()),
        expires_at: at(value.into()),
        grants,
        ..request(key.into(), "bob")
    };
    if value & 8 == 0 { row } else { withdrawn(row, 9) }
}

/// A commit of these touches on what a slice shows; of two touches of one row the first counts.
fn commit_of(slice: &Slice, touches: &[Touch], mails: &mut u32) -> Commit {
    let id = slice.id().as_str().to_owned();
    let mut commit = on(slice.organization().unwrap_or(&header(&id)));
    let mut seen = BTreeSet::new();
    for Touch { table, key, value } in touches.iter().copied() {
        if !seen.insert((table, key)) {
            continue;
        }
        match table {
            0 => {
                let row = a_member(key, value);
                let before = slice.member(&row.user).unwrap();
                let change = change(before.is_some(), value, row.user.clone(), row);
                commit.group_members.extend(group_members(before, &change));
                commit.members.push(change);
            }
            1 => {
                let row = an_invitation(key, value);
                let is_there = slice.invitation(row.id).unwrap().is_some();
                commit.invitations.push(change(is_there, value, row.id, row));
            }
            2 => {
                let row = suppression(&format!("{key}@example.com"), SuppressionKind::Mail);
                let since = slice.suppressed_since(&row.invitee, row.kind).unwrap();
                commit.suppressions.push(change(
                    since.is_some(),
                    value,
                    (row.invitee.clone(), row.kind),
                    row,
                ));
            }
            3 => {
                let status = [GroupStatus::Active, GroupStatus::Archived, GroupStatus::Closed];
                let row = Group {
                    status: status[usize::from(value) / 4 % 3],
                    settings: GroupSettings::named(if value & 2 == 0 { "Red" } else { "Blue" }),
                    ..a_group(&format!("g{key}"), (value % 4).into())
                };
                let is_there = slice.group(&row.id).unwrap().is_some();
                commit.groups.push(change(is_there, value, row.id.clone(), row));
            }
            4 => {
                let row = InviteLink {
                    creator: if value & 1 == 0 { Actor::System } else { Actor::User(user("ada")) },
                    created_at: at((value % 4).into()),
                    ..link(key.into())
                };
                let row = if value & 8 == 0 { row } else { removed(row, 9) };
                let is_there = slice.link(row.id).unwrap().is_some();
                commit.links.push(change(is_there, value, row.id, row));
            }
            5 => {
                let row = a_request(key, value);
                let is_there = slice.request(row.id).unwrap().is_some();
                commit.requests.push(change(is_there, value, row.id, row));
            }
            _ => {
                *mails += 1;
                let organization = slice.id().clone();
                let row =
                    Delivery { organization, ..delivery(*mails, &invitation(key.into(), "x@example.com")) };
                commit.deliveries.push(Delivery { due_at: at(value.into()), ..row });
                commit.limits.push((LimitSubject::Organization, at(value.into())));
                let (user, left_at) = (user(&key.to_string()), at(value.into()));
                commit.former.push(Former { user, left_at, grants: Grants::default() });
                commit.commands.push(command(&key.to_string(), &value.to_string()));
            }
        }
    }
    commit
}

fn everything_touched() -> Reads {
    (0..6_u32).fold(Reads::new(), |reads, n| {
        let invitee = address(&format!("{n}@example.com")).into();
        let reads = reads.invitation(invitation_id(n)).member(user(&format!("user-{n}"))).invitee(invitee);
        reads.group(group(&format!("g{n}"))).link(link_id(n)).request(request_id(n))
    })
}

#[derive(Default)]
struct Run {
    storage: MemoryStorage,
    mails: u32,
    leased: Vec<Leased>,
}

impl Run {
    async fn step(&mut self, tenant: u8, step: Step) {
        let id = organization(&format!("org-{tenant}"));
        let reads = everything_touched();
        let slice = self.storage.load(&id, &reads, at(0)).await.unwrap();
        match step {
            Step::Commit(touches) => {
                let commit = commit_of(&slice, &touches, &mut self.mails);
                self.storage.commit(&commit).await.unwrap();
                assert!(self.storage.find_commit(&id, commit.id).await.unwrap());
            }
            Step::Wrong(touches) => {
                let mut commit = commit_of(&slice, &touches, &mut self.mails);
                commit.members.push(RowChange::Update(member("nobody", 0)));
                assert!(matches!(self.storage.commit(&commit).await, Err(CommitError::Conflict)));
            }
            Step::Unit(writes, commits) => {
                let mut unit = self.storage.exclusive(&id).await.unwrap();
                let before = format!("{slice:?}");
                for touches in writes {
                    let seen = unit.load(&reads, at(0)).await.unwrap();
                    unit.write(&commit_of(&seen, &touches, &mut self.mails)).await.unwrap();
                }
                let outside = self.storage.load(&id, &reads, at(0)).await.unwrap();
                assert_eq!(format!("{outside:?}"), before);
                let inside = format!("{:?}", unit.load(&reads, at(0)).await.unwrap());
                let after = if commits { inside } else { before };
                if commits {
                    unit.commit().await.unwrap();
                } else {
                    drop(unit);
                }
                let slice = self.storage.load(&id, &reads, at(0)).await.unwrap();
                assert_eq!(format!("{slice:?}"), after);
            }
            Step::Lease(now, limit) => {
                let leases = self.storage.lease(at(now), at(now + 20), limit).await.unwrap();
                self.leased.extend(leases.leased);
            }
            Step::Complete(n) => {
                if let Some(leased) = self.leased.get(n % self.leased.len().max(1)) {
                    let done =
                        Completion { state: DeliveryState::Sent, attempt: None, mailed_at: Some(at(1)) };
                    self.storage.complete(&leased.lease(), &done).await.unwrap();
                }
            }
            Step::Fail(n, retry_at) => {
                if let Some(leased) = self.leased.get(n % self.leased.len().max(1)) {
                    let failure = Failure { attempt: None, retry_at: retry_at.map(at) };
                    self.storage.fail(&leased.lease(), &failure).await.unwrap();
                }
            }
        }
    }

    fn check(&self) {
        let shared = &self.storage.shared;
        let (mut users, mut invitees, mut queued) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut asking = BTreeSet::new();
        let (mut former, mut unwilling) = (BTreeSet::new(), BTreeSet::new());
        for tenant in shared.tenants() {
            let rows = tenant.rows();
            let mut scanned = Index::default();
            for row in rows.members.values() {
                scanned.replace_member(None, Some(row));
                users.insert((row.user.clone(), tenant.id.clone()));
            }
            for row in rows.invitations.values() {
                scanned.replace_invitation(None, Some(row));
                if row.is_open() {
                    invitees.insert((row.invitee.clone(), tenant.id.clone()));
                }
            }
            for row in rows.group_members.values() {
                scanned.replace_group_member(None, Some(row));
            }
            for row in rows.groups.values() {
                scanned.replace_group(None, Some(row));
            }
            for row in rows.links.values() {
                scanned.replace_link(None, Some(row));
            }
            for row in rows.requests.values() {
                scanned.replace_request(None, Some(row));
                asking.insert((row.by.clone(), tenant.id.clone()));
            }
            for row in rows.deliveries.values() {
                scanned.replace_delivery(None, Some(row));
                if row.state == DeliveryState::Queued {
                    let at = row.leased_until.unwrap_or(row.due_at);
                    queued.insert((at, tenant.id.clone(), row.id, row.leased_until.is_some()));
                }
            }
            for row in rows.former.values() {
                scanned.replace_former(None, Some(row));
                former.insert((row.user.clone(), tenant.id.clone()));
            }
            for (invitee, _) in rows.suppressions.keys() {
                unwilling.insert((invitee.clone(), tenant.id.clone()));
            }
            assert_eq!(rows.index, scanned);
            let mut commits = Map::default();
            for (entry, sequence) in rows.events.iter().zip(1..) {
                assert_eq!(entry.sequence, sequence);
                *commits.entry(entry.commit).or_insert(0) += 1;
            }
            assert_eq!(rows.commits, commits);
            assert_eq!(rows.header.as_ref().map_or(0, |header| header.version), rows.events.len() as u64);
        }
        assert_eq!(shared.users.all().into_iter().collect::<BTreeSet<_>>(), users);
        assert_eq!(shared.invitees.all().into_iter().collect::<BTreeSet<_>>(), invitees);
        assert_eq!(shared.asking.all().into_iter().collect::<BTreeSet<_>>(), asking);
        assert_eq!(shared.former.all().into_iter().collect::<BTreeSet<_>>(), former);
        assert_eq!(shared.unwilling.all().into_iter().collect::<BTreeSet<_>>(), unwilling);
        assert_eq!(lock(&shared.queue).all(), queued);
    }
}

proptest! {
    #[test]
    fn indexes_equal_a_full_scan(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::default();
            for (tenant, step) in steps {
                run.step(tenant, step).await;
                run.check();
            }
        });
    }
}

#[test]
fn debug_shows_nothing_of_what_is_held() {
    assert_eq!(format!("{:?}", MemoryStorage::new()), "MemoryStorage { .. }");
}
