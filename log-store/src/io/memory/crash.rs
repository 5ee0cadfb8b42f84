//! What a crash leaves of the changes that were not flushed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::faults::Disk;
use super::image::{Change, FileNode, Image};
use super::tree::{Directory, Names, Node};

/// The grain at which a disk writes: of each so many bytes either all or none are new.
const SECTOR_BYTES: usize = 512;

/// How the machine went down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process was killed; the kernel still writes everything back.
    Process,
    /// The power went: only what was flushed, and names that were synced, are there.
    Power,
    /// The power went while the kernel was writing back: of what was not flushed any part may be
    /// there, in any order, torn at sectors; of names not synced any may.
    Torn {
        /// Which part.
        seed: u64,
    },
}

/// A copy of the tree that holds what survives.
pub(super) fn survivors(root: &Directory, crash: Crash, disk: &Arc<Disk>) -> Directory {
    let seed = if let Crash::Torn { seed } = crash { seed } else { 0 };
    Survey { crash, random: Pcg32::seed_from_u64(seed), disk }.directory(root)
}

struct Survey<'a> {
    crash: Crash,
    random: Pcg32,
    disk: &'a Arc<Disk>,
}

impl Survey<'_> {
    fn directory(&mut self, directory: &Directory) -> Directory {
        let Names { live, durable, pending } = directory.names();
        let mut found = durable;
        match self.crash {
            Crash::Process => found = live,
            Crash::Power => {}
            Crash::Torn { .. } => {
                for naming in pending.iter().filter(|_| self.random.next_u32() & 1 == 0) {
                    naming.apply(&mut found);
                }
            }
        }
        let mut kept = BTreeMap::new();
        for (name, node) in found {
            let node = match node {
                Node::Directory(below) => Node::Directory(Arc::new(self.directory(&below))),
                Node::File(file) => Node::File(Arc::new(self.file(&file.image()))),
            };
            kept.insert(name, node);
        }
        Directory::durable(kept)
    }

    fn file(&mut self, image: &Image) -> FileNode {
        let content = match self.crash {
            Crash::Process => image.live.clone(),
            Crash::Power => image.durable.clone(),
            Crash::Torn { .. } => self.torn(image),
        };
        FileNode::durable(self.disk, image, content)
    }

    /// The length after some prefix of the changes, and each sector as some prefix of the changes
    /// left it, chosen sector by sector.
    fn torn(&mut self, image: &Image) -> Vec<u8> {
        if image.pending.is_empty() {
            return image.durable.clone();
        }
        let stages = stages(image);
        let length = stages[self.below(stages.len())].len();
        let mut content = vec![0; length];
        for start in (0..length).step_by(SECTOR_BYTES) {
            let stage = &stages[self.below(stages.len())];
            let end = (start + SECTOR_BYTES).min(length).min(stage.len());
            if start < end {
                content[start..end].copy_from_slice(&stage[start..end]);
            }
        }
        content
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random.next_u32() as usize % bound
    }
}

/// The content after 0, 1, ... of the pending changes; at most [`STAGES_MAX`] of them.
fn stages(image: &Image) -> Vec<Vec<u8>> {
    let mut stages = vec![image.durable.clone()];
    let group = image.pending.len().div_ceil(STAGES_MAX);
    for changes in image.pending.chunks(group) {
        let mut next = stages.last().cloned().unwrap_or_default();
        changes.iter().for_each(|change: &Change| change.apply(&mut next));
        stages.push(next);
    }
    stages
}

/// A file with many unflushed changes is surveyed at so many moments, to bound memory.
const STAGES_MAX: usize = 16;
