//! A file as a source of the npm package's outputs, for `createOutput({ glue })`: what the package `noxrun-decode` is made of. It decodes in the producer's worker, in the output's memory.
//!
//! By its port the page says `{type: "seek", id, seconds}` and `{type: "loop", on}`. It is told (`npm/decode/src/index.js`):
//!
//! | message | meaning |
//! | --- | --- |
//! | `{type: "opened", seconds, format, codec, sampleRate, channels, tags}` | it can be played; `seconds` is null where the file does not tell |
//! | `{type: "stretch", at, seconds, seek}` | the frame at `at`, counted over the output's life, is that second of the file; and the frames after it follow. `seek`: the id of the seek that led there, or null |
//! | `{type: "ended", at}` | the sound ends before that frame |
//! | `{type: "failed", problem, message, at}` | it cannot be played, or (after `opened`) only up to second `at` |

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, MessageEvent, MessagePort};

use super::OwnSource;
use crate::error::{Error, FileProblem};
use crate::render::{RenderInfo, Source};
use crate::source::file::{MediaSource, Tags, Trouble, read_tags};
use crate::source::player::{News, Solo};
use crate::web::file::FileMedia;

#[wasm_bindgen]
extern "C" {
    /// The class of `npm/src/producing.js`.
    pub type Producer;
    #[wasm_bindgen(method, getter, js_name = sampleRate)]
    fn sample_rate(this: &Producer) -> f32;
    #[wasm_bindgen(method, getter)]
    fn channels(this: &Producer) -> usize;
    /// Wakes it: there is something new to render.
    #[wasm_bindgen(method)]
    fn flush(this: &Producer);
}

/// Plays a file: `data` is {file, name, port, loop}, a `Blob`, what people call it, a `MessagePort`, and whether it is repeated. A file that cannot be played is told by the port, and its source ends at once.
#[wasm_bindgen]
pub fn play_file(data: &JsValue, producer: Producer) -> OwnSource {
    let port: MessagePort = field(data, "port").unchecked_into();
    let solo = match open(data, &producer, &port) {
        Ok(solo) => solo,
        Err(error) => {
            tell_failure(&port, &error);
            return OwnSource::new(Nothing);
        }
    };
    let solo = Rc::new(RefCell::new(solo));
    let heard = solo.clone();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let message = event.data();
        let number = |name| field(&message, name).as_f64().unwrap_or_default();
        match field(&message, "type").as_string().as_deref() {
            Some("seek") => {
                heard.borrow_mut().seek(number("id") as u32, number("seconds"));
                // It renders before this returns, so nothing may be borrowed here.
                producer.flush();
            }
            Some("loop") => heard.borrow_mut().set_loop(field(&message, "on").is_truthy()),
            _ => {}
        }
    });
    port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    OwnSource::new(Playing {
        solo,
        port,
        _on_message: on_message,
    })
}

fn open(data: &JsValue, producer: &Producer, port: &MessagePort) -> Result<Solo, Error> {
    let name = field(data, "name").as_string().unwrap_or_default();
    let unreadable = |reason: String| {
        let problem = FileProblem::Unreadable;
        Trouble { problem, at: None, reason }.of(&name)
    };
    let file: Blob = field(data, "file").dyn_into().map_err(|_| unreadable("it is no file".into()))?;
    let mut media: Box<dyn MediaSource> = Box::new(FileMedia::open(&file).map_err(unreadable)?);
    let (tags, _) = read_tags(&mut *media);
    let mut solo = Solo::open(media, &name, producer.sample_rate(), producer.channels())?;
    solo.set_loop(field(data, "loop").is_truthy());
    tell_opened(port, &solo, &tags);
    Ok(solo)
}

/// A file that is played. MessagePort and closure stay on the worker's thread, as their source does.
struct Playing {
    solo: Rc<RefCell<Solo>>,
    port: MessagePort,
    _on_message: Closure<dyn Fn(MessageEvent)>,
}

impl Playing {
    fn tell(&self) {
        while let Some(news) = self.solo.borrow_mut().news() {
            match news {
                News::Stretch { at, seconds, seek } => post(
                    &self.port,
                    &[
                        ("type", "stretch".into()),
                        ("at", (at as f64).into()),
                        ("seconds", seconds.into()),
                        ("seek", seek.map_or(JsValue::NULL, JsValue::from)),
                    ],
                ),
                News::Ended { at } => post(&self.port, &[("type", "ended".into()), ("at", (at as f64).into())]),
                News::Failed(error) => tell_failure(&self.port, &error),
            }
        }
    }
}

impl Source for Playing {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let written = self.solo.borrow_mut().render(block, info);
        self.tell();
        written
    }

    fn jumped(&mut self) -> bool {
        self.solo.borrow_mut().jumped()
    }

    fn prepare(&mut self) -> bool {
        let more = self.solo.borrow_mut().prepare();
        self.tell();
        more
    }

    fn failure(&self) -> Option<String> {
        self.solo.borrow().failure()
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        // What still comes would find no closure.
        self.port.set_onmessage(None);
        self.port.close();
    }
}

/// In place of a file that cannot be played.
struct Nothing;

impl Source for Nothing {
    fn render(&mut self, _block: &mut [f32], _info: &RenderInfo) -> usize {
        0
    }
}

fn tell_opened(port: &MessagePort, solo: &Solo, tags: &Tags) {
    let Some(info) = solo.info() else { return };
    let text = |text: &Option<String>| text.as_ref().map_or(JsValue::NULL, JsValue::from);
    let tags = object(&[
        ("title", text(&tags.title)),
        ("artist", text(&tags.artist)),
        ("album", text(&tags.album)),
        ("track", tags.track.map_or(JsValue::NULL, JsValue::from)),
        ("date", text(&tags.date)),
        ("genre", text(&tags.genre)),
    ]);
    post(
        port,
        &[
            ("type", "opened".into()),
            ("seconds", info.seconds.map_or(JsValue::NULL, JsValue::from)),
            ("format", info.format.into()),
            ("codec", info.codec.into()),
            ("sampleRate", info.sample_rate.into()),
            ("channels", (info.channels as u32).into()),
            ("tags", tags),
        ],
    );
}

fn tell_failure(port: &MessagePort, error: &Error) {
    let (problem, at) = match error {
        Error::File { problem, at, .. } => (problem.code().into(), at.map_or(JsValue::NULL, JsValue::from)),
        _ => (JsValue::NULL, JsValue::NULL),
    };
    post(
        port,
        &[
            ("type", "failed".into()),
            ("problem", problem),
            ("message", error.to_string().into()),
            ("at", at),
        ],
    );
}

fn post(port: &MessagePort, fields: &[(&str, JsValue)]) {
    // Plain objects of strings and numbers can always be posted.
    let _ = port.post_message(&object(fields));
}

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a property of a fresh, extensible object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

fn field(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or_default()
}
