//! The declarations of a file after those of the image that it builds on.

use std::collections::{HashMap, HashSet};

use super::super::declared::{Add, Agentfile, Bin, Config, Context};
use super::super::error::{Fault, Position, shown};
use super::parts::{PlacedAdd, PlacedBin, Setting};

/// The settings of an image, as if they stood where it is named.
pub(super) fn inherited(configs: &[Config], at: Position) -> Vec<Setting> {
    let setting = |config: &Config| Setting {
        config: config.clone(),
        at,
        value_at: at,
    };
    configs.iter().map(setting).collect()
}

/// The BINs of the image, and after them those of the file, none of which may have a name that is
/// taken.
pub(super) fn bins(
    parent: Option<&Agentfile>,
    own: Vec<PlacedBin>,
    faults: &mut Vec<Fault>,
) -> Vec<Bin> {
    let mut bins = parent.map_or_else(Vec::new, |parent| parent.bins.clone());
    let taken: HashSet<_> = bins.iter().map(|bin| bin.name.clone()).collect();
    for PlacedBin { bin, at } in own {
        if taken.contains(&bin.name) {
            let name = &bin.name;
            let problem = format!(
                "the image that this Agentfile builds on has a tool {name} already; rename this \
                 one"
            );
            faults.push(Fault::new(at, problem));
        }
        bins.push(bin);
    }
    bins
}

/// The files of the image, and after them those of the file, none of which may have a name that is
/// taken.
pub(super) fn adds(
    parent: Option<&Agentfile>,
    own: Vec<PlacedAdd>,
    faults: &mut Vec<Fault>,
) -> Vec<Add> {
    let mut adds = parent.map_or_else(Vec::new, |parent| parent.adds.clone());
    let lower = |add: &Add| add.name.to_ascii_lowercase();
    let taken: HashSet<_> = adds.iter().map(lower).collect();
    for PlacedAdd { add, at, .. } in own {
        if taken.contains(&lower(&add)) {
            let problem = format!(
                "the image that this Agentfile builds on has a file {} already; give this one \
                 another name",
                shown(&format!("etc/data/{}", add.name))
            );
            faults.push(Fault::new(at, problem));
        }
        adds.push(add);
    }
    adds
}

/// The contexts, each in the place of the first one of its name.
pub(super) fn keyed(contexts: Vec<Context>) -> Vec<Context> {
    let mut places = HashMap::new();
    let mut kept: Vec<Context> = Vec::new();
    for context in contexts {
        let free = kept.len();
        let place = *places
            .entry(context.name.to_ascii_lowercase())
            .or_insert(free);
        match kept.get_mut(place) {
            Some(earlier) => *earlier = context,
            None => kept.push(context),
        }
    }
    kept
}

/// Of the items of one key the last, in their order.
pub(super) fn last_of_each<T>(items: Vec<T>, key: impl Fn(&T) -> &str) -> Vec<T> {
    let places = items.iter().map(&key).zip(0_usize..);
    let last: HashMap<_, _> = places.collect();
    let last: HashSet<_> = last.into_values().collect();
    let items = items.into_iter().zip(0_usize..);
    items
        .filter(|(_, place)| last.contains(place))
        .map(|(item, _)| item)
        .collect()
}
