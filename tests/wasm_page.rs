//! In a page of a real browser: the ring, and the whole path from worker to worklet with a stall on purpose.
#![cfg(target_family = "wasm")]

#[path = "common/ring_cases.rs"]
mod ring_cases;
#[path = "common/wait.rs"]
mod wait;

use noxrun::consume::BurstMeter;
use noxrun::ledger::Ending;
use noxrun::web::page::{LatencyHint, Output, OutputOptions, OutputState, SourceSpec, shareable};
use wait::{until, wait};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

ring_tests!(wasm_bindgen_test);

async fn start(options: OutputOptions) -> Output {
    let output = Output::start(options).await.expect("an output");
    until("the first frame", || output.facts().startup.first_frame_ms.is_some()).await;
    output
}

#[wasm_bindgen_test]
fn the_test_page_may_share_memory() {
    shareable().expect("the runner sends both headers");
}

#[wasm_bindgen_test]
async fn the_whole_path_plays_and_a_stall_is_one_underrun() {
    let output = start(OutputOptions {
        source: SourceSpec::Index,
        buffer_frames: 8192,
        ..OutputOptions::default()
    })
    .await;
    wait(1500).await;
    let before = output.snapshot().expect("a snapshot");
    assert_eq!(before.imbalance(), 0);
    assert_eq!(
        (
            before.consumer.underrun_events,
            before.consumer.skipped,
            before.consumer.replayed,
            before.consumer.torn
        ),
        (0, 0, 0, 0)
    );
    assert!(before.consumer.fresh > 20_000, "{before:?}");

    // Longer than the ring lasts, whatever the rate: an underrun must follow, exactly one.
    output.set_buffer_frames(1024).expect("a size in range");
    wait(400).await;
    output.freeze(300);
    until("the underrun and its end", || {
        output
            .snapshot()
            .is_some_and(|now| now.underruns.last().is_some_and(|event| event.ended_by != Ending::Open))
    })
    .await;
    output.close().await;
    let after = output.snapshot().expect("a snapshot");
    assert_eq!(output.state(), OutputState::Closed);
    assert_eq!(after.imbalance(), 0, "{after:?}");
    let longest = after.underruns.iter().max_by_key(|event| event.frames).expect("an underrun");
    let frozen = f64::from(output.facts().sample_rate) * 0.3;
    assert!(
        longest.frames as f64 > frozen - 1024.0 - 2048.0,
        "{longest:?}: frozen for {frozen} frames"
    );
    // A machine that stops this tab adds underruns of its own; the frames must add up all the same.
    assert_eq!(
        after.underruns.iter().map(|event| event.frames).sum::<u64>(),
        after.consumer.underrun_frames
    );
    assert_eq!(after.consumer.underrun_frames, after.consumer.concealed + after.consumer.silent[4]);
    // Nothing was lost: what is late is played later.
    assert_eq!((after.consumer.skipped, after.consumer.replayed, after.consumer.torn), (0, 0, 0));
    assert_eq!(after.injections.len(), 1);
    assert!(after.injections[0].lasted_ms >= 299.0);
}

#[wasm_bindgen_test]
async fn render_quanta_and_channel_counts_of_all_kinds_play() {
    for (quantum, channels) in [(None, 1), (Some(283), 2), (Some(1024), 6), (None, 32)] {
        let options = OutputOptions {
            source: SourceSpec::Index,
            buffer_frames: 8192,
            render_quantum: quantum,
            channels,
            latency_hint: LatencyHint::Playback,
            ..OutputOptions::default()
        };
        let output = start(options).await;
        wait(300).await;
        output.close().await;
        let snapshot = output.snapshot().expect("a snapshot");
        assert_eq!(snapshot.imbalance(), 0);
        assert_eq!(
            (snapshot.consumer.skipped, snapshot.consumer.replayed, snapshot.consumer.torn),
            (0, 0, 0)
        );
        assert!(snapshot.consumer.fresh > 0);
        if let Some(quantum) = quantum {
            assert_eq!(snapshot.consumer.quantum, u64::from(quantum), "the browser's quantum");
        }
    }
}

#[wasm_bindgen_test]
async fn callbacks_are_counted_anew_after_the_device_was_away() {
    let output = start(OutputOptions::default()).await;
    let counted = || output.snapshot().map_or(0, |now| now.consumer.bursts.iter().sum::<u64>());
    until("enough callbacks", || counted() == u64::from(BurstMeter::CALLBACKS)).await;
    JsFuture::from(output.context().suspend().expect("can be suspended"))
        .await
        .expect("suspended");
    JsFuture::from(output.context().resume().expect("can be resumed"))
        .await
        .expect("resumed");
    until("another count", || (1..u64::from(BurstMeter::CALLBACKS)).contains(&counted())).await;
    output.close().await;
}

#[wasm_bindgen_test]
async fn the_steady_state_allocates_nothing_in_wasm() {
    for source in [SourceSpec::Sine { hz: 440.0 }, SourceSpec::Synth { voices: 64 }] {
        let output = start(OutputOptions {
            source,
            ..OutputOptions::default()
        })
        .await;
        wait(1000).await;
        output.close().await;
        let snapshot = output.snapshot().expect("a snapshot");
        assert!(snapshot.producer.blocks > 100, "{snapshot:?}");
        assert_eq!((snapshot.producer.allocations, snapshot.consumer.allocations), (0, 0));
    }
}

#[wasm_bindgen_test]
async fn sources_change_while_it_plays() {
    let output = start(OutputOptions {
        source: SourceSpec::Sine { hz: 440.0 },
        ..OutputOptions::default()
    })
    .await;
    output.set_source(SourceSpec::Synth { voices: 4 }).await.expect("the synth");
    wait(300).await;
    let error = output
        .set_source(SourceSpec::Index)
        .await
        .expect_err("the index needs its own output");
    assert_eq!(error.code(), "option");
    output.close().await;
    let snapshot = output.snapshot().expect("a snapshot");
    assert!(
        snapshot.consumer.dropped[2] > 0,
        "what was rendered of the old source is dropped by seek: {snapshot:?}"
    );
    assert_eq!(snapshot.imbalance(), 0);
}

#[wasm_bindgen_test]
async fn settings_out_of_range_are_refused_by_name_and_range() {
    let error = Output::start(OutputOptions {
        buffer_frames: 32,
        ..OutputOptions::default()
    })
    .await
    .err()
    .expect("too small");
    assert_eq!(error.to_string(), "the ring's size is 32: it must be 64 to 16384 frames");
    let error = Output::start(OutputOptions {
        channels: 33,
        ..OutputOptions::default()
    })
    .await
    .err()
    .expect("too many");
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("out-of-range", "the channel count is 33: it must be 1 to 32")
    );
    let error = Output::start(OutputOptions {
        source: SourceSpec::Synth { voices: 257 },
        ..OutputOptions::default()
    })
    .await;
    assert_eq!(
        error.err().expect("too many").to_string(),
        "the synth's voices is 257: it must be 1 to 256"
    );
}

#[wasm_bindgen_test]
async fn a_panic_in_the_producer_is_told_and_balanced() {
    let output = start(OutputOptions::default()).await;
    output.crash();
    until("the loss", || matches!(output.state(), OutputState::Lost(_))).await;
    let OutputState::Lost(why) = output.state() else { unreachable!() };
    assert!(why.contains("the page asked for a crash"), "{why}");
    wait(100).await;
    output.close().await;
    assert_eq!(output.snapshot().expect("a snapshot").imbalance(), 0);
    // And the next one plays.
    start(OutputOptions::default()).await.close().await;
}
