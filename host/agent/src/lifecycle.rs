//! The life of an agent as one function: a state and an event give the next state, or the reason
//! why the event cannot happen.
//!
//! ```text
//! pulling ──► starting ──► ready ◄──► working ──► stopped ──► starting
//!    └───────────┴───────────┴──────────┴──► failed (reason) ──► starting
//! any of them ──► removing ──► removed
//! ```

use cofferdam_store::{FailureReason, State};

/// Something that happens to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Its image, its tools and its tree are there.
    Prepared,
    /// It is to be made ready.
    Start,
    /// Its tools and its model are ready.
    Ready,
    /// A turn has begun.
    TurnBegan,
    /// No turn runs any more.
    TurnsEnded,
    /// It is to rest.
    Stop,
    /// Something went wrong.
    Fail(FailureReason),
    /// It is to go, with everything that it has.
    Remove,
    /// Its tree and its sessions are gone.
    Removed,
}

/// The reason why an event cannot happen in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It runs already, or is about to.
    Runs,
    /// It does not run.
    Rests,
    /// It is being removed, or is gone.
    Goes,
    /// Nothing in this host makes this happen.
    Never,
}

/// Returns the state after `event`, or the reason why it cannot happen.
pub(crate) fn after(state: State, event: Event) -> Result<State, Refusal> {
    use State as S;
    match (event, state) {
        (Event::Removed, S::Removing) => Ok(S::Removed),
        (Event::Remove, S::Removing) => Ok(S::Removing),
        // A turn of before is told to end.
        (Event::TurnsEnded, S::Removing | S::Removed) => Ok(state),
        (_, S::Removing | S::Removed) => Err(Refusal::Goes),
        (Event::Remove, _) => Ok(S::Removing),
        (Event::Removed, _) => Err(Refusal::Never),

        (Event::Prepared, S::Pulling) => Ok(S::Starting),
        (Event::Prepared, _) => Err(Refusal::Never),

        (Event::Start, S::Stopped | S::Failed(_)) => Ok(S::Starting),
        (Event::Start, S::Pulling | S::Starting | S::Ready | S::Working) => Err(Refusal::Runs),

        (Event::Ready, S::Starting) => Ok(S::Ready),
        (Event::Ready, _) => Err(Refusal::Never),

        (Event::TurnBegan, S::Ready | S::Working) => Ok(S::Working),
        (Event::TurnBegan, S::Pulling | S::Starting | S::Stopped | S::Failed(_)) => {
            Err(Refusal::Rests)
        }
        (Event::TurnsEnded, S::Working) => Ok(S::Ready),
        (Event::TurnsEnded, _) => Ok(state),

        // An agent that has failed is no longer tried again.
        (Event::Stop, S::Pulling | S::Starting | S::Ready | S::Working | S::Failed(_)) => {
            Ok(S::Stopped)
        }
        (Event::Stop, S::Stopped) => Err(Refusal::Rests),

        (Event::Fail(_), S::Stopped) => Err(Refusal::Rests),
        (Event::Fail(reason), S::Pulling | S::Starting | S::Ready | S::Working | S::Failed(_)) => {
            Ok(S::Failed(reason))
        }
    }
}

/// Returns the name of a state in the first generation of openotters, where one status holds the
/// reason too.
pub fn first_generation(state: State) -> &'static str {
    match state {
        State::Pulling | State::Starting => "created",
        State::Ready | State::Working => "running",
        // There, an agent whose process has ended counts as stopped, however it has ended.
        State::Stopped | State::Failed(FailureReason::Crashed) => "stopped",
        State::Failed(FailureReason::Pull) => "pull_error",
        State::Failed(FailureReason::Model) => "model_error",
        State::Failed(
            FailureReason::Init | FailureReason::Config | FailureReason::ReadinessTimeout,
        ) => "init_error",
        State::Removing => "removing",
        State::Removed => "removed",
    }
}

/// Returns true for a failure that may be over by itself: of a registry, a disk or a model's
/// vendor. A mistake in an Agentfile stays one until somebody mends it.
pub(crate) fn may_pass(reason: FailureReason) -> bool {
    match reason {
        FailureReason::Pull | FailureReason::Init | FailureReason::Model => true,
        FailureReason::Config | FailureReason::ReadinessTimeout | FailureReason::Crashed => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events as the columns of the table have them.
    const EVENTS: [Event; 9] = [
        Event::Prepared,
        Event::Start,
        Event::Ready,
        Event::TurnBegan,
        Event::TurnsEnded,
        Event::Stop,
        Event::Fail(FailureReason::Init),
        Event::Remove,
        Event::Removed,
    ];

    /// Every pair. A state stands for the next one; `runs`, `rests`, `goes` and `never` refuse.
    const TABLE: &str = "
        from      prepared start    ready turn-began turns-ended stop    fail      remove   removed
        pulling   starting runs     never rests      pulling     stopped init      removing never
        starting  never    runs     ready rests      starting    stopped init      removing never
        ready     never    runs     never working    ready       stopped init      removing never
        working   never    runs     never working    ready       stopped init      removing never
        stopped   never    starting never rests      stopped     rests   rests     removing never
        pull      never    starting never rests      pull        stopped init      removing never
        init      never    starting never rests      init        stopped init      removing never
        config    never    starting never rests      config      stopped init      removing never
        model     never    starting never rests      model       stopped init      removing never
        readiness_timeout never starting never rests readiness_timeout stopped init removing never
        crashed   never    starting never rests      crashed     stopped init      removing never
        removing  goes     goes     goes  goes       removing    goes    goes      removing removed
        removed   goes     goes     goes  goes       removed     goes    goes      goes     goes
    ";

    fn word(state: State) -> &'static str {
        match state.failure_reason() {
            "" => state.as_str(),
            reason => reason,
        }
    }

    #[test]
    fn every_pair_is_in_the_table() {
        let rows = TABLE.lines().map(str::trim).filter(|row| !row.is_empty());
        let rows: Vec<Vec<_>> = rows.map(|row| row.split_whitespace().collect()).collect();
        assert_eq!(rows.len(), State::ALL.len() + 1);
        for (state, row) in State::ALL.into_iter().zip(&rows[1..]) {
            assert_eq!(row[0], word(state));
            for (event, expected) in EVENTS.into_iter().zip(&row[1..]) {
                let next = match after(state, event) {
                    Ok(next) => word(next),
                    Err(Refusal::Runs) => "runs",
                    Err(Refusal::Rests) => "rests",
                    Err(Refusal::Goes) => "goes",
                    Err(Refusal::Never) => "never",
                };
                assert_eq!(next, *expected, "{state} and {event:?}");
            }
            assert_eq!(row.len(), EVENTS.len() + 1);
        }
    }

    #[test]
    fn every_state_has_a_name_in_the_first_generation() {
        let names = State::ALL.map(first_generation);
        let expected = [
            "created",
            "created",
            "running",
            "running",
            "stopped",
            "pull_error",
            "init_error",
            "init_error",
            "model_error",
            "init_error",
            "stopped",
            "removing",
            "removed",
        ];
        assert_eq!(names, expected);
    }
}
