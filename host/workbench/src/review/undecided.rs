//! The questions that the page of a review leaves to its reader.

/// Everything that the page does not decide, in sentences.
pub const UNDECIDED: &[&str] = &[
    "The page does not say that the tool does what it promises. It says what the tool could do.",
    "\"Can reach\" says that there is a way through the code. A run may never take it.",
    "The page does not judge the hosts: what a granted host does with a request is its own affair.",
    "Reasons, summaries and descriptions are the author's words, and nobody has checked them.",
    "What was granted can be used in every call. A policy of the operator can forbid calls beyond \
     that; the page does not read it.",
    "The packages are those that the build wrote down. A build can leave one out.",
    "An advisory that the given database does not have is not on the page.",
];
