//! The strategies in a sentence each.

use crate::strategy::Strategy;

/// What `strategy` is and what comes of it, in a sentence.
pub fn about(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Ring => {
            "A lock-free ring in shared memory: every frame is played once and in order, and the producer sleeps while it is full."
        }
        Strategy::Double => {
            "Two blocks in shared memory, of which the newest counts: old ones come again, replaced ones never, and one may be torn while it is read."
        }
        Strategy::Triple => {
            "Three blocks in shared memory, of which the newest counts: old ones come again, replaced ones never, but none is ever torn."
        }
        Strategy::Queue => {
            "So many whole blocks in shared memory at most: every frame is played once, but the producer waits whenever all of them are full."
        }
        Strategy::MessageCopy => "Each block is copied into a message: needs no shared memory, and makes garbage on either side.",
        Strategy::MessageTransfer => "Each block's memory is handed over in a message and handed back: no copy, but a message each way.",
        Strategy::MainThread => "The ring, filled by the page's own thread: whatever keeps the page busy keeps the producer waiting.",
        Strategy::InWorklet => {
            "Rendered inside of process(), on the audio thread: nothing is kept ahead, and whatever takes longer than a quantum is heard."
        }
        Strategy::BufferSource => {
            "The page makes one AudioBufferSourceNode after the other, and the browser plays them: the oldest way, without any worklet of one's own."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = include_str!("../../../docs/strategies.md");

    #[test]
    fn the_docs_say_the_same() {
        for strategy in Strategy::ALL {
            let row = format!("| `{}` | {} |", strategy.name(), about(strategy));
            assert!(DOCS.contains(&row), "{row}");
        }
    }
}
