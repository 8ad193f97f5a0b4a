//! Messages from whatever brings frames: what was put into the producer's ring arrives at the reader, in order and whole, however messages and answers are delayed, and the receiver's books balance after each of them.
#![cfg(feature = "embed")]

use std::collections::VecDeque;

use noxrun::ledger::{DroppedBy, ProducerState};
use noxrun::render::{PushWriter, SystemClock};
use noxrun::ring::sync::Arc;
use noxrun::ring::{Consumer, Ring};
use noxrun::shared::SharedOutput;
use noxrun::strategy::forward::Forward;
use noxrun::strategy::message::{Answer, HEADER, Received, Receiver, bytes};
use proptest::prelude::*;

const CHANNELS: usize = 2;
const CAPACITY: usize = 6000;
const BLOCK: usize = 64;

/// Both sides, each with a memory of its own, and what is on its way between them.
struct Both {
    writer: PushWriter<SystemClock>,
    sender: Arc<SharedOutput>,
    forward: Forward,
    receiver: Receiver,
    there: Arc<SharedOutput>,
    reader: Consumer,
    messages: VecDeque<Vec<f64>>,
    answers: VecDeque<Answer>,
    /// Number of the next frame that is brought, of the next that the reader expects, and of all that it got.
    brought: u64,
    expected: u64,
    got: u64,
}

fn output(limit: usize) -> Arc<SharedOutput> {
    let shared = SharedOutput::new(CHANNELS, CAPACITY, 48_000.0).expect("in range");
    shared.ring.set_limit(limit).expect("in range");
    Arc::new(shared)
}

impl Both {
    fn new(limit: usize) -> Both {
        let (sender, there) = (output(limit), output(limit));
        Both {
            writer: PushWriter::new(sender.clone(), SystemClock::default()).expect("free"),
            forward: Forward::new(sender.clone(), BLOCK).expect("free"),
            sender,
            receiver: Receiver::new(there.clone()).expect("free"),
            reader: Consumer::claim(there.ring.clone()).expect("free"),
            there,
            messages: VecDeque::new(),
            answers: VecDeque::new(),
            brought: 0,
            expected: 0,
            got: 0,
        }
    }

    /// Offers `frames` frames; those that do not fit are dropped, and the numbers go on.
    fn offer(&mut self, frames: usize) {
        let samples: Vec<f32> = (self.brought..).take(frames).flat_map(|number| [number as f32; CHANNELS]).collect();
        let taken = self.writer.offer(&samples).expect("whole frames");
        // Numbers of what was taken only: the reader sees no gap where nothing was lost on the way.
        self.brought += taken as u64;
    }

    fn send(&mut self) {
        while self.forward.fill(0.0) > 0 {
            let message = self.forward.message();
            let frames = message[1] as usize;
            assert_eq!(message.len() * 8, bytes(BLOCK.max(1024) * CHANNELS), "room for the longest");
            self.messages
                .push_back(message[..HEADER + (frames * CHANNELS).div_ceil(2)].to_vec());
        }
    }

    fn receive(&mut self) {
        let Some(message) = self.messages.pop_front() else { return };
        let header: [f64; HEADER] = message[..HEADER].try_into().expect("a header");
        let samples: Vec<f32> = message[HEADER..]
            .iter()
            .flat_map(|pair| [pair.to_bits() as u32, (pair.to_bits() >> 32) as u32])
            .map(f32::from_bits)
            .collect();
        if self.receiver.receive(&header, &samples, 0.0) == Received::AnswerNow {
            self.answers.push_back(Answer::of(&self.there));
        }
        self.balanced();
    }

    fn read(&mut self, frames: usize) {
        self.reader.apply_flush();
        let mut samples = vec![0.0; frames * CHANNELS];
        let read = self.reader.read(&mut samples).expect("whole frames");
        for frame in samples[..read * CHANNELS].chunks(CHANNELS) {
            assert!(
                frame[0] as u64 >= self.expected,
                "frames come in order: {} after {}",
                frame[0],
                self.expected
            );
            assert_eq!(frame[0], frame[1]);
            self.expected = frame[0] as u64 + 1;
            self.got += 1;
        }
        if self.reader.producer_waits() {
            self.answers.push_back(Answer::of(&self.there));
        }
        self.balanced();
    }

    fn hear(&mut self) {
        if let Some(answer) = self.answers.pop_front() {
            self.forward.hear(answer);
        }
    }

    /// What was received was produced: nothing more and nothing less, after each message.
    fn balanced(&self) {
        let snapshot = self.there.snapshot();
        let ring: &Ring = &self.there.ring;
        let dropped: u64 = snapshot.producer.dropped.iter().sum();
        assert_eq!(
            snapshot.producer.produced,
            ring.write_position() + dropped,
            "produced is what is in the ring's books and what was dropped on the way"
        );
    }

    fn settle(&mut self) {
        for _ in 0..1000 {
            self.send();
            self.receive();
            self.read(97);
            self.hear();
        }
        assert!(self.messages.is_empty());
    }
}

#[derive(Debug, Clone)]
enum Step {
    Offer(usize),
    Send,
    Receive,
    Read(usize),
    Hear,
    Flush,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1_usize..3000).prop_map(Step::Offer),
        3 => Just(Step::Send),
        3 => Just(Step::Receive),
        4 => (1_usize..600).prop_map(Step::Read),
        3 => Just(Step::Hear),
        1 => Just(Step::Flush),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    #[test]
    fn whatever_is_delayed_arrives_whole_and_in_order(limit in 64_usize..4096, steps in steps()) {
        let mut both = Both::new(limit);
        let mut flushed = false;
        for step in steps {
            match step {
                Step::Offer(frames) => both.offer(frames),
                Step::Send => both.send(),
                Step::Receive => both.receive(),
                Step::Read(frames) => both.read(frames),
                Step::Hear => both.hear(),
                Step::Flush => {
                    both.writer.flush();
                    flushed = true;
                }
            }
        }
        both.settle();
        prop_assert!(flushed || both.got == both.brought, "{} of {} frames arrived", both.got, both.brought);
        prop_assert!(both.got <= both.brought);
        // It was told of as much room as it has asked for: a block's.
        prop_assert!(both.writer.write_available() >= BLOCK.min(limit), "{} frames of room", both.writer.write_available());
        // What was refused since the last message is told with the next one, at the latest with the end.
        both.writer.stop();
        both.settle();
        let (here, there) = (both.sender.snapshot(), both.there.snapshot());
        prop_assert_eq!(here.producer.produced, there.producer.produced);
        prop_assert_eq!(here.producer.dropped, there.producer.dropped);
    }
}

#[test]
fn the_end_is_told_with_the_last_frames_and_not_before() {
    let mut both = Both::new(4096);
    both.offer(3000);
    both.writer.end();
    both.send();
    // 3000 frames are three messages of 1024 at most.
    assert_eq!(both.messages.len(), 3);
    for left in (0..3).rev() {
        both.receive();
        let state = ProducerState::from_number(both.there.snapshot().producer.state);
        assert_eq!(
            state == ProducerState::Ended,
            left == 0,
            "with {left} messages left it is {state:?}"
        );
    }
    both.settle();
    assert_eq!(both.got, 3000);
}

#[test]
fn what_did_not_fit_is_told_as_dropped() {
    let mut both = Both::new(512);
    both.offer(2000);
    both.settle();
    let there = both.there.snapshot();
    assert_eq!(there.producer.produced, 2000);
    assert_eq!(there.producer.dropped[DroppedBy::Overflow as usize], 2000 - 512);
    assert_eq!(both.got, 512);
}

#[test]
fn a_flush_is_carried_along_and_drops_what_was_not_read() {
    let mut both = Both::new(4096);
    both.offer(1000);
    both.send();
    both.receive();
    both.writer.flush();
    both.offer(500);
    both.settle();
    assert_eq!(both.got, 500, "the first 1000 were not wanted any more");
    assert_eq!(both.expected, 1500);
}
