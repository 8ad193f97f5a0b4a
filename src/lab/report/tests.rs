//! Counts arrive in their places; the docs name every field.

mod docs;
mod losses;

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::inject::FaultKind;
use crate::lab::scenario::SourceChoice;
use crate::ledger::{
    self, ConsumerCounts, Ending, EventLog, FILL_BUCKETS, InjectedFault, LATENESS_BUCKETS, OverrunEvent, ProducerAccount, ProducerCounts,
    Sight, SlipEvent, SlipKind, Snapshot, UnderrunEvent, lateness_bucket,
};
use crate::strategy::Strategy;

fn facts() -> Facts {
    Facts {
        browser: "Chromium 156 (Mozilla/5.0)".into(),
        isolated: true,
        sample_rate: 48_000.0,
        channels: 2,
        render_quantum: 128,
        capacity: 16_384,
        buffer_frames: 2048,
        most_frames: 2048,
        startup: Startup {
            module_ms: 1.0,
            worker_ms: 2.0,
            worklet_ms: 3.0,
            first_frame_ms: Some(40.5),
        },
        base_latency: Some(0.01),
        output_latency: Some(0.024),
        device: Some(Device {
            underrun_events: 1.0,
            underrun_seconds: 0.5,
        }),
        start_ms: 1_000.0,
        hidden_seconds: Some(0.0),
        taken: Default::default(),
    }
}

/// A run in which everything happened that a report can tell.
fn eventful() -> (RunLog, Snapshot) {
    let mut fill = vec![0; FILL_BUCKETS];
    (fill[0], fill[42], fill[64]) = (1, 59, 40);
    let mut callback_fill = vec![0; FILL_BUCKETS];
    (callback_fill[3], callback_fill[21], callback_fill[42]) = (1, 1, 198);
    let mut lateness = vec![0; LATENESS_BUCKETS];
    (lateness[lateness_bucket(0.1)], lateness[lateness_bucket(34.0)]) = (98, 2);
    let snapshot = Snapshot {
        producer: ProducerCounts {
            produced: 9_000,
            dropped: [1, 2, 0, 0, 5],
            render_ns: 30,
            lasted_ns: 100,
            overrun_events: 3,
            allocations: 4,
            injected: 1,
            blocks: 50,
            longest_ns: 2_000_000,
            identical_blocks: 2,
            lateness,
            latest_us: 34_000,
            ..ProducerCounts::default()
        },
        consumer: ConsumerCounts {
            requested: 12_800,
            fresh: 7_000,
            repeated: 10,
            concealed: 790,
            silent: [1_000, 2_000, 500, 300, 1_200],
            dropped: [0, 0, 3, 4, 0],
            quanta: 100,
            duplicate_quanta: 1,
            starved_quanta: 12,
            torn: 6,
            skipped: 7,
            replayed: 8,
            quantum: 128,
            underrun_events: 1,
            underrun_frames: 1_990,
            underrun_longest: 1_990,
            fill,
            bursts: vec![0, 0, 0, 5, 90, 0, 0, 0, 0, 1],
            callbacks: 96,
            duplicate_callbacks: 2,
            starved_callbacks: 3,
            callback_fill,
            slip_events: 1,
            injected: 1,
            changed: 5,
            found_frames: [10, 4, 0, 3],
            found_quanta: [2, 1, 0, 3],
            found_callbacks: [1, 1, 0, 2],
            ..ConsumerCounts::default()
        },
        write: 8_997,
        read: 7_007,
        underruns: vec![UnderrunEvent {
            frame: 5_000,
            frames: 1_990,
            fill: 22,
            quanta: 12,
            position: 4_500,
            ended_by: Ending::Back,
        }],
        accounts: vec![ProducerAccount {
            event: 1,
            at_ms: 1_150.0,
            spell_ms: 90.0,
            asleep_ms: 80.0,
            late_ms: 70.0,
            render_ms: 2.0,
            longest_ms: 1.5,
            prepare_ms: 1.0,
            away_ms: 0.5,
            dry_ms: 0.25,
            blocks: 3,
            block_frames: 256,
            ahead_frames: 2048,
            limit_frames: 2047,
            asked_frames: 4_320,
            burst_frames: 17,
            jumped: true,
            own_clock: false,
            nothing_came: false,
            paused: false,
        }],
        overruns: vec![OverrunEvent {
            at_ms: 1_020.0,
            position: 6_000,
            frames: 3,
            blocks: 2,
            fill: 2_040,
            still_ms: 2.5,
            echo: None,
            ended_by: Ending::Back,
            account: ProducerAccount {
                at_ms: 1_020.0,
                spell_ms: 5.0,
                block_frames: 256,
                limit_frames: 2_048,
                own_clock: true,
                ..ProducerAccount::default()
            },
        }],
        slips: vec![SlipEvent {
            kind: SlipKind::Replayed,
            frame: 9_600,
            frames: 8,
        }],
        injections: vec![InjectedFault {
            kind: FaultKind::Stall as u32,
            at_ms: 1_250.0,
            lasted_ms: 20.5,
            position: 4_000,
            frames: 0,
        }],
        audio_injections: vec![InjectedFault {
            kind: FaultKind::Burst as u32,
            at_ms: 1_300.0,
            lasted_ms: 0.0,
            position: 4_000,
            frames: 4_096,
        }],
    };
    let mut events = EventLog::new(48_000.0);
    events.look(1_000.0, &Snapshot::default());
    events.saw(Sight::LongTask { at_ms: 1_100.0, ms: 0.0 });
    events.saw(Sight::Device {
        at_ms: 1_240.0,
        events: 1,
        seconds: 0.125,
    });
    // 12,800 frames in 266.7 ms.
    events.look(1_000.0 + 12_800.0 / 48.0, &snapshot);
    events.close(1_300.0);
    let mut log = RunLog::default();
    log.look(&snapshot);
    log.explain(&events);
    log.lost(3_000.0, "no heartbeat for 2 s".into());
    (log, snapshot)
}

fn report() -> Report {
    report_of(Strategy::Ring)
}

fn report_of(strategy: Strategy) -> Report {
    let (log, snapshot) = eventful();
    let scenario = Scenario {
        strategy,
        source: SourceChoice::Index,
        ..Scenario::default()
    };
    Report::new(&scenario, &facts(), &log, &snapshot)
}

fn value(report: &Report) -> Value {
    serde_json::from_str(&report.to_json()).expect("a report is JSON")
}

#[test]
fn the_fields_stand_in_the_order_of_the_design() {
    let text = report().to_json();
    let order = [
        "schema",
        "scenario",
        "browser",
        "isolated",
        "transport",
        "sampleRate",
        "channels",
        "renderQuantum",
        "callbackFrames",
        "startedAtMs",
        "startup",
        "ledger",
        "quanta",
        "callbacks",
        "underruns",
        "overruns",
        "device",
        "latency",
        "producer",
        "exchange",
        "cpu",
        "reads",
        "injected",
        "injectedMissed",
        "recoveries",
        "artifacts",
        "verdicts",
        "integrity",
        "detected",
    ];
    // At the depth of the report itself; events have fields of the same names.
    let (mut depth, mut names, mut quoted) = (0, Vec::new(), None);
    for (at, character) in text.char_indices() {
        match (character, quoted) {
            ('"', None) => quoted = Some(at + 1),
            ('"', Some(from)) => {
                if depth == 1 && text[at + 1..].starts_with(':') {
                    names.push(&text[from..at]);
                }
                quoted = None;
            }
            ('{' | '[', None) => depth += 1,
            ('}' | ']', None) => depth -= 1,
            _ => {}
        }
    }
    assert_eq!(names, order);
    assert!(text.starts_with("{\"schema\":1,\"scenario\":{\"strategy\":\"ring\""), "{text}");
}

#[test]
fn reasons_have_the_names_that_the_ledger_gives_them() {
    let report = value(&report());
    let names = |field: &str| {
        report["ledger"][field]
            .as_object()
            .expect("reasons")
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(names("silentBy"), ledger::SilentBy::NAMES.map(String::from).into());
    assert_eq!(names("droppedBy"), ledger::DroppedBy::NAMES.map(String::from).into());
}

#[test]
fn every_count_arrives_in_its_place() {
    let report = report();
    let ledger = &report.ledger;
    assert_eq!(
        (
            ledger.requested_frames,
            ledger.fresh_frames,
            ledger.repeated_frames,
            ledger.concealed_frames
        ),
        (12_800, 7_000, 10, 790)
    );
    assert_eq!(ledger.silent_frames, 5_000);
    assert_eq!(
        ledger.silent_by,
        SilentBy {
            startup: 1_000,
            paused: 2_000,
            ended: 500,
            disconnected: 300,
            underrun: 1_200
        }
    );
    assert_eq!(
        ledger.dropped_by,
        DroppedBy {
            overflow: 1,
            superseded: 2,
            seek: 3,
            skipped_late: 4,
            lost: 5
        }
    );
    assert_eq!(
        (
            ledger.produced_frames,
            ledger.dropped_frames,
            ledger.in_flight_frames,
            ledger.torn_frames
        ),
        (9_000, 15, 1_990, 6)
    );
    assert_eq!(
        ledger.imbalance_frames, 5,
        "5 frames are missing in the example, and the report says so"
    );
    assert_eq!(
        report.quanta,
        Quanta {
            total: 100,
            duplicate: 1,
            starved: 12
        }
    );
    assert_eq!(
        (report.underruns.events, report.underruns.frames, report.underruns.longest_frames),
        (1, 1_990, 1_990)
    );
    assert_eq!(
        (report.underruns.log.len(), report.underruns.folded, report.underruns.missed),
        (1, 0, 0)
    );
    let overruns = &report.overruns;
    assert_eq!((overruns.events, overruns.frames, overruns.folded, overruns.missed), (3, 3, 0, 2));
    assert_eq!(
        overruns.log,
        [Overrun {
            at_ms: 20.0,
            frame: 960,
            frames: 3,
            lasted_ms: 0.0625,
            blocks: 2,
            fill: 2_040,
            ended_by: "back",
            cause: Some("rate-mismatch"),
            evidence: OverrunEvidence {
                producer: overruns.log[0].evidence.producer.clone(),
                still_ms: 2.5,
                callback_frames: Some(512),
                context: None,
                stood_still_ms: 0.0,
                long_tasks_ms: Some(0.0),
                hidden_ms: 0.0,
                device_underruns: Some(0),
            },
        }]
    );
    let said = overruns.log[0].evidence.producer.as_ref().expect("an account");
    assert_eq!(
        (said.at_ms, said.block_frames, said.limit_frames, said.own_clock),
        (20.0, 256, 2_048, true)
    );
    assert_eq!(
        report.callbacks,
        Some(Callbacks {
            total: 96,
            duplicate: 2,
            starved: 3
        })
    );
    let device = report.device.as_ref().expect("the browser counts");
    assert_eq!(
        (device.underrun_events, device.underrun_seconds, device.events),
        (1.0, 0.5, Some(1))
    );
    assert_eq!(
        device.log,
        [DeviceEvent {
            at_ms: 115.0,
            lasted_ms: 125.0,
            counted: 1,
        }]
    );
    assert_eq!(
        report.producer.wake_lateness_ms.map(|late| (late.p50 < 0.13, late.max)),
        Some((true, 34.0))
    );
    assert_eq!(report.callback_frames, Some(9 * 128));
    assert_eq!(report.producer.render_load, Some(0.3));
    let injected: Vec<_> = report
        .injected
        .iter()
        .map(|fault| (fault.kind, fault.at_ms, fault.lasted_ms, fault.frames))
        .collect();
    assert_eq!(
        injected,
        [("stall", 250.0, Some(20.5), None), ("burst", 300.0, Some(0.0), Some(4_096))]
    );
    assert_eq!(report.recoveries.len(), 1);
    let integrity = report.integrity.as_ref().expect("it was the index signal");
    assert_eq!((integrity.skipped_frames, integrity.replayed_frames), (7, 8));
    assert_eq!(
        integrity
            .log
            .iter()
            .map(|slip| (slip.kind, slip.frame, slip.frames))
            .collect::<Vec<_>>(),
        [("replayed", 9_600, 8)]
    );
}

#[test]
fn latency_is_the_upper_edge_of_the_fill_and_the_sum_of_its_parts() {
    let latency = report().latency;
    let ring = latency.ring_ms.expect("quanta were counted");
    // 32 frames per bucket, so buckets 42 and 64 end at 1375 and 2079 frames, the latter beyond what was kept ahead.
    assert_eq!((ring.p50, ring.p99, ring.max), (1375.0 / 48.0, 2048.0 / 48.0, 2048.0 / 48.0));
    let callbacks = latency.callback_fill_ms.expect("callbacks were counted");
    // Lower edges of what is low, upper edges of what is high.
    assert_eq!((callbacks.min, callbacks.p1), (96.0 / 48.0, 672.0 / 48.0));
    assert_eq!((callbacks.p50, callbacks.max), (1375.0 / 48.0, 1375.0 / 48.0));
    assert_eq!((latency.base_ms, latency.output_ms), (Some(10.0), Some(24.0)));
    assert_eq!(latency.total_ms, Some(1375.0 / 48.0 + 34.0));
}

#[test]
fn what_was_not_measured_is_null() {
    let facts = Facts {
        startup: Startup {
            first_frame_ms: None,
            ..facts().startup
        },
        base_latency: Some(0.01),
        output_latency: None,
        device: None,
        ..facts()
    };
    let report = value(&Report::new(&Scenario::default(), &facts, &RunLog::default(), &Snapshot::default()));
    for path in [
        "/callbackFrames",
        "/startup/firstFrameMs",
        "/callbacks",
        "/underruns/byCause",
        "/device",
        "/latency/ringMs",
        "/latency/callbackFillMs",
        "/latency/outputMs",
        "/latency/totalMs",
        "/latency/targetHistory",
        "/producer/renderLoad",
        "/producer/wakeLatenessMs",
        "/producer/sourceFrames",
        "/producer/ratio",
        "/artifacts",
        "/integrity",
        "/scenario/renderQuantum",
        "/scenario/sampleRate",
    ] {
        assert_eq!(report.pointer(path), Some(&Value::Null), "{path}");
    }
    assert_eq!(report.pointer("/latency/baseMs"), Some(&Value::from(10.0)));
    assert_eq!(report.pointer("/injected"), Some(&Value::Array(Vec::new())));
}

#[test]
fn the_scenario_in_a_report_can_be_run_again() {
    let report = value(&report());
    let again = Scenario::from_value(&report["scenario"]).expect("a report holds a scenario that is understood");
    assert_eq!(again.source, SourceChoice::Index);
}

#[test]
fn what_was_found_stands_beside_what_was_declared() {
    let report = report();
    let detected = report.detected.expect("the index signal is checked");
    let counts = |frames, quanta, callbacks| FoundCounts {
        frames,
        quanta,
        callbacks: Some(callbacks),
    };
    assert_eq!(
        detected.kinds(),
        [counts(10, 2, 1), counts(4, 1, 1), counts(0, 0, 0), counts(3, 3, 2)]
    );
    assert_eq!(
        detected.declared,
        Declared {
            repeated_frames: 10,
            changed_frames: 5,
            superseded_frames: 2
        }
    );
    assert!(detected.agrees);
    let (log, mut snapshot) = eventful();
    let of_index = |snapshot: &Snapshot| Detected::of(snapshot);
    snapshot.consumer.repeated = 9;
    assert!(!of_index(&snapshot).agrees, "one came again that nobody declared");
    (snapshot.consumer.repeated, snapshot.consumer.found_frames[2]) = (10, 1);
    assert!(!of_index(&snapshot).agrees, "one came late");
    snapshot.consumer.callbacks = 0;
    assert_eq!(of_index(&snapshot).gap.callbacks, None, "callbacks were not counted");
    let report = Report::new(&Scenario::default(), &facts(), &log, &snapshot);
    assert_eq!(report.detected, None, "only the index signal shows it");
}

#[test]
fn torn_is_what_either_way_of_looking_saw() {
    let (_, mut snapshot) = eventful();
    assert_eq!(torn_frames(&snapshot), 6, "the index signal saw more than the reader");
    (snapshot.consumer.torn, snapshot.consumer.changed) = (0, 5);
    assert_eq!(
        Live::of(&snapshot).ledger.torn_frames,
        5,
        "without that signal only the reader sees it"
    );
}

#[test]
fn a_report_knows_its_strategy() {
    let (log, snapshot) = eventful();
    let of = |scenario: &str| {
        let scenario = Scenario::from_json(scenario).expect("a good scenario");
        value(&Report::new(&scenario, &facts(), &log, &snapshot))
    };
    let flag = |report: &Value, name: &str| {
        let all = report["verdicts"].as_array().expect("a list").clone();
        all.into_iter()
            .find(|verdict| verdict["flag"] == name)
            .expect("every flag is there")
    };
    for (strategy, transport, has_ring) in [
        ("ring", "shared", true),
        ("queue", "shared", true),
        ("double", "shared", false),
        ("triple", "shared", false),
        ("main-thread", "shared", true),
        ("message-copy", "messages", true),
        ("message-transfer", "messages", true),
        ("in-worklet", "none", false),
        ("buffer-source", "nodes", true),
    ] {
        let report = of(&format!(r#"{{"strategy":"{strategy}"}}"#));
        assert_eq!(
            (&report["scenario"]["strategy"], &report["transport"]),
            (&strategy.into(), &transport.into())
        );
        let depth = flag(&report, "queueDepth");
        assert_eq!(depth["value"], if strategy == "queue" { 3.0.into() } else { Value::Null });
        for name in ["ringBelowCallback", "ringBelow512"] {
            assert_eq!(flag(&report, name)["status"] != "unknown", has_ring, "{name} of {strategy}");
        }
    }
    let shallow = of(r#"{"strategy":"queue","queueDepth":1}"#);
    assert_eq!(flag(&shallow, "queueDepth")["status"], "bad");
}
