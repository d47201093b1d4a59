//! Join requests and proposals: whoever asks, and whoever decides.

use invite::core::{Approve, ApproveOutcome, Asked, Deny};
use invite::{Clock as _, JoinRequest, PageRequest, RequestFilter, RequestId, RequestState, SystemClock};

use super::answers::VOUCH_OPTION;
use super::members::{invitee, roles};
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::mails;
use crate::reasons::{Reasons, Why};
use crate::said::Said;
use crate::table::Table;

const MESSAGE: Opt = Opt::value("message", "TEXT", "a word to those who decide; it is never mailed");

pub(crate) const ASK: Spec = Spec {
    name: "ask",
    arguments: &["[URL]"],
    summary: "ask to join: by an invite link that needs approval, to a group, or by a domain",
    options: &[
        Opt::value("group", "ID", "a group that is joined by request"),
        Opt::flag("domain", "with an address of a domain of the organization's own"),
        VOUCH_OPTION,
        MESSAGE,
    ],
    notes: "URL is the link or its token; - reads it from standard input.",
};

pub(crate) const PROPOSE: Spec = Spec {
    name: "propose",
    arguments: &["WHO"],
    summary: "propose an invitation, for somebody with the right to approve",
    options: &[
        Opt::value("role", "ROLE", "the role that they shall have"),
        Opt::many("group", "ID", "a group in which they have it, instead of in the organization"),
        MESSAGE,
    ],
    notes: "WHO is an address, or a user.",
};

pub(crate) const REQUESTS: Spec = Spec {
    name: "requests",
    arguments: &[],
    summary: "show join requests and proposals, the newest first",
    options: &[
        Opt::value(
            "state",
            "STATE",
            "only those: pending (so unless said), approved, denied, withdrawn, expired, settled, any",
        ),
        Opt::value("group", "ID", "only those to this group, for who manages it"),
        Opt::value("limit", "N", "how many to show; 100 without it"),
    ],
    notes: "",
};

pub(crate) const APPROVE: Spec = Spec {
    name: "approve",
    arguments: &["REQUEST..."],
    summary: "approve join requests: who asked is a member then, who was proposed is invited",
    options: &[
        Opt::value("role", "ROLE", "they get this role instead of what they asked for"),
        Opt::many("group", "ID", "a group in which they get it, instead of in the organization"),
    ],
    notes: "REQUEST is an id, from `team requests`. Nobody approves what they asked for themselves.",
};

pub(crate) const DENY: Spec = Spec {
    name: "deny",
    arguments: &["REQUEST..."],
    summary: "deny join requests",
    options: &[Opt::value("reason", "TEXT", "why, for whoever asked to read")],
    notes: "REQUEST is an id, from `team requests`.",
};

pub(crate) const WITHDRAW: Spec = Spec {
    name: "withdraw",
    arguments: &["REQUEST"],
    summary: "take back a join request of one's own",
    options: &[],
    notes: "",
};

const STATES: [(&str, Option<RequestState>); 7] = [
    ("pending", Some(RequestState::Pending)),
    ("approved", Some(RequestState::Approved)),
    ("denied", Some(RequestState::Denied)),
    ("withdrawn", Some(RequestState::Withdrawn)),
    ("expired", Some(RequestState::Expired)),
    ("settled", Some(RequestState::Settled)),
    ("any", None),
];

pub(crate) async fn ask(given: &Given) -> Result<Said, Failure> {
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let asking = match given.one("group") {
        Some(group) => {
            let [] = given.arguments()?;
            host.acting(given).await?.organization().ask_for_group(group, principal)
        }
        None if given.flag("domain") => {
            let [] = given.arguments()?;
            host.acting(given).await?.organization().ask_by_domain(principal)
        }
        None => host.invite.ask_to_join(&mails::token(given, &host)?, principal),
    };
    let asked = match given.one("message") {
        Some(message) => asking.with(|ask| ask.message(message)).await?,
        None => asking.await?,
    };
    Ok(waits(&asked))
}

fn waits(asked: &Asked) -> Said {
    format!("The request {} waits for somebody who may approve it.\n", asked.request).into()
}

pub(crate) async fn propose(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let host = Host::open(given).await?;
    let role = given.required("role", &host.roles())?;
    let groups = host::groups(given)?;
    let who = host::invitee(named)?;
    let acting = host.acting(given).await?;
    let proposing = acting.propose(who, super::invite::granted(role, &groups));
    let asked = match given.one("message") {
        Some(message) => proposing.with(|propose| propose.message(message)).await,
        None => proposing.await,
    };
    Ok(waits(&asked.map_err(|why| host.naming_roles(why))?))
}

pub(crate) async fn list(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let state = given.choice("state", &STATES)?.unwrap_or(Some(RequestState::Pending));
    let group = given.one("group").map(host::group).transpose()?;
    let filter = RequestFilter { state, group, by: None };
    let limit = given.limit(100)? as usize;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let now = SystemClock.now();
    let read = async |request: &PageRequest| acting.requests(&filter, request).await;
    let (rows, more) = host::up_to(limit, read).await?;
    let mut table = Table::new(["request", "who", "role", "state", "by", "made (UTC)", "message"]);
    for row in &rows {
        let JoinRequest { id, by, grants, message, created_at, .. } = row;
        table.row([
            id.to_string(),
            invitee(&row.invitee),
            roles(grants),
            row.state_at(now).to_string(),
            by.to_string(),
            created_at.format("%F %R").to_string(),
            message.clone().unwrap_or_default(),
        ]);
    }
    let mut text = table.or("there are no such requests");
    if more {
        text.push_str(&format!("... and more: team requests --limit {}\n", limit.saturating_mul(10)));
    }
    Ok(text.into())
}

fn ids(given: &Given) -> Result<Vec<RequestId>, Failure> {
    let id = |named: &String| {
        named.parse().map_err(|_| {
            let message = format!("`{named}` is no id of a request");
            Failure::input(message, "take one from `team requests`")
        })
    };
    given.some_arguments()?.iter().map(id).collect()
}

pub(crate) async fn approve(given: &Given) -> Result<Said, Failure> {
    let ids = ids(given)?;
    let host = Host::open(given).await?;
    let groups = host::groups(given)?;
    let approve = match given.one("role") {
        Some(role) => Approve::many(ids).granting(super::invite::granted(role, &groups)),
        None => Approve::many(ids),
    };
    let approved = host.acting(given).await?.run(approve).await?;
    let (mut table, mut reasons) = (Table::new(["request", "result"]), Reasons::default());
    for result in &approved.results {
        let what = match &result.outcome {
            ApproveOutcome::Joined { user, grants, .. } => format!("{user} is {} now", roles(grants)),
            ApproveOutcome::Invited { .. } => "invited; next: team send".into(),
            ApproveOutcome::Refused { reason } => reasons.refused(result.request, &Why::of(reason)),
            _ => String::new(),
        };
        table.row([result.request.to_string(), what]);
    }
    let said = Said::from(format!("{}{}", table.or("none was named"), reasons.text()));
    Ok(if approved.is_empty() { said.but(Failure::Nothing("none was approved")) } else { said })
}

pub(crate) async fn deny(given: &Given) -> Result<Said, Failure> {
    let deny = Deny::many(ids(given)?);
    let deny = match given.one("reason") {
        Some(reason) => deny.because(reason),
        None => deny,
    };
    let host = Host::open(given).await?;
    let denied = host.acting(given).await?.run(deny).await?;
    let (mut table, mut reasons) = (Table::new(["request", "result"]), Reasons::default());
    for result in &denied.results {
        let why = result.refused.as_ref().map(Why::of);
        let what = why.map_or("denied".into(), |why| reasons.refused(result.request, &why));
        table.row([result.request.to_string(), what]);
    }
    let said = Said::from(format!("{}{}", table.or("none was named"), reasons.text()));
    Ok(if denied.is_empty() { said.but(Failure::Nothing("none was denied")) } else { said })
}

pub(crate) async fn withdraw(given: &Given) -> Result<Said, Failure> {
    let [_] = given.arguments()?;
    let ids = ids(given)?;
    let (host, user) = (Host::open(given).await?, host::user(given)?);
    for id in ids {
        // Whoever asked is perhaps no member of it.
        let organization = match given.one("org") {
            Some(organization) => host.invite.organization(organization),
            None => host.asked(&user, id).await?,
        };
        organization.by(user.clone()).withdraw(id).await?;
    }
    Ok("The request was taken back.\n".to_owned().into())
}
