//! Every target over its kept seeds and over a fixed number of mutations of each, on the stable compiler.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use kraftlog_fuzz::messages;
use kraftlog_fuzz::mutation::Mutator;
use kraftlog_fuzz::targets::{TARGETS, Target, by_name};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The seeds of a target by name, the kept ones and those that need no file.
fn seeds(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("seeds").join(target.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder that can be read").path());
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("a seed can be read"))
    };
    let mut seeds: Vec<_> = paths.map(read).collect();
    seeds.sort();
    if target.name == "messages" {
        seeds.extend(messages::defaults().map(|seed| ("default".to_owned(), seed)));
    }
    seeds
}

/// Runs one input; if it fails, keeps it where it can be copied from.
fn run(target: &Target, seed: &str, number: usize, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{seed}-{number}", target.name));
        fs::write(&kept, input).expect("the target directory takes files");
        eprintln!("{}: mutation {number} of {seed} fails; the input is {}", target.name, kept.display());
        resume_unwind(panic);
    }
}

fn replay(name: &str) {
    let target = by_name(name);
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for (index, (seed, bytes)) in seeds.iter().enumerate() {
        run(target, seed, 0, bytes);
        let mut mutator = Mutator::new(index as u64);
        for number in 1..=target.mutations {
            run(target, seed, number, &mutator.mutate(bytes));
        }
    }
}

macro_rules! replays {
    ($($name:ident,)+) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })+

        const REPLAYED: &[&str] = &[$(stringify!($name),)+];
    };
}

replays! {
    batches,
    config,
    frames,
    log_model,
    messages,
    partition_files,
    raft_events,
    records,
    segment_recovery,
    snapshots,
    state_files,
}

#[test]
fn every_target_is_replayed_and_has_a_program() {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(REPLAYED, names);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    for name in names {
        assert!(root().join(format!("fuzz_targets/{name}.rs")).is_file(), "no program for {name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in Cargo.toml");
    }
}
