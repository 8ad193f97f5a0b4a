//! The panel of red flags: what is not good stands there in full, what is good is one line that opens.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

use super::dom::{Mark, Text, document, element};
use crate::ledger::{Flag, Status, Unit, Verdict};

/// The panel `#verdicts`.
#[derive(Debug)]
pub(super) struct Verdicts {
    empty: HtmlElement,
    rows: Vec<Row>,
    flagged: Element,
    good: Closed,
    unknown: Closed,
    shown: Vec<Verdict>,
}

/// A list that a line stands for until somebody opens it.
#[derive(Debug)]
struct Closed {
    details: HtmlElement,
    count: Text,
    list: Element,
}

impl Closed {
    fn find(id: &str) -> Result<Self, JsValue> {
        Ok(Closed {
            details: element(id)?,
            count: Text::of(&format!("{id}-count"))?,
            list: element(&format!("{id}-list"))?,
        })
    }
}

impl Verdicts {
    pub(super) fn find() -> Result<Self, JsValue> {
        Ok(Verdicts {
            empty: element("verdicts-empty")?,
            rows: Flag::ALL.iter().map(|flag| Row::new(*flag)).collect::<Result<_, _>>()?,
            flagged: element("verdicts-flagged")?,
            good: Closed::find("verdicts-good")?,
            unknown: Closed::find("verdicts-unknown")?,
            shown: Vec::new(),
        })
    }

    /// Shows one row for each flag.
    pub(super) fn show(&mut self, verdicts: &[Verdict]) -> Result<(), JsValue> {
        if self.shown == verdicts {
            return Ok(());
        }
        self.empty.set_hidden(!verdicts.is_empty());
        let status = |at: usize| self.shown.get(at).map(|verdict| verdict.status);
        let moved =
            verdicts.len() != self.shown.len() || verdicts.iter().enumerate().any(|(at, verdict)| status(at) != Some(verdict.status));
        for (row, verdict) in self.rows.iter_mut().zip(verdicts) {
            row.show(verdict);
        }
        // Bad ones first; within each the order of all. Appending what is there already moves it.
        if moved {
            for wanted in [Status::Bad, Status::Warning, Status::Good, Status::Unknown] {
                let list = match wanted {
                    Status::Bad | Status::Warning => &self.flagged,
                    Status::Good => &self.good.list,
                    Status::Unknown => &self.unknown.list,
                };
                for (row, _) in self.rows.iter().zip(verdicts).filter(|(_, verdict)| verdict.status == wanted) {
                    list.append_child(&row.item)?;
                }
            }
        }
        let count = |status: Status| verdicts.iter().filter(|verdict| verdict.status == status).count();
        let (good, unknown) = (count(Status::Good), count(Status::Unknown));
        self.good.count.show(format_args!("{good} of {} good", verdicts.len()));
        self.unknown
            .count
            .show(format_args!("{unknown} not measured, or no part of what plays"));
        self.good.details.set_hidden(good == 0);
        self.unknown.details.set_hidden(unknown == 0);
        self.shown = verdicts.to_vec();
        Ok(())
    }
}

/// One flag.
#[derive(Debug)]
struct Row {
    item: Element,
    mark: Mark,
    status: Text,
    figure: Text,
    limit: Text,
    meaning: Text,
    advice: Text,
}

impl Row {
    fn new(flag: Flag) -> Result<Self, JsValue> {
        let document = document()?;
        let item: HtmlElement = document.create_element("li")?.unchecked_into();
        item.set_attribute("data-flag", flag.name())?;
        let part = |place: &Element, tag: &str, class: &str| -> Result<Element, JsValue> {
            let part = document.create_element(tag)?;
            part.set_class_name(class);
            place.append_child(&part)?;
            Ok(part)
        };
        let status = part(&item, "span", "verdict-status")?;
        part(&item, "b", "verdict-title")?.set_text_content(Some(flag.title()));
        let measured = part(&item, "div", "verdict-measured")?;
        let (figure, limit) = (part(&measured, "p", "verdict-figure")?, part(&measured, "p", "verdict-limit")?);
        let said = part(&item, "div", "verdict-said")?;
        let (meaning, advice) = (part(&said, "p", "verdict-meaning")?, part(&said, "p", "verdict-advice")?);
        Ok(Row {
            status: Text::within(&status)?,
            figure: Text::within(&figure)?,
            limit: Text::within(&limit)?,
            meaning: Text::within(&meaning)?,
            advice: Text::within(&advice)?,
            mark: Mark::on(item.clone().into(), "data-status"),
            item: item.into(),
        })
    }

    fn show(&mut self, verdict: &Verdict) {
        self.mark.show(verdict.status.name());
        self.status.show(verdict.status.name());
        self.figure.show_or_dash(verdict.figure());
        match verdict.limit_figure() {
            // Nobody wants to read "at least yes".
            Some(limit) if verdict.unit != Unit::YesNo => self.limit.show(format_args!(
                "{} {limit}",
                if verdict.wants_more() { "at least" } else { "at most" }
            )),
            _ => self.limit.show(""),
        }
        self.meaning.show(verdict.meaning);
        self.advice.show(verdict.advice);
    }
}
