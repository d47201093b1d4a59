//! Rights, written without the code under test: a right is a permission in a scope on one resource, and somebody
//! has it if some access of theirs that holds there includes it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use invite::core::{Access, Grants, ResourceKind};
use invite::{AccessModel, GroupId, Permission, Restriction, Scope};

use super::cast::RESOURCES;

/// A permission in a scope, on a resource of a kind.
type Right<'a> = (&'a Scope, &'a Permission, &'a ResourceKind, &'static str);

/// Whoever asks or grants.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holder<'a> {
    /// The host itself.
    Host,
    /// A member with grants, or nobody; and the groups that were closed, where nothing is held.
    Member(Option<&'a Grants>, &'a BTreeSet<GroupId>),
}

impl<'a> Holder<'a> {
    fn holding(self, scope: &'a Scope) -> impl Iterator<Item = &'a Access> {
        let (grants, closing) = match self {
            Self::Host => (None, None),
            Self::Member(grants, closing) => (grants, Some(closing)),
        };
        let open = move |id: &GroupId| closing.is_none_or(|closing| !closing.contains(id));
        let holds = move |held: &Scope| match held {
            Scope::Organization => true,
            Scope::Group(id) => held == scope && open(id),
        };
        grants
            .into_iter()
            .flat_map(|grants| grants.iter())
            .filter(move |(held, _)| holds(held))
            .map(|(_, access)| access)
    }

    pub(super) fn may(self, model: &AccessModel, permission: &Permission, scope: &Scope) -> bool {
        matches!(self, Self::Host)
            || self.holding(scope).any(|access| model.permissions_of(access).contains(permission))
    }

    pub(super) fn is_owner(self) -> bool {
        match self {
            Self::Host => true,
            Self::Member(grants, _) => grants.is_some_and(Grants::is_owner),
        }
    }

    /// Whether they may manage what is granted with its role; or, where it is granted, as long as that lasts (F14).
    fn may_grant_role(self, model: &AccessModel, scope: &Scope, access: &Access, granting: bool) -> bool {
        match self {
            Self::Host => access.role_name().as_str() != "owner",
            Self::Member(..) => self
                .holding(scope)
                .filter(|held| !granting || lasts(held, access))
                .filter_map(|held| model.role(held.role_name()))
                .any(|role| role.grantable().contains(access.role_name())),
        }
    }

    /// Whether they have a right as long as an access lasts.
    fn has(self, model: &AccessModel, granted: &Access, right: Right<'_>) -> bool {
        let (scope, permission, kind, resource) = right;
        matches!(self, Self::Host)
            || self.holding(scope).filter(|held| lasts(held, granted)).any(|access| {
                model.permissions_of(access).contains(permission)
                    && access.resources().get(kind).is_none_or(|restriction| restriction.includes(resource))
            })
    }

    /// Whether they have, on every resource that an access reaches, this permission of it.
    fn has_all(self, model: &AccessModel, scope: &Scope, access: &Access, permission: &Permission) -> bool {
        model.resource_kinds().iter().all(|kind| {
            reached(access, kind).iter().all(|one| self.has(model, access, (scope, permission, kind, one)))
        })
    }

    /// A permission of these grants that they lack somewhere (AUT-2).
    pub(super) fn lacks(self, model: &AccessModel, grants: &Grants) -> Option<(Scope, Permission)> {
        grants.iter().find_map(|(scope, access)| {
            let permissions = model.permissions_of(access);
            let lacking = permissions.into_iter().find(|one| !self.has_all(model, scope, access, one));
            Some((scope.clone(), lacking?))
        })
    }

    /// Why they may not grant this, or manage what was granted: the codes of all that is in the way.
    pub(super) fn lacks_authority(
        self,
        model: &AccessModel,
        permission: &Permission,
        grants: &Grants,
        granting: bool,
    ) -> BTreeSet<&'static str> {
        let mut why = BTreeSet::new();
        for (scope, access) in grants.iter() {
            if !self.may(model, permission, scope) {
                why.insert("not-permitted");
            }
            if !self.may_grant_role(model, scope, access, granting) {
                why.insert("not-grantable");
            }
        }
        if granting && self.lacks(model, grants).is_some() {
            why.insert("not-grantable");
        }
        why
    }

    /// Whether they may grant all of this, role by role and right by right (AUT-2).
    pub(super) fn may_grant(self, model: &AccessModel, grants: &Grants) -> bool {
        grants.iter().all(|(scope, access)| self.may_grant_role(model, scope, access, true))
            && self.lacks(model, grants).is_none()
    }

    /// What of some grants may still be given by a permission (AUT-4): the permissions that they have on something, on
    /// what they have all of these on, for as long as they have the one to give by.
    pub(super) fn reduced(self, model: &AccessModel, with: &Permission, grants: &Grants) -> Grants {
        let one = |(scope, access): (&Scope, &Access)| {
            let mut left = access.clone();
            if let Some(end) = self.until(model, with, scope).into_iter().chain(access.ends_at()).min() {
                left = left.until(end);
            }
            let may = self.may(model, with, scope) && self.may_grant_role(model, scope, &left, true);
            let granted = model.permissions_of(access);
            let had = |permission: &&Permission| {
                let mut held = self.holding(scope).filter(|held| lasts(held, &left));
                let holds = matches!(self, Self::Host)
                    || held.any(|held| model.permissions_of(held).contains(permission));
                holds
                    && model.resource_kinds().iter().all(|kind| {
                        let asked = reached(access, kind);
                        let has = |one: &&'static str| self.has(model, &left, (scope, permission, kind, one));
                        asked.is_empty() || asked.iter().any(has)
                    })
            };
            let (kept, lost) = granted.iter().partition::<BTreeSet<_>, _>(had);
            let mut nothing = kept.is_empty() && !lost.is_empty();
            let without = lost.into_iter().fold(left.clone(), |left, one| left.removing(one.clone()));
            let restricted = model.resource_kinds().iter().fold(without, |restricted, kind| {
                let asked = reached(access, kind);
                let with_all =
                    |one: &&'static str| kept.iter().all(|it| self.has(model, &left, (scope, it, kind, one)));
                let both = asked.iter().copied().filter(with_all).collect::<BTreeSet<_>>();
                nothing |= both.is_empty() && !asked.is_empty();
                if both == asked {
                    restricted
                } else {
                    restricted.restricted(kind.clone(), Restriction::only(both))
                }
            });
            (may && !nothing).then(|| invite::Grant::new(scope.clone(), restricted))
        };
        grants.iter().filter_map(one).collect()
    }

    /// Until when they hold a permission in a scope; `None` does not end by itself.
    fn until(self, model: &AccessModel, permission: &Permission, scope: &Scope) -> Option<DateTime<Utc>> {
        let with = self.holding(scope).filter(|held| model.permissions_of(held).contains(permission));
        with.map(Access::ends_at).collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// The resources of a kind that an access reaches.
fn reached(access: &Access, kind: &ResourceKind) -> BTreeSet<&'static str> {
    let these = access.resources().get(kind);
    RESOURCES.into_iter().filter(|one| these.is_none_or(|these| these.includes(one))).collect()
}

/// Whether what is held does not end before what is granted (F14).
fn lasts(held: &Access, granted: &Access) -> bool {
    match (held.ends_at(), granted.ends_at()) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(held), Some(granted)) => granted <= held,
    }
}

/// What a member gets who comes into an open group: nothing that outlives the membership.
pub(super) fn as_long_as(held: &Grants, given: &Grants) -> Grants {
    let ends = held.iter().map(|(_, access)| access.ends_at()).collect::<Option<Vec<_>>>();
    let Some(over) = ends.unwrap_or_default().into_iter().max() else { return given.clone() };
    let one = |(scope, access): (&Scope, &Access)| {
        let end = access.ends_at().map_or(over, |end| end.min(over));
        invite::Grant::new(scope.clone(), access.clone().until(end))
    };
    given.iter().map(one).collect()
}

/// What whoever creates a group gets in it: a role, without what was taken from them in the organization, and no longer
/// than they hold that.
pub(super) fn creators_grant(role: &'static str, held: &Grants, id: &GroupId) -> Grants {
    let grant = invite::Grant::role(role).in_group(id.clone());
    let Some(held) = held.access(&Scope::Organization) else { return grant.into() };
    let grant = held.ends_at().map_or(grant.clone(), |end| grant.until(end));
    let grant = held.removed().iter().fold(grant, |grant, taken| grant.removing(taken.clone()));
    let kinds = held.resources().iter();
    kinds.fold(grant, |grant, (kind, only)| grant.restricted(kind.clone(), only.clone())).into()
}

/// Whether a plan has enabled all that is named.
pub(super) fn entitled(plan: &invite::Plan, grants: &Grants) -> bool {
    grants.iter().all(|(_, access)| {
        let covered = |(kind, asked): (&ResourceKind, &Restriction)| match (plan.entitlement(kind), asked) {
            (_, Restriction::All) | (Restriction::All, _) => true,
            (Restriction::Only(enabled), Restriction::Only(these)) => {
                these.iter().all(|one| enabled.contains(one))
            }
        };
        access.resources().iter().all(covered)
    })
}
