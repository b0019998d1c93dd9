//! The log of this process, on standard error.

use std::io::IsTerminal;

use cofferdam_call::SPANS;
use cofferdam_capability::ForeignText;
use cofferdam_server::Spans;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{FilterExt, FilterFn, LevelFilter};
use tracing_subscriber::fmt::format::debug_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::colour::may_colour;
use super::json_lines::{self, JsonLines};
use crate::error::Failure;
use crate::error_stream::ErrorStream;

/// Starts the log on standard error at its `usual` level. `COFFERDAM_LOG` chooses what is in it, as
/// `RUST_LOG` does elsewhere.
///
/// `COFFERDAM_LOG_FORMAT=json` writes it as JSON. In a process that serves others everything on
/// standard error is its log then, the sentences for its operator included.
///
/// Spans go nowhere until they are exported; the log never shows one.
pub(crate) fn log(usual: &str, serves_others: bool) -> Result<Spans, Failure> {
    const VARIABLE: &str = "COFFERDAM_LOG";
    let filter = match std::env::var(VARIABLE) {
        Ok(written) if !written.is_empty() => chosen(&written).ok_or_else(|| {
            Failure::usage(format!(
                "{VARIABLE} = {written:?}: expected `error`, `warn`, `info` or `debug`"
            ))
        })?,
        _ => EnvFilter::new(format!("{usual},{QUIET}")),
    };
    // Also what libraries log: a name that a guest or a client chose is on one line, whoever writes
    // it down.
    let fields = debug_fn(|writer, field, value| {
        let value = format!("{value:?}");
        let value = ForeignText::line(&value);
        match field.name() {
            "message" => write!(writer, "{value}"),
            name => write!(writer, "{name}={value}"),
        }
    });
    // With the level of the other, or every library would make its lines for nobody.
    let no_span = FilterFn::new(|metadata| metadata.target() != SPANS);
    let filter = filter.and(no_span.with_max_level_hint(LevelFilter::TRACE));
    let log = tracing_subscriber::fmt::layer()
        .with_writer(|| ErrorStream)
        .with_target(false);
    let log = match log_format()? {
        LogFormat::Text => log
            .fmt_fields(fields.delimited(" "))
            .with_ansi(std::io::stderr().is_terminal() && may_colour())
            .boxed(),
        LogFormat::Json => {
            if serves_others {
                json_lines::take_everything();
            }
            log.event_format(JsonLines).boxed()
        }
    };
    let (layer, spans) = Spans::layer();
    tracing_subscriber::registry()
        .with(layer)
        .with(log.with_filter(filter))
        .init();
    Ok(spans)
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogFormat {
    Text,
    Json,
}

/// The form that `COFFERDAM_LOG_FORMAT` asks for.
fn log_format() -> Result<LogFormat, Failure> {
    const VARIABLE: &str = "COFFERDAM_LOG_FORMAT";
    match std::env::var(VARIABLE).unwrap_or_default().as_str() {
        "" | "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(Failure::usage(format!(
            "{VARIABLE} = {other:?}: expected `text` or `json`"
        ))),
    }
}

/// The beginning of the targets of this program's own lines in the log.
const OWN: &str = "cofferdam";

/// The library of vendors logs whole bodies of their answers, which may hold a key or what a user
/// said; who wants them names it.
const QUIET: &str = "genai=off";

/// Returns the filter that was written: levels, and directives `TARGET=LEVEL`. A word alone would
/// be taken for a target, of which everything is logged.
fn chosen(written: &str) -> Option<EnvFilter> {
    let directive = |part: &str| {
        let level = part.parse::<LevelFilter>();
        match level {
            // Libraries write down every frame and every statement; who wants that names them.
            Ok(level) if level > LevelFilter::INFO => Some(format!("info,{OWN}={level}")),
            Ok(_) => Some(part.to_owned()),
            Err(_) => part.contains('=').then(|| part.to_owned()),
        }
    };
    let directives: Option<Vec<_>> = written.split(',').map(str::trim).map(directive).collect();
    let mut directives = directives?;
    if !written.contains("genai") {
        directives.push(QUIET.to_owned());
    }
    EnvFilter::try_new(directives.join(",")).ok()
}
