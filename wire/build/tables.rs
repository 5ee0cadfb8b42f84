//! Lists over all messages of a kind, as calls of macros that the crate defines.

use crate::layout::Layout;
use crate::names;
use crate::schema::{File, Kind, Message, Versions};
use crate::types::{range, type_name};
use std::fmt::Write;

/// The call of `api_keys!`.
pub(crate) fn api_keys(files: &[File]) -> String {
    let mut text = String::from("api_keys! {\n");
    for file in files {
        let api = file.api.as_ref().expect("an `api` line");
        let of = |kind| file.messages.iter().find(|message| message.kind == kind);
        let (request, response) = (of(Kind::Request), of(Kind::Response));
        assert_eq!(api.removed, request.is_none(), "{}: an api has messages or is removed", api.name);
        let versions = request.map_or(Versions::NONE, |request| request.versions);
        let flexible = |message: Option<&Message>| range(message.map_or(Versions::NONE, |it| it.flexible));
        let serves = |listener: &str| api.listeners.iter().any(|known| known == listener);
        let _ = writeln!(
            text,
            "{} = {}, versions {} {}, flexible {}, {}, unstable {}, listeners {} {};",
            api.name,
            api.key,
            versions.min,
            versions.max,
            flexible(request),
            flexible(response),
            request.is_some_and(|request| request.unstable),
            serves("broker"),
            serves("controller"),
        );
    }
    text + "}\n"
}

/// The call of `framed_records!`.
pub(crate) fn framed(name: &str, doc: &str, records: &[&Message]) -> String {
    let mut text = format!("framed_records! {{\n/// {doc}\n{name} {{\n");
    for record in records {
        let variant = record.name.strip_suffix("Record").expect("a record's name says so");
        let _ = writeln!(text, "{variant}({}) = {},", path(record), key(record));
    }
    text + "}\n}\n"
}

/// The call of `coordinator_records!`: a key and a value with the same number belong together.
pub(crate) fn coordinator(messages: &[&Message]) -> String {
    let mut text = String::from("coordinator_records! {\n");
    for message in messages.iter().filter(|message| message.kind == Kind::Key) {
        let variant = message.name.strip_suffix("Key").expect("a key's name says so");
        let value = messages.iter().find(|other| other.kind == Kind::Value && other.key == message.key);
        let value = value.unwrap_or_else(|| panic!("{} has no value", message.name));
        let _ = writeln!(text, "{variant}({}, {}) = {},", path(message), path(value), key(message));
    }
    text + "}\n"
}

/// One entry of [`message_list`].
pub(crate) fn listed(group: &str, message: &Message) -> String {
    format!("{}: {group}::{}::{},\n", message.name, names::snake(&message.name), message.name)
}

/// The macro that hands every message and its path to another one.
pub(crate) fn message_list(entries: &[String]) -> String {
    let doc = "/// Calls the macro `$visit` with every message, as `Name: path::to::Name,` each, paths from this\n\
               /// crate's root: for tests and fuzz targets that must leave none out.\n";
    let entries = entries.concat();
    format!(
        "{doc}#[macro_export]\nmacro_rules! every_message {{\n($visit:ident) => {{ $visit! {{\n{entries}}} }};\n}}\n"
    )
}

/// A message's type from the module that holds its own.
fn path(message: &Message) -> String {
    let layout = Layout::new(message);
    let shapes = layout.shapes();
    format!("{}::{}", names::snake(&message.name), type_name(&shapes[0], "'a"))
}

fn key(message: &Message) -> i16 {
    message.key.unwrap_or_else(|| panic!("{} has no number", message.name))
}
