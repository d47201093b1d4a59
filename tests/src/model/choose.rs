//! What a step comes to: its numbers choose among what there is by then.

use chrono::{DateTime, Utc};
use invite::core::{ChangeStatus, Erase, Include, Invitee, MIN_TIME, Principal, Purpose, SuppressionKind};
use invite::{
    Actor, Block, Expiry, FormerOwner, Grants, GroupId, GroupStatus, Invitation, InvitationId, LinkId, Mode,
    OnPending, OrganizationId, RequestId, UserId,
};

use super::cast::{
    GROUPS, ORGANIZATIONS, actor, address_of, beginning, expiry, first_groups, grants, group_settings,
    horizon, invitee, joining, limited, link_settings, meant, name, page, plan, principal, settings, theirs,
    verified,
};
use super::command::{Claim, Command, Issued, To, Turn, Way, Whence};
use super::reference::Reference;
use super::snapshot::Snapshot;
use super::step::{Step, What};

/// What steps choose among.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choices<'a> {
    /// The organizations as they are, in their order.
    pub(super) shown: &'a [Snapshot; 2],
    /// The same as they should be.
    pub(super) should: &'a [Reference; 2],
    /// The tokens out of the mails that were sent.
    pub(super) mailed: &'a [Issued],
    /// The tokens out of the invite links that were shown.
    pub(super) linked: &'a [Issued],
    /// The key that tokens are issued with.
    pub(super) keyring: &'a invite::core::Keyring,
    /// The time on the clock.
    pub(super) clock: DateTime<Utc>,
}

impl Choices<'_> {
    /// The command that a step is; `None` for what is no command.
    #[allow(clippy::too_many_lines, reason = "a few lines for each operation there is")]
    pub(super) fn command(self, step: &Step) -> Option<Command> {
        let n = step.n;
        let id = self.invitation(step.organization, n[0]);
        let now = self.shown[step.organization].time(self.clock);
        let asked = n[3].is_multiple_of(3).then(|| expiry(n[2], now));
        let on_pending = [OnPending::Refuse, OnPending::Resend, OnPending::Replace][n[2] % 3];
        let include = match n[3] % 8 {
            1 => Include::Yes,
            2 => Include::No,
            _ => Include::AsSet,
        };
        let mode = if n[3].is_multiple_of(3) { Mode::AllOrNothing } else { Mode::Each };
        let groups = self.groups(step);
        let grants = |n: usize| limited(n / 8 + n, grants(n, [&groups[0], &groups[1]]));
        let linking = |n: [usize; 2]| {
            let groups = [&groups[0], &groups[1]];
            link_settings(n[1], limited(n[0] + n[1], joining(n[0], groups)), now)
        };
        Some(match step.what {
            What::Invite => {
                let list = vec![(invitee(n[0]), None)];
                let (grants, mode) = (grants(n[1]), Mode::Each);
                let (starts, leads_to) = (beginning(n[2] / 2 + n[3], now), page(n[0] + n[3]));
                Command::Invite { list, grants, mode, on_pending, include, starts, expiry: asked, leads_to }
            }
            What::InviteMany => {
                let list = vec![
                    (invitee(n[0]), None),
                    (invitee(n[0] + 1), Some(grants(n[3]))),
                    (invitee(n[0] + n[2]), None),
                ];
                let (grants, starts) = (grants(n[1]), beginning(n[3], now));
                let (expiry, leads_to) = (None, None);
                Command::Invite { list, grants, mode, on_pending, include, starts, expiry, leads_to }
            }
            What::Resend => Command::Resend { id, expiry: asked },
            What::Edit => match n[3] % 3 {
                0 => Command::Edit { id, grants: None, expiry: Some(expiry(n[2], now)) },
                1 => Command::Edit { id, grants: Some(grants(n[1])), expiry: Some(expiry(n[2], now)) },
                _ => Command::Edit { id, grants: Some(grants(n[1])), expiry: None },
            },
            What::Remind => Command::Remind(id),
            What::Revoke => Command::Revoke(vec![id]),
            What::RevokeMany => Command::Revoke(vec![id, self.invitation(step.organization, n[1])]),
            What::AcceptByToken => {
                let issued = self.token(step.organization, n);
                let principal = self.answering(step, issued.invitation());
                Command::Accept { claim: Claim::Token(issued), principal }
            }
            What::AcceptInInbox => {
                Command::Accept { claim: Claim::Inbox(id), principal: self.answering(step, id) }
            }
            What::DeclineByToken => {
                let issued = self.token(step.organization, n);
                let principal = self.answering(step, issued.invitation());
                Command::Decline { claim: Claim::Token(issued), principal, block: block(n[3]) }
            }
            What::DeclineInInbox => {
                let principal = self.answering(step, id);
                Command::Decline { claim: Claim::Inbox(id), principal, block: block(n[3]) }
            }
            What::Unblock => {
                let unwilling = self.unwilling(step).filter(|_| !n[2].is_multiple_of(4));
                let anybody = || (principal(n[0], n[1]), SuppressionKind::ALL[n[2] % 2]);
                let (principal, kind) = unwilling.unwrap_or_else(anybody);
                Command::Unblock { principal, kind }
            }
            What::Unsubscribe => Command::Unsubscribe(self.token(step.organization, [n[0], 1, n[2], n[3]])),
            What::Add => {
                let email = n[2].is_multiple_of(2).then(|| address_of(n[3]));
                Command::Add { list: vec![(name(n[0]), email, grants(n[1]))], mode: Mode::Each }
            }
            What::AddMany => {
                let list = [n[0], n[1], n[2]].map(|n| (name(n), Some(address_of(n)), grants(n))).to_vec();
                Command::Add { list, mode }
            }
            What::ChangeAccess => {
                Command::ChangeAccess { user: name(n[0]), grants: grants(n[1]), theirs: theirs(n[2]) }
            }
            What::ChangeAccessIn => {
                let user = name(n[0]);
                let held = self.shown[step.organization].members.get(&user);
                let held = held.map(|member| member.grants.clone()).unwrap_or_default();
                let given = grants(n[1]).into_iter().next().unwrap();
                let scope = held.scopes().nth(n[2] % held.len().max(1)).filter(|_| !n[3].is_multiple_of(4));
                let scope = scope.unwrap_or(given.scope()).clone();
                let access = n[1].is_multiple_of(3).then(|| given.access().clone());
                Command::ChangeAccessIn { user, scope, access, theirs: theirs(n[2]) }
            }
            What::Remove => Command::Remove { users: vec![name(n[0])], theirs: theirs(n[1]) },
            What::RemoveMany => {
                let users = [n[0], n[0] + 1, n[2]].map(name).to_vec();
                Command::Remove { users, theirs: theirs(n[1]) }
            }
            What::Leave => Command::Leave { user: name(n[0]), theirs: theirs(n[1]), block: block(n[2]) },
            What::Erase => Command::Erase(person(n)),
            What::OfferOwnership => {
                let becomes = grants(n[1]).iter().next().map(|(_, access)| access.clone());
                let former = match becomes {
                    Some(access) if n[2].is_multiple_of(2) => FormerOwner::Becomes(access),
                    _ => FormerOwner::Stays,
                };
                Command::OfferOwnership { to: name(n[0]), former }
            }
            What::ChangePlan => Command::ChangePlan(plan(n[0])),
            What::ChangeSettings => {
                Command::ChangeSettings(settings(ORGANIZATIONS[step.organization], n[0], n[1]))
            }
            What::Suspend => Command::ChangeStatus(ChangeStatus::Suspend),
            What::Resume => Command::ChangeStatus(ChangeStatus::Resume),
            // Rarely: not much happens afterwards.
            What::Close if n[0] < 8 => Command::ChangeStatus(ChangeStatus::Close),
            What::Tidy => Command::Tidy(u32::try_from(n[0] % 4).unwrap_or(1)),
            What::CreateAgain => Command::Create { owner: name(n[0]) },
            What::CreateGroup => {
                let id = crate::people::group(GROUPS[n[0] % GROUPS.len()]);
                Command::CreateGroup { id, settings: group_settings(n[1], n[2]) }
            }
            What::ChangeGroup => {
                let settings = group_settings(n[1], n[2]);
                Command::ChangeGroup { id: self.group(step.organization, n[0]), settings }
            }
            What::ArchiveGroup | What::RestoreGroup | What::CloseGroup => {
                let to = match step.what {
                    What::ArchiveGroup => To::Archived,
                    What::RestoreGroup => To::Restored,
                    _ => To::Closed,
                };
                let id = match to {
                    To::Restored => self.archived(step.organization, n[0]),
                    _ => None,
                };
                let id = id.unwrap_or_else(|| self.group(step.organization, n[0]));
                Command::ChangeGroupStatus { id, to }
            }
            What::JoinGroup => {
                let principal = principal(n[2], n[3]);
                Command::JoinGroup { id: self.group(step.organization, n[0]), principal }
            }
            What::CreateLink => Command::CreateLink(linking([n[0], n[1]])),
            What::EditLink => {
                let link = self.link(step.organization, n[0]);
                let row = self.shown[step.organization].links.get(&link);
                let settings = match row.filter(|_| n[3].is_multiple_of(2)) {
                    // For the same people, or just as it is.
                    Some(row) if n[3].is_multiple_of(8) => row.settings.clone(),
                    Some(row) => link_settings(n[1], row.settings.grants().clone(), now),
                    None => linking([n[2], n[1]]),
                };
                Command::EditLink { link, settings }
            }
            What::SwitchLinkOn | What::SwitchLinkOff | What::RefreshLink | What::RemoveLink => {
                let to = match step.what {
                    What::SwitchLinkOn => Turn::On,
                    What::SwitchLinkOff => Turn::Off,
                    What::RefreshLink => Turn::Refreshed,
                    _ => Turn::Removed,
                };
                Command::SwitchLink { link: self.link(step.organization, n[0]), to }
            }
            What::JoinByLink => {
                let issued = self.link_token(step.organization, n);
                Command::JoinByLink { issued, principal: principal(n[2], n[3]) }
            }
            What::SuspendMember => Command::SuspendMembers { users: vec![name(n[0])], theirs: theirs(n[1]) },
            What::SuspendMany => {
                Command::SuspendMembers { users: [n[0], n[0] + 1].map(name).to_vec(), theirs: theirs(n[1]) }
            }
            What::RestoreMember => Command::RestoreMembers(vec![self.suspended(step, n[0])]),
            What::RestoreMany => Command::RestoreMembers(vec![self.suspended(step, n[0]), name(n[1])]),
            What::AskByLink => {
                let way = Way::Link(self.link_token(step.organization, n));
                Command::AskToJoin { way, principal: principal(n[2], n[3]) }
            }
            What::AskForGroup => {
                let way = Way::Group(self.group(step.organization, n[0]));
                Command::AskToJoin { way, principal: principal(n[2], n[3]) }
            }
            What::AskByDomain => Command::AskToJoin { way: Way::Domain, principal: principal(n[2], n[3]) },
            What::JoinByDomain => Command::JoinByDomain(principal(n[2], n[3])),
            What::Propose => Command::Propose { invitee: invitee(n[0]), grants: grants(n[1]) },
            What::Approve => {
                let granting = n[3].is_multiple_of(8).then(|| grants(n[1]));
                Command::Approve { ids: vec![self.request(step.organization, n[0])], granting }
            }
            What::ApproveMany => {
                let ids = vec![n[0], n[1]];
                let ids = ids.into_iter().map(|n| self.request(step.organization, n)).collect();
                Command::Approve { ids, granting: None }
            }
            What::Deny => Command::Deny(vec![self.request(step.organization, n[0])]),
            What::Withdraw => Command::Withdraw(self.request(step.organization, n[0])),
            What::ChangeVerifiedDomains => {
                let granted = joining(n[1], [&groups[0], &groups[1]]);
                Command::ChangeVerifiedDomains(verified(n[0], granted))
            }
            _ => return None,
        })
    }

    /// Where and by whom: commands that name who answers, mostly by that one.
    pub(super) fn whence(self, step: &Step, command: &Command) -> Whence {
        let owners = self.shown[step.organization].members.values().filter(|member| member.is_owner());
        let owner = owners.map(|member| Actor::User(member.user.clone())).next();
        let able = owner.filter(|_| step.able);
        let actor = match command {
            Command::ChangePlan(_) | Command::ChangeVerifiedDomains(_) | Command::Erase(_) if step.able => {
                Actor::System
            }
            Command::ChangeStatus(ChangeStatus::Resume) if step.able => {
                // What the host suspended, the host resumes.
                let by = self.shown[step.organization].organization.suspended_by.clone();
                by.filter(|by| *by == Actor::System).or(able).unwrap_or(actor(step.actor))
            }
            Command::Withdraw(id) if step.able => {
                let row = self.shown[step.organization].requests.get(id);
                row.map_or(Actor::System, |row| Actor::User(row.by.clone()))
            }
            Command::Create { owner } => Actor::User(owner.clone()),
            Command::Leave { user, .. } if step.able => Actor::User(user.clone()),
            Command::ChangeAccessIn { user, .. } if step.n[3].is_multiple_of(3) => Actor::User(user.clone()),
            Command::Accept { principal, .. }
            | Command::Decline { principal, .. }
            | Command::JoinByLink { principal, .. }
            | Command::JoinGroup { principal, .. }
            | Command::AskToJoin { principal, .. }
            | Command::JoinByDomain(principal)
            | Command::Unblock { principal, .. } => Actor::User(principal.user().clone()),
            _ => able.unwrap_or(actor(step.actor)),
        };
        Whence { organization: command.organization(ORGANIZATIONS[step.organization]).to_owned(), actor }
    }

    /// Two groups of an organization, mostly such as work.
    fn groups(self, step: &Step) -> [GroupId; 2] {
        let rows = self.shown[step.organization].groups.values();
        let any = step.n.iter().sum::<usize>().is_multiple_of(7);
        let ids = rows.filter(|row| any || row.status == GroupStatus::Active).map(|row| row.id.clone());
        let ids = ids.collect::<Vec<_>>();
        let at = step.n[0] / 16 + step.n[1] / 16;
        let one = |n: usize| ids.get(n % ids.len().max(1)).cloned();
        one(at).zip(one(at + 1)).map_or_else(first_groups, <[GroupId; 2]>::from)
    }

    /// One of the groups of an organization, or sometimes none.
    fn group(self, organization: usize, n: usize) -> GroupId {
        let rows = &self.shown[organization].groups;
        let id = rows.keys().nth(n % (rows.len() + 1)).cloned();
        id.unwrap_or_else(|| crate::people::group("nowhere"))
    }

    fn archived(self, organization: usize, n: usize) -> Option<GroupId> {
        let rows = self.shown[organization].groups.values();
        let archived = rows.filter(|row| row.status == GroupStatus::Archived).collect::<Vec<_>>();
        archived.get(n % archived.len().max(1)).map(|row| row.id.clone())
    }

    /// One of the join requests of an organization, the latest first.
    fn request(self, organization: usize, n: usize) -> RequestId {
        let rows = &self.shown[organization].requests;
        let nobodys = RequestId::from_parts(MIN_TIME, [0; 10]);
        let open = rows.values().rev().filter(|row| row.is_open()).map(|row| row.id).collect::<Vec<_>>();
        let open = open.get(n % open.len().max(1)).filter(|_| !n.is_multiple_of(5));
        let any = || rows.keys().rev().nth(n % rows.len().max(1));
        open.or_else(any).copied().unwrap_or(nobodys)
    }

    /// Mostly somebody who is suspended.
    fn suspended(self, step: &Step, n: usize) -> UserId {
        let members = self.shown[step.organization].members.values();
        let suspended = members.filter(|member| !member.is_active()).collect::<Vec<_>>();
        let one = suspended.get(n % suspended.len().max(1)).filter(|_| !n.is_multiple_of(8));
        one.map_or_else(|| name(n), |member| member.user.clone())
    }

    /// One of the invite links of an organization, the latest first.
    pub(super) fn link(self, organization: usize, n: usize) -> LinkId {
        let rows = &self.shown[organization].links;
        let nobodys = LinkId::from_parts(MIN_TIME, [0; 10]);
        rows.keys().rev().nth(n % rows.len().max(1)).copied().unwrap_or(nobodys)
    }

    /// A token of an invite link: one that was shown, however long ago, or any that could be; now and then one for
    /// something else.
    pub(super) fn link_token(self, organization: usize, n: [usize; 4]) -> Issued {
        if n[1] % 16 == 5 {
            return self.token(organization, n);
        }
        if n[1].is_multiple_of(4) && !self.linked.is_empty() {
            return self.linked[self.linked.len() - 1 - n[0] % self.linked.len()].clone();
        }
        let id = self.link(organization, n[0] / 4);
        let turns = self.should[organization].turns(id);
        let row = self.shown[organization].links.get(&id);
        let earlier = row.and_then(|row| Some((row.earlier_nonces.first()?, turns?.checked_sub(1)?)));
        let current = row.and_then(|row| Some((&row.nonce, turns?)));
        let drawn = earlier.filter(|_| n[1] % 8 == 7).or(current);
        let nobodys = invite::core::Nonce::from_bytes([0; 16]);
        let (nonce, revision) = drawn.map_or((&nobodys, None), |(nonce, turn)| (nonce, Some(turn)));
        // In one organization by the id of the other, or for another purpose: nobody's.
        let of = if n[1] % 32 == 3 { 1 - organization } else { organization };
        let purpose = if n[1] % 32 == 1 { Purpose::Copied } else { Purpose::Link };
        let of_id = OrganizationId::parse(ORGANIZATIONS[of]).unwrap();
        let token = self.keyring.issue(purpose, &of_id, id.as_uuid(), nonce);
        Issued { token, revision: revision.filter(|_| of == organization && purpose == Purpose::Link) }
    }

    /// One of the invitations of an organization, the latest first.
    pub(super) fn invitation(self, organization: usize, n: usize) -> InvitationId {
        let rows = &self.shown[organization].invitations;
        let nobodys = InvitationId::from_parts(MIN_TIME, [0; 10]);
        rows.keys().rev().nth(n % rows.len().max(1)).copied().unwrap_or(nobodys)
    }

    /// One of those who are unwilling, and to what; by their name alone, or with their address.
    fn unwilling(self, step: &Step) -> Option<(Principal, SuppressionKind)> {
        let unwilling = self.should[step.organization].unwilling();
        // A block of all organizations is undone elsewhere.
        let unwilling = unwilling.iter().filter(|(_, kind)| *kind != SuppressionKind::Everywhere);
        let unwilling = unwilling.collect::<Vec<_>>();
        let (invitee, kind) = unwilling.get(step.n[0] % unwilling.len().max(1))?;
        Some((meant(invitee, !step.n[3].is_multiple_of(4)), *kind))
    }

    /// A token: out of a mail, or any that could be issued, current or not, for any purpose, of either organization.
    pub(super) fn token(self, organization: usize, n: [usize; 4]) -> Issued {
        if n[1] == 21 && !self.linked.is_empty() {
            return self.linked[n[0] % self.linked.len()].clone();
        }
        if n[1].is_multiple_of(2) && !self.mailed.is_empty() {
            return self.mailed[self.mailed.len() - 1 - n[0] % self.mailed.len()].clone();
        }
        let organization = if n[3].is_multiple_of(8) { 1 - organization } else { organization };
        let id = self.invitation(organization, n[0] / 2);
        let row = self.shown[organization].invitations.get(&id);
        let purpose = match n[1] % 12 {
            3 => Purpose::Link,
            1 => Purpose::Unsubscribe,
            5 | 7 => Purpose::Copied,
            _ => row.map_or(Purpose::Mailed, Invitation::mailed_purpose),
        };
        let earlier = row.and_then(|row| Some((row.earlier_nonces.first()?, row.revision.checked_sub(1)?)));
        let current = row.map(|row| (&row.nonce, row.revision));
        let drawn = earlier.filter(|_| n[2].is_multiple_of(8)).or(current);
        // In one organization by the id of the other: nobody's.
        let of = if n[3].is_multiple_of(16) { 1 - organization } else { organization };
        let nobodys = invite::core::Nonce::from_bytes([0; 16]);
        let (nonce, revision) = drawn.map_or((&nobodys, None), |(nonce, revision)| (nonce, Some(revision)));
        let of_id = OrganizationId::parse(ORGANIZATIONS[of]).unwrap();
        let token = self.keyring.issue(purpose, &of_id, id.as_uuid(), nonce);
        Issued { token, revision: revision.filter(|_| of == organization) }
    }

    /// Mostly whoever the invitation is for.
    fn answering(self, step: &Step, id: InvitationId) -> Principal {
        let n = step.n;
        let row = self.shown.iter().find_map(|shown| shown.invitations.get(&id));
        let meant =
            row.filter(|_| !n[2].is_multiple_of(4)).map(|row| meant(&row.invitee, n[3].is_multiple_of(2)));
        meant.unwrap_or_else(|| principal(n[2], n[3]))
    }

    /// When something ends or begins that is still to come or just over, in any organization.
    pub(super) fn some_expiry(self, n: usize) -> Option<DateTime<Utc>> {
        let rows = self.shown.iter().flat_map(|shown| shown.pending(self.clock));
        let ends = rows.filter_map(|row| match row.expires_at {
            Expiry::At(end) => Some(end),
            Expiry::Never => None,
        });
        let links = self.shown.iter().flat_map(|shown| shown.links.values());
        let periods =
            links.flat_map(|link| link.settings.opening().into_iter().chain(link.settings.closing()));
        let soon = periods.filter(|at| *at >= self.clock);
        let begins = self.shown.iter().flat_map(|shown| shown.invitations.values());
        let begins = begins.filter_map(|row| row.starts_at).filter(|at| *at >= self.clock);
        let ends = ends.chain(soon).chain(begins).filter(|end| *end < horizon());
        let ends = ends.collect::<std::collections::BTreeSet<_>>();
        ends.iter().nth(n % ends.len().max(1)).copied()
    }

    /// A further invitation like one that was made: the same command for somebody else.
    pub(super) fn another_invite(self, n: [usize; 4]) -> Command {
        let list: Vec<(Invitee, Option<Grants>)> =
            vec![(address_of(n[0]).into(), None), (name(n[1]).into(), None)];
        let [red, blue] = first_groups();
        let (grants, on_pending) = (grants(n[2], [&red, &blue]), OnPending::Refuse);
        let (mode, include) = (Mode::Each, Include::AsSet);
        Command::Invite {
            list,
            grants,
            mode,
            on_pending,
            include,
            starts: None,
            expiry: None,
            leads_to: None,
        }
    }
}

/// Somebody, by their name, an address or both, a few invitations at a time or all.
pub(super) fn person(n: [usize; 4]) -> Erase {
    let erase = match n[1] % 4 {
        0 => Erase::new(name(n[0])),
        1 => Erase::new(address_of(n[0])),
        _ => Erase::new(name(n[0])).and(address_of(3 * n[0])).and(address_of(3 * n[0] + 2)),
    };
    let erase = if n[2].is_multiple_of(4) { erase.at_most(1) } else { erase };
    if n[3].is_multiple_of(2) { erase.dropping_blocks() } else { erase }
}

pub(super) fn block(n: usize) -> Block {
    if n % 4 < 2 { Block::Organization } else { Block::No }
}
