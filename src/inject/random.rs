//! Chance that can be repeated.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): one addition and three mixes, any seed will do.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A sequence that `seed` decides.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next number, 0.0 to 1.0 (never 1.0).
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
