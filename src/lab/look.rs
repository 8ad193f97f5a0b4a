//! Looking at the output with every frame of the page, and showing what is seen.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

use super::announce::Topic;
use super::controls::set_disabled;
use super::dom::{epoch_ms, now_ms, sleep, window};
use super::page::Lab;
use super::phase::Phase;
use crate::web::PageError;
use crate::web::page::{Output, OutputState};

/// The state's words are looked at as often as the figures: nobody can tell, and it costs a look at the ledger.
const STATE_EVERY_MS: f64 = 100.0;

impl Lab {
    /// Looks at once, and from now on with every frame.
    pub(super) fn look_again(&self) {
        self.phase_at_ms.set(f64::NEG_INFINITY);
        self.ask_for_frame();
    }

    fn ask_for_frame(&self) {
        if self.frame_asked.get() {
            return;
        }
        if let (Ok(window), Some(frame)) = (window(), &*self.frame.borrow()) {
            let asked = window.request_animation_frame(frame.as_ref().unchecked_ref());
            self.frame_asked.set(asked.is_ok());
        }
    }

    /// One look at the output, and the next one asked for while there is something to see.
    pub(super) fn frame(self: &Rc<Self>) {
        self.frame_asked.set(false);
        let Some(output) = self.output() else { return };
        let now = now_ms();
        if now - self.phase_at_ms.get() >= STATE_EVERY_MS {
            self.phase_at_ms.set(now);
            self.show(self.phase_now());
        }
        let phase = self.phase.get();
        if self.view.borrow_mut().look(now, &output, phase).is_err() {
            self.message.show(
                "page",
                "The page could not draw. Reload it to see the figures again; the sound plays on.",
            );
            return;
        }
        self.look_at_files(now, &output, phase);
        self.tell();
        match phase {
            // Nothing changes any more. A lost output is kept: Play replaces it.
            Phase::Closed if output.finished() => {
                self.current.take();
            }
            // What is put out while it closes counts too. Closes what the browser closed; does nothing where closing has begun.
            Phase::Closed => {
                spawn_local(async move { output.close().await });
                self.ask_for_frame();
            }
            Phase::Lost => {}
            _ => self.ask_for_frame(),
        }
    }

    /// Shows what plays of the list, if files do, and says what could not be played.
    fn look_at_files(self: &Rc<Self>, now_ms: f64, output: &Output, phase: Phase) {
        if !self.controls.choice.plays_files() {
            return;
        }
        let mut player = self.player.borrow_mut();
        let Ok(news) = player.look(now_ms, output, phase) else { return };
        let (playing, failed) = (player.playing(), news.failed.then(|| player.failed()));
        drop(player);
        if let Some(name) = news.playing {
            let mut view = self.view.borrow_mut();
            view.announcer.offer(Topic::State, format!("Playing {name}"));
            view.show_playing(playing);
        }
        if let Some((item, file)) = news.inspect {
            self.inspect(item, &file);
        }
        if let Some(failed) = failed {
            self.told_failure.set(true);
            self.message.show("file", &failed);
        }
    }

    /// What the current output is doing, asked now.
    pub(super) fn phase_now(&self) -> Phase {
        let Some(output) = self.output() else { return self.phase.get() };
        match output.state() {
            OutputState::Starting => Phase::Starting,
            OutputState::Blocked => Phase::Blocked,
            OutputState::Running => Phase::Running,
            OutputState::Paused => Phase::Paused,
            OutputState::Suspended => Phase::Suspended,
            OutputState::Interrupted => Phase::Interrupted,
            OutputState::Ended => Phase::Ended,
            OutputState::Closed => Phase::Closed,
            OutputState::Lost(why) => {
                if !self.told_failure.replace(true) {
                    self.message.error(&PageError::Lost(format!("{why}. Press Play to start again.")));
                }
                Phase::Lost
            }
        }
    }

    pub(super) fn show(self: &Rc<Self>, phase: Phase) {
        let before = self.phase.replace(phase);
        // A run notes it by itself.
        if phase == Phase::Lost
            && before != phase
            && !super::run::is_on()
            && let Some(OutputState::Lost(why)) = self.output().map(|output| output.state())
        {
            self.view.borrow().run_log().borrow_mut().lost(epoch_ms(), why);
        }
        self.controls.show_phase(phase, self.working.get());
        let run = super::run::is_on();
        self.controls.faults.offer(!run);
        set_disabled(&self.controls.faults_off, run || !self.controls.faults.any());
        if !phase.is_live() {
            self.live_faults.end();
        }
        self.view.borrow_mut().show_phase(phase);
        if let Some(failure) = self.output().and_then(|output| output.source_failure())
            && !self.told_failure.replace(true)
        {
            self.message.error(&PageError::Source(failure));
        }
        self.tell();
    }
    /// Frames that the current ring keeps ahead, or what the page shows for the next one.
    pub(super) fn ring_frames(&self) -> u64 {
        self.view.borrow().limit()
    }

    /// Shows another size of the ring.
    pub(super) fn show_ring(&self, frames: u64, now_ms: f64) {
        let mut view = self.view.borrow_mut();
        view.show_limit(frames);
        if self.frame_asked.get() {
            return;
        }
        // Nothing moves: the chart's line does.
        let _ = view.refresh(now_ms);
    }

    /// Draws the chart and the waveform again: size or colours have changed.
    pub(super) fn redraw(&self) {
        self.player.borrow_mut().refresh();
        let _ = self.view.borrow_mut().refresh(now_ms());
    }

    /// Tells screen readers what there is to tell, and comes back when there is more.
    fn tell(self: &Rc<Self>) {
        let now = now_ms();
        let mut view = self.view.borrow_mut();
        view.announce(now);
        let Some(wait_ms) = view.announcer.wait_ms(now) else { return };
        if self.tell_asked.replace(true) {
            return;
        }
        let lab = self.clone();
        spawn_local(async move {
            sleep(wait_ms).await;
            lab.tell_asked.set(false);
            lab.tell();
        });
    }
}
