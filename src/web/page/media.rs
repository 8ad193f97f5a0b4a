//! Files that an output plays: the list, the worker that decodes it, and what that tells.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::JsValue;

use super::PageError;
use super::context::least_pages;
use super::fallback::decode_whole;
use super::link::{Ending, Link, number, text};
use super::reader::UrlReader;
use super::wait::{Waiting, now, within};
use crate::error::{Decimal, Error, FileProblem, in_range};
use crate::feed::Heard;
use crate::web::options::{MediaItem, MediaList, object};
use crate::web::peek::{FeedPeek, Peek};

/// Latest position that a seek can name, in seconds: a year.
const MAX_SECONDS: f64 = 366.0 * 24.0 * 3600.0;
/// How long the decoder may take for a file of this machine, in ms, to open it or to show a sign of life, before it counts as hung: far longer than any file needs.
const FILE_PATIENCE_MS: f64 = 20_000.0;
/// The same where an address is read, which takes as long as its reader keeps trying.
const URL_PATIENCE_MS: f64 = 90_000.0;

/// What is known about one item of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// The file's name.
    pub name: String,
    /// What is in it; `None` until it was opened, shortly before it is played.
    pub info: Option<TrackInfo>,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackInfo {
    /// The container, for people.
    pub format: String,
    /// The codec, for people.
    pub codec: String,
    /// Whether the browser decodes it, and not Noxrun.
    pub by_browser: bool,
    /// Its own rate in Hz.
    pub sample_rate: u32,
    /// Its own channels.
    pub channels: usize,
    /// Its length in seconds, if the file says so.
    pub seconds: Option<f64>,
}

/// A file that could not be played, or not to its end. The list went on with the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaFailure {
    /// Place in the list, from 0.
    pub item: usize,
    /// The file's name.
    pub name: String,
    /// A [`FileProblem`](crate::FileProblem)'s code.
    pub code: String,
    /// How far it could be played, in seconds; `None` if not at all.
    pub at: Option<f64>,
    /// The whole message, with the name.
    pub message: String,
}

/// What is repeated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Repeat {
    /// The list is played once.
    #[default]
    None,
    /// The item that is played.
    One,
    /// The list.
    All,
}

/// A region that is played over and over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loop {
    /// Place in the list, from 0.
    pub item: usize,
    /// Where it begins, in seconds.
    pub start: f64,
    /// Where it ends, in seconds: at least 0.05 s later.
    pub end: f64,
}

/// What the feeder told.
#[derive(Default)]
struct Told {
    /// The list that it was told about latest, by its request's number.
    tracks: RefCell<Vec<Track>>,
    list: Cell<u32>,
    /// Of lists that are not played yet: answers may come after what they are about.
    early: RefCell<Vec<(u32, usize, TrackInfo)>>,
    failures: RefCell<Vec<MediaFailure>>,
    /// Of lists that are not played yet: as `early`.
    early_failures: RefCell<Vec<(u32, MediaFailure)>>,
    /// What reads the addresses, with their lists and their places there.
    readers: RefCell<Vec<(u32, usize, UrlReader)>>,
    /// The list and the item that was opened last, or is being: one at a time is.
    opened: Cell<(u32, usize)>,
    /// The number of the latest seek whose first frames are on their way.
    arrived: Cell<u32>,
    waiting: Waiting,
}

impl Told {
    fn hear(&self, kind: &str, message: &JsValue) {
        let item = number(message, "item").unwrap_or_default() as usize;
        let list = number(message, "list").unwrap_or_default() as u32;
        match kind {
            "opening" => {
                self.opened.set((list, item));
                for (of, number, reader) in &*self.readers.borrow() {
                    if (*of, *number) == (list, item) {
                        reader.begin();
                    } else {
                        reader.rest();
                    }
                }
            }
            "track" => {
                let word = |name: &str| text(message, name).unwrap_or_default();
                let info = TrackInfo {
                    format: word("format"),
                    codec: word("codec"),
                    by_browser: word("decoder") == "browser",
                    sample_rate: number(message, "sampleRate").unwrap_or_default() as u32,
                    channels: number(message, "channels").unwrap_or_default() as usize,
                    seconds: number(message, "seconds"),
                };
                if list == self.list.get() {
                    self.know(item, info);
                } else {
                    self.early.borrow_mut().push((list, item, info));
                }
            }
            "failure" => {
                let failure = MediaFailure {
                    item,
                    name: String::new(),
                    code: text(message, "code").unwrap_or_default(),
                    at: number(message, "at"),
                    message: text(message, "message").unwrap_or_default(),
                };
                if list == self.list.get() {
                    self.fail(failure);
                } else {
                    self.early_failures.borrow_mut().push((list, failure));
                }
            }
            "sought" => {
                self.arrived.set(number(message, "serial").unwrap_or_default() as u32);
                self.waiting.wake();
            }
            _ => {}
        }
    }

    fn fail(&self, failure: MediaFailure) {
        let name = self.tracks.borrow().get(failure.item).map(|track| track.name.clone());
        self.failures.borrow_mut().push(MediaFailure {
            name: name.unwrap_or_default(),
            ..failure
        });
    }

    /// What reads addresses of that list.
    fn read(&self, list: u32, readers: Vec<(usize, UrlReader)>) {
        let readers = readers.into_iter().map(|(item, reader)| (list, item, reader));
        self.readers.borrow_mut().extend(readers);
    }

    fn know(&self, item: usize, info: TrackInfo) {
        if let Some(track) = self.tracks.borrow_mut().get_mut(item) {
            track.info = Some(info);
        }
    }

    /// A list is played from now on.
    fn begin(&self, list: u32, items: &[MediaItem]) {
        *self.tracks.borrow_mut() = items.iter().map(Track::unopened).collect();
        self.failures.take();
        self.list.set(list);
        for (of, item, info) in self.early.take() {
            if of == list {
                self.know(item, info);
            }
        }
        for (of, failure) in self.early_failures.take() {
            if of == list {
                self.fail(failure);
            }
        }
    }
}

/// The list that an output plays, and the worker that decodes it. Cheap to clone: clones are the same.
#[derive(Clone)]
pub(super) struct Media {
    inner: Rc<Inner>,
}

struct Inner {
    told: Rc<Told>,
    feeder: RefCell<Rc<Link>>,
    /// What the feeder was told about the sound.
    sample_rate: f32,
    channels: usize,
    /// The feed in the output's memory, once the feeder writes to it.
    feed: RefCell<Option<FeedPeek>>,
    /// What is played.
    list: RefCell<MediaList>,
    repeat: Cell<Repeat>,
    region: Cell<Option<Loop>>,
    /// The number of the latest seek.
    serial: Cell<u32>,
    /// The item that was sought last.
    sought: Cell<Option<usize>>,
    /// The feeder's latest heartbeat and when it was first seen.
    heartbeat: Cell<(u32, f64)>,
    /// When the heartbeat was last looked at.
    looked: Cell<f64>,
    /// Where the feeder began, if not at the list's beginning.
    began: Cell<Option<Place>>,
    /// The number of the latest request to open a list, until it is answered.
    opening: Cell<u32>,
    crash_noted: Cell<bool>,
}

/// A place in a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub item: usize,
    pub seconds: f64,
}

impl Media {
    /// Opens the list's first file, in the worker that stands by or a new one.
    ///
    /// # Errors
    /// [`PageError::File`] when it cannot be opened.
    pub(super) async fn open(list: &MediaList, sample_rate: f32, channels: usize) -> Result<Media, PageError> {
        let Spare { feeder, told } = take_feeder()?;
        let inner = Inner {
            told,
            feeder: RefCell::new(feeder),
            sample_rate,
            channels,
            feed: RefCell::default(),
            list: RefCell::new(MediaList {
                items: Vec::new(),
                first: 0,
            }),
            repeat: Cell::default(),
            region: Cell::default(),
            serial: Cell::new(0),
            sought: Cell::default(),
            heartbeat: Cell::new((0, now())),
            looked: Cell::new(now()),
            began: Cell::default(),
            opening: Cell::new(0),
            crash_noted: Cell::new(false),
        };
        let media = Media { inner: Rc::new(inner) };
        media.start_feeder()?;
        media.change(list, || true).await?;
        Ok(media)
    }

    /// Plays another list, as long as it is `wanted`.
    ///
    /// # Errors
    /// [`PageError::File`] when its first file cannot be opened: what is played plays on. [`PageError::Replaced`].
    pub(super) async fn change(&self, list: &MediaList, wanted: impl Fn() -> bool) -> Result<(), PageError> {
        match self.try_change(list).await {
            // Only where the browser has no decoder that takes packets: the one that takes whole files.
            Err(error) if matches!(&error, PageError::File { problem, .. } if problem == FileProblem::NoDecoder.code()) => {
                let Some(MediaItem::File(file)) = list.items.get(list.first) else {
                    return Err(error);
                };
                let mut list = list.clone();
                list.items[list.first] = MediaItem::File(decode_whole(file, self.inner.sample_rate, None).await.map_err(of_file)?);
                // Its turn in the decoder is over.
                if !wanted() {
                    return Err(PageError::Replaced);
                }
                self.try_change(&list).await
            }
            changed => changed,
        }
    }

    async fn try_change(&self, list: &MediaList) -> Result<(), PageError> {
        let inner = &self.inner;
        let (items, readers) = posted(&list.items, 0)?;
        let id = self.request("open", &[("items", items.into()), ("first", (list.first as u32).into())])?;
        inner.told.read(id, readers);
        let opened = self.opened(list, id).await;
        match &opened {
            // The old list's are no longer read, or those of one that was overtaken. Of one that is still to be opened they stay.
            Ok(()) => {
                inner.told.readers.borrow_mut().retain(|(of, ..)| *of >= id);
                inner.told.begin(id, &list.items);
                *inner.list.borrow_mut() = list.clone();
                inner.region.set(None);
                inner.sought.set(None);
            }
            Err(_) => inner.told.readers.borrow_mut().retain(|(of, ..)| *of != id),
        }
        opened
    }

    /// Waits until the feeder has opened `list`, which it plays then under the number `id`.
    async fn opened(&self, list: &MediaList, id: u32) -> Result<(), PageError> {
        let inner = &self.inner;
        let feeder = inner.feeder.borrow().clone();
        let name = list.items.get(list.first).map(MediaItem::name).unwrap_or_default();
        inner.interrupt();
        // Stays where the decoder does not come back: what is played then is not to blame.
        inner.opening.set(id);
        let crashed = |why: &str| crash(&name, why);
        let patience = match list.items.get(list.first) {
            Some(MediaItem::Url(_)) => URL_PATIENCE_MS,
            _ => FILE_PATIENCE_MS,
        };
        let answer = match within(patience, feeder.answer(id)).await {
            Some(Err(PageError::Crashed(why))) => return Err(crashed(&format!("it made the decoder crash ({why})"))),
            Some(answer) => answer,
            None => {
                let why = format!("the decoder has not come back within {} s", Decimal(patience / 1e3));
                feeder.give_up(&why);
                feeder.terminate();
                return Err(crashed(&why));
            }
        };
        if inner.opening.get() == id {
            inner.opening.set(0);
        }
        answer.map(drop)
    }

    /// Has the feeder write to the feed at `address` of the output's `memory`, which has its ring at `ring`; from the list's beginning on or from another place.
    pub(super) fn attach(
        &self,
        memory: &JsValue,
        output: &Peek,
        (address, ring): (usize, usize),
        from: Option<Place>,
    ) -> Result<(), PageError> {
        let inner = &self.inner;
        let feed = FeedPeek::new(output, memory, address, ring);
        inner.began.set(from);
        if let Some(Place { item, seconds }) = from {
            // There before the feeder looks for the first time: nothing else is written first.
            inner.serial.set(inner.serial.get() + 1);
            feed.seek(inner.serial.get(), item as u32, seconds);
        }
        inner.feeder.borrow().post(
            "attach",
            &[
                ("module", wasm_bindgen::module()),
                ("memory", memory.clone()),
                ("address", (address as u32).into()),
            ],
        )?;
        *inner.feed.borrow_mut() = Some(feed);
        Ok(())
    }

    fn start_feeder(&self) -> Result<(), PageError> {
        let inner = &self.inner;
        inner.feeder.borrow().post(
            "start",
            &[
                ("module", wasm_bindgen::module()),
                ("pages", least_pages().into()),
                ("sampleRate", inner.sample_rate.into()),
                ("channels", (inner.channels as u32).into()),
            ],
        )
    }

    /// Sends the feeder a message that it will answer, and wakes it.
    fn request(&self, kind: &str, fields: &[(&str, JsValue)]) -> Result<u32, PageError> {
        let id = self.inner.feeder.borrow().request(kind, fields)?;
        // After the message: a worker that looks now finds it.
        if let Some(feed) = &*self.inner.feed.borrow() {
            feed.mail();
        }
        Ok(id)
    }
}

/// What the page does with the list.
impl Media {
    /// Adds files to the end of the list.
    pub(super) async fn append(&self, items: &[MediaItem]) -> Result<(), PageError> {
        let inner = &self.inner;
        let from = inner.list.borrow().items.len() as u32;
        let (posted, readers) = posted(items, from as usize)?;
        // Known before the feeder can tell what is in them.
        inner.list.borrow_mut().items.extend_from_slice(items);
        inner.told.tracks.borrow_mut().extend(items.iter().map(Track::unopened));
        inner.told.read(inner.told.list.get(), readers);
        self.ask("append", &[("items", posted.into()), ("from", from.into())]).await
    }

    pub(super) async fn set_loop(&self, region: Option<Loop>) -> Result<(), PageError> {
        self.ask("loop", &[("region", Loop::to_js(region))]).await?;
        self.inner.region.set(region);
        Ok(())
    }

    pub(super) async fn set_repeat(&self, repeat: Repeat) -> Result<(), PageError> {
        self.ask("repeat", &[("repeat", (repeat as u32).into())]).await?;
        self.inner.repeat.set(repeat);
        Ok(())
    }

    /// Asks for a seek, and resolves when the sound from there, or from a later seek's place, is in the feed.
    pub(super) async fn seek(&self, item: usize, seconds: f64) -> Result<(), PageError> {
        let inner = &self.inner;
        let last = inner.told.tracks.borrow().len() as f64 - 1.0;
        in_range("the item", item as f64, 0.0, last, "")?;
        in_range("the position", seconds, 0.0, MAX_SECONDS, " s")?;
        let serial = inner.serial.get() + 1;
        inner.serial.set(serial);
        inner.sought.set(Some(item));
        match &*inner.feed.borrow() {
            Some(feed) => feed.seek(serial, item as u32, seconds),
            None => return Ok(()),
        }
        inner.interrupt();
        let feeder = inner.feeder.borrow().clone();
        while inner.told.arrived.get() < serial {
            match feeder.ending() {
                Some(Ending::Crashed(why)) => return Err(PageError::Crashed(why)),
                Some(Ending::Stopped) => return Err(PageError::Closed),
                None => {}
            }
            // The feeder's end is no news of ours, and one that hangs tells nothing: looked at now and then.
            self.look();
            within(500.0, inner.told.waiting.wait()).await;
        }
        Ok(())
    }

    /// What is heard when the ring's frame at `position` is.
    pub(super) fn heard(&self, position: u64) -> Option<Heard> {
        self.inner.feed.borrow().as_ref()?.heard(position)
    }

    pub(super) fn tracks(&self) -> Vec<Track> {
        self.inner.told.tracks.borrow().clone()
    }

    pub(super) fn failures(&self) -> Vec<MediaFailure> {
        self.inner.told.failures.borrow().clone()
    }

    /// Ends the feeder, at once: it holds nothing that others need.
    pub(super) fn close(&self) {
        let feeder = self.inner.feeder.borrow();
        feeder.stop();
        self.inner.told.waiting.wake();
        self.inner.told.readers.take();
    }

    /// Why the decoder is gone, if it is.
    pub(super) fn crashed(&self) -> Option<String> {
        match self.inner.feeder.borrow().ending()? {
            Ending::Crashed(why) => Some(why),
            Ending::Stopped => Some("it was ended".into()),
        }
    }

    /// Looks after the decoder: one that does not move any more is ended, and of one that crashed it is noted what it was at.
    pub(super) fn look(&self) {
        let inner = &self.inner;
        let feed = inner.feed.borrow();
        let Some(feed) = &*feed else { return };
        if let Some(why) = self.crashed() {
            if !self.crashed_opening() && !inner.crash_noted.replace(true) {
                let item = match inner.told.opened.get() {
                    (list, item) if list == inner.told.list.get() => item,
                    _ => feed.item_fed().map_or(inner.list.borrow().first, |item| item as usize),
                };
                let name = self.name(item);
                self.note(item, &crash(&name, &format!("it made the decoder crash ({why})")));
                feed.abandon();
            }
            return;
        }
        let (beat, now) = (feed.heartbeat(), now());
        let (last, since) = inner.heartbeat.get();
        let looked = inner.looked.replace(now);
        // Where the page itself stood still, and perhaps the whole browser did, begin to count anew.
        if beat != last || now - looked > 2_000.0 {
            inner.heartbeat.set((beat, now));
        } else if now - since > self.patience() {
            let feeder = inner.feeder.borrow();
            feeder.give_up(&format!("it has not moved for {} s", Decimal(self.patience() / 1e3)));
            feeder.terminate();
        }
    }

    fn patience(&self) -> f64 {
        if self.inner.told.readers.borrow().is_empty() {
            FILE_PATIENCE_MS
        } else {
            URL_PATIENCE_MS
        }
    }

    /// Whether it was another list at which the decoder crashed, in opening it: this one can go on where it is.
    pub(super) fn crashed_opening(&self) -> bool {
        self.inner.opening.get() != 0 && self.crashed().is_some()
    }

    /// Where this decoder's list is to go on with another one: where it is heard, or where it began if nothing of it was.
    pub(super) fn place(&self, heard: Option<Heard>) -> Place {
        let first = Place {
            item: self.inner.list.borrow().first,
            seconds: 0.0,
        };
        let heard = heard.map(|heard| Place {
            item: heard.item as usize,
            seconds: heard.seconds,
        });
        heard.or(self.inner.began.get()).unwrap_or(first)
    }

    /// The item that is heard, or was sought last, or comes first.
    pub(super) fn item(&self, heard: Option<Heard>) -> usize {
        match heard {
            Some(heard) => heard.item as usize,
            None => self.inner.sought.get().unwrap_or(self.place(None).item),
        }
    }

    /// No other decoder takes over: what was decoded is all there is.
    pub(super) fn give_up(&self) {
        self.inner.opening.set(0);
        self.inner.crash_noted.set(true);
        if let Some(feed) = &*self.inner.feed.borrow() {
            feed.abandon();
        }
    }

    /// Whether the decoder crashed at this item.
    pub(super) fn blames(&self, item: usize) -> bool {
        self.look();
        self.inner.told.failures.borrow().last().is_some_and(|failure| failure.item == item)
    }

    /// All that was decoded before the crash is played: notes how far that was.
    pub(super) fn settle(&self) {
        let Some(last) = self.heard(u64::MAX) else { return };
        if let Some(failure) = self.inner.told.failures.borrow_mut().last_mut()
            && failure.code == FileProblem::Crashed.code()
            && failure.item == last.item as usize
        {
            failure.at.get_or_insert(last.seconds);
        }
    }

    /// Loops as another decoder of the same list did.
    pub(super) fn loop_as(&self, old: &Media) {
        let region = old.inner.region.get();
        self.inner.region.set(region);
        if region.is_some() {
            // Was in range before; nobody waits for the answer.
            let _ = self.request("loop", &[("region", Loop::to_js(region))]);
        }
    }

    /// What is left of the list after the item at which the decoder crashed.
    pub(super) fn rest_of_list(&self) -> Option<MediaList> {
        let inner = &self.inner;
        let next = inner.told.failures.borrow().last()?.item + 1;
        (next < inner.list.borrow().items.len()).then(|| self.list_from(next))
    }

    /// The list, beginning with item `first`.
    pub(super) fn list_from(&self, first: usize) -> MediaList {
        MediaList {
            items: self.inner.list.borrow().items.clone(),
            first,
        }
    }

    /// Notes that an item could not be played.
    pub(super) fn note(&self, item: usize, error: &PageError) {
        let code = match error {
            PageError::File { problem, .. } => problem.clone(),
            other => other.code().into(),
        };
        self.inner.told.failures.borrow_mut().push(MediaFailure {
            item,
            name: self.name(item),
            code,
            at: None,
            message: error.to_string(),
        });
    }

    /// Whether both are the same.
    pub(super) fn is(&self, other: &Media) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }

    /// Takes over from another decoder of the same list.
    pub(super) fn inherit(&self, old: &Media) {
        let (to, from) = (&self.inner.told, &old.inner.told);
        *to.failures.borrow_mut() = from.failures.borrow().clone();
        for (track, known) in to.tracks.borrow_mut().iter_mut().zip(&*from.tracks.borrow()) {
            if track.info.is_none() {
                track.info = known.info.clone();
            }
        }
        let repeat = old.inner.repeat.get();
        self.inner.repeat.set(repeat);
        // Answered in its time; nobody waits for it.
        let _ = self.request("repeat", &[("repeat", (repeat as u32).into())]);
    }

    /// Plays nothing for now: another source does.
    pub(super) fn rest(&self) {
        let _ = self.request("rest", &[]);
        self.inner.told.readers.take();
    }

    fn name(&self, item: usize) -> String {
        let tracks = self.inner.told.tracks.borrow();
        tracks.get(item).map(|track| track.name.clone()).unwrap_or_default()
    }

    async fn ask(&self, kind: &str, fields: &[(&str, JsValue)]) -> Result<(), PageError> {
        let feeder = self.inner.feeder.borrow().clone();
        let id = self.request(kind, fields)?;
        loop {
            if let Some(answer) = within(500.0, feeder.answer(id)).await {
                return answer.map(drop);
            }
            // A feeder that hangs tells nothing.
            self.look();
        }
    }
}

impl Inner {
    /// Whoever waits for the network looks for commands instead.
    fn interrupt(&self) {
        for (.., reader) in &*self.told.readers.borrow() {
            reader.interrupt();
        }
    }
}

impl Track {
    fn unopened(item: &MediaItem) -> Track {
        Track {
            name: item.name(),
            info: None,
        }
    }
}

impl Loop {
    fn to_js(region: Option<Loop>) -> JsValue {
        region.map_or(JsValue::NULL, |Loop { item, start, end }| {
            object(&[("item", (item as u32).into()), ("start", start.into()), ("end", end.into())])
        })
    }
}

/// The error of a file that ended its decoder.
fn crash(name: &str, why: &str) -> PageError {
    PageError::File {
        problem: FileProblem::Crashed.code().into(),
        text: format!("{name}: {why}"),
    }
}

/// Refusals of the page's own decoder are like those of the worker's.
fn of_file(error: PageError) -> PageError {
    match error {
        PageError::Engine(error @ Error::File { problem, .. }) => PageError::File {
            problem: problem.code().into(),
            text: error.to_string(),
        },
        other => other,
    }
}

/// The items, of which the first is number `from`, as the feeder gets them: {name, file} or {name, reader}; and what reads their addresses, once the feeder opens them.
fn posted(items: &[MediaItem], from: usize) -> Result<(Array, Vec<(usize, UrlReader)>), PageError> {
    let mut readers = Vec::new();
    let posted = Array::new();
    for (number, item) in items.iter().enumerate() {
        let place = match item {
            MediaItem::File(file) => ("file", file.into()),
            MediaItem::Url(url) => {
                let reader = UrlReader::new(url)?;
                let handle = reader.handle();
                readers.push((from + number, reader));
                ("reader", handle)
            }
        };
        posted.push(&object(&[("name", item.name().into()), place]));
    }
    Ok((posted, readers))
}

/// A feeder that plays nothing yet.
struct Spare {
    feeder: Rc<Link>,
    told: Rc<Told>,
}

thread_local! {
    /// A worker that has the glue loaded and waits for its output.
    static STAND_BY: RefCell<Option<Spare>> = const { RefCell::new(None) };
}

/// Starts a worker that decodes, and has it load the engine.
fn spawn() -> Result<Spare, PageError> {
    let told = Rc::new(Told::default());
    let events = told.clone();
    let feeder = Rc::new(Link::spawn("feeder", move |kind, message| events.hear(kind, message))?);
    Ok(Spare { feeder, told })
}

/// Starts a worker that decodes, unless one stands by already.
pub(super) fn stand_by() {
    STAND_BY.with_borrow_mut(|stand_by| {
        if stand_by.is_none() {
            // A failure shows when a file is played: nobody is waiting yet.
            *stand_by = spawn().ok();
        }
    });
}

fn take_feeder() -> Result<Spare, PageError> {
    STAND_BY.take().map_or_else(spawn, Ok)
}
