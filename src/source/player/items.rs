//! The playlist: what can be opened, in which order, and what went wrong.

use super::{Failure, Opener, Repeat};
use crate::error::Error;
use crate::source::file::{FileInfo, Track};

struct Item {
    opener: Box<dyn Opener>,
    info: Option<FileInfo>,
    /// Could not be opened: passed over until somebody asks for it.
    broken: bool,
    /// A failure of it was reported already; a list that repeats would report it for ever.
    reported: bool,
}

/// The items and their failures.
#[derive(Default)]
pub(super) struct Items {
    list: Vec<Item>,
    pub(super) repeat: Repeat,
    failures: Vec<Failure>,
    latest: Option<Failure>,
}

impl Items {
    pub(super) fn new(openers: Vec<Box<dyn Opener>>, repeat: Repeat) -> Self {
        let mut items = Items {
            repeat,
            ..Items::default()
        };
        openers.into_iter().for_each(|opener| items.append(opener));
        items
    }

    pub(super) fn append(&mut self, opener: Box<dyn Opener>) {
        self.list.push(Item {
            opener,
            info: None,
            broken: false,
            reported: false,
        });
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn name(&self, item: usize) -> &str {
        self.list[item].opener.name()
    }

    pub(super) fn info(&self, item: usize) -> Option<&FileInfo> {
        self.list.get(item)?.info.as_ref()
    }

    /// Opens an item. `None`: it cannot be, which was reported now or before.
    pub(super) fn open(&mut self, item: usize) -> Option<Box<dyn Track>> {
        if self.list[item].broken {
            return None;
        }
        match self.list[item].opener.open() {
            Ok(track) => {
                self.list[item].info = Some(track.info().clone());
                Some(track)
            }
            Err(error) => {
                self.list[item].broken = true;
                self.fail(item, error);
                None
            }
        }
    }

    /// The item is asked for by name: it is tried again even if it failed, and failures are news.
    pub(super) fn ask_for(&mut self, item: usize) {
        (self.list[item].broken, self.list[item].reported) = (false, false);
    }

    /// Reports a failure, once.
    pub(super) fn fail(&mut self, item: usize, error: Error) {
        if !std::mem::replace(&mut self.list[item].reported, true) {
            let failure = Failure { item, error };
            self.latest = Some(failure.clone());
            self.failures.push(failure);
        }
    }

    /// What failed since this was last asked.
    pub(super) fn take_failures(&mut self) -> Vec<Failure> {
        std::mem::take(&mut self.failures)
    }

    /// Failures not taken yet.
    pub(super) fn failure_count(&self) -> usize {
        self.failures.len()
    }

    /// Takes back the failure that came after `known` others.
    pub(super) fn take_failure_after(&mut self, known: usize) -> Option<Failure> {
        (self.failures.len() > known).then(|| self.failures.remove(known))
    }

    /// What failed last, taken or not.
    pub(super) fn latest_failure(&self) -> Option<&Failure> {
        self.latest.as_ref()
    }

    /// What comes after an item.
    pub(super) fn after(&self, item: usize) -> Option<usize> {
        match self.repeat {
            Repeat::One => Some(item),
            Repeat::None => Some(item + 1).filter(|next| *next < self.list.len()),
            Repeat::All => Some((item + 1) % self.list.len()),
        }
    }
}
