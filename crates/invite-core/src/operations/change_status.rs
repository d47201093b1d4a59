//! Suspend, resume and close an organization.

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::refusal::{NotSuspended, refused, refused_when_closed};
use crate::rules::{authority, organization, require_not_closed, require_open};
use crate::{Actor, Draft, Event, Host, Operation, OrganizationStatus, Permission, Reads, Scope, Stop};

/// Changes whether an organization works (LIF-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeStatus {
    /// Nothing is sent or accepted until it is resumed. Invitations stay, and go on expiring.
    Suspend,
    /// It works again.
    Resume,
    /// It ends, and everything pending in it. Final.
    Close,
}

/// What came of changing the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatusChanged {
    /// The status from now on.
    pub status: OrganizationStatus,
}

refused! {
    /// Why the status was not changed.
    ChangeStatusRefused: NotPermitted, OrganizationSuspended, OrganizationClosed, NotSuspended
}
refused_when_closed!(ChangeStatusRefused);

impl Sealed for ChangeStatus {}

impl Operation for ChangeStatus {
    type Outcome = StatusChanged;
    type Refusal = ChangeStatusRefused;
    const NAME: &'static str = "change-status";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor)
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        let needed = match self {
            Self::Suspend | Self::Resume => Permission::MANAGE,
            Self::Close => Permission::CLOSE,
        };
        let permitted = authority(host, draft, actor)?.require(&needed, &Scope::Organization);
        draft.rule("AUT-1", permitted.map_err(ChangeStatusRefused::from))?;
        match self {
            Self::Suspend => {
                require_open(draft)?;
                draft.emit(Event::OrganizationSuspended);
            }
            Self::Resume => {
                require_not_closed(draft)?;
                if organization(draft)?.status == OrganizationStatus::Active {
                    return Err(Stop::Refused(NotSuspended {}.into()));
                }
                draft.emit(Event::OrganizationResumed);
            }
            Self::Close => {
                require_not_closed(draft)?;
                draft.emit(Event::OrganizationClosed);
            }
        }
        Ok(StatusChanged { status: organization(draft)?.status })
    }
}
