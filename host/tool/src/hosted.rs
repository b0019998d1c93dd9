//! Tools of the host for an agent.

use std::sync::Arc;

use cofferdam_capability::{Decision, Digest, Manifest};

use crate::error::ToolError;
use crate::host_tool::HostTool;
use crate::runner::Runner;
use crate::tool::Tool;

/// Makes a tool of what the host answers itself. Its grant gives nothing: no component runs.
///
/// # Errors
///
/// Its name, its words or its schema are none that a model can be told.
pub fn hosted(runner: &Runner, tool: Arc<dyn HostTool>) -> Result<Tool, ToolError> {
    let name = tool.descriptor().name;
    // There is no component, so its name stands for what runs.
    let component = Digest::of(format!("a tool of this host: {name}").as_bytes());
    let decision = Decision::default();
    let grant = runner.granted(component, &name, &Manifest::empty(), decision)?;
    Tool::host(tool, Arc::new(grant)).map_err(|error| ToolError::Offer {
        tool: name.to_string(),
        problem: error.to_string(),
    })
}
