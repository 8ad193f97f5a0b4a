//! Faults that the page itself causes for as long as they are switched on.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use crate::lab::dom::epoch_ms;
use crate::lab::run::{Hogs, Jank, SharedLog, Suspension};
use crate::lab::scenario::Stress;
use crate::web::page::Output;

/// What goes on, each with the figures that it was asked for with.
#[derive(Default)]
pub(in crate::lab) struct Live {
    jank: RefCell<Option<(Stress, Jank)>>,
    hogs: RefCell<Option<(Stress, Option<Hogs>)>>,
    /// Kept until the output is gone: one that is dropped earlier does not resume.
    suspensions: RefCell<Vec<Suspension>>,
}

impl Live {
    /// Causes what is the page's part of `stress` from now on, and nothing else; records it in `log`. `failed` is told why workers could not be had.
    pub(in crate::lab) fn set(self: &Rc<Self>, stress: &[Stress], log: &SharedLog, failed: impl FnOnce(String) + 'static) {
        let jank = stress.iter().find(|fault| matches!(fault, Stress::Jank { .. })).copied();
        let hogs = stress.iter().find(|fault| matches!(fault, Stress::Hogs { .. })).copied();
        if self.jank.borrow().as_ref().map(|(asked, _)| *asked) != jank {
            self.jank.replace(jank.and_then(|asked| match asked {
                Stress::Jank { ms, every_ms } => Some((asked, Jank::start(ms, every_ms, epoch_ms(), log.clone()))),
                _ => None,
            }));
        }
        if self.hogs.borrow().as_ref().map(|(asked, _)| *asked) == hogs {
            return;
        }
        self.hogs.replace(hogs.map(|asked| (asked, None)));
        let Some(asked @ Stress::Hogs { count }) = hogs else { return };
        let (live, log) = (self.clone(), log.clone());
        spawn_local(async move {
            let begun = Hogs::start(count, log).await;
            let mut wanted = live.hogs.borrow_mut();
            // Switched off meanwhile, or changed: then those that came are dropped, and so ended.
            let still = wanted.as_ref().is_some_and(|(now, busy)| *now == asked && busy.is_none());
            match begun {
                Ok(hogs) if still => *wanted = Some((asked, Some(hogs))),
                Ok(_) => {}
                Err(why) => {
                    drop(wanted);
                    failed(why);
                }
            }
        });
    }

    /// Suspends `output` for `ms` milliseconds from now on.
    pub(in crate::lab) fn suspend(&self, output: &Output, ms: f64, log: SharedLog) {
        let suspension = Suspension::start(output, epoch_ms(), ms, log);
        self.suspensions.borrow_mut().push(suspension);
    }

    /// Ends all.
    pub(in crate::lab) fn end(&self) {
        self.jank.take();
        self.hogs.take();
        self.suspensions.take();
    }
}
