//! The policies of a set, found by whom and what they are about.

use std::collections::HashMap;

use cedar_policy::{EntityUid, Policy, PrincipalConstraint, ResourceConstraint};

/// The places of policies in their set. Of ten thousand policies most name one agent or one tool,
/// and a decision about others passes them over unseen.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Policies by the principal that they name, or else the resource.
    by_entity: HashMap<EntityUid, Vec<usize>>,
    /// Policies that name neither.
    others: Vec<usize>,
}

impl Index {
    pub(super) fn of(policies: &[Policy]) -> Self {
        let mut index = Self::default();
        for (place, policy) in policies.iter().enumerate() {
            let places = match named(policy) {
                Some(uid) => index.by_entity.entry(uid).or_default(),
                None => &mut index.others,
            };
            places.push(place);
        }
        index
    }

    /// The places of all policies whose scope can cover a request about these entities, in order;
    /// of some it does not.
    pub(super) fn about<'a>(&self, entities: impl Iterator<Item = &'a EntityUid>) -> Vec<usize> {
        let mut places = self.others.clone();
        for uid in entities {
            places.extend(self.by_entity.get(uid).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

/// The entity without which the scope of a policy covers nothing, if it names one.
fn named(policy: &Policy) -> Option<EntityUid> {
    let principal = match policy.principal_constraint() {
        PrincipalConstraint::Eq(uid)
        | PrincipalConstraint::In(uid)
        | PrincipalConstraint::IsIn(_, uid) => Some(uid),
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
    };
    principal.or_else(|| match policy.resource_constraint() {
        ResourceConstraint::Eq(uid)
        | ResourceConstraint::In(uid)
        | ResourceConstraint::IsIn(_, uid) => Some(uid),
        ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
    })
}
