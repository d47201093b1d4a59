//! F7, with TOK-2, TOK-3, TOK-4, PRI-4, MAI-9: no secret is stored or logged, and no address is logged.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Debug;
use std::fs;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use chrono::TimeDelta;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use invite::core::{Inclusion, LinkSettings, SuppressionKind};
use invite::{
    Access, AccessModel, Acting, FormerOwner, Grant, GroupSettings, Key, Keyring, MailError, Mailer, Message,
    PageRequest, Plan, Settings, Token,
};
use invite_memory::{Failure, MemoryMailer};
use serde::Serialize;
use tests::{Listed, World, address, code, group, newcomer, on_every_store, person, token, user};
use tracing_subscriber::fmt::format::FmtSpan;

const NAMES: [&str; 6] = ["bob", "eve", "dan", "fay", "gus", "olga"];
const INCLUDED: &str = "ina";
const MESSAGE: &str = "The password of the wifi is swordfish";

/// Everything that was traced by this test program.
fn traced() -> Vec<u8> {
    capture().lock().unwrap().clone()
}

fn capture() -> &'static Arc<Mutex<Vec<u8>>> {
    static CAPTURE: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    CAPTURE.get_or_init(|| {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&lines);
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .without_time()
            .with_writer(move || Lines(Arc::clone(&writer)))
            .init();
        lines
    })
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What must not be found, in every form that it could take.
fn forms_of(token: &Token) -> Vec<(&'static str, Vec<u8>)> {
    let text = token.reveal();
    let payload = BASE64URL_NOPAD.decode(text.strip_prefix("inv_").unwrap().as_bytes()).unwrap();
    let mut forms = vec![("the text", text.as_bytes().to_vec())];
    for (bytes, names) in [
        (payload.as_slice(), ["the payload", "its base64", "its base64url", "its hex", "its HEX"]),
        (&payload[payload.len() - 16..], ["the proof", "its base64", "its base64url", "its hex", "its HEX"]),
    ] {
        forms.push((names[0], bytes.to_vec()));
        for (name, encoding) in
            [(names[1], BASE64), (names[1], BASE64_NOPAD), (names[2], BASE64URL), (names[2], BASE64URL_NOPAD)]
        {
            forms.push((name, encoding.encode(bytes).into_bytes()));
        }
        forms.push((names[3], HEXLOWER.encode(bytes).into_bytes()));
        forms.push((names[4], HEXUPPER.encode(bytes).into_bytes()));
    }
    forms
}

/// Bytes as text, one character each: the search for text is the fast one of the standard library.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    latin(haystack).contains(&latin(needle))
}

#[track_caller]
fn require_no_token(what: &str, bytes: &[u8], tokens: &[Token]) {
    let haystack = latin(bytes);
    for token in tokens {
        for (form, needle) in forms_of(token) {
            assert!(
                !haystack.contains(&latin(&needle)),
                "{what} holds {form} of a token for {:?}",
                token.purpose()
            );
        }
    }
    assert!(!holds(bytes, b"inv_"), "{what} holds the beginning of a token");
}

#[track_caller]
fn require_no_link(what: &str, bytes: &[u8]) {
    assert!(!holds(bytes, b"app.example/join"), "{what} holds a link");
}

#[track_caller]
fn require_no_address(what: &str, bytes: &[u8]) {
    for name in NAMES.into_iter().chain([INCLUDED]) {
        assert!(!holds(bytes, format!("{name}@").as_bytes()), "{what} holds the address of {name}");
    }
    assert!(!holds(bytes, MESSAGE.as_bytes()), "{what} holds a personal message");
}

/// A mail system that says in its errors what it must not say, and lets every second mail through.
struct Rude {
    mailer: MemoryMailer,
    tries: Mutex<usize>,
}

#[async_trait]
impl Mailer for Rude {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let tries = {
            let mut tries = self.tries.lock().unwrap();
            *tries += 1;
            *tries
        };
        let said = format!("450 <{}> {}", message.to().as_str(), message.text());
        match tries % 3 {
            0 => Err(MailError::transient(said)),
            _ => self.mailer.send(message).await,
        }
    }
}

/// All that a life cycle shows to whoever calls the library, and the tokens that it made.
#[derive(Default)]
struct Shown {
    texts: Vec<u8>,
    tokens: Vec<Token>,
}

impl Shown {
    fn outcome(&mut self, outcome: &(impl Debug + Serialize)) {
        self.debug(outcome);
        self.texts.extend(serde_json::to_vec(outcome).unwrap());
    }

    fn debug(&mut self, value: &impl Debug) {
        self.texts.extend(format!("{value:?} {value:#?}\n").into_bytes());
    }

    fn mails(&mut self, world: &World) {
        for message in world.mailer.sent() {
            self.debug(&message);
            let mail = tests::Mail::from(&message);
            self.tokens.extend([mail.token(), mail.unsubscribe_token()]);
        }
    }
}

/// Everything that happens to invitations: invite, remind, resend, copy, preview, accept, decline, revoke, expire,
/// ownership, unsubscribe, failures of mail, keys, and refusals of all of it; then [`other_ways_in`].
async fn life_cycle(world: &World) -> Shown {
    let mut shown = Shown::default();
    let acme = world.acme_on(Plan::seats("team", 20)).await;
    let list =
        NAMES.map(|name| format!("{name} <{name}@example.com>")).join("\n") + "\nnobody\nbob@example.com";
    let invite = || acme.invite(list.as_str(), Grant::role("member")).with(|invite| invite.message(MESSAGE));
    let dry = invite().dry_run().await.unwrap();
    shown.debug(&dry);
    shown.debug(&acme.preview_mail(&dry).await.unwrap());
    let invited = invite().idempotency_key("k1").await.unwrap();
    shown.outcome(&invited);
    shown.outcome(&invite().idempotency_key("k1").await.unwrap());
    let [bob, eve, dan, fay, gus, olga] = invited.invitations().collect::<Vec<_>>()[..] else {
        panic!("six")
    };

    world.mailer.fail_to(&address("gus@example.com"), Failure::Permanent);
    world.mailer.fail_next(Failure::Transient, 2);
    let rude = Rude { mailer: world.mailer.clone(), tries: Mutex::new(0) };
    let courier = world.invite.courier(rude);
    for _ in 0..20 {
        shown.debug(&courier.run_once(100).await.unwrap());
        world.pass(TimeDelta::minutes(10));
    }
    world.mailer.recover();
    shown.outcome(&acme.remind(bob).await.unwrap());
    shown.outcome(&acme.resend(eve).await.unwrap());
    shown.outcome(&acme.resend(gus).await.unwrap());
    shown.outcome(&acme.edit(dan, Grant::role("member").removing("posts.create")).await.unwrap());
    let old = world.token_to("eve@example.com");
    for _ in 0..5 {
        shown.debug(&courier.run_once(100).await.unwrap());
        world.pass(TimeDelta::minutes(10));
    }
    for id in [bob, eve, dan, fay, gus, olga] {
        let link = acme.copy_link(id).await.unwrap();
        shown.debug(&link);
        shown.tokens.push(token(&link.reveal()));
    }

    let tokens = NAMES.map(|name| world.token_to(&format!("{name}@example.com")));
    for (token, name) in tokens.iter().zip(NAMES) {
        for principal in [None, Some(person(name)), Some(newcomer(name)), Some(person("mallory"))] {
            let preview = world.invite.preview(token, principal).await.unwrap();
            shown.outcome(&preview.next);
            shown.debug(&(preview.status, preview.expires_at, preview.inviter));
        }
        shown.debug(&world.invite.accept(token, person("mallory")).await.unwrap_err());
        shown.debug(&world.invite.accept(token, newcomer("mallory")));
    }
    shown.debug(&world.invite.accept(&old, person("eve")).await.unwrap_err());
    shown.outcome(&world.invite.accept(&tokens[0], person("bob")).idempotency_key("k2").await.unwrap());
    shown.outcome(&world.invite.accept(&tokens[0], person("bob")).idempotency_key("k2").await.unwrap());
    shown.debug(&world.invite.accept(&tokens[0], person("bob")).await.unwrap_err());
    let decline = world.invite.decline(&tokens[1], person("eve"));
    shown.outcome(&decline.with(|decline| decline.reason("Not now")).await.unwrap());
    shown.outcome(&acme.revoke(dan).await.unwrap());
    shown.debug(&world.invite.accept(&tokens[2], person("dan")).await.unwrap_err());
    let unsubscribe = world.mail_to("fay@example.com").unsubscribe_token();
    shown.outcome(&world.invite.unsubscribe(&unsubscribe).await.unwrap());
    shown.outcome(&acme.organization().unblock(person("fay"), SuppressionKind::Mail).await.unwrap());
    shown.outcome(&world.invite.accept(&tokens[5], person("olga")).await.unwrap());

    let admin = FormerOwner::Becomes(Access::role("admin"));
    shown.outcome(&acme.offer_ownership("olga", admin).await.unwrap());
    let report = courier.run_once(100).await.unwrap();
    if report.sent == 0 {
        world.pass(TimeDelta::minutes(10));
        shown.debug(&courier.run_once(100).await.unwrap());
    }
    let offer = world.mail_to("olga@example.com");
    shown.outcome(&world.invite.accept(&offer.token(), person("olga")).await.unwrap());
    world.pass(TimeDelta::days(8));
    shown.debug(&world.invite.accept(&tokens[3], person("fay")).await.unwrap_err());
    shown.outcome(&acme.organization().maintain(100).await.unwrap());
    shown.outcome(&acme.remove("bob").await.unwrap());
    shown.outcome(&acme.change_settings(Settings::named("Acme Ltd")).await.unwrap());
    other_ways_in(world, &acme, &mut shown).await;
    shown.debug(&lists(&acme).await);
    shown.mails(world);
    shown
}

/// Groups, invite links and join requests, and somebody included, who gets a notice.
async fn other_ways_in(world: &World, acme: &Acting, shown: &mut Shown) {
    let by_request = GroupSettings::named("Red").by_request_with(Access::role("member"));
    shown.outcome(&acme.create_group("red", by_request).await.unwrap());
    let member = || Grant::role("member");
    let made = acme.create_link(LinkSettings::new("Team", member())).await.unwrap();
    shown.outcome(&made);
    let link = async |shown: &mut Shown, id| {
        let link = acme.show_link(id).await.unwrap();
        shown.debug(&link);
        shown.tokens.push(token(&link.reveal()));
        token(&link.reveal())
    };
    let first = link(shown, made.link).await;
    for principal in [None, Some(person("gus")), Some(newcomer("mallory"))] {
        let preview = world.invite.preview(&first, principal).await.unwrap();
        shown.debug(&preview);
        shown.outcome(&preview.next);
    }
    let join = || world.invite.join(&first, person("gus")).idempotency_key("k3");
    shown.outcome(&join().await.unwrap());
    shown.outcome(&join().await.unwrap());
    let wider = LinkSettings::new("Team", [member(), member().in_group(group("red"))]);
    shown.outcome(&acme.edit_link(made.link, wider.by_request()).await.unwrap());
    shown.outcome(&acme.refresh_link(made.link).await.unwrap());
    shown.debug(&world.invite.join(&first, person("dan")).await.unwrap_err());
    let second = link(shown, made.link).await;
    shown.debug(&world.invite.join(&second, person("dan")).await.unwrap_err());
    let ask = |who: &str| world.invite.ask_to_join(&second, person(who)).with(|ask| ask.message(MESSAGE));
    let [dan, fay] = [ask("dan").await.unwrap(), ask("fay").await.unwrap()];
    shown.outcome(&dan);
    shown.debug(&ask("dan").await.unwrap_err());
    shown.outcome(&acme.approve(dan.request).await.unwrap());
    shown.outcome(&acme.deny(fay.request).with(|deny| deny.because("Not now")).await.unwrap());
    let asked = acme.organization().ask_for_group("red", person("gus")).await.unwrap();
    shown.outcome(&asked);
    shown.outcome(&acme.approve(asked.request).await.unwrap());
    shown.outcome(&acme.switch_link_off(made.link).await.unwrap());
    shown.debug(&world.invite.preview(&second, None).await.unwrap());
    shown.outcome(&acme.remove_link(made.link).await.unwrap());

    let settings = Settings::named("Acme Ltd").inclusion(Inclusion::Always);
    acme.change_settings(settings).await.unwrap();
    let email = format!("{INCLUDED}@example.com");
    world.directory.add(user(INCLUDED), "Ina", Some(address(&email)));
    shown.outcome(&acme.invite(user(INCLUDED), member().in_group(group("red"))).await.unwrap());
    shown.debug(&world.deliver().await);
    assert_eq!(world.mail_to(&email).subject, "Ada Lovelace included you in Acme Ltd");
}

/// Every list of the organization, as text.
async fn lists(acme: &Acting) -> Vec<String> {
    let (all, organization) = (PageRequest::first(200), acme.organization());
    vec![
        format!("{:?}", organization.roster(&all).await.unwrap()),
        format!("{:?}", organization.invitations(&Default::default(), &all).await.unwrap()),
        format!("{:?}", organization.members(&Default::default(), &all).await.unwrap()),
        format!("{:?}", organization.requests(&Default::default(), &all).await.unwrap()),
        format!("{:?}", organization.links(&Default::default(), &all).await.unwrap()),
        format!("{:?}", organization.groups(&Default::default(), &all).await.unwrap()),
    ]
}

on_every_store! {
    async fn f7_no_secret_is_stored_logged_or_shown(world) {
        capture();
        let shown = life_cycle(&world).await;
        let purposes = shown.tokens.iter().map(|token| format!("{:?}", token.purpose()));
        let purposes = purposes.collect::<std::collections::BTreeSet<_>>();
        assert_eq!(
            purposes.into_iter().collect::<Vec<_>>(),
            ["Copied", "Link", "Mailed", "Ownership", "Unsubscribe"]
        );
        assert!(shown.tokens.len() > 20);

        let traced = traced();
        for expected in [
            "operation=\"invite\"",
            "operation=\"resend\"",
            "operation=\"remind\"",
            "operation=\"accept\"",
            "operation=\"decline\"",
            "operation=\"revoke\"",
            "operation=\"offer-ownership\"",
            "organization=acme",
            "operation=\"unsubscribe\"",
            "operation=\"create-link\"",
            "operation=\"join-by-link\"",
            "operation=\"ask-to-join\"",
            "operation=\"approve\"",
            "operation=\"create-group\"",
            "already-accepted",
            "deliver",
            "not sent",
            "b…@example.com",
        ] {
            assert!(holds(&traced, expected.as_bytes()), "the trace shows {expected}");
        }
        require_no_token("the trace", &traced, &shown.tokens);
        require_no_link("the trace", &traced);
        require_no_address("the trace", &traced);

        let mut events = Vec::new();
        for event in world.acme_by("ada").organization().events(0, 1_000).await.unwrap() {
            events.extend(format!("{event:?}\n").into_bytes());
        }
        assert!(holds(&events, "b…@example.com".as_bytes()) && holds(&events, b"invitation-resent"));
        require_no_token("the log", &events, &shown.tokens);
        require_no_link("the log", &events);
        require_no_address("the log", &events);

        require_no_token("what callers were shown", &shown.texts, &shown.tokens);

        let Some(directory) = world.store.directory() else { return };
        let files = fs::read_dir(directory).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
        let files = files.collect::<Vec<_>>().concat();
        for expected in
            ["bob@example.com", "invitation-accepted", "the mail could not be sent for now", MESSAGE]
        {
            assert!(holds(&files, expected.as_bytes()), "the files hold {expected}");
        }
        require_no_token("the store", &files, &shown.tokens);
        require_no_link("the store", &files);
        for (deliveries, said) in [("450 <", "what the mail system said"), ("View the", "a mail")] {
            assert!(!holds(&files, deliveries.as_bytes()), "the store holds {said}");
        }
    }

    async fn f7_neither_the_store_nor_the_key_makes_a_link_alone_tok_2(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let token = world.token_to("bob@example.com");
        let service = |store: &tests::Store, id, key: &[u8]| {
            let keyring = Keyring::new(id, Key::from_bytes(key).unwrap());
            let service = store.connect(AccessModel::preset(), keyring).base_url("https://app.example/join");
            service.clock(world.clock.clone()).build().unwrap()
        };
        let other_key = service(&world.store, 7, b"some other key of thirty-two bytes");
        assert_eq!(code(other_key.accept(&token, person("bob")).await), "unknown-token");
        let (row, _) = acme.entry("bob@example.com").await;
        let forged = other_key.organization("acme").by("ada").copy_link(row.id).await.unwrap();
        assert_eq!(
            code(world.invite.accept(&tests::token(&forged.reveal()), person("bob")).await),
            "unknown-token"
        );

        let elsewhere = world.store.another().await;
        let other_store = service(&elsewhere, 7, tests::KEY);
        other_store.create_organization("acme", "Acme Ltd", "ada", Plan::seats("team", 5)).await.unwrap();
        assert_eq!(code(other_store.accept(&token, person("bob")).await), "unknown-token");
        world.invite.accept(&token, person("bob")).await.unwrap();
    }

    async fn f7_a_new_key_issues_and_the_old_one_still_verifies_tok_6(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com, eve@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let old = world.token_to("bob@example.com");
        let key = |text: &[u8]| Key::from_bytes(text).unwrap();
        let rotated = Keyring::new(7, key(tests::KEY))
            .rotate_to(8, key(b"the next key of the tests, of 32 b"))
            .unwrap();
        let service =
            world.store.connect(AccessModel::preset(), rotated).base_url("https://app.example/join");
        let service = service.clock(world.clock.clone()).build().unwrap();
        let (row, _) = acme.entry("eve@example.com").await;
        let new =
            tests::token(&service.organization("acme").by("ada").copy_link(row.id).await.unwrap().reveal());
        assert_eq!((old.key_id(), new.key_id()), (7, 8));
        service.accept(&old, person("bob")).await.unwrap();
        service.accept(&new, person("eve")).await.unwrap();

        let retired = Keyring::new(8, key(b"the next key of the tests, of 32 b"));
        let service =
            world.store.connect(AccessModel::preset(), retired).base_url("https://app.example/join");
        let service = service.clock(world.clock.clone()).build().unwrap();
        assert_eq!(code(service.accept(&old, person("bob")).await), "unknown-token");
    }
}

/// The search finds what it is to find.
#[tokio::test]
async fn f7_a_token_that_is_stored_would_be_found() {
    let world = World::on(tests::Store::memory().await);
    let acme = world.acme().await;
    acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
    world.deliver().await;
    let token = world.token_to("bob@example.com");
    for (form, bytes) in forms_of(&token) {
        let haystack = [b"some bytes before ".as_slice(), &bytes, b" and after"].concat();
        let searched =
            std::panic::catch_unwind(|| require_no_token("it", &haystack, std::slice::from_ref(&token)));
        assert!(searched.is_err(), "{form}");
    }
    require_no_token("it", b"nothing of the kind", std::slice::from_ref(&token));
    let addressed = std::panic::catch_unwind(|| require_no_address("it", b"to bob@example.com"));
    assert!(addressed.is_err());
    let _ = user("bob");
}
