//! What was sent to a decoder and what came back: which output belongs to which packet.

use std::collections::VecDeque;

/// Offset, in microseconds, between the timestamps of one [reset](Answers::reset) and the next: 12.7 days.
const EPOCH_US: i64 = 1 << 40;
/// Epochs that are told apart. An output would have to be late by as many seeks to be mistaken; and the largest stamp, times 192,000 Hz, still fits 64 bits in whatever the browser reckons with.
const EPOCHS: u64 = 8;
/// Packets that may stay unanswered beyond those which the decoder has still to take. A packet that a decoder passes over in silence leaves one here.
const SLACK: usize = 32;

/// A packet on its way.
pub(super) struct Packet {
    /// Timestamp as the caller gave it, in microseconds.
    pub start_us: i64,
    /// For sending it again when the decoder had to be replaced.
    pub bytes: Vec<u8>,
}

/// Decoded frames that nobody has asked for yet.
pub(super) struct Decoded {
    pub rate: u32,
    pub channels: usize,
    pub start_us: i64,
    /// Interleaved.
    pub samples: Vec<f32>,
}

/// Packets sent and not answered, and outputs not fetched.
///
/// The browser is not given the file's timestamps: negative ones, and those of damaged files, are beyond what it takes. It gets *stamps*: microseconds since the first packet
/// after a reset, plus an offset that changes with every reset, so that what was already on its way is known as stale.
#[derive(Default)]
pub(super) struct Answers {
    pub sent: VecDeque<Packet>,
    pub sounds: VecDeque<Decoded>,
    epoch: u64,
    /// Start of the first packet since the reset.
    origin_us: Option<i64>,
}

impl Answers {
    /// Forgets everything; outputs that still come are stale.
    pub fn reset(&mut self) {
        self.sent.clear();
        self.sounds.clear();
        self.epoch += 1;
        self.origin_us = None;
    }

    /// Notes a packet. `queued`: chunks that the decoder has still to take.
    pub fn send(&mut self, bytes: &[u8], start_us: i64, queued: usize) {
        while self.sent.len() > queued + SLACK {
            self.sent.pop_front();
        }
        self.origin_us.get_or_insert(start_us);
        self.sent.push_back(Packet {
            start_us,
            bytes: bytes.to_vec(),
        });
    }

    /// The timestamp for the browser of a packet that starts at `start_us`.
    pub fn stamp(&self, start_us: i64) -> f64 {
        let since = start_us.saturating_sub(self.origin_us.unwrap_or(start_us));
        (self.offset() + since.clamp(0, EPOCH_US / 2 - 1)) as f64
    }

    /// Takes an output's stamp: the start of the packet it belongs to, which is answered now as are those before it; `None` if it is stale.
    ///
    /// Chromium counts outputs on in frames from the first packet, others take each packet's own stamp; both round. So an output belongs to the unanswered packet that is nearest.
    pub fn answer(&mut self, stamp: f64) -> Option<i64> {
        let since = stamp as i64 - self.offset();
        if !(-EPOCH_US / 2..EPOCH_US / 2).contains(&since) {
            return None;
        }
        let at = since.saturating_add(self.origin_us?);
        let nearest = (0..self.sent.len()).min_by_key(|&index| self.sent[index].start_us.abs_diff(at));
        let Some(index) = nearest else { return Some(at) };
        self.sent.drain(..=index).next_back().map(|packet| packet.start_us)
    }

    fn offset(&self) -> i64 {
        // From 1 on: a rounded stamp is never negative.
        (self.epoch % EPOCHS + 1) as i64 * EPOCH_US
    }
}
