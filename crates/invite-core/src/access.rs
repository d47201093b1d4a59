//! Access: what somebody holds in one scope; grants: where they hold it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::{fmt, mem};

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use crate::{GroupId, Permission, ResourceKind, RoleName};

/// Where access holds.
///
/// Access in the organization holds in all of its groups too; access in a group holds there alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "a scope is the organization or a group of it; there is no third")]
pub enum Scope {
    /// The whole organization.
    Organization,
    /// One group.
    Group(GroupId),
}

impl Scope {
    /// Whether access held in `self` holds in `other`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        *self == Self::Organization || self == other
    }

    /// The group, unless it is the organization.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Self::Organization => None,
            Self::Group(group) => Some(group),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization => f.write_str("the organization"),
            Self::Group(id) => write!(f, "group {id}"),
        }
    }
}

/// Which resources of one kind access reaches, or a plan enables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "all or only these: a third would change what every check means")]
pub enum Restriction {
    /// All resources of the kind, those that appear later included.
    All,
    /// Only these, by the host's ids of them.
    Only(BTreeSet<String>),
}

impl Restriction {
    /// Only the given resources.
    pub fn only<T: Into<String>>(resources: impl IntoIterator<Item = T>) -> Self {
        Self::Only(resources.into_iter().map(Into::into).collect())
    }

    /// Whether the resource is among them.
    #[must_use]
    pub fn includes(&self, resource: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(these) => these.contains(resource),
        }
    }

    /// Whether every resource of `other` is among them.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(mine), Self::Only(theirs)) => theirs.is_subset(mine),
        }
    }
}

/// What somebody holds in one scope: a role, permissions added to it or removed from it, restrictions to particular
/// resources, and perhaps an end. A kind of resource that is not named is not restricted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    pub(crate) role: RoleName,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) add: BTreeSet<Permission>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) remove: BTreeSet<Permission>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) resources: BTreeMap<ResourceKind, Restriction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<DateTime<Utc>>,
}

impl Access {
    /// The access that a role gives.
    pub fn role(role: impl Into<RoleName>) -> Self {
        Self {
            role: role.into(),
            add: BTreeSet::new(),
            remove: BTreeSet::new(),
            resources: BTreeMap::new(),
            until: None,
        }
    }

    /// Adds a permission to those of the role.
    #[must_use]
    pub fn adding(mut self, permission: impl Into<Permission>) -> Self {
        let permission = permission.into();
        self.remove.remove(&permission);
        self.add.insert(permission);
        self
    }

    /// Removes a permission from those of the role.
    #[must_use]
    pub fn removing(mut self, permission: impl Into<Permission>) -> Self {
        let permission = permission.into();
        self.add.remove(&permission);
        self.remove.insert(permission);
        self
    }

    /// Restricts the access to particular resources of a kind.
    #[must_use]
    pub fn restricted(mut self, kind: impl Into<ResourceKind>, to: Restriction) -> Self {
        self.resources.insert(kind.into(), to);
        self
    }

    /// Limits the access in time: it ends at this instant, which no longer belongs to it (F14). Cut to microseconds.
    #[must_use]
    pub fn until(mut self, end: DateTime<Utc>) -> Self {
        self.until = Some(end.trunc_subsecs(6));
        self
    }

    /// The role.
    #[must_use]
    pub fn role_name(&self) -> &RoleName {
        &self.role
    }

    /// Permissions added to those of the role.
    #[must_use]
    pub fn added(&self) -> &BTreeSet<Permission> {
        &self.add
    }

    /// Permissions removed from those of the role.
    #[must_use]
    pub fn removed(&self) -> &BTreeSet<Permission> {
        &self.remove
    }

    /// Restrictions by kind of resource. A kind that is not named is not restricted.
    #[must_use]
    pub fn resources(&self) -> &BTreeMap<ResourceKind, Restriction> {
        &self.resources
    }

    /// When it ends; `None` does not end by itself.
    #[must_use]
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.until
    }

    /// Whether it has ended at a time; at the very end it has (F14).
    #[must_use]
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|end| end <= now)
    }

    /// Which resources of the kind the access reaches.
    #[must_use]
    pub fn restriction(&self, kind: &ResourceKind) -> &Restriction {
        self.resources.get(kind).unwrap_or(&Restriction::All)
    }
}

/// A scope with an access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    pub(crate) scope: Scope,
    pub(crate) access: Access,
}

impl Grant {
    /// Grants an access in a scope.
    #[must_use]
    pub fn new(scope: Scope, access: Access) -> Self {
        Self { scope, access }
    }

    /// Grants what a role gives in the organization.
    pub fn role(role: impl Into<RoleName>) -> Self {
        Self::new(Scope::Organization, Access::role(role))
    }

    /// The same access, in one group only.
    #[must_use]
    pub fn in_group(self, group: GroupId) -> Self {
        Self { scope: Scope::Group(group), ..self }
    }

    /// Adds a permission; see [`Access::adding`].
    #[must_use]
    pub fn adding(self, permission: impl Into<Permission>) -> Self {
        Self { access: self.access.adding(permission), ..self }
    }

    /// Removes a permission; see [`Access::removing`].
    #[must_use]
    pub fn removing(self, permission: impl Into<Permission>) -> Self {
        Self { access: self.access.removing(permission), ..self }
    }

    /// Restricts to particular resources; see [`Access::restricted`].
    #[must_use]
    pub fn restricted(self, kind: impl Into<ResourceKind>, to: Restriction) -> Self {
        Self { access: self.access.restricted(kind, to), ..self }
    }

    /// Limits it in time; see [`Access::until`].
    #[must_use]
    pub fn until(self, end: DateTime<Utc>) -> Self {
        Self { access: self.access.until(end), ..self }
    }

    /// Where the access holds.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What is held there.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }
}

/// A list of grants, at most one a scope. What an invitation, a link and a member hold.
///
/// Of several grants for one scope the last counts. An empty list grants nothing and is refused wherever
/// grants are given. Clones share the list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Grant>", into = "Vec<Grant>")]
pub struct Grants(Arc<Vec<Grant>>); // in the order of their scopes

impl Grants {
    /// How many grants there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The access held in exactly this scope.
    #[must_use]
    pub fn access(&self, scope: &Scope) -> Option<&Access> {
        self.0.get(self.find(scope).ok()?).map(Grant::access)
    }

    /// The place of a scope, or the one where it belongs.
    fn find(&self, scope: &Scope) -> Result<usize, usize> {
        self.0.binary_search_by(|grant| grant.scope.cmp(scope))
    }

    fn accesses(&self) -> impl Iterator<Item = &Access> {
        self.0.iter().map(Grant::access)
    }

    /// Scopes and accesses, the organization first, then groups by id.
    pub fn iter(&self) -> impl Iterator<Item = (&Scope, &Access)> {
        self.0.iter().map(|grant| (&grant.scope, &grant.access))
    }

    /// The scopes.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter().map(Grant::scope)
    }

    /// The earliest time at which one of them ends; `None` if none does (F14).
    #[must_use]
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.accesses().filter_map(|access| access.until).min()
    }

    /// These grants without those that have ended.
    #[must_use]
    pub fn running(&self, now: DateTime<Utc>) -> Self {
        if self.ends_at().is_none_or(|end| now < end) {
            return self.clone();
        }
        self.clone().into_iter().filter(|grant| !grant.access.is_over(now)).collect()
    }

    /// These grants without those that have ended, unless that is all of them: what is left to be granted, or what is to be
    /// refused.
    pub(crate) fn running_or_all(&self, now: DateTime<Utc>) -> Self {
        let running = self.running(now);
        if running.is_empty() { self.clone() } else { running }
    }

    /// When all of them have ended; `None` if one does not end by itself.
    pub(crate) fn over_at(&self) -> Option<DateTime<Utc>> {
        let ends = self.accesses().map(|access| access.until).collect::<Option<Vec<_>>>()?;
        ends.into_iter().max()
    }

    /// The grant in a scope alone, if there is one.
    #[must_use]
    pub(crate) fn only(&self, scope: &Scope) -> Self {
        let access = self.access(scope).cloned();
        access.map(|access| Grant::new(scope.clone(), access)).into_iter().collect()
    }

    /// Bytes of all resources that they name.
    pub(crate) fn resource_bytes(&self) -> usize {
        let bytes = |restriction: &Restriction| match restriction {
            Restriction::All => 0,
            Restriction::Only(these) => these.iter().map(String::len).sum(),
        };
        self.accesses().flat_map(|access| access.resources.values()).map(bytes).sum()
    }

    /// Whether they hold something in every scope of others, whatever it is.
    pub(crate) fn hold_in_all(&self, others: &Self) -> bool {
        others.scopes().all(|scope| self.access(scope).is_some())
    }

    /// These grants without the one in a scope.
    #[must_use]
    pub(crate) fn without(mut self, scope: &Scope) -> Self {
        self.remove(scope);
        self
    }

    /// Whether one of them makes its holder an owner of the organization.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.access(&Scope::Organization).is_some_and(|access| access.role == RoleName::OWNER)
    }

    /// Puts a grant in, in place of what is held in its scope.
    pub fn set(&mut self, grant: Grant) {
        let (place, grants) = (self.find(&grant.scope), Arc::make_mut(&mut self.0));
        match place.map(|at| grants.get_mut(at)) {
            Ok(Some(there)) => *there = grant,
            Ok(None) => {}
            Err(at) => grants.insert(at, grant),
        }
    }

    /// Takes out what is held in a scope.
    pub fn remove(&mut self, scope: &Scope) -> Option<Access> {
        let at = self.find(scope).ok()?;
        Some(Arc::make_mut(&mut self.0).remove(at).access)
    }

    /// These grants and those of `other` in scopes that are not held yet.
    #[must_use]
    pub fn joined(self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if self.hold_in_all(other) {
            return self;
        }
        // Of two for one scope the last counts.
        other.clone().into_iter().chain(self).collect()
    }
}

impl From<Grant> for Grants {
    fn from(grant: Grant) -> Self {
        core::iter::once(grant).collect()
    }
}

impl From<Vec<Grant>> for Grants {
    fn from(grants: Vec<Grant>) -> Self {
        grants.into_iter().collect()
    }
}

impl<const N: usize> From<[Grant; N]> for Grants {
    fn from(grants: [Grant; N]) -> Self {
        grants.into_iter().collect()
    }
}

impl From<Grants> for Vec<Grant> {
    fn from(grants: Grants) -> Self {
        Arc::unwrap_or_clone(grants.0)
    }
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        let mut grants = grants.into_iter().collect::<Vec<_>>();
        if !grants.is_sorted_by(|one, next| one.scope < next.scope) {
            grants.sort_by(|one, other| one.scope.cmp(&other.scope));
            grants.dedup_by(|next, kept| {
                let again = next.scope == kept.scope;
                if again {
                    mem::swap(next, kept);
                }
                again
            });
        }
        Self(Arc::new(grants))
    }
}

impl IntoIterator for Grants {
    type Item = Grant;
    type IntoIter = alloc::vec::IntoIter<Grant>;

    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.0).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn of_several_grants_for_one_scope_the_last_counts() {
        let grants = Grants::from([Grant::role("member"), Grant::role("admin")]);
        assert_eq!(grants.len(), 1);
        assert_eq!(grants.access(&Scope::Organization).unwrap().role_name().as_str(), "admin");
    }

    proptest! {
        /// Steps: the scope and the role that are set, or `None` to take what is held there.
        #[test]
        fn grants_are_as_a_map_by_scope_has_them(
            first: Vec<(u8, bool)>, other: Vec<(u8, bool)>, steps: Vec<(u8, Option<bool>)>
        ) {
            let scope = |n: u8| match n % 5 {
                0 => Scope::Organization,
                n => Scope::Group(GroupId::parse(n.to_string()).unwrap()),
            };
            let access = |role| Access::role(if role { "member" } else { "client" });
            let list = |list: Vec<(u8, bool)>| {
                let grants = list.iter().map(|(n, role)| Grant::new(scope(*n), access(*role)));
                let map = list.iter().map(|(n, role)| (scope(*n), access(*role)));
                (grants.collect::<Grants>(), map.collect::<BTreeMap<_, _>>())
            };
            let ((mut grants, mut map), (other, others)) = (list(first), list(other));
            for (n, role) in steps {
                match role {
                    Some(role) => {
                        grants.set(Grant::new(scope(n), access(role)));
                        map.insert(scope(n), access(role));
                    }
                    None => prop_assert_eq!(grants.remove(&scope(n)), map.remove(&scope(n))),
                }
                prop_assert_eq!(grants.access(&scope(n)), map.get(&scope(n)));
            }
            prop_assert!(grants.iter().eq(&map) && grants.scopes().eq(map.keys()));
            prop_assert_eq!((grants.len(), grants.is_empty()), (map.len(), map.is_empty()));
            for (scope, access) in others {
                map.entry(scope).or_insert(access);
            }
            let joined = grants.joined(&other);
            prop_assert!(joined.iter().eq(&map), "{:?}", joined);
        }
    }

    #[test]
    fn adding_and_removing_one_permission_leaves_the_last_word() {
        let access = Access::role("member").adding("p").removing("p");
        assert!(access.added().is_empty());
        assert!(access.removed().contains(&Permission::from("p")));
    }

    #[test]
    fn a_restriction_covers_what_it_includes() {
        let ab = Restriction::only(["a", "b"]);
        assert!(ab.covers(&Restriction::only(["a"])));
        assert!(!ab.covers(&Restriction::All));
        assert!(Restriction::All.covers(&ab));
        assert!(!ab.includes("c"));
    }

    #[test]
    fn access_in_the_organization_holds_in_its_groups_and_not_the_other_way_round() {
        let group = Scope::Group(GroupId::parse("g").unwrap());
        assert!(Scope::Organization.covers(&group));
        assert!(!group.covers(&Scope::Organization));
    }

    #[test]
    fn unknown_fields_of_a_grant_are_refused_aut_10() {
        let text = r#"{"scope":"organization","access":{"role":"member","owner":true}}"#;
        assert!(serde_json::from_str::<Grant>(text).is_err());
    }

    #[test]
    fn a_grant_is_put_in_and_taken_out_by_its_scope_c5() {
        let blue = Scope::Group(GroupId::parse("blue").unwrap());
        let role = |grants: &Grants, scope| grants.access(scope).map(|access| access.role_name().clone());
        let mut grants = Grants::from(Grant::role("member"));
        grants.set(Grant::role("client").in_group(GroupId::parse("blue").unwrap()));
        grants.set(Grant::role("admin"));
        assert_eq!(role(&grants, &Scope::Organization), Some("admin".into()));
        assert_eq!(grants.remove(&Scope::Organization), Some(Access::role("admin")));
        assert_eq!(grants.remove(&Scope::Organization), None);
        assert_eq!((grants.len(), role(&grants, &blue)), (1, Some("client".into())));
    }

    #[test]
    fn a_scope_says_where_it_is() {
        let blue = Scope::Group(GroupId::parse("blue").unwrap());
        assert_eq!(Scope::Organization.to_string(), "the organization");
        assert_eq!(blue.to_string(), "group blue");
    }
}
