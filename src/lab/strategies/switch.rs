//! Changing the strategy and what goes with it, while something plays and before.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlElement};

use crate::lab::dom::{element, listen, now_ms};
use crate::lab::format::sentence;
use crate::lab::jobs::Job;
use crate::lab::page::Lab;
use crate::lab::phase::Phase;

/// Connects the controls with `lab`.
pub(in crate::lab) fn connect(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let panel = &lab.controls.strategies;
    for control in panel.controls() {
        let on = lab.clone();
        listen(control, "change", move |_: Event| on.strategy_changed())?;
    }
    let on = lab.clone();
    listen(&panel.preset, "change", move |_: Event| on.preset_chosen())?;
    // Any control of the page; the event comes up here after the control's own listener.
    let on = lab.clone();
    let controls: HtmlElement = element("lab")?;
    listen(&controls, "change", move |_: Event| on.look_at_preset())
}

impl Lab {
    /// A control of the panel has changed: what plays is played anew as they say, if that can be.
    fn strategy_changed(self: &Rc<Self>) {
        let panel = &self.controls.strategies;
        panel.show_fields();
        if let Err(refusal) = self.controls.possible() {
            panel.restore();
            return self.message.show("scenario", &sentence(&refusal));
        }
        if self.phase_now().is_live() {
            self.begin(Job::Start);
        } else {
            panel.keep();
            self.message.clear();
        }
        self.show(self.phase_now());
    }

    /// A preset was chosen: fills all controls with it and plays it. "None" leaves everything as it is.
    fn preset_chosen(self: &Rc<Self>) {
        let Some(preset) = self.controls.strategies.preset() else {
            return self.controls.strategies.forget_preset();
        };
        self.controls.fill(&preset.scenario());
        if let Ok(frames) = self.controls.ring_frames() {
            self.show_ring(frames, now_ms());
        }
        let lab = self.clone();
        spawn_local(async move {
            // What starts while another is paused is paused as well, and a preset is to be heard.
            if lab.phase_now() == Phase::Paused {
                lab.silence().await;
            }
            lab.begin(Job::Start);
        });
    }

    /// Says no longer that a preset is chosen when the controls say something else than it does.
    pub(in crate::lab) fn look_at_preset(&self) {
        let Some(preset) = self.controls.strategies.preset() else { return };
        let scenario = self.controls.scenario(preset.scenario().seconds);
        if !scenario.is_ok_and(|(scenario, _)| preset.is_like(&scenario)) {
            self.controls.strategies.forget_preset();
        }
    }
}
