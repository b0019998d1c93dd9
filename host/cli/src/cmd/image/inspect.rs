//! `cofferdam image inspect`: what an agent is made of, and what each of its tools may do.

use clap::Args;
use cofferdam_image::agentfile::{Add, Agentfile, Bin, Config as Setting, Context, Env};
use cofferdam_image::{AgentImage, Attestation, Images, Lock, Reference};
use cofferdam_tool::Runner;
use cofferdam_workbench::describe::{self, Power};
use serde_json::{Value, json};

use crate::args::Registries;
use crate::attestations;
use crate::config::Config;
use crate::console::{self, Cell, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;
use crate::progress;

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The image: its name on this machine, a registry's (pulled if it is not here), or its digest
    /// (sha256:…)
    #[arg(value_name = "REF")]
    image: String,

    #[command(flatten)]
    reach: Registries,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A BIN, and what its component asks for.
struct Shown<'a> {
    bin: &'a Bin,
    image: String,
    /// The powers of its manifest, or the reason why nobody can say.
    asks: Result<Vec<Power>, Failure>,
    only_computes: bool,
}

pub(super) async fn run(inspect: Inspect, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Inspect {
        image,
        reach,
        format,
    } = inspect;
    let reference: Reference = image.parse().map_err(Failure::usage)?;
    let images = host::images(config, data, reach.plain_http, progress::transfers())?;
    let agent = images.agent(&reference).await?;
    let runner = host::runner(config, data)?;
    let mut bins = Vec::new();
    for bin in &agent.agentfile.bins {
        bins.push(shown(&agent, bin, &images, &runner).await);
    }
    let attestations = attestations::of(&Reference::bare(agent.digest), config, data).await?;
    if format == Format::Json {
        let mut shown = as_json(&agent, &bins);
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("attestations".to_owned(), json!(attestations));
        }
        return console::json(&shown);
    }
    print(&agent, &bins, &attestations);
    Ok(())
}

/// Looks at a BIN. One that cannot be had is shown with the reason: the rest can still be read.
async fn shown<'a>(
    agent: &AgentImage,
    bin: &'a Bin,
    images: &Images,
    runner: &Runner,
) -> Shown<'a> {
    let mut shown = Shown {
        bin,
        image: bin.source.to_string(),
        asks: Ok(Vec::new()),
        only_computes: false,
    };
    let found = match images.component(agent, bin).await {
        Ok(found) => found,
        Err(error) => {
            shown.asks = Err(error.into());
            return shown;
        }
    };
    let size = found.tool.component.len();
    let origin = format!("BIN {}", bin.name);
    let load = runner.load(found.tool.component.into(), &origin, None);
    match progress::loading(&origin, size, load).await {
        Ok(installed) => {
            shown.asks = Ok(describe::powers(installed.manifest()));
            shown.only_computes = installed.only_computes();
        }
        Err(error) => shown.asks = Err(Failure::usage(error)),
    }
    shown
}

fn print(agent: &AgentImage, bins: &[Shown<'_>], attestations: &[Attestation]) {
    let AgentImage {
        digest,
        reference,
        agentfile,
        source: _,
        lock,
        annotations: _,
        size,
    } = agent;
    let row = |what: &'static str, value: String| (what, Cell::from(value));
    let mut rows = vec![
        row("name", agentfile.name().to_owned()),
        row("model", agentfile.model().to_owned()),
        row("image", reference.to_string()),
        row("digest", digest.to_string()),
        row("size", console::size(*size)),
    ];
    let from = agentfile.from.as_ref().map(Reference::to_string);
    rows.push(row("from", from.unwrap_or_else(|| "scratch".to_owned())));
    let parents = lock.iter().flat_map(|lock| &lock.parents);
    let parents: Vec<_> = parents
        .map(|parent| format!("{} {}", parent.image, parent.digest))
        .collect();
    if !parents.is_empty() {
        rows.push(("builds on", Cell::lines(parents)));
    }
    if let Some(runtime) = &agentfile.runtime {
        rows.push(row("runtime", format!("{runtime} (here the host's own)")));
    }
    if !agentfile.exec.is_empty() {
        rows.push(("arguments", Cell::lines(&agentfile.exec)));
    }
    if !agentfile.capabilities.is_empty() {
        rows.push(("capabilities", Cell::lines(&agentfile.capabilities)));
    }
    let labels = agentfile.labels.iter();
    let labels: Vec<_> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if !labels.is_empty() {
        rows.push(("labels", Cell::lines(labels)));
    }
    if !attestations.is_empty() {
        rows.push(("attested", Cell::lines(attestations::lines(attestations))));
    }
    if lock.is_none() {
        let without = "none: another program has built this image, and its BINs are what their \
                       names mean when it is used";
        rows.push(row("lock", without.to_owned()));
    }
    console::fields("AGENT", rows);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let contexts = agentfile.contexts.iter().map(|context| {
        let size = context.content.len();
        vec![
            context.name.clone(),
            size.to_string(),
            text(&context.description),
        ]
    });
    table(&["context", "bytes", "description"], contexts.collect());
    let configs = agentfile.configs.iter().map(|config| {
        let value = match (&config.value, config.required) {
            (Some(value), _) => value.to_string(),
            (None, true) => "(required: who runs the agent gives it)".to_owned(),
            (None, false) => String::new(),
        };
        vec![config.key.clone(), value, text(&config.description)]
    });
    table(&["config", "value", "description"], configs.collect());
    let envs = agentfile.envs.iter();
    let envs = envs.map(|env| vec![env.key.clone(), text(&env.description)]);
    table(&["variable", "description"], envs.collect());
    let adds = agentfile.adds.iter().map(|add| {
        let size = add.content.len();
        vec![add.name.clone(), size.to_string(), text(&add.description)]
    });
    table(&["file", "bytes", "description"], adds.collect());
    let mut asks = Vec::new();
    for shown in bins {
        asks.extend(of_bin(shown));
    }
    table(&["tool", "image", "asks for", "what", "reason"], asks);
}

/// A table that is left out where it has no row.
fn table(header: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    console::line("");
    console::table(header, rows);
}

/// A row for each thing that a BIN asks for.
fn of_bin(shown: &Shown<'_>) -> Vec<Vec<String>> {
    let Shown {
        bin,
        image,
        asks,
        only_computes,
    } = shown;
    let row = |kind: &str, what: &str, reason: &str| {
        [&bin.name, image.as_str(), kind, what, reason]
            .map(str::to_owned)
            .to_vec()
    };
    match asks {
        Err(failure) => vec![row("unknown", "", &failure.sentence())],
        Ok(_) if *only_computes => vec![row("nothing", "", "it can only compute")],
        Ok(powers) => powers
            .iter()
            .map(|power| row(power.kind, &power.what, &power.reason))
            .collect(),
    }
}

fn as_json(agent: &AgentImage, bins: &[Shown<'_>]) -> Value {
    let AgentImage {
        digest,
        reference,
        agentfile,
        source: _,
        lock: locked,
        annotations,
        size,
    } = agent;
    let Agentfile {
        from,
        name,
        runtime,
        model,
        contexts,
        configs,
        bins: _,
        adds,
        requests: _,
        exec,
        labels,
        args,
        envs,
        capabilities,
    } = agentfile;
    let context = |context: &Context| {
        let Context {
            name,
            description,
            content,
            file: _,
        } = context;
        json!({ "name": name, "description": description, "bytes": content.len() })
    };
    let setting = |config: &Setting| {
        let Setting {
            key,
            value,
            description,
            required,
        } = config;
        let value = value.as_ref().map(ToString::to_string);
        json!({ "key": key, "value": value, "required": required, "description": description })
    };
    // Values may be what only tools are to know.
    let env = |env: &Env| json!({ "key": env.key, "description": env.description });
    let add = |add: &Add| {
        let size = add.content.len();
        json!({ "name": add.name, "description": add.description, "bytes": size })
    };
    let tool = |shown: &Shown<'_>| {
        let power = |power: &Power| {
            let Power { kind, what, reason } = power;
            json!({ "kind": kind, "what": what, "reason": reason })
        };
        let asks = shown.asks.as_ref().ok();
        json!({
            "name": shown.bin.name,
            "image": shown.image,
            "description": shown.bin.description,
            "pure": shown.only_computes,
            "asks": asks.map(|powers| powers.iter().map(power).collect::<Vec<_>>()),
            "unknown": shown.asks.as_ref().err().map(Failure::sentence),
        })
    };
    json!({
        "reference": reference.to_string(),
        "digest": digest,
        "size": size,
        "name": name.as_ref().map(ToString::to_string),
        "model": model,
        "from": from.as_ref().map(Reference::to_string),
        "runtime": runtime.as_ref().map(Reference::to_string),
        "exec": exec,
        "contexts": contexts.iter().map(context).collect::<Vec<_>>(),
        "configs": configs.iter().map(setting).collect::<Vec<_>>(),
        "envs": envs.iter().map(env).collect::<Vec<_>>(),
        "adds": adds.iter().map(add).collect::<Vec<_>>(),
        "labels": labels,
        "args": args,
        "capabilities": capabilities,
        "annotations": annotations,
        "lock": locked.as_ref().map(lock),
        "bins": bins.iter().map(tool).collect::<Vec<_>>(),
    })
}

/// The digests of everything that the image names.
pub(super) fn lock(lock: &Lock) -> Value {
    let parents = lock
        .parents
        .iter()
        .map(|parent| json!({ "image": parent.image.to_string(), "digest": parent.digest }));
    json!({ "parents": parents.collect::<Vec<_>>(), "bins": lock.bins })
}
