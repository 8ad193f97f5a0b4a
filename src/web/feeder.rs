//! The feeder's worker: reads and decodes files and writes their sound into the feed. Driven by `worklet/feeder.js`.

use core::time::Duration;
use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use super::codec;
use super::message::{post, set, tell_panics, thrown, track_info};
use super::options::object;
use crate::error::Error;
use crate::feed::{Port, Pump, PumpTurn, SeekCommand};
use crate::source::file::{FileInfo, FileTrack, Track};
use crate::source::player::{Failure, LoopRegion, Opener, Player, Repeat};

/// What [`Feeder::run`] returns when there is mail, or nothing to do but to wait for some; must match `worklet/feeder.js`.
const MAIL: u32 = 1;
/// … and when the browser's decoder has to answer first.
const WAITING: u32 = 2;

#[wasm_bindgen]
extern "C" {
    /// `FeedPort` of `worklet/feeder.js`: the feed, through the raw exports of the instance over the output's memory.
    pub type FeedPort;
    #[wasm_bindgen(method)]
    fn room(this: &FeedPort) -> usize;
    #[wasm_bindgen(method)]
    fn write(this: &FeedPort, samples: &[f32], frames: usize);
    #[wasm_bindgen(method)]
    fn jump(this: &FeedPort, serial: u32);
    #[wasm_bindgen(method)]
    fn join(this: &FeedPort, serial: u32, stale: usize);
    #[wasm_bindgen(method)]
    fn unread(this: &FeedPort) -> usize;
    #[wasm_bindgen(method)]
    fn segment(this: &FeedPort, item: u32, seconds: f64);
    #[wasm_bindgen(method)]
    fn end(this: &FeedPort);
    #[wasm_bindgen(method, js_name = isDrained)]
    fn is_drained(this: &FeedPort) -> bool;
    #[wasm_bindgen(method)]
    fn ticket(this: &FeedPort) -> u32;
    #[wasm_bindgen(method)]
    fn wait(this: &FeedPort, ticket: u32, frames: usize, ms: f64);
    #[wasm_bindgen(method, js_name = seekSerial)]
    fn seek_serial(this: &FeedPort) -> u32;
    #[wasm_bindgen(method, js_name = seekItem)]
    fn seek_item(this: &FeedPort) -> u32;
    #[wasm_bindgen(method, js_name = seekSeconds)]
    fn seek_seconds(this: &FeedPort) -> f64;
    #[wasm_bindgen(method)]
    fn mail(this: &FeedPort) -> u32;
    #[wasm_bindgen(method)]
    fn beat(this: &FeedPort);
}

/// The feed, through JavaScript.
struct JsPort {
    port: FeedPort,
    channels: usize,
}

impl Port for JsPort {
    fn room(&mut self) -> usize {
        self.port.room()
    }

    fn write(&mut self, interleaved: &[f32]) {
        self.port.write(interleaved, interleaved.len() / self.channels);
    }

    fn jump(&mut self, serial: u32) {
        self.port.jump(serial);
    }

    fn join(&mut self, serial: u32, stale: usize) {
        self.port.join(serial, stale);
    }

    fn unread(&mut self) -> usize {
        self.port.unread()
    }

    fn segment(&mut self, item: u32, seconds: f64) {
        self.port.segment(item, seconds);
    }

    fn end(&mut self) {
        self.port.end();
    }

    fn is_drained(&mut self) -> bool {
        self.port.is_drained()
    }

    fn ticket(&mut self) -> u32 {
        self.port.ticket()
    }

    fn wait(&mut self, ticket: u32, frames: usize, timeout: Duration) {
        self.port.wait(ticket, frames, timeout.as_secs_f64() * 1e3);
    }

    fn seek_wanted(&mut self, done: u32) -> Option<SeekCommand> {
        let serial = self.port.seek_serial();
        (serial != 0 && serial != done).then(|| SeekCommand {
            serial,
            item: self.port.seek_item(),
            seconds: self.port.seek_seconds(),
        })
    }

    fn mail(&mut self) -> u32 {
        self.port.mail()
    }

    fn beat(&mut self) {
        self.port.beat();
    }
}

/// A feeder: a player, and the feed that it fills once there is one.
#[wasm_bindgen]
pub struct Feeder {
    sample_rate: f32,
    channels: usize,
    /// Opened before there was a feed.
    player: Option<Player>,
    pump: Option<Pump<JsPort>>,
    /// A list that is being opened, and its number.
    coming: Option<(Player, u32)>,
    /// What is repeated, also of lists to come.
    repeat: Repeat,
    /// The list being played, as the page numbers it; shared with its openers.
    list: Rc<Cell<u32>>,
    /// The seek that the page was told of last.
    arrival_told: u32,
}

#[wasm_bindgen]
impl Feeder {
    /// A feeder for sound of `sample_rate` Hz and `channels`.
    #[wasm_bindgen(constructor)]
    pub fn new(sample_rate: f32, channels: usize) -> Feeder {
        tell_panics();
        Feeder {
            sample_rate,
            channels,
            player: None,
            pump: None,
            coming: None,
            repeat: Repeat::default(),
            list: Rc::default(),
            arrival_told: 0,
        }
    }

    /// Opens a list, an array of {name, file} or {name, client}, to be [played](Feeder::play) from item `first` on once it [is open](Feeder::is_open). `list` is its number. Throws when that item
    /// cannot be opened: an `Error` with `code`.
    pub fn open(&mut self, items: &Array, first: usize, list: u32) -> Result<(), JsValue> {
        let mut player = Player::new(self.sample_rate, self.channels).map_err(thrown)?;
        player.set_repeat(self.repeat);
        player.set_items(openers(items, 0, list), first);
        self.coming = (first < items.length() as usize).then_some((player, list));
        Ok(())
    }

    /// Whether there is sound of what is being opened: if not, the browser's decoder has to answer first ([`Feeder::news`]). Throws as [`Feeder::open`].
    pub fn is_open(&mut self) -> Result<bool, JsValue> {
        let Some((player, _)) = &mut self.coming else { return Ok(true) };
        match player.open() {
            Ok(()) => Ok(!player.is_waiting()),
            Err(error) => {
                self.coming = None;
                Err(thrown(error))
            }
        }
    }

    /// Plays what was opened, in place of what was played before.
    pub fn play(&mut self) {
        let Some((player, list)) = self.coming.take() else { return };
        self.list.set(list);
        match &mut self.pump {
            Some(pump) => pump.set_player(player),
            None => self.player = Some(player),
        }
    }

    /// Adds items to the end of the list.
    pub fn append(&mut self, items: &Array, from: u32) -> Result<(), JsValue> {
        let list = self.list.get();
        let player = self.player_mut()?;
        for opener in openers(items, from, list) {
            player.append(opener);
        }
        if let Some(pump) = &mut self.pump {
            // What followed the last item until now: its end, or the first one.
            if pump.is_ended() || self.repeat == Repeat::All {
                pump.again();
            }
            pump.go_on();
        }
        Ok(())
    }

    /// Loops over a region, {item, start, end} in seconds, or no longer. Throws for one that is none.
    pub fn set_loop(&mut self, region: &JsValue) -> Result<(), JsValue> {
        let number = |name: &str| {
            Reflect::get(region, &name.into())
                .ok()
                .and_then(|value| value.as_f64())
                .unwrap_or_default()
        };
        let region = region.is_object().then(|| LoopRegion {
            item: number("item") as usize,
            start: number("start"),
            end: number("end"),
        });
        self.player_mut()?.set_loop(region).map_err(thrown)?;
        if let Some(pump) = &mut self.pump {
            pump.again();
        }
        Ok(())
    }

    /// Repeats nothing (0), the item (1) or the list (2): after the item that is heard, unless that is over in a moment.
    pub fn set_repeat(&mut self, repeat: u32) -> Result<(), JsValue> {
        let repeat = match repeat {
            1 => Repeat::One,
            2 => Repeat::All,
            _ => Repeat::None,
        };
        self.repeat = repeat;
        let player = self.player_mut()?;
        if player.set_repeat(repeat) != repeat
            && let Some(pump) = &mut self.pump
        {
            pump.again();
        }
        Ok(())
    }

    /// Plays nothing until another list comes.
    pub fn rest(&mut self) -> Result<(), JsValue> {
        let player = Player::new(self.sample_rate, self.channels).map_err(thrown)?;
        if let Some(pump) = &mut self.pump {
            pump.set_player(player);
        }
        Ok(())
    }

    /// Fills the feed behind `port` from now on.
    pub fn attach(&mut self, port: FeedPort) -> Result<(), JsValue> {
        let port = JsPort {
            port,
            channels: self.channels,
        };
        let player = match self.player.take() {
            Some(player) => player,
            None => Player::new(self.sample_rate, self.channels).map_err(thrown)?,
        };
        self.pump = Some(Pump::new(port, player, self.channels));
        Ok(())
    }

    /// Counts one message as handled.
    pub fn handled(&mut self) {
        if let Some(pump) = &mut self.pump {
            pump.handled();
        }
    }

    /// Decodes and sleeps until there is mail (1) or the browser's decoder has to answer (2).
    pub fn run(&mut self) -> u32 {
        let Some(pump) = &mut self.pump else { return MAIL };
        loop {
            let turn = pump.turn();
            for failure in pump.take_failures() {
                tell_failure(&failure, self.list.get());
            }
            let arrived = pump.arrived();
            if arrived != self.arrival_told {
                self.arrival_told = arrived;
                post(&object(&[("type", "sought".into()), ("serial", arrived.into())]));
            }
            match turn {
                PumpTurn::Going => {}
                PumpTurn::Mail => return MAIL,
                PumpTurn::Waiting => return WAITING,
            }
        }
    }

    /// Resolves when the browser's decoder has answered.
    pub fn news(&self) -> Promise {
        codec::answered()
    }

    fn player_mut(&mut self) -> Result<&mut Player, JsValue> {
        match (&mut self.pump, &mut self.player) {
            (Some(pump), _) => Ok(pump.player()),
            (None, Some(player)) => Ok(player),
            (None, None) => Err(JsError::new("nothing is played").into()),
        }
    }
}

/// How each of the page's `items` is opened; the first is number `from` of list `list`.
fn openers(items: &Array, from: u32, list: u32) -> Vec<Box<dyn Opener>> {
    let open = |(number, item): (usize, JsValue)| -> Box<dyn Opener> {
        let name = Reflect::get(&item, &"name".into()).ok().and_then(|name| name.as_string());
        Box::new(PageItem {
            name: name.unwrap_or_default(),
            item,
            number: from + number as u32,
            list,
            told: false,
        })
    };
    items.iter().enumerate().map(open).collect()
}

/// An item of the page's list.
struct PageItem {
    name: String,
    /// {name, file} or {name, client}.
    item: JsValue,
    number: u32,
    list: u32,
    /// Whether the page was told what is in it.
    told: bool,
}

impl Opener for PageItem {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&mut self) -> Result<Box<dyn Track>, Error> {
        // Whatever happens from here on is this file's doing, also if nothing can be told any more.
        post(&object(&[
            ("type", "opening".into()),
            ("list", self.list.into()),
            ("item", self.number.into()),
        ]));
        let track = super::url::while_opening(|| {
            let media = super::media::open(&self.item).map_err(|trouble| trouble.of(&self.name))?;
            FileTrack::open(media, &self.name, Some(Rc::new(codec::browser_codec)))
        })?;
        if !self.told {
            self.told = true;
            tell_track(track.info(), self.number, self.list);
        }
        Ok(Box::new(track))
    }
}

/// Tells the page what is in an item.
fn tell_track(info: &FileInfo, item: u32, list: u32) {
    let told = track_info(info);
    for (field, value) in [("type", "track".into()), ("list", list.into()), ("item", item.into())] {
        set(&told, field, &value);
    }
    post(&told);
}

fn tell_failure(failure: &Failure, list: u32) {
    let (code, at) = match &failure.error {
        Error::File { problem, at, .. } => (problem.code(), at.map_or(JsValue::NULL, JsValue::from)),
        _ => ("engine", JsValue::NULL),
    };
    post(&object(&[
        ("type", "failure".into()),
        ("list", list.into()),
        ("item", (failure.item as u32).into()),
        ("code", code.into()),
        ("at", at),
        ("message", failure.error.to_string().into()),
    ]));
}
