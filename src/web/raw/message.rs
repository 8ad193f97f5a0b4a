//! The audio thread's end of messages. Called by `worklet/strategies.js`, between callbacks.
#![allow(unsafe_code)]

use crate::ring::sync::Arc;
use crate::shared::SharedOutput;
use crate::strategy::message::{Answer, HEADER, Received, Receiver};
use crate::web::worklet::shared_at;

/// Where messages are put, and what writes them into the ring.
struct Inbox {
    shared: Arc<SharedOutput>,
    receiver: Receiver,
    header: [f64; HEADER],
    samples: Box<[f32]>,
    answer: [f64; ANSWER],
}

/// Numbers of an answer.
const ANSWER: usize = 4;
/// What [`noxrun_message_receive`] returns: the answer is due later, now, or the message was not the next one. Must match `worklet/strategies.js`.
const LATER: u32 = 0;
const NOW: u32 = 1;
const OUT_OF_ORDER: u32 = 2;

/// Address of the ring of the output at `address`.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_ring(address: usize) -> usize {
    shared_at(address).map_or(0, |shared| Arc::as_ptr(&shared.ring) as usize)
}

/// An inbox for messages of up to `frames` frames to the output at `address`. Returns a handle, or 0.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_message_inbox(address: usize, frames: usize) -> usize {
    let Some(shared) = shared_at(address) else { return 0 };
    let Ok(receiver) = Receiver::new(shared.clone()) else { return 0 };
    let samples = vec![0.0; frames * shared.ring.channels()].into();
    Box::into_raw(Box::new(Inbox {
        shared,
        receiver,
        header: [0.0; HEADER],
        samples,
        answer: [0.0; ANSWER],
    })) as usize
}

/// The inbox is not needed any more.
#[cfg(feature = "embed")]
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_message_close(handle: usize) {
    // SAFETY: the processor passes what `noxrun_message_inbox` gave it, and forgets it.
    drop(unsafe { Box::from_raw(handle as *mut Inbox) });
}

/// Address at which a message's header is to be put (`part` 0), its samples (1), and at which the latest answer stands (2).
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_message_place(handle: usize, part: u32) -> usize {
    let inbox = inbox(handle);
    match part {
        0 => inbox.header.as_ptr() as usize,
        1 => inbox.samples.as_ptr() as usize,
        _ => inbox.answer.as_ptr() as usize,
    }
}

/// Takes the message that was put there, which arrived at `now_ms` since the epoch.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_message_receive(handle: usize, now_ms: f64) -> u32 {
    let inbox = inbox(handle);
    match inbox.receiver.receive(&inbox.header, &inbox.samples, now_ms) {
        Received::Later => LATER,
        Received::AnswerNow => NOW,
        Received::OutOfOrder => OUT_OF_ORDER,
    }
}

/// Writes down how far the reader is, for an answer.
#[unsafe(no_mangle)]
pub extern "C" fn noxrun_message_answer(handle: usize) {
    let inbox = inbox(handle);
    let answer = Answer::of(&inbox.shared);
    inbox.answer = [
        answer.read as f64,
        answer.requested as f64,
        f64::from(answer.underruns),
        answer.starved_at as f64,
    ];
}

fn inbox(handle: usize) -> &'static mut Inbox {
    // SAFETY: the processor passes only what `noxrun_message_inbox` gave it, from one thread, one call at a time.
    unsafe { &mut *(handle as *mut Inbox) }
}
