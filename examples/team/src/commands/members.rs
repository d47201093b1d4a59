//! Members: who is there, what they hold, and how they go.

use invite::core::{Delivery, RestoreMembers, Settled, SuspendMembers};
use invite::{
    Access, Acting, FormerOwner, Grant, Grants, Invitee, JoinedBy, Member, MemberFilter, MemberStatus,
    PageRequest, RemoveMembers, RosterEntry, Scope, TheirInvitations, UserId, csv,
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

pub(crate) const MEMBERS: Spec = Spec {
    name: "members",
    arguments: &[],
    summary: "show members, the longest standing first, and how they came",
    options: &[
        Opt::value("group", "ID", "only who is in this group"),
        Opt::value("role", "ROLE", "only those of this role: in the group, or else in the organization"),
        Opt::value("seat", "CLASS", "only those who take a seat of this class"),
        Opt::value("status", "STATUS", "only those: active, suspended"),
        Opt::value("link", "LINK", "only those who joined by this invite link: its id, or its name"),
        Opt::flag("csv", "all of them, for a spreadsheet"),
        Opt::value("limit", "N", "how many to show; 100 without it"),
    ],
    notes: "Example: team members --group web --csv > members.csv",
};

pub(crate) const ROLE: Spec = Spec {
    name: "role",
    arguments: &["USER", "ROLE"],
    summary: "change a member's role, and what they may do beside it",
    options: &[
        Opt::value(
            "group",
            "ID",
            "the role in this group; what they hold elsewhere stays. Without it, they hold this role in the \
             organization and nothing else",
        ),
        Opt::many("add", "PERMISSION", "one that the role does not have, as posts.publish"),
        Opt::many("remove", "PERMISSION", "one that they do not get although the role has it"),
        Opt::value("until", "DATE", "for a limited time: 2030-12-31, until that day begins in UTC"),
        THEIRS,
    ],
    notes: "Raising somebody takes the seat that they need then. With --group, ROLE may be `none`. What is not named \
            with --add or --remove is as the role has it.\n\n\
            Example: team role bob member --group web --remove posts.publish",
};

pub(crate) const THEIRS: Opt = Opt::value(
    "their-invitations",
    "WHAT",
    "what becomes of pending invitations and links of theirs: keep (so unless said), revoke, hand-over",
);

pub(crate) const SUSPEND: Spec = Spec {
    name: "suspend",
    arguments: &["USER..."],
    summary: "suspend members: they keep what they hold, may do nothing, and take no seat",
    options: &[THEIRS],
    notes: "What is open for them ends.",
};

pub(crate) const RESTORE: Spec = Spec {
    name: "restore",
    arguments: &["USER..."],
    summary: "restore suspended members, who take their seats again",
    options: &[],
    notes: "",
};

pub(crate) const REMOVE: Spec = Spec {
    name: "remove",
    arguments: &["USER..."],
    summary: "remove members, with a result for each",
    options: &[THEIRS],
    notes: "",
};

pub(crate) const LEAVE: Spec = Spec {
    name: "leave",
    arguments: &[],
    summary: "leave the organization, or one group",
    options: &[Opt::value("group", "ID", "only this group; the rest stays"), THEIRS],
    notes: "Anybody may leave but the last owner, and who is suspended.",
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
            if member.is_active() { "member".into() } else { "suspended".into() },
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

pub(crate) async fn list(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let limit = if given.flag("csv") { usize::MAX } else { given.limit(100)? as usize };
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let filter = filter(given, &acting).await?;
    let read = async |request: &PageRequest| acting.members(&filter, request).await;
    let (members, more) = host::up_to(limit, read).await?;
    if given.flag("csv") {
        return Ok(format!("{}{}", csv::MEMBERS_HEADING, csv::members(&members)).into());
    }
    let mut table = Table::new(["who", "address", "role", "seat", "since (UTC)", "came by"]);
    for member in &members {
        table.row([
            member.user.to_string(),
            member.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default(),
            roles(&member.grants),
            member.seat.as_ref().map(ToString::to_string).unwrap_or_default(),
            member.joined_at.format("%F %R").to_string(),
            came_by(member),
        ]);
    }
    let mut text = table.or("there are no such members");
    if more {
        text.push_str(&format!("... and more: team members --limit {}\n", limit.saturating_mul(10)));
    }
    Ok(text.into())
}

async fn filter(given: &Given, acting: &Acting) -> Result<MemberFilter, Failure> {
    let link = match given.one("link") {
        Some(named) => Some(host::link(acting, named).await?),
        None => None,
    };
    Ok(MemberFilter {
        status: given.choice("status", &MemberStatus::ALL.map(|status| (status.as_str(), status)))?,
        group: given.one("group").map(host::group).transpose()?,
        link,
        role: given.one("role").map(Into::into),
        seat: given.one("seat").map(Into::into),
    })
}

fn came_by(member: &Member) -> String {
    match &member.joined_by {
        JoinedBy::Creating => "creating it".into(),
        JoinedBy::Accepting(_) => "invitation".into(),
        JoinedBy::BeingAdded => "being added".into(),
        JoinedBy::Link { link, revision } => format!("link {link}, revision {revision}"),
        JoinedBy::OpenGroup(group) => format!("the open group {group}"),
        JoinedBy::Request(_) => "asking".into(),
        JoinedBy::Domain(domain) => format!("the domain {domain}"),
        JoinedBy::Included { .. } => "being included".into(),
        _ => String::new(),
    }
}

/// The invitee in full, for those who may see the list.
pub(crate) fn invitee(invitee: &Invitee) -> String {
    invitee.address().map_or_else(|| invitee.to_string(), |address| address.as_str().to_owned())
}

/// What is held by scope, as in `member`, or `editor -posts.publish in group web`.
pub(crate) fn roles(grants: &Grants) -> String {
    let held = |(scope, access): (&Scope, &Access)| match scope {
        Scope::Organization => held(access),
        Scope::Group(_) => format!("{} in {scope}", held(access)),
    };
    grants.iter().map(held).collect::<Vec<_>>().join(", ")
}

/// A role, and what is added to it or taken from it.
fn held(access: &Access) -> String {
    let added = access.added().iter().map(|permission| format!(" +{permission}"));
    let removed = access.removed().iter().map(|permission| format!(" -{permission}"));
    added.chain(removed).fold(access.role_name().to_string(), |held, next| held + &next)
}

/// Where the last mail stands.
pub(crate) fn mail(delivery: Option<&Delivery>) -> String {
    delivery.map_or("none".into(), |delivery| delivery.state.as_str().into())
}

pub(crate) async fn role(given: &Given) -> Result<Said, Failure> {
    let [user, role] = given.arguments()?;
    let (access, theirs) = (access(given, role)?, theirs(given)?);
    if role == "none" && access != Access::role(role) {
        return Err(Failure::input(
            "nothing can be added to no role",
            "name a role, or leave out the options",
        ));
    }
    let host = Host::open(given).await?;
    let acting = host.acting(given).await?;
    let (changing, scope) = match given.one("group") {
        None => {
            let grant = Grant::new(Scope::Organization, access);
            (acting.change_access(user, grant), Scope::Organization)
        }
        Some(group) => {
            let (scope, access) = (Scope::Group(host::group(group)?), (role != "none").then_some(access));
            (acting.change_access_in(user, scope.clone(), access), scope)
        }
    };
    let changed = changing.with(|change| change.their_invitations(theirs)).await;
    let changed = changed.map_err(|why| host.naming_roles(why))?;
    let now = match (changed.grants.access(&scope), &scope) {
        (None, _) => format!("nothing in {scope}"),
        (Some(access), Scope::Organization) => held(access),
        (Some(access), Scope::Group(_)) => format!("{} in {scope}", held(access)),
    };
    let seat = changed.seat.map_or("no seat".into(), |seat| format!("a {seat} seat"));
    Ok(format!("{user} is {now} now, and takes {seat}.\n").into())
}

/// A role, with what was added, removed and limited in time.
fn access(given: &Given, role: &str) -> Result<Access, Failure> {
    let access = given.all("add").fold(Access::role(role), Access::adding);
    let access = given.all("remove").fold(access, Access::removing);
    Ok(match given.day("until")? {
        Some(until) => access.until(until),
        None => access,
    })
}

fn users(given: &Given) -> Result<Vec<UserId>, Failure> {
    let users = given.some_arguments()?.iter().map(UserId::try_from).collect::<Result<Vec<_>, _>>();
    users.map_err(|why| Failure::input(why.to_string(), "see `team roster` for who is there"))
}

pub(crate) fn theirs(given: &Given) -> Result<TheirInvitations, Failure> {
    let choices = [
        ("keep", TheirInvitations::Keep),
        ("revoke", TheirInvitations::Revoke),
        ("hand-over", TheirInvitations::HandOver),
    ];
    Ok(given.choice(THEIRS.name, &choices)?.unwrap_or_default())
}

/// What became of several members, and of what was theirs.
struct Became {
    table: Table<4>,
    reasons: Reasons,
    any: bool,
}

impl Became {
    fn new() -> Self {
        let table = Table::new(["user", "result", "revoked", "handed over"]);
        Self { table, reasons: Reasons::default(), any: false }
    }

    fn add(&mut self, user: &UserId, done: &str, why: Option<Why>, settled: Settled) {
        self.any |= why.is_none();
        let revoked = settled.revoked + settled.links_ended;
        let handed_over = settled.handed_over + settled.links_handed_over;
        let what = why.map_or(done.to_owned(), |why| self.reasons.refused(user, &why));
        self.table.row([user.to_string(), what, revoked.to_string(), handed_over.to_string()]);
    }

    fn said(self, nobody: &'static str) -> Said {
        let said = Said::from(format!("{}{}", self.table.or("nobody was named"), self.reasons.text()));
        if self.any { said } else { said.but(Failure::Nothing(nobody)) }
    }
}

pub(crate) async fn suspend(given: &Given) -> Result<Said, Failure> {
    let suspend = SuspendMembers::many(users(given)?).their_invitations(theirs(given)?);
    let host = Host::open(given).await?;
    let suspended = host.acting(given).await?.run(suspend).await?;
    let mut became = Became::new();
    for result in &suspended.results {
        became.add(&result.user, "suspended", result.refused.as_ref().map(Why::of), result.settled);
    }
    Ok(became.said("nobody was suspended"))
}

pub(crate) async fn restore(given: &Given) -> Result<Said, Failure> {
    let restore = RestoreMembers::many(users(given)?);
    let host = Host::open(given).await?;
    let restored = host.acting(given).await?.run(restore).await?;
    let mut became = Became::new();
    for result in &restored.results {
        became.add(&result.user, "restored", result.refused.as_ref().map(Why::of), Settled::default());
    }
    Ok(became.said("nobody was restored"))
}

pub(crate) async fn remove(given: &Given) -> Result<Said, Failure> {
    let remove = RemoveMembers::many(users(given)?).their_invitations(theirs(given)?);
    let host = Host::open(given).await?;
    let removed = host.acting(given).await?.run(remove).await?;
    let mut became = Became::new();
    for result in &removed.results {
        became.add(&result.user, "removed", result.refused.as_ref().map(Why::of), result.settled);
    }
    Ok(became.said("nobody was removed"))
}

pub(crate) async fn leave(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let host = Host::open(given).await?;
    let (acting, theirs) = (host.acting(given).await?, theirs(given)?);
    if let Some(group) = given.one("group") {
        let leaving = acting.leave_group(group);
        let left = leaving.with(|change| change.their_invitations(theirs)).await?;
        return Ok(format!(
            "{} has left the group {group}, and is {} now.\n",
            left.user,
            roles(&left.grants)
        )
        .into());
    }
    let left = acting.leave().with(|leave| leave.their_invitations(theirs)).await?;
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
