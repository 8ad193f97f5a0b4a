use super::*;
use crate::inject::FaultKind;
use crate::lab::report::{Device, Facts, RunLog, Startup};
use crate::lab::scenario::Scenario;
use crate::ledger::{
    ConsumerCounts, Ending, EventLog, FILL_BUCKETS, Flag, InjectedFault, LATENESS_BUCKETS, ProducerAccount, ProducerCounts, Sight,
    Snapshot, UnderrunEvent, lateness_bucket,
};

/// 12:03:05.0 on a day in December.
const START_MS: f64 = 1_702_123_385_000.0;

fn facts() -> Facts {
    Facts {
        browser: "Chromium 156 (X11; a|b_c)".into(),
        isolated: true,
        sample_rate: 48_000.0,
        channels: 2,
        render_quantum: 128,
        capacity: 16_384,
        buffer_frames: 512,
        most_frames: 512,
        startup: Startup {
            module_ms: 1.0,
            worker_ms: 2.0,
            worklet_ms: 3.0,
            first_frame_ms: Some(40.5),
        },
        base_latency: Some(0.01),
        output_latency: Some(0.024),
        device: Some(Device {
            underrun_events: 3.0,
            underrun_seconds: 0.25,
        }),
        start_ms: START_MS,
        hidden_seconds: Some(0.0),
        taken: Default::default(),
    }
}

/// Two underruns, one of them unexplained, and a gap of the device, in ten seconds.
fn report() -> Report {
    let mut fill = vec![0; FILL_BUCKETS];
    fill[15] = 3_750;
    let mut lateness = vec![0; LATENESS_BUCKETS];
    (lateness[lateness_bucket(0.1)], lateness[lateness_bucket(34.0)]) = (98, 2);
    let mut snapshot = Snapshot {
        producer: ProducerCounts {
            produced: 478_000,
            render_ns: 3,
            lasted_ns: 100,
            blocks: 1_800,
            longest_ns: 400_000,
            lateness,
            latest_us: 34_000,
            ..ProducerCounts::default()
        },
        consumer: ConsumerCounts {
            quantum: 128,
            bursts: vec![0, 0, 0, 0, 900],
            fill,
            ..ConsumerCounts::default()
        },
        ..Snapshot::default()
    };
    let mut events = EventLog::new(48_000.0);
    events.look(START_MS, &snapshot);
    events.saw(Sight::LongTask { at_ms: START_MS, ms: 0.0 });
    snapshot.consumer = ConsumerCounts {
        requested: 480_000,
        fresh: 478_000,
        concealed: 128,
        silent: [0, 0, 0, 0, 1_872],
        quanta: 3_750,
        starved_quanta: 16,
        underrun_events: 2,
        underrun_frames: 2_000,
        underrun_longest: 1_488,
        callbacks: 900,
        ..snapshot.consumer
    };
    (snapshot.write, snapshot.read) = (478_000, 478_000);
    snapshot.underruns = [(108_000, 1_488, Ending::Back), (240_000, 512, Ending::Paused)]
        .map(|(frame, frames, ended_by)| UnderrunEvent {
            frame,
            position: frame,
            frames,
            fill: 0,
            quanta: frames / 124,
            ended_by,
        })
        .into();
    snapshot.accounts = vec![ProducerAccount {
        event: 1,
        at_ms: START_MS + 2_281.0,
        spell_ms: 55.125,
        asleep_ms: 50.5,
        late_ms: 34.0,
        render_ms: 0.5,
        longest_ms: 0.5,
        blocks: 1,
        block_frames: 256,
        ahead_frames: 512,
        limit_frames: 512,
        asked_frames: 2_000,
        ..ProducerAccount::default()
    }];
    snapshot.injections = vec![InjectedFault {
        kind: FaultKind::Late as u32,
        at_ms: START_MS + 2_240.0,
        lasted_ms: 34.0,
        ..InjectedFault::default()
    }];
    snapshot.producer.injected = 1;
    events.look(START_MS + 10_000.0, &snapshot);
    events.saw(Sight::Device {
        at_ms: START_MS + 7_250.0,
        events: 3,
        seconds: 0.25,
    });
    events.close(START_MS + 10_000.0);
    let mut log = RunLog::default();
    log.look(&snapshot);
    log.explain(&events);
    let scenario = r#"{"seconds": 10, "bufferFrames": 512, "source": {"kind": "file", "url": "a_b.wav"}}"#;
    let scenario = Scenario::from_json(scenario).expect("a good scenario");
    Report::new(&scenario, &facts(), &log, &snapshot)
}

#[test]
fn the_log_is_a_table_that_spreadsheets_read() {
    let table = csv(&report());
    let expected = [
        "kind,number,at,atMs,frame,frames,lastedMs,fill,endedBy,cause,coveringFrames,count,stillMs,callbackFrames,longTasksMs,hiddenMs,context,stoodStillMs,\
         deviceUnderruns,spellMs,asleepMs,lateMs,renderMs,longestMs,prepareMs,awayMs,dryMs,restMs,blocks,blockFrames,aheadFrames,limitFrames,\
         askedFrames,burstFrames,jumped,ownClock,nothingCame,words",
        "underrun,1,2023-12-09T12:03:07.250Z,2250,108000,1488,31,0,back,woken-late,2048,12,0,512,0,0,,0,0,55.125,50.5,34,0.5,0.5,0,0,0,4.125,1,256,512,\
         512,2000,0,false,false,false,31 ms lost: the worker was woken 34 ms late; a ring of 2048 would have covered it",
        "underrun,2,2023-12-09T12:03:10.000Z,5000,240000,512,10.667,0,paused,unknown,,4,0,512,0,0,,0,0,,,,,,,,,,,,,,,,,,,11 ms lost: the producer left no account of it",
        "device,1,2023-12-09T12:03:12.000Z,7000,336000,12000,250,,,,,3,0,512,0,0,,0,3,,,,,,,,,,,,,,,,,,,250 ms lost behind the ring: the browser did not \
         deliver to the device in time (it counts 3 underruns)",
    ];
    assert_eq!(table, expected.map(|row| format!("{row}\r\n")).concat());
    let fields: Vec<usize> = table.lines().map(|row| row.split(',').count()).collect();
    assert_eq!(fields, [38; 4]);
}

#[test]
fn what_has_commas_or_quotation_marks_is_quoted() {
    let mut report = report();
    report.entries.truncate(1);
    report.entries[0].kind = crate::ledger::EventKind::Overrun;
    report.entries[0].evidence.context = Some("so \"called\"");
    let table = csv(&report);
    assert!(
        table.ends_with(
            ",\"31 ms dropped: a producer with a clock of its own came with 1,488 frames in 12 blocks for which the ring had no room; they came late, when the sound had gone on without them\"\r\n"
        ),
        "{table}"
    );
    assert!(table.contains(",\"so \"\"called\"\"\","), "{table}");
}

#[test]
fn a_summary_says_what_an_issue_needs() {
    let expected = format!(
        "\
### Noxrun {}

2 underruns: 2,000 frames lost.

| setting | value |
| --- | --- |
| browser | Chromium 156 (X11; a\\|b\\_c) |
| isolated | yes |
| began | 2023-12-09T12:03:05.000Z |
| source | file a\\_b.wav |
| strategy | ring |
| ahead | 512 frames, blocks of 256 |
| when there is nothing | fade |
| latency hint | interactive |
| context | 48000 Hz, 2 channels, render quantum of 128, callbacks of up to 512 frames |
| faults on purpose | 1 of late |

| figure | value |
| --- | --- |
| asked for | 480,000 frames |
| lost | 2,000 frames (0.42 %) |
| longest underrun | 31.0 ms |
| starved quanta | 16 of 3,750 |
| overruns | 0 |
| device underruns, by the browser's count | 3 (0.25 s) |
| imbalance of the ledger | 0 frames |
| latency | 44.6 ms |
| of that in the ring | 10.6 ms |
| wake-ups late by (50 %, 99 %, all) | 0.1 ms, 34.0 ms, 34.0 ms |
| producer's load | 3 % |

FLAGS

| cause | underruns |
| --- | --- |
| woken-late | 1 |
| unknown | 1 |

The latest (UTC):

- 12:03:07.2, 31 ms lost: the worker was woken 34 ms late; a ring of 2048 would have covered it.
- 12:03:10.0, 11 ms lost: the producer left no account of it.
- 12:03:12.0, 250 ms lost behind the ring: the browser did not deliver to the device in time (it counts 3 underruns).

[Play the same again](<https://example.org/?scenario=%7B%7D>)
",
        env!("CARGO_PKG_VERSION")
    );
    let report = report();
    let flags = [Flag::RingBelowCallback, Flag::DeviceUnderruns].map(|flag| {
        let raised = report
            .verdicts
            .iter()
            .find(|flagged| flagged.0.flag == flag)
            .expect("each flag has one");
        format!("\n- bad: {}", raised.0.sentence())
    });
    let expected = expected.replace("FLAGS", &format!("**2 red flags**\n{}", flags.concat()));
    assert_eq!(summary(&report, Some("https://example.org/?scenario=%7B%7D")), expected);
}

#[test]
fn a_summary_of_a_run_without_losses_is_short() {
    let facts = Facts { device: None, ..facts() };
    let report = Report::new(&Scenario::default(), &facts, &RunLog::default(), &Snapshot::default());
    let text = summary(&report, None);
    for part in [
        "\nNothing was lost.\n",
        "| faults on purpose | none |",
        "callbacks of up to unknown size |",
        "| lost | 0 frames (0 %) |",
        "| device underruns, by the browser's count | unknown |",
        "\nNo link plays this again: it holds files of one computer.\n",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("| cause |") && !text.contains("The latest"), "{text}");
}

#[test]
fn the_report_for_people_is_the_report() {
    let report = report();
    let pretty = json(&report);
    assert!(
        pretty.starts_with("{\n  \"schema\": 1,\n  \"scenario\": {\n    \"strategy\": \"ring\",\n"),
        "{pretty}"
    );
    assert!(pretty.ends_with("\n}\n"));
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert_eq!(value(&pretty), value(&report.to_json()));
}
