//! `cofferdam tool inspect`: shows a tool and the powers it asks for.

use std::path::PathBuf;

use clap::Args;
use cofferdam_call::Descriptor;
use cofferdam_capability::Decision;
use cofferdam_image::Reference;
use cofferdam_tool::{Installed, Tool};
use cofferdam_workbench::describe::{self, LimitAsked, Power};
use serde_json::{Value, json};

use crate::args::Registries;
use crate::attestations;
use crate::config::Config;
use crate::console::{self, Cell, Format, Style};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

use super::access;
use super::build::ONLY_COMPUTES;
use super::credentials;
use super::source::{Image, Source, name_of};

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A component's file, or an image: its name on this machine, a registry's (pulled if it is not
    /// here), its digest. With --agent a BIN of it [default: all of them]
    #[arg(value_name = "REF|PATH", required_unless_present = "agent")]
    tool: Option<String>,

    /// Show what the tools of this agent get, before any of them runs: directories, hosts, secrets,
    /// limits, and what they ask for and do not get
    #[arg(long, value_name = "NAME", conflicts_with_all = ["capabilities", "Registries"])]
    agent: Option<String>,

    #[command(flatten)]
    reach: Registries,

    /// A capabilities.toml to use instead of the manifest in the component
    #[arg(long, value_name = "FILE")]
    capabilities: Option<PathBuf>,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(inspect: Inspect, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Inspect {
        tool,
        agent,
        reach,
        capabilities,
        format,
    } = inspect;
    if let Some(agent) = agent {
        return access::show(&agent, tool.as_deref(), format, config, data).await;
    }
    let tool = tool.unwrap_or_default();
    let supplied = capabilities
        .as_deref()
        .map(cofferdam_workbench::manifest)
        .transpose()?;
    let source = Source::load(&tool, reach.plain_http, config, data).await?;
    let runner = host::runner(config, data)?;
    let installed = source.install(&runner, supplied).await?;
    let manifest = installed.manifest();
    let manifest_digest = manifest.digest().map_err(Failure::work)?;
    // What a model would see. A reviewer wants to see the rest also when a component does not say
    // it.
    let name = name_of(&installed, &source);
    let decision = Decision::default();
    let toolbox = runner.toolbox();
    let tools = runner
        .offer(&installed, name, &source.note(), decision, &toolbox)
        .await
        .unwrap_or_else(|error| {
            console::note(&format!("note: {error}"));
            Vec::new()
        });
    let credentials = credentials::credentials(manifest);
    let attestations = match &source.image {
        Some(image) => attestations::of(&Reference::bare(image.digest), config, data).await?,
        None => Vec::new(),
    };
    if format == Format::Json {
        return console::json(&json!({
            "path": source.origin,
            "image": source.image.as_ref().map(image),
            "attestations": attestations,
            "usage": source.usage(),
            "digest": installed.digest(),
            "size": installed.size(),
            "shape": installed.shape(),
            "imports": installed.imports(),
            "pure": installed.only_computes(),
            "denied_imports": installed.denied_imports(),
            "needless_rows": installed.needless_rows(),
            "exports": installed.exports(),
            "manifest": manifest,
            "credentials": credentials,
            "manifest_digest": manifest_digest,
            "described": installed.is_described(),
            "limits": describe::limits(manifest, &config.ceiling),
            "tools": tools.iter().map(Tool::descriptor).collect::<Vec<_>>(),
            "refused": installed.refused().iter().map(refusal).collect::<Vec<_>>(),
        }));
    }
    let name = if manifest.tool.name.is_empty() {
        "(no manifest: it gets nothing)"
    } else {
        &manifest.tool.name
    };
    let row = |what: &'static str, value: Cell| (what, value);
    let mut rows = vec![
        row(
            "name",
            format!("{name} {}", manifest.tool.version)
                .trim_end()
                .into(),
        ),
        row("summary", manifest.tool.summary.as_str().into()),
        row("digest", installed.digest().to_string().into()),
        row("manifest", manifest_digest.to_string().into()),
        row("size", format!("{} bytes", installed.size()).into()),
    ];
    if let Some(image) = &source.image {
        rows.insert(
            2,
            row(
                "image",
                Cell::lines([image.reference.clone(), image.digest.to_string()]),
            ),
        );
    }
    if !attestations.is_empty() {
        rows.push(row(
            "attested",
            Cell::lines(attestations::lines(&attestations)),
        ));
    }
    if !installed.is_described() {
        rows.push(row(
            "described",
            "by itself, when it was run: it carries no `cofferdam:descriptors`".into(),
        ));
    }
    rows.extend(interfaces(&installed));
    console::fields("TOOL", rows);
    console::line("");
    console::table(&["offers", "what", "input"], offers(&tools, &installed));
    let schemas = schemas(&tools);
    if !schemas.is_empty() {
        console::line("");
        console::table(&["schema of", "", "JSON Schema"], schemas);
    }
    console::line("");
    let power = |power: Power| {
        let stands_out = credentials.iter().any(|credential| credential.is(&power));
        let mark = if stands_out { "! " } else { "" };
        let Power { kind, what, reason } = power;
        vec![format!("{mark}{kind}"), what, reason]
    };
    console::table(
        &["asks for", "what", "reason"],
        describe::powers(manifest).into_iter().map(power).collect(),
    );
    for credential in &credentials {
        console::spans(&[
            (Style::Complaint, "! "),
            (Style::Plain, &credential.sentence()),
        ]);
    }
    console::line("");
    let limit = |limit: LimitAsked| {
        vec![
            limit.name.to_owned(),
            limit.given,
            limit.asked.unwrap_or_default(),
        ]
    };
    let limits = describe::limits(manifest, &config.ceiling);
    console::table(
        &["limit", "gets", "asks for"],
        limits.into_iter().map(limit).collect(),
    );
    let lower = describe::lower_limits(manifest, &config.ceiling);
    if !lower.is_empty() {
        let names: Vec<_> = lower.iter().map(|limit| limit.name).collect();
        console::line(format!(
            "It gets more {} from its operator alone: [[grant]] `limits` in cofferdam.toml, flags \
             of `tool run` and `mcp`.",
            names.join(", ")
        ));
    }
    Ok(())
}

/// The image's own words beside the component.
fn image(image: &Image) -> Value {
    json!({ "reference": image.reference, "digest": image.digest,
        "annotations": image.annotations })
}

fn refusal(refused: &(String, String)) -> Value {
    let (name, reason) = refused;
    json!({ "name": name, "reason": reason })
}

/// Each tool with all of its description and the names of its parameters, then what is not offered.
fn offers(tools: &[Tool], installed: &Installed) -> Vec<Vec<Cell>> {
    let parameters = |tool: &Tool| {
        let properties = tool.schema().get("properties").and_then(Value::as_object);
        properties
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let tool = |tool: &Tool| {
        let Descriptor {
            name, description, ..
        } = tool.descriptor();
        vec![
            Cell::from(name),
            Cell::lines(description.lines()),
            parameters(tool).into(),
        ]
    };
    let refused = |(name, reason): &(String, String)| {
        vec![format!("not {name}").into(), reason.into(), "".into()]
    };
    tools
        .iter()
        .map(tool)
        .chain(installed.refused().iter().map(refused))
        .collect()
}

/// The schemas of each tool, which a model reads as well. Commands all have the same, which is the
/// host's own.
fn schemas(tools: &[Tool]) -> Vec<Vec<Cell>> {
    let rows = |tool: &Tool| {
        let Descriptor {
            name,
            input_schema,
            output_schema,
            ..
        } = tool.descriptor().clone();
        let input = vec![
            Cell::from(&name),
            "input".into(),
            input_schema.to_string().into(),
        ];
        let output = output_schema.map(|schema| {
            vec![
                Cell::from(&name),
                "output".into(),
                schema.to_string().into(),
            ]
        });
        std::iter::once(input).chain(output).collect::<Vec<_>>()
    };
    tools
        .iter()
        .filter(|tool| !tool.is_command())
        .flat_map(rows)
        .collect()
}

fn interfaces(installed: &Installed) -> Vec<(&'static str, Cell)> {
    let row = |what: &'static str, names: &[String]| (what, Cell::lines(names));
    let mut rows = vec![row("imports", installed.imports())];
    if installed.only_computes() {
        rows.push(("power", ONLY_COMPUTES.into()));
    }
    let told = [
        ("of these denied", installed.denied_imports()),
        ("declared in vain", installed.needless_rows()),
    ];
    rows.extend(
        told.into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| row(what, names)),
    );
    rows.push(row("exports", installed.exports()));
    rows
}
