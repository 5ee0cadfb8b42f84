//! The bytes of one file: live, durable, and the changes between.

use std::io::Result;
use std::sync::Arc;

use parking_lot::Mutex;

use super::faults::{Disk, Fault, input_output_error};
use std::io::ErrorKind;

/// A change that is live and not yet durable.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { position: u64, bytes: Vec<u8> },
    Resize { length: u64 },
}

impl Change {
    pub(super) fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write { position, bytes } => {
                let start = *position as usize;
                let end = start + bytes.len();
                if image.len() < end {
                    image.resize(end, 0);
                }
                image[start..end].copy_from_slice(bytes);
            }
            Self::Resize { length } => image.resize(*length as usize, 0),
        }
    }
}

/// A file, whatever its name.
#[derive(Debug)]
pub(super) struct FileNode {
    image: Mutex<Image>,
    disk: Arc<Disk>,
}

/// Invariant: `durable` with all of `pending` applied in order equals `live`, unless a flush
/// failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    pub(super) live: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
    pub(super) modified_ms: i64,
    pub(super) read_only: bool,
}

impl FileNode {
    pub(super) fn new(disk: &Arc<Disk>) -> Self {
        let image = Image { modified_ms: disk.now_ms(), ..Image::default() };
        Self { image: Mutex::new(image), disk: Arc::clone(disk) }
    }

    /// A file whose content has reached the disk.
    pub(super) fn durable(disk: &Arc<Disk>, from: &Image, content: Vec<u8>) -> Self {
        disk.resize(0, content.len() as u64);
        let image = Image {
            durable: content.clone(),
            live: content,
            pending: Vec::new(),
            modified_ms: from.modified_ms,
            read_only: from.read_only,
        };
        Self { image: Mutex::new(image), disk: Arc::clone(disk) }
    }

    pub(super) fn image(&self) -> Image {
        self.image.lock().clone()
    }

    pub(super) fn read(&self, buffer: &mut [u8], position: u64) -> usize {
        let image = self.image.lock();
        let rest = image.live.get(position as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        count
    }

    pub(super) fn write(
        &self,
        disk: &Disk,
        mut bytes: Vec<u8>,
        mut position: u64,
        fault: Option<Fault>,
    ) -> Result<()> {
        let mut outcome = Ok(());
        match fault {
            Some(Fault::TornWrite { bytes: kept }) => {
                bytes.truncate(kept);
                outcome = Err(input_output_error());
            }
            Some(fault) if fault.is_error() => return Err(fault.to_error()),
            Some(Fault::BitFlip { bit }) if !bytes.is_empty() => flip(&mut bytes, bit),
            Some(Fault::Misdirected { by }) => position += by,
            _ => {}
        }
        let mut image = self.image.lock();
        let (old, end) = (image.live.len() as u64, position + bytes.len() as u64);
        let granted = disk.resize(old, end.max(old));
        if end > granted {
            bytes.truncate(granted.saturating_sub(position) as usize);
            outcome = Err(ErrorKind::StorageFull.into());
        }
        if !bytes.is_empty() {
            image.change(disk, Change::Write { position, bytes });
        }
        disk.resize(granted, image.live.len() as u64);
        outcome
    }

    pub(super) fn truncate(&self, disk: &Disk, length: u64) -> Result<()> {
        let mut image = self.image.lock();
        let old = image.live.len() as u64;
        let granted = disk.resize(old, length);
        if granted < length {
            disk.resize(granted, old);
            return Err(ErrorKind::StorageFull.into());
        }
        if length != old {
            image.change(disk, Change::Resize { length });
        }
        Ok(())
    }

    pub(super) fn flush(&self) {
        let mut image = self.image.lock();
        let Image { durable, pending, .. } = &mut *image;
        for change in pending.drain(..) {
            change.apply(durable);
        }
    }

    /// A failed flush: the kernel has marked the pages clean, nobody will write them again.
    pub(super) fn lose_pending(&self) {
        self.image.lock().pending.clear();
    }

    pub(super) fn len(&self) -> u64 {
        self.image.lock().live.len() as u64
    }

    pub(super) fn modified_ms(&self) -> i64 {
        self.image.lock().modified_ms
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.image.lock().read_only
    }

    pub(super) fn set_read_only(&self) {
        self.image.lock().read_only = true;
    }
}

impl Drop for FileNode {
    fn drop(&mut self) {
        self.disk.resize(self.image.get_mut().live.len() as u64, 0);
    }
}

impl Image {
    fn change(&mut self, disk: &Disk, change: Change) {
        change.apply(&mut self.live);
        self.pending.push(change);
        self.modified_ms = disk.now_ms();
    }
}

/// Turns one bit over; `bytes` is not empty.
pub(super) fn flip(bytes: &mut [u8], bit: u64) {
    let bit = (bit % (bytes.len() as u64 * 8)) as usize;
    bytes[bit / 8] ^= 1 << (bit % 8);
}
