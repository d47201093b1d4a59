//! Every operation there is, as one command in the furnished organization.

use std::pin::Pin;

use invite::core::SuppressionKind;
use invite::{
    Access, Command, Erase, Error, FormerOwner, Grant, GroupSettings, LinkSettings, NewMember, Operation,
    Principal, Refusal, Scope, Settings,
};
use tests::{World, address, group, person, user};

use crate::furnished::{Furnished, plan};

/// What came of a command: the name of its operation, and its outcome as text.
pub(crate) type Acted = Pin<Box<dyn Future<Output = (&'static str, Result<String, Error>)> + Send>>;

/// An operation, as somebody asks for it.
pub(crate) struct Case {
    /// Its name.
    pub operation: &'static str,
    /// Asks for it, with an idempotency key or without.
    pub act: fn(&World, &Furnished, Option<&'static str>) -> Acted,
}

fn asked<O: Operation>(command: Command<O>, key: Option<&'static str>) -> Acted
where
    Error: From<Error<O::Refusal>>,
    O::Refusal: Refusal,
{
    let command = match key {
        Some(key) => command.idempotency_key(key),
        None => command,
    };
    Box::pin(async move {
        let outcome = command.await.map(|outcome| serde_json::to_string(&outcome).unwrap());
        (O::NAME, outcome.map_err(Error::from))
    })
}

/// Every operation. That none is missing is a test of its own.
pub(crate) const CASES: &[Case] = &[
    Case {
        operation: "accept",
        act: |world, at, key| asked(world.invite.accept(&at.eve, person("eve")), key),
    },
    Case {
        operation: "add-members",
        act: |world, _, key| {
            let max = NewMember::new(user("max"), Grant::role("member")).email(address("max@example.com"));
            asked(world.acme_by("ada").add_members([max]), key)
        },
    },
    Case { operation: "approve", act: |world, at, key| asked(world.acme_by("ada").approve(at.kay), key) },
    Case {
        operation: "ask-to-join",
        act: |world, at, key| asked(world.invite.ask_to_join(&at.asking, person("zoe")), key),
    },
    Case {
        operation: "change-access",
        act: |world, _, key| asked(world.acme_by("ada").change_access("bob", Grant::role("client")), key),
    },
    Case {
        operation: "change-access",
        act: |world, _, key| {
            let red = Scope::Group(group("red"));
            asked(world.acme_by("amy").change_access_in("bob", red, Access::role("client")), key)
        },
    },
    Case {
        operation: "change-group",
        act: |world, _, key| {
            asked(world.acme_by("ada").change_group("red", GroupSettings::named("Crimson")), key)
        },
    },
    Case {
        operation: "change-group-status",
        act: |world, _, key| asked(world.acme_by("ada").archive_group("red"), key),
    },
    Case {
        operation: "change-group-status",
        act: |world, _, key| asked(world.acme_by("ada").close_group("red"), key),
    },
    Case {
        operation: "change-plan",
        act: |world, _, key| asked(world.invite.organization("acme").as_system().change_plan(plan(20)), key),
    },
    Case {
        operation: "change-settings",
        act: |world, _, key| asked(world.acme_by("ada").change_settings(Settings::named("Acme plc")), key),
    },
    Case {
        operation: "change-status",
        act: |world, _, key| asked(world.invite.organization("acme").as_system().suspend(), key),
    },
    Case {
        operation: "change-status",
        act: |world, _, key| asked(world.invite.organization("acme").as_system().close(), key),
    },
    Case {
        operation: "change-verified-domains",
        act: |world, _, key| asked(world.acme_by("ada").change_verified_domains([]), key),
    },
    Case {
        operation: "create-group",
        act: |world, _, key| {
            asked(world.acme_by("ada").create_group("blue", GroupSettings::named("Blue")), key)
        },
    },
    Case {
        operation: "create-link",
        act: |world, _, key| {
            let settings = LinkSettings::new("Clients", Grant::role("client"));
            asked(world.acme_by("ada").create_link(settings), key)
        },
    },
    Case {
        operation: "create-organization",
        act: |world, _, key| {
            let globex = world.invite.organization("globex");
            asked(globex.create(Settings::named("Globex"), user("ada"), plan(5)), key)
        },
    },
    Case {
        operation: "decline",
        act: |world, at, key| asked(world.invite.decline(&at.eve, person("eve")), key),
    },
    Case {
        operation: "edit",
        act: |world, at, key| asked(world.acme_by("amy").edit(at.dan, Grant::role("client")), key),
    },
    Case {
        operation: "edit-link",
        act: |world, at, key| {
            let settings = LinkSettings::new("Clients", Grant::role("client"));
            asked(world.acme_by("amy").edit_link(at.link, settings), key)
        },
    },
    Case {
        operation: "erase",
        act: |world, _, key| {
            asked(world.invite.organization("acme").erase(Erase::new(address("eve@example.com"))), key)
        },
    },
    Case {
        operation: "invite",
        act: |world, _, key| {
            let list = "new@example.com, eve@example.com, max@example.com";
            asked(world.acme_by("ada").invite(list, Grant::role("member")), key)
        },
    },
    Case { operation: "deny", act: |world, at, key| asked(world.acme_by("ada").deny(at.kay), key) },
    Case {
        operation: "join-by-domain",
        act: |world, _, key| {
            let zoe = Principal::user("zoe").vouched("zoe@work.example");
            asked(world.invite.organization("acme").join_by_domain(zoe), key)
        },
    },
    Case {
        operation: "join-by-link",
        act: |world, at, key| asked(world.invite.join(&at.joining, person("zoe")), key),
    },
    Case {
        operation: "join-group",
        act: |world, _, key| asked(world.invite.organization("acme").join_group("red", person("bob")), key),
    },
    Case { operation: "leave", act: |world, _, key| asked(world.acme_by("bob").leave(), key) },
    Case {
        operation: "offer-ownership",
        act: |world, _, key| asked(world.acme_by("ada").offer_ownership("bob", FormerOwner::Stays), key),
    },
    Case {
        operation: "propose",
        act: |world, _, key| {
            let joe = address("joe@example.com");
            asked(world.acme_by("amy").propose(joe, Grant::role("member")), key)
        },
    },
    Case { operation: "remind", act: |world, at, key| asked(world.acme_by("ada").remind(at.dan), key) },
    Case { operation: "remove-members", act: |world, _, key| asked(world.acme_by("ada").remove("bob"), key) },
    Case { operation: "resend", act: |world, at, key| asked(world.acme_by("ada").resend(at.dan), key) },
    Case {
        operation: "restore-members",
        act: |world, _, key| asked(world.acme_by("ada").restore_member("sue"), key),
    },
    Case { operation: "withdraw", act: |world, at, key| asked(world.acme_by("kay").withdraw(at.kay), key) },
    Case {
        operation: "suspend-members",
        act: |world, _, key| asked(world.acme_by("ada").suspend_member("bob"), key),
    },
    Case { operation: "revoke", act: |world, at, key| asked(world.acme_by("ada").revoke(at.dan), key) },
    Case {
        operation: "switch-link",
        act: |world, at, key| asked(world.acme_by("ada").switch_link_off(at.link), key),
    },
    Case {
        operation: "switch-link",
        act: |world, at, key| asked(world.acme_by("ada").refresh_link(at.link), key),
    },
    Case {
        operation: "switch-link",
        act: |world, at, key| asked(world.acme_by("ada").remove_link(at.link), key),
    },
    Case {
        operation: "tidy",
        act: |world, _, key| asked(world.invite.organization("acme").maintain(100), key),
    },
    Case {
        operation: "unblock",
        act: |world, _, key| {
            let acme = world.invite.organization("acme");
            asked(acme.unblock(person("kim"), SuppressionKind::Invitations), key)
        },
    },
    Case {
        operation: "unsubscribe",
        act: |world, at, key| asked(world.invite.unsubscribe(&at.unsubscribe), key),
    },
];
