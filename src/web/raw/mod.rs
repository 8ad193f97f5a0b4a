//! Ends of an output where there is no glue: on the audio thread for every strategy but the ring, and on the page's own thread. Numbers and addresses cross, nothing that `wasm-bindgen` would convert.
//!
//! The page instantiates the module over the output's memory by hand, without a second copy of the glue: that would stay for as long as the page does, and its memory with it.
//!
//! | exports | called by |
//! | --- | --- |
//! | `noxrun_numbers`, `noxrun_output` | page, audio thread: what to make, as numbers ([`Spec`]) |
//! | `noxrun_any_…` | `worklet/strategies.js` |
//! | `noxrun_message_…` | `worklet/strategies.js`, where blocks come as messages |
//! | `noxrun_page_…` | `src/web/page/on_page.rs` |

#[cfg(feature = "strategies")]
mod any;
mod clock;
mod message;
#[cfg(feature = "strategies")]
mod page;
#[cfg(feature = "strategies")]
mod spec;

#[cfg(feature = "strategies")]
pub use any::AnyQuanta;
pub use clock::RawClock;
#[cfg(feature = "strategies")]
pub use page::{PagePacer, STOPPED};
#[cfg(feature = "strategies")]
pub use spec::{SourceNumbers, Spec};

#[cfg(feature = "strategies")]
use crate::render::Source;
#[cfg(feature = "strategies")]
use crate::ring::sync::Arc;
#[cfg(feature = "strategies")]
use crate::shared::SharedOutput;
#[cfg(feature = "strategies")]
use crate::source::{Index, Sine};
#[cfg(feature = "strategies")]
use crate::web::fed::Feeds;

/// What stands behind the numbers at `address`, which [`noxrun_numbers`](spec::noxrun_numbers) gave out.
#[cfg(feature = "strategies")]
pub(super) fn spec_at(address: usize, count: usize) -> Option<Spec> {
    Spec::from_numbers(spec::numbers_at(address, count))
}

/// Opens what is to be played.
#[cfg(feature = "strategies")]
fn open(source: SourceNumbers, shared: &Arc<SharedOutput>, feeds: &mut Feeds) -> Option<Box<dyn Source>> {
    match source {
        SourceNumbers::Sine(hz) => Some(Box::new(Sine::new(hz).ok()?)),
        SourceNumbers::Index => Some(Box::new(Index)),
        #[cfg(feature = "synth")]
        SourceNumbers::Synth(voices) => {
            let synth = crate::source::synth::Synth::new(shared.sample_rate, shared.ring.channels(), voices);
            Some(Box::new(synth.ok()?))
        }
        #[cfg(feature = "decode")]
        SourceNumbers::Feed(0) => feeds.source(shared).ok(),
        // Made by the page's own instance of the module, over the same memory.
        #[cfg(feature = "decode")]
        SourceNumbers::Feed(address) => feeds.adopt(address).ok(),
        #[allow(unreachable_patterns, reason = "not in every set of features")]
        _ => {
            let _ = (shared, feeds);
            None
        }
    }
}
