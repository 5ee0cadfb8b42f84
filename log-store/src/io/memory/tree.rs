//! The names of one directory: live, durable, and the changes between.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Result};
use std::path::{Component, Path};
use std::sync::Arc;

use parking_lot::Mutex;

use super::image::FileNode;
use crate::io::{DirEntry, EntryKind, Metadata};

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Node {
    File(Arc<FileNode>),
    Directory(Arc<Directory>),
}

impl Node {
    pub(super) fn into_directory(self) -> Result<Arc<Directory>> {
        match self {
            Self::Directory(directory) => Ok(directory),
            Self::File(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn metadata(&self) -> Metadata {
        match self {
            Self::File(file) => {
                Metadata { kind: EntryKind::File, length: file.len(), modified_ms: file.modified_ms() }
            }
            Self::Directory(_) => Metadata { kind: EntryKind::Directory, length: 0, modified_ms: 0 },
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(a), Self::File(b)) => Arc::ptr_eq(a, b),
            (Self::Directory(a), Self::Directory(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// A directory, whatever its name.
#[derive(Debug, Default)]
pub(super) struct Directory {
    names: Mutex<Names>,
}

/// Invariant: `durable` with all of `pending` applied in order equals `live`, unless a sync failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) live: BTreeMap<String, Node>,
    pub(super) durable: BTreeMap<String, Node>,
    pub(super) pending: Vec<Naming>,
}

/// One change of names, which a crash keeps or drops as a whole: a rename is both at once.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    removed: Option<(String, Node)>,
    added: Option<(String, Node)>,
}

impl Naming {
    pub(super) fn apply(&self, names: &mut BTreeMap<String, Node>) {
        if let Some((name, node)) = &self.removed
            && names.get(name).is_some_and(|present| present.is(node))
        {
            names.remove(name);
        }
        if let Some((name, node)) = &self.added {
            names.insert(name.clone(), node.clone());
        }
    }
}

impl Directory {
    /// A directory whose names have reached the disk.
    pub(super) fn durable(names: BTreeMap<String, Node>) -> Self {
        let names = Names { live: names.clone(), durable: names, pending: Vec::new() };
        Self { names: Mutex::new(names) }
    }

    pub(super) fn names(&self) -> Names {
        self.names.lock().clone()
    }

    pub(super) fn get(&self, name: &str) -> Result<Node> {
        self.names.lock().live.get(name).cloned().ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(super) fn insert(&self, name: String, node: Node) {
        self.change(Naming { removed: None, added: Some((name, node)) });
    }

    pub(super) fn remove(&self, name: &str) {
        let node = self.names.lock().live.get(name).cloned();
        self.change(Naming { removed: node.map(|node| (name.to_owned(), node)), added: None });
    }

    pub(super) fn rename(&self, from: &str, to: String) -> Result<()> {
        let node = self.get(from)?;
        if from == to {
            return Ok(());
        }
        match (&node, self.get(&to)) {
            (Node::File(_), Ok(Node::Directory(_))) => return Err(ErrorKind::IsADirectory.into()),
            (Node::Directory(_), Ok(Node::File(_))) => return Err(ErrorKind::NotADirectory.into()),
            (Node::Directory(_), Ok(Node::Directory(there))) if !there.is_empty() => {
                return Err(ErrorKind::DirectoryNotEmpty.into());
            }
            _ => {}
        }
        self.change(Naming { removed: Some((from.to_owned(), node.clone())), added: Some((to, node)) });
        Ok(())
    }

    pub(super) fn sync(&self) {
        let mut names = self.names.lock();
        let Names { durable, pending, .. } = &mut *names;
        for naming in pending.drain(..) {
            naming.apply(durable);
        }
    }

    pub(super) fn lose_pending(&self) {
        self.names.lock().pending.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.lock().live.is_empty()
    }

    pub(super) fn list(&self) -> Vec<DirEntry> {
        let names = self.names.lock();
        let entry =
            |(name, node): (&String, &Node)| DirEntry { name: name.clone(), kind: node.metadata().kind };
        names.live.iter().map(entry).collect()
    }

    /// The directory that `path` names below this one.
    pub(super) fn descend(self: &Arc<Self>, path: &Path) -> Result<Arc<Self>> {
        let mut at = Arc::clone(self);
        for name in names(path)? {
            at = at.get(&name)?.into_directory()?;
        }
        Ok(at)
    }

    fn change(&self, naming: Naming) {
        let mut names = self.names.lock();
        naming.apply(&mut names.live);
        names.pending.push(naming);
    }
}

/// The names along a path; relative paths begin at the root.
pub(super) fn names(path: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(ErrorKind::InvalidInput.into()),
        }
    }
    Ok(names)
}
