//! The Python clients, each driven by a script in `interop/python`.

use std::path::PathBuf;

use crate::tool::Tool;

/// The environment variable that names a Python interpreter with the clients installed.
const PYTHON_VARIABLE: &str = "KRAFTLOG_PYTHON";

/// `interop/python/<script>`, with the server's address as its first argument.
///
/// # Panics
/// When nobody said which interpreter has the clients.
pub fn python(script: &str, bootstrap: &str) -> Tool {
    let interpreter = std::env::var_os(PYTHON_VARIABLE).unwrap_or_else(|| {
        panic!("{PYTHON_VARIABLE} is not set: run ./check, which installs the Python clients and sets it")
    });
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("python").join(script);
    Tool::new(script, interpreter).arg("-u").arg(path).arg(bootstrap)
}
