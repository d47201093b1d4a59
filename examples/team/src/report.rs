//! What became of each line of a pasted list.

use invite::core::{Fragment, Parsed, PastedList};
use invite::{InviteOutcome, InviteRefused, InviteResult, Refusal as _};

use crate::reasons::{Reasons, Why};
use crate::table::{Table, count, shown};

const UNKNOWN_ROLE: &str = "unknown-role";

/// What became of each line of a list.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) list: PastedList,
    note: String,
    rows: Vec<Row>,
    /// The roles that there are, to be told when one was named that there is not.
    roles: String,
    unknown_role: bool,
}

/// One fragment of the list.
#[derive(Debug)]
struct Row {
    role: String,
    became: Became,
}

/// What became of a fragment, or would.
#[derive(Debug)]
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
    pub(crate) fn new(list: PastedList, role: &str, note: String, roles: String) -> Self {
        let row = |fragment: &Fragment| {
            let (role, became) = match &fragment.parsed {
                Parsed::Accepted(entry) => (entry.role.clone().unwrap_or(role.to_owned()), Became::Nothing),
                Parsed::Duplicate { of } => (String::new(), Became::Duplicate { of: *of }),
                Parsed::Invalid(reason) => (String::new(), Became::Refused(Why::not_an_address(reason))),
            };
            Row { role, became }
        };
        Self { rows: list.fragments().iter().map(row).collect(), list, note, roles, unknown_role: false }
    }

    /// Takes in what became of a part, and says that all is told by that.
    pub(crate) fn take(&mut self, indices: &[usize], results: &[InviteResult]) -> bool {
        for (index, result) in indices.iter().zip(results) {
            let became = match &result.outcome {
                InviteOutcome::Invited { .. } => Became::Done("invited"),
                InviteOutcome::Resent { .. } => Became::Done("sent again"),
                InviteOutcome::Replaced { .. } => Became::Done("replaced"),
                InviteOutcome::Duplicate { of } => Became::Duplicate { of: *of },
                InviteOutcome::Refused { reason } => Became::Refused(Why::of(reason)),
                _ => Became::Done("done"),
            };
            self.set(*index, became);
        }
        true
    }

    /// Takes in why a part was refused as a whole, and says whether all is told by that: so where it is one person.
    /// Where it is a matter of some of them, it is told for those.
    pub(crate) fn refuse(&mut self, indices: &[usize], reason: Option<&InviteRefused>) -> bool {
        let Some(reason) = reason else { return false };
        self.unknown_role |= reason.code() == UNKNOWN_ROLE;
        if let [index] = indices {
            self.set(*index, Became::Refused(Why::of(reason)));
            return true;
        }
        if let InviteRefused::PartlyRefused(refused) = reason {
            for item in refused.items() {
                let (code, rule) = (item.code.clone(), refused.rule());
                let (message, remedy) = (item.message.clone(), item.remedy.clone());
                if let Some(index) = indices.get(item.position) {
                    self.set(*index, Became::Refused(Why { code, rule, message, remedy }));
                }
            }
        }
        false
    }

    fn set(&mut self, index: usize, became: Became) {
        self.unknown_role |= matches!(&became, Became::Refused(why) if why.code == UNKNOWN_ROLE);
        if let Some(row) = self.rows.get_mut(index) {
            row.became = became;
        }
    }

    pub(crate) fn done(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.became, Became::Done(_))).count()
    }

    /// A table of all, then each reason with what to do about it, then the sum.
    pub(crate) fn text(&self, mood: &str) -> String {
        let mut table = Table::new(["at", "input", "role", "result", "rule"]);
        let mut reasons = Reasons::default();
        for (fragment, row) in self.list.fragments().iter().zip(&self.rows) {
            let place = self.place(fragment.index);
            let (result, rule) = match &row.became {
                Became::Nothing => ("not invited".to_owned(), ""),
                Became::Done(what) => ((*what).to_owned(), ""),
                Became::Duplicate { of } => (format!("same as {}", self.place(*of)), ""),
                Became::Refused(why) => (reasons.refused(&place, why), why.rule),
            };
            table.row([place, shown(&fragment.input, 48), row.role.clone(), result, rule.to_owned()]);
        }
        let (note, table, reasons) = (&self.note, table.or("the list is empty"), reasons.text());
        let roles = match self.unknown_role {
            true => format!("\nThe roles are: {}\n", self.roles),
            false => String::new(),
        };
        format!("{note}{table}{reasons}{roles}\n{mood}{}\n", self.sum())
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
        let (all, sums) = (count(self.rows.len(), "entry", "entries"), sums.into_iter().flatten());
        let sums = sums.collect::<Vec<_>>().join(", ");
        if sums.is_empty() { all } else { format!("{all}: {sums}") }
    }

    /// Line and column of a fragment.
    fn place(&self, index: usize) -> String {
        let position = self.list.fragments().get(index).map(|fragment| fragment.position);
        position.map_or("?".into(), |position| format!("{}:{}", position.line, position.column))
    }
}
