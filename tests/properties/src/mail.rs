//! The words of mails, with hostile text in every place that a user can fill (MAI-1, MAI-2, MAI-8).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use invite_core::{EmailAddress, Key, Keyring, Nonce, OrganizationId, Purpose, Token};
use invite_mailer::{
    BaseUrl, BuiltInTemplates, HeaderName, InvalidMessage, InvitationMail, Link, MESSAGE_MAX, MailKind,
    MailScope, Message, MessageId, NAME_MAX, Rendered, Templates, display_name, message_text, preview,
};
use uuid::Uuid;

/// Between the texts in the bytes: nobody types it.
const SEPARATOR: char = '\u{1F}';

/// The most bytes of a mail's text, and of its HTML: 2,000 characters of a message and some names, at four bytes a
/// character, and at five for one that is escaped.
const MAX_BYTES: [usize; 2] = [20_000, 60_000];

/// Whatever organization, inviter, invitee, group, description, role and message say, the mail has the shape of a
/// harmless one, leads where its links lead and nowhere else, and holds nothing to tap (MAI-1). No control character
/// reaches a header (MAI-2). The first byte says which kind of mail; the texts follow, with a unit separator between.
pub fn mail(data: &[u8]) {
    let (kind, rest) = crate::choice(data);
    let text = String::from_utf8_lossy(rest);
    let texts = Texts::read(&text);
    let names = texts.distinct().into_iter().map(|text| (text, defanged(text, kind))).collect();

    let mail = build(kind, &texts);
    let words = render(&mail);
    has_the_shape_of(&words, &render(&build(kind, &texts.harmless(&names))));
    leads_nowhere_else(&words);
    html_says_the_subject(&words);
    is_dead_in_a_preview(&mail, &words);
    keeps_headers(&texts, words);
    allows_headers(&texts.header);
}

/// What users write.
struct Texts {
    organization: String,
    inviter: String,
    message: String,
    invitee: String,
    group: String,
    description: String,
    role: String,
    subject: String,
    header: String,
}

impl Texts {
    /// The last text stands for those that are missing.
    fn read(text: &str) -> Self {
        let mut last = "";
        let mut texts = text.split(SEPARATOR);
        let mut next = || {
            last = texts.next().unwrap_or(last);
            last.to_owned()
        };
        Self {
            organization: next(),
            inviter: next(),
            message: next(),
            invitee: next(),
            group: next(),
            description: next(),
            role: next(),
            subject: next(),
            header: next(),
        }
    }

    fn distinct(&self) -> BTreeSet<&str> {
        let Self { organization, inviter, message, invitee, group, description, role, subject, header } =
            self;
        [organization, inviter, message, invitee, group, description, role, subject, header]
            .into_iter()
            .map(String::as_str)
            .collect()
    }

    /// The same with an `x` in place of each name and each line, where there is one.
    fn harmless(&self, names: &BTreeMap<&str, String>) -> Self {
        let line = |text: &str| if text.is_empty() { "" } else { "x" };
        let name = |text: &str| line(&names[text]).to_owned();
        let message: Vec<_> = message_text(&self.message, MESSAGE_MAX).lines().map(line).collect();
        Self {
            organization: name(&self.organization),
            inviter: name(&self.inviter),
            message: message.join("\n"),
            invitee: name(&self.invitee),
            group: name(&self.group),
            description: name(&self.description),
            role: name(&self.role),
            subject: name(&self.subject),
            header: name(&self.header),
        }
    }
}

fn build(kind: u8, texts: &Texts) -> InvitationMail {
    let kind = [MailKind::Invitation, MailKind::Reminder, MailKind::Ownership][usize::from(kind % 3)];
    let scope = |name| MailScope::new(name).with_description(&texts.description).with_role(&texts.role);
    InvitationMail::new(kind, scope(&texts.organization), link(Purpose::Mailed))
        .with_inviter(&texts.inviter)
        .with_invitee(&texts.invitee)
        .with_group(scope(&texts.group))
        .with_message(&texts.message)
        .with_unsubscribe(link(Purpose::Unsubscribe))
        .with_expires_at(DateTime::<Utc>::UNIX_EPOCH)
}

fn render(mail: &InvitationMail) -> Rendered {
    BuiltInTemplates.render(mail).expect("the built-in templates render every mail")
}

fn html(words: &Rendered) -> &str {
    words.html.as_deref().expect("the built-in templates make HTML")
}

fn link(purpose: Purpose) -> Link {
    BaseUrl::parse("https://app.example/join").expect("a url").link(token(purpose))
}

/// Made once: they are always the same.
static TOKENS: LazyLock<[Token; 2]> = LazyLock::new(|| {
    let keyring = Keyring::new(1, Key::from_bytes(b"a key of thirty-two bytes, or so").expect("a key"));
    let acme = OrganizationId::parse("acme").expect("an id");
    [Purpose::Mailed, Purpose::Unsubscribe]
        .map(|purpose| keyring.issue(purpose, &acme, Uuid::from_u128(7), &Nonce::from_bytes([7; 16])))
});

fn token(purpose: Purpose) -> &'static Token {
    &TOKENS[usize::from(purpose == Purpose::Unsubscribe)]
}

/// What was cleaned is bounded, by what the library asks for and by less, stays as it is when it is cleaned again, and
/// holds nothing that a mail program makes something to tap of. Gives it as a name.
fn defanged(text: &str, kind: u8) -> String {
    let short = usize::from(kind) % 40;
    for [most, most_of_message] in [[NAME_MAX, MESSAGE_MAX], [short, short]] {
        let (name, message) = (display_name(text, most), message_text(text, most_of_message));
        assert!(name.chars().count() <= most && message.chars().count() <= most_of_message);
        assert_eq!(display_name(&name, most), name);
        assert_eq!(message_text(&message, most_of_message), message);
        assert!(!name.contains('\n') && !message.contains("\n\n\n"));
        for cleaned in [&name, &message] {
            holds_nothing_to_tap(cleaned);
            assert!(!cleaned.contains("=?"), "{cleaned:?}");
        }
    }
    display_name(text, NAME_MAX)
}

fn holds_nothing_to_tap(text: &str) {
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    let invisible =
        ['\u{AD}', '\u{200B}', '\u{200D}', '\u{2028}', '\u{202E}', '\u{2066}', '\u{FE0F}', '\u{FEFF}'];
    assert!(!text.contains(invisible), "{text:?}");
    assert!(!text.contains(['@', '＠']) && !text.contains("://") && !text.contains("\\\\"), "{text:?}");
    let chars: Vec<char> = text.chars().collect();
    let is_domain = |w: &[char]| {
        let top_level = w[2].is_alphabetic() || w[3].is_alphabetic();
        w[0].is_alphanumeric() && w[1] == '.' && w[2].is_alphanumeric() && w[3].is_alphanumeric() && top_level
    };
    assert!(!chars.windows(4).any(is_domain), "{text:?}");
    assert!(!chars.windows(7).any(|run| run.iter().all(char::is_ascii_digit)), "{text:?}");
}

/// MAI-1: the same tags in the same order, the same lines.
fn has_the_shape_of(words: &Rendered, model: &Rendered) {
    assert!(!words.subject.contains(char::is_control), "{:?}", words.subject);
    assert_eq!(tags(html(words)), tags(html(model)), "{}", html(words));
    assert_eq!(words.text.lines().count(), model.text.lines().count(), "{}", words.text);
    assert!(words.text.len() <= MAX_BYTES[0] && html(words).len() <= MAX_BYTES[1]);
}

fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split_inclusive('>').next().unwrap_or_default()).collect()
}

/// MAI-1: both links are there as they were built, once in the text, and all else is words.
fn leads_nowhere_else(words: &Rendered) {
    let (join, leave) = (link(Purpose::Mailed).reveal(), link(Purpose::Unsubscribe).reveal());
    let hrefs: Vec<_> =
        html(words).split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(hrefs, [&join, &join, &leave]);
    let lines = |wanted: &str| words.text.lines().filter(|line| *line == wanted).count();
    assert_eq!((lines(&join), lines(&format!("No more of these mails: {leave}"))), (1, 1), "{}", words.text);
    assert!(!words.text.contains(|c: char| c.is_control() && c != '\n'));
    holds_nothing_to_tap(&words.text.replace(&join, "").replace(&leave, ""));
    let shown = html(words).replace(&join, "").replace(&leave, "");
    assert!(!shown.contains("://") && !shown.contains('@'), "{shown}");
}

/// What was escaped is read as it was: the title says the subject.
fn html_says_the_subject(words: &Rendered) {
    let title = html(words).split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    let read = title.map(|title| {
        [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
            .iter()
            .fold(title.to_owned(), |title, (escaped, plain)| title.replace(escaped, plain))
    });
    assert_eq!(read.as_ref(), Some(&words.subject));
}

/// MAI-8: a preview says the same without a token.
fn is_dead_in_a_preview(mail: &InvitationMail, words: &Rendered) {
    let shown = preview(&BuiltInTemplates, mail).expect("the built-in templates render every mail");
    let dead = |text: &str| {
        text.replace(token(Purpose::Mailed).reveal(), "preview")
            .replace(token(Purpose::Unsubscribe).reveal(), "preview")
    };
    assert_eq!((&shown.subject, &shown.text), (&words.subject, &dead(&words.text)));
    assert_eq!(html(&shown), dead(html(words)));
}

/// MAI-2: a host's own subject, and names, reach the headers as one line.
fn keeps_headers(texts: &Texts, mut words: Rendered) {
    let to = EmailAddress::parse("bob@example.com").expect("an address");
    let id = MessageId::parse("m1").expect("an id");
    words.subject.clone_from(&texts.subject);
    let message = match Message::new(id, DateTime::UNIX_EPOCH, to, words) {
        Ok(message) => message.with_to_name(&texts.invitee),
        Err(reason) => return assert_eq!(reason, InvalidMessage::EmptySubject),
    };
    for line in [Some(message.subject()), message.to_name()].into_iter().flatten() {
        assert!(!line.is_empty() && !line.contains(|c: char| c.is_control() || c == '\u{2028}'), "{line:?}");
        assert!(!line.contains("=?"), "{line:?}");
    }
    for body in [Some(message.text()), message.html()].into_iter().flatten() {
        assert!(!body.contains(|c: char| c.is_control() && c != '\n'), "{body:?}");
    }
}

/// MAI-2, MAI-3: a further header is a line of printable ASCII, and none of those that name a sender or a recipient.
fn allows_headers(text: &str) {
    let to = EmailAddress::parse("bob@example.com").expect("an address");
    let message = Message::new(
        MessageId::parse("m1").expect("an id"),
        DateTime::UNIX_EPOCH,
        to,
        Rendered::new("subject", "text"),
    )
    .expect("a message");
    let is_value = (1..=900).contains(&text.len())
        && text.trim() == text
        && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    assert_eq!(message.with_header(HeaderName::AUTO_SUBMITTED, text).is_ok(), is_value, "{text:?}");
    if let Ok(name) = HeaderName::parse(text) {
        assert_eq!(name.as_str(), text);
        assert!((1..=64).contains(&text.len()));
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{text:?}");
        let lower = text.to_ascii_lowercase();
        assert!(
            !["from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date"].contains(&lower.as_str())
        );
        assert!(!lower.starts_with("content-") && !lower.starts_with("resent-"));
    }
}
