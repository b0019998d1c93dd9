//! The families of a page of metrics, written row by row.

use std::fmt::Error;

use cofferdam_tool::{BOUNDS, HistogramCounts};
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// The name of a family, and what it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
}

/// One row of a family: its labels by name, and its value.
#[derive(Debug)]
pub(super) struct Row<'a, T> {
    pub(super) labels: Vec<(&'static str, &'a str)>,
    pub(super) value: T,
}

/// Writes a family of counters.
pub(super) fn counters<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    family: Family,
    rows: impl IntoIterator<Item = Row<'a, u64>>,
) -> Result<(), Error> {
    let Family { name, help } = family;
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for Row { labels, value } in rows {
        family
            .encode_family(&labels)?
            .encode_counter::<NoLabelSet, u64, u64>(&value, None)?;
    }
    Ok(())
}

/// Writes one gauge.
pub(super) fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    family: Family,
    value: usize,
) -> Result<(), Error> {
    let Family { name, help } = family;
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    encoder
        .encode_descriptor(name, help, None, MetricType::Gauge)?
        .encode_gauge(&value)
}

/// Writes a family of histograms, in seconds.
pub(super) fn histograms<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    family: Family,
    rows: impl IntoIterator<Item = Row<'a, HistogramCounts>>,
) -> Result<(), Error> {
    let Family { name, help } = family;
    let unit = Unit::Seconds;
    let mut family = encoder.encode_descriptor(name, help, Some(&unit), MetricType::Histogram)?;
    for Row { labels, value } in rows {
        let HistogramCounts {
            buckets,
            beyond,
            sum,
        } = value;
        let counted = BOUNDS.into_iter().map(seconds).zip(buckets);
        // The library takes this for the bucket without a bound.
        let all: Vec<_> = counted.chain([(f64::MAX, beyond)]).collect();
        let count = all.iter().map(|(_, count)| count).sum();
        let sum = seconds(sum);
        if labels.is_empty() {
            family.encode_histogram::<NoLabelSet>(sum, count, &all, None)?;
        } else {
            let mut labelled = family.encode_family(&labels)?;
            labelled.encode_histogram::<NoLabelSet>(sum, count, &all, None)?;
        }
    }
    Ok(())
}

/// Microseconds as seconds.
fn seconds(microseconds: u64) -> f64 {
    std::time::Duration::from_micros(microseconds).as_secs_f64()
}
