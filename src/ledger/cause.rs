//! Why frames were lost: worked out from evidence alone. Nothing here knows which faults are injected.

use super::events::Ending;
use super::snapshot::{OverrunEvent, ProducerAccount, UnderrunEvent};

/// Why an underrun or an overrun happened. The rules stand in [`cause`] and [`overrun_cause`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Nothing had been heard yet. Of an overrun: hardly anything.
    Startup,
    /// The work for the blocks took longer than they last.
    RenderTooSlow,
    /// The worker was not scheduled when it should have run.
    WokenLate,
    /// The source blocked: a block came late by more than two block times, or nothing came.
    Stalled,
    /// One callback asked for more than the ring is allowed to hold. Of an overrun: the callbacks had stayed away for longer than the ring has room.
    CallbackBurst,
    /// The producer's block exceeds what the ring can hold ahead.
    RingTooSmall,
    /// The producer is gone.
    ProducerLost,
    /// The source has ended.
    Ended,
    /// The sound jumped elsewhere and what follows was not there yet.
    Seek,
    /// The context was suspended, or the whole machine. Of an overrun: or the output was paused.
    Suspended,
    /// The producer's own clock is slower than the device's. Of an overrun: faster.
    RateMismatch,
    /// The evidence does not say.
    Unknown,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 12] = [
        Cause::Startup,
        Cause::RenderTooSlow,
        Cause::WokenLate,
        Cause::Stalled,
        Cause::CallbackBurst,
        Cause::RingTooSmall,
        Cause::ProducerLost,
        Cause::Ended,
        Cause::Seek,
        Cause::Suspended,
        Cause::RateMismatch,
        Cause::Unknown,
    ];

    /// Its name, as in the report.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Startup => "startup",
            Cause::RenderTooSlow => "render-too-slow",
            Cause::WokenLate => "woken-late",
            Cause::Stalled => "stalled",
            Cause::CallbackBurst => "callback-burst",
            Cause::RingTooSmall => "ring-too-small",
            Cause::ProducerLost => "producer-lost",
            Cause::Ended => "ended",
            Cause::Seek => "seek",
            Cause::Suspended => "suspended",
            Cause::RateMismatch => "rate-mismatch",
            Cause::Unknown => "unknown",
        }
    }
}

/// What only the page sees of the time around an underrun.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Circumstances {
    /// The context's rate in Hz.
    pub sample_rate: f64,
    /// Frames that one of the device's callbacks takes as a rule, at most; if any was counted.
    pub callback_frames: Option<u64>,
    /// The producer was found lost while the underrun went on.
    pub lost: bool,
    /// The context was suspended or interrupted, or everything stood still, at some time during the spell that led to it.
    pub suspended: bool,
    /// For how long everything stood still during that spell as far as the page knows, in ms: with clocks that stand still as well, up to the time between two of its looks.
    pub still_ms: f64,
    /// Nothing more is to come about it: the output is closed.
    pub over: bool,
}

/// Why `event` happened, as far as `account` (what the producer says of it, once it has) and `around` tell; `None` while more may become known.
///
/// The producer accounts for its time since the ring was last full. What it needed from the moment it should have run until the missing frames were there is its *response*:
///
/// 1. No account: lost, ended or suspended if the page or the event says so.
/// 2. A response that the ring could not bridge is the cause (unless the reader took even more than that at once: `callback-burst`), by its largest part: the source had nothing (`seek` after a jump, else
///    `stalled`), the worker was not scheduled (`woken-late`), it was busy with other things (`stalled`, `seek` when that was another source), or it rendered: `stalled` when one block alone came late by
///    more than two block times, else `render-too-slow`.
/// 3. Otherwise the producer was in time: the reader took more than is usual (`callback-burst`), the ring is too small for the two blocks that meet in it (`ring-too-small`), or the
///    producer goes by a clock that is too slow (`rate-mismatch`).
pub fn cause(event: &UnderrunEvent, account: Option<&ProducerAccount>, around: &Circumstances) -> Option<Cause> {
    if around.lost {
        return Some(Cause::ProducerLost);
    }
    let Some(account) = account else {
        return match event.ended_by {
            Ending::Ended => Some(Cause::Ended),
            _ if around.suspended => Some(Cause::Suspended),
            _ if around.over => Some(Cause::Unknown),
            _ => None,
        };
    };
    Some(Weighed::of(account, around).cause(event))
}

/// Why `event` happened: why a producer with a clock of its own had no room for what it brought. `echoed`: the cause of the underrun whose missing frames these are, if they are some; `before`: that of
/// an overrun a moment ago, which has left the ring full.
///
/// Nobody took any frames (`suspended`); the ring has no room for a block beside a callback (`ring-too-small`); it was filled for the first time, and what comes in between the first callbacks has no
/// place in it (`startup`); what came late for the reader is too much now, and has the reason for which it came late;
/// the device's callbacks stayed away (`callback-burst`); the producer was late and brings several blocks at once (as with underruns); there was too much a moment ago, and room for one block less is all that is left; or
/// its clock is faster than the device's (`rate-mismatch`).
pub fn overrun_cause(event: &OverrunEvent, around: &Circumstances, echoed: Option<Cause>, before: Option<Cause>) -> Cause {
    let weighed = Weighed::of(&event.account, around);
    let callback = around.callback_frames.unwrap_or(0);
    // Two callbacks and a block may come in any order.
    let usual_ms = weighed.ms(2 * callback) + 2.0 * weighed.block_ms;
    if event.account.paused || around.suspended {
        Cause::Suspended
    } else if event.account.block_frames + callback > event.account.limit_frames {
        Cause::RingTooSmall
    } else if event.position <= event.account.limit_frames + 2 * (callback + event.account.block_frames) {
        Cause::Startup
    } else if let Some(cause) = echoed {
        cause
    } else if callback > 0 && event.still_ms > usual_ms {
        Cause::CallbackBurst
    } else if weighed.response_ms > usual_ms {
        weighed.of_the_producer()
    } else {
        before.unwrap_or(Cause::RateMismatch)
    }
}

/// An account in milliseconds of one kind.
struct Weighed<'a> {
    account: &'a ProducerAccount,
    around: &'a Circumstances,
    /// How long the producer took when it should have run.
    response_ms: f64,
    /// How long a block lasts.
    block_ms: f64,
}

impl Weighed<'_> {
    fn of<'a>(account: &'a ProducerAccount, around: &'a Circumstances) -> Weighed<'a> {
        let rest_ms = account.rest_ms();
        Weighed {
            response_ms: account.late_ms + rest_ms + account.render_ms + account.prepare_ms + account.dry_ms + account.away_ms,
            block_ms: account.block_frames as f64 * 1e3 / around.sample_rate,
            account,
            around,
        }
    }

    fn ms(&self, frames: u64) -> f64 {
        frames as f64 * 1e3 / self.around.sample_rate
    }

    fn cause(&self, event: &UnderrunEvent) -> Cause {
        let Weighed { account, around, .. } = self;
        if around.suspended && self.stood_still() {
            return Cause::Suspended;
        }
        let callback = around.callback_frames.unwrap_or(0);
        // What lies ahead when the producer is called, less what one callback takes before it can have done anything.
        let ahead = match account.own_clock {
            // By a clock of its own it does not fill the ring: what was there has to do.
            true => account.ahead_frames.min(account.limit_frames),
            false => account.limit_frames,
        };
        let bridged = ahead.saturating_sub(account.block_frames + callback);
        // Where nothing is left, or a slow clock takes the ring down past every fill, no producer is fast enough: only what is longer than block and callback together counts.
        let too_small = bridged == 0;
        let limit_ms = match too_small || account.own_clock {
            true => self.ms(bridged.max(callback + account.block_frames)),
            false => self.ms(bridged),
        };
        // Beyond what is usual. A producer whose reader comes late and then takes much at once seems late itself, but a late one finds no burst.
        let burst_ms = self.ms(account.burst_frames.saturating_sub(callback));
        let burst_is_more = burst_ms > self.response_ms;
        if self.response_ms >= limit_ms && !burst_is_more {
            return self.of_the_producer();
        }
        if self.response_ms >= limit_ms || account.burst_frames > account.limit_frames.max(callback) {
            return Cause::CallbackBurst;
        }
        if event.ended_by == Ending::Ended || account.nothing_came {
            return Cause::Ended;
        }
        if account.own_clock {
            return Cause::RateMismatch;
        }
        if too_small {
            return if callback > account.limit_frames {
                Cause::CallbackBurst
            } else {
                Cause::RingTooSmall
            };
        }
        // Both a little: the larger of the two.
        match burst_is_more {
            true => Cause::CallbackBurst,
            false if self.response_ms * 2.0 >= limit_ms => self.of_the_producer(),
            false => Cause::Unknown,
        }
    }

    /// The largest part of the response.
    fn of_the_producer(&self) -> Cause {
        let account = self.account;
        let unscheduled = account.late_ms.max(account.rest_ms());
        let rendering = account.render_ms + account.prepare_ms;
        let largest = unscheduled.max(rendering).max(account.dry_ms).max(account.away_ms);
        if largest == account.dry_ms || largest == account.away_ms {
            return if account.jumped { Cause::Seek } else { Cause::Stalled };
        }
        if largest == unscheduled {
            return Cause::WokenLate;
        }
        // Without the longest block, would the others have come in time? (Working ahead is no block: a moment of it beside a single block is no reason.)
        let others_ms = account.blocks.saturating_sub(1) as f64 * self.block_ms;
        let one_stood = account.longest_ms > 3.0 * self.block_ms && account.render_ms - account.longest_ms <= others_ms;
        if one_stood { Cause::Stalled } else { Cause::RenderTooSlow }
    }

    /// Whether the device stood still as well for most of the spell, or all did by what the page knows: a device may have caught up, and a clock that stood still hides how long the spell was.
    fn stood_still(&self) -> bool {
        let half_ms = self.account.spell_ms / 2.0;
        self.ms(self.account.asked_frames) < half_ms || self.around.still_ms > half_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_of_working_ahead_beside_a_block_that_stood_still_is_no_slow_rendering() {
        let event = UnderrunEvent {
            ended_by: Ending::Back,
            ..UnderrunEvent::default()
        };
        let account = ProducerAccount {
            spell_ms: 506.5,
            asleep_ms: 5.8,
            render_ms: 500.665,
            longest_ms: 500.665,
            prepare_ms: 0.005,
            blocks: 1,
            block_frames: 256,
            limit_frames: 8192,
            ..ProducerAccount::default()
        };
        let around = Circumstances {
            sample_rate: 44_100.0,
            callback_frames: Some(384),
            ..Circumstances::default()
        };
        assert_eq!(cause(&event, Some(&account), &around), Some(Cause::Stalled));
    }

    /// A ring of 1280 frames at 48 kHz, blocks of 512, callbacks of 128; after 100 ms.
    fn account() -> ProducerAccount {
        ProducerAccount {
            spell_ms: 100.0,
            asleep_ms: 99.0,
            late_ms: 80.0,
            render_ms: 1.0,
            longest_ms: 1.0,
            blocks: 1,
            block_frames: 512,
            ahead_frames: 1280,
            limit_frames: 1280,
            asked_frames: 4800,
            ..ProducerAccount::default()
        }
    }

    fn found(account: ProducerAccount, suspended: bool, still_ms: f64) -> Option<Cause> {
        let event = UnderrunEvent {
            ended_by: Ending::Back,
            ..UnderrunEvent::default()
        };
        let around = Circumstances {
            sample_rate: 48_000.0,
            callback_frames: Some(128),
            suspended,
            still_ms,
            ..Circumstances::default()
        };
        cause(&event, Some(&account), &around)
    }

    #[test]
    fn a_sleep_explains_what_it_was_most_of_also_where_clocks_stood_still() {
        assert_eq!(found(account(), true, 0.0), Some(Cause::WokenLate));
        assert_eq!(found(account(), true, 49.0), Some(Cause::WokenLate));
        assert_eq!(found(account(), true, 51.0), Some(Cause::Suspended));
        let unasked = ProducerAccount {
            asked_frames: 2000,
            ..account()
        };
        assert_eq!(found(unasked, true, 0.0), Some(Cause::Suspended));
        assert_eq!(found(unasked, false, 0.0), Some(Cause::WokenLate));
    }

    #[test]
    fn who_is_asked_late_for_much_at_once_is_not_late() {
        let asked_at_once = |burst_frames| ProducerAccount {
            late_ms: 20.0,
            burst_frames,
            ..account()
        };
        assert_eq!(found(asked_at_once(128), false, 0.0), Some(Cause::WokenLate));
        assert_eq!(found(asked_at_once(1260), false, 0.0), Some(Cause::CallbackBurst));
    }

    #[test]
    fn where_a_slow_clock_has_drained_the_ring_a_moment_is_no_reason() {
        let drained = |late_ms| ProducerAccount {
            own_clock: true,
            ahead_frames: 700,
            late_ms,
            ..account()
        };
        // Block and callback last 13 ms; what lies ahead beyond them would bridge 1 ms.
        assert_eq!(found(drained(3.0), false, 0.0), Some(Cause::RateMismatch));
        assert_eq!(found(drained(13.0), false, 0.0), Some(Cause::WokenLate));
    }
}
