//! The phases of a call, for those who measure where its time goes.

/// A part of the time of a call, in the order in which they come.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// All that comes before the call.
    Beginning,
    /// The checks before it begins, and the streams that it takes along.
    Preparation,
    /// The wait for a place.
    Queue,
    /// The pool, the store and all that the guest is given.
    Store,
    Instantiation,
    /// The guest's own code.
    Call,
    /// Its memory and its handles go.
    Teardown,
    /// The outcome, the output and the receipt.
    Receipt,
}

impl Phase {
    /// Tells that it is over, at trace level. No log shows that; disabled, it costs a comparison.
    pub(super) fn is_over(self) {
        tracing::trace!(target: "cofferdam::phases", phase = ?self);
    }
}
