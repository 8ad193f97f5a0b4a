//! Files that are dropped anywhere on the page.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DragEvent, Element, HtmlElement};

use super::dom::{Text, document, element, listen};
use super::page::Lab;
use super::player::items;

/// Lets files be dropped on the page, for as long as it lives.
pub(super) fn connect(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let curtain: HtmlElement = element("drop")?;
    // Enter and leave come for every element that the file passes: it is over the page while more were entered than left.
    let depth = Rc::new(Cell::new(0_i32));
    let document = document()?;

    let (over, shown) = (depth.clone(), curtain.clone());
    listen(&document, "dragenter", move |event: DragEvent| {
        if carries_files(&event) {
            event.prevent_default();
            over.set(over.get() + 1);
            shown.set_hidden(false);
        }
    })?;
    let (over, shown) = (depth.clone(), curtain.clone());
    listen(&document, "dragleave", move |event: DragEvent| {
        if carries_files(&event) {
            over.set((over.get() - 1).max(0));
            shown.set_hidden(over.get() == 0);
        }
    })?;
    let (on, mut what) = (lab.clone(), Text::of("drop-what")?);
    listen(&document, "dragover", move |event: DragEvent| {
        if carries_files(&event) {
            what.show(if adds(&on, &event) {
                "Drop to add to the list"
            } else {
                "Drop to play"
            });
            // Without this the browser would open the file instead of the page.
            event.prevent_default();
            if let Some(transfer) = event.data_transfer() {
                transfer.set_drop_effect("copy");
            }
        }
    })?;
    let lab = lab.clone();
    listen(&document, "drop", move |event: DragEvent| {
        if !carries_files(&event) {
            return;
        }
        event.prevent_default();
        depth.set(0);
        curtain.set_hidden(true);
        let files = items(event.data_transfer().and_then(|transfer| transfer.files()));
        if adds(&lab, &event) {
            lab.add_files(files);
        } else {
            lab.play_files(files);
        }
    })
}

/// Whether files that are dropped here are added to the list that plays, and not played at once: over the list itself.
fn adds(lab: &Lab, event: &DragEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let on_list = target.is_some_and(|target| matches!(target.closest(".files"), Ok(Some(_))));
    on_list && lab.playing_files().is_some()
}

fn carries_files(event: &DragEvent) -> bool {
    event
        .data_transfer()
        .is_some_and(|transfer| transfer.types().includes(&"Files".into(), 0))
}
