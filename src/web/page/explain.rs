//! Why frames were lost: the log of one output, and what the page has to say to it.

#[cfg(not(feature = "explain"))]
pub(super) use without_log::Explain;

/// Without the feature `explain` the ledger's counters are all there is.
#[cfg(not(feature = "explain"))]
mod without_log {
    use crate::ledger::Snapshot;

    pub(in super::super) struct Explain;

    impl Explain {
        pub(in super::super) fn look(&self, _: &Snapshot) {}

        pub(in super::super) fn lost(&self) {}
    }
}

#[cfg(feature = "explain")]
pub(super) use with_log::Explain;

#[cfg(feature = "explain")]
mod with_log {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use js_sys::{Date, Reflect};
    use web_sys::{AudioContext, Performance};

    use super::super::PlaybackStats;
    use super::super::explain_js::Fetched;
    use super::super::listener::Listener;
    use super::super::timeline::Timeline;
    use super::super::wait::now;
    use super::super::witness::{SharedLog, Witness};
    use crate::ledger::{EventLog, Sight, Snapshot};
    use crate::watch::{EVERY_MS, Look, Standstill};

    /// How often the browser's own counts are told, in ms: it brings them up to date once a second.
    const DEVICE_EVERY_MS: f64 = 1000.0;

    /// What the page knows of one output's losses.
    pub(in super::super) struct Explain {
        log: SharedLog,
        context: AudioContext,
        /// The page's clock was 0 then, in ms since the epoch.
        origin_ms: f64,
        frames_per_ms: f64,
        /// While the output is open.
        ears: RefCell<Option<Ears>>,
        hidden_ms: Cell<f64>,
        standstill: RefCell<Standstill>,
        /// What a script has fetched.
        pub(in super::super) fetched: RefCell<Fetched>,
        /// When the browser's counts were last told, in ms, and what they were: device underruns and their seconds.
        device: Cell<(f64, f64, f64)>,
        timeline: Option<Timeline>,
    }

    /// What is listened to.
    struct Ears {
        page: Rc<Witness>,
        /// The page's hidden time when this output began.
        hidden_before_ms: f64,
        _context: [Listener; 2],
    }

    impl Explain {
        pub(in super::super) fn new(context: &AudioContext, timeline: bool) -> Self {
            let window = web_sys::window();
            let performance = window.as_ref().and_then(web_sys::Window::performance);
            let origin_ms = performance.as_ref().map_or(0.0, Performance::time_origin);
            let sample_rate = f64::from(context.sample_rate());
            let log = Rc::new(RefCell::new(EventLog::new(sample_rate)));
            let ears = window.as_ref().map(|window| {
                let page = Witness::of(window, &log);
                Ears {
                    hidden_before_ms: page.hidden_ms(),
                    page,
                    _context: listen(context, &log, origin_ms),
                }
            });
            Explain {
                log,
                context: context.clone(),
                origin_ms,
                frames_per_ms: sample_rate / 1e3,
                ears: RefCell::new(ears),
                hidden_ms: Cell::default(),
                standstill: RefCell::new(Standstill::new(
                    Look {
                        at_ms: now(),
                        date_ms: Date::now(),
                        ..Look::default()
                    },
                    EVERY_MS,
                )),
                fetched: RefCell::default(),
                device: Cell::default(),
                timeline: performance.filter(|_| timeline).map(Timeline::new),
            }
        }

        fn epoch_ms(&self) -> f64 {
            self.origin_ms + now()
        }

        /// Somebody has looked at the ledger.
        pub(in super::super) fn look(&self, snapshot: &Snapshot) {
            let ears = self.ears.borrow();
            let Some(ears) = &*ears else { return };
            // What was seen before what it explains.
            ears.page.look();
            self.hidden_ms.set(ears.page.hidden_ms() - ears.hidden_before_ms);
            self.look_around(&ears.page, snapshot);
            let mut log = self.log.borrow_mut();
            log.look(self.epoch_ms(), snapshot);
            if let Some(timeline) = &self.timeline {
                timeline.show(log.entries(), self.origin_ms);
            }
        }

        /// Looks now and then what the browser counts and whether everything stood still.
        fn look_around(&self, page: &Witness, snapshot: &Snapshot) {
            let mut standstill = self.standstill.borrow_mut();
            if !standstill.is_due(now()) {
                return;
            }
            let mut log = self.log.borrow_mut();
            log.date(self.epoch_ms(), Date::now());
            let device = PlaybackStats::of(&self.context);
            if let Some(PlaybackStats {
                underrun_events: events,
                underrun_seconds: seconds,
                ..
            }) = device
            {
                let (before_ms, events_before, seconds_before) = self.device.get();
                if now() - before_ms >= DEVICE_EVERY_MS {
                    self.device.set((now(), events, seconds));
                    log.saw(Sight::Device {
                        at_ms: self.epoch_ms(),
                        events: (events - events_before) as u64,
                        seconds: seconds - seconds_before,
                    });
                }
            }
            let stood_still = standstill.look(Look {
                at_ms: now(),
                date_ms: Date::now(),
                asked_ms: snapshot.consumer.requested as f64 / self.frames_per_ms,
                running: state_of(&self.context) == "running",
                hidden: page.hidden(),
                undelivered_ms: device.map_or(0.0, |device| device.underrun_seconds * 1e3),
                frozen: page.frozen(),
            });
            if let Some((from_ms, ms)) = stood_still {
                log.saw(Sight::StoodStill {
                    at_ms: self.origin_ms + from_ms,
                    ms,
                });
            }
        }

        /// The producer was found lost.
        pub(in super::super) fn lost(&self) {
            self.log.borrow_mut().lost(self.epoch_ms());
        }

        /// The output is closed: `last` is the final ledger, if it could be read.
        pub(in super::super) fn close(&self, last: Option<&Snapshot>) {
            if let Some(last) = last {
                self.look(last);
            }
            self.ears.borrow_mut().take();
            let mut log = self.log.borrow_mut();
            log.close(self.epoch_ms());
            if let Some(timeline) = &self.timeline {
                timeline.show(log.entries(), self.origin_ms);
            }
        }

        /// The log, as it stands.
        pub(in super::super) fn log<T>(&self, read: impl FnOnce(&EventLog) -> T) -> T {
            read(&self.log.borrow())
        }

        /// Whether the page is hidden now (`None` after the end), and for how long it was while the output was open, in ms.
        pub(in super::super) fn hidden(&self) -> (Option<bool>, f64) {
            let ears = self.ears.borrow();
            (ears.as_ref().map(|ears| ears.page.hidden()), self.hidden_ms.get())
        }
    }

    /// Tells the log what becomes of the context.
    fn listen(context: &AudioContext, log: &SharedLog, origin_ms: f64) -> [Listener; 2] {
        let tell = move |log: &SharedLog, state: &'static str, ms: Option<f64>| {
            let at_ms = origin_ms + now();
            log.borrow_mut().saw(Sight::Context { at_ms, state, ms });
        };
        tell(log, state_of(context), None);
        let on = |event, state: fn(&AudioContext) -> &'static str, ms| {
            let (heard, of) = (Rc::downgrade(log), context.clone());
            Listener::new(context, event, move |_| {
                if let Some(log) = heard.upgrade() {
                    tell(&log, state(&of), ms);
                }
            })
        };
        [
            on("statechange", state_of, None),
            on("sinkchange", |_| "changing device", Some(0.0)),
        ]
    }

    /// The context's state; `interrupted` is newer than web-sys.
    fn state_of(context: &AudioContext) -> &'static str {
        let state = Reflect::get(context, &"state".into()).unwrap_or_default();
        match state.as_string().as_deref() {
            Some("running") => "running",
            Some("suspended") => "suspended",
            Some("interrupted") => "interrupted",
            _ => "closed",
        }
    }
}
