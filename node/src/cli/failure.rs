//! How a tool ends when it can't do what was asked.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::config::ConfigError;

/// A sentence for the operator and the exit code that goes with it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// What was asked for failed or was refused.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// What was asked for makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// No broker could be reached.
    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 3 }
    }

    /// The tool has said everything on standard output; only the exit code is left to tell.
    pub(crate) fn quiet() -> Self {
        Self { message: String::new(), code: 1 }
    }

    /// Writes the sentence to standard error.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            // Nobody is left to tell when standard error is gone as well.
            let _ = writeln!(io::stderr(), "{}", self.message);
        }
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<io::Error> for Failure {
    /// Output that could not be written; a reader that went away (`| head`) is no failure worth a word.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self { message: String::new(), code: 0 },
            _ => Self::refused(format!("cannot write the output: {error}")),
        }
    }
}

/// Writes a line to standard error, for what the output's readers shouldn't see.
pub(crate) fn note(line: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(io::stderr(), "{line}");
}
