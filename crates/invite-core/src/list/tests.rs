use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

use super::*;
use crate::EmailAddress;
use crate::testing::cases;
use crate::text::is_invisible;

fn plain() -> ListOptions {
    ListOptions::new()
}

fn with_users() -> ListOptions {
    plain().names(NameFragments::UserNames)
}

fn with_columns() -> ListOptions {
    plain().header(HeaderLine::Recognise)
}

/// Each fragment in short: `canonical`, `canonical|name`, `canonical|name|role`, `@user`, `=first` or
/// `!code`.
fn short(list: &PastedList) -> Vec<String> {
    let entry = |entry: &Entry| {
        let who = match &entry.who {
            Who::Address(address) => String::from(address.canonical()),
            Who::UserName(name) => format!("@{name}"),
        };
        match (&entry.name, &entry.role) {
            (None, None) => who,
            (name, None) => format!("{who}|{}", name.as_deref().unwrap_or_default()),
            (name, Some(role)) => format!("{who}|{}|{role}", name.as_deref().unwrap_or_default()),
        }
    };
    let outcome = |fragment: &Fragment| match &fragment.parsed {
        Parsed::Accepted(accepted) => entry(accepted),
        Parsed::Duplicate { of } => format!("={of}"),
        Parsed::Invalid(reason) => format!("!{}", reason.code()),
    };
    list.fragments().iter().map(outcome).collect()
}

fn check(cases: &[(&str, ListOptions, &str, &[&str])]) {
    for (name, options, text, expected) in cases {
        assert_eq!(short(&parse_list(text, options).unwrap()), *expected, "{name}");
    }
}

#[test]
fn par_1_what_people_paste() {
    check(&[
        ("nothing", plain(), "", &[]),
        ("separators only", plain(), " ,; \t\r\n\n,\u{FEFF}", &[]),
        ("comma", plain(), "a@x.com,b@x.com, c@x.com", &["a@x.com", "b@x.com", "c@x.com"]),
        ("semicolon", plain(), "a@x.com;b@x.com ; c@x.com;", &["a@x.com", "b@x.com", "c@x.com"]),
        (
            "lf, crlf, cr",
            plain(),
            "a@x.com\nb@x.com\r\nc@x.com\rd@x.com",
            &["a@x.com", "b@x.com", "c@x.com", "d@x.com"],
        ),
        ("blank lines", plain(), "\n\na@x.com\n \n\r\n\r\nb@x.com\n", &["a@x.com", "b@x.com"]),
        ("spaces", plain(), "a@x.com b@x.com   c@x.com", &["a@x.com", "b@x.com", "c@x.com"]),
        ("excel column, crlf", plain(), "a@x.com\r\nb@x.com\r\n\r\n", &["a@x.com", "b@x.com"]),
        ("excel row", plain(), "a@x.com\tb@x.com\t\tc@x.com\r\n", &["a@x.com", "b@x.com", "c@x.com"]),
        ("joiner behind a control character", plain(), "\"\0\u{200D}Bob\" <b@x.com>", &["b@x.com|Bob"]),
        ("csv cells", plain(), "\"a@x.com\",\"b@x.com\"\n", &["a@x.com", "b@x.com"]),
        (
            "csv cell with a name",
            plain(),
            "\"Smith, Bob <b@x.com>\",\"c@x.com\"",
            &["b@x.com|Smith, Bob", "c@x.com"],
        ),
        (
            "gmail",
            plain(),
            "Bob Smith <bob@x.com>, \"Doe, Eve\" <eve@x.com>, al@x.com",
            &["bob@x.com|Bob Smith", "eve@x.com|Doe, Eve", "al@x.com"],
        ),
        (
            "outlook",
            plain(),
            "Smith, Bob <bob@x.com>; Doe, Eve, Dr. <eve@x.com>;",
            &["bob@x.com|Smith, Bob", "eve@x.com|Doe, Eve, Dr."],
        ),
        (
            "outlook, address as name",
            plain(),
            "'bob@x.com' <bob@x.com>; EVE@x.com <eve@x.com>;",
            &["bob@x.com", "eve@x.com"],
        ),
        (
            "outlook, single quotes",
            plain(),
            "'bob@x.com'; 'Eve' <eve@x.com>",
            &["bob@x.com", "eve@x.com|Eve"],
        ),
        ("outlook, plain text link", plain(), "bob@x.com<mailto:bob@x.com>", &["bob@x.com"]),
        (
            "commas beside semicolons",
            plain(),
            "a@x.com, Smith, Bob <b@x.com>, c@x.com; d@x.com",
            &["a@x.com", "b@x.com|Smith, Bob", "c@x.com", "d@x.com"],
        ),
        (
            "a comma is no name without semicolons",
            plain(),
            "mistyped.x.com, Bob <b@x.com>",
            &["!list-not-an-address", "b@x.com|Bob"],
        ),
        (
            "names that lead nowhere",
            plain(),
            "Smith, Bob, c@x.com; d@x.com",
            &["!list-not-an-address", "!list-not-an-address", "c@x.com", "d@x.com"],
        ),
        (
            "a semicolon in quotes is no separator",
            plain(),
            "al, \"a;b\" <a@x.com>, B <b@x.com>",
            &["!list-not-an-address", "a@x.com|a;b", "b@x.com|B"],
        ),
        (
            "brackets end a fragment",
            plain(),
            "Bob <a@x.com> Eve <b@x.com>c@x.com",
            &["a@x.com|Bob", "b@x.com|Eve", "c@x.com"],
        ),
        ("brackets alone", plain(), "<a@x.com>,< b@x.com >", &["a@x.com", "b@x.com"]),
        (
            "mailto",
            plain(),
            "mailto:a@x.com, MAILTO:b@x.com?subject=hi; <mailto:c@x.com>",
            &["a@x.com", "b@x.com", "c@x.com"],
        ),
        (
            "mailto twice",
            plain(),
            "mailto:MailTo: a@x.com; mailto:mailto:, b@x.com",
            &["a@x.com", "!list-empty", "b@x.com"],
        ),
        ("encoded mailto", plain(), "mailto:a%2Bb@x.com", &["!list-encoded-link"]),
        (
            "web page",
            plain(),
            "\u{FEFF}a@x.com\u{200B},\u{A0}b@x.com\u{A0}; \u{202A}c@x.com\u{202C}",
            &["a@x.com", "b@x.com", "c@x.com"],
        ),
        (
            "escaped quotes",
            plain(),
            "\"Bob \\\"B\\\" S\" <a@x.com>, \"Eve \"\"E\"\" D\" <b@x.com>",
            &["a@x.com|Bob \"B\" S", "b@x.com|Eve \"E\" D"],
        ),
        (
            "quotes inside a name",
            plain(),
            "Bob \"The Rock, Jr\" S <a@x.com>",
            &["a@x.com|Bob \"The Rock, Jr\" S"],
        ),
        (
            "a quote inside a word is text",
            plain(),
            "Bob 6\" <a@x.com>, b@x.com",
            &["a@x.com|Bob 6\"", "b@x.com"],
        ),
        (
            "unicode",
            plain(),
            "Jörg Müller <jörg@bücher.example>; 王, 小明 <wang@x.com>",
            &["jörg@xn--bcher-kva.example|Jörg Müller", "wang@x.com|王, 小明"],
        ),
        (
            "name is cleaned",
            plain(),
            "\u{202E}Bob \u{7}  S\u{200B}mi\u{202D}th <a@x.com>",
            &["a@x.com|Bob Smith"],
        ),
        (
            "name with a control character between plain ones",
            plain(),
            "Bob\u{7} Smi\u{7F}th <a@x.com>, B\u{7}o <d@x.com>, Al  <b@x.com>, A  B <c@x.com>",
            &["a@x.com|Bob Smith", "d@x.com|Bo", "b@x.com|Al", "c@x.com|A B"],
        ),
        ("name that cannot be seen", plain(), "\"\u{200B}\" <a@x.com>", &["a@x.com"]),
        (
            "duplicates",
            plain(),
            "a@x.com, A@X.com; Al <a@x.com>\nb@x.com",
            &["a@x.com", "=0", "=0", "b@x.com"],
        ),
        (
            "user names",
            with_users(),
            "carol, dave@x.com; \"erin\" carol\ncarol",
            &["@carol", "dave@x.com", "!list-bad-user-name", "=0"],
        ),
        (
            "user names in single quotes, once or twice",
            with_users(),
            "'carol', ''carol'', ''''",
            &["@carol", "=0", "!list-empty"],
        ),
        (
            "user names in quotes",
            with_users(),
            "\"carol\", Smith, Bob <b@x.com>; dave",
            &["@carol", "b@x.com|Smith, Bob", "@dave"],
        ),
        ("user names keep their case", with_users(), "Carol,carol", &["@Carol", "@carol"]),
    ]);
}

#[test]
fn par_1_what_is_invalid_and_why() {
    let long = "x".repeat(300);
    check(&[
        ("no address", plain(), "bob", &["!list-not-an-address"]),
        (
            "not even a user name",
            with_users(),
            &format!("{long}, Bob Smith, a\u{200B}b"),
            &["!list-bad-user-name"; 3],
        ),
        ("words", plain(), "Bob bob@x.com", &["!list-several-words"]),
        (
            "bad address",
            plain(),
            "bob@localhost, a@@b.com, a@x.com.",
            &["!email-bad-domain", "!email-two-ats", "!email-bad-domain"],
        ),
        ("open bracket", plain(), "Bob <bob@x.com, eve@x.com", &["!list-unpaired-bracket", "eve@x.com"]),
        ("closing bracket", plain(), "bob@x.com>, eve@x.com", &["!list-unpaired-bracket", "eve@x.com"]),
        (
            "empty brackets",
            plain(),
            "Bob <>, <mailto:>, \"\", ''",
            &["!list-empty", "!list-empty", "!list-empty", "!list-empty"],
        ),
        ("address in name", plain(), "eve@x.com Bob <bob@x.com>", &["!list-address-in-name"]),
        ("quoted at in name", plain(), "\"bob@work\" <bob@x.com>", &["bob@x.com|bob@work"]),
        ("long name", plain(), &format!("{long} <bob@x.com>"), &["!list-long-name"]),
        (
            "unclosed quote",
            plain(),
            "a@x.com, \"b@x.com, c@x.com\nd@x.com",
            &["a@x.com", "!list-unclosed-quote", "d@x.com"],
        ),
        (
            "unclosed quote behind commas",
            plain(),
            "a; b, \"c; d@x.com",
            &["!list-not-an-address", "!list-not-an-address", "!list-unclosed-quote"],
        ),
        ("comment", plain(), "bob@x.com (Bob)", &["!list-several-words"]),
    ]);
}

#[test]
fn par_5_columns_are_recognised_only_if_asked() {
    let sheet = "Name\tE-Mail\tRole\r\nBob Smith\tbob@x.com\tadmin\r\n";
    check(&[
        (
            "not asked",
            plain(),
            sheet,
            &[
                "!list-not-an-address",
                "!list-not-an-address",
                "!list-not-an-address",
                "!list-not-an-address",
                "bob@x.com",
                "!list-not-an-address",
            ],
        ),
        ("asked", with_columns(), sheet, &["bob@x.com|Bob Smith|admin"]),
        (
            "asked, no header",
            with_columns(),
            "bob@x.com\nBob\teve@x.com",
            &["bob@x.com", "!list-not-an-address", "eve@x.com"],
        ),
        (
            "csv with quotes, bom and blank rows",
            with_columns(),
            "\u{FEFF}\"First Name\",\"Last Name\",\"Email Address\",\"Phone\"\r\n\r\n\
             \"Bob\",\"Smith, Jr\",\"bob@x.com\",\"1\"\r\n,,,\r\n,,eve@x.com\r\n",
            &["bob@x.com|Bob Smith, Jr", "eve@x.com"],
        ),
        ("semicolons", with_columns(), "mail;role\nBob, B <bob@x.com>;\"a;b\"\n", &["bob@x.com|Bob, B|a;b"]),
        ("first column without a head", with_columns(), "\tEmail\n1\tbob@x.com\n", &["bob@x.com"]),
        ("one column", with_columns(), "\nEMAIL\nbob@x.com, eve@x.com\n", &["bob@x.com", "eve@x.com"]),
        ("address beside email", with_columns(), "Address,Email\n1 Main St,bob@x.com", &["bob@x.com"]),
        ("address alone", with_columns(), "address,name\nbob@x.com,", &["bob@x.com"]),
        (
            "first or last name alone",
            with_columns(),
            "email,first name,last name\na@x.com,,Smith\nb@x.com,Bob,",
            &["a@x.com|Smith", "b@x.com|Bob"],
        ),
        (
            "two address columns",
            with_columns(),
            "email,mail\nbob@x.com,eve@x.com",
            &["!list-not-an-address", "!list-not-an-address", "bob@x.com", "eve@x.com"],
        ),
        (
            "bad rows",
            with_columns(),
            "name,email\nBob,\nBob\nSmith,Bob,bob@x.com\nBob,bob@x.com,,\n\"Bob,bob@x.com\nBob,a@x.com b@x.com",
            &[
                "!list-no-address-in-row",
                "!list-no-address-in-row",
                "!list-extra-cells",
                "bob@x.com|Bob",
                "!list-unclosed-quote",
                "!list-several-words",
            ],
        ),
        (
            "duplicate rows",
            with_columns(),
            "email,role\nbob@x.com,admin\nBOB@x.com,member",
            &["bob@x.com||admin", "=0"],
        ),
        (
            "long role",
            with_columns(),
            &format!("email,role\nbob@x.com,{}", "x".repeat(300)),
            &["!list-long-role"],
        ),
        (
            "user names",
            with_columns().names(NameFragments::UserNames),
            "email,role\ncarol,admin",
            &["@carol||admin"],
        ),
        (
            "a header further down is none",
            with_columns(),
            "bob@x.com\nemail",
            &["bob@x.com", "!list-not-an-address"],
        ),
    ]);
    let list = parse_list("\n email\tname\nbob@x.com\tBob", &with_columns()).unwrap();
    assert_eq!(list.header(), Some(Position { line: 2, column: 2, offset: 2, len: 10 }));
    assert_eq!(parse_list("email", &plain()).unwrap().header(), None);
}

#[test]
fn par_2_positions_count_lines_characters_and_bytes() {
    let list = parse_list("\u{FEFF}ä@x.com, Bö <b@x.com>\r\n\r\tc@x.com;\rd", &plain()).unwrap();
    let positions: Vec<_> = list
        .fragments()
        .iter()
        .map(|f| {
            (f.index, f.position.line, f.position.column, f.position.offset, f.position.len, f.input.as_str())
        })
        .collect();
    assert_eq!(
        positions,
        [
            (0, 1, 2, 3, 8, "ä@x.com"),
            (1, 1, 11, 13, 13, "Bö <b@x.com>"),
            (2, 3, 2, 30, 7, "c@x.com"),
            (3, 4, 1, 39, 1, "d"),
        ]
    );
}

#[test]
fn pri_4_debug_shows_no_address_in_full() {
    let list = parse_list("\"bob@x.com!\" <bob@x.com>, eve@@x.com, BOB@x.com", &plain()).unwrap();
    let debug = format!("{list:?}");
    assert!(debug.contains("b…@x.com") && !debug.contains("bob") && !debug.contains("eve"), "{debug}");
}

#[test]
fn abu_3_a_list_beyond_its_limits_is_refused_with_a_remedy() {
    let options = plain().max_bytes(20).max_entries(2);
    assert_eq!(parse_list("a@x.com,b@x.com,    ", &options).unwrap().accepted().count(), 2);
    assert_eq!(
        parse_list("a@x.com,b@x.com,     ", &options),
        Err(ListTooLong::Bytes { max: 20, actual: 21 })
    );
    let error = parse_list("a,b,c", &options).unwrap_err();
    assert_eq!((error, error.code()), (ListTooLong::Entries { max: 2 }, "list-too-many-entries"));
    assert!(error.remedy().contains("split"));
    // A fragment that is repeated is cut, and its length told.
    let long = "ö".repeat(1_000);
    let list = parse_list(&long, &plain()).unwrap();
    let fragment = &list.fragments()[0];
    assert_eq!((fragment.input.len(), fragment.position.len), (512, 2_000));
}

#[test]
fn abu_3_a_name_has_at_most_256_bytes_whatever_it_is_made_of() {
    for (name, is_read) in [
        ("x".repeat(256), true),
        ("x".repeat(257), false),
        ("x".repeat(300), false),
        ("é".repeat(128), true),
        ("é".repeat(128) + "x", false),
        ("é".repeat(150), false),
    ] {
        let list = parse_list(&format!("{name} <bob@x.com>"), &plain()).unwrap();
        let read = list.into_entries().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(read, if is_read { vec![Some(name)] } else { vec![] });
    }
}

#[test]
fn par_4_hostile_lists_cost_linear_time() {
    // Each of these would take long if anything were scanned again for each fragment.
    let options = with_users().max_entries(usize::MAX);
    for piece in [
        ",", "a,", "a, b <", "<", ">", "\"", "\"\"", "\"a\" ", "a@", "@ ", "\\", "a\t", "é,", "a <b>", ";a,",
        "\r",
    ] {
        let text = piece.repeat((1 << 16) / piece.len());
        assert!(parse_list(&text, &options).is_ok(), "{piece:?}");
        assert!(
            parse_list(&format!("email,name\n{text}"), &options.clone().header(HeaderLine::Recognise))
                .is_ok()
        );
        assert!(parse_list(&format!("{text};"), &options).is_ok());
    }
}

/// Text of which most means something to the parser.
fn lists() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "a@x.com", "B@x.com", "Bob", " ", ",", ";", "\t", "\n", "\r\n", "\r", "<", ">", "\"", "\"\"", "'", "\\",
            "@", "mailto:", "?", "%", "\u{FEFF}", "\u{A0}", "\u{200B}", "é", "email", "name", "role", "<a@x.com>",
            "\"S, B\"", "(", ".",
        ]).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn options() -> impl Strategy<Value = ListOptions> {
    (
        prop::sample::select(vec![NameFragments::Refuse, NameFragments::UserNames]),
        prop::sample::select(vec![HeaderLine::Ignore, HeaderLine::Recognise]),
    )
        .prop_map(|(names, header)| plain().names(names).header(header))
}

/// Somebody in a list, with the name beside.
fn people() -> impl Strategy<Value = (String, Option<String>)> {
    let name = "[A-Za-zé]([A-Za-zé,;<>\"'\\\\ .\t@]{0,12}[A-Za-zé.])?";
    prop_oneof![
        ("[a-z0-9+._'-]{1,8}@[a-z]{1,3}\\.(com|org)", prop::option::of(name)),
        ("[a-zA-Z][a-z0-9._-]{0,8}", Just(None)),
    ]
    .prop_filter("an address or a user name", |(who, _)| {
        !who.contains('@') || EmailAddress::parse(who).is_ok()
    })
}

fn render(list: &[((String, Option<String>), usize)]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = String::new();
    for ((who, name), separator) in list {
        match name {
            Some(name) => text += &format!("{} <{who}>", quoted(name)),
            // Quotes keep a user name from being taken for the last name of whoever follows.
            None if !who.contains('@') => text += &quoted(who),
            None => text += who,
        }
        text += [",", ";", "\n", "\r\n", "\r", "\t", ", ", " ; ", ",\n\n", ";\r\n"][*separator];
    }
    text
}

#[test]
fn accepted_entries_alone_can_be_taken_out() {
    let list = parse_list("bob@x.com, nobody@, bob@x.com, Eve <eve@x.com>", &plain()).unwrap();
    let names = list.into_entries().map(|entry| match entry.who {
        Who::Address(address) => (String::from(address.as_str()), entry.name),
        Who::UserName(name) => panic!("{name}"),
    });
    let expected = [("bob@x.com", None), ("eve@x.com", Some("Eve"))];
    assert!(names.eq(expected.map(|(who, name)| (who.into(), name.map(Into::into)))));
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// PAR-2: fragments and header cover everything but separators, in order, without overlap.
    #[test]
    fn par_2_nothing_is_dropped(text in lists(), options in options()) {
        let list = parse_list(&text, &options).unwrap();
        prop_assert_eq!(
            list.accepted().count() + list.duplicates().count() + list.invalid().count(),
            list.fragments().len()
        );
        let mut end = 0;
        let separators = |part: &str| part.chars().all(|c| c.is_whitespace() || is_invisible(c) || ",;".contains(c));
        let header = list.header();
        for (place, position) in header.into_iter().chain(list.fragments().iter().map(|f| f.position)).enumerate() {
            prop_assert!(position.offset >= end, "{} overlaps", place);
            prop_assert!(separators(&text[end..position.offset]), "before {}", place);
            end = position.offset + position.len;
        }
        prop_assert!(separators(&text[end..]));
        for (index, fragment) in list.fragments().iter().enumerate() {
            let at = fragment.position;
            prop_assert_eq!(fragment.index, index);
            prop_assert_eq!(&text[at.offset..at.offset + at.len], &fragment.input);
            let before = text[..at.offset].replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(at.line, before.matches('\n').count() + 1);
            prop_assert_eq!(at.column, before.rsplit('\n').next().unwrap().chars().count() + 1);
        }
        for (fragment, of) in list.duplicates() {
            prop_assert!(of < fragment.index);
            prop_assert!(matches!(list.fragments()[of].parsed, Parsed::Accepted(_)));
        }
    }

    /// PAR-2, IDN-12: no two accepted entries are the same, and each is an address that its own parser
    /// accepts.
    #[test]
    fn par_2_accepted_entries_are_distinct_addresses(text in lists()) {
        let list = parse_list(&text, &plain()).unwrap();
        let mut seen = Vec::new();
        for (_, entry) in list.accepted() {
            let Who::Address(address) = &entry.who else { panic!("a user name") };
            prop_assert_eq!(EmailAddress::parse(address.as_str()), Ok(address.clone()));
            prop_assert!(!seen.contains(address));
            seen.push(address.clone());
        }
    }

    /// PAR-3: a list that is written out is read back as it was, whatever separators stand between.
    #[test]
    fn par_3_a_rendered_list_is_read_back(list in prop::collection::vec((people(), 0..10_usize), 0..12)) {
        let read = parse_list(&render(&list), &with_users()).unwrap();
        prop_assert_eq!(read.invalid().count(), 0);
        prop_assert_eq!(read.fragments().len(), list.len());
        let mut seen = Vec::new();
        for (((who, name), _), fragment) in list.iter().zip(read.fragments()) {
            let key = if who.contains('@') { who.to_ascii_lowercase() } else { who.clone() };
            match &fragment.parsed {
                Parsed::Accepted(entry) => {
                    let read = match &entry.who {
                        Who::Address(address) => address.as_str(),
                        Who::UserName(name) => name,
                    };
                    prop_assert_eq!(read, who);
                    let clean = name.as_ref().map(|name| name.split_whitespace().collect::<Vec<_>>().join(" "));
                    prop_assert_eq!(&entry.name, &clean);
                    prop_assert!(!seen.contains(&key));
                }
                Parsed::Duplicate { of } => prop_assert_eq!(&seen[*of], &key),
                Parsed::Invalid(reason) => panic!("{reason}"),
            }
            seen.push(key);
        }
    }

    /// PAR-4: no text causes a panic.
    #[test]
    fn par_4_no_text_causes_a_panic(text in any::<String>(), options in options()) {
        let _ = parse_list(&text, &options);
        let _ = parse_list(&text, &options.max_entries(1)).map_err(|error| error.to_string());
    }
}
