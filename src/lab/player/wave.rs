//! The waveform on its canvas: what was played in one colour, what is to come in another.
//!
//! Both are painted once, side by side in memory, when the overview grows; a frame then copies the left of the one and the right of the other. Colours come from
//! lab.css.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::shape::Shape;
use crate::lab::dom::{document, element, window};

/// Opacity of what reaches from lowest to highest sample; the level inside is opaque.
const OUTER: f64 = 0.45;
/// Height of the line where nothing was measured, in CSS pixels.
const LINE: f64 = 2.0;
/// Room above and below the loudest sample, in CSS pixels.
const MARGIN: f64 = 6.0;
const FONT: &str = "600 11px system-ui, -apple-system, \"Segoe UI\", \"Helvetica Neue\", Arial, sans-serif";

/// What is drawn over the waveform, as shares of the file's length.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Over {
    /// What was played.
    pub(super) played: Option<f64>,
    /// Where a loop begins.
    pub(super) a: Option<f64>,
    /// Where a loop ends.
    pub(super) b: Option<f64>,
}

impl Over {
    /// In whole pixels of `width`.
    fn pixels(self, width: f64) -> [Option<i64>; 3] {
        [self.played, self.a, self.b].map(|share| share.map(|share| (share.clamp(0.0, 1.0) * width).round() as i64))
    }
}

#[derive(Debug, Default)]
struct Colours {
    ink: String,
    played: String,
    to_come: String,
    area: String,
    caution: String,
    screen: String,
}

/// A canvas and what paints on it.
#[derive(Debug)]
struct Sheet {
    canvas: HtmlCanvasElement,
    paint: CanvasRenderingContext2d,
}

impl Sheet {
    fn on(canvas: HtmlCanvasElement) -> Result<Self, JsValue> {
        let paint = canvas
            .get_context("2d")?
            .ok_or_else(|| JsValue::from_str("this browser has no 2d canvas"))?
            .unchecked_into();
        Ok(Sheet { canvas, paint })
    }

    /// Of its own, never seen itself.
    fn new() -> Result<Self, JsValue> {
        Self::on(document()?.create_element("canvas")?.unchecked_into())
    }

    /// Makes it so large, and empty.
    fn resize(&self, width: f64, height: f64) {
        self.canvas.set_width(width as u32);
        self.canvas.set_height(height as u32);
    }
}

/// The canvas `#wave`.
#[derive(Debug)]
pub(super) struct Wave {
    screen: Sheet,
    played: Sheet,
    to_come: Sheet,
    colours: Colours,
    /// In device pixels.
    width: f64,
    height: f64,
    ratio: f64,
    shape: Shape,
    /// Size and colours have to be read again.
    stale: bool,
    /// Both sheets have to be painted again.
    dirty: bool,
    drawn: Option<[Option<i64>; 3]>,
}

impl Wave {
    pub(super) fn find() -> Result<Self, JsValue> {
        Ok(Wave {
            screen: Sheet::on(element("wave")?)?,
            played: Sheet::new()?,
            to_come: Sheet::new()?,
            colours: Colours::default(),
            width: 0.0,
            height: 0.0,
            ratio: 1.0,
            shape: Shape::default(),
            stale: true,
            dirty: true,
            drawn: None,
        })
    }

    /// Size or colours have changed: the next drawing reads them again.
    pub(super) fn refresh(&mut self) {
        self.stale = true;
    }

    /// Shows another overview, or more of it.
    pub(super) fn show(&mut self, shape: Shape) {
        self.shape = shape;
        self.dirty = true;
    }

    fn measure(&mut self) -> Result<(), JsValue> {
        let canvas = &self.screen.canvas;
        self.ratio = window()?.device_pixel_ratio();
        self.width = (f64::from(canvas.client_width()) * self.ratio).round();
        self.height = (f64::from(canvas.client_height()) * self.ratio).round();
        for sheet in [&self.screen, &self.played, &self.to_come] {
            sheet.resize(self.width, self.height);
        }
        let root = document()?.document_element().ok_or_else(|| JsValue::from_str("no root element"))?;
        if let Some(style) = window()?.get_computed_style(&root)? {
            let colour = |name: &str| style.get_property_value(name).map(|value| value.trim().to_owned());
            self.colours = Colours {
                ink: colour("--ink")?,
                played: colour("--trace")?,
                to_come: colour("--edge")?,
                area: colour("--trace-area")?,
                caution: colour("--caution")?,
                screen: colour("--screen")?,
            };
        }
        // Not laid out: to be measured when it is.
        self.stale = self.width < 1.0;
        self.dirty = true;
        Ok(())
    }

    /// Draws the waveform and what is `over` it; leaves the canvas alone if nothing has moved by a pixel.
    pub(super) fn draw(&mut self, over: Over) -> Result<(), JsValue> {
        if self.stale {
            self.measure()?;
        }
        if self.width < 1.0 || self.height < 1.0 {
            return Ok(());
        }
        if self.dirty {
            self.dirty = false;
            self.drawn = None;
            self.lay_down(&self.played.paint, &self.colours.played);
            self.lay_down(&self.to_come.paint, &self.colours.to_come);
        }
        let pixels = over.pixels(self.width);
        if self.drawn == Some(pixels) {
            return Ok(());
        }
        self.drawn = Some(pixels);
        self.compose(pixels)
    }

    /// Paints the whole waveform in one colour.
    fn lay_down(&self, paint: &CanvasRenderingContext2d, colour: &str) {
        let (middle, columns) = (self.height / 2.0, self.width as usize);
        let scale = (middle - MARGIN * self.ratio).max(1.0) * f64::from(self.shape.zoom());
        let line = LINE * self.ratio;
        paint.clear_rect(0.0, 0.0, self.width, self.height);
        paint.set_fill_style_str(colour);
        let rect = |column: usize, low: f64, high: f64| {
            let (top, bottom) = (middle - high * scale, middle - low * scale);
            // Silence is a thin line, not nothing.
            let height = (bottom - top).max(self.ratio);
            paint.rect(column as f64, (top + bottom - height) / 2.0, 1.0, height);
        };
        paint.begin_path();
        for column in 0..columns {
            match self.shape.column(column, columns) {
                Some(peak) => rect(column, f64::from(peak.low), f64::from(peak.high)),
                None => paint.rect(column as f64, middle - line / 2.0, 1.0, line),
            }
        }
        paint.set_global_alpha(OUTER);
        paint.fill();
        paint.begin_path();
        for column in 0..columns {
            if let Some(peak) = self.shape.column(column, columns) {
                let level = f64::from(peak.rms);
                rect(column, (-level).max(f64::from(peak.low)), level.min(f64::from(peak.high)));
            }
        }
        paint.set_global_alpha(1.0);
        paint.fill();
    }

    fn compose(&self, [played, a, b]: [Option<i64>; 3]) -> Result<(), JsValue> {
        let paint = &self.screen.paint;
        paint.clear_rect(0.0, 0.0, self.width, self.height);
        let line = self.ratio.round().max(1.0);
        if a.is_some() || b.is_some() {
            let (from, to) = (a.unwrap_or(0) as f64, b.map_or(self.width, |b| b as f64));
            paint.set_fill_style_str(&self.colours.area);
            paint.fill_rect(from, 0.0, to - from, self.height);
        }
        let split = played.unwrap_or(0) as f64;
        self.copy(&self.played, 0.0, split)?;
        self.copy(&self.to_come, split, self.width)?;
        for (mark, letter) in [(a, "A"), (b, "B")] {
            if let Some(x) = mark {
                self.flag(x as f64, letter, line)?;
            }
        }
        if played.is_some() {
            paint.set_fill_style_str(&self.colours.ink);
            // Not beyond the edge, where nobody would see it.
            paint.fill_rect((split - line).clamp(0.0, self.width - 2.0 * line), 0.0, 2.0 * line, self.height);
        }
        Ok(())
    }

    /// Copies the columns `from` to `to` of `sheet`.
    fn copy(&self, sheet: &Sheet, from: f64, to: f64) -> Result<(), JsValue> {
        let width = to - from;
        // A part of no width is an error to some browsers.
        if width < 1.0 {
            return Ok(());
        }
        let (paint, height) = (&self.screen.paint, self.height);
        paint.draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            &sheet.canvas,
            from,
            0.0,
            width,
            height,
            from,
            0.0,
            width,
            height,
        )
    }

    /// One end of the loop: a line with a letter, inside the loop.
    fn flag(&self, x: f64, letter: &str, line: f64) -> Result<(), JsValue> {
        let (paint, size) = (&self.screen.paint, 15.0 * self.ratio);
        let begins = letter == "A";
        paint.set_fill_style_str(&self.colours.caution);
        let x = x.clamp(0.0, self.width - line);
        paint.fill_rect(x, 0.0, line, self.height);
        let left = if begins { x } else { x + line - size };
        paint.fill_rect(left, 0.0, size, size);
        paint.set_fill_style_str(&self.colours.screen);
        paint.save();
        paint.scale(self.ratio, self.ratio)?;
        paint.set_font(FONT);
        paint.set_text_align("center");
        paint.set_text_baseline("middle");
        let written = paint.fill_text(letter, (left + size / 2.0) / self.ratio, size / 2.0 / self.ratio + 0.5);
        paint.restore();
        written
    }
}
