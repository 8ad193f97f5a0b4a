//! The switches and figures of `#fault-list`.

use std::cell::RefCell;

use serde_json::{Map, Value};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlInputElement, Node};

use super::kinds::{Entry, Field, GROUPS, Part};
use crate::inject::FaultKind;
use crate::lab::dom::{Text, document};

/// The rows.
#[derive(Debug)]
pub(in crate::lab) struct FaultPanel {
    rows: Vec<Row>,
    /// What each row was told to show: how often it happened, and the length of the latest.
    records: RefCell<Vec<Text>>,
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
        let (mut rows, mut records) = (Vec::new(), Vec::new());
        for (nth, (title, entries)) in GROUPS.iter().enumerate() {
            let group = made("div", "fault-group", &list)?;
            let heading = made("h3", "", &group)?;
            heading.set_id(&format!("fault-group-{nth}"));
            heading.set_text_content(Some(title));
            group.set_attribute("role", "group")?;
            group.set_attribute("aria-labelledby", &heading.id())?;
            for entry in *entries {
                let (row, record) = Row::make(entry, &group)?;
                rows.push(row);
                records.push(record);
            }
        }
        Ok(FaultPanel {
            rows,
            records: RefCell::new(records),
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

    /// Shows beside each kind what `record` says of it.
    pub(in crate::lab) fn show_records(&self, record: impl Fn(FaultKind) -> String) {
        for (row, text) in self.rows.iter().zip(self.records.borrow_mut().iter_mut()) {
            text.show(record(row.entry.kind));
        }
    }
}

impl Row {
    fn make(entry: &'static Entry, group: &Element) -> Result<(Row, Text), JsValue> {
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
        let row = Row { entry, switch, fields };
        Ok((row, Text::within(&record)?))
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
