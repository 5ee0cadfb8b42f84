//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file, counted from 1.
    Line(usize),
    /// An `--override key=value` of the command line.
    Override,
    /// Nowhere: the key is not set.
    Unset,
}

/// One thing to put right, said in one line: `file:line: key: what is allowed, got "x"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user named it.
    pub file: PathBuf,
    /// Where the key was set.
    pub origin: Origin,
    /// The key; empty when no single key is at fault.
    pub key: String,
    /// What is allowed, and what was found instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Line(line) => write!(f, "{}:{line}: ", self.file.display())?,
            Origin::Override => f.write_str("--override: ")?,
            Origin::Unset => write!(f, "{}: ", self.file.display())?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Why no configuration came out of a file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read; the sentence says what is there instead.
    #[error("{0}")]
    Unreadable(String),
    /// The file was read and something in it is wrong: all of it, in file order.
    #[error("{}", join_lines(.0))]
    Problems(Vec<Problem>),
}

impl ConfigError {
    /// Explains why `path` could not be read, with the files that could have been meant.
    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let mut message = match error.kind() {
            std::io::ErrorKind::NotFound => format!("{}: no such file", path.display()),
            _ => format!("{}: cannot be read: {error}", path.display()),
        };
        if let Ok(directory) = std::env::current_dir() {
            message.push_str(&format!(" (the current directory is {})", directory.display()));
        }
        let candidates = property_files_near(path);
        if !candidates.is_empty() {
            message.push_str("; there are: ");
            message.push_str(&candidates.join(", "));
        }
        Self::Unreadable(message)
    }
}

fn join_lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The `.properties` files beside the missing one and where Kafka's install tree keeps them.
fn property_files_near(path: &Path) -> Vec<String> {
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for directory in [beside, Path::new("config"), Path::new("config/kraft")] {
        let Ok(listing) = std::fs::read_dir(directory) else { continue };
        for entry in listing.flatten() {
            let file = entry.path();
            if file.extension().is_some_and(|extension| extension == "properties") {
                let shown = file.strip_prefix(".").unwrap_or(&file).display().to_string();
                if !found.contains(&shown) {
                    found.push(shown);
                }
            }
        }
    }
    found.sort();
    found.truncate(8);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_file_line_key_message() {
        let problem = Problem {
            file: "server.properties".into(),
            origin: Origin::Line(2),
            key: "node.id".into(),
            message: "expected a whole number".into(),
        };
        assert_eq!(problem.to_string(), "server.properties:2: node.id: expected a whole number");
        let problem = Problem { origin: Origin::Override, ..problem };
        assert_eq!(problem.to_string(), "--override: node.id: expected a whole number");
    }

    #[test]
    fn a_missing_file_names_the_files_that_are_there() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("controller.properties"), "").unwrap();
        let missing = directory.path().join("server.properties");
        let error = std::fs::read(&missing).unwrap_err();
        let text = ConfigError::unreadable(&missing, &error).to_string();
        assert!(text.contains("server.properties: no such file"), "{text}");
        assert!(text.contains("controller.properties"), "{text}");
        assert!(text.contains("the current directory is"), "{text}");
    }
}
