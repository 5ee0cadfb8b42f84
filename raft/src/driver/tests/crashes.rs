//! The power goes after every single change of the disk.

use log_store::io::{Crash, Faults, MemoryIo};

use super::harness::{Node, config, formatted};
use crate::driver::DriverError;

/// What a life of a node was told to be committed, up to its end.
#[derive(Default)]
struct Witness {
    committed: Vec<Vec<u8>>,
    proposed: Vec<Vec<u8>>,
}

/// Proposals, a snapshot that cuts the log, an orderly resignation: every file the driver writes.
fn live(io: &MemoryIo, witness: &mut Witness) -> Result<(), DriverError> {
    let mut config = config(1, &[1]);
    config.retention_bytes = 0;
    let mut node = Node::open(io, config)?;
    let outcome = work(&mut node, witness);
    if node.values().len() > witness.committed.len() {
        witness.committed = node.values();
    }
    outcome
}

fn work(node: &mut Node, witness: &mut Witness) -> Result<(), DriverError> {
    node.run()?;
    for round in 0..6u8 {
        for value in 0..3 {
            let value = vec![round, value];
            let epoch = node.epoch();
            if node.handle.propose(epoch, vec![value.clone()]).is_ok() {
                witness.proposed.push(value);
            }
        }
        node.run()?;
        if round % 2 == 1 {
            snapshot(node)?;
        }
        if round == 4 {
            node.handle.resign(node.epoch());
            node.run()?;
        }
    }
    Ok(())
}

fn snapshot(node: &mut Node) -> Result<(), DriverError> {
    let end = node.machine.0.lock().next_offset.expect("something is committed");
    let end = crate::OffsetAndEpoch::new(end, node.epoch());
    let Ok(Some(mut builder)) = node.handle.begin_snapshot(end, 0, 0) else { return node.run() };
    // A snapshot that fails leaves the node alone.
    if builder.append(&node.values()).is_ok() {
        let _ = builder.freeze();
    }
    node.run()
}

#[test]
fn whatever_was_shown_survives_a_crash_after_every_change() {
    let io = formatted();
    live(&io, &mut Witness::default()).expect("a working disk");
    let changes = io.changes();
    assert!(changes > 40, "{changes} changes");
    for count in 0..changes {
        for crash in [Crash::Power, Crash::Process] {
            let io = formatted();
            io.set_faults(Faults::power_off_after(count));
            let mut witness = Witness::default();
            let _ = live(&io, &mut witness);
            restart(&io.crash(crash), &witness, count);
        }
    }
}

#[test]
fn torn_and_reordered_writes_lose_nothing_that_was_shown() {
    let io = formatted();
    live(&io, &mut Witness::default()).expect("a working disk");
    let changes = io.changes();
    for seed in 0..300 {
        let io = formatted();
        let count = seed * 7 % changes;
        io.set_faults(Faults::power_off_after(count));
        let mut witness = Witness::default();
        let _ = live(&io, &mut witness);
        restart(&io.crash(Crash::Torn { seed }), &witness, count);
    }
}

/// After the crash: everything that was shown is shown again, and nothing that was never proposed.
fn restart(io: &MemoryIo, witness: &Witness, count: u64) {
    let mut node = Node::open(io, config(1, &[1])).unwrap_or_else(|error| panic!("after {count}: {error}"));
    node.run().expect("a working disk");
    let values = node.values();
    assert!(values.starts_with(&witness.committed), "after {count} changes");
    assert!(witness.proposed.starts_with(&values), "after {count} changes: {values:?}");
    assert!(node.write("next").is_ok());
    let before = node.values();
    drop(node);
    let mut again = Node::open(io, config(1, &[1])).expect("what it wrote");
    again.run().expect("a working disk");
    assert_eq!(again.values(), before, "two restarts show the same");
}
