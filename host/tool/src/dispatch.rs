//! The one door to a tool.

use cofferdam_sandbox::compile_worker as sandbox_compile_worker;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::backend;
use crate::catalog::Catalog;
use crate::input::Input;
use crate::policy;
use crate::report::Report;
use crate::runner::Runner;
use crate::tool::Tool;

impl Runner {
    /// Calls a tool: input checked, policy asked, run in the sandbox. There is a report with a receipt whatever happens.
    pub async fn call(&self, tool: &Tool, input: Input, cancel: &CancellationToken) -> Report {
        let mut report = match policy::permit(tool, input) {
            Ok(permit) => backend::wasm::call(&self.engine, permit, &self.secrets, cancel).await,
            Err(reason) => cofferdam_sandbox::Report::refused(&tool.grant, reason),
        };
        // Before anything is told to anybody, the log included.
        self.redactor.report(&mut report);
        let report = Report::from(report);
        let receipt = &report.receipt;
        tracing::info!(
            tool = tool.name(),
            outcome = receipt.outcome.name(),
            fuel = receipt.fuel,
            peak_memory = receipt.peak_memory,
            wall_us = receipt.wall_us,
            "tool call"
        );
        report
    }

    /// Calls the tool that a model names, with the arguments it wrote, and answers in words for the model.
    pub async fn answer(&self, catalog: &Catalog, name: &str, arguments: Value, cancel: &CancellationToken) -> Answer {
        match catalog.get(name) {
            Some(tool) => Answer::of(&self.call(tool, Input::Json(arguments), cancel).await, tool),
            None => Answer::unknown(name, catalog),
        }
    }
}

/// What the `cofferdam` binary does when the engine starts it as a compiler.
pub fn compile_worker() -> Result<(), String> {
    sandbox_compile_worker()
}
