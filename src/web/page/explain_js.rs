//! Why frames were lost, for pages written in JavaScript.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use super::Output;
use super::js::stats;
use crate::ledger::{Cause, Ending, Evidence, Lateness, LogEntry, ProducerAccount, Snapshot};
use crate::web::options::object;

/// The ledger as it was fetched last.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    stats: JsValue,
    lateness: Vec<u64>,
}

#[wasm_bindgen]
impl Output {
    /// The latest losses, oldest first, each {number, kind, atMs, frame, frames, lastedMs, fill, endedBy, cause, evidence, settled}; see `LogEntry` for each field. What is not known (yet) is null.
    #[wasm_bindgen(js_name = events)]
    pub fn events_js(&self) -> Array {
        self.with_log(|log| log.dated().map(|dated| entry(&dated)).collect())
    }

    /// One verdict for each red flag: {flag, status, value, limit, unit, meaning, advice}; a value that was not measured is null.
    #[wasm_bindgen(js_name = verdicts)]
    pub fn verdicts_js(&self) -> Array {
        let verdict = |verdict: &crate::ledger::Verdict| {
            object(&[
                ("flag", verdict.flag.name().into()),
                ("status", verdict.status.name().into()),
                ("value", or_null(verdict.value)),
                ("limit", or_null(verdict.limit)),
                ("unit", verdict.unit.name().into()),
                ("meaning", verdict.meaning.into()),
                ("advice", verdict.advice.into()),
            ])
        };
        self.verdicts().iter().map(verdict).collect()
    }

    /// What has been added to [`Output::stats`] since this was last asked for (or since the start), or nothing while the ledger is changing (ask again). Each figure is a difference between two
    /// consistent ledgers, so the sums hold: `requested = fresh + repeated + concealed + silent`, and `produced = fresh + dropped + inFlight`, where `inFlight` is by how much *more* is in flight
    /// than was then: negative when the ring has run down. `underruns.log` has those that began since, and `longest` the longest of them; one that went on then and now belongs to the fetch in which it began, its later frames
    /// to the later one.
    #[wasm_bindgen(js_name = statsSince)]
    pub fn stats_since(&self) -> JsValue {
        let Some(now) = self.snapshot() else {
            return JsValue::UNDEFINED;
        };
        let stats = self.stats_with_why(&now);
        let before = self.explain().fetched.replace(Fetched {
            stats: stats.clone(),
            lateness: now.producer.lateness.clone(),
        });
        let since = grown(&stats, &before.stats);
        let underruns = field(&since, "underruns");
        let events = field(&underruns, "events").as_f64().unwrap_or_default() as usize;
        let new = &now.underruns[now.underruns.len().saturating_sub(events)..];
        let log = Array::from(&field(&underruns, "log"));
        set(&underruns, "log", log.slice(log.length() - new.len() as u32, log.length()).into());
        let longest = new.iter().map(|event| event.frames).max().unwrap_or(0);
        set(&underruns, "longest", (longest as f64).into());
        set(&since, "wakeLateness", lateness(&now, &before.lateness));
        since
    }
}

impl Output {
    /// The ledger, and what is known of causes.
    pub(super) fn stats_with_why(&self, now: &Snapshot) -> JsValue {
        let stats = stats(now);
        let number = |count: u64| JsValue::from(count as f64);
        let callbacks = object(&[
            ("total", number(now.consumer.callbacks)),
            ("duplicate", number(now.consumer.duplicate_callbacks)),
            ("starved", number(now.consumer.starved_callbacks)),
        ]);
        let by_cause = self.explain().log(|log| log.by_cause());
        set(&stats, "callbacks", callbacks);
        set(&stats, "wakeLateness", lateness(now, &[]));
        set(
            &stats,
            "byCause",
            object(&by_cause.map(|(cause, events)| (cause.name(), number(events)))),
        );
        stats
    }
}

/// How late wake-ups were since those that `before` counts, or null.
fn lateness(now: &Snapshot, before: &[u64]) -> JsValue {
    let mut buckets = now.producer.lateness.clone();
    for (bucket, before) in buckets.iter_mut().zip(before) {
        *bucket -= before;
    }
    Lateness::of(&buckets, now.producer.latest_us).map_or(JsValue::NULL, |lateness| {
        object(&[
            ("p50", lateness.p50.into()),
            ("p99", lateness.p99.into()),
            ("max", lateness.max.into()),
        ])
    })
}

fn entry(entry: &LogEntry) -> JsValue {
    object(&[
        ("number", (entry.number as f64).into()),
        ("kind", entry.kind.name().into()),
        ("atMs", entry.at_ms.into()),
        ("frame", (entry.frame as f64).into()),
        ("frames", (entry.frames as f64).into()),
        ("lastedMs", entry.lasted_ms.into()),
        ("fill", or_null(entry.fill.map(|fill| fill as f64))),
        ("endedBy", or_null(entry.ended_by.map(Ending::name))),
        ("cause", or_null(entry.cause.map(Cause::name))),
        ("evidence", evidence(&entry.evidence)),
        ("settled", entry.settled.into()),
    ])
}

fn evidence(evidence: &Evidence) -> JsValue {
    object(&[
        ("producer", or_null(evidence.account.as_ref().map(account))),
        ("count", (evidence.count as f64).into()),
        ("stillMs", evidence.still_ms.into()),
        ("callbackFrames", or_null(evidence.callback_frames.map(|frames| frames as f64))),
        ("longTasksMs", or_null(evidence.long_tasks_ms)),
        ("hiddenMs", evidence.hidden_ms.into()),
        ("context", or_null(evidence.context)),
        ("stoodStillMs", evidence.stood_still_ms.into()),
        ("deviceUnderruns", or_null(evidence.device_underruns.map(|events| events as f64))),
    ])
}

fn account(account: &ProducerAccount) -> JsValue {
    let number = |count: u64| JsValue::from(count as f64);
    object(&[
        ("atMs", account.at_ms.into()),
        ("spellMs", account.spell_ms.into()),
        ("asleepMs", account.asleep_ms.into()),
        ("lateMs", account.late_ms.into()),
        ("renderMs", account.render_ms.into()),
        ("longestMs", account.longest_ms.into()),
        ("prepareMs", account.prepare_ms.into()),
        ("awayMs", account.away_ms.into()),
        ("dryMs", account.dry_ms.into()),
        ("restMs", account.rest_ms().into()),
        ("blocks", number(account.blocks)),
        ("blockFrames", number(account.block_frames)),
        ("aheadFrames", number(account.ahead_frames)),
        ("limitFrames", number(account.limit_frames)),
        ("askedFrames", number(account.asked_frames)),
        ("burstFrames", number(account.burst_frames)),
        ("jumped", account.jumped.into()),
        ("ownClock", account.own_clock.into()),
        ("nothingCame", account.nothing_came.into()),
    ])
}

fn or_null(value: Option<impl Into<JsValue>>) -> JsValue {
    value.map_or(JsValue::NULL, Into::into)
}

/// By how much every number in `now` is more than that in `before`; what is no number stays as it is.
fn grown(now: &JsValue, before: &JsValue) -> JsValue {
    if let Some(number) = now.as_f64() {
        return (number - before.as_f64().unwrap_or_default()).into();
    }
    let Some(fields) = now.dyn_ref::<Object>().filter(|now| !Array::is_array(now)) else {
        return now.clone();
    };
    let copy: JsValue = Object::new().into();
    for name in Object::keys(fields).iter() {
        let [now, before] = [now, before].map(|of| Reflect::get(of, &name).unwrap_or_default());
        let _ = Reflect::set(&copy, &name, &grown(&now, &before));
    }
    copy
}

fn field(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or_default()
}

/// Setting a property of a fresh, extensible object cannot fail.
fn set(of: &JsValue, name: &str, value: JsValue) {
    let _ = Reflect::set(of, &name.into(), &value);
}
