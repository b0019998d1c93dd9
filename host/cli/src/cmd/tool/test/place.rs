//! One call of a tool under test: directories, a web server, secrets and a sandbox of its own.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_call::{Input, Report};
use cofferdam_capability::{
    Access, Decision, GuestPath, HostOffer, HostPattern, LOCKED_ENVIRONMENT, LimitsRequest, Manifest, Offer,
};
use cofferdam_tool::{Installed, Origin, Request, Runner, Secrets, Tool, Toolbox};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::case::Given;
use super::limits;
use super::web::{Asked, Web};
use crate::config::Config;
use crate::error::Failure;
use crate::guard;
use crate::host::{self, Reach};
use crate::paths::DataDir;

/// The tool under test.
#[derive(Clone)]
pub(super) struct Subject<'a> {
    pub(super) config: &'a Config,
    pub(super) data: &'a DataDir,
    /// What it goes by in messages.
    pub(super) origin: &'a str,
    pub(super) component: &'a [u8],
    /// The manifest that holds, whatever the component carries.
    pub(super) manifest: Manifest,
}

/// One of the tools of a component.
#[derive(Debug, Clone)]
pub(super) struct Offered {
    pub(super) name: String,
    pub(super) command: bool,
    pub(super) schema: Value,
}

/// What came of a call.
pub(super) struct Ran {
    pub(super) report: Report,
    pub(super) asked: Vec<Asked>,
    /// The values of its secrets, by name.
    pub(super) secrets: Vec<(String, String)>,
    /// What the case gives and the manifest does not declare.
    pub(super) undeclared: Vec<String>,
    pub(super) workspace: Dir,
    /// Where it lies.
    _tree: TempDir,
}

impl Subject<'_> {
    /// What the component offers, with nothing granted, and what it imports.
    pub(super) async fn offered(&self) -> Result<(Vec<Offered>, Vec<String>), Failure> {
        let runner = self.runner(Reach { stand_ins: Some(Vec::new()), ..Reach::default() })?;
        let (installed, toolbox) = self.tools(&runner, Decision::default()).await?;
        let offered = |tool: &Arc<Tool>| Offered {
            name: tool.name().to_owned(),
            command: tool.is_command(),
            schema: tool.schema().clone(),
        };
        Ok((toolbox.iter().map(offered).collect(), installed.imports().to_vec()))
    }

    /// Calls the tool once, with everything that its manifest declares and the case gives.
    pub(super) async fn call(&self, given: &Given, tool: Option<&str>, input: Input) -> Result<Ran, Failure> {
        let wrong = |error: std::io::Error| Failure::work(format!("the directories of a case: {error}"));
        let tree = tempfile::tempdir().map_err(wrong)?;
        let workspace = workspace(tree.path(), given).map_err(wrong)?;
        let web = Web::start(&given.http).await?;
        let (secrets, values) = secrets(given)?;
        let names = given.secrets.clone();
        let runner = self.runner(Reach { stand_ins: Some(web.stand_ins.clone()), secrets, ..Reach::default() })?;
        let decision = Decision {
            offers: self.offers(tree.path())?,
            env: given.env.clone().into_iter().collect(),
            limits: self.limits(given),
            http: vec![HostOffer::new(HostPattern::ANY, None)],
            secrets: names,
            // There is nobody that could stand in for a TCP server.
            tcp: Vec::new(),
        };
        let (_, toolbox) = self.tools(&runner, decision).await?;
        let tool = self.choose(&toolbox, tool)?;
        let request = Request {
            toolbox: Arc::new(toolbox),
            tool,
            input,
            origin: Origin::default(),
            progress: None,
            cancel: CancellationToken::new(),
        };
        let report = runner.call(request).await.map_err(Failure::usage)?;
        let undeclared = self.undeclared(given);
        Ok(Ran { report, asked: web.asked(), secrets: values, undeclared, workspace, _tree: tree })
    }

    fn runner(&self, reach: Reach) -> Result<Runner, Failure> {
        host::runner_with(self.config, self.data, reach, guard::always(self.config, self.data)?)
    }

    async fn tools(&self, runner: &Runner, decision: Decision) -> Result<(Installed, Toolbox), Failure> {
        let supplied = Some(self.manifest.clone());
        let installed =
            runner.load(Bytes::copy_from_slice(self.component), self.origin, supplied).await.map_err(Failure::usage)?;
        let name = self.manifest.tool.name.as_str();
        let mut toolbox = runner.toolbox();
        for tool in runner.offer(&installed, name, "", decision, &toolbox).await.map_err(Failure::usage)? {
            toolbox.add(tool).map_err(Failure::usage)?;
        }
        Ok((installed, toolbox))
    }

    /// Whether a case that names `named` means the tool `name`: with or without the name of the component before it.
    pub(super) fn means(&self, name: &str, named: &str) -> bool {
        let own = name.strip_prefix(&self.manifest.tool.name).and_then(|name| name.strip_prefix('_'));
        name == named || own == Some(named)
    }

    /// The tool that a case means: the one there is, else by its name.
    fn choose(&self, toolbox: &Toolbox, named: Option<&str>) -> Result<String, Failure> {
        let mut tools = toolbox.iter();
        let found = match named {
            Some(named) => tools.find(|tool| self.means(tool.name(), named)),
            None if tools.len() == 1 => tools.next(),
            None => None,
        };
        found.map(|tool| tool.name().to_owned()).ok_or_else(|| {
            let named =
                named.map_or("a case names no `tool`".to_owned(), |named| format!("there is no tool `{named}`"));
            Failure::usage(format!("{}: {named}; there are: {}", self.origin, toolbox.names()))
        })
    }

    /// The limits of a case, else those that the manifest asks for, as far as the ceiling goes: this command is the
    /// author's, who tests what the manifest describes.
    fn limits(&self, given: &Given) -> LimitsRequest {
        let asked = self.manifest.limits.at_most(&self.config.ceiling.limits);
        let with = |request: LimitsRequest, (key, value): (String, String)| limits::with(&request, &key, &value);
        limits::asked(&asked).into_iter().fold(given.limits.clone(), with)
    }

    /// A directory of its own for each row: all of them in one tree, as the guest sees it.
    fn offers(&self, tree: &Path) -> Result<Vec<Offer>, Failure> {
        let rows = self.manifest.fs.iter().filter(|row| row.path != GuestPath::scratch());
        let offer = |path: &GuestPath| {
            let directory = tree.join(path.below_root());
            std::fs::create_dir_all(&directory).map_err(Failure::work)?;
            Offer::host_directory(&directory, path.clone(), Access::ReadWrite).map_err(Failure::work)
        };
        rows.map(|row| offer(&row.path)).collect()
    }

    /// What a case gives in vain.
    fn undeclared(&self, given: &Given) -> Vec<String> {
        let mut undeclared = Vec::new();
        for name in given.env.keys() {
            if LOCKED_ENVIRONMENT.iter().any(|(locked, _)| locked == name) {
                undeclared.push(format!("`env`: {name} is set by the host for every tool, and cannot be given"));
            } else if !self.manifest.env.iter().any(|row| row.name == *name) {
                undeclared.push(format!("`env`: the manifest does not declare {name}, so the tool does not see it"));
            }
        }
        for name in &given.secrets {
            if !self.manifest.secret.iter().any(|row| row.name == *name) {
                undeclared.push(format!("`secrets`: the manifest does not declare {name}, so it is sent nowhere"));
            }
        }
        undeclared
    }
}

/// `/workspace` with the files of the case.
#[allow(clippy::disallowed_methods, reason = "the command's own temporary directory")]
fn workspace(tree: &Path, given: &Given) -> std::io::Result<Dir> {
    let path = tree.join(GuestPath::working_directory().below_root());
    std::fs::create_dir_all(&path)?;
    let workspace = Dir::open_ambient_dir(path, ambient_authority())?;
    for (name, content) in &given.files {
        let Some(content) = content else {
            workspace.create_dir_all(name)?;
            continue;
        };
        if let Some(parent) = Path::new(name).parent().filter(|parent| !parent.as_os_str().is_empty()) {
            workspace.create_dir_all(parent)?;
        }
        workspace.write(name, &content.0)?;
    }
    Ok(workspace)
}

/// A value for each secret: no other text holds it by chance.
fn secrets(given: &Given) -> Result<(Secrets, Vec<(String, String)>), Failure> {
    let mut secrets = Secrets::default();
    let mut values = Vec::new();
    for name in &given.secrets {
        let value = format!("test-{}", Uuid::new_v4().simple());
        secrets.insert(name.clone(), Zeroizing::new(value.clone().into_bytes())).map_err(Failure::work)?;
        values.push((name.to_string(), value));
    }
    Ok((secrets, values))
}
