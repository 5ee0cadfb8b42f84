//! The schema files against the JSON inside Apache's jars: every message, field and fact.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use kraftlog_wire::ApiKey;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use support::schema::{self, Api, Field, Kind, Message, Struct, Type, Versions};

#[test]
fn every_message_of_the_jars_is_stated_alike() {
    let theirs: BTreeMap<String, Message> =
        jar_schemas().iter().filter(|json| !is_removed(json)).map(|json| keyed(message(json))).collect();
    let ours: BTreeMap<String, Message> = support::messages().into_iter().map(keyed).collect();
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().collect::<Vec<_>>(),
        "the same messages on both sides"
    );
    for (name, message) in &theirs {
        assert_eq!(&ours[name], message, "{name}");
    }
    assert!(theirs.len() > 260, "the jars hold all schemas, {} are too few", theirs.len());
}

#[test]
fn every_api_of_the_jars_has_its_key_and_listeners() {
    let mut theirs: Vec<Api> =
        jar_schemas().iter().filter(|json| text(json, "type") == "request").map(api).collect();
    theirs.sort_by_key(|api| api.key);
    let mut ours: Vec<Api> = support::schemas().into_iter().filter_map(|file| file.api).collect();
    ours.sort_by_key(|api| api.key);
    assert_eq!(ours, theirs);

    for api in theirs {
        let generated = ApiKey::from_code(api.key).expect("a generated api");
        assert_eq!(generated.name(), api.name);
        assert_eq!(generated.valid_versions().is_empty(), api.removed);
        assert_eq!(generated.listeners().broker, api.listeners.contains(&"broker".to_owned()));
        assert_eq!(generated.listeners().controller, api.listeners.contains(&"controller".to_owned()));
    }
}

fn keyed(message: Message) -> (String, Message) {
    (message.name.clone(), message)
}

/// Every message schema inside the jars of Apache Kafka.
fn jar_schemas() -> Vec<Json> {
    let mut schemas = Vec::new();
    for path in jars() {
        let mut jar = zip::ZipArchive::new(File::open(&path).unwrap()).unwrap();
        for index in 0..jar.len() {
            let mut entry = jar.by_index(index).unwrap();
            let name = entry.name().unwrap().into_owned();
            let folder = name.rsplit('/').nth(1).unwrap_or("");
            if name.ends_with(".json") && (folder == "message" || folder == "metadata") {
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                schemas.push(serde_json::from_str(&without_comments(&text)).expect(&name));
            }
        }
    }
    schemas
}

/// The jars of Apache Kafka itself.
fn jars() -> Vec<PathBuf> {
    let libs = std::env::var_os("KRAFTLOG_KAFKA_LIBS").expect(
        "KRAFTLOG_KAFKA_LIBS names no directory of Apache Kafka's jars: run ./check, which fetches them",
    );
    let entries = fs::read_dir(libs).expect("KRAFTLOG_KAFKA_LIBS is a directory");
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("kafka-") && name.ends_with("-4.3.1.jar")
        })
        .collect()
}

/// The text without `//` comments, which JSON does not have and these files do.
fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut letters = text.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quoted => {
                kept.push(letter);
                kept.extend(letters.next());
                continue;
            }
            '"' => quoted = !quoted,
            '/' if !quoted && letters.peek() == Some(&'/') => {
                letters.by_ref().find(|&letter| letter == '\n');
                kept.push('\n');
                continue;
            }
            _ => {}
        }
        kept.push(letter);
    }
    kept
}

fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json[key].as_str().unwrap_or("")
}

fn list<'j>(json: &'j Json, key: &str) -> &'j [Json] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

fn versions(json: &Json, key: &str) -> Versions {
    json[key].as_str().map_or(Versions::NONE, |text| Versions::parse(text).unwrap())
}

fn is_removed(json: &Json) -> bool {
    text(json, "validVersions") == "none"
}

fn number(json: &Json, key: &str) -> Option<i64> {
    json[key].as_i64()
}

fn api(json: &Json) -> Api {
    let listeners = list(json, "listeners").iter().map(|name| name.as_str().unwrap().to_owned());
    Api {
        name: text(json, "name").strip_suffix("Request").expect("a request").to_owned(),
        key: number(json, "apiKey").expect("a key") as i16,
        listeners: listeners.collect(),
        removed: is_removed(json),
    }
}

fn message(json: &Json) -> Message {
    let kind = match text(json, "type") {
        "request" => Kind::Request,
        "response" => Kind::Response,
        "header" => Kind::Header,
        "data" => Kind::Data,
        "metadata" => Kind::Record,
        "coordinator-key" => Kind::Key,
        "coordinator-value" => Kind::Value,
        other => panic!("a new kind of message: {other}"),
    };
    let mut structs = Vec::new();
    for common in list(json, "commonStructs") {
        nested(text(common, "name"), common, &mut structs);
    }
    Message {
        kind,
        name: text(json, "name").to_owned(),
        key: number(json, "apiKey").map(|key| key as i16),
        versions: versions(json, "validVersions"),
        flexible: versions(json, "flexibleVersions"),
        unstable: json["latestVersionUnstable"].as_bool().unwrap_or(false),
        fields: fields(json, &mut structs),
        structs,
    }
}

fn nested(name: &str, json: &Json, structs: &mut Vec<Struct>) {
    let place = structs.len();
    structs.push(Struct { name: name.to_owned(), fields: Vec::new() });
    structs[place].fields = fields(json, structs);
}

fn fields(json: &Json, structs: &mut Vec<Struct>) -> Vec<Field> {
    list(json, "fields").iter().map(|json| field(json, structs)).collect()
}

fn field(json: &Json, structs: &mut Vec<Struct>) -> Field {
    let ty = Type::parse(text(json, "type"));
    if json["fields"].is_array() {
        nested(ty.struct_name().expect("only structs have fields"), json, structs);
    }
    let tagged = versions(json, "taggedVersions");
    Field {
        name: text(json, "name").to_owned(),
        default: default(&ty, &json["default"]),
        ty,
        // A field that is tagged wherever it is may leave its versions out.
        versions: if json["versions"].is_string() { versions(json, "versions") } else { tagged },
        nullable: versions(json, "nullableVersions"),
        tag: number(json, "tag").map(|tag| tag as u32),
        ignorable: json["ignorable"].as_bool().unwrap_or(false),
        flexible: json["flexibleVersions"].is_string().then(|| versions(json, "flexibleVersions")),
    }
}

/// A default as a schema file writes it: nothing for zero, false and empty.
fn default(ty: &Type, json: &Json) -> Option<String> {
    let text = match json {
        Json::String(text) => text.clone(),
        Json::Null => return None,
        other => other.to_string(),
    };
    let value = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).unwrap().to_string(),
        None => text,
    };
    match (ty, value.as_str()) {
        (_, "" | "0" | "false") => None,
        (Type::String, value) if value != "null" => Some(format!("\"{value}\"")),
        (_, value) => Some(value.to_owned()),
    }
}

#[test]
fn a_schema_file_that_says_nothing_known_is_refused() {
    for (wrong, problem) in [
        ("request 0", "line 1: a request or response needs an `api` line"),
        ("api A 1\nrequest 0 {\n", "line 2: a block is not closed"),
        ("api A 1\nrequest 0 {\nX int8 0+\n}", "line 3: a field's name ends with a colon"),
        ("api A 1\nrequest 0 {\nX: int8 zero\n}", "line 3: not a version range: `zero`"),
        ("data A versions 0 {\nX: int8 0+ tagged\n}", "line 2: unexpected `tagged`"),
        ("thing A versions 0 {\n}", "line 1: unknown kind `thing`"),
    ] {
        assert_eq!(schema::parse(wrong), Err(problem.to_owned()), "{wrong}");
    }
}
