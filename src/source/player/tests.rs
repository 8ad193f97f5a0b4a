//! The player on tracks made here, whose every sample is known.

use super::*;
use crate::error::FileProblem;
use crate::source::file::{Sound, TrackStep, Trouble};
use std::cell::Cell;
use std::f64::consts::TAU;
use std::rc::Rc;

/// An item in memory.
#[derive(Clone)]
struct Made {
    rate: u32,
    channels: usize,
    samples: Rc<Vec<f32>>,
    /// Frames of a packet.
    packet: usize,
    /// Cannot be opened.
    refused: bool,
    /// Breaks off here, in frames.
    breaks: Option<u64>,
    seekable: bool,
    /// Answers late, every other time.
    waits: bool,
    /// Says how long it is.
    says_length: bool,
    opened: Rc<Cell<usize>>,
}

impl Made {
    fn new(rate: u32, channels: usize, samples: Vec<f32>) -> Made {
        Made {
            rate,
            channels,
            samples: Rc::new(samples),
            packet: 333,
            refused: false,
            breaks: None,
            seekable: true,
            waits: false,
            says_length: false,
            opened: Rc::default(),
        }
    }

    fn boxed(&self) -> Box<dyn Opener> {
        Box::new(self.clone())
    }
}

struct MadeTrack {
    made: Made,
    info: FileInfo,
    at: usize,
    next: usize,
    waited: bool,
}

impl Opener for Made {
    fn name(&self) -> &str {
        "made"
    }

    fn open(&mut self) -> Result<Box<dyn Track>, Error> {
        self.opened.set(self.opened.get() + 1);
        if self.refused {
            return Err(trouble().of("made"));
        }
        let frames = self.samples.len() / self.channels;
        Ok(Box::new(MadeTrack {
            made: self.clone(),
            info: FileInfo {
                name: "made".into(),
                format: "made",
                codec: "made",
                sample_rate: self.rate,
                channels: self.channels,
                frames: self.says_length.then_some(frames as u64),
                seconds: None,
                by_browser: false,
            },
            at: 0,
            next: 0,
            waited: false,
        }))
    }
}

fn trouble() -> Trouble {
    Trouble {
        problem: FileProblem::Damaged,
        at: Some(0.0),
        reason: "broken on purpose".into(),
    }
}

impl Track for MadeTrack {
    fn info(&self) -> &FileInfo {
        &self.info
    }

    fn step(&mut self) -> TrackStep {
        self.waited = self.made.waits && !self.waited;
        if self.waited {
            return TrackStep::Waiting;
        }
        let frames = self.made.samples.len() / self.made.channels;
        let end = self.made.breaks.map_or(frames, |breaks| frames.min(breaks as usize));
        self.at = self.next;
        if self.at >= end {
            return TrackStep::End(self.made.breaks.map(|_| trouble()));
        }
        self.next = end.min(self.at + self.made.packet);
        TrackStep::Sound
    }

    fn sound(&self) -> Sound<'_> {
        Sound {
            samples: &self.made.samples[self.at * self.made.channels..self.next * self.made.channels],
            rate: self.made.rate,
            channels: self.made.channels,
            at: self.at as u64,
        }
    }

    fn seek(&mut self, frame: u64) -> Result<u64, Trouble> {
        if !self.made.seekable {
            return Err(trouble());
        }
        self.next = frame as usize;
        Ok(frame)
    }

    fn skipped_packets(&self) -> u64 {
        0
    }
}

fn noise(samples: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..samples).map(|_| next()).collect()
}

fn sine(hz: f64, rate: f64, frames: usize) -> Vec<f32> {
    (0..frames).map(|n| (0.5 * (TAU * hz * n as f64 / rate).sin()) as f32).collect()
}

fn player(rate: f32, channels: usize, items: &[Made]) -> Player {
    let mut player = Player::new(rate, channels).unwrap();
    player.set_items(items.iter().map(Made::boxed).collect(), 0);
    player
}

/// Up to `frames` frames, asked for in odd pieces, with an end to all patience.
fn take(player: &mut Player, frames: usize) -> Vec<f32> {
    let mut out = Vec::new();
    let mut idle = 0;
    while out.len() / player.channels < frames {
        let piece = (frames - out.len() / player.channels).min(1 + out.len() % 257);
        let mut buffer = vec![f32::NAN; piece * player.channels];
        let filled = player.fill(&mut buffer);
        out.extend_from_slice(&buffer[..filled.frames * player.channels]);
        idle = if filled.frames > 0 { 0 } else { idle + 1 };
        assert!(idle < 20_000, "does not come on after {} samples: {filled:?}", out.len());
        if filled.state == State::Ended {
            break;
        }
    }
    assert!(out.iter().all(|sample| !sample.is_nan()));
    out
}

fn all(player: &mut Player) -> Vec<f32> {
    let out = take(player, 10_000_000);
    assert!(out.len() < 10_000_000, "does not end");
    out
}

fn straight(rate: f32, channels: usize, made: &Made) -> Vec<f32> {
    all(&mut player(rate, channels, std::slice::from_ref(made)))
}

fn segments(player: &mut Player) -> Vec<Segment> {
    std::iter::from_fn(|| player.next_segment()).collect()
}

/// `right` against its difference from `left`, in dB.
fn agreement(left: &[f32], right: &[f32]) -> f64 {
    let (mut signal, mut error) = (1e-30, 1e-30);
    for (left, right) in left.iter().zip(right) {
        signal += f64::from(*right).powi(2);
        error += (f64::from(*left) - f64::from(*right)).powi(2);
    }
    10.0 * f64::log10(signal / error)
}

#[test]
fn a_file_in_two_is_the_whole() {
    for (rate_in, rate_out, channels) in [
        (48_000, 48_000.0, 2),
        (44_100, 48_000.0, 2),
        (96_000, 44_100.0, 1),
        (44_056, 48_000.0, 1),
    ] {
        let samples = noise(30_000 * channels, 1);
        let whole = straight(rate_out, 2, &Made::new(rate_in, channels, samples.clone()));
        assert_eq!(
            whole.len() / 2,
            (30_000.0 * f64::from(rate_out) / f64::from(rate_in)).round() as usize
        );
        for cut in [1, 100, 12_345, 29_999] {
            let (one, two) = samples.split_at(cut * channels);
            let items = [one, two].map(|part| Made::new(rate_in, channels, part.to_vec()));
            let mut player = player(rate_out, 2, &items);
            assert!(all(&mut player) == whole, "{rate_in} -> {rate_out}, cut at {cut}");
            let joint = cut as f64 * f64::from(rate_out) / f64::from(rate_in);
            let told = segments(&mut player);
            // The last frame of all may be nearer to the end than an output frame.
            if joint.ceil() as usize == whole.len() / 2 {
                assert_eq!(told.len(), 1);
                continue;
            }
            assert_eq!((told.len(), told[0].at, told[0].item, told[0].seconds), (2, 0, 0, 0.0));
            assert_eq!((told[1].at, told[1].item), (joint.ceil() as u64, 1));
            assert!((told[1].seconds - (joint.ceil() - joint) / f64::from(rate_out)).abs() < 1e-9);
        }
    }
}

#[test]
fn other_rates_and_channels_follow_at_once() {
    let items = [
        Made::new(44_100, 2, noise(2 * 10_001, 1)),
        Made::new(48_000, 1, noise(5_000, 2)),
        Made::new(8_000, 6, noise(6 * 1_001, 3)),
        Made::new(48_000, 2, noise(2 * 7, 4)),
        Made::new(96_000, 2, noise(2, 5)),
    ];
    let parts: Vec<Vec<f32>> = items.iter().map(|item| straight(48_000.0, 2, item)).collect();
    let mut player = player(48_000.0, 2, &items);
    assert!(all(&mut player) == parts.concat());
    let mut at = 0;
    for (item, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
        let segment = player.next_segment().unwrap();
        assert_eq!((segment.at, segment.item as usize, segment.seconds), (at, item, 0.0));
        at += part.len() as u64 / 2;
    }
    assert_eq!(player.next_segment(), None);
}

#[test]
fn a_seek_gives_what_straight_playing_gives() {
    for (rate_in, rate_out) in [
        (48_000, 48_000.0),
        (44_100, 48_000.0),
        (48_000, 44_100.0),
        (96_000, 48_000.0),
        (8_000, 48_000.0),
        (44_056, 48_000.0),
        (47_999, 48_000.0),
        (44_100, 44_100.5),
    ] {
        let mut item = Made::new(rate_in, 1, sine(0.2 * f64::from(rate_in), f64::from(rate_in), 2 * rate_in as usize));
        let whole = straight(rate_out, 1, &item);
        let mut worst = f64::INFINITY;
        for seekable in [true, false] {
            item.seekable = seekable;
            let mut player = player(rate_out, 1, std::slice::from_ref(&item));
            for seconds in [0.0, 0.000_02, 0.001, 0.003, 0.5, 1.234_567, 1.999, 0.25] {
                player.seek(0, seconds).unwrap();
                let first = (seconds * f64::from(rate_out)).round() as usize;
                let got = take(&mut player, 1_000);
                let expected = &whole[first..whole.len().min(first + 1_000)];
                assert_eq!(got.len(), expected.len(), "{rate_in} -> {rate_out} at {seconds}");
                if rate_in as f32 == rate_out {
                    assert!(got == expected);
                }
                worst = worst.min(agreement(&got, expected));
                let segment = player.next_segment().unwrap();
                assert_eq!((segment.at, segment.item), (0, 0));
                assert!((segment.seconds - first as f64 / f64::from(rate_out)).abs() < 1e-12);
            }
        }
        println!("{rate_in} -> {rate_out}: a seek agrees to {worst:.1} dB");
        assert!(worst > 90.0, "{rate_in} -> {rate_out}: {worst:.1} dB");
    }
}

#[test]
fn seeks_to_the_end_and_beyond_go_on_with_the_next_item() {
    for rate_in in [48_000, 44_100] {
        for seekable in [true, false] {
            let mut items = [1, 2].map(|seed| Made::new(rate_in, 1, noise(10_000, seed)));
            items[0].seekable = seekable;
            let next = straight(48_000.0, 1, &items[1]);
            let length = 10_000.0 / f64::from(rate_in);
            for beyond in [0.001, 0.002, 1.0, 1_000_000.0] {
                let mut player = player(48_000.0, 1, &items);
                player.seek(0, length + beyond).unwrap();
                assert!(
                    all(&mut player) == next,
                    "{beyond} s beyond the end at {rate_in}, seekable: {seekable}"
                );
                let told = segments(&mut player);
                assert_eq!(
                    told,
                    [Segment {
                        at: 0,
                        item: 1,
                        seconds: 0.0
                    }]
                );
                assert_eq!(player.take_failures(), []);
            }
            let mut player = player(48_000.0, 1, &items[..1]);
            player.set_repeat(Repeat::One);
            player.seek(0, 100.0).unwrap();
            let first = straight(48_000.0, 1, &items[0]);
            assert!(take(&mut player, 5_000) == first[..5_000]);
        }
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    let mut player = player(48_000.0, 1, &[Made::new(48_000, 1, noise(48_000, 1))]);
    for seconds in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(player.seek(0, seconds), Err(Error::OutOfRange { .. })));
    }
    assert!(player.seek(1, 0.0).is_err());
    let mut set = |item, start, end| player.set_loop(Some(LoopRegion { item, start, end }));
    for (item, start, end) in [
        (1, 0.0, 0.5),
        (0, 0.5, 0.5),
        (0, 0.5, 0.549),
        (0, 0.5, 0.4),
        (0, -0.1, 0.5),
        (0, f64::NAN, 1.0),
        (0, 0.0, f64::NAN),
    ] {
        assert!(
            matches!(set(item, start, end), Err(Error::OutOfRange { .. })),
            "{item} {start} {end}"
        );
    }
    set(0, 0.45, 0.5).unwrap();
    assert!(Player::new(0.0, 1).is_err() && Player::new(48_000.0, 0).is_err() && Player::new(48_000.0, 33).is_err());
}

#[test]
fn broken_items_are_passed_over_and_named() {
    let good = Made::new(48_000, 1, noise(3_000, 1));
    let refused = Made {
        refused: true,
        ..good.clone()
    };
    let broken = Made {
        breaks: Some(1_000),
        ..good.clone()
    };
    let empty = Made::new(48_000, 1, vec![]);
    let mut player = player(
        48_000.0,
        1,
        &[refused.clone(), good.clone(), broken.clone(), empty.clone(), good.clone()],
    );
    assert!(player.open().is_err(), "the first cannot be opened");
    let expected = [&good.samples[..], &good.samples[..1_000], &good.samples[..]].concat();
    assert!(all(&mut player) == expected);
    let failed: Vec<usize> = player.take_failures().iter().map(|failure| failure.item).collect();
    assert_eq!(failed, [2, 3]);
    player.seek(0, 0.0).unwrap();
    assert!(all(&mut player) == expected);
    let failed: Vec<usize> = player.take_failures().iter().map(|failure| failure.item).collect();
    assert_eq!(failed, [0], "asked for again, so tried again; the others are known");
    // With nothing to play, every way of repeating ends.
    for repeat in [Repeat::None, Repeat::One, Repeat::All] {
        for items in [vec![], vec![refused.clone()], vec![empty.clone(), refused.clone(), empty.clone()]] {
            let mut player = super::tests::player(48_000.0, 1, &items);
            player.set_repeat(repeat);
            assert!(all(&mut player).is_empty());
            player.append(good.boxed());
            player.set_repeat(Repeat::None);
            if !items.is_empty() {
                assert!(all(&mut player) == *good.samples, "{repeat:?}, {} items", items.len());
            }
        }
    }
}

#[test]
fn what_is_appended_or_repeated_late_follows_all_the_same() {
    for rate in [48_000, 8_000] {
        let short = Made::new(rate, 1, noise(400, 1));
        let whole = straight(48_000.0, 1, &short);
        for taken in (0..whole.len()).step_by(7).chain([whole.len()]) {
            let mut player = player(48_000.0, 1, std::slice::from_ref(&short));
            assert_eq!(take(&mut player, taken).len(), taken);
            player.append(short.boxed());
            let rest = all(&mut player).len();
            assert!(
                (2 * whole.len()).abs_diff(taken + rest) <= 1,
                "appended after {taken} frames: {rest} more"
            );
            player.set_repeat(Repeat::All);
            assert!(player.resume());
            assert_eq!(take(&mut player, 5 * whole.len()).len(), 5 * whole.len());
            player.set_repeat(Repeat::None);
            all(&mut player);
            assert!(!player.resume());
        }
    }
}

#[test]
fn absurd_figures_are_refused() {
    let good = Made::new(48_000, 1, noise(3_000, 1));
    let mut none = Made::new(48_000, 1, noise(3_000, 1));
    let absurd = [(1, 1), (10_000_000, 1), (0, 1), (48_000, 255)];
    for (rate, channels) in absurd {
        (none.rate, none.channels, none.packet) = (rate, channels, 10);
        let mut player = player(48_000.0, 1, &[none.clone(), good.clone()]);
        player.seek(0, 0.000_1).unwrap();
        assert!(all(&mut player) == *good.samples, "{rate} Hz, {channels} channels");
        assert_eq!(player.take_failures().len(), 1);
    }
}

#[test]
fn repeats_are_gapless() {
    let whole = sine(441.0, 44_100.0, 4_410);
    let once = Made::new(44_100, 1, whole.clone());
    let twice = Made::new(44_100, 1, [&whole[..], &whole[..], &whole[..]].concat());
    let expected = straight(48_000.0, 1, &twice);
    for (repeat, items) in [(Repeat::One, vec![once.clone()]), (Repeat::All, vec![once.clone(); 2])] {
        let mut player = player(48_000.0, 1, &items);
        player.set_repeat(repeat);
        assert!(take(&mut player, 14_000) == expected[..14_000], "{repeat:?}");
        let told = segments(&mut player);
        assert_eq!(told.iter().map(|segment| segment.at).collect::<Vec<_>>(), [0, 4_800, 9_600]);
        assert!(told[1].seconds == 0.0 && told[1].item == u32::from(repeat == Repeat::All));
    }
}

#[test]
fn what_waits_says_so_and_comes() {
    let mut item = Made::new(48_000, 1, noise(10_000, 1));
    item.waits = true;
    let mut player = player(48_000.0, 1, &[item.clone(), item.clone()]);
    let waiting = Filled {
        frames: 0,
        state: State::Waiting,
    };
    assert_eq!(player.fill(&mut [0.0; 10]), waiting);
    assert_eq!(player.available(), usize::MAX, "asked again, it has answered");
    assert!(all(&mut player) == [&item.samples[..], &item.samples[..]].concat());
    player.seek(0, 0.0).unwrap();
    assert!(!player.prepare(), "there is nothing to do but wait");
    assert_eq!(player.stream.len(), 0);
    assert!(player.prepare() || player.stream.len() > 0);
}

/// Loops in a file that is cyclic with the loop's length give the file, bit by bit.
#[test]
fn a_cyclic_loop_is_bit_exact() {
    let cycle = noise(2 * 4_000, 1);
    let item = Made::new(48_000, 2, cycle.repeat(6));
    let long = cycle.repeat(40);
    for (start, end) in [
        (0.0, 0.5),
        (4_100.0 / 48_000.0, 8_100.0 / 48_000.0),
        (100.0 / 48_000.0, 0.5 - 3_900.0 / 48_000.0),
        (4_000.0 / 48_000.0, 9.0),
    ] {
        let mut player = player(48_000.0, 2, std::slice::from_ref(&item));
        player.set_loop(Some(LoopRegion { item: 0, start, end })).unwrap();
        let got = take(&mut player, 100_000);
        assert!(got == long[..200_000], "{start} to {end}");
        let told = segments(&mut player);
        let period = (end.min(0.5) * 48_000.0).round() as u64 - (start * 48_000.0).round() as u64;
        assert!(told.len() as u64 >= 80_000 / period && told[2..].iter().all(|segment| segment.item == 0));
        for pair in told[1..].windows(2) {
            assert_eq!(pair[1].at - pair[0].at, period);
            assert_eq!(pair[1].seconds, pair[0].seconds);
        }
        assert!(item.opened.get() <= 4, "a loop in memory opens nothing");
    }
}

/// Sines whose cycles do not fit: nowhere does the sound bend more than the sine and the fade do, wherever the loop lies in the file.
#[test]
fn loops_do_not_click() {
    let bend = |sound: &[f32]| sound.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).abs()).fold(0.0, f32::max);
    for hz in [200.0, 440.0, 997.0, 5_000.0] {
        let item = Made::new(48_000, 1, sine(hz, 48_000.0, 30_000));
        let usual = bend(&item.samples);
        // A fade over F frames adds at most this share: twice its slope (pi / 2F) times twice the sine's.
        let share = 1.0 + 2.0 * (TAU / 4.0 / 240.0) * 2.0 / (TAU * hz / 48_000.0) + 0.1;
        for (start, end) in [
            (0.1, 0.3),
            (0.1003, 0.3007),
            (0.0, 0.3007),
            (0.2001, 5.0),
            (0.0, 5.0),
            (0.0001, 0.62499),
        ] {
            let mut player = player(48_000.0, 1, std::slice::from_ref(&item));
            player.set_loop(Some(LoopRegion { item: 0, start, end })).unwrap();
            let got = bend(&take(&mut player, 120_000));
            assert!(
                f64::from(got) <= f64::from(usual) * share,
                "{hz} Hz, {start} to {end}: {got}, usually {usual}"
            );
        }
    }
}

#[test]
fn long_loops_and_resampled_ones_keep_their_period() {
    for rate_in in [48_000, 44_100] {
        let item = Made::new(rate_in, 1, sine(300.0, f64::from(rate_in), 4 * rate_in as usize));
        let whole = straight(48_000.0, 1, &item);
        let mut player = player(48_000.0, 1, std::slice::from_ref(&item));
        // Longer than what is kept in memory; 2.5 s are 750 cycles, so the loop goes on as the sine does.
        player
            .set_loop(Some(LoopRegion {
                item: 0,
                start: 0.5,
                end: 3.0,
            }))
            .unwrap();
        let got = take(&mut player, 10 * 48_000);
        for (pass, at) in [144_000, 264_000, 384_000].into_iter().enumerate() {
            let from = &whole[24_000..24_000 + 90_000];
            let db = agreement(&got[at..(at + 90_000).min(got.len())], from);
            assert!(db > 90.0, "{rate_in}, pass {pass}: {db:.1} dB");
        }
        let told = segments(&mut player);
        assert_eq!(
            told.iter().map(|segment| segment.at).collect::<Vec<_>>(),
            [0, 144_000, 264_000, 384_000]
        );
        assert_eq!(item.opened.get(), 2, "sought, not opened again");
        player.set_loop(None).unwrap();
        let rest = all(&mut player);
        let from = 24_000 + (10 * 48_000 - 384_000);
        assert!(agreement(&rest, &whole[from..]) > 90.0);
        assert_eq!(rest.len(), whole.len() - from);
    }
}

/// As a producer does: blocks are rendered from what was prepared in between, also over joints and loops.
#[test]
fn what_is_decoded_ahead_is_rendered_without_allocating() {
    let items = [Made::new(44_100, 1, noise(200_000, 1)), Made::new(44_100, 1, noise(100_000, 2))];
    let mut player = player(48_000.0, 2, &items);
    player.set_repeat(Repeat::All);
    player
        .set_loop(Some(LoopRegion {
            item: 0,
            start: 0.5,
            end: 3.2,
        }))
        .unwrap();
    player.open().unwrap();
    while player.prepare() {}
    let mut block = vec![0.0; 2 * 480];
    let mut info = RenderInfo {
        position: 0,
        ring_position: 0,
        sample_rate: 48_000.0,
        channels: 2,
        heard_in: 0.0,
        underruns: 0,
    };
    let mut allocated = 0;
    for round in 0..3_000 {
        if round == 1_500 {
            player.set_loop(None).unwrap();
            while player.prepare() {}
        }
        let before = allocations();
        assert_eq!(player.render(&mut block, &info), 480);
        allocated += allocations() - before;
        info.position += 480;
        for _ in 0..8 {
            player.prepare();
        }
    }
    assert_eq!((allocated, player.late_decodes()), (0, 0));
    assert!(items[1].opened.get() >= 2, "several joints were passed");
}

/// Allocations so far, where they are counted.
fn allocations() -> u64 {
    #[cfg(feature = "count-allocations")]
    return crate::allocations();
    #[cfg(not(feature = "count-allocations"))]
    0
}

/// Twenty seeks a second and more: only the latest counts, and each gives the right frames at once.
#[test]
fn seek_storms_do_no_harm() {
    let refused = Made {
        refused: true,
        ..Made::new(48_000, 1, vec![])
    };
    let items = [
        Made::new(48_000, 1, noise(48_000, 1)),
        refused,
        Made::new(48_000, 1, noise(48_000, 2)),
    ];
    let mut player = player(48_000.0, 1, &items);
    let mut frame = 1;
    for round in 0..2_000 {
        frame = frame * 7_919 % 40_009;
        let item = round % 3;
        player.seek(item, frame as f64 / 48_000.0).unwrap();
        if round % 4 == 0 {
            let got = take(&mut player, 64);
            // What is broken is passed over.
            let (played, from) = if item == 1 { (2, 0) } else { (item, frame) };
            assert!(got == items[played].samples[from..from + 64], "seek {round}");
            let told = player.next_segment().unwrap();
            assert_eq!((told.at, told.item as usize), (0, played));
            assert!((told.seconds * 48_000.0 - from as f64).abs() < 1e-6);
        }
    }
    assert!(player.take_failures().iter().all(|failure| failure.item == 1));
}

mod random {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 8_000;
    const FADE: usize = 40;

    #[derive(Debug, Clone)]
    enum Action {
        Take(usize),
        Seek(usize, u64),
        Loop(usize, u64, u64),
        NoLoop,
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            4 => (1usize..3_000).prop_map(Action::Take),
            3 => (0usize..5, 0u64..3_500).prop_map(|(item, frame)| Action::Seek(item, frame)),
            2 => (0usize..5, 0u64..1_500, 400u64..1_500).prop_map(|(item, start, length)| Action::Loop(item, start, length)),
            1 => Just(Action::NoLoop),
        ]
    }

    /// What the player should do, a frame at a time.
    struct Model {
        lengths: Vec<usize>,
        repeat: Repeat,
        item: usize,
        frame: usize,
        /// Item, the frame left at, the frame gone back to.
        looped: Option<(usize, usize, usize)>,
        /// Frames since a loop went back.
        since: usize,
        told: bool,
    }

    impl Model {
        /// The next frame: item, frame, whether a segment begins, whether it is being faded.
        fn next(&mut self) -> Option<(usize, usize, bool, bool)> {
            let mut fruitless = 0;
            loop {
                if let Some((item, leave, back)) = self.looped
                    && item == self.item
                    && self.frame == leave
                {
                    (self.frame, self.since, self.told) = (back, 0, false);
                }
                if self.frame < self.lengths[self.item] {
                    break;
                }
                fruitless += 1;
                self.item = match self.repeat {
                    Repeat::One => self.item,
                    Repeat::None if self.item + 1 == self.lengths.len() => return None,
                    _ => (self.item + 1) % self.lengths.len(),
                };
                (self.frame, self.since, self.told) = (0, FADE, false);
                if fruitless > 2 * self.lengths.len() {
                    return None;
                }
            }
            let faded = self.since < FADE;
            let result = (self.item, self.frame, !std::mem::replace(&mut self.told, true), faded);
            self.frame += 1;
            self.since += 1;
            Some(result)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Any list, seeks and loops: every frame outside a fade is the one that a plain model names, and so is every segment.
        #[test]
        fn plays_what_it_should(
            lengths in proptest::collection::vec(prop_oneof![3 => 500usize..3_000, 1 => 0usize..3], 1..5),
            refused in proptest::collection::vec(any::<bool>(), 4),
            flags in (any::<bool>(), any::<bool>(), 1usize..700),
            repeat in prop_oneof![Just(Repeat::None), Just(Repeat::One), Just(Repeat::All)],
            actions in proptest::collection::vec(action(), 1..12),
        ) {
            let items: Vec<Made> = lengths.iter().zip(&refused).enumerate().map(|(number, (length, refused))| Made {
                refused: *refused && number % 2 == 1,
                seekable: flags.0,
                waits: flags.1,
                packet: flags.2,
                ..Made::new(RATE, 1, noise(*length, number as u64 + 1))
            }).collect();
            let lengths: Vec<usize> = items.iter().map(|item| if item.refused { 0 } else { item.samples.len() }).collect();
            let mut player = player(RATE as f32, 1, &items);
            player.set_repeat(repeat);
            let mut model = Model { lengths, repeat, item: 0, frame: 0, looped: None, since: FADE, told: false };
            let mut given = 0u64;
            let mut expected = Vec::new();
            let mut told = Vec::new();
            for action in actions {
                match action {
                    Action::Take(frames) => {
                        let got = take(&mut player, frames);
                        for (n, sample) in got.iter().enumerate() {
                            let next = model.next();
                            prop_assert!(next.is_some(), "{} frames too many", got.len() - n);
                            let (item, frame, begins, faded) = next.unwrap();
                            if begins {
                                expected.push((given, item as u32, frame as f64 / f64::from(RATE)));
                            }
                            prop_assert!(faded || *sample == items[item].samples[frame], "frame {} should be {} of item {}", given, frame, item);
                            given += 1;
                        }
                        if got.len() < frames {
                            prop_assert_eq!(model.next(), None);
                        }
                        told.extend(segments(&mut player).iter().map(|segment| (segment.at, segment.item, segment.seconds)));
                        // A jump that nothing was given out after may be told already.
                        let same = told.iter().take(expected.len()).eq(expected.iter());
                        prop_assert!(same && told.len() <= expected.len() + 1, "{:?} instead of {:?}", told, expected);
                    }
                    Action::Seek(item, frame) => {
                        let item = item % items.len();
                        player.seek(item, frame as f64 / f64::from(RATE)).unwrap();
                        (model.item, model.frame, model.since, model.told, given) = (item, frame as usize, FADE, false, 0);
                        expected.clear();
                        told.clear();
                    }
                    Action::Loop(item, start, length) => {
                        let item = item % items.len();
                        let (from, rate) = (start as usize, f64::from(RATE));
                        let region = LoopRegion { item, start: start as f64 / rate, end: (start + length) as f64 / rate };
                        player.set_loop(Some(region)).unwrap();
                        let size = model.lengths[item];
                        let end = (from + length as usize).min(size);
                        model.looped = None;
                        if end >= from + 400 {
                            let after = (size - end).min(FADE);
                            let earlier = (FADE - after).min(from);
                            let shift = if 4 * (after + earlier) >= FADE { earlier } else { 0 };
                            model.looped = Some((item, end - shift, from - shift));
                        }
                        // From a defined place: before the loop's end.
                        player.seek(item, 0.0).unwrap();
                        (model.item, model.frame, model.since, model.told, given) = (item, 0, FADE, false, 0);
                        expected.clear();
                        told.clear();
                    }
                    Action::NoLoop => {
                        player.set_loop(None).unwrap();
                        player.seek(0, 0.0).unwrap();
                        model.looped = None;
                        (model.item, model.frame, model.since, model.told, given) = (0, 0, FADE, false, 0);
                        expected.clear();
                        told.clear();
                    }
                }
            }
        }
    }
}
