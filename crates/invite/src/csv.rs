//! Lists as CSV (RFC 4180), page by page, with formulas defused (PRI-5).
//!
//! A spreadsheet runs a cell that begins like a formula, and names and addresses come from strangers. So a cell that
//! begins with `=`, `+`, `-`, `@`, one of their full-width forms, a tab or a line break gets a `'` in front, as OWASP
//! advises (<https://owasp.org/www-community/attacks/CSV_Injection>).
//!
//! ```
//! # use invite::{AccessModel, Grant, Invitations, Keyring, MemberFilter, PageRequest, Plan, csv};
//! # #[tokio::main]
//! # async fn main() -> Result<(), invite::Error> {
//! # let invite = Invitations::builder(invite_memory::MemoryStorage::new(), AccessModel::preset(), Keyring::ephemeral())
//! #     .base_url("https://app.example/join").build()?;
//! # let acme = invite.create_organization("acme", "Acme Ltd", "ada", Plan::seats("team", 5)).await?.by("ada");
//! let (filter, mut request) = (MemberFilter::default(), PageRequest::first(200));
//! let mut text = csv::MEMBERS_HEADING.to_owned();
//! loop {
//!     let page = acme.members(&filter, &request).await?;
//!     text += &csv::members(&page.items);
//!     let Some(cursor) = page.next_cursor else { break };
//!     request = request.after(cursor);
//! }
//! assert!(text.contains("\r\nada,,owner,,,active,"));
//! # Ok(())
//! # }
//! ```

use chrono::{DateTime, SecondsFormat, Utc};
use invite_core::{Actor, Expiry, Grants, Invitee, Member, Scope};
use invite_storage::InvitationEntry;

/// The line of names above [`members`].
pub const MEMBERS_HEADING: &str = "user,address,role,groups,seat,status,joined_at\r\n";

/// The line of names above [`invitations`].
pub const INVITATIONS_HEADING: &str =
    "invitation,invited,name,role,groups,seat,inviter,state,mail,created_at,expires_at\r\n";

/// A line for each member: user, address, role in the organization, roles by group as `group: role; …`, seat class,
/// whether they are active or suspended, and when they joined. Times are UTC.
#[must_use]
pub fn members(rows: &[Member]) -> String {
    lines(rows.iter().map(|row| {
        let address = row.email.as_ref().map(|address| address.as_str().to_owned());
        let [role, groups] = roles(&row.grants);
        let seat = row.seat.as_ref().map(|seat| seat.as_str().to_owned());
        [
            row.user.to_string(),
            address.unwrap_or_default(),
            role,
            groups,
            seat.unwrap_or_default(),
            row.status.as_str().to_owned(),
            time(row.joined_at),
        ]
    }))
}

/// A line for each invitation, with its state at a time: id, the invited address or user, name, role in the
/// organization, roles by group, the seat class it reserves, inviter (nothing for the host), state, state of the last
/// mail, when it was made and when it ends. Times are UTC; of one that never ends by itself the last is `never`.
#[must_use]
pub fn invitations(rows: &[InvitationEntry], now: DateTime<Utc>) -> String {
    lines(rows.iter().map(|InvitationEntry { invitation: row, delivery }| {
        let invited = match &row.invitee {
            Invitee::Address(address) => address.as_str().to_owned(),
            Invitee::User(user) => user.to_string(),
            Invitee::Erased(_) => "erased".to_owned(),
        };
        let [role, groups] = roles(&row.grants);
        let inviter = match &row.inviter {
            Actor::User(user) => user.to_string(),
            Actor::System => String::new(),
        };
        let expires_at = match row.expires_at {
            Expiry::At(end) => time(end),
            Expiry::Never => "never".to_owned(),
        };
        [
            row.id.to_string(),
            invited,
            row.name.clone().unwrap_or_default(),
            role,
            groups,
            row.seat.as_ref().map(|seat| seat.as_str().to_owned()).unwrap_or_default(),
            inviter,
            row.state_at(now).to_string(),
            delivery.as_ref().map(|mail| mail.state.as_str().to_owned()).unwrap_or_default(),
            time(row.created_at),
            expires_at,
        ]
    }))
}

fn lines<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> String {
    rows.map(|row| row.map(|cell| quoted(defused(cell))).join(",") + "\r\n").collect()
}

/// A cell that is read as it is, whatever is in it.
fn quoted(cell: String) -> String {
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

/// A cell that no spreadsheet runs.
fn defused(cell: String) -> String {
    let formula = ['=', '+', '-', '@', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}', '\t', '\r', '\n'];
    if cell.starts_with(formula) { format!("'{cell}") } else { cell }
}

/// The role in the organization, and those in groups.
fn roles(grants: &Grants) -> [String; 2] {
    let role = grants.access(&Scope::Organization).map(|access| access.role_name().to_string());
    let in_groups = grants.iter().filter_map(|(scope, access)| match scope {
        Scope::Organization => None,
        Scope::Group(group) => Some(format!("{group}: {}", access.role_name())),
    });
    [role.unwrap_or_default(), in_groups.collect::<Vec<_>>().join("; ")]
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_cell_begins_like_a_formula_and_what_was_written_is_read_back_pri_5(
            rows in proptest::collection::vec([".*", "[=+@\t\r\n\"',; -].*", "[\u{FF0B}\u{FF0D}\u{FF1D}\u{FF20}].*"], 1..8)
        ) {
            let text = "1,2,3\r\n".to_owned() + &lines(rows.iter().cloned());
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let read = reader.records().collect::<Result<Vec<_>, _>>().unwrap();
            prop_assert_eq!(read.len(), rows.len());
            for (cells, row) in read.iter().zip(&rows) {
                for (cell, written) in cells.iter().zip(row) {
                    let begins = cell.starts_with(|c: char| "=+-@\t\r\n\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".contains(c));
                    prop_assert!(!begins, "{}", cell);
                    prop_assert!(cell == written || cell.strip_prefix('\'') == Some(written.as_str()));
                }
            }
        }
    }
}
