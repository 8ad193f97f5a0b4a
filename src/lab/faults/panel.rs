//! The switches and figures of `#fault-list`.

use std::cell::Cell;

use serde_json::{Map, Value};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlInputElement, Node};

use super::kinds::{Entry, Field, GROUPS, Part};
use crate::error::Decimal;
use crate::inject::FaultKind;
use crate::lab::dom::document;
use crate::lab::scenario::{Pace, Stress};

/// The rows.
#[derive(Debug)]
pub(in crate::lab) struct FaultPanel {
    rows: Vec<Row>,
    offered: Cell<bool>,
}

/// One kind.
#[derive(Debug)]
pub(in crate::lab) struct Row {
    pub(in crate::lab) entry: &'static Entry,
    pub(in crate::lab) switch: HtmlInputElement,
    pub(in crate::lab) fields: Vec<(&'static Field, HtmlInputElement)>,
}

impl FaultPanel {
    /// Makes the rows.
    pub(in crate::lab) fn make() -> Result<Self, JsValue> {
        let list: Element = crate::lab::dom::element("fault-list")?;
        let mut rows = Vec::new();
        for (nth, (title, entries)) in GROUPS.iter().enumerate() {
            let group = made("div", "fault-group", &list)?;
            let heading = made("h3", "", &group)?;
            heading.set_id(&format!("fault-group-{nth}"));
            heading.set_text_content(Some(title));
            group.set_attribute("role", "group")?;
            group.set_attribute("aria-labelledby", &heading.id())?;
            for entry in *entries {
                rows.push(Row::make(entry, &group)?);
            }
        }
        Ok(FaultPanel {
            rows,
            offered: Cell::new(true),
        })
    }

    pub(in crate::lab) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What is switched on, as the `stress` of a scenario.
    pub(in crate::lab) fn stress(&self) -> Value {
        let on = self.rows.iter().filter(|row| row.switch.checked());
        on.map(Row::stress).collect::<Vec<_>>().into()
    }

    /// What has to drive the producer for that: a clock that is off is a clock of its own.
    pub(in crate::lab) fn pace(&self) -> Pace {
        let mut on = self.rows.iter().filter(|row| row.switch.checked());
        match on.any(|row| row.entry.kind == FaultKind::Rate) {
            true => Pace::Timer {
                period_ms: None,
                jitter_ms: 0.0,
            },
            false => Pace::Demand,
        }
    }

    /// Whether a row that is on can only be had from the beginning of an output.
    pub(in crate::lab) fn needs_new_output(&self) -> bool {
        self.rows.iter().any(|row| row.switch.checked() && row.entry.needs_new_output)
    }

    /// Whether any is on.
    pub(in crate::lab) fn any(&self) -> bool {
        self.rows.iter().any(|row| row.switch.checked())
    }

    /// Switches all off.
    pub(in crate::lab) fn clear(&self) {
        for row in &self.rows {
            row.switch.set_checked(false);
        }
    }

    /// Shows as switched on what `stress` holds, and nothing else: what a run does.
    pub(in crate::lab) fn show(&self, stress: &[Stress]) {
        let asked: Vec<Value> = stress.iter().filter_map(|fault| serde_json::to_value(fault).ok()).collect();
        for row in &self.rows {
            let of_row = asked.iter().find(|fault| fault["kind"] == row.entry.kind.name());
            row.switch.set_checked(of_row.is_some());
            for (field, input) in &row.fields {
                if let Some(number) = of_row.and_then(|fault| fault[field.name].as_f64()) {
                    input.set_value(&Decimal(number * field.scale).to_string());
                }
            }
        }
    }

    /// Lets somebody switch, or not: the faults of a run are those of its scenario.
    pub(in crate::lab) fn offer(&self, offered: bool) {
        if self.offered.replace(offered) == offered {
            return;
        }
        for row in &self.rows {
            row.switch.set_disabled(!offered);
            for (_, field) in &row.fields {
                field.set_disabled(!offered);
            }
        }
    }
}

impl Row {
    fn make(entry: &'static Entry, group: &Element) -> Result<Row, JsValue> {
        let id = format!("fault-{}", entry.kind.name());
        let place = made("div", "fault", group)?;
        let label = made("label", "switch", &place)?;
        let switch: HtmlInputElement = made("input", "", &label)?.unchecked_into();
        switch.set_type("checkbox");
        switch.set_id(&id);
        made("b", "", &label)?.set_text_content(Some(entry.title));
        let record = made("span", "fault-record", &place)?;
        record.set_id(&format!("{id}-record"));
        let sentence = made("p", "fault-what", &place)?;
        sentence.set_id(&format!("{id}-what"));
        switch.set_attribute("aria-describedby", &sentence.id())?;
        let mut fields = Vec::new();
        for (nth, part) in entry.parts.iter().enumerate() {
            if nth > 0 {
                sentence.append_with_str_1(" ")?;
            }
            match part {
                Part::Words(words) => sentence.append_with_str_1(words)?,
                Part::Figure(field) => fields.push((field, field_input(&id, field, &sentence)?)),
            }
        }
        if entry.needs_new_output {
            sentence.append_with_str_1(" Starts a new output.")?;
        }
        if !entry.note.is_empty() {
            sentence.append_with_str_1(" ")?;
            sentence.append_with_str_1(entry.note)?;
        }
        Ok(Row { entry, switch, fields })
    }

    /// As an entry of a scenario's `stress`. An emptied field is none: the scenario then says that it is missing.
    fn stress(&self) -> Value {
        let mut fault = Map::new();
        fault.insert("kind".into(), self.entry.kind.name().into());
        for (field, input) in &self.fields {
            let Ok(number) = input.value().trim().parse::<f64>() else {
                continue;
            };
            fault.insert(field.name.into(), (number / field.scale).into());
        }
        fault.into()
    }
}

/// A new element at the end of `parent`.
fn made(tag: &str, class: &str, parent: &Node) -> Result<Element, JsValue> {
    let element = document()?.create_element(tag)?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    parent.append_child(&element)?;
    Ok(element)
}

fn field_input(id: &str, field: &Field, parent: &Element) -> Result<HtmlInputElement, JsValue> {
    let input: HtmlInputElement = made("input", "small", parent)?.unchecked_into();
    input.set_type("number");
    input.set_id(&format!("{id}-{}", field.name));
    input.set_min(&field.min.to_string());
    input.set_max(&field.max.to_string());
    input.set_step("any");
    input.set_value(&field.initial.to_string());
    input.set_attribute("inputmode", "decimal")?;
    input.set_attribute("aria-label", field.label)?;
    Ok(input)
}
