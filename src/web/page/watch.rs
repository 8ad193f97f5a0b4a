//! Looking after an output by a clock of its own, so that what goes wrong is noticed without anybody asking.

use super::wait::sleep;
use crate::watch::EVERY_MS;

/// Calls `look` every [`EVERY_MS`] for as long as it returns true; in a hidden tab it may be rarer, down to once a minute.
pub(super) fn watch(mut look: impl FnMut() -> bool + 'static) {
    wasm_bindgen_futures::spawn_local(async move {
        loop {
            sleep(EVERY_MS as i32).await;
            if !look() {
                return;
            }
        }
    });
}
