//! The tools of one agent.

use std::collections::BTreeMap;

use crate::tool::Tool;

/// The tools of one agent by name. A tool that is not in here does not exist for it.
#[derive(Debug, Default)]
pub struct Catalog {
    tools: BTreeMap<String, Tool>,
}

impl Catalog {
    /// Adds a tool. The name must be free; if not, the tool that has it stays and its name comes back.
    pub fn add(&mut self, tool: Tool) -> Result<(), String> {
        let name = tool.name().to_owned();
        if self.tools.contains_key(&name) {
            return Err(name);
        }
        self.tools.insert(name, tool);
        Ok(())
    }

    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    /// All tools, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Tool> {
        self.tools.values()
    }

    /// The names, for a message that says what there is.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.tools.keys().map(String::as_str).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}
