//! Switching faults on and off, while something plays and before.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;

use crate::lab::controls::set_disabled;
use crate::lab::dom::listen;
use crate::lab::format::sentence;
use crate::lab::jobs::Job;
use crate::lab::page::Lab;

/// Connects the panel with `lab`.
pub(in crate::lab) fn connect(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let controls = &lab.controls;
    for (nth, row) in controls.faults.rows().iter().enumerate() {
        let on = lab.clone();
        listen(&row.switch, "change", move |_: Event| on.switched(nth))?;
        for (_, field) in &row.fields {
            let on = lab.clone();
            listen(field, "change", move |_: Event| {
                // What is off is looked at when it is switched on.
                if on.controls.faults.rows()[nth].switch.checked() {
                    on.switched(nth);
                }
            })?;
        }
    }
    let on = lab.clone();
    listen(&controls.faults_off, "click", move |_: Event| {
        let anew = on.controls.faults.needs_new_output();
        on.controls.faults.clear();
        on.cause_faults(anew);
    })?;
    let on = lab.clone();
    listen(&controls.suspend, "click", move |_: Event| on.suspend_for_a_while())
}

impl Lab {
    /// Row `nth` of the panel was switched, or a figure of it changed while it was on.
    fn switched(self: &Rc<Self>, nth: usize) {
        let row = &self.controls.faults.rows()[nth];
        if let Err(refusal) = self.controls.scenario(1.0) {
            row.switch.set_checked(false);
            self.message.show("scenario", &sentence(&refusal));
        }
        self.cause_faults(row.entry.needs_new_output);
    }

    /// Causes the faults that are switched on; in a new output if `anew`.
    pub(in crate::lab) fn cause_faults(self: &Rc<Self>, anew: bool) {
        set_disabled(&self.controls.faults_off, !self.controls.faults.any());
        self.show_link();
        let Some(output) = self.output().filter(|_| self.phase_now().is_live()) else {
            return;
        };
        if anew {
            return self.begin(Job::Start);
        }
        let Ok((scenario, _)) = self.controls.scenario(1.0) else { return };
        let log = self.view.borrow().run_log();
        let lab = self.clone();
        self.live_faults.set(&scenario.stress, &log, move |why| {
            lab.message.show("fault", &sentence(&format!("hogs cannot be had: {why}")));
        });
        let lab = self.clone();
        spawn_local(async move {
            if let Err(error) = output.set_faults(scenario.faults()).await {
                lab.message.show("fault", &sentence(&error.to_string()));
            }
        });
    }

    fn suspend_for_a_while(self: &Rc<Self>) {
        let Some(output) = self.output() else { return };
        let ms = self.controls.suspend_ms.value_as_number();
        if !(1.0..=60_000.0).contains(&ms) {
            return self.message.show("option", "The suspension must last 1 to 60000 ms.");
        }
        self.live_faults.suspend(&output, ms, self.view.borrow().run_log());
    }
}
