//! The access that a grant gives, in words: for a reviewer before the tool runs, and for the
//! operator when the host starts.

use cofferdam_capability::{
    Access, Grant, LOCKED_ENVIRONMENT, Limits, LowerLimit, Preopen, SecretRule, Withheld,
};
use serde_json::{Value, json};

/// One thing that a tool gets.
#[derive(Debug)]
pub(crate) struct AccessRow {
    /// Its kind, as `tool inspect` names the rows of a manifest.
    pub(crate) kind: &'static str,
    /// Its kind.
    pub(crate) what: String,
}

/// Everything that a grant gives beyond the defaults: nothing for a tool that only gets its input.
pub(crate) fn given(grant: &Grant, defaults: &Limits) -> Vec<AccessRow> {
    let row = |kind, what| AccessRow { kind, what };
    let mut rows: Vec<AccessRow> = Vec::new();
    rows.extend(
        grant
            .preopens()
            .iter()
            .map(|preopen| row("directory", directory(preopen))),
    );
    if grant.has_scratch() {
        rows.push(row(
            "directory",
            format!("/tmp {}, gone after the call", Access::ReadWrite),
        ));
    }
    rows.extend(
        grant
            .network()
            .rules()
            .iter()
            .map(|rule| row("http", rule.to_string())),
    );
    rows.extend(
        grant
            .network()
            .tcp_rules()
            .iter()
            .map(|rule| row("tcp", rule.to_string())),
    );
    rows.extend(
        grant
            .secrets()
            .iter()
            .map(|rule| row("secret", secret(rule))),
    );
    rows.extend(variables(grant).map(|name| row("variable", name.to_owned())));
    rows.extend(grant.calls().iter().map(|name| row("call", name.clone())));
    rows.extend(changed(grant, defaults).map(|[name, value, default]| {
        row("limit", format!("{name} = {value} instead of {default}"))
    }));
    rows
}

/// The same in one line.
pub(crate) fn line(grant: &Grant, defaults: &Limits) -> String {
    let given = given(grant, defaults);
    if given.is_empty() {
        return "nothing but its input".to_owned();
    }
    given
        .iter()
        .map(|given| format!("{} {}", given.kind, given.what))
        .collect::<Vec<_>>()
        .join("; ")
}

/// The same for machines, with everything that was withheld.
pub(crate) fn json(grant: &Grant, defaults: &Limits) -> Value {
    let directories = grant.preopens().iter();
    let directories = directories.map(|preopen| {
        json!({ "path": preopen.guest(), "access": preopen.access(),
            "host": preopen.host().to_string_lossy() })
    });
    let texts = |texts: &mut dyn Iterator<Item = String>| texts.collect::<Vec<_>>();
    let limits = changed(grant, defaults)
        .map(|[name, value, default]| json!({ "name": name, "value": value, "default": default }));
    json!({
        "tool": grant.tool(),
        "component": grant.component(),
        "manifest": grant.manifest(),
        "grant": grant.digest(),
        "directories": directories.collect::<Vec<_>>(),
        "scratch": grant.has_scratch(),
        "http": texts(&mut grant.network().rules().iter().map(ToString::to_string)),
        "tcp": texts(&mut grant.network().tcp_rules().iter().map(ToString::to_string)),
        "secrets": texts(&mut grant.secrets().iter().map(secret)),
        "variables": texts(&mut variables(grant).map(str::to_owned)),
        "calls": grant.calls(),
        "limits": limits.collect::<Vec<_>>(),
        "withheld": texts(&mut grant.withheld().iter().map(ToString::to_string)),
        "lower_limits": lower(grant).collect::<Vec<_>>(),
    })
}

/// A directory, and where it lies on the host.
fn directory(preopen: &Preopen) -> String {
    format!(
        "{} {} ({})",
        preopen.guest(),
        preopen.access(),
        preopen.host().display()
    )
}

/// A secret, and where the host puts it.
fn secret(rule: &SecretRule) -> String {
    format!("{} toward {} {}", rule.name(), rule.host(), rule.usage())
}

fn lower(grant: &Grant) -> impl Iterator<Item = &LowerLimit> {
    grant
        .withheld()
        .iter()
        .filter_map(|withheld| match withheld {
            Withheld::Limit(limit) => Some(limit),
            _ => None,
        })
}

/// Limits that differ from the defaults: name, value, default.
fn changed(grant: &Grant, defaults: &Limits) -> impl Iterator<Item = [String; 3]> {
    let rows = grant.limits().rows().into_iter().zip(defaults.rows());
    rows.filter(|(given, default)| given.value != default.value)
        .map(|(given, default)| [given.name.to_owned(), given.value, default.value])
}

fn variables(grant: &Grant) -> impl Iterator<Item = &str> {
    let names = grant.environment().iter().map(|(name, _)| name.as_str());
    names.filter(|name| !LOCKED_ENVIRONMENT.iter().any(|(locked, _)| locked == name))
}
