//! Progress of transfers and compilations, for people who wait.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cofferdam_image::{Transfer, Watch};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::console;

/// A blob smaller than this is there before anybody could read its bar, in bytes.
const BAR_MIN_BYTES: u64 = 256 << 10;

/// The longest that a person at a terminal sees nothing happen.
const BLINK: Duration = Duration::from_millis(300);

/// A component below this is compiled in a moment, in bytes (128 KiB): if it takes long, the
/// machine is busy with something else.
const LARGE: usize = 128 << 10;

/// Waits until a component of so many bytes is loaded. A large one that takes a while is compiled,
/// which happens once, and is told so.
pub(crate) async fn loading<T>(name: &str, bytes: usize, load: impl Future<Output = T>) -> T {
    let silence = if std::io::stderr().is_terminal() {
        BLINK
    } else {
        console::SILENCE
    };
    let mut load = pin!(load);
    if bytes < LARGE {
        return load.await;
    }
    if let Ok(loaded) = tokio::time::timeout(silence, &mut load).await {
        return loaded;
    }
    console::note(&format!(
        "compiling {name} ({}): only its first use on this machine takes so long",
        console::size(bytes as u64)
    ));
    load.await
}

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
