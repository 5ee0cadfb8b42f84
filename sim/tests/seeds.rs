//! Many seeds, each a run of a whole node; one seed with `KRAFTLOG_SIM_SEED`.

use std::panic::catch_unwind;

use kraftlog_sim::{Counts, Failure, Scenario, run, simulate};

/// As many as take some twenty seconds in release mode on one core.
const SEEDS: u64 = 400;

/// Without optimisation a few show that it works.
const SEEDS_DEBUG: u64 = 5;

fn chosen_seeds() -> std::ops::Range<u64> {
    match std::env::var("KRAFTLOG_SIM_SEED") {
        Ok(seed) => {
            let seed: u64 = seed.parse().expect("KRAFTLOG_SIM_SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..if cfg!(debug_assertions) { SEEDS_DEBUG } else { SEEDS },
    }
}

fn run_or_tell(seed: u64) -> Counts {
    match catch_unwind(|| run(seed)) {
        Ok(Ok(report)) => report.counts,
        Ok(Err(failure)) => panic!("{failure}"),
        Err(_) => {
            let (scenario, step) = (Scenario::of(seed), 0);
            let detail = "an assertion of the code under test, printed above".to_owned();
            panic!("{}", Failure { seed, scenario, step, property: "asserts_hold", detail });
        }
    }
}

#[test]
fn every_property_holds_for_every_seed() {
    let seeds = chosen_seeds();
    let mut sum = Counts::default();
    for seed in seeds.clone() {
        if seeds.end - seeds.start == 1 {
            println!("seed {seed}: {:?}", Scenario::of(seed));
        }
        sum += run_or_tell(seed);
    }
    println!("{} seeds: {sum:?}", seeds.end - seeds.start);
    if seeds.end - seeds.start > 1 {
        assert!(sum.acknowledged > sum.steps / 4, "most requests do something: {sum:?}");
        assert!(sum.restarts.iter().all(|count| *count > 0), "the node crashes in every way: {sum:?}");
        assert!(
            sum.stopped_by_disk > 0 && sum.snapshots_loaded > 0,
            "disks fail, snapshots are read: {sum:?}"
        );
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..5 {
        let first = run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(run(seed).ok(), Some(first), "seed {seed}");
    }
    assert_ne!(run(0).ok(), run(1).ok(), "seeds differ");
}

/// The invariants notice a node that acknowledges what it has not made durable.
#[test]
fn a_disk_that_lies_is_found_out() {
    for seed in 0..5 {
        let scenario =
            Scenario { lying_disk: true, weight_fault: 0, weight_restart: 3, ..Scenario::of(seed) };
        let failure = simulate(seed, &scenario).expect_err("what was acknowledged is lost");
        println!("seed {seed}: step {}: {}: {}", failure.step, failure.property, failure.detail);
    }
}
