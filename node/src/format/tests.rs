//! What formatting writes, and what it refuses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use log_store::directory::read_meta_properties;
use log_store::io::{Io, MemoryIo};
use metadata::features::MetadataVersion;
use snapshot::{SnapshotDirectory, SnapshotId, read_bootstrap};

use super::*;
use crate::config::HostPort;

const NOW_MS: i64 = 1_700_000_000_000;

fn plan(directories: &[&str]) -> Plan {
    Plan {
        cluster_id: "MkU3OEVBNTcwNTJENDM2Qg".to_owned(),
        node_id: 1,
        directories: directories.iter().map(PathBuf::from).collect(),
        metadata_directory: PathBuf::from(directories[0]),
        levels: Levels::choose(None, &[], false).unwrap(),
        voters: None,
        controller_listener: "CONTROLLER".to_owned(),
        ignore_formatted: false,
    }
}

fn run(plan: &Plan, io: &Arc<dyn Io>) -> Result<String, FormatError> {
    let mut out = Vec::new();
    plan.run(io, NOW_MS, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn memory() -> Arc<dyn Io> {
    Arc::new(MemoryIo::new())
}

#[test]
fn every_directory_gets_an_id_and_the_first_features() {
    let io = memory();
    let said = run(&plan(&["/d1", "/d2"]), &io).unwrap();
    assert!(said.contains("Formatting metadata directory /d1 with metadata.version 4.3-IV0.\n"), "{said}");
    assert!(said.contains("Formatting data directory /d2 with metadata.version 4.3-IV0.\n"), "{said}");
    let meta = |path: &str| read_meta_properties(&*io, Path::new(path)).unwrap().unwrap();
    assert_eq!((meta("/d1").cluster_id.as_str(), meta("/d1").node_id), ("MkU3OEVBNTcwNTJENDM2Qg", 1));
    assert_ne!(meta("/d1").directory_id, meta("/d2").directory_id);
    assert_eq!(read_bootstrap(&*io, Path::new("/d2")).unwrap().unwrap().len(), 6);
    assert!(!io.exists(Path::new("/d1/__cluster_metadata-0")).unwrap());
}

#[test]
fn first_voters_stand_in_a_snapshot_with_their_directory() {
    let io = memory();
    let voters = InitialVoter::parse_list(
        "1@localhost:9093:Su4JhUn3Rp2Rwsyt80OftA,2@other:9093:7ivHa7VCy1n_rziAOmlpQQ",
    );
    let levels = Levels::choose(None, &[], true).unwrap();
    let said = run(&Plan { voters: Some(voters.unwrap()), levels, ..plan(&["/d1"]) }, &io).unwrap();
    assert!(said.contains("Formatting dynamic metadata voter directory /d1"), "{said}");
    let meta = read_meta_properties(&*io, Path::new("/d1")).unwrap().unwrap();
    assert_eq!(meta.directory_id.unwrap().to_string(), "Su4JhUn3Rp2Rwsyt80OftA");
    let snapshots = SnapshotDirectory::open(Arc::clone(&io), Path::new("/d1/__cluster_metadata-0")).unwrap();
    assert_eq!(snapshots.latest().unwrap(), Some(SnapshotId::BOOTSTRAP));
}

#[test]
fn a_formatted_directory_is_refused_or_passed_over() {
    let io = memory();
    run(&plan(&["/d1"]), &io).unwrap();
    let error = run(&plan(&["/d1", "/d2"]), &io).unwrap_err().to_string();
    assert_eq!(
        error,
        "Log directory /d1 is already formatted. Use --ignore-formatted to ignore this directory and format the others."
    );
    assert!(!io.exists(Path::new("/d2")).unwrap(), "nothing was touched");
    let said = run(&Plan { ignore_formatted: true, ..plan(&["/d1", "/d2"]) }, &io).unwrap();
    assert!(said.contains("/d2") && !said.contains("directory /d1"), "{said}");
    let said = run(&Plan { ignore_formatted: true, ..plan(&["/d1", "/d2"]) }, &io).unwrap();
    assert_eq!(said, "All of the log directories are already formatted.\n");
}

#[test]
fn another_cluster_or_node_is_refused_with_both_sides() {
    let io = memory();
    run(&plan(&["/d1"]), &io).unwrap();
    let other = Plan { cluster_id: "other".to_owned(), ignore_formatted: true, ..plan(&["/d1"]) };
    let error = run(&other, &io).unwrap_err().to_string();
    assert!(
        error.starts_with("/d1 belongs to cluster MkU3OEVBNTcwNTJENDM2Qg, and other is asked for."),
        "{error}"
    );
    let error = run(&Plan { node_id: 2, ..plan(&["/d1"]) }, &io).unwrap_err().to_string();
    assert!(error.starts_with("/d1 belongs to node 1, and the configuration says node.id=2."), "{error}");
}

#[test]
fn levels_follow_the_release_and_what_is_asked() {
    let asked = |pairs: &[(&str, i16)]| {
        pairs.iter().map(|&(name, level)| (name.to_owned(), level)).collect::<Vec<_>>()
    };
    let old = Levels::choose(MetadataVersion::from_name("3.7-IV2"), &[], false).unwrap();
    assert_eq!(old.begin_with(), [("metadata.version", 17)]);
    let levels = Levels::choose(None, &asked(&[("share.version", 0)]), true).unwrap();
    assert!(levels.begin_with().iter().all(|(name, _)| *name != "share.version"));
    assert_eq!(levels.kraft_version(), 1);
    for (pairs, is_dynamic, sentence) in [
        (
            asked(&[("nope", 1)]),
            true,
            "Unsupported feature: nope. Supported features are: eligible.leader.replicas.version",
        ),
        (asked(&[("kraft.version", 0)]), true, "Cannot set kraft.version to 0"),
        (asked(&[("kraft.version", 1)]), false, "Cannot set kraft.version to 1 unless"),
        (asked(&[("group.version", 9)]), true, "No feature:group.version with feature level 9"),
        (
            asked(&[("metadata.version", 20), ("eligible.leader.replicas.version", 1)]),
            true,
            "eligible.leader.replicas.version could not be set to 1 because it depends on metadata.version level 23",
        ),
    ] {
        let error = Levels::choose(None, &pairs, is_dynamic).unwrap_err();
        assert!(error.starts_with(sentence), "{error}");
    }
}

#[test]
fn initial_controllers_are_checked_one_by_one() {
    let voter = InitialVoter::parse_list("3@[::1]:9093:Su4JhUn3Rp2Rwsyt80OftA").unwrap().remove(0);
    assert_eq!(voter.address, HostPort { host: "::1".to_owned(), port: 9093 });
    for text in ["", "1@h:1", "x@h:1:Su4JhUn3Rp2Rwsyt80OftA", "1@h:1:short"] {
        assert!(InitialVoter::parse_list(text).is_err(), "{text}");
    }
    let twice = "1@a:1:Su4JhUn3Rp2Rwsyt80OftA,1@b:1:7ivHa7VCy1n_rziAOmlpQQ";
    assert_eq!(InitialVoter::parse_list(twice).unwrap_err(), "--initial-controllers names 1 twice");
}
