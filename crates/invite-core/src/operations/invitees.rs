//! Whom to invite: from a pasted list, or one by one.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;

use crate::refusal::{AmbiguousName, InvalidAddress, TooLarge, UnknownName};
use crate::{
    EmailAddress, Entry, Grant, Grants, Invitee, ListOptions, ListTooLong, Metadata, Parsed, PastedList,
    UserId, Who, parse_list,
};

/// One of those to invite, with what is different for them.
///
/// `Debug` leaves out what was typed (PRI-4).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct InviteeEntry {
    pub(super) input: String,
    pub(super) who: Named,
    pub(super) name: Option<String>,
    pub(super) grants: Option<Grants>,
    pub(super) locale: Option<String>,
    pub(super) metadata: Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<EmailAddress>,
}

/// What an entry names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) enum Named {
    Invitee(Invitee),
    Duplicate(usize),
    Nobody(Nobody),
}

/// Why an entry names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) enum Nobody {
    Address(InvalidAddress),
    UnknownName(UnknownName),
    AmbiguousName(AmbiguousName),
}

impl Nobody {
    fn address(reason: &impl ToString) -> Named {
        Named::Nobody(Self::Address(InvalidAddress { reason: reason.to_string() }))
    }
}

/// Who somebody called by a user name turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "one, none, or several")]
pub enum Called {
    /// One user.
    One(UserId),
    /// Nobody.
    Nobody,
    /// More than one.
    Several,
}

impl fmt::Debug for InviteeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InviteeEntry")
            .field("who", &self.who)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

impl InviteeEntry {
    /// Somebody to invite with the command's grants.
    pub fn new(invitee: impl Into<Invitee>) -> Self {
        let invitee = invitee.into();
        let input = match &invitee {
            Invitee::Address(address) => address.as_str().to_string(),
            Invitee::User(user) => user.to_string(),
            Invitee::Erased(_) => {
                return Self::named(invitee.to_string(), Nobody::address(&"who was invited was erased"));
            }
        };
        Self::named(input, Named::Invitee(invitee))
    }

    /// Somebody to invite by an address as typed. What is no address is refused in its own place.
    #[must_use]
    pub fn typed(address: &str) -> Self {
        let who = match EmailAddress::parse(address) {
            Ok(address) => Named::Invitee(address.into()),
            Err(reason) => Nobody::address(&reason),
        };
        Self::named(address.to_string(), who)
    }

    /// The user who has verified the address that is named, as the host says. They are included by it where the host
    /// [reveals accounts](crate::RevealAccounts), and nowhere else.
    #[must_use]
    pub fn account(mut self, user: UserId) -> Self {
        self.account = Some(user);
        self
    }

    /// An address that the user who is named has verified, as the host says. Where an organization has rules on domains,
    /// whoever is [included](crate::Include) by their id needs one that is permitted (IDN-8); it is not kept.
    #[must_use]
    pub fn address(mut self, address: EmailAddress) -> Self {
        self.address = Some(address);
        self
    }

    /// The user that is named, or said to have the address that is named.
    pub(super) fn user(&self) -> Option<&UserId> {
        match &self.who {
            Named::Invitee(invitee) => invitee.user().or(self.account.as_ref()),
            Named::Duplicate(_) | Named::Nobody(_) => None,
        }
    }

    fn named(input: String, who: Named) -> Self {
        let (metadata, account, address) = (Metadata::new(), None, None);
        Self { input, who, name: None, grants: None, locale: None, metadata, account, address }
    }

    /// The invitee's name, for the mail.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Grants for this invitee alone (D1).
    #[must_use]
    pub fn grants(mut self, grants: impl Into<Grants>) -> Self {
        self.grants = Some(grants.into());
        self
    }

    /// The language of this invitee's mails, as a BCP 47 tag.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// A note of the host about this invitee, beside those of the command (F19).
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// Those to invite, in order: a pasted text, a parsed list, addresses, users, or entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Invitees {
    pub(super) entries: Vec<InviteeEntry>,
    pub(super) too_large: Option<TooLarge>,
}

impl Invitees {
    /// How many entries there are, those that name nobody included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A list whose user names and addresses the host has looked up. A name that is nobody's, or several people's,
    /// is refused in its own place (PAR-2).
    #[must_use]
    pub fn looked_up(
        list: &PastedList,
        called: &BTreeMap<String, Called>,
        accounts: &BTreeMap<EmailAddress, UserId>,
    ) -> Self {
        let entry = |fragment: &crate::Fragment| {
            let who = match &fragment.parsed {
                Parsed::Accepted(Entry { who: Who::UserName(name), .. }) => who_is(name.as_str(), called),
                _ => return InviteeEntry::from(fragment).of_account(accounts),
            };
            InviteeEntry { who, ..InviteeEntry::from(fragment) }
        };
        list.fragments().iter().map(entry).collect::<Vec<_>>().into()
    }

    /// The same list, with addresses of users whom it names by id: see [`InviteeEntry::address`].
    #[must_use]
    pub fn with_addresses(mut self, addresses: &BTreeMap<UserId, EmailAddress>) -> Self {
        for entry in &mut self.entries {
            if let Named::Invitee(Invitee::User(user)) = &entry.who {
                entry.address = addresses.get(user).cloned();
            }
        }
        self
    }

    /// The addresses and users named, without what names nobody.
    pub fn named(&self) -> impl Iterator<Item = &Invitee> {
        self.entries.iter().filter_map(|entry| match &entry.who {
            Named::Invitee(invitee) => Some(invitee),
            _ => None,
        })
    }
}

/// A pasted text, read with the default options.
impl From<&str> for Invitees {
    fn from(text: &str) -> Self {
        match parse_list(text, &ListOptions::new()) {
            Ok(list) => list.into(),
            Err(why) => why.into(),
        }
    }
}

impl From<String> for Invitees {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

/// A list that was read with options of one's own. A role column gives each invitee that role in the
/// organization, instead of the command's grants.
impl From<PastedList> for Invitees {
    fn from(list: PastedList) -> Self {
        Self { entries: list.fragments().iter().map(InviteeEntry::from).collect(), too_large: None }
    }
}

impl From<&crate::Fragment> for InviteeEntry {
    fn from(fragment: &crate::Fragment) -> Self {
        let (who, name, role) = match &fragment.parsed {
            Parsed::Accepted(Entry { who, name, role }) => (named(who), name.clone(), role.clone()),
            Parsed::Duplicate { of } => (Named::Duplicate(*of), None, None),
            Parsed::Invalid(why) => (Nobody::address(why), None, None),
        };
        let grants = role.map(|role| Grant::role(role).into());
        Self { name, grants, ..Self::named(fragment.input.clone(), who) }
    }
}

impl InviteeEntry {
    fn of_account(mut self, accounts: &BTreeMap<EmailAddress, UserId>) -> Self {
        if let Named::Invitee(Invitee::Address(address)) = &self.who {
            self.account = accounts.get(address).cloned();
        }
        self
    }
}

fn who_is(name: &str, called: &BTreeMap<String, Called>) -> Named {
    let typed = || name.to_string();
    match called.get(name) {
        Some(Called::One(user)) => Named::Invitee(user.clone().into()),
        Some(Called::Several) => Named::Nobody(Nobody::AmbiguousName(AmbiguousName { name: typed() })),
        Some(Called::Nobody) | None => Named::Nobody(Nobody::UnknownName(UnknownName { name: typed() })),
    }
}

fn named(who: &Who) -> Named {
    match who {
        Who::Address(address) => Named::Invitee(address.clone().into()),
        Who::UserName(name) => match UserId::parse(name.as_str()) {
            Ok(user) => Named::Invitee(user.into()),
            Err(why) => Nobody::address(&why),
        },
    }
}

/// A list that was too long to be read is refused by the command that gets it.
impl From<ListTooLong> for Invitees {
    fn from(why: ListTooLong) -> Self {
        let too_large = match why {
            ListTooLong::Bytes { max, .. } => TooLarge::new("bytes", max),
            ListTooLong::Entries { max } => TooLarge::new("entries", max),
        };
        Self { entries: Vec::new(), too_large: Some(too_large) }
    }
}

impl From<InviteeEntry> for Invitees {
    fn from(entry: InviteeEntry) -> Self {
        Self { entries: alloc::vec![entry], too_large: None }
    }
}

/// Somebody who is named twice with the same grants is invited once.
impl From<Vec<InviteeEntry>> for Invitees {
    fn from(mut entries: Vec<InviteeEntry>) -> Self {
        let mut first = BTreeMap::<Invitee, Vec<(usize, Option<Grants>)>>::new();
        for (position, entry) in entries.iter_mut().enumerate() {
            let Named::Invitee(invitee) = &entry.who else { continue };
            let seen = first.entry(invitee.clone()).or_default();
            match seen.iter().find(|(_, grants)| *grants == entry.grants) {
                Some((of, _)) => entry.who = Named::Duplicate(*of),
                None => seen.push((position, entry.grants.clone())),
            }
        }
        Self { entries, too_large: None }
    }
}

impl From<EmailAddress> for Invitees {
    fn from(address: EmailAddress) -> Self {
        InviteeEntry::new(address).into()
    }
}

impl From<&EmailAddress> for Invitees {
    fn from(address: &EmailAddress) -> Self {
        address.clone().into()
    }
}

impl From<UserId> for Invitees {
    fn from(user: UserId) -> Self {
        InviteeEntry::new(user).into()
    }
}

impl<T: Into<Invitee>> FromIterator<T> for Invitees {
    fn from_iter<I: IntoIterator<Item = T>>(invitees: I) -> Self {
        invitees.into_iter().map(InviteeEntry::new).collect::<Vec<_>>().into()
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn an_entry_shows_whom_it_names_with_a_mask_and_not_what_was_typed_pri_4() {
        let entry = InviteeEntry::typed(" Bob@Example.com").name("Bob Smith").grants(Grant::role("client"));
        let shown = format!("{entry:?}");
        assert!(shown.starts_with("InviteeEntry { who: Invitee(Invitee(") && shown.contains("…@"), "{shown}");
        assert!(shown.contains("client") && !shown.to_lowercase().contains("bob"), "{shown}");
        let nobody = format!("{:?}", InviteeEntry::typed("bob@@example"));
        assert!(nobody.starts_with("InviteeEntry { who: Nobody(") && !nobody.contains("bob"), "{nobody}");
    }

    #[test]
    fn whoever_is_named_by_a_value_is_the_one_who_is_invited() {
        let bob = address("bob@example.com");
        let table = [
            ("an address", bob.clone().into(), Invitee::Address(bob.clone())),
            ("an address of somebody else's", Invitees::from(&bob), Invitee::Address(bob.clone())),
            ("a user", user("bob").into(), Invitee::User(user("bob"))),
        ];
        for (value, invitees, expected) in table {
            assert!(invitees.named().eq([&expected]), "{value}: {invitees:?}");
        }
    }
}
