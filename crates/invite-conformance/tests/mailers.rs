//! The suite for mailers: a right one passes, and each broken one is found, by the sentence that it breaks.
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

/// The sentences that a broken mailer breaks, as the suite finds.
fn broken_by(how: Broken) -> BTreeSet<&'static str> {
    quietly();
    let failed = CASES
        .iter()
        .filter_map(|case| case.try_run(async { Box::new(Wire::new(Some(how))) as Box<dyn Fixture> }).err());
    let broken = failed.map(|broken| broken.sentence).collect();
    QUIET.set(false);
    broken
}

/// Each broken mailer with the sentence that it is about, and those that cannot be kept without it.
macro_rules! broken_mailers {
    ($($name:ident: $how:ident breaks $sentence:ident $(with [$($other:ident)+])?;)+) => {
        $(#[test]
        fn $name() {
            let expected = BTreeSet::from([stringify!($sentence) $($(, stringify!($other))+)?]);
            assert_eq!(broken_by(Broken::$how), expected);
        })+
    };
}

broken_mailers! {
    sent_is_said_of_what_failed: SaysSentWhatFailed breaks ok_means_accepted
        with [an_error_says_whether_to_try_again one_try alone silent bounded];
    sent_is_said_before_it_is: SaysSentBeforeItIs breaks ok_means_accepted
        with [
            an_error_says_whether_to_try_again one_recipient the_sender_is_configured unaltered text_adds_no_header
            a_repeat_has_the_same_id one_try alone bounded whole_or_not
        ];
    what_passes_is_told_as_permanent: TellsPassingAsPermanent breaks an_error_says_whether_to_try_again;
    what_is_permanent_is_told_as_passing: TellsPermanentAsPassing breaks an_error_says_whether_to_try_again;
    a_lost_reply_is_told_as_permanent: TellsALostReplyAsPermanent breaks an_error_says_whether_to_try_again
        with [bounded];
    an_archive_gets_a_copy: CopiesTheArchive breaks one_recipient;
    the_recipient_is_lowered: LowersTheRecipient breaks one_recipient;
    a_name_becomes_two_addresses: SplitsTheName breaks one_recipient;
    mail_goes_out_in_the_inviters_name: SendsInTheInvitersName breaks the_sender_is_configured;
    bounces_go_to_the_recipient: BouncesToTheRecipient breaks the_sender_is_configured;
    the_text_is_missing: DropsTheText breaks unaltered;
    the_html_is_escaped_twice: EscapesTheHtml breaks unaltered;
    a_link_is_broken_in_two: WrapsLines breaks unaltered;
    links_are_tracked: TracksLinks breaks unaltered;
    further_headers_are_forgotten: ForgetsHeaders breaks unaltered;
    folding_makes_headers: FoldsIntoHeaders breaks text_adds_no_header with [unaltered];
    a_subject_is_decoded_into_a_header: DecodesPercents breaks text_adds_no_header with [unaltered];
    each_try_has_its_own_id: MakesAnIdPerTry breaks a_repeat_has_the_same_id;
    it_tries_again: TriesAgain breaks one_try with [an_error_says_whether_to_try_again alone bounded];
    one_failure_is_everybodys: FailsAllForOne breaks alone with [a_repeat_has_the_same_id];
    errors_repeat_the_address: RepeatsTheAddressInErrors breaks silent;
    the_text_is_logged: LogsTheText breaks silent;
    it_waits_for_ever: WaitsForEver breaks bounded;
    halves_arrive: SendsInHalves breaks whole_or_not;
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
