//! Real files, damaged at random, through opening, decoding and resampling: no panic, no hang, no growth, and errors that name the file.
//!
//! `ci/fuzz INPUTS SEED` runs it; a bounded run is part of ci/test-native. Every input follows from the seed and its number. What is found is reduced to the edits that matter
//! and written into the folder NOXRUN_FUZZ_FINDINGS: the file, and a text that says what is wrong with it. NOXRUN_FUZZ_REPLAY names one such file to try it again, in every way.
//!
//! The allocator that this test counts with takes the place of the feature `count-allocations`, so it is built without feature `lab`.
#![cfg(not(target_family = "wasm"))]
#![cfg(all(feature = "decode", not(feature = "count-allocations")))]

#[path = "common/damage.rs"]
mod damage;
#[path = "common/watched.rs"]
mod watched;

use damage::{Edit, Random, damage};
use noxrun::Error;
use noxrun::render::{RenderInfo, Source};
use noxrun::source::player::{MediaSource, Player};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use watched::{Reads, WatchedMedia, heap, watch_heap};

/// Most bytes that opening and playing one file may hold beyond what was held before.
const MAX_PEAK: i64 = 24 << 20;
/// Bytes that may be read of a file: so many times its size, and so many more. Opening looks for the format, seeks to the end and back, and repairs.
const MAX_READ: (u64, u64) = (12, 2 << 20);
/// Calls of read and seek: so many per byte of the file, and so many more.
const MAX_CALLS: (u64, u64) = (12, 4_096);
/// Allocations: so many per byte of the file, and so many more. A packet takes a few, and the smallest packet is a byte.
const MAX_ALLOCATIONS: (u64, u64) = (24, 200_000);
/// Sound after which enough was heard, in seconds.
const MAX_SECONDS: f64 = 3.0;
/// Time after which one file counts as a hang. The machine may be busy with other things, so this is long; the figures above are exact.
const HANG: Duration = Duration::from_secs(60);
/// Times the same finding is written down.
const COPIES: u64 = 5;

/// Panics of symphonia 0.6.1 that nothing in front of it can prevent without reading all that it reads: where, what it says, what leads there. In a page each of them ends the
/// feeder's worker, and the file's item with [`FileProblem::Crashed`](noxrun::FileProblem::Crashed); here they are counted.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "isomp4-0.6.1/src/atoms/trun.rs",
        "index out of bounds",
        "flags of a fragment's first sample that promise a size or length of its own",
    ),
    (
        "core-0.6.1/src/io/media_source_stream.rs",
        "< isize::MAX",
        "an MP4 sample's offset that lies 2^63 bytes away (in Wasm: 2^31)",
    ),
    (
        "codec-vorbis-0.6.1/src/codebook.rs",
        "len <= 32",
        "an ordered Vorbis codebook whose code lengths go beyond 32 bits (with assertions)",
    ),
    (
        "codec-vorbis-0.6.1/src/codebook.rs",
        "index out of bounds: the len is 33",
        "the same without assertions",
    ),
    (
        "format-ogg-0.6.1/src/mappings/vorbis.rs",
        "> entries",
        "a Vorbis codebook of so many dimensions that a power of them overflows",
    ),
    ("codec-vorbis-0.6.1/src/codebook.rs", "<= entries", "the same in the decoder"),
    (
        "codec-vorbis-0.6.1/src/floor.rs",
        "divide by zero",
        "a Vorbis floor of which two points are the same",
    ),
];
/// One input in so many may meet one of the [`KNOWN`].
const KNOWN_SHARE: u64 = 500;

/// How a file is played.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Way {
    rate: f32,
    channels: usize,
    seekable: bool,
    /// Most bytes that one read gives.
    portion: usize,
    /// Seeks: after so many blocks, to that second.
    seeks: [Option<(u64, f64)>; 3],
}

impl Way {
    fn new(random: &mut Random) -> Self {
        Way {
            // Most at the files' own rate: making a resampler costs as much as all the rest.
            rate: if random.chance(85) { 44_100.0 } else { 48_000.0 },
            channels: *random.one_of(&[1, 2, 2, 6]),
            seekable: !random.chance(10),
            portion: if random.chance(5) { 1 + random.below(700) } else { usize::MAX },
            seeks: std::array::from_fn(|_| {
                random
                    .chance(30)
                    .then(|| (random.below(20) as u64, random.below(MAX_SECONDS as usize * 1_000) as f64 * 1e-3))
            }),
        }
    }
}

/// What became of a file.
#[derive(Debug, Default)]
struct Played {
    refused: Option<Error>,
    failure: Option<String>,
    frames: u64,
    /// Samples that were not finite. Files of floats may hold such; the producer zeroes and counts them.
    not_finite: u64,
}

/// Opens and plays a file as the feeder does. The one place that knows how.
fn play(media: Box<dyn MediaSource>, name: &str, way: &Way) -> Played {
    const FRAMES: usize = 512;
    let mut played = Played::default();
    let mut source = match Player::play_file(media, name, way.rate, way.channels) {
        Ok(source) => source,
        Err(error) => {
            played.refused = Some(error);
            return played;
        }
    };
    let mut block = vec![0.0; FRAMES * way.channels];
    let mut info = RenderInfo {
        position: 0,
        ring_position: 0,
        sample_rate: way.rate,
        channels: way.channels,
        heard_in: 0.0,
        underruns: 0,
    };
    for block_number in 0.. {
        if info.position >= (MAX_SECONDS * f64::from(way.rate)) as u64 {
            break;
        }
        for (_, seconds) in way.seeks.iter().flatten().filter(|(after, _)| *after == block_number) {
            source.seek(0, *seconds).expect("there is an item, and the second is in range");
        }
        let frames = source.render(&mut block, &info);
        assert!(frames <= FRAMES, "{frames} frames in a block of {FRAMES}");
        let samples = &block[..frames * way.channels];
        played.not_finite += samples.iter().filter(|sample| !sample.is_finite()).count() as u64;
        info.position += frames as u64;
        if frames < FRAMES {
            break;
        }
        source.prepare();
    }
    played.frames = info.position;
    played.failure = source.failure();
    played
}

/// One attempt: what became of it, what it cost, what was wrong.
#[derive(Debug, Default)]
struct Attempt {
    played: Played,
    peak: i64,
    grown: i64,
    allocations: u64,
    read: u64,
    calls: u64,
    /// What must not happen, each beginning with a word or place that tells its kind.
    complaints: Vec<String>,
}

thread_local! {
    /// Where and with what message this thread panicked last.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
    /// Whether this thread is playing a file: its panics are noted, others are the test's own.
    static PLAYING: Cell<bool> = const { Cell::new(false) };
}

fn attempt(bytes: &Arc<[u8]>, way: &Way) -> Attempt {
    const NAME: &str = "A file.bin";
    let size = bytes.len() as u64;
    let limit = |(times, more): (u64, u64)| size * times + more;
    let mut made = Attempt::default();
    let reads = Arc::new(Reads::default());
    PLAYING.set(true);
    let before = watch_heap();
    let outcome = {
        let reads = reads.clone();
        panic::catch_unwind(AssertUnwindSafe(|| {
            let media = WatchedMedia::new(bytes.clone(), way.seekable, way.portion, (limit(MAX_READ), limit(MAX_CALLS)), reads);
            play(Box::new(media), NAME, way)
        }))
    };
    let used = heap();
    PLAYING.set(false);
    let held = |played: &Played| {
        let refused = played.refused.as_ref().map_or(0, |error| match error {
            Error::File { name, reason, .. } => name.capacity() + reason.capacity(),
            _ => 0,
        });
        (refused + played.failure.as_ref().map_or(0, String::capacity)) as i64
    };
    match outcome {
        Ok(played) => {
            made.grown = used.live - before - held(&played);
            made.played = played;
        }
        Err(_) => made.complaints.push(format!("panic: {}", PANIC.with(RefCell::take))),
    }
    made.peak = used.peak - before;
    made.allocations = used.calls;
    made.read = reads.bytes.load(Relaxed);
    made.calls = reads.calls.load(Relaxed);
    let mut complain = |wrong: bool, text: &dyn Fn() -> String| {
        if wrong {
            made.complaints.push(text());
        }
    };
    complain(made.peak > MAX_PEAK, &|| format!("memory: {} bytes at once", made.peak));
    complain(made.allocations > limit(MAX_ALLOCATIONS), &|| {
        format!("allocations: {} of them", made.allocations)
    });
    complain(reads.exceeded.load(Relaxed), &|| {
        format!("reads: {} bytes in {} calls, of a file of {size}", made.read, made.calls)
    });
    let texts = [made.played.refused.as_ref().map(Error::to_string), made.played.failure.clone()];
    for text in texts.into_iter().flatten() {
        let good = text
            .strip_prefix(NAME)
            .is_some_and(|rest| rest.trim_matches([' ', ':']).len() >= 10);
        complain(!good, &|| format!("text: \"{text}\""));
    }
    made
}

/// An attempt, and another where the first made the heap grow: what is made once for good (tables, say) is no growth.
fn judge(bytes: &Arc<[u8]>, way: &Way) -> Attempt {
    let mut made = attempt(bytes, way);
    if made.grown > 0 {
        let again = attempt(bytes, way);
        if again.grown > 0 {
            made.complaints.push(format!("growth: {} bytes stay behind", again.grown));
        }
    }
    made
}

/// The kind of a complaint: its first words and, of a panic, the place; without the figures.
fn kind(complaint: &str) -> String {
    if complaint.starts_with("panic") {
        complaint.split(" says ").next().unwrap_or(complaint).to_owned()
    } else {
        complaint.split(':').next().unwrap_or(complaint).to_owned()
    }
}

/// An input: which file, how it is damaged, how it is played.
struct Case {
    name: String,
    original: Arc<[u8]>,
    edits: Vec<Edit>,
    way: Way,
}

impl Case {
    fn new(seeds: &[(String, Arc<[u8]>)], all: &[Arc<[u8]>], seed: u64, number: u64) -> Self {
        let mut random = Random::new(seed, number);
        let (name, original) = random.one_of(seeds).clone();
        let way = Way::new(&mut random);
        let edits = damage(&original, all, &mut random);
        Case {
            name,
            original,
            edits,
            way,
        }
    }

    fn bytes(&self) -> Arc<[u8]> {
        let mut bytes = self.original.to_vec();
        for edit in &self.edits {
            edit.apply(&mut bytes);
        }
        bytes.into()
    }

    /// Leaves out every edit without which there is still a complaint of that kind.
    fn reduce(&mut self, wanted: &str) {
        let mut at = 0;
        while at < self.edits.len() {
            let left_out = self.edits.remove(at);
            let complaints = judge(&self.bytes(), &self.way).complaints;
            if !complaints.iter().any(|complaint| kind(complaint) == wanted) {
                self.edits.insert(at, left_out);
                at += 1;
            }
        }
    }
}

/// The short files that ci/fixtures makes, in the order of their names.
fn seeds() -> Vec<(String, Arc<[u8]>)> {
    let folder =
        std::env::var_os("NOXRUN_AUDIO_FIXTURES").expect("NOXRUN_AUDIO_FIXTURES is not set: run `ci/fixtures FOLDER` and set it to FOLDER");
    let mut seeds: Vec<(String, Arc<[u8]>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.starts_with("short-").then(|| (name, fs::read(entry.path()).unwrap().into()))
        })
        .collect();
    seeds.sort();
    assert!(seeds.len() >= 35, "only {} files short-*: run ci/fixtures", seeds.len());
    seeds
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no whole number"))
    })
}

/// The number of the input at hand, and since when, for those who watch.
static NOW: AtomicU64 = AtomicU64::new(0);
static SINCE: AtomicU64 = AtomicU64::new(u64::MAX);

/// Ends the process when one input takes longer than [`HANG`].
fn watch(start: Instant, seed: u64) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(HANG / 20);
            let since = Duration::from_millis(SINCE.load(Relaxed));
            if start.elapsed().saturating_sub(since) > HANG {
                eprintln!("input {} of seed {seed} hangs", NOW.load(Relaxed));
                std::process::abort();
            }
        }
    });
}

#[test]
fn damaged_files_do_no_harm() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !PLAYING.get() {
            return usual(info);
        }
        let place = info.location().map(|at| {
            let file = at.file().rsplit("registry/src/").next().unwrap_or_default();
            format!("{file}:{}", at.line())
        });
        let message = info.payload_as_str().unwrap_or("something else");
        PANIC.with(|text| *text.borrow_mut() = format!("{} says {message}", place.unwrap_or_default()));
        if std::env::var_os("NOXRUN_FUZZ_REPLAY").is_some() {
            eprintln!("{info}\n{}", std::backtrace::Backtrace::force_capture());
        }
    }));
    if let Some(path) = std::env::var_os("NOXRUN_FUZZ_REPLAY") {
        return replay(Path::new(&path));
    }
    let seeds = seeds();
    let all: Vec<Arc<[u8]>> = seeds.iter().map(|(_, bytes)| bytes.clone()).collect();
    let (inputs, seed, from) = (
        number("NOXRUN_FUZZ_INPUTS", 2_000),
        number("NOXRUN_FUZZ_SEED", 1),
        number("NOXRUN_FUZZ_FROM", 0),
    );
    let folder = std::env::var_os("NOXRUN_FUZZ_FINDINGS").map(PathBuf::from);
    let start = Instant::now();
    watch(start, seed);

    // Undamaged, they play or are refused properly; what the decoders make once for good is made now.
    for (name, bytes) in &seeds {
        for rate in [44_100.0, 48_000.0] {
            let way = Way {
                rate,
                channels: 2,
                seekable: true,
                portion: usize::MAX,
                seeks: [None, Some((2, 0.1)), Some((4, 0.0))],
            };
            let made = judge(bytes, &way);
            assert!(made.complaints.is_empty(), "{name}: {:?}", made.complaints);
            if made.played.refused.is_some() || made.played.failure.is_some() {
                println!("{name}, undamaged: {:?}", made.played);
            }
        }
    }

    let mut findings: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut record = Record::default();
    let held = watch_heap();
    for case in from..from + inputs {
        NOW.store(case, Relaxed);
        SINCE.store(start.elapsed().as_millis() as u64, Relaxed);
        let mut input = Case::new(&seeds, &all, seed, case);
        if inputs == 1 {
            println!("{}, {:?}: {:#?}", input.name, input.way, input.edits);
        }
        let bytes = input.bytes();
        let made = judge(&bytes, &input.way);
        record.add(&made, bytes.len(), case, &input.name);
        for complaint in &made.complaints {
            if let Some(at) = KNOWN
                .iter()
                .position(|(place, words, _)| complaint.contains(place) && complaint.contains(words))
            {
                record.known[at] += 1;
                continue;
            }
            let kind = kind(complaint);
            let entry = findings
                .entry(kind.clone())
                .or_insert((0, format!("input {case} of seed {seed}, from {}: {complaint}", input.name)));
            entry.0 += 1;
            if entry.0 > COPIES {
                continue;
            }
            input.reduce(&kind);
            println!("input {case} of seed {seed}, from {}: {complaint}", input.name);
            for edit in &input.edits {
                println!("    {edit:?}");
            }
            if let Some(folder) = &folder {
                let text = format!("{complaint}\nfrom {}, {:?}\n{:#?}\n", input.name, input.way, input.edits);
                let file = folder.join(format!("{seed}-{case}-{}", input.name));
                fs::write(&file, input.bytes()).unwrap();
                fs::write(folder.join(format!("{seed}-{case}-{}.txt", input.name)), text).unwrap();
            }
        }
        if inputs >= 50_000 && (case - from) % 10_000 == 9_999 {
            println!(
                "{} inputs in {:.0} s, {} kinds of findings",
                case - from + 1,
                start.elapsed().as_secs_f64(),
                findings.len()
            );
        }
    }
    SINCE.store(u64::MAX, Relaxed);
    let text: String = findings
        .values()
        .map(|(count, first)| format!("\n{count} times: {first}"))
        .collect();
    let grown = heap().live - held - text.capacity() as i64;
    println!("{record:#?}");
    println!(
        "{:.0} inputs a second; {grown} bytes more held than before",
        inputs as f64 / start.elapsed().as_secs_f64()
    );
    assert!(findings.is_empty(), "{text}");
    let known: u64 = record.known.iter().sum();
    assert!(known * KNOWN_SHARE <= inputs.max(KNOWN_SHARE), "{known} panics that were known");
    // The record's and the findings' own few; a hundred bytes per input would be megabytes.
    assert!(grown < 64 * 1_024, "{grown} bytes stayed behind after {inputs} inputs");
    // Of inputs that are all refused nothing could be learnt, nor of inputs that are all sound.
    assert!(
        record.heard * 3 > inputs && record.refused * 20 > inputs && record.failed * 50 > inputs,
        "{record:?}"
    );
}

/// How inputs fared, and the most that one cost (and which).
#[derive(Debug, Default)]
struct Record {
    refused: u64,
    heard: u64,
    failed: u64,
    not_finite: u64,
    peak: (i64, u64, String),
    allocations: (u64, u64, String),
    /// How often each of the [`KNOWN`] was met.
    known: [u64; KNOWN.len()],
    /// Bytes read for each byte of the file.
    read: (u64, u64, String),
    /// Calls of read and seek.
    calls: (u64, u64, String),
}

impl Record {
    fn add(&mut self, made: &Attempt, size: usize, case: u64, name: &str) {
        fn most<T: PartialOrd>(most: &mut (T, u64, String), value: T, case: u64, name: &str) {
            if value > most.0 {
                // Room for any name, so that a longer one is no growth.
                most.0 = value;
                most.1 = case;
                most.2.clear();
                most.2.push_str(name);
            }
        }
        self.refused += u64::from(made.played.refused.is_some());
        self.heard += u64::from(made.played.frames > 0);
        self.failed += u64::from(made.played.failure.is_some());
        self.not_finite += u64::from(made.played.not_finite > 0);
        most(&mut self.peak, made.peak, case, name);
        most(&mut self.allocations, made.allocations, case, name);
        most(&mut self.read, made.read / size.max(1_024) as u64, case, name);
        most(&mut self.calls, made.calls, case, name);
    }
}

/// Plays a file that was found earlier in every way, and tells.
fn replay(path: &Path) {
    let bytes: Arc<[u8]> = fs::read(path).unwrap().into();
    let mut complaints = Vec::new();
    for rate in [44_100.0, 48_000.0] {
        for channels in [1, 2, 6] {
            for seekable in [true, false] {
                let way = Way {
                    rate,
                    channels,
                    seekable,
                    portion: usize::MAX,
                    seeks: [Some((1, 0.2)), Some((3, 0.05)), Some((5, 1.0))],
                };
                let started = Instant::now();
                let made = judge(&bytes, &way);
                println!("{way:?}: {:.3} s, {made:#?}", started.elapsed().as_secs_f64());
                complaints.extend(made.complaints);
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}
