//! Reads the fields of one JSON object and refuses, by name, what is unknown, missing or wrong.

use core::ops::RangeInclusive;

use serde_json::{Map, Value};

/// Why a scenario is not run. Each message names the field, its value, and what can be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No scenario has this field.
    #[error("unknown field `{field}`: known are {known}")]
    Unknown {
        /// Where it stands.
        field: String,
        /// The fields that exist there.
        known: String,
    },
    /// A field without which the fault or source says nothing.
    #[error("`{field}` is missing: it must be {wanted}")]
    Missing {
        /// Where it should stand.
        field: String,
        /// What it must be.
        wanted: String,
    },
    /// A value of the wrong kind, or out of range.
    #[error("`{field}` is {value}: it must be {wanted}")]
    Wrong {
        /// Where it stands.
        field: String,
        /// What was given.
        value: String,
        /// What it must be.
        wanted: String,
    },
    /// A value that a later version will honour.
    #[error("`{field}` {value} cannot be honoured yet: {can}")]
    NotYet {
        /// Where it stands.
        field: String,
        /// What was given.
        value: String,
        /// What can be had today.
        can: String,
    },
    /// No JSON at all.
    #[error("the scenario is no JSON: {0}")]
    NotJson(String),
}

impl Refusal {
    /// The same of a field that stands within `place`.
    pub(in crate::lab) fn within(self, place: &str) -> Refusal {
        self.map_field(|field| format!("{place}.{field}"))
    }

    /// The same where the field that a scenario calls `name` is called `other`.
    pub(in crate::lab) fn renamed(self, name: &str, other: &str) -> Refusal {
        self.map_field(|field| match field.strip_prefix(name) {
            Some(rest) if rest.is_empty() || rest.starts_with(['[', '.']) => format!("{other}{rest}"),
            _ => field,
        })
    }

    fn map_field(mut self, change: impl Fn(String) -> String) -> Refusal {
        match &mut self {
            Refusal::Unknown { field, .. }
            | Refusal::Missing { field, .. }
            | Refusal::Wrong { field, .. }
            | Refusal::NotYet { field, .. } => {
                *field = change(std::mem::take(field));
            }
            Refusal::NotJson(_) => {}
        }
        self
    }
}

/// A value as it stands in a message: text in single quotes, nothing endless.
pub(in crate::lab) fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    };
    if text.chars().count() <= 60 {
        text
    } else {
        text.chars().take(57).chain("...".chars()).collect()
    }
}

/// `a, b, c` with `quote` around each.
pub(in crate::lab) fn listed(names: &[&str], quote: char) -> String {
    names
        .iter()
        .map(|name| format!("{quote}{name}{quote}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The fields of one object of the scenario. A field that is null counts as left out.
#[derive(Debug)]
pub(in crate::lab) struct Fields<'a> {
    /// Its place, with a dot at the end: `source.`, `stress[1].`, or nothing.
    prefix: String,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The object at `place` (empty for the scenario itself). What is in it is not looked at yet.
    pub fn of(value: &'a Value, place: &str) -> Result<Self, Refusal> {
        let map = value.as_object().ok_or_else(|| Refusal::Wrong {
            field: if place.is_empty() { "scenario" } else { place }.into(),
            value: shown(value),
            wanted: "an object".into(),
        })?;
        let prefix = if place.is_empty() { String::new() } else { format!("{place}.") };
        Ok(Fields { prefix, map })
    }

    /// Refuses any field that is not `known`.
    pub fn only(self, known: &[&str]) -> Result<Self, Refusal> {
        match self.map.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(self),
            Some(name) => Err(Refusal::Unknown {
                field: self.place(name),
                known: listed(known, '`'),
            }),
        }
    }

    /// The full name of a field.
    pub fn place(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What was given, if anything.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// Says that `name` must be `wanted`.
    pub fn wrong(&self, name: &str, wanted: impl Into<String>) -> Refusal {
        let (field, wanted) = (self.place(name), wanted.into());
        match self.get(name) {
            Some(value) => Refusal::Wrong {
                field,
                value: shown(value),
                wanted,
            },
            None => Refusal::Missing { field, wanted },
        }
    }

    /// Says that `name` must wait for a later version.
    pub fn not_yet(&self, name: &str, can: impl Into<String>) -> Refusal {
        let value = self.map.get(name).map(shown).unwrap_or_default();
        Refusal::NotYet {
            field: self.place(name),
            value,
            can: can.into(),
        }
    }

    /// A number in `range`; `unit` with a leading space, or nothing.
    pub fn number(&self, name: &str, range: RangeInclusive<f64>, unit: &str) -> Result<Option<f64>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = value.as_f64().filter(|number| range.contains(number));
        number
            .map(Some)
            .ok_or_else(|| self.wrong(name, format!("a number from {} to {}{unit}", range.start(), range.end())))
    }

    /// A number in `range` that cannot be left out.
    pub fn needed(&self, name: &str, range: RangeInclusive<f64>, unit: &str) -> Result<f64, Refusal> {
        let wanted = format!("a number from {} to {}{unit}", range.start(), range.end());
        self.number(name, range, unit)?.ok_or_else(|| self.wrong(name, wanted))
    }

    /// A whole number in `range`, however it is written (64, 64.0, 6.4e1).
    pub fn whole(&self, name: &str, range: RangeInclusive<u64>, unit: &str) -> Result<Option<u64>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        // Above 2^53 f64 skips whole numbers, so what is written as one is taken as one.
        let fraction = value
            .as_f64()
            .filter(|number| number.fract() == 0.0 && (0.0..9.0e15).contains(number));
        let number = value
            .as_u64()
            .or(fraction.map(|number| number as u64))
            .filter(|number| range.contains(number));
        number
            .map(Some)
            .ok_or_else(|| self.wrong(name, format!("a whole number from {} to {}{unit}", range.start(), range.end())))
    }

    /// One of the words that this version `can` do; `later` are those that it will.
    pub fn word(&self, name: &str, can: &[&'static str], later: &[&str]) -> Result<Option<&'static str>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let text = value.as_str();
        if let Some(word) = can.iter().find(|word| Some(**word) == text) {
            return Ok(Some(word));
        }
        if text.is_some_and(|text| later.contains(&text)) {
            return Err(self.not_yet(name, format!("{} can", listed(can, '\''))));
        }
        Err(self.wrong(name, format!("one of {}", listed(can, '\''))))
    }
}
