//! What happens when somebody uses the player.

use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, EventTarget, FileList, HtmlElement, HtmlInputElement, KeyboardEvent, PointerEvent};

use super::actions::{LoopEnd, Step};
use super::seeker::Place;
use crate::lab::dom::{element, listen};
use crate::lab::page::Lab;
use crate::web::MediaItem;

/// How far an arrow key goes, in seconds.
const ARROW_SECONDS: f64 = 5.0;
/// Where arrow keys have a meaning of their own.
const HAS_ITS_OWN_ARROWS: &str = "input, select, textarea, [contenteditable]";

/// Connects the player with `lab`, for as long as the page lives.
pub(in crate::lab) fn connect(lab: &Rc<Lab>) -> Result<(), JsValue> {
    connect_files(lab)?;
    connect_ways(lab)?;
    connect_keys(lab)?;
    connect_pointer(lab)
}

/// The files of a list that the browser hands out.
pub(in crate::lab) fn items(files: Option<FileList>) -> Vec<MediaItem> {
    let files = files
        .into_iter()
        .flat_map(|files| (0..files.length()).filter_map(move |nth| files.get(nth)));
    files.map(MediaItem::File).collect()
}

fn connect_files(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let on = lab.clone();
    listen(&lab.controls.choice.file, "change", move |_: Event| {
        on.play_files(items(on.controls.choice.file.files()));
    })?;
    let (on, more) = (lab.clone(), element::<HtmlInputElement>("file-add")?);
    listen(&more.clone(), "change", move |_: Event| {
        on.add_files(items(more.files()));
        // So that the same file can be added again: an unchanged file input says nothing.
        more.set_value("");
    })?;
    let (on, address) = (lab.clone(), element::<HtmlInputElement>("address")?);
    listen(&element::<EventTarget>("address-form")?, "submit", move |event: Event| {
        event.prevent_default();
        let url = address.value().trim().to_owned();
        if !url.is_empty() {
            on.add_files(vec![MediaItem::Url(url)]);
            address.set_value("");
        }
    })?;
    let on = lab.clone();
    let list = lab.player.borrow().list.element().clone();
    listen(&list, "click", move |event: Event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let row = target.and_then(|target| target.closest("[data-item]").ok().flatten());
        if let Some(item) = row.and_then(|row| row.get_attribute("data-item")?.parse().ok()) {
            on.play_item(item);
        }
    })
}

fn connect_ways(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let player = lab.player.borrow();
    let ways = &player.ways;
    let on = lab.clone();
    listen(&ways.previous, "click", move |_: Event| on.previous())?;
    let on = lab.clone();
    listen(&ways.next, "click", move |_: Event| on.next())?;
    for (button, end) in [
        (&ways.loop_a, Some(LoopEnd::A)),
        (&ways.loop_b, Some(LoopEnd::B)),
        (&ways.loop_clear, None),
    ] {
        let on = lab.clone();
        listen(button, "click", move |_: Event| on.mark(end))?;
    }
    let on = lab.clone();
    listen(&ways.repeat, "change", move |_: Event| on.repeat())
}

fn connect_keys(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let on = lab.clone();
    listen(&element::<EventTarget>("player")?, "keydown", move |event: KeyboardEvent| {
        let modified = event.ctrl_key() || event.alt_key() || event.meta_key() || event.shift_key();
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let at = |selector: &str| {
            target
                .as_ref()
                .is_some_and(|target| matches!(target.closest(selector), Ok(Some(_))))
        };
        if modified || at(HAS_ITS_OWN_ARROWS) {
            return;
        }
        // Up and down, and the keys for the ends, scroll the page or the list; on the slider they move it.
        let step = match (event.key().as_str(), at("#seek")) {
            ("ArrowLeft", _) | ("ArrowDown", true) => Step::By(-ARROW_SECONDS),
            ("ArrowRight", _) | ("ArrowUp", true) => Step::By(ARROW_SECONDS),
            ("Home", true) => Step::Start,
            ("End", true) => Step::End,
            _ => return,
        };
        event.prevent_default();
        on.step(step);
    })
}

fn connect_pointer(lab: &Rc<Lab>) -> Result<(), JsValue> {
    let bar: HtmlElement = element("seek")?;
    let on = lab.clone();
    listen(&bar, "pointerdown", move |event: PointerEvent| {
        // Fingers and pens have only this one.
        if event.button() == 0 {
            on.player.borrow_mut().bar.grab(&event);
            on.pointed(&event);
        }
    })?;
    // Browsers send these once per frame.
    let on = lab.clone();
    listen(&bar, "pointermove", move |event: PointerEvent| on.pointed(&event))?;
    for kind in ["pointerup", "pointercancel"] {
        let on = lab.clone();
        listen(&bar, kind, move |event: PointerEvent| {
            let mut player = on.player.borrow_mut();
            player.bar.release(&event);
            if event.pointer_type() != "mouse" {
                player.bar.unpoint();
            }
        })?;
    }
    let on = lab.clone();
    listen(&bar, "pointerleave", move |_: PointerEvent| {
        let mut player = on.player.borrow_mut();
        if !player.bar.dragged() {
            player.bar.unpoint();
        }
    })
}

impl Lab {
    /// A pointer is on the slider: shows the time there, and goes there if it drags.
    fn pointed(self: &Rc<Self>, event: &PointerEvent) {
        let mut player = self.player.borrow_mut();
        let (share, length) = (player.bar.share(event), player.length());
        player.bar.point(share, length);
        let place = length.filter(|_| player.bar.drags(event)).map(|length| Place {
            item: player.current(),
            seconds: share * length,
        });
        drop(player);
        if let Some(place) = place {
            self.seek(place);
        }
    }
}
