//! Text of users, made harmless before it reaches a mail (MAI-1).
//!
//! Escaping belongs to the place where a text goes; here is what escaping cannot do. A mail program turns whatever
//! looks like a link, an address or a phone number into something to tap, and people have sent phishing through
//! invitations by calling their organization "Call +1 888 555 0100" or "evil.com".

/// The usual length of a name, in characters.
pub const NAME_MAX: usize = 80;

/// The usual length of a description, in characters.
pub const DESCRIPTION_MAX: usize = 300;

/// The usual length of a personal message, in characters.
pub const MESSAGE_MAX: usize = 2_000;

/// What stands for text that was taken out or cut off.
const ELLIPSIS: char = '…';

/// As far as the numbers of one IPv4 address reach, defanged or not. A bound keeps the work linear.
const QUAD_CHARS: usize = 24;

/// From how many digits on a run of them is something that a phone would dial.
const PHONE_DIGITS: usize = 7;

/// A name of a user, organization or group on one line, of at most `max` characters, in which nothing can be tapped.
///
/// Control, bidirectional and invisible characters are removed, white space and line breaks folded to single spaces.
/// A dot that would make a domain becomes `[.]`, `://` becomes `[:]//`, `@` becomes `(at)`, and seven or more digits
/// that could be dialled become `…`. What is too long is cut with `…`. Ordinary names come out as they went in, HTML
/// included: escape the result for the place it goes to.
///
/// # Examples
/// ```
/// use invite_mailer::display_name;
///
/// assert_eq!(display_name("Acme Ltd.", 80), "Acme Ltd.");
/// assert_eq!(display_name("Win at\r\nhttps://evil.com/x", 80), "Win at https[:]//evil[.]com/x");
/// ```
#[must_use]
pub fn display_name(text: &str, max: usize) -> String {
    settled(text, |text| cut(&harmless_line(text), max))
}

/// A text of a user with its lines, of at most `max` characters, in which nothing can be tapped.
///
/// Each line is treated as [`display_name`] treats a name; more than one empty line in a row becomes one.
#[must_use]
pub fn message_text(text: &str, max: usize) -> String {
    settled(text, |text| {
        let mut lines: Vec<String> = Vec::new();
        for line in text.replace("\r\n", "\n").split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
            let line = harmless_line(line);
            if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
                lines.push(line);
            }
        }
        cut(lines.join("\n").trim_end(), max)
    })
}

/// Cutting can leave a shorter text that a rule sees with other eyes (`2023-2024` cut to `2023-202`), so the rules
/// run until they have nothing more to say. The bound is for proof, not for use: two rounds have always been enough.
fn settled(text: &str, rules: impl Fn(&str) -> String) -> String {
    let mut text = rules(text);
    for _ in 0..4 {
        let next = rules(&text);
        if next == text {
            break;
        }
        text = next;
    }
    text
}

fn harmless_line(text: &str) -> String {
    defang(&without_phone_numbers(&single_line(text)))
}

/// One line of visible characters. A mail program would decode `=?…?=` in a header into anything at all (RFC 2047),
/// so that is never left whole.
pub(crate) fn single_line(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_invisible(*c));
    let spaced: String = visible.map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ").replace("=?", "= ?")
}

/// Characters without a shape of their own, which can hide, reverse or split what a reader sees.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

fn without_phone_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_numeric) {
        let (before, run) = rest.split_at(start);
        let (run, after) = run.split_at(number_len(run));
        if is_dialled(run) {
            out.push_str(before.trim_end_matches(['+', '(', '＋', '（']));
            out.push(ELLIPSIS);
        } else {
            out.push_str(before);
            out.push_str(run);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// How many bytes from the start are digits, and what people put between the digits of one phone number.
fn number_len(text: &str) -> usize {
    let mut len = 0;
    for (at, c) in text.char_indices() {
        if c.is_numeric() {
            len = at + c.len_utf8();
        } else if !(c == ' '
            || "-./()+·•".contains(c)
            || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '＋' | '－'))
        {
            break;
        }
    }
    len
}

fn is_dialled(run: &str) -> bool {
    run.chars().filter(|c| c.is_numeric()).count() >= PHONE_DIGITS && !is_span_of_years(run)
}

/// `2023-2024` is a school year far more often than a number to call.
fn is_span_of_years(run: &str) -> bool {
    let year = |text: &str| {
        text.len() == 4
            && text.bytes().all(|b| b.is_ascii_digit())
            && (text.starts_with("19") || text.starts_with("20"))
    };
    run.split_once(['-', '/', '–']).is_some_and(|(from, to)| year(from) && year(to))
}

fn defang(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let after = rest.as_str();
        match c {
            '@' | '＠' | '﹫' => out.push_str(" (at) "),
            ':' if after.starts_with("//") => out.push_str("[:]"),
            // Two of them begin a network path, which Outlook links.
            '\\' if out.ends_with('\\') => {}
            c if is_dot(c, after) && makes_domain(&out, after) => out.push_str("[.]"),
            c => out.push(c),
        }
    }
    single_line(&out)
}

/// Whether browsers read the character as the dot of a domain. The ideographic full stop ends sentences, so it counts
/// only where Latin text follows.
fn is_dot(c: char, after: &str) -> bool {
    match c {
        '.' | '\u{2024}' | '\u{FE52}' | '\u{FF0E}' => true,
        '\u{3002}' | '\u{FF61}' => after.starts_with(|c: char| c.is_ascii_alphanumeric()),
        _ => false,
    }
}

/// Whether a dot between the two texts would make a domain or an IPv4 address of them.
fn makes_domain(before: &str, after: &str) -> bool {
    let left = before.rsplit(|c| !is_label_char(c)).next().unwrap_or_default();
    let right = after.split(|c| !is_label_char(c)).next().unwrap_or_default();
    if left.is_empty() || right.is_empty() {
        return false;
    }
    // A top-level domain has two letters or more: `J.R. Smith` and `Version 2.0` are none.
    let top_level = right.chars().count() >= 2 && !right.chars().all(char::is_numeric);
    top_level || left.eq_ignore_ascii_case("www") || is_dotted_quad(before, after)
}

/// Whether the dot stands among four numbers. Those before it may have been defanged already.
fn is_dotted_quad(before: &str, after: &str) -> bool {
    let numbers = |near: &mut dyn Iterator<Item = char>| {
        let near: String =
            near.take(QUAD_CHARS).take_while(|c| c.is_numeric() || "[.]".contains(*c)).collect();
        near.split('.').filter(|part| part.contains(char::is_numeric)).count()
    };
    numbers(&mut before.chars().rev()) + numbers(&mut after.chars()) >= 4
}

/// Generous on purpose: domains may hold letters of every script, signs and emoji.
fn is_label_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_') || !(c.is_ascii() || c.is_whitespace() || c == ELLIPSIS)
}

fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    let mut kept = kept.trim_end().to_owned();
    if max > 0 {
        kept.push(ELLIPSIS);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_come_out_as_they_went_in() {
        for name in [
            "Acme Ltd.",
            "J. R. Smith",
            "J.R.R. Tolkien",
            "Dr. No",
            "Route 66",
            "O'Brien & Sons <b>",
            "Verein e.V.",
            "Ph.D. students",
            "Version 2.0",
            "Class of 2024",
            "Season 2023/2024",
            "1. FC Köln",
            "Ada: admin",
            "AC/DC",
            "Müller-Lüdenscheidt",
            "株式会社アクメ。",
            "Ελλάδα",
            "שלום",
            "100 % Design",
            "C++ & C#",
            "...",
        ] {
            assert_eq!(display_name(name, NAME_MAX), name);
        }
    }

    #[test]
    fn nothing_in_a_name_can_be_tapped() {
        for (name, expected) in [
            ("evil.com", "evil[.]com"),
            ("evil.com/x", "evil[.]com/x"),
            ("http://evil.com/x", "http[:]//evil[.]com/x"),
            ("HTTPS://localhost", "HTTPS[:]//localhost"),
            ("www.x", "www[.]x"),
            ("a.b.example.com.", "a.b[.]example[.]com."),
            ("пример.рф", "пример[.]рф"),
            ("evil\u{200B}.\u{AD}com", "evil[.]com"),
            ("evil。com", "evil[.]com"),
            ("evil．com", "evil[.]com"),
            ("i❤.ws", "i❤[.]ws"),
            ("1.1.1.1", "1[.]1[.]1[.]1"),
            ("\\\\evil\\share", "\\evil\\share"),
            ("bob@evil.com", "bob (at) evil[.]com"),
            ("@bob", "(at) bob"),
            ("=?utf-8?B?aHR0cDovL2V2aWwuY29t?=", "= ?utf-8?B?aHR0cDovL2V2aWwuY29t?="),
            ("=\u{200B}?utf-8?Q?x?=", "= ?utf-8?Q?x?="),
            ("bob＠evil", "bob (at) evil"),
            ("Call +1 (888) 555-0100 now", "Call … now"),
            ("(030) 123456", "…"),
            ("555-1234", "…"),
            ("٠١٢٣٤٥٦٧٨", "…"),
            ("0 8 0 0 1 2 3 4", "…"),
            ("Ada\r\nBcc: eve@example.com", "Ada Bcc: eve (at) example[.]com"),
            ("a\u{2028}b\tc\u{0}d\u{85}e", "a b c d e"),
            ("\u{202E}moc.live", "moc[.]live"),
            ("\u{FEFF} \u{2066}x\u{2069} ", "x"),
        ] {
            assert_eq!(display_name(name, NAME_MAX), expected, "{name:?}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(display_name("abcdef", 6), "abcdef");
        assert_eq!(display_name("abc def", 5), "abc…");
        assert_eq!(display_name("ééééé", 3), "éé…");
        assert_eq!(display_name("abc", 0), "");
        assert_eq!(display_name("2023-2024", 9), "2023-2024");
        assert_eq!(display_name("x 2023-2024 and more", 11), "x ……");
    }

    #[test]
    fn a_message_keeps_its_lines() {
        let text = "Hello,\r\n\r\n\r\nsee evil.com\rand\u{2028}call\u{202E} me\n\n";
        assert_eq!(message_text(text, MESSAGE_MAX), "Hello,\n\nsee evil[.]com\nand\ncall me");
        assert_eq!(message_text("one\ntwo", 5), "one…");
    }
}
