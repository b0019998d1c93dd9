//! A grant written as a manifest, to be held against another one.

use crate::access::Access;
use crate::environment::LOCKED_ENVIRONMENT;
use crate::grant::Grant;
use crate::guest_path::GuestPath;
use crate::limits::{Limits, LimitsRequest};
use crate::manifest::{Manifest, ToolSection};
use crate::preopen::Preopen;
use crate::rows::{CallRow, EnvRow, FsRow, HttpRow, Reason, SecretRow, TcpRow};

/// The most that a grant from this manifest gives under these limits, in the form of [`powers`].
pub fn asked_powers(manifest: &Manifest, limits: &Limits) -> Manifest {
    let secret = |row: &SecretRow| SecretRow {
        inject: None,
        auth: None,
        ..row.clone()
    };
    Manifest {
        tool: ToolSection::default(),
        secret: manifest.secret.iter().map(secret).collect(),
        limits: LimitsRequest::every(limits),
        ..manifest.clone()
    }
}

/// The manifest that asks for exactly what a grant gives, every limit included. Ports that were
/// offered hold for both schemes in it, and secrets are there by name and host alone: their use is
/// in the manifest that the grant was made from.
pub fn powers(grant: &Grant) -> Manifest {
    let directory = |preopen: &Preopen| FsRow {
        path: preopen.guest().clone(),
        access: preopen.access(),
        reason: Reason::granted(),
    };
    let own_scratch = grant.has_scratch().then(|| FsRow {
        path: GuestPath::scratch(),
        access: Access::ReadWrite,
        reason: Reason::granted(),
    });
    let locked = |name: &str| LOCKED_ENVIRONMENT.iter().any(|(locked, _)| *locked == name);
    let variables = grant.environment().iter();
    let variables = variables.filter(|(name, _)| !locked(name));
    let call = |name: &String| {
        let bound = grant.call_bound(name).cloned().unwrap_or_default();
        CallRow {
            name: name.clone(),
            directories: bound.directories,
            access: bound.access,
            hosts: bound.hosts,
            reason: Reason::granted(),
        }
    };
    Manifest {
        tool: ToolSection::default(),
        fs: grant
            .preopens()
            .iter()
            .map(directory)
            .chain(own_scratch)
            .collect(),
        http: grant
            .network()
            .rules()
            .iter()
            .map(|rule| HttpRow {
                host: rule.host().clone(),
                methods: rule.methods().to_vec(),
                ports: rule.ports().to_vec(),
                paths: rule.paths().to_vec(),
                idempotency_header: None,
                reason: Reason::granted(),
            })
            .collect(),
        tcp: grant
            .network()
            .tcp_rules()
            .iter()
            .map(|rule| TcpRow {
                host: rule.host().clone(),
                ports: rule.ports(),
                reason: Reason::granted(),
            })
            .collect(),
        secret: grant
            .secrets()
            .iter()
            .map(|rule| SecretRow {
                name: rule.name().clone(),
                inject: None,
                auth: None,
                host: rule.host().clone(),
                reason: Reason::granted(),
            })
            .collect(),
        env: variables
            .map(|(name, _)| EnvRow {
                name: name.clone(),
                reason: Reason::granted(),
            })
            .collect(),
        call: grant.calls().iter().map(call).collect(),
        unused: Vec::new(),
        limits: LimitsRequest::every(grant.limits()),
        ..Manifest::empty()
    }
}
