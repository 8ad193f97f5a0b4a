//! The feeder's loop, one turn at a time: look for commands, seek, fill the feed, else sleep until there is room.
//!
//! Pure: what is on the other side of [`Port`] is a [`FeedWriter`](super::FeedWriter) natively, and the same one behind raw exports of the engine's instance in the browser.

use core::ops::Range;
use core::time::Duration;

use super::{FeedWriter, SeekCommand};
use crate::ring::Ticket;
use crate::source::player::{Failure, Player, Segment, State};

/// Frames moved at once. Small enough that a seek waits for little, large enough that the seam costs nothing.
const CHUNK: usize = 1024;
/// Every sleep ends after this long at the latest, so that the heartbeat goes on.
const LONGEST_SLEEP: Duration = Duration::from_millis(250);

/// How often it is looked whether the last frame was put out while there is more to play.
const DRAIN_SLEEP: Duration = Duration::from_millis(5);

/// The feed as its writer sees it.
pub trait Port {
    /// Frames that can be written now.
    fn room(&mut self) -> usize;
    /// Writes interleaved frames, at most [`room`](Port::room).
    fn write(&mut self, interleaved: &[f32]);
    /// What was written and not yet read is stale; what is written next belongs to the seek of that number.
    fn jump(&mut self, serial: u32);
    /// The next frame written is that one of an item.
    fn segment(&mut self, item: u32, seconds: f64);
    /// Nothing more comes, for now.
    fn end(&mut self);
    /// Whether everything that was written has been put out: a jump would discard what was not.
    fn is_drained(&mut self) -> bool;
    /// Number to give [`wait`](Port::wait): taken before looking for work, it makes a call in between end the sleep.
    fn ticket(&mut self) -> u32;
    /// Sleeps until there is room for `frames`, somebody calls, or the time is up.
    fn wait(&mut self, ticket: u32, frames: usize, timeout: Duration);
    /// The latest seek asked for, if it is not the one of number `done`.
    fn seek_wanted(&mut self, done: u32) -> Option<SeekCommand>;
    /// Messages sent to the feeder so far.
    fn mail(&mut self) -> u32;
    /// Shows a sign of life.
    fn beat(&mut self);
}

impl Port for FeedWriter {
    fn room(&mut self) -> usize {
        FeedWriter::room(self)
    }

    fn write(&mut self, interleaved: &[f32]) {
        let written = FeedWriter::write(self, interleaved);
        debug_assert!(written.is_ok(), "the player gives whole frames");
    }

    fn jump(&mut self, serial: u32) {
        FeedWriter::jump(self, serial);
    }

    fn segment(&mut self, item: u32, seconds: f64) {
        FeedWriter::segment(self, item, seconds);
    }

    fn end(&mut self) {
        FeedWriter::end(self);
    }

    fn is_drained(&mut self) -> bool {
        FeedWriter::is_drained(self)
    }

    fn ticket(&mut self) -> u32 {
        FeedWriter::ticket(self).0
    }

    fn wait(&mut self, ticket: u32, frames: usize, timeout: Duration) {
        FeedWriter::wait(self, Ticket(ticket), frames, timeout);
    }

    fn seek_wanted(&mut self, done: u32) -> Option<SeekCommand> {
        self.command().filter(|command| command.serial != done)
    }

    fn mail(&mut self) -> u32 {
        FeedWriter::mail(self)
    }

    fn beat(&mut self) {
        FeedWriter::beat(self);
    }
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PumpTurn {
    /// Frames were moved, or it slept; take another turn.
    Going,
    /// There is mail: get it, say so with [`Pump::handled`], and come back.
    Mail,
    /// The browser's decoder has to answer first: return to the event loop.
    Waiting,
}

/// Moves frames from a [`Player`] to a feed.
pub struct Pump<P> {
    port: P,
    player: Player,
    block: Vec<f32>,
    channels: usize,
    /// The number of the seek done last.
    serial: u32,
    /// The number of the latest seek whose first frames were written.
    arrived: u32,
    /// Whether the next frames begin something new: what is in the feed is stale once they are there.
    jumping: bool,
    ended: bool,
    /// After the end there is more to play: to be asked once all has been put out: only a jump takes the end back, and it discards what is not.
    going_on: bool,
    mail_handled: u32,
    /// Frames of `block` still to be written.
    pending: Range<usize>,
    /// Position of the block's first frame, in frames that the player gave out since it began or sought: what its segments count.
    block_at: u64,
    /// A segment that begins later than what was written so far.
    ahead: Option<Segment>,
}

impl<P: Port> Pump<P> {
    /// `player` gives frames of `channels` samples.
    pub fn new(port: P, player: Player, channels: usize) -> Self {
        Pump {
            port,
            player,
            block: vec![0.0; CHUNK * channels],
            channels,
            serial: 0,
            arrived: 0,
            jumping: true,
            ended: false,
            going_on: false,
            mail_handled: 0,
            pending: 0..0,
            block_at: 0,
            ahead: None,
        }
    }

    /// The player, to change its list, loop or repeat; [`Pump::go_on`] if it may have more to play now.
    pub fn player(&mut self) -> &mut Player {
        &mut self.player
    }

    /// Asks the player again although it had come to its end.
    pub fn go_on(&mut self) {
        self.going_on = self.ended;
    }

    /// Plays another player's list instead. What the feed holds of the old one plays on until the new one's first frames are there.
    pub fn set_player(&mut self, player: Player) {
        self.player = player;
        self.begin();
        // A seek asked for before was meant for the old list.
        if let Some(wanted) = self.port.seek_wanted(self.serial) {
            self.serial = wanted.serial;
        }
    }

    /// Counts one message as handled.
    pub fn handled(&mut self) {
        self.mail_handled = self.mail_handled.wrapping_add(1);
    }

    /// The number of the latest seek whose first frames are in the feed.
    pub fn arrived(&self) -> u32 {
        self.arrived
    }

    /// What went wrong since this was last asked.
    pub fn take_failures(&mut self) -> Vec<Failure> {
        self.player.take_failures()
    }

    /// One turn. To be called again and again, on a thread that may sleep.
    pub fn turn(&mut self) -> PumpTurn {
        self.port.beat();
        // Before looking at anything: a call that comes after the look ends the sleep at once.
        let ticket = self.port.ticket();
        if self.port.mail() != self.mail_handled {
            return PumpTurn::Mail;
        }
        if let Some(wanted) = self.port.seek_wanted(self.serial) {
            self.seek(wanted);
        }
        if !self.pending.is_empty() {
            self.pass_on(ticket);
            return PumpTurn::Going;
        }
        if self.going_on && self.port.is_drained() {
            (self.going_on, self.ended, self.jumping) = (false, false, true);
        }
        if self.ended {
            // Nobody calls when the last frame is put out.
            let timeout = if self.going_on { DRAIN_SLEEP } else { LONGEST_SLEEP };
            self.port.wait(ticket, usize::MAX, timeout);
            return PumpTurn::Going;
        }
        // Decoded before there is room for it: after a jump the old sound is given up only once there is a new one.
        let filled = self.player.fill(&mut self.block);
        if filled.frames == 0 && filled.state == State::Waiting {
            // A read that was interrupted for a seek waits for nobody.
            return match self.port.seek_wanted(self.serial) {
                Some(_) => PumpTurn::Going,
                None => PumpTurn::Waiting,
            };
        }
        self.ended = filled.state == State::Ended;
        if self.jumping && (filled.frames > 0 || self.ended) {
            self.jumping = false;
            self.port.jump(self.serial);
            self.arrived = self.serial;
        }
        self.pending = 0..filled.frames;
        if self.ended && filled.frames == 0 {
            self.port.end();
        }
        PumpTurn::Going
    }

    fn seek(&mut self, wanted: SeekCommand) {
        self.serial = wanted.serial;
        match self.player.seek(wanted.item as usize, wanted.seconds) {
            Ok(()) => self.begin(),
            // There is no such place, which the page had better checked: what is played plays on.
            Err(_) => self.arrived = wanted.serial,
        }
    }

    /// What the player gives from now on replaces what is in the feed.
    fn begin(&mut self) {
        self.jumping = true;
        (self.ended, self.going_on) = (false, false);
        self.pending = 0..0;
        self.block_at = 0;
        self.ahead = None;
    }

    /// Writes what is pending as far as there is room, each segment noted before its first frame; sleeps where there is none.
    fn pass_on(&mut self, ticket: u32) {
        let room = self.port.room();
        if room == 0 {
            // All of it: a wake-up for each few frames read would cost more than it moves.
            self.port.wait(ticket, self.pending.len(), LONGEST_SLEEP);
            return;
        }
        let mut until = self.pending.end.min(self.pending.start + room);
        while let Some(segment) = self.ahead.take().or_else(|| self.player.next_segment()) {
            let begins = segment.at.saturating_sub(self.block_at) as usize;
            if begins > self.pending.start {
                until = until.min(begins);
                self.ahead = Some(segment);
                break;
            }
            self.port.segment(segment.item, segment.seconds);
        }
        self.port
            .write(&self.block[self.pending.start * self.channels..until * self.channels]);
        self.pending.start = until;
        if self.pending.is_empty() {
            self.block_at += until as u64;
            if self.ended {
                self.port.end();
            }
        }
    }
}
