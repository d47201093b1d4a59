//! Inviting: a pasted list, a dry run of it, and what became of each line.

use std::io::Read as _;

use invite::core::{Entry, Fragment, Parsed, PastedList, Who};
use invite::mailer::Rendered;
use invite::{
    Acting, Caps, Command, Deliver, DryRun, Grant, HeaderLine, Invite, InviteOutcome, InviteRefused,
    InviteResult, InviteeEntry, Invitees, ListOptions, Mode, OnPending, Refusal as _, parse_list,
};

use super::organization;
use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::Host;
use crate::progress::Progress;
use crate::reasons::{Reasons, Why};
use crate::said::Said;
use crate::table::{Table, count, shown};

pub(crate) const INVITE: Spec = Spec {
    name: "invite",
    arguments: &["FILE"],
    summary: "invite people from a pasted list: a file, or - for standard input",
    options: &[
        Opt::value("role", "ROLE", "the role of all whose line names none of its own"),
        Opt::flag("header", "the list is a sheet whose first line names the columns"),
        Opt::flag("dry-run", "show what would happen and the mail; change nothing"),
        Opt::flag("all-or-nothing", "invite everybody in the list, or nobody"),
        Opt::value("on-pending", "WHAT", "what to do about who is invited already: refuse, resend, replace"),
        Opt::value("message", "TEXT", "a personal message, for those who may send one"),
        Opt::flag("no-mail", "send no mails: the links are handed over by other means (see `team link`)"),
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

pub(crate) async fn invite(given: &Given) -> Result<Said, Failure> {
    let [source] = given.arguments()?;
    let host = Host::open(given).await?;
    let role = given.required("role", &host.roles())?;
    let acting = host.acting(given).await?;
    let (note, list) = read_list(source, given)?;
    let inviting = Inviting { acting, given, role };
    let report = Report::new(list, role, note, host.roles());
    if given.flag("dry-run") { inviting.dry_run(report).await } else { inviting.perform(report).await }
}

/// Reads the list, and what there is to say about how it was read.
fn read_list(source: &str, given: &Given) -> Result<(String, PastedList), Failure> {
    let text = read_text(source)?;
    let options = |header| ListOptions::new().max_bytes(MAX_BYTES).max_entries(MAX_ENTRIES).header(header);
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
    role: &'a str,
}

impl Inviting<'_> {
    async fn perform(&self, mut report: Report) -> Result<Said, Failure> {
        let parts = parts(&report.list);
        if parts.len() > 1 && self.given.flag("all-or-nothing") {
            return Err(too_long("--all-or-nothing"));
        }
        let mut progress = Progress::new("invited", Some(report.list.fragments().len()));
        let mut seats = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            match self.command(number, part)?.await {
                Ok(invited) => {
                    report.take(part, &invited.results);
                    seats = invited.seats;
                }
                // What was done by then is shown all the same.
                Err(error) => {
                    drop(progress);
                    report.refuse(part, error.refused());
                    return Ok(Said::from(report.text("")).but(error));
                }
            }
            if parts.len() > 1 {
                progress.step(part.indices.last().map_or(0, |last| last + 1));
            }
        }
        drop(progress);
        let text = format!("{}\n{}", report.text(""), organization::table(&seats));
        Ok(report.said(text, "nobody was invited"))
    }

    async fn dry_run(&self, mut report: Report) -> Result<Said, Failure> {
        let parts = parts(&report.list);
        let [part] = parts.as_slice() else { return Err(too_long("a dry run")) };
        let dry_run = self.command(0, part)?.dry_run().await?;
        match &dry_run.outcome {
            Ok(invited) => report.take(part, &invited.results),
            Err(reason) => report.refuse(part, Some(reason)),
        }
        let mut text = format!("{}\n{}", report.text("If it were done: "), seats(&dry_run));
        if let Some(mail) = self.acting.preview_mail(&dry_run).await? {
            text.push_str(&letter(&mail));
        }
        text.push_str("\nNothing was changed: this was a dry run.\n");
        Ok(match dry_run.outcome {
            Ok(_) => report.said(text, "nobody would be invited"),
            Err(reason) => Said::from(text).but(invite::Error::Refused(reason)),
        })
    }

    fn command(&self, number: usize, part: &Part) -> Result<Command<Invite>, Failure> {
        let Self { acting, given, role } = self;
        let choices =
            [("refuse", OnPending::Refuse), ("resend", OnPending::Resend), ("replace", OnPending::Replace)];
        let mut invite = Invite::new(part.invitees.clone(), Grant::role(*role));
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
        let command = acting.run(invite);
        Ok(match given.one("key") {
            Some(key) => command.idempotency_key(format!("{key}/{number}")),
            None => command,
        })
    }
}

/// A list as the library takes it at once: all of it, or a part of one that is longer.
struct Part {
    /// Which fragments of the list they are.
    indices: Vec<usize>,
    invitees: Invitees,
}

/// A list that is longer than the cap goes in parts, in which repetitions and what is no address are left out:
/// they were told from the list already.
fn parts(list: &PastedList) -> Vec<Part> {
    let cap = Caps::default().items;
    if list.fragments().len() <= cap {
        let indices = (0..list.fragments().len()).collect();
        return vec![Part { indices, invitees: list.clone().into() }];
    }
    let accepted = list.accepted().collect::<Vec<_>>();
    let part = |part: &[(&Fragment, &Entry)]| Part {
        indices: part.iter().map(|(fragment, _)| fragment.index).collect(),
        invitees: part.iter().filter_map(|(_, entry)| invitee(entry)).collect::<Vec<_>>().into(),
    };
    accepted.chunks(cap).map(part).collect()
}

fn invitee(entry: &Entry) -> Option<InviteeEntry> {
    let Who::Address(address) = &entry.who else { return None };
    let mut invitee = InviteeEntry::new(address.clone());
    if let Some(name) = &entry.name {
        invitee = invitee.name(name);
    }
    if let Some(role) = &entry.role {
        invitee = invitee.grants(Grant::role(role.as_str()));
    }
    Some(invitee)
}

fn too_long(what: &str) -> Failure {
    let most = Caps::default().items;
    let message = format!("{what} is one decision, which takes at most {most} people");
    Failure::input(message, "split the list, or leave the option out")
}

/// What became of each line of a list.
struct Report {
    list: PastedList,
    note: String,
    roles: String,
    rows: Vec<Row>,
}

/// One fragment of the list.
struct Row {
    role: String,
    became: Became,
}

/// What became of a fragment, or would.
enum Became {
    /// Nothing: the list was refused as a whole, or not come to.
    Nothing,
    /// It was invited, or the like.
    Done(&'static str),
    /// It names somebody who stands in the list already.
    Duplicate { of: usize },
    /// A rule says no.
    Refused(Why),
}

impl Report {
    fn new(list: PastedList, role: &str, note: String, roles: String) -> Self {
        let row = |fragment: &Fragment| {
            let (role, became) = match &fragment.parsed {
                Parsed::Accepted(entry) => (entry.role.clone().unwrap_or(role.to_owned()), Became::Nothing),
                Parsed::Duplicate { of } => (String::new(), Became::Duplicate { of: *of }),
                Parsed::Invalid(reason) => (String::new(), Became::Refused(Why::not_an_address(reason))),
            };
            Row { role, became }
        };
        Self { rows: list.fragments().iter().map(row).collect(), list, note, roles }
    }

    /// Takes in what became of a part.
    fn take(&mut self, part: &Part, results: &[InviteResult]) {
        for (index, result) in part.indices.iter().zip(results) {
            let Some(row) = self.rows.get_mut(*index) else { continue };
            row.became = match &result.outcome {
                InviteOutcome::Invited { .. } => Became::Done("invited"),
                InviteOutcome::Resent { .. } => Became::Done("sent again"),
                InviteOutcome::Replaced { .. } => Became::Done("replaced"),
                InviteOutcome::Duplicate { of } => Became::Duplicate { of: *of },
                InviteOutcome::Refused { reason } => Became::Refused(Why::of(reason)),
                _ => Became::Done("done"),
            };
        }
    }

    /// Takes in that a part was refused as a whole, and why: where it is a matter of some of its people, of those.
    fn refuse(&mut self, part: &Part, reason: Option<&InviteRefused>) {
        if let (Some(reason), [index]) = (reason, part.indices.as_slice())
            && let Some(row) = self.rows.get_mut(*index)
        {
            row.became = Became::Refused(Why::of(reason));
        }
        let Some(InviteRefused::PartlyRefused(refused)) = reason else { return };
        for item in refused.items() {
            let index = part.indices.get(item.position);
            if let Some(row) = index.and_then(|index| self.rows.get_mut(*index)) {
                let (code, rule) = (item.code.clone(), refused.rule());
                let (message, remedy) = (item.message.clone(), item.remedy.clone());
                row.became = Became::Refused(Why { code, rule, message, remedy });
            }
        }
    }

    fn done(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.became, Became::Done(_))).count()
    }

    fn said(&self, text: String, nobody: &'static str) -> Said {
        let said = Said::from(text);
        if self.done() == 0 { said.but(Failure::Nothing(nobody)) } else { said }
    }

    /// A table of all, then each reason with what to do about it, then the sum.
    fn text(&self, mood: &str) -> String {
        let mut table = Table::new(["at", "input", "role", "result", "rule"]);
        let mut reasons = Reasons::default();
        for (fragment, row) in self.list.fragments().iter().zip(&self.rows) {
            let place = self.place(fragment.index);
            let (result, rule) = match &row.became {
                Became::Nothing => ("not invited".to_owned(), ""),
                Became::Done(what) => ((*what).to_owned(), ""),
                Became::Duplicate { of } => (format!("same as {}", self.place(*of)), ""),
                Became::Refused(why) => {
                    reasons.add(why, place.clone());
                    (format!("refused: {}", why.code), why.rule)
                }
            };
            table.row([place, shown(&fragment.input, 48), row.role.clone(), result, rule.to_owned()]);
        }
        let (note, table, reasons) = (&self.note, table.or("the list is empty"), reasons.text());
        format!("{note}{table}{reasons}{}\n{mood}{}\n", self.roles_hint(), self.sum())
    }

    fn sum(&self) -> String {
        let counted = |what: &str, is: &dyn Fn(&Became) -> bool| {
            let count = self.rows.iter().filter(|row| is(&row.became)).count();
            (count > 0).then(|| format!("{count} {what}"))
        };
        let sums = [
            counted("invited", &|became| matches!(became, Became::Done("invited"))),
            counted("sent again", &|became| matches!(became, Became::Done("sent again"))),
            counted("replaced", &|became| matches!(became, Became::Done("replaced"))),
            counted("twice in the list", &|became| matches!(became, Became::Duplicate { .. })),
            counted("refused", &|became| matches!(became, Became::Refused(_))),
            counted("not invited", &|became| matches!(became, Became::Nothing)),
        ];
        let sums = sums.into_iter().flatten().collect::<Vec<_>>().join(", ");
        format!("{}: {sums}", count(self.rows.len(), "entry", "entries"))
    }

    fn roles_hint(&self) -> String {
        let unknown = self
            .rows
            .iter()
            .any(|row| matches!(&row.became, Became::Refused(why) if why.code == "unknown-role"));
        if unknown { format!("  the roles are: {}\n", self.roles) } else { String::new() }
    }

    /// Line and column of a fragment.
    fn place(&self, index: usize) -> String {
        let position = self.list.fragments().get(index).map(|fragment| fragment.position);
        position.map_or("?".into(), |position| format!("{}:{}", position.line, position.column))
    }
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
