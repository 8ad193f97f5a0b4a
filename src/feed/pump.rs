//! The feeder's loop, one turn at a time: look for commands, seek, fill the feed, else sleep until there is room.
//!
//! Pure: what is on the other side of [`Port`] is a [`FeedWriter`](super::FeedWriter) natively, and the same one behind raw exports of the engine's instance in the browser.

use core::ops::Range;
use core::time::Duration;
use std::collections::VecDeque;

use super::{FeedWriter, SeekCommand};
use crate::ring::Ticket;
use crate::source::player::{FADE_SECONDS, Failure, Player, Segment, State};

/// Frames moved at once. Small enough that a seek waits for little, large enough that the seam costs nothing.
const CHUNK: usize = 1024;
/// Every sleep ends after this long at the latest, so that the heartbeat goes on.
const LONGEST_SLEEP: Duration = Duration::from_millis(250);

/// How much of what is not read yet stays when what follows it is decoded again, in seconds: time to do that in, and to spare. A decoder that needs longer is given twice what it took.
pub const LEAD_SECONDS: f64 = 0.2;

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
    /// The last `stale` frames that were written are; what is written next takes their place, unheard. Else as [`jump`](Port::jump).
    fn join(&mut self, serial: u32, stale: usize);
    /// Frames that were written and not read yet.
    fn unread(&mut self) -> usize;
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

    fn join(&mut self, serial: u32, stale: usize) {
        FeedWriter::join(self, serial, stale);
    }

    fn unread(&mut self) -> usize {
        FeedWriter::unread(self)
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

/// Something that is decoded once more.
#[derive(Debug, Clone, Copy)]
struct Again {
    item: usize,
    seconds: f64,
    /// Feed position of the old sound that it follows; `None`: it takes the place of all that was not read.
    joint: Option<u64>,
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
    /// Frames written so far, which is the feed's own position.
    written: u64,
    /// Feed position of the latest jump, and its joint if it has one.
    jumped: (u64, Option<u64>),
    /// What is decoded again, until the first of it is there.
    again: Option<Again>,
    /// Feed position of the reader when that began.
    again_read: u64,
    /// What was written since the latest jump, oldest first: from this feed position on it is that second of that item. What was read already may be missing.
    segments: VecDeque<(u64, u32, f64)>,
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
            written: 0,
            jumped: (0, None),
            again: None,
            again_read: 0,
            segments: VecDeque::new(),
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

    /// What follows may have changed: what was decoded ahead is decoded again, but for the [first of it](LEAD_SECONDS), and takes the old one's place without a break. Also after the end, as long as that
    /// is not put out: there [`Pump::go_on`] need not be called.
    pub fn again(&mut self) {
        // Of what is on its way nothing is there yet: it will be what follows now.
        if self.jumping || (self.ended && self.port.is_drained()) {
            return;
        }
        let (read, lead) = (self.read_until(), self.frames_in(LEAD_SECONDS));
        let (begin, joint) = self.jumped;
        self.again_read = read;
        let again = if read > begin {
            self.ahead_of(read, lead)
        } else {
            // What the reader has not come to yet cannot be parted: it is decoded from its beginning, and takes the place of the same old sound.
            let place = if self.written > begin + lead { self.place_at(begin) } else { None };
            place.map(|(item, seconds)| Again { item, seconds, joint })
        };
        match again {
            Some(again) => self.decode_again(again),
            // Nothing of it was decoded yet, unless the player has just found that nothing follows.
            None if self.player.resume() => self.go_on(),
            None => {}
        }
    }

    /// Whether the player has come to its end.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// What was written more than `lead` frames ahead of the reader at `read`, which has come to what followed the latest jump.
    fn ahead_of(&self, read: u64, lead: u64) -> Option<Again> {
        let mut from = read + lead;
        let begun = self.segments.iter().map(|(at, ..)| *at).rfind(|at| *at <= from)?;
        // Not where a loop's end fades into its beginning: that sound is nowhere in the file.
        from = from.max(begun + self.frames_in(FADE_SECONDS));
        if from >= self.written {
            return None;
        }
        let (item, seconds) = self.place_at(from)?;
        let joint = Some(from);
        Some(Again { item, seconds, joint })
    }

    fn decode_again(&mut self, again: Again) {
        if self.player.again(again.item, again.seconds).is_ok() {
            self.begin();
            self.again = Some(again);
        }
    }

    /// The item and its second that a feed position is.
    fn place_at(&self, position: u64) -> Option<(usize, f64)> {
        let (at, item, seconds) = self.segments.iter().rfind(|(at, ..)| *at <= position)?;
        let further = (position - at) as f64 / f64::from(self.player.sample_rate());
        Some((*item as usize, seconds + further))
    }

    /// Feed position of the reader.
    fn read_until(&mut self) -> u64 {
        self.written - self.port.unread() as u64
    }

    fn frames_in(&self, seconds: f64) -> u64 {
        (seconds * f64::from(self.player.sample_rate())).ceil() as u64
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
            if self.is_late() {
                return PumpTurn::Going;
            }
            self.jump();
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

    /// If the reader was faster than what is decoded again, that begins once more at a later place, where there is one.
    fn is_late(&mut self) -> bool {
        let read = self.read_until();
        let Some(Again { joint, .. }) = self.again else { return false };
        // A loop's end must not be missed for it.
        if read < joint.unwrap_or(0) || read <= self.jumped.0 || self.player.has_loop() {
            return false;
        }
        let lead = self.frames_in(LEAD_SECONDS).max(2 * (read - self.again_read));
        let Some(again) = self.ahead_of(read, lead) else { return false };
        self.again_read = read;
        self.decode_again(again);
        true
    }

    /// What is written from now on is what the player gives since [`begin`](Pump::begin).
    fn jump(&mut self) {
        // Where the reader was faster all the same, it goes over with a fade.
        let joint = self.again.take().and_then(|again| again.joint);
        match joint {
            Some(joint) => self.port.join(self.serial, (self.written - joint) as usize),
            None => self.port.jump(self.serial),
        }
        self.jumping = false;
        self.jumped = (self.written, joint);
        self.arrived = self.serial;
    }

    /// What the player gives from now on replaces what is in the feed.
    fn begin(&mut self) {
        self.jumping = true;
        self.again = None;
        (self.ended, self.going_on) = (false, false);
        self.pending = 0..0;
        self.block_at = 0;
        self.ahead = None;
    }

    /// Remembers a segment that begins with the next frame written, and forgets those that were read.
    fn remember(&mut self, segment: &Segment) {
        let read = self.read_until();
        while self.segments.get(1).is_some_and(|(at, ..)| *at <= read) {
            self.segments.pop_front();
        }
        self.segments.push_back((self.written, segment.item, segment.seconds));
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
            self.remember(&segment);
        }
        self.port
            .write(&self.block[self.pending.start * self.channels..until * self.channels]);
        self.written += (until - self.pending.start) as u64;
        self.pending.start = until;
        if self.pending.is_empty() {
            self.block_at += until as u64;
            if self.ended {
                self.port.end();
            }
        }
    }
}
