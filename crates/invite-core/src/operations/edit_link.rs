//! Change what is set about an invite link.

use serde::{Deserialize, Serialize};

use super::create_link::check_link;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    LinkNotOpen, Refusal, UnknownLink, refused, refused_for_authority, refused_for_grants,
    refused_for_groups, refused_when_closed,
};
use crate::rules::{authority, require_open};
use crate::{
    Actor, Draft, Event, Host, InviteLink, LinkId, LinkSettings, LinkState, Operation, Permission, Reads,
    Stop,
};

/// Changes what is set about an invite link, all at once. It holds for those who join later (B5, LIF-13), and the
/// token stays the same.
///
/// Needs authority over what it grants now and over what it shall grant (AUT-1, AUT-2). Whoever sets it answers for
/// the link from then on (AUT-4, AUT-5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EditLink {
    link: LinkId,
    settings: LinkSettings,
}

impl EditLink {
    /// Of this link, to these settings.
    #[must_use]
    pub fn new(link: LinkId, settings: LinkSettings) -> Self {
        Self { link, settings }
    }
}

/// What came of changing a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinkEdited {
    /// The link.
    pub link: LinkId,
    /// The revision of its settings now.
    pub revision: u32,
}

refused! {
    /// Why a link was not changed.
    EditLinkRefused:
        OrganizationSuspended, OrganizationClosed, UnknownLink, LinkNotOpen, InvalidLink, NotPermitted, NotGrantable,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, InvalidEnd, NotEntitled, TooLarge,
        UnknownGroup, GroupArchived, GroupClosed, GroupInviteOnly, ContinueUrlNotAllowed
}
refused_when_closed!(EditLinkRefused);
refused_for_authority!(EditLinkRefused);
refused_for_grants!(EditLinkRefused);
refused_for_groups!(EditLinkRefused);

impl Sealed for EditLink {}

impl Operation for EditLink {
    type Outcome = LinkEdited;
    type Refusal = EditLinkRefused;
    const NAME: &'static str = "edit-link";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).link(self.link).groups_in(&self.settings.grants)
    }

    fn rows(&self) -> usize {
        2
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let row = kept_link::<EditLinkRefused>(host, actor, draft, self.link)?;
        check_link::<EditLinkRefused>(host, actor, draft, &self.settings)?;
        if row.settings != self.settings {
            draft.emit(Event::LinkEdited { id: row.id, settings: self.settings.clone() });
            if row.creator != *actor {
                draft.emit(Event::LinkHandedOver { id: row.id, to: actor.clone() });
            }
        }
        let revision = draft.link(row.id)?.map_or(row.revision, |row| row.revision);
        Ok(LinkEdited { link: row.id, revision })
    }
}

/// A link that did not end, for whoever has authority over every grant of it (AUT-1).
pub(super) fn kept_link<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    id: LinkId,
) -> Result<InviteLink, Stop<R>>
where
    R: Refusal + From<UnknownLink> + From<crate::authority::Unmanageable> + From<LinkNotOpen>,
{
    let row = draft.link(id)?.cloned().ok_or_else(|| R::from(UnknownLink {}));
    let row = draft.rule("STO-2", row)?;
    let by = authority::<R>(host, draft, actor)?;
    let over = by.require_over(&Permission::LINKS, &row.settings.grants).map_err(R::from);
    draft.rule("AUT-1", over)?;
    let state = LinkState::Ended;
    draft.require("LNK-4", row.is_kept(), || R::from(LinkNotOpen { state }))?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn clients() -> LinkSettings {
        LinkSettings::new("Clients", Grant::role("client"))
    }

    #[test]
    fn given_joiners_when_the_link_is_edited_then_later_ones_alone_get_what_it_grants_then_b5_lif_13() {
        let mut world = World::with(team_of(9));
        let link = world.make_link(clients());
        world.join_by(link, "bob").unwrap();
        let may_publish = Grant::role("client").adding("posts.publish");
        let edited =
            world.ok(EditLink::new(link, LinkSettings::new("Clients", may_publish.clone())), &by("ada"));
        assert_eq!(edited.revision, 1);
        let joined = world.join_by(link, "eve").unwrap();
        assert_eq!((joined.revision, joined.grants), (1, may_publish.clone().into()));
        assert_eq!(world.member("bob").unwrap().grants, Grant::role("client").into());
        for (name, revision) in [("bob", 0), ("eve", 1)] {
            assert_eq!(world.member(name).unwrap().joined_by, JoinedBy::Link { link, revision }, "{name}");
        }
        assert_eq!((world.seats("client"), world.seats("team")), ((1, 0), (1, 0)), "SEA-2");
        let used = world.rows().events.iter().filter(|record| record.kind == "link-used");
        let told = used.map(|record| {
            let data = serde_json::to_value(&record.data).unwrap();
            (record.user.clone().unwrap(), record.link, data["before"]["revision"].clone())
        });
        let expected = [(user("bob"), Some(link), 0.into()), (user("eve"), Some(link), 1.into())];
        assert!(told.eq(expected), "the log tells who joined by which revision");
    }

    #[test]
    fn given_a_token_when_the_link_is_edited_then_it_stays_and_the_same_settings_are_no_fact() {
        let mut world = World::new();
        let link = world.make_link(clients());
        let token = world.link_token(link);
        world.ok(EditLink::new(link, clients().max_uses(3)), &by("ada"));
        let before = world.events();
        let same = world.ok(EditLink::new(link, clients().max_uses(3)), &by("ada"));
        assert_eq!((same.revision, world.events()), (1, before));
        world.ok(JoinByLink::new(token, person("bob")), &by("bob"));
    }

    #[test]
    fn given_an_editor_when_the_settings_change_then_they_answer_for_it_and_else_nobody_else_does_aut_4() {
        let mut world = World::new();
        world.add("dan", Grant::role("admin"));
        let link = world.make_link(clients());
        world.ok(EditLink::new(link, clients()), &by("dan"));
        assert_eq!(world.link(link).creator, by("ada"));
        let before = world.events();
        world.ok(EditLink::new(link, clients().max_uses(9)), &by("dan"));
        assert_eq!(world.kinds_since(before), ["link-edited", "link-handed-over"]);
        assert_eq!(world.link(link).creator, by("dan"));
    }

    #[test]
    fn given_fewer_uses_than_there_were_when_edited_then_it_is_used_up_and_who_joined_stays_con_4() {
        let mut world = World::new();
        let link = world.make_link(clients());
        world.join_by(link, "bob").unwrap();
        world.join_by(link, "eve").unwrap();
        world.ok(EditLink::new(link, clients().max_uses(1)), &by("ada"));
        assert_eq!(world.join_by(link, "dan").unwrap_err().code(), "link-used-up");
        assert!(world.member("bob").is_some() && world.member("eve").is_some());
        world.ok(EditLink::new(link, clients().max_uses(3)), &by("ada"));
        world.join_by(link, "dan").unwrap();
        assert_eq!(world.join_by(link, "fay").unwrap_err().code(), "link-used-up");
    }

    #[test]
    fn given_an_edit_and_a_join_on_one_draft_then_what_was_decided_first_holds_con_2() {
        let mut world = World::new();
        let link = world.make_link(clients());
        let token = world.link_token(link);
        let edit = EditLink::new(link, LinkSettings::new("Clients", Grant::role("member")));
        let join = |name: &str| JoinByLink::new(token.clone(), person(name));
        let (_, joined) = world.clone().both((edit.clone(), &by("ada")), (join("bob"), &by("bob")));
        assert_eq!((joined.revision, joined.grants), (1, Grant::role("member").into()));
        let (joined, _) = world.both((join("bob"), &by("bob")), (edit, &by("ada")));
        assert_eq!((joined.revision, joined.grants), (0, Grant::role("client").into()));
    }

    #[test]
    fn given_somebody_elses_link_when_edited_then_it_takes_authority_over_what_it_was_and_what_it_becomes_aut_1()
     {
        let mut world = World::new();
        world.by_links(["red", "blue"]);
        world.add("cat", Grant::role("lead").adding(Permission::LINKS));
        world.add("dan", in_group("lead", "red").adding(Permission::LINKS));
        let link = |world: &mut World, grants: Grants| world.make_link(LinkSettings::new("x", grants));
        for (sentence, actor, was, becomes, expected) in [
            ("theirs to grant", "cat", Grant::role("member").into(), Grant::role("client").into(), None),
            (
                "above theirs before",
                "cat",
                Grant::role("lead").into(),
                Grant::role("client").into(),
                Some("not-grantable"),
            ),
            (
                "above theirs after",
                "cat",
                Grant::role("client").into(),
                Grant::role("lead").into(),
                Some("not-grantable"),
            ),
            (
                "of their group",
                "dan",
                in_group("client", "red").into(),
                in_group("member", "red").into(),
                None,
            ),
            (
                "of another group before",
                "dan",
                [in_group("client", "red"), in_group("client", "blue")].into(),
                in_group("client", "red").into(),
                Some("not-permitted"),
            ),
            (
                "of another group after",
                "dan",
                in_group("client", "red").into(),
                Grants::from(in_group("client", "blue")),
                Some("not-permitted"),
            ),
        ] {
            let id = link(&mut world, was);
            let edited = world.run(EditLink::new(id, LinkSettings::new("x", becomes)), &by(actor));
            assert_eq!(edited.err().map(|why| why.code()), expected, "{sentence}");
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("EditLinkRefused", include_str!("edit_link.rs"));
        let mut world = World::with(roomy().entitled("line", Restriction::only(["a"])));
        let link = world.make_link(clients());
        let edit = |settings: LinkSettings| EditLink::new(link, settings);
        let to = |grants: Grants| edit(LinkSettings::new("x", grants));
        let now = world.now;
        for (sentence, settings) in [
            ("given no name, then it needs one", LinkSettings::new("", Grant::role("client"))),
            (
                "given a period that ends before it begins, then no (B2)",
                clients().opens_at(now).closes_at(now - TimeDelta::hours(1)),
            ),
        ] {
            cases.refused(sentence, "InvalidLink", world.run(edit(settings), &by("ada")));
        }
        cases.refused(
            "given a page that the host does not list, when a link is edited to lead there, then no (F20, WEB-3)",
            "ContinueUrlNotAllowed",
            world.run(edit(clients().continue_to("https://evil.example/")), &by("ada")),
        );
        let ungrantable: [(&str, Grants); 8] = [
            ("GrantsMissing", Grants::default()),
            ("UnknownRole", Grant::role("king").into()),
            ("UnknownPermission", Grant::role("client").adding("fly").into()),
            ("UnknownResourceKind", Grant::role("client").restricted("moon", Restriction::All).into()),
            ("NeverGrantable", Grant::role("client").adding("accounts.delete").into()),
            ("NotEntitled", Grant::role("client").restricted("line", Restriction::only(["b"])).into()),
            ("InvalidEnd", Grant::role("client").until(MIN_TIME).into()),
            ("TooLarge", (0..65).map(|n| in_group("client", &std::format!("{n}"))).collect()),
        ];
        for (reason, grants) in ungrantable {
            cases.refused(
                "given grants that nobody can give, when a link is edited, then it says why (AUT-3, B7, D2)",
                reason,
                world.run(to(grants), &by("ada")),
            );
        }
        let mut shut = world.clone();
        shut.shut_groups();
        for (reason, group) in SHUT {
            cases.refused(
                "given a group in which nothing can be granted, then it says why (LIF-10)",
                reason,
                shut.run(to(in_group("client", group).into()), &by("ada")),
            );
        }
        cases.refused(
            "given an invite-only group, then nobody comes in by links (LNK-6)",
            "GroupInviteOnly",
            world.run(to(in_group("client", "red").into()), &by("ada")),
        );
        world.add("lea", Grant::role("lead"));
        cases.refused(
            "given no right to links, then it is missing",
            "NotPermitted",
            world.run(edit(clients()), &by("lea")),
        );
        world.add("cat", Grant::role("lead").adding(Permission::LINKS));
        cases.refused(
            "given a role above one's own, then it is not grantable (AUT-2)",
            "NotGrantable",
            world.run(to(Grant::role("lead").into()), &by("cat")),
        );
        let none = LinkId::from_parts(now, [0; 10]);
        cases.refused(
            "given no such link, then it is unknown (STO-2)",
            "UnknownLink",
            world.run(EditLink::new(none, clients()), &by("ada")),
        );
        let mut removed = world.clone();
        removed.ok(SwitchLink::remove(link), &by("ada"));
        cases.refused(
            "given a removed link, then it has ended (LNK-4)",
            "LinkNotOpen",
            removed.run(edit(clients()), &by("ada")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now (LIF-8)",
            "OrganizationSuspended",
            world.run(edit(clients()), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never (LIF-8)",
            "OrganizationClosed",
            world.run(edit(clients()), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
