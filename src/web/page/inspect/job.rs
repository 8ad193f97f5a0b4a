//! One inspection: opens the file, hands ranges of columns to workers, puts together what they tell.

use core::pin::{Pin, pin};
use core::task::Poll;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use js_sys::{Float32Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, File};

use super::super::PageError;
use super::super::link::{number, text};
use super::super::media::TrackInfo;
use super::pool::{self, Taken};
use super::{InspectNews, Inspected, Opened};
use crate::error::FileProblem;
use crate::overview::Overview;
use crate::source::file::Tags;
use crate::web::options::object;

/// Ranges per worker: some end sooner than others.
const SHARES: usize = 4;
/// Shortest range in seconds: going there costs as much as decoding a second or so.
const SHORTEST_SHARE: f64 = 10.0;

/// Inspects a file with up to `workers` workers. Dropped, it ends those that are at work.
pub(super) async fn run(
    file: &File,
    columns: usize,
    workers: usize,
    hear: &mut dyn FnMut(InspectNews<'_>),
) -> Result<Inspected, PageError> {
    let lead = pool::take(workers).await?;
    let item = object(&[("name", file.name().into()), ("file", file.into())]);
    let about = lead
        .ask("open", &[("item", item.clone())])
        .await
        .map_err(|error| crash(&file.name(), error))?;
    let opened = opened(&about);
    let frames = number(&about, "frames");
    hear(InspectNews::Opened(&opened));

    let seconds = opened.info.seconds.unwrap_or_default();
    let shares = match frames {
        Some(_) => ((seconds / SHORTEST_SHARE) as usize).clamp(1, SHARES * workers).min(columns),
        None => 1,
    };
    let job = Job {
        name: file.name(),
        item,
        columns,
        state: Rc::new(State::new(columns)),
        left: RefCell::new(
            (0..shares)
                .rev()
                .map(|nth| columns * nth / shares..columns * (nth + 1) / shares)
                .collect(),
        ),
        trouble: RefCell::default(),
        failure: RefCell::default(),
    };
    // Helpers come and go; whoever leads stays until nothing is left.
    let workers = workers.min(shares);
    while !job.left.borrow().is_empty() && job.failure.borrow().is_none() {
        let mut at_work: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = vec![Box::pin(job.work(&lead, true))];
        for _ in 1..workers {
            at_work.push(Box::pin(job.help(workers)));
        }
        all(at_work, || {
            if job.state.changed.take() {
                hear(InspectNews::Overview(&job.state.overview.borrow(), job.state.fraction()));
            }
        })
        .await;
    }
    let failure = job.failure.take().or(job.trouble.take().map(|(_, error)| error));
    let overview = job.state.overview.take();
    hear(InspectNews::Overview(&overview, 1.0));
    Ok(Inspected { opened, overview, failure })
}

struct Job {
    name: String,
    /// {name, file}.
    item: JsValue,
    columns: usize,
    state: Rc<State>,
    /// Ranges that nobody is at, the earliest last.
    left: RefCell<Vec<Range<usize>>>,
    /// The first column of the earliest range that ended early, and why.
    trouble: RefCell<Option<(usize, PageError)>>,
    /// Why nothing more can be decoded.
    failure: RefCell<Option<PageError>>,
}

/// What is known so far.
struct State {
    overview: RefCell<Overview>,
    /// Columns that are done, by the range's first column; those of ranges in work in part.
    done: RefCell<Vec<(usize, f64)>>,
    furthest: Cell<f64>,
    changed: Cell<bool>,
}

impl State {
    fn new(columns: usize) -> State {
        let unknown = || vec![f32::NAN; columns];
        let overview = Overview {
            min: unknown(),
            max: unknown(),
            rms: unknown(),
        };
        State {
            overview: RefCell::new(overview),
            done: RefCell::default(),
            furthest: Cell::new(0.0),
            changed: Cell::new(false),
        }
    }

    /// Takes {first, min, max, rms}, of a range of `length` columns of which `fraction` is done.
    fn take(&self, told: &JsValue, length: usize, fraction: f64) {
        let first = number(told, "first").unwrap_or_default() as usize;
        let mut overview = self.overview.borrow_mut();
        let Overview { min, max, rms } = &mut *overview;
        for (name, to) in [("min", min), ("max", max), ("rms", rms)] {
            let from = Reflect::get(told, &name.into()).unwrap_or_default();
            if let Ok(from) = from.dyn_into::<Float32Array>()
                && let Some(to) = to.get_mut(first..first + from.length() as usize)
            {
                from.copy_to(to);
            }
        }
        let mut done = self.done.borrow_mut();
        done.retain(|(of, _)| *of != first);
        done.push((first, fraction.clamp(0.0, 1.0) * length as f64));
        self.changed.set(true);
    }

    /// How much is done. Never less than before, though a range may have to be begun again.
    fn fraction(&self) -> f64 {
        let done: f64 = self.done.borrow().iter().map(|(_, columns)| columns).sum();
        let fraction = done / self.overview.borrow().min.len() as f64;
        self.furthest.set(self.furthest.get().max(fraction.min(1.0)));
        self.furthest.get()
    }
}

impl Job {
    /// One more worker, if there is one, until nothing is left or the file turns out not to be sought in.
    async fn help(&self, workers: usize) {
        let Some(Ok(helper)) = pool::try_take(workers) else { return };
        // Whatever is wrong, the one who leads meets it too.
        if helper.ask("open", &[("item", self.item.clone())]).await.is_ok() {
            self.work(&helper, false).await;
        }
    }

    /// Decodes ranges until nothing is left. `lead`: also of a file that cannot be sought in, and what goes wrong counts.
    async fn work(&self, worker: &Taken, lead: bool) {
        while self.failure.borrow().is_none() {
            let Some(range) = self.left.borrow_mut().pop() else { return };
            match self.scan(worker, range.clone(), lead).await {
                Ok(true) => {}
                Err(error) if lead => *self.failure.borrow_mut() = Some(crash(&self.name, error)),
                Ok(false) | Err(_) => {
                    let mut left = self.left.borrow_mut();
                    left.push(range);
                    left.sort_by_key(|range| core::cmp::Reverse(range.start));
                    return;
                }
            }
        }
    }

    /// Decodes one range; false: it would have to be sought in.
    async fn scan(&self, worker: &Taken, range: Range<usize>, insist: bool) -> Result<bool, PageError> {
        let (state, length) = (self.state.clone(), range.len());
        worker.on_columns(Some(Box::new(move |told| {
            state.take(told, length, number(told, "fraction").unwrap_or_default());
        })));
        let answer = worker
            .ask(
                "scan",
                &[
                    ("columns", (self.columns as u32).into()),
                    ("first", (range.start as u32).into()),
                    ("last", (range.end as u32).into()),
                    ("insist", insist.into()),
                ],
            )
            .await?;
        if Reflect::get(&answer, &"begun".into()).is_ok_and(|begun| begun.is_falsy()) {
            return Ok(false);
        }
        self.state.take(&answer, length, 1.0);
        let trouble = Reflect::get(&answer, &"trouble".into()).unwrap_or_default();
        if let (Some(problem), Some(text)) = (text(&trouble, "code"), text(&trouble, "message")) {
            // Where the file ends, what follows need not be looked for.
            self.left.borrow_mut().retain(|left| left.start < range.start);
            let mut trouble = self.trouble.borrow_mut();
            if trouble.as_ref().is_none_or(|(first, _)| range.start < *first) {
                *trouble = Some((range.start, PageError::File { problem, text }));
            }
        }
        Ok(true)
    }
}

/// A worker that is gone, as a problem of the file that it was at.
fn crash(name: &str, error: PageError) -> PageError {
    match error {
        PageError::Crashed(why) => PageError::File {
            problem: FileProblem::Crashed.code().into(),
            text: format!("{name}: it made the decoder crash ({why})"),
        },
        other => other,
    }
}

/// What a worker tells about a file.
fn opened(about: &JsValue) -> Opened {
    let field = |name: &str| Reflect::get(about, &name.into()).unwrap_or_default();
    let (info, tags) = (field("info"), field("tags"));
    let word = |name: &str| text(&info, name).unwrap_or_default();
    Opened {
        name: word("name"),
        info: TrackInfo {
            format: word("format"),
            codec: word("codec"),
            by_browser: word("decoder") == "browser",
            sample_rate: number(&info, "sampleRate").unwrap_or_default() as u32,
            channels: number(&info, "channels").unwrap_or_default() as usize,
            seconds: number(&info, "seconds"),
        },
        tags: Tags {
            title: text(&tags, "title"),
            artist: text(&tags, "artist"),
            album: text(&tags, "album"),
            track: number(&tags, "track").map(|track| track as u32),
            date: text(&tags, "date"),
            genre: text(&tags, "genre"),
        },
        cover: field("cover").dyn_into::<Blob>().ok(),
    }
}

/// `work`'s outcome, unless `end` comes first.
pub(super) async fn first_of<T>(work: impl Future<Output = T>, end: impl Future) -> Option<T> {
    let (mut work, mut end) = (pin!(work), pin!(end));
    core::future::poll_fn(|task| {
        if end.as_mut().poll(task).is_ready() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(task).map(Some)
    })
    .await
}

/// Waits for all; calls `each` whenever one of them was woken.
async fn all(mut work: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>, mut each: impl FnMut()) {
    core::future::poll_fn(|task| {
        work.retain_mut(|work| work.as_mut().poll(task).is_pending());
        each();
        if work.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
