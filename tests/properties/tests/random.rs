//! Every property holds for random bytes, and for text of which most means something to its reader.

use properties::{address, continue_url, cursor, list, mail, token};
use proptest::prelude::*;

/// Texts of these pieces, and of any other characters.
fn made_of(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..most).prop_map(|pieces| pieces.concat().into_bytes())
}

fn with_choice(text: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (any::<u8>(), text).prop_map(|(choice, mut text)| {
        text.insert(0, choice);
        text
    })
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..200)
}

const CONTINUE_URL: &[&str] = &[
    "https://",
    "http://",
    "//",
    "/",
    "\\",
    "app.example",
    "APP.EXAMPLE",
    "evil.example",
    "@",
    ":",
    ":443",
    "/after",
    "after",
    "..",
    ".",
    "%2e",
    "%2E",
    "%25",
    "%2f",
    "%5c",
    "%00",
    "%0d%0a",
    "%",
    ";",
    "?",
    "#",
    "&",
    "=",
    "x",
    "\r\n",
    "\0",
    "ü",
    " ",
    "\"",
    "'",
    "<",
    "[::1]",
    "-",
];

const ADDRESS: &[&str] = &[
    "a",
    "b",
    "F",
    "0",
    ".",
    "-",
    "+",
    "_",
    "@",
    "@x.com",
    "xn--",
    "ö",
    "o\u{308}",
    "ß",
    "İ",
    "ı",
    "ſ",
    "\u{212A}",
    "\u{301}",
    "=?",
    "?=",
    "utf-8",
    "?q?",
    "=40",
    "%",
    "!",
    "ａ",
    "。",
    "漢",
    "\u{1100}\u{1161}",
    "א",
    "ع",
    "\u{200D}",
    "(",
    "<",
    "\"",
    "\\",
    " ",
    "[",
    "\r\n",
    "com",
    "`",
    "'",
    "{",
    "#",
];

const LIST: &[&str] = &[
    "a@x.com",
    "B@x.com",
    "Bob",
    " ",
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "<",
    ">",
    "\"",
    "\"\"",
    "'",
    "\\",
    "@",
    "mailto:",
    "?",
    "%",
    "\u{FEFF}",
    "\u{A0}",
    "\u{200B}",
    "\u{200D}",
    "\u{202E}",
    "\0",
    "é",
    "email",
    "name",
    "role",
    "first name",
    "<a@x.com>",
    "\"S, B\"",
    "(",
    ".",
];

const MAIL: &[&str] = &[
    ".",
    "@",
    "://",
    ":",
    "/",
    "\\",
    "www",
    "com",
    "2023-2024",
    "+49",
    " ",
    "-",
    "(",
    ")",
    "\r\n",
    "…",
    "[.]",
    "。",
    "．",
    "\u{200D}",
    "\u{202E}",
    "\u{FE0F}",
    "<script>",
    "=",
    "?",
    "1.1.1.1",
    "é",
    "\u{1F}",
    "\u{1F}",
    "\"",
    "'",
    "&",
    "&lt;",
    ">",
    "{{",
    "\0",
    "\u{2028}",
    "\u{85}",
    "1",
    "23",
    "a",
    "X-Tag",
    "Bcc: a",
];

proptest! {
    // What fails is kept in the corpus, not as a seed.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn idn_4_idn_5_idn_7_an_address_is_canonical_or_refused_with_its_reason(
        text in prop_oneof![made_of(ADDRESS, 16), any_bytes()],
    ) {
        address(&text);
    }

    #[test]
    fn par_2_par_3_par_4_abu_3_a_list_is_accounted_for(
        text in with_choice(prop_oneof![made_of(LIST, 40), any_bytes()]),
    ) {
        list(&text);
    }

    #[test]
    fn tok_6_tok_8_tok_10_a_token_has_the_documented_form_and_one_text(
        purpose in 0_u8..=6,
        length in 0_u8..=140,
        bytes in prop::collection::vec(32_u8..=126, 32..190),
        other in with_choice(any_bytes()),
    ) {
        let fit = usize::from(length) + 36;
        let mut decoded = vec![1, 0x10 | purpose, 0, 0, 0, 1, length];
        decoded.extend(bytes.iter().cycle().take(fit - 4));
        token(&decoded);
        decoded.truncate(bytes.len());
        token(&decoded);
        token(&other);
    }

    #[test]
    fn f20_web_3_a_page_that_is_allowed_lies_below_the_listed_one(
        text in prop_oneof![with_choice(any_bytes()), with_choice(made_of(CONTINUE_URL, 8))],
    ) {
        continue_url(&text);
    }

    #[test]
    fn a_cursor_has_one_text_and_one_list(text in with_choice(any_bytes())) {
        cursor(&text);
    }

    #[test]
    fn mai_1_mai_2_mai_8_no_text_of_a_user_changes_the_shape_of_a_mail(
        text in with_choice(prop_oneof![made_of(MAIL, 40), any_bytes()]),
    ) {
        mail(&text);
    }
}
