//! What the path from a file to the ring does to the sound: nothing where rates match, and where they do not, how little.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]
#![cfg(feature = "decode")]

use noxrun::Error;
use noxrun::render::{Pacer, RenderInfo, Source, SystemClock, Turn};
use noxrun::ring::Consumer;
use noxrun::shared::SharedOutput;
use noxrun::source::file::{FileInfo, Sound, Track, TrackStep, Trouble};
use noxrun::source::player::{Opener, Player, State};
use std::f64::consts::TAU;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

/// One channel in memory.
#[derive(Clone)]
struct Made {
    info: FileInfo,
    samples: Arc<Vec<f32>>,
    at: usize,
    next: usize,
}

impl Opener for Made {
    fn name(&self) -> &str {
        "made"
    }

    fn open(&mut self) -> Result<Box<dyn Track>, Error> {
        Ok(Box::new(self.clone()))
    }
}

impl Track for Made {
    fn info(&self) -> &FileInfo {
        &self.info
    }

    fn step(&mut self) -> TrackStep {
        self.at = self.next;
        self.next = self.samples.len().min(self.at + 1_000);
        if self.next > self.at {
            TrackStep::Sound
        } else {
            TrackStep::End(None)
        }
    }

    fn sound(&self) -> Sound<'_> {
        Sound {
            samples: &self.samples[self.at..self.next],
            rate: self.info.sample_rate,
            channels: 1,
            at: self.at as u64,
        }
    }

    fn seek(&mut self, frame: u64) -> Result<u64, Trouble> {
        self.next = frame as usize;
        Ok(frame)
    }

    fn skipped_packets(&self) -> u64 {
        0
    }
}

/// A second of the signal at one rate, played at another.
fn resampled(rate_in: u32, rate_out: f32, signal: impl Fn(f64) -> f64) -> Vec<f32> {
    let samples = (0..rate_in).map(|n| signal(f64::from(n) / f64::from(rate_in)) as f32).collect();
    let made = Made {
        info: FileInfo {
            name: "made".into(),
            format: "made",
            codec: "made",
            sample_rate: rate_in,
            channels: 1,
            frames: None,
            seconds: None,
            by_browser: false,
        },
        samples: Arc::new(samples),
        at: 0,
        next: 0,
    };
    let mut player = Player::new(rate_out, 1).unwrap();
    player.set_items(vec![Box::new(made)], 0);
    let mut out = Vec::new();
    let mut block = vec![0.0; 1_000];
    loop {
        let filled = player.fill(&mut block);
        out.extend_from_slice(&block[..filled.frames]);
        if filled.state == State::Ended {
            return out;
        }
    }
}

/// Where a filter that reaches over the ends of a signal that starts and stops at once has no part, in seconds.
const MIDDLE: std::ops::Range<f64> = 0.1..0.9;

/// The signal against what differs from it, in dB.
fn quality(rate_in: u32, rate_out: f32, signal: impl Fn(f64) -> f64) -> f64 {
    let out = resampled(rate_in, rate_out, &signal);
    let (mut power, mut noise) = (0.0, 0.0);
    for (n, sample) in out.iter().enumerate() {
        let time = n as f64 / f64::from(rate_out);
        if MIDDLE.contains(&time) {
            power += signal(time).powi(2);
            noise += (f64::from(*sample) - signal(time)).powi(2);
        }
    }
    10.0 * (power / noise).log10()
}

/// The pairs that matter, and up to which frequency each is measured: 18 kHz, or 0.9 of what the lower rate can hold.
const PAIRS: [(u32, f32, f64); 7] = [
    (44_100, 48_000.0, 18_000.0),
    (48_000, 44_100.0, 18_000.0),
    (96_000, 48_000.0, 18_000.0),
    (96_000, 44_100.0, 18_000.0),
    (48_000, 96_000.0, 18_000.0),
    (8_000, 48_000.0, 3_600.0),
    (22_050, 48_000.0, 9_900.0),
];

/// Thirty tones at once, spread over the band, each with a phase of its own.
#[test]
fn many_tones_come_through_clean() {
    for (rate_in, rate_out, top) in PAIRS {
        let tones = move |time: f64| {
            let tone = |n: u32| (TAU * (top * f64::from(n) / 30.0) * time + f64::from(n * n)).sin();
            (1..=30).map(tone).sum::<f64>() / 40.0
        };
        let db = quality(rate_in, rate_out, tones);
        println!("{rate_in} -> {rate_out}, 30 tones to {top} Hz: {db:.1} dB");
        assert!(db >= 85.0, "{rate_in} -> {rate_out}: {db:.1} dB");
    }
}

/// A sine that rises through the whole band.
#[test]
fn a_sweep_comes_through_clean() {
    for (rate_in, rate_out, top) in PAIRS {
        let sweep = move |time: f64| 0.5 * (TAU * top * time * time / 2.0).sin();
        let db = quality(rate_in, rate_out, sweep);
        println!("{rate_in} -> {rate_out}, a sweep to {top} Hz: {db:.1} dB");
        assert!(db >= 85.0, "{rate_in} -> {rate_out}: {db:.1} dB");
    }
}

#[test]
fn the_passband_is_flat() {
    for (rate_in, rate_out, top) in PAIRS {
        let mut most: f64 = 0.0;
        for step in 1..=24 {
            let hz = (top * f64::from(step) / 24.0 / 10.0).round() * 10.0;
            let out = resampled(rate_in, rate_out, |time| 0.5 * (TAU * hz * time).sin());
            // Against the sine and its quarter turn, over whole cycles: 0.1 to 0.9 s.
            let (mut a, mut b, mut count) = (0.0, 0.0, 0.0);
            for (n, sample) in out.iter().enumerate() {
                let time = n as f64 / f64::from(rate_out);
                if MIDDLE.contains(&time) {
                    a += f64::from(*sample) * (TAU * hz * time).sin();
                    b += f64::from(*sample) * (TAU * hz * time).cos();
                    count += 1.0;
                }
            }
            let db = 20.0 * ((a * a + b * b).sqrt() * 2.0 / count / 0.5).log10();
            most = if db.abs() > most.abs() { db } else { most };
        }
        println!("{rate_in} -> {rate_out}: flat to {most:.5} dB up to {top} Hz");
        assert!(most.abs() <= 0.1, "{rate_in} -> {rate_out}: {most} dB");
    }
}

fn path(name: &str) -> PathBuf {
    let folder =
        std::env::var_os("NOXRUN_AUDIO_FIXTURES").expect("NOXRUN_AUDIO_FIXTURES is not set: run `ci/fixtures FOLDER` and set it to FOLDER");
    PathBuf::from(folder).join(name)
}

/// Plays a file into a real ring and reads it out of there.
fn through_the_ring(name: &str, rate: f32, channels: usize) -> Vec<f32> {
    const BLOCK: usize = 256;
    let shared = Arc::new(SharedOutput::new(channels, 2_048, rate).expect("in range"));
    let file = File::open(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let player = Player::play_file(Box::new(file), name, rate, channels).unwrap_or_else(|error| panic!("{error}"));
    let mut pacer = Pacer::new(shared.clone(), Box::new(Ahead(player)), BLOCK, SystemClock::default()).expect("free");
    let mut consumer = Consumer::claim(shared.ring.clone()).expect("free");
    let mut all = Vec::new();
    let mut piece = vec![0.0; 512 * channels];
    loop {
        let mut came = 0;
        while !pacer.ended() && pacer.turn() == Turn::Rendered {}
        loop {
            let frames = consumer.read(&mut piece).expect("whole frames");
            all.extend_from_slice(&piece[..frames * channels]);
            came += frames;
            if frames == 0 {
                break;
            }
        }
        if came == 0 && pacer.ended() {
            assert_eq!(pacer.failure(), None, "{name}");
            return all;
        }
    }
}

/// A player that says it has more to prepare, so that its producer does not fall asleep in a test of one thread.
struct Ahead(Player);

impl Source for Ahead {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        self.0.render(block, info)
    }

    fn prepare(&mut self) -> bool {
        self.0.prepare();
        true
    }

    fn failure(&self) -> Option<String> {
        self.0.failure()
    }
}

#[test]
fn lossless_files_are_bit_exact_in_the_ring() {
    for (name, rate, channels) in [
        ("music.wav", 44_100.0, 2),
        ("music-24.wav", 44_100.0, 2),
        ("music-float.wav", 44_100.0, 2),
        ("music.flac", 44_100.0, 2),
        ("music-48000.flac", 48_000.0, 2),
        ("music-96000.flac", 96_000.0, 2),
        ("surround.flac", 44_100.0, 6),
        ("speech.wav", 48_000.0, 1),
    ] {
        let bytes = fs::read(path(&format!("{name}.f32"))).unwrap();
        let reference: Vec<f32> = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let ours = through_the_ring(name, rate, channels);
        assert_eq!(ours.len(), reference.len(), "{name}");
        let differs = ours.iter().zip(&reference).position(|(ours, theirs)| ours != theirs);
        assert_eq!(differs, None, "{name}: differs from ffmpeg at this sample");
    }
}
