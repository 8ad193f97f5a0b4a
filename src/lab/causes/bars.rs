//! The two histograms: how late the producer was woken, and what lay in the ring as each callback began.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

use super::histogram::{BARS, fill_bars, height, lateness_bar_ms, lateness_bars, quantile};
use crate::lab::dom::{Text, document, element};
use crate::lab::format::{Grouped, Ms};
use crate::ledger::{ConsumerLedger, Snapshot, lateness_edge_ms};

/// What the histograms are judged by, in frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::lab) struct Around {
    /// That the producer keeps ahead.
    pub(in crate::lab) limit: u64,
    /// Of the usual callback.
    pub(in crate::lab) callback: u64,
    /// For which the ring's storage has room.
    pub(in crate::lab) capacity: usize,
    /// The context's rate in Hz.
    pub(in crate::lab) sample_rate: f64,
}

/// Both.
#[derive(Debug)]
pub(in crate::lab) struct Histograms {
    lateness: Bars,
    /// Half, 99 of 100, the latest.
    late: [Text; 3],
    fill: Bars,
    /// The lowest, 1 of 100, half, 99 of 100.
    filled: [Text; 4],
    axis: [Text; 2],
}

impl Histograms {
    pub(in crate::lab) fn find() -> Result<Self, JsValue> {
        Ok(Histograms {
            lateness: Bars::within("lateness-bars")?,
            late: [Text::of("lateness-p50")?, Text::of("lateness-p99")?, Text::of("lateness-max")?],
            fill: Bars::within("callback-fill-bars")?,
            filled: [
                Text::of("callback-fill-min")?,
                Text::of("callback-fill-p1")?,
                Text::of("callback-fill-p50")?,
                Text::of("callback-fill-p99")?,
            ],
            axis: [Text::of("callback-fill-middle")?, Text::of("callback-fill-top")?],
        })
    }

    /// Shows what `snapshot` has counted.
    pub(in crate::lab) fn show(&mut self, snapshot: &Snapshot, around: Around) {
        self.show_lateness(snapshot, around);
        self.show_fill(snapshot, around);
    }

    fn show_lateness(&mut self, snapshot: &Snapshot, around: Around) {
        let counts = &snapshot.producer.lateness;
        let ring_ms = 1e3 * around.limit.saturating_sub(around.callback) as f64 / around.sample_rate;
        self.lateness.show(&lateness_bars(counts), |bar| lateness_bar_ms(bar) > ring_ms);
        let latest_ms = snapshot.producer.latest_us as f64 / 1e3;
        // An upper edge, because a lateness told too small is the worse mistake; but never later than the latest.
        let edge = |share| quantile(counts, share).map(|bucket| Fine(lateness_edge_ms(bucket).min(latest_ms)));
        let [half, most, latest] = &mut self.late;
        half.show_or_dash(edge(0.5));
        most.show_or_dash(edge(0.99));
        latest.show_or_dash(quantile(counts, 1.0).map(|_| Fine(latest_ms)));
    }

    fn show_fill(&mut self, snapshot: &Snapshot, around: Around) {
        let counts = &snapshot.consumer.callback_fill;
        let width = ConsumerLedger::fill_bucket_frames(around.capacity);
        // While a ring is made smaller, what lies in it is more than it may hold.
        let top = around.limit.max(1);
        self.fill.show(&fill_bars(counts, width, top), |bar| {
            (bar as u64 * top) < around.callback * BARS as u64
        });
        let [middle, end] = &mut self.axis;
        middle.show(Grouped(top / 2));
        end.show(format_args!("{} frames", Grouped(top)));
        for (text, share) in self.filled.iter_mut().zip([0.0, 0.01, 0.5, 0.99]) {
            // A lower edge: what can be relied on.
            text.show_or_dash(quantile(counts, share).map(|bucket| Grouped((bucket * width) as u64)));
        }
    }
}

/// Milliseconds, those below ten with two digits after the point: what a worker sleeps is told in hundredths.
struct Fine(f64);

impl std::fmt::Display for Fine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 < 10.0 {
            write!(f, "{:.2} ms", self.0)
        } else {
            Ms(self.0).fmt(f)
        }
    }
}

/// Bars side by side.
#[derive(Debug)]
struct Bars {
    bars: Vec<Bar>,
}

#[derive(Debug)]
struct Bar {
    bar: HtmlElement,
    /// In tenths of a percent.
    height: u32,
    alarming: bool,
}

impl Bars {
    fn within(id: &str) -> Result<Self, JsValue> {
        let place: Element = element(id)?;
        let mut bars = Vec::with_capacity(BARS);
        for _ in 0..BARS {
            let bar: HtmlElement = document()?.create_element("i")?.unchecked_into();
            place.append_child(&bar)?;
            bars.push(Bar {
                bar,
                height: 0,
                alarming: false,
            });
        }
        Ok(Bars { bars })
    }

    /// Gives each bar its height; what is `alarming` has another colour.
    fn show(&mut self, counts: &[u64; BARS], alarming: impl Fn(usize) -> bool) {
        let highest = counts.iter().copied().max().unwrap_or(0);
        for (place, (bar, count)) in self.bars.iter_mut().zip(counts).enumerate() {
            let tenths = (10.0 * height(*count, highest)).round() as u32;
            if tenths != bar.height {
                bar.height = tenths;
                let percent = f64::from(tenths) / 10.0;
                let _ = bar.bar.style().set_property("height", &format!("{percent:.1}%"));
            }
            let alarming = *count > 0 && alarming(place);
            if alarming != bar.alarming {
                bar.alarming = alarming;
                bar.bar.set_class_name(if alarming { "alarming" } else { "" });
            }
        }
    }
}
