//! Characters that no address and no name may hide behind.

/// Whether a text of several lines holds a control character that is neither a tab nor the end of a line.
pub(crate) fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// Whether the character is shown as nothing: Unicode's format characters (Cf, with all bidi controls,
/// zero-width spaces and the byte order mark) and its other default-ignorable code points.
pub(crate) fn is_invisible(c: char) -> bool {
    // Almost every character asked about lies below the first entry.
    c >= '\u{AD}'
        && matches!(u32::from(c),
            0x00AD | 0x034F | 0x0600..=0x0605 | 0x061C | 0x06DD | 0x070F | 0x0890..=0x0891 | 0x08E2
            | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E
            | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
            | 0x110BD | 0x110CD | 0x13430..=0x1343F | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF)
}

/// Trims white space and invisible characters at both ends, as pasting from web pages and mail clients adds
/// them.
pub(crate) fn trim(text: &str) -> &str {
    trim_end(trim_start(text))
}

/// Trims the same at the beginning only.
pub(crate) fn trim_start(text: &str) -> &str {
    if text.as_bytes().first().is_some_and(u8::is_ascii_graphic) {
        return text;
    }
    text.trim_start_matches(is_blank)
}

/// Trims the same at the end only.
pub(crate) fn trim_end(text: &str) -> &str {
    if text.as_bytes().last().is_some_and(u8::is_ascii_graphic) {
        return text;
    }
    text.trim_end_matches(is_blank)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_known_and_visible_ones_are_not() {
        for c in
            ['\u{AD}', '\u{200B}', '\u{200D}', '\u{202E}', '\u{2066}', '\u{FEFF}', '\u{E0041}', '\u{3164}']
        {
            assert!(is_invisible(c), "{:?}", c);
        }
        for c in ['a', ' ', '\n', 'é', '\u{301}', '\u{A0}', '漢', '\u{2010}', '\u{FFFD}'] {
            assert!(!is_invisible(c), "{:?}", c);
        }
        assert_eq!(trim("\u{FEFF}\u{A0}\u{202A}bob \u{202C}\u{200B}"), "bob");
    }
}
