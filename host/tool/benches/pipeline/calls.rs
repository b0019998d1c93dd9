//! A call through the whole pipeline, beside the same call of the sandbox alone.

use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};

use crate::fixture::{Bare, Data, Host};
use crate::median;

/// Calls of each kind in a turn, and turns: what else the machine does falls on all of them.
const CALLS: usize = 1_000;
const TURNS: usize = 9;

/// Calls of each kind that are not measured.
const WARM: usize = 200;

/// The profile `ask-on-write`, by which a tool that only computes runs unattended.
const ALIKE: &str = include_str!("../../src/policy/profiles/ask-on-write.cedar");

/// The same, and a policy that reads what each call has.
const ARGUMENTS: &str = r#"
@id("no-secrets")
forbid (principal, action, resource) when {
  context.arguments.hasTag("text") && context.arguments.getTag("text") like "*secret*"
};
"#;

pub(crate) fn measure(report: &mut Report) {
    let bare = Bare::new(Data::new());
    let by_arguments = Host::new(Data::new().with_policy(&[ALIKE, ARGUMENTS].concat()));
    let alike = Host::new(Data::new().with_policy(ALIKE));
    let kinds: [&dyn Fn(); 3] = [&|| bare.call(), &|| by_arguments.call(), &|| alike.call()];
    for call in kinds {
        (0..WARM).for_each(|_| call());
    }
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        for (call, of_kind) in kinds.iter().zip(&mut times) {
            of_kind.extend((0..CALLS).map(|_| {
                let began = Instant::now();
                call();
                began.elapsed()
            }));
        }
    }
    let [bare, by_arguments, alike] = times.map(median);
    for (what, took, most) in [
        ("the policy reads the arguments", by_arguments, 25),
        ("the decision is the same for all arguments", alike, 10),
    ] {
        let over = took.saturating_sub(bare);
        report.row(
            &format!(
                "a typed call with policy and record in memory, over the bare sandbox: {what}"
            ),
            &format!("+{} ({} and {})", time(over), time(took), time(bare)),
            &format!("≤ +{most} µs"),
            over <= Duration::from_micros(most),
        );
    }
}
