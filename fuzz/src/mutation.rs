//! New inputs from old ones, the same on every machine.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// What lengths, counts and offsets break on.
const NUMBERS: &[&[u8]] = &[
    &[0],
    &[1],
    &[0x7f],
    &[0x80],
    &[0xff],
    &[0x7f, 0xff],
    &[0x80, 0],
    &[0xff; 2],
    &[0x7f, 0xff, 0xff, 0xff],
    &[0x80, 0, 0, 0],
    &[0xff; 4],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0xff; 8],
    &[0x80; 9],
];

/// Longest input that is made.
const LENGTH_MAX: usize = 64 * 1024;

/// Makes inputs.
#[derive(Debug)]
pub struct Mutator {
    random: Pcg32,
}

impl Mutator {
    /// The same `seed` gives the same inputs.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { random: Pcg32::seed_from_u64(seed) }
    }

    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        self.random.next_u32() as usize % bound
    }

    /// `seed` after one to four changes.
    pub fn mutate(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes);
        }
        bytes.truncate(LENGTH_MAX);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let end = at + self.below((bytes.len() - at).min(64) + 1);
        match self.below(8) {
            0 | 1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            2 if at < bytes.len() => bytes[at] = self.random.next_u32() as u8,
            3 => drop(bytes.splice(at..at, [self.random.next_u32() as u8])),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let copied = bytes[at..end].to_vec();
                let to = self.below(bytes.len() + 1);
                drop(bytes.splice(to..to, copied));
            }
            6 => {
                let number = NUMBERS[self.below(NUMBERS.len())];
                let end = (at + number.len()).min(bytes.len());
                drop(bytes.splice(at..end, number.iter().copied()));
            }
            _ => bytes.truncate(at),
        }
    }
}
