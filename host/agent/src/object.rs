//! Structured output: one answer of an agent's model that fits a JSON Schema.
//!
//! It is stateless: the model gets the prompt and the schema, and neither the agent's documents nor
//! its tools, and no session keeps it. [`form`] reads and bounds the schema, [`reply`] finds the
//! JSON in what a model says, and [`work`] bounds what checking it against the schema takes. What
//! does not fit is asked for again, with the reason. Nothing is returned that does not fit.

mod error;
mod form;
mod fragment;
mod judge;
mod reply;
#[cfg(test)]
mod tests;
mod thread;
mod words;
mod work;

use std::sync::Arc;

use cofferdam_model::{Finish, Message, Model, ObjectSchema, Request, Thinking, Turn, Usage};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::asking::ask;
use crate::error::TurnError;
use crate::prompt::check_prompt;
use crate::turn_limits::Spent;
pub use error::ObjectError;
use form::Form;
use judge::judged;

/// Times that a model is asked again because its answer does not fit. A model that sees the reason
/// mends most answers at once; one that has not after two will not.
const RE_ASKS: usize = 2;

/// Pieces of text between a model and this: they are not looked at.
const TEXT_QUEUE: usize = 16;

/// A request for an answer of a given form.
#[derive(Debug, Clone)]
pub struct ObjectRequest {
    /// The prompt.
    pub prompt: String,
    /// A JSON Schema of draft 2020-12, as it was written.
    pub schema: Vec<u8>,
    /// The name of the form, for the model; may be empty.
    pub name: String,
    /// Its meaning, for the model; may be empty.
    pub description: String,
}

/// An answer that fits its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The answer, as JSON.
    pub json: String,
    /// The words of the model that it was found in.
    pub raw: String,
    /// Tokens of all attempts together.
    pub usage: Usage,
}

/// Asks the model of an agent for one answer that fits a schema.
///
/// # Errors
///
/// If the request cannot be taken, the model fails, or no attempt fits. `cancel` ends it, and so
/// does stopping the agent.
pub async fn prompt_object(
    agent: &Agent,
    request: ObjectRequest,
    cancel: CancellationToken,
) -> Result<Object, ObjectError> {
    let ObjectRequest {
        prompt,
        schema,
        name,
        description,
    } = request;
    check_prompt(&prompt)?;
    let name = form::name(name)?;
    let description = form::description(description)?;
    let _running = agent.life.begin_call(&cancel);
    let model = agent.model.current().map_err(TurnError::from)?;
    let mut spent = Spent::new(agent.turns.budget);
    let deadline = spent.deadline();
    let late = spent.late().detail;
    let asked = async {
        let form = Arc::new(Form::read(schema).await?);
        let object = ObjectSchema {
            name,
            description,
            schema: form.schema(),
        };
        let request = Request {
            messages: vec![Message::User(prompt)],
            tools: Vec::new(),
            sampling: agent.sampling.clone(),
            object: Some(object),
        };
        asked_until_it_fits(agent, &*model, request, &form, &mut spent).await
    };
    tokio::select! {
        biased;
        () = tokio::time::sleep_until(deadline) => Err(ObjectError::Exhausted(late)),
        () = cancel.cancelled() => Err(if agent.life.is_open() {
            TurnError::Cancelled
        } else {
            TurnError::AtRest
        })?,
        answer = asked => answer,
    }
}

/// Asks until an answer fits, or the bounds of a turn leave no room for another one.
async fn asked_until_it_fits(
    agent: &Agent,
    model: &dyn Model,
    mut request: Request,
    form: &Arc<Form>,
    spent: &mut Spent,
) -> Result<Object, ObjectError> {
    let mut usage = Usage::default();
    let mut attempts = 0;
    loop {
        let turn = turn(agent, model, request.clone()).await?;
        usage += turn.usage;
        let read: usize = request.messages.iter().map(Message::bytes).sum();
        spent.step(turn.usage, read + turn.text.len());
        spent.say(turn.text.len());
        attempts += 1;
        let problem = match judged(form, turn.text.clone()).await? {
            Ok(json) => {
                return Ok(Object {
                    json,
                    raw: turn.text,
                    usage,
                });
            }
            Err(misfit) => match turn.finish {
                Finish::Done => misfit.to_string(),
                Finish::Length => format!(
                    "it was cut off after {} tokens, the most there may be: {misfit}",
                    request.sampling.max_tokens
                ),
                Finish::Filtered => format!("its provider withheld a part of it: {misfit}"),
            },
        };
        if attempts > RE_ASKS {
            return Err(ObjectError::Unfit { attempts, problem });
        }
        if let Some(end) = spent.exhausted() {
            return Err(ObjectError::Exhausted(end.detail));
        }
        // Vendors refuse a turn that says nothing.
        if !turn.text.trim().is_empty() {
            request.messages.push(Message::Assistant {
                text: turn.text,
                tool_calls: Vec::new(),
                thinking: Thinking::default(),
            });
        }
        request.messages.push(Message::User(format!(
            "That is no answer: {problem}. Answer again with the whole JSON document, valid \
             against the schema, and with nothing else."
        )));
    }
}

/// One turn, whose words are looked at once they are whole.
async fn turn(agent: &Agent, model: &dyn Model, request: Request) -> Result<Turn, TurnError> {
    let (text, mut pieces) = mpsc::channel(TEXT_QUEUE);
    let unheard = async { while pieces.recv().await.is_some() {} };
    let (turn, ()) = tokio::join!(ask(agent, model, request, text), unheard);
    Ok(turn?)
}
