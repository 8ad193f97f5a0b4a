//! Bells by frequency modulation, rendered in the engine's own module straight into the ring.

use noxrun::render::{RenderInfo, Source};
use noxrun::web::OwnSource;
use std::f32::consts::TAU;
use wasm_bindgen::prelude::*;

/// Hz
const SCALE: [f32; 5] = [440.0, 523.25, 587.33, 659.26, 783.99];

/// What the page names as `source`; it is given the page's `data`: strikes a minute.
#[wasm_bindgen]
pub fn bells(data: JsValue) -> OwnSource {
    OwnSource::new(Bells {
        per_minute: data.as_f64().unwrap_or(150.0) as f32,
        until_next: 0,
        random: 1,
        ringing: [Bell::default(); 6],
        latest: 0,
    })
}

#[derive(Clone, Copy, Default)]
struct Bell {
    hz: f32,
    /// Of a turn: what is heard, and what bends it.
    carrier: f32,
    modulator: f32,
    level: f32,
}

struct Bells {
    per_minute: f32,
    until_next: u32,
    random: u32,
    ringing: [Bell; 6],
    latest: usize,
}

impl Source for Bells {
    fn render(&mut self, block: &mut [f32], info: &RenderInfo) -> usize {
        let fade = (-1.5 / info.sample_rate).exp();
        for frame in block.chunks_exact_mut(info.channels) {
            if self.until_next == 0 {
                self.strike();
                self.until_next = (info.sample_rate * 60.0 / self.per_minute) as u32;
            }
            self.until_next -= 1;
            let mut sum = 0.0;
            for bell in &mut self.ringing {
                bell.modulator = (bell.modulator + bell.hz * 1.4 / info.sample_rate).fract();
                bell.carrier = (bell.carrier + bell.hz / info.sample_rate).fract();
                // The louder, the brighter.
                sum += bell.level * (TAU * bell.carrier + 6.0 * bell.level * (TAU * bell.modulator).sin()).sin();
                bell.level *= fade;
            }
            frame.fill(sum);
        }
        block.len() / info.channels
    }
}

impl Bells {
    fn strike(&mut self) {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.latest = (self.latest + 1) % self.ringing.len();
        self.ringing[self.latest] = Bell {
            hz: SCALE[(self.random >> 16) as usize % SCALE.len()],
            level: 0.2,
            ..Bell::default()
        };
    }
}
