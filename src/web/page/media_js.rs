//! Files, for pages written in JavaScript.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::future_to_promise;

use super::media::{Loop, Repeat};
use super::{Output, PageError};
use crate::web::options::{media_items, object};

#[wasm_bindgen]
impl Output {
    /// Goes to `seconds` in the item that is heard, or in item `item` (from 0) of the list. Resolves when the sound from there is on its way; also when a later seek took its place.
    #[wasm_bindgen(js_name = seek)]
    pub fn seek_js(&self, seconds: f64, item: Option<usize>) -> Promise {
        let output = self.clone();
        future_to_promise(async move {
            let item = item.unwrap_or_else(|| output.item());
            output.seek(item, seconds).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// What is heard now, latency taken off: {item, seconds}, or null when no file is.
    #[wasm_bindgen(getter, js_name = position)]
    pub fn position_js(&self) -> JsValue {
        self.position().map_or(JsValue::NULL, |heard| {
            object(&[("item", heard.item.into()), ("seconds", heard.seconds.into())])
        })
    }

    /// The list: an array of {name, info}; `info` is null until the file was opened, then {format, codec, decoder ("noxrun" or "browser"), sampleRate, channels, seconds (or null)}.
    #[wasm_bindgen(getter, js_name = tracks)]
    pub fn tracks_js(&self) -> Array {
        let tracks = self.tracks();
        tracks
            .iter()
            .map(|track| {
                let info = track.info.as_ref().map_or(JsValue::NULL, |info| {
                    object(&[
                        ("format", (&info.format).into()),
                        ("codec", (&info.codec).into()),
                        ("decoder", if info.by_browser { "browser" } else { "noxrun" }.into()),
                        ("sampleRate", info.sample_rate.into()),
                        ("channels", (info.channels as u32).into()),
                        ("seconds", info.seconds.map_or(JsValue::NULL, JsValue::from)),
                    ])
                });
                object(&[("name", (&track.name).into()), ("info", info)])
            })
            .collect()
    }

    /// Files of the list that could not be played, or not to their end: an array of {item, name, code, at, message}; `at` is how far, in seconds, or null.
    #[wasm_bindgen(getter, js_name = failures)]
    pub fn failures_js(&self) -> Array {
        let failures = self.failures();
        failures
            .iter()
            .map(|failure| {
                object(&[
                    ("item", (failure.item as u32).into()),
                    ("name", (&failure.name).into()),
                    ("code", (&failure.code).into()),
                    ("at", failure.at.map_or(JsValue::NULL, JsValue::from)),
                    ("message", (&failure.message).into()),
                ])
            })
            .collect()
    }

    /// Plays a region over and over: {item (0 if missing), start, end} in seconds, without a click; null: no longer.
    #[wasm_bindgen(js_name = setLoop)]
    pub fn set_loop_js(&self, region: JsValue) -> Promise {
        let output = self.clone();
        future_to_promise(async move {
            let number = |name: &str| Reflect::get(&region, &name.into()).ok().and_then(|value| value.as_f64());
            let wanted = match (number("start"), number("end")) {
                _ if region.is_null() || region.is_undefined() => None,
                (Some(start), Some(end)) => Some(Loop {
                    item: number("item").unwrap_or_default() as usize,
                    start,
                    end,
                }),
                _ => {
                    let problem = "must be {item, start, end} with seconds, or null".into();
                    return Err(PageError::Option {
                        name: "loop".into(),
                        problem,
                    }
                    .into());
                }
            };
            output.set_loop(wanted).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Repeats "none", "one" or "all".
    #[wasm_bindgen(js_name = setRepeat)]
    pub fn set_repeat_js(&self, repeat: String) -> Promise {
        let output = self.clone();
        future_to_promise(async move {
            let repeat = match repeat.as_str() {
                "none" => Repeat::None,
                "one" => Repeat::One,
                "all" => Repeat::All,
                other => {
                    let problem = format!("must be \"none\", \"one\" or \"all\", not \"{other}\"");
                    return Err(PageError::Option {
                        name: "repeat".into(),
                        problem,
                    }
                    .into());
                }
            };
            output.set_repeat(repeat).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Adds files to the end of the list: an array of `File`s, addresses, {file} or {url}.
    #[wasm_bindgen(js_name = append)]
    pub fn append_js(&self, items: JsValue) -> Promise {
        let output = self.clone();
        future_to_promise(async move {
            output.append(media_items(&items)?).await?;
            Ok(JsValue::UNDEFINED)
        })
    }
}
