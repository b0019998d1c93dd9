//! Jobs of promises, ticks and timers, in the order in which Node runs them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use boa_engine::builtins::promise::OperationType;
use boa_engine::builtins::promise::Promise;
use boa_engine::context::HostHooks;
use boa_engine::job::{GenericJob, Job, JobExecutor, NativeAsyncJob, PromiseJob};
use boa_engine::object::JsObject;
use boa_engine::object::builtins::{JsFunction, JsPromise};
use boa_engine::{Context, JsError, JsResult, JsValue};

/// The queues of a script.
pub(crate) struct Jobs {
    began: Instant,
    ticks: RefCell<VecDeque<Callback>>,
    promises: RefCell<VecDeque<PromiseJob>>,
    generic: RefCell<VecDeque<GenericJob>>,
    asynchronous: RefCell<VecDeque<NativeAsyncJob>>,
    immediates: RefCell<BTreeMap<u32, Callback>>,
    /// By the time at which they are due, and by their number.
    timers: RefCell<BTreeMap<(Duration, u32), Timer>>,
    last_id: Cell<u32>,
    /// Rejected promises without a handler.
    rejected: RefCell<Vec<JsObject>>,
}

/// A function with its arguments.
#[derive(Clone)]
pub(crate) struct Callback {
    pub(crate) function: JsFunction,
    pub(crate) arguments: Vec<JsValue>,
}

#[derive(Clone)]
struct Timer {
    callback: Callback,
    /// Of `setInterval`.
    every: Option<Duration>,
    /// The script does not wait for it.
    idle: bool,
}

impl Callback {
    fn call(&self, context: &mut Context) -> JsResult<JsValue> {
        self.function
            .call(&JsValue::undefined(), &self.arguments, context)
    }
}

impl Jobs {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            ticks: RefCell::default(),
            promises: RefCell::default(),
            generic: RefCell::default(),
            asynchronous: RefCell::default(),
            immediates: RefCell::default(),
            timers: RefCell::default(),
            last_id: Cell::new(0),
            rejected: RefCell::default(),
        }
    }

    /// The time since the script began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Runs a callback before any job of a promise.
    pub(crate) fn tick(&self, callback: Callback) {
        self.ticks.borrow_mut().push_back(callback);
    }

    /// Runs a callback when timers that are due have run. Returns its number.
    pub(crate) fn immediate(&self, callback: Callback) -> u32 {
        let id = self.next_id();
        self.immediates.borrow_mut().insert(id, callback);
        id
    }

    /// Runs a callback after a time, once or again and again. Returns its number.
    pub(crate) fn timer(&self, callback: Callback, after: Duration, repeats: bool) -> u32 {
        let id = self.next_id();
        let timer = Timer {
            callback,
            every: repeats.then_some(after),
            idle: false,
        };
        self.add(id, timer, after);
        id
    }

    /// Takes back a timer or an immediate.
    pub(crate) fn clear(&self, id: u32) {
        self.immediates.borrow_mut().remove(&id);
        let mut timers = self.timers.borrow_mut();
        timers.retain(|(_, other), _| *other != id);
    }

    /// Makes the script not wait for a timer.
    pub(crate) fn unref(&self, id: u32) {
        let mut timers = self.timers.borrow_mut();
        let timer = timers.iter_mut().find(|((_, other), _)| *other == id);
        if let Some((_, timer)) = timer {
            timer.idle = true;
        }
    }

    fn add(&self, id: u32, timer: Timer, after: Duration) {
        let due = self.elapsed().saturating_add(after);
        self.timers.borrow_mut().insert((due, id), timer);
    }

    fn next_id(&self) -> u32 {
        let id = self.last_id.get().wrapping_add(1);
        self.last_id.set(id);
        id
    }

    /// Runs ticks and jobs until none is left, and then fails with a rejection that nothing
    /// handles.
    fn settle(&self, context: &mut Context) -> JsResult<()> {
        loop {
            // Borrowed for the moment alone: a callback adds to the queues.
            let tick = self.ticks.borrow_mut().pop_front();
            if let Some(tick) = tick {
                tick.call(context)?;
                continue;
            }
            if self.run_promises(context)? {
                continue;
            }
            let asynchronous = self.asynchronous.borrow_mut().pop_front();
            if let Some(job) = asynchronous {
                poll(job, context)?;
                continue;
            }
            let generic = self.generic.borrow_mut().pop_front();
            let Some(job) = generic else {
                break;
            };
            job.call(context)?;
        }
        context.clear_kept_objects();
        let rejected = self.rejected.borrow_mut().pop();
        rejected.map_or(Ok(()), |promise| Err(reason(promise)))
    }

    /// Runs jobs of promises until none is left. Returns false if there was none.
    fn run_promises(&self, context: &mut Context) -> JsResult<bool> {
        let mut any = false;
        loop {
            let promise = self.promises.borrow_mut().pop_front();
            let Some(job) = promise else {
                return Ok(any);
            };
            job.call(context)?;
            any = true;
        }
    }

    /// Runs the timer that is due first, if one is due. Returns the time until then otherwise.
    fn run_timer(&self, context: &mut Context) -> JsResult<Option<Duration>> {
        let now = self.elapsed();
        let first = self.timers.borrow().first_key_value().map(|(key, _)| *key);
        let waits = self.timers.borrow().values().any(|timer| !timer.idle);
        let Some((due, id)) = first.filter(|_| waits) else {
            return Ok(None);
        };
        if due > now {
            return Ok(Some(due.saturating_sub(now)));
        }
        let timer = self.timers.borrow_mut().remove(&(due, id));
        let Some(timer) = timer else {
            return Ok(None);
        };
        // Added again before it runs, so that it can take itself back.
        if let Some(every) = timer.every {
            self.add(id, timer.clone(), every);
        }
        timer.callback.call(context)?;
        Ok(Some(Duration::ZERO))
    }

    fn run_immediates(&self, context: &mut Context) -> JsResult<()> {
        let due: Vec<u32> = self.immediates.borrow().keys().copied().collect();
        for id in due {
            let callback = self.immediates.borrow_mut().remove(&id);
            if let Some(callback) = callback {
                callback.call(context)?;
                self.settle(context)?;
            }
        }
        Ok(())
    }
}

impl JobExecutor for Jobs {
    fn enqueue_job(self: Rc<Self>, job: Job, _: &mut Context) {
        match job {
            Job::PromiseJob(job) => self.promises.borrow_mut().push_back(job),
            Job::GenericJob(job) => self.generic.borrow_mut().push_back(job),
            Job::AsyncJob(job) => self.asynchronous.borrow_mut().push_back(job),
            // The engine has timers for hosts that use its own; finalizers may never run.
            _ => {}
        }
    }

    fn run_jobs(self: Rc<Self>, context: &mut Context) -> JsResult<()> {
        self.settle(context)?;
        loop {
            let wait = self.run_timer(context)?;
            self.settle(context)?;
            match wait {
                Some(Duration::ZERO) => continue,
                _ if !self.immediates.borrow().is_empty() => self.run_immediates(context)?,
                Some(wait) => sleep(wait),
                None => return Ok(()),
            }
        }
    }
}

/// Tells the queues which rejections have no handler.
pub(crate) struct Hooks;

impl HostHooks for Hooks {
    fn promise_rejection_tracker(
        &self,
        promise: &JsObject<Promise>,
        operation: OperationType,
        context: &mut Context,
    ) {
        let Some(jobs) = context.downcast_job_executor::<Jobs>() else {
            return;
        };
        let promise = promise.clone().upcast();
        let mut rejected = jobs.rejected.borrow_mut();
        match operation {
            OperationType::Reject => rejected.push(promise),
            OperationType::Handle => rejected.retain(|other| !JsObject::equals(other, &promise)),
        }
    }

    // Scripts live in UTC, as every tool does.
    fn local_timezone_offset_seconds(&self, _: i64) -> i32 {
        0
    }
}

/// Polls a job once. Loading a file waits for nothing, so one that is not ready never will be.
fn poll(job: NativeAsyncJob, context: &mut Context) -> JsResult<()> {
    let context = RefCell::new(context);
    let future = pin!(job.call(&context));
    match future.poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.map(drop),
        Poll::Pending => Ok(()),
    }
}

fn reason(promise: JsObject) -> JsError {
    let state = JsPromise::from_object(promise).map(|promise| promise.state());
    match state {
        Ok(boa_engine::builtins::promise::PromiseState::Rejected(reason)) => {
            JsError::from_opaque(reason)
        }
        _ => JsError::from_opaque(JsValue::undefined()),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a script waits as long as its timers say; the deadline of the call bounds it"
)]
fn sleep(wait: Duration) {
    std::thread::sleep(wait);
}
