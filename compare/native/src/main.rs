//! Noxrun's native ring beside rtrb: the same blocks through both, in turn, in one run; and its consumer with its ledger beside itself without. Prints JSON for `benches/run.mjs`.
//!
//! Blocks of 128 stereo frames, copied from a slice into the ring and from the ring into a slice. rtrb by its own bulk calls for `Copy` items
//! (`push_partial_slice`, `pop_partial_slice`); Noxrun by `Producer::write` and `Consumer::read`.

mod ledger;

use std::hint::{black_box, spin_loop};
use std::thread;
use std::time::Instant;

const CHANNELS: usize = 2;
const BLOCK_FRAMES: usize = 128;
const SAMPLES: usize = BLOCK_FRAMES * CHANNELS;
const CAPACITY_FRAMES: usize = 16_384;
/// Rounds of each contestant. Odd, so that the median is one of them.
const ROUNDS: usize = 101;
/// Blocks per round by one thread that pushes and pops in turn.
const ALONE_BLOCKS: usize = 10_000;
/// Blocks per round from one thread to another: 10^8 frames in all rounds. Rounds are short, so that most are not interrupted on a busy machine.
const SHARED_BLOCKS: usize = 8_000;
/// Looks at a full or empty ring before the thread lets others run; there may be fewer cores than threads.
const PATIENCE: u32 = 256;

/// The writing end of a ring: takes what fits, says how many samples that was.
trait Push: Send {
    fn push(&mut self, samples: &[f32]) -> usize;
}

/// The reading end of a ring: gives what is there, says how many samples that was.
trait Pop: Send {
    fn pop(&mut self, samples: &mut [f32]) -> usize;
}

impl Push for noxrun::ring::Producer {
    #[inline]
    fn push(&mut self, samples: &[f32]) -> usize {
        self.write(samples).expect("whole frames") * CHANNELS
    }
}

impl Pop for noxrun::ring::Consumer {
    #[inline]
    fn pop(&mut self, samples: &mut [f32]) -> usize {
        self.read(samples).expect("whole frames") * CHANNELS
    }
}

impl Push for rtrb::Producer<f32> {
    #[inline]
    fn push(&mut self, samples: &[f32]) -> usize {
        self.push_partial_slice(samples).0.len()
    }
}

impl Pop for rtrb::Consumer<f32> {
    #[inline]
    fn pop(&mut self, samples: &mut [f32]) -> usize {
        self.pop_partial_slice(samples).0.len()
    }
}

fn noxrun_ring() -> (impl Push, impl Pop) {
    let ring = noxrun::ring::Ring::new(CHANNELS, CAPACITY_FRAMES).expect("a good size");
    noxrun::ring::Ring::split(ring).expect("a new ring")
}

fn rtrb_ring() -> (impl Push, impl Pop) {
    rtrb::RingBuffer::new(CAPACITY_FRAMES * CHANNELS)
}

/// One thread, one block in, one block out. Nanoseconds per block (a push and a pop).
fn alone((mut push, mut pop): (impl Push, impl Pop)) -> f64 {
    let block = [0.5_f32; SAMPLES];
    let mut out = [0.0_f32; SAMPLES];
    let start = Instant::now();
    for _ in 0..ALONE_BLOCKS {
        assert_eq!(push.push(black_box(&block)), SAMPLES);
        assert_eq!(pop.pop(black_box(&mut out)), SAMPLES);
    }
    start.elapsed().as_nanos() as f64 / ALONE_BLOCKS as f64
}

/// Two threads at full speed. Nanoseconds per block that arrived.
fn shared((mut push, mut pop): (impl Push, impl Pop)) -> f64 {
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut block = [0.0_f32; SAMPLES];
            for number in 0..SHARED_BLOCKS {
                // Each block is another one, as a renderer's would be; the reader checks it.
                block[0] = number as f32;
                let mut done = 0;
                let mut looks = 0;
                while done < SAMPLES {
                    done += push.push(&black_box(&block)[done..]);
                    if done < SAMPLES {
                        rest(&mut looks);
                    }
                }
            }
        });
        let mut out = [0.0_f32; SAMPLES];
        for number in 0..SHARED_BLOCKS {
            let mut done = 0;
            let mut looks = 0;
            while done < SAMPLES {
                done += pop.pop(&mut black_box(&mut out)[done..]);
                if done < SAMPLES {
                    rest(&mut looks);
                }
            }
            assert_eq!(out[0], number as f32, "a block came out of order");
        }
    });
    start.elapsed().as_nanos() as f64 / SHARED_BLOCKS as f64
}

fn rest(looks: &mut u32) {
    *looks += 1;
    if looks.is_multiple_of(PATIENCE) {
        thread::yield_now();
    } else {
        spin_loop();
    }
}

/// Rounds in turn, A B A B, the first of them thrown away: what disturbs the machine disturbs both.
fn in_turn(mut ours: impl FnMut() -> f64, mut theirs: impl FnMut() -> f64) -> (Vec<f64>, Vec<f64>) {
    (ours(), theirs());
    // Who goes first changes from round to round.
    (0..ROUNDS)
        .map(|round| {
            if round % 2 == 0 {
                let ours = ours();
                (ours, theirs())
            } else {
                let theirs = theirs();
                (ours(), theirs)
            }
        })
        .unzip()
}

fn main() {
    let alone = in_turn(|| alone(noxrun_ring()), || alone(rtrb_ring()));
    let shared = in_turn(|| shared(noxrun_ring()), || shared(rtrb_ring()));
    let ledger::Times { shipped, bare, drained } = ledger::times();
    println!(
        r#"{{"blockFrames":{BLOCK_FRAMES},"capacityFrames":{CAPACITY_FRAMES},"alone":{{"noxrun":{:?},"rtrb":{:?}}},"contended":{{"noxrun":{:?},"rtrb":{:?}}},"ledger":{{"shipped":{shipped:?},"bare":{bare:?},"drained":{drained:?}}}}}"#,
        alone.0, alone.1, shared.0, shared.1
    );
}
