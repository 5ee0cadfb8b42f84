//! Clusters from seeds: whatever happens to them, the invariants hold; when the weather clears, all agree.
//!
//! A failure prints its seed; `KRAFTLOG_SEED=n cargo test -p kraftlog-raft seeds` replays it, and
//! `KRAFTLOG_SEEDS=n` runs more of them.

use std::env;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::cluster::{Cluster, Plan, Weather};
use crate::engine::mistakes::Mistake;

const SEEDS: u64 = 500;

/// After the weather cleared a cluster agrees within so many seconds.
const CONVERGENCE_MAX_S: usize = 120;

#[test]
fn seeds_break_no_invariant() {
    for seed in seeds() {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| live(seed, None))) {
            eprintln!("seed {seed} failed; KRAFTLOG_SEED={seed} replays it");
            resume_unwind(panic);
        }
    }
}

fn seeds() -> Range<u64> {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    match number("KRAFTLOG_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("KRAFTLOG_SEEDS").unwrap_or(SEEDS),
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    assert_eq!(live(42, None), live(42, None));
    assert_ne!(live(42, None), live(43, None));
}

/// One life of a cluster; the hash of its trace.
pub(super) fn live(seed: u64, mistake: Option<Mistake>) -> u64 {
    let voters = [3, 1, 3, 2, 5, 3, 4, 7, 3, 6][(seed % 10) as usize];
    let plan = Plan {
        voters,
        observers: (seed % 3) as usize,
        is_static: seed % 5 == 4,
        auto_join: seed % 4 == 2,
        is_hasty: seed % 4 == 1,
        mistake,
    };
    let mut cluster = Cluster::new(seed, plan);
    for _ in 0..8 {
        storm(&mut cluster);
    }
    converge(&mut cluster);
    cluster.trace
}

fn converge(cluster: &mut Cluster) {
    cluster.heal();
    for _ in 0..CONVERGENCE_MAX_S {
        cluster.run(1_000);
        if cluster.fault_of_convergence().is_none() && cluster.history.end() > 0 {
            cluster.propose(1);
            cluster.run(1_000);
            if cluster.fault_of_convergence().is_none() {
                return;
            }
        }
    }
    let fault = cluster.fault_of_convergence().unwrap_or_default();
    panic!("convergence is broken: {fault}");
}

/// Some weather and some of the things that go wrong in it.
fn storm(cluster: &mut Cluster) {
    cluster.weather = Weather {
        loss: cluster.below(20),
        duplication: cluster.below(10),
        delay_max_ms: 1 + cluster.below(300),
        flush_max_ms: cluster.below(200),
        crash_per_mille: cluster.below(12),
    };
    let node = cluster.below(cluster.len() as u64) as usize;
    let other = cluster.below(cluster.len() as u64) as usize;
    match cluster.below(10) {
        0 => cluster.crash(node),
        1 => isolate(cluster, node),
        2 => {
            cluster.cut.insert((node, other));
        }
        3 => cluster.snapshot(node),
        4 => cluster.resign(node),
        5 => cluster.wipe(node),
        6 => cluster.put_old_disk_back(node),
        _ => cluster.cut.clear(),
    }
    for _ in 0..4 {
        if cluster.chance(40) {
            let node = cluster.below(cluster.len() as u64) as usize;
            cluster.change_voters(node);
        }
        let count = cluster.below(3) as usize;
        cluster.propose(count);
        cluster.run(400);
    }
}

fn isolate(cluster: &mut Cluster, node: usize) {
    for other in 0..cluster.len() {
        cluster.cut.insert((node, other));
        cluster.cut.insert((other, node));
    }
}
