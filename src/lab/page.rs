//! The live page: one output at a time, shown and changed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use super::controls::Controls;
use super::dom::{document, now_ms, sleep, window};
use super::live::while_live;
use super::message::Message;
use super::phase::Phase;
use super::view::View;
use crate::web::page::{Output, OutputState, preload, shareable};
use crate::web::{PageError, SourceSpec};

/// The state's words are looked at less often than the figures: nobody can tell, and it costs a look at the ledger.
const STATE_EVERY_MS: f64 = 100.0;

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
        view: RefCell::new(View::find()?),
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
    });
    let on_frame = {
        let lab = lab.clone();
        Closure::new(move |_: f64| lab.frame())
    };
    *lab.frame.borrow_mut() = Some(on_frame);
    super::controls::connect(&lab)?;
    lab.view.borrow_mut().show_limit(lab.controls.ring_frames().unwrap_or(2048));
    lab.show(Phase::Idle);
    lab.view.borrow_mut().refresh(now_ms())?;
    LAB.set(Some(lab));
    // So that Play starts a worker that is there already.
    preload();
    super::run::install();
    super::run::start_from_address(|error| {
        if let Some(lab) = LAB.with_borrow(Clone::clone) {
            lab.message.show("scenario", &super::message::sentence(&error.to_string()));
        }
    });
    body.set_attribute("data-phase", "ready")
}

/// Shows `output` instead of the current one, which is closed.
pub(crate) fn adopt(output: Output) {
    if let Some(lab) = LAB.with_borrow(Clone::clone) {
        lab.controls.show_ring(output.facts().buffer_frames as u64);
        lab.message.clear();
        lab.adopt(output);
    }
}

/// Closes the current output, if there is one; its last figures stay on the page. Resolves when it is closed.
pub(crate) async fn silence() {
    if let Some(lab) = LAB.with_borrow(Clone::clone) {
        lab.silence().await;
    }
}

/// Something that takes a while. One at a time; of several that wait the latest counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Job {
    /// A new output as the controls say.
    Start,
    /// Another source for the current output.
    Source(SourceSpec),
}

/// The page's state.
pub(super) struct Lab {
    pub(super) controls: Controls,
    pub(super) message: Message,
    view: RefCell<View>,
    current: RefCell<Option<Output>>,
    phase: Cell<Phase>,
    phase_at_ms: Cell<f64>,
    job: RefCell<Option<Job>>,
    working: Cell<bool>,
    /// Grows when what is being started is not wanted any more.
    epoch: Cell<u32>,
    /// Whether the page has said that the current output's source broke off, or that its producer is lost.
    told_failure: Cell<bool>,
    frame: RefCell<Option<Closure<dyn FnMut(f64)>>>,
    frame_asked: Cell<bool>,
    tell_asked: Cell<bool>,
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
            _ => self.begin(Job::Start),
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

    /// Does `job`, after what is being done now.
    pub(super) fn begin(self: &Rc<Self>, job: Job) {
        let mut waiting = self.job.borrow_mut();
        // A start takes its source from the controls: it includes the other job.
        if *waiting != Some(Job::Start) {
            *waiting = Some(job);
        }
        drop(waiting);
        if self.output().is_none() {
            self.show(Phase::Starting);
        }
        if self.working.replace(true) {
            return;
        }
        let lab = self.clone();
        spawn_local(async move {
            loop {
                // Taken in a statement of its own: the loop's body waits, and must not hold the cell meanwhile.
                let next = lab.job.borrow_mut().take();
                match next {
                    Some(Job::Start) => lab.start().await,
                    Some(Job::Source(source)) => lab.change_source(source).await,
                    None => break,
                }
            }
            lab.working.set(false);
            lab.look_again();
        });
    }

    async fn start(self: &Rc<Self>) {
        let epoch = self.epoch.get();
        let paused = self.phase.get() == Phase::Paused;
        if self.output().is_some() && self.controls.choice.lacks_file() {
            self.controls.choice.restore();
        }
        let options = match self.controls.options() {
            Ok(options) => options,
            Err(error) => return self.refused(&error),
        };
        if !self.phase.get().is_live() {
            self.show(Phase::Starting);
        }
        match Output::start(options).await {
            Ok(output) if self.epoch.get() == epoch => {
                output.set_paused(paused);
                // What was changed while it started.
                let _ = output.set_buffer_frames(self.controls.ring_frames().unwrap_or(2048) as usize);
                output.set_volume(self.controls.gain());
                self.controls.choice.keep();
                self.message.clear();
                self.adopt(output);
            }
            Ok(output) => output.close().await,
            Err(error) => self.refused(&error),
        }
    }

    async fn change_source(self: &Rc<Self>, source: SourceSpec) {
        let is_file = matches!(source, SourceSpec::File(_));
        let Some(output) = self.output().filter(|_| self.phase_now().is_live()) else {
            return self.start().await;
        };
        // A worker that was killed answers nothing: without a look at the output the page would wait for ever.
        let changed = while_live(&output, output.set_source(source)).await;
        let Some(changed) = changed else {
            return self.start().await;
        };
        match changed {
            Ok(()) => {
                self.controls.choice.keep();
                self.message.clear();
                self.told_failure.set(false);
                if is_file {
                    // Who brings a file wants to hear it.
                    output.set_paused(false);
                    output.resume();
                }
            }
            // To or from the index signal, which needs an output of its own.
            Err(error) if error.code() == "option" => self.start().await,
            Err(error) => self.refused(&error),
        }
    }

    /// What was asked for cannot be had: says so; what plays plays on.
    fn refused(self: &Rc<Self>, error: &PageError) {
        self.message.error(error);
        self.controls.choice.restore();
        if self.output().is_none() {
            self.show(if self.phase.get() == Phase::Starting { Phase::Idle } else { self.phase.get() });
        }
    }

    fn adopt(self: &Rc<Self>, output: Output) {
        let old = self.current.replace(Some(output));
        if let Some(old) = old {
            spawn_local(async move { old.close().await });
        }
        self.told_failure.set(false);
        self.view.borrow_mut().begin();
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

    /// Looks at once, and from now on with every frame.
    pub(super) fn look_again(&self) {
        self.phase_at_ms.set(f64::NEG_INFINITY);
        self.ask_for_frame();
    }

    fn ask_for_frame(&self) {
        if self.frame_asked.get() {
            return;
        }
        if let (Ok(window), Some(frame)) = (window(), &*self.frame.borrow()) {
            let asked = window.request_animation_frame(frame.as_ref().unchecked_ref());
            self.frame_asked.set(asked.is_ok());
        }
    }

    /// One look at the output, and the next one asked for while there is something to see.
    fn frame(self: &Rc<Self>) {
        self.frame_asked.set(false);
        let Some(output) = self.output() else { return };
        let now = now_ms();
        if now - self.phase_at_ms.get() >= STATE_EVERY_MS {
            self.phase_at_ms.set(now);
            self.show(self.phase_now());
        }
        let phase = self.phase.get();
        if self.view.borrow_mut().look(now, &output, phase).is_err() {
            self.message.show("page", "The page could not draw. Reload it to see the figures again; the sound plays on.");
            return;
        }
        self.tell();
        match phase {
            // Nothing changes any more. A lost output is kept: Play replaces it.
            Phase::Closed => {
                self.current.take();
            }
            Phase::Lost => {}
            _ => self.ask_for_frame(),
        }
    }

    /// What the current output is doing, asked now.
    pub(super) fn phase_now(&self) -> Phase {
        let Some(output) = self.output() else { return self.phase.get() };
        match output.state() {
            OutputState::Starting => Phase::Starting,
            OutputState::Blocked => Phase::Blocked,
            OutputState::Running => Phase::Running,
            OutputState::Paused => Phase::Paused,
            OutputState::Suspended => Phase::Suspended,
            OutputState::Interrupted => Phase::Interrupted,
            OutputState::Ended => Phase::Ended,
            OutputState::Closed => Phase::Closed,
            OutputState::Lost(why) => {
                if !self.told_failure.replace(true) {
                    self.message.error(&PageError::Source(format!("{why}. Press Play to start again.")));
                }
                Phase::Lost
            }
        }
    }

    fn show(self: &Rc<Self>, phase: Phase) {
        self.phase.set(phase);
        self.controls.show_phase(phase, self.working.get());
        self.view.borrow_mut().show_phase(phase);
        if let Some(failure) = self.output().and_then(|output| output.source_failure())
            && !self.told_failure.replace(true)
        {
            self.message.error(&PageError::Source(failure));
        }
        self.tell();
    }
    /// Frames that the current ring keeps ahead, or what the page shows for the next one.
    pub(super) fn ring_frames(&self) -> u64 {
        self.view.borrow().limit()
    }

    /// Shows another size of the ring.
    pub(super) fn show_ring(&self, frames: u64, now_ms: f64) {
        let mut view = self.view.borrow_mut();
        view.show_limit(frames);
        if self.frame_asked.get() {
            return;
        }
        // Nothing moves: the chart's line does.
        let _ = view.refresh(now_ms);
    }

    /// Draws the chart again: size or colours have changed.
    pub(super) fn redraw(&self) {
        let _ = self.view.borrow_mut().refresh(now_ms());
    }

    /// Tells screen readers what there is to tell, and comes back when there is more.
    fn tell(self: &Rc<Self>) {
        let now = now_ms();
        let mut view = self.view.borrow_mut();
        view.announce(now);
        let Some(wait_ms) = view.announcer.wait_ms(now) else { return };
        if self.tell_asked.replace(true) {
            return;
        }
        let lab = self.clone();
        spawn_local(async move {
            sleep(wait_ms).await;
            lab.tell_asked.set(false);
            lab.tell();
        });
    }
}
