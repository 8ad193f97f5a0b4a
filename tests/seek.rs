//! Seeks in real files of every format: against the frames of a decode from the beginning, and how much of a long file they read.
#![cfg(not(target_family = "wasm"))]
#![cfg(feature = "decode")]

use noxrun::error::FileProblem;
use noxrun::source::file::{Answer, FileTrack, MediaSource, OutsideCodec, OutsideCodecs, OutsideFormat, Track, TrackStep};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

fn path(name: &str) -> PathBuf {
    let folder =
        std::env::var_os("NOXRUN_AUDIO_FIXTURES").expect("NOXRUN_AUDIO_FIXTURES is not set: run `ci/fixtures FOLDER` and set it to FOLDER");
    PathBuf::from(folder).join(name)
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    bytes: Arc<AtomicU64>,
    seekable: bool,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let count = self.file.read(into)?;
        self.bytes.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        assert!(self.seekable, "sought in what can only be read on");
        self.file.seek(to)
    }
}

impl MediaSource for Counted {
    fn is_seekable(&self) -> bool {
        self.seekable
    }

    fn byte_len(&self) -> Option<u64> {
        self.seekable.then(|| self.file.metadata().ok().map(|meta| meta.len())).flatten()
    }
}

fn open_as(name: &str, seekable: bool, outside: Option<Rc<OutsideCodecs>>) -> (FileTrack, Arc<AtomicU64>) {
    let file = File::open(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let bytes = Arc::new(AtomicU64::new(0));
    let media = Counted {
        file,
        bytes: bytes.clone(),
        seekable,
    };
    let track = FileTrack::open(Box::new(media), name, outside).unwrap();
    (track, bytes)
}

fn open(name: &str) -> FileTrack {
    open_as(name, true, Some(other_codecs())).0
}

/// The next `frames` frames or fewer, and where they begin.
fn read(track: &mut FileTrack, frames: usize) -> (Option<u64>, Vec<f32>) {
    let (mut all, mut at, mut next) = (Vec::new(), None, 0);
    for _ in 0..10_000_000 {
        match track.step() {
            TrackStep::Sound => {
                let sound = track.sound();
                assert!(!sound.samples.is_empty() && sound.samples.len().is_multiple_of(sound.channels));
                assert!(at.is_none() || sound.at == next, "{} does not follow on {next}", sound.at);
                at = at.or(Some(sound.at));
                next = sound.at + (sound.samples.len() / sound.channels) as u64;
                all.extend_from_slice(sound.samples);
                if all.len() >= frames.saturating_mul(sound.channels) {
                    return (at, all);
                }
            }
            TrackStep::Nothing | TrackStep::Waiting => {}
            TrackStep::End(trouble) => {
                assert_eq!(trouble, None, "{}", track.info().name);
                return (at, all);
            }
        }
    }
    panic!("{} does not end", track.info().name);
}

/// `reference` against its difference from `samples`, in dB.
fn agreement(samples: &[f32], reference: &[f32]) -> f64 {
    let (mut signal, mut noise) = (1e-30, 1e-30);
    for (ours, theirs) in samples.iter().zip(reference) {
        signal += f64::from(*theirs).powi(2);
        noise += (f64::from(*ours) - f64::from(*theirs)).powi(2);
    }
    // Silence agrees with silence.
    if noise < 1e-25 { 300.0 } else { 10.0 * f64::log10(signal / noise) }
}

/// Every format, and how well a decode after a seek agrees with one from the beginning at least, in dB.
const EXACT: f64 = 200.0;
const FORMATS: [(&str, f64); 34] = [
    ("music.wav", EXACT),
    ("music-24.wav", EXACT),
    ("music-alaw.wav", EXACT),
    ("music-ms.wav", EXACT),
    ("music-ima.wav", EXACT),
    ("music.aiff", EXACT),
    ("music.caf", EXACT),
    ("music-alac.caf", EXACT),
    ("music.flac", EXACT),
    ("music-96000.flac", EXACT),
    ("music-flac.oga", EXACT),
    ("music-flac.mka", EXACT),
    ("music-flac.mp4", EXACT),
    ("music-pcm.mka", EXACT),
    ("music-alac.m4a", EXACT),
    ("music.mp3", 100.0),
    ("music-vbr.mp3", 100.0),
    ("music-noheader.mp3", 100.0),
    ("music-22050.mp3", 100.0),
    ("music.mp2", 100.0),
    ("music-mp3.mp4", 100.0),
    ("music-mp3.mka", 100.0),
    ("music.ogg", 100.0),
    ("music-48000.ogg", 100.0),
    ("music-vorbis.webm", 100.0),
    ("music-plain.m4a", 100.0),
    ("music-fragments.mp4", 100.0),
    ("music-plain.mka", 100.0),
    ("music-plain.aac", 100.0),
    ("film.mp4", 10.0),
    ("music.opus", EXACT),
    ("music-opus.webm", EXACT),
    ("music-opus.mp4", EXACT),
    ("surround-aac.m4a", EXACT),
];

#[test]
fn seeks_are_to_the_frame() {
    let mut state = 7u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut wrong = Vec::new();
    for (name, least) in FORMATS {
        let (at, whole) = read(&mut open(name), usize::MAX);
        assert_eq!(at, Some(0), "{name}");
        let mut track = open(name);
        let channels = track.info().channels;
        let frames = (whole.len() / channels) as u64;
        // The beginning, the last frame, around packets' bounds, anywhere; the last ones after the end was reached.
        let mut goals = vec![0, 1, frames - 1, frames - 500, 1_151, 1_152, 1_153, 0, 44_100, 44_101, 43_000];
        goals.extend((0..25).map(|_| random(frames)));
        let mut worst = f64::INFINITY;
        for goal in goals {
            let reached = track.seek(goal).unwrap_or_else(|trouble| panic!("{name}: {trouble:?}"));
            let (at, samples) = read(&mut track, 3_000);
            let expected = &whole[(goal as usize * channels).min(whole.len())..];
            if at != Some(goal) || reached != goal {
                wrong.push(format!("{name}: asked for {goal}, said {reached}, got {at:?}"));
                continue;
            }
            let len = samples.len().min(3_000 * channels);
            if len != expected.len().min(3_000 * channels) {
                wrong.push(format!("{name} at {goal}: {len} samples"));
            }
            let db = agreement(&samples, expected);
            if db < least {
                wrong.push(format!("{name} at {goal}: {db:.1} dB"));
            }
            worst = worst.min(db);
        }
        println!("{name}: {frames} frames, worst {worst:.0} dB");

        // Beyond the end there is nothing, and one can come back.
        for beyond in [frames, frames + 1, 10 * frames, u64::MAX / 2] {
            track.seek(beyond).unwrap();
            let (at, samples) = read(&mut track, usize::MAX);
            if at.is_some() {
                wrong.push(format!("{name}: {beyond} is at {at:?} of {frames}, {} samples", samples.len()));
            }
        }
        track.seek(100).unwrap();
        let (at, samples) = read(&mut track, usize::MAX);
        if at != Some(100) || samples.len() != whole.len() - 100 * channels {
            wrong.push(format!("{name}: {} of {} after the end", samples.len(), whole.len()));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn chained_files_are_sought_in_as_a_whole() {
    for name in ["chained.ogg", "chained-rates.ogg", "chained.opus"] {
        // Not by `read`: the links differ in channels.
        let all = |track: &mut FileTrack| {
            let mut sounds: Vec<(u64, f64, usize, Vec<f32>)> = Vec::new();
            loop {
                match track.step() {
                    TrackStep::Sound => {
                        let sound = track.sound();
                        let rate = f64::from(sound.rate) / f64::from(track.info().sample_rate);
                        sounds.push((sound.at, rate, sound.channels, sound.samples.to_vec()));
                    }
                    TrackStep::End(trouble) => {
                        assert_eq!(trouble, None, "{name}");
                        return sounds;
                    }
                    _ => {}
                }
            }
        };
        let mut track = open(name);
        let whole = all(&mut track);
        let seam = track.info().frames.unwrap_or(288_000);
        let last = whole.last().unwrap().0;
        assert!(last > 3 * seam / 2, "{name}: the second link is not played");
        for goal in [seam + 50_000, 1_000, seam - 1, seam, last, 0, seam + 100, seam / 2, last] {
            track.seek(goal).unwrap();
            let rest = all(&mut track);
            let count: usize = rest.iter().map(|(_, _, channels, samples)| samples.len() / channels).sum();
            let expected: usize = whole
                .iter()
                .map(|(at, rate, channels, samples)| {
                    let frames = samples.len() / channels;
                    frames.saturating_sub((goal.saturating_sub(*at) as f64 * rate) as usize)
                })
                .sum();
            println!("{name} at {goal}: first {}, {count} frames of {expected}", rest[0].0);
            // In a link of another rate, a frame of the file's is no whole number of its own.
            assert!(rest[0].0.abs_diff(goal) <= 1 && count.abs_diff(expected) <= 1, "{name} at {goal}");
        }
    }
}

/// What is only read on can be sought in forwards, and says so otherwise.
#[test]
fn what_is_read_on_goes_forwards_only() {
    for name in ["music.wav", "music.flac", "music.mp3", "music.ogg", "music-aac-faststart.m4a"] {
        let (_, whole) = read(&mut open(name), usize::MAX);
        let (mut track, _) = open_as(name, false, None);
        for goal in [10u64, 6_000, 100_000] {
            assert_eq!(track.seek(goal), Ok(goal), "{name}");
            let (at, samples) = read(&mut track, 100);
            // An edit list is not seen by who reads on.
            let late = if name.ends_with("m4a") { 1_024 } else { 0 };
            assert_eq!(at, Some(goal), "{name}");
            if late == 0 {
                let db = agreement(&samples, &whole[2 * goal as usize..]);
                assert!(db > 100.0, "{name} at {goal}: {db:.1} dB");
            }
        }
        let trouble = track.seek(0).unwrap_err();
        assert_eq!(trouble.problem, FileProblem::Unsupported, "{name}");
        let (at, _) = read(&mut track, 1);
        assert!(at.is_some_and(|at| at > 100_000), "{name}: the position did not stay");
    }
}

#[test]
fn a_seek_reads_little_of_a_long_file() {
    // Bytes that the first seek to each place may read: by bisection, by reckoning, or by counting the packets up to it once.
    for (name, most) in [
        ("long.mp3", 400_000),
        ("long-vbr.mp3", u64::MAX),
        ("long.flac", 800_000),
        ("long.ogg", 1_200_000),
        ("long.opus", 1_200_000),
        ("long.m4a", 400_000),
        ("long.aac", u64::MAX),
    ] {
        let size = std::fs::metadata(path(name)).unwrap().len();
        let (mut track, bytes) = open_as(name, true, Some(other_codecs()));
        let opened = bytes.swap(0, Relaxed);
        let mut reads = Vec::new();
        let seconds = track.info().seconds.unwrap();
        assert!((1_195.0..1_205.0).contains(&seconds), "{name}: {seconds} s");
        let rate = f64::from(track.info().sample_rate);
        for second in [600.0, 1_190.0, 300.0, 1_100.0, 601.0, 10.0] {
            let goal = (second * rate) as u64;
            assert_eq!(track.seek(goal), Ok(goal), "{name}");
            let (at, _) = read(&mut track, 1);
            assert_eq!(at, Some(goal), "{name}");
            reads.push(bytes.swap(0, Relaxed));
        }
        println!("{name}: {size} bytes, {opened} to open, seeks {reads:?}");
        assert!(reads.iter().all(|read| *read <= most), "{name}: {reads:?}");
        // What was counted once is not counted again.
        assert!(reads[2..].iter().all(|read| *read < 1_200_000), "{name}: {reads:?}");
        assert!(opened < 2_000_000, "{name}: {opened}");
    }
}

/// A decoder that answers late: the sound of a packet is told by the packet alone, so that every frame can be checked.
///
/// It holds several packets and gives out one at a time, and mostly nothing.
struct Late {
    frames: usize,
    rate: u32,
    channels: usize,
    queue: VecDeque<(Vec<f32>, i64)>,
    held: usize,
    every: usize,
    turn: usize,
    draining: bool,
    most: Rc<RefCell<usize>>,
}

impl OutsideCodec for Late {
    fn send(&mut self, packet: &[u8], start_us: i64) -> std::result::Result<(), String> {
        assert!(!packet.is_empty() && !self.draining);
        let sum = packet
            .iter()
            .fold(1u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
        let samples = (0..self.frames * self.channels)
            .map(|n| (sum.wrapping_add(n as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0)
            .collect();
        self.queue.push_back((samples, start_us));
        let mut most = self.most.borrow_mut();
        *most = (*most).max(self.queue.len());
        Ok(())
    }

    fn receive(&mut self, into: &mut Vec<f32>) -> Answer {
        self.turn += 1;
        let ready = self.draining || self.queue.len() > self.held;
        if !self.turn.is_multiple_of(self.every) || !ready {
            return if self.queue.is_empty() && std::mem::take(&mut self.draining) {
                Answer::Drained
            } else {
                Answer::Nothing
            };
        }
        match self.queue.pop_front() {
            Some((samples, start_us)) => {
                into.extend(samples);
                let (rate, channels) = (self.rate, self.channels);
                Answer::Sound { rate, channels, start_us }
            }
            None => {
                self.draining = false;
                Answer::Drained
            }
        }
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
    }
}

fn other_codecs() -> Rc<OutsideCodecs> {
    counting_codecs(2, Rc::default())
}

/// Decoders that answer every so many times they are asked, and note the most packets they held.
fn counting_codecs(every: usize, most: Rc<RefCell<usize>>) -> Rc<OutsideCodecs> {
    Rc::new(move |format: &OutsideFormat| {
        let frames = match format.codec.as_str() {
            "opus" => {
                assert!(format.description.starts_with(b"OpusHead\x01") && format.description.len() >= 19);
                assert_eq!(format.sample_rate, 48_000);
                960
            }
            "mp4a.40.2" => {
                assert!(format.description.len() >= 2);
                1_024
            }
            other => return Err(format!("there is no {other} here")),
        };
        Ok(Box::new(Late {
            frames,
            rate: format.sample_rate,
            channels: format.channels,
            queue: VecDeque::new(),
            held: 5,
            every,
            turn: 0,
            draining: false,
            most: most.clone(),
        }))
    })
}

#[test]
fn another_decoders_sound_is_cut_to_what_is_meant_to_be_heard() {
    for (name, channels, frames) in [
        ("music.opus", 2, 288_000),
        ("music-opus.mp4", 2, 288_000),
        ("music-opus.webm", 2, 288_000),
        ("surround-aac.m4a", 6, 264_600),
        ("chained.opus", 2, 576_000),
    ] {
        let held = Rc::default();
        let (mut track, _) = open_as(name, true, Some(counting_codecs(40, Rc::clone(&held))));
        assert_eq!(track.info().channels, channels, "{name}");
        let (at, samples) = read(&mut track, usize::MAX);
        assert_eq!((at, samples.len() / channels), (Some(0), frames), "{name}");
        if !name.starts_with("chained") {
            assert!(
                track.info().frames.is_none_or(|said| said as usize == frames),
                "{name}: {frames} frames"
            );
        }
        // Half a second: 25 packets of 20 ms.
        assert!((6..=27).contains(&*held.borrow()), "{name}: {} packets held", held.borrow());
        assert_eq!(track.skipped_packets(), 0, "{name}");
        // Read on only, too.
        let (mut track, _) = open_as(
            name,
            name.ends_with("webm") || name.contains("mp4") || name.ends_with("m4a"),
            Some(other_codecs()),
        );
        assert_eq!(read(&mut track, usize::MAX).1.len(), samples.len(), "{name}");
    }
}

#[test]
fn without_another_decoder_its_codecs_are_refused() {
    for name in ["music.opus", "music-opus.webm", "music-opus.mp4", "surround-aac.m4a"] {
        for outside in [
            None,
            Some(Rc::new(|_: &OutsideFormat| Err("not in this browser".to_owned())) as Rc<OutsideCodecs>),
        ] {
            let said = outside.is_some();
            let error = FileTrack::open(Box::new(File::open(path(name)).unwrap()), name, outside)
                .err()
                .unwrap();
            let noxrun::Error::File { problem, at, reason, .. } = error else {
                panic!("{name}: {error}");
            };
            assert_eq!((problem, at), (FileProblem::NoDecoder, None), "{name}");
            assert_eq!(reason.contains("not in this browser"), said, "{name}: {reason}");
        }
    }
}

/// Whatever the bytes, and wherever one goes in them: no panic, no hang, and troubles that say what they are.
#[test]
fn seeks_in_damaged_files_do_no_harm() {
    let mut state = 3u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below
    };
    let (mut opened, mut sounded) = (0, 0);
    for (name, _) in FORMATS {
        let original = std::fs::read(path(name)).unwrap();
        let original = &original[..original.len().min(200_000)];
        for round in 0..12 {
            let mut bytes = original.to_vec();
            for _ in 0..random(20) {
                // Half of the damage in the first kilobyte, where the headers are.
                let within = if random(2) == 0 { 1_024.min(bytes.len()) } else { bytes.len() };
                let at = random(within);
                bytes[at] ^= 1 << random(8);
            }
            // A third is cut off, too.
            if round % 3 == 0 {
                let len = 1 + random(bytes.len());
                bytes.truncate(len);
            }
            let started = std::time::Instant::now();
            let media = Box::new(std::io::Cursor::new(bytes));
            let Ok(mut track) = FileTrack::open(media, name, Some(other_codecs())) else {
                continue;
            };
            opened += 1;
            for _ in 0..6 {
                let goal = match random(4) {
                    0 => random(100) as u64,
                    1 => u64::MAX - random(3) as u64,
                    _ => random(300_000) as u64,
                };
                if track.seek(goal).is_err() {
                    continue;
                }
                for _ in 0..3_000 {
                    match track.step() {
                        TrackStep::Sound => {
                            sounded += 1;
                            assert!(!track.sound().samples.is_empty());
                            break;
                        }
                        TrackStep::End(Some(trouble)) => {
                            assert!(trouble.reason.len() > 5 && trouble.at.is_none_or(|at| at >= 0.0), "{trouble:?}");
                            break;
                        }
                        TrackStep::End(None) => break,
                        _ => {}
                    }
                }
            }
            assert!(started.elapsed().as_secs() < 20, "{name} #{round} takes long");
        }
    }
    println!("{opened} files opened, {sounded} seeks led to sound");
    assert!(opened > 150 && sounded > 400, "{opened} {sounded}");
}

/// A jump far into a long file, against reading on to the same place.
#[test]
fn far_jumps_are_to_the_frame() {
    for name in ["long.mp3", "long-vbr.mp3", "long.aac", "long.flac", "long.ogg", "long.opus"] {
        let (mut jumping, _) = open_as(name, true, Some(other_codecs()));
        let (mut reading, _) = open_as(name, false, Some(other_codecs()));
        let channels = jumping.info().channels;
        let goal = 1_100 * u64::from(jumping.info().sample_rate) + 7;
        jumping.seek(goal).unwrap();
        reading.seek(goal).unwrap();
        let (ours, theirs) = (read(&mut jumping, 4_000), read(&mut reading, 4_000));
        assert_eq!((ours.0, theirs.0), (Some(goal), Some(goal)), "{name}");
        let db = agreement(&ours.1[..4_000 * channels], &theirs.1[..4_000 * channels]);
        println!("{name}: {db:.0} dB");
        assert!(db > 100.0, "{name}: {db:.1} dB");
    }
}

#[test]
fn what_is_cut_off_plays_to_the_cut_and_says_where() {
    let mut wrong = Vec::new();
    for name in [
        "music.wav",
        "music-ms.wav",
        "music-pcm.mka",
        "music-plain.mka",
        "music-vorbis.webm",
        "music-flac.oga",
        "music.opus",
        "music-opus.webm",
        "music-fragments.mp4",
    ] {
        let mut bytes = std::fs::read(path(name)).unwrap();
        bytes.truncate(bytes.len() * 6 / 10);
        let mut track = FileTrack::open(Box::new(std::io::Cursor::new(bytes)), name, Some(other_codecs())).unwrap();
        let (mut frames, mut end) = (0, None);
        while end.is_none() {
            match track.step() {
                TrackStep::Sound => frames += track.sound().samples.len() / track.sound().channels,
                TrackStep::End(trouble) => end = Some(trouble),
                _ => {}
            }
        }
        let played = frames as f64 / f64::from(track.info().sample_rate);
        let trouble = end.flatten();
        println!("{name}: {played:.2} s, {trouble:?}");
        let named = trouble
            .is_some_and(|trouble| trouble.problem == FileProblem::CutOff && trouble.at.is_some_and(|at| (at - played).abs() < 0.05));
        if !named || !(2.5..4.3).contains(&played) {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
