//! What invitees do: look at a link, accept, decline.

use invite::core::{MAILED_PROOF, PreviewKind};
use invite::{Block, Next, PreviewStatus};

use super::members::roles;
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::mails;
use crate::said::Said;
use crate::table::shown;

const MAIL_OPTION: Opt = Opt::value(
    "mail",
    "MAIL",
    "take the link out of a mail: an .eml file, or an address, for the newest mail to it",
);
pub(crate) const VOUCH_OPTION: Opt =
    Opt::many("vouch", "ADDRESS", "an address that the host has verified to be this user's");

pub(crate) const PREVIEW: Spec = Spec {
    name: "preview",
    arguments: &["LINK"],
    summary: "show what a link is and what to do next; changes nothing",
    options: &[MAIL_OPTION, VOUCH_OPTION],
    notes: "Without --as, as somebody who is not signed in. LINK is the link or its token; - reads it from \
            standard input.",
};

pub(crate) const ACCEPT: Spec = Spec {
    name: "accept",
    arguments: &["LINK"],
    summary: "accept an invitation, or an offer of ownership, by its link",
    options: &[MAIL_OPTION, VOUCH_OPTION],
    notes: "LINK is the link or its token; - reads it from standard input. A mailed link proves the address for \
            24 hours to a user for whom nothing is vouched, as after a sign-up.",
};

pub(crate) const DECLINE: Spec = Spec {
    name: "decline",
    arguments: &["LINK"],
    summary: "decline an invitation by its link",
    options: &[
        MAIL_OPTION,
        VOUCH_OPTION,
        Opt::value("reason", "TEXT", "why; stands in the event log"),
        Opt::flag("block", "never be invited to this organization again"),
    ],
    notes: "LINK is the link or its token; - reads it from standard input.",
};

pub(crate) const UNSUBSCRIBE: Spec = Spec {
    name: "unsubscribe",
    arguments: &["LINK"],
    summary: "get no more mail of an organization, by the link at the end of its mails",
    options: &[MAIL_OPTION],
    notes: "LINK is the link or its token; - reads it from standard input. No invitation ends: it is accepted all the \
            same. Nobody needs an account for it.",
};

pub(crate) async fn preview(given: &Given) -> Result<Said, Failure> {
    let host = Host::open(given).await?;
    let token = mails::token(given, &host)?;
    let somebody = given.one("as").is_some() || given.one("vouch").is_some();
    let principal = if somebody { Some(host::principal(given)?) } else { None };
    let preview = host.invite.preview(&token, principal).await?;
    let what = match preview.kind {
        PreviewKind::Ownership => "offer of ownership",
        PreviewKind::Link => "invite link",
        _ => "invitation",
    };
    let proof = preview.proves_address.then(|| {
        let hours = MAILED_PROOF.num_hours();
        format!("the link proves the address, until {hours} hours after it was mailed")
    });
    let inviter = preview.inviter.as_ref().and_then(|inviter| inviter.user());
    let then = preview.former_role.as_ref().zip(inviter).map(|(role, who)| format!("{who} is {role}"));
    let end = preview.expires_at.and_then(|end| end.time()).map(|end| end.format("%F %R UTC").to_string());
    let mut text =
        format!("{what} to {} ({})\n", shown(&preview.organization_name, 200), preview.organization);
    let groups = preview.groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let facts = [
        ("state", Some(status(preview.status).to_owned())),
        ("next", Some(next(preview.next).to_owned())),
        ("proof", proof),
        ("for", preview.email_masked.clone()),
        ("group", Some(groups).filter(|groups| !groups.is_empty())),
        ("from", inviter.map(ToString::to_string)),
        ("then", then),
        ("ends", end),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            text.push_str(&format!("  {name:5}  {fact}\n"));
        }
    }
    Ok(text.into())
}

fn status(status: PreviewStatus) -> &'static str {
    match status {
        PreviewStatus::Pending => "pending",
        PreviewStatus::Accepted => "accepted",
        PreviewStatus::Declined => "declined",
        PreviewStatus::Revoked => "revoked",
        PreviewStatus::Expired => "expired",
        PreviewStatus::Superseded => "replaced by a newer one",
        PreviewStatus::Open => "open",
        PreviewStatus::Off => "switched off",
        PreviewStatus::NotYet => "does not work yet",
        PreviewStatus::UsedUp => "used as often as it may be",
        _ => "no longer valid",
    }
}

fn next(next: Next) -> &'static str {
    match next {
        Next::SignIn => "sign in, that is: say who you are with --as",
        Next::SignUp => "sign up",
        Next::WrongAccount => "sign in with the account that was invited",
        Next::VerifyAddress => "verify the invited address, that is: --vouch it",
        Next::Accept => "accept or decline",
        Next::Join => "join",
        Next::Ask => "ask to join",
        Next::Suspended => "ask to be restored: this account is suspended",
        Next::AlreadyMember => "nothing: already a member",
        _ => "ask for a new one, or open the newest mail",
    }
}

pub(crate) async fn accept(given: &Given) -> Result<Said, Failure> {
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let accepted = host.invite.accept(&mails::token(given, &host)?, principal).await?;
    let (user, organization) = (&accepted.user, &accepted.organization);
    let mut text = format!("{user} is {} of {organization} now.\n", roles(&accepted.grants));
    if let Some(address) = &accepted.proven {
        text.push_str(&format!("This proved that {} belongs to {user}.\n", address.as_str()));
    }
    if let Some(page) = accepted.continue_to.url() {
        text.push_str(&format!("Go on at {page}\n"));
    }
    for group in &accepted.dropped {
        text.push_str(&format!("The group {group} was closed since.\n"));
    }
    Ok(text.into())
}

pub(crate) async fn decline(given: &Given) -> Result<Said, Failure> {
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let block = if given.flag("block") { Block::Organization } else { Block::No };
    let mut declining =
        host.invite.decline(&mails::token(given, &host)?, principal).with(|decline| decline.block(block));
    if let Some(reason) = given.one("reason") {
        declining = declining.with(|decline| decline.reason(reason));
    }
    let declined = declining.await?;
    let others = declined.ended.iter().filter(|id| **id != declined.invitation).count();
    let others = if others > 0 { format!(" {others} others ended with it.") } else { String::new() };
    Ok(format!("The invitation was declined.{others}\n").into())
}

pub(crate) async fn unsubscribe(given: &Given) -> Result<Said, Failure> {
    let host = Host::open(given).await?;
    let token = mails::unsubscribe_token(given, &host)?;
    host.invite.unsubscribe(&token).await?;
    Ok(format!("{} sends no mail to that address any more.\n", token.organization()).into())
}
