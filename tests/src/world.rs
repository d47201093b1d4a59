//! A host with its service, its mail and its clock.

use chrono::{DateTime, TimeDelta, Utc};
use invite::core::{Delivery, DeliveryState};
use invite::{
    AccessModel, Acting, Clock as _, Courier, CourierReport, Error, Grant, Invitation, InvitationFilter,
    InvitationState, Invitations, Key, Keyring, Limit, ManualClock, Member, MemberFilter, MemoryDirectory,
    PageRequest, Plan, Rate, RosterEntry, Scope, Token,
};
use invite_memory::MemoryMailer;

use crate::mail::Mail;
use crate::people::{address, person, user};
use crate::store::Store;

/// The key that the tests issue their tokens with, under the id 7.
pub const KEY: &[u8] = b"the key of the tests, of 32 bytes";

/// When every test begins.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// A host with its service, its mail and its clock, on a store of its own.
#[derive(Debug, Clone)]
pub struct World {
    /// The service.
    pub invite: Invitations,
    /// What its couriers send with.
    pub mailer: MemoryMailer,
    /// What the host knows of its users.
    pub directory: MemoryDirectory,
    /// Stands still until it is moved.
    pub clock: ManualClock,
    /// What it runs on.
    pub store: Store,
    model: AccessModel,
}

impl World {
    /// With the preset model.
    pub fn on(store: Store) -> Self {
        Self::with_model(store, AccessModel::preset())
    }

    /// With a model of one's own.
    pub fn with_model(store: Store, model: AccessModel) -> Self {
        let (directory, clock) = (MemoryDirectory::new(), ManualClock::at(start()));
        directory.add(user("ada"), "Ada Lovelace", Some(address("ada@example.com")));
        let invite = build(&store, &model, &directory, &clock);
        Self { invite, mailer: MemoryMailer::new(), directory, clock, store, model }
    }

    /// The same host, with another model from now on.
    pub fn remodelled(&self, model: AccessModel) -> Self {
        Self { model, ..self.clone() }.another_process()
    }

    /// A second process of the same host: a service of its own, with a connection of its own to the same store.
    pub fn another_process(&self) -> Self {
        let invite = build(&self.store, &self.model, &self.directory, &self.clock);
        Self { invite, ..self.clone() }
    }

    /// The same host, with another rate of questions to its directory.
    pub fn rated(&self, rate: Rate) -> Self {
        let service = self.store.connect(self.model.clone(), keyring()).base_url("https://app.example/join");
        let service = service.directory(self.directory.clone()).clock(self.clock.clone());
        Self { invite: service.directory_rate(rate).build().unwrap(), ..self.clone() }
    }

    /// The same host, on another way to its store.
    pub fn over(&self, store: Store) -> Self {
        Self { store, ..self.clone() }.another_process()
    }

    /// Acme Ltd, with ada as its owner, who acts, and a plan of five team seats and five client seats.
    pub async fn acme(&self) -> Acting {
        self.acme_on(Plan::seats("team", 5).and_seats("client", Limit::AtMost(5))).await
    }

    /// Acme Ltd on a plan.
    pub async fn acme_on(&self, plan: Plan) -> Acting {
        self.invite.create_organization("acme", "Acme Ltd", "ada", plan).await.unwrap().by("ada")
    }

    /// Somebody who acts in Acme Ltd.
    pub fn acme_by(&self, name: &str) -> Acting {
        self.invite.organization("acme").by(name)
    }

    /// Adds somebody to Acme Ltd by invitation, mail and acceptance, and lets them act.
    pub async fn joins(&self, name: &str, grant: Grant) -> Acting {
        let email = format!("{name}@example.com");
        self.invite.organization("acme").as_system().invite(address(&email), grant).await.unwrap();
        self.deliver().await;
        self.invite.accept(&self.token_to(&email), person(name)).await.unwrap();
        self.acme_by(name)
    }

    /// Lets time pass.
    pub fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    /// The time now.
    pub fn clock_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A courier with the world's mailer.
    pub fn courier(&self) -> Courier {
        self.invite.courier(self.mailer.clone())
    }

    /// Sends what is due.
    pub async fn deliver(&self) -> CourierReport {
        self.courier().run_once(10_000).await.unwrap()
    }

    /// The last mail that reached an address.
    #[track_caller]
    pub fn mail_to(&self, address: &str) -> Mail {
        Mail::from(&self.mailer.last_to(address).expect("a mail for them"))
    }

    /// The token of the link in the last mail that reached an address.
    #[track_caller]
    pub fn token_to(&self, address: &str) -> Token {
        self.mail_to(address).token()
    }

    /// How many mails reached an address.
    pub fn mails_to(&self, to: &str) -> usize {
        let to = address(to);
        self.mailer.sent().iter().filter(|message| *message.to() == to).count()
    }
}

/// The keyring of the tests.
pub fn keyring() -> Keyring {
    Keyring::new(7, Key::from_bytes(KEY).unwrap())
}

fn build(
    store: &Store,
    model: &AccessModel,
    directory: &MemoryDirectory,
    clock: &ManualClock,
) -> Invitations {
    let service = store.connect(model.clone(), keyring());
    service
        .base_url("https://app.example/join")
        .directory(directory.clone())
        .clock(clock.clone())
        .build()
        .unwrap()
}

/// What the lists of an organization show to somebody.
pub trait Listed {
    /// Users who are members, in the order of their names.
    fn users(&self) -> impl Future<Output = Vec<String>>;
    /// Addresses with a pending invitation, the newest first.
    fn waiting(&self) -> impl Future<Output = Vec<String>>;
    /// The only invitation of an address or user, and the last mail for it.
    fn entry(&self, invitee: &str) -> impl Future<Output = (Invitation, Option<Delivery>)>;
    /// How the mail of an address stands.
    fn mail_state(&self, invitee: &str) -> impl Future<Output = Option<DeliveryState>>;
    /// The whole roster: `name` of members, `address` of invitations.
    fn names(&self) -> impl Future<Output = Vec<String>>;
    /// Every kind in the event log.
    fn history(&self) -> impl Future<Output = Vec<String>>;
    /// Taken and reserved seats of a class.
    fn seats_of(&self, class: &str) -> impl Future<Output = (u32, u32)>;
    /// What a member holds in the organization: the role.
    fn role_of(&self, name: &str) -> impl Future<Output = Option<String>>;
}

impl Listed for Acting {
    async fn users(&self) -> Vec<String> {
        let members = all(async |page| {
            let page = self.organization().members(&MemberFilter::default(), &page).await?;
            Ok((page.items, page.next_cursor))
        });
        let mut users =
            members.await.iter().map(|member: &Member| member.user.to_string()).collect::<Vec<_>>();
        users.sort();
        users
    }

    async fn waiting(&self) -> Vec<String> {
        let filter = InvitationFilter { state: Some(InvitationState::Pending), ..Default::default() };
        let entries = all(async |page| {
            let page = self.organization().invitations(&filter, &page).await?;
            Ok((page.items, page.next_cursor))
        });
        entries.await.iter().map(|entry| name_of(&entry.invitation)).collect()
    }

    async fn entry(&self, invitee: &str) -> (Invitation, Option<Delivery>) {
        let entries = all(async |page| {
            let page = self.organization().invitations(&InvitationFilter::default(), &page).await?;
            Ok((page.items, page.next_cursor))
        });
        let entries = entries.await;
        let mut found = entries.into_iter().filter(|entry| name_of(&entry.invitation) == invitee);
        let entry = found.next().expect("an invitation of them");
        assert!(found.next().is_none(), "{invitee} has one invitation");
        (entry.invitation, entry.delivery)
    }

    async fn mail_state(&self, invitee: &str) -> Option<DeliveryState> {
        self.entry(invitee).await.1.map(|delivery| delivery.state)
    }

    async fn names(&self) -> Vec<String> {
        let entries = all(async |page| {
            let page = self.organization().roster(&page).await?;
            Ok((page.items, page.next_cursor))
        });
        let name = |entry: &RosterEntry| match entry {
            RosterEntry::Member(member) => member.user.to_string(),
            RosterEntry::Invitation(entry) => name_of(&entry.invitation),
        };
        entries.await.iter().map(name).collect()
    }

    async fn history(&self) -> Vec<String> {
        let (mut kinds, mut after) = (Vec::new(), 0);
        loop {
            let events = self.organization().events(after, 1_000).await.unwrap();
            let Some(last) = events.last() else { return kinds };
            after = last.sequence;
            kinds.extend(events.into_iter().map(|event| event.kind));
        }
    }

    async fn seats_of(&self, class: &str) -> (u32, u32) {
        let seats = self.organization().seats().await.unwrap();
        let seat = seats.iter().find(|seat| seat.class.as_str() == class).expect("a class of that name");
        (seat.used, seat.reserved)
    }

    async fn role_of(&self, name: &str) -> Option<String> {
        let member = self.organization().member(name).await.unwrap()?;
        member.grants.access(&Scope::Organization).map(|access| access.role_name().to_string())
    }
}

/// Every page of a list.
async fn all<T>(mut page: impl AsyncFnMut(PageRequest) -> Result<(Vec<T>, Option<String>), Error>) -> Vec<T> {
    let mut request = PageRequest::first(PageRequest::MAX_ROWS);
    let mut rows = Vec::new();
    loop {
        let (items, cursor) = page(request.clone()).await.unwrap();
        rows.extend(items);
        match cursor {
            Some(cursor) => request = PageRequest::first(PageRequest::MAX_ROWS).after(cursor),
            None => return rows,
        }
    }
}

fn name_of(invitation: &Invitation) -> String {
    invitation.invitee.address().map_or_else(
        || invitation.invitee.user().map(ToString::to_string).unwrap_or_default(),
        |address| address.as_str().to_owned(),
    )
}
