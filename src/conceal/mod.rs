//! What to play when there is nothing: as a rule a fade of what was last heard, and a fade back in; others to compare it with.

mod fade;
mod policy;
mod tail;

pub use fade::{FADE_FRAMES, Fade};
pub use policy::Conceal;
pub use tail::Tail;
