//! Somebody who does one deed after the other, with people of their own.

use std::collections::BTreeMap;

use invite::InvitationId;

use super::deed::{Came, Deed, What};

/// How many work in a process.
pub const WORKERS: usize = 4;

/// SplitMix64: the same numbers for the same seed.
#[derive(Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// The numbers of a seed.
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one, below an end.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// Somebody who invites, and answers for who were invited.
#[derive(Debug)]
pub(super) struct Worker {
    name: String,
    organization: String,
    numbers: Numbers,
    deeds: usize,
    people: usize,
    invited: BTreeMap<String, InvitationId>,
    members: Vec<String>,
    /// There was no seat when they asked last.
    is_full: bool,
}

impl Worker {
    pub(super) fn new(name: String, organization: String, seed: u64) -> Self {
        let numbers = Numbers::of(seed);
        let (invited, members) = Default::default();
        Self { name, organization, numbers, deeds: 0, people: 0, invited, members, is_full: false }
    }

    /// What they do next. Where no seat is left they free one, if they can.
    pub(super) fn next(&mut self) -> Deed {
        self.deeds += 1;
        let (choice, chosen) = (self.numbers.below(8), self.numbers.below(1_000));
        let somebody = self.invited.iter().nth(chosen % self.invited.len().max(1));
        let member = self.members.get(chosen % self.members.len().max(1));
        let what = match (choice, somebody, member) {
            (0..=2, ..) if !self.is_full => None,
            (0 | 3 | 4, Some((name, id)), _) => Some(What::Accept(name.clone(), *id)),
            (1 | 5, Some((name, id)), _) => Some(What::Decline(name.clone(), *id)),
            (6, Some((name, id)), _) => Some(What::Revoke(name.clone(), *id)),
            (_, _, Some(name)) => Some(What::Remove(name.clone())),
            _ => None,
        };
        let what = what.unwrap_or_else(|| {
            let count = 1 + chosen % 3;
            let names = (self.people..self.people + count).map(|n| format!("{}p{n}", self.name));
            self.people += count;
            What::Invite(names.collect())
        });
        let key = format!("{}d{}", self.name, self.deeds);
        Deed { organization: self.organization.clone(), key, what }
    }

    /// Takes in what came of it.
    pub(super) fn learn(&mut self, deed: &Deed, came: &Came) {
        self.is_full = matches!(came, Came::Refused(_));
        let Came::Done(invitations) = came else { return };
        match &deed.what {
            What::Invite(names) => {
                self.invited.extend(names.iter().cloned().zip(invitations.iter().copied()));
            }
            What::Accept(name, _) => {
                self.invited.remove(name);
                self.members.push(name.clone());
            }
            What::Decline(name, _) | What::Revoke(name, _) => drop(self.invited.remove(name)),
            What::Remove(name) => self.members.retain(|member| member != name),
        }
    }
}
