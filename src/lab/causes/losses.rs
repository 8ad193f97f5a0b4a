//! The log of losses: what the legend, the filter, the list and the chart show of it.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::filter::Filter;
use super::legend::Legend;
use super::list::{List, Subject};
use super::{InWords, Why};
use crate::lab::dom::element;
use crate::lab::history::{History, Mark};
use crate::lab::report::sentence;
use crate::ledger::{EventKind, EventLog, Folded, LogEntry};

/// What sentences need beside the event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::lab) struct Sentences {
    /// The context's rate in Hz.
    pub(in crate::lab) sample_rate: f64,
    /// By how many minutes clocks here are ahead of UTC.
    pub(in crate::lab) east_minutes: f64,
}

impl Sentences {
    fn of(self, entry: &LogEntry) -> String {
        format!("{}.", sentence(entry, self.sample_rate).east_of_utc(self.east_minutes))
    }
}

/// All that the page shows of losses, one by one.
#[derive(Debug)]
pub(in crate::lab) struct Losses {
    legend: Legend,
    filter: Filter,
    list: List,
    folded_note: HtmlElement,
    /// The log as it was last looked at: an output that is closed takes its own with it.
    entries: Vec<LogEntry>,
    folded: Folded,
    folded_shown: Folded,
}

impl Losses {
    pub(in crate::lab) fn find() -> Result<Self, JsValue> {
        Ok(Losses {
            legend: Legend::find()?,
            filter: Filter::find()?,
            list: List::find("underrun-log", "log-empty")?,
            folded_note: element("log-folded")?,
            entries: Vec::new(),
            folded: Folded::default(),
            folded_shown: Folded::default(),
        })
    }

    /// Another output follows.
    pub(in crate::lab) fn begin(&mut self) {
        self.entries.clear();
        self.folded = Folded::default();
        self.filter.reset();
    }

    /// Takes over what `log` says now.
    pub(in crate::lab) fn take(&mut self, log: &EventLog) {
        self.entries.clear();
        self.entries.extend(log.dated());
        self.folded.clone_from(log.folded());
    }

    /// Shows what was taken over last, and explains the marks of `history` that it is about.
    pub(in crate::lab) fn show(&mut self, history: &mut History, sentences: Sentences) -> Result<(), JsValue> {
        let counts = Why::count(self.entries.iter(), &self.folded);
        self.legend.show(&counts)?;
        self.filter.show(&counts)?;
        let chosen = self.filter.chosen();
        let newest_first = self.entries.iter().rev();
        let wanted = newest_first.clone().map(|entry| (subject(entry), entry));
        let wanted = wanted.filter(|(subject, _)| chosen.is_none_or(|chosen| chosen == subject.why));
        self.list.show(wanted, |entry| sentences.of(entry))?;
        let oldest = history.oldest();
        for entry in newest_first.filter(|entry| entry.frame + entry.frames >= oldest) {
            history.explain(Mark {
                frame: entry.frame,
                frames: entry.frames,
                why: Why::of(entry),
            });
        }
        self.show_folded();
        Ok(())
    }

    fn show_folded(&mut self) {
        if self.folded == self.folded_shown {
            return;
        }
        self.folded_shown.clone_from(&self.folded);
        self.folded_note.set_hidden(self.folded == Folded::default());
        self.folded_note.set_text_content(Some(&InWords(&self.folded).to_string()));
    }
}

fn subject(entry: &LogEntry) -> Subject {
    // Breaks of the index signal are counted together.
    let group = match entry.kind {
        EventKind::Replayed | EventKind::Torn => EventKind::Skipped,
        kind => kind,
    };
    Subject {
        key: (group, entry.number),
        why: Why::of(entry),
        frames: entry.frames,
        stamp: (entry.ended_by, entry.settled),
    }
}
