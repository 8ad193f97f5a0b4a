//! Files that another decoder decodes, with one that numbers its frames, answers late and in bursts, fails, and loses packets; and files whose reading is interrupted.
//! Files made by ci/fixtures.
#![cfg(not(target_family = "wasm"))]
#![cfg(feature = "decode")]

use noxrun::error::FileProblem;
use noxrun::source::file::{Answer, FileTrack, MediaSource, OutsideCodec, OutsideCodecs, OutsideFormat, Track, TrackStep, Trouble};
use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{Cursor, Error, ErrorKind, Read, Result, Seek, SeekFrom};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The file, rate in Hz and channels of its sound, frames before the first that is heard, and frames that are: six seconds.
const FILES: [(&str, u32, usize, u64, u64); 8] = [
    ("music.opus", 48_000, 2, 312, 288_000),
    ("mono.opus", 48_000, 1, 312, 288_000),
    ("music-opus.webm", 48_000, 2, 312, 288_000),
    ("surround-opus.webm", 48_000, 6, 312, 288_000),
    ("ten.webm", 48_000, 2, 312, 288_000),
    ("music-opus.mp4", 48_000, 2, 312, 288_000),
    ("music-he.m4a", 44_100, 2, 2_048, 264_600),
    ("surround-aac.m4a", 44_100, 6, 1_024, 264_600),
];

fn bytes(name: &str) -> Vec<u8> {
    let folder =
        std::env::var_os("NOXRUN_AUDIO_FIXTURES").expect("NOXRUN_AUDIO_FIXTURES is not set: run `ci/fixtures FOLDER` and set it to FOLDER");
    std::fs::read(PathBuf::from(folder).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a test has a decoder do, and sees of it.
#[derive(Default)]
struct Orders {
    /// Turns of the event loop: nothing is answered before the next.
    turn: Cell<u64>,
    /// The packet, counted from 0, at which it gives up.
    fails_at: Cell<Option<u64>>,
    /// The packet of which nothing comes.
    loses: Cell<Option<u64>>,
    sent: Cell<u64>,
    resets: Cell<u64>,
    /// Most packets sent and not answered.
    most: Cell<usize>,
}

/// A decoder whose frames hold their own number, reckoned from the packet's timestamp.
struct Numbered {
    orders: Rc<Orders>,
    opus: bool,
    frames: usize,
    rate: u32,
    channels: usize,
    queue: VecDeque<(u64, Reply)>,
    draining: bool,
}

enum Reply {
    Sound { first: u64, frames: usize, start_us: i64 },
    Failed,
}

/// Frames of the packets of these files: one of 10 or 20 ms each.
fn opus_frames(packet: &[u8]) -> usize {
    match packet[0] >> 3 {
        12 | 14 | 18 | 22 | 26 | 30 | 0 | 4 | 8 => 480,
        _ => 960,
    }
}

impl OutsideCodec for Numbered {
    fn send(&mut self, packet: &[u8], start_us: i64) -> std::result::Result<(), String> {
        let number = self.orders.sent.replace(self.orders.sent.get() + 1);
        let reply = if self.orders.fails_at.get() == Some(number) {
            Reply::Failed
        } else if self.orders.loses.get() == Some(number) {
            return Ok(());
        } else {
            // WebM's clock begins before 0: counted from one second before, so that no number is negative.
            let start = (start_us as f64 / 1e6 * f64::from(self.rate)).round() as i64 + i64::from(self.rate);
            Reply::Sound {
                first: start as u64,
                frames: if self.opus { opus_frames(packet) } else { self.frames },
                start_us,
            }
        };
        self.queue.push_back((self.orders.turn.get(), reply));
        self.orders.most.set(self.orders.most.get().max(self.queue.len()));
        Ok(())
    }

    fn receive(&mut self, into: &mut Vec<f32>) -> Answer {
        let Some((turn, reply)) = self.queue.front() else {
            return if self.draining { Answer::Drained } else { Answer::Nothing };
        };
        if *turn + 1 >= self.orders.turn.get() {
            return Answer::Nothing;
        }
        let answer = match *reply {
            Reply::Failed => return Answer::Failed("it broke".into()),
            Reply::Sound { first, frames, start_us } => {
                into.extend((first..first + frames as u64).flat_map(|frame| std::iter::repeat_n(frame as f32, self.channels)));
                let (rate, channels) = (self.rate, self.channels);
                Answer::Sound { rate, channels, start_us }
            }
        };
        self.queue.pop_front();
        answer
    }

    fn waiting(&self) -> usize {
        self.queue.len()
    }

    fn drain(&mut self) {
        self.draining = true;
    }

    fn reset(&mut self) {
        self.queue.clear();
        self.draining = false;
        self.orders.resets.set(self.orders.resets.get() + 1);
    }
}

fn codecs(orders: &Rc<Orders>) -> Rc<OutsideCodecs> {
    let orders = orders.clone();
    Rc::new(move |format: &OutsideFormat| {
        Ok(Box::new(Numbered {
            orders: orders.clone(),
            opus: format.codec == "opus",
            frames: if format.codec == "mp4a.40.5" { 2_048 } else { 1_024 },
            rate: format.sample_rate,
            channels: format.channels,
            queue: VecDeque::new(),
            draining: false,
        }))
    })
}

fn open(name: &str, orders: &Rc<Orders>) -> FileTrack {
    FileTrack::open(Box::new(Cursor::new(bytes(name))), name, Some(codecs(orders))).unwrap()
}

/// Sound, and what it ended with, if it did.
#[derive(Debug, Default)]
struct Heard {
    at: Option<u64>,
    channels: usize,
    samples: Vec<f32>,
    waits: u64,
    end: Option<Option<Trouble>>,
}

impl Heard {
    fn frames(&self) -> u64 {
        (self.samples.len() / self.channels.max(1)) as u64
    }
}

fn read(track: &mut FileTrack, orders: &Orders, frames: u64) -> Heard {
    let mut heard = Heard::default();
    for _ in 0..1_000_000 {
        match track.step() {
            TrackStep::Sound => {
                let sound = track.sound();
                heard.at.get_or_insert(sound.at);
                heard.channels = sound.channels;
                heard.samples.extend_from_slice(sound.samples);
                if heard.frames() >= frames {
                    return heard;
                }
            }
            TrackStep::Nothing => {}
            TrackStep::Waiting => {
                heard.waits += 1;
                orders.turn.set(orders.turn.get() + 1);
            }
            TrackStep::End(trouble) => {
                heard.end = Some(trouble);
                return heard;
            }
        }
    }
    panic!("{} comes to no end", track.info().name);
}

/// Checks that each frame has its number; `first`: that of the frame 0.
fn in_place(name: &str, heard: &Heard, first: u64) {
    let at = heard.at.unwrap_or_else(|| panic!("{name}: no sound"));
    for (index, frame) in heard.samples.chunks_exact(heard.channels).enumerate() {
        let expected = (first + at + index as u64) as f32;
        assert!(
            frame.iter().all(|sample| *sample == expected),
            "{name}: {} instead of {expected} at {index} from {at}",
            frame[0]
        );
    }
}

/// The number of the frame 0. Matroska counts from there.
fn first_number(name: &str, rate: u32, lead: u64) -> u64 {
    u64::from(rate) + if name.ends_with("webm") { 0 } else { lead }
}

#[test]
fn every_frame_is_in_its_place() {
    for (name, rate, channels, lead, frames) in FILES {
        let orders = Rc::default();
        let mut track = open(name, &orders);
        assert!(track.info().by_browser, "{name}");
        assert_eq!((track.info().sample_rate, track.info().channels), (rate, channels), "{name}");
        let heard = read(&mut track, &orders, u64::MAX);
        assert_eq!(
            (heard.at, heard.frames(), heard.end.clone()),
            (Some(0), frames, Some(None)),
            "{name}"
        );
        assert_eq!(heard.channels, channels, "{name}");
        in_place(name, &heard, first_number(name, rate, lead));
        assert_eq!(track.skipped_packets(), 0, "{name}");
        // It does return to the event loop, with half a second under way: 25 to 50 packets, never the whole file.
        assert!(heard.waits >= 20, "{name}: {} waits", heard.waits);
        assert!((8..=52).contains(&orders.most.get()), "{name}: {} packets", orders.most.get());
    }
}

#[test]
fn seeks_find_the_frame_whatever_is_under_way() {
    for (name, rate, _, lead, frames) in FILES {
        let orders = Rc::default();
        let mut track = open(name, &orders);
        let mut last = 0u64;
        for step in 0..200u64 {
            let goal = match step % 4 {
                // A little on, a little back, the very end, anywhere.
                0 => last + 700,
                1 => last.saturating_sub(3_000),
                2 => frames - 1 - step,
                _ => step * 7_919_777 % frames,
            };
            last = goal.min(frames - 1);
            assert_eq!(track.seek(last).unwrap(), last, "{name}");
            // Sometimes another seek comes before anything was heard.
            if step % 7 == 0 {
                track.step();
                orders.turn.set(orders.turn.get() + step % 3);
                continue;
            }
            let heard = read(&mut track, &orders, 1_500);
            assert_eq!(heard.at, Some(last), "{name}");
            assert!(
                heard.frames() >= 1_500.min(frames - last),
                "{name}: {} frames at {last}",
                heard.frames()
            );
            in_place(name, &heard, first_number(name, rate, lead));
        }
        assert!(orders.resets.get() >= 200, "{name}");
        assert_eq!(track.skipped_packets(), 0, "{name}");
        // Behind the end there is nothing.
        track.seek(frames + 5).unwrap();
        let heard = read(&mut track, &orders, 1);
        assert_eq!((heard.frames(), heard.end), (0, Some(None)), "{name}");
    }
}

#[test]
fn a_decoder_that_fails_at_once_does_not_know_the_codec() {
    for (name, ..) in FILES {
        let orders = Rc::new(Orders::default());
        orders.fails_at.set(Some(0));
        let mut track = open(name, &orders);
        let heard = read(&mut track, &orders, u64::MAX);
        assert_eq!(heard.frames(), 0, "{name}");
        let trouble = heard.end.flatten().expect("a reason");
        assert_eq!((trouble.problem, trouble.at), (FileProblem::NoDecoder, None), "{name}");
        assert!(trouble.reason.contains("it broke"), "{}", trouble.reason);
    }
}

#[test]
fn a_decoder_that_fails_later_ends_the_sound_there() {
    for (name, rate, _, lead, _) in FILES {
        let orders = Rc::new(Orders::default());
        orders.fails_at.set(Some(100));
        let mut track = open(name, &orders);
        let heard = read(&mut track, &orders, u64::MAX);
        in_place(name, &heard, first_number(name, rate, lead));
        let trouble = heard.end.clone().flatten().expect("a reason");
        assert_eq!(trouble.problem, FileProblem::Damaged, "{name}");
        let played = heard.frames() as f64 / f64::from(rate);
        assert!(played > 0.9, "{name}: {played} s");
        assert_eq!(trouble.at, Some(played), "{name}: not where it was heard to");
        // What comes next may be in order.
        orders.fails_at.set(None);
        track.seek(1_000).unwrap();
        let heard = read(&mut track, &orders, u64::MAX);
        assert_eq!((heard.at, heard.end.clone()), (Some(1_000), Some(None)), "{name}");
    }
}

#[test]
fn a_lost_packet_is_counted_and_moves_no_other() {
    for (name, rate, channels, lead, frames) in FILES {
        let orders = Rc::new(Orders::default());
        orders.loses.set(Some(50));
        let mut track = open(name, &orders);
        let heard = read(&mut track, &orders, u64::MAX);
        assert_eq!(heard.end, Some(None), "{name}");
        assert_eq!(track.skipped_packets(), 1, "{name}");
        let missing = frames - heard.frames();
        assert!([480, 960, 1_024, 2_048].contains(&missing), "{name}: {missing} frames are missing");
        // Before and after it all frames are where they were.
        let first = first_number(name, rate, lead);
        let numbers = heard.samples.chunks_exact(channels).map(|frame| frame[0] as u64 - first);
        let jumps: Vec<_> = numbers
            .clone()
            .zip(numbers.skip(1))
            .filter(|(one, next)| one + 1 != *next)
            .collect();
        assert_eq!(jumps.len(), 1, "{name}: {jumps:?}");
        assert_eq!(jumps[0].1 - jumps[0].0, missing + 1, "{name}");
        track.seek(1_000).unwrap();
        in_place(name, &read(&mut track, &orders, 1_000), first);
        assert_eq!(track.skipped_packets(), 1, "{name}: counted twice");
    }
    // In the first of two files end to end, which have a decoder each.
    let orders = Rc::new(Orders::default());
    orders.loses.set(Some(50));
    let mut track = open("chained.opus", &orders);
    let heard = read(&mut track, &orders, u64::MAX);
    assert_eq!((heard.frames(), heard.end), (2 * 288_000 - 960, Some(None)));
    assert_eq!(track.skipped_packets(), 1);
    track.seek(0).unwrap();
    assert_eq!(track.skipped_packets(), 1);
}

#[test]
fn a_decoder_that_fails_in_the_second_of_two_files_leaves_the_first() {
    let orders = Rc::new(Orders::default());
    orders.fails_at.set(Some(301));
    let mut track = open("chained.opus", &orders);
    let heard = read(&mut track, &orders, u64::MAX);
    assert_eq!((heard.at, heard.frames()), (Some(0), 288_000));
    let trouble = heard.end.flatten().expect("a reason");
    assert_eq!((trouble.problem, trouble.at), (FileProblem::NoDecoder, Some(6.0)));
}

/// A file read in small pieces that fails with `kind`: every `each`th time from when that is set (0: never), and behind `wall`.
struct Failing {
    media: Cursor<Vec<u8>>,
    kind: ErrorKind,
    each: Arc<AtomicU32>,
    reads: u32,
    /// How often it failed.
    failed: Arc<AtomicU32>,
    wall: Arc<AtomicU64>,
}

impl Failing {
    fn new(name: &str, kind: ErrorKind) -> Self {
        Failing {
            media: Cursor::new(bytes(name)),
            kind,
            each: Arc::default(),
            reads: 0,
            failed: Arc::default(),
            wall: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }
}

impl Read for Failing {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        self.reads += 1;
        let each = self.each.load(Relaxed);
        if each > 0 && self.reads.is_multiple_of(each) || self.media.position() >= self.wall.load(Relaxed) {
            self.failed.fetch_add(1, Relaxed);
            return Err(Error::new(self.kind, "told to"));
        }
        let most = into.len().min(1_024);
        self.media.read(&mut into[..most])
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.media.seek(to)
    }
}

impl MediaSource for Failing {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.media.get_ref().len() as u64)
    }
}

#[test]
fn what_was_sent_before_a_file_broke_off_is_heard() {
    for (name, rate, _, lead, _) in [FILES[0], FILES[2]] {
        let orders = Rc::default();
        let media = Failing::new(name, ErrorKind::ConnectionReset);
        let wall = media.wall.clone();
        let mut track = FileTrack::open(Box::new(media), name, Some(codecs(&orders))).unwrap();
        wall.store(32_768, Relaxed);
        let heard = read(&mut track, &orders, u64::MAX);
        in_place(name, &heard, first_number(name, rate, lead));
        let trouble = heard.end.clone().flatten().expect("a reason");
        assert_eq!(trouble.problem, FileProblem::Unreadable, "{name}");
        let played = heard.frames() as f64 / f64::from(rate);
        assert!(
            (trouble.at.unwrap() - played).abs() < 0.1,
            "{name}: {played} s heard, {:?} said",
            trouble.at
        );
    }
}

/// An interruption is no end: everything comes, once and in its place, also where it hits a seek.
#[test]
fn interruptions_of_reading_lose_nothing() {
    let inside = [
        "music.wav",
        "music.flac",
        "music.ogg",
        "music-plain.m4a",
        "music-plain.mka",
        "music.mp3",
        "music-plain.aac",
        "music.caf",
        "music.aiff",
    ];
    for name in FILES.iter().map(|file| file.0).chain(inside) {
        let orders = Rc::default();
        let mut whole = open(name, &orders);
        let expected = read(&mut whole, &orders, u64::MAX);
        let mut interruptions = 0;
        // Rarely enough that a reader comes to any place in between, which may be by reading all of the file.
        for each in [400, 250].map(|part| 60 + bytes(name).len() as u32 / part) {
            let media = Failing::new(name, ErrorKind::WouldBlock);
            let (failing, failed) = (media.each.clone(), media.failed.clone());
            let mut track = FileTrack::open(Box::new(media), name, Some(codecs(&orders))).unwrap();
            failing.store(each, Relaxed);
            for goal in [0, 100_000, 30_000, 200_000, 1] {
                track.seek(goal).unwrap_or_else(|trouble| panic!("{name}: {trouble:?}"));
                let heard = read(&mut track, &orders, u64::MAX);
                assert_eq!((heard.at, &heard.end), (Some(goal), &Some(None)), "{name}, {each}");
                let there = &expected.samples[goal as usize * expected.channels..];
                assert_eq!(heard.samples.len(), there.len(), "{name}, {each}: from {goal}");
                // A lossy decoder that starts anew comes near to what it would have given.
                let mut noise = 0.0;
                for (ours, theirs) in heard.samples.iter().zip(there) {
                    noise += f64::from(ours - theirs).powi(2);
                }
                assert!(noise / (there.len() as f64) < 1e-7, "{name}, {each}: {noise} from {goal}");
            }
            interruptions += failed.load(Relaxed);
        }
        assert!(interruptions > 0, "{name}");
    }
}

/// Bytes damaged anywhere, headers too: an end, within bounds, and each sound behind the one before.
#[test]
fn damage_comes_to_an_end() {
    let mut state = 11u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut opened = 0;
    for (name, _, _, _, frames) in FILES {
        let original = bytes(name);
        for round in 0..40 {
            let mut damaged = original.clone();
            // Every other time in the first 2,000 bytes, where the headers are.
            let reach = if round % 2 == 0 { damaged.len() } else { 2_000 };
            for _ in 0..=random(20) {
                damaged[random(reach)] ^= 1 << random(8);
            }
            let orders = Rc::new(Orders::default());
            let Ok(mut track) = FileTrack::open(Box::new(Cursor::new(damaged)), name, Some(codecs(&orders))) else {
                continue;
            };
            opened += 1;
            let heard = read(&mut track, &orders, u64::MAX);
            assert!(heard.frames() <= 4 * frames, "{name}, {round}: {} frames", heard.frames());
            for _ in 0..4 {
                let goal = random(frames as usize) as u64;
                if track.seek(goal).is_ok() {
                    let heard = read(&mut track, &orders, 2_000);
                    assert!(heard.at.is_none_or(|at| at >= goal), "{name}, {round}: {:?} for {goal}", heard.at);
                }
            }
        }
    }
    assert!(opened > 150, "{opened} of 320");
}
