//! Everything that is read from an output and shown: the chart with each frame of the page, figures less often.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::announce::{Announcer, Topic};
use super::causes::{Around, Histograms, Losses, Sentences};
use super::chart::{Chart, Lines};
use super::dom::{Mark, Text, element, epoch_ms};
use super::faults::Records;
use super::format::{Clock, Grouped, Many, Ms};
use super::found_table::FoundTable;
use super::history::History;
use super::ledger_table::LedgerTable;
use super::panels::{Figures, Panels};
use super::phase::Phase;
use super::report::Report;
use super::run::{SharedLog, facts_of};
use super::scenario::Scenario;
use super::verdicts::Verdicts;
use crate::ledger::{Snapshot, verdicts};
use crate::web::SourceSpec;
use crate::web::page::{Facts, Output};

/// Facts come from the browser's own objects, which change about once a second.
const FACTS_EVERY_MS: f64 = 250.0;
/// Nobody reads a figure that changes sixty times a second; and writing it has the browser lay the page out anew each time, on the machine that is being measured. The chart moves with every frame.
const FIGURES_EVERY_MS: f64 = 100.0;
/// Producer load is that of the last one to two of these spans.
const LOAD_SPAN_MS: f64 = 500.0;
/// Log, histograms and verdicts are looked at less often than the figures: they are read, not watched.
const DETAILS_EVERY_MS: f64 = 250.0;
/// Rate assumed for figures in milliseconds before any output has told one.
const ASSUMED_RATE: f64 = 48_000.0;

/// The page's figures.
#[derive(Debug)]
pub(super) struct View {
    state: Text,
    state_mark: Mark,
    now_playing: Text,
    events: Text,
    frames: Text,
    longest: Text,
    overruns: Text,
    alarms: [Mark; 4],
    fill_frames: Text,
    fill_ms: Text,
    ring_ms: Text,
    hint: HtmlElement,
    panels: Panels,
    ledger: LedgerTable,
    found: FoundTable,
    /// Whether what plays may repeat frames.
    may_repeat: bool,
    losses: Losses,
    /// Faults and losses of the producer, for the report.
    run_log: SharedLog,
    /// When the first frame was heard, in ms since the epoch.
    start_ms: Option<f64>,
    /// For how long the page was hidden while the latest output was there.
    hidden_seconds: Option<f64>,
    histograms: Histograms,
    verdicts: Verdicts,
    records: Records,
    /// By how many minutes clocks here are ahead of UTC.
    east_minutes: f64,
    details_at_ms: f64,
    chart: Chart,
    history: History,
    facts: Option<Facts>,
    facts_at_ms: f64,
    figures_at_ms: f64,
    /// The phase that they are of.
    shown: Phase,
    /// What plays, if it is not the source as a whole: one of several files.
    playing: Option<String>,
    latest: Snapshot,
    /// When they were taken, and the earlier snapshots that load is measured from.
    earlier: [(f64, Option<Snapshot>); 2],
    /// Frames that the ring's control asks for, before and while something plays.
    limit: u64,
    /// The most that the latest output was told to keep ahead.
    largest_limit: u64,
    pub(super) announcer: Announcer,
    announcement: HtmlElement,
    announced: (Phase, u64),
}

impl View {
    pub(super) fn find() -> Result<Self, JsValue> {
        let alarm = |id: &str| -> Result<Mark, JsValue> {
            let cell = element::<web_sys::Element>(id)?;
            Ok(Mark::on(cell.parent_element().unwrap_or(cell), "data-alarm"))
        };
        Ok(View {
            state: Text::of("state")?,
            state_mark: Mark::on(element("state")?, "data-state"),
            now_playing: Text::of("now-playing")?,
            events: Text::of("underrun-events")?,
            frames: Text::of("underrun-frames")?,
            longest: Text::of("underrun-longest")?,
            overruns: Text::of("overruns")?,
            alarms: [
                alarm("underrun-events")?,
                alarm("underrun-frames")?,
                alarm("underrun-longest")?,
                alarm("overruns")?,
            ],
            fill_frames: Text::of("fill-frames")?,
            fill_ms: Text::of("fill-ms")?,
            ring_ms: Text::of("ring-ms")?,
            hint: element("chart-hint")?,
            panels: Panels::find()?,
            ledger: LedgerTable::find()?,
            found: FoundTable::find()?,
            may_repeat: false,
            losses: Losses::find()?,
            run_log: SharedLog::default(),
            start_ms: None,
            hidden_seconds: None,
            histograms: Histograms::find()?,
            verdicts: Verdicts::find()?,
            records: Records::find()?,
            east_minutes: -js_sys::Date::new_0().get_timezone_offset(),
            details_at_ms: f64::NEG_INFINITY,
            chart: Chart::find()?,
            history: History::default(),
            facts: None,
            facts_at_ms: f64::NEG_INFINITY,
            figures_at_ms: f64::NEG_INFINITY,
            shown: Phase::Idle,
            playing: None,
            latest: Snapshot::default(),
            earlier: [(f64::NEG_INFINITY, None), (f64::NEG_INFINITY, None)],
            limit: 2048,
            largest_limit: 0,
            announcer: Announcer::default(),
            announcement: element("announce")?,
            announced: (Phase::Idle, 0),
        })
    }

    /// Another output follows; `may_repeat`: only its newest block counts.
    pub(super) fn begin(&mut self, log: SharedLog, may_repeat: bool) {
        self.may_repeat = may_repeat;
        self.history.clear();
        self.facts = None;
        self.facts_at_ms = f64::NEG_INFINITY;
        self.figures_at_ms = f64::NEG_INFINITY;
        self.playing = None;
        self.latest = Snapshot::default();
        self.largest_limit = 0;
        self.earlier = [(f64::NEG_INFINITY, None), (f64::NEG_INFINITY, None)];
        self.announced.1 = 0;
        self.hint.set_hidden(true);
        self.details_at_ms = f64::NEG_INFINITY;
        self.losses.begin();
        self.run_log = log;
        self.start_ms = None;
        self.hidden_seconds = None;
    }

    /// What the page is doing, as word and attribute; news for screen readers.
    pub(super) fn show_phase(&mut self, phase: Phase) {
        self.state.show(phase.title());
        self.state_mark.show(phase.name());
        if phase != self.shown {
            self.shown = phase;
            self.figures_at_ms = f64::NEG_INFINITY;
        }
        if self.facts.is_none() {
            self.now_playing.show(phase.advice());
        }
        if phase != self.announced.0 {
            self.announced.0 = phase;
            self.announcer.offer(Topic::State, phase.title().into());
        }
    }

    /// Names one of several files as what plays; `None`: the source has one name for all its time.
    pub(super) fn show_playing(&mut self, playing: Option<String>) {
        self.playing = playing;
        self.figures_at_ms = f64::NEG_INFINITY;
    }

    /// Shows what `frames` of ring are, where no output does.
    pub(super) fn show_limit(&mut self, frames: u64) {
        self.limit = frames;
        self.largest_limit = self.largest_limit.max(frames);
        let ms = 1e3 * frames as f64 / self.sample_rate();
        match self.facts {
            Some(_) => self.ring_ms.show(Ms(ms)),
            None => self.ring_ms.show(format_args!("{} at 48 kHz", Ms(ms))),
        }
    }

    /// Frames that the ring is shown to keep ahead.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// The report of the latest output so far, as if `scenario` had been run; `None` before there was any. `output`: as long as it is there.
    pub(super) fn report(&self, scenario: &Scenario, output: Option<&Output>) -> Option<Report> {
        // Of one that is closed this was kept.
        if let Some(output) = output {
            output.with_log(|events| self.run_log.borrow_mut().explain(events));
        }
        let facts = facts_of(
            self.facts.as_ref()?,
            self.largest_limit as usize,
            self.start_ms?,
            self.hidden_seconds,
        );
        Some(Report::new(scenario, &facts, &self.run_log.borrow(), &self.latest))
    }

    /// Where faults are recorded as they happen.
    pub(super) fn run_log(&self) -> SharedLog {
        self.run_log.clone()
    }

    /// For how long the latest output has put out sound, in seconds.
    pub(super) fn played_seconds(&self) -> f64 {
        self.latest.consumer.fresh as f64 / self.sample_rate()
    }

    /// Tells screen readers what may be told now.
    pub(super) fn announce(&mut self, now_ms: f64) {
        if let Some(news) = self.announcer.due(now_ms) {
            self.announcement.set_text_content(Some(&news));
        }
    }

    /// Draws the chart again in another size or other colours.
    pub(super) fn refresh(&mut self, now_ms: f64) -> Result<(), JsValue> {
        self.chart.refresh();
        self.draw(now_ms)
    }

    /// One look at `output`: reads it and writes what has changed.
    pub(super) fn look(&mut self, now_ms: f64, output: &Output, phase: Phase) -> Result<(), JsValue> {
        if now_ms - self.facts_at_ms >= FACTS_EVERY_MS || self.facts.is_none() {
            self.facts_at_ms = now_ms;
            let facts = output.facts();
            // With what the reader has taken out, where it takes whole blocks.
            let limit = facts.exchange.most_frames as u64;
            let first = self.facts.replace(facts).is_none();
            if first || limit != self.limit {
                self.show_limit(limit);
            }
        }
        let Some(facts) = &self.facts else { return Ok(()) };
        let sample_rate = f64::from(facts.sample_rate);
        // Both sides were busy: the next look is a sixtieth of a second away.
        if let Some(snapshot) = output.snapshot() {
            self.history.take(now_ms, &snapshot, facts.capacity);
            self.latest = snapshot;
        }
        if now_ms - self.figures_at_ms >= FIGURES_EVERY_MS || !phase.is_live() {
            self.figures_at_ms = now_ms;
            self.show_figures(phase);
        }
        if now_ms - self.details_at_ms >= DETAILS_EVERY_MS || !phase.is_live() {
            self.details_at_ms = now_ms;
            self.show_details(output, phase.is_live())?;
        }
        if now_ms - self.earlier[1].0 >= LOAD_SPAN_MS {
            self.earlier.swap(0, 1);
            self.earlier[1] = (now_ms, Some(self.latest.clone()));
        }
        self.announce_underruns(sample_rate);
        self.draw(now_ms)
    }

    /// All figures of one moment.
    fn show_figures(&mut self, phase: Phase) {
        let Some(facts) = &self.facts else { return };
        let sample_rate = f64::from(facts.sample_rate);
        let snapshot = &self.latest;
        let consumer = &snapshot.consumer;
        match phase.advice() {
            "" => self.now_playing.show(format_args!(
                "{}, {}",
                self.playing.as_ref().unwrap_or(&facts.source_name),
                Clock(consumer.fresh as f64 / sample_rate, 1)
            )),
            advice => self.now_playing.show(advice),
        }
        self.events.show(Grouped(consumer.underrun_events));
        self.frames.show(Grouped(consumer.underrun_frames));
        self.longest.show(Ms(1e3 * consumer.underrun_longest as f64 / sample_rate));
        self.overruns.show(Grouped(snapshot.producer.overrun_events));
        let counts = [
            consumer.underrun_events,
            consumer.underrun_frames,
            consumer.underrun_longest,
            snapshot.producer.overrun_events,
        ];
        for (alarm, count) in self.alarms.iter_mut().zip(counts) {
            alarm.show(if count > 0 { "true" } else { "false" });
        }
        let fill = snapshot.in_flight();
        self.fill_frames.show(Grouped(fill));
        self.fill_ms.show(Ms(1e3 * fill as f64 / sample_rate));
        let measured_from = self.earlier[0].1.as_ref();
        self.panels.show(&Figures {
            snapshot,
            facts,
            fill: self.history.fill_over(1000.0),
            load: measured_from.and_then(|earlier| snapshot.render_load(earlier)),
        });
        self.ledger.show(snapshot);
        let checked = facts.source_name == SourceSpec::Index.name();
        self.found.show(snapshot, checked, self.may_repeat);
    }

    /// What changes too often to be read at once, and costs more than a figure.
    fn show_details(&mut self, output: &Output, live: bool) -> Result<(), JsValue> {
        let snapshot = &self.latest;
        let Some(facts) = &self.facts else { return Ok(()) };
        let sample_rate = f64::from(facts.sample_rate);
        let injected = {
            let mut log = self.run_log.borrow_mut();
            log.look(snapshot);
            log.injected(|at_ms| at_ms)
        };
        self.records.show(&injected, self.east_minutes)?;
        if self.start_ms.is_none() && snapshot.consumer.fresh > 0 {
            self.start_ms = Some(epoch_ms() - 1e3 * snapshot.consumer.fresh as f64 / sample_rate);
        }
        self.histograms.show(
            snapshot,
            Around {
                limit: self.limit,
                callback: snapshot.callback_frames().map_or(0, |(common, _)| common),
                capacity: facts.capacity,
                sample_rate,
            },
        );
        output.with_log(|events| {
            self.losses.take(events);
            if !live {
                self.run_log.borrow_mut().explain(events);
            }
        });
        let sentences = self.sentences();
        self.losses.show(&mut self.history, sentences)?;
        let findings = output.findings();
        self.hidden_seconds = findings.hidden_seconds;
        self.verdicts.show(&verdicts(&findings))
    }

    fn sentences(&self) -> Sentences {
        Sentences {
            sample_rate: self.sample_rate(),
            east_minutes: self.east_minutes,
        }
    }

    /// Shows the losses again, of which somebody wants to see others.
    pub(super) fn show_losses(&mut self) -> Result<(), JsValue> {
        let sentences = self.sentences();
        self.losses.show(&mut self.history, sentences)
    }

    fn announce_underruns(&mut self, sample_rate: f64) {
        let consumer = &self.latest.consumer;
        if consumer.underrun_events > self.announced.1 {
            self.announced.1 = consumer.underrun_events;
            let lost = Ms(1e3 * consumer.underrun_frames as f64 / sample_rate);
            let news = format!("{}, {lost} lost", Many(consumer.underrun_events, "underrun"));
            self.announcer.offer(Topic::Underruns, news);
        }
    }

    fn draw(&mut self, now_ms: f64) -> Result<(), JsValue> {
        let lines = Lines {
            limit: self.limit,
            callback: self.latest.callback_frames().map(|(common, _)| common),
            capacity: self.facts.as_ref().map_or(16_384, |facts| facts.capacity),
            sample_rate: self.sample_rate(),
        };
        self.chart.draw(now_ms, &self.history, lines)
    }

    fn sample_rate(&self) -> f64 {
        self.facts.as_ref().map_or(ASSUMED_RATE, |facts| f64::from(facts.sample_rate))
    }
}
