//! The browser's own account: `AudioContext.playbackStats` (Chrome 146 and later), which web-sys does not know.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// What the browser says about the device. It counts what the *context* failed to deliver; our own ring's underruns are invisible to it.
/// Updated at most once a second, while the page is visible. W3C: Web Audio API, `AudioPlaybackStats`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaybackStats {
    /// Continuous runs of underrun.
    pub underrun_events: f64,
    /// Their length in seconds.
    pub underrun_seconds: f64,
    /// Time played, in seconds.
    pub total_seconds: f64,
    /// Output latency in seconds: average.
    pub average_latency: f64,
    /// … smallest.
    pub minimum_latency: f64,
    /// … largest.
    pub maximum_latency: f64,
}

impl PlaybackStats {
    /// What `context` offers; `None` where the browser does not.
    pub(super) fn of(context: &JsValue) -> Option<Self> {
        let stats = Reflect::get(context, &"playbackStats".into()).ok().filter(JsValue::is_object)?;
        let number = |name: &str| Reflect::get(&stats, &name.into()).ok().and_then(|value| value.as_f64());
        Some(PlaybackStats {
            underrun_events: number("underrunEvents")?,
            underrun_seconds: number("underrunDuration")?,
            total_seconds: number("totalDuration")?,
            average_latency: number("averageLatency")?,
            minimum_latency: number("minimumLatency")?,
            maximum_latency: number("maximumLatency")?,
        })
    }
}
