//! The device: when it calls, and for how many quanta.

use crate::inject::Random;

/// One callback that asks for more than usual, or comes late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// From when on; the next callback then is it. Milliseconds since the simulation began.
    pub at_ms: f64,
    /// Frames that it asks for beyond the usual ones.
    pub frames: u64,
}

/// What a device does. All of it is decided by `seed`.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Nominal rate in Hz, which the page is told.
    pub sample_rate: f32,
    /// Frames per render quantum.
    pub quantum: usize,
    /// Frames that the hardware takes at once; each callback is for as many whole quanta as that needs.
    pub callback_frames: f64,
    /// Each callback comes up to this much late, in ms, without moving the next one.
    pub jitter_ms: f64,
    /// By how much its clock is fast, in parts per million.
    pub ppm: f64,
    /// Callbacks that ask for more, in order of time.
    pub bursts: Vec<Burst>,
    /// Times in which it does not call at all, from and to in ms, in order: a suspended context. What it missed it does not make up for.
    pub rests: Vec<(f64, f64)>,
    /// Times in which it is late: callbacks due between the two come at the end, all at once, in ms, in order.
    pub hangs: Vec<(f64, f64)>,
    /// Decides the jitter.
    pub seed: u64,
}

impl Default for Device {
    /// Chromium's: 512 frames at 48 kHz, in quanta of 128, half a millisecond of jitter.
    fn default() -> Self {
        Device {
            sample_rate: 48_000.0,
            quantum: 128,
            callback_frames: 512.0,
            jitter_ms: 0.5,
            ppm: 0.0,
            bursts: Vec::new(),
            rests: Vec::new(),
            hangs: Vec::new(),
            seed: 1,
        }
    }
}

/// A device going.
#[derive(Debug)]
pub(super) struct Schedule {
    device: Device,
    random: Random,
    period_ms: f64,
    /// When the next callback is due, without jitter.
    due_ms: f64,
    /// The same with everything that delays it.
    at_ms: f64,
    /// Frames that the hardware has taken so far, and those that quanta brought.
    taken: f64,
    brought: f64,
    burst: usize,
    rest: usize,
    hang: usize,
}

impl Schedule {
    pub fn new(device: Device) -> Self {
        let period_ms = device.callback_frames * 1e3 / (f64::from(device.sample_rate) * (1.0 + device.ppm / 1e6));
        let mut schedule = Schedule {
            random: Random::new(device.seed),
            period_ms,
            due_ms: period_ms,
            at_ms: 0.0,
            taken: 0.0,
            brought: 0.0,
            burst: 0,
            rest: 0,
            hang: 0,
            device,
        };
        schedule.delay();
        schedule
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    pub fn add_burst(&mut self, burst: Burst) {
        self.device.bursts.push(burst);
    }

    pub fn add_rest(&mut self, from_ms: f64, to_ms: f64) {
        self.device.rests.push((from_ms, to_ms));
        self.delay();
    }

    pub fn add_hang(&mut self, from_ms: f64, to_ms: f64) {
        self.device.hangs.push((from_ms, to_ms));
        self.delay();
    }

    /// When the next callback comes.
    pub fn next_ms(&self) -> f64 {
        self.at_ms
    }

    /// The callback at [`next_ms`](Schedule::next_ms): how many quanta it asks for.
    pub fn call(&mut self) -> u64 {
        self.taken += self.device.callback_frames;
        let quantum = self.device.quantum as f64;
        let mut quanta = ((self.taken - self.brought) / quantum).ceil().max(0.0);
        self.brought += quanta * quantum;
        while let Some(burst) = self.device.bursts.get(self.burst).filter(|burst| self.at_ms >= burst.at_ms) {
            // Nobody gives these back: the device has taken them for good.
            quanta += (burst.frames as f64 / quantum).ceil();
            self.burst += 1;
        }
        self.due_ms += self.period_ms;
        self.delay();
        quanta as u64
    }

    /// Works out when the next callback comes.
    fn delay(&mut self) {
        while let Some((from, to)) = self.device.rests.get(self.rest).copied().filter(|(from, _)| self.due_ms >= *from) {
            self.due_ms = self.due_ms.max(to + self.period_ms);
            self.rest += 1;
            let _ = from;
        }
        let jitter = self.random.unit() * self.device.jitter_ms;
        let mut at_ms = self.due_ms + jitter;
        while self.device.hangs.get(self.hang).is_some_and(|(_, to)| *to <= self.due_ms) {
            self.hang += 1;
        }
        if let Some((from, to)) = self.device.hangs.get(self.hang)
            && at_ms >= *from
        {
            at_ms = at_ms.max(*to);
        }
        self.at_ms = at_ms.max(self.at_ms);
    }
}
