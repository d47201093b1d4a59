//! The access model: what permissions, roles, kinds of resources and seat classes there are.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use chrono::TimeDelta;

use crate::{Access, Caps, ContinueUrls, Grants, Permission, ResourceKind, RoleName, SeatClass};

/// A named set of permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub(crate) name: RoleName,
    pub(crate) permissions: BTreeSet<Permission>,
    pub(crate) never: BTreeSet<Permission>,
    pub(crate) may_grant: BTreeSet<RoleName>,
}

impl Role {
    /// A role without permissions.
    pub fn new(name: impl Into<RoleName>) -> Self {
        Self {
            name: name.into(),
            permissions: BTreeSet::new(),
            never: BTreeSet::new(),
            may_grant: BTreeSet::new(),
        }
    }

    /// Gives it permissions.
    #[must_use]
    pub fn with<P: Into<Permission>>(mut self, permissions: impl IntoIterator<Item = P>) -> Self {
        self.permissions.extend(permissions.into_iter().map(Into::into));
        self
    }

    /// Names permissions that no grant can add to it (B7).
    #[must_use]
    pub fn never<P: Into<Permission>>(mut self, permissions: impl IntoIterator<Item = P>) -> Self {
        self.never.extend(permissions.into_iter().map(Into::into));
        self
    }

    /// Names roles that somebody of this role may grant.
    #[must_use]
    pub fn may_grant<R: Into<RoleName>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.may_grant.extend(roles.into_iter().map(Into::into));
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &RoleName {
        &self.name
    }

    /// Its permissions.
    #[must_use]
    pub fn permissions(&self) -> &BTreeSet<Permission> {
        &self.permissions
    }

    /// The roles that somebody of this role may grant.
    #[must_use]
    pub fn grantable(&self) -> &BTreeSet<RoleName> {
        &self.may_grant
    }
}

/// Whether owners take a seat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnerSeat {
    /// They take none.
    #[default]
    Exempt,
    /// They take one by the same rules as everybody.
    Counted,
}

/// What becomes of a pending invitation whose inviter may no longer grant what it grants (AUT-4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InviterPolicy {
    /// It cannot be accepted.
    #[default]
    Strict,
    /// It keeps what it grants.
    Keep,
    /// It grants what the inviter may still grant, if anything: the permissions that they hold, on the resources that they
    /// reach with all of these, and for no longer than they may invite.
    Reduce,
}

/// Who decides about a join request. Never whoever would join by it (AUT-9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Approvers {
    /// Everybody else with the right, the proposer too.
    AllButRequester,
    /// Neither whoever proposed it.
    #[default]
    AllButProposer,
    /// Neither whoever proposed it, nor whoever answers for the link that it came by.
    AllButInviter,
}

/// What becomes of an invitation's metadata when it is accepted (F19).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataPolicy {
    /// It stays with the invitation.
    #[default]
    Leave,
    /// It is copied to the membership.
    Copy,
}

/// Whether inviters may learn that an address has an account (PRI-2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevealAccounts {
    /// They may not: an address always gets an invitation, whoever has it.
    #[default]
    No,
    /// They may: where an organization [includes](crate::Inclusion) users, the user who has verified an invited
    /// address, as the host's directory says, is made a member at once. This suspends IDN-2 and PRI-2: whoever may
    /// invite sees in the list of members which addresses have an account, and whose.
    ToInviters,
}

/// What permissions, roles, kinds of resources and seat classes there are, and who may grant what.
///
/// Declared by the host in code and checked once, by [`AccessModelBuilder::build`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessModel {
    pub(crate) permissions: BTreeSet<Permission>,
    pub(crate) roles: BTreeMap<RoleName, Role>,
    pub(crate) kinds: BTreeSet<ResourceKind>,
    seat_rules: Vec<(SeatClass, BTreeSet<Permission>)>,
    owner_seat: OwnerSeat,
    pub(crate) inviter_policy: InviterPolicy,
    pub(crate) link_policy: InviterPolicy,
    pub(crate) request_policy: InviterPolicy,
    pub(crate) approvers: Approvers,
    pub(crate) request_expiry: TimeDelta,
    pub(crate) creators_role: Option<RoleName>,
    pub(crate) metadata_policy: MetadataPolicy,
    pub(crate) reveal_accounts: RevealAccounts,
    pub(crate) expiry: TimeDelta,
    pub(crate) caps: Caps,
    pub(crate) continue_urls: ContinueUrls,
    pub(crate) retention: Option<TimeDelta>,
}

impl AccessModel {
    /// Starts a model. It has the role `owner`, with every right.
    #[must_use]
    pub fn builder() -> AccessModelBuilder {
        AccessModelBuilder {
            permissions: BTreeSet::new(),
            roles: Vec::new(),
            kinds: BTreeSet::new(),
            seat_rules: Vec::new(),
            owner_seat: OwnerSeat::default(),
            inviter_policy: InviterPolicy::default(),
            link_policy: InviterPolicy::Keep,
            request_policy: InviterPolicy::Keep,
            approvers: Approvers::default(),
            request_expiry: TimeDelta::days(14),
            creators_role: None,
            metadata_policy: MetadataPolicy::default(),
            reveal_accounts: RevealAccounts::default(),
            expiry: TimeDelta::days(7),
            caps: Caps::default(),
            continue_urls: ContinueUrls::new(),
            retention: None,
        }
    }

    /// A model to begin with: `owner`; `admin`, who may do all but close the organization; `member`, who uses
    /// everything, administers nothing, and may propose invitations; `client`, who sees posts and connects accounts, and takes a
    /// `team` seat only if given the right to publish, else a `client` seat (B4, B6, B7).
    ///
    /// Who creates a group is `admin` in it.
    ///
    /// Permissions: `posts.view`, `posts.create`, `posts.publish`, `analytics.view`, `inbox.manage`,
    /// `accounts.connect`, `accounts.delete`. Kinds of resources: `platform`, `account`, `product`, `line`.
    /// Owners take no seat.
    #[must_use]
    pub fn preset() -> Self {
        Self::preset_builder().assemble()
    }

    /// The [preset](Self::preset), to be changed: with another policy, or with further roles.
    #[must_use]
    pub fn preset_builder() -> AccessModelBuilder {
        let work = [
            "posts.view",
            "posts.create",
            "posts.publish",
            "analytics.view",
            "inbox.manage",
            "accounts.connect",
            "accounts.delete",
        ];
        let own = Permission::OWN.into_iter().filter(|own| *own != Permission::CLOSE);
        AccessModel::builder()
            .permissions(work)
            .resource_kinds(["platform", "account", "product", "line"])
            .role(Role::new("admin").with(work).with(own).may_grant(["admin", "member", "client"]))
            .role(Role::new("member").with(work).with([Permission::VIEW, Permission::PROPOSE]))
            .role(Role::new("client").with(["posts.view", "accounts.connect"]).never(["accounts.delete"]))
            .seat("team", ["posts.publish"])
            .seat("client", [] as [&str; 0])
            .creators_role("admin")
    }

    /// The role of that name, if the model has it.
    #[must_use]
    pub fn role(&self, name: &RoleName) -> Option<&Role> {
        self.roles.get(name)
    }

    /// All roles, by name.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// All permissions, those of this library included.
    #[must_use]
    pub fn permissions(&self) -> &BTreeSet<Permission> {
        &self.permissions
    }

    /// All kinds of resources.
    #[must_use]
    pub fn resource_kinds(&self) -> &BTreeSet<ResourceKind> {
        &self.kinds
    }

    /// Whether inviters may learn that an address has an account.
    #[must_use]
    pub fn reveals_accounts(&self) -> RevealAccounts {
        self.reveal_accounts
    }

    /// How much one command may carry.
    #[must_use]
    pub fn caps(&self) -> &Caps {
        &self.caps
    }

    /// How long after its end an invitation or join request is erased where the organization does not say so; `None`: never.
    #[must_use]
    pub fn retention(&self) -> Option<TimeDelta> {
        self.retention
    }

    /// Which pages invitations and links may lead on to.
    #[must_use]
    pub fn continue_urls(&self) -> &ContinueUrls {
        &self.continue_urls
    }

    /// The same model, in which invitations and links may also lead on to these pages (F20).
    #[must_use]
    pub fn and_continue_urls(mut self, urls: ContinueUrls) -> Self {
        self.continue_urls = self.continue_urls.and(urls);
        self
    }

    /// Seat classes, the highest first.
    pub fn seat_classes(&self) -> impl Iterator<Item = &SeatClass> {
        self.seat_rules.iter().map(|(class, _)| class)
    }

    /// What access comes to: the permissions of its role with those added and without those removed, and
    /// never one that the role can never receive. Nothing for an unknown role.
    #[must_use]
    pub fn permissions_of(&self, access: &Access) -> BTreeSet<Permission> {
        self.roles.get(&access.role).map_or_else(BTreeSet::new, |role| {
            let added = access.add.iter().filter(|added| self.permissions.contains(*added));
            role.permissions
                .iter()
                .chain(added)
                .filter(|permission| self.has(role, access, permission))
                .cloned()
                .collect()
        })
    }

    /// Whether access includes a permission.
    #[must_use]
    pub fn includes(&self, access: &Access, permission: &Permission) -> bool {
        self.roles.get(&access.role).is_some_and(|role| self.has(role, access, permission))
    }

    fn has(&self, role: &Role, access: &Access, permission: &Permission) -> bool {
        (role.permissions.contains(permission)
            || (access.add.contains(permission) && self.permissions.contains(permission)))
            && !access.remove.contains(permission)
            && !role.never.contains(permission)
    }

    /// The seat class that a holder of these grants takes: the highest of all of them (SEA-2).
    #[must_use]
    pub fn seat_class(&self, grants: &Grants) -> Option<&SeatClass> {
        if self.owner_seat == OwnerSeat::Exempt && grants.is_owner() {
            return None;
        }
        self.seat_rules
            .iter()
            .find(|(_, any)| grants.iter().any(|(_, access)| self.falls_under(access, any)))
            .map(|(class, _)| class)
    }

    fn falls_under(&self, access: &Access, any: &BTreeSet<Permission>) -> bool {
        any.is_empty() || any.iter().any(|permission| self.includes(access, permission))
    }

    /// Whether a seat of the class `held` is enough for somebody who needs `needed`.
    pub(crate) fn seat_covers(&self, held: &SeatClass, needed: &SeatClass) -> bool {
        self.seat_rank(held) <= self.seat_rank(needed)
    }

    fn seat_rank(&self, class: &SeatClass) -> usize {
        self.seat_rules.iter().position(|(named, _)| named == class).unwrap_or(usize::MAX)
    }

    /// The roles that hold a permission: whom to ask for something that one may not do (A2).
    #[must_use]
    pub fn roles_with(&self, permission: &Permission) -> Vec<RoleName> {
        let with = |role: &&Role| self.includes(&Access::role(&role.name), permission);
        self.roles.values().filter(with).map(|role| role.name.clone()).collect()
    }
}

/// Why an access model cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidModel {
    /// A name is empty, longer than 64 bytes, or holds a control character.
    #[error("the name {0:?} is empty, longer than 64 bytes, or holds a control character")]
    Name(alloc::string::String),
    /// A permission of the host begins with `invite.`, which is this library's own.
    #[error("permission {0} is in this library's own namespace `invite.`")]
    Reserved(Permission),
    /// A role is declared twice, or is called `owner`, which every model has.
    #[error("role {0} is declared twice")]
    RoleTwice(RoleName),
    /// A role, or a rule of a seat class, names a permission that is not declared.
    #[error("permission {0} is not declared")]
    UnknownPermission(Permission),
    /// A role may grant a role that is not declared, or that is not granted but offered: `owner`.
    #[error("role {0} is not declared, or is never granted")]
    UnknownRole(RoleName),
    /// A role has a permission that it can never receive.
    #[error("role {role} has permission {permission} and can never receive it")]
    NeverHeld {
        /// The role.
        role: RoleName,
        /// The permission.
        permission: Permission,
    },
    /// A seat class is declared twice.
    #[error("seat class {0} is declared twice")]
    SeatTwice(SeatClass),
    /// The default expiry of invitations, or that of join requests, is not between a minute and a century (LIF-4).
    #[error("the expiry of invitations and of join requests must lie between a minute and a century")]
    Expiry,
    /// Ended invitations are not kept between a day and a century.
    #[error("ended invitations must be kept for a day at least, and a century at most")]
    Retention,
}

/// Declares an access model piece by piece. Made by [`AccessModel::builder`].
#[derive(Debug, Clone)]
pub struct AccessModelBuilder {
    permissions: BTreeSet<Permission>,
    roles: Vec<Role>,
    kinds: BTreeSet<ResourceKind>,
    seat_rules: Vec<(SeatClass, BTreeSet<Permission>)>,
    owner_seat: OwnerSeat,
    inviter_policy: InviterPolicy,
    link_policy: InviterPolicy,
    request_policy: InviterPolicy,
    approvers: Approvers,
    request_expiry: TimeDelta,
    creators_role: Option<RoleName>,
    metadata_policy: MetadataPolicy,
    reveal_accounts: RevealAccounts,
    expiry: TimeDelta,
    caps: Caps,
    continue_urls: ContinueUrls,
    retention: Option<TimeDelta>,
}

impl AccessModelBuilder {
    /// Declares permissions of the host.
    #[must_use]
    pub fn permissions<P: Into<Permission>>(mut self, permissions: impl IntoIterator<Item = P>) -> Self {
        self.permissions.extend(permissions.into_iter().map(Into::into));
        self
    }

    /// Declares a role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }

    /// Declares kinds of resources.
    #[must_use]
    pub fn resource_kinds<K: Into<ResourceKind>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        self.kinds.extend(kinds.into_iter().map(Into::into));
        self
    }

    /// Declares a seat class for those who hold any of the permissions, or for everybody if none is named.
    /// Of all classes the first that fits is taken, so declare the highest first.
    #[must_use]
    pub fn seat<P: Into<Permission>>(
        mut self,
        class: impl Into<SeatClass>,
        any: impl IntoIterator<Item = P>,
    ) -> Self {
        self.seat_rules.push((class.into(), any.into_iter().map(Into::into).collect()));
        self
    }

    /// Says whether owners take a seat. They do not, by default.
    #[must_use]
    pub fn owner_seat(mut self, owner_seat: OwnerSeat) -> Self {
        self.owner_seat = owner_seat;
        self
    }

    /// Says what becomes of invitations of inviters who were demoted or left.
    #[must_use]
    pub fn inviter_policy(mut self, policy: InviterPolicy) -> Self {
        self.inviter_policy = policy;
        self
    }

    /// Says what becomes of invite links whose creator was demoted or left. They keep what they grant, by default:
    /// a link belongs to the organization.
    #[must_use]
    pub fn link_policy(mut self, policy: InviterPolicy) -> Self {
        self.link_policy = policy;
        self
    }

    /// Says what becomes of join requests once the proposer may not propose any more, or the creator of the link may
    /// not grant it any more (AUT-4). They keep what they would grant, by default: whoever approves one must be
    /// able to grant all of it. With [`Reduce`](InviterPolicy::Reduce), of what was proposed the groups remain in which the
    /// proposer may still propose: they never had to hold what they proposed.
    #[must_use]
    pub fn request_policy(mut self, policy: InviterPolicy) -> Self {
        self.request_policy = policy;
        self
    }

    /// Says who decides about join requests (AUT-9).
    #[must_use]
    pub fn approvers(mut self, approvers: Approvers) -> Self {
        self.approvers = approvers;
        self
    }

    /// Sets how long a join request waits for a decision. 14 days by default.
    #[must_use]
    pub fn request_expiry(mut self, expiry: TimeDelta) -> Self {
        self.request_expiry = expiry;
        self
    }

    /// Gives whoever creates a group a role in it: who creates a group manages it. None, by default.
    #[must_use]
    pub fn creators_role(mut self, role: impl Into<RoleName>) -> Self {
        self.creators_role = Some(role.into());
        self
    }

    /// Says what becomes of an invitation's metadata at acceptance.
    #[must_use]
    pub fn metadata_policy(mut self, policy: MetadataPolicy) -> Self {
        self.metadata_policy = policy;
        self
    }

    /// Says whether inviters may learn that an address has an account. They may not, by default; see
    /// [`RevealAccounts`] for what it suspends.
    #[must_use]
    pub fn reveal_accounts(mut self, reveal: RevealAccounts) -> Self {
        self.reveal_accounts = reveal;
        self
    }

    /// Sets how long an invitation lives where neither it nor the organization says so. 7 days by default.
    #[must_use]
    pub fn expiry(mut self, expiry: TimeDelta) -> Self {
        self.expiry = expiry;
        self
    }

    /// Sets how much one command may carry.
    #[must_use]
    pub fn caps(mut self, caps: Caps) -> Self {
        self.caps = caps;
        self
    }

    /// Sets how long after its end an invitation or join request is erased where the organization does not say so (PRI-6): see
    /// [`Tidy`](crate::Tidy). Never, by default.
    #[must_use]
    pub fn retention(mut self, retention: TimeDelta) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Says which pages invitations and links may lead on to (F20). None, by default.
    #[must_use]
    pub fn continue_urls(mut self, urls: ContinueUrls) -> Self {
        self.continue_urls = urls;
        self
    }

    /// Checks the model.
    ///
    /// # Errors
    /// [`InvalidModel`] names the first thing that does not fit together.
    pub fn build(self) -> Result<AccessModel, InvalidModel> {
        self.check()?;
        Ok(self.assemble())
    }

    fn assemble(mut self) -> AccessModel {
        self.permissions.extend(Permission::OWN);
        let all = self.roles.iter().map(|role| role.name.clone()).collect::<Vec<_>>();
        let owner = Role::new(RoleName::OWNER).with(self.permissions.clone()).may_grant(all);
        AccessModel {
            permissions: self.permissions,
            roles: self.roles.into_iter().chain([owner]).map(|role| (role.name.clone(), role)).collect(),
            kinds: self.kinds,
            seat_rules: self.seat_rules,
            owner_seat: self.owner_seat,
            inviter_policy: self.inviter_policy,
            link_policy: self.link_policy,
            request_policy: self.request_policy,
            approvers: self.approvers,
            request_expiry: self.request_expiry,
            creators_role: self.creators_role,
            metadata_policy: self.metadata_policy,
            reveal_accounts: self.reveal_accounts,
            expiry: self.expiry,
            caps: self.caps,
            continue_urls: self.continue_urls,
            retention: self.retention,
        }
    }

    fn check(&self) -> Result<(), InvalidModel> {
        let roles = self.roles.iter().map(|role| role.name.as_str());
        let names = (self.permissions.iter().map(Permission::as_str))
            .chain(self.kinds.iter().map(ResourceKind::as_str))
            .chain(self.seat_rules.iter().map(|(class, _)| class.as_str()))
            .chain(roles);
        for name in names {
            if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
                return Err(InvalidModel::Name(name.into()));
            }
        }
        if let Some(own) = self.permissions.iter().find(|named| named.as_str().starts_with("invite.")) {
            return Err(InvalidModel::Reserved(own.clone()));
        }
        let known = |permission: &Permission| {
            self.permissions.contains(permission) || Permission::OWN.contains(permission)
        };
        let mut roles = BTreeSet::from([RoleName::OWNER]);
        for role in &self.roles {
            if !roles.insert(role.name.clone()) {
                return Err(InvalidModel::RoleTwice(role.name.clone()));
            }
            if let Some(held) = role.permissions.intersection(&role.never).next() {
                return Err(InvalidModel::NeverHeld { role: role.name.clone(), permission: held.clone() });
            }
        }
        let mut classes = BTreeSet::new();
        for (class, _) in &self.seat_rules {
            if !classes.insert(class) {
                return Err(InvalidModel::SeatTwice(class.clone()));
            }
        }
        let of_roles = self.roles.iter().flat_map(|role| role.permissions.iter().chain(&role.never));
        let of_seats = self.seat_rules.iter().flat_map(|(_, any)| any);
        if let Some(unknown) = of_roles.chain(of_seats).find(|permission| !known(permission)) {
            return Err(InvalidModel::UnknownPermission(unknown.clone()));
        }
        roles.remove(&RoleName::OWNER);
        let granted = self.roles.iter().flat_map(|role| &role.may_grant).chain(&self.creators_role);
        if let Some(unknown) = granted.into_iter().find(|role| !roles.contains(*role)) {
            return Err(InvalidModel::UnknownRole(unknown.clone()));
        }
        let lives = TimeDelta::minutes(1)..=TimeDelta::days(36_525);
        if !lives.contains(&self.expiry) || !lives.contains(&self.request_expiry) {
            return Err(InvalidModel::Expiry);
        }
        let kept = TimeDelta::days(1)..=TimeDelta::days(36_525);
        if self.retention.is_some_and(|retention| !kept.contains(&retention)) {
            return Err(InvalidModel::Retention);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grant, GroupId};

    #[test]
    fn the_preset_passes_its_own_check() {
        let work = ["posts.publish"];
        assert!(AccessModel::builder().permissions(work).seat("team", work).build().is_ok());
        let preset = AccessModel::preset();
        assert_eq!(preset.roles().count(), 4);
        assert!(preset.includes(&Access::role("owner"), &Permission::CLOSE));
        assert!(!preset.includes(&Access::role("admin"), &Permission::CLOSE));
        assert_eq!(preset.roles_with(&Permission::INVITE), ["admin".into(), RoleName::OWNER]);
    }

    #[test]
    fn a_client_takes_a_team_seat_only_if_it_may_publish_b6() {
        let model = AccessModel::preset();
        let class = |grant: Grant| model.seat_class(&grant.into()).map(|class| class.as_str().len());
        assert_eq!(class(Grant::role("client")), Some("client".len()));
        assert_eq!(class(Grant::role("client").adding("posts.publish")), Some("team".len()));
        assert_eq!(class(Grant::role("member")), Some("team".len()));
        assert_eq!(class(Grant::role("owner")), None);
        let group = GroupId::parse("g").unwrap();
        let both = Grants::from([Grant::role("client"), Grant::role("member").in_group(group)]);
        assert_eq!(model.seat_class(&both).unwrap().as_str(), "team");
    }

    #[test]
    fn a_role_may_name_permissions_that_no_grant_can_add_b7() {
        let model = AccessModel::preset();
        let access = Access::role("client").adding("accounts.delete").adding("analytics.view");
        assert!(!model.includes(&access, &"accounts.delete".into()));
        assert!(model.includes(&access, &"analytics.view".into()));
    }

    #[test]
    fn a_model_that_does_not_fit_together_says_what_is_wrong() {
        let build = |builder: AccessModelBuilder| builder.build().unwrap_err();
        let empty = AccessModel::builder;
        let cases = [
            (build(empty().permissions([""])), InvalidModel::Name("".into())),
            (build(empty().permissions(["invite.all"])), InvalidModel::Reserved("invite.all".into())),
            (build(empty().role(Role::new("owner"))), InvalidModel::RoleTwice(RoleName::OWNER)),
            (build(empty().role(Role::new("a").with(["p"]))), InvalidModel::UnknownPermission("p".into())),
            (
                build(empty().role(Role::new("a").may_grant(["owner"]))),
                InvalidModel::UnknownRole(RoleName::OWNER),
            ),
            (
                build(empty().permissions(["p"]).role(Role::new("a").with(["p"]).never(["p"]))),
                InvalidModel::NeverHeld { role: "a".into(), permission: "p".into() },
            ),
            (build(empty().seat("s", ["q"])), InvalidModel::UnknownPermission("q".into())),
            (build(empty().expiry(TimeDelta::zero())), InvalidModel::Expiry),
        ];
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_name_is_1_to_64_bytes_without_control_characters() {
        let built = |name: &str| AccessModel::builder().resource_kinds([name]).build().map(drop);
        assert_eq!(built(&"x".repeat(64)), Ok(()));
        for name in ["", "a\nb", &"x".repeat(65)] {
            assert_eq!(built(name), Err(InvalidModel::Name(name.into())), "{name:?}");
        }
    }

    #[test]
    fn an_expiry_is_a_minute_to_a_hundred_years_lif_4() {
        let built = |expiry| AccessModel::builder().expiry(expiry).build().map(drop);
        let (shortest, longest) = (TimeDelta::minutes(1), TimeDelta::days(36_525));
        let instant = TimeDelta::microseconds(1);
        assert_eq!((built(shortest), built(longest)), (Ok(()), Ok(())));
        assert_eq!(built(shortest - instant), Err(InvalidModel::Expiry));
        assert_eq!(built(longest + instant), Err(InvalidModel::Expiry));
        let built = |expiry| AccessModel::builder().request_expiry(expiry).build().map(drop);
        assert_eq!((built(shortest), built(longest)), (Ok(()), Ok(())));
        assert_eq!(built(longest + instant), Err(InvalidModel::Expiry));
    }

    #[test]
    fn ended_invitations_are_kept_a_day_to_a_hundred_years_or_for_ever_pri_6() {
        let built = |kept| AccessModel::builder().retention(kept).build().map(|model| model.retention());
        let (shortest, longest) = (TimeDelta::days(1), TimeDelta::days(36_525));
        let instant = TimeDelta::microseconds(1);
        assert_eq!((built(shortest), built(longest)), (Ok(Some(shortest)), Ok(Some(longest))));
        assert_eq!(built(shortest - instant), Err(InvalidModel::Retention));
        assert_eq!(built(longest + instant), Err(InvalidModel::Retention));
        assert_eq!(AccessModel::builder().build().unwrap().retention(), None);
    }
}
