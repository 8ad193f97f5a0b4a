//! The lab: the page at `index.html`. Plays something real, shows where every frame went, and lets anybody break it.
//!
//! `src/lab/boot.js` calls `lab_start` once Trunk's script has loaded the engine. There is no `wasm-bindgen` start function, because worker and worklet
//! instantiate the same module.
//!
//! # Ids in index.html
//! Tests and scripts may rely on these. A figure that is not known is a dash; counts have commas.
//!
//! | id | what |
//! | --- | --- |
//! | `body[data-phase]` | `loading`, `ready` or `refused` (memory cannot be shared: only the message is there) |
//! | `play` | play and pause; `data-shows` is `play` or `pause`: what pressing it does |
//! | `stop` | close the output; its last figures stay |
//! | `state` | `data-state`: `loading`, `idle`, `starting`, `blocked`, `running`, `paused`, `suspended`, `interrupted`, `ended`, `lost`, `closed` |
//! | `now-playing` | source and time played, or what to do |
//! | `source` | `synth`, `sine`, `index`, `file` |
//! | `voices`, `hz` | number 1 to 256, number 1 to 20,000; each is there while its source is chosen |
//! | `volume` | range, 0 to 100; the gain is its square |
//! | `ring-size`, `ring-slider`, `ring-ms` | frames as a number (applied on change), as a range of powers of two (applied while it moves), in ms |
//! | `how` | the group of the controls from `preset` to `ask-rate`; what plays is played anew when one of them changes |
//! | `preset`, `preset-note` | a [`Preset`](presets::Preset) by id, or nothing; what it shows. Fills all controls and plays; goes back to nothing when a control says something else |
//! | `strategy`, `strategy-note` | a [`Strategy`](crate::strategy::Strategy) by name; what it is |
//! | `ring-field`, `queue-depth-field`, `block-frames-field`, `pace-period-field`, `pace-jitter-field` | around these controls: hidden where they say nothing |
//! | `queue-depth`, `block-frames` | blocks, 1 to 32; frames, 1 to 8192 or nothing: as it is when nobody says |
//! | `pace`, `pace-period`, `pace-jitter` | `demand`, `timer`; ms from block to block (nothing: what a block lasts); by how many ms each comes later at most |
//! | `conceal` | a [`Conceal`](crate::conceal::Conceal) by name |
//! | `ask-quantum`, `ask-rate` | render quantum in frames and rate in Hz that the context is asked for; nothing: as it comes |
//! | `latency-hint` | `interactive`, `balanced`, `playback`; starts another output when one plays |
//! | `freeze-20`, `freeze-100`, `freeze-500` | the producer stands still |
//! | `crash`, `kill` | the producer panics; its worker is terminated |
//! | `message` | what went wrong: `data-code` is `PageError::code`, `message-text` the text, `message-dismiss` takes it away |
//! | `announce` | the live region: at most one announcement every two seconds |
//! | `fill-chart`, `chart-hint` | canvas of ten seconds; what it says while it is empty |
//! | `underrun-events`, `underrun-frames`, `underrun-longest`, `overruns` | counts; the longest in ms |
//! | `duplicates`, `duplicate-quanta`, `duplicate-callbacks` | share of quanta and of callbacks with a repeated frame; there when only the newest block counts, or one was repeated |
//! | `fill-frames`, `fill-ms` | in the ring now |
//! | `latency-total`, `latency-ring`, `latency-base`, `latency-output` | ms; the ring's is the mean of the last second |
//! | `first-frame`, `startup-module`, `startup-worker`, `startup-worklet` | ms since Play |
//! | `sample-rate`, `channels`, `render-quantum`, `callback-frames`, `callback-longest` | what the browser asks for |
//! | `producer-load`, `producer-longest` | share of real time in the last second; the slowest block in ms |
//! | `playback-stats`, `playback-stats-absent` | the panel of both accounts; shown where the browser offers none |
//! | `ours-…`, `theirs-…` | `events`, `lost`, `total`, `latency`, `range`: the ring's account and the browser's |
//! | `ledger-requested`, `ledger-fresh`, `ledger-repeated`, `ledger-concealed`, `ledger-silent`, `ledger-silent-…` | frames that the browser asked for, by what it got; [`SilentBy::NAMES`](crate::ledger::SilentBy::NAMES) |
//! | `ledger-produced`, `ledger-played`, `ledger-in-flight`, `ledger-dropped`, `ledger-dropped-…` | frames that the producer made, by what became of them; [`DroppedBy::NAMES`](crate::ledger::DroppedBy::NAMES) |
//! | `ledger-torn` | frames that changed while they were copied, whatever else they count as |
//! | `share-…` | the same as parts of the whole |
//! | `imbalance`, `balance` | frames unaccounted for; `data-balanced` is `true` or `false` |
//! | `found`, `found-KIND-frames`, `found-KIND-quanta`, `found-KIND-callbacks` | what the index signal showed, by [`FoundKind::NAMES`](crate::ledger::FoundKind::NAMES); there while that plays |
//! | `declared-repeated`, `declared-superseded`, `declared-changed`, `agrees`, `agrees-said` | beside it, what the strategy says that it did; whether both agree: `data-balanced` is `true` or `false`, `yes` or `no` |
//! | `causes-seen` | below the chart: letter and name of each cause seen, `span[data-cause]` with [`Why::name`](causes::Why::name) |
//! | `underrun-log`, `log-empty`, `log-folded` | what was lost as sentences, newest first, 100 at most: `li[data-cause]`; shown while there is nothing; what older events were folded into |
//! | `log-filter`, `filter-all`, `filter-…` | there when more than one cause was seen: buttons with `aria-pressed`, the latter by [`Why::name`](causes::Why::name) |
//! | `lateness-bars`, `lateness-p50`, `lateness-p99`, `lateness-max` | histogram of wake lateness: 32 `i`, and its figures in ms |
//! | `callback-fill-bars`, `callback-fill-min`, `callback-fill-p1`, `callback-fill-p50`, `callback-fill-p99`, `callback-fill-middle`, `callback-fill-top` | histogram of the fill at each callback: 32 `i`, its figures and the ends of its axis in frames |
//! | `verdicts`, `verdicts-empty`, `verdicts-flagged` | red flags, `li[data-flag][data-status]` with `.verdict-status`, `.verdict-figure`, `.verdict-limit`, `.verdict-meaning`, `.verdict-advice`; those that are raised |
//! | `verdicts-good`, `verdicts-unknown`, `…-count`, `…-list` | `details` with the others |
//! | `faults`, `fault-list`, `faults-off` | the fault panel; its switches; all off |
//! | `fault-…`, `fault-…-FIELD`, `fault-…-record`, `fault-…-what` | the switch of a [`FaultKind`](crate::inject::FaultKind) by name, its figures as in the scenario, how often it really happened, what it does |
//! | `suspend`, `suspend-ms` | suspends the context for so long |
//! | `injected`, `injected-count`, `injected-log` | `details` with the faults as they really happened, newest first |
//! | `compare` | the panel that compares strategies: `compare-mode` (`quick`, `full`), `compare-faults` ([`Faults::name`](compare::plan::Faults::name)), `compare-start`, `compare-cancel` |
//! | `compare-progress`, `compare-said` | how far it is, while it goes on; the same in words, and what came of it |
//! | `compare-results` | there once something was measured: `compare-about`, `compare-charts` (`figure[data-chart]`), the tables `compare-strategies` and `compare-sides` |
//! | `compare-json-save`, `compare-csv-save`, `compare-markdown-save`, `compare-markdown-copy`, `compare-export-said` | the comparison as files, as Markdown on the clipboard; what became of it |
//! | `listen-a-cell`, `listen-b-cell`, `listen-a`, `listen-b`, `listen-x`, `listen-stop`, `listen-said` | two cells; plays them one at a time (`aria-pressed`); X is there in a blind series; silence; what plays, and how the levels are matched |
//! | `abx-trials`, `abx-start`, `abx-is-a`, `abx-is-b`, `abx-said` | a blind series: its length, begins and ends it, the answers, how far it is and what it came to |
//! | `report-save`, `report-copy`, `log-save`, `log-copy`, `summary-save`, `summary-copy` | report as JSON, log as CSV, summary as Markdown: as a file, or on the clipboard |
//! | `reproduce`, `link-copy`, `export-said` | the link that plays the same again; copies it; what became of saving or copying |
//! | `timeline`, `timeline-note` | whether underruns and blocks are shown in the browser's own Performance panel |
//! | `drop`, `drop-what` | shown while a file is held over the page; what dropping it does |
//! | `player` | the panel of the source `file`, there while that is chosen; `data-empty`: no file was chosen yet |
//! | `file`, `file-add` | file inputs for several files: play them as a new list; add them to the list |
//! | `address`, `address-form`, `address-add` | the address of a file, to be added to the list |
//! | `list`, `count`, `no-files` | the files: `li` with `data-state` `good` or `failed`, in it the button `item-N` (from 0; `aria-current` on the one that plays) and `.row-fault`; how many; what to do while there are none |
//! | `title`, `artist`, `format`, `cover` | of the file that plays: title or file name, artist and album, what it is and who decodes it, its picture |
//! | `time-now`, `time-all` | what is heard now, and the length: minutes, seconds and a tenth |
//! | `seek`, `wave`, `seek-at`, `scan` | the slider; its canvas; the time under the pointer; how much of the waveform is known |
//! | `previous`, `next` | to another file of the list |
//! | `loop-a`, `loop-b`, `loop-clear`, `loop` | set the loop's ends where it plays now, clear it, what it is |
//! | `repeat` | `none`, `one`, `all` |

pub mod announce;
pub mod causes;
pub mod compare;
pub mod export;
pub mod faults;
pub mod format;
pub mod history;
pub mod phase;
pub mod player;
pub mod presets;
pub mod report;
pub mod scenario;
pub mod strategies;

#[cfg(target_family = "wasm")]
mod chart;
#[cfg(target_family = "wasm")]
mod choice;
#[cfg(target_family = "wasm")]
mod connect;
#[cfg(target_family = "wasm")]
mod controls;
#[cfg(target_family = "wasm")]
mod dom;
#[cfg(target_family = "wasm")]
mod drop_file;
#[cfg(target_family = "wasm")]
mod found_table;
#[cfg(target_family = "wasm")]
mod jobs;
#[cfg(target_family = "wasm")]
mod ledger_table;
#[cfg(target_family = "wasm")]
mod live;
#[cfg(target_family = "wasm")]
mod look;
#[cfg(target_family = "wasm")]
mod message;
#[cfg(target_family = "wasm")]
pub mod page;
#[cfg(target_family = "wasm")]
mod panels;
#[cfg(target_family = "wasm")]
pub mod run;
#[cfg(target_family = "wasm")]
mod take;
#[cfg(target_family = "wasm")]
mod verdicts;
#[cfg(target_family = "wasm")]
mod view;

#[cfg(target_family = "wasm")]
pub(crate) use page::{adopt, ran, run_over, silence};
