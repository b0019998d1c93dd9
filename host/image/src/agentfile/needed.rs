//! Instructions without which nothing can be made of an Agentfile.

/// Instructions that an Agentfile must have, or the image that it builds on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// `NAME`.
    pub name: bool,
    /// `MODEL`.
    pub model: bool,
}

impl Needed {
    /// Both: an agent runs under a name, and asks a model.
    pub const AGENT: Self = Self {
        name: true,
        model: true,
    };

    /// Neither: others may build on the image, and say both.
    pub const IMAGE: Self = Self {
        name: false,
        model: false,
    };
}
