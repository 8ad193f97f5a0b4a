//! How long a frame takes from the browser to the speaker.

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use web_sys::AudioContext;

/// Longest way to the speaker that is believed, in seconds.
#[cfg(feature = "decode")]
const MAX_LATENCY: f64 = 2.0;

/// `AudioContext.baseLatency` in seconds, where the browser tells.
pub(super) fn base(context: &AudioContext) -> Option<f64> {
    number(context, "baseLatency")
}

/// `AudioContext.outputLatency` in seconds, where the browser tells and it is safe to ask.
pub(super) fn output(context: &AudioContext) -> Option<f64> {
    may_ask().then(|| number(context, "outputLatency")).flatten()
}

/// How long a frame that was handed to the browser just now takes to be heard, in seconds, as far as the browser tells.
#[cfg(feature = "decode")]
pub(super) fn to_speaker(context: &AudioContext) -> f64 {
    // The latest frame heard and when that was: finer than the two figures below, which also miss what the browser has rendered ahead.
    let heard = may_ask()
        .then(|| Reflect::get(context, &"getOutputTimestamp".into()).ok())
        .flatten()
        .and_then(|method| wasm_bindgen::JsCast::dyn_into::<js_sys::Function>(method).ok())
        .and_then(|method| method.call0(context).ok());
    if let Some(heard) = &heard
        && let (Some(at), Some(when)) = (number(heard, "contextTime"), number(heard, "performanceTime"))
        && at > 0.0
    {
        let now_heard = at + (super::wait::now() - when) / 1e3;
        return (context.current_time() - now_heard).clamp(0.0, MAX_LATENCY);
    }
    let told = output(context).unwrap_or_default().max(base(context).unwrap_or_default());
    told.clamp(0.0, MAX_LATENCY)
}

/// Whether the browser may be asked for the way to the speaker. Not Firefox: while an AudioWorklet plays its page may then stand still for ever (it waits for the sound server, that for the audio thread, and that for the
/// page: seen in Firefox 153 after some hundreds of reads). As in npm/src/output.js.
fn may_ask() -> bool {
    thread_local! {
        static MAY_ASK: bool = Reflect::get(&js_sys::global(), &"navigator".into())
            .and_then(|navigator| Reflect::get(&navigator, &"userAgent".into()))
            .ok()
            .and_then(|agent| agent.as_string())
            .is_none_or(|agent| !agent.contains("Firefox"));
    }
    MAY_ASK.with(|may| *may)
}

fn number(of: &JsValue, name: &str) -> Option<f64> {
    Reflect::get(of, &name.into()).ok().and_then(|value| value.as_f64())
}
