//! Cases of the sentence on what nobody may read in passing.

use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::Subject;
use super::fixture::Failure;
use super::messages::{LINK, WORDS, bob, message};

/// No text of the message, no link, no whole address (PRI-4, TOK-3).
#[track_caller]
fn assert_silent(text: &str, of: &str) {
    let secrets = [LINK.to_owned(), LINK.rsplit('#').next().unwrap_or(LINK).to_owned(), WORDS.to_owned()];
    let address = bob().as_str().to_owned();
    for secret in secrets.iter().chain([&address, &address.to_lowercase()]) {
        assert!(!text.contains(secret), "{of} holds {secret:?}: {text}");
    }
}

/// All that an error says, to its last source.
fn told(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, " {error} {error:?}");
        source = error.source();
    }
    text
}

pub(super) async fn silent_in_errors(fixture: Subject) {
    let mut seen = 0;
    for failure in Failure::AT_ONCE {
        if fixture.fail_next(&bob(), failure).await
            && let Err(error) = fixture.mailer().send(&message("m1")).await
        {
            seen += 1;
            assert_silent(&told(&error), "an error");
        }
    }
    assert!(seen > 0, "no failure was seen: leave this case out, with the reason");
}

/// Of what goes through `tracing` while the mailer is at work, failing and not.
pub(super) async fn silent_in_logs(fixture: Subject) {
    let heard = Heard::default();
    let mailer = fixture.mailer();
    let sends = async {
        for failure in Failure::AT_ONCE {
            if fixture.fail_next(&bob(), failure).await {
                let _failed = mailer.send(&message("m1")).await;
            }
        }
        let _sent = mailer.send(&message("m1")).await;
    };
    sends.with_subscriber(heard.clone()).await;
    let text = heard.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_silent(&text, "a log line");
}

/// Hears everything that is said.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<String>>);

impl Visit for &Heard {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write!(text, "{field}={value:?} ");
    }
}

impl Subscriber for Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut &*self);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut &*self);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut &*self);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
