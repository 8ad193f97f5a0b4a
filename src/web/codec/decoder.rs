//! The JS decoder and its callbacks, which write into the state that [`BrowserCodec`](super::BrowserCodec) reads.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Float32Array, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

use super::answers::{Answers, Decoded};
use super::{bell, js};
use crate::web::error::text_of;
use crate::web::options::object;

/// What the callbacks write.
#[derive(Default)]
pub(super) struct State {
    pub answers: Answers,
    /// The decoder has closed itself.
    pub broken: Option<Broken>,
    pub drain: Drain,
    /// Flushes so far: a promise of an earlier one means nothing.
    pub flushes: u64,
    /// Breaks since the last output.
    pub breaks: u32,
    /// Packets given up.
    pub left_out: u64,
}

pub(super) struct Broken {
    /// The decoder works again when it is made anew.
    pub curable: bool,
    /// The oldest packet in it is to blame.
    pub by_packet: bool,
    pub why: String,
}

#[derive(Default, Clone, Copy, PartialEq)]
pub(super) enum Drain {
    #[default]
    No,
    Asked,
    Done,
}

/// A JS decoder with its callbacks. Closed when it is dropped, before they are.
pub(super) struct Decoder {
    pub js: js::AudioDecoder,
    _output: Closure<dyn FnMut(js::AudioData)>,
    _error: Closure<dyn FnMut(JsValue)>,
    _dequeue: Closure<dyn FnMut()>,
}

impl Decoder {
    pub fn new(config: &JsValue, state: &Rc<RefCell<State>>) -> Result<Self, String> {
        let output = {
            let state = state.clone();
            let mut plane = Float32Array::new_with_length(0);
            Closure::new(move |data: js::AudioData| {
                take(&state, &data, &mut plane);
                // Decoded sound lies in memory that no garbage collector counts.
                data.close();
                bell::ring();
            })
        };
        let error = {
            let state = state.clone();
            Closure::new(move |error: JsValue| {
                let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
                state.borrow_mut().broken = Some(Broken {
                    curable: name.as_deref() != Some("NotSupportedError"),
                    // The browser may take a decoder back that was idle for long.
                    by_packet: name.as_deref() != Some("QuotaExceededError"),
                    why: text_of(&error),
                });
                bell::ring();
            })
        };
        let dequeue = Closure::new(bell::ring);
        let init = object(&[
            ("output", AsRef::<JsValue>::as_ref(&output).clone()),
            ("error", AsRef::<JsValue>::as_ref(&error).clone()),
        ]);
        let js = js::AudioDecoder::new(&init).map_err(|thrown| text_of(&thrown))?;
        js.set_ondequeue(dequeue.as_ref());
        js.configure(config).map_err(|thrown| text_of(&thrown))?;
        Ok(Decoder {
            js,
            _output: output,
            _error: error,
            _dequeue: dequeue,
        })
    }

    /// Hands a packet over. `data` is a copy outside the module's memory: that is shared, which not every browser takes.
    pub fn decode(&self, data: &Uint8Array, stamp: f64) -> Result<(), String> {
        // Every packet of these codecs can be the first.
        let init = object(&[("type", "key".into()), ("timestamp", stamp.into()), ("data", data.into())]);
        let sent = js::EncodedAudioChunk::new(&init).and_then(|chunk| self.js.decode(&chunk));
        match sent {
            // It has closed itself and the error callback is on its way: the packet is sent again by then.
            Err(_) if self.js.state() == "closed" => Ok(()),
            sent => sent.map_err(|thrown| text_of(&thrown)),
        }
    }

    pub fn reset(&self, config: &JsValue) -> Result<(), String> {
        let again = self.js.reset().and_then(|()| self.js.configure(config));
        again.map_err(|thrown| text_of(&thrown))
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.js.set_ondequeue(&JsValue::NULL);
        // Refused only if it has closed itself.
        let _ = self.js.close();
    }
}

/// Takes an output over. `plane` is scratch, one channel long.
fn take(state: &RefCell<State>, data: &js::AudioData, plane: &mut Float32Array) {
    let Some(start_us) = state.borrow_mut().answers.answer(data.timestamp()) else {
        return;
    };
    let (frames, channels) = (data.number_of_frames(), data.number_of_channels() as usize);
    if frames == 0 {
        // Firefox answers so to a packet without sound, and then refuses to copy it.
        return;
    }
    if plane.length() != frames {
        *plane = Float32Array::new_with_length(frames);
    }
    let mut samples = vec![0.0; frames as usize * channels];
    let mut channel = vec![0.0; frames as usize];
    for index in 0..channels {
        // The one conversion that every browser must offer, from whatever it decodes to.
        let options = object(&[("planeIndex", (index as u32).into()), ("format", "f32-planar".into())]);
        if let Err(thrown) = data.copy_to(plane, &options) {
            state.borrow_mut().broken = Some(Broken {
                curable: false,
                by_packet: false,
                why: text_of(&thrown),
            });
            return;
        }
        plane.copy_to(&mut channel);
        for (to, from) in samples[index..].iter_mut().step_by(channels).zip(&channel) {
            *to = *from;
        }
    }
    let mut state = state.borrow_mut();
    state.breaks = 0;
    state.answers.sounds.push_back(Decoded {
        rate: data.sample_rate().round() as u32,
        channels,
        start_us,
        samples,
    });
}
