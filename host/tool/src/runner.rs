//! Components in, tools out.

use std::sync::Arc;

use bytes::Bytes;
use cap_std::fs::Dir;
use cofferdam_call::{Outcome, Report};
use cofferdam_capability::{
    Ceiling, Decision, Diff, Digest, Grant, Guarded, Manifest, ToolName, ToolNameError,
};
use cofferdam_sandbox::{
    Allowance, Component, Engine, EngineConfig, EngineError, GuestThreads, Line, Reach, Shape,
};

use crate::answer::Answer;
use crate::attempts::Attempts;
use crate::chain::Chain;
use crate::checks::Checks;
use crate::config::{RunnerChoices, RunnerConfig};
use crate::descriptor_error::DescriptorError;
use crate::descriptors::{self, Descriptors};
use crate::dispatch::{Call, attempted};
use crate::error::ToolError;
use crate::executor::Executor;
use crate::installed::Installed;
use crate::ledger::Ledger;
use crate::listing;
use crate::offer::Offer;
use crate::origin::Origin;
use crate::outgoing;
use crate::pins::Pins;
use crate::policy::{Laws, PolicyBook, Rules};
use crate::pool_use::PoolUse;
use crate::redact::Redactor;
use crate::request::Request;
use crate::review::ReviewGate;
use crate::secret::Injector;
use crate::span;
use crate::tool::Tool;
use crate::toolbox::{Toolbox, UnknownTool};
use crate::totals::CallTotals;

/// Loads components and calls tools. Clones are the same runner.
#[derive(Debug, Clone)]
pub struct Runner {
    executor: Arc<Executor>,
    pins: Arc<Pins>,
    ceiling: Arc<Ceiling>,
    calls_per_agent: u32,
    data: Arc<Dir>,
    guarded: Arc<Guarded>,
}

impl Runner {
    /// Starts the engine.
    pub fn new(config: RunnerConfig) -> Result<Self, EngineError> {
        let RunnerConfig {
            compiler,
            cache,
            scratch,
            pins,
            scratch_bytes,
            scratch_entries,
            ceiling,
            calls,
            calls_per_agent,
            descriptors,
            pagemap_scan,
            nameservers,
            stand_ins,
            secrets,
            ledger,
            review,
            data,
            data_path,
            guarded,
        } = config;
        let reach = match stand_ins {
            Some(stand_ins) => Reach::StandIns(stand_ins.into_iter().map(Into::into).collect()),
            None => Reach::Network { nameservers },
        };
        let engine = Engine::new(EngineConfig {
            compiler,
            cache,
            scratch,
            scratch_bytes,
            scratch_entries,
            ceiling: ceiling.clone(),
            calls,
            descriptors,
            pagemap_scan,
            reach,
        })?;
        let redactor = Arc::new(Redactor::new());
        let threads = GuestThreads::start().map_err(EngineError::Threads)?;
        let reviews = ReviewGate::new(&data, data_path, review).map_err(EngineError::Threads)?;
        let data = Arc::new(data);
        let policies = PolicyBook::new(Arc::clone(&data));
        // What is wrong with it is told now, not at the first call.
        let _ = policies.current();
        let executor = Arc::new(Executor {
            policies: Arc::new(policies),
            reviews,
            engine: Arc::new(engine),
            threads: Arc::new(threads),
            checks: Arc::new(Checks::new()),
            injector: Injector::new(secrets, &redactor),
            redactor,
            totals: Arc::default(),
            ledger,
        });
        let ceiling = Arc::new(ceiling);
        Ok(Self {
            executor,
            pins: Arc::new(Pins::new(pins)),
            ceiling,
            calls_per_agent,
            data,
            guarded: Arc::new(guarded),
        })
    }

    /// All that decides about the calls of an agent with these policies of its own.
    pub(crate) fn laws<'a>(&'a self, narrowing: Option<&'a Rules>) -> Laws<'a> {
        self.executor.laws(narrowing)
    }

    /// The same runner, whose tools may replace nothing of what `add` guards either.
    ///
    /// # Errors
    ///
    /// Those of `add`.
    pub fn guarding(
        &self,
        add: impl FnOnce(&mut Guarded) -> std::io::Result<()>,
    ) -> std::io::Result<Self> {
        let mut guarded = Guarded::clone(&self.guarded);
        add(&mut guarded)?;
        Ok(Self {
            guarded: Arc::new(guarded),
            ..self.clone()
        })
    }

    /// A runner on the same engine, for tools that are offered from now on. Those that are offered
    /// already keep the secrets and the ceiling of their runner. The limits of the ceiling size the
    /// engine, so the new one has those of the old.
    pub fn renewed(&self, choices: RunnerChoices) -> Self {
        let RunnerChoices {
            ceiling,
            calls_per_agent,
            secrets,
            review,
            guarded,
        } = choices;
        let limits = self.ceiling.limits.clone();
        Self {
            executor: Arc::new(self.executor.renewed(secrets, review)),
            ceiling: Arc::new(Ceiling {
                defaults: ceiling.defaults.at_most(&limits),
                limits,
                network: ceiling.network,
            }),
            calls_per_agent,
            guarded: Arc::new(guarded),
            ..self.clone()
        }
    }

    /// An empty toolbox for one agent.
    pub fn toolbox(&self) -> Toolbox {
        Toolbox::new(self.executor.engine.line(self.calls_per_agent))
    }

    /// Loads a component, and runs nothing of it. `origin` names it in errors; `supplied` is a
    /// manifest that an operator puts beside it. Its bytes are somebody else's, so they are read on
    /// the threads of guests.
    pub async fn load(
        &self,
        bytes: Bytes,
        origin: &str,
        supplied: Option<Manifest>,
    ) -> Result<Installed, ToolError> {
        let executor = Arc::clone(&self.executor);
        let name = origin.to_owned();
        let work = async move {
            let component = executor.engine.load(&bytes, &name, supplied).await?;
            let descriptors = component
                .descriptors()
                .map(Descriptors::from_json)
                .transpose();
            let descriptors = descriptors.map_err(|problem| ToolError::Descriptors {
                origin: name.clone(),
                problem: descriptors::unusable(&problem.to_string()),
            })?;
            Ok(Installed {
                component,
                descriptors: descriptors.map(Arc::new),
            })
        };
        let lost = || ToolError::Lost {
            origin: origin.to_owned(),
        };
        self.executor
            .threads
            .run(work)
            .await
            .unwrap_or_else(|| Err(lost()))
    }

    /// The tools that a component of typed tools lists, if it is one.
    pub(crate) async fn descriptors(
        &self,
        bytes: Bytes,
        manifest: &Manifest,
    ) -> Result<Option<Descriptors>, ToolError> {
        let name = manifest.tool.name.as_str();
        let wrong = |problem: String| ToolError::Descriptors {
            origin: name.to_owned(),
            problem,
        };
        let installed = self.load(bytes, name, Some(manifest.clone())).await?;
        if installed.shape() != Shape::Typed {
            return Ok(None);
        }
        let descriptors = self
            .list(&installed.component, name, &self.toolbox().line)
            .await?;
        for tool in descriptors.iter() {
            if let Some(problem) = outgoing::refuse_input(&tool.input_schema) {
                return Err(wrong(format!(
                    "no client could be told of the input of `{}`: {problem}",
                    tool.name
                )));
            }
        }
        let grant = self.granted(
            installed.digest(),
            name,
            &Manifest::empty(),
            Decision::default(),
        )?;
        let offer = Offer {
            component: &installed.component,
            name: &ToolName::made_of(name),
            note: "",
            grant: Arc::new(grant),
        };
        offer.typed(&descriptors)?;
        Ok(Some(descriptors))
    }

    /// Returns the requests of a component beyond those of a manifest that somebody has decided
    /// about.
    pub fn beyond(&self, decided: &Manifest, installed: &Installed) -> Diff {
        Diff::new(decided, installed.manifest(), &self.ceiling)
    }

    /// Decides what the tools of a component may touch under this name. Nothing of it runs.
    pub fn grant(
        &self,
        installed: &Installed,
        name: &str,
        decision: Decision,
    ) -> Result<Grant, ToolError> {
        self.grant_for(installed.digest(), installed.manifest(), name, decision)
    }

    /// Decides what the tools of the component of this digest and manifest may touch.
    pub(crate) fn grant_for(
        &self,
        component: Digest,
        manifest: &Manifest,
        name: &str,
        decision: Decision,
    ) -> Result<Grant, ToolError> {
        let refused = decision
            .offers
            .iter()
            .try_for_each(|offer| offer.refuse_host_data(&self.data));
        let wrong = |source| ToolError::Grant {
            tool: name.to_owned(),
            source,
        };
        refused.map_err(wrong)?;
        let grant = self.granted(component, name, manifest, decision)?;
        self.guarded.check(&grant).map_err(wrong)?;
        Ok(grant)
    }

    /// Makes the tools of a component: one for a command, one for each tool that a typed component
    /// describes, one for each function of a reflected component. They go by `name`, or by
    /// `name_tool` where there are several. `note` is what the operator says of it, in words for a
    /// model.
    ///
    /// Only a typed component without descriptors runs here, in the line of `toolbox`: it lists its
    /// tools under a grant that gives nothing, and has to list the same ones ever after. Schemas
    /// are somebody else's, so they are read on the threads of guests.
    pub async fn offer(
        &self,
        installed: &Installed,
        name: &str,
        note: &str,
        decision: Decision,
        toolbox: &Toolbox,
    ) -> Result<Vec<Tool>, ToolError> {
        let runner = self.clone();
        let installed = installed.clone();
        let line = Arc::clone(&toolbox.line);
        let own = name.to_owned();
        let note = note.to_owned();
        let work = async move { runner.make(&installed, &own, &note, decision, &line).await };
        let lost = || ToolError::Lost {
            origin: name.to_owned(),
        };
        self.executor
            .threads
            .run(work)
            .await
            .unwrap_or_else(|| Err(lost()))
    }

    async fn make(
        &self,
        installed: &Installed,
        name: &str,
        note: &str,
        decision: Decision,
        line: &Arc<Line>,
    ) -> Result<Vec<Tool>, ToolError> {
        let component = &installed.component;
        let refused = |error: DescriptorError| ToolError::Offer {
            tool: name.to_owned(),
            problem: error.to_string(),
        };
        let tool_name: ToolName = name
            .parse()
            .map_err(|error: ToolNameError| refused(error.into()))?;
        descriptors::check_words(name, note).map_err(refused)?;
        let grant = Arc::new(self.grant(installed, name, decision)?);
        let offer = Offer {
            component,
            name: &tool_name,
            note,
            grant,
        };
        offer.check_contract()?;
        match (component.shape(), &installed.descriptors) {
            (Shape::Command, _) => Ok(vec![offer.command()]),
            (Shape::Typed, Some(descriptors)) => offer.typed(descriptors),
            (Shape::Typed, None) => {
                self.pins.before(component.digest()).map_err(refused)?;
                let listed = self.list(component, name, line).await?;
                self.pins
                    .check(component.digest(), &listed)
                    .map_err(refused)?;
                offer.typed(&listed)
            }
            (Shape::Reflected, _) => offer.reflected(),
        }
    }

    pub(crate) fn granted(
        &self,
        component: Digest,
        name: &str,
        manifest: &Manifest,
        decision: Decision,
    ) -> Result<Grant, ToolError> {
        Grant::new(name, component, manifest, &self.ceiling, decision).map_err(|source| {
            ToolError::Grant {
                tool: name.to_owned(),
                source,
            }
        })
    }

    /// Asks a component which tools it has, under a grant that gives nothing and the default
    /// limits.
    async fn list(
        &self,
        component: &Arc<Component>,
        name: &str,
        line: &Arc<Line>,
    ) -> Result<Descriptors, ToolError> {
        let grant = self.granted(
            component.digest(),
            name,
            &Manifest::empty(),
            Decision::default(),
        )?;
        listing::list(&self.executor, component, grant, line).await
    }

    /// Calls a tool. There is a report with a receipt whatever happens, if only there is the tool.
    /// A call that nobody waits for any more is stopped.
    pub async fn call(&self, request: Request) -> Result<Report, UnknownTool> {
        self.run(request, |report, _| report).await
    }

    /// Calls the tool that a model names, with the arguments it wrote, and answers in words for the
    /// model.
    pub async fn answer(&self, request: Request) -> Answer {
        let answer = self
            .run(request, |report, tool| Answer::of(&report, tool))
            .await;
        answer.unwrap_or_else(|unknown| Answer::unknown(&unknown))
    }

    /// Answers a call that was cancelled before its tool was loaded, which is to run under `grant`.
    pub async fn cancelled(&self, tool: &str, grant: &Grant, origin: &Origin) -> Answer {
        let outcome = Outcome::Cancelled;
        let ended = self.executor.never_began(tool, grant, outcome, origin);
        Answer::cancelled(ended.await)
    }

    /// The reviews of tools before they are called.
    pub fn reviews(&self) -> &ReviewGate {
        &self.executor.reviews
    }

    /// The record that is kept of every call, if one is.
    pub fn ledger(&self) -> Option<&Arc<dyn Ledger>> {
        self.executor.ledger.as_ref()
    }

    /// Sums over the calls of all runners on this engine.
    pub fn totals(&self) -> &CallTotals {
        &self.executor.totals
    }

    /// The places of this engine, as they are now.
    pub fn pool_use(&self) -> PoolUse {
        PoolUse::of(&self.executor.engine)
    }

    /// Waits until the scratch directories of all calls are gone: for a process that ends after its
    /// last call.
    pub async fn emptied(&self) {
        self.executor.engine.emptied().await;
    }

    /// Runs a call on the threads of guests, from the check of its input to what `end` makes of its
    /// report.
    async fn run<T: Send + 'static>(
        &self,
        request: Request,
        end: impl Fn(Report, &Tool) -> T + Clone + Send + 'static,
    ) -> Result<T, UnknownTool> {
        let Request {
            toolbox,
            tool,
            input,
            attempts,
            origin,
            approval,
            progress,
            cancel,
        } = request;
        let found = toolbox.get(&tool).map(Arc::clone);
        if found.is_err() {
            self.executor.unknown(&tool, &origin).await;
        }
        let tool = found?;
        // Ends also what does not wait, if nobody waits for this any more.
        let cancel = cancel.child_token();
        let _gone = cancel.clone().drop_guard();
        let allowance = Allowance::begin(tool.grant().limits(), cancel);
        let chain = Chain::of(&tool, origin.clone(), attempts.call_name());
        let span = span::begin(&tool, &chain);
        let mut attempts = Attempts::of(&tool, &attempts);
        // An approval is used once.
        if approval.is_some() {
            attempts = attempts.one();
        }
        let called = Arc::clone(&tool);
        let ended = end.clone();
        let executor = Arc::clone(&self.executor);
        let call = Call {
            toolbox,
            tool: Arc::clone(&tool),
            grant: tool.shared_grant(),
            input,
            allowance,
            chain,
            caller: None,
            approval,
            progress,
        };
        let work = Box::pin(async move {
            let report = span::around(span, attempted(&executor, call, &attempts)).await;
            ended(report, &called)
        });
        // To its end, which is recorded, also if nobody waits for it any more.
        match self.executor.threads.run_to_end(work).await {
            Some(ended) => Ok(ended),
            None => Ok(end(self.executor.lost(tool.grant(), &origin).await, &tool)),
        }
    }
}
