//! The page's controls: what they say, and what happens when somebody uses them.

use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, HtmlButtonElement, HtmlInputElement, HtmlSelectElement, KeyboardEvent};

use super::choice::Choice;
use super::dom::{Mark, document, element, listen, now_ms, window};
use super::page::{Job, Lab};
use super::phase::Phase;
use crate::error::in_range;
use crate::web::{LatencyHint, OutputOptions, PageError};

/// Where the space bar has a meaning of its own.
const HAS_ITS_OWN_KEYS: &str = "button, input, select, textarea, a, summary, [contenteditable], .log";

/// The controls.
#[derive(Debug)]
pub(super) struct Controls {
    pub(super) choice: Choice,
    play: HtmlButtonElement,
    play_shows: std::cell::RefCell<(Mark, Mark)>,
    stop: HtmlButtonElement,
    volume: HtmlInputElement,
    ring_size: HtmlInputElement,
    ring_slider: HtmlInputElement,
    latency_hint: HtmlSelectElement,
    freezes: [(u32, HtmlButtonElement); 3],
    crash: HtmlButtonElement,
    kill: HtmlButtonElement,
}

impl Controls {
    pub(super) fn find() -> Result<Self, JsValue> {
        let play: HtmlButtonElement = element("play")?;
        let mark = |name| Mark::on(play.clone().into(), name);
        let controls = Controls {
            choice: Choice::find()?,
            play_shows: std::cell::RefCell::new((mark("data-shows"), mark("aria-label"))),
            play,
            stop: element("stop")?,
            volume: element("volume")?,
            ring_size: element("ring-size")?,
            ring_slider: element("ring-slider")?,
            latency_hint: element("latency-hint")?,
            freezes: [(20, element("freeze-20")?), (100, element("freeze-100")?), (500, element("freeze-500")?)],
            crash: element("crash")?,
            kill: element("kill")?,
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

    /// Everything that a new output needs to know.
    ///
    /// # Errors
    /// [`PageError`], when a control says what cannot be.
    pub(super) fn options(&self) -> Result<OutputOptions, PageError> {
        Ok(OutputOptions {
            source: self.choice.spec()?,
            buffer_frames: self.ring_frames()? as usize,
            latency_hint: match self.latency_hint.value().as_str() {
                "balanced" => LatencyHint::Balanced,
                "playback" => LatencyHint::Playback,
                _ => LatencyHint::Interactive,
            },
            volume: self.gain(),
            ..OutputOptions::default()
        })
    }

    /// Offers what can be done in `phase`.
    pub(super) fn show_phase(&self, phase: Phase, working: bool) {
        let (shows, label) = &mut *self.play_shows.borrow_mut();
        shows.show(if phase.plays() { "pause" } else { "play" });
        label.show(if phase.plays() { "Pause" } else { "Play" });
        let live = phase.is_live();
        let freezes = self.freezes.iter().map(|(_, button)| button);
        for button in freezes.chain([&self.crash, &self.kill]) {
            set_disabled(button, !live);
        }
        set_disabled(&self.stop, !(live || working || matches!(phase, Phase::Ended | Phase::Lost)));
    }
}

/// Disables or enables a button; leaves the page alone if it is so already.
fn set_disabled(button: &HtmlButtonElement, disabled: bool) {
    if button.disabled() != disabled {
        button.set_disabled(disabled);
    }
}

/// Colours a slider's track up to its thumb, for the browsers that cannot.
fn fill_track(slider: &HtmlInputElement) {
    let bound = |text: String| text.parse::<f64>().unwrap_or_default();
    let (min, max) = (bound(slider.min()), bound(slider.max()));
    let at = 100.0 * (slider.value_as_number() - min) / (max - min);
    let _ = slider.style().set_property("--at", &format!("{at:.1}%"));
}

/// Connects the controls with `lab`, for as long as the page lives.
pub(super) fn connect(lab: &Rc<Lab>) -> Result<(), JsValue> {
    connect_transport(lab)?;
    connect_source(lab)?;
    connect_ring(lab)?;
    connect_faults(lab)?;
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
    let on = lab.clone();
    listen(&choice.file, "change", move |_: Event| {
        if let Some(file) = on.controls.choice.file.files().and_then(|files| files.get(0)) {
            on.play_file(file);
        }
    })
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
    let on = lab.clone();
    listen(&controls.latency_hint, "change", move |_: Event| {
        if on.phase_now().is_live() {
            on.begin(Job::Start);
        }
    })
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
        if let Some(output) = on.output() {
            output.crash();
        }
    })?;
    let on = lab.clone();
    listen(&controls.kill, "click", move |_: Event| {
        if let Some(output) = on.output() {
            output.kill();
        }
    })
}

impl Lab {
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

    /// Plays a file that was picked or dropped, at once.
    pub(super) fn play_file(self: &Rc<Self>, file: web_sys::File) {
        self.controls.choice.pick(file);
        match self.controls.choice.spec() {
            Ok(source) if self.phase_now().is_live() => self.begin(Job::Source(source)),
            _ => self.begin(Job::Start),
        }
    }

    /// Gives the ring another size, in a ring that plays and for the next one.
    fn set_ring(&self, frames: u64) {
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
