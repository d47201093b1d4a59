//! Mail: sending what is due, and looking at what was sent.

use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::host::Host;
use crate::mails;
use crate::progress::Progress;
use crate::said::Said;
use crate::table::{Table, count, shown};

/// How many mails are sent between two words of progress.
const BATCH: u32 = 100;

pub(crate) const SEND: Spec = Spec {
    name: "send",
    arguments: &[],
    summary: "send the mails that are due, into the folder of mails",
    options: &[Opt::value("limit", "N", "at most so many")],
    notes: "A real host runs a courier all the time. What could not be sent is tried again later, by the next \
            `team send`.",
};

pub(crate) const MAIL: Spec = Spec {
    name: "mail",
    arguments: &["[FILE]"],
    summary: "list the mails that were sent, the newest last; or show one",
    options: &[Opt::value("limit", "N", "how many to list; 20 without it")],
    notes: "FILE is an .eml file, or an address, for the newest mail to it.",
};

pub(crate) async fn send(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let mut left = given.limit(u32::MAX)?;
    let host = Host::open(given).await?;
    let courier = host.invite.courier(host.mailer()?);
    let mut progress = Progress::new("mails taken up:", None);
    let (mut sent, mut retried, mut failed, mut dropped, mut postponed, mut unreadable) = (0, 0, 0, 0, 0, 0);
    while left > 0 {
        let batch = left.min(BATCH);
        let report = courier.run_once(batch).await?;
        sent += report.sent;
        retried += report.retried;
        failed += report.failed;
        dropped += report.dropped;
        postponed += report.postponed;
        unreadable += report.unreadable;
        left -= batch;
        if report.total() < batch as usize {
            break;
        }
        progress.step(sent + retried + failed + dropped + postponed + unreadable);
    }
    drop(progress);
    let mut text =
        format!("{} sent into {}.\n", count(sent, "mail was", "mails were"), host.mail_folder().display());
    for (number, what) in [
        (retried, "could not be sent, and are tried again later"),
        (failed, "failed for good"),
        (dropped, "were not wanted any more: revoked, answered, replaced or unsubscribed"),
        (postponed, "wait, because their organization is suspended"),
        (unreadable, "could not be read out of the database, and go out once it is repaired"),
    ] {
        if number > 0 {
            text.push_str(&format!("{number} {what}.\n"));
        }
    }
    let said = Said::from(text);
    Ok(if sent == 0 && retried + failed + unreadable > 0 {
        said.but(Failure::Nothing("no mail was sent"))
    } else {
        said
    })
}

pub(crate) async fn list(given: &Given) -> Result<Said, Failure> {
    let host = Host::open(given).await?;
    let folder = host.mail_folder();
    if let [named] = given.arguments.as_slice() {
        let mail = mails::find(&folder, named)?;
        let text = mail.text.lines().map(|line| format!("  | {}\n", shown_line(line))).collect::<String>();
        return Ok(format!(
            "file     {}\nto       {}\nsubject  {}\ndate     {}\n\n{text}",
            mail.path.display(),
            shown(&mail.to, 320),
            shown(&mail.subject, 320),
            mail.date
        )
        .into());
    }
    let [] = given.arguments()?;
    let limit = given.limit(20)? as usize;
    let files = mails::files(&folder)?;
    let earlier = files.len().saturating_sub(limit);
    let mut table = Table::new(["file", "to", "subject"]);
    for path in files.iter().skip(earlier) {
        let mail = mails::read(path)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        table.row([file, mail.to, mail.subject]);
    }
    let mut text = table.or("no mail was sent; `team send` sends what is due");
    if earlier > 0 {
        text.push_str(&format!("... and {earlier} earlier ones: team mail --limit {}\n", files.len()));
    }
    Ok(text.into())
}

/// A line of a mail for a terminal, with its indentation.
fn shown_line(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).collect()
}
