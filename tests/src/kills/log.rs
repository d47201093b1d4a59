//! All that was told, against what is stored.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::deed::{Came, Deed};
use super::process::Line;
use super::stored::{State, Stored};

/// For how long a courier has a mail to itself.
const LEASE: TimeDelta = TimeDelta::minutes(10);

/// What one or several who are invited are refused with where seats are left for none or not for all.
const FULL: [&str; 2] = ["no-seat-left", "partly-refused"];

/// All that was told.
#[derive(Debug, Default)]
pub struct Log {
    tried: Vec<Tried>,
    /// Where deeds are in it, by their keys.
    places: BTreeMap<String, usize>,
    /// When each mail was sent.
    mails: BTreeMap<String, Vec<DateTime<Utc>>>,
    /// How often each had been sent when that was recorded.
    recorded: BTreeMap<String, usize>,
    /// What a process has sent since it told last that all is recorded.
    unrecorded: BTreeMap<usize, Vec<String>>,
    interrupted: usize,
    wrong: Vec<String>,
}

/// A deed, and what is known of it. It is the last one of its people until it is settled.
#[derive(Debug)]
struct Tried {
    deed: Deed,
    begun: usize,
    is_open: bool,
    is_unknown: bool,
    settled: Option<Settled>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Done,
    Refused,
}

impl Log {
    /// Takes in what a process told.
    pub fn note(&mut self, process: usize, line: Line) {
        match line {
            Line::Begins(deed) => {
                let last = self.tried.len();
                let place = *self.places.entry(deed.key.clone()).or_insert(last);
                if place == last {
                    let (is_open, is_unknown, settled) = Default::default();
                    self.tried.push(Tried { deed, begun: 0, is_open, is_unknown, settled });
                }
                self.tried[place].begun += 1;
                self.tried[place].is_open = true;
            }
            Line::Ends(key, came) => self.ends(&key, came),
            Line::Mails(id, at) => {
                self.mails.entry(id.clone()).or_default().push(at);
                self.unrecorded.entry(process).or_default().push(id);
            }
            Line::Delivered(came) => {
                let sent = self.unrecorded.remove(&process).unwrap_or_default();
                match came {
                    Came::Done(_) => self.recorded.extend(sent.into_iter().map(|id| {
                        let times = self.mails[&id].len();
                        (id, times)
                    })),
                    Came::Failed | Came::Unknown => {}
                    Came::Refused(why) | Came::Wrong(why) => self.wrong.push(format!("a courier: {why}")),
                }
            }
        }
    }

    /// Takes in that a process is gone.
    pub fn gone(&mut self, process: usize) {
        self.interrupted += self.unrecorded.remove(&process).map_or(0, |sent| sent.len());
    }

    fn ends(&mut self, key: &str, came: Came) {
        let tried = &mut self.tried[self.places[key]];
        tried.is_open = false;
        match came {
            Came::Done(_) => tried.settled = Some(Settled::Done),
            // All others free seats, or have one.
            Came::Refused(code)
                if FULL.contains(&code.as_str()) && tried.deed.leads_to() == State::Invited =>
            {
                tried.settled = Some(Settled::Refused);
            }
            Came::Failed => {}
            Came::Unknown => tried.is_unknown = true,
            Came::Refused(why) | Came::Wrong(why) => self.wrong.push(format!("{:?}: {why}", tried.deed)),
        }
    }

    /// How many deeds were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.tried.iter().filter(|tried| tried.settled == Some(Settled::Done)).count()
    }

    /// How many deeds were answered: acknowledged or refused.
    pub fn answered(&self) -> usize {
        self.tried.iter().filter(|tried| tried.settled.is_some()).count()
    }

    /// How many deeds were begun again.
    pub fn repeated(&self) -> usize {
        self.tried.iter().filter(|tried| tried.begun > 1).count()
    }

    /// How many mails were sent by who was gone before they were recorded.
    pub fn interrupted(&self) -> usize {
        self.interrupted
    }

    /// How many mails were sent, repeated ones as often as they were.
    pub fn mails(&self) -> usize {
        self.mails.values().map(Vec::len).sum()
    }

    /// What nobody knows the end of, or was not done and not refused.
    pub fn unsettled(&self) -> Vec<Deed> {
        self.tried.iter().filter(|tried| tried.settled.is_none()).map(|tried| tried.deed.clone()).collect()
    }

    /// Requires that all is stored that was acknowledged, nothing of what was not done, and of what is unknown all or
    /// nothing (STO-3, STO-4).
    ///
    /// # Errors
    /// What is not as it was told.
    pub fn compare(&self, stored: &Stored) -> Result<(), String> {
        if let Some(wrong) = self.wrong.first() {
            return Err(wrong.clone());
        }
        let mut should = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for tried in &self.tried {
            let (names, after) = (tried.deed.names(), tried.deed.leads_to());
            match tried.settled {
                Some(Settled::Done) => should.extend(names.into_iter().map(|name| (name, after))),
                Some(Settled::Refused) => {}
                None if tried.is_open || tried.is_unknown => {
                    let done = names.iter().filter(|name| stored.people.get(**name) == Some(&after)).count();
                    match done {
                        0 => {}
                        all if all == names.len() => {
                            should.extend(names.iter().map(|name| (*name, after)));
                        }
                        _ => return Err(format!("half done: {:?}", tried.deed)),
                    }
                    unknown.extend(names);
                }
                None => {}
            }
        }
        for (name, state) in &should {
            let now = stored.people.get(*name);
            if now != Some(state) {
                return Err(format!("{name} should be {state:?} and is {now:?}"));
            }
        }
        match stored.people.iter().find(|(name, _)| !should.contains_key(name.as_str())) {
            Some((name, state)) => Err(format!("{name} is {state:?}, and nobody was told so: {unknown:?}")),
            None => Ok(()),
        }
    }

    /// Requires that whoever waits was sent a mail, that what is recorded as sent was sent and is not sent again, and
    /// nothing more often than leases allow (MAI-4). To be asked once nothing is due any more.
    ///
    /// # Errors
    /// What is not so.
    pub fn compare_mails(&self, stored: &Stored) -> Result<(), String> {
        for (id, posted) in &stored.mails {
            let times = self.mails.get(id).map(Vec::as_slice).unwrap_or_default();
            let says = |what: &str| Err(format!("{id} {what}: {posted:?}, sent at {times:?}"));
            let waits = stored.people.get(&posted.name) == Some(&State::Invited);
            match posted.state.as_str() {
                "sent" if times.is_empty() => return says("was never sent"),
                "sent" => {}
                "dropped" if !waits => {}
                _ => return says("should have been sent"),
            }
            if times.len() > posted.leases || times.windows(2).any(|two| two[1] - two[0] < LEASE) {
                return says("was sent more often than it was leased");
            }
            if self.recorded.get(id).is_some_and(|sent| posted.state != "sent" || times.len() != *sent) {
                return says("was recorded as sent, and that was lost");
            }
        }
        match self.mails.keys().find(|id| !stored.mails.contains_key(*id)) {
            Some(id) => Err(format!("{id} was sent, and nothing is known of it")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use invite::InvitationId;

    use super::super::deed::What;
    use super::super::stored::Posted;
    use super::*;
    use crate::world::start;

    fn invite(key: &str, names: &[&str]) -> Deed {
        let what = What::Invite(names.iter().map(|name| (*name).to_owned()).collect());
        Deed { organization: "acme".to_owned(), key: key.to_owned(), what }
    }

    fn remove(key: &str, name: &str) -> Deed {
        Deed { organization: "acme".to_owned(), key: key.to_owned(), what: What::Remove(name.to_owned()) }
    }

    fn done() -> Came {
        Came::Done(Vec::<InvitationId>::new())
    }

    fn log(lines: impl IntoIterator<Item = Line>) -> Log {
        let mut log = Log::default();
        lines.into_iter().for_each(|line| log.note(0, line));
        log
    }

    fn tries(deed: &Deed, came: impl IntoIterator<Item = Came>) -> Vec<Line> {
        let tries = came.into_iter();
        tries.flat_map(|came| [Line::Begins(deed.clone()), Line::Ends(deed.key.clone(), came)]).collect()
    }

    fn people(people: &[(&str, State)]) -> Stored {
        let people = people.iter().map(|(name, state)| ((*name).to_owned(), *state)).collect();
        Stored { people, ..Stored::default() }
    }

    #[test]
    fn what_was_acknowledged_must_be_there() {
        let told = log(tries(&invite("a", &["bob"]), [done()]));
        told.compare(&people(&[("bob", State::Invited)])).unwrap();
        assert_eq!(told.compare(&people(&[])).unwrap_err(), "bob should be Invited and is None");
        told.compare(&people(&[("bob", State::Revoked)])).unwrap_err();
        let again = tries(&remove("b", "bob"), [Came::Unknown, done()]);
        let told = log(tries(&invite("a", &["bob"]), [done()]).into_iter().chain(again));
        told.compare(&people(&[("bob", State::Removed)])).unwrap();
        told.compare(&people(&[("bob", State::Invited)])).unwrap_err();
    }

    #[test]
    fn what_was_not_done_must_not_be_there() {
        for came in [Came::Failed, Came::Refused("no-seat-left".to_owned())] {
            let told = log(tries(&invite("a", &["bob"]), [came]));
            told.compare(&people(&[])).unwrap();
            told.compare(&people(&[("bob", State::Invited)])).unwrap_err();
        }
        log([]).compare(&people(&[("bob", State::Invited)])).unwrap_err();
    }

    #[test]
    fn what_is_unknown_must_be_whole_or_not_there() {
        let deed = invite("a", &["bob", "eve"]);
        let killed = log([Line::Begins(deed.clone())]);
        let failed_after = log(tries(&deed, [Came::Unknown, Came::Failed]));
        for told in [killed, failed_after] {
            told.compare(&people(&[])).unwrap();
            told.compare(&people(&[("bob", State::Invited), ("eve", State::Invited)])).unwrap();
            told.compare(&people(&[("bob", State::Invited)])).unwrap_err();
            assert_eq!(told.unsettled().len(), 1);
        }
        let other = tries(&invite("a", &["bob"]), [done()]);
        let told = log(other.into_iter().chain([Line::Begins(remove("b", "bob"))]));
        told.compare(&people(&[("bob", State::Invited)])).unwrap();
        told.compare(&people(&[("bob", State::Removed)])).unwrap();
        told.compare(&people(&[("bob", State::Declined)])).unwrap_err();
        told.compare(&people(&[])).unwrap_err();
    }

    #[test]
    fn nothing_but_a_full_plan_may_refuse() {
        for (deed, code) in [(invite("a", &["bob"]), "forbidden"), (remove("a", "bob"), "no-seat-left")] {
            let told = log(tries(&deed, [Came::Refused(code.to_owned())]));
            assert!(told.compare(&people(&[])).unwrap_err().contains(code));
        }
        log(tries(&invite("a", &["bob"]), [Came::Wrong("a fault".to_owned())]))
            .compare(&people(&[]))
            .unwrap_err();
    }

    fn posted(state: &str, leases: usize) -> Stored {
        let mail = Posted { name: "bob".to_owned(), state: state.to_owned(), leases };
        Stored {
            people: BTreeMap::from([("bob".to_owned(), State::Invited)]),
            mails: BTreeMap::from([("m".to_owned(), mail)]),
        }
    }

    fn mails(minutes: &[i64]) -> Vec<Line> {
        minutes.iter().map(|n| Line::Mails("m".to_owned(), start() + TimeDelta::minutes(*n))).collect()
    }

    #[test]
    fn mails_must_be_sent_and_not_too_often() {
        log(mails(&[0, 10])).compare_mails(&posted("sent", 2)).unwrap();
        for (minutes, state, leases) in [
            (&[][..], "sent", 1),
            (&[], "queued", 0),
            (&[0], "queued", 1),
            (&[0], "failed", 1),
            (&[], "dropped", 1),
            (&[0, 10], "sent", 1),
            (&[0, 9], "sent", 2),
        ] {
            let told = log(mails(minutes)).compare_mails(&posted(state, leases));
            assert!(told.is_err(), "{minutes:?} {state} {leases}");
        }
        log(mails(&[0])).compare_mails(&Stored::default()).unwrap_err();
    }

    #[test]
    fn what_was_recorded_as_sent_must_stay_so() {
        let recorded = |first: &[i64], then: &[i64]| {
            let first = mails(first).into_iter().chain([Line::Delivered(done())]);
            log(first.chain(mails(then)))
        };
        recorded(&[0, 11], &[]).compare_mails(&posted("sent", 2)).unwrap();
        recorded(&[0], &[11]).compare_mails(&posted("sent", 2)).unwrap_err();
        let mut answered = posted("dropped", 1);
        answered.people.insert("bob".to_owned(), State::Member);
        log(mails(&[0])).compare_mails(&answered).unwrap();
        recorded(&[0], &[]).compare_mails(&answered).unwrap_err();
    }
}
