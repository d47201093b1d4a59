//! Cases of the sentences on loading.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use invite_core::{
    Actor, CommandKey, DueInvitations, Event, Expiry, Grant, InvitationId, Invitee, LimitSubject,
    OrganizationId, Rate, Reads, Settings, SuppressionKind,
};
use invite_storage::Storage;

use super::world::*;

pub async fn load_is_one_version<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let done = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (store, acme, done) = (store.clone(), acme.clone(), done.clone());
        async move {
            for n in 0..60 {
                let row = invitation(email(&format!("guest{n}@example.com")));
                commit(&*store, &acme, at(n), [created(&row)]).await;
            }
            done.store(true, Ordering::Release);
        }
    });
    let reads = Reads::new().sent_by(user("ada"));
    let mut versions = 0;
    let mut last = 0;
    while !done.load(Ordering::Acquire) || versions == 0 {
        let slice = store.load(&acme, &reads, at(0)).await.unwrap();
        let counts = &slice.organization().unwrap().counts;
        let (sent, _) = slice.sent_by(&user("ada")).unwrap();
        assert_eq!(u32::try_from(sent.count()).unwrap(), counts.pending, "rows of another version");
        assert_eq!(slice.version(), u64::from(counts.pending) + 2);
        assert!(slice.version() >= last, "versions go back");
        last = slice.version();
        versions += 1;
    }
    writing.await.unwrap();
}

fn one_of_each(invitation: InvitationId) -> Reads {
    let mut reads = Reads::new()
        .invitation(invitation)
        .invitee(Invitee::User(user("eve")))
        .member(user("ada"))
        .person(user("ada"))
        .sent_by(user("ada"))
        .limits_of(&Actor::User(user("ada")))
        .due();
    reads.addresses.insert(email("ada@example.com"));
    reads.commands.insert(key("k"));
    reads
}

fn key(key: &str) -> CommandKey {
    CommandKey { actor: Actor::System, operation: "invite".into(), key: key.into() }
}

pub async fn load_closes<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let bob = invitation(email("bob@example.com"));
    commit(&*store, &acme, at(1), [created(&bob)]).await;
    for id in [bob.id, InvitationId::from_uuid(fresh())] {
        let reads = one_of_each(id);
        for organization in [&acme, &organization("nowhere")] {
            let slice = store.load(organization, &reads, at(2000)).await.unwrap();
            assert!(slice.open(&reads).is_empty(), "{:?}", slice.open(&reads));
        }
    }
}

pub async fn absent_is_said<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let id = InvitationId::from_uuid(fresh());
    for (organization, version) in [(&acme, 2), (&organization("nowhere"), 0)] {
        let mut reads = one_of_each(id).member(user("nobody"));
        reads.addresses.insert(email("nobody@example.com"));
        let slice = store.load(organization, &reads, at(1)).await.unwrap();
        assert_eq!((slice.version(), slice.organization().is_some()), (version, version > 0));
        assert_eq!(slice.invitation(id).unwrap(), None);
        assert_eq!(slice.mailed_at(id).unwrap(), None);
        assert_eq!(slice.member(&user("nobody")).unwrap(), None);
        assert_eq!(slice.member_with(&email("nobody@example.com")).unwrap(), None);
        assert_eq!(slice.open_of(&Invitee::User(user("eve"))).unwrap().count(), 0);
        let eve = Invitee::User(user("eve"));
        assert_eq!(slice.suppressed_since(&eve, SuppressionKind::Mail).unwrap(), None);
        assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), None);
        assert_eq!(slice.command(&key("k")).unwrap(), None);
        assert!(slice.member(&user("not asked for")).is_err());
    }
}

pub async fn load_reads_own_writes<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    for n in 0..30 {
        let name = format!("user{n}");
        let commit = commit(&*store, &acme, at(n), [joined(&member(&name, Grant::role("member")))]).await;
        let slice = store.load(&acme, &Reads::new().member(user(&name)), at(n)).await.unwrap();
        assert_eq!(slice.version(), commit.version + 1);
        assert!(slice.member(&user(&name)).unwrap().is_some());
    }
}

/// What is due: ids in their order, and whether there are more.
async fn due<S: Storage>(
    store: &S,
    organization: &OrganizationId,
    limit: u32,
    now: i64,
) -> (Vec<InvitationId>, bool) {
    let mut reads = Reads::new();
    reads.due = limit;
    let slice = store.load(organization, &reads, at(now)).await.unwrap();
    let (rows, more) = slice.due().unwrap();
    (rows.map(|row| row.id).collect(), more)
}

/// LIF-5
pub async fn due_is_past_its_expiry<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let expiries =
        [Expiry::At(at(30)), Expiry::Never, Expiry::At(at(10)), Expiry::At(at(20)), Expiry::At(at(21))];
    let mut rows = vec![];
    for (n, expires_at) in expiries.into_iter().enumerate() {
        let mut row = invitation(email(&format!("guest{n}@example.com")));
        row.expires_at = expires_at;
        commit(&*store, &acme, at(0), [created(&row)]).await;
        rows.push(row.id);
    }
    let [at_30, never, at_10, at_20, at_21] = rows[..] else { panic!() };
    assert_eq!(due(&*store, &acme, 9, 9).await, (vec![], false));
    assert_eq!(due(&*store, &acme, 9, 10).await, (vec![at_10], false), "at the very moment it is over");
    assert_eq!(due(&*store, &acme, 1, 20).await, (vec![at_10], true), "the longest past first");
    assert_eq!(due(&*store, &acme, 2, 20).await, (vec![at_10, at_20], false));
    assert_eq!(due(&*store, &acme, 9, 5000).await, (vec![at_10, at_20, at_21, at_30], false));

    let reads = Reads::new().invitation(at_10);
    let ended = Event::InvitationEnded { id: at_10, ending: invite_core::Ending::Expired, reason: None };
    let ended = decide(&*store, &acme, &reads, at(10), [ended]).await;
    store.commit(&ended).await.unwrap();
    assert_eq!(due(&*store, &acme, 9, 20).await.0, [at_20], "what was ended is not due");

    let commit = commit(&*store, &acme, at(20), [Event::OrganizationClosed]).await;
    assert_eq!(commit.header.unwrap().due_invitations(at(20)), DueInvitations::All);
    let (mut all, more) = due(&*store, &acme, 9, 0).await;
    all.sort();
    let mut open = [at_20, at_21, at_30, never];
    open.sort();
    assert_eq!((&all[..], more), (&open[..], false), "all that are open, in any order");
}

/// STO-2
pub async fn tenants_are_apart<S: Storage>(store: Arc<S>) {
    let (acme, globex) = (found(&*store, "acme").await, found(&*store, "globex").await);
    let mut bob = invitation(email("bob@example.com"));
    let carl = member("carl", Grant::role("member"));
    let blocked = Event::Suppressed { invitee: user("eve").into(), kind: SuppressionKind::Invitations };
    let in_acme = commit(&*store, &acme, at(1), [created(&bob), joined(&carl), blocked]).await;

    let reads = one_of_each(bob.id).member(user("carl")).invitee(bob.invitee.clone());
    let slice = store.load(&globex, &reads, at(2000)).await.unwrap();
    assert_eq!(slice.invitation(bob.id).unwrap(), None);
    assert_eq!(slice.member(&user("carl")).unwrap(), None);
    assert_eq!(slice.open_of(&bob.invitee).unwrap().count(), 0);
    assert_eq!(slice.sent_by(&user("ada")).unwrap().0.count(), 0);
    let eve = Invitee::User(user("eve"));
    assert_eq!(slice.suppressed_since(&eve, SuppressionKind::Invitations).unwrap(), None);
    assert_eq!(due(&*store, &globex, 9, 2000).await, (vec![], false));
    assert!(!store.find_commit(&globex, in_acme.id).await.unwrap());
    assert_eq!(store.roster(&globex, at(2), &first(9)).await.unwrap().len(), 1, "ada of globex");
    assert_eq!(store.events(&globex, 0, 9).await.unwrap().len(), 2);

    // The same keys serve another organization.
    bob.name = Some("Robert".into());
    commit(&*store, &globex, at(1), [created(&bob), joined(&carl)]).await;
    let slice = store.load(&acme, &Reads::new().invitation(bob.id), at(2)).await.unwrap();
    assert_eq!(slice.invitation(bob.id).unwrap().unwrap().name, None);
}

pub async fn mailed_at_is_of_the_revision<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let bob = invitation(email("bob@example.com"));
    let mut made = decide(&*store, &acme, &Reads::new(), at(1), [created(&bob)]).await;
    for (revision, mailed) in [(0, Some(5)), (0, Some(7)), (0, None), (1, Some(9))] {
        let mut delivery = delivery(&acme, &bob, at(1));
        delivery.revision = revision;
        delivery.mailed_at = mailed.map(at);
        made.deliveries.push(delivery);
    }
    store.commit(&made).await.unwrap();
    let reads = Reads::new().invitation(bob.id);
    let mailed_at = async || store.load(&acme, &reads, at(10)).await.unwrap().mailed_at(bob.id).unwrap();
    assert_eq!(mailed_at().await, Some(at(7)));
    for last in [Some(at(9)), None] {
        let resent = Event::InvitationResent {
            id: bob.id,
            nonce: invite_core::Nonce::from_bytes([7; 16]),
            expires_at: Expiry::Never,
        };
        let resent = decide(&*store, &acme, &reads, at(11), [resent]).await;
        store.commit(&resent).await.unwrap();
        assert_eq!(mailed_at().await, last);
    }
}

pub async fn addresses_find_members_in_any_case<S: Storage>(store: Arc<S>) {
    let plan = invite_core::Plan::seats("team", 5)
        .organization_rate(Rate::per(5, chrono::TimeDelta::hours(1)).unwrap());
    let acme = found_with(&*store, "acme", plan).await;
    let mut bob = member("bob", Grant::role("member"));
    bob.email = Some(email("Bob@Example.com"));
    let mut eve = invitation(email("Eve@Example.com"));
    eve.grants = [Grant::role("member"), group("a"), group("b")].into();
    commit(&*store, &acme, at(1), [joined(&bob), created(&eve), renamed()]).await;
    let reads = Reads::new()
        .invitee(email("bob@example.com").into())
        .invitee(email("eve@example.com").into())
        .limits_of(&Actor::System);
    let slice = store.load(&acme, &reads, at(2)).await.unwrap();
    assert_eq!(slice.member_with(&email("BOB@example.com")).unwrap().unwrap().user, user("bob"));
    let open = slice.open_of(&email("EVE@example.com").into()).unwrap().collect::<Vec<_>>();
    assert_eq!(open, [&eve], "once, however many its scopes");
    assert!(slice.limit(&LimitSubject::Organization).unwrap().is_some());
    assert_eq!(slice.organization().unwrap().settings.name(), "Renamed");
}

fn renamed() -> Event {
    Event::SettingsChanged { settings: Settings::named("Renamed") }
}
