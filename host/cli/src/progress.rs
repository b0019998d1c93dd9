//! Bars that show how far transfers are, on a terminal alone.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};

use cofferdam_image::{Transfer, Watch};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// A blob smaller than this is there before anybody could read its bar, in bytes.
const BAR_MIN_BYTES: u64 = 256 << 10;

/// Draws a bar for each blob, on standard error, if that is a terminal.
pub(crate) fn transfers() -> Option<Arc<Watch>> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let all = MultiProgress::new();
    let bars = Mutex::new(HashMap::new());
    Some(Arc::new(move |transfer: &Transfer| {
        let Transfer {
            digest,
            done,
            total,
        } = *transfer;
        if total < BAR_MIN_BYTES {
            return;
        }
        let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars
            .entry(digest)
            .or_insert_with(|| all.add(bar(&digest.short(), total)));
        bar.set_position(done);
        if done >= total {
            bar.finish();
        }
    }))
}

fn bar(name: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_prefix(name.to_owned());
    let template = "{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        // The template is ours; without it the bar has its usual looks.
        Err(_) => bar,
    }
}
