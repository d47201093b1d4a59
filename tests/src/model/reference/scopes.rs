//! What a member holds in one scope: what speaks against changing it, and what comes of losing it.

use chrono::{DateTime, Utc};
use invite::core::Access;
use invite::{Actor, Grant, Grants, InvitationKind, InvitationState, Permission, Scope, UserId};

use super::super::rights::entitled;
use super::{Reference, Why, names, reason};

/// Whether they leave a group by themselves.
pub(super) fn leaves(user: &UserId, scope: &Scope, access: Option<&Access>, by: &Actor) -> bool {
    access.is_none() && scope.group().is_some() && by.user() == Some(user)
}

/// What is granted in one scope, if anything is.
fn only(scope: &Scope, access: Option<&Access>) -> Grants {
    access.map(|access| Grant::new(scope.clone(), access.clone())).into_iter().collect()
}

impl Reference {
    pub(super) fn against_changing_in(
        &self,
        user: &UserId,
        scope: &Scope,
        access: Option<&Access>,
        by: &Actor,
    ) -> Why {
        let leaves = leaves(user, scope, access, by);
        let mut why = if leaves { self.not_closed() } else { self.open() };
        let Some(member) = self.members.get(user) else {
            why.extend(["unknown-member"]);
            return why;
        };
        let (held, given) = (only(scope, member.grants.access(scope)), only(scope, access));
        why.extend(reason("not-entitled", !entitled(&self.plan, &given)));
        if held != given {
            why.extend(self.against_groups(&given));
        }
        let owner = member.grants.is_owner();
        why.extend(reason("owner-protected", owner && by.user() != Some(user)));
        why.extend(reason("member-suspended", (owner || leaves) && !member.is_active()));
        if owner && *scope == Scope::Organization {
            why.extend(reason("last-owner", self.owners() == 1));
        } else if !leaves {
            let (by, change) = (self.holder(by), &Permission::CHANGE_ACCESS);
            why.extend(reason("not-permitted", !by.may(&self.model, change, scope)));
            why.extend(by.lacks_authority(&self.model, change, &held, false));
            why.extend(by.lacks_authority(&self.model, change, &given, true));
        }
        let alone = access.is_none() && member.grants.scopes().all(|held| held == scope);
        why.extend(reason("last-grant", alone));
        why
    }

    /// What is open for a member and names a scope that they hold nothing in any more ends (LIF-7c).
    pub(super) fn lose(&mut self, user: &UserId, before: &Grants, now: DateTime<Utc>) {
        let Some(member) = self.members.get(user).cloned() else { return };
        let lost = |scope: &Scope| before.access(scope).is_some() && member.grants.access(scope).is_none();
        for name in names(user, member.email.as_ref()) {
            self.end_all(InvitationState::Revoked, now, |row| {
                let membership = row.kind == InvitationKind::Membership;
                row.invitee == name && membership && row.grants.scopes().any(lost)
            });
            self.settle_requests(&name, now, |grants| grants.scopes().any(lost));
        }
    }
}
