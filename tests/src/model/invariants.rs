//! What must hold after every step, whatever it was, recounted from the rows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use invite::core::{Counts, Invitee, SeatCount};
use invite::{
    AccessModel, Actor, Grants, GroupStatus, Invitation, InvitationKind, InvitationState, InviterPolicy,
    Limit, OrganizationStatus, SeatClass,
};

use super::cast::Rules;
use super::rights::Holder;
use super::snapshot::Snapshot;
use super::violation::{Checked, holds};

/// One step of one organization.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) rules: Rules,
    pub(super) model: &'a AccessModel,
    pub(super) before: &'a Snapshot,
    pub(super) after: &'a Snapshot,
    /// Who put the command.
    pub(super) by: &'a Actor,
    /// The time that the step was decided at.
    pub(super) now: DateTime<Utc>,
}

impl Change<'_> {
    /// All of them.
    pub(super) fn check(self) -> Checked {
        counts_are_a_recount(self.after)?;
        places_are_taken_once(self.after, self.now)?;
        one_person_takes_one_seat(self.after)?;
        what_is_mailed_was_queued(self.after)?;
        self.log_only_grows()?;
        self.seats_stay_within_limits()?;
        self.what_ended_stays_ended()?;
        self.nothing_goes_on_unless_active()?;
        self.whoever_left_has_nothing_pending()?;
        self.nobody_grants_what_they_do_not_hold()
    }

    /// STO-7: what was recorded stays; nothing that is known of before is younger than what is new.
    fn log_only_grows(self) -> Checked {
        let (before, after) = (&self.before.events, &self.after.events);
        holds!(after.starts_with(before), "STO-7", "the log was changed");
        let times = after.windows(2).all(|two| two[0].at <= two[1].at);
        holds!(times, "STO-7", "the log goes back in time");
        let recorded = before.len() < after.len() || self.before == self.after;
        holds!(recorded, "STO-7", "{:?} became {:?} without a record", self.before, self.after);
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
        let queued = |of: &Snapshot| of.mails.values().map(|mail| mail.id).collect::<BTreeSet<_>>();
        let new = queued(self.after).difference(&queued(self.before)).copied().collect::<Vec<_>>();
        holds!(new.is_empty(), "LIF-8", "{new:?} were queued while it was {status:?}");
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

    /// AUT-2: whatever somebody holds or is invited to hold, whoever answers for it held when it was granted.
    fn nobody_grants_what_they_do_not_hold(self) -> Checked {
        for (id, row) in &self.after.invitations {
            let before = self.before.invitations.get(id);
            // An offer of ownership stays the offer of who made it, whichever owner resends it.
            let is_offer = matches!(row.kind, InvitationKind::Ownership { .. });
            let granted = before.is_none_or(|before| {
                let again = before.revision != row.revision || before.expires_at < row.expires_at;
                before.grants != row.grants || before.inviter != row.inviter || (again && !is_offer)
            });
            if granted {
                self.holds(&row.inviter, &row.kind, &row.grants)?;
            }
        }
        for (user, member) in &self.after.members {
            let held = self.before.members.get(user).map(|member| member.grants.clone()).unwrap_or_default();
            let news = member.grants.iter().filter(|(scope, access)| held.access(scope) != Some(access));
            let news = news.map(|(scope, access)| invite::Grant::new(scope.clone(), access.clone()));
            let news = news.collect::<Grants>();
            if !news.is_empty() {
                self.was_granted(user, &news)?;
            }
        }
        Ok(())
    }

    fn was_granted(self, user: &invite::UserId, news: &Grants) -> Checked {
        let accepted = self.after.invitations.iter().find(|(id, row)| {
            row.state_at(self.now) == InvitationState::Accepted
                && self.before.invitations.get(id).is_some_and(|before| before.ended.is_none())
        });
        let Some((_, invitation)) = accepted else {
            // An owner who steps down gives up what they hold.
            let was_owner = self.before.members.get(user).is_some_and(invite::Member::is_owner);
            let steps_down = was_owner && self.by.user() == Some(user);
            return if steps_down { Ok(()) } else { self.holds(self.by, &InvitationKind::Membership, news) };
        };
        match &invitation.kind {
            InvitationKind::Membership => {
                let within = Holder::Member(Some(&invitation.grants)).lacks(self.model, news);
                holds!(
                    within.is_none(),
                    "AUT-2",
                    "{user} got {within:?}, which {invitation:?} does not grant"
                );
                if self.rules.inviter == InviterPolicy::Keep {
                    return Ok(());
                }
                // AUT-4: and the inviter still held it.
                self.holds(&invitation.inviter, &invitation.kind, news)
            }
            InvitationKind::Ownership { .. } => self.holds(&invitation.inviter, &invitation.kind, news),
        }
    }

    fn holds(self, who: &Actor, kind: &InvitationKind, grants: &Grants) -> Checked {
        let held = match who {
            Actor::System => Holder::Host,
            Actor::User(user) => Holder::Member(self.before.members.get(user).map(|member| &member.grants)),
        };
        match kind {
            InvitationKind::Ownership { .. } => {
                holds!(held.is_owner(), "AUT-2", "{who:?}, who is no owner, gave ownership");
            }
            InvitationKind::Membership => {
                let lacks = held.lacks(self.model, grants);
                holds!(lacks.is_none(), "AUT-2", "{who:?}, who lacks {lacks:?}, granted {grants:?}");
                holds!(!grants.is_owner(), "AUT-2", "{who:?} granted ownership");
            }
        }
        Ok(())
    }
}

/// SEA-2, SEA-3: the counters are a recount of the rows; one owner at least (AUT-8).
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
    let owners = of.members.values().filter(|member| member.is_owner()).count();
    let counts = Counts {
        members: of.members.len() as u32,
        owners: owners as u32,
        pending: open().count() as u32,
        groups: of.groups.values().filter(|row| row.status != GroupStatus::Closed).count() as u32,
        links: 0,
        seats,
    };
    let kept = &of.organization.counts;
    holds!(*kept == counts, "SEA-3", "{kept:?} is kept, and a recount gives {counts:?}");
    holds!(owners > 0, "AUT-8", "no owner remains");
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
