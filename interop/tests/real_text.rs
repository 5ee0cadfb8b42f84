//! Real input: every line of the Rust sources in cargo's registry, millions of them, sent by kcat with
//! the file as key and read back by `ConsoleConsumer`.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kraftlog_interop::{Node, console_consumer, files_ending_with, java, kcat};

/// What is known of one file's lines, in order: how many, and a hash over all of them.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Told {
    lines: usize,
    hash: u64,
}

impl Told {
    fn add(&mut self, line: &str) {
        let mut hasher = DefaultHasher::new();
        (self.hash, line).hash(&mut hasher);
        self.hash = hasher.finish();
        self.lines += 1;
    }
}

/// Where cargo unpacks the sources of dependencies.
fn registry() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    home.expect("cargo has a home").join("registry/src")
}

/// Writes `file TAB line` for each line of each source to `input`; returns what was written, by file.
fn write_lines(input: &Path) -> BTreeMap<String, Told> {
    let root = registry();
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    let mut out = BufWriter::new(std::fs::File::create(input).expect("a temporary file can be made"));
    for path in files_ending_with(&root, ".rs") {
        // A few fixtures of parsers are not text.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let key = path.strip_prefix(&root).expect("found below the root").display().to_string();
        let entry = told.entry(key.clone()).or_default();
        // kcat leaves out empty messages, so a number stands before each line.
        for (number, line) in text.split('\n').enumerate() {
            let line = format!("{number} {line}");
            entry.add(&line);
            writeln!(out, "{key}\t{line}").expect("a temporary file can be written");
        }
    }
    out.flush().expect("a temporary file can be written");
    told
}

#[test]
fn all_lines_of_the_registry_come_back_in_order_per_file() {
    let node = Node::start();
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("lines");
    let sent = write_lines(&input);
    let lines: usize = sent.values().map(|told| told.lines).sum();
    assert!(lines > 100_000, "only {lines} lines below {}", registry().display());

    java("TopicCommand")
        .words(&format!("--bootstrap-server {} --create --topic text --partitions 6", node.bootstrap()))
        .words("--config max.message.bytes=10000000")
        .run();
    kcat(&node.bootstrap())
        .words("-P -t text -K \\t -l -X message.max.bytes=10000000 -X compression.type=lz4 -X linger.ms=20")
        .arg(&input)
        .within(Duration::from_mins(5))
        .run();

    let read = console_consumer(&node.bootstrap(), "text", lines)
        .words("--formatter-property print.key=true")
        .within(Duration::from_mins(5))
        .run();
    let mut returned: BTreeMap<String, Told> = BTreeMap::new();
    // By '\n' alone: sources may hold carriage returns.
    for line in read.strip_suffix('\n').unwrap().split('\n') {
        let (key, line) = line.split_once('\t').unwrap();
        returned.entry(key.to_owned()).or_default().add(line);
    }
    assert_eq!(returned.values().map(|told| told.lines).sum::<usize>(), lines);
    let strayed = sent.iter().find(|(key, told)| returned.get(*key) != Some(told));
    assert_eq!(strayed, None, "a file's lines are lost, doubled or out of order");
    assert_eq!(returned.len(), sent.len());
}
