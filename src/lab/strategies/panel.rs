//! The controls in `#how`: what they say and what they offer.

use std::cell::RefCell;

use serde_json::{Map, Value, json};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventTarget, HtmlElement, HtmlInputElement, HtmlOptionElement, HtmlSelectElement};

use super::words::about;
use crate::error::Decimal;
use crate::lab::dom::{document, element};
use crate::lab::presets::Preset;
use crate::lab::scenario::{Pace, Scenario, takes_block, takes_buffer};
use crate::strategy::Strategy;
use crate::web::PageError;

/// The controls.
#[derive(Debug)]
pub(in crate::lab) struct StrategyPanel {
    pub(super) preset: HtmlSelectElement,
    strategy: HtmlSelectElement,
    pace: HtmlSelectElement,
    conceal: HtmlSelectElement,
    queue_depth: HtmlInputElement,
    block_frames: HtmlInputElement,
    pace_period: HtmlInputElement,
    pace_jitter: HtmlInputElement,
    ask_quantum: HtmlInputElement,
    ask_rate: HtmlInputElement,
    fields: Fields,
    strategy_note: HtmlElement,
    preset_note: HtmlElement,
    good: RefCell<Said>,
}

/// What is there only while it says something.
#[derive(Debug)]
struct Fields {
    ring: HtmlElement,
    queue_depth: HtmlElement,
    block_frames: HtmlElement,
    pace_period: HtmlElement,
    pace_jitter: HtmlElement,
}

/// What the controls said at one time.
#[derive(Debug, Clone, Default)]
struct Said {
    selects: [String; 4],
    numbers: [String; 6],
}

impl StrategyPanel {
    /// Finds the controls and fills the list of presets.
    pub(in crate::lab) fn find() -> Result<Self, JsValue> {
        let panel = StrategyPanel {
            preset: element("preset")?,
            strategy: element("strategy")?,
            pace: element("pace")?,
            conceal: element("conceal")?,
            queue_depth: element("queue-depth")?,
            block_frames: element("block-frames")?,
            pace_period: element("pace-period")?,
            pace_jitter: element("pace-jitter")?,
            ask_quantum: element("ask-quantum")?,
            ask_rate: element("ask-rate")?,
            fields: Fields {
                ring: element("ring-field")?,
                queue_depth: element("queue-depth-field")?,
                block_frames: element("block-frames-field")?,
                pace_period: element("pace-period-field")?,
                pace_jitter: element("pace-jitter-field")?,
            },
            strategy_note: element("strategy-note")?,
            preset_note: element("preset-note")?,
            good: RefCell::default(),
        };
        for preset in Preset::ALL {
            let option: HtmlOptionElement = document()?.create_element("option")?.unchecked_into();
            option.set_value(preset.id);
            option.set_text_content(Some(preset.title));
            panel.preset.append_child(&option)?;
        }
        // A reloaded page keeps what was chosen; what was a preset then need not be one now.
        panel.preset.set_value("");
        panel.show_fields();
        panel.keep();
        Ok(panel)
    }

    fn selects(&self) -> [&HtmlSelectElement; 4] {
        [&self.preset, &self.strategy, &self.pace, &self.conceal]
    }

    fn numbers(&self) -> [&HtmlInputElement; 6] {
        [
            &self.queue_depth,
            &self.block_frames,
            &self.pace_period,
            &self.pace_jitter,
            &self.ask_quantum,
            &self.ask_rate,
        ]
    }

    /// All controls but the list of presets.
    pub(super) fn controls(&self) -> impl Iterator<Item = &EventTarget> {
        let selects = self.selects().into_iter().skip(1).map(AsRef::as_ref);
        selects.chain(self.numbers().into_iter().map(AsRef::as_ref))
    }

    /// The strategy chosen.
    pub(in crate::lab) fn strategy(&self) -> Strategy {
        Strategy::from_name(&self.strategy.value()).unwrap_or_default()
    }

    /// Whether the ring's control says anything.
    pub(in crate::lab) fn takes_buffer(&self) -> bool {
        takes_buffer(self.strategy())
    }

    /// The preset that is chosen and, as far as anybody knows, still holds.
    pub(super) fn preset(&self) -> Option<&'static Preset> {
        Preset::by_id(&self.preset.value())
    }

    /// The controls say something else than the preset by now.
    pub(super) fn forget_preset(&self) {
        self.preset.set_value("");
        self.show_fields();
    }

    /// Shows the fields that say something, and what is chosen in words.
    pub(super) fn show_fields(&self) {
        let strategy = self.strategy();
        self.fields.ring.set_hidden(!takes_buffer(strategy));
        self.fields.queue_depth.set_hidden(strategy != Strategy::Queue);
        self.fields.block_frames.set_hidden(!takes_block(strategy));
        let timer = self.pace.value() == "timer";
        self.fields.pace_period.set_hidden(!timer);
        self.fields.pace_jitter.set_hidden(!timer);
        self.strategy_note.set_text_content(Some(about(strategy)));
        let preset = self.preset();
        self.preset_note.set_hidden(preset.is_none());
        self.preset_note.set_text_content(preset.map(|preset| preset.shows));
    }

    /// What is said about the strategy, as fields of a scenario; `ring`: the ring's control, where that is there; `pace`: what the faults need.
    pub(in crate::lab) fn scenario(
        &self,
        ring: impl FnOnce() -> Result<u64, PageError>,
        pace: Pace,
    ) -> Result<Map<String, Value>, PageError> {
        let strategy = self.strategy();
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.into(), value);
        put("strategy", strategy.name().into());
        if strategy == Strategy::Queue {
            put("queueDepth", number(&self.queue_depth));
        }
        if takes_buffer(strategy) {
            put("bufferFrames", ring()?.into());
        }
        if takes_block(strategy) {
            put("blockFrames", number(&self.block_frames));
        }
        let pace = match self.pace.value().as_str() {
            "timer" => json!({ "kind": "timer", "periodMs": number(&self.pace_period), "jitterMs": number(&self.pace_jitter) }),
            _ => json!(pace),
        };
        put("pace", pace);
        put("conceal", self.conceal.value().into());
        put("renderQuantum", number(&self.ask_quantum));
        put("sampleRate", number(&self.ask_rate));
        Ok(fields)
    }

    /// Frames of a block, where somebody says how many.
    pub(in crate::lab) fn block_given(&self) -> Option<f64> {
        let given = self.block_frames.value().trim().parse().ok();
        given.filter(|_| takes_block(self.strategy()))
    }

    /// Shows what `scenario` says. What is as it is when nobody says is left open.
    pub(in crate::lab) fn show(&self, scenario: &Scenario) {
        let strategy = scenario.strategy;
        self.strategy.set_value(strategy.name());
        self.conceal.set_value(scenario.conceal.name());
        let depth = scenario.queue_depth.unwrap_or(Strategy::DEFAULT_DEPTH);
        self.queue_depth.set_value(&depth.to_string());
        let block = Some(scenario.block_frames).filter(|_| takes_block(strategy) && !is_default_block(scenario));
        show_number(&self.block_frames, block.map(|frames| frames as f64));
        let (kind, period_ms, jitter_ms) = match scenario.pace {
            Pace::Demand => ("demand", None, 0.0),
            Pace::Timer { period_ms, jitter_ms } => ("timer", period_ms, jitter_ms),
        };
        self.pace.set_value(kind);
        show_number(&self.pace_period, period_ms);
        show_number(&self.pace_jitter, Some(jitter_ms));
        show_number(&self.ask_quantum, scenario.render_quantum.map(f64::from));
        show_number(&self.ask_rate, scenario.sample_rate);
        self.show_fields();
    }

    /// What the controls say holds.
    pub(in crate::lab) fn keep(&self) {
        *self.good.borrow_mut() = Said {
            selects: self.selects().map(HtmlSelectElement::value),
            numbers: self.numbers().map(HtmlInputElement::value),
        };
    }

    /// What the controls say cannot be had: back to what held.
    pub(in crate::lab) fn restore(&self) {
        let good = self.good.borrow();
        for (select, value) in self.selects().into_iter().zip(&good.selects) {
            select.set_value(value);
        }
        for (input, value) in self.numbers().into_iter().zip(&good.numbers) {
            input.set_value(value);
        }
        self.show_fields();
    }
}

/// Whether a scenario that says nothing of its block has the same one.
fn is_default_block(scenario: &Scenario) -> bool {
    let mut fields = Map::new();
    fields.insert("strategy".into(), scenario.strategy.name().into());
    if takes_buffer(scenario.strategy) {
        fields.insert("bufferFrames".into(), scenario.buffer_frames.into());
    }
    Scenario::from_value(&fields.into()).is_ok_and(|same| same.block_frames == scenario.block_frames)
}

/// What stands in a field, as a scenario takes it. Nothing stands for nothing; so does what is no number, which the browser does not hand out.
fn number(input: &HtmlInputElement) -> Value {
    match input.value().trim().parse::<f64>() {
        // So that messages say 63, not 63.0.
        Ok(whole) if whole.fract() == 0.0 && whole.abs() < 9e15 => (whole as i64).into(),
        Ok(number) => number.into(),
        Err(_) => Value::Null,
    }
}

fn show_number(input: &HtmlInputElement, number: Option<f64>) {
    let text = number.map(|number| Decimal(number).to_string());
    input.set_value(&text.unwrap_or_default());
}
