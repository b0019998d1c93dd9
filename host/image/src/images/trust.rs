//! Images of the store, checked against the signatures that the operator requires.

use cofferdam_capability::Digest;

use crate::attestation::Attestation;
use crate::error::Error;
use crate::reference::Reference;
use crate::signers::Signers;
use crate::store::Store;

/// Refuses the image of this digest if it may not be used under this name. A digest alone stands
/// for every name that the image has here.
pub(super) fn check(
    store: &Store,
    signers: &Signers,
    name: &Reference,
    digest: Digest,
) -> Result<(), Error> {
    if signers.rows().is_empty() {
        return Ok(());
    }
    let image = Reference::bare(digest);
    let (digests, names) = store.signable(&image)?;
    let mut asked = vec![name.clone()];
    asked.extend(names.into_iter().filter(|_| name.is_bare()));
    asked.retain(|name| signers.requires(name));
    if asked.is_empty() {
        return Ok(());
    }
    let referrers = store.referrers(&image, None)?;
    let mut asked = asked.iter();
    asked.try_for_each(|name| signers.check(name, &digests, &referrers))
}

/// The meaning of the documents that refer to an image.
pub(super) fn attestations(
    store: &Store,
    signers: &Signers,
    reference: &Reference,
) -> Result<Vec<Attestation>, Error> {
    let referrers = store.referrers(reference, None)?;
    let (digests, _) = store.signable(reference)?;
    let read = |referrer| Attestation::read(referrer, &digests, signers);
    Ok(referrers.iter().map(read).collect())
}
