//! Tables with aligned columns.

/// A table: a head, and rows of as many cells.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

/// The most characters of a cell.
const WIDEST: usize = 60;

impl<const N: usize> Table<N> {
    pub(crate) fn new(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned)] }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| shown(&cell, WIDEST)));
    }

    /// The table as text: the head, a line under it, the rows; `nothing` in place of a table without rows.
    pub(crate) fn or(self, nothing: &str) -> String {
        if self.rows.len() < 2 {
            return format!("{nothing}\n");
        }
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            push(&mut text, row, &widths);
            if number == 0 {
                push(&mut text, &widths.map(|width| "-".repeat(width)), &widths);
            }
        }
        text
    }
}

fn push<const N: usize>(text: &mut String, row: &[String; N], widths: &[usize; N]) {
    let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect::<Vec<_>>();
    text.push_str(cells.join("  ").trim_end());
    text.push('\n');
}

/// Foreign text for a terminal: on one line, without what could move the cursor, and not too long.
pub(crate) fn shown(text: &str, widest: usize) -> String {
    let mut clean = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clean.retain(|c| !c.is_control() && !is_bidi_control(c));
    if clean.chars().count() > widest {
        clean = clean.chars().take(widest.saturating_sub(1)).chain(['…']).collect();
    }
    clean
}

/// A count with its noun.
pub(crate) fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_spaces() {
        let mut table = Table::new(["who", "role", ""]);
        table.row(["ada".into(), "owner".into(), String::new()]);
        table.row(["Jürgen".into(), "member".into(), "x".into()]);
        let text = "who     role\n------  ------  -\nada     owner\nJürgen  member  x\n";
        assert_eq!(table.or("nobody"), text);
        assert_eq!(Table::new(["who"]).or("nobody"), "nobody\n");
    }

    #[test]
    fn foreign_text_cannot_take_over_a_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\r\n\tc\u{202E}d", 60), "a[2Jb cd");
        assert_eq!(shown("abcdef", 4), "abc…");
    }
}
