//! The page's controls: what they say and what they offer.

use std::cell::RefCell;

use serde_json::{Map, Value};
use wasm_bindgen::JsValue;
use web_sys::{HtmlButtonElement, HtmlInputElement, HtmlSelectElement};

use super::choice::Choice;
use super::dom::{Mark, element};
use super::faults::FaultPanel;
use super::phase::Phase;
use super::run::output_options;
use super::scenario::{Hint, Scenario};
use super::strategies::StrategyPanel;
use crate::error::in_range;
use crate::web::{OutputOptions, PageError};

/// The controls.
#[derive(Debug)]
pub(super) struct Controls {
    pub(super) choice: Choice,
    pub(super) play: HtmlButtonElement,
    play_shows: RefCell<(Mark, Mark)>,
    pub(super) stop: HtmlButtonElement,
    pub(super) volume: HtmlInputElement,
    pub(super) ring_size: HtmlInputElement,
    pub(super) ring_slider: HtmlInputElement,
    pub(super) latency_hint: HtmlSelectElement,
    pub(super) strategies: StrategyPanel,
    pub(super) freezes: [(u32, HtmlButtonElement); 3],
    pub(super) crash: HtmlButtonElement,
    pub(super) kill: HtmlButtonElement,
    pub(super) suspend: HtmlButtonElement,
    pub(super) suspend_ms: HtmlInputElement,
    pub(super) faults: FaultPanel,
    pub(super) faults_off: HtmlButtonElement,
    pub(super) timeline: HtmlInputElement,
    /// What the controls said that a preset has changed and no other control keeps, until it plays.
    before: RefCell<Option<Scenario>>,
}

impl Controls {
    pub(super) fn find() -> Result<Self, JsValue> {
        let play: HtmlButtonElement = element("play")?;
        let mark = |name| Mark::on(play.clone().into(), name);
        let controls = Controls {
            choice: Choice::find()?,
            play_shows: RefCell::new((mark("data-shows"), mark("aria-label"))),
            play,
            stop: element("stop")?,
            volume: element("volume")?,
            ring_size: element("ring-size")?,
            ring_slider: element("ring-slider")?,
            latency_hint: element("latency-hint")?,
            freezes: [
                (20, element("freeze-20")?),
                (100, element("freeze-100")?),
                (500, element("freeze-500")?),
            ],
            crash: element("crash")?,
            kill: element("kill")?,
            suspend: element("suspend")?,
            suspend_ms: element("suspend-ms")?,
            faults: FaultPanel::make()?,
            faults_off: element("faults-off")?,
            timeline: element("timeline")?,
            strategies: StrategyPanel::find()?,
            before: RefCell::default(),
        };
        fill_track(&controls.volume);
        controls.show_ring(controls.ring_frames().unwrap_or(2048));
        controls.play.set_disabled(false);
        Ok(controls)
    }

    /// Gain that the volume control asks for: its square, which is closer to what loudness means than a straight line.
    pub(super) fn gain(&self) -> f32 {
        let share = self.volume.value_as_number() as f32 / 100.0;
        share * share
    }

    /// Frames that the ring's control asks for.
    ///
    /// # Errors
    /// [`PageError::Engine`], out of range or no number.
    pub(super) fn ring_frames(&self) -> Result<u64, PageError> {
        let frames = self.ring_size.value().trim().parse().unwrap_or(f64::NAN).round();
        let (min, max) = (OutputOptions::MIN_BUFFER as f64, OutputOptions::MAX_BUFFER as f64);
        Ok(in_range("the ring's size", frames, min, max, " frames")? as u64)
    }

    /// Shows `frames` as the ring's size.
    pub(super) fn show_ring(&self, frames: u64) {
        self.ring_size.set_value(&frames.to_string());
        self.ring_slider.set_value_as_number((frames as f64).log2());
        let _ = self.ring_slider.set_attribute("aria-valuetext", &format!("{frames} frames"));
        fill_track(&self.ring_slider);
    }

    /// Everything that a new output needs to know, but for its faults.
    ///
    /// # Errors
    /// [`PageError`], when a control says what cannot be.
    pub(super) fn options(&self) -> Result<OutputOptions, PageError> {
        let source = self.choice.spec()?;
        self.ring_frames()?;
        // The faults are caused once it plays, and what cannot be caused is refused where it is switched on.
        let scenario = Scenario::from_value(&self.asked()?.into()).map_err(|refusal| PageError::Option {
            name: "scenario".into(),
            problem: format!("cannot be played: {refusal}"),
        })?;
        let block_given = self.strategies.block_given().is_some();
        let options = output_options(&scenario, source);
        Ok(OutputOptions {
            // One that nobody gave follows the ring's size.
            block_frames: options.block_frames.filter(|_| block_given),
            volume: self.gain(),
            timeline: self.timeline.checked(),
            ..options
        })
    }

    /// What the controls say but for source and faults, as fields of a scenario.
    fn asked(&self) -> Result<Map<String, Value>, PageError> {
        let mut scenario = self.strategies.scenario(|| self.ring_frames(), self.faults.pace())?;
        scenario.insert("latencyHint".into(), self.latency_hint.value().into());
        Ok(scenario)
    }

    /// What the controls say as a scenario of `seconds`, faults included, and whether that says all.
    ///
    /// # Errors
    /// In words, what a scenario cannot say.
    pub(super) fn scenario(&self, seconds: f64) -> Result<(Scenario, bool), String> {
        let (source, whole) = self.choice.scenario();
        let mut scenario = self.asked().map_err(|error| error.to_string())?;
        scenario.insert("source".into(), source);
        scenario.insert("seconds".into(), seconds.into());
        scenario.insert("stress".into(), self.faults.stress());
        let scenario = Scenario::from_value(&scenario.into()).map_err(|refusal| refusal.to_string())?;
        Ok((scenario, whole))
    }

    /// Whether what the controls say can be played, faults included, whatever the source.
    ///
    /// # Errors
    /// In words, why not.
    pub(super) fn possible(&self) -> Result<(), String> {
        let mut scenario = self.asked().map_err(|error| error.to_string())?;
        scenario.insert("stress".into(), self.faults.stress());
        Scenario::from_value(&scenario.into())
            .map(drop)
            .map_err(|refusal| refusal.to_string())
    }

    /// Whether a ring of `frames` holds the block that was asked for, if one was.
    ///
    /// # Errors
    /// In words, why not.
    pub(super) fn holds_block(&self, frames: u64) -> Result<(), String> {
        let mut scenario = Map::new();
        scenario.insert("bufferFrames".into(), frames.into());
        scenario.insert("blockFrames".into(), self.strategies.block_given().map(|block| block as u64).into());
        Scenario::from_value(&scenario.into())
            .map(drop)
            .map_err(|refusal| refusal.to_string())
    }

    /// Shows what `scenario` says, in every control.
    pub(super) fn fill(&self, scenario: &Scenario) {
        self.before.replace(self.scenario(1.0).ok().map(|(before, _)| before));
        self.choice.show(&scenario.source);
        self.show_scenario(scenario);
    }

    /// Shows what `scenario` says, but for the source.
    pub(super) fn show_scenario(&self, scenario: &Scenario) {
        self.strategies.show(scenario);
        if self.strategies.takes_buffer() {
            self.show_ring(scenario.buffer_frames as u64);
        }
        match scenario.latency_hint {
            Hint::Interactive => self.latency_hint.set_value("interactive"),
            Hint::Balanced => self.latency_hint.set_value("balanced"),
            Hint::Playback => self.latency_hint.set_value("playback"),
            // No choice of the page's.
            Hint::Seconds(_) => {}
        }
        self.faults.show(&scenario.stress);
    }

    /// What the controls say plays.
    pub(super) fn keep(&self) {
        self.choice.keep();
        self.strategies.keep();
        self.before.take();
    }

    /// What the controls say cannot be played: back to what did.
    pub(super) fn restore(&self) {
        if let Some(before) = self.before.take() {
            self.show_scenario(&before);
        }
        self.choice.restore();
        self.strategies.restore();
    }

    /// Offers what can be done in `phase`.
    pub(super) fn show_phase(&self, phase: Phase, working: bool) {
        let (shows, label) = &mut *self.play_shows.borrow_mut();
        shows.show(if phase.plays() { "pause" } else { "play" });
        label.show(if phase.plays() { "Pause" } else { "Play" });
        let live = phase.is_live();
        let freezes = self.freezes.iter().map(|(_, button)| button);
        for button in freezes.chain([&self.crash, &self.suspend]) {
            set_disabled(button, !live);
        }
        set_disabled(&self.kill, !(live && self.strategies.strategy().has_worker()));
        set_disabled(&self.stop, !(live || working || matches!(phase, Phase::Ended | Phase::Lost)));
    }
}

/// Disables or enables a button; leaves the page alone if it is so already.
pub(super) fn set_disabled(button: &HtmlButtonElement, disabled: bool) {
    if button.disabled() != disabled {
        button.set_disabled(disabled);
    }
}

/// Colours a slider's track up to its thumb, for the browsers that cannot.
pub(super) fn fill_track(slider: &HtmlInputElement) {
    let bound = |text: String| text.parse::<f64>().unwrap_or_default();
    let (min, max) = (bound(slider.min()), bound(slider.max()));
    let at = 100.0 * (slider.value_as_number() - min) / (max - min);
    let _ = slider.style().set_property("--at", &format!("{at:.1}%"));
}
