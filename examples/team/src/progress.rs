//! How far long work has come.

use std::io::{self, IsTerminal as _, Write as _};

/// How far long work has come, on standard error: on one line that changes where that is a terminal, and on a line
/// for each step where it is not. Work of a single step says nothing.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    total: Option<usize>,
    terminal: bool,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(what: &'static str, total: Option<usize>) -> Self {
        Self { what, total, terminal: io::stderr().is_terminal(), shown: false }
    }

    /// Says that so many are done, and that it goes on.
    pub(crate) fn step(&mut self, done: usize) {
        let Self { what, total, terminal, .. } = *self;
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        let line =
            if terminal { format!("\r\x1b[K{what} {done}{of}") } else { format!("{what} {done}{of}\n") };
        self.shown = true;
        // Work does not stop because nobody watches.
        let _unwatched = io::stderr().write_all(line.as_bytes()).and_then(|()| io::stderr().flush());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal && self.shown {
            let _unwatched = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}
