//! `window.noxrun`: whatever a person can do in the lab, a script can.
//!
//! | member | |
//! | --- | --- |
//! | `run(scenario)` | plays it, causes its faults, resolves to the report |
//! | `stop()` | ends the run that is on; resolves as its `run` does, or to null when none is on |
//! | `snapshot()` | `ledger` and `quanta` of the latest run as they are now, or null |
//! | `lastReport` | the latest report, or null |
//! | `compare(options)` | many runs, one after the other ([`compare`](super::compare)); resolves to what they came to |
//! | `cancelCompare()` | ends the comparison that is on; resolves as its `compare` does, or to null |
//! | `lastComparison` | the latest comparison, or null |
//! | `version` | the crate's |
//!
//! A scenario in the page's address runs when the page is opened. See `docs/report.md`.

mod error;
mod facts;
mod faults;
mod js;
mod options;
mod session;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{JSON, Object, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};

pub use error::RunError;
pub(super) use facts::facts_of;
pub(crate) use faults::SharedLog;
pub(super) use faults::{Hogs, Jank, Suspension};
pub(super) use js::{browser, isolated, now, sleep, value};
pub(super) use options::output_options;
pub(super) use session::{Reins, options};

use super::report::{Live, Report};
use super::scenario::Scenario;

/// How long a script's run waits for the browser to allow sound, in ms. Somebody who opens a link may take all the time they want.
const PATIENCE_MS: f64 = 10_000.0;

/// The run that is on, and what outlives it.
#[derive(Default)]
struct Stage {
    /// What `run` returned, while it is on.
    running: Option<Promise>,
    /// Of the latest run.
    reins: Rc<Reins>,
}

thread_local! {
    static STAGE: RefCell<Stage> = RefCell::default();
    /// `window.noxrun`.
    static NOXRUN: Object = Object::new();
}

/// Puts `window.noxrun` in place. To be called once, when the page is there.
pub fn install() {
    let run = Closure::<dyn Fn(JsValue) -> Promise>::new(|scenario: JsValue| start(js::scenario(&scenario), PATIENCE_MS));
    let stop = Closure::<dyn Fn() -> Promise>::new(stop);
    let snapshot = Closure::<dyn Fn() -> JsValue>::new(snapshot);
    set("run", &run.into_js_value());
    set("stop", &stop.into_js_value());
    set("snapshot", &snapshot.into_js_value());
    set("lastReport", &JsValue::NULL);
    super::compare::install();
    set("version", &env!("CARGO_PKG_VERSION").into());
    let noxrun = NOXRUN.with(Clone::clone);
    let _ = Reflect::set(&js_sys::global(), &"noxrun".into(), &noxrun);
}

/// Runs the scenario in the page's address, if there is one, as soon as the browser lets it. `failed` shows why that could not be.
pub fn start_from_address(failed: impl FnOnce(&RunError) + 'static) {
    match js::address_scenario() {
        Ok(None) => {}
        Err(refusal) => failed(&refusal.into()),
        Ok(Some(scenario)) => match claim(scenario, f64::INFINITY, Some(Box::new(failed))) {
            // Handled: `failed` has been told, and nobody else holds this promise.
            Ok(run) => spawn_local(async move { drop(JsFuture::from(run).await) }),
            Err(busy) => web_sys::console::error_1(&busy.into()),
        },
    }
}

/// The address of this page with `scenario` in it: opened, it runs the same again.
pub fn link(scenario: &Scenario) -> String {
    format!("{}?{}", js::page_address(), scenario.to_query())
}

/// Whether a run is on.
pub(super) fn is_on() -> bool {
    STAGE.with_borrow(|stage| stage.running.is_some())
}

/// Ends the run that is on. Resolves as the promise of `run` does, or to null.
pub fn stop() -> Promise {
    STAGE.with_borrow(|stage| {
        stage.reins.stop();
        stage.running.clone().unwrap_or_else(|| Promise::resolve(&JsValue::NULL))
    })
}

fn start(scenario: Result<Scenario, RunError>, patience_ms: f64) -> Promise {
    scenario
        .and_then(|scenario| claim(scenario, patience_ms, None))
        .unwrap_or_else(|error| Promise::reject(&error.into()))
}

/// Who wants to know why a run failed.
type Failed = Option<Box<dyn FnOnce(&RunError)>>;

/// Begins a run, unless one is on.
fn claim(scenario: Scenario, patience_ms: f64, failed: Failed) -> Result<Promise, RunError> {
    occupy(async move |reins| match session::play(&scenario, &reins, patience_ms).await {
        Ok(report) => {
            let report = JSON::parse(&report.to_json())?;
            set("lastReport", &report);
            Ok(report)
        }
        Err(error) => {
            if let Some(failed) = failed {
                failed(&error);
            }
            Err(error.into())
        }
    })
}

/// Has the page's sound to itself until `work` is done, unless a run is on: what comes of it is what the promise comes to.
pub(super) fn occupy<W>(work: W) -> Result<Promise, RunError>
where
    W: AsyncFnOnce(Rc<Reins>) -> Result<JsValue, JsValue> + 'static,
{
    STAGE.with_borrow_mut(|stage| {
        if stage.running.is_some() {
            return Err(RunError::Busy);
        }
        let reins = Rc::new(Reins::default());
        stage.reins = reins.clone();
        // Its body runs later, never inside this borrow.
        let run = future_to_promise(async move {
            let ended = work(reins).await;
            STAGE.with_borrow_mut(|stage| stage.running = None);
            crate::lab::run_over();
            ended
        });
        stage.running = Some(run.clone());
        Ok(run)
    })
}

/// One of several runs of who has [occupied](occupy) the page's sound.
///
/// # Errors
/// As for a run by itself.
pub(super) async fn play(scenario: &Scenario, reins: &Rc<Reins>) -> Result<Report, RunError> {
    STAGE.with_borrow_mut(|stage| stage.reins = reins.clone());
    session::play(scenario, reins, PATIENCE_MS).await
}

fn snapshot() -> JsValue {
    let snapshot = STAGE.with_borrow(|stage| stage.reins.snapshot());
    snapshot
        .and_then(|snapshot| JSON::parse(&Live::of(&snapshot).to_json()).ok())
        .unwrap_or(JsValue::NULL)
}

/// Puts `value` into `window.noxrun`.
pub(super) fn set(name: &str, value: &JsValue) {
    // Setting a property of a plain object cannot fail.
    let _ = NOXRUN.with(|noxrun| Reflect::set(noxrun, &name.into(), value));
}
