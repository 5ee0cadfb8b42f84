//! The house rules that a compiler doesn't know, as tests: which crate may use which, what each must not
//! do, files nobody includes, marks left behind, and lengths. A message says where, what, and why.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The layers; a crate may use those before it.
const LAYERS: [&str; 7] = ["wire", "log-store", "snapshot", "raft", "metadata", "broker", "node"];

/// All crates with sources of their own.
const CRATES: [&str; 10] =
    ["wire", "log-store", "snapshot", "raft", "metadata", "broker", "node", "benches", "sim", "interop"];

/// A rule about words in the code of some folder.
struct Ban {
    /// Folders or files it holds in, from the root of the workspace.
    scope: &'static [&'static str],
    /// Folders or files inside the scope that are exempt.
    except: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

const IO: &[&str] =
    &["std::fs", "std::net", "std::io::stdin", "tokio::", "std::thread", "thread::sleep", "memmap2"];
const CLOCK: &[&str] = &["Instant::now", "SystemTime"];
const CHANCE: &[&str] = &["getrandom", "RandomState", "thread_rng"];
const ASYNC: &[&str] = &["async fn", "async move", ".await"];

const PURE: &[&str] = &["raft/src/engine", "metadata/src/image", "metadata/src/controller"];

const BANS: &[Ban] = &[
    Ban {
        scope: &["wire/src"],
        except: &[],
        words: IO,
        why: "wire turns bytes into messages and has no input or output",
    },
    Ban {
        scope: &["wire/src"],
        except: &[],
        words: CLOCK,
        why: "wire has no clock; times are fields of messages",
    },
    Ban {
        scope: PURE,
        except: &[],
        words: IO,
        why: "this is a state machine: hand an effect to its driver instead",
    },
    Ban {
        scope: PURE,
        except: &[],
        words: CLOCK,
        why: "time is passed in, so that a simulation can repeat a run",
    },
    Ban {
        scope: PURE,
        except: &[],
        words: CHANCE,
        why: "chance is passed in, so that a simulation can repeat a run",
    },
    Ban {
        scope: PURE,
        except: &[],
        words: ASYNC,
        why: "a step runs to its end; waiting is its driver's part",
    },
    Ban {
        scope: &["log-store/src"],
        except: &[],
        words: &["broker_id", "BrokerId", "isr"],
        why: "the log store knows directories and epochs, never brokers",
    },
    Ban {
        scope: &["snapshot/src"],
        except: &[],
        words: &["metadata_records"],
        why: "a snapshot holds batches; what the records mean is the metadata crate's affair",
    },
    Ban {
        scope: &["wire/src", "snapshot/src", "raft/src", "metadata/src", "broker/src"],
        except: &[],
        words: &["std::fs", "File::create", "OpenOptions"],
        why: "only log-store opens and writes files, so that its in-memory twin sees every byte",
    },
    Ban {
        scope: &[
            "wire/src",
            "log-store/src",
            "snapshot/src",
            "raft/src",
            "metadata/src",
            "broker/src",
            "sim/src",
        ],
        except: &[],
        words: &["println!", "print!(", "eprintln!", "eprint!(", "process::exit", "env::var", "env::args"],
        why: "only node reads the environment, prints, or ends the process; elsewhere, log with tracing",
    },
    Ban {
        scope: &CRATES_SRC,
        except: &["log-store/src/io", "log-store/src/index/mmap.rs"],
        words: &["unsafe {", "unsafe fn", "unsafe impl", "unsafe trait", "unsafe extern"],
        why: "unsafe code lives in log-store's io and index/mmap.rs, where each place gives its reason",
    },
];

const CRATES_SRC: [&str; 10] = [
    "wire/src",
    "log-store/src",
    "snapshot/src",
    "raft/src",
    "metadata/src",
    "broker/src",
    "node/src",
    "benches/src",
    "sim/src",
    "interop/src",
];

/// Marks of unfinished work, put together here so that this file doesn't contain them.
fn leftover_marks() -> Vec<String> {
    let pairs =
        [("TO", "DO"), ("FIX", "ME"), ("XX", "X:"), ("HA", "CK:"), ("to", "do!("), ("unimpl", "emented!(")];
    let more = [("db", "g!("), ("for n", "ow,"), ("#[ign", "ore"), ("<<<<", "<<<"), (">>>>", ">>>")];
    pairs.iter().chain(&more).map(|(head, tail)| format!("{head}{tail}")).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_owned()
}

/// One Rust file of the workspace.
struct Source {
    /// Path from the root, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// Lines that are code of the product: comments and string contents blanked, tests left out.
    fn code(&self) -> Vec<String> {
        let is_tests = self.path.contains("/tests/") || self.path.ends_with("tests.rs");
        if is_tests {
            return Vec::new();
        }
        let mut lines: Vec<String> = self.text.lines().map(blank_words).collect();
        if let Some(start) = lines.iter().position(|line| line.trim() == "#[cfg(test)]")
            && lines.get(start + 1).is_some_and(|line| line.trim_end().ends_with('{'))
        {
            lines.truncate(start);
        }
        lines
    }

    fn is_under(&self, scope: &[&str]) -> bool {
        scope.iter().any(|place| self.path == *place || self.path.starts_with(&format!("{place}/")))
    }
}

/// A line without its comment and without what stands between quotation marks.
fn blank_words(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => {
                chars.next();
            }
            '"' => {
                quoted = !quoted;
                out.push('"');
            }
            '\'' if !quoted && chars.clone().nth(1) == Some('\'') => {
                out.push_str("' '");
                chars.next();
                chars.next();
            }
            '/' if !quoted && chars.peek() == Some(&'/') => break,
            _ if quoted => {}
            c => out.push(c),
        }
    }
    out
}

fn sources() -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    for name in CRATES {
        for entry in walkdir::WalkDir::new(root.join(name)).sort_by_file_name() {
            let entry = entry.expect("the workspace can be read");
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let shown =
                    path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/");
                let text = std::fs::read_to_string(path).expect("sources are text");
                found.push(Source { path: shown, text });
            }
        }
    }
    assert!(found.len() > 20, "the sources are not where this test looks for them");
    found
}

fn assert_none(complaints: &[String], heading: &str) {
    assert!(complaints.is_empty(), "\n{heading}\n\n{}\n", complaints.join("\n"));
}

#[test]
fn crates_use_only_the_layers_below_them() {
    let mut complaints = Vec::new();
    for (height, name) in LAYERS.iter().enumerate() {
        let manifest = std::fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a manifest");
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let Some(used) = line.split(['.', ' ', '=']).next() else { continue };
            let Some(other) = LAYERS.iter().position(|layer| *layer == used) else { continue };
            if section == "[dependencies]" && other >= height {
                complaints.push(format!("{name}/Cargo.toml depends on {used}, which stands above it"));
            }
        }
    }
    assert_none(
        &complaints,
        "The layers are wire, log-store, snapshot, raft, metadata, broker, node; none looks up:",
    );
}

#[test]
fn each_layer_keeps_to_its_part() {
    let sources = sources();
    let mut complaints = Vec::new();
    for ban in BANS {
        for source in
            sources.iter().filter(|source| source.is_under(ban.scope) && !source.is_under(ban.except))
        {
            for (index, line) in source.code().iter().enumerate() {
                for word in ban.words.iter().filter(|word| contains_word(line, word)) {
                    complaints.push(format!("{}:{}: `{}`: {}", source.path, index + 1, word.trim(), ban.why));
                }
            }
        }
    }
    assert_none(&complaints, "Each of these lines does something that belongs elsewhere:");
}

/// Whether `word` stands in `line` without a letter before it or, where it ends in one, after it.
fn contains_word(line: &str, word: &str) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let starts_inside = joins(word.chars().next()) && joins(before);
        let ends_inside = joins(word.chars().next_back()) && joins(after);
        !starts_inside && !ends_inside
    })
}

#[test]
fn every_file_is_part_of_its_crate() {
    let sources = sources();
    let paths: BTreeSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    for source in &sources {
        let file = Path::new(&source.path);
        let folder = file.parent().expect("a file lies in a folder");
        let stem = file.file_stem().expect("a file has a name").to_string_lossy();
        let is_root = matches!(stem.as_ref(), "lib" | "main" | "mod") || is_target(&source.path);
        let children = if is_root { folder.to_owned() } else { folder.join(stem.as_ref()) };
        for name in declared_modules(&source.text) {
            reached.insert(children.join(format!("{name}.rs")).to_string_lossy().into_owned());
            reached.insert(children.join(&name).join("mod.rs").to_string_lossy().into_owned());
        }
    }
    let dead = paths.iter().filter(|path| !is_target(path) && !reached.contains(**path));
    let complaints: Vec<String> = dead.map(|path| format!("{path}: no `mod` declares it")).collect();
    assert_none(&complaints, "These files are compiled by nobody; declare or remove them:");
}

/// Files that Cargo compiles by itself.
fn is_target(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [_, "build.rs"] | [_, "src", "lib.rs" | "main.rs"] => true,
        [_, "src", "bin", file] | [_, "tests" | "benches" | "examples", file] => file.ends_with(".rs"),
        [_, "build", "main.rs"]
        | [_, "src", "bin", _, "main.rs"]
        | [_, "tests" | "benches", _, "main.rs"] => true,
        _ => false,
    }
}

fn declared_modules(text: &str) -> Vec<String> {
    let declared = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("pub ").or_else(|| line.strip_prefix("pub(crate) ")).unwrap_or(line);
        let line = line.strip_prefix("pub(super) ").unwrap_or(line);
        Some(line.strip_prefix("mod ")?.strip_suffix(';')?.trim_start_matches("r#").to_owned())
    };
    text.lines().filter_map(declared).collect()
}

/// The list of settings that work is what operators are told; it must not promise what nobody reads.
#[test]
fn settings_said_to_work_are_read_somewhere() {
    const LIST: &str = "node/src/config/effective.rs";
    let sources = sources();
    let list = sources.iter().find(|source| source.path == LIST).expect("the list is there");
    let names = list.text.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
    let reads = |source: &&Source| {
        let is_table =
            source.path.contains("/config_defs/broker/") || source.path.contains("/config/relations/");
        source.path != LIST && !is_table && !source.path.contains("tests")
    };
    let readers: Vec<&Source> = sources.iter().filter(reads).collect();
    let idle =
        names.filter(|name| !readers.iter().any(|source| source.text.contains(&format!("\"{name}\""))));
    let complaints: Vec<String> = idle.map(|name| format!("{LIST}: {name}")).collect();
    assert_none(&complaints, "These settings are listed as effective, and nothing reads them:");
}

#[test]
fn nothing_unfinished_is_left() {
    let marks = leftover_marks();
    let mut complaints = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| contains_word(line, mark)) {
                complaints.push(format!("{}:{}: `{mark}`", source.path, index + 1));
            }
        }
    }
    assert_none(&complaints, "Finish these, or put them into an issue, where they will be found:");
}

/// Lines of a function's body and signature together.
struct Function {
    place: String,
    lines: usize,
}

fn functions(source: &Source) -> Vec<Function> {
    let code = source.code();
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let end = if is_function_head(&code[at]) { function_end(&code[at..]) } else { None };
        if let Some(lines) = end {
            found.push(Function { place: format!("{}:{}", source.path, at + 1), lines });
        }
        at += 1;
    }
    found
}

fn is_function_head(line: &str) -> bool {
    let mut rest = line.trim_start();
    for word in ["pub(crate) ", "pub(super) ", "pub ", "const ", "async ", "unsafe ", "extern \"\" "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    rest.starts_with("fn ")
}

/// How many lines there are up to the brace that closes the function; `None` for a declaration.
fn function_end(code: &[String]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut opened = false;
    for (index, line) in code.iter().enumerate() {
        for c in line.chars() {
            match c {
                '{' => {
                    depth += 1;
                    opened = true;
                }
                '}' => depth = depth.checked_sub(1)?,
                ';' if !opened => return None,
                _ => {}
            }
        }
        if opened && depth == 0 {
            return Some(index + 1);
        }
    }
    None
}

/// A function that fits a screen is read; one that doesn't is scrolled. The budgets leave room for a table
/// or a `match` that is long because its subject is.
#[test]
fn functions_fit_a_screen() {
    const LINES_OF_A_SCREEN: usize = 70;
    const LINES_P90: usize = 29;
    let mut all: Vec<Function> =
        sources().iter().filter(|source| source.path.contains("/src/")).flat_map(functions).collect();
    all.sort_by_key(|function| function.lines);
    let p90 = all[all.len() * 9 / 10].lines;
    let long: Vec<&Function> = all.iter().filter(|function| function.lines > LINES_OF_A_SCREEN).collect();
    let budget = all.len() / 66;
    let mut list = String::new();
    for function in long.iter().rev() {
        writeln!(list, "{}: {} lines", function.place, function.lines).expect("a string takes it");
    }
    assert!(p90 <= LINES_P90, "nine of ten functions should have at most {LINES_P90} lines; now it is {p90}");
    assert!(
        long.len() <= budget,
        "\n{} functions don't fit a screen of {LINES_OF_A_SCREEN} lines, {budget} may; the longest:\n{list}",
        long.len()
    );
}

/// A file is one subject; a longer one often holds two.
#[test]
fn files_keep_to_one_subject() {
    const LINES_OF_A_SUBJECT: usize = 700;
    const FILES_OVER_BUDGET: usize = 4;
    let sources = sources();
    let length = |source: &Source| source.text.lines().count();
    let long = sources.iter().filter(|source| length(source) > LINES_OF_A_SUBJECT);
    let long: Vec<String> = long.map(|source| format!("{}: {} lines", source.path, length(source))).collect();
    assert!(
        long.len() <= FILES_OVER_BUDGET,
        "\nmore than {FILES_OVER_BUDGET} files have over {LINES_OF_A_SUBJECT} lines; split by concern:\n{}\n",
        long.join("\n")
    );
}

/// The formatter wraps code and leaves comments and tables inside macros alone, so a few may stand out.
#[test]
fn lines_are_no_wider_than_a_page() {
    const COLUMNS: usize = 140;
    const LINES_OVER_BUDGET: usize = 10;
    let mut wide = Vec::new();
    for source in sources() {
        for (index, line) in
            source.text.lines().enumerate().filter(|(_, line)| line.chars().count() > COLUMNS)
        {
            // Text that a user reads as one line, or that scripts expect, stays one line in the source as well.
            if !line.contains('"') {
                wide.push(format!("{}:{}: {} columns", source.path, index + 1, line.chars().count()));
            }
        }
    }
    assert!(
        wide.len() <= LINES_OVER_BUDGET,
        "\nmore than {LINES_OVER_BUDGET} lines are wider than {COLUMNS} columns; wrap some:\n{}\n",
        wide.join("\n")
    );
}
