//! The meaning of `REF|PATH` on the command line: a file, or an image of this machine or a
//! registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::{Digest, Manifest, ToolName};
use cofferdam_image::{Error as ImageError, Found, Reference, ToolSource};
use cofferdam_tool::{Installed, ReviewRule, Runner};

use crate::config::Config;
use crate::console;
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;
use crate::progress;

/// A component, and where it came from.
pub(crate) struct Source {
    /// The component, as binary.
    pub(crate) component: Bytes,
    /// Its name in messages.
    pub(crate) origin: String,
    /// The image it came in, if it did.
    pub(crate) image: Option<Image>,
    /// The words of its author about calling it, Markdown.
    usage: Option<String>,
    name: ToolName,
}

/// The image that a component came in.
pub(crate) struct Image {
    /// The name it was found by.
    pub(crate) reference: String,
    /// The digest that this name was resolved to.
    pub(crate) digest: Digest,
    /// The annotations of its manifest.
    pub(crate) annotations: BTreeMap<String, String>,
}

/// Reads `REF|PATH`. A file that is there is a file; where an image of this machine goes by the
/// same name, its writer has to say which. A bare word that is neither is refused as both.
pub(crate) fn named(written: &str, data: &DataDir) -> Result<ToolSource, Failure> {
    let source = written.parse::<ToolSource>();
    let path = PathBuf::from(written);
    if matches!(source, Ok(ToolSource::Path(_))) || !path.is_file() {
        if let Ok(ToolSource::Image(reference)) = &source
            && is_word(written, reference)
            && !path.exists()
            && host::image_store(data)?.digest(reference)?.is_none()
        {
            let missing = ImageError::NotFound(reference.clone());
            return Err(Failure::usage(format!(
                "there is no file `{written}`, and {missing}"
            )));
        }
        return source
            .map_err(|error| Failure::usage(format!("there is no file `{written}`, and {error}")));
    }
    if let Ok(ToolSource::Image(reference)) = source
        && let Some(digest) = host::image_store(data)?.digest(&reference)?
    {
        return Err(Failure::usage(format!(
            "`{written}` is a file here and an image of this machine: write ./{written} for the \
             file, or {reference}, which is {digest}, for the image"
        )));
    }
    Ok(ToolSource::Path(path))
}

/// Returns true for a reference without registry, tag and digest: it may be the name of a file.
fn is_word(written: &str, reference: &Reference) -> bool {
    reference.registry().is_none() && !written.contains([':', '@'])
}

impl Source {
    /// Reads what was meant.
    pub(crate) async fn load(
        written: &str,
        plain_http: bool,
        config: &Config,
        data: &DataDir,
    ) -> Result<Self, Failure> {
        match named(written, data)? {
            ToolSource::Path(path) => Self::file(&path),
            ToolSource::Image(reference) => Self::image(&reference, plain_http, config, data).await,
        }
    }

    /// Reads a component's file.
    pub(crate) fn file(path: &Path) -> Result<Self, Failure> {
        let component = Bytes::from(cofferdam_workbench::read(path, MAX_COMPONENT)?);
        let name = ToolName::made_of(&path.file_stem().unwrap_or_default().to_string_lossy());
        Ok(Self {
            usage: cofferdam_tool::usage(&component),
            component,
            origin: path.display().to_string(),
            image: None,
            name,
        })
    }

    /// Takes an image of this machine, or else pulls it.
    pub(crate) async fn image(
        reference: &Reference,
        plain_http: bool,
        config: &Config,
        data: &DataDir,
    ) -> Result<Self, Failure> {
        let images = host::images(config, data, plain_http, progress::transfers())?;
        let Found {
            digest,
            tool,
            pulled,
        } = images.tool(reference).await?;
        if let Some(pulled) = &pulled {
            console::note(&format!("pulled {reference}, which is {digest}"));
            super::pull::tell_moved(reference, pulled);
        }
        let last = reference
            .repository()
            .rsplit('/')
            .next()
            .filter(|name| !name.is_empty());
        let name = ToolName::made_of(tool.name().or(last).unwrap_or_default());
        // No reviewer has seen what an image says beside its component.
        let is_reviewed = config.review != ReviewRule::None;
        let beside = tool.usage.filter(|_| !is_reviewed);
        let image = Image {
            reference: reference.to_string(),
            digest,
            annotations: tool.annotations,
        };
        Ok(Self {
            usage: cofferdam_tool::usage(&tool.component).or(beside),
            component: tool.component.into(),
            origin: reference.to_string(),
            image: Some(image),
            name,
        })
    }

    /// Loads the component, and compiles it where that was never done. None of it runs.
    pub(crate) async fn install(
        &self,
        runner: &Runner,
        supplied: Option<Manifest>,
    ) -> Result<Installed, Failure> {
        let component = self.component.clone();
        let size = component.len();
        let load = runner.load(component, &self.origin, supplied);
        let installed = progress::loading(&self.origin, size, load).await;
        installed.map_err(Failure::usage)
    }

    /// Its name where its manifest has none.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The words that a model reads before its author's own.
    pub(crate) fn note(&self) -> String {
        cofferdam_tool::note("", self.usage())
    }

    /// The words of its author about calling it, Markdown: those that it carries, or else those of
    /// its image.
    pub(crate) fn usage(&self) -> Option<&str> {
        self.usage.as_deref()
    }
}

/// The name that a tool has by itself: its manifest's, else its file's or image's.
pub(crate) fn name_of<'a>(installed: &'a Installed, source: &'a Source) -> &'a str {
    match installed.manifest().tool.name.as_str() {
        "" => source.name(),
        name => name,
    }
}
