use std::collections::BTreeSet;

use super::Status::{Bad, Good, Unknown, Warning};
use super::*;

/// A run as it should be, with every figure known.
fn healthy() -> Findings {
    Findings {
        quanta: 10_000,
        duplicate_quanta: 0,
        first_frame_ms: Some(80.0),
        ring_frames: Some(2048),
        block_frames: Some(128),
        render_quantum: Some(128),
        callback_frames: Some(512),
        queue_blocks: Some(3),
        asked_rate: Some(48_000.0),
        sample_rate: Some(48_000.0),
        drift_ppm: Some(0.0),
        producer_allocations: Some(0),
        audio_allocations: Some(0),
        compared_blocks: 10_000,
        identical_blocks: 0,
        render_load: Some(0.12),
        artifacts_db: Some(0.2),
        device_underruns: Some(0),
        device_underrun_seconds: Some(0.0),
        ring_p50_ms: Some(42.0),
        wake_lateness_p99_ms: Some(0.5),
        longest_block_ms: Some(1.5),
        isolated: Some(true),
        hidden: Some(false),
        hidden_seconds: Some(0.0),
    }
}

/// What a healthy run comes to under `flag` after `change`.
fn after(flag: Flag, change: impl FnOnce(&mut Findings)) -> Verdict {
    let mut findings = healthy();
    change(&mut findings);
    of(flag, &findings)
}

fn of(flag: Flag, findings: &Findings) -> Verdict {
    verdicts(findings)
        .into_iter()
        .find(|verdict| verdict.flag == flag)
        .expect("one for each")
}

/// Sets the figure of `flag` to each value, and expects the status, and the value with it.
fn expect(flag: Flag, set: impl Fn(&mut Findings, f64), cases: &[(f64, Status)]) {
    for (value, status) in cases {
        let verdict = after(flag, |findings| set(findings, *value));
        assert_eq!((verdict.status, verdict.value), (*status, Some(*value)), "{flag:?} {value}");
    }
}

/// Takes one figure away, and expects that `flag` says nothing and all others what they said.
fn expect_unknown(flag: Flag, take: impl FnOnce(&mut Findings)) {
    let verdict = after(flag, take);
    assert_eq!((verdict.status, verdict.value), (Unknown, None), "{flag:?}");
    assert_eq!(verdict.sentence().to_string(), format!("{}: unknown.", flag.title()));
}

#[test]
fn there_is_one_verdict_for_each_flag_and_in_order() {
    // A flag that is added does not compile here until it has its place.
    fn next(flag: Flag) -> Option<Flag> {
        Some(match flag {
            Flag::Duplicates => Flag::Startup,
            Flag::Startup => Flag::RingBelowCallback,
            Flag::RingBelowCallback => Flag::RingBelow512,
            Flag::RingBelow512 => Flag::QueueDepth,
            Flag::QueueDepth => Flag::SampleRateMismatch,
            Flag::SampleRateMismatch => Flag::Drift,
            Flag::Drift => Flag::Allocation,
            Flag::Allocation => Flag::AliasedBuffer,
            Flag::AliasedBuffer => Flag::ProducerLoad,
            Flag::ProducerLoad => Flag::Artifacts,
            Flag::Artifacts => Flag::DeviceUnderruns,
            Flag::DeviceUnderruns => Flag::Latency,
            Flag::Latency => Flag::Isolation,
            Flag::Isolation => Flag::HiddenTab,
            Flag::HiddenTab => return None,
        })
    }
    let all: Vec<Flag> = std::iter::successors(Some(Flag::Duplicates), |flag| next(*flag)).collect();
    assert_eq!(all, Flag::ALL);
    for findings in [Findings::default(), healthy()] {
        let flags: Vec<Flag> = verdicts(&findings).iter().map(|verdict| verdict.flag).collect();
        assert_eq!(flags, all);
    }
}

#[test]
fn names_and_texts_are_unique_and_well_formed() {
    let unique = |text: fn(Flag) -> &'static str| Flag::ALL.into_iter().map(text).collect::<BTreeSet<_>>().len();
    for text in [Flag::name, Flag::title, Flag::meaning, Flag::advice] {
        assert_eq!(unique(text), Flag::ALL.len());
    }
    for flag in Flag::ALL {
        let name = flag.name();
        assert!(
            name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_alphanumeric()),
            "{name}"
        );
        for text in [flag.meaning(), flag.advice()] {
            assert!(
                text.starts_with(|first: char| first.is_ascii_uppercase()) && text.ends_with('.'),
                "{text}"
            );
            assert_eq!(text.matches(". ").count(), 0, "more than one sentence: {text}");
        }
    }
}

#[test]
fn a_healthy_run_is_good_with_figures() {
    for verdict in verdicts(&healthy()) {
        assert_eq!(verdict.status, Good, "{}", verdict.sentence());
        assert!(verdict.value.is_some() && verdict.limit.is_some(), "{:?}", verdict.flag);
    }
}

#[test]
fn nothing_measured_is_nothing_known() {
    for verdict in verdicts(&Findings::default()) {
        assert_eq!((verdict.status, verdict.value), (Unknown, None), "{:?}", verdict.flag);
    }
}

#[test]
fn what_is_no_number_was_not_measured() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let bad = Some(bad);
        let findings = Findings {
            first_frame_ms: bad,
            asked_rate: bad,
            sample_rate: bad,
            drift_ppm: bad,
            render_load: bad,
            artifacts_db: bad,
            ring_p50_ms: bad,
            wake_lateness_p99_ms: bad,
            longest_block_ms: bad,
            hidden_seconds: bad,
            ..Findings::default()
        };
        for verdict in verdicts(&findings) {
            assert_eq!((verdict.status, verdict.value), (Unknown, None), "{:?} {bad:?}", verdict.flag);
            assert!(verdict.limit.is_none_or(f64::is_finite), "{:?} {bad:?}", verdict.flag);
        }
    }
}

#[test]
fn duplicates_are_counted_against_a_tenth() {
    let set = |f: &mut Findings, share: f64| f.duplicate_quanta = (share * 10_000.0).round() as u64;
    expect(Flag::Duplicates, set, &[(0.0999, Good), (0.1, Good), (0.1001, Bad), (1.0, Bad)]);
    // A tenth is a tenth of any number.
    for tenth in 1..1000 {
        let verdict = after(Flag::Duplicates, |f| (f.quanta, f.duplicate_quanta) = (10 * tenth, tenth));
        assert_eq!(verdict.status, Good, "{tenth}");
    }
    expect_unknown(Flag::Duplicates, |f| f.quanta = 0);
}

#[test]
fn starting_may_take_a_tenth_of_a_second() {
    let set = |f: &mut Findings, ms| f.first_frame_ms = Some(ms);
    expect(
        Flag::Startup,
        set,
        &[(99.9, Good), (100.0, Good), (100.1, Warning), (672.0, Warning)],
    );
    expect_unknown(Flag::Startup, |f| f.first_frame_ms = None);
}

#[test]
fn a_ring_holds_a_callback_and_a_quantum() {
    let set = |f: &mut Findings, frames| f.ring_frames = Some(frames as u64);
    expect(Flag::RingBelowCallback, set, &[(639.0, Bad), (640.0, Good), (641.0, Good)]);
    assert_eq!(after(Flag::RingBelowCallback, |_| ()).limit, Some(640.0));
    // The quantum is not always 128.
    let verdict = after(Flag::RingBelowCallback, |f| {
        (f.callback_frames, f.render_quantum) = (Some(2048), Some(1024))
    });
    assert_eq!((verdict.status, verdict.limit), (Bad, Some(3072.0)));
    expect_unknown(Flag::RingBelowCallback, |f| f.ring_frames = None);
    expect_unknown(Flag::RingBelowCallback, |f| f.callback_frames = None);
    expect_unknown(Flag::RingBelowCallback, |f| f.render_quantum = None);
}

#[test]
fn a_ring_holds_512() {
    let set = |f: &mut Findings, frames| f.ring_frames = Some(frames as u64);
    expect(
        Flag::RingBelow512,
        set,
        &[(0.0, Warning), (511.0, Warning), (512.0, Good), (513.0, Good)],
    );
    expect_unknown(Flag::RingBelow512, |f| f.ring_frames = None);
}

#[test]
fn a_queue_holds_two() {
    let set = |f: &mut Findings, blocks| f.queue_blocks = Some(blocks as u64);
    expect(Flag::QueueDepth, set, &[(0.0, Bad), (1.0, Bad), (2.0, Good), (3.0, Good)]);
    expect_unknown(Flag::QueueDepth, |f| f.queue_blocks = None);
}

#[test]
fn one_hertz_is_a_mismatch() {
    let above = |f: &mut Findings, hz: f64| f.asked_rate = Some(48_000.0 + hz);
    let below = |f: &mut Findings, hz: f64| f.asked_rate = Some(48_000.0 - hz);
    for cases in [[(0.0, Good), (0.5, Bad)], [(1.0, Bad), (3900.0, Bad)]] {
        expect(Flag::SampleRateMismatch, above, &cases);
        expect(Flag::SampleRateMismatch, below, &cases);
    }
    expect_unknown(Flag::SampleRateMismatch, |f| f.asked_rate = None);
    expect_unknown(Flag::SampleRateMismatch, |f| f.sample_rate = None);
}

#[test]
fn drift_counts_both_ways() {
    let cases = [(0.0, Good), (19.9, Good), (20.0, Good), (20.1, Bad), (4500.0, Bad)];
    expect(Flag::Drift, |f, ppm| f.drift_ppm = Some(ppm), &cases);
    expect(Flag::Drift, |f, ppm| f.drift_ppm = Some(-ppm), &cases);
    expect_unknown(Flag::Drift, |f| f.drift_ppm = None);
}

#[test]
fn one_allocation_is_too_much_on_either_side() {
    let cases = [(0.0, Good), (1.0, Bad), (1000.0, Bad)];
    expect(Flag::Allocation, |f, n| f.producer_allocations = Some(n as u64), &cases);
    expect(Flag::Allocation, |f, n| f.audio_allocations = Some(n as u64), &cases);
    let both = after(Flag::Allocation, |f| {
        (f.producer_allocations, f.audio_allocations) = (Some(2), Some(3))
    });
    assert_eq!(both.value, Some(5.0));
    // One side's 0 says nothing about the other; one side's 1 is enough.
    expect_unknown(Flag::Allocation, |f| f.producer_allocations = None);
    expect_unknown(Flag::Allocation, |f| f.audio_allocations = None);
    let one = after(Flag::Allocation, |f| {
        (f.producer_allocations, f.audio_allocations) = (None, Some(1))
    });
    assert_eq!((one.status, one.value), (Bad, Some(1.0)));
}

#[test]
fn one_block_like_the_one_before_is_an_alias() {
    let set = |f: &mut Findings, blocks| f.identical_blocks = blocks as u64;
    expect(Flag::AliasedBuffer, set, &[(0.0, Good), (1.0, Bad), (9999.0, Bad)]);
    expect_unknown(Flag::AliasedBuffer, |f| f.compared_blocks = 0);
}

#[test]
fn a_busy_producer_is_a_risk_and_an_overloaded_one_is_bad() {
    let set = |f: &mut Findings, load| f.render_load = Some(load);
    let cases = [
        (0.0, Good),
        (0.69, Good),
        (0.7, Good),
        (0.701, Warning),
        (0.999, Warning),
        (1.0, Bad),
        (1.5, Bad),
    ];
    expect(Flag::ProducerLoad, set, &cases);
    expect_unknown(Flag::ProducerLoad, |f| f.render_load = None);
}

#[test]
fn artefacts_are_unknown_until_measured() {
    let set = |f: &mut Findings, db| f.artifacts_db = Some(db);
    expect(Flag::Artifacts, set, &[(-1.0, Good), (2.9, Good), (3.0, Good), (3.1, Bad)]);
    expect_unknown(Flag::Artifacts, |f| f.artifacts_db = None);
}

#[test]
fn one_device_underrun_is_too_much() {
    let set = |f: &mut Findings, events| f.device_underruns = Some(events as u64);
    expect(Flag::DeviceUnderruns, set, &[(0.0, Good), (1.0, Bad), (150.0, Bad)]);
    // Time that was lost was lost, whatever the events say.
    let lost = after(Flag::DeviceUnderruns, |f| f.device_underrun_seconds = Some(0.003));
    assert_eq!((lost.status, lost.value), (Bad, Some(1.0)));
    let untimed = after(Flag::DeviceUnderruns, |f| f.device_underrun_seconds = None);
    assert_eq!((untimed.status, untimed.value), (Good, Some(0.0)));
    expect_unknown(Flag::DeviceUnderruns, |f| f.device_underruns = None);
}

#[test]
fn latency_is_measured_against_the_jitter() {
    // A callback of 480 and a block of 240 are 15 ms; with 1 ms and 4 ms that is 20 ms, and the limit 80 ms.
    let measured = |f: &mut Findings, ms: f64| {
        (f.callback_frames, f.block_frames) = (Some(480), Some(240));
        (f.wake_lateness_p99_ms, f.longest_block_ms) = (Some(1.0), Some(4.0));
        f.ring_p50_ms = Some(ms);
    };
    expect(
        Flag::Latency,
        measured,
        &[(0.0, Good), (79.9, Good), (80.0, Good), (80.1, Warning), (341.0, Warning)],
    );
    assert_eq!(after(Flag::Latency, |f| measured(f, 42.0)).limit, Some(80.0));
    let nonsense = Findings {
        sample_rate: Some(0.0),
        ..healthy()
    };
    assert_eq!(nonsense.needed_ms(), None);
    // More jitter justifies more.
    let jittery = after(Flag::Latency, |f| {
        measured(f, 100.0);
        f.wake_lateness_p99_ms = Some(30.0);
    });
    assert_eq!((jittery.status, jittery.limit), (Good, Some(196.0)));
    for take in [
        |f: &mut Findings| f.ring_p50_ms = None,
        |f: &mut Findings| f.wake_lateness_p99_ms = None,
        |f: &mut Findings| f.longest_block_ms = None,
        |f: &mut Findings| f.callback_frames = None,
        |f: &mut Findings| f.block_frames = None,
        |f: &mut Findings| f.sample_rate = None,
        |f: &mut Findings| f.sample_rate = Some(0.0),
        |f: &mut Findings| f.sample_rate = Some(-48_000.0),
    ] {
        expect_unknown(Flag::Latency, take);
    }
}

#[test]
fn a_latency_that_nobody_notices_is_in_proportion_to_anything() {
    let quiet = |f: &mut Findings, ms: f64| {
        (f.callback_frames, f.block_frames) = (Some(128), Some(128));
        (f.wake_lateness_p99_ms, f.longest_block_ms) = (Some(0.1), Some(0.1));
        f.ring_p50_ms = Some(ms);
    };
    expect(Flag::Latency, quiet, &[(49.9, Good), (50.0, Good), (50.1, Warning)]);
    // The default ring of 2048 frames, at the lowest rate in common use and as the report rounds it up.
    let default = after(Flag::Latency, |f| {
        quiet(f, 2050.0 / 44.1);
        f.sample_rate = Some(44_100.0);
    });
    assert_eq!(default.status, Good);
}

#[test]
fn a_page_is_isolated_or_not() {
    let set = |f: &mut Findings, value| f.isolated = Some(value > 0.0);
    expect(Flag::Isolation, set, &[(1.0, Good), (0.0, Warning)]);
    expect_unknown(Flag::Isolation, |f| f.isolated = None);
}

#[test]
fn a_hidden_page_is_a_warning_during_and_after() {
    let set = |f: &mut Findings, seconds| f.hidden_seconds = Some(seconds);
    expect(Flag::HiddenTab, set, &[(0.0, Good), (0.1, Warning), (60.0, Warning)]);
    let hidden = |seconds| {
        let verdict = after(Flag::HiddenTab, |f| (f.hidden, f.hidden_seconds) = (Some(true), seconds));
        (verdict.status, verdict.value)
    };
    assert_eq!(hidden(Some(0.0)), (Warning, None));
    assert_eq!(hidden(Some(2.0)), (Warning, Some(2.0)));
    assert_eq!(hidden(None), (Warning, None));
    expect_unknown(Flag::HiddenTab, |f| f.hidden_seconds = None);
}

#[test]
fn verdicts_read_as_sentences() {
    let sentence = |flag, change: fn(&mut Findings)| after(flag, change).sentence().to_string();
    assert_eq!(
        sentence(Flag::ProducerLoad, |f| f.render_load = Some(0.83)),
        "Producer load 83 %, limit 70 %: a producer that is busy most of the time cannot catch up after a delay, so that each becomes a gap. \
         Render less (fewer voices, cheaper effects) or faster (an optimised build, larger blocks)."
    );
    assert_eq!(sentence(Flag::ProducerLoad, |_| ()), "Producer load 12 %, limit 70 %.");
    assert_eq!(sentence(Flag::ProducerLoad, |f| f.render_load = None), "Producer load: unknown.");
    for (flag, change, beginning) in [
        (
            Flag::Startup,
            (|f| f.first_frame_ms = Some(672.04)) as fn(&mut Findings),
            "Start-up 672 ms, limit 100 ms: the listener",
        ),
        (
            Flag::QueueDepth,
            |f| f.queue_blocks = Some(1),
            "Queue depth 1 block, limit 2 blocks: with",
        ),
        (
            Flag::DeviceUnderruns,
            |f| f.device_underruns = Some(3),
            "Device underruns 3, limit 0: the browser",
        ),
        (Flag::Isolation, |_| (), "Page isolated: yes."),
        (
            Flag::Isolation,
            |f| f.isolated = Some(false),
            "Page isolated: no; without isolation",
        ),
        (
            Flag::HiddenTab,
            |f| f.hidden = Some(true),
            "Page hidden now, limit 0 s: a hidden page",
        ),
        (Flag::Drift, |f| f.drift_ppm = Some(-31.26), "Drift 31.3 ppm, limit 20 ppm: two"),
        // A figure beyond its limit is not rounded to it.
        (
            Flag::Duplicates,
            |f| f.duplicate_quanta = 1003,
            "Duplicate quanta 10.03 %, limit 10 %: a frame",
        ),
    ] {
        let text = sentence(flag, change);
        assert!(text.starts_with(beginning), "{text}");
    }
}

#[test]
fn advice_fits_the_status() {
    assert_eq!(after(Flag::Startup, |_| ()).advice, "Nothing to do.");
    let late = after(Flag::Startup, |f| f.first_frame_ms = Some(672.0));
    assert_eq!(late.advice, Flag::Startup.advice());
    let unknown = after(Flag::Startup, |f| f.first_frame_ms = None);
    assert!(unknown.advice.contains("not measured"));
}

#[test]
fn figure_and_limit_stand_by_themselves_too() {
    let shown = |verdict: Verdict| {
        let limit = verdict.limit_figure().map(|limit| limit.to_string());
        (verdict.figure().map(|figure| figure.to_string()), limit, verdict.wants_more())
    };
    let text = |text: &str| Some(text.to_owned());
    let load = after(Flag::ProducerLoad, |findings| findings.render_load = Some(0.834));
    assert_eq!(shown(load), (text("83.4 %"), text("70 %"), false));
    let ring = after(Flag::RingBelow512, |findings| findings.ring_frames = Some(1));
    assert_eq!(shown(ring), (text("1 frame"), text("512 frames"), true));
    let unknown = of(Flag::Startup, &Findings::default());
    assert_eq!(shown(unknown), (None, text("100 ms"), false));
}

#[test]
fn what_wants_more_is_good_above_its_limit_and_what_does_not_below() {
    for verdict in verdicts(&healthy()) {
        let (value, limit) = (verdict.value.expect("measured"), verdict.limit.expect("measured"));
        let good = if verdict.wants_more() { value >= limit } else { value <= limit };
        assert!(good, "{:?}", verdict.flag);
    }
    // A limit missed, and the way it is missed.
    let below = after(Flag::QueueDepth, |findings| findings.queue_blocks = Some(1));
    assert!(below.wants_more() && below.value < below.limit && below.status == Bad);
}
