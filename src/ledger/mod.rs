//! The ledger: what became of every frame.
//!
//! Frames at the context's rate. Each counter is incremented where its event happens; none is derived from others, or the sums below would always be right.
//!
//! - consumer: `requested = fresh + repeated + concealed + silent`
//! - producer: `produced = fresh + dropped + in flight`, where in flight is the difference of the ring's positions
//!
//! The counters lie in the output's shared memory ([`SharedOutput`](crate::shared::SharedOutput)), written by the side that owns them; the page copies the block's bytes and decodes
//! a [`Snapshot`] that its sequence numbers show to be consistent.

mod blocks;
mod cause;
mod events;
mod lateness;
mod log;
mod snapshot;
mod verdict;

pub use blocks::{
    BURST_BUCKETS, ConsumerLedger, DroppedBy, FILL_BUCKETS, FoundKind, LATENESS_BUCKETS, ProducerLedger, ProducerState, SilentBy,
    lateness_bucket, lateness_edge_ms,
};
pub use cause::{Cause, Circumstances, cause, overrun_cause};
pub use events::{
    Account, Ending, INJECTION_SLOTS, Injection, OVERRUN_SLOTS, Overrun, SLIP_SLOTS, Slip, SlipKind, UNDERRUN_SLOTS, Underrun,
};
pub use lateness::Lateness;
pub use log::{Calendar, EventKind, EventLog, Evidence, Folded, LogEntry, Sight, drift_ppm};
pub use snapshot::{ConsumerCounts, InjectedFault, OverrunEvent, ProducerAccount, ProducerCounts, SlipEvent, Snapshot, UnderrunEvent};
pub use verdict::{Findings, Flag, Status, Unit, Verdict, verdicts};
