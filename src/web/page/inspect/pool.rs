//! The scanners' workers: few, shared by all inspections, used again for the next file, replaced when they crash.

use core::pin::pin;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::super::PageError;
use super::super::context::least_pages;
use super::super::link::Link;
use super::super::wait::within;
use crate::error::Decimal;

/// A worker that tells nothing for so long hangs, in ms.
const QUIET_MS: f64 = 10_000.0;
/// How often this is looked at, in ms. Looks are counted, not time: while the page sleeps nothing can be heard.
const LOOK_MS: f64 = 1_000.0;

/// Takes what a worker tells about the columns it is at.
pub(super) type OnColumns = Box<dyn Fn(&JsValue)>;

struct Hearing {
    /// Whether anything was heard since the last look.
    heard: Cell<bool>,
    on_columns: RefCell<Option<OnColumns>>,
}

struct Scanner {
    link: Link,
    hearing: Rc<Hearing>,
}

impl Scanner {
    fn spawn() -> Result<Scanner, PageError> {
        let hearing = Rc::new(Hearing {
            heard: Cell::new(false),
            on_columns: RefCell::default(),
        });
        let hears = hearing.clone();
        let link = Link::spawn("scanner", move |kind, message| {
            hears.heard.set(true);
            if kind == "columns"
                && let Some(on_columns) = &*hears.on_columns.borrow()
            {
                on_columns(message);
            }
        })?;
        link.post("start", &[("module", wasm_bindgen::module()), ("pages", least_pages().into())])?;
        Ok(Scanner { link, hearing })
    }
}

#[derive(Default)]
struct Pool {
    idle: Vec<Scanner>,
    busy: usize,
    /// Who waits for a worker, longest first.
    waiting: VecDeque<Function>,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// A worker that is one inspection's for now. Dropped, it goes back to the others, unless it is in the middle of something: then it is ended.
pub(super) struct Taken {
    scanner: Option<Scanner>,
    working: Cell<bool>,
}

/// A worker, as soon as fewer than `most` are busy.
///
/// # Errors
/// The worker's script cannot be loaded.
pub(super) async fn take(most: usize) -> Result<Taken, PageError> {
    loop {
        if let Some(taken) = try_take(most) {
            return taken;
        }
        let free = Promise::new(&mut |resolve, _| POOL.with_borrow_mut(|pool| pool.waiting.push_back(resolve)));
        let _ = JsFuture::from(free).await;
    }
}

/// A worker, if fewer than `most` are busy.
pub(super) fn try_take(most: usize) -> Option<Result<Taken, PageError>> {
    let idle = POOL.with_borrow_mut(|pool| {
        (pool.busy < most).then(|| {
            pool.busy += 1;
            pool.idle.pop()
        })
    })?;
    // From here on it counts as busy until it is dropped, also if there is none.
    let mut taken = Taken {
        scanner: idle,
        working: Cell::new(false),
    };
    if taken.scanner.is_none() {
        match Scanner::spawn() {
            Ok(scanner) => taken.scanner = Some(scanner),
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(taken))
}

impl Taken {
    /// Asks for something and waits for the answer, however long it takes as long as the worker shows signs of life.
    ///
    /// # Errors
    /// [`PageError::File`] and others that the worker answers with; [`PageError::Crashed`] when it is gone, or hangs and was ended.
    pub(super) async fn ask(&self, kind: &str, fields: &[(&str, JsValue)]) -> Result<JsValue, PageError> {
        let Some(Scanner { link, hearing }) = &self.scanner else {
            return Err(PageError::Closed);
        };
        self.working.set(true);
        let id = link.request(kind, fields)?;
        let mut answer = pin!(link.answer(id));
        let mut quiet = 0.0;
        loop {
            hearing.heard.set(false);
            if let Some(answer) = within(LOOK_MS, answer.as_mut()).await {
                // A worker that crashed is not used again: its link has ended.
                self.working.set(link.ending().is_some());
                return answer;
            }
            quiet = if hearing.heard.get() { 0.0 } else { quiet + LOOK_MS };
            if quiet >= QUIET_MS {
                link.terminate();
                link.give_up(&format!("it has not moved for {} s", Decimal(QUIET_MS / 1e3)));
            }
        }
    }

    /// What is told about columns goes there from now on.
    pub(super) fn on_columns(&self, hear: Option<OnColumns>) {
        if let Some(scanner) = &self.scanner {
            *scanner.hearing.on_columns.borrow_mut() = hear;
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.on_columns(None);
        let scanner = self.scanner.take().filter(|_| !self.working.get());
        if let Some(scanner) = &scanner {
            // Forgets the file. Answered in its time; nobody waits for it.
            let _ = scanner.link.post("close", &[]);
        }
        let next = POOL.with_borrow_mut(|pool| {
            pool.busy -= 1;
            pool.idle.extend(scanner);
            pool.waiting.pop_front()
        });
        if let Some(next) = next {
            let _ = next.call0(&JsValue::NULL);
        }
    }
}
