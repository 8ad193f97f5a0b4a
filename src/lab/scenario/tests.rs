use serde_json::json;

use super::*;
use crate::inject::FaultKind;

fn refused(value: Value) -> String {
    Scenario::from_value(&value).expect_err("this must be refused").to_string()
}

fn read(value: Value) -> Scenario {
    Scenario::from_value(&value).expect("this must be accepted")
}

#[test]
fn nothing_given_is_the_default() {
    let scenario = Scenario::default();
    assert_eq!(scenario.source, SourceChoice::Synth { voices: 16 });
    assert_eq!(
        (scenario.seconds, scenario.channels, scenario.buffer_frames, scenario.block_frames),
        (5.0, 2, 2048, 256)
    );
    assert_eq!(
        (scenario.latency_hint, scenario.render_quantum, scenario.sample_rate),
        (Hint::Interactive, None, None)
    );
    assert_eq!(
        (scenario.strategy, scenario.queue_depth, scenario.conceal),
        (Strategy::Ring, None, Conceal::Fade)
    );
    assert_eq!((scenario.late, scenario.latency), ("complete", "fixed"));
    assert!(scenario.stress.is_empty());
    assert_eq!(read(json!({ "bufferFrames": 64 })).block_frames, 32, "half of a small ring");
}

#[test]
fn everything_given_is_understood() {
    let scenario = read(json!({
        "strategy": "ring", "queueDepth": null, "source": { "kind": "sine", "hz": 1000.5 }, "seconds": 0.1, "channels": 32, "bufferFrames": 16384,
        "blockFrames": 8192, "latencyHint": 0.02, "renderQuantum": 283, "sampleRate": 44100, "pace": { "kind": "demand" }, "conceal": "fade",
        "late": "complete", "latency": "fixed", "seed": 9_007_199_254_740_991u64,
        "stress": [
            { "kind": "stall", "ms": 20, "everyMs": 100, "jitterMs": 30 },
            { "kind": "jank", "ms": 150, "everyMs": 500 },
            { "kind": "hogs", "count": 3 },
            { "kind": "kill", "atMs": 100, "by": "panic" },
        ],
    }));
    assert_eq!(scenario.source, SourceChoice::Sine { hz: 1000.5 });
    assert_eq!(
        (scenario.channels, scenario.buffer_frames, scenario.block_frames),
        (32, 16_384, 8192)
    );
    assert_eq!(
        (scenario.latency_hint, scenario.render_quantum, scenario.sample_rate),
        (Hint::Seconds(0.02), Some(283), Some(44_100.0))
    );
    assert_eq!(scenario.seed, MAX_SEED);
    assert_eq!(
        scenario.stress[0],
        Stress::Output(Fault::Stall {
            ms: 20.0,
            every_ms: 100.0,
            jitter_ms: 30.0
        })
    );
    assert_eq!(
        scenario.stress[1],
        Stress::Jank {
            ms: 150.0,
            every_ms: 500.0
        }
    );
    assert_eq!(scenario.stress[2], Stress::Hogs { count: 3 });
    assert_eq!(
        scenario.stress[3],
        Stress::Kill {
            at_ms: 100.0,
            by: KillBy::Panic
        }
    );
    assert_eq!(Scenario::from_json(&scenario.to_json()), Ok(scenario));
}

#[test]
fn sources_and_their_defaults() {
    assert_eq!(
        read(json!({ "source": { "kind": "sine" } })).source,
        SourceChoice::Sine { hz: 440.0 }
    );
    assert_eq!(read(json!({ "source": { "kind": "index" } })).source, SourceChoice::Index);
    assert_eq!(
        read(json!({ "source": { "kind": "synth", "voices": 256.0 } })).source,
        SourceChoice::Synth { voices: 256 }
    );
    assert_eq!(
        read(json!({ "source": { "kind": "file", "url": "a.flac" } })).source,
        SourceChoice::File { url: "a.flac".into() }
    );
    assert_eq!(
        read(json!({ "latencyHint": "playback", "renderQuantum": "default" })).latency_hint,
        Hint::Playback
    );
}

/// One of each kind.
fn one_of_each() -> Value {
    json!([
        { "kind": "stall", "ms": 1, "everyMs": 1.5, "jitterMs": 1.5 },
        { "kind": "slow", "share": 10 },
        { "kind": "late", "ms": 60_000, "everyMs": 3_600_000 },
        { "kind": "jank", "ms": 150, "everyMs": 500 },
        { "kind": "gc", "everyMs": 30 },
        { "kind": "hogs", "count": 3 },
        { "kind": "burst", "frames": 32_768, "everyMs": 5 },
        { "kind": "kill", "atMs": 100, "by": "panic" },
        { "kind": "suspend", "atMs": 0, "ms": 400 },
        { "kind": "rate", "ppm": -500_000 },
        { "kind": "skip", "everyBlocks": 1 },
        { "kind": "replay", "everyBlocks": 1_000_000 },
        { "kind": "tear", "everyBlocks": 2 },
        { "kind": "alias" },
        { "kind": "allocate" },
    ])
}

#[test]
fn one_of_each_kind_is_understood_and_taken_by_the_output() {
    let scenario = read(json!({ "pace": { "kind": "timer", "periodMs": 5.5, "jitterMs": 2 }, "stress": one_of_each() }));
    assert_eq!(
        scenario.pace,
        Pace::Timer {
            period_ms: Some(5.5),
            jitter_ms: 2.0
        }
    );
    let kinds: Vec<_> = scenario.stress.iter().map(Stress::kind).collect();
    assert_eq!(kinds, FaultKind::ALL.map(FaultKind::name));
    assert_eq!(Fault::check_all(&scenario.faults(), scenario.pace.producers(1)), Ok(()));
    assert_eq!(scenario.faults().len(), 11, "the page does the other four");
    let shown = serde_json::to_value(&scenario).expect("JSON");
    assert_eq!(
        (&shown["stress"][0], &shown["stress"][13]),
        (
            &json!({ "kind": "stall", "ms": 1.0, "everyMs": 1.5, "jitterMs": 1.5 }),
            &json!({ "kind": "alias" })
        )
    );
    assert_eq!(Scenario::from_json(&scenario.to_json()), Ok(scenario));
    let all = read(json!({ "pace": { "kind": "timer" }, "stress": [{ "kind": "gc" }] }));
    assert_eq!(all.faults(), [Fault::Gc { every_ms: None }]);
    assert_eq!(Scenario::from_json(&all.to_json()), Ok(all));
}

#[test]
fn what_is_unknown_is_refused_by_name_with_what_is_known() {
    let all = KNOWN.map(|name| format!("`{name}`")).join(", ");
    assert_eq!(
        refused(json!({ "bufferFrame": 512 })),
        format!("unknown field `bufferFrame`: known are {all}")
    );
    assert_eq!(
        refused(json!({ "nonsense": null })),
        format!("unknown field `nonsense`: known are {all}")
    );
    assert_eq!(
        refused(json!({ "source": { "kind": "sine", "Hz": 5 } })),
        "unknown field `source.Hz`: known are `kind`, `hz`"
    );
    assert_eq!(
        refused(json!({ "source": { "kind": "index", "hz": 5 } })),
        "unknown field `source.hz`: known are `kind`"
    );
    assert_eq!(
        refused(json!({ "pace": { "kind": "demand", "periodMs": 5 } })),
        "unknown field `pace.periodMs`: known are `kind`"
    );
    let stress = json!({ "stress": [{ "kind": "hogs", "count": 1 }, { "kind": "jank", "ms": 5, "everyMs": 50, "jitterMs": 1 }] });
    assert_eq!(
        refused(stress),
        "unknown field `stress[1].jitterMs`: known are `kind`, `ms`, `everyMs`"
    );
    assert_eq!(
        refused(json!({ "source": { "kind": "noise" } })),
        "`source.kind` is 'noise': it must be one of 'sine', 'index', 'synth', 'file'"
    );
    assert_eq!(
        refused(json!({ "strategy": "rings" })),
        "`strategy` is 'rings': it must be one of 'ring', 'double', 'triple', 'queue', 'message-copy', 'message-transfer', 'main-thread', 'in-worklet', 'buffer-source'"
    );
    assert_eq!(
        refused(json!({ "stress": [{ "kind": "flood" }] })),
        "`stress[0].kind` is 'flood': it must be one of 'stall', 'slow', 'late', 'jank', 'gc', 'hogs', 'burst', 'kill', 'suspend', 'rate', 'skip', 'replay', 'tear', 'alias', 'allocate'"
    );
}

#[test]
fn what_comes_later_is_refused_with_what_can_be_had() {
    assert_eq!(
        refused(json!({ "conceal": "extrapolate" })),
        "`conceal` 'extrapolate' cannot be honoured yet: 'fade', 'silence', 'hold', 'repeat' can"
    );
    assert_eq!(
        refused(json!({ "late": "live" })),
        "`late` 'live' cannot be honoured yet: 'complete' can"
    );
    assert_eq!(
        refused(json!({ "latency": "auto" })),
        "`latency` 'auto' cannot be honoured yet: 'fixed' can"
    );
    assert!(refused(json!({ "renderQuantum": "hardware" })).starts_with("`renderQuantum` 'hardware' cannot be honoured yet"));
}

#[test]
fn what_is_out_of_range_or_of_the_wrong_kind_is_refused_with_its_range() {
    assert_eq!(
        refused(json!({ "bufferFrames": 63 })),
        "`bufferFrames` is 63: it must be a whole number from 64 to 16384 frames"
    );
    assert_eq!(
        refused(json!({ "bufferFrames": "512" })),
        "`bufferFrames` is '512': it must be a whole number from 64 to 16384 frames"
    );
    assert_eq!(
        refused(json!({ "channels": 2.5 })),
        "`channels` is 2.5: it must be a whole number from 1 to 32"
    );
    assert_eq!(
        refused(json!({ "seconds": 0 })),
        "`seconds` is 0: it must be a number from 0.1 to 3600 s"
    );
    assert_eq!(
        refused(json!({ "sampleRate": 7999 })),
        "`sampleRate` is 7999: it must be a number from 8000 to 192000 Hz"
    );
    assert_eq!(
        refused(json!({ "source": { "kind": "sine", "hz": 0 } })),
        "`source.hz` is 0: it must be a number from 1 to 20000 Hz"
    );
    assert_eq!(refused(json!({ "source": "sine" })), "`source` is 'sine': it must be an object");
    assert!(refused(json!({ "source": {} })).starts_with("`source.kind` is missing"));
    assert!(refused(json!({ "source": { "kind": "file" } })).starts_with("`source.url` is missing"));
    assert_eq!(refused(json!([1])), "`scenario` is [1]: it must be an object");
    for wrong in [
        json!({ "channels": 0 }),
        json!({ "channels": 33 }),
        json!({ "channels": true }),
        json!({ "bufferFrames": 16385 }),
        json!({ "blockFrames": 0 }),
        json!({ "blockFrames": 8193, "bufferFrames": 16384 }),
        json!({ "latencyHint": -1 }),
        json!({ "latencyHint": 10.5 }),
        json!({ "latencyHint": "fast" }),
        json!({ "latencyHint": [] }),
        json!({ "renderQuantum": 32769 }),
        json!({ "renderQuantum": "big" }),
        json!({ "seed": -1 }),
        json!({ "seed": 9_007_199_254_740_992u64 }),
        json!({ "seed": 1.5 }),
        json!({ "seconds": 3600.1 }),
        json!({ "source": { "kind": "synth", "voices": 257 } }),
        json!({ "source": { "kind": "file", "url": " " } }),
        json!({ "pace": "demand" }),
        json!({ "pace": { "kind": "clock" } }),
        json!({ "pace": { "kind": "timer", "periodMs": 0 } }),
        json!({ "pace": { "kind": "timer", "jitterMs": -1 } }),
        json!({ "pace": {} }),
        json!({ "conceal": 1 }),
    ] {
        let text = refused(wrong.clone());
        assert!(text.contains(": it must be ") && text.starts_with('`'), "{wrong}: {text}");
    }
    let text = refused(json!({ "conceal": "x".repeat(5000) }));
    assert!(text.len() < 140, "{text}");
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    assert_eq!(
        refused(json!({ "bufferFrames": 512, "blockFrames": 513 })),
        "`blockFrames` is 513: it must be at most `bufferFrames`, which is 512 frames: a larger block never fits into the ring"
    );
    assert_eq!(
        refused(json!({ "pace": { "kind": "timer", "jitterMs": -0.5 } })),
        "`pace.jitterMs` is -0.5: it must be a number from 0 to 10000 ms"
    );
    let one = |fault: Value| refused(json!({ "stress": [{ "kind": "hogs", "count": 1 }, fault] }));
    assert_eq!(
        one(json!({ "kind": "stall", "ms": 100, "everyMs": 100 })),
        "`stress[1].everyMs` is 100: it must be more than `stress[1].ms`, which is 100 ms: else there is nothing between two faults"
    );
    assert_eq!(
        one(json!({ "kind": "stall", "ms": 10 })),
        "`stress[1].everyMs` is missing: it must be a number from 1 to 3600000 ms"
    );
    assert_eq!(
        one(json!({ "kind": "stall", "ms": 10, "everyMs": 50, "jitterMs": 51 })),
        "`stress[1].jitterMs` is 51: it must be a number from 0 to 50 ms (everyMs)"
    );
    assert_eq!(
        one(json!({ "kind": "kill", "atMs": 5001 })),
        "`stress[1].atMs` is 5001: it must be a number from 0 to 5000 ms (the run's length)"
    );
    assert_eq!(
        one(json!({ "kind": "kill", "atMs": 1, "by": "poison" })),
        "`stress[1].by` is 'poison': it must be one of 'terminate', 'panic'"
    );
    for (fault, message) in [
        (
            json!({ "kind": "slow" }),
            "`stress[1].share` is missing: it must be a number from 0.01 to 10 of a block's length",
        ),
        (
            json!({ "kind": "slow", "share": 0 }),
            "`stress[1].share` is 0: it must be a number from 0.01 to 10 of a block's length",
        ),
        (
            json!({ "kind": "late", "ms": 5, "everyMs": 5 }),
            "`stress[1].everyMs` is 5: it must be more than `stress[1].ms`, which is 5 ms: else there is nothing between two faults",
        ),
        (
            json!({ "kind": "gc", "everyMs": 0.5 }),
            "`stress[1].everyMs` is 0.5: it must be a number from 1 to 3600000 ms",
        ),
        (
            json!({ "kind": "burst", "frames": 32_769, "everyMs": 50 }),
            "`stress[1].frames` is 32769: it must be a whole number from 1 to 32768 frames",
        ),
        (
            json!({ "kind": "burst", "frames": 100 }),
            "`stress[1].everyMs` is missing: it must be a number from 1 to 3600000 ms",
        ),
        (
            json!({ "kind": "suspend", "atMs": 100 }),
            "`stress[1].ms` is missing: it must be a number from 1 to 60000 ms",
        ),
        (
            json!({ "kind": "suspend", "atMs": 5001, "ms": 100 }),
            "`stress[1].atMs` is 5001: it must be a number from 0 to 5000 ms (the run's length)",
        ),
        (
            json!({ "kind": "skip", "everyBlocks": 1.5 }),
            "`stress[1].everyBlocks` is 1.5: it must be a whole number from 1 to 1000000 blocks",
        ),
        (
            json!({ "kind": "replay" }),
            "`stress[1].everyBlocks` is missing: it must be a whole number from 1 to 1000000 blocks",
        ),
        (
            json!({ "kind": "alias", "everyBlocks": 3 }),
            "unknown field `stress[1].everyBlocks`: known are `kind`",
        ),
        (
            json!({ "kind": "rate", "ppm": 100 }),
            "`stress[1].kind` is 'rate': it must be run with `pace` {kind: 'timer'}: a producer that goes by the ring's room has no clock that could be off",
        ),
    ] {
        assert_eq!(one(fault), message);
    }
    assert!(one(json!({ "kind": "hogs", "count": 2 })).contains("one of each kind"));
    assert!(one(json!("stall")).starts_with("`stress[1]` is 'stall': it must be an object"));
    assert!(one(json!({ "ms": 5 })).starts_with("`stress[1].kind` is missing"));
    assert!(refused(json!({ "stress": { "kind": "gc" } })).starts_with("`stress` is {"));
    assert!(refused(json!({ "stress": [{ "kind": "hogs" }] })).starts_with("`stress[0].count` is missing"));
}

#[test]
fn what_is_kept_ahead_is_said_as_each_strategy_says_it() {
    for (given, ahead) in [
        (json!({}), (None, 2048, 256)),
        (json!({ "bufferFrames": 100 }), (None, 100, 50)),
        (json!({ "strategy": "message-copy" }), (None, 2048, 256)),
        (
            json!({ "strategy": "message-transfer", "bufferFrames": 4096, "blockFrames": 1024 }),
            (None, 4096, 1024),
        ),
        (
            json!({ "strategy": "main-thread", "bufferFrames": 16_384, "blockFrames": 8192 }),
            (None, 16_384, 8192),
        ),
        (json!({ "strategy": "buffer-source", "channels": 31 }), (None, 2048, 256)),
        (json!({ "strategy": "double" }), (None, 512, 512)),
        (json!({ "strategy": "triple", "blockFrames": 8192 }), (None, 8192, 8192)),
        (
            json!({ "strategy": "triple", "blockFrames": 1, "bufferFrames": null }),
            (None, 1, 1),
        ),
        (json!({ "strategy": "queue" }), (Some(3), 768, 256)),
        (json!({ "strategy": "queue", "queueDepth": 1 }), (Some(1), 256, 256)),
        (
            json!({ "strategy": "queue", "queueDepth": 32, "blockFrames": 512 }),
            (Some(32), 16_384, 512),
        ),
        (json!({ "strategy": "in-worklet" }), (None, 0, 0)),
    ] {
        let scenario = read(given.clone());
        assert_eq!(
            (scenario.queue_depth, scenario.buffer_frames, scenario.block_frames),
            ahead,
            "{given}"
        );
        let written = serde_json::to_value(&scenario).expect("JSON");
        let has = |field: &str| written.get(field).is_some();
        let (strategy, queue) = (scenario.strategy, scenario.strategy == Strategy::Queue);
        assert_eq!(
            (has("bufferFrames"), has("blockFrames"), has("queueDepth")),
            (takes_buffer(strategy), takes_block(strategy), queue),
            "{given}"
        );
        assert_eq!(Scenario::from_json(&scenario.to_json()), Ok(scenario), "{given}");
    }
}

#[test]
fn every_strategy_and_every_policy_is_understood_by_its_name() {
    for strategy in Strategy::ALL {
        assert_eq!(read(json!({ "strategy": strategy.name() })).strategy, strategy);
    }
    for conceal in Conceal::ALL {
        let scenario = read(json!({ "conceal": conceal.name() }));
        assert_eq!(scenario.conceal, conceal);
        assert_eq!(Scenario::from_json(&scenario.to_json()), Ok(scenario));
    }
}

#[test]
fn what_makes_no_sense_with_a_strategy_is_refused_with_the_reason() {
    for (given, message) in [
        (
            json!({ "strategy": "triple", "bufferFrames": 512 }),
            "`bufferFrames` is 512: it must be left out with `strategy` 'triple': that keeps one block ahead, so give `blockFrames`",
        ),
        (
            json!({ "strategy": "double", "bufferFrames": 512 }),
            "`bufferFrames` is 512: it must be left out with `strategy` 'double': that keeps one block ahead, so give `blockFrames`",
        ),
        (
            json!({ "strategy": "queue", "bufferFrames": 512 }),
            "`bufferFrames` is 512: it must be left out with `strategy` 'queue': that keeps `queueDepth` blocks of `blockFrames` ahead, so give these",
        ),
        (
            json!({ "strategy": "in-worklet", "bufferFrames": 512 }),
            "`bufferFrames` is 512: it must be left out with `strategy` 'in-worklet': that keeps nothing ahead",
        ),
        (
            json!({ "strategy": "in-worklet", "blockFrames": 128 }),
            "`blockFrames` is 128: it must be left out with `strategy` 'in-worklet': that renders a quantum at a time",
        ),
        (
            json!({ "queueDepth": 3 }),
            "`queueDepth` is 3: it must be left out with `strategy` 'ring': only a 'queue' has a depth",
        ),
        (
            json!({ "strategy": "triple", "queueDepth": 3 }),
            "`queueDepth` is 3: it must be left out with `strategy` 'triple': only a 'queue' has a depth",
        ),
        (
            json!({ "strategy": "queue", "queueDepth": 0 }),
            "`queueDepth` is 0: it must be a whole number from 1 to 32 blocks",
        ),
        (
            json!({ "strategy": "queue", "queueDepth": 33 }),
            "`queueDepth` is 33: it must be a whole number from 1 to 32 blocks",
        ),
        (
            json!({ "strategy": "queue", "queueDepth": 2.5 }),
            "`queueDepth` is 2.5: it must be a whole number from 1 to 32 blocks",
        ),
        (
            json!({ "strategy": "queue", "queueDepth": 17, "blockFrames": 1024 }),
            "`blockFrames` is 1024: it must be small enough for a queue of 16384 frames: 17 blocks of 1024 are 17408",
        ),
        (
            json!({ "strategy": "triple", "blockFrames": 8193 }),
            "`blockFrames` is 8193: it must be a whole number from 1 to 8192 frames",
        ),
        (
            json!({ "strategy": "message-copy", "bufferFrames": 64, "blockFrames": 65 }),
            "`blockFrames` is 65: it must be at most `bufferFrames`, which is 64 frames: a larger block never fits into the ring",
        ),
        (
            json!({ "strategy": "in-worklet", "pace": { "kind": "timer" } }),
            "`pace.kind` is 'timer': it must be 'demand' with `strategy` 'in-worklet': what renders inside process() is called by the device, and by nobody else",
        ),
        (
            json!({ "strategy": "in-worklet", "stress": [{ "kind": "late", "ms": 5, "everyMs": 50 }] }),
            "`stress[0].kind` is 'late': it must be run with another `strategy` than 'in-worklet': the audio thread never sleeps, so it never wakes late",
        ),
        (
            json!({ "strategy": "buffer-source", "stress": [{ "kind": "burst", "frames": 500, "everyMs": 50 }] }),
            "`stress[0].kind` is 'burst': it must be run with another `strategy` than 'buffer-source': what the browser plays by itself cannot be asked for more",
        ),
        (
            json!({ "strategy": "buffer-source", "channels": 32 }),
            "`channels` is 32: it must be at most 31 with `strategy` 'buffer-source': one more is needed for the numbers of the frames",
        ),
    ] {
        assert_eq!(refused(given), message);
    }
}

#[test]
fn where_there_is_no_worker_none_can_be_terminated() {
    for strategy in Strategy::ALL {
        let with = |fault: Value| json!({ "strategy": strategy.name(), "stress": [fault] });
        let killed = |fault: Value| match read(with(fault)).stress[..] {
            [Stress::Kill { by, .. }] => by,
            ref other => panic!("{other:?}"),
        };
        assert_eq!(killed(json!({ "kind": "kill", "atMs": 1, "by": "panic" })), KillBy::Panic);
        let terminated = json!({ "kind": "kill", "atMs": 1, "by": "terminate" });
        if strategy.has_worker() {
            assert_eq!(killed(json!({ "kind": "kill", "atMs": 1 })), KillBy::Terminate);
            assert_eq!(killed(terminated), KillBy::Terminate);
        } else {
            assert_eq!(killed(json!({ "kind": "kill", "atMs": 1 })), KillBy::Panic);
            let name = strategy.name();
            assert_eq!(
                refused(with(terminated)),
                format!(
                    "`stress[0].by` is 'terminate': it must be 'panic' with `strategy` '{name}': its producer has no worker that could be terminated"
                )
            );
        }
    }
}
