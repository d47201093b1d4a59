//! Cases of the sentences on tries: how many, side by side, cut short.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use invite_mailer::{Mailer as _, Message};
use tokio::task::JoinSet;

use super::Subject;
use super::fixture::Failure;
use super::messages::{address, bob, message, saying, sent};

/// MAI-4. A mailer whose next hop knows a repeat may show it once.
pub(super) async fn a_repeat_has_the_same_id(fixture: Subject) {
    for _ in 0..2 {
        fixture.mailer().send(&message("m1")).await.unwrap();
    }
    let mut ids = ids(&fixture).await;
    assert!((1..=2).contains(&ids.len()), "two tries of one message arrived as {ids:?}");
    ids.dedup();
    assert_eq!(ids, [Some(message("m1").id().at(&fixture.sender()))], "the Message-ID of both");
}

/// MAI-4, where it matters: the first try arrived, and nobody knows.
pub(super) async fn a_repeat_has_the_same_id_after_a_lost_reply(fixture: Subject) {
    fixture.must_fail_next(&bob(), Failure::ReplyLost).await;
    let _lost = fixture.mailer().send(&message("m1")).await;
    fixture.mailer().send(&message("m1")).await.unwrap();
    fixture.mailer().send(&message("m2")).await.unwrap();
    let mut ids = ids(&fixture).await;
    ids.dedup();
    let expected = ["m1", "m2"].map(|id| Some(message(id).id().at(&fixture.sender())));
    assert_eq!(ids, expected, "the Message-IDs of a message, its repeat, and another one");
}

async fn ids(fixture: &Subject) -> Vec<Option<String>> {
    let mut ids = fixture.arrived().await.into_iter().map(|received| received.message_id).collect::<Vec<_>>();
    ids.sort();
    ids
}

/// The next hop would have taken the message at a second try.
pub(super) async fn one_try(fixture: Subject) {
    fixture.must_fail_next(&bob(), Failure::RefusedForNow).await;
    let result = fixture.mailer().send(&message("m1")).await;
    assert!(fixture.arrived().await.is_empty(), "the mailer tried again by itself");
    assert!(result.is_err());
}

const MANY: usize = 32;

fn numbered(n: usize) -> Message {
    let to = address(&format!("u{n}@example.com"));
    saying(to, &format!("m{n}"), &format!("Number {n}!"), &format!("Number {n}!"))
}

/// Sends many messages side by side, and says which of them failed.
async fn many(fixture: &Subject) -> Vec<usize> {
    let mut sends = JoinSet::new();
    for n in 0..MANY {
        let mailer = fixture.mailer();
        sends.spawn(async move { (n, mailer.send(&numbered(n)).await.is_err()) });
    }
    let mut failed = sends.join_all().await;
    failed.retain(|(_, failed)| *failed);
    failed.into_iter().map(|(n, _)| n).collect()
}

/// Each arrived once, with its own words.
async fn assert_arrived(fixture: &Subject, numbers: impl Iterator<Item = usize>) {
    let arrived = fixture.arrived().await;
    let mut left = arrived.len();
    for n in numbers {
        let to = format!("u{n}@example.com");
        let of_it = arrived.iter().filter(|received| received.to.iter().any(|(_, address)| *address == to));
        let of_it = of_it.collect::<Vec<_>>();
        assert_eq!(of_it.len(), 1, "how often message {n} arrived");
        for part in [Some(&of_it[0].subject), of_it[0].text.as_ref(), of_it[0].html.as_ref()] {
            assert!(
                part.is_none_or(|part| part.contains(&format!("Number {n}!"))),
                "words of another message"
            );
        }
        left -= 1;
    }
    assert_eq!(left, 0, "messages that arrived and should not have");
}

/// MAI-5
pub(super) async fn alone(fixture: Subject) {
    assert_eq!(many(&fixture).await, [0; 0], "which of many failed");
    assert_arrived(&fixture, 0..MANY).await;
}

/// MAI-5
pub(super) async fn alone_when_another_fails(fixture: Subject) {
    fixture.must_fail_next(&address("u7@example.com"), Failure::RefusedForNow).await;
    assert_eq!(many(&fixture).await, [7], "which of many failed");
    assert_arrived(&fixture, (0..MANY).filter(|n| *n != 7)).await;
    fixture.mailer().send(&numbered(MANY)).await.unwrap();
    assert_arrived(&fixture, std::iter::once(MANY)).await;
}

/// Longer than any time-out that a fixture may set.
const BOUND: Duration = Duration::from_secs(5);

pub(super) async fn bounded(fixture: Subject) {
    fixture.must_fail_next(&bob(), Failure::NoAnswer).await;
    let (mailer, message) = (fixture.mailer(), message("m1"));
    let ended = tokio::time::timeout(BOUND, mailer.send(&message)).await;
    let Ok(result) = ended else { panic!("the next hop never answers, and `send` does not end") };
    assert!(result.unwrap_err().is_transient(), "a time-out is transient");
}

/// Dropped after each number of steps that it takes: what arrived is as whole as one that was waited for, and the
/// mailer goes on.
pub(super) async fn whole_or_not(fixture: Subject) {
    let message = message("m1");
    let whole = sent(fixture.as_ref(), &message).await;
    for steps in 0..64 {
        let mailer = fixture.mailer();
        let mut send = mailer.send(&message);
        let mut ended = false;
        for _ in 0..steps {
            ended = ended || poll_once(&mut send).await;
            tokio::task::yield_now().await;
            if ended {
                break;
            }
        }
        drop(send);
        for received in fixture.arrived().await {
            assert_eq!(received.header_names(), whole.header_names(), "the headers of what was cut short");
            assert_eq!(received.text, whole.text, "the text of what was cut short");
            assert_eq!(received.html, whole.html, "the HTML of what was cut short");
        }
        if ended {
            break;
        }
    }
    fixture.mailer().send(&message).await.unwrap();
}

async fn poll_once<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send + '_>>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}
