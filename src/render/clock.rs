//! Time, as the producer sees it: the browser's, the machine's, or a fake one in tests.

use core::time::Duration;

use crate::ring::{Producer, Ticket, Until, Woken};

/// A clock, and how time is let pass.
pub trait Clock {
    /// Milliseconds since some fixed moment, with fractions; never goes back.
    fn now_ms(&self) -> f64;

    /// Milliseconds since the epoch at which [`now_ms`](Clock::now_ms) was 0.
    fn origin_ms(&self) -> f64;

    /// Sleeps as [`Producer::sleep`] does. Another clock may let time pass in another way: between [`Producer::doze`] and [`Producer::get_up`].
    fn sleep(&mut self, producer: &mut Producer, ticket: Ticket, until: Until, timeout: Duration) -> Woken {
        producer.sleep(ticket, until, timeout)
    }

    /// A sleep is over that somebody else slept ([`Naps`](super::Naps)): `woken` says why. A clock that makes sleeps last too long does so here.
    fn overslept(&mut self, _producer: &mut Producer, _woken: Woken, _until: Until, _timeout: Duration) {}
}

impl<C: Clock + ?Sized> Clock for Box<C> {
    fn now_ms(&self) -> f64 {
        (**self).now_ms()
    }

    fn origin_ms(&self) -> f64 {
        (**self).origin_ms()
    }

    fn sleep(&mut self, producer: &mut Producer, ticket: Ticket, until: Until, timeout: Duration) -> Woken {
        (**self).sleep(producer, ticket, until, timeout)
    }

    fn overslept(&mut self, producer: &mut Producer, woken: Woken, until: Until, timeout: Duration) {
        (**self).overslept(producer, woken, until, timeout);
    }
}

/// The machine's clock.
#[cfg(not(target_family = "wasm"))]
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
    origin_ms: f64,
}

#[cfg(not(target_family = "wasm"))]
impl Default for SystemClock {
    fn default() -> Self {
        let origin = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        SystemClock {
            start: std::time::Instant::now(),
            origin_ms: origin.as_secs_f64() * 1e3,
        }
    }
}

#[cfg(not(target_family = "wasm"))]
impl Clock for SystemClock {
    fn now_ms(&self) -> f64 {
        self.start.elapsed().as_secs_f64() * 1e3
    }

    fn origin_ms(&self) -> f64 {
        self.origin_ms
    }
}
