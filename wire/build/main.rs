//! Generates the message types from `schemas/`.
//!
//! ```text
//! schemas/apis/*.schema          -> messages.rs (a module per request and response), api_keys.rs
//! schemas/<group>.schema         -> <group>.rs  (a module per message)
//! schemas/coordinator_records/*  -> group.rs, transaction.rs, share.rs
//! all of them                    -> message_list.rs, a macro over all messages
//! ```
//! [`schema`] parses, [`layout`] answers questions about versions and sizes, [`types`], [`decode`],
//! [`encode`] and [`json`] write one part each of a struct, [`tables`] the enums over all of a kind.

#![allow(clippy::print_stdout, reason = "a build script speaks to cargo this way")]

mod decode;
mod encode;
mod json;
mod layout;
mod names;
mod schema;
mod tables;
mod types;

use schema::{File, Kind, Message};
use std::fs;
use std::path::{Path, PathBuf};

/// Groups of messages that are not apis: the schema file, and what joins its messages.
const GROUPS: &[(&str, Joint)] = &[
    ("header", Joint::None),
    ("control_records", Joint::None),
    ("embedded", Joint::None),
    ("state_files", Joint::None),
    ("metadata_records", Joint::Framed("MetadataRecord", "Any record of the metadata log.")),
    ("remote_log_records", Joint::Framed("RemoteLogRecord", "Any record about remote log segments.")),
    ("coordinator_records/group", Joint::Coordinator),
    ("coordinator_records/transaction", Joint::Coordinator),
    ("coordinator_records/share", Joint::Coordinator),
];

/// What joins the messages of a group.
#[derive(Clone, Copy)]
enum Joint {
    None,
    /// One enum over all records, with its name and doc line.
    Framed(&'static str, &'static str),
    /// A `Key` and a `Value`.
    Coordinator,
}

fn main() {
    println!("cargo::rerun-if-changed=schemas");
    println!("cargo::rerun-if-changed=build");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut list = Vec::new();

    let apis = api_files();
    let messages: Vec<&Message> = apis.iter().flat_map(|file| &file.messages).collect();
    list.extend(messages.iter().map(|message| tables::listed("messages", message)));
    write(&out, "messages", &modules(&messages));
    write(&out, "api_keys", &tables::api_keys(&apis));

    for (path, joint) in GROUPS {
        let file = read(&Path::new("schemas").join(format!("{path}.schema")));
        let messages: Vec<&Message> = file.messages.iter().collect();
        let joined = match joint {
            Joint::None => String::new(),
            Joint::Framed(name, doc) => tables::framed(name, doc, &messages),
            Joint::Coordinator => tables::coordinator(&messages),
        };
        list.extend(messages.iter().map(|message| tables::listed(&path.replace('/', "::"), message)));
        let name = path.rsplit('/').next().expect("a path has a last part");
        write(&out, name, &(modules(&messages) + &joined));
    }
    write(&out, "message_list", &tables::message_list(&list));
}

/// The files of all apis, by api key.
fn api_files() -> Vec<File> {
    let entries = fs::read_dir("schemas/apis").expect("schemas/apis is there");
    let mut files: Vec<File> = entries.map(|entry| read(&entry.expect("a directory entry").path())).collect();
    files.sort_by_key(|file| file.api.as_ref().expect("an `api` line").key);
    files
}

fn read(path: &Path) -> File {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    schema::parse(&text).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
}

fn write(out: &Path, name: &str, text: &str) {
    fs::write(out.join(format!("{name}.rs")), text).expect("OUT_DIR can be written");
}

fn modules(messages: &[&Message]) -> String {
    let answer = |request: &Message| {
        let answers = |it: &&&Message| it.kind == Kind::Response && it.key == request.key;
        messages.iter().find(answers).copied().filter(|_| request.kind == Kind::Request)
    };
    messages.iter().map(|message| types::module(message, answer(message))).collect()
}
