//! One call: a fresh store and instance, one deadline over everything, one outcome.

mod admission;
mod conclusion;
mod entry;
mod metering;
mod phase;
mod store;

use std::sync::Arc;
use std::time::Instant;

use cofferdam_call::{ListedTool, Outcome, Report};
use cofferdam_capability::Grant;

pub(crate) use admission::Admission;
use conclusion::{Concluded, conclude, of_guest};
use entry::{Ended, enter};
use metering::{Metered, Passed, Spent};
use phase::Phase;
use store::store;

use crate::allowance::Allowance;
use crate::caller::{Caller, Nobody, Place};
use crate::capture::Capture;
use crate::component::Component;
use crate::cpu_time::CpuTime;
use crate::failure::host_fault;
use crate::filesystem::Standard;
use crate::host::Conversation;
use crate::http::{Injection, RequestNames};
use crate::invocation::{CommandLine, Invocation};
use crate::network::Connect;
use crate::pool::Pools;
use crate::scratch::{CallScratch, Scratch};
use crate::stdin::StandardInput;
use crate::wasi::GuestContext;

/// One call.
pub struct Call<'a> {
    /// The component that is called.
    pub component: &'a Component,
    /// The powers that it gets.
    pub grant: &'a Grant,
    /// The function that is called, with its input.
    pub invocation: Invocation,
    /// Its time, the memory that the host holds for it, and what ends it, with a receipt.
    pub allowance: &'a Allowance,
    /// The secrets that go into its requests.
    pub injections: Vec<Injection>,
    /// The place in which it runs.
    pub place: Place<'a>,
    /// Receives its messages and makes the calls that it asks for; nobody for a component that
    /// lists its tools.
    pub caller: Option<Arc<dyn Caller>>,
}

/// The result of a call.
#[derive(Debug)]
pub struct Called {
    /// Output and receipt, which every call has.
    pub report: Report,
    /// The tools of a component that was asked for them.
    pub tools: Vec<ListedTool>,
}

/// The calls of one engine, with all that they share.
pub(crate) struct Calls {
    pools: Pools,
    admission: Admission,
    scratch: Arc<Scratch>,
    network: Arc<dyn Connect>,
}

/// A call that may begin.
struct Run<'a> {
    component: &'a Component,
    grant: &'a Grant,
    invocation: Invocation,
    allowance: &'a Allowance,
    place: Place<'a>,
    given: GuestContext<'a>,
}

impl Calls {
    pub(crate) fn new(
        pools: Pools,
        admission: Admission,
        scratch: Arc<Scratch>,
        network: Arc<dyn Connect>,
    ) -> Self {
        Self {
            pools,
            admission,
            scratch,
            network,
        }
    }

    /// The pools in which they run.
    pub(crate) fn pools(&self) -> &Pools {
        &self.pools
    }

    /// The places in which they run.
    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// The way to servers.
    pub(crate) fn network(&self) -> Arc<dyn Connect> {
        Arc::clone(&self.network)
    }

    /// Waits until the scratch directories of all calls are gone.
    pub(crate) async fn emptied(&self) {
        self.scratch.emptied().await;
    }

    /// Makes one call when it is its turn: refuse, wait, run, conclude, and write the receipt.
    pub(crate) async fn make(&self, call: Call<'_>) -> Called {
        let Call {
            component,
            grant,
            invocation,
            allowance,
            injections,
            place,
            caller,
        } = call;
        let limits = grant.limits();
        let deadline = allowance.deadline();
        let account = allowance.account();
        let stdout = Capture::new("standard output", limits.stdout.len(), account);
        let stderr = Capture::new("standard error", limits.stderr.len(), account);
        let bytes_in = invocation.size();
        let mut spent = Spent::default();

        Phase::Beginning.is_over();
        let ended = match self.prepare(component, grant, &invocation, allowance) {
            Err(outcome) => Err(outcome),
            Ok(scratch) => {
                let mut invocation = invocation;
                let CommandLine { argv, stdin } = invocation.take_streams(grant.tool());
                let standard = Standard {
                    stdin: StandardInput::new(stdin, limits.stdin, account),
                    stdout: stdout.clone(),
                    stderr: stderr.clone(),
                };
                let caller = caller.unwrap_or_else(Nobody::shared);
                Phase::Preparation.is_over();
                let given = GuestContext {
                    account: account.clone(),
                    args: argv,
                    standard,
                    network: Arc::clone(&self.network),
                    injections,
                    names: RequestNames::new(caller.call_name()),
                    conversation: Conversation::new(caller, deadline),
                    scratch: scratch.as_ref(),
                };
                let guest = self.run(
                    Run {
                        component,
                        grant,
                        invocation,
                        allowance,
                        place,
                        given,
                    },
                    &mut spent,
                );
                let ended = allowance.within(guest).await.unwrap_or_else(Err);
                Phase::Teardown.is_over();
                if let Some(scratch) = scratch {
                    // What takes longer goes on without the call, on one of the threads for what
                    // blocks.
                    let _ = allowance.to_end().within(scratch.remove()).await;
                }
                ended
            }
        };
        let Concluded {
            outcome,
            answer,
            tools,
        } = conclude(ended, limits, allowance);
        let stdout = answer.unwrap_or_else(|| stdout.take());
        let stderr = stderr.take();
        let passed = Passed {
            bytes_in,
            stdout: &stdout,
            stderr: &stderr,
        };
        let receipt = spent.receipt(grant, outcome, allowance, &passed);
        Phase::Receipt.is_over();
        Called {
            report: Report {
                stdout,
                stderr,
                receipt,
            },
            tools,
        }
    }

    /// Refuses a call that may not begin, and takes what it needs before it waits for its turn.
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
            return Err(Outcome::Denied {
                reason: overdrawn.to_string(),
            });
        }
        let scratch = grant
            .has_scratch()
            .then(|| self.scratch.for_call())
            .transpose();
        scratch.map_err(|error| host_fault("making the scratch directory", &error.into()))
    }

    /// Waits for a place and runs the guest. Its use is in `spent` also when this future is dropped
    /// half-way.
    async fn run(&self, run: Run<'_>, spent: &mut Spent) -> Result<Ended, Outcome> {
        let Run {
            component,
            grant,
            invocation,
            allowance,
            place,
            given,
        } = run;
        let waiting = Instant::now();
        let _place = self.admission.admit(place, grant).await?;
        spent.queued = waiting.elapsed();
        Phase::Queue.is_over();
        // Only now: swap may have come up while the call waited.
        let pool = self
            .pools
            .current()
            .map_err(|error| host_fault("choosing a pool", &error.into()))?;
        let linked = component
            .linked(&pool)
            .map_err(|error| host_fault("linking", &error.into()))?;
        let limits = grant.limits();
        let mut call = Metered::new(store(&pool, grant, given)?, limits.fuel.0, spent);
        Phase::Store.is_over();
        let ended = {
            let Metered { store, spent, .. } = &mut call;
            // On the heap, and only now: calls that wait for their turn are small.
            let mut guest = Box::pin(enter(
                store,
                linked.callable(),
                invocation,
                allowance,
                limits.result.len(),
            ));
            CpuTime::new(guest.as_mut(), &mut spent.cpu).await
        };
        Phase::Call.is_over();
        of_guest(ended, &mut call.store.data_mut().limiter)
    }
}
