//! Make an invite link.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::invite::check_grantable;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    ContinueUrlNotAllowed, GroupInviteOnly, InvalidLink, NotGrantable, NotPermitted, Refusal, TooLarge,
    TooManyLinks, refused, refused_for_grants, refused_for_groups, refused_when_closed,
};
use crate::rules::{NoGroup, organization, require_continue_to, require_open};
use crate::{
    Actor, Draft, Event, Grants, Host, InviteLink, JoinPolicy, LinkId, LinkSettings, Nonce, Operation,
    Permission, Reads, Scope, Stop, Switch,
};

/// Makes an invite link (B1): whoever has it may join with what it grants (B4). It is switched on.
///
/// Needs [`Permission::LINKS`] in every scope, and that the actor may grant all of it (AUT-1, AUT-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateLink {
    settings: LinkSettings,
}

impl CreateLink {
    /// With these settings.
    #[must_use]
    pub fn new(settings: LinkSettings) -> Self {
        Self { settings }
    }
}

/// What came of making a link. It holds no token: [`ShowLink`](crate::ShowLink) gives it (TOK-4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinkCreated {
    /// The link.
    pub link: LinkId,
}

refused! {
    /// Why a link was not made.
    CreateLinkRefused:
        OrganizationSuspended, OrganizationClosed, InvalidLink, TooManyLinks, NotPermitted, NotGrantable, GrantsMissing,
        UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, InvalidEnd, NotEntitled, TooLarge, UnknownGroup,
        GroupArchived, GroupClosed, GroupInviteOnly, ContinueUrlNotAllowed
}
refused_when_closed!(CreateLinkRefused);
refused_for_grants!(CreateLinkRefused);
refused_for_groups!(CreateLinkRefused);

impl Sealed for CreateLink {}

impl Operation for CreateLink {
    type Outcome = LinkCreated;
    type Refusal = CreateLinkRefused;
    const NAME: &'static str = "create-link";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).groups_in(&self.settings.grants)
    }

    fn makes(&self) -> usize {
        2
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        check_link::<CreateLinkRefused>(host, actor, draft, &self.settings)?;
        let few = organization::<CreateLinkRefused>(draft)?.counts.links < Reads::MAX_LINKS as u32;
        let too_many = TooManyLinks { limit: Reads::MAX_LINKS };
        draft.require("ABU-3", few, || CreateLinkRefused::from(too_many))?;
        let (now, id) = (draft.now(), LinkId::from_parts(draft.now(), draft.fresh()?));
        let link = InviteLink {
            id,
            settings: self.settings.clone(),
            revision: 0,
            switch: Switch::On,
            creator: actor.clone(),
            created_at: now,
            uses: 0,
            nonce: Nonce::from_bytes(draft.entropy().take()?),
            earlier_nonces: Vec::new(),
            ended: None,
        };
        draft.emit(Event::LinkCreated { link: Box::new(link) });
        Ok(LinkCreated { link: id })
    }
}

/// Requires that the settings fit together, and that the actor may give by a link what they grant.
pub(super) fn check_link<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    settings: &LinkSettings,
) -> Result<(), Stop<R>>
where
    R: Refusal
        + From<InvalidLink>
        + From<crate::authority::Ungrantable>
        + From<NoGroup>
        + From<NotPermitted>
        + From<NotGrantable>
        + From<TooLarge>
        + From<GroupInviteOnly>
        + From<ContinueUrlNotAllowed>,
{
    let wrong = |what: &str| Err(R::from(InvalidLink { what: what.to_string() }));
    let LinkSettings { name, grants, opens_at, closes_at, max_uses, domains, by_request, continue_to } =
        settings;
    let cap = host.model.caps.name_bytes;
    let answer = if name.trim().is_empty() || name.len() > cap || name.chars().any(char::is_control) {
        wrong("the name is empty, too long, or holds a control character")
    } else if opens_at.iter().chain(closes_at).any(|at| crate::bounded(*at) != Ok(*at)) {
        wrong("the period lies outside of the times that are kept")
    } else if opens_at.zip(*closes_at).is_some_and(|(opens_at, closes_at)| closes_at <= opens_at) {
        wrong("the period ends before it begins")
    } else if *max_uses == Some(0) {
        wrong("the link could never be used")
    } else if *by_request && continue_to.is_some() {
        wrong("a link with approval cannot lead on to a page: whoever asks has not joined yet")
    } else {
        Ok(())
    };
    draft.rule("B2", answer)?;
    let most = host.model.caps.domain_rules;
    let too_large = || R::from(TooLarge::new("rules about domains", most));
    draft.require("ABU-3", domains.count() <= most, too_large)?;
    require_continue_to::<R>(host, draft, continue_to.as_ref())?;
    check_grantable::<R>(host, actor, draft, &Permission::LINKS, grants)?;
    require_joinable(draft, grants)
}

/// Requires that no group among those granted takes only who is invited (LNK-6).
pub(super) fn require_joinable<R>(draft: &mut Draft, grants: &Grants) -> Result<(), Stop<R>>
where
    R: Refusal + From<GroupInviteOnly>,
{
    let mut answer = Ok(());
    for id in grants.scopes().filter_map(Scope::group) {
        if draft.group(id)?.is_some_and(|group| group.settings.join_policy == JoinPolicy::InviteOnly) {
            answer = Err(R::from(GroupInviteOnly { group: id.clone() }));
        }
    }
    Ok(draft.rule("LNK-6", answer)?)
}

#[cfg(test)]
mod tests {
    use std::borrow::ToOwned;
    use std::format;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn clients() -> LinkSettings {
        LinkSettings::new("Clients", Grant::role("client"))
    }

    #[test]
    fn given_several_links_when_made_then_each_has_its_name_and_works_by_itself_b1() {
        let mut world = World::new();
        let links = ["spring", "autumn", "autumn"]
            .map(|name| world.make_link(LinkSettings::new(name, Grant::role("client"))));
        let names = links.map(|link| world.link(link).settings.name().to_owned());
        assert_eq!(names, ["spring", "autumn", "autumn"]);
        let tokens = links.map(|link| world.link_token(link).reveal().to_owned());
        assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2]);
        world.ok(SwitchLink::off(links[0]), &by("ada"));
        assert_eq!(world.join_by(links[0], "bob").unwrap_err().code(), "link-off");
        world.join_by(links[1], "bob").unwrap();
        assert_eq!(world.organization().counts.links, 3);
        assert_eq!(world.link(links[1]).creator, by("ada"));
    }

    #[test]
    fn given_an_outcome_and_the_row_when_shown_then_there_is_no_token_or_nonce_in_it_tok_3_tok_4() {
        let mut world = World::new();
        let made = world.ok(CreateLink::new(clients()), &by("ada"));
        let nonce = format!("{:?}", world.link(made.link).nonce.as_bytes());
        let shown = format!("{made:?} {:?}", world.link(made.link));
        assert!(!shown.contains("inv_") && !shown.contains(&nonce) && !shown.contains("Nonce"), "{shown}");
    }

    #[test]
    fn given_settings_when_read_back_from_json_then_they_are_the_same_and_nothing_else_is_taken_aut_10() {
        let now = World::new().now;
        let domains = DomainRules::new().allow(DomainRule::parse("example.com").unwrap());
        let settings =
            clients().opens_at(now).closes_at(now + TimeDelta::days(1)).max_uses(9).domains(domains);
        let json = serde_json::to_value(&settings).unwrap();
        assert_eq!(serde_json::from_value::<LinkSettings>(json.clone()).unwrap(), settings);
        for field in ["uses", "creator", "nonce", "revision", "switch"] {
            let mut more = json.clone();
            more[field] = serde_json::json!(0);
            assert!(serde_json::from_value::<LinkSettings>(more).is_err(), "{field}");
        }
        let read = (settings.opening(), settings.closing(), settings.most_uses());
        assert_eq!(read, (Some(now), Some(now + TimeDelta::days(1)), Some(9)));
    }

    #[test]
    fn given_a_maker_when_the_link_grants_more_than_they_hold_then_it_is_refused_permission_by_permission_aut_1_aut_2()
     {
        let mut world = World::new();
        world.by_links(["red", "blue"]);
        let linking = |grant: Grant| grant.adding(Permission::LINKS);
        world.add("cat", linking(Grant::role("lead").restricted("account", Restriction::only(["a", "b"]))));
        world.add("dan", linking(in_group("lead", "red")));
        let only = |grant: Grant, accounts: &[&str]| {
            grant.restricted("account", Restriction::only(accounts.to_vec()))
        };
        for (sentence, actor, grants, expected) in [
            ("within one's accounts", "cat", only(Grant::role("client"), &["a"]).into(), None),
            (
                "an account beyond",
                "cat",
                only(Grant::role("client"), &["a", "c"]).into(),
                Some("not-grantable"),
            ),
            ("all accounts", "cat", Grants::from(Grant::role("client")), Some("not-grantable")),
            ("a role above", "cat", only(Grant::role("lead"), &["a"]).into(), Some("not-grantable")),
            (
                "a permission beyond",
                "cat",
                only(Grant::role("client").adding("analytics.view"), &["a"]).into(),
                Some("not-grantable"),
            ),
            ("in one's group", "dan", in_group("client", "red").into(), None),
            ("in another group", "dan", in_group("client", "blue").into(), Some("not-permitted")),
            (
                "in one's group and another",
                "dan",
                [in_group("client", "red"), in_group("client", "blue")].into(),
                Some("not-permitted"),
            ),
            ("in the organization", "dan", Grant::role("client").into(), Some("not-permitted")),
        ] {
            let made = world.run(CreateLink::new(LinkSettings::new("x", grants)), &by(actor));
            assert_eq!(made.err().map(|why| why.code()), expected, "{sentence}");
        }
    }

    #[test]
    fn given_as_many_links_as_there_may_be_when_one_more_is_made_then_not_until_one_is_removed_abu_3() {
        let mut world = World::new();
        let first = world.make_link(clients());
        for _ in 1..Reads::MAX_LINKS {
            world.ok_unchecked(CreateLink::new(clients()), &by("ada"));
        }
        let refused = world.run_unchecked(CreateLink::new(clients()), &by("ada")).unwrap_err();
        assert_eq!(refused.code(), "too-many-links");
        world.ok_unchecked(SwitchLink::remove(first), &by("ada"));
        world.ok_unchecked(CreateLink::new(clients()), &by("ada"));
    }

    #[test]
    fn given_caps_when_a_link_is_made_then_each_is_kept_to_the_last_abu_3() {
        let caps = Caps { name_bytes: 8, grants: 1, resource_bytes: 4, domain_rules: 2, ..Caps::default() };
        let mut world = World::of(model().caps(caps), roomy());
        world.by_links(["red"]);
        let rule = |text| DomainRule::parse(text).unwrap();
        let two = DomainRules::new().allow(rule("example.com")).deny(rule("a.example.com"));
        let three = two.clone().deny(rule("b.example.com"));
        let named = |name: &str| LinkSettings::new(name, Grant::role("client"));
        let accounts =
            |these: &[&str]| Grant::role("client").restricted("account", Restriction::only(these.to_vec()));
        for (sentence, settings, expected) in [
            ("a name", named("12345678"), None),
            ("a longer name", named("123456789"), Some("invalid-link")),
            ("accounts", LinkSettings::new("x", accounts(&["ab", "cd"])), None),
            ("more accounts", LinkSettings::new("x", accounts(&["ab", "cde"])), Some("too-large")),
            ("domains", named("x").domains(two), None),
            ("more domains", named("x").domains(three), Some("too-large")),
            (
                "more grants",
                LinkSettings::new("x", [Grant::role("client"), in_group("client", "red")]),
                Some("too-large"),
            ),
        ] {
            let made = world.run(CreateLink::new(settings), &by("ada"));
            assert_eq!(made.err().map(|why| why.code()), expected, "{sentence}");
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("CreateLinkRefused", include_str!("create_link.rs"));
        let mut world = World::with(roomy().entitled("line", Restriction::only(["a"])));
        let now = world.now;
        let nanos = now + TimeDelta::nanoseconds(1);
        let make = |settings: LinkSettings| CreateLink::new(settings);
        for (sentence, settings) in [
            ("given no name, then it needs one", LinkSettings::new(" ", Grant::role("client"))),
            ("given a name that breaks a line, then no", LinkSettings::new("a\nb", Grant::role("client"))),
            (
                "given a long name, then it is too long",
                LinkSettings::new("x".repeat(201), Grant::role("client")),
            ),
            (
                "given a period that ends when it begins, then no (LNK-5)",
                clients().opens_at(now).closes_at(now),
            ),
            (
                "given a period that ends before it begins, then no",
                clients().opens_at(now).closes_at(now - TimeDelta::microseconds(1)),
            ),
            ("given a time finer than what is kept, then no", clients().opens_at(nanos)),
            ("given such an end, then no", clients().closes_at(nanos)),
            ("given a link for nobody, then no (CON-4)", clients().max_uses(0)),
            (
                "given a page to continue to for those who only ask, then no (F20)",
                clients().by_request().continue_to("https://app.example/after"),
            ),
        ] {
            cases.refused(sentence, "InvalidLink", world.run(make(settings), &by("ada")));
        }
        cases.refused(
            "given a page that the host does not list, when a link leads there, then no (F20, WEB-3)",
            "ContinueUrlNotAllowed",
            world.run(make(clients().continue_to("https://evil.example/")), &by("ada")),
        );
        let ungrantable: [(&str, Grants); 8] = [
            ("GrantsMissing", Grants::default()),
            ("UnknownRole", Grant::role("king").into()),
            ("UnknownRole", Grant::role(RoleName::OWNER).into()),
            ("UnknownPermission", Grant::role("client").adding("fly").into()),
            ("UnknownResourceKind", Grant::role("client").restricted("moon", Restriction::All).into()),
            ("NeverGrantable", Grant::role("client").adding("accounts.delete").into()),
            ("NotEntitled", Grant::role("client").restricted("line", Restriction::only(["b"])).into()),
            ("InvalidEnd", Grant::role("client").until(MIN_TIME).into()),
        ];
        for (reason, grants) in ungrantable {
            cases.refused(
                "given grants that nobody can give, when a link is made, then it says why (AUT-3, B7, D2)",
                reason,
                world.run(make(LinkSettings::new("x", grants)), &by("ada")),
            );
        }
        let many = (0..65).map(|n| in_group("client", &format!("{n}"))).collect::<Grants>();
        cases.refused(
            "given more grants than a cap allows, then it is too large (ABU-3)",
            "TooLarge",
            world.run(make(LinkSettings::new("x", many)), &by("ada")),
        );
        let mut shut = world.clone();
        shut.shut_groups();
        for (reason, group) in SHUT {
            cases.refused(
                "given a group in which nothing can be granted, then it says why (LIF-10)",
                reason,
                shut.run(make(LinkSettings::new("x", in_group("client", group))), &by("ada")),
            );
        }
        cases.refused(
            "given an invite-only group, then nobody comes in by links (LNK-6)",
            "GroupInviteOnly",
            world.run(make(LinkSettings::new("x", in_group("client", "red"))), &by("ada")),
        );
        world.add("lea", Grant::role("lead"));
        cases.refused(
            "given no right to links, then it is missing (B1)",
            "NotPermitted",
            world.run(make(clients()), &by("lea")),
        );
        world.add("cat", Grant::role("lead").adding(Permission::LINKS));
        cases.refused(
            "given a role above one's own, then it is not grantable (AUT-2)",
            "NotGrantable",
            world.run(make(LinkSettings::new("x", Grant::role("lead"))), &by("cat")),
        );
        let mut full = world.clone();
        for _ in 0..Reads::MAX_LINKS {
            full.ok_unchecked(make(clients()), &by("ada"));
        }
        cases.refused(
            "given as many as there may be, then no (ABU-3)",
            "TooManyLinks",
            full.run_unchecked(make(clients()), &by("ada")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now (LIF-8)",
            "OrganizationSuspended",
            world.run(make(clients()), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never (LIF-8)",
            "OrganizationClosed",
            world.run(make(clients()), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
