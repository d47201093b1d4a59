//! The list of cases: the one place where they stand.

/// Hands every case to a macro, by the number and name of its sentence.
#[doc(hidden)]
#[macro_export]
macro_rules! __mailer_cases {
    ($callback:ident $arguments:tt) => {
        $crate::$callback! { $arguments
            1 ok_means_accepted [
                failures::ok_means_accepted
                failures::ok_means_accepted_and_not_that_it_failed
            ]
            2 an_error_says_whether_to_try_again [
                failures::an_error_says_whether_to_try_again_when_nobody_answers
                failures::an_error_says_whether_to_try_again_when_refused_for_good
                failures::an_error_says_whether_to_try_again_when_refused_for_now
                failures::an_error_says_whether_to_try_again_when_the_reply_is_lost
            ]
            3 one_recipient [
                addresses::one_recipient
                addresses::one_recipient_whatever_it_is_called
                addresses::one_recipient_in_any_domain
            ]
            4 the_sender_is_configured [
                addresses::the_sender_is_configured
                addresses::the_sender_is_configured_whatever_a_message_says
            ]
            5 unaltered [
                content::unaltered
                content::unaltered_in_every_script
                content::unaltered_where_lines_are_long
                content::unaltered_where_a_protocol_has_a_say
                content::unaltered_whatever_it_means
                content::unaltered_without_html
                content::unaltered_further_headers
            ]
            6 text_adds_no_header [
                content::text_adds_no_header
                content::text_adds_no_header_at_random
            ]
            7 a_repeat_has_the_same_id [
                trying::a_repeat_has_the_same_id
                trying::a_repeat_has_the_same_id_after_a_lost_reply
            ]
            8 one_try [
                trying::one_try
            ]
            9 alone [
                trying::alone
                trying::alone_when_another_fails
            ]
            10 silent [
                silence::silent_in_errors
                silence::silent_in_logs
            ]
            11 bounded [
                trying::bounded
            ]
            12 whole_or_not [
                trying::whole_or_not
            ]
        }
    };
}

/// Makes a test of every case of the contract of `invite-mailer`.
///
/// The expression makes a [`Fixture`](crate::mailer::Fixture): a mailer, with its next hop in the hand of the test. It
/// is evaluated anew for every test, inside of the test's runtime, and may await.
///
/// ```text
/// invite_conformance::mailer!(Server::start().await);
/// ```
///
/// What a mailer or its test cannot show is left out with the reason. The test is there, ignored.
///
/// ```text
/// invite_conformance::mailer! {
///     Folder::new();
///     except an_error_says_whether_to_try_again_when_refused_for_good: "a folder refuses nobody for good"
/// }
/// ```
#[macro_export]
macro_rules! mailer {
    ($fixture:expr $(; except $($case:ident: $reason:literal),+ $(,)?)?) => {
        $crate::__one_test! { ($) mailer __invite_mailer_case [$fixture] [$($($case: $reason),+)?] }
        $crate::__mailer_cases! { __tests [__invite_mailer_case] }
    };
}
