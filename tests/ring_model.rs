//! The ring against a queue: the cases that browsers run too, and what only proptest and a thread that may sleep can show.
#![cfg(not(target_family = "wasm"))]
#![cfg(not(loom))]

use std::time::Duration;

use noxrun::ring::{Ring, Until, Woken};
use proptest::prelude::*;

#[path = "common/ring_cases.rs"]
mod ring_cases;

use ring_cases::{Model, STEPS, Step};

ring_tests!(test);

/// Long enough that a test which waits for it in vain is seen to hang.
const LONG: Duration = Duration::from_secs(3600);

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_steps_follow_the_model(
        channels in 1usize..=8,
        capacity in prop_oneof![9 => 1usize..=70, 1 => Just(1000usize), 1 => Just(4096)],
        steps in prop::collection::vec((0..STEPS, any::<u16>(), any::<u16>()), 1..200),
    ) {
        let mut model = Model::new(channels, capacity);
        for (kind, one, other) in steps {
            model.step(Step::from_numbers(kind, usize::from(one) % (capacity + 4), usize::from(other) % (capacity + 4)));
        }
        model.finish();
    }
}

#[test]
fn waiting_returns_at_once_when_there_is_reason_to() {
    let ring = Ring::new(1, 4).expect("in range");
    let (mut producer, mut consumer) = Ring::split(ring.clone()).expect("free");
    let ticket = producer.ticket();
    assert_eq!(producer.wait(ticket, 4, LONG), Woken::Room);
    assert_eq!(producer.wait(ticket, 0, LONG), Woken::Room);
    assert_eq!(
        producer.wait(ticket, 99, LONG),
        Woken::Room,
        "more than the limit is never waited for"
    );
    assert_eq!(producer.write(&[0.0; 4]), Ok(4));
    ring.call();
    assert_eq!(
        producer.wait(ticket, 1, LONG),
        Woken::Called,
        "the call came after the ticket was taken"
    );
    assert_eq!(producer.sleep(ticket, Until::Call, LONG), Woken::Called);
    let ticket = producer.ticket();
    assert_eq!(producer.wait(ticket, 1, Duration::from_millis(1)), Woken::TimedOut);
    assert_eq!(producer.sleep(ticket, Until::Call, Duration::from_millis(1)), Woken::TimedOut);
    ring.set_limit(2).expect("in range");
    assert_eq!(producer.wait(ticket, 1, LONG), Woken::Called, "a new limit is a call");
    assert_eq!(consumer.flush(), 4);
    assert!(!consumer.wake_producer(), "it is awake again");
    assert_eq!(producer.wait(ticket, 2, LONG), Woken::Room);
}
