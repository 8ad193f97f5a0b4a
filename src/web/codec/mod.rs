//! The browser's own decoder, for what is not decoded here: Opus, HE-AAC, AAC of more than two channels.
//!
//! [`BrowserCodec`] is an [`OutsideCodec`] over WebCodecs' `AudioDecoder` (<https://www.w3.org/TR/webcodecs/#audiodecoder-interface>). It answers through the event loop:
//! after [`Step::Waiting`](crate::source::file::TrackStep::Waiting) the worker's loop awaits [`answered`]. It hands out **every** frame that the decoder makes; what the encoder added
//! is for the caller to cut off. Who decodes what, and what was found out about browsers: `docs/formats.md`.

mod answers;
mod bell;
mod decoder;
mod js;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

use super::options::object;
use crate::source::file::{Answer, OutsideCodec, OutsideFormat};
pub use bell::answered;
use decoder::{Broken, Decoder, Drain, State};

/// Packets in a row over which the decoder may break before it is given up. A second or less of any codec.
const MOST_BREAKS: u32 = 16;
/// Bytes of the pre-skip in an Opus identification header (<https://www.rfc-editor.org/rfc/rfc7845#section-5.1>).
const PRE_SKIP: std::ops::Range<usize> = 10..12;

/// Whether this browser has an `AudioDecoder` at all: Chrome and Edge since 94, Firefox since 130 (not on Android), Safari since 26, on https and localhost.
pub fn has_decoder() -> bool {
    Reflect::has(&js_sys::global(), &"AudioDecoder".into()).unwrap_or(false)
}

/// Makes a decoder: what an [`OutsideCodecs`](crate::source::file::OutsideCodecs) is. Runs in a dedicated worker or a page.
///
/// # Errors
/// The browser has none, or the format makes no sense to it; in words for a person. That it does not know the *codec* is known later only: [`Answer::Failed`].
pub fn browser_codec(format: &OutsideFormat) -> Result<Box<dyn OutsideCodec>, String> {
    Ok(Box::new(BrowserCodec::new(format)?))
}

/// `AudioDecoder`, with what it has answered. See the [module](self).
pub struct BrowserCodec {
    format: OutsideFormat,
    /// What the decoder is configured with.
    config: JsValue,
    state: Rc<RefCell<State>>,
    decoder: Decoder,
}

impl BrowserCodec {
    /// As [`browser_codec`].
    ///
    /// # Errors
    /// As [`browser_codec`].
    pub fn new(format: &OutsideFormat) -> Result<Self, String> {
        if !has_decoder() {
            return Err(format!(
                "its sound is {}, which this browser decodes for no page: it has no AudioDecoder (Chrome and Edge have it since version 94, Firefox on computers since 130, Safari since 26, \
                 on pages served over https or from localhost)",
                name_of(&format.codec)
            ));
        }
        let state = Rc::new(RefCell::new(State::default()));
        let config = config(format);
        let decoder = Decoder::new(&config, &state).map_err(|why| refused(format, &why))?;
        Ok(BrowserCodec {
            format: format.clone(),
            config,
            state,
            decoder,
        })
    }

    /// Packets that could not be decoded and were left out, as far as the browser tells.
    pub fn left_out(&self) -> u64 {
        self.state.borrow().left_out
    }

    /// Replaces a decoder that has closed itself, and sends again what it had not answered, without the packet that is to blame.
    fn mend(&mut self) {
        let again = {
            let state = &mut *self.state.borrow_mut();
            let Some(broken) = state.broken.take_if(|broken| broken.curable) else {
                return;
            };
            if broken.by_packet {
                state.breaks += 1;
                if state.breaks > MOST_BREAKS {
                    state.broken = Some(Broken { curable: false, ..broken });
                    return;
                }
                if state.answers.sent.pop_front().is_some() {
                    state.left_out += 1;
                }
            }
            state.answers.sent.len()
        };
        match Decoder::new(&self.config, &self.state) {
            Ok(decoder) => self.decoder = decoder,
            Err(why) => return self.give_up(why),
        }
        for index in 0..again {
            let (data, stamp) = {
                let answers = &self.state.borrow().answers;
                (
                    Uint8Array::from(answers.sent[index].bytes.as_slice()),
                    answers.stamp(answers.sent[index].start_us),
                )
            };
            if let Err(why) = self.decoder.decode(&data, stamp) {
                return self.give_up(why);
            }
        }
        if self.state.borrow().drain == Drain::Asked {
            self.flush();
        }
    }

    fn give_up(&self, why: String) {
        self.state.borrow_mut().broken = Some(Broken {
            curable: false,
            by_packet: false,
            why,
        });
    }

    /// The decoder's failure that nothing can be done about.
    fn failure(&self) -> Option<String> {
        let state = self.state.borrow();
        let broken = state.broken.as_ref().filter(|broken| !broken.curable)?;
        Some(refused(&self.format, &broken.why))
    }

    fn flush(&self) {
        let serial = {
            let mut state = self.state.borrow_mut();
            state.drain = Drain::Asked;
            state.flushes += 1;
            state.flushes
        };
        // A decoder that has just closed itself refuses: then the replacement is flushed.
        let Ok(flushed) = self.decoder.js.flush() else { return };
        let state = self.state.clone();
        let done = Closure::once_into_js(move || {
            let mut state = state.borrow_mut();
            if state.flushes == serial && state.drain == Drain::Asked {
                state.drain = Drain::Done;
            }
            bell::ring();
        });
        // By a reset, or because the decoder broke, which the error callback tells.
        let failed = Closure::once_into_js(|| ());
        flushed.then(&done, &failed);
    }
}

impl OutsideCodec for BrowserCodec {
    fn send(&mut self, packet: &[u8], start_us: i64) -> Result<(), String> {
        self.mend();
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        if packet.is_empty() {
            // It would break the decoder.
            self.state.borrow_mut().left_out += 1;
            return Ok(());
        }
        let queued = self.waiting();
        let stamp = {
            let state = &mut *self.state.borrow_mut();
            state.drain = Drain::No;
            state.answers.send(packet, start_us, queued);
            state.answers.stamp(start_us)
        };
        self.decoder
            .decode(&Uint8Array::from(packet), stamp)
            .map_err(|why| refused(&self.format, &why))
    }

    fn receive(&mut self, into: &mut Vec<f32>) -> Answer {
        self.mend();
        let sound = self.state.borrow_mut().answers.sounds.pop_front();
        if let Some(sound) = sound {
            into.extend_from_slice(&sound.samples);
            return Answer::Sound {
                rate: sound.rate,
                channels: sound.channels,
                start_us: sound.start_us,
            };
        }
        if let Some(failure) = self.failure() {
            return Answer::Failed(failure);
        }
        match self.state.borrow().drain {
            Drain::Done => Answer::Drained,
            Drain::No | Drain::Asked => Answer::Nothing,
        }
    }

    /// Packets that the decoder has not taken yet. Not those without an output: a first packet may have none, nor need a damaged one, and waiting for those would never end.
    fn waiting(&self) -> usize {
        self.decoder.js.decode_queue_size() as usize
    }

    fn drain(&mut self) {
        self.mend();
        self.flush();
    }

    fn reset(&mut self) {
        let replace = {
            let state = &mut *self.state.borrow_mut();
            state.answers.reset();
            state.drain = Drain::No;
            state.breaks = 0;
            state.broken.take().is_some()
        };
        let again = if replace {
            Err(String::new())
        } else {
            self.decoder.reset(&self.config)
        };
        // Also when it closed itself just now, or gave up: what comes next may be in order.
        if again.is_err() {
            match Decoder::new(&self.config, &self.state) {
                Ok(decoder) => self.decoder = decoder,
                Err(why) => self.give_up(why),
            }
        }
    }
}

/// The `AudioDecoderConfig` for a format.
///
/// The pre-skip that an Opus header names is set to 0: Chromium would cut it off after every reset too, in the middle of the sound then, and count its timestamps without it.
fn config(format: &OutsideFormat) -> JsValue {
    let mut description = format.description.clone();
    if format.codec == "opus"
        && description.starts_with(b"OpusHead")
        && let Some(pre_skip) = description.get_mut(PRE_SKIP)
    {
        pre_skip.fill(0);
    }
    let config = object(&[
        ("codec", format.codec.as_str().into()),
        ("sampleRate", format.sample_rate.into()),
        ("numberOfChannels", (format.channels as u32).into()),
    ]);
    if !description.is_empty() {
        // Setting a property of a fresh, extensible object cannot fail.
        let _ = Reflect::set(&config, &"description".into(), &Uint8Array::from(description.as_slice()));
    }
    config
}

/// A codec as people call it.
fn name_of(codec: &str) -> &str {
    match codec {
        "opus" => "Opus",
        "mp4a.40.5" | "mp4a.40.29" => "HE-AAC",
        _ if codec.starts_with("mp4a.") => "AAC",
        _ => codec,
    }
}

fn refused(format: &OutsideFormat, why: &str) -> String {
    format!(
        "this browser's decoder refuses its sound ({}, {} Hz, {} channels): {why}",
        name_of(&format.codec),
        format.sample_rate,
        format.channels
    )
}
