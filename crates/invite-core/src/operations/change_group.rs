//! Change what is set about a group.

use alloc::string::ToString;

use serde::{Deserialize, Serialize};

use crate::authority::Ungrantable;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    GroupClosed, InvalidSettings, NotGrantable, Refusal, refused, refused_for_grants, refused_when_closed,
};
use crate::rules::{authority, group, require_known, require_open};
use crate::{
    AccessModel, Actor, Draft, Event, Grant, Grants, GroupId, GroupSettings, GroupStatus, Host, JoinPolicy,
    Operation, Permission, Reads, Scope, Stop,
};

/// Changes what is set about a group, all at once. Turned invite-only, it takes nobody any more by invite links
/// (LNK-6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeGroup {
    id: GroupId,
    settings: GroupSettings,
}

impl ChangeGroup {
    /// Of this group, to these settings.
    #[must_use]
    pub fn new(id: GroupId, settings: GroupSettings) -> Self {
        Self { id, settings }
    }
}

/// What came of changing a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupChanged {
    /// The settings from now on.
    pub settings: GroupSettings,
}

refused! {
    /// Why a group was not changed.
    ChangeGroupRefused:
        OrganizationSuspended, OrganizationClosed, UnknownGroup, GroupClosed, NotPermitted, InvalidSettings,
        NotGrantable, GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, InvalidEnd, NotEntitled,
        TooLarge
}
refused_when_closed!(ChangeGroupRefused);
refused_for_grants!(ChangeGroupRefused);

impl Sealed for ChangeGroup {}

impl Operation for ChangeGroup {
    type Outcome = GroupChanged;
    type Refusal = ChangeGroupRefused;
    const NAME: &'static str = "change-group";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).group(self.id.clone())
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let row = group::<ChangeGroupRefused>(draft, &self.id)?.clone();
        let by = authority(host, draft, actor)?;
        let permitted = by.require(&Permission::MANAGE_GROUP, &Scope::Group(self.id.clone()));
        draft.rule("AUT-1", permitted.map_err(ChangeGroupRefused::from))?;
        if row.status == GroupStatus::Closed {
            return Err(Stop::Refused(GroupClosed { group: row.id }.into()));
        }
        check_group(host, actor, draft, &self.id, &self.settings, Some(&row.settings))?;
        if row.settings != self.settings {
            draft.emit(Event::GroupChanged { id: row.id, settings: self.settings.clone() });
        }
        Ok(GroupChanged { settings: self.settings.clone() })
    }
}

/// Requires sane texts, and that the actor may grant what those get who join by themselves or by request, unless
/// they got it before and it is not easier to come in now (AUT-2).
pub(super) fn check_group<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    id: &GroupId,
    settings: &GroupSettings,
    before: Option<&GroupSettings>,
) -> Result<(), Stop<R>>
where
    R: Refusal + From<InvalidSettings> + From<Ungrantable> + From<NotGrantable>,
{
    check_texts(host.model, settings).map_err(R::from)?;
    let same = |before: &GroupSettings| {
        before.join_access == settings.join_access && settings.join_policy <= before.join_policy
    };
    if before.is_some_and(same) {
        return Ok(());
    }
    let Some(access) = settings.join_access.clone() else { return Ok(()) };
    let grants = Grants::from(Grant::new(Scope::Group(id.clone()), access));
    require_known::<R>(host, draft, &grants)?;
    let grantable = authority::<R>(host, draft, actor)?.require_grantable(&grants).map_err(R::from);
    draft.rule("AUT-2", grantable)?;
    Ok(())
}

fn check_texts(model: &AccessModel, settings: &GroupSettings) -> Result<(), InvalidSettings> {
    let wrong = |what: &str| Err(InvalidSettings { what: what.to_string() });
    super::change_settings::check_texts(
        model,
        &settings.name,
        settings.description.as_deref(),
        settings.about_url.as_deref(),
    )?;
    let kind = settings.kind.as_ref();
    if kind
        .is_some_and(|kind| kind.trim().is_empty() || kind.len() > 64 || kind.chars().any(char::is_control))
    {
        return wrong("the kind of group is empty, longer than 64 bytes, or holds a control character");
    }
    if settings.join_policy != JoinPolicy::InviteOnly && settings.join_access.is_none() {
        return wrong("what those get who join without an invitation is missing");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    fn change(settings: GroupSettings) -> ChangeGroup {
        ChangeGroup::new(group("red"), settings)
    }

    #[test]
    fn given_a_manager_of_the_group_when_changed_then_it_holds_and_the_same_is_no_fact_e7() {
        let mut world = World::new();
        world.add("cat", in_group("admin", "red"));
        let settings =
            GroupSettings::named("Red").kind("team").described("We paint.").about("https://red.example/");
        world.ok(change(settings.clone()), &by("cat"));
        assert_eq!(world.rows().groups[&group("red")].settings, settings);
        let before = world.events();
        world.ok(change(settings.clone()), &by("cat"));
        assert_eq!(world.events(), before);
        let other = ChangeGroup::new(group("blue"), settings);
        assert_eq!(world.run(other, &by("cat")).unwrap_err().code(), "not-permitted");
    }

    #[test]
    fn given_access_that_somebody_else_set_when_only_the_name_changes_then_nobody_asks_for_it_again_aut_2() {
        let mut world = World::new();
        let open = |name: &str| GroupSettings::named(name).open_with(Access::role("member"));
        world.ok(change(open("Red")), &by("ada"));
        let manages = Access::role("client").adding(Permission::MANAGE_GROUP);
        world.add("cat", Grant::new(Scope::Group(group("red")), manages));
        world.ok(change(open("Redder")), &by("cat"));
        let more = open("Red").open_with(Access::role("lead"));
        assert_eq!(world.run(change(more), &by("cat")).unwrap_err().code(), "not-grantable");
    }

    #[test]
    fn given_access_that_somebody_else_set_when_it_becomes_easier_to_come_in_then_it_is_asked_for_anew_aut_2()
    {
        let by_request = || GroupSettings::named("Red").by_request_with(Access::role("member"));
        let open = || GroupSettings::named("Red").open_with(Access::role("member"));
        let kept = serde_json::json!({"name": "Red", "join_access": {"role": "member"}});
        let kept = || serde_json::from_value::<GroupSettings>(kept.clone()).unwrap();
        assert_eq!(kept().join_policy(), JoinPolicy::InviteOnly);
        for (sentence, was, becomes, expected) in [
            ("from by request to open", by_request(), open(), Some("not-grantable")),
            ("from invite-only to by request", kept(), by_request(), Some("not-grantable")),
            ("from invite-only to open", kept(), open(), Some("not-grantable")),
            ("from open to by request", open(), by_request(), None),
            ("from open to invite-only", open(), kept(), None),
        ] {
            let mut world = World::new();
            world.ok(change(was), &by("ada"));
            let manages = Access::role("client").adding(Permission::MANAGE_GROUP);
            world.add("cat", Grant::new(Scope::Group(group("red")), manages));
            let changed = world.run(change(becomes), &by("cat"));
            assert_eq!(changed.err().map(|why| why.code()), expected, "{sentence}");
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ChangeGroupRefused", include_str!("change_group.rs"));
        let mut world = World::with(roomy().entitled("line", Restriction::only(["a"])));
        let with = |access: Access| change(GroupSettings::named("Red").open_with(access));
        let long = |length| "x".repeat(length);
        let named = || GroupSettings::named("Red");
        for (sentence, command) in [
            ("no name", change(GroupSettings::named("\u{7}"))),
            ("a long name", change(GroupSettings::named(long(201)))),
            ("a long description", change(named().described(long(2_001)))),
            ("a control character in the description", change(named().described("We\0paint."))),
            ("a page without https", change(named().about("http://red.example"))),
            ("an empty kind", change(named().kind(" "))),
            ("a long kind", change(named().kind(long(65)))),
        ] {
            cases.refused(sentence, "InvalidSettings", world.run(command, &by("ada")));
        }
        world.ok(change(named().kind(long(64))), &by("ada"));
        let settings = serde_json::json!({"name": "Red", "join_policy": "open"});
        let without = change(serde_json::from_value(settings).unwrap());
        cases.refused(
            "given an open group, then it gives something",
            "InvalidSettings",
            world.run(without, &by("ada")),
        );
        for (sentence, reason, command) in [
            (
                "given no such group, then it is told",
                "UnknownGroup",
                ChangeGroup::new(group("nowhere"), named()),
            ),
            (
                "given an unknown role for who joins, then it is told",
                "UnknownRole",
                with(Access::role("nobody")),
            ),
            (
                "given an unknown permission, then it is told",
                "UnknownPermission",
                with(Access::role("client").adding("nothing")),
            ),
            (
                "given an unknown kind of resource, then it is told",
                "UnknownResourceKind",
                with(Access::role("client").restricted("moon", Restriction::All)),
            ),
            (
                "given what a client never gets, then nobody gives it (B7)",
                "NeverGrantable",
                with(Access::role("client").adding("accounts.delete")),
            ),
            (
                "given a line that the plan does not enable, then it is told (D2)",
                "NotEntitled",
                with(Access::role("client").restricted("line", Restriction::only(["b"]))),
            ),
            (
                "given access that is over already, then it is told (F14)",
                "InvalidEnd",
                with(Access::role("client").until(MIN_TIME)),
            ),
        ] {
            cases.refused(sentence, reason, world.run(command, &by("ada")));
        }
        let long = Restriction::only([long(65_537)]);
        cases.refused(
            "given resources beyond the cap for who joins, then they are too large (ABU-3)",
            "TooLarge",
            world.run(with(Access::role("client").restricted("account", long)), &by("ada")),
        );
        let manages = Access::role("client").adding(Permission::MANAGE_GROUP);
        world.add("cat", Grant::new(Scope::Organization, manages));
        cases.refused(
            "given access beyond one's own for who joins, then it is not grantable (AUT-2)",
            "NotGrantable",
            world.run(with(Access::role("member")), &by("cat")),
        );
        cases.refused(
            "given no right to, when changed, then whom to ask is told",
            "NotPermitted",
            world.run(change(named()), &by("eve")),
        );
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        cases.refused(
            "given a closed group, then never",
            "GroupClosed",
            world.run(change(named()), &by("ada")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now",
            "OrganizationSuspended",
            world.run(change(named()), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never",
            "OrganizationClosed",
            world.run(change(named()), &by("ada")),
        );
        cases.are_all_but(&[("GrantsMissing", "one grant is checked")]);
    }
}
