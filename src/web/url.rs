//! A file behind a URL, read by a worker that may block while another worker fetches it (`worklet/reader.js`).
//!
//! The page starts the fetching (`page::UrlReader`) and posts its handle to the worker. There `worklet/reader-client.js` makes a
//! `ReaderClient` of it, which this module makes a [`MediaSource`] of.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use js_sys::Reflect;
use symphonia::core::io::MediaSource;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::error::text_of;

#[wasm_bindgen]
extern "C" {
    /// The class of `worklet/reader-client.js`; made there, by the worker's script.
    pub type ReaderClient;
    #[wasm_bindgen(method, catch)]
    fn open(this: &ReaderClient) -> Result<(), JsValue>;
    /// Copies bytes of the file, from `position` on; at least one unless there are no more.
    #[wasm_bindgen(method, catch)]
    fn read(this: &ReaderClient, position: f64, to: &mut [u8]) -> Result<u32, JsValue>;
    #[wasm_bindgen(method)]
    fn resume(this: &ReaderClient);
    #[wasm_bindgen(method, getter)]
    fn name(this: &ReaderClient) -> String;
    /// -1 where it is not known.
    #[wasm_bindgen(method, getter)]
    fn length(this: &ReaderClient) -> f64;
    #[wasm_bindgen(method, getter)]
    fn seekable(this: &ReaderClient) -> bool;
}

/// Why bytes cannot be read. In each, what was read before can still be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlProblem {
    /// No answer: no network, no such server, or one that does not let this page read.
    Unreachable,
    /// The server answers with this status instead of the file.
    Status(u16),
    /// What lies there now is another file than at the beginning.
    Changed,
    /// Nothing came for 15 s, again and again.
    Stalled,
    /// The connection broke again and again.
    Broken,
    /// The server's answer contradicts itself or the question.
    Malformed,
    /// The reader's worker failed or did not load.
    Crashed,
    /// The page ended the reader.
    Stopped,
    /// The page interrupted the wait. Nothing is wrong with the file: it may be read again after [`resume`](UrlMedia::resume).
    Interrupted,
}

impl UrlProblem {
    /// Of the numbers in `worklet/reader-layout.js`.
    fn from_js(code: f64, status: f64) -> Self {
        match code as u32 {
            1 => UrlProblem::Unreachable,
            2 => UrlProblem::Status(status as u16),
            3 => UrlProblem::Changed,
            4 => UrlProblem::Stalled,
            5 => UrlProblem::Broken,
            6 => UrlProblem::Malformed,
            8 => UrlProblem::Stopped,
            9 => UrlProblem::Interrupted,
            _ => UrlProblem::Crashed,
        }
    }

    /// The nearest kind that the standard library knows. None is [`ErrorKind::Interrupted`]: `read_exact` and others would try again for ever.
    fn kind(self) -> ErrorKind {
        match self {
            UrlProblem::Unreachable => ErrorKind::NotConnected,
            UrlProblem::Status(404 | 410) => ErrorKind::NotFound,
            UrlProblem::Status(401 | 403) => ErrorKind::PermissionDenied,
            UrlProblem::Status(_) | UrlProblem::Crashed => ErrorKind::Other,
            UrlProblem::Changed => ErrorKind::StaleNetworkFileHandle,
            UrlProblem::Stalled => ErrorKind::TimedOut,
            UrlProblem::Broken => ErrorKind::ConnectionReset,
            UrlProblem::Malformed => ErrorKind::InvalidData,
            UrlProblem::Stopped => ErrorKind::ConnectionAborted,
            UrlProblem::Interrupted => ErrorKind::WouldBlock,
        }
    }
}

/// What an [`io::Error`] of [`UrlMedia`] holds. Its text does not name the file: who asks for bytes knows what it is called.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{text} (at byte {at})")]
#[non_exhaustive]
pub struct UrlError {
    /// The last part of the URL's path.
    pub name: String,
    /// What kind of problem this is, for programs.
    pub problem: UrlProblem,
    /// Where in the file, in bytes from its beginning.
    pub at: u64,
    /// What is wrong, for people.
    pub text: String,
}

impl UrlError {
    fn new(name: &str, thrown: &JsValue) -> Self {
        let number = |field: &str| Reflect::get(thrown, &field.into()).ok().and_then(|value| value.as_f64());
        let Some(code) = number("code") else {
            // Not one of the client's own: a mistake in it.
            return UrlError {
                name: name.to_owned(),
                problem: UrlProblem::Crashed,
                at: 0,
                text: text_of(thrown),
            };
        };
        let message = Reflect::get(thrown, &"message".into()).ok();
        UrlError {
            name: name.to_owned(),
            problem: UrlProblem::from_js(code, number("status").unwrap_or_default()),
            at: number("at").unwrap_or_default() as u64,
            text: message.and_then(|message| message.as_string()).unwrap_or_default(),
        }
    }

    /// The error behind what a decoder hands through, if it is of this kind.
    pub fn of(error: &io::Error) -> Option<&UrlError> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<UrlError> for io::Error {
    fn from(error: UrlError) -> io::Error {
        io::Error::new(error.problem.kind(), error)
    }
}

thread_local! {
    /// Clients of this worker, by handle. `MediaSource` must be `Send + Sync`, which no JS value is; a handle is, and it works on its own thread only.
    static CLIENTS: std::cell::RefCell<Vec<Option<ReaderClient>>> = const { std::cell::RefCell::new(Vec::new()) };
}

thread_local! {
    /// Whether a file is being opened.
    static OPENING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Opens a file: meanwhile an interruption ends nothing. Half an opening is worth nothing, and what it was interrupted for is looked at afterwards.
pub fn while_opening<T>(open: impl FnOnce() -> T) -> T {
    OPENING.set(true);
    let opened = open();
    OPENING.set(false);
    opened
}

/// `read`, again and again while it is interrupted and a file is being opened.
fn patiently<T>(resume: impl Fn(), mut read: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match read() {
            Err(error) if error.kind() == ErrorKind::WouldBlock && OPENING.get() => resume(),
            done => return done,
        }
    }
}

/// A file behind a URL. Reading blocks until bytes come, the file ends, something fails (as a [`UrlError`]) or the page interrupts.
///
/// An interruption holds until [`resume`](UrlMedia::resume): until then whatever would wait fails, with [`ErrorKind::WouldBlock`]. What has come already is still
/// read.
#[derive(Debug)]
pub struct UrlMedia {
    handle: usize,
    name: String,
    position: u64,
}

impl UrlMedia {
    /// Waits until it is known what the server offers.
    ///
    /// # Errors
    /// A [`UrlError`]: there is no such file, or it cannot be had.
    pub fn open(client: ReaderClient) -> io::Result<Self> {
        let name = client.name();
        patiently(
            || client.resume(),
            || client.open().map_err(|thrown| UrlError::new(&name, &thrown).into()),
        )?;
        let handle = CLIENTS.with_borrow_mut(|clients| {
            let free = clients.iter().position(Option::is_none);
            let handle = free.unwrap_or(clients.len());
            clients.resize_with(clients.len().max(handle + 1), || None);
            clients[handle] = Some(client);
            handle
        });
        Ok(UrlMedia { handle, name, position: 0 })
    }

    /// The last part of the URL's path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits again where it would have to. To be called before looking at what the interruption was for, so that none is missed. A decoder owns its
    /// source: the worker's script can as well call `resume()` of the `ReaderClient` that it made.
    pub fn resume(&self) {
        self.with(ReaderClient::resume);
    }

    /// `work` with the client; `None` on another thread than its own, which nothing does.
    fn with<T>(&self, work: impl FnOnce(&ReaderClient) -> T) -> Option<T> {
        CLIENTS.with_borrow(|clients| clients.get(self.handle)?.as_ref().map(work))
    }
}

impl Read for UrlMedia {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = patiently(
            || self.resume(),
            || {
                let read = self.with(|client| client.read(self.position as f64, to));
                let read = read.unwrap_or_else(|| Err("the file was opened on another thread".into()));
                read.map_err(|thrown| UrlError::new(&self.name, &thrown).into())
            },
        )? as usize;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for UrlMedia {
    /// Moves nothing but the position: what is asked for is fetched when it is read.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => {
                let length = self.byte_len().ok_or_else(|| {
                    io::Error::new(
                        ErrorKind::Unsupported,
                        "the server does not say how long the file is, and its end has not come yet",
                    )
                })?;
                length.checked_add_signed(offset)
            }
        };
        self.position = position.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "a position before the file's beginning"))?;
        Ok(self.position)
    }
}

impl MediaSource for UrlMedia {
    /// Yes where the server gives out parts, and for a file of 32 MiB at most whose length is known. A file of unknown length becomes
    /// seekable when all of it has come.
    fn is_seekable(&self) -> bool {
        self.with(ReaderClient::seekable).unwrap_or(false)
    }

    fn byte_len(&self) -> Option<u64> {
        let length = self.with(ReaderClient::length)?;
        (length >= 0.0).then_some(length as u64)
    }
}

impl Drop for UrlMedia {
    fn drop(&mut self) {
        // On another thread the handle means nothing, and nothing is dropped.
        let _ = CLIENTS.try_with(|clients| {
            if let Some(client) = clients.borrow_mut().get_mut(self.handle) {
                *client = None;
            }
        });
    }
}
