//! Inviting: a pasted list, a dry run of it, and what became of each line.

use std::io::Read as _;

use chrono::{DateTime, Utc};
use invite::core::{Entry, Fragment, NameFragments, PastedList, Who};
use invite::mailer::Rendered;
use invite::{
    Access, Acting, Caps, Command, Deliver, DryRun, Grant, Grants, GroupId, HeaderLine, Include, Invite,
    InviteeEntry, Invitees, ListOptions, Mode, OnPending, Scope, parse_list,
};

use super::organization;
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::{self, Host};
use crate::progress::Progress;
use crate::report::Report;
use crate::said::Said;
use crate::table::Table;

pub(crate) const INVITE: Spec = Spec {
    name: "invite",
    arguments: &["FILE"],
    summary: "invite people from a pasted list: a file, or - for standard input",
    options: &[
        Opt::value("role", "ROLE", "the role of all whose line names none of its own"),
        Opt::many("group", "ID", "a group in which they have the role, instead of in the organization"),
        Opt::flag("header", "the list is a sheet whose first line names the columns"),
        Opt::flag("dry-run", "show what would happen and the mail; change nothing"),
        Opt::flag("all-or-nothing", "invite everybody in the list, or nobody"),
        Opt::value("on-pending", "WHAT", "what to do about who is invited already: refuse, resend, replace"),
        Opt::value("message", "TEXT", "a personal message, for those who may send one"),
        Opt::flag("no-mail", "send no mails: the links are handed over by other means (see `team link`)"),
        Opt::flag("names", "what is no address is a user's name"),
        Opt::flag(
            "include",
            "users are members at once where the organization allows it (see `team settings`)",
        ),
        Opt::value("until", "DATE", "what they get ends when this day begins in UTC: 2030-12-31"),
        Opt::value("starts", "DATE", "the invitations begin, and are mailed, when this day begins in UTC"),
        Opt::value("continue-to", "URL", "a page of https://team.example/ to go on to after accepting"),
        Opt::value("key", "TEXT", "an idempotency key: the same command with the same key is done only once"),
    ],
    notes: "The list may hold addresses, `Name <address>`, mailto: links, separated by commas, semicolons, tabs or \
            lines, as mail programs, sheets and people write them. With --header the columns `email`, `name` (or \
            `first name` and `last name`) and `role` are used, and the others left alone.\n\
            The roles are those of the access model: admin, member, client.\n\
            A list of more than 1000 people is invited in parts of 1000.\n\n\
            Example: team invite people.csv --header --role member --dry-run",
};

/// The largest list that is read.
const MAX_BYTES: usize = 16 << 20;
const MAX_ENTRIES: usize = 100_000;

const NOBODY: &str = "nobody was invited";

pub(crate) async fn invite(given: &Given) -> Result<Said, Failure> {
    let [source] = given.arguments()?;
    let host = Host::open(given).await?;
    let role = given.required("role", &host.roles())?;
    let acting = host.acting(given).await?;
    let (note, list) = read_list(source, given)?;
    let gift = Gift { role, groups: host::groups(given)?, until: given.day("until")? };
    let starts_at = given.day("starts")?;
    let inviting = Inviting { acting, given, gift, starts_at };
    let report = Report::new(list, role, note, host.roles());
    if given.flag("dry-run") { inviting.dry_run(report).await } else { inviting.perform(report).await }
}

/// Reads the list, and what there is to say about how it was read.
fn read_list(source: &str, given: &Given) -> Result<(String, PastedList), Failure> {
    let text = read_text(source)?;
    let names = if given.flag("names") { NameFragments::UserNames } else { NameFragments::default() };
    let options = |header| {
        let options = ListOptions::new().max_bytes(MAX_BYTES).max_entries(MAX_ENTRIES);
        options.names(names).header(header)
    };
    let read = |header| {
        parse_list(&text, &options(header)).map_err(|why| Failure::input(why.to_string(), why.remedy()))
    };
    let sheet = read(HeaderLine::Recognise)?;
    let has_header = sheet.header().is_some();
    Ok(match (given.flag("header"), has_header) {
        (true, true) => (String::new(), sheet),
        (true, false) => {
            let note =
                "Note: the first line names no column `email`, so every line was read as addresses.\n\n";
            (note.into(), sheet)
        }
        (false, true) => {
            let note = "Note: the first line looks like the head of a sheet; --header reads its columns.\n\n";
            (note.into(), read(HeaderLine::Ignore)?)
        }
        (false, false) => (String::new(), sheet),
    })
}

fn read_text(source: &str) -> Result<String, Failure> {
    let limit = MAX_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = if source == "-" {
        std::io::stdin().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(source).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|why| {
        let message = format!("cannot read {source}: {why}");
        Failure::input(message, "give a file with a list of people, or - for standard input")
    })?;
    if bytes.len() > MAX_BYTES {
        return Err(Failure::input(format!("{source} is larger than {MAX_BYTES} bytes"), "split the list"));
    }
    String::from_utf8(bytes).map_err(|_| {
        let message = format!("{source} is not text in UTF-8");
        Failure::input(message, "save it as `CSV UTF-8`, or paste the cells: team invite - ...")
    })
}

/// Who invites, and with what choices.
struct Inviting<'a> {
    acting: Acting,
    given: &'a Given,
    gift: Gift<'a>,
    /// When the invitations begin, if not at once.
    starts_at: Option<DateTime<Utc>>,
}

/// What they get.
struct Gift<'a> {
    role: &'a str,
    /// Where they have it, if not in the organization.
    groups: Vec<GroupId>,
    /// When it ends, if ever.
    until: Option<DateTime<Utc>>,
}

impl Gift<'_> {
    fn grants(&self, role: &str) -> Grants {
        let grants = granted(role, &self.groups);
        let Some(until) = self.until else { return grants };
        let ending =
            |(scope, access): (&Scope, &Access)| Grant::new(scope.clone(), access.clone()).until(until);
        grants.iter().map(ending).collect()
    }

    /// Whether a role that a line names, alone, says all.
    fn is_plain(&self) -> bool {
        self.groups.is_empty() && self.until.is_none()
    }
}

impl Inviting<'_> {
    async fn perform(&self, mut report: Report) -> Result<Said, Failure> {
        let parts = self.parts(&report.list).await?;
        if parts.len() > 1 && self.given.flag("all-or-nothing") {
            return Err(too_long("--all-or-nothing"));
        }
        let mut progress = Progress::new("invited", Some(report.list.fragments().len()));
        let mut seats = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            match self.command(number, part)?.await {
                Ok(invited) => {
                    report.take(&part.indices, &invited.results);
                    seats = invited.seats;
                }
                // What was done by then is shown all the same.
                Err(error) => {
                    drop(progress);
                    let told = report.refuse(&part.indices, error.refused());
                    let said = Said::from(report.text(""));
                    return Ok(if told { said.but(Failure::Nothing(NOBODY)) } else { said.but(error) });
                }
            }
            if parts.len() > 1 {
                progress.step(part.indices.last().map_or(0, |last| last + 1));
            }
        }
        drop(progress);
        let mut said = Said::from(report.text(""));
        if !seats.is_empty() {
            said.text.push_str(&format!("\n{}", organization::table(&seats)));
        }
        Ok(if report.done() == 0 { said.but(Failure::Nothing(NOBODY)) } else { said })
    }

    async fn dry_run(&self, mut report: Report) -> Result<Said, Failure> {
        let parts = self.parts(&report.list).await?;
        let part = match parts.as_slice() {
            [part] => part,
            [] => return Ok(Said::from(report.text("")).but(Failure::Nothing(NOBODY))),
            _ => return Err(too_long("a dry run")),
        };
        let dry_run = self.command(0, part)?.dry_run().await?;
        let told = match &dry_run.outcome {
            Ok(invited) => report.take(&part.indices, &invited.results),
            Err(reason) => report.refuse(&part.indices, Some(reason)),
        };
        let mut text = format!("{}\n{}", report.text("If it were done: "), seats(&dry_run));
        if let Some(mail) = self.acting.preview_mail(&dry_run).await? {
            text.push_str(&letter(&mail));
        }
        text.push_str("\nNothing was changed: this was a dry run.\n");
        let said = Said::from(text);
        Ok(match dry_run.outcome {
            Err(reason) if !told => said.but(invite::Error::Refused(reason)),
            _ if report.done() == 0 => said.but(Failure::Nothing("nobody would be invited")),
            _ => said,
        })
    }

    fn command(&self, number: usize, part: &Part) -> Result<Command<Invite>, Failure> {
        let Self { acting, given, gift, starts_at } = self;
        let choices =
            [("refuse", OnPending::Refuse), ("resend", OnPending::Resend), ("replace", OnPending::Replace)];
        let mut invite = Invite::new(part.invitees.clone(), gift.grants(gift.role));
        if let Some(choice) = given.choice("on-pending", &choices)? {
            invite = invite.on_pending(choice);
        }
        if given.flag("all-or-nothing") {
            invite = invite.mode(Mode::AllOrNothing);
        }
        if given.flag("no-mail") {
            invite = invite.deliver(Deliver::None);
        }
        if let Some(message) = given.one("message") {
            invite = invite.message(message);
        }
        if given.flag("include") {
            invite = invite.include(Include::Yes);
        }
        if let Some(page) = given.one("continue-to") {
            invite = invite.continue_to(page);
        }
        if let Some(start) = starts_at {
            invite = invite.starts_at(*start);
        }
        let command = acting.run(invite);
        Ok(match given.one("key") {
            Some(key) => command.idempotency_key(format!("{key}/{number}")),
            None => command,
        })
    }

    /// The list in parts that the library takes at once. One that is longer than the cap goes in several, in which
    /// repetitions and what is no address are left out: they were told from the list already.
    async fn parts(&self, list: &PastedList) -> Result<Vec<Part>, Failure> {
        let cap = Caps::default().items;
        // A role that a line names holds where, and for as long as, all others do.
        let is_plain = self.gift.is_plain() || list.accepted().all(|(_, entry)| entry.role.is_none());
        if list.fragments().len() <= cap && is_plain {
            let indices = (0..list.fragments().len()).collect();
            let looked_up = self.given.flag("names");
            let invitees = if looked_up { self.acting.look_up(list).await? } else { list.clone().into() };
            return Ok(vec![Part { indices, invitees }]);
        }
        if self.given.flag("names") {
            return Err(too_long("a list with names"));
        }
        let accepted = list.accepted().collect::<Vec<_>>();
        let part = |part: &[(&Fragment, &Entry)]| Part {
            indices: part.iter().map(|(fragment, _)| fragment.index).collect(),
            invitees: part.iter().filter_map(|(_, entry)| self.invitee(entry)).collect::<Vec<_>>().into(),
        };
        Ok(accepted.chunks(cap).map(part).collect())
    }

    fn invitee(&self, entry: &Entry) -> Option<InviteeEntry> {
        let Who::Address(address) = &entry.who else { return None };
        let mut invitee = InviteeEntry::new(address.clone());
        if let Some(name) = &entry.name {
            invitee = invitee.name(name);
        }
        if let Some(role) = &entry.role {
            invitee = invitee.grants(self.gift.grants(role.as_str()));
        }
        Some(invitee)
    }
}

/// A list as the library takes it at once: all of it, or a part of one that is longer.
struct Part {
    /// Which fragments of the list they are.
    indices: Vec<usize>,
    invitees: Invitees,
}

/// A role in these groups, or in the organization.
pub(crate) fn granted(role: &str, groups: &[GroupId]) -> Grants {
    match groups {
        [] => Grant::role(role).into(),
        groups => groups.iter().map(|group| Grant::role(role).in_group(group.clone())).collect(),
    }
}

fn too_long(what: &str) -> Failure {
    let most = Caps::default().items;
    let message = format!("{what} is one decision, which takes at most {most} people");
    Failure::input(message, "split the list, or leave the option out")
}

/// The seats that it would take, and what would be left.
fn seats(dry_run: &DryRun<Invite>) -> String {
    let mut table = Table::new(["seats", "limit", "taken", "needed for all", "left after"]);
    for ((seat, needed), after) in dry_run.seats.iter().zip(&dry_run.seats_needed).zip(&dry_run.seats_after) {
        let taken = seat.used.saturating_add(seat.reserved).to_string();
        let (limit, left) = (organization::limit(seat), organization::left(after));
        table.row([seat.class.to_string(), limit, taken, needed.to_string(), left]);
    }
    table.or("there are no classes of seats")
}

fn letter(mail: &Rendered) -> String {
    let lines = mail.text.lines().map(|line| format!("  | {}\n", line.replace(char::is_control, " ")));
    let lines = lines.collect::<String>().replace("  | \n", "  |\n");
    format!("\nThe mail, with a link that leads nowhere:\n  | Subject: {}\n  |\n{lines}", mail.subject)
}
