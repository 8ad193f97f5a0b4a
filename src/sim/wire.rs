//! What lies between the two sides beside shared memory: messages on their way, and buffers that are scheduled to play.

use std::collections::VecDeque;

use crate::consume::Planar;
use crate::inject::Random;
use crate::ring::sync::Arc;
use crate::shared::SharedOutput;
use crate::strategy::message::{Answer, HEADER, Mirror, Received, Receiver};
use crate::strategy::number_of;

/// How long messages are on their way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delay {
    /// At least, in ms.
    pub ms: f64,
    /// Mean of what comes on top (exponentially distributed), in ms.
    pub jitter_ms: f64,
    /// Decides that.
    pub seed: u64,
}

impl Default for Delay {
    /// A port straight from worker to audio thread, in Chromium.
    fn default() -> Self {
        Delay {
            ms: 0.1,
            jitter_ms: 0.1,
            seed: 1,
        }
    }
}

/// Messages from the producer, and answers to it. None overtakes another.
pub(super) struct Wire {
    delay: Delay,
    random: Random,
    receiver: Receiver,
    mirror: Mirror,
    /// The audio thread's memory.
    there: Arc<SharedOutput>,
    messages: VecDeque<(f64, Box<[f64; HEADER]>, Vec<f32>)>,
    answers: VecDeque<(f64, Answer)>,
    /// Latest arrival so far in either direction.
    latest_ms: [f64; 2],
}

impl Wire {
    pub fn new(delay: Delay, receiver: Receiver, mirror: Mirror, there: Arc<SharedOutput>) -> Self {
        Wire {
            random: Random::new(delay.seed),
            delay,
            receiver,
            mirror,
            there,
            messages: VecDeque::new(),
            answers: VecDeque::new(),
            latest_ms: [0.0; 2],
        }
    }

    fn arrival(&mut self, now_ms: f64, direction: usize) -> f64 {
        let on_its_way = self.delay.ms + self.delay.jitter_ms * -(1.0 - self.random.unit()).ln();
        let at = (now_ms + on_its_way).max(self.latest_ms[direction]);
        self.latest_ms[direction] = at;
        at
    }

    pub fn send(&mut self, now_ms: f64, header: [f64; HEADER], samples: &[f32]) {
        let at = self.arrival(now_ms, 0);
        self.messages.push_back((at, Box::new(header), samples.to_vec()));
    }

    /// The audio thread says how far it is.
    pub fn answer(&mut self, now_ms: f64) {
        let at = self.arrival(now_ms, 1);
        self.answers.push_back((at, Answer::of(&self.there)));
    }

    /// When something arrives next.
    pub fn next_ms(&self) -> f64 {
        let first = |queue: Option<f64>| queue.unwrap_or(f64::INFINITY);
        first(self.messages.front().map(|(at, ..)| *at)).min(first(self.answers.front().map(|(at, _)| *at)))
    }

    /// Delivers what has arrived by `now_ms`, which is `epoch_ms` since the epoch. Returns whether the producer heard something.
    pub fn deliver(&mut self, now_ms: f64, epoch_ms: f64) -> bool {
        while self.messages.front().is_some_and(|(at, ..)| *at <= now_ms) {
            if let Some((_, header, samples)) = self.messages.pop_front()
                && self.receiver.receive(&header, &samples, epoch_ms.floor()) == Received::AnswerNow
            {
                self.answer(now_ms);
            }
        }
        let mut heard = false;
        while self.answers.front().is_some_and(|(at, _)| *at <= now_ms) {
            if let Some((_, answer)) = self.answers.pop_front() {
                self.mirror.hear(answer);
                heard = true;
            }
        }
        heard
    }
}

/// Buffers that are scheduled to play, as a browser mixes them: each from its own time on, in whole frames.
#[derive(Default)]
pub(super) struct Nodes {
    /// When each begins, in frames of the context; its samples, interleaved; the place of its first frame among all committed.
    nodes: VecDeque<(u64, Vec<f32>, u64)>,
    /// The context's time, in frames.
    now: u64,
    /// When the next buffer begins.
    next: u64,
}

impl Nodes {
    /// Schedules a buffer right behind the one before; where that is over already, `lead` frames from now.
    pub fn schedule(&mut self, samples: &[f32], channels: usize, position: u64, lead: u64) {
        if self.next <= self.now {
            self.next = self.now + lead;
        }
        self.nodes.push_back((self.next, samples.to_vec(), position));
        self.next += (samples.len() / channels) as u64;
    }

    /// What a quantum of `frames` frames hears.
    pub fn play(&mut self, inlet: &mut Planar, channels: usize, frames: usize) {
        inlet.set_frames(frames);
        inlet.channels_mut().for_each(|channel| channel.fill(0.0));
        for (start, samples, position) in &self.nodes {
            for (frame, sample) in samples.chunks_exact(channels).enumerate() {
                let at = start + frame as u64;
                if at < self.now || at >= self.now + frames as u64 {
                    continue;
                }
                let at = (at - self.now) as usize;
                for (channel, sample) in sample.iter().enumerate() {
                    inlet.channel_mut(channel)[at] += sample;
                }
                inlet.channel_mut(channels)[at] += number_of(position + frame as u64);
            }
        }
        self.now += frames as u64;
        let (now, channels) = (self.now, channels);
        self.nodes
            .retain(|(start, samples, _)| start + (samples.len() / channels) as u64 > now);
    }
}
