//! Everything that only looks, with every fault at every call: it grants nothing, invents nothing, changes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::pin::Pin;

use invite::{
    Error, Grant, GroupFilter, InvitationFilter, Invite, LinkFilter, MemberFilter, PageRequest,
    RequestFilter, Scope, Storage,
};
use invite_memory::MemoryStorage;
use invite_sqlite::SqliteStorage;
use tests::{Call, Fault, World, person, postgres};

use crate::furnished::{Furnished, Stage, something_else};
use crate::seen::look;

/// Any error of the service.
type Any = Error;

type Looked = Pin<Box<dyn Future<Output = Result<String, Error>> + Send>>;

/// A look, by the name of the method, and what it shows.
type Look = (&'static str, fn(World, &Furnished) -> Looked);

/// Shows what was found, or gives the error.
macro_rules! shown {
    ($found:expr) => {
        Ok::<_, Any>(format!("{:?}", $found.await.map_err(Any::from)?))
    };
}

const LOOKS: &[Look] = &[
    ("candidates", |world, _| {
        Box::pin(async move { shown!(world.acme_by("ada").candidates("", &Scope::Organization, 9)) })
    }),
    ("copy_link", |world, at| {
        let dan = at.dan;
        Box::pin(async move {
            Ok::<_, Any>(world.acme_by("ada").copy_link(dan).await.map_err(Any::from)?.reveal())
        })
    }),
    ("dry_run", |world, _| {
        Box::pin(async move {
            let dry_run = world.acme_by("ada").invite("new@example.com", Grant::role("member")).dry_run();
            let dry_run = dry_run.await.map_err(Any::from)?;
            Ok::<_, Any>(format!("{:?} {:?}", dry_run.seats, dry_run.seats_after))
        })
    }),
    ("events", |world, _| Box::pin(async move { shown!(world.acme_by("ada").events(0, 100)) })),
    ("get", |world, _| Box::pin(async move { shown!(world.invite.organization("acme").get()) })),
    ("group", |world, _| Box::pin(async move { shown!(world.invite.organization("acme").group("red")) })),
    ("groups", |world, _| {
        Box::pin(async move {
            shown!(world.acme_by("ada").groups(&GroupFilter::default(), &PageRequest::default()))
        })
    }),
    ("inbox", |world, _| {
        Box::pin(async move { shown!(world.invite.inbox(person("eve"), &PageRequest::default())) })
    }),
    ("invitation", |world, at| {
        let dan = at.dan;
        Box::pin(async move { shown!(world.invite.organization("acme").invitation(dan)) })
    }),
    ("invitations", |world, _| {
        Box::pin(async move {
            let page = PageRequest::default();
            shown!(world.acme_by("ada").invitations(&InvitationFilter::default(), &page))
        })
    }),
    ("invitees", |world, _| {
        Box::pin(async move { shown!(world.acme_by("ada").invitees("ada; eve@example.com")) })
    }),
    ("link", |world, at| {
        let link = at.link;
        Box::pin(async move { shown!(world.invite.organization("acme").link(link)) })
    }),
    ("links", |world, _| {
        Box::pin(async move {
            shown!(world.acme_by("ada").links(&LinkFilter::default(), &PageRequest::default()))
        })
    }),
    ("look_up", |world, _| {
        let list = invite::parse_list("eve@example.com", &invite::ListOptions::new()).unwrap();
        Box::pin(async move { shown!(world.acme_by("ada").look_up(&list)) })
    }),
    ("may", |world, _| Box::pin(async move { shown!(world.acme_by("ada").may("bob", "posts.create")) })),
    ("may_in", |world, _| {
        Box::pin(async move {
            shown!(world.invite.organization("acme").may_in("bob", "posts.create", &Scope::Organization))
        })
    }),
    ("may_with", |world, _| {
        Box::pin(async move {
            let acme = world.invite.organization("acme");
            shown!(acme.may_with("bob", "posts.create", &Scope::Organization, "account", "acme-news"))
        })
    }),
    ("member", |world, _| Box::pin(async move { shown!(world.invite.organization("acme").member("bob")) })),
    ("members", |world, _| {
        Box::pin(async move {
            shown!(world.acme_by("ada").members(&MemberFilter::default(), &PageRequest::default()))
        })
    }),
    ("memberships", |world, _| {
        Box::pin(async move { shown!(world.invite.memberships("bob", &PageRequest::default())) })
    }),
    ("permissions", |world, _| {
        Box::pin(
            async move { shown!(world.invite.organization("acme").permissions("bob", &Scope::Organization)) },
        )
    }),
    ("preview", |world, at| {
        let eve = at.eve.clone();
        Box::pin(async move { shown!(world.invite.preview(&eve, Some(person("eve")))) })
    }),
    ("preview_mail", |world, _| {
        Box::pin(async move {
            let acme = world.acme_by("ada");
            let invite = Invite::new("new@example.com", Grant::role("member"));
            let dry_run = acme.run(invite).dry_run().await.map_err(Any::from)?;
            shown!(acme.preview_mail(&dry_run))
        })
    }),
    ("requests", |world, _| {
        Box::pin(async move {
            shown!(world.acme_by("ada").requests(&RequestFilter::default(), &PageRequest::default()))
        })
    }),
    ("requests_by", |world, _| {
        Box::pin(async move { shown!(world.invite.requests_by("bob", &PageRequest::default())) })
    }),
    ("roster", |world, _| {
        Box::pin(async move { shown!(world.acme_by("ada").roster(&PageRequest::default())) })
    }),
    ("show_link", |world, at| {
        let link = at.link;
        Box::pin(async move {
            Ok::<_, Any>(world.acme_by("ada").show_link(link).await.map_err(Any::from)?.reveal())
        })
    }),
    ("suppressions", |world, _| Box::pin(async move { shown!(world.invite.suppressions(person("kim"))) })),
    ("waiting", |world, _| Box::pin(async move { shown!(world.invite.waiting(person("eve"))) })),
    ("seats", |world, _| Box::pin(async move { shown!(world.acme_by("ada").seats()) })),
];

/// Methods that are no look: they make a command, or tidy.
const NO_LOOKS: &[&str] = &[
    "accept_all",
    "block",
    "create_organization",
    "decline_all",
    "erase",
    "in_async_transaction",
    "maintain",
    "unblock",
];

/// STO-3: whoever asks is told what is stored or that it cannot be told.
async fn every_fault<S: Storage + Clone>(empty: impl AsyncFn() -> S) -> BTreeSet<Call> {
    let furnished = Furnished::new().await;
    let mut met = BTreeSet::new();
    for (name, ask) in LOOKS {
        let Stage { calm, shaky, storage } = furnished.stage(empty().await).await;
        storage.reset();
        let before = look(&calm).await;
        let answer = ask(shaky.clone(), &furnished).await.unwrap();
        let calls = storage.calls();
        let stays = look(&calm).await == before;
        assert!(stays && !calls.is_empty(), "{name}");
        for (at, call) in calls.iter().enumerate() {
            for fault in call.faults() {
                let what = format!("{name}: {fault:?} at {at} of {calls:?}");
                storage.reset();
                storage.meanwhile(async || {});
                storage.fault_at(at, fault);
                match ask(shaky.clone(), &furnished).await {
                    Ok(told) => assert_eq!(told, answer, "{what}"),
                    Err(error) => assert_eq!(error.code(), "storage-unavailable", "{what}"),
                }
                assert_eq!(look(&calm).await, before, "{what}");
            }
        }
        met.extend(calls.iter().copied());
        // What is committed while somebody looks is in the answer or not, and nothing but that.
        let other = calm.clone();
        storage.meanwhile(move || something_else(other.clone()));
        storage.reset();
        storage.fault_at(calls.len() - 1, Fault::Delayed);
        let told = ask(shaky.clone(), &furnished).await.unwrap();
        let after = ask(calm.clone(), &furnished).await.unwrap();
        assert_ne!(look(&calm).await, before, "{name}: something was committed meanwhile");
        assert!(told == answer || told == after, "{name}: {told}, between {answer} and {after}");
    }
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_look_survives_every_fault() {
    use Call::{
        Circles, Events, FormerMemberships, Groups, Inbox, Invitations, Links, Load, Members, Memberships,
        Requests, RequestsBy, Roster, Suppressions, Waiting,
    };
    let lists = [Roster, Invitations, Members, Groups, Links, Requests, Inbox, Memberships, RequestsBy];
    let others = [Load, Events, Circles, FormerMemberships, Suppressions, Waiting];
    let all = BTreeSet::from_iter(lists.into_iter().chain(others));
    assert_eq!(every_fault(async || MemoryStorage::new()).await, all);
    let sqlite = async || {
        let storage = SqliteStorage::in_memory().unwrap();
        storage.migrate().await.unwrap();
        storage
    };
    assert_eq!(every_fault(sqlite).await, all);
    let database = postgres::database().await;
    let storage = postgres::storage(database.url());
    let empty = async || {
        postgres::empty(&database).await;
        storage.clone()
    };
    assert_eq!(every_fault(empty).await, all);
}

/// Keys past their time are forgotten once, whatever becomes of the reply.
#[tokio::test]
async fn forgetting_keys_survives_every_fault() {
    let furnished = Furnished::new().await;
    for fault in Call::ForgetCommands.faults() {
        let Stage { calm, shaky, storage } = furnished.stage(MemoryStorage::new()).await;
        let suspend = || calm.invite.organization("acme").as_system().suspend().idempotency_key("k");
        suspend().await.unwrap();
        calm.pass(chrono::TimeDelta::hours(24));
        let before = look(&calm).await;
        storage.reset();
        storage.fault_at(0, fault);
        let told = shaky.invite.maintain(10).await;
        assert_eq!(storage.calls(), [Call::ForgetCommands]);
        match (fault, told) {
            (Fault::Unavailable, Err(error)) => assert_eq!(error.code(), "storage-unavailable"),
            (Fault::LostReply | Fault::LostCommit, Err(error)) => assert_eq!(error.code(), "outcome-unknown"),
            (fault, told) => assert_eq!((fault, told.unwrap()), (fault, 1)),
        }
        shaky.invite.maintain(10).await.unwrap();
        assert_eq!(shaky.invite.maintain(10).await.unwrap(), 0, "{fault:?}");
        assert_eq!(look(&calm).await, before, "{fault:?}");
    }
}

/// A method that looks and is not in the table fails here.
#[test]
fn no_look_is_forgotten() {
    let mut names = BTreeSet::new();
    for file in [
        "service.rs",
        "inbox.rs",
        "handle.rs",
        "handle/groups.rs",
        "handle/links.rs",
        "handle/lists.rs",
        "handle/people.rs",
        "command.rs",
    ] {
        let path = format!("{}/../crates/invite/src/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).unwrap();
        let methods = text.lines().filter_map(|line| line.trim().strip_prefix("pub async fn "));
        names.extend(methods.filter_map(|line| line.split(['<', '(']).next().map(str::to_owned)));
    }
    let table = LOOKS.iter().map(|(name, _)| *name).chain(NO_LOOKS.iter().copied()).map(str::to_owned);
    assert_eq!(table.collect::<BTreeSet<_>>(), names);
}
