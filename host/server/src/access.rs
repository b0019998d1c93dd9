//! The access that a grant gives, in words: for a reviewer before the tool runs, and for the operator when the host starts.

use cofferdam_capability::{Access, Grant, LOCKED_ENVIRONMENT, Limits, LowerLimit, Withheld};
use serde_json::{Value, json};

use crate::config::Config;

/// One thing that a tool gets.
#[derive(Debug)]
pub(crate) struct Given {
    /// Its kind, as `tool inspect` names the rows of a manifest.
    pub(crate) kind: &'static str,
    /// What it is.
    pub(crate) what: String,
}

/// Everything that a grant gives beyond the defaults: nothing for a tool that only gets its input.
pub(crate) fn given(grant: &Grant, defaults: &Limits) -> Vec<Given> {
    let row = |kind, what| Given { kind, what };
    let mut rows: Vec<Given> = Vec::new();
    let directories = grant.preopens().iter().map(|preopen| format!("{} {}", preopen.guest(), preopen.access()));
    rows.extend(directories.map(|what| row("directory", what)));
    if grant.has_scratch() {
        rows.push(row("directory", format!("/tmp {}, gone after the call", Access::ReadWrite)));
    }
    rows.extend(grant.network().rules().iter().map(|rule| row("http", rule.to_string())));
    rows.extend(grant.network().tcp_rules().iter().map(|rule| row("tcp", rule.to_string())));
    rows.extend(
        grant.secrets().iter().map(|secret| row("secret", format!("{} toward {}", secret.name(), secret.host()))),
    );
    rows.extend(variables(grant).map(|name| row("variable", name.to_owned())));
    rows.extend(grant.calls().iter().map(|name| row("call", name.clone())));
    rows.extend(
        changed(grant, defaults)
            .map(|[name, value, default]| row("limit", format!("{name} = {value} instead of {default}"))),
    );
    rows
}

/// The same in one line.
pub(crate) fn line(grant: &Grant, defaults: &Limits) -> String {
    let given = given(grant, defaults);
    if given.is_empty() {
        return "nothing but its input".to_owned();
    }
    given.iter().map(|given| format!("{} {}", given.kind, given.what)).collect::<Vec<_>>().join("; ")
}

/// The same for machines, with everything that was withheld.
pub(crate) fn json(grant: &Grant, defaults: &Limits) -> Value {
    let directories = grant.preopens().iter();
    let directories = directories.map(|preopen| json!({ "path": preopen.guest(), "access": preopen.access() }));
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
        "secrets": texts(&mut grant.secrets().iter().map(|secret| secret.name().to_string())),
        "variables": texts(&mut variables(grant).map(str::to_owned)),
        "calls": grant.calls(),
        "limits": limits.collect::<Vec<_>>(),
        "withheld": texts(&mut grant.withheld().iter().map(ToString::to_string)),
        "lower_limits": lower(grant).collect::<Vec<_>>(),
    })
}

/// The flags of `tool run` and `mcp` that give the limits which the manifest asks for, as far as the ceiling goes;
/// nothing where it asks for no more than it gets.
pub(crate) fn flags(grant: &Grant) -> Option<String> {
    let flag = |limit: &LowerLimit| {
        let value = attainable(limit);
        match limit.name {
            "fuel" | "memory" | "wall" => format!("--{} {}", limit.name, quoted(value)),
            name => format!("--limit {}", quoted(&format!("{name}={value}"))),
        }
    };
    let flags: Vec<_> = lower(grant).map(flag).collect();
    (!flags.is_empty()).then(|| flags.join(" "))
}

/// What to write into `cofferdam.toml` for the same.
pub(crate) fn grant_limits(config: &Config, agent: &str, grant: &Grant) -> Option<String> {
    let limits: Vec<_> = lower(grant).map(|limit| format!("{} = \"{}\"", limit.name, attainable(limit))).collect();
    if limits.is_empty() {
        return None;
    }
    let (tool, line) = (grant.tool(), format!("limits = {{ {} }}", limits.join(", ")));
    Some(match config.grant_place(agent, tool) {
        Some(place) => format!("to give it more, write into its [[grant]] at {place}\n  {line}"),
        None => format!(
            "to give it more, write into cofferdam.toml\n  [[grant]]\n  agent = \"{agent}\"\n  tool = \"{tool}\"\n  {line}"
        ),
    })
}

fn lower(grant: &Grant) -> impl Iterator<Item = &LowerLimit> {
    grant.withheld().iter().filter_map(|withheld| match withheld {
        Withheld::Limit(limit) => Some(limit),
        _ => None,
    })
}

/// What an operator can give of a limit: what is asked for, or the ceiling below it.
fn attainable(limit: &LowerLimit) -> &str {
    limit.ceiling.as_deref().unwrap_or(&limit.asked)
}

/// A value for a shell: durations may hold a space.
fn quoted(value: &str) -> String {
    if value.contains(' ') { format!("'{value}'") } else { value.to_owned() }
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
