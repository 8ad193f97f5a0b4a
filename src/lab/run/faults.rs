//! Faults that the page causes itself. Each goes on until it is dropped or ended, and is logged as it really happened.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Worker;

use super::js::{now, sleep, text_of};
use crate::inject::FaultKind;
use crate::lab::report::RunLog;
use crate::web::page::Output;

/// What happened, shared by all who cause or see something.
pub(crate) type SharedLog = Rc<RefCell<RunLog>>;

/// The page's own thread, busy again and again.
pub(in crate::lab) struct Jank {
    over: Rc<Cell<bool>>,
}

impl Jank {
    /// Busy for `ms` every `every_ms`, counted from `start_ms` since the epoch. What is missed is not made up for.
    pub fn start(ms: f64, every_ms: f64, start_ms: f64, log: SharedLog) -> Jank {
        let jank = Jank { over: Rc::default() };
        let over = jank.over.clone();
        spawn_local(async move {
            loop {
                let turn = ((now() - start_ms) / every_ms).floor() + 1.0;
                sleep(start_ms + turn * every_ms - now()).await;
                if over.get() {
                    return;
                }
                let began = now();
                while now() - began < ms {
                    core::hint::spin_loop();
                }
                log.borrow_mut().fault("jank", began, Some(now() - began));
            }
        });
        jank
    }
}

impl Drop for Jank {
    fn drop(&mut self) {
        self.over.set(true);
    }
}

/// Workers that each keep a core busy.
pub(in crate::lab) struct Hogs {
    workers: Vec<Worker>,
    /// When each began, ms since the epoch.
    began_ms: Vec<f64>,
    log: SharedLog,
}

impl Hogs {
    /// Where the workers' code lies, beside the page.
    const URL: &'static str = "worklet/hog.js";
    /// How long they may take to begin, in ms: the later ones get little of the cores that the first ones hold.
    const PATIENCE_MS: f64 = 15_000.0;

    /// Starts `count` workers; resolves when each is busy.
    ///
    /// # Errors
    /// Why one of them could not begin.
    pub async fn start(count: u32, log: SharedLog) -> Result<Hogs, String> {
        // Whatever fails, those that run are ended by being dropped.
        let mut hogs = Hogs {
            workers: Vec::new(),
            began_ms: Vec::new(),
            log,
        };
        let began = Array::new();
        for _ in 0..count {
            let worker = Worker::new(Self::URL).map_err(|thrown| text_of(&thrown))?;
            began.push(&Promise::new(&mut |resolve, reject| {
                worker.set_onmessage(Some(&resolve));
                worker.set_onerror(Some(&reject));
            }));
            hogs.workers.push(worker);
        }
        let late = wasm_bindgen_futures::future_to_promise(async {
            sleep(Self::PATIENCE_MS).await;
            Ok(JsValue::UNDEFINED)
        });
        let all = Promise::race(&Array::of2(&Promise::all(&began), &late));
        let all = JsFuture::from(all)
            .await
            .map_err(|event| format!("{}: {}", Self::URL, text_of(&event)))?;
        let all = all
            .dyn_into::<Array>()
            .map_err(|_| format!("not all of them began within {} s", Self::PATIENCE_MS / 1e3))?;
        let data = |event: JsValue| Reflect::get(&event, &"data".into()).ok()?.as_f64();
        hogs.began_ms = all.iter().map(|event| data(event).unwrap_or_else(now)).collect();
        Ok(hogs)
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        self.workers.iter().for_each(Worker::terminate);
        let end = now();
        for began in &self.began_ms {
            self.log.borrow_mut().fault("hogs", *began, Some(end - began));
        }
    }
}

/// The context, suspended for a while.
pub(in crate::lab) struct Suspension {
    log: SharedLog,
    state: Rc<Suspended>,
}

#[derive(Default)]
struct Suspended {
    over: Cell<bool>,
    /// Since when it is suspended, ms since the epoch.
    since_ms: Cell<Option<f64>>,
}

impl Suspension {
    /// Suspends `output`'s context at `at_ms` since the epoch and resumes it `ms` later. No frame is asked for meanwhile.
    pub fn start(output: &Output, at_ms: f64, ms: f64, log: SharedLog) -> Suspension {
        let suspension = Suspension { log, state: Rc::default() };
        let (context, log, state) = (output.context().clone(), suspension.log.clone(), suspension.state.clone());
        spawn_local(async move {
            sleep(at_ms - now()).await;
            let Some(suspending) = (!state.over.get()).then(|| context.suspend().ok()).flatten() else {
                return;
            };
            if JsFuture::from(suspending).await.is_err() || state.over.get() {
                return;
            }
            state.since_ms.set(Some(now()));
            sleep(ms).await;
            if state.over.get() {
                return;
            }
            if let Ok(resuming) = context.resume() {
                let _ = JsFuture::from(resuming).await;
            }
            state.record(&log);
        });
        suspension
    }
}

impl Suspended {
    /// Records it as it was, once.
    fn record(&self, log: &SharedLog) {
        if let Some(since_ms) = self.since_ms.take() {
            log.borrow_mut().fault(FaultKind::Suspend.name(), since_ms, Some(now() - since_ms));
        }
    }
}

impl Drop for Suspension {
    fn drop(&mut self) {
        self.state.over.set(true);
        self.state.record(&self.log);
    }
}
