//! `meta.properties`: whose directory this is.

use std::path::Path;

use wire::Uuid;

use super::DirectoryError;
use crate::io::{Io, read_file, replace_file};
use crate::properties::{self, Property};

/// Kafka's name of the file.
pub(super) const FILE_NAME: &str = "meta.properties";

/// The version that KRaft writes; version 0 was ZooKeeper's.
const VERSION: &str = "1";

/// Ids below this are reserved (lost, unassigned, migrating, and room for more).
const RESERVED_IDS: u128 = 100;

/// Content of `meta.properties`, version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster this directory belongs to; any text, usually 22 characters.
    pub cluster_id: String,
    /// The node this directory belongs to, 0 or more.
    pub node_id: i32,
    /// The id of this directory (KIP-858). Absent in directories formatted before 3.7.
    pub directory_id: Option<Uuid>,
}

/// Whether an id cannot be that of a directory (KIP-858): the first hundred have other meanings.
#[must_use]
pub fn is_reserved_directory_id(id: Uuid) -> bool {
    u128::from(id) < RESERVED_IDS
}

/// `meta.properties` of a directory that nobody has to hold open or locked; `None` when it isn't
/// formatted, or isn't there.
///
/// # Errors
/// [`DirectoryError::Damaged`] with the line, or [`DirectoryError::Io`].
pub fn read_meta_properties(io: &dyn Io, directory: &Path) -> Result<Option<MetaProperties>, DirectoryError> {
    let path = directory.join(FILE_NAME);
    let exists = io.exists(&path).map_err(DirectoryError::io(&path))?;
    exists.then(|| read(io, &path)).transpose()
}

/// Writes `meta.properties` into a directory, as formatting does. Durable on `Ok`; after a crash the old
/// or the new content.
///
/// # Errors
/// [`DirectoryError::Io`].
pub fn write_meta_properties(
    io: &dyn Io,
    directory: &Path,
    meta: &MetaProperties,
) -> Result<(), DirectoryError> {
    write(io, &directory.join(FILE_NAME), meta)
}

pub(super) fn read(io: &dyn Io, path: &Path) -> Result<MetaProperties, DirectoryError> {
    let bytes = read_file(io, path).map_err(DirectoryError::io(path))?;
    let settings = properties::parse(&bytes)
        .map_err(|error| DirectoryError::damaged(path, error.line, error.to_string()))?;
    decode(path, &settings)
}

/// After a crash the file holds the old content or the new one; the new one after `Ok`.
pub(super) fn write(io: &dyn Io, path: &Path, meta: &MetaProperties) -> Result<(), DirectoryError> {
    let (node, directory) = (meta.node_id.to_string(), meta.directory_id.map(|id| id.to_string()));
    let mut settings = vec![("version", VERSION), ("cluster.id", &meta.cluster_id), ("node.id", &node)];
    settings.extend(directory.as_deref().map(|id| ("directory.id", id)));
    let text = properties::write(&settings);
    replace_file(io, path, text.as_bytes()).map_err(DirectoryError::io(path))
}

fn decode(path: &Path, settings: &[Property]) -> Result<MetaProperties, DirectoryError> {
    let find = |key: &str| settings.iter().rfind(|setting| setting.key == key);
    let require =
        |key: &str| find(key).ok_or_else(|| DirectoryError::damaged(path, None, format!("{key} is missing")));
    let fault = |setting: &Property, expected: &str| {
        let Property { key, value, line } = setting;
        DirectoryError::damaged(path, *line, format!("{key}: expected {expected}, got {value:?}"))
    };
    let version = require("version")?;
    if version.value != VERSION {
        return Err(fault(version, "1 (version 0 was written for ZooKeeper)"));
    }
    let cluster = require("cluster.id")?;
    let node = require("node.id")?;
    let node_id = node.value.parse().ok().filter(|id| *id >= 0);
    let directory = find("directory.id");
    let directory_id = match directory.map(|setting| (setting, setting.value.parse::<Uuid>())) {
        Some((setting, Err(_))) => return Err(fault(setting, "22 characters of url-safe base64")),
        Some((setting, Ok(id))) if is_reserved_directory_id(id) => {
            return Err(fault(setting, "an id that is not reserved"));
        }
        Some((_, Ok(id))) => Some(id),
        None => None,
    };
    Ok(MetaProperties {
        cluster_id: cluster.value.clone(),
        node_id: node_id.ok_or_else(|| fault(node, "a whole number \u{2265} 0"))?,
        directory_id,
    })
}
