//! Output of a tool: kept up to a limit, counted beyond it.

/// Bytes that a guest wrote, up to a limit.
#[derive(Debug, Clone, Default)]
pub struct Output {
    kept: Vec<u8>,
    written: u64,
    dropped: u64,
}

impl Output {
    /// The answer of a typed tool, cut at `limit` bytes.
    pub fn of(text: String, limit: usize) -> Self {
        let mut kept = text.into_bytes();
        let written = kept.len() as u64;
        kept.truncate(limit);
        kept.shrink_to_fit();
        let dropped = written.saturating_sub(kept.len() as u64);
        Self {
            kept,
            written,
            dropped,
        }
    }

    /// The bytes that were kept, without a marker.
    pub fn bytes(&self) -> &[u8] {
        &self.kept
    }

    /// Number of bytes that the guest wrote, kept or not.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Number of bytes that were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// One line that says what is missing, when something is.
    pub fn marker(&self) -> Option<String> {
        let dropped = self.dropped();
        let kept = self.written.saturating_sub(dropped);
        (dropped > 0).then(|| format!("[output truncated: {kept} of {} bytes kept]", self.written))
    }

    /// Shows `bytes` instead of what was kept; what the guest wrote is counted as before.
    pub fn replace(&mut self, bytes: Vec<u8>) {
        self.kept = bytes;
    }

    /// The text that was kept, with the marker on a line of its own where something was dropped.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.kept).into_owned();
        if let Some(marker) = self.marker() {
            if !text.ends_with('\n') && !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&marker);
        }
        text
    }

    /// Keeps of `bytes` what there is room for below `limit`, and counts the rest.
    pub fn push(&mut self, bytes: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.kept.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.kept.extend_from_slice(kept);
        self.dropped = self
            .dropped
            .saturating_add((bytes.len() - kept.len()) as u64);
        self.written = self.written.saturating_add(bytes.len() as u64);
    }
}
