//! The scanner's worker: reads a file's tags and decodes it for its overview. Driven by `worklet/scanner.js`, asked by [`page::Inspection`](super::page::Inspection).

use std::rc::Rc;

use js_sys::{Float32Array, Promise, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::codec;
use super::media;
use super::message::{set, tell_panics, thrown, track_info};
use super::options::object;
use crate::overview::{OverviewPart, Scan, ScanTurn};
use crate::source::file::{FileTrack, Tags, Trouble, read_tags};

/// What [`FileScanner::turn`] returns when there is more to do; must match `worklet/scanner.js`.
const GOING: u32 = 0;
/// … when the browser's decoder has to answer first,
const WAITING: u32 = 1;
/// … and when the range is decoded.
const DONE: u32 = 2;

/// Sound that is decoded in one turn, in seconds: some milliseconds' work.
const TURN_SECONDS: f64 = 1.0;

/// A file that is being looked at.
#[wasm_bindgen]
pub struct FileScanner {
    /// {file}, kept to open it again.
    item: JsValue,
    name: String,
    scan: Scan,
    /// What the file says about itself, as the page gets it.
    about: JsValue,
    /// Why the last range ended early.
    trouble: Option<Trouble>,
}

#[wasm_bindgen]
impl FileScanner {
    /// Opens {name, file} and reads its tags. Throws an `Error` with `code` when it cannot be played.
    #[wasm_bindgen(constructor)]
    pub fn new(item: JsValue) -> Result<FileScanner, JsValue> {
        tell_panics();
        let name = Reflect::get(&item, &"name".into()).ok().and_then(|name| name.as_string());
        let name = name.unwrap_or_default();
        let (scan, about) = open(&item, &name, true)?;
        Ok(FileScanner {
            item,
            name,
            scan,
            about,
            trouble: None,
        })
    }

    /// {info: {format, codec, decoder, sampleRate, channels, seconds}, frames, tags: {title, artist, album, track, date, genre}, cover: {type, bytes}}, with null for what is not known.
    pub fn about(&self) -> JsValue {
        self.about.clone()
    }

    /// Begins with columns `first` to `last` (not included) of `columns`. Where the file cannot be sought in it is read on, or again from the beginning, but only if `insist`. Returns whether it
    /// has begun.
    pub fn begin(&mut self, columns: usize, first: usize, last: usize, insist: bool) -> Result<bool, JsValue> {
        self.trouble = None;
        let (rate, frames) = (self.scan.track().info().sample_rate, self.scan.track().info().frames);
        let part = || OverviewPart::new(columns, first..last, rate, frames).map_err(thrown);
        let start = part()?.frames().start;
        if self.scan.begin(part()?).is_ok() {
            return Ok(true);
        }
        if !insist {
            return Ok(false);
        }
        if self.scan.is_behind(start) {
            self.scan = open(&self.item, &self.name, false)?.0;
        }
        self.scan.read_on(part()?);
        Ok(true)
    }

    /// Decodes for some milliseconds: there is more to do (0), the browser's decoder has to answer first (1), or the range is done (2).
    pub fn turn(&mut self) -> u32 {
        match self.scan.turn(TURN_SECONDS) {
            ScanTurn::Going => GOING,
            ScanTurn::Waiting => WAITING,
            ScanTurn::Done(trouble) => {
                self.trouble = trouble;
                DONE
            }
        }
    }

    /// The range so far: {first, min, max, rms, fraction}; the last is how much of it is done, 0.0 to 1.0.
    pub fn columns(&self) -> JsValue {
        let Some(part) = self.scan.part() else { return JsValue::NULL };
        let info = self.scan.track().info();
        let guess = info.seconds.map(|seconds| (seconds * f64::from(info.sample_rate)) as u64);
        let range = part.frames();
        let end = if info.frames.is_some() {
            range.end
        } else {
            guess.unwrap_or(u64::MAX)
        };
        let done = part.end().clamp(range.start, end.max(range.start)) - range.start;
        let all = end.saturating_sub(range.start).max(1);
        let overview = part.overview(guess);
        object(&[
            ("first", (part.range().start as u32).into()),
            ("min", Float32Array::from(&overview.min[..]).into()),
            ("max", Float32Array::from(&overview.max[..]).into()),
            ("rms", Float32Array::from(&overview.rms[..]).into()),
            ("fraction", (done as f64 / all as f64).into()),
        ])
    }

    /// The same when the range is done: a length that was a guess is now known.
    pub fn finished(&self) -> JsValue {
        let Some(part) = self.scan.part() else { return JsValue::NULL };
        let overview = part.overview(None);
        let trouble = self.trouble.clone().map_or(JsValue::NULL, |trouble| {
            let (code, at) = (trouble.problem.code(), trouble.at);
            object(&[
                ("code", code.into()),
                ("at", at.map_or(JsValue::NULL, JsValue::from)),
                ("message", trouble.of(&self.name).to_string().into()),
            ])
        });
        object(&[
            ("first", (part.range().start as u32).into()),
            ("min", Float32Array::from(&overview.min[..]).into()),
            ("max", Float32Array::from(&overview.max[..]).into()),
            ("rms", Float32Array::from(&overview.rms[..]).into()),
            ("trouble", trouble),
        ])
    }

    /// Resolves when the browser's decoder has answered.
    pub fn news(&self) -> Promise {
        codec::answered()
    }
}

/// Opens an item, and reads its tags if `tags`.
fn open(item: &JsValue, name: &str, tags: bool) -> Result<(Scan, JsValue), JsValue> {
    let mut media = media::open(item).map_err(|trouble| thrown(trouble.of(name)))?;
    let (tags, cover) = if tags { read_tags(&mut *media) } else { Default::default() };
    let track = FileTrack::open(media, name, Some(Rc::new(codec::browser_codec))).map_err(thrown)?;
    let scan = Scan::new(Box::new(track));
    let info = scan.track().info();
    let described = track_info(info);
    set(&described, "name", &name.into());
    let about = object(&[
        ("info", described),
        ("frames", info.frames.map_or(JsValue::NULL, |frames| (frames as f64).into())),
        ("tags", tags_to_js(&tags)),
        (
            "cover",
            cover.map_or(JsValue::NULL, |cover| {
                object(&[
                    ("type", cover.media_type.into()),
                    ("bytes", Uint8Array::from(&cover.bytes[..]).into()),
                ])
            }),
        ),
    ]);
    Ok((scan, about))
}

fn tags_to_js(tags: &Tags) -> JsValue {
    let text = |text: &Option<String>| text.as_deref().map_or(JsValue::NULL, JsValue::from);
    object(&[
        ("title", text(&tags.title)),
        ("artist", text(&tags.artist)),
        ("album", text(&tags.album)),
        ("track", tags.track.map_or(JsValue::NULL, JsValue::from)),
        ("date", text(&tags.date)),
        ("genre", text(&tags.genre)),
    ])
}
