//! Faults on purpose as plain objects: in a page's options, and on their way to the worker.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::PageError;
use super::options::{number, object, whole, wrong};
use crate::inject::{Fault, FaultKind};
use crate::render::Pace;

/// Reads a list of faults, each {kind, …} as in a scenario. Ranges are checked later, by [`Fault::check_all`].
pub(super) fn faults(value: &JsValue) -> Result<Vec<Fault>, PageError> {
    let list = value.dyn_ref::<Array>();
    let list = list.ok_or_else(|| wrong("faults", "must be an array of faults, each {kind, …}"))?;
    list.iter()
        .enumerate()
        .map(|(nth, item)| fault(&item, &format!("faults[{nth}]")))
        .collect()
}

fn fault(value: &JsValue, place: &str) -> Result<Fault, PageError> {
    let field = |name: &str| Reflect::get(value, &name.into()).unwrap_or_default();
    let named = |name: &str| format!("{place}.{name}");
    let needed = |name: &str| number(&named(name), &field(name));
    let given = |name: &str| match field(name) {
        none if none.is_null_or_undefined() => Ok(None),
        some => number(&named(name), &some).map(Some),
    };
    let count = |name: &str| whole(&named(name), &field(name)).map(|count| count as u32);
    let kind = field("kind").as_string().unwrap_or_default();
    let fault = match FaultKind::ALL.into_iter().find(|known| known.name() == kind) {
        Some(FaultKind::Stall) => Fault::Stall {
            ms: needed("ms")?,
            every_ms: needed("everyMs")?,
            jitter_ms: given("jitterMs")?.unwrap_or(0.0),
        },
        Some(FaultKind::Slow) => Fault::Slow { share: needed("share")? },
        Some(FaultKind::Late) => Fault::Late {
            ms: needed("ms")?,
            every_ms: needed("everyMs")?,
        },
        Some(FaultKind::Gc) => Fault::Gc {
            every_ms: given("everyMs")?,
        },
        Some(FaultKind::Burst) => Fault::Burst {
            frames: count("frames")?,
            every_ms: needed("everyMs")?,
        },
        Some(FaultKind::Rate) => Fault::Rate { ppm: needed("ppm")? },
        Some(FaultKind::Skip) => Fault::Skip {
            every_blocks: count("everyBlocks")?,
        },
        Some(FaultKind::Replay) => Fault::Replay {
            every_blocks: count("everyBlocks")?,
        },
        Some(FaultKind::Tear) => Fault::Tear {
            every_blocks: count("everyBlocks")?,
        },
        Some(FaultKind::Alias) => Fault::Alias,
        Some(FaultKind::Allocate) => Fault::Allocate,
        _ => {
            return Err(wrong(
                &named("kind"),
                "must be \"stall\", \"slow\", \"late\", \"gc\", \"burst\", \"rate\", \"skip\", \"replay\", \"tear\", \"alias\" or \"allocate\"",
            ));
        }
    };
    let known = figures(&fault);
    let unknown = |name: &String| name != "kind" && known.iter().all(|(figure, _)| figure != name);
    let names = Object::keys(value.unchecked_ref::<Object>());
    match names.iter().filter_map(|name| name.as_string()).find(unknown) {
        None => Ok(fault),
        Some(name) => Err(wrong(&named(&name), &format!("is unknown to a fault of the kind \"{kind}\""))),
    }
}

/// All figures of a fault under their names.
fn figures(fault: &Fault) -> Vec<(&'static str, JsValue)> {
    match *fault {
        Fault::Stall { ms, every_ms, jitter_ms } => vec![("ms", ms.into()), ("everyMs", every_ms.into()), ("jitterMs", jitter_ms.into())],
        Fault::Slow { share } => vec![("share", share.into())],
        Fault::Late { ms, every_ms } => vec![("ms", ms.into()), ("everyMs", every_ms.into())],
        Fault::Gc { every_ms } => vec![("everyMs", every_ms.into())],
        Fault::Burst { frames, every_ms } => vec![("frames", frames.into()), ("everyMs", every_ms.into())],
        Fault::Rate { ppm } => vec![("ppm", ppm.into())],
        Fault::Skip { every_blocks } | Fault::Replay { every_blocks } | Fault::Tear { every_blocks } => {
            vec![("everyBlocks", every_blocks.into())]
        }
        Fault::Alias | Fault::Allocate => Vec::new(),
    }
}

/// As [`faults`] reads them.
pub(super) fn faults_to_js(faults: &[Fault]) -> JsValue {
    let list: Array = faults
        .iter()
        .map(|fault| {
            let mut properties = figures(fault);
            properties.push(("kind", fault.kind().name().into()));
            object(&properties)
        })
        .collect();
    list.into()
}

/// Reads what drives the producer: {kind: "demand"} or {kind: "timer", periodMs, jitterMs, ppm, seed}, of which the numbers can be left out; `seed` is the one that stands in for its own.
pub(super) fn pace(value: &JsValue, seed: u64) -> Result<Pace, PageError> {
    let field = |name: &str| Reflect::get(value, &name.into()).unwrap_or_default();
    let given = |name: &str| match field(name) {
        none if none.is_null_or_undefined() => Ok(None),
        some => number(&format!("pace.{name}"), &some).map(Some),
    };
    match field("kind").as_string().as_deref() {
        Some("demand") => Ok(Pace::Demand),
        Some("timer") => Ok(Pace::Timer {
            period_ms: given("periodMs")?,
            jitter_ms: given("jitterMs")?.unwrap_or(0.0),
            ppm: given("ppm")?.unwrap_or(0.0),
            seed: given("seed")?.map_or(seed, |seed| seed as u64),
        }),
        _ => Err(wrong(
            "pace",
            "must be {kind: \"demand\"} or {kind: \"timer\", periodMs, jitterMs, ppm}",
        )),
    }
}

/// As [`pace`] reads it.
pub(super) fn pace_to_js(pace: Pace) -> JsValue {
    match pace {
        Pace::Demand => object(&[("kind", "demand".into())]),
        Pace::Timer {
            period_ms,
            jitter_ms,
            ppm,
            seed,
        } => object(&[
            ("kind", "timer".into()),
            ("periodMs", period_ms.into()),
            ("jitterMs", jitter_ms.into()),
            ("ppm", ppm.into()),
            ("seed", (seed as f64).into()),
        ]),
    }
}
