//! Whether a mail is still wanted when it is about to be sent (MAI-7).

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    Delivery, Invitation, InvitationState, Organization, OrganizationStatus, Suppression, SuppressionKind,
};

/// For how long mail of a suspended organization is put off each time (LIF-8).
const PUT_OFF: TimeDelta = TimeDelta::hours(1);

/// Whether a mail is still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a courier does something about each")]
pub enum Wanted {
    /// Send it.
    Yes,
    /// Not now: ask again at this time.
    Later(DateTime<Utc>),
    /// Never again.
    No,
}

/// Whether a mail is still wanted: its invitation is pending and was not resent since, there is an address that
/// it goes to, the organization works, and the invitee has stopped neither its invitations nor its mail.
#[must_use]
pub fn wanted(
    delivery: &Delivery,
    organization: &Organization,
    invitation: &Invitation,
    suppressions: &[Suppression],
    now: DateTime<Utc>,
) -> Wanted {
    let stopped = |row: &Suppression| match row.kind {
        SuppressionKind::Invitations | SuppressionKind::Mail => row.invitee == invitation.invitee,
    };
    let current =
        invitation.state_at(now) == InvitationState::Pending && invitation.revision == delivery.revision;
    if !current || invitation.mail_to.is_none() || suppressions.iter().any(stopped) {
        return Wanted::No;
    }
    match organization.status {
        OrganizationStatus::Active => Wanted::Yes,
        OrganizationStatus::Suspended => Wanted::Later(now + PUT_OFF),
        OrganizationStatus::Closed => Wanted::No,
    }
}
