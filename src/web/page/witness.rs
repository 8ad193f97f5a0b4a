//! What only the page sees: long tasks, whether it is shown, whether it is asleep. One witness for all outputs of a page; it ends with the last of them.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventTarget, PerformanceEntry, PerformanceObserver, PerformanceObserverEntryList, PerformanceObserverInit, Window};

use super::listener::Listener;
use super::wait::now;
use crate::ledger::{EventLog, Sight};

/// What long tasks are called among the browser's performance entries (Chromium; W3C Long Tasks API). Its newer `long-animation-frame` counts waiting for the screen as well.
const LONG_TASK: &str = "longtask";

thread_local! {
    static SHARED: RefCell<Weak<Witness>> = const { RefCell::new(Weak::new()) };
}

/// A log that several hold.
pub(super) type SharedLog = Rc<RefCell<EventLog>>;

/// Watches the page.
pub(super) struct Witness {
    seen: Rc<Seen>,
    observer: Option<Observer>,
    _listeners: Vec<Listener>,
}

/// What was seen, in ms of the page's clock.
struct Seen {
    /// The page's clock was 0 then, in ms since the epoch.
    origin_ms: f64,
    logs: RefCell<Vec<Weak<RefCell<EventLog>>>>,
    hidden_since: Cell<Option<f64>>,
    /// Hidden times that are over.
    hidden_ms: Cell<f64>,
    frozen_since: Cell<Option<f64>>,
    /// The latest time in which the page was frozen: from and until.
    frozen: Cell<Option<(f64, f64)>>,
}

impl Seen {
    fn tell(&self, sight: Sight) {
        self.logs.borrow_mut().retain(|log| match log.upgrade() {
            Some(log) => {
                log.borrow_mut().saw(sight);
                true
            }
            None => false,
        });
    }

    /// Whether the page is shown has perhaps changed.
    fn shown(&self, hidden: bool) {
        match (self.hidden_since.get(), hidden) {
            (None, true) => self.hidden_since.set(Some(now())),
            (Some(since), false) => {
                self.hidden_since.set(None);
                self.hidden_ms.set(self.hidden_ms.get() + now() - since);
                self.hidden(since);
            }
            _ => {}
        }
    }

    fn hidden(&self, since: f64) {
        self.tell(Sight::Hidden {
            at_ms: self.origin_ms + since,
            ms: now() - since,
        });
    }

    fn freeze(&self) {
        if self.frozen_since.get().is_none() {
            self.frozen_since.set(Some(now()));
        }
    }

    fn thaw(&self) {
        if let Some(since) = self.frozen_since.take() {
            self.frozen.set(Some((since, now())));
        }
    }

    fn long_tasks(&self, entries: &Array) {
        for entry in entries.iter() {
            let task: PerformanceEntry = entry.unchecked_into();
            self.tell(Sight::LongTask {
                at_ms: self.origin_ms + task.start_time(),
                ms: task.duration(),
            });
        }
    }
}

struct Observer {
    observer: PerformanceObserver,
    _hear: Closure<dyn FnMut(PerformanceObserverEntryList)>,
}

impl Observer {
    /// Hears of long tasks, where the browser tells of them.
    fn new(window: &Window, seen: &Rc<Seen>) -> Option<Observer> {
        let known = Reflect::get(
            &Reflect::get(window, &"PerformanceObserver".into()).ok()?,
            &"supportedEntryTypes".into(),
        )
        .ok()?;
        if !Array::from(&known).includes(&LONG_TASK.into(), 0) {
            return None;
        }
        let seen = seen.clone();
        let hear = Closure::<dyn FnMut(PerformanceObserverEntryList)>::new(move |list: PerformanceObserverEntryList| {
            seen.long_tasks(&list.get_entries());
        });
        let observer = PerformanceObserver::new(hear.as_ref().unchecked_ref()).ok()?;
        observer.observe(&PerformanceObserverInit::new(&Array::of1(&LONG_TASK.into())));
        Some(Observer { observer, _hear: hear })
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

impl Witness {
    /// The page's witness, which from now on tells `log` as well.
    pub fn of(window: &Window, log: &SharedLog) -> Rc<Witness> {
        let witness = SHARED.with_borrow_mut(|shared| {
            shared.upgrade().unwrap_or_else(|| {
                let witness = Rc::new(Witness::new(window));
                *shared = Rc::downgrade(&witness);
                witness
            })
        });
        witness.seen.logs.borrow_mut().push(Rc::downgrade(log));
        if witness.observer.is_some() {
            // That they are watched.
            let at_ms = witness.seen.origin_ms + now();
            log.borrow_mut().saw(Sight::LongTask { at_ms, ms: 0.0 });
        }
        witness
    }

    fn new(window: &Window) -> Self {
        let seen = Rc::new(Seen {
            origin_ms: window.performance().map_or(0.0, |performance| performance.time_origin()),
            logs: RefCell::default(),
            hidden_since: Cell::default(),
            hidden_ms: Cell::default(),
            frozen_since: Cell::default(),
            frozen: Cell::default(),
        });
        let mut listeners = Vec::new();
        let mut on = |target: &EventTarget, event, hear: fn(&Seen, &JsValue)| {
            let seen = seen.clone();
            listeners.push(Listener::new(target, event, move |event| hear(&seen, &event)));
        };
        if let Some(document) = window.document() {
            seen.shown(document.hidden());
            on(&document, "visibilitychange", |seen, event| {
                let document = Reflect::get(event, &"target".into()).unwrap_or_default();
                let hidden = Reflect::get(&document, &"hidden".into()).unwrap_or_default();
                seen.shown(hidden.is_truthy());
            });
            // Page Lifecycle (Chromium): <https://wicg.github.io/page-lifecycle/>
            on(&document, "freeze", |seen, _| seen.freeze());
            on(&document, "resume", |seen, _| seen.thaw());
        }
        // The back-forward cache, everywhere.
        on(window, "pagehide", |seen, event| {
            if Reflect::get(event, &"persisted".into()).is_ok_and(|persisted| persisted.is_truthy()) {
                seen.freeze();
            }
        });
        on(window, "pageshow", |seen, _| seen.thaw());
        Witness {
            observer: Observer::new(window, &seen),
            seen,
            _listeners: listeners,
        }
    }

    /// Tells the logs what is known but has not been told yet: of tasks that have only just ended, and of a hidden time that goes on.
    pub fn look(&self) {
        if let Some(Observer { observer, .. }) = &self.observer {
            self.seen.long_tasks(&observer.take_records());
        }
        if let Some(since) = self.seen.hidden_since.get() {
            self.seen.hidden(since);
        }
    }

    /// Whether the page is hidden now.
    pub fn hidden(&self) -> bool {
        self.seen.hidden_since.get().is_some()
    }

    /// How long the page has been hidden since somebody first looked, in ms.
    pub fn hidden_ms(&self) -> f64 {
        self.seen.hidden_ms.get() + self.seen.hidden_since.get().map_or(0.0, |since| now() - since)
    }

    /// The latest time in which the page was frozen, from and until, in ms of its clock.
    pub fn frozen(&self) -> Option<(f64, f64)> {
        self.seen.frozen.get()
    }
}
