//! Chance, passed in: the same seed gives the same ids and placements.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use wire::Uuid;

/// Source of topic ids and of the starting points of placement.
#[derive(Debug, Clone)]
pub struct Dice(Pcg64);

impl Dice {
    /// Dice of a seed; in production 32 bytes of the system's randomness.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(Pcg64::from_seed(seed))
    }

    /// A number below `bound`, which is above 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound as u64) as usize
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }

    /// A random id (version 4) that is not reserved and, as Kafka's, doesn't begin with a dash in its text.
    pub fn uuid(&mut self) -> Uuid {
        loop {
            let mut bytes = [0; 16];
            self.0.fill_bytes(&mut bytes);
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            let id = Uuid(bytes);
            if !id.to_string().starts_with('-') {
                return id;
            }
        }
    }
}
