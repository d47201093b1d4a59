//! What must hold after every step, whatever it was, recounted from the rows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use invite::core::{Counts, Invitee, SeatCount};
use invite::storage::EventEntry;
use invite::{
    AccessModel, Actor, GroupStatus, Invitation, InvitationKind, InvitationState, InviteLink, Limit, Member,
    OrganizationStatus, Scope, SeatClass,
};

use super::cast::Rules;
use super::command::Command;
use super::snapshot::Snapshot;
use super::violation::{Checked, holds};

/// One step of one organization.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) rules: Rules,
    pub(super) model: &'a AccessModel,
    pub(super) before: &'a Snapshot,
    pub(super) after: &'a Snapshot,
    /// What was asked.
    pub(super) command: &'a Command,
    /// Who put the command.
    pub(super) by: &'a Actor,
    /// The time that the step was decided at.
    pub(super) now: DateTime<Utc>,
}

impl Change<'_> {
    /// All of them.
    pub(super) fn check(self) -> Checked {
        self.check_rows()?;
        self.erasing_changes_no_count()?;
        self.links_are_used_within_their_limits()?;
        self.nothing_is_granted_where_nothing_may_be()?;
        self.nobody_grants_what_they_do_not_hold()
    }

    /// Those that hold of several commands as well.
    pub(super) fn check_rows(self) -> Checked {
        rows_are_sound(self.model, self.after, self.now)?;
        self.log_only_grows()?;
        self.seats_stay_within_limits()?;
        self.what_ended_stays_ended()?;
        self.nothing_goes_on_unless_active()?;
        self.whoever_left_has_nothing_pending()?;
        self.what_is_closed_stays_closed()
    }

    /// STO-7: what was recorded stays; nothing that is known of before is younger than what is new.
    fn log_only_grows(self) -> Checked {
        let (before, after) = (&self.before.events, &self.after.events);
        if self.erases() {
            // PRI-6: a record may forget whom it is about, and nothing else.
            let same = |(one, other): (&EventEntry, &EventEntry)| {
                EventEntry { data: String::new(), ..one.clone() }
                    == EventEntry { data: String::new(), ..other.clone() }
            };
            let stays = before.len() <= after.len() && before.iter().zip(after).all(same);
            holds!(stays, "PRI-6", "erasing made {after:?} of {before:?}");
        } else {
            holds!(after.starts_with(before), "STO-7", "the log was changed");
        }
        let times = after.windows(2).all(|two| two[0].at <= two[1].at);
        holds!(times, "STO-7", "the log goes back in time");
        let recorded = before.len() < after.len() || self.before == self.after;
        holds!(recorded, "STO-7", "{:?} became {:?} without a record", self.before, self.after);
        Ok(())
    }

    fn erases(self) -> bool {
        matches!(self.command, Command::Erase(_) | Command::Tidy(_))
    }

    /// PRI-6: erasing ends what is open for whoever is erased; beside that every count stays, and every row.
    fn erasing_changes_no_count(self) -> Checked {
        if !matches!(self.command, Command::Erase(_)) {
            return Ok(());
        }
        let (before, after) = (self.before, self.after);
        let used = |of: &Snapshot| {
            let seats = &of.organization.counts.seats;
            seats
                .iter()
                .filter(|(_, count)| count.used > 0)
                .map(|(class, count)| (class.clone(), count.used))
                .collect::<BTreeMap<_, _>>()
        };
        let counts = |of: &Snapshot| {
            let Counts { members, owners, groups, links, .. } = of.organization.counts;
            (members, owners, groups, links, used(of))
        };
        let same = counts(before) == counts(after) && before.invitations.keys().eq(after.invitations.keys());
        holds!(same, "PRI-6", "{:?} became {:?}", before.organization.counts, after.organization.counts);
        let open = |of: &Snapshot| of.invitations.values().filter(|row| row.ended.is_none()).count();
        let fewer = before.organization.counts.pending - after.organization.counts.pending;
        holds!(open(before) - open(after) == fewer as usize, "PRI-6", "{fewer} are not open any more");
        let untouched = open(before) == open(after);
        let same = before.organization.counts.seats == after.organization.counts.seats;
        holds!(same || !untouched, "PRI-6", "seats changed, and nothing that reserves any");
        Ok(())
    }

    /// SEA-1, SEA-5: whoever takes a seat finds room for it; those who are there stay when the plan is lowered.
    fn seats_stay_within_limits(self) -> Checked {
        let plan = &self.after.organization.plan;
        for (class, count) in &self.after.organization.counts.seats {
            let taken = self.before.organization.counts.seat(class).taken();
            let fits = plan.seat_limit(class).is_some_and(|limit| limit.allows(count.taken()));
            holds!(count.taken() <= taken || fits, "SEA-1", "{class}: {count:?} under {plan:?}");
        }
        let lowered = self.before.organization.plan != *plan;
        let all_there = self.before.members.keys().all(|user| self.after.members.contains_key(user));
        holds!(!lowered || all_there, "SEA-5", "somebody was removed by a change of plan");
        Ok(())
    }

    /// LIF-1, LIF-3: what ended stays as it was, but for an expired one that is resent.
    fn what_ended_stays_ended(self) -> Checked {
        for (id, row) in &self.before.invitations {
            let Some(after) = self.after.invitations.get(id) else {
                holds!(false, "LIF-1", "{row:?} is not there any more");
                continue;
            };
            let state = row.state_at(self.now);
            if state == InvitationState::Pending {
                continue;
            }
            let resent = state == InvitationState::Expired && after.revision == row.revision + 1;
            // That it expired, and what it reserved, is written down when somebody needs the room.
            let written = Invitation { ended: after.ended.clone(), seat: after.seat.clone(), ..row.clone() };
            let written = if after.invitee.is_erased() { forgotten(written) } else { written };
            let same = *after == written && after.state_at(self.now) == state;
            let same = same && (row.ended.is_none() || row.ended == after.ended);
            holds!(resent || same, "LIF-1", "{row:?}, {state}, became {after:?}");
        }
        Ok(())
    }

    /// LIF-8: nothing is sent or accepted for an organization that does not work.
    fn nothing_goes_on_unless_active(self) -> Checked {
        let status = self.before.organization.status;
        if status == OrganizationStatus::Active {
            return Ok(());
        }
        let joined = self.after.members.keys().find(|user| !self.before.members.contains_key(*user));
        holds!(joined.is_none(), "LIF-8", "{joined:?} joined while it was {status:?}");
        let made = self.after.invitations.keys().find(|id| !self.before.invitations.contains_key(*id));
        holds!(made.is_none(), "LIF-8", "{made:?} was made while it was {status:?}");
        let asked = self.after.requests.len() == self.before.requests.len();
        holds!(asked, "LIF-8", "somebody asked while it was {status:?}");
        let uses = |of: &Snapshot| of.links.values().map(|link| link.uses).sum::<u32>();
        let same = uses(self.before) == uses(self.after)
            && self.before.links.len() == self.after.links.len()
            && self.before.groups == self.after.groups;
        holds!(same, "LIF-8", "a group was changed or a link made or used while it was {status:?}");
        let queued = |of: &Snapshot| of.mails.values().map(|mail| mail.id).collect::<BTreeSet<_>>();
        let new = queued(self.after).difference(&queued(self.before)).copied().collect::<Vec<_>>();
        holds!(new.is_empty(), "LIF-8", "{new:?} were queued while it was {status:?}");
        Ok(())
    }

    /// LNK-4, LIF-8: a link that ended and a group that was closed stay as they are.
    fn what_is_closed_stays_closed(self) -> Checked {
        for (id, link) in self.before.links.iter().filter(|(_, link)| link.ended.is_some()) {
            let after = self.after.links.get(id);
            // Who asked by it before is perhaps approved since.
            let same = after.is_some_and(|after| InviteLink { uses: link.uses, ..after.clone() } == *link);
            holds!(same, "LNK-4", "{link:?} became {after:?}");
        }
        for (id, group) in self.before.groups.iter() {
            let after = self.after.groups.get(id);
            let same = after == Some(group) || (after.is_some() && group.status != GroupStatus::Closed);
            holds!(same, "LIF-8", "{group:?} became {after:?}");
        }
        Ok(())
    }

    /// CON-4, LNK-4, LIF-13: a link is used while it is on and open, once at a time and never beyond its limit; its
    /// revision follows its settings.
    fn links_are_used_within_their_limits(self) -> Checked {
        for (id, link) in &self.after.links {
            let Some(before) = self.before.links.get(id) else { continue };
            if link.uses != before.uses {
                // Whoever asked by it may be approved when nobody joins by it any more.
                let approved = matches!(self.command, Command::Approve { .. });
                let open = approved || before.state_at(self.now) == invite::LinkState::Open;
                let within = link.settings.most_uses().is_none_or(|most| link.uses <= most);
                holds!(
                    open && within && (approved || link.uses == before.uses + 1),
                    "CON-4",
                    "{before:?} became {link:?}"
                );
            }
            let edited = u32::from(link.settings != before.settings);
            holds!(link.revision == before.revision + edited, "LIF-13", "{before:?} became {link:?}");
        }
        Ok(())
    }

    /// LIF-8, LIF-10, LNK-6: nobody gets anything in a group that does not work, or by a link in one that is
    /// invite-only.
    fn nothing_is_granted_where_nothing_may_be(self) -> Checked {
        let links = self.after.links.iter().map(|(id, row)| {
            (
                self.before.links.get(id).map(|row| row.settings.grants()),
                row.settings.grants(),
                format!("{row:?}"),
            )
        });
        let invitations = self.after.invitations.iter().map(|(id, row)| {
            (self.before.invitations.get(id).map(|row| &row.grants), &row.grants, format!("{row:?}"))
        });
        let members = self.after.members.iter().map(|(user, row)| {
            (self.before.members.get(user).map(|row| &row.grants), &row.grants, format!("{row:?}"))
        });
        for (before, after, what) in links.chain(invitations).chain(members) {
            for (scope, access) in after.iter() {
                let (Scope::Group(id), true) =
                    (scope, before.and_then(|held| held.access(scope)) != Some(access))
                else {
                    continue;
                };
                let group = self.before.groups.get(id).or(self.after.groups.get(id));
                let works = group.is_some_and(|group| group.status == GroupStatus::Active);
                holds!(works, "LIF-10", "{what} got something in {group:?}");
                let by_link = matches!(self.command, Command::JoinByLink { .. });
                let joinable =
                    group.is_some_and(|group| group.settings.join_policy() > invite::JoinPolicy::InviteOnly);
                holds!(!by_link || joinable, "LNK-6", "{what} came by a link into {group:?}");
            }
        }
        Ok(())
    }

    /// LIF-7c: what is addressed to somebody who is no member any more ended with the membership.
    fn whoever_left_has_nothing_pending(self) -> Checked {
        for (user, member) in &self.before.members {
            if self.after.members.contains_key(user) {
                continue;
            }
            let address = member.email.clone().map(Invitee::Address);
            let names = [Some(Invitee::User(user.clone())), address];
            let mut left =
                self.after.pending(self.now).filter(|row| names.contains(&Some(row.invitee.clone())));
            let left = left.next();
            holds!(left.is_none(), "LIF-7c", "{left:?} is for {user}, who left");
        }
        Ok(())
    }
}

/// PRI-6: the same invitation, and whose it was is gone.
fn forgotten(row: Invitation) -> Invitation {
    Invitation {
        invitee: Invitee::Erased(row.id.as_uuid()),
        name: None,
        mail_to: None,
        message: None,
        locale: None,
        metadata: Default::default(),
        continue_to: None,
        ..row
    }
}

/// What rows are at any time, whatever happened before.
pub(super) fn rows_are_sound(model: &AccessModel, of: &Snapshot, now: DateTime<Utc>) -> Checked {
    counts_are_a_recount(of)?;
    places_are_taken_once(of, now)?;
    one_person_takes_one_seat(of)?;
    nobody_is_invited_to_what_they_have(model, of, now)?;
    nothing_names_a_group_that_is_settled(of)?;
    what_is_mailed_was_queued(of)
}

/// SEA-2, SEA-3: the counters are a recount of the rows; one owner at least, unless it is closed (AUT-8).
fn counts_are_a_recount(of: &Snapshot) -> Checked {
    let mut seats = BTreeMap::<SeatClass, SeatCount>::new();
    for class in of.members.values().filter_map(|member| member.seat.clone()) {
        seats.entry(class).or_default().used += 1;
    }
    let open = || of.invitations.values().filter(|row| row.ended.is_none());
    let reserved = open().filter_map(|row| Some((row.seat.clone()?, row.invitee.clone())));
    for (class, _) in reserved.collect::<BTreeSet<_>>() {
        seats.entry(class).or_default().reserved += 1;
    }
    let owners = of.members.values().filter(|member| member.is_owner() && member.is_active()).count();
    let seated = of.members.values().find(|member| !member.is_active() && member.seat.is_some());
    holds!(seated.is_none(), "SEA-3", "{seated:?} is suspended and takes a seat");
    let counts = Counts {
        members: of.members.len() as u32,
        owners: owners as u32,
        pending: open().count() as u32,
        groups: of.groups.values().filter(|row| row.status != GroupStatus::Closed).count() as u32,
        links: of.links.values().filter(|row| row.is_kept()).count() as u32,
        requests: of.requests.values().filter(|row| row.is_open()).count() as u32,
        seats,
    };
    let kept = &of.organization.counts;
    holds!(*kept == counts, "SEA-3", "{kept:?} is kept, and a recount gives {counts:?}");
    let closed = of.organization.status == OrganizationStatus::Closed;
    holds!(owners > 0 || closed, "AUT-8", "no owner remains");
    let holding = of.members.values().all(|member| !member.grants.is_empty());
    holds!(holding, "AUT-7", "a member holds nothing");
    Ok(())
}

/// CON-3: one pending invitation for each scope and invitee. One address is one member (IDN-12).
fn places_are_taken_once(of: &Snapshot, now: DateTime<Utc>) -> Checked {
    let mut places = BTreeMap::new();
    for row in of.pending(now) {
        for scope in row.grants.scopes() {
            let other = places.insert((row.invitee.clone(), scope.clone()), row.id);
            holds!(other.is_none(), "CON-3", "{:?} and {other:?} are for one person and {scope}", row.id);
        }
    }
    let mut addresses = BTreeSet::new();
    let mut members = of.members.values().filter_map(|member| member.email.clone());
    let twice = members.find(|address| !addresses.insert(address.clone()));
    holds!(twice.is_none(), "IDN-12", "two members have one address");
    Ok(())
}

/// SEA-3: whoever is invited several times reserves one seat.
fn one_person_takes_one_seat(of: &Snapshot) -> Checked {
    let mut classes = BTreeMap::<&Invitee, BTreeSet<&SeatClass>>::new();
    for row in of.invitations.values().filter(|row| row.ended.is_none()) {
        classes.entry(&row.invitee).or_default().extend(&row.seat);
    }
    let several = classes.iter().find(|(_, of)| of.len() > 1);
    holds!(several.is_none(), "SEA-3", "{several:?} reserve several seats");
    Ok(())
}

/// LIF-7d, SEA-3: a member is invited to something that they are not in yet, and reserves no seat for what the one they
/// have covers.
fn nobody_is_invited_to_what_they_have(model: &AccessModel, of: &Snapshot, now: DateTime<Utc>) -> Checked {
    let is_for = |member: &Member, row: &Invitation| match &row.invitee {
        Invitee::User(user) => member.user == *user,
        Invitee::Address(address) => member.email.as_ref() == Some(address),
        Invitee::Erased(_) => false,
    };
    for row in of.pending(now) {
        for member in of.members.values().filter(|member| is_for(member, row)) {
            let is_offer = row.kind != InvitationKind::Membership;
            let news = row.grants.scopes().any(|scope| member.grants.access(scope).is_none());
            holds!(is_offer || news, "LIF-7d", "{row:?} is for {member:?}");
            let needed = model.seat_class(&member.grants.clone().joined(&row.grants));
            let covered = needed.is_none() || needed == member.seat.as_ref();
            holds!(row.seat.is_none() || !covered, "SEA-3", "{row:?} reserves what {member:?} has");
        }
    }
    Ok(())
}

/// LIF-8, LIF-10: what was closed is named by nothing, or is known to be named still.
fn nothing_names_a_group_that_is_settled(of: &Snapshot) -> Checked {
    let closed = of.groups.values().filter(|group| group.status == GroupStatus::Closed);
    for group in closed.filter(|group| !of.organization.closing.contains(&group.id)) {
        let scope = Scope::Group(group.id.clone());
        let members = of.members.values().find(|row| row.grants.access(&scope).is_some());
        let mut open = of.invitations.values().filter(|row| row.ended.is_none());
        let open = open.find(|row| row.grants.access(&scope).is_some());
        let names = |row: &&InviteLink| row.is_kept() && row.settings.grants().access(&scope).is_some();
        let named = (members, open, of.links.values().find(names));
        holds!(named == (None, None, None), "LIF-10", "{group:?} is named by {named:?}");
    }
    Ok(())
}

/// MAI-4: what is to be mailed was queued by the commit that made it.
fn what_is_mailed_was_queued(of: &Snapshot) -> Checked {
    let mut mailed = of.invitations.values().filter(|row| row.mail_to.is_some());
    let lost = mailed.find(|row| !of.mails.contains_key(&row.id));
    holds!(lost.is_none(), "MAI-4", "no mail was queued for {lost:?}");
    Ok(())
}

/// SEA-3: whoever was refused for want of room found none: not in the class that they need, what is past its expiry
/// not counted. In a list, what the items before took is taken.
pub(super) fn there_was_no_room(
    code: &str,
    needed: Option<&BTreeSet<SeatClass>>,
    change: Change<'_>,
) -> Checked {
    let Change { before, after, now, .. } = change;
    let plan = &before.organization.plan;
    let full = |limit: Option<Limit>, taken: &dyn Fn(&Snapshot) -> usize| match limit {
        Some(Limit::AtMost(most)) => taken(before).max(taken(after)) >= most as usize,
        Some(Limit::Unlimited) => false,
        None => true,
    };
    let none_left = match code {
        "no-seat-left" => ["team", "client"].map(SeatClass::from).iter().any(|class| {
            needed.is_none_or(|needed| needed.contains(class))
                && full(plan.seat_limit(class), &|of| taken(of, class, now))
        }),
        "too-many-pending" => full(Some(Limit::AtMost(super::cast::PENDING)), &|of| of.pending(now).count()),
        // The first plan does not limit how fast they are sent.
        "too-many-invitations" => *plan != super::cast::first_plan(),
        // Every plan limits how often somebody asks: ten times a day, if it says nothing else.
        "asked-too-often" => *plan != super::cast::first_plan() || before.requests.len() >= 10,
        _ => true,
    };
    holds!(none_left, "SEA-3", "refused with {code}, though there is room for {needed:?} under {plan:?}");
    Ok(())
}

/// How many seats of a class are taken at most. Whoever has an expired invitation beside a pending one may be lowered
/// to what the pending one needs before a seat is looked for, so they count in either class.
fn taken(of: &Snapshot, class: &SeatClass, now: DateTime<Utc>) -> usize {
    let members = of.members.values().filter(|member| member.seat.as_ref() == Some(class)).count();
    let open = || of.invitations.values().filter(|row| row.ended.is_none() && row.seat.is_some());
    let (due, pending): (Vec<_>, Vec<_>) =
        open().partition(|row| row.state_at(now) != InvitationState::Pending);
    let due = due.into_iter().map(|row| &row.invitee).collect::<BTreeSet<_>>();
    let counted = |row: &&&Invitation| row.seat.as_ref() == Some(class) || due.contains(&row.invitee);
    let reserved = pending.iter().filter(counted).map(|row| &row.invitee).collect::<BTreeSet<_>>();
    members + reserved.len()
}
