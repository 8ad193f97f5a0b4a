//! Scenarios with a name: what the research note found, to be seen and heard. `docs/strategies.md` lists them; a test compares the two.

use super::scenario::Scenario;

/// A scenario with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// For programs.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// What it shows and what to look at.
    pub shows: &'static str,
    /// As JSON.
    json: &'static str,
}

impl Preset {
    /// All of them.
    pub const ALL: [Preset; 8] = [
        Preset {
            id: "note-case",
            title: "The note's case",
            shows: "Blocks of 256 frames on a timer, of which the newest counts, read in quanta of 5.9 ms: silent, so that every frame is checked; compare Duplicates with Superseded.",
            json: r#"{"strategy":"triple","blockFrames":256,"pace":{"kind":"timer"},"renderQuantum":283,"sampleRate":48000,
                "source":{"kind":"index"},"seconds":20}"#,
        },
        Preset {
            id: "note-double",
            title: "The note's, two blocks",
            shows: "The note's case with two blocks instead of three, so that the one may be written to while it is read: silent; look at Torn beside it.",
            json: r#"{"strategy":"double","blockFrames":256,"pace":{"kind":"timer"},"renderQuantum":283,"sampleRate":48000,
                "source":{"kind":"index"},"seconds":20}"#,
        },
        Preset {
            id: "note-callback",
            title: "Where 71 % comes from",
            shows: "One quantum of which the newest counts, while a callback asks for several back to back: all but the first of each can find nothing new; silent; look at Duplicates.",
            json: r#"{"strategy":"triple","blockFrames":128,"pace":{"kind":"demand"},"sampleRate":44100,"source":{"kind":"index"},"seconds":20}"#,
        },
        Preset {
            id: "queue-3",
            title: "A queue of three",
            shows: "Three blocks of 256 frames at most, none of them lost; look at how little is left at each callback.",
            json: r#"{"strategy":"queue","queueDepth":3,"blockFrames":256,"source":{"kind":"synth"},"seconds":20}"#,
        },
        Preset {
            id: "emergency-fill",
            title: "The emergency fill",
            shows: "That queue twice a second without anything for 120 ms, and the last sample held instead: hear the edges, and look at Concealed; then choose another filling.",
            json: r#"{"strategy":"queue","queueDepth":3,"blockFrames":256,"conceal":"hold","source":{"kind":"synth"},"seconds":20,
                "stress":[{"kind":"stall","ms":120,"everyMs":500}]}"#,
        },
        Preset {
            id: "one-hertz",
            title: "Off by one hertz",
            shows: "A producer whose clock makes 48,001 frames a second for a device that takes 48,000: the ring fills by a frame a second, and after some minutes blocks begin to find no room; look at Ahead, then at Overruns.",
            json: r#"{"bufferFrames":1024,"pace":{"kind":"timer"},"sampleRate":48000,"source":{"kind":"synth"},"seconds":1200,
                "stress":[{"kind":"rate","ppm":20.83}]}"#,
        },
        Preset {
            id: "import-cost",
            title: "What starting costs",
            shows: "A second of sound, for the way there: look at Play to first frame, at its parts, and at the flag of start-up.",
            json: r#"{"source":{"kind":"synth"},"seconds":1}"#,
        },
        Preset {
            id: "aliased-buffer",
            title: "One buffer, three times",
            shows: "Blocks that are references to one buffer, so that the newest of three comes three times, though nothing is lost on the way: hear it, and look at the flag of aliased buffers.",
            json: r#"{"source":{"kind":"synth"},"seconds":10,"stress":[{"kind":"alias"}]}"#,
        },
    ];

    /// The one with this id.
    pub fn by_id(id: &str) -> Option<&'static Preset> {
        const ALL: &[Preset] = &Preset::ALL;
        ALL.iter().find(|preset| preset.id == id)
    }

    /// What is played.
    pub fn scenario(&self) -> Scenario {
        Scenario::from_json(self.json).expect("a test reads them all")
    }

    /// Whether `other` does the same, whatever it plays and for how long.
    pub fn is_like(&self, other: &Scenario) -> bool {
        let own = self.scenario();
        let other = Scenario {
            source: own.source.clone(),
            seconds: own.seconds,
            ..other.clone()
        };
        own == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conceal::Conceal;
    use crate::inject::FaultKind;
    use crate::lab::scenario::{Pace, SourceChoice, Stress};
    use crate::strategy::Strategy;

    const DOCS: &str = include_str!("../../docs/strategies.md");

    fn preset(id: &str) -> Scenario {
        Preset::by_id(id).expect(id).scenario()
    }

    #[test]
    fn all_are_scenarios_that_can_be_written_down_and_read_again() {
        for preset in Preset::ALL {
            let scenario = Scenario::from_json(preset.json).unwrap_or_else(|refusal| panic!("{}: {refusal}", preset.id));
            assert_eq!(Scenario::from_json(&scenario.to_json()).as_ref(), Ok(&scenario), "{}", preset.id);
            assert_eq!(Preset::by_id(preset.id), Some(&preset), "an id stands twice");
        }
        assert_eq!(Preset::by_id("note"), None);
    }

    #[test]
    fn all_stand_in_the_docs_as_the_page_shows_them() {
        for Preset { id, title, shows, .. } in Preset::ALL {
            assert!(DOCS.contains(&format!("| `{id}` | {title} | {shows} |")), "{id}");
            assert!(shows.ends_with('.'), "{id}");
        }
        let (_, section) = DOCS.split_once("\n## Presets\n").expect("the heading is there");
        let section = section.split("\n## ").next().unwrap_or_default();
        assert_eq!(section.matches("\n| `").count(), Preset::ALL.len());
    }

    #[test]
    fn the_notes_case_is_its_timing() {
        for (id, strategy) in [("note-case", Strategy::Triple), ("note-double", Strategy::Double)] {
            let scenario = preset(id);
            assert_eq!(
                (scenario.strategy, scenario.source, scenario.block_frames),
                (strategy, SourceChoice::Index, 256)
            );
            assert_eq!((scenario.sample_rate, scenario.render_quantum), (Some(48_000.0), Some(283)));
            // What a block lasts: 5.333 ms, against 5.896 ms.
            let by_length = Pace::Timer {
                period_ms: None,
                jitter_ms: 0.0,
            };
            assert_eq!(scenario.pace, by_length);
        }
        let callback = preset("note-callback");
        assert_eq!(
            (callback.block_frames, callback.pace, callback.sample_rate),
            (128, Pace::Demand, Some(44_100.0))
        );
        assert!(callback.strategy.newest_counts() && callback.render_quantum.is_none());
    }

    #[test]
    fn the_others_are_what_they_are_called() {
        let (queue, fill) = (preset("queue-3"), preset("emergency-fill"));
        assert_eq!(
            (queue.queue_depth, queue.block_frames, queue.conceal),
            (Some(3), 256, Conceal::Fade)
        );
        assert_eq!((fill.queue_depth, fill.block_frames, fill.conceal), (Some(3), 256, Conceal::Hold));
        let one_hertz = preset("one-hertz");
        match one_hertz.stress[..] {
            [Stress::Output(crate::inject::Fault::Rate { ppm })] => assert!((ppm * 48_000.0 / 1e6 - 1.0).abs() < 1e-3, "{ppm}"),
            ref other => panic!("{other:?}"),
        }
        assert_eq!(preset("import-cost").seconds, 1.0);
        let kinds: Vec<_> = preset("aliased-buffer").stress.iter().map(Stress::kind).collect();
        assert_eq!(kinds, [FaultKind::Alias.name()]);
    }

    #[test]
    fn another_sound_is_the_same_preset_and_another_block_is_not() {
        let preset = Preset::by_id("note-case").expect("it is there");
        let mut other = preset.scenario();
        (other.source, other.seconds) = (SourceChoice::Sine { hz: 440.0 }, 7.0);
        assert!(preset.is_like(&other));
        other.block_frames = 128;
        assert!(!preset.is_like(&other));
    }
}
