//! The ledger as two tables: what the browser asked for, and what the producer made.

use wasm_bindgen::JsValue;

use super::dom::{Bar, Mark, Text, element};
use super::format::{Grouped, Share};
use super::report::torn_frames;
use crate::ledger::{DroppedBy, SilentBy, Snapshot};

/// Both tables and the line below them.
#[derive(Debug)]
pub(super) struct LedgerTable {
    requested: Text,
    /// fresh, repeated, concealed, silent
    put_out: [Row; 4],
    silent_by: Vec<Text>,
    torn: Row,
    consumer: Bar,
    produced: Text,
    /// fresh, in flight, dropped
    made: [Row; 3],
    dropped_by: Vec<Text>,
    producer: Bar,
    imbalance: Text,
    balanced: Mark,
}

#[derive(Debug)]
struct Row {
    frames: Text,
    share: Text,
}

impl Row {
    fn find(name: &str) -> Result<Self, JsValue> {
        Ok(Row {
            frames: Text::of(&format!("ledger-{name}"))?,
            share: Text::of(&format!("share-{name}"))?,
        })
    }

    fn show(&mut self, part: u64, whole: u64) {
        self.frames.show(Grouped(part));
        self.share.show(Share { part, whole });
    }
}

impl LedgerTable {
    pub(super) fn find() -> Result<Self, JsValue> {
        let by = |side: &str, names: &[&str]| -> Result<Vec<Text>, JsValue> {
            names.iter().map(|name| Text::of(&format!("ledger-{side}-{name}"))).collect()
        };
        Ok(LedgerTable {
            requested: Text::of("ledger-requested")?,
            put_out: [
                Row::find("fresh")?,
                Row::find("repeated")?,
                Row::find("concealed")?,
                Row::find("silent")?,
            ],
            silent_by: by("silent", &SilentBy::NAMES)?,
            torn: Row::find("torn")?,
            consumer: Bar::of("bar-consumer")?,
            produced: Text::of("ledger-produced")?,
            made: [Row::find("played")?, Row::find("in-flight")?, Row::find("dropped")?],
            dropped_by: by("dropped", &DroppedBy::NAMES)?,
            producer: Bar::of("bar-producer")?,
            imbalance: Text::of("imbalance")?,
            balanced: Mark::on(element("balance")?, "data-balanced"),
        })
    }

    /// Shows every frame of `snapshot`.
    pub(super) fn show(&mut self, snapshot: &Snapshot) {
        let consumer = &snapshot.consumer;
        self.requested.show(Grouped(consumer.requested));
        let put_out = [consumer.fresh, consumer.repeated, consumer.concealed, snapshot.silent()];
        for (row, frames) in self.put_out.iter_mut().zip(put_out) {
            row.show(frames, consumer.requested);
        }
        for (text, frames) in self.silent_by.iter_mut().zip(consumer.silent) {
            text.show(Grouped(frames));
        }
        self.torn.show(torn_frames(snapshot), consumer.requested);
        self.consumer.show(&put_out.map(|frames| frames as f64));

        let producer = &snapshot.producer;
        self.produced.show(Grouped(producer.produced));
        let made = [consumer.fresh, snapshot.in_flight(), snapshot.dropped()];
        for (row, frames) in self.made.iter_mut().zip(made) {
            row.show(frames, producer.produced);
        }
        for (text, (here, there)) in self.dropped_by.iter_mut().zip(producer.dropped.iter().zip(&consumer.dropped)) {
            text.show(Grouped(here + there));
        }
        self.producer.show(&made.map(|frames| frames as f64));

        let imbalance = snapshot.imbalance();
        self.imbalance.show(Grouped(imbalance));
        self.balanced.show(if imbalance == 0 { "true" } else { "false" });
    }
}
