use super::*;

const CALLBACK_MS: f64 = 512.0 * 1e3 / RATE;

/// A device that asks for 512 frames every 10.67 ms, except from `still_from` to `still_to`, is looked at every `look_ms` (and now and then far later), while it starves now and then. Returns by how much the log is wrong at worst.
fn worst_ms(look_ms: f64, still: Option<(f64, f64)>, accounts: bool) -> f64 {
    let mut page = Page::new();
    let origin_ms = EPOCH_MS + 3.3;
    let mut truth = Vec::new();
    let mut called = 0_u32;
    let mut device_ms = origin_ms;
    for look in 1..(50_000.0 / look_ms) as u32 {
        page.now_ms = EPOCH_MS + f64::from(look) * look_ms + f64::from(look % 7);
        while device_ms <= page.now_ms {
            let frame = page.snapshot.consumer.requested;
            page.snapshot.consumer.requested += 512;
            called += 1;
            if called.is_multiple_of(10) {
                // Begins within the callback; three and a half callbacks are missing.
                let within = u64::from(called % 4) * 128;
                let event = page.underrun(0.0, 7 * 256);
                page.snapshot.underruns.last_mut().expect("one").frame = frame + within;
                truth.push(device_ms);
                if accounts {
                    page.account(event).at_ms = device_ms + 3.5 * CALLBACK_MS;
                }
            }
            device_ms += CALLBACK_MS;
            if let Some((from, to)) = still
                && (from..from + CALLBACK_MS).contains(&(device_ms - EPOCH_MS))
            {
                device_ms += to - from;
            }
        }
        page.look();
    }
    let listed: Vec<f64> = page.log.entries().map(|entry| entry.at_ms).collect();
    assert_eq!(listed.len(), truth.len());
    assert!(listed.len() > 20);
    listed.iter().zip(&truth).map(|(told, was)| (told - was).abs()).fold(0.0, f64::max)
}

#[test]
fn wall_times_are_right_to_within_one_callback() {
    for look_ms in [16.7, 33.0, 100.0, 250.0, 1_003.0] {
        for accounts in [false, true] {
            let worst = worst_ms(look_ms, None, accounts);
            assert!(
                worst <= CALLBACK_MS,
                "looks every {look_ms} ms, accounts {accounts}: wrong by {worst} ms"
            );
        }
    }
}

#[test]
fn where_the_device_stood_still_between_looks_the_producer_knows_better() {
    let still = Some((700.0, 1_900.0));
    assert!(worst_ms(1_003.0, still, false) > 100.0, "this is hard to tell without");
    let worst = worst_ms(1_003.0, still, true);
    assert!(worst <= CALLBACK_MS, "wrong by {worst} ms");
}

#[test]
fn a_worker_whose_clock_is_wrong_does_not_lead_astray() {
    let mut page = Page::new();
    page.wait(1_000.0);
    page.look();
    page.wait(1_000.0);
    let event = page.underrun(500.0, 480);
    page.account(event).at_ms += 3_600e3;
    page.snapshot.overruns = vec![OverrunEvent {
        at_ms: page.now_ms - 3_600e3,
        ..OverrunEvent::default()
    }];
    page.snapshot.producer.overrun_events = 1;
    page.look();
    page.log.saw(Sight::Hidden {
        at_ms: page.now_ms,
        ms: 5_000.0,
    });
    page.wait(100.0);
    page.look();
    let times: Vec<_> = page.log.entries().map(|entry| (entry.kind, entry.at_ms - EPOCH_MS)).collect();
    assert_eq!(times, [(EventKind::Overrun, 1_000.0), (EventKind::Underrun, 1_500.0)]);
    assert_eq!(page.latest().evidence.hidden_ms, 0.0);
}

#[test]
fn events_before_the_first_look_are_reckoned_back() {
    let mut page = Page::new();
    page.log = EventLog::new(RATE);
    page.wait(5_000.0);
    page.underrun(3_000.0, 480);
    page.look();
    assert_eq!(page.latest().at_ms, EPOCH_MS + 2_000.0);
}

#[test]
fn frames_that_are_asked_for_all_at_once_are_not_spread_over_time() {
    for look_ms in [20.0, 100.0, 250.0] {
        let mut page = Page::new();
        page.wait(1_000.0);
        page.look();
        // A callback of 4096 frames in the midst of others, of which a ring of 2048 holds half.
        page.wait(look_ms * 0.6);
        let burst_ms = page.now_ms;
        let frame = page.snapshot.consumer.requested + 2048;
        page.snapshot.consumer.requested += 4096;
        let event = page.underrun(0.0, 2048);
        page.snapshot.underruns[0].frame = frame;
        let account = page.account(event);
        (account.at_ms, account.late_ms, account.spell_ms, account.asleep_ms) = (burst_ms + 1.0, 0.5, 10.0, 9.0);
        account.burst_frames = 4000;
        page.wait(look_ms * 0.4);
        page.look();
        assert_eq!(page.latest().cause, Some(Cause::CallbackBurst));
        let wrong_ms = (page.latest().at_ms - burst_ms).abs();
        assert!(wrong_ms <= CALLBACK_MS, "looks every {look_ms} ms: wrong by {wrong_ms} ms");
    }
}
