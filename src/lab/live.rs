//! Waiting for an output that may be lost meanwhile.

use core::pin::pin;
use core::task::Poll;

use super::dom::sleep;
use crate::web::page::{Output, OutputState};

/// How often the output is looked at while something is waited for, in ms.
const LOOK_EVERY_MS: f64 = 250.0;

/// Waits for `wanted`; `None` when `output` is lost or closed before that.
pub(super) async fn while_live<T>(output: &Output, wanted: impl Future<Output = T>) -> Option<T> {
    let mut wanted = pin!(wanted);
    loop {
        let mut pause = pin!(sleep(LOOK_EVERY_MS));
        let got = core::future::poll_fn(|task| match wanted.as_mut().poll(task) {
            Poll::Ready(got) => Poll::Ready(Some(got)),
            Poll::Pending => pause.as_mut().poll(task).map(|()| None),
        })
        .await;
        if got.is_some() {
            return got;
        }
        if matches!(output.state(), OutputState::Lost(_) | OutputState::Closed) {
            return None;
        }
    }
}
