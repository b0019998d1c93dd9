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
                return Err(GrantError::HostOverlap {
                    inner: inner.guest().clone(),
                    inner_access: inner.access(),
                    outer: outer.guest().clone(),
                    outer_access: outer.access(),
                });
            }
        }
    }
    Ok(())
}
