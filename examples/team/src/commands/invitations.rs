//! Invitations after they were made: the list, and what can be done about one.

use invite::{
    Clock as _, Edit, Expiry, Grants, InvitationFilter, InvitationState, PageRequest, SystemClock, csv,
};

use super::invite::granted;
use super::members::{invitee, mail, roles};
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::reasons::{Reasons, Why};
use crate::said::Said;
use crate::table::Table;

pub(crate) const INVITATIONS: Spec = Spec {
    name: "invitations",
    arguments: &[],
    summary: "show invitations with their ids, states and mails, the newest first",
    options: &[
        Opt::value("state", "STATE", "only those: pending, accepted, declined, revoked, expired"),
        Opt::value("group", "ID", "only those to this group"),
        Opt::flag("csv", "all of them, for a spreadsheet"),
        Opt::value("limit", "N", "how many to show; 100 without it"),
    ],
    notes: "",
};

pub(crate) const EDIT: Spec = Spec {
    name: "edit",
    arguments: &["INVITATION"],
    summary: "change a pending invitation; its link stays the same",
    options: &[
        Opt::value("role", "ROLE", "the role that it grants"),
        Opt::many("group", "ID", "a group in which it grants the role, instead of in the organization"),
        Opt::value("expires", "DATE", "it ends when this day begins in UTC: 2030-12-31"),
        Opt::value("continue-to", "URL", "a page of https://team.example/ to go on to after accepting"),
    ],
    notes: "INVITATION is an id, or an address: then the newest invitation to it. What is not named stays; \
            --continue-to any takes the page away. Whoever changes what it grants, or lets it live longer, is its \
            inviter from then on.",
};

pub(crate) const RESEND: Spec = Spec {
    name: "resend",
    arguments: &["INVITATION"],
    summary: "send an invitation again with a new link; every earlier link is dead",
    options: &[],
    notes: "INVITATION is an id, or an address: then the newest invitation to it. `team send` sends the mail.",
};

pub(crate) const REMIND: Spec = Spec {
    name: "remind",
    arguments: &["INVITATION"],
    summary: "mail the same link once more",
    options: &[],
    notes: "INVITATION is an id, or an address: then the newest invitation to it. `team send` sends the mail.",
};

pub(crate) const REVOKE: Spec = Spec {
    name: "revoke",
    arguments: &["INVITATION..."],
    summary: "take invitations back: their links are dead at once",
    options: &[],
    notes: "INVITATION is an id, or an address: then the newest invitation to it.",
};

pub(crate) const LINK: Spec = Spec {
    name: "link",
    arguments: &["INVITATION"],
    summary: "show the link of a pending invitation, to hand it over by other means",
    options: &[],
    notes: "A link that was shown here proves nothing about the address; only the mailed one does.",
};

pub(crate) async fn list(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let states = InvitationState::ALL.map(|state| (state.as_str(), state));
    let group = given.one("group").map(host::group).transpose()?;
    let filter = InvitationFilter { state: given.choice("state", &states)?, group, inviter: None };
    let limit = if given.flag("csv") { usize::MAX } else { given.limit(100)? as usize };
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let now = SystemClock.now();
    let read = async |request: &PageRequest| acting.invitations(&filter, request).await;
    let (entries, more) = host::up_to(limit, read).await?;
    if given.flag("csv") {
        return Ok(format!("{}{}", csv::INVITATIONS_HEADING, csv::invitations(&entries, now)).into());
    }
    let mut table =
        Table::new(["invitation", "invitee", "role", "state", "by", "made (UTC)", "ends (UTC)", "mail"]);
    for entry in &entries {
        let invitation = &entry.invitation;
        let end = invitation.expires_at.time();
        table.row([
            invitation.id.to_string(),
            invitee(&invitation.invitee),
            roles(&invitation.grants),
            invitation.state_at(now).to_string(),
            invitation.inviter.user().map_or("the host".into(), ToString::to_string),
            invitation.created_at.format("%F %R").to_string(),
            end.map_or("never".into(), |end| end.format("%F %R").to_string()),
            mail(entry.delivery.as_ref()),
        ]);
    }
    let mut text = table.or("there are no such invitations");
    if more {
        text.push_str(&format!("... and more: team invitations --limit {}\n", limit.saturating_mul(10)));
    }
    Ok(text.into())
}

pub(crate) async fn edit(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let (expires, groups) = (given.day("expires")?, host::groups(given)?);
    let host = Host::open(given).await?;
    let grants: Option<Grants> = match given.one("role") {
        None if groups.is_empty() => None,
        _ => Some(granted(given.required("role", &host.roles())?, &groups)),
    };
    let acting = host.acting(given).await?;
    let mut edit = Edit::new(host::invitation(&acting, named).await?);
    if let Some(grants) = grants {
        edit = edit.grants(grants);
    }
    if let Some(end) = expires {
        edit = edit.expires_at(Expiry::At(end));
    }
    edit = match given.one("continue-to") {
        Some("any") => edit.continue_by_default(),
        Some(page) => edit.continue_to(page),
        None => edit,
    };
    let edited = acting.run(edit).await.map_err(|why| host.naming_roles(why))?;
    let end =
        edited.expires_at.time().map_or("never".into(), |end| end.format("on %F at %R UTC").to_string());
    Ok(format!("The invitation of {named} is to be {}, and ends {end}.\n", roles(&edited.grants)).into())
}

pub(crate) async fn resend(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    acting.resend(host::invitation(&acting, named).await?).await?;
    Ok(format!("A new link for {named} waits to be mailed; every earlier one is dead. Next: team send\n")
        .into())
}

pub(crate) async fn remind(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    acting.remind(host::invitation(&acting, named).await?).await?;
    Ok(format!("A reminder for {named} waits to be mailed, with the same link. Next: team send\n").into())
}

pub(crate) async fn revoke(given: &Given) -> Result<Said, Failure> {
    let named = given.some_arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let mut ids = Vec::with_capacity(named.len());
    for named in named {
        ids.push(host::invitation(&acting, named).await?);
    }
    let revoked = acting.revoke_many(ids).await?;
    let (mut table, mut reasons) = (Table::new(["invitation", "result"]), Reasons::default());
    for (named, result) in named.iter().zip(&revoked.results) {
        let why = result.refused.as_ref().map(Why::of);
        let what = why.map_or("revoked".into(), |why| reasons.refused(named, &why));
        table.row([named.clone(), what]);
    }
    let said = Said::from(format!("{}{}", table.or("none was named"), reasons.text()));
    Ok(if revoked.is_empty() { said.but(Failure::Nothing("none was revoked")) } else { said })
}

pub(crate) async fn link(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let link = acting.copy_link(host::invitation(&acting, named).await?).await?;
    Ok(format!("{}\n", link.reveal()).into())
}
