//! The moving chart of the ring's fill, on a canvas. Colours come from lab.css, so that light and dark are decided in one place.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, MediaQueryList};

use super::causes::Why;
use super::dom::{document, element, window};
use super::format::{Grouped, Ms};
use super::history::{History, Mark, WINDOW_MS};
use crate::ledger::ConsumerLedger;

/// Under `prefers-reduced-motion` the chart moves on in steps of so many milliseconds.
const STILL_MS: f64 = 1000.0;
/// A look later than so many milliseconds after the one before leaves a gap in the line.
const GAP_MS: f64 = 250.0;
/// Distance of the empty ring from the canvas's lower edge, in CSS pixels.
const FLOOR: f64 = 8.0;
/// Width of a sign of a label, in CSS pixels, or a little more.
const LETTER: f64 = 8.0;
const FONT: &str = "12px system-ui, -apple-system, \"Segoe UI\", \"Helvetica Neue\", Arial, sans-serif";

/// The lines of the chart beside its history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lines {
    /// Frames that the producer keeps ahead.
    pub(super) limit: u64,
    /// Frames that one callback asks for.
    pub(super) callback: Option<u64>,
    /// Room in the ring's storage, in frames.
    pub(super) capacity: usize,
    /// The context's rate in Hz.
    pub(super) sample_rate: f64,
}

#[derive(Debug, Default)]
struct Colours {
    ink: String,
    quiet: String,
    grid: String,
    trace: String,
    area: String,
    caution: String,
    /// By [`Why::index`].
    causes: Vec<String>,
}

/// The canvas `#fill-chart`.
#[derive(Debug)]
pub(super) struct Chart {
    canvas: HtmlCanvasElement,
    paint: CanvasRenderingContext2d,
    colours: Colours,
    width: f64,
    height: f64,
    /// Whether size and colours have to be read again: reading them every time would make the browser lay the page out.
    stale: bool,
    reduced_motion: Option<MediaQueryList>,
    drawn_at_ms: f64,
    /// Frames at the upper edge; glides to where it should be.
    top: f64,
    dashes: Array,
    solid: Array,
}

impl Chart {
    pub(super) fn find() -> Result<Self, JsValue> {
        let canvas: HtmlCanvasElement = element("fill-chart")?;
        let paint = canvas
            .get_context("2d")?
            .ok_or_else(|| JsValue::from_str("this browser has no 2d canvas"))?
            .unchecked_into();
        Ok(Chart {
            canvas,
            paint,
            colours: Colours::default(),
            width: 0.0,
            height: 0.0,
            stale: true,
            reduced_motion: window()?.match_media("(prefers-reduced-motion: reduce)")?,
            drawn_at_ms: f64::NEG_INFINITY,
            top: 0.0,
            dashes: Array::of2(&4.into(), &4.into()),
            solid: Array::new(),
        })
    }

    /// Size or colours have changed: the next drawing reads them again.
    pub(super) fn refresh(&mut self) {
        self.stale = true;
        self.drawn_at_ms = f64::NEG_INFINITY;
    }

    fn measure(&mut self) -> Result<(), JsValue> {
        let ratio = window()?.device_pixel_ratio();
        self.width = f64::from(self.canvas.client_width());
        self.height = f64::from(self.canvas.client_height());
        self.canvas.set_width((self.width * ratio).round() as u32);
        self.canvas.set_height((self.height * ratio).round() as u32);
        self.paint.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0)?;
        let root = document()?.document_element().ok_or_else(|| JsValue::from_str("no root element"))?;
        if let Some(style) = window()?.get_computed_style(&root)? {
            let colour = |name: &str| style.get_property_value(name).map(|value| value.trim().to_owned());
            self.colours = Colours {
                ink: colour("--ink")?,
                quiet: colour("--quiet")?,
                grid: colour("--grid")?,
                trace: colour("--trace")?,
                area: colour("--trace-area")?,
                caution: colour("--caution")?,
                causes: Why::all().map(|why| colour(&why.colour())).collect::<Result<_, _>>()?,
            };
        }
        self.stale = false;
        Ok(())
    }

    /// Draws `history` as it is at `now_ms`.
    pub(super) fn draw(&mut self, now_ms: f64, history: &History, lines: Lines) -> Result<(), JsValue> {
        let still = self.reduced_motion.as_ref().is_some_and(MediaQueryList::matches);
        if still && now_ms - self.drawn_at_ms < STILL_MS {
            return Ok(());
        }
        if self.stale {
            self.measure()?;
        }
        self.drawn_at_ms = now_ms;
        let highest = history.points().map(|point| point.fill).max().unwrap_or(0).max(lines.limit);
        let wanted = highest.max(1) as f64 * 1.2;
        self.top = if still || self.top == 0.0 {
            wanted
        } else {
            self.top + 0.2 * (wanted - self.top)
        };
        if (self.top - wanted).abs() < 0.5 {
            self.top = wanted;
        }

        self.paint.clear_rect(0.0, 0.0, self.width, self.height);
        self.paint.set_font(FONT);
        self.draw_grid(lines);
        self.draw_marks(now_ms, history, lines);
        // A bucket of the histogram is as wide for a small ring as for a large one; below this it would say more about the bucket than about the ring.
        if lines.limit >= 8 * ConsumerLedger::fill_bucket_frames(lines.capacity) as u64 {
            self.draw_range(now_ms, history, lines);
        }
        self.draw_fill(now_ms, history);
        self.draw_lines(lines)
    }

    fn x(&self, now_ms: f64, at_ms: f64) -> f64 {
        self.width * (1.0 - (now_ms - at_ms) / WINDOW_MS)
    }

    fn y(&self, frames: f64) -> f64 {
        (self.height - FLOOR) * (1.0 - frames / self.top)
    }

    fn rule(&self, from: (f64, f64), to: (f64, f64)) {
        self.paint.move_to(from.0, from.1);
        self.paint.line_to(to.0, to.1);
    }

    fn draw_grid(&self, lines: Lines) {
        self.paint.set_line_width(1.0);
        self.paint.set_stroke_style_str(&self.colours.grid);
        self.paint.begin_path();
        for second in 1..10 {
            let x = (self.width * f64::from(second) / 10.0).round() + 0.5;
            self.rule((x, 0.0), (x, self.height));
        }
        for quarter in 0..4 {
            let y = self.y(lines.limit as f64 * f64::from(quarter) / 4.0).round() + 0.5;
            self.rule((0.0, y), (self.width, y));
        }
        self.paint.stroke();
    }

    fn draw_marks(&self, now_ms: f64, history: &History, lines: Lines) {
        let span = |mark: &Mark| {
            let (from, to) = (history.time_of(mark.frame)?, history.time_of(mark.frame + mark.frames)?);
            let left = self.x(now_ms, from);
            Some((left, (self.x(now_ms, to) - left).max(2.0)))
        };
        let mut coloured = None;
        let mut free_from = f64::NEG_INFINITY;
        let mut marks = history.marks().peekable();
        while let Some(mark) = marks.next() {
            let Some((left, width)) = span(mark) else { continue };
            if coloured.replace(mark.why) != Some(mark.why) {
                self.paint.set_fill_style_str(&self.colours.causes[mark.why.index()]);
            }
            self.paint.set_global_alpha(0.2);
            self.paint.fill_rect(left, 0.0, width, self.height);
            self.paint.set_global_alpha(1.0);
            self.paint.fill_rect(left, 0.0, width, 4.0);
            // The letter wherever there is room for one, how long it was only where no other mark follows soon.
            if left + width < free_from {
                continue;
            }
            let label = format!("{} {:.0} ms", mark.why.letter(), 1e3 * mark.frames as f64 / lines.sample_rate);
            let whole = LETTER * label.len() as f64;
            let next = marks.peek().and_then(|mark| span(mark)).map_or(f64::INFINITY, |(left, _)| left);
            let right = left + width + 4.0;
            let (label, at) = if left.max(0.0) + whole < left + width && left.max(0.0) + 6.0 > free_from {
                (label.as_str(), left.max(0.0) + 6.0)
            } else if right + whole > self.width && left - whole > free_from {
                (label.as_str(), left - whole)
            } else if right + whole < next || next < left {
                (label.as_str(), right)
            } else {
                (mark.why.letter(), right)
            };
            if at > free_from {
                // Cannot fail: a text and two finite numbers.
                let _ = self.paint.fill_text(label, at, 15.0);
                free_from = at + LETTER * label.len() as f64;
            }
        }
    }

    fn draw_range(&self, now_ms: f64, history: &History, lines: Lines) {
        self.paint.set_fill_style_str(&self.colours.area);
        // One path: its parts touch, and the translucent colour must not be laid on twice.
        self.paint.begin_path();
        let mut before: Option<f64> = None;
        for point in history.points() {
            let x = self.x(now_ms, point.at_ms);
            if let (Some((low, high)), Some(left)) = (point.range, before.filter(|left| x - left < self.width * GAP_MS / WINDOW_MS)) {
                let (top, bottom) = (self.y(high.min(lines.limit) as f64), self.y(low as f64));
                self.paint.rect(left, top, x - left, (bottom - top).max(0.0));
            }
            before = Some(x);
        }
        self.paint.fill();
    }

    fn draw_fill(&self, now_ms: f64, history: &History) {
        self.paint.set_stroke_style_str(&self.colours.trace);
        self.paint.set_line_width(1.5);
        self.paint.set_line_join("round");
        self.paint.begin_path();
        let mut before = f64::NEG_INFINITY;
        for point in history.points() {
            let (x, y) = (self.x(now_ms, point.at_ms), self.y(point.fill as f64));
            if point.at_ms - before > GAP_MS {
                self.paint.move_to(x, y);
            } else {
                self.paint.line_to(x, y);
            }
            before = point.at_ms;
        }
        self.paint.stroke();
    }

    fn draw_lines(&self, lines: Lines) -> Result<(), JsValue> {
        let ms = |frames: u64| Ms(1e3 * frames as f64 / lines.sample_rate);
        self.paint.set_line_width(1.0);
        let y = self.y(lines.limit as f64).round() + 0.5;
        self.paint.set_stroke_style_str(&self.colours.ink);
        self.paint.begin_path();
        self.rule((0.0, y), (self.width, y));
        self.paint.stroke();
        self.paint.set_fill_style_str(&self.colours.quiet);
        self.paint
            .fill_text(&format!("{} frames, {}", Grouped(lines.limit), ms(lines.limit)), 18.0, y - 6.0)?;
        if let Some(callback) = lines.callback {
            let y = self.y(callback as f64).round() + 0.5;
            self.paint.set_line_dash(&self.dashes)?;
            self.paint.set_stroke_style_str(&self.colours.caution);
            self.paint.begin_path();
            self.rule((0.0, y), (self.width, y));
            self.paint.stroke();
            self.paint.set_line_dash(&self.solid)?;
            // Two lines that lie close together have one label.
            if callback * 10 < lines.limit * 9 {
                self.paint.set_fill_style_str(&self.colours.quiet);
                self.paint.fill_text(&format!("callback {}", Grouped(callback)), 18.0, y - 6.0)?;
            }
        }
        Ok(())
    }
}
