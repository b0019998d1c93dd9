//! The form of the output.

/// Lines of context where no number is given.
pub(crate) const CONTEXT: usize = 3;

/// Columns of a line where no other number is given.
const WIDTH: usize = 130;

/// One of the forms.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Format {
    #[default]
    Normal,
    Unified(usize),
    Context(usize),
    SideBySide(Columns),
}

impl Format {
    /// Returns how many lines around a change are shown.
    pub(crate) fn context(self) -> usize {
        match self {
            Self::Unified(lines) | Self::Context(lines) => lines,
            Self::Normal | Self::SideBySide(_) => 0,
        }
    }

    /// Returns true if files that are the same are shown, too.
    pub(crate) fn shows_same(self) -> bool {
        match self {
            Self::SideBySide(columns) => columns.common,
            Self::Normal | Self::Unified(_) | Self::Context(_) => false,
        }
    }
}

/// Both columns, and how wide they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    /// Columns of a whole line.
    pub(crate) width: usize,
    /// Set if common lines are shown.
    pub(crate) common: bool,
    /// Set if common lines are shown on the left alone.
    pub(crate) left_alone: bool,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            width: WIDTH,
            common: true,
            left_alone: false,
        }
    }
}
