//! Listening to any two cells: one at a time, as loud as each other, and blind if wanted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Float32Array;
use serde_json::json;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlSelectElement};

use super::abx::{Series, Side, TRIALS};
use super::drive::{cores, tapped};
use super::level::{Match, rms};
use super::paint;
use super::panel::Panel;
use super::plan::Plan;
use super::result::Listened;
use crate::lab::controls::set_disabled;
use crate::lab::dom::{element, epoch_ms, listen, sleep};
use crate::lab::format::sentence;
use crate::lab::page::Lab;
use crate::lab::run::{Hogs, Jank, SharedLog, options};
use crate::lab::scenario::{Scenario, Stress};
use crate::web::SourceSpec;
use crate::web::page::Output;

/// Samples of which a level is measured, the most that an analyser keeps, and after how many seconds of sound.
const LEVEL_SAMPLES: u32 = 32_768;
const LEVEL_SECONDS: f64 = 1.0;
/// Between two looks whether there is so much, in ms; and how many looks without anything are waited for.
const LEVEL_LOOK_MS: f64 = 20.0;
const LEVEL_LOOKS: usize = 1500;
/// How long one may be listened to at a stretch, in seconds, as a scenario wants it; nothing ends it earlier or later.
const STRETCH_SECONDS: f64 = 3600.0;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// One of the two.
    Side(Side),
    /// The unknown one.
    X,
}

/// One that is heard.
struct Playing {
    output: Output,
    side: Side,
    /// Faults of the page's own: dropped, and so ended, with this.
    _faults: (Option<Jank>, Option<Hogs>),
}

/// A level that was measured: of which cell, source and faults.
type Level = ((String, String, &'static str), f64);

/// The part of the panel that plays.
pub(super) struct Listening {
    lab: Rc<Lab>,
    cells: [HtmlSelectElement; 2],
    play: [(Which, HtmlButtonElement); 3],
    stop: HtmlButtonElement,
    said: HtmlElement,
    trials: HtmlInputElement,
    blind: HtmlButtonElement,
    answers: [(Side, HtmlButtonElement); 2],
    blind_said: HtmlElement,
    /// The plan whose cells are offered.
    plan: RefCell<Option<Plan>>,
    playing: RefCell<Option<Playing>>,
    levels: RefCell<Vec<Level>>,
    series: RefCell<Option<Series>>,
    /// Grows when what is being started is not wanted any more.
    token: Cell<u32>,
    /// Whether it may be used now.
    offered: Cell<bool>,
    /// Whether levels are being measured for a blind series.
    preparing: Cell<bool>,
}

impl Listening {
    pub fn find(lab: &Rc<Lab>) -> Result<Listening, JsValue> {
        Ok(Listening {
            lab: lab.clone(),
            cells: [element("listen-a-cell")?, element("listen-b-cell")?],
            play: [
                (Which::Side(Side::A), element("listen-a")?),
                (Which::Side(Side::B), element("listen-b")?),
                (Which::X, element("listen-x")?),
            ],
            stop: element("listen-stop")?,
            said: element("listen-said")?,
            trials: element("abx-trials")?,
            blind: element("abx-start")?,
            answers: [(Side::A, element("abx-is-a")?), (Side::B, element("abx-is-b")?)],
            blind_said: element("abx-said")?,
            plan: RefCell::new(None),
            playing: RefCell::new(None),
            levels: RefCell::default(),
            series: RefCell::new(None),
            token: Cell::new(0),
            offered: Cell::new(true),
            preparing: Cell::new(false),
        })
    }

    /// The page that it is a part of.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Connects the buttons of `panel`.
    pub fn connect(panel: &Rc<Panel>) -> Result<(), JsValue> {
        let it = panel.listening();
        for (which, button) in &it.play {
            let (on, which) = (panel.clone(), *which);
            listen(button, "click", move |_: Event| {
                let on = on.clone();
                spawn_local(async move {
                    hear(&on, which).await;
                });
            })?;
        }
        let on = panel.clone();
        listen(&it.stop, "click", move |_: Event| {
            let on = on.clone();
            spawn_local(async move {
                on.listening().hush().await;
                on.listening().say("Stopped.");
            });
        })?;
        let on = panel.clone();
        listen(&it.blind, "click", move |_: Event| {
            if on.listening().is_blind() {
                on.listening().give_up();
            } else {
                let on = on.clone();
                spawn_local(async move { begin_series(&on).await });
            }
        })?;
        for (side, button) in &it.answers {
            let (on, side) = (panel.clone(), *side);
            listen(button, "click", move |_: Event| answer(&on, side))?;
        }
        for cell in &it.cells {
            let on = panel.clone();
            listen(cell, "change", move |_: Event| {
                let on = on.clone();
                spawn_local(async move { on.listening().hush().await });
            })?;
        }
        let on = panel.clone();
        listen(&it.lab.controls.volume, "input", move |_: Event| on.listening().set_gain(&on))?;
        it.show();
        Ok(())
    }

    /// Offers the cells of `plan` that can be run.
    pub fn offer_cells(&self, plan: &Plan) {
        let labels: Vec<&str> = plan
            .cells
            .iter()
            .filter(|cell| cell.refused.is_none())
            .map(|cell| cell.label.as_str())
            .collect();
        let html = paint::options(labels.iter().copied());
        for (nth, select) in self.cells.iter().enumerate() {
            let before = select.value();
            select.set_inner_html(&html);
            if labels.contains(&before.as_str()) {
                select.set_value(&before);
            } else if let Some(label) = labels.get(nth) {
                select.set_value(label);
            }
        }
        self.plan.replace(Some(plan.clone()));
    }

    /// Whether it may be used.
    pub fn offer(&self, offered: bool) {
        self.offered.set(offered);
        self.show();
    }

    /// Ends what is heard or being started. Resolves when it is silent.
    pub async fn hush(&self) {
        self.next();
        self.close().await;
    }

    async fn close(&self) {
        let playing = self.playing.take();
        self.show();
        if let Some(playing) = playing {
            playing.output.close().await;
        }
    }

    /// Makes what is being started unwanted.
    fn next(&self) -> u32 {
        self.token.set(self.token.get().wrapping_add(1));
        self.token.get()
    }

    fn is_blind(&self) -> bool {
        self.series.borrow().is_some() || self.preparing.get()
    }

    fn labels(&self) -> [String; 2] {
        [self.cells[0].value(), self.cells[1].value()]
    }

    fn give_up(&self) {
        self.series.take();
        self.preparing.set(false);
        self.next();
        self.blind_said
            .set_text_content(Some("Series ended before its last trial: it counts for nothing."));
        self.show();
    }

    /// Offers what can be done now.
    fn show(&self) {
        let (offered, in_series) = (self.offered.get(), self.series.borrow().is_some());
        let preparing = self.preparing.get();
        for (which, button) in &self.play {
            let there = offered && !preparing && (*which != Which::X || in_series);
            set_disabled(button, !there);
            button.set_hidden(*which == Which::X && !in_series);
        }
        for (_, button) in &self.answers {
            button.set_hidden(!in_series);
            set_disabled(button, !offered || !in_series);
        }
        set_disabled(&self.stop, self.playing.borrow().is_none());
        set_disabled(&self.blind, !offered);
        let text = if self.is_blind() {
            "End the series"
        } else {
            "Start a blind series"
        };
        if self.blind.text_content().as_deref() != Some(text) {
            self.blind.set_text_content(Some(text));
        }
        let fixed = self.is_blind() || !offered;
        self.cells.iter().for_each(|select| select.set_disabled(fixed));
        self.trials.set_disabled(fixed);
    }

    /// Marks what is heard; nothing, when nothing is.
    fn mark(&self, heard: Option<Which>) {
        for (which, button) in &self.play {
            let pressed = if heard == Some(*which) { "true" } else { "false" };
            // A constant, valid name: cannot fail.
            let _ = button.set_attribute("aria-pressed", pressed);
        }
    }

    fn say(&self, text: &str) {
        self.said.set_text_content(Some(text));
    }

    /// What the source controls say, and its name.
    fn source(&self) -> Result<(SourceSpec, String), String> {
        let source = self.lab.controls.choice.spec().map_err(|error| error.to_string())?;
        if source == SourceSpec::Index {
            return Err("the index signal is silent: choose another source above".into());
        }
        let name = source.name();
        Ok((source, name))
    }

    fn level_key(&self, panel: &Panel, label: &str) -> (String, String, &'static str) {
        let source = self.source().map(|(_, name)| name).unwrap_or_default();
        (label.to_owned(), source, panel.faults().name())
    }

    fn level(&self, panel: &Panel, label: &str) -> Option<f64> {
        let key = self.level_key(panel, label);
        let levels = self.levels.borrow();
        levels.iter().find(|(of, _)| *of == key).map(|(_, level)| *level)
    }

    /// How the two are corrected, once both levels are known.
    fn matched(&self, panel: &Panel) -> Option<Match> {
        let [a, b] = self.labels().map(|label| self.level(panel, &label));
        Match::of([a?, b?])
    }

    fn set_gain(&self, panel: &Panel) {
        if let Some(playing) = &*self.playing.borrow() {
            let gain = self.matched(panel).map_or(1.0, |matched| matched.gains[playing.side.index()]);
            playing.output.set_volume(self.lab.controls.gain() * gain as f32);
        }
    }

    /// Starts the cell of `side`.
    async fn start(&self, panel: &Panel, side: Side) -> Result<Playing, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let label = &self.labels()[side.index()];
        let plan = self.plan.borrow().clone();
        let cells = plan.map(|plan| plan.cells).unwrap_or_default();
        let cell = cells.iter().find(|cell| cell.label == *label).ok_or("choose a cell first")?;
        let stress = panel.faults().stress(cores().unwrap_or(4));
        let scenario = cell
            .with(json!({ "kind": "sine" }), STRETCH_SECONDS, &stress)
            .map_err(|error| said(&error))?;
        let mut options = options(&scenario).map_err(|error| said(&error))?;
        options.source = self.source()?.0;
        let gain = self.matched(panel).map_or(1.0, |matched| matched.gains[side.index()]);
        options.volume = self.lab.controls.gain() * gain as f32;
        let output = Output::start(options).await.map_err(|error| said(&error))?;
        match faults(&scenario).await {
            Ok(faults) => Ok(Playing {
                output,
                side,
                _faults: faults,
            }),
            Err(why) => {
                output.close().await;
                Err(why)
            }
        }
    }

    /// Measures the level of what is heard, unless it is known; false when it ended before it was.
    async fn measure(&self, panel: &Panel, token: u32) -> bool {
        let Some((output, side)) = self.playing.borrow().as_ref().map(|playing| (playing.output.clone(), playing.side)) else {
            return false;
        };
        let label = self.labels()[side.index()].clone();
        if self.level(panel, &label).is_some() {
            return true;
        }
        let key = self.level_key(panel, &label);
        let Some(analyser) = tapped(&output, LEVEL_SAMPLES) else {
            return false;
        };
        let enough = (LEVEL_SECONDS * f64::from(output.facts().sample_rate)).max(f64::from(LEVEL_SAMPLES)) as u64;
        for _ in 0..LEVEL_LOOKS {
            if self.token.get() != token {
                return false;
            }
            if output.snapshot().is_some_and(|snapshot| snapshot.consumer.fresh >= enough) {
                // An array of its own: browsers write into no memory that is shared, and this module's is.
                let samples = Float32Array::new_with_length(analyser.fft_size());
                analyser.get_float_time_domain_data_with_f32_array(&samples);
                self.levels.borrow_mut().push((key, rms(&samples.to_vec())));
                self.set_gain(panel);
                return true;
            }
            sleep(LEVEL_LOOK_MS).await;
        }
        false
    }

    /// What is said of the levels.
    fn levels_told(&self, panel: &Panel) -> String {
        match self.matched(panel) {
            Some(matched) => matched.told(),
            None => "Levels are matched once each was heard for a second.".into(),
        }
    }
}

/// The page's own part of the scenario's faults.
async fn faults(scenario: &Scenario) -> Result<(Option<Jank>, Option<Hogs>), String> {
    // Nobody reads what is recorded here.
    let log = SharedLog::default();
    let (mut jank, mut hogs) = (None, None);
    for fault in &scenario.stress {
        match *fault {
            Stress::Jank { ms, every_ms } => jank = Some(Jank::start(ms, every_ms, epoch_ms(), log.clone())),
            Stress::Hogs { count } => hogs = Some(Hogs::start(count, log.clone()).await?),
            _ => {}
        }
    }
    Ok((jank, hogs))
}

/// Plays `which`, in place of whatever is heard. True when its level is known.
async fn hear(panel: &Rc<Panel>, which: Which) -> bool {
    let it = panel.listening();
    if panel.is_taken() {
        it.say("Not while a run is on.");
        return false;
    }
    let side = match (which, &*it.series.borrow()) {
        (Which::Side(side), _) => side,
        (Which::X, Some(series)) => series.x(),
        (Which::X, None) => return false,
    };
    let token = it.next();
    it.close().await;
    it.lab.silence().await;
    if it.token.get() != token {
        return false;
    }
    match it.start(panel, side).await {
        // Something else is wanted by now.
        Ok(playing) if it.token.get() != token || panel.is_taken() => {
            playing.output.close().await;
            return false;
        }
        Ok(playing) => {
            it.playing.replace(Some(playing));
        }
        Err(why) => {
            it.mark(None);
            it.say(&sentence(&why));
            return false;
        }
    }
    it.mark(Some(which));
    it.show();
    let name = match which {
        Which::Side(side) => format!("{side:?}, {}, plays", it.labels()[side.index()]),
        Which::X => "X plays".into(),
    };
    it.say(&format!("{name}. {}", it.levels_told(panel)));
    let known = it.measure(panel, token).await;
    if known {
        it.say(&format!("{name}. {}", it.levels_told(panel)));
    }
    known
}

/// Measures both levels, not blind, and begins a series.
async fn begin_series(panel: &Rc<Panel>) {
    let it = panel.listening();
    let tell = |text: &str| it.blind_said.set_text_content(Some(text));
    let [a, b] = it.labels();
    if a == b {
        return tell("Choose two different cells: nobody can tell a cell from itself.");
    }
    if let Err(why) = it.source() {
        return tell(&sentence(&why));
    }
    it.preparing.set(true);
    it.show();
    for side in [Side::A, Side::B] {
        if it.level(panel, &it.labels()[side.index()]).is_none() {
            tell(&format!("First {side:?} for a second, not blind: how loud it is."));
            let known = hear(panel, Which::Side(side)).await;
            if !it.preparing.get() {
                return;
            }
            if !known {
                it.preparing.set(false);
                it.show();
                return tell("No series: the levels could not be measured.");
            }
        }
    }
    it.hush().await;
    it.mark(None);
    if !it.preparing.replace(false) {
        return;
    }
    let Some(matched) = it.matched(panel) else {
        it.show();
        return tell("No series: one of the two was silent.");
    };
    let trials = it.trials.value().trim().parse().unwrap_or(10.0_f64).round();
    let trials = trials.clamp(*TRIALS.start() as f64, *TRIALS.end() as f64) as u64;
    it.trials.set_value(&trials.to_string());
    // Whoever listens must not be able to know it: not from the clock, say.
    let seed = (js_sys::Math::random() * 2_f64.powi(53)) as u64;
    it.series.replace(Some(Series::new(trials, seed)));
    it.show();
    tell(&format!("Trial 1 of {trials}. {}", matched.told()));
}

/// Somebody says what X is.
fn answer(panel: &Rc<Panel>, side: Side) {
    let it = panel.listening();
    let (outcome, place) = match &mut *it.series.borrow_mut() {
        Some(series) => (series.answer(side), series.place()),
        None => return,
    };
    let on = panel.clone();
    // The next X is another one: what is heard now is not it.
    spawn_local(async move { on.listening().hush().await });
    it.mark(None);
    let Some(outcome) = outcome else {
        return it.blind_said.set_text_content(Some(&format!("Trial {} of {}.", place.0, place.1)));
    };
    it.series.take();
    let [a, b] = it.labels();
    panel.listened(Listened {
        a,
        b,
        source: it.source().map(|(_, name)| name).unwrap_or_default(),
        level_db: it.matched(panel).map(|matched| matched.b_louder_db),
        outcome,
    });
    it.blind_said.set_text_content(Some(&outcome.verdict()));
    it.show();
}
