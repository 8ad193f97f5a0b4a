//! `window.noxrun.compare` and `cancelCompare`: what the panel does too.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{JSON, Promise};
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

use super::drive::{Cancel, cores, drive};
use super::plan::{Faults, Plan};
use super::{export, panel};
use crate::lab::run::{self, RunError};

thread_local! {
    /// Of the comparison that is on.
    static ON: RefCell<Option<Rc<Cancel>>> = const { RefCell::new(None) };
}

/// Puts the functions into `window.noxrun`.
pub(in crate::lab) fn install() {
    let compare = Closure::<dyn Fn(JsValue) -> Promise>::new(|options: JsValue| {
        given(&options)
            .and_then(begin)
            .unwrap_or_else(|error| Promise::reject(&error.into()))
    });
    let cancel = Closure::<dyn Fn() -> Promise>::new(cancel);
    run::set("compare", &compare.into_js_value());
    run::set("cancelCompare", &cancel.into_js_value());
    run::set("lastComparison", &JsValue::NULL);
}

/// The plan that a script's options ask for.
fn given(options: &JsValue) -> Result<Plan, RunError> {
    let options = if options.is_undefined() {
        json!({})
    } else {
        run::value(options, "options", 0).map_err(RunError::Compare)?
    };
    plan(&options, Faults::PageBusy)
}

/// The plan that `options` ask for; under `faults`, where they name none.
pub(super) fn plan(options: &Value, faults: Faults) -> Result<Plan, RunError> {
    let faults = faults.stress(cores().unwrap_or(4));
    Plan::from_value(options, &faults).map_err(RunError::Compare)
}

/// Begins a comparison, unless a run is on. Resolves to its JSON, also when it is cancelled.
pub(super) fn begin(plan: Plan) -> Result<Promise, RunError> {
    let cancel = Rc::new(Cancel::default());
    let reined = cancel.clone();
    let promise = run::occupy(async move |reins| {
        let ended = drive(plan, reins, &reined, panel::told).await;
        ON.take();
        match ended {
            Ok(comparison) => {
                let value = JSON::parse(&export::value(&comparison).to_string())?;
                run::set("lastComparison", &value);
                panel::ended(comparison);
                Ok(value)
            }
            Err(error) => {
                panel::failed(&error);
                Err(error.into())
            }
        }
    })?;
    ON.set(Some(cancel));
    panel::began();
    Ok(promise)
}

/// Ends the comparison that is on; what it measured so far stays. Resolves as its promise does, or to null.
pub(super) fn cancel() -> Promise {
    match ON.with_borrow(Clone::clone) {
        Some(on) => {
            on.cancel();
            run::stop()
        }
        None => Promise::resolve(&JsValue::NULL),
    }
}
