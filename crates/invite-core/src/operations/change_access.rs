//! Change what a member holds.

use serde::{Deserialize, Serialize};

use super::join::settle;
use crate::authority::check_grants;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    OwnerProtected, UnknownMember, refused, refused_for_authority, refused_for_grants, refused_for_seats,
    refused_when_closed,
};
use crate::rules::{authority, organization, require_open};
use crate::seats::{end_due, require_seat, seat_of, takes_another};
use crate::{Actor, Draft, Event, Grants, Host, Operation, Permission, Reads, SeatClass, Stop, UserId};

/// Changes all that a member holds, at once (A7, C5). Raising takes the seat and authority checks again.
///
/// Needs authority over what they hold now and over what they shall hold. An owner is changed by nobody else,
/// and steps down if another one remains (C6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeAccess {
    user: UserId,
    grants: Grants,
}

impl ChangeAccess {
    /// What the member holds from now on, in every scope.
    pub fn new(user: UserId, grants: impl Into<Grants>) -> Self {
        Self { user, grants: grants.into() }
    }
}

/// What came of changing access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessChanged {
    /// Who.
    pub user: UserId,
    /// What they hold now.
    pub grants: Grants,
    /// The seat class they take now.
    pub seat: Option<SeatClass>,
}

refused! {
    /// Why access was not changed.
    ChangeAccessRefused:
        OrganizationSuspended, OrganizationClosed, UnknownMember, OwnerProtected, LastOwner, NotPermitted,
        NotGrantable, GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, NotEntitled,
        TooLarge, NoSeatLeft, SeatClassNotInPlan
}
refused_when_closed!(ChangeAccessRefused);
refused_for_grants!(ChangeAccessRefused);
refused_for_authority!(ChangeAccessRefused);
refused_for_seats!(ChangeAccessRefused);

impl Sealed for ChangeAccess {}

impl Operation for ChangeAccess {
    type Outcome = AccessChanged;
    type Refusal = ChangeAccessRefused;
    const NAME: &'static str = "change-access";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).person(self.user.clone()).due()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let unknown = UnknownMember { user: self.user.clone() };
        let member = draft.member(&self.user)?.cloned().ok_or(ChangeAccessRefused::from(unknown))?;
        let known = check_grants(host.model, &organization::<ChangeAccessRefused>(draft)?.plan, &self.grants);
        draft.rule("AUT-3", known.map_err(ChangeAccessRefused::from))?;
        let by = authority::<ChangeAccessRefused>(host, draft, actor)?;
        if member.is_owner() {
            let own = actor.user() == Some(&self.user);
            draft.rule("C6", if own { Ok(()) } else { Err(ChangeAccessRefused::from(OwnerProtected {})) })?;
            super::require_another_owner::<ChangeAccessRefused>(draft)?;
        } else {
            let over = by.require_over(&Permission::CHANGE_ACCESS, &member.grants);
            let permitted =
                self.grants.scopes().try_for_each(|scope| by.require(&Permission::CHANGE_ACCESS, scope));
            let grantable = by.require_grantable(&self.grants);
            draft.rule("AUT-1", over.map_err(ChangeAccessRefused::from))?;
            draft.rule("AUT-1", permitted.map_err(ChangeAccessRefused::from))?;
            draft.rule("AUT-2", grantable.map_err(ChangeAccessRefused::from))?;
        }
        let (grants, seat) = (self.grants.clone(), seat_of(host.model, &self.grants));
        if grants != member.grants || seat != member.seat {
            end_due(host.model, draft)?;
            draft.emit(Event::MemberAccessChanged {
                user: self.user.clone(),
                grants: grants.clone(),
                seat: seat.clone(),
            });
            let now = crate::Member { grants: grants.clone(), seat: seat.clone(), ..member.clone() };
            settle::<ChangeAccessRefused>(host.model, draft, &now, [])?;
            if takes_another(Some(&member), seat.as_ref()) {
                require_seat(draft, seat.as_ref())?;
            }
        }
        Ok(AccessChanged { user: self.user.clone(), grants, seat })
    }
}
