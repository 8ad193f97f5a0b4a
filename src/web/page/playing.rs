//! The source of an output: a change of it, and the files where it is some.

#[cfg(feature = "decode")]
use wasm_bindgen::JsValue;
#[cfg(feature = "decode")]
use web_sys::AudioContext;

use super::producer::AnyProducer;
use super::{PageError, SourceSpec};
use crate::web::peek::{Peek, Wish};

/// What changing the source needs of the output.
pub(super) struct Desk<'a> {
    pub producer: &'a AnyProducer,
    pub peek: &'a Peek,
    /// The output's engine memory.
    #[cfg(feature = "decode")]
    pub memory: &'a JsValue,
    #[cfg(feature = "decode")]
    pub context: &'a AudioContext,
    #[cfg(feature = "decode")]
    pub channels: usize,
}

impl Desk<'_> {
    /// Has the producer play another source.
    async fn set_source(&self, source: &SourceSpec) -> Result<(), PageError> {
        self.producer.set_source(source, || self.mail()).await
    }

    /// Has the producer cause these faults and no others.
    #[cfg(feature = "faults")]
    pub(super) async fn set_faults(&self, faults: &[crate::inject::Fault]) -> Result<(), PageError> {
        self.producer.set_faults(faults, || self.mail()).await
    }

    /// Counts a message to the producer up and wakes it.
    fn mail(&self) {
        let peek = self.peek;
        peek.set(Wish::Mail, peek.wish(Wish::Mail).wrapping_add(1));
    }
}

#[cfg(not(feature = "decode"))]
pub(super) use without_files::Playing;

/// Without the feature `decode` every source is the producer's own.
#[cfg(not(feature = "decode"))]
mod without_files {
    use core::future::Future;

    use super::{Desk, PageError, SourceSpec};

    pub(in super::super) struct Playing;

    impl Playing {
        pub(in super::super) fn change(&self, desk: &Desk<'_>, source: &SourceSpec) -> impl Future<Output = Result<(), PageError>> {
            desk.set_source(source)
        }

        pub(in super::super) fn failure(&self) -> Option<String> {
            None
        }

        pub(in super::super) fn close(&self) {}
    }
}

#[cfg(feature = "decode")]
pub(super) use with_files::Playing;

#[cfg(feature = "decode")]
mod with_files {
    use std::cell::{Cell, RefCell};

    use wasm_bindgen_futures::spawn_local;

    use super::super::media::{Loop, Media, MediaFailure, Place, Repeat, Track};
    use super::super::wait::Waiting;
    use super::super::{Output, PageError, SourceSpec};
    use super::Desk;
    use crate::feed::{Heard, LEAD_SECONDS};
    use crate::web::options::{MediaItem, MediaList};

    /// What an output plays.
    pub(in super::super) struct Playing {
        /// The files and their decoder; kept when another source is played.
        media: RefCell<Option<Media>>,
        /// Whether the producer plays the feed.
        on_feed: Cell<bool>,
        /// A decoder that crashed is being replaced.
        replacing: Cell<bool>,
        /// The frame that was heard when it was last known.
        heard_at: Cell<u64>,
        /// The number of the latest change of the source that was asked for, and how many are under way.
        asked: Cell<u32>,
        under_way: Cell<u32>,
        /// The number of the latest one that took effect.
        took_effect: Cell<u32>,
        /// Whether what the producer plays is being changed: one at a time does.
        changing: Cell<bool>,
        waiting: Waiting,
    }

    /// A change of the source, from when it is asked for until it is through.
    struct Change<'a> {
        playing: &'a Playing,
        number: u32,
    }

    impl Change<'_> {
        fn is_latest(&self) -> bool {
            self.playing.asked.get() == self.number
        }

        /// To be called in its turn, before the producer plays anything else: a later change may have had its turn already.
        fn take_effect(&self) -> Result<(), PageError> {
            let latest = self.playing.took_effect.get().max(self.number);
            self.playing.took_effect.set(latest);
            if latest == self.number { Ok(()) } else { Err(PageError::Replaced) }
        }
    }

    impl Drop for Change<'_> {
        fn drop(&mut self) {
            self.playing.under_way.update(|count| count - 1);
            self.playing.waiting.wake();
        }
    }

    /// While there is one, nobody else changes what the producer plays.
    struct Turn<'a>(&'a Playing);

    impl Drop for Turn<'_> {
        fn drop(&mut self) {
            self.0.changing.set(false);
            self.0.waiting.wake();
        }
    }

    impl Playing {
        /// Opens the files, if the source is some.
        pub(in super::super) async fn open(source: &SourceSpec, sample_rate: f32, channels: usize) -> Result<Playing, PageError> {
            let media = match source {
                SourceSpec::Media(list) => Some(Media::open(list, sample_rate, channels).await?),
                _ => None,
            };
            Ok(Playing {
                on_feed: Cell::new(media.is_some()),
                media: RefCell::new(media),
                replacing: Cell::new(false),
                heard_at: Cell::new(0),
                asked: Cell::new(0),
                under_way: Cell::new(0),
                took_effect: Cell::new(0),
                changing: Cell::new(false),
                waiting: Waiting::default(),
            })
        }

        fn begin_change(&self) -> Change<'_> {
            self.asked.update(|number| number + 1);
            self.under_way.update(|count| count + 1);
            Change {
                playing: self,
                number: self.asked.get(),
            }
        }

        /// Resolves when no other change of what the producer plays is going on.
        async fn turn(&self) -> Turn<'_> {
            while self.changing.replace(true) {
                self.waiting.wait().await;
            }
            Turn(self)
        }

        /// Resolves when no change of the source is under way.
        async fn settled(&self) {
            while self.under_way.get() > 0 {
                self.waiting.wait().await;
            }
        }

        /// Has the decoder, if there is one, write to the producer's feed.
        pub(in super::super) async fn attach(&self, desk: &Desk<'_>) -> Result<(), PageError> {
            match self.media() {
                Some(media) => attach(&media, desk, false, None).await,
                None => Ok(()),
            }
        }

        /// Plays another source; what cannot be opened changes nothing. Of several at once the latest one wins; files that it overtook are played until it is there, or not at all.
        pub(in super::super) async fn change(&self, desk: &Desk<'_>, source: &SourceSpec) -> Result<(), PageError> {
            let change = self.begin_change();
            let SourceSpec::Media(list) = source else {
                let _turn = self.turn().await;
                change.take_effect()?;
                desk.set_source(source).await?;
                self.on_feed.set(false);
                // Files that were asked for meanwhile need the decoder.
                if let Some(media) = self.media().filter(|_| change.is_latest()) {
                    media.rest();
                }
                return Ok(());
            };
            match self.media() {
                Some(media) if media.crashed().is_none() => {
                    media.change(list, || change.is_latest()).await?;
                    let _turn = self.turn().await;
                    change.take_effect()?;
                    if !self.on_feed.get() {
                        desk.set_source(source).await?;
                        self.on_feed.set(true);
                    }
                }
                _ => {
                    let media = self.open_anew(desk, list).await?;
                    let _turn = self.turn().await;
                    change.take_effect().inspect_err(|_| media.close())?;
                    self.take(desk, media, list, None).await?;
                }
            }
            Ok(())
        }

        /// Opens a list with another decoder.
        async fn open_anew(&self, desk: &Desk<'_>, list: &MediaList) -> Result<Media, PageError> {
            Media::open(list, desk.context.sample_rate(), desk.channels).await
        }

        /// Plays what another decoder has opened, from the list's beginning on or from another place.
        async fn take(&self, desk: &Desk<'_>, media: Media, list: &MediaList, from: Option<Place>) -> Result<(), PageError> {
            // The crashed one's feed has no writer any more, and never gets another.
            attach(&media, desk, self.media().is_some(), from).await?;
            if !self.on_feed.get() {
                desk.set_source(&SourceSpec::Media(list.clone())).await?;
            }
            *self.media.borrow_mut() = Some(media);
            self.on_feed.set(true);
            Ok(())
        }

        /// Looks after the decoder. One that crashed at what it played is replaced once what it had decoded is played, and the list goes on after that file; one that crashed at what was to be played
        /// next is replaced at once, and the list goes on where it is.
        pub(in super::super) fn look(output: &Output) {
            let (playing, desk) = output.inner();
            let Some(media) = playing.media() else { return };
            media.look();
            if media.crashed().is_none() || !playing.on_feed.get() || playing.replacing.get() {
                return;
            }
            let over = desk.producer.source_ended().is_some();
            let goes_on = media.crashed_opening();
            if over && !goes_on {
                media.settle();
            }
            let rest = match (goes_on, over) {
                (true, false) => Some(media.list_from(media.place(output.position()).item)),
                (false, true) => media.rest_of_list(),
                _ => None,
            };
            let Some(rest) = rest else { return };
            playing.replacing.set(true);
            let output = output.clone();
            spawn_local(async move {
                let (playing, _) = output.inner();
                playing.go_on(&output, &media, rest, goes_on).await;
                playing.replacing.set(false);
            });
        }

        /// Plays `rest`, what `crashed` leaves of its list, with another decoder; `in_place`: from where it is heard.
        async fn go_on(&self, output: &Output, crashed: &Media, mut rest: MediaList, mut in_place: bool) {
            let (_, desk) = output.inner();
            loop {
                let opened = self.open_anew(&desk, &rest).await;
                let _turn = self.turn().await;
                // The page has chosen something else meanwhile.
                if !self.media().is_some_and(|media| media.is(crashed)) || !self.on_feed.get() {
                    return;
                }
                let error = match opened {
                    Ok(media) => {
                        media.inherit(crashed);
                        let from = in_place.then(|| crashed.place(output.position()));
                        if in_place {
                            media.loop_as(crashed);
                        }
                        // Fails with the whole output only.
                        let _ = self.take(&desk, media, &rest, from).await;
                        return;
                    }
                    Err(error) => error,
                };
                crashed.note(rest.first, &error);
                in_place = false;
                rest.first += 1;
                if rest.first >= rest.items.len() {
                    // Nothing is left: what was decoded is played, and that is the end.
                    crashed.give_up();
                    return;
                }
            }
        }

        /// Why nothing is played any more, if a file's end came too early.
        pub(in super::super) fn failure(&self) -> Option<String> {
            let media = self.media().filter(|_| self.on_feed.get())?;
            media.failures().last().map(|failure| failure.message.clone())
        }

        pub(in super::super) fn close(&self) {
            if let Some(media) = self.media() {
                media.close();
            }
        }

        fn media(&self) -> Option<Media> {
            self.media.borrow().clone()
        }

        /// The files that are being played.
        fn played(&self) -> Result<Media, PageError> {
            let media = self.media().filter(|_| self.on_feed.get());
            media.ok_or_else(|| PageError::Option {
                name: "source".into(),
                problem: "is no file: only in files there are positions".into(),
            })
        }
    }

    /// Has a decoder write to the producer's feed, or to a new one.
    async fn attach(media: &Media, desk: &Desk<'_>, renew: bool, from: Option<Place>) -> Result<(), PageError> {
        let addresses = desk.producer.feed(renew, || desk.mail()).await?;
        media.attach(desk.memory, desk.peek, addresses, from)
    }

    /// Files: where in them, which, and what is wrong with them.
    impl Output {
        /// What is heard now, latency taken off; `None` when no file is. It goes back with a seek only: where the browser says that the way to the speaker is longer than it said before, it stands still for that long.
        pub fn position(&self) -> Option<Heard> {
            let (playing, _) = self.inner();
            // Where the ledger is just being changed: as the last time. (Places in the ring only ever grow, over seeks too.)
            let known = playing.heard_at.get();
            let frame = self.heard_frame().map_or(known, |frame| frame.max(known));
            playing.heard_at.set(frame);
            playing.played().ok()?.heard(frame)
        }

        /// Goes to `seconds` in item `item` (from 0) of the list. Resolves when the sound from there, or from where a later seek goes, is on its way.
        ///
        /// # Errors
        /// [`PageError::Engine`], out of range; [`PageError::Option`] when no file is played; [`PageError::Crashed`].
        pub async fn seek(&self, item: usize, seconds: f64) -> Result<(), PageError> {
            let (playing, desk) = self.inner();
            let mut media = playing.played()?;
            let change = playing.took_effect.get();
            if media.crashed().is_none() {
                match media.seek(item, seconds).await {
                    // It hung, or what it played before made it crash: another decoder goes there.
                    Err(PageError::Crashed(_)) if !media.blames(item) => media = playing.played()?,
                    done => return done,
                }
            }
            if media.crashed().is_some() {
                let list = media.list_from(item);
                let anew = playing.open_anew(&desk, &list).await?;
                let _turn = playing.turn().await;
                if playing.took_effect.get() != change {
                    anew.close();
                    return Err(PageError::Replaced);
                }
                if playing.played()?.is(&media) {
                    anew.inherit(&media);
                    playing.take(&desk, anew, &list, Some(Place { item, seconds })).await?;
                } else {
                    // It was replaced by itself meanwhile: that one goes there.
                    anew.close();
                }
            }
            playing.played()?.seek(item, seconds).await
        }

        /// Which item of the list is heard, or was sought last, or comes first.
        pub(in super::super) fn item(&self) -> usize {
            let (playing, _) = self.inner();
            playing.media().map_or(0, |media| media.item(self.position()))
        }

        /// The list, with what is known about each file.
        pub fn tracks(&self) -> Vec<Track> {
            let (playing, _) = self.inner();
            playing.played().map(|media| media.tracks()).unwrap_or_default()
        }

        /// Files of the list that could not be played, or not to their end, in the order in which that was found.
        pub fn failures(&self) -> Vec<MediaFailure> {
            let (playing, _) = self.inner();
            playing.played().map(|media| media.failures()).unwrap_or_default()
        }

        /// Adds files to the end of the list; while a change of the source is under way, of the one that is played then. Resolves when the decoder knows of them.
        ///
        /// # Errors
        /// [`PageError::Option`] when no file is played; [`PageError::Crashed`].
        pub async fn append(&self, items: Vec<MediaItem>) -> Result<(), PageError> {
            let (playing, _) = self.inner();
            playing.settled().await;
            playing.played()?.append(&items).await
        }

        /// Plays a region over and over, or no longer. Where the sound is beyond the region it goes back to its beginning; else nothing is heard of the change, but for a fade if the region ends in a moment.
        ///
        /// # Errors
        /// [`PageError::Source`] for a region that is none; [`PageError::Option`] when no file is played; [`PageError::Crashed`].
        pub async fn set_loop(&self, region: Option<Loop>) -> Result<(), PageError> {
            let (playing, desk) = self.inner();
            let media = playing.played()?;
            media.set_loop(region).await?;
            let Some(now) = self.put_out() else { return Ok(()) };
            let item = now.item as usize;
            let Some(Loop { start, end, .. }) = region.filter(|region| region.item == item) else {
                return Ok(());
            };
            // So much is not decoded again: a loop that ends in it would be missed.
            let kept = self.facts().buffer_frames as f64 / f64::from(desk.context.sample_rate()) + LEAD_SECONDS + 0.1;
            match end - now.seconds {
                left if left <= 0.0 => media.seek(item, start).await,
                left if left < kept => media.seek(item, now.seconds).await,
                _ => Ok(()),
            }
        }

        /// What is repeated once it is over. Nothing is heard of the change. What ends within a moment (what the ring holds and a fifth of a second) is followed by what followed it before; after the
        /// end a repeat is for what is played next.
        ///
        /// # Errors
        /// [`PageError::Option`] when no file is played; [`PageError::Crashed`].
        pub async fn set_repeat(&self, repeat: Repeat) -> Result<(), PageError> {
            let (playing, _) = self.inner();
            playing.played()?.set_repeat(repeat).await
        }

        /// What was put out last.
        fn put_out(&self) -> Option<Heard> {
            let (playing, _) = self.inner();
            playing.played().ok()?.heard(self.latest_frame()?)
        }
    }
}
