//! The page of a review: everything about a tool, or about the tools of an agent, that somebody
//! wants to know before they say yes.
//!
//! It is made of the bytes of components. Nothing of them runs, and nothing is compiled, so a
//! component has a page too that no host would load because its manifest lacks a row.

mod advisory;
mod agent_page;
mod facts;
mod finding;
mod flow_words;
mod packages;
mod reached;
mod rule;
mod sections;
mod tool_facts;
mod tool_page;
mod undecided;

pub use advisory::{Advisory, check_advisories};
pub use agent_page::{
    AgentFinding, AgentPage, AgentTool, CallLine, FlowLine, FlowPage, SecretLine,
};
pub use facts::FactsCache;
pub use packages::Package;
pub use reached::{ExportLine, ReachPage};
pub use rule::{Category, Finding, RULES, Rule};
pub use sections::Producer;
pub use tool_facts::{Built, Fate, ImportLine};
pub use tool_page::{ToolPage, ToolSubject};
pub use undecided::UNDECIDED;
