//! Colour on a terminal.

/// Returns false where the user wants no colour (<https://no-color.org>).
pub(super) fn may_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none()
}
