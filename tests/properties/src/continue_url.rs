//! The check of pages to continue to.

use invite_core::ContinueUrls;

const HOST: &str = "https://app.example";

/// No text makes the check panic. A page that is allowed begins with the one that is listed, goes on as a URL does, holds
/// nothing that ends an attribute or a header, and stays below the listed page for a reader that decodes it any number of
/// times (WEB-3). A page that can be listed is allowed itself.
pub fn continue_url(data: &[u8]) {
    let (kind, rest) = crate::choice(data);
    let text = String::from_utf8_lossy(rest);
    let text = match kind % 3 {
        0 => text.into_owned(),
        1 => format!("{HOST}{text}"),
        _ => format!("{HOST}/after{text}"),
    };
    let listed = ContinueUrls::new().allow(&format!("{HOST}/after")).expect("the page is plain");
    if listed.permits(&text) {
        leads_below(&text);
    }
    if let Ok(itself) = ContinueUrls::new().allow(&text) {
        assert!(itself.permits(&text), "{text:?}");
    }
}

fn leads_below(url: &str) {
    assert!(url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\`".contains(&byte)), "{url:?}");
    let lower = url.to_ascii_lowercase();
    let tail = lower.strip_prefix(HOST).expect("the host is the listed one");
    let tail = tail.strip_prefix(":443").unwrap_or(tail);
    let tail = tail.strip_prefix("/after").expect("the page is the listed one");
    assert!(tail.is_empty() || tail.starts_with(['/', '?', '#']), "{url:?}");
    let mut path = tail.split(['?', '#']).next().unwrap_or_default().as_bytes().to_vec();
    for _ in 0..8 {
        assert!(!path.windows(2).any(|two| two == b"//"), "{url:?}");
        assert!(!path.iter().any(|byte| byte.is_ascii_control() || *byte == b'\\'), "{url:?}");
        let up = |part: &[u8]| matches!(part.split(|byte| *byte == b';').next(), Some(b"." | b".."));
        assert!(!path.split(|byte| *byte == b'/').any(up), "{url:?}");
        path = decoded(&path);
    }
}

fn decoded(mut text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    while let Some((first, rest)) = text.split_first() {
        let digits = rest.get(..2).filter(|two| *first == b'%' && two.iter().all(u8::is_ascii_hexdigit));
        let byte = digits.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        plain.push(byte.unwrap_or(*first));
        text = if byte.is_some() { &rest[2..] } else { rest };
    }
    plain
}
