//! Lines of a document that are put together anew.

/// A mapping that is written entry by entry.
pub(super) struct NewMapping {
    pub(super) out: String,
    pub(super) column: usize,
    pub(super) line_break: &'static str,
}

impl NewMapping {
    /// Adds an entry whose text begins with `lead`: spaces and comments before its key. The first
    /// one begins where the mapping does, the others in their own line.
    pub(super) fn push(&mut self, lead: &str, text: &str) {
        if self.out.is_empty() {
            // Comments above come in the place of the mapping's first line.
            let text = match lead.trim().is_empty() {
                true => text.get(lead.len()..).unwrap_or(text),
                false => text.trim_start_matches(' '),
            };
            self.out.push_str(text);
        } else {
            if lead.is_empty() {
                self.out.push_str(&" ".repeat(self.column));
            }
            self.out.push_str(text);
        }
        if !self.out.ends_with('\n') {
            self.out.push_str(self.line_break);
        }
    }
}

/// A block that stood further in, at the beginning of its lines.
pub(super) fn moved_left(text: &str, column: usize) -> String {
    let mut moved = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        let cut = if number == 0 { 0 } else { spaces.min(column) };
        moved.push_str(line.get(cut..).unwrap_or(line));
    }
    moved
}
