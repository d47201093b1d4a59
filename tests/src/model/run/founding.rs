//! Further organizations.

use invite::Clock as _;

use super::super::cast::first_plan;
use super::super::invariants::rows_are_sound;
use super::super::log::Folded;
use super::super::snapshot::{Snapshot, failed};
use super::super::violation::{Checked, holds};
use super::Run;
use crate::people::user;

impl Run {
    /// One more organization begins with its owner alone, and the others see nothing of it (STO-2).
    pub(super) async fn found(&mut self) -> Checked {
        let (id, owner) = (format!("another-{}", self.steps), user("ivy"));
        let created = self.service.create_organization(id.as_str(), id.as_str(), owner.clone(), first_plan());
        let shown = Snapshot::take(&created.await.map_err(failed)?, &[]).await?;
        let owns = shown.members.get(&owner).is_some_and(invite::Member::is_owner);
        let empty = shown.groups.is_empty() && shown.links.is_empty() && shown.invitations.is_empty();
        let first = shown.organization.plan == first_plan() && shown.members.len() == 1;
        holds!(owns && empty && first, "STO-2", "{shown:?} was just created");
        rows_are_sound(&self.model, &shown, self.clock.now())?;
        Folded::default().follow(&shown)?;
        self.told.push(format!("{id} {owner:?} CreateOrganization anew: {:?}", shown.organization.counts));
        Ok(())
    }
}
