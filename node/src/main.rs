//! The `kraftlog` program.
fn main() {}
