//! The directories of a grant.

use crate::error::GrantError;
use crate::guest_path::GuestPath;
use crate::manifest::Manifest;
use crate::overlap;
use crate::preopen::{Offer, Preopen};
use crate::rows::FsRow;
use crate::withheld::Withheld;

pub(super) fn decide_directories(
    manifest: &Manifest,
    offers: &[Offer],
    withheld: &mut Vec<Withheld>,
) -> Result<Vec<Preopen>, GrantError> {
    for (index, offer) in offers.iter().enumerate() {
        if GuestPath::scratch().contains(&offer.guest) {
            return Err(GrantError::OfferedScratch(offer.guest.clone()));
        }
        if offers
            .iter()
            .skip(index + 1)
            .any(|other| other.guest == offer.guest)
        {
            return Err(GrantError::OfferedTwice(offer.guest.clone()));
        }
    }
    let mut met: Vec<Preopen> = Vec::new();
    for row in manifest
        .fs
        .iter()
        .filter(|row| row.path != GuestPath::scratch())
    {
        let before = met.len();
        for offer in offers {
            if offers.iter().any(|deeper| deeper.hides(offer, &row.path)) {
                continue;
            }
            if let Some(preopen) = offer.meet(&row.path, row.access)? {
                if preopen.access() < row.access {
                    withheld.push(Withheld::ReadOnly(preopen.guest().clone()));
                }
                met.push(preopen);
            }
        }
        if met.len() == before {
            withheld.push(Withheld::NotOffered(row.path.clone(), row.access));
        }
    }
    for offer in offers {
        let declared =
            |row: &FsRow| offer.guest.contains(&row.path) || row.path.contains(&offer.guest);
        if !manifest.fs.iter().any(declared) {
            withheld.push(Withheld::NotDeclared(offer.guest.clone()));
        }
    }
    without_overlap(met)
}

/// Refuses different access to one directory, because through one name the other's restriction
/// would not hold. A directory below another one of a guest may be a different one of the host, as
/// a mount in the workspace is: then each has its own access.
fn without_overlap(mut met: Vec<Preopen>) -> Result<Vec<Preopen>, GrantError> {
    met.sort_by(|a, b| a.guest().cmp(b.guest()));
    let mut kept: Vec<Preopen> = Vec::new();
    for preopen in met {
        match kept.iter().find(|kept| kept.guest() == preopen.guest()) {
            Some(other) if other.access() != preopen.access() => {
                return Err(GrantError::Overlap {
                    inner: preopen.guest().clone(),
                    inner_access: preopen.access(),
                    outer: other.guest().clone(),
                    outer_access: other.access(),
                });
            }
            Some(_) => {}
            None => kept.push(preopen),
        }
    }
    overlap::refuse(&kept)?;
    Ok(kept)
}

/// The parts of granted directories that lie in these.
pub(super) fn met(
    preopens: &[Preopen],
    directories: &[GuestPath],
) -> Result<Vec<Preopen>, GrantError> {
    let mut met: Vec<Preopen> = Vec::new();
    for directory in directories {
        for preopen in preopens {
            let part = preopen.meet(directory)?;
            // Two that hold each other name the same one twice.
            let part = part.filter(|part| !met.iter().any(|met| met.guest() == part.guest()));
            met.extend(part);
        }
    }
    Ok(met)
}
