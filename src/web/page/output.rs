//! One output: context, node, worker, memory.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioContext, AudioContextState, AudioNode, AudioWorkletNode, GainNode, MessageEvent};

use super::context::{PROCESSOR_FILE, add_module, context, engine_memory, node, render_quantum, shareable};
use super::explain::Explain;
use super::files::{stand_by, take_worker};
use super::latency;
use super::link::Ending;
use super::listener::Listener;
#[cfg(feature = "strategies")]
use super::on_page::OnPage;
use super::playing::{Desk, Playing};
use super::producer::{Addresses, AnyProducer};
use super::wait::{both, now, sleep};
use super::watch::watch;
use super::{OutputOptions, PageError, PlaybackStats, SourceSpec};
use crate::conceal::FADE_FRAMES;
use crate::error::Decimal;
#[cfg(feature = "faults")]
use crate::inject::Fault;
use crate::ledger::{ProducerState, Snapshot};
#[cfg(feature = "strategies")]
use crate::strategy::Strategy;
use crate::watch::Pulse;
#[cfg(feature = "faults")]
use crate::web::faults::{faults_to_js, pace_to_js};
use crate::web::options::object;
use crate::web::peek::{Peek, Wish};
#[cfg(feature = "strategies")]
use crate::web::raw::Spec;

/// How long a stop may take to be acknowledged, in ms, before the worker is ended without its consent.
const STOP_PATIENCE_MS: f64 = 500.0;

/// How long a fade before holding the context takes, in ms.
#[cfg(feature = "strategies")]
const HOLD_MS: i32 = 40;

/// Events of the context after which its callbacks may have another length: they are counted anew.
const DEVICE_EVENTS: [&str; 2] = ["statechange", "sinkchange"];

/// What an output is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputState {
    /// The ring is being filled for the first time.
    Starting,
    /// The browser wants a gesture before it plays: press Play.
    Blocked,
    /// Plays.
    Running,
    /// Paused by the page.
    Paused,
    /// The context is suspended.
    Suspended,
    /// The system took the device away for a while (a call, say).
    Interrupted,
    /// The source has ended.
    Ended,
    /// The producer is gone; the text says why. Start a new output.
    Lost(String),
    /// Closed.
    Closed,
}

/// How long starting took, in ms from the call.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Startup {
    /// The worker had the engine's module loaded.
    pub module_ms: f64,
    /// The worker had made the shared state and opened the source.
    pub worker_ms: f64,
    /// The node existed.
    pub worklet_ms: f64,
    /// The page heard that the first real frame was rendered; `None` before.
    pub first_frame_ms: Option<f64>,
}

/// What is fixed, or known by the browser only.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Rate of the context in Hz.
    pub sample_rate: f32,
    /// Channels of the output.
    pub channels: usize,
    /// Frames per render quantum.
    pub render_quantum: u32,
    /// `AudioContext.baseLatency` in seconds.
    pub base_latency: Option<f64>,
    /// `AudioContext.outputLatency` in seconds; `None` in Firefox, which cannot be asked safely.
    pub output_latency: Option<f64>,
    /// Frames that the ring's storage holds.
    pub capacity: usize,
    /// Frames that the producer keeps ahead.
    pub buffer_frames: usize,
    /// How long starting took.
    pub startup: Startup,
    /// The browser's own account, where it gives one.
    pub playback_stats: Option<PlaybackStats>,
    /// What is played, for people.
    pub source_name: String,
    /// What the strategy takes.
    #[cfg(feature = "strategies")]
    pub exchange: ExchangeFacts,
}

/// What a strategy takes.
#[cfg(feature = "strategies")]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ExchangeFacts {
    /// Which one.
    pub strategy: Strategy,
    /// Frames that can lie ahead of the reader at most.
    pub most_frames: usize,
    /// Bytes of storage for samples between the two sides.
    pub storage_bytes: usize,
    /// Bytes of the Wasm memories of this output, and of message buffers that are kept.
    pub memory_bytes: Option<f64>,
    /// Time that the page's own thread has spent on it, in ms; `None` where it has no part in it.
    pub page_busy_ms: Option<f64>,
}

/// A running output. Cheap to clone: clones are the same output.
#[wasm_bindgen]
#[derive(Clone)]
pub struct Output {
    inner: Rc<Inner>,
}

struct Inner {
    context: AudioContext,
    node: AudioWorkletNode,
    gain: GainNode,
    producer: AnyProducer,
    peek: Peek,
    playing: Playing,
    /// The engine's memory of this output.
    #[cfg(feature = "decode")]
    memory: JsValue,
    options: RefCell<OutputOptions>,
    startup: Cell<Startup>,
    closed: Cell<bool>,
    /// Closing is over: nothing counts any more.
    finished: Cell<bool>,
    /// Paused by holding the context: what plays by a schedule of the browser's would go on otherwise.
    #[cfg(feature = "strategies")]
    held: Cell<bool>,
    processor_failed: Rc<Cell<bool>>,
    pulse: RefCell<Pulse>,
    lost: RefCell<Option<String>>,
    first_frame_ms: Rc<Cell<Option<f64>>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_processor_error: Closure<dyn FnMut()>,
    on_device_change: RefCell<Vec<Listener>>,
    explain: Explain,
}

impl Inner {
    /// What changing the source needs.
    fn desk(&self) -> Desk<'_> {
        Desk {
            producer: &self.producer,
            peek: &self.peek,
            #[cfg(feature = "decode")]
            memory: &self.memory,
            #[cfg(feature = "decode")]
            context: &self.context,
            #[cfg(feature = "decode")]
            channels: self.options.borrow().channels,
        }
    }
}

impl Output {
    /// Starts an output: context, worker, memory, node. To be called within a gesture, or the browser may keep it [`OutputState::Blocked`] until [`Output::resume`].
    ///
    /// # Errors
    /// [`PageError`]; nothing is left behind then.
    pub async fn start(options: OutputOptions) -> Result<Output, PageError> {
        let began = now();
        options.check()?;
        shareable()?;
        let context = context(&options)?;
        match Output::build(&context, options, began).await {
            Ok(output) => {
                // The next output, or the one after a crash, should not wait for a worker to load either.
                stand_by();
                Ok(output)
            }
            Err(error) => {
                let _ = context.close();
                Err(error)
            }
        }
    }

    async fn build(context: &AudioContext, options: OutputOptions, began: f64) -> Result<Output, PageError> {
        resume(context);
        let memory = engine_memory()?;
        let mut startup = Startup::default();
        // The worklet's file loads while the worker starts.
        let module = add_module(context, worklet_file(&options));
        let worker = async {
            let (producer, addresses) = start_producer(&options, context, &memory).await?;
            Ok((producer, addresses, now() - began))
        };
        // Files are opened meanwhile, in a worker of their own.
        #[cfg(feature = "decode")]
        let module = {
            let playing = Playing::open(&options.source, context.sample_rate(), options.channels);
            async { Ok(both(module, playing).await?.1) }
        };
        #[cfg(not(feature = "decode"))]
        let module = async { module.await.map(|()| Playing) };
        let ((producer, addresses, worker_ms), playing) = both(worker, module).await?;
        let Addresses { shared, ring } = addresses;
        startup.worker_ms = worker_ms;
        startup.module_ms = (producer.loaded_at().unwrap_or(began) - began).max(0.0);
        let node = make_node(&options, context, &memory, shared, &producer)?;
        startup.worklet_ms = now() - began;
        let port = node
            .port()
            .map_err(|thrown| PageError::Audio(crate::web::error::text_of(&thrown)))?;
        let peek = Peek::new(&memory, shared, ring);
        #[cfg(feature = "strategies")]
        let mailed = options.strategy.by_message().then(|| super::Mailed::new(port.clone()));
        #[cfg(feature = "strategies")]
        let peek = match &mailed {
            Some(mailed) => peek.with_mail(mailed.clone()),
            None => peek,
        };

        let first_frame_ms = Rc::new(Cell::new(None));
        let processor_failed = Rc::new(Cell::new(false));
        let on_message = {
            let (first, failed) = (first_frame_ms.clone(), processor_failed.clone());
            #[cfg(feature = "strategies")]
            let mailed = mailed.clone();
            Closure::new(move |event: MessageEvent| match event.data().as_string().as_deref() {
                Some("started") => first.set(Some(now() - began)),
                #[cfg(feature = "strategies")]
                None if mailed.as_ref().is_some_and(|mailed| mailed.hear(&event.data())) => {}
                // An answer to a change that was asked for.
                #[cfg(feature = "strategies")]
                None => {}
                _ => failed.set(true),
            })
        };
        let on_processor_error = {
            let failed = processor_failed.clone();
            Closure::new(move || failed.set(true))
        };
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        node.set_onprocessorerror(Some(on_processor_error.as_ref().unchecked_ref()));
        let audio = |thrown: JsValue| PageError::Audio(crate::web::error::text_of(&thrown));
        let gain = context.create_gain().map_err(audio)?;
        gain.gain().set_value(options.volume);
        node.connect_with_audio_node(&gain).map_err(audio)?;
        gain.connect_with_audio_node(&context.destination()).map_err(audio)?;
        #[cfg(feature = "strategies")]
        connect_producer(&options, context, &producer, &node)?;
        let on_device_change = DEVICE_EVENTS.map(|event| {
            let peek = peek.clone();
            Listener::new(context, event, move |_| {
                peek.set(Wish::Recount, peek.wish(Wish::Recount).wrapping_add(1));
            })
        });
        #[cfg(feature = "explain")]
        let explain = Explain::new(context, options.timeline);
        #[cfg(not(feature = "explain"))]
        let explain = Explain;
        let inner = Inner {
            context: context.clone(),
            node,
            gain,
            producer,
            peek,
            playing,
            #[cfg(feature = "decode")]
            memory,
            options: RefCell::new(options),
            startup: Cell::new(startup),
            closed: Cell::new(false),
            finished: Cell::new(false),
            #[cfg(feature = "strategies")]
            held: Cell::new(false),
            processor_failed,
            pulse: RefCell::new(Pulse::new(now())),
            lost: RefCell::new(None),
            first_frame_ms,
            _on_message: on_message,
            _on_processor_error: on_processor_error,
            on_device_change: RefCell::new(on_device_change.into()),
            explain,
        };
        #[cfg(feature = "decode")]
        inner.playing.attach(&inner.desk()).await?;
        let inner = Rc::new(inner);
        // Nobody else may look, and sound must not stop without anybody knowing why.
        let watched = Rc::downgrade(&inner);
        watch(move || watched.upgrade().is_some_and(|inner| Output { inner }.look_after()));
        Ok(Output { inner })
    }

    /// The ledger now; `None` when the sides were changing it each of a few times it was tried (try again at the next frame). Goes on to work after [`Output::close`].
    pub fn snapshot(&self) -> Option<Snapshot> {
        let snapshot = self.inner.peek.snapshot()?;
        self.inner.explain.look(&snapshot);
        Some(snapshot)
    }

    /// What the output is doing. That its producer is lost is noticed without anybody asking: at the latest some three seconds after its last sign of life.
    pub fn state(&self) -> OutputState {
        let inner = &self.inner;
        if inner.closed.get() {
            return OutputState::Closed;
        }
        let snapshot = self.snapshot();
        self.look(snapshot.as_ref());
        if let Some(why) = inner.lost.borrow().clone() {
            return OutputState::Lost(why);
        }
        // "interrupted" is newer than web-sys.
        let state = js_sys::Reflect::get(&inner.context, &"state".into())
            .ok()
            .and_then(|state| state.as_string())
            .unwrap_or_default();
        #[cfg(feature = "strategies")]
        if inner.held.get() && state != "closed" {
            return OutputState::Paused;
        }
        match state.as_str() {
            "closed" => return OutputState::Closed,
            "interrupted" => return OutputState::Interrupted,
            "suspended" if inner.first_frame_ms.get().is_none() => return OutputState::Blocked,
            "suspended" => return OutputState::Suspended,
            _ => {}
        }
        if inner.peek.wish(Wish::Paused) != 0 {
            return OutputState::Paused;
        }
        if inner.first_frame_ms.get().is_none() {
            return OutputState::Starting;
        }
        match snapshot {
            Some(snapshot) if snapshot.state() == ProducerState::Ended && snapshot.in_flight() == 0 => OutputState::Ended,
            _ => OutputState::Running,
        }
    }

    /// The output's own look at itself; false once it need not look again.
    fn look_after(&self) -> bool {
        if self.inner.closed.get() {
            return false;
        }
        self.look(self.snapshot().as_ref());
        true
    }

    /// Notices a lost producer or decoder. Once the producer is lost, the output fades and stays silent.
    fn look(&self, snapshot: Option<&Snapshot>) {
        let inner = &self.inner;
        if inner.lost.borrow().is_some() {
            return;
        }
        let why = match inner.producer.ending() {
            Some(Ending::Crashed(why)) => Some(format!("the producer crashed: {why}")),
            _ if inner.processor_failed.get() => Some("the audio processor failed".into()),
            _ => {
                let rate = f64::from(inner.context.sample_rate());
                let beat = snapshot.map(|now| (now.producer.heartbeat, now.consumer.requested as f64 * 1e3 / rate));
                let silent_since = inner.pulse.borrow_mut().feel(now(), beat);
                silent_since.map(|since| {
                    let seconds = Decimal(((now() - since) / 1e2).round() / 1e1);
                    format!("the producer has shown no sign of life for {seconds} s")
                })
            }
        };
        let Some(why) = why else {
            #[cfg(feature = "decode")]
            Playing::look(self);
            return;
        };
        // Silence by pause, not one endless underrun: the loss ends here, and the ring keeps what is in it.
        inner.peek.set(Wish::Paused, 1);
        inner.explain.lost();
        inner.producer.give_up(&why);
        *inner.lost.borrow_mut() = Some(why);
    }

    /// Fades out and leaves the ring alone, or fades back in.
    pub fn set_paused(&self, paused: bool) {
        if self.inner.closed.get() || self.inner.lost.borrow().is_some() {
            return;
        }
        #[cfg(feature = "strategies")]
        if self.inner.options.borrow().strategy == Strategy::BufferSource {
            return self.hold(paused);
        }
        self.inner.peek.set(Wish::Paused, u32::from(paused));
    }

    /// Pauses what the browser plays by a schedule, or lets it go on: faded, then the context itself stands still, and no frame is lost.
    #[cfg(feature = "strategies")]
    fn hold(&self, hold: bool) {
        if self.inner.held.replace(hold) == hold {
            return;
        }
        let output = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let inner = &output.inner;
            let gain = if hold { 0.0 } else { inner.options.borrow().volume };
            if !hold {
                resume(&inner.context);
            }
            let _ = inner.gain.gain().set_target_at_time(gain, inner.context.current_time(), 0.005);
            if hold {
                sleep(HOLD_MS).await;
                if inner.held.get()
                    && !inner.closed.get()
                    && let Ok(suspending) = inner.context.suspend()
                {
                    let _ = JsFuture::from(suspending.unchecked_into::<Promise>()).await;
                }
            }
        });
    }

    /// Resumes a suspended or blocked context; within a gesture.
    pub fn resume(&self) {
        if !self.inner.closed.get() {
            resume(&self.inner.context);
        }
    }

    /// Sets the gain, 0.0 to 1.0 (clamped), gliding for some 10 ms.
    pub fn set_volume(&self, gain: f32) {
        let gain = gain.clamp(0.0, 1.0);
        self.inner.options.borrow_mut().volume = gain;
        let _ = self
            .inner
            .gain
            .gain()
            .set_target_at_time(gain, self.inner.context.current_time(), 0.01);
    }

    /// Sets how many frames the producer keeps ahead, 64 to 16,384, while it plays. Nothing is dropped: with a smaller ring the producer pauses until the reader has caught up.
    ///
    /// # Errors
    /// [`PageError::Engine`], out of range; [`PageError::Closed`].
    pub fn set_buffer_frames(&self, frames: usize) -> Result<(), PageError> {
        self.open()?;
        #[cfg(feature = "strategies")]
        if self.inner.options.borrow().ahead() != self.inner.options.borrow().buffer_frames {
            return Err(PageError::Option {
                name: "bufferFrames".into(),
                problem: format!("has no meaning with the strategy {}", self.inner.options.borrow().strategy.name()),
            });
        }
        let options = OutputOptions {
            buffer_frames: frames,
            block_frames: None,
            ..self.inner.options.borrow().clone()
        };
        options.check()?;
        self.inner.options.borrow_mut().buffer_frames = frames;
        self.inner.peek.set_limit(frames as u32);
        Ok(())
    }

    /// The producer stands still for `ms` milliseconds inside of its next block.
    #[cfg(feature = "faults")]
    pub fn freeze(&self, ms: u32) {
        let peek = &self.inner.peek;
        peek.set(Wish::FreezeMs, ms);
        peek.set(Wish::Freezes, peek.wish(Wish::Freezes).wrapping_add(1));
    }

    /// Counts callbacks for as long as it plays, not only the first few of each device: what lay in the ring as each began, and which of them starved. Costs the audio thread a look at a clock per
    /// quantum, and with it some 6 kB of garbage a second.
    #[cfg(feature = "explain")]
    pub fn count_callbacks(&self) {
        self.inner.peek.set(Wish::CountCallbacks, 1);
    }

    /// Causes these faults from now on, and no others. One that was there already, with the same figures, goes on undisturbed. Resolves when the producer has heard of it.
    ///
    /// # Errors
    /// [`PageError::Engine`] for figures out of range, a second fault of a kind, or one that wants another pace: everything stays as it was then. [`PageError::Closed`].
    #[cfg(feature = "faults")]
    pub async fn set_faults(&self, faults: Vec<Fault>) -> Result<(), PageError> {
        self.open()?;
        Fault::check_all(&faults, self.inner.options.borrow().pace)?;
        self.inner.desk().set_faults(&faults).await?;
        self.inner.options.borrow_mut().faults = faults;
        Ok(())
    }

    /// The producer panics at its next turn.
    pub fn crash(&self) {
        self.inner.peek.set(Wish::Panic, 1);
    }

    /// Terminates the producer's worker without telling the engine, which has to find out.
    pub fn kill(&self) {
        self.inner.producer.terminate();
    }

    /// Plays another source from now on; what was rendered of the old one is dropped (`seek`). Resolves when the new one is open.
    ///
    /// # Errors
    /// [`PageError::Source`] when it cannot be opened: the current sound plays on. The index signal needs an output of its own.
    pub async fn set_source(&self, source: SourceSpec) -> Result<(), PageError> {
        self.open()?;
        if (source == SourceSpec::Index) != (self.inner.options.borrow().source == SourceSpec::Index) {
            return Err(PageError::Option {
                name: "source".into(),
                problem: "cannot change to or from the index signal: start a new output".into(),
            });
        }
        OutputOptions {
            source: source.clone(),
            ..OutputOptions::default()
        }
        .check()?;
        self.inner.playing.change(&self.inner.desk(), &source).await?;
        self.inner.options.borrow_mut().source = source;
        Ok(())
    }

    /// Why the source ended before its end, if it did.
    pub fn source_failure(&self) -> Option<String> {
        let by_itself = self.inner.producer.source_ended().flatten();
        by_itself.or_else(|| self.inner.playing.failure())
    }

    /// Place in the ring of the frame that is heard now, as far as the browser tells how long the way to the speaker is.
    #[cfg(feature = "decode")]
    pub(super) fn heard_frame(&self) -> Option<u64> {
        let inner = &self.inner;
        let snapshot = inner.peek.snapshot()?;
        // What was put out last is heard when all that the device holds has been.
        let behind = match inner.context.state() {
            AudioContextState::Running => (latency::to_speaker(&inner.context) * f64::from(inner.context.sample_rate())) as u64,
            _ => 0,
        };
        Some(snapshot.put_out(behind))
    }

    /// Place in the ring of the frame that was put out last: what is heard once the device has played all that it holds.
    #[cfg(feature = "decode")]
    pub(super) fn latest_frame(&self) -> Option<u64> {
        Some(self.inner.peek.snapshot()?.put_out(1))
    }

    /// For what belongs to the output and stands in other modules.
    #[cfg(feature = "decode")]
    pub(super) fn inner(&self) -> (&Playing, Desk<'_>) {
        (&self.inner.playing, self.inner.desk())
    }

    /// What is fixed, or known by the browser only.
    pub fn facts(&self) -> Facts {
        let inner = &self.inner;
        let options = inner.options.borrow();
        Facts {
            sample_rate: inner.context.sample_rate(),
            channels: options.channels,
            render_quantum: render_quantum(&inner.context).unwrap_or(128),
            base_latency: latency::base(&inner.context),
            output_latency: latency::output(&inner.context),
            capacity: OutputOptions::CAPACITY,
            buffer_frames: options.ahead(),
            startup: Startup {
                first_frame_ms: inner.first_frame_ms.get(),
                ..inner.startup.get()
            },
            playback_stats: PlaybackStats::of(&inner.context),
            source_name: options.source.name(),
            #[cfg(feature = "strategies")]
            exchange: self.exchange_facts(&options),
        }
    }

    #[cfg(feature = "strategies")]
    fn exchange_facts(&self, options: &OutputOptions) -> ExchangeFacts {
        let inner = &self.inner;
        let (strategy, block) = (options.strategy, options.block());
        let byte_length = |memory: &JsValue| {
            let buffer = js_sys::Reflect::get(memory, &"buffer".into()).ok()?;
            js_sys::Reflect::get(&buffer, &"byteLength".into()).ok()?.as_f64()
        };
        #[cfg(feature = "decode")]
        let here = byte_length(&inner.memory);
        #[cfg(not(feature = "decode"))]
        let here = None.and_then(|none: JsValue| byte_length(&none));
        // Of buffers that change hands all are kept; copies are gone once they are read.
        let kept = match strategy {
            Strategy::MessageTransfer => inner.peek.snapshot().map_or(0.0, |snapshot| {
                (snapshot.producer.new_buffers as usize * crate::strategy::message::bytes(block * options.channels)) as f64
            }),
            _ => 0.0,
        };
        ExchangeFacts {
            strategy,
            most_frames: strategy.most_frames(options.ahead(), block),
            storage_bytes: strategy.storage_bytes(options.channels, options.ahead(), block),
            memory_bytes: here.map(|here| here + inner.peek.mailed().map_or(0.0, |there| there.memory_bytes()) + kept),
            page_busy_ms: inner.producer.page_busy_ms(),
        }
    }

    /// What the page knows of losses.
    #[cfg(feature = "explain")]
    pub(super) fn explain(&self) -> &Explain {
        &self.inner.explain
    }

    /// What it was asked to be.
    #[cfg(feature = "explain")]
    pub(super) fn options(&self) -> OutputOptions {
        self.inner.options.borrow().clone()
    }

    /// Lets `node` have what the audio thread puts out, before the volume, until the output is closed.
    ///
    /// # Errors
    /// [`PageError::Closed`]; [`PageError::Audio`], when `node` is of another context.
    pub fn tap(&self, node: &AudioNode) -> Result<(), PageError> {
        self.open()?;
        let audio = |thrown: JsValue| PageError::Audio(crate::web::error::text_of(&thrown));
        self.inner.node.connect_with_audio_node(node).map(drop).map_err(audio)
    }

    /// The audio node.
    pub(super) fn audio_node(&self) -> &AudioWorkletNode {
        &self.inner.node
    }

    /// The context.
    pub fn context(&self) -> &AudioContext {
        &self.inner.context
    }

    /// Fades out, stops the producer by its consent, and closes the context. Afterwards [`Output::snapshot`] gives the final ledger.
    pub async fn close(&self) {
        let inner = &self.inner;
        if inner.closed.replace(true) {
            return;
        }
        inner.peek.set(Wish::Paused, 1);
        if inner.context.state() == AudioContextState::Running {
            // The fade, one more callback, and some slack.
            let fade = 1e3 * FADE_FRAMES as f64 / f64::from(inner.context.sample_rate());
            sleep((fade + 40.0) as i32).await;
        }
        inner.peek.set(Wish::Stop, 1);
        #[cfg(feature = "strategies")]
        if let AnyProducer::Page(page) = &inner.producer {
            page.stopping();
        }
        // By the clock: the timers of a hidden page may come a second late each.
        let asked = now();
        while inner.producer.ending().is_none() && inner.lost.borrow().is_none() && now() - asked < STOP_PATIENCE_MS {
            sleep(5).await;
        }
        #[cfg(feature = "strategies")]
        self.last_look().await;
        if let Ok(port) = inner.node.port() {
            // Any message ends the processor.
            let _ = port.post_message(&JsValue::NULL);
            port.set_onmessage(None);
        }
        inner.node.set_onprocessorerror(None);
        inner.on_device_change.take();
        let _ = inner.node.disconnect();
        let _ = inner.gain.disconnect();
        inner.producer.terminate();
        inner.playing.close();
        if inner.context.state() != AudioContextState::Closed
            && let Ok(closing) = inner.context.close()
        {
            let _ = JsFuture::from(closing.unchecked_into::<Promise>()).await;
        }
        #[cfg(feature = "explain")]
        inner.explain.close(inner.peek.snapshot().as_ref());
        inner.finished.set(true);
    }

    /// What the audio thread has to say at the end, where it has a memory of its own: waits for a look that was asked for now.
    #[cfg(feature = "strategies")]
    async fn last_look(&self) {
        let Some(mailed) = self.inner.peek.mailed() else { return };
        let asked = now();
        for _ in 0..2 {
            // First the one that is on its way.
            while mailed.asked() && now() - asked < STOP_PATIENCE_MS {
                sleep(1).await;
            }
            mailed.ask();
        }
        while mailed.asked() && now() - asked < STOP_PATIENCE_MS {
            sleep(1).await;
        }
    }

    /// Whether [`Output::close`] is through: the ledger is final. ([`OutputState::Closed`] is shown from its beginning, or when the browser closed the context.)
    pub fn finished(&self) -> bool {
        self.inner.finished.get()
    }

    fn open(&self) -> Result<(), PageError> {
        if self.inner.closed.get() { Err(PageError::Closed) } else { Ok(()) }
    }
}

/// The audio thread's file for these options.
fn worklet_file(options: &OutputOptions) -> &'static str {
    #[cfg(feature = "strategies")]
    if !matches!(options.strategy, Strategy::Ring | Strategy::MainThread) {
        return super::context::STRATEGIES_FILE;
    }
    let _ = options;
    PROCESSOR_FILE
}

/// Starts the producer, wherever the options want it.
async fn start_producer(options: &OutputOptions, context: &AudioContext, memory: &JsValue) -> Result<(AnyProducer, Addresses), PageError> {
    #[cfg(feature = "strategies")]
    if !options.strategy.has_worker() {
        let page = OnPage::start(memory, options.spec(context.sample_rate()))?;
        let addresses = page.addresses();
        return Ok((AnyProducer::Page(page), addresses));
    }
    let producer = take_worker()?;
    let addresses = producer.start(memory, &for_worker(options, context.sample_rate())).await?;
    #[cfg(feature = "strategies")]
    return Ok((AnyProducer::Worker(producer), addresses));
    #[cfg(not(feature = "strategies"))]
    Ok((producer, addresses))
}

/// The node over the output at `shared` in `memory`.
fn make_node(
    options: &OutputOptions,
    context: &AudioContext,
    memory: &JsValue,
    shared: usize,
    producer: &AnyProducer,
) -> Result<AudioWorkletNode, PageError> {
    #[cfg(feature = "strategies")]
    {
        let strategy = options.strategy;
        let channels = options.channels;
        let own_spec = Spec {
            strategy: Strategy::Ring,
            ..options.spec(context.sample_rate())
        };
        let numbers = match producer {
            AnyProducer::Page(page) => page.numbers(),
            AnyProducer::Worker(_) => own_spec.to_numbers(),
        };
        let numbers = js_sys::Float64Array::from(&numbers[..]);
        let mode = match strategy {
            Strategy::Ring | Strategy::MainThread => return node(context, channels, memory, shared),
            Strategy::MessageCopy | Strategy::MessageTransfer => "message",
            Strategy::InWorklet => "render",
            Strategy::BufferSource => "hear",
            Strategy::Double | Strategy::Triple | Strategy::Queue => "read",
        };
        let mut properties = vec![
            ("module", wasm_bindgen::module()),
            ("mode", mode.into()),
            ("numbers", numbers.into()),
        ];
        if strategy.by_message() {
            properties.push(("pages", super::context::least_pages().into()));
            properties.push(("block", (options.block() as u32).into()));
            properties.push(("transfers", (strategy == Strategy::MessageTransfer).into()));
        } else {
            properties.push(("memory", memory.clone()));
            properties.push(("address", (shared as u32).into()));
        }
        let inputs = (strategy == Strategy::BufferSource).then_some(channels + 1);
        super::context::strategy_node(context, channels, inputs, &object(&properties))
    }
    #[cfg(not(feature = "strategies"))]
    {
        let _ = producer;
        node(context, options.channels, memory, shared)
    }
}

/// Brings producer and audio thread together, now that both are there.
#[cfg(feature = "strategies")]
fn connect_producer(
    options: &OutputOptions,
    context: &AudioContext,
    producer: &AnyProducer,
    node: &AudioWorkletNode,
) -> Result<(), PageError> {
    let audio = |thrown: JsValue| PageError::Audio(crate::web::error::text_of(&thrown));
    match producer {
        AnyProducer::Page(page) => page.begin(context, node),
        AnyProducer::Worker(worker) if options.strategy.by_message() => {
            let channel = web_sys::MessageChannel::new().map_err(audio)?;
            // Straight from worker to audio thread: the page's own thread has no part in it.
            worker.give_port(&channel.port1(), options.strategy == Strategy::MessageTransfer)?;
            let message = object(&[("type", "port".into()), ("port", channel.port2().into())]);
            let port = node.port().map_err(audio)?;
            port.post_message_with_transferable(&message, &js_sys::Array::of1(&channel.port2()))
                .map_err(audio)?;
        }
        AnyProducer::Worker(_) => {}
    }
    Ok(())
}

/// The options that the worker needs, as an object that can be posted.
fn for_worker(options: &OutputOptions, sample_rate: f32) -> JsValue {
    object(&[
        ("channels", (options.channels as u32).into()),
        // Room for every size that may be chosen while it plays.
        ("capacity", (OutputOptions::CAPACITY as u32).into()),
        ("limit", (options.buffer_frames as u32).into()),
        ("block", (options.block() as u32).into()),
        ("sampleRate", sample_rate.into()),
        ("source", options.source.to_js()),
        ("conceal", (options.conceal as u32).into()),
        #[cfg(feature = "strategies")]
        ("strategy", (options.strategy as u32).into()),
        #[cfg(feature = "strategies")]
        ("depth", (options.queue_depth as u32).into()),
        #[cfg(feature = "faults")]
        ("faults", faults_to_js(&options.faults)),
        #[cfg(feature = "faults")]
        ("pace", pace_to_js(options.pace)),
        #[cfg(feature = "faults")]
        ("seed", (options.seed as f64).into()),
        #[cfg(feature = "explain")]
        ("timeline", options.timeline.into()),
    ])
}

/// Resumes a context without waiting for it: without a gesture that never comes, and it fails when the context is closed first.
fn resume(context: &AudioContext) {
    if let Ok(resuming) = context.resume() {
        wasm_bindgen_futures::spawn_local(async move {
            let _ = JsFuture::from(resuming.unchecked_into::<Promise>()).await;
        });
    }
}
