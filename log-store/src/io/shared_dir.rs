//! A directory that may get another name, or go, while its files are in use.

use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

use parking_lot::RwLock;

use super::Io;

/// The present name of a directory. Whoever opens a file by name does it within [`SharedDir::with`], so that
/// the name and what bears it cannot part: a renaming waits for those openings, and the next ones see the
/// new name.
///
/// A retired directory is about to be removed. What is in it can still be opened; nothing new comes in,
/// above all not into a younger directory that has got the old name.
#[derive(Debug)]
pub struct SharedDir {
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    path: PathBuf,
    retired: bool,
}

impl SharedDir {
    /// The directory at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: &Path) -> SharedDir {
        SharedDir { state: RwLock::new(State { path: path.to_owned(), retired: false }) }
    }

    /// Its name now. It may be another one a moment later.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.state.read().path.clone()
    }

    /// Whether it was retired.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.state.read().retired
    }

    /// Runs `work` with the name, which stays the same meanwhile. `work` must not ask for it again.
    pub fn with<R>(&self, work: impl FnOnce(&Path) -> R) -> R {
        work(&self.state.read().path)
    }

    /// As [`SharedDir::with`], for work that makes or renames files.
    ///
    /// # Errors
    /// `NotFound` once the directory is retired; those of `work`.
    pub fn change<R>(&self, work: impl FnOnce(&Path) -> Result<R>) -> Result<R> {
        let state = self.state.read();
        if state.retired {
            return Err(Error::new(ErrorKind::NotFound, "the directory was retired"));
        }
        work(&state.path)
    }

    /// Gives the directory another name.
    ///
    /// # Errors
    /// As [`Io::rename`]; then it has the old one.
    pub fn rename(&self, io: &dyn Io, to: &Path) -> Result<()> {
        let mut state = self.state.write();
        io.rename(&state.path, to)?;
        to.clone_into(&mut state.path);
        Ok(())
    }

    /// Retires the directory and gives it another name. Returns whether there was one.
    ///
    /// # Errors
    /// As [`Io::rename`]; then it has the old name and is retired nevertheless.
    pub fn retire(&self, io: &dyn Io, to: &Path) -> Result<bool> {
        let mut state = self.state.write();
        state.retired = true;
        match io.rename(&state.path, to) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
            Ok(()) => {
                to.clone_into(&mut state.path);
                Ok(true)
            }
        }
    }
}
