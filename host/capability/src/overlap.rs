//! Granted directories that lie in one another on the host, whatever names guests know them by.

use crate::error::GrantError;
use crate::location::Location;
use crate::preopen::Preopen;

/// Refuses a directory that lies in another one of different access, because through the outer one
/// its restriction would not hold.
pub(crate) fn refuse(preopens: &[Preopen]) -> Result<(), GrantError> {
    for inner in preopens {
        let other = |outer: &&Preopen| outer.access() != inner.access();
        if !preopens.iter().any(|outer| other(&outer)) {
            continue;
        }
        let wrong = |source| GrantError::Open {
            path: format!("the directories above {}", inner.guest()),
            source,
        };
        let location = Location::of(inner.dir()).map_err(wrong)?;
        for outer in preopens.iter().filter(other) {
            if location.lies_in(&Location::of(outer.dir()).map_err(wrong)?) {
                return Err(overlap(inner, outer));
            }
        }
    }
    Ok(())
}

/// The error in the words that the guest's names ask for.
fn overlap(inner: &Preopen, outer: &Preopen) -> GrantError {
    let inner_access = inner.access();
    let outer_access = outer.access();
    let is_below = outer.guest().contains(inner.guest());
    let inner = inner.guest().clone();
    let outer = outer.guest().clone();
    if is_below {
        GrantError::Overlap {
            inner,
            inner_access,
            outer,
            outer_access,
        }
    } else {
        GrantError::HostOverlap {
            inner,
            inner_access,
            outer,
            outer_access,
        }
    }
}
