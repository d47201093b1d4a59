//! Cases of the sentences on what the result of a send says.

use super::Subject;
use super::fixture::Failure;
use super::messages::{bob, message};

/// The moment `send` returns, the next hop has the message.
pub(super) async fn ok_means_accepted(fixture: Subject) {
    for n in 1..=3 {
        fixture.mailer().send(&message(&format!("m{n}"))).await.unwrap();
        assert_eq!(fixture.arrived().await.len(), 1, "messages that arrived once `send` said so");
    }
}

/// Whatever fails without a message arriving is told.
pub(super) async fn ok_means_accepted_and_not_that_it_failed(fixture: Subject) {
    let mut staged = 0;
    for failure in Failure::AT_ONCE {
        if failure.arrives() || !fixture.fail_next(&bob(), failure).await {
            continue;
        }
        staged += 1;
        let result = fixture.mailer().send(&message("m1")).await;
        let has_arrived = !fixture.arrived().await.is_empty();
        assert!(result.is_err() || has_arrived, "`send` returned Ok, and nothing arrived: {failure:?}");
    }
    assert!(staged > 0, "the fixture can stage no failure: leave this case out, with the reason");
}

async fn is_transient(fixture: Subject, failure: Failure) {
    fixture.must_fail_next(&bob(), failure).await;
    let error = fixture.mailer().send(&message("m1")).await.unwrap_err();
    assert!(error.is_transient() && !error.is_permanent(), "{failure:?} may pass, and was told as permanent");
}

pub(super) async fn an_error_says_whether_to_try_again_when_nobody_answers(fixture: Subject) {
    is_transient(fixture, Failure::Unreachable).await;
}

pub(super) async fn an_error_says_whether_to_try_again_when_refused_for_now(fixture: Subject) {
    is_transient(fixture, Failure::RefusedForNow).await;
}

pub(super) async fn an_error_says_whether_to_try_again_when_the_reply_is_lost(fixture: Subject) {
    is_transient(fixture, Failure::ReplyLost).await;
}

pub(super) async fn an_error_says_whether_to_try_again_when_refused_for_good(fixture: Subject) {
    fixture.must_fail_next(&bob(), Failure::RefusedForGood).await;
    let error = fixture.mailer().send(&message("m1")).await.unwrap_err();
    assert!(error.is_permanent() && !error.is_transient(), "refused for good, and told as transient");
}
