//! What happens when somebody uses the controls.

use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, EventTarget, KeyboardEvent};

use super::controls::fill_track;
use super::dom::{document, element, epoch_ms, listen, now_ms, window};
use super::format::sentence;
use super::jobs::Job;
use super::page::Lab;
use crate::web::page::Output;

/// Where the space bar has a meaning of its own.
const HAS_ITS_OWN_KEYS: &str = "button, input, select, textarea, a, summary, [contenteditable], .log";

/// Connects the controls with `lab`, for as long as the page lives.
pub(super) fn connect(lab: &Rc<Lab>) -> Result<(), JsValue> {
    connect_transport(lab)?;
    connect_source(lab)?;
    connect_ring(lab)?;
    connect_faults(lab)?;
    super::faults::connect(lab)?;
    super::strategies::connect(lab)?;
    super::take::connect(lab)?;
    super::compare::connect(lab)?;
    // After the button's own listener: the event comes up to the group.
    let on = lab.clone();
    let filter: Element = element("log-filter")?;
    listen(&filter, "click", move |_: Event| {
        let _ = on.view.borrow_mut().show_losses();
    })?;
    super::player::connect(lab)?;
    super::drop_file::connect(lab)?;
    let shown = lab.clone();
    let redraw = move |_: Event| shown.redraw();
    let window = window()?;
    listen(&window, "resize", redraw.clone())?;
    if let Some(scheme) = window.match_media("(prefers-color-scheme: dark)")? {
        listen(&scheme, "change", redraw)?;
        // A list that nobody holds may be collected, and its listener with it.
        std::mem::forget(scheme);
    }
    Ok(())
}

fn connect_transport(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let controls = &lab.controls;
    let on = lab.clone();
    listen(&controls.play, "click", move |_: Event| on.toggle())?;
    let on = lab.clone();
    listen(&controls.stop, "click", move |_: Event| {
        let on = on.clone();
        spawn_local(async move { on.silence().await });
    })?;
    let on = lab.clone();
    let document = document()?;
    listen(&document, "keydown", move |event: KeyboardEvent| {
        let modified = event.ctrl_key() || event.alt_key() || event.meta_key() || event.shift_key();
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let taken = target.is_some_and(|target| matches!(target.closest(HAS_ITS_OWN_KEYS), Ok(Some(_))));
        if event.key() == " " && !modified && !taken {
            event.prevent_default();
            if !event.repeat() {
                on.toggle();
            }
        }
    })?;
    let on = lab.clone();
    listen(&controls.volume, "input", move |_: Event| {
        fill_track(&on.controls.volume);
        if let Some(output) = on.output() {
            output.set_volume(on.controls.gain());
        }
    })
}

fn connect_source(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let choice = &lab.controls.choice;
    let on = lab.clone();
    listen(&choice.source, "change", move |_: Event| {
        on.controls.choice.show_field();
        on.source_changed();
    })?;
    for number in [&choice.voices, &choice.hz] {
        let on = lab.clone();
        listen(number, "change", move |_: Event| on.source_changed())?;
    }
    Ok(())
}

fn connect_ring(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let controls = &lab.controls;
    let on = lab.clone();
    listen(&controls.ring_size, "change", move |_: Event| match on.controls.ring_frames() {
        Ok(frames) => on.set_ring(frames),
        Err(error) => {
            on.message.error(&error);
            on.controls.show_ring(on.ring_frames());
        }
    })?;
    let on = lab.clone();
    listen(&controls.ring_slider, "input", move |_: Event| {
        on.set_ring(on.controls.ring_slider.value_as_number().exp2().round() as u64);
    })?;
    for control in [controls.latency_hint.as_ref(), controls.timeline.as_ref()] {
        let on = lab.clone();
        let control: &EventTarget = control;
        listen(control, "change", move |_: Event| {
            if on.phase_now().is_live() {
                on.begin(Job::Start);
            }
        })?;
    }
    Ok(())
}

fn connect_faults(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let controls = &lab.controls;
    for (ms, button) in &controls.freezes {
        let (on, ms) = (lab.clone(), *ms);
        listen(button, "click", move |_: Event| {
            if let Some(output) = on.output() {
                output.freeze(ms);
            }
        })?;
    }
    let on = lab.clone();
    listen(&controls.crash, "click", move |_: Event| {
        on.end_producer(Output::crash);
    })?;
    let on = lab.clone();
    listen(&controls.kill, "click", move |_: Event| {
        on.end_producer(Output::kill);
    })
}

impl Lab {
    /// Ends the producer in one way or the other, for the report too.
    fn end_producer(&self, how: fn(&Output)) {
        if let Some(output) = self.output() {
            self.view.borrow().run_log().borrow_mut().fault("kill", epoch_ms(), None);
            how(&output);
        }
    }

    /// The source controls have changed: plays what they say, if anything plays.
    fn source_changed(self: &Rc<Self>) {
        if self.controls.choice.lacks_file() || !self.phase_now().is_live() {
            return;
        }
        match self.controls.choice.spec() {
            Ok(source) => self.begin(Job::Source(source)),
            Err(error) => {
                self.message.error(&error);
                self.controls.choice.restore();
            }
        }
    }

    /// Gives the ring another size, in a ring that plays and for the next one.
    fn set_ring(&self, frames: u64) {
        if let Err(refusal) = self.controls.holds_block(frames) {
            self.message.show("scenario", &sentence(&refusal));
            return self.controls.show_ring(self.ring_frames());
        }
        if let Some(output) = self.output().filter(|_| self.phase_now().is_live())
            && let Err(error) = output.set_buffer_frames(frames as usize)
        {
            self.message.error(&error);
            return self.controls.show_ring(self.ring_frames());
        }
        self.controls.show_ring(frames);
        self.show_ring(frames, now_ms());
    }
}
