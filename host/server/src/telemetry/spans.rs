//! Spans for a collector: queued when they end, and exported over OTLP by a thread of its own.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cofferdam_call::SPANS;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData,
};
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::{Layer, Registry, reload};

use super::otlp_url::OtlpUrl;
use crate::edge::seldom::Seldom;

/// The conventions that name spans and attributes. Names for generative AI change between versions;
/// this is the last one that has them beside all others.
const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.41.0";

/// The name of this program among the services of a collector.
const SERVICE: &str = "cofferdam";

/// Spans that wait to be exported; further ones are dropped. Each takes about a kilobyte, and the
/// turns of a busy second have a few hundred.
const QUEUE: usize = 2_048;

/// Spans in one message.
const BATCH: usize = 512;

/// The longest time that a span waits for others.
const INTERVAL: Duration = Duration::from_secs(1);

/// The longest time of one export. A collector answers within milliseconds.
const EXPORT: Duration = Duration::from_secs(5);

type Export = Option<Box<dyn Layer<Registry> + Send + Sync>>;

/// The layer of a subscriber that exports spans, once it is told where to.
#[derive(Clone)]
pub struct Spans {
    export: reload::Handle<Export, Registry>,
    is_exporting: Arc<AtomicBool>,
}

/// Spans that are being exported.
#[derive(Debug)]
pub struct Exporting(SdkTracerProvider);

/// Spans that cannot be exported.
#[derive(Debug, thiserror::Error)]
#[error("spans cannot be exported to {to}: {problem}")]
pub struct SpansError {
    to: OtlpUrl,
    problem: String,
}

/// Exports spans, and logs how many did not arrive.
#[derive(Debug)]
struct ReportingExporter {
    exporter: SpanExporter,
    to: OtlpUrl,
    failures: Seldom,
}

impl Spans {
    /// The layer, and this to tell it where to export to. Until then spans are not even made.
    pub fn layer() -> (impl Layer<Registry> + Send + Sync, Self) {
        let is_exporting = Arc::new(AtomicBool::new(false));
        let (layer, export) = reload::Layer::new(Export::None);
        let is_on = Arc::clone(&is_exporting);
        let filter = FilterFn::new(move |metadata: &tracing::Metadata<'_>| {
            metadata.target() == SPANS && metadata.is_span() && is_on.load(Ordering::Relaxed)
        });
        let filter = filter.with_max_level_hint(LevelFilter::INFO);
        let spans = Self {
            export,
            is_exporting,
        };
        (layer.with_filter(filter), spans)
    }

    /// Exports spans from now on. Nothing waits for them: where the collector is slow or gone, they
    /// are dropped, and that is logged.
    ///
    /// # Errors
    ///
    /// If the exporter cannot be made. A collector that does not answer is none.
    pub fn export(&self, to: &OtlpUrl) -> Result<Exporting, SpansError> {
        let wrong = |error: &dyn fmt::Display| SpansError {
            to: to.clone(),
            problem: error.to_string(),
        };
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(to.as_str())
            .with_timeout(EXPORT)
            .build()
            .map_err(|error| wrong(&error))?;
        let exporter = ReportingExporter {
            exporter,
            to: to.clone(),
            failures: Seldom::default(),
        };
        let provider = provider(exporter);
        let scope = InstrumentationScope::builder(SERVICE)
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(SCHEMA_URL)
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer_with_scope(scope))
            // A span has what its maker puts there, and neither threads nor places in the code.
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false);
        self.is_exporting.store(true, Ordering::Relaxed);
        let set = self.export.modify(|export| *export = Some(layer.boxed()));
        set.map_err(|error| wrong(&error))?;
        Ok(Exporting(provider))
    }
}

fn provider(exporter: ReportingExporter) -> SdkTracerProvider {
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(INTERVAL)
        .build();
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(batches)
        .build();
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder_empty()
        .with_service_name(SERVICE)
        .with_attribute(version)
        .build();
    SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_resource(resource)
        // A client that does not record its trace has no use for a part of it.
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
        .build()
}

impl Exporting {
    /// Exports the spans that wait, for a process that ends. It takes this time at most.
    pub async fn finish(self, within: Duration) {
        let Self(provider) = self;
        let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(within));
        match tokio::time::timeout(within, flushed).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!("the last spans were not exported: {error}"),
            _ => tracing::warn!("the last spans were not exported: the collector is slow"),
        }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for ReportingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let exported = self.exporter.export(batch).await;
        if let Err(error) = &exported {
            let to = &self.to;
            self.failures.warn(|| {
                format!("{count} spans are dropped, because {to} did not take them: {error}")
            });
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans")
            .field("is_exporting", &self.is_exporting)
            .finish_non_exhaustive()
    }
}
