//! Why a run gave no report.

use js_sys::{Error, Reflect};
use wasm_bindgen::JsValue;

use crate::lab::scenario::Refusal;
use crate::web::PageError;

/// Why a run gave no report. In JS: an `Error` with `name` "NoxrunError" and `code`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The scenario was refused.
    #[error(transparent)]
    Scenario(#[from] Refusal),
    /// The options of a comparison were refused.
    #[error(transparent)]
    Compare(Refusal),
    /// The output could not be started.
    #[error(transparent)]
    Output(#[from] PageError),
    /// Another run is on.
    #[error("a run is on already: wait for its report, or end it with noxrun.stop()")]
    Busy,
    /// The browser wants a gesture.
    #[error("the browser plays no sound before a gesture: press Play (waited {seconds} s)")]
    Blocked {
        /// For how long.
        seconds: f64,
    },
    /// Nothing came out.
    #[error("nothing was heard within {seconds} s of the start")]
    NoSound {
        /// How long was waited.
        seconds: f64,
    },
    /// Somebody else ended it too soon.
    #[error("the output was closed before anything was heard")]
    Closed,
    /// Somebody else ended it before its time.
    #[error("the run was cut short: something else was played, or Stop was pressed")]
    CutShort,
    /// The scenario's file cannot be had.
    #[error("`source.url` '{url}': {why}")]
    File {
        /// As in the scenario.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// A fault could not be caused, so a report would be about something else.
    #[error("the fault '{kind}' could not be caused: {why}")]
    Fault {
        /// As in the scenario.
        kind: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl RunError {
    /// A word for programs, the same in every version.
    pub fn code(&self) -> &'static str {
        match self {
            RunError::Scenario(_) => "scenario",
            RunError::Compare(_) => "compare",
            RunError::Output(error) => error.code(),
            RunError::Busy => "busy",
            RunError::Blocked { .. } => "press-play",
            RunError::NoSound { .. } => "no-sound",
            RunError::Closed => "closed",
            RunError::CutShort => "cut-short",
            RunError::File { .. } => "file",
            RunError::Fault { .. } => "fault",
        }
    }
}

impl From<RunError> for JsValue {
    fn from(error: RunError) -> JsValue {
        let js = Error::new(&error.to_string());
        js.set_name("NoxrunError");
        // Setting a property of a fresh, extensible object cannot fail.
        let _ = Reflect::set(&js, &"code".into(), &error.code().into());
        js.into()
    }
}
