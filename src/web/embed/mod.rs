//! What the npm package is made of (feature `embed`): page, worker and audio thread, driven by JavaScript (`npm/src`). Numbers and addresses cross, nothing that `wasm-bindgen` would convert: so there is no glue to load, and
//! the same file serves a page with a bundler, one without, and an audio thread.
//!
//! | exports | called by | over which memory |
//! | --- | --- | --- |
//! | `noxrun_make`, `noxrun_wish`, `noxrun_size` | whoever makes the output: the page, or without shared memory both sides | the output's |
//! | `noxrun_produce`, `noxrun_turn`, `noxrun_fifo_…`, `noxrun_offer`, … | `npm/src/producer.js`, in a worker or on the page | the output's, or the producer's own |
//! | `noxrun_forward…` | the same, where blocks travel as messages | the producer's own |
//! | `noxrun_attach`, `noxrun_quantum`, `noxrun_message_…` | `worklet/processor.js`, `worklet/inbox.js` | the output's, or the audio thread's own |
//! | `noxrun_book_…` | `npm/src/book.js` | the page's own: ledgers come there as copies |
//!
//! With the feature `decode` it also has `play_file`, through glue: what the package `noxrun-decode` is made of (`npm/decode`).
//!
//! A crate that has sound of its own builds with this feature too, and hands it out as an [`OwnSource`].

mod book;
#[cfg(feature = "decode")]
pub mod decode;
mod output;
mod produce;
mod source;

pub use book::Book;
pub use produce::Embedded;
pub use source::OwnSource;
