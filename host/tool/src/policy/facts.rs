//! A tool as policies see it: derived by the host, never said by the tool.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entity, EntityUid, RestrictedExpression};
use cofferdam_capability::{Access, Grant, LOCKED_ENVIRONMENT};

use super::uid::{Kind, uid};
use crate::effect::Effect;
use crate::tool::Tool;

/// The entities of one tool.
#[derive(Debug, Clone)]
pub(crate) struct ToolFacts {
    pub(super) uid: EntityUid,
    pub(super) parents: Vec<EntityUid>,
    pub(super) entities: Vec<Entity>,
}

impl ToolFacts {
    /// The facts about a tool, which a reviewer has approved if it is `reviewed`. None if they
    /// cannot be said, which no tool of this host is.
    pub(crate) fn of(tool: &Tool, reviewed: bool) -> Option<Self> {
        let grant = tool.grant();
        let own = uid(Kind::Tool, tool.name());
        let parents = vec![
            uid(Kind::Bin, grant.tool()),
            uid(Kind::Component, &grant.component().to_string()),
        ];
        let entity = Entity::new(
            own.clone(),
            attributes(tool, reviewed),
            parents.iter().cloned().collect::<HashSet<_>>(),
        );
        let mut entities = vec![entity.ok()?];
        entities.extend(parents.iter().cloned().map(Entity::with_uid));
        Some(Self {
            uid: own,
            parents,
            entities,
        })
    }
}

fn attributes(tool: &Tool, reviewed: bool) -> HashMap<String, RestrictedExpression> {
    let effect = tool.effect();
    let grant = tool.grant();
    let network = grant.network();
    let preopens = |access: Access| {
        let granted = grant.preopens().iter();
        granted
            .filter(move |preopen| preopen.access() == access)
            .map(|preopen| preopen.guest().to_string())
    };
    let requested = network.rules().iter().map(|rule| rule.host().to_string());
    let connected = network.tcp_rules().iter().map(ToString::to_string);
    let methods = network
        .rules()
        .iter()
        .flat_map(|rule| rule.methods().iter().map(ToString::to_string));
    let locked = |name: &str| LOCKED_ENVIRONMENT.iter().any(|(locked, _)| *locked == name);
    let variables = grant
        .environment()
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !locked(name))
        .map(str::to_owned);
    let secrets = grant.secrets().iter().map(|rule| rule.name().to_string());
    let entity = RestrictedExpression::new_entity_uid;
    [
        ("effect", entity(uid(Kind::Effect, effect.as_str()))),
        ("risk", entity(uid(Kind::Risk, risk(effect, grant)))),
        ("host", RestrictedExpression::new_bool(tool.is_hosts())),
        ("reviewed", RestrictedExpression::new_bool(reviewed)),
        ("reads", set(preopens(Access::ReadOnly))),
        ("writes", set(preopens(Access::ReadWrite))),
        ("hosts", set(requested.chain(connected))),
        ("methods", set(methods)),
        ("secrets", set(secrets)),
        ("variables", set(variables)),
        ("calls", set(grant.calls().iter().cloned())),
        (
            "grant",
            RestrictedExpression::new_string(grant.digest().to_string()),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn set(items: impl Iterator<Item = String>) -> RestrictedExpression {
    RestrictedExpression::new_set(items.map(RestrictedExpression::new_string))
}

/// The risk of a tool, by its effect and what it could carry out of this host.
fn risk(effect: Effect, grant: &Grant) -> &'static str {
    let writes = grant
        .preopens()
        .iter()
        .any(|preopen| preopen.access() == Access::ReadWrite);
    let has_secrets = !grant.secrets().is_empty();
    effect.risk(writes || has_secrets || grant.network().reaches_every_host())
}
