//! Invite links: what speaks against what is done to them and by them, and what comes of it.

use chrono::{DateTime, Utc};
use invite::core::{ContinueTo, Principal, Purpose, Verdict};
use invite::{
    Actor, DomainRules, EmailAddress, Grants, JoinPolicy, JoinedBy, LinkEnding, LinkId, LinkSettings,
    OrganizationStatus, Permission, Switch,
};

use super::super::cast::PAGES;
use super::super::command::{Issued, Item, Turn};
use super::super::rights::entitled;
use super::{Link, Reference, Why, age, reason};

/// The link that somebody comes in by, as whom, and with what; `None` if nothing is left of its grants.
type Opened<'a> = (&'a Link, Option<EmailAddress>, Option<Grants>);

impl Link {
    /// Why nobody joins by it, and how that is shown; `None` if somebody may.
    fn shut(&self, now: DateTime<Utc>) -> Option<(&'static str, &'static str)> {
        let settings = &self.settings;
        if self.ended.is_some() {
            Some(("link-ended", "revoked"))
        } else if self.switch == Switch::Off {
            Some(("link-off", "off"))
        } else if settings.closing().is_some_and(|end| end <= now) {
            Some(("link-over", "expired"))
        } else if settings.opening().is_some_and(|begin| now < begin) {
            Some(("link-not-yet", "not_yet"))
        } else if settings.most_uses().is_some_and(|most| self.uses >= most) {
            Some(("link-used-up", "used_up"))
        } else {
            None
        }
    }
}

impl Reference {
    /// How often a link got a new token.
    pub(in super::super) fn turns(&self, id: LinkId) -> Option<u32> {
        self.links.get(&id).map(|link| link.turns)
    }

    fn link_verdict(&self, issued: &Issued) -> (Verdict, Option<&Link>) {
        let link = self.links.get(&issued.link()).filter(|_| issued.token.purpose() == Purpose::Link);
        (link.map_or(Verdict::Unknown, |link| age(link.turns, issued)), link)
    }

    /// What a link shows (LNK-1, LNK-6).
    pub(super) fn link_shown(&self, issued: &Issued, now: DateTime<Utc>) -> Option<&'static str> {
        let (verdict, link) = self.link_verdict(issued);
        let link = link?;
        match verdict {
            Verdict::Unknown => None,
            Verdict::Superseded => Some("superseded"),
            Verdict::Current if self.status != OrganizationStatus::Active => Some("no_longer_valid"),
            Verdict::Current => Some(link.shut(now).map_or_else(
                || {
                    let (kept, _) = self.without_closed(link.settings.grants());
                    let nowhere = !self.against_groups(&kept).is_empty() || self.is_invite_only(&kept);
                    if nowhere { "no_longer_valid" } else { "open" }
                },
                |(_, shown)| shown,
            )),
        }
    }

    /// Whether a group among those granted takes only who is invited (LNK-6).
    pub(super) fn is_invite_only(&self, grants: &Grants) -> bool {
        self.groups_of(grants).any(|(_, group)| group.settings.join_policy() == JoinPolicy::InviteOnly)
    }

    /// Reasons against making a link like this.
    pub(super) fn against_link(&self, settings: &LinkSettings, by: &Actor) -> Why {
        let ends_first =
            settings.opening().zip(settings.closing()).is_some_and(|(from, until)| until <= from);
        let mut why = self.open();
        let leads_who_asks = settings.is_by_request() && settings.continuing().is_some();
        let useless = ends_first || settings.most_uses() == Some(0);
        why.extend(reason("invalid-link", useless || leads_who_asks));
        let elsewhere = settings.continuing().is_some_and(|page| page != PAGES[0]);
        why.extend(reason("continue-url-not-allowed", elsewhere));
        let grants = settings.grants();
        why.extend(reason("not-entitled", !entitled(&self.plan, grants)));
        why.extend(self.against_groups(grants));
        why.extend(self.holder(by).lacks_authority(&self.model, &Permission::LINKS, grants, true));
        why.extend(reason("group-invite-only", self.is_invite_only(grants)));
        why
    }

    /// Reasons against doing anything about a link that there is.
    fn against_managing_link(&self, id: LinkId, by: &Actor) -> Why {
        let Some(link) = self.links.get(&id) else { return Why::from(["unknown-link"]) };
        let (by, grants) = (self.holder(by), link.settings.grants());
        let mut why = by.lacks_authority(&self.model, &Permission::LINKS, grants, false);
        why.extend(reason("link-ended", link.ended.is_some()));
        why
    }

    pub(super) fn against_editing_link(&self, id: LinkId, settings: &LinkSettings, by: &Actor) -> Why {
        let mut why = self.against_managing_link(id, by);
        if self.links.contains_key(&id) {
            why.extend(self.against_link(settings, by));
        }
        why.extend(self.open());
        why
    }

    pub(super) fn against_switching(&self, id: LinkId, to: Turn, by: &Actor) -> Why {
        let mut why = self.against_managing_link(id, by);
        let link = self.links.get(&id).filter(|_| to == Turn::On);
        let lacks = |link: &Link| !self.holder(by).may_grant(&self.model, link.settings.grants());
        why.extend(reason("not-grantable", link.is_some_and(lacks)));
        why.extend(if to == Turn::On { self.open() } else { self.not_closed() });
        why
    }

    /// What speaks against showing somebody a link.
    pub(in super::super) fn against_showing(&self, id: LinkId, by: &Actor) -> Why {
        let mut why = self.against_managing_link(id, by);
        let lacks = |link: &Link| !self.holder(by).may_grant(&self.model, link.settings.grants());
        why.extend(reason("not-grantable", self.links.get(&id).is_some_and(lacks)));
        why.extend(self.not_closed());
        why
    }

    /// The address that somebody joins with: the first one that is permitted (IDN-8, LNK-6).
    fn address_for(&self, link: &Link, principal: &Principal) -> Result<Option<EmailAddress>, &'static str> {
        self.permitted(principal, &[link.settings.domain_rules(), self.settings.domain_rules()])
    }

    /// The first address vouched for that all of the rules permit.
    pub(super) fn permitted(
        &self,
        principal: &Principal,
        rules: &[&DomainRules],
    ) -> Result<Option<EmailAddress>, &'static str> {
        let permitted = |address: &&EmailAddress| rules.iter().all(|rules| rules.permits(address));
        let vouched = principal.vouched();
        match vouched.iter().find(permitted) {
            Some(address) => Ok(Some(address.clone())),
            None if !vouched.is_empty() => Err("domain-not-allowed"),
            None if rules.iter().any(|rules| rules.restrict()) => Err("address-needed"),
            None => Ok(None),
        }
    }

    pub(super) fn link_grants(&self, link: &Link) -> Option<Grants> {
        let (kept, _) = self.without_closed(link.settings.grants());
        self.still_given(&link.creator, &Permission::LINKS, self.rules.links, &kept)
    }

    /// All that speaks against coming in by a link, directly or by asking; the link, and as whom with what.
    pub(super) fn opening(
        &self,
        issued: &Issued,
        principal: &Principal,
        now: DateTime<Utc>,
    ) -> (Why, Option<Opened<'_>>) {
        let link = match self.link_verdict(issued) {
            (Verdict::Current, Some(link)) => link,
            (Verdict::Superseded, Some(_)) => return (Why::from(["superseded"]), None),
            _ => return (Why::from(["unknown-token"]), None),
        };
        let mut why = self.open();
        why.extend(link.shut(now).map(|(code, _)| code));
        let email = self.address_for(link, principal);
        why.extend(email.as_ref().err().copied());
        why.extend(reason("no-longer-available", !entitled(&self.plan, link.settings.grants())));
        let (kept, _) = self.without_closed(link.settings.grants());
        why.extend(self.against_groups(&kept));
        why.extend(reason("group-invite-only", self.is_invite_only(&kept)));
        let grants = self.link_grants(link);
        why.extend(reason("inviter-no-longer-may", grants.is_none()));
        (why, Some((link, email.ok().flatten(), grants)))
    }

    pub(super) fn against_joining_by(
        &self,
        issued: &Issued,
        principal: &Principal,
        now: DateTime<Utc>,
    ) -> Why {
        let (mut why, opened) = self.opening(issued, principal, now);
        let Some((link, email, grants)) = opened else { return why };
        why.extend(reason("link-by-request", link.settings.is_by_request()));
        if let Some(grants) = grants {
            let user = principal.user();
            why.extend(self.against_joining(user, email.as_ref(), &grants, &Actor::User(user.clone())));
        }
        why
    }

    /// What is told to whoever joins: by which revision of the settings, without which groups, and where they go on.
    pub(super) fn joining_by(&self, issued: &Issued) -> Option<Item> {
        let link = self.links.get(&issued.link())?;
        let dropped = self.without_closed(link.settings.grants()).1;
        let page = link.settings.continuing().map(str::to_owned);
        let continue_to = page.map_or(ContinueTo::Default, ContinueTo::Url);
        Some(Item::Joined { revision: Some(link.revision), dropped, continue_to })
    }

    pub(super) fn create_link(&mut self, id: LinkId, settings: &LinkSettings, by: &Actor) {
        let (settings, creator) = (settings.clone(), by.clone());
        let link =
            Link { settings, revision: 0, switch: Switch::On, creator, uses: 0, ended: None, turns: 0 };
        self.links.insert(id, link);
    }

    pub(super) fn edit_link(&mut self, id: LinkId, settings: &LinkSettings, by: &Actor) {
        if let Some(link) = self.links.get_mut(&id).filter(|link| link.settings != *settings) {
            link.settings = settings.clone();
            link.revision += 1;
            link.creator = by.clone();
        }
    }

    pub(super) fn switch_link(&mut self, id: LinkId, to: Turn) {
        let Some(link) = self.links.get_mut(&id) else { return };
        match to {
            Turn::On => link.switch = Switch::On,
            Turn::Off => link.switch = Switch::Off,
            Turn::Refreshed => link.turns += 1,
            Turn::Removed => link.ended = Some(LinkEnding::Removed),
        }
    }

    pub(super) fn join_by_link(&mut self, issued: &Issued, principal: &Principal, now: DateTime<Utc>) {
        let id = issued.link();
        let Some(link) = self.links.get(&id).cloned() else { return };
        let email = self.address_for(&link, principal).ok().flatten();
        let grants = self.link_grants(&link).unwrap_or_default();
        if let Some(link) = self.links.get_mut(&id) {
            link.uses += 1;
        }
        let joined_by = JoinedBy::Link { link: id, revision: link.revision };
        self.join(principal.user(), email.as_ref(), &grants, principal.invitees().collect(), joined_by, now);
    }
}
