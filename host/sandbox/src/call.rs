//! One call: a fresh store and instance, one deadline over everything, one outcome.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use cofferdam_capability::{Access, Grant, Limits};
use tokio::sync::SemaphorePermit;
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTableError;
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;

use crate::bindings::exports::cofferdam::tool::tools::{Descriptor, Failure};
use crate::caller::{Caller, Nobody, Place};
use crate::component::{Callable, Component};
use crate::cpu_time::CpuTime;
use crate::engine::Engine;
use crate::error::Overasked;
use crate::filesystem::{Changes, FileUse};
use crate::host::{Conversation, Told};
use crate::http::{Contacts, Egress, Injection};
use crate::imports::DeniedCall;
use crate::outcome::Outcome;
use crate::output::{Capture, Output};
use crate::receipt::Receipt;
use crate::reflect::Misfit;
use crate::scratch::CallScratch;
use crate::state::State;
use crate::wasi::{self, Given, Streams};
use crate::yielding::Yielding;

/// Fuel between two points where a running guest lets others run, and where its deadline and its caller's patience are
/// checked: about half a millisecond, at no measurable cost.
const YIELD_INTERVAL: u64 = 10_000_000;

/// One call.
pub struct Call<'a> {
    /// What is called.
    pub component: &'a Component,
    /// What it may touch.
    pub grant: &'a Grant,
    /// What it is to do.
    pub invocation: Invocation,
    /// The secrets that go into its requests.
    pub injections: Vec<Injection>,
    /// Where it runs.
    pub place: Place<'a>,
    /// Who hears what it tells and makes the calls that it asks for; nobody for a component that lists its tools.
    pub caller: Option<Arc<dyn Caller>>,
    /// Ends it, with a receipt.
    pub cancel: &'a CancellationToken,
}

/// What to do with a component.
#[derive(Debug, Clone)]
pub enum Invocation {
    /// Run a command.
    Command {
        /// The arguments, without the program's name.
        args: Vec<String>,
        /// Standard input.
        stdin: Vec<u8>,
    },
    /// Ask a component for its typed tools. This runs guest code, under the same limits as a call.
    List,
    /// Call one typed tool, or one function of a reflected component.
    Typed {
        /// Its name in the component.
        tool: String,
        /// Its input, as JSON text.
        input: String,
    },
}

/// What came of a call.
#[derive(Debug)]
pub struct Report {
    /// Standard output of a command, or the result of a typed call as JSON text.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// The tools of a component that was asked for them: name, description, input schema, output schema.
    pub tools: Vec<[String; 4]>,
    /// How it ended and what it used.
    pub receipt: Receipt,
}

impl Report {
    /// The report of a call that was refused before it came to the sandbox.
    pub fn refused(grant: &Grant, reason: String) -> Self {
        let receipt = Receipt::unused(grant, Outcome::Denied { reason });
        Self { stdout: Output::default(), stderr: Output::default(), tools: Vec::new(), receipt }
    }
}

/// What a guest that ran to its end left behind.
enum Ended {
    Command(Result<(), ()>),
    Listed(Vec<Descriptor>),
    Answered(Result<String, Failure>),
    Returned(Result<Output, Output>),
}

impl Engine {
    /// Calls a component under a grant when it is its turn. Returns when the guest has ended or was stopped, whatever it
    /// did. Dropping the future stops the guest as well; `cancel` does it with a receipt.
    pub async fn call(&self, call: Call<'_>) -> Report {
        let Call { component, grant, invocation, injections, place, caller, cancel } = call;
        let started = Instant::now();
        let limits = grant.limits();
        let deadline = match place {
            Place::Own(_) => started + limits.wall.0,
            Place::Callers { deadline } => deadline.min(started + limits.wall.0),
        };
        let stdout = Capture::new(limits.stdout.len());
        let stderr = Capture::new(limits.stderr.len());
        let bytes_in = invocation.size();
        let mut spent = Spent::default();

        let ended = match invocation.refused(component, grant).map_or_else(|| self.scratch_for(grant), Err) {
            Err(outcome) => Err(outcome),
            Ok(scratch) => {
                let (args, stdin) = invocation.streams(grant.tool());
                let streams = Streams { args, stdin, stdout: stdout.clone(), stderr: stderr.clone() };
                let given = Given {
                    streams,
                    egress: Egress::new(grant, Arc::clone(&self.client), injections),
                    conversation: Conversation::new(caller.unwrap_or_else(Nobody::shared), deadline),
                    scratch: scratch.as_ref(),
                };
                let guest = self.run((component, grant), invocation, place, given, &mut spent);
                let ended = until(deadline, cancel, guest).await.unwrap_or_else(Err);
                if let Some(scratch) = scratch {
                    scratch.remove().await;
                }
                ended
            }
        };
        let (outcome, answer, tools) = conclude(ended, limits);
        let (stdout, stderr) = (answer.unwrap_or_else(|| stdout.take()), stderr.take());
        let receipt = Receipt {
            fuel: spent.fuel,
            peak_memory: spent.peak_memory,
            wall_us: micros(started.elapsed()),
            queued_us: micros(spent.queued),
            cpu_us: micros(spent.cpu),
            bytes_in,
            stdout_bytes: stdout.written(),
            stderr_bytes: stderr.written(),
            files_opened: spent.files.opened,
            bytes_written: spent.files.written,
            entries_created: spent.files.created,
            calls: spent.told.calls,
            refusals: refusals(&spent, &stdout, &stderr),
            removed: spent.changes.removed,
            renamed: spent.changes.renamed,
            truncated: spent.changes.truncated,
            directories: spent.directories,
            hosts: spent.contacts.hosts,
            ..Receipt::unused(grant, outcome)
        };
        Report { stdout, stderr, tools, receipt }
    }

    /// Waits for a place and runs the guest. What it used is in `spent` also when this future is dropped half-way.
    async fn run(
        &self,
        (component, grant): (&Component, &Grant),
        invocation: Invocation,
        place: Place<'_>,
        given: Given<'_>,
        spent: &mut Spent,
    ) -> Result<Ended, Outcome> {
        let waiting = Instant::now();
        let _place = self.admit(place).await?;
        spent.queued = waiting.elapsed();
        let mut call = Metered { store: self.store(grant, given)?, fuel: grant.limits().fuel.0, spent };
        let ended = {
            let (store, cpu) = (&mut call.store, &mut call.spent.cpu);
            // On the heap, and only now: calls that wait for their turn are small.
            let mut guest = Box::pin(enter(store, component, invocation, grant.limits().result.len()));
            CpuTime::new(guest.as_mut(), cpu).await
        };
        match ended {
            Ok(Ended::Command(Err(()))) if call.refused_memory() => Err(Outcome::OutOfMemory),
            Ok(ended) => Ok(ended),
            Err(error) => Err(call.outcome_of(&error)),
        }
    }

    /// Waits for a place: first among the calls of one agent, then on the host, both in the order of arrival. A call that
    /// runs in the place of its caller has one.
    async fn admit<'a>(&'a self, place: Place<'a>) -> Result<Option<[SemaphorePermit<'a>; 2]>, Outcome> {
        let Place::Own(queue) = place else {
            return Ok(None);
        };
        match (queue.acquire().await, self.places.acquire().await) {
            (Ok(turn), Ok(place)) => Ok(Some([turn, place])),
            _ => Err(Outcome::HostFault { message: "the host is shutting down".to_owned() }),
        }
    }

    /// An empty `/tmp` for the call, when its grant has one.
    fn scratch_for(&self, grant: &Grant) -> Result<Option<CallScratch>, Outcome> {
        let scratch = grant.has_scratch().then(|| self.scratch.for_call()).transpose();
        scratch.map_err(|error| host_fault("making the scratch directory", &error.into()))
    }

    fn store(&self, grant: &Grant, given: Given<'_>) -> Result<Store<State>, Outcome> {
        let state = wasi::state(grant, given).map_err(|error| host_fault("set-up", &error))?;
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.call_hook_async(Yielding);
        store.set_hostcall_fuel(grant.limits().host_call.len());
        store
            .set_fuel(grant.limits().fuel.0)
            .and_then(|()| store.fuel_async_yield_interval(Some(YIELD_INTERVAL)))
            .map_err(|error| host_fault("fuel", &error))?;
        Ok(store)
    }
}

async fn enter(
    store: &mut Store<State>,
    component: &Component,
    invocation: Invocation,
    result_limit: usize,
) -> wasmtime::Result<Ended> {
    match (&component.callable, invocation) {
        (Callable::Command(pre), _) => {
            let command = pre.instantiate_async(&mut *store).await?;
            Ok(Ended::Command(command.wasi_cli_run().call_run(&mut *store).await?))
        }
        (Callable::Typed(pre), Invocation::Typed { tool, input }) => {
            let typed = pre.instantiate_async(&mut *store).await?;
            let answer = typed.cofferdam_tool_tools().call_call(&mut *store, &tool, &input).await?;
            Ok(Ended::Answered(answer))
        }
        (Callable::Typed(pre), _) => {
            let typed = pre.instantiate_async(&mut *store).await?;
            Ok(Ended::Listed(typed.cofferdam_tool_tools().call_list(&mut *store).await?))
        }
        (Callable::Reflected(reflected), Invocation::Typed { tool, input }) => {
            Ok(Ended::Returned(reflected.call(store, &tool, &input, result_limit).await?))
        }
        (Callable::Reflected(_), _) => wasmtime::bail!("a reflected component was called without a function"),
    }
}

/// What a call used.
#[derive(Default)]
struct Spent {
    queued: Duration,
    fuel: u64,
    peak_memory: u64,
    cpu: Duration,
    memory_refused: Option<String>,
    contacts: Contacts,
    files: FileUse,
    directories: BTreeMap<String, Access>,
    changes: Changes,
    told: Told,
}

/// A running call. Its use is written down when it goes, however it goes.
struct Metered<'a> {
    store: Store<State>,
    fuel: u64,
    spent: &'a mut Spent,
}

impl Drop for Metered<'_> {
    fn drop(&mut self) {
        let left = self.store.get_fuel().unwrap_or(0);
        let State { limiter, files, .. } = self.store.data();
        self.spent.fuel = self.fuel.saturating_sub(left);
        self.spent.peak_memory = limiter.peak_memory();
        self.spent.files = files.used();
        self.spent.directories = files.directories();
        self.spent.changes = files.changes();
        self.spent.memory_refused = limiter.refused().map(str::to_owned);
        self.spent.told = self.store.data().conversation.told();
        self.spent.contacts = self.store.data().egress.contacts();
    }
}

impl Metered<'_> {
    fn refused_memory(&self) -> bool {
        self.store.data().limiter.refused().is_some()
    }

    /// Why the guest did not run to its end, by the type of the error and never by its words.
    fn outcome_of(&mut self, error: &wasmtime::Error) -> Outcome {
        if let Some(I32Exit(0)) = error.downcast_ref() {
            return Outcome::Ok;
        }
        if let Some(misfit) = error.downcast_ref::<Misfit>() {
            return Outcome::Denied { reason: format!("the input does not fit its type, {misfit}") };
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => return Outcome::OutOfFuel,
            Some(Trap::StackOverflow) => return Outcome::StackOverflow,
            // A guest that was refused memory ends as it likes: in a trap, with an exit code, or it does not even start.
            _ if self.refused_memory() => return Outcome::OutOfMemory,
            _ => {}
        }
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return exit_code(exit.0);
        }
        if let Some(denied) = error.downcast_ref::<DeniedCall>() {
            return Outcome::Denied { reason: denied.to_string() };
        }
        if let Some(count) = too_many(error) {
            self.store.data_mut().limiter.refuse_count(count);
            return Outcome::OutOfMemory;
        }
        match error.downcast_ref::<Trap>() {
            Some(trap) => Outcome::Trap { message: trap.to_string() },
            None if is_host_call_too_large(error) => Outcome::HostCallTooLarge,
            None if error.is::<wasmtime_wasi_http::FieldMapError>() => {
                Outcome::GuestError { code: 1, message: "the guest holds more HTTP headers than its limit".to_owned() }
            }
            None => match (error.downcast_ref::<Overasked>(), error.downcast_ref::<ResourceTableError>()) {
                (Some(overasked), _) => Outcome::GuestError { code: 1, message: overasked.to_string() },
                (_, Some(_)) => Outcome::GuestError {
                    code: 1,
                    message: "the guest holds more resource handles than its limit".to_owned(),
                },
                _ => host_fault("call", error),
            },
        }
    }
}

impl Invocation {
    fn size(&self) -> u64 {
        let size = match self {
            Self::Command { args, stdin } => args.iter().map(|arg| arg.len() + 1).sum::<usize>() + stdin.len(),
            Self::List => 0,
            Self::Typed { input, .. } => input.len(),
        };
        size as u64
    }

    /// What is refused before anything starts.
    fn refused(&self, component: &Component, grant: &Grant) -> Option<Outcome> {
        let limits = grant.limits();
        let too_large = |what: &str, size: usize, limit: cofferdam_capability::Bytes| {
            let reason = format!("{what} has {size} bytes: at most {limit} are passed on");
            (size > limit.len()).then_some(Outcome::Denied { reason })
        };
        if component.digest() != grant.component() {
            let reason = format!("the grant is for component {}, not {}", grant.component(), component.digest());
            return Some(Outcome::Denied { reason });
        }
        let environment = grant.environment().iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        if let Some(refused) = too_large("the environment", environment, limits.env) {
            return Some(refused);
        }
        match self {
            Self::Command { args, stdin } => {
                if let Some(nul) = args.iter().find(|arg| arg.contains('\0')) {
                    return Some(Outcome::Denied { reason: format!("argument {nul:?} holds a NUL byte") });
                }
                let size = args.iter().map(|arg| arg.len() + 1).sum();
                too_large("the argument list", size, limits.args)
                    .or_else(|| too_large("standard input", stdin.len(), limits.stdin))
            }
            Self::List => None,
            Self::Typed { input, .. } => too_large("the input", input.len(), limits.stdin),
        }
    }

    /// The arguments, led by the program's name, and standard input.
    fn streams(&self, name: &str) -> (Vec<String>, bytes::Bytes) {
        let mut argv = vec![name.to_owned()];
        match self {
            Self::Command { args, stdin } => {
                argv.extend_from_slice(args);
                (argv, bytes::Bytes::copy_from_slice(stdin))
            }
            Self::List | Self::Typed { .. } => (argv, bytes::Bytes::new()),
        }
    }
}

/// Runs `guest` until it ends, its deadline passes, or nobody wants it any more. The deadline is also looked at whenever
/// the guest yields, because a host whose threads all spin in guests turns its timers late.
async fn until<T>(deadline: Instant, cancel: &CancellationToken, guest: impl Future<Output = T>) -> Result<T, Outcome> {
    let mut guest = pin!(guest);
    let mut cancelled = pin!(cancel.cancelled());
    let mut timer = pin!(tokio::time::sleep_until(deadline.into()));
    std::future::poll_fn(|context| {
        if cancel.is_cancelled() {
            return Poll::Ready(Err(Outcome::Cancelled));
        }
        if Instant::now() >= deadline {
            return Poll::Ready(Err(Outcome::Deadline));
        }
        if let Poll::Ready(ended) = guest.as_mut().poll(context) {
            return Poll::Ready(Ok(ended));
        }
        // It waits, or lets others run. Most calls never come here, and cost no timer.
        if cancelled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(Outcome::Cancelled));
        }
        timer.as_mut().poll(context).map(|()| Err(Outcome::Deadline))
    })
    .await
}

/// The outcome, a typed answer if there is one, and the tools of a component that was asked for them.
fn conclude(ended: Result<Ended, Outcome>, limits: &Limits) -> (Outcome, Option<Output>, Vec<[String; 4]>) {
    match ended {
        Err(outcome) => (outcome, None, Vec::new()),
        Ok(Ended::Command(Ok(()))) => (Outcome::Ok, None, Vec::new()),
        Ok(Ended::Command(Err(()))) => (exit_code(1), None, Vec::new()),
        Ok(Ended::Answered(Ok(answer))) => (Outcome::Ok, Some(Output::of(&answer, limits.result.len())), Vec::new()),
        Ok(Ended::Answered(Err(Failure { code, message, .. }))) => {
            let message = format!("{}: {message}", code_name(code));
            (Outcome::GuestError { code: 1, message }, None, Vec::new())
        }
        Ok(Ended::Returned(Ok(returned))) => (Outcome::Ok, Some(returned), Vec::new()),
        Ok(Ended::Returned(Err(problem))) => {
            (Outcome::GuestError { code: 1, message: problem.text() }, None, Vec::new())
        }
        Ok(Ended::Listed(tools)) => {
            let rows =
                tools.into_iter().map(|tool| [tool.name, tool.description, tool.input_schema, tool.output_schema]);
            (Outcome::Ok, None, rows.collect())
        }
    }
}

fn code_name(code: crate::bindings::exports::cofferdam::tool::tools::FailureCode) -> &'static str {
    use crate::bindings::exports::cofferdam::tool::tools::FailureCode;
    match code {
        FailureCode::InvalidInput => "invalid-input",
        FailureCode::NotFound => "not-found",
        FailureCode::Unavailable => "unavailable",
        FailureCode::Failed => "failed",
    }
}

/// Whether the guest handed over more in one call than it may. The engine keeps the type of this error to itself, so its
/// sentence has to do; the guest `host_call_large` tells when a new version of the engine words it differently.
fn is_host_call_too_large(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string()
        == "too much data is being copied between the host and the guest: fuel allocated for \
                                       hostcalls has been exhausted"
}

/// What the guest has more of than it may: instances, memories or tables. The engine counts these itself and says so in a
/// sentence alone; rows of `args_echo` tell when a new version of the engine words it differently.
fn too_many(error: &wasmtime::Error) -> Option<String> {
    error.root_cause().to_string().strip_prefix("resource limit exceeded: ").map(str::to_owned)
}

fn exit_code(code: i32) -> Outcome {
    match code {
        0 => Outcome::Ok,
        code => Outcome::GuestError { code, message: String::new() },
    }
}

/// The caller learns that it was not the guest; the log has the details.
fn host_fault(what: &'static str, error: &wasmtime::Error) -> Outcome {
    tracing::error!(what, "a call failed in the host: {error:?}");
    Outcome::HostFault { message: format!("the host failed in {what}; its log says more") }
}

fn refusals(spent: &Spent, stdout: &Output, stderr: &Output) -> Vec<String> {
    let mut refusals: Vec<_> = spent.memory_refused.clone().into_iter().chain(spent.files.refusals.clone()).collect();
    refusals.extend_from_slice(&spent.contacts.refusals);
    refusals.extend_from_slice(&spent.told.refusals);
    for (name, output) in [("stdout", stdout), ("stderr", stderr)] {
        if output.dropped() > 0 {
            refusals.push(format!("{name}: {} bytes dropped beyond {}", output.dropped(), output.bytes().len()));
        }
    }
    refusals
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
