//! What the page makes of what it is told.

mod bounds;
mod circumstances;
mod device;
mod merging;
mod overruns;
mod ring_size;
mod times;

use super::*;
use crate::ledger::{OverrunEvent, ProducerAccount, SlipEvent, UnderrunEvent};

const RATE: f64 = 48_000.0;
/// When the page was opened, in ms since the epoch.
const EPOCH_MS: f64 = 1_700_000_000_000.0;

/// A log, what it sees, and the time.
struct Page {
    log: EventLog,
    now_ms: f64,
    snapshot: Snapshot,
}

impl Page {
    /// A device that asks for 512 frames at a time; nothing was asked for yet.
    fn new() -> Page {
        let mut snapshot = Snapshot::default();
        snapshot.consumer.quantum = 128;
        snapshot.consumer.bursts = vec![0, 0, 0, 0, 100];
        let mut page = Page {
            log: EventLog::new(RATE),
            now_ms: EPOCH_MS,
            snapshot,
        };
        page.look();
        page
    }

    /// Time goes by; the device asks for its frames meanwhile.
    fn wait(&mut self, ms: f64) {
        self.now_ms += ms;
        self.snapshot.consumer.requested += (ms * RATE / 1e3) as u64;
    }

    fn look(&mut self) {
        self.log.look(self.now_ms, &self.snapshot);
    }

    /// An underrun that began `ms` ago and has ended already; its number.
    fn underrun(&mut self, ago_ms: f64, frames: u64) -> u64 {
        let frame = self.snapshot.consumer.requested - (ago_ms * RATE / 1e3) as u64;
        self.snapshot.underruns.push(UnderrunEvent {
            frame,
            frames,
            quanta: frames.div_ceil(128),
            ended_by: Ending::Back,
            ..UnderrunEvent::default()
        });
        if self.snapshot.underruns.len() > 256 {
            self.snapshot.underruns.remove(0);
        }
        self.snapshot.consumer.underrun_events += 1;
        self.snapshot.consumer.underrun_events
    }

    /// The producer says of underrun `event` that it was woken late, and has just committed the missing frames.
    fn account(&mut self, event: u64) -> &mut ProducerAccount {
        self.snapshot
            .accounts
            .retain(|account| account.event + 256 > event && account.event != event);
        self.snapshot.accounts.push(ProducerAccount {
            event,
            at_ms: self.now_ms,
            spell_ms: 90.0,
            asleep_ms: 88.0,
            late_ms: 70.0,
            render_ms: 0.5,
            longest_ms: 0.5,
            blocks: 1,
            block_frames: 256,
            ahead_frames: 2048,
            limit_frames: 2048,
            asked_frames: 4320,
            ..ProducerAccount::default()
        });
        self.snapshot.accounts.last_mut().expect("it was just written")
    }

    fn latest(&self) -> LogEntry {
        *self.log.entries().last().expect("there is an entry")
    }
}
