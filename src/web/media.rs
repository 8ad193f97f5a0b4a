//! What the page names as a file, opened in a worker.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};

use super::file::FileMedia;
use super::url::{ReaderClient, UrlMedia};
use crate::error::FileProblem;
use crate::source::file::{MediaSource, Trouble};

/// Opens {file}, or {client} of what reads an address.
pub(super) fn open(item: &JsValue) -> Result<Box<dyn MediaSource>, Trouble> {
    let field = |name: &str| Reflect::get(item, &name.into()).unwrap_or_default();
    let unreadable = |reason: String| Trouble {
        problem: FileProblem::Unreadable,
        at: None,
        reason,
    };
    if let Ok(file) = field("file").dyn_into::<web_sys::File>() {
        return Ok(Box::new(FileMedia::open(&file).map_err(unreadable)?));
    }
    let client: ReaderClient = field("client").unchecked_into();
    Ok(Box::new(UrlMedia::open(client).map_err(|error| unreadable(error.to_string()))?))
}
