//! What takes a while: a new output, another source. One at a time, and what plays plays on until the new is there.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use super::live::while_live;
use super::page::Lab;
use super::phase::Phase;
use super::run::SharedLog;
use crate::web::page::Output;
use crate::web::{PageError, SourceSpec};

/// Something that takes a while. One at a time; of several that wait the latest counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Job {
    /// A new output as the controls say.
    Start,
    /// Another source for the current output.
    Source(SourceSpec),
}

impl Lab {
    /// Does `job`, after what is being done now.
    pub(super) fn begin(self: &Rc<Self>, job: Job) {
        let mut waiting = self.job.borrow_mut();
        // A start takes its source from the controls: it includes the other job.
        if *waiting != Some(Job::Start) {
            *waiting = Some(job);
        }
        drop(waiting);
        if self.output().is_none() {
            self.show(Phase::Starting);
        }
        if self.working.replace(true) {
            return;
        }
        let lab = self.clone();
        spawn_local(async move {
            loop {
                // Taken in a statement of its own: the loop's body waits, and must not hold the cell meanwhile.
                let next = lab.job.borrow_mut().take();
                match next {
                    Some(Job::Start) => lab.start().await,
                    Some(Job::Source(source)) => lab.change_source(source).await,
                    None => break,
                }
            }
            lab.working.set(false);
            lab.look_again();
        });
    }

    async fn start(self: &Rc<Self>) {
        let epoch = self.epoch.get();
        let paused = self.phase.get() == Phase::Paused;
        if self.output().is_some() && self.controls.choice.lacks_file() {
            self.controls.choice.restore();
        }
        let options = match self.controls.options() {
            Ok(options) => options,
            Err(error) => return self.refused(&error),
        };
        if !self.phase.get().is_live() {
            self.show(Phase::Starting);
        }
        match Output::start(options).await {
            Ok(output) if self.epoch.get() == epoch => {
                output.set_paused(paused);
                // What was changed while it started.
                if self.controls.strategies.takes_buffer() {
                    let _ = output.set_buffer_frames(self.controls.ring_frames().unwrap_or(2048) as usize);
                }
                output.set_volume(self.controls.gain());
                self.controls.keep();
                self.message.clear();
                self.adopt(output, SharedLog::default());
                self.cause_faults(false);
                self.files_begin();
            }
            Ok(output) => output.close().await,
            // The next of the files, then.
            Err(error) if self.epoch.get() == epoch && self.pass_over(&error) => self.begin(Job::Start),
            Err(error) => self.refused(&error),
        }
    }

    async fn change_source(self: &Rc<Self>, source: SourceSpec) {
        let is_file = matches!(source, SourceSpec::Media(_));
        let Some(output) = self.output().filter(|_| self.phase_now().is_live()) else {
            return self.start().await;
        };
        // A worker that was killed answers nothing: without a look at the output the page would wait for ever.
        let changed = while_live(&output, output.set_source(source)).await;
        let Some(changed) = changed else {
            return self.start().await;
        };
        match changed {
            Ok(()) => {
                self.controls.choice.keep();
                self.message.clear();
                self.told_failure.set(false);
                self.view.borrow_mut().show_playing(None);
                if is_file {
                    self.files_begin();
                    // Who brings a file wants to hear it.
                    output.set_paused(false);
                    output.resume();
                }
            }
            // To or from the index signal, which needs an output of its own; or the producer died before it heard of it.
            Err(error) if matches!(error.code(), "option" | "worker-crashed") => self.start().await,
            // The next of the files, then.
            Err(error) if is_file && self.pass_over(&error) => {
                if let Ok(source) = self.controls.choice.spec() {
                    self.begin(Job::Source(source));
                }
            }
            Err(error) => self.refused(&error),
        }
    }

    /// What was asked for cannot be had: says so; what plays plays on.
    fn refused(self: &Rc<Self>, error: &PageError) {
        self.message.error(error);
        self.controls.restore();
        if self.output().is_none() {
            self.show(if self.phase.get() == Phase::Starting {
                Phase::Idle
            } else {
                self.phase.get()
            });
        }
    }
}
