//! What a filter itself says: `debug`, `stderr` and `halt_error`. jaq hands it to the log.

use log::{Level, LevelFilter, Log, Metadata, Record};

struct StandardError;

/// Lets filters speak on standard error. A second call changes nothing.
pub(crate) fn listen() {
    if log::set_logger(&StandardError).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

impl Log for StandardError {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("jaq")
    }

    #[allow(clippy::print_stderr, reason = "this is where a filter speaks")]
    fn log(&self, record: &Record<'_>) {
        match record.level() {
            _ if !self.enabled(record.metadata()) => {}
            Level::Error => eprint!("{}", record.args()),
            Level::Debug => eprintln!("[\"DEBUG:\",{}]", record.args()),
            _ => {}
        }
    }

    fn flush(&self) {}
}
