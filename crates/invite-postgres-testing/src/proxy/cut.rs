//! Where a connection is cut, and the messages that it is decided by.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The codes of a first message that asks for encryption.
const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

/// Longer first messages are none.
const FIRST: usize = 10_000;

/// Who has sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a connection has two sides")]
pub enum Side {
    /// Who connected.
    Client,
    /// Postgres.
    Server,
}

/// A place in what is sent at which a connection is cut.
///
/// Messages are those of the protocol of Postgres: a kind is the byte that they start with, such as `Q` (statements as
/// text), `P` (parse), `E` (execute) and `S` (sync) of clients, and `C` (a statement is done) and `Z` (ready for more) of
/// servers.
#[derive(Debug, Clone)]
pub struct Cut(Place);

#[derive(Debug, Clone)]
enum Place {
    Bytes(usize),
    Message { side: Side, kind: u8, text: String, ahead: usize, passes: Passes },
}

#[derive(Debug, Clone, Copy)]
enum Passes {
    Before,
    After,
}

impl Cut {
    /// After so many bytes that clients send from now on, wherever that is.
    #[must_use]
    pub fn after_bytes(count: usize) -> Self {
        Self(Place::Bytes(count))
    }

    /// Instead of passing on a message of this kind.
    #[must_use]
    pub fn before(side: Side, kind: u8) -> Self {
        Self::message(side, kind, Passes::Before)
    }

    /// Once a message of this kind was passed on.
    #[must_use]
    pub fn after(side: Side, kind: u8) -> Self {
        Self::message(side, kind, Passes::After)
    }

    /// Instead of passing on the reply to a `commit`, which was done: its outcome is unknown to the client.
    ///
    /// A statement that is its own transaction is only committed when the server gets ready for more: for these it is
    /// `Cut::before(Side::Server, b'Z')`.
    #[must_use]
    pub fn reply_to_commit() -> Self {
        Self::before(Side::Server, b'C').with_text("COMMIT")
    }

    /// Only messages count that hold this text, in this case.
    #[must_use]
    pub fn with_text(mut self, wanted: &str) -> Self {
        if let Place::Message { text, .. } = &mut self.0 {
            wanted.clone_into(text);
        }
        self
    }

    /// Not the first of these messages, but the nth, over all connections.
    #[must_use]
    pub fn nth(mut self, nth: usize) -> Self {
        if let Place::Message { ahead, .. } = &mut self.0 {
            *ahead = nth.saturating_sub(1);
        }
        self
    }

    fn message(side: Side, kind: u8, passes: Passes) -> Self {
        Self(Place::Message { side, kind, text: String::new(), ahead: 0, passes })
    }

    /// How much of this message passes before the cut, if it is here.
    pub(super) fn judge(&mut self, from: Side, message: &[u8]) -> Option<usize> {
        match &mut self.0 {
            Place::Bytes(left) if from == Side::Client && *left <= message.len() => Some(*left),
            Place::Bytes(left) => {
                *left -= if from == Side::Client { message.len() } else { 0 };
                None
            }
            Place::Message { side, kind, text, ahead, passes } => {
                let is_one =
                    *side == from && message.first() == Some(kind) && holds(message, text.as_bytes());
                match (is_one, *ahead, passes) {
                    (false, ..) => None,
                    (true, 0, Passes::Before) => Some(0),
                    (true, 0, Passes::After) => Some(message.len()),
                    (true, ..) => {
                        *ahead -= 1;
                        None
                    }
                }
            }
        }
    }
}

fn holds(message: &[u8], text: &[u8]) -> bool {
    text.is_empty() || message.windows(text.len()).any(|window| window == text)
}

/// What was read and is not a whole message yet.
#[derive(Default)]
pub(super) struct Frames(Vec<u8>);

impl Frames {
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole message: its kind, a length that counts itself, and what it holds.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        let length: [u8; 4] = self.0.get(1..5)?.try_into().ok()?;
        let length = 1 + u32::from_be_bytes(length) as usize;
        (self.0.len() >= length).then(|| self.0.drain(..length).collect())
    }
}

/// The first message, which has no kind. Whoever asks for encryption first is told that there is none.
pub(super) async fn first_message(client: &mut TcpStream) -> Option<Vec<u8>> {
    loop {
        let length = client.read_u32().await.ok()?;
        let rest = (length as usize).checked_sub(4).filter(|rest| (4..FIRST).contains(rest))?;
        let mut message = length.to_be_bytes().to_vec();
        message.resize(4 + rest, 0);
        client.read_exact(message.get_mut(4..)?).await.ok()?;
        let code: [u8; 4] = message.get(4..8)?.try_into().ok()?;
        if !ENCRYPTION.contains(&u32::from_be_bytes(code)) {
            return Some(message);
        }
        client.write_all(b"N").await.ok()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_however_they_arrive() {
        let all = [b"Q\0\0\0\x06ab".as_slice(), b"S\0\0\0\x04", b"X\0\0\0\x05c"].concat();
        for size in 1..all.len() {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for part in all.chunks(size) {
                frames.extend(part);
                found.extend(std::iter::from_fn(|| frames.next()));
            }
            assert_eq!(found, [b"Q\0\0\0\x06ab".as_slice(), b"S\0\0\0\x04", b"X\0\0\0\x05c"], "by {size}");
        }
    }

    #[test]
    fn bytes_of_the_client_are_counted_over_messages() {
        let mut cut = Cut::after_bytes(7);
        assert_eq!(cut.judge(Side::Client, b"S\0\0\0\x04"), None);
        assert_eq!(cut.judge(Side::Server, b"Z\0\0\0\x05I"), None);
        assert_eq!(cut.judge(Side::Client, b"S\0\0\0\x04"), Some(2));
    }

    #[test]
    fn the_nth_message_with_the_text_is_the_one() {
        let mut cut = Cut::after(Side::Client, b'Q').with_text("commit").nth(2);
        assert_eq!(cut.judge(Side::Client, b"Q....commit\0"), None);
        assert_eq!(cut.judge(Side::Client, b"Q....select\0"), None);
        assert_eq!(cut.judge(Side::Server, b"Q....commit\0"), None);
        assert_eq!(cut.judge(Side::Client, b"P....commit\0"), None);
        assert_eq!(cut.judge(Side::Client, b"Q....commit\0"), Some(12));
    }
}
