//! The quiet panels: latency, what the browser asks for, and its own account beside ours.

use std::fmt::{Display, Formatter};

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::dom::{Bar, Text, element};
use super::format::{Clock, Grouped, Many, Ms};
use crate::ledger::Snapshot;
use crate::web::page::Facts;

/// A count of frames and how long they last.
struct Frames {
    frames: u64,
    sample_rate: f64,
}

impl Display for Frames {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}, {}",
            Many(self.frames, "frame"),
            Ms(1e3 * self.frames as f64 / self.sample_rate)
        )
    }
}

/// What the panels are written from.
pub(super) struct Figures<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) facts: &'a Facts,
    /// Mean, lowest and highest fill of the last second, in frames.
    pub(super) fill: Option<(f64, u64, u64)>,
    /// Share of real time that rendering takes.
    pub(super) load: Option<f64>,
}

/// The panels' texts.
#[derive(Debug)]
pub(super) struct Panels {
    total: Text,
    ring: Text,
    base: Text,
    output: Text,
    bar: Bar,
    first_frame: Text,
    startup: [Text; 3],
    sample_rate: Text,
    channels: Text,
    render_quantum: Text,
    callback: Text,
    longest_callback: Text,
    load: Text,
    slowest_block: Text,
    ours: [Text; 5],
    theirs: [Text; 5],
    absent: bool,
    absent_note: HtmlElement,
}

impl Panels {
    pub(super) fn find() -> Result<Self, JsValue> {
        let five = |whose: &str| -> Result<[Text; 5], JsValue> {
            let text = |what: &str| Text::of(&format!("{whose}-{what}"));
            Ok([text("events")?, text("lost")?, text("total")?, text("latency")?, text("range")?])
        };
        Ok(Panels {
            total: Text::of("latency-total")?,
            ring: Text::of("latency-ring")?,
            base: Text::of("latency-base")?,
            output: Text::of("latency-output")?,
            bar: Bar::of("bar-latency")?,
            first_frame: Text::of("first-frame")?,
            startup: [
                Text::of("startup-module")?,
                Text::of("startup-worker")?,
                Text::of("startup-worklet")?,
            ],
            sample_rate: Text::of("sample-rate")?,
            channels: Text::of("channels")?,
            render_quantum: Text::of("render-quantum")?,
            callback: Text::of("callback-frames")?,
            longest_callback: Text::of("callback-longest")?,
            load: Text::of("producer-load")?,
            slowest_block: Text::of("producer-longest")?,
            ours: five("ours")?,
            theirs: five("theirs")?,
            absent: false,
            absent_note: element("playback-stats-absent")?,
        })
    }

    /// Shows the figures.
    pub(super) fn show(&mut self, figures: &Figures<'_>) {
        self.show_latency(figures);
        self.show_device(figures);
        self.show_accounts(figures);
    }

    fn show_latency(&mut self, figures: &Figures<'_>) {
        let facts = figures.facts;
        let rate = f64::from(facts.sample_rate);
        let ring = figures.fill.map(|(mean, _, _)| 1e3 * mean / rate);
        let base = facts.base_latency.map(|seconds| 1e3 * seconds);
        let output = facts.output_latency.map(|seconds| 1e3 * seconds);
        self.ring.show_or_dash(ring.map(Ms));
        match base {
            Some(base) => self.base.show(Ms(base)),
            None => self.base.show("not offered"),
        }
        match output {
            Some(output) => self.output.show(Ms(output)),
            None => self.output.show("not offered"),
        }
        let parts = [ring, base, output].map(|part| part.unwrap_or(0.0));
        let total: f64 = parts.iter().sum();
        // A sum that lacks a part is a lower bound, and says so.
        match (ring, base.is_some() && output.is_some()) {
            (Some(_), true) => self.total.show(Ms(total)),
            (Some(_), false) => self.total.show(format_args!("> {}", Ms(total))),
            (None, _) => self.total.show("–"),
        }
        self.bar.show(&parts);
        let startup = facts.startup;
        self.first_frame.show_or_dash(startup.first_frame_ms.map(Ms));
        let steps = [startup.module_ms, startup.worker_ms, startup.worklet_ms];
        for (text, ms) in self.startup.iter_mut().zip(steps) {
            text.show(Ms(ms));
        }
    }

    fn show_device(&mut self, figures: &Figures<'_>) {
        let facts = figures.facts;
        let sample_rate = f64::from(facts.sample_rate);
        self.sample_rate.show(format_args!("{} Hz", Grouped(sample_rate.round() as u64)));
        self.channels.show(facts.channels);
        self.render_quantum.show(Many(u64::from(facts.render_quantum), "frame"));
        let callback = figures.snapshot.callback_frames();
        let frames = |frames| Frames { frames, sample_rate };
        self.callback.show_or_dash(callback.map(|(common, _)| frames(common)));
        self.longest_callback.show_or_dash(callback.map(|(_, longest)| frames(longest)));
        match figures.load {
            Some(load) => self.load.show(format_args!("{:.1} %", 100.0 * load)),
            None => self.load.show("–"),
        }
        self.slowest_block.show(Ms(figures.snapshot.producer.longest_ns as f64 / 1e6));
    }

    fn show_accounts(&mut self, figures: &Figures<'_>) {
        let rate = f64::from(figures.facts.sample_rate);
        let consumer = &figures.snapshot.consumer;
        let [events, lost, total, latency, range] = &mut self.ours;
        events.show(Grouped(consumer.underrun_events));
        lost.show(Ms(1e3 * consumer.underrun_frames as f64 / rate));
        total.show(Clock(consumer.fresh as f64 / rate, 1));
        latency.show_or_dash(figures.fill.map(|(mean, _, _)| Ms(1e3 * mean / rate)));
        match figures.fill {
            Some((_, low, high)) => range.show(format_args!("{:.0} to {}", 1e3 * low as f64 / rate, Ms(1e3 * high as f64 / rate))),
            None => range.show("–"),
        }
        let [events, lost, total, latency, range] = &mut self.theirs;
        match figures.facts.playback_stats {
            Some(stats) => {
                events.show(stats.underrun_events);
                lost.show(Ms(1e3 * stats.underrun_seconds));
                total.show(Clock(stats.total_seconds, 1));
                latency.show(Ms(1e3 * stats.average_latency));
                range.show(format_args!(
                    "{:.0} to {}",
                    1e3 * stats.minimum_latency,
                    Ms(1e3 * stats.maximum_latency)
                ));
            }
            None => {
                for text in &mut self.theirs {
                    text.show("–");
                }
            }
        }
        let absent = figures.facts.playback_stats.is_none();
        if absent != self.absent {
            self.absent = absent;
            self.absent_note.set_hidden(!absent);
        }
    }
}
