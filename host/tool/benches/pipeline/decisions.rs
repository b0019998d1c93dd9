//! The verification of a reviewer's decision.

use std::time::{Duration, Instant, SystemTime};

use cofferdam_capability::SigningKey;
use cofferdam_report::{Report, time};
use cofferdam_tool::{Judgement, Seen, Stated, ToolScope, TrustedKey, TrustedKeys};

use crate::fixture::{Data, Host};
use crate::median;

/// Keys that a host trusts, of which the last one has signed: those of a team, and the most that
/// there may be.
const KEYS: usize = 8;
const MOST_KEYS: usize = 64;

/// Verifications that are measured.
const RUNS: usize = 500;

const VERIFICATION: Duration = Duration::from_millis(1);

pub(crate) fn measure(report: &mut Report) {
    let host = Host::new(Data::new());
    let seen = Seen::asked(&host.installed, &[]);
    let took = verification(&seen, KEYS);
    report.row(
        &format!("verification of a decision on a host that trusts {KEYS} keys"),
        &time(took),
        "≤ 1 ms",
        took <= VERIFICATION,
    );
    report.figure(
        &format!("the same on a host that trusts {MOST_KEYS} keys, the most"),
        &time(verification(&seen, MOST_KEYS)),
    );
}

/// The median time of a verification by the last of so many keys.
fn verification(seen: &Seen, count: usize) -> Duration {
    let keys: Vec<_> = (0..count)
        .map(|_| SigningKey::generate().expect("a key"))
        .collect();
    let mut trusted = TrustedKeys::default();
    for (number, key) in keys.iter().enumerate() {
        let key = TrustedKey {
            name: format!("reviewer-{number}"),
            key: key.verifying_key().clone(),
            scopes: vec![ToolScope::all()],
        };
        trusted.add(key).expect("another key");
    }
    let stated = Stated {
        judgement: Judgement::Approve {
            seen: Box::new(seen.clone()),
            expires: None,
        },
        reason: "it only computes".to_owned(),
        made: SystemTime::now(),
    };
    let envelope = stated.sign(&keys[count - 1]).expect("it is signed");
    let verify = |_| {
        let began = Instant::now();
        let verified = trusted.verify(&envelope);
        let took = began.elapsed();
        assert_eq!(verified.expect("it counts").stated.reason, stated.reason);
        took
    };
    median((0..RUNS).map(verify).collect())
}
