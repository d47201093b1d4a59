//! Members: who is there, what they hold, and how they go.

use invite::core::Delivery;
use invite::{
    Access, FormerOwner, Grant, Grants, Invitee, RemoveMembers, RosterEntry, Scope, TheirInvitations, UserId,
};

use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::reasons::{Reasons, Why};
use crate::said::Said;
use crate::table::Table;

pub(crate) const ROSTER: Spec = Spec {
    name: "roster",
    arguments: &[],
    summary: "show members and pending invitations in one list, the newest first",
    options: &[Opt::value("limit", "N", "how many to show; 100 without it")],
    notes: "",
};

pub(crate) const ROLE: Spec = Spec {
    name: "role",
    arguments: &["USER", "ROLE"],
    summary: "change a member's role",
    options: &[],
    notes: "Raising somebody takes the seat that the role needs.",
};

pub(crate) const REMOVE: Spec = Spec {
    name: "remove",
    arguments: &["USER..."],
    summary: "remove members, with a result for each",
    options: &[Opt::value(
        "their-invitations",
        "WHAT",
        "what becomes of pending invitations that they sent: keep (so unless said), revoke, hand-over",
    )],
    notes: "",
};

pub(crate) const LEAVE: Spec = Spec {
    name: "leave",
    arguments: &[],
    summary: "leave the organization",
    options: &[],
    notes: "Anybody but the last owner may leave.",
};

pub(crate) const OFFER: Spec = Spec {
    name: "offer",
    arguments: &["USER"],
    summary: "offer ownership to a member, who gets a mail and accepts it",
    options: &[Opt::value(
        "become",
        "ROLE",
        "what the one who offers becomes; without it, an owner beside the new one",
    )],
    notes: "Nothing changes until the member accepts: team send; team accept --mail ADDRESS --as USER",
};

pub(crate) async fn roster(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let limit = given.limit(100)? as usize;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let (entries, more) = host::up_to(limit, async |request| acting.roster(request).await).await?;
    let mut table = Table::new(["who", "address", "role", "seat", "state", "since (UTC)", "mail"]);
    for entry in &entries {
        table.row(row(entry));
    }
    let mut text = table.or("nobody is here");
    if more {
        text.push_str(&format!("... and more: team roster --limit {}\n", limit.saturating_mul(10)));
    }
    Ok(text.into())
}

fn row(entry: &RosterEntry) -> [String; 7] {
    match entry {
        RosterEntry::Member(member) => [
            member.user.to_string(),
            member.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default(),
            roles(&member.grants),
            member.seat.as_ref().map(ToString::to_string).unwrap_or_default(),
            "member".into(),
            member.joined_at.format("%F %R").to_string(),
            String::new(),
        ],
        RosterEntry::Invitation(entry) => {
            let invitation = &entry.invitation;
            [
                invitation.name.clone().unwrap_or_default(),
                invitee(&invitation.invitee),
                roles(&invitation.grants),
                invitation.seat.as_ref().map(ToString::to_string).unwrap_or_default(),
                "invited".into(),
                invitation.created_at.format("%F %R").to_string(),
                mail(entry.delivery.as_ref()),
            ]
        }
    }
}

/// The invitee in full, for those who may see the list.
pub(crate) fn invitee(invitee: &Invitee) -> String {
    invitee.address().map_or_else(|| invitee.to_string(), |address| address.as_str().to_owned())
}

/// Roles by scope, as in `member`, or `editor in group web`.
pub(crate) fn roles(grants: &Grants) -> String {
    let role = |(scope, access): (&Scope, &Access)| match scope {
        Scope::Organization => access.role_name().to_string(),
        Scope::Group(_) => format!("{} in {scope}", access.role_name()),
    };
    grants.iter().map(role).collect::<Vec<_>>().join(", ")
}

/// Where the last mail stands.
pub(crate) fn mail(delivery: Option<&Delivery>) -> String {
    delivery.map_or("none".into(), |delivery| delivery.state.as_str().into())
}

pub(crate) async fn role(given: &Given) -> Result<Said, Failure> {
    let [user, role] = given.arguments()?;
    let host = Host::open(given).await?;
    let changed = host.acting(given).await?.change_access(user, Grant::role(role)).await;
    let changed = changed.map_err(|why| host.naming_roles(why))?;
    let seat = changed.seat.map_or("no seat".into(), |seat| format!("a {seat} seat"));
    Ok(format!("{user} is {} now, and takes {seat}.\n", roles(&changed.grants)).into())
}

pub(crate) async fn remove(given: &Given) -> Result<Said, Failure> {
    let users = given.some_arguments()?.iter().map(UserId::try_from).collect::<Result<Vec<_>, _>>();
    let users = users.map_err(|why| Failure::input(why.to_string(), "see `team roster` for who is there"))?;
    let choices = [
        ("keep", TheirInvitations::Keep),
        ("revoke", TheirInvitations::Revoke),
        ("hand-over", TheirInvitations::HandOver),
    ];
    let choice = given.choice("their-invitations", &choices)?.unwrap_or_default();
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let removed = acting.run(RemoveMembers::many(users).their_invitations(choice)).await?;
    let mut table = Table::new(["user", "result", "invitations revoked", "handed over"]);
    let mut reasons = Reasons::default();
    for result in &removed.results {
        let why = result.refused.as_ref().map(Why::of);
        if let Some(why) = &why {
            reasons.add(why, result.user.to_string());
        }
        let (revoked, handed_over) = (result.settled.revoked, result.settled.handed_over);
        let what = why.map_or("removed".into(), |why| format!("refused: {}", why.code));
        table.row([result.user.to_string(), what, revoked.to_string(), handed_over.to_string()]);
    }
    let said = Said::from(format!("{}{}", table.or("nobody was named"), reasons.text()));
    let any = removed.results.iter().any(|result| result.refused.is_none());
    Ok(if any { said } else { said.but(Failure::Nothing("nobody was removed")) })
}

pub(crate) async fn leave(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let host = Host::open(given).await?;
    let left = host.acting(given).await?.leave().await?;
    Ok(format!("{} has left.\n", left.user).into())
}

pub(crate) async fn offer(given: &Given) -> Result<Said, Failure> {
    let [user] = given.arguments()?;
    let former = match given.one("become") {
        Some(role) => FormerOwner::Becomes(Access::role(role)),
        None => FormerOwner::Stays,
    };
    let host = Host::open(given).await?;
    let offered = host.acting(given).await?.offer_ownership(user, former).await;
    let offered = offered.map_err(|why| host.naming_roles(why))?;
    Ok(format!(
        "Ownership was offered to {user}, as invitation {}. Mail it with `team send`.\n",
        offered.invitation
    )
    .into())
}
