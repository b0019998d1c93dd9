//! `PromptObject`: one answer that fits a JSON Schema.

use cofferdam_agent::{Object, ObjectRequest};
use cofferdam_proto::agent::{PromptObjectRequest, PromptObjectResponse};
use opentelemetry::context::FutureExt;
use tonic::{Request, Response, Status};

use super::shared::Shared;
use super::status;
use crate::telemetry::trace_context::{context, of_headers};

/// Answers a request. A client that goes away ends it, because nothing of it would be kept.
pub(super) async fn prompt_object(
    shared: &Shared,
    request: Request<PromptObjectRequest>,
) -> Result<Response<PromptObjectResponse>, Status> {
    let agent = shared.agent(&request).await?;
    shared.open()?;
    let mut place = shared.answers.turns.begin(agent.id())?;
    let trace = of_headers(request.metadata().as_ref());
    let PromptObjectRequest {
        prompt,
        schema_json,
        schema_name,
        schema_desc,
    } = request.into_inner();
    let request = ObjectRequest {
        prompt,
        schema: schema_json,
        name: schema_name,
        description: schema_desc,
    };
    let cancel = shared.stop.child_token();
    // Counted, so that a host that ends waits for it.
    let asked = cofferdam_agent::prompt_object(&agent, request, cancel);
    let asked = asked.with_context(context(trace));
    let object = shared.turns.track_future(asked).await;
    let Object { json, raw, .. } = object.map_err(|error| status::of_object(&error))?;
    place.hold(json.len() + raw.len())?;
    Ok(place.keep_with(Response::new(PromptObjectResponse {
        object_json: json.into_bytes(),
        raw_text: raw,
    })))
}
