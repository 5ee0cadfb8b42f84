//! All targets, for those who run them without libFuzzer.

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of its module, of its file in `fuzz_targets/` and of its folder in `seeds/`.
    pub name: &'static str,
    /// Judges one input by panicking.
    pub run: fn(&[u8]),
    /// How often the replay mutates each seed: many times where a run is short.
    pub mutations: usize,
}

macro_rules! targets {
    ($($name:ident: $mutations:literal,)+) => {
        /// Every target, by name.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), run: crate::$name::run, mutations: $mutations },)+];
    };
}

targets! {
    batches: 400,
    config: 60,
    frames: 400,
    log_model: 50,
    messages: 40,
    partition_files: 60,
    raft_events: 150,
    records: 400,
    segment_recovery: 100,
    snapshots: 150,
    state_files: 300,
}

/// The target of this name.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn by_name(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("no target {name}"))
}
