//! The panel `#player` as a whole: what is looked up in the output with every frame, and where it is shown.

use wasm_bindgen::JsValue;
use web_sys::File;

use super::about::About;
use super::inspected::Inspected;
use super::list::List;
use super::marks::Marks;
use super::seek_bar::SeekBar;
use super::seeker::{Place, Seeker};
use super::shape::Shape;
use super::wave::{Over, Wave};
use super::ways::{Offers, Ways};
use super::words::failed;
use crate::lab::dom::{Mark, element, now_ms};
use crate::lab::phase::Phase;
use crate::overview::Overview;
use crate::web::MediaItem;
use crate::web::page::{Inspection, Opened, Output, Repeat, Track};

/// The list and what went wrong in it change seldom; they are copied at each look.
const LIST_EVERY_MS: f64 = 200.0;
/// For how long a file must have played before it is inspected: who skips from file to file starts no workers, and the first sound comes first.
const INSPECT_AFTER_MS: f64 = 300.0;

/// The panel.
#[derive(Debug)]
pub(in crate::lab) struct Player {
    empty: Mark,
    about: About,
    pub(super) list: List,
    pub(super) bar: SeekBar,
    pub(super) ways: Ways,
    wave: Wave,
    pub(super) inspected: Inspected,
    items: Vec<MediaItem>,
    pub(super) seeker: Seeker,
    pub(super) marks: Marks,
    tracks: Vec<Track>,
    /// Files that could not even be opened, before those that play: item and message.
    passed: Vec<(usize, String)>,
    /// Failures of the output that were shown.
    failures_shown: usize,
    /// Name and message of each file of this list that could not be played, or not to its end.
    failed: Vec<(String, String)>,
    /// What is shown as playing: [`Player::turn_to`] has been told.
    current: usize,
    /// When the current item is to be inspected, by the page's clock; `None`: it is or was, or cannot be.
    inspect_at_ms: Option<f64>,
    place: Option<Place>,
    list_at_ms: f64,
}

/// What the rest of the page is to know.
#[derive(Debug, Default)]
pub(in crate::lab) struct News {
    /// A further file could not be played, or not to its end: [`Player::failed`] says more.
    pub(in crate::lab) failed: bool,
    /// Another file plays.
    pub(in crate::lab) playing: Option<String>,
    /// A file to be inspected now, and its place in the list.
    pub(in crate::lab) inspect: Option<(usize, File)>,
}

impl Player {
    pub(in crate::lab) fn find() -> Result<Self, JsValue> {
        Ok(Player {
            empty: Mark::on(element("player")?, "data-empty"),
            about: About::find()?,
            list: List::find()?,
            bar: SeekBar::find()?,
            ways: Ways::find()?,
            wave: Wave::find()?,
            inspected: Inspected::find()?,
            items: Vec::new(),
            seeker: Seeker::default(),
            marks: Marks::default(),
            tracks: Vec::new(),
            passed: Vec::new(),
            failures_shown: 0,
            failed: Vec::new(),
            current: 0,
            inspect_at_ms: None,
            place: None,
            list_at_ms: f64::NEG_INFINITY,
        })
    }

    /// A list plays from its item `first` on.
    pub(in crate::lab) fn begin(&mut self, items: &[MediaItem], first: usize) -> Result<(), JsValue> {
        let names: Vec<String> = items.iter().map(MediaItem::name).collect();
        self.list.begin(names.iter().map(String::as_str))?;
        self.failed.clear();
        for (item, message) in self.passed.drain(..) {
            if let Some(name) = names.get(item) {
                self.list.fault(item, name, &message);
                self.failed.push((name.clone(), message));
            }
        }
        self.inspected.begin();
        self.items = items.to_vec();
        self.marks.clear();
        self.failures_shown = 0;
        self.place = None;
        self.list_at_ms = f64::NEG_INFINITY;
        self.tracks = names.into_iter().map(|name| Track { name, info: None }).collect();
        self.empty.show(if items.is_empty() { "true" } else { "false" });
        self.wave.refresh();
        self.turn_to(first);
        self.show_place(Place::start_of(first))
    }

    /// Further files are in the list.
    pub(in crate::lab) fn add(&mut self, items: &[MediaItem]) -> Result<(), JsValue> {
        let names: Vec<String> = items.iter().map(MediaItem::name).collect();
        self.list.add(names.iter().map(String::as_str))?;
        self.items.extend_from_slice(items);
        self.tracks.extend(names.into_iter().map(|name| Track { name, info: None }));
        self.offer();
        Ok(())
    }

    /// A file at the list's beginning could not be opened: to be marked when the list plays.
    pub(in crate::lab) fn pass_over(&mut self, item: usize, message: String) {
        self.passed.push((item, message));
    }

    /// What is to be said about the files of the list that could not be played, or not to their end; empty if all could.
    pub(in crate::lab) fn failed(&self) -> String {
        failed(&self.failed)
    }

    /// Another list was chosen.
    pub(in crate::lab) fn choose(&mut self) {
        self.passed.clear();
        self.seeker.forget();
    }

    /// The item that plays, or did last.
    pub(in crate::lab) fn current(&self) -> usize {
        self.current
    }

    /// The place that is shown.
    pub(super) fn place(&self) -> Place {
        self.place.unwrap_or(Place::start_of(self.current))
    }

    /// Length of the item that plays, in seconds, if it is known.
    pub(super) fn length(&self) -> Option<f64> {
        let info = self.tracks.get(self.current).and_then(|track| track.info.as_ref());
        let by_player = info.and_then(|info| info.seconds);
        let seconds = by_player.or_else(|| self.inspected.of(self.current)?.opened.info.seconds)?;
        (seconds > 0.0).then_some(seconds)
    }

    /// Which item of how many plays; `None` unless there are several.
    pub(in crate::lab) fn playing(&self) -> Option<String> {
        let track = self.tracks.get(self.current).filter(|_| self.tracks.len() > 1)?;
        Some(format!("{}, {} of {}", track.name, self.current + 1, self.tracks.len()))
    }

    /// One look at `output`, which plays this list if it plays any: reads it and writes what has changed.
    pub(in crate::lab) fn look(&mut self, now_ms: f64, output: &Output, phase: Phase) -> Result<News, JsValue> {
        let mut news = News::default();
        if now_ms - self.list_at_ms >= LIST_EVERY_MS {
            self.list_at_ms = now_ms;
            self.look_at_list(output, &mut news);
        }
        let heard = output.position().map(|heard| Place {
            item: heard.item as usize,
            seconds: heard.seconds,
        });
        let shown = self.seeker.shown(heard, phase == Phase::Running, now_ms);
        // Where nothing is known, what was shown last stays.
        let Some(place) = shown.filter(|place| place.item < self.tracks.len()) else {
            return Ok(news);
        };
        if place.item != self.current {
            self.turn_to(place.item);
            news.playing = Some(self.tracks[place.item].name.clone());
        }
        if self.inspect_at_ms.is_some_and(|at_ms| now_ms >= at_ms) {
            self.inspect_at_ms = None;
            if let Some(MediaItem::File(file)) = self.items.get(self.current) {
                news.inspect = Some((self.current, file.clone()));
            }
        }
        self.show_place(place)?;
        Ok(news)
    }

    /// The current item is being inspected. What it held before, if another was, is cancelled.
    pub(in crate::lab) fn inspecting(&mut self, inspection: Inspection) {
        self.inspected.hold(inspection);
    }

    /// A file was opened by an inspection.
    pub(in crate::lab) fn show_opened(&mut self, item: usize, opened: &Opened) {
        self.inspected.opened(item, opened.clone());
        if item == self.current {
            self.show_inspected();
        }
    }

    /// More of a file's overview is known, or all: `fraction` 1.0.
    pub(in crate::lab) fn show_overview(&mut self, item: usize, overview: &Overview, fraction: f64) -> Result<(), JsValue> {
        let now_ms = now_ms();
        if !self.inspected.grown(item, overview, fraction, now_ms) || item != self.current {
            return Ok(());
        }
        self.show_inspected();
        self.draw()
    }

    /// Nothing more comes from the inspection.
    pub(in crate::lab) fn inspection_over(&mut self) {
        self.inspected.over();
    }

    /// Shows what is known of the current item.
    fn show_inspected(&mut self) {
        let Some(known) = self.inspected.of(self.current) else { return };
        if let Some(track) = self.tracks.get(self.current) {
            self.about.show_tags(&track.name, &known.opened.tags);
        }
        self.about.show_cover(known.opened.cover.as_ref());
        self.wave.show(known.shape.clone());
    }

    fn look_at_list(&mut self, output: &Output, news: &mut News) {
        let tracks = output.tracks();
        for (nth, track) in tracks.iter().enumerate() {
            if self.tracks.get(nth) == Some(track) {
                continue;
            }
            self.list.know(nth, track);
            if let (true, Some(info)) = (nth == self.current, &track.info) {
                self.about.show_info(info);
            }
        }
        if tracks.len() == self.tracks.len() {
            self.tracks = tracks;
        }
        let mut failures = output.failures();
        // Fewer than were shown: another list's.
        let fresh = failures.split_off(self.failures_shown.min(failures.len()));
        self.failures_shown += fresh.len();
        for failure in &fresh {
            self.list.fault(failure.item, &failure.name, &failure.message);
            self.failed.push((failure.name.clone(), failure.message.clone()));
        }
        news.failed = !fresh.is_empty();
    }

    /// Another item plays.
    fn turn_to(&mut self, item: usize) {
        self.current = item;
        self.list.mark(Some(item));
        if let Some(track) = self.tracks.get(item) {
            self.about.begin(&track.name);
            if let Some(info) = &track.info {
                self.about.show_info(info);
            }
        }
        self.wave.show(Shape::default());
        self.inspected.cancel();
        // Known from before, or to be found out soon.
        self.inspect_at_ms = (!self.inspected.is_whole(item)).then(|| now_ms() + INSPECT_AFTER_MS);
        self.show_inspected();
        self.offer();
    }

    fn show_place(&mut self, place: Place) -> Result<(), JsValue> {
        self.place = Some(place);
        let length = self.length();
        self.bar.show(place.seconds, length);
        self.draw()
    }

    /// Draws the waveform, if anything has changed about it.
    pub(super) fn draw(&mut self) -> Result<(), JsValue> {
        let (length, place) = (self.length(), self.place());
        let share = |seconds: f64| length.map(|length| seconds / length);
        let (a, b) = self.marks.of(self.current);
        self.wave.draw(Over {
            played: share(place.seconds),
            a: a.and_then(share),
            b: b.and_then(share),
        })
    }

    /// Size or colours have changed.
    pub(in crate::lab) fn refresh(&mut self) {
        self.wave.refresh();
        // Without it the page only looks poor until the next frame.
        let _ = self.draw();
    }

    /// Offers what can be done.
    pub(super) fn offer(&mut self) {
        let files = self.list.len();
        let round = self.ways.wanted() == Repeat::All && files > 0;
        let offers = Offers {
            previous: files > 0,
            next: round || self.current + 1 < files,
            mark: files > 0,
        };
        self.ways.show(offers, &self.marks, self.current);
    }
}
