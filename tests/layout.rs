//! docs/protocol.md says where everything lies: each of its tables against the structures themselves. (Of the ring, whose fields are private, tests/package/layout.test.mjs looks at the bytes.)
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use core::mem::offset_of;

use noxrun::ledger::{Account, ConsumerLedger, Injection, Overrun, ProducerLedger, Slip, Underrun};
use noxrun::shared::{Control, SharedOutput};

/// Name, offset and size of each field.
type Fields = Vec<(&'static str, usize, usize)>;

/// The fields named, which are all there are if nothing lies between them.
macro_rules! fields {
    ($of:ty: $($field:ident)*) => {{
        fn size<T>(_: fn(&$of) -> &T) -> usize {
            size_of::<T>()
        }
        let fields: Fields = vec![$((stringify!($field), offset_of!($of, $field), size(|of| &of.$field))),*];
        (stringify!($of), fields, size_of::<$of>(), align_of::<$of>())
    }};
}

/// The rows (name, offset) of the table under the heading of `name`.
fn table(guide: &str, name: &str) -> Vec<(String, usize)> {
    let heading = format!("### `{name}`");
    let (_, section) = guide.split_once(&heading).expect("docs/protocol.md has the heading");
    let section = section.split("\n#").next().unwrap_or_default();
    let row = |line: &str| {
        let (field, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        let offset = rest.split(' ').next()?.parse().expect("an offset");
        Some((field.to_string(), offset))
    };
    section.lines().filter_map(row).collect()
}

#[test]
fn the_tables_of_the_guide_are_the_layout() {
    let guide = include_str!("../docs/protocol.md");
    let all = [
        fields!(Control: paused stop mail freezes freeze_ms recount panic verify_index count_callbacks burst_frames burst_every conceal),
        fields!(ProducerLedger: sequence produced dropped state newest blocks render_ns lasted_ns busy_us longest_ns overrun_events overruns identical_blocks lateness latest_us accounts non_finite allocations heartbeat sleeps time_outs
            new_buffers messages transit_us injected injections),
        fields!(ConsumerLedger: sequence requested fresh quanta quantum wakes repeated concealed silent dropped duplicate_quanta starved_quanta torn skipped replayed allocations gap_from gap_to underrun_events starved_at underrun_frames
            underrun_longest underruns fill bursts callbacks duplicate_callbacks starved_callbacks callback_fill busy_us held reads stale_reads changed found_frames found_quanta found_callbacks slip_events slips injected injections),
        fields!(Underrun: frame position frames fill quanta ended_by),
        fields!(Overrun: at_us position frames blocks fill still_us echo ended_by account),
        fields!(Slip: kind frame frames),
        fields!(Injection: kind at_us lasted_us position frames),
        fields!(Account: event at_us spell_us asleep_us late_us render_us longest_us prepare_us away_us dry_us blocks block_frames ahead_frames limit_frames asked_frames burst_frames flags),
    ];
    for (name, fields, size, align) in all {
        let expected: Vec<_> = fields.iter().map(|(field, offset, _)| (field.to_string(), *offset)).collect();
        assert_eq!(table(guide, name), expected, "{name}");
        // Nothing but padding between them, and behind the last: no field was forgotten here.
        let starts = fields.iter().skip(1).map(|(_, offset, _)| *offset).chain([size]);
        for ((field, offset, length), next) in fields.iter().zip(starts) {
            let gap = next - offset - length;
            assert!(gap < align, "{name}: {gap} bytes behind {field}");
        }
    }
}

#[test]
fn the_parts_of_the_shared_state_lie_where_the_guide_says() {
    let guide = include_str!("../docs/protocol.md");
    let here = [
        ("magic", offset_of!(SharedOutput, magic)),
        ("version", offset_of!(SharedOutput, version)),
        ("ring", offset_of!(SharedOutput, ring)),
        // A pointer has half as many bytes in Wasm, of which the alignment of what follows makes up.
        ("control", offset_of!(SharedOutput, control) - size_of::<usize>() + 4),
        ("producer", offset_of!(SharedOutput, producer)),
        ("consumer", offset_of!(SharedOutput, consumer)),
        ("sample_rate", offset_of!(SharedOutput, sample_rate)),
    ];
    assert_eq!(
        table(guide, "SharedOutput"),
        here.map(|(field, offset)| (field.to_string(), offset))
    );
    assert_eq!(noxrun::ring::VERSION.to_string(), versions(guide), "the version word");
}

/// The version that the guide is of.
fn versions(guide: &str) -> &str {
    let (_, rest) = guide.split_once("this page is of version ").expect("the guide names its version");
    rest.split(|character: char| !character.is_ascii_digit()).next().unwrap_or_default()
}
