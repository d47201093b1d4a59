//! Instants: whole microseconds, within what every adapter keeps.

use chrono::{DateTime, SubsecRound, Utc};

/// The first instant that is kept: 1970-01-01T00:00:00Z, where UUIDv7 begins.
pub const MIN_TIME: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// The last instant that is kept, in microseconds since 1970: 9999-12-31T23:59:59.999999Z.
const MAX_MICROS: i64 = 253_402_300_799_999_999;

/// An instant outside of the years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time lies outside of the years 1970 to 9999")]
pub struct TimeOutOfRange;

/// Truncates to whole microseconds, which every adapter keeps unchanged, and checks the range.
///
/// # Errors
/// [`TimeOutOfRange`] before 1970 or after 9999 (LIF-4: an overflow is an error, never "no end").
pub fn bounded(at: DateTime<Utc>) -> Result<DateTime<Utc>, TimeOutOfRange> {
    let at = at.trunc_subsecs(6);
    if at < MIN_TIME || at.timestamp_micros() > MAX_MICROS { Err(TimeOutOfRange) } else { Ok(at) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_time_is_cut_to_microseconds_and_bounded() {
        let at = DateTime::from_timestamp(1, 1_999).unwrap();
        assert_eq!(bounded(at), Ok(DateTime::from_timestamp(1, 1_000).unwrap()));
        let last = DateTime::from_timestamp_micros(MAX_MICROS).unwrap();
        assert_eq!((bounded(MIN_TIME), bounded(last)), (Ok(MIN_TIME), Ok(last)));
        assert_eq!(bounded(last + TimeDelta::microseconds(1)), Err(TimeOutOfRange));
        assert_eq!(bounded(MIN_TIME - TimeDelta::microseconds(1)), Err(TimeOutOfRange));
        assert_eq!(bounded(DateTime::<Utc>::MAX_UTC), Err(TimeOutOfRange));
    }
}
