//! `kraftlog dev` as a new user meets it: an empty directory, and whatever the program says to type next.

use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A child that is killed when the test ends, and what it prints.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(mut command: Command, directory: &Path) -> Self {
        command.current_dir(directory).env_clear().env("HOME", directory).env("PATH", "/usr/bin:/bin");
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines }
    }

    fn node(directory: &Path, port: u16) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kraftlog"));
        command.args(["dev", "--port", &port.to_string()]);
        Self::start(command, directory)
    }

    /// Lines up to the first that contains `text`.
    fn until(&mut self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        for line in self.lines.by_ref().map_while(Result::ok) {
            seen.push(line);
            if seen.last().is_some_and(|line| line.contains(text)) {
                return seen;
            }
        }
        panic!("it ended before it said {text:?}:\n{}", seen.join("\n"));
    }

    /// What Ctrl-C does; the exit code.
    fn interrupt(&mut self) -> Option<i32> {
        self.signal(Signal::INT);
        self.end()
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a process id");
        kill_process(pid, signal).expect("it runs");
    }

    fn end(&mut self) -> Option<i32> {
        // What it still says is read, so that the pipe does not fill.
        self.lines.by_ref().for_each(drop);
        self.child.wait().expect("it can be waited for").code()
    }
}

/// Whether what this process starts is to ignore SIGHUP.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process can read its status");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("the kernel tells it");
    u64::from_str_radix(mask.trim(), 16).expect("a mask of signals") & 1 != 0
}

/// A port that is free together with the one behind it.
fn free_port() -> u16 {
    let mut port = interop::free_port();
    loop {
        let next = interop::free_port();
        if next == port + 1 {
            return port;
        }
        port = next;
    }
}

/// Starts the node and returns it with the commands that it prints.
fn start(directory: &Path, port: u16) -> (Running, Vec<String>) {
    let mut node = Running::node(directory, port);
    node.until(&format!("Listening on localhost:{port}; the data is in data. Ctrl-C stops the node."));
    node.until("In another terminal:");
    let commands = node.until("consume").iter().map(|line| line.trim().to_owned()).collect();
    (node, commands)
}

fn shell(command: &str, directory: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec {command}")).current_dir(directory);
    shell
}

#[test]
fn what_it_says_to_type_works_and_a_second_start_keeps_the_data() {
    let directory = tempfile::tempdir().expect("a directory");
    let port = free_port();
    let (mut node, commands) = start(directory.path(), port);
    let [create, produce, consume] = commands.as_slice() else { panic!("{commands:#?}") };

    let created = shell(create, directory.path()).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&created.stdout), "Created topic first.\n", "{created:?}");
    let (echo, produce) = produce.split_once(" | ").expect("echo into produce");
    let produced = Command::new("sh").arg("-c").arg(format!("{echo} | {produce}")).output().expect("a shell");
    assert!(produced.status.success(), "{produced:?}");
    let mut reader = Running::start(shell(consume, directory.path()), directory.path());
    assert_eq!(reader.until("hello"), ["hello"]);
    drop(reader);

    assert_eq!(node.interrupt(), Some(0));
    assert!(directory.path().join("data/.kafka_cleanshutdown").exists());

    let (mut node, commands) = start(directory.path(), port);
    let mut reader = Running::start(shell(&commands[2], directory.path()), directory.path());
    assert_eq!(reader.until("hello"), ["hello"]);
    assert_eq!(node.interrupt(), Some(0));
}

#[test]
fn a_closed_terminal_stops_it_cleanly_and_other_signals_do_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut node, _) = start(directory.path(), free_port());
    for signal in [Signal::QUIT, Signal::USR1, Signal::USR2, Signal::HUP] {
        node.signal(signal);
    }
    if hangup_is_ignored() {
        // The tests run under nohup: the node has to outlive its terminal, too.
        node.signal(Signal::INT);
    }
    assert_eq!(node.end(), Some(0));
    assert!(directory.path().join("data/.kafka_cleanshutdown").exists());
}

#[test]
fn a_port_in_use_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let port = free_port();
    let taken = TcpListener::bind(("127.0.0.1", port)).expect("it was free a moment ago");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kraftlog"));
    let output = command.args(["dev", "--port", &port.to_string()]).current_dir(directory.path()).output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!(":{port} is in use by another process")), "{said}");
    drop(taken);
}
