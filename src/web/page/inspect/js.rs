//! The same for pages written in JavaScript.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Float32Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventTarget, File};

use super::{InspectNews, InspectOptions, Inspected, Inspection, Opened, PageError};
use crate::overview::Overview;
use crate::source::file::Tags;
use crate::web::options::object;

/// Looks at a `File` in the background. `options`, all of which may be missing: `columns` (1 to 10,000; 1,000), `workers` (1 to 4; half the cores), `signal` (an `AbortSignal`), `onProgress`.
///
/// Resolves to {info: {name, format, codec, decoder ("noxrun" or "browser"), sampleRate, channels, seconds (or null)}, tags: {title, artist, album, track, date, genre}, each null if the file does
/// not say, cover: a `Blob` or null, overview: {columns, min, max, rms}, three `Float32Array`s with NaN where nothing could be decoded, failure: null or why the file could not be decoded
/// to its end}. Rejects with a `NoxrunError` of code "file" and a `problem` when it cannot be opened, and with the signal's reason when it is aborted.
///
/// `onProgress` gets {fraction, info, tags, cover} when the file is open, and {fraction, overview} as more of it is known.
#[wasm_bindgen]
pub fn inspect(file: File, options: JsValue) -> Promise {
    // What an executor throws would be lost with it.
    let mut failed = None;
    let promise = Promise::new(&mut |resolve, reject| {
        if let Err(error) = begin(&file, &options, resolve, reject) {
            failed = Some(error);
        }
    });
    failed.map_or(promise, |error| Promise::reject(&error))
}

fn begin(file: &File, options: &JsValue, resolve: Function, reject: Function) -> Result<(), JsValue> {
    let field = |name: &str| match Reflect::get(options, &name.into()) {
        Ok(value) if !value.is_null() => value,
        _ => JsValue::UNDEFINED,
    };
    let count = |name: &str| {
        let value = field(name);
        match value.as_f64() {
            Some(count) if count >= 0.0 && count.fract() == 0.0 => Ok(Some(count as usize)),
            None if value.is_undefined() => Ok(None),
            _ => Err(wrong(name, "must be a whole number")),
        }
    };
    let wanted = InspectOptions {
        columns: count("columns")?.unwrap_or(InspectOptions::default().columns),
        workers: count("workers")?,
    };
    let on_progress = match field("onProgress") {
        none if none.is_undefined() => None,
        function => Some(
            function
                .dyn_into::<Function>()
                .map_err(|_| wrong("onProgress", "must be a function"))?,
        ),
    };
    let signal = match field("signal") {
        none if none.is_undefined() => None,
        signal => Some(
            signal
                .dyn_into::<EventTarget>()
                .map_err(|_| wrong("signal", "must be an AbortSignal"))?,
        ),
    };
    let reason = |signal: &EventTarget| Reflect::get(signal, &"reason".into()).unwrap_or_default();
    if let Some(signal) = &signal
        && Reflect::get(signal, &"aborted".into()).is_ok_and(|aborted| aborted.is_truthy())
    {
        return Err(reason(signal));
    }

    let running = Rc::new(RefCell::new(None::<Running>));
    let slot = running.clone();
    let refuse = reject.clone();
    let inspection = Inspection::start(file, wanted, move |news| {
        let told = match news {
            InspectNews::Opened(opened) => object(&[&opened_to_js(opened)[..], &[("fraction", 0.into())]].concat()),
            InspectNews::Overview(overview, fraction) => object(&[("fraction", fraction.into()), ("overview", overview_to_js(overview))]),
            InspectNews::Done(done) => {
                // Nothing comes after this; what is called cannot throw.
                let _ = match done {
                    Ok(inspected) => resolve.call1(&JsValue::NULL, &inspected_to_js(*inspected)),
                    Err(error) => refuse.call1(&JsValue::NULL, &error.into()),
                };
                slot.take();
                return;
            }
        };
        if let Some(on_progress) = &on_progress
            && let Err(thrown) = on_progress.call1(&JsValue::NULL, &told)
        {
            // The page's own error ends what the page asked for.
            let _ = refuse.call1(&JsValue::NULL, &thrown);
            slot.take();
        }
    })?;
    let slot = running.clone();
    let watch = signal.map(|signal| {
        let aborted = signal.clone();
        let on_abort = Closure::once(move || {
            let _ = reject.call1(&JsValue::NULL, &reason(&aborted));
            // Not while this closure runs: it is among what is dropped.
            let ended = slot.take();
            wasm_bindgen_futures::spawn_local(async move { drop(ended) });
        });
        // Cannot fail: the listener is a function.
        let _ = signal.add_event_listener_with_callback("abort", on_abort.as_ref().unchecked_ref());
        Watch { signal, on_abort }
    });
    *running.borrow_mut() = Some(Running {
        _inspection: inspection,
        _watch: watch,
    });
    Ok(())
}

/// What is dropped when it is over, one way or the other.
struct Running {
    _inspection: Inspection,
    _watch: Option<Watch>,
}

/// Hears the signal.
struct Watch {
    signal: EventTarget,
    on_abort: Closure<dyn FnMut()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = (self.signal).remove_event_listener_with_callback("abort", self.on_abort.as_ref().unchecked_ref());
    }
}

fn wrong(name: &str, problem: &str) -> JsValue {
    PageError::Option {
        name: name.into(),
        problem: problem.into(),
    }
    .into()
}

fn opened_to_js(opened: &Opened) -> [(&'static str, JsValue); 3] {
    let Opened { name, info, tags, cover } = opened;
    let Tags {
        title,
        artist,
        album,
        track,
        date,
        genre,
    } = tags;
    let text = |text: &Option<String>| text.as_deref().map_or(JsValue::NULL, JsValue::from);
    let info = object(&[
        ("name", name.into()),
        ("format", (&info.format).into()),
        ("codec", (&info.codec).into()),
        ("decoder", if info.by_browser { "browser" } else { "noxrun" }.into()),
        ("sampleRate", info.sample_rate.into()),
        ("channels", (info.channels as u32).into()),
        ("seconds", info.seconds.map_or(JsValue::NULL, JsValue::from)),
    ]);
    let tags = object(&[
        ("title", text(title)),
        ("artist", text(artist)),
        ("album", text(album)),
        ("track", track.map_or(JsValue::NULL, JsValue::from)),
        ("date", text(date)),
        ("genre", text(genre)),
    ]);
    let cover = cover.as_ref().map_or(JsValue::NULL, JsValue::from);
    [("info", info), ("tags", tags), ("cover", cover)]
}

fn overview_to_js(overview: &Overview) -> JsValue {
    let array = |column: &[f32]| JsValue::from(Float32Array::from(column));
    object(&[
        ("columns", (overview.min.len() as u32).into()),
        ("min", array(&overview.min)),
        ("max", array(&overview.max)),
        ("rms", array(&overview.rms)),
    ])
}

fn inspected_to_js(inspected: Inspected) -> JsValue {
    let Inspected { opened, overview, failure } = inspected;
    let more = [
        ("overview", overview_to_js(&overview)),
        ("failure", failure.map_or(JsValue::NULL, JsValue::from)),
    ];
    object(&[&opened_to_js(&opened)[..], &more].concat())
}
