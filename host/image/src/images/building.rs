//! The last steps of building an agent image: its names, its ancestors, and its place in the store.

use cofferdam_capability::Digest;

use crate::agent_image::{self, AgentImage, Lock, LockedParent, PARENTS_MAX};
use crate::agentfile::{Agentfile, Parent};
use crate::error::Error;
use crate::reference::Reference;
use crate::store::Store;
use crate::tool_image::ToolImage;

/// Packs an agent, reads it as if it had come from elsewhere, and keeps it.
pub(super) fn keep(
    store: &Store,
    agentfile: &Agentfile,
    source: &str,
    lock: &Lock,
    created: Option<String>,
    names: &[Reference],
    tools: &[ToolImage],
) -> Result<AgentImage, Error> {
    let packed = agent_image::pack(agentfile, source, lock, created.as_deref())?;
    let name = names.first().cloned();
    let name = name.unwrap_or_else(|| Reference::bare(Digest::of(&packed.manifest)));
    let agent = packed.unpack(&name)?;
    store.put_agent(names, &packed, tools)?;
    Ok(agent)
}

/// The names that an image gets.
pub(super) fn names_of(
    names: Vec<Reference>,
    agentfile: &Agentfile,
) -> Result<Vec<Reference>, Error> {
    if !names.is_empty() {
        return Ok(names);
    }
    let Some(name) = &agentfile.name else {
        return Err(Error::Unnamed);
    };
    // Names of images have no capitals.
    let own = format!("{}:latest", name.as_str().to_ascii_lowercase());
    let own = own.parse();
    own.map(|own| vec![own])
        .map_err(|_| Error::Untagged(name.to_string()))
}

/// The images that an image builds on, the nearest first. None of them may be one that is built
/// now: the next build of each would change the other for ever.
pub(super) fn parents(
    parent: &Parent,
    base: &AgentImage,
    names: &[Reference],
) -> Result<Vec<LockedParent>, Error> {
    let mut parents = vec![LockedParent {
        image: parent.image.clone(),
        digest: base.digest,
    }];
    parents.extend(
        base.lock
            .iter()
            .flat_map(|lock| lock.parents.iter().cloned()),
    );
    if parents.len() > PARENTS_MAX {
        let problem = format!(
            "this image builds on {} others, one after the other, and at most {PARENTS_MAX} are \
             allowed; build on one of those below it",
            parents.len() - 1
        );
        return Err(parent.refuse(problem).into());
    }
    for name in names {
        let name = name.tagged();
        let is_name = |locked: &LockedParent| {
            locked.image.digest().is_none() && locked.image.tagged() == name
        };
        let Some(place) = parents.iter().position(is_name).filter(|_| name.is_some()) else {
            continue;
        };
        let way = parents.iter().take(place + 1);
        let way: Vec<_> = way.map(|locked| locked.image.to_string()).collect();
        let name = name.map(|name| name.to_string()).unwrap_or_default();
        let problem = format!(
            "cyclic FROM: {name} would build on {}; give one of them another name, or build on a \
             digest",
            way.join(", which builds on ")
        );
        return Err(parent.refuse(problem).into());
    }
    Ok(parents)
}
