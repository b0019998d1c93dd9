//! `cofferdam tool inspect`: what a tool is and what it asks for.

use cofferdam_call::Descriptor;
use cofferdam_capability::{Decision, HttpRow, Limits, Manifest, SecretRow, TcpRow};
use cofferdam_tool::{Installed, Tool};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::Inspect;
use crate::config::Config;
use crate::console::{self, Cell, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

use super::access;
use super::source::{Image, Source};

pub(crate) async fn run(inspect: Inspect, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Inspect { tool, agent, reach, capabilities, format } = inspect;
    if let Some(agent) = agent {
        return access::show(&agent, tool.as_deref(), format, config, data).await;
    }
    let tool = tool.unwrap_or_default();
    let supplied = capabilities.as_deref().map(super::manifest).transpose()?;
    let source = Source::load(&tool, reach.plain_http, data).await?;
    let runner = host::runner(config, data)?;
    let installed = runner.load(source.component.clone(), &source.origin, supplied).await.map_err(Failure::usage)?;
    let manifest = installed.manifest();
    let manifest_digest = manifest.digest().map_err(Failure::work)?;
    // What a model would see. A reviewer wants to see the rest also when a component does not say it.
    let name = super::name_of(&installed, &source);
    let (decision, toolbox) = (Decision::default(), runner.toolbox());
    let tools = runner.offer(&installed, name, &source.note(), decision, &toolbox).await.unwrap_or_else(|error| {
        console::note(&format!("note: {error}"));
        Vec::new()
    });
    if format == Format::Json {
        return console::json(&json!({
            "path": source.origin,
            "image": source.image.as_ref().map(image),
            "usage": source.usage(),
            "digest": installed.digest(),
            "size": installed.size(),
            "shape": installed.shape(),
            "imports": installed.imports(),
            "denied_imports": installed.denied_imports(),
            "needless_rows": installed.needless_rows(),
            "exports": installed.exports(),
            "manifest": manifest,
            "manifest_digest": manifest_digest,
            "described": installed.is_described(),
            "limits": limits(manifest, config),
            "tools": tools.iter().map(Tool::descriptor).collect::<Vec<_>>(),
            "refused": installed.refused().iter().map(refusal).collect::<Vec<_>>(),
        }));
    }
    let name = if manifest.tool.name.is_empty() { "(no manifest: it gets nothing)" } else { &manifest.tool.name };
    let row = |what: &str, value: Cell| vec![Cell::from(what), value];
    let mut rows = vec![
        row("name", format!("{name} {}", manifest.tool.version).trim_end().into()),
        row("summary", manifest.tool.summary.as_str().into()),
        row("digest", installed.digest().to_string().into()),
        row("manifest", manifest_digest.to_string().into()),
        row("size", format!("{} bytes", installed.size()).into()),
    ];
    if let Some(image) = &source.image {
        rows.insert(2, row("image", Cell::lines([image.reference.clone(), image.digest.to_string()])));
    }
    if !installed.is_described() {
        rows.push(row("described", "by itself, when it was run: it carries no `cofferdam:descriptors`".into()));
    }
    rows.extend(interfaces(&installed));
    console::table(&["tool", ""], rows);
    console::line("");
    console::table(&["offers", "what", "input"], offers(&tools, &installed));
    let schemas = schemas(&tools);
    if !schemas.is_empty() {
        console::line("");
        console::table(&["schema of", "", "JSON Schema"], schemas);
    }
    console::line("");
    console::table(&["asks for", "what", "reason"], powers(manifest));
    console::line("");
    let limit = |limit: LimitAsked| vec![limit.name.to_owned(), limit.given, limit.asked.unwrap_or_default()];
    console::table(&["limit", "gets", "asks for"], limits(manifest, config).into_iter().map(limit).collect());
    let lower = manifest.limits.beyond(&given(manifest, config), &config.ceiling.limits);
    if !lower.is_empty() {
        let names: Vec<_> = lower.iter().map(|limit| limit.name).collect();
        console::line(format!(
            "It gets more {} from its operator alone: [[grant]] `limits` in cofferdam.toml, flags of `tool run` and `mcp`.",
            names.join(", ")
        ));
    }
    Ok(())
}

/// A limit that the component gets without its operator, and what its manifest asks for.
#[derive(Debug, Serialize)]
struct LimitAsked {
    name: &'static str,
    given: String,
    asked: Option<String>,
}

/// The limits that hold without an operator's decision.
fn given(manifest: &Manifest, config: &Config) -> Limits {
    config.ceiling.defaults.lowered(&manifest.limits)
}

fn limits(manifest: &Manifest, config: &Config) -> Vec<LimitAsked> {
    let asked = manifest.limits.rows();
    let value = |name| asked.iter().find(|row| row.name == name).map(|row| row.value.clone());
    let rows = given(manifest, config).rows().into_iter();
    rows.map(|row| LimitAsked { name: row.name, given: row.value, asked: value(row.name) }).collect()
}

/// What the image says beside the component.
fn image(image: &Image) -> Value {
    json!({ "reference": image.reference, "digest": image.digest, "annotations": image.annotations })
}

fn refusal((name, reason): &(String, String)) -> Value {
    json!({ "name": name, "reason": reason })
}

/// Each tool with all of its description and the names of its parameters, then what is not offered.
fn offers(tools: &[Tool], installed: &Installed) -> Vec<Vec<Cell>> {
    let parameters = |tool: &Tool| {
        let properties = tool.schema().get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let tool = |tool: &Tool| {
        let Descriptor { name, description, .. } = tool.descriptor();
        vec![Cell::from(name), Cell::lines(description.lines()), parameters(tool).into()]
    };
    let refused = |(name, reason): &(String, String)| vec![format!("not {name}").into(), reason.into(), "".into()];
    tools.iter().map(tool).chain(installed.refused().iter().map(refused)).collect()
}

/// The schemas of each tool, which a model reads as well. Commands all have the same, which is the host's own.
fn schemas(tools: &[Tool]) -> Vec<Vec<Cell>> {
    let rows = |tool: &Tool| {
        let Descriptor { name, input_schema, output_schema, .. } = tool.descriptor().clone();
        let input = vec![Cell::from(&name), "input".into(), input_schema.to_string().into()];
        let output = output_schema.map(|schema| vec![Cell::from(&name), "output".into(), schema.to_string().into()]);
        std::iter::once(input).chain(output).collect::<Vec<_>>()
    };
    tools.iter().filter(|tool| !tool.is_command()).flat_map(rows).collect()
}

fn interfaces(installed: &Installed) -> Vec<Vec<Cell>> {
    let row = |what: &str, names: &[String]| vec![Cell::from(what), Cell::lines(names)];
    let mut rows = vec![row("imports", installed.imports())];
    let told = [("of these denied", installed.denied_imports()), ("declared in vain", installed.needless_rows())];
    rows.extend(told.into_iter().filter(|(_, names)| !names.is_empty()).map(|(what, names)| row(what, names)));
    rows.push(row("exports", installed.exports()));
    rows
}

/// Every row of the manifest with its reason: what a reviewer reads.
fn powers(manifest: &Manifest) -> Vec<Vec<String>> {
    let row = |kind: &str, what: String, reason: &str| vec![kind.to_owned(), what, reason.to_owned()];
    let mut rows: Vec<_> = Vec::new();
    rows.extend(
        manifest.fs.iter().map(|fs| row("directory", format!("{} {}", fs.path, fs.access), fs.reason.as_str())),
    );
    rows.extend(manifest.http.iter().map(|http| row("http", requests(http), http.reason.as_str())));
    rows.extend(manifest.tcp.iter().map(|tcp| row("tcp", connections(tcp), tcp.reason.as_str())));
    rows.extend(manifest.secret.iter().map(|secret| row("secret", injected(secret), secret.reason.as_str())));
    rows.extend(manifest.env.iter().map(|env| row("variable", env.name.clone(), env.reason.as_str())));
    rows.extend(manifest.call.iter().map(|call| row("call", call.name.clone(), call.reason.as_str())));
    rows.extend(manifest.unused.iter().map(|unused| row("denied", unused.interface.clone(), unused.reason.as_str())));
    if rows.is_empty() {
        rows.push(row("nothing", String::new(), "no directory, no network, no variable"));
    }
    rows
}

/// A secret, and where the host puts it.
fn injected(row: &SecretRow) -> String {
    format!("{} toward {} as `{}: {}`", row.name, row.host, row.inject.header.as_str(), row.inject.format.as_str())
}

/// The connections of a row: host and ports.
fn connections(row: &TcpRow) -> String {
    let ports = row.ports.iter().map(|port| port.to_string()).collect::<Vec<_>>();
    format!("{} port {}", row.host, ports.join(" "))
}

/// The requests of a row: method, host, ports, paths, as far as it names them.
fn requests(row: &HttpRow) -> String {
    let methods = row.methods.iter().map(ToString::to_string).collect::<Vec<_>>();
    let methods = if methods.is_empty() { "any method".to_owned() } else { methods.join(" ") };
    let ports = row.ports.iter().map(|&port| u16::from(port).to_string()).collect::<Vec<_>>();
    let ports = if ports.is_empty() { String::new() } else { format!(" port {}", ports.join(" ")) };
    let paths = row.paths.iter().cloned().map(|path| format!(" {}", String::from(path))).collect::<String>();
    // A reviewer of a general client decides about its grant, not about this row.
    let host = if row.host.is_any() { "the hosts and ports you grant:".to_owned() } else { row.host.to_string() };
    format!("{host} {methods}{ports}{paths}")
}
