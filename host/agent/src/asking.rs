//! The calls of a model: each in a span, and counted however it ends.

use std::sync::Arc;
use std::time::Instant;

use cofferdam_model::{Error, Model, Request, Turn, Usage};
use tokio::sync::mpsc;
use tracing::{Instrument, Span};

use crate::agent::Agent;
use crate::spans;
use crate::totals::{ModelOutcome, ProviderTotals};

/// A model call under way. One that is dropped before its end was cancelled.
struct ModelCall {
    span: Span,
    totals: Arc<ProviderTotals>,
    begun: Instant,
    end: Option<(ModelOutcome, Usage)>,
}

/// Asks the model of an agent for one turn; see [`Model::turn`].
pub(crate) async fn ask(
    agent: &Agent,
    model: &dyn Model,
    request: Request,
    text: mpsc::Sender<String>,
) -> Result<Turn, Error> {
    let name = &agent.model_name;
    let span = spans::model(name, &request);
    let mut call = ModelCall {
        span: span.clone(),
        totals: agent.totals.provider(name.provider()),
        begun: Instant::now(),
        end: None,
    };
    let asked = model.turn(request, text).instrument(span).await;
    call.end = Some(match &asked {
        Ok(turn) => (ModelOutcome::Ok, turn.usage),
        Err(error) => (ModelOutcome::of(error), Usage::default()),
    });
    asked
}

impl Drop for ModelCall {
    fn drop(&mut self) {
        let cancelled = (ModelOutcome::Cancelled, Usage::default());
        let (outcome, usage) = self.end.unwrap_or(cancelled);
        spans::end_model(&self.span, outcome, usage);
        self.totals.call(outcome, usage, self.begun.elapsed());
    }
}
