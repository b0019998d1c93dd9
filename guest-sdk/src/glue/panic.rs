//! The words of a panic, where there is no standard error to write them to.

/// Begins a call. Without WASI a panic would end the call and say nothing: its words go to the
/// host's log.
pub fn begin() {
    #[cfg(target_os = "unknown")]
    std::panic::set_hook(Box::new(|panic| {
        use super::bindings::cofferdam::tool::host::{Level, log};
        log(Level::Error, &panic.to_string());
    }));
}
