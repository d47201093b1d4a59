//! Invite links: shareable, and belonging to the organization.

use invite_core::{
    CreateLink, EditLink, InviteLink, LinkId, LinkSettings, Look, Reads, ShowLink, ShowLinkRefused,
    SwitchLink,
};
use invite_mailer::Link;
use invite_storage::LinkFilter;

use super::{Acting, OrganizationHandle, existing, missing};
use crate::command::Command;
use crate::error::Error;
use crate::pages::{Page, PageRequest, page};
use crate::service::stopped;

impl OrganizationHandle {
    /// An invite link, ended or not. What can be passed on is asked of [`show_link`](Acting::show_link).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn link(&self, id: LinkId) -> Result<Option<InviteLink>, Error> {
        let draft = self.service.inner.engine().look(self.id()?, &Reads::new().link(id)).await?;
        existing(&draft)?;
        Ok(draft.link(id).map_err(missing)?.cloned())
    }

    /// Invite links, the newest first. Who joined by one is asked of [`members`](Self::members).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn links(&self, filter: &LinkFilter, request: &PageRequest) -> Result<Page<InviteLink>, Error> {
        let (id, engine) = (self.id()?, self.service.inner.engine());
        page("links", &(id, filter), request, async |seek| engine.storage.links(id, filter, &seek).await)
            .await
    }
}

impl Acting {
    /// Makes an invite link, switched on (B1).
    pub fn create_link(&self, settings: LinkSettings) -> Command<CreateLink> {
        self.run(CreateLink::new(settings))
    }

    /// Changes what is set about a link, all at once, for those who join later. Its URL stays the same (B5).
    pub fn edit_link(&self, link: LinkId, settings: LinkSettings) -> Command<EditLink> {
        self.run(EditLink::new(link, settings))
    }

    /// Switches a link on (B2).
    pub fn switch_link_on(&self, link: LinkId) -> Command<SwitchLink> {
        self.run(SwitchLink::on(link))
    }

    /// Switches a link off: nobody joins by it until it is switched on (B2).
    pub fn switch_link_off(&self, link: LinkId) -> Command<SwitchLink> {
        self.run(SwitchLink::off(link))
    }

    /// Gives a link a new URL; the present one never works again (B3).
    pub fn refresh_link(&self, link: LinkId) -> Command<SwitchLink> {
        self.run(SwitchLink::refresh(link))
    }

    /// Ends a link for good. Who joined by it stays.
    pub fn remove_link(&self, link: LinkId) -> Command<SwitchLink> {
        self.run(SwitchLink::remove(link))
    }

    /// The URL of a link, to be passed on, for those who could make it (B1).
    ///
    /// # Errors
    /// [`Error`]
    pub async fn show_link(&self, link: LinkId) -> Result<Link, Error<ShowLinkRefused>> {
        let (engine, asked) = (self.organization.service.inner.engine(), ShowLink::new(link));
        let actor = self.actor.clone()?;
        let draft = engine.look(self.organization.id()?, &asked.reads(&actor)).await?;
        let token = asked.decide(&engine.host(), &actor, &draft).map_err(stopped)?;
        Ok(self.organization.service.inner.base_url.link(&token))
    }

    /// Invite links, for those who may make them: into one group, also for those who may make them there, who see of each
    /// [what lies in the group](InviteLink::within). No row holds a URL: that is [shown](Self::show_link) one by one.
    ///
    /// # Errors
    /// [`Error::Refused`] for those who may not.
    pub async fn links(&self, filter: &LinkFilter, request: &PageRequest) -> Result<Page<InviteLink>, Error> {
        let look = filter.group.clone().map_or_else(Look::at_links, Look::at_links_into);
        let sight = self.look(look).await?;
        Ok(self.organization.links(filter, request).await?.seen(|row| sight.of_link(row)))
    }
}
