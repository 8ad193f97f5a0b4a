//! Makes the runs of a comparison, one at a time, each as a run by itself would be made.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Float32Array, Reflect};
use wasm_bindgen_futures::spawn_local;
use web_sys::{AnalyserNode, AudioContextState};

use super::artifacts::{Artifacts, Looks};
use super::plan::{Plan, Step};
use super::result::{Comparison, Place};
use super::witness::{Killed, Sight, killed};
use crate::lab::report::Report;
use crate::lab::run::{Reins, RunError, browser, isolated, now, play, sleep};
use crate::lab::scenario::Scenario;
use crate::ledger::SilentBy;
use crate::web::page::{Output, OutputState};

/// Samples of one spectrum.
const FFT: u32 = 2048;
/// Between two looks at the spectrum, in ms: about what one spectrum covers, so that nothing is passed over.
const SPECTRUM_MS: f64 = 40.0;
/// Between two looks at an output whose producer is killed, in ms.
const WITNESS_MS: f64 = 5.0;
/// A run that was heard for less of its time was cut short by somebody, and counts for nothing.
const WHOLE: f64 = 0.9;

/// How far a comparison is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Progress {
    /// Runs that were made.
    pub done: usize,
    /// Runs in all.
    pub of: usize,
    /// What is being done.
    pub what: String,
    /// How long the rest takes, s.
    pub left_seconds: f64,
}

/// Ends a comparison early.
#[derive(Default)]
pub(super) struct Cancel {
    asked: Cell<bool>,
    reins: RefCell<Option<Rc<Reins>>>,
}

impl Cancel {
    /// Ends the run that is on, and all that would follow.
    pub fn cancel(&self) {
        self.asked.set(true);
        if let Some(reins) = &*self.reins.borrow() {
            reins.stop();
        }
    }
}

/// Makes all runs of `plan`. `first` are the reins of whoever waits for the first one; `told` hears before each run and at the end.
///
/// # Errors
/// When the browser plays nothing before a gesture. What is wrong with a single cell stands in the result.
pub(super) async fn drive(
    plan: Plan,
    first: Rc<Reins>,
    cancel: &Cancel,
    told: impl Fn(&Progress, &Comparison),
) -> Result<Comparison, RunError> {
    let began = now();
    let place = Place {
        browser: browser(),
        cores: cores(),
        isolated: isolated(),
    };
    let steps = plan.steps();
    let mut comparison = Comparison::new(plan, place, began);
    comparison.complete = steps.is_empty();
    let mut first = Some(first);
    let mut took_seconds = 0.0;
    for (done, step) in steps.iter().enumerate() {
        let overhead = (done > 0).then(|| {
            let played: f64 = steps[..done].iter().map(|step| comparison.plan.step_seconds(*step)).sum();
            ((took_seconds - played) / done as f64).max(0.0)
        });
        let progress = Progress {
            done,
            of: steps.len(),
            what: what(&comparison.plan, *step),
            left_seconds: comparison.plan.estimate(&steps[done..], overhead),
        };
        told(&progress, &comparison);
        let reins = first.take().unwrap_or_default();
        cancel.reins.replace(Some(reins.clone()));
        if cancel.asked.get() {
            break;
        }
        let made = make(&mut comparison, *step, &reins).await;
        // Ended by `noxrun.stop()` too: who ends a run of a comparison ends the comparison.
        if cancel.asked.get() || reins.stopped() {
            break;
        }
        match made {
            Ok(()) => {}
            Err(error @ RunError::Blocked { .. }) => return Err(error),
            Err(error) => comparison.failed(*step, error.to_string()),
        }
        took_seconds = (now() - began) / 1e3;
        comparison.complete = done + 1 == steps.len();
    }
    cancel.reins.take();
    comparison.took_seconds = (now() - began) / 1e3;
    Ok(comparison)
}

/// Logical processors, where the browser tells.
pub(super) fn cores() -> Option<u32> {
    let navigator = web_sys::window()?.navigator();
    let cores = Reflect::get(&navigator, &"hardwareConcurrency".into()).ok()?.as_f64()?;
    Some(cores as u32)
}

fn what(plan: &Plan, step: Step) -> String {
    match step {
        Step::Measure { cell, repeat } => format!("{}, run {} of {}", plan.cells[cell].label, repeat + 1, plan.repeats),
        Step::Artifacts { cell } => format!("{}, looking for artefacts", plan.cells[cell].label),
        Step::Kill { cell, .. } => format!("{}, killing the producer", plan.cells[cell].label),
    }
}

/// Makes one run. What was cut short is not taken in.
async fn make(comparison: &mut Comparison, step: Step, reins: &Rc<Reins>) -> Result<(), RunError> {
    let cell = |cell: usize| &comparison.plan.cells[cell];
    match step {
        Step::Measure { cell: nth, .. } => {
            let scenario = comparison.plan.scenario(cell(nth))?;
            let report = play(&scenario, reins).await?;
            if !reins.stopped() {
                whole(&report, &scenario)?;
                comparison.measured(nth, &report);
            }
        }
        Step::Artifacts { cell: nth } => {
            let scenario = comparison.plan.artifact_scenario(cell(nth))?;
            let (report, seen) = with_spectra(&scenario, reins).await?;
            if !reins.stopped() {
                whole(&report, &scenario)?;
                comparison.cells[nth].artifacts = seen;
            }
        }
        Step::Kill { group, cell: nth } => {
            let scenario = comparison.plan.kill_scenario(cell(nth))?;
            let killed = with_witness(&scenario, reins).await?;
            if !reins.stopped() {
                comparison.killed.push((group, nth, Ok(killed)));
            }
        }
    }
    Ok(())
}

/// That a run was heard to its end.
fn whole(report: &Report, scenario: &Scenario) -> Result<(), RunError> {
    let heard = report.ledger.requested_frames.saturating_sub(report.ledger.silent_by.startup) as f64;
    if heard < WHOLE * scenario.seconds * report.sample_rate {
        return Err(RunError::CutShort);
    }
    Ok(())
}

/// Calls `look` with what plays, every `every_ms` milliseconds until `over`.
fn watch(reins: &Rc<Reins>, every_ms: f64, over: &Rc<Cell<bool>>, mut look: impl FnMut(&Output) + 'static) {
    let (reins, over) = (reins.clone(), over.clone());
    spawn_local(async move {
        while !over.get() {
            if let Some(output) = reins.output() {
                look(&output);
            }
            sleep(every_ms).await;
        }
    });
}

/// Plays `scenario` and looks at the spectrum of what is really put out.
async fn with_spectra(scenario: &Scenario, reins: &Rc<Reins>) -> Result<(Report, Option<Artifacts>), RunError> {
    let looks = Rc::new(RefCell::new(Looks::default()));
    let over = Rc::new(Cell::new(false));
    let seconds = scenario.seconds;
    let mut analyser = None;
    let into = looks.clone();
    watch(reins, SPECTRUM_MS, &over, move |output| {
        if analyser.is_none() {
            analyser = tapped(output, FFT);
        }
        let (Some(analyser), Some(snapshot)) = (&analyser, output.snapshot()) else {
            return;
        };
        let rate = f64::from(output.facts().sample_rate);
        // Neither where the sound begins nor where it is faded out: both are edges of our own.
        let consumer = &snapshot.consumer;
        let heard = consumer.requested.saturating_sub(consumer.silent[SilentBy::Startup as usize]) as f64 / rate;
        if heard < 3.0 * f64::from(FFT) / rate || heard > seconds || output.state() == OutputState::Closed {
            return;
        }
        // An array of its own: browsers write into no memory that is shared, and this module's is.
        let bins = Float32Array::new_with_length(analyser.frequency_bin_count());
        analyser.get_float_frequency_data_with_f32_array(&bins);
        into.borrow_mut().add(&bins.to_vec(), rate);
    });
    let report = play(scenario, reins).await;
    over.set(true);
    Ok((report?, looks.take().sum()))
}

/// An analyser on what `output` puts out, before the volume.
pub(super) fn tapped(output: &Output, samples: u32) -> Option<AnalyserNode> {
    let analyser = output.context().create_analyser().ok()?;
    analyser.set_fft_size(samples);
    analyser.set_smoothing_time_constant(0.0);
    output.tap(&analyser).ok()?;
    Some(analyser)
}

/// Plays `scenario`, which kills the producer, and sees who survives it.
async fn with_witness(scenario: &Scenario, reins: &Rc<Reins>) -> Result<Killed, RunError> {
    let sights = Rc::new(RefCell::new(Vec::new()));
    let over = Rc::new(Cell::new(false));
    let into = sights.clone();
    watch(reins, WITNESS_MS, &over, move |output| {
        into.borrow_mut().push(Sight {
            at_ms: now(),
            requested: output.snapshot().map(|snapshot| snapshot.consumer.requested),
            running: output.context().state() == AudioContextState::Running,
            lost: matches!(output.state(), OutputState::Lost(_)),
            // Whatever is seen from then on is our own doing.
            closing: output.state() == OutputState::Closed,
        });
    });
    let report = play(scenario, reins).await;
    over.set(true);
    Ok(killed(&report?, &sights.take()))
}
