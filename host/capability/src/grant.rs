//! The grant: where asked for, allowed and decided meet.

mod directories;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::access::Access;
use crate::auth::SecretUse;
use crate::call_bound::CallBound;
use crate::digest::Digest;
use crate::environment::LOCKED_ENVIRONMENT;
use crate::error::GrantError;
use crate::guest_path::GuestPath;
use crate::limits::{Limits, LimitsRequest};
use crate::manifest::Manifest;
use crate::network::{
    AddressPolicy, HostOffer, HttpRule, NetworkCeiling, NetworkPolicy, TcpOffer, TcpRule,
};
use crate::preopen::{Offer, Preopen};
use crate::secret::SecretName;
use crate::secret_rule::SecretRule;
use crate::withheld::Withheld;
use directories::{decide_directories, met};

/// The most this host gives to any tool.
#[derive(Debug, Clone)]
pub struct Ceiling {
    /// The most a call gets without its operator: a manifest can lower these numbers.
    pub defaults: Limits,
    /// The most an operator can give.
    pub limits: Limits,
    /// The hosts and addresses that any tool reaches.
    pub network: NetworkCeiling,
}

/// The operator's offers to one tool. The default offers nothing.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// Directories.
    pub offers: Vec<Offer>,
    /// Environment variables, by name and value.
    pub env: Vec<(String, String)>,
    /// Limits that hold instead of the manifest's and the defaults.
    pub limits: LimitsRequest,
    /// Hosts that it may send requests to.
    pub http: Vec<HostOffer>,
    /// Hosts and ports that it may be connected to over TCP.
    pub tcp: Vec<TcpOffer>,
    /// Secrets that the operator has values for.
    pub secrets: Vec<SecretName>,
}

/// The resources one tool may touch in a call: declared ∩ ceiling ∩ decision. It names the
/// component it is for, so it cannot be used for another.
#[derive(Debug, Clone)]
pub struct Grant {
    tool: String,
    component: Digest,
    manifest: Digest,
    digest: Digest,
    preopens: Vec<Preopen>,
    scratch: bool,
    environment: Vec<(String, String)>,
    limits: Limits,
    network: NetworkPolicy,
    secrets: Vec<SecretRule>,
    calls: Vec<String>,
    /// The parts of the grants of those that calls of them may use, where it is not all.
    call_bounds: BTreeMap<String, CallBound>,
    withheld: Vec<Withheld>,
}

/// The content that a grant's digest covers: everything that makes a difference to the guest.
#[derive(Serialize)]
struct Fingerprint<'a> {
    component: Digest,
    manifest: Digest,
    directories: Vec<(&'a GuestPath, Access)>,
    scratch: bool,
    environment: &'a [(String, String)],
    limits: &'a Limits,
    network: &'a NetworkPolicy,
    secrets: &'a [SecretRule],
    calls: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    call_bounds: &'a BTreeMap<String, CallBound>,
}

impl Default for Ceiling {
    fn default() -> Self {
        Self {
            defaults: Limits::DEFAULT,
            limits: Limits::CEILING,
            network: NetworkCeiling::default(),
        }
    }
}

impl Grant {
    /// The one way to a grant. `tool` is the name it is known by here, `component` the digest of
    /// its bytes.
    pub fn new(
        tool: &str,
        component: Digest,
        manifest: &Manifest,
        ceiling: &Ceiling,
        decision: Decision,
    ) -> Result<Self, GrantError> {
        let Decision {
            offers,
            env,
            limits,
            http,
            tcp,
            secrets,
        } = decision;
        let mut withheld = Vec::new();
        let limits = decide_limits(manifest, ceiling, &limits, &mut withheld)?;
        let preopens = decide_directories(manifest, &offers, &mut withheld)?;
        // Nobody has to offer it: it is empty, counted, and gone after the call.
        let scratch = manifest
            .fs
            .iter()
            .any(|row| row.path == GuestPath::scratch());
        let environment = decide_environment(manifest, env, &mut withheld);
        let requests = decide_requests(manifest, &ceiling.network, &http, &mut withheld);
        let tcp = decide_tcp(manifest, &ceiling.network, &tcp, &mut withheld);
        let network = NetworkPolicy::new(
            requests,
            tcp,
            AddressPolicy::new(ceiling.network.addresses.clone()),
        );
        let secrets = decide_secrets(manifest, &network, &secrets, &mut withheld);
        // Which of them there are is known when one is called: an agent is given its tools one
        // after the other.
        let calls: Vec<_> = manifest.call.iter().map(|row| row.name.clone()).collect();
        let call_bounds = manifest
            .call
            .iter()
            .map(|row| (row.name.clone(), row.bound()))
            .filter(|(_, bound)| !bound.is_all())
            .collect();
        let grant = Self {
            tool: tool.to_owned(),
            component,
            manifest: manifest.digest()?,
            // Of the rest, below.
            digest: component,
            preopens,
            scratch,
            environment,
            limits,
            network,
            secrets,
            calls,
            call_bounds,
            withheld,
        };
        grant.digested()
    }

    /// The grant of a call that other tools make: of this one the part that each of them passes on.
    /// It never gives more.
    ///
    /// # Errors
    ///
    /// If a directory that one of them names is not there.
    pub fn passed_on(&self, bounds: &[CallBound]) -> Result<Self, GrantError> {
        let mut grant = self.clone();
        for bound in bounds {
            let CallBound {
                directories,
                access,
                hosts,
            } = bound;
            grant.preopens = match directories {
                Some(directories) => met(&grant.preopens, directories)?,
                None => grant.preopens,
            };
            if let Some(access) = access {
                let lessened = grant.preopens.into_iter();
                grant.preopens = lessened
                    .map(|preopen| preopen.with_at_most(*access))
                    .collect();
            }
            if let Some(hosts) = hosts {
                grant.network = grant.network.within(hosts);
            }
        }
        let network = &grant.network;
        grant
            .secrets
            .retain(|secret| network.reaches(secret.host()));
        grant.digested()
    }

    /// The same grant under the digest of what it gives.
    fn digested(mut self) -> Result<Self, GrantError> {
        let fingerprint = Fingerprint {
            component: self.component,
            manifest: self.manifest,
            directories: self
                .preopens
                .iter()
                .map(|preopen| (preopen.guest(), preopen.access()))
                .collect(),
            scratch: self.scratch,
            environment: &self.environment,
            limits: &self.limits,
            network: &self.network,
            secrets: &self.secrets,
            calls: &self.calls,
            call_bounds: &self.call_bounds,
        };
        let written = serde_json_canonicalizer::to_vec(&fingerprint);
        let written =
            written.map_err(|error| crate::error::ManifestError::from_json(&error, &self.tool))?;
        self.digest = Digest::of(&written);
        Ok(self)
    }

    /// The name the tool is known by.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// The digest of the component this grant is for.
    pub fn component(&self) -> Digest {
        self.component
    }

    /// The digest of the manifest it came from.
    pub fn manifest(&self) -> Digest {
        self.manifest
    }

    /// The digest of the grant itself.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The directories. Where one lies in another, both have the same access.
    pub fn preopens(&self) -> &[Preopen] {
        &self.preopens
    }

    /// Returns true if every call gets an empty `/tmp` of its own.
    pub fn has_scratch(&self) -> bool {
        self.scratch
    }

    /// The whole environment: the locked variables, then the granted ones.
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// The limits of every call.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The requests it may send.
    pub fn network(&self) -> &NetworkPolicy {
        &self.network
    }

    /// The secrets that the host puts into its requests.
    pub fn secrets(&self) -> &[SecretRule] {
        &self.secrets
    }

    /// The tools that it may call, where its agent has them.
    pub fn calls(&self) -> &[String] {
        &self.calls
    }

    /// Returns true if it may call the tool of this name, when its agent has one.
    pub fn may_call(&self, tool: &str) -> bool {
        self.calls.iter().any(|name| name == tool)
    }

    /// The part of the grant of the tool of this name that a call of it may use; none for all.
    pub fn call_bound(&self, tool: &str) -> Option<&CallBound> {
        self.call_bounds.get(tool)
    }

    /// Requests that were not granted.
    pub fn withheld(&self) -> &[Withheld] {
        &self.withheld
    }
}

/// Decides the limits: the operator's number, else the lower of the manifest's and the default. A
/// manifest that asks for more is a question to the operator, who is told.
fn decide_limits(
    manifest: &Manifest,
    ceiling: &Ceiling,
    operator: &LimitsRequest,
    withheld: &mut Vec<Withheld>,
) -> Result<Limits, GrantError> {
    if let Some((limit, asked, ceiling)) = operator.above(&ceiling.limits) {
        return Err(GrantError::AboveCeiling {
            limit,
            asked,
            ceiling,
        });
    }
    let given = ceiling
        .defaults
        .lowered(&manifest.limits)
        .replaced(operator);
    withheld.extend(
        manifest
            .limits
            .beyond(&given, &ceiling.limits)
            .into_iter()
            .map(Withheld::Limit),
    );
    Ok(given)
}

fn decide_environment(
    manifest: &Manifest,
    offered: Vec<(String, String)>,
    withheld: &mut Vec<Withheld>,
) -> Vec<(String, String)> {
    let locked = LOCKED_ENVIRONMENT
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let mut environment: Vec<_> = locked.collect();
    for row in &manifest.env {
        if environment.iter().any(|(name, _)| *name == row.name) {
            continue;
        }
        match offered.iter().rev().find(|(name, _)| *name == row.name) {
            Some(variable) => environment.push(variable.clone()),
            None => withheld.push(Withheld::NoVariable(row.name.clone())),
        }
    }
    let undeclared: BTreeSet<_> = offered
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| !manifest.env.iter().any(|row| row.name == *name))
        .collect();
    withheld.extend(undeclared.into_iter().map(Withheld::VariableNotDeclared));
    environment
}

/// Declared ∩ ceiling ∩ offered, pattern by pattern: what is left of a row is the narrowest of the
/// three.
fn decide_requests(
    manifest: &Manifest,
    ceiling: &NetworkCeiling,
    offers: &[HostOffer],
    withheld: &mut Vec<Withheld>,
) -> Vec<HttpRule> {
    let mut granted = Vec::new();
    let mut used = vec![false; offers.len()];
    for row in &manifest.http {
        let below: Vec<_> = ceiling
            .hosts
            .iter()
            .filter_map(|pattern| row.rule().meet(pattern, None))
            .collect();
        if below.is_empty() {
            withheld.push(Withheld::HostAboveCeiling(row.host.clone()));
            continue;
        }
        let before = granted.len();
        for (offer, used) in offers.iter().zip(&mut used) {
            let met: Vec<_> = below
                .iter()
                .filter_map(|rule| rule.meet(offer.pattern(), offer.port()))
                .collect();
            *used |= !met.is_empty();
            granted.extend(met);
        }
        if granted.len() == before {
            withheld.push(Withheld::NoHost(row.host.clone()));
        }
    }
    let unused = offers.iter().zip(used).filter(|(_, used)| !used);
    withheld.extend(unused.map(|(offer, _)| Withheld::HostNotDeclared(offer.to_string())));
    granted
}

/// The same for TCP, where every offer names its one port.
fn decide_tcp(
    manifest: &Manifest,
    ceiling: &NetworkCeiling,
    offers: &[TcpOffer],
    withheld: &mut Vec<Withheld>,
) -> Vec<TcpRule> {
    let mut granted = Vec::new();
    let mut used = vec![false; offers.len()];
    for row in &manifest.tcp {
        let below: Vec<_> = ceiling
            .hosts
            .iter()
            .filter_map(|pattern| row.host.meet(pattern))
            .collect();
        if below.is_empty() {
            withheld.push(Withheld::TcpAboveCeiling(row.host.clone()));
            continue;
        }
        let before = granted.len();
        for (offer, used) in offers.iter().zip(&mut used) {
            let met: Vec<_> = below
                .iter()
                .filter_map(|host| TcpRule::meet(host, &row.ports, offer))
                .collect();
            *used |= !met.is_empty();
            granted.extend(met);
        }
        if granted.len() == before {
            withheld.push(Withheld::NoTcp(row.host.clone(), row.ports.clone()));
        }
    }
    let unused = offers.iter().zip(used).filter(|(_, used)| !used);
    withheld.extend(unused.map(|(offer, _)| Withheld::TcpNotDeclared(offer.to_string())));
    granted
}

fn decide_secrets(
    manifest: &Manifest,
    network: &NetworkPolicy,
    given: &[SecretName],
    withheld: &mut Vec<Withheld>,
) -> Vec<SecretRule> {
    let mut granted = Vec::new();
    for row in &manifest.secret {
        let name = row.name.clone();
        let host = row.host.clone();
        // A row without one did not pass the check of its manifest.
        let Ok(usage) = row.usage() else { continue };
        let no_tokens_from = match &usage {
            SecretUse::ClientCredentials { token_url, .. } => {
                (!token_url.is_permitted(network)).then(|| token_url.host().clone())
            }
            SecretUse::Header { .. } | SecretUse::Basic => None,
        };
        if !given.contains(&name) {
            withheld.push(Withheld::NoSecret(name));
        } else if !network.reaches(&host) {
            withheld.push(Withheld::SecretWithoutHost(name, host));
        } else if let Some(host) = no_tokens_from {
            withheld.push(Withheld::SecretWithoutHost(name, host));
        } else {
            granted.push(SecretRule { name, host, usage });
        }
    }
    let undeclared = given
        .iter()
        .filter(|name| !manifest.secret.iter().any(|row| row.name == **name));
    withheld.extend(undeclared.cloned().map(Withheld::SecretNotDeclared));
    granted
}
