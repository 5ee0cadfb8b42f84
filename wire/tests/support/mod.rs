//! What the tests of messages share: the schemas, every generated type in one table, and messages
//! written by an encoder that knows nothing of the generated code.

#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod random;
#[path = "../../build/schema.rs"]
pub(crate) mod schema;
pub(crate) mod table;
pub(crate) mod values;

use std::fs;
use std::path::{Path, PathBuf};

/// Every schema file of the crate, parsed.
pub(crate) fn schemas() -> Vec<schema::File> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas"), &mut files);
    files.sort();
    let parse = |path: &PathBuf| schema::parse(&fs::read_to_string(path).unwrap()).unwrap();
    files.iter().map(parse).collect()
}

/// Every message of the schemas.
pub(crate) fn messages() -> Vec<schema::Message> {
    schemas().into_iter().flat_map(|file| file.messages).collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
