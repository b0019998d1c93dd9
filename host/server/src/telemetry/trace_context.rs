//! The trace that a client has begun: W3C Trace Context in the headers of a request.

use cofferdam_call::TraceParent;
use hyper::header::HeaderMap;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

/// The header, the metadata of gRPC, and the key in `_meta` of MCP.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// The span that a request names as its parent. One that is malformed, or not alone, is ignored.
pub(crate) fn of_headers(headers: &HeaderMap) -> Option<TraceParent> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    TraceParent::parse(value.to_str().ok()?)
}

/// The context in which a span without a parent of this process becomes a child of `parent`.
pub(crate) fn context(parent: Option<TraceParent>) -> Context {
    let Some(parent) = parent else {
        return Context::new();
    };
    let flags = TraceFlags::default().with_sampled(parent.is_sampled());
    Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from_bytes(parent.trace().bytes()),
        SpanId::from_bytes(parent.span()),
        flags,
        true,
        TraceState::default(),
    ))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_header_that_is_not_alone_is_ignored() {
        let value = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let mut headers = HeaderMap::new();
        assert_eq!(of_headers(&headers), None);
        headers.append(TRACEPARENT, HeaderValue::from_static(value));
        let parent = of_headers(&headers);
        assert_eq!(parent.unwrap().to_string(), value);
        let context = context(parent);
        let span = context.span().span_context().clone();
        assert!(span.is_remote() && span.is_sampled());
        assert_eq!(span.span_id().to_string(), "b7ad6b7169203331");
        headers.append(TRACEPARENT, HeaderValue::from_static(value));
        assert_eq!(of_headers(&headers), None);
    }
}
