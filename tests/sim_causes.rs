//! Is the cause right? More than a thousand faults that were heard, of 34 kinds, in simulated time, over many rings, devices and workers. About half of them are caused by the public injector, whose
//! records say what really happened; the others come from outside of it. Each is held against what the event log of a page says that looks four times a second: the page's code is the one that ships.
//!
//! A fault is one thing that went wrong, however many underruns it made: a stall, a night's sleep, one output with a ring that is too small. It is right if all that is said of it is right, settled, and
//! nothing is said of losses that nobody caused. Where a loss leaves the index signal alone, its place and its frames are those that the index at the output shows.
#![cfg(all(feature = "faults", feature = "explain"))]
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

#[path = "sim_causes/ear.rs"]
mod ear;
#[path = "sim_causes/injected.rs"]
mod injected;
#[path = "sim_causes/outside.rs"]
mod outside;
#[path = "sim_causes/page.rs"]
mod page;
#[path = "sim_causes/rig.rs"]
mod rig;
#[path = "sim_causes/tally.rs"]
mod tally;

use std::fmt::Debug;

use injected::Injected;
use noxrun::inject::Random;
use noxrun::ledger::{Cause, Ending, LogEntry};
use outside::Outside;
use rig::{Rig, SETTLES_MS, is_right};
use tally::Tally;

/// Faults of each kind from outside, at least; by the injector, which has fewer kinds, a fifth more. (NOXRUN_EACH and NOXRUN_SEED try others.)
const EACH: usize = 60;

/// Prints what is wrong, when asked to (NOXRUN_SHOW).
fn show(kind: impl Debug, rig: &Rig, loss: &LogEntry, right: &[Cause]) {
    if !is_right(loss, right) && std::env::var_os("NOXRUN_SHOW").is_some() {
        eprintln!("{kind:?}: {loss:?}\n  {:?}", rig.shape);
    }
}

fn wanted(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn causes_are_right_for_faults_of_every_kind() {
    let each = wanted("NOXRUN_EACH").map_or(EACH, |each| each as usize);
    let seed = wanted("NOXRUN_SEED").unwrap_or(0) * 1_000_000;
    let outside =
        (Outside::ALL.into_iter().zip(seed + 1_000..)).map(|(kind, seed)| (format!("{kind:?}"), false, kind.campaign(each, seed)));
    let injected = (Injected::ALL.into_iter().zip(seed + 2_000..))
        .map(|(kind, seed)| (format!("injected {kind:?}"), true, kind.campaign(each * 6 / 5, seed)));
    let (mut all, mut by_injector, mut kinds, mut right, mut unknown) = (Tally::default(), 0, 0.0, 0.0, 0.0);
    for (name, injected, tally) in outside.chain(injected) {
        println!("{name}: {tally}");
        // Most have to be heard, but for those that must not be.
        assert!(2 * tally.judged > tally.faults, "{name} is too mild to say anything: {tally}");
        assert!(tally.right_share() >= 0.97, "{name}: {tally}");
        all.add(&tally);
        by_injector += if injected { tally.heard } else { 0 };
        // By kind as well, or those with many faults would hide the others.
        kinds += 1.0;
        right += tally.right_share();
        unknown += tally.unknown_share();
    }
    let injected = by_injector as f64 / all.heard as f64;
    println!("all {kinds} kinds: {all}");
    println!(
        "right: {:.2} % of the faults, {:.2} % by kind; unknown: {:.2} %, {:.2} %; of those heard {:.0} % were injected",
        100.0 * all.right_share(),
        100.0 * right / kinds,
        100.0 * all.unknown_share(),
        100.0 * unknown / kinds,
        100.0 * injected,
    );
    assert!(all.heard >= 1_000, "{all}");
    assert!((0.4..=0.5).contains(&injected), "at least half of them from outside");
    assert!(all.right_share() >= 0.99 && right >= 0.99 * kinds);
    assert!(all.unknown_share() <= 0.01 && unknown <= 0.01 * kinds);
}

#[test]
fn what_is_lost_after_a_sleep_is_dated_by_the_calendar() {
    let mut random = Random::new(7);
    let mut stopped = 0;
    for _ in 0..20 {
        let mut rig = Rig::outside(Outside::Sleep.shape(&mut random));
        rig.warm_up();
        let mut tally = Tally::default();
        for kind in [Outside::Sleep, Outside::Block, Outside::Sleep, Outside::Block] {
            kind.once(&mut rig, &mut random, &mut tally);
        }
        assert!(tally.heard >= 2, "{tally}");
        stopped += rig.stops.count();
    }
    assert!(
        (10..30).contains(&stopped),
        "in about half of 40 sleeps the clocks stand still: {stopped}"
    );
}

#[test]
fn what_is_lost_as_the_output_pauses_keeps_its_cause() {
    let mut random = Random::new(11);
    for (cause, happen) in [
        (Cause::Stalled, (|rig, ms| rig.strings.block_ms.set(ms)) as fn(&Rig, f64)),
        (Cause::Stalled, |rig, ms| rig.strings.dry_until.set(rig.now_ms() + ms)),
        (Cause::WokenLate, |rig, ms| rig.strings.oversleep_ms.set(ms)),
        (Cause::WokenLate, |rig, ms| rig.simulation.world().freeze(rig.now_ms(), ms)),
    ] {
        for _ in 0..10 {
            let mut rig = Rig::outside(Outside::PreemptAsleep.shape(&mut random));
            rig.warm_up();
            happen(&rig, rig.shape.ring_ms() + 120.0);
            // In the midst of the loss.
            rig.page.pauses(rig.now_ms() + rig.shape.ring_ms() + 60.0);
            rig.simulation.run_for(rig.shape.ring_ms() + SETTLES_MS);
            let losses = rig.losses();
            assert!(losses.len() == 1 && is_right(&losses[0], &[cause]), "{losses:?}");
            assert_eq!(losses[0].ended_by, Some(Ending::Paused), "{losses:?}");
        }
    }
}
