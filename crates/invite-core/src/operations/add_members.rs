//! Add members directly: an existing product starts, or somebody is included without an invitation.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::join::{Joining, join};
use super::{SeatUse, seat_use};
use crate::authority::check_grants;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    Blocked, PartlyRefused, refused, refused_for_grants, refused_for_seats, refused_when_closed,
};
use crate::rules::{authority, organization, require_open};
use crate::seats::end_due;
use crate::{
    Actor, Draft, EmailAddress, Grants, Host, Invitee, JoinedBy, Metadata, Mode, Operation, Permission,
    Reads, Stop, SuppressionKind, UserId,
};

/// Somebody to add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewMember {
    user: UserId,
    email: Option<EmailAddress>,
    grants: Grants,
    metadata: Metadata,
}

impl NewMember {
    /// A user, and what they shall hold.
    pub fn new(user: UserId, grants: impl Into<Grants>) -> Self {
        Self { user, email: None, grants: grants.into(), metadata: Metadata::new() }
    }

    /// An address that the host verified to be theirs.
    #[must_use]
    pub fn email(mut self, address: EmailAddress) -> Self {
        self.email = Some(address);
        self
    }

    /// A note of the host.
    #[must_use]
    pub fn metadata(
        mut self,
        key: impl Into<alloc::string::String>,
        value: impl Into<alloc::string::String>,
    ) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// Adds members without invitation or mail: the host when a product starts (F22), or a member who holds
/// [`Permission::ADD`] and may grant what is granted. Seats, domains and blocks hold as for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddMembers {
    members: Vec<NewMember>,
    mode: Mode,
}

impl AddMembers {
    /// One member. If they cannot be added, the command is refused.
    #[must_use]
    pub fn one(member: NewMember) -> Self {
        Self::many([member])
    }

    /// Many, with a result for each.
    pub fn many(members: impl IntoIterator<Item = NewMember>) -> Self {
        Self { members: members.into_iter().collect(), mode: Mode::Each }
    }

    /// What to do if not all can be added.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }
}

/// What came of adding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembersAdded {
    /// One for each, in the order given.
    pub results: Vec<AddResult>,
    /// The organization's seats afterwards.
    pub seats: Vec<SeatUse>,
}

/// What came of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AddResult {
    /// Who.
    pub user: UserId,
    /// Why they were not added; `None` if they were.
    pub refused: Option<AddMembersRefused>,
}

refused! {
    /// Why somebody was not added, or nobody.
    AddMembersRefused:
        NothingAsked, TooLarge, PartlyRefused, OrganizationSuspended, OrganizationClosed, NotPermitted, NotGrantable,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, NotEntitled,
        DomainNotAllowed, Blocked, AlreadyMember, AddressOfAnotherMember, NoSeatLeft, SeatClassNotInPlan
}
refused_when_closed!(AddMembersRefused);
refused_for_grants!(AddMembersRefused);
refused_for_seats!(AddMembersRefused);

impl Sealed for AddMembers {}

impl Operation for AddMembers {
    type Outcome = MembersAdded;
    type Refusal = AddMembersRefused;
    const NAME: &'static str = "add-members";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor).due();
        for member in &self.members {
            reads.people.insert(member.user.clone());
            reads.invitees.extend(member.email.clone().map(Invitee::Address));
        }
        reads
    }

    fn rows(&self) -> usize {
        2 * self.members.len()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        super::require_count(host.model, self.members.len())?;
        end_due(host.model, draft)?;
        let mut results = Vec::with_capacity(self.members.len());
        for (position, member) in self.members.iter().enumerate() {
            draft.about(Some(position));
            let mark = draft.mark();
            let refused = match add_one(host, actor, draft, member) {
                Ok(()) => None,
                Err(Stop::Refused(reason)) if self.members.len() > 1 => {
                    draft.roll_back(mark);
                    Some(reason)
                }
                Err(stop) => return Err(stop),
            };
            results.push(AddResult { user: member.user.clone(), refused });
        }
        draft.about(None);
        if self.mode == Mode::AllOrNothing {
            let refused = results.iter().enumerate();
            let refused = refused.filter_map(|(position, result)| Some((position, result.refused.as_ref()?)));
            let all = PartlyRefused::unless_empty(refused).map_err(AddMembersRefused::from);
            draft.rule("SEA-6", all)?;
        }
        Ok(MembersAdded { results, seats: seat_use(host.model, organization(draft)?) })
    }
}

fn add_one(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    member: &NewMember,
) -> Result<(), Stop<AddMembersRefused>> {
    let grants = &member.grants;
    let known = check_grants(host.model, &organization::<AddMembersRefused>(draft)?.plan, grants);
    draft.rule("AUT-3", known.map_err(AddMembersRefused::from))?;
    let by = authority::<AddMembersRefused>(host, draft, actor)?;
    let permitted = grants.scopes().try_for_each(|scope| by.require(&Permission::ADD, scope));
    let grantable = by.require_grantable(grants);
    draft.rule("AUT-1", permitted.map_err(AddMembersRefused::from))?;
    draft.rule("AUT-2", grantable.map_err(AddMembersRefused::from))?;
    let address = member.email.clone().map(Invitee::Address);
    let known_as = [Invitee::User(member.user.clone())].into_iter().chain(address).collect::<Vec<_>>();
    for invitee in &known_as {
        let blocked = draft.suppressed_since(invitee, SuppressionKind::Invitations)?.is_some();
        draft.rule("F11", if blocked { Err(AddMembersRefused::from(Blocked {})) } else { Ok(()) })?;
    }
    join(
        host.model,
        draft,
        Joining {
            user: &member.user,
            email: member.email.as_ref(),
            grants,
            known_as,
            joined_by: JoinedBy::BeingAdded,
            metadata: member.metadata.clone(),
        },
    )?;
    Ok(())
}
