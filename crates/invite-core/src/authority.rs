//! What somebody may do, and what an actor may grant: the one place where both are decided (AUT-1 to AUT-3).

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::refusal::{
    GrantsMissing, InvalidEnd, NeverGrantable, NotEntitled, NotGrantable, NotPermitted, TooLarge,
    UnknownPermission, UnknownResourceKind, UnknownRole,
};
use crate::{
    Access, AccessModel, Grant, Grants, Organization, Permission, Plan, ResourceKind, Restriction, RoleName,
    Scope, UserId, bounded,
};

/// Who performs a command: a user of the host, or the host itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "somebody or the host; there is no third")]
pub enum Actor {
    /// A user.
    User(UserId),
    /// The host: its billing, its operators, its jobs. Permitted everything that the rules of the
    /// organization allow; seats and limits hold for it too.
    System,
}

impl Actor {
    /// The user, unless it is the system.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::System => None,
        }
    }
}

impl From<UserId> for Actor {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

/// What somebody may do here, worked out from what they hold.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    model: &'a AccessModel,
    organization: &'a Organization,
    held: Held<'a>,
    counts: Counts,
}

/// Which of the accesses that are held count.
#[derive(Debug, Clone, Copy)]
enum Counts {
    /// Those that have not ended at this time.
    At(DateTime<Utc>),
    /// Those that do not end before this time.
    Until(DateTime<Utc>),
    /// Those that do not end by themselves.
    ForEver,
}

impl Counts {
    fn holds(self, access: &Access) -> bool {
        match (access.until, self) {
            (None, _) => true,
            (Some(_), Self::ForEver) => false,
            (Some(end), Self::At(now)) => now < end,
            (Some(end), Self::Until(asked)) => asked <= end,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Held<'a> {
    Everything,
    Grants(&'a Grants),
    Nothing,
}

impl<'a> Authority<'a> {
    /// The authority of the host itself.
    #[must_use]
    pub fn system(model: &'a AccessModel, organization: &'a Organization) -> Self {
        Self { model, organization, held: Held::Everything, counts: Counts::ForEver }
    }

    /// The authority at a time of a member of an organization with these grants, or of somebody who is no member. What
    /// has ended by then gives none (F14), nor does what is held in a group that was closed, from that moment on, also
    /// before [`Tidy`](crate::Tidy) has taken it away (LIF-8).
    #[must_use]
    pub fn of(
        model: &'a AccessModel,
        organization: &'a Organization,
        grants: Option<&'a Grants>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            model,
            organization,
            held: grants.map_or(Held::Nothing, Held::Grants),
            counts: Counts::At(now),
        }
    }

    /// The authority of what is held for as long as an access lasts.
    fn lasting(self, access: &Access) -> Self {
        Self { counts: access.until.map_or(Counts::ForEver, Counts::Until), ..self }
    }

    /// The accesses that hold in a scope, of those that count.
    fn holding(&self, grants: &'a Grants, scope: &Scope) -> impl Iterator<Item = &'a Access> {
        let (counts, closing) = (self.counts, &self.organization.closing);
        let works = move |held: &Scope| held.group().is_none_or(|group| !closing.contains(group));
        let held = grants.iter().filter(move |(held, _)| held.covers(scope) && works(held));
        held.map(|(_, access)| access).filter(move |access| counts.holds(access))
    }

    /// Until when a permission is held in a scope; `None` does not end by itself.
    pub(crate) fn held_until(&self, permission: &Permission, scope: &Scope) -> Option<DateTime<Utc>> {
        let Held::Grants(grants) = self.held else { return None };
        let with = self.holding(grants, scope).filter(|access| self.model.includes(access, permission));
        with.map(|access| access.until).collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Whether they hold a permission in a scope (C7: what was not granted is refused).
    #[must_use]
    pub fn may(&self, permission: &Permission, scope: &Scope) -> bool {
        match self.held {
            Held::Everything => true,
            Held::Nothing => false,
            Held::Grants(grants) => {
                self.holding(grants, scope).any(|access| self.model.includes(access, permission))
            }
        }
    }

    /// Whether they hold a permission in a scope for one resource, which the plan must have enabled (D2).
    #[must_use]
    pub fn may_with(
        &self,
        permission: &Permission,
        scope: &Scope,
        kind: &ResourceKind,
        resource: &str,
    ) -> bool {
        let reaches = match self.held {
            Held::Everything => true,
            Held::Nothing => false,
            Held::Grants(grants) => self.holding(grants, scope).any(|access| {
                self.model.includes(access, permission) && access.restriction(kind).includes(resource)
            }),
        };
        reaches && self.organization.plan.entitlement(kind).includes(resource)
    }

    /// Every permission held in a scope.
    #[must_use]
    pub fn permissions(&self, scope: &Scope) -> Vec<Permission> {
        self.model.permissions().iter().filter(|permission| self.may(permission, scope)).cloned().collect()
    }

    /// Whether they are an owner, or the host.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        match self.held {
            Held::Everything => true,
            Held::Grants(grants) => grants.is_owner(),
            Held::Nothing => false,
        }
    }

    /// Requires a permission in a scope.
    ///
    /// # Errors
    /// [`NotPermitted`] names the permission and the roles that have it (A2).
    pub(crate) fn require(&self, permission: &Permission, scope: &Scope) -> Result<(), NotPermitted> {
        if self.may(permission, scope) {
            return Ok(());
        }
        Err(NotPermitted { permission: permission.clone(), roles: self.model.roles_with(permission) })
    }

    /// Requires a permission in the organization or in any group.
    ///
    /// # Errors
    /// [`NotPermitted`] as from [`require`](Self::require).
    pub(crate) fn require_anywhere(&self, permission: &Permission) -> Result<(), NotPermitted> {
        let held = match self.held {
            Held::Grants(grants) => grants.scopes().any(|scope| self.may(permission, scope)),
            Held::Everything | Held::Nothing => false,
        };
        if held { Ok(()) } else { self.require(permission, &Scope::Organization) }
    }

    /// Requires a permission in the scope of every grant, and that the role of every grant is one that the
    /// actor may grant: authority over what somebody else granted (AUT-1).
    pub(crate) fn require_over(&self, permission: &Permission, grants: &Grants) -> Result<(), Unmanageable> {
        for (scope, access) in grants.iter() {
            self.require(permission, scope)?;
            if !self.may_grant_role(scope, &access.role) {
                return Err(NotGrantable::lacking_role(scope, &access.role).into());
            }
        }
        Ok(())
    }

    /// Requires that the actor may grant all of this: every permission held, every resource within the
    /// actor's own restrictions, every role grantable by the actor's role (AUT-2), and nothing for longer than the
    /// actor holds it (F14).
    pub(crate) fn require_grantable(&self, grants: &Grants) -> Result<(), NotGrantable> {
        let limited = matches!(self.held, Held::Grants(held) if held.ends_at().is_some());
        grants.iter().try_for_each(|(scope, access)| {
            self.require_one_grantable(scope, access)?;
            if limited && self.lasting(access).require_one_grantable(scope, access).is_err() {
                return Err(NotGrantable::lacking_time(scope, &access.role));
            }
            Ok(())
        })
    }

    fn require_one_grantable(&self, scope: &Scope, access: &Access) -> Result<(), NotGrantable> {
        if !self.may_grant_role(scope, &access.role) {
            return Err(NotGrantable::lacking_role(scope, &access.role));
        }
        if self.holds_everything() {
            return Ok(());
        }
        let granted = self.model.permissions().iter();
        for permission in granted.filter(|permission| self.model.includes(access, permission)) {
            if !self.may(permission, scope) {
                return Err(NotGrantable::lacking_permission(scope, &access.role, permission));
            }
            for kind in self.model.resource_kinds() {
                if !self.reaches(permission, scope, kind, access.restriction(kind)) {
                    return Err(NotGrantable::lacking_resource(scope, &access.role, permission, kind));
                }
            }
        }
        Ok(())
    }

    /// Whether the actor may give these grants by a permission: what acceptance asks about the inviter (AUT-4).
    pub(crate) fn may_grant_with(&self, permission: &Permission, grants: &Grants) -> bool {
        grants.scopes().all(|scope| self.may(permission, scope)) && self.require_grantable(grants).is_ok()
    }

    /// What of these grants the actor may give by a permission, for as long as they hold it themselves (AUT-4).
    pub(crate) fn reduced(&self, with: &Permission, grants: &Grants) -> Grants {
        let reduced = grants.iter().filter_map(|(scope, access)| {
            let grant = Grant::new(scope.clone(), self.reduced_access(with, scope, access)?);
            Some(grant).filter(|grant| self.may_grant_with(with, &grant.clone().into()))
        });
        reduced.collect()
    }

    /// An access with the permissions that the actor reaches some of its resources with, on the resources that they
    /// reach with all of these. `None` if nothing is left that was there.
    fn reduced_access(&self, with: &Permission, scope: &Scope, asked: &Access) -> Option<Access> {
        let mut left = asked.clone();
        left.until = asked.until.into_iter().chain(self.held_until(with, scope)).min();
        let by = self.lasting(&left);
        let is_lost = |asked: &Restriction, left: &Restriction| left.is_empty() && !asked.is_empty();
        for permission in self.model.permissions_of(asked) {
            let kinds = self.model.resource_kinds().iter();
            let reached = kinds.map(|kind| (kind, by.reach(&permission, scope, kind))).collect::<Vec<_>>();
            let mut among = reached.iter().map(|(kind, reach)| (*kind, asked.restriction(kind).among(reach)));
            let lost = among.any(|(kind, left)| is_lost(asked.restriction(kind), &left));
            if lost || !by.may(&permission, scope) {
                left = left.removing(permission);
                continue;
            }
            for (kind, reach) in &reached {
                let among = left.restriction(kind).among(reach);
                if among != *left.restriction(kind) {
                    left = left.restricted((*kind).clone(), among);
                }
            }
        }
        let permits = |access: &Access| !self.model.permissions_of(access).is_empty();
        let mut kinds = self.model.resource_kinds().iter();
        let lost = kinds.any(|kind| is_lost(asked.restriction(kind), left.restriction(kind)));
        (!lost && permits(&left) == permits(asked)).then_some(left)
    }

    /// Whether every permission is held in every scope for every resource: by the host, and by an owner from
    /// whom nothing was taken away.
    fn holds_everything(&self) -> bool {
        match self.held {
            Held::Everything => true,
            Held::Nothing => false,
            Held::Grants(grants) => grants.access(&Scope::Organization).is_some_and(|access| {
                access.role == RoleName::OWNER && access.remove.is_empty() && access.resources.is_empty()
            }),
        }
    }

    fn may_grant_role(&self, scope: &Scope, role: &RoleName) -> bool {
        match self.held {
            Held::Everything => *role != RoleName::OWNER,
            Held::Nothing => false,
            Held::Grants(grants) => self
                .holding(grants, scope)
                .filter_map(|access| self.model.role(&access.role))
                .any(|held| held.may_grant.contains(role)),
        }
    }

    /// Whether what is held with the permission, all of it together, covers the resources asked for.
    fn reaches(
        &self,
        permission: &Permission,
        scope: &Scope,
        kind: &ResourceKind,
        asked: &Restriction,
    ) -> bool {
        match (self.restrictions(permission, scope, kind), asked) {
            (None, _) => true,
            (Some(_), Restriction::All) => false,
            (Some(held), Restriction::Only(these)) => {
                these.iter().all(|one| held.iter().any(|restriction| restriction.includes(one)))
            }
        }
    }

    /// The resources that are reached with a permission, by all that is held together, as far as the plan has them (D2);
    /// `None` are all.
    fn reach(
        &self,
        permission: &Permission,
        scope: &Scope,
        kind: &ResourceKind,
    ) -> Option<BTreeSet<&'a str>> {
        let held = self.restrictions(permission, scope, kind)?.into_iter();
        let entitled = self.organization.plan.entitlement(kind);
        let these = held.filter_map(|restriction| match restriction {
            Restriction::All => None,
            Restriction::Only(these) => Some(these),
        });
        Some(these.flatten().map(String::as_str).filter(|one| entitled.includes(one)).collect())
    }

    /// What restricts the resources that are reached with a permission, in each access that holds; `None` if one of
    /// them reaches all.
    fn restrictions(
        &self,
        permission: &Permission,
        scope: &Scope,
        kind: &ResourceKind,
    ) -> Option<Vec<&'a Restriction>> {
        let grants = match self.held {
            Held::Everything => return None,
            Held::Nothing => return Some(Vec::new()),
            Held::Grants(grants) => grants,
        };
        let held = self.holding(grants, scope).filter(|access| self.model.includes(access, permission));
        let restrictions = held.map(|access| access.restriction(kind));
        restrictions.map(|one| (*one != Restriction::All).then_some(one)).collect()
    }
}

impl Restriction {
    /// Whether no resource is among them.
    fn is_empty(&self) -> bool {
        matches!(self, Self::Only(these) if these.is_empty())
    }

    /// Those of them that are reached; `None` are all.
    fn among(&self, reach: &Option<BTreeSet<&str>>) -> Self {
        match (reach, self) {
            (None, _) => self.clone(),
            (Some(reach), Self::All) => Self::only(reach.iter().copied()),
            (Some(reach), Self::Only(these)) => {
                Self::only(these.iter().filter(|one| reach.contains(one.as_str())).cloned())
            }
        }
    }
}

/// Why grants cannot be given by anybody, whoever asks.
pub(crate) enum Ungrantable {
    Missing(GrantsMissing),
    Role(UnknownRole),
    Permission(UnknownPermission),
    Never(NeverGrantable),
    Kind(UnknownResourceKind),
    Entitlement(NotEntitled),
    End(InvalidEnd),
    TooLarge(TooLarge),
}

/// Why somebody may not manage what somebody else granted.
pub(crate) enum Unmanageable {
    Permission(NotPermitted),
    Role(NotGrantable),
}

impl From<NotPermitted> for Unmanageable {
    fn from(reason: NotPermitted) -> Self {
        Self::Permission(reason)
    }
}

impl From<NotGrantable> for Unmanageable {
    fn from(reason: NotGrantable) -> Self {
        Self::Role(reason)
    }
}

/// Checks what holds of grants whoever gives them: they name what the model declares, nothing that their
/// role can never receive (B7), not the role of the owner (F16), only what the plan enables (D2), and nothing that has
/// ended already (F14).
pub(crate) fn check_grants(
    model: &AccessModel,
    plan: &Plan,
    grants: &Grants,
    now: DateTime<Utc>,
) -> Result<(), Ungrantable> {
    if grants.is_empty() {
        return Err(Ungrantable::Missing(GrantsMissing {}));
    }
    if grants.len() > model.caps.grants {
        return Err(Ungrantable::TooLarge(TooLarge::new("grants", model.caps.grants)));
    }
    if grants.resource_bytes() > model.caps.resource_bytes {
        return Err(Ungrantable::TooLarge(TooLarge::new("bytes of resources", model.caps.resource_bytes)));
    }
    grants.iter().try_for_each(|(_, access)| {
        let role = model.role(&access.role).filter(|role| role.name != RoleName::OWNER);
        let role = role.ok_or_else(|| Ungrantable::Role(UnknownRole { role: access.role.clone() }))?;
        for permission in access.add.iter().chain(&access.remove) {
            if !model.permissions.contains(permission) {
                return Err(Ungrantable::Permission(UnknownPermission { permission: permission.clone() }));
            }
        }
        if let Some(never) = access.add.intersection(&role.never).next() {
            let (role, permission) = (role.name.clone(), never.clone());
            return Err(Ungrantable::Never(NeverGrantable { role, permission }));
        }
        if access.until.is_some_and(|end| end <= now || bounded(end) != Ok(end)) {
            return Err(Ungrantable::End(InvalidEnd {}));
        }
        for (kind, asked) in &access.resources {
            if !model.kinds.contains(kind) {
                return Err(Ungrantable::Kind(UnknownResourceKind { kind: kind.clone() }));
            }
            if *asked != Restriction::All && !plan.entitlement(kind).covers(asked) {
                return Err(Ungrantable::Entitlement(NotEntitled { kind: kind.clone() }));
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;
    use crate::testing::*;
    use crate::{Grant, Invite, InviteRefused};

    #[test]
    fn a_resource_is_reached_by_who_holds_the_permission_for_it_where_the_plan_enables_it_c7_d2() {
        let model = model().build().unwrap();
        let world = World::with(roomy().entitled("account", Restriction::only(["a", "b"])));
        let organization = world.organization();
        let grants = Grants::from([
            Grant::role("client").restricted("account", Restriction::only(["a", "c"])),
            in_group("member", "blue").restricted("account", Restriction::only(["b"])),
        ]);
        let holder = Authority::of(&model, organization, Some(&grants), crate::MIN_TIME);
        let nobody = Authority::of(&model, organization, None, crate::MIN_TIME);
        let host = Authority::system(&model, organization);
        let (everywhere, blue) = (Scope::Organization, Scope::Group(group("blue")));
        for (sentence, authority, permission, scope, resource, expected) in [
            ("theirs", holder, "posts.view", &everywhere, "a", true),
            ("another one", holder, "posts.view", &everywhere, "b", false),
            ("a permission they lack", holder, "posts.publish", &everywhere, "a", false),
            ("theirs, and not enabled", holder, "posts.view", &everywhere, "c", false),
            ("theirs in the group", holder, "posts.publish", &blue, "b", true),
            ("a permission held for another one", holder, "posts.publish", &blue, "a", false),
            ("theirs everywhere, so in the group", holder, "posts.view", &blue, "a", true),
            ("nobody's", nobody, "posts.view", &everywhere, "a", false),
            ("the host's", host, "posts.view", &everywhere, "b", true),
            ("the host's, and not enabled", host, "posts.view", &everywhere, "c", false),
        ] {
            let may = authority.may_with(&permission.into(), scope, &"account".into(), resource);
            assert_eq!(may, expected, "{sentence}");
        }
    }

    #[test]
    fn as_many_grants_as_the_cap_says_are_given_and_no_more_abu_3() {
        let caps = crate::Caps { grants: 2, ..crate::Caps::default() };
        let mut world = World::of(model().caps(caps), roomy());
        world.groups(["g0", "g1", "g2"]);
        let many = |count| (0..count).map(|n| in_group("member", &format!("g{n}"))).collect::<Grants>();
        world.invite("bob@example.com", many(2), &by("ada"));
        let refused = world.run(Invite::new("eve@example.com", many(3)), &by("ada")).unwrap_err();
        assert!(matches!(refused, InviteRefused::TooLarge(_)), "{refused:?}");
    }

    #[test]
    fn as_many_bytes_of_resources_as_the_cap_says_are_named_over_all_grants_and_no_more_abu_3() {
        let caps = crate::Caps { resource_bytes: 4, ..crate::Caps::default() };
        let model = model().caps(caps).build().unwrap();
        let named = |accounts: &[&str], lines: &[&str]| {
            let accounts = Restriction::only(accounts.to_vec());
            let lines = in_group("client", "red").restricted("line", Restriction::only(lines.to_vec()));
            Grants::from([Grant::role("client").restricted("account", accounts), lines])
        };
        for (accounts, lines, fits) in [
            (&["ab"][..], &["cd"][..], true),
            (&["a", "b", "c", "d"], &[], true),
            (&["ab"], &["cde"], false),
            (&["abcde"], &[], false),
        ] {
            let checked = check_grants(&model, &roomy(), &named(accounts, lines), crate::MIN_TIME);
            assert_eq!(!matches!(checked, Err(Ungrantable::TooLarge(_))), fits, "{accounts:?} {lines:?}");
        }
    }

    #[test]
    fn nobody_but_an_owner_from_whom_nothing_was_taken_grants_without_being_asked_what_they_hold_aut_2() {
        let (model, world) = (model().build().unwrap(), World::new());
        let owner = || Grant::role(RoleName::OWNER);
        let asked = Grants::from(Grant::role("member").adding("analytics.view"));
        for (sentence, held, may) in [
            ("an owner", owner(), true),
            ("an owner without the permission", owner().removing("analytics.view"), false),
            ("an owner of one account", owner().restricted("account", Restriction::only(["a"])), false),
            ("an admin, who holds the permission", Grant::role("admin"), true),
            ("an admin without it", Grant::role("admin").removing("analytics.view"), false),
            ("a lead, who does not hold it", Grant::role("lead"), false),
        ] {
            let held = Grants::from(held);
            let by = Authority::of(&model, world.organization(), Some(&held), crate::MIN_TIME);
            assert_eq!(by.require_grantable(&asked).is_ok(), may, "{sentence}");
        }
    }
}
