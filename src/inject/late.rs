//! A clock with faults.

use core::time::Duration;

use super::Injector;
use crate::render::Clock;
use crate::ring::{Producer, Ticket, Until, Woken};

/// A sleep that is limited to this ends for the heartbeat, not because it is time for anything.
const HEARTBEAT: Duration = Duration::from_millis(250);

/// A clock whose sleeps go on for too long now and then ([`Fault::Late`](super::Fault::Late)): as where the thread is not scheduled when it is called.
pub struct LateClock<C> {
    clock: C,
    injector: Injector,
}

impl<C> LateClock<C> {
    pub(super) fn new(clock: C, injector: Injector) -> Self {
        LateClock { clock, injector }
    }
}

impl<C: Clock> Clock for LateClock<C> {
    fn now_ms(&self) -> f64 {
        self.clock.now_ms()
    }

    fn origin_ms(&self) -> f64 {
        self.clock.origin_ms()
    }

    fn sleep(&mut self, producer: &mut Producer, ticket: Ticket, until: Until, timeout: Duration) -> Woken {
        let woken = self.clock.sleep(producer, ticket, until, timeout);
        self.overslept(producer, woken, until, timeout);
        woken
    }

    fn overslept(&mut self, producer: &mut Producer, woken: Woken, until: Until, timeout: Duration) {
        // Late is only who was waited for: one that looked around by itself, or got mail, is late for nothing.
        let for_its_time = woken == Woken::TimedOut && until == Until::Call && timeout < HEARTBEAT;
        if for_its_time || woken == Woken::Room && matches!(until, Until::Room(_)) {
            self.injector.with(|state| state.oversleep(producer.position()));
        }
    }
}
