//! Differences between two manifests that give nothing and take nothing away, for a reviewer.

use crate::change::{Category, Change, ChangeKind};
use crate::limits::{Limits, LimitsRequest, LowerLimit};
use crate::manifest::{Manifest, ToolSection};
use crate::rows::{HttpRow, Reason, TcpRow};

/// Returns what differs beside the powers: words, reasons, imports that stay denied, and limits
/// that are asked for beyond the defaults, which the operator alone gives.
pub(super) fn alike(old: &Manifest, new: &Manifest, defaults: &Limits) -> Vec<Change> {
    let mut changes = identity(&old.tool, &new.tool);
    changes.extend(reasons(old, new));
    changes.extend(idempotency(&old.http, &new.http));
    let denied = |manifest: &Manifest| -> Vec<String> {
        let rows = manifest.unused.iter();
        rows.map(|row| row.interface.clone()).collect()
    };
    let old_denied = denied(old);
    let new_denied = denied(new);
    let gone = old_denied.iter().filter(|name| !new_denied.contains(name));
    let come = new_denied.iter().filter(|name| !old_denied.contains(name));
    changes.extend(
        gone.map(|name| changed(Category::Unused, name).between(Some("denied".to_owned()), None)),
    );
    changes.extend(
        come.map(|name| changed(Category::Unused, name).between(None, Some("denied".to_owned()))),
    );
    changes.extend(asked(&old.limits, &new.limits, defaults));
    changes
}

fn changed(category: Category, subject: &str) -> Change {
    Change::new(category, ChangeKind::Changed, subject)
}

fn identity(old: &ToolSection, new: &ToolSection) -> Vec<Change> {
    let ToolSection {
        name,
        version,
        summary,
        contract,
        module,
    } = new;
    let texts = [
        (Category::Name, "name", &old.name, name),
        (Category::Version, "version", &old.version, version),
        (Category::Description, "summary", &old.summary, summary),
    ];
    let differ = texts.into_iter().filter(|(_, _, old, new)| old != new);
    let mut changes: Vec<_> = differ
        .map(|(category, key, old, new)| {
            changed(category, key).between(Some(old.clone()), Some(new.clone()))
        })
        .collect();
    if *contract != old.contract {
        let text = |section: &ToolSection| {
            let contract = section.contract.as_ref();
            contract.and_then(|contract| {
                serde_json::to_value(contract)
                    .ok()?
                    .as_str()
                    .map(str::to_owned)
            })
        };
        changes.push(changed(Category::Form, "contract").between(text(old), text(new)));
    }
    if *module != old.module {
        let text = |section: &ToolSection| section.module.map(|digest| digest.to_string());
        changes.push(changed(Category::Form, "module").between(text(old), text(new)));
    }
    changes
}

/// The reasons of rows that both have.
fn reasons(old: &Manifest, new: &Manifest) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut hold = |subject: String, old: Option<&Reason>, new: &Reason| {
        if let Some(old) = old.filter(|old| *old != new) {
            let own = |reason: &Reason| Some(reason.as_str().to_owned());
            changes.push(changed(Category::Reason, &subject).between(own(old), own(new)));
        }
    };
    for row in &new.fs {
        let before = old.fs.iter().find(|old| old.path == row.path);
        hold(
            row.path.to_string(),
            before.map(|row| &row.reason),
            &row.reason,
        );
    }
    for row in &new.http {
        let before = old.http.iter().find(|old| old.asks_the_same(row));
        let subject = format!("requests to {}", row.host);
        hold(subject, before.map(|row| &row.reason), &row.reason);
    }
    let same = |one: &TcpRow, other: &TcpRow| one.host == other.host && one.ports == other.ports;
    for row in &new.tcp {
        let before = old.tcp.iter().find(|old| same(old, row));
        let subject = format!("TCP to {}", row.host);
        hold(subject, before.map(|row| &row.reason), &row.reason);
    }
    for row in &new.secret {
        let before = old.secret.iter().find(|old| old.name == row.name);
        let subject = format!("the secret {}", row.name);
        hold(subject, before.map(|row| &row.reason), &row.reason);
    }
    for row in &new.env {
        let before = old.env.iter().find(|old| old.name == row.name);
        let subject = format!("the variable {}", row.name);
        hold(subject, before.map(|row| &row.reason), &row.reason);
    }
    for row in &new.call {
        let before = old.call.iter().find(|old| old.name == row.name);
        let subject = format!("calls of {}", row.name);
        hold(subject, before.map(|row| &row.reason), &row.reason);
    }
    for row in &new.unused {
        let before = old.unused.iter().find(|old| old.interface == row.interface);
        hold(
            row.interface.clone(),
            before.map(|row| &row.reason),
            &row.reason,
        );
    }
    changes
}

/// The headers in which the host names calls. They let nothing through that was not allowed before.
fn idempotency(old: &[HttpRow], new: &[HttpRow]) -> Vec<Change> {
    let header = |row: &HttpRow| {
        let header = row.idempotency_header.as_ref();
        header.map(|header| header.as_str().to_owned())
    };
    let pairs = new.iter().filter_map(|row| {
        let before = old
            .iter()
            .find(|old| old.asks_the_same(row))
            .or_else(|| old.iter().find(|old| old.host == row.host));
        let before = before.and_then(header);
        let now = header(row);
        (before != now).then(|| {
            changed(Category::IdempotencyHeader, &row.host.to_string()).between(before, now)
        })
    });
    pairs.collect()
}

/// Limits that are asked for beyond the default by one of them: the operator alone gives more, so
/// they are a question and no power.
fn asked(old: &LimitsRequest, new: &LimitsRequest, defaults: &Limits) -> Vec<Change> {
    let beyond = |request: &LimitsRequest| request.beyond(defaults, &Limits::HIGHEST);
    let old = beyond(old);
    let new = beyond(new);
    let value = |limits: &[LowerLimit], name: &str| {
        let limit = limits.iter().find(|limit| limit.name == name);
        limit.map(|limit| format!("asks for {}", limit.asked))
    };
    let names = Limits::NAMES.iter();
    let differ = names.filter_map(|name| {
        let before = value(&old, name);
        let now = value(&new, name);
        (before != now).then(|| changed(Category::Limit, name).between(before, now))
    });
    differ.collect()
}
