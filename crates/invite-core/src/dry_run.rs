//! Dry runs: what a command would come to. Nothing changes (F5).

use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use crate::operation::{Entropy, Host, Operation, Stop, decide, fold};
use crate::seats::end_due;
use crate::{Actor, Checked, CommitId, Delivery, Draft, Event, Invitation, Limit, SeatUse, Slice, seat_use};

/// What a command would come to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DryRun<O: Operation> {
    /// Its outcome, or why it would be refused.
    pub outcome: Result<O::Outcome, O::Refusal>,
    /// Every rule that was looked at, in order, and what came of it; up to the first that did not hold, for the
    /// command and for each item of its list.
    pub checks: Vec<Checked>,
    /// The seats as they are. What is past its expiry holds none.
    pub seats: Vec<SeatUse>,
    /// The seats as they would be.
    pub seats_after: Vec<SeatUse>,
    /// How many more seats of each class the command would take if there were enough, in the order of `seats`.
    pub seats_needed: Vec<u32>,
    /// The mails that would be queued, with their invitations.
    pub mails: Vec<(Delivery, Invitation)>,
}

impl<O: Operation> DryRun<O> {
    /// The rules that were looked at for one item of the command's list.
    pub fn checks_of(&self, position: usize) -> impl Iterator<Item = &Checked> {
        self.checks.iter().filter(move |check| check.position == Some(position))
    }
}

/// Decides a command on a slice and throws the changes away.
///
/// # Errors
/// [`Stop`] for everything but a refusal, which is an outcome here. After [`Stop::MoreDue`] load again with
/// more of what is due.
pub fn dry_run<O: Operation>(
    operation: &O,
    host: &Host<'_>,
    actor: &Actor,
    entropy: &Entropy,
    slice: &Slice,
    now: DateTime<Utc>,
) -> Result<DryRun<O>, Stop<O::Refusal>> {
    let commit = CommitId::from_parts(now, [0; 10]);
    let seats = |draft: &Draft| draft.organization().map_or_else(Vec::new, |row| seat_use(host.model, row));
    let mut draft = Draft::new(slice.clone(), now, commit).explaining();
    end_due(host.model, &mut draft)?;
    let before = seats(&draft);
    let outcome = match decide(operation, host, actor, entropy.clone(), &mut draft) {
        Ok(outcome) => Ok(outcome),
        Err(Stop::Refused(reason)) => Err(reason),
        Err(stop) => return Err(stop),
    };
    let mail = |delivery: &Delivery| {
        let invitation = draft.invitation(delivery.invitation).ok().flatten()?;
        Some((delivery.clone(), invitation.clone()))
    };
    Ok(DryRun {
        outcome,
        checks: draft.checked().to_vec(),
        seats_after: seats(&draft),
        seats_needed: needed(operation, host, actor, entropy, slice, now, commit)?,
        mails: draft.deliveries().iter().filter_map(mail).collect(),
        seats: before,
    })
}

/// What the command would take if the plan had all the seats there are.
fn needed<O: Operation>(
    operation: &O,
    host: &Host<'_>,
    actor: &Actor,
    entropy: &Entropy,
    slice: &Slice,
    now: DateTime<Utc>,
    commit: CommitId,
) -> Result<Vec<u32>, Stop<O::Refusal>> {
    let Some(organization) = slice.organization() else { return Ok(Vec::new()) };
    let classes = host.model.seat_classes();
    let plan = classes.fold(organization.plan.clone(), |plan, class| plan.and_seats(class, Limit::Unlimited));
    let draft = Draft::new(slice.clone(), now, commit);
    let mut draft = fold(draft, [(Actor::System, Event::PlanChanged { plan })]);
    let taken = |draft: &Draft| -> Vec<u32> {
        let seats = draft.organization().map_or_else(Vec::new, |row| seat_use(host.model, row));
        seats.iter().map(|seat| seat.used.saturating_add(seat.reserved)).collect()
    };
    end_due(host.model, &mut draft)?;
    let before = taken(&draft);
    let _outcome = decide(operation, host, actor, entropy.clone(), &mut draft);
    let more = taken(&draft).into_iter().zip(before).map(|(after, before)| after.saturating_sub(before));
    Ok(more.collect())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_a_reservation_past_its_expiry_when_run_dry_then_it_counts_neither_before_nor_after_sea_3() {
        let mut world = World::with(team_of(2));
        let soon = Expiry::At(world.now + TimeDelta::hours(1));
        world.ok(Invite::new("x@example.com", Grant::role("member")).expires_at(soon), &by("ada"));
        world.wait(TimeDelta::hours(2));
        let invite = Invite::new("bob@example.com", Grant::role("member"));
        let id = OrganizationId::parse(ACME).unwrap();
        let slice = world.rows().load(&id, &invite.reads(&by("ada")), world.now);
        let entropy = Entropy::from_bytes(std::vec![1; 160]);
        let run = dry_run(&invite, &world.host(), &by("ada"), &entropy, &slice, world.now).unwrap();
        let reserved = |seats: &[SeatUse]| seats.iter().map(|seat| seat.reserved).sum::<u32>();
        assert_eq!((reserved(&run.seats), reserved(&run.seats_after)), (0, 1));
        assert_eq!(run.seats_needed.iter().sum::<u32>(), 1);
    }

    #[test]
    fn given_a_list_when_run_dry_then_the_rules_of_each_entry_can_be_told_apart_f5() {
        let world = World::with(team_of(1));
        let invite = Invite::new("x@example.com, y@example.com", Grant::role("member"));
        let id = OrganizationId::parse(ACME).unwrap();
        let slice = world.rows().load(&id, &invite.reads(&by("ada")), world.now);
        let entropy = Entropy::from_bytes(std::vec![1; 160]);
        let run = dry_run(&invite, &world.host(), &by("ada"), &entropy, &slice, world.now).unwrap();
        assert!(run.checks_of(0).all(|check| check.position == Some(0) && check.refused.is_none()));
        assert!(run.checks_of(0).any(|check| check.rule == "SEA-1"));
        let refused = run.checks_of(1).find_map(|check| Some((check.rule, check.refused?)));
        assert_eq!(refused, Some(("SEA-1", "no-seat-left")), "the first takes the one seat");
        assert_eq!(run.checks_of(2).count(), 0);
    }
}
