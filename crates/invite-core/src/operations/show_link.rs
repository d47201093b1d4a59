//! Show an invite link to those who may see it.

use crate::authority::Unmanageable;
use crate::operation::{Host, Stop};
use crate::refusal::{LinkNotOpen, UnknownLink, refused, refused_for_authority};
use crate::rules::{authority, require_not_closed};
use crate::{Actor, Draft, LinkId, LinkState, Permission, Purpose, Reads, Token};

refused! {
    /// Why an invite link was not shown.
    ShowLinkRefused: OrganizationClosed, UnknownLink, LinkNotOpen, NotPermitted, NotGrantable
}
refused_for_authority!(ShowLinkRefused);

/// Asks for an invite link, to be passed on (B1). It changes nothing and is no operation: the token is derived. One
/// that is switched off is shown too, for it may be switched on again; and while the organization is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShowLink {
    link: LinkId,
}

impl ShowLink {
    /// Of this link.
    #[must_use]
    pub fn new(link: LinkId) -> Self {
        Self { link }
    }

    /// What it needs to see.
    #[must_use]
    pub fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).link(self.link)
    }

    /// The token, for whoever could make the link: who holds all that it grants (AUT-1, AUT-2, TOK-4).
    ///
    /// # Errors
    /// [`Stop`]
    pub fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &Draft,
    ) -> Result<Token, Stop<ShowLinkRefused>> {
        let row = draft.link(self.link)?.ok_or(ShowLinkRefused::from(UnknownLink {}))?;
        let by = authority::<ShowLinkRefused>(host, draft, actor)?;
        by.require_over(&Permission::LINKS, &row.settings.grants)
            .map_err(|why: Unmanageable| ShowLinkRefused::from(why))?;
        // Whoever has it could join by it: it takes what making it takes (AUT-2).
        by.require_grantable(&row.settings.grants).map_err(ShowLinkRefused::from)?;
        require_not_closed(draft)?;
        if !row.is_kept() {
            return Err(Stop::Refused(LinkNotOpen { state: LinkState::Ended }.into()));
        }
        Ok(host.keyring.issue(Purpose::Link, draft.id(), row.id.as_uuid(), &row.nonce))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_a_link_when_shown_at_any_time_then_it_is_the_same_until_it_is_refreshed_b1_b3() {
        let mut world = World::new();
        let link = world.make_link(LinkSettings::new("Clients", Grant::role("client")));
        let token = world.link_token(link);
        assert_eq!((token.purpose(), token.organization().as_str()), (Purpose::Link, ACME));
        world.join_by(link, "bob").unwrap();
        world.wait(chrono::TimeDelta::days(400));
        world.ok(SwitchLink::off(link), &by("ada"));
        assert_eq!(world.link_token(link).reveal(), token.reveal());
        world.ok(SwitchLink::refresh(link), &by("ada"));
        assert_ne!(world.link_token(link).reveal(), token.reveal());
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ShowLinkRefused", include_str!("show_link.rs"));
        let mut world = World::new();
        let link = world.make_link(LinkSettings::new("Leads", Grant::role("lead")));
        let none = LinkId::from_parts(world.now, [0; 10]);
        cases.refused(
            "given no such link, then it is unknown (STO-2)",
            "UnknownLink",
            world.show_link(none, "ada"),
        );
        world.add("bob", Grant::role("member"));
        cases.refused(
            "given a member without the right, then they do not see it (TOK-4)",
            "NotPermitted",
            world.show_link(link, "bob"),
        );
        world.add("cat", Grant::role("lead").adding(Permission::LINKS));
        cases.refused(
            "given a role above one's own, then it is not theirs to pass on (AUT-1)",
            "NotGrantable",
            world.show_link(link, "cat"),
        );
        let more = world.make_link(LinkSettings::new("More", Grant::role("member").adding("analytics.view")));
        cases.refused(
            "given more than one holds, in a role that one may grant, then it is not theirs to pass on (AUT-2)",
            "NotGrantable",
            world.show_link(more, "cat"),
        );
        let mut removed = world.clone();
        removed.ok(SwitchLink::remove(link), &by("ada"));
        cases.refused(
            "given a removed link, then there is nothing to pass on",
            "LinkNotOpen",
            removed.show_link(link, "ada"),
        );
        let mut suspended = world.clone();
        suspended.ok(ChangeStatus::Suspend, &by("ada"));
        suspended.show_link(link, "ada").unwrap();
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then there is nothing to pass on (LIF-8)",
            "OrganizationClosed",
            world.show_link(link, "ada"),
        );
        cases.are_all_but(&[]);
    }
}
