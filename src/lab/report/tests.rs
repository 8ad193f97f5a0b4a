//! Counts arrive in their places; the docs name every field.

mod docs;

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::lab::scenario::SourceChoice;
use crate::ledger::{self, ConsumerCounts, FILL_BUCKETS, InjectedFault, ProducerCounts, Snapshot, UnderrunEvent};

fn facts() -> Facts {
    Facts {
        browser: "Chromium 156 (Mozilla/5.0)".into(),
        isolated: true,
        sample_rate: 48_000.0,
        channels: 2,
        render_quantum: 128,
        capacity: 16_384,
        buffer_frames: 2048,
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
    }
}

/// A run in which everything happened that a report can tell.
fn eventful() -> (RunLog, Snapshot) {
    let mut fill = vec![0; FILL_BUCKETS];
    (fill[0], fill[80], fill[121]) = (1, 59, 40);
    let snapshot = Snapshot {
        producer: ProducerCounts {
            produced: 9_000,
            dropped: [1, 2, 0, 0, 5],
            render_ns: 30,
            lasted_ns: 100,
            overrun_events: 3,
            allocations: 4,
            injected: 1,
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
            ..ConsumerCounts::default()
        },
        write: 8_997,
        read: 7_007,
        underruns: vec![UnderrunEvent {
            frame: 5_000,
            frames: 1_990,
            fill: 22,
            quanta: 12,
            over: true,
        }],
        injections: vec![InjectedFault {
            at_ms: 1_250.0,
            lasted_ms: 20.5,
            position: 4_000,
        }],
    };
    let mut log = RunLog::default();
    log.look(&snapshot);
    log.lost(3_000.0, "no heartbeat for 2 s".into());
    (log, snapshot)
}

fn report() -> Report {
    let (log, snapshot) = eventful();
    let scenario = Scenario {
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
        "startup",
        "ledger",
        "quanta",
        "callbacks",
        "underruns",
        "overruns",
        "device",
        "latency",
        "producer",
        "injected",
        "recoveries",
        "artifacts",
        "verdicts",
        "integrity",
    ];
    // The scenario has fields of the same names; they come before.
    let (_, after) = text.split_once("\"browser\":").expect("a browser");
    let places: Vec<_> = order[3..]
        .iter()
        .map(|name| after.find(&format!("\"{name}\":")).expect(name))
        .collect();
    assert!(places.is_sorted(), "{order:?} at {places:?}");
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
        report.underruns.log,
        [Underrun {
            frame: 5_000,
            frames: 1_990,
            fill: 22,
            cause: (),
            evidence: ()
        }]
    );
    assert_eq!(report.overruns, Overruns { events: 3, frames: 3 });
    assert_eq!(report.callback_frames, Some(9 * 128));
    assert_eq!(report.producer.render_load, Some(0.3));
    assert_eq!(
        report.injected,
        [Injected {
            kind: "stall",
            at_ms: 250.0,
            lasted_ms: Some(20.5)
        }]
    );
    assert_eq!(report.recoveries.len(), 1);
    assert_eq!(
        report.integrity,
        Some(Integrity {
            skipped_frames: 7,
            replayed_frames: 8
        })
    );
}

#[test]
fn latency_is_the_upper_edge_of_the_fill_and_the_sum_of_its_parts() {
    let latency = report().latency;
    let ring = latency.ring_ms.expect("quanta were counted");
    // 17 frames per bucket, so buckets 80 and 121 end at 1376 and 2073 frames, the latter beyond what was kept ahead.
    assert_eq!((ring.p50, ring.p99, ring.max), (1376.0 / 48.0, 2048.0 / 48.0, 2048.0 / 48.0));
    assert_eq!((latency.base_ms, latency.output_ms), (Some(10.0), Some(24.0)));
    assert_eq!(latency.total_ms, Some(1376.0 / 48.0 + 34.0));
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
        "/latency/outputMs",
        "/latency/totalMs",
        "/latency/targetHistory",
        "/producer/renderLoad",
        "/producer/wakeLatenessMs",
        "/producer/sourceFrames",
        "/producer/ratio",
        "/artifacts",
        "/verdicts",
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
