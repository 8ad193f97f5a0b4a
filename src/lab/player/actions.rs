//! What a person does with the files, carried out.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use super::inspected::Inspected;
use super::seeker::Place;
use crate::lab::jobs::Job;
use crate::lab::page::Lab;
use crate::lab::phase::Phase;
use crate::web::page::{InspectNews, Inspection, Loop, Output, Repeat};
use crate::web::{MediaItem, PageError};

/// Later than this, going back is to the file's beginning; earlier, to the file before it. In seconds.
const BACK_SECONDS: f64 = 3.0;

/// Places that the keyboard goes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// So many seconds on, or back.
    By(f64),
    /// The file's beginning.
    Start,
    /// Shortly before the file's end.
    End,
}

impl Lab {
    /// Plays these files, at once, instead of what plays.
    pub(in crate::lab) fn play_files(self: &Rc<Self>, items: Vec<MediaItem>) {
        if items.is_empty() {
            return;
        }
        self.controls.choice.pick(items, 0);
        self.player.borrow_mut().choose();
        self.play_chosen();
    }

    /// Adds files to the list that plays; plays them where none does.
    pub(in crate::lab) fn add_files(self: &Rc<Self>, items: Vec<MediaItem>) {
        if items.is_empty() {
            return;
        }
        let Some(output) = self.playing_files() else {
            let first = self.controls.choice.add(&items);
            return self.play_item(first);
        };
        self.controls.choice.add(&items);
        self.controls.choice.keep();
        if let Err(error) = self.player.borrow_mut().add(&items) {
            web_sys::console::error_1(&error);
        }
        let lab = self.clone();
        spawn_local(async move {
            if let Err(error) = output.append(items).await {
                lab.message.error(&error);
            }
        });
    }

    /// Plays item `item` of the list from its beginning.
    pub(super) fn play_item(self: &Rc<Self>, item: usize) {
        match self.playing_files() {
            Some(output) => {
                self.seek(Place::start_of(item));
                // Who picks a file wants to hear it.
                output.set_paused(false);
                output.resume();
                self.look_again();
            }
            None => {
                self.controls.choice.begin_with(item);
                self.player.borrow_mut().choose();
                self.play_chosen();
            }
        }
    }

    fn play_chosen(self: &Rc<Self>) {
        match self.controls.choice.spec() {
            Ok(source) if self.phase_now().is_live() => self.begin(Job::Source(source)),
            _ => self.begin(Job::Start),
        }
    }

    /// The output, if it plays the files of the list.
    pub(in crate::lab) fn playing_files(&self) -> Option<Output> {
        let output = self
            .output()
            .filter(|_| self.phase_now().is_live() && self.controls.choice.plays_files())?;
        (!output.tracks().is_empty()).then_some(output)
    }

    /// Goes to a place in the list. Where nothing plays, plays from there.
    pub(super) fn seek(self: &Rc<Self>, place: Place) {
        self.player.borrow_mut().seeker.want(place);
        if self.playing_files().is_some() {
            self.carry_out_seek();
            // A page that draws nothing more, as when the list has ended, shows the new place at once.
            self.look_again();
        } else if !self.working.get() {
            self.controls.choice.begin_with(place.item);
            self.play_chosen();
        }
    }

    /// Seeks what was asked for, if no other seek is under way; then what was asked for meanwhile.
    pub(in crate::lab) fn carry_out_seek(self: &Rc<Self>) {
        let Some(output) = self.playing_files() else { return };
        let Some(first) = self.player.borrow_mut().seeker.start() else {
            return;
        };
        let lab = self.clone();
        spawn_local(async move {
            let mut next = Some(first);
            while let Some(place) = next {
                let sought = output.seek(place.item, place.seconds).await;
                let mut player = lab.player.borrow_mut();
                player.seeker.done();
                next = player.seeker.start();
                drop(player);
                if let Err(error) = sought {
                    lab.say(&error);
                }
            }
        });
    }

    /// Says what went wrong, unless the page says it already: that the output is gone.
    fn say(&self, error: &PageError) {
        if !matches!(error, PageError::Closed) {
            self.message.error(error);
        }
    }

    /// A step by keyboard.
    pub(super) fn step(self: &Rc<Self>, step: Step) {
        let player = self.player.borrow();
        let (place, length) = (player.place(), player.length());
        let files = player.list.len();
        drop(player);
        let to = match step {
            Step::By(seconds) => place.moved(seconds, length),
            Step::Start => Place::start_of(place.item),
            Step::End if length.is_some() => place.moved(f64::INFINITY, length),
            Step::End => return,
        };
        if files > 0 {
            self.seek(to);
        }
    }

    /// To the file before, or to the beginning of the one that has played for a while.
    pub(super) fn previous(self: &Rc<Self>) {
        let player = self.player.borrow();
        let (place, files, repeat) = (player.place(), player.list.len(), player.ways.wanted());
        drop(player);
        self.play_item(match place.item {
            item if place.seconds > BACK_SECONDS || files == 0 => item,
            0 if repeat == Repeat::All => files - 1,
            item => item.saturating_sub(1),
        });
    }

    /// To the next file.
    pub(super) fn next(self: &Rc<Self>) {
        let player = self.player.borrow();
        let (next, files, repeat) = (player.current() + 1, player.list.len(), player.ways.wanted());
        drop(player);
        if next < files {
            self.play_item(next);
        } else if repeat == Repeat::All {
            self.play_item(0);
        }
    }

    /// Sets one end of the loop where it plays now, or clears both.
    pub(super) fn mark(self: &Rc<Self>, set: Option<LoopEnd>) {
        let mut player = self.player.borrow_mut();
        let before = player.marks.region();
        let Place { item, seconds } = player.place();
        match set {
            Some(LoopEnd::A) => player.marks.begin(item, seconds),
            Some(LoopEnd::B) => player.marks.end(item, seconds),
            None => player.marks.clear(),
        }
        let after = player.marks.region();
        player.offer();
        let drawn = player.draw();
        drop(player);
        if let Err(error) = drawn {
            web_sys::console::error_1(&error);
        }
        // One end alone changes nothing about what is played, and must not disturb it.
        let Some(output) = self.playing_files().filter(|_| after != before) else {
            return;
        };
        let region = after.map(|(item, start, end)| Loop { item, start, end });
        let lab = self.clone();
        spawn_local(async move {
            if let Err(error) = output.set_loop(region).await {
                lab.say(&error);
            }
        });
    }

    /// Has the output repeat what the control says.
    pub(in crate::lab) fn repeat(self: &Rc<Self>) {
        let mut player = self.player.borrow_mut();
        player.offer();
        let repeat = player.ways.wanted();
        drop(player);
        let Some(output) = self.playing_files() else { return };
        let lab = self.clone();
        spawn_local(async move {
            if let Err(error) = output.set_repeat(repeat).await {
                lab.say(&error);
            }
        });
    }

    /// A list has begun to play: the panel shows it, and it is played as its controls say.
    pub(in crate::lab) fn files_begin(self: &Rc<Self>) {
        let list = self.controls.choice.files();
        if !self.controls.choice.plays_files() || list.items.is_empty() {
            return;
        }
        let mut player = self.player.borrow_mut();
        let wanted = player.seeker.take();
        player.seeker.forget();
        if let Err(error) = player.begin(&list.items, list.first) {
            web_sys::console::error_1(&error);
        }
        let repeat = player.ways.wanted();
        self.view.borrow_mut().show_playing(player.playing());
        let failed = player.failed();
        drop(player);
        if !failed.is_empty() {
            self.message.show("file", &failed);
        }
        if repeat != Repeat::None {
            self.repeat();
        }
        // Where somebody wanted to begin.
        if let Some(place) = wanted.filter(|place| place.item == list.first && place.seconds > 0.0) {
            self.seek(place);
        }
    }

    /// The first of the chosen files cannot be played: whether there is another to begin with.
    pub(in crate::lab) fn pass_over(self: &Rc<Self>, error: &PageError) -> bool {
        let choice = &self.controls.choice;
        let list = choice.files();
        if error.code() != "file" || !choice.plays_files() || list.first + 1 >= list.items.len() {
            return false;
        }
        self.player.borrow_mut().pass_over(list.first, error.to_string());
        choice.begin_with(list.first + 1);
        true
    }

    /// Finds out about a file of the list in the background: cover, tags, waveform. What was being found out about another is given up.
    pub(in crate::lab) fn inspect(self: &Rc<Self>, item: usize, file: &File) {
        let lab = self.clone();
        let inspection = Inspection::start(file, Inspected::options(), move |news| {
            let mut player = lab.player.borrow_mut();
            let shown = match news {
                InspectNews::Opened(opened) => {
                    player.show_opened(item, opened);
                    Ok(())
                }
                InspectNews::Overview(overview, fraction) => player.show_overview(item, overview, fraction),
                // What is wrong with the file, whoever plays it says.
                InspectNews::Done(_) => {
                    player.inspection_over();
                    Ok(())
                }
            };
            if let Err(error) = shown {
                web_sys::console::error_1(&error);
            }
        });
        match inspection {
            Ok(inspection) => self.player.borrow_mut().inspecting(inspection),
            Err(error) => web_sys::console::error_1(&error.into()),
        }
    }

    /// With what to begin when Play is pressed while nothing plays: where it was stopped, or with the first after the last has ended.
    pub(in crate::lab) fn begin_again(&self) {
        let first = match self.phase.get() {
            Phase::Ended | Phase::Idle => 0,
            _ => self.player.borrow().current(),
        };
        self.controls.choice.begin_with(first);
    }
}

/// Which end of the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopEnd {
    /// Its beginning.
    A,
    /// Its end.
    B,
}
