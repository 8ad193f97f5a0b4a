//! The panel: begins and cancels a comparison, shows how far it is and what it came to, hands it out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde_json::json;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, Event, HtmlButtonElement, HtmlElement, HtmlProgressElement, HtmlSelectElement};

use super::api::{begin, cancel, plan};
use super::charts::charts;
use super::drive::Progress;
use super::listen::Listening;
use super::plan::{Faults, Plan};
use super::result::{Comparison, Listened};
use super::tables::Table;
use super::{export, paint};
use crate::lab::controls::set_disabled;
use crate::lab::dom::{element, listen, sleep};
use crate::lab::format::{Many, sentence};
use crate::lab::page::Lab;
use crate::lab::run::{self, RunError};
use crate::lab::scenario::Scenario;
use crate::lab::take::{SAID_MS, copied, save};

thread_local! {
    static PANEL: RefCell<Option<Rc<Panel>>> = const { RefCell::new(None) };
}

/// Files that a comparison is saved as: the button's id, the file's name and type, what is in it.
type File = (&'static str, &'static str, &'static str, fn(&Comparison) -> String);
const FILES: [File; 3] = [
    ("compare-json-save", "noxrun-comparison.json", "application/json", export::json),
    ("compare-csv-save", "noxrun-comparison.csv", "text/csv", export::csv),
    ("compare-markdown-save", "noxrun-comparison.md", "text/markdown", export::markdown),
];
/// Puts the Markdown on the clipboard.
const COPY: &str = "compare-markdown-copy";

/// The panel's elements, and what they show.
pub(super) struct Panel {
    mode: HtmlSelectElement,
    faults: HtmlSelectElement,
    start: HtmlButtonElement,
    cancel: HtmlButtonElement,
    progress: HtmlProgressElement,
    said: HtmlElement,
    results: HtmlElement,
    about: HtmlElement,
    tables: [Element; 2],
    charts: Element,
    files: Vec<HtmlButtonElement>,
    export_said: HtmlElement,
    on: Cell<bool>,
    /// What the player's controls said before: every run shows its own ring and faults there.
    before: RefCell<Option<Scenario>>,
    latest: RefCell<Option<Comparison>>,
    listening: Listening,
}

/// Finds the panel and connects it with `lab`.
pub(in crate::lab) fn connect(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let files = FILES.iter().map(|file| file.0).chain([COPY]);
    let panel = Rc::new(Panel {
        mode: element("compare-mode")?,
        faults: element("compare-faults")?,
        start: element("compare-start")?,
        cancel: element("compare-cancel")?,
        progress: element("compare-progress")?,
        said: element("compare-said")?,
        results: element("compare-results")?,
        about: element("compare-about")?,
        tables: [element("compare-strategies")?, element("compare-sides")?],
        charts: element("compare-charts")?,
        files: files.map(element).collect::<Result<_, _>>()?,
        export_said: element("compare-export-said")?,
        on: Cell::new(false),
        before: RefCell::new(None),
        latest: RefCell::new(None),
        listening: Listening::find(lab)?,
    });
    let section: HtmlElement = element("compare")?;
    // What is chosen here is no control of the player: it changes neither its scenario nor its link.
    listen(&section, "change", |event: Event| event.stop_propagation())?;
    let on = panel.clone();
    listen(&panel.start, "click", move |_: Event| on.start())?;
    listen(&panel.cancel, "click", |_: Event| {
        // Handled: whoever began it hears what it came to.
        spawn_local(async { drop(JsFuture::from(cancel()).await) });
    })?;
    let on = panel.clone();
    listen(&panel.mode, "change", move |_: Event| on.show_plan())?;
    for ((_, name, kind, written), button) in FILES.into_iter().zip(&panel.files) {
        let on = panel.clone();
        listen(button, "click", move |_: Event| on.save(name, kind, written))?;
    }
    let on = panel.clone();
    listen(&panel.files[FILES.len()], "click", move |_: Event| on.copy())?;
    Listening::connect(&panel)?;
    panel.show_plan();
    PANEL.set(Some(panel));
    Ok(())
}

/// A comparison begins.
pub(super) fn began() {
    with(|panel| {
        // What cannot be played is not kept.
        let said = panel.listening.lab().controls.scenario(1.0).ok();
        panel.before.replace(said.map(|(scenario, _)| scenario));
        panel.on.set(true);
        panel.show_on();
    });
}

/// One is so far, and came to so much.
pub(super) fn told(progress: &Progress, comparison: &Comparison) {
    with(|panel| {
        panel.progress.set_max(progress.of as f64);
        panel.progress.set_value(progress.done as f64);
        let left = Left(progress.left_seconds);
        let what = &progress.what;
        let text = format!("Run {} of {}: {what}. About {left} left.", progress.done + 1, progress.of);
        panel.said.set_text_content(Some(&text));
        if progress.done == 0 {
            panel.listening.offer_cells(&comparison.plan);
        }
        if comparison.runs() > 0 {
            panel.show(comparison);
        }
    });
}

/// One has ended, complete or not.
pub(super) fn ended(comparison: Comparison) {
    with(|panel| {
        let runs = Many(comparison.runs() as u64, "run");
        let took = Left(comparison.took_seconds);
        let text = if comparison.complete {
            format!("{runs} measured in {took}.")
        } else {
            format!("Cancelled after {took}: {runs} measured, and these are shown.")
        };
        panel.said.set_text_content(Some(&text));
        // That a producer was killed on purpose is no news.
        panel.listening.lab().message.clear();
        panel.show(&comparison);
        panel.latest.replace(Some(comparison));
        panel.over();
    });
}

/// One could not be made.
pub(super) fn failed(error: &RunError) {
    with(|panel| {
        panel.said.set_text_content(Some(&sentence(&error.to_string())));
        panel.over();
    });
}

/// Ends listening, for something else is to be heard. Resolves when it is silent.
pub(in crate::lab) async fn hush() {
    if let Some(panel) = PANEL.with_borrow(Clone::clone) {
        panel.listening.hush().await;
    }
}

fn with(show: impl FnOnce(&Panel)) {
    // On a page that cannot play there is no panel.
    if let Some(panel) = PANEL.with_borrow(Clone::clone) {
        show(&panel);
    }
}

impl Panel {
    /// Listening, for its own listeners.
    pub(super) fn listening(&self) -> &Listening {
        &self.listening
    }

    /// The faults that are chosen.
    pub(super) fn faults(&self) -> Faults {
        let chosen = self.faults.value();
        let named = Faults::ALL.into_iter().find(|faults| faults.name() == chosen);
        named.unwrap_or(Faults::PageBusy)
    }

    /// The plan that is chosen.
    pub(super) fn plan(&self) -> Result<Plan, RunError> {
        plan(&json!({ "mode": self.mode.value() }), self.faults())
    }

    /// Somebody finished a blind series.
    pub(super) fn listened(&self, listened: Listened) {
        if let Some(comparison) = &mut *self.latest.borrow_mut() {
            comparison.listened.push(listened);
        }
    }

    fn start(self: &Rc<Self>) {
        match self.plan().and_then(begin) {
            // Handled: the panel has been told.
            Ok(promise) => spawn_local(async move { drop(JsFuture::from(promise).await) }),
            Err(error) => self.said.set_text_content(Some(&sentence(&error.to_string()))),
        }
    }

    /// Shows how long the plan that is chosen takes, and offers its cells for listening before anything was compared.
    fn show_plan(&self) {
        let Ok(plan) = self.plan() else { return };
        if !self.on.get() {
            let steps = plan.steps();
            let cells = plan.cells.iter().filter(|cell| cell.refused.is_none()).count();
            let text = format!(
                "{} of {} can be run here: about {}.",
                cells,
                Many(plan.cells.len() as u64, "cell"),
                Left(plan.estimate(&steps, None))
            );
            self.said.set_text_content(Some(&text));
        }
        if self.latest.borrow().is_none() {
            self.listening.offer_cells(&plan);
        }
    }

    /// No comparison is on any more: the player's controls say again what they said.
    fn over(&self) {
        if let Some(before) = self.before.take() {
            let controls = &self.listening.lab().controls;
            controls.show_ring(before.buffer_frames as u64);
            controls.faults.show(&before.stress);
        }
        self.on.set(false);
        self.show_on();
    }

    /// Shows whether a comparison is on.
    fn show_on(&self) {
        let on = self.on.get();
        set_disabled(&self.start, on);
        set_disabled(&self.cancel, !on);
        self.mode.set_disabled(on);
        self.faults.set_disabled(on);
        self.progress.set_hidden(!on);
        if on {
            self.progress.remove_attribute("value").unwrap_or_default();
        }
        let nothing = self.latest.borrow().is_none();
        self.files.iter().for_each(|button| set_disabled(button, on || nothing));
        self.listening.offer(!on);
    }

    fn show(&self, comparison: &Comparison) {
        self.results.set_hidden(false);
        self.about.set_text_content(Some(&export::about(comparison)));
        for (place, table) in self.tables.iter().zip(Table::both(comparison)) {
            place.set_inner_html(&paint::table(&table));
        }
        self.charts.set_inner_html(&paint::charts(&charts(comparison)));
    }

    fn save(self: &Rc<Self>, name: &str, kind: &str, written: fn(&Comparison) -> String) {
        let Some(text) = self.latest.borrow().as_ref().map(written) else {
            return;
        };
        match save(&text, name, kind) {
            Ok(()) => self.say(format!("Saved as {name}.")),
            Err(_) => self.say("Not saved: this browser did not let the page make a file.".into()),
        }
    }

    fn copy(self: &Rc<Self>) {
        let Some(text) = self.latest.borrow().as_ref().map(export::markdown) else {
            return;
        };
        let panel = self.clone();
        spawn_local(async move {
            panel.say(match copied(&text).await {
                Ok(()) => "Copied as Markdown.".into(),
                Err(_) => "Not copied: the browser does not let this page write to the clipboard.".into(),
            });
        });
    }

    fn say(&self, text: String) {
        self.export_said.set_text_content(Some(&text));
        let said = self.export_said.clone();
        spawn_local(async move {
            sleep(SAID_MS).await;
            // Unless something else has been said since.
            if said.text_content().as_deref() == Some(&text) {
                said.set_text_content(None);
            }
        });
    }

    /// Whether something else has the page's sound to itself.
    pub(super) fn is_taken(&self) -> bool {
        run::is_on()
    }
}

/// Seconds as people say them: 40 s, 2 min 10 s.
struct Left(f64);

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.round().max(0.0) as u64;
        match (seconds / 60, seconds % 60) {
            (0, seconds) => write!(f, "{seconds} s"),
            (minutes, 0) => write!(f, "{minutes} min"),
            (minutes, seconds) => write!(f, "{minutes} min {seconds} s"),
        }
    }
}
