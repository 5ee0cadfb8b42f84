//! The `kraftlog` program.

fn main() -> std::process::ExitCode {
    kraftlog::cli::main(std::env::args_os())
}
