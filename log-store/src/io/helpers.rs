//! What every small file of the store needs.

use std::ffi::OsString;
use std::io::{IoSlice, Result};
use std::path::{Path, PathBuf};

use super::{Io, OpenMode};

/// Suffix of the file that [`replace_file`] writes before it renames it. Kafka's.
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Replaces a small file as a whole: after any crash it holds the old bytes or the new ones, and
/// the new ones once this has returned `Ok`. Writes `<path>.tmp`, flushes it, renames it and
/// syncs the directory.
///
/// # Errors
/// A disk error; the old file is then still there unless the last step (syncing the directory)
/// failed, in which case either may be found after a crash.
pub fn replace_file(io: &dyn Io, path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary_path(path);
    let file = io.open(&temporary, OpenMode::Truncate)?;
    file.write_at(&[IoSlice::new(bytes)], 0)?;
    file.flush()?;
    drop(file);
    io.rename(&temporary, path)?;
    io.sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// The whole content of a file.
///
/// # Errors
/// `NotFound`, or a disk error.
pub fn read_file(io: &dyn Io, path: &Path) -> Result<Vec<u8>> {
    let file = io.open(path, OpenMode::Read)?;
    let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX)];
    let length = file.read_at(&mut bytes, 0)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn temporary_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(TEMPORARY_SUFFIX);
    PathBuf::from(name)
}
