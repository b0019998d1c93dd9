//! Names of entities.

use std::sync::LazyLock;

use cedar_policy::{EntityId, EntityTypeName, EntityUid};
use cofferdam_call::Principal;

/// The types of the entities that the host makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Operator,
    Client,
    Agent,
    Bin,
    Component,
    Tool,
    Effect,
    Risk,
    Arguments,
    Action,
}

/// The name of an entity.
pub(super) fn uid(kind: Kind, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.type_name(), EntityId::new(id))
}

/// The name of the party that makes a call.
pub(super) fn principal_uid(principal: &Principal) -> EntityUid {
    match principal {
        Principal::Operator => uid(Kind::Operator, "operator"),
        Principal::Client { name } => uid(Kind::Client, name),
        Principal::Agent { name } => uid(Kind::Agent, name),
    }
}

impl Kind {
    fn type_name(self) -> EntityTypeName {
        static NAMES: LazyLock<Vec<(Kind, EntityTypeName)>> = LazyLock::new(|| {
            let named = [
                (Kind::Operator, "Operator"),
                (Kind::Client, "Client"),
                (Kind::Agent, "Agent"),
                (Kind::Bin, "Bin"),
                (Kind::Component, "Component"),
                (Kind::Tool, "Tool"),
                (Kind::Effect, "Effect"),
                (Kind::Risk, "Risk"),
                (Kind::Arguments, "Arguments"),
                (Kind::Action, "Action"),
            ];
            #[allow(
                clippy::expect_used,
                reason = "the names above are constants, and a test makes each"
            )]
            let parsed = |name: &str| name.parse().expect("a type of the schema is a name");
            named.map(|(kind, name)| (kind, parsed(name))).into()
        });
        let named = NAMES.iter().find(|(kind, _)| *kind == self);
        #[allow(
            clippy::expect_used,
            reason = "every kind stands in the table above, and a test makes each"
        )]
        let name = named.expect("every kind of entity has a name");
        name.1.clone()
    }
}
