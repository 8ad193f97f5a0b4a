//! `docs/report.md` and the code name the same fields.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{report, report_of, value};
use crate::lab::scenario::Scenario;
use crate::strategy::Strategy;

const DOCS: &str = include_str!("../../../../docs/report.md");

/// Every field below `value` as a dotted path, list entries as `[]`.
fn paths(value: &Value, prefix: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                into.insert(path.clone());
                paths(field, &path, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, &format!("{prefix}[]"), into)),
        _ => {}
    }
}

/// The first column of the table under a heading of `docs/report.md`.
fn documented(heading: &str) -> Vec<String> {
    let (_, section) = DOCS.split_once(&format!("\n## {heading}\n")).expect("the heading is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    cells.map(|(field, _)| field.to_string()).collect()
}

#[test]
fn every_field_stands_in_the_docs_and_the_other_way_round() {
    let mut fields = BTreeSet::new();
    paths(&value(&report()), "", &mut fields);
    // What only some strategies have.
    paths(&value(&report_of(Strategy::Triple)), "", &mut fields);
    fields.retain(|field| !field.starts_with("scenario."));
    let documented = documented("Report");
    assert_eq!(documented.iter().cloned().collect::<BTreeSet<_>>(), fields);
    assert_eq!(documented.len(), fields.len(), "a field stands twice");
}

#[test]
fn every_field_of_a_scenario_stands_in_the_docs_and_the_other_way_round() {
    // Together they have every field that a fault can have.
    let stress = r#"[{"kind":"stall","ms":1,"everyMs":9},{"kind":"slow","share":1},{"kind":"burst","frames":1,"everyMs":9},{"kind":"rate","ppm":1},
        {"kind":"skip","everyBlocks":1},{"kind":"hogs","count":1},{"kind":"kill","atMs":1}]"#;
    let mut fields = BTreeSet::new();
    for (source, strategy) in [
        (r#""sine""#, "ring"),
        (r#""index""#, "queue"),
        (r#""synth""#, "triple"),
        (r#""file","url":"a.wav""#, "buffer-source"),
    ] {
        // What the browser plays by itself cannot be asked for more.
        let stress = match strategy {
            "buffer-source" => "[]",
            _ => stress,
        };
        let scenario = Scenario::from_json(&format!(
            r#"{{"strategy":"{strategy}","source":{{"kind":{source}}},"pace":{{"kind":"timer"}},"stress":{stress}}}"#
        ))
        .expect("a good scenario");
        let scenario = serde_json::from_str(&scenario.to_json()).expect("a scenario is JSON");
        paths(&scenario, "", &mut fields);
    }
    assert_eq!(documented("Scenario").into_iter().collect::<BTreeSet<_>>(), fields);
}
