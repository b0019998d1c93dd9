//! `cofferdam review REF`: everything about a tool or an agent on one page, for a person who has
//! never seen it.

mod agent;
mod built;
mod decided;
mod document;
mod granted;
mod next;
mod print;
mod reach;
mod tool;
mod words;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use cofferdam_capability::{Ceiling, Digest};
use cofferdam_image::{AgentImage, Found, Images, Reference, ToolSource};
use cofferdam_workbench::review::{
    AgentPage, AgentTool, FactsCache, ToolPage, ToolSubject, check_advisories,
};
use tokio::task::JoinHandle;

use self::decided::Decided;
use self::document::Document;
use self::granted::Granted;
use super::format::ReviewFormat;
use super::since::{self, Asked, Used};
use crate::args::Registries;
use crate::attestations;
use crate::cmd::tool::source::{self, Source};
use crate::config::Config;
use crate::console;
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;
use crate::progress;

/// The first bytes of a component, and of a core module.
const WASM: &[u8] = b"\0asm";

/// `cofferdam review REF`.
#[derive(Debug, Args)]
pub(crate) struct Page {
    /// A component's file, or an image of a tool or an agent: its name on this machine, a
    /// registry's (pulled if it is not here), its digest
    #[arg(value_name = "REF|PATH", required = true)]
    subject: Option<String>,

    #[command(flatten)]
    used: Used,

    #[command(flatten)]
    reach: Registries,

    /// A checkout of RustSec's advisory-db, to look up the packages in
    #[arg(long, value_name = "DIR")]
    advisories: Option<PathBuf>,

    /// Format of the page
    #[arg(long, value_enum, default_value_t)]
    format: ReviewFormat,
}

/// The settings by which every tool of a page is read.
#[derive(Clone)]
struct Reader {
    ceiling: Arc<Ceiling>,
    advisories: Option<Arc<Path>>,
    cache: Option<Arc<FactsCache>>,
}

impl Page {
    /// Prints the page.
    pub(super) async fn run(self, config: &Config, data: &DataDir) -> Result<(), Failure> {
        let Self {
            subject,
            used,
            reach,
            advisories,
            format,
        } = self;
        let subject = subject.unwrap_or_default();
        if let Some(advisories) = &advisories {
            check_advisories(advisories)?;
        }
        if used.is_asked_for()? {
            let asked = Asked {
                subject,
                used,
                plain_http: reach.plain_http,
                format,
            };
            return since::run(asked, config, data).await;
        }
        let reader = Reader {
            ceiling: Arc::new(config.ceiling.clone()),
            advisories: advisories.map(Arc::from),
            cache: cache(data)?.map(Arc::new),
        };
        let document = match meant(&subject, reach.plain_http, config, data).await? {
            Meant::Tool(source) => {
                let page = reader.read(ToRead {
                    component: source.component.clone(),
                    origin: source.origin.clone(),
                    name: source.name().to_owned(),
                    usage: source.usage().map(str::to_owned),
                });
                let page = page.await?;
                let granted = Granted::of(&page, config, data).await?;
                let decided = Decided::of(&page, config, data)?;
                let attestations = match &source.image {
                    Some(image) => {
                        attestations::of(&Reference::bare(image.digest), config, data).await?
                    }
                    None => Vec::new(),
                };
                tool::document(&subject, &source, &page, &granted, &decided, &attestations)?
            }
            Meant::Agent { agent, images } => {
                let tools = reader.tools(&agent, &images).await?;
                agent::document(&subject, &agent, &AgentPage::of(tools))?
            }
        };
        show(&document, format)
    }
}

/// Facts that this very program has found before: none where nobody can say which program it is.
fn cache(data: &DataDir) -> Result<Option<FactsCache>, Failure> {
    let program = std::env::current_exe().and_then(std::fs::metadata);
    let Ok(program) = program else {
        return Ok(None);
    };
    let id = format!(
        "{} {} {} {} {}",
        program.dev(),
        program.ino(),
        program.len(),
        program.mtime(),
        program.mtime_nsec()
    );
    let id = Digest::of(id.as_bytes()).hex();
    let id = id.chars().take(16).collect();
    Ok(Some(FactsCache::new(data.private("reviewed")?, id)))
}

fn show(document: &Document, format: ReviewFormat) -> Result<(), Failure> {
    match format {
        ReviewFormat::Text => print::text(document),
        ReviewFormat::Json => return console::json(&document.json),
        ReviewFormat::Markdown => console::content(print::markdown(document).trim_end()),
    }
    Ok(())
}

/// The thing that is reviewed.
enum Meant {
    Tool(Source),
    Agent {
        agent: Box<AgentImage>,
        images: Images,
    },
}

/// A tool of an agent that is being read.
struct Reading {
    bin: String,
    image: String,
    image_digest: Option<Digest>,
    found: Result<JoinHandle<Result<ToolPage, Failure>>, cofferdam_image::Error>,
}

/// A component that is read.
struct ToRead {
    component: Bytes,
    /// Its name in errors.
    origin: String,
    /// Its name where its manifest has none.
    name: String,
    /// The words about calling it, its own or those of its image.
    usage: Option<String>,
}

/// Finds what `REF|PATH` means. An image says itself if it is an agent.
async fn meant(
    written: &str,
    plain_http: bool,
    config: &Config,
    data: &DataDir,
) -> Result<Meant, Failure> {
    let is_directory = Path::new(written).is_dir();
    let reference = match source::named(written, data) {
        Ok(ToolSource::Path(path)) if path.is_dir() => return Err(not_a_component(written)),
        Ok(ToolSource::Path(path)) => {
            let source = Source::file(&path)?;
            if !source.component.starts_with(WASM) {
                return Err(not_a_component(written));
            }
            return Ok(Meant::Tool(source));
        }
        Ok(ToolSource::Image(reference)) => reference,
        Err(_) if is_directory => return Err(not_a_component(written)),
        Err(failure) => return Err(failure),
    };
    let images = host::images(config, data, plain_http, progress::transfers())?;
    let store = images.store()?;
    if is_directory && store.digest(&reference)?.is_none() {
        return Err(not_a_component(written));
    }
    let here = store.agent(&reference);
    if let Ok(agent) = here {
        let agent = Box::new(agent);
        return Ok(Meant::Agent { agent, images });
    }
    match Source::image(&reference, plain_http, config, data).await {
        Ok(source) => Ok(Meant::Tool(source)),
        Err(failure) => match images.agent(&reference).await {
            Ok(agent) => {
                let agent = Box::new(agent);
                Ok(Meant::Agent { agent, images })
            }
            Err(_) => Err(failure),
        },
    }
}

/// The failure of a directory, and of a file that is none of a component.
fn not_a_component(written: &str) -> Failure {
    Failure::usage(format!(
        "`{written}` is not a component: `cofferdam image build DIR --tag NAME` makes an image of \
         an agent to review, and `cofferdam tool build DIR` a component"
    ))
}

impl Reader {
    /// Reads a component, on a thread that serves nobody else.
    async fn read(&self, to_read: ToRead) -> Result<ToolPage, Failure> {
        let ToRead {
            component,
            origin,
            name,
            usage,
        } = to_read;
        let Self {
            ceiling,
            advisories,
            cache,
        } = self.clone();
        let read = move || {
            ToolPage::read(ToolSubject {
                component: &component,
                origin: &origin,
                name: &name,
                usage: usage.as_deref(),
                ceiling: &ceiling,
                advisories: advisories.as_deref(),
                cache: cache.as_deref(),
            })
        };
        let page = tokio::task::spawn_blocking(read).await;
        Ok(page.map_err(Failure::work)??)
    }

    /// Reads the tools of an agent, several at once. One that cannot be read is on the page with
    /// the reason.
    async fn tools(&self, agent: &AgentImage, images: &Images) -> Result<Vec<AgentTool>, Failure> {
        let mut reading = Vec::new();
        for bin in &agent.agentfile.bins {
            let image = bin.source.to_string();
            let mut image_digest = None;
            let found = match images.component(agent, bin).await {
                Ok(Found { digest, tool, .. }) => {
                    image_digest = Some(digest);
                    let reader = self.clone();
                    let to_read = ToRead {
                        origin: format!("BIN {}", bin.name),
                        name: bin.name.clone(),
                        usage: tool.usage,
                        component: Bytes::from(tool.component),
                    };
                    Ok(tokio::spawn(async move { reader.read(to_read).await }))
                }
                Err(error) => Err(error),
            };
            reading.push(Reading {
                bin: bin.name.clone(),
                image,
                image_digest,
                found,
            });
        }
        let mut tools = Vec::new();
        for one in reading {
            let Reading {
                bin,
                image,
                image_digest,
                found,
            } = one;
            let page = match found {
                Ok(reading) => reading.await.map_err(Failure::work)?,
                Err(error) => Err(error.into()),
            };
            let unknown = page.as_ref().err().map(Failure::sentence);
            tools.push(AgentTool {
                bin,
                image,
                image_digest,
                page: page.ok(),
                unknown,
            });
        }
        Ok(tools)
    }
}
