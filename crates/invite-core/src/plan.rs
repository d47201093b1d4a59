//! What the host's billing allows an organization: seats, entitlements, limits.

use alloc::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{LimitSubject, RequestWay, ResourceKind, Restriction, SeatClass, UserId};

/// A limit on a count. "No limit" is a variant of its own, never a missing value (SEA-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "a number or none; callers match both")]
pub enum Limit {
    /// At most so many.
    AtMost(u32),
    /// As many as may be.
    Unlimited,
}

impl Limit {
    /// Whether `count` lies within.
    #[must_use]
    pub fn allows(self, count: u32) -> bool {
        match self {
            Self::AtMost(most) => count <= most,
            Self::Unlimited => true,
        }
    }

    /// How many more fit when `count` are there; `None` without a limit.
    #[must_use]
    pub fn left(self, count: u32) -> Option<u32> {
        match self {
            Self::AtMost(most) => Some(most.saturating_sub(count)),
            Self::Unlimited => None,
        }
    }
}

/// When an invitation takes a seat (SEA-3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SeatPolicy {
    /// A pending invitation reserves the seat that its invitee will need.
    #[default]
    ReserveOnInvite,
    /// A seat is taken when somebody joins. More people can be invited than there are seats.
    TakeOnAccept,
}

/// A limit on a rate: so many in a period, evenly refilled (a token bucket, kept as one time: GCRA).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    count: u32,
    period_us: i64,
}

impl Rate {
    /// How fast one person asks to join an organization whose plan says nothing else: 10 times in a day.
    pub const ASKING: Self = Self { count: 10, period_us: 86_400_000_000 };

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_of_asking(&self) -> bool {
        *self == Self::ASKING
    }

    fn of_asking() -> Self {
        Self::ASKING
    }

    /// `count` in any `period`: all of them at once if need be, then one every `period / count`.
    ///
    /// `None` for a count of zero, or a period below `count` microseconds or above a century (SEA-4: a limit
    /// that means nothing is not a limit).
    #[must_use]
    pub fn per(count: u32, period: TimeDelta) -> Option<Self> {
        let period_us = period.num_microseconds()?;
        let century = TimeDelta::days(36_525).num_microseconds()?;
        let sound = count > 0 && period_us >= i64::from(count) && period_us <= century;
        sound.then_some(Self { count, period_us })
    }

    /// How many fit at once.
    pub(crate) fn at_once(self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// The time to keep after one more at `now`, given the kept time so far.
    ///
    /// # Errors
    /// When the rate is used up: the first time at which one more fits.
    pub(crate) fn advance(
        self,
        kept: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, DateTime<Utc>> {
        let next = self.spent(kept, now);
        let again = next - TimeDelta::microseconds(self.period_us);
        if again > now { Err(again) } else { Ok(next) }
    }

    /// The time to keep after one more at `now`, whether it fitted or not.
    ///
    /// No time that this rate keeps is more than a period ahead. One that is was kept under the rate of another
    /// plan, and ends with it: one more fits now, and the next after an interval.
    pub(crate) fn spent(self, kept: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
        let interval = TimeDelta::microseconds(self.period_us / i64::from(self.count.max(1)));
        let period = TimeDelta::microseconds(self.period_us);
        match kept {
            Some(kept) if kept - now > period => now + period,
            kept => kept.map_or(now, |kept| kept.max(now)) + interval,
        }
    }
}

/// What the host's billing allows an organization.
///
/// It lies on the organization, so a change of plan is a commit like any other and cannot race an
/// invitation. A seat class that the plan does not name has no seats (SEA-4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub(crate) seats: BTreeMap<SeatClass, Limit>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) entitlements: BTreeMap<ResourceKind, Restriction>,
    #[serde(default)]
    pub(crate) seat_policy: SeatPolicy,
    pub(crate) pending: Limit,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization_rate: Option<Rate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) inviter_rate: Option<Rate>,
    #[serde(default = "Rate::of_asking", skip_serializing_if = "Rate::is_of_asking")]
    pub(crate) asking_rate: Rate,
}

impl Plan {
    /// A plan without any seat; add them with [`and_seats`](Self::and_seats).
    #[must_use]
    pub fn new() -> Self {
        Self {
            seats: BTreeMap::new(),
            entitlements: BTreeMap::new(),
            seat_policy: SeatPolicy::default(),
            pending: Limit::Unlimited,
            organization_rate: None,
            inviter_rate: None,
            asking_rate: Rate::ASKING,
        }
    }

    /// A plan with so many seats of one class.
    pub fn seats(class: impl Into<SeatClass>, count: u32) -> Self {
        Self::new().and_seats(class, Limit::AtMost(count))
    }

    /// Sets the seats of one more class.
    #[must_use]
    pub fn and_seats(mut self, class: impl Into<SeatClass>, limit: Limit) -> Self {
        self.seats.insert(class.into(), limit);
        self
    }

    /// Says which resources of a kind the organization has enabled. A kind that is not named is enabled whole.
    #[must_use]
    pub fn entitled(mut self, kind: impl Into<ResourceKind>, to: Restriction) -> Self {
        self.entitlements.insert(kind.into(), to);
        self
    }

    /// Sets when a seat is taken. Reservations made before stay until their invitation ends.
    #[must_use]
    pub fn seat_policy(mut self, policy: SeatPolicy) -> Self {
        self.seat_policy = policy;
        self
    }

    /// Limits how many invitations may be pending at once; a new plan does not.
    #[must_use]
    pub fn pending(mut self, limit: Limit) -> Self {
        self.pending = limit;
        self
    }

    /// Limits how many invitations and reminders the organization may send in a period (ABU-1).
    #[must_use]
    pub fn organization_rate(mut self, rate: Rate) -> Self {
        self.organization_rate = Some(rate);
        self
    }

    /// Limits how many invitations and reminders each inviter may send in a period, and how many proposals each
    /// proposer may make (ABU-1).
    #[must_use]
    pub fn inviter_rate(mut self, rate: Rate) -> Self {
        self.inviter_rate = Some(rate);
        self
    }

    /// Limits how often one person may ask to join in a period, [`Rate::ASKING`] where it is not said (ABU-1): whoever is
    /// denied may ask again, and not without end.
    #[must_use]
    pub fn asking_rate(mut self, rate: Rate) -> Self {
        self.asking_rate = rate;
        self
    }

    /// What limits how fast somebody makes requests of a way, and whose rate that is.
    pub(crate) fn rate_of(&self, way: &RequestWay, by: &UserId) -> (LimitSubject, Option<Rate>) {
        match way {
            RequestWay::Proposal => (LimitSubject::Inviter(by.clone()), self.inviter_rate),
            _ => (LimitSubject::Asker(by.clone()), Some(self.asking_rate)),
        }
    }

    /// The limit on seats of a class; `None` when the plan does not name it, which means none.
    #[must_use]
    pub fn seat_limit(&self, class: &SeatClass) -> Option<Limit> {
        self.seats.get(class).copied()
    }

    /// Seat limits by class.
    #[must_use]
    pub fn seat_limits(&self) -> &BTreeMap<SeatClass, Limit> {
        &self.seats
    }

    /// Which resources of a kind are enabled.
    #[must_use]
    pub fn entitlement(&self, kind: &ResourceKind) -> &Restriction {
        self.entitlements.get(kind).unwrap_or(&Restriction::All)
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(us: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(us).unwrap()
    }

    #[test]
    fn a_limit_that_is_missing_is_not_unlimited_sea_4() {
        assert_eq!(Plan::seats("team", 5).seat_limit(&"client".into()), None);
        assert!(serde_json::from_str::<Limit>("null").is_err());
        assert!(serde_json::from_str::<Limit>(r#"{"at_most":-1}"#).is_err());
        assert!(serde_json::from_str::<Limit>(r#"{"at_most":"NaN"}"#).is_err());
    }

    #[test]
    fn what_is_left_of_a_limit_is_never_less_than_nothing_sea_5() {
        assert_eq!(Limit::AtMost(5).left(3), Some(2));
        assert_eq!(Limit::AtMost(5).left(7), Some(0));
        assert_eq!(Limit::Unlimited.left(7), None);
    }

    #[test]
    fn a_rate_that_means_nothing_is_not_a_rate() {
        assert_eq!(Rate::per(0, TimeDelta::hours(1)), None);
        assert_eq!(Rate::per(1, TimeDelta::zero()), None);
        assert_eq!(Rate::per(1, TimeDelta::MAX), None);
        assert!(Rate::per(10, TimeDelta::hours(1)).is_some());
    }

    #[test]
    fn a_faster_rate_ends_what_a_slower_one_kept_abu_1() {
        let (slow, fast) =
            (Rate::per(1, TimeDelta::days(30)).unwrap(), Rate::per(60, TimeDelta::minutes(1)).unwrap());
        let now = at(1_000_000);
        let kept = slow.advance(None, now).unwrap();
        assert!(slow.advance(Some(kept), now).is_err());
        let kept = fast.advance(Some(kept), now).unwrap();
        let again = fast.advance(Some(kept), now).unwrap_err();
        assert_eq!(again, now + TimeDelta::seconds(1));
        assert!(fast.advance(Some(kept), again).is_ok());
    }

    proptest! {
        /// ABU-1: between any two moments a period apart, no more than twice the count pass, and no more than
        /// the count at one moment.
        #[test]
        fn a_rate_lets_its_count_through_at_once_and_then_one_an_interval(
            count in 1_u32..20, gaps in proptest::collection::vec(0_i64..3_000_000, 1..200)
        ) {
            let period = TimeDelta::seconds(10);
            let rate = Rate::per(count, period).unwrap();
            let (mut kept, mut now, mut passed) = (None, 1_000_000_i64, std::vec::Vec::new());
            for gap in gaps {
                now += gap;
                match rate.advance(kept, at(now)) {
                    Ok(next) => { kept = Some(next); passed.push(now); }
                    Err(again) => {
                        prop_assert!(again > at(now));
                        prop_assert!(rate.advance(kept, again).is_ok(), "it fits when it said so");
                    }
                }
            }
            for start in &passed {
                let within = passed.iter().filter(|t| **t >= *start && **t - *start < 10_000_000).count();
                prop_assert!(within <= 2 * count as usize);
                let at_once = passed.iter().filter(|t| *t == start).count();
                prop_assert!(at_once <= count as usize);
            }
        }
    }
}
