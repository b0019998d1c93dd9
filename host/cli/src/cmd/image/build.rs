//! `cofferdam image build`: the image of an agent, from its Agentfile.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use cofferdam_image::agentfile::{self, Agentfile, FILE_MAX_BYTES, Needed, Source};
use cofferdam_image::{Recipe, Reference};
use cofferdam_workbench::build;
use serde_json::json;

use crate::args::Registries;
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;
use crate::progress;

/// The place of an Agentfile that comes from standard input.
const STDIN: &str = "-";

/// The name that errors give it.
const STDIN_NAME: &str = "<stdin>";

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The directory of the Agentfile and of the files that it names, or an Agentfile; `-` reads
    /// one from standard input, whose files lie beneath this directory
    #[arg(default_value = ".", value_name = "PATH|-")]
    path: PathBuf,

    /// The Agentfile, where it is not the one in PATH
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Names of the image [default: the agent's own NAME, with the tag latest]
    #[arg(long, short, value_name = "NAME[:TAG]")]
    tag: Vec<String>,

    /// A value that an ARG of the Agentfile gets instead of its own
    #[arg(long, value_name = "NAME=VALUE")]
    build_arg: Vec<String>,

    #[command(flatten)]
    reach: Registries,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(arguments: Build, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Build {
        path,
        file,
        tag,
        build_arg,
        reach,
        format,
    } = arguments;
    let names = tag.iter().map(|tag| tag.parse::<Reference>());
    let names = names.collect::<Result<Vec<_>, _>>();
    let names = names.map_err(Failure::usage)?;
    let recipe = Recipe {
        source: source(&path, file)?,
        arguments: given(&build_arg)?,
        names: names.clone(),
        created: build::created(std::env::var_os("SOURCE_DATE_EPOCH").as_deref())?,
        needed: Needed::IMAGE,
    };
    let images = host::images(config, data, reach.plain_http, progress::transfers())?;
    let store = images.store()?;
    let former = names
        .iter()
        .map(|name| store.digest(name))
        .collect::<Result<Vec<_>, _>>()?;
    let built = images.build_agent(recipe).await?;
    tell_remarks(&built.agentfile);
    for (name, former) in names.iter().zip(former) {
        if let Some(former) = former.filter(|former| *former != built.digest) {
            console::note(&format!("{name} is {}; it was {former}", built.digest));
        }
    }
    let script = built.agentfile.model().strip_prefix("script/");
    let travels = |file: &str| {
        let mut adds = built.agentfile.adds.iter();
        adds.any(|add| add.source == Path::new(file))
    };
    if let Some(file) = script.filter(|file| !travels(file)) {
        console::note(&format!(
            "note: {file}, which MODEL names, is not beside the Agentfile, so the image has no \
             script: it runs only where that file is"
        ));
    }
    let mut names: Vec<_> = names.iter().map(Reference::to_string).collect();
    if names.is_empty() {
        names.push(built.reference.to_string());
    }
    if format == Format::Json {
        return console::json(&json!({
            "references": names,
            "digest": built.digest,
            "size": built.size,
            "name": built.agentfile.name.as_ref().map(ToString::to_string),
            "lock": built.lock.map(|lock| super::inspect::lock(&lock)),
        }));
    }
    let row = |name: String| vec![name, built.digest.to_string(), console::size(built.size)];
    let rows = names.into_iter().map(row).collect();
    console::table(&["reference", "digest", "size"], rows);
    Ok(())
}

/// Tells of words of an Agentfile that may be mistakes. They may be for another host, so nothing
/// is refused.
pub(crate) fn tell_remarks(agentfile: &Agentfile) {
    for remark in agentfile::remarks(agentfile, &cofferdam_agent::capabilities()) {
        console::note(&format!("note: {remark}"));
    }
}

/// The Agentfile that is meant, and the directory of its files.
pub(crate) fn source(path: &Path, file: Option<PathBuf>) -> Result<Source, Failure> {
    if path == Path::new(STDIN) {
        if file.is_some() {
            return Err(Failure::usage(
                "`-` reads the Agentfile from standard input: leave it or --file out",
            ));
        }
        let mut bytes = Vec::new();
        let stdin = std::io::stdin();
        // One byte more than is allowed shows that it is too much.
        let read = stdin.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| Failure::work(format!("cannot read standard input: {error}")))?;
        return Source::of(bytes, STDIN_NAME.into(), ".".into()).map_err(Failure::usage);
    }
    let Some(file) = file else {
        return Source::read(path).map_err(Failure::usage);
    };
    if !path.is_dir() {
        return Err(Failure::usage(format!(
            "{} is no directory: with --file, PATH is the directory of the files that the \
             Agentfile names",
            path.display()
        )));
    }
    Ok(Source {
        text: agentfile::read_text(&file).map_err(Failure::usage)?,
        file,
        home: path.to_owned(),
    })
}

/// Reads every `NAME=VALUE`.
fn given(written: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut given = BTreeMap::new();
    for written in written {
        let Some((name, value)) = written.split_once('=') else {
            return Err(Failure::usage(format!(
                "--build-arg is written NAME=VALUE; `{written}` has no `=`"
            )));
        };
        if given.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Failure::usage(format!(
                "--build-arg gives {name} two values; keep one of them"
            )));
        }
    }
    Ok(given)
}
