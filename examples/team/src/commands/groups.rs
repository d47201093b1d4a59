//! Groups: projects, teams, lines, with members of their own.

use invite::core::GroupStatus;
use invite::{Access, Group, GroupFilter, GroupSettings, JoinPolicy, PageRequest};

use super::answers::VOUCH_OPTION;
use super::members::roles;
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::said::Said;
use crate::table::Table;

const SETTINGS: &[Opt] = &[
    Opt::value("name", "NAME", "its name, as people read it"),
    Opt::value("kind", "WORD", "what it is called: a project, a team, a line"),
    Opt::value("description", "TEXT", "what stands about it in invitations"),
    Opt::value("about", "URL", "a page that says more; begins with https://"),
    Opt::value(
        "join",
        "HOW",
        "how somebody comes in who was not invited: invite-only (so unless said), by-request, open",
    ),
    Opt::value("join-role", "ROLE", "the role of those who come in without an invitation"),
];

pub(crate) const CREATE: Spec = Spec {
    name: "create-group",
    arguments: &["ID"],
    summary: "create a group; whoever acts manages it",
    options: SETTINGS,
    notes: "Example: team create-group web --name \"The web site\" --join open --join-role member --as ada",
};

pub(crate) const GROUPS: Spec = Spec {
    name: "groups",
    arguments: &[],
    summary: "show groups, the oldest first",
    options: &[
        Opt::value("status", "STATUS", "only those: active, archived, closed"),
        Opt::value("limit", "N", "how many to show; 100 without it"),
    ],
    notes: "Who is in one shows `team members --group ID`.",
};

pub(crate) const CHANGE: Spec = Spec {
    name: "change-group",
    arguments: &["ID"],
    summary: "change what is set about a group; what is not named stays",
    options: SETTINGS,
    notes: "An empty text, as in --kind \"\", takes it away. A group that becomes invite-only takes nobody any more \
            by invite links, at once.",
};

pub(crate) const ARCHIVE: Spec = Spec {
    name: "archive-group",
    arguments: &["ID"],
    summary: "archive a group: its members stay, nobody is invited or joins",
    options: &[],
    notes: "Invitations to it wait, and their mails with them.",
};

pub(crate) const RESTORE: Spec = Spec {
    name: "restore-group",
    arguments: &["ID"],
    summary: "let an archived group work again",
    options: &[],
    notes: "",
};

pub(crate) const CLOSE: Spec = Spec {
    name: "close-group",
    arguments: &["ID"],
    summary: "close a group for good",
    options: &[],
    notes: "Nothing is granted in it from now on. `team maintain` takes it out of members, invitations and links, \
            and ends what then grants nothing.",
};

pub(crate) const JOIN: Spec = Spec {
    name: "join-group",
    arguments: &["ID"],
    summary: "join an open group, as a member of the organization",
    options: &[VOUCH_OPTION],
    notes: "",
};

const POLICIES: [(&str, JoinPolicy); 3] = [
    ("invite-only", JoinPolicy::InviteOnly),
    ("by-request", JoinPolicy::ByRequest),
    ("open", JoinPolicy::Open),
];

const STATUSES: [(&str, GroupStatus); 3] =
    [("active", GroupStatus::Active), ("archived", GroupStatus::Archived), ("closed", GroupStatus::Closed)];

pub(crate) async fn create(given: &Given) -> Result<Said, Failure> {
    let [id] = given.arguments()?;
    let settings = settings(given, &GroupSettings::named(id))?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let created = acting.create_group(id, settings).await.map_err(|why| host.naming_roles(why))?;
    Ok(format!("The group {} was created.\n", created.group).into())
}

pub(crate) async fn list(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let filter = GroupFilter { status: given.choice("status", &STATUSES)?, ..GroupFilter::default() };
    let limit = given.limit(100)? as usize;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let read = async |request: &PageRequest| acting.groups(&filter, request).await;
    let (groups, more) = host::up_to(limit, read).await?;
    let mut table = Table::new(["group", "name", "kind", "status", "join", "by", "made (UTC)"]);
    for Group { id, status, settings, creator, created_at } in &groups {
        table.row([
            id.to_string(),
            settings.name().to_owned(),
            settings.kind_name().unwrap_or_default().to_owned(),
            status.as_str().to_owned(),
            join(settings),
            creator.user().map_or("the host".into(), ToString::to_string),
            created_at.format("%F %R").to_string(),
        ]);
    }
    let mut text = table.or("there are no such groups");
    if more {
        text.push_str(&format!("... and more: team groups --limit {}\n", limit.saturating_mul(10)));
    }
    Ok(text.into())
}

/// How somebody comes in, and as what.
fn join(settings: &GroupSettings) -> String {
    let named = POLICIES.iter().find(|(_, policy)| *policy == settings.join_policy());
    let how = named.map_or("otherwise", |(word, _)| *word);
    match settings.join_access().filter(|_| settings.join_policy() != JoinPolicy::InviteOnly) {
        Some(access) => format!("{how}, as {}", access.role_name()),
        None => how.to_owned(),
    }
}

pub(crate) async fn change(given: &Given) -> Result<Said, Failure> {
    let [id] = given.arguments()?;
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    // Who may change it is asked by the command; a group that is not there has nothing that stays.
    let before = acting.organization().group(id).await?.map(|group| group.settings);
    let settings = settings(given, &before.unwrap_or_else(|| GroupSettings::named(id)))?;
    let changed = acting.change_group(id, settings).await.map_err(|why| host.naming_roles(why))?;
    Ok(format!("The group {id} is {} now.\n", join(&changed.settings)).into())
}

/// What was set, with what was given.
fn settings(given: &Given, before: &GroupSettings) -> Result<GroupSettings, Failure> {
    let text = |name: &str, before: Option<&str>| {
        given.one(name).or(before).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut settings = GroupSettings::named(given.one("name").unwrap_or(before.name()));
    if let Some(kind) = text("kind", before.kind_name()) {
        settings = settings.kind(kind);
    }
    if let Some(description) = text("description", before.description()) {
        settings = settings.described(description);
    }
    if let Some(url) = text("about", before.about_url()) {
        settings = settings.about(url);
    }
    let policy = given.choice("join", &POLICIES)?.unwrap_or(before.join_policy());
    let access = given.one("join-role").map(Access::role).or_else(|| before.join_access().cloned());
    match (policy, access) {
        (JoinPolicy::InviteOnly, _) => Ok(settings),
        (_, None) => Err(Failure::input(
            "it was not said as what they come in",
            "add --join-role ROLE, as in --join-role member",
        )),
        (JoinPolicy::Open, Some(access)) => Ok(settings.open_with(access)),
        (_, Some(access)) => Ok(settings.by_request_with(access)),
    }
}

pub(crate) async fn archive(given: &Given) -> Result<Said, Failure> {
    let [id] = given.arguments()?;
    let host = Host::open(given).await?;
    host.acting(given).await?.archive_group(id).await?;
    Ok(format!("The group {id} is archived: nobody comes in until `team restore-group {id}`.\n").into())
}

pub(crate) async fn restore(given: &Given) -> Result<Said, Failure> {
    let [id] = given.arguments()?;
    let host = Host::open(given).await?;
    host.acting(given).await?.restore_group(id).await?;
    Ok(format!("The group {id} works again.\n").into())
}

pub(crate) async fn close(given: &Given) -> Result<Said, Failure> {
    let [id] = given.arguments()?;
    let host = Host::open(given).await?;
    host.acting(given).await?.close_group(id).await?;
    Ok(format!("The group {id} is closed. Next: team maintain\n").into())
}

pub(crate) async fn join_group(given: &Given) -> Result<Said, Failure> {
    let [id] = given.arguments()?;
    let (host, principal) = (Host::open(given).await?, host::principal(given)?);
    let acting = host.acting(given).await?;
    let joined = acting.organization().join_group(id, principal).await?;
    Ok(format!("{} is {} now.\n", joined.user, roles(&joined.grants)).into())
}
