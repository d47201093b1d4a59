//! People: whom somebody may mean, and those whom the host brings, removes or erases.

use invite::{EmailAddress, Erase, Erased, NewMember, Principal, Scope, UserId};

use super::invite::granted;
use super::members::{THEIRS, theirs};
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::reasons::{Reasons, Why};
use crate::said::Said;
use crate::table::{Table, count};

pub(crate) const CANDIDATES: Spec = Spec {
    name: "candidates",
    arguments: &["[TYPED]"],
    summary: "whom one may mean by what was typed so far: people one works or worked with",
    options: &[
        Opt::value("group", "ID", "who could be invited to this group, instead of to the organization"),
        Opt::value("limit", "N", "how many to show; 10 without it"),
    ],
    notes: "",
};

pub(crate) const ADD: Spec = Spec {
    name: "add",
    arguments: &["WHO..."],
    summary: "add users as members without invitation or mail, as a host does that brings its users along",
    options: &[
        Opt::value("role", "ROLE", "the role that they have"),
        Opt::many("group", "ID", "a group in which they have it, instead of in the organization"),
    ],
    notes: "WHO is a user, or USER=ADDRESS with an address that the host has verified.\n\
            The system does this, and asks nobody's permission.\n\n\
            Example: team add bob=bob@example.com eve --role member",
};

pub(crate) const REMOVE_USER: Spec = Spec {
    name: "remove-user",
    arguments: &["USER"],
    summary: "remove a user from all organizations, as a host does that deletes an account",
    options: &[
        Opt::many("vouch", "ADDRESS", "an address of theirs, whose invitations are revoked too"),
        THEIRS,
    ],
    notes: "The system does this. A last owner stays: once the organization has another or is closed, do it again.",
};

pub(crate) const ERASE: Spec = Spec {
    name: "erase",
    arguments: &["WHO..."],
    summary: "erase what is kept about a person in all organizations, as the person may ask of a host",
    options: &[Opt::flag("drop-blocks", "also forget whom they blocked, so that they can be invited again")],
    notes: "WHO is an address or a user; several are the same person. The system does this. The log stays, and tells \
            no address of the person; ids of users are the host's to erase.",
};

pub(crate) async fn candidates(given: &Given) -> Result<Said, Failure> {
    let typed = given.arguments.join(" ");
    let limit = given.limit(10)? as usize;
    let scope = given.one("group").map(host::group).transpose()?.map_or(Scope::Organization, Scope::Group);
    let host = Host::open(given).await?;
    let found = host.acting(given).await?.candidates(&typed, &scope, limit).await?;
    let mut table = Table::new(["user", "name", "known from"]);
    for one in &found {
        let from = match one.nearness {
            invite::Nearness::SharesGroup => "a group",
            invite::Nearness::SharesOrganization => "an organization",
            invite::Nearness::Shared => "an organization, once",
            _ => "the directory",
        };
        table.row([one.user.to_string(), one.name.clone(), from.into()]);
    }
    Ok(table.or("nobody is near").into())
}

pub(crate) async fn add(given: &Given) -> Result<Said, Failure> {
    let host = Host::open(given).await?;
    let role = given.required("role", &host.roles())?;
    let groups = host::groups(given)?;
    let member = |named: &String| {
        let (user, address) =
            named.split_once('=').map_or((named.as_str(), None), |(user, at)| (user, Some(at)));
        let bad = |why: String| Failure::input(format!("{named}: {why}"), "write USER or USER=ADDRESS");
        let user = UserId::parse(user).map_err(|why| bad(why.to_string()))?;
        let member = NewMember::new(user, granted(role, &groups));
        Ok(match address {
            Some(address) => member.email(EmailAddress::parse(address).map_err(|why| bad(why.to_string()))?),
            None => member,
        })
    };
    let members = given.some_arguments()?.iter().map(member).collect::<Result<Vec<_>, Failure>>()?;
    let acting = host.acting(given).await?;
    let added = acting.organization().as_system().add_members(members).await;
    let added = added.map_err(|why| host.naming_roles(why))?;
    let (mut table, mut reasons) = (Table::new(["user", "result"]), Reasons::default());
    for result in &added.results {
        let why = result.refused.as_ref().map(Why::of);
        let what = why.map_or("added".into(), |why| reasons.refused(&result.user, &why));
        table.row([result.user.to_string(), what]);
    }
    let said = Said::from(format!("{}{}", table.or("nobody was named"), reasons.text()));
    let any = added.results.iter().any(|result| result.refused.is_none());
    Ok(if any { said } else { said.but(Failure::Nothing("nobody was added")) })
}

pub(crate) async fn remove_user(given: &Given) -> Result<Said, Failure> {
    let [user] = given.arguments()?;
    let principal = given.all("vouch").fold(Principal::user(user), Principal::vouched);
    let theirs = theirs(given)?;
    let host = Host::open(given).await?;
    let (mut after, mut revoked, mut withdrawn) = (None, 0, 0);
    let (mut table, mut reasons) = (Table::new(["organization", "result"]), Reasons::default());
    while let Some(step) = host.invite.remove_user(principal.clone(), theirs, after.as_ref()).await? {
        if step.left {
            table.row([step.organization.to_string(), "removed".into()]);
        }
        if let Some(reason) = &step.kept {
            let what = reasons.refused(&step.organization, &Why::of(reason));
            table.row([step.organization.to_string(), what]);
        }
        (revoked, withdrawn) = (revoked + step.revoked, withdrawn + step.withdrawn);
        after = step.after;
    }
    let revoked = count(revoked, "invitation was", "invitations were");
    let withdrawn = count(withdrawn, "join request was", "join requests were");
    let table = table.or("a member of no organization");
    Ok(format!("{table}{}\n{revoked} revoked.\n{withdrawn} withdrawn.\n", reasons.text()).into())
}

pub(crate) async fn erase(given: &Given) -> Result<Said, Failure> {
    let [first, others @ ..] = given.some_arguments()? else {
        return Err(Failure::Nothing("nobody was named"));
    };
    let mut person = Erase::new(host::invitee(first)?);
    for named in others {
        person = person.and(host::invitee(named)?);
    }
    if given.flag("drop-blocks") {
        person = person.dropping_blocks();
    }
    let host = Host::open(given).await?;
    let mut table = Table::new(["organization", "invitations", "requests", "users", "blocks"]);
    let mut after = None;
    while let Some(step) = host.invite.erase(&person, after.as_ref()).await? {
        let Erased { invitations, requests, users, blocks, .. } = step.erased;
        let [invitations, requests, users, blocks] =
            [invitations, requests, users, blocks].map(|count| count.to_string());
        table.row([step.organization.to_string(), invitations, requests, users, blocks]);
        after = step.after;
    }
    Ok(table.or("nothing is kept about them").into())
}
