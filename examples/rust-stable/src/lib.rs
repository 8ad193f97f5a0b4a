//! Plucked strings (Karplus and Strong), in a Wasm module of their own: what JavaScript calls is `create` and `render`.

const SCALE: [f32; 5] = [220.0, 261.63, 293.66, 329.63, 392.0];

/// A string: a loop of samples that goes round and loses its sharpness.
struct Pluck {
    samples: Vec<f32>,
    at: usize,
}

impl Pluck {
    fn new(hz: f32, rate: f32, random: &mut u32) -> Self {
        // The filter below delays by half a frame.
        let length = (rate / hz - 0.5).round() as usize;
        let noise = (0..length).map(|_| {
            *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (*random >> 8) as f32 / (1 << 24) as f32 - 0.5
        });
        Pluck {
            samples: noise.collect(),
            at: 0,
        }
    }

    fn next(&mut self) -> f32 {
        let next = (self.at + 1) % self.samples.len();
        let sample = self.samples[self.at];
        self.samples[self.at] = 0.498 * (sample + self.samples[next]);
        self.at = next;
        sample
    }
}

pub struct Strings {
    rate: f32,
    channels: usize,
    plucked: Vec<Pluck>,
    until_next: usize,
    random: u32,
    block: Vec<f32>,
}

/// Begins a tune. The address that it returns goes into `render`.
#[unsafe(no_mangle)]
pub extern "C" fn create(rate: f32, channels: usize) -> *mut Strings {
    Box::into_raw(Box::new(Strings {
        rate,
        channels,
        plucked: Vec::new(),
        until_next: 0,
        random: 1,
        block: Vec::new(),
    }))
}

/// Renders `frames` more frames (interleaved) and returns where they lie: until the next call.
///
/// # Safety
/// `strings` came from `create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn render(strings: *mut Strings, frames: usize) -> *const f32 {
    // SAFETY: the caller's; and a Wasm module of its own has one thread.
    let strings = unsafe { &mut *strings };
    strings.block.clear();
    for _ in 0..frames {
        if strings.until_next == 0 {
            let hz = SCALE[(strings.random >> 16) as usize % SCALE.len()];
            strings.plucked.push(Pluck::new(hz, strings.rate, &mut strings.random));
            if strings.plucked.len() > 6 {
                strings.plucked.remove(0);
            }
            strings.until_next = (strings.rate / 4.0) as usize;
        }
        strings.until_next -= 1;
        let sample = 0.3 * strings.plucked.iter_mut().map(Pluck::next).sum::<f32>();
        strings.block.extend(std::iter::repeat_n(sample, strings.channels));
    }
    strings.block.as_ptr()
}
