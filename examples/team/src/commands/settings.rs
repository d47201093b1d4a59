//! What an organization's managers set, its domains, and whether it works at all.

use invite::core::{DomainRule, DomainRules};
use invite::{Acting, Domain, DomainJoining, Inclusion, Settings, VerifiedDomain};

use super::answers::VOUCH_OPTION;
use super::invite::granted;
use super::members::roles;
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::said::Said;
use crate::table::Table;

pub(crate) const SETTINGS: Spec = Spec {
    name: "settings",
    arguments: &[],
    summary: "show what is set, after changing what is named",
    options: &[
        Opt::value("name", "NAME", "the organization's name"),
        Opt::value("description", "TEXT", "a sentence about it, for mails"),
        Opt::value("about", "URL", "a page about it, for mails"),
        Opt::many(
            "allow",
            "DOMAIN",
            "only who has an address of these domains may be invited; `any` for all",
        ),
        Opt::many("deny", "DOMAIN", "nobody who has an address of these may be invited; `none` for none"),
        Opt::value(
            "include",
            "WHEN",
            "whether users are members at once when invited by id: off, asked, always",
        ),
    ],
    notes: "DOMAIN is example.com, or *.example.com for all below it.",
};

pub(crate) const VERIFY_DOMAIN: Spec = Spec {
    name: "verify-domain",
    arguments: &["DOMAIN"],
    summary: "let everybody with an address of a domain join, as a host does that verified whose it is",
    options: &[
        Opt::value("role", "ROLE", "the role that they have"),
        Opt::many("group", "ID", "a group in which they have it, instead of in the organization"),
        Opt::flag("by-request", "they ask, and somebody approves"),
        Opt::flag("drop", "the domain is not this organization's any more"),
    ],
    notes: "The system does this, and asks nobody's permission.",
};

pub(crate) const JOIN_DOMAIN: Spec = Spec {
    name: "join-domain",
    arguments: &[],
    summary: "join an organization with an address of a domain of its own",
    options: &[VOUCH_OPTION],
    notes: "Name it with --org ID. Where they are to ask: team ask --domain.",
};

pub(crate) const SUSPEND: Spec = Spec {
    name: "suspend-org",
    arguments: &[],
    summary: "suspend the organization: nobody is invited and nobody joins until it is resumed",
    options: &[],
    notes: "",
};

pub(crate) const RESUME: Spec = Spec {
    name: "resume-org",
    arguments: &[],
    summary: "resume a suspended organization",
    options: &[],
    notes: "",
};

pub(crate) const CLOSE: Spec = Spec {
    name: "close-org",
    arguments: &[],
    summary: "close the organization for good: all that is open ends",
    options: &[],
    notes: "",
};

pub(crate) async fn settings(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let before = acting.organization().get().await?.settings;
    let after = changed(before.clone(), given)?;
    if after != before {
        acting.change_settings(after.clone()).await?;
    }
    let rules = after.domain_rules();
    let named =
        |rules: Vec<String>, none: &str| if rules.is_empty() { none.into() } else { rules.join(", ") };
    let allowed = rules.allowed().map(|rules| rules.iter().map(ToString::to_string).collect());
    let denied = rules.denied().iter().map(ToString::to_string).collect();
    let verified = acting.organization().get().await?.verified;
    let mut table = Table::new(["setting", "value"]);
    let rows = [
        ("name", after.name().to_owned()),
        ("description", after.description().unwrap_or_default().to_owned()),
        ("about", after.about_url().unwrap_or_default().to_owned()),
        ("allow", allowed.map_or("any".into(), |allowed| named(allowed, "none"))),
        ("deny", named(denied, "none")),
        ("include", word(after.includes()).to_owned()),
    ];
    for (name, value) in rows {
        table.row([name.into(), value]);
    }
    for (domain, set) in &verified {
        let joining = match set.joining() {
            DomainJoining::Directly => "joins as",
            DomainJoining::ByRequest => "may ask to be",
        };
        table.row([format!("domain {domain}"), format!("{joining} {}", roles(set.grants()))]);
    }
    Ok(table.or("nothing is set").into())
}

const INCLUSIONS: [(&str, Inclusion); 3] =
    [("off", Inclusion::Off), ("asked", Inclusion::Asked), ("always", Inclusion::Always)];

fn word(inclusion: Inclusion) -> &'static str {
    INCLUSIONS.iter().find(|(_, is)| *is == inclusion).map_or("", |(word, _)| word)
}

/// The settings with what was given.
fn changed(mut settings: Settings, given: &Given) -> Result<Settings, Failure> {
    if let Some(description) = given.one("description") {
        settings = settings.described(description);
    }
    if let Some(url) = given.one("about") {
        settings = settings.about(url);
    }
    if let Some(inclusion) = given.choice("include", &INCLUSIONS)? {
        settings = settings.inclusion(inclusion);
    }
    if let Some(name) = given.one("name") {
        settings = settings.renamed(name);
    }
    let old = settings.domain_rules().clone();
    let allowed = match rules(given, "allow", "any")? {
        Some(allowed) => allowed,
        None => old.allowed().into_iter().flatten().cloned().collect(),
    };
    let denied = match rules(given, "deny", "none")? {
        Some(denied) => denied,
        None => old.denied().iter().cloned().collect(),
    };
    let rules = allowed.into_iter().fold(DomainRules::new(), DomainRules::allow);
    Ok(settings.domains(denied.into_iter().fold(rules, DomainRules::deny)))
}

/// The rules that were given, if any; a word stands for none at all.
fn rules(given: &Given, name: &'static str, nothing: &str) -> Result<Option<Vec<DomainRule>>, Failure> {
    let rule = |text: &str| {
        let bad = |why: invite::core::InvalidDomainRule| {
            Failure::input(format!("--{name} {text}: {why}"), "write example.com, or *.example.com")
        };
        DomainRule::parse(text).map_err(bad)
    };
    if given.one(name) == Some(nothing) {
        return Ok(Some(Vec::new()));
    }
    let rules = given.all(name).map(rule).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(rules).filter(|rules| !rules.is_empty()))
}

pub(crate) async fn verify_domain(given: &Given) -> Result<Said, Failure> {
    let [named] = given.arguments()?;
    let domain = Domain::parse(named)
        .map_err(|why| Failure::input(format!("{named}: {why}"), "write it as in example.com"))?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let mut verified = acting.organization().get().await?.verified;
    let said = if given.flag("drop") {
        verified.remove(&domain);
        format!("{domain} is not this organization's any more.\n")
    } else {
        let role = given.required("role", &host.roles())?;
        let grants = granted(role, &host::groups(given)?);
        let by_request = given.flag("by-request");
        let set = if by_request { VerifiedDomain::asks(grants) } else { VerifiedDomain::joins(grants) };
        verified.insert(domain.clone(), set);
        let how = if by_request { "may ask to join" } else { "may join" };
        format!("Whoever has an address of {domain} {how}.\n")
    };
    let changed = acting.organization().as_system().change_verified_domains(verified).await;
    changed.map_err(|why| host.naming_roles(why))?;
    Ok(said.into())
}

pub(crate) async fn join_domain(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let joined = host.acting(given).await?.organization().join_by_domain(principal).await?;
    Ok(format!("{} is {} now.\n", joined.user, roles(&joined.grants)).into())
}

async fn acting(given: &Given) -> Result<Acting, Failure> {
    let [] = given.arguments()?;
    Host::open(given).await?.acting(given).await
}

pub(crate) async fn suspend(given: &Given) -> Result<Said, Failure> {
    acting(given).await?.suspend().await?;
    Ok("It is suspended.\n".to_owned().into())
}

pub(crate) async fn resume(given: &Given) -> Result<Said, Failure> {
    acting(given).await?.resume().await?;
    Ok("It works again.\n".to_owned().into())
}

pub(crate) async fn close(given: &Given) -> Result<Said, Failure> {
    acting(given).await?.close().await?;
    Ok("It is closed. What was open in it is settled by `team maintain`.\n".to_owned().into())
}
