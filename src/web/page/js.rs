//! The same output for pages written in JavaScript.

use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;
use web_sys::AudioNode;

use super::{Output, OutputOptions, OutputState};
use crate::ledger::{DroppedBy, SilentBy, Snapshot};
#[cfg(feature = "faults")]
use crate::web::faults::faults;
use crate::web::options::{object, source};

#[wasm_bindgen]
impl Output {
    /// Starts an output; see the README for the options. Rejects with a `NoxrunError` that has a `code`.
    #[wasm_bindgen(js_name = start)]
    pub async fn start_js(options: JsValue) -> Result<Output, JsValue> {
        Ok(Output::start(OutputOptions::from_js(&options)?).await?)
    }

    /// "starting", "blocked", "running", "paused", "suspended", "interrupted", "ended", "lost" or "closed".
    #[wasm_bindgen(getter, js_name = state)]
    pub fn state_js(&self) -> String {
        match self.state() {
            OutputState::Starting => "starting",
            OutputState::Blocked => "blocked",
            OutputState::Running => "running",
            OutputState::Paused => "paused",
            OutputState::Suspended => "suspended",
            OutputState::Interrupted => "interrupted",
            OutputState::Ended => "ended",
            OutputState::Lost(_) => "lost",
            OutputState::Closed => "closed",
        }
        .into()
    }

    /// The node, to be connected elsewhere too (it is connected to the context's destination, through a gain).
    #[wasm_bindgen(getter)]
    pub fn node(&self) -> AudioNode {
        self.audio_node().clone().into()
    }

    /// Pauses (fades out) or resumes.
    #[wasm_bindgen(js_name = setPaused)]
    pub fn set_paused_js(&self, paused: bool) {
        self.set_paused(paused);
        if !paused {
            self.resume();
        }
    }

    /// Gain, 0.0 to 1.0.
    #[wasm_bindgen(js_name = setVolume)]
    pub fn set_volume_js(&self, gain: f32) {
        self.set_volume(gain);
    }

    /// Frames that the producer keeps ahead, 64 to 16,384.
    #[wasm_bindgen(js_name = setBufferFrames)]
    pub fn set_buffer_frames_js(&self, frames: usize) -> Result<(), JsValue> {
        Ok(self.set_buffer_frames(frames)?)
    }

    /// Plays another source. Rejects, and plays on, when it cannot be opened.
    #[wasm_bindgen(js_name = setSource)]
    pub fn set_source_js(&self, spec: JsValue) -> Promise {
        let output = self.clone();
        future_to_promise(async move { Ok(output.set_source(source(&spec)?).await.map(|()| JsValue::UNDEFINED)?) })
    }

    /// Causes these faults from now on and no others, each {kind, …} as in the option `faults`; see `docs/faults.md`. Rejects, and leaves them as they were, when one is refused.
    #[cfg(feature = "faults")]
    #[wasm_bindgen(js_name = setFaults)]
    pub fn set_faults_js(&self, list: JsValue) -> Promise {
        let output = self.clone();
        future_to_promise(async move { Ok(output.set_faults(faults(&list)?).await.map(|()| JsValue::UNDEFINED)?) })
    }

    /// The producer stands still for `ms`: to hear what an underrun is like.
    #[cfg(feature = "faults")]
    #[wasm_bindgen(js_name = freeze)]
    pub fn freeze_js(&self, ms: u32) {
        self.freeze(ms);
    }

    /// Fades out and ends everything. Afterwards [`Output::stats`] gives the final ledger.
    #[wasm_bindgen(js_name = close)]
    pub fn close_js(&self) -> Promise {
        let output = self.clone();
        future_to_promise(async move {
            output.close().await;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// How long starting took, in ms from the call of `start`: `moduleMs`, `workerMs`, `workletMs`, `firstFrameMs` (null before the first real frame was rendered).
    #[wasm_bindgen(getter)]
    pub fn startup(&self) -> JsValue {
        let startup = self.facts().startup;
        object(&[
            ("moduleMs", startup.module_ms.into()),
            ("workerMs", startup.worker_ms.into()),
            ("workletMs", startup.worklet_ms.into()),
            ("firstFrameMs", startup.first_frame_ms.map_or(JsValue::NULL, JsValue::from)),
        ])
    }

    /// The ledger as a plain object, or nothing when it was changing (ask again): `requested`, `fresh`, `repeated`, `concealed`, `silent` by reason, `produced`, `dropped` by reason, `inFlight`, `imbalance` in frames,
    /// `underruns` {events, frames, longest, log}; the log holds the latest 256, oldest first, each {frame, frames, fill, quanta, endedBy}. With feature `explain` also `callbacks` {total, duplicate, starved},
    /// `wakeLateness` {p50, p99, max} in ms (null before any wake-up), and `byCause`: underruns by the names of their causes, as far as these are known.
    pub fn stats(&self) -> JsValue {
        let Some(snapshot) = self.snapshot() else {
            return JsValue::UNDEFINED;
        };
        #[cfg(feature = "explain")]
        return self.stats_with_why(&snapshot);
        #[cfg(not(feature = "explain"))]
        stats(&snapshot)
    }
}

/// The ledger as a plain object.
pub(super) fn stats(snapshot: &Snapshot) -> JsValue {
    let number = |frames: u64| JsValue::from(frames as f64);
    let (consumer, producer) = (&snapshot.consumer, &snapshot.producer);
    let silent: Vec<_> = SilentBy::NAMES.into_iter().zip(consumer.silent.map(number)).collect();
    let dropped: Vec<_> = (0..DroppedBy::COUNT)
        .map(|by| (DroppedBy::NAMES[by], number(producer.dropped[by] + consumer.dropped[by])))
        .collect();
    let log: Array = (snapshot.underruns.iter())
        .map(|event| {
            object(&[
                ("frame", number(event.frame)),
                ("frames", number(event.frames)),
                ("fill", number(event.fill)),
                ("quanta", number(event.quanta)),
                ("endedBy", event.ended_by.name().into()),
            ])
        })
        .collect();
    object(&[
        ("requested", number(consumer.requested)),
        ("fresh", number(consumer.fresh)),
        ("repeated", number(consumer.repeated)),
        ("concealed", number(consumer.concealed)),
        ("silent", object(&silent)),
        ("produced", number(producer.produced)),
        ("dropped", object(&dropped)),
        ("inFlight", number(snapshot.in_flight())),
        ("imbalance", number(snapshot.imbalance())),
        (
            "underruns",
            object(&[
                ("events", number(consumer.underrun_events)),
                ("frames", number(consumer.underrun_frames)),
                ("longest", number(consumer.underrun_longest)),
                ("log", log.into()),
            ]),
        ),
    ])
}
