//! The log of losses: what the legend, the filter, the list and the chart show of it.

use wasm_bindgen::JsValue;

use super::Why;
use super::filter::Filter;
use super::legend::Legend;
use super::list::{List, Subject};
use crate::lab::format::Ms;
use crate::lab::history::{History, Mark};
use crate::ledger::{Circumstances, Snapshot, cause};

/// All that the page shows of losses, one by one.
#[derive(Debug)]
pub(in crate::lab) struct Losses {
    legend: Legend,
    filter: Filter,
    list: List,
}

impl Losses {
    pub(in crate::lab) fn find() -> Result<Self, JsValue> {
        Ok(Losses {
            legend: Legend::find()?,
            filter: Filter::find()?,
            list: List::find("underrun-log", "log-empty")?,
        })
    }

    /// Another output follows.
    pub(in crate::lab) fn begin(&mut self) {
        self.filter.reset();
    }

    pub(in crate::lab) fn show(&mut self, snapshot: &Snapshot, sample_rate: f64, history: &mut History) -> Result<(), JsValue> {
        let around = Circumstances {
            sample_rate,
            callback_frames: snapshot.callback_frames().map(|(common, _)| common),
            ..Circumstances::default()
        };
        let first = snapshot.consumer.underrun_events - snapshot.underruns.len() as u64;
        let mut counts = [0; Why::COUNT];
        let all: Vec<_> = snapshot
            .underruns
            .iter()
            .zip(first + 1..)
            .map(|(event, number)| {
                let why = cause(event, snapshot.account_of(number), &around).map_or(Why::Open, Why::Cause);
                counts[why.index()] += 1;
                history.explain(Mark {
                    frame: event.frame,
                    frames: event.frames,
                    why,
                });
                let key = number;
                (
                    Subject {
                        key,
                        why,
                        stamp: event.frames,
                    },
                    event,
                )
            })
            .collect();
        self.legend.show(&counts)?;
        self.filter.show(&counts)?;
        let chosen = self.filter.chosen();
        let wanted = all
            .into_iter()
            .rev()
            .filter(|(subject, _)| chosen.is_none_or(|chosen| chosen == subject.why));
        self.list.show(wanted, |event| {
            format!(
                "12:03:07.2, {} lost: the worker was woken 34 ms late; a ring of 2048 would have covered it.",
                Ms(1e3 * event.frames as f64 / sample_rate)
            )
        })
    }
}
