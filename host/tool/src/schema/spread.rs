//! Bounds how many nodes of a schema apply to one value of an input.
//!
//! A reference applies its target once more: twenty levels, each of which refers twice to the next,
//! are a million nodes in one place. Every node is therefore counted as often as it applies.

use super::error::SchemaError;
use super::node::{Id, Node, Nodes};
use super::sentence::at;

/// Nodes that apply to one value, each as often as it does. The largest union that people write has
/// a few hundred variants.
const MAX_NODES: u64 = 1_024;

/// Nodes that apply to one value because each leads to the next. Checking takes stack frames for
/// each.
const MAX_CHAIN: u64 = 64;

/// The knowledge of a node.
#[derive(Clone, Copy)]
enum Known {
    /// Nothing yet.
    Nothing,
    /// It is being counted: who comes back to it goes round.
    Begun,
    /// Nodes that apply where it does, and the longest chain of them.
    Counted { nodes: u64, chain: u64 },
}

/// Refuses a schema with a node that leads back to itself in the same place, or to more nodes than
/// are checked.
pub(super) fn check(schema: &Nodes) -> Result<(), SchemaError> {
    let mut known = vec![Known::Nothing; schema.nodes.len()];
    (0..schema.nodes.len()).try_for_each(|index| count(schema, Id(index), 1, &mut known).map(drop))
}

/// Counts the nodes that apply where the node `id` does. `depth` is its place in the chain that has
/// led to it.
fn count(
    schema: &Nodes,
    id: Id,
    depth: u64,
    known: &mut [Known],
) -> Result<(u64, u64), SchemaError> {
    let Node::Keywords(keywords) = schema.node(id) else {
        return Ok((1, 1));
    };
    let place = || at(&schema.places.pointer(id));
    match known.get(id.0) {
        Some(Known::Counted { nodes, chain }) => return Ok((*nodes, *chain)),
        Some(Known::Begun) => {
            let sentence =
                "applies to the same value again and again: expected `$ref` to lead into the value";
            return Err(SchemaError::new(format!(
                "{}: it {sentence}, through `properties` or `items`",
                place()
            )));
        }
        _ => {}
    }
    if depth > MAX_CHAIN {
        return Err(long(&place()));
    }
    set(known, id, Known::Begun);
    let mut nodes = 1_u64;
    let mut chain = 1_u64;
    for next in keywords
        .iter()
        .flat_map(|keyword| keyword.in_place(&schema.targets))
    {
        let (more, longer) = count(schema, next, depth.saturating_add(1), known)?;
        nodes = nodes.saturating_add(more);
        chain = chain.max(longer.saturating_add(1));
    }
    if nodes > MAX_NODES {
        return Err(SchemaError::new(format!(
            "{}: more than {MAX_NODES} schemas apply to one value, each counted as often as \
             `$ref`, `allOf`, `anyOf`, `oneOf` and their like lead to it: say it with fewer",
            place()
        )));
    }
    if chain > MAX_CHAIN {
        return Err(long(&place()));
    }
    set(known, id, Known::Counted { nodes, chain });
    Ok((nodes, chain))
}

fn set(known: &mut [Known], id: Id, now: Known) {
    if let Some(known) = known.get_mut(id.0) {
        *known = now;
    }
}

fn long(place: &str) -> SchemaError {
    SchemaError::new(format!(
        "{place}: more than {MAX_CHAIN} schemas lead to one another for one value: say it with \
         fewer"
    ))
}
