//! Invite links: whoever has one may join, within what is set about it.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use invite::{
    Clock as _, DomainRule, DomainRules, Grants, InviteLink, LinkFilter, LinkId, LinkSettings, LinkState,
    PageRequest, SystemClock, WhichLinks,
};

use super::answers::VOUCH_OPTION;
use super::members::roles;
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::mails;
use crate::said::Said;
use crate::table::Table;

const ROLE: Opt = Opt::value("role", "ROLE", "the role of those who join");
const GROUP: Opt =
    Opt::many("group", "ID", "a group in which they have the role, instead of in the organization");
const FROM: Opt = Opt::value("from", "TIME", "nobody joins before: 2027-01-15, \"2027-01-15 09:30\", in UTC");
const UNTIL: Opt = Opt::value("until", "TIME", "nobody joins at this time or later");
const USES: Opt = Opt::value("uses", "N", "how many may join by it");
const APPROVAL: Opt = Opt::flag("approval", "those who have it ask to join, and somebody approves");
const NO_APPROVAL: Opt = Opt::flag("no-approval", "those who have it join, and nobody approves");
const CONTINUE_TO: Opt =
    Opt::value("continue-to", "URL", "a page of https://team.example/ to go on to after joining");
const DOMAIN: Opt =
    Opt::many("domain", "DOMAIN", "only people with an address there: example.com, or *.example.com");

pub(crate) const CREATE: Spec = Spec {
    name: "create-link",
    arguments: &["NAME"],
    summary: "make an invite link, switched on, and show it",
    options: &[ROLE, GROUP, FROM, UNTIL, USES, DOMAIN, APPROVAL, CONTINUE_TO],
    notes: "Example: team create-link Clients --role client --until 2027-02-01 --uses 20",
};

pub(crate) const LINKS: Spec = Spec {
    name: "links",
    arguments: &[],
    summary: "show invite links and how they stand, the newest first",
    options: &[
        Opt::flag("all", "also those that ended"),
        Opt::value("limit", "N", "how many to show; 100 without it"),
    ],
    notes: "Who joined by one shows `team members --link LINK`.",
};

const NAMED: &str = "LINK is an id, or the name of a link that did not end.";

pub(crate) const SHOW: Spec = Spec {
    name: "show-link",
    arguments: &["LINK"],
    summary: "show an invite link, to be passed on",
    options: &[],
    notes: NAMED,
};

pub(crate) const EDIT: Spec = Spec {
    name: "edit-link",
    arguments: &["LINK"],
    summary: "change what is set about an invite link, for those who join later",
    options: &[
        Opt::value("name", "NAME", "another name"),
        ROLE,
        GROUP,
        FROM,
        UNTIL,
        USES,
        DOMAIN,
        APPROVAL,
        NO_APPROVAL,
        CONTINUE_TO,
    ],
    notes: "LINK is an id, or the name of a link that did not end. What is not named stays; `any` takes a limit \
            away, as in --uses any, --until any, --domain any, --continue-to any.",
};

pub(crate) const SWITCH: Spec = Spec {
    name: "switch-link",
    arguments: &["LINK", "on|off"],
    summary: "switch an invite link on or off",
    options: &[],
    notes: NAMED,
};

pub(crate) const REFRESH: Spec = Spec {
    name: "refresh-link",
    arguments: &["LINK"],
    summary: "give an invite link a new URL; the present one never works again",
    options: &[],
    notes: NAMED,
};

pub(crate) const REMOVE: Spec = Spec {
    name: "remove-link",
    arguments: &["LINK"],
    summary: "end an invite link for good; who joined by it stays",
    options: &[],
    notes: NAMED,
};

pub(crate) const JOIN: Spec = Spec {
    name: "join",
    arguments: &["URL"],
    summary: "join by an invite link",
    options: &[VOUCH_OPTION],
    notes: "URL is the link or its token; - reads it from standard input.",
};

pub(crate) async fn create(given: &Given) -> Result<Said, Failure> {
    let [name] = given.arguments()?;
    let host = Host::open(given).await?;
    let role = given.required("role", &host.roles())?;
    let settings = limited(LinkSettings::new(name, granted(given, role)?), None, given)?;
    let acting = host.acting(given).await?;
    let may = if given.flag("approval") { "ask to join" } else { "join" };
    let made = acting.create_link(settings).await.map_err(|why| host.naming_roles(why))?;
    let link = acting.show_link(made.link).await?;
    Ok(format!("The link {} was made. Whoever has it may {may}:\n{}\n", made.link, link.reveal()).into())
}

pub(crate) async fn list(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let which = if given.flag("all") { WhichLinks::All } else { WhichLinks::Kept };
    let filter = LinkFilter { which, ..LinkFilter::default() };
    let limit = given.limit(100)? as usize;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let now = SystemClock.now();
    let read = async |request: &PageRequest| acting.links(&filter, request).await;
    let (links, more) = host::up_to(limit, read).await?;
    let mut table = Table::new([
        "link",
        "name",
        "role",
        "state",
        "joined",
        "revision",
        "by",
        "from (UTC)",
        "until (UTC)",
    ]);
    for link in &links {
        table.row(row(link, now));
    }
    let mut text = table.or("there are no such links");
    if more {
        text.push_str(&format!("... and more: team links --limit {}\n", limit.saturating_mul(10)));
    }
    Ok(text.into())
}

fn row(link: &InviteLink, now: DateTime<Utc>) -> [String; 9] {
    let settings = &link.settings;
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.format("%F %R").to_string()).unwrap_or_default();
    let most = settings.most_uses().map(|most| format!(" of {most}")).unwrap_or_default();
    [
        link.id.to_string(),
        settings.name().to_owned(),
        roles(settings.grants()),
        state(link.state_at(now)).to_owned(),
        format!("{}{most}", link.uses),
        link.revision.to_string(),
        link.creator.user().map_or("the host".into(), ToString::to_string),
        time(settings.opening()),
        time(settings.closing()),
    ]
}

fn state(state: LinkState) -> &'static str {
    match state {
        LinkState::Open => "open",
        LinkState::Off => "off",
        LinkState::NotYet => "not yet",
        LinkState::Over => "over",
        LinkState::UsedUp => "used up",
        _ => "ended",
    }
}

pub(crate) async fn show(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let link = acting.show_link(host::link(&acting, named).await?).await?;
    Ok(format!("{}\n", link.reveal()).into())
}

pub(crate) async fn edit(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let id = host::link(&acting, named).await?;
    let before = acting.organization().link(id).await?.map(|link| link.settings);
    let name = given.one("name").or(before.as_ref().map(LinkSettings::name)).unwrap_or(named);
    let grants = match (given.one("role"), &before) {
        (Some(role), _) => granted(given, role)?,
        (None, Some(before)) if given.one("group").is_none() => before.grants().clone(),
        _ => granted(given, given.required("role", &host.roles())?)?,
    };
    let settings = limited(LinkSettings::new(name, grants), before.as_ref(), given)?;
    let edited = acting.edit_link(id, settings).await.map_err(|why| host.naming_roles(why))?;
    Ok(format!("The link {named} has revision {} now, for those who join later.\n", edited.revision).into())
}

fn granted(given: &Given, role: &str) -> Result<Grants, Failure> {
    Ok(super::invite::granted(role, &host::groups(given)?))
}

/// With the limits that were given, and those there were.
fn limited(
    mut settings: LinkSettings,
    before: Option<&LinkSettings>,
    given: &Given,
) -> Result<LinkSettings, Failure> {
    if let Some(from) = time(given, "from", before.and_then(LinkSettings::opening))? {
        settings = settings.opens_at(from);
    }
    if let Some(until) = time(given, "until", before.and_then(LinkSettings::closing))? {
        settings = settings.closes_at(until);
    }
    let uses = match given.one("uses") {
        Some("any") => None,
        Some(_) => given.number("uses")?,
        None => before.and_then(LinkSettings::most_uses),
    };
    if let Some(uses) = uses {
        settings = settings.max_uses(uses);
    }
    let by_request = match (given.flag(APPROVAL.name), given.flag(NO_APPROVAL.name)) {
        (true, true) => {
            return Err(Failure::input("--approval and --no-approval are opposites", "give one of them"));
        }
        (false, false) => before.is_some_and(LinkSettings::is_by_request),
        (approval, _) => approval,
    };
    if by_request {
        settings = settings.by_request();
    }
    let page = match given.one(CONTINUE_TO.name) {
        Some("any") => None,
        page => page.or(before.and_then(LinkSettings::continuing)),
    };
    if let Some(page) = page {
        settings = settings.continue_to(page);
    }
    let rules = match (given.one("domain"), before) {
        (None, Some(before)) => before.domain_rules().clone(),
        (None | Some("any"), _) => DomainRules::new(),
        (Some(_), _) => domains(given)?,
    };
    Ok(settings.domains(rules))
}

fn domains(given: &Given) -> Result<DomainRules, Failure> {
    let mut rules = DomainRules::new();
    for domain in given.all("domain") {
        let rule = DomainRule::parse(domain).map_err(|why| {
            Failure::input(format!("--domain {domain}: {why}"), "write it as --domain example.com")
        })?;
        rules = rules.allow(rule);
    }
    Ok(rules)
}

fn time(given: &Given, name: &str, before: Option<DateTime<Utc>>) -> Result<Option<DateTime<Utc>>, Failure> {
    let text = match given.one(name) {
        None => return Ok(before),
        Some("any") => return Ok(None),
        Some(text) => text,
    };
    let day = NaiveDate::parse_from_str(text, "%F").map(|day| day.and_time(NaiveTime::MIN));
    let minute = day.or_else(|_| NaiveDateTime::parse_from_str(text, "%F %R"));
    let bad = || {
        let message = format!("--{name}: `{text}` is no time");
        Failure::input(message, format!("write it in UTC, as --{name} 2027-01-15 or \"2027-01-15 09:30\""))
    };
    Ok(Some(minute.map_err(|_| bad())?.and_utc()))
}

pub(crate) async fn switch(given: &Given) -> Result<Said, Failure> {
    let [named, to] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let id = host::link(&acting, named).await?;
    match to {
        "on" => acting.switch_link_on(id).await?,
        "off" => acting.switch_link_off(id).await?,
        _ => return Err(Failure::input(format!("a link is on or off, and not `{to}`"), given.spec.usage())),
    };
    Ok(format!("The link {named} is {to} now.\n").into())
}

pub(crate) async fn refresh(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let id: LinkId = host::link(&acting, named).await?;
    acting.refresh_link(id).await?;
    let link = acting.show_link(id).await?;
    Ok(format!("The old one is dead. From now on:\n{}\n", link.reveal()).into())
}

pub(crate) async fn remove(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    acting.remove_link(host::link(&acting, named).await?).await?;
    Ok(format!("The link {named} is gone; who joined by it stays.\n").into())
}

pub(crate) async fn join(given: &Given) -> Result<Said, Failure> {
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let joined = host.invite.join(&mails::token(given, &host)?, principal).await?;
    let (user, organization) = (&joined.user, &joined.organization);
    let mut text = format!("{user} is {} of {organization} now.\n", roles(&joined.grants));
    if let Some(page) = joined.continue_to.url() {
        text.push_str(&format!("Go on at {page}\n"));
    }
    for group in &joined.dropped {
        text.push_str(&format!("The group {group} was closed since.\n"));
    }
    Ok(text.into())
}
