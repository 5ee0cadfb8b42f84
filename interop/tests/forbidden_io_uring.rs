//! io_uring forbidden by a seccomp filter, as in most containers: the node serves all the same.

use kraftlog_interop::{Client, Node, Server, Tool, example, kcat};

#[test]
fn a_node_without_io_uring_serves_and_says_so_in_one_line() {
    let node = Node::of(Server::Kraftlog).launched_by(example("without_io_uring")).start();
    kcat(&node.bootstrap()).words("-P -t plain -p 0").input("one\ntwo\n").run();
    let read = Client::Kcat.read(&node.bootstrap(), "plain", 2).run();
    let values: Vec<&str> = read.lines().filter_map(|line| line.rsplit('\t').next()).collect();
    assert_eq!(values, ["one", "two"]);

    let log = node.log();
    let told: Vec<&str> =
        log.lines().filter(|line| line.contains("io_uring") || line.contains("file I/O")).collect();
    let sentence =
        "file I/O: blocking (io_uring is forbidden here (seccomp, or the sysctl kernel.io_uring_disabled))";
    assert!(told.len() == 1 && told[0].contains(sentence), "{told:#?}");
}

/// Without this, the test above could pass on a machine that has no io_uring in the first place.
#[test]
fn the_filter_is_what_forbids_it() {
    let shown = Tool::new("grep", "grep").words("Seccomp: /proc/self/status");
    assert_eq!(shown.under(example("without_io_uring")).run().trim(), "Seccomp:\t2");
}
