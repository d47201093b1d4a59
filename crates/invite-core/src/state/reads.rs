//! What a command needs to see.

use alloc::string::String;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, EmailAddress, Grants, GroupId, InvitationId, Invitee, LimitSubject, LinkId, RequestId, Scope,
    SortedSet, UserId,
};

/// The key under which a repeated command is recognised (LIF-12): it is scoped to the actor and operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "part of a row: every adapter reads and writes all of it")]
pub struct CommandKey {
    /// Who performs the command.
    pub actor: Actor,
    /// The operation's name.
    pub operation: String,
    /// The key that the host gave, 1 to 255 bytes.
    pub key: String,
}

/// What a command needs to see: keys that the store closes over.
///
/// The organization always comes along. Beyond that, for each key:
///
/// | key | brings |
/// |---|---|
/// | invitation | the row, when it was mailed last, its inviter's membership, its invitee, and the groups it names |
/// | invitee | its open invitations with the groups they name, its suppressions, here and everywhere, the membership of that user or with that address, and its open join requests where the organization has any |
/// | member | the row |
/// | person | the member, and as invitees both the user and the address they joined with |
/// | sent by | the open invitations of an inviter, up to [`MAX_SENT`](Self::MAX_SENT) of each, and their invitees |
/// | group | the row |
/// | link | the row, its creator's membership, and the groups it names |
/// | request | the row, whoever would join by every name that it tells, the proposer's membership, the groups it names, and the link it came by with its creator's membership |
/// | domain | the groups that it grants access to, where it is verified |
/// | kept links | all links that did not end |
/// | limit | the time kept for the subject |
/// | command | the record of an earlier command with this key |
/// | due | open invitations past their expiry and their invitees, and members whose access ended, as persons: up to so many of each, the longest past first |
/// | due requests | open join requests past their expiry, up to so many, the longest past first |
/// | closing | the first of the closed groups that rows still name: its row, members in it, open invitations to it and open join requests to nothing else, up to so many of each, all that is addressed to them, and the kept links; the kept links also where the organization was closed |
/// | past | of whoever has an address, or is a user: all their names (the member's user and the address they joined with), each as an invitee, with its invitations that ended and were not erased and the join requests that tell it, up to [`PAST`](Self::PAST) of each, and the memberships of those who answered the invitations |
/// | overdue | invitations and join requests that ended so long ago that they are to be erased, up to so many of each, the longest ended first |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reads {
    /// Invitations by id.
    pub invitations: SortedSet<InvitationId>,
    /// Invitees.
    pub invitees: SortedSet<Invitee>,
    /// Members by user.
    pub members: SortedSet<UserId>,
    /// Users, with all that is addressed to them.
    pub people: SortedSet<UserId>,
    /// Members whose memberships are looked up by the address they joined with.
    pub addresses: SortedSet<EmailAddress>,
    /// Inviters whose open invitations are needed.
    pub sent_by: SortedSet<UserId>,
    /// Groups by id.
    pub groups: SortedSet<GroupId>,
    /// Invite links by id.
    pub links: SortedSet<LinkId>,
    /// Join requests by id.
    pub requests: SortedSet<RequestId>,
    /// Invitees whose open join requests are needed.
    pub asked: SortedSet<Invitee>,
    /// Domains of addresses, by which somebody may come in.
    pub domains: SortedSet<String>,
    /// Whether all links that did not end are needed.
    pub kept_links: bool,
    /// Subjects of limits on rate.
    pub limits: SortedSet<LimitSubject>,
    /// Keys of earlier commands.
    pub commands: SortedSet<CommandKey>,
    /// How many open invitations past their expiry are needed, and members whose access ended; 0 for none.
    pub due: u32,
    /// How many open join requests past their expiry are needed; 0 for none.
    pub due_requests: u32,
    /// How many rows that name a closed group are needed; 0 for none.
    pub closing: u32,
    /// Persons of whom is needed what is to be erased: invitations that ended, and join requests.
    pub past: SortedSet<Invitee>,
    /// How many invitations, and as many join requests, that are to be erased are needed; 0 for none.
    pub overdue: u32,
    /// How long ended invitations and join requests are kept where the organization does not say so; `None`: for ever.
    pub retention: Option<TimeDelta>,
}

impl Reads {
    /// How many open invitations of one inviter are loaded at the most.
    pub const MAX_SENT: usize = 1_000;

    /// How many open invitations one invitee may have (ABU-3): one more is refused with
    /// [`TooManyOpen`](crate::TooManyOpen). A store that finds more fails, for a part of them is not the truth.
    pub const MAX_OPEN: usize = 256;

    /// How many links an organization may have that did not end (ABU-3). A store that finds more fails.
    pub const MAX_LINKS: usize = 256;

    /// How many open join requests there may be for one invitee (ABU-3). A store that finds more fails.
    pub const MAX_ASKED: usize = 256;

    /// How many invitations that ended are loaded of one invitee at the most, and how many join requests.
    pub const PAST: u32 = 256;

    /// How many open invitations past their expiry come with a command that needs the room, and as many members.
    pub const DUE: u32 = 64;

    /// Nothing but the organization.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also an invitation.
    #[must_use]
    pub fn invitation(mut self, id: InvitationId) -> Self {
        self.invitations.insert(id);
        self
    }

    /// Also an invitee.
    #[must_use]
    pub fn invitee(mut self, invitee: Invitee) -> Self {
        self.invitees.insert(invitee);
        self
    }

    /// Also a member.
    #[must_use]
    pub fn member(mut self, user: UserId) -> Self {
        self.members.insert(user);
        self
    }

    /// Also the membership of whoever acts, if it is a user.
    #[must_use]
    pub fn actor(mut self, actor: &Actor) -> Self {
        self.members.extend(actor.user().cloned());
        self
    }

    /// Also a user with all that is addressed to them.
    #[must_use]
    pub fn person(mut self, user: UserId) -> Self {
        self.people.insert(user);
        self
    }

    /// Also a group.
    #[must_use]
    pub fn group(mut self, id: GroupId) -> Self {
        self.groups.insert(id);
        self
    }

    /// Also the groups that grants name.
    #[must_use]
    pub fn groups_in(mut self, grants: &Grants) -> Self {
        self.groups.extend(grants.scopes().filter_map(Scope::group).cloned());
        self
    }

    /// Also an invite link.
    #[must_use]
    pub fn link(mut self, id: LinkId) -> Self {
        self.links.insert(id);
        self
    }

    /// Also a join request.
    #[must_use]
    pub fn request(mut self, id: RequestId) -> Self {
        self.requests.insert(id);
        self
    }

    /// Also all links that did not end.
    #[must_use]
    pub fn kept_links(mut self) -> Self {
        self.kept_links = true;
        self
    }

    /// Also the open invitations of an inviter.
    #[must_use]
    pub fn sent_by(mut self, user: UserId) -> Self {
        self.sent_by.insert(user);
        self
    }

    /// Also the limits on rate that mail sent by an actor counts against.
    #[must_use]
    pub fn limits_of(mut self, actor: &Actor) -> Self {
        self.limits.insert(LimitSubject::Organization);
        self.limits.extend(actor.user().cloned().map(LimitSubject::Inviter));
        self
    }

    /// Also so many rows of each kind that name a closed group.
    #[must_use]
    pub fn closing(mut self, limit: u32) -> Self {
        self.closing = limit;
        self
    }

    /// Also what somebody had, by all of their names.
    #[must_use]
    pub fn past(mut self, person: impl Into<Invitee>) -> Self {
        self.past.insert(person.into());
        self
    }

    /// Also so many invitations and join requests that ended so long ago that they are to be erased; how long they are kept where the
    /// organization does not say so.
    #[must_use]
    pub fn overdue(mut self, limit: u32, retention: Option<TimeDelta>) -> Self {
        (self.overdue, self.retention) = (limit, retention);
        self
    }

    /// Also what is past its expiry and still holds room.
    #[must_use]
    pub fn due(mut self) -> Self {
        self.due = Self::DUE;
        self
    }

    /// Also what `other` needs.
    pub fn extend(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        let Self {
            invitations,
            invitees,
            members,
            people,
            addresses,
            sent_by,
            groups,
            links,
            requests,
            asked,
            domains,
            kept_links,
            limits,
            commands,
            due,
            due_requests,
            closing,
            past,
            overdue,
            retention,
        } = other;
        self.invitations.extend(invitations);
        self.invitees.extend(invitees);
        self.members.extend(members);
        self.people.extend(people);
        self.addresses.extend(addresses);
        self.sent_by.extend(sent_by);
        self.groups.extend(groups);
        self.links.extend(links);
        self.requests.extend(requests);
        self.asked.extend(asked);
        self.domains.extend(domains);
        self.kept_links |= kept_links;
        self.limits.extend(limits);
        self.commands.extend(commands);
        self.due = self.due.max(due);
        self.due_requests = self.due_requests.max(due_requests);
        self.closing = self.closing.max(closing);
        self.past.extend(past);
        self.overdue = self.overdue.max(overdue);
        self.retention = self.retention.max(retention);
    }

    /// Whether nothing but the organization is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            invitations,
            invitees,
            members,
            people,
            addresses,
            sent_by,
            groups,
            links,
            requests,
            asked,
            domains,
            kept_links,
            limits,
            commands,
            due,
            due_requests,
            closing,
            past,
            overdue,
            retention: _, // which of the overdue, if any are
        } = self;
        let rows = invitations.is_empty() && invitees.is_empty() && members.is_empty() && people.is_empty();
        let others = addresses.is_empty() && sent_by.is_empty() && limits.is_empty() && commands.is_empty();
        let parts = groups.is_empty() && links.is_empty() && !kept_links;
        let asking = requests.is_empty() && asked.is_empty() && domains.is_empty() && *due_requests == 0;
        let erased = past.is_empty() && *overdue == 0;
        rows && others && parts && asking && erased && *due == 0 && *closing == 0
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn each_need_is_kept_and_told_from_none() {
        let (bob, key) =
            (user("bob"), CommandKey { actor: by("ada"), operation: "o".into(), key: "k".into() });
        let id = InvitationId::from_parts(World::new().now, [0; 10]);
        let (mut address_alone, mut command) = (Reads::new(), Reads::new());
        address_alone.addresses.insert(address("bob@example.com"));
        command.commands.insert(key);
        let each = [
            Reads::new().invitation(id),
            Reads::new().invitee(bob.clone().into()),
            Reads::new().member(bob.clone()),
            Reads::new().actor(&by("bob")),
            Reads::new().person(bob.clone()),
            address_alone,
            Reads::new().sent_by(bob),
            Reads::new().limits_of(&Actor::System),
            command,
            Reads::new().due(),
            Reads::new().group(group("red")),
            Reads::new().link(LinkId::from_parts(World::new().now, [0; 10])),
            Reads::new().request(RequestId::from_parts(World::new().now, [0; 10])),
            Reads { asked: [Invitee::from(user("bob"))].into(), ..Reads::new() },
            Reads { due_requests: 1, ..Reads::new() },
            Reads { domains: ["example.com".into()].into(), ..Reads::new() },
            Reads::new().kept_links(),
            Reads { closing: 1, ..Reads::new() },
            Reads { past: [user("bob").into()].into(), ..Reads::new() },
            Reads { overdue: 1, ..Reads::new() },
            Reads { overdue: 1, retention: Some(chrono::TimeDelta::days(1)), ..Reads::new() },
        ];
        assert!(Reads::new().is_empty() && Reads::new().actor(&Actor::System).is_empty());
        for one in &each {
            assert!(!one.is_empty(), "{one:?}");
            for other in &each {
                let mut both = one.clone();
                both.extend(other.clone());
                let mut reverse = other.clone();
                reverse.extend(one.clone());
                assert_eq!(both, reverse);
                both.extend(Reads::new());
                assert_eq!(both, reverse, "nothing more is needed");
            }
        }
    }
}
