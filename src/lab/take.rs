//! What can be taken along: report, log and summary, as files or on the clipboard, and a link that plays the same again.

use js_sys::Array;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, Event, HtmlAnchorElement, HtmlButtonElement, HtmlElement, Url};

use super::controls::set_disabled;
use super::dom::{document, element, listen, sleep, window};
use super::export;
use super::page::Lab;
use super::report::Report;

/// How long the page says what became of it, in ms.
pub(super) const SAID_MS: f64 = 4000.0;

/// How long a file's address is kept for the browser to read, in ms.
const READ_MS: f64 = 10_000.0;

/// What can be taken along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Every figure, as JSON.
    Report,
    /// The events, as CSV.
    Log,
    /// What to paste into an issue, as Markdown.
    Summary,
    /// An address.
    Link,
}

impl What {
    const FILES: [What; 3] = [What::Report, What::Log, What::Summary];

    /// As in the ids of its buttons.
    fn id(self) -> &'static str {
        match self {
            What::Report => "report",
            What::Log => "log",
            What::Summary => "summary",
            What::Link => "link",
        }
    }

    fn title(self) -> &'static str {
        match self {
            What::Report => "Report",
            What::Log => "Log",
            What::Summary => "Summary",
            What::Link => "Link",
        }
    }

    fn file(self) -> (&'static str, &'static str) {
        match self {
            What::Report => ("noxrun-report.json", "application/json"),
            What::Log => ("noxrun-log.csv", "text/csv"),
            What::Summary | What::Link => ("noxrun-summary.md", "text/markdown"),
        }
    }
}

/// The panel's buttons, and what they say.
#[derive(Debug)]
pub(super) struct Take {
    buttons: Vec<HtmlButtonElement>,
    link: HtmlAnchorElement,
    said: HtmlElement,
}

impl Take {
    pub(super) fn find() -> Result<Self, JsValue> {
        let mut buttons = Vec::new();
        for what in What::FILES {
            for way in ["save", "copy"] {
                buttons.push(element(&format!("{}-{way}", what.id()))?);
            }
        }
        Ok(Take {
            buttons,
            link: element("reproduce")?,
            said: element("export-said")?,
        })
    }

    /// Offers files from when there is something to write into them.
    pub(super) fn offer(&self, something: bool) {
        for button in &self.buttons {
            set_disabled(button, !something);
        }
    }

    fn say(&self, text: &str) {
        self.said.set_text_content(Some(text));
        let (said, text) = (self.said.clone(), text.to_owned());
        spawn_local(async move {
            sleep(SAID_MS).await;
            // Unless something else has been said since.
            if said.text_content().as_deref() == Some(&text) {
                said.set_text_content(None);
            }
        });
    }
}

/// Connects the buttons with `lab`.
pub(super) fn connect(lab: &Rc<Lab>) -> Result<(), JsValue> {
    for what in What::FILES {
        let on = lab.clone();
        let button: HtmlElement = element(&format!("{}-save", what.id()))?;
        listen(&button, "click", move |_: Event| {
            on.save(what);
        })?;
    }
    for what in What::FILES.into_iter().chain([What::Link]) {
        let on = lab.clone();
        let button: HtmlElement = element(&format!("{}-copy", what.id()))?;
        listen(&button, "click", move |_: Event| {
            on.copy(what);
        })?;
    }
    // As late as can be, so that it holds what the controls say; and always, so that it can be dragged or opened elsewhere.
    for event in ["pointerenter", "focus", "click"] {
        let on = lab.clone();
        listen(&lab.take.link, event, move |_: Event| on.show_link())?;
    }
    // Whatever is changed, it is no longer what the run did.
    let on = lab.clone();
    let controls: HtmlElement = element("lab")?;
    listen(&controls, "change", move |_: Event| {
        on.scenario.take();
        on.show_link();
    })?;
    lab.show_link();
    Ok(())
}

impl Lab {
    fn save(&self, what: What) {
        let (name, kind) = what.file();
        let saved = self
            .written(what)
            .and_then(|text| save(&text, name, kind).map_err(|_| "this browser did not let the page make a file".into()));
        match saved {
            Ok(()) => self.take.say(&format!("{} saved as {name}.", what.title())),
            Err(why) => self.take.say(&format!("Not saved: {why}.")),
        }
    }

    fn copy(self: &Rc<Self>, what: What) {
        let text = match self.written(what) {
            Ok(text) => text,
            Err(why) => return self.take.say(&format!("Not copied: {why}.")),
        };
        let lab = self.clone();
        spawn_local(async move {
            match copied(&text).await {
                Ok(()) => lab.take.say(&format!("{} copied.", what.title())),
                Err(_) => lab
                    .take
                    .say("Not copied: the browser does not let this page write to the clipboard."),
            }
        });
    }

    /// What is to be taken along.
    fn written(&self, what: What) -> Result<String, String> {
        match what {
            What::Link => self.link(),
            What::Report => Ok(export::json(&self.report()?)),
            What::Log => Ok(export::csv(&self.report()?)),
            What::Summary => Ok(export::summary(&self.report()?, self.link().ok().as_deref())),
        }
    }

    fn link(&self) -> Result<String, String> {
        if let Some(scenario) = &*self.scenario.borrow() {
            return Ok(super::run::link(scenario));
        }
        match self.controls.scenario(self.seconds())? {
            (scenario, true) => Ok(super::run::link(&scenario)),
            _ => Err("a link cannot hold files of this computer, nor a list of files".into()),
        }
    }

    /// The report of the latest run, or of what plays or has played since.
    fn report(&self) -> Result<Report, String> {
        if let Some(report) = &*self.ran.borrow() {
            return Ok(report.clone());
        }
        let of_run = self.scenario.borrow().clone();
        let scenario = match of_run {
            Some(scenario) => scenario,
            None => self.controls.scenario(self.seconds())?.0,
        };
        let output = self.output();
        let report = self.view.borrow().report(&scenario, output.as_ref());
        report.ok_or_else(|| "nothing has been played yet".into())
    }

    /// For how long it is to be played again: as long as it has been played, in whole seconds.
    fn seconds(&self) -> f64 {
        self.view.borrow().played_seconds().ceil().clamp(5.0, 3600.0)
    }

    /// Puts into the link what the controls say.
    pub(super) fn show_link(&self) {
        if let Ok(address) = self.written(What::Link) {
            self.take.link.set_href(&address);
        }
    }
}

/// Offers `text` as a file to be saved.
pub(super) fn save(text: &str, name: &str, kind: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)?;
    let address = Url::create_object_url_with_blob(&blob)?;
    let anchor: HtmlAnchorElement = document()?.create_element("a")?.unchecked_into();
    anchor.set_href(&address);
    anchor.set_download(name);
    anchor.click();
    // Nobody says when the browser has read it.
    spawn_local(async move {
        sleep(READ_MS).await;
        let _ = Url::revoke_object_url(&address);
    });
    Ok(())
}

/// Puts `text` on the clipboard.
pub(super) async fn copied(text: &str) -> Result<(), JsValue> {
    let clipboard = window()?.navigator().clipboard();
    // Not there where the page is not secure.
    if clipboard.is_undefined() {
        return Err(JsValue::UNDEFINED);
    }
    JsFuture::from(clipboard.write_text(text)).await.map(drop)
}
