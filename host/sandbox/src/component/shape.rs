//! The shapes of components, by what they export.

/// Export of a command.
pub(super) const COMMAND: &str = "wasi:cli/run@0.2.";

/// Export of a component of typed tools.
const TYPED: &str = "cofferdam:tool/tools@0.1.";

/// The way in which a component is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `wasi:cli/run`: arguments and standard input in, standard output and an exit code out.
    Command,
    /// `cofferdam:tool/tools`: JSON in, JSON out.
    Typed,
    /// Any other exported functions: JSON in, JSON out, by their WIT types.
    Reflected,
}

/// Returns true if a component that exports this is called as one of typed tools, unless it is a
/// command too.
pub fn is_of_typed_tools(export: &str) -> bool {
    export.starts_with(TYPED)
}

/// Returns true if a component that exports this is called as a command.
pub fn is_command(export: &str) -> bool {
    export.starts_with(COMMAND)
}
