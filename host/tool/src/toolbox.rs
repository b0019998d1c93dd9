//! The tools of one agent.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_capability::ToolName;
use cofferdam_sandbox::Line;

use crate::approval::Approver;
use crate::policy::Rules;
use crate::tool::Tool;
use crate::usage::{ToolUsage, Usage};

/// The tools of one agent by name. A tool that is not in here does not exist for the agent, nor for
/// its tools.
///
/// The calls of the agent wait for each other in one line, in the order in which they came. Only
/// those that are through wait for a place on the host, so an agent with a thousand calls stands in
/// that line with a few of them.
#[derive(Debug)]
pub struct Toolbox {
    pub(crate) line: Arc<Line>,
    /// Sums of what its calls used.
    pub(crate) usage: Arc<Usage>,
    tools: BTreeMap<ToolName, Arc<Tool>>,
    /// The policy that the agent brings along, which can only narrow that of the host.
    narrowing: Option<Arc<Rules>>,
    /// Asks people about calls that need an approval; none where nobody can be asked.
    approver: Option<Arc<dyn Approver>>,
}

/// A name that another tool of the same agent has.
#[derive(Debug, thiserror::Error)]
#[error("there is a tool `{name}` already")]
pub struct NameTaken {
    /// The name.
    pub name: ToolName,
}

/// A name that no tool of the agent has.
#[derive(Debug, thiserror::Error)]
#[error("there is no tool `{name}`; the tools are: {known}")]
pub struct UnknownTool {
    /// The name that was asked for.
    pub name: String,
    /// The names of those there are.
    pub known: String,
}

impl Toolbox {
    pub(crate) fn new(line: Line) -> Self {
        Self {
            line: Arc::new(line),
            usage: Arc::default(),
            tools: BTreeMap::new(),
            narrowing: None,
            approver: None,
        }
    }

    /// An empty toolbox with the same line: for tools that are offered anew while calls of the old
    /// ones still run.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self {
            line: Arc::clone(&self.line),
            usage: Arc::clone(&self.usage),
            tools: BTreeMap::new(),
            narrowing: None,
            approver: None,
        }
    }

    /// The same toolbox under the policy that its agent brings along.
    #[must_use]
    pub fn narrowed_by(self, rules: Rules) -> Self {
        Self {
            narrowing: Some(Arc::new(rules)),
            ..self
        }
    }

    /// The same toolbox, whose calls wait for a person where the policy wants one.
    #[must_use]
    pub fn asking(self, approver: Arc<dyn Approver>) -> Self {
        Self {
            approver: Some(approver),
            ..self
        }
    }

    pub(crate) fn approver(&self) -> Option<&dyn Approver> {
        self.approver.as_deref()
    }

    pub(crate) fn narrowing(&self) -> Option<&Rules> {
        self.narrowing.as_deref()
    }

    /// Adds a tool. The first one of a name stays.
    ///
    /// # Errors
    ///
    /// If another tool has its name.
    pub fn add(&mut self, tool: Tool) -> Result<(), NameTaken> {
        let name = tool.descriptor().name.clone();
        if self.tools.contains_key(&name) {
            return Err(NameTaken { name });
        }
        self.tools.insert(name, Arc::new(tool));
        Ok(())
    }

    /// The same toolbox with more tools. The calls of both wait in one line.
    ///
    /// # Errors
    ///
    /// If a tool has the name of another one.
    pub fn with(&self, tools: Vec<Tool>) -> Result<Self, NameTaken> {
        let mut all = Self {
            line: Arc::clone(&self.line),
            usage: Arc::clone(&self.usage),
            tools: self.tools.clone(),
            narrowing: self.narrowing.clone(),
            approver: self.approver.clone(),
        };
        tools.into_iter().try_for_each(|tool| all.add(tool))?;
        Ok(all)
    }

    /// The tool of this name, for a guest: nothing is made of a name that no tool has.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Tool>> {
        self.tools.get(name)
    }

    /// The tool of this name.
    ///
    /// # Errors
    ///
    /// If no tool has it.
    pub fn get(&self, name: &str) -> Result<&Arc<Tool>, UnknownTool> {
        self.find(name).ok_or_else(|| UnknownTool {
            name: name.to_owned(),
            known: self.names(),
        })
    }

    /// All tools, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Tool>> {
        self.tools.values()
    }

    /// Sums of what the calls of each tool used, by name. A tool that was never called is not in
    /// it.
    pub fn usage(&self) -> BTreeMap<String, ToolUsage> {
        self.usage.all()
    }

    /// The names, for a message that says what there is.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.tools.keys().map(ToolName::as_str).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    }
}
