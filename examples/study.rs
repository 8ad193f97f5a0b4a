//! The simulated half of `make study`: reads rows as JSON (what to play on which device, see [`Row`]) and prints what each comes to, as JSON in the same order.
//!
//! `cargo run --features lab --example study < rows.json`. The rows come from `benches/study`, which puts simulation and browser side by side: here stands no figure of the note, and none that was measured.

use noxrun::ledger::{DroppedBy, Snapshot};
use noxrun::render::Pace;
use noxrun::sim::{Device, Setup, Simulation};
use noxrun::strategy::Strategy;
use serde::{Deserialize, Serialize};

/// What is simulated.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    /// As scenarios name it.
    strategy: String,
    sample_rate: f32,
    /// Frames per render quantum.
    quantum: usize,
    /// Frames that a callback takes, on average.
    callback_frames: f64,
    block_frames: usize,
    /// Frames kept ahead, where the strategy can.
    #[serde(default = "two_thousand")]
    buffer_frames: usize,
    /// Blocks that a queue holds.
    #[serde(default = "three")]
    depth: usize,
    /// Whether the producer has a clock of its own.
    #[serde(default)]
    timer: bool,
    /// From one block to the next, in ms; a block's length where it is left out.
    #[serde(default)]
    period_ms: Option<f64>,
    /// By how much that clock is fast.
    #[serde(default)]
    ppm: f64,
    /// For how long.
    seconds: f64,
    /// Ends with the first frame that is lost.
    #[serde(default)]
    until_loss: bool,
}

fn two_thousand() -> usize {
    2048
}

fn three() -> usize {
    3
}

/// What it comes to. Shares are of what was played or produced, without the silence before the first frame.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    duplicate_frames: f64,
    duplicate_quanta: f64,
    duplicate_callbacks: f64,
    superseded: f64,
    stale_reads: Option<f64>,
    starved_quanta: f64,
    underruns: u64,
    torn_frames: u64,
    overflow_frames: u64,
    imbalance_frames: u64,
    /// When the first frame was lost, to within a second; `null`: none was.
    first_loss_seconds: Option<f64>,
}

fn share(some: u64, all: f64) -> f64 {
    if all > 0.0 { some as f64 / all } else { 0.0 }
}

fn overflow(snapshot: &Snapshot) -> u64 {
    snapshot.producer.dropped[DroppedBy::Overflow as usize]
}

fn outcome(row: &Row) -> Result<Outcome, String> {
    let strategy = Strategy::from_name(&row.strategy).ok_or_else(|| format!("no strategy is called {}", row.strategy))?;
    let pace = if row.timer {
        Pace::Timer {
            period_ms: row.period_ms,
            jitter_ms: 0.0,
            ppm: row.ppm,
            seed: 1,
        }
    } else {
        Pace::Demand
    };
    let setup = Setup {
        strategy,
        block_frames: row.block_frames,
        buffer_frames: row.buffer_frames,
        depth: row.depth,
        pace,
        device: Device {
            sample_rate: row.sample_rate,
            quantum: row.quantum,
            callback_frames: row.callback_frames,
            jitter_ms: 0.2,
            ..Device::default()
        },
        ..Setup::default()
    };
    let mut simulation = Simulation::of(setup).map_err(|error| format!("{row:?}: {error}"))?;
    let mut first_loss_seconds = None;
    // A second at a time: that is how exactly the first loss is dated.
    for second in 1..=row.seconds.ceil() as u64 {
        simulation.run_for(1_000.0);
        let snapshot = simulation.snapshot();
        if snapshot.imbalance() != 0 {
            return Err(format!("{row:?}: the books do not balance: {snapshot:?}"));
        }
        if first_loss_seconds.is_none() && (snapshot.consumer.underrun_events > 0 || overflow(&snapshot) > 0) {
            first_loss_seconds = Some(second as f64);
            if row.until_loss {
                break;
            }
        }
    }
    let snapshot = simulation.snapshot();
    let consumer = &snapshot.consumer;
    let played = (consumer.requested - snapshot.silent()) as f64;
    let superseded = snapshot.producer.dropped[DroppedBy::Superseded as usize] + consumer.dropped[DroppedBy::Superseded as usize];
    Ok(Outcome {
        duplicate_frames: share(consumer.repeated, played),
        duplicate_quanta: share(consumer.duplicate_quanta, played / row.quantum as f64),
        duplicate_callbacks: share(consumer.duplicate_callbacks, consumer.callbacks as f64),
        superseded: share(superseded, snapshot.producer.produced as f64),
        stale_reads: (consumer.reads > 0).then(|| share(consumer.stale_reads, consumer.reads as f64)),
        starved_quanta: share(consumer.starved_quanta, consumer.quanta as f64),
        underruns: consumer.underrun_events,
        torn_frames: consumer.changed,
        overflow_frames: overflow(&snapshot),
        imbalance_frames: snapshot.imbalance(),
        first_loss_seconds,
    })
}

fn main() -> Result<(), String> {
    let rows: Vec<Row> = serde_json::from_reader(std::io::stdin()).map_err(|error| format!("the rows cannot be read: {error}"))?;
    let outcomes = rows.iter().map(outcome).collect::<Result<Vec<_>, _>>()?;
    println!("{}", serde_json::to_string(&outcomes).map_err(|error| error.to_string())?);
    Ok(())
}
