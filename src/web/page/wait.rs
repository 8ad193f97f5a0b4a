//! Time in the page, and waiting.

use core::pin::pin;
use core::task::Poll;
#[cfg(feature = "decode")]
use std::cell::RefCell;

use js_sys::{Array, Function, Promise};
#[cfg(feature = "decode")]
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::PageError;

/// Milliseconds since the page began.
pub(super) fn now() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or(0.0, |performance| performance.now())
}

/// Resolves after `ms` milliseconds.
pub(super) async fn sleep(ms: i32) {
    let timer = Promise::new(&mut |resolve: Function, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments(&resolve, ms, &Array::new());
        }
    });
    let _ = JsFuture::from(timer).await;
}

/// What `work` comes to, or `None` when it takes longer than `ms` milliseconds.
#[cfg(feature = "decode")]
pub(super) async fn within<T>(ms: f64, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut time) = (pin!(work), pin!(sleep(ms as i32)));
    core::future::poll_fn(|task| match work.as_mut().poll(task) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => time.as_mut().poll(task).map(|()| None),
    })
    .await
}

/// Who waits for something.
#[cfg(feature = "decode")]
#[derive(Default)]
pub(super) struct Waiting(RefCell<Vec<Function>>);

#[cfg(feature = "decode")]
impl Waiting {
    /// Resolves with the next [`wake`](Waiting::wake).
    pub(super) async fn wait(&self) {
        let woken = Promise::new(&mut |resolve, _| self.0.borrow_mut().push(resolve));
        let _ = JsFuture::from(woken).await;
    }

    /// Whoever waits looks again.
    pub(super) fn wake(&self) {
        for waiting in self.0.take() {
            let _ = waiting.call0(&JsValue::NULL);
        }
    }
}

/// Runs both at once; fails as soon as one does.
pub(super) async fn both<A, B>(
    a: impl Future<Output = Result<A, PageError>>,
    b: impl Future<Output = Result<B, PageError>>,
) -> Result<(A, B), PageError> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut done_a, mut done_b) = (None, None);
    core::future::poll_fn(|task| {
        if done_a.is_none()
            && let Poll::Ready(done) = a.as_mut().poll(task)
        {
            done_a = Some(done?);
        }
        if done_b.is_none()
            && let Poll::Ready(done) = b.as_mut().poll(task)
        {
            done_b = Some(done?);
        }
        match (done_a.take(), done_b.take()) {
            (Some(a), Some(b)) => Poll::Ready(Ok((a, b))),
            (a, b) => {
                (done_a, done_b) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}
