//! What to play when there is nothing: so far, a fade of what was last heard, and a fade back in.

mod fade;
mod tail;

pub use fade::{FADE_FRAMES, Fade};
pub use tail::Tail;
