//! What holds of any organization, whatever led there.

use chrono::{DateTime, Utc};
use invite::{AccessModel, OrganizationHandle};

use super::invariants::rows_are_sound;
use super::log::Folded;
use super::snapshot::Snapshot;
use super::violation::{Checked, holds};

/// Requires that counts are a recount of the rows, and within a plan that was never lowered, that lists are what they say,
/// and that the log alone gives what is stored.
///
/// # Errors
/// The first rule that does not hold.
pub async fn sound(organization: &OrganizationHandle, model: &AccessModel, now: DateTime<Utc>) -> Checked {
    let snapshot = Snapshot::take(organization, &[]).await?;
    rows_are_sound(model, &snapshot, snapshot.time(now))?;
    let plan = &snapshot.organization.plan;
    for (class, count) in &snapshot.organization.counts.seats {
        let fits = plan.seat_limit(class).is_some_and(|limit| limit.allows(count.taken()));
        holds!(fits, "SEA-1", "{class}: {count:?} under {plan:?}");
    }
    snapshot.lists_agree(organization, now).await?;
    Folded::default().follow(&snapshot)
}
