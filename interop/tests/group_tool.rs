//! `kraftlog consumer-groups` prints what Apache's `ConsumerGroupCommand` prints, on the same groups.

use std::time::Duration;

use kraftlog_interop::{
    Client, Finished, Node, Tool, console_consumer, console_producer, eventually, java, kraftlog_tool,
};

fn apache(node: &Node, rest: &str) -> Tool {
    let tool = java("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand");
    tool.words(&format!("--bootstrap-server {} {rest}", node.bootstrap()))
}

fn ours(node: &Node, rest: &str) -> Tool {
    kraftlog_tool("consumer-groups").words(&format!("--bootstrap-server {} {rest}", node.bootstrap()))
}

/// Standard output by lines; Apache prints some rows in the order of a hash map.
fn sorted(finished: &Finished) -> Vec<String> {
    let mut lines: Vec<String> = finished.stdout.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn assert_same(node: &Node, rest: &str) {
    assert_eq!(sorted(&ours(node, rest).finish()), sorted(&apache(node, rest).finish()), "{rest}");
}

/// A topic of two partitions with ten records, and groups that have read all of them.
fn node_with(groups: &[&str]) -> Node {
    let node = Node::start();
    let create = format!("--bootstrap-server {} --create --topic shelf --partitions 2", node.bootstrap());
    java("TopicCommand").words(&create).run();
    let lines: String = (0..10).map(|n| format!("k{n}:{n}\n")).collect();
    console_producer(&node.bootstrap(), "shelf")
        .words("--reader-property parse.key=true --reader-property key.separator=:")
        .input(lines)
        .run();
    for group in groups {
        console_consumer(&node.bootstrap(), "shelf", 10).words(&format!("--group {group}")).run();
    }
    node
}

#[test]
fn a_group_is_described_as_apache_describes_it() {
    let node = node_with(&["readers"]);
    let member = Client::Kcat.join(&node.bootstrap(), "shelf", "watchers").start();
    eventually("the member has read everything", Duration::from_secs(60), || member.output_lines() == 10);
    eventually("its offsets are committed", Duration::from_secs(60), || {
        let shown = ours(&node, "--describe --group watchers").run();
        shown.lines().filter(|row| row.starts_with("watchers") && row.contains(" 0 ")).count() == 2
    });
    for rest in [
        "--list",
        "--list --state --type",
        "--list --state stable",
        "--describe --group readers",
        "--describe --all-groups --verbose",
        "--describe --group watchers --members",
        "--describe --group watchers --members --verbose",
        "--describe --group watchers --state",
        "--describe --all-groups --state --verbose",
        "--reset-offsets --group watchers --topic shelf --to-earliest --dry-run",
    ] {
        assert_same(&node, rest);
    }
    let missing = ours(&node, "--describe --group nobody").finish().refused();
    assert_eq!(missing, "\nError: Consumer group 'nobody' does not exist.\n");
    let busy = ours(&node, "--delete --group watchers").finish().refused();
    assert!(busy.contains("* Group 'watchers' could not be deleted due to: "), "{busy}");
}

#[test]
fn offsets_are_reset_and_deleted_as_apache_does_it() {
    let node = node_with(&["readers", "writers"]);
    for target in [
        "--topic shelf --to-earliest",
        "--topic shelf:1 --to-latest",
        "--all-topics --shift-by -2",
        "--topic shelf --to-offset 3 --export",
        "--topic shelf --to-current",
        "--topic shelf --to-datetime 2020-01-01T00:00:00.000",
        "--topic shelf --by-duration PT0S",
    ] {
        assert_same(&node, &format!("--reset-offsets --group readers {target} --dry-run"));
    }
    let plan =
        ours(&node, "--reset-offsets --group readers --topic shelf --to-offset 1 --dry-run --export").run();
    let dir = tempfile::tempdir().expect("the temporary directory can be written");
    let file = dir.path().join("plan.csv");
    std::fs::write(&file, plan.trim_end()).expect("it can be written");
    let from_file = "--reset-offsets --group readers --execute --from-file";
    assert_eq!(
        sorted(&ours(&node, from_file).arg(&file).finish()),
        sorted(&apache(&node, from_file).arg(&file).finish())
    );
    let shown = ours(&node, "--describe --group readers").run();
    let offsets = shown.lines().filter_map(|row| row.split_whitespace().nth(3)?.parse().ok());
    assert_eq!(offsets.collect::<Vec<i64>>(), [1, 1]);

    // What one tool does to one group, the other does to its twin.
    let twin = |finished: &Finished| sorted(finished).join("\n").replace("writers", "readers");
    for rest in ["--delete-offsets --group GROUP --topic shelf:0", "--delete --group GROUP"] {
        let by_us = sorted(&ours(&node, &rest.replace("GROUP", "readers")).finish()).join("\n");
        assert_eq!(by_us, twin(&apache(&node, &rest.replace("GROUP", "writers")).finish()), "{rest}");
    }
    assert_eq!(ours(&node, "--list").run(), "");
}
