//! The whole path without a browser: a source, its pacing, the ring, the quanta, the ledger; on a clock that moves only when the test says so.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use noxrun::Error;
use noxrun::conceal::FADE_FRAMES;
use noxrun::consume::Quanta;
use noxrun::inject::Random;
use noxrun::ledger::{DroppedBy, Ending, ProducerState, SilentBy, Snapshot, UNDERRUN_SLOTS};
use noxrun::render::{Clock, Pacer, PushWriter, RenderInfo, Source, SystemClock, Turn};
use noxrun::shared::SharedOutput;
use noxrun::source::{INDEX_PERIOD, Index, Sine};

const RATE: f32 = 48_000.0;
/// Longer than any test: what waits for it in vain hangs.
const LONG: Duration = Duration::from_secs(3600);

/// A clock that stands unless somebody moves it.
#[derive(Clone, Default)]
struct FakeClock(Rc<Cell<f64>>);

impl FakeClock {
    fn forward(&self, ms: f64) {
        self.0.set(self.0.get() + ms);
    }
}

impl Clock for FakeClock {
    fn now_ms(&self) -> f64 {
        self.0.get()
    }

    fn origin_ms(&self) -> f64 {
        1_000_000.0
    }
}

/// Blocks inside of its next block for so long as it is told, in ms.
struct Blocking(Box<dyn Source>, FakeClock, Rc<Cell<f64>>);

impl Source for Blocking {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        self.1.forward(self.2.take());
        self.0.render(block, info)
    }

    fn prepare(&mut self) -> bool {
        self.0.prepare()
    }
}

/// Any source, which always says that it has more to prepare: the producer then never falls asleep in a test of one thread.
struct Awake<S>(S);

impl<S: Source> Source for Awake<S> {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        self.0.render(block, info)
    }

    fn prepare(&mut self) -> bool {
        true
    }
}

/// A source made of a function of position and channel, `frames` long.
struct Made<F> {
    sample: F,
    frames: u64,
}

impl<F: FnMut(u64, usize) -> f32> Source for Made<F> {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let asked = (block.len() / info.channels) as u64;
        let frames = asked.min(self.frames - info.position.min(self.frames)) as usize;
        for (offset, frame) in block[..frames * info.channels].chunks_exact_mut(info.channels).enumerate() {
            for (channel, sample) in frame.iter_mut().enumerate() {
                *sample = (self.sample)(info.position + offset as u64, channel);
            }
        }
        frames
    }
}

fn made(sample: impl FnMut(u64, usize) -> f32 + 'static) -> Box<dyn Source> {
    Box::new(Awake(Made { sample, frames: u64::MAX }))
}

fn made_of(frames: u64, sample: impl FnMut(u64, usize) -> f32 + 'static) -> Box<dyn Source> {
    Box::new(Awake(Made { sample, frames }))
}

/// Its own number in every sample.
fn ramp(channels: usize) -> impl Fn(u64, usize) -> f32 {
    move |frame, channel| ((frame * channels as u64 + channel as u64) % INDEX_PERIOD) as f32
}

fn sine() -> Box<dyn Source> {
    Box::new(Awake(Sine::new(440.0).expect("in range")))
}

/// No two neighbouring samples of the sine, with fades in it, are further apart: 2 pi 440 / 48000 of its peak, and the steepest of two fades at once.
const LARGEST_STEP: f32 = Sine::PEAK * (0.0576 + 2.0 * 0.0123) + 1e-3;

/// Both sides of an output in one thread, and all that came out.
struct Rig {
    shared: Arc<SharedOutput>,
    pacer: Pacer<FakeClock>,
    quanta: Quanta,
    clock: FakeClock,
    /// How long the source blocks inside of its next block, in ms.
    block_ms: Rc<Cell<f64>>,
    /// Channel by channel.
    out: Vec<Vec<f32>>,
    quantum: usize,
}

struct Setup {
    channels: usize,
    capacity: usize,
    block: usize,
    quantum: usize,
}

const STEREO: Setup = Setup {
    channels: 2,
    capacity: 2048,
    block: 256,
    quantum: 128,
};

impl Rig {
    fn new(setup: Setup, source: Box<dyn Source>) -> Rig {
        let shared = Arc::new(SharedOutput::new(setup.channels, setup.capacity, RATE).expect("in range"));
        let clock = FakeClock::default();
        let block_ms = Rc::<Cell<f64>>::default();
        let source = Box::new(Blocking(source, clock.clone(), block_ms.clone()));
        Rig {
            block_ms,
            pacer: Pacer::new(shared.clone(), source, setup.block, clock.clone()).expect("free"),
            quanta: Quanta::new(shared.clone(), setup.quantum).expect("free"),
            out: vec![Vec::new(); setup.channels],
            shared,
            clock,
            quantum: setup.quantum,
        }
    }

    /// Fills the ring as far as the pacing wants.
    fn fill(&mut self) -> Turn {
        loop {
            match self.pacer.turn() {
                Turn::Rendered => self.balanced(),
                other => return other,
            };
        }
    }

    /// Plays `quanta` quanta and keeps what comes out.
    fn play(&mut self, quanta: usize) {
        for _ in 0..quanta {
            let latest = self.quanta.quantum(self.quantum, f64::NAN);
            let staging = &self.quanta.staging()[latest];
            assert_eq!(staging.frames(), self.quantum);
            for (channel, out) in self.out.iter_mut().enumerate() {
                out.extend(staging.channel(channel));
            }
            self.balanced();
        }
    }

    /// `rounds` times: the producer fills, then the device asks for `quanta` quanta.
    fn run(&mut self, rounds: usize, quanta: usize) {
        for _ in 0..rounds {
            self.fill();
            self.play(quanta);
        }
    }

    fn balanced(&self) -> Snapshot {
        let snapshot = self.shared.snapshot();
        assert_eq!(snapshot.imbalance(), 0, "{snapshot:?}");
        let events: u64 = snapshot.underruns.iter().map(|event| event.frames).sum();
        let missing = snapshot.consumer.concealed + snapshot.consumer.silent[SilentBy::Underrun as usize];
        assert_eq!(
            snapshot.consumer.underrun_frames, missing,
            "every missing frame belongs to an event"
        );
        if snapshot.consumer.underrun_events <= UNDERRUN_SLOTS as u64 {
            assert_eq!(events, missing);
        }
        snapshot
    }

    fn silent(&self, why: SilentBy) -> u64 {
        self.shared.snapshot().consumer.silent[why as usize]
    }

    /// Checks that no two neighbouring samples are further apart than a sine with fades is.
    fn smooth(&self) {
        for out in &self.out {
            for (frame, two) in out.windows(2).enumerate() {
                assert!(
                    (two[1] - two[0]).abs() < LARGEST_STEP,
                    "a click of {} at frame {frame}",
                    two[1] - two[0]
                );
            }
        }
    }
}

#[test]
fn steady_play_is_exact_in_every_shape() {
    for quantum in [32, 128, 283, 1024] {
        for channels in [1, 2, 6, 32] {
            for (capacity, block) in [(2048, 256), (3001, 283), (2048, 1024)] {
                let mut rig = Rig::new(
                    Setup {
                        channels,
                        capacity,
                        block,
                        quantum,
                    },
                    made(ramp(channels)),
                );
                // What the device asks for before anything is there is start-up.
                rig.play(2);
                assert_eq!(rig.silent(SilentBy::Startup), 2 * quantum as u64);
                assert!(!rig.quanta.started());
                rig.run(40, 1);
                let snapshot = rig.balanced();
                assert_eq!(snapshot.consumer.underrun_events, 0, "{quantum} {channels} {capacity} {block}");
                assert_eq!((snapshot.consumer.fresh, snapshot.consumer.quanta), (40 * quantum as u64, 42));
                assert_eq!(snapshot.consumer.quantum, quantum as u64);
                assert!(rig.quanta.started());
                for (channel, out) in rig.out.iter().enumerate() {
                    assert!(out[..2 * quantum].iter().all(|sample| *sample == 0.0));
                    for (frame, sample) in out[2 * quantum..].iter().enumerate() {
                        assert_eq!(*sample, ramp(channels)(frame as u64, channel), "frame {frame}, channel {channel}");
                    }
                }
            }
        }
    }
}

#[test]
fn longer_quanta_than_agreed_are_served_in_pieces() {
    let mut rig = Rig::new(Setup { channels: 1, ..STEREO }, made(ramp(1)));
    rig.fill();
    assert_eq!(rig.quanta.longest(), 128);
    let latest = rig.quanta.quantum(1000, 0.0);
    assert_eq!(rig.quanta.staging()[latest].frames(), 128);
    assert_eq!(rig.balanced().consumer.requested, 128);
    let latest = rig.quanta.quantum(5, 0.0);
    assert_eq!(rig.quanta.staging()[latest].channel(0), [128.0, 129.0, 130.0, 131.0, 132.0]);
}

#[test]
fn a_ring_smaller_than_a_callback_starves_once_a_callback() {
    let mut rig = Rig::new(Setup { quantum: 32, ..STEREO }, made(ramp(2)));
    rig.shared.ring.set_limit(64).expect("in range");
    // A callback of 512 frames at once: two quanta are there, fourteen are not.
    rig.run(10, 16);
    let snapshot = rig.balanced();
    assert_eq!((snapshot.consumer.underrun_events, snapshot.consumer.starved_quanta), (10, 140));
    assert_eq!(
        (snapshot.consumer.underrun_frames, snapshot.consumer.underrun_longest),
        (10 * 448, 448)
    );
    assert_eq!(
        (snapshot.consumer.fresh, snapshot.consumer.concealed),
        (10 * 64, 10 * FADE_FRAMES as u64)
    );
    for (nth, event) in snapshot.underruns.iter().enumerate() {
        assert_eq!((event.frame, event.frames, event.quanta), (512 * nth as u64 + 64, 448, 14));
        let ended_by = if nth < 9 { Ending::Back } else { Ending::Open };
        assert_eq!((event.fill, event.ended_by), (0, ended_by), "the last one goes on");
    }
    // With quanta of 128 none is ever whole: that is one underrun from beginning to end.
    let mut rig = Rig::new(STEREO, made(ramp(2)));
    rig.shared.ring.set_limit(64).expect("in range");
    rig.run(10, 4);
    let snapshot = rig.balanced();
    assert_eq!(
        (
            snapshot.consumer.underrun_events,
            snapshot.consumer.starved_quanta,
            snapshot.consumer.fresh
        ),
        (1, 40, 640)
    );
}

/// Plays for `ms` of the clock's time: the device asks for a quantum when it is due, the producer works whenever it is not standing still.
fn play_in_time(rig: &mut Rig, ms: f64, next_due: &mut f64) {
    let end = rig.clock.now_ms() + ms;
    while rig.clock.now_ms() < end {
        rig.fill();
        if *next_due > rig.clock.now_ms() {
            rig.clock.0.set(*next_due);
        }
        while *next_due <= rig.clock.now_ms() {
            rig.play(1);
            *next_due += rig.quantum as f64 / f64::from(RATE) * 1e3;
        }
    }
}

#[test]
fn a_stall_is_one_event_where_the_output_shows_it_and_as_long() {
    for quantum in [32, 128, 283, 1024] {
        // A constant: what is less is a fade or silence.
        let mut rig = Rig::new(Setup { quantum, ..STEREO }, made(|_, _| 0.5));
        rig.fill();
        let mut due = 0.0;
        play_in_time(&mut rig, 60.0, &mut due);
        rig.block_ms.set(100.0);
        play_in_time(&mut rig, 300.0, &mut due);
        let snapshot = rig.balanced();
        assert_eq!(snapshot.consumer.underrun_events, 1);
        let event = snapshot.underruns[0];
        assert_eq!(event.ended_by, Ending::Back);
        for out in &rig.out {
            let first = out.iter().position(|sample| *sample != 0.5).expect("a gap");
            let fade_in = first + out[first..].iter().rposition(|sample| *sample == 0.0).expect("silence") + 1;
            assert_eq!(
                (event.frame, event.frames),
                (first as u64, (fade_in - first) as u64),
                "quantum {quantum}"
            );
            // The tail falls to 0 within the fade's length; the sound rises from there to its full level.
            let tail = &out[first..first + FADE_FRAMES];
            assert!(tail.windows(2).all(|two| two[1] <= two[0]) && tail[FADE_FRAMES - 1] == 0.0 && tail[0] > 0.499);
            assert!(out[first + FADE_FRAMES..fade_in].iter().all(|sample| *sample == 0.0));
            let rise = &out[fade_in..fade_in + FADE_FRAMES];
            assert!(rise[0] < 0.001 && rise[FADE_FRAMES - 1] == 0.5 && rise.windows(2).all(|two| two[1] >= two[0]));
            assert!(out[fade_in + FADE_FRAMES..].iter().all(|sample| *sample == 0.5));
        }
        assert_eq!(snapshot.consumer.concealed, FADE_FRAMES as u64);
        assert_eq!(
            snapshot.consumer.concealed + snapshot.consumer.silent[SilentBy::Underrun as usize],
            event.frames
        );
        // 100 ms less what the ring held.
        let held = event.fill;
        assert!(
            held < quantum as u64 && event.frames.abs_diff(4800 - 2048) <= 2 * quantum as u64 + 256,
            "{event:?}"
        );
    }
}

#[test]
fn fades_around_gaps_do_not_click() {
    for quantum in [32, 128, 283] {
        let mut rig = Rig::new(Setup { quantum, ..STEREO }, sine());
        rig.fill();
        let (mut due, mut random) = (0.0, Random::new(11));
        while rig.clock.now_ms() < 3000.0 {
            play_in_time(&mut rig, 90.0 + 80.0 * random.unit(), &mut due);
            rig.block_ms.set(60.0);
        }
        play_in_time(&mut rig, 100.0, &mut due);
        let snapshot = rig.balanced();
        assert!(snapshot.consumer.underrun_events > 10, "{}", snapshot.consumer.underrun_events);
        rig.smooth();
        // Every event's silence is in the output where the event says.
        for event in &snapshot.underruns {
            let gap = &rig.out[0][event.frame as usize..(event.frame + event.frames) as usize];
            assert!(gap.iter().skip(FADE_FRAMES).all(|sample| *sample == 0.0), "{event:?}");
        }
    }
}

#[test]
fn of_many_underruns_the_latest_are_kept() {
    let mut rig = Rig::new(Setup { quantum: 32, ..STEREO }, made(|_, _| 0.5));
    for _ in 1..=UNDERRUN_SLOTS as u64 + 20 {
        rig.fill();
        rig.play(2048 / 32 + 1);
    }
    let snapshot = rig.balanced();
    let rounds = UNDERRUN_SLOTS as u64 + 20;
    assert_eq!(
        (snapshot.consumer.underrun_events, snapshot.underruns.len()),
        (rounds, UNDERRUN_SLOTS)
    );
    assert!(
        snapshot.underruns.windows(2).all(|two| two[1].frame == two[0].frame + 2080),
        "oldest first"
    );
    assert_eq!(snapshot.underruns.last().map(|event| (event.frames, event.quanta)), Some((32, 1)));
}

#[test]
fn a_source_that_ends_is_silence_and_no_underrun() {
    // Shorter than the ring, not a whole number of blocks, a whole number of blocks, nothing at all.
    for frames in [300, 5000, 256 * 20, 0] {
        let mut rig = Rig::new(Setup { channels: 1, ..STEREO }, made_of(frames, ramp(1)));
        for _ in 0..60 {
            // A producer whose source has ended sleeps until it is called.
            while !rig.pacer.ended() && rig.pacer.turn() == Turn::Rendered {}
            rig.play(1);
        }
        let snapshot = rig.balanced();
        assert_eq!((snapshot.consumer.underrun_events, snapshot.state()), (0, ProducerState::Ended));
        assert_eq!((snapshot.consumer.fresh, snapshot.producer.produced), (frames, frames));
        assert_eq!(rig.silent(SilentBy::Ended), 60 * 128 - frames);
        assert_eq!(snapshot.consumer.starved_quanta, 0);
        let (sound, silence) = rig.out[0].split_at(frames as usize);
        assert!(sound.iter().enumerate().all(|(frame, sample)| *sample == frame as f32));
        assert!(silence.iter().all(|sample| *sample == 0.0));
        // Another source brings the sound back.
        rig.pacer.set_source(made(ramp(1)));
        rig.fill();
        rig.play(2);
        assert_eq!(rig.balanced().state(), ProducerState::Running);
        assert_eq!(rig.out[0].last(), Some(&255.0));
        assert_eq!(rig.balanced().consumer.underrun_events, 0);
    }
}

#[test]
fn a_pause_fades_and_loses_nothing() {
    for quantum in [32, 128, 283] {
        let mut rig = Rig::new(
            Setup {
                quantum,
                channels: 1,
                ..STEREO
            },
            made(|_, _| 0.5),
        );
        rig.run(10, 1);
        rig.shared.set_paused(true);
        rig.run(20, 1);
        let paused = rig.balanced();
        assert_eq!(
            paused.consumer.fresh,
            (10 * quantum + FADE_FRAMES) as u64,
            "the fade plays what was there"
        );
        assert_eq!(rig.silent(SilentBy::Paused), (20 * quantum - FADE_FRAMES) as u64);
        rig.shared.set_paused(false);
        rig.run(20, 1);
        let after = rig.balanced();
        assert_eq!(after.consumer.fresh - paused.consumer.fresh, 20 * quantum as u64);
        assert_eq!((after.consumer.underrun_events, after.dropped()), (0, 0));
        let out = &rig.out[0];
        let (down, up) = (10 * quantum, 30 * quantum);
        assert!(out[..down].iter().all(|sample| *sample == 0.5));
        assert!(out[down..down + FADE_FRAMES].windows(2).all(|two| two[1] < two[0]) && out[down] > 0.499);
        assert!(out[down + FADE_FRAMES - 1..up].iter().all(|sample| *sample == 0.0));
        assert!(out[up..up + FADE_FRAMES].windows(2).all(|two| two[1] > two[0]) && out[up] > 0.0 && out[up] < 0.001);
        assert!(out[up + FADE_FRAMES - 1..].iter().all(|sample| *sample == 0.5));
        // In the middle of a fade there and back again, without a click.
        let mut rig = Rig::new(
            Setup {
                quantum: 32,
                channels: 1,
                ..STEREO
            },
            sine(),
        );
        rig.run(10, 1);
        for _ in 0..10 {
            rig.shared.set_paused(true);
            rig.run(2, 1);
            rig.shared.set_paused(false);
            rig.run(1, 1);
        }
        rig.smooth();
    }
}

#[test]
fn nothing_of_an_old_tail_is_heard_after_a_pause() {
    let mut rig = Rig::new(
        Setup {
            quantum: 32,
            channels: 1,
            ..STEREO
        },
        made(|_, _| 0.5),
    );
    rig.fill();
    // The ring is played empty and one quantum more: a quarter of the tail. Then the page pauses.
    rig.play(2048 / 32 + 1);
    assert_eq!(rig.balanced().consumer.concealed, 32);
    rig.shared.set_paused(true);
    rig.run(4, 1);
    rig.shared.set_paused(false);
    let start = rig.out[0].len();
    rig.run(8, 1);
    let rise = &rig.out[0][start..];
    assert!(rise[0] < 0.001 && rise.windows(2).all(|two| two[1] >= two[0]) && rise[FADE_FRAMES - 1] == 0.5);
}

#[test]
fn frames_go_on_after_a_pause_where_they_stopped() {
    let mut rig = Rig::new(STEREO, Box::new(Awake(Index)));
    rig.shared.control.verify_index.store(1, Ordering::Relaxed);
    for _ in 0..20 {
        rig.run(5, 1);
        rig.shared.set_paused(true);
        rig.run(5, 1);
        rig.shared.set_paused(false);
    }
    let counts = rig.balanced().consumer;
    assert_eq!((counts.skipped, counts.replayed, counts.torn), (0, 0, 0));
    assert!(rig.out.iter().flatten().all(|sample| *sample == 0.0), "the index is never audible");
}

#[test]
fn a_change_of_source_is_heard_at_once_without_a_gap_or_a_click() {
    let mut rig = Rig::new(
        Setup {
            channels: 1,
            capacity: 8192,
            ..STEREO
        },
        sine(),
    );
    rig.shared.ring.set_limit(2048).expect("in range");
    rig.run(10, 1);
    rig.fill();
    let before = rig.balanced();
    rig.pacer.set_source(made(|_, _| 0.5));
    assert_eq!(rig.pacer.turn(), Turn::Rendered, "the new sound is rendered behind the old one");
    rig.play(1);
    let during = rig.balanced();
    assert_eq!(during.dropped(), 0, "the old sound plays on meanwhile");
    assert_eq!(during.consumer.fresh, before.consumer.fresh + 128);
    rig.fill();
    rig.play(2);
    let after = rig.balanced();
    assert_eq!(
        after.consumer.dropped[DroppedBy::Seek as usize],
        2048 - 128,
        "what was left of the old sound"
    );
    assert_eq!(after.dropped(), 2048 - 128);
    assert_eq!(after.consumer.underrun_events, 0);
    assert_eq!(rig.out[0].last(), Some(&0.5), "the new sound, faded in");
    rig.run(40, 1);
    let end = rig.balanced();
    assert_eq!((end.consumer.underrun_events, end.dropped()), (0, 2048 - 128));
    assert!(
        (2048 - 256..=2048).contains(&end.in_flight()),
        "no further ahead than the ring's size: {}",
        end.in_flight()
    );
    rig.smooth();
}

#[test]
fn what_takes_long_before_a_change_of_source_is_bridged() {
    let mut rig = Rig::new(
        Setup {
            channels: 1,
            capacity: 8192,
            ..STEREO
        },
        sine(),
    );
    rig.shared.ring.set_limit(2048).expect("in range");
    rig.run(10, 1);
    rig.pacer.build_up();
    let ahead = rig.balanced().in_flight();
    assert!((8192 - 2048 - 256..=8192 - 2048).contains(&ahead), "{ahead} frames ahead");
    // The producer is away for 44 quanta, three times what the ring's size covers.
    rig.play(44);
    rig.pacer.set_source(sine());
    rig.run(40, 1);
    let end = rig.balanced();
    assert_eq!(end.consumer.underrun_events, 0);
    assert!(
        (2048 - 256..=2048).contains(&end.in_flight()),
        "back to the ring's size: {}",
        end.in_flight()
    );
    rig.smooth();
}

#[test]
fn an_output_that_begins_paused_plays_nothing() {
    let mut rig = Rig::new(Setup { channels: 1, ..STEREO }, made(|_, _| 0.5));
    rig.shared.set_paused(true);
    rig.run(5, 1);
    let paused = rig.balanced().consumer;
    assert_eq!((paused.fresh, paused.concealed), (0, 0));
    assert!(rig.out[0].iter().all(|sample| *sample == 0.0));
    rig.shared.set_paused(false);
    rig.run(5, 1);
    assert!(rig.balanced().consumer.fresh > 0);
    rig.smooth();
}

#[test]
fn without_room_for_both_sounds_the_old_one_is_cut_and_the_gap_is_counted() {
    let mut rig = Rig::new(Setup { channels: 1, ..STEREO }, sine());
    rig.run(10, 1);
    rig.fill();
    rig.pacer.set_source(sine());
    assert_eq!(rig.pacer.turn(), Turn::Idle, "a full ring has room for nothing more");
    rig.play(1);
    let after = rig.balanced();
    assert_eq!((after.dropped(), after.consumer.underrun_events), (2048, 1));
    rig.run(20, 1);
    assert_eq!(rig.balanced().underruns[0].frames, 128);
    rig.smooth();
}

#[test]
fn a_jump_is_no_fault_of_the_index() {
    let mut rig = Rig::new(STEREO, Box::new(Awake(Index)));
    rig.shared.control.verify_index.store(1, Ordering::Relaxed);
    for round in 0..20 {
        rig.run(1 + round, 1);
        rig.pacer.set_source(Box::new(Awake(Index)));
        // Also when everything was played and there is nothing to discard.
        if round % 2 == 0 {
            rig.play(20);
            rig.pacer.set_source(Box::new(Awake(Index)));
        }
    }
    let mut ended = Rig::new(STEREO, made_of(300, |frame, _| frame as f32));
    ended.shared.control.verify_index.store(1, Ordering::Relaxed);
    while !ended.pacer.ended() {
        ended.pacer.turn();
    }
    ended.play(5);
    ended.pacer.set_source(Box::new(Awake(Index)));
    ended.run(5, 1);
    for rig in [rig, ended] {
        let counts = rig.balanced().consumer;
        assert_eq!((counts.skipped, counts.replayed, counts.torn), (0, 0, 0));
    }
}

#[test]
fn another_source_before_the_first_sound_is_still_start_up() {
    let mut rig = Rig::new(Setup { channels: 1, ..STEREO }, made(|_, _| 0.1));
    assert_eq!(rig.pacer.turn(), Turn::Rendered);
    rig.pacer.set_source(made(|_, _| 0.5));
    rig.play(3);
    assert_eq!((rig.silent(SilentBy::Startup), rig.balanced().consumer.underrun_events), (384, 0));
    rig.run(5, 1);
    assert_eq!(rig.balanced().consumer.underrun_events, 0);
    assert_eq!(rig.out[0].last(), Some(&0.5));
    assert!(
        rig.out[0].iter().all(|sample| *sample <= 0.5 && *sample != 0.1),
        "nothing of the first is heard"
    );
}

#[test]
fn the_rings_size_changes_while_it_plays() {
    let mut rig = Rig::new(Setup { channels: 1, ..STEREO }, made(ramp(1)));
    rig.run(4, 1);
    assert!(rig.balanced().in_flight() + 128 + 256 > 2048);
    for (limit, held) in [(512, 512), (2048, 2048), (700, 512), (300, 256), (2048, 2048)] {
        rig.shared.ring.set_limit(limit).expect("in range");
        rig.run(20, 1);
        rig.fill();
        let snapshot = rig.balanced();
        assert!(
            snapshot.in_flight() <= limit as u64 && snapshot.in_flight() + 256 > held,
            "{limit}: {}",
            snapshot.in_flight()
        );
        assert_eq!((snapshot.dropped(), snapshot.consumer.underrun_events), (0, 0));
    }
    assert!(rig.out[0].iter().enumerate().all(|(frame, sample)| *sample == frame as f32));
}

/// The page lowers the limit in the middle of a render: the block has been promised its room.
#[test]
fn a_limit_lowered_during_a_render_loses_no_frame() {
    let shared = Arc::new(SharedOutput::new(1, 2048, RATE).expect("in range"));
    let ring = shared.ring.clone();
    let source = made(move |frame, _| {
        if frame.is_multiple_of(1000) {
            ring.set_limit(if frame.is_multiple_of(2000) { 128 } else { 2048 })
                .expect("in range");
        }
        frame as f32
    });
    let mut pacer = Pacer::new(shared.clone(), source, 256, FakeClock::default()).expect("free");
    let mut quanta = Quanta::new(shared.clone(), 128).expect("free");
    let mut expected = 0.0;
    for _ in 0..500 {
        while pacer.turn() == Turn::Rendered {}
        let latest = quanta.quantum(128, 0.0);
        for sample in quanta.staging()[latest].channel(0) {
            assert_eq!(*sample, expected);
            expected += 1.0;
        }
        assert_eq!(shared.snapshot().imbalance(), 0);
    }
}

#[test]
fn what_is_not_finite_is_zeroed_and_counted() {
    let bad = |frame: u64, channel: usize| match (frame, channel) {
        (100, 0) | (5000, 1) => f32::NAN,
        (101, 1) => f32::INFINITY,
        (102, 0) => f32::NEG_INFINITY,
        _ => 0.5,
    };
    let mut rig = Rig::new(STEREO, made(bad));
    rig.run(60, 1);
    assert_eq!(rig.balanced().producer.non_finite, 4);
    for (channel, out) in rig.out.iter().enumerate() {
        for (frame, sample) in out.iter().enumerate() {
            let expected = if bad(frame as u64, channel).is_finite() { 0.5 } else { 0.0 };
            assert_eq!(*sample, expected, "frame {frame}");
        }
    }
    // The other way in mends too.
    let shared = Arc::new(SharedOutput::new(2, 64, RATE).expect("in range"));
    let mut writer = PushWriter::new(shared.clone(), SystemClock::default()).expect("free");
    assert_eq!(writer.offer(&[f32::NAN, 1.0, 2.0, f32::INFINITY]), Ok(2));
    let mut quanta = Quanta::new(shared.clone(), 2).expect("free");
    writer.prime();
    let latest = quanta.quantum(2, 0.0);
    assert_eq!(
        (quanta.staging()[latest].channel(0), quanta.staging()[latest].channel(1)),
        (&[0.0, 2.0][..], &[1.0, 0.0][..])
    );
    assert_eq!(shared.snapshot().producer.non_finite, 2);
}

#[test]
fn offers_that_do_not_fit_are_dropped_and_counted() {
    let shared = Arc::new(SharedOutput::new(2, 1000, RATE).expect("in range"));
    let mut writer = PushWriter::new(shared.clone(), SystemClock::default()).expect("free");
    let mut quanta = Quanta::new(shared.clone(), 128).expect("free");
    let block = vec![0.25; 2 * 300];
    assert_eq!([writer.offer(&block), writer.offer(&block)], [Ok(300), Ok(300)]);
    quanta.quantum(128, 0.0);
    assert_eq!(shared.snapshot().consumer.silent[SilentBy::Startup as usize], 128, "not full yet");
    assert_eq!(writer.offer(&block), Ok(300));
    assert_eq!(
        shared.snapshot().state(),
        ProducerState::Running,
        "another would not fit: the sound begins"
    );
    assert_eq!(shared.snapshot().producer.overrun_events, 0, "and nothing had to be dropped for it");
    assert_eq!((writer.offer(&block), writer.offer(&block)), (Ok(100), Ok(0)));
    let snapshot = shared.snapshot();
    assert_eq!(
        (snapshot.producer.produced, snapshot.producer.overrun_events),
        (1500, 1),
        "refused twice in a row: one overrun"
    );
    let overrun = snapshot.overruns[0];
    assert_eq!((overrun.position, overrun.frames, overrun.blocks), (1000, 500, 2));
    assert_eq!(snapshot.producer.dropped[DroppedBy::Overflow as usize], 500);
    assert_eq!((snapshot.imbalance(), snapshot.in_flight()), (0, 1000));
    assert_eq!(writer.offer(&block[..3]), Err(Error::NotWholeFrames { len: 3, channels: 2 }));
    assert_eq!(writer.write(&block[..3], LONG), Err(Error::NotWholeFrames { len: 3, channels: 2 }));
    assert_eq!(shared.snapshot(), snapshot, "a refusal changes nothing");
    for _ in 0..8 {
        quanta.quantum(128, 0.0);
    }
    let snapshot = shared.snapshot();
    assert_eq!(
        (snapshot.consumer.fresh, snapshot.consumer.underrun_frames, snapshot.imbalance()),
        (1000, 24, 0)
    );
    writer.end();
    quanta.quantum(128, 0.0);
    let snapshot = shared.snapshot();
    assert_eq!(
        (
            snapshot.consumer.silent[SilentBy::Ended as usize],
            snapshot.consumer.underrun_frames
        ),
        (128, 24)
    );
    assert_eq!((writer.write_available(), snapshot.imbalance()), (1000, 0));
}

#[test]
fn a_blocking_write_sleeps_until_all_is_taken() {
    let shared = Arc::new(SharedOutput::new(2, 500, RATE).expect("in range"));
    let frames = 50_000;
    let writing = thread::spawn({
        let shared = shared.clone();
        move || {
            let mut writer = PushWriter::new(shared, SystemClock::default()).expect("free");
            let all: Vec<f32> = (0..2 * frames).map(|sample| sample as f32).collect();
            // Pieces of all sizes, most of them larger than the ring.
            let mut rest = &all[..];
            let mut piece = 1;
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(2 * piece));
                assert_eq!(writer.write(now, LONG), Ok(now.len() / 2));
                (rest, piece) = (later, piece * 3 % 3001);
            }
            writer.end();
        }
    });
    let mut quanta = Quanta::new(shared.clone(), 128).expect("free");
    let mut heard = 0;
    while heard < frames {
        let fresh = shared.snapshot().consumer.fresh;
        let latest = quanta.quantum(128, 0.0);
        let snapshot = shared.snapshot();
        assert_eq!(snapshot.imbalance(), 0);
        heard = snapshot.consumer.fresh as usize;
        // Faded after an underrun; a quantum that was whole after a whole one is exact.
        if snapshot.consumer.underrun_events == 0 {
            let out = quanta.staging()[latest].channel(0);
            assert!(
                (fresh as usize..heard)
                    .zip(out)
                    .all(|(frame, sample)| *sample == 2.0 * frame as f32)
            );
        }
        thread::yield_now();
    }
    writing.join().expect("no panic");
    let snapshot = shared.snapshot();
    assert_eq!(
        (snapshot.consumer.fresh, snapshot.dropped(), snapshot.imbalance()),
        (frames as u64, 0, 0)
    );
    assert!(snapshot.producer.sleeps > 0 && snapshot.producer.time_outs == 0);
    assert!(snapshot.consumer.wakes > 1, "it was the consumer that woke it, not the time-out");
}

#[test]
fn a_blocking_write_gives_up_when_patience_ends_or_it_is_asked_to() {
    let shared = Arc::new(SharedOutput::new(1, 100, RATE).expect("in range"));
    let mut writer = PushWriter::new(shared.clone(), SystemClock::default()).expect("free");
    assert_eq!(writer.write(&[0.5; 130], Duration::from_millis(1)), Ok(100));
    let beats = shared.snapshot().producer.heartbeat;
    assert_eq!(writer.write(&[0.5; 30], Duration::from_millis(600)), Ok(0));
    let snapshot = shared.snapshot();
    assert!(snapshot.producer.heartbeat >= beats + 3, "a patient writer is not dead");
    assert_eq!(
        (snapshot.producer.produced, snapshot.imbalance(), snapshot.dropped()),
        (100, 0, 0),
        "what was not taken does not exist"
    );
    shared.control.stop.store(1, Ordering::Relaxed);
    assert_eq!(writer.write(&[0.5; 30], LONG), Ok(0));
}

#[test]
fn stop_and_mail_are_heeded() {
    let mut rig = Rig::new(STEREO, sine());
    rig.run(3, 1);
    rig.play(2);
    rig.shared.control.mail.fetch_add(2, Ordering::Relaxed);
    assert_eq!(
        (rig.pacer.turn(), rig.pacer.turn()),
        (Turn::Mail, Turn::Mail),
        "until it is handled"
    );
    rig.pacer.handled();
    assert_eq!(rig.pacer.turn(), Turn::Mail);
    rig.pacer.handled();
    assert_eq!(rig.pacer.turn(), Turn::Rendered);
    rig.shared.control.stop.store(1, Ordering::Relaxed);
    assert_eq!((rig.pacer.turn(), rig.pacer.turn()), (Turn::Stopped, Turn::Stopped));
    assert_eq!(rig.balanced().state(), ProducerState::Stopped);
    let in_flight = rig.balanced().in_flight();
    rig.play(30);
    let snapshot = rig.balanced();
    assert_eq!((snapshot.in_flight(), snapshot.consumer.underrun_events), (0, 0));
    assert_eq!(rig.silent(SilentBy::Ended), 30 * 128 - in_flight);
}

/// A real producer, asleep over a full ring with nobody reading, or over a source that has ended: a call gets through to it.
#[test]
fn a_sleeping_producer_hears_stop() {
    for frames in [u64::MAX, 10] {
        let shared = Arc::new(SharedOutput::new(1, 256, RATE).expect("in range"));
        let producing = thread::spawn({
            let shared = shared.clone();
            move || {
                let source = Made {
                    sample: |_, _| 0.5,
                    frames,
                };
                let mut pacer = Pacer::new(shared, Box::new(source), 64, SystemClock::default()).expect("free");
                while pacer.turn() != Turn::Stopped {}
            }
        });
        while shared.snapshot().producer.sleeps == 0 {
            thread::yield_now();
        }
        shared.control.stop.store(1, Ordering::Relaxed);
        shared.ring.call();
        producing.join().expect("no panic");
        let snapshot = shared.snapshot();
        assert_eq!(
            (snapshot.state(), snapshot.imbalance(), snapshot.in_flight()),
            (ProducerState::Stopped, 0, frames.min(256))
        );
    }
}

#[test]
fn skips_and_replays_of_the_index_are_counted_exactly() {
    // Reads 0.., skips 7 at 1000, repeats 3 at 2000 (of the source's own frames).
    let source = made(|frame, channel| match frame {
        0..1000 => frame as f32,
        1000..2000 => (frame + 7) as f32,
        3000 if channel == 1 => -1.0,
        _ => (frame + 4) as f32,
    });
    let mut rig = Rig::new(STEREO, source);
    rig.shared.control.verify_index.store(1, Ordering::Relaxed);
    rig.run(40, 1);
    let counts = rig.balanced().consumer;
    assert_eq!((counts.skipped, counts.replayed, counts.torn), (7, 3, 1));
    assert_eq!(counts.fresh, 40 * 128);
    assert!(rig.out.iter().flatten().all(|sample| *sample == 0.0));
}

#[test]
fn the_producers_figures_are_the_clocks() {
    let clock = FakeClock::default();
    let shared = Arc::new(SharedOutput::new(1, 2400, RATE).expect("in range"));
    let rendering = clock.clone();
    // 480 frames last 10 ms; the third block takes 7 ms, the others 2.
    let source = made(move |frame, _| {
        if frame.is_multiple_of(480) {
            rendering.forward(if frame == 960 { 7.0 } else { 2.0 });
        }
        0.5
    });
    let mut pacer = Pacer::new(shared.clone(), source, 480, clock).expect("free");
    let before = shared.snapshot();
    assert_eq!(before.render_load(&before), None);
    while pacer.turn() == Turn::Rendered {}
    let snapshot = shared.snapshot();
    assert_eq!((snapshot.producer.blocks, snapshot.producer.produced), (5, 2400));
    assert_eq!(
        (
            snapshot.producer.render_ns,
            snapshot.producer.longest_ns,
            snapshot.producer.lasted_ns
        ),
        (15_000_000, 7_000_000, 50_000_000)
    );
    assert_eq!(snapshot.render_load(&before), Some(0.3));
    assert_eq!((snapshot.producer.heartbeat, snapshot.producer.sleeps), (6, 0));
}

#[test]
fn a_source_learns_when_it_is_heard_and_what_went_wrong() {
    struct Curious(Rc<Cell<Option<RenderInfo>>>);
    impl Source for Curious {
        fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
            self.0.set(Some(*info));
            block.fill(0.5);
            block.len() / info.channels
        }
    }
    let info = Rc::new(Cell::new(None));
    let mut rig = Rig::new(STEREO, Box::new(Awake(Curious(info.clone()))));
    let told = |position, ahead: u32, underruns| {
        Some(RenderInfo {
            position,
            ring_position: position,
            sample_rate: RATE,
            channels: 2,
            heard_in: f64::from(ahead) / 48_000.0,
            underruns,
        })
    };
    assert_eq!((rig.pacer.turn(), info.get()), (Turn::Rendered, told(0, 0, 0)));
    assert_eq!((rig.pacer.turn(), info.get()), (Turn::Rendered, told(256, 256, 0)));
    rig.fill();
    assert_eq!(info.get(), told(1792, 1792, 0));
    rig.play(17);
    rig.pacer.turn();
    assert_eq!(info.get(), told(2048, 0, 1));
}

#[test]
fn fill_and_callbacks_are_counted() {
    let mut rig = Rig::new(Setup { channels: 1, ..STEREO }, sine());
    rig.fill();
    for callback in 0..10 {
        for _ in 0..4 {
            assert!(rig.quanta.wants_time());
            rig.quanta.quantum(128, 1000.0 + 10.0 * f64::from(callback));
        }
        rig.fill();
    }
    let snapshot = rig.balanced();
    assert_eq!(snapshot.callback_frames(), Some((512, 512)));
    assert_eq!(snapshot.consumer.bursts[4], 8, "the first is cut off, the last not over");
    assert_eq!(snapshot.consumer.fill.iter().sum::<u64>(), 40);
    let width = noxrun::ledger::ConsumerLedger::fill_bucket_frames(2048);
    assert_eq!(snapshot.consumer.fill[2048 / width], 10, "full at the start of each callback");
    assert_eq!(snapshot.consumer.fill[(2048 - 3 * 128) / width], 10);
    rig.shared.control.recount.fetch_add(1, Ordering::Relaxed);
    rig.play(1);
    assert_eq!(rig.balanced().callback_frames(), None, "forgotten");
}

#[test]
fn each_end_of_an_output_is_taken_once_and_settings_are_checked() {
    let shared = Arc::new(SharedOutput::new(2, 64, RATE).expect("in range"));
    let refused = Pacer::new(shared.clone(), sine(), 0, FakeClock::default())
        .map(|_| ())
        .expect_err("no block");
    assert_eq!(refused.to_string(), "the block is 0: it must be 1 to 8192 frames");
    assert!(Quanta::new(shared.clone(), 0).is_err(), "no quantum");
    let _pacer = Pacer::new(shared.clone(), sine(), 64, FakeClock::default()).expect("the refusal took nothing");
    let _quanta = Quanta::new(shared.clone(), 128).expect("the refusal took nothing");
    assert_eq!(
        PushWriter::new(shared.clone(), SystemClock::default()).map(|_| ()),
        Err(Error::AlreadyTaken { side: "producer" })
    );
    assert_eq!(
        Quanta::new(shared, 128).map(|_| ()).expect_err("taken"),
        Error::AlreadyTaken { side: "consumer" }
    );
    for rate in [7999.0, 192_001.0, f32::NAN] {
        assert!(SharedOutput::new(2, 64, rate).is_err(), "{rate}");
    }
}

#[cfg(feature = "count-allocations")]
mod allocations {
    use super::*;

    /// Rounds of [`allocations_of`], each of at least one quantum.
    const ROUNDS: u32 = 100_000;

    /// Renders and plays. Returns the allocations seen around the calls, of both sides.
    fn allocations_of(source: Box<dyn Source>, channels: usize, rounds: u32) -> (u64, Snapshot) {
        let mut rig = Rig::new(Setup { channels, ..STEREO }, source);
        let mut allocated = 0;
        for round in 0..rounds {
            let before = noxrun::allocations();
            while rig.pacer.turn() == Turn::Rendered {}
            // Underruns, pauses and flushes among them.
            let quanta = if round % 1000 == 0 { 20 } else { 1 };
            for _ in 0..quanta {
                rig.quanta.quantum(128, f64::from(round));
            }
            rig.shared.set_paused(round % 500 < 5);
            allocated += noxrun::allocations() - before;
        }
        (allocated, rig.balanced())
    }

    fn none(source: Box<dyn Source>, rounds: u32) {
        let (allocated, snapshot) = allocations_of(source, 2, rounds);
        assert_eq!((allocated, snapshot.producer.allocations, snapshot.consumer.allocations), (0, 0, 0));
        assert!(snapshot.consumer.underrun_events > 0 && snapshot.consumer.quanta >= u64::from(rounds));
    }

    #[test]
    fn the_steady_state_allocates_nothing() {
        none(sine(), ROUNDS);
        none(Box::new(Awake(Index)), ROUNDS);
    }

    /// Fewer rounds without optimisation, which makes the synthesiser some thirty times slower: 10 s of the piece then, 5 minutes otherwise.
    #[cfg(feature = "synth")]
    #[test]
    fn the_synthesiser_allocates_nothing() {
        let synth = noxrun::source::synth::Synth::new(RATE, 2, 32).expect("in range");
        none(Box::new(Awake(synth)), if cfg!(debug_assertions) { 4_000 } else { ROUNDS });
    }

    #[test]
    fn the_allocator_counts() {
        let (allocated, snapshot) = {
            let source = |frame: u64, _| {
                if frame.is_multiple_of(256) {
                    *std::hint::black_box(Box::new(0.5))
                } else {
                    0.5
                }
            };
            allocations_of(made(source), 1, ROUNDS)
        };
        assert_eq!(snapshot.producer.allocations, snapshot.producer.blocks, "one a block");
        assert_eq!((allocated, snapshot.consumer.allocations), (snapshot.producer.allocations, 0));
        let before = noxrun::allocations();
        let mut grown = std::hint::black_box(vec![1u8]);
        grown.reserve_exact(1000);
        assert_eq!(noxrun::allocations() - before, 2, "an allocation and a reallocation");
        drop(std::hint::black_box(grown));
        assert_eq!(noxrun::allocations() - before, 2, "giving back is none");
    }
}

/// Takes 4 ms to prepare, once.
struct Preparing(FakeClock, bool);

impl Source for Preparing {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        block.fill(0.0);
        block.len() / info.channels
    }

    fn prepare(&mut self) -> bool {
        if !self.1 {
            self.0.forward(4.0);
        }
        !std::mem::replace(&mut self.1, true)
    }
}

#[test]
fn what_preparing_takes_is_part_of_the_load() {
    let clock = FakeClock::default();
    let shared = Arc::new(SharedOutput::new(1, 480, RATE).expect("in range"));
    let source = Box::new(Preparing(clock.clone(), false));
    let mut pacer = Pacer::new(shared.clone(), source, 480, clock).expect("free");
    assert_eq!((pacer.turn(), pacer.turn()), (Turn::Rendered, Turn::Idle));
    assert_eq!(shared.snapshot().producer.render_ns, 4_000_000);
}
