//! What was lost, why, and what that says.

use serde_json::Value;

use super::{eventful, facts, report, value};
use crate::lab::report::{Report, RunLog};
use crate::lab::scenario::Scenario;
use crate::ledger::{self, EventLog};

#[test]
fn an_underrun_stands_with_all_that_is_known_of_it() {
    let report = value(&report());
    let expected = serde_json::json!({
        "atMs": 5_000.0 / 48.0,
        "frame": 5_000,
        "frames": 1_990,
        "lastedMs": 1_990.0 / 48.0,
        "fill": 22,
        "endedBy": "back",
        "cause": "woken-late",
        "coveringFrames": 4096,
        "evidence": {
            "producer": {
                "atMs": 150.0, "spellMs": 90.0, "asleepMs": 80.0, "lateMs": 70.0, "renderMs": 2.0, "longestMs": 1.5, "prepareMs": 1.0,
                "awayMs": 0.5, "dryMs": 0.25, "restMs": 6.25, "blocks": 3, "blockFrames": 256, "aheadFrames": 2048, "limitFrames": 2047,
                "askedFrames": 4320, "burstFrames": 17, "jumped": true, "ownClock": false, "nothingCame": false,
            },
            "quanta": 12,
            "callbackFrames": 512,
            "longTasksMs": 0.0,
            "hiddenMs": 0.0,
            "context": null,
            "stoodStillMs": 0.0,
            "deviceUnderruns": 1,
        },
    });
    let mut told = report["underruns"]["log"][0].clone();
    let at_ms = told["atMs"].as_f64().expect("a number");
    assert!((at_ms - 5_000.0 / 48.0).abs() < 1e-6, "{at_ms}");
    told["atMs"] = expected["atMs"].clone();
    assert_eq!(told, expected);
    assert_eq!(report["startedAtMs"], 1_000.0);
}

#[test]
fn causes_are_counted_in_the_order_of_the_design_and_make_up_all_events() {
    let text = report().to_json();
    let (_, causes) = text.split_once("\"byCause\":").expect("causes");
    let expected = ledger::Cause::ALL.map(|cause| format!("\"{}\":{}", cause.name(), u64::from(cause == ledger::Cause::WokenLate)));
    assert!(causes.starts_with(&format!("{{{}}}", expected.join(","))), "{causes}");

    // Of 300 underruns, nobody saw the first 44.
    let (_, mut snapshot) = eventful();
    snapshot.underruns = vec![snapshot.underruns[0]; 256];
    snapshot.accounts.clear();
    snapshot.consumer.underrun_events = 300;
    let mut events = EventLog::new(48_000.0);
    events.look(2_000.0, &snapshot);
    events.close(2_000.0);
    let mut log = RunLog::default();
    log.explain(&events);
    let underruns = Report::new(&Scenario::default(), &facts(), &log, &snapshot).underruns;
    assert_eq!((underruns.events, underruns.log.len(), underruns.missed), (300, 256, 44));
    let by_cause = underruns.by_cause.expect("causes were looked for");
    assert_eq!(by_cause.0.iter().map(|(_, events)| events).sum::<u64>(), 300);
    assert_eq!(by_cause.0.last(), Some(&(ledger::Cause::Unknown, 300)));
}

#[test]
fn red_flags_say_what_the_report_says() {
    let report = report();
    let verdicts = value(&report)["verdicts"].clone();
    let of = |flag: &str| {
        let all = verdicts.as_array().expect("a list");
        all.iter().find(|verdict| verdict["flag"] == flag).cloned().expect(flag)
    };
    assert_eq!(verdicts.as_array().map(Vec::len), Some(15));
    for (flag, status, figure) in [
        ("duplicates", "good", 0.01.into()),
        ("startup", "good", 40.5.into()),
        // A callback of 9 quanta and one more.
        ("ringBelowCallback", "good", 2048.0.into()),
        ("queueDepth", "unknown", Value::Null),
        ("sampleRateMismatch", "good", 0.0.into()),
        ("drift", "good", 0.0.into()),
        ("allocation", "bad", 4.0.into()),
        ("aliasedBuffer", "bad", 2.0.into()),
        ("producerLoad", "good", 0.3.into()),
        ("artifacts", "unknown", Value::Null),
        ("deviceUnderruns", "bad", 1.0.into()),
        ("latency", "good", report.latency.ring_ms.map(|ring| ring.p50).into()),
        ("isolation", "good", 1.0.into()),
        ("hiddenTab", "good", 0.0.into()),
    ] {
        let verdict = of(flag);
        assert_eq!((&verdict["status"], &verdict["value"]), (&status.into(), &figure), "{flag}");
    }
    assert_eq!(of("ringBelowCallback")["limit"], 10.0 * 128.0);
    assert_eq!(of("startup")["unit"], "ms");
    for verdict in verdicts.as_array().expect("a list") {
        for words in ["meaning", "advice"] {
            assert!(verdict[words].as_str().is_some_and(|text| text.ends_with('.')), "{verdict}");
        }
    }
}
