//! The access of a tool in words for a model.

use cofferdam_capability::{Grant, GuestPath, LOCKED_ENVIRONMENT, Withheld};
use cofferdam_tool::{Tool, Toolbox};

/// A BIN: its tools, which have one grant.
pub(super) struct Bin<'a> {
    pub(super) grant: &'a Grant,
    tools: Vec<&'a Tool>,
}

/// The BINs of an agent, in the order of their tools.
pub(super) fn bins(toolbox: &Toolbox) -> Vec<Bin<'_>> {
    let mut bins: Vec<Bin<'_>> = Vec::new();
    // The host's own tools reach nothing outside it.
    for tool in toolbox.iter().filter(|tool| !tool.is_hosts()) {
        let same = |bin: &&mut Bin<'_>| bin.grant.tool() == tool.grant().tool();
        match bins.iter_mut().find(same) {
            Some(bin) => bin.tools.push(tool),
            None => bins.push(Bin {
                grant: tool.grant(),
                tools: vec![tool],
            }),
        }
    }
    bins
}

impl Bin<'_> {
    /// The names of its tools.
    pub(super) fn names(&self) -> String {
        let names = self.tools.iter().map(|tool| format!("`{}`", tool.name()));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Returns true if it sees some of a directory of its agent, itself or below.
    pub(super) fn sees(&self, place: &GuestPath) -> bool {
        let mut preopens = self.grant.preopens().iter();
        preopens.any(|preopen| place.contains(preopen.guest()) && preopen.room().is_some())
    }

    pub(super) fn has_scratch(&self) -> bool {
        self.grant.has_scratch()
    }

    /// The value of a limit, by its key.
    pub(super) fn limit(&self, key: &str) -> Option<String> {
        let mut rows = self.grant.limits().rows().into_iter();
        rows.find(|row| row.name == key).map(|row| row.value)
    }

    /// Everything that it reaches, and what it asked for and did not get.
    pub(super) fn reaches(&self) -> String {
        let given = self.given();
        let mut text = match given.as_slice() {
            [] => "its input alone".to_owned(),
            given => given.join("; "),
        };
        let denied = self.denied();
        if !denied.is_empty() {
            text = format!("{text}. Not granted: {}", denied.join(", "));
        }
        text
    }

    fn given(&self) -> Vec<String> {
        let grant = self.grant;
        let preopens = grant.preopens().iter();
        let mut given: Vec<_> = preopens
            .map(|preopen| format!("`{}` ({})", preopen.guest(), preopen.access()))
            .collect();
        if grant.has_scratch() {
            given.push("`/tmp`".to_owned());
        }
        let network = grant.network();
        let rules = network.rules().iter();
        given.extend(rules.map(|rule| format!("requests to {rule}")));
        let rules = network.tcp_rules().iter();
        given.extend(rules.map(|rule| format!("TCP to {rule}")));
        let secrets = grant.secrets().iter();
        given.extend(secrets.map(|secret| {
            format!(
                "the host adds a credential to requests to {}",
                secret.host()
            )
        }));
        let locked = |name: &str| LOCKED_ENVIRONMENT.iter().any(|(locked, _)| *locked == name);
        let variables = grant.environment().iter().map(|(name, _)| name);
        let variables: Vec<_> = variables
            .filter(|name| !locked(name))
            .map(|name| format!("`{name}`"))
            .collect();
        if !variables.is_empty() {
            given.push(format!("variables {}", variables.join(", ")));
        }
        let calls: Vec<_> = grant
            .calls()
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        if !calls.is_empty() {
            given.push(format!("calls of {}", calls.join(", ")));
        }
        given
    }

    fn denied(&self) -> Vec<String> {
        let denied = |withheld: &Withheld| match withheld {
            Withheld::NotOffered(path, _) => Some(format!("`{path}`")),
            Withheld::ReadOnly(path) => Some(format!("writing to `{path}`")),
            Withheld::NoVariable(name) => Some(format!("variable `{name}`")),
            Withheld::NoHost(host) | Withheld::HostAboveCeiling(host) => Some(if host.is_any() {
                "other requests".to_owned()
            } else {
                format!("requests to {host}")
            }),
            Withheld::NoTcp(host, _) | Withheld::TcpAboveCeiling(host) => {
                Some(format!("TCP to {host}"))
            }
            Withheld::NoSecret(_) => Some("a credential that it knows how to use".to_owned()),
            // What it did not ask for, and limits, are not missed.
            Withheld::NotDeclared(_)
            | Withheld::VariableNotDeclared(_)
            | Withheld::Limit(_)
            | Withheld::HostNotDeclared(_)
            | Withheld::TcpNotDeclared(_)
            | Withheld::SecretNotDeclared(_)
            | Withheld::SecretWithoutHost(..) => None,
        };
        self.grant.withheld().iter().filter_map(denied).collect()
    }
}
