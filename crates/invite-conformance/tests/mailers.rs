//! The suite for mailers: a right one passes, and each broken one is found, in the cases that look for what is wrong.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, reason = "it knows nothing of who runs it")]
mod wire;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Once;

use invite_conformance::mailer::{CASES, Fixture};
use wire::{Broken, Wire};

mod a_right_one {
    invite_conformance::mailer!(super::Wire::new(None));
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Lets the cases of this thread, which fail on purpose, not print it.
fn quietly() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loudly = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loudly(panic);
            }
        }));
    });
    QUIET.set(true);
}

/// What the suite finds of a broken mailer.
fn findings(how: Broken) -> Vec<invite_conformance::Broken> {
    quietly();
    let found = CASES
        .iter()
        .filter_map(|case| case.try_run(async { Box::new(Wire::new(Some(how))) as Box<dyn Fixture> }).err());
    let found = found.collect();
    QUIET.set(false);
    found
}
/// The suite finds it: in these cases, with these words in the first of them, and in no other but those whose names
/// begin like one of `also`, which cannot pass with it.
fn is_found(how: Broken, cases: &[&str], words: &str, also: &[&str]) {
    let found = findings(how);
    let names = found.iter().map(|broken| broken.case).collect::<Vec<_>>();
    for case in cases {
        assert!(names.contains(case), "{case} passed; what was found: {names:#?}");
    }
    let may = |name: &str| cases.contains(&name) || also.iter().any(|also| name.starts_with(also));
    let unexpected = names.iter().filter(|name| !may(name)).collect::<Vec<_>>();
    assert!(unexpected.is_empty(), "failed without a reason: {unexpected:#?}");
    let first = found.iter().find(|broken| broken.case == cases[0]).unwrap();
    assert!(first.seen.contains(words), "{words:?} is not why it failed:\n{first}");
}

/// Broken mailers, each with the cases that find it, the words of the first of them, and the beginnings of the names of
/// others that cannot pass with it.
macro_rules! broken_mailers {
    ($($name:ident: $how:ident, fails [$($case:ident)+] saying $words:literal $(also [$($also:ident)+])?;)+) => {
        $(#[test]
        fn $name() {
            is_found(Broken::$how, &[$(stringify!($case)),+], $words, &[$($(stringify!($also)),+)?]);
        })+

        #[test]
        fn every_case_finds_a_broken_mailer() {
            let finding = BTreeSet::from([$($(stringify!($case)),+),+]);
            let idle = CASES.iter().map(|case| case.name()).filter(|name| !finding.contains(name));
            assert_eq!(idle.collect::<Vec<_>>(), [""; 0], "cases that find no broken mailer");
        }
    };
}

broken_mailers! {
    sent_is_said_of_what_failed: SaysSentWhatFailed, fails [ok_means_accepted_and_not_that_it_failed]
        saying "returned Ok, and nothing arrived"
        also [an_error_says_whether_to_try_again one_try alone_when_another_fails silent_in_errors bounded];
    sent_is_said_before_it_is: SaysSentBeforeItIs, fails [ok_means_accepted alone]
        saying "messages that arrived once `send` said so"
        also [
            ok_means_accepted an_error_says_whether_to_try_again one_recipient the_sender_is_configured unaltered
            text_adds_no_header a_repeat_has_the_same_id one_try alone bounded whole_or_not
        ];
    what_passes_is_told_as_permanent: TellsPassingAsPermanent,
        fails [
            an_error_says_whether_to_try_again_when_nobody_answers
            an_error_says_whether_to_try_again_when_refused_for_now
        ]
        saying "Unreachable may pass, and was told as permanent";
    what_is_permanent_is_told_as_passing: TellsPermanentAsPassing,
        fails [an_error_says_whether_to_try_again_when_refused_for_good]
        saying "refused for good, and told as transient";
    a_lost_reply_is_told_as_permanent: TellsALostReplyAsPermanent,
        fails [an_error_says_whether_to_try_again_when_the_reply_is_lost bounded]
        saying "ReplyLost may pass, and was told as permanent";
    an_archive_gets_a_copy: CopiesTheArchive, fails [one_recipient] saying "archive@acme.example"
        also [one_recipient];
    the_recipient_is_lowered: LowersTheRecipient, fails [one_recipient_in_any_domain]
        saying "who stands on the envelope" also [one_recipient];
    a_name_becomes_two_addresses: SplitsTheName, fails [one_recipient_whatever_it_is_called]
        saying "who stands in To";
    mail_goes_out_in_the_inviters_name: SendsInTheInvitersName,
        fails [the_sender_is_configured_whatever_a_message_says the_sender_is_configured]
        saying "Ada Lovelace";
    bounces_go_to_the_recipient: BouncesToTheRecipient, fails [the_sender_is_configured]
        saying "who stands on the envelope" also [the_sender_is_configured];
    the_text_is_missing: DropsTheText, fails [unaltered] saying "the text" also [unaltered];
    the_html_is_escaped_twice: EscapesTheHtml, fails [unaltered] saying "the HTML" also [unaltered];
    a_link_is_broken_in_two: WrapsLines, fails [unaltered_where_lines_are_long] saying "the text" also [unaltered];
    links_are_tracked: TracksLinks, fails [unaltered] saying "click.example" also [unaltered];
    further_headers_are_forgotten: ForgetsHeaders, fails [unaltered_further_headers] saying "the header Auto-Submitted"
        also [unaltered];
    html_is_made_up: MakesHtmlUp, fails [unaltered_without_html] saying "right: None";
    only_ascii_is_written: WritesAsciiAlone,
        fails [unaltered_in_every_script unaltered_where_lines_are_long unaltered_whatever_it_means]
        saying "?ngstr?m";
    a_leading_dot_is_dropped: DropsLeadingDots,
        fails [unaltered_where_a_protocol_has_a_say unaltered_whatever_it_means]
        saying "hidden";
    quoted_printable_is_decoded_twice: DecodesQuotedPrintableTwice,
        fails [unaltered_where_a_protocol_has_a_say unaltered_whatever_it_means]
        saying "a=3D=20b";
    a_boundary_is_reused: ReusesTheBoundary,
        fails [text_adds_no_header unaltered_where_a_protocol_has_a_say unaltered_whatever_it_means]
        saying "further parts of what says \"--=_m1";
    the_text_is_previewed: PreviewsTheText, fails [text_adds_no_header_at_random text_adds_no_header]
        saying "the headers of what says" also [unaltered];
    folding_makes_headers: FoldsIntoHeaders, fails [text_adds_no_header] saying "the headers of what says"
        also [unaltered];
    a_subject_is_decoded_into_a_header: DecodesPercents, fails [text_adds_no_header unaltered_whatever_it_means]
        saying "the headers of what says \"%0d%0aBcc";
    each_try_has_its_own_id: MakesAnIdPerTry,
        fails [a_repeat_has_the_same_id a_repeat_has_the_same_id_after_a_lost_reply]
        saying "the Message-ID of both";
    it_tries_again: TriesAgain, fails [one_try] saying "the mailer tried again by itself"
        also [an_error_says_whether_to_try_again alone_when_another_fails bounded];
    // The first of them sends one after another: how far many at once have come when one fails is left to the threads.
    one_failure_is_everybodys: FailsAllForOne,
        fails [a_repeat_has_the_same_id_after_a_lost_reply alone_when_another_fails]
        saying "not connected any more";
    errors_repeat_the_address: RepeatsTheAddressInErrors, fails [silent_in_errors] saying "an error holds";
    the_text_is_logged: LogsTheText, fails [silent_in_logs] saying "a log line holds";
    it_waits_for_ever: WaitsForEver, fails [bounded] saying "the next hop never answers";
    halves_arrive: SendsInHalves, fails [whole_or_not] saying "of what was cut short";
}

/// The sentences as the contract numbers them, with `_` for `-`.
fn sentences() -> Vec<(u32, String)> {
    let contract = include_str!("../../invite-mailer/src/lib.rs");
    let lines = contract.lines().filter_map(|line| line.strip_prefix("//! - **M-"));
    let sentence = |line: &str| {
        let (number, rest) = line.split_once(" `").unwrap();
        let (name, _) = rest.split_once('`').unwrap();
        (number.parse().unwrap(), name.replace('-', "_"))
    };
    lines.map(sentence).collect()
}

#[test]
fn every_sentence_has_a_case_of_its_name() {
    let mut listed = CASES.iter().map(|case| (case.number(), case.sentence().to_owned())).collect::<Vec<_>>();
    listed.dedup();
    assert_eq!(listed, sentences());
    assert_eq!(listed.len(), 12);
    for case in CASES {
        assert!(case.name().starts_with(case.sentence()), "{}", case.name());
    }
}
