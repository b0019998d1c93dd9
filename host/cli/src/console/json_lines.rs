//! The log as JSON: one object on each line, with `time`, `level`, `message` and fields.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::SystemTime;

use cofferdam_capability::ForeignText;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// True for a process whose every line on standard error is one of its log.
static EVERYTHING: AtomicBool = AtomicBool::new(false);

/// Writes events as JSON.
#[derive(Debug)]
pub(super) struct JsonLines;

/// Makes sentences for people lines of the log, too.
pub(super) fn take_everything() {
    EVERYTHING.store(true, Relaxed);
}

/// A sentence for people as a line of the log, in a process where it is one.
pub(super) fn sentence(level: Level, text: &str) -> Option<String> {
    let message = Value::from(text);
    EVERYTHING
        .load(Relaxed)
        .then(|| line(level, Map::from_iter([("message".to_owned(), message)])))
}

/// The line without its end.
fn line(level: Level, fields: Map<String, Value>) -> String {
    let mut all = Map::new();
    let now = humantime::format_rfc3339_millis(SystemTime::now());
    all.insert("time".to_owned(), now.to_string().into());
    all.insert("level".to_owned(), level.as_str().into());
    all.extend(fields);
    Value::Object(all).to_string()
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        writeln!(writer, "{}", line(*event.metadata().level(), fields.0))
    }
}

/// The fields of an event. Text from outside is shown as it may be on a terminal.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        self.insert(field, ForeignText::line(&text).to_string());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, ForeignText::line(value).to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }
}
