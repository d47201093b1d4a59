//! Switch an invite link on or off, refresh it, remove it.

use serde::{Deserialize, Serialize};

use super::edit_link::kept_link;
use crate::operation::sealed::Sealed;
use crate::refusal::{refused, refused_for_authority, refused_when_closed};
use crate::rules::{authority, require_not_closed, require_open};
use crate::{Actor, Draft, Event, Host, LinkEnding, LinkId, Nonce, Operation, Reads, Stop, Switch};

/// Changes whether and by which token an invite link works.
///
/// Needs [`Permission::LINKS`](crate::Permission::LINKS) in every scope of it, and that the actor may grant its roles
/// (AUT-1); to switch it on, all that it grants (AUT-2). Switch, period and token are separate: none of them brings back
/// what another took away (LNK-4). While the organization is suspended a link can be switched off, refreshed and removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SwitchLink {
    link: LinkId,
    to: To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum To {
    Switch(Switch),
    Refresh,
    Remove,
}

impl SwitchLink {
    /// Somebody may join by it again (B2).
    #[must_use]
    pub fn on(link: LinkId) -> Self {
        Self { link, to: To::Switch(Switch::On) }
    }

    /// Nobody joins by it until it is switched on.
    #[must_use]
    pub fn off(link: LinkId) -> Self {
        Self { link, to: To::Switch(Switch::Off) }
    }

    /// A new token replaces the present one, which never works again (B3).
    #[must_use]
    pub fn refresh(link: LinkId) -> Self {
        Self { link, to: To::Refresh }
    }

    /// It ends for good. Who joined by it stays.
    #[must_use]
    pub fn remove(link: LinkId) -> Self {
        Self { link, to: To::Remove }
    }
}

/// What came of switching, refreshing or removing a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinkSwitched {
    /// The link.
    pub link: LinkId,
}

refused! {
    /// Why a link was not switched, refreshed or removed.
    SwitchLinkRefused:
        OrganizationSuspended, OrganizationClosed, UnknownLink, LinkNotOpen, NotPermitted, NotGrantable
}
refused_when_closed!(SwitchLinkRefused);
refused_for_authority!(SwitchLinkRefused);

impl Sealed for SwitchLink {}

impl Operation for SwitchLink {
    type Outcome = LinkSwitched;
    type Refusal = SwitchLinkRefused;
    const NAME: &'static str = "switch-link";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).link(self.link)
    }

    fn makes(&self) -> usize {
        usize::from(self.to == To::Refresh)
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        match self.to {
            To::Switch(Switch::On) => require_open(draft)?,
            _ => require_not_closed(draft)?,
        }
        let row = kept_link::<SwitchLinkRefused>(host, actor, draft, self.link)?;
        let id = row.id;
        if self.to == To::Switch(Switch::On) {
            let by = authority::<SwitchLinkRefused>(host, draft, actor)?;
            let grantable = by.require_grantable(&row.settings.grants).map_err(SwitchLinkRefused::from);
            draft.rule("AUT-2", grantable)?;
        }
        match self.to {
            To::Switch(switch) if switch == row.switch => {}
            To::Switch(switch) => draft.emit(Event::LinkSwitched { id, switch }),
            To::Refresh => {
                let nonce = Nonce::from_bytes(draft.entropy().take()?);
                draft.emit(Event::LinkRefreshed { id, nonce });
            }
            To::Remove => draft.emit(Event::LinkEnded { id, ending: LinkEnding::Removed }),
        }
        Ok(LinkSwitched { link: id })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    fn link(world: &mut World) -> LinkId {
        world.make_link(LinkSettings::new("Clients", Grant::role("client")))
    }

    fn join(world: &mut World, token: &Token, who: &str) -> Option<&'static str> {
        world.run(JoinByLink::new(token.clone(), person(who)), &by(who)).err().map(|why| why.code())
    }

    #[test]
    fn given_a_link_when_switched_off_and_on_then_it_works_only_while_it_is_on_b2() {
        let mut world = World::new();
        let link = link(&mut world);
        let token = world.link_token(link);
        world.ok(SwitchLink::off(link), &by("ada"));
        assert_eq!(join(&mut world, &token, "bob"), Some("link-off"));
        assert_eq!(world.link_token(link).reveal(), token.reveal(), "it is still shown");
        let before = world.events();
        world.ok(SwitchLink::off(link), &by("ada"));
        assert_eq!(world.events(), before, "what is off already is no fact");
        world.ok(SwitchLink::on(link), &by("ada"));
        assert_eq!(join(&mut world, &token, "bob"), None);
    }

    #[test]
    fn given_a_refreshed_link_when_switched_off_and_on_then_the_old_token_stays_dead_b3_lnk_4() {
        let mut world = World::new();
        let link = link(&mut world);
        let old = world.link_token(link);
        world.ok(SwitchLink::refresh(link), &by("ada"));
        let new = world.link_token(link);
        assert_ne!(old.reveal(), new.reveal());
        for step in [None, Some(SwitchLink::off(link)), Some(SwitchLink::on(link))] {
            step.map(|step| world.ok(step, &by("ada")));
            assert_eq!(join(&mut world, &old, "bob"), Some("superseded"));
        }
        let settings = LinkSettings::new("Clients", Grant::role("client")).max_uses(9);
        world.ok(EditLink::new(link, settings), &by("ada"));
        assert_eq!(join(&mut world, &old, "bob"), Some("superseded"));
        assert_eq!(join(&mut world, &new, "bob"), None);
    }

    #[test]
    fn given_many_refreshes_when_an_old_token_is_presented_then_the_last_few_are_told_so_and_none_works_b3() {
        let mut world = World::new();
        let link = link(&mut world);
        let tokens = [(); EARLIER_NONCES + 2].map(|()| {
            let token = world.link_token(link);
            world.ok(SwitchLink::refresh(link), &by("ada"));
            token
        });
        for (age, token) in tokens.iter().rev().enumerate() {
            let expected = if age < EARLIER_NONCES { "superseded" } else { "unknown-token" };
            assert_eq!(join(&mut world, token, "bob"), Some(expected), "{age}");
        }
    }

    #[test]
    fn given_a_link_that_is_off_when_refreshed_then_it_stays_off_and_its_uses_stay_lnk_4() {
        let mut world = World::new();
        let link = link(&mut world);
        world.join_by(link, "bob").unwrap();
        world.ok(SwitchLink::off(link), &by("ada"));
        world.ok(SwitchLink::refresh(link), &by("ada"));
        let row = world.link(link);
        assert_eq!((row.switch, row.uses, row.revision), (Switch::Off, 1, 0));
        assert_eq!(world.join_by(link, "eve").unwrap_err().code(), "link-off");
    }

    #[test]
    fn given_a_removed_link_then_nobody_joins_and_who_joined_stays() {
        let mut world = World::new();
        let link = link(&mut world);
        world.join_by(link, "bob").unwrap();
        world.ok(SwitchLink::remove(link), &by("ada"));
        assert_eq!(world.join_by(link, "eve").unwrap_err().code(), "link-ended");
        assert!(world.member("bob").is_some());
        assert_eq!(world.organization().counts.links, 0);
        for again in [SwitchLink::on(link), SwitchLink::off(link), SwitchLink::refresh(link)] {
            assert_eq!(world.run(again, &by("ada")).unwrap_err().code(), "link-ended");
        }
    }

    #[test]
    fn given_a_suspended_organization_then_a_link_is_taken_back_and_not_opened_lif_8() {
        let mut world = World::new();
        let (leaked, other) = (link(&mut world), link(&mut world));
        let old = world.link_token(leaked);
        world.ok(ChangeStatus::Suspend, &by("ada"));
        world.ok(SwitchLink::refresh(leaked), &by("ada"));
        world.ok(SwitchLink::off(leaked), &by("ada"));
        assert_eq!(
            world.run(SwitchLink::on(leaked), &by("ada")).unwrap_err().code(),
            "organization-suspended"
        );
        world.ok(SwitchLink::remove(other), &by("ada"));
        assert_eq!(world.join_by(leaked, "bob").unwrap_err().code(), "organization-suspended");
        world.ok(ChangeStatus::Resume, &by("ada"));
        assert_eq!(join(&mut world, &old, "bob"), Some("superseded"));
    }

    #[test]
    fn given_who_manages_links_then_they_switch_those_whose_roles_they_grant_and_open_what_they_hold_aut_1_aut_2()
     {
        let mut world = World::new();
        world.by_links(["red", "blue"]);
        let restricted = Grant::role("lead").restricted("account", Restriction::only(["a"]));
        world.add("cat", restricted.adding(Permission::LINKS));
        world.add("dan", in_group("lead", "red").adding(Permission::LINKS));
        let make = |world: &mut World, grants: Grants| world.make_link(LinkSettings::new("x", grants));
        let within = Grant::role("client").restricted("account", Restriction::only(["a"]));
        // Who, what the link grants; whether they close, refresh and remove it, and whether they open it.
        for (sentence, actor, grants, closes, opens) in [
            ("within what they hold", "cat", within.into(), None, None),
            ("their role, other accounts", "cat", Grant::role("client").into(), None, Some("not-grantable")),
            ("a role above", "cat", Grant::role("lead").into(), Some("not-grantable"), Some("not-grantable")),
            ("their group", "dan", in_group("client", "red").into(), None, None),
            (
                "another group too",
                "dan",
                [in_group("client", "red"), in_group("client", "blue")].into(),
                Some("not-permitted"),
                Some("not-permitted"),
            ),
            (
                "no right to links",
                "bob",
                Grant::role("client").into(),
                Some("not-permitted"),
                Some("not-permitted"),
            ),
        ] {
            let link = make(&mut world, grants);
            let shown = world.show_link(link, actor).err().map(|why| why.code());
            assert_eq!(shown, opens, "{sentence}: show");
            world.ok(SwitchLink::off(link), &by("ada"));
            let steps = [
                (SwitchLink::on(link), opens),
                (SwitchLink::off(link), closes),
                (SwitchLink::refresh(link), closes),
                (SwitchLink::remove(link), closes),
            ];
            for (step, expected) in steps {
                let code = world.run(step, &by(actor)).err().map(|why| why.code());
                assert_eq!(code, expected, "{sentence}: {step:?}");
            }
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("SwitchLinkRefused", include_str!("switch_link.rs"));
        let mut world = World::new();
        let link = world.make_link(LinkSettings::new("Leads", Grant::role("lead")));
        let none = LinkId::from_parts(world.now, [0; 10]);
        cases.refused(
            "given no such link, then it is unknown (STO-2)",
            "UnknownLink",
            world.run(SwitchLink::off(none), &by("ada")),
        );
        cases.refused(
            "given no right to links, then it is missing (AUT-1)",
            "NotPermitted",
            world.run(SwitchLink::off(link), &by("eve")),
        );
        world.add("cat", Grant::role("lead").adding(Permission::LINKS));
        cases.refused(
            "given a role above one's own, then it is not theirs (AUT-1)",
            "NotGrantable",
            world.run(SwitchLink::remove(link), &by("cat")),
        );
        let mut removed = world.clone();
        removed.ok(SwitchLink::remove(link), &by("ada"));
        cases.refused(
            "given a removed link, then it has ended (LNK-4)",
            "LinkNotOpen",
            removed.run(SwitchLink::remove(link), &by("ada")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, when switched on, then not now (LIF-8)",
            "OrganizationSuspended",
            world.run(SwitchLink::on(link), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        for step in [SwitchLink::on(link), SwitchLink::off(link), SwitchLink::refresh(link)] {
            cases.refused(
                "given a closed organization, then never (LIF-8)",
                "OrganizationClosed",
                world.run(step, &by("ada")),
            );
        }
        cases.are_all_but(&[]);
    }
}
