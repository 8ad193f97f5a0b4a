//! The live page: one output at a time, shown and changed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen_futures::spawn_local;

use super::controls::Controls;
use super::dom::{document, now_ms};
use super::faults;
use super::jobs::Job;
use super::message::Message;
use super::phase::Phase;
use super::player::Player;
use super::report::Report;
use super::run::SharedLog;
use super::scenario::Scenario;
use super::take::Take;
use super::view::View;
use crate::web::page::{Output, preload, shareable};

thread_local! {
    static LAB: RefCell<Option<Rc<Lab>>> = const { RefCell::new(None) };
}

/// Makes the page live. To be called once, by the page, when the module is loaded.
///
/// # Errors
/// When index.html is not the page that this module belongs to.
#[wasm_bindgen]
pub fn lab_start() -> Result<(), JsValue> {
    let message = Message::find()?;
    let body = document()?.body().ok_or_else(|| JsValue::from_str("the page has no body"))?;
    if let Err(error) = shareable() {
        // Scripts get the same refusal; controls that can do nothing are not shown.
        super::run::install();
        super::dom::element::<web_sys::HtmlElement>("lab")?.set_hidden(true);
        message.refuse(&error);
        return body.set_attribute("data-phase", "refused");
    }
    let lab = Rc::new(Lab {
        controls: Controls::find()?,
        message,
        take: Take::find()?,
        view: RefCell::new(View::find()?),
        player: RefCell::new(Player::find()?),
        current: RefCell::new(None),
        phase: Cell::new(Phase::Idle),
        phase_at_ms: Cell::new(f64::NEG_INFINITY),
        job: RefCell::new(None),
        working: Cell::new(false),
        epoch: Cell::new(0),
        told_failure: Cell::new(false),
        frame: RefCell::new(None),
        frame_asked: Cell::new(false),
        tell_asked: Cell::new(false),
        live_faults: Rc::default(),
        scenario: RefCell::new(None),
        ran: RefCell::new(None),
    });
    let on_frame = {
        let lab = lab.clone();
        Closure::new(move |_: f64| lab.frame())
    };
    *lab.frame.borrow_mut() = Some(on_frame);
    super::connect::connect(&lab)?;
    lab.view.borrow_mut().show_limit(lab.controls.ring_frames().unwrap_or(2048));
    lab.show(Phase::Idle);
    lab.view.borrow_mut().refresh(now_ms())?;
    LAB.set(Some(lab));
    // So that Play starts a worker that is there already.
    preload();
    super::run::install();
    super::run::start_from_address(|error| {
        if let Some(lab) = LAB.with_borrow(Clone::clone) {
            lab.message.show("scenario", &super::format::sentence(&error.to_string()));
        }
    });
    body.set_attribute("data-phase", "ready")
}

/// Shows `output` instead of the current one, which is closed: it plays `scenario`, and `log` is of that run.
pub(crate) fn adopt(output: Output, log: SharedLog, scenario: &Scenario) {
    if let Some(lab) = LAB.with_borrow(Clone::clone) {
        lab.controls.show_scenario(scenario);
        lab.controls.strategies.keep();
        lab.look_at_preset();
        lab.message.clear();
        lab.adopt(output, log);
        lab.scenario.replace(Some(scenario.clone()));
        lab.show_link();
    }
}

/// A run is done: `report` is of what the page shows, until something else plays.
pub(crate) fn ran(report: Report) {
    if let Some(lab) = LAB.with_borrow(Clone::clone) {
        lab.ran.replace(Some(report));
    }
}

/// No run is on any more, however it ended: the page is its visitor's again.
pub(crate) fn run_over() {
    if let Some(lab) = LAB.with_borrow(Clone::clone) {
        lab.show(lab.phase_now());
    }
}

/// Closes the current output, if there is one; its last figures stay on the page. Resolves when it is closed.
pub(crate) async fn silence() {
    super::compare::hush().await;
    if let Some(lab) = LAB.with_borrow(Clone::clone) {
        lab.silence().await;
    }
}

/// What the browser calls before it draws a frame.
type OnFrame = Closure<dyn FnMut(f64)>;

/// The page's state.
pub(super) struct Lab {
    pub(super) controls: Controls,
    pub(super) message: Message,
    pub(super) take: Take,
    pub(super) view: RefCell<View>,
    pub(super) player: RefCell<Player>,
    pub(super) current: RefCell<Option<Output>>,
    pub(super) phase: Cell<Phase>,
    pub(super) phase_at_ms: Cell<f64>,
    pub(super) job: RefCell<Option<Job>>,
    pub(super) working: Cell<bool>,
    /// Grows when what is being started is not wanted any more.
    pub(super) epoch: Cell<u32>,
    /// Whether the page has said that the current output's source broke off, or that its producer is lost.
    pub(super) told_failure: Cell<bool>,
    pub(super) frame: RefCell<Option<OnFrame>>,
    pub(super) frame_asked: Cell<bool>,
    pub(super) tell_asked: Cell<bool>,
    /// Faults of the page's own that are switched on.
    pub(super) live_faults: Rc<faults::Live>,
    /// What the run does whose output was the latest, until somebody changes a control.
    pub(super) scenario: RefCell<Option<Scenario>>,
    /// The report of the run whose output was the latest, once it is over.
    pub(super) ran: RefCell<Option<Report>>,
}

impl Lab {
    /// The current output.
    pub(super) fn output(&self) -> Option<Output> {
        self.current.borrow().clone()
    }

    /// Plays or pauses; within a gesture.
    pub(super) fn toggle(self: &Rc<Self>) {
        match (self.output(), self.phase_now()) {
            (Some(output), Phase::Starting | Phase::Running) => output.set_paused(true),
            (Some(output), Phase::Blocked | Phase::Paused | Phase::Suspended | Phase::Interrupted) => {
                output.set_paused(false);
                output.resume();
            }
            // What is being started is not wanted any more.
            (None, Phase::Starting) => self.cancel(),
            // The one that was lost or has ended is being replaced already.
            (Some(_), _) if self.working.get() => {}
            _ => {
                self.begin_again();
                self.begin(Job::Start);
            }
        }
        self.look_again();
    }

    /// Gives up what is being started and what waits.
    fn cancel(self: &Rc<Self>) {
        self.epoch.set(self.epoch.get().wrapping_add(1));
        self.job.take();
        if self.output().is_none() {
            self.show(Phase::Idle);
        }
    }

    /// Shows `output` instead of the current one. What happens to it is kept in `log`.
    pub(super) fn adopt(self: &Rc<Self>, output: Output, log: SharedLog) {
        spawn_local(super::compare::hush());
        output.count_callbacks();
        let old = self.current.replace(Some(output));
        if let Some(old) = old {
            spawn_local(async move { old.close().await });
        }
        self.told_failure.set(false);
        self.ran.take();
        self.scenario.take();
        self.live_faults.end();
        self.take.offer(true);
        let may_repeat = self.controls.strategies.strategy().newest_counts();
        self.view.borrow_mut().begin(log, may_repeat);
        self.look_again();
    }

    /// Closes the current output, and what is being started.
    pub(super) async fn silence(self: &Rc<Self>) {
        self.cancel();
        if let Some(output) = self.output() {
            output.close().await;
            self.look_again();
            self.frame();
        }
    }
}
