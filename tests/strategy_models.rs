//! Every strategy against a model of it: any sequence of steps of both sides, one thread. What is put out, what is counted, and what the index signal shows must be the model's after every step, and the books must balance.
//!
//! The producer is the real one ([`Pacer`], which does not sleep here), so is the audio thread's part ([`Quanta`]); what lies between them is the strategy's. And strategies that lie: what they declare is not believed.
#![cfg(feature = "strategies")]
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use noxrun::conceal::{Conceal, FADE_FRAMES};
use noxrun::consume::{Ledger, Planar, Quanta};
use noxrun::ledger::{DroppedBy, FoundKind, ProducerState, SilentBy, Snapshot};
use noxrun::render::{Clock, Naps, Pace, Pacer, RenderInfo, Source};
use noxrun::ring::{Consumer, Producer, Ring};
use noxrun::shared::SharedOutput;
use noxrun::strategy::double::Double;
use noxrun::strategy::message::{Answer, HEADER, Mirror, Received, Receiver, Sender};
use noxrun::strategy::slots::{Block, Slots};
use noxrun::strategy::triple::Triple;
use noxrun::strategy::{Direct, LatestReader, Look, Reader, RingReader, Strategy, Taken, number_of, reader};
use proptest::prelude::*;

/// Frames that the rings can hold.
const CAPACITY: usize = 96;
/// Frames of the longest quantum.
const QUANTUM: usize = 40;

// ---- The producer's side ----

/// What the source has, and what it was asked for.
#[derive(Default)]
struct Feed {
    ready: usize,
    /// Nothing follows what is ready.
    ends: bool,
    jumps: bool,
    /// Indices rendered since somebody looked.
    rendered: Vec<u64>,
}

struct Fed(Rc<RefCell<Feed>>);

impl Source for Fed {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let feed = &mut *self.0.borrow_mut();
        let frames = feed.ready.min(block.len() / info.channels);
        for (index, frame) in (info.position..).zip(block.chunks_exact_mut(info.channels)).take(frames) {
            frame.fill(index as f32);
            feed.rendered.push(index);
        }
        feed.ready -= frames;
        frames
    }

    fn available(&mut self) -> usize {
        let feed = self.0.borrow();
        if feed.ends { usize::MAX } else { feed.ready }
    }

    fn jumped(&mut self) -> bool {
        std::mem::take(&mut self.0.borrow_mut().jumps)
    }
}

/// Goes on when it is told to.
#[derive(Default, Clone)]
struct Told(Rc<Cell<f64>>);

impl Clock for Told {
    fn now_ms(&self) -> f64 {
        self.0.get()
    }

    fn origin_ms(&self) -> f64 {
        0.0
    }
}

// ---- What comes out ----

/// A frame that is put out. The number is its index.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Frame {
    Fresh(u64),
    Again(u64),
    /// Two at once: the sum of both.
    Mixed(u64),
    /// Of a later block than is thought, which was written where that one was; whether that one was put out before.
    Overwritten(u64, bool),
    /// Nothing, where the exchange plays by a schedule.
    Hole,
}

impl Frame {
    fn sample(self) -> f32 {
        match self {
            Frame::Fresh(index) | Frame::Again(index) | Frame::Mixed(index) | Frame::Overwritten(index, _) => index as f32,
            Frame::Hole => 0.0,
        }
    }
}

/// What the index signal shows, by all that came since it may have been any index.
#[derive(Default)]
struct Oracle {
    first: Option<u64>,
    newest: u64,
    came: HashSet<u64>,
}

impl Oracle {
    fn look(&mut self, index: u64, found: &mut [u64; 4]) {
        let Some(first) = self.first else {
            (self.first, self.newest) = (Some(index), index);
            self.came = HashSet::from([index]);
            return;
        };
        if index > self.newest {
            found[FoundKind::Gap as usize] += index - self.newest - 1;
            self.newest = index;
        } else {
            let again = index < first || self.came.contains(&index);
            found[if again { FoundKind::Duplicate } else { FoundKind::Reordered } as usize] += 1;
        }
        self.came.insert(index);
    }
}

/// What lies between the two sides, as simply as can be said.
trait Model {
    /// A block is committed. Returns the frames that it replaces.
    fn put(&mut self, indices: &[u64]) -> usize;
    /// All before this place is to be discarded.
    fn flush_to(&mut self, _position: u64) {}
    fn look(&mut self) -> Look;
    /// What is put out of up to `frames`, what is left out for it, and whether the source has ended with it.
    fn take(&mut self, frames: usize, over: bool) -> (Vec<Frame>, usize, bool);
    /// Frames that are taken and not put out yet.
    fn held(&self) -> usize {
        0
    }
    /// Place of the next frame that nobody has taken.
    fn read(&self) -> u64;
}

/// A queue from which the reader takes `at_once` frames, and keeps what is left of them; a ring is one from which it takes one frame.
struct Queue {
    at_once: usize,
    waiting: VecDeque<u64>,
    aside: VecDeque<u64>,
    read: u64,
    flush_to: u64,
    flushed_to: u64,
}

impl Queue {
    fn new(at_once: usize) -> Self {
        Queue {
            at_once,
            waiting: VecDeque::new(),
            aside: VecDeque::new(),
            read: 0,
            flush_to: 0,
            flushed_to: 0,
        }
    }
}

impl Model for Queue {
    fn put(&mut self, indices: &[u64]) -> usize {
        self.waiting.extend(indices);
        0
    }

    fn flush_to(&mut self, position: u64) {
        self.flush_to = position;
    }

    fn look(&mut self) -> Look {
        let mut flushed = 0;
        let jumps = self.flush_to != self.flushed_to;
        if jumps {
            self.flushed_to = self.flush_to;
            while self.read - (self.aside.len() as u64) < self.flush_to {
                if self.aside.pop_front().is_none() {
                    self.waiting.pop_front().expect("nothing is flushed that was not committed");
                    self.read += 1;
                }
                flushed += 1;
            }
        }
        Look {
            flushed: jumps.then_some(flushed),
            ..Look::default()
        }
    }

    fn take(&mut self, frames: usize, _over: bool) -> (Vec<Frame>, usize, bool) {
        let mut out = Vec::new();
        while out.len() < frames {
            if self.aside.is_empty() {
                let block = self.at_once.min(self.waiting.len());
                self.aside.extend(self.waiting.drain(..block));
                self.read += block as u64;
            }
            let Some(index) = self.aside.pop_front() else { break };
            out.push(Frame::Fresh(index));
        }
        (out, 0, false)
    }

    fn held(&self) -> usize {
        self.aside.len()
    }

    fn read(&self) -> u64 {
        self.read
    }
}

/// The newest block counts.
#[derive(Default)]
struct Newest {
    waiting: Option<Vec<u64>>,
    block: Vec<u64>,
    /// Frames of it put out so far, repeated ones as well.
    at: usize,
    written: u64,
    read: u64,
    flush_to: u64,
    flushed_to: u64,
    /// The first block of another sound is there.
    anew: bool,
    /// Of two slots: the block that was written there last, and its end. None where every block has a place of its own.
    slots: Option<[(Vec<u64>, u64); 2]>,
    /// Slot of the latest block.
    latest: usize,
    /// Slot and end of the block that is read.
    from: (usize, u64),
}

impl Newest {
    /// Goes over to what waits, unless that may be another sound; whether, and what is left out for it.
    fn renew(&mut self) -> Option<usize> {
        if self.flush_to != self.flushed_to {
            return None;
        }
        let left = self.held();
        self.block = self.waiting.take()?;
        (self.at, self.read) = (0, self.written);
        self.from = (self.latest, self.written);
        Some(left)
    }
}

impl Model for Newest {
    fn flush_to(&mut self, position: u64) {
        self.flush_to = position;
    }

    fn put(&mut self, indices: &[u64]) -> usize {
        if indices.is_empty() {
            return 0;
        }
        self.written += indices.len() as u64;
        if let Some(slots) = &mut self.slots {
            self.latest = 1 - self.latest;
            let (samples, end) = &mut slots[self.latest];
            // A shorter block leaves the end of the one before where it is.
            samples.resize(samples.len().max(indices.len()), 0);
            samples[..indices.len()].copy_from_slice(indices);
            *end = self.written;
        }
        self.waiting.replace(indices.to_vec()).map_or(0, |block| block.len())
    }

    fn look(&mut self) -> Look {
        // Once there is a block of the other sound.
        let jumps = self.flush_to != self.flushed_to && self.waiting.is_some() && self.written > self.flush_to;
        if jumps {
            (self.flushed_to, self.anew) = (self.flush_to, true);
        }
        Look {
            flushed: jumps.then_some(0),
            ..Look::default()
        }
    }

    fn take(&mut self, frames: usize, over: bool) -> (Vec<Frame>, usize, bool) {
        let (mut out, mut left_out) = (Vec::new(), 0);
        // Short blocks: each quantum begins with the newest.
        if core::mem::take(&mut self.anew) || self.block.len() <= QUANTUM {
            left_out += self.renew().unwrap_or(0);
        }
        while out.len() < frames {
            let length = self.block.len();
            let at_end = length == 0 || (self.at >= length && self.at.is_multiple_of(length));
            let over_again = over && self.at >= length;
            if (at_end || over_again) && self.renew().is_some() {
                continue;
            }
            if length == 0 || over_again {
                break;
            }
            let (place, again) = (self.at % length, self.at >= length);
            let overwritten = (self.slots.as_ref())
                .map(|slots| &slots[self.from.0])
                .filter(|(_, end)| *end != self.from.1);
            out.push(match (overwritten, again) {
                (Some((samples, _)), again) => Frame::Overwritten(samples[place], again),
                (None, true) => Frame::Again(self.block[place]),
                (None, false) => Frame::Fresh(self.block[place]),
            });
            self.at += 1;
        }
        (out, left_out, false)
    }

    fn held(&self) -> usize {
        self.block.len().saturating_sub(self.at)
    }

    fn read(&self) -> u64 {
        self.read
    }
}

/// The source itself, on the audio thread.
struct Rendered {
    /// What the source still has, apart from the real one.
    ready: usize,
    ends: bool,
    jumps: bool,
    index: u64,
    over: bool,
    read: u64,
}

impl Model for Rendered {
    fn put(&mut self, _: &[u64]) -> usize {
        unreachable!("nobody commits anything")
    }

    fn look(&mut self) -> Look {
        let jumped = std::mem::take(&mut self.jumps);
        if jumped {
            (self.index, self.over) = (0, false);
        }
        Look {
            flushed: jumped.then_some(0),
            ..Look::default()
        }
    }

    fn take(&mut self, frames: usize, _over: bool) -> (Vec<Frame>, usize, bool) {
        let there = if self.over { 0 } else { frames.min(self.ready) };
        self.ready -= there;
        self.over |= self.ends && there < frames;
        let first = self.index;
        self.index += there as u64;
        self.read += there as u64;
        ((first..self.index).map(Frame::Fresh).collect(), 0, self.over)
    }

    fn read(&self) -> u64 {
        self.read
    }
}

/// Buffers that play by themselves.
#[derive(Default)]
struct Scheduled {
    /// When each begins, and its frames: place among all committed, index.
    nodes: Vec<(u64, Vec<(u64, u64)>)>,
    /// The context's time.
    now: u64,
    next: u64,
    written: u64,
    read: u64,
    begun: bool,
    /// What this quantum brings, frame by frame: all that plays then.
    brings: Vec<Vec<(u64, u64)>>,
}

impl Scheduled {
    /// The latest block plays right behind the one before, so many frames later or earlier, or not at all.
    fn schedule(&mut self, indices: &[u64], how: u16) {
        let from = self.written - indices.len() as u64;
        let frames = (from..).zip(indices.iter().copied()).collect();
        let behind = self.next.max(self.now);
        // The first begins with a quantum.
        let off = if self.begun { u64::from(how / 8 % 20) } else { 0 };
        let start = match how % 8 {
            0 => behind + off,
            // As long as a sum of two numbers is none of a frame on its way.
            1 if self.read > 4 * CAPACITY as u64 => behind.saturating_sub(off).max(self.now),
            2 if self.begun => return,
            _ => behind,
        };
        self.nodes.push((start, frames));
        self.next = start + indices.len() as u64;
    }

    /// What a quantum of `frames` frames hears.
    fn hear(&mut self, frames: usize) {
        let at_frame = |now: u64| {
            let playing = |(start, node): &(u64, Vec<(u64, u64)>)| node.get(now.checked_sub(*start)? as usize).copied();
            self.nodes.iter().filter_map(playing).collect::<Vec<_>>()
        };
        self.brings = (self.now..self.now + frames as u64).map(at_frame).collect();
        self.now += frames as u64;
        self.begun |= self.brings.iter().any(|playing| !playing.is_empty());
    }

    /// As the browser mixes it: numbers behind the sound's channels.
    fn bring(&self, inlet: &mut Planar, channels: usize) {
        inlet.set_frames(self.brings.len());
        for (at, playing) in self.brings.iter().enumerate() {
            for channel in 0..channels {
                inlet.channel_mut(channel)[at] = playing.iter().map(|(_, index)| *index as f32).sum();
            }
            inlet.channel_mut(channels)[at] = playing.iter().map(|(place, _)| number_of(*place)).sum();
        }
    }
}

impl Model for Scheduled {
    fn put(&mut self, indices: &[u64]) -> usize {
        self.written += indices.len() as u64;
        0
    }

    fn look(&mut self) -> Look {
        Look {
            waits: !self.begun,
            ..Look::default()
        }
    }

    fn take(&mut self, frames: usize, over: bool) -> (Vec<Frame>, usize, bool) {
        let (mut out, mut left_out) = (Vec::new(), 0);
        for playing in &self.brings[..frames] {
            out.push(match playing[..] {
                [] => Frame::Hole,
                [(place, index)] if place >= self.read => {
                    left_out += (place - self.read) as usize;
                    self.read = place + 1;
                    Frame::Fresh(index)
                }
                [(_, index)] => Frame::Again(index),
                _ => Frame::Mixed(playing.iter().map(|(_, index)| index).sum()),
            });
        }
        while over && self.read == self.written && out.last() == Some(&Frame::Hole) {
            out.pop();
        }
        (out, left_out, false)
    }

    fn read(&self) -> u64 {
        self.read
    }
}

// ---- Both together ----

/// All that is counted.
#[derive(Debug, Default, Clone, PartialEq)]
struct Books {
    requested: u64,
    fresh: u64,
    repeated: u64,
    changed: u64,
    silent: [u64; SilentBy::COUNT],
    dropped: [u64; DroppedBy::COUNT],
    held: u64,
    found: [u64; FoundKind::COUNT],
    found_quanta: [u64; FoundKind::COUNT],
    duplicate_quanta: u64,
    starved_quanta: u64,
    produced: u64,
    in_flight: u64,
}

impl Books {
    fn of(snapshot: &Snapshot) -> Books {
        let consumer = &snapshot.consumer;
        assert_eq!((snapshot.imbalance(), consumer.concealed), (0, 0), "{snapshot:?}");
        Books {
            requested: consumer.requested,
            fresh: consumer.fresh,
            repeated: consumer.repeated,
            changed: consumer.changed,
            silent: consumer.silent,
            dropped: std::array::from_fn(|by| consumer.dropped[by] + snapshot.producer.dropped[by]),
            held: consumer.held,
            found: consumer.found_frames,
            found_quanta: consumer.found_quanta,
            duplicate_quanta: consumer.duplicate_quanta,
            starved_quanta: consumer.starved_quanta,
            produced: snapshot.producer.produced,
            in_flight: snapshot.in_flight(),
        }
    }
}

/// Hears what a reader puts out, before it is checked and silenced.
struct Watched {
    reader: Box<dyn Reader>,
    channels: usize,
    heard: Rc<RefCell<Vec<Vec<f32>>>>,
}

impl Reader for Watched {
    fn look(&mut self) -> Look {
        self.heard.borrow_mut().clear();
        self.reader.look()
    }

    fn take(&mut self, out: &mut Planar, frames: usize, repeat: bool) -> Taken {
        let taken = self.reader.take(out, frames, repeat);
        let heard = (0..self.channels).map(|channel| out.channel(channel)[..taken.frames].to_vec());
        *self.heard.borrow_mut() = heard.collect();
        taken
    }

    fn position(&self) -> u64 {
        self.reader.position()
    }

    fn held(&self) -> Option<usize> {
        self.reader.held()
    }

    fn inlet(&mut self) -> Option<&mut Planar> {
        self.reader.inlet()
    }

    fn producer_waits(&mut self) -> bool {
        self.reader.producer_waits()
    }
}

/// A message on its way: what travels, and what the model makes of it.
struct Message {
    header: [f64; HEADER],
    samples: Vec<f32>,
    indices: Vec<u64>,
    flush_to: u64,
    produced: u64,
    overflow: u64,
}

/// Messages in both directions; none overtakes another.
struct Wire {
    sender: Sender,
    receiver: Receiver,
    mirror: Mirror,
    told_state: u32,
    messages: VecDeque<Message>,
    answers: VecDeque<Answer>,
}

/// The model that a strategy has, where its kind matters.
enum Between {
    Plain(Box<dyn Model>),
    Rendered(Rendered),
    Scheduled(Scheduled),
}

impl Between {
    fn model(&mut self) -> &mut dyn Model {
        match self {
            Between::Plain(model) => &mut **model,
            Between::Rendered(model) => model,
            Between::Scheduled(model) => model,
        }
    }
}

/// A strategy and its model.
struct Rig {
    strategy: Strategy,
    channels: usize,
    block: usize,
    by_clock: bool,
    /// The producer's memory, and the audio thread's, which may be the same.
    here: Arc<SharedOutput>,
    there: Arc<SharedOutput>,
    feed: Rc<RefCell<Feed>>,
    clock: Told,
    pacer: Option<Pacer<Told>>,
    quanta: Quanta<Ledger, Watched>,
    heard: Rc<RefCell<Vec<Vec<f32>>>>,
    wire: Option<Wire>,
    // The model.
    between: Between,
    oracle: Oracle,
    books: Books,
    started: bool,
    paused: bool,
    level: usize,
    /// The producer's: frames committed; place up to which they are to be discarded; how far it knows the reader to be.
    written: u64,
    produced: u64,
    overflow: u64,
    mark: u64,
    /// Where only the newest block counts: the next one replaces what nobody has taken.
    replaces: bool,
    known_read: u64,
}

impl Rig {
    fn new(strategy: Strategy, channels: usize, block: usize, depth: usize, by_clock: bool) -> Rig {
        let output = |strategy| {
            let shared = SharedOutput::new(channels, CAPACITY, 48_000.0).expect("in range");
            let shared = shared.with_strategy(strategy, block, depth).expect("in range");
            shared.control.verify_index.store(1, Ordering::Relaxed);
            shared.control.conceal.store(Conceal::Silence as u32, Ordering::Relaxed);
            Arc::new(shared)
        };
        let here = output(strategy);
        let there = if strategy.by_message() {
            output(Strategy::Ring)
        } else {
            here.clone()
        };
        let (feed, clock, heard) = (Rc::<RefCell<Feed>>::default(), Told::default(), Rc::default());
        let source = Box::new(Fed(feed.clone()));
        let (reader, pacer): (Box<dyn Reader>, _) = if strategy == Strategy::InWorklet {
            let direct = Direct::new(here.clone(), source, QUANTUM, clock.clone()).expect("free");
            (Box::new(direct), None)
        } else {
            let mut pacer = Pacer::new(here.clone(), source, block, clock.clone()).expect("free");
            pacer.set_naps(Naps::Always);
            if by_clock {
                let pace = Pace::Timer {
                    period_ms: Some(1.0),
                    jitter_ms: 0.0,
                    ppm: 0.0,
                    seed: 0,
                };
                pacer.set_pace(pace).expect("in range");
            }
            (reader(&there, QUANTUM).expect("free"), Some(pacer))
        };
        let watched = Watched {
            reader,
            channels,
            heard: Rc::clone(&heard),
        };
        let between = match strategy {
            Strategy::Queue => Between::Plain(Box::new(Queue::new(block))),
            Strategy::Triple => Between::Plain(Box::<Newest>::default()),
            Strategy::Double => Between::Plain(Box::new(Newest {
                slots: Some(Default::default()),
                ..Newest::default()
            })),
            Strategy::InWorklet => Between::Rendered(Rendered {
                ready: 0,
                ends: false,
                jumps: false,
                index: 0,
                over: false,
                read: 0,
            }),
            Strategy::BufferSource => Between::Scheduled(Scheduled::default()),
            _ => Between::Plain(Box::new(Queue::new(1))),
        };
        let wire = strategy.by_message().then(|| Wire {
            sender: Sender::default(),
            receiver: Receiver::new(there.clone()).expect("free"),
            mirror: Mirror::new(here.clone()).expect("free"),
            told_state: 0,
            messages: VecDeque::new(),
            answers: VecDeque::new(),
        });
        Rig {
            strategy,
            channels,
            block,
            by_clock,
            quanta: Quanta::reading(there.clone(), watched, QUANTUM).expect("in range"),
            here,
            there,
            feed,
            clock,
            pacer,
            heard,
            wire,
            between,
            oracle: Oracle::default(),
            books: Books::default(),
            started: false,
            paused: false,
            level: FADE_FRAMES,
            written: 0,
            produced: 0,
            overflow: 0,
            mark: 0,
            replaces: false,
            known_read: 0,
        }
    }

    fn step(&mut self, (kind, one, other): (u8, u16, u16)) {
        match kind % 32 {
            0..8 => self.render(usize::from(one) % (self.block + 3), other),
            8..18 => self.quantum(1 + usize::from(one) % QUANTUM),
            18..22 => self.deliver(),
            22..26 => self.answer(),
            26 if self.may_jump() => self.jump(),
            27 => self.pause(true),
            28 | 29 => self.pause(false),
            30 if one % 4 == 0 => self.end(),
            // Of the others the limit is not the page's to set, or does nothing.
            31 if self.strategy != Strategy::BufferSource => {
                for shared in [&self.here, &self.there] {
                    shared.ring.set_limit(1 + usize::from(one) % CAPACITY).expect("in range");
                }
            }
            _ => {}
        }
        self.compare();
    }

    /// Not where nobody is told: buffers that are to play are the page's to take back, and a producer with a clock of its own discards nothing that is ahead.
    fn may_jump(&self) -> bool {
        self.strategy.newest_counts() || !self.by_clock && self.strategy != Strategy::BufferSource
    }

    fn jump(&mut self) {
        let feed = &mut *self.feed.borrow_mut();
        (feed.jumps, feed.ends) = (true, false);
        if let Between::Rendered(model) = &mut self.between {
            (model.jumps, model.ends) = (true, false);
        }
    }

    fn end(&mut self) {
        self.feed.borrow_mut().ends = true;
        if let Between::Rendered(model) = &mut self.between {
            model.ends = true;
        }
    }

    fn pause(&mut self, paused: bool) {
        self.paused = paused;
        self.there.set_paused(paused);
    }

    /// Frames that may be committed, by what the producer can know.
    fn room(&self) -> u64 {
        let limit = self.here.ring.limit() as u64;
        let until = (self.known_read.max(self.mark) + limit).min(self.known_read + CAPACITY as u64);
        until.saturating_sub(self.written)
    }

    /// The source has `frames` frames, and the producer takes a turn.
    fn render(&mut self, frames: usize, how: u16) {
        self.feed.borrow_mut().ready = frames;
        let Some(pacer) = &mut self.pacer else {
            if let Between::Rendered(model) = &mut self.between {
                model.ready = frames;
            }
            return;
        };
        let (ends, jumps, was_over) = {
            let feed = self.feed.borrow();
            (feed.ends, feed.jumps, pacer.ended())
        };
        pacer.turn();
        let outgoing = pacer.outgoing();
        let (end, flush_to, over) = (outgoing.end, outgoing.flushed_to, pacer.ended());
        let samples = outgoing.samples.to_vec();
        let header = self
            .wire
            .as_mut()
            .and_then(|wire| wire.sender.header(&self.here, &outgoing, wire.told_state, 0.0));
        self.clock.0.set(self.clock.0.get() + 1.0);
        if self.wire.is_none() {
            self.known_read = self.between.model().read();
        }
        match (jumps, self.strategy.newest_counts()) {
            (true, false) => self.mark = self.written,
            // What lies there of the old sound is not waited for.
            (true, true) => self.replaces = true,
            _ => {}
        }
        let room = self.room();
        let rendered = std::mem::take(&mut self.feed.borrow_mut().rendered);
        let block = if self.by_clock {
            self.block
        } else {
            self.block.min(self.here.ring.limit())
        };
        let there_is_room = self.by_clock || self.replaces || room >= block as u64;
        let expected = if there_is_room && (jumps || !was_over) {
            frames.min(block)
        } else {
            0
        };
        assert_eq!(rendered.len(), expected, "rendered, with room for {room}");
        if there_is_room && (jumps || !was_over) && (frames > 0 || ends) {
            self.replaces = false;
        }
        assert_eq!(over, !jumps && was_over || ends && there_is_room && frames < block, "over");
        let fits = if self.by_clock && !self.strategy.newest_counts() {
            rendered.len().min(room as usize)
        } else {
            rendered.len()
        };
        let (indices, refused) = rendered.split_at(fits);
        self.written += fits as u64;
        self.produced += rendered.len() as u64;
        self.overflow += refused.len() as u64;
        assert_eq!(end, self.written, "committed");
        if let Some(wire) = &mut self.wire {
            assert!(header.is_some() || indices.is_empty());
            if let Some(header) = header {
                wire.told_state = self.here.producer.state.load(Ordering::Relaxed);
                wire.messages.push_back(Message {
                    header,
                    samples,
                    indices: indices.to_vec(),
                    flush_to,
                    produced: self.produced,
                    overflow: self.overflow,
                });
            }
            return;
        }
        let superseded = self.between.model().put(indices);
        self.between.model().flush_to(flush_to);
        if let Between::Scheduled(nodes) = &mut self.between
            && !indices.is_empty()
        {
            nodes.schedule(indices, how);
        }
        self.books.dropped[DroppedBy::Superseded as usize] += superseded as u64;
        self.books.dropped[DroppedBy::Overflow as usize] = self.overflow;
        self.books.produced = self.produced;
    }

    /// A message arrives.
    fn deliver(&mut self) {
        let Some(wire) = &mut self.wire else { return };
        let Some(message) = wire.messages.pop_front() else { return };
        match wire.receiver.receive(&message.header, &message.samples, 1.0) {
            Received::Later => {}
            Received::AnswerNow => wire.answers.push_back(Answer::of(&self.there)),
            Received::OutOfOrder => panic!("they come in order"),
        }
        assert_eq!(
            wire.receiver.receive(&message.header, &message.samples, 1.0),
            Received::OutOfOrder,
            "none comes twice"
        );
        self.between.model().put(&message.indices);
        self.between.model().flush_to(message.flush_to);
        self.books.produced = message.produced;
        self.books.dropped[DroppedBy::Overflow as usize] = message.overflow;
    }

    /// An answer arrives.
    fn answer(&mut self) {
        let Some(wire) = &mut self.wire else { return };
        let Some(answer) = wire.answers.pop_front() else { return };
        wire.mirror.hear(answer);
        self.known_read = self.known_read.max(answer.read);
    }

    /// The browser wants `frames` frames.
    fn quantum(&mut self, frames: usize) {
        if let Between::Scheduled(nodes) = &mut self.between {
            nodes.hear(frames);
            nodes.bring(self.quanta.inlet().expect("it listens"), self.channels);
        }
        let state = ProducerState::from_number(self.there.producer.state.load(Ordering::Relaxed));
        self.quanta.quantum(frames, 0.0);
        let expected = self.played(frames, state);
        let heard = self.heard.borrow();
        for channel in heard.iter() {
            let samples: Vec<f32> = expected.iter().map(|frame| frame.sample()).collect();
            assert_eq!(*channel, samples, "put out");
        }
        assert!(expected.is_empty() || !heard.is_empty());
        drop(heard);
        if self.quanta.called()
            && let Some(wire) = &mut self.wire
        {
            wire.answers.push_back(Answer::of(&self.there));
        }
    }

    /// What a quantum brings, by the model; and what is written down about it.
    fn played(&mut self, frames: usize, state: ProducerState) -> Vec<Frame> {
        let (model, books) = (self.between.model(), &mut self.books);
        let look = model.look();
        if let Some(flushed) = look.flushed {
            books.dropped[DroppedBy::Seek as usize] += flushed as u64;
            self.oracle = Oracle::default();
            self.level = 0;
        }
        books.requested += frames as u64;
        let mut silent = |by, frames: usize| books.silent[by as usize] += frames as u64;
        if !self.started && (state == ProducerState::Priming || look.waits) {
            silent(SilentBy::Startup, frames);
            return Vec::new();
        }
        if self.paused && !self.started {
            self.level = 0;
        }
        self.started = true;
        if self.paused && self.level == 0 {
            silent(SilentBy::Paused, frames);
            return Vec::new();
        }
        let wanted = if self.paused { frames.min(self.level) } else { frames };
        let over = matches!(state, ProducerState::Ended | ProducerState::Stopped);
        let (out, left_out, ended) = model.take(wanted, over);
        let count = |kind: fn(&Frame) -> bool| out.iter().filter(|frame| kind(frame)).count();
        let holes = count(|frame| *frame == Frame::Hole);
        let short = wanted - out.len();
        let lost = holes + if over || ended { 0 } else { short };
        silent(SilentBy::Underrun, lost);
        silent(SilentBy::Ended, if over || ended { short } else { 0 });
        let after = if (over || ended) && short > 0 {
            SilentBy::Ended
        } else {
            SilentBy::Paused
        };
        silent(after, frames - wanted);
        books.dropped[DroppedBy::Superseded as usize] += left_out as u64;
        let (fresh, mixed) = (
            count(|frame| matches!(frame, Frame::Fresh(_) | Frame::Overwritten(_, false))),
            count(|frame| matches!(frame, Frame::Mixed(_) | Frame::Overwritten(..))),
        );
        let repeated = out.len() - fresh - holes;
        books.fresh += fresh as u64;
        books.repeated += repeated as u64;
        books.changed += mixed as u64;
        books.duplicate_quanta += u64::from(repeated > 0);
        books.starved_quanta += u64::from(lost > 0);
        self.level = if self.paused {
            self.level - out.len()
        } else {
            (self.level + out.len()).min(FADE_FRAMES)
        };
        let mut found = [0; FoundKind::COUNT];
        for frame in &out {
            if let Frame::Fresh(index) | Frame::Again(index) | Frame::Mixed(index) | Frame::Overwritten(index, _) = frame {
                self.oracle.look(*index, &mut found);
            }
        }
        for (kind, frames) in found.into_iter().enumerate() {
            books.found[kind] += frames;
            books.found_quanta[kind] += u64::from(frames > 0);
        }
        if self.strategy == Strategy::InWorklet {
            books.produced += fresh as u64;
        }
        out
    }

    /// All that is counted is the model's.
    fn compare(&mut self) {
        self.books.held = self.between.model().held() as u64;
        let books = &mut self.books;
        books.in_flight = books.produced - books.fresh - books.dropped.iter().sum::<u64>();
        assert_eq!(Books::of(&self.there.snapshot()), *books, "{}", self.strategy.name());
    }
}

/// Any steps.
fn steps() -> impl proptest::strategy::Strategy<Value = Vec<(u8, u16, u16)>> {
    prop::collection::vec(any::<(u8, u16, u16)>(), 1..250)
}

/// Any steps follow the model.
fn follows(strategy: Strategy, channels: usize, block: usize, depth: usize, by_clock: bool, steps: Vec<(u8, u16, u16)>) {
    let mut rig = Rig::new(strategy, channels, block, depth, by_clock);
    for step in steps {
        rig.step(step);
    }
}

macro_rules! models {
    ($($test:ident: $strategy:ident),*) => {
        proptest! {
            #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]
            $(
                #[test]
                fn $test(channels in 1usize..=3, block in 1usize..=30, depth in 1usize..=3, by_clock in any::<bool>(), steps in steps()) {
                    follows(Strategy::$strategy, channels, block, depth, by_clock, steps);
                }
            )*
        }
    };
}

models!(
    a_ring_follows_its_model: Ring, a_ring_filled_by_the_page_follows_its_model: MainThread, a_queue_follows_its_model: Queue, a_double_buffer_follows_its_model: Double,
    a_triple_buffer_follows_its_model: Triple, copied_messages_follow_their_model: MessageCopy, transferred_messages_follow_their_model: MessageTransfer,
    rendering_on_the_audio_thread_follows_its_model: InWorklet, buffers_that_play_by_themselves_follow_their_model: BufferSource
);

// ---- A producer that is faster than a copy ----

/// Slots whose producer puts out blocks in the middle of the consumer's copies, as one on another thread may.
struct Meddled<S> {
    slots: S,
    /// The other thread; how many blocks it puts out in the copies that follow, and of how many frames.
    other: std::sync::Mutex<(Producer, VecDeque<(u16, u16)>)>,
    block: usize,
    superseded: AtomicU64,
}

impl<S: Slots> Meddled<S> {
    fn publish(&self, producer: &mut Producer, frames: usize) {
        let block: Vec<f32> = (producer.position()..).take(frames).map(|index| index as f32).collect();
        producer.advance(frames);
        let superseded = self.slots.publish(&block, producer.position());
        self.superseded.fetch_add(superseded as u64, Ordering::Relaxed);
    }

    fn meddle(&self) {
        let (producer, plan) = &mut *self.other.lock().expect("no panic");
        if let Some((blocks, frames)) = plan.pop_front() {
            for _ in 0..blocks % 4 {
                self.publish(producer, 1 + usize::from(frames) % self.block);
            }
        }
    }
}

impl<S: Slots> Slots for Meddled<S> {
    fn publish(&self, interleaved: &[f32], end: u64) -> usize {
        self.slots.publish(interleaved, end)
    }

    fn take(&self) -> Option<Block> {
        self.slots.take()
    }

    fn copy(&self, block: Block, from: usize, out: &mut [f32]) -> bool {
        let half = out.len() / 2;
        let (one, other) = out.split_at_mut(half);
        let first = self.slots.copy(block, from, one);
        self.meddle();
        self.slots.copy(block, from + half, other) && first
    }

    fn pending(&self) -> Option<Block> {
        self.slots.pending()
    }
}

/// Reads through blocks that come in the middle of copies. What is said to be whole is whole, and every frame is accounted for; returns the frames said to be torn.
fn meddled<S: Slots>(slots: S, block: usize, quanta: Vec<(u16, u16, u16)>) -> usize {
    let (producer, consumer) = Ring::split(Ring::new(1, CAPACITY).expect("in range")).expect("free");
    let plan = quanta.iter().map(|(_, blocks, frames)| (*blocks, *frames)).collect();
    let slots = Arc::new(Meddled {
        slots,
        other: std::sync::Mutex::new((producer, plan)),
        block,
        superseded: AtomicU64::new(0),
    });
    let mut reader = LatestReader::new(slots.clone(), consumer, QUANTUM);
    let mut out = Planar::new(1, QUANTUM);
    let (mut fresh, mut repeated, mut superseded, mut torn) = (0, 0, 0, 0);
    // Followed until something is said to be torn.
    let (mut oracle, mut found) = (Oracle::default(), [0; FoundKind::COUNT]);
    for (frames, ..) in quanta {
        if frames % 3 == 0 {
            slots.meddle();
        }
        let frames = 1 + usize::from(frames) % QUANTUM;
        out.set_frames(frames);
        reader.look();
        let taken = reader.take(&mut out, frames, true);
        (fresh, superseded, torn) = (
            fresh + taken.frames - taken.repeated,
            superseded + taken.superseded,
            torn + taken.torn,
        );
        let heard = &out.channel(0)[..taken.frames];
        repeated += taken.repeated as u64;
        let left_out = superseded as u64 + slots.superseded.load(Ordering::Relaxed);
        if torn == 0 {
            heard.iter().for_each(|index| oracle.look(*index as u64, &mut found));
            let [duplicate, gap, reordered, _] = found;
            assert_eq!((duplicate, reordered), (repeated, 0), "{heard:?}: {taken:?}");
            assert!(gap <= left_out, "{heard:?}: {taken:?}");
        }
        let produced = slots.other.lock().expect("no panic").0.position();
        let held = reader.held().expect("it keeps blocks");
        let known = fresh + superseded + held + slots.superseded.load(Ordering::Relaxed) as usize;
        let waiting = produced - (reader.position() + held as u64);
        // What waits is the newest block, and what it replaced is counted.
        assert!(waiting as usize >= produced as usize - known, "counted twice");
        assert!(produced as usize - known <= block, "lost");
    }
    // The rest is taken, so that nothing is left to be unsure of.
    reader.look();
    superseded += slots.pending().map_or(0, |block| block.frames);
    let known = fresh + superseded + reader.held().expect("it keeps blocks") + slots.superseded.load(Ordering::Relaxed) as usize;
    assert_eq!(known as u64, slots.other.lock().expect("no panic").0.position(), "every frame once");
    torn
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_that_come_in_the_middle_of_a_copy_are_accounted_for(block in 1usize..=30, quanta in prop::collection::vec(any::<(u16, u16, u16)>(), 1..100)) {
        meddled(Double::new(1, block), block, quanta.clone());
        prop_assert_eq!(meddled(Triple::new(1, block), block, quanta), 0, "never torn");
    }
}

#[test]
fn a_double_buffer_whose_producer_is_faster_than_a_copy_is_torn_and_says_so() {
    // Two blocks in the middle of every copy: the second goes to the slot that is being read.
    let torn = meddled(Double::new(1, 16), 16, vec![(30, 2, 15); 100]);
    assert!(torn > 500, "{torn}");
    assert_eq!(meddled(Triple::new(1, 16), 16, vec![(30, 2, 15); 100]), 0);
}

// ---- Strategies that lie ----

/// Frames of a quantum of the lies below, and quanta of a callback.
const LIE: usize = 64;
const CALLBACK: usize = 4;

/// What is done to a quantum, while all of it is declared fresh.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lie {
    /// The one before is put out again instead.
    Again,
    /// One is left out before it.
    Skip,
    /// It comes after the one that follows it.
    Swap,
    /// Its second half is still the one before, in all channels.
    Half,
    /// … in the second channel.
    Tear,
}

/// Reads a ring, honestly but for one quantum now and then.
struct Lying {
    ring: RingReader,
    lie: Lie,
    /// Quanta to be lied about.
    at: Vec<usize>,
    quantum: usize,
    /// What was put out last, channel by channel, and what is put off.
    before: [Vec<f32>; 2],
    put_off: Option<[Vec<f32>; 2]>,
}

impl Lying {
    /// The next quantum as it should be.
    fn next(&mut self, out: &mut Planar, frames: usize) -> [Vec<f32>; 2] {
        assert_eq!(self.ring.take(out, frames, false).frames, LIE, "there is enough");
        [0, 1].map(|channel| out.channel(channel).to_vec())
    }
}

impl Reader for Lying {
    fn look(&mut self) -> Look {
        self.ring.look()
    }

    fn take(&mut self, out: &mut Planar, frames: usize, _repeat: bool) -> Taken {
        let lies = self.at.contains(&self.quantum);
        self.quantum += 1;
        if let Some(put_off) = self.put_off.take() {
            self.before = put_off;
        } else {
            let mut next = self.next(out, frames);
            if lies {
                match self.lie {
                    Lie::Again => next = self.before.clone(),
                    Lie::Skip => next = self.next(out, frames),
                    Lie::Swap => self.put_off = Some(std::mem::replace(&mut next, self.next(out, frames))),
                    Lie::Half => (0..2).for_each(|channel| next[channel][LIE / 2..].copy_from_slice(&self.before[channel][LIE / 2..])),
                    Lie::Tear => next[1][LIE / 2..].copy_from_slice(&self.before[1][LIE / 2..]),
                }
            }
            self.before = next;
        }
        for channel in 0..2 {
            out.channel_mut(channel).copy_from_slice(&self.before[channel]);
        }
        Taken {
            frames,
            ..Taken::default()
        }
    }

    fn position(&self) -> u64 {
        self.ring.position()
    }

    fn producer_waits(&mut self) -> bool {
        self.ring.producer_waits()
    }
}

/// 100 quanta of `lie` at the quanta `at`, in callbacks of [`CALLBACK`].
fn lied(lie: Lie, at: &[usize]) -> Snapshot {
    let shared = SharedOutput::new(2, 16_384, 48_000.0).expect("in range");
    let shared = Arc::new(shared.with_strategy(Strategy::Ring, 256, 3).expect("in range"));
    shared.control.verify_index.store(1, Ordering::Relaxed);
    let feed = Rc::<RefCell<Feed>>::default();
    feed.borrow_mut().ready = usize::MAX;
    let mut pacer = Pacer::new(shared.clone(), Box::new(Fed(feed)), 256, Told::default()).expect("free");
    pacer.set_naps(Naps::Always);
    while !matches!(pacer.turn(), noxrun::render::Turn::Nap(_)) {}
    let lying = Lying {
        ring: RingReader::new(Consumer::claim(shared.ring.clone()).expect("free")),
        lie,
        at: at.to_vec(),
        quantum: 0,
        before: Default::default(),
        put_off: None,
    };
    let mut quanta = Quanta::reading(shared.clone(), lying, LIE).expect("in range");
    for quantum in 0..100 {
        quanta.quantum(LIE, 1e9 + (quantum / CALLBACK) as f64 * 10.0);
    }
    shared.snapshot()
}

#[test]
fn a_strategy_that_lies_is_caught_by_what_it_puts_out() {
    // One alone, two in one callback, the last of a callback, the first of one.
    let at = [10, 40, 42, 55, 60, 90];
    let times = |frames: usize| at.len() as u64 * frames as u64;
    let callbacks = |quanta: &[usize]| quanta.iter().map(|quantum| quantum / CALLBACK).collect::<HashSet<_>>().len() as u64;
    let next = |quanta: &[usize]| quanta.iter().map(|quantum| quantum + 1).collect::<Vec<_>>();
    for lie in [Lie::Again, Lie::Skip, Lie::Swap, Lie::Half, Lie::Tear] {
        let snapshot = lied(lie, &at);
        let consumer = &snapshot.consumer;
        // It says that all is well, ...
        assert_eq!(
            (consumer.repeated, consumer.duplicate_quanta, consumer.changed),
            (0, 0, 0),
            "{lie:?}"
        );
        assert_eq!((consumer.fresh, snapshot.dropped()), (100 * LIE as u64, 0), "{lie:?}");
        // ... and only what it leaves out without a word can be found in the books as well.
        assert_eq!(snapshot.imbalance(), if lie == Lie::Skip { times(LIE) } else { 0 }, "{lie:?}");
        // By kind: duplicate, gap, reordered, torn. In frames; and the quanta that they are found in.
        let (frames, quanta): ([usize; 4], [Vec<usize>; 4]) = match lie {
            // What was not put out is missed when the next one comes.
            Lie::Again => ([LIE, LIE, 0, 0], [at.to_vec(), next(&at), vec![], vec![]]),
            Lie::Skip => ([0, LIE, 0, 0], [vec![], at.to_vec(), vec![], vec![]]),
            Lie::Swap => ([0, LIE, LIE, 0], [vec![], at.to_vec(), next(&at), vec![]]),
            Lie::Half => ([LIE / 2, LIE / 2, 0, 0], [at.to_vec(), next(&at), vec![], vec![]]),
            Lie::Tear => ([0, 0, 0, LIE / 2], [vec![], vec![], vec![], at.to_vec()]),
        };
        println!(
            "{lie:?}: duplicate, gap, reordered, torn: {:?} frames in {:?} quanta and {:?} of {} callbacks",
            consumer.found_frames, consumer.found_quanta, consumer.found_callbacks, consumer.callbacks
        );
        assert_eq!(consumer.found_frames, frames.map(times), "{lie:?}");
        assert_eq!(
            consumer.found_quanta,
            quanta.each_ref().map(|quanta| quanta.len() as u64),
            "{lie:?}"
        );
        assert_eq!(
            consumer.found_callbacks,
            quanta.each_ref().map(|quanta| callbacks(quanta)),
            "{lie:?}"
        );
        // The first is not seen from its beginning, the last is not over.
        assert_eq!(consumer.callbacks, 100 / CALLBACK as u64 - 2);
        assert_eq!((consumer.duplicate_callbacks, consumer.starved_callbacks), (0, 0));
    }
    let honest = lied(Lie::Skip, &[]);
    assert_eq!(
        (honest.consumer.found_frames, honest.imbalance()),
        ([0; 4], 0),
        "an honest one is not accused"
    );
}
