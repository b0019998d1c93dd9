//! The table that says which principal may call which method. A method without a row is not
//! served.
//!
//! The operator may call every method that has a row. [`super::principal`] reads the other columns,
//! and the caller of a row checks its last one.

use hyper::Method;

use crate::scope::Scope;

/// The methods of one service.
#[derive(Debug)]
pub(crate) struct Service {
    /// The name with its package.
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [Rule],
}

/// A method and the principals that may call it.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The name of the method in its service.
    pub(crate) method: &'static str,
    pub(crate) client: ClientRule,
    pub(crate) agent: AgentRule,
    /// True if a client that dials an agent's own address may call it, without a token.
    pub(crate) dialer: bool,
    pub(crate) about: About,
}

/// The tokens of clients with which a method may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientRule {
    /// None.
    Never,
    /// Those with this scope.
    Scope(Scope),
    /// All.
    Any,
}

/// The agents that an agent may call a method about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentRule {
    /// None.
    Never,
    /// Itself.
    Own,
    /// Those that its token links it to.
    Linked,
}

/// The thing that a call is about, and the place in the request that names it. A principal that
/// reaches one agent alone is held to it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// The agent in the metadata: `grpc/authorize.rs` compares it.
    AgentInMetadata,
    /// The agent in the message: `Shared::named` compares it, which every such method calls.
    AgentInMessage,
    /// The host as a whole.
    Host,
    /// Nothing that an agent has: health, and the descriptors of services.
    Nothing,
}

use About::{AgentInMessage, AgentInMetadata, Host, Nothing};
use AgentRule::{Linked, Never, Own};
use ClientRule as C;
use Scope::{Chat, Read, Tools, Write};

/// Every service of gRPC.
const GRPC: [Service; 13] = [
    // The runtime of one agent.
    Service {
        name: "openotters.agent.v1.AgentRuntime",
        rules: &[
            rule("Chat", C::Scope(Chat), Linked, AgentInMetadata).dialed(),
            rule("ChatStream", C::Scope(Chat), Linked, AgentInMetadata).dialed(),
            rule("PromptObject", C::Scope(Chat), Linked, AgentInMetadata).dialed(),
            rule("ListSessions", C::Scope(Read), Own, AgentInMetadata).dialed(),
            rule("ListSessionMessages", C::Scope(Read), Own, AgentInMetadata).dialed(),
            rule("DeleteSession", C::Scope(Write), Own, AgentInMetadata).dialed(),
            rule("SaveNote", C::Scope(Write), Own, AgentInMetadata).dialed(),
            rule("SetNoteInContext", C::Scope(Write), Own, AgentInMetadata).dialed(),
            rule("ListNotes", C::Scope(Read), Own, AgentInMetadata).dialed(),
            rule("GetNote", C::Scope(Read), Own, AgentInMetadata).dialed(),
            rule("DeleteNote", C::Scope(Write), Own, AgentInMetadata).dialed(),
            rule("Health", C::Any, Own, AgentInMetadata).dialed(),
            rule("Ready", C::Any, Own, AgentInMetadata).dialed(),
        ],
    },
    // Agents: clients look at them, the operator makes and removes them.
    Service {
        name: "cofferdam.v1.Agents",
        rules: &[
            rule("ListAgents", C::Scope(Read), Never, AgentInMessage),
            rule("GetAgent", C::Scope(Read), Own, AgentInMessage),
            rule("WatchAgent", C::Scope(Read), Own, AgentInMessage),
            rule("GetAgentStats", C::Scope(Read), Own, AgentInMessage),
            rule("CreateAgent", C::Never, Never, Host),
            rule("StartAgent", C::Never, Never, Host),
            rule("StopAgent", C::Never, Never, Host),
            rule("RestartAgent", C::Never, Never, Host),
            rule("RemoveAgent", C::Never, Never, Host),
        ],
    },
    Service {
        name: "cofferdam.v1.Sessions",
        rules: &[
            rule("ListSessions", C::Scope(Read), Own, AgentInMetadata),
            rule("ReadMessages", C::Scope(Read), Own, AgentInMetadata),
            rule("RenameSession", C::Scope(Write), Own, AgentInMetadata),
            // Asks the model, as a turn does.
            rule("CompactSession", C::Scope(Chat), Own, AgentInMetadata),
            rule("ImportSession", C::Scope(Write), Own, AgentInMetadata),
        ],
    },
    Service {
        name: "cofferdam.v1.Chat",
        rules: &[
            rule("StartTurn", C::Scope(Chat), Linked, AgentInMetadata),
            rule("FollowSession", C::Scope(Read), Own, AgentInMetadata),
            rule("CancelTurns", C::Scope(Chat), Own, AgentInMetadata),
        ],
    },
    // Tools without a model. An agent calls its own in its turns.
    Service {
        name: "cofferdam.v1.Tools",
        rules: &[
            rule("ListTools", C::Scope(Tools), Never, AgentInMetadata),
            rule("CallTool", C::Scope(Tools), Never, AgentInMetadata),
            rule("ExplainCall", C::Never, Never, AgentInMetadata),
            rule("ListCapabilities", C::Scope(Tools), Never, Nothing),
        ],
    },
    // Tools by tool contract v1.
    Service {
        name: "orloj.tool.v1.ToolService",
        rules: &[rule("Execute", C::Scope(Tools), Never, AgentInMetadata)],
    },
    // Images make the host connect to registries with the operator's logins.
    Service {
        name: "cofferdam.v1.Images",
        rules: &[
            rule("ListImages", C::Never, Never, Host),
            rule("DescribeImage", C::Never, Never, Host),
            rule("PullImage", C::Never, Never, Host),
            rule("PushImage", C::Never, Never, Host),
            rule("RemoveImage", C::Never, Never, Host),
        ],
    },
    // A model can ask, and nobody but the operator answers.
    Service {
        name: "cofferdam.v1.Approvals",
        rules: &[
            rule("ListApprovals", C::Never, Never, Host),
            rule("GetApproval", C::Never, Never, Host),
            rule("WatchApprovals", C::Never, Never, Host),
            rule("Approve", C::Never, Never, Host),
            rule("Deny", C::Never, Never, Host),
        ],
    },
    // Clients look at what was decided, and only the operator changes what is kept. A decision is
    // a reviewer's, whoever brings it.
    Service {
        name: "cofferdam.v1.Reviews",
        rules: &[
            rule("ListDecisions", C::Scope(Read), Never, Host),
            rule("GetDecision", C::Scope(Read), Never, Host),
            rule("ExportDecisions", C::Scope(Read), Never, Host),
            rule("ImportDecision", C::Never, Never, Host),
            rule("RemoveDecision", C::Never, Never, Host),
            rule("ListReviewedTools", C::Scope(Read), Never, AgentInMessage),
        ],
    },
    // No token makes another one.
    Service {
        name: "cofferdam.v1.Tokens",
        rules: &[
            rule("CreateToken", C::Never, Never, Host),
            rule("CreateAgentToken", C::Never, Never, Host),
            rule("ListTokens", C::Never, Never, Host),
            rule("RevokeToken", C::Never, Never, Host),
            rule("RotateSigningKey", C::Never, Never, Host),
        ],
    },
    Service {
        name: "grpc.health.v1.Health",
        rules: &[
            rule("Check", C::Any, Own, Nothing).dialed(),
            rule("Watch", C::Any, Own, Nothing).dialed(),
        ],
    },
    Service {
        name: "grpc.reflection.v1.ServerReflection",
        rules: &REFLECTION,
    },
    Service {
        name: "grpc.reflection.v1alpha.ServerReflection",
        rules: &REFLECTION,
    },
];

/// Every path of plain HTTP but `/healthz`, which has no row: everybody may know what a connection
/// that comes about says already.
const HTTP: [Rule; 2] = [
    rule(
        "POST /v1/tools/execute",
        C::Scope(Tools),
        Never,
        AgentInMetadata,
    ),
    rule("/metrics", C::Scope(Read), Never, Host),
];

const REFLECTION: [Rule; 1] = [rule("ServerReflectionInfo", C::Any, Own, Nothing).dialed()];

const fn rule(method: &'static str, client: ClientRule, agent: AgentRule, about: About) -> Rule {
    Rule {
        method,
        client,
        agent,
        dialer: false,
        about,
    }
}

impl Rule {
    /// The same method, also for clients that dial an agent's own address.
    const fn dialed(mut self) -> Self {
        self.dialer = true;
        self
    }
}

/// The row of a method of gRPC, by the path of its requests. They all have one HTTP method.
pub(crate) fn of_grpc(_: &Method, path: &str) -> Option<&'static Rule> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let service = GRPC.iter().find(|row| row.name == service)?;
    service.rules.iter().find(|rule| rule.method == method)
}

/// The row of a path of plain HTTP: of the path alone where it answers every method itself.
pub(crate) fn of_http(method: &Method, path: &str) -> Option<&'static Rule> {
    let asked = format!("{method} {path}");
    HTTP.iter()
        .find(|rule| rule.method == asked || rule.method == path)
}

/// Returns true for a path of plain HTTP.
pub(crate) fn is_plain(path: &str) -> bool {
    let of_rule = |rule: &Rule| {
        let method = rule.method;
        method.split_once(' ').map_or(method, |(_, path)| path) == path
    };
    HTTP.iter().any(of_rule)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cofferdam_proto::DESCRIPTORS;
    use prost::Message;
    use prost_types::FileDescriptorSet;

    use super::*;

    /// Methods of the services in these descriptors.
    fn methods(descriptors: &[u8]) -> BTreeSet<String> {
        let set = FileDescriptorSet::decode(descriptors).unwrap();
        let mut paths = BTreeSet::new();
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let package = file.package();
                    let name = format!("/{package}.{}/{}", service.name(), method.name());
                    paths.insert(name);
                }
            }
        }
        paths
    }

    #[test]
    fn every_method_has_a_row_and_every_row_is_a_method() {
        let mut served = methods(DESCRIPTORS);
        served.extend(methods(tonic_health::pb::FILE_DESCRIPTOR_SET));
        served.extend(methods(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET));
        served.extend(methods(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET));
        // Its messages are JSON, so that no descriptor has it.
        served.insert("/orloj.tool.v1.ToolService/Execute".to_owned());
        let rows = GRPC.iter().flat_map(|service| {
            let path = |rule: &Rule| format!("/{}/{}", service.name, rule.method);
            service.rules.iter().map(path)
        });
        let rows: Vec<_> = rows.collect();
        let table: BTreeSet<_> = rows.iter().cloned().collect();
        assert_eq!(rows.len(), table.len(), "a method has two rows");
        let missing: Vec<_> = served.difference(&table).collect();
        assert!(
            missing.is_empty(),
            "without a row nobody may call {missing:?}"
        );
        let unknown: Vec<_> = table.difference(&served).collect();
        assert!(unknown.is_empty(), "there is no method {unknown:?}");
    }

    #[test]
    fn what_has_no_row_is_not_found() {
        for path in [
            "",
            "/",
            "/cofferdam.v1.Agents",
            "/cofferdam.v1.Agents/",
            "/cofferdam.v1.Agents/GetAgent/",
            "//cofferdam.v1.Agents/GetAgent",
            "/cofferdam.v1.Agents/getagent",
            "/cofferdam.v1.Agents/GetAgent%20",
            "cofferdam.v1.Agents/GetAgent",
        ] {
            assert!(of_grpc(&Method::POST, path).is_none(), "{path}");
        }
        assert!(of_grpc(&Method::POST, "/cofferdam.v1.Agents/GetAgent").is_some());
        assert!(of_http(&Method::GET, "/v1/tools/execute").is_none());
        assert!(of_http(&Method::POST, "/v1/tools/execute").is_some());
    }
}
