//! What explains losses must not see what causes them: nothing that counts, renders or consumes looks at the injector.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::fs;
use std::path::{Path, PathBuf};

/// Folders in which nobody may know of faults on purpose, and what they may have of `inject` all the same.
const APART: [(&str, &[&str]); 3] = [
    ("src/ledger", &[]),
    // Chance that can be repeated is no fault.
    ("src/render", &["Random"]),
    ("src/consume", &[]),
];
/// The one fault that happens on the audio thread has a module of its own.
const THE_FAULTS_OWN: &str = "src/consume/burst_fault.rs";

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The lines of `text` that mention `inject` as a path, in code and not in comments, and name something that is not `allowed`.
fn mentions<'a>(text: &'a str, allowed: &[&str]) -> Vec<&'a str> {
    let code = |line: &&str| !line.trim_start().starts_with("//");
    let looks = |line: &&str| {
        let code = line.split("//").next().unwrap_or_default();
        let mut names = code.split("inject::").skip(1);
        let other = names.any(|name| !allowed.iter().any(|allowed| name.strip_prefix(allowed).is_some_and(ends)));
        // Also in other ways of writing a path: `inject as`, `{inject, …}`, `mod inject`.
        let whole = code.match_indices("inject").any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let after = &code[at + "inject".len()..];
            !before.is_some_and(|before| before.is_alphanumeric() || before == '_') && !after.starts_with("::") && ends(after)
        });
        other || whole
    };
    text.lines().filter(code).filter(looks).collect()
}

/// Whether a name ends here.
fn ends(rest: &str) -> bool {
    !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')
}

#[test]
fn nothing_that_explains_losses_sees_the_injector() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut looked = 0;
    for (folder, allowed) in APART {
        for path in sources(&root.join(folder)) {
            let text = fs::read_to_string(&path).expect("text");
            looked += 1;
            if path.ends_with(THE_FAULTS_OWN) {
                continue;
            }
            let found = mentions(&text, allowed);
            assert!(found.is_empty(), "{} looks at the injector: {found:?}", path.display());
        }
    }
    assert!(looked > 20, "{looked} files: not where this looks");
    assert!(root.join(THE_FAULTS_OWN).exists());
}

/// Where losses are explained: here not even the records of what was injected may be read, though they lie in the same snapshot.
const EXPLAINING: [&str; 8] = [
    "src/ledger/cause.rs",
    "src/ledger/log",
    "src/ledger/verdict",
    "src/watch",
    "src/web/page/explain.rs",
    "src/web/page/explain_js.rs",
    "src/web/page/findings.rs",
    "src/web/page/witness.rs",
];

#[test]
fn what_explains_losses_does_not_read_what_was_injected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for place in EXPLAINING {
        let place = root.join(place);
        let files = if place.is_dir() { sources(&place) } else { vec![place] };
        assert!(!files.is_empty());
        for path in files {
            let text = fs::read_to_string(&path).expect("text");
            let reads = |line: &&str| line.split("//").next().is_some_and(|code| code.contains("inject"));
            let found: Vec<_> = text.lines().filter(reads).collect();
            assert!(found.is_empty(), "{}: {found:?}", path.display());
        }
    }
}

#[test]
fn the_look_finds_what_it_is_for() {
    for line in [
        "use crate::inject::Fault;",
        "    crate::inject::FaultKind::Stall => 1,",
        "use crate::inject::{Fault, Random};",
        "use crate::{inject, ring};",
        "use crate::inject as other;",
        "use crate::inject::RandomFault;",
    ] {
        assert_eq!(mentions(line, &["Random"]), [line]);
    }
    for line in [
        "use crate::inject::Random;",
        "/// See [`Injection`](crate::inject::FaultKind).",
        "    // inject",
        "    pub injected: Count,",
        "    /// Faults injected so far.",
        "    ledger.injections[0] // inject::Fault",
    ] {
        assert!(mentions(line, &["Random"]).is_empty(), "{line}");
    }
    assert_eq!(mentions("use crate::inject::Random;", &[]).len(), 1);
}
