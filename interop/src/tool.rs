//! One run of somebody's program: arguments, input, a deadline, and what it said.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{Running, mortal};

/// A program that has not been started yet.
pub struct Tool {
    name: String,
    command: Command,
    within: Duration,
}

/// What a program left behind.
pub struct Finished {
    /// Whether it exited with 0.
    pub success: bool,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
    name: String,
}

/// A program at work, whose output can be read while it grows.
pub struct RunningTool {
    name: String,
    process: Running,
    stdout: PathBuf,
    stderr: PathBuf,
    within: Duration,
    /// Holds the output files until the value is dropped.
    _dir: tempfile::TempDir,
}

impl Tool {
    /// `program`, called `name` in failures. It gets no input and two minutes.
    pub fn new(name: &str, program: impl AsRef<OsStr>) -> Self {
        let mut command = mortal(program.as_ref());
        command.stdin(Stdio::null());
        Self { name: name.to_owned(), command, within: Duration::from_mins(2) }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds the words of `line`, which are separated by single spaces.
    #[must_use]
    pub fn words(mut self, line: &str) -> Self {
        self.command.args(line.split(' '));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, key: &str, value: &str) -> Self {
        self.command.env(key, value);
        self
    }

    /// Starts it in `dir`.
    #[must_use]
    pub fn in_dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Gives it `text` on standard input.
    #[must_use]
    pub fn input(mut self, text: impl AsRef<[u8]>) -> Self {
        let mut file = tempfile::tempfile().expect("the temporary directory can be written");
        file.write_all(text.as_ref()).expect("a temporary file can be written");
        file.rewind().expect("a file can be rewound");
        self.command.stdin(file);
        self
    }

    /// Gives it the file at `path` on standard input.
    #[must_use]
    pub fn input_file(mut self, path: &Path) -> Self {
        self.command.stdin(File::open(path).expect("the input file exists"));
        self
    }

    /// Has `launcher` start it: a program that becomes the command line which it is given.
    #[must_use]
    pub fn under(mut self, launcher: impl AsRef<OsStr>) -> Self {
        let mut command = mortal(launcher.as_ref());
        command.arg(self.command.get_program()).args(self.command.get_args()).stdin(Stdio::null());
        for (key, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        self.command = command;
        self
    }

    /// Gives it another deadline.
    #[must_use]
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// The bare command, for a caller who sees to its outputs.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Starts it and returns at once.
    pub fn start(mut self) -> RunningTool {
        let dir = tempfile::tempdir().expect("the temporary directory can be written");
        let (stdout, stderr) = (dir.path().join("stdout"), dir.path().join("stderr"));
        self.command.stdout(File::create(&stdout).expect("an output file can be made"));
        self.command.stderr(File::create(&stderr).expect("an output file can be made"));
        let process = Running::start(self.command);
        RunningTool { name: self.name, process, stdout, stderr, within: self.within, _dir: dir }
    }

    /// Runs it to its end, whatever that is.
    ///
    /// # Panics
    /// When the deadline passes.
    pub fn finish(self) -> Finished {
        self.start().finish()
    }

    /// Runs it to a good end and returns its standard output.
    ///
    /// # Panics
    /// When it fails or the deadline passes; shows what it said.
    pub fn run(self) -> String {
        self.finish().good()
    }
}

impl RunningTool {
    /// Its standard output so far.
    pub fn output(&self) -> String {
        read_lossy(&self.stdout)
    }

    /// The number of lines on its standard output so far.
    pub fn output_lines(&self) -> usize {
        self.output().lines().count()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it without warning and returns what it had said.
    pub fn kill(mut self) -> String {
        self.process.kill();
        self.output()
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        !self.process.alive()
    }

    /// Kills it without warning and returns its standard error.
    pub(crate) fn kill_and_tell_errors(mut self) -> String {
        self.process.kill();
        read_lossy(&self.stderr)
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits for its end, whatever that is.
    ///
    /// # Panics
    /// When the deadline passes.
    pub fn finish(mut self) -> Finished {
        let status = self.process.wait(self.within);
        let (stdout, stderr) = (self.output(), read_lossy(&self.stderr));
        let Some(status) = status else {
            panic!("{} did not end within {:?}\n{}", self.name, self.within, told(&stdout, &stderr));
        };
        Finished { success: status.success(), stdout, stderr, name: self.name }
    }
}

impl Finished {
    /// Its standard output, when it exited with 0.
    ///
    /// # Panics
    /// When it did not; shows what it said.
    pub fn good(self) -> String {
        assert!(self.success, "{} failed\n{}", self.name, told(&self.stdout, &self.stderr));
        self.stdout
    }

    /// Both outputs, when it exited with something else than 0.
    ///
    /// # Panics
    /// When it succeeded.
    pub fn refused(self) -> String {
        assert!(!self.success, "{} should have failed\n{}", self.name, told(&self.stdout, &self.stderr));
        self.stdout + &self.stderr
    }
}

fn read_lossy(path: &Path) -> String {
    let mut bytes = Vec::new();
    let mut file = File::open(path).expect("an output file lives as long as its tool");
    file.read_to_end(&mut bytes).expect("an output file can be read");
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The ends of both outputs, short enough for a test report.
fn told(stdout: &str, stderr: &str) -> String {
    format!("--- stdout ends:\n{}\n--- stderr ends:\n{}", ending(stdout), ending(stderr))
}

fn ending(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}
