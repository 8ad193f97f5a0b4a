use super::{Overview, OverviewPart};
use crate::error::Error;
use proptest::prelude::*;

/// Noise that is the same in every run, with some numbers that are none.
fn noise(samples: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match state >> 24 {
            7 => f32::NAN,
            8 => 1e30,
            _ => (state >> 8) as f32 / 8_388_608.0 - 1.0,
        }
    };
    (0..samples).map(|_| next()).collect()
}

fn part(columns: usize, frames: Option<u64>) -> OverviewPart {
    OverviewPart::new(columns, 0..columns, 48_000, frames).unwrap()
}

/// As bits, because NaN differs from itself.
fn bits(overview: &Overview) -> Vec<[u32; 3]> {
    let Overview { min, max, rms } = overview;
    assert!(min.len() == max.len() && max.len() == rms.len());
    (0..min.len()).map(|nth| [min[nth], max[nth], rms[nth]].map(f32::to_bits)).collect()
}

/// The definition, in the simplest way: a frame belongs to the column in which it begins.
fn expected(samples: &[f32], channels: usize, columns: usize) -> Vec<[f64; 3]> {
    let frames = samples.len() / channels;
    (0..columns)
        .map(|column| {
            let mut chosen: Vec<usize> = (0..frames).filter(|frame| frame * columns / frames == column).collect();
            if frames < columns {
                chosen = vec![column * frames / columns];
            }
            let chosen: Vec<f64> = (chosen.iter())
                .flat_map(|frame| &samples[frame * channels..][..channels])
                .map(|sample| {
                    if sample.is_nan() {
                        0.0
                    } else {
                        f64::from(sample.clamp(-128.0, 128.0))
                    }
                })
                .collect();
            let (min, max) = chosen.iter().fold((f64::MAX, f64::MIN), |(min, max), x| (min.min(*x), max.max(*x)));
            let mean = chosen.iter().map(|x| x * x).sum::<f64>() / chosen.len() as f64;
            [min, max, mean.sqrt()]
        })
        .collect()
}

fn close(overview: &Overview, expected: &[[f64; 3]]) {
    assert_eq!(overview.min.len(), expected.len());
    for (column, [min, max, rms]) in expected.iter().enumerate() {
        assert_eq!(f64::from(overview.min[column]), *min, "column {column}");
        assert_eq!(f64::from(overview.max[column]), *max, "column {column}");
        let ours = f64::from(overview.rms[column]);
        assert!((ours - rms).abs() < 4e-6 + 1e-7 * rms, "column {column}: {ours}, not {rms}");
    }
}

#[test]
fn columns_are_what_they_are_defined_to_be() {
    for (frames, channels, columns) in [
        (10_000, 2, 1_000),
        (10_007, 1, 37),
        (999, 3, 1_000),
        (1, 1, 10),
        (5, 2, 5),
        (70_000, 1, 1),
    ] {
        let samples = noise(frames * channels);
        let mut whole = part(columns, Some(frames as u64));
        whole.push(0, &samples, 48_000, channels);
        close(&whole.overview(None), &expected(&samples, channels, columns));
    }
}

#[test]
fn what_was_not_decoded_is_not_silent() {
    let mut whole = part(10, Some(1_000));
    whole.push(0, &[0.0; 350], 48_000, 1);
    let overview = whole.overview(None);
    assert_eq!(overview.rms[..4], [0.0; 4]);
    assert!(
        overview.min[4..]
            .iter()
            .chain(&overview.max[4..])
            .chain(&overview.rms[4..])
            .all(|x| x.is_nan())
    );
    // Behind the end nothing counts, however far.
    whole.push(1_000, &[1.0; 100], 48_000, 1);
    whole.push(u64::MAX - 50, &[1.0; 100], 48_000, 1);
    assert!(whole.overview(None).max[9].is_nan());
}

#[test]
fn quiet_sound_has_its_level() {
    let mut whole = part(1, Some(1_000));
    whole.push(0, &[1e-4; 1_000], 48_000, 1);
    assert!((whole.overview(None).rms[0] - 1e-4).abs() < 4e-6);
}

#[test]
fn refuses_what_cannot_be() {
    for (columns, range, rate) in [(0, 0..0, 1), (10_001, 0..1, 1), (10, 0..11, 1), (10, 0..10, 0)] {
        let made = OverviewPart::new(columns, range, rate, Some(1));
        assert!(matches!(made, Err(Error::OutOfRange { .. })), "{columns} columns");
    }
    let mut first = OverviewPart::new(10, 0..3, 48_000, Some(100)).unwrap();
    for (columns, range, rate, frames) in [
        (10, 4..10, 48_000, Some(100)),
        (11, 3..10, 48_000, Some(100)),
        (10, 3..10, 44_100, Some(100)),
        (10, 3..10, 48_000, Some(101)),
        (10, 0..10, 48_000, None),
    ] {
        let other = OverviewPart::new(columns, range, rate, frames).unwrap();
        assert!(matches!(first.merge(&other), Err(Error::OutOfRange { .. })), "{other:?}");
    }
}

#[test]
fn another_rate_on_the_way_keeps_its_time() {
    // Half at 48 kHz, half at 24 kHz: equal times.
    let mut whole = part(4, Some(4_000));
    whole.push(0, &[0.25; 2_000], 48_000, 1);
    whole.push(2_000, &[0.5; 500], 24_000, 1);
    whole.push(3_000, &[-0.75; 500], 24_000, 1);
    assert_eq!(whole.overview(None).rms, [0.25, 0.25, 0.5, 0.75]);
    assert_eq!(whole.end(), 4_000);
}

#[test]
fn of_unknown_length_columns_are_as_long_to_an_eighth() {
    for frames in [1usize, 9, 1_000, 12_345, 100_000] {
        // Each frame is its own position, so that a column's bounds can be read off.
        let samples: Vec<f32> = (0..frames).map(|frame| frame as f32 / frames as f32).collect();
        let mut open = part(10, None);
        for (nth, packet) in samples.chunks(1_152).enumerate() {
            open.push(nth as u64 * 1_152, packet, 48_000, 1);
        }
        let overview = open.overview(None);
        for column in 0..10 {
            let (first, last) = (overview.min[column], overview.max[column]);
            let slack = 0.1 / 8.0 + 2.0 / frames as f32;
            assert!(
                (first - column as f32 / 10.0).abs() <= slack,
                "column {column} of {frames} frames begins at {first}"
            );
            assert!(
                (last - (column + 1) as f32 / 10.0).abs() <= slack,
                "column {column} of {frames} frames ends at {last}"
            );
        }
        // Half of what is guessed: the other half is not known.
        let half = open.overview(Some(2 * frames as u64));
        assert!(half.max[4] >= 0.5 || frames < 10);
        assert!(half.min[6].is_nan() || frames < 10, "{frames}");
    }
}

#[test]
fn memory_is_bounded_whatever_the_positions() {
    let mut open = part(10_000, None);
    open.push(u64::MAX - 10, &[1.0; 64], 8_000, 2);
    open.push(1 << 50, &[1.0; 64], 768_000, 1);
    assert_eq!(open.overview(None).rms.len(), 10_000);
}

proptest! {
    #[test]
    fn the_same_however_it_is_split(
        frames in 1usize..5_000,
        channels in 1usize..4,
        columns in 1usize..300,
        cuts in prop::collection::vec(0usize..5_000, 0..40),
        bounds in prop::collection::vec(0usize..300, 0..4),
        known: bool,
        backwards: bool,
    ) {
        let samples = noise(frames * channels);
        let length = known.then_some(frames as u64);
        let mut whole = part(columns, length);
        whole.push(0, &samples, 48_000, channels);

        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(frames)).chain([0, frames]).collect();
        cuts.sort_unstable();
        let mut packets: Vec<_> = cuts.windows(2).map(|cut| cut[0]..cut[1]).collect();
        if backwards {
            packets.reverse();
        }
        let mut bounds: Vec<usize> = bounds.into_iter().map(|bound| bound.min(columns)).chain([0, columns]).collect();
        bounds.sort_unstable();
        let mut parts: Vec<_> = bounds
            .windows(2)
            .map(|bound| OverviewPart::new(columns, bound[0]..bound[1], 48_000, length).unwrap())
            .collect();
        if known {
            // Every part hears all packets and takes its own.
            for part in &mut parts {
                for packet in &packets {
                    part.push(packet.start as u64, &samples[packet.start * channels..packet.end * channels], 48_000, channels);
                }
            }
        } else {
            // Each packet goes to one of the parts.
            let count = parts.len();
            for (nth, packet) in packets.iter().enumerate() {
                let samples = &samples[packet.start * channels..packet.end * channels];
                parts[nth % count].push(packet.start as u64, samples, 48_000, channels);
            }
        }
        let mut merged = parts.remove(0);
        for part in &parts {
            merged.merge(part).unwrap();
        }
        prop_assert_eq!(merged.range(), 0..columns);
        prop_assert_eq!(bits(&merged.overview(None)), bits(&whole.overview(None)));
    }

    #[test]
    fn the_frames_of_a_part_fill_its_columns(frames in 1u64..5_000, columns in 1usize..300, first in 0usize..300, count in 0usize..300) {
        let range = first.min(columns)..(first + count).min(columns);
        let samples = noise(frames as usize);
        let mut all = OverviewPart::new(columns, range.clone(), 48_000, Some(frames)).unwrap();
        let mut own = all.clone();
        all.push(0, &samples, 48_000, 1);
        let part = own.frames();
        own.push(part.start, &samples[part.start as usize..part.end as usize], 48_000, 1);
        prop_assert_eq!(bits(&own.overview(None)), bits(&all.overview(None)));
    }
}

mod scan {
    use super::*;
    use crate::overview::{Scan, ScanTurn};
    use crate::source::file::{FileInfo, Sound, Track, TrackStep, Trouble};
    use std::cell::Cell;
    use std::rc::Rc;

    /// A track of packets of 100 frames, which may refuse to be sought in.
    struct Packets {
        info: FileInfo,
        samples: Vec<f32>,
        at: usize,
        end: usize,
        seekable: bool,
        seeks: Rc<Cell<usize>>,
    }

    impl Track for Packets {
        fn info(&self) -> &FileInfo {
            &self.info
        }

        fn step(&mut self) -> TrackStep {
            self.at = self.end;
            self.end = (self.at / 100 * 100 + 100).min(self.samples.len());
            if self.at >= self.samples.len() {
                TrackStep::End(None)
            } else {
                TrackStep::Sound
            }
        }

        fn sound(&self) -> Sound<'_> {
            Sound {
                samples: &self.samples[self.at..self.end],
                rate: 48_000,
                channels: 1,
                at: self.at as u64,
            }
        }

        fn seek(&mut self, frame: u64) -> Result<u64, Trouble> {
            if !self.seekable {
                return Err(Trouble {
                    problem: crate::FileProblem::Unsupported,
                    at: None,
                    reason: "cannot be sought in".into(),
                });
            }
            self.seeks.set(self.seeks.get() + 1);
            self.end = frame as usize;
            Ok(frame)
        }

        fn skipped_packets(&self) -> u64 {
            0
        }
    }

    fn scan(frames: usize, seekable: bool) -> (Scan, Vec<f32>, Rc<Cell<usize>>) {
        let samples: Vec<f32> = noise(frames);
        let seeks = Rc::new(Cell::new(0));
        let info = FileInfo {
            name: "a".into(),
            format: "test",
            codec: "test",
            sample_rate: 48_000,
            channels: 1,
            frames: Some(frames as u64),
            seconds: Some(frames as f64 / 48_000.0),
            by_browser: false,
        };
        let track = Packets {
            info,
            samples: samples.clone(),
            at: 0,
            end: 0,
            seekable,
            seeks: seeks.clone(),
        };
        (Scan::new(Box::new(track)), samples, seeks)
    }

    fn finish(scan: &mut Scan) {
        while scan.turn(0.001) == ScanTurn::Going {}
    }

    fn some(columns: usize, range: std::ops::Range<usize>, frames: usize) -> OverviewPart {
        OverviewPart::new(columns, range, 48_000, Some(frames as u64)).unwrap()
    }

    #[test]
    fn ranges_in_any_order_make_the_whole() {
        let (frames, columns) = (12_345, 33);
        for (order, expected_seeks) in [([0, 1, 2, 3], 0), ([2, 3, 0, 1], 2), ([3, 2, 1, 0], 4)] {
            let (mut scan, samples, seeks) = scan(frames, true);
            let mut whole = part(columns, Some(frames as u64));
            whole.push(0, &samples, 48_000, 1);
            let bounds = [0, 5, 6, 20, 33];
            let mut columns_made = vec![[0; 3]; columns];
            for nth in order {
                let range = bounds[nth]..bounds[nth + 1];
                scan.begin(some(columns, range.clone(), frames)).unwrap();
                finish(&mut scan);
                columns_made[range].copy_from_slice(&bits(&scan.part().unwrap().overview(None)));
            }
            assert_eq!(columns_made, bits(&whole.overview(None)), "{order:?}");
            assert_eq!(seeks.get(), expected_seeks, "{order:?}");
        }
    }

    #[test]
    fn what_cannot_be_sought_in_is_read_on() {
        let (mut scan, samples, _) = scan(10_000, false);
        assert!(scan.begin(some(10, 3..6, 10_000)).is_err());
        assert!(!scan.is_behind(3_000));
        scan.read_on(some(10, 3..6, 10_000));
        finish(&mut scan);
        let mut expected = some(10, 3..6, 10_000);
        expected.push(0, &samples, 48_000, 1);
        assert_eq!(bits(&scan.part().unwrap().overview(None)), bits(&expected.overview(None)));
        assert!(scan.is_behind(3_000));
        // The next range needs no seek, though its first frames came with the last packet.
        scan.begin(some(10, 6..10, 10_000)).unwrap();
        finish(&mut scan);
        assert!(scan.part().unwrap().overview(None).rms.iter().all(|rms| !rms.is_nan()));
    }
}
