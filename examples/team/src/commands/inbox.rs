//! The inbox: what waits for somebody in all organizations, and what they do not want.

use std::fmt;

use invite::core::Operation;
use invite::{Answered, Error, PageRequest, SuppressionKind};

use super::answers::VOUCH_OPTION;
use super::members::roles;
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::reasons::{Reasons, Why};
use crate::said::Said;
use crate::table::{Table, count};

pub(crate) const INBOX: Spec = Spec {
    name: "inbox",
    arguments: &[],
    summary: "show the invitations that wait for whoever acts, in all organizations",
    options: &[VOUCH_OPTION, Opt::value("limit", "N", "how many to show; 100 without it")],
    notes: "",
};

pub(crate) const ACCEPT_ALL: Spec = Spec {
    name: "accept-all",
    arguments: &[],
    summary: "accept all that waits in the inbox, with a result for each",
    options: &[VOUCH_OPTION],
    notes: "",
};

pub(crate) const DECLINE_ALL: Spec = Spec {
    name: "decline-all",
    arguments: &[],
    summary: "decline all that waits in the inbox, with a result for each",
    options: &[VOUCH_OPTION],
    notes: "",
};

pub(crate) const BLOCK: Spec = Spec {
    name: "block",
    arguments: &[],
    summary: "never be invited again by anybody; what waits is declined",
    options: &[VOUCH_OPTION],
    notes: "One organization alone is blocked as one declines: team decline LINK --block.",
};

pub(crate) const UNBLOCK: Spec = Spec {
    name: "unblock",
    arguments: &[],
    summary: "undo `team block`, or with --org a block of that organization alone",
    options: &[VOUCH_OPTION],
    notes: "",
};

pub(crate) const BLOCKS: Spec = Spec {
    name: "blocks",
    arguments: &[],
    summary: "show what whoever acts does not want, and from which organization",
    options: &[VOUCH_OPTION],
    notes: "",
};

pub(crate) async fn list(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let limit = given.limit(100)? as usize;
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let read = async |request: &PageRequest| host.invite.inbox(principal.clone(), request).await;
    let (entries, more) = host::up_to(limit, read).await?;
    let waiting = host.invite.waiting(principal.clone()).await?;
    let mut table = Table::new(["invitation", "organization", "role", "from", "since (UTC)"]);
    for entry in &entries {
        let invitation = &entry.invitation;
        table.row([
            invitation.id.to_string(),
            format!("{} ({})", entry.organization_name, entry.organization),
            roles(&invitation.grants),
            invitation.inviter.user().map(ToString::to_string).unwrap_or_default(),
            invitation.created_at.format("%F %R").to_string(),
        ]);
    }
    let waits = count(waiting.count as usize, "invitation waits", "invitations wait");
    let mut text = format!("{}\n{waits} for {}.\n", table.or("nothing waits"), host::user(given)?);
    if more {
        text.push_str(&format!("... and more: team inbox --limit {}\n", limit.saturating_mul(10)));
    }
    Ok(text.into())
}

pub(crate) async fn accept_all(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let answered = host.invite.accept_all(principal).await?;
    Ok(became(&answered, |accepted| format!("{} now", roles(&accepted.grants)), "nothing was accepted"))
}

pub(crate) async fn decline_all(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let answered = host.invite.decline_all(principal).await?;
    Ok(became(&answered, |_| "declined".into(), "nothing was declined"))
}

pub(crate) async fn block(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let answered = host.invite.block(principal).await?;
    let mut said = became(&answered, |_| "declined".into(), "");
    said.text = format!("Nobody invites {} any more.\n\n{}", host::user(given)?, said.text);
    Ok(Said { failure: None, ..said })
}

/// What came of answering several invitations.
fn became<O: Operation>(
    answered: &[Answered<O>],
    done: impl Fn(&O::Outcome) -> String,
    nothing: &'static str,
) -> Said
where
    Error<O::Refusal>: fmt::Display,
{
    let (mut table, mut reasons) = (Table::new(["organization", "result"]), Reasons::default());
    for Answered { organization, result, .. } in answered {
        let what = match result {
            Ok(outcome) => done(outcome),
            Err(Error::Refused(reason)) => reasons.refused(organization, &Why::of(reason)),
            Err(other) => format!("failed: {other}"),
        };
        table.row([organization.to_string(), what]);
    }
    let said = Said::from(format!("{}{}", table.or("nothing waits"), reasons.text()));
    let any = answered.iter().any(|one| one.result.is_ok());
    if any { said } else { said.but(Failure::Nothing(nothing)) }
}

pub(crate) async fn unblock(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    match given.one("org") {
        Some(id) => {
            let organization = host.invite.organization(id);
            organization.unblock(principal, SuppressionKind::Invitations).await?;
            Ok(format!("{id} may invite again.\n").into())
        }
        None if host.invite.unblock(principal).await? => {
            Ok("Everybody may invite again, but for organizations that were blocked alone.\n"
                .to_owned()
                .into())
        }
        None => Ok("Nothing was blocked.\n".to_owned().into()),
    }
}

pub(crate) async fn blocks(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let mut table = Table::new(["organization", "what", "as", "since (UTC)"]);
    for entry in host.invite.suppressions(principal).await? {
        let organization = entry.organization.map(|(id, name)| format!("{name} ({id})"));
        table.row([
            organization.unwrap_or_else(|| "all".into()),
            entry.suppression.kind.as_str().into(),
            super::members::invitee(&entry.suppression.invitee),
            entry.suppression.at.format("%F %R").to_string(),
        ]);
    }
    Ok(table.or("nothing is blocked").into())
}
