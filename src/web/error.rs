//! What can go wrong between page, worker and worklet, as text that a person can act on.

use wasm_bindgen::JsValue;

use crate::error::Error;

/// Why an output could not start, or a wish could not be met. In JS: an `Error` with `name` "NoxrunError" and `code`; where that is "file", also `problem`, a [`FileProblem`](crate::FileProblem)'s code.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The page may not share memory between threads.
    #[error(
        "This page is not cross-origin isolated, so memory cannot be shared with the audio thread. Serve it with the headers \
         \"Cross-Origin-Opener-Policy: same-origin\" and \"Cross-Origin-Embedder-Policy: require-corp\" (over https or from localhost)."
    )]
    NotIsolated,
    /// The engine refused: see [`Error`].
    #[error("{0}")]
    Engine(#[from] Error),
    /// An option is not of the kind that is expected.
    #[error("option `{name}` {problem}")]
    Option {
        /// The option's name.
        name: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// A file that the engine needs did not load.
    #[error("{what} did not load: {why}")]
    NotLoaded {
        /// Which file.
        what: String,
        /// What the browser says.
        why: String,
    },
    /// The worker ended by itself.
    #[error("the producer's worker crashed: {0}")]
    Crashed(String),
    /// The source could not be opened; the text names it.
    #[error("{0}")]
    Source(String),
    /// A file cannot be played.
    #[cfg(feature = "decode")]
    #[error("{text}")]
    File {
        /// A [`FileProblem`](crate::FileProblem)'s code.
        problem: String,
        /// The whole message, with the file's name.
        text: String,
    },
    /// Another source was asked for before this one played.
    #[cfg(feature = "decode")]
    #[error("another source was chosen meanwhile")]
    Replaced,
    /// The browser refused an audio context or node.
    #[error("the browser gave no audio output: {0}")]
    Audio(String),
    /// The producer of an output that played is gone.
    #[error("{0}")]
    Lost(String),
    /// The output was closed.
    #[error("this output is closed")]
    Closed,
}

impl PageError {
    /// A word for programs, the same in every version.
    pub fn code(&self) -> &'static str {
        match self {
            PageError::NotIsolated => "not-isolated",
            PageError::Engine(Error::OutOfRange { .. }) => "out-of-range",
            PageError::Engine(_) => "engine",
            PageError::Option { .. } => "option",
            PageError::NotLoaded { .. } => "not-loaded",
            PageError::Crashed(_) => "worker-crashed",
            PageError::Source(_) => "file",
            #[cfg(feature = "decode")]
            PageError::File { .. } => "file",
            #[cfg(feature = "decode")]
            PageError::Replaced => "replaced",
            PageError::Audio(_) => "audio",
            PageError::Lost(_) => "producer-lost",
            PageError::Closed => "closed",
        }
    }
}

impl From<PageError> for JsValue {
    fn from(error: PageError) -> JsValue {
        let js = js_sys::Error::new(&error.to_string());
        js.set_name("NoxrunError");
        // Setting a property of a fresh, extensible object cannot fail.
        let _ = js_sys::Reflect::set(&js, &"code".into(), &error.code().into());
        #[cfg(feature = "decode")]
        if let PageError::File { problem, .. } = &error {
            let _ = js_sys::Reflect::set(&js, &"problem".into(), &problem.into());
        }
        js.into()
    }
}

/// The message of whatever JS threw.
pub(super) fn text_of(thrown: &JsValue) -> String {
    // Not through `js_sys::Error`: anything can be thrown, and a message that is missing would read "undefined".
    let text = |name: &str| {
        js_sys::Reflect::get(thrown, &name.into())
            .ok()
            .and_then(|value| value.as_string())
            .unwrap_or_default()
    };
    match (text("name"), text("message")) {
        (name, message) if !name.is_empty() => name + ": " + &message,
        (_, message) if !message.is_empty() => message,
        _ => thrown.as_string().unwrap_or_else(|| "no reason was given".into()),
    }
}
