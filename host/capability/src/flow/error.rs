//! The reason why nobody can say where data goes.

/// The reason why nobody can say where data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// The calls of the tools can be made in too many ways.
    #[error("its tools call one another in more ways than are followed")]
    TooMuch,
}
