//! What a seed expands to.

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

/// The configuration of one run. A seed gives the same one each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// How many steps are taken.
    pub steps: u32,
    /// `metadata.log.max.record.bytes.between.snapshots`.
    pub snapshot_bytes_max: usize,
    /// `metadata.log.max.snapshot.interval.ms`; 0 has no limit.
    pub snapshot_interval_ms: i64,
    /// `metadata.log.segment.bytes`.
    pub segment_bytes: u32,
    /// `metadata.max.retention.bytes`.
    pub retention_bytes: i64,
    /// Weight of steps that ask something of the controller.
    pub weight_ask: u32,
    /// Weight of steps that let time pass.
    pub weight_tick: u32,
    /// Weight of steps that let one of the next calls to the disk fail.
    pub weight_fault: u32,
    /// Weight of steps that take the node down and bring it back.
    pub weight_restart: u32,
    /// A disk that says `Ok` to flushes and keeps nothing. Never drawn: it is there to show that a broken promise
    /// is found.
    pub lying_disk: bool,
}

impl Scenario {
    /// The scenario of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = Pcg64::seed_from_u64(seed);
        let mut pick = |choices: &[u32]| choices[random.next_u32() as usize % choices.len()];
        Self {
            steps: pick(&[100, 200, 300]),
            snapshot_bytes_max: pick(&[500, 2_000, 10_000, 1 << 20]) as usize,
            snapshot_interval_ms: i64::from(pick(&[0, 5_000, 60_000])),
            segment_bytes: pick(&[16 << 10, 64 << 10, 1 << 20]),
            retention_bytes: i64::from(pick(&[1, 4 << 10, 32 << 10, 1 << 20])),
            weight_ask: pick(&[4, 8, 16]),
            weight_tick: pick(&[1, 2, 4]),
            weight_fault: pick(&[0, 1, 2]),
            weight_restart: pick(&[1, 2, 3]),
            lying_disk: false,
        }
    }
}
