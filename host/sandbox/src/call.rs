//! One call: a fresh store and instance, one deadline over everything, one outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cofferdam_call::{ListedTool, Outcome, Output, Receipt, Report};
use cofferdam_capability::{Access, Grant, Limits};
use tokio::sync::SemaphorePermit;
use wasmtime::Store;

use crate::allowance::{Allowance, micros};
use crate::bindings::exports::cofferdam::tool::tools::{Descriptor, Failure, FailureCode};
use crate::caller::{Caller, Nobody, Place};
use crate::capture::Capture;
use crate::component::{Callable, Component};
use crate::cpu_time::CpuTime;
use crate::descriptors::Share;
use crate::engine::Engine;
use crate::error::HostFailure;
use crate::failure::{self, exited, host_fault};
use crate::filesystem::{Changes, FileUse};
use crate::host::{Conversation, Told};
use crate::http::Injection;
use crate::invocation::{CommandLine, Invocation};
use crate::network::Contacts;
use crate::pool::Pool;
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
    /// Its time, the memory that the host holds for it, and what ends it, with a receipt.
    pub allowance: &'a Allowance,
    /// The secrets that go into its requests.
    pub injections: Vec<Injection>,
    /// Where it runs.
    pub place: Place<'a>,
    /// Who hears what it tells and makes the calls that it asks for; nobody for a component that lists its tools.
    pub caller: Option<Arc<dyn Caller>>,
}

/// What came of a call.
#[derive(Debug)]
pub struct Called {
    /// What every call has.
    pub report: Report,
    /// The tools of a component that was asked for them.
    pub tools: Vec<ListedTool>,
}

/// What a call holds of the host while it runs.
type Admitted<'a> = (Share<'a>, Option<[SemaphorePermit<'a>; 2]>);

/// What a guest that ran to its end left behind.
enum Ended {
    Command(Result<(), ()>),
    Listed(Vec<Descriptor>),
    Answered(Result<String, Failure>),
    Returned(Result<Output, Output>),
}

/// What a call is run with.
struct Run<'a> {
    component: &'a Component,
    grant: &'a Grant,
    invocation: Invocation,
    place: Place<'a>,
    given: Given<'a>,
}

impl Engine {
    /// Calls a component under a grant when it is its turn. Returns when the guest has ended or was stopped, whatever it
    /// did. Dropping the future stops the guest as well; cancelling its allowance does it with a receipt.
    pub async fn call(&self, call: Call<'_>) -> Called {
        let Call { component, grant, invocation, allowance, injections, place, caller } = call;
        let limits = grant.limits();
        let deadline = allowance.deadline();
        let account = allowance.account();
        let stdout = Capture::new("standard output", limits.stdout.len(), account);
        let stderr = Capture::new("standard error", limits.stderr.len(), account);
        let bytes_in = invocation.size();
        let mut spent = Spent::default();

        let ended = match self.prepare(component, grant, &invocation, allowance) {
            Err(outcome) => Err(outcome),
            Ok(scratch) => {
                let mut invocation = invocation;
                let CommandLine { argv, stdin } = invocation.take_streams(grant.tool());
                let streams = Streams { args: argv, stdin, stdout: stdout.clone(), stderr: stderr.clone() };
                let given = Given {
                    account: account.clone(),
                    streams,
                    network: Arc::clone(&self.network),
                    injections,
                    conversation: Conversation::new(caller.unwrap_or_else(Nobody::shared), deadline),
                    scratch: scratch.as_ref(),
                };
                let guest = self.run(Run { component, grant, invocation, place, given }, &mut spent);
                let ended = allowance.within(guest).await.unwrap_or_else(Err);
                if let Some(scratch) = scratch {
                    // What takes longer goes on without the call, on one of the threads for what blocks.
                    let _ = allowance.to_end().within(scratch.remove()).await;
                }
                ended
            }
        };
        let Concluded { outcome, answer, tools } = conclude(ended, limits, allowance);
        let stdout = answer.unwrap_or_else(|| stdout.take());
        let stderr = stderr.take();
        let receipt = Receipt {
            fuel: spent.fuel,
            peak_memory: spent.peak_memory,
            host_memory: account.peak(),
            wall_us: micros(allowance.elapsed()),
            queued_us: micros(spent.queued),
            cpu_us: micros(spent.cpu),
            bytes_in,
            stdout_bytes: stdout.written(),
            stderr_bytes: stderr.written(),
            files_opened: spent.files.opened,
            bytes_written: spent.files.written,
            entries_created: spent.files.created,
            calls: spent.told.calls,
            refusals: refusals(&spent, allowance, &stdout, &stderr),
            removed: spent.changes.removed,
            renamed: spent.changes.renamed,
            truncated: spent.changes.truncated,
            directories: spent.directories,
            hosts: spent.contacts.hosts,
            ..Receipt::unused(grant, outcome)
        };
        Called { report: Report { stdout, stderr, receipt }, tools }
    }

    /// Refuses what is not to be started, and takes what the call needs before it waits for its turn.
    fn prepare(
        &self,
        component: &Component,
        grant: &Grant,
        invocation: &Invocation,
        allowance: &Allowance,
    ) -> Result<Option<CallScratch>, Outcome> {
        if let Some(refused) = invocation.refused(component.digest(), grant) {
            return Err(refused);
        }
        let carried = usize::try_from(invocation.size()).unwrap_or(usize::MAX);
        if let Err(overdrawn) = allowance.account().charge("the input", carried) {
            return Err(Outcome::Denied { reason: overdrawn.to_string() });
        }
        let scratch = grant.has_scratch().then(|| self.scratch.for_call()).transpose();
        scratch.map_err(|error| host_fault("making the scratch directory", &error.into()))
    }

    /// Waits for a place and runs the guest. What it used is in `spent` also when this future is dropped half-way.
    async fn run(&self, run: Run<'_>, spent: &mut Spent) -> Result<Ended, Outcome> {
        let Run { component, grant, invocation, place, given } = run;
        let waiting = Instant::now();
        let _place = self.admit(place, grant).await?;
        spent.queued = waiting.elapsed();
        // Only now: swap may have come up while the call waited.
        let pool = self.pools.current().map_err(|error| host_fault("choosing a pool", &error.into()))?;
        let linked = component.linked(&pool).map_err(|error| host_fault("linking", &error.into()))?;
        let mut call = Metered { store: store(&pool, grant, given)?, fuel: grant.limits().fuel.0, spent };
        let ended = {
            let (store, cpu) = (&mut call.store, &mut call.spent.cpu);
            // On the heap, and only now: calls that wait for their turn are small.
            let mut guest = Box::pin(enter(store, linked.callable(), invocation, grant.limits().result.len()));
            CpuTime::new(guest.as_mut(), cpu).await
        };
        let limiter = &mut call.store.data_mut().limiter;
        match ended {
            Ok(Ended::Command(Err(()))) => Err(exited(1, limiter)),
            Ok(ended) => Ok(ended),
            Err(error) => match failure::outcome(&error, limiter) {
                Outcome::Ok => Ok(Ended::Command(Ok(()))),
                outcome => Err(outcome),
            },
        }
    }

    /// Waits for a place: first among the calls of one agent, then for its descriptors, then on the host, each in the
    /// order of arrival. A call that runs in the place of its caller has one, and waits for nothing.
    async fn admit<'a>(&'a self, place: Place<'a>, grant: &Grant) -> Result<Admitted<'a>, Outcome> {
        let Place::Own(line) = place else {
            return Ok((self.descriptors.take_now(grant)?, None));
        };
        let closed = |_| Outcome::HostFault { message: "the host is shutting down".to_owned() };
        let turn = line.calls.acquire().await.map_err(closed)?;
        let descriptors = self.descriptors.take(line, grant).await?;
        Ok((descriptors, Some([turn, self.places.acquire().await.map_err(closed)?])))
    }
}

fn store(pool: &Pool, grant: &Grant, given: Given<'_>) -> Result<Store<State>, Outcome> {
    let state = wasi::state(grant, given).map_err(|error| host_fault("set-up", &error))?;
    let mut store = Store::new(&pool.engine, state);
    store.limiter(|state| &mut state.limiter);
    store.call_hook_async(Yielding { slice_began: State::slice_began });
    store.set_hostcall_fuel(grant.limits().host_call.len());
    store.set_max_component_handles(wasi::MAX_IN_ENGINE);
    store
        .set_fuel(grant.limits().fuel.0)
        .and_then(|()| store.fuel_async_yield_interval(Some(YIELD_INTERVAL)))
        .map_err(|error| host_fault("fuel", &error))?;
    Ok(store)
}

async fn enter(
    store: &mut Store<State>,
    callable: &Callable,
    invocation: Invocation,
    result_limit: usize,
) -> wasmtime::Result<Ended> {
    match (callable, invocation) {
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
        (Callable::Reflected(_), _) => {
            Err(HostFailure("a reflected component was called without a function".to_owned()).into())
        }
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
        self.spent.contacts = self.store.data().record.contacts();
    }
}

/// The outcome, a typed answer if there is one, and the tools of a component that was asked for them.
struct Concluded {
    outcome: Outcome,
    answer: Option<Output>,
    tools: Vec<ListedTool>,
}

impl Concluded {
    fn without_answer(outcome: Outcome) -> Self {
        Self { outcome, answer: None, tools: Vec::new() }
    }
}

fn conclude(ended: Result<Ended, Outcome>, limits: &Limits, allowance: &Allowance) -> Concluded {
    let failed = |message: String| Concluded::without_answer(Outcome::GuestError { code: 1, message });
    match ended {
        Err(outcome) => Concluded::without_answer(outcome),
        Ok(Ended::Command(Ok(()))) => Concluded::without_answer(Outcome::Ok),
        Ok(Ended::Command(Err(()))) => failed(String::new()),
        Ok(Ended::Answered(Ok(answer))) => match allowance.account().charge("the result", answer.len()) {
            Ok(()) => {
                let answer = Some(Output::of(answer, limits.result.len()));
                Concluded { outcome: Outcome::Ok, answer, tools: Vec::new() }
            }
            Err(_) => Concluded::without_answer(Outcome::OutOfMemory),
        },
        Ok(Ended::Answered(Err(Failure { code, message, .. }))) => {
            failed(Output::of(format!("{}: {message}", code_name(code)), limits.stderr.len()).text())
        }
        Ok(Ended::Returned(Ok(returned))) => {
            Concluded { outcome: Outcome::Ok, answer: Some(returned), tools: Vec::new() }
        }
        Ok(Ended::Returned(Err(problem))) => failed(problem.text()),
        Ok(Ended::Listed(tools)) => {
            let tools = tools.into_iter().map(listed).collect();
            Concluded { outcome: Outcome::Ok, answer: None, tools }
        }
    }
}

fn listed(tool: Descriptor) -> ListedTool {
    let Descriptor { name, description, input_schema, output_schema } = tool;
    ListedTool { name, description, input_schema, output_schema }
}

fn code_name(code: FailureCode) -> &'static str {
    match code {
        FailureCode::InvalidInput => "invalid-input",
        FailureCode::NotFound => "not-found",
        FailureCode::Unavailable => "unavailable",
        FailureCode::Failed => "failed",
    }
}

fn refusals(spent: &Spent, allowance: &Allowance, stdout: &Output, stderr: &Output) -> Vec<String> {
    let mut refusals: Vec<_> = spent.memory_refused.clone().into_iter().chain(spent.files.refusals.clone()).collect();
    refusals.extend_from_slice(&spent.contacts.refusals);
    refusals.extend_from_slice(&spent.told.refusals);
    refusals.extend(allowance.account().refusal());
    for (name, output) in [("stdout", stdout), ("stderr", stderr)] {
        if output.dropped() > 0 {
            refusals.push(format!("{name}: {} bytes dropped beyond {}", output.dropped(), output.bytes().len()));
        }
    }
    refusals
}
