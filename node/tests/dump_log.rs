//! `kafka-dump-log` prints what Apache Kafka's DumpLogSegments prints, byte for byte.
//!
//! The files in `golden/dump-log` were written, and the outputs printed, by Apache Kafka 4.3.1.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/dump-log")
}

fn dump_log(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kraftlog"));
    command.arg("dump-log").args(arguments).current_dir(golden()).output().expect("the program starts")
}

#[test]
fn every_case_prints_what_apache_prints() {
    let cases = std::fs::read_to_string(golden().join("cases.txt")).unwrap();
    let mut differing = Vec::new();
    let cases: Vec<(&str, &str)> = cases
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .collect();
    assert!(cases.len() > 10, "the cases are there");
    for (name, arguments) in cases {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let expected = std::fs::read_to_string(golden().join(format!("{name}.out"))).unwrap();
        let output = dump_log(&arguments);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        if printed != expected {
            let line = printed.lines().zip(expected.lines()).find(|(ours, theirs)| ours != theirs);
            differing.push(format!("{name}: {line:#?}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn a_missing_file_is_named() {
    let output = dump_log(&["--files", "nonexistent"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "no such file: nonexistent\n");
}

#[test]
fn a_torn_tail_and_a_wrong_checksum_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = std::fs::read(golden().join("b-0/00000000000000000000.log")).unwrap();
    let last = log.len() - 10;
    log.truncate(last);
    log[70] ^= 1;
    let file = directory.path().join("00000000000000000000.log");
    std::fs::write(&file, &log).unwrap();
    let output = dump_log(&["--files", file.to_str().unwrap()]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("isvalid: false"), "{printed}");
    assert!(printed.contains(" invalid bytes at the end of 00000000000000000000.log"), "{printed}");
}

#[test]
fn offsets_with_gaps_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("00000000000000000007.log");
    let mut batch = wire::batch::BatchBuilder::new(7);
    batch.push(1, None, Some(b"a"), &[]);
    batch.push_at(9, 1, None, Some(b"b"), &[]);
    std::fs::write(&file, batch.build()).unwrap();
    let output = dump_log(&["--deep-iteration", "--files", file.to_str().unwrap()]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "Non-consecutive offsets in {}\n  -1 is followed by 7\n  7 is followed by 9\n",
        file.display()
    );
    assert_eq!(complaint, expected);
}
