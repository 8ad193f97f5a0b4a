use super::Synth;
use super::oscillator::{sine, sine_wrapped};
use crate::error::Error;
use crate::render::{RenderInfo, Source};

const RATE: f32 = 48_000.0;

/// Renders `frames` frames in blocks of the lengths given, over and over.
fn render(synth: &mut Synth, channels: usize, frames: usize, lengths: &[usize]) -> Vec<f32> {
    let mut sound = vec![f32::NAN; frames * channels];
    let mut rest = sound.as_mut_slice();
    for &length in lengths.iter().cycle() {
        let (block, later) = rest.split_at_mut(rest.len().min(length * channels));
        let info = RenderInfo {
            position: 0,
            ring_position: 0,
            sample_rate: RATE,
            channels,
            heard_in: 0.0,
            underruns: 0,
        };
        assert_eq!(synth.render(block, &info), block.len() / channels);
        if later.is_empty() {
            break;
        }
        rest = later;
    }
    sound
}

/// `seconds` in stereo at 48 kHz.
fn stereo(voices: u32, seconds: usize) -> Vec<f32> {
    render(&mut Synth::new(RATE, 2, voices).unwrap(), 2, seconds * RATE as usize, &[128])
}

fn rms(sound: &[f32]) -> f64 {
    (sound.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / sound.len() as f64).sqrt()
}

#[test]
fn is_the_same_however_it_is_split() {
    let whole = stereo(16, 3);
    let mut synth = Synth::new(RATE, 2, 16).unwrap();
    assert_eq!(render(&mut synth, 2, 3 * RATE as usize, &[1, 31, 32, 33, 0, 500, 7]), whole);
}

#[test]
fn stays_within_bounds_and_is_equally_loud_for_any_number_of_voices() {
    for voices in [1, 2, 3, 5, 9, 16, 64, 256] {
        let sound = stereo(voices, 12);
        assert!(sound.iter().all(|x| x.is_finite() && x.abs() < 0.9), "{voices} voices");
        let decibels = 20.0 * rms(&sound).log10();
        assert!((-18.0..-14.0).contains(&decibels), "{voices} voices: {decibels:.1} dBFS");
    }
}

#[test]
fn works_at_every_rate() {
    for rate in [8_000.0, 44_100.0, 192_000.0] {
        let sound = render(&mut Synth::new(rate, 1, 16).unwrap(), 1, 2 * rate as usize, &[128]);
        assert!(sound.iter().all(|x| x.is_finite() && x.abs() < 0.9), "{rate} Hz");
        assert!(rms(&sound) > 0.05, "{rate} Hz");
    }
}

#[test]
fn is_never_silent_and_has_no_offset() {
    for voices in [1, 16] {
        let sound = stereo(voices, 120);
        for (i, window) in sound.chunks_exact(2 * 2_400).enumerate() {
            assert!(rms(window) > 0.005, "{voices} voices: silent after {} ms", i * 50);
        }
        let mean = sound.iter().map(|&x| f64::from(x)).sum::<f64>() / sound.len() as f64;
        assert!(mean.abs() < 1e-4, "{voices} voices: offset {mean}");
    }
}

#[test]
fn sounds_from_the_start() {
    for voices in [1, 16, 256] {
        let start = render(&mut Synth::new(RATE, 2, voices).unwrap(), 2, 960, &[128]);
        assert!(rms(&start) > 0.03, "{voices} voices: {}", rms(&start));
    }
}

#[test]
fn more_channels_repeat_left_and_right_and_one_is_their_mean() {
    let two = stereo(4, 1);
    let five = render(&mut Synth::new(RATE, 5, 4).unwrap(), 5, RATE as usize, &[128]);
    let one = render(&mut Synth::new(RATE, 1, 4).unwrap(), 1, RATE as usize, &[128]);
    for ((two, five), one) in two.chunks_exact(2).zip(five.chunks_exact(5)).zip(one) {
        assert_eq!(five, [two[0], two[1], two[0], two[1], two[0]]);
        assert_eq!(one, 0.5 * (two[0] + two[1]));
    }
}

#[test]
fn refuses_what_is_out_of_range() {
    for voices in [0, 257] {
        let error = Synth::new(RATE, 2, voices).unwrap_err();
        assert_eq!(error.to_string(), format!("the synth's voices is {voices}: it must be 1 to 256"));
    }
    assert!(matches!(
        Synth::new(7_999.0, 2, 1),
        Err(Error::OutOfRange {
            min: 8_000.0,
            max: 192_000.0,
            ..
        })
    ));
    assert!(matches!(Synth::new(f32::NAN, 2, 1), Err(Error::OutOfRange { .. })));
    assert!(matches!(
        Synth::new(RATE, 33, 1),
        Err(Error::OutOfRange {
            value: 33.0,
            max: 32.0,
            ..
        })
    ));
    assert!(matches!(Synth::new(RATE, 0, 1), Err(Error::OutOfRange { .. })));
}

#[test]
fn sine_is_as_exact_as_it_says() {
    for i in -1_000..=1_000 {
        let s = i as f32 / 1_000.0;
        let exact = (core::f64::consts::PI * f64::from(s)).sin();
        assert!((f64::from(sine(s)) - exact).abs() < 1.8e-5, "at {s}");
        assert!((f64::from(sine_wrapped(s + 4.0)) - exact).abs() < 2e-5, "at {s} + 4");
    }
}
