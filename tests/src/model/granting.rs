//! AUT-2: whatever somebody holds or is invited to hold, whoever answers for it held when it was granted.

use std::collections::BTreeSet;

use invite::core::Grants;
use invite::{Actor, Grant, InvitationKind, InvitationState, InviterPolicy, JoinPolicy, Scope, UserId};

use super::command::{Command, Turn};
use super::invariants::Change;
use super::rights::{Holder, as_long_as, creators_grant};
use super::violation::{Checked, holds};

impl Change<'_> {
    pub(super) fn nobody_grants_what_they_do_not_hold(self) -> Checked {
        self.inviters_hold_it()?;
        self.makers_of_links_hold_it()?;
        self.managers_of_groups_hold_it()?;
        self.managers_of_domains_hold_it()?;
        self.whoever_restores_holds_it()?;
        for (user, member) in &self.after.members {
            let held = self.before.members.get(user).map(|member| member.grants.clone()).unwrap_or_default();
            let news = member.grants.iter().filter(|(scope, access)| held.access(scope) != Some(access));
            let news = news.map(|(scope, access)| Grant::new(scope.clone(), access.clone()));
            let news = news.collect::<Grants>();
            if !news.is_empty() {
                self.was_granted(user, &news)?;
            }
        }
        Ok(())
    }

    fn inviters_hold_it(self) -> Checked {
        for (id, row) in &self.after.invitations {
            let before = self.before.invitations.get(id);
            // An offer of ownership stays the offer of who made it, whichever owner resends it.
            let is_offer = matches!(row.kind, InvitationKind::Ownership { .. });
            let granted = before.is_none_or(|before| {
                let again = before.revision != row.revision || before.expires_at < row.expires_at;
                self.grows(&before.grants, &row.grants)
                    || before.inviter != row.inviter
                    || (again && !is_offer)
            });
            if granted {
                self.holds(&row.inviter, &row.kind, &row.grants)?;
            }
        }
        Ok(())
    }

    fn makers_of_links_hold_it(self) -> Checked {
        for (id, link) in &self.after.links {
            let grants = link.settings.grants();
            let granted = self.before.links.get(id).is_none_or(|before| {
                before.creator != link.creator || self.grows(before.settings.grants(), grants)
            });
            if granted {
                self.holds(&link.creator, &InvitationKind::Membership, grants)?;
            }
            if matches!(self.command, Command::SwitchLink { to: Turn::On, .. })
                && self.before.links.get(id) != Some(link)
            {
                self.holds(self.by, &InvitationKind::Membership, grants)?;
            }
        }
        Ok(())
    }

    /// What those get who come in by themselves; nobody needs to hold it to make that harder.
    fn managers_of_groups_hold_it(self) -> Checked {
        for (id, group) in &self.after.groups {
            let policy = group.settings.join_policy();
            let same = self.before.groups.get(id).is_some_and(|before| {
                before.settings.join_access() == group.settings.join_access()
                    && policy <= before.settings.join_policy()
            });
            if let (false, Some(access)) = (same, group.settings.join_access()) {
                let grants = Grant::new(Scope::Group(id.clone()), access.clone()).into();
                self.holds(self.by, &InvitationKind::Membership, &grants)?;
            }
        }
        Ok(())
    }

    /// AUT-7: what is in force again.
    fn whoever_restores_holds_it(self) -> Checked {
        for (user, member) in self.after.members.iter().filter(|(_, member)| member.is_active()) {
            if self.before.members.get(user).is_some_and(|before| !before.is_active()) {
                let kind = match member.is_owner() {
                    true => InvitationKind::Ownership { former: invite::FormerOwner::Stays },
                    false => InvitationKind::Membership,
                };
                self.holds(self.by, &kind, &member.grants)?;
            }
        }
        Ok(())
    }

    /// F15: the same of those who come in with an address of a verified domain.
    fn managers_of_domains_hold_it(self) -> Checked {
        let before = &self.before.organization.verified;
        for (domain, set) in &self.after.organization.verified {
            if before
                .get(domain)
                .is_none_or(|was| was.joining() != set.joining() || self.grows(was.grants(), set.grants()))
            {
                self.holds(self.by, &InvitationKind::Membership, set.grants())?;
            }
        }
        Ok(())
    }

    /// Whether something is granted that was not before. A closed group is taken out of what anybody granted.
    fn grows(self, before: &Grants, after: &Grants) -> bool {
        after.iter().any(|(scope, access)| before.access(scope) != Some(access))
    }

    fn was_granted(self, user: &UserId, news: &Grants) -> Checked {
        match self.command {
            Command::JoinByLink { issued, .. } => {
                let Some(link) = self.before.links.get(&issued.link()) else {
                    holds!(false, "AUT-6", "{user} got {news:?} by no link");
                    return Ok(());
                };
                self.are_within(user, news, link.settings.grants())?;
                if self.rules.links == InviterPolicy::Keep {
                    return Ok(());
                }
                self.holds(&link.creator, &InvitationKind::Membership, news)
            }
            Command::JoinGroup { id, .. } => {
                let group = self.before.groups.get(id);
                let open = group.is_some_and(|group| group.settings.join_policy() == JoinPolicy::Open);
                let access = group.and_then(|group| group.settings.join_access()).cloned();
                let given = access.map(|access| Grant::new(Scope::Group(id.clone()), access).into());
                let held = self.before.members.get(user).map(|member| &member.grants);
                let given = given.zip(held).map(|(given, held)| as_long_as(held, &given));
                holds!(open && Some(news) == given.as_ref(), "AUT-2", "{user} got {news:?} in {group:?}");
                Ok(())
            }
            Command::CreateGroup { id, .. } => {
                let held = self.before.members.get(user).map(|member| &member.grants);
                let role = self.rules.creators.zip(held).map(|(role, held)| creators_grant(role, held, id));
                let theirs = self.by.user() == Some(user) && Some(news) == role.as_ref();
                holds!(theirs, "AUT-2", "{user} got {news:?} of a new group");
                Ok(())
            }
            Command::JoinByDomain(principal) => {
                let verified = self.before.organization.verified.iter();
                let mut own = verified
                    .filter(|(domain, _)| principal.vouched().iter().any(|address| domain.matches(address)));
                let given = own.any(|(_, set)| *news == *set.grants() || within(news, set.grants()));
                holds!(given, "F15", "{user} got {news:?} by no verified domain");
                Ok(())
            }
            // Whoever approves answers for it.
            Command::Approve { .. } => self.holds(self.by, &InvitationKind::Membership, news),
            _ => self.was_given(user, news),
        }
    }

    fn was_given(self, user: &UserId, news: &Grants) -> Checked {
        let accepted = self.after.invitations.iter().find(|(id, row)| {
            row.state_at(self.now) == InvitationState::Accepted
                && self.before.invitations.get(id).is_some_and(|before| before.ended.is_none())
        });
        let Some((_, invitation)) = accepted else {
            // An owner who steps down gives up what they hold.
            let was_owner = self.before.members.get(user).is_some_and(invite::Member::is_owner);
            let steps_down = was_owner && self.by.user() == Some(user);
            return if steps_down { Ok(()) } else { self.holds(self.by, &InvitationKind::Membership, news) };
        };
        match &invitation.kind {
            InvitationKind::Membership => {
                self.are_within(user, news, &invitation.grants)?;
                if self.rules.inviter == InviterPolicy::Keep {
                    return Ok(());
                }
                // AUT-4: and the inviter still held it.
                self.holds(&invitation.inviter, &invitation.kind, news)
            }
            InvitationKind::Ownership { .. } => self.holds(&invitation.inviter, &invitation.kind, news),
        }
    }

    fn are_within(self, user: &UserId, news: &Grants, granted: &Grants) -> Checked {
        let beyond = Holder::Member(Some(granted), &BTreeSet::new()).lacks(self.model, news);
        holds!(beyond.is_none(), "AUT-2", "{user} got {beyond:?}, and granted was {granted:?}");
        Ok(())
    }

    fn holds(self, who: &Actor, kind: &InvitationKind, grants: &Grants) -> Checked {
        let held = match who {
            Actor::System => Holder::Host,
            Actor::User(user) => {
                let grants = self.before.members.get(user).and_then(invite::Member::in_force);
                Holder::Member(grants, &self.before.organization.closing)
            }
        };
        match kind {
            InvitationKind::Ownership { .. } => {
                holds!(held.is_owner(), "AUT-2", "{who:?}, who is no owner, gave ownership");
            }
            InvitationKind::Membership => {
                let lacks = held.lacks(self.model, grants);
                holds!(lacks.is_none(), "AUT-2", "{who:?}, who lacks {lacks:?}, granted {grants:?}");
                holds!(!grants.is_owner(), "AUT-2", "{who:?} granted ownership");
            }
        }
        Ok(())
    }
}

/// Whether every grant is one of others.
fn within(these: &Grants, others: &Grants) -> bool {
    these.iter().all(|(scope, access)| others.access(scope) == Some(access))
}
