//! An organization in which every operation has something to do, and fresh stores that hold it.

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{self, Commit, Purpose};
use invite::{
    Access, Block, Decline, Expiry, Grant, GroupSettings, InvitationId, Key, Limit, LinkId, LinkSettings,
    NewMember, Plan, RequestId, Storage, Token, VerifiedDomain,
};
use invite_memory::MemoryStorage;
use tests::{KEY, Listed, Scripted, Store, World, address, person, start, token, user};

/// Acme with ada (owner), amy (admin) and bob (member); eve and dan are invited, kim has blocked it, and the
/// invitation of old is past its expiry. Sue is a member who is suspended. The group red is open, and there
/// is an invite link. Kay has asked to join by another one, and people of work.example just join.
#[derive(Debug)]
pub(crate) struct Furnished {
    commits: Vec<Commit>,
    /// The link of eve's invitation.
    pub eve: Token,
    /// The link in eve's mail that stops the mails.
    pub unsubscribe: Token,
    /// Dan's invitation.
    pub dan: InvitationId,
    /// An invite link.
    pub link: LinkId,
    /// The token of it.
    pub joining: Token,
    /// The token of a link that needs approval.
    pub asking: Token,
    /// Kay's request.
    pub kay: RequestId,
}

/// A host that meets faults, and the same host without them.
pub(crate) struct Stage<S> {
    pub calm: World,
    pub shaky: World,
    pub storage: Scripted<S>,
}

pub(crate) fn plan(team: u32) -> Plan {
    Plan::seats("team", team).and_seats("client", Limit::AtMost(5))
}

/// When the organization is furnished.
fn now() -> TimeDelta {
    TimeDelta::hours(2)
}

impl Furnished {
    pub(crate) async fn new() -> Self {
        let storage = Scripted::new(MemoryStorage::new());
        let world = World::on(Store::wrapping(storage.clone()));
        let acme = world.acme_on(plan(10)).await;
        let system = acme.organization().as_system();
        let added = [("amy", "admin"), ("bob", "member"), ("sue", "member")].map(|(name, role)| {
            NewMember::new(user(name), Grant::role(role)).email(address(&format!("{name}@example.com")))
        });
        system.add_members(added).await.unwrap();
        acme.suspend_member("sue").await.unwrap();
        let red = GroupSettings::named("Red").open_with(Access::role("client"));
        acme.create_group("red", red).await.unwrap();
        let link = acme.create_link(LinkSettings::new("Friends", Grant::role("member"))).await.unwrap().link;
        let asked_by = LinkSettings::new("Clients", Grant::role("client")).by_request();
        let asked_by = acme.create_link(asked_by).await.unwrap().link;
        let asking = token(&acme.show_link(asked_by).await.unwrap().reveal());
        let work = ("work.example".parse().unwrap(), VerifiedDomain::joins(Grant::role("member")));
        system.change_verified_domains([work]).await.unwrap();
        let soon: DateTime<Utc> = start() + TimeDelta::hours(1);
        let old = acme.invite("old@example.com", Grant::role("member"));
        old.with(|old| old.expires_at(Expiry::At(soon))).await.unwrap();
        world.pass(now());
        let kay = world.invite.ask_to_join(&asking, person("kay")).await.unwrap().request;
        let invited = "eve@example.com, dan@example.com, kim@example.com";
        acme.invite(invited, Grant::role("member")).await.unwrap();
        let kim = token(&acme.copy_link(acme.entry("kim@example.com").await.0.id).await.unwrap().reveal());
        let blocks = |decline: Decline| decline.block(Block::Organization);
        world.invite.decline(&kim, person("kim")).with(blocks).await.unwrap();
        let eve = acme.entry("eve@example.com").await.0;
        let keyring = core::Keyring::new(7, Key::from_bytes(KEY).unwrap());
        let id = acme.organization().get().await.unwrap().id;
        let joining = token(&acme.show_link(link).await.unwrap().reveal());
        Self {
            link,
            joining,
            asking,
            kay,
            commits: storage.written(),
            eve: token(&acme.copy_link(eve.id).await.unwrap().reveal()),
            unsubscribe: keyring.issue(Purpose::Unsubscribe, &id, eve.id.as_uuid(), &eve.nonce),
            dan: acme.entry("dan@example.com").await.0.id,
        }
    }

    /// A host on a store that is empty, and then holds the organization.
    pub(crate) async fn stage<S: Storage + Clone>(&self, empty: S) -> Stage<S> {
        for commit in &self.commits {
            empty.commit(commit).await.unwrap();
        }
        let storage = Scripted::new(empty.clone());
        let calm = World::on(Store::wrapping(empty));
        calm.pass(now());
        let shaky = calm.over(Store::wrapping(storage.clone()));
        let other = calm.clone();
        storage.meanwhile(move || something_else(other.clone()));
        Stage { calm, shaky, storage }
    }
}

/// What somebody else does meanwhile. It may be refused by then.
pub(crate) async fn something_else(world: World) {
    let system = world.invite.organization("acme").as_system();
    drop(system.invite("zed@example.com", Grant::role("member")).await);
}
