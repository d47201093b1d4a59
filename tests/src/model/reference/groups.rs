//! Groups: what speaks against what is done to them, and what comes of it.

use invite::core::Principal;
use invite::{
    Actor, Grant, Grants, GroupId, GroupSettings, GroupStatus, InvitationKind, JoinPolicy, JoinedBy,
    OrganizationStatus, Permission, Scope, UserId,
};

use super::super::command::{Command, To};
use super::super::rights::{as_long_as, creators_grant, entitled};
use super::{Place, Reference, Why, reason};

impl Reference {
    /// The groups that grants name and that there are.
    pub(super) fn groups_of<'a>(
        &'a self,
        grants: &'a Grants,
    ) -> impl Iterator<Item = (&'a GroupId, &'a Place)> {
        grants.scopes().filter_map(Scope::group).filter_map(|id| self.groups.get_key_value(id))
    }

    /// Reasons in the groups themselves against granting something in them (LIF-8, LIF-10).
    pub(super) fn against_groups(&self, grants: &Grants) -> Why {
        let of = |id: &GroupId| match self.groups.get(id).map(|group| group.status) {
            None => Some("unknown-group"),
            Some(GroupStatus::Active) => None,
            Some(GroupStatus::Archived) => Some("group-archived"),
            Some(GroupStatus::Closed) => Some("group-closed"),
        };
        grants.scopes().filter_map(Scope::group).filter_map(of).collect()
    }

    /// Grants without those in closed groups, unless that is all of them, and these groups (LIF-10).
    pub(super) fn without_closed(&self, grants: &Grants) -> (Grants, Vec<GroupId>) {
        let closed = self.groups_of(grants).filter(|(_, group)| group.status == GroupStatus::Closed);
        let closed = closed.map(|(id, _)| id.clone()).collect::<Vec<_>>();
        let kept = closed.iter().fold(grants.clone(), |kept, id| without(&kept, &Scope::Group(id.clone())));
        if kept.is_empty() { (grants.clone(), Vec::new()) } else { (kept, closed) }
    }

    pub(super) fn against_creating_group(&self, id: &GroupId, settings: &GroupSettings, by: &Actor) -> Why {
        let mut why = self.open();
        why.extend(reason("not-permitted", !self.may_manage(by, &Permission::CREATE_GROUPS)));
        why.extend(reason("group-exists", self.groups.contains_key(id)));
        why.extend(self.against_letting_in(id, settings, by));
        why
    }

    pub(super) fn against_changing_group(&self, id: &GroupId, settings: &GroupSettings, by: &Actor) -> Why {
        let mut why = self.open();
        let Some(group) = self.groups.get(id) else {
            why.extend(["unknown-group"]);
            return why;
        };
        why.extend(self.against_managing_group(id, by));
        why.extend(reason("group-closed", group.status == GroupStatus::Closed));
        let easier = settings.join_policy() > group.settings.join_policy();
        if easier || settings.join_access() != group.settings.join_access() {
            why.extend(self.against_letting_in(id, settings, by));
        }
        why
    }

    pub(super) fn against_changing_status(&self, id: &GroupId, to: To, by: &Actor) -> Why {
        let mut why = self.open();
        let Some(group) = self.groups.get(id) else {
            why.extend(["unknown-group"]);
            return why;
        };
        why.extend(self.against_managing_group(id, by));
        why.extend(match (group.status, to) {
            (GroupStatus::Closed, _) => Some("group-closed"),
            (GroupStatus::Active, To::Restored) => Some("not-archived"),
            (GroupStatus::Archived, To::Archived) => Some("group-archived"),
            _ => None,
        });
        why
    }

    fn against_managing_group(&self, id: &GroupId, by: &Actor) -> Why {
        let scope = Scope::Group(id.clone());
        reason("not-permitted", !self.holder(by).may(&self.model, &Permission::MANAGE_GROUP, &scope))
    }

    /// Whoever lets people in with some access could give it to them (AUT-2).
    fn against_letting_in(&self, id: &GroupId, settings: &GroupSettings, by: &Actor) -> Why {
        let Some(grants) = given_by(id, settings) else { return Why::new() };
        let mut why = reason("not-entitled", !entitled(&self.plan, &grants));
        why.extend(reason("not-grantable", !self.holder(by).may_grant(&self.model, &grants)));
        why
    }

    /// Whoever is no member is told of no group.
    pub(super) fn against_joining_group(&self, id: &GroupId, principal: &Principal) -> Why {
        let mut why = self.open();
        let Some(member) = self.members.get(principal.user()) else {
            why.extend(["unknown-member"]);
            return why;
        };
        let Some(group) = self.groups.get(id) else {
            why.extend(["unknown-group"]);
            return why;
        };
        why.extend(match group.settings.join_policy() {
            JoinPolicy::InviteOnly => Some("group-invite-only"),
            JoinPolicy::ByRequest => Some("group-by-request"),
            _ => None,
        });
        let grants = given_by(id, &group.settings).unwrap_or_default();
        why.extend(self.against_groups(&Grant::role("member").in_group(id.clone()).into()));
        why.extend(reason("no-longer-available", !entitled(&self.plan, &grants)));
        let (user, email) = (principal.user(), member.email.as_ref());
        why.extend(self.against_joining(user, email, &grants, &Actor::User(user.clone())));
        why
    }

    pub(super) fn create_group(&mut self, id: &GroupId, settings: &GroupSettings, by: &Actor) {
        let (settings, creator) = (settings.clone(), by.clone());
        self.groups.insert(id.clone(), Place { status: GroupStatus::Active, settings, creator });
        let member = by.user().and_then(|user| self.members.get_mut(user));
        if let (Some(member), Some(role)) = (member, self.rules.creators) {
            member.grants = member.grants.clone().joined(&creators_grant(role, &member.grants, id));
        }
    }

    pub(super) fn change_group(&mut self, id: &GroupId, settings: &GroupSettings) {
        if let Some(group) = self.groups.get_mut(id) {
            group.settings = settings.clone();
        }
    }

    pub(super) fn change_group_status(&mut self, id: &GroupId, to: To) {
        let Some(group) = self.groups.get_mut(id) else { return };
        group.status = match to {
            To::Archived => GroupStatus::Archived,
            To::Restored => GroupStatus::Active,
            To::Closed => {
                self.closing.insert(id.clone());
                GroupStatus::Closed
            }
        };
    }

    pub(super) fn join_group(
        &mut self,
        id: &GroupId,
        principal: &Principal,
        now: chrono::DateTime<chrono::Utc>,
    ) {
        let given = self.groups.get(id).and_then(|group| given_by(id, &group.settings)).unwrap_or_default();
        let held = self.members.get(principal.user()).map(|member| member.grants.clone());
        let grants = as_long_as(&held.unwrap_or_default(), &given);
        let joined_by = JoinedBy::OpenGroup(id.clone());
        self.join(principal.user(), None, &grants, principal.invitees().collect(), joined_by, now);
    }

    /// Who comes to hold what by a command, if it is one that lets somebody in, or in further.
    pub(in super::super) fn joins_with(&self, command: &Command, by: &Actor) -> Option<(UserId, Grants)> {
        match command {
            Command::Accept { claim, principal } => {
                let row = self.invitations.get(&claim.invitation())?;
                let membership = row.kind == InvitationKind::Membership;
                Some((principal.user().clone(), self.still_granted(row).filter(|_| membership)?))
            }
            Command::JoinByLink { issued, principal } => {
                let link = self.links.get(&issued.link())?;
                Some((principal.user().clone(), self.link_grants(link)?))
            }
            Command::JoinGroup { id, principal } => {
                Some((principal.user().clone(), given_by(id, &self.groups.get(id)?.settings)?))
            }
            Command::CreateGroup { id, .. } => {
                let held = &self.members.get(by.user()?)?.grants;
                Some((by.user()?.clone(), creators_grant(self.rules.creators?, held, id)))
            }
            _ => None,
        }
    }

    /// Whether somebody may do something in a scope (AUT-7).
    pub(in super::super) fn may(&self, user: &UserId, permission: &Permission, scope: &Scope) -> bool {
        self.status == OrganizationStatus::Active
            && self.holder(&Actor::User(user.clone())).may(&self.model, permission, scope)
    }
}

/// What those get who come into a group by themselves or by request.
pub(super) fn given_by(id: &GroupId, settings: &GroupSettings) -> Option<Grants> {
    let access = settings.join_access()?.clone();
    Some(Grant::new(Scope::Group(id.clone()), access).into())
}

/// Grants without the one in a scope.
pub(super) fn without(grants: &Grants, scope: &Scope) -> Grants {
    let mut grants = grants.clone();
    grants.remove(scope);
    grants
}
