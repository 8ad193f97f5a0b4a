//! What is known of each strategy without running it: its name, which column of the second table it belongs to, what it needs, how much code it is.
//!
//! The one place to extend when a strategy is added or grows another file.

use serde::Serialize;

use super::complexity::lines_of;

/// A column of the second table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Group {
    /// Producer and audio thread share memory.
    Shared,
    /// They send each other messages.
    Messages,
    /// The page's own thread produces.
    MainThread,
}

impl Group {
    /// All, as the table has them.
    pub const ALL: [Group; 3] = [Group::Shared, Group::Messages, Group::MainThread];

    /// The column's head.
    pub fn title(self) -> &'static str {
        match self {
            Group::Shared => "Shared memory",
            Group::Messages => "Messages",
            Group::MainThread => "Main thread",
        }
    }

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Group::Shared => "shared",
            Group::Messages => "messages",
            Group::MainThread => "mainThread",
        }
    }

    /// Strategies that can stand for it, the best first.
    pub fn strategies(self) -> &'static [&'static str] {
        match self {
            Group::Shared => &["ring", "triple", "double", "queue"],
            Group::Messages => &["message-transfer", "message-copy"],
            Group::MainThread => &["main-thread"],
        }
    }

    /// What code can be used with it.
    pub fn libraries(self) -> &'static str {
        match self {
            Group::Shared => "Wasm built with atomics (a standard library of its own); others can write into the ring through the engine",
            Group::Messages => "anything that runs in a worker",
            Group::MainThread => "anything that runs in a page, the DOM included",
        }
    }

    /// What a page must bring.
    pub fn set_up(self) -> &'static str {
        match self {
            Group::Shared => "two response headers (cross-origin isolation), a worker file, a worklet file",
            Group::Messages => "a worker file, a worklet file",
            Group::MainThread => "a worklet file",
        }
    }
}

/// What is known of a strategy.
#[derive(Debug)]
pub struct Strategy {
    /// As in a scenario.
    pub name: &'static str,
    /// What it needs and when it fails.
    pub needs: &'static str,
    /// Lines of its own code; `None`: nobody has counted them.
    pub lines: Option<u32>,
}

/// The ring's positions and waking, which all but `in-worklet` use.
const POSITIONS: u32 = lines_of!(
    "src/ring/mod.rs",
    "src/ring/layout.rs",
    "src/ring/sequence.rs",
    "src/ring/sync.rs",
    "src/ring/producer.rs",
    "src/ring/consumer.rs",
);
/// Cells that the two sides take turns to own.
const STORAGE: u32 = lines_of!("src/ring/storage.rs");
/// What exchanges have in common in which the newest block counts.
const NEWEST: u32 = lines_of!("src/strategy/slots.rs", "src/strategy/latest.rs");
/// A producer on the page's own thread.
const ON_PAGE: u32 = lines_of!("src/web/raw/page.rs", "src/web/page/on_page.rs", "src/web/page/raw_instance.rs");

/// All, in the order of the tables.
pub const ALL: [Strategy; 9] = [
    Strategy {
        name: "ring",
        needs: "cross-origin isolation, worker, AudioWorklet; indifferent to the page's load",
        lines: Some(POSITIONS + STORAGE + lines_of!("src/strategy/ring.rs")),
    },
    Strategy {
        name: "double",
        needs: "cross-origin isolation, worker, AudioWorklet; indifferent to the page's load; a reader can meet a block that is being written",
        lines: Some(POSITIONS + NEWEST + lines_of!("src/strategy/double.rs")),
    },
    Strategy {
        name: "triple",
        needs: "cross-origin isolation, worker, AudioWorklet; indifferent to the page's load; plays the latest block, so blocks repeat or are dropped",
        lines: Some(POSITIONS + STORAGE + NEWEST + lines_of!("src/strategy/triple.rs")),
    },
    Strategy {
        name: "queue",
        needs: "cross-origin isolation, worker, AudioWorklet; indifferent to the page's load; whole blocks only",
        lines: Some(POSITIONS + STORAGE + lines_of!("src/strategy/queue.rs")),
    },
    Strategy {
        name: "message-copy",
        needs: "worker, AudioWorklet; indifferent to the page's load; a new buffer for each block on the other side",
        lines: Some(
            POSITIONS
                + STORAGE
                + lines_of!(
                    "src/strategy/ring.rs",
                    "src/strategy/message.rs",
                    "src/web/outbox.rs",
                    "src/web/raw/message.rs",
                    "src/web/page/mailed.rs"
                ),
        ),
    },
    Strategy {
        name: "message-transfer",
        needs: "worker, AudioWorklet; indifferent to the page's load; buffers must be sent back to be used again",
        lines: Some(
            POSITIONS
                + STORAGE
                + lines_of!(
                    "src/strategy/ring.rs",
                    "src/strategy/message.rs",
                    "src/web/outbox.rs",
                    "src/web/raw/message.rs",
                    "src/web/page/mailed.rs"
                ),
        ),
    },
    Strategy {
        name: "main-thread",
        needs: "AudioWorklet; stops whenever the page is busy for longer than the buffer lasts",
        lines: Some(POSITIONS + STORAGE + ON_PAGE + lines_of!("src/strategy/ring.rs")),
    },
    Strategy {
        name: "in-worklet",
        needs: "AudioWorklet; all rendering must fit into the audio thread's time",
        lines: Some(lines_of!("src/strategy/direct.rs", "src/web/raw/any.rs")),
    },
    Strategy {
        name: "buffer-source",
        needs: "nothing beyond Web Audio; timers of the page, so a busy or hidden page must schedule far ahead; a new node for each block",
        lines: Some(POSITIONS + ON_PAGE + lines_of!("src/strategy/heard.rs")),
    },
];

/// Whether the strategy of this name has no part in what `measure` (a name of a figure) is about: then there is nothing to be measured.
pub fn has_no_part(name: &str, measure: &str) -> bool {
    let Some(strategy) = crate::strategy::Strategy::from_name(name) else {
        return false;
    };
    match measure {
        "cpuProducer" => !strategy.has_worker(),
        "cpuPage" => !strategy.on_page(),
        "messages" | "transit" => !strategy.by_message(),
        "newBuffers" => !strategy.by_message() && strategy != crate::strategy::Strategy::BufferSource,
        _ => false,
    }
}

/// The strategy of this name.
pub fn named(name: &str) -> Option<&'static Strategy> {
    ALL.iter().find(|strategy| strategy.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_no_messages_has_no_part_in_them() {
        assert!(has_no_part("ring", "messages") && has_no_part("ring", "newBuffers") && has_no_part("ring", "cpuPage"));
        assert!(!has_no_part("message-copy", "messages") && !has_no_part("buffer-source", "newBuffers"));
        assert!(has_no_part("main-thread", "cpuProducer") && !has_no_part("main-thread", "cpuPage"));
        assert!(!has_no_part("ring", "latencyP50") && !has_no_part("unheard of", "messages"));
    }

    #[test]
    fn every_column_stands_for_strategies_that_exist() {
        for strategy in Group::ALL.iter().flat_map(|group| group.strategies()) {
            assert!(named(strategy).is_some(), "{strategy}");
        }
        assert!(named("belt").is_none());
    }

    #[test]
    fn the_rings_code_is_counted() {
        let lines = named("ring").and_then(|ring| ring.lines);
        // All of it is some 1200 lines with comments and tests.
        assert!(lines.is_some_and(|lines| (300..1200).contains(&lines)), "{lines:?}");
    }
}
