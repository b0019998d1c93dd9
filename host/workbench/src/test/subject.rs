//! One call of a tool under test: directories, a web server, secrets and a sandbox of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use cofferdam_call::{Input, Report};
use cofferdam_capability::{
    Access, Ceiling, Decision, GuestPath, Host, HostOffer, HostPattern, LOCKED_ENVIRONMENT,
    LimitsRequest, Manifest, Offer, Scheme, SecretUse,
};
use cofferdam_tool::{AttemptWishes, Installed, Origin, Request, Runner, Secrets, Tool, Toolbox};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::case::Given;
use super::limits;
use super::offered::Offered;
use super::web::{Asked, Web};
use crate::build::Built;
use crate::error::{CallerError, Error};

/// The network and the secrets of one call.
#[derive(Debug, Default)]
pub struct StandIns {
    /// The addresses that answer instead of hosts; no other host is reached.
    pub hosts: Vec<(Scheme, Host, SocketAddr)>,
    /// Values of secrets that are made for the call.
    pub secrets: Secrets,
}

/// Makes the sandbox of one call, which reaches nothing but the stand-ins.
pub type MakeSandbox<'a> = dyn Fn(StandIns) -> Result<Runner, CallerError> + 'a;

/// A tool under test.
#[derive(Clone)]
pub struct Subject<'a> {
    /// The name of the tool in messages: the path that it was built from.
    pub(crate) origin: &'a str,
    pub(crate) component: &'a [u8],
    /// The manifest that holds, whatever the component carries.
    pub(crate) manifest: Manifest,
    pub(crate) ceiling: &'a Ceiling,
    pub(crate) make_sandbox: &'a MakeSandbox<'a>,
}

/// The result of a call.
pub(crate) struct Ran {
    pub(crate) report: Report,
    pub(crate) asked: Vec<Asked>,
    /// The values of its secrets, by name.
    pub(crate) secrets: Vec<(String, String)>,
    /// Variables and secrets that the case gives and the manifest does not declare.
    pub(crate) undeclared: Vec<String>,
    pub(crate) workspace: Dir,
    /// The directory that holds the workspace, which goes with it.
    _tree: TempDir,
}

impl<'a> Subject<'a> {
    /// A tool that was built from `origin`.
    pub fn new(
        origin: &'a str,
        built: &'a Built,
        ceiling: &'a Ceiling,
        make_sandbox: &'a MakeSandbox<'a>,
    ) -> Self {
        let Built {
            manifest,
            component,
            ..
        } = built;
        Self {
            origin,
            component,
            manifest: manifest.clone(),
            ceiling,
            make_sandbox,
        }
    }
}

impl Subject<'_> {
    /// The tools of the component, with nothing granted, and its imports.
    pub(crate) async fn offered(&self) -> Result<(Vec<Offered>, Vec<String>), Error> {
        let runner = self.sandbox(StandIns::default())?;
        let (installed, toolbox) = self.tools(&runner, Decision::default()).await?;
        let offered = |tool: &Arc<Tool>| Offered {
            name: tool.name().to_owned(),
            command: tool.is_command(),
            schema: tool.schema().clone(),
        };
        Ok((
            toolbox.iter().map(offered).collect(),
            installed.imports().to_vec(),
        ))
    }

    /// Calls the tool once, with everything that its manifest declares and the case gives.
    pub(crate) async fn call(
        &self,
        given: &Given,
        tool: Option<&str>,
        input: Input,
    ) -> Result<Ran, Error> {
        let wrong =
            |error: std::io::Error| Error::work(format!("the directories of a case: {error}"));
        let tree = tempfile::tempdir().map_err(wrong)?;
        let workspace = workspace(tree.path(), given).map_err(wrong)?;
        let web = Web::start(&given.http).await?;
        let CaseSecrets { secrets, sent } = secrets(given, &self.manifest)?;
        let names = given.secrets.clone();
        let runner = self.sandbox(StandIns {
            hosts: web.stand_ins.clone(),
            secrets,
        })?;
        let decision = Decision {
            offers: self.offers(tree.path())?,
            env: given.env.clone().into_iter().collect(),
            limits: self.limits(given),
            http: vec![HostOffer::new(HostPattern::ANY, None)],
            secrets: names,
            // Nothing stands in for a TCP server.
            tcp: Vec::new(),
        };
        let (_, toolbox) = self.tools(&runner, decision).await?;
        let tool = self.choose(&toolbox, tool)?;
        let request = Request {
            toolbox: Arc::new(toolbox),
            tool,
            input,
            attempts: AttemptWishes::default(),
            origin: Origin::default(),
            approval: None,
            progress: None,
            cancel: CancellationToken::new(),
        };
        let report = runner.call(request).await.map_err(Error::usage)?;
        let undeclared = self.undeclared(given);
        Ok(Ran {
            report,
            asked: web.asked(),
            secrets: sent,
            undeclared,
            workspace,
            _tree: tree,
        })
    }

    fn sandbox(&self, stand_ins: StandIns) -> Result<Runner, Error> {
        (self.make_sandbox)(stand_ins).map_err(Error::Sandbox)
    }

    async fn tools(
        &self,
        runner: &Runner,
        decision: Decision,
    ) -> Result<(Installed, Toolbox), Error> {
        let supplied = Some(self.manifest.clone());
        let installed = runner
            .load(
                Bytes::copy_from_slice(self.component),
                self.origin,
                supplied,
            )
            .await
            .map_err(Error::usage)?;
        let name = self.manifest.tool.name.as_str();
        let mut toolbox = runner.toolbox();
        for tool in runner
            .offer(&installed, name, "", decision, &toolbox)
            .await
            .map_err(Error::usage)?
        {
            toolbox.add(tool).map_err(Error::usage)?;
        }
        Ok((installed, toolbox))
    }

    /// Returns true if a case that names `named` means the tool `name`: with or without the
    /// component's name before it.
    pub(crate) fn means(&self, name: &str, named: &str) -> bool {
        let own = name
            .strip_prefix(&self.manifest.tool.name)
            .and_then(|name| name.strip_prefix('_'));
        name == named || own == Some(named)
    }

    /// The tool that a case means: the one there is, else by its name.
    fn choose(&self, toolbox: &Toolbox, named: Option<&str>) -> Result<String, Error> {
        let mut tools = toolbox.iter();
        let found = match named {
            Some(named) => tools.find(|tool| self.means(tool.name(), named)),
            None if tools.len() == 1 => tools.next(),
            None => None,
        };
        found.map(|tool| tool.name().to_owned()).ok_or_else(|| {
            let named = named.map_or("a case names no `tool`".to_owned(), |named| {
                format!("there is no tool `{named}`")
            });
            Error::usage(format!(
                "{}: {named}; there are: {}",
                self.origin,
                toolbox.names()
            ))
        })
    }

    /// The limits of a case, else those that the manifest asks for, as far as the ceiling goes:
    /// this command is the author's, who tests what the manifest describes.
    fn limits(&self, given: &Given) -> LimitsRequest {
        let asked = self.manifest.limits.at_most(&self.ceiling.limits);
        let rows = asked.rows().into_iter();
        rows.fold(given.limits.clone(), |request, row| {
            limits::with(&request, row.name, &row.value)
        })
    }

    /// A directory of its own for each row: all of them in one tree, as the guest sees it.
    fn offers(&self, tree: &Path) -> Result<Vec<Offer>, Error> {
        let rows = self
            .manifest
            .fs
            .iter()
            .filter(|row| row.path != GuestPath::scratch());
        let offer = |path: &GuestPath| {
            let directory = tree.join(path.below_root());
            std::fs::create_dir_all(&directory).map_err(Error::work)?;
            Offer::host_directory(&directory, path.clone(), Access::ReadWrite).map_err(Error::work)
        };
        rows.map(|row| offer(&row.path)).collect()
    }

    /// Sentences about the variables and secrets that a case gives in vain.
    fn undeclared(&self, given: &Given) -> Vec<String> {
        let mut undeclared = Vec::new();
        for name in given.env.keys() {
            if LOCKED_ENVIRONMENT.iter().any(|(locked, _)| locked == name) {
                undeclared.push(format!(
                    "`env`: {name} is set by the host for every tool, and cannot be given"
                ));
            } else if !self.manifest.env.iter().any(|row| row.name == *name) {
                undeclared.push(format!(
                    "`env`: the manifest does not declare {name}, so the tool does not see it"
                ));
            }
        }
        for name in &given.secrets {
            if !self.manifest.secret.iter().any(|row| row.name == *name) {
                undeclared.push(format!(
                    "`secrets`: the manifest does not declare {name}, so it is sent nowhere"
                ));
            }
        }
        undeclared
    }
}

/// `/workspace` with the files of the case.
fn workspace(tree: &Path, given: &Given) -> std::io::Result<Dir> {
    let path = tree.join(GuestPath::working_directory().below_root());
    std::fs::create_dir_all(&path)?;
    let workspace = Dir::open_ambient_dir(path, ambient_authority())?;
    for (name, content) in &given.files {
        let Some(content) = content else {
            workspace.create_dir_all(name)?;
            continue;
        };
        if let Some(parent) = Path::new(name)
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            workspace.create_dir_all(parent)?;
        }
        workspace.write(name, &content.0)?;
    }
    Ok(workspace)
}

/// Secrets of one call.
struct CaseSecrets {
    secrets: Secrets,
    /// The text by which each is known in a header, by name.
    sent: Vec<(String, String)>,
}

/// A value for each secret: no other text holds it by chance.
fn secrets(given: &Given, manifest: &Manifest) -> Result<CaseSecrets, Error> {
    let mut secrets = Secrets::default();
    let mut sent = Vec::new();
    for name in &given.secrets {
        let row = manifest.secret.iter().find(|row| row.name == *name);
        let usage = row.and_then(|row| row.usage().ok());
        let random = format!("test-{}", Uuid::new_v4().simple());
        let value = match &usage {
            Some(usage) if usage.is_pair() => format!("test:{random}"),
            _ => random,
        };
        sent.push((
            name.to_string(),
            match usage {
                Some(SecretUse::Basic) => STANDARD.encode(&value),
                _ => value.clone(),
            },
        ));
        secrets
            .insert(name.clone(), Zeroizing::new(value.into_bytes()))
            .map_err(Error::work)?;
    }
    Ok(CaseSecrets { secrets, sent })
}
