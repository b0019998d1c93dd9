//! Answers checked against their schema, off the threads that serve clients.

use std::sync::Arc;

use serde_json::Value;

use super::error::{Misfit, ObjectError};
use super::form::Form;
use super::reply;
use super::thread::off_the_serving_threads;
use super::words::{place, short};
use super::work::{TooMuch, Work};

/// Looks up to which the library says what is wrong. It says so for every branch of a choice, and
/// keeps each sentence until it is done.
const MAX_EXPLAINED: u64 = 50_000;

/// Returns the answer in what a model said, or the reason why it has none.
pub(super) async fn judged(
    form: &Arc<Form>,
    said: String,
) -> Result<Result<String, Misfit>, ObjectError> {
    let form = Arc::clone(form);
    off_the_serving_threads(move || judge(&form, &said)).await
}

/// The same on this thread, which needs a deep stack.
pub(super) fn judge(form: &Form, said: &str) -> Result<String, Misfit> {
    if said.trim().is_empty() {
        return Err(Misfit("it is empty".to_owned()));
    }
    let value =
        reply::document(said).map_err(|error| Misfit(format!("it is not JSON: {error}")))?;
    check(form, &value)?;
    Ok(value.to_string())
}

fn check(form: &Form, value: &Value) -> Result<(), Misfit> {
    let schema = form.schema();
    let looks = Work::of(&schema).count(&schema, value);
    let looks = looks.map_err(|TooMuch| {
        let problem = "checking it against the schema takes too long: it has to be shorter, or the \
                       schema to have fewer choices inside choices";
        Misfit(problem.to_owned())
    })?;
    if form.validator().is_valid(value) {
        return Ok(());
    }
    let mut problem = "it does not fit the schema".to_owned();
    if looks <= MAX_EXPLAINED
        && let Err(error) = form.validator().validate(value)
    {
        let place = place(error.instance_path().as_str());
        problem += &format!(", {place}: {}", short(&error.to_string()));
    }
    Err(Misfit(problem))
}
