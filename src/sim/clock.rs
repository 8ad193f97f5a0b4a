//! The producer's clock in a simulated world.

use core::time::Duration;

use super::work::Worker;
use super::world::{ORIGIN_MS, World};
use crate::inject::Random;
use crate::render::Clock;
use crate::ring::{Producer, Ring, Ticket, Until, Woken};

/// A clock that is the world's, and sleeps that let the world go on.
#[derive(Debug, Clone)]
pub struct SimClock {
    world: World,
    worker: Worker,
    random: Random,
}

impl SimClock {
    /// The clock of a producer that is woken as `worker` says.
    pub fn new(world: World, worker: Worker) -> Self {
        let random = Random::new(worker.seed);
        SimClock { world, worker, random }
    }

    /// Stands still: the world goes on.
    pub fn stand_still(&self, how_long: Duration) {
        self.world.pass(how_long.as_secs_f64() * 1e3);
    }

    /// Sleeps until somebody calls on `ring` whose word was `ticket`, or `longest` is over.
    pub(super) fn nap(&mut self, ring: &Ring, ticket: u32, longest: Duration) {
        let end = self.world.now_ms() + longest.as_secs_f64() * 1e3;
        let _called = self.world.pass_until(end, || ring.ticket() != ticket);
        // A clock made for one sleep draws the same chance each time: it is told where in its row of chances it is by the time.
        self.random = Random::new(self.worker.seed ^ end.to_bits());
        let late = self.lateness_ms();
        self.world.pass(late);
        self.world.scheduled();
    }

    /// How late a wake-up is, in ms: mostly little, exponentially distributed.
    fn lateness_ms(&mut self) -> f64 {
        self.worker.wake_ms + self.worker.wake_jitter_ms * -(1.0 - self.random.unit()).ln()
    }
}

impl Clock for SimClock {
    fn now_ms(&self) -> f64 {
        // Whoever looks at the clock is running.
        self.world.scheduled();
        self.world.now_ms()
    }

    fn origin_ms(&self) -> f64 {
        ORIGIN_MS
    }

    fn sleep(&mut self, producer: &mut Producer, ticket: Ticket, until: Until, timeout: Duration) -> Woken {
        if producer.doze(until) && producer.ticket() == ticket {
            let end = self.world.now_ms() + timeout.as_secs_f64() * 1e3;
            let _called = self.world.pass_until(end, || producer.ticket() != ticket);
            let late = self.lateness_ms();
            self.world.pass(late);
            self.world.scheduled();
        }
        producer.get_up(ticket, until)
    }
}

#[cfg(feature = "faults")]
impl crate::inject::Hands for SimClock {
    fn stand_still(&self, how_long: Duration) {
        SimClock::stand_still(self, how_long);
    }

    fn work(&self, how_long: Duration) {
        SimClock::stand_still(self, how_long);
    }

    fn litter(&self) -> u64 {
        self.world.pass(self.worker.litter_ms);
        crate::inject::LITTER_BYTES
    }
}
